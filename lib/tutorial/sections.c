#include <assay/tutorial/sections.h>

#include <assay/base/names.h>
#include <assay/tutorial/descents.h>
#include <assay/tutorial/runs.h>

static assay_status run_data(const assay_section_description *description, const assay_section_inputs *inputs,
                             assay_section_results *results, assay_error *error)
{
    (void)description;
    return assay_session_measure_data(inputs->session, results, error);
}

static assay_status run_batch(const assay_section_description *description, const assay_section_inputs *inputs,
                              assay_section_results *results, assay_error *error)
{
    (void)description;
    return assay_session_measure_batch(inputs->session, results, error);
}

static assay_status run_experiment(const assay_section_description *description, const assay_section_inputs *inputs,
                                   assay_section_results *results, assay_error *error)
{
    return assay_session_run_experiment(inputs->session, assay_experiment_of(description->section), results, error);
}

static assay_status run_optimizers(const assay_section_description *description, const assay_section_inputs *inputs,
                                   assay_section_results *results, assay_error *error)
{
    (void)description;
    (void)error;
    assay_tutorial_runs_judge(inputs->records, results);
    return ASSAY_OK;
}

static assay_status run_descents(const assay_section_description *description, const assay_section_inputs *inputs,
                                 assay_section_results *results, assay_error *error)
{
    return assay_descents_run(inputs->backend, description->section, results, error);
}

/* What sections of one kind have in common. */
#define EXPERIMENT .needs = ASSAY_NEEDS_SESSION, .run = run_experiment
#define DESCENT                                                                                                        \
    .judged = "the cells plot and print no numbers: compared with PyTorch's points and the tutorial's text, absolute " \
              "errors",                                                                                                \
    .plots_only = true, .error_heading = "Absolute error", .needs = ASSAY_NEEDS_NOTHING, .run = run_descents

/* In the tutorial's order. */
static const assay_section_description SECTIONS[] = {
    {.section = ASSAY_SECTION_DATA,
     .name = "data",
     .title = "Mean and standard deviation of the data",
     .cells = "[7]",
     .text = "Over all 60,000 training images, as numbers from 0 to 1.",
     .needs = ASSAY_NEEDS_SESSION,
     .run = run_data},
    {.section = ASSAY_SECTION_BATCH,
     .name = "batch",
     .title = "Statistics of a single batch",
     .cells = "[8]",
     .text =
         "The first 1,024 images of the shuffled loader, normalised: the very images that PyTorch's generator picks "
         "with seed 42. The tutorial rounds these numbers to three decimals.",
     .needs = ASSAY_NEEDS_SESSION,
     .run = run_batch},
    {.section = ASSAY_SECTION_CONSTANT,
     .name = "constant",
     .title = "Constant initialization, 0.005",
     .cells = "[13]",
     .text = "Every weight and bias is 0.005. All weights of an inner layer get the same gradient, so they would stay "
             "equal forever: such a layer has the effect of one neuron.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_VARIANCE_001,
     .name = "variance-0.01",
     .title = "Constant variance, standard deviation 0.01",
     .cells = "[14]",
     .text = "Weights and biases from N(0, 0.01²): the activations shrink from layer to layer.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_VARIANCE_01,
     .name = "variance-0.1",
     .title = "Constant variance, standard deviation 0.1",
     .cells = "[15]",
     .text = "Weights and biases from N(0, 0.1²): the activations grow from layer to layer.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_EQUAL_VARIANCE,
     .name = "equal-variance",
     .title = "Equal variance, Var w = 1 / d_x",
     .cells = "[16]",
     .text = "Weights with variance 1 / d_x, where d_x is the number of inputs of the layer; biases 0. The activations "
             "keep their variance.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_XAVIER_IDENTITY,
     .name = "xavier-identity",
     .title = "Xavier initialization, identity network",
     .cells = "[17]",
     .text = "Uniform weights with variance 2 / (d_x + d_y) (Glorot and Bengio, 2010), without activation functions: a "
             "compromise between activations and gradients.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_XAVIER_TANH,
     .name = "xavier-tanh",
     .title = "Xavier initialization, tanh network",
     .cells = "[18]",
     .text = "The same initialization, drawn anew, with tanh between the layers.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_KAIMING_RELU,
     .name = "kaiming-relu",
     .title = "Kaiming initialization, ReLU network",
     .cells = "[19]",
     .text =
         "Normal weights with variance 2 / d_x (He et al., 2015), 1 / d_x in the first layer, with ReLU between the "
         "layers.",
     EXPERIMENT},
    {.section = ASSAY_SECTION_OPTIMIZERS,
     .name = "optimizers",
     .title = "Comparing optimizers on model training",
     .cells = "[26]-[28]",
     .text =
         "40 epochs each, from the same network with Kaiming initialization, with the images in the order that the "
         "author's runs had. Training is chaotic, so accuracies are compared within 0.6 percentage points.\n\n"
         "The author's saved run named Adam was not made by the Adam that the tutorial prints: it leaves out the bias "
         "correction of the first moment. Its 89.46% belongs to that variant (adam-uncorrected-momentum), which "
         "retraces the saved losses; the losses of the printed Adam differ from the second step on. Both are shown "
         "with his record.",
     .judged = "our own runs, 40 epochs each; \"printed\" are the author's saved runs, errors in points. His Adam\n"
               "  run was not made by the Adam that the tutorial prints, but by one without bias correction of the\n"
               "  first moment: \"as saved\"",
     .error_heading = "Error, points",
     .needs = ASSAY_NEEDS_RECORDS,
     .run = run_optimizers},
    {.section = ASSAY_SECTION_PATHOLOGICAL,
     .name = "pathological",
     .title = "Pathological curvatures",
     .cells = "[29]-[33]",
     .text = "loss = tanh(w₁)² + 0.01 |w₁| + sigmoid(w₂). The cells print no numbers. Assay compares the last "
             "point of each descent with PyTorch's, and the statements of the text with what happens.",
     DESCENT},
    {.section = ASSAY_SECTION_STEEP,
     .name = "steep",
     .title = "Steep optima",
     .cells = "[34]-[35]",
     .text =
         "Minus three Gaussian densities of standard deviation 0.2. The cells print no numbers: the last point of each "
         "descent is compared with PyTorch's, and the statements of the text with what happens.",
     DESCENT},
};

