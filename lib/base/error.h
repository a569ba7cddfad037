/* Errors: a function that can fail returns an assay_status and writes a message to the assay_error of its caller. */
#ifndef ASSAY_BASE_ERROR_H
#define ASSAY_BASE_ERROR_H

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_OK = 0,
    ASSAY_ERROR_ARGUMENT,    /* the caller passed a name that does not exist or values that do not fit */
    ASSAY_ERROR_IO,          /* a file or a pipe could not be opened, read, written or renamed */
    ASSAY_ERROR_FORMAT,      /* a file was read, but its content is wrong */
    ASSAY_ERROR_MEMORY,      /* an allocation failed */
    ASSAY_ERROR_UNSUPPORTED, /* this build or this machine does not have it */
    ASSAY_ERROR_NUMERIC      /* a result is NaN or infinite, or overflows */
} assay_status;

enum { ASSAY_ERROR_LENGTH = 512, ASSAY_ERROR_DETAIL_LENGTH = 160 };

/* The first failure: what, where and what to do, in one line without a final newline. */
typedef struct {
    assay_status status;
    char message[ASSAY_ERROR_LENGTH];
    char detail[ASSAY_ERROR_DETAIL_LENGTH]; /* for --verbose: what only a developer wants to know; often empty */
} assay_error;

/*
 * Records a failure and returns `status`, so that a function can end with `return assay_fail(error, ...)`. `error` may
 * be NULL. A message that is too long is cut and ends with "...". What must not reach a terminal becomes '?'
 * (base/text.h): the message is always one line. The detail becomes empty.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
assay_status
assay_fail(assay_error *error, assay_status status, const char *format, ...);

/* After assay_fail: the detail of this failure, under the same rules. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void assay_fail_detail(assay_error *error, const char *format, ...);

/* Puts "where: " before the recorded message. Returns `status`; with ASSAY_OK it changes nothing. */
assay_status assay_fail_in(assay_error *error, assay_status status, const char *where);

/* Returns from the calling function when `call` fails. */
#define ASSAY_TRY(call)                   \
    do {                                  \
        assay_status assay_try_ = (call); \
        if (assay_try_ != ASSAY_OK) {     \
            return assay_try_;            \
        }                                 \
    } while (0)

ASSAY_END_DECLS
#endif
