/*
 * Studies: plans and their errors, the folder that processes share, runs that depend on nothing but plan and data, and
 * the command assay study: stopped and continued, in two processes, in parts, on a full disk.
 */
#include <config.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/optim/optimizer.h>
#include <assay/study/record.h>
#include <assay/study/run.h>
#include <assay/study/store.h>
#include <assay/study/summary.h>
#include <assay/train/batches.h>
#include "support.h"
#include "train_sample.h"

#define SEEDS "\"seeds\": {\"first\": 1, \"count\": 3}"
#define RECORD "\"record\": [\"test_accuracy\", \"epoch_losses\"]"
#define SMALL "\"settings\": {\"hidden\": \"12\", \"batch\": 32, \"epochs\": 2}"
#define FACTORS                                                                                                     \
    "\"factors\": [{\"name\": \"optimizer\", \"levels\": [\"sgd\", {\"name\": \"quick\", \"optimizer\": \"adam\", " \
    "\"lr\": 0.01}]}, {\"name\": \"lr\", \"levels\": [0.1, 1]}]"
#define PLAN "{\"study\": \"s\", " SMALL ", " FACTORS ", " SEEDS ", " RECORD "}"

static assay_study_plan *plan_of(const char *text)
{
    assay_study_plan *plan;
    assay_error error;
    support_assert_ok(assay_study_plan_parse(text, strlen(text), "plan", &plan, &error), &error);
    return plan;
}

/* --- plans -------------------------------------------------------------------------------------------------------- */

START_TEST(plan_contents)
{
    evidence(EVIDENCE_PROPERTY, "study/plan");
    assay_study_plan *plan = plan_of(PLAN);
    ck_assert_str_eq(assay_study_plan_name(plan), "s");
    ck_assert_str_eq(assay_study_plan_about(plan), "");
    ck_assert_uint_eq(assay_study_plan_cells(plan), 4);
    ck_assert_uint_eq(assay_study_plan_seeds(plan), 3);
    ck_assert_uint_eq(assay_study_plan_runs(plan), 12);
    ck_assert_str_eq(assay_study_plan_cell(plan, 1), "optimizer=sgd,lr=1");
    ck_assert_str_eq(assay_study_plan_cell(plan, 2), "optimizer=quick,lr=0.1");
    ck_assert_uint_eq(assay_study_plan_seed(plan, 2), 3);
    char *key = assay_study_plan_key(plan, 11, NULL);
    ck_assert_str_eq(key, "optimizer=quick,lr=1,seed=3");
    assay_free(key);
    ck_assert_uint_eq(assay_study_plan_measures(plan), 2);
    ck_assert_str_eq(assay_study_plan_measure(plan, 1), "epoch_losses");
    ck_assert(assay_study_plan_measure_is_number(plan, 0) && !assay_study_plan_measure_is_number(plan, 1));
    assay_study_plan_destroy(plan);

    plan = plan_of("{\"study\": \"s\", \"about\": \"why?\", \"seeds\": [7, 3, 18446744073], " RECORD "}");
    ck_assert_str_eq(assay_study_plan_cell(plan, 0), "all");
    ck_assert_str_eq(assay_study_plan_about(plan), "why?");
    ck_assert_uint_eq(assay_study_plan_seed(plan, 1), 3);
    assay_study_plan_destroy(plan);

    plan = plan_of("{\"study\": \"s\", \"factors\": [{\"name\": \"lr\", \"levels\": [1, 0.25]}, {\"name\": \"epochs\", "
                   "\"levels\": [1, 2, 3]}, {\"name\": \"batch\", \"levels\": [8, 16]}], \"seeds\": [0], " RECORD "}");
    static const char *const cells[] = {"lr=1,epochs=1,batch=8", "lr=1,epochs=1,batch=16", "lr=1,epochs=2,batch=8"};
    for (size_t cell = 0; cell < 3; cell++) {
        ck_assert_str_eq(assay_study_plan_cell(plan, cell), cells[cell]);
    }
    ck_assert_str_eq(assay_study_plan_cell(plan, 11), "lr=0.25,epochs=3,batch=16");
    ck_assert_uint_eq(assay_study_plan_cells(plan), 12);
    assay_study_plan_destroy(plan);
    assay_study_plan_destroy(NULL);
}
END_TEST

#define LEVELS(text) \
    "{\"study\": \"s\", \"factors\": [{\"name\": \"lr\", \"levels\": " text "}], " SEEDS ", " RECORD "}"
#define SETTINGS(text) "{\"study\": \"s\", \"settings\": {" text "}, " SEEDS ", " RECORD "}"
#define WITH_SEEDS(text) "{\"study\": \"s\", \"seeds\": " text ", " RECORD "}"
#define FACTORS_OF(text) "{\"study\": \"s\", \"factors\": [" text "], " SEEDS ", " RECORD "}"
/* The plan of a factor with one level, and of one with these levels. */
#define RUNS_OF(seeds, levels)                                                                                \
    "{\"study\": \"s\", \"settings\": {}, \"factors\": [{\"name\": \"a\", \"levels\": [{\"name\": \"x\"}]}, " \
    "{\"name\": \"b\", \"levels\": [" levels "]}], \"seeds\": {\"first\": 1, \"count\": " #seeds "}, " RECORD "}"
#define LONG_NAME                                                                                      \
    "123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456" \
    "7890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"

/* clang-format off */
static const struct {
    const char *text;
    assay_status status;
    const char *message;
} wrong_plans[] = {
    {"", ASSAY_ERROR_FORMAT, "plan: line 1"},
    {"{\n\"study\": ", ASSAY_ERROR_FORMAT, "plan: line 2"},
    {"[]", ASSAY_ERROR_FORMAT, "plan: a plan must be a JSON object"},
    {"{\"study\": 1}", ASSAY_ERROR_FORMAT, "a plan needs a name"},
    {"{\"study\": \"s\", \"seed\": 1}", ASSAY_ERROR_FORMAT, "unknown key 'seed'; known: study, about"},
    {"{\"study\": \"s\", \"about\": 1}", ASSAY_ERROR_FORMAT, "\"about\" must be a text"},
    {"{\"study\": \"s\", \"study\": \"t\"}", ASSAY_ERROR_FORMAT, "duplicate"},
    {"{\"study\": \"\"}", ASSAY_ERROR_FORMAT, "a plan needs a name"},
    {"{\"study\": \"s\", \"settings\": []}", ASSAY_ERROR_FORMAT, "\"settings\" an object"},
    {"{\"study\": \"s\", " SEEDS ", \"factors\": {}}", ASSAY_ERROR_FORMAT, "\"factors\" must be a list"},
    {"{\"study\": \"s\", " SEEDS ", \"record\": []}", ASSAY_ERROR_FORMAT, "\"record\" must be a list of measures"},
    {"{\"study\": \"s\", " SEEDS ", \"record\": [1]}", ASSAY_ERROR_FORMAT, "\"record\" must be a list of names"},
    {"{\"study\": \"s\", " SEEDS "}", ASSAY_ERROR_FORMAT, "\"record\" must be a list"},
    {"{\"study\": \"s\", " RECORD "}", ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("[1, 1, 2]"), ASSAY_ERROR_FORMAT, "the seed 1 is given twice"},
    {WITH_SEEDS("[5, 1, 2, 5]"), ASSAY_ERROR_FORMAT, "the seed 5 is given twice"},
    {WITH_SEEDS("[-1]"), ASSAY_ERROR_FORMAT, "not negative"},
    {WITH_SEEDS("[1, 1.5]"), ASSAY_ERROR_FORMAT, "must be a whole number"},
    {WITH_SEEDS("[]"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("7"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": 0}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": -1}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"begin\": 1, \"count\": 2}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": -1, \"count\": 2}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1.0, \"count\": 2}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": 2, \"step\": 2}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": 10000001}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {RUNS_OF(3333334, "1, 2, 3"), ASSAY_ERROR_FORMAT, 
     "3333334 seeds and the levels up to factor 'b' are more than 10000000 runs"},
    {FACTORS_OF("{}"), ASSAY_ERROR_FORMAT, "a factor needs a \"name\""},
    {FACTORS_OF("{\"name\": \"a b\", \"levels\": [1]}"), ASSAY_ERROR_FORMAT, "a factor needs a \"name\""},
    {FACTORS_OF("{\"name\": \"seed\", \"levels\": [1]}"), ASSAY_ERROR_FORMAT, "other than seed"},
    {FACTORS_OF("{\"name\": \"lr\", \"levels\": [1], \"x\": 1}"), ASSAY_ERROR_FORMAT, "factor 'lr': expected"},
    {FACTORS_OF("{\"name\": \"lr\", \"levels\": [1]}, {\"name\": \"set\", \"levels\": [\"momentum=0.5\"]}, "
                "{\"name\": \"lr\", \"levels\": [2]}"), ASSAY_ERROR_FORMAT, "level such as 'momentum=0.5'"},
    {FACTORS_OF("{\"name\": \"lr\", \"levels\": [1]}, {\"name\": \"batch\", \"levels\": [8]}, "
                "{\"name\": \"lr\", \"levels\": [2]}"), ASSAY_ERROR_FORMAT, "there are two factors 'lr'"},
    {LEVELS("[]"), ASSAY_ERROR_FORMAT, "factor 'lr': expected"},
    {LEVELS("[{\"name\": \"\", \"lr\": 1}]"), ASSAY_ERROR_FORMAT, "a level's name has only letters"},
    {LEVELS("[{\"name\": \".x\", \"lr\": 1}]"), ASSAY_ERROR_FORMAT, "a level's name has only letters"},
    {LEVELS("[{\"name\": \"a,b\", \"lr\": 1}]"), ASSAY_ERROR_FORMAT, "such as 'a,b'"},
    {LEVELS("[{\"name\": \"" LONG_NAME "12345678\"}]"), ASSAY_ERROR_FORMAT, "is longer than 200 characters"},
    {LEVELS("[1, 2, 0.5, 2]"), ASSAY_ERROR_FORMAT, "two levels '2'"},
    {LEVELS("[true]"), ASSAY_ERROR_FORMAT, "lr: a level must be a text, a number or an object"},
    {LEVELS("[{\"lr\": 1}]"), ASSAY_ERROR_FORMAT, "needs a \"name\""},
    {LEVELS("[{\"name\": \"../x\", \"lr\": 1}]"), ASSAY_ERROR_FORMAT, "such as '../x'"},
    {LEVELS("[0.1, 0.1]"), ASSAY_ERROR_FORMAT, "two levels '0.1'"},
    {LEVELS("[\"much\"]"), ASSAY_ERROR_ARGUMENT, "lr=much: lr: must be a number not below 0"},
    {LEVELS("[-1]"), ASSAY_ERROR_ARGUMENT, "lr=-1: lr: must be a number not below 0"},
    {SETTINGS("\"rate\": 1"), ASSAY_ERROR_ARGUMENT, "all: unknown setting 'rate'; known: optimizer, lr, set"},
    {SETTINGS("\"LR\": 1"), ASSAY_ERROR_ARGUMENT, "the setting 'LR' is spelt 'lr'"},
    {SETTINGS("\"optimizer\": \"best\""), ASSAY_ERROR_ARGUMENT, "optimizer: unknown optimizer 'best'; known: sgd"},
    {SETTINGS("\"optimizer\": 1"), ASSAY_ERROR_ARGUMENT, "optimizer: must be a text"},
    {SETTINGS("\"set\": 1"), ASSAY_ERROR_ARGUMENT, "set: must be a text"},
    {SETTINGS("\"activation\": 1"), ASSAY_ERROR_ARGUMENT, "activation: must be a text"},
    {SETTINGS("\"activation\": \"step\""), ASSAY_ERROR_ARGUMENT, "activation: unknown activation 'step'"},
    {SETTINGS("\"init\": 1"), ASSAY_ERROR_ARGUMENT, "init: must be a text"},
    {SETTINGS("\"init\": \"best\""), ASSAY_ERROR_ARGUMENT, "init: unknown initializer 'best'"},
    {SETTINGS("\"lr\": \"0.1\""), ASSAY_ERROR_ARGUMENT, "lr: must be a number not below 0"},
    {SETTINGS("\"init_gain\": -1"), ASSAY_ERROR_ARGUMENT, "init_gain: must be a number not below 0"},
    {SETTINGS("\"init_value\": true"), ASSAY_ERROR_ARGUMENT, "init_value: must be a number"},
    {SETTINGS("\"hidden\": \"0\""), ASSAY_ERROR_ARGUMENT, "hidden: "},
    {SETTINGS("\"epochs\": 1.5"), ASSAY_ERROR_ARGUMENT, "epochs: must be a whole number from 1"},
    {SETTINGS("\"hidden\": 5"), ASSAY_ERROR_ARGUMENT, "hidden: must be a text"},
    {SETTINGS("\"depth\": 5"), ASSAY_ERROR_ARGUMENT, "'depth' and 'width' belong together"},
    {SETTINGS("\"width\": 5"), ASSAY_ERROR_ARGUMENT, "'depth' and 'width' belong together"},
    {SETTINGS("\"set\": \"beta1=2\""), ASSAY_ERROR_ARGUMENT, "beta1"},
    {"{\"study\": \"s\", " SEEDS ", \"record\": [\"speed\"]}", ASSAY_ERROR_ARGUMENT, "unknown measure 'speed'; known:"},
    {"{\"study\": \"s\", " SEEDS ", \"record\": [\"best_epoch\", \"best_epoch\"]}", ASSAY_ERROR_FORMAT, "given twice"},
};
/* clang-format on */

START_TEST(plan_errors)
{
    evidence(EVIDENCE_ERRORS, "study/plan");
    assay_study_plan *plan;
    assay_error error;
    assay_status status = assay_study_plan_parse(wrong_plans[_i].text, strlen(wrong_plans[_i].text), "plan", &plan,
                                                 &error);
    support_assert_error(status, wrong_plans[_i].status, &error, wrong_plans[_i].message);
    ck_assert_ptr_null(plan);
}
END_TEST

/* What is just possible: 200 characters in a cell's name, 10,000,000 runs, the largest and smallest settings. */
START_TEST(plan_limits)
{
    evidence(EVIDENCE_PROPERTY, "study/plan");
    static const char *const texts[] = {
        LEVELS("[{\"name\": \"" LONG_NAME "1234567\"}]"),
        RUNS_OF(5000000, "{\"name\": \"y\"}, {\"name\": \"z\"}"),
        SETTINGS("\"lr\": 0, \"epochs\": 1000000, \"batch\": 1000000, \"train_count\": 1000000000, "
                 "\"validation_count\": 1000000000, \"depth\": 1, \"width\": 1000000, \"init_gain\": 0, "
                 "\"init_value\": -1e300"),
        SETTINGS(
            "\"epochs\": 1, \"batch\": 1, \"train_count\": 1, \"validation_count\": 1, \"width\": 1, \"depth\": 512"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assay_study_plan_destroy(plan_of(texts[i]));
    }
    static const struct {
        const char *name;
        unsigned most;
    } sizes[] = {{"epochs", 1000000},         {"batch", 1000000},
                 {"train_count", 1000000000}, {"validation_count", 1000000000},
                 {"depth", ASSAY_MAX_HIDDEN}, {"width", 1000000}};
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
        unsigned most = sizes[i / 2].most;
        char *text = assay_asprintf(NULL, SETTINGS("\"%s\": %u"), sizes[i / 2].name, i % 2 == 0 ? 0 : most + 1);
        char *says = assay_asprintf(NULL, "all: %s: must be a whole number from 1 to %u", sizes[i / 2].name, most);
        assay_study_plan *plan;
        assay_error error;
        assay_status status = assay_study_plan_parse(text, strlen(text), "plan", &plan, &error);
        support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, says);
        assay_free(text);
        assay_free(says);
    }
}
END_TEST

