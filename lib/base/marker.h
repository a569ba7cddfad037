/*
 * Inside the library: 32 random bytes in libassay's data, in whatever form it is linked. The grader looks for them in
 * what a submission brings along and maps (grade/evidence.h).
 */
#ifndef ASSAY_BASE_MARKER_H
#define ASSAY_BASE_MARKER_H

#define ASSAY_MARKER                                                                                                   \
    "\x9d\x17\xe4\x5b\xc2\x08\x7f\xa6\x31\xd8\x64\xbd\x02\xf3\x4e\x99\x5a\xe1\x0c\x76\xb8\x2d\xcf\x43\x90\x1e\x6b\xf5" \
    "\x38\xa7\xd4\x6c"
enum { ASSAY_MARKER_SIZE = sizeof ASSAY_MARKER - 1 };

#endif
