/*
 * lib/optim: names and settings, and every named optimizer, on every backend and precision, against PyTorch, against
 * its equations step by step, against closed forms, and at the edges of the numbers.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "machines.h"
#include <assay/optim/optimizer.h>
#include "support.h"

static assay_update_rule rule_of(const char *name, const char *settings)
{
    assay_update_rule rule;
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_optimizer_by_name(name, &rule, &error), &error);
    support_assert_ok(assay_optimizer_set(&rule, settings, &error), &error);
    return rule;
}

/* --- names and settings ---------------------------------------------------------------------------------------- */

START_TEST(every_name_makes_a_rule_that_is_allowed)
{
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        evidence(EVIDENCE_PROPERTY, "optimizer/%s", o->name);
    }
    size_t count = 0;
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++, count++) {
        assay_error error = {.status = ASSAY_OK};
        assay_update_rule rule = rule_of(o->name, "");
        support_assert_ok(assay_update_rule_check(&rule, &error), &error);
    }
    ck_assert_uint_eq(count, 12);
    assay_update_rule rule;
    assay_error error;
    support_assert_error(assay_optimizer_by_name("adan", &rule, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "unknown optimizer 'adan'; known: sgd, momentum, adam, ");
    support_assert_error(assay_optimizer_by_name("", &rule, &error), ASSAY_ERROR_ARGUMENT, &error, "rmsprop");
}
END_TEST

START_TEST(settings_change_what_they_name)
{
    evidence(EVIDENCE_PROPERTY, "backend/update_descriptor");
    assay_update_rule rule = rule_of("adam", "lr=0.25,beta1=0.5,beta2=0.75,eps=1e-3,weight_decay=0.125,amsgrad=1");
    ck_assert(rule.learning_rate == 0.25 && rule.beta1 == 0.5 && rule.beta2 == 0.75 && rule.epsilon == 1e-3);
    ck_assert(rule.weight_decay == 0.125 && rule.amsgrad && !rule.decoupled);
    rule = rule_of("adam", "correct-first=0,weight-decay=0.5,decoupled=1");
    ck_assert(!rule.correct_first && rule.correct_second && rule.weight_decay == 0.5 && rule.decoupled);
    rule = rule_of("rmsprop", "alpha=0.5");
    ck_assert(rule.beta2 == 0.5);
    rule = rule_of("nesterov", "momentum=0.5,nesterov=0,dampening=0.25");
    ck_assert(rule.momentum == 0.5 && !rule.nesterov && rule.dampening == 0.25);
}
END_TEST

static const struct {
    const char *optimizer;
    const char *settings;
    const char *message;
} bad_settings[] = {
    {"sgd", "beta1=0.9", "no hyperparameter 'beta1'; known: lr, weight_decay"},
    {"adam", "momentum=0.9", "known: lr, weight_decay, beta1, beta2, eps"},
    {"adam", "lr", "name=value"},
    {"adam", "lr=0.1,", "nothing follows"},
    {"adam", ",lr=0.1", "name=value"},
    {"adam", "=0.1", "no hyperparameter ''"},
    {"adam", "lr=", "lr must be a finite number, not ''"},
    {"adam", "lr=,beta1=0.5", "lr must be a finite number, not ''"},
    {"adam", "lr=0.1x", "not '0.1x'"},
    {"adam", "lr=0.1 ,beta1=0.5", "not '0.1 '"},
    {"adam", "lr=nan", "not 'nan'"},
    {"adam", "lr=inf", "not 'inf'"},
    {"adam", "lr=1e999", "not '1e999'"},
    {"adam", "lr=0.1,lr=0.2", "lr is given twice"},
    {"adam", "lr=0.1,beta1=0.8,bet=1", "no hyperparameter 'bet'"},
    {"adam", "lr=-1", "learning rate is -1"},
    {"adam", "beta1=1", "beta1 is 1"},
    {"adam", "beta2=-0.5", "beta2 is -0.5"},
    {"adam", "eps=-1e-8", "epsilon is -1e-08"},
    {"adam", "amsgrad=2", "amsgrad must be 0 or 1, not '2'"},
    {"adam", "amsgrad=0.5,lr=1", "amsgrad must be 0 or 1, not '0.5'"},
    {"momentum", "momentum=1.5", "momentum is 1.5"},
    {"nesterov", "dampening=0.5", "Nesterov"},
    {"rmsprop", "alpha=1", "alpha is 1"},
    {"sgd", "weight_decay=-1", "weight decay is -1"},
};

START_TEST(bad_settings_are_refused)
{
    assay_update_rule before = rule_of(bad_settings[_i].optimizer, "");
    assay_update_rule rule = before;
    assay_error error;
    support_assert_error(assay_optimizer_set(&rule, bad_settings[_i].settings, &error), ASSAY_ERROR_ARGUMENT, &error,
                         bad_settings[_i].message);
    ck_assert_mem_eq(&rule, &before, sizeof rule);
}
END_TEST

/* A message quotes at most 64 characters of a text. */
START_TEST(long_settings_are_cut)
{
    static const int lengths[] = {63, 64, 65, 100, 127};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char text[160];
        char cut[80];
        char wanted[160];
        assay_error error;
        assay_update_rule rule = rule_of("adam", "");
        memset(cut, 'x', sizeof cut);
        cut[lengths[i] < 64 ? lengths[i] : 64] = '\0';
        memset(text, 'x', sizeof text);
        snprintf(text + lengths[i], sizeof text - (size_t)lengths[i], "=1");
        snprintf(wanted, sizeof wanted, "hyperparameter '%s';", cut);
        support_assert_error(assay_optimizer_set(&rule, text, &error), ASSAY_ERROR_ARGUMENT, &error, wanted);
        memset(text, 'x', sizeof text);
        memcpy(text, "lr=", 3);
        text[3 + lengths[i]] = '\0';
        snprintf(wanted, sizeof wanted, "not '%s'", cut);
        support_assert_error(assay_optimizer_set(&rule, text, &error), ASSAY_ERROR_ARGUMENT, &error, wanted);
    }
}
END_TEST

