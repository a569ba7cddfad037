/*
 * Fabricated records of studies with known effects, for the claims about training: a plan and its record, as lib/study
 * writes them.
 */
#ifndef ASSAY_TESTS_FABRICATED_H
#define ASSAY_TESTS_FABRICATED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIMIZERS "{\"name\": \"optimizer\", \"levels\": [\"sgd\", \"momentum\", \"adam\"]}"
#define METHODS                                                                                                  \
    "{\"name\": \"method\", \"levels\": [{\"name\": \"sgd\", \"optimizer\": \"sgd\"}, {\"name\": \"momentum\", " \
    "\"optimizer\": \"momentum\"}, {\"name\": \"adam\", \"optimizer\": \"adam\"}]}"
#define STARTS                                                                                                     \
    "{\"name\": \"start\", \"levels\": [{\"name\": \"constant\", \"init\": \"constant\"}, {\"name\": "             \
    "\"normal-0.01\", "                                                                                            \
    "\"init\": \"normal\"}, {\"name\": \"normal-0.1\", \"init\": \"normal\"}, {\"name\": \"normal-1\", \"init\": " \
    "\"normal\"}, {\"name\": \"xavier\", \"init\": \"normal\"}, {\"name\": \"torch\", \"init\": \"normal\"}]}"
#define DEPTHS                                                                                                \
    "{\"name\": \"depth\", \"levels\": [{\"name\": \"4\", \"hidden\": \"4\"}, {\"name\": \"8\", \"hidden\": " \
    "\"8\"}, {\"name\": \"16\", \"hidden\": \"16\"}, {\"name\": \"30\", \"hidden\": \"30\"}]}"

/* What each run records. */
enum { TEST, FIT, EIGENVALUE, TRACE, GROWTH, MEASURES };

/* What a record says: `effect` is added to the measure of every run whose key contains `cell`. */
typedef struct {
    const char *cell;
    int measure;
    double effect;
} planted;

typedef struct {
    const char *study;
    const char *factors;
    size_t seeds;
    double deviation;       /* of the noise of each run's accuracy; other measures: ten times as much */
    const planted *effects; /* [effect_count] */
    size_t effect_count;
    const char *lost; /* runs whose keys contain it are not there; NULL */
    const char *none; /* runs whose keys contain it finished no epoch; NULL */
    const char *odd;  /* runs whose keys contain it have no number for the measure `odd_measure`; NULL */
    int odd_measure;
    bool odd_text; /* but a text; else null */
} fabrication;

/* A study of 12 seeds, from which nothing is missing. */
fabrication fabricated_study(const char *name, const char *factors, double deviation, const planted *effects,
                             size_t count);

/* Writes plans/STUDY.json and STUDY.jsonl to a folder; makes the folder's subfolder `plans` if it is missing. */
void fabricate(const char *folder, const fabrication *f);

/* The numbers that the record has of a run, by their names in fabricated_measures; the caller ends it. */
json_t *fabricated_numbers(const fabrication *f, const char *key, uint64_t seed);
extern const char *const fabricated_measures[MEASURES];

/* Writes a text to folder/name. */
void fabricated_save(const char *folder, const char *name, const char *text);

#endif
