#include "products.h"

#include <cblas.h>
#include <stdbool.h>

#include <assay/base/alloc.h>
#include "common.h"
#include "widths.h"

enum { MOST_LAYERS = ASSAY_MAX_HIDDEN + 1 };

struct products {
    bench_widths widths;
    float *y[MOST_LAYERS + 1];  /* [rows][width]: images, outputs of the layers */
    float *dy[MOST_LAYERS + 1]; /* the same shapes; NULL for the images */
    float *w[MOST_LAYERS];      /* [out][in] */
    float *dw[MOST_LAYERS];
};

/* Numbers as large as weights and activations are: no denormals, no overflow. */
static float *numbers(size_t count)
{
    float *made = assay_calloc(count, sizeof *made, NULL);
    for (size_t i = 0; made != NULL && i < count; i++) {
        made[i] = bench_random() * 0.1f;
    }
    return made;
}

products *products_create(size_t rows)
{
    products *p = assay_calloc(1, sizeof *p, NULL);
    if (p == NULL) {
        return NULL;
    }
    p->widths = tutorial_widths();
    const size_t layers = p->widths.layers;
    const size_t *widths = p->widths.at;
    bool complete = true;
    for (size_t i = 0; i <= layers && complete; i++) {
        p->y[i] = numbers(rows * widths[i]);
        p->dy[i] = i == 0 ? NULL : numbers(rows * widths[i]);
        complete = p->y[i] != NULL && (i == 0 || p->dy[i] != NULL);
    }
    for (size_t i = 0; i < layers && complete; i++) {
        p->w[i] = numbers(widths[i] * widths[i + 1]);
        p->dw[i] = numbers(widths[i] * widths[i + 1]);
        complete = p->w[i] != NULL && p->dw[i] != NULL;
    }
    if (!complete) {
        products_destroy(p);
        return NULL;
    }
    return p;
}

void products_destroy(products *p)
{
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i <= p->widths.layers; i++) {
        assay_free(p->y[i]);
        assay_free(p->dy[i]);
    }
    for (size_t i = 0; i < p->widths.layers; i++) {
        assay_free(p->w[i]);
        assay_free(p->dw[i]);
    }
    assay_free(p);
}

/* C [m][n] = op(A) op(B) */
static void multiply(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, size_t m, size_t n, size_t k, const float *a,
                     const float *b, float *c)
{
    cblas_sgemm(CblasRowMajor, ta, tb, (blasint)m, (blasint)n, (blasint)k, 1, a, (blasint)(ta == CblasTrans ? m : k), b,
                (blasint)(tb == CblasTrans ? k : n), 0, c, (blasint)n);
}

void products_forward(products *p, size_t rows)
{
    const size_t *widths = p->widths.at;
    for (size_t l = 0; l < p->widths.layers; l++) {
        multiply(CblasNoTrans, CblasTrans, rows, widths[l + 1], widths[l], p->y[l], p->w[l], p->y[l + 1]);
    }
}

void products_step(products *p, size_t rows)
{
    const size_t *widths = p->widths.at;
    products_forward(p, rows);
    for (size_t l = p->widths.layers; l-- > 0;) {
        if (l > 0) {
            multiply(CblasNoTrans, CblasNoTrans, rows, widths[l], widths[l + 1], p->dy[l + 1], p->w[l], p->dy[l]);
        }
        multiply(CblasTrans, CblasNoTrans, widths[l + 1], widths[l], rows, p->dy[l + 1], p->y[l], p->dw[l]);
    }
}
