/* Descent on a surface: the tutorial's train_curve, cell [31]. */
#ifndef ASSAY_SURFACE_DESCENT_H
#define ASSAY_SURFACE_DESCENT_H

#include <stddef.h>

#include <assay/backend/backend.h>
#include <assay/backend/update_rule.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/surface/surface.h>

ASSAY_BEGIN_DECLS

/* The number of updates in the tutorial. */
enum { ASSAY_DESCENT_UPDATES = 100 };

/* One row of train_curve's result: the parameters before an update, and their loss. */
typedef struct {
    double w[2];
    double loss;
} assay_descent_point;

/*
 * Starts at `start` and makes `updates` updates of w by `rule` on `backend`, in the backend's precision (ASSAY_F32:
 * loss and gradient by assay_surface_f32). points[t], t = 0 .. updates - 1, is the point before update t + 1, as in the
 * tutorial; the point after the last update is not recorded. ASSAY_ERROR_NUMERIC when w, the loss or the gradient is
 * not finite. `*recorded` is the number of valid points, also after a failure.
 */
assay_status assay_descend(assay_backend *backend, assay_surface surface, const assay_update_rule *rule,
                           const double start[2], size_t updates, assay_descent_point *points, size_t *recorded,
                           assay_error *error);

ASSAY_END_DECLS
#endif
