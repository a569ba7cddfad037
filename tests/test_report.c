/* lib/report: figures written, scripted and drawn; the page. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/report/gnuplot.h>
#include "report_sample.h"
#include "support.h"

static char *read_text(const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    char *bytes = NULL;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 16000000, &bytes, &size, &error), &error);
    assay_free(path);
    /* A copy: gcc 12 assumes that what a call wrote to `bytes` may be a pointer to `bytes`. */
    char *text = assay_calloc(size + 1, 1, NULL);
    memcpy(text, bytes, size);
    assay_free(bytes);
    return text;
}

static bool is_there(const char *folder, const char *name)
{
    struct stat about;
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    bool there = stat(path, &about) == 0;
    assay_free(path);
    return there;
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count - 2; /* . and .. */
}

/* Every tag of an XML text is closed by a tag of the same name, and there is no bare & or < between tags. */
static const char *malformation(const char *text)
{
    enum { DEPTH = 64, NAME = 32 };
    static char open[DEPTH][NAME];
    size_t depth = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '&' && strcspn(at, ";") > 8) {
            return at;
        }
        if (*at != '<') {
            continue;
        }
        const char *end = strchr(at, '>');
        size_t length = strcspn(at + 1, " \t\n/>");
        if (end == NULL) {
            return at;
        }
        if (at[1] == '/') {
            length = strcspn(at + 2, " \t\n>");
            if (depth == 0 || strlen(open[depth - 1]) != length || strncmp(open[depth - 1], at + 2, length) != 0) {
                return at;
            }
            depth--;
        } else if (at[1] != '?' && at[1] != '!' && end[-1] != '/') {
            if (depth == DEPTH || length >= NAME || length == 0) {
                return at;
            }
            snprintf(open[depth++], NAME, "%.*s", (int)length, at + 1);
        }
        at = end;
    }
    return depth == 0 ? NULL : "a tag is still open at the end";
}

/* A program that replaces gnuplot: a shell script in `folder`, set as ASSAY_GNUPLOT. */
static void pretend_gnuplot(const char *folder, const char *body)
{
    char *path = assay_asprintf(NULL, "%s/gnuplot-of-the-test", folder);
    FILE *stream = fopen(path, "w");
    fprintf(stream, "#!/bin/sh\n%s\n", body);
    fclose(stream);
    chmod(path, 0755);
    setenv("ASSAY_GNUPLOT", path, 1);
    assay_free(path);
}

static bool have_gnuplot(void)
{
    return system("gnuplot --version >/dev/null 2>&1") == 0;
}

/* The contents of the drawing of each kind; gnuplot writes each text as a <text> element. */
/* clang-format off */
static const struct {
    sample_kind kind;
    const char *name;
    const char *parts[6];
    size_t data_blocks;
} drawings[] = {
    {SAMPLE_HISTOGRAMS, "histograms",
     {">Layer 0 (784 → 512)</text>", ">Grad magnitude</text>", ">Count</text>",
      "Gradients &lt;of> a &amp; b, it's \"so\"</text>", "<polygon", "Layer 6 &lt;b>&amp;amp; it's 'quoted' {x}_2"},
     9},
    {SAMPLE_CURVES, "curves",
     {">Validation performance of FashionMNIST_SGD</text>", ">run_0</text>", ">run_2</text>", ">Epochs</text>",
      "stroke-dasharray", "gpPt"},
     3},
    {SAMPLE_LOG, "depth",
     {">initializer 7</text>", ">here</text>", "<tspan font-family=\"sans-serif\" >10</tspan>", ">Activations</text>",
      ">Gradients</text>", NULL},
     18},
    {SAMPLE_SURFACE,
     "surface",
     {">Pathological curvature</text>", ">loss</text>", ">w₁</text>", "<polygon", NULL},
     1},
    {SAMPLE_MAP, "map", {">SGD with momentum</text>", ">loss</text>", "<image ", "data:image/png;base64", NULL}, 4},
};
/* clang-format on */

enum { DRAWINGS = sizeof drawings / sizeof *drawings };

static void assert_drawing(const char *folder, const char *file, const char *const *parts)
{
    char *svg = read_text(folder, file);
    ck_assert_msg(strncmp(svg, "<?xml", 5) == 0, "%s is no XML", file);
    const char *wrong = malformation(svg);
    ck_assert_msg(wrong == NULL, "%s is malformed: %.60s", file, wrong);
    for (size_t i = 0; i < 6 && parts[i] != NULL; i++) {
        ck_assert_msg(strstr(svg, parts[i]) != NULL, "%s lacks %s", file, parts[i]);
    }
    assay_free(svg);
}

