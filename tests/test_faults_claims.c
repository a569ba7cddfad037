/*
 * Claims while allocations fail. They run over the backend of planted numbers, which makes every network quick.
 */
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/claims.h>
#include <assay/tutorial/defaults.h>
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

/* The measurement, its verdict and its figure. */
static assay_status examine(fault_bench *bench, unsigned number, assay_error *error)
{
    const assay_claims_input input = {.f32 = &backend.base,
                                      .f64 = real != NULL ? real : &backend.base,
                                      .train = &images,
                                      .test = &images,
                                      .split = &split,
                                      .effort = ASSAY_CLAIMS_QUICK,
                                      .seeds = 1,
                                      .first_seed = 1};
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
CLAIM(6)
CLAIM(7)
CLAIM(9)
CLAIM(12)
CLAIM(15)
CLAIM(16)
CLAIM(18)
CLAIM(19)
CLAIM(21)
CLAIM(14)
CLAIM(20)
CLAIM(23)
CLAIM(24)
CLAIM(29)

static const fault_scenario scenarios[] = {
    {"claim 1", set_up, claim_1, NULL, 0, NULL, 0},
    {"claim 2", set_up, claim_2, NULL, 0, NULL, 0},
    {"claim 3", set_up, claim_3, NULL, 0, NULL, 0},
    {"claim 6", set_up, claim_6, NULL, 0, NULL, 0},
    {"claim 7", set_up, claim_7, NULL, 0, NULL, 0},
    {"claim 9", set_up, claim_9, NULL, 0, NULL, 0},
    {"claim 12", set_up, claim_12, NULL, 0, NULL, 0},
    {"claim 15", set_up, claim_15, NULL, 0, NULL, 0},
    {"claim 16", set_up, claim_16, NULL, 0, NULL, 0},
    {"claim 18", set_up, claim_18, NULL, 0, NULL, 0},
    {"claim 19", set_up, claim_19, NULL, 0, NULL, 0},
    {"claim 21", set_up, claim_21, NULL, 0, NULL, 0},
    {"claim 14", set_up, claim_14, NULL, 0, NULL, 0},
    {"claim 20", set_up, claim_20, NULL, 0, NULL, 0},
    {"claim 23", set_up_real, claim_23, tidy_real, 0, NULL, 0},
    {"claim 24", set_up_values, claim_24, NULL, 0, NULL, 0},
    {"claim 29", set_up_values, claim_29, NULL, 0, NULL, 0},
};

/* These take too long to fail in each call: here only in the first ones, before the work begins. */
START_TEST(first_calls_fail)
{
    static const struct {
        unsigned number;
        size_t calls;
    } cases[] = {{5, 20}, {8, 12}, {10, 12}, {11, 8}, {22, 12}, {28, 6}, {30, 9}};
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    for (size_t call = 1; call <= cases[_i].calls; call++) {
        fault_bench bench = {.digest = 0};
        const char *library;
        size_t size;
        assay_error error;
        set_up_values(&bench);
        faults_arm(FAULTS_ONCE, call);
        assay_status status = examine(&bench, cases[_i].number, &error);
        faults_report report = faults_disarm();
        ck_assert_uint_eq(report.failed, 1);
        ck_assert_uint_eq(faults_outstanding(&size, &library), 0);
        if (report.memory) { /* the number of processors may be unknown */
            support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "memory");
        }
    }
}
END_TEST

int main(void)
{
    pixels[0] = 255; /* all black, the images would have no deviation */
    pixels[1] = 100;
    TCase *more = tcase_create("the first calls fail");
    tcase_set_timeout(more, 60); /* claim 5 trains once, where the number of processors is unknown */
    tcase_add_loop_test(more, first_calls_fail, 0, 7);
    return fault_main("faults in claims",
                      "errors: tutorial/claim_examine, tutorial/claims_decide, tutorial/claim_figure", scenarios,
                      sizeof scenarios / sizeof *scenarios, more);
}
