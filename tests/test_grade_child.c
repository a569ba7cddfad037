/* lib/grade: the command lines that start submissions, and what is said of submissions that misbehave. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/battery.h"
#include "grade/child_arguments.h"
#include "support.h"

/* --- command lines ------------------------------------------------------------------------------------------------ */

/* Where libassay says that it is; NULL: where it is. */
static const char *pretended_library;

/* In place of the C library's. */
int dladdr(const void *address, Dl_info *about)
{
    void *next = dlsym(RTLD_NEXT, "dladdr");
    int (*real)(const void *, Dl_info *);
    memcpy(&real, &next, sizeof real);
    int found = real(address, about);
    if (pretended_library != NULL) {
        about->dli_fname = pretended_library;
    }
    return found;
}

/* Large: not on the stack. */
static grade_arguments arguments;

static grade_program sandboxed_program(const char *folder)
{
    static const char *const command[] = {"python3", "main.py", NULL};
    return (grade_program){.command = command, .folder = folder, .runner = "/opt/runner", .sandboxed = true,
                           .limits = assay_grade_limits_default()};
}

/* Whether `first` and `second` stand in the command line, one after the other. */
static bool has_pair(const char *first, const char *second)
{
    for (size_t i = 0; i + 1 < arguments.count; i++) {
        if (strcmp(arguments.list[i], first) == 0 && strcmp(arguments.list[i + 1], second) == 0) {
            return true;
        }
    }
    return false;
}

static bool has(const char *word)
{
    for (size_t i = 0; i < arguments.count; i++) {
        if (strcmp(arguments.list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(the_sandbox_shows_the_folder_alone)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    ck_assert_int_eq(chmod(folder, 0755), 0);
    grade_program program = sandboxed_program(folder);
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert_str_eq(arguments.list[0], "bwrap");
    ck_assert_ptr_null(arguments.list[arguments.count]);
    ck_assert(has_pair("--ro-bind", folder) && has_pair(folder, "/submission"));
    ck_assert(has_pair("--", "python3") && has_pair("python3", "main.py"));
    ck_assert(has_pair("--processes", "72"));
    ck_assert(!has("--bind") && !has("--load"));
    assay_grade_arguments_clear(&arguments);
    program.exchange = folder;
    program.shared_object = "adam.so";
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair("--bind", folder) && has_pair(folder, GRADE_EXCHANGE_INSIDE));
    ck_assert(has_pair("--load", "/submission/adam.so"));
    assay_grade_arguments_clear(&arguments);
    support_remove_folder(folder);
}
END_TEST

/* Root gives up its rights for a user of the submission's own; anybody else makes a user namespace. */
START_TEST(root_and_others_start_in_their_way)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    ck_assert_int_eq(chmod(folder, 0755), 0);
    grade_program program = sandboxed_program(folder);
    if (geteuid() == 0) {
        support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
        ck_assert(has("--user") && has_pair("--cap-add", "CAP_SETUID") && !has("--unshare-user"));
        assay_grade_arguments_clear(&arguments);
        ck_assert_int_eq(chmod(folder, 0700), 0);
        support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_ARGUMENT, &error,
                             "only its owner may read it");
        ck_assert_int_eq(seteuid(65534), 0);
    }
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has("--unshare-user") && !has("--user") && !has("--cap-add"));
    assay_grade_arguments_clear(&arguments);
    if (getuid() == 0) {
        ck_assert_int_eq(seteuid(0), 0);
    }
    support_remove_folder(folder);
}
END_TEST

START_TEST(bound_folders_have_parents_that_all_may_read)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char *inner = assay_asprintf(NULL, "%s/inner", folder);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(mkdir(inner, 0755), 0);
    grade_program program = sandboxed_program(folder);
    program.binds = (const char *const[]){inner, NULL};
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair("--dir", folder) && has_pair("--ro-bind", inner) && has_pair(inner, inner));
    assay_grade_arguments_clear(&arguments);
    program.binds = (const char *const[]){"/nowhere", NULL};
    support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_IO, &error,
                         "--bind /nowhere: No such file or directory");
    ck_assert_uint_eq(arguments.owned_count, 0);
    assay_free(inner);
    support_remove_folder(folder);
}
END_TEST

