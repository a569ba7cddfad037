/*
 * What marks depend on: tolerances, names, points and texts. A small component replaces the real ones where its values
 * can be chosen, so that each limit is met from both sides.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/components.h"
#include "grade/diagnose.h"
#include "grade/distribution.h"
#include "grade/explain.h"
#include "grade/form.h"
#include "grade/quotient.h"
#include "grade/report.h"
#include "grade/root.h"
#include "grade/rounding.h"
#include "grade/rubric.h"
#include "grade/text.h"
#include "support.h"

/* --- a small component -------------------------------------------------------------------------------------------- */

enum { ROWS = 2, COLUMNS = 3, VALUES = ROWS * COLUMNS };

/* y = x; the levels change it. */
static void toy_model(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    const double *x = assay_grade_values(&graded->inputs, "x");
    double *y = assay_grade_values(outputs, "y");
    for (size_t i = 0; i < VALUES; i++) {
        double value = choice->level[2] == 1 ? x[VALUES - 1 - i] : x[i];
        value *= choice->level[1] == 1 ? choice->parameter : 1.0;
        value = choice->level[0] == 1 ? 2.0 * value : choice->level[0] == 2 ? -value : value;
        value = choice->level[0] == 3 && i < COLUMNS ? 2.0 * value : value;
        y[i] = choice->level[3] == 1 ? value + 1.0 : value;
    }
}

static const char *const toy_factors[] = {NULL, "toy.doubled", "toy.negated", "toy.first_row_doubled"};
static const char *const toy_numbers[] = {NULL, "toy.other_factor"};
static const char *const toy_orders[] = {NULL, "toy.reversed"};
static const char *const toy_offsets[] = {NULL, "toy.one_added"};
static const grade_free toy_free[] = {{.level = 1, .lower = 0.01, .upper = 100.0}};
static const grade_axis toy_axes[] = {
    {GRADE_AXIS("factor", toy_factors)},
    {GRADE_AXIS("number", toy_numbers), GRADE_FREE(toy_free)},
    {GRADE_AXIS("order", toy_orders), .convention = true},
    {GRADE_AXIS("offset", toy_offsets)},
};
static const grade_component toy = {
    .name = "toy", .title = "Toy", .case_count = 1, .model = toy_model, GRADE_AXES(toy_axes)};

/* One case, its answer, and what the judge makes of it. */
typedef struct {
    double memory[3][VALUES];
    grade_case graded;
    grade_case *cases[1];
    grade_answer answer;
    grade_result result;
    grade_upstream found;
    double *want;
    double *got;
} trial;

static void tensor(grade_fields *fields, const char *name, double *memory, const double values[VALUES])
{
    *fields = (grade_fields){.pool = memory, .capacity = VALUES};
    memcpy(assay_grade_tensor2(fields, name, ROWS, COLUMNS), values, VALUES * sizeof *values);
}

/* A case whose expected outputs are these values, answered rightly. */
static void open_trial(trial *t, const double values[VALUES])
{
    *t = (trial){.graded = {.component = &toy, .name = "small", .tolerance = {[GRADE_F32] = 1e-5, [GRADE_F64] = 1e-9}},
                 .answer = {.verdict = GRADE_PASS}};
    tensor(&t->graded.inputs, "x", t->memory[0], values);
    tensor(&t->graded.outputs, "y", t->memory[1], values);
    tensor(&t->answer.outputs, "y", t->memory[2], values);
    t->cases[0] = &t->graded;
    t->want = t->memory[1];
    t->got = t->memory[2];
}

static grade_judged judged_of(trial *t, grade_precision precision)
{
    return (grade_judged){
        .component = &toy, .count = 1, .cases = t->cases, .answers = &t->answer, .precision = precision};
}

static const grade_result *judge_trial(trial *t, grade_precision precision)
{
    assay_error error = {0};
    const grade_judged judged = judged_of(t, precision);
    support_assert_ok(assay_grade_judge(&judged, &t->result, &t->found, &error), &error);
    return &t->result;
}

/* The root of the mean square of the first is 2.5; the second has neither simple ratios nor float32 numbers. */
static const double with_zeros[VALUES] = {3.0, 0.0, -4.0, 3.5355339059327378, 0.0, 0.0};
static const double usual[VALUES] = {1.1, -2.3, 0.7, 3.9, -0.4, 1.7};

/* --- tolerances --------------------------------------------------------------------------------------------------- */

/* |got - want| in units of tolerance (|want| + the tensor's root mean square). */
START_TEST(distances_are_in_units_of_the_tolerance)
{
    /* clang-format off */
    static const struct { size_t index; double change, units; } cases[] = {
        {1, 2.5e-9, 1.0}, {1, -2.5e-9, 1.0}, {0, 5.5e-9, 1.0}, {2, 13e-9, 2.0}, {2, -3.25e-9, 0.5}, {5, 25e-9, 10.0},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        trial t;
        size_t field = 9;
        size_t index = 9;
        open_trial(&t, with_zeros);
        t.got[cases[k].index] += cases[k].change;
        double distance = assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F64, &field,
                                               &index);
        support_assert_relative("distance", distance, cases[k].units, 2e-6);
        support_assert_relative(
            "in single precision",
            assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F32, NULL, NULL),
            1e-4 * cases[k].units, 2e-6);
        if (cases[k].units > 1.5) {
            ck_assert_uint_eq(field, 0);
            ck_assert_uint_eq(index, cases[k].index);
        } else if (cases[k].units < 0.9) {
            ck_assert(field == 9 && index == 9);
        }
    }
}
END_TEST

/* NaN equals NaN, and an infinity itself; the scale is that of the finite values. */
START_TEST(infinities_and_nan_equal_themselves_only)
{
    /* clang-format off */
    static const struct { double want, got; bool equal; } cases[] = {
        {NAN, NAN, true}, {INFINITY, INFINITY, true}, {-INFINITY, -INFINITY, true}, {0.0, -0.0, true},
        {INFINITY, -INFINITY, false}, {NAN, INFINITY, false}, {INFINITY, NAN, false}, {NAN, 1.0, false},
        {1.0, NAN, false}, {INFINITY, DBL_MAX, false}, {1.0, INFINITY, false}, {0.0, 1.0, false},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        trial t;
        open_trial(&t, with_zeros);
        t.want[4] = cases[k].want;
        t.got[4] = cases[k].got;
        double distance = assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F64, NULL, NULL);
        ck_assert_msg(cases[k].equal ? distance == 0.0 : distance > 1e6, "%zu: %g", k, distance);
        ck_assert(!isfinite(cases[k].want + cases[k].got) == (distance == HUGE_VAL) || cases[k].equal);
    }
    trial t;
    open_trial(&t, with_zeros);
    t.want[0] = t.got[0] = INFINITY; /* of the other five: sqrt(28.5 / 5) */
    t.got[1] = 1e-9 * sqrt(28.5 / 5.0);
    support_assert_relative(
        "scale", assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F64, NULL, NULL), 1.0,
        1e-9);
    static const double nothing[VALUES] = {0.0};
    open_trial(&t, nothing);
    ck_assert(assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F64, NULL, NULL) == 0.0);
    t.got[3] = 1e-300;
    ck_assert(assay_grade_distance(&t.graded, &t.answer.outputs, &t.graded.outputs, GRADE_F64, NULL, NULL) == HUGE_VAL);
}
END_TEST

/* Where a model's values cancel, the scale is a thousandth of the reference's. */
START_TEST(values_that_cancel_have_a_scale)
{
    trial t;
    double memory[VALUES];
    grade_fields cancelled;
    static const double nothing[VALUES] = {0.0};
    open_trial(&t, with_zeros);
    tensor(&cancelled, "y", memory, nothing);
    memset(t.got, 0, VALUES * sizeof *t.got);
    t.got[2] = 2.5e-12;
    support_assert_relative(
        "scale", assay_grade_distance(&t.graded, &t.answer.outputs, &cancelled, GRADE_F64, NULL, NULL), 1.0, 1e-9);
}
END_TEST

START_TEST(values_fit_up_to_the_tolerance)
{
    trial t;
    open_trial(&t, with_zeros);
    const grade_fields *want = &t.graded.outputs;
    ck_assert(assay_grade_value_fits(&t.graded, want, 0, 1, 2.4999999e-5));
    ck_assert(!assay_grade_value_fits(&t.graded, want, 0, 1, 2.5000001e-5)); /* the answer's size allows nothing */
    ck_assert(assay_grade_value_fits(&t.graded, want, 0, 2, -4.0 - 6.499e-5));
    ck_assert(!assay_grade_value_fits(&t.graded, want, 0, 2, -4.0 - 6.501e-5));
    ck_assert_uint_eq(assay_grade_right_values(&t.graded, &t.answer.outputs, want, GRADE_F64), VALUES);
    t.got[1] = 2.499e-9;
    t.got[4] = 2.501e-9;
    t.got[5] = 1.0;
    ck_assert_uint_eq(assay_grade_right_values(&t.graded, &t.answer.outputs, want, GRADE_F64), VALUES - 2);
    ck_assert_uint_eq(assay_grade_right_values(&t.graded, &t.answer.outputs, want, GRADE_F32), VALUES - 1);
}
END_TEST

/* A hundredth of the tolerance more makes the difference between right and wrong. */
START_TEST(the_judge_holds_the_tolerance)
{
    static const double tolerances[GRADE_PRECISION_COUNT] = {[GRADE_F32] = 1e-5, [GRADE_F64] = 1e-9};
    for (int precision = 0; precision < GRADE_PRECISION_COUNT; precision++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            trial t;
            open_trial(&t, with_zeros);
            t.got[1] = sign * 0.99 * 2.5 * tolerances[precision];
            ck_assert_int_eq(judge_trial(&t, (grade_precision)precision)->verdict, GRADE_PASS);
            ck_assert_str_eq(t.result.detail, "");
            ck_assert_ptr_null(t.result.mistake);
            t.got[1] = sign * 1.01 * 2.5 * tolerances[precision];
            ck_assert_int_eq(judge_trial(&t, (grade_precision)precision)->verdict, GRADE_WRONG);
        }
    }
}
END_TEST

/* A component whose only input is the first number that it draws. */
static void make_first_draw(size_t index, assay_mt19937 *random, grade_case *made)
{
    (void)index;
    assay_grade_tensor0(&made->inputs, "first")[0] = (double)assay_mt19937_random32(random);
}

/*
 * A seed gives the same cases in every version of the program: the FNV-1a hash of the name, from the seed and the
 * index, with the finalizer of splitmix64 (Steele, Lea, Flood 2014).
 */
