/* The widths of the tutorial's network, for loops over its matrix products. */
#ifndef ASSAY_BENCH_WIDTHS_H
#define ASSAY_BENCH_WIDTHS_H

#include <stddef.h>
#include <string.h>

#include <assay/tutorial/defaults.h>

typedef struct {
    size_t layers;
    size_t at[ASSAY_MAX_HIDDEN + 2]; /* the inputs, the hidden layers, the classes: layers + 1 numbers */
} bench_widths;

static inline bench_widths tutorial_widths(void)
{
    const assay_network_config network = assay_tutorial_network(ASSAY_RELU);
    bench_widths widths = {.layers = network.hidden_count + 1, .at = {network.inputs}};
    memcpy(widths.at + 1, network.hidden, network.hidden_count * sizeof *network.hidden);
    widths.at[widths.layers] = network.classes;
    return widths;
}

#endif
