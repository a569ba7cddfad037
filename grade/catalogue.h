/*
 * The catalogue of mistakes (golden/mistakes.json, compiled in): what each mistake is called and how it is
 * explained.
 */
#ifndef ASSAY_GRADE_CATALOGUE_H
#define ASSAY_GRADE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

typedef struct grade_catalogue grade_catalogue;

typedef struct {
    const char *id;          /* "adam.epsilon_in_root" */
    const char *component;   /* a component's name; "any", "initializer" or "submission" for those of several */
    const char *name;        /* one line */
    const char *explanation; /* what the code does */
    const char *hint;        /* where to look; does not give the code away */
    const char *kind;        /* "mistake", or "convention": right elsewhere, but not the tutorial's choice */
    const char *rationale;   /* why students make it, and which case brings it to light */
} grade_mistake;

/* End it with _close. ASSAY_ERROR_MEMORY, or ASSAY_ERROR_FORMAT where the compiled-in text is damaged. */
assay_status assay_grade_catalogue_open(grade_catalogue **catalogue, assay_error *error);
void assay_grade_catalogue_close(grade_catalogue *catalogue);

size_t assay_grade_catalogue_count(const grade_catalogue *catalogue);
const grade_mistake *assay_grade_catalogue_at(const grade_catalogue *catalogue, size_t index);
/* NULL for an id that is not there. */
const grade_mistake *assay_grade_catalogue_find(const grade_catalogue *catalogue, const char *id);

/* How many mistakes of one component are named, measured on the mistakes that its models make (golden/named.json). */
typedef struct {
    size_t planted; /* single ones, each form of a mistake for itself */
    size_t named;
    size_t alone; /* of these: named by their own name, without others that give the same values */
    size_t pairs; /* a sample */
    size_t pairs_named;
} grade_named;

/* All 0 for a component that does not exist. */
grade_named assay_grade_catalogue_named(const grade_catalogue *catalogue, const char *component);
/* "20 of 20 planted mistakes are named (18 by one name only), 90 of 90 pairs" */
void assay_grade_named_text(const grade_named *named, char *text, size_t size);

/* Whether those of that name ("keras") use a convention. */
bool assay_grade_catalogue_used_by(const grade_catalogue *catalogue, const grade_mistake *convention, const char *name);
/* Number `index` of them; NULL beyond the last. */
const char *assay_grade_catalogue_user(const grade_catalogue *catalogue, const grade_mistake *convention, size_t index);
/* Whether a name is a convention's id, or that of those who use one. */
bool assay_grade_catalogue_has_convention(const grade_catalogue *catalogue, const char *name);

#endif