START_TEST(settings_as_text_and_back)
{
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        assay_update_rule rule = rule_of(o->name, "lr=0.10000000000000002,weight_decay=5e-324");
        char *text = assay_optimizer_settings(&rule, NULL);
        ck_assert_ptr_nonnull(text);
        assay_update_rule back = rule_of(o->name, "");
        assay_error error = {.status = ASSAY_OK};
        support_assert_ok(assay_optimizer_set(&back, text, &error), &error);
        ck_assert_msg(back.learning_rate == rule.learning_rate && back.weight_decay == rule.weight_decay &&
                          back.momentum == rule.momentum && back.beta1 == rule.beta1 && back.beta2 == rule.beta2 &&
                          back.epsilon == rule.epsilon && back.amsgrad == rule.amsgrad,
                      "%s: %s", o->name, text);
        assay_free(text);
    }
    assay_update_rule rule = rule_of("nesterov", "");
    char *text = assay_optimizer_settings(&rule, NULL);
    ck_assert_str_eq(text, "lr=0.1,weight_decay=0,momentum=0.9,dampening=0,nesterov=1");
    assay_free(text);
}
END_TEST

/* --- running an optimizer -------------------------------------------------------------------------------------- */

typedef struct {
    assay_backend *backend;
    assay_optimizer *optimizer;
    assay_buffer *w;
    assay_buffer *g;
    size_t count;
} optimizer_bench;

static optimizer_bench bench_open(assay_backend *backend, const assay_update_rule *rule, size_t count,
                                  const double *start)
{
    assay_error error = {.status = ASSAY_OK};
    optimizer_bench made = {.backend = backend, .count = count};
    made.w = assay_buffer_create(made.backend, ASSAY_REAL, count);
    made.g = assay_buffer_create(made.backend, ASSAY_REAL, count);
    support_assert_ok(assay_optimizer_create(made.backend, rule, count, &made.optimizer, &error), &error);
    assay_upload_f64(made.backend, assay_whole(made.w), start);
    return made;
}

static void bench_step(optimizer_bench *on, const double *gradient)
{
    assay_upload_f64(on->backend, assay_whole(on->g), gradient);
    assay_optimizer_step(on->optimizer, assay_whole(on->w), assay_whole(on->g));
}

static void bench_read(optimizer_bench *on, double *w)
{
    assay_error error = {.status = ASSAY_OK};
    assay_download_f64(on->backend, assay_whole(on->w), w);
    support_assert_ok(assay_backend_check(on->backend, &error), &error);
}

static void bench_close(optimizer_bench *on)
{
    assay_optimizer_destroy(on->optimizer);
    assay_buffer_destroy(on->backend, on->w);
    assay_buffer_destroy(on->backend, on->g);
}

/* "openblas f32", in an array of the caller. */
enum { BACKEND_LABEL = 32 };

static const char *backend_label(const assay_backend *backend, char label[BACKEND_LABEL])
{
    snprintf(label, BACKEND_LABEL, "%s %s", assay_backend_name(backend),
             assay_backend_precision(backend) == ASSAY_F32 ? "f32" : "f64");
    return label;
}

static double unit_roundoff(const assay_backend *backend)
{
    return assay_backend_precision(backend) == ASSAY_F32 ? 0x1p-24 : 0x1p-53;
}

/* Numerical Recipes' generator: [-1, 1) in steps of 2^-23, exact in float32. golden/scripts/optim.py has the same. */
static double next_random(uint32_t *state)
{
    *state = 1664525u * *state + 1013904223u;
    return (double)(*state >> 8) * 0x1p-23 - 1.0;
}

/* --- against golden values --------------------------------------------------------------------------------------- */

enum { GOLDEN_COUNT = 6, GOLDEN_STEPS = 100 };

/* As gradients() in golden/scripts/optim.py. */
static void golden_gradient(uint32_t *state, const json_t *scales, int step, double gradient[GOLDEN_COUNT])
{
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        double scale = ldexp(1.0, (int)json_integer_value(json_array_get(scales, i)));
        gradient[i] = next_random(state) * scale;
        if (i == 5 || (i == 3 && step % 3 == 0)) {
            gradient[i] = 0.0;
        }
    }
}

static void compare_golden_row(const char *label, int step, const json_t *row, double tolerance, const double *w,
                               double *largest)
{
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        double want = json_number_value(json_array_get(row, i));
        largest[i] = fmax(largest[i], fabs(want));
        ck_assert_msg(fabs(w[i] - want) <= tolerance * largest[i],
                      "%s, parameter %zu after step %d: %.17g, golden: %.17g, error %.3g of the largest", label, i,
                      step, w[i], want, fabs(w[i] - want) / largest[i]);
    }
}

static void check_golden_case(assay_backend *on, const json_t *golden, const json_t *entry)
{
    const char *precision = assay_backend_precision(on) == ASSAY_F32 ? "f32" : "f64";
    double tolerance = json_number_value(json_object_get(json_object_get(golden, "tolerance"), precision));
    const char *name = json_string_value(json_object_get(entry, "optimizer"));
    const char *settings = json_string_value(json_object_get(entry, "settings"));
    const json_t *steps = json_object_get(golden, "steps");
    const json_t *exact = json_object_get(entry, "exact"); /* one row for both precisions */
    const json_t *rows = exact != NULL ? exact : json_object_get(entry, precision);
    evidence(EVIDENCE_GOLDEN, "optimizer/%s", name);
    char label[160];
    char label_of_backend[BACKEND_LABEL];
    snprintf(label, sizeof label, "%s, %s with '%s'", backend_label(on, label_of_backend), name, settings);
    assay_update_rule rule = rule_of(name, settings);
    double w[GOLDEN_COUNT];
    double largest[GOLDEN_COUNT];
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        w[i] = json_number_value(json_array_get(json_object_get(golden, "start"), i));
        largest[i] = 1.0;
    }
    optimizer_bench bench = bench_open(on, &rule, GOLDEN_COUNT, w);
    uint32_t state = 42;
    size_t kept = 0;
    for (int step = 1; step <= GOLDEN_STEPS; step++) {
        double gradient[GOLDEN_COUNT];
        golden_gradient(&state, json_object_get(golden, "scales"), step, gradient);
        bench_step(&bench, gradient);
        if (step == json_integer_value(json_array_get(steps, kept))) {
            bench_read(&bench, w);
            compare_golden_row(label, step, json_array_get(rows, kept), tolerance, w, largest);
            kept++;
        }
    }
    ck_assert_uint_eq(kept, json_array_size(steps));
    bench_close(&bench);
}

