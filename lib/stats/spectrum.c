#include <assay/stats/spectrum.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/stats/inference.h>

static double dot(size_t count, const double *a, const double *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static assay_status multiply_finite(assay_operator multiply, void *user, size_t count, const double *vector,
                                    double *product, assay_error *error)
{
    ASSAY_TRY(multiply(user, count, vector, product, error));
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(product[i])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "element %zu of a product with the matrix is %g", i,
                              product[i]);
        }
    }
    return ASSAY_OK;
}

/* --- the largest eigenvalue --------------------------------------------------------------------------------------- */

/* The tridiagonal matrix of Lanczos: diagonal alpha[0..n), beside it beta[0..n - 1); and room for its eigenvectors. */
typedef struct {
    size_t count;
    size_t steps;
    double *basis; /* [steps + 1][count], orthonormal */
    double *alpha;
    double *beta;
    double *ritz;  /* [steps] */
    double *upper; /* [steps] */
} lanczos;

/* How many eigenvalues of the leading n x n part are below x: Sturm's sequence. */
static size_t below(const lanczos *l, size_t n, double x)
{
    size_t count = 0;
    double pivot = 1.0;
    for (size_t i = 0; i < n; i++) {
        double squared = i > 0 ? l->beta[i - 1] * l->beta[i - 1] : 0.0;
        pivot = l->alpha[i] - x - squared / pivot;
        if (pivot == 0.0) {
            pivot = -1e-300;
        }
        count += pivot < 0.0;
    }
    return count;
}

/* The k-th smallest eigenvalue by bisection, to rounding. */
static double tridiagonal_eigenvalue(const lanczos *l, size_t n, size_t k)
{
    double bound = 0.0;
    for (size_t i = 0; i < n; i++) {
        double row = fabs(l->alpha[i]) + (i > 0 ? l->beta[i - 1] : 0.0) + (i + 1 < n ? l->beta[i] : 0.0);
        bound = row > bound ? row : bound;
    }
    double low = -bound;
    double high = bound;
    double middle = 0.0;
    while (low < middle && middle < high) {
        if (below(l, n, middle) > k) {
            high = middle;
        } else {
            low = middle;
        }
        middle = 0.5 * (low + high);
    }
    return middle;
}

/* Solves (T - shift) u = u in place, T the leading n x n part: Gaussian elimination of a tridiagonal matrix. */
static void solve(lanczos *l, size_t n, double shift, double *u)
{
    for (size_t i = 0; i < n; i++) {
        double pivot = l->alpha[i] - shift;
        if (i > 0) {
            pivot -= l->beta[i - 1] * l->upper[i - 1];
            u[i] -= l->beta[i - 1] * u[i - 1];
        }
        pivot = pivot == 0.0 ? 1e-150 : pivot; /* its reciprocal has a square */
        l->upper[i] = i + 1 < n ? l->beta[i] / pivot : 0.0;
        u[i] /= pivot;
    }
    for (size_t i = n - 1; i-- > 0;) {
        u[i] -= l->upper[i] * u[i + 1];
    }
}

/* The last component of the unit eigenvector for `value`, by inverse iteration; times beta[n - 1] it is the
 * residual. */
static double last_component(lanczos *l, size_t n, double value)
{
    double *u = l->ritz;
    double shift = value * (1.0 + 1e-14); /* beyond the largest in absolute value: T - shift is definite */
    for (size_t i = 0; i < n; i++) {
        u[i] = 1.0;
    }
    for (int round = 0; round < 3; round++) {
        solve(l, n, shift, u);
        double norm = sqrt(dot(n, u, u));
        for (size_t i = 0; i < n; i++) {
            u[i] /= norm;
        }
    }
    return u[n - 1];
}

static double gaussian(assay_mt19937 *generator)
{
    double u = ((double)(assay_mt19937_random64(generator) >> 11) + 0.5) * 0x1p-53;
    return assay_normal_quantile(u);
}

/* w is made orthogonal to all basis vectors, twice, and its length is returned. */
static double orthogonalize(const lanczos *l, size_t vectors, double *w)
{
    for (int round = 0; round < 2; round++) {
        for (size_t k = 0; k < vectors; k++) {
            const double *v = l->basis + k * l->count;
            double part = dot(l->count, v, w);
            for (size_t i = 0; i < l->count; i++) {
                w[i] -= part * v[i];
            }
        }
    }
    return sqrt(dot(l->count, w, w));
}

