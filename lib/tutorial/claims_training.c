/* Claims 25 to 27 and 31 to 33: training. doc/claims.md states the rules, which were written before the runs. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_study.h"
#include "base/order.h"

enum { SGD, MOMENTUM, ADAM, METHODS };
static const char *const LEVELS[METHODS] = {"sgd", "momentum", "adam"};
static const char *const TITLES[METHODS] = {"SGD", "momentum", "Adam"};

/* Settings of the few short runs where there is no record. */
#define QUICK_NETWORK "\"hidden\": \"100,100,100\", \"batch\": 64, \"train_count\": 3000, \"validation_count\": 1000"
#define QUICK_SEEDS "\"seeds\": {\"first\": %llu, \"count\": %zu}"
#define OPTIMIZERS "{\"name\": \"optimizer\", \"levels\": [\"sgd\", \"momentum\", \"adam\"]}"

/* "optimizer=adam" */
static const char *cell_of(int method, char name[80])
{
    snprintf(name, 80, "optimizer=%s", LEVELS[method]);
    return name;
}

static double mean(size_t count, const double *values)
{
    return assay_statistic_mean(count, values, NULL);
}

/* columns[column] = the measure of method a, less that of method b unless b is METHODS. A cell is named by the prefix
 * and the optimizer. */
static assay_status difference(claim_study *study, size_t column, const char *prefix, int a, int b, const char *measure,
                               assay_error *error)
{
    char cell[96];
    char other[96];
    snprintf(cell, sizeof cell, "%s%s", prefix, LEVELS[a]);
    snprintf(other, sizeof other, "%s%s", prefix, b < METHODS ? LEVELS[b] : "");
    return claim_study_column(study, column, cell, b < METHODS ? other : NULL, measure, error);
}

/* The same for numbers that the caller has read before, so that it cannot fail. */
static void difference_again(claim_study *study, size_t column, const char *prefix, int a, int b, const char *measure)
{
    assay_status status = difference(study, column, prefix, a, b, measure, NULL);
    assert(status == ASSAY_OK); /* LCOV_EXCL_BR_LINE: they have been read before */
    (void)status;
}

/* A part that says that the mean of a column is above 0. */
static assay_status add_above_zero(const claim_study *study, size_t column, const char *name, const char *measure,
                                   assay_claim_result *result, assay_error *error)
{
    return claim_add_part(result, &(claim_part){.name = name, .measure = measure, .low = 0.0, .high = INFINITY},
                          study->seeds, study->columns[column], error);
}

/* A line of a figure: the values in their order of size, as percentages, and the share of the seeds up to each. Changes
 * the values. */
