/* lib/tutorial: the figures contain the computed values, and the spread through depth agrees with the theory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "backend/implementation.h"
#include "support.h"
#include "tutorial/figure_parts.h"
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/figures.h>
#include <assay/tutorial/record.h>

static assay_backend *open_backend(assay_precision precision)
{
    assay_backend *backend;
    assay_error error;
    const assay_backend_options options = {.name = "openblas", .precision = precision, .threads = 1};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

/* The data file that a figure writes; destroys the figure. The caller frees the text with assay_free. */
static char *data_of(assay_figure *figure)
{
    char *folder = support_make_folder();
    assay_error error;
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *path = assay_asprintf(NULL, "%s/%s.dat", folder, assay_figure_name(figure));
    char *text;
    size_t size;
    support_assert_ok(assay_file_read(path, 16000000, &text, &size, &error), &error);
    assay_free(path);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
    return text;
}

/* The rows of the block whose first line holds `what`; `columns` numbers each, into values. Returns the rows. */
static size_t read_block(const char *data, const char *what, size_t columns, size_t limit, double *values)
{
    const char *at = strstr(data, what);
    ck_assert_msg(at != NULL, "no block of %s", what);
    at = strchr(at, '\n') + 1;
    at = strchr(at, '\n') + 1;
    size_t rows = 0;
    while (*at != '\0' && *at != '\n' && *at != '#' && rows < limit) {
        for (size_t i = 0; i < columns; i++) {
            char *end;
            values[rows * columns + i] = strtod(at, &end);
            ck_assert_ptr_ne(end, at);
            at = end;
        }
        at++;
        rows++;
    }
    return rows;
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

/* --- spread through depth ---------------------------------------------------------------------------------------- */

enum { IMAGES = 400, EXPERIMENTS = 7 };

/* Images of noise: every pixel uniform, so that normalised pixels have a known second moment. */
static assay_dataset noise(void)
{
    assay_dataset data;
    assay_error error;
    support_assert_ok(
        assay_dataset_create(ASSAY_INPUTS_BYTES, IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, &data, &error), &error);
    data.mean = ASSAY_NORMALIZE_MEAN;
    data.std = ASSAY_NORMALIZE_STD;
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 7);
    for (size_t i = 0; i < IMAGES * ASSAY_IMAGE_PIXELS; i++) {
        data.pixels[i] = (uint8_t)(assay_mt19937_random32(&generator) >> 24);
    }
    for (size_t i = 0; i < IMAGES; i++) {
        data.labels[i] = (int32_t)(i % ASSAY_CLASSES);
    }
    return data;
}

static assay_status measure(assay_backend *backend, assay_section section, size_t training, assay_depth_curve *curve,
                            assay_error *error)
{
    assay_dataset data = noise();
    assay_split split;
    assay_mt19937 order;
    assay_generator generator;
    assay_mt19937_seed(&order, 42);
    support_assert_ok(assay_split_create(&order, IMAGES, training, &split, error), error);
    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, 42, ASSAY_TUTORIAL_BLOCKS);
    assay_status status = assay_depth_measure(backend, &data, &split, &generator, assay_experiment_of(section), curve,
                                              error);
    assay_split_destroy(&split);
    assay_dataset_destroy(&data);
    return status;
}

/*
 * By which factor the spread changes from layer to layer, on average over layers 3 to 49. Activations: without
 * activation function sqrt(256 Var w), that is 256 times the constant, 16 times the standard deviation, and 1 for the
 * others; 1 for Kaiming too, whose gain makes up for ReLU. But normal_(std = 0.01) draws biases, and from layer 3 on
 * their spread is all that is left. Gradients: dW = dz^T h, and from layer to layer upwards dz shrinks by the factor
 * that weights would make h grow by. A finite width makes the factors wander: the mean of their logarithms over 46
 * layers has a standard deviation of about 1 / sqrt(46 * 256), below 1 %; 5 % are allowed.
 */
