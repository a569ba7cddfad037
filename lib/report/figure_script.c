/* Makes the gnuplot script of a figure: theme and terminal, then each panel with all its settings. */
#include <math.h>
#include <string.h>

#include "report/figure_parts.h"

/*
 * Okabe and Ito's palette (Color Universal Design, 2008) on white, and lighter versions of the same hues on a dark
 * ground. Each ink has its own dash type and marker, and neighbours differ in lightness, so that they differ in a grey
 * print, too.
 */
static const struct {
    const char *light;
    const char *dark;
    int dashes;
    int marker;
} inks[ASSAY_FIGURE_INKS] = {
    {"#0072b2", "#56b4e9", 1, 7},  /* blue, solid, disc */
    {"#d55e00", "#ff8c42", 2, 5},  /* vermillion, dashed, square */
    {"#009e73", "#2fd3a1", 4, 9},  /* bluish green, dash-dot, triangle */
    {"#cc79a7", "#f0a6cf", 3, 13}, /* reddish purple, dotted, diamond */
    {"#1a1a1a", "#f0f0f0", 5, 6},  /* black, dash-dot-dot, circle */
    {"#e69f00", "#f5c04a", 1, 4},  /* orange, solid, open square */
    {"#56b4e9", "#9adcff", 2, 8},  /* sky blue, dashed, open triangle */
    {"#8c7a00", "#f0e442", 4, 12}, /* yellow, darkened on white; dash-dot, open diamond */
};

/* Writes a string in gnuplot's single quotes, where only the quote itself is special. */
static void write_part_quoted(FILE *stream, const char *text, size_t length)
{
    fputc('\'', stream);
    for (const char *end = text + length; text < end; text++) {
        if (*text == '\'') {
            fputc('\'', stream);
        }
        fputc((unsigned char)*text < ' ' || *text == 127 ? ' ' : *text, stream);
    }
    fputc('\'', stream);
}

static void write_quoted(FILE *stream, const char *text)
{
    write_part_quoted(stream, text, strlen(text));
}

static void write_theme(const assay_figure *figure, FILE *stream)
{
    fprintf(stream,
            "# gnuplot %s.gp                        draws %s.svg\n"
            "# gnuplot -e \"theme = 'dark'\" %s.gp    draws %s-dark.svg\n"
            "# gnuplot -e \"format = 'png'\" %s.gp    draws %s.png\n\n"
            "if (!exists('theme')) theme = 'light'\n"
            "if (!exists('format')) format = 'svg'\n"
            "if (!exists('target')) target = '%s' . (theme eq 'dark' ? '-dark' : '') . '.' . format\n\n",
            figure->name, figure->name, figure->name, figure->name, figure->name, figure->name, figure->name);
    fputs("dark = theme eq 'dark'\n"
          "paper = dark ? '#15181c' : '#ffffff'\n"
          "text  = dark ? '#e4e6e8' : '#222222'\n"
          "frame = dark ? '#9aa0a6' : '#555555'\n"
          "lines = dark ? '#33383e' : '#e2e2e2'\n"
          "bars  = dark ? '#3d6f8e' : '#a9d2ec'\n\n",
          stream);
}

static void write_terminal(const assay_figure *figure, FILE *stream)
{
    unsigned width = assay_figure_width(figure);
    unsigned height = assay_figure_height(figure);
    fprintf(stream,
            "if (format eq 'png') {\n"
            "    if (strstrt(GPVAL_TERMINALS, ' pngcairo ')) {\n"
            "        set terminal pngcairo size %u,%u font 'Sans,13' fontscale 2 linewidth 2 pointscale 2 background "
            "rgb paper\n"
            "    } else { if (strstrt(GPVAL_TERMINALS, ' png ')) {\n"
            "        set terminal png size %u,%u font 'Sans,13' fontscale 2 linewidth 2 background rgb paper\n"
            "    } else {\n"
            "        print 'this gnuplot cannot write PNG (neither terminal pngcairo nor png; on Debian: apt-get "
            "install gnuplot-nox)'\n"
            "        exit status 3\n"
            "    } }\n"
            "} else {\n"
            "    set terminal svg size %u,%u font 'sans-serif,13' linewidth 1.2 background rgb paper\n"
            "}\n"
            "if (strlen(target)) set output target\n\n",
            2 * width, 2 * height, 2 * width, 2 * height, width, height);
}

