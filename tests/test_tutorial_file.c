/*
 * Compiles examples/tutorial.c and runs it, as its first comment says. The file shares no code with the library: it is
 * a second implementation of what is compared here, the printed numbers, the first losses and the descents.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/data/dataset.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/descents.h>
#include <assay/tutorial/numbers.h>
#include <assay/tutorial/runs.h>
#include <assay/tutorial/sections.h>

#include "support.h"

/* make check-asan watches the file as well. It is then 15 times slower, so it runs few steps. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZERS " -g -fsanitize=address,undefined -fno-sanitize-recover=all"
enum { STEPS = 2 };
#else
#define SANITIZERS ""
enum { STEPS = 10 };
#endif

static const char *data;
static char *folder;         /* the program is here */
static support_result whole; /* of a run with --steps */

static support_result compile(const char *options)
{
    const char *compiler = getenv("CC");
    const char *source = getenv("ASSAY_SOURCE");
    char *command = assay_asprintf(NULL, "cd '%s' && %s -O2%s '%s/examples/tutorial.c' -lm -lz", folder,
                                   compiler != NULL && *compiler != '\0' ? compiler : "cc", options,
                                   source != NULL ? source : ".");
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static support_result run(const char *environment, const char *from, const char *options)
{
    char *command = assay_asprintf(NULL, "%s exec '%s/a.out' --data '%s' %s", environment, folder, from, options);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static void set_up(void)
{
    folder = support_make_folder();
    support_result compiled = compile(SANITIZERS);
    ck_assert_msg(compiled.status == 0 && *compiled.errors == '\0', "%s", compiled.errors);
    support_result_free(&compiled);
    char *options = assay_asprintf(NULL, "--steps %d", STEPS);
    whole = run("", data, options);
    assay_free(options);
}

static void tear_down(void)
{
    support_result_free(&whole);
    support_remove_folder(folder);
}

/* The numbers on the line that begins with `label`, in the part whose heading begins with `cells`, as "[17]". */
static void read_numbers(const char *cells, const char *label, const char *pattern, double *a, double *b, double *c)
{
    char *heading = assay_asprintf(NULL, "\n%s ", cells);
    char *begin = assay_asprintf(NULL, "\n%s", label);
    /* The first heading has no line before it. */
    const char *part = strncmp(whole.output, heading + 1, strlen(heading + 1)) == 0 ? whole.output
                                                                                    : strstr(whole.output, heading);
    ck_assert_msg(part != NULL, "no heading %s in: %s%s", cells, whole.output, whole.errors);
    const char *line = strstr(part, begin);
    ck_assert_msg(line != NULL, "no line '%s' after %s in: %s%s", label, cells, whole.output, whole.errors);
    double unused;
    int wanted = c != NULL ? 3 : 1;
    ck_assert_msg(sscanf(line + strlen(begin), pattern, a, b != NULL ? b : &unused, c != NULL ? c : &unused) == wanted,
                  "%s %s is not followed by%s", cells, label, pattern);
    assay_free(begin);
    assay_free(heading);
}

START_TEST(all_numbers_agree)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/printed_numbers");
    size_t numbers = 0;
    double worst = 0.0;
    ck_assert_msg(whole.status == 0 && *whole.errors == '\0', "status %d: %s", whole.status, whole.errors);
    for (int section = 0; section < ASSAY_SECTION_COUNT; section++) {
        const assay_printed_number *printed;
        size_t count = assay_printed_numbers((assay_section)section, &printed);
        for (size_t i = 0; i < count; i++, numbers++) {
            double ours;
            read_numbers(assay_section_describe((assay_section)section)->cells, printed[i].label, "%*[: ]%lf", &ours,
                         NULL, NULL);
            ck_assert_msg(assay_printed_agrees(&printed[i], ours), "%s, %s: printed %.9g, ours %.9g",
                          assay_section_describe((assay_section)section)->name, printed[i].label, printed[i].printed,
                          ours);
            if (printed[i].comparison == ASSAY_COMPARE_RELATIVE) {
                ck_assert_double_le(printed[i].tolerance, 5e-6);
                worst = fmax(worst, assay_printed_error(&printed[i], ours));
            }
        }
    }
    printf("examples/tutorial.c: worst relative error %.2g\n", worst);
    ck_assert_uint_eq(numbers, 56);
}
END_TEST

/*
 * Tolerances, relative to the library's losses in double. Measured: the file is 4e-8 off at the first step of each run,
 * and at most 2e-7 in ten steps with momentum and Adam. But where the input of a ReLU is close to 0, a rounding decides
 * whether the gradient flows, and after that the losses differ by more. This happens to the library in single precision
 * at SGD's first step (tests/test_retrace.c): it is 3e-4 off at step 4 and 2e-2 at step 9. With momentum it is 6e-7 off
 * at step 4 and 1e-4 at step 10, with Adam 3e-7 and 7e-4. It may happen to the file too, with another compiler or C
 * library. So the tolerances are several times these numbers.
 *
 * Mistakes make larger differences. At step 2, a learning rate that is 1 % too large makes 2e-3 with SGD and 1e-3 with
 * Adam, and beta_1 = 0.89 makes 1e-2; at step 3, beta_2 = 0.998 makes 1e-5.
 */
static const struct {
    const char *cells;
    assay_run run;
    double first, to_step_4, to_step_10;
} RUNS[] = {
    {"[26]", ASSAY_RUN_SGD, 1e-6, 1e-3, 5e-2},
    {"[27]", ASSAY_RUN_MOMENTUM, 1e-6, 5e-6, 1e-3},
    {"[28]", ASSAY_RUN_ADAM, 1e-6, 5e-6, 3e-3},
};

START_TEST(first_losses_are_the_librarys)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_first_steps");
    assay_backend *backend;
    assay_dataset images;
    assay_trainer *trainer;
    assay_error error;
    assay_backend_options double_precision = {"openblas", ASSAY_F64, 1};
    support_assert_ok(assay_backend_open(&double_precision, &backend, &error), &error);
    support_assert_ok(assay_dataset_load(data, ASSAY_TRAIN, &images, &error), &error);
    assay_train_options options = assay_tutorial_training(RUNS[_i].run);
    support_assert_ok(assay_trainer_create(backend, &options, &images, &trainer, &error), &error);
    double losses[STEPS];
    support_assert_ok(assay_trainer_first_steps(trainer, STEPS, losses, &error), &error);
    for (int i = 0; i < STEPS; i++) {
        char *label = assay_asprintf(NULL, "step %d: loss", i + 1);
        double ours;
        read_numbers(RUNS[_i].cells, label, "%lf", &ours, NULL, NULL);
        support_assert_relative(label, ours, losses[i],
                                i == 0  ? RUNS[_i].first
                                : i < 4 ? RUNS[_i].to_step_4
                                        : RUNS[_i].to_step_10);
        printf("%s %s %.9g, the library %.2g off\n", RUNS[_i].cells, label, ours, losses[i] / ours - 1.0);
        assay_free(label);
    }
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&images);
    assay_backend_close(backend);
}
END_TEST

