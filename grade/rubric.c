#include "grade/rubric.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "grade/components.h"
#include "grade/folder.h"

enum { RUBRIC_LIMIT = 1 << 20 };

struct grade_rubric {
    json_t *root;
    const char **components; /* NULL-terminated; strings of root */
};

/* "adam/one step" names a case. */
static bool names_case(const char *name)
{
    const char *slash = strchr(name, '/');
    char component[GRADE_NAME_LENGTH * 2];
    if (slash == NULL || (size_t)(slash - name) >= sizeof component) {
        return false;
    }
    memcpy(component, name, (size_t)(slash - name));
    component[slash - name] = '\0';
    const grade_component *found = assay_grade_component_by_name(component);
    for (size_t i = 0; found != NULL && i < found->case_count; i++) {
        grade_case *drawn;
        bool same = assay_grade_case_create(found, i, 1, &drawn, NULL) == ASSAY_OK &&
                    strcmp(drawn->name, slash + 1) == 0;
        assay_grade_case_destroy(drawn);
        if (same) {
            return true;
        }
    }
    return false;
}

static assay_status check_numbers(const json_t *root, const char *key, const grade_catalogue *catalogue,
                                  const char *path, assay_error *error)
{
    json_t *table = json_object_get(root, key);
    const char *name;
    json_t *value;
    if (table != NULL && !json_is_object(table)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"%s\" is not an object", path, key);
    }
    json_object_foreach(table, name, value) {
        bool credit = strcmp(key, "credit") == 0;
        bool known = credit                      ? assay_grade_catalogue_find(catalogue, name) != NULL
                     : strcmp(key, "cases") == 0 ? names_case(name)
                                                 : assay_grade_component_by_name(name) != NULL;
        double number = json_number_value(value);
        if (!known) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: \"%s\" has \"%.60s\", which is no %s; assay grade --list "
                              "prints the names",
                              path, key, name, credit ? "mistake" : "component or case");
        }
        if (!json_is_number(value) || !(number >= 0.0) || number > (credit ? 1.0 : 1e6)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"%s\", \"%.60s\": not a number from 0 to %g", path, key,
                              name, credit ? 1.0 : 1e6);
        }
    }
    return ASSAY_OK;
}

static assay_status check_suspicion(const json_t *root, const char *path, assay_error *error)
{
    const json_t *kept = json_object_get(root, "suspicion");
    const json_t *cleared = json_object_get(root, "cleared");
    double number = json_number_value(kept);
    size_t strings = 0;
    for (size_t i = 0; i < json_array_size(cleared); i++) {
        strings += json_is_string(json_array_get(cleared, i));
    }
    if (kept != NULL && (!json_is_number(kept) || !(number >= 0.0 && number <= 1.0))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"suspicion\": not a number from 0 to 1", path);
    }
    const json_t *shown = json_object_get(root, "show_values");
    if (shown != NULL && !json_is_boolean(shown)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"show_values\": neither true nor false", path);
    }
    if (cleared != NULL && (!json_is_array(cleared) || strings != json_array_size(cleared))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"cleared\": not an array of names of submissions", path);
    }
    return ASSAY_OK;
}

static assay_status check_follows(const json_t *root, const char *path, assay_error *error)
{
    const json_t *kept = json_object_get(root, "follows");
    double number = json_number_value(kept);
    if (kept != NULL && (!json_is_number(kept) || !(number >= 0.0 && number <= 1.0))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"follows\": not a number from 0 to 1", path);
    }
    return ASSAY_OK;
}

static assay_status check_conventions(const json_t *root, const grade_catalogue *catalogue, const char *path,
                                      assay_error *error)
{
    const json_t *accepted = json_object_get(root, "conventions");
    if (accepted != NULL && !json_is_array(accepted)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"conventions\": not an array of names", path);
    }
    for (size_t i = 0; i < json_array_size(accepted); i++) {
        const char *name = json_string_value(json_array_get(accepted, i));
        if (name == NULL || !assay_grade_catalogue_has_convention(catalogue, name)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: \"conventions\" has \"%.60s\", which is no convention; assay grade --list prints "
                              "the names",
                              path, name == NULL ? "?" : name);
        }
    }
    return ASSAY_OK;
}

