/*
 * Claims while allocations and files fail. What is measured runs over the backend of planted numbers, which makes every
 * network quick; claims about training read fabricated records of studies.
 */
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/surface/surface.h>
#include <assay/tutorial/claims.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/depth.h>
#include <assay/tutorial/sections.h>
#include "fabricated.h"
#include "fault_run.h"
#include "planted_backend.h"
#include "support.h"

enum { IMAGES = 300 };

static planted_backend backend;
static assay_claim_result result;
static uint8_t pixels[IMAGES * ASSAY_IMAGE_PIXELS];
static int32_t labels[IMAGES];
static uint32_t order[IMAGES];
static const assay_dataset images = {IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, pixels, 0.0f, 1.0f, NULL, labels};
static const assay_split split = {IMAGES, 0, order, order};

/* For claims that download other things than the outputs of layers. */
static void give(const planted_backend *from, size_t count, double *to)
{
    (void)from;
    for (size_t i = 0; i < count; i++) {
        to[i] = 1.5 + (double)(i % 2);
    }
}

static void set_up(fault_bench *bench)
{
    (void)bench;
    backend.fail_after = 0;
    backend.give = NULL;
    planted_open(&backend, ASSAY_F64);
}

static void set_up_values(fault_bench *bench)
{
    set_up(bench);
    backend.give = give;
}

/* For claim 23, which makes two descents. */
static assay_backend *real;

static void set_up_real(fault_bench *bench)
{
    const assay_backend_options options = {.name = "reference", .precision = ASSAY_F64, .threads = 1};
    assay_error error;
    set_up(bench);
    support_assert_ok(assay_backend_open(&options, &real, &error), &error);
}

static void tidy_real(fault_bench *bench)
{
    (void)bench;
    assay_backend_close(real);
    real = NULL;
}

static assay_claims_input input_of(size_t seeds)
{
    return (assay_claims_input){.f32 = &backend.base,
                                .f64 = real != NULL ? real : &backend.base,
                                .train = &images,
                                .test = &images,
                                .split = &split,
                                .effort = ASSAY_CLAIMS_QUICK,
                                .seeds = seeds,
                                .first_seed = 1};
}

/* The measurement, its verdict and its figure. */
static assay_status examine(fault_bench *bench, unsigned number, assay_error *error)
{
    const assay_claims_input input = input_of(1);
    assay_figure *figure = NULL;
    assay_status status = assay_claim_examine(assay_claim_by_number(number), &input, &result, error);
    if (status == ASSAY_OK) {
        status = assay_claims_decide(1, &result, error);
    }
    if (status == ASSAY_OK) {
        status = assay_claim_figure(&result, &figure, error);
    }
    if (status == ASSAY_OK) {
        fault_digest_text(bench, result.note);
        fault_digest_f64(bench, (double)result.part_count);
        fault_digest_f64(bench, result.parts[0].values[0]);
    }
    assay_figure_destroy(figure);
    assay_claim_result_destroy(&result);
    return status;
}

#define CLAIM(number)                                                          \
    static assay_status claim_##number(fault_bench *bench, assay_error *error) \
    {                                                                          \
        return examine(bench, number, error);                                  \
    }
CLAIM(1)
CLAIM(2)
CLAIM(3)
CLAIM(4)
CLAIM(6)
CLAIM(7)
CLAIM(8)
CLAIM(9)
CLAIM(10)
CLAIM(12)
CLAIM(13)
CLAIM(15)
CLAIM(16)
CLAIM(17)
CLAIM(18)
CLAIM(19)
CLAIM(21)
CLAIM(14)
CLAIM(20)
CLAIM(23)
CLAIM(24)
CLAIM(29)

/* --- verdicts ----------------------------------------------------------------------------------------------------- */

/* One part, which is tested on both sides. */
static assay_status decide_seeds(fault_bench *bench, size_t seeds, assay_error *error)
{
    double values[32];
    for (size_t i = 0; i < seeds; i++) {
        values[i] = 0.5 + 0.5 * (double)(i % 3);
    }
    result = (assay_claim_result){.number = 8, .part_count = 1};
    result.parts[0] = (assay_claim_part){.name = "a part", .low = 0.0, .high = 1.25, .count = seeds, .values = values};
    assay_status status = assay_claims_decide(1, &result, error);
    fault_digest_f64(bench, result.parts[0].p_inside);
    fault_digest_f64(bench, result.parts[0].smallest);
    fault_digest_f64(bench, result.parts[0].effect.lower);
    return status;
}

