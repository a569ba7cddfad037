/*
 * Studies: plans and their errors, the folder that processes share, runs that depend on nothing but plan and data, and
 * the command assay study: stopped and continued, in two processes, in parts, on a full disk.
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/optim/optimizer.h>
#include <assay/study/record.h>
#include <assay/study/run.h>
#include <assay/study/store.h>
#include <assay/study/summary.h>
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
}
END_TEST

#define LEVELS(text) \
    "{\"study\": \"s\", \"factors\": [{\"name\": \"lr\", \"levels\": " text "}], " SEEDS ", " RECORD "}"
#define SETTINGS(text) "{\"study\": \"s\", \"settings\": {" text "}, " SEEDS ", " RECORD "}"
#define WITH_SEEDS(text) "{\"study\": \"s\", \"seeds\": " text ", " RECORD "}"

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
    {"{\"study\": \"s\", \"factors\": {}}", ASSAY_ERROR_FORMAT, "\"factors\" must be a list"},
    {"{\"study\": \"s\", " SEEDS "}", ASSAY_ERROR_FORMAT, "\"record\" must be a list"},
    {"{\"study\": \"s\", " RECORD "}", ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("[1, 1]"), ASSAY_ERROR_FORMAT, "the seed 1 is given twice"},
    {WITH_SEEDS("[-1]"), ASSAY_ERROR_FORMAT, "not negative"},
    {WITH_SEEDS("[]"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": 0}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {WITH_SEEDS("{\"first\": 1, \"count\": 99999999}"), ASSAY_ERROR_FORMAT, "\"seeds\" must be"},
    {LEVELS("[]"), ASSAY_ERROR_FORMAT, "factor 'lr': expected"},
    {LEVELS("[true]"), ASSAY_ERROR_FORMAT, "lr: a level must be a text, a number or an object"},
    {LEVELS("[{\"lr\": 1}]"), ASSAY_ERROR_FORMAT, "needs a \"name\""},
    {LEVELS("[{\"name\": \"../x\", \"lr\": 1}]"), ASSAY_ERROR_FORMAT, "such as '../x'"},
    {LEVELS("[0.1, 0.1]"), ASSAY_ERROR_FORMAT, "two levels '0.1'"},
    {LEVELS("[\"much\"]"), ASSAY_ERROR_ARGUMENT, "lr=much: lr: must be a number not below 0"},
    {LEVELS("[-1]"), ASSAY_ERROR_ARGUMENT, "lr=-1: lr: must be a number not below 0"},
    {SETTINGS("\"rate\": 1"), ASSAY_ERROR_ARGUMENT, "all: unknown setting 'rate'; known: optimizer, lr, set"},
    {SETTINGS("\"LR\": 1"), ASSAY_ERROR_ARGUMENT, "the setting 'LR' is spelt 'lr'"},
    {SETTINGS("\"optimizer\": \"best\""), ASSAY_ERROR_ARGUMENT, "optimizer: unknown optimizer 'best'; known: sgd"},
    {SETTINGS("\"epochs\": 0"), ASSAY_ERROR_ARGUMENT, "epochs: must be a whole number from 1"},
    {SETTINGS("\"epochs\": 1.5"), ASSAY_ERROR_ARGUMENT, "epochs: must be a whole number from 1"},
    {SETTINGS("\"hidden\": 5"), ASSAY_ERROR_ARGUMENT, "hidden: must be a text"},
    {SETTINGS("\"depth\": 5"), ASSAY_ERROR_ARGUMENT, "'depth' and 'width' belong together"},
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
    evidence(EVIDENCE_PROPERTY, "study/study_run");
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
    evidence(EVIDENCE_PROPERTY, "study/study_run");
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
    evidence(EVIDENCE_PROPERTY, "study/study_run");
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
    support_assert_relative("growth", recorded_number(line, "perturbed_growth"), mean_growth(r), 1e-3);
    free(line);
    assay_free(r);
    sample_destroy(s);
    assay_study_plan_destroy(plan);
}
END_TEST

START_TEST(divergence_is_a_result)
{
    evidence(EVIDENCE_PROPERTY, "study/study_run");
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

/* One step that is far too large: the epoch's loss is finite, and nothing that comes after it. */
START_TEST(numbers_that_are_not_finite_are_null)
{
    evidence(EVIDENCE_PROPERTY, "study/study_run");
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
    evidence(EVIDENCE_ERRORS, "study/study_run");
    static const struct {
        const char *settings;
        const char *message;
    } cases[] = {
        {"\"train_count\": 300", "seed=1: train_count and validation_count must be above 0 and together at most 300"},
        {"\"train_count\": 200, \"validation_count\": 101", "together at most 300"},
        {"\"validation_count\": 300", "together at most 300"},
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

static void save(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

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
    const char *build = getenv("ASSAY_BUILD");
    *folder = support_make_folder();
    char *command = assay_asprintf(NULL,
                                   "cd '%s' && printf '%%s' '" COMMAND_PLAN "' > plan.json && "
                                   "STUDY=\"%s/assay study plan.json --data %s\" && %s",
                                   *folder, build != NULL ? build : ".", support_data_folder(), text);
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
    if (support_data_folder() == NULL) {
        return SUPPORT_SKIP;
    }
    Suite *suite = suite_create("study");
    TCase *plans = tcase_create("plans");
    tcase_add_test(plans, plan_contents);
    tcase_add_loop_test(plans, plan_errors, 0, sizeof wrong_plans / sizeof *wrong_plans);
    suite_add_tcase(suite, plans);
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 60);
    tcase_add_test(runs, a_run_depends_on_the_plan_alone);
    tcase_add_test(runs, a_run_is_a_training_run);
    tcase_add_test(runs, sharpness_against_a_known_hessian);
    tcase_add_test(runs, divergence_is_a_result);
    tcase_add_test(runs, numbers_that_are_not_finite_are_null);
    tcase_add_test(runs, run_errors);
    suite_add_tcase(suite, runs);
    TCase *stores = tcase_create("stores");
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
    suite_add_tcase(suite, commands);
    return support_run(suite);
}