static assay_status check_rubric(grade_rubric *rubric, const grade_catalogue *catalogue, const char *path,
                                 assay_error *error)
{
    static const char *const keys[] = {"name",    "weights",     "cases",   "credit",     "suspicion",
                                       "cleared", "show_values", "follows", "conventions"};
    const char *name;
    json_t *value;
    if (!json_is_object(rubric->root)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not a JSON object", path);
    }
    json_object_foreach(rubric->root, name, value) {
        bool known = false;
        for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
            known = known || strcmp(keys[i], name) == 0;
        }
        if (!known) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: unknown key \"%.60s\"; there are name, weights, cases, credit, "
                              "suspicion, cleared, show_values, follows, conventions",
                              path, name);
        }
    }
    for (size_t i = 1; i < 4; i++) {
        ASSAY_TRY(check_numbers(rubric->root, keys[i], catalogue, path, error));
    }
    ASSAY_TRY(check_suspicion(rubric->root, path, error));
    ASSAY_TRY(check_follows(rubric->root, path, error));
    ASSAY_TRY(check_conventions(rubric->root, catalogue, path, error));
    const json_t *weights = json_object_get(rubric->root, "weights");
    size_t count = 0;
    if (weights == NULL) {
        return ASSAY_OK;
    }
    rubric->components = assay_calloc(json_object_size(weights) + 1, sizeof *rubric->components, error);
    if (rubric->components == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    json_object_foreach(json_object_get(rubric->root, "weights"), name, value) {
        rubric->components[count++] = name;
    }
    return ASSAY_OK;
}

assay_status assay_grade_rubric_read(const char *path, const grade_catalogue *catalogue, grade_rubric **rubric,
                                     assay_error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    *rubric = NULL;
    /* O_NONBLOCK: a pipe of that name is refused, not waited for. */
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    }
    assay_status read = assay_grade_descriptor_read(descriptor, path, RUBRIC_LIMIT, &bytes, &size, error);
    close(descriptor);
    ASSAY_TRY(read);
    json_error_t where;
    grade_rubric *made = assay_calloc(1, sizeof *made, error);
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK) {
        made->root = assay_json_load(bytes, size, &where, &status);
        status = made->root == NULL ? assay_fail(error, status, "%s, line %d: %s", path, where.line, where.text)
                                    : check_rubric(made, catalogue, path, error);
    }
    assay_free(bytes);
    if (status != ASSAY_OK) {
        assay_grade_rubric_close(made);
        return status;
    }
    *rubric = made;
    return ASSAY_OK;
}

assay_status assay_grade_rubric_accept(grade_rubric **rubric, const char *convention, const grade_catalogue *catalogue,
                                       assay_error *error)
{
    if (!assay_grade_catalogue_has_convention(catalogue, convention)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "no convention '%.60s'; assay grade --list prints them",
                          convention);
    }
    grade_rubric *changed = *rubric == NULL ? assay_calloc(1, sizeof *changed, error) : *rubric;
    if (changed == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *rubric = changed;
    changed->root = changed->root == NULL ? json_object() : changed->root;
    json_t *accepted = json_object_get(changed->root, "conventions");
    if (accepted == NULL) {
        json_object_set_new(changed->root, "conventions", json_array());
        accepted = json_object_get(changed->root, "conventions");
    }
    return json_array_append_new(accepted, json_string(convention)) == 0
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the rubric");
}

void assay_grade_rubric_close(grade_rubric *rubric)
{
    if (rubric != NULL) {
        json_decref(rubric->root);
        assay_free(rubric->components);
        assay_free(rubric);
    }
}

const char *assay_grade_rubric_name(const grade_rubric *rubric)
{
    const char *name = rubric == NULL ? NULL : json_string_value(json_object_get(rubric->root, "name"));
    return name == NULL ? "" : name;
}

const char *const *assay_grade_rubric_components(const grade_rubric *rubric)
{
    return rubric == NULL ? NULL : rubric->components;
}

bool assay_grade_rubric_clears(const grade_rubric *rubric, const char *submission)
{
    const json_t *cleared = rubric == NULL ? NULL : json_object_get(rubric->root, "cleared");
    for (size_t i = 0; i < json_array_size(cleared); i++) {
        if (strcmp(json_string_value(json_array_get(cleared, i)), submission) == 0) {
            return true;
        }
    }
    return false;
}

assay_status assay_grade_rubric_digest(const grade_rubric *rubric, uint64_t *digest, assay_error *error)
{
    *digest = 0;
    if (rubric == NULL) {
        return ASSAY_OK;
    }
    json_t *graded = json_copy(rubric->root);
    json_object_del(graded, "cleared");
    char *text = assay_json_print(graded, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(graded);
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the rubric");
    }
    *digest = 0xcbf29ce484222325u; /* FNV-1a */
    for (const char *c = text; *c != '\0'; c++) {
        *digest = (*digest ^ (unsigned char)*c) * 0x100000001b3u;
    }
    free(text);
    return ASSAY_OK;
}

/* The part of the points that is left under a suspicion that nobody has cleared. */
static double kept_under_suspicion(const grade_rubric *rubric, const grade_battery *battery)
{
    if (battery->suspicion[0] == '\0' || battery->cleared) {
        return 1.0;
    }
    return rubric == NULL ? 0.0 : json_number_value(json_object_get(rubric->root, "suspicion"));
}

