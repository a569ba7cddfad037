/* Each function that libassay and the grader import is made to fail by a test, or is listed here with a reason. */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>

#include "fault_run.h"
#include "faults.h"
#include "support.h"

/* Imports that no test makes to fail, and why. '*' matches any characters. */
/* clang-format off */
static const struct {
    const char *why;
    const char *names;
} spared[] = {
    {"computes", "acos* atan* cosh crc32 erf erfc* exp exp2 expf expm1* fmaf fmax fmin frexp hypot ldexp log log10 "
                 "log1p* log2 nearbyint logf pow powf sincos* tan tanh* sqrt* sin sinf sinh cos cosf ceil floor rint "
                 "trunc copysign* mem* bcmp str* stpcpy qsort bsearch alphasort vsnprintf snprintf sprintf "
                 "__isoc99_sscanf __isoc23_sscanf __*_chk __cpu_model __cpu_features2 __cpu_indicator_init"},
    {"always succeeds", "clock_gettime time getenv geteuid getpid gettid fileno dirfd ferror clearerr __fpurge "
                        "sigdescr_np environ __environ __errno_location stderr stdout __ctype_*_loc"},
    {"fails with malloc or read", "__getdelim getdelim getline"},
    {"cleans up: a failure has no remedy", "closedir fts_close unlink* pthread_*_destroy pthread_join kill _exit abort "
                                           "exit globfree seccomp_release posix_spawn_file_actions_destroy"},
    {"fails only for wrong arguments", "pthread_mutex_* pthread_cond_* usleep prctl setsid gethostname"},
    {"without an answer the machine counts as not busy", "getloadavg"},
    {"asks for faster memory: a refusal changes nothing", "madvise"},
    {"belongs to another library, and fails with malloc, read or write",
     "json_* zip_* gz* inflate* crc32_z cblas_* openblas_* elf_* gelf_* seccomp_syscall_resolve_name"},
    {"belongs to compiler, linker or gcov", "_ITM_* __cxa_finalize __gmon_start__ __assert_fail __stack_chk_fail "
                                            "__tls_get_addr __asan_* __ubsan_* __tsan_* __msan_* mmap fseek setbuf "
                                            "__pthread_key_create"},
};
/* clang-format on */

static bool matches(const char *pattern, size_t length, const char *name)
{
    const char *star = memchr(pattern, '*', length);
    if (star == NULL) {
        return strlen(name) == length && strncmp(pattern, name, length) == 0;
    }
    size_t before = (size_t)(star - pattern);
    size_t after = length - before - 1;
    return strlen(name) >= before + after && strncmp(pattern, name, before) == 0 &&
           strncmp(star + 1, name + strlen(name) - after, after) == 0;
}

static bool is_spared(const char *name)
{
    for (size_t i = 0; i < sizeof spared / sizeof spared[0]; i++) {
        const char *pattern = spared[i].names;
        while (*pattern != '\0') {
            size_t length = strcspn(pattern, " ");
            if (matches(pattern, length, name)) {
                return true;
            }
            pattern += length + strspn(pattern + length, " ");
        }
    }
    return false;
}

/*
 * Each function that libassay or the grader imports is made to fail (fault_calls.c), or listed above with a reason.
 * Only imports of our own objects count, since NVIDIA's runtime may be in the library, too. The backend cuda has its
 * own fault tests (test_cuda_faults.c).
 */
START_TEST(every_import_fails_or_cannot)
{
    const char *build = getenv("ASSAY_BUILD") != NULL ? getenv("ASSAY_BUILD") : ".";
    Dl_info about;
    char command[3 * FAULT_PATH];
    char line[256];
    char name[128];
    size_t imports = 0;
    ck_assert_int_ne(dladdr((const void *)(size_t)&assay_calloc, &about), 0);
    snprintf(command, sizeof command,
             "{ nm -D --undefined-only '%s' | awk '{ sub(/@.*/, \"\", $NF); print $NF }' | sort -u\n"
             "find '%s/lib' '%s/grade' -path '*/.libs/*.o' ! -path '*/cuda/*' -exec nm --undefined-only '{}' + |\n"
             "  awk '$1 == \"U\" { print $2 }' | sort -u; } | sort | uniq -d",
             about.dli_fname, build, build);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(list);
    while (fgets(line, sizeof line, list) != NULL) {
        ck_assert_int_eq(sscanf(line, "%127s", name), 1);
        imports++;
        ck_assert_msg(faults_made(name) >= 0 || is_spared(name),
                      "libassay or the grader calls %s: make "
                      "it fail in tests/fault_calls.c, or add a reason to tests/test_faults_imports.c",
                      name);
    }
    ck_assert_int_eq(pclose(list), 0);
    ck_assert_uint_gt(imports, 100);
}
END_TEST

int main(void)
{
    faults_begin(); /* faults_made reads the counters that it makes */
    Suite *suite = suite_create("imports");
    TCase *imports = evidence_case("imports", "property: tests/faults");
    tcase_set_timeout(imports, 60);
    tcase_add_test(imports, every_import_fails_or_cannot);
    suite_add_tcase(suite, imports);
    return support_run(suite);
}
