/* What an interpreter needs and the sandbox does not show. */
#ifndef ASSAY_GRADE_HINT_H
#define ASSAY_GRADE_HINT_H

#include <stdbool.h>

enum { GRADE_HINT_LENGTH = 80 };

/*
 * Whether the teacher's command `program` lies outside the system's folders, or its installation has links to a
 * folder of /etc or /opt: Debian's Java has its configuration in /etc/java-17-openjdk. `folder` is then what --bind is
 * to show. Only the command is looked at, nothing of the submission's. `binds` (NULL-terminated, or NULL) are shown.
 */
bool assay_grade_bind_hint(const char *program, const char *const *binds, char folder[GRADE_HINT_LENGTH]);

#endif