_Static_assert(sizeof SECTIONS / sizeof *SECTIONS == ASSAY_SECTION_COUNT, "each section has a description");

const assay_section_description *assay_section_at(size_t index)
{
    return &SECTIONS[index];
}

const assay_section_description *assay_section_describe(assay_section section)
{
    size_t index = 0;
    while (SECTIONS[index].section != section) {
        index++;
    }
    return &SECTIONS[index];
}

const char *assay_section_name(assay_section section)
{
    return assay_section_describe(section)->name;
}

const char *assay_section_title(assay_section section)
{
    return assay_section_describe(section)->title;
}

const char *assay_section_cells(assay_section section)
{
    return assay_section_describe(section)->cells;
}

assay_status assay_section_by_name(const char *name, assay_section *section, assay_error *error)
{
    size_t index;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(SECTIONS, name), "section", name, &index, error));
    *section = SECTIONS[index].section;
    return ASSAY_OK;
}

static assay_status check_inputs(const assay_section_description *description, const assay_section_inputs *inputs,
                                 assay_error *error)
{
    const char *missing = NULL;
    switch (description->needs) {
    case ASSAY_NEEDS_NOTHING: break;
    case ASSAY_NEEDS_SESSION: missing = inputs->session == NULL ? "a session" : NULL; break;
    case ASSAY_NEEDS_RECORDS: missing = inputs->records == NULL ? "the records of the training runs" : NULL; break;
    }
    return missing == NULL
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_ARGUMENT, "section '%s' needs %s", description->name, missing);
}

assay_status assay_section_run(assay_section section, const assay_section_inputs *inputs,
                               assay_section_results *results, assay_error *error)
{
    const assay_section_description *description = assay_section_describe(section);
    *results = (assay_section_results){.section = section};
    ASSAY_TRY(check_inputs(description, inputs, error));
    return description->run(description, inputs, results, error);
}
