/* lib/{backend,nn,train,surface,tutorial,check,stats}: runs while allocations and system calls fail. */
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/check/gradient.h>
#include "fault_run.h"
#include <assay/nn/curvature.h>
#include <assay/optim/optimizer.h>
#include <assay/stats/goodness_of_fit.h>
#include <assay/stats/histogram.h>
#include <assay/stats/inference.h>
#include <assay/stats/spectrum.h>
#include "support.h"
#include <assay/surface/descent.h>
#include <assay/train/batches.h>
#include <assay/train/likeness.h>
#include <assay/train/trainer.h>
#include "train_sample.h"
#include <assay/tutorial/descents.h>
#include <assay/tutorial/figures.h>
#include <assay/tutorial/sections.h>
#include <assay/tutorial/theory.h>

enum { BACKEND, DATA, TRAINER };

/* --- training ---------------------------------------------------------------------------------------------------- */

static void open_sample(fault_bench *bench, const char *backend, assay_precision precision, int threads, size_t images)
{
    static assay_dataset data;
    data = sample_dataset(images, 1);
    bench->thing[DATA] = &data;
    bench->thing[BACKEND] = sample_backend(backend, precision, threads);
}

static void tidy_sample(fault_bench *bench)
{
    assay_trainer_destroy(bench->thing[TRAINER]);
    assay_backend_close(bench->thing[BACKEND]);
    assay_dataset_destroy(bench->thing[DATA]);
}

/* Small layers: what is allocated does not depend on their size. */
static assay_train_options tiny_options(size_t epochs)
{
    assay_train_options options = sample_options("adam", "lr=0.003", epochs);
    options.batch_rows = 8;
    options.train_count = 16;
    options.network.hidden_count = 2;
    options.network.hidden[0] = 3;
    options.network.hidden[1] = 2;
    return options;
}

static void set_up_backend(fault_bench *bench)
{
    bench->thing[BACKEND] = sample_backend("reference", ASSAY_F64, 1);
}

static void tidy_backend(fault_bench *bench)
{
    assay_backend_close(bench->thing[BACKEND]);
}

static assay_train_options options;

static void set_up_training(fault_bench *bench)
{
    open_sample(bench, "openblas", ASSAY_F32, 1, 24);
    options = tiny_options(1);
}

static assay_status train(fault_bench *bench, assay_error *error)
{
    assay_trainer *trainer;
    double accuracy = 0.0;
    ASSAY_TRY(assay_trainer_create(bench->thing[BACKEND], &options, bench->thing[DATA], &trainer, error));
    assay_status status = assay_trainer_epoch(trainer, NULL, error);
    if (status == ASSAY_OK) {
        status = assay_trainer_test(trainer, bench->thing[DATA], &accuracy, error);
    }
    if (status == ASSAY_OK) {
        fault_digest_f64(bench, assay_trainer_losses(trainer)[1]);
        fault_digest_f64(bench, accuracy);
    }
    assay_trainer_destroy(trainer);
    return status;
}

/* Inputs that are floats: three samples of two. */
static assay_status gather_floats(fault_bench *bench, assay_error *error)
{
    float values[] = {1, 2, 3, 4, 5, 6};
    int32_t labels[] = {0, 1, 0};
    double x[4];
    const assay_dataset data = {.count = 3, .width = 2, .classes = 2, .values = values, .labels = labels};
    assay_batches *batches;
    ASSAY_TRY(assay_batches_create(bench->thing[BACKEND], &data, 2, &batches, error));
    assay_batches_load(batches, 1, 2);
    assay_download_f64(bench->thing[BACKEND], assay_batches_inputs(batches, 2), x);
    fault_digest_f64(bench, x[3]);
    assay_batches_destroy(batches);
    return assay_backend_check(bench->thing[BACKEND], error);
}

/* A trainer after one of two epochs. Kept from run to run: making one draws what the tutorial's networks draw. */
static void keep_trainer(fault_bench *bench)
{
    static fault_bench kept;
    if (kept.thing[TRAINER] == NULL) {
        assay_error error;
        assay_trainer *trainer;
        open_sample(&kept, "reference", ASSAY_F64, 1, 24);
        options = tiny_options(2);
        support_assert_ok(assay_trainer_create(kept.thing[BACKEND], &options, kept.thing[DATA], &trainer, &error),
                          &error);
        support_assert_ok(assay_trainer_epoch(trainer, NULL, &error), &error);
        kept.thing[TRAINER] = trainer;
    }
    bench->thing[TRAINER] = kept.thing[TRAINER];
}