START_TEST(figure_is_written_and_drawn)
{
    char *folder = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(drawings[_i].kind);
    const char *name = drawings[_i].name;
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *file = assay_asprintf(NULL, "%s.dat", name);
    char *data = read_text(folder, file);
    ck_assert_uint_eq(occurrences(data, "# index "), drawings[_i].data_blocks);
    ck_assert_uint_eq(occurrences(data, "\n\n\n"), drawings[_i].data_blocks - 1);
    assay_free(data);
    assay_free(file);
    if (have_gnuplot()) {
        support_assert_ok(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), &error);
        support_assert_ok(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG_DARK, &error), &error);
        file = assay_asprintf(NULL, "%s.svg", name);
        assert_drawing(folder, file, drawings[_i].parts);
        assay_free(file);
        file = assay_asprintf(NULL, "%s-dark.svg", name);
        assert_drawing(folder, file, drawings[_i].parts);
        assay_free(file);
        ck_assert_uint_eq(files_in(folder), 4);
    }
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* A user restyles a figure by running its script. */
START_TEST(script_runs_by_hand)
{
    if (!have_gnuplot()) {
        return;
    }
    char *folder = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *command = assay_asprintf(NULL, "cd %s && gnuplot curves.gp && gnuplot -e \"theme = 'dark'\" curves.gp",
                                   folder);
    support_result result = support_shell(command);
    ck_assert_str_eq(result.errors, "");
    ck_assert_int_eq(result.status, 0);
    assert_drawing(folder, "curves.svg", drawings[1].parts);
    char *dark = read_text(folder, "curves-dark.svg");
    ck_assert_ptr_nonnull(strstr(dark, "fill=\"#15181c\""));
    assay_free(dark);
    support_result_free(&result);
    assay_free(command);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

START_TEST(png_is_drawn_or_refused_with_a_reason)
{
    if (!have_gnuplot()) {
        return;
    }
    char *folder = support_make_folder();
    assay_error error = {0};
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    assay_status status = assay_figure_draw(figure, folder, ASSAY_FIGURE_PNG, &error);
    if (status == ASSAY_OK) {
        char *png = read_text(folder, "curves.png");
        ck_assert_int_eq(memcmp(png, "\x89PNG", 4), 0);
        /* Width and height are at bytes 16 and 20, big endian: twice 760 x 460. */
        ck_assert_int_eq(memcmp(png + 16, "\x00\x00\x05\xf0\x00\x00\x03\x98", 8), 0);
        assay_free(png);
    } else {
        support_assert_error(status, ASSAY_ERROR_UNSUPPORTED, &error, "gnuplot-nox");
        ck_assert(!is_there(folder, "curves.png"));
    }
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* Bars of known values: heights are counts that add up, or densities whose area is one. */
START_TEST(histogram_data)
{
    char *folder = support_make_folder();
    assay_error error;
    const double values[] = {0.0, 0.1, 0.2, 0.9, 1.0, 1.0, 3.9, 4.0};
    for (int as_density = 0; as_density < 2; as_density++) {
        assay_figure *figure = assay_figure_create(&(assay_figure_layout){.name = "bars"}, &error);
        support_assert_ok(assay_figure_add_panel(figure, &(assay_figure_axes){0}, &error), &error);
        support_assert_ok(assay_figure_add_histogram(figure, 8, values, 4, as_density == 1, &error), &error);
        support_assert_ok(assay_figure_write(figure, folder, &error), &error);
        char *data = read_text(folder, "bars.dat");
        const char *wanted = as_density == 1 ? "\n0 1 0.5\n1 2 0.25\n2 3 0\n3 4 0.25\n"
                                             : "\n0 1 4\n1 2 2\n2 3 0\n3 4 2\n";
        ck_assert_msg(strstr(data, wanted) != NULL, "not in the data: %s", wanted);
        double area = 0.0;
        double x = 0.0;
        double density = 0.0;
        int used = 0;
        int points = 0;
        for (const char *line = strstr(data, "# columns: x density\n") + 21;
             sscanf(line, "%lf %lf%n", &x, &density, &used) == 2; line += used) {
            area += density * 4.0 / 199.0;
            support_assert_relative("x", x, 4.0 * points++ / 199.0, 1e-8);
        }
        ck_assert_int_eq(points, 200); /* from the smallest value to the largest, which is the last */
        /* Scott's bandwidth of this sample is 1.1: some of the curve lies beyond the sample's range. */
        double whole = as_density == 1 ? 1.0 : 8.0;
        ck_assert_msg(area > 0.5 * whole && area < whole, "the density's area is %g of %g", area, whole);
        assay_free(data);
        assay_figure_destroy(figure);
    }
    support_remove_folder(folder);
}
END_TEST

/* Small panels have few ticks whose labels fit, and only one where labels would differ in their last digits. */
/* clang-format off */
static const struct {
    double low;
    double high;
    const char *ticks;
} tick_cases[] = {
    {-5.1, 5.2, "set xtics 5\n"},         {-0.09, 0.095, "set xtics 0.05\n"},
    {0.0, 1.0, "set xtics 0.5\n"},        {-0.00041, 0.00041, "set xtics 0.0004\n"},
    {-4.4e-10, 5e-10, "set xtics 4e-10\n"}, {2.26474e-11, 2.26476e-11, "set xtics (2.26475e-11)\n"},
    /* 20, 50, 10 and 5 hundredths of a power of ten, and 2 if the range begins just after a tick */
    {0.01, 0.63, "set xtics 0.2\n"},     {0.01, 0.33, "set xtics 0.1\n"},
    {0.001, 0.153, "set xtics 0.05\n"},  {0.001, 0.1011, "set xtics 0.02\n"},
    {-0.9, 2.1, "set xtics 1\n"},        {0.0, 19.9, "set xtics 5\n"},
    /* a thousandth of the middle is still a range */
    {999.5, 1000.5005, "set xtics 0.5\n"}, {999.5, 1000.4995, "set xtics (1000)\n"},
    /* 26 characters fit, and no more: "-0.00025 -0.0002 -0.00015 "; a power of ten takes two more than it has */
    {-0.00026, -0.00014, "set xtics 5e-05\n"}, {-0.00026, -0.00009, "set xtics 0.0001\n"},
    {0.9e-5, 4.1e-5, "set xtics 2e-05\n"},
};
/* clang-format on */

START_TEST(ticks_of_small_panels)
{
    char *folder = support_make_folder();
    assay_error error;
    const double values[] = {tick_cases[_i].low, tick_cases[_i].high};
    const assay_figure_layout layout = {.name = "small", .panel_width = 300, .panel_height = 200};
    assay_figure *figure = assay_figure_create(&layout, &error);
    support_assert_ok(assay_figure_add_panel(figure, &(assay_figure_axes){0}, &error), &error);
    support_assert_ok(assay_figure_add_histogram(figure, 2, values, 50, false, &error), &error);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *script = read_text(folder, "small.gp");
    const char *ticks = strstr(script, "set xtics ");
    ck_assert_msg(strncmp(ticks, tick_cases[_i].ticks, strlen(tick_cases[_i].ticks)) == 0, "%.40s and not %s", ticks,
                  tick_cases[_i].ticks);
    ck_assert_ptr_nonnull(strstr(script, "set ytics 0.5\n"));
    assay_free(script);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* Small panels with logarithmic axes, missing points, control characters in texts, and marks without a text. */
START_TEST(unusual_panels)
{
    const double x[] = {NAN, 1.0, 100.0};
    const double y[] = {1.0, INFINITY, 3.0};
    const double same[] = {2.0, 2.0, 2.0};
    char *folder = support_make_folder();
    assay_error error = {0};
    assay_figure *figure = assay_figure_create(
        &(assay_figure_layout){.name = "odd", .title = "", .columns = 2, .panel_width = 300}, &error);
    ck_assert_ptr_nonnull(figure);
    const assay_figure_axes axes = {.title = "a\ttab\x7f", .x_log = true, .x_min = 1.0, .x_max = 100.0};
    support_assert_ok(assay_figure_add_panel(figure, &axes, &error), &error);
    support_assert_ok(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 3, x, y, &error), &error);
    support_assert_ok(assay_figure_add_mark(figure, 3.0, "", true, &error), &error);
    support_assert_ok(assay_figure_add_panel(figure, &(assay_figure_axes){.x_min = 0.0, .x_max = 5.0}, &error), &error);
    support_assert_ok(assay_figure_add_histogram(figure, 3, same, 5, false, &error), &error);
    support_assert_ok(assay_figure_add_panel(figure, &(assay_figure_axes){0}, &error), &error);
    support_assert_ok(assay_figure_add_line(figure, "a line", 0, ASSAY_LINE_PLAIN, 1, y, y, &error), &error);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *script = read_text(folder, "odd.gp");
    char *data = read_text(folder, "odd.dat");
    ck_assert_uint_eq(occurrences(script, "\nset logscale x\n"), 1);
    ck_assert_uint_eq(occurrences(script, "\nunset logscale x\n"), 2);
    ck_assert_ptr_nonnull(strstr(script, "'a tab '"));
    ck_assert_ptr_null(strstr(script, "\nset label"));
    ck_assert_uint_eq(occurrences(script, "set arrow from first 3,"), 1);
    ck_assert_ptr_nonnull(strstr(data, "\nNaN 1\n1 NaN\n100 3\n"));
    if (have_gnuplot()) {
        support_assert_ok(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), &error);
    }
    assay_free(script);
    assay_free(data);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* Names in place of numbers; whole numbers in a short range, which get no ticks between them; other numbers. */
START_TEST(ticks_with_names_and_of_layers)
{
    const double layers[] = {1.0, 2.0, 3.0, 4.0};
    const double others[] = {1.0, 2.5, 3.0, 4.0};
    char *folder = support_make_folder();
    assay_error error = {0};
    assay_figure *figure = assay_figure_create(&(assay_figure_layout){.name = "ticks", .title = ""}, &error);
    ck_assert_ptr_nonnull(figure);
    const assay_figure_axes named = {.x_names = "a 1|b's|c|d"};
    const double *const x[] = {layers, layers, others};
    for (size_t i = 0; i < 3; i++) {
        support_assert_ok(assay_figure_add_panel(figure, i == 0 ? &named : &(assay_figure_axes){0}, &error), &error);
        support_assert_ok(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_POINTS, 4, x[i], layers, &error), &error);
    }
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *script = read_text(folder, "ticks.gp");
    ck_assert_ptr_nonnull(strstr(script, "\nset xtics ('a 1' 1, 'b''s' 2, 'c' 3, 'd' 4)\nset xrange [0.5:4.5]\n"));
    ck_assert_uint_eq(occurrences(script, "\nset xtics 1\n"), 1);
    ck_assert_uint_eq(occurrences(script, "\nset xtics autofreq\n"), 1);
    if (have_gnuplot()) {
        support_assert_ok(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), &error);
    }
    assay_free(script);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* --- what scripts say --------------------------------------------------------------------------------------------- */

typedef struct {
    const char *part;
    size_t count;
} wanted_part;

static void assert_parts(const char *text, const wanted_part *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(occurrences(text, wanted[i].part) == wanted[i].count, "%zu and not %zu times: %s",
                      occurrences(text, wanted[i].part), wanted[i].count, wanted[i].part);
    }
}

