/* The figure of the spread against depth. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tutorial/figure_parts.h"

/* On a log axis a spread of 0 is a gap. */
static assay_status add_curves(assay_figure *figure, const assay_depth_curve *curves, bool gradients, bool closer,
                               assay_error *error)
{
    double layer[ASSAY_DEPTH_LAYERS];
    double std[ASSAY_DEPTH_LAYERS];
    for (unsigned i = 0; i < assay_experiment_count(); i++) {
        const assay_experiment *experiment = assay_experiment_at(i);
        if (closer && !experiment->steady) {
            continue;
        }
        const double *from = gradients ? curves[i].gradient : curves[i].activation;
        for (size_t j = 0; j < ASSAY_DEPTH_LAYERS; j++) {
            layer[j] = (double)j + 1.0;
            std[j] = from[j] > 0.0 ? from[j] : NAN;
        }
        const char *label = closer ? NULL : experiment->label;
        ASSAY_TRY(assay_figure_add_line(figure, label, i, ASSAY_LINE_MARKED, ASSAY_DEPTH_LAYERS, layer, std, error));
    }
    return ASSAY_OK;
}

static assay_status add_panels(assay_figure *figure, const assay_depth_curve *curves, assay_error *error)
{
    for (int panel = 0; panel < 4; panel++) {
        bool gradients = panel % 2 == 1;
        bool closer = panel >= 2;
        assay_figure_axes axes = {.title = closer      ? "The steady ones, closer"
                                           : gradients ? "Gradients of the weights"
                                                       : "Activations",
                                  .x_label = "Linear layer",
                                  .y_label = "Standard deviation",
                                  .y_log = true,
                                  .key = ASSAY_KEY_BELOW};
        ASSAY_TRY(assay_figure_add_panel(figure, &axes, error));
        ASSAY_TRY(add_curves(figure, curves, gradients, closer, error));
    }
    return ASSAY_OK;
}

static const char CAPTION[] =
    "The spread of each linear layer's output (before its activation function) and of the gradient of its weights, on "
    "256 training images, in double precision. Equal variance, Xavier and Kaiming keep both within reach over 50 "
    "layers; a fixed variance lets activations explode, or vanish until the biases' own spread is left, and gradients "
    "with them. Constant weights pass no gradient below the last layer, since the gradients of the ten outputs add up "
    "to 0.";

static void describe(const assay_depth_curve *curves, char *alt, size_t size)
{
    size_t last = ASSAY_DEPTH_LAYERS - 2; /* the last one has ten outputs, and another fan-out */
    snprintf(alt, size,
             "Curves on log axes, activations on the left and gradients on the right; below, closer, those "
             "that stay steady. From the first layer to the "
             "last but one, the activations' standard deviation goes");
    for (size_t i = 0; i < assay_experiment_count(); i++) {
        size_t used = strlen(alt);
        snprintf(alt + used, size - used, "%s for %s from %.2g to %.2g", i == 0 ? "" : ",",
                 assay_experiment_at(i)->label, curves[i].activation[0], curves[i].activation[last]);
    }
    size_t used = strlen(alt);
    snprintf(alt + used, size - used, ".");
}

assay_status assay_depth_figure(const assay_depth_curve *curves, assay_figure **figure, assay_error *error)
{
    char title[128];
    snprintf(title, sizeof title, "Standard deviation against depth: %d linear layers of width %d", ASSAY_DEPTH_LAYERS,
             ASSAY_DEPTH_WIDTH);
    assay_figure *made = assay_figure_create(
        &(assay_figure_layout){.name = "depth", .title = title, .columns = 2, .panel_width = 480, .panel_height = 400},
        error);
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY : add_panels(made, curves, error);
    char alt[1024];
    describe(curves, alt, sizeof alt);
    return assay_figure_finish(status, made, CAPTION, alt, figure, error);
}
