/*
 * The pickle of a PyTorch checkpoint without the zip archive around it, whose checksums stop most mutations. The first
 * two bytes are the number of bytes, little-endian, of the one storage behind them (every key finds it); the rest is the
 * pickle.
 */
#include <string.h>

#include "fuzz.h"
#include <assay/model/torch_state.h>
#include "use_state.h"

typedef struct {
    const uint8_t *bytes;
    size_t size;
} storage;

static assay_status find(void *context, const char *key, const void **bytes, size_t *size, assay_error *error)
{
    const storage *only = context;
    if (*key == '\0') {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "no key");
    }
    *bytes = only->bytes;
    *size = only->size;
    return ASSAY_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2) {
        return 0;
    }
    assay_error error;
    assay_state *state = NULL;
    size_t wanted = bytes[0] + ((size_t)bytes[1] << 8);
    storage only = {bytes + 2, wanted < size - 2 ? wanted : size - 2};
    const uint8_t *pickle = only.bytes + only.size;
    assay_torch_about about;
    if (assay_torch_state(pickle, (size_t)(bytes + size - pickle), "fuzz", find, &only, 16 * size, &state, &about,
                          &error) == ASSAY_OK) {
        if (strlen(about.root) == 0 || strlen(about.others) >= sizeof about.others) {
            abort();
        }
        use_state(state);
        assay_state_destroy(state);
    }
    return 0;
}
