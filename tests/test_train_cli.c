/*
 * assay train, end to end on real data: what it prints and writes, on a terminal and in a pipe; runs killed at random
 * moments end as if they had not been; mistakes get one clear line.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "support.h"

/* The smallest run with something to lose; a checkpoint depends on the number of threads. */
#define SMALL "--hidden 16 --threads 2 --optimizer adam"

/* The data without gzip, which every run would have to undo again. */
static char *data_folder;

static bool unpack_data(const char *from)
{
    static char folder[] = "/tmp/assay-data-XXXXXX"; /* Check's assertions, and support.h's, need a running test */
    data_folder = mkdtemp(folder);
    if (data_folder == NULL) {
        perror(folder);
        return false;
    }
    char *command = assay_asprintf(
        NULL,
        "cd '%s' && for f in *-ubyte; do test -f \"$f\" && ln -s \"$PWD/$f\" '%s'; done; "
        "for f in *-ubyte.gz; do test -f \"$f\" && gzip -dc \"$f\" > '%s'/\"${f%%.gz}\" || exit 1; done",
        from, data_folder, data_folder);
    bool done = system(command) == 0;
    assay_free(command);
    return done;
}

static char *train_command(const char *arguments)
{
    return assay_asprintf(NULL, "exec '%s' train --data '%s' %s", support_program(), data_folder, arguments);
}

