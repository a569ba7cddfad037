/* Over the emulation of CUDA: every call fails in turn; machines without a device, with an old one, without cuBLAS. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "cuda_host.h"
#include "support.h"
#include "test_cuda.h"

/* --- every call fails in turn ------------------------------------------------------------------------------------- */

/* Some steps that make each kind of call that the backend makes; the first failure in `error`. */
static assay_status work_through(assay_backend *backend, assay_error *error)
{
    float floats[4];
    double doubles[4] = {1, 2, 3, 4};
    learner l = learner_create(backend, "5", "adam");
    if (l.status != ASSAY_OK) {
        *error = l.error;
        learner_destroy(&l);
        return l.status;
    }
    for (size_t step = 0; step < 3; step++) {
        learner_step(&l, step, 8, false);
    }
    assay_count_correct(l.network, l.batches);
    assay_slice part = assay_part_of(assay_network_parameters(l.network), 0, 4);
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 5, 1);
    assay_fill_random(backend, part, &generator, (assay_distribution){ASSAY_NORMAL, 0, 1});
    assay_download_f32(backend, part, floats);
    assay_download_f64(backend, part, doubles);
    assay_upload_f32(backend, part, floats);
    assay_upload_f64(backend, part, doubles);
    assay_copy(backend, part, assay_part_of(assay_network_parameters(l.network), 4, 4));
    assay_sum(backend, part);
    assay_reduce_moments(backend, part);
    learner_destroy(&l);
    return assay_backend_check(backend, error);
}

/* A part of the message of a failed call. */
static const char *told_of(const char *call)
{
    return strcmp(call, "assay_calloc") == 0             ? "out of memory"
           : strcmp(call, "cudaGetDeviceCount") == 0     ? "no NVIDIA driver"
           : strcmp(call, "cudaDeviceGetAttribute") == 0 ? "compute capability"
           : strcmp(call, "dlopen") == 0                 ? "cuBLAS cannot be loaded"
                                                         : call;
}

/* Runs while the given call fails; false if the steps make fewer calls. */
static bool fail_at(assay_precision precision, uint64_t call)
{
    assay_error error = {.status = ASSAY_OK};
    assay_backend *backend = NULL;
    const assay_backend_options options = {"cuda", precision, 1};
    size_t alive = cuda_host_alive();
    cuda_host_fail_at(call);
    assay_status status = assay_backend_open(&options, &backend, &error);
    if (status == ASSAY_OK) {
        status = work_through(backend, &error);
    }
    const char *failed = cuda_host_failed_call();
    if (failed == NULL) {
        support_assert_ok(status, &error);
    } else {
        const char *part = told_of(failed);
        bool refused = status == ASSAY_ERROR_MEMORY || status == ASSAY_ERROR_UNSUPPORTED;
        ck_assert_msg(refused, "call %llu, %s: status %d (%s)", (unsigned long long)call, failed, (int)status,
                      error.message);
        ck_assert_msg(strstr(error.message, part) != NULL && strchr(error.message, '\n') == NULL, "call %llu, %s: '%s'",
                      (unsigned long long)call, failed, error.message);
    }
    if (backend != NULL && failed != NULL) {
        /* What failed once works the next time. */
        support_assert_ok(work_through(backend, &error), &error);
    }
    assay_backend_close(backend);
    ck_assert_msg(cuda_host_alive() == alive, "call %llu, %s: %zu objects are left over", (unsigned long long)call,
                  failed == NULL ? "none failed" : failed, cuda_host_alive() - alive);
    return failed != NULL;
}

START_TEST(each_failure_is_told_once_and_nothing_leaks)
{
    evidence(EVIDENCE_ERRORS, "backend/backend");
    uint64_t call = 1;
    while (fail_at(_i == 0 ? ASSAY_F32 : ASSAY_F64, call)) {
        call++;
    }
    ck_assert_uint_gt(call, 150);
}
END_TEST

/* --- machines ----------------------------------------------------------------------------------------------------- */

START_TEST(machines_that_lack_something)
{
    evidence(EVIDENCE_ERRORS, "backend/backend");
    /* clang-format off */
    static const struct {
        int devices;
        int major;
        int minor;
        const char *message; /* NULL: opens */
    /* clang-format off */
    } cases[] = {
        {0, 9, 0, "backend cuda: no NVIDIA driver or GPU found (no CUDA-capable device is detected); use --backend "
                  "openblas"},
        {1, 7, 0, "backend cuda: the GPU has compute capability 7.0 "},
        {1, 6, 1, "7.5 or more is needed; use --backend openblas"},
        {1, 7, 5, NULL},
        {4, 12, 1, NULL},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_error error = {.status = ASSAY_OK};
        assay_backend *backend = NULL;
        cuda_host_set_device(cases[i].devices, cases[i].major, cases[i].minor);
        assay_status status = assay_backend_open(&(assay_backend_options){"cuda", ASSAY_F32, 1}, &backend, &error);
        if (cases[i].message == NULL) {
            support_assert_ok(status, &error);
            ck_assert_str_eq(assay_backend_name(backend), "cuda");
            ck_assert_int_eq(assay_backend_threads(backend), 1);
        } else {
            support_assert_error(status, ASSAY_ERROR_UNSUPPORTED, &error, cases[i].message);
            ck_assert_ptr_null(backend);
        }
        assay_backend_close(backend);
    }
}
END_TEST

