#include <assay/tutorial/figures.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/stats/moments.h>
#include <assay/tutorial/defaults.h>
#include "tutorial/figure_parts.h"

enum { BINS = 50, TEXT = 1024, ROWS = ASSAY_TUTORIAL_BATCH };

void assay_figure_name_of(assay_section section, const char *kind, char *name, size_t size)
{
    snprintf(name, size, "%s-%s", assay_section_name(section), kind);
    /* Files have this name, and "variance-0.01" would look like a suffix. */
    for (char *c = name; *c != '\0'; c++) {
        if (*c == '.') {
            *c = '-';
        }
    }
}

static const struct {
    const char *kind;
    const char *title;
    const char *x_label;
    const char *y_label;
    const char *caption;
} PICTURES[] = {
    [ASSAY_PICTURE_WEIGHTS] = {"weights", "Weights", "Weight", "Count", "The weights of each linear layer."},
    [ASSAY_PICTURE_GRADIENTS] = {"gradients", "Gradients", "Gradient", "Count",
                                 "The gradient of the loss with respect to the weights of each linear layer, on 1,024 "
                                 "training images."},
    [ASSAY_PICTURE_ACTIVATIONS] = {"activations", "Activations", "Activation", "Density",
                                   "The output of each linear layer, before its activation function, on 1,024 training "
                                   "images."},
};

bool assay_picture_in_tutorial(assay_section section, assay_picture picture)
{
    const assay_experiment *experiment = assay_experiment_of(section);
    if (experiment == NULL) {
        return false;
    }
    switch (picture) {
    case ASSAY_PICTURE_WEIGHTS: return experiment->weights;
    case ASSAY_PICTURE_GRADIENTS: return experiment->gradients;
    case ASSAY_PICTURE_ACTIVATIONS: break;
    }
    return experiment->activations;
}

static assay_slice picture_slice(assay_network *network, assay_picture picture, size_t layer)
{
    if (picture == ASSAY_PICTURE_ACTIVATIONS) {
        return assay_network_preactivations(network, layer, ROWS);
    }
    /* Weight and bias of each layer in turn. */
    assay_tensor tensor = assay_network_tensor(network, 2 * layer);
    return picture == ASSAY_PICTURE_WEIGHTS ? tensor.values : tensor.gradient;
}

/* Adds one layer's panel, and its numbers to the alternative text. */
static assay_status add_layer(assay_figure *figure, assay_network *network, assay_picture picture, size_t layer,
                              const double *values, size_t count, char *alt, assay_error *error)
{
    char title[64];
    assay_linear_shape shape = assay_network_layer_shape(network, layer, ROWS);
    snprintf(title, sizeof title, "Layer %zu (%zu → %zu)", assay_network_printed_index(layer), shape.in, shape.out);
    assay_moments moments = assay_moments_f64(count, values);
    size_t used = strlen(alt);
    snprintf(alt + used, TEXT - used, " %s: from %.3g to %.3g, standard deviation %.3g.", title, moments.minimum,
             moments.maximum, sqrt(moments.variance));
    assay_figure_axes axes = {.title = title, .x_label = PICTURES[picture].x_label};
    axes.y_label = layer % 3 == 0 ? PICTURES[picture].y_label : "";
    ASSAY_TRY(assay_figure_add_panel(figure, &axes, error));
    return assay_figure_add_histogram(figure, count, values, BINS, picture == ASSAY_PICTURE_ACTIVATIONS, error);
}

static assay_status add_layers(assay_figure *figure, assay_network *network, assay_picture picture, double *values,
                               char *alt, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    for (size_t layer = 0; layer < assay_network_layer_count(network); layer++) {
        assay_slice slice = picture_slice(network, picture, layer);
        assay_download_f64(backend, slice, values);
        ASSAY_TRY(assay_backend_check(backend, error));
        ASSAY_TRY(add_layer(figure, network, picture, layer, values, slice.count, alt, error));
    }
    return ASSAY_OK;
}

static size_t largest_slice(assay_network *network, assay_picture picture)
{
    size_t largest = 0;
    for (size_t layer = 0; layer < assay_network_layer_count(network); layer++) {
        size_t count = picture_slice(network, picture, layer).count;
        largest = count > largest ? count : largest;
    }
    return largest;
}

assay_status assay_figure_finish(assay_status status, assay_figure *made, const char *caption, const char *alt,
                                 assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    if (status == ASSAY_OK) {
        status = assay_figure_describe(made, caption, alt, error);
    }
    if (status != ASSAY_OK) {
        assay_figure_destroy(made);
        return status;
    }
    *figure = made;
    return ASSAY_OK;
}

assay_status assay_experiment_figure(assay_network *network, assay_section section, assay_picture picture,
                                     assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    char name[64];
    char title[128];
    char caption[TEXT];
    char alt[TEXT];
    assay_figure_name_of(section, PICTURES[picture].kind, name, sizeof name);
    snprintf(title, sizeof title, "%s: %s", PICTURES[picture].title, assay_section_title(section));
    snprintf(caption, sizeof caption, "%s%s", PICTURES[picture].caption,
             assay_picture_in_tutorial(section, picture) ? "" : " The tutorial does not draw these.");
    snprintf(alt, sizeof alt, "Histograms of %zu layers.", assay_network_layer_count(network));
    assay_figure *made = assay_figure_create(
        &(assay_figure_layout){.name = name, .title = title, .columns = 3, .panel_width = 310, .panel_height = 240},
        error);
    double *values = assay_calloc(largest_slice(network, picture), sizeof *values, error);
    assay_status status = made == NULL || values == NULL ? ASSAY_ERROR_MEMORY
                                                         : add_layers(made, network, picture, values, alt, error);
    assay_free(values);
    return assay_figure_finish(status, made, caption, alt, figure, error);
}