/* Writes the figure and ends it; the script, or the data. */
static char *written(assay_figure *figure, const char *ending)
{
    char *folder = support_make_folder();
    char *file = assay_asprintf(NULL, "%s%s", assay_figure_name(figure), ending);
    assay_error error;
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *text = read_text(folder, file);
    assay_free(file);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
    return text;
}

static assay_figure *new_figure(const assay_figure_layout *layout)
{
    assay_error error;
    assay_figure *figure = assay_figure_create(layout, &error);
    ck_assert_msg(figure != NULL, "%s", error.message);
    return figure;
}

static void panel(assay_figure *figure, const assay_figure_axes *axes)
{
    assay_error error;
    support_assert_ok(assay_figure_add_panel(figure, axes, &error), &error);
}

static void line(assay_figure *figure, const char *label, unsigned ink, assay_line_style style, size_t count)
{
    double x[300];
    assay_error error;
    for (size_t i = 0; i < count; i++) {
        x[i] = 0.5 + (double)i;
    }
    support_assert_ok(assay_figure_add_line(figure, label, ink, style, count, x, x, &error), &error);
}

/* The inks of Okabe and Ito (2008), with dashes and markers of their own: open markers are larger. */
START_TEST(inks_are_fixed)
{
    static const char *const styles[] = {
        "1 lc rgb (dark ? '#56b4e9' : '#0072b2') lw 1.8 dt 1 pt 7 ps 0.6\n",
        "2 lc rgb (dark ? '#ff8c42' : '#d55e00') lw 1.8 dt 2 pt 5 ps 0.6\n",
        "3 lc rgb (dark ? '#2fd3a1' : '#009e73') lw 1.8 dt 4 pt 9 ps 0.6\n",
        "4 lc rgb (dark ? '#f0a6cf' : '#cc79a7') lw 1.8 dt 3 pt 13 ps 0.6\n",
        "5 lc rgb (dark ? '#f0f0f0' : '#1a1a1a') lw 1.8 dt 5 pt 6 ps 0.85\n",
        "6 lc rgb (dark ? '#f5c04a' : '#e69f00') lw 1.8 dt 1 pt 4 ps 0.85\n",
        "7 lc rgb (dark ? '#9adcff' : '#56b4e9') lw 1.8 dt 2 pt 8 ps 0.85\n",
        "8 lc rgb (dark ? '#f0e442' : '#8c7a00') lw 1.8 dt 4 pt 12 ps 0.85\n",
    };
    static const char *const looks[] = {" with lines ls 1 notitle", " with linespoints ls 2 pointinterval 1 title 'b'",
                                        " with points ls 3 pt 8 ps 0.7 title 'c'", " with points ls 4 pt 12 ps 0.7 ",
                                        " with points ls 5 pt 6 ps 0.7 "};
    assay_figure *figure = new_figure(&(assay_figure_layout){.name = "inks"});
    panel(figure, &(assay_figure_axes){0});
    line(figure, NULL, 0, ASSAY_LINE_PLAIN, 7);
    line(figure, "b", 1, ASSAY_LINE_MARKED, 7);
    line(figure, "c", 2, ASSAY_LINE_POINTS, 7);
    line(figure, "", 3, ASSAY_LINE_POINTS, 7);
    line(figure, "", 4, ASSAY_LINE_POINTS, 7);
    char *script = written(figure, ".gp");
    ck_assert_uint_eq(occurrences(script, "\nset style line "), ASSAY_FIGURE_INKS + 2); /* axes and grid */
    for (size_t i = 0; i < ASSAY_FIGURE_INKS; i++) {
        ck_assert_msg(strstr(script, styles[i]) != NULL, "no %s", styles[i]);
    }
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        char *element = assay_asprintf(NULL, "'inks.dat' index %zu using 1:2%s", i, looks[i]);
        ck_assert_msg(occurrences(script, element) == 1, "no %s", element);
        assay_free(element);
    }
    assay_free(script);
}
END_TEST

/* About twenty markers, of which one is on the last point if a divisor allows it. */
static const struct {
    size_t rows;
    size_t interval;
} intervals[] = {{1, 1}, {20, 1}, {21, 2}, {41, 4}, {60, 3}, {61, 4}, {100, 9}, {101, 10}, {299, 15}, {300, 23}};

START_TEST(markers_are_thinned)
{
    assay_figure *figure = new_figure(&(assay_figure_layout){.name = "marked"});
    panel(figure, &(assay_figure_axes){0});
    line(figure, NULL, 0, ASSAY_LINE_MARKED, intervals[_i].rows);
    char *script = written(figure, ".gp");
    char *wanted = assay_asprintf(NULL, " pointinterval %zu notitle\n", intervals[_i].interval);
    ck_assert_msg(strstr(script, wanted) != NULL, "%s of %zu rows", wanted, intervals[_i].rows);
    assay_free(wanted);
    assay_free(script);
}
END_TEST

