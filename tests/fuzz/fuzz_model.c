/* Files of any kind, as assay evaluate opens them: the formats before 1.6, bare pickles, and others. */
#include <string.h>

#include "fuzz.h"
#include <assay/model/model.h>
#include "use_state.h"

const char fuzz_name[] = "model";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error = {.message = ""};
    assay_state *state = NULL;
    assay_torch_about about;
    assay_model_format format;
    if (assay_model_parse(bytes, size, "fuzz", &format, &state, &about, &error) == ASSAY_OK) {
        use_state(state);
        assay_state_destroy(state);
    } else if (strncmp(error.message, "fuzz: ", 6) != 0 && error.status != ASSAY_ERROR_MEMORY) {
        abort();
    }
    return 0;
}
