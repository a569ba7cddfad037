#include "evidence.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* clang-format off */
static const char *const kind_names[EVIDENCE_KINDS] = {
    [EVIDENCE_GRADIENT] = "gradient",           [EVIDENCE_STATISTICAL] = "statistical",
    [EVIDENCE_GOLDEN] = "golden",               [EVIDENCE_CROSS_BACKEND] = "cross-backend",
    [EVIDENCE_PROPERTY] = "property",           [EVIDENCE_ERRORS] = "errors",
};
/* clang-format on */

enum { TESTS = 64 };

/* The declarations of the running test. Each test runs in its own process, and one thread asserts. */
static struct {
    json_t *test;
    double alarm;
    double relative; /* the largest error so far; negative: none */
    int checks;
    size_t case_count;
    struct {
        const TCase *tcase;
        const char *declaration;
    } cases[TESTS];
    size_t test_count;
    struct {
        const char *name;
        const char *declaration;
    } tests[TESTS]; /* of cases with a declaration */
} state;

static bool wanted(void)
{
    const char *file = getenv("ASSAY_TRACE");
    return file != NULL && *file != '\0';
}

static const char *program_name(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Writes one line in one call, since tests and, under make -j, programs append at the same time. Takes over `line`. */
static void append(json_t *line)
{
    char path[4096];
    json_object_set_new(line, "program", json_string(program_name(path, sizeof path)));
    char *text = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(line);
    /* A test of full disks may have left a limit on the size of files. */
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    int file = open(getenv("ASSAY_TRACE"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of the terminator */
    if (file < 0 || write(file, text, length + 1) != (ssize_t)(length + 1)) {
        ck_abort_msg("%s: the trace cannot be written", getenv("ASSAY_TRACE"));
    }
    close(file);
    free(text);
}

static void declare(const char *kind, const char *component)
{
    json_t *all = json_object_get(state.test, "evidence");
    size_t i;
    json_t *said;
    json_array_foreach(all, i, said) {
        if (strcmp(json_string_value(json_array_get(said, 0)), kind) == 0 &&
            strcmp(json_string_value(json_array_get(said, 1)), component) == 0) {
            return;
        }
    }
    json_array_append_new(all, json_pack("[ss]", kind, component));
}

void evidence(evidence_kind kind, const char *format, ...)
{
    char component[128];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(component, sizeof component, format, arguments);
    va_end(arguments);
    ck_assert_msg(length > 0 && length < (int)sizeof component && strchr(component, '/') != NULL,
                  "'%s' is not a component", component);
    if (state.test != NULL) {
        declare(kind_names[kind], component);
    }
}

void evidence_source(const char *name)
{
    json_t *sources = json_object_get(state.test, "sources");
    size_t i;
    json_t *said;
    json_array_foreach(sources, i, said) {
        if (strcmp(json_string_value(said), name) == 0) {
            return;
        }
    }
    json_array_append_new(sources, json_string(name));
}

void evidence_alarm(int checks, double probability)
{
    state.checks += checks;
    state.alarm += checks * probability;
}

void evidence_relative(double error)
{
    state.relative = error > state.relative ? error : state.relative;
}

static void stop_at(size_t count)
{
    if (count == TESTS) {
        fprintf(stderr, "more than %d tests: raise TESTS in tests/evidence.c\n", TESTS);
        abort();
    }
}

TCase *evidence_case(const char *name, const char *declaration)
{
    stop_at(state.case_count);
    TCase *tcase = tcase_create(name);
    state.cases[state.case_count].tcase = tcase;
    state.cases[state.case_count++].declaration = declaration;
    return tcase;
}

void evidence_power(const char *what, double error)
{
    if (state.test != NULL) {
        json_object_set_new(state.test, "power", json_pack("[{sssf}]", "what", what, "error", error));
    }
}

/* Whether ASSAY_TEST_ONLY, "TEST" or "TEST:I,J", includes an iteration. */
static bool is_asked_for(const char *test, int iteration)
{
    const char *only = getenv("ASSAY_TEST_ONLY");
    if (only == NULL || *only == '\0') {
        return true;
    }
    size_t length = strcspn(only, ":");
    if (strlen(test) != length || strncmp(test, only, length) != 0) {
        return false;
    }
    const char *number = only + length;
    bool found = *number == '\0';
    while (*number != '\0' && !found) {
        char *end;
        found = strtol(number + 1, &end, 10) == iteration;
        number = end;
    }
    return found;
}

void evidence_add_test(TCase *tcase, const TTest *test, int start, int end)
{
    for (size_t i = 0; i < state.case_count; i++) {
        if (state.cases[i].tcase == tcase) {
            stop_at(state.test_count);
            state.tests[state.test_count].name = test->name;
            state.tests[state.test_count++].declaration = state.cases[i].declaration;
        }
    }
    for (int i = start; i < end; i++) {
        if (is_asked_for(test->name, i)) {
            _tcase_add_test(tcase, test, 0, 0, i, i + 1);
        }
    }
}

/* "property: a, b; errors: c" */
static void declare_all(const char *declaration)
{
    char *text = strdup(declaration);
    char *after_group = NULL;
    for (char *group = strtok_r(text, ";", &after_group); group != NULL; group = strtok_r(NULL, ";", &after_group)) {
        char *after = NULL;
        const char *kind = strtok_r(group, ": ", &after);
        bool known = false;
        for (int i = 0; i < EVIDENCE_KINDS; i++) {
            known |= strcmp(kind, kind_names[i]) == 0;
        }
        ck_assert_msg(known, "'%s' is no kind of evidence", kind);
        for (char *name = strtok_r(NULL, ":, ", &after); name != NULL; name = strtok_r(NULL, ":, ", &after)) {
            declare(kind, name);
        }
    }
    free(text);
}

void evidence_test_begins(const char *test, int iteration)
{
    json_decref(state.test);
    state.test = NULL;
    state.alarm = 0;
    state.relative = -1;
    state.checks = 0;
    if (!wanted()) {
        return;
    }
    state.test = json_pack("{ss si s[] s[]}", "test", test, "iteration", iteration, "evidence", "sources");
    for (size_t i = 0; i < state.test_count; i++) {
        if (strcmp(state.tests[i].name, test) == 0) {
            declare_all(state.tests[i].declaration);
        }
    }
}

void evidence_test_ends(void)
{
    if (state.test == NULL) {
        return;
    }
    json_object_set_new(state.test, "checks", json_integer(state.checks));
    json_object_set_new(state.test, "alarm", json_real(state.alarm));
    if (state.relative >= 0) {
        json_object_set_new(state.test, "relative", json_real(state.relative));
    }
    append(state.test);
    state.test = NULL;
}

void evidence_program(int run, int failed)
{
    if (wanted()) {
        append(json_pack("{si si}", "run", run, "failed", failed));
    }
}

void evidence_skipped(const char *reason)
{
    if (wanted()) {
        append(json_pack("{ss}", "skipped", reason));
    }
}
