#include "fabricated.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/random/mt19937.h>
#include <assay/study/plan.h>
#include "support.h"

const char *const fabricated_measures[MEASURES] = {"test_accuracy", "fit_accuracy", "hessian_eigenvalue",
                                                   "hessian_trace", "perturbed_growth"};

static double normal(assay_mt19937 *generator)
{
    double sum = 0; /* of twelve uniform numbers, less its mean: deviation 1 */
    for (int i = 0; i < 12; i++) {
        sum += (double)assay_mt19937_random32(generator) * 0x1p-32;
    }
    return sum - 6;
}

/* One run's numbers: what its seed does to all cells, noise of its own, and the planted effects. */
json_t *fabricated_numbers(const fabrication *f, const char *key, uint64_t seed)
{
    static const double base[MEASURES] = {0.89, 0.95, 20, 200, 0.01};
    assay_mt19937 shared;
    assay_mt19937 own;
    assay_mt19937_seed(&shared, seed);
    assay_mt19937_seed(&own, crc32(0, (const unsigned char *)key, (unsigned)strlen(key)));
    char *whole = assay_asprintf(NULL, "%s.", key); /* "seed=1." is not in "seed=12." */
    json_t *results = json_object();
    for (int m = 0; m < MEASURES; m++) {
        double scale = m <= FIT ? 1 : 10 * base[m];
        double value = base[m] + scale * (0.005 * normal(&shared) + f->deviation * normal(&own));
        for (size_t i = 0; i < f->effect_count; i++) {
            bool there = strstr(whole, f->effects[i].cell) != NULL && f->effects[i].measure == m;
            value += there ? f->effects[i].effect : 0;
        }
        bool none = f->none != NULL && strstr(whole, f->none) != NULL;
        bool odd = f->odd != NULL && f->odd_measure == m && strstr(whole, f->odd) != NULL;
        json_object_set_new(results, fabricated_measures[m],
                            odd && f->odd_text ? json_string("a text")
                            : none || odd      ? json_null()
                                               : json_real(value));
    }
    assay_free(whole);
    return results;
}

void fabricated_save(const char *folder, const char *name, const char *text)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
    assay_free(path);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Who made a run: an older program, which names no commit, and two that do. */
static const char *made_by(uint64_t seed)
{
    return seed < 4 ? "{\"host\":\"h\",\"backend\":\"openblas\"}"
           : seed < 8
               ? "{\"host\":\"h\",\"backend\":\"openblas:f32\",\"kernels\":\"k\",\"commit\":\"1a2b 2026-11-28\"}"
               : "{\"host\":\"h\",\"backend\":\"openblas:f32\",\"kernels\":\"k\",\"commit\":\"3c4d 2026-11-29\"}";
}

/* {"key": ..., "settings": ..., "results": ..., "crc32": ..., "made": ...}, as lib/study/line.c writes it. */
static char *fabricate_line(const fabrication *f, const assay_study_plan *plan, size_t run, json_t *settings)
{
    char *key = assay_study_plan_key(plan, run, NULL);
    uint64_t seed = assay_study_plan_seed(plan, run / assay_study_plan_cells(plan));
    json_t *line = json_pack("{s:s, s:O, s:o}", "key", key, "settings", settings, "results",
                             fabricated_numbers(f, key, seed));
    char *text = json_dumps(line, JSON_COMPACT);
    unsigned length = (unsigned)strlen(text) - 1;
    char *whole = assay_asprintf(NULL, "%.*s,\"crc32\":%lu,\"made\":%s}\n", (int)length, text,
                                 crc32(0, (const unsigned char *)text, length), made_by(seed));
    free(text);
    json_decref(line);
    assay_free(key);
    return whole;
}

/* The settings of a cell, from the plan's text. */
static json_t *settings_of(const char *plan_text, size_t cell)
{
    json_t *plan = json_loads(plan_text, 0, NULL);
    json_t *factors = json_object_get(plan, "factors");
    json_t *settings = json_object();
    for (size_t f = json_array_size(factors); f-- > 0;) {
        json_t *factor = json_array_get(factors, f);
        json_t *levels = json_object_get(factor, "levels");
        json_t *level = json_array_get(levels, cell % json_array_size(levels));
        cell /= json_array_size(levels);
        if (json_is_object(level)) {
            json_object_update(settings, level);
            json_object_del(settings, "name");
        } else {
            json_object_set(settings, json_string_value(json_object_get(factor, "name")), level);
        }
    }
    json_decref(plan);
    return settings;
}

void fabricate(const char *folder, const fabrication *f)
{
    char *plan_text = assay_asprintf(
        NULL,
        "{\"study\": \"%s\", \"factors\": [%s], \"seeds\": {\"first\": 1, \"count\": %zu}, "
        "\"record\": [\"test_accuracy\", \"fit_accuracy\", \"hessian_eigenvalue\", "
        "\"hessian_trace\", \"perturbed_growth\"]}",
        f->study, f->factors, f->seeds);
    assay_study_plan *plan;
    assay_error error;
    support_assert_ok(assay_study_plan_parse(plan_text, strlen(plan_text), "plan", &plan, &error), &error);
    size_t runs = assay_study_plan_runs(plan);
    char **lines = assay_calloc(runs, sizeof *lines, NULL);
    size_t count = 0;
    size_t length = 0;
    for (size_t run = 0; run < runs; run++) {
        char *key = assay_study_plan_key(plan, run, NULL);
        json_t *settings = settings_of(plan_text, run % assay_study_plan_cells(plan));
        char *whole = assay_asprintf(NULL, "%s.", key);
        if (f->lost == NULL || strstr(whole, f->lost) == NULL) {
            lines[count] = fabricate_line(f, plan, run, settings);
            length += strlen(lines[count++]);
        }
        json_decref(settings);
        assay_free(whole);
        assay_free(key);
    }
    qsort(lines, count, sizeof *lines, compare_texts);
    char *record = assay_calloc(length + 1, 1, NULL);
    for (size_t i = 0; i < count; i++) {
        strcat(record, lines[i]);
        assay_free(lines[i]);
    }
    char name[80];
    char *plans = assay_asprintf(NULL, "%s/plans", folder);
    ck_assert(mkdir(plans, 0777) == 0 || errno == EEXIST);
    assay_free(plans);
    snprintf(name, sizeof name, "plans/%s.json", f->study);
    fabricated_save(folder, name, plan_text);
    snprintf(name, sizeof name, "%s.jsonl", f->study);
    fabricated_save(folder, name, record);
    assay_free(record);
    assay_free(lines);
    assay_study_plan_destroy(plan);
    assay_free(plan_text);
}

fabrication fabricated_study(const char *name, const char *factors, double deviation, const planted *effects,
                             size_t count)
{
    return (fabrication){name, factors, 12, deviation, effects, count, NULL, NULL, NULL, 0, false};
}
