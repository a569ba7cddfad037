/* The comparison that assay study prints when all runs are finished. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/study/record.h>
#include <assay/study/summary.h>
#include "output.h"
#include "study.h"
#include "tool.h"

/* One measure of all cells. */
typedef struct {
    size_t measure;
    const char *name;
    assay_study_cell_summary *cells;
    assay_study_comparison *against_first; /* [cells]; the first is not used */
    double *adjusted;                      /* Holm's p of the comparisons: [cells], the first is not used */
} measured;

static assay_status compute(const assay_study_store *store, measured *m, assay_error *error)
{
    size_t cells = assay_study_plan_cells(assay_study_store_plan(store));
    for (size_t cell = 0; cell < cells; cell++) {
        ASSAY_TRY(assay_study_summarize(store, cell, m->measure, &m->cells[cell], error));
        if (cell > 0) {
            ASSAY_TRY(assay_study_compare(store, 0, cell, m->measure, &m->against_first[cell], error));
            /* A comparison that cannot be made counts as one that shows nothing. */
            m->adjusted[cell] = isnan(m->against_first[cell].p) ? 1.0 : m->against_first[cell].p;
        }
    }
    return cells > 1 ? assay_holm(cells - 1, m->adjusted + 1, m->adjusted + 1, error) : ASSAY_OK;
}

static void print_measure(const assay_study_plan *plan, const measured *m)
{
    int width = 12;
    for (size_t cell = 0; cell < assay_study_plan_cells(plan); cell++) {
        int length = snprintf(NULL, 0, "%s", assay_study_plan_cell(plan, cell));
        width = length > width ? length : width;
    }
    printf("\n%s\n%-*s %5s %9s %9s %21s\n", m->name, width, "cell", "runs", "mean", "std", "95 % interval");
    for (size_t cell = 0; cell < assay_study_plan_cells(plan); cell++) {
        const assay_study_cell_summary *s = &m->cells[cell];
        printf("%-*s %5zu %9.5g %9.2g   [%.5g, %.5g]", width, assay_study_plan_cell(plan, cell), s->finished, s->mean,
               s->std, s->interval.lower, s->interval.upper);
        if (s->diverged > 0) {
            printf("  (%zu diverged, not in the mean)", s->diverged);
        }
        putchar('\n');
    }
    if (assay_study_plan_cells(plan) == 1) {
        return;
    }
    printf("difference from %s, paired by seed\n", assay_study_plan_cell(plan, 0));
    for (size_t cell = 1; cell < assay_study_plan_cells(plan); cell++) {
        const assay_study_comparison *c = &m->against_first[cell];
        printf("%-*s %5zu %+9.4g           [%+.4g, %+.4g]  p = %.2g (Holm), smallest effect at power 0.9: %.2g\n",
               width, assay_study_plan_cell(plan, cell), c->pairs, c->difference.estimate, c->difference.lower,
               c->difference.upper, m->adjusted[cell], c->smallest);
    }
}

/* JSON has no NaN and no infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval(const assay_interval *i)
{
    return json_pack("[o, o]", real(i->lower), real(i->upper));
}

static json_t *cell_json(const assay_study_plan *plan, const measured *m, size_t cell)
{
    const assay_study_cell_summary *s = &m->cells[cell];
    json_t *json = json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "cell", assay_study_plan_cell(plan, cell), "runs",
                             (json_int_t)s->finished, "diverged", (json_int_t)s->diverged, "mean", real(s->mean), "std",
                             real(s->std), "interval", interval(&s->interval));
    if (json != NULL && cell > 0) {
        const assay_study_comparison *c = &m->against_first[cell];
        json_object_set_new(json, "difference_from_first",
                            json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "pairs", (json_int_t)c->pairs, "mean",
                                      real(c->difference.estimate), "interval", interval(&c->difference), "p",
                                      real(c->p), "p_holm", real(m->adjusted[cell]), "smallest_effect",
                                      real(c->smallest)));
    }
    return json;
}

static json_t *measure_json(const assay_study_plan *plan, const measured *m)
{
    json_t *cells = json_array();
    for (size_t cell = 0; cell < assay_study_plan_cells(plan); cell++) {
        json_array_append_new(cells, cell_json(plan, m, cell));
    }
    return json_pack("{s:s, s:o}", "measure", m->name, "cells", cells);
}

static assay_status report_measure(const assay_study_store *store, size_t measure, json_t *list, assay_error *error)
{
    const assay_study_plan *plan = assay_study_store_plan(store);
    size_t cells = assay_study_plan_cells(plan);
    measured m = {.measure = measure, .name = assay_study_plan_measure(plan, measure)};
    m.cells = assay_calloc(cells, sizeof *m.cells, error);
    m.against_first = assay_calloc(cells, sizeof *m.against_first, error);
    m.adjusted = assay_calloc(cells, sizeof *m.adjusted, error);
    bool complete = m.cells != NULL && m.against_first != NULL && m.adjusted != NULL;
    assay_status status = complete ? compute(store, &m, error) : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK) {
        print_measure(plan, &m);
        json_array_append_new(list, measure_json(plan, &m));
    }
    assay_free(m.cells);
    assay_free(m.against_first);
    assay_free(m.adjusted);
    return status;
}

assay_status study_report(const study_options *options, const assay_study_store *store, assay_error *error)
{
    const assay_study_plan *plan = assay_study_store_plan(store);
    size_t first;
    size_t missing = assay_study_missing(store, &first);
    printf("%s: %zu runs (%zu cells, %zu seeds), ", assay_study_plan_name(plan), assay_study_plan_runs(plan),
           assay_study_plan_cells(plan), assay_study_plan_seeds(plan));
    printf(missing == 0 ? "all finished\n" : "%zu finished\n", assay_study_plan_runs(plan) - missing);
    json_t *list = json_array();
    for (size_t i = 0; i < assay_study_plan_measures(plan); i++) {
        assay_status status = assay_study_plan_measure_is_number(plan, i) ? report_measure(store, i, list, error)
                                                                          : ASSAY_OK;
        if (status != ASSAY_OK) {
            json_decref(list);
            return status;
        }
    }
    json_t *json = json_pack("{s:s, s:I, s:I, s:o}", "study", assay_study_plan_name(plan), "cells",
                             (json_int_t)assay_study_plan_cells(plan), "seeds",
                             (json_int_t)assay_study_plan_seeds(plan), "measures", list);
    if (options->json == NULL) {
        json_decref(json);
        return ASSAY_OK;
    }
    return tool_write_json(json, options->json, 17, error);
}