static void check_golden_file(const char *file, size_t case_count)
{
    evidence(EVIDENCE_GOLDEN, "operation/update");
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    json_t *golden = support_golden(file);
    const json_t *cases = json_object_get(golden, "cases");
    ck_assert_uint_eq(json_array_size(cases), case_count);
    for (size_t i = 0; i < machine_count; i++) {
        assay_backend *backend = machine_open(machines[i], 1);
        for (size_t k = 0; k < json_array_size(cases); k++) {
            check_golden_case(backend, golden, json_array_get(cases, k));
        }
        assay_backend_close(backend);
    }
    json_decref(golden);
}

START_TEST(a_hundred_steps_are_pytorchs)
{
    check_golden_file("optim_torch.json", 22);
}
END_TEST

START_TEST(a_hundred_steps_of_lion_are_mpmaths)
{
    check_golden_file("lion_mpmath.json", 4);
}
END_TEST

/* --- step by step against the equations ------------------------------------------------------------------------ */

/* The state of one parameter: first moment, second moment, largest second moment. */
typedef struct {
    double w;
    double m;
    double v;
    double top;
} oracle;

/* Cell [22], cell [23], and torch.optim.SGD's documentation, in double. */
static void oracle_momentum(const assay_update_rule *rule, unsigned t, double g, oracle *o)
{
    double eta = rule->learning_rate;
    if (rule->kind == ASSAY_UPDATE_SGD) {
        o->w -= eta * g;
    } else if (rule->kind == ASSAY_UPDATE_MOMENTUM) {
        o->m = (1.0 - rule->momentum) * g + rule->momentum * o->m;
        o->w -= eta * o->m;
    } else {
        o->m = t > 1 ? rule->momentum * o->m + (1.0 - rule->dampening) * g : g;
        o->w -= eta * (rule->nesterov ? g + rule->momentum * o->m : o->m);
    }
}

/* Kingma and Ba, algorithm 1, and the variants of update_rule.h; torch.optim.RMSprop's documentation. */
static void oracle_adaptive(const assay_update_rule *rule, unsigned t, double g, oracle *o)
{
    double eta = rule->learning_rate;
    o->v = rule->beta2 * o->v + (1.0 - rule->beta2) * (g * g);
    if (rule->kind == ASSAY_UPDATE_RMSPROP) {
        o->w -= eta * g / (sqrt(o->v) + rule->epsilon);
        return;
    }
    o->m = rule->beta1 * o->m + (1.0 - rule->beta1) * g;
    o->top = fmax(o->top, o->v);
    double m_hat = rule->correct_first ? o->m / (1.0 - pow(rule->beta1, t)) : o->m;
    double v_hat = rule->amsgrad ? o->top : o->v;
    v_hat = rule->correct_second ? v_hat / (1.0 - pow(rule->beta2, t)) : v_hat;
    o->w -= eta * m_hat / (sqrt(v_hat) + rule->epsilon);
}

/* Chen et al. 2023, algorithm 2. */
static void oracle_lion(const assay_update_rule *rule, double g, oracle *o)
{
    double c = rule->beta1 * o->m + (1.0 - rule->beta1) * g;
    o->w -= rule->learning_rate * (double)((c > 0.0) - (c < 0.0));
    o->m = rule->beta2 * o->m + (1.0 - rule->beta2) * g;
}

static void oracle_step(const assay_update_rule *rule, unsigned t, double g, oracle *o)
{
    if (rule->decoupled) {
        o->w -= rule->learning_rate * rule->weight_decay * o->w;
    } else {
        g += rule->weight_decay * o->w;
    }
    if (rule->kind == ASSAY_UPDATE_ADAM || rule->kind == ASSAY_UPDATE_RMSPROP) {
        oracle_adaptive(rule, t, g, o);
    } else if (rule->kind == ASSAY_UPDATE_LION) {
        oracle_lion(rule, g, o);
    } else {
        oracle_momentum(rule, t, g, o);
    }
}

static double oracle_slot(const assay_update_rule *rule, const oracle *o, size_t slot)
{
    const char *name = assay_optimizer_slot_name(rule, slot);
    return strcmp(name, "first_moment") == 0 ? o->m : strcmp(name, "second_moment") == 0 ? o->v : o->top;
}

/* Beside every name with its defaults. */
static const struct {
    const char *optimizer;
    const char *settings;
} oracle_cases[] = {
    {"sgd", ""},
    {"sgd", "lr=0.5,weight_decay=0.25"},
    {"momentum", ""},
    {"momentum", "lr=0.5,momentum=0,weight_decay=0.25"},
    {"momentum", "momentum=0.5,weight_decay=0.01"},
    {"adam", ""},
    {"adam", "lr=0.1,beta1=0,beta2=0"},
    {"adam", "lr=0.1,beta1=0.5,beta2=0.25,eps=0.5,weight_decay=0.25"},
    {"classical-momentum", ""},
    {"classical-momentum", "momentum=0.5,weight_decay=0.25"},
    {"nesterov", ""},
    {"nesterov", "momentum=0.5,weight_decay=0.25"},
    {"dampening", ""},
    {"dampening", "dampening=0.5,weight_decay=0.25"},
    {"dampening", "dampening=1"},
    {"adamw", ""},
    {"adamw", "lr=0.1,weight_decay=0.5"},
    {"amsgrad", ""},
    {"amsgrad", "lr=0.1,beta2=0.5,weight_decay=0.25"},
    {"amsgrad", "lr=0.1,decoupled=1,weight_decay=0.25"},
    {"adam-uncorrected-momentum", ""},
    {"adam-uncorrected-momentum", "lr=0.1,weight_decay=0.25"},
    {"adam-uncorrected", ""},
    {"adam-uncorrected", "lr=0.01,weight_decay=0.25"},
    {"adam", "correct_second=0,lr=0.01"},
    {"rmsprop", ""},
    {"rmsprop", "alpha=0.5,eps=0.125,weight_decay=0.25"},
    {"lion", ""},
    {"lion", "lr=0.01,weight_decay=0.25"},
    {"lion", "lr=0.01,beta1=0.5,beta2=0.75"},
    {"lion", "lr=0.01,beta1=0,beta2=0,weight_decay=0.25,decoupled=0"},
};