START_TEST(cases_are_drawn_from_their_seeds)
{
    static const struct {
        uint64_t seed;
        const char *name;
        size_t index;
    } cases[] = {{0, "a", 0}, {1, "relu", 0}, {1, "relu", 3}, {1, "ruler", 0}, {1ull << 52, "adam", 2}, {42, "", 1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const grade_component component = {.name = cases[k].name, .make = make_first_draw};
        grade_case *graded;
        assay_error error = {0};
        assay_mt19937 random;
        uint64_t z = cases[k].seed + 11400714819323198485u * (cases[k].index + 1);
        for (const char *c = cases[k].name; *c != '\0'; c++) {
            z = (z ^ (uint64_t)*c) * 1099511628211u;
        }
        z = (z ^ (z >> 30)) * 13787848793156543929u;
        z = (z ^ (z >> 27)) * 10723151780598845931u;
        assay_mt19937_seed(&random, z ^ (z >> 31));
        support_assert_ok(assay_grade_case_create(&component, cases[k].index, cases[k].seed, &graded, &error), &error);
        ck_assert(assay_grade_number(&graded->inputs, "first") == (double)assay_mt19937_random32(&random));
        assay_grade_case_destroy(graded);
    }
}
END_TEST

/* clang-format off */
static const struct {
    const char *component;
    size_t numbers;
    double sum; /* of all inputs with seed 1, weighted by 1 to 97 in turn */
} drawn_inputs[] = {
    {"linear_forward", 1077, 524.2490987},
    {"linear_backward", 1278, -1796.10772539},
    {"identity", 46, -2305.0788772},
    {"identity_gradient", 92, -1787.68431192},
    {"tanh", 46, -1131.7900771},
    {"tanh_gradient", 92, 870.72990752},
    {"relu", 46, -1278.49634136},
    {"relu_gradient", 92, -2373.62681829},
    {"sigmoid", 46, -2477.39859855},
    {"sigmoid_gradient", 92, -921.702957336},
    {"leaky_relu", 89, -482.803563952},
    {"leaky_relu_gradient", 171, 737.550789889},
    {"softmax", 229, -81286.4580139},
    {"cross_entropy", 302, 1454063.26145},
    {"cross_entropy_gradient", 284, 1310879.51222},
    {"init_constant", 11, 4580.66389206},
    {"init_normal", 13, 24420727269},
    {"init_fan_in", 11, 29600192251},
    {"init_xavier", 11, 22306317915},
    {"init_kaiming", 11, 16236178234},
    {"sgd", 251, -234.089679055},
    {"momentum", 256, -66.6736346738},
    {"adam", 266, 1284.33443269},
    {"network_gradient", 740, 6370.94093854},
    {"training", 918, 51132.3908317},
    {"pathological_curve", 34, -54.168135345},
    {"steep_optima", 42, -236.328407586},
};
/* clang-format on */

/*
 * A teacher who grades again with the same seed asks for the same values, whatever the version. A sum, because the last
 * bits of logarithms and cosines differ between machines.
 */
START_TEST(inputs_stay_the_same)
{
    size_t count;
    const grade_component *const *all = assay_grade_components(&count);
    ck_assert_uint_eq(count, sizeof drawn_inputs / sizeof drawn_inputs[0]);
    for (size_t c = 0; c < count; c++) {
        size_t numbers = 0;
        double sum = 0.0;
        double size = 0.0;
        for (size_t i = 0; i < all[c]->case_count; i++) {
            grade_case *graded;
            assay_error error = {0};
            support_assert_ok(assay_grade_case_create(all[c], i, 1, &graded, &error), &error);
            for (size_t k = 0; k < graded->inputs.used; k++, numbers++) {
                double value = graded->inputs.pool[k];
                sum += isfinite(value) ? (double)(numbers % 97 + 1) * value : 0.0;
                size += isfinite(value) ? (double)(numbers % 97 + 1) * fabs(value) : 0.0;
            }
            assay_grade_case_destroy(graded);
        }
        ck_assert_msg(strcmp(drawn_inputs[c].component, all[c]->name) == 0 && numbers == drawn_inputs[c].numbers &&
                          fabs(sum - drawn_inputs[c].sum) <= 1e-7 * size,
                      "{\"%s\", %zu, %.12g},", all[c]->name, numbers, sum);
    }
}
END_TEST

/* Exponentials of float32 overflow beyond its largest number, and are 0 below its smallest. */
START_TEST(single_precision_has_its_range)
{
    const grade_choice single = {.single = true};
    ck_assert(assay_grade_in_range(&single, FLT_MAX) == FLT_MAX);
    ck_assert(assay_grade_in_range(&single, 1.0001 * FLT_MAX) == HUGE_VAL);
    ck_assert(assay_grade_in_range(&single, FLT_TRUE_MIN) == FLT_TRUE_MIN);
    ck_assert(assay_grade_in_range(&single, 0.99 * FLT_TRUE_MIN) == 0.0);
    ck_assert(isnan(assay_grade_in_range(&single, NAN)) && assay_grade_in_range(&single, 1.1) == 1.1);
    ck_assert(assay_grade_in_range(&GRADE_TUTORIAL, 1e300) == 1e300);
    ck_assert(assay_grade_exponential(&single, 89.0) == HUGE_VAL && assay_grade_exponential(&single, -104.0) == 0.0);
    ck_assert(assay_grade_exponential(&GRADE_TUTORIAL, 89.0) == exp(89.0));
}
END_TEST

/* --- roots -------------------------------------------------------------------------------------------------------- */

typedef struct {
    double power;
    double shift;
    int evaluations;
} counted;

static double count_power(double x, void *context)
{
    counted *of = context;
    ck_assert_int_lt(of->evaluations++, 90);
    return pow(x, of->power) - of->shift;
}

static double count_jump(double x, void *context)
{
    counted *of = context;
    ck_assert_int_lt(of->evaluations++, 90);
    return x < of->shift ? -1.0 : 2.0;
}

/* All digits after few evaluations, also where one end would be kept by the method of false position. */
START_TEST(roots_take_few_evaluations)
{
    static const struct {
        double power;
        double shift;
        int most;
    } cases[] = {{1.0, 0.3, 2}, {3.0, 0.3, 20}, {9.0, 0.7, 20}, {0.2, 0.6, 16}, {3.0, 1e-3, 32}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        counted of = {.power = cases[k].power, .shift = cases[k].shift};
        double root = assay_grade_root(count_power, &of, 0.0, 1.0, -cases[k].shift, 1.0 - cases[k].shift);
        support_assert_relative("root", root, pow(cases[k].shift, 1.0 / cases[k].power), 1e-14);
        ck_assert_msg(of.evaluations <= cases[k].most, "case %zu: %d evaluations", k, of.evaluations);
    }
}
END_TEST

/* Where the values beyond the root are infinite, only bisections count. */
static double count_pole(double x, void *context)
{
    return count_jump(x, context) < 0.0 ? -1.0 : HUGE_VAL;
}

START_TEST(jumps_are_narrowed_down)
{
    for (double jump = 0.05; jump < 1.0; jump += 0.1) {
        counted of = {.shift = jump};
        double root = assay_grade_root(count_jump, &of, 0.0, 1.0, -1.0, 2.0);
        ck_assert_double_eq_tol(root, jump, 1e-9);
        of = (counted){.shift = jump};
        ck_assert_double_eq_tol(assay_grade_root(count_pole, &of, 0.0, 1.0, -1.0, HUGE_VAL), jump, 1e-14);
    }
}
END_TEST

/* The calls of doc/grading.md; a list that ends with "..." goes on. */
static const struct {
    const char *calls;
    const char *inputs;
    const char *outputs;
} calls[] = {
    {"linear_forward", "x weight bias", "y"},
    {"linear_backward", "x weight dy", "dx dweight dbias"},
    {"identity tanh relu sigmoid", "x", "y"},
    {"leaky_relu", "x slope", "y"},
    {"identity_gradient tanh_gradient relu_gradient sigmoid_gradient", "x dy", "dx"},
    {"leaky_relu_gradient", "x dy slope", "dx"},
    {"softmax", "logits", "probabilities"},
    {"cross_entropy", "logits labels", "loss"},
    {"cross_entropy_gradient", "logits labels", "dlogits"},
    {"init_constant", "sizes fill", "weight0 bias0 weight1..."},
    {"init_normal", "sizes std seed", "weight0 bias0 weight1..."},
    {"init_fan_in init_xavier init_kaiming", "sizes seed", "weight0 bias0 weight1..."},
    {"sgd", "parameters0 parameters1 gradients0 gradients1 learning_rate", "updated0 updated1"},
    {"momentum", "parameters0 parameters1 gradients0 gradients1 learning_rate momentum", "updated0 updated1"},
    {"adam", "parameters0 parameters1 gradients0 gradients1 learning_rate beta1 beta2 epsilon", "updated0 updated1"},
    {"network_gradient", "sizes activation weight0 bias0...", "loss dweight0 dbias0..."},
    {"training", "sizes activation weight0 bias0...", "losses weight0 bias0..."},
    {"pathological_curve steep_optima", "w1 w2", "loss dw1 dw2"},
};

static void assert_names(const char *call, const grade_fields *fields, const char *wanted)
{
    char names[512] = "";
    size_t length = strcspn(wanted, ".");
    for (size_t i = 0; i < fields->count; i++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i == 0 ? "" : " ", fields->field[i].name);
    }
    ck_assert_msg(strncmp(names, wanted, length) == 0 && (wanted[length] == '.' || names[length] == '\0'),
                  "%s: %s, expected %s", call, names, wanted);
}

/* Requests and reports have the inputs and outputs in the order of the documentation. */
START_TEST(tensors_have_their_order)
{
    char names[256];
    size_t found = 0;
    grade_battery *battery;
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(3, NULL, &battery, &error), &error);
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_part *part = &battery->parts[p];
        for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++) {
            snprintf(names, sizeof names, "%s", calls[k].calls);
            for (char *rest, *call = strtok_r(names, " ", &rest); call != NULL; call = strtok_r(NULL, " ", &rest)) {
                for (size_t i = 0; i < part->count && strcmp(call, part->component->name) == 0; i++) {
                    assert_names(call, &part->cases[i]->inputs, calls[k].inputs);
                    assert_names(call, &part->cases[i]->outputs, calls[k].outputs);
                    found += i == 0;
                }
            }
        }
    }
    ck_assert_uint_eq(found, battery->part_count);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* What cases allow: doc/grading.md. */
START_TEST(cases_have_the_usual_tolerances)
{
    size_t count;
    const grade_component *const *components = assay_grade_components(&count);
    for (size_t c = 0; c < count; c++) {
        for (size_t i = 0; i < components[c]->case_count; i++) {
            grade_case *graded;
            assay_error error = {0};
            const char *name = components[c]->name;
            bool run = strcmp(name, "training") == 0;
            support_assert_ok(assay_grade_case_create(components[c], i, 1, &graded, &error), &error);
            ck_assert(graded->tolerance[GRADE_F64] == (run ? 1e-8 : 1e-9));
            double least = run ? 1e-3 : 1e-5;
            ck_assert_msg(graded->tolerance[GRADE_F32] >= least && graded->tolerance[GRADE_F32] <= (run ? 1e-3 : 1e-4),
                          "%s: %g", name, graded->tolerance[GRADE_F32]);
            ck_assert(graded->component == components[c] && graded->index == i && graded->name[0] != '\0');
            assay_grade_case_destroy(graded);
        }
    }
}
END_TEST

/* --- what the judge says ------------------------------------------------------------------------------------------ */

START_TEST(verdicts_have_names)
{
    /* clang-format off */
    static const char *const names[GRADE_VERDICT_COUNT] = {
        [GRADE_PASS] = "pass", [GRADE_WRONG] = "wrong", [GRADE_MISSING] = "not implemented",
        [GRADE_SHAPE] = "wrong shape", [GRADE_REPLY] = "no valid reply", [GRADE_REFUSED] = "error",
        [GRADE_CRASHED] = "crashed", [GRADE_EXITED] = "exited", [GRADE_TIMED_OUT] = "timed out",
        [GRADE_MEMORY] = "memory limit", [GRADE_OUTPUT] = "output limit", [GRADE_PROCESSES] = "process limit",
        [GRADE_UNUSABLE] = "no usable submission", [GRADE_NOT_COMPILED] = "does not compile",
        [GRADE_NOT_RUN] = "not run",
    };
    /* clang-format on */
    for (int v = 0; v < GRADE_VERDICT_COUNT; v++) {
        ck_assert_str_eq(assay_grade_verdict_name((grade_verdict)v), names[v]);
    }
}
END_TEST

/* An answer without values keeps its verdict and its reason. */
START_TEST(other_verdicts_stay)
{
    for (int v = GRADE_MISSING; v < GRADE_VERDICT_COUNT; v++) {
        trial t;
        open_trial(&t, usual);
        t.answer.verdict = (grade_verdict)v;
        t.got[0] = 7.0;
        snprintf(t.answer.detail, sizeof t.answer.detail, "the reason");
        ck_assert_int_eq(judge_trial(&t, GRADE_F64)->verdict, v);
        ck_assert_str_eq(t.result.detail, "the reason");
        ck_assert(t.result.mistake == NULL || v == GRADE_SHAPE);
    }
}
END_TEST

