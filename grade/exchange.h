/*
 * Requests and replies: one JSON object a line (doc/grading.md). Arrays stand inline, or as .npy files in a folder that
 * both sides see.
 *   {"id": 3, "call": "softmax", "inputs": {"logits": [[0.5, 1.0]]}}
 *   {"id": 3, "outputs": {"probabilities": [[0.38, 0.62]]}}, or {"id": 3, "error": "..."}, {"id": 3, "missing": true}
 */
#ifndef ASSAY_GRADE_EXCHANGE_H
#define ASSAY_GRADE_EXCHANGE_H

#include <jansson.h>

#include <assay/base/error.h>
#include "grade/case.h"
#include "grade/judge.h"

/* Where .npy files lie: here, and what the submission calls the same folder. Arrays are inline where `here` is NULL. */
typedef struct {
    const char *here;
    const char *there;
} grade_folder;


/* The line of a request, with its newline; the caller frees it with assay_free. */
assay_status assay_grade_request(const grade_case *graded, int id, const grade_folder *folder, char **line,
                                 assay_error *error);

/*
 * The inputs of a case as JSON: numbers, nested arrays, texts, or {"npy": FILE}, written into the folder as
 * ID.NAME.npy.
 */
assay_status assay_grade_inputs_json(const grade_case *graded, int id, const grade_folder *folder, json_t **inputs,
                                     assay_error *error);

/*
 * Reads a reply to request `id` into answer->outputs (fields like the case's) and sets answer's verdict and detail. The
 * line is the submission's: whatever is in it, the answer says what is wrong with it. NaN, Infinity and -Infinity are
 * taken as Python's json writes them, bare, and as strings. ASSAY_ERROR_MEMORY when memory is out on our side.
 */
assay_status assay_grade_reply(char *line, size_t length, int id, const grade_folder *folder, grade_answer *answer,
                               assay_error *error);

/*
 * The reply to {"call": "hello"}: the precision, and which components there are ("functions"; all where it is left
 * out).
 */
assay_status assay_grade_hello(char *line, size_t length, grade_precision *precision, json_t **functions,
                               assay_error *error);

#endif
