/*
 * Claims that measure networks, over a backend that answers with planted numbers (planted_backend.h): each claim must
 * make the networks that doc/claims.md and its description state, and take each of its numbers from the right network,
 * quantity, layer and seed. What the numbers are on real images is in golden/claims, and test_claims compares it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/claims.h>
#include <assay/tutorial/defaults.h>
#include "claim_record.h"
#include "planted_backend.h"
#include "support.h"

enum { IMAGES = 1000, FIRST_SEED = 5, SEEDS = 2 };

static planted_backend f32;
static planted_backend f64;
static uint8_t pixels[IMAGES * ASSAY_IMAGE_PIXELS];
static int32_t labels[IMAGES];
static uint32_t order[IMAGES];
static const assay_dataset images = {IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, pixels, 0.0f, 1.0f, NULL, labels};
static const assay_split split = {IMAGES, 0, order, order};
static double progress; /* the last that was reported */
static size_t reports;
static double first_report;

static void note_progress(void *user, double done)
{
    ck_assert_ptr_eq(user, &progress);
    ck_assert_msg(done > progress && done <= 1.0, "%g after %g", done, progress);
    first_report = reports++ == 0 ? done : first_report;
    progress = done;
}

static assay_claims_input input_of(size_t seeds)
{
    planted_open(&f32, ASSAY_F32);
    planted_open(&f64, ASSAY_F64);
    progress = 0.0;
    reports = 0;
    return (assay_claims_input){.f32 = &f32.base,
                                .f64 = &f64.base,
                                .train = &images,
                                .test = &images,
                                .split = &split,
                                .effort = ASSAY_CLAIMS_QUICK,
                                .seeds = seeds,
                                .first_seed = FIRST_SEED,
                                .progress = note_progress,
                                .user = &progress};
}

static assay_claim_result *examine(unsigned number)
{
    assay_claims_input input = input_of(SEEDS);
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(number), &input, result, &error), &error);
    ck_assert_uint_eq(result->number, number);
    /* Claim 19 has five distributions, too: the largest part counts. */
    ck_assert_str_eq(result->origin.options, number == 19 ? "--quick, 5 seeds from 5" : "--quick, 2 seeds from 5");
    ck_assert_str_eq(result->origin.backend, "planted");
    ck_assert(!result->origin.recorded);
    return result;
}

static void destroy(assay_claim_result *result)
{
    assay_claim_result_destroy(result);
    assay_free(result);
}

/* --- networks ---------------------------------------------------------------------------------------------------- */

/* The variance of a layer's weights. */
typedef enum { FIXED, BY_IN, BY_OUT, BY_BOTH } variance_rule;

typedef struct {
    unsigned claim;
    size_t network;   /* in the order in which the claim measures them */
    size_t layers;    /* 5: the tutorial's */
    size_t widths[2]; /* in turn; 0, 0: the tutorial's */
    assay_activation activation;
    variance_rule rule;
    double scale; /* FIXED: the variance; else times 1 / in, 1 / out, or 2 / (in + out) */
    double first; /* the same for the first layer; 0: `scale` */
    bool biases;  /* are drawn as the weights */
    bool backward;
    assay_precision precision;
    size_t classes; /* 0: 10 */
} network_row;

#define TANH            \
    {                   \
        ASSAY_TANH, 0.0 \
    }
#define RELU            \
    {                   \
        ASSAY_RELU, 0.0 \
    }
#define LINEAR              \
    {                       \
        ASSAY_IDENTITY, 0.0 \
    }

/* clang-format off */
static const network_row networks[] = {
    {6, 0, 5, {0}, LINEAR, FIXED, 1e-4, 0, true, false, ASSAY_F64, 0},
    {6, 1, 50, {256, 256}, LINEAR, FIXED, 1e-4, 0, true, true, ASSAY_F64, 0},
    {6, 2, 50, {256, 256}, LINEAR, FIXED, 1e-4, 0, false, true, ASSAY_F64, 0},
    {7, 0, 5, {0}, LINEAR, FIXED, 1e-2, 0, true, false, ASSAY_F64, 0},
    {7, 1, 21, {64, 64}, LINEAR, FIXED, 1e-2, 0, true, false, ASSAY_F64, 0},
    {7, 2, 21, {128, 128}, LINEAR, FIXED, 1e-2, 0, true, false, ASSAY_F64, 0},
    {7, 3, 21, {256, 256}, LINEAR, FIXED, 1e-2, 0, true, false, ASSAY_F64, 0},
    {7, 4, 21, {512, 512}, LINEAR, FIXED, 1e-2, 0, true, false, ASSAY_F64, 0},
    {8, 0, 10, {64, 64}, LINEAR, FIXED, 25e-4, 0, false, false, ASSAY_F64, 0},
    {8, 3, 10, {512, 512}, LINEAR, FIXED, 25e-4, 0, false, false, ASSAY_F64, 0},
    {8, 4, 50, {64, 64}, LINEAR, FIXED, 25e-4, 0, false, false, ASSAY_F64, 0},
    {8, 7, 50, {512, 512}, LINEAR, FIXED, 25e-4, 0, false, false, ASSAY_F64, 0},
    {9, 0, 5, {0}, LINEAR, BY_IN, 1.0, 0, false, false, ASSAY_F64, 0},
    {9, 1, 50, {256, 256}, LINEAR, BY_IN, 1.0, 0, false, false, ASSAY_F64, 0},
    {12, 0, 5, {0}, LINEAR, BY_OUT, 1.0, 0, false, true, ASSAY_F64, 0},
    {12, 1, 50, {128, 384}, LINEAR, BY_OUT, 1.0, 0, false, true, ASSAY_F64, 0},
    {14, 0, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 0},
    {14, 1, 50, {256, 256}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 0},
    {14, 2, 50, {128, 384}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 0},
    {15, 0, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 10},
    {15, 1, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 32},
    {15, 2, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 128},
    {15, 3, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 512},
    {16, 0, 5, {0}, LINEAR, BY_BOTH, 1.0, 0, false, false, ASSAY_F64, 0},
    {16, 1, 5, {0}, TANH, BY_BOTH, 1.0, 0, false, false, ASSAY_F64, 0},
    {16, 2, 50, {256, 256}, TANH, BY_BOTH, 1.0, 0, false, false, ASSAY_F64, 0},
    {17, 0, 400, {256, 256}, TANH, BY_BOTH, 1.0, 0, false, false, ASSAY_F32, 0},
    {17, 1, 400, {256, 256}, TANH, BY_BOTH, 25.0 / 9.0, 0, false, false, ASSAY_F32, 0},
    {18, 0, 21, {256, 256}, RELU, BY_BOTH, 1.0, 0, false, true, ASSAY_F64, 0},
    {19, 0, 5, {0}, RELU, BY_IN, 2.0, 1.0, false, false, ASSAY_F64, 0},
    {20, 0, 50, {256, 256}, RELU, BY_IN, 2.0, 1.0, false, true, ASSAY_F64, 0},
    {20, 1, 50, {128, 384}, RELU, BY_IN, 2.0, 1.0, false, true, ASSAY_F64, 0},
    {20, 2, 50, {128, 384}, RELU, BY_OUT, 2.0, 1.0, false, true, ASSAY_F64, 0},
    {21, 0, 5, {0}, RELU, BY_IN, 2.0, 1.0, false, false, ASSAY_F64, 0},
    {21, 1, 5, {0}, RELU, BY_IN, 2.0, 0, false, false, ASSAY_F64, 0},
    {22, 0, 50, {256, 256}, LINEAR, BY_IN, 1.0, 0, false, false, ASSAY_F64, 0},
    {22, 1, 50, {256, 256}, RELU, BY_IN, 2.0, 1.0, false, false, ASSAY_F64, 0},
    {22, 2, 50, {256, 256}, {ASSAY_LEAKY_RELU, 0.01}, BY_IN, 2.0 / 1.0001, 1.0, false, false, ASSAY_F64, 0},
    {22, 3, 50, {256, 256}, {ASSAY_LEAKY_RELU, 0.5}, BY_IN, 1.6, 1.0, false, false, ASSAY_F64, 0},
    {22, 4, 50, {256, 256}, TANH, BY_IN, 25.0 / 9.0, 1.0, false, false, ASSAY_F64, 0},
    {22, 5, 50, {256, 256}, {ASSAY_SELU, 0.0}, BY_IN, 0.5625, 1.0, false, false, ASSAY_F64, 0},
    {22, 6, 50, {256, 256}, {ASSAY_SIGMOID, 0.0}, BY_IN, 1.0, 0, false, false, ASSAY_F64, 0},
    {22, 7, 50, {256, 256}, {ASSAY_LEAKY_RELU, 0.5}, BY_IN, 2.0, 1.0, false, false, ASSAY_F64, 0},
};
/* clang-format on */

