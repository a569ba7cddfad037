/*
 * What a student's shared object may export for `assay grade FILE.so`: any subset of these functions, with C linkage.
 *
 *     cc -shared -fPIC -O2 -o submission.so submission.c -lm
 *
 * Everything is double, dense and row-major. A linear layer's weight is [out][in], as in PyTorch. Inputs are const and
 * must not be written to. Outputs hold arbitrary numbers when a function is called; input and output never overlap.
 * Sizes are at least 1. Nothing is returned through errno, and no function may keep a pointer after it returns (the
 * optimizers keep their own state instead).
 *
 * This interface is stable: functions may be added, none is changed. STUDENT_INTERFACE counts the additions.
 */
#ifndef ASSAY_STUDENT_H
#define ASSAY_STUDENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STUDENT_INTERFACE 2

/* 64 (also where this is not exported) or 32: computed in float, and judged with float's tolerance. */
int student_precision(void);

/* Call it in a function that you have not written yet: the report then says "not implemented". It does not return. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void student_not_implemented(const char *formula);

/* --- linear layer: y = x W^T + b ---------------------------------------------------------------------------------- */

/* x [rows][in], weight [out][in], bias [out], y [rows][out] */
void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y);

/* dy [rows][out] is the loss's gradient with respect to y; dx [rows][in], dweight [out][in], dbias [out] */
void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias);

/* --- activations, element by element: y = f(x); dx = dy f'(x) ----------------------------------------------------- */

void student_identity(size_t count, const double *x, double *y);
void student_identity_gradient(size_t count, const double *x, const double *dy, double *dx);
void student_tanh(size_t count, const double *x, double *y);
void student_tanh_gradient(size_t count, const double *x, const double *dy, double *dx);
void student_relu(size_t count, const double *x, double *y);
void student_relu_gradient(size_t count, const double *x, const double *dy, double *dx); /* f'(0) = 0 */
void student_sigmoid(size_t count, const double *x, double *y);
void student_sigmoid_gradient(size_t count, const double *x, const double *dy, double *dx);
void student_leaky_relu(size_t count, const double *x, double slope, double *y);
void student_leaky_relu_gradient(size_t count, const double *x, const double *dy, double slope,
                                 double *dx); /* f'(0) = slope */

/* --- softmax cross-entropy, averaged over the rows ---------------------------------------------------------------- */

/* logits and probabilities [rows][classes] */
void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities);
/* labels [rows], each in 0 .. classes - 1 */
double student_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels);
/* dlogits [rows][classes] */
void student_cross_entropy_gradient(size_t rows, size_t classes, const double *logits, const int32_t *labels,
                                    double *dlogits);

/*
 * --- initializers ----------------------------------------------------------------------------------------------------
 * A network of `layers` linear layers: sizes [layers + 1], weights[l] [sizes[l + 1]][sizes[l]],
 * biases[l] [sizes[l + 1]]. The seed determines the draws; another seed gives others.
 */

void student_init_constant(size_t layers, const size_t *sizes, double fill, double *const *weights,
                           double *const *biases);
/* Weights and biases from N(0, std^2). */
void student_init_normal(size_t layers, const size_t *sizes, double std, uint64_t seed, double *const *weights,
                         double *const *biases);
/* Var w = 1 / fan-in; biases 0. */
void student_init_fan_in(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases);
/* Var w = 2 / (fan-in + fan-out); biases 0. */
void student_init_xavier(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases);
/* Var w = 2 / fan-in, but 1 / fan-in in layer 0, whose input went through no ReLU; biases 0. */
void student_init_kaiming(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                          double *const *biases);

/*
 * --- optimizers ------------------------------------------------------------------------------------------------------
 * _create is told of `tensors` parameter tensors of lengths[k] numbers and returns the optimizer's state (anything but
 * NULL); _step updates all tensors in place, once; _destroy frees the state. All three are needed.
 */

void *student_sgd_create(size_t tensors, const size_t *lengths, double learning_rate);
void student_sgd_step(void *optimizer, double *const *parameters, const double *const *gradients);
void student_sgd_destroy(void *optimizer);

/* The tutorial's averaging form: m = b m + (1 - b) g. */
void *student_momentum_create(size_t tensors, const size_t *lengths, double learning_rate, double momentum);
void student_momentum_step(void *optimizer, double *const *parameters, const double *const *gradients);
void student_momentum_destroy(void *optimizer);

void *student_adam_create(size_t tensors, const size_t *lengths, double learning_rate, double beta1, double beta2,
                          double epsilon);
void student_adam_step(void *optimizer, double *const *parameters, const double *const *gradients);
void student_adam_destroy(void *optimizer);

/*
 * --- the network -----------------------------------------------------------------------------------------------------
 * Linear layers as above, with `activation` ("identity", "tanh" or "relu") after each but the last, and softmax
 * cross-entropy averaged over the rows. x [rows][sizes[0]], labels [rows].
 */

/* Returns the loss; dweights[l] and dbiases[l] are shaped like weights[l] and biases[l]. */
double student_network_gradient(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                const double *const *weights, const double *const *biases, const double *x,
                                const int32_t *labels, double *const *dweights, double *const *dbiases);

typedef struct {
    const char *name; /* "sgd", "momentum" (its b is beta1) or "adam" */
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
} student_optimizer;

/*
 * `steps` updates. Step s trains on the images order[s * batch] .. order[s * batch + batch - 1] and stores in losses[s]
 * the loss before its update. weights and biases are updated in place.
 */
void student_training(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                      double *const *biases, size_t images, const double *x, const int32_t *labels, size_t steps,
                      size_t batch, const int32_t *order, const student_optimizer *optimizer, double *losses);

/*
 * The same with batches of different sizes: step s trains on the next batches[s] images of `order`. If you write this
 * function you do not need student_training. Without it, the case with a smaller last batch is not counted.
 */
void student_training_batches(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                              double *const *biases, size_t images, const double *x, const int32_t *labels,
                              size_t steps, const size_t *batches, const int32_t *order,
                              const student_optimizer *optimizer, double *losses);

/* --- the loss surfaces: value and gradient at `count` points ------------------------------------------------------ */

/* tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); the derivative of |w1| at 0 is 0. */
void student_pathological_curve(size_t count, const double *w1, const double *w2, double *loss, double *dw1,
                                double *dw2);
/* Minus the sum of three bivariate normal densities, sigma 0.2, around (1, -0.5), (-1, 0.5) and (-0.5, -0.8). */
void student_steep_optima(size_t count, const double *w1, const double *w2, double *loss, double *dw1, double *dw2);

#ifdef __cplusplus
}
#endif
#endif