START_TEST(a_library_that_is_not_cublas)
{
    evidence(EVIDENCE_ERRORS, "backend/backend");
    /* clang-format off */
    static const struct {
        const char *name;
        const char *message;
    } cases[] = {
        {"libno-such-cublas.so.1", "cuBLAS cannot be loaded (libno-such-cublas.so.1"},
        {"libm.so.6", "the cuBLAS that was loaded has no cublasCreate_v2"},
    };
    /* clang-format on */
    assay_cublas cublas;
    assay_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        support_assert_error(assay_cublas_load(1, &cases[i].name, &cublas, &error), ASSAY_ERROR_UNSUPPORTED, &error,
                             cases[i].message);
        ck_assert_ptr_null(cublas.library);
    }
    /* The second name counts where the first is not found. */
    const char *const names[] = {"libno-such-cublas.so.1", NULL};
    support_assert_error(assay_cublas_load(1, names, &cublas, &error), ASSAY_ERROR_UNSUPPORTED, &error,
                         "cuBLAS cannot be loaded (libno-such-cublas.so.1");
    support_assert_ok(assay_cublas_load(2, names, &cublas, &error), &error);
    ck_assert_ptr_nonnull(cublas.library);
    assay_cublas_unload(&cublas);
    /* And is not looked for where the first is found. */
    const char *const first[] = {NULL, "libno-such-cublas.so.1"};
    support_assert_ok(assay_cublas_load(2, first, &cublas, &error), &error);
    ck_assert_ptr_nonnull(cublas.library);
    assay_cublas_unload(&cublas);
}
END_TEST

/* Buffers may be empty, also in the device's memory, where allocations have at least one byte. */
START_TEST(buffers_may_be_empty)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_backend *backend = cuda_open(ASSAY_F32);
    const uint8_t byte = 7;
    assay_buffer *created = assay_buffer_create(backend, ASSAY_REAL, 0);
    assay_buffer *borrowed = assay_buffer_borrow_u8(backend, &byte, 0);
    ck_assert_ptr_nonnull(created);
    ck_assert_ptr_nonnull(borrowed);
    ck_assert_ptr_nonnull(((assay_cuda_buffer *)created)->memory);
    ck_assert_ptr_nonnull(((assay_cuda_buffer *)borrowed)->memory);
    assay_buffer_destroy(backend, created);
    assay_buffer_destroy(backend, borrowed);
    cuda_close(backend);
}
END_TEST

/* Kernels draw uniform and normal values; the host draws the others, and mt19937's. */
START_TEST(other_distributions_are_drawn_by_the_host)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/fill_random");
    enum { COUNT = 100 };
    static const assay_generator_kind kinds[] = {ASSAY_GENERATOR_PHILOX, ASSAY_GENERATOR_MT19937};
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, COUNT);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const assay_distribution laplace = {ASSAY_LAPLACE, 1, 2};
        assay_generator generator;
        assay_generator_seed(&generator, kinds[i], 3, 1);
        assay_generator same = generator;
        float want[COUNT];
        float got[COUNT];
        assay_generator_fill(&same, laplace, COUNT, want);
        assay_fill_random(backend, assay_whole(buffer), &generator, laplace);
        assay_download_f32(backend, assay_whole(buffer), got);
        ck_assert_mem_eq(got, want, sizeof want);
        ck_assert_mem_eq(&generator, &same, sizeof same);
    }
    assay_buffer_destroy(backend, buffer);
    cuda_close(backend);
}
END_TEST

/* --- which recorded sequences are the same ------------------------------------------------------------------------ */

enum { RECORDED = 3 };

/* A product, and two fills of memory that the product reads and writes. */
static void record_three(assay_cuda_command *commands)
{
    static const assay_cuda_range ranges[] = {{16, 32}, {48, 64}, {80, 96}};
    memset(commands, 0, RECORDED * sizeof *commands);
    for (unsigned i = 0; i < RECORDED; i++) {
        commands[i].kernel = i == 0 ? ASSAY_CUDA_GEMM : ASSAY_CUDA_FILL;
        commands[i].grid = (dim3){4, 5, 6};
        commands[i].block = (dim3){7, 8, 9};
        commands[i].accesses = 1;
        commands[i].written = 1;
        commands[i].access[0] = ranges[i];
    }
    commands[0].accesses = 2;
    commands[0].access[1] = ranges[1];
}

