/*
 * What assay convert writes is read again, and is the same: the tensors of a file of any format are written as a
 * safetensors file and as torch.save writes them, and read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "fuzz.h"

const char fuzz_name[] = "convert";

typedef assay_status writer(const char *path, const assay_state *state, assay_error *error);

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

static void again(const assay_state *state, writer *write, const char *path)
{
    assay_error error;
    assay_state *read = NULL;
    assay_model_format format;
    char *bytes = NULL;
    size_t size = 0;
    if (write(path, state, &error) != ASSAY_OK) {
        return; /* a type that PyTorch does not have, or a name that is not UTF-8 */
    }
    if (assay_file_read(path, (size_t)1 << 30, &bytes, &size, &error) != ASSAY_OK ||
        assay_model_parse(bytes, size, "again", &format, &read, NULL, &error) != ASSAY_OK) {
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
    assay_model_format format;
    char path[64];
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* in memory, fsync does not wait */
    snprintf(path, sizeof path, "%s/assay-fuzz-convert-%ld", folder, (long)getpid());
    if (assay_model_parse(bytes, size, "fuzz", &format, &state, NULL, &error) == ASSAY_OK) {
        again(state, assay_torch_zip_write, path);
        again(state, assay_safetensors_write, path);
        assay_state_destroy(state);
    }
    return 0;
}
