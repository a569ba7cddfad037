/*
 * Compares the components' models with formulas that a test program writes once more: each level of a model has a
 * formula of its mistake, and each formula has a level. Formulas of one id are in the order of the levels.
 */
#ifndef ASSAY_TESTS_GRADE_FORMULAS_H
#define ASSAY_TESTS_GRADE_FORMULAS_H

#include "grade_levels.h"

/* Formulas of one kind. An id may begin with '.': it is a mistake of each component that has the family. */
typedef struct {
    const char *const *ids;
    size_t count;
    /* The outputs of formula `number` for a case; p is the number of a mistake that has one. */
    void (*compute)(const grade_case *graded, size_t number, double p, const grade_fields *outputs);
} formula_family;
#define FORMULA_IDS(table) (table), sizeof(table) / sizeof(table)[0]

/* For formulas with one value each: the table of ids, and a choice that computes no other formula. */
#define FORMULA_ID(id, value) id,
#define FORMULA_PICK(id, value) \
    if (number-- == 0) {        \
        return (value);         \
    }

/* Whether two numbers differ by rounding only: both NaN, or closer than 1e-11 of their size plus `size`. */
bool formula_agrees(double a, double b, double size);

/* Sets the first level that has the formula's id. */
void set_level(const grade_component *component, const char *formula, grade_choice *choice);

/* `families` ends with NULL. The component must have more than `fewest` levels. */
void check_formulas(const char *component, const formula_family *const *families, size_t fewest);

/*
 * Asserts that each level of a component computes a formula with the id of its mistake, and that each formula whose id
 * begins with the component's name has a level. An id of two, "component.one + any.other", is of two mistakes at once.
 * `is` is true if a choice is formula `number` in all cases. Where the component has a model, the part's answers are
 * the choice's. `ids`: of the formulas, `count` (at most MAX_FORMULAS) of them. At least `least` must have the
 * component's name.
 */
enum { MAX_FORMULAS = 512 };
typedef bool formula_test(const grade_part *part, const grade_choice *choice, size_t number);
void check_choices(grade_part *part, size_t count, const char *const *ids, formula_test *is, size_t least);

#endif
