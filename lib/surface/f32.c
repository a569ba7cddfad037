/*
 * The surfaces in PyTorch's float32 arithmetic (surface.h). The comment of a line names the operation of the tutorial's
 * Python or of PyTorch's derivatives.yaml. Python's own numbers are doubles, rounded to float32 when they are combined
 * with a tensor.
 */
#include <math.h>
#include <stddef.h>

#include <assay/surface/surface.h>

#define PI 3.14159265358979323846

static float tanh_f32(float x)
{
    return (float)tanh((double)x);
}

static float exp_f32(float x)
{
    return (float)exp((double)x);
}

static float pathological(const float w[2], float gradient[2])
{
    float y = tanh_f32(w[0]);
    float loss = y * y + 0.01f * fabsf(w[0]); /* torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1) */
    float s = 1.0f / (1.0f + exp_f32(-w[1])); /* torch.sigmoid(w2) */
    if (gradient != NULL) {
        float sign = (float)(w[0] > 0.0f) - (float)(w[0] < 0.0f);
        float through_tanh = 2.0f * y * fmaf(-y, y, 1.0f); /* pow: grad * 2 y; tanh: grad * (1 - y * y) */
        gradient[0] = isnan(w[0]) ? w[0] : through_tanh + 0.01f * sign;
        gradient[1] = (1.0f - s) * s; /* sigmoid: grad * (1 - y) * y */
    }
    return loss + s;
}

/* bivar_gaussian(w1, w2, ...) and its backward pass for an incoming gradient of `incoming`. */
static float gaussian_f32(const assay_bivariate_gaussian *gaussian, const float w[2], float incoming, float gradient[2])
{
    float norm = (float)(1.0 / (2.0 * PI * gaussian->sigma[0] * gaussian->sigma[1]));
    float difference[2];
    float divisor[2];
    float exponent[2];
    for (int i = 0; i < 2; i++) {
        difference[i] = w[i] - (float)gaussian->mean[i];
        divisor[i] = (float)(2.0 * (gaussian->sigma[i] * gaussian->sigma[i])); /* 2 * x_sig ** 2 */
        exponent[i] = -(difference[i] * difference[i]) / divisor[i];
    }
    float e = exp_f32(exponent[0] + exponent[1]);
    for (int i = 0; i < 2; i++) {
        float through_exp = incoming * norm * e;
        gradient[i] = -(through_exp / divisor[i]) * (2.0f * difference[i]); /* div, mul by -1, pow */
    }
    return norm * e;
}

static float steep(const float w[2], float gradient[2])
{
    float part[ASSAY_STEEP_OPTIMA][2];
    float loss = -gaussian_f32(&assay_steep_optima[0], w, -1.0f, part[0]); /* z = -bivar_gaussian(...) */
    for (int k = 1; k < ASSAY_STEEP_OPTIMA; k++) {
        loss -= gaussian_f32(&assay_steep_optima[k], w, -1.0f, part[k]); /* z -= bivar_gaussian(...) */
    }
    for (int i = 0; gradient != NULL && i < 2; i++) {
        /* Autograd visits the last operation first. */
        gradient[i] = part[2][i] + part[1][i] + part[0][i];
    }
    return loss;
}

float assay_surface_f32(assay_surface surface, const float w[2], float gradient[2])
{
    static const assay_bivariate_gaussian standard = {{0.0, 0.0}, {1.0, 1.0}};
    float unused[2];
    switch (surface) {
    case ASSAY_SURFACE_PATHOLOGICAL: return pathological(w, gradient);
    case ASSAY_SURFACE_GAUSSIAN: return gaussian_f32(&standard, w, 1.0f, gradient != NULL ? gradient : unused);
    case ASSAY_SURFACE_STEEP: return steep(w, gradient);
    case ASSAY_SURFACE_COUNT: break;
    }
    return NAN;
}