/* PyTorch's last points, as closely as the library reproduces them (lib/tutorial/descents.c). */
START_TEST(descents_end_where_pytorchs_do)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/printed_numbers");
    const assay_tutorial_descent *descent = &assay_tutorial_descents[_i];
    const char *cells = descent->section == ASSAY_SECTION_PATHOLOGICAL ? "[32]" : "[35]";
    double ours[3];
    char *label = assay_asprintf(NULL, "%s ", descent->label);
    read_numbers(cells, label, " w1 = %lf, w2 = %lf, loss = %lf", &ours[0], &ours[1], &ours[2]);
    assay_free(label);
#ifndef __x86_64__
    /* Chaotic; and cc may fuse a product with a sum, which rounds otherwise. */
    if (descent->chaotic_f64) {
        return;
    }
#endif
    for (int k = 0; k < 3; k++) {
        ck_assert_msg(fabs(ours[k] - descent->last_f32[k]) <= 1e-5, "%s %s, number %d: %.9g instead of %.9g", cells,
                      descent->label, k, ours[k], descent->last_f32[k]);
    }
}
END_TEST

START_TEST(compiles_without_warnings)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/printed_numbers");
    support_result compiled = compile(" -std=c17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -o strict");
    ck_assert_msg(compiled.status == 0 && *compiled.errors == '\0', "%s", compiled.errors);
    support_result_free(&compiled);
}
END_TEST

