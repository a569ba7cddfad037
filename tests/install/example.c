/* A user's program, compiled with pkg-config against the installed library: the tutorial's split, a product. */
#include <assay/student.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/backend/backend.h>
#include <assay/random/mt19937.h>

enum { IMAGES = 60000 };

static int split_is_right(void)
{
    static uint32_t permutation[IMAGES];
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 42);
    assay_mt19937_randperm(&generator, IMAGES, permutation);
    return permutation[0] == 37542 && permutation[1] == 43087 && permutation[2] == 2992;
}

/* 1 2 3 times its transpose is 14. */
static int product_is_right(const char *name, assay_precision precision)
{
    const double row[] = {1, 2, 3};
    double product = 0;
    assay_error error = {0};
    assay_backend *backend = NULL;
    assay_backend_options options = {.name = name, .precision = precision, .threads = 1};
    if (assay_backend_open(&options, &backend, &error) != ASSAY_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 0;
    }
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, 4);
    assay_slice a = assay_part_of(assay_whole(buffer), 0, 3);
    assay_slice c = assay_part_of(assay_whole(buffer), 3, 1);
    assay_upload_f64(backend, a, row);
    assay_gemm(backend, (assay_gemm_shape){.trans_b = true, .m = 1, .n = 1, .k = 3, .alpha = 1}, a, a, c);
    assay_download_f64(backend, c, &product);
    if (assay_backend_check(backend, &error) != ASSAY_OK) {
        fprintf(stderr, "%s\n", error.message);
        product = 0;
    }
    assay_buffer_destroy(backend, buffer);
    assay_backend_close(backend);
    return product == 14;
}

int main(void)
{
    return split_is_right() && product_is_right("openblas", ASSAY_F32) && product_is_right("reference", ASSAY_F64)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
