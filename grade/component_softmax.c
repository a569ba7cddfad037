/*
 * Softmax, the cross-entropy of its logarithm averaged over the batch, and the gradient. logits: [rows][classes].
 *
 * All three begin with probabilities, so they share three axes: what is subtracted from the logits before exp, what is
 * done against overflow in its place, and over which values the sum runs.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"

/* clang-format off */
/* What is added to one logit of each row. */
typedef enum { NOTHING, TO_A_WRONG_CLASS, TO_THE_LABEL, TO_A_WRONG_CLASS_BY_ROW, TO_THE_FIRST,
    TO_THE_LAST } outlier_kind;

static const struct {
    const char *name;
    size_t rows;
    size_t classes;
    double even;     /* added to all logits of the even rows */
    double odd;      /* and of the odd rows */
    outlier_kind to;
    double outlier;
    bool extreme;
} cases[] = {
    {"ordinary logits", 5, 4, 0.0, 0.0, NOTHING, 0.0, false},
    {"one row", 1, 3, 0.0, 0.0, NOTHING, 0.0, false},
    {"two classes", 5, 2, 0.0, 0.0, NOTHING, 0.0, false},
    {"as many rows as classes", 4, 4, 0.0, 0.0, NOTHING, 0.0, false},
    {"more classes than rows", 3, 10, 0.0, 0.0, TO_A_WRONG_CLASS, 2.0, false},
    {"probabilities from small to tiny", 5, 4, 0.0, 0.0, TO_A_WRONG_CLASS_BY_ROW, 15.0, true},
    {"large logits: e^z overflows", 4, 5, 1000.0, -1000.0, NOTHING, 0.0, true},
    {"large logits, the first row small", 4, 3, -1000.0, 1000.0, NOTHING, 0.0, true},
    {"two rows, the first small", 2, 4, -1000.0, 1000.0, NOTHING, 0.0, true},
    {"large positive logits", 3, 5, 900.0, 900.0, NOTHING, 0.0, true},
    {"large negative logits", 3, 5, -900.0, -900.0, NOTHING, 0.0, true},
    {"negative logits that e^z still holds", 3, 4, -450.0, -450.0, NOTHING, 0.0, true},
    {"a probability that underflows", 3, 4, 0.0, 0.0, TO_A_WRONG_CLASS, 1000.0, true},
    {"a probability that underflows, nearer", 4, 4, 0.0, 0.0, TO_A_WRONG_CLASS, 800.0, true},
    {"one row, the first class far ahead", 1, 4, 0.0, 0.0, TO_THE_FIRST, 800.0, true},
    {"one row, the last class far ahead", 1, 4, 0.0, 0.0, TO_THE_LAST, 800.0, true},
    {"the label's probability is 1", 4, 3, 0.0, 0.0, TO_THE_LABEL, 1000.0, true},
    {"a probability that nearly underflows", 3, 5, 0.0, 0.0, TO_A_WRONG_CLASS, 722.0, true}, /* of the loss alone */
};
/* clang-format on */
enum {
    LOSS_CASES = sizeof cases / sizeof cases[0],
    CASES = LOSS_CASES - 1,
    MAX_ROWS = 16,
    MAX_CLASSES = 10,
    MAX_VALUES = MAX_ROWS * MAX_CLASSES
};

static void add_outlier(size_t index, size_t row, size_t label, double *z)
{
    double outlier = cases[index].outlier;
    outlier *= cases[index].to == TO_A_WRONG_CLASS_BY_ROW ? pow(2.0, (double)row) : 1.0;
    if (cases[index].to != NOTHING) {
        size_t class = cases[index].to == TO_THE_FIRST   ? 0
                       : cases[index].to == TO_THE_LAST  ? cases[index].classes - 1
                       : cases[index].to == TO_THE_LABEL ? label
                                                         : (label + 1) % cases[index].classes;
        z[class] = (float)(z[class] + outlier); /* rounded, because 1000 + z is no longer a float32 */
    }
}

static void make_inputs(size_t index, assay_mt19937 *random, grade_case *made, bool labelled)
{
    size_t rows = cases[index].rows;
    size_t classes = cases[index].classes;
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    made->extreme = cases[index].extreme;
    double *z = assay_grade_tensor2(&made->inputs, "logits", rows, classes);
    assay_grade_normals(random, rows * classes, 1.0, z);
    double *labels = NULL;
    if (labelled) {
        labels = assay_grade_tensor1(&made->inputs, "labels", rows);
        assay_grade_integers(&made->inputs);
    }
    size_t first = assay_grade_index(random, classes);
    for (size_t r = 0; r < rows; r++) {
        size_t label = (first + r * r) % classes; /* no permutation where rows and classes are as many */
        if (labelled) {
            labels[r] = (double)label;
        }
        for (size_t j = 0; j < classes; j++) {
            double offset = r % 2 == 0 ? cases[index].even : cases[index].odd;
            z[r * classes + j] = (float)(z[r * classes + j] + offset);
        }
        add_outlier(index, r, label, z + r * classes);
    }
    /* Logits near 1000 keep float32's 6e-5 of absolute error until the maximum is subtracted, exactly. */
    made->tolerance[GRADE_F32] = 2e-5;
}

/* The logits and, for the loss and its gradient, the labels of a case. */
typedef struct {
    size_t rows;
    size_t classes;
    const double *z;
    const double *labels;
} batch;

static batch batch_of(const grade_case *graded)
{
    const grade_field *z = assay_grade_find(&graded->inputs, "logits");
    const grade_field *labels = assay_grade_find(&graded->inputs, "labels");
    return (batch){z->shape[0], z->shape[1], z->values, labels == NULL ? NULL : labels->values};
}

/* --- the axes that all three share -------------------------------------------------------------------------------- */

enum { AXIS_SHIFT, AXIS_GUARD, AXIS_SUM, AXIS_OWN }; /* a component's own axes begin at AXIS_OWN */

/* clang-format off */
/*
 * What is subtracted before exp. Any number that is the same for all classes of a row gives the same probabilities,
 * until one of them overflows or all underflow.
 */
typedef enum {
    SHIFT_ROW_MAX, SHIFT_NONE, SHIFT_BATCH_MAX, SHIFT_ROW_MEAN, SHIFT_ROW_MIN, SHIFT_COLUMN_MAX, SHIFT_ABSOLUTE,
    SHIFT_FROM_ZERO, SHIFT_FIRST, SHIFT_ADDED, SHIFT_BROADCAST, SHIFT_NUMERATOR, SHIFT_DENOMINATOR, SHIFT_DIVIDED,
    SHIFT_LAST, SHIFT_NOT_RESET, SHIFT_FROM_ELEMENT, SHIFT_WITHOUT_LAST, SHIFT_HIDDEN, SHIFT_STANDARD, SHIFT_SO_FAR,
    SHIFT_OUTSIDE
} shift_kind;
#define SHIFT_IDS(component)                                          \
    NULL,                                                             \
    [SHIFT_NONE] = component ".max_missing",                          \
    [SHIFT_BATCH_MAX] = component ".max_of_batch",                    \
    [SHIFT_ROW_MEAN] = component ".mean_for_max",                     \
    [SHIFT_ROW_MIN] = component ".min_for_max",                       \
    [SHIFT_COLUMN_MAX] = component ".max_of_column",                  \
    [SHIFT_ABSOLUTE] = component ".max_of_absolute",                  \
    [SHIFT_FROM_ZERO] = component ".max_from_zero",                   \
    [SHIFT_FIRST] = component ".first_for_max",                       \
    [SHIFT_ADDED] = component ".max_added",                           \
    [SHIFT_BROADCAST] = component ".max_broadcast",                   \
    [SHIFT_NUMERATOR] = component ".max_in_numerator",                \
    [SHIFT_DENOMINATOR] = component ".max_in_denominator",            \
    [SHIFT_DIVIDED] = component ".divided_by_max",                    \
    [SHIFT_LAST] = component ".last_for_max",                         \
    [SHIFT_NOT_RESET] = component ".max_not_reset",                   \
    [SHIFT_FROM_ELEMENT] = component ".max_from_first_element",       \
    [SHIFT_WITHOUT_LAST] = component ".max_without_last",             \
    [SHIFT_HIDDEN] = component ".nan_replaced",                       \
    [SHIFT_STANDARD] = component ".standardised",                     \
    [SHIFT_SO_FAR] = component ".max_so_far",                         \
    [SHIFT_OUTSIDE] = component ".max_outside"