static void set_up_saving(fault_bench *bench)
{
    keep_trainer(bench);
    fault_write(bench, "checkpoint", "old", 3);
}

static assay_status save(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    ASSAY_TRY(assay_trainer_save(bench->thing[TRAINER], fault_path(bench, "checkpoint", path), error));
    return assay_trainer_save_best(bench->thing[TRAINER], fault_path(bench, "best", path), error);
}

/* The checkpoint of the first epoch; later runs find the trainer further on, or changed by a failure. */
static void set_up_resuming(fault_bench *bench)
{
    static char *bytes;
    static size_t size;
    char path[FAULT_PATH];
    assay_error error;
    keep_trainer(bench);
    if (bytes == NULL) {
        support_assert_ok(save(bench, &error), &error);
        fault_path(bench, "checkpoint", path);
        support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
    }
    fault_write(bench, "checkpoint", bytes, size);
}

static assay_status resume(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_trainer *trainer = bench->thing[TRAINER];
    ASSAY_TRY(assay_trainer_load(trainer, fault_path(bench, "checkpoint", path), error));
    ASSAY_TRY(assay_trainer_epoch(trainer, NULL, error));
    fault_digest_f64(bench, assay_trainer_losses(trainer)[3]);
    return ASSAY_OK;
}

/* --- backends ---------------------------------------------------------------------------------------------------- */

static assay_status open_and_use(fault_bench *bench, const char *name, assay_precision precision, int threads,
                                 assay_error *error)
{
    assay_backend *backend;
    ASSAY_TRY(assay_backend_open(&(assay_backend_options){name, precision, threads}, &backend, error));
    enum { MANY = 1 << 18 }; /* large enough for several threads */
    const uint8_t bytes[] = {1, 2, 3};
    assay_buffer *real = assay_buffer_create(backend, ASSAY_REAL, MANY);
    assay_buffer *borrowed = assay_buffer_borrow_u8(backend, bytes, sizeof bytes);
    assay_buffer *whole = assay_buffer_create(backend, ASSAY_INT32, 2);
    assay_fill(backend, assay_whole(real), 0.25);
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 1, 1);
    assay_fill_random(backend, assay_part_of(assay_whole(real), 0, 3), &generator,
                      (assay_distribution){ASSAY_UNIFORM, -1.0, 1.0});
    double sum = assay_sum(backend, assay_whole(real));
    assay_status status = assay_backend_check(backend, error);
    if (status == ASSAY_OK) {
        fault_digest_f64(bench, sum);
    }
    assay_buffer_destroy(backend, real);
    assay_buffer_destroy(backend, borrowed);
    assay_buffer_destroy(backend, whole);
    assay_backend_close(backend);
    return status;
}

static assay_status open_openblas(fault_bench *bench, assay_error *error)
{
    return open_and_use(bench, "openblas", ASSAY_F32, 3, error);
}

static assay_status open_reference(fault_bench *bench, assay_error *error)
{
    return open_and_use(bench, "reference", ASSAY_F64, 1, error);
}

/* --- the second half --------------------------------------------------------------------------------------------- */

static assay_status descend(fault_bench *bench, assay_error *error)
{
    static assay_section_results results;
    ASSAY_TRY(assay_descents_run(bench->thing[BACKEND], ASSAY_SECTION_STEEP, &results, error));
    for (size_t i = 0; i < results.count; i++) {
        fault_digest_f64(bench, results.results[i].ours);
    }
    return ASSAY_OK;
}

static assay_status draw_descents(fault_bench *bench, assay_error *error)
{
    assay_figure *figure;
    ASSAY_TRY(assay_descent_figure(bench->thing[BACKEND], ASSAY_SECTION_PATHOLOGICAL, &figure, error));
    fault_digest_text(bench, assay_figure_caption(figure));
    assay_figure_destroy(figure);
    ASSAY_TRY(assay_surface_figure(ASSAY_SECTION_STEEP, &figure, error));
    fault_digest_text(bench, assay_figure_alt(figure));
    assay_figure_destroy(figure);
    return ASSAY_OK;
}

/* --- the theory of the tutorial's variances, and the order of batches --------------------------------------------- */

enum { NETWORK = TRAINER + 1, INPUTS, ROWS = 4 };

