/*
 * What the theory says about other weights than the tutorial's: the variance that a layer should have, and how far from
 * it the variance of one draw may be. doc/theory.md derives both.
 */
#ifndef ASSAY_TUTORIAL_THEORY_H
#define ASSAY_TUTORIAL_THEORY_H

#include <assay/base/declarations.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

/* An expectation, and how far below and above it a draw may fall. `mean` 0: the theory says nothing. */
typedef struct {
    double mean;
    double below;
    double above;
} assay_expectation;

/*
 * The variance over all elements of a linear layer's output z = W h + b, over the draw of W and b, given the layer's
 * input h as it is after the network's last forward pass on x [rows][inputs]. With u = (s h, s_b), s^2 = Var W, s_b^2 =
 * Var b, and S = mean over rows of u u^T:
 *   E = tr S - (s^2 |mean h|^2 + s_b^2) / out,
 * and for normal weights the variance is a quadratic form whose deviation is bounded (Laurent and Massart 2000, lemma
 * 1; for uniform weights Hsu, Kakade and Zhang 2012 give the same upper bound; doc/theory.md says how much of the lower
 * bound is proven) by
 *   below = 2 |S|_F sqrt(t / out), above = below + 2 |S|_F t / out,
 * each passed with a probability of at most exp(-t), t = ASSAY_THEORY_T.
 */
assay_status assay_theory_activation(assay_network *network, const assay_initializer *initializer, size_t layer,
                                     size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error);

/* exp(-23) = 1.03e-10 for each number and side. */
#define ASSAY_THEORY_T 23.0

/*
 * The variance of a weight's gradient dW_l = dz_l^T h_l, over the draw of the weights W above layer l, given h_l, f' at
 * layer l and the gradient dz above, and taking W as independent of both (Glorot and Bengio 2010, section 4.2.1):
 *   E sum_ij dW_ij^2 = Var W sum_rr' (h_r . h_r') (dz_r . dz_r') (f'_r . f'_r').
 * The independence is an approximation (dz depends on W through the logits), so a factor of
 * ASSAY_THEORY_GRADIENT_FACTOR either way is allowed: the largest of 3,588 ratios in 299 runs was 1.68 (doc/theory.md).
 * For the last layer the theory says nothing: its gradient depends on no weight above it.
 */
assay_status assay_theory_gradient(assay_network *network, const assay_initializer *initializer, size_t layer,
                                   size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error);

#define ASSAY_THEORY_GRADIENT_FACTOR 2.5

ASSAY_END_DECLS
#endif