static assay_status decide(fault_bench *bench, assay_error *error)
{
    return decide_seeds(bench, 3, error);
}

/* Of more than 20 seeds not all patterns of signs are tested, but random ones. Their power takes long. */
START_TEST(first_calls_of_a_decision_fail)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claims_decide");
    for (size_t call = 1; call <= 8; call++) {
        fault_bench bench = {.digest = 1};
        const char *library;
        size_t size;
        assay_error error;
        faults_arm(FAULTS_ONCE, call);
        assay_status status = decide_seeds(&bench, 21, &error);
        faults_report report = faults_disarm();
        ck_assert_uint_eq(report.failed, 1);
        ck_assert_uint_eq(faults_outstanding(&size, &library), 0);
        if (strcmp(report.function, "malloc") != 0) { /* qsort does without */
            support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "memory");
        }
    }
}
END_TEST

/* --- records ------------------------------------------------------------------------------------------------------ */

static void digest_result(fault_bench *bench)
{
    fault_digest_text(bench, result.note);
    fault_digest_text(bench, result.origin.options);
    for (size_t i = 0; i < result.part_count; i++) {
        fault_digest_text(bench, result.parts[i].name);
        fault_digest(bench, result.parts[i].values, result.parts[i].count * sizeof *result.parts[i].values);
    }
    for (size_t i = 0; i < result.row_count; i++) {
        fault_digest_text(bench, result.rows[i].measured);
    }
    for (size_t i = 0; i < result.panel_count; i++) {
        for (size_t j = 0; j < result.panels[i].line_count; j++) {
            const assay_claim_line *line = &result.panels[i].lines[j];
            fault_digest(bench, line->x, line->count * sizeof *line->x);
            fault_digest(bench, line->y, line->count * sizeof *line->y);
        }
    }
}

/* Reads the record of the claim, then writes it again. */
static assay_status copy_record(fault_bench *bench, assay_error *error)
{
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = bench->folder};
    assay_status status = assay_claim_examine(assay_claim_by_number(8), &input, &result, error);
    if (status == ASSAY_OK) {
        digest_result(bench);
        status = assay_claim_record_write(&result, bench->folder, error);
    }
    assay_claim_result_destroy(&result);
    return status;
}

static void set_up_record(fault_bench *bench)
{
    static const char text[] =
        "{\"claim\": 8, \"origin\": {\"commit\": \"1a2b\", \"backend\": \"b\", \"machine\": \"m\", \"options\": "
        "\"o\"}, \"parts\": [{\"name\": \"a\", \"measure\": \"m\", \"unit\": \"\", \"rule\": \"mean\", "
        "\"essential\": true, \"low\": null, \"high\": 1, \"values\": [1, 2]}], \"rows\": [{\"label\": \"l\", "
        "\"expected\": \"\", \"measured\": \"3\"}], \"note\": \"n\", \"title\": \"t\", \"caption\": \"c\", "
        "\"panels\": [{\"title\": \"\", \"x_label\": \"x\", \"y_label\": \"y\", \"x_names\": \"\", \"x_log\": "
        "false, \"y_log\": true, \"lines\": [{\"label\": \"l\", \"style\": \"plain\", \"x\": [1, 2], \"y\": [3, "
        "null]}]}]}";
    fault_write(bench, "08.json", text, sizeof text - 1);
}

/* --- studies ------------------------------------------------------------------------------------------------------ */

static fabrication of_study(const char *name, const char *factors)
{
    fabrication made = fabricated_study(name, factors, 0.01, NULL, 0);
    made.seeds = 2;
    return made;
}

static void set_up_sizes(fault_bench *bench)
{
    const fabrication training = of_study("training", OPTIMIZERS);
    const fabrication best = of_study("training-best", METHODS);
    const fabrication small = of_study("small", OPTIMIZERS);
    fabricate(bench->folder, &training);
    fabricate(bench->folder, &best);
    fabricate(bench->folder, &small);
}