/* A network of two hidden layers after one pass backwards. */
static void set_up_theory(fault_bench *bench)
{
    const assay_network_config config = {.inputs = 3,
                                         .classes = 2,
                                         .hidden_count = 2,
                                         .hidden = {4, 3},
                                         .activation = assay_activation_default(ASSAY_TANH)};
    assay_initializer initializer = assay_initializer_default(ASSAY_INIT_XAVIER_NORMAL);
    assay_generator generator;
    assay_network *network;
    assay_error error;
    double x[ROWS * 3];
    set_up_backend(bench);
    assay_backend *backend = bench->thing[BACKEND];
    support_assert_ok(assay_network_create(backend, &config, ROWS, true, &network, &error), &error);
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 1, 1);
    assay_initialize(&initializer, network, &generator);
    for (int i = 0; i < ROWS * 3; i++) {
        x[i] = sin(i);
    }
    assay_buffer *inputs = assay_buffer_create(backend, ASSAY_REAL, ROWS * 3);
    assay_buffer *labels = assay_buffer_create(backend, ASSAY_INT32, ROWS);
    assay_upload_f64(backend, assay_whole(inputs), x);
    assay_network_forward(network, ROWS, assay_whole(inputs));
    assay_network_backward(network, ROWS, assay_whole(inputs), assay_whole(labels), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_buffer_destroy(backend, labels);
    bench->thing[NETWORK] = network;
    bench->thing[INPUTS] = inputs;
}

static void tidy_theory(fault_bench *bench)
{
    assay_buffer_destroy(bench->thing[BACKEND], bench->thing[INPUTS]);
    assay_network_destroy(bench->thing[NETWORK]);
    tidy_backend(bench);
}

static assay_status expect(fault_bench *bench, assay_error *error)
{
    const assay_initializer initializer = assay_initializer_default(ASSAY_INIT_XAVIER_NORMAL);
    const assay_slice x = assay_whole(bench->thing[INPUTS]);
    for (size_t layer = 0; layer < 2; layer++) {
        assay_expectation e;
        ASSAY_TRY(assay_theory_activation(bench->thing[NETWORK], &initializer, layer, ROWS, x, &e, error));
        fault_digest_f64(bench, e.mean);
        ASSAY_TRY(assay_theory_gradient(bench->thing[NETWORK], &initializer, layer, ROWS, x, &e, error));
        fault_digest_f64(bench, e.mean);
    }
    return ASSAY_OK;
}

/* The figure of a network's weights. */
static assay_status draw_weights(fault_bench *bench, assay_error *error)
{
    assay_figure *figure;
    ASSAY_TRY(assay_experiment_figure(bench->thing[NETWORK], ASSAY_SECTION_XAVIER_TANH, ASSAY_PICTURE_WEIGHTS, &figure,
                                      error));
    fault_digest_text(bench, assay_figure_alt(figure));
    assay_figure_destroy(figure);
    return ASSAY_OK;
}

static void set_up_images(fault_bench *bench)
{
    static assay_dataset data;
    data = sample_dataset(12, 1);
    bench->thing[DATA] = &data;
}

static void tidy_images(fault_bench *bench)
{
    assay_dataset_destroy(bench->thing[DATA]);
}

static assay_status group(fault_bench *bench, assay_error *error)
{
    uint32_t order[12];
    for (uint32_t i = 0; i < 12; i++) {
        order[i] = i;
    }
    assay_likeness *likeness = assay_likeness_create(bench->thing[DATA], error);
    if (likeness == NULL) {
        return error->status;
    }
    assay_likeness_group(likeness, order, 12, 12);
    fault_digest(bench, order, sizeof order);
    assay_likeness_destroy(likeness);
    return ASSAY_OK;
}

/* --- the tutorial on Fashion-MNIST -------------------------------------------------------------------------------- */

/* Loaded once: the runs do not change it. */
static assay_session *session;

static void set_up_session(fault_bench *bench)
{
    static assay_backend *backend;
    (void)bench;
    if (session == NULL) {
        assay_session_options defaults = assay_session_defaults();
        assay_error error;
        defaults.data_folder = support_data_folder();
        backend = sample_backend("openblas", ASSAY_F32, 1);
        support_assert_ok(assay_session_create(backend, &defaults, &session, &error), &error);
    }
}

/* The batch's moments, and the first initialization's variances. */
static assay_status run_sections(fault_bench *bench, assay_error *error)
{
    static const assay_section sections[] = {ASSAY_SECTION_BATCH, ASSAY_SECTION_CONSTANT};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        assay_section_results results;
        ASSAY_TRY(assay_section_run(sections[i], &(assay_section_inputs){.session = session}, &results, error));
        fault_digest_f64(bench, results.results[0].ours);
    }
    return ASSAY_OK;
}