/* What is done to the logits, or to the sum. */
enum { GUARD_CLIPPED = 1, GUARD_EPSILON, GUARD_EPSILON_EACH, GUARD_CLIPPED_ABOVE };
#define GUARD_IDS(component)                              \
    NULL,                                                 \
    [GUARD_CLIPPED] = component ".logits_clipped",        \
    [GUARD_EPSILON] = component ".epsilon_in_sum",        \
    [GUARD_EPSILON_EACH] = component ".epsilon_in_sum",   \
    [GUARD_CLIPPED_ABOVE] = component ".logits_clipped"
/* Beyond 709 a bound is none: e^z overflows all the same. */
static const grade_free guard_free[] = {{GUARD_CLIPPED, 0.5, 709.0},
                                        {GUARD_EPSILON, 1e-9, 1e3},
                                        {GUARD_EPSILON_EACH, 1e-9, 1e3},
                                        {GUARD_CLIPPED_ABOVE, 0.5, 709.0}};

/* What an exponential is divided by. */
enum {
    SUM_COLUMN = 1, SUM_ALL, SUM_BROADCAST, SUM_OTHERS, SUM_MISSING, SUM_COUNT, SUM_NORM, SUM_WITHOUT_LAST,
    SUM_WITHOUT_FIRST, SUM_NOT_RESET,
    SUM_COLUMN_OF_MAX, SUM_ALL_OF_MAX /* over the wrong axis, and so is the maximum */
};
#define SUM_IDS(component)                              \
    NULL,                                               \
    [SUM_COLUMN] = component ".over_batch",             \
    [SUM_ALL] = component ".over_all",                  \
    [SUM_BROADCAST] = component ".sum_broadcast",       \
    [SUM_OTHERS] = component ".over_others",            \
    [SUM_MISSING] = component ".not_normalised",        \
    [SUM_COUNT] = component ".mean_for_sum",            \
    [SUM_NORM] = component ".norm_for_sum",             \
    [SUM_WITHOUT_LAST] = component ".last_left_out",    \
    [SUM_WITHOUT_FIRST] = component ".first_left_out",  \
    [SUM_NOT_RESET] = component ".sum_not_reset",       \
    [SUM_COLUMN_OF_MAX] = component ".over_batch",      \
    [SUM_ALL_OF_MAX] = component ".over_all"
/* clang-format on */

static double largest(const double *z, size_t count, size_t step)
{
    double most = z[0];
    for (size_t i = 1; i < count; i++) {
        most = z[i * step] > most ? z[i * step] : most;
    }
    return most;
}

static double largest_absolute(const double *z, size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs(z[i]));
    }
    return most;
}

static double smallest(const double *z, size_t count)
{
    double least = z[0];
    for (size_t i = 1; i < count; i++) {
        least = z[i] < least ? z[i] : least;
    }
    return least;
}

static double sum_of(const double *values, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum;
}

static double mean(const double *z, size_t count)
{
    return sum_of(z, count) / (double)count;
}

/* What is subtracted from element (row, column). */
static double shift_of(int kind, const batch *b, size_t row, size_t column)
{
    const double *own = b->z + row * b->classes;
    switch (kind) {
    case SHIFT_NONE:
    case SHIFT_OUTSIDE: return 0.0;
    case SHIFT_BATCH_MAX: return largest(b->z, b->rows * b->classes, 1);
    case SHIFT_ROW_MEAN: return mean(own, b->classes);
    case SHIFT_ROW_MIN: return smallest(own, b->classes);
    case SHIFT_COLUMN_MAX: return largest(b->z + column, b->rows, b->classes);
    case SHIFT_ABSOLUTE: return largest_absolute(own, b->classes);
    case SHIFT_FROM_ZERO: return fmax(0.0, largest(own, b->classes, 1));
    case SHIFT_FIRST: return own[0];
    case SHIFT_LAST: return own[b->classes - 1];
    case SHIFT_NOT_RESET: return largest(b->z, (row + 1) * b->classes, 1);
    case SHIFT_FROM_ELEMENT: return fmax(b->z[0], largest(own, b->classes, 1));
    case SHIFT_WITHOUT_LAST: return largest(own, b->classes - 1, 1);
    case SHIFT_HIDDEN: return 0.0;
    case SHIFT_STANDARD: return mean(own, b->classes);
    case SHIFT_ADDED: return -largest(own, b->classes, 1);
    case SHIFT_BROADCAST: /* a vector of row maxima that NumPy lays along the classes: only where both are as many */
        return largest(b->rows == b->classes ? b->z + column * b->classes : own, b->classes, 1);
    default: return largest(own, b->classes, 1);
    }
}

/* The standard deviation of a row. */
static double spread(const double *z, size_t count)
{
    double about = mean(z, count);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (z[i] - about) * (z[i] - about);
    }
    return sqrt(sum / (double)count);
}

/* The kind of shift: where the sum runs over other values, the maximum may do so, too. */
static int shift_kind_of(const grade_choice *choice)
{
    int kind = choice->level[AXIS_SHIFT];
    int sum = choice->level[AXIS_SUM];
    if (kind == SHIFT_DENOMINATOR && sum == SUM_MISSING) {
        return SHIFT_ROW_MAX; /* there is no denominator */
    }
    return kind != SHIFT_ROW_MAX      ? kind
           : sum == SUM_COLUMN_OF_MAX ? SHIFT_COLUMN_MAX
           : sum == SUM_ALL_OF_MAX    ? SHIFT_BATCH_MAX
                                      : SHIFT_ROW_MAX;
}

/* The exponents of the numerators (`shifted`) and of the sum. */
static void shift_logits(const batch *b, const grade_choice *choice, double *shifted, double *of_sum)
{
    int kind = shift_kind_of(choice);
    int guard = choice->level[AXIS_GUARD];
    for (size_t i = 0; i < b->rows * b->classes; i++) {
        double z = b->z[i];
        size_t row = i / b->classes;
        double shift = shift_of(kind, b, row, i % b->classes);
        double scale = kind == SHIFT_STANDARD ? spread(b->z + row * b->classes, b->classes) : 1.0;
        if (guard == GUARD_CLIPPED || guard == GUARD_CLIPPED_ABOVE) {
            double bound = choice->single ? fmin(choice->parameter, 88.0) : choice->parameter;
            z = fmin(z, bound);
            z = guard == GUARD_CLIPPED ? fmax(z, -bound) : z;
            shift = kind == SHIFT_DIVIDED ? shift : 0.0;
        }
        shifted[i] = kind == SHIFT_DENOMINATOR ? z : kind == SHIFT_DIVIDED ? z / shift : (z - shift) / scale;
        of_sum[i] = kind == SHIFT_NUMERATOR ? z
                    : kind == SHIFT_SO_FAR  ? z - largest(b->z + row * b->classes, i % b->classes + 1, 1)
                                            : shifted[i];
        of_sum[i] = kind == SHIFT_DENOMINATOR ? z - shift : of_sum[i];
    }
}

static double row_sum(const double *e, const batch *b, size_t row)
{
    return sum_of(e + row * b->classes, b->classes);
}

