/* lib/report, lib/tutorial's figures: created, written and drawn while memory and system calls fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "fault_run.h"
#include <assay/report/figure.h>
#include <assay/report/gnuplot.h>
#include <assay/report/page.h>
#include "report_sample.h"
#include "support.h"
#include <assay/tutorial/figures.h>

/* --- figures ----------------------------------------------------------------------------------------------------- */

enum { POINTS = 12 };

static assay_status add_everything(assay_figure *figure, assay_error *error)
{
    double x[POINTS];
    double z[POINTS * POINTS];
    for (int i = 0; i < POINTS * POINTS; i++) {
        x[i % POINTS] = 1.0 + i % POINTS;
        z[i] = i;
    }
    ASSAY_TRY(assay_figure_add_panel(figure, &(assay_figure_axes){.title = "one", .x_label = "x"}, error));
    ASSAY_TRY(assay_figure_add_histogram(figure, POINTS * POINTS, z, 5, true, error));
    ASSAY_TRY(assay_figure_add_panel(figure, &(assay_figure_axes){.title = "two", .y_log = true}, error));
    ASSAY_TRY(assay_figure_add_line(figure, "a line", 0, ASSAY_LINE_MARKED, POINTS, x, x, error));
    ASSAY_TRY(assay_figure_add_mark(figure, 3.0, "a mark", true, error));
    ASSAY_TRY(assay_figure_add_panel(figure, &(assay_figure_axes){.title = "three", .z_label = "z"}, error));
    ASSAY_TRY(assay_figure_add_surface(figure, POINTS, x, POINTS, x, z, error));
    ASSAY_TRY(assay_figure_add_panel(figure, &(assay_figure_axes){.title = "four", .z_label = "z"}, error));
    ASSAY_TRY(assay_figure_add_map(figure, POINTS, x, POINTS, x, z, error));
    ASSAY_TRY(assay_figure_add_path(figure, "a path", 1, POINTS, x, x, error));
    return assay_figure_describe(figure, "a caption", "an alternative", error);
}

static assay_status make_figure(fault_bench *bench, assay_error *error)
{
    assay_figure *figure = assay_figure_create(
        &(assay_figure_layout){.name = "figure", .title = "All kinds", .columns = 2}, error);
    if (figure == NULL) {
        return error->status;
    }
    assay_status status = add_everything(figure, error);
    if (status == ASSAY_OK) {
        fault_digest_text(bench, assay_figure_caption(figure));
        status = assay_figure_write(figure, bench->folder, error);
    }
    assay_figure_destroy(figure);
    return status;
}

/* A gnuplot that draws at once, and writes more to both pipes than fits into one read. */
static void set_up_gnuplot(fault_bench *bench)
{
    static const char program[] = "#!/bin/sh\necho warning >&2\necho '<svg>'\n"
                                  "head -c 70000 /dev/zero | tr '\\0' x\necho '</svg>'\n";
    char path[FAULT_PATH];
    assay_error error;
    fault_write(bench, "gnuplot", program, sizeof program - 1);
    ck_assert_int_eq(chmod(fault_path(bench, "gnuplot", path), 0755), 0);
    setenv("ASSAY_GNUPLOT", path, 1);
    bench->thing[0] = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(bench->thing[0], bench->folder, &error), &error);
}

static void tidy_figure(fault_bench *bench)
{
    assay_figure_destroy(bench->thing[0]);
}

static assay_status draw_figure(fault_bench *bench, assay_error *error)
{
    return assay_figure_draw(bench->thing[0], bench->folder, ASSAY_FIGURE_SVG, error);
}

/* Its own messages: its drawing is checked, and the error contains its message, which names the program. */
static assay_status run_gnuplot(fault_bench *bench, assay_error *error)
{
    char *output;
    size_t size;
    assay_status status = assay_gnuplot_run(bench->folder, "", "curves.gp", &output, &size, error);
    if (status != ASSAY_OK) {
        bool named = status == ASSAY_ERROR_MEMORY || strstr(error->message, "gnuplot") != NULL;
        return named ? status : ASSAY_ERROR_ARGUMENT; /* which is not what the error says */
    }
    fault_digest(bench, output, size);
    assay_free(output);
    return ASSAY_OK;
}

static void remove_page(fault_bench *bench)
{
    char path[FAULT_PATH];
    unlink(fault_path(bench, "index.html", path));
}

/* Where there is no error, there is a page. */
static assay_status write_page(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    ASSAY_TRY(assay_page_make_folder(fault_path(bench, "figures", path), error));
    ASSAY_TRY(assay_page_write(sample_page(), bench->folder, error));
    faults_spare();
    fault_digest_f64(bench, access(fault_path(bench, "index.html", path), F_OK) == 0);
    faults_spare_no_more();
    return ASSAY_OK;
}

/* --- the tutorial's figures -------------------------------------------------------------------------------------- */

static assay_status tutorial_figures(fault_bench *bench, assay_error *error)
{
    enum { EXPERIMENTS = 7 }; /* tests/test_figures.c checks the number */
    static assay_depth_curve curves[EXPERIMENTS];
    double scores[] = {0.25, 0.5, 0.75};
    double losses[] = {2.0, 1.5, 1.0};
    const assay_run_record record = {0.5, 3, scores, scores, 3, losses};
    const assay_first_steps steps[] = {{"Adam", losses}, {"SGD", (const double[]){2.0, 1.4, 1.0}}};
    assay_figure *figure;
    for (int i = 0; i < EXPERIMENTS; i++) {
        for (int layer = 0; layer < ASSAY_DEPTH_LAYERS; layer++) {
            curves[i].activation[layer] = curves[i].gradient[layer] = 1.0 / (1 + layer + i);
        }
    }
    ASSAY_TRY(assay_depth_figure(curves, &figure, error));
    fault_digest_text(bench, assay_figure_alt(figure));
    assay_figure_destroy(figure);
    ASSAY_TRY(assay_run_figure("run", &record, &record, &figure, error));
    fault_digest_text(bench, assay_figure_alt(figure));
    assay_figure_destroy(figure);
    ASSAY_TRY(assay_first_steps_figure("run", 3, losses, 2, steps, &figure, error));
    fault_digest_text(bench, assay_figure_alt(figure));
    assay_figure_destroy(figure);
    return ASSAY_OK;
}

static const fault_scenario scenarios[] = {
    {"a figure made and written", NULL, make_figure, NULL, 0, NULL, 0},
    {"a figure drawn", set_up_gnuplot, draw_figure, tidy_figure, 0, NULL, 0},
    {"gnuplot's output", set_up_gnuplot, run_gnuplot, tidy_figure, 0, NULL, 0},
    {"a page written", remove_page, write_page, NULL, 0, NULL, 0},
    {"the tutorial's figures", NULL, tutorial_figures, NULL, 0, NULL, 0},
};

int main(void)
{
    return fault_main("faults in reports",
                      "errors: report/figure, report/gnuplot, report/page, tutorial/experiment_figure, "
                      "tutorial/surface_figure, tutorial/run_figure",
                      scenarios, sizeof scenarios / sizeof scenarios[0], NULL);
}