static size_t width_of(const network_row *row, size_t layer)
{
    static const size_t tutorial[] = {512, 256, 256, 128};
    if (layer + 1 == row->layers) {
        return row->classes > 0 ? row->classes : ASSAY_CLASSES;
    }
    return row->widths[0] == 0 ? tutorial[layer] : row->widths[layer % 2];
}

static double variance_of(const network_row *row, size_t layer, double in, double out)
{
    double scale = layer == 0 && row->first > 0.0 ? row->first : row->scale;
    switch (row->rule) {
    case BY_IN: return scale / in;
    case BY_OUT: return scale / out;
    case BY_BOTH: return scale * 2.0 / (in + out);
    case FIXED: break;
    }
    return scale;
}

static void check_layer(const network_row *row, size_t layer, size_t in, const planted_layer *made)
{
    size_t out = width_of(row, layer);
    char what[64];
    snprintf(what, sizeof what, "claim %u, network %zu, layer %zu", row->claim, row->network, layer + 1);
    ck_assert_msg(made->shape.in == in && made->shape.out == out, "%s: %zu to %zu", what, made->shape.in,
                  made->shape.out);
    ck_assert_uint_eq(made->shape.rows, row->widths[0] == 0 ? 256 : 64);
    double variance = variance_of(row, layer, (double)in, (double)out);
    support_assert_relative(what, made->weight_variance, variance, 1e-12);
    support_assert_relative(what, made->bias_variance, row->biases ? variance : 0.0, 1e-12);
    ck_assert(made->weight_mean == 0.0 && made->bias_mean == 0.0);
    bool last = layer + 1 == row->layers;
    ck_assert_int_eq((int)made->activation.kind, last ? (int)ASSAY_IDENTITY : (int)row->activation.kind);
    ck_assert(last || made->activation.parameter == row->activation.parameter);
}

static void check_network(const network_row *row)
{
    const planted_backend *backend = row->precision == ASSAY_F32 ? &f32 : &f64;
    for (size_t seed = 0; seed < SEEDS; seed++) {
        const planted_pass *pass = &backend->pass[row->network * SEEDS + seed];
        ck_assert_uint_lt(row->network * SEEDS + seed, backend->passes);
        ck_assert_uint_eq(pass->layers, row->layers);
        ck_assert_uint_eq(pass->tensors, 2 * row->layers);
        ck_assert(pass->backward == row->backward);
        for (size_t layer = 0; layer < row->layers; layer++) {
            check_layer(row, layer, layer == 0 ? ASSAY_IMAGE_PIXELS : width_of(row, layer - 1), &pass->layer[layer]);
        }
        /* A seed's own images, as long as there are some. */
        size_t rows = pass->layer[0].shape.rows;
        ck_assert_uint_eq(pass->loads, 1);
        ck_assert_uint_eq(pass->first, (FIRST_SEED + seed) % (IMAGES / rows) * rows);
    }
}

static const unsigned claims[] = {6, 7, 8, 9, 10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22};
enum { CLAIMS = sizeof claims / sizeof *claims };

/* Progress is reported in equal steps, of which the last may be missing: the claim is measured then. */
static const struct {
    unsigned claim;
    size_t steps;
    size_t reported;
} stages[] = {
    {6, 2, 1},  {7, 5, 4},  {8, 8, 8},  {9, 0, 0},  {10, 6, 6}, {12, 2, 1}, {14, 3, 2}, {15, 4, 4},
    {16, 2, 1}, {17, 2, 1}, {18, 0, 0}, {19, 0, 0}, {20, 3, 2}, {21, 0, 0}, {22, 8, 8},
};

static void check_progress(unsigned claim)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        if (stages[i].claim == claim && stages[i].steps > 0) {
            ck_assert_uint_eq(reports, stages[i].reported);
            ck_assert_double_eq_tol(first_report, 1.0 / (double)stages[i].steps, 1e-12);
            ck_assert_double_eq_tol(progress, (double)stages[i].reported / (double)stages[i].steps, 1e-12);
        } else if (stages[i].claim == claim) {
            ck_assert_uint_eq(reports, 0);
        }
    }
}

START_TEST(networks_are_as_described)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(claims[_i]);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if (networks[i].claim == claims[_i]) {
            check_network(&networks[i]);
        }
    }
    claim_record_compare_texts(result);
    check_progress(claims[_i]);
    destroy(result);
}
END_TEST

/* --- parts ------------------------------------------------------------------------------------------------------- */

static double bits(size_t network, size_t seed, int quantity, size_t layer)
{
    return planted_bits(network * SEEDS + seed, quantity, layer);
}

enum { A = PLANTED_ACTIVATION, G = PLANTED_GRADIENT, W = PLANTED_WEIGHT_GRADIENT, S = PLANTED_SIGNAL };

/* Each seed's value: `scale` times the bits of (network, quantity, to) less those of (less, quantity, from). Layers
 * count from 1, as in the texts; from 0: nothing is subtracted. */