/* The eigenvalue of the leading n x n part with the largest absolute value. */
static double extreme(const lanczos *l, size_t n)
{
    double smallest = tridiagonal_eigenvalue(l, n, 0);
    double largest = tridiagonal_eigenvalue(l, n, n - 1);
    return fabs(smallest) > fabs(largest) ? smallest : largest;
}

static assay_status iterate(lanczos *l, assay_operator multiply, void *user, double tolerance, assay_mt19937 *generator,
                            double *work, assay_eigenvalue *found, assay_error *error)
{
    for (size_t i = 0; i < l->count; i++) {
        l->basis[i] = gaussian(generator);
    }
    double length = sqrt(dot(l->count, l->basis, l->basis));
    for (size_t i = 0; i < l->count; i++) {
        l->basis[i] /= length;
    }
    for (size_t n = 1; n <= l->steps; n++) {
        const double *v = l->basis + (n - 1) * l->count;
        ASSAY_TRY(multiply_finite(multiply, user, l->count, v, work, error));
        l->alpha[n - 1] = dot(l->count, v, work);
        l->beta[n - 1] = orthogonalize(l, n, work);
        found->value = extreme(l, n);
        found->residual = l->beta[n - 1] > 0.0 ? l->beta[n - 1] * fabs(last_component(l, n, found->value)) : 0.0;
        found->products = n;
        /* A basis of the whole space, or of an invariant part: rounding is all that is left. */
        bool exhausted = n == l->count || l->beta[n - 1] <= 1e-14 * fabs(found->value);
        if (exhausted || found->residual <= tolerance * fabs(found->value)) {
            return ASSAY_OK;
        }
        for (size_t i = 0; i < l->count; i++) {
            l->basis[n * l->count + i] = work[i] / l->beta[n - 1];
        }
    }
    return ASSAY_OK;
}

assay_status assay_largest_eigenvalue(assay_operator multiply, void *user, size_t count, size_t steps, double tolerance,
                                      assay_mt19937 *generator, assay_eigenvalue *found, assay_error *error)
{
    *found = (assay_eigenvalue){0.0, 0.0, 0};
    if (count == 0 || steps == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "an eigenvalue of a matrix of %zu rows, in %zu steps", count,
                          steps);
    }
    steps = steps < count ? steps : count;
    lanczos l = {.count = count, .steps = steps};
    l.basis = assay_calloc((steps + 1) * count, sizeof *l.basis, error);
    l.alpha = assay_calloc(4 * steps, sizeof *l.alpha, error);
    double *work = assay_calloc(count, sizeof *work, error);
    assay_status status = ASSAY_ERROR_MEMORY;
    if (l.basis != NULL && l.alpha != NULL && work != NULL) {
        l.beta = l.alpha + steps;
        l.ritz = l.alpha + 2 * steps;
        l.upper = l.alpha + 3 * steps;
        status = iterate(&l, multiply, user, tolerance, generator, work, found, error);
    }
    assay_free(l.basis);
    assay_free(l.alpha);
    assay_free(work);
    return status;
}

/* --- the trace ---------------------------------------------------------------------------------------------------- */

static void draw_signs(assay_mt19937 *generator, size_t count, double *z)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits = i % 64 == 0 ? assay_mt19937_random64(generator) : bits >> 1;
        z[i] = (bits & 1) != 0 ? 1.0 : -1.0;
    }
}

assay_status assay_estimate_trace(assay_operator multiply, void *user, size_t count, size_t samples,
                                  assay_mt19937 *generator, assay_trace_estimate *estimate, assay_error *error)
{
    *estimate = (assay_trace_estimate){0.0, 0.0};
    if (count == 0 || samples < 2) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the trace of a matrix of %zu rows from %zu samples; at least 2",
                          count, samples);
    }
    double *z = assay_calloc(2 * count, sizeof *z, error);
    if (z == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    double mean = 0.0;
    double squares = 0.0;
    assay_status status = ASSAY_OK;
    for (size_t n = 1; n <= samples && status == ASSAY_OK; n++) {
        draw_signs(generator, count, z);
        status = multiply_finite(multiply, user, count, z, z + count, error);
        double sample = dot(count, z, z + count);
        double step = sample - mean; /* Welford (1962) */
        mean += step / (double)n;
        squares += step * (sample - mean);
    }
    estimate->trace = mean;
    estimate->error = sqrt(squares / (double)(samples - 1) / (double)samples);
    assay_free(z);
    return status;
}