static void set_up_starts(fault_bench *bench)
{
    fabrication made = of_study("starts", STARTS ", " OPTIMIZERS);
    made.seeds = 1;
    fabricate(bench->folder, &made);
}

static void set_up_depths(fault_bench *bench)
{
    fabrication made = of_study("depth-best", DEPTHS ", " OPTIMIZERS);
    made.seeds = 1;
    fabricate(bench->folder, &made);
}

/* No backend is there to run a study. */
static assay_status read_studies(fault_bench *bench, unsigned number, assay_error *error)
{
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = bench->folder, .first_seed = 1};
    assay_status status = assay_claim_examine(assay_claim_by_number(number), &input, &result, error);
    if (status == ASSAY_OK) {
        digest_result(bench);
    }
    assay_claim_result_destroy(&result);
    return status;
}

#define STUDIES(number)                                                          \
    static assay_status studies_##number(fault_bench *bench, assay_error *error) \
    {                                                                            \
        return read_studies(bench, number, error);                               \
    }
STUDIES(25)
STUDIES(26)
STUDIES(27)
STUDIES(31)
STUDIES(32)
STUDIES(33)

/* --- networks of the tutorial ------------------------------------------------------------------------------------- */

static assay_status measure_depth(fault_bench *bench, assay_error *error)
{
    assay_generator generator;
    assay_depth_curve curve;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 1, 1);
    ASSAY_TRY(assay_depth_measure(&backend.base, &images, &split, &generator,
                                  assay_experiment_of(ASSAY_SECTION_CONSTANT), &curve, error));
    fault_digest(bench, &curve, sizeof curve);
    return ASSAY_OK;
}

/* An experiment, judged by the theory. */
static assay_status run_experiment(assay_error *error)
{
    const assay_experiment *experiment = assay_experiment_of(ASSAY_SECTION_VARIANCE_001);
    assay_section_results results;
    assay_network *network = NULL;
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 1, 1);
    assay_status status = assay_experiment_draw(experiment, &backend.base, &generator, &network, error);
    if (status == ASSAY_OK) {
        assay_buffer *x = assay_buffer_create(&backend.base, ASSAY_REAL, ASSAY_TUTORIAL_BATCH * ASSAY_IMAGE_PIXELS);
        assay_buffer *y = assay_buffer_create(&backend.base, ASSAY_INT32, ASSAY_TUTORIAL_BATCH);
        results = (assay_section_results){.count = 0};
        status = assay_experiment_measure(experiment, network, assay_whole(x), assay_whole(y), false, &results, error);
        assay_buffer_destroy(&backend.base, x);
        assay_buffer_destroy(&backend.base, y);
    }
    assay_network_destroy(network);
    return status;
}

/* Its theory takes long: only the first calls. */
START_TEST(first_calls_of_an_experiment_fail)
{
    evidence(EVIDENCE_ERRORS, "tutorial/experiment_measure");
    for (size_t call = 1; call <= 4; call++) {
        const char *library;
        size_t size;
        assay_error error;
        set_up_values(NULL);
        faults_arm(FAULTS_ONCE, call);
        assay_status status = run_experiment(&error);
        ck_assert_uint_eq(faults_disarm().failed, 1);
        ck_assert_uint_eq(faults_outstanding(&size, &library), 0);
        support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "memory");
    }
}
END_TEST

/* Reads and writes that are cut short or interrupted are lib/base's, and studies have scenarios of their own. */
enum { WHOLE = 1 << FAULTS_SHORT | 1 << FAULTS_INTERRUPT, ONLY_ONCE = WHOLE | 1 << FAULTS_FROM_THEN };

