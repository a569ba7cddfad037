#include <assay/tutorial/defaults.h>

#include <assay/data/dataset.h>

assay_network_config assay_tutorial_network(assay_activation_kind activation)
{
    assay_network_config config = {.inputs = ASSAY_IMAGE_PIXELS, .classes = ASSAY_CLASSES};
    assay_network_parse_hidden(ASSAY_TUTORIAL_HIDDEN, &config, NULL); /* a constant that is well formed */
    config.activation = assay_activation_default(activation);
    return config;
}
