/*
 * What the tests of single levels (test_grade_levels.c), of pairs (test_grade_components.c) and of planted code share:
 * answers of models, and what the judge names.
 */
#ifndef ASSAY_TESTS_GRADE_LEVELS_H
#define ASSAY_TESTS_GRADE_LEVELS_H

#include "grade/battery.h"
#include "grade/components.h"
#include "grade/search.h"
#include "support.h"

/* The components whose levels are values; those of the initializers are distributions. */
enum { COMPONENTS = 23 };
extern const char *const components[COMPONENTS];

/* One level of one axis. */
typedef struct {
    size_t axis;
    int level;
} switched;

enum { MAX_LEVELS = 128 };

/* One component's cases, drawn from a seed. */
grade_battery *draw(const char *component, uint64_t seed);

void judge(grade_battery *battery);
size_t list_levels(const grade_component *component, switched *levels);
/* A number within the range of the choice's free level, and no usual one. */
void set_parameter(const grade_component *component, grade_choice *choice);

bool two_free(const grade_component *component, switched a, switched b);
void answer(grade_part *part, const grade_choice *choice);
/* How far the answers are from those of a choice, on the worst case. */
double distance_to(const grade_part *part, const grade_choice *choice);

const char *id_of(const grade_component *component, switched of);
grade_choice single(const grade_component *component, switched of);
/*
 * Asserts that each level of a component computes a formula with the id of its mistake, and that each formula whose id
 * begins with the component's name has a level. An id of two, "component.one + any.other", is of two mistakes at once.
 * `is` says whether a choice is formula `number` in all cases; where the component has a model, the part's answers are
 * the choice's. `ids`: of the formulas, `count` (at most MAX_FORMULAS) of them. At least `least` must have the
 * component's name.
 */
enum { MAX_FORMULAS = 512 };
typedef bool formula_test(const grade_part *part, const grade_choice *choice, size_t number);
void check_formulas(grade_part *part, size_t count, const char *const *ids, formula_test *is, size_t least);

/* Whether two numbers differ by rounding only: both NaN, or closer than 1e-11 of their size plus `size`. */
bool formula_agrees(double a, double b, double size);

/* Whether golden/mistakes.json says that no case can tell two explanations apart: "id", or "id + id". */
bool may_be_alike(const char *a, const char *b);

/* Whether some failed case names the id. */
bool part_names(const grade_part *part, const char *id);

/* Whether both ids are named, or what is listed as inseparable from the two. */
bool part_names_both(const grade_part *part, const char *a, const char *b);

/* Whether the id is a failed case's only name. */
bool part_names_alone(const grade_part *part, const char *id);

/*
 * Compares what was measured with golden/named.json, which the report and the documentation repeat. With ASSAY_NAMED,
 * the name of a file, it is written there instead, for golden/scripts/mistakes_page.py.
 */
void check_measured(const char *component, const char *key, size_t measured);

void print_names(const grade_part *part);
void print_ties(const grade_part *part, const char *id);

#endif