/* --- runs --------------------------------------------------------------------------------------------------------- */

typedef struct {
    assay_dataset train;
    assay_dataset test;
    assay_study_machine machine;
} sample;

static sample *sample_create(void)
{
    sample *s = assay_calloc(1, sizeof *s, NULL);
    s->train = sample_dataset(300, 1);
    s->test = sample_dataset(100, 2);
    s->machine = (assay_study_machine){sample_backend("openblas", ASSAY_F32, 1), &s->train, &s->test, NULL};
    return s;
}

static void sample_destroy(sample *s)
{
    assay_backend_close(s->machine.backend);
    assay_dataset_destroy(&s->train);
    assay_dataset_destroy(&s->test);
    assay_free(s);
}

/* The line of a run up to "made": all that belongs to the result. */
static char *result_of(const assay_study_plan *plan, size_t run, const sample *s)
{
    char *line;
    assay_error error;
    support_assert_ok(assay_study_run(plan, run, &s->machine, &line, &error), &error);
    char *made = strstr(line, ",\"made\":");
    ck_assert_ptr_nonnull(made);
    ck_assert_str_eq(made + strlen(made) - 3, "}}\n");
    *made = '\0';
    return line;
}

START_TEST(a_run_depends_on_the_plan_alone)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of(PLAN);
    sample *s = sample_create();
    char *first = result_of(plan, 2, s);
    char *other = result_of(plan, 6, s); /* the same cell with another seed */
    char *again = result_of(plan, 2, s);
    ck_assert_str_eq(first, again);
    ck_assert_ptr_nonnull(strstr(first, "{\"key\":\"optimizer=quick,lr=0.1,seed=1\""));
    ck_assert_ptr_nonnull(strstr(first, "\"test_accuracy\":"));
    ck_assert_str_ne(strstr(first, "\"results\""), strstr(other, "\"results\""));
    free(first);
    free(other);
    free(again);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

/* The trainer alone, with the options that the settings mean, finds the same accuracy. */
START_TEST(a_run_is_a_training_run)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of(
        "{\"study\": \"s\", \"settings\": {\"depth\": 2, \"width\": 9, \"batch\": 16, \"epochs\": 2, \"optimizer\": "
        "\"adam\", \"set\": \"beta1=0.8\", \"lr\": 0.02, \"activation\": \"tanh\", \"init\": \"normal\", "
        "\"init_value\": 0.2, \"train_count\": 200, \"validation_count\": 50}, \"seeds\": [5], "
        "\"record\": [\"test_accuracy\"]}");
    sample *s = sample_create();
    char *line = result_of(plan, 0, s);
    assay_train_options options = {
        .network = {.inputs = s->train.width,
                    .classes = s->train.classes,
                    .hidden_count = 2,
                    .hidden = {9, 9},
                    .activation = assay_activation_default(ASSAY_TANH)},
        .initializer = {.kind = ASSAY_INIT_NORMAL, .value = 0.2},
        .seed = 5,
        .epochs = 2,
        .batch_rows = 16,
        .train_count = 200,
    };
    assay_error error;
    support_assert_ok(assay_optimizer_by_name("adam", &options.rule, &error), &error);
    support_assert_ok(assay_optimizer_set(&options.rule, "beta1=0.8,lr=0.02", &error), &error);
    assay_dataset data = s->train;
    data.count = 250;
    assay_trainer *trainer;
    double accuracy;
    support_assert_ok(assay_trainer_create(s->machine.backend, &options, &data, &trainer, &error), &error);
    support_assert_ok(assay_trainer_run(trainer, NULL, &error), &error);
    support_assert_ok(assay_trainer_test(trainer, &s->test, &accuracy, &error), &error);
    assay_trainer_destroy(trainer);
    double said = strtod(strstr(line, "\"test_accuracy\":") + strlen("\"test_accuracy\":"), NULL);
    ck_assert(said == accuracy);
    free(line);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

/* --- measures ----------------------------------------------------------------------------------------------------- */

/* More images train than a probe reads at once, and the best epoch is neither the first nor the last. */
#define MEASURED_SETTINGS \
    "\"hidden\": \"6\", \"batch\": 50, \"epochs\": 7, \"lr\": 0.2, \"train_count\": 1100, \"validation_count\": 90"
#define NUMBERS                                                                                         \
    "\"test_accuracy\", \"best_validation\", \"best_epoch\", \"train_accuracy\", \"last_validation\", " \
    "\"last_train_accuracy\", \"last_loss\", \"fit_accuracy\", \"fit_loss\", \"test_loss\""
#define LISTS "\"validation_scores\", \"train_scores\", \"epoch_losses\""

/* Mean loss and accuracy with the best epoch's parameters, image by image. */
static void fit_of(assay_trainer *trainer, const assay_dataset *data, const uint32_t *images, size_t count,
                   double *loss, double *accuracy)
{
    assay_error error;
    assay_network *network = assay_trainer_network(trainer);
    assay_backend *backend = assay_network_backend(network);
    assay_batches *batches;
    size_t right = 0;
    support_assert_ok(assay_batches_create(backend, data, 1, &batches, &error), &error);
    assay_copy(backend, assay_network_parameters(network), assay_trainer_best_parameters(trainer));
    *loss = 0;
    for (size_t i = 0; i < count; i++) {
        size_t image = images != NULL ? images[i] : i;
        double z[ASSAY_CLASSES];
        double sum = 0;
        size_t largest = 0;
        assay_batches_load(batches, image, 1);
        assay_network_forward(network, 1, assay_batches_inputs(batches, 1));
        assay_download_f64(backend, assay_network_logits(network, 1), z);
        for (size_t c = 0; c < ASSAY_CLASSES; c++) {
            sum += exp(z[c]);
            largest = z[c] > z[largest] ? c : largest;
        }
        *loss += (log(sum) - z[data->labels[image]]) / (double)count;
        right += largest == (size_t)data->labels[image];
    }
    *accuracy = (double)right / (double)count;
    assay_batches_destroy(batches);
}

static void assert_list(const json_t *results, const char *name, size_t count, const double *values)
{
    const json_t *list = json_object_get(results, name);
    ck_assert_uint_eq(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(json_real_value(json_array_get(list, i)) == values[i], "%s[%zu]", name, i);
    }
}

static void assert_number(const json_t *results, const char *name, double value)
{
    ck_assert_msg(json_number_value(json_object_get(results, name)) == value, "%s: %.17g instead of %.17g", name,
                  json_number_value(json_object_get(results, name)), value);
}

static void assert_record(const json_t *results, const assay_trainer *trainer)
{
    size_t epochs = assay_trainer_epochs_done(trainer);
    size_t steps = assay_trainer_steps_per_epoch(trainer);
    size_t best = assay_trainer_best_epoch(trainer);
    const double *validation = assay_trainer_validation_scores(trainer);
    const double *train = assay_trainer_train_scores(trainer);
    double losses[7] = {0};
    for (size_t i = 0; i < epochs * steps; i++) {
        losses[i / steps] += assay_trainer_losses(trainer)[i];
    }
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        losses[epoch] /= (double)steps;
    }
    ck_assert_msg(best > 0 && best < epochs - 1 && validation[best] > validation[epochs - 1] &&
                      train[best] != train[epochs - 1],
                  "choose another sample: the best epoch is %zu, %g %g %g %g", best, validation[best],
                  validation[epochs - 1], train[best], train[epochs - 1]);
    assert_list(results, "validation_scores", epochs, validation);
    assert_list(results, "train_scores", epochs, train);
    assert_list(results, "epoch_losses", epochs, losses);
    assert_number(results, "best_epoch", (double)best + 1);
    assert_number(results, "best_validation", validation[best]);
    assert_number(results, "train_accuracy", train[best]);
    assert_number(results, "last_validation", validation[epochs - 1]);
    assert_number(results, "last_train_accuracy", train[epochs - 1]);
    assert_number(results, "last_loss", losses[epochs - 1]);
}

/* Each measure of doc/study.md, from the trainer alone. */
START_TEST(measures_are_what_they_say)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    evidence(EVIDENCE_PROPERTY, "study/measure");
    assay_study_plan *plan = plan_of("{\"study\": \"s\", \"settings\": {" MEASURED_SETTINGS "}, \"seeds\": [5], "
                                     "\"record\": [" NUMBERS ", " LISTS "]}");
    assay_dataset train = sample_dataset(1200, 1);
    assay_dataset test = sample_dataset(1010, 2);
    for (size_t i = 0; i < train.count; i++) {
        train.labels[i] = (int32_t)(i * i % 7); /* nothing to learn: validation goes up and down */
    }
    assay_dataset data = train;
    data.count = 1190;
    assay_train_options options = sample_options("sgd", "lr=0.2", 7);
    options.draws = NULL;
    options.seed = 5;
    options.batch_rows = 50;
    options.train_count = 1100;
    options.initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    support_assert_ok(assay_network_parse_hidden("6", &options.network, NULL), NULL);
    sample s = {train, test, {sample_backend("openblas", ASSAY_F32, 1), &train, &test, NULL}};
    char *line = result_of(plan, 0, &s);
    char *whole = assay_asprintf(NULL, "%s}", line);
    json_t *read = json_loads(whole, 0, NULL);
    const json_t *results = json_object_get(read, "results");
    assay_trainer *trainer;
    assay_error error;
    double accuracy;
    double loss;
    support_assert_ok(assay_trainer_create(s.machine.backend, &options, &data, &trainer, &error), &error);
    support_assert_ok(assay_trainer_run(trainer, NULL, &error), &error);
    assert_record(results, trainer);
    fit_of(trainer, &data, assay_trainer_split(trainer)->train, 1100, &loss, &accuracy);
    assert_number(results, "fit_accuracy", accuracy);
    support_assert_relative("fit_loss", json_real_value(json_object_get(results, "fit_loss")), loss, 1e-5);
    fit_of(trainer, &test, NULL, test.count, &loss, &accuracy);
    assert_number(results, "test_accuracy", accuracy);
    support_assert_relative("test_loss", json_real_value(json_object_get(results, "test_loss")), loss, 1e-5);
    assay_trainer_destroy(trainer);
    json_decref(read);
    assay_free(whole);
    free(line);
    assay_backend_close(s.machine.backend);
    assay_dataset_destroy(&train);
    assay_dataset_destroy(&test);
    assay_study_plan_destroy(plan);
}
END_TEST

