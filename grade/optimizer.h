/* The optimizers' models, step by step: of the components sgd, momentum and adam, and of the training component. */
#ifndef ASSAY_GRADE_OPTIMIZER_H
#define ASSAY_GRADE_OPTIMIZER_H

#include "grade/case.h"

typedef enum { GRADE_RULE_SGD, GRADE_RULE_MOMENTUM, GRADE_RULE_ADAM } grade_rule;

/* What an optimizer is given; momentum's b is beta1. */
typedef struct {
    double rate;
    double beta1;
    double beta2;
    double epsilon;
} grade_hyper;

/* What the rules and their mistakes keep of each element, all 0 at the start. */
enum {
    GRADE_FIRST_MOMENT,
    GRADE_SECOND_MOMENT,
    GRADE_LARGEST,        /* of the second moments */
    GRADE_SUM,            /* of all gradients */
    GRADE_FIRST_GRADIENT, /* of step 1 */
    GRADE_START,          /* the parameters before step 1 */
    GRADE_STATES
};

typedef struct {
    size_t count;
    double *w;
    const double *g;
    double *state[GRADE_STATES]; /* all tensors' have the length of the largest */
} grade_parameters;

/* Step `step` (from 1) of a rule with these switches (axes of the rule's component), for all tensors. */
void assay_grade_optimizer_step(grade_rule rule, const grade_hyper *hyper, const grade_choice *choice, size_t step,
                                size_t count, grade_parameters *tensors);

#endif
