/* Softmax, the cross-entropy of its logarithm averaged over the batch, and the gradient. logits: [rows][classes]. */
#include <math.h>
#include <stdio.h>

#include "grade/components.h"

/* clang-format off */
static const struct {
    const char *name;
    size_t rows;
    size_t classes;
    double offset;   /* added to all logits of the even rows, subtracted from those of the odd rows */
    double outlier;  /* added to one wrong class's logit in each row */
} cases[] = {
    {"ordinary logits", 5, 4, 0.0, 0.0},
    {"one row", 1, 3, 0.0, 0.0},
    {"large logits: e^z overflows", 4, 5, 1000.0, 0.0},
    {"a probability that underflows", 3, 4, 0.0, 1000.0},
    {"more classes than rows", 3, 10, 0.0, 2.0},
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof cases[0] };

static void make_inputs(size_t index, assay_mt19937 *random, grade_case *made, bool labelled)
{
    size_t rows = cases[index].rows;
    size_t classes = cases[index].classes;
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    double *z = assay_grade_tensor2(&made->inputs, "logits", rows, classes);
    assay_grade_normals(random, rows * classes, 1.0, z);
    double *labels = NULL;
    if (labelled) {
        labels = assay_grade_tensor1(&made->inputs, "labels", rows);
        assay_grade_integers(&made->inputs);
    }
    size_t first = assay_grade_index(random, classes);
    for (size_t r = 0; r < rows; r++) {
        size_t label = (first + r) % classes;
        if (labelled) {
            labels[r] = (double)label;
        }
        for (size_t j = 0; j < classes; j++) {
            /* Rounded, because 1000 + z is no longer a float32. */
            z[r * classes + j] = (float)(z[r * classes + j] + (r % 2 == 0 ? 1.0 : -1.0) * cases[index].offset);
        }
        double *wrong = &z[r * classes + (label + 1) % classes];
        *wrong = (float)(*wrong + cases[index].outlier);
    }
    /* Logits near 1000 keep float32's 6e-5 of absolute error until the maximum is subtracted, exactly. */
    made->tolerance[GRADE_F32] = 2e-5;
}

/* What is subtracted before exp: any number gives the same probabilities, until one of them overflows. */
typedef enum { SHIFT_ROW_MAX, SHIFT_NONE, SHIFT_BATCH_MAX, SHIFT_ROW_MEAN } shift_kind;

static double largest(const double *z, size_t count)
{
    double most = z[0];
    for (size_t i = 1; i < count; i++) {
        most = z[i] > most ? z[i] : most;
    }
    return most;
}

static double shift_of(shift_kind kind, const double *z, size_t rows, size_t classes, size_t row)
{
    double sum = 0.0;
    switch (kind) {
    case SHIFT_NONE: return 0.0;
    case SHIFT_BATCH_MAX: return largest(z, rows * classes);
    case SHIFT_ROW_MEAN:
        for (size_t j = 0; j < classes; j++) {
            sum += z[row * classes + j];
        }
        return sum / (double)classes;
    default: return largest(z + row * classes, classes);
    }
}

/* p_j = e^(z_j - shift) / sum_k e^(z_k - shift) */
static void softmax(shift_kind kind, const double *z, size_t rows, size_t classes, double *p)
{
    for (size_t r = 0; r < rows; r++) {
        double shift = shift_of(kind, z, rows, classes, r);
        double sum = 0.0;
        for (size_t j = 0; j < classes; j++) {
            p[r * classes + j] = exp(z[r * classes + j] - shift);
            sum += p[r * classes + j];
        }
        for (size_t j = 0; j < classes; j++) {
            p[r * classes + j] /= sum;
        }
    }
}

/* --- softmax ------------------------------------------------------------------------------------------------------ */

enum { SOFTMAX_NO_MAX = 1, SOFTMAX_BATCH_MAX, SOFTMAX_MEAN, SOFTMAX_AXIS, SOFTMAX_LOG };
/* clang-format off */
static const char *const softmax_mistakes[] = {
    [SOFTMAX_NO_MAX] = "softmax.max_missing",
    [SOFTMAX_BATCH_MAX] = "softmax.max_of_batch",
    [SOFTMAX_MEAN] = "softmax.mean_for_max",
    [SOFTMAX_AXIS] = "softmax.over_batch",
    [SOFTMAX_LOG] = "softmax.logarithm",
};
/* clang-format on */

static void make_softmax(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, false);
    assay_grade_tensor2(&made->outputs, "probabilities", cases[index].rows, cases[index].classes);
}

