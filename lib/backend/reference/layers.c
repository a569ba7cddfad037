#include "backend/reference/reference.h"

/* C = alpha op(A) op(B) + beta C */
void reference_gemm(assay_gemm_shape s, const double *a, const double *b, double *c)
{
    for (size_t i = 0; i < s.m; i++) {
        for (size_t j = 0; j < s.n; j++) {
            double sum = 0.0;
            for (size_t p = 0; p < s.k; p++) {
                double a_ip = s.trans_a ? a[p * s.m + i] : a[i * s.k + p];
                double b_pj = s.trans_b ? b[j * s.k + p] : b[p * s.n + j];
                sum += a_ip * b_pj;
            }
            double *c_ij = &c[i * s.n + j];
            *c_ij = s.beta == 0.0 ? s.alpha * sum : s.alpha * sum + s.beta * *c_ij;
        }
    }
}

/* z_ro = sum_i x_ri W_oi + b_o, y = f(z). Without z its numbers go to y first. */
void reference_linear_forward(assay_linear_shape shape, assay_activation activation, const double *x,
                              const double *weight, const double *bias, double *z, double *y)
{
    double *sums = z != NULL ? z : y;
    for (size_t r = 0; r < shape.rows; r++) {
        for (size_t o = 0; o < shape.out; o++) {
            double sum = 0.0;
            for (size_t i = 0; i < shape.in; i++) {
                sum += x[r * shape.in + i] * weight[o * shape.in + i];
            }
            sums[r * shape.out + o] = sum + bias[o];
        }
    }
    if (y != NULL) {
        reference_activate(activation, shape.rows * shape.out, sums, y);
    }
}

/* dz_below_ri = f'(z_below_ri) sum_o dz_ro W_oi */
void reference_linear_backward_input(assay_linear_shape shape, assay_activation below, const double *dz,
                                     const double *weight, const double *z_below, const double *y_below,
                                     double *dz_below)
{
    for (size_t r = 0; r < shape.rows; r++) {
        double *row = dz_below + r * shape.in;
        for (size_t i = 0; i < shape.in; i++) {
            row[i] = 0.0;
        }
        for (size_t o = 0; o < shape.out; o++) {
            for (size_t i = 0; i < shape.in; i++) {
                row[i] += dz[r * shape.out + o] * weight[o * shape.in + i];
            }
        }
    }
    reference_differentiate(below, shape.rows * shape.in, z_below, y_below, dz_below, dz_below);
}

/* dW_oi = sum_r dz_ro x_ri, db_o = sum_r dz_ro */
void reference_linear_backward_parameters(assay_linear_shape shape, const double *x, const double *dz, double *dweight,
                                          double *dbias)
{
    for (size_t o = 0; o < shape.out; o++) {
        double *row = dweight + o * shape.in;
        dbias[o] = 0.0;
        for (size_t i = 0; i < shape.in; i++) {
            row[i] = 0.0;
        }
        for (size_t r = 0; r < shape.rows; r++) {
            dbias[o] += dz[r * shape.out + o];
            for (size_t i = 0; i < shape.in; i++) {
                row[i] += dz[r * shape.out + o] * x[r * shape.in + i];
            }
        }
    }
}