static const struct {
    unsigned claim;
    size_t part;
    int quantity;
    size_t network;
    size_t to;
    size_t less;
    size_t from;
    double scale;
    double low;
    double high;
    bool essential;
} changes[] = {
#define LOG10_2 0.30102999566398120
    {6, 0, A, 0, 5, 0, 1, LOG10_2, -INFINITY, -2, true},
    {6, 1, A, 1, 49, 1, 10, LOG10_2, -INFINITY, -2, false},
    {7, 0, A, 0, 4, 0, 1, 1, 2, INFINITY, true},
    {7, 1, A, 1, 20, 1, 1, 1.0 / 19, 0.1, INFINITY, false},
    {7, 2, A, 2, 20, 2, 1, 1.0 / 19, 0.1, INFINITY, false},
    {7, 3, A, 3, 20, 3, 1, 1.0 / 19, 0.1, INFINITY, false},
    {7, 4, A, 4, 20, 4, 1, 1.0 / 19, 0.1, INFINITY, false},
    {9, 0, A, 0, 4, 0, 1, 1, -2, 2, true},
    {9, 1, A, 1, 49, 1, 1, 1, -2, 2, false},
    {12, 0, G, 0, 1, 0, 4, 1, -2, 2, true},
    {12, 1, G, 1, 1, 1, 49, 1, -2, 2, false},
    {14, 0, A, 0, 4, 0, 1, 1, -2, 2, true},
    {14, 1, G, 0, 1, 0, 4, 1, -2, 2, true},
    {14, 2, A, 1, 49, 1, 1, 1, -2, 2, false},
    {14, 3, G, 1, 1, 1, 49, 1, -2, 2, false},
    {14, 4, A, 2, 49, 2, 1, 1, -2, 2, false},
    {14, 5, G, 2, 1, 2, 49, 1, -2, 2, false},
    {15, 0, W, 0, 5, 0, 4, 1, 2, INFINITY, true},
    {15, 1, A, 0, 5, 0, 4, 1, 0.5, INFINITY, false},
    {15, 2, W, 2, 5, 2, 4, 1, -1, 1, true},
    {15, 3, A, 2, 5, 2, 4, 1, -0.5, 0.5, false},
    {16, 1, A, 1, 4, 0, 4, 1, -1, 1, false},
    {16, 2, A, 2, 49, 2, 1, 1, -2, 2, false},
    {18, 0, A, 0, 20, 0, 1, 1, -INFINITY, -2, true},
    {18, 1, G, 0, 1, 0, 20, 1, -INFINITY, -2, false},
    {20, 0, A, 0, 49, 0, 1, 1, -2, 2, false},
    {20, 1, G, 0, 1, 0, 49, 1, -2, 2, false},
    {20, 2, A, 1, 49, 1, 1, 1, -2, 2, false},
    {20, 3, G, 1, 1, 1, 49, 1, -2, 2, false},
    {20, 4, A, 2, 49, 2, 1, 1, -2, 2, false},
    {20, 5, G, 2, 1, 2, 49, 1, -2, 2, false},
    {21, 0, A, 0, 1, 0, 0, 1, -0.5, 0.5, true},
    {21, 1, A, 1, 4, 0, 4, 1, 0.9, 1.1, false},
    {22, 0, A, 0, 49, 0, 2, 1, -2, 2, false},
    {22, 1, A, 1, 49, 1, 2, 1, -2, 2, false},
    {22, 2, A, 2, 49, 2, 2, 1, -2, 2, false},
    {22, 3, A, 3, 49, 3, 2, 1, -2, 2, false},
    {22, 4, A, 4, 49, 4, 2, 1, -2, 2, false},
    {22, 5, A, 5, 49, 5, 2, 1, -2, 2, false},
    {22, 6, A, 6, 49, 6, 2, 1, -2, 2, false},
    {22, 7, S, 6, 49, 6, 2, 1, -2, INFINITY, false},
    {22, 8, A, 7, 49, 7, 2, 1, 2, INFINITY, false},
};
enum { CHANGES = sizeof changes / sizeof *changes };

static double change_of(size_t i, size_t seed)
{
    int quantity = changes[i].quantity;
    double to = bits(changes[i].network, seed, quantity, changes[i].to - 1);
    double from = changes[i].from == 0 ? 0.0 : bits(changes[i].less, seed, quantity, changes[i].from - 1);
    return changes[i].scale * (to - from);
}

static double mean_change(unsigned claim, size_t part)
{
    for (size_t i = 0; i < CHANGES; i++) {
        if (changes[i].claim == claim && changes[i].part == part) {
            return (change_of(i, 0) + change_of(i, 1)) / 2.0;
        }
    }
    ck_abort_msg("claim %u has no part %zu", claim, part);
    return 0.0;
}

static void check_part(const assay_claim_part *part, unsigned claim, const double *values, double low, double high,
                       bool essential)
{
    ck_assert_uint_eq(part->count, SEEDS);
    ck_assert_int_eq((int)part->rule, (int)ASSAY_PART_MEAN);
    ck_assert_msg(part->low == low && part->high == high && part->essential == essential, "claim %u, %s: %g to %g",
                  claim, part->name, part->low, part->high);
    for (size_t seed = 0; seed < SEEDS; seed++) {
        ck_assert_msg(fabs(part->values[seed] - values[seed]) < 1e-9, "claim %u, %s, seed %zu: %.12g, wanted %.12g",
                      claim, part->name, seed, part->values[seed], values[seed]);
    }
}

START_TEST(parts_are_changes_of_the_right_layers)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    unsigned claim = 0;
    assay_claim_result *result = NULL;
    for (size_t i = 0; i < CHANGES; i++) {
        if (changes[i].claim != claim) {
            if (result != NULL) {
                destroy(result);
            }
            claim = changes[i].claim;
            result = examine(claim);
        }
        ck_assert_uint_lt(changes[i].part, result->part_count);
        const double values[SEEDS] = {change_of(i, 0), change_of(i, 1)};
        check_part(&result->parts[changes[i].part], claim, values, changes[i].low, changes[i].high,
                   changes[i].essential);
    }
    destroy(result);
}
END_TEST

/* --- texts and figures ------------------------------------------------------------------------------------------- */

/* The geometric mean over the seeds; layers count from 1. */
static double typical(size_t network, int quantity, size_t layer)
{
    return exp2((bits(network, 0, quantity, layer - 1) + bits(network, 1, quantity, layer - 1)) / 2.0);
}

/* Every line of a figure that shows a network: its layers from 1 to `last`. */
static const struct {
    unsigned claim;
    size_t panel;
    size_t line;
    size_t network;
    int quantity;
    size_t last;
} curves[] = {
    {6, 0, 0, 1, A, 49},   {6, 0, 1, 2, A, 49},   {7, 0, 0, 1, A, 20},  {7, 0, 1, 2, A, 20},  {7, 0, 2, 3, A, 20},
    {7, 0, 3, 4, A, 20},   {9, 0, 0, 1, A, 49},   {12, 0, 0, 1, G, 49}, {12, 1, 0, 1, A, 49}, {14, 0, 0, 1, A, 49},
    {14, 0, 1, 2, A, 49},  {14, 1, 0, 1, G, 49},  {14, 1, 1, 2, G, 49}, {16, 0, 0, 0, A, 4},  {16, 0, 1, 1, A, 4},
    {17, 0, 0, 0, A, 399}, {17, 0, 1, 1, A, 399}, {18, 0, 0, 0, A, 20}, {18, 0, 1, 0, G, 20}, {20, 0, 0, 1, A, 49},
    {20, 0, 1, 2, A, 49},  {20, 1, 0, 1, G, 49},  {20, 1, 1, 2, G, 49}, {22, 0, 0, 0, A, 49}, {22, 0, 5, 5, A, 49},
    {22, 0, 7, 7, A, 49},
};

static void check_curve(const assay_claim_result *result, size_t i)
{
    ck_assert_uint_lt(curves[i].panel, result->panel_count);
    const assay_claim_panel *panel = &result->panels[curves[i].panel];
    ck_assert_uint_lt(curves[i].line, panel->line_count);
    ck_assert_str_eq(panel->x_label, "Linear layer");
    ck_assert_str_eq(panel->y_label, "Variance");
    ck_assert(panel->y_log && panel->x_log == (result->number == 17));
    ck_assert(result->title[0] != '\0' && result->caption[0] != '\0');
    const assay_claim_line *line = &panel->lines[curves[i].line];
    ck_assert_uint_eq(line->count, curves[i].last);
    ck_assert_int_eq((int)line->style, (int)ASSAY_LINE_MARKED);
    for (size_t k = 0; k < line->count; k++) {
        ck_assert_double_eq(line->x[k], (double)k + 1.0);
        support_assert_relative(line->label, line->y[k], typical(curves[i].network, curves[i].quantity, k + 1), 1e-12);
    }
}

START_TEST(curves_are_of_the_right_networks)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(claims[_i]);
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (curves[i].claim == claims[_i]) {
            check_curve(result, i);
        }
    }
    destroy(result);
}
END_TEST