/* The wrong axis: each class's column is made to sum to 1. */
static void softmax_over_batch(const double *z, size_t rows, size_t classes, double *p)
{
    for (size_t j = 0; j < classes; j++) {
        double most = z[j];
        double sum = 0.0;
        for (size_t r = 0; r < rows; r++) {
            most = z[r * classes + j] > most ? z[r * classes + j] : most;
        }
        for (size_t r = 0; r < rows; r++) {
            p[r * classes + j] = exp(z[r * classes + j] - most);
            sum += p[r * classes + j];
        }
        for (size_t r = 0; r < rows; r++) {
            p[r * classes + j] /= sum;
        }
    }
}

static void log_softmax(const double *z, size_t rows, size_t classes, double *p)
{
    for (size_t r = 0; r < rows; r++) {
        double most = largest(z + r * classes, classes);
        double sum = 0.0;
        for (size_t j = 0; j < classes; j++) {
            sum += exp(z[r * classes + j] - most);
        }
        for (size_t j = 0; j < classes; j++) {
            p[r * classes + j] = z[r * classes + j] - most - log(sum);
        }
    }
}

static void model_softmax(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    const grade_field *z = assay_grade_find(&graded->inputs, "logits");
    double *p = assay_grade_values(outputs, "probabilities");
    shift_kind kind = SHIFT_ROW_MAX;
    switch (mistake) {
    case SOFTMAX_AXIS: softmax_over_batch(z->values, z->shape[0], z->shape[1], p); return;
    case SOFTMAX_LOG: log_softmax(z->values, z->shape[0], z->shape[1], p); return;
    case SOFTMAX_NO_MAX: kind = SHIFT_NONE; break;
    case SOFTMAX_BATCH_MAX: kind = SHIFT_BATCH_MAX; break;
    case SOFTMAX_MEAN: kind = SHIFT_ROW_MEAN; break;
    default: break;
    }
    softmax(kind, z->values, z->shape[0], z->shape[1], p);
}

const grade_component assay_grade_softmax = {
    .name = "softmax",
    .title = "softmax",
    .case_count = CASES,
    .make = make_softmax,
    .model = model_softmax,
    GRADE_MISTAKES(softmax_mistakes),
};

/* --- cross-entropy: mean over r of log sum_j e^z_rj - z_r,label --------------------------------------------------- */

enum {
    LOSS_UNDERFLOW = 1,
    LOSS_NO_MAX,
    LOSS_NO_MAX_SOFTMAX,
    LOSS_SUM,
    LOSS_SIGN,
    LOSS_LOG2,
    LOSS_TWICE,
    LOSS_LABELS,
    LOSS_PROBABILITY,
    LOSS_CLIPPED /* one form for each of the small numbers below */
};

static const double small_numbers[] = {1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30};
enum { SMALL_NUMBERS = sizeof small_numbers / sizeof small_numbers[0] };

#define CLIPPED "cross_entropy.probability_clipped"
/* clang-format off */
static const char *const cross_entropy_mistakes[LOSS_CLIPPED + SMALL_NUMBERS] = {
    [LOSS_UNDERFLOW] = "cross_entropy.log_underflow",
    [LOSS_NO_MAX] = "cross_entropy.max_missing",
    [LOSS_NO_MAX_SOFTMAX] = "cross_entropy.max_missing",
    [LOSS_SUM] = "cross_entropy.summed",
    [LOSS_SIGN] = "cross_entropy.sign",
    [LOSS_LOG2] = "cross_entropy.logarithm_base",
    [LOSS_TWICE] = "cross_entropy.softmax_twice",
    [LOSS_LABELS] = "cross_entropy.labels_from_one",
    [LOSS_PROBABILITY] = "cross_entropy.logarithm_missing",
    CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED, CLIPPED,
};
/* clang-format on */

static void make_cross_entropy(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, true);
    assay_grade_tensor0(&made->outputs, "loss");
}

static double row_loss(const double *z, size_t classes, size_t label, double shift)
{
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += exp(z[j] - shift);
    }
    return log(sum) - (z[label] - shift);
}

/* -log of a probability that was computed first: what the stable form avoids. */
static double row_loss_by_probability(const double *z, size_t classes, size_t label, double shift, double small)
{
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += exp(z[j] - shift);
    }
    double p = exp(z[label] - shift) / sum;
    return -log(p > small ? p : p + small);
}

static double row_loss_softmax_twice(const double *z, size_t classes, size_t label)
{
    double p[16] = {0};
    softmax(SHIFT_ROW_MAX, z, 1, classes, p);
    return row_loss(p, classes, label, 0.0);
}

