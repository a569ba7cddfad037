#include "pictures.h"

#include <assay/base/alloc.h>
#include "tool.h"
#include "train.h"

enum { MAX_PICTURES = 96, FIRST_STEPS = 100 };

/* A figure kept for the page. */
typedef struct {
    assay_figure *figure;
    int place;
    bool drawn;
    bool has_png;
} picture;

struct pictures {
    pictures_options options;
    char *figure_folder;
    size_t count;
    picture kept[MAX_PICTURES];
    assay_error not_drawn;      /* the first reason why a figure was not; status ASSAY_OK: none */
    assay_error no_png;         /* the same for PNG */
    assay_error author_missing; /* the same for the author's records */
};

void pictures_destroy(pictures *all)
{
    if (all == NULL) {
        return;
    }
    for (size_t i = 0; i < all->count; i++) {
        assay_figure_destroy(all->kept[i].figure);
    }
    assay_free(all->figure_folder);
    assay_free(all);
}

assay_status pictures_create(const pictures_options *options, pictures **made, assay_error *error)
{
    *made = NULL;
    pictures *all = assay_calloc(1, sizeof *all, error);
    if (all == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    all->options = *options;
    all->figure_folder = assay_asprintf(error, "%s/figures", options->folder);
    assay_status status = all->figure_folder == NULL ? ASSAY_ERROR_MEMORY
                                                     : assay_page_make_folder(options->folder, error);
    if (status == ASSAY_OK) {
        status = assay_page_make_folder(all->figure_folder, error);
    }
    if (status != ASSAY_OK) {
        pictures_destroy(all);
        return status;
    }
    *made = all;
    return ASSAY_OK;
}

/* Draws, unless drawing has failed before: a gnuplot that is missing or fails ends no run. */
static assay_status draw(pictures *all, const assay_figure *figure, assay_figure_format format, assay_error *missing,
                         bool *drawn, assay_error *error)
{
    *drawn = false;
    if (missing->status != ASSAY_OK) {
        return ASSAY_OK;
    }
    assay_status status = assay_figure_draw(figure, all->figure_folder, format, error);
    if (status == ASSAY_ERROR_UNSUPPORTED || status == ASSAY_ERROR_FORMAT) {
        *missing = *error;
        missing->status = status;
        return ASSAY_OK;
    }
    *drawn = status == ASSAY_OK;
    return status;
}

assay_status pictures_keep(pictures *all, assay_figure *figure, int place, assay_error *error)
{
    if (all->count == MAX_PICTURES) {
        assay_figure_destroy(figure);
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "more than %d figures", MAX_PICTURES);
    }
    picture *kept = &all->kept[all->count++];
    *kept = (picture){.figure = figure, .place = place};
    bool dark = false;
    ASSAY_TRY(assay_figure_write(figure, all->figure_folder, error));
    ASSAY_TRY(draw(all, figure, ASSAY_FIGURE_SVG, &all->not_drawn, &kept->drawn, error));
    ASSAY_TRY(draw(all, figure, ASSAY_FIGURE_SVG_DARK, &all->not_drawn, &dark, error));
    kept->drawn = kept->drawn && dark;
    return all->options.png && kept->drawn ? draw(all, figure, ASSAY_FIGURE_PNG, &all->no_png, &kept->has_png, error)
                                           : ASSAY_OK;
}

static assay_status keep_experiment(pictures *all, assay_session *session, assay_section section, assay_error *error)
{
    /* The tutorial's order. Gradients and activations are always drawn, also where it draws only one of them. */
    static const assay_picture ORDER[] = {ASSAY_PICTURE_WEIGHTS, ASSAY_PICTURE_GRADIENTS, ASSAY_PICTURE_ACTIVATIONS};
    for (size_t i = 0; i < sizeof ORDER / sizeof *ORDER; i++) {
        if (ORDER[i] == ASSAY_PICTURE_WEIGHTS && !assay_picture_in_tutorial(section, ORDER[i])) {
            continue;
        }
        assay_figure *figure;
        ASSAY_TRY(assay_experiment_figure(assay_session_network(session), section, ORDER[i], &figure, error));
        ASSAY_TRY(pictures_keep(all, figure, (int)section, error));
    }
    return ASSAY_OK;
}

static assay_status keep_surface(pictures *all, assay_backend *backend, assay_section section, assay_error *error)
{
    assay_figure *figure;
    ASSAY_TRY(assay_surface_figure(section, &figure, error));
    ASSAY_TRY(pictures_keep(all, figure, (int)section, error));
    ASSAY_TRY(assay_descent_figure(backend, section, &figure, error));
    return pictures_keep(all, figure, (int)section, error);
}

static assay_status measure_depth(assay_backend *backend, const assay_session *session,
                                  const assay_session_options *options, assay_depth_curve *curves, assay_error *error)
{
    assay_generator generator;
    assay_generator_seed(&generator, options->generator, options->seed, options->blocks);
    for (size_t i = 0; i < assay_experiment_count(); i++) {
        ASSAY_TRY(assay_depth_measure(backend, assay_session_training_data(session), assay_session_split(session),
                                      &generator, assay_experiment_at(i), &curves[i], error));
    }
    return ASSAY_OK;
}

