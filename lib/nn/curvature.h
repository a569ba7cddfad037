/*
 * Curvature of a network's loss: products of its Hessian with a vector, exactly, by the R-operator of Pearlmutter
 * (1994, "Fast exact multiplication by the Hessian"): R{f}(w) is the derivative of f(w + r v) by r at r = 0, and
 * R{gradient} is H v. Written once over the backend interface, like the network.
 */
#ifndef ASSAY_NN_CURVATURE_H
#define ASSAY_NN_CURVATURE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

typedef struct assay_curvature assay_curvature;

/*
 * For a network, which must outlive it and must have been made with `keep_preactivations`. For sharp answers use a
 * backend of double precision. The caller ends it with assay_curvature_destroy. ASSAY_ERROR_ARGUMENT for a network
 * without preactivations, ASSAY_ERROR_MEMORY.
 */
assay_status assay_curvature_create(assay_network *network, assay_curvature **curvature, assay_error *error);
/* NULL is allowed. */
void assay_curvature_destroy(assay_curvature *curvature);

/*
 * product = H vector, where H is the Hessian of the mean cross-entropy of a batch at the network's parameters. Both are
 * real slices in the layout of assay_network_parameters; the padding of `vector` must be 0, and that of `product` is. x
 * and labels as in assay_network_backward, which this calls: afterwards the network's gradients are those of the batch.
 * At a kink of the activation (0 for ReLU) the second derivative counts as 0. Failures are recorded by the backend.
 */
void assay_curvature_product(assay_curvature *curvature, size_t rows, assay_slice x, assay_slice labels,
                             assay_slice vector, assay_slice product);

ASSAY_END_DECLS
#endif
