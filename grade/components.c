/* The table of all components: the one place that knows them all. */
#include "grade/components.h"

#include <string.h>

static const grade_component *const components[] = {
    &assay_grade_linear_forward,
    &assay_grade_linear_backward,
    &assay_grade_identity,
    &assay_grade_identity_gradient,
    &assay_grade_tanh,
    &assay_grade_tanh_gradient,
    &assay_grade_relu,
    &assay_grade_relu_gradient,
    &assay_grade_sigmoid,
    &assay_grade_sigmoid_gradient,
    &assay_grade_leaky_relu,
    &assay_grade_leaky_relu_gradient,
    &assay_grade_softmax,
    &assay_grade_cross_entropy,
    &assay_grade_cross_entropy_gradient,
    &assay_grade_init_constant,
    &assay_grade_init_normal,
    &assay_grade_init_fan_in,
    &assay_grade_init_xavier,
    &assay_grade_init_kaiming,
    &assay_grade_sgd,
    &assay_grade_momentum,
    &assay_grade_adam,
    &assay_grade_network_gradient,
    &assay_grade_training,
    &assay_grade_pathological_curve,
    &assay_grade_steep_optima,
};

const grade_component *const *assay_grade_components(size_t *count)
{
    *count = sizeof components / sizeof components[0];
    return components;
}

const grade_component *assay_grade_component_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof components / sizeof components[0]; i++) {
        if (strcmp(components[i]->name, name) == 0) {
            return components[i];
        }
    }
    return NULL;
}