static assay_status add_distribution(assay_claim_result *result, const char *label, size_t count, double *values,
                                     assay_error *error)
{
    double *share = assay_calloc(count, sizeof *share, error);
    if (share == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    qsort(values, count, sizeof *values, assay_compare_doubles);
    for (size_t i = 0; i < count; i++) {
        share[i] = 100.0 * ((double)i + 1.0) / (double)count;
        values[i] *= 100.0;
    }
    assay_status status = claim_add_line(result, label, ASSAY_LINE_MARKED, count, values, share, error);
    assay_free(share);
    return status;
}

/* --- 25 ---------------------------------------------------------------------------------------------------------- */

static const struct {
    int a;
    int b;
    const char *equal;
    const char *better;
} pairs[] = {
    {MOMENTUM, SGD, "momentum and SGD are equally good", "momentum is better than SGD"},
    {ADAM, SGD, "Adam and SGD are equally good", "Adam is better than SGD"},
    {ADAM, MOMENTUM, "Adam and momentum are equally good", "Adam is better than momentum"},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

/* Seeds for a two-sided test at level 0.05 to see the mean difference with probability 0.9, if differences were
 * normal: (1.960 + 1.282)^2 (deviation / mean)^2. */
static double seeds_needed(size_t count, const double *values)
{
    double centre = mean(count, values);
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        squares += (values[i] - centre) * (values[i] - centre);
    }
    double quantiles = assay_normal_quantile(0.975) + assay_normal_quantile(0.9);
    return ceil(quantiles * quantiles * squares / ((double)count - 1.0) / (centre * centre));
}

static assay_status draw_accuracies(claim_study *study, assay_claim_result *result, assay_error *error)
{
    claim_figure(result, "Test accuracy of the three optimizers",
                 "Share of the seeds whose test accuracy is at most this.");
    claim_add_panel(result, &(claim_panel){.x_label = "Test accuracy (%)", .y_label = "Share of the seeds (%)"});
    for (int method = 0; method < METHODS; method++) {
        difference_again(study, 0, "optimizer=", method, METHODS, "test_accuracy");
        claim_add_row(result, TITLES[method], NULL, "%.2f %%", 100.0 * mean(study->seeds, study->columns[0]));
        ASSAY_TRY(add_distribution(result, TITLES[method], study->seeds, study->columns[0], error));
    }
    return ASSAY_OK;
}

static assay_status report_equal(claim_study *study, assay_claim_result *result, assay_error *error)
{
    double means[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        ASSAY_TRY(difference(study, i, "optimizer=", pairs[i].a, pairs[i].b, "test_accuracy", error));
        means[i] = mean(study->seeds, study->columns[i]);
        ASSAY_TRY(claim_add_part(result,
                                 &(claim_part){.name = pairs[i].equal,
                                               .measure = "difference of the test accuracies, paired by seed",
                                               .rule = ASSAY_PART_INTERVAL,
                                               .low = -0.005,
                                               .high = 0.005},
                                 study->seeds, study->columns[i], error));
    }
    for (size_t i = 0; i < PAIRS; i++) {
        char label[96];
        ASSAY_TRY(add_above_zero(study, i, pairs[i].better, "difference of the test accuracies, paired by seed", result,
                                 error));
        snprintf(label, sizeof label, "%s: difference; seeds to see it with probability 0.9", pairs[i].better);
        if (study->seeds > 1 && means[i] != 0.0) {
            claim_add_row(result, label, NULL, "%+.3f points; %.0f", 100.0 * means[i],
                          seeds_needed(study->seeds, study->columns[i]));
        }
    }
    claim_note(
        result,
        "Over %zu seeds the mean test accuracies differ by %+.2f points (momentum and SGD), %+.2f (Adam and SGD) "
        "and %+.2f (Adam and momentum).",
        study->seeds, 100.0 * means[0], 100.0 * means[1], 100.0 * means[2]);
    return draw_accuracies(study, result, error);
}

static assay_status measure_equal(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const char quick[] = "{\"study\": \"training\", \"settings\": {\"epochs\": 2, " QUICK_NETWORK
                                "}, \"factors\": [" OPTIMIZERS "], " QUICK_SEEDS ", \"record\": [\"test_accuracy\"]}";
    claim_study study;
    assay_status status = claim_study_open(input, "training", quick, 6, &study, result, error);
    if (status == ASSAY_OK) {
        status = report_equal(&study, result, error);
    }
    claim_study_close(&study);
    return status;
}

/* The first three parts: equally good; the others: a difference can be told. */
static assay_claim_verdict equal_verdict(const assay_claim_result *result)
{
    size_t equal = 0;
    size_t apart = 0;
    size_t told = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        equal += result->parts[i].answer == ASSAY_ANSWER_YES;
        apart += result->parts[i].answer == ASSAY_ANSWER_NO;
        told += result->parts[PAIRS + i].answer != ASSAY_ANSWER_UNKNOWN;
    }
    if (apart > 0) {
        return ASSAY_CLAIM_DOES_NOT_HOLD;
    }
    if (equal < PAIRS) {
        return ASSAY_CLAIM_CANNOT_TELL;
    }
    return told == 0 ? ASSAY_CLAIM_HOLDS : ASSAY_CLAIM_HOLDS_IN_PART;
}

const assay_claim assay_claim_25 = {
    .number = 25,
    .cell = "[28]",
    .title = "The three optimizers perform equally well",
    .says = "With Kaiming's start the three optimizers perform equally well; the differences are too small to conclude "
            "anything.",
    .decided =
        "The paired differences of test accuracy, 40 epochs, 60 seeds. Equally good: the 95 % interval is within "
        "0.5 points of 0. The claim holds if all three pairs are, and none differs (sign-flip test).",
    .in_seconds = true,
    .studies = {"training"},
    .full = "about 3 hours on one core",
    .measure = measure_equal,
    .verdict = equal_verdict,
};

/* --- 26 ---------------------------------------------------------------------------------------------------------- */

enum { STARTS = 6, OTHERS = 2, KIND = STARTS * OTHERS };
static const struct {
    const char *level;
    const char *title;
} starts[STARTS] = {
    {"constant", "constant 0.005"},
    {"normal-0.01", "deviation 0.01"},
    {"normal-0.1", "deviation 0.1"},
    {"normal-1", "deviation 1"},
    {"xavier", "Xavier"},
    {"torch", "PyTorch's"},
};

/* The parts of one kind of rates: for each start Adam against SGD and against momentum. */
static assay_status compare_starts(claim_study *study, bool best, assay_claim_result *result, assay_error *error)
{
    for (size_t s = 0; s < STARTS; s++) {
        char prefix[80];
        double means[METHODS];
        snprintf(prefix, sizeof prefix, best ? "method=%s-" : "start=%s,optimizer=", starts[s].level);
        for (int method = 0; method < METHODS; method++) {
            ASSAY_TRY(difference(study, 0, prefix, method, METHODS, "test_accuracy", error));
            means[method] = 100.0 * mean(study->seeds, study->columns[0]);
        }
        char text[96];
        snprintf(text, sizeof text, "%s, %s: SGD, momentum, Adam", starts[s].title,
                 best ? "best rates" : "the tutorial's rates");
        claim_add_row(result, text, NULL, "%.2f, %.2f, %.2f %%", means[SGD], means[MOMENTUM], means[ADAM]);
        for (int other = SGD; other <= MOMENTUM; other++) {
            difference_again(study, 0, prefix, ADAM, other, "test_accuracy");
            snprintf(text, sizeof text, "%s%s: Adam is better than %s", starts[s].title, best ? ", best rates" : "",
                     TITLES[other]);
            ASSAY_TRY(
                add_above_zero(study, 0, text, "difference of the test accuracies, paired by seed", result, error));
        }
    }
    return ASSAY_OK;
}

