/* assay study: what its files share. */
#ifndef ASSAY_TOOLS_STUDY_H
#define ASSAY_TOOLS_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/study/store.h>

typedef struct {
    const char *plan;
    const char *output; /* the folder; NULL: by the plan's name */
    const char *data;
    const char *normalize;
    const char *backend;
    const char *json;
    size_t jobs; /* 0: one for each processor */
    size_t part; /* of the runs: those with index % parts == part */
    size_t parts;
    bool list;
} study_options;

/* Prints each cell's measures, and each cell compared with the first; writes the same to options->json. */
assay_status study_report(const study_options *options, const assay_study_store *store, assay_error *error);

#endif
