/* What the makers of the tutorial's figures share; not installed. */
#ifndef ASSAY_TUTORIAL_FIGURE_PARTS_H
#define ASSAY_TUTORIAL_FIGURE_PARTS_H

#include <assay/tutorial/figures.h>

/* The name of a section's figure: "kaiming-relu-gradients". */
void assay_figure_name_of(assay_section section, const char *kind, char *name, size_t size);

/* Describes the figure and passes it to the caller, or destroys it and returns the failure, with which `made` may be
 * NULL. */
assay_status assay_figure_finish(assay_status status, assay_figure *made, const char *caption, const char *alt,
                                 assay_figure **figure, assay_error *error);

#endif
