/*
 * accuracy [EFFORT]: prints the error of each operation against exact arithmetic as JSON, for the audit's page:
 *
 *   [{"operation", "machine", "range", "unit": "ulp"|"terms", "worst", "mean", "bound", "at", "count"}]
 *
 * tests/accuracy.h explains units. EFFORT multiplies the number of points (default 8).
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include "tests/accuracy.h"

static json_t *object_of(const accuracy_row *row)
{
    json_t *at = isnan(row->at) ? json_null() : json_real(row->at);
    return json_pack("{ss ss ss ss sf sf sf so sI}", "operation", row->operation, "machine", row->machine, "range",
                     row->range, "unit", row->unit == ACCURACY_ULP ? "ulp" : "terms", "worst", row->worst, "mean",
                     row->mean, "bound", row->bound, "at", at, "count", (json_int_t)row->count);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long effort = argc > 1 ? strtoul(argv[1], &end, 10) : 8;
    if (argc > 2 || (end != NULL && *end != '\0') || effort < 1 || effort > 1000) {
        fputs("usage: accuracy [EFFORT], a whole number from 1 to 1000\n", stderr);
        return 2;
    }
    accuracy_table table;
    assay_error error;
    if (accuracy_measure(effort, &table, &error) != ASSAY_OK) {
        fprintf(stderr, "accuracy: %s\n", error.message);
        assay_free(table.rows);
        return 1;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < table.count; i++) {
        json_array_append_new(rows, object_of(&table.rows[i]));
    }
    assay_free(table.rows);
    int failed = json_dumpf(rows, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    json_decref(rows);
    putchar('\n');
    return failed != 0 || fflush(stdout) != 0;
}