/* Five panels in two columns: curves, bars, marks, a map with paths, and logarithms. */
START_TEST(panels_are_set_one_by_one)
{
    /* clang-format off */
    static const wanted_part wanted[] = {
        {"# gnuplot all.gp                        draws all.svg\n", 1},
        {"# gnuplot -e \"theme = 'dark'\" all.gp    draws all-dark.svg\n", 1},
        {"# gnuplot -e \"format = 'png'\" all.gp    draws all.png\n", 1},
        {"target = 'all' . (theme eq 'dark' ? '-dark' : '') . '.' . format\n", 1},
        {"set terminal svg size 1520,1380 ", 1}, {"set terminal pngcairo size 3040,2760 ", 1},
        {"set terminal png size 3040,2760 ", 1},
        {"set multiplot layout 3,2 title 'it''s all' noenhanced textcolor rgb text font ',15'\n\n", 1},
        {"\nunset multiplot\nunset output\n", 1}, {"margin", 0},
        {"\nset title 'own' noenhanced textcolor rgb text\nset xlabel 'steps' noenhanced textcolor rgb text\n", 1},
        {"\nset title '' noenhanced", 4}, {"set ylabel 'loss' noenhanced textcolor rgb text\n", 1},
        {"set xlabel '' noenhanced textcolor rgb text offset 0,0.7\n", 1}, /* where the key is below */
        {"\nset logscale x\n", 1}, {"\nunset logscale x\n", 4}, {"\nset logscale y\n", 1}, {"\nunset logscale y\n", 4},
        {"set format y '10^{%L}'\n", 1}, {"set format y '%g'\n", 4},
        {"set xrange [2:50]\n", 1}, {"set yrange [-1:1]\n", 1}, {"set xrange [-0.08:4.08]\n", 1},
        {"set yrange [0:*]\n", 1}, {"set autoscale x\n", 2}, {"set autoscale xfix\n", 1}, {"set autoscale y\n", 3},
        {"set autoscale yfix\n", 1}, {"set ytics autofreq\n", 5}, {"set xtics autofreq\n", 5},
        {"set key inside bottom right noenhanced Left reverse textcolor rgb text samplen 3 spacing 1.1 opaque", 1},
        {"set key inside top right noenhanced ", 1}, {"set key below center horizontal width 4 noenhanced ", 1},
        {"spacing 1.1\n", 1}, {"unset key\n", 2},
        {"unset arrow\nunset label\n", 5}, {"set arrow from ", 5},
        {"set arrow from first 1.5, graph 0 to first 1.5, graph 1 nohead ", 1},
        {"set label 'one' at first 1.5, graph 0.93 left offset 0.7,0 noenhanced", 1},
        {"set label 'two' at first 2.5, graph 0.83 right offset -0.7,0 noenhanced", 1}, {"set label '", 2},
        {"'all.dat' index 4 using 1:2 with lines ls 1 ", 1}, /* behind bars, density, line */
        {"splot 'all.dat' index 9 using 1:2:3\nunset table\n", 1}, {"set cblabel 'height' noenhanced", 1},
        {"plot 'all.dat' index 9 using 1:2:3 with image notitle, $contours ", 1},
        {"'all.dat' index 10 using 1:2 with lines lc rgb '#ffffff' lw 5 notitle, 'all.dat' index 10 using 1:2 with "
         "linespoints lc rgb '#0050a0' lw 2 dt 1 pt 7 ps 0.8 title 'p0'", 1},
        {"lines lc rgb '#111111' lw 5 notitle, 'all.dat' index 11 using 1:2 with linespoints lc rgb '#ffb347' lw 2 "
         "dt 1 pt 5 ps 0.8 title 'p1'", 1},
        {"lines lc rgb '#ffffff' lw 5 notitle, 'all.dat' index 12 using 1:2 with linespoints lc rgb '#00805c' lw 2 "
         "dt 2 pt 9 ps 0.8 title 'p2'", 1},
        {"using (($1+$2)/2):3:($2-$1) with boxes fillcolor rgb bars notitle, \\\n     'all.dat' index 2 using 1:2 with "
         "lines lc rgb (dark ? '#ffb000' : '#8a3a00') lw 2 notitle\n", 1},
    };
    /* clang-format on */
    const double values[] = {0.0, 0.1, 0.2, 0.9, 1.0, 1.0, 3.9, 4.0};
    const double grid[] = {0, 1};
    const double z[] = {1, 2, 3, 4};
    assay_error error;
    assay_figure *figure = new_figure(&(assay_figure_layout){.name = "all", .title = "it's all", .columns = 2});
    panel(figure, &(assay_figure_axes){.title = "own",
                                       .x_label = "steps",
                                       .y_label = "loss",
                                       .x_min = 2,
                                       .x_max = 50,
                                       .y_min = -1,
                                       .y_max = 1,
                                       .key = ASSAY_KEY_BOTTOM_RIGHT});
    line(figure, "a", 0, ASSAY_LINE_PLAIN, 4);
    panel(figure, &(assay_figure_axes){0});
    support_assert_ok(assay_figure_add_histogram(figure, 8, values, 4, false, &error), &error);
    panel(figure, &(assay_figure_axes){.x_log = true});
    line(figure, "b", 0, ASSAY_LINE_PLAIN, 4);
    line(figure, NULL, 0, ASSAY_LINE_PLAIN, 4);
    support_assert_ok(assay_figure_add_mark(figure, 1.5, "one", true, &error), &error);
    support_assert_ok(assay_figure_add_mark(figure, 2, NULL, true, &error), &error);
    support_assert_ok(assay_figure_add_mark(figure, 3, "", true, &error), &error);
    support_assert_ok(assay_figure_add_mark(figure, 2.5, "two", false, &error), &error);
    panel(figure, &(assay_figure_axes){.z_label = "height", .key = ASSAY_KEY_BELOW});
    support_assert_ok(assay_figure_add_map(figure, 2, grid, 2, grid, z, &error), &error);
    for (unsigned ink = 0; ink < 3; ink++) {
        const char *const labels[] = {"p0", "p1", "p2"};
        support_assert_ok(assay_figure_add_path(figure, labels[ink], ink, 2, grid, grid, &error), &error);
    }
    panel(figure, &(assay_figure_axes){.y_log = true});
    line(figure, NULL, 0, ASSAY_LINE_PLAIN, 2);
    support_assert_ok(assay_figure_add_mark(figure, 1, "", true, &error), &error);
    ck_assert_uint_eq(assay_figure_width(figure), 2 * 760);
    ck_assert_uint_eq(assay_figure_height(figure), 3 * 460);
    char *script = written(figure, ".gp");
    assert_parts(script, wanted, sizeof wanted / sizeof *wanted);
    assay_free(script);
}
END_TEST

/* A surface alone: in space, thinned to some hundred facets, with the figure's title or its own. */
START_TEST(surfaces_are_thinned)
{
    static const struct {
        size_t x;
        size_t y;
        const char *every;
    } cases[] = {{2, 3, " every 1:1 "}, {102, 2, " every 1:1 "}, {103, 102, " every 1:2 "}, {2, 205, " every 3:1 "}};
    static double values[103 * 103];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_error error;
        assay_figure *figure = new_figure(
            &(assay_figure_layout){.name = "space", .title = "whole", .panel_width = 449});
        panel(figure, &(assay_figure_axes){.title = i == 0 ? "own" : "", .z_label = "up"});
        support_assert_ok(assay_figure_add_surface(figure, cases[i].x, values, cases[i].y, values, values, &error),
                          &error);
        ck_assert(assay_figure_width(figure) == 449 && assay_figure_height(figure) == 460);
        char *script = written(figure, ".gp");
        char *element = assay_asprintf(NULL, "\nsplot 'space.dat' index 0%susing 1:2:3 with pm3d notitle\n",
                                       cases[i].every);
        const wanted_part wanted[] = {{element, 1},
                                      {"set title 'own' ", i == 0},
                                      {"set title 'whole' ", i > 0},
                                      {"set zlabel 'up' noenhanced textcolor rgb text rotate by 90\n", 1},
                                      {"multiplot", 0},
                                      {"set autoscale xfix\n", 1},
                                      {"offset 0,0.7", 1}, /* small */
                                      {"set contour", 0}};
        assert_parts(script, wanted, sizeof wanted / sizeof *wanted);
        assay_free(element);
        assay_free(script);
    }
}
END_TEST

/* Panels below each other share their margin, small ones in a row get one for their labels, others none. */
START_TEST(margins_of_panels)
{
    static const struct {
        size_t columns;
        unsigned width;
        const char *margin;
        unsigned wide;
        unsigned high;
    } cases[] = {{0, 0, "\nset lmargin 11\n", 760, 920},
                 {1, 300, "\nset lmargin 11\n", 300, 920},
                 {2, 449, "\nset bmargin 3\n", 898, 460},
                 {2, 450, NULL, 900, 460},
                 {3, 450, NULL, 900, 460}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_figure *figure = new_figure(
            &(assay_figure_layout){.name = "m", .columns = cases[i].columns, .panel_width = cases[i].width});
        for (int n = 0; n < 2; n++) {
            panel(figure, &(assay_figure_axes){0});
            line(figure, NULL, 0, ASSAY_LINE_PLAIN, 2);
        }
        ck_assert_uint_eq(assay_figure_width(figure), cases[i].wide);
        ck_assert_uint_eq(assay_figure_height(figure), cases[i].high);
        char *script = written(figure, ".gp");
        const wanted_part wanted[] = {{"margin ", cases[i].margin != NULL}, {"layout ", 1}, {"title ''", 2}};
        assert_parts(script, wanted, 3);
        ck_assert(cases[i].margin == NULL || strstr(script, cases[i].margin) != NULL);
        assay_free(script);
    }
}
END_TEST

/* The data that a reader finds: a line with a gap, a mark, a grid of two by three with a blank line between scans. */
START_TEST(data_are_readable)
{
    const double x[] = {0, 0.5, 1e10};
    const double y[] = {NAN, -1.25, 1.0 / 3.0};
    const double z[] = {1, 2, 3, 4, 5, INFINITY};
    assay_error error;
    assay_figure *figure = new_figure(&(assay_figure_layout){.name = "d", .title = "T\n"});
    panel(figure, &(assay_figure_axes){.title = "P\x7f"});
    support_assert_ok(assay_figure_add_line(figure, "L", 0, ASSAY_LINE_PLAIN, 3, x, y, &error), &error);
    support_assert_ok(assay_figure_add_mark(figure, 4, "M", true, &error), &error);
    panel(figure, &(assay_figure_axes){0});
    support_assert_ok(assay_figure_add_map(figure, 2, x, 3, x, z, &error), &error);
    char *data = written(figure, ".dat");
    ck_assert_str_eq(data,
                     "# T \n# data of d.gp; one gnuplot index for each series; NaN where there is no finite value\n#\n"
                     "# index 0: line of panel \"P \", L\n# columns: x y\n0 NaN\n0.5 -1.25\n1e+10 0.333333333\n"
                     "\n\n# index 1: mark of panel \"P \", M\n# columns: x\n4 4\n"
                     "\n\n# index 2: map\n# columns: x y z\n0 0 1\n0 0.5 2\n0 1e+10 3\n\n0.5 0 4\n0.5 0.5 5\n"
                     "0.5 1e+10 NaN\n");
    assay_free(data);
}
END_TEST

