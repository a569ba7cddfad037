/* Calls from JSON into a submission's shared object. */
#ifndef ASSAY_GRADE_RUNNER_H
#define ASSAY_GRADE_RUNNER_H

#include <jansson.h>

/* {"functions": [...], "precision": 64}: what the object exports. */
json_t *runner_hello(void *object);

/* Calls student_<call> and returns {"outputs": ...}, {"missing": true} or {"error": ...}. */
json_t *runner_call(void *object, const char *call, const json_t *inputs);

#endif