START_TEST(small_and_large_deviations)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(6);
    double no_bias = LOG10_2 * log2(typical(2, A, 49) / typical(2, A, 10));
    double gradient = LOG10_2 * log2(typical(1, G, 1) / typical(1, G, 49));
    support_says(result->rows[0].measured, "%.3g", typical(1, A, 49));
    support_says(result->rows[1].measured, "%.1f", no_bias);
    support_says(result->rows[2].measured, "%.1f", gradient);
    const char *at = support_says(result->note, "10^%.1f. ", mean_change(6, 0));
    at = support_says(support_says(at, "stays at %.2g,", typical(1, A, 49)), "10^%.2f. ", mean_change(6, 1));
    support_says(support_says(at, "10^%.0f. ", no_bias), "10^%.0f.", gradient);
    destroy(result);
    result = examine(7);
    at = result->note;
    for (size_t i = 0; i < 4; i++) {
        double factor = exp2(mean_change(7, i + 1));
        support_says(result->rows[i].measured, "%.2f", factor);
        support_says(result->rows[i].label, "width %g", (double)(64 << i));
        support_says(result->rows[i].expected, "%.2f", 0.64 * (double)(1 << i));
        support_says(result->parts[i + 1].name, "width %g", (double)(64 << i));
        support_says(result->panels[0].lines[i].label, "width %g", (double)(64 << i));
        at = support_says(at, "%.2f at", factor);
    }
    destroy(result);
}
END_TEST

/* Claim 8: the deviation at which the variance would stay, from one measurement at 0.05. */
static double stable_deviation(size_t depth, size_t width, size_t seed)
{
    size_t network = depth * 4 + width;
    size_t layers = depth == 0 ? 10 : 50;
    double growth = (bits(network, seed, A, layers - 2) - bits(network, seed, A, 0)) / ((double)layers - 2.0);
    return 0.05 * exp2(-growth / 2.0);
}

static double mean_deviation(size_t depth, size_t width)
{
    return (stable_deviation(depth, width, 0) + stable_deviation(depth, width, 1)) / 2.0;
}

START_TEST(stable_deviations)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(8);
    double widths[SEEDS];
    double depths[SEEDS];
    for (size_t seed = 0; seed < SEEDS; seed++) {
        /* Ten layers of width 256, and the 48 steps of 50 layers; a variance is the square of a deviation. */
        widths[seed] = 10 * 2 * log10(stable_deviation(0, 0, seed) / stable_deviation(0, 2, seed));
        depths[seed] = fabs(48 * 2 * log10(stable_deviation(1, 2, seed) / stable_deviation(0, 2, seed)));
    }
    ck_assert_uint_eq(result->part_count, 2);
    check_part(&result->parts[0], 8, widths, 1.0, INFINITY, true);
    check_part(&result->parts[1], 8, depths, 1.0, INFINITY, false);
    const char *at = support_says(support_says(result->note, "%.3f at", mean_deviation(0, 0)), "%.4f at",
                                  mean_deviation(0, 3));
    at = support_says(at, "10^%.1f.", (widths[0] + widths[1]) / 2.0);
    support_says(support_says(at, "%.4f for 10", mean_deviation(0, 2)), "%.4f for 50", mean_deviation(1, 2));
    ck_assert_uint_eq(result->row_count, 8);
    const assay_claim_panel *panel = &result->panels[0];
    ck_assert(panel->line_count == 2 && panel->x_log && panel->y_log);
    for (size_t width = 0; width < 4; width++) {
        for (size_t depth = 0; depth < 2; depth++) {
            const assay_claim_row *row = &result->rows[2 * width + depth];
            support_says(support_says(row->label, "width %g", (double)(64 << width)), "%g layers",
                         depth == 0 ? 10.0 : 50.0);
            support_says(row->expected, "%.4f", 1.0 / sqrt((double)(64 << width)));
            support_says(row->measured, "%.4f", mean_deviation(depth, width));
            ck_assert_double_eq(panel->lines[depth].x[width], (double)(64 << width));
            support_assert_relative("figure", panel->lines[depth].y[width], mean_deviation(depth, width), 1e-12);
        }
    }
    destroy(result);
}
END_TEST

START_TEST(variance_by_the_inputs)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(9);
    const assay_claim_panel *panel = &result->panels[0];
    ck_assert_uint_eq(panel->line_count, 3);
    for (size_t layer = 0; layer < 49; layer++) {
        double first = exp2(bits(1, 0, A, layer));
        double second = exp2(bits(1, 1, A, layer));
        ck_assert_double_eq(panel->lines[1].x[layer], (double)layer + 1.0);
        ck_assert_double_eq(panel->lines[2].x[layer], (double)layer + 1.0);
        support_assert_relative("smallest", panel->lines[1].y[layer], fmin(first, second), 1e-12);
        support_assert_relative("largest", panel->lines[2].y[layer], fmax(first, second), 1e-12);
    }
    double smallest = panel->lines[1].y[48];
    double largest = panel->lines[2].y[48];
    support_says(support_says(result->rows[0].measured, "%.2g", smallest), "%.2g", largest);
    const char *at = support_says(result->note, "2^%.2f of", mean_change(9, 1));
    support_says(support_says(support_says(at, "from %.2g", smallest), "to %.2g", largest), "over %g seeds",
                 (double)SEEDS);
    destroy(result);
}
END_TEST

/* Claim 10: six distributions, of each of which four widths are measured; 30 layers change the variance. */
static double shape_bits(size_t shape, size_t width, size_t seed)
{
    size_t network = shape * 4 + width;
    return bits(network, seed, A, 30) - bits(network, seed, A, 0);
}

static double shape_mean(size_t shape, size_t width)
{
    return (shape_bits(shape, width, 0) + shape_bits(shape, width, 1)) / 60.0;
}

START_TEST(any_distribution)
{
    static const assay_distribution_kind kinds[] = {ASSAY_NORMAL,           ASSAY_UNIFORM, ASSAY_RADEMACHER,
                                                    ASSAY_TRUNCATED_NORMAL, ASSAY_LAPLACE, ASSAY_STUDENT_T};
    static const size_t widths[] = {4, 16, 64, 256};
    /* The parts, in their order: at width 256 each but the normal one, at the other widths Student's t. */
    static const size_t decided[][2] = {{1, 3}, {2, 3}, {3, 3}, {4, 3}, {5, 0}, {5, 1}, {5, 2}, {5, 3}};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(10);
    ck_assert_uint_eq(f64.passes, 6 * 4 * SEEDS);
    for (size_t i = 0; i < f64.passes; i++) {
        const planted_pass *pass = &f64.pass[i];
        ck_assert_uint_eq(pass->layers, 32);
        for (size_t layer = 0; layer < pass->layers; layer++) {
            const planted_layer *made = &pass->layer[layer];
            ck_assert_uint_eq(made->shape.in, layer == 0 ? ASSAY_IMAGE_PIXELS : widths[i / SEEDS % 4]);
            ck_assert_int_eq((int)made->kind, (int)kinds[i / SEEDS / 4]);
            ck_assert(made->weight_mean == 0.0 && made->bias_variance == 0.0 && made->bias_mean == 0.0);
            support_assert_relative("1 / d_x", made->weight_variance, 1.0 / (double)made->shape.in, 1e-9);
        }
    }
    ck_assert_uint_eq(result->part_count, 8);
    for (size_t i = 0; i < 8; i++) {
        double values[SEEDS];
        for (size_t seed = 0; seed < SEEDS; seed++) {
            values[seed] = shape_bits(decided[i][0], decided[i][1], seed) - shape_bits(0, decided[i][1], seed);
        }
        check_part(&result->parts[i], 10, values, -2.0, 2.0, false);
        support_says(result->parts[i].name, "width %g", (double)widths[decided[i][1]]);
    }
    for (size_t shape = 0; shape < 6; shape++) {
        const char *at = support_says(support_says(result->rows[shape].measured, "%.2f", shape_mean(shape, 0)), "%.2f",
                                      shape_mean(shape, 1));
        support_says(support_says(at, "%.3f", shape_mean(shape, 2)), "%.3f", shape_mean(shape, 3));
        const assay_claim_line *line = &result->panels[0].lines[shape];
        for (size_t width = 0; width < 4; width++) {
            ck_assert_double_eq(line->x[width], (double)widths[width]);
            ck_assert_double_eq_tol(line->y[width], shape_mean(shape, width), 1e-12);
        }
        ck_assert_str_eq(line->label, result->rows[shape].label);
    }
    const char *at = support_says(support_says(result->note, "%.3f bits", shape_mean(0, 3)), "%.3f with uniform",
                                  shape_mean(1, 3));
    at = support_says(support_says(at, "%.3f with plus", shape_mean(2, 3)), "%.3f with Laplace", shape_mean(4, 3));
    support_says(support_says(support_says(at, "%.3f with heavy", shape_mean(5, 3)), "%.2f and", shape_mean(0, 0)),
                 "%.2f for", shape_mean(5, 0));
    destroy(result);
}
END_TEST

