/*
 * grade/: the command lines that start submissions, what their sandbox hides, and what is said of submissions that
 * misbehave.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/battery.h"
#include "grade/cgroup.h"
#include "grade/child_arguments.h"
#include "grade/hidden.h"
#include "grade/tree.h"
#include "support.h"

/* --- command lines ------------------------------------------------------------------------------------------------ */

/* Large: not on the stack. */
static grade_arguments arguments;

/* A sandbox that is described only. */
static grade_sandbox described;

static grade_program sandboxed_program(void)
{
    static const char *const command[] = {"python3", "main.py", NULL};
    described = (grade_sandbox){
        .runner = "/opt/runner", .bubblewrap = "/usr/bin/bwrap", .stage = "/mnt", .disables_userns = true};
    return (grade_program){.command = command,
                           .source = 0,
                           .runner = "/opt/runner",
                           .sandbox = &described,
                           .limits = assay_grade_limits_default()};
}

/* Whether `first` and `second` are among the words, one after the other. */
static bool has_pair(const grade_words *words, const char *first, const char *second)
{
    for (size_t i = 0; i + 1 < words->count; i++) {
        if (strcmp(words->list[i], first) == 0 && strcmp(words->list[i + 1], second) == 0) {
            return true;
        }
    }
    return false;
}

static bool has(const grade_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

START_TEST(the_sandbox_shows_the_submission_alone)
{
    assay_error error = {0};
    const grade_words *command = &arguments.command;
    const grade_words *options = &arguments.options;
    grade_program program = sandboxed_program();
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair(command, "/opt/runner", "--stage") && has_pair(command, "--stage", "/mnt"));
    ck_assert(has_pair(command, "folder", "/usr/bin/bwrap") && has_pair(command, "4", "--"));
    ck_assert_ptr_null(command->list[command->count]);
    ck_assert(has_pair(command, "--", "python3") && has_pair(command, "python3", "main.py"));
    ck_assert(has_pair(command, "--processes", "72") && has(command, "--descriptors"));
    ck_assert(has_pair(options, "/mnt/submission", "/submission") && has_pair(options, "--seccomp", "5"));
    ck_assert(!has(options, GRADE_EXCHANGE_INSIDE) && !has(options, GRADE_INPUTS_INSIDE) && !has(command, "--load"));
    assay_grade_arguments_clear(&arguments);
    program.exchange = program.inputs = "somewhere";
    program.shared_object = "adam.so";
    program.source_name = GRADE_OBJECT_NAME;
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair(options, "--bind", "/mnt/scratch/exchange"));
    ck_assert(has_pair(options, "--ro-bind", "/mnt/scratch/inputs"));
    ck_assert(has_pair(command, "--load", GRADE_OBJECT_INSIDE) && has(command, "file:" GRADE_OBJECT_NAME));
    ck_assert(!has(options, "somewhere") && !has(command, "adam.so"));
    assay_grade_arguments_clear(&arguments);
}
END_TEST

/* All words, one blank after each. */
static char *text_of(const grade_words *words)
{
    char *text = assay_strdup("", NULL);
    for (size_t i = 0; i < words->count; i++) {
        char *longer = assay_asprintf(NULL, "%s%s ", text, words->list[i]);
        assay_free(text);
        text = longer;
    }
    return text;
}

static void assert_words(const grade_words *words, const char *wanted)
{
    char *text = text_of(words);
    ck_assert_str_eq(text, wanted);
    ck_assert_ptr_null(words->list[words->count]);
    assay_free(text);
}

