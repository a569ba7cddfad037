/* Safetensors files. */
#include <string.h>

#include "fuzz.h"
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include "use_state.h"

const char fuzz_name[] = "safetensors";

static void use_text(const char *key, const char *text, void *context)
{
    assay_error error;
    assay_network_config config;
    (void)context;
    if (assay_model_config_parse(text, strlen(text), key, &config, &error) == ASSAY_OK && config.inputs == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    assay_state *state = NULL;
    if (assay_safetensors_parse(bytes, size, "fuzz", &state, &error) == ASSAY_OK) {
        use_state(state);
        assay_state_each_text(state, use_text, NULL);
        assay_state_destroy(state);
    }
    return 0;
}