/* Around the widths of vectors. */
static const size_t oracle_counts[] = {1, 3, 7, 16, 17, 63, 64, 65, 1000, 4097};

enum { ORACLE_STEPS = 12 };

/* `slot` -1: the parameters. The bound is steps times a few roundings of the largest value so far. */
static void compare_oracle(const char *label, int slot, const assay_update_rule *rule, size_t count, const double *got,
                           const oracle *want, double tolerance)
{
    double largest = slot < 0 ? 1.0 : 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(slot < 0 ? want[i].w : oracle_slot(rule, &want[i], (size_t)slot)));
    }
    for (size_t i = 0; i < count; i++) {
        double value = slot < 0 ? want[i].w : oracle_slot(rule, &want[i], (size_t)slot);
        ck_assert_msg(fabs(got[i] - value) <= tolerance * largest, "%s, slot %d, entry %zu of %zu: %.17g, wanted %.17g",
                      label, slot, i, count, got[i], value);
    }
}

static void check_oracle(assay_backend *on, const assay_update_rule *rule, const char *label, size_t count)
{
    double *values = assay_calloc(count, sizeof *values, NULL);
    oracle *want = assay_calloc(count, sizeof *want, NULL);
    uint32_t random = 7;
    for (size_t i = 0; i < count; i++) {
        values[i] = next_random(&random);
        want[i].w = values[i];
    }
    optimizer_bench bench = bench_open(on, rule, count, values);
    for (unsigned t = 1; t <= ORACLE_STEPS; t++) {
        for (size_t i = 0; i < count; i++) {
            /* Sizes from 2^-3 to 1; gradients shrink with t, so that the largest second moment is not the last. */
            values[i] = ldexp(next_random(&random), -(int)(i % 4) - (int)(t / 4));
            oracle_step(rule, t, values[i], &want[i]);
        }
        bench_step(&bench, values);
    }
    double tolerance = ORACLE_STEPS * 8 * unit_roundoff(on);
    bench_read(&bench, values);
    compare_oracle(label, -1, rule, count, values, want, tolerance);
    ck_assert_uint_eq(assay_optimizer_steps(bench.optimizer), ORACLE_STEPS);
    for (size_t slot = 0; slot < assay_optimizer_slots(bench.optimizer); slot++) {
        assay_download_f64(bench.backend, assay_optimizer_state(bench.optimizer, slot), values);
        compare_oracle(label, (int)slot, rule, count, values, want, tolerance);
    }
    bench_close(&bench);
    assay_free(values);
    assay_free(want);
}

START_TEST(every_step_is_the_equations)
{
    evidence(EVIDENCE_PROPERTY, "optimizer/%s", oracle_cases[_i].optimizer);
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    assay_update_rule rule = rule_of(oracle_cases[_i].optimizer, oracle_cases[_i].settings);
    for (size_t i = 0; i < machine_count; i++) {
        char label[160];
        char name[BACKEND_LABEL];
        assay_backend *backend = machine_open(machines[i], 1);
        snprintf(label, sizeof label, "%s, %s with '%s'", backend_label(backend, name), oracle_cases[_i].optimizer,
                 oracle_cases[_i].settings);
        size_t counts = sizeof oracle_counts / sizeof *oracle_counts;
        for (size_t k = 0; k < (support_small_effort() ? counts - 2 : counts); k++) {
            check_oracle(backend, &rule, label, oracle_counts[k]);
        }
        assay_backend_close(backend);
    }
}
END_TEST

/* Threads share the parameters out, and each is computed alone: the same bits. */
static void threads_run(machine on, int threads, const assay_update_rule *rule, size_t count, double *w, double *g)
{
    uint32_t random = 11;
    for (size_t i = 0; i < count; i++) {
        w[i] = next_random(&random);
        g[i] = next_random(&random);
    }
    assay_backend *backend = machine_open(on, threads);
    optimizer_bench bench = bench_open(backend, rule, count, w);
    for (int t = 0; t < 3; t++) {
        bench_step(&bench, g);
    }
    bench_read(&bench, w);
    bench_close(&bench);
    assay_backend_close(backend);
}

START_TEST(threads_change_nothing)
{
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        evidence(EVIDENCE_PROPERTY, "optimizer/%s", o->name);
    }
    enum { COUNT = 70001 };
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    double *one = assay_calloc(COUNT, sizeof *one, NULL);
    double *many = assay_calloc(COUNT, sizeof *many, NULL);
    double *gradient = assay_calloc(COUNT, sizeof *gradient, NULL);
    for (size_t i = 0; i < machine_count; i++) {
        for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
            assay_update_rule rule = rule_of(o->name, "");
            threads_run(machines[i], 1, &rule, COUNT, one, gradient);
            int threads = strcmp(machines[i].backend, "reference") == 0 ? 1 : 2;
            threads_run(machines[i], threads, &rule, COUNT, many, gradient);
            ck_assert_msg(memcmp(one, many, COUNT * sizeof *one) == 0, "%s, %s", machines[i].backend, o->name);
        }
    }
    assay_free(one);
    assay_free(many);
    assay_free(gradient);
}
END_TEST

/*
 * Twenty steps of every optimizer on every backend and precision against the reference, each from the same
 * start and with the same gradients: the bound is a few roundings a step.
 */