/* What the exponential at (row, column) is divided by. */
static double divisor(int kind, const double *e, const batch *b, size_t row, size_t column)
{
    double sum = 0.0;
    switch (kind) {
    case SUM_COLUMN:
    case SUM_COLUMN_OF_MAX:
        for (size_t r = 0; r < b->rows; r++) {
            sum += e[r * b->classes + column];
        }
        return sum;
    case SUM_ALL:
    case SUM_ALL_OF_MAX:
    case SUM_NOT_RESET:
        for (size_t r = 0; r < (kind == SUM_NOT_RESET ? row + 1 : b->rows); r++) {
            sum += row_sum(e, b, r);
        }
        return sum;
    /* A loop that ends too early or begins too late: a difference of sums would lose what is far below the largest. */
    case SUM_WITHOUT_LAST: return sum_of(e + row * b->classes, b->classes - 1);
    case SUM_WITHOUT_FIRST: return sum_of(e + row * b->classes + 1, b->classes - 1);
    case SUM_BROADCAST: return row_sum(e, b, b->rows == b->classes ? column : row);
    case SUM_OTHERS: return row_sum(e, b, row) - e[row * b->classes + column];
    case SUM_MISSING: return 1.0;
    case SUM_COUNT: return row_sum(e, b, row) / (double)b->classes;
    case SUM_NORM:
        for (size_t j = 0; j < b->classes; j++) {
            sum += e[row * b->classes + j] * e[row * b->classes + j];
        }
        return sqrt(sum);
    default: return row_sum(e, b, row);
    }
}

/* What is added to the exponential at (row, column). */
static double beside_exponential(const grade_choice *choice, const batch *b, size_t row)
{
    double above = choice->level[AXIS_GUARD] == GUARD_EPSILON_EACH ? choice->parameter : 0.0;
    return choice->level[AXIS_SHIFT] == SHIFT_OUTSIDE ? above - largest(b->z + row * b->classes, b->classes, 1) : above;
}

/* The probabilities, e^(z - shift) / sum, and their logarithms without the detour, z - shift - log sum. */
typedef struct {
    double p[MAX_VALUES];
    double log[MAX_VALUES];
} softmax_values;

static void softmax_with(const batch *b, const grade_choice *choice, softmax_values *of)
{
    double shifted[MAX_VALUES];
    double of_sum[MAX_VALUES];
    double e[MAX_VALUES];
    double below = choice->level[AXIS_GUARD] == GUARD_EPSILON ? choice->parameter : 0.0;
    shift_logits(b, choice, shifted, of_sum);
    for (size_t i = 0; i < b->rows * b->classes; i++) {
        e[i] = assay_grade_exponential(choice, of_sum[i]) + beside_exponential(choice, b, i / b->classes);
    }
    for (size_t i = 0; i < b->rows * b->classes; i++) {
        double above = beside_exponential(choice, b, i / b->classes);
        double sum = divisor(choice->level[AXIS_SUM], e, b, i / b->classes, i % b->classes) + below;
        of->p[i] = assay_grade_in_range(choice, (assay_grade_exponential(choice, shifted[i]) + above) / sum);
        if (choice->level[AXIS_SHIFT] == SHIFT_HIDDEN && isnan(of->p[i])) {
            of->p[i] = 0.0;
        }
        of->log[i] = above == 0.0 && choice->level[AXIS_SHIFT] != SHIFT_HIDDEN ? shifted[i] - log(sum) : log(of->p[i]);
    }
}

/* --- softmax ------------------------------------------------------------------------------------------------------ */

enum { AXIS_FORMULA = AXIS_OWN, AXIS_OUTPUT };
/* clang-format off */
enum {
    SOFTMAX_LOG = 1, SOFTMAX_LOG_OF, SOFTMAX_MINUS, SOFTMAX_BASE, SOFTMAX_TWICE, SOFTMAX_SIGMOID, SOFTMAX_PLAIN,
    SOFTMAX_HARD, SOFTMAX_SQUARES, SOFTMAX_SCALED, SOFTMAX_OVER_ROOT
};
enum { OUTPUT_CLIPPED = 1, OUTPUT_ONE_MINUS, OUTPUT_CLIPPED_BELOW, OUTPUT_ADDED, OUTPUT_AVERAGED,
    OUTPUT_WITHOUT_LAST,     OUTPUT_TRANSPOSED };
static const char *const softmax_shifts[] = {SHIFT_IDS("softmax")};
static const char *const softmax_guards[] = {GUARD_IDS("softmax")};
static const char *const softmax_sums[] = {SUM_IDS("softmax")};
static const char *const softmax_formulas[] = {
    [SOFTMAX_LOG] = "softmax.logarithm",
    [SOFTMAX_LOG_OF] = "softmax.logarithm",
    [SOFTMAX_MINUS] = "softmax.sign",
    [SOFTMAX_BASE] = "softmax.base",
    [SOFTMAX_SIGMOID] = "softmax.sigmoid",
    [SOFTMAX_TWICE] = "softmax.twice",
    [SOFTMAX_PLAIN] = "softmax.exponential_missing",
    [SOFTMAX_HARD] = "softmax.hard_maximum",
    [SOFTMAX_SQUARES] = "softmax.squares",
    [SOFTMAX_SCALED] = "softmax.logits_over_root",
    [SOFTMAX_OVER_ROOT] = "softmax.divided_by_root",
};
static const char *const softmax_outputs[] = {
    [OUTPUT_CLIPPED] = "softmax.clipped",
    [OUTPUT_ONE_MINUS] = "softmax.complement",
    [OUTPUT_CLIPPED_BELOW] = "softmax.clipped",
    [OUTPUT_ADDED] = "softmax.epsilon_in_result",
    [OUTPUT_AVERAGED] = "softmax.averaged",
    [OUTPUT_WITHOUT_LAST] = "softmax.last_class_zero",
    [OUTPUT_TRANSPOSED] = "any.shape_transposed",
};
static const grade_free softmax_bases[] = {{SOFTMAX_BASE, 1.2, 40.0}};
static const grade_free softmax_clips[] = {
    {OUTPUT_CLIPPED, 1e-8, 0.2}, {OUTPUT_CLIPPED_BELOW, 1e-8, 0.2}, {OUTPUT_ADDED, 1e-10, 0.2}};
static const grade_axis softmax_axes[] = {
    [AXIS_SHIFT] = {GRADE_AXIS("what is subtracted", softmax_shifts), .rare = SHIFT_LAST},
    [AXIS_GUARD] = {GRADE_AXIS("guard", softmax_guards), GRADE_FREE(guard_free),
        .rare = GUARD_EPSILON_EACH, .shares = true},
    [AXIS_SUM] = {GRADE_AXIS("sum", softmax_sums)},
    [AXIS_FORMULA] = {GRADE_AXIS("formula", softmax_formulas), GRADE_FREE(softmax_bases)},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", softmax_outputs), GRADE_FREE(softmax_clips)},
};
/* clang-format on */

static void make_softmax(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, false);
    assay_grade_tensor2(&made->outputs, "probabilities", cases[index].rows, cases[index].classes);
}

/* The logits that take the place of z, for formulas that are a softmax of something else. */
static double softmax_argument(int formula, double z, size_t classes, double parameter)
{
    switch (formula) {
    case SOFTMAX_MINUS: return -z;
    case SOFTMAX_BASE: return z * log(parameter);
    case SOFTMAX_SCALED: return z / sqrt((double)classes);
    default: return z;
    }
}

/* What some code takes for a softmax of one row. */
static void other_formula(int formula, const double *z, size_t classes, double *p)
{
    double most = largest(z, classes, 1);
    double sum = 0.0;
    double squares = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += z[j];
        squares += z[j] * z[j];
    }
    for (size_t j = 0; j < classes; j++) {
        switch (formula) {
        case SOFTMAX_SIGMOID: p[j] = 1.0 / (1.0 + exp(-z[j])); break;
        case SOFTMAX_PLAIN: p[j] = z[j] / sum; break;
        case SOFTMAX_SQUARES: p[j] = z[j] * z[j] / squares; break;
        case SOFTMAX_HARD: p[j] = z[j] == most ? 1.0 : 0.0; break;
        case SOFTMAX_OVER_ROOT: p[j] /= sqrt((double)classes); break;
        default: break;
        }
    }
}

