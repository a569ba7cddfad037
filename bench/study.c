/*
 * Times what a study costs beside its runs. First, one plan in 1 and in 2 processes, round by round in turn: the median
 * ratio says how well processes share a machine. Then the coordinator's work alone, taking a run and storing a result
 * in a folder that fills up: which share of the time it needs with 1,000 workers whose runs take as long as the
 * tutorial's.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/study/store.h>
#include "common.h"

enum { MAX_ROUNDS = 100, WORKERS = 1000, HANDED_OUT = 10000 };

/* Seconds that a run takes: the tutorial's 40 epochs, one thread. Only the share of the coordinator depends on it. */
static double run_seconds = 40.0;

static void write_plan(const char *folder, size_t runs, const char *settings)
{
    char path[300];
    snprintf(path, sizeof path, "%s/plan.json", folder);
    FILE *stream = fopen(path, "w");
    if (stream == NULL) {
        bench_stop(path);
    }
    fprintf(stream,
            "{\"study\": \"bench\", \"settings\": {%s}, \"seeds\": {\"first\": 1, \"count\": %zu}, "
            "\"record\": [\"test_accuracy\"]}\n",
            settings, runs);
    if (fclose(stream) != 0) {
        bench_stop(path);
    }
}

static void shell(const char *command)
{
    if (system(command) != 0) {
        bench_stop(command);
    }
}

/* One study in `jobs` processes. */
static double time_study(const char *program, const char *folder, int jobs)
{
    char *command = assay_asprintf(NULL, "rm -rf %s/r && '%s' study %s/plan.json --output %s/r --jobs %d > /dev/null",
                                   folder, program, folder, folder, jobs);
    double start = bench_seconds();
    shell(command);
    double taken = bench_seconds() - start;
    assay_free(command);
    return taken;
}

static double scaling(const char *program, const char *folder, size_t rounds)
{
    double ratios[MAX_ROUNDS];
    /* The tutorial's network and images: the start of a process counts little beside the runs, as in real studies. */
    write_plan(folder, 16, "\"hidden\": \"512,256,256,128\", \"epochs\": 1");
    for (size_t i = 0; i < rounds; i++) {
        double one = time_study(program, folder, 1);
        ratios[i] = one / time_study(program, folder, 2);
    }
    return bench_quantile(ratios, rounds, 0.5);
}

/* Seconds for each run that is handed out and whose result is stored. */
static double coordination(const char *folder)
{
    char path[300];
    assay_study_plan *plan;
    assay_study_store *store;
    assay_error error;
    write_plan(folder, HANDED_OUT, "");
    snprintf(path, sizeof path, "%s/plan.json", folder);
    if (assay_study_plan_read(path, &plan, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    snprintf(path, sizeof path, "%s/c", folder);
    if (assay_study_store_open(plan, path, &store, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    double start = bench_seconds();
    for (size_t run = 0; run < HANDED_OUT; run++) {
        assay_study_state state;
        if (assay_study_store_take(store, run, &state, NULL, &error) != ASSAY_OK ||
            assay_study_store_put(store, run, "{\"key\":\"a line of about a hundred bytes, as results are\"}\n",
                                  &error) != ASSAY_OK) {
            bench_stop(error.message);
        }
    }
    double taken = (bench_seconds() - start) / HANDED_OUT;
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    return taken;
}

static void print_help(void)
{
    printf("Usage: bench/study [OPTION...]\n\n"
           "  --rounds N         studies in 1 and in 2 processes (default 3)\n"
           "  --run-seconds X    what a run is taken to last (default 40)\n"
           "  --program PATH     the program assay (default ./assay)\n"
           "  --json FILE        write the numbers to FILE (-: standard output)\n");
}

int main(int argc, char **argv)
{
    /* clang-format off */
    static const struct option table[] = {
        {"rounds", required_argument, NULL, 'r'}, {"run-seconds", required_argument, NULL, 's'},
        {"program", required_argument, NULL, 'p'}, {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    /* clang-format on */
    size_t rounds = 3;
    const char *program = "./assay";
    const char *json = NULL;
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (option) {
        case 'r': rounds = (size_t)strtoul(optarg, NULL, 10); break;
        case 's': run_seconds = strtod(optarg, NULL); break;
        case 'p': program = optarg; break;
        case 'j': json = optarg; break;
        case 'h': print_help(); return 0;
        default: return 2;
        }
    }
    if (rounds == 0 || rounds > MAX_ROUNDS || !(run_seconds > 0)) {
        bench_stop("--rounds must be from 1 to 100, --run-seconds above 0");
    }
    bench_begin_json(json, NULL);
    char folder[] = "/tmp/assay-bench-study-XXXXXX";
    if (mkdtemp(folder) == NULL) {
        bench_stop(strerror(errno));
    }
    double speedup = scaling(program, folder, rounds);
    double each = coordination(folder);
    double share = each * WORKERS / run_seconds;
    char *clean = assay_asprintf(NULL, "rm -rf %s", folder);
    shell(clean);
    assay_free(clean);
    printf("2 processes are %.2f times as fast as 1 (median of %zu rounds, %ld processors)\n", speedup, rounds,
           sysconf(_SC_NPROCESSORS_ONLN));
    printf("handing out a run and storing its result: %.0f us; with %d workers and runs of %g s: %.2f %% of the time\n",
           1e6 * each, WORKERS, run_seconds, 100 * share);
    json_t *numbers = json_pack("{s:f, s:f, s:f}", "speedup", speedup, "coordination_seconds", each,
                                "coordinator_share", share);
    bench_end_json(json, numbers);
    return 0;
}