static const fault_scenario scenarios[] = {
    {"claim 1", set_up, claim_1, NULL, 0, NULL, 0},
    {"claim 2", set_up, claim_2, NULL, 0, NULL, 0},
    {"claim 3", set_up, claim_3, NULL, 0, NULL, 0},
    {"claim 4", set_up, claim_4, NULL, 0, NULL, 0},
    {"claim 6", set_up, claim_6, NULL, 0, NULL, 0},
    {"claim 7", set_up, claim_7, NULL, 0, NULL, 0},
    {"claim 8", set_up, claim_8, NULL, 0, NULL, 0},
    {"claim 9", set_up, claim_9, NULL, 0, NULL, 0},
    {"claim 10", set_up, claim_10, NULL, 0, NULL, 0},
    {"claim 12", set_up, claim_12, NULL, 0, NULL, 0},
    {"claim 13", set_up, claim_13, NULL, 0, NULL, 0},
    {"claim 15", set_up, claim_15, NULL, 0, NULL, 0},
    {"claim 16", set_up, claim_16, NULL, 0, NULL, 0},
    {"claim 17", set_up, claim_17, NULL, 0, NULL, 0},
    {"claim 18", set_up, claim_18, NULL, 0, NULL, 0},
    {"claim 19", set_up, claim_19, NULL, 0, NULL, 0},
    {"claim 21", set_up, claim_21, NULL, 0, NULL, 0},
    {"claim 14", set_up, claim_14, NULL, 0, NULL, 0},
    {"claim 20", set_up, claim_20, NULL, 0, NULL, 0},
    {"claim 23", set_up_real, claim_23, tidy_real, 0, NULL, 0},
    {"claim 24", set_up_values, claim_24, NULL, 0, NULL, 0},
    {"claim 29", set_up_values, claim_29, NULL, 0, NULL, 0},
    {"the spread through depth", set_up, measure_depth, NULL, ONLY_ONCE, NULL, 0},
    {"a decision", NULL, decide, NULL, 0, NULL, 0},
    {"a record", set_up_record, copy_record, NULL, WHOLE, NULL, 0},
    {"claim 25 from a study", set_up_sizes, studies_25, NULL, ONLY_ONCE, NULL, 0},
    {"claim 26 from a study", set_up_starts, studies_26, NULL, ONLY_ONCE, NULL, 0},
    {"claim 27 from studies", set_up_sizes, studies_27, NULL, ONLY_ONCE, NULL, 0},
    {"claim 31 from studies", set_up_sizes, studies_31, NULL, ONLY_ONCE, NULL, 0},
    {"claim 32 from a study", set_up_sizes, studies_32, NULL, ONLY_ONCE, NULL, 0},
    {"claim 33 from a study", set_up_depths, studies_33, NULL, ONLY_ONCE, NULL, 0},
};

/* --- claims that take long ---------------------------------------------------------------------------------------- */

/* Measures the claim while one call fails (0: none); returns the number of calls. A claim that does without what failed
 * says the same: the number of processors, or qsort's memory. */
static size_t measure(unsigned number, const assay_claims_input *input, size_t call)
{
    static uint64_t whole; /* of a run in which nothing fails */
    fault_bench bench = {.digest = 1};
    const char *library;
    size_t size;
    assay_error error;
    faults_arm(FAULTS_ONCE, call);
    assay_status status = assay_claim_examine(assay_claim_by_number(number), input, &result, &error);
    if (status == ASSAY_OK) {
        digest_result(&bench);
    }
    assay_claim_result_destroy(&result);
    faults_report report = faults_disarm();
    ck_assert_uint_eq(report.failed, call > 0);
    ck_assert_uint_eq(faults_outstanding(&size, &library), 0);
    whole = call == 0 ? bench.digest : whole;
    if (status != ASSAY_OK) {
        support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "memory");
    } else {
        ck_assert(whole == 0 || bench.digest == whole);
    }
    return report.calls;
}

/* These take too long to fail in each call: here only in the first ones, before the work begins. */
START_TEST(first_calls_fail)
{
    static const struct {
        unsigned number;
        size_t seeds;
        size_t calls;
    } cases[] = {{5, 2, 61}, {11, 1, 8}, {22, 1, 12}, {25, 1, 40}, {28, 2, 6}, {30, 1, 9}};
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    for (size_t call = 1; call <= cases[_i].calls; call++) {
        const assay_claims_input input = input_of(cases[_i].seeds);
        set_up_values(NULL);
        measure(cases[_i].number, &input, call);
    }
}
END_TEST

/* Points of descents that arrive with their first update. */
static size_t given;

static void give_optimum(const planted_backend *from, size_t count, double *to)
{
    static const double far[] = {3.0, 3.0};
    static const double near[] = {0.0, -20.0};
    (void)from;
    (void)count;
    memcpy(to, given++ % 2000 == 0 ? far : near, sizeof near);
}