/* Missing numbers do not count for the ticks, and neither do curves over so few numbers that there is none between. */
START_TEST(ticks_with_gaps)
{
    const double x[] = {NAN, 0, 10, INFINITY};
    const double y[] = {1, 2, 3, 4};
    const double few[] = {1, 1, 2, 2.5};
    assay_error error;
    assay_figure *figure = new_figure(&(assay_figure_layout){.name = "t", .panel_width = 300});
    panel(figure, &(assay_figure_axes){0});
    support_assert_ok(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 4, x, y, &error), &error);
    char *script = written(figure, ".gp");
    ck_assert_ptr_nonnull(strstr(script, "set xtics 5\n"));
    assay_free(script);
    figure = new_figure(&(assay_figure_layout){.name = "t", .panel_width = 300});
    panel(figure, &(assay_figure_axes){.x_log = true}); /* gnuplot knows the powers of ten */
    line(figure, NULL, 0, ASSAY_LINE_PLAIN, 5);
    script = written(figure, ".gp");
    ck_assert_ptr_nonnull(strstr(script, "set xtics autofreq\n"));
    assay_free(script);
    static const struct {
        double from;
        double to;
        bool whole;
    } cases[] = {{1, 2, false}, {1, 3, true}, {1, 6, true}, {1, 7, false}, {1.5, 4.5, false}, {-1, 2, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double ends[] = {cases[i].from, cases[i].to};
        figure = new_figure(&(assay_figure_layout){.name = "t"});
        panel(figure, &(assay_figure_axes){0});
        support_assert_ok(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 2, ends, few, &error), &error);
        script = written(figure, ".gp");
        ck_assert_msg((strstr(script, "set xtics 1\n") != NULL) == cases[i].whole, "%g to %g", ends[0], ends[1]);
        assay_free(script);
    }
}
END_TEST

START_TEST(bad_figures_are_refused)
{
    assay_error error = {0};
    const char *const names[] = {"", "a/b", "..", "a b", "x.svg", "é", NULL};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        ck_assert_ptr_null(assay_figure_create(&(assay_figure_layout){.name = names[i]}, &error));
        support_assert_error(error.status, ASSAY_ERROR_ARGUMENT, &error, "a name of letters");
    }
    const double x[] = {0.0, NAN};
    assay_figure *figure = assay_figure_create(&(assay_figure_layout){.name = "bad"}, &error);
    ck_assert_str_eq(assay_figure_caption(figure), "");
    ck_assert_str_eq(assay_figure_alt(figure), "");
    ck_assert_uint_gt(assay_figure_width(figure), 0);
    ck_assert_uint_gt(assay_figure_height(figure), 0);
    support_assert_error(assay_figure_write(figure, "/nowhere", &error), ASSAY_ERROR_ARGUMENT, &error, "nothing to");
    support_assert_error(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 2, x, x, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "needs a panel");
    support_assert_ok(assay_figure_add_panel(figure, &(assay_figure_axes){0}, &error), &error);
    support_assert_error(assay_figure_write(figure, "/nowhere", &error), ASSAY_ERROR_ARGUMENT, &error, "panel 1");
    support_assert_error(assay_figure_add_line(figure, NULL, ASSAY_FIGURE_INKS, ASSAY_LINE_PLAIN, 2, x, x, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "ink 8");
    support_assert_error(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 0, x, x, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "at least one point");
    support_assert_error(assay_figure_add_map(figure, 1, x, 2, x, x, &error), ASSAY_ERROR_ARGUMENT, &error, "1 by 2");
    support_assert_error(assay_figure_add_histogram(figure, 2, x, 50, false, &error), ASSAY_ERROR_NUMERIC, &error,
                         NULL);
    support_assert_error(assay_figure_add_histogram(figure, 1, x, 0, false, &error), ASSAY_ERROR_ARGUMENT, &error,
                         NULL);
    ck_assert_int_eq(assay_figure_add_map(figure, 1, x, 2, x, x, NULL), ASSAY_ERROR_ARGUMENT);
    support_assert_error(assay_figure_add_map(figure, 2, x, 1, x, x, &error), ASSAY_ERROR_ARGUMENT, &error, "2 by 1");
    ck_assert_int_eq(assay_figure_add_histogram(figure, 2, x, 50, false, NULL), ASSAY_ERROR_NUMERIC);
    ck_assert_int_eq(assay_figure_add_line(figure, NULL, 0, ASSAY_LINE_PLAIN, 0, x, x, NULL), ASSAY_ERROR_ARGUMENT);
    assay_figure_destroy(figure);
    assay_figure *empty = assay_figure_create(&(assay_figure_layout){.name = "empty"}, &error);
    const double grid[] = {0.0, 1.0, 2.0, 3.0};
    support_assert_error(assay_figure_add_map(empty, 2, grid, 2, grid, grid, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "needs a panel");
    ck_assert_int_eq(assay_figure_add_map(empty, 2, grid, 2, grid, grid, NULL), ASSAY_ERROR_ARGUMENT);
    assay_figure_destroy(empty);
    assay_figure_destroy(NULL);
}
END_TEST

/* Each kind of failure of gnuplot: data and script stay, and no drawing appears. */
static const struct {
    const char *body;
    assay_status status;
    const char *part;
} letdowns[] = {
    {"echo '\"curves.gp\" line 3: undefined variable: ink' >&2; exit 1", ASSAY_ERROR_FORMAT, "undefined variable: ink"},
    {"exit 7", ASSAY_ERROR_FORMAT, "exit status 7: it said nothing"},
    {"exit 0", ASSAY_ERROR_FORMAT, "drew nothing"},
    {"echo '<svg><text>'", ASSAY_ERROR_FORMAT, "incomplete"},
    {"printf x", ASSAY_ERROR_FORMAT, "incomplete"},
    {"echo; echo", ASSAY_ERROR_FORMAT, "incomplete"},
    {"kill -9 $$", ASSAY_ERROR_FORMAT, "killed by signal 9"},
    {"echo 'no such terminal here' >&2; exit 3", ASSAY_ERROR_UNSUPPORTED, "no such terminal here"},
    {"head -c 300000 /dev/zero | tr '\\0' x >&2; echo '<svg'", ASSAY_ERROR_FORMAT, "incomplete"},
    {"echo 'line 3: no such thing' >&2; echo '     ^ 12' >&2; exit 1", ASSAY_ERROR_FORMAT, "line 3: no such thing"},
    {"exit 127", ASSAY_ERROR_UNSUPPORTED, "cannot be run: not found"},
    {"exec >&-; sleep 0.05; echo 'said last' >&2; exit 1", ASSAY_ERROR_FORMAT, "exit status 1: said last"},
    {"head -c 70000000 /dev/zero", ASSAY_ERROR_FORMAT, "wrote more than 67108864 bytes"},
};

START_TEST(gnuplot_lets_one_down)
{
    char *folder = support_make_folder();
    char *elsewhere = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    pretend_gnuplot(elsewhere, letdowns[_i].body);
    support_assert_error(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), letdowns[_i].status, &error,
                         letdowns[_i].part);
    unsetenv("ASSAY_GNUPLOT");
    ck_assert(is_there(folder, "curves.dat") && is_there(folder, "curves.gp"));
    ck_assert_uint_eq(files_in(folder), 2);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
    support_remove_folder(elsewhere);
}
END_TEST

