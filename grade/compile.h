/* A submission's C source, compiled in the sandbox: neither the teacher's files nor assay's are visible to #include. */
#ifndef ASSAY_GRADE_COMPILE_H
#define ASSAY_GRADE_COMPILE_H

#include "grade/child.h"

/*
 * Compiles the open file `source` with cc, within `limits` (start_seconds of processor time), until `stop` (as in
 * grade_program) becomes other than 0. GRADE_PASS: `*object` is an open copy of the shared object, which the caller
 * closes. Any other verdict: `detail` says what happened; for a source that does not compile it is the compiler's first
 * error. ASSAY_ERROR_UNSUPPORTED without a compiler.
 */
assay_status assay_grade_compile(const grade_sandbox *sandbox, const grade_limits *limits,
                                 const volatile sig_atomic_t *stop, int source, int *object, grade_verdict *verdict,
                                 char detail[GRADE_TEXT_LENGTH], assay_error *error);

#endif