/* One point for each start, in the order of the list. */
static assay_status draw_starts(claim_study *study, bool best, assay_claim_result *result, assay_error *error)
{
    double x[STARTS];
    double y[STARTS];
    claim_add_panel(result, &(claim_panel){.title = best ? "Each at its best rate" : "The tutorial's rates",
                                           .x_label = "Start",
                                           .y_label = "Mean test accuracy (%)",
                                           .x_names = "const.|sd 0.01|sd 0.1|sd 1|Xavier|PyTorch"});
    for (int method = 0; method < METHODS; method++) {
        for (size_t s = 0; s < STARTS; s++) {
            char prefix[80];
            snprintf(prefix, sizeof prefix, best ? "method=%s-" : "start=%s,optimizer=", starts[s].level);
            difference_again(study, 0, prefix, method, METHODS, "test_accuracy");
            x[s] = (double)s + 1.0;
            y[s] = 100.0 * mean(study->seeds, study->columns[0]);
        }
        ASSAY_TRY(claim_add_line(result, TITLES[method], ASSAY_LINE_POINTS, STARTS, x, y, error));
    }
    return ASSAY_OK;
}

static assay_status measure_starts(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const char quick[] =
        "{\"study\": \"starts\", \"settings\": {\"epochs\": 2, " QUICK_NETWORK "}, \"factors\": [{\"name\": \"start\", "
        "\"levels\": [{\"name\": \"constant\", \"init\": \"constant\", \"init_value\": 0.005}, {\"name\": "
        "\"normal-0.01\", \"init\": \"normal\", \"init_value\": 0.01}, {\"name\": \"normal-0.1\", \"init\": "
        "\"normal\", "
        "\"init_value\": 0.1}, {\"name\": \"normal-1\", \"init\": \"normal\", \"init_value\": 1}, {\"name\": "
        "\"xavier\", \"init\": \"xavier-uniform\"}, {\"name\": \"torch\", \"init\": \"torch-default\"}]}, " OPTIMIZERS
        "], " QUICK_SEEDS ", \"record\": [\"test_accuracy\"]}";
    static const char *const names[] = {"starts", "starts-best"};
    claim_figure(result, "Worse starts", "Mean test accuracy after each start.");
    assay_status status = ASSAY_OK;
    size_t kinds = 0;
    for (int best = 0; best < 2 && status == ASSAY_OK; best++) {
        claim_study study;
        status = claim_study_open(input, names[best], best == 0 ? quick : NULL, 3, &study, result, error);
        if (status == ASSAY_OK && study.plan != NULL) {
            kinds++;
            status = compare_starts(&study, best == 1, result, error);
            status = status == ASSAY_OK ? draw_starts(&study, best == 1, result, error) : status;
        }
        claim_study_close(&study);
    }
    claim_note(result, "%s",
               kinds == 2
                   ? "Each start was tried at the tutorial's rates, and with each optimizer at its own best rate."
                   : "Only the tutorial's rates were tried: there is no record of the best rates.");
    return status;
}

/* Against one other optimizer, at one kind of rates. */
typedef struct {
    size_t better; /* starts after which Adam is */
    size_t worse;
} tally;

/* The parts of a kind are in pairs: against SGD, against momentum. */
static tally count_starts(const assay_claim_result *result, size_t kind, size_t other)
{
    tally found = {0, 0};
    for (size_t s = 0; s < STARTS; s++) {
        size_t part = kind * KIND + s * OTHERS + other;
        if (part < result->part_count) {
            found.better += result->parts[part].answer == ASSAY_ANSWER_YES;
            found.worse += result->parts[part].answer == ASSAY_ANSWER_NO;
        }
    }
    return found;
}

static bool more_robust(tally found)
{
    return found.better >= 4 && found.worse == 0;
}

/* Four answers: against two optimizers, at two kinds of rates. */
static assay_claim_verdict starts_verdict(const assay_claim_result *result)
{
    size_t robust = 0;
    size_t worse = 0;
    bool beaten = true; /* at both kinds of rates: worse at least as often as better */
    for (size_t kind = 0; kind < 2; kind++) {
        tally both = {0, 0};
        for (size_t other = 0; other < OTHERS; other++) {
            tally found = count_starts(result, kind, other);
            robust += more_robust(found);
            both.better += found.better;
            both.worse += found.worse;
        }
        worse += both.worse;
        beaten = beaten && both.worse >= both.better;
    }
    if (robust > 0) {
        return robust == 2 * (size_t)OTHERS ? ASSAY_CLAIM_HOLDS : ASSAY_CLAIM_HOLDS_IN_PART;
    }
    bool complete = result->part_count == 2 * (size_t)KIND; /* both kinds of rates were tried */
    return complete && beaten && worse > 0 ? ASSAY_CLAIM_DOES_NOT_HOLD : ASSAY_CLAIM_CANNOT_TELL;
}

