/*
 * The components, each in the file of its family, and their table (components.c). The families know case.h alone.
 */
#ifndef ASSAY_GRADE_COMPONENTS_H
#define ASSAY_GRADE_COMPONENTS_H

#include "grade/case.h"

/* All components, in the order of the report. */
const grade_component *const *assay_grade_components(size_t *count);
/* NULL for a name that is none. */
const grade_component *assay_grade_component_by_name(const char *name);

extern const grade_component assay_grade_linear_forward;
extern const grade_component assay_grade_linear_backward;
extern const grade_component assay_grade_identity;
extern const grade_component assay_grade_identity_gradient;
extern const grade_component assay_grade_tanh;
extern const grade_component assay_grade_tanh_gradient;
extern const grade_component assay_grade_relu;
extern const grade_component assay_grade_relu_gradient;
extern const grade_component assay_grade_sigmoid;
extern const grade_component assay_grade_sigmoid_gradient;
extern const grade_component assay_grade_leaky_relu;
extern const grade_component assay_grade_leaky_relu_gradient;
extern const grade_component assay_grade_softmax;
extern const grade_component assay_grade_cross_entropy;
extern const grade_component assay_grade_cross_entropy_gradient;
extern const grade_component assay_grade_init_constant;
extern const grade_component assay_grade_init_normal;
extern const grade_component assay_grade_init_fan_in;
extern const grade_component assay_grade_init_xavier;
extern const grade_component assay_grade_init_kaiming;
extern const grade_component assay_grade_sgd;
extern const grade_component assay_grade_momentum;
extern const grade_component assay_grade_adam;
extern const grade_component assay_grade_network_gradient;
extern const grade_component assay_grade_training;
extern const grade_component assay_grade_pathological_curve;
extern const grade_component assay_grade_steep_optima;

#endif
