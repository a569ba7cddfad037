/* Claims 23 and 24: Adam's printed equation, and its epsilon. */
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/init/initializer.h>
#include <assay/optim/optimizer.h>
#include <assay/surface/surface.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/descents.h>
#include "tutorial/claims_impl.h"

/* --- 23 ---------------------------------------------------------------------------------------------------------- */

enum { STEPS = 1000, SURFACES = 2 };
static const assay_surface surfaces[SURFACES] = {ASSAY_SURFACE_PATHOLOGICAL, ASSAY_SURFACE_STEEP};

/* The tutorial's Adam on a surface: as its code has it, or as its equation has it, which divides by the root of v
 * without the correction of v. */
static assay_status adam_on(assay_surface surface, bool equation, assay_update_rule *rule, assay_error *error)
{
    ASSAY_TRY(assay_optimizer_by_name("adam", rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        const assay_tutorial_descent *descent = &assay_tutorial_descents[i];
        if (descent->surface == surface && strcmp(descent->optimizer, "adam") == 0) {
            ASSAY_TRY(assay_optimizer_set(rule, descent->settings, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
        }
    }
    rule->correct_second = !equation;
    return ASSAY_OK;
}

/* Two parameters that walk along a surface; the other follower takes the same gradients. */
typedef struct {
    assay_optimizer *optimizer;
    assay_buffer *w;
} walker;

static assay_status open_walker(assay_backend *backend, assay_surface surface, bool equation, walker *made,
                                assay_error *error)
{
    assay_update_rule rule;
    ASSAY_TRY(adam_on(surface, equation, &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    made->w = assay_buffer_create(backend, ASSAY_REAL, 2);
    ASSAY_TRY(assay_backend_check(backend, error));
    return assay_optimizer_create(backend, &rule, 2, &made->optimizer, error);
}

static void close_walker(assay_backend *backend, walker *w)
{
    assay_optimizer_destroy(w->optimizer);
    assay_buffer_destroy(backend, w->w);
}

/* The length of the step that an optimizer makes at `w` with this gradient. */
static double step_length(assay_backend *backend, walker *by, const double w[2], assay_slice gradient, double after[2])
{
    assay_upload_f64(backend, assay_whole(by->w), w);
    assay_optimizer_step(by->optimizer, assay_whole(by->w), gradient);
    assay_download_f64(backend, assay_whole(by->w), after);
    return hypot(after[0] - w[0], after[1] - w[1]);
}

/* ratios[t]: the equation's step over the code's, both made with the gradients of the code's path. */
static assay_status follow(assay_backend *backend, assay_surface surface, walker walkers[2], double ratios[STEPS],
                           assay_error *error)
{
    double w[2];
    assay_surface_start(surface, w);
    assay_buffer *gradient = assay_buffer_create(backend, ASSAY_REAL, 2);
    for (size_t t = 0; t < STEPS && gradient != NULL; t++) {
        double slope[2];
        double next[2];
        double unused[2];
        assay_surface_f64(surface, w, slope);
        assay_upload_f64(backend, assay_whole(gradient), slope);
        double equation = step_length(backend, &walkers[1], w, assay_whole(gradient), unused);
        double code = step_length(backend, &walkers[0], w, assay_whole(gradient), next);
        ratios[t] = equation / code;
        memcpy(w, next, sizeof w);
    }
    assay_buffer_destroy(backend, gradient);
    return assay_backend_check(backend, error);
}

static assay_status compare_steps(assay_backend *backend, assay_surface surface, double ratios[STEPS],
                                  assay_error *error)
{
    walker walkers[2] = {0};
    assay_status status = ASSAY_OK;
    for (int i = 0; i < 2 && status == ASSAY_OK; i++) {
        status = open_walker(backend, surface, i == 1, &walkers[i], error);
    }
    if (status == ASSAY_OK) {
        status = follow(backend, surface, walkers, ratios, error);
    }
    for (int i = 0; i < 2; i++) {
        close_walker(backend, &walkers[i]);
    }
    return status;
}

/* The tutorial's 100 updates with each form: `loss` [2][100], and how far apart the last points are. */
static assay_status compare_paths(assay_backend *backend, assay_surface surface, double loss[2][ASSAY_DESCENT_UPDATES],
                                  double *apart, assay_error *error)
{
    double last[2][2];
    for (int form = 0; form < 2; form++) {
        assay_update_rule rule;
        assay_descent_point points[ASSAY_DESCENT_UPDATES];
        double start[2];
        size_t recorded;
        assay_surface_start(surface, start);
        ASSAY_TRY(adam_on(surface, form == 1, &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
        ASSAY_TRY(assay_descend(backend, surface, &rule, start, ASSAY_DESCENT_UPDATES, points, &recorded, error));
        for (size_t t = 0; t < ASSAY_DESCENT_UPDATES; t++) {
            loss[form][t] = points[t].loss;
        }
        memcpy(last[form], points[ASSAY_DESCENT_UPDATES - 1].w, sizeof last[form]);
    }
    *apart = hypot(last[0][0] - last[1][0], last[0][1] - last[1][1]);
    return ASSAY_OK;
}

static assay_status draw_equation(double ratios[SURFACES][STEPS], double loss[SURFACES][2][ASSAY_DESCENT_UPDATES],
                                  assay_claim_result *result, assay_error *error)
{
    double t[STEPS];
    double theory[STEPS];
    for (size_t i = 0; i < STEPS; i++) {
        t[i] = (double)i + 1.0;
        theory[i] = 1.0 / sqrt(1.0 - pow(0.999, t[i]));
    }
    claim_figure(result, "Adam as printed and as coded",
                 "Left: how much longer the step of the printed equation is than the step of the code, with the same "
                 "gradients. Middle and right: the loss on the tutorial's two surfaces.");
    claim_add_panel(result, &(claim_panel){.title = "Length of a step, equation over code",
                                           .x_label = "Update",
                                           .y_label = "Ratio",
                                           .x_log = true,
                                           .y_log = true});
    ASSAY_TRY(claim_add_line(result, "measured", ASSAY_LINE_MARKED, STEPS, t, ratios[0], error));
    ASSAY_TRY(claim_add_line(result, "1 / sqrt(1 - 0.999^t)", ASSAY_LINE_PLAIN, STEPS, t, theory, error));
    static const char *const titles[SURFACES] = {"Pathological curvature", "Steep optima"};
    for (int s = 0; s < SURFACES; s++) {
        claim_add_panel(result, &(claim_panel){.title = titles[s], .x_label = "Update", .y_label = "Loss"});
        ASSAY_TRY(claim_add_line(result, "code", ASSAY_LINE_PLAIN, ASSAY_DESCENT_UPDATES, t, loss[s][0], error));
        ASSAY_TRY(claim_add_line(result, "equation", ASSAY_LINE_MARKED, ASSAY_DESCENT_UPDATES, t, loss[s][1], error));
    }
    return ASSAY_OK;
}

static assay_status measure_equation(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const size_t shown[] = {1, 2, 10, 100, STEPS};
    double ratios[SURFACES][STEPS];
    double loss[SURFACES][2][ASSAY_DESCENT_UPDATES];
    double first[SURFACES];
    double apart[SURFACES];
    for (int s = 0; s < SURFACES; s++) {
        ASSAY_TRY(compare_steps(input->f64, surfaces[s], ratios[s], error));
        ASSAY_TRY(compare_paths(input->f64, surfaces[s], loss[s], &apart[s], error));
        first[s] = ratios[s][0];
    }
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        char label[64];
        char expected[32];
        snprintf(label, sizeof label, "ratio of the steps at update %zu", shown[i]);
        snprintf(expected, sizeof expected, "%.3f", 1.0 / sqrt(1.0 - pow(0.999, (double)shown[i])));
        claim_add_row(result, label, expected, "%.3f, %.3f", ratios[0][shown[i] - 1], ratios[1][shown[i] - 1]);
    }
    claim_note(result,
               "The code divides by the root of the corrected second moment, the equation by the root of the moment "
               "itself, which is too small at first: its first step is %.1f times as long, its 100th %.2f times. After "
               "100 updates the two are %.2f apart on the pathological curvature and %.2f on the steep optima.",
               first[0], ratios[0][99], apart[0], apart[1]);
    ASSAY_TRY(draw_equation(ratios, loss, result, error));
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the code does what the equation says",
                                           .measure = "first step of the equation over the code's, on both surfaces",
                                           .rule = ASSAY_PART_EVERY,
                                           .essential = true,
                                           .low = 0.99,
                                           .high = 1.01},
                             SURFACES, first, error));
    return claim_add_part(result,
                          &(claim_part){.name = "both end at the same point",
                                        .measure = "distance between the two after 100 updates, on both surfaces",
                                        .rule = ASSAY_PART_EVERY,
                                        .low = 0.0,
                                        .high = 0.1},
                          SURFACES, apart, error);
}

const assay_claim assay_claim_23 = {
    .number = 23,
    .cell = "[24]",
    .title = "Adam's printed equation",
    .says = "The code of Adam implements the equation above it, in which the step is divided by the root of v.",
    .decided = "Both forms step by step with the same gradients, on the tutorial's two surfaces: the steps are equal "
               "within 1 %. Then each on its own for 100 updates: the last points are within 0.1.",
    .in_seconds = true,
    .measure = measure_equation,
};

/* --- 24 ---------------------------------------------------------------------------------------------------------- */

enum { EPSILONS = 5, ROWS = 256 };
static const double epsilons[EPSILONS] = {1e-8, 1e-6, 1e-4, 1e-2, 1e-1};
/* An epsilon matters for a parameter if it makes the step more than a tenth smaller: sqrt(v-hat) < 9 epsilon. */
static const double MATTERS = 9.0;

/* A network that one seed and one epsilon train. */
typedef struct {
    const assay_claims_input *input;
    size_t steps;
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    assay_batches *test;
    double *moments; /* of all parameters, with padding */
} training;

static void close_training(training *t)
{
    assay_optimizer_destroy(t->optimizer);
    assay_network_destroy(t->network);
    assay_batches_destroy(t->batches);
    assay_batches_destroy(t->test);
    assay_free(t->moments);
}

static assay_status open_training(training *t, double epsilon, uint64_t seed, assay_error *error)
{
    assay_backend *backend = t->input->f32;
    assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    assay_initializer initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    assay_generator generator;
    assay_update_rule rule;
    ASSAY_TRY(assay_network_parse_hidden("100,100,100", &config, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    ASSAY_TRY(assay_network_create(backend, &config, ROWS, false, &t->network, error));
    ASSAY_TRY(assay_batches_create(backend, t->input->train, ROWS, &t->batches, error));
    ASSAY_TRY(assay_batches_create(backend, t->input->test, ROWS, &t->test, error));
    assay_batches_order(t->batches, t->input->split->train, t->input->split->train_count);
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, seed, 1);
    assay_initialize(&initializer, t->network, &generator);
    ASSAY_TRY(assay_optimizer_by_name("adam", &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    rule.epsilon = epsilon;
    size_t count = assay_network_parameters(t->network).count;
    t->moments = assay_calloc(count, sizeof *t->moments, error);
    return t->moments == NULL ? ASSAY_ERROR_MEMORY
                              : assay_optimizer_create(backend, &rule, count, &t->optimizer, error);
}

/* Each seed begins at another batch of the training images and takes them in their order. */
static void run_training(training *t, uint64_t seed)
{
    size_t batches = t->input->split->train_count / ROWS;
    for (size_t step = 0; step < t->steps; step++) {
        assay_batches_load(t->batches, ((size_t)(seed % batches) * 37 + step) % batches * ROWS, ROWS);
        assay_slice x = assay_batches_inputs(t->batches, ROWS);
        assay_network_forward(t->network, ROWS, x);
        assay_network_backward(t->network, ROWS, x, assay_batches_labels(t->batches, ROWS), ASSAY_NO_SLICE,
                               ASSAY_NO_SLICE, ASSAY_NO_SLICE);
        assay_optimizer_step(t->optimizer, assay_network_parameters(t->network), assay_network_gradients(t->network));
    }
}

/* The share of the parameters for which epsilon makes the step more than a tenth smaller. */
static double share_affected(training *t, double epsilon)
{
    assay_slice second = assay_optimizer_state(t->optimizer, 1);
    double correction = 1.0 - pow(0.999, (double)t->steps);
    size_t affected = 0;
    size_t total = 0;
    assay_download_f64(t->input->f32, second, t->moments);
    for (size_t i = 0; i < assay_network_tensor_count(t->network); i++) {
        assay_slice values = assay_network_tensor(t->network, i).values;
        for (size_t k = 0; k < values.count; k++) {
            affected += sqrt(t->moments[values.offset + k] / correction) < MATTERS * epsilon;
        }
        total += values.count;
    }
    return (double)affected / (double)total;
}

static assay_status train_once(const assay_claims_input *input, size_t steps, double epsilon, uint64_t seed,
                               double *share, double *accuracy, assay_error *error)
{
    training t = {.input = input, .steps = steps};
    assay_status status = open_training(&t, epsilon, seed, error);
    if (status == ASSAY_OK) {
        run_training(&t, seed);
        *share = share_affected(&t, epsilon);
        *accuracy = (double)assay_count_correct(t.network, t.test) / (double)input->test->count;
        status = assay_backend_check(input->f32, error);
    }
    close_training(&t);
    return status;
}

/* share and accuracy: [EPSILONS][seeds] */
typedef struct {
    size_t seeds;
    double *share;
    double *accuracy;
} epsilon_runs;

static assay_status run_epsilons(const assay_claims_input *input, size_t steps, epsilon_runs *runs, assay_error *error)
{
    size_t total = EPSILONS * runs->seeds;
    for (size_t k = 0; k < total; k++) {
        ASSAY_TRY(train_once(input, steps, epsilons[k / runs->seeds], input->first_seed + k % runs->seeds,
                             &runs->share[k], &runs->accuracy[k], error));
        claim_progress(input, k + 1, total);
    }
    return ASSAY_OK;
}

static assay_status draw_epsilons(const epsilon_runs *runs, assay_claim_result *result, assay_error *error)
{
    double share[EPSILONS];
    double accuracy[EPSILONS];
    for (size_t e = 0; e < EPSILONS; e++) {
        share[e] = 100.0 * assay_statistic_mean(runs->seeds, runs->share + e * runs->seeds, NULL);
        accuracy[e] = 100.0 * assay_statistic_mean(runs->seeds, runs->accuracy + e * runs->seeds, NULL);
        char label[64];
        snprintf(label, sizeof label, "epsilon %g: parameters affected, test accuracy", epsilons[e]);
        claim_add_row(result, label, NULL, "%.2f %%, %.2f %%", share[e], accuracy[e]);
    }
    claim_note(result,
               "Epsilon 1e-8 makes the step more than a tenth smaller for %.1f %% of the parameters, 1e-4 for %.0f %%, "
               "and 0.1 for %.0f %%. The test accuracy is %.2f %%, %.2f %% and %.2f %%.",
               share[0], share[2], share[4], accuracy[0], accuracy[2], accuracy[4]);
    claim_figure(result, "Adam's epsilon",
                 "Left: the share of the parameters whose step epsilon makes more than a tenth smaller at the end of "
                 "training. Right: the test accuracy.");
    claim_add_panel(result, &(claim_panel){.x_label = "Epsilon", .y_label = "Parameters (%)", .x_log = true});
    ASSAY_TRY(claim_add_line(result, NULL, ASSAY_LINE_MARKED, EPSILONS, epsilons, share, error));
    claim_add_panel(result, &(claim_panel){.x_label = "Epsilon", .y_label = "Test accuracy (%)", .x_log = true});
    return claim_add_line(result, NULL, ASSAY_LINE_MARKED, EPSILONS, epsilons, accuracy, error);
}

/* The accuracy with another epsilon less that with 1e-8. */
static assay_status add_difference(const epsilon_runs *runs, size_t e, const char *name, bool essential,
                                   assay_claim_result *result, assay_error *error)
{
    double *difference = assay_calloc(runs->seeds, sizeof *difference, error);
    if (difference == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_paired_differences(runs->seeds, runs->accuracy + e * runs->seeds, runs->accuracy, difference);
    char measure[96];
    snprintf(measure, sizeof measure, "test accuracy with epsilon %g less that with 1e-8", epsilons[e]);
    assay_status status = claim_add_part(result,
                                         &(claim_part){.name = name,
                                                       .measure = measure,
                                                       .rule = ASSAY_PART_INTERVAL,
                                                       .essential = essential,
                                                       .low = -0.01,
                                                       .high = 0.01},
                                         runs->seeds, difference, error);
    assay_free(difference);
    return status;
}

static assay_status report_epsilons(const epsilon_runs *runs, assay_claim_result *result, assay_error *error)
{
    ASSAY_TRY(draw_epsilons(runs, result, error));
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "1e-8 matters only where gradients are very small",
                                           .measure = "share of the parameters whose step it makes a tenth smaller",
                                           .rule = ASSAY_PART_INTERVAL,
                                           .low = 0.0,
                                           .high = 0.1},
                             runs->seeds, runs->share, error));
    ASSAY_TRY(add_difference(runs, 1, "a hundred times as much changes nothing", true, result, error));
    ASSAY_TRY(add_difference(runs, 2, "nor does 1e-4", false, result, error));
    return add_difference(runs, 4, "nor does 0.1", false, result, error);
}

static assay_status measure_epsilon(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    bool quick = input->effort == ASSAY_CLAIMS_QUICK;
    epsilon_runs runs = {.seeds = claim_seeds(input, 12, 20)};
    runs.share = assay_calloc(EPSILONS * runs.seeds, sizeof *runs.share, error);
    if (runs.share != NULL) {
        runs.accuracy = assay_calloc(EPSILONS * runs.seeds, sizeof *runs.accuracy, error);
    }
    assay_status status = runs.accuracy == NULL ? ASSAY_ERROR_MEMORY
                                                : run_epsilons(input, quick ? 50 : 400, &runs, error);
    if (status == ASSAY_OK) {
        status = report_epsilons(&runs, result, error);
    }
    assay_free(runs.share);
    assay_free(runs.accuracy);
    return status;
}

const assay_claim assay_claim_24 = {
    .number = 24,
    .cell = "[24]",
    .title = "Adam's epsilon",
    .says = "Epsilon is a small constant that keeps the step stable where gradients are very small; elsewhere it does "
            "not matter.",
    .decided = "A network of 100, 100 and 100 units trained with epsilon from 1e-8 to 0.1: the share of the parameters "
               "whose step epsilon makes more than a tenth smaller (at most a tenth of them at 1e-8), and the test "
               "accuracy, paired by seed (95 % intervals within 1 point of that with 1e-8).",
    .in_seconds = true,
    .measure = measure_epsilon,
};