static void starts_condition(const assay_claim_result *result, char *text, size_t size)
{
    size_t used = 0;
    for (size_t kind = 0; kind * KIND < result->part_count; kind++) {
        for (size_t other = 0; other < OTHERS && used < size; other++) {
            tally found = count_starts(result, kind, other);
            used += (size_t)snprintf(text + used, size - used,
                                     "%sAgainst %s at %s rates: %s (better after %zu of %d starts, worse after %zu).",
                                     used > 0 ? " " : "", TITLES[other], kind == 0 ? "the tutorial's" : "the best",
                                     more_robust(found) ? "more robust" : "not shown to be more robust", found.better,
                                     STARTS, found.worse);
        }
    }
}

const assay_claim assay_claim_26 = {
    .number = 26,
    .cell = "[28]",
    .title = "After a worse start Adam is more robust",
    .says =
        "When the network starts with worse weights, for example with one constant, Adam usually still trains well: "
        "it is more robust than SGD and momentum.",
    .decided =
        "Six starts, 5 epochs on 20,000 images, 20 seeds: test accuracy of Adam less that of SGD, and less that of "
        "momentum, paired by seed, at the tutorial's rates and at each optimizer's best rate for the start. Against "
        "one optimizer at one kind of rates Adam is more robust if it is better after at least 4 of the 6 starts and "
        "worse after none. The claim holds if all four of these answers are yes, and in part if some are. It does not "
        "hold if none is and, at both kinds of rates, Adam is worse in at least as many comparisons as it is better.",
    .in_seconds = true,
    .studies = {"starts"},
    .full = "about 2 hours on one core",
    .measure = measure_starts,
    .verdict = starts_verdict,
    .condition = starts_condition,
};

/* --- 27 ---------------------------------------------------------------------------------------------------------- */

/* Keeps the seeds that both studies have finished, in both; returns their number. */
static size_t keep_common_seeds(claim_study *a, claim_study *b)
{
    size_t common = 0;
    for (size_t i = 0; i < a->seeds; i++) {
        uint64_t seed = assay_study_plan_seed(a->plan, a->places[i]);
        for (size_t j = common; j < b->seeds; j++) {
            if (assay_study_plan_seed(b->plan, b->places[j]) == seed) {
                size_t place = b->places[common];
                b->places[common] = b->places[j];
                b->places[j] = place;
                a->places[common++] = a->places[i];
                break;
            }
        }
    }
    a->seeds = common;
    b->seeds = common;
    return common;
}

static assay_status compare_sizes(claim_study *small, claim_study *large, assay_claim_result *result,
                                  assay_error *error)
{
    size_t seeds = keep_common_seeds(small, large);
    double means[METHODS];
    if (seeds == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "studies small and training: no seed is finished in both");
    }
    claim_figure(result, "A smaller network", "Share of the seeds whose test accuracy is at most this.");
    claim_add_panel(result, &(claim_panel){.x_label = "Test accuracy (%)", .y_label = "Share of the seeds (%)"});
    for (int method = 0; method < METHODS; method++) {
        char cell[80];
        char text[96];
        ASSAY_TRY(claim_study_column(small, 0, cell_of(method, cell), NULL, "test_accuracy", error));
        ASSAY_TRY(claim_study_column(large, 0, cell, NULL, "test_accuracy", error));
        double *differences = small->columns[1];
        assay_paired_differences(seeds, small->columns[0], large->columns[0], differences);
        means[method] = 100.0 * mean(seeds, differences);
        claim_add_row(result, TITLES[method], NULL, "%.2f %% (small), %.2f %% (the tutorial's)",
                      100.0 * mean(seeds, small->columns[0]), 100.0 * mean(seeds, large->columns[0]));
        snprintf(text, sizeof text, "with %s the small network reaches the same accuracy", TITLES[method]);
        ASSAY_TRY(claim_add_part(result,
                                 &(claim_part){.name = text,
                                               .measure = "test accuracy of 100, 100, 100 units less that of the "
                                                          "tutorial's network",
                                               .rule = ASSAY_PART_INTERVAL,
                                               .low = -0.01,
                                               .high = 0.01},
                                 seeds, differences, error));
        snprintf(text, sizeof text, "%s, small", TITLES[method]);
        ASSAY_TRY(add_distribution(result, text, seeds, small->columns[0], error));
        ASSAY_TRY(add_distribution(result, TITLES[method], seeds, large->columns[0], error));
    }
    claim_note(result,
               "The small network has 99,710 parameters in place of 633,226. Its mean test accuracy differs by %+.2f "
               "points with SGD, %+.2f with momentum and %+.2f with Adam.",
               means[SGD], means[MOMENTUM], means[ADAM]);
    return ASSAY_OK;
}

#define QUICK_SIZE(name, hidden)                                                                       \
    "{\"study\": \"" name "\", \"settings\": {\"epochs\": 1, \"hidden\": \"" hidden                    \
    "\", \"batch\": 64, \"train_count\": 3000, \"validation_count\": 1000}, \"factors\": [" OPTIMIZERS \
    "], " QUICK_SEEDS ", \"record\": [\"test_accuracy\"]}"

