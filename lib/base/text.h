/* Texts that came from files and command lines, made fit for a terminal. */
#ifndef ASSAY_BASE_TEXT_H
#define ASSAY_BASE_TEXT_H

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

/*
 * Replaces by '?', in place, all that must not reach a terminal: control characters, bytes that are not UTF-8, marks
 * that change the direction of the text, invisible characters and line separators (Unicode's Cc, Zl, Zp, and what
 * matters of Cf). The text becomes no longer.
 */
void assay_text_clean(char *text);

ASSAY_END_DECLS
#endif