/* Word by word, as another user than root: each of them is a wall of the sandbox, or a limit. */
START_TEST(the_sandbox_has_all_its_walls)
{
    assay_error error = {0};
    static const grade_shown shown[] = {{"/here/a.py", "/run/python/a.py"}, {"/here/map", "/run/map.json"}};
    char hidden_file[] = "/usr/bin/assay";
    char hidden_folder[] = "/usr/share/assay";
    grade_program program = sandboxed_program();
    described.hidden = (grade_hidden){
        .count = 2, .paths = (char *[]){hidden_file, hidden_folder}, .is_folder = (bool[]){false, true}};
    program.source_name = "submission.py";
    program.inputs = program.exchange = "yes";
    program.shows_header = true;
    program.shown = shown;
    program.shown_count = 2;
    program.limits = (grade_limits){
        .start_seconds = 20.0, .total_seconds = 60.5, .memory_bytes = 1 << 20, .processes = 5};
    bool root = geteuid() == 0;
    ck_assert(!root || seteuid(65534) == 0);
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(!root || seteuid(0) == 0);
    assert_words(
        &arguments.command,
        "/opt/runner --stage /mnt 524288 file:submission.py /usr/bin/bwrap --args 4 -- /run/assay-grade-runner "
        "--cpu-seconds 81 --data-bytes 2097152 --file-bytes 67108864 --descriptors 256 --processes 13 -- "
        "python3 main.py ");
    assert_words(&arguments.options,
                 "--die-with-parent --new-session --unshare-ipc --unshare-pid --unshare-net --unshare-uts "
                 "--unshare-cgroup-try --hostname sandbox --seccomp 5 --unshare-user --disable-userns "
                 "--ro-bind /usr /usr --ro-bind-try /bin /bin --ro-bind-try /lib /lib --ro-bind-try /lib64 /lib64 "
                 "--perms 0755 --dir /etc --perms 0755 --dir /run --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache "
                 "--ro-bind-try /etc/alternatives /etc/alternatives --proc /proc --dev /dev "
                 "--dev-bind /dev/full /dev/zero "
                 "--ro-bind /mnt/nothing /usr/bin/assay --ro-bind /mnt/hidden /usr/share/assay "
                 "--bind /mnt/scratch/tmp /tmp --bind /mnt/scratch/shm /dev/shm --ro-bind /mnt/hidden /dev/pts "
                 "--ro-bind /mnt/scratch/inputs /inputs --bind /mnt/scratch/exchange /exchange "
                 "--ro-bind /mnt/runner /run/assay-grade-runner --ro-bind /mnt/submission /submission "
                 "--perms 0755 --dir /run --perms 0755 --dir /run/include --perms 0755 --dir /run/include/assay "
                 "--perms 0444 --file 7 /run/include/assay/student.h "
                 "--perms 0755 --dir /run --perms 0755 --dir /run/python --perms 0444 --file 8 /run/python/a.py "
                 "--perms 0755 --dir /run --perms 0444 --file 9 /run/map.json "
                 "--remount-ro /dev --remount-ro / --chdir /submission ");
    assay_grade_arguments_clear(&arguments);
    program = (grade_program){.shared_object = "/home/x.so", .runner = "/opt/runner", .limits = program.limits};
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    assert_words(&arguments.command, "/opt/runner --cpu-seconds 81 --data-bytes 2097152 --file-bytes 67108864 "
                                     "--descriptors 256 --load /home/x.so ");
    assert_words(&arguments.options, "");
    assay_grade_arguments_clear(&arguments);
}
END_TEST

/* Root starts each submission as a user of its own, from 0x70000000 on; it keeps the rights to change the user. */
START_TEST(root_gives_each_submission_a_user)
{
    if (geteuid() != 0) {
        return;
    }
    unsigned long users[2];
    for (int k = 0; k < 2; k++) {
        assay_error error = {0};
        grade_program program = sandboxed_program();
        support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
        size_t i = 0;
        while (strcmp(arguments.command.list[i], "--user") != 0) {
            i++;
        }
        users[k] = strtoul(arguments.command.list[i + 1], NULL, 10);
        ck_assert_uint_ge(users[k], 0x70000000);
        ck_assert_uint_lt(users[k], 0x80000000);
        char *options = text_of(&arguments.options);
        ck_assert_ptr_nonnull(strstr(options, "--seccomp 5 --cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID "
                                              "--ro-bind /usr "));
        assay_free(options);
        assay_grade_arguments_clear(&arguments);
    }
    ck_assert_uint_ne(users[0], users[1]);
}
END_TEST

/* The limits that --help and doc/grading.md name; a submission may write half of its memory, at most 256 MiB. */
START_TEST(limits_are_as_documented)
{
    grade_limits limits = assay_grade_limits_default();
    ck_assert(limits.start_seconds == 20.0 && limits.case_seconds == 2.0 && limits.total_seconds == 60.0);
    ck_assert_uint_eq(limits.memory_bytes, 1073741824);
    ck_assert_uint_eq(limits.processes, 64);
    ck_assert_uint_eq(limits.output_bytes, 4194304);
    ck_assert_uint_eq(assay_grade_scratch_bytes(&limits), 268435456);
    limits.memory_bytes = 536870912;
    ck_assert_uint_eq(assay_grade_scratch_bytes(&limits), 268435456);
    limits.memory_bytes = 1000;
    ck_assert_uint_eq(assay_grade_scratch_bytes(&limits), 500);
    double patience = assay_grade_patience();
    ck_assert(patience >= 5.0 && patience <= 40.0);
}
END_TEST