START_TEST(command_lines_have_an_end)
{
    static const char *many[GRADE_MAX_ARGUMENTS + 2];
    assay_error error = {0};
    char *folder = support_make_folder();
    ck_assert_int_eq(chmod(folder, 0755), 0);
    for (size_t i = 0; i <= GRADE_MAX_ARGUMENTS; i++) {
        many[i] = folder;
    }
    grade_program program = sandboxed_program(folder);
    program.command = many;
    support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "put it into a script");
    program = sandboxed_program(folder);
    program.binds = many;
    support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "the folders of --bind");
    ck_assert_uint_eq(arguments.owned_count, 0);
    support_remove_folder(folder);
}
END_TEST

/* Where libassay is installed under /usr, which the sandbox shows, an empty file stands in its place. */
START_TEST(an_installed_library_is_hidden)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char *link = assay_asprintf(NULL, "%s/libassay.so", folder);
    char *here = assay_asprintf(NULL, "%s/libassay.so.0", folder);
    char *target = realpath("/usr/bin/env", NULL);
    ck_assert_ptr_nonnull(target);
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_int_eq(symlink(target, link), 0);
    FILE *made = fopen(here, "w");
    ck_assert_ptr_nonnull(made);
    fclose(made);
    const struct { const char *path; bool hidden; } cases[] = {
        {link, true}, {here, false}, {target, false}, {"/usr/lib/libassay-that-is-not-there.so", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grade_program program = sandboxed_program(folder);
        pretended_library = cases[i].path;
        support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
        pretended_library = NULL;
        ck_assert_msg(has_pair("/dev/null", target) == cases[i].hidden, "%s", cases[i].path);
        assay_grade_arguments_clear(&arguments);
    }
    free(target);
    assay_free(link);
    assay_free(here);
    support_remove_folder(folder);
}
END_TEST

/* --- submissions that misbehave ----------------------------------------------------------------------------------- */

#define GREETS "read -r line; echo '{}'; read -r line; "

static const struct {
    const char *script;
    grade_verdict verdict;
    const char *detail;
} scripts[] = {
    {"read -r line; echo hi; read -r line", GRADE_REPLY, "the reply to hello is not"},
    {"read -r line; echo '{\"functions\": [3, \"adam\"]}'; read -r line", GRADE_MISSING, ""},
    {GREETS "echo why >&2; exit 3", GRADE_EXITED, "ended with exit status 3 before it replied: why"},
    {GREETS "printf 'one\\ntw\\001o\\n \\n' >&2; exit 4", GRADE_EXITED, "exit status 4 before it replied: tw?o"},
    {GREETS "head -c 2000 /dev/zero | tr '\\0' x >&2; exit 5", GRADE_EXITED, "exit status 5 before it replied: xxxxxxx"},
    {GREETS "exec >&-; sleep 100", GRADE_EXITED, "closed its standard output"},
    {GREETS "kill -XCPU $$", GRADE_TIMED_OUT, "used up its processor time"},
    {GREETS "kill -40 $$", GRADE_CRASHED, "killed by signal 40 (unknown)"},
    {GREETS "kill -SEGV $$", GRADE_CRASHED, "killed by signal 11 (Segmentation fault)"},
    {GREETS "exit 139", GRADE_CRASHED, "killed by signal 11 (Segmentation fault)"},
    {GREETS "exit 255", GRADE_EXITED, "exit status 255"},
    {GREETS "head -c 5000000 /dev/zero", GRADE_OUTPUT, "wrote more than 4096 KiB to standard output without a newline"},
    {GREETS "head -c 70000000 /dev/zero >&2; read -r line", GRADE_OUTPUT, "wrote more than 64 MiB to standard error"},
};

static grade_battery *run(const char *script, const grade_limits *limits, const char *exchange)
{
    static const char *const only[] = {"relu", NULL};
    const char *build = getenv("ASSAY_BUILD");
    char *runner = assay_asprintf(NULL, "%s/assay-grade-runner", build != NULL ? build : ".");
    const char *const command[] = {"sh", "-c", script, NULL};
    grade_program program = {.command = command, .folder = exchange != NULL ? exchange : "/", .runner = runner,
                             .limits = *limits, .exchange = exchange};
    grade_battery *battery;
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(7, only, &battery, &error), &error);
    support_assert_ok(assay_grade_battery_run(battery, &program, &error), &error);
    assay_free(runner);
    return battery;
}