static const struct {
    assay_section section;
    double activations;
    double gradients; /* 0: no spread at all */
} growths[] = {
    {ASSAY_SECTION_CONSTANT, 1.28, 0.0},       {ASSAY_SECTION_VARIANCE_001, 1.0, 6.25},
    {ASSAY_SECTION_VARIANCE_01, 1.6, 1.0},     {ASSAY_SECTION_EQUAL_VARIANCE, 1.0, 1.0},
    {ASSAY_SECTION_XAVIER_IDENTITY, 1.0, 1.0}, {ASSAY_SECTION_KAIMING_RELU, 1.0, 1.0},
};

static double growth(const double *spread)
{
    return pow(spread[48] / spread[2], 1.0 / 46.0);
}

START_TEST(spread_through_depth)
{
    assay_error error;
    assay_depth_curve curve;
    assay_backend *backend = open_backend(ASSAY_F64);
    memset(&curve, 0xff, sizeof curve); /* NaN */
    support_assert_ok(measure(backend, growths[_i].section, 300, &curve, &error), &error);
    for (size_t layer = 0; layer < ASSAY_DEPTH_LAYERS; layer++) {
        ck_assert(curve.activation[layer] > 0.0 && curve.gradient[layer] >= 0.0);
    }
    support_assert_relative(assay_section_name(growths[_i].section), growth(curve.activation), growths[_i].activations,
                            0.05);
    ck_assert_double_gt(curve.gradient[ASSAY_DEPTH_LAYERS - 1], 0.0);
    for (size_t layer = 0; layer + 1 < ASSAY_DEPTH_LAYERS; layer++) {
        if (growths[_i].gradients > 0.0) {
            ck_assert_double_gt(curve.gradient[layer], 0.0);
        } else {
            ck_assert_double_eq(curve.gradient[layer], 0.0);
        }
    }
    if (growths[_i].gradients > 0.0) {
        support_assert_relative("gradients", growth(curve.gradient), growths[_i].gradients, 0.05);
    }
    assay_backend_close(backend);
}
END_TEST

