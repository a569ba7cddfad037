/* The root of a function, for the number that a mistake has. */
#ifndef ASSAY_GRADE_ROOT_H
#define ASSAY_GRADE_ROOT_H

typedef double grade_function(double x, void *context);

/*
 * A place between `low` and `high`, where the function changes its sign: its values there are `at_low` and `at_high`.
 * Smooth functions take 10 to 30 evaluations for all digits. A jump, a pole or a NaN is narrowed down to 1e-9 of the
 * interval, in at most 90 evaluations.
 *
 * The Illinois form of the method of false position: the value at an end that is kept twice in a row is halved
 * (Dowell and Jarratt, A modified regula falsi method, BIT 11, 1971). Every third step is a bisection.
 */
double assay_grade_root(grade_function *function, void *context, double low, double high, double at_low,
                        double at_high);

#endif
