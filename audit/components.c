/*
 * Prints the components in the library's own tables, as JSON: {"activation": ["identity", "tanh", ...], ...}. The
 * audit's table has a row for each, so that a new one without a test shows as an empty row.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/backend/backend.h>
#include "backend/openblas/panel.h"
#include <assay/init/initializer.h>
#include <assay/optim/optimizer.h>
#include <assay/random/generator.h>
#include <assay/surface/surface.h>
#include <assay/tutorial/sections.h>

static json_t *group(json_t *all, const char *name)
{
    json_t *names = json_array();
    json_object_set_new(all, name, names);
    return names;
}

static void add_draws(json_t *names)
{
    static const char *const distributions[] = {[ASSAY_UNIFORM] = "uniform", [ASSAY_NORMAL] = "normal"};
    for (int kind = ASSAY_GENERATOR_MT19937; kind <= ASSAY_GENERATOR_PHILOX; kind++) {
        for (int which = ASSAY_UNIFORM; which <= ASSAY_NORMAL; which++) {
            json_array_append_new(
                names, json_sprintf("%s-%s", assay_generator_name((assay_generator_kind)kind), distributions[which]));
        }
    }
}

int main(void)
{
    json_t *all = json_object();
    json_t *activations = group(all, "activation");
    json_t *gains = group(all, "gain");
    for (int i = 0; i < ASSAY_ACTIVATION_COUNT; i++) {
        json_array_append_new(activations, json_string(assay_activation_name((assay_activation_kind)i)));
        json_array_append_new(gains, json_string(assay_activation_name((assay_activation_kind)i)));
    }
    json_t *initializers = group(all, "initializer");
    for (int i = 0; i < ASSAY_INIT_COUNT; i++) {
        json_array_append_new(initializers, json_string(assay_initializer_name((assay_init_kind)i)));
    }
    json_t *optimizers = group(all, "optimizer");
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        json_array_append_new(optimizers, json_string(o->name));
    }
    add_draws(group(all, "draw"));
    json_t *surfaces = group(all, "surface");
    for (int i = 0; i < ASSAY_SURFACE_COUNT; i++) {
        json_array_append_new(surfaces, json_string(assay_surface_name((assay_surface)i)));
    }
    json_t *sections = group(all, "section");
    for (int i = 0; i < ASSAY_SECTION_COUNT; i++) {
        json_array_append_new(sections, json_string(assay_section_name((assay_section)i)));
    }
    json_t *kernels = group(all, "kernel"); /* all that are compiled; AVX-512's are tested emulated, if nowhere else */
    const assay_processor best = {.avx2 = true, .fma = true, .bmi2 = true, .avx512vl = true, .neon = true};
    for (const assay_panel_kernels *const *kernel = assay_panel_for(best); *kernel != NULL; kernel++) {
        json_array_append_new(kernels, json_sprintf("panel-%s", (*kernel)->name));
    }
    int failed = json_dumpf(all, stdout, JSON_INDENT(1)) != 0 || putchar('\n') == EOF || fflush(stdout) != 0;
    json_decref(all);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
