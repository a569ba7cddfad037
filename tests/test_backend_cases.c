/*
 * Every operation, shape, variant and activation, on every backend, precision and number of threads, against the
 * reference. Slices start at odd offsets or at cache lines, with guard zones around them.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "support.h"
#include "test_backend.h"

/* clang-format off */
static const struct {
    size_t rows;
    size_t in;
    size_t out;
} shapes[] = {
    {1, 1, 1},    {1, 7, 3},    {2, 15, 16},  {3, 16, 17},   {7, 5, 2},      {15, 17, 1},     {16, 16, 16},
    {17, 15, 33}, {31, 64, 10}, {63, 65, 64}, {64, 63, 65},  {65, 64, 63},   {100, 10, 128},  {1, 784, 40},
    {257, 3, 6},  {130, 1, 129}, {256, 128, 10}, {129, 257, 130}, {256, 784, 512},
};
/* clang-format on */

/* Shapes with more multiply-adds than this run only the first variant, with tanh. */
enum { SMALL_EFFORT = 20000, LARGE = 1000000, GUARD = 19 };

/* Numbers that the guard zones hold. */
static const int32_t guard_int = -77;
static const uint8_t guard_byte = 0xab;

static assay_backend *targets[TEST_MOST_FLAVOURS];
static size_t target_count;
static assay_backend *reference;

/* --- values ---------------------------------------------------------------------------------------------------- */

static double *reals(size_t count)
{
    double *values = assay_calloc(count, sizeof *values, NULL);
    if (values == NULL) {
        ck_abort_msg("out of memory");
    }
    return values;
}

/* Inputs are floats, so that every precision is given the same. */
static double draw(const test_case *c, test_draw how, uint64_t *state)
{
    double u = test_uniform(state);
    switch (how) {
    case DRAW_POSITIVE: return (double)(float)(0.1 + 1.9 * u);
    case DRAW_LOGITS: return (double)(float)(60 * u - 30);
    case DRAW_BYTES: return floor(256 * u);
    case DRAW_BELOW_IN: return floor((double)c->in * u);
    case DRAW_BELOW_OUT: return floor((double)c->out * u);
    case DRAW_NOTHING: return NAN;
    case DRAW_REAL:
    case DRAW_ACTIVATED: break;
    }
    return (double)(float)(4 * u - 2);
}

/* values = f(values), by the reference, to float. */
static void activate_values(assay_activation activation, size_t count, double *values)
{
    assay_buffer *buffer = assay_buffer_create(reference, ASSAY_REAL, count);
    assay_slice slice = assay_whole(buffer);
    assay_upload_f64(reference, slice, values);
    assay_activation_forward(reference, activation, slice, slice);
    assay_download_f64(reference, slice, values);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)(float)values[i];
    }
    assay_buffer_destroy(reference, buffer);
}

static double *draw_argument(const test_case *c, const test_argument *a, uint64_t *state)
{
    double *values = reals(a->count);
    for (size_t i = 0; i < a->count; i++) {
        values[i] = draw(c, a->draw, state);
    }
    if (a->draw == DRAW_ACTIVATED && a->count != 0) {
        activate_values(c->activation, a->count, values);
    }
    return values;
}

/* --- guarded slices -------------------------------------------------------------------------------------------- */

/* An argument's own buffer: a guard zone, the slice, a guard zone. */
typedef struct {
    assay_buffer *buffer;
    assay_slice slice;
} guarded;

static void upload(assay_backend *backend, assay_element element, assay_slice to, const double *from)
{
    int32_t *ints = assay_calloc(to.count, sizeof *ints, NULL);
    uint8_t *bytes = assay_calloc(to.count, 1, NULL);
    for (size_t i = 0; element != ASSAY_REAL && i < to.count; i++) {
        ints[i] = (int32_t)from[i];
        bytes[i] = (uint8_t)ints[i];
    }
    switch (element) {
    case ASSAY_REAL: assay_upload_f64(backend, to, from); break;
    case ASSAY_INT32: assay_upload_i32(backend, to, ints); break;
    case ASSAY_UINT8: assay_upload_u8(backend, to, bytes); break;
    }
    assay_free(ints);
    assay_free(bytes);
}

/* Bytes are never written by an operation, and so there is no way to download them. */
static void download(assay_backend *backend, assay_element element, assay_slice from, double *to)
{
    if (element == ASSAY_REAL) {
        assay_download_f64(backend, from, to);
        return;
    }
    int32_t *ints = assay_calloc(from.count, sizeof *ints, NULL);
    assay_download_i32(backend, from, ints);
    for (size_t i = 0; i < from.count; i++) {
        to[i] = (double)ints[i];
    }
    assay_free(ints);
}

static double guard_value(assay_element element)
{
    return element == ASSAY_REAL ? NAN : element == ASSAY_INT32 ? (double)guard_int : (double)guard_byte;
}