/* Without data there is no session: the message names the data, or memory. */
static assay_status refuse_session(fault_bench *bench, assay_error *error)
{
    assay_session_options missing = assay_session_defaults();
    assay_session *none;
    missing.data_folder = bench->folder;
    assay_status status = assay_session_create(NULL, &missing, &none, error);
    fault_digest_f64(bench, none == NULL ? 0.0 : 1.0);
    return status == ASSAY_ERROR_IO ? ASSAY_OK : status;
}

/* --- checks and statistics --------------------------------------------------------------------------------------- */

static double squares(const double *x, void *user)
{
    (void)user;
    return x[0] * x[0] + fabs(x[1]);
}

static void doubled(const double *x, double *y, void *user)
{
    (void)user;
    y[0] = 2.0 * x[0];
    y[1] = x[0] * x[1];
}

/* The curvature of the theory's network, and what is estimated from its products. */
typedef struct {
    assay_curvature *curvature;
    assay_slice x;
    assay_slice labels;
    assay_buffer *vector;
    assay_buffer *product;
    assay_backend *backend;
} curved;

static assay_status multiply(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    curved *c = user;
    (void)count;
    assay_upload_f64(c->backend, assay_whole(c->vector), vector);
    assay_curvature_product(c->curvature, ROWS, c->x, c->labels, assay_whole(c->vector), assay_whole(c->product));
    assay_download_f64(c->backend, assay_whole(c->product), product);
    return assay_backend_check(c->backend, error);
}

static assay_status estimate(curved *c, size_t count, fault_bench *bench, assay_error *error)
{
    assay_mt19937 generator;
    assay_eigenvalue found;
    assay_trace_estimate trace;
    assay_mt19937_seed(&generator, 1);
    ASSAY_TRY(assay_largest_eigenvalue(multiply, c, count, 3, 0, &generator, &found, error));
    fault_digest_f64(bench, found.value);
    ASSAY_TRY(assay_estimate_trace(multiply, c, count, 2, &generator, &trace, error));
    fault_digest_f64(bench, trace.trace);
    return ASSAY_OK;
}

static assay_status curve(fault_bench *bench, assay_error *error)
{
    curved c = {.backend = bench->thing[BACKEND], .x = assay_whole(bench->thing[INPUTS])};
    ASSAY_TRY(assay_curvature_create(bench->thing[NETWORK], &c.curvature, error));
    const size_t count = assay_network_parameters(bench->thing[NETWORK]).count;
    assay_buffer *labels = assay_buffer_create(c.backend, ASSAY_INT32, ROWS);
    c.labels = assay_whole(labels);
    c.vector = assay_buffer_create(c.backend, ASSAY_REAL, count);
    c.product = assay_buffer_create(c.backend, ASSAY_REAL, count);
    assay_status status = assay_backend_check(c.backend, error);
    if (status == ASSAY_OK) {
        status = estimate(&c, count, bench, error);
    }
    assay_buffer_destroy(c.backend, labels);
    assay_buffer_destroy(c.backend, c.vector);
    assay_buffer_destroy(c.backend, c.product);
    assay_curvature_destroy(c.curvature);
    return status;
}

static assay_status infer(fault_bench *bench, assay_error *error)
{
    const double values[] = {0.5, -0.25, 1, 2, 0.75, 1.5, -0.5, 3, 0.125, 1.25};
    enum { COUNT = sizeof values / sizeof *values };
    const assay_power_plan plan = {.count = COUNT, .alpha = 0.05, .flips = 50, .experiments = 4};
    double p[] = {0.01, 0.5};
    double number;
    assay_mt19937 generator;
    assay_interval interval;
    assay_sign_flip_result flips;
    assay_mt19937_seed(&generator, 1);
    ASSAY_TRY(
        assay_bootstrap_interval(COUNT, values, assay_statistic_mean, NULL, 100, 0.9, &generator, &interval, error));
    fault_digest_f64(bench, interval.lower);
    ASSAY_TRY(assay_sign_flip_test(COUNT, values, 50, &generator, &flips, error));
    fault_digest_f64(bench, flips.p);
    ASSAY_TRY(assay_holm(2, p, p, error));
    fault_digest_f64(bench, p[0]);
    ASSAY_TRY(assay_smallest_effect(&plan, COUNT, values, 0.5, &generator, &number, error));
    fault_digest_f64(bench, number);
    return ASSAY_OK;
}

