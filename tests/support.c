/* dladdr is an extension of the C library. */
#define _GNU_SOURCE

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#include <sanitizer/msan_interface.h>

/*
 * MemorySanitizer does not see what zlib, jansson, Check and others write, and remembers the old state of memory that
 * malloc returns again. So new memory counts as written (doc/testing.md).
 */
void __sanitizer_malloc_hook(const volatile void *memory, size_t size);

void __sanitizer_malloc_hook(const volatile void *memory, size_t size)
{
    __msan_unpoison((const void *)(size_t)memory, size);
}
#endif
#endif

/* Another library with the same function names, GSL for example, could replace OpenBLAS in a test program. */
static bool products_are_openblas(void)
{
    void *product = dlsym(RTLD_DEFAULT, "cblas_sgemm");
    Dl_info where;
    bool found = product != NULL && dladdr(product, &where) != 0;
    if (found && strstr(where.dli_fname, "openblas") != NULL) {
        return true;
    }
    printf("cblas_sgemm comes from %s, not from OpenBLAS: the tests would not test the program\n",
           found ? where.dli_fname : "nowhere");
    return false;
}

/* As the program does, so that the tests run the same kernels. The test programs take no arguments. */
static void restart_with_better_kernels(void)
{
    const char *core = assay_openblas_better_core();
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (core != NULL && length > 0 && getenv("OPENBLAS_CORETYPE") == NULL) {
        setenv("OPENBLAS_CORETYPE", core, 1);
        program[length] = '\0';
        execl(program, program, (char *)NULL);
    }
}

/*
 * Tests allocate and free large blocks again and again. glibc usually returns each freed block to the kernel, and the
 * kernel clears the next block page by page. In some programs this takes a quarter of the time.
 */
static void keep_freed_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20); /* the most that it accepts */
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

