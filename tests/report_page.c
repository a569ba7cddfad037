/* Writes the sample page and its figures into a folder, for tests/report_browser.sh. Exit status 77 without gnuplot. */
#include <stdio.h>

#include <assay/base/alloc.h>
#include "report_sample.h"

static assay_status write_figures(const char *folder, assay_error *error)
{
    for (int kind = 0; kind < SAMPLE_KINDS; kind++) {
        assay_figure *figure = sample_figure((sample_kind)kind);
        assay_status status = assay_figure_write(figure, folder, error);
        for (int format = ASSAY_FIGURE_SVG; status == ASSAY_OK && format <= ASSAY_FIGURE_SVG_DARK; format++) {
            status = assay_figure_draw(figure, folder, (assay_figure_format)format, error);
        }
        assay_figure_destroy(figure);
        ASSAY_TRY(status);
    }
    return ASSAY_OK;
}

static assay_status write_all(const char *folder, const char *figures, assay_error *error)
{
    ASSAY_TRY(assay_page_make_folder(folder, error));
    ASSAY_TRY(assay_page_make_folder(figures, error));
    ASSAY_TRY(write_figures(figures, error));
    return assay_page_write(sample_page(), folder, error);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fputs("usage: report_page FOLDER\n", stderr);
        return 2;
    }
    assay_error error = {0};
    char *figures = assay_asprintf(&error, "%s/%s", arguments[1], sample_page()->figure_folder);
    assay_status status = figures == NULL ? ASSAY_ERROR_MEMORY : write_all(arguments[1], figures, &error);
    assay_free(figures);
    if (status != ASSAY_OK) {
        fprintf(stderr, "report_page: %s\n", error.message);
    }
    return status == ASSAY_OK ? 0 : status == ASSAY_ERROR_UNSUPPORTED ? 77 : 1;
}
