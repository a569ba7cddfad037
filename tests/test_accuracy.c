/* Each operation of each backend stays within its stated distance of exact arithmetic (MPFR). */
#include <string.h>

#include <assay/base/alloc.h>
#include "accuracy.h"
#include "support.h"

/* ASSAY_ACTIVATIONS, the rules and the loss, by the name of their row. */
static void record_evidence(const accuracy_row *row)
{
    if (strstr(row->operation, "step") != NULL) {
        evidence(EVIDENCE_GOLDEN, "optimizer/%.*s", (int)strcspn(row->operation, ","), row->operation);
    } else if (strcmp(row->range, "|x| <= 10") == 0) {
        evidence(EVIDENCE_GOLDEN, "activation/%.*s", (int)strcspn(row->operation, ","), row->operation);
    } else if (strncmp(row->operation, "normal of m", 11) == 0) {
        evidence(EVIDENCE_GOLDEN, "draw/mt19937-normal");
    } else if (strncmp(row->operation, "normal of P", 11) == 0) {
        evidence(EVIDENCE_GOLDEN, "draw/philox-normal");
    }
}

START_TEST(within_bounds)
{
    accuracy_table table;
    assay_error error;
    evidence_source("MPFR");
    support_assert_ok(accuracy_measure(1, &table, &error), &error);
    ck_assert_uint_gt(table.count, 100);
    for (size_t i = 0; i < table.count; i++) {
        const accuracy_row *row = &table.rows[i];
        record_evidence(row);
        ck_assert_msg(row->count > 0 && row->worst <= row->bound, "%s on %s, %s: error %g, at most %g; at %.17g",
                      row->operation, row->machine, row->range, row->worst, row->bound, row->at);
    }
    assay_free(table.rows);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accuracy");
    TCase *tests = tcase_create("accuracy");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, within_bounds);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
