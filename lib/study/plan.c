#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include "base/json.h"
#include "study/plan_impl.h"

/* --- small readers ----------------------------------------------------------------------------------------------- */

/* Level names become file names: letters, digits and a few signs. */
static bool is_plain(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("._+-", *c) == NULL) {
            return false;
        }
    }
    return *text != '\0' && *text != '.';
}

static assay_status refuse(assay_error *error, const char *what)
{
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s", what);
}

/* The name of a level that is a text or a number. */
static char *plain_name(const json_t *level, assay_error *error)
{
    char text[40];
    if (json_typeof(level) == JSON_STRING) {
        return assay_strdup(json_string_value(level), error);
    }
    if (json_typeof(level) == JSON_INTEGER) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(level));
    } else {
        assay_text_number(json_real_value(level), text, sizeof text);
    }
    return assay_strdup(text, error);
}

/* --- seeds ------------------------------------------------------------------------------------------------------- */

static bool seed_range(const json_t *seeds, uint64_t *first, size_t *count)
{
    const json_t *from = json_object_get(seeds, "first");
    const json_t *number = json_object_get(seeds, "count");
    *first = (uint64_t)json_integer_value(from);
    *count = (size_t)json_integer_value(number);
    return json_object_size(seeds) == 2 && json_is_integer(from) && json_integer_value(from) >= 0 &&
           json_integer_value(number) > 0 && (size_t)json_integer_value(number) <= ASSAY_STUDY_RUN_LIMIT;
}

static int compare_seeds(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static assay_status check_seeds_differ(const assay_study_plan *plan, assay_error *error)
{
    uint64_t *sorted = assay_calloc(plan->seed_count, sizeof *sorted, error);
    if (sorted == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(sorted, plan->seeds, plan->seed_count * sizeof *sorted);
    qsort(sorted, plan->seed_count, sizeof *sorted, compare_seeds);
    assay_status status = ASSAY_OK;
    for (size_t i = 1; i < plan->seed_count && status == ASSAY_OK; i++) {
        if (sorted[i] == sorted[i - 1]) {
            status = assay_fail(error, ASSAY_ERROR_FORMAT, "the seed %" PRIu64 " is given twice", sorted[i]);
        }
    }
    assay_free(sorted);
    return status;
}

static assay_status read_seeds(assay_study_plan *plan, assay_error *error)
{
    const json_t *seeds = json_object_get(plan->document, "seeds");
    uint64_t first = 0;
    bool list = json_is_array(seeds);
    plan->seed_count = json_array_size(seeds);
    if (!(list ? plan->seed_count > 0 : seed_range(seeds, &first, &plan->seed_count))) {
        return refuse(error, "\"seeds\" must be {\"first\": 1, \"count\": 20} or a list of whole numbers");
    }
    plan->seeds = assay_calloc(plan->seed_count, sizeof *plan->seeds, error);
    if (plan->seeds == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < plan->seed_count; i++) {
        const json_t *seed = json_array_get(seeds, i);
        if (list && (json_typeof(seed) != JSON_INTEGER || json_integer_value(seed) < 0)) {
            return refuse(error, "a seed must be a whole number that is not negative");
        }
        plan->seeds[i] = list ? (uint64_t)json_integer_value(seed) : first + i;
    }
    return list ? check_seeds_differ(plan, error) : ASSAY_OK;
}

/* --- factors ------------------------------------------------------------------------------------------------------ */

static assay_status read_object_level(json_t *level, plan_level *made, assay_error *error)
{
    const char *name = json_string_value(json_object_get(level, "name"));
    if (name == NULL) {
        return refuse(error, "a level that is an object needs a \"name\"");
    }
    made->name = assay_strdup(name, error);
    made->settings = json_object();
    if (made->name == NULL || json_object_update(made->settings, level) != 0) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a level");
    }
    json_object_del(made->settings, "name");
    return ASSAY_OK;
}

/* A level that is a text or a number: the setting of the factor's name. */
static assay_status read_plain_level(const char *factor, json_t *level, plan_level *made, assay_error *error)
{
    made->name = plain_name(level, error);
    made->settings = json_object();
    if (made->name == NULL || json_object_set(made->settings, factor, level) != 0) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a level");
    }
    return ASSAY_OK;
}