static void write_styles(FILE *stream)
{
    for (int i = 0; i < ASSAY_FIGURE_INKS; i++) {
        /* Open markers are thin, so they are larger. */
        fprintf(stream, "set style line %d lc rgb (dark ? '%s' : '%s') lw 1.8 dt %d pt %d ps %g\n", i + 1, inks[i].dark,
                inks[i].light, inks[i].dashes, inks[i].marker, inks[i].marker % 2 == 0 ? 0.85 : 0.6);
    }
    fputs("set style line 20 lc rgb frame lw 1\n"
          "set style line 21 lc rgb lines lw 0.8\n"
          "set style fill solid 1.0 border rgb paper\n"
          "set border 3 ls 20\n"
          "set tics nomirror textcolor rgb text\n"
          "set grid ls 21\n"
          "set encoding utf8\n"
          "# viridis (van der Walt and Smith, 2015): even in lightness, for every kind of colour vision and in grey\n"
          "set palette defined (0 '#440154', 1 '#482878', 2 '#3e4989', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', "
          "6 '#35b779', 7 '#6ece58', 8 '#b5de2b', 9 '#fde725')\n\n",
          stream);
}

static bool has_kind(const figure_panel *panel, series_kind kind)
{
    for (size_t i = 0; i < panel->count; i++) {
        if (panel->series[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* The range of x in a panel: that of the axis, or of the data. */
static bool x_range(const figure_panel *panel, double *low, double *high)
{
    *low = panel->axes.x_min;
    *high = panel->axes.x_max;
    if (*low < *high) {
        return true;
    }
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t i = 0; i < panel->count; i++) {
        const figure_series *series = &panel->series[i];
        for (size_t row = 0; row < series->rows; row++) {
            double left = series->values[row * series->columns];
            double right = series->kind == SERIES_BARS ? series->values[row * series->columns + 1] : left;
            *low = isfinite(left) ? fmin(*low, left) : *low;
            *high = isfinite(right) ? fmax(*high, right) : *high;
        }
    }
    return *low < *high;
}

/* Whether x counts something, such as layers, in a range so short that gnuplot would put ticks between numbers. */
static bool counts_few(const figure_panel *panel, double low, double high)
{
    bool whole = high - low >= 2.0 && high - low <= 5.0;
    for (size_t i = 0; i < panel->count && whole; i++) {
        const figure_series *series = &panel->series[i];
        for (size_t row = 0; row < series->rows && whole; row++) {
            double x = series->values[row * series->columns];
            whole = series->kind == SERIES_LINE && x == floor(x);
        }
    }
    return whole;
}

/* How many multiples of `step` lie in a range. */
static double ticks_in(double low, double high, double step)
{
    return floor(high / step) - ceil(low / step) + 1.0;
}

/* Whether the labels at these ticks fit side by side on a small panel, which has room for about 26 characters. */
static bool labels_fit(double low, double high, double step)
{
    int characters = 0;
    for (double tick = ceil(low / step); tick <= floor(high / step) && characters <= 26; tick += 1.0) {
        char label[32];
        characters += snprintf(label, sizeof label, "%g ", tick * step);
        characters += strchr(label, 'e') != NULL ? 2 : 0; /* gnuplot makes 2e-05 a power of ten */
    }
    return characters <= 26;
}

/*
 * 1, 2 or 5 times a power of ten: the largest step with three ticks in the range, doubled until the labels fit. The
 * range is longer than a tenth of `power`, so that a fiftieth of it has three ticks.
 */
static double tick_step(double low, double high)
{
    static const double parts[] = {1.0, 2.0, 5.0, 10.0, 20.0, 50.0};
    double power = pow(10.0, ceil(log10(high - low)));
    int i = 0;
    while (i < 5 && ticks_in(low, high, power / parts[i]) < 3.0) {
        i++;
    }
    double step = power / parts[i];
    while (!labels_fit(low, high, step)) {
        step *= 2.0;
    }
    return step;
}

/* Ticks of a small panel. Nearly equal values get one tick, since their labels would differ in the last digits only. */
static void write_small_ticks(FILE *stream, char axis, double low, double high)
{
    double middle = low + (high - low) / 2.0;
    if (high - low < 1e-3 * fabs(middle)) {
        fprintf(stream, "set %ctics (%.6g)\n", axis, middle);
    } else {
        fprintf(stream, "set %ctics %.9g\n", axis, tick_step(low, high));
    }
}

/* If the range comes from the data, curves end at a tick, and surfaces and maps fill their axes. */
static void write_range(FILE *stream, const figure_panel *panel, char axis, double low, double high)
{
    if (low < high) {
        fprintf(stream, "set %crange [%.9g:%.9g]\n", axis, low, high);
    } else {
        bool grid = has_kind(panel, SERIES_SURFACE) || has_kind(panel, SERIES_MAP);
        fprintf(stream, "set autoscale %c%s\n", axis, grid ? "fix" : "");
    }
}

static void write_text(FILE *stream, const char *setting, const char *text, const char *options)
{
    fprintf(stream, "set %s ", setting);
    write_quoted(stream, text);
    fprintf(stream, " noenhanced textcolor rgb text%s\n", options);
}

/* Small panels of a grid: few ticks and small margins. */
static bool is_small(const assay_figure *figure)
{
    return figure->panel_width < 450;
}

/* A tick for each name, and half a place free at both ends. */
static void write_names(FILE *stream, const char *names)
{
    unsigned place = 0;
    fputs("set xtics (", stream);
    for (const char *name = names; name != NULL; name = strchr(name, '|')) {
        name += place > 0;
        fputs(place > 0 ? ", " : "", stream);
        write_part_quoted(stream, name, strcspn(name, "|"));
        fprintf(stream, " %u", ++place);
    }
    fprintf(stream, ")\nset xrange [0.5:%u.5]\n", place);
}

static void write_x_axis(const assay_figure *figure, const figure_panel *panel, FILE *stream)
{
    double low;
    double high;
    /* gnuplot places a legend below the axis, close to its label. */
    bool close = is_small(figure) || panel->axes.key == ASSAY_KEY_BELOW;
    write_text(stream, "xlabel", panel->axes.x_label, close ? " offset 0,0.7" : "");
    fprintf(stream, "%s\n", panel->axes.x_log ? "set logscale x" : "unset logscale x");
    bool ranged = x_range(panel, &low, &high);
    if (has_kind(panel, SERIES_BARS)) {
        double margin = 0.02 * (high - low);
        write_range(stream, panel, 'x', low - margin, high + margin);
    } else {
        write_range(stream, panel, 'x', panel->axes.x_min, panel->axes.x_max);
    }
    ranged = ranged && !panel->axes.x_log;
    if (panel->axes.x_names[0] != '\0') {
        write_names(stream, panel->axes.x_names);
    } else if (ranged && is_small(figure)) {
        write_small_ticks(stream, 'x', low, high);
    } else if (ranged && counts_few(panel, low, high)) {
        fputs("set xtics 1\n", stream);
    } else {
        fputs("set xtics autofreq\n", stream);
    }
}

static double tallest_bar(const figure_panel *panel)
{
    double tallest = 0.0;
    for (size_t i = 0; i < panel->count; i++) {
        const figure_series *series = &panel->series[i];
        for (size_t row = 0; row < series->rows && series->kind == SERIES_BARS; row++) {
            tallest = fmax(tallest, series->values[row * series->columns + 2]);
        }
    }
    return tallest;
}

static void write_y_axis(const assay_figure *figure, const figure_panel *panel, FILE *stream)
{
    double tallest = tallest_bar(panel);
    if (is_small(figure) && tallest > 0.0) {
        write_small_ticks(stream, 'y', 0.0, tallest);
    } else {
        fputs("set ytics autofreq\n", stream);
    }

    write_text(stream, "ylabel", panel->axes.y_label, "");
    fprintf(stream, "%s\n", panel->axes.y_log ? "set logscale y" : "unset logscale y");
    fputs("unset mytics\n", stream);
    fprintf(stream, "set format y '%s'\n", panel->axes.y_log ? "10^{%L}" : "%g");
    write_range(stream, panel, 'y', panel->axes.y_min, panel->axes.y_max);
    if (has_kind(panel, SERIES_BARS)) {
        fputs("set yrange [0:*]\n", stream);
    }
}

static void write_key(const figure_panel *panel, FILE *stream)
{
    static const char *const places[] = {
        [ASSAY_KEY_TOP_RIGHT] = "inside top right",
        [ASSAY_KEY_BOTTOM_RIGHT] = "inside bottom right",
        [ASSAY_KEY_BELOW] = "below center horizontal width 4",
    };
    bool labelled = false;
    for (size_t i = 0; i < panel->count; i++) {
        labelled = labelled || (panel->series[i].label != NULL && panel->series[i].kind != SERIES_MARK);
    }
    if (labelled) {
        fprintf(stream, "set key default\nset key %s noenhanced Left reverse textcolor rgb text samplen 3 spacing 1.1",
                places[panel->axes.key]);
        fputs(panel->axes.key == ASSAY_KEY_BELOW ? "\n" : " opaque fillcolor rgb paper\n", stream);
    } else {
        fputs("unset key\n", stream);
    }
}

static void write_marks(const figure_panel *panel, FILE *stream)
{
    double height = 0.93;
    fputs("unset arrow\nunset label\n", stream);
    for (size_t i = 0; i < panel->count; i++) {
        const figure_series *series = &panel->series[i];
        if (series->kind != SERIES_MARK) {
            continue;
        }
        fprintf(stream, "set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead lc rgb frame lw 1.5 dt 2\n",
                series->values[0], series->values[0]);
        if (series->label != NULL && series->label[0] != '\0') {
            fputs("set label ", stream);
            write_quoted(stream, series->label);
            fprintf(stream, " at first %.9g, graph %.2f %s noenhanced textcolor rgb text\n", series->values[0], height,
                    series->right ? "left offset 0.7,0" : "right offset -0.7,0");
            height -= 0.1;
        }
    }
}

/* gnuplot needs the contours first, as separate lines. */
static void write_contours(const assay_figure *figure, const figure_panel *panel, size_t index, FILE *stream)
{
    if (!has_kind(panel, SERIES_MAP)) {
        return;
    }
    fprintf(stream,
            "set contour base\nunset surface\nset cntrparam levels auto 10\nset table $contours\n"
            "splot '%s.dat' index %zu using 1:2:3\nunset table\nset surface\nunset contour\n",
            figure->name, index);
    write_text(stream, "cblabel", panel->axes.z_label, "");
    fputs("set border 15 ls 20\nset tics nomirror out\nunset grid\n", stream);
}

static void write_space(const figure_panel *panel, FILE *stream)
{
    write_text(stream, "zlabel", panel->axes.z_label, " rotate by 90");
    fputs("set border 895 ls 20\n"
          "set view 55, 325, 1, 1\n"
          "set xyplane relative 0.05\n"
          "set ztics autofreq\n"
          "set pm3d depthorder\n"
          "unset colorbox\n",
          stream);
}

static void write_label(FILE *stream, const char *label)
{
    if (label == NULL) {
        fputs("notitle", stream);
    } else {
        fputs("title ", stream);
        write_quoted(stream, label);
    }
}

/*
 * A map has every lightness, so a line over it needs a rim. In a grey print the first path is dark in a light rim, the
 * next light in a dark rim, the third broken. Map and paths are the same in both themes.
 */
static void write_path(const assay_figure *figure, const figure_series *series, size_t index, FILE *stream)
{
    static const struct {
        const char *line;
        const char *rim;
        int dashes;
    } paths[] = {{"#0050a0", "#ffffff", 1}, {"#ffb347", "#111111", 1}, {"#00805c", "#ffffff", 2}};
    unsigned look = series->ink % 3;
    fprintf(stream, " using 1:2 with lines lc rgb '%s' lw 5 notitle, '%s.dat' index %zu", paths[look].rim, figure->name,
            index);
    fprintf(stream, " using 1:2 with linespoints lc rgb '%s' lw 2 dt %d pt %d ps 0.8 ", paths[look].line,
            paths[look].dashes, inks[series->ink].marker);
    write_label(stream, series->label);
}

/* In gnuplot's numbering an open marker comes before its filled one: 4 and 5, 6 and 7, ... */
static int open_marker(int marker)
{
    return marker - marker % 2;
}

/* At most about twenty markers; the last point has one if a divisor allows it. */
static size_t marker_interval(size_t rows)
{
    size_t least = (rows + 19) / 20;
    for (size_t interval = least; interval <= rows / 5; interval++) {
        if ((rows - 1) % interval == 0) {
            return interval;
        }
    }
    return least;
}

static void write_line(const figure_series *series, FILE *stream)
{
    static const char *const looks[] = {
        [ASSAY_LINE_PLAIN] = "lines",
        [ASSAY_LINE_MARKED] = "linespoints",
        [ASSAY_LINE_POINTS] = "points",
    };
    fprintf(stream, " using 1:2 with %s ls %u", looks[series->style], series->ink + 1);
    if (series->style == ASSAY_LINE_POINTS) {
        fprintf(stream, " pt %d ps 0.7", open_marker(inks[series->ink].marker));
    }
    if (series->style == ASSAY_LINE_MARKED) {
        fprintf(stream, " pointinterval %zu", marker_interval(series->rows));
    }
    fputc(' ', stream);
    write_label(stream, series->label);
}

/* A facet takes 120 bytes of SVG: the tutorial's 100 x 100 grid makes a megabyte, and finer ones look no better. */
static void write_thinned(const figure_series *series, FILE *stream)
{
    size_t scans = series->rows / series->stride;
    size_t x_every = (scans + 101) / 102;
    size_t y_every = (series->stride + 101) / 102;
    fprintf(stream, " every %zu:%zu", y_every, x_every);
}

/* The plot element of a series, without the file's name before it. */
static void write_element(const assay_figure *figure, const figure_series *series, size_t index, FILE *stream)
{
    switch (series->kind) {
    case SERIES_BARS: fputs(" using (($1+$2)/2):3:($2-$1) with boxes fillcolor rgb bars notitle", stream); break;
    case SERIES_DENSITY:
        fputs(" using 1:2 with lines lc rgb (dark ? '#ffb000' : '#8a3a00') lw 2 notitle", stream);
        break;
    case SERIES_LINE: write_line(series, stream); break;
    case SERIES_SURFACE:
        write_thinned(series, stream);
        fputs(" using 1:2:3 with pm3d notitle", stream);
        break;
    case SERIES_MAP:
        fputs(" using 1:2:3 with image notitle, $contours using 1:2 with lines lc rgb '#60ffffff' lw 0.8 notitle",
              stream);
        break;
    case SERIES_PATH: write_path(figure, series, index, stream); break;
    case SERIES_MARK: /* LCOV_EXCL_LINE: write_marks writes them, not write_panel */
        break;        /* LCOV_EXCL_LINE: as above */
    }
}

static void write_panel(const assay_figure *figure, const figure_panel *panel, size_t first_index, FILE *stream)
{
    bool in_space = has_kind(panel, SERIES_SURFACE);
    fputc('\n', stream);
    const char *title = figure->count == 1 && panel->axes.title[0] == '\0' ? figure->title : panel->axes.title;
    write_text(stream, "title", title, "");
    write_x_axis(figure, panel, stream);
    write_y_axis(figure, panel, stream);
    write_key(panel, stream);
    write_marks(panel, stream);
    write_contours(figure, panel, first_index, stream);
    if (in_space) {
        write_space(panel, stream);
    }
    const char *before = in_space ? "splot " : "plot ";
    for (size_t i = 0; i < panel->count; i++) {
        if (panel->series[i].kind != SERIES_MARK) {
            fprintf(stream, "%s'%s.dat' index %zu", before, figure->name, first_index + i);
            write_element(figure, &panel->series[i], first_index + i, stream);
            before = ", \\\n     ";
        }
    }
    fputc('\n', stream);
}

void assay_figure_script(const assay_figure *figure, FILE *stream)
{
    write_theme(figure, stream);
    write_terminal(figure, stream);
    write_styles(stream);
    if (figure->count > 1) {
        size_t rows = (figure->count + figure->columns - 1) / figure->columns;
        fprintf(stream, "set multiplot layout %zu,%zu ", rows, figure->columns);
        if (figure->title[0] != '\0') {
            fputs("title ", stream);
            write_quoted(stream, figure->title);
            fputs(" noenhanced textcolor rgb text font ',15'", stream);
        }
        /* Panels in a column share their x axis, so their axes begin at the same place. */
        fputs(figure->columns == 1 ? "\nset lmargin 11\n" : is_small(figure) ? "\nset bmargin 3\n" : "\n", stream);
    }
    size_t index = 0;
    for (size_t i = 0; i < figure->count; i++) {
        write_panel(figure, &figure->panels[i], index, stream);
        index += figure->panels[i].count;
    }
    if (figure->count > 1) {
        fputs("\nunset multiplot\n", stream);
    }
    fputs("unset output\n", stream);
}
