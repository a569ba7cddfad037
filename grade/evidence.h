/*
 * Signs that a submission uses the reference library: a suspicion with what it rests on, for a teacher to judge.
 * Names do not count: a path, a comment or a text that contains "libassay" is not a sign. Signs are:
 *   - a shared object that needs libassay (DT_NEEDED), calls its functions, or defines them (a copy by another name);
 *   - the 32 bytes that mark libassay's data (base/marker.h), in a file of the submission or in what a process has
 *     mapped.
 * What is not seen: a copy that a process unpacks, maps and leaves within 20 ms, before anybody looks; and copied
 * source.
 */
#ifndef ASSAY_GRADE_EVIDENCE_H
#define ASSAY_GRADE_EVIDENCE_H

#include <stdbool.h>
#include <sys/types.h>

#include <assay/base/error.h>

typedef struct grade_evidence grade_evidence;

/* The caller ends it with _destroy; NULL is allowed there. */
assay_status assay_grade_evidence_create(grade_evidence **evidence, assay_error *error);
void assay_grade_evidence_destroy(grade_evidence *evidence);

/* The first sign that was found, "" for none. It belongs to the evidence. */
const char *assay_grade_evidence_text(const grade_evidence *evidence);

/*
 * Looks at one file, or at the files of a folder and of folders in it: at most 5000 files and 256 MiB. Links are not
 * followed. What cannot be read is left out.
 */
void assay_grade_evidence_file(grade_evidence *evidence, const char *path);
void assay_grade_evidence_folder(grade_evidence *evidence, const char *path);

/* The same of what is open already: a file, or a folder. `name` is for the text. */
void assay_grade_evidence_open(grade_evidence *evidence, int descriptor, const char *name);

/*
 * Looks at what a process and its descendants have mapped. A quick look leaves out processes whose memory has the
 * size that it had at the last look. False where a process has more than GRADE_MAX_MAPPINGS mappings: they are not
 * all looked at, and no honest submission has so many.
 */
enum { GRADE_MAX_MAPPINGS = 10000 };
bool assay_grade_evidence_processes(grade_evidence *evidence, pid_t root, bool quick);

#endif