/* What a run of seed 5 with these settings finds, without its settings. */
static char *results_with(const char *settings, const sample *s)
{
    char *text = assay_asprintf(NULL,
                                "{\"study\": \"s\", \"settings\": {%s}, \"seeds\": [5], \"record\": [\"last_loss\", "
                                "\"validation_scores\"]}",
                                settings);
    assay_study_plan *plan = plan_of(text);
    char *line = result_of(plan, 0, s);
    char *results = strstr(line, "\"results\"");
    ck_assert_ptr_nonnull(results);
    *strstr(results, ",\"crc32\"") = '\0';
    char *copy = assay_asprintf(NULL, "%s", results);
    free(line);
    assay_free(text);
    assay_study_plan_destroy(plan);
    return copy;
}

/* Each setting changes the result, and spelling out a default of doc/study.md does not. */
START_TEST(settings_have_their_defaults)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    evidence(EVIDENCE_PROPERTY, "study/settings");
    static const struct {
        const char *settings;
        bool same;
    } cases[] = {
        {"\"optimizer\": \"sgd\"", true},
        {"\"optimizer\": \"SGD\"", true},
        {"\"lr\": 0.1", true},
        {"\"epochs\": 1", true},
        {"\"batch\": 128", true},
        {"\"train_count\": 250", true},
        {"\"validation_count\": 50", true},
        {"\"train_count\": 250, \"validation_count\": 50", true},
        {"\"activation\": \"relu\"", true},
        {"\"init\": \"kaiming-normal\"", true},
        {"\"optimizer\": \"adam\"", false},
        {"\"lr\": 0.2", false},
        {"\"set\": \"lr=0.2\"", false},
        {"\"epochs\": 2", false},
        {"\"batch\": 64", false},
        {"\"train_count\": 240", false},
        {"\"validation_count\": 60", false},
        {"\"train_count\": 250, \"validation_count\": 49", false},
        {"\"activation\": \"tanh\"", false},
        {"\"init\": \"xavier-normal\"", false},
        {"\"init\": \"normal\", \"init_value\": 0.3", false},
        {"\"init_gain\": 0.3", false},
        {"\"depth\": 1, \"width\": 6", false},
    };
    sample *s = sample_create();
    char *plain = results_with("\"hidden\": \"5\"", s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *settings = assay_asprintf(NULL, "\"hidden\": \"5\", %s", cases[i].settings);
        char *results = results_with(settings, s);
        ck_assert_msg((strcmp(plain, results) == 0) == cases[i].same, "%s", settings);
        assay_free(settings);
        assay_free(results);
    }
    char *layers = results_with("\"depth\": 2, \"width\": 5", s);
    char *written = results_with("\"hidden\": \"5,5\"", s);
    ck_assert_str_eq(layers, written);
    assay_free(layers);
    assay_free(written);
    assay_free(plain);
    char *none = results_with("\"set\": \"lr=0.1\"", s);
    char *empty = results_with("\"hidden\": \"\"", s);
    ck_assert_str_eq(none, empty);
    assay_free(none);
    assay_free(empty);
    sample_destroy(s);
}
END_TEST

/* What a line says of its making, with a commit and without one. */
START_TEST(a_run_says_who_made_it)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of(SETTINGS("\"batch\": 100"));
    for (int i = 0; i < 2; i++) {
        sample *s = sample_create();
        char *line;
        char host[65] = "";
        char kernels[80];
        assay_error error;
        if (i == 1) {
            assay_backend_close(s->machine.backend);
            s->machine.backend = sample_backend("reference", ASSAY_F64, 1);
            s->machine.commit = "1a2b 2026";
        }
        time_t began = time(NULL);
        support_assert_ok(assay_study_run(plan, 0, &s->machine, &line, &error), &error);
        double took = difftime(time(NULL), began);
        json_t *read = json_loads(line, 0, NULL);
        const json_t *made = json_object_get(read, "made");
        gethostname(host, sizeof host - 1);
        assay_openblas_kernels(kernels, sizeof kernels);
        const char *const texts[][2] = {{"host", host},
                                        {"backend", i == 0 ? "openblas:f32" : "reference:f64"},
                                        {"kernels", kernels},
                                        {"version", PACKAGE_VERSION},
                                        {"commit", i == 0 ? NULL : "1a2b 2026"}};
        for (size_t t = 0; t < 5; t++) {
            const char *said = json_string_value(json_object_get(made, texts[t][0]));
            ck_assert_msg(texts[t][1] == NULL ? said == NULL : said != NULL && strcmp(said, texts[t][1]) == 0, "%s: %s",
                          texts[t][0], line);
        }
        double seconds = json_real_value(json_object_get(made, "seconds"));
        ck_assert_msg(seconds > 0 && seconds < took + 1.5, "%g seconds", seconds);
        ck_assert_int_eq(json_integer_value(json_object_get(made, "process")), getpid());
        ck_assert_uint_eq(json_object_size(made), i == 0 ? 6 : 7);
        json_decref(read);
        free(line);
        sample_destroy(s);
    }
    assay_study_plan_destroy(plan);
}
END_TEST

/* Softmax regression, whose Hessian is known: the mean over images of (diag(p) - p p^T) times the outer product of the
 * image, with a 1 for the bias, with itself. */
enum { REGRESSION_ROWS = 200, REGRESSION_WIDTH = 785, REGRESSION_CLASSES = 10 };

typedef struct {
    double x[REGRESSION_ROWS][REGRESSION_WIDTH];
    double p[REGRESSION_ROWS][REGRESSION_CLASSES];
    double w[REGRESSION_CLASSES * REGRESSION_WIDTH];
    int32_t labels[REGRESSION_ROWS];
} regression;

static void apply(const double *w, const double *x, double *z)
{
    for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
        z[c] = 0;
        for (size_t j = 0; j < REGRESSION_WIDTH; j++) {
            z[c] += w[c * REGRESSION_WIDTH + j] * x[j];
        }
    }
}

/* The same network, trained by the trainer alone. */
static regression *train_regression(const sample *s)
{
    assay_error error;
    assay_train_options options = {.network = {.inputs = s->train.width,
                                               .classes = s->train.classes,
                                               .activation = assay_activation_default(ASSAY_RELU)},
                                   .initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL),
                                   .seed = 5,
                                   .epochs = 1,
                                   .batch_rows = 50,
                                   .train_count = REGRESSION_ROWS};
    assay_dataset data = s->train;
    data.count = 250;
    assay_trainer *trainer;
    support_assert_ok(assay_optimizer_by_name("sgd", &options.rule, &error), &error);
    support_assert_ok(assay_optimizer_set(&options.rule, "lr=0.01", &error), &error);
    support_assert_ok(assay_trainer_create(s->machine.backend, &options, &data, &trainer, &error), &error);
    support_assert_ok(assay_trainer_run(trainer, NULL, &error), &error);
    assay_slice best = assay_trainer_best_parameters(trainer);
    double *parameters = assay_calloc(best.count, sizeof *parameters, NULL);
    assay_download_f64(s->machine.backend, best, parameters);
    regression *r = assay_calloc(1, sizeof *r, NULL);
    for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
        memcpy(r->w + c * REGRESSION_WIDTH, parameters + c * (REGRESSION_WIDTH - 1),
               (REGRESSION_WIDTH - 1) * sizeof(double));
        r->w[c * REGRESSION_WIDTH + REGRESSION_WIDTH - 1] =
            parameters[assay_network_tensor(assay_trainer_network(trainer), 1).values.offset + c];
    }
    for (size_t i = 0; i < REGRESSION_ROWS; i++) {
        size_t image = assay_trainer_split(trainer)->train[i];
        const uint8_t *pixels = data.pixels + data.width * image;
        r->labels[i] = data.labels[image];
        double sum = 0;
        for (size_t j = 0; j + 1 < REGRESSION_WIDTH; j++) {
            r->x[i][j] = (pixels[j] / 255.0 - (double)data.mean) / (double)data.std;
        }
        r->x[i][REGRESSION_WIDTH - 1] = 1;
        apply(r->w, r->x[i], r->p[i]);
        for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
            r->p[i][c] = exp(r->p[i][c]);
            sum += r->p[i][c];
        }
        for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
            r->p[i][c] /= sum;
        }
    }
    assay_free(parameters);
    assay_trainer_destroy(trainer);
    return r;
}

/* v = H v / |H v|; returns |H v|. */
static double multiply(const regression *r, double *v)
{
    double product[REGRESSION_CLASSES * REGRESSION_WIDTH] = {0};
    for (size_t i = 0; i < REGRESSION_ROWS; i++) {
        double z[REGRESSION_CLASSES];
        double mean = 0;
        apply(v, r->x[i], z);
        for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
            mean += r->p[i][c] * z[c];
        }
        for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
            for (size_t j = 0; j < REGRESSION_WIDTH; j++) {
                product[c * REGRESSION_WIDTH + j] += r->p[i][c] * (z[c] - mean) * r->x[i][j] / REGRESSION_ROWS;
            }
        }
    }
    double squares = 0;
    for (size_t k = 0; k < REGRESSION_CLASSES * REGRESSION_WIDTH; k++) {
        squares += product[k] * product[k];
    }
    for (size_t k = 0; k < REGRESSION_CLASSES * REGRESSION_WIDTH; k++) {
        v[k] = product[k] / sqrt(squares);
    }
    return sqrt(squares);
}

static double recorded_number(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    ck_assert_msg(at != NULL, "%s in %s", name, line);
    return strtod(at + strlen(name) + 2, NULL); /* ": */
}

/* The mean loss, with weights that are `size` of their length z / |z| away, tensor by tensor, for each of 10 z. */
static double mean_growth(const regression *r)
{
    enum { WEIGHTS = REGRESSION_CLASSES * (REGRESSION_WIDTH - 1) };
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1);
    double losses[11] = {0};
    double *w = assay_calloc(REGRESSION_CLASSES * REGRESSION_WIDTH, sizeof *w, NULL);
    float *z = assay_calloc(WEIGHTS + REGRESSION_CLASSES, sizeof *z, NULL);
    for (int draw = 0; draw < 11; draw++) {
        double lengths[2] = {0}; /* weights, biases */
        double norms[2] = {0};
        if (draw > 0) {
            assay_mt19937_normal(&generator, WEIGHTS, 0, 1, z);
            assay_mt19937_normal(&generator, REGRESSION_CLASSES, 0, 1, z + WEIGHTS);
        }
        for (int pass = 0; pass < 2; pass++) {
            for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
                for (size_t j = 0; j < REGRESSION_WIDTH; j++) {
                    int tensor = j + 1 == REGRESSION_WIDTH;
                    size_t k = c * REGRESSION_WIDTH + j;
                    double step = z[tensor ? WEIGHTS + c : c * (REGRESSION_WIDTH - 1) + j];
                    lengths[tensor] += pass == 0 ? step * step : 0;
                    norms[tensor] += pass == 0 ? r->w[k] * r->w[k] : 0;
                    w[k] = r->w[k];
                    if (pass == 1 && lengths[tensor] > 0) {
                        w[k] += 0.05 * sqrt(norms[tensor] / lengths[tensor]) * step;
                    }
                }
            }
        }
        for (size_t i = 0; i < REGRESSION_ROWS; i++) {
            double logits[REGRESSION_CLASSES];
            double sum = 0;
            apply(w, r->x[i], logits);
            for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
                sum += exp(logits[c]);
            }
            losses[draw] += (log(sum) - logits[r->labels[i]]) / REGRESSION_ROWS;
        }
    }
    assay_free(w);
    assay_free(z);
    double growth = 0;
    for (int draw = 1; draw < 11; draw++) {
        growth += (losses[draw] - losses[0]) / 10;
    }
    return growth;
}

