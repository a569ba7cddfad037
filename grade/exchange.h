/*
 * Requests and replies: one JSON object a line (doc/grading.md). Arrays stand inline, or as .npy files in a folder that
 * both sides see.
 *   {"id": 3, "call": "softmax", "inputs": {"logits": [[0.5, 1.0]]}}
 *   {"id": 3, "outputs": {"probabilities": [[0.38, 0.62]]}}   ("precision": 32 beside "id" for values in single)
 *   {"id": 3, "error": "..."} or {"id": 3, "missing": true}
 */
#ifndef ASSAY_GRADE_EXCHANGE_H
#define ASSAY_GRADE_EXCHANGE_H

#include <jansson.h>

#include <assay/base/error.h>
#include "grade/case.h"
#include "grade/judge.h"

/*
 * Where .npy files are. Inputs are in a folder that only the grader writes to, outputs in one of the submission's;
 * here they are descriptors (-1: arrays are inline), and the submission has names for them. inputs_there is NULL
 * where a file's bare name will do.
 */
typedef struct {
    int inputs;
    const char *inputs_there;
    int outputs;
    const char *outputs_there;
} grade_folders;

#define GRADE_INLINE ((grade_folders){-1, NULL, -1, NULL})

/* The line of a request, with its newline; the caller frees it with assay_free. */
assay_status assay_grade_request(const grade_case *graded, int id, const grade_folders *folders, char **line,
                                 assay_error *error);

/*
 * The inputs of a case as JSON: numbers, nested arrays, texts, or {"npy": FILE}, written into the folder for inputs as
 * ID.NAME.npy. ASSAY_ERROR_FORMAT where somebody else has put something there or taken the folder away. After a failure
 * no file of the case is left.
 */
assay_status assay_grade_inputs_json(const grade_case *graded, int id, const grade_folders *folders, json_t **inputs,
                                     assay_error *error);

/* Removes the files of a request again. */
void assay_grade_inputs_remove(const grade_case *graded, int id, const grade_folders *folders);

/*
 * Reads a reply to request `id` into answer->outputs (fields like the case's) and sets answer's verdict and detail. The
 * line is the submission's: whatever is in it, the answer says what is wrong with it. NaN, Infinity and -Infinity are
 * taken as Python's json writes them, bare, and as strings. ASSAY_ERROR_MEMORY when memory is out on our side.
 */
assay_status assay_grade_reply(char *line, size_t length, int id, const grade_folders *folders, grade_answer *answer,
                               assay_error *error);

/*
 * The reply to {"call": "hello"}: the precision, which components there are ("functions"; all if it is left out), and
 * what one of assay's runners found (findings.h, or NULL). ASSAY_ERROR_UNSUPPORTED, with the submission's text, for
 * {"error": "..."}: the program says that there is nothing that can be graded.
 */
assay_status assay_grade_hello(char *line, size_t length, grade_precision *precision, json_t **functions,
                               json_t **findings, assay_error *error);

#endif