static assay_status measure_sizes(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    claim_study small;
    claim_study large = {.plan = NULL};
    assay_status status = claim_study_open(input, "small", QUICK_SIZE("small", "100,100,100"), 3, &small, result,
                                           error);
    if (status == ASSAY_OK) {
        status = claim_study_open(input, "training", QUICK_SIZE("training", "512,256,256,128"), 3, &large, result,
                                  error);
    }
    if (status == ASSAY_OK) {
        status = compare_sizes(&small, &large, result, error);
    }
    claim_study_close(&small);
    claim_study_close(&large);
    return status;
}

static assay_claim_verdict sizes_verdict(const assay_claim_result *result)
{
    size_t answers[3] = {0};
    for (size_t i = 0; i < result->part_count; i++) {
        answers[result->parts[i].answer]++;
    }
    if (answers[ASSAY_ANSWER_YES] == METHODS) {
        return ASSAY_CLAIM_HOLDS;
    }
    if (answers[ASSAY_ANSWER_YES] > 0) {
        return ASSAY_CLAIM_HOLDS_IN_PART;
    }
    return answers[ASSAY_ANSWER_NO] == METHODS ? ASSAY_CLAIM_DOES_NOT_HOLD : ASSAY_CLAIM_CANNOT_TELL;
}

const assay_claim assay_claim_27 = {
    .number = 27,
    .cell = "[24]",
    .title = "A smaller network does about as well",
    .says = "Hidden layers of 100, 100 and 100 units reach a similar performance.",
    .decided =
        "Test accuracy of the small network less that of the tutorial's, 40 epochs, 20 seeds, paired by seed: the "
        "95 % interval is within 1 point of 0, for each optimizer.",
    .in_seconds = true,
    .studies = {"small", "training"},
    .full = "about 15 minutes on one core, beside claim 25's runs",
    .measure = measure_sizes,
    .verdict = sizes_verdict,
};

/* --- 31 ---------------------------------------------------------------------------------------------------------- */

enum { GAP_PARTS = 3 };

/* columns[0] = the gap of method a less that of b: training less test accuracy, of the best epoch's parameters. */
static assay_status gap_difference(claim_study *study, const char *prefix, int a, int b, assay_error *error)
{
    ASSAY_TRY(difference(study, 0, prefix, a, b, "fit_accuracy", error));
    ASSAY_TRY(difference(study, 1, prefix, a, b, "test_accuracy", error));
    assay_paired_differences(study->seeds, study->columns[0], study->columns[1], study->columns[0]);
    return ASSAY_OK;
}

static assay_status compare_gaps(claim_study *study, bool best, assay_claim_result *result, assay_error *error)
{
    const char *prefix = best ? "method=" : "optimizer=";
    char text[96];
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(gap_difference(study, prefix, method, METHODS, error));
        snprintf(text, sizeof text, "%s%s: gap, test accuracy", TITLES[method], best ? ", best rate" : "");
        claim_add_row(result, text, NULL, "%.2f points, %.2f %%", 100.0 * mean(study->seeds, study->columns[0]),
                      100.0 * mean(study->seeds, study->columns[1]));
    }
    static const char *const names[] = {"Adam overfits more than SGD", "Adam overfits more than momentum"};
    for (int other = SGD; other <= MOMENTUM; other++) {
        ASSAY_TRY(gap_difference(study, prefix, ADAM, other, error)); /* ASSAY_EXCL_MCDC: both were read above */
        snprintf(text, sizeof text, "%s%s", names[other], best ? ", best rates" : "");
        ASSAY_TRY(add_above_zero(study, 0, text, "difference of the gaps: training less test accuracy", result, error));
    }
    difference_again(study, 0, prefix, MOMENTUM, ADAM, "test_accuracy");
    snprintf(text, sizeof text, "momentum generalises better than Adam%s", best ? ", best rates" : "");
    return add_above_zero(study, 0, text, "difference of the test accuracies, paired by seed", result, error);
}

static assay_status draw_gaps(claim_study *study, bool best, assay_claim_result *result, assay_error *error)
{
    claim_add_panel(result, &(claim_panel){.title = best ? "Each at its best rate" : "The tutorial's rates",
                                           .x_label = "Training less test accuracy (points)",
                                           .y_label = "Share of the seeds (%)"});
    for (int method = 0; method < METHODS; method++) {
        const char *prefix = best ? "method=" : "optimizer=";
        ASSAY_TRY(gap_difference(study, prefix, method, METHODS, error)); /* ASSAY_EXCL_MCDC: compare_gaps read it */
        ASSAY_TRY(add_distribution(result, TITLES[method], study->seeds, study->columns[0], error));
    }
    return ASSAY_OK;
}