static assay_status settle(fault_bench *bench, assay_error *error)
{
    assay_update_rule rule;
    assay_optimizer *optimizer;
    ASSAY_TRY(assay_optimizer_by_name("adam", &rule, error));
    ASSAY_TRY(assay_optimizer_create(bench->thing[BACKEND], &rule, 3, &optimizer, error));
    assay_optimizer_destroy(optimizer);
    char *text = assay_optimizer_settings(&rule, error);
    if (text == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    fault_digest_text(bench, text);
    assay_free(text);
    return ASSAY_OK;
}

static assay_status check_gradients(fault_bench *bench, assay_error *error)
{
    const double x[] = {1.5, 0.0};
    const double dx[] = {3.0, 0.5};
    assay_gradient_report report;
    assay_gradient_entry entries[2];
    ASSAY_TRY(assay_check_gradient(squares, NULL, 2, x, dx, NULL, entries, &report, error));
    fault_digest_f64(bench, report.worst.numeric);
    fault_digest_f64(bench, entries[0].numeric);
    ASSAY_TRY(assay_check_vjp(doubled, NULL, 2, x, 2, (const double[]){1.0, 0.5}, (const double[]){2.0, 0.75}, NULL,
                              NULL, &report, error));
    fault_digest_f64(bench, report.worst.numeric);
    return ASSAY_OK;
}

static assay_status statistics(fault_bench *bench, assay_error *error)
{
    double values[64];
    double edges[9];
    size_t counts[8];
    enum { POINTS = 200 }; /* as many as make the density take memory */
    double points[POINTS];
    double density[POINTS];
    double statistic;
    for (int i = 0; i < 64; i++) {
        values[i] = sin(i);
    }
    for (int i = 0; i < POINTS; i++) {
        points[i] = 0.01 * i - 1;
    }
    assay_distribution uniform = {ASSAY_UNIFORM, -1.0, 1.0};
    ASSAY_TRY(assay_histogram(64, values, 8, edges, counts, error));
    fault_digest(bench, counts, sizeof counts);
    ASSAY_TRY(assay_kernel_density(64, values, 0.3, POINTS, points, density, error));
    fault_digest(bench, density, sizeof density);
    ASSAY_TRY(assay_kolmogorov_smirnov(64, values, assay_distribution_cumulative, &uniform, &statistic, error));
    fault_digest_f64(bench, statistic);
    ASSAY_TRY(assay_chi_square(64, values, 8, assay_distribution_cumulative, &uniform, &statistic, error));
    fault_digest_f64(bench, statistic);
    return ASSAY_OK;
}

static const fault_scenario scenarios[] = {
    {"OpenBLAS and three threads", NULL, open_openblas, NULL, 0, NULL, 0},
    {"the reference backend", NULL, open_reference, NULL, 0, NULL, 0},
    {"an epoch and a test", set_up_training, train, tidy_sample, 0, NULL, 0},
    {"batches of floats", set_up_backend, gather_floats, tidy_backend, 0, NULL, 0},
    {"a checkpoint saved", set_up_saving, save, NULL, 0, NULL, 0},
    {"a run resumed", set_up_resuming, resume, NULL, 0, NULL, 0},
    {"descents", set_up_backend, descend, tidy_backend, 0, NULL, 0},
    {"figures of descents", set_up_backend, draw_descents, tidy_backend, 0, NULL, 0},
    {"the theory", set_up_theory, expect, tidy_theory, 0, NULL, 0},
    {"a figure of weights", set_up_theory, draw_weights, tidy_theory, 0, NULL, 0},
    {"images grouped", set_up_images, group, tidy_images, 0, NULL, 0},
    {"curvature", set_up_theory, curve, tidy_theory, 0, NULL, 0},
    {"optimizers", set_up_backend, settle, tidy_backend, 0, NULL, 0},
    {"inference", NULL, infer, NULL, 0, NULL, 0},
    {"gradients checked", NULL, check_gradients, NULL, 0, NULL, 0},
    {"statistics", NULL, statistics, NULL, 0, NULL, 0},
    {"a session without data", NULL, refuse_session, NULL, 0, NULL, 0},
    {"sections of the tutorial", set_up_session, run_sections, NULL, 0, NULL, 0},
};

int main(void)
{
    size_t count = sizeof scenarios / sizeof scenarios[0];
    if (support_data_folder() == NULL) {
        count--;
    }
    return fault_main(
        "faults in runs",
        "errors: backend/backend, nn/network_create, optim/optimizer_create, train/trainer_epoch, "
        "train/trainer_test, train/trainer_save, train/trainer_load, surface/descend, tutorial/descents_run, "
        "check/check_gradient, nn/curvature_create, stats/largest_eigenvalue, stats/estimate_trace, "
        "stats/bootstrap_interval, stats/sign_flip_test, stats/holm, stats/smallest_effect, stats/histogram, "
        "stats/kernel_density, stats/chi_square, "
        "stats/kolmogorov_smirnov",
        scenarios, count, NULL);
}