START_TEST(gradients_and_xavier)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(12);
    double forward = log2(typical(0, A, 4) / typical(0, A, 1));
    const double found[] = {mean_change(12, 0), mean_change(12, 1), forward};
    const char *at = result->note;
    for (size_t i = 0; i < 3; i++) {
        support_says(result->rows[i].measured, "%+.2f", found[i]);
        at = support_says(at, "%+.2f bits", found[i]);
    }
    ck_assert_str_eq(result->panels[0].title, "Gradients");
    ck_assert_str_eq(result->panels[1].title, "Activations");
    destroy(result);
    result = examine(14);
    support_says(result->rows[0].measured, "%.2f bits", log2(typical(0, W, 4) / typical(0, W, 1)));
    support_says(result->rows[1].measured, "%.1f bits", mean_change(14, 4));
    at = result->note;
    for (size_t i = 0; i < 6; i++) {
        at = support_says(at, i < 4 ? "%+.2f" : "%+.1f", mean_change(14, i));
    }
    ck_assert_str_eq(result->panels[0].title, "Activations");
    ck_assert_str_eq(result->panels[1].title, "Gradients");
    destroy(result);
}
END_TEST

/* Claim 15: bits from the fourth layer to the last. */
static double last_bits(size_t network, int quantity)
{
    return (bits(network, 0, quantity, 4) - bits(network, 0, quantity, 3) + bits(network, 1, quantity, 4) -
            bits(network, 1, quantity, 3)) /
           2.0;
}

START_TEST(the_last_layer)
{
    static const double classes[] = {10, 32, 128, 512};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(15);
    ck_assert_uint_eq(result->part_count, 4);
    ck_assert_uint_eq(result->row_count, 4);
    const assay_claim_line *lines = result->panels[0].lines;
    const char *at = result->note;
    for (size_t i = 0; i < 4; i++) {
        double theory = log2(2 * 128 / (128 + classes[i])); /* d_x 2 / (d_x + d_y) */
        support_says(result->rows[i].label, "%.0f outputs", classes[i]);
        support_says(result->rows[i].expected, "%+.2f", theory);
        support_says(support_says(result->rows[i].measured, "%+.2f", last_bits(i, W)), "%+.2f", last_bits(i, A));
        at = support_says(at, "%+.1f", last_bits(i, W));
        for (size_t line = 0; line < 3; line++) {
            double wanted = line == 0 ? last_bits(i, W) : line == 1 ? last_bits(i, A) : theory;
            ck_assert_double_eq(lines[line].x[i], classes[i]);
            ck_assert_double_eq_tol(lines[line].y[i], wanted, 1e-12);
        }
    }
    support_says(support_says(at, "%+.2f with 10", last_bits(0, A)), "%+.2f with 128", last_bits(2, A));
    support_says(result->parts[0].name, "with %.0f outputs", 10.0);
    support_says(result->parts[2].name, "with %.0f outputs", 128.0);
    destroy(result);
}
END_TEST

START_TEST(tanh_and_relu)
{
    static const size_t depths[] = {10, 50, 399};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(16);
    double small = 1.0 - tanh(0.1) / 0.1;
    ck_assert_uint_eq(result->parts[0].count, 1);
    ck_assert_double_eq_tol(result->parts[0].values[0], small, 1e-15);
    support_says(result->rows[0].measured, "%.4f", small);
    support_says(result->rows[1].measured, "%.2f", 1.0 - tanh(1.0));
    for (size_t layer = 1; layer <= 4; layer++) {
        support_says(result->rows[layer + 1].label, "layer %g", (double)layer);
        support_says(support_says(result->rows[layer + 1].measured, "%.2f", typical(0, A, layer)), "%.2f",
                     typical(1, A, layer));
    }
    const char *at = support_says(support_says(result->note, "%.1f %%", 100.0 * small), "%.0f %%",
                                  100.0 * (1.0 - tanh(1.0)));
    support_says(support_says(at, "2^%.1f of", mean_change(16, 1)), "%.1f bits", mean_change(16, 2));
    destroy(result);

    result = examine(17);
    ck_assert_uint_eq(result->part_count, 3);
    at = result->note;
    for (size_t i = 0; i < 3; i++) {
        const double values[] = {exp2(bits(0, 0, A, depths[i] - 1)), exp2(bits(0, 1, A, depths[i] - 1))};
        double found = (values[0] + values[1]) / 2.0;
        check_part(&result->parts[i], 17, values, 0.2, 0.3, false);
        support_says(result->parts[i].name, "layer %g", (double)depths[i]);
        support_says(result->rows[i].label, "layer %g", (double)depths[i]);
        support_says(result->rows[i].expected, "1 / (2 l) = %.4f", 0.5 / (double)depths[i]);
        support_says(result->rows[i].measured, "%.4f", found);
        at = support_says(at, i == 0 ? "%.3f in" : i == 1 ? "%.4f in" : "%.5f in", found);
    }
    support_says(support_says(at, "%.3f in layer 50", typical(1, A, 50)), "%.3f in layer 399", typical(1, A, 399));
    support_says(support_says(result->rows[3].measured, "%.3f", typical(1, A, 50)), "%.3f", typical(1, A, 399));
    const assay_claim_panel *panel = &result->panels[0];
    ck_assert_uint_eq(panel->line_count, 4);
    ck_assert(panel->lines[2].count == 399 && panel->lines[3].count == 399);
    for (size_t i = 0; i < 399; i++) {
        ck_assert_double_eq(panel->lines[2].x[i], (double)i + 1.0);
        ck_assert_double_eq(panel->lines[2].y[i], 0.5 / ((double)i + 1.0));
        ck_assert_double_eq(panel->lines[3].x[i], (double)i + 1.0);
        ck_assert_double_eq(panel->lines[3].y[i], 0.25);
    }
    destroy(result);

    result = examine(18);
    for (size_t i = 0; i < 2; i++) {
        support_says(result->rows[i].measured, "%.3f", mean_change(18, i) / 19.0);
    }
    support_says(support_says(result->note, "by %.2f bits", mean_change(18, 0) / 19.0),
                 "by %.2f:", mean_change(18, 1) / 19.0);
    destroy(result);
}
END_TEST

/* Claim 19: 2 E[max(0, z)^2] / Var(z) of planted_outputs. */
static double half_of(size_t seed, size_t layer)
{
    return 2.0 * 1.25 * exp2(bits(0, seed, S, layer) - bits(0, seed, A, layer));
}