static assay_status measure_gaps(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const char quick[] = "{\"study\": \"training\", \"settings\": {\"epochs\": 4, " QUICK_NETWORK
                                "}, \"factors\": [" OPTIMIZERS "], " QUICK_SEEDS
                                ", \"record\": [\"test_accuracy\", \"fit_accuracy\"]}";
    static const char *const names[] = {"training", "training-best"};
    claim_figure(result, "Overfitting", "Share of the seeds whose gap is at most this.");
    assay_status status = ASSAY_OK;
    size_t kinds = 0;
    for (int best = 0; best < 2 && status == ASSAY_OK; best++) {
        claim_study study;
        status = claim_study_open(input, names[best], best == 0 ? quick : NULL, 6, &study, result, error);
        if (status == ASSAY_OK && study.plan != NULL) {
            kinds++;
            status = compare_gaps(&study, best == 1, result, error);
            status = status == ASSAY_OK ? draw_gaps(&study, best == 1, result, error) : status;
        }
        claim_study_close(&study);
    }
    claim_note(result, "%s",
               kinds == 2 ? "The gap is training less test accuracy, both with the parameters of the best validation "
                            "epoch; at the tutorial's rates, and with each optimizer at its own best rate."
                          : "The gap is training less test accuracy, both with the parameters of the best validation "
                            "epoch. Only the tutorial's rates were tried: there is no record of the best rates.");
    return status;
}

static assay_claim_verdict gaps_verdict(const assay_claim_result *result)
{
    return claim_direction_verdict(result, 2 * (size_t)GAP_PARTS);
}

const assay_claim assay_claim_31 = {
    .number = 31,
    .cell = "[36]",
    .title = "Adam overfits more",
    .says = "SGD with momentum often generalises better, and Adam tends to overfit more.",
    .decided = "Training less test accuracy (the gap) and test accuracy, paired by seed, at the tutorial's rates (40 "
               "epochs, 60 seeds) and at each optimizer's best rate (20 epochs, 20 seeds): Adam's gap is larger than "
               "both others', and momentum's test accuracy is better than Adam's.",
    .in_seconds = true,
    .studies = {"training"},
    .full = "about 30 minutes on one core, beside claim 25's runs",
    .measure = measure_gaps,
    .verdict = gaps_verdict,
};

/* --- 32 ---------------------------------------------------------------------------------------------------------- */

/* columns[column] = log of the eigenvalue of one method, which list_sharpness has read; NaN where none is above 0. */
static void log_eigenvalue(claim_study *study, size_t column, int method)
{
    difference_again(study, column, "optimizer=", method, METHODS, "hessian_eigenvalue");
    for (size_t i = 0; i < study->seeds; i++) {
        double value = study->columns[column][i];
        study->columns[column][i] = value > 0.0 ? log(value) : NAN;
    }
}

/* Moves the seeds to the front whose sharpness is known; returns how many there are. Every seed has a gap. */
static size_t keep_known(size_t count, double *gaps, double *sharpness)
{
    for (size_t i = 0; i < count; i++) {
        gaps[i] = isnan(sharpness[i]) ? NAN : gaps[i];
    }
    claim_drop_unknown(count, gaps);
    return claim_drop_unknown(count, sharpness);
}

static assay_status add_correlation(size_t count, const double *gaps, const double *sharpness,
                                    assay_claim_result *result, assay_error *error)
{
    if (count < 12) {
        return ASSAY_OK; /* an interval would say too little */
    }
    assay_interval interval;
    ASSAY_TRY(claim_rank_correlation(count, gaps, sharpness, &interval, error));
    const double values[] = {interval.estimate, interval.lower, interval.upper};
    return claim_add_part(result,
                          &(claim_part){.name = "where Adam's optimum is sharper, it overfits more",
                                        .measure = "Spearman's correlation of the two differences over seeds",
                                        .rule = ASSAY_PART_GIVEN,
                                        .low = 0.0,
                                        .high = 1.0},
                          3, values, error);
}

static assay_status draw_sharpness(claim_study *study, assay_claim_result *result, assay_error *error)
{
    claim_figure(result, "Sharpness and overfitting",
                 "Each point is a run: the largest eigenvalue of the Hessian at its parameters, and its gap.");
    claim_add_panel(result, &(claim_panel){.x_label = "Largest eigenvalue of the Hessian",
                                           .y_label = "Training less test accuracy (points)",
                                           .x_log = true});
    for (int method = 0; method < METHODS; method++) {
        double *gaps = study->columns[0];
        double *eigenvalues = study->columns[2];
        ASSAY_TRY(gap_difference(study, "optimizer=", method, METHODS, error));
        log_eigenvalue(study, 2, method);
        size_t known = keep_known(study->seeds, gaps, eigenvalues);
        for (size_t i = 0; i < known; i++) {
            gaps[i] *= 100.0;
            eigenvalues[i] = exp(eigenvalues[i]);
        }
        if (known > 0) {
            ASSAY_TRY(claim_add_line(result, TITLES[method], ASSAY_LINE_POINTS, known, eigenvalues, gaps, error));
        }
    }
    if (result->panels[0].line_count == 0) {
        result->panel_count = 0; /* no figure */
    }
    return ASSAY_OK;
}

/* Each method's mean eigenvalue, trace and growth. */
static assay_status list_sharpness(claim_study *study, assay_claim_result *result, assay_error *error)
{
    static const char *const measures[] = {"hessian_eigenvalue", "hessian_trace", "perturbed_growth"};
    for (int method = 0; method < METHODS; method++) {
        double means[3];
        for (size_t m = 0; m < 3; m++) {
            ASSAY_TRY(difference(study, m, "optimizer=", method, METHODS, measures[m], error));
            size_t known = claim_drop_unknown(study->seeds, study->columns[m]);
            means[m] = known > 0 ? mean(known, study->columns[m]) : NAN;
        }
        claim_add_row(result, TITLES[method], NULL, "eigenvalue %.3g, trace %.3g, growth %.3g", means[0], means[1],
                      means[2]);
    }
    return ASSAY_OK;
}