/* While this is set, each call of the clock advances it by a minute. */
static bool clock_hurries;
static time_t passed;

/* Replaces the C library's. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    passed += clock_hurries ? 60 : 0;
    long result = syscall(SYS_clock_gettime, clock, now);
    now->tv_sec += passed;
    return (int)result;
}

/* A drawing that takes more than two minutes is stopped, and so is the program. */
START_TEST(gnuplot_takes_too_long)
{
    char *folder = support_make_folder();
    char *elsewhere = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    pretend_gnuplot(elsewhere, "echo '<svg'; exec sleep 1000");
    clock_hurries = true;
    support_assert_error(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), ASSAY_ERROR_FORMAT, &error,
                         "stopped after 120 seconds");
    clock_hurries = false;
    ck_assert_int_eq(passed, 180); /* a minute until it starts to wait */
    ck_assert_uint_eq(files_in(folder), 2);
    ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
    support_remove_folder(elsewhere);
}
END_TEST

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

/* Signals arrive all the time, also while a gnuplot that has closed its output does not end: all is read. */
START_TEST(signals_interrupt_gnuplot)
{
    char *elsewhere = support_make_folder();
    char *output;
    size_t size;
    assay_error error;
    pretend_gnuplot(elsewhere, "printf one; sleep 0.1; printf two; exec >&- 2>&-; sleep 0.3");
    const struct sigaction counting = {.sa_handler = count_signal};
    const struct itimerval often = {{.tv_usec = 20000}, {.tv_usec = 20000}};
    const struct itimerval never = {{0}, {0}};
    struct sigaction before;
    ck_assert_int_eq(sigaction(SIGALRM, &counting, &before), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    support_assert_ok(assay_gnuplot_run(elsewhere, "", "a.gp", &output, &size, &error), &error);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
    ck_assert_int_eq(sigaction(SIGALRM, &before, NULL), 0);
    unsetenv("ASSAY_GNUPLOT");
    ck_assert_str_eq(output, "onetwo");
    ck_assert_int_gt(signals, 2);
    assay_free(output);
    support_remove_folder(elsewhere);
}
END_TEST

START_TEST(gnuplot_is_missing)
{
    char *folder = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    const char *const programs[] = {"/nowhere/gnuplot", "no-such-gnuplot"};
    for (size_t i = 0; i < 2; i++) {
        setenv("ASSAY_GNUPLOT", programs[i], 1);
        support_assert_error(assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error), ASSAY_ERROR_UNSUPPORTED,
                             &error, "gnuplot-nox");
    }
    unsetenv("ASSAY_GNUPLOT");
    ck_assert_uint_eq(files_in(folder), 2);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

/* gnuplot's environment: the figure's folder as its current one, its own settings, and the script's name. */
START_TEST(gnuplot_is_called)
{
    char *folder = support_make_folder();
    char *elsewhere = support_make_folder();
    char *output;
    size_t size;
    assay_error error;
    pretend_gnuplot(elsewhere, "pwd; printf '%s|' \"$@\"; printf '%s' \"$ASSAY_TEST_WORD\"; cat");
    setenv("ASSAY_TEST_WORD", "from outside", 1);
    support_assert_ok(assay_gnuplot_run(folder, "a = 'b c'", "x y.gp", &output, &size, &error), &error);
    unsetenv("ASSAY_GNUPLOT");
    char *wanted = assay_asprintf(NULL, "%s\n-d|-e|a = 'b c'|x y.gp|from outside", folder);
    ck_assert_str_eq(output, wanted);
    ck_assert_uint_eq(size, strlen(wanted));
    assay_free(wanted);
    assay_free(output);
    support_remove_folder(folder);
    support_remove_folder(elsewhere);
}
END_TEST

/* Without a program in ASSAY_GNUPLOT it is the first on the PATH. */
START_TEST(gnuplot_is_found_on_the_path)
{
    char *folder = support_make_folder();
    char *program = assay_asprintf(NULL, "%s/gnuplot", folder);
    char *path = assay_asprintf(NULL, "%s:%s", folder, getenv("PATH"));
    char *output;
    size_t size;
    assay_error error;
    pretend_gnuplot(folder, "echo found");
    char *pretended = assay_asprintf(NULL, "%s", getenv("ASSAY_GNUPLOT"));
    ck_assert_int_eq(rename(pretended, program), 0);
    setenv("PATH", path, 1);
    for (int unset = 0; unset < 2; unset++) {
        if (unset == 1) {
            unsetenv("ASSAY_GNUPLOT");
        } else {
            setenv("ASSAY_GNUPLOT", "", 1);
        }
        support_assert_ok(assay_gnuplot_run("/", "", "x.gp", &output, &size, &error), &error);
        ck_assert_str_eq(output, "found\n");
        assay_free(output);
    }
    setenv("ASSAY_GNUPLOT", "gnuplot", 1); /* a name without a folder, too */
    support_assert_ok(assay_gnuplot_run("/", "", "x.gp", &output, &size, &error), &error);
    assay_free(output);
    assay_free(pretended);
    assay_free(program);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A limit on the size of files acts like a full disk: writes fail. */
static void fill_disk(bool full)
{
    static struct rlimit before;
    if (full) {
        getrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 512, .rlim_max = before.rlim_max});
    } else {
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, SIG_DFL);
    }
}

START_TEST(folder_is_missing_or_disk_full)
{
    char *folder = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_error(assay_figure_write(figure, "/nowhere/figures", &error), ASSAY_ERROR_IO, &error,
                         "/nowhere/figures/curves.dat");
    support_assert_error(assay_page_write(sample_page(), "/nowhere", &error), ASSAY_ERROR_IO, &error,
                         "/nowhere/index.html");
    support_assert_ok(assay_page_write(sample_page(), folder, &error), &error);
    char *before = read_text(folder, "index.html");
    fill_disk(true);
    assay_status figure_status = assay_figure_write(figure, folder, &error);
    assay_error page_error;
    assay_status page_status = assay_page_write(sample_page(), folder, &page_error);
    fill_disk(false);
    support_assert_error(figure_status, ASSAY_ERROR_IO, &error, "curves.dat: not written");
    support_assert_error(page_status, ASSAY_ERROR_IO, &page_error, "what was there before is unchanged");
    char *after = read_text(folder, "index.html");
    ck_assert_str_eq(before, after);
    ck_assert_uint_eq(files_in(folder), 1);
    assay_free(before);
    assay_free(after);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
}
END_TEST

START_TEST(drawing_meets_a_full_disk)
{
    char *folder = support_make_folder();
    char *elsewhere = support_make_folder();
    assay_error error;
    assay_figure *figure = sample_figure(SAMPLE_CURVES);
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    pretend_gnuplot(elsewhere, "seq 1000; echo '</svg>'");
    fill_disk(true);
    assay_status status = assay_figure_draw(figure, folder, ASSAY_FIGURE_SVG, &error);
    fill_disk(false);
    unsetenv("ASSAY_GNUPLOT");
    support_assert_error(status, ASSAY_ERROR_IO, &error, "curves.svg: not written");
    ck_assert_uint_eq(files_in(folder), 2);
    assay_figure_destroy(figure);
    support_remove_folder(folder);
    support_remove_folder(elsewhere);
}
END_TEST

START_TEST(folders_are_made)
{
    char *folder = support_make_folder();
    char *made = assay_asprintf(NULL, "%s/report", folder);
    char *file = assay_asprintf(NULL, "%s/index.html", folder);
    char *under = assay_asprintf(NULL, "%s/no/report", folder);
    assay_error error;
    support_assert_ok(assay_page_make_folder(made, &error), &error);
    support_assert_ok(assay_page_make_folder(made, &error), &error);
    support_assert_ok(assay_page_write(sample_page(), folder, &error), &error);
    support_assert_error(assay_page_make_folder(file, &error), ASSAY_ERROR_IO, &error, "a file has that name");
    support_assert_error(assay_page_make_folder(under, &error), ASSAY_ERROR_IO, &error, "No such file");
    char *nowhere = assay_asprintf(NULL, "%s/nowhere", folder);
    ck_assert_int_eq(symlink(under, nowhere), 0);
    support_assert_error(assay_page_make_folder(nowhere, &error), ASSAY_ERROR_IO, &error, "a file has that name");
    assay_free(nowhere);
    assay_free(made);
    assay_free(file);
    assay_free(under);
    support_remove_folder(folder);
}
END_TEST