START_TEST(the_first_wrong_value_is_shown)
{
    /* clang-format off */
    static const struct { size_t index; double want, got; const char *detail; } cases[] = {
        {0, 1.1, 4.5, "y[0][0]: got 4.5, expected 1.1"},
        {4, -0.4, 0.123456789012, "y[1][1]: got 0.123456789, expected -0.4"},
        {5, 1.7, -0.0, "y[1][2]: got 0, expected 1.7"},
        {2, -0.0, 3.0, "y[0][2]: got 3, expected 0"},
        {3, 3.9, NAN, "y[1][0]: got nan, expected 3.9"},
        {3, 3.9, GRADE_SENTINEL, "y[1][0]: got no value, expected 3.9"},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        trial t;
        open_trial(&t, usual);
        t.memory[0][cases[k].index] = t.want[cases[k].index] = cases[k].want;
        t.got[cases[k].index] = cases[k].got;
        if (cases[k].index < 5) {
            t.got[5] = 99.0; /* a later one is not shown */
        }
        ck_assert_int_eq(judge_trial(&t, GRADE_F64)->verdict, GRADE_WRONG);
        ck_assert_str_eq(t.result.detail, cases[k].detail);
        ck_assert_ptr_null(t.result.mistake);
    }
}
END_TEST

/* --- mistakes of memory ------------------------------------------------------------------------------------------- */

START_TEST(memory_that_is_not_written_is_named)
{
    trial t;
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = GRADE_SENTINEL;
    }
    ck_assert_str_eq(judge_trial(&t, GRADE_F64)->mistake, "any.output_not_written");
    ck_assert_str_eq(t.result.detail, "y[0][0]: got no value, expected 1.1");
    t.got[5] = 1.7; /* one value is written: something else is wrong */
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->mistake);
}
END_TEST

/* Every value is right, or right plus what was there before: up to the tolerance of float32. */
START_TEST(memory_that_is_added_to_is_named)
{
    trial t;
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] += GRADE_SENTINEL;
    }
    ck_assert_str_eq(judge_trial(&t, GRADE_F64)->mistake, "any.output_accumulated");
    t.got[0] = 1.1; /* some rows only */
    ck_assert_str_eq(judge_trial(&t, GRADE_F64)->mistake, "any.output_accumulated");
    double room = 1e-5 * (2.3 - GRADE_SENTINEL);
    t.got[1] = -2.3 + GRADE_SENTINEL + 0.99 * room;
    ck_assert_str_eq(judge_trial(&t, GRADE_F64)->mistake, "any.output_accumulated");
    t.got[1] = -2.3 + GRADE_SENTINEL - 1.01 * room;
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->mistake);
    t.got[1] = -2.3 + GRADE_SENTINEL;
    t.got[2] = 5.0; /* neither */
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->mistake);
}
END_TEST

/* An input that was changed is a mistake even if the outputs are right, and the first name if they are not. */
START_TEST(inputs_that_are_changed_are_named)
{
    trial t;
    open_trial(&t, usual);
    snprintf(t.answer.modified, sizeof t.answer.modified, "x");
    ck_assert_int_eq(judge_trial(&t, GRADE_F64)->verdict, GRADE_WRONG);
    ck_assert_str_eq(t.result.mistake, "any.input_modified");
    ck_assert_str_eq(t.result.detail, "the outputs are right, but the input x was changed");
    t.got[1] = 8.0;
    ck_assert_int_eq(judge_trial(&t, GRADE_F64)->verdict, GRADE_WRONG);
    ck_assert_str_eq(t.result.mistake, "any.input_modified");
    ck_assert_str_eq(t.result.detail, "y[0][1]: got 8, expected -2.3");
}
END_TEST

/* --- names -------------------------------------------------------------------------------------------------------- */

/* Each name once; a result has room for one and GRADE_MAX_NAMES more. */
START_TEST(names_are_added_once)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f"};
    grade_result result = {.verdict = GRADE_WRONG};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char copy[2];
        snprintf(copy, sizeof copy, "%s", ids[i]);
        assay_grade_add_name(&result, ids[i]);
        const char *const before[] = {result.also[0], result.also[1], result.also[2], result.also[3]};
        assay_grade_add_name(&result, ids[i]);
        assay_grade_add_name(&result, ids[0]);
        ck_assert_mem_eq(before, result.also, sizeof before);
        ck_assert_str_eq(result.mistake, "a");
    }
    for (size_t i = 0; i < GRADE_MAX_NAMES; i++) {
        ck_assert_str_eq(result.also[i], ids[i + 1]);
    }
}
END_TEST

/* What the toy answers with these switches, in the order of its axes, and the names; conventions come first. */
/* clang-format off */
static const struct {
    unsigned char level[4];
    double parameter;
    const char *mistake, *also;
    const char *tie; /* what explains the answers as well; NULL: nothing */
} named[] = {
    {{1, 0, 0, 0}, 0.0, "toy.doubled", NULL, "toy.other_factor"},
    {{2, 0, 0, 0}, 0.0, "toy.negated", NULL, NULL},
    {{3, 0, 0, 0}, 0.0, "toy.first_row_doubled", NULL, NULL},
    {{0, 0, 1, 0}, 0.0, "toy.reversed", NULL, NULL},
    {{0, 0, 0, 1}, 0.0, "toy.one_added", NULL, NULL},
    {{0, 1, 0, 0}, 0.37, "toy.other_factor", NULL, NULL},
    {{0, 1, 0, 0}, 0.0101, "toy.other_factor", NULL, NULL},
    {{0, 1, 0, 0}, 99.0, "toy.other_factor", NULL, NULL},
    {{2, 0, 1, 0}, 0.0, "toy.reversed", "toy.negated", NULL},
    {{1, 0, 0, 1}, 0.0, "toy.doubled", "toy.one_added", "toy.other_factor"},
    {{0, 1, 0, 1}, 4.2, "toy.other_factor", "toy.one_added", NULL},
    {{3, 1, 0, 0}, 7.5, "toy.first_row_doubled", "toy.other_factor", NULL},
};
/* clang-format on */

START_TEST(levels_are_found_alone_and_in_pairs)
{
    trial t;
    grade_choice choice = {.parameter = named[_i].parameter};
    open_trial(&t, usual);
    memcpy(choice.level, named[_i].level, sizeof named[_i].level);
    toy_model(&t.graded, &choice, &t.answer.outputs);
    ck_assert_int_eq(judge_trial(&t, GRADE_F64)->verdict, GRADE_WRONG);
    ck_assert_str_eq(t.result.mistake, named[_i].mistake);
    ck_assert_str_eq(t.result.also[0] == NULL ? "" : t.result.also[0], named[_i].also == NULL ? "" : named[_i].also);
    ck_assert_ptr_null(t.result.also[1]);
    ck_assert_uint_eq(t.result.tie_count, named[_i].tie == NULL ? 0 : 1);
    ck_assert_str_eq(t.result.tie_count == 0 ? "" : t.result.ties[0].name[0],
                     named[_i].tie == NULL ? "" : named[_i].tie);
    ck_assert_ptr_null(t.result.nearest);
    if (named[_i].parameter > 0.0) {
        ck_assert_str_eq(t.result.solved, "toy.other_factor");
        support_assert_relative("number", t.result.parameter, named[_i].parameter, 1e-9);
    } else {
        ck_assert_ptr_null(t.result.solved);
    }
    ck_assert_uint_eq(t.found.count, 1);
    ck_assert_ptr_eq(t.found.part[0].component, &toy);
    ck_assert_mem_eq(t.found.part[0].choice.level, choice.level, sizeof choice.level);
}
END_TEST

/* Two mistakes with nearly the same answers; the second has its name in three forms. */
static void near_model(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    const double *x = assay_grade_values(&graded->inputs, "x");
    double *y = assay_grade_values(outputs, "y");
    for (size_t i = 0; i < VALUES; i++) {
        y[i] = choice->level[0] == 0 ? x[i] : choice->level[0] == 1 ? 2.0 * x[i] : 2.0 * (1.0 + 1e-11) * x[i];
    }
}

static const char *const near_factors[] = {NULL, "near.doubled", "near.scaled", "near.scaled", "near.scaled"};
static const grade_axis near_axes[] = {{GRADE_AXIS("factor", near_factors)}};
static const grade_component near = {
    .name = "near", .title = "Near", .case_count = 1, .model = near_model, GRADE_AXES(near_axes)};

START_TEST(ties_are_named_once)
{
    trial t;
    grade_diagnosis diagnosis;
    assay_error error = {0};
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = 2.0 * usual[i];
    }
    grade_judged judged = judged_of(&t, GRADE_F64);
    judged.component = &near;
    support_assert_ok(assay_grade_diagnose(&judged, NULL, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &diagnosis, &error),
                      &error);
    ck_assert(diagnosis.exact && diagnosis.choice.level[0] == 1);
    ck_assert_uint_eq(diagnosis.tie_count, 1);
    ck_assert_int_eq(diagnosis.ties[0].level[0], 2);
}
END_TEST

/* Nothing was answered: nothing can be explained, though every level would fit. */
START_TEST(no_answers_have_no_explanation)
{
    trial t;
    grade_diagnosis diagnosis;
    assay_error error = {0};
    open_trial(&t, usual);
    t.answer.verdict = GRADE_NOT_RUN;
    grade_judged judged = judged_of(&t, GRADE_F64);
    judged.component = &near;
    support_assert_ok(assay_grade_diagnose(&judged, NULL, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &diagnosis, &error),
                      &error);
    ck_assert(!diagnosis.found);
    support_assert_ok(assay_grade_diagnose_inside(&judged, &GRADE_TUTORIAL, &near, 1, true, &diagnosis, &error),
                      &error);
    ck_assert(!diagnosis.found);
}
END_TEST

/* More cases than memory can hold. */
START_TEST(a_search_without_memory_fails)
{
    trial t;
    grade_diagnosis diagnosis;
    bool fits;
    assay_error error = {0};
    open_trial(&t, usual);
    grade_judged judged = judged_of(&t, GRADE_F64);
    judged.count = SIZE_MAX;
    support_assert_error(assay_grade_diagnose(&judged, NULL, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &diagnosis, &error),
                         ASSAY_ERROR_MEMORY, &error, "out of memory");
    support_assert_error(assay_grade_diagnose_inside(&judged, &GRADE_TUTORIAL, &near, 1, true, &diagnosis, &error),
                         ASSAY_ERROR_MEMORY, &error, "out of memory");
    support_assert_error(assay_grade_fits(&judged, NULL, &GRADE_TUTORIAL, &fits, &error), ASSAY_ERROR_MEMORY, &error,
                         "out of memory");
}
END_TEST

/* A number beyond its range, and one wrong value beside a level, are not named. */
START_TEST(what_no_level_gives_has_no_name)
{
    trial t;
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = 201.0 * usual[i]; /* more than 100, and twice 100 */
    }
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->mistake);
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = 2.0 * usual[i];
    }
    t.got[3] = 1.0;
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->mistake);
    ck_assert_uint_eq(t.found.count, 0);
    ck_assert(assay_grade_is_unexplained(&t.result) && assay_grade_any_unexplained(1, &t.result));
}
END_TEST