START_TEST(depth_is_refused)
{
    assay_error error;
    assay_depth_curve curve;
    assay_backend *backend = open_backend(ASSAY_F32);
    support_assert_error(measure(backend, ASSAY_SECTION_CONSTANT, 300, &curve, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "f64");
    assay_backend_close(backend);
    backend = open_backend(ASSAY_F64);
    support_assert_error(measure(backend, ASSAY_SECTION_CONSTANT, ASSAY_DEPTH_ROWS - 1, &curve, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "and 256 training images");
    assay_backend_close(backend);
}
END_TEST

/* A figure's name is the name of its files, so a dot in it would look like a file type. */
START_TEST(names_have_no_dots)
{
    for (int section = 0; section < ASSAY_SECTION_COUNT; section++) {
        char name[64];
        char wanted[64];
        assay_figure_name_of((assay_section)section, "kind", name, sizeof name);
        ck_assert_ptr_null(strchr(name, '.'));
        snprintf(wanted, sizeof wanted, "%s-kind", assay_section_name((assay_section)section));
        ck_assert_uint_eq(strlen(name), strlen(wanted));
        ck_assert(strcspn(wanted, ".") == strlen(wanted) || name[strcspn(wanted, ".")] == '-');
    }
}
END_TEST

START_TEST(depth_figure)
{
    assay_error error;
    assay_figure *figure;
    assay_depth_curve curves[EXPERIMENTS] = {0};
    double values[2 * ASSAY_DEPTH_LAYERS];
    ck_assert_uint_eq(assay_experiment_count(), EXPERIMENTS);
    for (int i = 0; i < EXPERIMENTS; i++) {
        for (int j = 0; j < ASSAY_DEPTH_LAYERS; j++) {
            curves[i].activation[j] = i + 0.01 * (j + 1);
            curves[i].gradient[j] = i == 0 ? 0.0 : 10.0 * i;
        }
    }
    support_assert_ok(assay_depth_figure(curves, &figure, &error), &error);
    const char *alt = strstr(assay_figure_alt(figure), "goes for constant 0.005 from 0.01 to 0.49, for ");
    ck_assert_msg(alt != NULL, "%s", assay_figure_alt(figure));
    ck_assert_ptr_nonnull(strstr(alt, ", for Kaiming, ReLU from 6 to 6.5."));
    ck_assert_ptr_nonnull(strstr(assay_figure_caption(figure), "Constant weights pass no gradient"));
    ck_assert_uint_eq(assay_figure_width(figure), 2 * 480);
    ck_assert_uint_eq(assay_figure_height(figure), 2 * 400);
    ck_assert_str_eq(assay_figure_title(figure), "Standard deviation against depth: 50 linear layers of width 256");
    char *data = data_of(figure);
    /* Activations on the left, and below, closer, the four experiments that keep their spread. */
    ck_assert(strstr(data, "\"Activations\"") < strstr(data, "\"Gradients of the weights\""));
    ck_assert_uint_eq(count_of(data, "line of panel \"Activations\""), EXPERIMENTS);
    ck_assert_uint_eq(count_of(data, "line of panel \"Gradients of the weights\""), EXPERIMENTS);
    ck_assert_uint_eq(count_of(data, "line of panel \"The steady ones, closer\""), 2 * 4);
    const char *closer = strstr(data, "\"The steady ones, closer\"");
    for (int i = 3; i < EXPERIMENTS; i++) {
        ck_assert_uint_eq(read_block(closer, "\"The steady ones, closer\"", 2, ASSAY_DEPTH_LAYERS, values),
                          ASSAY_DEPTH_LAYERS);
        ck_assert_double_eq_tol(values[1], i + 0.01, 1e-6);
        closer = strstr(closer + 1, "\"The steady ones, closer\"");
    }
    ck_assert_uint_eq(read_block(data, "\"Activations\", Kaiming", 2, ASSAY_DEPTH_LAYERS, values), ASSAY_DEPTH_LAYERS);
    ck_assert_double_eq_tol(values[2 * 49], 50.0, 1e-6);
    ck_assert_double_eq_tol(values[2 * 49 + 1], 6.5, 1e-6);
    /* On a log axis, a spread of 0 is a gap. */
    read_block(data, "\"Gradients of the weights\", constant", 2, ASSAY_DEPTH_LAYERS, values);
    ck_assert(isnan(values[1]));
    assay_free(data);
}
END_TEST

/* --- the network's distributions --------------------------------------------------------------------------------- */

static assay_network *experiment(assay_backend *backend)
{
    enum { ROWS = ASSAY_TUTORIAL_BATCH, WIDTH = ASSAY_IMAGE_PIXELS };
    assay_error error;
    assay_network *network;
    assay_network_config config = assay_tutorial_network(ASSAY_TANH);
    assay_generator generator;
    int32_t labels[ROWS];
    assay_initializer initializer = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    support_assert_ok(assay_network_create(backend, &config, ROWS, true, &network, &error), &error);
    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, 42, ASSAY_TUTORIAL_BLOCKS);
    assay_initialize(&initializer, network, &generator);
    assay_buffer *x = assay_buffer_create(backend, ASSAY_REAL, ROWS * WIDTH);
    assay_buffer *y = assay_buffer_create(backend, ASSAY_INT32, ROWS);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i % ASSAY_CLASSES;
    }
    assay_fill_random(backend, assay_whole(x), &generator, (assay_distribution){ASSAY_NORMAL, 0.0, 1.0});
    assay_upload_i32(backend, assay_whole(y), labels);
    assay_network_forward(network, ROWS, assay_whole(x));
    assay_network_backward(network, ROWS, assay_whole(x), assay_whole(y), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_buffer_destroy(backend, x);
    assay_buffer_destroy(backend, y);
    return network;
}

static const struct {
    assay_picture picture;
    const char *name;
    double counts[5]; /* the sum of the bars: all weights; for densities, their area is 1 */
} pictures[] = {
    {ASSAY_PICTURE_WEIGHTS, "xavier-tanh-weights", {401408, 131072, 65536, 32768, 1280}},
    {ASSAY_PICTURE_GRADIENTS, "xavier-tanh-gradients", {401408, 131072, 65536, 32768, 1280}},
    {ASSAY_PICTURE_ACTIVATIONS, "xavier-tanh-activations", {1, 1, 1, 1, 1}},
};

/* The alternative text gives each layer's range and deviation. */
static void check_range(assay_network *network, assay_picture picture, const char *alt)
{
    if (picture == ASSAY_PICTURE_ACTIVATIONS) {
        return;
    }
    for (size_t layer = 0; layer < 5; layer++) {
        assay_tensor tensor = assay_network_tensor(network, 2 * layer);
        assay_slice slice = picture == ASSAY_PICTURE_WEIGHTS ? tensor.values : tensor.gradient;
        assay_moments moments = assay_reduce_moments(assay_network_backend(network), slice);
        double found[3];
        char *begin = assay_asprintf(NULL, "Layer %zu (", 2 * layer);
        const char *at = strstr(strstr(alt, begin), "): ");
        ck_assert_int_eq(sscanf(at, "): from %lf to %lf, standard deviation %lf", &found[0], &found[1], &found[2]), 3);
        support_assert_relative("smallest", found[0], moments.minimum, 0.006);
        support_assert_relative("largest", found[1], moments.maximum, 0.006);
        support_assert_relative("deviation", found[2], sqrt(moments.variance), 0.006);
        assay_free(begin);
    }
}

START_TEST(distributions)
{
    static const char *const titles[] = {"Layer 0 (784 → 512)", "Layer 2 (512 → 256)", "Layer 4 (256 → 256)",
                                         "Layer 6 (256 → 128)", "Layer 8 (128 → 10)"};
    assay_error error;
    assay_figure *figure;
    assay_backend *backend = open_backend(ASSAY_F32);
    assay_network *network = experiment(backend);
    assay_picture picture = pictures[_i].picture;
    support_assert_ok(assay_experiment_figure(network, ASSAY_SECTION_XAVIER_TANH, picture, &figure, &error), &error);
    ck_assert_str_eq(assay_figure_name(figure), pictures[_i].name);
    bool said = strstr(assay_figure_caption(figure), "does not draw") != NULL;
    ck_assert_int_eq(said, picture == ASSAY_PICTURE_WEIGHTS);
    ck_assert_uint_eq(assay_figure_width(figure), 3 * 310);
    ck_assert_uint_eq(assay_figure_height(figure), 2 * 240);
    ck_assert_ptr_nonnull(strstr(assay_figure_title(figure), ": Xavier initialization, tanh network"));
    ck_assert_ptr_nonnull(strstr(assay_figure_alt(figure), "Histograms of 5 layers. Layer 0 (784 → 512): from "));
    check_range(network, picture, assay_figure_alt(figure));
    char *data = data_of(figure);
    for (size_t layer = 0; layer < 5; layer++) {
        double bars[3 * 60];
        double sum = 0.0;
        char *block = assay_asprintf(NULL, "bars of panel \"%s\"", titles[layer]);
        ck_assert_uint_eq(read_block(data, block, 3, 60, bars), 50);
        for (size_t i = 0; i < 50; i++) {
            sum += bars[3 * i + 2] * (picture == ASSAY_PICTURE_ACTIVATIONS ? bars[3 * i + 1] - bars[3 * i] : 1.0);
        }
        support_assert_relative(block, sum, pictures[_i].counts[layer], 1e-6);
        /* Xavier's bound: uniform weights fill [-a, a], a = sqrt(6 / (d_x + d_y)). */
        if (picture == ASSAY_PICTURE_WEIGHTS && layer == 0) {
            support_assert_relative("the largest weight", bars[3 * 49 + 1], sqrt(6.0 / (784 + 512)), 1e-4);
        }
        assay_free(block);
    }
    assay_free(data);
    assay_backend_record(backend, ASSAY_ERROR_NUMERIC, "a planted failure");
    support_assert_error(assay_experiment_figure(network, ASSAY_SECTION_XAVIER_TANH, picture, &figure, &error),
                         ASSAY_ERROR_NUMERIC, &error, "a planted failure");
    ck_assert_ptr_null(figure);
    assay_network_destroy(network);
    assay_backend_close(backend);
}
END_TEST

START_TEST(pictures_of_the_tutorial)
{
    ck_assert(assay_picture_in_tutorial(ASSAY_SECTION_EQUAL_VARIANCE, ASSAY_PICTURE_WEIGHTS));
    ck_assert(!assay_picture_in_tutorial(ASSAY_SECTION_EQUAL_VARIANCE, ASSAY_PICTURE_GRADIENTS));
    ck_assert(assay_picture_in_tutorial(ASSAY_SECTION_CONSTANT, ASSAY_PICTURE_GRADIENTS));
    ck_assert(assay_picture_in_tutorial(ASSAY_SECTION_VARIANCE_01, ASSAY_PICTURE_ACTIVATIONS));
    ck_assert(!assay_picture_in_tutorial(ASSAY_SECTION_STEEP, ASSAY_PICTURE_ACTIVATIONS));
    /* The notebook plots the weights once, the gradients of four networks and the activations of each. */
    size_t drawn[3] = {0};
    for (size_t i = 0; i < assay_experiment_count(); i++) {
        for (int picture = ASSAY_PICTURE_WEIGHTS; picture <= ASSAY_PICTURE_ACTIVATIONS; picture++) {
            drawn[picture] += assay_picture_in_tutorial(assay_experiment_at(i)->section, (assay_picture)picture);
        }
    }
    ck_assert_uint_eq(drawn[ASSAY_PICTURE_WEIGHTS], 1);
    ck_assert_uint_eq(drawn[ASSAY_PICTURE_GRADIENTS], 4);
    ck_assert_uint_eq(drawn[ASSAY_PICTURE_ACTIVATIONS], EXPERIMENTS);
}
END_TEST

/* --- surfaces ---------------------------------------------------------------------------------------------------- */

/* The alternative text names each descent's last point and loss, as PyTorch has them. */
static void check_ends(assay_section section, const char *alt)
{
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        const assay_tutorial_descent *descent = &assay_tutorial_descents[i];
        double found[3];
        char *begin = assay_asprintf(NULL, " %s ends at", descent->label);
        const char *at = strstr(alt, begin);
        if (descent->section == section) {
            ck_assert_msg(at != NULL && sscanf(at + strlen(begin), " (%lf, %lf) with loss %lf", &found[0], &found[1],
                                               &found[2]) == 3,
                          "%s", alt);
            for (int k = 0; k < 3; k++) {
                ck_assert_double_eq_tol(found[k], descent->last_f32[k], 0.006 * fabs(descent->last_f32[k]) + 1e-9);
            }
        }
        assay_free(begin);
    }
}

