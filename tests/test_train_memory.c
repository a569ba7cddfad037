/* Training allocates nothing once it runs, and the program little more memory than data, weights, activations. */
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/defaults.h>
#include "support.h"
#include "train_sample.h"

#if defined(__SANITIZE_ADDRESS__) || !defined(__GLIBC__)
#define COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTED 0
#endif
#endif
#ifndef COUNTED
#define COUNTED 1
#endif

/* --- allocations, counted -------------------------------------------------------------------------------------- */

static atomic_ulong allocations;

#if COUNTED
/* These replace the C library's own for the whole process, libassay and OpenBLAS included. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    atomic_fetch_add(&allocations, 1);
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? 12 : 0; /* ENOMEM */
}
#endif

static const struct {
    const char *backend;
    assay_precision precision;
    int threads;
    const char *optimizer;
} runs[] = {
    {"openblas", ASSAY_F32, 1, "sgd"},  {"openblas", ASSAY_F32, 2, "momentum"}, {"openblas", ASSAY_F32, 2, "adam"},
    {"openblas", ASSAY_F64, 2, "adam"}, {"reference", ASSAY_F64, 1, "adam"},
};

START_TEST(an_epoch_allocates_nothing)
{
    assay_error error;
    assay_trainer *trainer;
    assay_dataset data = sample_dataset(400, 1);
    assay_train_options options = sample_options(runs[_i].optimizer, "", 3);
    assay_backend *backend = sample_backend(runs[_i].backend, runs[_i].precision, runs[_i].threads);
    unsigned long before = atomic_load(&allocations);
    support_assert_ok(assay_trainer_create(backend, &options, &data, &trainer, &error), &error);
    ck_assert_msg(atomic_load(&allocations) > before + 10, "allocations are not counted");
    support_assert_ok(assay_trainer_epoch(trainer, NULL, &error), &error); /* OpenBLAS takes its buffers now */
    before = atomic_load(&allocations);
    assay_status second = assay_trainer_epoch(trainer, NULL, &error);
    assay_status third = second == ASSAY_OK ? assay_trainer_epoch(trainer, NULL, &error) : second;
    unsigned long made = atomic_load(&allocations) - before; /* Check allocates with each of its assertions */
    support_assert_ok(third, &error);
    ck_assert_msg(made == 0, "%lu allocations in two epochs", made);
    assay_trainer_destroy(trainer);
    assay_backend_close(backend);
    assay_dataset_destroy(&data);
}
END_TEST

/* --- the program's peak ---------------------------------------------------------------------------------------- */

/* The tutorial's images and labels as bytes, its weights and the activations of a batch with their gradients as floats;
 * neither the gradients of the weights nor what the optimizer and the checkpoint keep. */
static double needed_bytes(void)
{
    const assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    const size_t images = 60000 + 10000;
    const size_t batch = 256;
    size_t weights = 0;
    size_t activations = batch * config.inputs;
    size_t in = config.inputs;
    for (size_t layer = 0; layer <= config.hidden_count; layer++) {
        size_t out = layer < config.hidden_count ? config.hidden[layer] : config.classes;
        weights += (in + 1) * out;
        activations += 2 * batch * out;
        in = out;
    }
    return (double)(images * (config.inputs + 1) + sizeof(float) * (weights + activations));
}

START_TEST(the_program_needs_at_most_half_as_much_again)
{
    char *folder = support_make_folder();
    const char *build = getenv("ASSAY_BUILD");
    char *program = assay_asprintf(NULL, "%s/assay", build != NULL ? build : ".");
    pid_t child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        execl(program, "assay", "train", "--epochs", "1", "--threads", "2", "--optimizer", "adam", "--data",
              support_data_folder(), "--output", folder, (char *)NULL);
        _exit(127);
    }
    int status;
    struct rusage usage;
    ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
    ck_assert_int_eq(status, 0);
    double peak = 1024.0 * (double)usage.ru_maxrss;
    printf("peak %.1f MB, data + weights + activations %.1f MB: %.2f times\n", 1e-6 * peak, 1e-6 * needed_bytes(),
           peak / needed_bytes());
    ck_assert_msg(peak <= 1.5 * needed_bytes(), "the peak of %.1f MB is %.2f times data + weights + activations",
                  1e-6 * peak, peak / needed_bytes());
    assay_free(program);
    support_remove_folder(folder);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("train_memory");
    TCase *tcase = evidence_case("train_memory", "property: train/trainer_epoch, program/train");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, an_epoch_allocates_nothing, 0, sizeof runs / sizeof *runs);
    if (support_data_folder() != NULL) {
        tcase_add_test(tcase, the_program_needs_at_most_half_as_much_again);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    if (!COUNTED) {
        return support_skip("allocations and peak memory are not tested: a sanitizer has its own allocator");
    }
    return support_run(suite());
}