START_TEST(sharpness_against_a_known_hessian)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    evidence(EVIDENCE_PROPERTY, "study/probe");
    assay_study_plan *plan = plan_of(
        "{\"study\": \"s\", \"settings\": {\"batch\": 50, \"lr\": 0.01, \"train_count\": "
        "200, \"validation_count\": 50}, "
        "\"seeds\": [5], \"record\": [\"hessian_eigenvalue\", \"hessian_trace\", \"perturbed_growth\"]}");
    sample *s = sample_create();
    char *line = result_of(plan, 0, s);
    regression *r = train_regression(s);
    double v[REGRESSION_CLASSES * REGRESSION_WIDTH];
    double eigenvalue = 0;
    double weight_trace = 0;
    double bias_trace = 0;
    for (size_t k = 0; k < REGRESSION_CLASSES * REGRESSION_WIDTH; k++) {
        v[k] = sin((double)k * (double)k);
    }
    for (int step = 0; step < 25; step++) {
        eigenvalue = multiply(r, v);
    }
    for (size_t i = 0; i < REGRESSION_ROWS; i++) {
        double factor = 1;
        double length = 0;
        for (size_t c = 0; c < REGRESSION_CLASSES; c++) {
            factor -= r->p[i][c] * r->p[i][c];
        }
        for (size_t j = 0; j + 1 < REGRESSION_WIDTH; j++) {
            length += r->x[i][j] * r->x[i][j];
        }
        weight_trace += factor * length / REGRESSION_ROWS;
        bias_trace += factor / REGRESSION_ROWS;
    }
    support_assert_relative("eigenvalue", recorded_number(line, "hessian_eigenvalue"), eigenvalue, 2e-3);
    /* 20 random vectors: 0.25 is about three standard errors */
    support_assert_relative("trace", recorded_number(line, "hessian_trace"), weight_trace + bias_trace, 0.25);
    support_assert_relative("growth", recorded_number(line, "perturbed_growth"), mean_growth(r), 3e-4);
    free(line);
    assay_free(r);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

/* So few weights that each of them counts: two classes of three inputs, weights w[6] and then biases w[6..8]. */
enum { SMALL_ROWS = 30, SMALL_WIDTH = 3, SMALL_WEIGHTS = 2 * SMALL_WIDTH };

static double small_loss(const assay_dataset *data, const uint32_t *images, const double *w)
{
    double loss = 0;
    for (size_t i = 0; i < SMALL_ROWS; i++) {
        double z[2] = {w[SMALL_WEIGHTS], w[SMALL_WEIGHTS + 1]};
        for (size_t j = 0; j < SMALL_WEIGHTS; j++) {
            z[j / SMALL_WIDTH] += w[j] * (double)data->values[images[i] * SMALL_WIDTH + j % SMALL_WIDTH];
        }
        loss += (log(exp(z[0]) + exp(z[1])) - z[data->labels[images[i]]]) / SMALL_ROWS;
    }
    return loss;
}

static double small_growth(const assay_dataset *data, const uint32_t *images, const double *w)
{
    static const size_t begins[] = {0, SMALL_WEIGHTS, SMALL_WEIGHTS + 2};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1);
    double growth = 0;
    for (int draw = 0; draw < 10; draw++) {
        double moved[SMALL_WEIGHTS + 2];
        for (size_t t = 0; t < 2; t++) {
            float z[SMALL_WEIGHTS];
            double length = 0;
            double norm = 0;
            size_t count = begins[t + 1] - begins[t];
            assay_mt19937_normal(&generator, count, 0, 1, z);
            for (size_t k = 0; k < count; k++) {
                length += (double)z[k] * (double)z[k];
                norm += w[begins[t] + k] * w[begins[t] + k];
            }
            for (size_t k = 0; k < count; k++) {
                moved[begins[t] + k] = w[begins[t] + k] + 0.05 * sqrt(norm / length) * (double)z[k];
            }
        }
        growth += (small_loss(data, images, moved) - small_loss(data, images, w)) / 10;
    }
    return growth;
}

START_TEST(growth_of_a_small_network)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    evidence(EVIDENCE_PROPERTY, "study/probe");
    assay_study_plan *plan = plan_of(
        "{\"study\": \"s\", \"settings\": {\"batch\": 10, \"train_count\": 30, \"lr\": 0.5}, "
        "\"seeds\": [3], \"record\": [\"perturbed_growth\"]}");
    assay_dataset data;
    assay_error error;
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_FLOATS, 40, SMALL_WIDTH, 2, &data, &error), &error);
    for (size_t i = 0; i < 40 * SMALL_WIDTH; i++) {
        data.values[i] = (float)sin((double)(i * i));
        data.labels[i / SMALL_WIDTH] = data.values[i] > 0;
    }
    sample s = {data, data, {sample_backend("reference", ASSAY_F64, 1), &data, &data, NULL}};
    char *line = result_of(plan, 0, &s);
    assay_train_options options = {
        .network = {.inputs = SMALL_WIDTH, .classes = 2, .activation = assay_activation_default(ASSAY_RELU)},
        .initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL),
        .seed = 3,
        .epochs = 1,
        .batch_rows = 10,
        .train_count = SMALL_ROWS};
    assay_trainer *trainer;
    double w[SMALL_WEIGHTS + 2];
    support_assert_ok(assay_optimizer_by_name("sgd", &options.rule, &error), &error);
    support_assert_ok(assay_optimizer_set(&options.rule, "lr=0.5", &error), &error);
    support_assert_ok(assay_trainer_create(s.machine.backend, &options, &data, &trainer, &error), &error);
    support_assert_ok(assay_trainer_run(trainer, NULL, &error), &error);
    for (size_t t = 0; t < 2; t++) {
        assay_slice values = assay_network_tensor(assay_trainer_network(trainer), t).values;
        assay_download_f64(s.machine.backend, values, w + t * SMALL_WEIGHTS);
    }
    double growth = small_growth(&data, assay_trainer_split(trainer)->train, w);
    support_assert_relative("growth", recorded_number(line, "perturbed_growth"), growth, 1e-9);
    free(line);
    assay_trainer_destroy(trainer);
    assay_backend_close(s.machine.backend);
    assay_dataset_destroy(&data);
    assay_study_plan_destroy(plan);
}
END_TEST

/* Sharpness is measured on the first 1,000 images that train: another 1,000th matters, another 1,001st does not. */
START_TEST(sharpness_of_a_thousand_images)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    enum { IMAGES = 1010, TRAIN = 1005 };
    assay_study_plan *plan = plan_of(
        "{\"study\": \"s\", \"settings\": {\"lr\": 0, \"train_count\": 1005}, \"seeds\": [3], "
        "\"record\": [\"perturbed_growth\"]}");
    assay_dataset data = sample_dataset(IMAGES, 4);
    sample s = {data, data, {sample_backend("openblas", ASSAY_F32, 1), &data, &data, NULL}};
    assay_split split;
    assay_mt19937 generator;
    assay_error error;
    assay_mt19937_seed(&generator, 3);
    support_assert_ok(assay_split_create(&generator, IMAGES, TRAIN, &split, &error), &error);
    char *first = result_of(plan, 0, &s);
    double growths[2];
    for (size_t i = 0; i < 2; i++) {
        memset(data.pixels + split.train[1000 - i] * data.width, 255, data.width);
        char *line = result_of(plan, 0, &s);
        growths[i] = recorded_number(line, "perturbed_growth");
        free(line);
    }
    ck_assert(growths[0] == recorded_number(first, "perturbed_growth") && growths[1] != growths[0]);
    free(first);
    assay_split_destroy(&split);
    assay_backend_close(s.machine.backend);
    assay_dataset_destroy(&data);
    assay_study_plan_destroy(plan);
}
END_TEST

START_TEST(divergence_is_a_result)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of("{\"study\": \"s\", \"settings\": {\"hidden\": \"12\", "
                                     "\"lr\": 1e30, \"epochs\": 3, \"batch\": 16}, "
                                     "\"seeds\": [5], \"record\": [\"test_accuracy\", \"last_loss\"]}");
    sample *s = sample_create();
    char *line = result_of(plan, 0, s);
    ck_assert_msg(strstr(line, "\"diverged\"") != NULL, "%s", line);
    ck_assert_ptr_nonnull(strstr(line, "\"results\":{\"diverged\":1,\"test_accuracy\":null,\"last_loss\":null}"));
    free(line);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

/* The same, one epoch later: what needs no last epoch is the first one's. */
START_TEST(divergence_in_the_second_epoch)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of(
        "{\"study\": \"s\", \"settings\": {\"hidden\": \"12,8\", \"lr\": 1e30, \"epochs\": 3, \"batch\": 64, "
        "\"train_count\": 64, \"validation_count\": 64}, \"seeds\": [5], \"record\": [\"best_epoch\", "
        "\"last_validation\", \"last_train_accuracy\", \"last_loss\", \"train_accuracy\", \"train_scores\"]}");
    sample *s = sample_create();
    char *line = result_of(plan, 0, s);
    const char *results = strstr(line, "\"results\":{\"diverged\":2,\"best_epoch\":1,\"last_validation\":null,"
                                       "\"last_train_accuracy\":null,\"last_loss\":null,\"train_accuracy\":0.");
    ck_assert_msg(results != NULL, "%s", line);
    const char *scores = strstr(results, "\"train_scores\":[0.");
    ck_assert_msg(scores != NULL && scores[strcspn(scores, ",]")] == ']', "%s", line);
    free(line);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

/* One step that is far too large: the epoch's loss is finite, and nothing that comes after it. */
START_TEST(numbers_that_are_not_finite_are_null)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    assay_study_plan *plan = plan_of("{\"study\": \"s\", \"settings\": {\"hidden\": \"12,8\", \"lr\": 1e30, "
                                     "\"epochs\": 1, \"batch\": 64, \"train_count\": 64, \"validation_count\": 64}, "
                                     "\"seeds\": [5], \"record\": [\"fit_accuracy\", \"fit_loss\", \"test_loss\", "
                                     "\"hessian_eigenvalue\", \"hessian_trace\", \"perturbed_growth\"]}");
    sample *s = sample_create();
    char *line = result_of(plan, 0, s);
    const char *accuracy = strstr(line, "\"fit_accuracy\":0.");
    ck_assert_msg(accuracy != NULL, "%s", line);
    ck_assert_msg(strstr(accuracy, ",\"fit_loss\":null,\"test_loss\":null,\"hessian_eigenvalue\":null,"
                                   "\"hessian_trace\":null,\"perturbed_growth\":null}") != NULL,
                  "%s", line);
    free(line);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

START_TEST(run_errors)
{
    evidence(EVIDENCE_ERRORS, "study/run");
    static const struct {
        const char *settings;
        const char *message;
    } cases[] = {
        {"\"train_count\": 300", "seed=1: train_count and validation_count must be above 0 and together at most 300"},
        {"\"train_count\": 200, \"validation_count\": 101", "together at most 300"},
        {"\"validation_count\": 300", "together at most 300"},
        {"\"train_count\": 301, \"validation_count\": 1", "together at most 300"},
        {"\"train_count\": 301", "together at most 300"},
        {"\"batch\": 251", "batch"},
    };
    sample *s = sample_create();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = assay_asprintf(NULL, "{\"study\": \"s\", \"settings\": {%s}, " SEEDS ", " RECORD "}",
                                    cases[i].settings);
        assay_study_plan *plan = plan_of(text);
        char *line;
        assay_error error;
        support_assert_error(assay_study_run(plan, 0, &s->machine, &line, &error), ASSAY_ERROR_ARGUMENT, &error,
                             cases[i].message);
        ck_assert_ptr_null(line);
        assay_study_plan_destroy(plan);
        assay_free(text);
    }
    sample_destroy(s);
}
END_TEST

/* --- the folder --------------------------------------------------------------------------------------------------- */

static assay_study_store *store_of(const assay_study_plan *plan, const char *folder)
{
    assay_study_store *store;
    assay_error error;
    support_assert_ok(assay_study_store_open(plan, folder, &store, &error), &error);
    return store;
}

static assay_study_state taken(assay_study_store *store, size_t run)
{
    assay_study_state state;
    assay_error error;
    support_assert_ok(assay_study_store_take(store, run, &state, NULL, &error), &error);
    return state;
}

static void finish(assay_study_store *store, size_t run, const sample *s)
{
    char *line;
    assay_error error;
    ck_assert_int_eq(taken(store, run), ASSAY_STUDY_OPEN);
    support_assert_ok(assay_study_run(assay_study_store_plan(store), run, &s->machine, &line, &error), &error);
    support_assert_ok(assay_study_store_put(store, run, line, &error), &error);
    free(line);
}

