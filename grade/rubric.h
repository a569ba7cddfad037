/*
 * Weights. A rubric is a JSON file:
 *   {"name": "Assignment 3",
 *    "weights": {"adam": 10, "linear_forward": 5},     points of each component; others are not graded
 *    "cases": {"adam/one step": 3},                    shares of a case in its component's points (default 1)
 *    "credit": {"any.float32": 0.5},                   part of the points that is given in spite of a named mistake
 *    "suspicion": 0,                                   part of all points that is left where there are signs that the
 *                                                      submission uses the reference (default 0)
 *    "cleared": ["anna"],                              submissions that a teacher has looked at
 *    "follows": 1,                                     part of the points that a case of a composite component keeps
 *                                                      where only mistakes of its parts show (default 1)
 *    "conventions": ["keras", "adam.epsilon_hat"]}     other conventions that count as right, by their own id or by
 *                                                      the name of those who use them
 * Without a rubric every case is worth one point, and functions that a submission does not have are not counted.
 */
#ifndef ASSAY_GRADE_RUBRIC_H
#define ASSAY_GRADE_RUBRIC_H

#include "grade/battery.h"
#include "grade/catalogue.h"

typedef struct grade_rubric grade_rubric;

/*
 * Reads a rubric and checks every name in it. ASSAY_ERROR_FORMAT with the place for anything that is not as above. The
 * caller ends it with _close (NULL is allowed there).
 */
assay_status assay_grade_rubric_read(const char *path, const grade_catalogue *catalogue, grade_rubric **rubric,
                                     assay_error *error);
/*
 * Adds a convention to those that count as right. `*rubric` may be NULL: it becomes one that says nothing else.
 * ASSAY_ERROR_ARGUMENT for an unknown name, ASSAY_ERROR_MEMORY.
 */
assay_status assay_grade_rubric_accept(grade_rubric **rubric, const char *convention, const grade_catalogue *catalogue,
                                       assay_error *error);
void assay_grade_rubric_close(grade_rubric *rubric);

/* "" for NULL, or where the rubric has no name. */
const char *assay_grade_rubric_name(const grade_rubric *rubric);

/* The components that it names, NULL-terminated, for assay_grade_battery_create; NULL for rubric NULL: all. */
const char *const *assay_grade_rubric_components(const grade_rubric *rubric);

/* Whether a teacher has cleared the submission of that name. */
bool assay_grade_rubric_clears(const grade_rubric *rubric, const char *submission);

/* A number that is another one for another rubric, but for who is cleared; 0 for none. */
assay_status assay_grade_rubric_digest(const grade_rubric *rubric, uint64_t *digest, assay_error *error);

typedef struct {
    double possible;
    double earned;
} grade_score;

/* Sets the points of every result of a judged battery, and adds them up. */
grade_score assay_grade_score(grade_battery *battery, const grade_rubric *rubric, const grade_catalogue *catalogue);

/* Full marks: something was asked for, and all of it earned. */
bool assay_grade_full_marks(grade_score score);

#endif