/* Root gives up its rights for a user of the submission's own; any other user makes a user namespace, the last one. */
START_TEST(root_and_others_start_in_their_way)
{
    assay_error error = {0};
    grade_program program = sandboxed_program();
    if (geteuid() == 0) {
        support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
        ck_assert(has(&arguments.command, "--user") && has_pair(&arguments.options, "--cap-add", "CAP_SETUID"));
        ck_assert(!has(&arguments.options, "--unshare-user"));
        assay_grade_arguments_clear(&arguments);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair(&arguments.options, "--unshare-user", "--disable-userns"));
    ck_assert(!has(&arguments.command, "--user") && !has(&arguments.options, "--cap-add"));
    assay_grade_arguments_clear(&arguments);
    described.disables_userns = false; /* bubblewrap before 0.8 */
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(!has(&arguments.options, "--disable-userns"));
    assay_grade_arguments_clear(&arguments);
    if (getuid() == 0) {
        ck_assert_int_eq(seteuid(0), 0);
    }
}
END_TEST

START_TEST(bound_folders_have_parents_that_all_may_read)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char *inner = assay_asprintf(NULL, "%s/inner", folder);
    ck_assert_int_eq(mkdir(inner, 0755), 0);
    grade_program program = sandboxed_program();
    described.binds = (const char *const[]){inner, NULL};
    support_assert_ok(assay_grade_arguments(&program, &arguments, &error), &error);
    ck_assert(has_pair(&arguments.options, "--dir", folder) && has_pair(&arguments.options, "--ro-bind", inner));
    ck_assert(has_pair(&arguments.options, inner, inner));
    assay_grade_arguments_clear(&arguments);
    described.binds = (const char *const[]){"/nowhere", NULL};
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
    for (size_t i = 0; i <= GRADE_MAX_ARGUMENTS; i++) {
        many[i] = "/tmp";
    }
    grade_program program = sandboxed_program();
    program.command = many;
    support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "put it into a script");
    program = sandboxed_program();
    described.binds = many;
    support_assert_error(assay_grade_arguments(&program, &arguments, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "the folders of --bind");
    ck_assert_uint_eq(arguments.owned_count, 0);
}
END_TEST

/* --- what is hidden, and refused ---------------------------------------------------------------------------------- */

static void make_file(const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    FILE *made = fopen(path, "w");
    ck_assert_ptr_nonnull(made);
    fputs("text", made);
    fclose(made);
    assay_free(path);
}

static bool hides(const grade_hidden *hidden, const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    bool found = false;
    for (size_t i = 0; i < hidden->count; i++) {
        found = found || strcmp(hidden->paths[i], path) == 0;
    }
    assay_free(path);
    return found;
}

/* An installation in a folder that is bound, or one below it. */
START_TEST(an_installation_is_hidden)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char *upper = support_make_folder();
    const char *const binds[] = {folder, upper, NULL};
    static const char *const folders[] = {"bin", "lib", "share", "share/assay", "include"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *path = assay_asprintf(NULL, "%s/%s", folder, folders[i]);
        ck_assert_int_eq(mkdir(path, 0755), 0);
        assay_free(path);
    }
    make_file(folder, "bin/assay");
    make_file(folder, "bin/python3");
    make_file(folder, "lib/libassay.so.0.1");
    make_file(folder, "lib/libassay.a");
    make_file(folder, "lib/libjansson.so");
    grade_hidden hidden;
    support_assert_ok(assay_grade_hidden_find(binds, &hidden, &error), &error);
    ck_assert(hides(&hidden, folder, "bin/assay") && hides(&hidden, folder, "lib/libassay.so.0.1"));
    ck_assert(hides(&hidden, folder, "lib/libassay.a") && hides(&hidden, folder, "share/assay"));
    ck_assert(!hides(&hidden, folder, "bin/python3") && !hides(&hidden, folder, "lib/libjansson.so"));
    assay_grade_hidden_clear(&hidden);
    support_assert_ok(assay_grade_hidden_find(NULL, &hidden, &error), &error);
    ck_assert(!hides(&hidden, folder, "bin/assay")); /* it is not shown */
    assay_grade_hidden_clear(&hidden);
    char endless[301]; /* a link to a name that is too long: whether the sandbox shows something there is not known */
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    char *link = assay_asprintf(NULL, "%s/bin/assay", folder);
    char *wanted = assay_asprintf(NULL, "%s: cannot be looked at, to hide it: File name too long", link);
    ck_assert(unlink(link) == 0 && symlink(endless, link) == 0);
    support_assert_error(assay_grade_hidden_find(binds, &hidden, &error), ASSAY_ERROR_IO, &error, wanted);
    assay_grade_hidden_clear(&hidden);
    assay_free(wanted);
    assay_free(link);
    support_remove_folder(folder);
    support_remove_folder(upper);
}
END_TEST