static double share_of(const grade_rubric *rubric, const grade_case *graded)
{
    char name[sizeof graded->name + 64];
    snprintf(name, sizeof name, "%s/%s", graded->component->name, graded->name);
    const json_t *share = rubric == NULL ? NULL : json_object_get(json_object_get(rubric->root, "cases"), name);
    return share == NULL ? 1.0 : json_number_value(share);
}

static size_t count_answered(const grade_part *part)
{
    size_t answered = 0;
    for (size_t i = 0; i < part->count; i++) {
        answered += part->results[i].verdict != GRADE_MISSING;
    }
    return answered;
}

/* Without weights, a case that the submission says it does not have is not counted; an optional one never is. */
static double case_share(const grade_rubric *rubric, const grade_part *part, size_t i)
{
    bool weighted = rubric != NULL && rubric->components != NULL;
    bool needed = weighted && !(part->cases[i]->optional && count_answered(part) > 0);
    return !needed && part->results[i].verdict == GRADE_MISSING ? 0.0 : share_of(rubric, part->cases[i]);
}

static double part_points(const grade_rubric *rubric, const grade_part *part)
{
    if (rubric != NULL && rubric->components != NULL) {
        return json_number_value(json_object_get(json_object_get(rubric->root, "weights"), part->component->name));
    }
    return (double)count_answered(part);
}

/* Whether the rubric takes an id for right: a convention by its own id, or by the name of those who use it. */
static bool accepts(const grade_rubric *rubric, const grade_catalogue *catalogue, const char *id)
{
    const json_t *accepted = json_object_get(rubric->root, "conventions");
    const grade_mistake *entry = assay_grade_catalogue_find(catalogue, id);
    for (size_t i = 0; i < json_array_size(accepted) && entry != NULL; i++) {
        const char *name = json_string_value(json_array_get(accepted, i));
        if (strcmp(name, id) == 0 || assay_grade_catalogue_used_by(catalogue, entry, name)) {
            return true;
        }
    }
    return false;
}

/* Other shapes that mean the same are right unless the rubric says otherwise. */
static double credit_of_id(const grade_rubric *rubric, const grade_catalogue *catalogue, const char *id)
{
    double usual = strcmp(id, "any.singleton_axis") == 0 ? 1.0 : 0.0;
    if (rubric == NULL) {
        return usual;
    }
    const json_t *credit = json_object_get(json_object_get(rubric->root, "credit"), id);
    return credit != NULL ? json_number_value(credit) : accepts(rubric, catalogue, id) ? 1.0 : usual;
}

/* Each name of an explanation takes its part. */
static double credit_of_ids(const grade_rubric *rubric, const grade_catalogue *catalogue, const char *first,
                            const char *const *ids)
{
    double credit = first == NULL ? 1.0 : credit_of_id(rubric, catalogue, first);
    for (size_t i = 0; i < GRADE_MAX_NAMES && ids[i] != NULL; i++) {
        credit *= credit_of_id(rubric, catalogue, ids[i]);
    }
    return credit;
}

static double credit_of_follows(const grade_rubric *rubric)
{
    const json_t *kept = rubric == NULL ? NULL : json_object_get(rubric->root, "follows");
    return kept == NULL ? 1.0 : json_number_value(kept);
}

/* Of explanations that cannot be told apart the one counts that costs least. */
static double credit_of(const grade_rubric *rubric, const grade_catalogue *catalogue, const grade_result *result)
{
    if (result->verdict == GRADE_PASS) {
        return 1.0;
    }
    if (result->mistake == NULL) {
        return result->follows[0] != NULL ? credit_of_follows(rubric) : 0.0;
    }
    double best = credit_of_ids(rubric, catalogue, result->mistake, result->also);
    for (size_t i = 0; i < result->tie_count; i++) {
        best = fmax(best, credit_of_ids(rubric, catalogue, NULL, result->ties[i].name));
    }
    return best;
}

grade_score assay_grade_score(grade_battery *battery, const grade_rubric *rubric, const grade_catalogue *catalogue)
{
    grade_score score = {0};
    double kept = kept_under_suspicion(rubric, battery);
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        double shares = 0.0;
        for (size_t i = 0; i < part->count; i++) {
            shares += case_share(rubric, part, i);
        }
        for (size_t i = 0; i < part->count && shares > 0.0; i++) {
            grade_result *result = &part->results[i];
            result->possible = part_points(rubric, part) * case_share(rubric, part, i) / shares;
            result->earned = kept * credit_of(rubric, catalogue, result) * result->possible;
            score.possible += result->possible;
            score.earned += result->earned;
        }
    }
    return score;
}

bool assay_grade_full_marks(grade_score score)
{
    return score.possible > 0.0 && score.earned > score.possible * (1.0 - 1e-9);
}
