/*
 * Grading cases: named inputs, drawn fresh from a seed, and the named outputs that a correct implementation gives.
 *
 * A component is one function that a student writes. It has a handful of cases, and a model: a plain double-precision
 * implementation with switches. Each switch is an axis (the formula, the placement of epsilon, a convention, ...).
 * Level 0 of an axis is the tutorial's choice; every other level is a known mistake or a known other convention. To
 * diagnose means to find the levels whose outputs are the student's (diagnose.h).
 */
#ifndef ASSAY_GRADE_CASE_H
#define ASSAY_GRADE_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/error.h>
#include <assay/random/mt19937.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
enum {
    GRADE_MAX_FIELDS = 20,
    GRADE_MAX_RANK = 3,
    GRADE_NAME_LENGTH = 24,
    GRADE_MAX_AXES = 20,
    GRADE_MAX_UPSTREAM = 24
};
/* clang-format on */

typedef enum { GRADE_REAL, GRADE_INTEGER, GRADE_TEXT } grade_kind;

/* A named tensor (rank 0: a number), row-major, or a text. Integers are kept in doubles, exactly. */
typedef struct {
    char name[GRADE_NAME_LENGTH];
    grade_kind kind;
    size_t rank;
    size_t shape[GRADE_MAX_RANK];
    size_t count; /* numbers in all: the product of the shape */
    double *values;
    const char *text; /* static storage */
    bool single;      /* read from a .npy file of float32 or float16 */
    bool ragged;      /* rows of an input may be shorter: -1 fills them up. An answer may be shorter, too. */
    /* Of an answer: how its shape differs from this one (shape.h), a catalogue id, or NULL; and the shape, in words. */
    const char *deviation;
    char found_shape[48];
} grade_field;

/* Fields and the memory of their values. */
typedef struct {
    size_t count;
    grade_field field[GRADE_MAX_FIELDS];
    double *pool;
    size_t used;
    size_t capacity;
} grade_fields;

typedef struct grade_case grade_case;
typedef struct grade_component grade_component;

/* Every output is filled with this before a C function is called, so that reading or leaving it is recognised. */
#define GRADE_SENTINEL (-987.25)

typedef enum { GRADE_F32, GRADE_F64, GRADE_PRECISION_COUNT } grade_precision;

typedef struct grade_choice grade_choice;
typedef struct grade_upstream grade_upstream;

/* The setting of all switches: all zero is the tutorial's implementation. */
struct grade_choice {
    unsigned char level[GRADE_MAX_AXES];
    double parameter;               /* of the level that has a free one */
    bool single;                    /* exponentials have the range of float32 */
    size_t steps;                   /* training: ends after so many, and the rest is GRADE_SENTINEL; 0: after all */
    const grade_upstream *upstream; /* composite components: what goes wrong in their parts; NULL: nothing */
};

#define GRADE_TUTORIAL ((grade_choice){.parameter = 0.0})

/* What was found in the components that a composite one consists of. */
struct grade_upstream {
    const char *approximation; /* id of a mistake that makes a part's values inexact, or NULL */
    size_t count;
    struct {
        const grade_component *component;
        grade_choice choice;
    } part[GRADE_MAX_UPSTREAM];
    size_t unexplained_count;
    const grade_component *unexplained[GRADE_MAX_UPSTREAM]; /* wrong, and nothing was found */
};

/* A level with a number that the student may have fixed at any value: it is solved for. */
typedef struct {
    int level;
    double lower, upper; /* both positive: searched on a logarithmic scale */
} grade_free;

/* One switch. The model must give the same outputs for the same inputs and choice, whatever the case's index is. */
typedef struct {
    const char *name;       /* "formula", for the documentation */
    const char *const *ids; /* [1 .. count): catalogue ids; one id may stand twice, for two forms of one mistake */
    int count;
    bool convention; /* its levels are right in another convention, not mistakes */
    const grade_free *free;
    size_t free_count;
    int rare;    /* levels from this one on are tried where the others explain nothing; 0: there are none */
    bool shares; /* its number may be that of another axis that shares, too: one epsilon in two places */
} grade_axis;

/* An axis from its table of ids; other members may follow: {GRADE_AXIS("rule", rules), .convention = true}. */
#define GRADE_AXIS(title, table) .name = (title), .ids = (table), .count = (int)(sizeof(table) / sizeof(table)[0])
#define GRADE_FREE(table) .free = (table), .free_count = sizeof(table) / sizeof(table)[0]