/* Every other argument starts at a cache line of floats, the rest one element or more beside it. */
static guarded guard(assay_backend *backend, const test_argument *a, int number, const double *values)
{
    size_t before = number % 2 == 0 ? 16 : 16 + (size_t)number;
    guarded g = {.buffer = assay_buffer_create(backend, a->element, before + a->count + GUARD)};
    if (g.buffer == NULL) {
        test_assert_clean(backend);
    }
    g.slice = assay_part_of(assay_whole(g.buffer), before, a->count);
    double *all = reals(g.slice.count + before + GUARD);
    for (size_t i = 0; i < before + a->count + GUARD; i++) {
        all[i] = i >= before && i - before < a->count ? values[i - before] : guard_value(a->element);
    }
    upload(backend, a->element, assay_whole(g.buffer), all);
    assay_free(all);
    return g;
}

/* Copies the slice's values out, and fails the test if a guard zone has changed. */
static void take_back(assay_backend *backend, const char *what, const test_argument *a, const guarded *g,
                      double *values)
{
    if (a->element == ASSAY_UINT8) {
        return;
    }
    size_t count = a->count + g->slice.offset + GUARD;
    double *all = reals(count);
    download(backend, a->element, assay_whole(g->buffer), all);
    for (size_t i = 0; i < count; i++) {
        bool inside = i >= g->slice.offset && i - g->slice.offset < a->count;
        double wanted = guard_value(a->element);
        bool intact = isnan(wanted) ? isnan(all[i]) : all[i] == wanted;
        if (!inside && !intact) {
            ck_abort_msg("%s: %s: element %td beside the slice was overwritten", what, a->name,
                         (ptrdiff_t)i - (ptrdiff_t)g->slice.offset);
        }
    }
    memcpy(values, all + g->slice.offset, a->count * sizeof *values);
    assay_free(all);
}

/* --- one case -------------------------------------------------------------------------------------------------- */

typedef struct {
    const test_operation *operation;
    test_case c;
    int count;
    test_argument arguments[MAX_ARGUMENTS];
    double *in[MAX_ARGUMENTS];
    double *want[MAX_ARGUMENTS];
    double *size[MAX_ARGUMENTS];
} prepared;

/* Runs the operation on guarded copies of `in`; out[i] is what argument i holds afterwards. */
static void run(assay_backend *backend, const char *what, const prepared *p, double *const *in, double **out)
{
    guarded buffers[MAX_ARGUMENTS];
    assay_slice slices[MAX_ARGUMENTS] = {ASSAY_NO_SLICE};
    for (int i = 0; i < p->count; i++) {
        const test_argument *a = &p->arguments[i];
        buffers[i] = a->same_as != 0 ? buffers[a->same_as - 1] : guard(backend, a, i, in[i]);
        slices[i] = a->count == 0 ? ASSAY_NO_SLICE : buffers[i].slice;
    }
    p->operation->run(backend, &p->c, slices);
    assay_error error = {.status = ASSAY_OK};
    assay_status status = assay_backend_check(backend, &error);
    if (status != ASSAY_OK) {
        ck_abort_msg("%s: %s", what, error.message);
    }
    for (int i = 0; i < p->count; i++) {
        take_back(backend, what, &p->arguments[i], &buffers[i], out[i]);
    }
    for (int i = 0; i < p->count; i++) {
        if (p->arguments[i].same_as == 0) {
            assay_buffer_destroy(backend, buffers[i].buffer);
        }
    }
}

static test_values values_of(const prepared *p)
{
    test_values values = {.in = {NULL}};
    for (int i = 0; i < p->count; i++) {
        values.in[i] = p->in[i];
        values.want[i] = p->want[i];
        values.size[i] = p->size[i];
    }
    return values;
}

static void fill_sizes(prepared *p)
{
    const test_values values = values_of(p);
    for (int i = 0; i < p->count; i++) {
        bool written = p->arguments[i].role == WRITTEN;
        for (size_t j = 0; written && j < p->arguments[i].count; j++) {
            p->size[i][j] = p->operation->size(&p->c, &values, j);
        }
    }
}

static void prepare(prepared *p, uint64_t *state)
{
    double *absolute[MAX_ARGUMENTS];
    for (int i = 0; i < p->count; i++) {
        const test_argument *a = &p->arguments[i];
        p->in[i] = a->same_as != 0 ? p->in[a->same_as - 1] : draw_argument(&p->c, a, state);
        p->want[i] = reals(a->count);
        p->size[i] = reals(a->count);
        absolute[i] = reals(a->count);
        for (size_t j = 0; j < a->count; j++) {
            absolute[i][j] = fabs(p->in[i][j]);
        }
    }
    run(reference, p->operation->name, p, p->in, p->want);
    if (p->operation->sized) {
        run(reference, p->operation->name, p, absolute, p->size);
    }
    if (p->operation->size != NULL) {
        fill_sizes(p);
    }
    for (int i = 0; i < p->count; i++) {
        assay_free(absolute[i]);
    }
}