static void assert_refused(const char *from, const char *options, const char *part)
{
    /* After a mistake the program ends where it is, and frees nothing. */
    support_result result = run("export ASAN_OPTIONS=detect_leaks=0;", from, options);
    size_t length = strlen(result.errors);
    ck_assert_msg(result.status == 1 && *result.output == '\0' && strstr(result.errors, part) != NULL,
                  "status %d: %s%s", result.status, result.output, result.errors);
    ck_assert_msg(strchr(result.errors, '\n') == result.errors + length - 1, "not one line: %s", result.errors);
    support_result_free(&result);
}

/* One clear line for each mistake: what, where, and what to do. */
START_TEST(mistakes)
{
    evidence(EVIDENCE_ERRORS, "tutorial/printed_numbers");
    static const char *const damages[][2] = {
        {"gzip -dc \"$d/$f\" | head -c 1000 | gzip", "damaged"},
        {"head -c 1000000 \"$d/$f\"", "damaged"},
        {"{ gzip -dc \"$d/$f\"; echo; } | gzip", "damaged"},
        {"echo", "number 0 of its header is not 2051"},
        {"cat \"$d/t10k-images-idx3-ubyte.gz\"", "number 1 of its header is not 60000"},
    };
    assert_refused("/nonexistent", "", "apt-get install dataset-fashion-mnist");
    assert_refused("/nonexistent", "--epochs", "--epochs N");
    assert_refused("/nonexistent", "--nonsense 3", "--nonsense is not an option");
    assert_refused("/nonexistent", "--epochs 41", "from 0 to 40");
    assert_refused("/nonexistent", "--steps 0", "from 1 to 194");
    assert_refused("/nonexistent", "--steps 1O", "from 1 to 194");
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *command = assay_asprintf(NULL, "cd '%s'; d='%s'; f=train-images-idx3-ubyte.gz; %s >$f", folder, data,
                                       damages[i][0]);
        support_result made = support_shell(command);
        ck_assert_msg(made.status == 0, "%s", made.errors);
        assert_refused(folder, "", damages[i][1]);
        support_result_free(&made);
        assay_free(command);
    }
}
END_TEST

/* The file knows the names of the compressed files alone. */
static bool has_compressed_files(void)
{
    char *path = assay_asprintf(NULL, "%s/train-images-idx3-ubyte.gz", data);
    bool there = access(path, R_OK) == 0;
    assay_free(path);
    return there;
}

int main(void)
{
    data = support_data_folder();
    if (data == NULL) {
        return SUPPORT_SKIP;
    }
    if (!has_compressed_files()) {
        return support_skip("examples/tutorial.c is not tested: %s lacks train-images-idx3-ubyte.gz; "
                            "apt-get install dataset-fashion-mnist",
                            data);
    }
    Suite *suite = suite_create("examples/tutorial.c");
    TCase *tcase = tcase_create("against the tutorial, the library and PyTorch");
    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, all_numbers_agree);
    tcase_add_loop_test(tcase, first_losses_are_the_librarys, 0, 3);
    tcase_add_loop_test(tcase, descents_end_where_pytorchs_do, 0, ASSAY_TUTORIAL_DESCENTS);
    tcase_add_test(tcase, compiles_without_warnings);
    tcase_add_test(tcase, mistakes);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