static double row_loss_with(int mistake, const double *z, size_t classes, size_t label)
{
    double most = largest(z, classes);
    if (mistake >= LOSS_CLIPPED) {
        return row_loss_by_probability(z, classes, label, most, small_numbers[mistake - LOSS_CLIPPED]);
    }
    switch (mistake) {
    case LOSS_UNDERFLOW: return row_loss_by_probability(z, classes, label, most, 0.0);
    case LOSS_NO_MAX: return row_loss(z, classes, label, 0.0);
    case LOSS_NO_MAX_SOFTMAX: return row_loss_by_probability(z, classes, label, 0.0, 0.0);
    case LOSS_SIGN: return -row_loss(z, classes, label, most);
    case LOSS_LOG2: return row_loss(z, classes, label, most) / log(2.0);
    case LOSS_TWICE: return row_loss_softmax_twice(z, classes, label);
    case LOSS_LABELS: return row_loss(z, classes, (label + classes - 1) % classes, most);
    case LOSS_PROBABILITY: return -exp(-row_loss(z, classes, label, most));
    default: return row_loss(z, classes, label, most);
    }
}

static void model_cross_entropy(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    const grade_field *z = assay_grade_find(&graded->inputs, "logits");
    const double *labels = assay_grade_values(&graded->inputs, "labels");
    double sum = 0.0;
    for (size_t r = 0; r < z->shape[0]; r++) {
        sum += row_loss_with(mistake, z->values + r * z->shape[1], z->shape[1], (size_t)labels[r]);
    }
    assay_grade_values(outputs, "loss")[0] = mistake == LOSS_SUM ? sum : sum / (double)z->shape[0];
}

const grade_component assay_grade_cross_entropy = {
    .name = "cross_entropy",
    .title = "softmax cross-entropy",
    .case_count = CASES,
    .make = make_cross_entropy,
    .model = model_cross_entropy,
    GRADE_MISTAKES(cross_entropy_mistakes),
};

/* --- its gradient: (softmax(z) - onehot(label)) / rows ------------------------------------------------------------ */

enum { DLOSS_NOT_AVERAGED = 1, DLOSS_SIGN, DLOSS_ONEHOT, DLOSS_SQUARED, DLOSS_NO_MAX, DLOSS_ELEMENTS, DLOSS_TWICE };
static const char *const gradient_mistakes[] = {
    [DLOSS_NOT_AVERAGED] = "cross_entropy_gradient.not_averaged",
    [DLOSS_SIGN] = "cross_entropy_gradient.sign",
    [DLOSS_ONEHOT] = "cross_entropy_gradient.label_missing",
    [DLOSS_SQUARED] = "cross_entropy_gradient.softmax_derivative_again",
    [DLOSS_NO_MAX] = "cross_entropy_gradient.max_missing",
    [DLOSS_ELEMENTS] = "cross_entropy_gradient.averaged_over_elements",
    [DLOSS_TWICE] = "cross_entropy_gradient.softmax_twice",
};

static void make_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_inputs(index, random, made, true);
    assay_grade_tensor2(&made->outputs, "dlogits", cases[index].rows, cases[index].classes);
}

/* The gradient of cross-entropy on q = softmax(p), p = softmax(z): dz_j = p_j (d_j - sum_k p_k d_k), d = q - onehot. */
static void softmax_twice_gradient(const double *p, size_t classes, size_t label, double *dz)
{
    double d[16] = {0};
    softmax(SHIFT_ROW_MAX, p, 1, classes, d);
    d[label] -= 1.0;
    double inner = 0.0;
    for (size_t j = 0; j < classes; j++) {
        inner += p[j] * d[j];
    }
    for (size_t j = 0; j < classes; j++) {
        dz[j] = p[j] * (d[j] - inner);
    }
}

static void model_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    const grade_field *z = assay_grade_find(&graded->inputs, "logits");
    const double *labels = assay_grade_values(&graded->inputs, "labels");
    size_t rows = z->shape[0];
    size_t classes = z->shape[1];
    double *dz = assay_grade_values(outputs, "dlogits");
    double p[64];
    double divisor = mistake == DLOSS_NOT_AVERAGED ? 1.0
                     : mistake == DLOSS_ELEMENTS   ? (double)(rows * classes)
                                                   : (double)rows;
    softmax(mistake == DLOSS_NO_MAX ? SHIFT_NONE : SHIFT_ROW_MAX, z->values, rows, classes, p);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < classes; j++) {
            double own = p[r * classes + j];
            double onehot = j == (size_t)labels[r] && mistake != DLOSS_ONEHOT ? 1.0 : 0.0;
            double delta = mistake == DLOSS_SIGN ? onehot - own : own - onehot;
            delta *= mistake == DLOSS_SQUARED ? own * (1.0 - own) : 1.0;
            dz[r * classes + j] = delta;
        }
        if (mistake == DLOSS_TWICE) {
            softmax_twice_gradient(p + r * classes, classes, (size_t)labels[r], dz + r * classes);
        }
    }
    for (size_t i = 0; i < rows * classes; i++) {
        dz[i] /= divisor;
    }
}

const grade_component assay_grade_cross_entropy_gradient = {
    .name = "cross_entropy_gradient",
    .title = "softmax cross-entropy, gradient",
    .case_count = CASES,
    .make = make_gradient,
    .model = model_gradient,
    GRADE_MISTAKES(gradient_mistakes),
};