START_TEST(kaiming_and_gains)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(19);
    double halves[SEEDS] = {0.0};
    const char *at = result->note;
    for (size_t layer = 0; layer < 4; layer++) {
        double both = 0.0;
        for (size_t seed = 0; seed < SEEDS; seed++) {
            halves[seed] += half_of(seed, layer) / 4.0;
            both += half_of(seed, layer) / SEEDS;
        }
        support_says(result->rows[6 + layer].label, "layer %g", (double)layer + 1.0);
        support_says(result->rows[6 + layer].measured, "%.3f", both);
        at = support_says(at, "%.3f", both);
    }
    ck_assert_uint_eq(result->part_count, 2);
    check_part(&result->parts[1], 19, halves, 0.9, 1.1, false);
    destroy(result);

    result = examine(20);
    at = result->note;
    for (size_t i = 0; i < 6; i++) {
        ck_assert_str_eq(result->rows[i].label, result->parts[i].name);
        support_says(result->parts[i].measure, i % 2 == 0 ? "in layer %g over layer 1" : "dL/dz, layer 1 over %g",
                     49.0);
        support_says(result->rows[i].measured, "%+.2f bits", mean_change(20, i));
        at = support_says(at, "%+.1f", mean_change(20, i));
    }
    destroy(result);

    result = examine(21);
    for (size_t layer = 1; layer <= 5; layer++) {
        support_says(result->rows[layer - 1].label, "layer %g", (double)layer);
        support_says(support_says(result->rows[layer - 1].measured, "%.3f", typical(0, A, layer)), "%.3f",
                     typical(1, A, layer));
    }
    support_says(support_says(result->note, "2^%.2f times", mean_change(21, 0)), "%.2f bits", mean_change(21, 1));
    destroy(result);

    result = examine(22);
    ck_assert_uint_eq(result->row_count, 8);
    ck_assert_uint_eq(result->part_count, 9);
    for (size_t i = 0; i < 8; i++) {
        double apart = (bits(i, 0, S, 48) - bits(i, 0, S, 1) + bits(i, 1, S, 48) - bits(i, 1, S, 1)) / 2.0;
        support_says(support_says(result->rows[i].measured, "%+.1f bits", mean_change(22, i < 7 ? i : 8)), "%+.1f",
                     apart);
        ck_assert_str_eq(result->panels[0].lines[i].label, result->rows[i].label);
        ck_assert_int_eq(
            strncmp(result->parts[i < 7 ? i : 8].name, result->rows[i].label, strlen(result->rows[i].label)), 0);
    }
    ck_assert_ptr_nonnull(strstr(result->parts[8].name, "explodes"));
    destroy(result);
}
END_TEST

/* --- training ---------------------------------------------------------------------------------------------------- */

/*
 * Claim 24: the second moments after 50 steps. Of every ten parameters of pass k, k / 2 have one that is a little below
 * what epsilon makes a tenth of the step smaller, (9 epsilon)^2, and the others one a little above. With more seeds
 * than SEEDS they begin again.
 */
enum { STEPS = 50, BATCH = 256, EPSILONS = 5 };
static const double epsilons[EPSILONS] = {1e-8, 1e-6, 1e-4, 1e-2, 1e-1};

static void give_moments(const planted_backend *backend, size_t count, double *to)
{
    size_t run = backend->passes - 1;
    double bound = pow(9.0 * epsilons[run / SEEDS % EPSILONS], 2.0) * (1.0 - pow(0.999, STEPS));
    for (size_t i = 0; i < count; i++) {
        to[i] = bound * (i % 10 < run ? 0.999 : 1.001);
    }
}

static double accuracy_of(size_t run)
{
    return 4.0 * 7.0 * ((double)run + 1.0) / IMAGES; /* four batches of test images */
}

static double mean_accuracy(size_t epsilon)
{
    return (accuracy_of(SEEDS * epsilon) + accuracy_of(SEEDS * epsilon + 1)) / 2.0;
}

START_TEST(adams_epsilon)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    static const size_t compared[] = {1, 2, 4};
    f32.give = give_moments;
    f32.right = 7;
    assay_claim_result *result = examine(24);
    ck_assert_uint_eq(f32.passes, 5 * SEEDS);
    for (size_t run = 0; run < 5 * SEEDS; run++) {
        const planted_pass *pass = &f32.pass[run];
        ck_assert(pass->layers == 4 && pass->backward && pass->layer[0].shape.rows == BATCH);
        ck_assert(pass->layer[1].shape.in == 100 && pass->layer[3].shape.in == 100);
        ck_assert_int_eq((int)pass->layer[0].activation.kind, ASSAY_RELU);
        support_assert_relative("Kaiming", pass->layer[1].weight_variance, 0.02, 1e-12);
        /* Each seed begins at another of the three batches; four batches of test images follow. */
        ck_assert_uint_eq(pass->loads, STEPS + 4);
        ck_assert_uint_eq(pass->first, (FIRST_SEED + run % SEEDS) % 3 * 37 % 3 * BATCH);
    }
    ck_assert_uint_eq(result->part_count, 4);
    const char *at = result->note;
    for (size_t e = 0; e < 5; e++) {
        double share = 10.0 * (2.0 * (double)e + 0.5); /* per cent */
        support_says(result->rows[e].label, "epsilon %g:", epsilons[e]);
        support_says(support_says(result->rows[e].measured, "%.2f %%", share), "%.2f %%", 100.0 * mean_accuracy(e));
        at = e % 2 == 0 ? support_says(at, e == 0 ? "%.1f %%" : "%.0f %%", share) : at;
        for (size_t panel = 0; panel < 2; panel++) {
            const assay_claim_line *line = &result->panels[panel].lines[0];
            ck_assert_double_eq(line->x[e], epsilons[e]);
            ck_assert_double_eq_tol(line->y[e], panel == 0 ? share : 100.0 * mean_accuracy(e), 1e-9);
        }
    }
    support_says(
        support_says(support_says(at, "%.2f %%", 100.0 * mean_accuracy(0)), "%.2f %%", 100.0 * mean_accuracy(2)),
        "%.2f %%", 100.0 * mean_accuracy(4));
    for (size_t seed = 0; seed < SEEDS; seed++) {
        ck_assert_double_eq_tol(result->parts[0].values[seed], 0.1 * (double)seed, 1e-12);
        for (size_t i = 0; i < 3; i++) {
            const assay_claim_part *part = &result->parts[i + 1];
            double difference = accuracy_of(SEEDS * compared[i] + seed) - accuracy_of(seed);
            ck_assert_double_eq_tol(part->values[seed], difference, 1e-12);
            support_says(part->measure, "epsilon %g less", epsilons[compared[i]]);
            ck_assert(part->rule == ASSAY_PART_INTERVAL && part->essential == (i == 0));
            ck_assert(part->low == -0.01 && part->high == 0.01);
        }
    }
    ck_assert(result->parts[0].low == 0.0 && result->parts[0].high == 0.1 && !result->parts[0].essential);
    claim_record_compare_texts(result);
    destroy(result);
}
END_TEST

/* Claim 5: after 1, 10 and 1,000 steps the weights of each of three hidden layers are downloaded. In the first layer
 * there are two kinds of rows, in the second one more for each download of this pass, in the third one. A kind has
 * weights larger than the one before by a hundredth; the very last weight is larger by two for each kind. */
static size_t downloads;

static void give_weights(const planted_backend *backend, size_t count, double *to)
{
    static const size_t kinds[] = {2, 3, 1};
    size_t columns = count / 32;
    size_t layer = downloads % 3;
    size_t check = downloads++ / 3 % 3;
    size_t many = kinds[layer] + (layer == 1 ? check + backend->passes - 1 : 0);
    for (size_t i = 0; i < count; i++) {
        double of_row = -1.0 - 0.01 * (double)(i / columns % many);
        to[i] = i % columns == 0 ? 0.5 : of_row; /* the first column is smaller, and equal in all rows */
    }
    to[count - 1] = -1.0 - 0.02 * (double)many; /* the last row is a kind of its own */
}

