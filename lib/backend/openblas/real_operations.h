/* The table of operations in one precision: what f32.c and f64.c consist of. */
#include "backend/openblas/real_layers.h"
#include "backend/openblas/real_loss.h"
#include "backend/openblas/real_memory.h"
#include "backend/openblas/real_update.h"

const assay_backend_operations REAL_OPERATIONS = {
    .close = assay_openblas_close,
    .synchronize = assay_openblas_synchronize,
    .buffer_create = assay_host_buffer_create,
    .buffer_borrow = assay_host_buffer_borrow,
    .buffer_destroy = assay_host_buffer_destroy,
    .upload = upload,
    .download = download,
    .fill = fill,
    .copy = copy,
    .fill_random = fill_random,
    .gemm = gemm,
    .activation_forward = activation_forward,
    .activation_backward = activation_backward,
    .linear_forward = linear_forward,
    .linear_backward_input = linear_backward_input,
    .linear_backward_parameters = linear_backward_parameters,
    .softmax_cross_entropy = softmax_cross_entropy,
    .softmax = softmax,
    .gather = gather,
    .update = update,
    .sum = sum,
    .moments = moments,
};
