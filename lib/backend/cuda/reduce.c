/*
 * Sums and moments: each block computes a part, and the host adds the parts, in an order that depends only on the
 * count.
 */
#include <math.h>

#include "backend/cuda/cuda.h"
#include "stats/moments_impl.h"

typedef struct {
    unsigned count;
    double number[ASSAY_CUDA_MOST_PARTS][ASSAY_CUDA_PART_NUMBERS];
} parts;

/* Runs a reduction and waits for its parts; false after a failure. */
static bool reduce(assay_cuda *self, assay_cuda_kernel kernel, assay_slice x, double centre, double scale,
                   parts *result)
{
    assay_cuda_command command = assay_cuda_command_over(kernel, x.count, ASSAY_CUDA_MOST_PARTS);
    command.arguments.reduce.x = assay_cuda_at(x);
    command.arguments.reduce.parts = assay_cuda_address_of(self->parts);
    command.arguments.reduce.count = x.count;
    command.arguments.reduce.centre = centre;
    command.arguments.reduce.scale = scale;
    assay_cuda_flush(self);
    result->count = command.grid.x;
    return assay_cuda_run(self, &command) &&
           ASSAY_CUDA_TRY(self, cudaMemcpyAsync, result->number, self->parts, result->count * sizeof result->number[0],
                          cudaMemcpyDeviceToHost, self->stream) &&
           assay_cuda_wait(self);
}

static double total(const parts *p, int number)
{
    double sum = 0;
    for (unsigned i = 0; i < p->count; i++) {
        sum += p->number[i][number];
    }
    return sum;
}

double assay_cuda_sum(assay_backend *backend, assay_slice x)
{
    parts p;
    return reduce((assay_cuda *)backend, ASSAY_CUDA_SUM, x, 0, 1, &p) ? total(&p, 0) : 0;
}

assay_moments assay_cuda_moments(assay_backend *backend, assay_slice x)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_moments moments = {.count = x.count};
    parts p;
    if (!reduce(self, ASSAY_CUDA_RANGE, x, 0, 1, &p)) {
        return moments;
    }
    moments.mean = total(&p, 0) / (double)x.count;
    moments.minimum = INFINITY;
    moments.maximum = -INFINITY;
    for (unsigned i = 0; i < p.count; i++) {
        moments.minimum = fmin(moments.minimum, p.number[i][1]);
        moments.maximum = fmax(moments.maximum, p.number[i][2]);
    }
    double scale;
    if (!assay_moments_begin(&moments, total(&p, 3) != 0, &scale)) {
        return moments;
    }
    if (!reduce(self, ASSAY_CUDA_POWERS, x, moments.mean, scale, &p)) {
        return moments;
    }
    double power[4];
    for (int i = 0; i < 4; i++) {
        power[i] = total(&p, i) / (double)x.count;
    }
    assay_moments_end(&moments, scale, power);
    return moments;
}