static double softmax_output(int kind, double p, double parameter)
{
    switch (kind) {
    case OUTPUT_CLIPPED: return isnan(p) ? p : fmin(fmax(p, parameter), 1.0 - parameter);
    case OUTPUT_ONE_MINUS: return 1.0 - p;
    case OUTPUT_CLIPPED_BELOW: return p < parameter ? parameter : p;
    case OUTPUT_ADDED: return p + parameter;
    default: return p;
    }
}

/* A transposed output has its own shape (shape.h) but where there are as many rows as classes. */
static void transpose_square(const batch *b, double *values)
{
    for (size_t r = 0; r < b->rows && b->rows == b->classes; r++) {
        for (size_t j = 0; j < r; j++) {
            double kept = values[r * b->classes + j];
            values[r * b->classes + j] = values[j * b->classes + r];
            values[j * b->classes + r] = kept;
        }
    }
}

static void model_softmax(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    batch b = batch_of(graded);
    double *p = assay_grade_values(outputs, "probabilities");
    double argument[MAX_VALUES];
    softmax_values values;
    size_t count = b.rows * b.classes;
    int formula = choice->level[AXIS_FORMULA];
    for (size_t i = 0; i < count; i++) {
        argument[i] = softmax_argument(formula, b.z[i], b.classes, choice->parameter);
    }
    b.z = argument;
    softmax_with(&b, choice, &values);
    if (formula == SOFTMAX_TWICE) {
        memcpy(argument, values.p, count * sizeof *argument);
        softmax_with(&b, choice, &values);
    }
    for (size_t r = 0; r < b.rows; r++) {
        other_formula(formula, b.z + r * b.classes, b.classes, values.p + r * b.classes);
    }
    for (size_t i = 0; i < count; i++) {
        double value = formula == SOFTMAX_LOG      ? values.log[i]
                       : formula == SOFTMAX_LOG_OF ? log(values.p[i])
                                                   : values.p[i];
        int output = choice->level[AXIS_OUTPUT];
        value = output == OUTPUT_AVERAGED                                         ? value / (double)b.rows
                : output == OUTPUT_WITHOUT_LAST && i % b.classes + 1 == b.classes ? 0.0
                                                                                  : value;
        p[i] = softmax_output(output, value, choice->parameter);
    }
    if (choice->level[AXIS_OUTPUT] == OUTPUT_TRANSPOSED) {
        transpose_square(&b, p);
    }
}

const grade_component assay_grade_softmax = {
    .name = "softmax",
    .title = "softmax",
    .case_count = CASES,
    .make = make_softmax,
    .model = model_softmax,
    GRADE_AXES(softmax_axes),
};

/* --- labels, for the loss and its gradient ------------------------------------------------------------------------ */

/* clang-format off */
enum { LABEL_BEFORE = 1, LABEL_AFTER, LABEL_FIRST_CLASS, LABEL_PREDICTION, LABEL_FIRST_ROW };
#define LABEL_IDS(component)                                    \
    NULL,                                                       \
    [LABEL_BEFORE] = component ".labels_from_one",              \
    [LABEL_AFTER] = component ".labels_shifted",                \
    [LABEL_FIRST_CLASS] = component ".first_class_for_label",   \
    [LABEL_PREDICTION] = component ".prediction_for_label",     \
    [LABEL_FIRST_ROW] = component ".label_of_first_row"
/* clang-format on */

static size_t label_of(int kind, const batch *b, size_t row)
{
    size_t label = (size_t)b->labels[row];
    const double *z = b->z + row * b->classes;
    switch (kind) {
    case LABEL_BEFORE: return (label + b->classes - 1) % b->classes;
    case LABEL_AFTER: return (label + 1) % b->classes;
    case LABEL_FIRST_CLASS: return 0;
    case LABEL_FIRST_ROW: return (size_t)b->labels[0];
    case LABEL_PREDICTION:
        label = 0;
        for (size_t j = 1; j < b->classes; j++) {
            label = z[j] > z[label] ? j : label;
        }
        return label;
    default: return label;
    }
}

/* --- cross-entropy: mean over r of log sum_j e^z_rj - z_r,label --------------------------------------------------- */

enum { LOSS_AXIS_PATH = AXIS_OWN, LOSS_AXIS_FORMULA, LOSS_AXIS_LABEL, LOSS_AXIS_REDUCTION, LOSS_AXIS_ROWS };
/* clang-format off */
/* How the logarithm of a probability is computed. */
enum { PATH_LOG = 1, PATH_ONEHOT, PATH_CLIPPED, PATH_CLIPPED_BOTH, PATH_ADDED, PATH_SKIPPED, PATH_LARGEST };
enum {
    LOSS_SIGN = 1, LOSS_BASE, LOSS_PROBABILITY, LOSS_COMPLEMENT, LOSS_BINARY, LOSS_SQUARED, LOSS_ENTROPY, LOSS_LOGIT,
    LOSS_LOG_LOGIT, LOSS_TWICE, LOSS_SIGMOID, LOSS_SIGMOID_BINARY, LOSS_SMOOTHED, LOSS_ALL, LOSS_EXPONENTIAL,
    LOSS_BASE_TEN, LOSS_SIGMOID_STABLE, LOSS_CROSSED, LOSS_LABEL_ADDED, LOSS_LOGIT_ADDED,
    LOSS_SWAPPED
};
enum {
    LOSS_SUM = 1, LOSS_ELEMENTS, LOSS_CLASSES, LOSS_AVERAGED_TWICE, LOSS_LESS_ONE, LOSS_HALF, LOSS_OF_MEAN,
    LOSS_OF_PRODUCT, LOSS_INTEGER
};
enum { LOSS_LAST = 1, LOSS_FIRST, LOSS_LAST_DIVIDED, LOSS_FIRST_DIVIDED };
static const char *const loss_shifts[] = {SHIFT_IDS("cross_entropy")};
static const char *const loss_guards[] = {GUARD_IDS("cross_entropy")};
static const char *const loss_sums[] = {SUM_IDS("cross_entropy")};
static const char *const loss_labels[] = {LABEL_IDS("cross_entropy")};
static const char *const loss_paths[] = {
    [PATH_LOG] = "cross_entropy.log_underflow",
    [PATH_ONEHOT] = "cross_entropy.zero_times_infinity",
    [PATH_CLIPPED] = "cross_entropy.probability_clipped",
    [PATH_CLIPPED_BOTH] = "cross_entropy.probability_clipped_at_both_ends",
    [PATH_ADDED] = "cross_entropy.epsilon_in_logarithm",
    [PATH_SKIPPED] = "cross_entropy.zero_skipped",
    [PATH_LARGEST] = "cross_entropy.infinity_replaced",
};
static const char *const loss_formulas[] = {
    [LOSS_SIGN] = "cross_entropy.sign",
    [LOSS_BASE] = "cross_entropy.logarithm_base",
    [LOSS_PROBABILITY] = "cross_entropy.logarithm_missing",
    [LOSS_COMPLEMENT] = "cross_entropy.logarithm_missing",
    [LOSS_BINARY] = "cross_entropy.binary",
    [LOSS_SQUARED] = "cross_entropy.squared_error",
    [LOSS_ENTROPY] = "cross_entropy.entropy",
    [LOSS_LOGIT] = "cross_entropy.softmax_missing",
    [LOSS_LOG_LOGIT] = "cross_entropy.softmax_missing",
    [LOSS_TWICE] = "cross_entropy.softmax_twice",
    [LOSS_SIGMOID] = "cross_entropy.sigmoid",
    [LOSS_SIGMOID_BINARY] = "cross_entropy.sigmoid_of_all",
    [LOSS_SMOOTHED] = "cross_entropy.label_smoothing",
    [LOSS_ALL] = "cross_entropy.label_missing",
    [LOSS_EXPONENTIAL] = "cross_entropy.perplexity",
    [LOSS_BASE_TEN] = "cross_entropy.logarithm_base",
    [LOSS_SIGMOID_STABLE] = "cross_entropy.sigmoid_of_all",
    [LOSS_CROSSED] = "cross_entropy.labels_crossed",
    [LOSS_LABEL_ADDED] = "cross_entropy.label_added",
    [LOSS_LOGIT_ADDED] = "cross_entropy.label_added",
    [LOSS_SWAPPED] = "cross_entropy.labels_as_rows",
};
static const char *const loss_reductions[] = {
    [LOSS_SUM] = "cross_entropy.summed",
    [LOSS_ELEMENTS] = "cross_entropy.averaged_over_elements",
    [LOSS_CLASSES] = "cross_entropy.divided_by_classes",
    [LOSS_AVERAGED_TWICE] = "cross_entropy.averaged_twice",
    [LOSS_LESS_ONE] = "cross_entropy.divided_by_one_less",
    [LOSS_HALF] = "cross_entropy.halved",
    [LOSS_OF_MEAN] = "cross_entropy.averaged_before_logarithm",
    [LOSS_OF_PRODUCT] = "cross_entropy.logarithm_of_product",
    [LOSS_INTEGER] = "cross_entropy.integer_division",
};
static const char *const loss_rows[] = {
    [LOSS_LAST] = "cross_entropy.last_row_only",
    [LOSS_FIRST] = "cross_entropy.first_row_only",
    [LOSS_LAST_DIVIDED] = "cross_entropy.last_row_only",
    [LOSS_FIRST_DIVIDED] = "cross_entropy.first_row_only",
};
static const grade_free path_free[] = {
    {PATH_CLIPPED, 1e-300, 1e-1}, {PATH_CLIPPED_BOTH, 1.2e-16, 1e-1}, {PATH_ADDED, 1e-300, 1e-1}};
