/* assay study: what its files share. */
#ifndef ASSAY_TOOLS_STUDY_H
#define ASSAY_TOOLS_STUDY_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/data/dataset.h>
#include <assay/study/run.h>
#include <assay/study/store.h>

#define STUDY_COMMAND "study"
#define STUDY_MPI_PROGRAM "assay-study-mpi"

enum { STUDY_MAX_JOBS = 1024 };

typedef struct {
    const char *plan;
    const char *output; /* the folder; NULL: by the plan's name */
    const char *data;
    const char *normalize;
    const char *backend;
    const char *json;
    const char *commit;
    const char *pack; /* the record to write */
    const char *from; /* the record to read in place of a folder */
    size_t jobs;      /* 0: one for each processor */
    size_t part;      /* of the runs: those with index % parts == part */
    size_t parts;
    bool list;
} study_options;

/* What there is to do when the runs begin. */
typedef struct {
    const study_options *options;
    const assay_study_plan *plan;
    const char *folder;
    assay_study_store *store;
    size_t open; /* runs that are not finished, at least 1 */
} study_job;

/* Has all open runs of the job done. */
typedef assay_status study_runner(const study_job *job, assay_error *error);

/* In processes of this machine. */
study_runner study_run_jobs;

/* What a worker runs with. End it with study_machine_close. */
typedef struct {
    assay_study_machine about;
    assay_dataset train;
    assay_dataset test;
} study_machine;
assay_status study_machine_open(const study_options *options, study_machine *machine, assay_error *error);
void study_machine_close(study_machine *machine);

/* Reads the command line and the plan, which the caller ends with assay_study_plan_destroy. Returns the exit status. */
int study_prepare(int argc, char **argv, study_options *options, assay_study_plan **plan);

/* The whole command. Returns the exit status. */
int study_main(int argc, char **argv, study_runner *runner);

/* Prints each cell's measures, and each cell compared with the first; writes the same to options->json. */
assay_status study_report(const study_options *options, const assay_study_store *store, assay_error *error);

#endif
