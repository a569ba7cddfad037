/* The session's inside, for lib/tutorial alone. */
#ifndef ASSAY_TUTORIAL_SESSION_IMPL_H
#define ASSAY_TUTORIAL_SESSION_IMPL_H

#include <assay/random/mt19937.h>
#include <assay/tutorial/session.h>

struct assay_session {
    assay_backend *backend;
    assay_session_options options;
    assay_dataset data;
    assay_split split;
    assay_mt19937 after_split; /* the default generator as the split left it: the batch of cell [8] draws from here */
    assay_generator generator; /* draws the weights */
    assay_section next;        /* the first section whose weights have not been drawn yet */
    assay_buffer *images;      /* real [ASSAY_TUTORIAL_BATCH][width] */
    assay_buffer *labels;      /* INT32 [ASSAY_TUTORIAL_BATCH] */
    assay_network *network;
};

/* Draws a section's weights into the session's network (made anew for the section's activation), and advances `next`. */
assay_status assay_session_initialize(assay_session *session, assay_section section, assay_error *error);

/* Measures an initialization section whose weights have just been drawn. */
assay_status assay_session_measure(assay_session *session, assay_section section, assay_section_results *results,
                                   assay_error *error);

/* Appends a result judged by its printed number. */
void assay_results_add_printed(assay_section_results *results, const assay_printed_number *number, double ours);

#endif