START_TEST(every_backend_takes_the_same_steps)
{
    enum { COUNT = 257, STEPS = 20 };
    double start[COUNT], gradient[COUNT], want[COUNT], got[COUNT];
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        evidence(EVIDENCE_CROSS_BACKEND, "optimizer/%s", o->name);
        assay_update_rule rule = rule_of(o->name, "");
        for (size_t i = 0; i < machine_count; i++) {
            uint32_t random = 19;
            double *end = i == 0 ? want : got;
            for (size_t j = 0; j < COUNT; j++) {
                start[j] = next_random(&random);
            }
            assay_backend *backend = machine_open(machines[i], 1);
            optimizer_bench bench = bench_open(backend, &rule, COUNT, start);
            for (int t = 0; t < STEPS; t++) {
                for (size_t j = 0; j < COUNT; j++) {
                    gradient[j] = next_random(&random);
                }
                bench_step(&bench, gradient);
            }
            bench_read(&bench, end);
            for (size_t j = 0; j < COUNT; j++) {
                ck_assert_msg(fabs(end[j] - want[j]) <= STEPS * 8 * unit_roundoff(backend) * fmax(1.0, fabs(want[j])),
                              "%s on %s, entry %zu: %.17g, the reference has %.17g", o->name, machines[i].backend, j,
                              end[j], want[j]);
            }
            bench_close(&bench);
            assay_backend_close(backend);
        }
    }
    ck_assert_str_eq(machines[0].backend, "reference");
    ck_assert_uint_ge(machine_count, 2);
}
END_TEST

/* --- closed forms ---------------------------------------------------------------------------------------------- */

/* A parameter on the parabola a w^2 / 2, gradient a w, or on a slope of constant gradient a. */
typedef struct {
    const char *optimizer;
    const char *settings;
    bool parabola;
    double a;
    double (*solution)(const assay_update_rule *rule, double a, double w, unsigned t);
} closed_form;

/* w_t = (1 - eta (a + lambda))^t w_0 */
static double solve_sgd(const assay_update_rule *rule, double a, double w, unsigned t)
{
    return pow(1.0 - rule->learning_rate * (a + rule->weight_decay), t) * w;
}

/* First component of [[p, q], [r, s]]^t (w, 0): the linear recurrence of (w, m). */
static double matrix_power(double p, double q, double r, double s, double w, unsigned t)
{
    /* Cayley-Hamilton: M^t = U_t M - det U_(t-1) I with U_t = (x^t - y^t) / (x - y), x and y the eigenvalues. */
    double trace = p + s;
    double det = p * s - q * r;
    double discriminant = trace * trace / 4.0 - det;
    double chain[2];
    for (unsigned k = 0; k < 2; k++) {
        double power = (double)(t - k);
        if (discriminant > 0.0) {
            double x = trace / 2.0 + sqrt(discriminant);
            double y = trace / 2.0 - sqrt(discriminant);
            chain[k] = (pow(x, power) - pow(y, power)) / (x - y);
        } else {
            double angle = atan2(sqrt(-discriminant), trace / 2.0);
            chain[k] = pow(det, (power - 1.0) / 2.0) * sin(power * angle) / sin(angle);
        }
    }
    return (chain[0] * p - det * chain[1]) * w;
}

/* m' = b m + (1 - b) a w, w' = w - eta m' */
static double solve_averaging(const assay_update_rule *rule, double a, double w, unsigned t)
{
    double b = rule->momentum;
    double eta = rule->learning_rate;
    return matrix_power(1.0 - eta * (1.0 - b) * a, -eta * b, (1.0 - b) * a, b, w, t);
}

/* m' = b m + a w, w' = w - eta m', or w - eta (a w + b m') */
static double solve_heavy_ball(const assay_update_rule *rule, double a, double w, unsigned t)
{
    double b = rule->momentum;
    double eta = rule->learning_rate;
    if (rule->nesterov) {
        return matrix_power(1.0 - eta * a * (1.0 + b), -eta * b * b, a, b, w, t);
    }
    return matrix_power(1.0 - eta * a, -eta * b, a, b, w, t);
}

/* Constant gradient a: m_hat = a, v_hat = a^2: every step is eta a / (|a| + eps). AMSGrad's v grows: the same. */
static double solve_adam(const assay_update_rule *rule, double a, double w, unsigned t)
{
    return w - t * rule->learning_rate * a / (fabs(a) + rule->epsilon);
}

/* m_k = (1 - b^k) a: w_t = w_0 - step (t - b (1 - b^t) / (1 - b)) */
static double solve_uncorrected(const assay_update_rule *rule, double a, double w, unsigned t)
{
    double b = rule->beta1;
    return w - rule->learning_rate * a / (fabs(a) + rule->epsilon) * (t - b * (1.0 - pow(b, t)) / (1.0 - b));
}

/* w_t = k w_(t-1) - step, k = 1 - eta lambda: w_t = k^t (w_0 + s) - s with s = step / (1 - k) */
static double solve_adamw(const assay_update_rule *rule, double a, double w, unsigned t)
{
    double decay = rule->learning_rate * rule->weight_decay;
    double s = rule->learning_rate * a / (fabs(a) + rule->epsilon) / decay;
    return pow(1.0 - decay, t) * (w + s) - s;
}

/* v_k = (1 - alpha^k) a^2 */
static double solve_rmsprop(const assay_update_rule *rule, double a, double w, unsigned t)
{
    for (unsigned k = 1; k <= t; k++) {
        w -= rule->learning_rate * a / (fabs(a) * sqrt(1.0 - pow(rule->beta2, k)) + rule->epsilon);
    }
    return w;
}

/* Constant gradient a: m has its sign, and every step is eta sign(a) after the decay; solve_adamw is the same sum. */
static double solve_lion(const assay_update_rule *rule, double a, double w, unsigned t)
{
    double decay = rule->learning_rate * rule->weight_decay;
    double step = copysign(rule->learning_rate, a);
    return decay == 0.0 ? w - t * step : pow(1.0 - decay, t) * (w + step / decay) - step / decay;
}

