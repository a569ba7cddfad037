#include "report_sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 5000, GRID = 40, STEPS = 60 };

static void check(assay_status status, const assay_error *error)
{
    if (status != ASSAY_OK) {
        fprintf(stderr, "sample figure: %s\n", error->message);
        abort();
    }
}

static void add_panel(assay_figure *figure, const assay_figure_axes *axes)
{
    assay_error error;
    check(assay_figure_add_panel(figure, axes, &error), &error);
}

/* Sums of sines: smooth, bounded, and different in each panel. */
static void fill(double *values, size_t count, double scale)
{
    for (size_t i = 0; i < count; i++) {
        double t = (double)i;
        values[i] = scale * (sin(t) + sin(0.7 * t + scale) + sin(1.3 * t));
    }
}

static assay_figure *histograms(void)
{
    static const char *const titles[] = {"Layer 0 (784 → 512)", "Layer 2 (512 → 256)", "Layer 4 (256 → 256)",
                                         "Layer 6 <b>&amp; it's 'quoted' {x}_2", "Layer 8 (128 → 10)"};
    static double values[VALUES];
    assay_error error;
    assay_figure *figure = assay_figure_create(&(assay_figure_layout){.name = "histograms",
                                                                      .title = "Gradients <of> a & b, it's \"so\"",
                                                                      .columns = 3,
                                                                      .panel_width = 310,
                                                                      .panel_height = 240},
                                               &error);
    for (size_t i = 0; i < 5; i++) {
        add_panel(figure, &(assay_figure_axes){
                              .title = titles[i], .x_label = "Grad magnitude", .y_label = i % 3 == 0 ? "Count" : ""});
        fill(values, VALUES, pow(10.0, -(double)i));
        if (i == 2) {
            /* Without variance: only bars. */
            fill(values, VALUES, 0.0);
        }
        check(assay_figure_add_histogram(figure, VALUES, values, 50, i == 4, &error), &error);
    }
    return figure;
}

static assay_figure *curves(void)
{
    double x[STEPS];
    double y[STEPS];
    assay_error error;
    assay_figure *figure = assay_figure_create(
        &(assay_figure_layout){.name = "curves", .title = "Validation performance of FashionMNIST_SGD"}, &error);
    add_panel(figure, &(assay_figure_axes){.x_label = "Epochs", .y_label = "Accuracy", .key = ASSAY_KEY_BOTTOM_RIGHT});
    for (unsigned ink = 0; ink < 3; ink++) {
        for (int i = 0; i < STEPS; i++) {
            x[i] = i + 1;
            y[i] = 1.0 - 1.0 / (i + 2.0 + ink);
        }
        y[7] = NAN;
        char label[] = "run_0";
        label[4] = (char)('0' + ink);
        check(assay_figure_add_line(figure, label, ink, (assay_line_style)ink, STEPS, x, y, &error), &error);
    }
    return figure;
}

static assay_figure *logarithmic(void)
{
    double x[STEPS];
    double y[STEPS];
    assay_error error;
    assay_figure *figure = assay_figure_create(&(assay_figure_layout){.name = "depth",
                                                                      .title = "Standard deviation against depth",
                                                                      .columns = 2,
                                                                      .panel_width = 460,
                                                                      .panel_height = 480},
                                               &error);
    for (int panel = 0; panel < 2; panel++) {
        add_panel(figure, &(assay_figure_axes){.title = panel == 0 ? "Activations" : "Gradients",
                                               .x_label = "Layer",
                                               .y_label = "Standard deviation",
                                               .y_log = true,
                                               .key = ASSAY_KEY_BELOW});
        for (unsigned ink = 0; ink < ASSAY_FIGURE_INKS; ink++) {
            for (int i = 0; i < STEPS; i++) {
                x[i] = i + 1;
                y[i] = pow(0.4 + 0.2 * ink, panel == 0 ? i : STEPS - i);
            }
            char label[] = "initializer 0";
            label[12] = (char)('0' + ink);
            check(assay_figure_add_line(figure, label, ink, ASSAY_LINE_MARKED, STEPS, x, y, &error), &error);
        }
        check(assay_figure_add_mark(figure, 20.0, "here", panel == 0, &error), &error);
    }
    return figure;
}