static assay_status read_level(const char *factor, json_t *level, plan_level *made, assay_error *error)
{
    switch (json_typeof(level)) {
    case JSON_OBJECT: ASSAY_TRY(read_object_level(level, made, error)); break;
    case JSON_STRING:
    case JSON_INTEGER:
    case JSON_REAL: ASSAY_TRY(read_plain_level(factor, level, made, error)); break;
    default: return refuse(error, "a level must be a text, a number or an object");
    }
    if (!is_plain(made->name)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "a level's name has only letters, digits and . _ + - (write {\"name\": \"short\", ...} for a "
                          "level such as '%.60s')",
                          made->name);
    }
    return ASSAY_OK;
}

static assay_status read_factor(json_t *factor, plan_factor *made, assay_error *error)
{
    made->name = json_string_value(json_object_get(factor, "name"));
    json_t *levels = json_object_get(factor, "levels");
    if (made->name == NULL || !is_plain(made->name) || strcmp(made->name, "seed") == 0) {
        return refuse(error, "a factor needs a \"name\" of letters, digits and . _ + -, other than seed");
    }
    if (json_array_size(levels) == 0 || json_object_size(factor) != 2) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "factor '%s': expected {\"name\": ..., \"levels\": [...]}",
                          made->name);
    }
    made->levels = assay_calloc(json_array_size(levels), sizeof *made->levels, error);
    if (made->levels == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t index = 0; index < json_array_size(levels); index++) {
        json_t *level = json_array_get(levels, index);
        made->level_count = index + 1;
        ASSAY_TRY(assay_fail_in(error, read_level(made->name, level, &made->levels[index], error), made->name));
        for (size_t earlier = 0; earlier < index; earlier++) {
            if (strcmp(made->levels[earlier].name, made->levels[index].name) == 0) {
                return assay_fail(error, ASSAY_ERROR_FORMAT, "factor '%s' has two levels '%s'", made->name,
                                  made->levels[index].name);
            }
        }
    }
    return ASSAY_OK;
}

static assay_status read_factors(assay_study_plan *plan, assay_error *error)
{
    json_t *factors = json_object_get(plan->document, "factors");
    if (factors != NULL && json_typeof(factors) != JSON_ARRAY) {
        return refuse(error, "\"factors\" must be a list");
    }
    plan->cell_count = 1;
    plan->factors = assay_calloc(json_array_size(factors), sizeof *plan->factors, error);
    if (plan->factors == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t index = 0; index < json_array_size(factors); index++) {
        plan->factor_count = index + 1;
        ASSAY_TRY(read_factor(json_array_get(factors, index), &plan->factors[index], error));
        for (size_t earlier = 0; earlier < index; earlier++) {
            if (strcmp(plan->factors[earlier].name, plan->factors[index].name) == 0) {
                return assay_fail(error, ASSAY_ERROR_FORMAT, "there are two factors '%s'", plan->factors[index].name);
            }
        }
        if (plan->factors[index].level_count > ASSAY_STUDY_RUN_LIMIT / (plan->cell_count * plan->seed_count)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%zu seeds and the levels up to factor '%s' are more than %zu "
                              "runs",
                              plan->seed_count, plan->factors[index].name, ASSAY_STUDY_RUN_LIMIT);
        }
        plan->cell_count *= plan->factors[index].level_count;
    }
    return ASSAY_OK;
}

/* The level of factor `factor` in a cell: the last factor changes fastest. */
static const plan_level *level_of(const assay_study_plan *plan, size_t cell, size_t factor)
{
    for (size_t later = plan->factor_count; later-- > factor + 1;) {
        cell /= plan->factors[later].level_count;
    }
    return &plan->factors[factor].levels[cell % plan->factors[factor].level_count];
}

