/* Text that a submission, or whoever named one, wrote: made fit for a terminal, JSON, XML and a spreadsheet. */
#ifndef ASSAY_GRADE_TEXT_H
#define ASSAY_GRADE_TEXT_H

#include <stdio.h>

/*
 * Copies `length` bytes of text. UTF-8 stays; each control character, each mark that changes the direction of writing
 * and each byte that is not UTF-8 becomes '?'. What does not fit into `size` bytes is cut between two characters, and
 * ends in "...".
 */
void assay_grade_text_clean(const char *text, size_t length, char *clean, size_t size);

/*
 * Writes a cell of a CSV: in quotes, a quote doubled. Where a spreadsheet would run the text as a formula, and where it
 * begins with an apostrophe, an apostrophe comes before it; so two different texts are two different cells.
 */
void assay_grade_text_cell(FILE *stream, const char *text);

#endif
