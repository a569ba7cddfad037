/* Walks over the settings of a component's switches: single levels, pairs, and both within other conventions. */
#ifndef ASSAY_GRADE_SEARCH_H
#define ASSAY_GRADE_SEARCH_H

#include "grade/case.h"

/* Names in one explanation: a convention or two, and two mistakes. */
enum { GRADE_MAX_NAMES = 4 };

/* Called for each setting; false ends the walk. */
typedef bool grade_visit(const grade_choice *choice, void *context);

/*
 * Visits every setting that adds to `base` exactly `conventions` levels of convention axes and `mistakes` levels of
 * other axes. Axes that `base` sets stay as they are.
 */
void assay_grade_search(const grade_component *component, const grade_choice *base, size_t conventions, size_t mistakes,
                        grade_visit *visit, void *context);

/* The level with a free number that a choice sets, or NULL. */
const grade_free *assay_grade_free_level(const grade_component *component, const grade_choice *choice);
/* The catalogue id of that level; NULL: no level has a free number. */
const char *assay_grade_free_id(const grade_component *component, const grade_choice *choice);

/* Whether a choice sets a rare level (grade_axis). */
bool assay_grade_is_rare(const grade_component *component, const grade_choice *choice);

/* The catalogue ids of a choice, conventions first, each once; returns their number. */
size_t assay_grade_choice_names(const grade_component *component, const grade_choice *choice,
                                const char *names[GRADE_MAX_NAMES]);

#endif
