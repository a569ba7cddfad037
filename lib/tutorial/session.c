#include <assay/tutorial/session.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/stats/moments.h>
#include "tutorial/session_impl.h"

assay_session_options assay_session_defaults(void)
{
    return (assay_session_options){
        .data_folder = ASSAY_DEFAULT_DATA,
        .generator = ASSAY_GENERATOR_PHILOX,
        .seed = ASSAY_TUTORIAL_SEED,
        .blocks = ASSAY_PHILOX_TUTORIAL_BLOCKS,
    };
}

static void restart(assay_session *session)
{
    const assay_session_options *options = &session->options;
    assay_generator_seed(&session->generator, options->generator, options->seed, options->blocks);
    session->next = ASSAY_SECTION_CONSTANT;
}

/* The 1,024 images of the experiments, normalised and gathered by the backend itself. */
static void upload_batch(assay_session *session)
{
    assay_backend *backend = session->backend;
    const assay_dataset *data = &session->data;
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    enum { ROWS = ASSAY_TUTORIAL_BATCH };
    int32_t index[ROWS];
    int32_t label[ROWS];
    assay_buffer *pixels = assay_buffer_create(backend, ASSAY_UINT8, ROWS * data->width);
    for (size_t r = 0; r < ROWS; r++) {
        uint32_t image = session->split.train[r];
        index[r] = (int32_t)r;
        label[r] = data->labels[image];
        assay_upload_u8(backend, assay_part_of(assay_whole(pixels), r * data->width, data->width),
                        data->pixels + image * data->width);
    }
    assay_buffer *indices = assay_buffer_create(backend, ASSAY_INT32, ROWS);
    assay_buffer *all_labels = assay_buffer_create(backend, ASSAY_INT32, ROWS);
    assay_buffer *values = assay_buffer_create(backend, ASSAY_REAL, 256);
    assay_upload_i32(backend, assay_whole(indices), index);
    assay_upload_i32(backend, assay_whole(all_labels), label);
    assay_upload_f32(backend, assay_whole(values), table);
    session->images = assay_buffer_create(backend, ASSAY_REAL, ROWS * data->width);
    session->labels = assay_buffer_create(backend, ASSAY_INT32, ROWS);
    assay_gather(backend, ROWS, data->width, assay_whole(pixels), assay_whole(all_labels), assay_whole(indices),
                 assay_whole(values), assay_whole(session->images), assay_whole(session->labels));
    assay_buffer_destroy(backend, pixels);
    assay_buffer_destroy(backend, indices);
    assay_buffer_destroy(backend, all_labels);
    assay_buffer_destroy(backend, values);
}

static assay_status fill_session(assay_session *session, assay_error *error)
{
    const char *folder = session->options.data_folder;
    ASSAY_TRY(assay_dataset_load(folder, ASSAY_TRAIN, &session->data, error));
    if (session->data.count <= ASSAY_TUTORIAL_TRAIN_COUNT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: holds %zu training images; the tutorial's split needs more than %d", folder,
                          session->data.count, ASSAY_TUTORIAL_TRAIN_COUNT);
    }
    assay_mt19937_seed(&session->after_split, ASSAY_TUTORIAL_SEED);
    ASSAY_TRY(assay_split_create(&session->after_split, session->data.count, ASSAY_TUTORIAL_TRAIN_COUNT, &session->split,
                                 error));
    upload_batch(session);
    restart(session);
    return assay_backend_check(session->backend, error);
}

assay_status assay_session_create(assay_backend *backend, const assay_session_options *options, assay_session **session,
                                  assay_error *error)
{
    *session = NULL;
    assay_session *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->backend = backend;
    made->options = *options;
    assay_status status = fill_session(made, error);
    if (status != ASSAY_OK) {
        assay_session_destroy(made);
        return status;
    }
    *session = made;
    return ASSAY_OK;
}

void assay_session_destroy(assay_session *session)
{
    if (session == NULL) {
        return;
    }
    assay_network_destroy(session->network);
    assay_buffer_destroy(session->backend, session->images);
    assay_buffer_destroy(session->backend, session->labels);
    assay_split_destroy(&session->split);
    assay_dataset_destroy(&session->data);
    assay_free(session);
}

void assay_results_add_printed(assay_section_results *results, const assay_printed_number *number, double ours)
{
    assay_result *result = &results->results[results->count++];
    *result = (assay_result){
        .printed = number->printed,
        .decimals = number->decimals,
        .ours = ours,
        .expected = number->printed,
        .error = assay_printed_error(number, ours),
        .allowed = number->tolerance,
        .basis = ASSAY_BASIS_PRINTED,
        .verdict = assay_printed_agrees(number, ours) ? ASSAY_VERDICT_AGREES : ASSAY_VERDICT_DIFFERS,
    };
    snprintf(result->label, sizeof result->label, "%s", number->label);
}

static void run_data(assay_session *session, assay_section_results *results)
{
    const assay_printed_number *numbers;
    assay_printed_numbers(ASSAY_SECTION_DATA, &numbers);
    double mean;
    double std;
    assay_dataset_moments(&session->data, &mean, &std);
    assay_results_add_printed(results, &numbers[0], mean);
    assay_results_add_printed(results, &numbers[1], std);
}

/* The first batch of the shuffled loader; std with n - 1, as torch.Tensor.std. */
static assay_status run_batch(assay_session *session, assay_section_results *results, assay_error *error)
{
    size_t width = session->data.width;
    size_t count = ASSAY_TUTORIAL_BATCH * width;
    uint32_t *order = assay_calloc(2 * session->split.train_count, sizeof *order, error);
    double *values = assay_calloc(count, sizeof *values, error);
    if (order == NULL || values == NULL) {
        assay_free(order);
        assay_free(values);
        return ASSAY_ERROR_MEMORY;
    }
    assay_mt19937 generator = session->after_split;
    assay_loader_shuffle(&generator, ASSAY_LOADER_TORCH_1_9, &session->split, order + session->split.train_count, order);
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)table[session->data.pixels[order[i / width] * width + i % width]];
    }
    assay_moments moments = assay_moments_f64(count, values);
    double ours[] = {moments.mean, sqrt(moments.variance * (double)count / (double)(count - 1)), moments.maximum,
                     moments.minimum};
    const assay_printed_number *numbers;
    size_t number_count = assay_printed_numbers(ASSAY_SECTION_BATCH, &numbers);
    for (size_t i = 0; i < number_count; i++) {
        assay_results_add_printed(results, &numbers[i], ours[i]);
    }
    assay_free(order);
    assay_free(values);
    return ASSAY_OK;
}

bool assay_session_has(assay_section section)
{
    return section <= ASSAY_SECTION_KAIMING_RELU;
}

assay_status assay_session_run(assay_session *session, assay_section section, assay_section_results *results,
                               assay_error *error)
{
    *results = (assay_section_results){.section = section};
    if (!assay_session_has(section)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "section '%s' is not one of the first half",
                          assay_section_name(section));
    }
    if (section == ASSAY_SECTION_DATA) {
        run_data(session, results);
        return ASSAY_OK;
    }
    if (section == ASSAY_SECTION_BATCH) {
        return run_batch(session, results, error);
    }
    if (section < session->next) {
        restart(session);
    }
    while (session->next <= section) {
        ASSAY_TRY(assay_session_initialize(session, session->next, error));
    }
    return assay_session_measure(session, section, results, error);
}

assay_network *assay_session_network(assay_session *session)
{
    return session->network;
}

const assay_dataset *assay_session_training_data(const assay_session *session)
{
    return &session->data;
}

const assay_split *assay_session_split(const assay_session *session)
{
    return &session->split;
}