json_t *study_plan_settings(const assay_study_plan *plan, size_t cell, assay_error *error)
{
    json_t *settings = json_object(); /* jansson's json_copy may leave out members when there is no memory */
    bool complete = settings != NULL && (plan->settings == NULL || json_object_update(settings, plan->settings) == 0);
    for (size_t f = 0; f < plan->factor_count && complete; f++) {
        complete = json_object_update(settings, level_of(plan, cell, f)->settings) == 0;
    }
    if (!complete) {
        json_decref(settings);
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the settings of a run");
        return NULL;
    }
    return settings;
}

static char *name_cell(const assay_study_plan *plan, size_t cell, assay_error *error)
{
    char *name = assay_strdup(plan->factor_count == 0 ? "all" : "", error);
    for (size_t f = 0; f < plan->factor_count && name != NULL; f++) {
        char *longer = assay_asprintf(error, "%s%s%s=%s", name, f > 0 ? "," : "", plan->factors[f].name,
                                      level_of(plan, cell, f)->name);
        assay_free(name);
        name = longer;
    }
    return name;
}

/* Longest name of a cell: with ",seed=18446744073709551615.json.damaged" it must be a file's name. */
enum { CELL_LENGTH = 200 };

/* Names the cells, and reads each one's settings, so that a wrong one is found before the first run. */
static assay_status check_cells(assay_study_plan *plan, assay_error *error)
{
    plan->cells = assay_calloc(plan->cell_count, sizeof *plan->cells, error);
    if (plan->cells == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t cell = 0; cell < plan->cell_count; cell++) {
        plan->cells[cell] = name_cell(plan, cell, error);
        json_t *settings = plan->cells[cell] != NULL ? study_plan_settings(plan, cell, error) : NULL;
        if (settings == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        if (strlen(plan->cells[cell]) > CELL_LENGTH) {
            json_decref(settings);
            return assay_fail(error, ASSAY_ERROR_FORMAT, "the name of cell '%s' is longer than %d characters",
                              plan->cells[cell], CELL_LENGTH);
        }
        study_settings read;
        assay_status status = study_settings_read(settings, &read, error);
        json_decref(settings);
        ASSAY_TRY(assay_fail_in(error, status, plan->cells[cell]));
    }
    return ASSAY_OK;
}

/* --- measures and the whole plan --------------------------------------------------------------------------------- */

static assay_status read_measures(assay_study_plan *plan, assay_error *error)
{
    const json_t *record = json_object_get(plan->document, "record");
    plan->measure_count = json_array_size(record);
    if (plan->measure_count == 0) {
        return refuse(error, "\"record\" must be a list of measures, for example [\"test_accuracy\"]");
    }
    plan->measures = assay_calloc(plan->measure_count, sizeof *plan->measures, error);
    if (plan->measures == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < plan->measure_count; i++) {
        const char *name = json_string_value(json_array_get(record, i));
        if (name == NULL) {
            return refuse(error, "\"record\" must be a list of names");
        }
        ASSAY_TRY(study_measure_by_name(name, &plan->measures[i], error));
        for (size_t earlier = 0; earlier < i; earlier++) {
            if (plan->measures[earlier] == plan->measures[i]) {
                return assay_fail(error, ASSAY_ERROR_FORMAT, "the measure '%s' is given twice", name);
            }
        }
    }
    return ASSAY_OK;
}

static assay_status check_keys(json_t *document, assay_error *error)
{
    static const char *const known[] = {"study", "about", "settings", "factors", "seeds", "record"};
    for (void *at = json_object_iter(document); at != NULL; at = json_object_iter_next(document, at)) {
        const char *key = json_object_iter_key(at);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            found = found || strcmp(key, known[i]) == 0;
        }
        if (!found) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "unknown key '%s'; known: study, about, settings, factors, seeds, record", key);
        }
    }
    return ASSAY_OK;
}

