/*
 * The mistakes of tests/grade/planted.c, in this process: code that shares nothing with the models answers, through the
 * C runner's calls, and the judge must find its name. tests/grade/mistakes.sh grades the same as files, in the sandbox.
 */
#define PLANTED_MORE
#include "grade/planted.c"
#undef student_linear_forward
#undef student_linear_backward
#undef student_network_gradient
#undef student_training
#include "grade/planted_linear.h"
#include "grade/planted_network.h"
#include "grade/planted_training.h"

#include <dlfcn.h>

#include <assay/base/alloc.h>
#include "grade/catalogue.h"
#include "grade/exchange.h"
#include "grade/runners/c/runner.h"
#include "grade_levels.h"

static bool has_text(const char *source, const char *format, const char *name)
{
    char text[80];
    snprintf(text, sizeof text, format, name);
    return strstr(source, text) != NULL;
}

/*
 * Whether the sources make a mistake: by its name, or by the part after the point, for the optimizers ("%s.NAME"), the
 * passes of the network and of training (pass_is).
 */
static bool is_planted(const char *source, const char *id)
{
    const char *name = strchr(id, '.') + 1;
    bool steps = strncmp(id, "sgd.", 4) == 0 || strncmp(id, "momentum.", 9) == 0 || strncmp(id, "adam.", 5) == 0;
    bool passes = strncmp(id, "network_gradient.", 17) == 0 || strncmp(id, "training.", 9) == 0;
    return has_text(source, "\"%s\"", id) || (steps && has_text(source, "\"%%s.%s\"", name)) ||
           (passes && has_text(source, "pass_is(\"%s\")", name));
}

/* Reads the files with mistakes. */
static char *read_source(void)
{
    static const char *const names[] = {"planted.c", "planted_linear.h", "planted_network.h", "planted_training.h"};
    const char *root = getenv("ASSAY_SOURCE");
    const size_t limit = (1 << 18) - 1;
    char *text = calloc(1, limit + 1);
    size_t length = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/tests/grade/%s", root == NULL ? "." : root, names[i]);
        FILE *file = fopen(path, "r");
        ck_assert_msg(file != NULL, "%s is not there", path);
        length += fread(text + length, 1, limit - length, file);
        ck_assert_uint_lt(length, limit);
        fclose(file);
    }
    return text;
}

/* The functions above answer one case. */
static void answer_case(const grade_case *graded, grade_answer *answered)
{
    assay_error error = {0};
    char *line;
    support_assert_ok(assay_grade_request(graded, 1, &GRADE_INLINE, &line, &error), &error);
    json_t *request = json_loads(line, 0, NULL);
    assay_free(line);
    void *self = dlopen(NULL, RTLD_NOW);
    json_t *reply = runner_call(self, graded->component->name, json_object_get(request, "inputs"));
    json_object_set_new(reply, "id", json_integer(1));
    char *text = json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(17));
    support_assert_ok(assay_grade_reply(text, strlen(text), 1, &GRADE_INLINE, answered, &error), &error);
    dlclose(self);
    free(text);
    json_decref(reply);
    json_decref(request);
}

static void answer_as(const char *id, grade_battery *battery)
{
    grade_part *part = &battery->parts[0];
    snprintf(mistake, sizeof mistake, "%s", id);
    for (size_t i = 0; i < part->count; i++) {
        answer_case(part->cases[i], &part->answers[i]);
    }
    judge(battery);
}

/* The number that the judge has found for this mistake; else 0. */
static double found_number(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        if (result->verdict == GRADE_WRONG && result->mistake != NULL && strcmp(result->mistake, id) == 0) {
            return result->parameter;
        }
    }
    return 0.0;
}

/*
 * Whether a level with this name computes in all cases what was planted, with the number that the judge has found if
 * the level has one. True where what is planted is two mistakes.
 */
static bool is_modelled(const grade_part *part, const char *id)
{
    if (part->component->initializer != NULL || strcmp(id, "cross_entropy.max_missing") == 0) {
        return true;
    }
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    for (size_t k = 0; k < count; k++) {
        grade_choice choice = single(part->component, levels[k]);
        if (assay_grade_free_level(part->component, &choice) != NULL) {
            choice.parameter = found_number(part, id);
        }
        if (strcmp(id_of(part->component, levels[k]), id) == 0 && distance_to(part, &choice) <= 1.0) {
            return true;
        }
    }
    return false;
}

/* In how many of its forms a mistake is not recognised. */
static size_t count_unnamed(const char *id, grade_battery *battery)
{
    const grade_part *part = &battery->parts[0];
    size_t unnamed = 0;
    for (form = 0; form < forms_of(id); form++) {
        answer_as(id, battery);
        if (!part_names(part, id) || !is_modelled(part, id)) {
            fprintf(stderr, "%s, form %zu, is not named, or no level computes it in all cases:\n", id, form);
            print_names(part);
            unnamed++;
        }
    }
    form = 0;
    return unnamed;
}

static void plant_all(const char *component)
{
    grade_catalogue *catalogue;
    assay_error error = {0};
    grade_battery *battery = draw(component, 31);
    char *source = read_source();
    size_t unnamed = 0;
    support_assert_ok(assay_grade_catalogue_open(&catalogue, &error), &error);
    answer_as("correct", battery);
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        ck_assert_int_eq(battery->parts[0].results[i].verdict, GRADE_PASS);
    }
    for (size_t k = 0; k < assay_grade_catalogue_count(catalogue); k++) {
        const grade_mistake *entry = assay_grade_catalogue_at(catalogue, k);
        if (strcmp(entry->component, component) == 0 && is_planted(source, entry->id)) {
            unnamed += count_unnamed(entry->id, battery);
        }
    }
    ck_assert_uint_eq(unnamed, 0);
    free(source);
    assay_grade_catalogue_close(catalogue);
    assay_grade_battery_destroy(battery);
}

START_TEST(planted_mistakes_are_named)
{
    evidence(EVIDENCE_PROPERTY, "grade/network");
    evidence(EVIDENCE_PROPERTY, "grade/optimizer");
    plant_all(components[_i]);
}
END_TEST

START_TEST(planted_draws_are_named)
{
    static const char *const initializers[] = {"init_normal", "init_fan_in", "init_xavier", "init_kaiming"};
    plant_all(initializers[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade planted");
    TCase *computed = evidence_case("computed", "property: grade/judge, grade/components, grade/case");
    tcase_set_timeout(computed, 240);
    tcase_add_loop_test(computed, planted_mistakes_are_named, 0, COMPONENTS);
    suite_add_tcase(suite, computed);
    TCase *drawn = evidence_case("drawn", "property: grade/judge_init, grade/distribution");
    tcase_set_timeout(drawn, 240);
    tcase_add_loop_test(drawn, planted_draws_are_named, 0, 4);
    suite_add_tcase(suite, drawn);
    return support_run(suite);
}
