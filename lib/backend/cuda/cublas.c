/*
 * cuBLAS is half a gigabyte that only this backend needs, so it is loaded when the backend is opened: one build of the
 * program serves machines with and without it.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "backend/cuda/cuda.h"

/* Finds every function, or returns the name of the first that is missing. POSIX's dlsym gives functions as pointers to
 * data; copying the bytes is how C takes them over. */
static const char *find_functions(assay_cublas *cublas)
{
#define PLACE(function) {#function, offsetof(assay_cublas, function)},
    static const struct {
        const char *name;
        size_t offset;
    } functions[] = {ASSAY_CUBLAS_FUNCTIONS(PLACE)};
#undef PLACE
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *found = dlsym(cublas->library, functions[i].name);
        if (found == NULL) {
            return functions[i].name;
        }
        memcpy((char *)cublas + functions[i].offset, &found, sizeof found);
    }
    return NULL;
}

assay_status assay_cublas_load(size_t count, const char *const *names, assay_cublas *cublas, assay_error *error)
{
    *cublas = (assay_cublas){.library = NULL};
    for (size_t i = 0; i < count && cublas->library == NULL; i++) {
        cublas->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    if (cublas->library == NULL) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "backend cuda: cuBLAS cannot be loaded (%s); let "
                          "LD_LIBRARY_PATH name its folder, or use --backend openblas",
                          dlerror());
    }
    const char *missing = find_functions(cublas);
    if (missing != NULL) {
        assay_cublas_unload(cublas);
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "backend cuda: the cuBLAS that was loaded has no %s; let "
                          "LD_LIBRARY_PATH name the folder of a newer one, or use --backend openblas",
                          missing);
    }
    return ASSAY_OK;
}

void assay_cublas_unload(assay_cublas *cublas)
{
    if (cublas->library != NULL) {
        dlclose(cublas->library);
    }
    *cublas = (assay_cublas){.library = NULL};
}