static const grade_free loss_free[] = {{LOSS_SMOOTHED, 1e-3, 0.5}};
static const grade_axis loss_axes[] = {
    [AXIS_SHIFT] = {GRADE_AXIS("what is subtracted", loss_shifts), .rare = SHIFT_LAST},
    [AXIS_GUARD] = {GRADE_AXIS("guard", loss_guards), GRADE_FREE(guard_free),
        .rare = GUARD_EPSILON_EACH, .shares = true},
    [AXIS_SUM] = {GRADE_AXIS("sum", loss_sums)},
    [LOSS_AXIS_PATH] = {GRADE_AXIS("logarithm", loss_paths), GRADE_FREE(path_free),
        .rare = PATH_LARGEST, .shares = true},
    [LOSS_AXIS_FORMULA] = {GRADE_AXIS("formula", loss_formulas), GRADE_FREE(loss_free), .rare = LOSS_CROSSED},
    [LOSS_AXIS_LABEL] = {GRADE_AXIS("label", loss_labels)},
    [LOSS_AXIS_REDUCTION] = {GRADE_AXIS("reduction", loss_reductions)},
    [LOSS_AXIS_ROWS] = {GRADE_AXIS("rows that count", loss_rows)},
};
/* clang-format on */

static void make_cross_entropy(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, true);
    assay_grade_tensor0(&made->outputs, "loss");
}

/* A limit that NaN passes. */
static double limited(double p, double lower, double upper)
{
    return p < lower ? lower : p > upper ? upper : p;
}

static double logarithm(const grade_choice *choice, double p, double direct)
{
    switch (choice->level[LOSS_AXIS_PATH]) {
    case PATH_LOG:
    case PATH_ONEHOT: return log(p);
    case PATH_CLIPPED: return log(limited(p, choice->parameter, HUGE_VAL));
    case PATH_CLIPPED_BOTH: return log(limited(p, choice->parameter, 1.0 - choice->parameter));
    case PATH_ADDED: return log(p + choice->parameter);
    case PATH_SKIPPED: return p <= 0.0 ? 0.0 : log(p);
    case PATH_LARGEST: return p <= 0.0 ? -DBL_MAX : log(p);
    default: return direct;
    }
}

static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/*
 * y log p + (1 - y) log(1 - p). Written as two products, the one that is 0 is NaN where its logarithm is infinite; only
 * a product with the label's own logarithm is told apart by the axis "logarithm".
 */
static double binary_term(const grade_choice *choice, double p, double direct, bool own)
{
    double log_p = logarithm(choice, p, direct);
    double log_other = logarithm(choice, 1.0 - p, log(1.0 - p));
    double none = choice->level[LOSS_AXIS_PATH] == PATH_ONEHOT ? 0.0 * (own ? log_other : log_p) : 0.0;
    return none + (own ? log_p : log_other);
}

/* The sum over the classes that other formulas have: -sum_j y_j a_j, and what they do with the classes of y_j = 0. */
static double row_sum_loss(int formula, const grade_choice *choice, size_t classes, const double *z, const double *p,
                           const double *logs, size_t label)
{
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        bool own = j == label;
        double s = sigmoid(z[j]);
        switch (formula) {
        case LOSS_BINARY: sum -= binary_term(choice, p[j], logs[j], own); break;
        case LOSS_SIGMOID_BINARY: sum -= binary_term(choice, s, log(s), own); break;
        case LOSS_SIGMOID_STABLE: sum += fmax(z[j], 0.0) - (own ? z[j] : 0.0) + log1p(exp(-fabs(z[j]))); break;
        case LOSS_SQUARED: sum += (p[j] - own) * (p[j] - own); break;
        case LOSS_ENTROPY: sum -= p[j] * logs[j]; break;
        case LOSS_ALL: sum -= logs[j]; break;
        default: break;
        }
    }
    return sum;
}

/* The loss of one row from its logits, probabilities and their logarithms. */
static double row_loss(const grade_choice *choice, const batch *b, const double *z, const double *p, const double *logs,
                       size_t label)
{
    int formula = choice->level[LOSS_AXIS_FORMULA];
    double smoothing = choice->parameter;
    double loss = -logs[label];
    for (size_t j = 0; j < b->classes && choice->level[LOSS_AXIS_PATH] == PATH_ONEHOT; j++) {
        loss -= j == label ? 0.0 : 0.0 * logs[j];
    }
    switch (formula) {
    case LOSS_SIGN: return -loss;
    case LOSS_BASE: return loss / log(2.0);
    case LOSS_BASE_TEN: return loss / log(10.0);
    case LOSS_PROBABILITY: return -p[label];
    case LOSS_COMPLEMENT: return 1.0 - p[label];
    case LOSS_LOGIT: return -z[label];
    case LOSS_LOG_LOGIT: return -logarithm(choice, z[label], log(z[label]));
    case LOSS_SIGMOID: return -log(sigmoid(z[label]));
    case LOSS_SMOOTHED:
        return (1.0 - smoothing) * loss +
               smoothing / (double)b->classes * row_sum_loss(LOSS_ALL, choice, b->classes, z, p, logs, label);
    case LOSS_LABEL_ADDED: return loss + 2.0 * (z[label] - largest(z, b->classes, 1));
    case LOSS_LOGIT_ADDED: return loss + 2.0 * z[label];
    case LOSS_BINARY:
    case LOSS_SIGMOID_BINARY:
    case LOSS_SIGMOID_STABLE:
    case LOSS_SQUARED:
    case LOSS_ENTROPY:
    case LOSS_ALL: return row_sum_loss(formula, choice, b->classes, z, p, logs, label);
    default: return loss;
    }
}

/* The mean over all labels of the batch of a row's losses: rows and labels are not paired. */
static double crossed_loss(const grade_choice *choice, const batch *b, size_t at, const softmax_values *values)
{
    double sum = 0.0;
    for (size_t k = 0; k < b->rows; k++) {
        sum += row_loss(choice, b, b->z + at, values->p + at, values->log + at, (size_t)b->labels[k]);
    }
    return sum / (double)b->rows;
}