static assay_figure *surface(sample_kind kind)
{
    double x[GRID];
    double z[GRID * GRID];
    assay_error error;
    bool map = kind == SAMPLE_MAP;
    assay_figure *figure = assay_figure_create(
        &(assay_figure_layout){.name = map ? "map" : "surface", .title = "Pathological curvature", .panel_height = 560},
        &error);
    add_panel(figure,
              &(assay_figure_axes){.x_label = "w₁", .y_label = "w₂", .z_label = "loss", .key = ASSAY_KEY_BELOW});
    for (int i = 0; i < GRID; i++) {
        x[i] = -5.0 + 10.0 * i / (GRID - 1);
    }
    for (int i = 0; i < GRID * GRID; i++) {
        z[i] = tanh(x[i / GRID]) * tanh(x[i / GRID]) + 1.0 / (1.0 + exp(-x[i % GRID]));
    }
    if (!map) {
        check(assay_figure_add_surface(figure, GRID, x, GRID, x, z, &error), &error);
        return figure;
    }
    static const char *const labels[] = {"SGD", "SGD with momentum", "Adam"};
    check(assay_figure_add_map(figure, GRID, x, GRID, x, z, &error), &error);
    for (unsigned ink = 0; ink < 3; ink++) {
        double path_x[STEPS];
        double path_y[STEPS];
        for (int i = 0; i < STEPS; i++) {
            path_x[i] = 4.0 * cos(0.1 * i * (ink + 1.0)) * (1.0 - i / (double)STEPS);
            path_y[i] = 4.5 - 9.0 * i / (double)STEPS;
        }
        check(assay_figure_add_path(figure, labels[ink], ink, STEPS, path_x, path_y, &error), &error);
    }
    return figure;
}

assay_figure *sample_figure(sample_kind kind)
{
    switch (kind) {
    case SAMPLE_HISTOGRAMS: return histograms();
    case SAMPLE_CURVES: return curves();
    case SAMPLE_LOG: return logarithmic();
    default: return surface(kind);
    }
}

const assay_page *sample_page(void)
{
    static const assay_page_row rows[] = {
        {"Layer 0, variance", "2.0582756996154785", "2.0582758", 2.1e-7, true, ASSAY_PAGE_AGREES, NULL, NULL, NULL},
        {"a <script>alert(\"x\")</script> & 'more'", "0.0002231788", "0.00022317891", 3.5e-6, true, ASSAY_PAGE_AGREES,
         "a note with <i>tags</i>", NULL, NULL},
        {"exact", "0.8909", "0.8909", 0.0, true, ASSAY_PAGE_AGREES, "", NULL, NULL},
        {"rounded", "0.009", "0.0094", 0.5, false, ASSAY_PAGE_AGREES, NULL, NULL, NULL},
        {"Adam, test accuracy", "89.46%", "88.90%", 6.3e-3, true, ASSAY_PAGE_DIFFERS,
         "the author's run left out a bias correction", NULL, NULL},
        {"for information", NULL, "42", NAN, false, ASSAY_PAGE_NONE, NULL, NULL, NULL},
    };
    /* Answers to a claim; they are not counted. */
    static const assay_page_row answers[] = {
        {"it <holds>", "at least 1", "2", NAN, false, ASSAY_PAGE_AGREES, NULL, "1.5 to 2.5", "✓ yes & no"},
        {"it does not", "0", "2", NAN, false, ASSAY_PAGE_DIFFERS, NULL, "", "✗ no"},
    };
    static const assay_page_figure figures[] = {
        {"histograms", "Gradients <of> a & b", "Fifty bins & density.", "Five histograms, \"quoted\"", 930, 480, true,
         false},
        {"curves", "Validation performance", "Three runs.", "Three rising curves", 760, 460, true, false},
        {"depth", "Depth", "Two panels.", "Straight lines on log axes", 920, 480, true, false},
        {"surface", "Pathological curvature", "In three dimensions.", "A ravine", 760, 560, true, false},
        {"map", "Pathological curvature", "From above.", "A map with three paths", 760, 560, true, false},
    };
    /* clang-format off */
    static const assay_page_section sections[] = {
        {.id = "data", .title = "Data <set>", .source = "cells [7] and [8]",
         .text = "First paragraph, 1 < 2.\nSame paragraph.\n\nSecond & last.", .row_count = 6, .rows = rows,
         .figure_count = 1, .figures = figures},
        {.id = "training", .title = "Training", .figure_count = 2, .figures = figures + 1},
        {.id = "surfaces", .title = "Surfaces", .source = "cell [29]", .text = "Text.", .printed_heading = "Expected",
         .error_heading = "Absolute error", .row_count = 1, .rows = rows, .figure_count = 2, .figures = figures + 3},
        {.id = "claim", .title = "A claim", .label_heading = "What it says", .printed_heading = "Said",
         .ours_heading = "Measured", .error_heading = "Interval", .verdict_heading = "Holds",
         .answer = "holds <in part>", .verdict = ASSAY_PAGE_NONE, .row_count = 2, .rows = answers},
    };
    /* clang-format on */
    static const assay_page page = {
        .title = "A sample <report>",
        .text = "All numbers & figures.",
        .figure_folder = "figures",
        .footer = "written by a test",
        .section_count = sizeof sections / sizeof *sections,
        .sections = sections,
    };
    return &page;
}
