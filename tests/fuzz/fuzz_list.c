/*
 * assay evaluate --list, and the notes on a network: what they print of a file, as text and as JSON, reaches a terminal
 * as plain lines, whatever the names in the file are.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/text.h>
#include "fuzz.h"
#include "tools/evaluate.h"

const char fuzz_name[] = "list";

/* No control character but the ends of lines, and only UTF-8. */
static void check_lines(char *text, size_t size)
{
    if (strlen(text) != size) {
        abort();
    }
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *again = assay_strdup(line, NULL);
        assay_text_clean(again);
        if (strcmp(line, again) != 0) {
            abort();
        }
        assay_free(again);
    }
}

static void print_all(evaluation *done)
{
    assay_error error;
    if (evaluate_list(done, &error) != ASSAY_OK) {
        abort();
    }
    if (assay_layers_find(done->model.state, NULL, true, "fuzz", &done->model.layers, &error) == ASSAY_OK) {
        evaluate_note_tensors(done);
    }
    json_decref(done->notes);
}

/* stdout and stderr go to memory while the program prints. */
static void use_model(assay_model *model)
{
    const evaluate_options options = {.path = "fuzz\x1b", .json = "/dev/null", .list = true};
    evaluation done = {.options = &options, .model = *model};
    FILE *streams[] = {stdout, stderr};
    char *texts[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    stdout = open_memstream(&texts[0], &sizes[0]);
    stderr = open_memstream(&texts[1], &sizes[1]);
    if (stdout == NULL || stderr == NULL) {
        abort();
    }
    print_all(&done);
    fclose(stdout);
    fclose(stderr);
    stdout = streams[0];
    stderr = streams[1];
    for (int i = 0; i < 2; i++) {
        check_lines(texts[i], sizes[i]);
        free(texts[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    assay_model model = {0};
    if (assay_model_parse(bytes, size, "fuzz", &model.format, &model.state, &model.about, &error) == ASSAY_OK) {
        use_model(&model);
        assay_model_close(&model);
    }
    return 0;
}