static assay_status read_plan(assay_study_plan *plan, assay_error *error)
{
    if (json_typeof(plan->document) != JSON_OBJECT) {
        return refuse(error, "a plan must be a JSON object: {\"study\": \"name\", ...}");
    }
    ASSAY_TRY(check_keys(plan->document, error));
    const json_t *about = json_object_get(plan->document, "about");
    plan->name = json_string_value(json_object_get(plan->document, "study"));
    plan->about = about == NULL ? "" : json_string_value(about);
    plan->settings = json_object_get(plan->document, "settings");
    if (plan->name == NULL || *plan->name == '\0') {
        return refuse(error, "a plan needs a name: \"study\": \"...\"");
    }
    if (plan->about == NULL || (plan->settings != NULL && json_typeof(plan->settings) != JSON_OBJECT)) {
        return refuse(error, "\"about\" must be a text and \"settings\" an object");
    }
    ASSAY_TRY(read_seeds(plan, error));
    ASSAY_TRY(read_factors(plan, error));
    ASSAY_TRY(check_cells(plan, error));
    return read_measures(plan, error);
}

assay_status assay_study_plan_parse(const char *text, size_t length, const char *name, assay_study_plan **plan,
                                    assay_error *error)
{
    *plan = NULL;
    assay_study_plan *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    json_error_t where;
    assay_status status;
    made->document = assay_json_load(text, length, &where, &status);
    if (made->document == NULL) {
        status = assay_fail(error, status, "line %d: %s", where.line, where.text);
    } else {
        status = read_plan(made, error);
    }
    if (status != ASSAY_OK) {
        assay_study_plan_destroy(made);
        return assay_fail_in(error, status, name);
    }
    *plan = made;
    return ASSAY_OK;
}

assay_status assay_study_plan_read(const char *path, assay_study_plan **plan, assay_error *error)
{
    char *text;
    size_t length;
    *plan = NULL;
    ASSAY_TRY(assay_file_read(path, ASSAY_STUDY_PLAN_LIMIT, &text, &length, error));
    assay_status status = assay_study_plan_parse(text, length, path, plan, error);
    assay_free(text);
    return status;
}

void assay_study_plan_destroy(assay_study_plan *plan)
{
    if (plan == NULL) {
        return;
    }
    for (size_t f = 0; f < plan->factor_count; f++) {
        for (size_t l = 0; l < plan->factors[f].level_count; l++) {
            assay_free(plan->factors[f].levels[l].name);
            json_decref(plan->factors[f].levels[l].settings);
        }
        assay_free(plan->factors[f].levels);
    }
    for (size_t cell = 0; plan->cells != NULL && cell < plan->cell_count; cell++) {
        assay_free(plan->cells[cell]);
    }
    assay_free(plan->cells);
    assay_free(plan->factors);
    assay_free(plan->seeds);
    assay_free(plan->measures);
    json_decref(plan->document);
    assay_free(plan);
}

/* --- what is in it ------------------------------------------------------------------------------------------------ */

const char *assay_study_plan_name(const assay_study_plan *plan)
{
    return plan->name;
}

const char *assay_study_plan_about(const assay_study_plan *plan)
{
    return plan->about;
}

size_t assay_study_plan_cells(const assay_study_plan *plan)
{
    return plan->cell_count;
}

const char *assay_study_plan_cell(const assay_study_plan *plan, size_t cell)
{
    return plan->cells[cell];
}

size_t assay_study_plan_seeds(const assay_study_plan *plan)
{
    return plan->seed_count;
}

uint64_t assay_study_plan_seed(const assay_study_plan *plan, size_t index)
{
    return plan->seeds[index];
}

size_t assay_study_plan_runs(const assay_study_plan *plan)
{
    return plan->cell_count * plan->seed_count;
}

char *assay_study_plan_key(const assay_study_plan *plan, size_t run, assay_error *error)
{
    return assay_asprintf(error, "%s,seed=%" PRIu64, plan->cells[run % plan->cell_count],
                          plan->seeds[run / plan->cell_count]);
}

size_t assay_study_plan_measures(const assay_study_plan *plan)
{
    return plan->measure_count;
}

const char *assay_study_plan_measure(const assay_study_plan *plan, size_t index)
{
    return plan->measures[index]->name;
}

bool assay_study_plan_measure_is_number(const assay_study_plan *plan, size_t index)
{
    return plan->measures[index]->number;
}