START_TEST(misbehaviour_is_named)
{
    const grade_limits limits = assay_grade_limits_default();
    grade_battery *battery = run(scripts[_i].script, &limits, NULL);
    const grade_answer *answer = &battery->parts[0].answers[0];
    ck_assert_msg(answer->verdict == scripts[_i].verdict && strstr(answer->detail, scripts[_i].detail) != NULL, "%s: %s, %s",
                  scripts[_i].script, assay_grade_verdict_name(answer->verdict), answer->detail);
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(time_for_the_whole_submission_ends)
{
    grade_limits limits = assay_grade_limits_default();
    limits.total_seconds = -1.0;
    grade_battery *battery = run("echo never started", &limits, NULL);
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        ck_assert_int_eq(battery->parts[0].answers[i].verdict, GRADE_NOT_RUN);
        ck_assert_str_eq(battery->parts[0].answers[i].detail, "the submission has used its -1 s of processor time");
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* A case has so much time on the clock, whatever the processor did meanwhile. */
START_TEST(sleepers_are_late)
{
    grade_limits limits = assay_grade_limits_default();
    limits.case_seconds = 0.05;
    grade_battery *battery = run(GREETS "sleep 100", &limits, NULL);
    ck_assert_int_eq(battery->parts[0].answers[0].verdict, GRADE_TIMED_OUT);
    ck_assert_ptr_nonnull(strstr(battery->parts[0].answers[0].detail, "no reply within 0.25 s"));
    assay_grade_battery_destroy(battery);
}
END_TEST

/* Files count by their length, however much of it is on the disk. */
START_TEST(exchange_folders_have_an_end)
{
    char *folder = support_make_folder();
    const grade_limits limits = assay_grade_limits_default();
    grade_battery *battery = run(GREETS "for i in 1 2 3 4 5; do truncate -s 60M f$i; done; sleep 100", &limits, folder);
    ck_assert_int_eq(battery->parts[0].answers[0].verdict, GRADE_OUTPUT);
    ck_assert_ptr_nonnull(strstr(battery->parts[0].answers[0].detail, "wrote more than 256 MiB of files"));
    assay_grade_battery_destroy(battery);
    support_remove_folder(folder);
}
END_TEST

START_TEST(missing_bubblewrap_is_told)
{
    assay_error error = {0};
    const char *path = getenv("PATH");
    char *kept = assay_strdup(path != NULL ? path : "", NULL);
    setenv("PATH", "/nonexistent", 1);
    support_assert_error(assay_grade_sandbox_check(&error), ASSAY_ERROR_UNSUPPORTED, &error, "bwrap is not there");
    setenv("PATH", kept, 1);
    assay_free(kept);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade's processes");
    TCase *lines = evidence_case("command lines", "property: grade/child; errors: grade/child");
    tcase_add_test(lines, the_sandbox_shows_the_folder_alone);
    tcase_add_test(lines, root_and_others_start_in_their_way);
    tcase_add_test(lines, bound_folders_have_parents_that_all_may_read);
    tcase_add_test(lines, command_lines_have_an_end);
    tcase_add_test(lines, an_installed_library_is_hidden);
    suite_add_tcase(suite, lines);
    TCase *misbehaviour = evidence_case("misbehaviour", "errors: grade/child, grade/battery");
    tcase_set_timeout(misbehaviour, 60);
    tcase_add_loop_test(misbehaviour, misbehaviour_is_named, 0, (int)(sizeof scripts / sizeof scripts[0]));
    tcase_add_test(misbehaviour, sleepers_are_late);
    tcase_add_test(misbehaviour, exchange_folders_have_an_end);
    tcase_add_test(misbehaviour, missing_bubblewrap_is_told);
    tcase_add_test(misbehaviour, time_for_the_whole_submission_ends);
    suite_add_tcase(suite, misbehaviour);
    return support_run(suite);
}
