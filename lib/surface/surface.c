#include <assay/surface/surface.h>

#include <string.h>

static const char *const names[ASSAY_SURFACE_COUNT] = {
    [ASSAY_SURFACE_PATHOLOGICAL] = "pathological",
    [ASSAY_SURFACE_GAUSSIAN] = "gaussian",
    [ASSAY_SURFACE_STEEP] = "steep",
};

const assay_bivariate_gaussian assay_steep_optima[ASSAY_STEEP_OPTIMA] = {
    {{1.0, -0.5}, {0.2, 0.2}},
    {{-1.0, 0.5}, {0.2, 0.2}},
    {{-0.5, -0.8}, {0.2, 0.2}},
};

const char *assay_surface_name(assay_surface surface)
{
    return names[surface];
}

assay_status assay_surface_by_name(const char *name, assay_surface *surface, assay_error *error)
{
    for (int i = 0; i < ASSAY_SURFACE_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *surface = (assay_surface)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown surface '%s'; known are %s, %s, %s", name,
                      names[ASSAY_SURFACE_PATHOLOGICAL], names[ASSAY_SURFACE_GAUSSIAN], names[ASSAY_SURFACE_STEEP]);
}

void assay_surface_start(assay_surface surface, double w[2])
{
    static const double starts[ASSAY_SURFACE_COUNT] = {
        [ASSAY_SURFACE_PATHOLOGICAL] = 5.0,
        [ASSAY_SURFACE_GAUSSIAN] = 1.0,
        [ASSAY_SURFACE_STEEP] = 0.0,
    };
    w[0] = starts[surface];
    w[1] = starts[surface];
}
