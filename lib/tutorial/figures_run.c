/* The figures of the training runs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/retrace.h>
#include "tutorial/figure_parts.h"

static assay_status add_scores(assay_figure *figure, const char *label, unsigned ink, assay_line_style style,
                               size_t epochs, const double *scores, assay_error *error)
{
    double *epoch = assay_calloc(epochs, sizeof *epoch, error);
    if (epoch == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < epochs; i++) {
        epoch[i] = (double)i + 1.0;
    }
    assay_status status = assay_figure_add_line(figure, label, ink, style, epochs, epoch, scores, error);
    assay_free(epoch);
    return status;
}

static assay_status add_record(assay_figure *figure, const assay_run_record *record, bool author, assay_error *error)
{
    assay_line_style style = author ? ASSAY_LINE_POINTS : ASSAY_LINE_PLAIN;
    ASSAY_TRY(add_scores(figure, author ? "Train, the author's" : "Train, ours", 0, style, record->epochs,
                         record->train_scores, error));
    return add_scores(figure, author ? "Val, the author's" : "Val, ours", 1, style, record->epochs, record->val_scores,
                      error);
}

static assay_status add_records(assay_figure *figure, const assay_run_record *ours, const assay_run_record *author,
                                assay_error *error)
{
    assay_figure_axes axes = {.x_label = "Epoch", .y_label = "Accuracy", .key = ASSAY_KEY_BOTTOM_RIGHT};
    ASSAY_TRY(assay_figure_add_panel(figure, &axes, error));
    ASSAY_TRY(add_record(figure, ours, false, error));
    return author == NULL ? ASSAY_OK : add_record(figure, author, true, error);
}

assay_status assay_run_figure(const char *name, const assay_run_record *ours, const assay_run_record *author,
                              assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    if (ours->epochs == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: a run of no epochs has no curves", name);
    }
    char file[96];
    char title[128];
    char caption[512];
    char alt[256];
    size_t last = ours->epochs - 1;
    snprintf(file, sizeof file, "%s-accuracy", name);
    snprintf(title, sizeof title, "Validation performance of %s", name);
    snprintf(caption, sizeof caption,
             "Accuracy on the training batches and on the validation images after each epoch%s.",
             author == NULL ? "" : ", ours as lines and the author's as marks");
    snprintf(alt, sizeof alt,
             "Curves over %zu epochs: training accuracy from %.3f to %.3f, validation accuracy from %.3f to %.3f.",
             ours->epochs, ours->train_scores[0], ours->train_scores[last], ours->val_scores[0],
             ours->val_scores[last]);
    assay_figure *made = assay_figure_create(&(assay_figure_layout){.name = file, .title = title}, error);
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY : add_records(made, ours, author, error);
    return assay_figure_finish(status, made, caption, alt, figure, error);
}

static double distance(double ours, double author)
{
    return fabs(ours - author) / fabs(author);
}

static size_t parting_step(size_t count, const double *ours, const double *author)
{
    return assay_retrace_compare(count, ours, author, ASSAY_RETRACE_TOLERANCE).parts_at;
}

/* Losses in the upper panel, or their distances from the author's in the lower one. */
static assay_status add_steps(assay_figure *figure, size_t count, const double *author, size_t ours_count,
                              const assay_first_steps *ours, bool distances, double *x, double *y, assay_error *error)
{
    /* The printed optimizer, and the one that the author's saved run was made by. */
    static const unsigned inks[] = {0, 2, 3};
    for (size_t i = 0; i < count; i++) {
        x[i] = (double)i + 1.0;
    }
    if (!distances) {
        ASSAY_TRY(assay_figure_add_line(figure, "the author's", 1, ASSAY_LINE_POINTS, count, x, author, error));
    }
    for (size_t k = 0; k < ours_count; k++) {
        for (size_t i = 0; i < count; i++) {
            double apart = distance(ours[k].losses[i], author[i]);
            y[i] = !distances ? ours[k].losses[i] : apart > 0.0 ? apart : NAN;
        }
        ASSAY_TRY(assay_figure_add_line(figure, ours[k].label, inks[k % 3],
                                        distances ? ASSAY_LINE_MARKED : ASSAY_LINE_PLAIN, count, x, y, error));
        size_t parting = parting_step(count, ours[k].losses, author);
        if (parting != 0) {
            char text[96];
            snprintf(text, sizeof text, "%s: part at step %zu", ours[k].label, parting);
            bool right = parting < count / 2;
            ASSAY_TRY(assay_figure_add_mark(figure, (double)parting, distances ? text : "", right, error));
        }
    }
    return ASSAY_OK;
}

