/*
 * The models of softmax, of the cross-entropy and of its gradient, against formulas that are written here once more:
 * what each mistake computes. Each level of the models has a formula of its mistake, and each formula has a level.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "grade/components.h"
#include "grade_formulas.h"

enum { ROOM = 160 };

/* A case: R rows of C logits, a label for each row (not for softmax), and the number q of a mistake that has one. */
typedef struct {
    size_t rows;
    size_t classes;
    const double *z;
    const double *labels;
    double q;
} sample;

/* Probabilities p, and the logarithms of p and of 1 - p. */
typedef struct {
    double p[ROOM];
    double l[ROOM];
    double l_other[ROOM];
} sheet;

/* --- small functions for the formulas ----------------------------------------------------------------------------- */

static double top(const double *z, size_t count, size_t step)
{
    double most = -HUGE_VAL;
    for (size_t k = 0; k < count; k++) {
        most = fmax(most, z[k * step]);
    }
    return most;
}

/* The largest distance to a number. */
static double reach(const double *z, size_t count, double from)
{
    double most = 0.0;
    for (size_t k = 0; k < count; k++) {
        most = fabs(z[k] - from) > most ? fabs(z[k] - from) : most;
    }
    return most;
}

static double total(const double *z, size_t count, size_t step)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += z[k * step];
    }
    return sum;
}

static double moment(const double *z, size_t count, double about)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += pow(z[k] - about, 2.0);
    }
    return sum;
}

static double average(const double *z, size_t count)
{
    return total(z, count, 1) / (double)count;
}

static double deviation(const double *z, size_t count)
{
    return sqrt(moment(z, count, average(z, count)) / (double)count);
}

/* The sum of e^(z - shift). */
static double exponentials(const double *z, size_t count, double shift)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += exp(z[k] - shift);
    }
    return sum;
}

/* log sum e^z */
static double log_sum(const double *z, size_t count)
{
    return top(z, count, 1) + log(exponentials(z, count, top(z, count, 1)));
}

/* Class j of softmax(factor z). */
static double soft(const double *z, size_t count, size_t j, double factor)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++) {
        sum += exp(factor * (z[k] - z[j]));
    }
    return 1.0 / sum;
}

