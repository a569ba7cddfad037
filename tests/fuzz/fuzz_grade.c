/*
 * What a submission writes: the lines that the grader reads, and the .npy files that they name. The first byte says
 * which: 'h' a greeting, 'r' a reply, 'n' a file. Whatever is in them, the answer says what is wrong, and no more.
 */
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "fuzz.h"
#include "grade/components.h"
#include "grade/exchange.h"
#include "grade/npy.h"
#include "grade/npy_header.h"
#include "grade/text.h"

const char fuzz_name[] = "grade";

/* What goes to a terminal and into reports: UTF-8, no control characters, an end. */
static void check_text(const char *text, size_t size)
{
    char again[GRADE_TEXT_LENGTH];
    if (memchr(text, '\0', size) == NULL) {
        abort();
    }
    assay_grade_text_clean(text, strlen(text), again, sizeof again);
    if (strcmp(text, again) != 0) {
        abort();
    }
}

static void hear_hello(char *line, size_t size)
{
    assay_error error;
    grade_precision precision;
    json_t *functions = NULL;
    json_t *findings = NULL;
    if (assay_grade_hello(line, size, &precision, &functions, &findings, &error) == ASSAY_OK) {
        json_decref(functions);
        json_decref(findings);
    } else {
        check_text(error.message, sizeof error.message);
    }
}

static void read_file(const uint8_t *bytes, size_t size, grade_field *field)
{
    assay_error error;
    grade_precision precision;
    assay_status status = assay_npy_decode("file", bytes, size, field, &precision, &error);
    if (status != ASSAY_OK && status != ASSAY_ERROR_ARGUMENT && status != ASSAY_ERROR_FORMAT) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    assay_error error;
    grade_case *graded;
    grade_answer answer = {.verdict = GRADE_NOT_RUN};
    if (size == 0 ||
        assay_grade_case_create(assay_grade_component_by_name("linear_backward"), 1, 1, &graded, &error) != ASSAY_OK) {
        return 0;
    }
    if (assay_grade_fields_like(&graded->outputs, &answer.outputs, &error) == ASSAY_OK) {
        char *line = malloc(size);
        memcpy(line, bytes + 1, size - 1);
        if (bytes[0] == 'h') {
            hear_hello(line, size - 1);
        } else if (bytes[0] == 'n') {
            read_file(bytes + 1, size - 1, &answer.outputs.field[0]);
        } else if (assay_grade_reply(line, size - 1, 1, &GRADE_INLINE, &answer, &error) != ASSAY_OK) {
            abort();
        } else {
            check_text(answer.detail, sizeof answer.detail);
            check_text(answer.modified, sizeof answer.modified);
        }
        free(line);
    }
    assay_grade_fields_clear(&answer.outputs);
    assay_grade_case_destroy(graded);
    return 0;
}
