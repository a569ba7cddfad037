#include <assay/surface/descent.h>

#include <math.h>
#include <stdbool.h>

#include <assay/optim/optimizer.h>

/* The two parameters, their gradient, and the optimizer. */
typedef struct {
    assay_backend *backend;
    assay_buffer *w;
    assay_buffer *gradient;
    assay_optimizer *optimizer;
} descent;

static void close_run(descent *run)
{
    assay_optimizer_destroy(run->optimizer);
    assay_buffer_destroy(run->backend, run->gradient);
    assay_buffer_destroy(run->backend, run->w);
}

static assay_status open_run(descent *run, const assay_update_rule *rule, const double start[2], assay_error *error)
{
    run->w = assay_buffer_create(run->backend, ASSAY_REAL, 2);
    run->gradient = assay_buffer_create(run->backend, ASSAY_REAL, 2);
    ASSAY_TRY(assay_backend_check(run->backend, error));
    assay_upload_f64(run->backend, assay_whole(run->w), start);
    return assay_optimizer_create(run->backend, rule, 2, &run->optimizer, error);
}

/* The loss at `w`, and its gradient, in the precision of the backend. */
static double evaluate(const descent *run, assay_surface surface, const double w[2], double gradient[2])
{
    if (assay_backend_precision(run->backend) == ASSAY_F64) {
        return assay_surface_f64(surface, w, gradient);
    }
    float narrow[2] = {(float)w[0], (float)w[1]};
    float slope[2];
    float loss = assay_surface_f32(surface, narrow, slope);
    gradient[0] = (double)slope[0];
    gradient[1] = (double)slope[1];
    return (double)loss;
}

static bool all_finite(const assay_descent_point *point, const double gradient[2])
{
    const double numbers[] = {point->w[0], point->w[1], point->loss, gradient[0], gradient[1]};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!isfinite(numbers[i])) {
            return false;
        }
    }
    return true;
}

static assay_status walk(const descent *run, assay_surface surface, size_t updates, assay_descent_point *points,
                         size_t *recorded, assay_error *error)
{
    for (size_t t = 0; t < updates; t++) {
        double gradient[2];
        assay_descent_point *point = &points[t];
        assay_download_f64(run->backend, assay_whole(run->w), point->w);
        ASSAY_TRY(assay_backend_check(run->backend, error));
        point->loss = evaluate(run, surface, point->w, gradient);
        if (!all_finite(point, gradient)) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC,
                              "the descent is not finite at t = %zu: lower the learning rate", t);
        }
        *recorded = t + 1;
        assay_upload_f64(run->backend, assay_whole(run->gradient), gradient);
        assay_optimizer_step(run->optimizer, assay_whole(run->w), assay_whole(run->gradient));
    }
    return assay_backend_check(run->backend, error);
}

assay_status assay_descend(assay_backend *backend, assay_surface surface, const assay_update_rule *rule,
                           const double start[2], size_t updates, assay_descent_point *points, size_t *recorded,
                           assay_error *error)
{
    descent run = {.backend = backend};
    *recorded = 0;
    assay_status status = open_run(&run, rule, start, error);
    if (status == ASSAY_OK) {
        status = walk(&run, surface, updates, points, recorded, error);
    }
    close_run(&run);
    return status;
}