static double clipped(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double without_nan(double x)
{
    return isnan(x) ? 0.0 : x;
}

static double sigmoid(double z)
{
    return 1.0 / (1.0 + exp(-z));
}

/* How many rows have the label j. */
static double often(const sample *s, size_t j)
{
    double count = 0.0;
    for (size_t r = 0; r < s->rows; r++) {
        count += s->labels[r] == (double)j;
    }
    return count;
}

static size_t best(const double *z, size_t count)
{
    size_t at = count - 1;
    for (size_t k = count; k-- > 0;) {
        at = z[k] >= z[at] ? k : at;
    }
    return at;
}

/* Where element (r, j) of a transposed matrix comes from; only a square one keeps its shape. */
static size_t transposed(const sample *s, size_t r, size_t j)
{
    return s->rows == s->classes ? j * s->classes + r : r * s->classes + j;
}

/* --- softmax and its logarithm ------------------------------------------------------------------------------------ */

/*
 * A probability is e^x / divisor, and its logarithm x - log(divisor). x: the exponent of the numerator; u: the exponent
 * of what is summed; and the divisor, from the matrix E = e^u.
 */
#define ROW_SUM total(E + r * C, C, 1)
#define STABLE (z - top(row, C, 1))
#define SHIFT(F, id, x) F(id, x, x, ROW_SUM)
#define SUM(F, id, divisor) F(id, STABLE, STABLE, divisor)
#define QUOTIENTS(F)                                                                     \
    SHIFT(F, ".max_missing", z)                                                          \
    SHIFT(F, ".max_of_batch", z - top(all, R * C, 1))                                    \
    SHIFT(F, ".mean_for_max", z - average(row, C))                                       \
    SHIFT(F, ".min_for_max", z - (top(row, C, 1) - reach(row, C, top(row, C, 1))))       \
    SHIFT(F, ".max_of_column", z - top(all + j, R, C))                                   \
    SHIFT(F, ".max_of_absolute", z - reach(row, C, 0.0))                                 \
    SHIFT(F, ".max_from_zero", top(row, C, 1) > 0.0 ? z - top(row, C, 1) : z)            \
    SHIFT(F, ".first_for_max", z - row[0])                                               \
    SHIFT(F, ".max_added", z + top(row, C, 1))                                           \
    SHIFT(F, ".max_broadcast", R == C ? z - top(all + j * C, C, 1) : STABLE)             \
    SHIFT(F, ".divided_by_max", z / top(row, C, 1))                                      \
    SHIFT(F, ".last_for_max", z - row[C - 1])                                            \
    SHIFT(F, ".max_not_reset", z - top(all, r * C + C, 1))                               \
    SHIFT(F, ".max_from_first_element", all[0] > top(row, C, 1) ? z - all[0] : STABLE)   \
    SHIFT(F, ".max_without_last", z - top(row, C - 1, 1))                                \
    SHIFT(F, ".standardised", (z - average(row, C)) / deviation(row, C))                 \
    F(".max_in_numerator", STABLE, z, ROW_SUM)                                           \
    F(".max_in_denominator", z, STABLE, ROW_SUM)                                         \
    F(".max_so_far", STABLE, z - top(row, j + 1, 1), ROW_SUM)                            \
    SHIFT(F, ".logits_clipped", clipped(z, -q, q))                                       \
    SHIFT(F, ".logits_clipped", z > q ? q : z)                                           \
    SUM(F, ".epsilon_in_sum", ROW_SUM + q)                                               \
    SUM(F, ".over_batch", total(E + j, R, C))                                            \
    SUM(F, ".over_all", total(E, R *C, 1))                                               \
    SUM(F, ".sum_broadcast", R == C ? total(E + j * C, C, 1) : ROW_SUM)                  \
    SUM(F, ".over_others", ROW_SUM - E[r * C + j])                                       \
    SUM(F, ".not_normalised", 1.0)                                                       \
    SUM(F, ".mean_for_sum", average(E + r * C, C))                                       \
    SUM(F, ".norm_for_sum", sqrt(moment(E + r * C, C, 0.0)))                             \
    SUM(F, ".last_left_out", total(E + r * C, C - 1, 1))                                 \
    SUM(F, ".first_left_out", total(E + r * C + 1, C - 1, 1))                            \
    SUM(F, ".sum_not_reset", total(E, r *C + C, 1))                                      \
    F(".over_batch", z - top(all + j, R, C), z - top(all + j, R, C), total(E + j, R, C)) \
    F(".over_all", z - top(all, R * C, 1), z - top(all, R * C, 1), total(E, R * C, 1))
/* The others have the logarithm of their probability. */
#define PROBABILITIES(F)                                                                                    \
    F(".nan_replaced", without_nan(exp(z) / exponentials(row, C, 0.0)))                                     \
    F(".max_outside", (exp(z) - top(row, C, 1)) / (exponentials(row, C, 0.0) - (double)C * top(row, C, 1))) \
    F(".epsilon_in_sum", (exp(STABLE) + q) / (exponentials(row, C, top(row, C, 1)) + (double)C * q))

/* Each formula is computed only where its number is asked for. */
#define QUOTIENT_ID(id, x, u, divisor) id,
#define PICK_X(id, x, u, divisor) \
    if (number-- == 0) {          \
        return (x);               \
    }
#define PICK_U(id, x, u, divisor) \
    if (number-- == 0) {          \
        return (u);               \
    }
#define PICK_DIVISOR(id, x, u, divisor) \
    if (number-- == 0) {                \
        return (divisor);               \
    }
static const char *const quotient_ids[] = {QUOTIENTS(QUOTIENT_ID)};
static const char *const probability_ids[] = {PROBABILITIES(FORMULA_ID)};

/* What the formulas call z, q, and so on. */
#define NAMES(s, r, j)               \
    const size_t R = (s)->rows;      \
    const size_t C = (s)->classes;   \
    const double q = (s)->q;         \
    const double *all = (s)->z;      \
    const double *row = all + (r)*C; \
    const double z = row[j];         \
    (void)R, (void)q, (void)z

static double numerator_exponent(size_t number, const sample *s, size_t r, size_t j)
{
    NAMES(s, r, j);
    QUOTIENTS(PICK_X)
    return NAN;
}

static double summed_exponent(size_t number, const sample *s, size_t r, size_t j)
{
    NAMES(s, r, j);
    QUOTIENTS(PICK_U)
    return NAN;
}

static double divisor_of(size_t number, const sample *s, const double *E, size_t r, size_t j)
{
    NAMES(s, r, j);
    QUOTIENTS(PICK_DIVISOR)
    return NAN;
}

static double probability(size_t number, const sample *s, size_t r, size_t j)
{
    NAMES(s, r, j);
    PROBABILITIES(FORMULA_PICK)
    return NAN;
}

/* As it should be. */
static sheet softmax_of(const sample *s)
{
    sheet right = {{0.0}, {0.0}, {0.0}};
    for (size_t i = 0; i < s->rows * s->classes; i++) {
        const double *row = s->z + i / s->classes * s->classes;
        double shifted = s->z[i] - top(row, s->classes, 1);
        double sum = exponentials(row, s->classes, top(row, s->classes, 1));
        right.p[i] = exp(shifted) / sum;
        right.l[i] = shifted - log(sum);
        right.l_other[i] = log(1.0 - right.p[i]);
    }
    return right;
}

static sample sample_of(const grade_case *graded, double q)
{
    const grade_field *z = assay_grade_find(&graded->inputs, "logits");
    const grade_field *labels = assay_grade_find(&graded->inputs, "labels");
    ck_assert_uint_le(z->count, ROOM);
    return (sample){z->shape[0], z->shape[1], z->values, labels == NULL ? NULL : labels->values, q};
}

/* The right output of the component for these probabilities. */
static void finish(const sample *s, const grade_case *graded, const sheet *of, const grade_fields *outputs)
{
    bool is_loss = strcmp(graded->component->name, "cross_entropy") == 0;
    double *output = outputs->field[0].values;
    for (size_t i = 0; i < s->rows * s->classes; i++) {
        bool own = s->labels != NULL && s->labels[i / s->classes] == (double)(i % s->classes);
        if (s->labels == NULL) {
            output[i] = of->p[i];
        } else if (!is_loss) {
            output[i] = (of->p[i] - own) / (double)s->rows;
        } else if (own) {
            output[0] -= of->l[i] / (double)s->rows;
        }
    }
}

static void compute_quotients(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet filled;
    double E[ROOM];
    for (size_t i = 0; i < s.rows * s.classes; i++) {
        E[i] = exp(summed_exponent(number, &s, i / s.classes, i % s.classes));
    }
    for (size_t i = 0; i < s.rows * s.classes; i++) {
        double x = numerator_exponent(number, &s, i / s.classes, i % s.classes);
        double divisor = divisor_of(number, &s, E, i / s.classes, i % s.classes);
        filled.p[i] = exp(x) / divisor;
        filled.l[i] = x - log(divisor);
    }
    finish(&s, graded, &filled, outputs);
}

static void compute_probabilities(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet filled;
    for (size_t i = 0; i < s.rows * s.classes; i++) {
        filled.p[i] = probability(number, &s, i / s.classes, i % s.classes);
        filled.l[i] = log(filled.p[i]);
    }
    finish(&s, graded, &filled, outputs);
}

/* A formula of one class of one row, where the softmax is right. */
typedef double element(size_t number, const sample *s, const sheet *of, size_t r, size_t j);

static void compute_elements(element *value, const grade_case *graded, size_t number, double q, double divisor,
                             const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet right = softmax_of(&s);
    for (size_t i = 0; i < s.rows * s.classes; i++) {
        outputs->field[0].values[i] = value(number, &s, &right, i / s.classes, i % s.classes) / divisor;
    }
}

/* --- softmax's own ------------------------------------------------------------------------------------------------ */

/* Of a logit z, its probability p and its logarithm l. */
#define OUTPUTS(F)                                                 \
    F(".logarithm", l)                                             \
    F(".logarithm", log(p))                                        \
    F(".sign", soft(row, C, j, -1.0))                              \
    F(".base", soft(row, C, j, log(q)))                            \
    F(".logits_over_root", soft(row, C, j, 1.0 / sqrt((double)C))) \
    F(".twice", soft(of->p + r * C, C, j, 1.0))                    \
    F(".sigmoid", sigmoid(z))                                      \
    F(".exponential_missing", z / total(row, C, 1))                \
    F(".hard_maximum", z < top(row, C, 1) ? 0.0 : 1.0)             \
    F(".squares", pow(z, 2.0) / moment(row, C, 0.0))               \
    F(".divided_by_root", p / sqrt((double)C))                     \
    F(".clipped", clipped(p, q, 1.0 - q))                          \
    F(".clipped", p > q ? p : q)                                   \
    F(".complement", 1.0 - p)                                      \
    F(".epsilon_in_result", q + p)                                 \
    F(".averaged", p / (double)R)                                  \
    F(".last_class_zero", j < C - 1 ? p : 0.0)                     \
    F("any.shape_transposed", of->p[transposed(s, r, j)])
static const char *const output_ids[] = {OUTPUTS(FORMULA_ID)};

static double output_of(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    NAMES(s, r, j);
    const double p = of->p[r * C + j];
    const double l = of->l[r * C + j];
    OUTPUTS(FORMULA_PICK)
    return NAN;
}

static void compute_outputs(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    compute_elements(output_of, graded, number, q, 1.0, outputs);
}

/* --- labels ------------------------------------------------------------------------------------------------------- */

/* What is taken for the label y. */
#define LABELS(F)                                     \
    F(".labels_from_one", y == 0 ? C - 1 : y - 1)     \
    F(".labels_shifted", y + 1 == C ? 0 : y + 1)      \
    F(".first_class_for_label", 0)                    \
    F(".prediction_for_label", best(s->z + r * C, C)) \
    F(".label_of_first_row", (size_t)s->labels[0])
static const char *const label_ids[] = {LABELS(FORMULA_ID)};

static size_t label_of(size_t number, const sample *s, size_t r)
{
    const size_t C = s->classes;
    const size_t y = (size_t)s->labels[r];
    LABELS(FORMULA_PICK)
    return C;
}

static void compute_labels(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet right = softmax_of(&s);
    double taken[ROOM];
    for (size_t r = 0; r < s.rows; r++) {
        taken[r] = (double)label_of(number, &s, r);
    }
    s.labels = taken;
    finish(&s, graded, &right, outputs);
}

/* --- the loss's own ----------------------------------------------------------------------------------------------- */

/* What is taken for the logarithm of p. */
#define LOGARITHMS(F)                                                   \
    F(".log_underflow", log(p))                                         \
    F(".probability_clipped", log(p > q ? p : q))                       \
    F(".probability_clipped_at_both_ends", log(clipped(p, q, 1.0 - q))) \
    F(".epsilon_in_logarithm", log(q + p))                              \
    F(".zero_skipped", p > 0.0 ? log(p) : 0.0)                          \
    F(".infinity_replaced", p > 0.0 ? log(p) : -DBL_MAX)
static const char *const logarithm_ids[] = {LOGARITHMS(FORMULA_ID)};

static double logarithm_of(size_t number, double p, double q)
{
    LOGARITHMS(FORMULA_PICK)
    return NAN;
}

static sheet with_logarithms(const sample *s, size_t number)
{
    sheet filled = softmax_of(s);
    for (size_t i = 0; i < s->rows * s->classes; i++) {
        filled.l[i] = logarithm_of(number, filled.p[i], s->q);
        filled.l_other[i] = logarithm_of(number, 1.0 - filled.p[i], s->q);
    }
    return filled;
}

static void compute_logarithms(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet filled = with_logarithms(&s, number);
    finish(&s, graded, &filled, outputs);
}

/* A row's loss is the sum of these over its classes; own: the class is the label, and y = 1 instead of 0. */
#define TERMS(F)                                                                      \
    F(".zero_times_infinity", -y *log(p))                                             \
    F(".sign", own ? l : 0.0)                                                         \
    F(".logarithm_base", own ? -l / 0.69314718055994530942 : 0.0)                     \
    F(".logarithm_base", own ? -l / 2.30258509299404568402 : 0.0)                     \
    F(".logarithm_missing", own ? -p : 0.0)                                           \
    F(".logarithm_missing", own ? 1.0 - p : 0.0)                                      \
    F(".binary", own ? -l : -of->l_other[r * C + j])                                  \
    F(".squared_error", pow(p - y, 2.0))                                              \
    F(".entropy", -p *l)                                                              \
    F(".softmax_missing", own ? -z : 0.0)                                             \
    F(".softmax_missing", own ? -log(z) : 0.0)                                        \
    F(".softmax_twice", own ? -log(soft(of->p + r * C, C, j, 1.0)) : 0.0)             \
    F(".sigmoid", own ? -log(sigmoid(z)) : 0.0)                                       \
    F(".sigmoid_of_all", -log(own ? sigmoid(z) : 1.0 - sigmoid(z)))                   \
    F(".sigmoid_of_all", (z > 0.0 ? z : 0.0) - y * z + log(1.0 + exp(-fabs(z))))      \
    F(".label_smoothing", -(y * (1.0 - q) + q / (double)C) * l)                       \
    F(".label_missing", -l)                                                           \
    F(".labels_crossed", often(s, j) > 0.0 ? -l * often(s, j) / (double)R : 0.0)      \
    F(".label_added", own ? log(exponentials(row, C, top(row, C, 1))) + STABLE : 0.0) \
    F(".label_added", own ? log_sum(row, C) + z : 0.0)
static const char *const term_ids[] = {TERMS(FORMULA_ID)};

static double term_of(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    NAMES(s, r, j);
    const double p = of->p[r * C + j];
    const double l = of->l[r * C + j];
    const bool own = s->labels[r] == (double)j;
    const double y = own;
    TERMS(FORMULA_PICK)
    return NAN;
}

static double mean_of_terms(size_t number, const sample *s, const sheet *of)
{
    double sum = 0.0;
    for (size_t i = 0; i < s->rows * s->classes; i++) {
        sum += term_of(number, s, of, i / s->classes, i % s->classes);
    }
    return sum / (double)s->rows;
}

static void compute_terms(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet right = softmax_of(&s);
    outputs->field[0].values[0] = mean_of_terms(number, &s, &right);
}

/* What becomes of the rows' losses, whose sum is `sum`, and of the probabilities of their labels. */
#define REDUCTIONS(F)                                                \
    F(".perplexity", exp(sum / R))                                   \
    F(".summed", sum)                                                \
    F(".averaged_over_elements", sum / C / R)                        \
    F(".divided_by_classes", sum / C)                                \
    F(".averaged_twice", sum / pow(R, 2.0))                          \
    F(".divided_by_one_less", sum / (R - 1.0))                       \
    F(".halved", sum / (2.0 * R))                                    \
    F(".averaged_before_logarithm", log(R) - log(total(p, rows, 1))) \
    F(".logarithm_of_product", -log(product) / R)                    \
    F(".integer_division", (double)(1 / rows) * sum)                 \
    F(".last_row_only", loss[rows - 1])                              \
    F(".first_row_only", loss[0])                                    \
    F(".last_row_only", loss[rows - 1] / R)                          \
    F(".first_row_only", loss[0] / R)                                \
    F(".labels_as_rows", total(swapped, rows, 1) / R)
static const char *const reduction_ids[] = {REDUCTIONS(FORMULA_ID)};

static double reduction_of(size_t number, const sample *s, const sheet *of)
{
    const size_t rows = s->rows;
    const double R = (double)rows;
    const double C = (double)s->classes;
    double loss[ROOM];
    double p[ROOM];
    double swapped[ROOM];
    double product = 1.0;
    for (size_t r = 0; r < rows; r++) {
        size_t y = (size_t)s->labels[r];
        loss[r] = -of->l[r * s->classes + y];
        p[r] = of->p[r * s->classes + y];
        swapped[r] = y < rows && r < s->classes ? -of->l[y * s->classes + r] : (double)NAN;
        product *= p[r];
    }
    const double sum = total(loss, rows, 1);
    REDUCTIONS(FORMULA_PICK)
    return NAN;
}

static void compute_reductions(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    sample s = sample_of(graded, q);
    sheet right = softmax_of(&s);
    outputs->field[0].values[0] = reduction_of(number, &s, &right);
}

/* --- the gradient's own ------------------------------------------------------------------------------------------- */

/* The loss of row r where class j has a logit that is larger by h. */
static double loss_beside(const sample *s, size_t r, size_t j, double h)
{
    double z[ROOM];
    memcpy(z, s->z + r * s->classes, s->classes * sizeof *z);
    z[j] += h;
    return log_sum(z, s->classes) - z[(size_t)s->labels[r]];
}

/* Divided by the number of rows. */
#define AVERAGED(F)                                                                                    \
    F(".sign", y - p)                                                                                  \
    F(".label_missing", p)                                                                             \
    F(".softmax_derivative_again", (p - y) * (p - p * p))                                              \
    F(".probability_missing", -y)                                                                      \
    F(".diagonal_only", own ? p - 1.0 : 0.0)                                                           \
    F(".factor_two", p - y + p - y)                                                                    \
    F(".of_probabilities", own ? -1.0 / p : 0.0)                                                       \
    F(".softmax_missing", z - y)                                                                       \
    F(".sigmoid", sigmoid(z) - y)                                                                      \
    F(".off_diagonal_sign", own ? p - 1.0 : -p)                                                        \
    F(".logarithm_for_probability", l - y)                                                             \
    F(".label_smoothing", p - (y * (1.0 - q) + q / (double)C))                                         \
    F(".loss_returned", own ? -log(p) : 0.0)                                                           \
    F(".loss_returned", -y *log(p))                                                                    \
    F(".labels_crossed", often(s, j) > 0.0 ? p - 1.0 : p)                                              \
    F(".labels_as_rows", often(s, r) > 0.0 ? p - 1.0 : p)                                              \
    F(".labels_as_rows", j < R && s->labels[j] == (double)r ? p - 1.0 : p)                             \
    F(".probability_clipped", (p > q ? p : q) - y)                                                     \
    F(".probability_clipped", clipped(p, q, 1.0 - q) - y)                                              \
    F(".last_row_only", r + 1 < R ? 0.0 : p - y)                                                       \
    F(".first_row_only", r > 0 ? 0.0 : p - y)                                                          \
    F(".rows_averaged", (total(of->p + j, R, C) - often(s, j)) / (double)R)                            \
    F("any.shape_transposed", of->p[transposed(s, r, j)] - (R == C ? s->labels[j] == (double)r : own)) \
    F("any.finite_differences", (loss_beside(s, r, j, q) - loss_beside(s, r, j, 0.0)) / q)             \
    F("any.finite_differences", (loss_beside(s, r, j, q) - loss_beside(s, r, j, -q)) / q / 2.0)
/* As they are. */
#define UNDIVIDED(F)                                        \
    F(".parentheses_missing", p - y / (double)R)            \
    F(".integer_division", p - y * (double)(1 / R))         \
    F(".integer_division", (p - y) * (double)(1 / R))       \
    F(".averaged_over_elements", (p - y) / (double)(C * R)) \
    F(".divided_by_classes", (p - y) / (double)C)           \
    F(".averaged_twice", (p - y) / (double)(R * R))         \
    F(".not_averaged", p - y)
/* dL/dp, which the Jacobian of the softmax p = w multiplies; divided by the number of rows. */
#define BELOW_SOFTMAX(F)                                                          \
    F(".through_reciprocal", p, own ? -1.0 / p : 0.0)                             \
    F(".zero_over_zero", p, -y / p)                                               \
    F(".reciprocal_clipped", p, own ? -1.0 / (p > q ? p : q) : 0.0)               \
    F(".reciprocal_clipped", (p > q ? p : q), own ? -1.0 / (p > q ? p : q) : 0.0) \
    F(".epsilon_in_reciprocal", p, own ? -1.0 / (p + q) : 0.0)                    \
    F(".jacobian_twice", p, p - y)                                                \
    F(".squared_error", p, 2.0 * (p - y))                                         \
    F(".softmax_twice", p, soft(of->p + r * C, C, j, 1.0) - y)                    \
    F(".binary", p, (p - y) / (p * (1.0 - p)))                                    \
    F(".logarithm_missing", p, -y)
#define BELOW_ID(id, w, g) id,
#define PICK_PAIR(id, w, g)      \
    if (number-- == 0) {         \
        return (pair){(w), (g)}; \
    }
static const char *const averaged_ids[] = {AVERAGED(FORMULA_ID)};
static const char *const undivided_ids[] = {UNDIVIDED(FORMULA_ID)};
static const char *const below_ids[] = {BELOW_SOFTMAX(BELOW_ID)};

typedef struct {
    double w;
    double g;
} pair;

#define GRADIENT_NAMES(s, of, r, j)                 \
    NAMES(s, r, j);                                 \
    const double p = (of)->p[(r)*C + (j)];          \
    const double l = (of)->l[(r)*C + (j)];          \
    const bool own = (s)->labels[r] == (double)(j); \
    const double y = own;                           \
    (void)l

static double averaged_of(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    GRADIENT_NAMES(s, of, r, j);
    AVERAGED(FORMULA_PICK)
    return NAN;
}

static double undivided_of(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    GRADIENT_NAMES(s, of, r, j);
    UNDIVIDED(FORMULA_PICK)
    return NAN;
}

static pair below_of(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    GRADIENT_NAMES(s, of, r, j);
    BELOW_SOFTMAX(PICK_PAIR)
    return (pair){NAN, NAN};
}

static void compute_averaged(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    compute_elements(averaged_of, graded, number, q, (double)sample_of(graded, q).rows, outputs);
}

static void compute_undivided(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    compute_elements(undivided_of, graded, number, q, 1.0, outputs);
}

/* dz_j = sum_k g_k dp_k/dz_j, with dp_k/dz_j = p_k (1 - p_k) for k = j, and -p_k p_j else. */
static double through_softmax(size_t number, const sample *s, const sheet *of, size_t r, size_t j)
{
    double own = below_of(number, s, of, r, j).w;
    double sum = 0.0;
    for (size_t k = 0; k < s->classes; k++) {
        pair at = below_of(number, s, of, r, k);
        sum += at.g * at.w * (k == j ? 1.0 - own : -own);
    }
    return sum;
}

static void compute_below(const grade_case *graded, size_t number, double q, const grade_fields *outputs)
{
    compute_elements(through_softmax, graded, number, q, (double)sample_of(graded, q).rows, outputs);
}

/* The sign or a factor of a gradient that is computed in another way. */
static void check_factor(grade_part *part, const char *path, const char *formula, double factor)
{
    grade_choice choice = GRADE_TUTORIAL;
    set_level(part->component, path, &choice);
    set_parameter(part->component, &choice);
    grade_choice scaled = choice;
    set_level(part->component, formula, &scaled);
    for (size_t i = 0; i < part->count; i++) {
        double values[ROOM];
        const grade_field *got = &part->answers[i].outputs.field[0];
        part->component->model(part->cases[i], &choice, &part->answers[i].outputs);
        memcpy(values, got->values, got->count * sizeof *values);
        part->component->model(part->cases[i], &scaled, &part->answers[i].outputs);
        for (size_t k = 0; k < got->count; k++) {
            ck_assert_msg(formula_agrees(got->values[k], factor * values[k], 1.0), "%s and %s: %g, not %g", path,
                          formula, got->values[k], factor * values[k]);
        }
    }
}

/* --- the comparison ----------------------------------------------------------------------------------------------- */

static const formula_family quotients = {FORMULA_IDS(quotient_ids), compute_quotients};
static const formula_family probabilities = {FORMULA_IDS(probability_ids), compute_probabilities};
static const formula_family softmaxes = {FORMULA_IDS(output_ids), compute_outputs};
static const formula_family relabelled = {FORMULA_IDS(label_ids), compute_labels};
static const formula_family logarithms = {FORMULA_IDS(logarithm_ids), compute_logarithms};
static const formula_family terms = {FORMULA_IDS(term_ids), compute_terms};
static const formula_family reductions = {FORMULA_IDS(reduction_ids), compute_reductions};
static const formula_family averaged = {FORMULA_IDS(averaged_ids), compute_averaged};
static const formula_family undivided = {FORMULA_IDS(undivided_ids), compute_undivided};
static const formula_family below = {FORMULA_IDS(below_ids), compute_below};

START_TEST(softmax_levels_are_formulas)
{
    check_formulas("softmax", (const formula_family *[]){&quotients, &probabilities, &softmaxes, NULL}, 50);
}
END_TEST

START_TEST(loss_levels_are_formulas)
{
    const formula_family *families[] = {&quotients, &probabilities, &relabelled, &logarithms,
                                        &terms,     &reductions,    NULL};
    check_formulas("cross_entropy", families, 75);
}
END_TEST

/* Where `id` is in a family; its count if it is not there. */
static size_t number_of(const formula_family *family, const char *id)
{
    size_t n = 0;
    while (n < family->count && strcmp(family->ids[n], id) != 0) {
        n++;
    }
    return n;
}

static void check_pair(grade_part *part, size_t logarithm, const char *id)
{
    grade_choice choice = GRADE_TUTORIAL;
    set_level(part->component, logarithm_ids[logarithm], &choice);
    set_level(part->component, id, &choice);
    set_parameter(part->component, &choice);
    answer(part, &choice);
    for (size_t i = 0; i < part->count; i++) {
        sample s = sample_of(part->cases[i], choice.parameter);
        sheet filled = with_logarithms(&s, logarithm);
        size_t term = number_of(&terms, id);
        double wanted = term < terms.count ? mean_of_terms(term, &s, &filled)
                                           : reduction_of(number_of(&reductions, id), &s, &filled);
        double got = part->answers[i].outputs.field[0].values[0];
        ck_assert_msg(formula_agrees(got, wanted, 1.0), "%s and %s, %s: %g, not %g", logarithm_ids[logarithm], id,
                      part->cases[i]->name, got, wanted);
    }
}

/* What becomes of a wrong logarithm, and of an infinite one, in the formulas that use it. */
START_TEST(formulas_of_wrong_logarithms)
{
    static const char *const ids[] = {
        ".sign",           ".binary",     ".logarithm_base", ".entropy", ".label_smoothing",  ".label_missing",
        ".labels_crossed", ".perplexity", ".summed",         ".halved",  ".integer_division", ".last_row_only",
        ".labels_as_rows"};
    grade_battery *battery = draw("cross_entropy", 9);
    for (size_t n = 0; n < logarithms.count; n++) {
        for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++) {
            check_pair(&battery->parts[0], n, ids[k]);
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(gradients_of_other_paths_have_factors)
{
    static const char *const paths[] = {".through_reciprocal", ".zero_over_zero", ".reciprocal_clipped",
                                        ".epsilon_in_reciprocal", "any.finite_differences"};
    grade_battery *battery = draw("cross_entropy_gradient", 9);
    for (size_t n = 0; n < sizeof paths / sizeof paths[0]; n++) {
        check_factor(&battery->parts[0], paths[n], ".sign", -1.0);
        check_factor(&battery->parts[0], paths[n], ".factor_two", 2.0);
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(gradient_levels_are_formulas)
{
    const formula_family *families[] = {&quotients, &probabilities, &relabelled, &averaged, &undivided, &below, NULL};
    check_formulas("cross_entropy_gradient", families, 75);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade formulas of softmax");
    TCase *formulas = evidence_case("formulas", "property: grade/components");
    tcase_add_test(formulas, softmax_levels_are_formulas);
    tcase_add_test(formulas, loss_levels_are_formulas);
    tcase_add_test(formulas, formulas_of_wrong_logarithms);
    tcase_add_test(formulas, gradients_of_other_paths_have_factors);
    tcase_add_test(formulas, gradient_levels_are_formulas);
    suite_add_tcase(suite, formulas);
    return support_run(suite);
}
