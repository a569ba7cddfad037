/*
 * A submission's files on the host, opened without following links out of it. What a submission may not contain is a
 * refusal with a reason: the submission's verdict, not an error of the grader.
 */
#ifndef ASSAY_GRADE_TREE_H
#define ASSAY_GRADE_TREE_H

#include <assay/base/error.h>
#include "grade/judge.h"

/* clang-format off */
enum {
    GRADE_TREE_FILES = 20000,       /* files and folders of a submission */
    GRADE_TREE_BYTES = 256 << 20    /* of all of them; sparse files count by their length */
};
/* clang-format on */

/*
 * Opens a submission's folder after a look at everything in it. Refused are: a link in the folder's own place (unless
 * `follow`: a teacher named it), links inside that lead out of the folder (other than to the system's /usr, /bin and
 * /lib), files that cannot be read, more than GRADE_TREE_FILES or GRADE_TREE_BYTES. FIFOs, sockets and devices are
 * passed over: the sandbox does not show them. ASSAY_OK: `*folder` is open, the caller closes it; or it is -1, and
 * `reason` says in one line why it is refused.
 */
assay_status assay_grade_tree_open(const char *path, bool follow, int *folder, char reason[GRADE_TEXT_LENGTH],
                                   assay_error *error);

/*
 * Opens one file of a submission, a shared object or a source: `path`, or with `folder` not NULL (the folder of this
 * submission alone) a path that may be a link to another file of that folder. Refused are links that lead out, folders,
 * FIFOs and everything else that is not a regular file, empty files and those over GRADE_TREE_BYTES. Otherwise as
 * above.
 */
assay_status assay_grade_tree_open_file(const char *folder, const char *path, int *object,
                                        char reason[GRADE_TEXT_LENGTH], assay_error *error);

#endif