static void release(prepared *p)
{
    for (int i = 0; i < p->count; i++) {
        if (p->arguments[i].same_as == 0) {
            assay_free(p->in[i]);
        }
        assay_free(p->want[i]);
        assay_free(p->size[i]);
    }
}

static void judge(const prepared *p, const char *what, assay_format format, int argument, const double *got)
{
    const test_argument *a = &p->arguments[argument];
    const test_values values = values_of(p);
    const double *want = a->role == READ ? p->in[argument] : p->want[argument];
    double *bounds = reals(a->count);
    for (size_t i = 0; a->role != READ && i < a->count; i++) {
        bounds[i] = p->operation->bound(&p->c, &values, argument, i, format);
    }
    assay_comparison comparison = assay_compare(a->count, got, want, bounds, ASSAY_FINITE_ALONE);
    char line[256];
    assay_comparison_line(&comparison, sizeof line, line);
    /* Check writes to a file for each assertion: so here only failures are recorded. */
    if (!comparison.passed) {
        ck_abort_msg("%s: %s: %s (ASSAY_TEST_SEED=%" PRIu64 ")", what, a->name, line, test_seed());
    }
    assay_free(bounds);
}

static void run_on_target(const prepared *p, assay_backend *backend)
{
    char what[256];
    const test_case *c = &p->c;
    snprintf(what, sizeof what, "%s %zux%zux%zu variant %d %s on %s %s, %d threads", p->operation->name, c->rows, c->in,
             c->out, c->variant, assay_activation_name(c->activation.kind), assay_backend_name(backend),
             assay_backend_precision(backend) == ASSAY_F32 ? "f32" : "f64", assay_backend_threads(backend));
    assay_format format = assay_backend_precision(backend) == ASSAY_F32 ? ASSAY_FORMAT_F32 : ASSAY_FORMAT_F64;
    double *got[MAX_ARGUMENTS];
    for (int i = 0; i < p->count; i++) {
        got[i] = reals(p->arguments[i].count);
    }
    run(backend, what, p, p->in, got);
    for (int i = 0; i < p->count; i++) {
        if (p->arguments[i].count != 0 && p->arguments[i].element != ASSAY_UINT8) {
            judge(p, what, format, i, got[i]);
        }
        assay_free(got[i]);
    }
}

static void run_case(const test_operation *operation, test_case c, uint64_t *state)
{
    prepared p = {.operation = operation, .c = c};
    p.count = operation->arguments(&c, p.arguments);
    prepare(&p, state);
    for (size_t i = 0; i < target_count; i++) {
        run_on_target(&p, targets[i]);
    }
    release(&p);
}

/* Every variant, and every activation in the first variant. A large shape takes one of each. */
static void run_operation(const test_operation *operation, uint64_t *state)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        test_case c = {.rows = shapes[s].rows, .in = shapes[s].in, .out = shapes[s].out};
        if (support_small_effort() && c.rows * c.in * c.out >= SMALL_EFFORT) {
            continue;
        }
        bool large = c.rows * c.in * c.out >= LARGE;
        c.activation = assay_activation_default(ASSAY_TANH);
        for (c.variant = 0; c.variant < (large ? 1 : operation->variants); c.variant++) {
            run_case(operation, c, state);
        }
        c.variant = 0;
        for (int kind = 0; operation->has_activation && !large && kind < ASSAY_ACTIVATION_COUNT; kind++) {
            c.activation = assay_activation_default((assay_activation_kind)kind);
            run_case(operation, c, state);
        }
    }
}

static void open_targets(void)
{
    test_flavours(&target_count);
    for (size_t i = 0; i < target_count; i++) {
        targets[i] = test_open_flavour((int)i);
    }
    reference = targets[0];
    ck_assert_str_eq(assay_backend_name(reference), "reference");
}

static void close_targets(void)
{
    for (size_t i = 0; i < target_count; i++) {
        assay_backend_close(targets[i]);
    }
    target_count = 0;
}

START_TEST(every_operation_agrees_with_the_reference)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/%s", test_operations[_i].name);
    for (int kind = 0; test_operations[_i].has_activation && kind < ASSAY_ACTIVATION_COUNT; kind++) {
        evidence(EVIDENCE_CROSS_BACKEND, "activation/%s", assay_activation_name((assay_activation_kind)kind));
    }
    open_targets();
    uint64_t state = test_seed() + (uint64_t)_i;
    run_operation(&test_operations[_i], &state);
    close_targets();
}
END_TEST

/* A case for each operation, so that one can be run alone (CK_RUN_CASE). */
void test_backend_cases(Suite *suite)
{
    for (size_t i = 0; i < test_operation_count; i++) {
        TCase *tcase = tcase_create(test_operations[i].name);
        tcase_set_timeout(tcase, 120);
        tcase_add_loop_test(tcase, every_operation_agrees_with_the_reference, (int)i, (int)i + 1);
        suite_add_tcase(suite, tcase);
    }
}