/* --- results that are written by hand ----------------------------------------------------------------------------- */

enum { SEEDS_BY_HAND = 18 };
#define BY_HAND                                                                                                       \
    "{\"study\": \"h\", \"factors\": [{\"name\": \"lr\", \"levels\": [1, 2]}], \"seeds\": {\"first\": 1, \"count\": " \
    "18}, " RECORD "}"
#define FIRST_KEY "{\"key\":\"lr=1,seed=1\","
#define FIRST FIRST_KEY "\"settings\":{\"lr\":1},\"results\":"
#define SOME_RESULTS "{\"test_accuracy\":0.5,\"epoch_losses\":[2,1.5]}"

/* A line with the checksum plus `off` of what comes before it. */
static char *line_by_hand(const char *start, unsigned long off, const char *rest)
{
    unsigned long sum = crc32(0, (const unsigned char *)start, (unsigned)strlen(start));
    return assay_asprintf(NULL, "%s,\"crc32\":%lu%s\n", start, sum + off, rest);
}

static void save(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* Puts a result with this accuracy ("null": none) and made by `made` into the folder. */
static void put_by_hand(assay_study_store *store, size_t run, const char *accuracy, const char *made)
{
    char *start = assay_asprintf(
        NULL,
        "{\"key\":\"lr=%zu,seed=%zu\",\"settings\":{\"lr\":%zu},\"results\":{\"test_accuracy\":%s,"
        "\"epoch_losses\":null}",
        run % 2 + 1, run / 2 + 1, run % 2 + 1, accuracy);
    char *rest = assay_asprintf(NULL, ",\"made\":%s}", made);
    char *line = line_by_hand(start, 0, rest);
    assay_error error;
    ck_assert_int_eq(taken(store, run), ASSAY_STUDY_OPEN);
    support_assert_ok(assay_study_store_put(store, run, line, &error), &error);
    assay_free(start);
    assay_free(rest);
    assay_free(line);
}

/* clang-format off */
static const struct {
    const char *start;
    const char *rest;
    unsigned long off;
    assay_status status;
    const char *message; /* NULL: the first measure is a number, or null */
} lines_by_hand[] = {
    {FIRST "{\"test_accuracy\":0.5}", "}", 0, ASSAY_OK, NULL},
    {FIRST "{\"test_accuracy\":1}", ",\"made\":{}}", 0, ASSAY_OK, NULL},
    {FIRST "{\"test_accuracy\":null}", "}", 0, ASSAY_OK, NULL},
    {FIRST "{\"test_accuracy\":\"0.5\"}", "}", 0, ASSAY_ERROR_FORMAT, "run 0: 'test_accuracy' is not a number"},
    {FIRST "{\"accuracy\":0.5}", "}", 0, ASSAY_ERROR_FORMAT, "run 0: 'test_accuracy' is not a number"},
    {FIRST "{\"test_accuracy\":0.5}", "}", 1, ASSAY_ERROR_FORMAT, "its checksum is wrong"},
    {FIRST "{\"test_accuracy\":0.5},\"crc32\":\"x\"", "}", 0, ASSAY_ERROR_FORMAT, "damaged"},
    {FIRST "{\"test_accuracy\":0.5},,", "}", 0, ASSAY_ERROR_FORMAT, "this result is damaged: "},
    {FIRST "\n{\"test_accuracy\":0.5}", "}", 0, ASSAY_ERROR_FORMAT, "this result is incomplete"},
    {FIRST_KEY "\"settings\":{\"lr\":1}", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key, settings or results"},
    {FIRST_KEY "\"results\":{}", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key, settings or results"},
    {FIRST_KEY "\"settings\":{\"lr\":1},\"results\":[]", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key"},
    {FIRST_KEY "\"settings\":[],\"results\":{}", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key"},
    {"{\"key\":1,\"settings\":{\"lr\":1},\"results\":{}", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key"},
    {"{\"settings\":{\"lr\":1},\"results\":{}", "}", 0, ASSAY_ERROR_FORMAT, "lacks its key"},
    {"{\"key\":\"lr=2,seed=1\",\"settings\":{\"lr\":1},\"results\":{}", "}", 0, ASSAY_ERROR_FORMAT,
     "this is the result of 'lr=2,seed=1'"},
    {FIRST_KEY "\"settings\":{\"lr\":2},\"results\":{}", "}", 0, ASSAY_ERROR_ARGUMENT, "other settings than"},
    {FIRST_KEY "\"settings\":{\"lr\":1,\"batch\":8},\"results\":{}", "}", 0, ASSAY_ERROR_ARGUMENT, "other settings"},
};
/* clang-format on */

START_TEST(lines_are_checked)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    evidence(EVIDENCE_ERRORS, "study/line");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store = store_of(plan, folder);
    char *path = assay_asprintf(NULL, "%s/runs/lr=1,seed=1.json", folder);
    double value;
    assay_error error;
    for (size_t i = 0; i < sizeof lines_by_hand / sizeof *lines_by_hand; i++) {
        char *line = line_by_hand(lines_by_hand[i].start, lines_by_hand[i].off, lines_by_hand[i].rest);
        save(path, line, strlen(line));
        assay_status status = assay_study_store_number(store, 0, 0, &value, &error);
        if (lines_by_hand[i].message == NULL) {
            const char *number = strstr(line, "accuracy\":") + strlen("accuracy\":");
            support_assert_ok(status, &error);
            ck_assert(*number == 'n' ? isnan(value) : value == strtod(number, NULL));
        } else {
            support_assert_error(status, lines_by_hand[i].status, &error, lines_by_hand[i].message);
            ck_assert_ptr_nonnull(strstr(error.message, i == 3 || i == 4 ? "run 0" : path));
        }
        assay_free(line);
    }
    static const char *const without[] = {FIRST SOME_RESULTS "}\n", FIRST SOME_RESULTS ",\"crc32\":\"1\"}\n",
                                          FIRST_KEY "\"settings\":{\"lr\":1,\"crc32\":5},\"results\":{}}\n",
                                          FIRST SOME_RESULTS ",\"crc32\" : 5}\n"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        save(path, without[i], strlen(without[i]));
        support_assert_error(assay_study_store_number(store, 0, 0, &value, &error), ASSAY_ERROR_FORMAT, &error,
                             "its checksum is wrong");
    }
    save(path, "", 0);
    support_assert_error(assay_study_store_number(store, 0, 0, &value, &error), ASSAY_ERROR_FORMAT, &error,
                         "this result is incomplete");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink(path, path), 0); /* it is there, and leads to itself */
    support_assert_error(assay_study_store_number(store, 0, 0, &value, &error), ASSAY_ERROR_IO, &error, path);
    assay_free(path);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

START_TEST(lists_are_checked)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    static const struct {
        const char *list;
        size_t count;
        const char *message;
    } cases[] = {
        {"[2,-1.5,0]", 3, NULL},
        {"[]", 0, NULL},
        {"null", 0, NULL},
        {"1", 0, "not a list"},
        {"{}", 0, "not a list"},
        {"[1,\"2\"]", 0, "is not a list of numbers"},
        {"[1,null]", 0, "is not a list of numbers"},
    };
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store = store_of(plan, folder);
    char *path = assay_asprintf(NULL, "%s/runs/lr=1,seed=1.json", folder);
    double *values;
    size_t count;
    assay_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *start = assay_asprintf(NULL, FIRST "{\"epoch_losses\":%s}", cases[i].list);
        char *line = line_by_hand(start, 0, "}");
        save(path, line, strlen(line));
        values = (double[]){7};
        count = 7;
        assay_status status = assay_study_store_list(store, 0, 1, &values, &count, &error);
        ck_assert_uint_eq(count, cases[i].count);
        if (cases[i].message == NULL) {
            support_assert_ok(status, &error);
            ck_assert(count == 0 || (values[0] == 2 && values[1] == -1.5 && values[2] == 0));
            assay_free(values);
        } else {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, cases[i].message);
            ck_assert_ptr_null(values);
        }
        assay_free(start);
        assay_free(line);
    }
    const char *none = FIRST "{\"accuracy\":1}";
    char *line = line_by_hand(none, 0, "}");
    save(path, line, strlen(line));
    support_assert_error(assay_study_store_list(store, 0, 1, &values, &count, &error), ASSAY_ERROR_FORMAT, &error,
                         "not a list");
    assay_free(line);
    support_assert_error(assay_study_store_list(store, 1, 1, &values, &count, &error), ASSAY_ERROR_IO, &error,
                         "there is no such result: lr=2,seed=1");
    assay_free(path);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

#define MADE                                                                                                          \
    "{\"host\":\"h\",\"process\":3,\"seconds\":2.5,\"backend\":\"b\",\"kernels\":\"k\",\"version\":\"v\",\"commit\":" \
    "\"c\"}"

static assay_study_origin origin_of(const assay_study_store *store, size_t run)
{
    assay_study_origin origin;
    assay_error error;
    support_assert_ok(assay_study_store_origin(store, run, &origin, &error), &error);
    return origin;
}

/* Run 0 says all about its making, 1 its host, 2 another host, 3 nothing: a record's first line may add to it. */
static void check_origins(const assay_study_store *store, const char *kernels, const char *commit)
{
    assay_study_origin origin = origin_of(store, 0);
    ck_assert_str_eq(origin.host, "h");
    ck_assert_str_eq(origin.backend, "b");
    ck_assert_str_eq(origin.kernels, "k");
    ck_assert_str_eq(origin.version, "v");
    ck_assert_str_eq(origin.commit, "c");
    ck_assert(origin.seconds == 2.5);
    for (size_t run = 1; run < 4; run++) {
        origin = origin_of(store, run);
        ck_assert_str_eq(origin.host, run == 1 ? "h" : run == 2 ? "other" : "");
        ck_assert_str_eq(origin.kernels, run == 1 ? kernels : "");
        ck_assert_str_eq(origin.commit, commit);
        ck_assert(origin.backend[0] == '\0' && origin.version[0] == '\0' && origin.seconds == 0);
    }
    origin = origin_of(store, 4);
    ck_assert_uint_eq(strlen(origin.version), ASSAY_STUDY_ORIGIN_LENGTH - 1);
}

START_TEST(who_made_a_result)
{
    evidence(EVIDENCE_PROPERTY, "study/record");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store = store_of(plan, folder);
    char *path = assay_asprintf(NULL, "%s/record", folder);
    put_by_hand(store, 0, "1", MADE);
    put_by_hand(store, 1, "1", "{\"host\":\"h\"}");
    put_by_hand(store, 2, "1", "{\"host\":\"other\"}");
    put_by_hand(store, 3, "1", "{}");
    put_by_hand(store, 4, "1", "{\"version\":\"" LONG_NAME "\"}");
    check_origins(store, "", "");
    assay_error error;
    const assay_study_origin here = {.host = "h", .backend = "x", .kernels = "kk", .version = "x", .commit = "cc"};
    support_assert_ok(assay_study_record_write(store, &here, path, &error), &error);
    assay_study_store *record;
    support_assert_ok(assay_study_record_open(plan, path, &record, &error), &error);
    check_origins(record, "kk", "cc");
    size_t first = 99;
    ck_assert_uint_eq(assay_study_missing(record, &first), 2 * SEEDS_BY_HAND - 5);
    ck_assert_uint_eq(first, 5);
    ck_assert_ptr_eq(assay_study_store_plan(record), plan);
    assay_study_store_close(record);

    /* In the order of keys, after a line about where it was written. */
    char *text;
    size_t length;
    support_assert_ok(assay_file_read(path, 1 << 20, &text, &length, &error), &error);
    static const char *const starts[] = {"{\"record\":\"h\",\"host\":\"h\",\"kernels\":\"kk\",\"commit\":\"cc\"}\n",
                                         "{\"key\":\"lr=1,seed=1\",",
                                         "{\"key\":\"lr=1,seed=2\",",
                                         "{\"key\":\"lr=1,seed=3\",",
                                         "{\"key\":\"lr=2,seed=1\",",
                                         "{\"key\":\"lr=2,seed=2\","};
    const char *line = text;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        ck_assert_msg(strncmp(line, starts[i], strlen(starts[i])) == 0, "line %zu: %.40s", i + 1, line);
        line = strchr(line, '\n') + 1;
    }
    ck_assert_str_eq(line, "");
    /* A first line that says less. */
    char *plain = assay_asprintf(NULL, "{\"record\":\"h\"}\n%s", strchr(text, '\n') + 1);
    save(path, plain, strlen(plain));
    support_assert_ok(assay_study_record_open(plan, path, &record, &error), &error);
    check_origins(record, "", "");
    assay_study_store_close(record);
    assay_free(plain);
    const char *key = strchr(text, '\n') + 1;
    plain = assay_asprintf(NULL, "%.*s%s", (int)(strchr(key, '\n') + 1 - key), key, key);
    save(path, plain, strlen(plain));
    support_assert_error(assay_study_record_open(plan, path, &record, &error), ASSAY_ERROR_FORMAT, &error,
                         "line 2: 'lr=1,seed=1' is there twice");
    assay_free(plain);
    assay_free(text);
    assay_free(path);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* What cannot be a record of this plan, line by line. */
START_TEST(records_by_hand)
{
    evidence(EVIDENCE_ERRORS, "study/record");
    evidence(EVIDENCE_PROPERTY, "study/line");
    static const struct {
        const char *text;
        assay_status status;
        const char *message;
    } cases[] = {
        {"{\"record\":1}\n", ASSAY_ERROR_ARGUMENT, "line 1: this is the record of the study '', not of 'h'"},
        {"{\"record\":}\n", ASSAY_ERROR_FORMAT, "line 1: the first line is damaged: "},
        {"{\"record\":\"h\"}\n{\"record\":\"h\"}\n", ASSAY_ERROR_FORMAT, "line 2: this result is damaged: it does not"},
        {"{\"key\":\"lr=1,seed=1\n\"}\n", ASSAY_ERROR_FORMAT, "line 1: this result is damaged: it does not begin"},
        {"{\"key\":\"lr=1,seed=1", ASSAY_ERROR_FORMAT, "line 1: this result is damaged: it does not begin"},
        {"{\"key\":\"\"}\n", ASSAY_ERROR_ARGUMENT, "line 1: the plan has no run ''"},
        {"{\"key\":\"lr=3,seed=1\"}\n", ASSAY_ERROR_ARGUMENT, "line 1: the plan has no run 'lr=3,seed=1'"},
        {"{\"key\":\"lr=1,seed=1\"}\n", ASSAY_ERROR_FORMAT, "its checksum is wrong"},
    };
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/record", folder);
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store;
    assay_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        save(path, cases[i].text, strlen(cases[i].text));
        support_assert_error(assay_study_record_open(plan, path, &store, &error), cases[i].status, &error,
                             cases[i].message);
        ck_assert_ptr_null(store);
    }
    save(path, "", 0); /* no line at all: all runs are missing */
    support_assert_ok(assay_study_record_open(plan, path, &store, &error), &error);
    size_t first = 99;
    ck_assert_uint_eq(assay_study_missing(store, &first), 2 * SEEDS_BY_HAND);
    ck_assert_uint_eq(first, 0);
    assay_study_store_close(store);
    support_assert_error(assay_study_record_open(plan, "/nowhere/record", &store, &error), ASSAY_ERROR_IO, &error,
                         "/nowhere/record");
    assay_study_plan_destroy(plan);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A plan run in memory: all runs are there, and `progress` is called after each. */
static void count_runs(void *user, size_t done, size_t total)
{
    size_t *calls = user;
    ck_assert_uint_eq(done, ++*calls);
    ck_assert_uint_eq(total, 4);
}

START_TEST(all_runs_in_memory)
{
    evidence(EVIDENCE_PROPERTY, "study/record");
    assay_study_plan *plan = plan_of("{\"study\": \"s\", " SMALL ", " FACTORS ", \"seeds\": [4], " RECORD "}");
    sample *s = sample_create();
    assay_study_store *store;
    assay_error error;
    size_t calls = 0;
    size_t first = 99;
    support_assert_ok(assay_study_run_all(plan, &s->machine, count_runs, &calls, &store, &error), &error);
    ck_assert_uint_eq(calls, 4);
    ck_assert_uint_eq(assay_study_missing(store, &first), 0);
    ck_assert_uint_eq(first, 99);
    char *line = result_of(plan, 3, s);
    double value;
    support_assert_ok(assay_study_store_number(store, 3, 0, &value, &error), &error);
    ck_assert(value == recorded_number(line, "test_accuracy"));
    assay_study_store_close(store);
    free(line);
    assay_study_plan_destroy(plan);
    plan = plan_of("{\"study\": \"s\", \"settings\": {\"batch\": 999}, \"seeds\": [4], " RECORD "}");
    support_assert_error(assay_study_run_all(plan, &s->machine, NULL, NULL, &store, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "seed=4: a batch of 999");
    ck_assert_ptr_null(store);
    assay_study_plan_destroy(plan);
    sample_destroy(s);
}
END_TEST

START_TEST(finished_runs_stay)
{
    evidence(EVIDENCE_PROPERTY, "study/store");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    sample *s = sample_create();
    assay_study_store *store = store_of(plan, folder);
    finish(store, 3, s);
    ck_assert(assay_study_store_has(store, 3) && !assay_study_store_has(store, 2));
    assay_study_store_close(store);
    store = store_of(plan, folder);
    ck_assert_int_eq(taken(store, 3), ASSAY_STUDY_DONE);
    double value;
    assay_error error;
    support_assert_ok(assay_study_store_number(store, 3, 0, &value, &error), &error);
    ck_assert(value > 0 && value <= 1);
    support_assert_error(assay_study_store_number(store, 3, 1, &value, &error), ASSAY_ERROR_FORMAT, &error,
                         "is not a number");
    support_assert_error(assay_study_store_number(store, 2, 0, &value, &error), ASSAY_ERROR_IO, &error,
                         "there is no such result");
    assay_study_store_close(store);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* A child takes run 1, reports its state, and holds it until it is killed. */
START_TEST(a_run_belongs_to_one_process_until_it_dies)
{
    evidence(EVIDENCE_PROPERTY, "study/store");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    assay_study_store *store = store_of(plan, folder);
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        assay_study_store *own = store_of(plan, folder);
        char state = (char)taken(own, 1);
        _exit(write(ready[1], &state, 1) == 1 ? pause() : 1);
    }
    char state;
    ck_assert_int_eq(read(ready[0], &state, 1), 1);
    ck_assert_int_eq(state, ASSAY_STUDY_OPEN);
    ck_assert_int_eq(taken(store, 1), ASSAY_STUDY_TAKEN);
    ck_assert_int_eq(taken(store, 2), ASSAY_STUDY_OPEN);
    assay_study_store_give_back(store, 2);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_eq(taken(store, 1), ASSAY_STUDY_OPEN);
    close(ready[0]);
    close(ready[1]);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* Cuts or changes the file of run 3 in every place; each time the run is open again and the old file is kept. */
START_TEST(damaged_results_are_repeated)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    sample *s = sample_create();
    assay_study_store *store = store_of(plan, folder);
    finish(store, 3, s);
    char *path = assay_asprintf(NULL, "%s/runs/optimizer=quick,lr=1,seed=1.json", folder);
    char *text;
    size_t length;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &text, &length, &error), &error);
    size_t result_end = (size_t)(strstr(text, ",\"made\"") - text);
    for (size_t at = 0; at < length; at++) {
        char old = text[at];
        if (at < result_end) {
            text[at] = (char)(old ^ 1);
        }
        FILE *stream = fopen(path, "w");
        fwrite(text, 1, at < result_end ? length : at, stream);
        fclose(stream);
        text[at] = old;
        char *damaged;
        assay_study_state state;
        support_assert_ok(assay_study_store_take(store, 3, &state, &damaged, &error), &error);
        ck_assert_int_eq(state, ASSAY_STUDY_OPEN);
        ck_assert_msg(damaged != NULL && strstr(damaged, ".damaged") != NULL && access(damaged, F_OK) == 0, "byte %zu",
                      at);
        assay_free(damaged);
        assay_study_store_give_back(store, 3);
    }
    assay_free(text);
    assay_free(path);
    assay_study_store_close(store);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

static void refuse_folder(const char *text, const char *folder, assay_status status, const char *message)
{
    assay_study_plan *plan = plan_of(text);
    assay_study_store *store;
    assay_error error;
    support_assert_error(assay_study_store_open(plan, folder, &store, &error), status, &error, message);
    ck_assert_ptr_null(store);
    assay_study_plan_destroy(plan);
}

static mode_t mode_of(const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    struct stat about;
    ck_assert_msg(lstat(path, &about) == 0, "%s", path);
    assay_free(path);
    return about.st_mode & 0777;
}

/* What is in a folder's way; and its modes are all that the user's mask allows. */
START_TEST(folders_in_the_way)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    char *folder = support_make_folder();
    char *in = assay_asprintf(NULL, "%s/study", folder);
    assay_study_store_close(NULL);
    mode_t mask = umask(0002);
    assay_study_plan *plan = plan_of(PLAN);
    assay_study_store_close(store_of(plan, in));
    umask(mask);
    assay_study_plan_destroy(plan);
    ck_assert_uint_eq(mode_of(folder, "study"), 0775);
    ck_assert_uint_eq(mode_of(in, "runs"), 0775);
    ck_assert_uint_eq(mode_of(in, "lock"), 0664);
    refuse_folder("{\"study\": \"s\", " SMALL ", " SEEDS ", " RECORD "}", in, ASSAY_ERROR_ARGUMENT,
                  "belongs to another study");
    char *lock = assay_asprintf(NULL, "%s/lock", in);
    char *saved = assay_asprintf(NULL, "%s/plan.json", in);
    char *runs = assay_asprintf(NULL, "%s/runs", in);
    ck_assert_int_eq(unlink(lock), 0);
    ck_assert_int_eq(mkdir(lock, 0777), 0);
    refuse_folder(PLAN, in, ASSAY_ERROR_IO, "lock: cannot open this file: Is a directory");
    ck_assert_int_eq(rmdir(lock), 0);
    ck_assert_int_eq(symlink(saved, lock), 0);
    refuse_folder(PLAN, in, ASSAY_ERROR_IO, "lock: cannot open this file");
    ck_assert_int_eq(rmdir(runs), 0);
    save(runs, "", 0);
    refuse_folder(PLAN, in, ASSAY_ERROR_IO, "runs: cannot make this folder: File exists");
    ck_assert_int_eq(unlink(runs), 0);
    ck_assert_int_eq(symlink("/nowhere", runs), 0);
    refuse_folder(PLAN, in, ASSAY_ERROR_IO, "runs: cannot make this folder: ");
    save(saved, "{\n\"study\"", 9);
    refuse_folder(PLAN, in, ASSAY_ERROR_FORMAT, "plan.json: line 2: ");
    assay_free(lock);
    assay_free(saved);
    assay_free(runs);
    assay_free(in);
    support_remove_folder(folder);
}
END_TEST

START_TEST(folders_of_other_plans)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    sample *s = sample_create();
    assay_study_store *store = store_of(plan, folder);
    finish(store, 3, s);
    assay_study_store_close(store);
    refuse_folder("{\"study\": \"t\", " SMALL ", " FACTORS ", " SEEDS ", " RECORD "}", folder, ASSAY_ERROR_ARGUMENT,
                  "belongs to another study");
    refuse_folder("{\"study\": \"s\", " FACTORS ", " SEEDS ", " RECORD "}", folder, ASSAY_ERROR_ARGUMENT,
                  "belongs to another study");
    refuse_folder("{\"study\": \"s\", " SMALL ", " FACTORS ", " SEEDS ", \"record\": [\"best_epoch\"]}", folder,
                  ASSAY_ERROR_ARGUMENT, "belongs to another study");
    refuse_folder(PLAN, "/proc/none/x", ASSAY_ERROR_IO, "/proc/none/x: cannot make this folder");
    refuse_folder(PLAN, "/dev/null", ASSAY_ERROR_IO, "/dev/null: cannot make this folder");

    /* More seeds and levels are welcome; a level that means something else is not. */
    assay_study_plan *more = plan_of(
        "{\"study\": \"s\", " SMALL ", \"factors\": [{\"name\": \"optimizer\", \"levels\": [\"momentum\", {\"name\": "
        "\"quick\", \"optimizer\": \"adam\"}]}, {\"name\": \"lr\", \"levels\": [1]}], \"seeds\": [9, 1], " RECORD "}");
    store = store_of(more, folder);
    ck_assert(!assay_study_store_has(store, 1) && assay_study_store_has(store, 3));
    assay_study_state state;
    assay_error error;
    /* adam with lr 0.01 and then 1 was adam with lr 1, but the settings say so in another way */
    ck_assert_int_eq(taken(store, 3), ASSAY_STUDY_DONE);
    assay_study_store_close(store);
    assay_study_plan_destroy(more);
    more = plan_of("{\"study\": \"s\", " SMALL ", \"factors\": [{\"name\": \"optimizer\", \"levels\": [{\"name\": "
                   "\"quick\", \"optimizer\": \"momentum\"}]}, {\"name\": \"lr\", \"levels\": [1]}], " SEEDS ", " RECORD
                   "}");
    store = store_of(more, folder);
    support_assert_error(assay_study_store_take(store, 0, &state, NULL, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "other settings than the plan's made this result");
    assay_study_store_close(store);
    assay_study_plan_destroy(more);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* --- records ------------------------------------------------------------------------------------------------------ */

/* The record of the plan's runs in `folder`, as FOLDER/record, and its text. */
static char *write_record(const assay_study_plan *plan, const char *folder, char **text, size_t *length)
{
    assay_error error;
    sample *s = sample_create();
    assay_study_store *store = store_of(plan, folder);
    char *path = assay_asprintf(NULL, "%s/record", folder);
    const assay_study_origin here = {.host = "elsewhere", .kernels = "others", .commit = "1a2b"};
    assay_status status = assay_study_record_write(store, &here, path, &error);
    support_assert_error(status, ASSAY_ERROR_IO, &error, "no run is finished");
    ck_assert_int_ne(access(path, F_OK), 0);
    for (size_t run = 0; run < 12; run++) {
        finish(store, run, s);
    }
    support_assert_ok(assay_study_record_write(store, &here, path, &error), &error);
    assay_study_store_close(store);
    sample_destroy(s);
    support_assert_ok(assay_file_read(path, 1 << 20, text, length, &error), &error);
    return path;
}

START_TEST(a_record_is_read_like_its_folder)
{
    evidence(EVIDENCE_PROPERTY, "study/record");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    char *text;
    size_t length;
    char *path = write_record(plan, folder, &text, &length);
    assay_study_store *store = store_of(plan, folder);
    assay_study_store *record;
    assay_error error;
    support_assert_ok(assay_study_record_open(plan, path, &record, &error), &error);
    size_t first;
    ck_assert_uint_eq(assay_study_missing(record, &first), 0);
    for (size_t run = 0; run < 12; run++) {
        double a, b, *list_a, *list_b;
        size_t count_a, count_b;
        assay_study_origin origin_a, origin_b;
        support_assert_ok(assay_study_store_number(store, run, 0, &a, &error), &error);
        support_assert_ok(assay_study_store_number(record, run, 0, &b, &error), &error);
        support_assert_ok(assay_study_store_list(store, run, 1, &list_a, &count_a, &error), &error);
        support_assert_ok(assay_study_store_list(record, run, 1, &list_b, &count_b, &error), &error);
        ck_assert(memcmp(&a, &b, sizeof a) == 0 && count_a == count_b && count_a <= 2);
        ck_assert(memcmp(list_a, list_b, count_a * sizeof *list_a) == 0);
        support_assert_ok(assay_study_store_origin(store, run, &origin_a, &error), &error);
        support_assert_ok(assay_study_store_origin(record, run, &origin_b, &error), &error);
        ck_assert_str_eq(origin_a.backend, "openblas:f32");
        ck_assert(strstr(origin_a.kernels, "OpenBLAS ") == origin_a.kernels && origin_a.commit[0] == '\0');
        ck_assert_str_eq(origin_a.kernels, origin_b.kernels);
        ck_assert_str_eq(origin_b.commit, "1a2b");
        assay_free(list_a);
        assay_free(list_b);
    }
    assay_study_state state;
    support_assert_error(assay_study_store_take(record, 0, &state, NULL, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "a record can only be read");
    assay_study_store_close(record);
    assay_study_store_close(store);
    assay_free(text);
    assay_free(path);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* Opens `length` bytes as a record, which must fail. */
static void refused(const assay_study_plan *plan, const char *path, const char *text, size_t length,
                    assay_status status, const char *message)
{
    assay_study_store *store;
    assay_error error;
    save(path, text, length);
    support_assert_error(assay_study_record_open(plan, path, &store, &error), status, &error, message);
    ck_assert_ptr_null(store);
}

START_TEST(damaged_and_foreign_records)
{
    evidence(EVIDENCE_ERRORS, "study/record");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    char *text;
    size_t length;
    char *path = write_record(plan, folder, &text, &length);
    refused(plan, path, "{\"record\":\"t\"}\n", 15, ASSAY_ERROR_ARGUMENT, "record of the study 't', not of 's'");
    refused(plan, path, "{\"record\":\"s\"\n", 15, ASSAY_ERROR_FORMAT, "line 1: the first line is damaged");
    char *second = strchr(strchr(text, '\n') + 1, '\n') + 1; /* after the first line and the first run */
    size_t rest = length - (size_t)(second - text);
    refused(plan, path, text, length - 1, ASSAY_ERROR_FORMAT, "line 13: this result is incomplete");
    refused(plan, path, text, length - 40, ASSAY_ERROR_FORMAT, "line 13: this result is incomplete");
    refused(plan, path, "\n", 1, ASSAY_ERROR_FORMAT, "line 1: this result is damaged: it does not begin with its key");
    strstr(second, "\"batch\":32")[strlen("\"batch\":3")] = '3';
    refused(plan, path, text, length, ASSAY_ERROR_FORMAT, "line 3: this result is damaged: its checksum is wrong");
    save(path, second, rest); /* without the first line, and still with the damaged one */
    memmove(text, second, rest);
    text[rest] = '\0';
    char *third = strchr(text, '\n') + 1;
    size_t good = rest - (size_t)(third - text);
    save(path, third, good); /* without both */
    assay_study_store *store;
    assay_error error;
    size_t first;
    support_assert_ok(assay_study_record_open(plan, path, &store, &error), &error);
    ck_assert_uint_eq(assay_study_missing(store, &first), 2);
    ck_assert(!assay_study_store_has(store, first));
    double value;
    support_assert_error(assay_study_store_number(store, first, 0, &value, &error), ASSAY_ERROR_IO, &error,
                         "there is no such result");
    assay_study_store_close(store);
    assay_study_plan *other = plan_of("{\"study\": \"s\", " SMALL ", " FACTORS ", \"seeds\": [1], " RECORD "}");
    refused(other, path, third, good, ASSAY_ERROR_ARGUMENT, "the plan has no run 'optimizer=");
    assay_study_plan_destroy(other);
    other = plan_of("{\"study\": \"s\", \"settings\": {\"hidden\": \"13\", \"batch\": 32, \"epochs\": 2}, " FACTORS
                    ", " SEEDS ", " RECORD "}");
    refused(other, path, third, good, ASSAY_ERROR_ARGUMENT, "line 1: other settings than the plan's");
    assay_study_plan_destroy(other);
    other = plan_of("{\"study\": \"s\", " SMALL ", " FACTORS ", " SEEDS ", \"record\": [\"best_epoch\"]}");
    refused(other, path, third, good, ASSAY_ERROR_ARGUMENT, "'best_epoch' is missing");
    assay_study_plan_destroy(other);
    memcpy(third + good, third, (size_t)(strchr(third, '\n') + 1 - third)); /* there is room: two lines went */
    refused(plan, path, third, good + (size_t)(strchr(third, '\n') + 1 - third), ASSAY_ERROR_FORMAT,
            "is there twice, or the lines are not in the order of keys");
    assay_free(text);
    assay_free(path);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* --- summaries ---------------------------------------------------------------------------------------------------- */

START_TEST(summary_against_the_results)
{
    evidence(EVIDENCE_PROPERTY, "study/summary");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(PLAN);
    sample *s = sample_create();
    assay_study_store *store = store_of(plan, folder);
    double a[3] = {0};
    double b[3] = {0};
    assay_error error;
    for (size_t seed = 0; seed < 3; seed++) {
        finish(store, 4 * seed, s);
        support_assert_ok(assay_study_store_number(store, 4 * seed, 0, &a[seed], &error), &error);
        if (seed < 2) {
            finish(store, 4 * seed + 2, s);
            support_assert_ok(assay_study_store_number(store, 4 * seed + 2, 0, &b[seed], &error), &error);
        }
    }
    assay_study_cell_summary summary;
    support_assert_ok(assay_study_summarize(store, 0, 0, &summary, &error), &error);
    double mean = (a[0] + a[1] + a[2]) / 3;
    support_assert_relative("mean", summary.mean, mean, 1e-14);
    double squares = (a[0] - mean) * (a[0] - mean) + (a[1] - mean) * (a[1] - mean) + (a[2] - mean) * (a[2] - mean);
    support_assert_relative("std", summary.std, sqrt(squares / 2), 1e-12);
    ck_assert(summary.finished == 3 && summary.diverged == 0);
    ck_assert(summary.interval.lower <= mean && mean <= summary.interval.upper);
    support_assert_ok(assay_study_summarize(store, 1, 0, &summary, &error), &error);
    ck_assert(summary.finished == 0 && isnan(summary.mean) && isnan(summary.interval.lower));

    assay_study_comparison comparison;
    support_assert_ok(assay_study_compare(store, 0, 2, 0, &comparison, &error), &error);
    ck_assert(comparison.pairs == 2 && comparison.lost == 0);
    support_assert_relative("difference", comparison.difference.estimate, (b[0] - a[0] + b[1] - a[1]) / 2, 1e-12);
    bool same_sign = (b[0] - a[0]) * (b[1] - a[1]) > 0; /* then 2 of the 4 sign patterns are as far from 0 */
    support_assert_relative("p", comparison.p, same_sign ? 0.5 : 1.0, 1e-14);
    ck_assert(isinf(comparison.smallest));
    assay_study_store_close(store);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

static void assert_interval(const assay_interval *got, size_t count, const double *values)
{
    assay_interval wanted;
    assay_mt19937 generator;
    assay_error error;
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(
        assay_bootstrap_interval(count, values, assay_statistic_mean, NULL, 4000, 0.95, &generator, &wanted, &error),
        &error);
    ck_assert(got->estimate == wanted.estimate && got->lower == wanted.lower && got->upper == wanted.upper);
}

static void assert_comparison(const assay_study_comparison *got, size_t count, const double *differences)
{
    const assay_power_plan power = {.count = count, .alpha = 0.05, .flips = 1000, .experiments = 400};
    assay_sign_flip_result wanted;
    double smallest;
    assay_mt19937 generator;
    assay_error error;
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(assay_sign_flip_test(count, differences, 20000, &generator, &wanted, &error), &error);
    support_assert_ok(assay_smallest_effect(&power, count, differences, 0.9, &generator, &smallest, &error), &error);
    ck_assert_uint_eq(got->pairs, count);
    ck_assert_msg(got->p == wanted.p && !wanted.exact && got->p > 0.001 && got->p < 0.9, "p = %g", got->p);
    ck_assert_msg(got->smallest == smallest && isfinite(smallest), "smallest = %g", smallest);
    assert_interval(&got->difference, count, differences);
}

/* Some seeds lack a run, and in some training diverged, in either cell; the others count. */
START_TEST(summary_of_known_numbers)
{
    evidence(EVIDENCE_PROPERTY, "study/summary");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store = store_of(plan, folder);
    double values[2][SEEDS_BY_HAND];
    double differences[SEEDS_BY_HAND];
    size_t counts[2] = {0};
    size_t pairs = 0;
    for (size_t seed = 0; seed < SEEDS_BY_HAND; seed++) {
        double both[2];
        for (size_t cell = 0; cell < 2; cell++) {
            both[cell] = sin((double)seed) + (double)cell * (0.1 + 0.25 * cos(3.0 * (double)seed));
            char text[40];
            snprintf(text, sizeof text, "%.17g", both[cell]);
            bool diverged = seed == 2 + cell;
            if (seed != 4 || cell == 0) {
                put_by_hand(store, 2 * seed + cell, diverged ? "null" : text, "{}");
                values[cell][counts[cell]] = both[cell];
                counts[cell] += !diverged;
            }
        }
        if (seed < 2 || seed > 4) {
            differences[pairs++] = both[1] - both[0];
        }
    }
    ck_assert(pairs == 15 && counts[0] == 17 && counts[1] == 16);
    assay_error error;
    for (size_t cell = 0; cell < 2; cell++) {
        assay_study_cell_summary summary;
        double mean = 0;
        double squares = 0;
        for (size_t i = 0; i < counts[cell]; i++) {
            mean += values[cell][i] / (double)counts[cell];
        }
        for (size_t i = 0; i < counts[cell]; i++) {
            squares += (values[cell][i] - mean) * (values[cell][i] - mean);
        }
        support_assert_ok(assay_study_summarize(store, cell, 0, &summary, &error), &error);
        ck_assert(summary.finished == counts[cell] + 1 && summary.diverged == 1);
        support_assert_relative("mean", summary.mean, mean, 1e-13);
        support_assert_relative("std", summary.std, sqrt(squares / (double)(counts[cell] - 1)), 1e-13);
        assert_interval(&summary.interval, counts[cell], values[cell]);
    }
    assay_study_comparison comparison;
    support_assert_ok(assay_study_compare(store, 0, 1, 0, &comparison, &error), &error);
    ck_assert_uint_eq(comparison.lost, 2);
    assert_comparison(&comparison, pairs, differences);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* Two runs give a standard deviation and an interval; one gives its value; none gives nothing. */
START_TEST(summary_of_few)
{
    evidence(EVIDENCE_PROPERTY, "study/summary");
    char *folder = support_make_folder();
    assay_study_plan *plan = plan_of(BY_HAND);
    assay_study_store *store = store_of(plan, folder);
    for (size_t count = 0; count <= 2; count++) {
        if (count > 0) {
            put_by_hand(store, 2 * count, count == 1 ? "3" : "5", "{}");
            put_by_hand(store, 2 * count + 1, "2", "{}");
        }
        assay_study_cell_summary summary;
        assay_study_comparison comparison;
        assay_error error;
        support_assert_ok(assay_study_summarize(store, 0, 0, &summary, &error), &error);
        support_assert_ok(assay_study_compare(store, 0, 1, 0, &comparison, &error), &error);
        const double means[] = {NAN, 3, 4};
        ck_assert(summary.finished == count && comparison.pairs == count && comparison.lost == 0);
        ck_assert(count == 0 ? isnan(summary.mean) && isnan(summary.interval.estimate)
                             : summary.mean == means[count] && summary.interval.estimate == means[count]);
        ck_assert(count < 2 ? isnan(summary.std) : fabs(summary.std - sqrt(2)) < 1e-15);
        ck_assert(isnan(summary.interval.lower) == (count < 2) && isnan(summary.interval.upper) == (count < 2));
        ck_assert(count == 0 ? isnan(comparison.difference.estimate)
                             : comparison.difference.estimate == 2 - means[count]);
        ck_assert(isnan(comparison.difference.lower) == (count < 2));
        ck_assert(count < 2 ? isnan(comparison.p) : comparison.p == 0.5); /* 2 of 4 patterns */
        ck_assert(isinf(comparison.smallest) && comparison.smallest > 0);
    }
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    support_remove_folder(folder);
}
END_TEST

/* --- the command -------------------------------------------------------------------------------------------------- */

/* 8 runs of some hundredths of a second on the real data. */
#define COMMAND_PLAN                                                                                                   \
    "{\"study\": \"s\", \"settings\": {\"hidden\": \"8\", \"train_count\": 2000, \"validation_count\": 200, "          \
    "\"epochs\": 2}, \"factors\": [{\"name\": \"lr\", \"levels\": [0.1, 0.2]}], \"seeds\": {\"first\": 1, \"count\": " \
    "4}, \"record\": [\"test_accuracy\"]}"

/* Runs a shell script in a new folder that has plan.json; $STUDY is the command. `*folder` is for
 * support_remove_folder. */
static support_result script(const char *text, char **folder)
{
    *folder = support_make_folder();
    char *command = assay_asprintf(NULL,
                                   "cd '%s' && printf '%%s' '" COMMAND_PLAN "' > plan.json && "
                                   "STUDY=\"%s study plan.json --data %s\" && %s",
                                   *folder, support_program(), support_data_folder(), text);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static void expect(const char *text, int status, const char *output, const char *errors)
{
    char *folder;
    support_result result = script(text, &folder);
    ck_assert_msg(result.status == status, "%s: status %d\n%s%s", text, result.status, result.output, result.errors);
    ck_assert_msg(strstr(result.output, output) != NULL, "%s: no '%s' in\n%s", text, output, result.output);
    ck_assert_msg(strstr(result.errors, errors) != NULL, "%s: no '%s' in\n%s", text, errors, result.errors);
    support_result_free(&result);
    support_remove_folder(folder);
}

/* The results, without what differs between processes. */
#define RESULTS(folder) "for f in " folder "/runs/*.json; do sed 's/,\"made\".*//' $f; echo; done"

START_TEST(command)
{
    evidence(EVIDENCE_PROPERTY, "study/store");
    /* one process; two jobs; two processes at once; three parts: the same results, and each run only once */
    expect("$STUDY --jobs 1 --output one > one.txt && $STUDY --jobs 2 --output two > two.txt && "
           "($STUDY --jobs 1 --output both > a.txt & $STUDY --jobs 1 --output both > b.txt; wait) && "
           "for i in 0 1 2; do $STUDY --jobs 1 --output parts --array $i/3 || exit 1; done && "
           "$STUDY --output parts > parts.txt && " RESULTS("one") " > 1 && " RESULTS("two") " > 2 && " RESULTS(
               "both") " > 3 && " RESULTS("parts") " > 4 && cmp 1 2 && cmp 1 3 && cmp 1 4 && cmp one.txt two.txt && "
                                                   "cmp one.txt a.txt && cmp one.txt b.txt && cmp one.txt parts.txt && "
                                                   "ls one/runs | wc -l",
           0, "8\n", "");
}
END_TEST

START_TEST(command_goes_on)
{
    evidence(EVIDENCE_PROPERTY, "study/store");
    /* killed with all its processes after the first result, and continued: what was there is not run again */
    expect("sed -i 's/\"epochs\": 2/\"epochs\": 60/' plan.json && "
           "{ setsid $STUDY --jobs 2 > first.txt 2>&1 & } && leader=$! && "
           "while ! ls plan.results/runs/*.json > /dev/null 2>&1; do sleep 0.02; done && "
           "kill -s KILL -- -$leader; wait; before=$(ls plan.results/runs/*.json | wc -l) && "
           "test $before -lt 8 && cat plan.results/runs/*.json > old && sleep 0.3 && $STUDY && "
           "test $(ls -A plan.results/runs | wc -l) = 8 && cat plan.results/runs/*.json > new && "
           "test $(grep -cxFf old new) = $before && echo kept",
           0, "kept", "");
    /* two processes at once: each does some of the runs, which take longer than a start */
    expect("sed -i 's/\"epochs\": 2/\"epochs\": 60/' plan.json && "
           "{ $STUDY --jobs 1 > a.txt & } && $STUDY --jobs 1 > b.txt && wait $! && cmp a.txt b.txt && "
           "cat plan.results/runs/* | grep -o '\"process\":[0-9]*' | sort -u | wc -l",
           0, "2\n", "");
    /* one worker is killed: the other does its run */
    expect("sed -i 's/\"epochs\": 2/\"epochs\": 60/' plan.json && "
           "{ $STUDY --jobs 2 > first.txt 2> errors.txt & } && leader=$! && "
           "while ! ls plan.results/runs/*.json > /dev/null 2>&1; do sleep 0.02; done && "
           "kill -9 $(pgrep -P $leader | head -1); wait $leader && cat errors.txt && "
           "ls plan.results/runs/*.json | wc -l",
           0, "8\n", "");
}
END_TEST

START_TEST(command_errors)
{
    evidence(EVIDENCE_ERRORS, "study/store");
    expect("$STUDY --jobs 0", 2, "", "--jobs: '0' is not a number from 1");
    expect("$STUDY --array 3/3", 2, "", "--array: '3/3' is not I/N");
    expect("$STUDY extra", 2, "", "unexpected argument 'extra'");
    expect("$STUDY --json plan.json", 2, "", "--json plan.json");
    expect("echo '{' > plan.json && $STUDY", 1, "", "assay study: plan.json: line ");
    expect("$STUDY --data /nowhere", 1, "", "/nowhere");
    expect("$STUDY --backend nothing", 1, "", "nothing");
    expect("$STUDY --list | head -1 && $STUDY > /dev/null && $STUDY --list | sort -u | head -1", 0,
           "open     lr=0.1,seed=1\nfinished lr=0.1,seed=1\n", "");
    expect("$STUDY > 1 && echo x > plan.results/runs/lr=0.1,seed=2.json && $STUDY > 2 && cmp 1 2 && "
           "cat plan.results/runs/*.damaged",
           0, "x\n", "is now plan.results/runs/lr=0.1,seed=2.json.damaged, and its run is repeated");
    expect("$STUDY > 1 && $STUDY --pack r && cat plan.results/runs/* > 3 && sed 1d r | cmp 3 - && $STUDY --from r > 2 "
           "&& cmp 1 2 && "
           "$STUDY --from r --list | sort -u | wc -l",
           0, "8\n", "");
    expect("$STUDY --array 0/8 > 1 && $STUDY --pack r && wc -l < r", 0, "2\n",
           "7 of the plan's 8 runs are missing, the first is lr=0.2,seed=1");
    expect("$STUDY > 1 && $STUDY --pack r && sed -i 2d r && $STUDY --from r", 0,
           "8 runs (2 cells, 4 seeds), 7 finished", "1 of the plan's 8 runs are missing, the first is");
    expect("$STUDY --pack r", 1, "", "plan.results: there is no such folder");
    expect("$STUDY --from r --pack s", 2, "", "--from reads a record");
    expect("cp plan.json r && $STUDY --from r --json r", 2, "", "r: is read by this command");
    /* clocks that jumped: results from the future or the past count, and the file that a living process (the shell)
     * seems to have left hours ago stays */
    expect("$STUDY > 1 && touch -d 2040-01-01 plan.results/runs/* plan.results/lock && $STUDY > 2 && cmp 1 2 && "
           "touch -d 1980-01-01 plan.results/runs/* plan.results/runs/a.json.$$-1.tmp && $STUDY > 3 && cmp 1 3 && "
           "ls -A plan.results/runs | wc -l",
           0, "9\n", "");
    /* a full disk: a file size of 0 */
    expect("$STUDY --array 0/8 && (trap '' XFSZ; ulimit -f 0; $STUDY --jobs 1 2>&1) | cat >&2; "
           "$STUDY | head -1; ls -A plan.results/runs | wc -l",
           0, "8 runs (2 cells, 4 seeds), all finished\n8\n", "File too large");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("study");
    TCase *plans = tcase_create("plans");
    tcase_add_test(plans, plan_contents);
    tcase_add_test(plans, plan_limits);
    tcase_add_loop_test(plans, plan_errors, 0, sizeof wrong_plans / sizeof *wrong_plans);
    suite_add_tcase(suite, plans);
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 60);
    tcase_add_test(runs, a_run_depends_on_the_plan_alone);
    tcase_add_test(runs, a_run_is_a_training_run);
    tcase_add_test(runs, a_run_says_who_made_it);
    tcase_add_test(runs, measures_are_what_they_say);
    tcase_add_test(runs, settings_have_their_defaults);
    tcase_add_test(runs, divergence_in_the_second_epoch);
    tcase_add_test(runs, sharpness_against_a_known_hessian);
    tcase_add_test(runs, growth_of_a_small_network);
    tcase_add_test(runs, sharpness_of_a_thousand_images);
    tcase_add_test(runs, divergence_is_a_result);
    tcase_add_test(runs, numbers_that_are_not_finite_are_null);
    tcase_add_test(runs, run_errors);
    suite_add_tcase(suite, runs);
    TCase *stores = tcase_create("stores");
    tcase_set_timeout(stores, 60);
    tcase_add_test(stores, lines_are_checked);
    tcase_add_test(stores, lists_are_checked);
    tcase_add_test(stores, who_made_a_result);
    tcase_add_test(stores, records_by_hand);
    tcase_add_test(stores, all_runs_in_memory);
    tcase_add_test(stores, folders_in_the_way);
    tcase_add_test(stores, summary_of_known_numbers);
    tcase_add_test(stores, summary_of_few);
    tcase_add_test(stores, finished_runs_stay);
    tcase_add_test(stores, a_run_belongs_to_one_process_until_it_dies);
    tcase_add_test(stores, damaged_results_are_repeated);
    tcase_add_test(stores, folders_of_other_plans);
    tcase_add_test(stores, a_record_is_read_like_its_folder);
    tcase_add_test(stores, damaged_and_foreign_records);
    tcase_add_test(stores, summary_against_the_results);
    suite_add_tcase(suite, stores);
    TCase *commands = tcase_create("command");
    tcase_set_timeout(commands, 120);
    tcase_add_test(commands, command);
    tcase_add_test(commands, command_goes_on);
    tcase_add_test(commands, command_errors);
    if (support_data_folder() != NULL) {
        suite_add_tcase(suite, commands);
    }
    return support_run(suite);
}