/* The map goes as far as the paths on the first surface, symmetric in w1, and as far as the tutorial's on the other. */
static void check_map(assay_section section, const char *data)
{
    double low[2] = {INFINITY, INFINITY};
    double high[2] = {-INFINITY, -INFINITY};
    const char *at = strstr(data, "index 0");
    for (at = strchr(at, '\n'); at != NULL && strncmp(at, "\n\n\n", 3) != 0; at = strchr(at + 1, '\n')) {
        double row[3];
        if (sscanf(at, "%lf %lf %lf", &row[0], &row[1], &row[2]) == 3) {
            for (int k = 0; k < 2; k++) {
                low[k] = fmin(low[k], row[k]);
                high[k] = fmax(high[k], row[k]);
            }
        }
    }
    double reach[4] = {-2.0, 2.0, -2.0, 2.0};
    if (section == ASSAY_SECTION_PATHOLOGICAL) {
        double path[2 * ASSAY_DESCENT_UPDATES];
        reach[1] = 0.0;
        reach[2] = INFINITY;
        reach[3] = -INFINITY;
        for (size_t i = 0; i < 3; i++) {
            char *block = assay_asprintf(NULL, ", %s\n", assay_tutorial_descents[i].label);
            read_block(data, block, 2, ASSAY_DESCENT_UPDATES, path);
            for (size_t t = 0; t < ASSAY_DESCENT_UPDATES; t++) {
                reach[1] = fmax(reach[1], fabs(path[2 * t]));
                reach[2] = fmin(reach[2], path[2 * t + 1]);
                reach[3] = fmax(reach[3], path[2 * t + 1]);
            }
            assay_free(block);
        }
        reach[0] = -reach[1];
    }
    ck_assert_double_eq_tol(low[0], reach[0], 1e-4);
    ck_assert_double_eq_tol(high[0], reach[1], 1e-4);
    ck_assert_double_eq_tol(low[1], reach[2], 1e-4);
    ck_assert_double_eq_tol(high[1], reach[3], 1e-4);
}