/* Near is what gives 4 of 5 values, and leaves at most half as many wrong as the reference does. */
START_TEST(the_nearest_level_gives_most_values)
{
    trial t;
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = -usual[i];
    }
    t.got[5] = 20.0;
    judge_trial(&t, GRADE_F64);
    ck_assert_str_eq(t.result.nearest, "toy.negated"); /* 5 of 6 */
    ck_assert_uint_eq(t.result.nearest_values, 5);
    ck_assert_uint_eq(t.result.compared_values, 6);
    t.got[4] = 30.0; /* 4 of 6 */
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->nearest);
    open_trial(&t, usual);
    for (size_t i = 0; i < 2; i++) {
        t.got[i] = 2.0 * usual[i];
    }
    t.got[2] = 9.0; /* the first row doubled: 5 of 6, and the reference has 3 wrong */
    ck_assert_str_eq(judge_trial(&t, GRADE_F64)->nearest, "toy.first_row_doubled");
    t.got[1] = usual[1];
    ck_assert_ptr_null(judge_trial(&t, GRADE_F64)->nearest); /* 4 of 6 */
}
END_TEST

/* --- rounding ----------------------------------------------------------------------------------------------------- */

static const char *rounding_of(trial *t, bool certain, int *digits)
{
    assay_error error = {0};
    grade_rounding rounding;
    const grade_judged judged = judged_of(t, GRADE_F64);
    support_assert_ok(assay_grade_rounding(&judged, &GRADE_TUTORIAL, certain, &rounding, &error), &error);
    *digits = rounding.digits;
    return rounding.id == NULL ? "none" : rounding.id;
}

/* Written with so many digits, in both of printf's forms. */
START_TEST(short_decimals_are_counted)
{
    static const double values[VALUES] = {1.141592653589793, -23.71828182845905, 0.773205080756888,
                                          3.912344679314721, -0.41421356237309,  17.61803398874989};
    for (int fixed = 0; fixed < 2; fixed++) {
        for (int digits = 1; digits <= 14; digits++) {
            trial t;
            int found;
            open_trial(&t, values);
            for (size_t i = 0; i < VALUES; i++) {
                char text[64];
                snprintf(text, sizeof text, fixed ? "%.*f" : "%.*g", digits, values[i]);
                t.got[i] = strtod(text, NULL);
            }
            const char *id = rounding_of(&t, true, &found);
            bool seen = digits >= 2 && digits <= 12;
            ck_assert_msg(found == (seen ? digits : 0), "%d digits: %d", digits, found);
            ck_assert_str_eq(id, seen ? "any.short_decimals" : "none");
            t.got[2] += 1e-6; /* one that is not rounded so */
            ck_assert_int_eq((rounding_of(&t, true, &found), found), 0);
        }
    }
}
END_TEST

/* float32 numbers within float32's tolerance; with nothing known for certain, errors of its size and of both signs. */
START_TEST(single_precision_is_recognised)
{
    trial t;
    int digits;
    open_trial(&t, usual);
    for (size_t i = 0; i < VALUES; i++) {
        t.got[i] = (double)(float)usual[i];
    }
    ck_assert_str_eq(rounding_of(&t, true, &digits), "any.float32");
    t.got[3] = (double)((float)usual[3] + 0x1p-15f); /* 3.9 + 3e-5: within 1e-5 (3.9 + 2.05) */
    ck_assert_str_eq(rounding_of(&t, true, &digits), "any.float32");
    t.got[3] = (double)((float)usual[3] + 0x1p-13f); /* 3.9 + 1.2e-4 */
    ck_assert_str_eq(rounding_of(&t, true, &digits), "none");
    t.got[3] = usual[3] * (1.0 + 1e-7); /* no float32 number */
    ck_assert_str_eq(rounding_of(&t, true, &digits), "none");
    ck_assert_str_eq(rounding_of(&t, false, &digits), "any.inexact");
    t.got[3] = usual[3] + 1.0;
    ck_assert_str_eq(rounding_of(&t, false, &digits), "none");
}
END_TEST

enum { NUMBERS = 16, MOST_CASES = 2 };

/* The right values are those of the case. */
static void flat_model(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    (void)choice;
    memcpy(outputs->pool, graded->outputs.pool, graded->outputs.used * sizeof(double));
}

static const grade_component flat = {.name = "flat", .title = "Flat", .case_count = 1, .model = flat_model};

/* How the values of a tensor deviate: not at all, upwards, in both directions; or they are 0, which cannot deviate. */
typedef enum { EXACT, UPWARDS, BOTH_WAYS, ZEROS } deviation;

/* A case with values and gradients (names with a d); the first `large` deviations are large. */
static void fill_tensor(grade_fields *want, grade_fields *got, const char *name, deviation how, size_t large)
{
    double *right = assay_grade_tensor1(want, name, NUMBERS);
    double *answered = assay_grade_tensor1(got, name, NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
        double sign = how == EXACT ? 0.0 : how == BOTH_WAYS && i % 2 == 1 ? -1.0 : 1.0;
        right[i] = how == ZEROS ? 0.0 : 1.0 + 0.7 * sin((double)(i + 1));
        answered[i] = right[i] * (1.0 + sign * (i < large ? 5e-6 : 1.1e-7));
    }
}

/* Errors like those of float32: in each case, of both signs, and few of them large; not in gradients alone. */
START_TEST(rounding_has_both_signs)
{
    static const struct {
        size_t large;
        deviation how[MOST_CASES][2];
        const char *id;
    } forms[] = {
        {0, {{BOTH_WAYS, EXACT}, {BOTH_WAYS, EXACT}}, "any.float32"},
        {0, {{UPWARDS, BOTH_WAYS}, {UPWARDS, BOTH_WAYS}}, "any.float32"},
        {0, {{EXACT, BOTH_WAYS}, {EXACT, BOTH_WAYS}}, "any.inexact"},
        {0, {{UPWARDS, UPWARDS}, {UPWARDS, UPWARDS}}, "any.inexact"},
        {0, {{BOTH_WAYS, EXACT}, {EXACT, EXACT}}, "any.inexact"},
        {0, {{BOTH_WAYS, EXACT}, {ZEROS, ZEROS}}, "any.float32"},
        {8, {{BOTH_WAYS, EXACT}, {BOTH_WAYS, EXACT}}, "any.float32"},
        {9, {{BOTH_WAYS, EXACT}, {BOTH_WAYS, EXACT}}, "any.inexact"},
    };
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
        double memory[MOST_CASES][2][2 * NUMBERS];
        grade_case graded[MOST_CASES];
        grade_case *cases[MOST_CASES];
        grade_answer answers[MOST_CASES];
        for (size_t i = 0; i < MOST_CASES; i++) {
            graded[i] = (grade_case){.component = &flat, .tolerance = {[GRADE_F32] = 1e-5, [GRADE_F64] = 1e-9}};
            answers[i] = (grade_answer){.verdict = GRADE_PASS};
            graded[i].outputs = (grade_fields){.pool = memory[i][0], .capacity = 2 * NUMBERS};
            answers[i].outputs = (grade_fields){.pool = memory[i][1], .capacity = 2 * NUMBERS};
            fill_tensor(&graded[i].outputs, &answers[i].outputs, "y", forms[k].how[i][0], forms[k].large);
            fill_tensor(&graded[i].outputs, &answers[i].outputs, "dw", forms[k].how[i][1], 0);
            cases[i] = &graded[i];
        }
        const grade_judged judged = {
            .component = &flat, .count = MOST_CASES, .cases = cases, .answers = answers, .precision = GRADE_F64};
        grade_rounding rounding;
        assay_error error = {0};
        support_assert_ok(assay_grade_rounding(&judged, &GRADE_TUTORIAL, false, &rounding, &error), &error);
        ck_assert_msg(strcmp(rounding.id, forms[k].id) == 0, "form %zu: %s", k, rounding.id);
    }
}
END_TEST

START_TEST(half_a_unit_of_the_last_digit)
{
    /* clang-format off */
    static const struct { grade_decimals to; double value, half; } cases[] = {
        {{3, true}, 1.5, 0.0005}, {{3, true}, 123.0, 0.0005}, {{3, true}, 0.0, 0.0005}, {{7, true}, 1.0, 5e-8},
        {{3, false}, 1.5, 0.005}, {{3, false}, -123.0, 0.5}, {{3, false}, 0.012, 0.00005}, {{3, false}, 0.0, 0.005},
        {{4, false}, 999.0, 0.05}, {{4, false}, 1000.0, 0.5}, {{0, false}, 1.5, 0.0}, {{0, true}, 1.5, 0.0},
        {{3, true}, NAN, 0.0}, {{3, false}, INFINITY, 0.0},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        double half = assay_grade_half_unit(cases[k].to, cases[k].value);
        ck_assert_msg(fabs(half - cases[k].half) <= 1e-12 * cases[k].half, "%g: %g", cases[k].value, half);
    }
}
END_TEST

/* Six values that have the digits; from 3 to 7 of them. */
START_TEST(digits_of_answers_are_seen)
{
    static const double values[VALUES] = {1.12345678, -23.12345678, 0.71234567, 3.91234567, -0.41234567, 17.12345678};
    for (int fixed = 0; fixed < 2; fixed++) {
        for (int digits = 1; digits <= 9; digits++) {
            trial t;
            grade_decimals to = {digits, fixed == 1};
            open_trial(&t, values);
            assay_grade_shorten(to, &t.answer.outputs);
            char text[64];
            snprintf(text, sizeof text, fixed == 1 ? "%.*f" : "%.*g", digits, values[1]);
            ck_assert(t.got[1] == strtod(text, NULL));
            grade_judged judged = judged_of(&t, GRADE_F64);
            int seen = digits < 2 || digits > 7 ? 0 : digits == 2 ? 3 : digits; /* 2 digits are 3, one of them a 0 */
            ck_assert_int_eq(assay_grade_decimals_of(&judged, fixed == 1).digits, seen);
            t.got[4] = seen > 0 ? 2.0 : t.got[4]; /* five values are no evidence */
            ck_assert_int_eq(assay_grade_decimals_of(&judged, fixed == 1).digits, 0);
        }
    }
    trial t;
    open_trial(&t, values);
    assay_grade_shorten((grade_decimals){0, true}, &t.answer.outputs); /* no rounding */
    ck_assert_mem_eq(t.got, values, sizeof values);
}
END_TEST

/* --- difference quotients ----------------------------------------------------------------------------------------- */

enum { GRADIENTS = 14 };

typedef struct {
    double memory[2][1 + GRADIENTS];
    grade_case graded;
    grade_case *cases[1];
    grade_answer answer;
} gradient_trial;

/* A loss of 0.7, whose last place is 2^-53, and gradients that are multiples of 2^-54 / h. */
static bool is_quotient(gradient_trial *t, double h, size_t gradients, double loss, double beside)
{
    static double unused = 0.1; /* no multiple, in a field behind the last one */
    *t = (gradient_trial){.graded = {.component = &toy, .tolerance = {[GRADE_F32] = 1e-5, [GRADE_F64] = 1e-9}},
                          .answer = {.verdict = GRADE_PASS}};
    grade_fields *const fields[] = {&t->graded.outputs, &t->answer.outputs};
    for (size_t k = 0; k < 2; k++) {
        *fields[k] = (grade_fields){.pool = t->memory[k], .capacity = 1 + GRADIENTS};
        assay_grade_tensor0(fields[k], "loss")[0] = k == 0 ? 0.7 : loss;
        double *gradient = assay_grade_tensor1(fields[k], "dx", GRADIENTS);
        for (size_t i = 0; i < gradients; i++) {
            gradient[i] = k == 0 ? 1.0 : (double)(1000 + 37 * i) * 0x1p-54 / h;
        }
        gradient[3] += k == 0 ? 0.0 : beside * 0x1p-54 / h;
        fields[k]->field[2] = (grade_field){.name = "unused", .rank = 1, .shape = {1}, .count = 1, .values = &unused};
    }
    t->cases[0] = &t->graded;
    const grade_judged judged = {
        .component = &toy, .count = 1, .cases = t->cases, .answers = &t->answer, .precision = GRADE_F64};
    return assay_grade_is_quotient(&judged);
}

