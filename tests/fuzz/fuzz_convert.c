/*
 * What torch_write.c writes is read again, and is the same: the file is read as a safetensors file, its tensors are
 * written as torch.save writes them, and read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "fuzz.h"

const char fuzz_name[] = "convert";

static void compare(const assay_state *written, const assay_state *read)
{
    if (assay_state_count(read) != assay_state_count(written)) {
        abort();
    }
    for (size_t i = 0; i < assay_state_count(written); i++) {
        const assay_stored_tensor *a = assay_state_at(written, i);
        const assay_stored_tensor *b = assay_state_find(read, a->name);
        if (b == NULL || a->dtype != b->dtype || a->rank != b->rank ||
            memcmp(a->shape, b->shape, sizeof a->shape) != 0 ||
            memcmp(a->data, b->data, a->count * assay_dtype_size(a->dtype)) != 0) {
            abort();
        }
    }
}

static void again(const assay_state *state, const char *path)
{
    assay_error error;
    assay_state *read = NULL;
    char *bytes = NULL;
    size_t size = 0;
    if (assay_torch_zip_write(path, state, &error) != ASSAY_OK) {
        return; /* a type that PyTorch does not have */
    }
    if (assay_file_read(path, (size_t)1 << 30, &bytes, &size, &error) != ASSAY_OK ||
        assay_torch_zip_parse(bytes, size, "again", &read, NULL, &error) != ASSAY_OK) {
        if (strstr(error.message, "more than") == NULL) { /* what is read has limits */
            abort();
        }
    } else {
        compare(state, read);
    }
    assay_state_destroy(read);
    assay_free(bytes);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    assay_state *state = NULL;
    char path[64];
    snprintf(path, sizeof path, "/tmp/assay-fuzz-convert-%ld.pt", (long)getpid());
    if (assay_safetensors_parse(bytes, size, "fuzz", &state, &error) == ASSAY_OK) {
        again(state, path);
        assay_state_destroy(state);
    }
    return 0;
}
