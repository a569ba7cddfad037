/* Whether a gradient is a finite difference of losses. */
#ifndef ASSAY_GRADE_QUOTIENT_H
#define ASSAY_GRADE_QUOTIENT_H

#include "grade/judge.h"

#define GRADE_FINITE_DIFFERENCES_ID "network_gradient.finite_differences"

/*
 * A quotient (f(x + h) - f(x)) / h of doubles is a whole multiple of the last place of f, divided by h. True if the
 * loss of every answered case is right, and for one of the usual steps h all gradients are such multiples. Only for
 * components whose outputs are one loss and its gradients.
 */
bool assay_grade_is_quotient(const grade_judged *judged);

#endif
