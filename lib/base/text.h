/* Texts that came from files and command lines, made fit for a terminal. */
#ifndef ASSAY_BASE_TEXT_H
#define ASSAY_BASE_TEXT_H

#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

/*
 * Replaces by '?', in place, all that must not reach a terminal: control characters, bytes that are not UTF-8, marks
 * that change the direction of the text, invisible characters and line separators (Unicode's Cc, Zl, Zp, and what
 * matters of Cf). The text becomes no longer.
 */
void assay_text_clean(char *text);

/* The shortest decimal that strtod reads back as `value`: 0.1, not 0.10000000000000001. `size` is 32 or more. */
void assay_text_number(double value, char *text, size_t size);

ASSAY_END_DECLS
#endif