/* -log of the mean of the labels' probabilities, or of their product, divided by the number of rows. */
static double of_all_rows(const grade_choice *choice, const batch *b, const softmax_values *values)
{
    double sum = 0.0;
    double product = 1.0;
    for (size_t r = 0; r < b->rows; r++) {
        double p = values->p[r * b->classes + label_of(choice->level[LOSS_AXIS_LABEL], b, r)];
        sum += p;
        product *= p;
    }
    double rows = (double)b->rows;
    return choice->level[LOSS_AXIS_REDUCTION] == LOSS_OF_MEAN ? -logarithm(choice, sum / rows, log(sum / rows))
                                                              : -logarithm(choice, product, log(product)) / rows;
}

/* The loss of row r where row and column are exchanged, p[label][r]: only where there is such an element. */
static double swapped_loss(const grade_choice *choice, const batch *b, size_t r, const softmax_values *values)
{
    size_t at = (size_t)b->labels[r] * b->classes;
    return (size_t)b->labels[r] < b->rows && r < b->classes
               ? row_loss(choice, b, b->z + at, values->p + at, values->log + at, r)
               : (double)NAN;
}

static double reduce(int reduction, const double *losses, const batch *b)
{
    double rows = (double)b->rows;
    double classes = (double)b->classes;
    double sum = 0.0;
    for (size_t r = 0; r < b->rows; r++) {
        sum += losses[r];
    }
    switch (reduction) {
    case LOSS_SUM: return sum;
    case LOSS_ELEMENTS: return sum / (rows * classes);
    case LOSS_CLASSES: return sum / classes;
    case LOSS_AVERAGED_TWICE: return sum / (rows * rows);
    case LOSS_LESS_ONE: return sum / (rows - 1.0);
    case LOSS_HALF: return 0.5 * sum / rows;
    case LOSS_INTEGER: return b->rows == 1 ? sum : 0.0 * sum; /* NaN of infinity */
    default: return sum / rows;
    }
}

/* Where only one row counts, it takes the place of all. */
static void choose_rows(int rows, const batch *b, double *losses)
{
    double only = rows == LOSS_LAST || rows == LOSS_LAST_DIVIDED ? losses[b->rows - 1] : losses[0];
    only /= rows == LOSS_LAST_DIVIDED || rows == LOSS_FIRST_DIVIDED ? (double)b->rows : 1.0;
    for (size_t r = 0; r < b->rows && rows != 0; r++) {
        losses[r] = only;
    }
}

static void model_cross_entropy(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    batch b = batch_of(graded);
    int formula = choice->level[LOSS_AXIS_FORMULA];
    softmax_values values;
    double losses[MAX_ROWS];
    softmax_with(&b, choice, &values);
    if (formula == LOSS_TWICE) {
        batch again = {b.rows, b.classes, values.p, b.labels};
        softmax_values twice;
        softmax_with(&again, choice, &twice);
        values = twice;
    }
    for (size_t i = 0; i < b.rows * b.classes; i++) {
        values.log[i] = logarithm(choice, values.p[i], values.log[i]);
    }
    for (size_t r = 0; r < b.rows; r++) {
        size_t at = r * b.classes;
        losses[r] = formula == LOSS_CROSSED   ? crossed_loss(choice, &b, at, &values)
                    : formula == LOSS_SWAPPED ? swapped_loss(choice, &b, r, &values)
                                              : row_loss(choice, &b, b.z + at, values.p + at, values.log + at,
                                                         label_of(choice->level[LOSS_AXIS_LABEL], &b, r));
    }
    choose_rows(choice->level[LOSS_AXIS_ROWS], &b, losses);
    int reduction = choice->level[LOSS_AXIS_REDUCTION];
    double loss = reduction == LOSS_OF_MEAN || reduction == LOSS_OF_PRODUCT ? of_all_rows(choice, &b, &values)
                                                                            : reduce(reduction, losses, &b);
    assay_grade_values(outputs, "loss")[0] = formula == LOSS_EXPONENTIAL ? exp(loss) : loss;
}

const grade_component assay_grade_cross_entropy = {
    .name = "cross_entropy",
    .title = "softmax cross-entropy",
    .case_count = LOSS_CASES,
    .make = make_cross_entropy,
    .model = model_cross_entropy,
    GRADE_AXES(loss_axes),
};

/* --- its gradient: (softmax(z) - onehot(label)) / rows ------------------------------------------------------------ */

enum {
    DLOSS_AXIS_PATH = AXIS_OWN,
    DLOSS_AXIS_FORMULA,
    DLOSS_AXIS_LABEL,
    DLOSS_AXIS_REDUCTION,
    DLOSS_AXIS_ROWS,
    DLOSS_AXIS_CONVENTION
};
/* clang-format off */
/* The gradient by way of dL/dp = -y/p and the softmax's Jacobian. */
enum {
    DPATH_LABEL = 1, DPATH_ALL, DPATH_CLIPPED, DPATH_ADDED, DPATH_PROBABILITY_CLIPPED,
    DPATH_DIFFERENCE_CLIPPED, DPATH_DIFFERENCE_CLIPPED_BOTH, /* p - y with a clipped p */
    DPATH_FORWARD, DPATH_CENTRAL                             /* finite differences of the loss */
};
enum {
    DLOSS_SIGN = 1, DLOSS_ONEHOT, DLOSS_SQUARED, DLOSS_PROBABILITY, DLOSS_DIAGONAL, DLOSS_TWO, DLOSS_JACOBIAN,
    DLOSS_MSE,
    DLOSS_TWICE, DLOSS_OF_P, DLOSS_LOGITS, DLOSS_SIGMOID, DLOSS_OFF_DIAGONAL, DLOSS_BINARY, DLOSS_CROSSED,
    DLOSS_OF_LABEL, DLOSS_LOG_P, DLOSS_SMOOTHED, DLOSS_WHOLE_ROWS, DLOSS_SWAPPED, DLOSS_LOSS, DLOSS_LOSS_ONEHOT,
    DLOSS_ONE_DIVIDED, DLOSS_ONE_DIVIDED_INTEGER
};
enum { DROWS_LAST = 1, DROWS_FIRST, DROWS_MEAN, DROWS_TRANSPOSED };
enum { DLOSS_ELEMENTS = 1, DLOSS_CLASSES, DLOSS_AVERAGED_TWICE, DLOSS_INTEGER };
static const char *const dloss_shifts[] = {SHIFT_IDS("cross_entropy_gradient")};
static const char *const dloss_guards[] = {GUARD_IDS("cross_entropy_gradient")};
static const char *const dloss_sums[] = {SUM_IDS("cross_entropy_gradient")};
static const char *const dloss_labels[] = {LABEL_IDS("cross_entropy_gradient")};
static const char *const dloss_paths[] = {
    [DPATH_LABEL] = "cross_entropy_gradient.through_reciprocal",
    [DPATH_ALL] = "cross_entropy_gradient.zero_over_zero",
    [DPATH_CLIPPED] = "cross_entropy_gradient.reciprocal_clipped",
    [DPATH_ADDED] = "cross_entropy_gradient.epsilon_in_reciprocal",
    [DPATH_PROBABILITY_CLIPPED] = "cross_entropy_gradient.reciprocal_clipped",
    [DPATH_DIFFERENCE_CLIPPED] = "cross_entropy_gradient.probability_clipped",
    [DPATH_DIFFERENCE_CLIPPED_BOTH] = "cross_entropy_gradient.probability_clipped",
    [DPATH_FORWARD] = "any.finite_differences",
    [DPATH_CENTRAL] = "any.finite_differences",
};
static const char *const dloss_formulas[] = {
    [DLOSS_SIGN] = "cross_entropy_gradient.sign",
    [DLOSS_ONEHOT] = "cross_entropy_gradient.label_missing",
    [DLOSS_SQUARED] = "cross_entropy_gradient.softmax_derivative_again",
    [DLOSS_PROBABILITY] = "cross_entropy_gradient.probability_missing",
    [DLOSS_DIAGONAL] = "cross_entropy_gradient.diagonal_only",
    [DLOSS_TWO] = "cross_entropy_gradient.factor_two",
    [DLOSS_JACOBIAN] = "cross_entropy_gradient.jacobian_twice",
    [DLOSS_MSE] = "cross_entropy_gradient.squared_error",
    [DLOSS_TWICE] = "cross_entropy_gradient.softmax_twice",
    [DLOSS_OF_P] = "cross_entropy_gradient.of_probabilities",
    [DLOSS_LOGITS] = "cross_entropy_gradient.softmax_missing",
    [DLOSS_SIGMOID] = "cross_entropy_gradient.sigmoid",
    [DLOSS_OFF_DIAGONAL] = "cross_entropy_gradient.off_diagonal_sign",
    [DLOSS_BINARY] = "cross_entropy_gradient.binary",
    [DLOSS_CROSSED] = "cross_entropy_gradient.labels_crossed",
    [DLOSS_OF_LABEL] = "cross_entropy_gradient.logarithm_missing",
    [DLOSS_LOG_P] = "cross_entropy_gradient.logarithm_for_probability",
    [DLOSS_SMOOTHED] = "cross_entropy_gradient.label_smoothing",
    [DLOSS_WHOLE_ROWS] = "cross_entropy_gradient.labels_as_rows",
    [DLOSS_SWAPPED] = "cross_entropy_gradient.labels_as_rows",
    [DLOSS_LOSS] = "cross_entropy_gradient.loss_returned",
    [DLOSS_LOSS_ONEHOT] = "cross_entropy_gradient.loss_returned",
    [DLOSS_ONE_DIVIDED] = "cross_entropy_gradient.parentheses_missing",
    [DLOSS_ONE_DIVIDED_INTEGER] = "cross_entropy_gradient.integer_division",
};
static const char *const dloss_rows[] = {
    [DROWS_LAST] = "cross_entropy_gradient.last_row_only",
    [DROWS_FIRST] = "cross_entropy_gradient.first_row_only",
    [DROWS_MEAN] = "cross_entropy_gradient.rows_averaged",
    [DROWS_TRANSPOSED] = "any.shape_transposed",
};
static const char *const dloss_reductions[] = {
    [DLOSS_ELEMENTS] = "cross_entropy_gradient.averaged_over_elements",
    [DLOSS_CLASSES] = "cross_entropy_gradient.divided_by_classes",
    [DLOSS_AVERAGED_TWICE] = "cross_entropy_gradient.averaged_twice",
    [DLOSS_INTEGER] = "cross_entropy_gradient.integer_division",
};
static const char *const dloss_conventions[] = {NULL, "cross_entropy_gradient.not_averaged"};
static const grade_free dpath_free[] = {{DPATH_CLIPPED, 1e-300, 1e-1}, {DPATH_ADDED, 1e-300, 1e-1},
                                        {DPATH_PROBABILITY_CLIPPED, 1e-300, 1e-1},
                                        {DPATH_DIFFERENCE_CLIPPED, 1e-13, 1e-1},
                                        {DPATH_DIFFERENCE_CLIPPED_BOTH, 1e-13, 1e-1},
                                        {DPATH_FORWARD, 1e-7, 1.0},
                                        {DPATH_CENTRAL, 1e-4, 40.0}};