START_TEST(difference_quotients_are_recognised)
{
    static const double digits[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0};
    gradient_trial t;
    for (int power = 2; power <= 10; power++) {
        for (size_t d = 0; d < sizeof digits / sizeof digits[0]; d++) {
            ck_assert(is_quotient(&t, digits[d] / pow(10.0, power), GRADIENTS, 0.7, 0.0));
        }
    }
    for (int power = 8; power <= 32; power++) {
        ck_assert(is_quotient(&t, ldexp(1.0, -power), GRADIENTS, 0.7, 0.0));
    }
    ck_assert(is_quotient(&t, 1e-5, 12, 0.7, 0.0) && !is_quotient(&t, 1e-5, 11, 0.7, 0.0));
    ck_assert(is_quotient(&t, 0.01, 12, 0.7, 0.018));
    ck_assert(!is_quotient(&t, 0.01, 12, 0.7, 0.022));
    ck_assert(is_quotient(&t, 1e-5, 12, 0.7 * (1.0 + 0.99e-9), 0.0));
    ck_assert(!is_quotient(&t, 1e-5, 12, 0.7 * (1.0 + 1.01e-9), 0.0));
    ck_assert(!is_quotient(&t, 1.37e-5, GRADIENTS, 0.7, 0.0));
    t.answer.verdict = GRADE_CRASHED; /* no answer, no gradients */
    const grade_judged judged = {.component = &toy, .count = 1, .cases = t.cases, .answers = &t.answer};
    ck_assert(!assay_grade_is_quotient(&judged));
}
END_TEST

/* --- distributions ------------------------------------------------------------------------------------------------ */

enum { DRAWS = 1024 };

static bool draws_fit(grade_distribution hypothesis, const double *values, double *z)
{
    assay_moments moments = assay_moments_f64(DRAWS, values);
    return assay_grade_distribution_fits(hypothesis, DRAWS, values, &moments, z);
}

static double normal_quantile(double p)
{
    double low = -10.0;
    double high = 10.0;
    for (int k = 0; k < 60; k++) {
        double middle = 0.5 * (low + high);
        *(0.5 * erfc(-middle / sqrt(2.0)) < p ? &low : &high) = middle;
    }
    return low;
}

/* The quantiles of a law with the scale 1: the most typical sample. */
static double quantile(grade_distribution_kind kind, double p)
{
    double within = erf(sqrt(2.0)); /* two standard deviations */
    switch (kind) {
    case GRADE_UNIFORM: return 2.0 * p - 1.0;
    case GRADE_POSITIVE: return p;
    case GRADE_HALF_NORMAL: return normal_quantile(0.5 + 0.5 * p);
    case GRADE_TRUNCATED: return normal_quantile(0.5 * (1.0 - within) + within * p);
    case GRADE_SHIFTED: return 6.0 + normal_quantile(p);
    case GRADE_ONE_UNIFORM: return sqrt(-2.0 * log(p)) * cos(6.283185307179586 * p);
    default: return normal_quantile(p);
    }
}

/* The largest factor of a typical sample that is still taken for the law: the variance's quantile of 1e-12 decides. */
static double largest_factor(grade_distribution hypothesis, const double *typical, double *z)
{
    double low = 1.0;
    double high = 2.0;
    for (int k = 0; k < 40; k++) {
        double values[DRAWS];
        double middle = 0.5 * (low + high);
        for (size_t i = 0; i < DRAWS; i++) {
            values[i] = middle * typical[i];
        }
        *(draws_fit(hypothesis, values, z) ? &low : &high) = middle;
    }
    return low;
}

/* The mean, variance and excess kurtosis of a law with the scale 1, from their formulas. */
typedef struct {
    double mean;
    double variance;
    double kurtosis;
} law_moments;

/* sqrt(-2 log u) cos(2 pi u), u uniform: sums of powers by the midpoint rule. */
static law_moments one_uniform_moments(void)
{
    enum { STEPS = 20000 };
    double power[5] = {0.0};
    for (int k = 0; k < STEPS; k++) { /* u = t^2 has steps that are small at 0 */
        double t = (k + 0.5) / STEPS;
        double x = sqrt(-4.0 * log(t)) * cos(6.283185307179586 * t * t);
        for (int m = 1; m <= 4; m++) {
            power[m] += pow(x, m) * 2.0 * t / STEPS;
        }
    }
    double mean = power[1];
    double variance = power[2] - mean * mean;
    double fourth = power[4] - 4.0 * mean * power[3] + 6.0 * mean * mean * power[2] - 3.0 * pow(mean, 4.0);
    return (law_moments){mean, variance, fourth / (variance * variance) - 3.0};
}

static law_moments moments_of(grade_distribution_kind kind)
{
    const double pi = 3.14159265358979324;
    double edge = exp(-2.0) / sqrt(2.0 * pi) / erf(sqrt(2.0)); /* the truncated density at 2 */
    double truncated = 1.0 - 4.0 * edge;
    double half = 1.0 - 2.0 / pi;
    switch (kind) {
    case GRADE_UNIFORM: return (law_moments){0.0, 1.0 / 3.0, -1.2};
    case GRADE_POSITIVE: return (law_moments){0.5, 1.0 / 12.0, -1.2};
    case GRADE_TRUNCATED: return (law_moments){0.0, truncated, (3.0 - 28.0 * edge) / (truncated * truncated) - 3.0};
    case GRADE_HALF_NORMAL: return (law_moments){sqrt(2.0 / pi), half, 8.0 * (pi - 3.0) / ((pi - 2.0) * (pi - 2.0))};
    case GRADE_SHIFTED: return (law_moments){6.0, 1.0, -0.1}; /* 12 uniform numbers: -1.2 / 12 */
    case GRADE_ONE_UNIFORM: return one_uniform_moments();
    default: return (law_moments){0.0, 1.0, 0.0};
    }
}

/* A typical sample fits; z is the mean square about the law's mean, standardised. The scale may not be off by 20%. */
START_TEST(laws_are_held_to_their_variance)
{
    static const grade_distribution_kind kinds[] = {GRADE_NORMAL,      GRADE_UNIFORM, GRADE_POSITIVE,   GRADE_TRUNCATED,
                                                    GRADE_HALF_NORMAL, GRADE_SHIFTED, GRADE_ONE_UNIFORM};
    const double scale = 0.3;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        double typical[DRAWS];
        double z;
        double square = 0.0;
        law_moments law = moments_of(kinds[k]);
        for (size_t i = 0; i < DRAWS; i++) {
            typical[i] = 0.99 * scale * quantile(kinds[k], ((double)i + 0.5) / DRAWS);
            square += pow(typical[i] - scale * law.mean, 2.0) / DRAWS;
        }
        double variance = scale * scale * law.variance;
        ck_assert_msg(draws_fit((grade_distribution){kinds[k], scale}, typical, &z), "kind %d", kinds[k]);
        double wanted = (square / variance - 1.0) / sqrt((law.kurtosis + 2.0) / DRAWS);
        support_assert_relative("z", z, wanted, kinds[k] == GRADE_ONE_UNIFORM ? 3e-5 : 1e-7);
        ck_assert(!draws_fit((grade_distribution){kinds[k], 0.8 * scale}, typical, &z));
        ck_assert(!draws_fit((grade_distribution){kinds[k], 1.25 * scale}, typical, &z));
    }
}
END_TEST

/* The variance of a normal sample may be off by 7.13 of its standard deviations: a false alarm of 1e-12. */
START_TEST(variances_are_held_to_their_quantile)
{
    double typical[DRAWS];
    double z;
    for (size_t i = 0; i < DRAWS; i++) {
        typical[i] = quantile(GRADE_NORMAL, ((double)i + 0.5) / DRAWS);
    }
    assay_moments moments = assay_moments_f64(DRAWS, typical);
    double factor = largest_factor((grade_distribution){GRADE_NORMAL, 1.0}, typical, &z);
    support_assert_relative("quantile", (factor * factor * moments.variance - 1.0) / sqrt(2.0 / DRAWS), 7.1305, 5e-4);
}
END_TEST

/* The three laws of "normal or uniform", about a mean that is not 0; about 0 they are another hypothesis. */
START_TEST(laws_off_centre_are_told)
{
    static const struct {
        grade_distribution_kind kind;
        double variance;
    } cases[] = {{GRADE_NORMAL, 1.0}, {GRADE_UNIFORM, 1.0 / 3.0}, {GRADE_TRUNCATED, 0.7737413}, {GRADE_CONSTANT, 0.0}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        double values[DRAWS];
        double z;
        for (int shifted = 0; shifted < 2; shifted++) {
            for (size_t i = 0; i < DRAWS; i++) {
                double p = ((double)i + 0.5) / DRAWS;
                double value = cases[k].kind == GRADE_CONSTANT
                                   ? (p < 0.5 ? -0.1 : 0.1) /* two values: none of them */
                                   : 0.1 * quantile(cases[k].kind, p) / sqrt(cases[k].variance);
                values[i] = value + (shifted == 1 ? 0.06 : 0.0);
            }
            bool fits = shifted == 1 && cases[k].kind != GRADE_CONSTANT;
            ck_assert_msg(draws_fit((grade_distribution){GRADE_OFF_CENTRE, 0.1}, values, &z) == fits, "kind %d, %d",
                          cases[k].kind, shifted);
            ck_assert(!draws_fit((grade_distribution){GRADE_OFF_CENTRE, 0.13}, values, &z));
            ck_assert(draws_fit((grade_distribution){GRADE_EITHER, 0.1}, values, &z) ==
                      (shifted == 0 && cases[k].kind != GRADE_CONSTANT));
        }
    }
}
END_TEST

/* The mean of a normal sample may be off by as many of its standard deviations. */
START_TEST(laws_are_held_to_their_mean)
{
    double low = 0.0;
    double high = 1.0;
    double z;
    for (int k = 0; k < 40; k++) {
        double values[DRAWS];
        double middle = 0.5 * (low + high);
        for (size_t i = 0; i < DRAWS; i++) {
            values[i] = quantile(GRADE_NORMAL, ((double)i + 0.5) / DRAWS) - middle;
        }
        *(draws_fit((grade_distribution){GRADE_NORMAL, 1.0}, values, &z) ? &low : &high) = middle;
    }
    support_assert_relative("quantile", low * sqrt(DRAWS), 7.1305, 5e-4);
}
END_TEST

/* Bounded laws have ends, with room for float32's rounding only. */
START_TEST(laws_are_held_to_their_ends)
{
    /* clang-format off */
    static const struct { grade_distribution_kind kind; double lower, upper; } ends[] = {
        {GRADE_UNIFORM, -1.0, 1.0}, {GRADE_POSITIVE, 0.0, 1.0}, {GRADE_TRUNCATED, -2.0, 2.0},
        {GRADE_HALF_NORMAL, 0.0, 9.0}, {GRADE_SHIFTED, 0.0, 12.0},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++) {
        double typical[DRAWS];
        double z;
        for (size_t i = 0; i < DRAWS; i++) {
            typical[i] = quantile(ends[k].kind, ((double)i + 0.5) / DRAWS);
        }
        const grade_distribution law = {ends[k].kind, 1.0};
        ck_assert(draws_fit(law, typical, &z));
        double first = typical[0];
        typical[0] = ends[k].lower - 0.9e-6;
        ck_assert_msg(draws_fit(law, typical, &z), "kind %d, lower end", ends[k].kind);
        typical[0] = ends[k].lower - 1.2e-6;
        ck_assert(!draws_fit(law, typical, &z));
        typical[0] = first;
        if (ends[k].kind != GRADE_HALF_NORMAL && ends[k].kind != GRADE_SHIFTED) { /* 12 is far beyond chance */
            typical[DRAWS - 1] = ends[k].upper + 0.9e-6;
            ck_assert_msg(draws_fit(law, typical, &z), "kind %d, upper end", ends[k].kind);
            typical[DRAWS - 1] = ends[k].upper + 1.2e-6;
            ck_assert(!draws_fit(law, typical, &z));
        }
    }
}
END_TEST