static const closed_form closed_forms[] = {
    {"sgd", "lr=0.1", true, 1.5, solve_sgd},
    {"sgd", "lr=0.1,weight_decay=0.5", true, 1.5, solve_sgd},
    {"sgd", "lr=0.1", true, 20.5, solve_sgd}, /* beyond 2 / eta: grows, changing sign */
    {"momentum", "lr=0.1,momentum=0.9", true, 1.5, solve_averaging},
    {"momentum", "lr=0.1,momentum=0.5", true, 1.5, solve_averaging},
    {"classical-momentum", "lr=0.1,momentum=0.9", true, 1.5, solve_heavy_ball},
    {"classical-momentum", "lr=0.1,momentum=0.25", true, 1.5, solve_heavy_ball},
    {"nesterov", "lr=0.1,momentum=0.9", true, 1.5, solve_heavy_ball},
    {"nesterov", "lr=0.1,momentum=0.25", true, 1.5, solve_heavy_ball},
    {"adam", "", false, -0.375, solve_adam},
    {"adam", "lr=0.01,eps=0.5", false, 3.0, solve_adam},
    {"amsgrad", "lr=0.01", false, 3.0, solve_adam},
    {"adam-uncorrected-momentum", "lr=0.01", false, 3.0, solve_uncorrected},
    {"adamw", "lr=0.01,weight_decay=0.5", false, 3.0, solve_adamw},
    {"rmsprop", "", false, -3.0, solve_rmsprop},
    {"lion", "", false, -3.0, solve_lion},
    {"lion", "lr=0.01,weight_decay=0.5", false, 3.0, solve_lion},
};

START_TEST(closed_forms_hold)
{
    evidence(EVIDENCE_PROPERTY, "optimizer/%s", closed_forms[_i].optimizer);
    const closed_form *form = &closed_forms[_i];
    assay_update_rule rule = rule_of(form->optimizer, form->settings);
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    for (size_t i = 0; i < machine_count; i++) {
        double w = 1.25;
        double start = w;
        double largest = fabs(w);
        assay_backend *backend = machine_open(machines[i], 1);
        optimizer_bench bench = bench_open(backend, &rule, 1, &start);
        for (unsigned t = 1; t <= 60; t++) {
            double gradient = form->parabola ? form->a * w : form->a;
            bench_step(&bench, &gradient);
            bench_read(&bench, &w);
            double want = form->solution(&rule, form->a, start, t);
            largest = fmax(largest, fabs(want));
            char name[BACKEND_LABEL];
            /* Each step rounds a few times; errors of the parabola's steps are damped, or grow as w does. */
            ck_assert_msg(fabs(w - want) <= 8.0 * t * unit_roundoff(backend) * largest,
                          "%s, %s with '%s', step %u: %.17g, wanted %.17g", backend_label(backend, name),
                          form->optimizer, form->settings, t, w, want);
        }
        bench_close(&bench);
        assay_backend_close(backend);
    }
}
END_TEST

/* --- the edges of the numbers ---------------------------------------------------------------------------------- */

/* Enough for a vector and a remainder. */
enum { EDGE_COUNT = 19 };

static void fill(double *values, double value)
{
    for (size_t i = 0; i < EDGE_COUNT; i++) {
        values[i] = value;
    }
}

/* `steps` steps of gradient `g` for all parameters, started at `start`; returns parameter 0, checks that all agree. */
static double edge_run(optimizer_bench *on, double g, unsigned steps)
{
    double values[EDGE_COUNT];
    fill(values, g);
    bench_step(on, values);
    for (unsigned t = 1; t < steps; t++) {
        assay_optimizer_step(on->optimizer, assay_whole(on->w), assay_whole(on->g));
    }
    bench_read(on, values);
    for (size_t i = 1; i < EDGE_COUNT; i++) {
        ck_assert_msg(values[i] == values[0] || (isnan(values[i]) && isnan(values[0])), "entry %zu is %g, entry 0 %g",
                      i, values[i], values[0]);
    }
    return values[0];
}

static optimizer_bench edge_open(assay_backend *on, const assay_update_rule *rule, double start)
{
    double values[EDGE_COUNT];
    fill(values, start);
    return bench_open(on, rule, EDGE_COUNT, values);
}

static bool state_is_finite(optimizer_bench *on)
{
    for (size_t slot = 0; slot < assay_optimizer_slots(on->optimizer); slot++) {
        double values[EDGE_COUNT];
        assay_download_f64(on->backend, assay_optimizer_state(on->optimizer, slot), values);
        for (size_t i = 0; i < EDGE_COUNT; i++) {
            if (!isfinite(values[i])) {
                return false;
            }
        }
    }
    return true;
}

/* Calls check(machine, name, rule) for every backend, precision and named optimizer; no weight decay. */
static void for_all(void (*check)(assay_backend *on, const char *label, const assay_update_rule *rule))
{
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    for (size_t i = 0; i < machine_count; i++) {
        assay_backend *backend = machine_open(machines[i], 1);
        for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
            assay_update_rule rule = rule_of(o->name, "weight_decay=0");
            char label[96];
            char backend_name[BACKEND_LABEL];
            snprintf(label, sizeof label, "%s, %s", backend_label(backend, backend_name), o->name);
            check(backend, label, &rule);
        }
        assay_backend_close(backend);
    }
}

/* 0 / (0 + eps) = 0: nothing moves, at any step. */
static void check_zero_gradients(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    optimizer_bench bench = edge_open(on, rule, 0.75);
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    ck_assert_msg(edge_run(&bench, 0.0, 5) == 0.75, "%s", label);
    ck_assert_msg(state_is_finite(&bench), "%s", label);
    bench_close(&bench);
}

START_TEST(zero_gradients_move_nothing)
{
    for_all(check_zero_gradients);
}
END_TEST

/* The rules that divide by the root of v. */
static bool adaptive(const assay_update_rule *rule)
{
    return rule->kind == ASSAY_UPDATE_ADAM || rule->kind == ASSAY_UPDATE_RMSPROP;
}

/* Three steps with gradients of size `g`: the parameter is where the equations in double have it, the state finite. */
static void check_huge_steps(assay_backend *on, const char *label, const assay_update_rule *rule, double g)
{
    oracle want = {.w = 0.75};
    double largest = 1.0;
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    optimizer_bench bench = edge_open(on, rule, 0.75);
    for (unsigned t = 1; t <= 3; t++) {
        double signed_g = t % 2 == 0 ? -g : g;
        oracle_step(rule, t, signed_g, &want);
        double w = edge_run(&bench, signed_g, 1);
        largest = fmax(largest, fabs(want.w));
        ck_assert_msg(fabs(w - want.w) <= 64 * unit_roundoff(on) * largest, "%s, step %u with %g: %.17g, wanted %.17g",
                      label, t, g, w, want.w);
        ck_assert_msg(state_is_finite(&bench), "%s, step %u with %g: the state overflows", label, t, g);
    }
    bench_close(&bench);
}