/* Links, and what else a folder may hold: the reason, or "". */
static const struct {
    const char *make; /* a shell command in the folder */
    const char *reason;
} trees[] = {
    {"mkdir a; echo x >a/b; ln -s a/b c; ln -s ../c a/d", ""},
    {"ln -s user@host.1:2 .#lock", ""},
    {"ln -s /usr/bin/python3 python", ""},
    {"mkfifo pipe", ""},
    {"ln -s loop loop", ""},
    {"ln -s ../anna anna", "anna: a link that leads out of the submission"},
    {"ln -s /etc/passwd x", "x: a link that leads out of the submission"},
    {"ln -s /usr/../etc/passwd x", "x: a link that leads out of the submission"},
    {"mkdir a; ln -s ../../b a/x", "a/x: a link that leads out of the submission"},
    {"mkdir -p a/b; ln -s ../.. a/b/up; ln -s a/b/up/../.. out", "out: a link that leads out of the submission"},
    {"truncate -s $((128 * 1048576 - 4096)) a b", ""}, /* with a page for each file: 256 MiB */
    {"truncate -s $((128 * 1048576 - 4096)) a; truncate -s $((128 * 1048576 - 4095)) b",
     "the submission's folder holds more than 256 MiB"},
    {"truncate -s 4G sparse", "the submission's folder holds more than 256 MiB"},
    {"p=.; for i in $(seq 70); do p=$p/d; done; mkdir -p $p", "nested more than 60 deep"},
};

START_TEST(trees_are_looked_at)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char reason[GRADE_TEXT_LENGTH];
    char *command = assay_asprintf(NULL, "cd %s && { %s; }", folder, trees[_i].make);
    ck_assert_int_eq(system(command), 0);
    int opened;
    support_assert_ok(assay_grade_tree_open(folder, false, &opened, reason, &error), &error);
    ck_assert_msg(trees[_i].reason[0] == '\0' ? opened >= 0 : opened < 0 && strstr(reason, trees[_i].reason) != NULL,
                  "%s: %s", trees[_i].make, reason);
    if (opened >= 0) {
        close(opened);
    }
    assay_free(command);
    support_remove_folder(folder);
}
END_TEST

/* Where the standard input is closed, the first file that is opened has descriptor 0: it is as good as any other. */
START_TEST(descriptor_0_is_one)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/x.so", folder);
    char reason[GRADE_TEXT_LENGTH];
    assay_error error = {0};
    make_file(folder, "x.so");
    int kept = dup(0);
    for (int kind = 0; kind < 3; kind++) {
        int opened;
        close(0);
        errno = EMFILE; /* of another call */
        assay_status status = kind == 0 ? assay_grade_tree_open(folder, false, &opened, reason, &error)
                                        : assay_grade_tree_open_file(kind == 1 ? NULL : folder, path, &opened, reason,
                                                                     &error);
        support_assert_ok(status, &error);
        ck_assert_msg(opened == (kind == 2 ? opened : 0) && opened >= 0, "%d: %s", opened, reason);
        close(opened);
        dup2(kept, 0);
    }
    close(kept);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* With few descriptors left, a link that leads out is an error of ours, or a refusal: it is never passed over. */
