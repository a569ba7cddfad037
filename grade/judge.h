/*
 * The judge: compares a submission's outputs with the reference and with the model of every known mistake.
 *
 * A mistake is named only where a model reproduces all that the submission answered for the component, passing cases
 * included, and the reference does not (explain.h).
 */
#ifndef ASSAY_GRADE_JUDGE_H
#define ASSAY_GRADE_JUDGE_H

#include <assay/base/error.h>
#include "grade/case.h"
#include "grade/search.h"

/* What became of a case. */
typedef enum {
    GRADE_PASS,      /* the reference's values; of an answer: outputs are there, to be judged */
    GRADE_WRONG,     /* other values */
    GRADE_MISSING,   /* the submission has no such function */
    GRADE_SHAPE,     /* a tensor of another shape, or none */
    GRADE_REPLY,     /* something that is not a reply */
    GRADE_REFUSED,   /* the submission replied with an error of its own */
    GRADE_CRASHED,   /* killed by a signal */
    GRADE_EXITED,    /* ended before it replied */
    GRADE_TIMED_OUT, /* no reply in time */
    GRADE_MEMORY,    /* over the limit on memory */
    GRADE_OUTPUT,    /* over the limit on output */
    GRADE_PROCESSES, /* over the limit on processes */
    GRADE_UNUSABLE,  /* its files cannot be graded: no shared object, a link that leads out, too many, not readable */
    GRADE_NOT_COMPILED, /* the compiler refuses its source */
    GRADE_NOT_RUN,      /* the time for the whole submission is up, or the grader could not go on: to be graded again */
    GRADE_VERDICT_COUNT
} grade_verdict;

/* "pass", "wrong", "not implemented", ... */
const char *assay_grade_verdict_name(grade_verdict verdict);

enum { GRADE_TEXT_LENGTH = 320 };

/* What the submission did with one case. */
typedef struct {
    grade_verdict verdict; /* GRADE_PASS: `outputs` are filled */
    char detail[GRADE_TEXT_LENGTH];
    char modified[GRADE_NAME_LENGTH]; /* the input that the submission wrote to, or "" */
    grade_fields outputs;
    double seconds;
} grade_answer;

enum { GRADE_MAX_TIES = 3 };

/* Ids that explain the answers as well as the ones in the result; unused places are NULL. */
typedef struct {
    const char *name[GRADE_MAX_NAMES];
} grade_tie;

/* The judgement of one case. Strings have static storage or stand in the result. */
typedef struct {
    grade_verdict verdict;
    const char *mistake; /* catalogue id of what explains the component's answers, or NULL; a convention comes first */
    const char *also[GRADE_MAX_NAMES]; /* the other ids of the same explanation; unused places are NULL */
    grade_tie ties[GRADE_MAX_TIES];    /* other explanations of the same answers */
    size_t tie_count;
    const char *solved;                   /* the id of them that has a number, which the submission fixed; or NULL */
    double parameter;                     /* that number */
    const char *follows[GRADE_MAX_NAMES]; /* ids of mistakes in the parts of a composite component that show here */
    const grade_component *suspect;       /* unexplained: a wrong part, unexplained as well, that the case depends on */
    const char *nearest;    /* where nothing explains all: the id that gives most of the values, if those are many */
    size_t nearest_values;  /* how many values it gives */
    size_t compared_values; /* of how many */
    char detail[GRADE_TEXT_LENGTH]; /* the first diverging value, or what happened */
    double possible;                /* points, set by assay_grade_score */
    double earned;
} grade_result;

/* "%.{digits}g", or "%.{digits}f" if fixed; 0 digits: not rounded. */
typedef struct {
    int digits;
    bool fixed;
} grade_decimals;

/* What is judged together: one component's cases and their answers. */
typedef struct {
    const grade_component *component;
    size_t count;
    grade_case *const *cases;
    const grade_answer *answers;
    grade_precision precision;
    const grade_upstream *upstream; /* what was found in the submission's other components; NULL: nothing */
    grade_decimals decimals;        /* what the models' values are rounded to before they are compared */
    bool shallow;                   /* only single levels are searched for */
} grade_judged;

/*
 * Judges one component. `found` receives the switches that explain the answers: of the component, and of parts whose
 * mistakes are in its own code; nothing where it is right or unexplained.
 */
assay_status assay_grade_judge(const grade_judged *judged, grade_result *results, grade_upstream *found,
                               assay_error *error);

/* Adds an id to those of a result, once, where there is room. */
void assay_grade_add_name(grade_result *result, const char *id);

/*
 * How far `got` is from `want`, in units of the tolerance of that precision: at most 1 is equal. NaN equals NaN, and an
 * infinity itself; anything else against one of them is infinitely far. `field` and `index` (may be NULL) receive the
 * first value beyond the tolerance.
 */
double assay_grade_distance(const grade_case *graded, const grade_fields *got, const grade_fields *want,
                            grade_precision precision, size_t *field, size_t *index);

/* Whether a value is within float32's tolerance of value `index` of a field. */
bool assay_grade_value_fits(const grade_case *graded, const grade_fields *want, size_t field, size_t index, double got);

/* How many values of `got` are within the tolerance of those of `want`. */
size_t assay_grade_right_values(const grade_case *graded, const grade_fields *got, const grade_fields *want,
                                grade_precision precision);

#endif