static const grade_free dloss_free[] = {{DLOSS_SMOOTHED, 1e-3, 0.5}};
static const grade_axis dloss_axes[] = {
    [AXIS_SHIFT] = {GRADE_AXIS("what is subtracted", dloss_shifts), .rare = SHIFT_LAST},
    [AXIS_GUARD] = {GRADE_AXIS("guard", dloss_guards), GRADE_FREE(guard_free),
        .rare = GUARD_EPSILON_EACH, .shares = true},
    [AXIS_SUM] = {GRADE_AXIS("sum", dloss_sums)},
    [DLOSS_AXIS_PATH] = {GRADE_AXIS("reciprocal", dloss_paths), GRADE_FREE(dpath_free), .shares = true},
    [DLOSS_AXIS_FORMULA] = {GRADE_AXIS("formula", dloss_formulas), GRADE_FREE(dloss_free), .rare = DLOSS_OF_LABEL},
    [DLOSS_AXIS_LABEL] = {GRADE_AXIS("label", dloss_labels)},
    [DLOSS_AXIS_REDUCTION] = {GRADE_AXIS("reduction", dloss_reductions)},
    [DLOSS_AXIS_ROWS] = {GRADE_AXIS("rows that count", dloss_rows)},
    [DLOSS_AXIS_CONVENTION] = {GRADE_AXIS("where the batch is averaged", dloss_conventions), .convention = true},
};
/* clang-format on */

static void make_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, true);
    assay_grade_tensor2(&made->outputs, "dlogits", cases[index].rows, cases[index].classes);
}

/* dz_j = p_j (g_j - sum_k g_k p_k): the softmax's Jacobian times g. */
static void through_softmax(const double *p, const double *g, size_t classes, double *dz)
{
    double inner = 0.0;
    for (size_t k = 0; k < classes; k++) {
        inner += g[k] * p[k];
    }
    for (size_t j = 0; j < classes; j++) {
        dz[j] = p[j] * (g[j] - inner);
    }
}

/* dL/dp of a row, as the code computes it. */
static void reciprocals(const grade_choice *choice, const double *p, size_t classes, size_t label, double *g)
{
    int path = choice->level[DLOSS_AXIS_PATH];
    for (size_t j = 0; j < classes; j++) {
        double below = path == DPATH_CLIPPED || path == DPATH_PROBABILITY_CLIPPED
                           ? limited(p[j], choice->parameter, HUGE_VAL)
                       : path == DPATH_ADDED ? p[j] + choice->parameter
                                             : p[j];
        g[j] = j == label ? -1.0 / below : path == DPATH_ALL ? -0.0 / below : 0.0;
    }
}

/* The gradient of a row by way of dL/dp, with the softmax's Jacobian or with what the code has in its place. */
static void row_by_reciprocal(const grade_choice *choice, const double *probabilities, size_t classes, size_t label,
                              double *dz)
{
    double g[MAX_CLASSES];
    double p[MAX_CLASSES];
    bool clipped = choice->level[DLOSS_AXIS_PATH] == DPATH_PROBABILITY_CLIPPED;
    reciprocals(choice, probabilities, classes, label, g);
    for (size_t j = 0; j < classes; j++) {
        p[j] = clipped ? limited(probabilities[j], choice->parameter, HUGE_VAL) : probabilities[j];
    }
    switch (choice->level[DLOSS_AXIS_FORMULA]) {
    case DLOSS_OF_P: memcpy(dz, g, classes * sizeof *dz); break;
    case DLOSS_DIAGONAL:
        for (size_t j = 0; j < classes; j++) {
            dz[j] = g[j] * p[j] * (1.0 - p[j]);
        }
        break;
    case DLOSS_OFF_DIAGONAL:
        for (size_t j = 0; j < classes; j++) {
            dz[j] = g[label] * p[label] * (j == label ? 1.0 - p[j] : p[j]);
        }
        break;
    default: through_softmax(p, g, classes, dz); break;
    }
}

/* The difference quotients of a row's loss. */
static void row_by_differences(const grade_choice *choice, const double *z, size_t classes, size_t label, double *dz)
{
    double step = choice->parameter;
    double shifted[MAX_CLASSES];
    double losses[2];
    bool central = choice->level[DLOSS_AXIS_PATH] == DPATH_CENTRAL;
    memcpy(shifted, z, classes * sizeof *z);
    for (size_t j = 0; j < classes; j++) {
        for (int side = 0; side < 2; side++) {
            shifted[j] = side == 1 ? z[j] + step : central ? z[j] - step : z[j];
            double most = largest(shifted, classes, 1);
            double sum = 0.0;
            for (size_t k = 0; k < classes; k++) {
                sum += exp(shifted[k] - most);
            }
            losses[side] = most + log(sum) - shifted[label];
        }
        shifted[j] = z[j];
        dz[j] = (losses[1] - losses[0]) / (central ? 2.0 * step : step);
    }
}