START_TEST(links_are_not_passed_over)
{
    char *folder = support_make_folder();
    char *link = assay_asprintf(NULL, "%s/x", folder);
    struct rlimit limit;
    int errors = 0;
    int refusals = 0;
    ck_assert_int_eq(symlink("/etc/passwd", link), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (rlim_t most = 3; most < 64; most++) {
        assay_error error = {0};
        char reason[GRADE_TEXT_LENGTH];
        int opened;
        const struct rlimit few = {most, limit.rlim_max};
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        assay_status status = assay_grade_tree_open(folder, false, &opened, reason, &error);
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        ck_assert_int_lt(opened, 0);
        errors += status == ASSAY_ERROR_IO && strstr(error.message, "Too many open files") != NULL;
        refusals += status == ASSAY_OK && strcmp(reason, "x: a link that leads out of the submission") == 0;
    }
    ck_assert(errors >= 3 && refusals >= 1 && errors + refusals == 61);
    assay_free(link);
    support_remove_folder(folder);
}
END_TEST

static const struct {
    const char *make; /* makes x.so */
    bool alone;
    const char *reason;
} objects[] = {
    {"echo >x.so", true, ""},
    {"echo >y.so; ln -s y.so x.so", true, "x.so: a link that leads out of the submission"},
    {"echo >y.so; ln -s y.so x.so", false, ""},
    {"ln -s ../y.so x.so", false, "x.so: a link that leads out of the submission"},
    {"ln -s /etc/passwd x.so", false, "x.so: a link that leads out of the submission"},
    {"mkdir x.so", true, "x.so: not a file"},
    {"mkfifo x.so", true, "x.so: not a file"},
    {"mkfifo x.so", false, "x.so: not a file"},
    {"ln -s nowhere x.so", false, "x.so: cannot be read: No such file"},
    {"ln -s x.so x.so", false, "x.so: cannot be read: Too many levels"},
    {"truncate -s 4G x.so", true, "x.so: larger than 256 MiB"},
    {">x.so", true, "x.so: empty"},
};

START_TEST(objects_are_looked_at)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char reason[GRADE_TEXT_LENGTH];
    char *command = assay_asprintf(NULL, "cd %s && { %s; }", folder, objects[_i].make);
    char *path = assay_asprintf(NULL, "%s/x.so", folder);
    ck_assert_int_eq(system(command), 0);
    int opened;
    support_assert_ok(assay_grade_tree_open_file(objects[_i].alone ? NULL : folder, path, &opened, reason, &error),
                      &error);
    ck_assert_msg(objects[_i].reason[0] == '\0' ? opened >= 0
                                                : opened < 0 && strstr(reason, objects[_i].reason) != NULL,
                  "%s: %s", objects[_i].make, reason);
    if (opened >= 0) {
        close(opened);
    }
    assay_free(command);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* As a user to whom the modes of files apply: what cannot be looked at or read is refused with its name. */
START_TEST(what_cannot_be_read_is_refused)
{
    static const struct {
        const char *make;
        const char *reason;
    } cases[] = {
        {"mkdir a; echo >a/b; chmod 444 a", "a/b: cannot be looked at: Permission denied"},
        {"mkdir a; chmod 111 a", "a: cannot be read: Permission denied"},
        {"echo >a; chmod 0 a", "a: cannot be read: Permission denied"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *folder = support_make_folder();
        char *make = assay_asprintf(NULL, "cd %s && chmod 755 . && { %s; }", folder, cases[i].make);
        char *mend = assay_asprintf(NULL, "chmod 755 %s/a", folder);
        ck_assert_int_eq(system(make), 0);
        pid_t child = fork();
        if (child == 0) {
            assay_error error = {0};
            char reason[GRADE_TEXT_LENGTH] = "";
            int opened = -1;
            bool root = getuid() == 0;
            bool refused = (!root || setuid(65534) == 0) &&
                           assay_grade_tree_open(folder, false, &opened, reason, &error) == ASSAY_OK && opened < 0;
            _exit(refused && strcmp(reason, cases[i].reason) == 0 ? 0 : 1);
        }
        int status;
        ck_assert(waitpid(child, &status, 0) == child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s", cases[i].make);
        ck_assert_int_eq(system(mend), 0);
        assay_free(make);
        assay_free(mend);
        support_remove_folder(folder);
    }
}
END_TEST

/* --- control groups ----------------------------------------------------------------------------------------------- */

static char *text_file(const char *folder, const char *name, const char *text)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    FILE *made = fopen(path, "w");
    ck_assert_ptr_nonnull(made);
    fputs(text, made);
    fclose(made);
    return path;
}

/* Folders that are not cgroups: their files are missing, so no group can be created, and nothing is left over. */
START_TEST(without_control_groups_there_are_none)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    char *mounts = assay_asprintf(NULL, "1 2 0:3 / %s rw - tmpfs x rw\n1 2 0:3 / %s rw shared:1 - cgroup2 x rw\n",
                                  folder, folder);
    char *table = text_file(folder, "mountinfo", mounts);
    char *own = text_file(folder, "cgroup", "4:memory:/a\n0::/a/b\n");
    char *parent;
    grade_cgroup_powers powers;
    support_assert_ok(assay_grade_cgroup_parent(table, own, &parent, &powers, &error), &error);
    ck_assert_ptr_null(parent);
    ck_assert(!powers.group && !powers.memory && !powers.processes);
    support_assert_ok(assay_grade_cgroup_parent("/nowhere", own, &parent, &powers, &error), &error);
    ck_assert_ptr_null(parent);
    support_remove_folder(folder);
    assay_free(mounts);
    assay_free(table);
    assay_free(own);
}
END_TEST

/* In a real group, where one can be made here. */
START_TEST(a_group_counts_and_kills)
{
    assay_error error = {0};
    char *parent;
    grade_cgroup_powers powers;
    support_assert_ok(assay_grade_cgroup_parent("/proc/self/mountinfo", "/proc/self/cgroup", &parent, &powers, &error),
                      &error);
    if (parent == NULL) {
        support_skip("no control group of version 2 can be made here; run as root, or below a delegated group");
        return;
    }
    grade_cgroup *group;
    support_assert_ok(assay_grade_cgroup_create(parent, &powers, (size_t)64 << 20, 8, &group, &error), &error);
    pid_t child = fork();
    if (child == 0) {
        if (write(assay_grade_cgroup_entrance(group), "0", 1) != 1) {
            _exit(1);
        }
        for (volatile int forever = 1; forever;) {
        }
    }
    usleep(100000);
    ck_assert_double_gt(assay_grade_cgroup_seconds(group), 0.001);
    ck_assert(!assay_grade_cgroup_out_of_memory(group) && !assay_grade_cgroup_out_of_processes(group));
    assay_grade_cgroup_kill(group);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assay_grade_cgroup_destroy(group);
    assay_free(parent);
}
END_TEST

/* --- submissions that misbehave ----------------------------------------------------------------------------------- */

#define GREETS "read -r line; echo '{}'; read -r line; "

/* clang-format off */
static const struct {
    const char *script;
    grade_verdict verdict;
    const char *detail;
} scripts[] = {
    {"read -r line; echo hi; read -r line", GRADE_REPLY, "the reply to hello is not"},
    {"read -r line; echo '{\"functions\": [3, \"adam\"]}'; read -r line", GRADE_MISSING, ""},
    {GREETS "echo why >&2; exit 3", GRADE_EXITED, "ended with exit status 3 before it replied: why"},
    {GREETS "printf 'one\\ntw\\001o\\n \\n' >&2; exit 4", GRADE_EXITED, "exit status 4 before it replied: tw?o"},
    {GREETS "head -c 2000 /dev/zero | tr '\\0' x >&2; exit 5", GRADE_EXITED,
     "exit status 5 before it replied: xxxxxxx"},
    {GREETS "echo 'x is 3' >&2; printf 'debug: \\303\\266\\033[1m'; exit 5", GRADE_EXITED,
     "before it replied: x is 3; printed last, without a newline: debug: \303\266?[1m"},
    {GREETS "printf a; exit 5", GRADE_EXITED, "before it replied; printed last, without a newline: a"},
    {GREETS "echo why >&2; echo 'x is 3'; read -r line", GRADE_REPLY,
     "not a JSON object: x is 3; last on standard error: why"},
    {"read -r line; echo why >&2; echo hi; read -r line", GRADE_REPLY, ": hi; last on standard error: why"},
    {GREETS "exec >&-; sleep 100", GRADE_EXITED, "closed its standard output"},
    {GREETS "kill -XCPU $$", GRADE_TIMED_OUT, "used up its processor time"},
    {GREETS "kill -40 $$", GRADE_CRASHED, "killed by signal 40 (unknown)"},
    {"read -r line; echo '{\"functions\": [\"relu\"]}'; read -r line; exit 3", GRADE_EXITED, "exit status 3"},
    {GREETS "printf '%600s\\nthe last words\\n' x >&2; exit 3", GRADE_EXITED, "before it replied: the last words"},
    {GREETS "kill -SEGV $$", GRADE_CRASHED, "killed by signal 11 (Segmentation fault)"},
    {GREETS "exit 139", GRADE_CRASHED, "killed by signal 11 (Segmentation fault)"},
    {GREETS "exit 255", GRADE_EXITED, "exit status 255"},
    {GREETS "head -c 5000000 /dev/zero", GRADE_OUTPUT, "wrote more than 4096 KiB to standard output without a newline"},
    {GREETS "echo '{\"id\": 1, \"id\": 1}'; read -r line", GRADE_REPLY, "an object has a key twice"},
    {GREETS "printf '{\"id\": 1}\\0\\n'; read -r line", GRADE_REPLY, "not a JSON object"},
    {GREETS "printf '{\"id\": 1, \"error\": \"\\377\"}\\n'; read -r line", GRADE_REPLY, "not UTF-8"},
    {GREETS "head -c 9000 /dev/zero | tr '\\0' '['; echo; read -r line", GRADE_REPLY, "nested too deep"},
    {"read -r line; printf '{}\\n{\"id\": 1, \"error\": \"early\"}\\n'; read -r line; exit 0", GRADE_REFUSED,
     "early"},
    {GREETS "(sleep 100 >&- 2>&- &); exit 6", GRADE_EXITED, "exit status 6"},
    {GREETS "head -c 70000000 /dev/zero >&2; read -r line", GRADE_OUTPUT, "wrote more than 64 MiB to standard error"},
};
/* clang-format on */

static grade_battery *run(const char *script, const grade_limits *limits, const char *exchange)
{
    static const char *const only[] = {"relu", NULL};
    const char *build = getenv("ASSAY_BUILD");
    char *runner = assay_asprintf(NULL, "%s/assay-grade-runner", build != NULL ? build : ".");
    const char *const command[] = {"sh", "-c", script, NULL};
    grade_program program = {.command = command,
                             .source = -1,
                             .folder = exchange != NULL ? exchange : "/",
                             .runner = runner,
                             .limits = *limits,
                             .exchange = exchange};
    grade_battery *battery;
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_create(7, only, &battery, &error), &error);
    support_assert_ok(assay_grade_battery_run(battery, &program, &error), &error);
    assay_free(runner);
    return battery;
}

