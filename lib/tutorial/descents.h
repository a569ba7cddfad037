/*
 * The tutorial's descents on loss surfaces: cells [32] (pathological curvature) and [35] (steep optima), each with SGD,
 * SGD with momentum and Adam, and what its prose says of them.
 *
 * The cells print no numbers; they plot. So ours are compared with the points that PyTorch computes from the same cells
 * (golden/surface_torch.json, made by golden/scripts/surface.py), and with the prose.
 */
#ifndef ASSAY_TUTORIAL_DESCENTS_H
#define ASSAY_TUTORIAL_DESCENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/surface/descent.h>
#include <assay/tutorial/results.h>

ASSAY_BEGIN_DECLS

typedef struct {
    assay_section section; /* ASSAY_SECTION_PATHOLOGICAL or ASSAY_SECTION_STEEP */
    const char *label;     /* in the plot's legend: "SGD", "SGDMom", "Adam" */
    assay_surface surface;
    const char *optimizer; /* assay_optimizer_by_name */
    const char *settings;  /* assay_optimizer_set */
    double last_f32[3];    /* PyTorch's last point, t = 99: w1, w2, loss; the tutorial's own precision */
    double last_f64[3];    /* the same in double */
    bool arrives;          /* the prose: in the ravine's centre, or in an optimum */
    bool leaps;            /* the text describes a leap */
    bool chaotic_f64;      /* in double the last point depends on the last bit of tanh: nothing to compare with */
} assay_tutorial_descent;

/* In the tutorial's order: three on the pathological curvature, then three on the steep optima. */
enum { ASSAY_TUTORIAL_DESCENTS = 6 };
extern const assay_tutorial_descent assay_tutorial_descents[ASSAY_TUTORIAL_DESCENTS];

/* Runs one of them on `backend`: its surface, optimizer, start and 100 updates. */
assay_status assay_tutorial_descend(assay_backend *backend, const assay_tutorial_descent *descent,
                                    assay_descent_point points[ASSAY_DESCENT_UPDATES], assay_error *error);

/* "SGD is not able to find the center of the optimization curve": mean |w1| over the last fifth of the points. */
double assay_descent_ravine_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES]);

/* "... has changed and pushes the parameters to ...": the t after which the longest step follows. */
size_t assay_descent_leap(const assay_descent_point points[ASSAY_DESCENT_UPDATES]);

/* "Finally, Adam is able to converge in the optimum": from the last point to the nearest of the steep optima. */
double assay_descent_optimum_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES]);

/* What counts as having found the centre or an optimum: a quarter of the ravine's half-width; a quarter of a sigma. */
#define ASSAY_RAVINE_FOUND 0.25
#define ASSAY_OPTIMUM_FOUND 0.05

/*
 * The section's results: the last point of each descent against PyTorch's, and the prose's statements. The prose gives
 * the points of SGD's leap as (w2, w1): about (-0.75, -0.5), then (0.8, 0.5), where the cell's own code has
 * w1 = -0.52, w2 = -0.83, then w1 = 0.46, w2 = 0.73. Labels name the parameter.
 */
assay_status assay_descents_run(assay_backend *backend, assay_section section, assay_section_results *results,
                                assay_error *error);

/* Whether a section is one of these two. */
bool assay_descents_have(assay_section section);

ASSAY_END_DECLS
#endif