START_TEST(page_escapes_and_counts)
{
    evidence(EVIDENCE_PROPERTY, "report/html");
    char *folder = support_make_folder();
    assay_error error;
    support_assert_ok(assay_page_write(sample_page(), folder, &error), &error);
    char *page = read_text(folder, "index.html");
    /* clang-format off */
    const struct {
        const char *part;
        size_t count;
    /* clang-format off */
    } wanted[] = {
        {"<title>A sample &lt;report&gt;</title>", 1},
        {"<script", 0},
        {"a &lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;more&#39;", 1},
        {"a note with &lt;i&gt;tags&lt;/i&gt;", 1},
        {"<b class=\"bad\">5 of 6</b>numbers agree", 1},
        {"<b>6.3e-03</b>worst relative error: <a href=\"#data\">Adam, test accuracy, Data &lt;set&gt;</a>", 1},
        {"<span class=\"bad\">4 of 5 ✗</span>", 1},
        {"<span>1 of 1 ✓</span>", 1},
        {"✓ agrees", 5},
        {"✗ differs", 1},
        {"<td data-label=\"Relative error\">0</td>", 1},
        {"<td data-label=\"Relative error\">–</td>", 1},
        {"<td data-label=\"Printed\">–</td>", 1},
        {"<p>First paragraph, 1 &lt; 2.\nSame paragraph.</p>\n<p>Second &amp; last.</p>", 1},
        {"<td data-label=\"Expected\">2.0582756996154785</td>", 1},
        {"<th scope=\"col\">Absolute error</th>", 1},
        {"<th scope=\"col\">What it says</th>", 1},
        {"<td data-label=\"Interval\">1.5 to 2.5</td>", 1},
        {"<span class=\"good\">✓ yes &amp; no</span>", 1},
        {"<span class=\"bad\">✗ no</span>", 1},
        {"<span class=\"soft\">holds &lt;in part&gt;</span>", 2},
        {"alt=\"Five histograms, &quot;quoted&quot;\"", 1},
        {"<img src=\"figures/map.svg\"", 1},
        {"srcset=\"figures/map-dark.svg\"", 1},
        {"<a href=\"figures/map.dat\">data</a>", 1},
        {"<a href=\"figures/map.gp\">script</a>", 1},
        {">PNG</a>", 0},
        {"http", 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert_msg(occurrences(page, wanted[i].part) == wanted[i].count, "%zu and not %zu times in the page: %s",
                      occurrences(page, wanted[i].part), wanted[i].count, wanted[i].part);
    }
    assay_free(page);
    support_remove_folder(folder);
}
END_TEST

START_TEST(page_without_drawings)
{
    char *folder = support_make_folder();
    assay_error error;
    const assay_page_figure figure = {.name = "lost", .title = "Lost", .has_png = true};
    const assay_page_section section = {.id = "only", .title = "Only", .figure_count = 1, .figures = &figure};
    const assay_page page = {.title = "t",
                             .figure_folder = "f",
                             .notice = "gnuplot & co are missing",
                             .section_count = 1,
                             .sections = &section};
    support_assert_ok(assay_page_write(&page, folder, &error), &error);
    char *text = read_text(folder, "index.html");
    ck_assert_uint_eq(occurrences(text, "<img"), 0);
    ck_assert_uint_eq(occurrences(text, "Not drawn"), 1);
    ck_assert_uint_eq(occurrences(text, "<p class=\"notice\">gnuplot &amp; co are missing</p>"), 1);
    ck_assert_uint_eq(occurrences(text, "figures, each with its data and script; 1 not drawn"), 1);
    ck_assert_uint_eq(occurrences(text, "numbers agree"), 0);
    ck_assert_uint_eq(occurrences(text, "<a href=\"f/lost.png\">PNG</a>"), 1);
    assay_free(text);
    support_remove_folder(folder);
}
END_TEST

/* Empty texts make no elements; HTML has no control characters. */
START_TEST(page_of_little)
{
    const assay_page_row rows[] = {
        {.label = "a", .printed = "", .ours = "1", .error = NAN, .verdict = ASSAY_PAGE_NONE, .note = ""}};
    /* clang-format off */
    const assay_page_section sections[] = {
        {.id = "little", .title = "\x01" "bell\x7f\ttab", .source = "", .text = "\n\nfirst\n\n\nsecond",
         .printed_heading = "", .error_heading = "", .row_count = 1, .rows = rows},
    };
    /* clang-format on */
    const assay_page page = {.title = "one\ntwo", .notice = "", .section_count = 1, .sections = sections};
    char *folder = support_make_folder();
    assay_error error;
    support_assert_ok(assay_page_write(&page, folder, &error), &error);
    char *text = read_text(folder, "index.html");
    const char *const wanted[] = {"?bell?\ttab",
                                  "one\ntwo",
                                  "<p>first</p>\n<p>second</p>\n",
                                  ">Printed</th>",
                                  ">Relative error</th>",
                                  "<td data-label=\"Printed\">–</td>"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert_msg(strstr(text, wanted[i]) != NULL, "not in the page: %s", wanted[i]);
    }
    ck_assert_ptr_null(strstr(text, "figures, each with"));
    ck_assert_ptr_null(strstr(text, "numbers agree"));
    assay_free(text);
    support_remove_folder(folder);
}
END_TEST

/* A whole page with one row and one figure, after its style. */
START_TEST(page_in_full)
{
    evidence(EVIDENCE_PROPERTY, "report/html");
    const assay_page_row rows[] = {{.label = "a", .printed = "1", .ours = "2", .error = -0.01, .note = "n"},
                                   {.label = "b", .ours = "3", .error = 0.0099, .verdict = ASSAY_PAGE_AGREES},
                                   {.label = "c", .ours = "4", .error = 0.5, .answer = "yes"}};
    const assay_page_figure figure = {
        .name = "f", .title = "F", .caption = "C", .alt = "A", .width = 7, .height = 5, .drawn = true, .has_png = true};
    const assay_page_section sections[] = {{.id = "s",
                                            .title = "S",
                                            .source = "here",
                                            .row_count = 3,
                                            .rows = rows,
                                            .figure_count = 1,
                                            .figures = &figure},
                                           {.id = "z", .title = "Z", .answer = "no", .verdict = ASSAY_PAGE_DIFFERS}};
    const assay_page page = {
        .title = "T", .text = "P", .figure_folder = "d", .footer = "end", .section_count = 2, .sections = sections};
    static const char wanted[] =
        "@media print{.plot{break-inside:avoid;border:0}nav{display:none}}\n</style>\n</head>\n<body>\n"
        "<header>\n<h1>T</h1>\n<p>P</p>\n<div class=\"summary\">\n<div><b class=\"good\">2 of 2</b>numbers "
        "agree</div>\n"
        "<div><b>1</b>figures, each with its data and script</div>\n</div>\n</header>\n"
        "<nav aria-label=\"Sections\">\n<ol>\n<li><a href=\"#s\">S</a><span>2 of 2 ✓</span></li>\n"
        "<li><a href=\"#z\">Z</a><span class=\"bad\">no</span></li>\n</ol>\n</nav>\n<main>\n"
        "<section id=\"s\">\n<h2>S <span class=\"source\">here</span></h2>\n<table>\n<thead><tr>"
        "<th scope=\"col\">Number</th><th scope=\"col\">Printed</th><th scope=\"col\">Ours</th>"
        "<th scope=\"col\">Relative error</th><th scope=\"col\">Verdict</th></tr></thead>\n<tbody>\n"
        "<tr><th scope=\"row\">a<span class=\"note\">n</span></th><td data-label=\"Printed\">1</td>"
        "<td data-label=\"Ours\">2</td><td data-label=\"Relative error\">-0.01</td>"
        "<td data-label=\"Verdict\"><span class=\"good\">✓ agrees</span></td></tr>\n"
        "<tr><th scope=\"row\">b</th><td data-label=\"Printed\">–</td><td data-label=\"Ours\">3</td>"
        "<td data-label=\"Relative error\">9.9e-03</td>"
        "<td data-label=\"Verdict\"><span class=\"good\">✓ agrees</span></td></tr>\n"
        "<tr><th scope=\"row\">c</th><td data-label=\"Printed\">–</td><td data-label=\"Ours\">4</td>"
        "<td data-label=\"Relative error\">0.5</td>"
        "<td data-label=\"Verdict\"><span class=\"good\">yes</span></td></tr>\n</tbody>\n</table>\n"
        "<figure id=\"figure-f\">\n<div class=\"plot\" tabindex=\"0\"><picture><source media=\"(prefers-color-scheme: "
        "dark)\" srcset=\"d/f-dark.svg\"><img src=\"d/f.svg\" alt=\"A\" width=\"7\" height=\"5\"></picture></div>\n"
        "<figcaption><b>F</b> C <span class=\"files\"><a href=\"d/f.svg\">SVG</a> · <a href=\"d/f.png\">PNG</a> · "
        "<a href=\"d/f.dat\">data</a> · <a href=\"d/f.gp\">script</a></span></figcaption>\n</figure>\n</section>\n"
        "<section id=\"z\">\n<h2>Z <span class=\"bad\">no</span></h2>\n</section>\n</main>\n"
        "<footer>end</footer>\n</body>\n</html>\n";
    char *folder = support_make_folder();
    assay_error error;
    support_assert_ok(assay_page_write(&page, folder, &error), &error);
    char *text = read_text(folder, "index.html");
    const char *from = strstr(text, "@media print");
    ck_assert_ptr_nonnull(from);
    ck_assert_str_eq(from, wanted);
    ck_assert_int_eq(strncmp(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", 62), 0);
    ck_assert_ptr_nonnull(strstr(text, "<title>T</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n:root{"));
    assay_free(text);
    support_remove_folder(folder);
}
END_TEST

/* What is counted, and which error is the worst: NaN, else the first of the largest; unranked ones never are. */
START_TEST(summaries_of_pages)
{
    const assay_page_row rows[][4] = {
        {{.error = 0.1, .ranked = true},
         {.error = 9, .verdict = ASSAY_PAGE_DIFFERS},
         {.error = 0.2, .ranked = true, .verdict = ASSAY_PAGE_DIFFERS},
         {.error = 8, .ranked = true, .verdict = ASSAY_PAGE_NONE}},
        {{.error = 0.2, .ranked = true}, {.error = 7, .ranked = true, .answer = "yes"}, {.error = 0}, {.error = 6}},
        {{.error = 5, .ranked = true},
         {.error = NAN, .ranked = true},
         {.error = NAN, .ranked = true},
         {.error = 6, .ranked = true}}};
    const assay_page_figure figures[] = {{.drawn = true}, {.drawn = false}, {.drawn = true}};
    assay_page_section sections[3] = {
        {.figure_count = 2, .figures = figures}, {.figure_count = 0}, {.figure_count = 3, .figures = figures}};
    static const size_t numbers[] = {0, 3, 6, 10};
    static const size_t agreeing[] = {0, 1, 4, 8};
    for (size_t count = 0; count <= 3; count++) {
        if (count < 3) {
            sections[count].rows = rows[count];
            sections[count].row_count = 4;
        }
        const assay_page page = {.section_count = count, .sections = sections};
        assay_page_summary summary = assay_page_summarise(&page);
        ck_assert_uint_eq(summary.numbers, numbers[count]);
        ck_assert_uint_eq(summary.agreeing, agreeing[count]);
        ck_assert(summary.figures == (count == 0 ? 0 : count == 3 ? 5 : 2));
        ck_assert(summary.drawn == (count == 0 ? 0 : count == 3 ? 3 : 1));
        ck_assert(count > 0 || (summary.worst == NULL && summary.worst_section == NULL));
        if (count == 1 || count == 2) {
            ck_assert(summary.worst == &rows[0][2] && summary.worst_section == &sections[0]);
        }
    }
    const assay_page last = {.section_count = 1, .sections = sections + 2};
    ck_assert(assay_page_summarise(&last).worst == &rows[2][1]);
}
END_TEST

START_TEST(page_refuses_bad_ids)
{
    assay_error error;
    const char *const ids[][2] = {{"a", ""}, {"a", "b c"}, {"a", "\"x"}, {"a", NULL}, {"a", "a"}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const assay_page_section sections[] = {{.id = ids[i][0]}, {.id = ids[i][1]}};
        const assay_page page = {.section_count = 2, .sections = sections};
        support_assert_error(assay_page_write(&page, "/nowhere", &error), ASSAY_ERROR_ARGUMENT, &error,
                             i == 4 ? "page: sections 1 and 2 both have the id \"a\"" : "page: section 2: the id \"");
    }
}
END_TEST

int main(void)
{
    if (!have_gnuplot()) {
        support_skip("drawings of figures: there is no gnuplot; apt-get install gnuplot-nox");
    }
    Suite *suite = suite_create("report");
    TCase *figures = evidence_case("figures", "property: report/figure, report/gnuplot; errors: report/figure, "
                                              "report/gnuplot");
    tcase_set_timeout(figures, 30);
    tcase_add_loop_test(figures, figure_is_written_and_drawn, 0, DRAWINGS);
    tcase_add_test(figures, script_runs_by_hand);
    tcase_add_test(figures, png_is_drawn_or_refused_with_a_reason);
    tcase_add_test(figures, histogram_data);
    tcase_add_loop_test(figures, ticks_of_small_panels, 0, sizeof tick_cases / sizeof *tick_cases);
    tcase_add_test(figures, unusual_panels);
    tcase_add_test(figures, ticks_with_names_and_of_layers);
    tcase_add_test(figures, inks_are_fixed);
    tcase_add_loop_test(figures, markers_are_thinned, 0, sizeof intervals / sizeof *intervals);
    tcase_add_test(figures, panels_are_set_one_by_one);
    tcase_add_test(figures, surfaces_are_thinned);
    tcase_add_test(figures, margins_of_panels);
    tcase_add_test(figures, data_are_readable);
    tcase_add_test(figures, ticks_with_gaps);
    tcase_add_test(figures, bad_figures_are_refused);
    tcase_add_loop_test(figures, gnuplot_lets_one_down, 0, sizeof letdowns / sizeof *letdowns);
    tcase_add_test(figures, gnuplot_takes_too_long);
    tcase_add_test(figures, signals_interrupt_gnuplot);
    tcase_add_test(figures, gnuplot_is_missing);
    tcase_add_test(figures, gnuplot_is_called);
    tcase_add_test(figures, gnuplot_is_found_on_the_path);
    tcase_add_test(figures, folder_is_missing_or_disk_full);
    tcase_add_test(figures, drawing_meets_a_full_disk);
    suite_add_tcase(suite, figures);
    TCase *page = evidence_case("page", "property: report/page; errors: report/page");
    tcase_add_test(page, folders_are_made);
    tcase_add_test(page, page_escapes_and_counts);
    tcase_add_test(page, page_without_drawings);
    tcase_add_test(page, page_of_little);
    tcase_add_test(page, page_in_full);
    tcase_add_test(page, summaries_of_pages);
    tcase_add_test(page, page_refuses_bad_ids);
    suite_add_tcase(suite, page);
    return support_run(suite);
}