static void check_huge_gradients(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    check_huge_steps(on, label, rule, 1e15);
    check_huge_steps(on, label, rule, 1e30);
    if (adaptive(rule)) {
        check_huge_steps(on, label, rule, assay_backend_precision(on) == ASSAY_F32 ? (double)FLT_MAX : 1e153);
    }
}

START_TEST(huge_gradients_do_not_overflow)
{
    for_all(check_huge_gradients);
}
END_TEST

/* After one huge gradient the second moment forgets, and the parameter moves again. */
static void check_recovery(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    if (!adaptive(rule) || rule->amsgrad) {
        return;
    }
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    assay_update_rule forgetful = *rule;
    forgetful.beta2 = 0.9;
    optimizer_bench bench = edge_open(on, &forgetful, 0.75);
    double before = edge_run(&bench, assay_backend_precision(on) == ASSAY_F32 ? 1e30 : 1e200, 1);
    double after = edge_run(&bench, 1.0, 9000);
    ck_assert_msg(after < before - 1000 * rule->learning_rate, "%s: from %g to %g", label, before, after);
    bench_close(&bench);
}

START_TEST(a_huge_gradient_is_forgotten)
{
    for_all(check_recovery);
}
END_TEST

/* Lion's steps have one size, whatever the gradient's: at most eta each, downhill. */
static void check_subnormal_lion(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    const double tiny[] = {1e-40, 0x1p-149, -0x1p-149, 0x1p-126};
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        optimizer_bench bench = edge_open(on, rule, 0.0);
        double w = edge_run(&bench, tiny[i], 5);
        bool downhill = w * copysign(1.0, tiny[i]) <= 0.0;
        ck_assert_msg(fabs(w) <= 5.001 * rule->learning_rate && downhill, "%s, gradient %g: %g", label, tiny[i], w);
        ck_assert_msg(state_is_finite(&bench), "%s", label);
        bench_close(&bench);
    }
}

/* Subnormal gradients: the parameter stays (eta g / eps is far below its last bit), or moves by eta g exactly. */
static void check_subnormal(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    if (rule->kind == ASSAY_UPDATE_LION) {
        check_subnormal_lion(on, label, rule);
        return;
    }
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    const double tiny[] = {1e-40, 0x1p-149, -0x1p-149, 0x1p-126};
    for (size_t i = 0; i < sizeof tiny / sizeof *tiny; i++) {
        optimizer_bench at_one = edge_open(on, rule, 1.0);
        ck_assert_msg(edge_run(&at_one, tiny[i], 5) == 1.0, "%s, gradient %g", label, tiny[i]);
        ck_assert_msg(state_is_finite(&at_one), "%s", label);
        bench_close(&at_one);
        optimizer_bench at_zero = edge_open(on, rule, 0.0);
        double w = edge_run(&at_zero, tiny[i], 5);
        ck_assert_msg(fabs(w) <= 5e8 * fabs(tiny[i]) && w * tiny[i] <= 0.0, "%s, gradient %g: %g", label, tiny[i], w);
        bench_close(&at_zero);
    }
}

START_TEST(subnormal_gradients_do_no_harm)
{
    for_all(check_subnormal);
}
END_TEST

/*
 * Step t in the millions and beyond 2^53: beta^t has vanished, and with m = g and v = g^2 from before, Adam's step is
 * eta g / (|g| + eps) exactly. The state is put there as a checkpoint would put it.
 */
static void check_late_step(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    const uint64_t steps[] = {1000000, 5000000, UINT32_MAX, (uint64_t)1 << 40, ((uint64_t)1 << 53) + 1, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        optimizer_bench bench = edge_open(on, rule, 0.75);
        double values[EDGE_COUNT];
        for (size_t slot = 0; slot < assay_optimizer_slots(bench.optimizer); slot++) {
            bool first = strcmp(assay_optimizer_slot_name(rule, slot), "first_moment") == 0;
            fill(values, first ? 0.5 : 0.25);
            assay_upload_f64(bench.backend, assay_optimizer_state(bench.optimizer, slot), values);
        }
        oracle want = {.w = 0.75, .m = 0.5, .v = 0.25, .top = 0.25};
        assay_optimizer_set_steps(bench.optimizer, steps[i]);
        ck_assert_uint_eq(assay_optimizer_steps(bench.optimizer), steps[i]);
        oracle_step(rule, 1000000, 0.5, &want);
        double w = edge_run(&bench, 0.5, 1);
        ck_assert_msg(fabs(w - want.w) <= 8 * unit_roundoff(on), "%s, t = %llu: %.17g, wanted %.17g", label,
                      (unsigned long long)steps[i] + 1, w, want.w);
        bench_close(&bench);
    }
}

START_TEST(late_steps_are_uncorrected)
{
    evidence(EVIDENCE_PROPERTY, "backend/update_coefficients");
    for_all(check_late_step);
}
END_TEST

/* A gradient that is not finite shows in the parameters; under Lion, whose steps are finite, an infinite one in m. */
static void check_not_finite(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        optimizer_bench bench = edge_open(on, rule, 0.75);
        double w = edge_run(&bench, bad[i], 1);
        bool shows = !isfinite(w) || (rule->kind == ASSAY_UPDATE_LION && !isnan(bad[i]) && !state_is_finite(&bench));
        ck_assert_msg(shows, "%s: gradient %g does not show: %g", label, bad[i], w);
        bench_close(&bench);
    }
}

START_TEST(not_finite_gradients_show)
{
    for_all(check_not_finite);
}
END_TEST

/* --- checkpoints and misuse ------------------------------------------------------------------------------------ */

