/*
 * What the tests of single levels (test_grade_levels.c), of pairs (test_grade_components.c) and of planted code share:
 * answers of models, and what the judge names.
 */
#ifndef ASSAY_TESTS_GRADE_LEVELS_H
#define ASSAY_TESTS_GRADE_LEVELS_H

#include "grade/battery.h"
#include "grade/components.h"
#include "grade/distribution.h"
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
/* How far the answers are from those of a choice, on the worst case that has an answer. */
double distance_to(const grade_part *part, const grade_choice *choice);

const char *id_of(const grade_component *component, switched of);
grade_choice single(const grade_component *component, switched of);
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

/* A number of (0, 1), and a value drawn from a law. */
double uniform_number(assay_mt19937 *random);
double draw_from(grade_distribution law, assay_mt19937 *random);

#endif