START_TEST(surfaces_and_paths)
{
    static const assay_section sections[] = {ASSAY_SECTION_PATHOLOGICAL, ASSAY_SECTION_STEEP};
    assay_error error;
    assay_figure *figure;
    assay_section section = sections[_i];
    double row[3];
    double path[2 * ASSAY_DESCENT_UPDATES];
    support_assert_ok(assay_surface_figure(section, &figure, &error), &error);
    ck_assert_str_eq(assay_figure_title(figure),
                     section == ASSAY_SECTION_STEEP ? "Steep optima" : "Pathological curvature");
    ck_assert(assay_figure_width(figure) == 700 && assay_figure_height(figure) == 520);
    ck_assert_ptr_nonnull(
        strstr(assay_figure_alt(figure), section == ASSAY_SECTION_STEEP ? "three narrow wells" : "valley"));
    ck_assert_ptr_nonnull(
        strstr(assay_figure_caption(figure), section == ASSAY_SECTION_STEEP ? "narrow optima" : "ravine"));
    char *data = data_of(figure);
    ck_assert_uint_eq(read_block(data, "index 0: surface", 3, 1, row), 1);
    double reach = section == ASSAY_SECTION_STEEP ? 2.0 : 5.0;
    ck_assert_double_eq(row[0], -reach);
    ck_assert_double_eq(row[1], -reach);
    /* tanh(5)^2 + 0.05 + sigmoid(-5), and a Gaussian's far tail. */
    double corner = section == ASSAY_SECTION_STEEP ? 0.0 : 0.99981841 + 0.05 + 0.00669285;
    ck_assert_double_eq_tol(row[2], corner, 1e-6);
    assay_free(data);
    assay_backend *backend = open_backend(ASSAY_F32);
    support_assert_ok(assay_descent_figure(backend, section, &figure, &error), &error);
    ck_assert_str_eq(assay_figure_title(figure), section == ASSAY_SECTION_STEEP
                                                     ? "Steep optima: 100 steps from (0, 0)"
                                                     : "Pathological curvature: 100 steps from (5, 5)");
    ck_assert(assay_figure_width(figure) == 760 && assay_figure_height(figure) == 600);
    ck_assert_ptr_nonnull(strstr(assay_figure_caption(figure), "Adam with "));
    ck_assert_uint_eq(count_of(assay_figure_alt(figure), " ends at ("), 3);
    check_ends(section, assay_figure_alt(figure));
    data = data_of(figure);
    check_map(section, data);
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        const assay_tutorial_descent *descent = &assay_tutorial_descents[i];
        if (descent->section == section) {
            char *block = assay_asprintf(NULL, ", %s\n", descent->label);
            ck_assert_uint_eq(read_block(data, block, 2, ASSAY_DESCENT_UPDATES, path), ASSAY_DESCENT_UPDATES);
            /* The last point is PyTorch's. */
            ck_assert_double_eq_tol(path[2 * 99], descent->last_f32[0], 1e-5);
            ck_assert_double_eq_tol(path[2 * 99 + 1], descent->last_f32[1], 1e-5);
            assay_free(block);
        }
    }
    assay_free(data);
    assay_backend_close(backend);
}
END_TEST