/* Ten steps, or five, everything read out, written into a new optimizer, and five more: the same bits. */
static void check_resume(assay_backend *on, const char *label, const assay_update_rule *rule)
{
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    double start[EDGE_COUNT];
    double gradient[10][EDGE_COUNT];
    double through[EDGE_COUNT];
    double resumed[EDGE_COUNT];
    uint32_t random = 3;
    for (size_t i = 0; i < EDGE_COUNT; i++) {
        start[i] = next_random(&random);
        for (size_t t = 0; t < 10; t++) {
            gradient[t][i] = next_random(&random);
        }
    }
    optimizer_bench first = bench_open(on, rule, EDGE_COUNT, start);
    optimizer_bench second = {.backend = NULL};
    for (size_t t = 0; t < 10; t++) {
        if (t == 5) {
            bench_read(&first, start);
            second = bench_open(on, rule, EDGE_COUNT, start);
            assay_optimizer_set_steps(second.optimizer, assay_optimizer_steps(first.optimizer));
            for (size_t slot = 0; slot < assay_optimizer_slots(first.optimizer); slot++) {
                assay_download_f64(first.backend, assay_optimizer_state(first.optimizer, slot), resumed);
                assay_upload_f64(second.backend, assay_optimizer_state(second.optimizer, slot), resumed);
            }
        }
        bench_step(&first, gradient[t]);
        if (t >= 5) {
            bench_step(&second, gradient[t]);
        }
    }
    bench_read(&first, through);
    bench_read(&second, resumed);
    ck_assert_msg(memcmp(through, resumed, sizeof through) == 0, "%s", label);
    bench_close(&first);
    bench_close(&second);
}

START_TEST(state_can_be_saved_and_restored)
{
    for_all(check_resume);
}
END_TEST

static void make_and_destroy(void *user)
{
    assay_backend *backend = user;
    assay_error error;
    assay_update_rule rule = rule_of("amsgrad", "");
    assay_optimizer *optimizer;
    support_assert_ok(assay_optimizer_create(backend, &rule, 1000, &optimizer, &error), &error);
    assay_optimizer_destroy(optimizer);
}

START_TEST(destroyed_optimizers_leave_nothing)
{
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_destroy");
    machine machines[MOST_MACHINES];
    machines_find(machines);
    assay_backend *backend = machine_open(machines[0], 1);
    support_assert_nothing_stays(make_and_destroy, backend);
    assay_backend_close(backend);
}
END_TEST

START_TEST(misuse_is_reported)
{
    evidence(EVIDENCE_ERRORS, "optim/optimizer_step");
    machine machines[MOST_MACHINES];
    machines_find(machines);
    assay_error error = {.status = ASSAY_OK};
    assay_update_rule rule = rule_of("amsgrad", "");
    double start[4] = {0.0};
    assay_backend *backend = machine_open(machines[0], 1);
    optimizer_bench bench = bench_open(backend, &rule, 4, start);
    ck_assert_mem_eq(assay_optimizer_rule(bench.optimizer), &rule, sizeof rule);
    ck_assert_uint_eq(assay_optimizer_slots(bench.optimizer), 3);
    ck_assert_uint_eq(assay_optimizer_state(bench.optimizer, 2).count, 4);
    ck_assert_ptr_null(assay_optimizer_state(bench.optimizer, 3).buffer);
    assay_optimizer_step(bench.optimizer, assay_whole(bench.w), assay_part_of(assay_whole(bench.g), 0, 3));
    support_assert_error(assay_backend_check(bench.backend, &error), ASSAY_ERROR_ARGUMENT, &error, "update");
    /* A step counter that was restored to its end has no next step. */
    assay_optimizer_set_steps(bench.optimizer, UINT64_MAX);
    assay_optimizer_step(bench.optimizer, assay_whole(bench.w), assay_whole(bench.g));
    support_assert_error(assay_backend_check(bench.backend, &error), ASSAY_ERROR_ARGUMENT, &error, "counted from 1");
    rule.beta2 = (double)NAN;
    assay_optimizer *none;
    support_assert_error(assay_optimizer_create(bench.backend, &rule, 4, &none, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "beta2 is nan");
    rule.beta2 = 0.5;
    support_assert_error(assay_optimizer_create(bench.backend, &rule, SIZE_MAX / 4, &none, &error), ASSAY_ERROR_MEMORY,
                         &error, "out of memory");
    assay_optimizer_destroy(NULL);
    bench_close(&bench);
    assay_backend_close(backend);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("optim");
    TCase *names = evidence_case("names and settings", "errors: optim/optimizer_set, optim/optimizer_settings");
    tcase_add_test(names, every_name_makes_a_rule_that_is_allowed);
    tcase_add_test(names, settings_change_what_they_name);
    tcase_add_loop_test(names, bad_settings_are_refused, 0, sizeof bad_settings / sizeof *bad_settings);
    tcase_add_test(names, long_settings_are_cut);
    tcase_add_test(names, settings_as_text_and_back);
    suite_add_tcase(suite, names);
    TCase *steps = tcase_create("steps");
    tcase_set_timeout(steps, 60);
    tcase_add_test(steps, a_hundred_steps_are_pytorchs);
    tcase_add_test(steps, a_hundred_steps_of_lion_are_mpmaths);
    tcase_add_loop_test(steps, every_step_is_the_equations, 0, sizeof oracle_cases / sizeof *oracle_cases);
    tcase_add_test(steps, threads_change_nothing);
    tcase_add_test(steps, every_backend_takes_the_same_steps);
    tcase_add_loop_test(steps, closed_forms_hold, 0, sizeof closed_forms / sizeof *closed_forms);
    suite_add_tcase(suite, steps);
    TCase *edges = tcase_create("edges");
    tcase_set_timeout(edges, 60);
    tcase_add_test(edges, zero_gradients_move_nothing);
    tcase_add_test(edges, huge_gradients_do_not_overflow);
    tcase_add_test(edges, a_huge_gradient_is_forgotten);
    tcase_add_test(edges, subnormal_gradients_do_no_harm);
    tcase_add_test(edges, late_steps_are_uncorrected);
    tcase_add_test(edges, not_finite_gradients_show);
    suite_add_tcase(suite, edges);
    TCase *use = tcase_create("use");
    tcase_add_test(use, state_can_be_saved_and_restored);
    tcase_add_test(use, misuse_is_reported);
    tcase_add_test(use, destroyed_optimizers_leave_nothing);
    suite_add_tcase(suite, use);
    return suite;
}

int main(void)
{
    return support_run(suite());
}