/* After 1,000 steps of a run. */
static double apart_after(size_t run)
{
    double kinds = 3.0 + 2.0 + (double)run;
    return 0.02 * kinds / (1.0 + 0.02 * kinds);
}

START_TEST(units_that_start_equal)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    static const double checks[] = {1, 10, 1000};
    f32.give = give_weights;
    f32.right = 7;
    downloads = 0;
    assay_claim_result *result = examine(5);
    ck_assert_uint_eq(f32.passes, 3 * SEEDS); /* momentum, Adam, from Xavier: the first kind has a real backend */
    for (size_t run = 0; run < 3 * SEEDS; run++) {
        const planted_pass *pass = &f32.pass[run];
        ck_assert(pass->layers == 4 && pass->backward && pass->layer[0].shape.rows == 64);
        ck_assert(pass->layer[0].shape.out == 32 && pass->layer[3].shape.in == 32);
        ck_assert_int_eq((int)pass->layer[0].activation.kind, ASSAY_TANH);
        bool xavier = run >= 2 * SEEDS;
        support_assert_relative("variance", pass->layer[1].weight_variance, xavier ? 1.0 / 32.0 : 0.0, 1e-12);
        ck_assert(pass->layer[1].weight_mean == (xavier ? 0.0 : 0.005));
        ck_assert(pass->layer[1].bias_mean == (xavier ? 0.0 : 0.005));
        ck_assert_uint_eq(pass->loads, 1000 + 16); /* batches of 64 of the 1,000 test images */
        ck_assert_uint_eq(pass->first, 64);
        assay_mt19937 generator;
        static uint32_t shuffled[IMAGES];
        assay_mt19937_seed(&generator, FIRST_SEED + run % SEEDS);
        assay_mt19937_randperm(&generator, IMAGES, shuffled);
        for (size_t i = 0; i < PLANTED_ORDER; i++) {
            ck_assert_int_eq(pass->order[i], (int32_t)shuffled[i]);
        }
    }
    ck_assert_uint_eq(result->part_count, 4);
    for (size_t seed = 0; seed < SEEDS; seed++) {
        double apart = apart_after(seed);
        ck_assert_double_eq(result->parts[0].values[seed], 0.0); /* the same order of additions for every unit */
        ck_assert_double_eq_tol(result->parts[1].values[seed], apart, 1e-12);
        ck_assert_double_eq_tol(result->parts[2].values[seed], apart_after(SEEDS + seed), 1e-12);
        /* 16 batches, each with 7 right answers times the number of the pass. */
        ck_assert_double_eq_tol(result->parts[3].values[seed], 100.0 * 16 * 7 * 2 * SEEDS / IMAGES, 1e-9);
    }
    for (size_t i = 0; i < 3; i++) {
        ck_assert(result->parts[i].low == 0.0 && result->parts[i].high == 1e-3);
        double kinds = 3 + (double)i + 1;
        support_says(result->rows[i].label, "after %g steps", checks[i]);
        support_says(support_says(support_says(result->rows[i].measured, "%.0f,", kinds), "%.0f;", kinds + SEEDS),
                     "%.0f", kinds + 2 * SEEDS);
    }
    ck_assert_double_eq(result->parts[3].low, 20.0);
    double constant = 100.0 * 16 * 7 * 1.5 / IMAGES;
    double xavier = 100.0 * 16 * 7 * 5.5 / IMAGES;
    support_says(support_says(result->rows[3].measured, "%.1f %%", constant), "%.1f %%", xavier);
    const char *at = support_says(support_says(result->note, "by %.1e after", 0.0), "by %.1e of", apart_after(0));
    at = support_says(support_says(at, "(%.0f of 32", 6.0), "Adam by %.1e", apart_after(SEEDS));
    support_says(support_says(at, "%.1f %% on", constant), "%.1f %% from", xavier);
    claim_record_compare_texts(result);
    destroy(result);
}
END_TEST

/* Claim 5 where every weight stays 0: no unit differs from another. The first kind of start, whose backend is slow, has
 * two seeds at most. */
static void give_zeros(const planted_backend *backend, size_t count, double *to)
{
    (void)backend;
    memset(to, 0, count * sizeof *to);
}

START_TEST(weights_that_stay_0)
{
    enum { MORE = 3 };
    static const size_t counts[] = {2, MORE, MORE, MORE};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claims_input input = input_of(MORE);
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    input.progress = NULL;
    f32.give = give_zeros;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(5), &input, result, &error), &error);
    ck_assert_uint_eq(result->part_count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(result->parts[i].count, counts[i]);
        for (size_t k = 0; k < counts[i] && i < 3; k++) {
            ck_assert_double_eq(result->parts[i].values[k], 0.0);
        }
    }
    for (size_t check = 0; check < 3; check++) {
        ck_assert_str_eq(result->rows[check].measured, "1, 1; 1");
    }
    destroy(result);
}
END_TEST

/* Claim 4: the largest gradient of each layer, of which the first is 0 here: a logarithm does not show it. */
START_TEST(gradients_of_equal_weights)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claims_input input = input_of(SEEDS);
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    input.progress = NULL;
    f32.flat = f64.flat = 1;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(4), &input, result, &error), &error);
    for (size_t line = 0; line < 2; line++) {
        const double *y = result->panels[0].lines[line].y;
        ck_assert(isnan(y[0]));
        for (size_t layer = 1; layer < 5; layer++) {
            size_t asked = 2 * layer; /* weights and biases in turn, three moments a layer of the planted pass */
            double bits = planted_bits(0, (int)(asked % 3), asked / 3);
            ck_assert_double_eq_tol(y[layer], exp2(0.5 * bits), 1e-12);
        }
    }
    for (size_t i = 0; i < 12; i++) { /* both precisions have the same planted numbers */
        ck_assert_double_eq(result->parts[4].values[i], 0.0);
    }
    destroy(result);
}
END_TEST

/* --- effort ------------------------------------------------------------------------------------------------------ */

/* The number of seeds where none is given: few with --quick, else all; nothing is read where no folder is given. */
START_TEST(seeds_by_effort)
{
    static const struct {
        unsigned claim;
        size_t quick;
        size_t full;
    } cases[] = {{6, 16, 16},  {7, 16, 16},  {8, 16, 16},  {9, 16, 32},  {10, 16, 16}, {12, 16, 32}, {14, 16, 32},
                 {15, 16, 32}, {16, 16, 16}, {18, 16, 16}, {20, 32, 96}, {21, 16, 32}, {24, 12, 20}};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    static const char *const names[] = {"--quick", "default", "--full"};
    f32.right = 7;
    f32.give = give_moments;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int effort = ASSAY_CLAIMS_QUICK; effort <= ASSAY_CLAIMS_FULL; effort++) {
            assay_claims_input input = input_of(0);
            assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
            assay_error error;
            char options[64];
            if (effort != ASSAY_CLAIMS_QUICK && cases[i].claim != 9 && cases[i].claim != 24) {
                effort = ASSAY_CLAIMS_FULL;
            }
            input.effort = (assay_claims_effort)effort;
            input.progress = NULL;
            support_assert_ok(assay_claim_examine(assay_claim_by_number(cases[i].claim), &input, result, &error),
                              &error);
            size_t seeds = effort == ASSAY_CLAIMS_QUICK ? cases[i].quick : cases[i].full;
            snprintf(options, sizeof options, "%s, %zu seeds from 5", names[effort], seeds);
            ck_assert_str_eq(result->origin.options, options);
            ck_assert_uint_eq(result->seeds, seeds);
            /* Claim 24 makes 50 steps with --quick, else 400. */
            ck_assert(cases[i].claim != 24 || f32.pass[0].loads == (effort == ASSAY_CLAIMS_QUICK ? 54 : 404));
            destroy(result);
        }
    }
}
END_TEST