struct grade_component {
    const char *name;  /* the function: "linear_forward" is student_linear_forward in C */
    const char *title; /* for people */
    size_t case_count;
    size_t numbers; /* at most in the inputs, and in the outputs, of a case; 0: the usual number */
    /* Names the case, fills its inputs, declares its outputs, sets its tolerance. */
    void (*make)(size_t index, assay_mt19937 *random, grade_case *made);
    /* Fills the outputs as an implementation with these switches would. NULL for initializers. */
    void (*model)(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs);
    /* Quicker than the model, or NULL: false if these answers cannot be those of the model with these switches. */
    bool (*probe)(const grade_case *graded, const grade_choice *choice, const grade_fields *answers);
    /* Initializers: the distribution that the implementation with these switches draws from (distribution.h). */
    const struct grade_initializer *initializer;
    const grade_axis *axes;
    size_t axis_count;
    /* A catalogue id for an output of a wrong shape, where this component knows what the shape comes from; or NULL. */
    const char *(*name_shape)(const grade_case *graded, const grade_field *output);
    /* A catalogue id for wrong values that no model gives, as random ones; or NULL. */
    const char *(*name_values)(const grade_case *graded, const grade_fields *answers);
    /* Composite components: what they consist of, NULL-terminated; the model follows choice->upstream. Else NULL. */
    const grade_component *const *parts;
    /* Composite components: whether a case can depend on a part. */
    bool (*uses)(const grade_case *graded, const grade_choice *choice, const grade_component *part);
};

#define GRADE_AXES(table) .axes = (table), .axis_count = sizeof(table) / sizeof(table)[0]
/* A component with one axis. */
#define GRADE_MISTAKES(table) .axes = &(const grade_axis){GRADE_AXIS("mistake", table)}, .axis_count = 1

struct grade_case {
    const grade_component *component;
    size_t index;                            /* among the component's cases */
    char name[64];                           /* what the case is about */
    bool optional;                           /* a submission without it loses nothing: a newer form of the protocol */
    bool extreme;                            /* overflow, underflow: diagnosed apart from the ordinary cases */
    double tolerance[GRADE_PRECISION_COUNT]; /* |got - want| <= tolerance (|want| + rms of the expected tensor) */
    grade_fields inputs;
    grade_fields outputs; /* expected; for an initializer only the shapes */
};

/* Draws one case. The same seed gives the same case, whatever other cases are drawn. End it with _case_destroy. */
assay_status assay_grade_case_create(const grade_component *component, size_t index, uint64_t seed, grade_case **made,
                                     assay_error *error);
void assay_grade_case_destroy(grade_case *graded);

/* Fields of the same names and shapes as `like`, with zeros. End them with _fields_clear. */
assay_status assay_grade_fields_like(const grade_fields *like, grade_fields *made, assay_error *error);
void assay_grade_fields_clear(grade_fields *fields);

/* --- for the makers and models of components --------------------------------------------------------------------- */

/* Adds a field and returns its zeroed values. Names may carry one number: ("weight%zu", 2). */
double *assay_grade_tensor0(grade_fields *fields, const char *name);
double *assay_grade_tensor1(grade_fields *fields, const char *name, size_t n0);
double *assay_grade_tensor2(grade_fields *fields, const char *name, size_t n0, size_t n1);
void assay_grade_text(grade_fields *fields, const char *name, const char *text);
/* Makes the field that was added last one of integers. */
void assay_grade_integers(grade_fields *fields);
/*
 * Makes it ragged: of an input, -1 fills rows up, and is left out in JSON; of an output, GRADE_SENTINEL fills up what
 * the submission leaves out at the end.
 */
void assay_grade_ragged(grade_fields *fields);
/* "weight" and 2 give "weight2", in `name`, which is returned. */
const char *assay_grade_numbered(char name[GRADE_NAME_LENGTH], const char *stem, size_t number);

/* The field of that name, which must be there. */
const grade_field *assay_grade_find(const grade_fields *fields, const char *name);
double *assay_grade_values(const grade_fields *fields, const char *name);
double assay_grade_number(const grade_fields *fields, const char *name);

/* e^x, and the range that is left of a positive number, in the precision of an implementation with these switches. */
double assay_grade_exponential(const grade_choice *choice, double x);
double assay_grade_in_range(const grade_choice *choice, double value);

/* The setting of a composite component's part: the tutorial's where nothing was found. */
grade_choice assay_grade_part_choice(const grade_choice *whole, const grade_component *part);

/* Draws; every value is a float32, so that a float32 implementation is given exactly the same inputs. */
double assay_grade_uniform(assay_mt19937 *random, double lower, double upper);
size_t assay_grade_index(assay_mt19937 *random, size_t count);
void assay_grade_normals(assay_mt19937 *random, size_t count, double std, double *values);

#ifdef __cplusplus
}
#endif
#endif
