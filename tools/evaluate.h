/* assay evaluate: what its two files share. */
#ifndef ASSAY_TOOLS_EVALUATE_H
#define ASSAY_TOOLS_EVALUATE_H

#include <assay/model/model.h>
#include "tool.h"

#define EVALUATE_COMMAND "evaluate"

typedef struct {
    const char *path;
    const char *data;
    const char *backend;    /* as given, or NULL */
    const char *activation; /* as given, or NULL */
    const char *normalize;  /* as given, or NULL */
    const char *prefix;     /* as given, or NULL */
    const char *json;       /* a path, "-", or NULL */
    uint64_t seed;
    uint64_t threads;
    bool list;
    bool verbose;
} evaluate_options;

typedef struct {
    size_t right;
    size_t images;
} evaluate_score;

/* What was read, what it runs on, and what came of it. */
typedef struct {
    const evaluate_options *options;
    assay_model model;
    assay_backend *backend;
    assay_network *network;
    evaluate_score test;
    evaluate_score validation;
    json_t *notes; /* texts */
} evaluation;

/* Prints a note, and keeps it for the JSON. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void evaluate_note(evaluation *done, const char *format, ...);

/* Notes for what of the file is not computed, and for where the network was found. */
void evaluate_note_tensors(evaluation *done);

/* Prints the result, as text or JSON or both. */
assay_status evaluate_write(const evaluation *done, assay_error *error);

/* --list: the tensors of the file. */
assay_status evaluate_list(const evaluation *done, assay_error *error);

#endif