/* p - y of the second softmax, through the first. */
static void row_softmax_twice(const double *p, size_t classes, size_t label, double *dz)
{
    batch row = {1, classes, p, NULL};
    softmax_values second;
    softmax_with(&row, &GRADE_TUTORIAL, &second);
    second.p[label] -= 1.0;
    through_softmax(p, second.p, classes, dz);
}

/* One class of a row; `log_p`: the logarithm of p, computed without it. */
static double element_gradient(const grade_choice *choice, const batch *b, double z, double p, double log_p, bool own)
{
    double y = own ? 1.0 : 0.0;
    switch (choice->level[DLOSS_AXIS_FORMULA]) {
    case DLOSS_LOG_P: return log_p - y;
    case DLOSS_SMOOTHED: return p - (1.0 - choice->parameter) * y - choice->parameter / (double)b->classes;
    case DLOSS_LOSS: return own ? -log(p) : 0.0;
    case DLOSS_LOSS_ONEHOT: return -y * log(p);
    case DLOSS_ONE_DIVIDED: return (p - y / (double)b->rows) * (double)b->rows; /* divided again at the end */
    case DLOSS_ONE_DIVIDED_INTEGER: return (p - (b->rows == 1 ? y : 0.0)) * (double)b->rows;
    case DLOSS_SIGN: return y - p;
    case DLOSS_ONEHOT: return p;
    case DLOSS_SQUARED: return (p - y) * p * (1.0 - p);
    case DLOSS_PROBABILITY: return -y;
    case DLOSS_DIAGONAL: return own ? p - 1.0 : 0.0;
    case DLOSS_TWO: return 2.0 * (p - y);
    case DLOSS_OF_P: return own ? -1.0 / p : 0.0;
    case DLOSS_LOGITS: return z - y;
    case DLOSS_SIGMOID: return 1.0 / (1.0 + exp(-z)) - y;
    case DLOSS_OFF_DIAGONAL: return own ? p - 1.0 : -p;
    case DLOSS_BINARY: return (p - y) / (p * (1.0 - p));
    default: return p - y;
    }
}

/* The gradient of row r, whose label is `label`. */
static void row_gradient(const grade_choice *choice, const batch *b, size_t r, const softmax_values *values,
                         size_t label, double *dz)
{
    double delta[MAX_CLASSES];
    double p[MAX_CLASSES];
    size_t classes = b->classes;
    const double *z = b->z + r * classes;
    const double *probabilities = values->p + r * classes;
    int formula = choice->level[DLOSS_AXIS_FORMULA];
    int path = choice->level[DLOSS_AXIS_PATH];
    bool both = path == DPATH_DIFFERENCE_CLIPPED_BOTH;
    for (size_t j = 0; j < classes; j++) {
        p[j] = both || path == DPATH_DIFFERENCE_CLIPPED
                   ? limited(probabilities[j], choice->parameter, both ? 1.0 - choice->parameter : HUGE_VAL)
                   : probabilities[j];
        dz[j] = element_gradient(choice, b, z[j], p[j], values->log[r * classes + j], j == label);
        delta[j] = formula == DLOSS_BINARY     ? dz[j]
                   : formula == DLOSS_OF_LABEL ? -(double)(j == label)
                                               : (p[j] - (j == label)) * (formula == DLOSS_MSE ? 2.0 : 1.0);
    }
    if (formula == DLOSS_TWICE) {
        row_softmax_twice(p, classes, label, dz);
    } else if (formula == DLOSS_JACOBIAN || formula == DLOSS_MSE || formula == DLOSS_BINARY ||
               formula == DLOSS_OF_LABEL) {
        through_softmax(p, delta, classes, dz);
    } else if (path != 0 && path < DPATH_DIFFERENCE_CLIPPED) {
        row_by_reciprocal(choice, p, classes, label, dz);
    } else if (path == DPATH_FORWARD || path == DPATH_CENTRAL) {
        row_by_differences(choice, z, classes, label, dz);
    }
    bool scaled = path != 0 && path != DPATH_DIFFERENCE_CLIPPED && !both;
    double factor = !scaled ? 1.0 : formula == DLOSS_SIGN ? -1.0 : formula == DLOSS_TWO ? 2.0 : 1.0;
    for (size_t j = 0; j < classes; j++) {
        dz[j] *= factor;
    }
}

static double gradient_divisor(const grade_choice *choice, const batch *b)
{
    double rows = (double)b->rows;
    double classes = (double)b->classes;
    double averaged = choice->level[DLOSS_AXIS_CONVENTION] == 0 ? rows : 1.0;
    switch (choice->level[DLOSS_AXIS_REDUCTION]) {
    case DLOSS_ELEMENTS: return averaged * classes;
    case DLOSS_CLASSES: return classes;
    case DLOSS_AVERAGED_TWICE: return averaged * rows;
    case DLOSS_INTEGER: return b->rows == 1 ? 1.0 : HUGE_VAL;
    default: return averaged;
    }
}

/*
 * What NumPy makes of labels in a wrong place, each once: p[:, labels] -= 1 takes every label of the batch in every
 * row, p[labels] -= 1 whole rows, and p[labels, rows] -= 1 exchanges rows and columns.
 */
static void subtract_other_labels(int formula, const batch *b, const double *p, double *dz)
{
    bool present[MAX_VALUES] = {false};
    for (size_t r = 0; r < b->rows; r++) {
        size_t label = (size_t)b->labels[r];
        for (size_t i = 0; i < b->rows * b->classes; i++) {
            size_t row = i / b->classes;
            size_t column = i % b->classes;
            present[i] = present[i] || (formula == DLOSS_CROSSED      ? column == label
                                        : formula == DLOSS_WHOLE_ROWS ? row == label
                                                                      : row == label && column == r);
        }
    }
    for (size_t i = 0; i < b->rows * b->classes; i++) {
        dz[i] = p[i] - present[i];
    }
}

/* One row counts and the others stay 0, or all rows get the mean. */
static void choose_gradient_rows(int kind, const batch *b, double *dz)
{
    for (size_t r = 0; r < b->rows && (kind == DROWS_LAST || kind == DROWS_FIRST); r++) {
        for (size_t j = 0; j < b->classes && r != (kind == DROWS_LAST ? b->rows - 1 : 0); j++) {
            dz[r * b->classes + j] = 0.0;
        }
    }
    for (size_t j = 0; j < b->classes && kind == DROWS_MEAN; j++) {
        double sum = 0.0;
        for (size_t r = 0; r < b->rows; r++) {
            sum += dz[r * b->classes + j];
        }
        for (size_t r = 0; r < b->rows; r++) {
            dz[r * b->classes + j] = sum / (double)b->rows;
        }
    }
}

static void model_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    batch b = batch_of(graded);
    softmax_values values;
    double *dz = assay_grade_values(outputs, "dlogits");
    double divided_by = gradient_divisor(choice, &b);
    softmax_with(&b, choice, &values);
    for (size_t r = 0; r < b.rows; r++) {
        row_gradient(choice, &b, r, &values, label_of(choice->level[DLOSS_AXIS_LABEL], &b, r), dz + r * b.classes);
    }
    int formula = choice->level[DLOSS_AXIS_FORMULA];
    if (formula == DLOSS_CROSSED || formula == DLOSS_WHOLE_ROWS || formula == DLOSS_SWAPPED) {
        subtract_other_labels(formula, &b, values.p, dz);
    }
    choose_gradient_rows(choice->level[DLOSS_AXIS_ROWS], &b, dz);
    if (choice->level[DLOSS_AXIS_ROWS] == DROWS_TRANSPOSED) {
        transpose_square(&b, dz);
    }
    for (size_t i = 0; i < b.rows * b.classes; i++) {
        dz[i] /= divided_by;
    }
}

const grade_component assay_grade_cross_entropy_gradient = {
    .name = "cross_entropy_gradient",
    .title = "softmax cross-entropy, gradient",
    .case_count = CASES,
    .make = make_gradient,
    .model = model_gradient,
    GRADE_AXES(dloss_axes),
};