int support_run(Suite *suite)
{
    restart_with_better_kernels();
    keep_freed_memory();
    if (!products_are_openblas()) {
        return EXIT_FAILURE;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    evidence_program(run, failed);
    /* A suite without tests proves nothing. */
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int support_skip(const char *format, ...)
{
    char reason[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    printf("SKIP: %s\n", reason);
    fflush(stdout);
    dprintf(9, "SKIP: %s\n", reason);
    evidence_skipped(reason);
    return SUPPORT_SKIP;
}

const char *support_says(const char *text, const char *format, double number)
{
    char written[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(written, sizeof written, format, number);
#pragma GCC diagnostic pop
    const char *at = strstr(text, written);
    ck_assert_msg(at != NULL, "'%s' is not in '%s'", written, text);
    return at + strlen(written);
}

static bool effort_is(const char *wanted)
{
    const char *effort = getenv("ASSAY_TEST_EFFORT");
    return effort != NULL && strcmp(effort, wanted) == 0;
}

bool support_small_effort(void)
{
    return effort_is("small");
}

bool support_large_effort(void)
{
    return effort_is("large");
}

const char *support_data_folder(void)
{
    const char *folder = getenv("ASSAY_DATA");
    if (folder == NULL || *folder == '\0') {
        folder = ASSAY_DEFAULT_DATA;
    }
    struct stat about;
    if (stat(folder, &about) != 0) {
        support_skip("%s is missing, so tests on Fashion-MNIST do not run; "
                     "apt-get install dataset-fashion-mnist, or set ASSAY_DATA",
                     folder);
        return NULL;
    }
    return folder;
}

const char *support_pretrained_folder(void)
{
    const char *folder = getenv("ASSAY_PRETRAINED");
    struct stat about;
    if (folder == NULL || *folder == '\0' || stat(folder, &about) != 0) {
        support_skip("the author's saved models are not tested: set ASSAY_PRETRAINED to the folder that holds "
                     "FashionMNIST_SGD.tar and the other files of the tutorial's cell [4]");
        return NULL;
    }
    return folder;
}

json_t *support_golden(const char *name)
{
    const char *folder = getenv("GOLDEN_DIR");
    char *path = assay_asprintf(NULL, "%s/%s", folder != NULL ? folder : "golden", name);
    json_error_t error;
    json_t *value = json_load_file(path, 0, &error);
    evidence_source(name);
    ck_assert_msg(value != NULL, "%s:%d: %s", path, error.line, error.text);
    assay_free(path);
    return value;
}

const char *support_program(void)
{
    static char path[4096];
    const char *build = getenv("ASSAY_BUILD");
    int length = snprintf(path, sizeof path, "%s/tests/assay", build != NULL ? build : ".");
    if (length >= (int)sizeof path) {
        abort(); /* no assertion: main calls this, too */
    }
    return path;
}

char *support_make_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *folder = assay_asprintf(NULL, "%s/assay-test-XXXXXX", base != NULL ? base : "/tmp");
    ck_assert_msg(mkdtemp(folder) != NULL, "%s: no temporary folder", folder);
    return folder;
}

void support_remove_folder(char *folder)
{
    char *command = assay_asprintf(NULL, "chmod -R u+w '%s' && rm -r '%s'", folder, folder);
    ck_assert_int_eq(system(command), 0);
    assay_free(command);
    assay_free(folder);
}

static void write_zeros(const char *folder, const char *name, const unsigned char *header, size_t size, size_t zeros)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(header, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(truncate(path, (off_t)(size + zeros)), 0); /* the zeros take no room */
    assay_free(path);
}

void support_write_black_images(const char *folder, unsigned count)
{
    enum { SIDE = 28 };
    const unsigned char bytes[] = {(unsigned char)(count >> 24), (unsigned char)(count >> 16 & 255),
                                   (unsigned char)(count >> 8 & 255), (unsigned char)(count & 255)};
    const unsigned char images[] = {0, 0, 8, 3, bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    const unsigned char labels[] = {0, 0, 8, 1, bytes[0], bytes[1], bytes[2], bytes[3]};
    write_zeros(folder, "train-images-idx3-ubyte", images, sizeof images, (size_t)count * SIDE * SIDE);
    write_zeros(folder, "train-labels-idx1-ubyte", labels, sizeof labels, count);
}

void support_assert_relative(const char *what, double got, double want, double tolerance)
{
    /* Written so that a NaN fails. */
    ck_assert_msg(fabs(got - want) <= tolerance * fabs(want),
                  "%s: got %.17g, want %.17g, relative error %.3g over %.3g", what, got, want,
                  fabs(got - want) / fabs(want), tolerance);
    evidence_relative(want != 0.0 ? fabs(got - want) / fabs(want) : 0.0);
}

void support_assert_error(assay_status status, assay_status wanted, const assay_error *error, const char *part)
{
    ck_assert_msg(status == wanted, "status %d instead of %d: %s", (int)status, (int)wanted,
                  status != ASSAY_OK ? error->message : "no error");
    ck_assert_int_eq(error->status, wanted);
    ck_assert_msg(strlen(error->message) > 0 && strchr(error->message, '\n') == NULL, "not one line: %s",
                  error->message);
    ck_assert_msg(part == NULL || strstr(error->message, part) != NULL, "'%s' does not contain '%s'", error->message,
                  part);
}

void support_assert_ok(assay_status status, const assay_error *error)
{
    ck_assert_msg(status == ASSAY_OK, "%s", error->message);
}

static size_t allocated(void)
{
#if !defined(ASSAY_SANITIZED) && defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

void support_assert_same_generator(const assay_generator *a, const assay_generator *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    if (a->kind == ASSAY_GENERATOR_PHILOX) {
        const assay_philox *p = &a->state.philox;
        const assay_philox *q = &b->state.philox;
        ck_assert(p->seed == q->seed && p->offset == q->offset && p->blocks == q->blocks);
    } else {
        const assay_mt19937 *p = &a->state.mt19937;
        const assay_mt19937 *q = &b->state.mt19937;
        ck_assert_mem_eq(p->word, q->word, sizeof p->word);
        ck_assert(p->next == q->next && p->has_normal == q->has_normal && p->normal == q->normal);
    }
}

void support_assert_nothing_stays(void (*cycle)(void *user), void *user)
{
    /* glibc keeps 7 freed pieces of each size for the thread, and counts them as allocated; that takes some cycles. */
    enum { CYCLES = 64 };
    size_t before = 0;
    for (int i = 0; i < 2 * CYCLES; i++) {
        before = i == CYCLES ? allocated() : before;
        cycle(user);
    }
    size_t after = allocated();
    ck_assert_msg(after == before, "%zu bytes were allocated before, %zu after %d cycles", before, after, CYCLES);
}

static char *read_back(const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    char *text = NULL;
    size_t size = 0;
    assay_error error;
    support_assert_ok(assay_file_read(path, (size_t)1 << 30, &text, &size, &error), &error);
    assay_free(path);
    return text;
}

support_result support_shell(const char *command)
{
    char *folder = support_make_folder();
    char *line = assay_asprintf(NULL, "( %s ) >'%s/output' 2>'%s/errors' </dev/null", command, folder, folder);
    int status = system(line);
    assay_free(line);
    support_result result = {
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
        .output = read_back(folder, "output"),
        .errors = read_back(folder, "errors"),
    };
    support_remove_folder(folder);
    return result;
}

void support_result_free(support_result *result)
{
    assay_free(result->output);
    assay_free(result->errors);
}

void support_restart_to_retrace(char **argv)
{
    const char *core = assay_openblas_retracing_core();
    const char *chosen = getenv("OPENBLAS_CORETYPE");
    if (core != NULL && (chosen == NULL || strcmp(chosen, core) != 0)) {
        setenv("OPENBLAS_CORETYPE", core, 1);
        execv("/proc/self/exe", argv);
    }
}