static support_result train(const char *arguments)
{
    char *command = train_command(arguments);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

/* --- what a run prints and writes ------------------------------------------------------------------------------ */

static bool matches(const char *pattern, const char *text)
{
    regex_t compiled;
    ck_assert_int_eq(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return found;
}

/* The tutorial's lines (cells [20] and [21]): both epochs of these runs are the best so far. */
#define SCORE "[0-9]{2}\\.[0-9]{2}%"
#define EPOCH_LINES(number)                                                                  \
    "\\[Epoch  " number "\\] Training accuracy: " SCORE ", Validation accuracy: " SCORE "\n" \
    "(\t   \\(New best performance, saving model\\.\\.\\.\\)\n)?"

START_TEST(output_and_files)
{
    char *folder = support_make_folder();
    char *arguments = assay_asprintf(NULL, SMALL " --epochs 2 --output '%s/runs' --json '%s/record.json'", folder,
                                     folder);
    support_result result = train(arguments);
    ck_assert_msg(result.status == 0, "%s", result.errors);
    ck_assert_str_eq(result.errors, ""); /* no progress bar where there is no terminal */
    ck_assert_msg(matches("^" EPOCH_LINES("1") EPOCH_LINES("2") "============= Test accuracy: " SCORE
                                                                " ==============\n$",
                          result.output),
                  "%s", result.output);
    ck_assert_msg(strstr(result.output, "%\n\t   (New best") != NULL, "%s", result.output);
    char *compare = assay_asprintf(NULL, "cd '%s' && cmp record.json runs/FashionMNIST_Adam_results.json && ls runs",
                                   folder);
    support_result files = support_shell(compare);
    ck_assert_str_eq(files.output, "FashionMNIST_Adam.safetensors\nFashionMNIST_Adam_checkpoint.safetensors\n"
                                   "FashionMNIST_Adam_results.json\n");

    static const char *const keys[] = {"test_acc", "val_scores", "train_losses", "train_scores"};
    static const size_t counts[] = {0, 2, 390, 2};
    char *path = assay_asprintf(NULL, "%s/record.json", folder);
    json_t *record = json_load_file(path, 0, NULL);
    ck_assert_uint_eq(json_object_size(record), 4);
    ck_assert(json_is_real(json_object_get(record, keys[0])));
    for (int i = 1; i < 4; i++) {
        ck_assert_msg(json_array_size(json_object_get(record, keys[i])) == counts[i], "%s", keys[i]);
    }
    json_decref(record);
    assay_free(path);
    assay_free(compare);
    assay_free(arguments);
    support_result_free(&files);
    support_result_free(&result);
    support_remove_folder(folder);
}
END_TEST

/* --- on a terminal --------------------------------------------------------------------------------------------- */

/* Everything that a command writes to its terminal. */
static char *on_terminal(const char *command, int *status)
{
    enum { LIMIT = 1 << 20 };
    char *text = assay_calloc(LIMIT, 1, NULL);
    int terminal;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    ck_assert(child >= 0);
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    size_t length = 0;
    for (ssize_t got; length < LIMIT - 1 && (got = read(terminal, text + length, LIMIT - 1 - length)) > 0;) {
        length += (size_t)got;
    }
    close(terminal);
    ck_assert_int_eq(waitpid(child, status, 0), child);
    return text;
}

START_TEST(progress_on_a_terminal)
{
    char *command = train_command("--hidden 64 --epochs 2");
    int status;
    char *text = on_terminal(command, &status);
    ck_assert_msg(status == 0, "%s", text);
    ck_assert_msg(matches("\rsgd epoch [12] \\[#+\\.+\\] +[0-9]+%  [0-9]+ steps/s  ETA [0-9]+:[0-9]{2} ", text), "%s",
                  text);
    ck_assert_msg(strstr(text, "\r\033[K[Epoch  ") != NULL, "the bar is not cleared before the line: %s", text);
    ck_assert_msg(matches(" Test accuracy: " SCORE " ", text), "%s", text);
    assay_free(text);
    assay_free(command);
}
END_TEST

/* --- kills ----------------------------------------------------------------------------------------------------- */

/* Starts the run and kills it `delay` after it has printed the lines of some epochs. Returns whether it was running. */
static bool killed_after(const char *command, int epochs, long delay)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    char line[256];
    while (epochs > 0 && fgets(line, sizeof line, output) != NULL) {
        epochs -= strncmp(line, "[Epoch", 6) == 0;
    }
    nanosleep(&(struct timespec){.tv_nsec = delay}, NULL);
    kill(child, SIGKILL);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    fclose(output);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Some moments fall into the writing of the files, some into the next epoch; the seed is printed for the next look. */
START_TEST(killed_runs_end_as_if_they_had_not_been)
{
    /* Even on a fast machine, three starts of one or two epochs and 60 ms do not complete 30 epochs. */
    enum { KILLS = 3, LONGEST = 60000000 };
    char *folder = support_make_folder();
    char *straight = assay_asprintf(NULL, SMALL " --epochs 30 --output '%s/straight'", folder);
    char *resumed = assay_asprintf(NULL, SMALL " --epochs 30 --resume --output '%s/killed'", folder);
    char *command = train_command(resumed);
    unsigned seed = (unsigned)time(NULL);
    printf("moments of the kills: seed %u\n", seed);
    srandom(seed);
    int kills = 0;
    for (int i = 0; i < KILLS; i++) {
        /* When the second line is there, the first epoch has been saved, however slow the machine. */
        kills += killed_after(command, i == 0 ? 2 : 1, random() % LONGEST) ? 1 : 0;
    }
    ck_assert_msg(kills >= 1, "only %d runs were there to be killed", kills);
    support_result last = train(resumed);
    ck_assert_msg(last.status == 0, "%s", last.errors);
    ck_assert_msg(matches("^Resumed after epoch [1-9][0-9]?\\.\n", last.output), "%s", last.output);
    support_result whole = train(straight);
    ck_assert_msg(whole.status == 0, "%s", whole.errors);
    char *compare = assay_asprintf(NULL, "cd '%s' && ls -A killed && diff -rq straight killed", folder);
    support_result same = support_shell(compare);
    ck_assert_msg(same.status == 0, "seed %u: %s", seed, same.output);
    ck_assert_msg(matches("^[^\n]*\n[^\n]*\n[^\n]*\n$", same.output), "files are left over: %s", same.output);
    support_result_free(&same);
    support_result_free(&whole);
    support_result_free(&last);
    assay_free(compare);
    assay_free(command);
    assay_free(resumed);
    assay_free(straight);
    support_remove_folder(folder);
}
END_TEST

/* --- mistakes -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *arguments;
    int status;
    const char *part;
} mistakes[] = {
    {"--optimizer sdg", 2, "unknown optimizer 'sdg'; known: sgd"},
    {"--set lr", 2, "lr"},
    {"--set lr=fast", 2, "lr"},
    {"--set beta1=0.5", 2, "this optimizer has no hyperparameter 'beta1'"},
    {"--epochs 0", 2, "--epochs"},
    {"--epochs ten", 2, "'ten' is not a number in range"},
    {"--batch 0", 2, "'0' is not a number in range"},
    {"--batch 60000 " SMALL, 1, "a batch of 60000 cannot be cut from 50000"},
    {"--hidden 12,,3", 2, "hidden sizes '12,,3'"},
    {"--hidden 12,0", 2, "hidden sizes '12,0'"},
    {"--activation relo", 2, "relo"},
    {"--init zero", 2, "zero"},
    {"--backend blas", 2, "blas"},
    {"--threads 0", 2, "'0' is not a number in range"},
    {"--resume", 2, "--resume needs --output DIR"},
    {"--retrace lion", 2, "lion"},
    {"--retrace sgd --optimizer adam", 2, "leave out --optimizer"},
    {"--retrace sgd", 1, "--pretrained DIR"},
    {"--retrace adam --pretrained /nowhere", 1, "/nowhere/FashionMNIST_Adam_results.json"},
    {"--epochs 1 --output /proc/none " SMALL, 1, "/proc/none/FashionMNIST_Adam.safetensors"},
    {"--epochs 1 --json /nowhere/record.json " SMALL, 1, "/nowhere/record.json"},
    {"--colour", 2, "unknown option --colour"},
    {"--epochs", 2, "option --epochs needs a value"},
    {"extra", 2, "unexpected argument 'extra'"},
    {"--data /nowhere", 1, "/nowhere: No such file or directory"},
    {"--epochs 1 --set lr=1e30 --hidden 16", 1, "training diverged: the loss of epoch 1"},
};

START_TEST(mistakes_get_one_line)
{
    unsetenv("ASSAY_PRETRAINED");
    support_result result = train(mistakes[_i].arguments);
    const char *what = mistakes[_i].arguments;
    ck_assert_msg(result.status == mistakes[_i].status, "%s: status %d, '%s'", what, result.status, result.errors);
    ck_assert_msg(strstr(result.errors, mistakes[_i].part) != NULL, "%s: '%s'", what, result.errors);
    ck_assert_msg(strncmp(result.errors, "assay train: ", 13) == 0 &&
                      strchr(result.errors, '\n') == result.errors + strlen(result.errors) - 1,
                  "%s: not one line of the command: '%s'", what, result.errors);
    support_result_free(&result);
}
END_TEST

/* Another run's checkpoint, and a damaged one, are refused and left as they are. */
START_TEST(foreign_checkpoints_are_refused)
{
    char *folder = support_make_folder();
    char *first = assay_asprintf(NULL, SMALL " --epochs 1 --output '%s'", folder);
    char *other = assay_asprintf(NULL, SMALL " --epochs 2 --seed 43 --resume --output '%s'", folder);
    char *check = assay_asprintf(NULL, "cd '%s' && cat *_checkpoint.safetensors | cksum", folder);
    support_result made = train(first);
    ck_assert_msg(made.status == 0, "%s", made.errors);
    support_result before = support_shell(check);
    support_result refused = train(other);
    support_result after = support_shell(check);
    ck_assert_int_eq(refused.status, 1);
    ck_assert_msg(strstr(refused.errors, "belongs to another run: there seed 42, here seed 43") != NULL, "%s",
                  refused.errors);
    ck_assert_str_eq(before.output, after.output);
    support_result_free(&made);
    support_result_free(&before);
    support_result_free(&refused);
    support_result_free(&after);
    assay_free(check);
    assay_free(other);
    assay_free(first);
    support_remove_folder(folder);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("train_cli");
    TCase *tcase = evidence_case("assay train", "property: program/train; errors: program/train");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, output_and_files);
    tcase_add_test(tcase, progress_on_a_terminal);
    tcase_add_test(tcase, killed_runs_end_as_if_they_had_not_been);
    tcase_add_loop_test(tcase, mistakes_get_one_line, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(tcase, foreign_checkpoints_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    const char *from = support_data_folder();
    if (from == NULL) {
        return SUPPORT_SKIP;
    }
    int status = unpack_data(from) ? support_run(suite()) : EXIT_FAILURE;
    char *command = data_folder == NULL ? NULL : assay_asprintf(NULL, "rm -r '%s'", data_folder);
    if (command != NULL && system(command) != 0) {
        status = EXIT_FAILURE;
    }
    assay_free(command);
    return status;
}