START_TEST(surfaces_are_refused)
{
    assay_error error;
    assay_figure *figure;
    support_assert_error(assay_surface_figure(ASSAY_SECTION_DATA, &figure, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "'data'");
    ck_assert_ptr_null(figure);
    support_assert_error(assay_descent_figure(NULL, ASSAY_SECTION_DATA, &figure, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "'data'");
    ck_assert_ptr_null(figure);
}
END_TEST

/* --- training runs ----------------------------------------------------------------------------------------------- */

START_TEST(runs)
{
    assay_error error;
    assay_figure *figure;
    double train[] = {0.7, 0.8, 0.9};
    double val[] = {0.6, 0.75, 0.85};
    double author_val[] = {0.61, 0.74, 0.86};
    double values[2 * 3];
    const assay_run_record ours = {.epochs = 3, .train_scores = train, .val_scores = val};
    const assay_run_record author = {.epochs = 3, .train_scores = train, .val_scores = author_val};
    for (int with = 0; with < 2; with++) {
        support_assert_ok(assay_run_figure("FashionMNIST_SGD", &ours, with ? &author : NULL, &figure, &error), &error);
        ck_assert_str_eq(assay_figure_name(figure), "FashionMNIST_SGD-accuracy");
        ck_assert_str_eq(assay_figure_title(figure), "Validation performance of FashionMNIST_SGD");
        ck_assert_str_eq(assay_figure_caption(figure),
                         with ? "Accuracy on the training batches and on the validation images after each epoch, ours "
                                "as lines and the author's as marks."
                              : "Accuracy on the training batches and on the validation images after each epoch.");
        ck_assert_str_eq(assay_figure_alt(figure), "Curves over 3 epochs: training accuracy from 0.700 to 0.900, "
                                                   "validation accuracy from 0.600 to 0.850.");
        char *data = data_of(figure);
        ck_assert_uint_eq(read_block(data, "Val, ours", 2, 3, values), 3);
        ck_assert_double_eq_tol(values[5], 0.85, 1e-9);
        ck_assert(values[0] == 1.0 && values[4] == 3.0);
        ck_assert_uint_eq(read_block(data, "Train, ours", 2, 3, values), 3);
        ck_assert_double_eq_tol(values[5], 0.9, 1e-9);
        ck_assert_int_eq(strstr(data, "Val, the author's") != NULL, with);
        assay_free(data);
    }
    const assay_run_record none = {0};
    support_assert_error(assay_run_figure("x", &none, NULL, &figure, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "no epochs");
}
END_TEST

/* A record is at most 64 MiB long: 40 epochs have some hundred kB. */
START_TEST(records_have_a_limit)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/record.json", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(ftruncate(fileno(file), ((off_t)64 << 20) + 1), 0);
    ck_assert_int_eq(fclose(file), 0);
    assay_run_record record;
    assay_error error;
    support_assert_error(assay_run_record_read(path, &record, &error), ASSAY_ERROR_FORMAT, &error,
                         "67108865 bytes are more than the 67108864");
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* Each value of a run's record has its range, both ends included. */
START_TEST(records_of_runs)
{
    evidence(EVIDENCE_ERRORS, "tutorial/run_record_parse");
    static const char good[] = "{\"test_acc\": 1, \"val_scores\": [0, 1], \"train_losses\": [0, 2.5, 1e9], "
                               "\"train_scores\": [0.5, 1]}";
    static const char *const bad[][2] = {
        {"[]", "is not a JSON object"},
        {"{", "is not good JSON"},
        {"{\"test_acc\": \"1\"}", "\"test_acc\" is missing, or not a number from 0 to 1"},
        {"{\"val_scores\": [1]}", "\"test_acc\" is missing"},
        {"{\"test_acc\": 1, \"train_losses\": [1]}", "\"val_scores\" is missing, or not a list"},
        {"{\"test_acc\": -0.1}", "\"test_acc\""},
        {"{\"test_acc\": 1.1}", "\"test_acc\""},
        {"{\"test_acc\": 1, \"val_scores\": 1}", "\"val_scores\" is missing, or not a list"},
        {"{\"test_acc\": 1, \"val_scores\": [0.5, \"x\"]}", "entry 1 of \"val_scores\" is not a number from 0 to 1"},
        {"{\"test_acc\": 1, \"val_scores\": [-0.5]}", "entry 0 of \"val_scores\""},
        {"{\"test_acc\": 1, \"val_scores\": [1.5]}", "entry 0 of \"val_scores\""},
        {"{\"test_acc\": 1, \"val_scores\": [1], \"train_losses\": [-1]}",
         "entry 0 of \"train_losses\" is not a number from 0 on"},
        {"{\"test_acc\": 1, \"val_scores\": [1], \"train_losses\": [], \"train_scores\": []}",
         "1 validation scores, but 0 training scores"},
        {"{\"test_acc\": 1, \"val_scores\": [], \"train_losses\": [], \"train_scores\": [], \"more\": 1}",
         "has only test_acc, val_scores, train_losses and train_scores"},
    };
    assay_run_record record;
    assay_error error;
    support_assert_ok(assay_run_record_parse(good, strlen(good), "good", &record, &error), &error);
    ck_assert(record.test_acc == 1.0 && record.epochs == 2 && record.steps == 3 && record.val_scores[1] == 1.0);
    ck_assert(record.train_losses[2] == 1e9 && record.train_scores[0] == 0.5);
    assay_run_record_destroy(&record);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        support_assert_error(assay_run_record_parse(bad[i][0], strlen(bad[i][0]), "bad", &record, &error),
                             ASSAY_ERROR_FORMAT, &error, bad[i][1]);
        ck_assert(record.val_scores == NULL && record.train_losses == NULL && record.train_scores == NULL);
    }
}
END_TEST

START_TEST(first_steps)
{
    assay_error error;
    assay_figure *figure;
    const double author[] = {3.0, 2.0, 1.0, 0.5};
    const double close[] = {3.0, 2.000002, 1.1, 0.5};
    const double exact[] = {3.0, 2.0, 1.0, 0.5};
    const assay_first_steps ours[] = {{"printed", close}, {"saved", exact}};
    double values[2 * 4];
    support_assert_ok(assay_first_steps_figure("Run", 4, author, 2, ours, &figure, &error), &error);
    ck_assert_ptr_nonnull(strstr(assay_figure_alt(figure), "printed: they part at step 3."));
    ck_assert_ptr_nonnull(strstr(assay_figure_alt(figure), "saved: they do not part."));
    ck_assert_ptr_nonnull(strstr(assay_figure_alt(figure), "Losses of 4 steps above, relative differences below."));
    ck_assert_ptr_nonnull(strstr(assay_figure_caption(figure), "of the first 4 steps, ours over the author's"));
    ck_assert_ptr_nonnull(strstr(assay_figure_caption(figure), "first passes 5e-06: "));
    ck_assert_str_eq(assay_figure_name(figure), "Run-first-steps");
    ck_assert_str_eq(assay_figure_title(figure), "First steps of Run");
    ck_assert_uint_eq(assay_figure_height(figure), 2 * 330);
    char *data = data_of(figure);
    ck_assert_ptr_nonnull(strstr(data, "printed: part at step 3"));
    ck_assert_ptr_null(strstr(data, "part at step 2"));
    /* The second panel: the difference of the second step, and a gap where there is none. */
    ck_assert_uint_eq(read_block(strstr(data, "line, saved"), "line, printed", 2, 4, values), 4);
    ck_assert(isnan(values[1]));
    ck_assert_double_eq_tol(values[3], 1e-6, 1e-12);
    ck_assert_double_eq_tol(values[5], 0.1, 1e-9);
    assay_free(data);
    support_assert_error(assay_first_steps_figure("Run", 0, author, 2, ours, &figure, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "no steps");
    support_assert_error(assay_first_steps_figure("Run", 4, author, 0, ours, &figure, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "no steps");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("figures");
    TCase *depth = evidence_case("depth", "property: tutorial/depth_measure; errors: tutorial/depth_measure");
    tcase_set_timeout(depth, 60);
    tcase_add_loop_test(depth, spread_through_depth, 0, sizeof growths / sizeof *growths);
    tcase_add_test(depth, depth_is_refused);
    tcase_add_test(depth, names_have_no_dots);
    tcase_add_test(depth, depth_figure);
    suite_add_tcase(suite, depth);
    TCase *drawn = evidence_case("figures", "property: tutorial/experiment_figure, tutorial/surface_figure, "
                                            "tutorial/descent_figure, tutorial/depth_figure, tutorial/run_figure, "
                                            "tutorial/first_steps_figure");
    tcase_set_timeout(drawn, 60);
    tcase_add_loop_test(drawn, distributions, 0, sizeof pictures / sizeof *pictures);
    tcase_add_test(drawn, pictures_of_the_tutorial);
    tcase_add_loop_test(drawn, surfaces_and_paths, 0, 2);
    tcase_add_test(drawn, surfaces_are_refused);
    tcase_add_test(drawn, runs);
    tcase_add_test(drawn, first_steps);
    tcase_add_test(drawn, records_have_a_limit);
    tcase_add_test(drawn, records_of_runs);
    suite_add_tcase(suite, drawn);
    return support_run(suite);
}