/* Who asks for the default, of all seeds, gets the record of a claim that takes longer than seconds. */
START_TEST(when_a_record_is_read)
{
    enum { LONG = 9, SHORT = 21 };
    char *folder = support_make_folder();
    const struct {
        unsigned claim;
        assay_claims_effort effort;
        size_t seeds;
        const char *folder;
        bool read;
    } cases[] = {
        {LONG, ASSAY_CLAIMS_DEFAULT, 0, folder, true},     {LONG, ASSAY_CLAIMS_QUICK, 0, folder, false},
        {LONG, ASSAY_CLAIMS_FULL, 0, folder, false},       {LONG, ASSAY_CLAIMS_DEFAULT, SEEDS, folder, false},
        {LONG, ASSAY_CLAIMS_DEFAULT, 0, NULL, false},      {SHORT, ASSAY_CLAIMS_DEFAULT, 0, folder, false},
        {LONG, ASSAY_CLAIMS_DEFAULT, 0, "nowhere", false},
    };
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_error error;
    for (unsigned number = LONG; number <= SHORT; number += SHORT - LONG) {
        assay_claim_result *result = examine(number);
        support_assert_ok(assay_claim_record_write(result, folder, &error), &error);
        destroy(result);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_claims_input input = input_of(cases[i].seeds);
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        input.progress = NULL;
        input.effort = cases[i].effort;
        input.recorded = cases[i].folder;
        support_assert_ok(assay_claim_examine(assay_claim_by_number(cases[i].claim), &input, result, &error), &error);
        ck_assert_msg(result->origin.recorded == cases[i].read, "case %zu", i);
        ck_assert((f32.passes + f64.passes == 0) == cases[i].read);
        destroy(result);
    }
    support_remove_folder(folder);
}
END_TEST

/* Claims 28 and 30 on a backend whose updates move nothing: they say that no descent arrives. */
static void give_nothing(const planted_backend *backend, size_t count, double *to)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        to[i] = 1.5;
    }
}

START_TEST(nothing_arrives)
{
    static const unsigned numbers[] = {28, 30};
    static const char *const reasons[] = {"claim 28: SGD arrives from all starts at no rate",
                                          "claim 30: Adam arrives from none of 2 starts: give more seeds"};
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    for (size_t i = 0; i < 2; i++) {
        assay_claims_input input = input_of(SEEDS);
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        assay_error error;
        input.f32 = &f64.base;
        f64.give = give_nothing;
        support_assert_error(assay_claim_examine(assay_claim_by_number(numbers[i]), &input, result, &error),
                             ASSAY_ERROR_NUMERIC, &error, reasons[i]);
        f64.give = NULL;
        destroy(result);
    }
}
END_TEST

/* Points that are not finite: the ravine's centre is not found, and claim 30 says which number it cannot take. */
static void give_infinity(const planted_backend *backend, size_t count, double *to)
{
    (void)backend;
    for (size_t i = 0; i < count; i++) {
        to[i] = (double)INFINITY;
    }
}

START_TEST(descents_that_diverge)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    assay_claims_input input = input_of(SEEDS);
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    f64.give = give_infinity;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(29), &input, result, &error), &error);
    for (size_t method = 0; method < 3; method++) {
        ck_assert_double_eq(result->parts[method].values[0], 0.0);
        ck_assert(isinf(result->panels[0].lines[method].y[0]));
    }
    assay_claim_result_destroy(result);
    input = input_of(SEEDS);
    support_assert_error(assay_claim_examine(assay_claim_by_number(30), &input, result, &error), ASSAY_ERROR_NUMERIC,
                         &error, "do not arrive\": value 1 is inf");
    destroy(result);
}
END_TEST

/* --- failures ---------------------------------------------------------------------------------------------------- */

/* A backend that fails at any time ends the claim, with its number and reason. */
START_TEST(failures_of_the_backend)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    static const size_t asked[] = {1, 11, 130, 300};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assay_claims_input input = input_of(SEEDS);
        input.progress = NULL;
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        assay_error error;
        char part[64];
        f64.fail_after = f32.fail_after = asked[i];
        assay_status status = assay_claim_examine(assay_claim_by_number(claims[_i]), &input, result, &error);
        bool reached = f64.asked > asked[i] || f32.asked > asked[i];
        f64.fail_after = f32.fail_after = 0;
        snprintf(part, sizeof part, "claim %u: a planted failure", claims[_i]);
        ck_assert(reached == (status != ASSAY_OK));
        if (reached) {
            support_assert_error(status, ASSAY_ERROR_NUMERIC, &error, part);
        }
        destroy(result);
    }
}
END_TEST

/* The same for claims 3 and 4, whose gradients have ten moments a batch. */
START_TEST(failures_in_the_second_batch)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    static const char *const messages[] = {"claim 3: a planted failure", "claim 4: a planted failure"};
    for (unsigned i = 0; i < 2; i++) {
        assay_claims_input input = input_of(SEEDS);
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        assay_error error;
        f64.fail_after = 15;
        support_assert_error(assay_claim_examine(assay_claim_by_number(3 + i), &input, result, &error),
                             ASSAY_ERROR_NUMERIC, &error, messages[i]);
        ck_assert_uint_eq(f64.asked, 16);
        destroy(result);
    }
}
END_TEST

/* A variance of 0 has no logarithm: the message says which part and which value. */
START_TEST(a_variance_of_0)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    assay_claims_input input = input_of(SEEDS);
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    f64.constant = f32.constant = true;
    assay_status status = assay_claim_examine(assay_claim_by_number(claims[_i]), &input, result, &error);
    f64.constant = f32.constant = false;
    if (claims[_i] == 17) { /* it takes no logarithm */
        support_assert_ok(status, &error);
    } else {
        support_assert_error(status, ASSAY_ERROR_NUMERIC, &error, ": value 1 is ");
    }
    destroy(result);
}
END_TEST

int main(void)
{
    for (uint32_t i = 0; i < IMAGES; i++) {
        order[i] = i;
    }
    Suite *suite = suite_create("claims_layers");
    TCase *tests = tcase_create("planted numbers");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, networks_are_as_described, 0, CLAIMS);
    tcase_add_test(tests, parts_are_changes_of_the_right_layers);
    tcase_add_loop_test(tests, curves_are_of_the_right_networks, 0, CLAIMS);
    tcase_add_test(tests, small_and_large_deviations);
    tcase_add_test(tests, stable_deviations);
    tcase_add_test(tests, variance_by_the_inputs);
    tcase_add_test(tests, any_distribution);
    tcase_add_test(tests, gradients_and_xavier);
    tcase_add_test(tests, the_last_layer);
    tcase_add_test(tests, tanh_and_relu);
    tcase_add_test(tests, kaiming_and_gains);
    tcase_add_test(tests, adams_epsilon);
    tcase_add_test(tests, units_that_start_equal);
    tcase_add_test(tests, weights_that_stay_0);
    tcase_add_test(tests, gradients_of_equal_weights);
    tcase_add_test(tests, seeds_by_effort);
    tcase_add_test(tests, when_a_record_is_read);
    tcase_add_test(tests, nothing_arrives);
    tcase_add_test(tests, descents_that_diverge);
    tcase_add_test(tests, failures_in_the_second_batch);
    tcase_add_loop_test(tests, failures_of_the_backend, 0, CLAIMS);
    tcase_add_loop_test(tests, a_variance_of_0, 0, CLAIMS);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