/* A part of the first `known` values of a column: Adam less momentum. A row says how many seeds are left out. */
static assay_status add_sharper(const claim_study *study, size_t column, size_t known, const char *name,
                                const char *measure, const char *what, assay_claim_result *result, assay_error *error)
{
    if (known < study->seeds) {
        char label[ASSAY_CLAIM_LABEL];
        snprintf(label, sizeof label, "seeds without %s of Adam or momentum", what);
        claim_add_row(result, label, NULL, "%zu of %zu, left out: no epoch was finished, or the number is %s",
                      study->seeds - known, study->seeds, column == 3 ? "not above 0" : "not finite");
    }
    return claim_add_part(result, &(claim_part){.name = name, .measure = measure, .low = 0.0, .high = INFINITY}, known,
                          study->columns[column], error);
}

static assay_status report_sharpness(claim_study *study, assay_claim_result *result, assay_error *error)
{
    double *gaps = study->columns[0];
    double *growth = study->columns[2];
    double *sharpness = study->columns[3];
    ASSAY_TRY(list_sharpness(study, result, error));
    log_eigenvalue(study, 2, MOMENTUM);
    log_eigenvalue(study, 3, ADAM);
    assay_paired_differences(study->seeds, sharpness, study->columns[2], sharpness);
    ASSAY_TRY(gap_difference(study, "optimizer=", ADAM, MOMENTUM, error));
    size_t known = keep_known(study->seeds, gaps, sharpness);
    ASSAY_TRY(add_sharper(study, 3, known, "Adam's optimum has the larger curvature",
                          "difference of the log of the largest eigenvalue, Adam less momentum", "an eigenvalue",
                          result, error));
    difference_again(study, 2, "optimizer=", ADAM, MOMENTUM, "perturbed_growth");
    size_t grown = claim_drop_unknown(study->seeds, growth);
    ASSAY_TRY(add_sharper(study, 2, grown, "Adam's loss grows more under a random move",
                          "difference of the growth of the loss, Adam less momentum", "the growth", result, error));
    ASSAY_TRY(add_correlation(known, gaps, sharpness, result, error));
    if (known > 0 && grown > 0) {
        claim_note(
            result,
            "Adam's largest eigenvalue is %.2f times momentum's (geometric mean of %zu seeds). A random move of "
            "each tensor by 5 %% of its length raises the loss; Adam's growth less momentum's is %+.3g (%zu seeds).",
            exp(mean(known, sharpness)), known, mean(grown, growth), grown);
    } else {
        claim_note(result, "No seed has the sharpness of both Adam and momentum.");
    }
    return draw_sharpness(study, result, error);
}

static assay_status measure_sharpness(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const char quick[] =
        "{\"study\": \"training\", \"settings\": {\"epochs\": 4, \"hidden\": \"40,40\", \"batch\": 64, "
        "\"train_count\": "
        "3000, \"validation_count\": 1000}, \"factors\": [" OPTIMIZERS "], " QUICK_SEEDS
        ", \"record\": [\"test_accuracy\", \"fit_accuracy\", \"hessian_eigenvalue\", \"hessian_trace\", "
        "\"perturbed_growth\"]}";
    claim_study study;
    assay_status status = claim_study_open(input, "training", quick, 4, &study, result, error);
    if (status == ASSAY_OK) {
        status = report_sharpness(&study, result, error);
    }
    claim_study_close(&study);
    return status;
}

enum { EIGENVALUE, GROWTH, CORRELATION, SHARPNESS_PARTS };

/* Only the eigenvalue and the growth can contradict the claim. */
static assay_claim_verdict sharpness_verdict(const assay_claim_result *result)
{
    assay_claim_verdict verdict = claim_direction_verdict(result, SHARPNESS_PARTS);
    bool contradicted = result->parts[EIGENVALUE].answer == ASSAY_ANSWER_NO ||
                        result->parts[GROWTH].answer == ASSAY_ANSWER_NO;
    return verdict == ASSAY_CLAIM_DOES_NOT_HOLD && !contradicted ? ASSAY_CLAIM_CANNOT_TELL : verdict;
}

const assay_claim assay_claim_32 = {
    .number = 32,
    .cell = "[36]",
    .title = "Wider optima generalise better",
    .says = "Momentum generalises better than Adam, and this is related to wider optima.",
    .decided =
        "At the parameters of the best epoch, Adam and momentum paired by seed (60 seeds): the log of the largest "
        "eigenvalue of the Hessian, the growth of the loss under a random move, and Spearman's correlation of "
        "the differences of gap and log eigenvalue (interval above 0).",
    .in_seconds = true,
    .studies = {"training"},
    .full = "no longer than claim 25, whose runs it reads",
    .measure = measure_sharpness,
    .verdict = sharpness_verdict,
};