START_TEST(misbehaviour_is_named)
{
    evidence(EVIDENCE_PROPERTY, "grade/portable");
    const grade_limits limits = assay_grade_limits_default();
    grade_battery *battery = run(scripts[_i].script, &limits, NULL);
    const grade_answer *answer = &battery->parts[0].answers[0];
    ck_assert_msg(answer->verdict == scripts[_i].verdict && strstr(answer->detail, scripts[_i].detail) != NULL,
                  "%s: %s, %s", scripts[_i].script, assay_grade_verdict_name(answer->verdict), answer->detail);
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

/* Seconds of a reply and of the whole are measured with their fractions. */
START_TEST(time_is_measured)
{
    const grade_limits limits = assay_grade_limits_default();
    grade_battery *battery = run("read -r line; echo '{}'; read -r line; sleep 0.11; exit 3", &limits, NULL);
    double first = battery->parts[0].answers[0].seconds;
    ck_assert_msg(first >= 0.1 && first < 40.0 && first != nearbyint(first), "%g s", first);
    ck_assert(battery->seconds > first && battery->seconds != nearbyint(battery->seconds));
    ck_assert(battery->cpu_seconds >= 0.0 && battery->cpu_seconds < 2.0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* What a submission does instead of a reply. */
static const struct {
    const char *script;
    const char *printed; /* part of the detail */
} sleepers[] = {
    {GREETS "sleep 100", ""},
    {GREETS "echo NaN >&2; printf '{\"id\": 1, \"outp'; sleep 100",
     ": NaN; printed last, without a newline: {\"id\": 1, \"outp"},
    {GREETS "kill -STOP $$", ""},
    {GREETS "exec <&-; sleep 100", ""},
    {GREETS "trap '' TERM HUP INT; sleep 100", ""},
};

/* A case has so much time on the clock, whatever the processor did meanwhile: 0.25 s, and more on a busy machine. */
START_TEST(sleepers_are_late)
{
    grade_limits limits = assay_grade_limits_default();
    limits.case_seconds = 0.05;
    grade_battery *battery = run(sleepers[_i].script, &limits, NULL);
    const grade_answer *answer = &battery->parts[0].answers[0];
    ck_assert_int_eq(answer->verdict, GRADE_TIMED_OUT);
    ck_assert_msg(strstr(answer->detail, "no reply within ") != NULL ||
                      strstr(answer->detail, "of processor time") != NULL, /* on a slow machine */
                  "%s: %s", sleepers[_i].script, answer->detail);
    ck_assert_msg(strstr(answer->detail, sleepers[_i].printed) != NULL, "%s: %s", sleepers[_i].script, answer->detail);
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
    grade_sandbox *sandbox;
    support_assert_error(assay_grade_sandbox_create("/opt/runner", NULL, &sandbox, &error), ASSAY_ERROR_UNSUPPORTED,
                         &error, "bwrap is not there");
    ck_assert_ptr_null(sandbox);
    setenv("PATH", kept, 1);
    assay_free(kept);
}
END_TEST

/* A program that prints more than there is room for, in several pieces, and fails. */
START_TEST(endless_help_of_bubblewrap_is_an_error)
{
    assay_error error = {0};
    char *folder = support_make_folder();
    const char *path = getenv("PATH");
    char *kept = assay_strdup(path != NULL ? path : "", NULL);
    char *program = assay_asprintf(NULL, "%s/bwrap", folder);
    char *command = assay_asprintf(NULL,
                                   "cd %s && printf '#!/bin/sh\\ncat %s/few; cat %s/many; exit 1\\n' >bwrap && "
                                   "chmod 755 bwrap && head -c 4096 /dev/zero >few && head -c 65536 /dev/zero >many",
                                   folder, folder, folder);
    char *wanted = assay_asprintf(NULL, "%s --help gives no answer", program);
    char *found = assay_asprintf(NULL, "%s:%s", folder, kept);
    ck_assert_int_eq(system(command), 0);
    setenv("PATH", found, 1);
    grade_sandbox *sandbox;
    support_assert_error(assay_grade_sandbox_create("/opt/runner", NULL, &sandbox, &error), ASSAY_ERROR_IO, &error,
                         wanted);
    ck_assert_ptr_null(sandbox);
    setenv("PATH", kept, 1);
    assay_free(kept);
    assay_free(program);
    assay_free(command);
    assay_free(wanted);
    assay_free(found);
    support_remove_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade's processes");
    TCase *lines = evidence_case("command lines", "property: grade/child; errors: grade/child");
    tcase_add_test(lines, the_sandbox_shows_the_submission_alone);
    tcase_add_test(lines, the_sandbox_has_all_its_walls);
    tcase_add_test(lines, root_gives_each_submission_a_user);
    tcase_add_test(lines, limits_are_as_documented);
    tcase_add_test(lines, root_and_others_start_in_their_way);
    tcase_add_test(lines, bound_folders_have_parents_that_all_may_read);
    tcase_add_test(lines, command_lines_have_an_end);
    suite_add_tcase(suite, lines);
    TCase *looks = evidence_case("what is hidden and refused", "errors: grade/hidden, grade/tree");
    tcase_add_test(looks, an_installation_is_hidden);
    tcase_add_loop_test(looks, trees_are_looked_at, 0, (int)(sizeof trees / sizeof trees[0]));
    tcase_add_test(looks, links_are_not_passed_over);
    tcase_add_test(looks, descriptor_0_is_one);
    tcase_add_loop_test(looks, objects_are_looked_at, 0, (int)(sizeof objects / sizeof objects[0]));
    tcase_add_test(looks, what_cannot_be_read_is_refused);
    suite_add_tcase(suite, looks);
    TCase *groups = evidence_case("control groups", "errors: grade/cgroup");
    tcase_add_test(groups, without_control_groups_there_are_none);
    tcase_add_test(groups, a_group_counts_and_kills);
    suite_add_tcase(suite, groups);
    TCase *misbehaviour = evidence_case("misbehaviour", "errors: grade/child, grade/battery");
    tcase_set_timeout(misbehaviour, 60);
    tcase_add_loop_test(misbehaviour, misbehaviour_is_named, 0, (int)(sizeof scripts / sizeof scripts[0]));
    tcase_add_test(misbehaviour, time_is_measured);
    tcase_add_loop_test(misbehaviour, sleepers_are_late, 0, (int)(sizeof sleepers / sizeof sleepers[0]));
    tcase_add_test(misbehaviour, exchange_folders_have_an_end);
    tcase_add_test(misbehaviour, missing_bubblewrap_is_told);
    tcase_add_test(misbehaviour, endless_help_of_bubblewrap_is_an_error);
    tcase_add_test(misbehaviour, time_for_the_whole_submission_ends);
    suite_add_tcase(suite, misbehaviour);
    return support_run(suite);
}
