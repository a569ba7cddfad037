/* A figure's files: data, script and drawings. */
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "report/figure_parts.h"
#include <assay/report/gnuplot.h>

static const char *const kind_columns[] = {
    [SERIES_BARS] = "left right height", [SERIES_DENSITY] = "x density", [SERIES_LINE] = "x y", [SERIES_MARK] = "x",
    [SERIES_SURFACE] = "x y z",          [SERIES_MAP] = "x y z",         [SERIES_PATH] = "x y",
};

/* clang-format off */
static const char *const kind_names[] = {
    [SERIES_BARS] = "bars", [SERIES_DENSITY] = "density", [SERIES_LINE] = "line", [SERIES_MARK] = "mark",
    [SERIES_SURFACE] = "surface", [SERIES_MAP] = "map", [SERIES_PATH] = "path",
};
/* clang-format on */

/* The comment is one line, whatever the text contains. */
static void write_plain(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        fputc((unsigned char)*text < ' ' || *text == 127 ? ' ' : *text, stream);
    }
}

static void write_rows(FILE *stream, const figure_series *series)
{
    for (size_t row = 0; row < series->rows; row++) {
        if (series->stride != 0 && row != 0 && row % series->stride == 0) {
            fputc('\n', stream);
        }
        for (size_t column = 0; column < series->columns; column++) {
            double value = series->values[row * series->columns + column];
            if (isfinite(value)) {
                fprintf(stream, column == 0 ? "%.9g" : " %.9g", value);
            } else {
                fputs(column == 0 ? "NaN" : " NaN", stream);
            }
        }
        fputc('\n', stream);
    }
}

static void write_series(FILE *stream, size_t index, const figure_panel *panel, const figure_series *series)
{
    /* Two blank lines start gnuplot's next index. */
    fprintf(stream, "%s# index %zu: %s", index == 0 ? "" : "\n\n", index, kind_names[series->kind]);
    if (panel->axes.title[0] != '\0') {
        fputs(" of panel \"", stream);
        write_plain(stream, panel->axes.title);
        fputc('"', stream);
    }
    if (series->label != NULL) {
        fputs(", ", stream);
        write_plain(stream, series->label);
    }
    fprintf(stream, "\n# columns: %s\n", kind_columns[series->kind]);
    write_rows(stream, series);
}

static void write_data(const assay_figure *figure, FILE *stream)
{
    fputs("# ", stream);
    write_plain(stream, figure->title[0] == '\0' ? figure->name : figure->title);
    fprintf(stream, "\n# data of %s.gp; one gnuplot index for each series; NaN where there is no finite value\n#\n",
            figure->name);
    size_t index = 0;
    for (size_t i = 0; i < figure->count; i++) {
        for (size_t j = 0; j < figure->panels[i].count; j++) {
            write_series(stream, index++, &figure->panels[i], &figure->panels[i].series[j]);
        }
    }
}

/* Creates folder/NAMEsuffix. */
static assay_status create_file(const assay_figure *figure, const char *folder, const char *suffix,
                                assay_file_writer **writer, assay_error *error)
{
    char *path = assay_asprintf(error, "%s/%s%s", folder, figure->name, suffix);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_file_create(path, writer, error);
    assay_free(path);
    return status;
}

assay_status assay_figure_write(const assay_figure *figure, const char *folder, assay_error *error)
{
    for (size_t i = 0; i < figure->count; i++) {
        if (figure->panels[i].count == 0) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure %s: panel %zu has nothing to draw", figure->name,
                              i + 1);
        }
    }
    if (figure->count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure %s: has nothing to draw", figure->name);
    }
    assay_file_writer *writer = NULL;
    ASSAY_TRY(create_file(figure, folder, ".dat", &writer, error));
    write_data(figure, assay_file_stream(writer));
    ASSAY_TRY(assay_file_commit(writer, error));
    ASSAY_TRY(create_file(figure, folder, ".gp", &writer, error));
    assay_figure_script(figure, assay_file_stream(writer));
    return assay_file_commit(writer, error);
}

static const struct {
    const char *prelude; /* makes the script write this drawing to standard output */
    const char *suffix;
    const char *ending; /* of a complete drawing */
} formats[] = {
    [ASSAY_FIGURE_SVG] = {"theme = 'light'; format = 'svg'; target = ''", ".svg", "</svg>"},
    [ASSAY_FIGURE_SVG_DARK] = {"theme = 'dark'; format = 'svg'; target = ''", "-dark.svg", "</svg>"},
    [ASSAY_FIGURE_PNG] = {"theme = 'light'; format = 'png'; target = ''", ".png", "IEND\xae\x42\x60\x82"},
};

static bool is_whole(const char *bytes, size_t size, const char *ending)
{
    size_t length = strlen(ending);
    while (size > 0 && bytes[size - 1] == '\n') {
        size--;
    }
    return size > length && memcmp(bytes + size - length, ending, length) == 0;
}

assay_status assay_figure_draw(const assay_figure *figure, const char *folder, assay_figure_format format,
                               assay_error *error)
{
    char *script = assay_asprintf(error, "%s.gp", figure->name);
    if (script == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    char *drawing = NULL;
    size_t size = 0;
    assay_status status = assay_gnuplot_run(folder, formats[format].prelude, script, &drawing, &size, error);
    assay_free(script);
    if (status == ASSAY_OK && !is_whole(drawing, size, formats[format].ending)) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "gnuplot: %s.gp: the drawing is incomplete after %zu bytes",
                            figure->name, size);
    }
    assay_file_writer *writer = NULL;
    if (status == ASSAY_OK) {
        status = create_file(figure, folder, formats[format].suffix, &writer, error);
    }
    if (status == ASSAY_OK) {
        fwrite(drawing, 1, size, assay_file_stream(writer));
        status = assay_file_commit(writer, error);
    }
    assay_free(drawing);
    return status;
}