static void give_steep_optimum(const planted_backend *from, size_t count, double *to)
{
    (void)from;
    (void)count;
    memcpy(to, assay_steep_optima[0].mean, sizeof assay_steep_optima[0].mean);
}

/* And in the last ones, when the results are put together. */
START_TEST(last_calls_fail)
{
    static const struct {
        unsigned number;
        size_t calls;
        void (*give)(const planted_backend *, size_t, double *);
    } cases[] = {{5, 2, give}, {28, 12, give_optimum}, {30, 14, give_steep_optimum}};
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    set_up(NULL);
    backend.give = cases[_i].give;
    given = 0;
    const assay_claims_input input = input_of(1);
    size_t calls = measure(cases[_i].number, &input, 0);
    for (size_t call = calls - cases[_i].calls + 1; call <= calls; call++) {
        set_up(NULL);
        backend.give = cases[_i].give;
        given = 0;
        measure(cases[_i].number, &input, call);
    }
}
END_TEST

/* The correlation of claim 32 needs twelve seeds. */
START_TEST(last_calls_of_a_study_fail)
{
    enum { CALLS = 12 };
    char *folder = support_make_folder();
    const fabrication training = fabricated_study("training", OPTIMIZERS, 0.01, NULL, 0);
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = folder, .first_seed = 1};
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    fabricate(folder, &training);
    size_t calls = measure(32, &input, 0);
    for (size_t call = calls - CALLS + 1; call <= calls; call++) {
        measure(32, &input, call);
    }
    support_remove_folder(folder);
}
END_TEST

/* A session loads 50,001 images; here only the calls after that fail: for the split, the batches and the network. */
static assay_status use_session(const char *folder, assay_error *error)
{
    assay_session_options options = assay_session_defaults();
    assay_section_results results;
    assay_session *session;
    options.data_folder = folder;
    ASSAY_TRY(assay_session_create(&backend.base, &options, &session, error));
    assay_status status = assay_section_run(ASSAY_SECTION_CONSTANT, &(assay_section_inputs){.session = session},
                                            &results, error);
    assay_session_destroy(session);
    return status;
}

START_TEST(last_calls_of_a_session_fail)
{
    enum { CALLS = 6, SPARE = 4 }; /* the first run makes some calls more */
    char *folder = support_make_folder();
    size_t failures = 0;
    assay_error error;
    evidence(EVIDENCE_ERRORS, "tutorial/section_run");
    support_write_black_images(folder, ASSAY_TUTORIAL_TRAIN_COUNT + 1);
    set_up_values(NULL);
    faults_arm(FAULTS_ONCE, 0);
    support_assert_ok(use_session(folder, &error), &error);
    size_t calls = faults_disarm().calls;
    for (size_t call = calls - CALLS - SPARE + 1; call <= calls; call++) {
        const char *library;
        size_t size;
        set_up_values(NULL);
        faults_arm(FAULTS_ONCE, call);
        assay_status status = use_session(folder, &error);
        ck_assert((status == ASSAY_OK) == (faults_disarm().failed == 0));
        ck_assert_uint_eq(faults_outstanding(&size, &library), 0);
        if (status != ASSAY_OK) {
            support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "memory");
            failures++;
        }
    }
    ck_assert_uint_ge(failures, CALLS);
    support_remove_folder(folder);
}
END_TEST

int main(void)
{
    pixels[0] = 255; /* all black, the images would have no deviation */
    pixels[1] = 100;
    TCase *more = tcase_create("first and last calls fail");
    tcase_set_timeout(more, 60); /* claim 5 trains once, where the number of processors is unknown */
    tcase_add_loop_test(more, first_calls_fail, 0, 6);
    tcase_add_loop_test(more, last_calls_fail, 0, 3);
    tcase_add_test(more, first_calls_of_an_experiment_fail);
    tcase_add_test(more, first_calls_of_a_decision_fail);
    tcase_add_test(more, last_calls_of_a_study_fail);
    tcase_add_test(more, last_calls_of_a_session_fail);
    return fault_main("faults in claims",
                      "errors: tutorial/claim_examine, tutorial/claims_decide, tutorial/claim_figure", scenarios,
                      sizeof scenarios / sizeof *scenarios, more);
}
