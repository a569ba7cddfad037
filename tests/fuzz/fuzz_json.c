/* The JSON that we read: run records and configurations. What is accepted must survive being printed and read again. */
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "fuzz.h"
#include <assay/model/config.h>
#include <assay/tutorial/record.h>

const char fuzz_name[] = "json";

static void again(const assay_network_config *config)
{
    assay_error error;
    assay_network_config read;
    char *text = NULL;
    if (assay_model_config_print(config, &text, &error) != ASSAY_OK ||
        assay_model_config_parse(text, strlen(text), "again", &read, &error) != ASSAY_OK ||
        assay_model_config_compare(config, &read, "again", &error) != ASSAY_OK ||
        read.activation.kind != config->activation.kind || read.activation.parameter != config->activation.parameter) {
        abort();
    }
    assay_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    assay_network_config config;
    assay_run_record record;
    if (assay_model_config_parse((const char *)bytes, size, "fuzz", &config, &error) == ASSAY_OK) {
        again(&config);
    }
    if (assay_run_record_parse((const char *)bytes, size, "fuzz", &record, &error) == ASSAY_OK) {
        double sum = record.test_acc;
        for (size_t i = 0; i < record.epochs; i++) {
            sum += record.val_scores[i] + record.train_scores[i];
        }
        for (size_t i = 0; i < record.steps; i++) {
            sum += record.train_losses[i];
        }
        if (sum < 0.0) {
            abort();
        }
        assay_run_record_destroy(&record);
    }
    return 0;
}
