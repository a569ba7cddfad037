#include <assay/tutorial/session.h>

#include <math.h>

#include <assay/base/alloc.h>
#include <assay/random/mt19937.h>
#include <assay/stats/moments.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>
#include "tutorial/results_impl.h"

struct assay_session {
    assay_backend *backend;
    assay_session_options options;
    assay_dataset data;
    assay_split split;
    assay_mt19937 after_split; /* the default generator after the split: the batch of cell [8] draws from here */
    assay_generator generator; /* draws the weights */
    size_t next;               /* the first experiment whose weights have not been drawn yet */
    assay_batches *batches;    /* the ASSAY_TUTORIAL_BATCH images of the experiments are loaded */
    assay_network *network;
};

assay_session_options assay_session_defaults(void)
{
    return (assay_session_options){
        .data_folder = ASSAY_DEFAULT_DATA,
        .generator = ASSAY_GENERATOR_PHILOX,
        .seed = ASSAY_TUTORIAL_SEED,
        .blocks = ASSAY_TUTORIAL_BLOCKS,
    };
}

static void restart(assay_session *session)
{
    const assay_session_options *options = &session->options;
    assay_generator_seed(&session->generator, options->generator, options->seed, options->blocks);
    session->next = 0;
}

static assay_status fill_session(assay_session *session, assay_error *error)
{
    const char *folder = session->options.data_folder;
    ASSAY_TRY(assay_dataset_load(folder, ASSAY_TRAIN, &session->data, error));
    if (session->data.count <= ASSAY_TUTORIAL_TRAIN_COUNT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu training images; the tutorial's split needs more than %d",
                          folder, session->data.count, ASSAY_TUTORIAL_TRAIN_COUNT);
    }
    assay_mt19937_seed(&session->after_split, ASSAY_TUTORIAL_SEED);
    ASSAY_TRY(assay_split_create(&session->after_split, session->data.count, ASSAY_TUTORIAL_TRAIN_COUNT,
                                 &session->split, error));
    ASSAY_TRY(assay_batches_create(session->backend, &session->data, ASSAY_TUTORIAL_BATCH, &session->batches, error));
    assay_batches_order(session->batches, session->split.train, session->split.train_count);
    assay_batches_load(session->batches, 0, ASSAY_TUTORIAL_BATCH);
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
    assay_batches_destroy(session->batches);
    assay_split_destroy(&session->split);
    assay_dataset_destroy(&session->data);
    assay_free(session);
}

assay_status assay_session_measure_data(assay_session *session, assay_section_results *results, assay_error *error)
{
    (void)error;
    const assay_printed_number *numbers;
    assay_printed_numbers(ASSAY_SECTION_DATA, &numbers);
    double mean;
    double std;
    assay_dataset_moments(&session->data, &mean, &std);
    assay_results_add_printed(results, &numbers[0], mean);
    assay_results_add_printed(results, &numbers[1], std);
    return ASSAY_OK;
}

/* The first batch of the shuffled loader; std with n - 1, as torch.Tensor.std. */
assay_status assay_session_measure_batch(assay_session *session, assay_section_results *results, assay_error *error)
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
    assay_loader_shuffle(&generator, ASSAY_LOADER_TORCH_1_9, &session->split, order + session->split.train_count,
                         order);
    float table[256];
    assay_normalization_table(session->data.mean, session->data.std, table);
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

/* Weights that are drawn as the tutorial's give its numbers; others can only be judged by the theory. */
static bool draws_as_printed(const assay_session *session, const assay_experiment *experiment)
{
    assay_session_options tutorial = assay_session_defaults();
    const assay_session_options *options = &session->options;
    return experiment->initializer.kind == ASSAY_INIT_CONSTANT ||
           (options->generator == tutorial.generator && options->seed == tutorial.seed &&
            options->blocks == tutorial.blocks);
}

assay_status assay_session_run_experiment(assay_session *session, const assay_experiment *experiment,
                                          assay_section_results *results, assay_error *error)
{
    size_t place = 0;
    while (assay_experiment_at(place)->section != experiment->section) {
        place++;
    }
    if (place < session->next) {
        restart(session);
    }
    for (; session->next <= place; session->next++) {
        ASSAY_TRY(assay_experiment_draw(assay_experiment_at(session->next), session->backend, &session->generator,
                                        &session->network, error));
    }
    return assay_experiment_measure(experiment, session->network,
                                    assay_batches_inputs(session->batches, ASSAY_TUTORIAL_BATCH),
                                    assay_batches_labels(session->batches, ASSAY_TUTORIAL_BATCH),
                                    draws_as_printed(session, experiment), results, error);
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
