/* What the benchmarks share: the clock, numbers of the command line, and the JSON file. */
#ifndef ASSAY_BENCH_COMMON_H
#define ASSAY_BENCH_COMMON_H

#include <getopt.h>
#include <jansson.h>
#include <stddef.h>

#include <assay/base/error.h>
#include <assay/data/dataset.h>

/* Prints "PROGRAM: MESSAGE" on standard error and exits with status 1. The program's name is its file's name. */
_Noreturn void bench_stop(const char *message);

/* Seconds of a clock that nothing sets. */
double bench_seconds(void);

/* The number in `text`, from `least` to `limit`; exits with status 2 if it is none. */
int bench_number(const char *text, int least, int limit);

/* What the command line of most benchmarks says. */
typedef struct {
    int rounds;
    int threads;
    const char *data;
    const char *json;
} bench_settings;

/*
 * Reads --rounds (r, 1 to most_rounds), --threads (t), --data (d) and --json (j), as far as `table` has them, into
 * `settings`, which has the defaults. Prints `usage` and exits: with status 0 for --help (h), 2 for what is unknown.
 */
void bench_parse(int argc, char **argv, const struct option *table, const char *usage, int most_rounds,
                 bench_settings *settings);

/* From -1 to 1, the same sequence in each run of a program. */
float bench_random(void);

/* The q quantile, 0 <= q < 1, of `count` > 0 numbers, which it sorts; 0.5: the median. */
double bench_quantile(double *numbers, size_t count, double q);

/*
 * Call it with --json's FILE, or NULL, before anything is printed: it exits with status 2 if FILE is one of the files
 * in the folder `data` (NULL: there is no folder), and sends what is printed to standard error if FILE is "-".
 */
void bench_begin_json(const char *file, const char *data);

/* The folder of the images: $ASSAY_DATA, or Debian's. */
const char *bench_data_folder(void);

/* bench_begin_json, and the images that train; exits with status 1 if they cannot be read. */
void bench_begin(const char *file, const char *data, assay_dataset *images);

/* Writes the document, which it takes over, to --json's FILE; only frees it for NULL. Exits after a failure. */
void bench_end_json(const char *file, json_t *document);

#endif
