/* PyTorch's zip checkpoints, as files. */
#include "fuzz.h"
#include <assay/model/torch_zip.h>
#include "use_state.h"

const char fuzz_name[] = "torch";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    assay_state *state = NULL;
    if (assay_torch_zip_parse(bytes, size, "fuzz", &state, NULL, &error) == ASSAY_OK) {
        use_state(state);
        assay_state_destroy(state);
    }
    return 0;
}