/* --- 33 ---------------------------------------------------------------------------------------------------------- */

enum { DEPTHS = 4, DEEP_PARTS = 4 };
static const int depths[DEPTHS] = {4, 8, 16, 30};

/* The mean accuracy of each method at each depth: rows and the figure. */
static assay_status draw_depths(claim_study *study, const char *prefix, assay_claim_result *result, assay_error *error)
{
    double x[DEPTHS];
    double y[METHODS][DEPTHS];
    claim_figure(result, "Depth", "Mean test accuracy of networks with this many hidden layers.");
    claim_add_panel(result, &(claim_panel){.x_label = "Hidden layers", .y_label = "Mean test accuracy (%)"});
    for (size_t d = 0; d < DEPTHS; d++) {
        char cell[40];
        char label[64];
        snprintf(cell, sizeof cell, prefix[0] == 'm' ? "method=%d-" : "depth=%d,optimizer=", depths[d]);
        for (int method = 0; method < METHODS; method++) {
            ASSAY_TRY(difference(study, 0, cell, method, METHODS, "test_accuracy", error));
            y[method][d] = 100.0 * mean(study->seeds, study->columns[0]);
        }
        x[d] = depths[d];
        snprintf(label, sizeof label, "%d layers: SGD, momentum, Adam", depths[d]);
        claim_add_row(result, label, NULL, "%.2f, %.2f, %.2f %%", y[SGD][d], y[MOMENTUM][d], y[ADAM][d]);
    }
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(claim_add_line(result, TITLES[method], ASSAY_LINE_MARKED, DEPTHS, x, y[method], error));
    }
    claim_note(result,
               "From 4 to 30 layers Adam's advantage changes from %+.2f to %+.2f points over SGD, and from %+.2f to "
               "%+.2f over momentum.",
               y[ADAM][0] - y[SGD][0], y[ADAM][3] - y[SGD][3], y[ADAM][0] - y[MOMENTUM][0],
               y[ADAM][3] - y[MOMENTUM][3]);
    return ASSAY_OK;
}

static assay_status compare_depths(claim_study *study, bool best, assay_claim_result *result, assay_error *error)
{
    for (size_t d = 2; d < DEPTHS; d++) {
        char cell[40];
        char name[80];
        snprintf(cell, sizeof cell, best ? "method=%d-" : "depth=%d,optimizer=", depths[d]);
        for (int other = SGD; other <= MOMENTUM; other++) {
            ASSAY_TRY(difference(study, 0, cell, ADAM, other, "test_accuracy", error));
            snprintf(name, sizeof name, "with %d layers Adam is better than %s", depths[d], TITLES[other]);
            ASSAY_TRY(
                add_above_zero(study, 0, name, "difference of the test accuracies, paired by seed", result, error));
        }
    }
    return draw_depths(study, best ? "method" : "depth", result, error);
}

static assay_status measure_depths(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    static const char quick[] =
        "{\"study\": \"depth-best\", \"settings\": {\"epochs\": 3, \"batch\": 64, \"train_count\": 3000, "
        "\"validation_count\": 1000}, \"factors\": [{\"name\": \"depth\", \"levels\": [{\"name\": \"4\", \"depth\": 4, "
        "\"width\": 64}, {\"name\": \"8\", \"depth\": 8, \"width\": 64}, {\"name\": \"16\", \"depth\": 16, \"width\": "
        "64}, {\"name\": \"30\", \"depth\": 30, \"width\": 64}]}, " OPTIMIZERS "], " QUICK_SEEDS
        ", \"record\": [\"test_accuracy\"]}";
    claim_study study;
    assay_status status = claim_study_open(input, "depth-best", quick, 3, &study, result, error);
    if (status == ASSAY_OK) {
        bool best = strncmp(assay_study_plan_cell(study.plan, 0), "method=", 7) == 0;
        status = compare_depths(&study, best, result, error);
    }
    claim_study_close(&study);
    return status;
}

static assay_claim_verdict depths_verdict(const assay_claim_result *result)
{
    assay_claim_verdict verdict = claim_direction_verdict(result, DEEP_PARTS);
    bool opposite = false;
    for (size_t i = 0; i < result->part_count; i++) {
        opposite = opposite || result->parts[i].answer == ASSAY_ANSWER_NO;
    }
    return verdict == ASSAY_CLAIM_HOLDS_IN_PART && opposite ? ASSAY_CLAIM_CANNOT_TELL : verdict;
}

const assay_claim assay_claim_33 = {
    .number = 33,
    .cell = "[36]",
    .title = "Adam does better in deep networks",
    .says = "Adam usually performs better than other optimizers, especially in deep networks.",
    .decided =
        "4, 8, 16 and 30 hidden layers of 128 units, 10 epochs on 20,000 images, 20 seeds, each optimizer at its "
        "own best rate for the depth: Adam's test accuracy is better than SGD's and momentum's at 16 and at 30 "
        "layers.",
    .in_seconds = true,
    .studies = {"depth-best"},
    .full = "about 90 minutes on one core",
    .measure = measure_depths,
    .verdict = depths_verdict,
};
