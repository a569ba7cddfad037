/*
 * The backend interface: operations on buffers that the backend owns. The code above lib/backend/ uses only this header
 * and does not know which backend runs.
 *
 * Matrices are dense and row-major. A linear layer's weight is [out][in], as in PyTorch. "Real" is the precision that
 * the backend was opened with.
 *
 * Operations return nothing. The backend records the first failure (a wrong size, a wrong element type, a device's
 * failure), and all later operations do nothing until assay_backend_check has returned it. Outputs may not overlap
 * inputs; where a comment allows it, they may be exactly the same slice. An operation on no rows or no elements does
 * nothing, except that sums over no rows (a layer's parameter gradients, gemm with k = 0) are 0. No dimension of a
 * matrix exceeds 2^31 - 1.
 */
#ifndef ASSAY_BACKEND_BACKEND_H
#define ASSAY_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/backend/activation.h>
#include <assay/backend/update_rule.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/generator.h>
#include <assay/stats/moments.h>

ASSAY_BEGIN_DECLS

typedef struct assay_backend assay_backend;
typedef struct assay_buffer assay_buffer;

typedef enum { ASSAY_F32, ASSAY_F64 } assay_precision;
typedef enum { ASSAY_REAL, ASSAY_INT32, ASSAY_UINT8 } assay_element;

/*
 * A part of a buffer, in elements. Passed by value; a slice whose buffer is NULL (ASSAY_NO_SLICE) means "not wanted".
 */
typedef struct {
    assay_buffer *buffer;
    size_t offset;
    size_t count;
} assay_slice;

#define ASSAY_NO_SLICE ((assay_slice){NULL, 0, 0})

/* --- opening --------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;          /* "reference", "openblas", "openblas-dense"; "cuda" in builds that have it */
    assay_precision precision; /* reference: only ASSAY_F64 */
    int threads;               /* 0: as many as there are processors; reference and cuda: always 1 */
} assay_backend_options;

/* The names of the backends in this build; NULL for an index after the last. */
const char *assay_backend_name_at(size_t index);

/* "f32" or "f64"; ASSAY_ERROR_ARGUMENT for anything else. */
assay_status assay_precision_by_name(const char *name, assay_precision *precision, assay_error *error);

/*
 * Opens a backend; the caller destroys its buffers and then closes it with assay_backend_close. ASSAY_ERROR_ARGUMENT
 * for an unknown name (the message lists the known ones) or a precision that the backend does not support;
 * ASSAY_ERROR_UNSUPPORTED if the build or the machine lacks what it needs.
 */
assay_status assay_backend_open(const assay_backend_options *options, assay_backend **backend, assay_error *error);
void assay_backend_close(assay_backend *backend);

const char *assay_backend_name(const assay_backend *backend);
assay_precision assay_backend_precision(const assay_backend *backend);
int assay_backend_threads(const assay_backend *backend);

/* Whether layers run faster if similar rows of a batch are next to each other (train/likeness.h). */
bool assay_backend_prefers_similar_rows(const assay_backend *backend);

/* Waits for all operations, returns the first failure since the last check, and clears it. */
assay_status assay_backend_check(assay_backend *backend, assay_error *error);

/* --- memory ---------------------------------------------------------------------------------------------------- */

/*
 * `count` zeroed elements; the caller frees them with assay_buffer_destroy. Without memory it returns NULL and records
 * the failure.
 */
assay_buffer *assay_buffer_create(assay_backend *backend, assay_element element, size_t count);
void assay_buffer_destroy(assay_backend *backend, assay_buffer *buffer);

/*
 * A buffer of `count` bytes (ASSAY_UINT8) with the contents of `bytes`, for operations that only read it. A backend
 * that computes in the host's memory does not copy them: the caller keeps the array, unchanged, as long as the buffer
 * exists. Destroyed like other buffers, and fails like assay_buffer_create.
 */
assay_buffer *assay_buffer_borrow_u8(assay_backend *backend, const uint8_t *bytes, size_t count);

/* The whole buffer; an empty slice for NULL. */
assay_slice assay_whole(assay_buffer *buffer);
/* Elements [offset, offset + count) of a slice. If they are out of range, the operation that uses them records it. */
assay_slice assay_part_of(assay_slice slice, size_t offset, size_t count);

/* Copies slice.count host values in, converting to the buffer's precision. The host array may be changed afterwards. */
void assay_upload_f32(assay_backend *backend, assay_slice to, const float *from);
void assay_upload_f64(assay_backend *backend, assay_slice to, const double *from);
void assay_upload_i32(assay_backend *backend, assay_slice to, const int32_t *from);
void assay_upload_u8(assay_backend *backend, assay_slice to, const uint8_t *from);