/* A replayed graph gets new arguments for its kernels; whatever else differs needs another graph. */
START_TEST(sequences_that_differ_need_another_graph)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_cuda_command old[RECORDED];
    assay_cuda_command new[RECORDED];
    assay_cuda_sequence sequence = {.commands = old, .count = RECORDED};
    assay_cuda_sequence pending = {.commands = new, .count = RECORDED};
    record_three(old);
#define COMPARE(same, change)                                                                  \
    do {                                                                                       \
        record_three(new);                                                                     \
        pending.count = RECORDED;                                                              \
        change;                                                                                \
        ck_assert_msg(assay_cuda_same_sequence(&sequence, &pending) == (same), "%s", #change); \
    } while (0)
    COMPARE(true, (void)0);
    COMPARE(false, pending.count--);
    COMPARE(false, new[1].kernel++);
    COMPARE(false, new[1].grid.x++);
    COMPARE(false, new[1].grid.y++);
    COMPARE(false, new[1].grid.z++);
    COMPARE(false, new[1].block.x++);
    COMPARE(false, new[1].block.y++);
    COMPARE(false, new[1].block.z++);
    COMPARE(false, new[1].accesses = 0);
    COMPARE(false, new[1].written = 0);
    COMPARE(true, new[1].arguments.fill.count++);
    COMPARE(false, new[0].arguments.gemm.lane++);                      /* a product's arguments cannot change */
    COMPARE(true, new[2].access[0].begin++);                           /* still apart from both */
    COMPARE(false, new[2].access[0].begin = 60);                       /* now after the other fill and the product */
    COMPARE(false, (new[1].access[0] = (assay_cuda_range){100, 110})); /* no longer after the product */
#undef COMPARE
}
END_TEST

/* --- the emulation itself: errors that are undefined on a GPU end the program ------------------------------------ */

static assay_cuda_command fill_command(const void *memory)
{
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_FILL, 4, 1);
    command.arguments.fill.to = assay_cuda_address_of(memory);
    command.arguments.fill.count = 4;
    return command;
}

START_TEST(a_kernel_with_an_address_of_the_host)
{
    evidence(EVIDENCE_ERRORS, "tests/cuda_host");
    static float values[4];
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_cuda_command command = fill_command(values);
    assay_cuda_run((assay_cuda *)backend, &command);
    assay_backend_check(backend, NULL);
}
END_TEST

START_TEST(a_copy_beyond_its_allocation)
{
    evidence(EVIDENCE_ERRORS, "tests/cuda_host");
    float values[5];
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, 4);
    cudaMemcpyAsync(values, ((assay_cuda_buffer *)buffer)->memory, sizeof values, cudaMemcpyDeviceToHost,
                    ((assay_cuda *)backend)->stream);
    assay_backend_check(backend, NULL);
}
END_TEST

#ifndef ASSAY_SANITIZED /* AddressSanitizer keeps the signal for itself */
START_TEST(the_host_reading_the_devices_memory)
{
    evidence(EVIDENCE_ERRORS, "tests/cuda_host");
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, 4);
    volatile float *memory = ((assay_cuda_buffer *)buffer)->memory;
    exit(memory[0] == 0);
}
END_TEST
#endif

/* Work on a stream runs only when the host waits for it. */
START_TEST(the_device_runs_behind)
{
    evidence(EVIDENCE_PROPERTY, "tests/cuda_host");
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_cuda *self = (assay_cuda *)backend;
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, 4);
    float values[4] = {7, 7, 7, 7};
    assay_fill(backend, assay_whole(buffer), 3);
    cudaMemcpyAsync(values, ((assay_cuda_buffer *)buffer)->memory, sizeof values, cudaMemcpyDeviceToHost, self->stream);
    ck_assert(values[0] == 7);
    cudaStreamSynchronize(self->stream);
    ck_assert(values[0] == 3 && values[3] == 3);
    assay_buffer_destroy(backend, buffer);
    cuda_close(backend);
}
END_TEST

TCase *test_cuda_faults(void)
{
    TCase *tests = tcase_create("faults");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, each_failure_is_told_once_and_nothing_leaks, 0, 2);
    tcase_add_test(tests, machines_that_lack_something);
    tcase_add_test(tests, a_library_that_is_not_cublas);
    tcase_add_test(tests, buffers_may_be_empty);
    tcase_add_test(tests, other_distributions_are_drawn_by_the_host);
    tcase_add_test(tests, sequences_that_differ_need_another_graph);
    tcase_add_test(tests, the_device_runs_behind);
    tcase_add_test_raise_signal(tests, a_kernel_with_an_address_of_the_host, SIGABRT);
    tcase_add_test_raise_signal(tests, a_copy_beyond_its_allocation, SIGABRT);
#ifndef ASSAY_SANITIZED
    tcase_add_test_raise_signal(tests, the_host_reading_the_devices_memory, SIGSEGV);
#endif
    return tests;
}