START_TEST(constants_are_held_to_float32)
{
    double values[DRAWS];
    double z;
    for (size_t i = 0; i < DRAWS; i++) {
        values[i] = 0.5;
    }
    ck_assert(draws_fit((grade_distribution){GRADE_CONSTANT, 0.5}, values, &z) && z == 0.0);
    ck_assert(draws_fit((grade_distribution){GRADE_CONSTANT, 0.5 * (1.0 + 0.9e-6)}, values, &z));
    ck_assert(!draws_fit((grade_distribution){GRADE_CONSTANT, 0.5 * (1.0 + 1.1e-6)}, values, &z));
    ck_assert(!draws_fit((grade_distribution){GRADE_CONSTANT, 0.5 * (1.0 - 1.1e-6)}, values, &z));
    ck_assert(draws_fit((grade_distribution){GRADE_ONE_VALUE, 0.0}, values, &z));
    values[7] += 1e-6;
    ck_assert(!draws_fit((grade_distribution){GRADE_CONSTANT, 0.5}, values, &z));
    ck_assert(!draws_fit((grade_distribution){GRADE_ONE_VALUE, 0.0}, values, &z));
    ck_assert(draws_fit((grade_distribution){GRADE_RANDOM, 0.0}, values, &z));
    memset(values, 0, sizeof values);
    ck_assert(!draws_fit((grade_distribution){GRADE_ONE_VALUE, 0.0}, values, &z));
}
END_TEST

START_TEST(all_distributions_have_words)
{
    /* clang-format off */
    static const struct { grade_distribution distribution; const char *text; } cases[] = {
        {{GRADE_CONSTANT, 0.5}, "every value 0.5"},
        {{GRADE_NORMAL, 0.25}, "a normal distribution of mean 0 and standard deviation 0.25"},
        {{GRADE_EITHER, 0.25}, "mean 0 and standard deviation 0.25, normal or uniform"},
        {{GRADE_POSITIVE, 2.0}, "a uniform distribution between 0 and 2"},
        {{GRADE_RANDOM, 0.0}, "random values"},
        {{GRADE_ONE_VALUE, 0.5}, "one value everywhere"},
        {{GRADE_UNIFORM, 0.25}, "a uniform distribution between -0.25 and 0.25"},
        {{GRADE_TRUNCATED, 0.25}, "a normal distribution of standard deviation 0.25, cut off at twice that"},
        {{GRADE_HALF_NORMAL, 0.25}, "absolute values of a normal distribution of standard deviation 0.25"},
        {{GRADE_SHIFTED, 0.25}, "sums of 12 uniform numbers times 0.25"},
        {{GRADE_ONE_UNIFORM, 0.25}, "Box and Muller's formula with one uniform number, times 0.25"},
        {{GRADE_ROOTLESS, 0.25}, "Box and Muller's formula without the root, times 0.25"},
        {{GRADE_OFF_CENTRE, 0.25}, "a mean that is not 0 and standard deviation 0.25"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[100];
        assay_grade_distribution_text(cases[i].distribution, text, sizeof text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

/* --- laws of the wrong ways to draw ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *id;
    grade_distribution_kind kind;
    double factor, power; /* of the standard deviation s: factor * s^power; power 9: the number that is solved for */
} wrong_draws[] = {
    {"initializer.variance_as_bound", GRADE_UNIFORM, 1.0, 2.0},
    {"initializer.truncated", GRADE_TRUNCATED, 1.0, 1.0},
    {"initializer.rand_for_randn", GRADE_POSITIVE, 1.0, 1.0},
    {"initializer.absolute", GRADE_HALF_NORMAL, 1.0, 1.0},
    {"initializer.unscaled", GRADE_NORMAL, 1.0, 0.0},
    {"initializer.unit_uniform", GRADE_POSITIVE, 1.0, 0.0},
    {"initializer.symmetric_unit_uniform", GRADE_UNIFORM, 1.0, 0.0},
    {"initializer.rand_minus_half", GRADE_UNIFORM, 0.5, 0.0},
    {"initializer.rand_minus_half_scaled", GRADE_UNIFORM, 0.5, 1.0},
    {"initializer.multiplied", GRADE_EITHER, 1.0, -1.0},
    {"initializer.multiplied", GRADE_EITHER, 1.0, -2.0},
    {"initializer.half_variance", GRADE_NORMAL, 0.70710678118654752, 1.0},
    {"initializer.twelve_not_shifted", GRADE_SHIFTED, 1.0, 1.0},
    {"initializer.one_uniform_for_both", GRADE_ONE_UNIFORM, 1.0, 1.0},
    {"initializer.box_muller_root_missing", GRADE_ROOTLESS, 1.0, 1.0},
    {"initializer.mean_not_zero", GRADE_OFF_CENTRE, 1.0, 1.0},
    {"initializer.mean_and_std", GRADE_OFF_CENTRE, 1.0, 9.0},
    {"initializer.all_zero", GRADE_CONSTANT, 0.0, 0.0},
    {"initializer.one_value", GRADE_ONE_VALUE, 0.0, 0.0},
    {"init_normal.uniform_bound", GRADE_UNIFORM, 1.0, 1.0},
    {"init_normal.variance_as_std", GRADE_EITHER, 1.0, 2.0},
    {"init_normal.variance_as_std", GRADE_UNIFORM, 3.0, 2.0},
    {"init_normal.std_as_variance", GRADE_EITHER, 1.0, 0.5},
    {"initializer.bound_as_std", GRADE_NORMAL, 1.7320508075688773, 1.0},
    {"initializer.positive_only", GRADE_POSITIVE, 1.7320508075688773, 1.0},
    {"init_normal.std_ignored", GRADE_EITHER, 1.0, 9.0},
    {"init_normal.uniform", GRADE_UNIFORM, 1.7320508075688773, 1.0},
};
/* clang-format on */

/* The laws of code that mistakes a standard deviation for another parameter; one name can mean two laws. */
START_TEST(wrong_draws_have_their_laws)
{
    const grade_component *component = assay_grade_component_by_name("init_normal");
    grade_case *graded;
    assay_error error = {0};
    support_assert_ok(assay_grade_case_create(component, 0, 1, &graded, &error), &error);
    double s = assay_grade_number(&graded->inputs, "std");
    for (size_t k = 0; k < sizeof wrong_draws / sizeof wrong_draws[0]; k++) {
        double wanted = wrong_draws[k].power == 9.0 ? 0.0213 : wrong_draws[k].factor * pow(s, wrong_draws[k].power);
        bool known = false;
        bool given = false;
        for (size_t a = 0; a < component->axis_count; a++) {
            for (int level = 1; level < component->axes[a].count; level++) {
                grade_choice choice = {.parameter = 0.0213};
                choice.level[a] = (unsigned char)level;
                if (strcmp(component->axes[a].ids[level], wrong_draws[k].id) == 0) {
                    grade_distribution law = component->initializer->draws(graded, &choice, 1, false);
                    known = true;
                    given = given || (law.kind == wrong_draws[k].kind && fabs(law.value - wanted) <= 1e-12 * wanted);
                }
            }
        }
        ck_assert_msg(known && given, "%s (%zu)", wrong_draws[k].id, k);
    }
    grade_distribution right = component->initializer->draws(graded, &GRADE_TUTORIAL, 1, false);
    ck_assert_msg(right.kind == GRADE_NORMAL && right.value == s, "kind %d, %g instead of %g", right.kind, right.value,
                  s);
    assay_grade_case_destroy(graded);
}
END_TEST

/* clang-format off */
static const struct {
    const char *id;
    double weight, bias; /* NAN: the fill */
} wrong_fills[] = {
    {"init_constant.weight_zero", 0.0, NAN}, {"init_constant.weight_one", 1.0, NAN},
    {"init_constant.bias_skipped", NAN, 0.0}, {"init_constant.bias_one", NAN, 1.0},
    {"init_constant.bias_small", NAN, 0.01}, {"init_constant.fill_ignored", 0.005, 0.005},
};
/* clang-format on */

START_TEST(wrong_fills_have_their_values)
{
    const grade_component *component = assay_grade_component_by_name("init_constant");
    grade_case *graded;
    grade_fields outputs;
    assay_error error = {0};
    support_assert_ok(assay_grade_case_create(component, 0, 1, &graded, &error), &error);
    support_assert_ok(assay_grade_fields_like(&graded->outputs, &outputs, &error), &error);
    double fill = assay_grade_number(&graded->inputs, "fill");
    for (size_t k = 0; k < sizeof wrong_fills / sizeof wrong_fills[0]; k++) {
        bool given = false;
        for (size_t a = 0; a < component->axis_count; a++) {
            for (int level = 1; level < component->axes[a].count; level++) {
                grade_choice choice = {.parameter = 0.7};
                choice.level[a] = (unsigned char)level;
                if (strcmp(component->axes[a].ids[level], wrong_fills[k].id) == 0) {
                    component->model(graded, &choice, &outputs);
                    double weight = isnan(wrong_fills[k].weight) ? fill : wrong_fills[k].weight;
                    double bias = isnan(wrong_fills[k].bias) ? fill : wrong_fills[k].bias;
                    given = given || (outputs.field[0].values[0] == weight && outputs.field[1].values[0] == bias);
                }
            }
        }
        ck_assert_msg(given, "%s", wrong_fills[k].id);
    }
    assay_grade_fields_clear(&outputs);
    assay_grade_case_destroy(graded);
}
END_TEST

/* --- points ------------------------------------------------------------------------------------------------------- */

static grade_catalogue *open_catalogue(void)
{
    assay_error error = {0};
    grade_catalogue *catalogue;
    support_assert_ok(assay_grade_catalogue_open(&catalogue, &error), &error);
    return catalogue;
}

static assay_status read_rubric(const char *text, const grade_catalogue *catalogue, grade_rubric **rubric,
                                assay_error *error)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/rubric.json", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    assay_status status = assay_grade_rubric_read(path, catalogue, rubric, error);
    assay_free(path);
    support_remove_folder(folder);
    return status;
}

/* A battery of two parts whose results are set by hand, and a rubric. */
typedef struct {
    grade_catalogue *catalogue;
    grade_battery *battery;
    grade_rubric *rubric;
} marking;

static void open_marking(marking *m, const char *const *only, const char *rubric)
{
    assay_error error = {0};
    *m = (marking){.catalogue = open_catalogue()};
    support_assert_ok(assay_grade_battery_create(1, only, &m->battery, &error), &error);
    if (rubric != NULL) {
        support_assert_ok(read_rubric(rubric, m->catalogue, &m->rubric, &error), &error);
    }
}

static void close_marking(marking *m)
{
    assay_grade_rubric_close(m->rubric);
    assay_grade_battery_destroy(m->battery);
    assay_grade_catalogue_close(m->catalogue);
}

/* clang-format off */
static const struct {
    const char *rubric; /* NULL: none */
    grade_result result;
    double credit;
} credits[] = {
    {NULL, {.verdict = GRADE_PASS}, 1.0},
    {NULL, {.verdict = GRADE_WRONG}, 0.0},
    {NULL, {.verdict = GRADE_CRASHED}, 0.0},
    {NULL, {.verdict = GRADE_WRONG, .mistake = "relu.negated"}, 0.0},
    {NULL, {.verdict = GRADE_WRONG, .mistake = "tanh.lecun"}, 0.0},
    {NULL, {.verdict = GRADE_WRONG, .mistake = "any.singleton_axis"}, 1.0},
    {NULL, {.verdict = GRADE_WRONG, .mistake = "any.singleton_axis", .also = {"relu.negated"}}, 0.0},
    {NULL, {.verdict = GRADE_WRONG, .follows = {"relu.negated"}}, 1.0},
    {NULL, {.verdict = GRADE_WRONG, .mistake = "any.inexact", .follows = {"relu.negated"}}, 0.0},
    {"{\"follows\": 0.25}", {.verdict = GRADE_WRONG, .follows = {"relu.negated"}}, 0.25},
    {"{\"follows\": 0.25}", {.verdict = GRADE_WRONG}, 0.0},
    {"{}", {.verdict = GRADE_WRONG, .follows = {"relu.negated"}}, 1.0},
    {"{\"credit\": {\"relu.negated\": 0.5}}", {.verdict = GRADE_WRONG, .mistake = "relu.negated"}, 0.5},
    {"{\"credit\": {\"relu.negated\": 0.5}}", {.verdict = GRADE_WRONG, .mistake = "any.inexact"}, 0.0},
    {"{\"credit\": {\"relu.negated\": 0.5, \"any.inexact\": 0.6}}",
     {.verdict = GRADE_WRONG, .mistake = "relu.negated", .also = {"any.inexact"}}, 0.3},
    {"{\"credit\": {\"relu.negated\": 0.5, \"any.inexact\": 0.75}}",
     {.verdict = GRADE_WRONG, .mistake = "relu.negated", .tie_count = 1, .ties = {{.name = {"any.inexact"}}}}, 0.75},
    {"{\"credit\": {\"relu.negated\": 0.5, \"any.inexact\": 0.75}}",
     {.verdict = GRADE_WRONG, .mistake = "any.inexact", .tie_count = 1, .ties = {{.name = {"relu.negated"}}}}, 0.75},
    {"{\"credit\": {\"relu.negated\": 0.5, \"any.inexact\": 0.75}}",
     {.verdict = GRADE_WRONG, .mistake = "relu.negated", .tie_count = 1,
      .ties = {{.name = {"any.inexact", "any.float32"}}}}, 0.5},
    {"{\"credit\": {\"any.singleton_axis\": 0.25}}", {.verdict = GRADE_WRONG, .mistake = "any.singleton_axis"}, 0.25},
    {"{\"credit\": {\"relu.negated\": 0.5}}", {.verdict = GRADE_WRONG, .mistake = "any.singleton_axis"}, 1.0},
    {"{\"conventions\": [\"tanh.lecun\"]}", {.verdict = GRADE_WRONG, .mistake = "tanh.lecun"}, 1.0},
    {"{\"conventions\": [\"lecun\"]}", {.verdict = GRADE_WRONG, .mistake = "tanh.lecun"}, 1.0},
    {"{\"conventions\": [\"keras\"]}", {.verdict = GRADE_WRONG, .mistake = "tanh.lecun"}, 0.0},
    {"{\"conventions\": [\"pytorch\", \"keras\"]}",
     {.verdict = GRADE_WRONG, .mistake = "momentum.averaging_missing", .also = {"linear_forward.weight_order"}}, 1.0},
    {"{\"conventions\": [\"lecun\"], \"credit\": {\"tanh.lecun\": 0.5}}",
     {.verdict = GRADE_WRONG, .mistake = "tanh.lecun"}, 0.5},
};
/* clang-format on */

START_TEST(names_cost_what_the_rubric_says)
{
    static const char *const only[] = {"relu", NULL};
    marking m;
    open_marking(&m, only, credits[_i].rubric);
    grade_part *part = &m.battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        part->results[i].verdict = GRADE_CRASHED;
    }
    part->results[1] = credits[_i].result;
    grade_score score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    support_assert_relative("possible", score.possible, (double)part->count, 1e-12);
    ck_assert_double_eq_tol(score.earned, credits[_i].credit, 1e-12);
    ck_assert_double_eq_tol(part->results[1].earned, credits[_i].credit, 1e-12);
    ck_assert_double_eq_tol(part->results[1].possible, 1.0, 1e-12);
    ck_assert(part->results[0].earned == 0.0);
    close_marking(&m);
}
END_TEST

/* Without weights only what is there counts; with weights all of it, but for an optional case of what is there. */
START_TEST(missing_cases_count_by_the_rubric)
{
    static const char *const only[] = {"relu", "training", NULL};
    marking m;
    open_marking(&m, only, "{\"weights\": {\"relu\": 4, \"training\": 6}}");
    grade_part *relu = &m.battery->parts[0];
    grade_part *training = &m.battery->parts[1];
    size_t optional = 0;
    for (size_t i = 0; i < training->count; i++) {
        training->results[i].verdict = GRADE_MISSING;
        optional += training->cases[i]->optional;
    }
    for (size_t i = 0; i < relu->count; i++) {
        relu->results[i].verdict = i == 0 ? GRADE_MISSING : GRADE_PASS;
    }
    ck_assert_uint_ge(optional, 1);
    double answered = (double)(relu->count - 1);
    grade_score score = assay_grade_score(m.battery, NULL, m.catalogue);
    ck_assert(score.possible == answered && score.earned == answered);
    ck_assert(relu->results[0].possible == 0.0);
    score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    ck_assert_double_eq_tol(score.possible, 10.0, 1e-12);
    ck_assert_double_eq_tol(score.earned, 4.0 * answered / (double)relu->count, 1e-12);
    ck_assert(!assay_grade_full_marks(score));
    for (size_t i = 0; i < training->count; i++) {
        training->results[i].verdict = training->cases[i]->optional ? GRADE_MISSING : GRADE_PASS;
    }
    relu->results[0].verdict = GRADE_PASS;
    score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    ck_assert_double_eq_tol(score.earned, 10.0, 1e-12);
    ck_assert(assay_grade_full_marks(score));
    close_marking(&m);
}
END_TEST

/* A case's share is 1, or what the rubric says: 0 takes it out. */
START_TEST(cases_have_shares)
{
    static const char *const only[] = {"adam", NULL};
    marking m;
    open_marking(&m, only, "{\"weights\": {\"adam\": 20}, \"cases\": {\"adam/one step\": 3}}");
    grade_part *part = &m.battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        part->results[i].verdict = GRADE_WRONG;
        ck_assert(part->cases[i]->name[0] != '\0');
    }
    double shares = (double)part->count + 2.0;
    for (size_t i = 0; i < part->count; i++) {
        part->results[i].verdict = GRADE_PASS;
        double share = strcmp(part->cases[i]->name, "one step") == 0 ? 3.0 : 1.0;
        grade_score score = assay_grade_score(m.battery, m.rubric, m.catalogue);
        support_assert_relative("earned", score.earned, 20.0 * share / shares, 1e-12);
        support_assert_relative("possible", score.possible, 20.0, 1e-12);
        part->results[i].verdict = GRADE_WRONG;
    }
    close_marking(&m);
    open_marking(&m, only, "{\"cases\": {\"adam/one step\": 0}}");
    part = &m.battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        part->results[i].verdict = GRADE_PASS;
    }
    grade_score score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    support_assert_relative("possible", score.possible, (double)part->count, 1e-12);
    for (size_t i = 0; i < part->count; i++) {
        ck_assert((part->results[i].possible == 0.0) == (strcmp(part->cases[i]->name, "one step") == 0));
    }
    close_marking(&m);
}
END_TEST