assay_status pictures_of_depth(pictures *all, const assay_session *session, const assay_session_options *options,
                               unsigned threads, assay_error *error)
{
    assay_backend *backend;
    ASSAY_TRY(tool_open_backend("openblas:f64", threads, &backend, error));
    assay_depth_curve *curves = assay_calloc(assay_experiment_count(), sizeof *curves, error);
    assay_status status = curves == NULL ? ASSAY_ERROR_MEMORY : measure_depth(backend, session, options, curves, error);
    assay_backend_close(backend);
    assay_figure *figure;
    if (status == ASSAY_OK) {
        status = assay_depth_figure(curves, &figure, error);
    }
    assay_free(curves);
    return status == ASSAY_OK ? pictures_keep(all, figure, PICTURES_DEPTH, error) : status;
}

/* Our losses of one of the author's runs: with the optimizer that made his, and with the one that is printed. */
static assay_status keep_first_steps(pictures *all, assay_run run, const assay_run_record *records,
                                     const assay_run_record *author, assay_error *error)
{
    assay_first_steps lines[ASSAY_TUTORIAL_RUNS];
    size_t count = 0;
    size_t steps = author->steps < FIRST_STEPS ? author->steps : FIRST_STEPS;
    for (size_t i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        if (assay_tutorial_runs[i].run == run) {
            lines[count++] = (assay_first_steps){assay_tutorial_runs[i].label, records[i].train_losses};
            steps = records[i].steps < steps ? records[i].steps : steps;
        }
    }
    assay_figure *figure;
    const char *name = assay_run_file_name(run);
    ASSAY_TRY(assay_first_steps_figure(name, steps, author->train_losses, count, lines, &figure, error));
    return pictures_keep(all, figure, ASSAY_SECTION_OPTIMIZERS, error);
}

static assay_status keep_curves(pictures *all, assay_run run, const assay_run_record *records,
                                const assay_run_record *author, assay_error *error)
{
    for (size_t i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        if (assay_tutorial_runs[i].run == run) {
            assay_figure *figure;
            ASSAY_TRY(assay_run_figure(assay_tutorial_runs[i].file_name, &records[i], author, &figure, error));
            ASSAY_TRY(pictures_keep(all, figure, ASSAY_SECTION_OPTIMIZERS, error));
        }
    }
    return ASSAY_OK;
}

static assay_status keep_runs(pictures *all, const assay_run_record *records, assay_error *error)
{
    for (int i = 0; i < ASSAY_RUN_COUNT; i++) {
        assay_run run = (assay_run)i;
        assay_run_record author = {0};
        assay_error reason = {0};
        if (train_read_saved(all->options.pretrained, run, &author, &reason) != ASSAY_OK) {
            all->author_missing = all->author_missing.status == ASSAY_OK ? reason : all->author_missing;
            ASSAY_TRY(keep_curves(all, run, records, NULL, error));
            continue;
        }
        assay_status status = keep_curves(all, run, records, &author, error);
        if (status == ASSAY_OK) {
            status = keep_first_steps(all, run, records, &author, error);
        }
        assay_run_record_destroy(&author);
        ASSAY_TRY(status);
    }
    return ASSAY_OK;
}

assay_status pictures_of_section(pictures *all, const assay_section_inputs *inputs, assay_section section,
                                 assay_error *error)
{
    if (assay_experiment_of(section) != NULL) {
        return keep_experiment(all, inputs->session, section, error);
    }
    if (assay_descents_have(section)) {
        return keep_surface(all, inputs->backend, section, error);
    }
    return assay_section_describe(section)->needs == ASSAY_NEEDS_RECORDS ? keep_runs(all, inputs->records, error)
                                                                         : ASSAY_OK;
}

size_t pictures_count(const pictures *all)
{
    return all->count;
}

size_t pictures_at_place(const pictures *all, int place, size_t most, assay_page_figure *figures)
{
    size_t found = 0;
    for (size_t i = 0; i < all->count && found < most; i++) {
        const picture *kept = &all->kept[i];
        if (kept->place == place) {
            figures[found++] = (assay_page_figure){
                .name = assay_figure_name(kept->figure),
                .title = assay_figure_title(kept->figure),
                .caption = assay_figure_caption(kept->figure),
                .alt = assay_figure_alt(kept->figure),
                .width = assay_figure_width(kept->figure),
                .height = assay_figure_height(kept->figure),
                .drawn = kept->drawn,
                .has_png = kept->has_png,
            };
        }
    }
    return found;
}

const char *pictures_folder(const pictures *all)
{
    return all->options.folder;
}

const char *pictures_notice(const pictures *all)
{
    if (all->not_drawn.status != ASSAY_OK) {
        return all->not_drawn.message;
    }
    return all->no_png.status != ASSAY_OK ? all->no_png.message : NULL;
}

bool pictures_failed(const pictures *all)
{
    return all->not_drawn.status == ASSAY_ERROR_FORMAT || all->no_png.status == ASSAY_ERROR_FORMAT;
}

const char *pictures_author_missing(const pictures *all)
{
    return all->author_missing.status != ASSAY_OK ? all->author_missing.message : NULL;
}
