/* The command lines that start a submission: the runner's, bubblewrap's around it, and the stage's before that. */
#ifndef ASSAY_GRADE_CHILD_ARGUMENTS_H
#define ASSAY_GRADE_CHILD_ARGUMENTS_H

#include "grade/child.h"

enum { GRADE_MAX_ARGUMENTS = 1024, GRADE_FILE_BYTES = 64 << 20 };

typedef struct {
    size_t count;                              /* of all that were wanted; more than GRADE_MAX_ARGUMENTS is an error */
    const char *list[GRADE_MAX_ARGUMENTS + 1]; /* NULL-terminated */
} grade_words;

typedef struct {
    grade_words command; /* what is executed */
    grade_words options; /* in the sandbox: bubblewrap's, read from a descriptor, so that they are in no command line */
    char *owned[GRADE_MAX_ARGUMENTS]; /* words that were formatted here */
    size_t owned_count;
} grade_arguments;

/* Descriptors that the program is started with, after the three standard ones. */
enum {
    GRADE_READY = 3,   /* a socket: what goes wrong before the submission starts; its end is success */
    GRADE_OPTIONS = 4, /* bubblewrap's options, each with a zero byte at its end */
    GRADE_FILTER = 5,  /* of system calls */
    GRADE_SOURCE = 6,  /* the submission */
    GRADE_HEADER = 7,  /* student.h */
    GRADE_SHOWN = 8,   /* the first of the files that the sandbox shows */
    GRADE_DESCRIPTORS = GRADE_SHOWN + GRADE_MAX_SHOWN
};

/* ASSAY_ERROR_ARGUMENT where they are too many. End it with _clear. */
assay_status assay_grade_arguments(const grade_program *program, grade_arguments *arguments, assay_error *error);
void assay_grade_arguments_clear(grade_arguments *arguments);

/* Bytes of the file system in which a submission may write; they count as its memory. */
size_t assay_grade_scratch_bytes(const grade_limits *limits);

#endif