/* Under a suspicion nothing is left, or the rubric's part; who is cleared keeps all. */
START_TEST(a_suspicion_takes_points)
{
    static const char *const only[] = {"relu", NULL};
    static const struct {
        const char *rubric;
        bool cleared;
        double kept;
    } cases[] = {{NULL, false, 0.0}, {"{}", false, 0.0}, {"{\"suspicion\": 0.4}", false, 0.4},
                 {NULL, true, 1.0},  {"{}", true, 1.0},  {"{\"suspicion\": 0.4}", true, 1.0}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        marking m;
        open_marking(&m, only, cases[k].rubric);
        snprintf(m.battery->suspicion, sizeof m.battery->suspicion, "a sign");
        m.battery->cleared = cases[k].cleared;
        grade_score score = assay_grade_score(m.battery, m.rubric, m.catalogue); /* verdicts 0: all pass */
        ck_assert_double_eq_tol(score.earned, cases[k].kept * score.possible, 1e-12);
        ck_assert(score.possible > 0.0 && assay_grade_full_marks(score) == (cases[k].kept >= 1.0));
        close_marking(&m);
    }
}
END_TEST

START_TEST(full_marks_are_all_points)
{
    ck_assert(assay_grade_full_marks((grade_score){10.0, 10.0}));
    ck_assert(assay_grade_full_marks((grade_score){10.0, 10.0 - 0.9e-8})); /* sums of thirds */
    ck_assert(!assay_grade_full_marks((grade_score){10.0, 10.0 - 1.1e-8}));
    ck_assert(!assay_grade_full_marks((grade_score){0.0, 0.0}));
    ck_assert(!assay_grade_full_marks((grade_score){0.0, 1.0}));
}
END_TEST

/* --- rubrics ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    const char *text;
    const char *message; /* after the path; NULL: it is a good rubric */
} rubrics[] = {
    {"{\"weights\": {\"relu\": 1e6, \"adam\": 0}, \"cases\": {\"adam/one step\": 1000000}, "
     "\"credit\": {\"any.inexact\": 1, \"any.float32\": 0}}", NULL},
    {"{\"weights\": {\"relu\": 1000001}}", ": \"weights\", \"relu\": not a number from 0 to 1e+06"},
    {"{\"weights\": {\"relu\": -0.001}}", ": \"weights\", \"relu\": not a number from 0 to 1e+06"},
    {"{\"cases\": {\"adam/one step\": true}}", ": \"cases\", \"adam/one step\": not a number from 0 to 1e+06"},
    {"{\"credit\": {\"any.inexact\": 1.001}}", ": \"credit\", \"any.inexact\": not a number from 0 to 1"},
    {"{\"credit\": {\"any.inexact\": -0.001}}", ": \"credit\", \"any.inexact\": not a number from 0 to 1"},
    {"{\"credit\": {\"relu\": 1}}",
     ": \"credit\" has \"relu\", which is no mistake; assay grade --list prints the names"},
    {"{\"weights\": {\"any.inexact\": 1}}",
     ": \"weights\" has \"any.inexact\", which is no component or case; assay grade --list prints the names"},
    {"{\"weights\": 1}", ": \"weights\" is not an object"},
    {"{\"cases\": []}", ": \"cases\" is not an object"},
    {"{\"credit\": \"all\"}", ": \"credit\" is not an object"},
    {"{\"suspicion\": 1, \"follows\": 1, \"show_values\": true, \"conventions\": [\"keras\", \"tanh.lecun\"]}", NULL},
    {"{\"suspicion\": 0, \"follows\": 0, \"show_values\": false, \"conventions\": [], \"cleared\": []}", NULL},
    {"{\"suspicion\": 1.001}", ": \"suspicion\": not a number from 0 to 1"},
    {"{\"suspicion\": -0.001}", ": \"suspicion\": not a number from 0 to 1"},
    {"{\"suspicion\": \"0\"}", ": \"suspicion\": not a number from 0 to 1"},
    {"{\"follows\": 1.001}", ": \"follows\": not a number from 0 to 1"},
    {"{\"follows\": -0.001}", ": \"follows\": not a number from 0 to 1"},
    {"{\"follows\": null}", ": \"follows\": not a number from 0 to 1"},
    {"{\"show_values\": 1}", ": \"show_values\": neither true nor false"},
    {"{\"cleared\": {}}", ": \"cleared\": not an array of names of submissions"},
    {"{\"cleared\": [\"ada\", 3]}", ": \"cleared\": not an array of names of submissions"},
    {"{\"cleared\": [3, \"ada\"]}", ": \"cleared\": not an array of names of submissions"},
    {"{\"conventions\": \"keras\"}", ": \"conventions\": not an array of names"},
    {"{\"conventions\": [\"keras\", \"relu.negated\"]}",
     ": \"conventions\" has \"relu.negated\", which is no convention; assay grade --list prints the names"},
    {"{\"conventions\": [7]}",
     ": \"conventions\" has \"?\", which is no convention; assay grade --list prints the names"},
    {"{\"Name\": \"A\"}", ": unknown key \"Name\"; there are name, weights, cases, credit, suspicion, cleared, "
                          "show_values, follows, conventions"},
    {"[3]", ": not a JSON object"},
    {"{\n\n\"name\" 3}", ", line 3: "},
};
/* clang-format on */