static assay_status add_step_panels(assay_figure *figure, size_t count, const double *author, size_t ours_count,
                                    const assay_first_steps *ours, double *x, double *y, assay_error *error)
{
    assay_figure_axes losses = {.y_label = "Loss of the batch", .x_max = (double)count + 1.0};
    assay_figure_axes distances = {.x_label = "Step",
                                   .y_label = "Relative difference",
                                   .y_log = true,
                                   .x_max = (double)count + 1.0,
                                   .key = ASSAY_KEY_BOTTOM_RIGHT};
    /* Differences run from float's last bit to the loss itself; the labels of the marks are above. */
    distances.y_min = 1e-8;
    distances.y_max = 100.0;
    ASSAY_TRY(assay_figure_add_panel(figure, &losses, error));
    ASSAY_TRY(add_steps(figure, count, author, ours_count, ours, false, x, y, error));
    ASSAY_TRY(assay_figure_add_panel(figure, &distances, error));
    return add_steps(figure, count, author, ours_count, ours, true, x, y, error);
}

static void describe_steps(size_t count, const double *author, size_t ours_count, const assay_first_steps *ours,
                           char *caption, size_t caption_size, char *alt, size_t alt_size)
{
    snprintf(caption, caption_size,
             "The losses of the first %zu steps, ours over the author's, and how far they are "
             "apart; gaps are steps that agree to the last bit. They part where the relative difference first passes "
             "%g: training is chaotic, and float rounding grows from there on.",
             count, ASSAY_RETRACE_TOLERANCE);
    snprintf(alt, alt_size, "Losses of %zu steps above, relative differences below.", count);
    for (size_t k = 0; k < ours_count; k++) {
        size_t parting = parting_step(count, ours[k].losses, author);
        size_t used = strlen(alt);
        if (parting == 0) {
            snprintf(alt + used, alt_size - used, " %s: they do not part.", ours[k].label);
        } else {
            snprintf(alt + used, alt_size - used, " %s: they part at step %zu.", ours[k].label, parting);
        }
    }
}

assay_status assay_first_steps_figure(const char *name, size_t count, const double *author, size_t ours_count,
                                      const assay_first_steps *ours, assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    if (count == 0 || ours_count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: no steps to compare", name);
    }
    char file[96];
    char title[128];
    char caption[512];
    char alt[512];
    snprintf(file, sizeof file, "%s-first-steps", name);
    snprintf(title, sizeof title, "First steps of %s", name);
    describe_steps(count, author, ours_count, ours, caption, sizeof caption, alt, sizeof alt);
    assay_figure *made = assay_figure_create(&(assay_figure_layout){.name = file, .title = title, .panel_height = 330},
                                             error);
    double *x = assay_calloc(count, sizeof *x, error);
    double *y = assay_calloc(count, sizeof *y, error);
    assay_status status = ASSAY_ERROR_MEMORY;
    if (made != NULL && x != NULL && y != NULL) {
        status = add_step_panels(made, count, author, ours_count, ours, x, y, error);
    }
    assay_free(x);
    assay_free(y);
    return assay_figure_finish(status, made, caption, alt, figure, error);
}