/* Copies slice.count values out, and waits for them. After a failure `to` is filled with zeros. */
void assay_download_f32(assay_backend *backend, assay_slice from, float *to);
void assay_download_f64(assay_backend *backend, assay_slice from, double *to);
void assay_download_i32(assay_backend *backend, assay_slice from, int32_t *to);

/* to[i] = value; real. */
void assay_fill(assay_backend *backend, assay_slice to, double value);
/* to[i] = from[i]; the same element type and count. */
void assay_copy(assay_backend *backend, assay_slice to, assay_slice from);
/* assay_generator_fill on to.count float32 elements, converted to real. Advances the generator. */
void assay_fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                       assay_distribution distribution);

/* --- layers ---------------------------------------------------------------------------------------------------- */

/* C[m][n] = alpha * op(A) op(B) + beta * C, op(A) [m][k], op(B) [k][n]; stored transposed if trans_ is set. */
typedef struct {
    bool trans_a;
    bool trans_b;
    size_t m;
    size_t n;
    size_t k;
    double alpha;
    double beta; /* 0: C is written without being read, so a NaN there does not spread */
} assay_gemm_shape;

void assay_gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c);

/* y[i] = f(x[i]); y may be x itself. */
void assay_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y);

/*
 * dx[i] = dy[i] f'(x[i]). Reads x or y or neither, as the activation's derivative_reads says; what it does not read may
 * be ASSAY_NO_SLICE. dx may be dy itself.
 */
void assay_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                               assay_slice dy, assay_slice dx);

/* The shape of one linear layer applied to a batch. */
typedef struct {
    size_t rows; /* images in the batch */
    size_t in;   /* fan-in */
    size_t out;  /* fan-out */
} assay_linear_shape;

/*
 * z = x W^T + b, y = f(z). x: [rows][in], weight: [out][in], bias: [out], z and y: [rows][out]. z may be
 * ASSAY_NO_SLICE, and so may y; y may be z.
 */
void assay_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                          assay_slice weight, assay_slice bias, assay_slice z, assay_slice y);

/*
 * The gradient with respect to the layer's input, propagated through the activation that made this input:
 * dz_below = (dz W) f'(z_below), dz: [rows][out], z_below, y_below and dz_below: [rows][in], y_below = f(z_below) = x.
 * z_below and y_below as in assay_activation_backward; with the identity both may be ASSAY_NO_SLICE.
 */
void assay_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                 assay_slice dz, assay_slice weight, assay_slice z_below, assay_slice y_below,
                                 assay_slice dz_below);

/* dweight = dz^T x, dbias[j] = sum over r of dz[r][j]. */
void assay_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                      assay_slice dweight, assay_slice dbias);

/* --- loss ------------------------------------------------------------------------------------------------------ */

/*
 * Softmax cross-entropy, torch.nn.functional.cross_entropy with mean reduction. logits and dlogits: [rows][classes],
 * labels: INT32 [rows], each in [0, classes) (else it is recorded as a failure). Any output may be ASSAY_NO_SLICE:
 *   loss: real [1], mean over r of log(sum_j exp(z_rj - max_j z_rj)) - (z_r,label - max_j z_rj);
 *   correct: INT32 [1], rows whose largest logit (the first of equals) is the label's;
 *   dlogits = (softmax(z_r) - onehot(label)) / rows; it may be `logits` itself.
 */
void assay_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                 assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits);

/* probabilities = softmax(logits), row by row; may be `logits` itself. */
void assay_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits, assay_slice probabilities);

/* --- batches --------------------------------------------------------------------------------------------------- */

/*
 * Gathers a batch: x[r][j] = table[pixels[index[r]][j]], y[r] = labels[index[r]]. pixels: UINT8 [images][width],
 * labels: INT32 [images], index: INT32 [rows], table: real [256], x: real [rows][width], y: INT32 [rows]. An index out
 * of range is recorded as a failure.
 */
void assay_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                  assay_slice index, assay_slice table, assay_slice x, assay_slice y);

/* --- optimizers ------------------------------------------------------------------------------------------------ */

/*
 * One step of an optimizer over all parameters at once (update_rule.h has the equations). parameters and gradients have
 * the same count; state holds assay_update_rule_slots(rule) slices of this count, zeroed before the first step; `step`
 * is t, 1 for the first. Gradients are not changed.
 */
void assay_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                  assay_slice gradients, const assay_slice *state);

/* --- reductions ------------------------------------------------------------------------------------------------ */

/* Sum and moments of a real slice, accumulated in double; waits. Zeros after a failure. */
double assay_sum(assay_backend *backend, assay_slice x);
assay_moments assay_reduce_moments(assay_backend *backend, assay_slice x);

ASSAY_END_DECLS
#endif