START_TEST(rubrics_are_refused_with_the_place)
{
    grade_catalogue *catalogue = open_catalogue();
    grade_rubric *rubric = NULL;
    assay_error error = {0};
    assay_status status = read_rubric(rubrics[_i].text, catalogue, &rubric, &error);
    if (rubrics[_i].message == NULL) {
        support_assert_ok(status, &error);
        ck_assert_str_eq(assay_grade_rubric_name(rubric), "");
    } else {
        char part[300];
        snprintf(part, sizeof part, "/rubric.json%s", rubrics[_i].message);
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, part);
        ck_assert_ptr_null(rubric);
    }
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* FNV-1a of the rubric's compact JSON with sorted keys, but for those who are cleared. */
START_TEST(digests_tell_rubrics_apart)
{
    static const struct {
        const char *text;
        const char *digested;
    } cases[] = {
        {"{}", "{}"},
        {"{ \"name\" : \"A\" }", "{\"name\":\"A\"}"},
        {"{\"weights\": {\"relu\": 2, \"adam\": 1}, \"name\": \"A\"}",
         "{\"name\":\"A\",\"weights\":{\"adam\":1,\"relu\":2}}"},
        {"{\"cleared\": [\"ada\"], \"name\": \"A\"}", "{\"name\":\"A\"}"},
    };
    grade_catalogue *catalogue = open_catalogue();
    assay_error error = {0};
    uint64_t digest = 7;
    support_assert_ok(assay_grade_rubric_digest(NULL, &digest, &error), &error);
    ck_assert_uint_eq(digest, 0);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        grade_rubric *rubric;
        uint64_t wanted = 14695981039346656037u;
        support_assert_ok(read_rubric(cases[k].text, catalogue, &rubric, &error), &error);
        support_assert_ok(assay_grade_rubric_digest(rubric, &digest, &error), &error);
        for (const char *c = cases[k].digested; *c != '\0'; c++) {
            wanted = (wanted ^ (unsigned char)*c) * 1099511628211u;
        }
        ck_assert_uint_eq(digest, wanted);
        assay_grade_rubric_close(rubric);
    }
    assay_grade_catalogue_close(catalogue);
}
END_TEST

START_TEST(rubrics_are_asked)
{
    grade_catalogue *catalogue = open_catalogue();
    grade_rubric *rubric;
    assay_error error = {0};
    ck_assert_str_eq(assay_grade_rubric_name(NULL), "");
    ck_assert_ptr_null(assay_grade_rubric_components(NULL));
    ck_assert(!assay_grade_rubric_clears(NULL, "ada"));
    support_assert_ok(read_rubric("{\"name\": \"Week 3\", \"weights\": {\"relu\": 1, \"adam\": 2}, "
                                  "\"cleared\": [\"ada\", \"bob\"]}",
                                  catalogue, &rubric, &error),
                      &error);
    ck_assert_str_eq(assay_grade_rubric_name(rubric), "Week 3");
    ck_assert_str_eq(assay_grade_rubric_components(rubric)[0], "relu");
    ck_assert_str_eq(assay_grade_rubric_components(rubric)[1], "adam");
    ck_assert_ptr_null(assay_grade_rubric_components(rubric)[2]);
    ck_assert(assay_grade_rubric_clears(rubric, "bob") && !assay_grade_rubric_clears(rubric, "bo"));
    assay_grade_rubric_close(rubric);
    support_assert_ok(read_rubric("{\"name\": \"no weights\"}", catalogue, &rubric, &error), &error);
    ck_assert_ptr_null(assay_grade_rubric_components(rubric));
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --convention: to a rubric, or to none. */
START_TEST(conventions_are_accepted)
{
    static const char *const only[] = {"tanh", NULL};
    marking m;
    assay_error error = {0};
    open_marking(&m, only, NULL);
    grade_part *part = &m.battery->parts[0];
    part->results[0] = (grade_result){.verdict = GRADE_WRONG, .mistake = "tanh.lecun"};
    support_assert_error(assay_grade_rubric_accept(&m.rubric, "relu.negated", m.catalogue, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "no convention 'relu.negated'; assay grade --list prints them");
    ck_assert_ptr_null(m.rubric);
    error = (assay_error){0};
    support_assert_ok(assay_grade_rubric_accept(&m.rubric, "keras", m.catalogue, &error), &error);
    grade_score score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    ck_assert(score.earned == score.possible - 1.0);
    support_assert_ok(assay_grade_rubric_accept(&m.rubric, "lecun", m.catalogue, &error), &error);
    score = assay_grade_score(m.battery, m.rubric, m.catalogue);
    ck_assert(score.earned == score.possible && score.possible == (double)part->count);
    close_marking(&m);
}
END_TEST

START_TEST(conventions_have_users)
{
    grade_catalogue *catalogue = open_catalogue();
    const grade_mistake *order = assay_grade_catalogue_find(catalogue, "linear_forward.weight_order");
    ck_assert_str_eq(order->kind, "convention");
    ck_assert_str_eq(assay_grade_catalogue_user(catalogue, order, 0), "cs231n");
    ck_assert_str_eq(assay_grade_catalogue_user(catalogue, order, 1), "keras");
    ck_assert_ptr_null(assay_grade_catalogue_user(catalogue, order, 2));
    ck_assert(assay_grade_catalogue_used_by(catalogue, order, "keras"));
    ck_assert(!assay_grade_catalogue_used_by(catalogue, order, "pytorch"));
    ck_assert(assay_grade_catalogue_has_convention(catalogue, "keras"));
    ck_assert(assay_grade_catalogue_has_convention(catalogue, "tanh.lecun"));
    ck_assert(!assay_grade_catalogue_has_convention(catalogue, "relu.negated"));
    ck_assert(!assay_grade_catalogue_has_convention(catalogue, "nobody"));
    ck_assert_ptr_null(assay_grade_catalogue_find(catalogue, "relu"));
    assay_grade_catalogue_close(catalogue);
}
END_TEST

/* --- precision ---------------------------------------------------------------------------------------------------- */

/* One float32 tensor, wherever it is among the answers, makes its part and, after an import, all of it single. */
START_TEST(one_single_tensor_decides_the_precision)
{
    static const char *const only[] = {"relu", "adam", NULL};
    grade_battery *battery;
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(1, only, &battery, &error), &error);
    for (size_t p = 0; p < 2; p++) {
        grade_part *part = &battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            grade_fields *outputs = &part->answers[i].outputs;
            for (size_t f = 0; f < outputs->count; f++) {
                size_t single;
                size_t arrays;
                outputs->field[f].single = true;
                ck_assert_int_eq(assay_grade_part_precision(battery, part), GRADE_F64); /* not answered */
                part->answers[i].verdict = GRADE_PASS;
                ck_assert_int_eq(assay_grade_part_precision(battery, part), GRADE_F32);
                ck_assert_int_eq(assay_grade_part_precision(battery, &battery->parts[1 - p]), GRADE_F64);
                assay_grade_battery_take_precision(battery, &single, &arrays);
                ck_assert(single == 1 && arrays == outputs->count && battery->precision == GRADE_F32);
                ck_assert_int_eq(assay_grade_part_precision(battery, &battery->parts[1 - p]), GRADE_F32);
                outputs->field[f].single = false;
                battery->precision = GRADE_F64;
                assay_grade_battery_take_precision(battery, &single, &arrays);
                ck_assert(single == 0 && battery->precision == GRADE_F64);
                part->answers[i].verdict = GRADE_NOT_RUN;
            }
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade marks");
    TCase *judge = evidence_case("tolerances and names", "property: grade/judge, grade/diagnose, grade/root");
    tcase_add_test(judge, distances_are_in_units_of_the_tolerance);
    tcase_add_test(judge, infinities_and_nan_equal_themselves_only);
    tcase_add_test(judge, values_that_cancel_have_a_scale);
    tcase_add_test(judge, values_fit_up_to_the_tolerance);
    tcase_add_test(judge, the_judge_holds_the_tolerance);
    tcase_add_test(judge, cases_are_drawn_from_their_seeds);
    tcase_add_test(judge, tensors_have_their_order);
    tcase_add_test(judge, roots_take_few_evaluations);
    tcase_add_test(judge, jumps_are_narrowed_down);
    tcase_add_test(judge, inputs_stay_the_same);
    tcase_add_test(judge, single_precision_has_its_range);
    tcase_add_test(judge, cases_have_the_usual_tolerances);
    tcase_add_test(judge, verdicts_have_names);
    tcase_add_test(judge, other_verdicts_stay);
    tcase_add_test(judge, the_first_wrong_value_is_shown);
    tcase_add_test(judge, memory_that_is_not_written_is_named);
    tcase_add_test(judge, memory_that_is_added_to_is_named);
    tcase_add_test(judge, inputs_that_are_changed_are_named);
    tcase_add_test(judge, names_are_added_once);
    tcase_add_loop_test(judge, levels_are_found_alone_and_in_pairs, 0, (int)(sizeof named / sizeof named[0]));
    tcase_add_test(judge, ties_are_named_once);
    tcase_add_test(judge, no_answers_have_no_explanation);
    tcase_add_test(judge, a_search_without_memory_fails);
    tcase_add_test(judge, what_no_level_gives_has_no_name);
    tcase_add_test(judge, the_nearest_level_gives_most_values);
    suite_add_tcase(suite, judge);
    TCase *forms = evidence_case("forms of values", "property: grade/rounding, grade/quotient, grade/distribution");
    tcase_add_test(forms, short_decimals_are_counted);
    tcase_add_test(forms, single_precision_is_recognised);
    tcase_add_test(forms, rounding_has_both_signs);
    tcase_add_test(forms, half_a_unit_of_the_last_digit);
    tcase_add_test(forms, digits_of_answers_are_seen);
    tcase_add_test(forms, difference_quotients_are_recognised);
    tcase_add_test(forms, laws_are_held_to_their_variance);
    tcase_add_test(forms, variances_are_held_to_their_quantile);
    tcase_add_test(forms, laws_off_centre_are_told);
    tcase_add_test(forms, laws_are_held_to_their_mean);
    tcase_add_test(forms, laws_are_held_to_their_ends);
    tcase_add_test(forms, constants_are_held_to_float32);
    tcase_add_test(forms, all_distributions_have_words);
    tcase_add_test(forms, wrong_draws_have_their_laws);
    tcase_add_test(forms, wrong_fills_have_their_values);
    suite_add_tcase(suite, forms);
    TCase *points = evidence_case("points", "property: grade/rubric, grade/catalogue; errors: grade/rubric");
    tcase_add_loop_test(points, names_cost_what_the_rubric_says, 0, (int)(sizeof credits / sizeof credits[0]));
    tcase_add_test(points, missing_cases_count_by_the_rubric);
    tcase_add_test(points, cases_have_shares);
    tcase_add_test(points, a_suspicion_takes_points);
    tcase_add_test(points, full_marks_are_all_points);
    tcase_add_loop_test(points, rubrics_are_refused_with_the_place, 0, (int)(sizeof rubrics / sizeof rubrics[0]));
    tcase_add_test(points, digests_tell_rubrics_apart);
    tcase_add_test(points, rubrics_are_asked);
    tcase_add_test(points, conventions_are_accepted);
    tcase_add_test(points, conventions_have_users);
    tcase_add_test(points, one_single_tensor_decides_the_precision);
    suite_add_tcase(suite, points);
    return support_run(suite);
}
