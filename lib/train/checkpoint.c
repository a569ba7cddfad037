/* A run on disk: everything that its next epoch depends on, so that a resumed run ends as one that never stopped. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/model/config.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/model/state.h>
#include "backend/update_descriptor.h"
#include "train/trainer_impl.h"

/* The format of checkpoints. Those of version 0.1 do not have the key, and numbers instead of names in "run". */
static const char FORMAT_KEY[] = "checkpoint_format";
static const char FORMAT[] = "2";

/* The words of the mt19937, its position, whether it keeps a normal number, and the bits of that double. */
enum { GENERATOR_NUMBERS = ASSAY_MT19937_WORDS + 3 };

static assay_dtype real_dtype(const assay_trainer *trainer)
{
    return assay_backend_precision(trainer->backend) == ASSAY_F32 ? ASSAY_DTYPE_F32 : ASSAY_DTYPE_F64;
}

static void download(assay_trainer *trainer, assay_slice from, void *to)
{
    if (real_dtype(trainer) == ASSAY_DTYPE_F32) {
        assay_download_f32(trainer->backend, from, to);
    } else {
        assay_download_f64(trainer->backend, from, to);
    }
}

static void upload(assay_trainer *trainer, assay_slice to, const void *from)
{
    if (real_dtype(trainer) == ASSAY_DTYPE_F32) {
        assay_upload_f32(trainer->backend, to, from);
    } else {
        assay_upload_f64(trainer->backend, to, from);
    }
}

/* Such as "best.layers.0.weight"; all names fit. */
typedef struct {
    char text[128];
} tensor_name;

static tensor_name name_of(const char *prefix, const assay_tensor *tensor)
{
    tensor_name name;
    snprintf(name.text, sizeof name.text, "%s%s", prefix, tensor->name);
    return name;
}

/* One tensor's part of a buffer that is laid out as the parameters are. */
static assay_slice part_for(assay_slice laid_out, const assay_tensor *tensor)
{
    return assay_part_of(laid_out, tensor->values.offset, tensor->values.count);
}

/* Adds each tensor of a buffer that is laid out as the network's parameters. */
static assay_status put_laid_out(assay_trainer *trainer, assay_state *state, const char *prefix, assay_slice laid_out,
                                 assay_error *error)
{
    for (size_t i = 0; i < assay_network_tensor_count(trainer->network); i++) {
        assay_tensor tensor = assay_network_tensor(trainer->network, i);
        const size_t shape[] = {tensor.rows, tensor.columns};
        void *data;
        ASSAY_TRY(assay_state_add(state, name_of(prefix, &tensor).text, real_dtype(trainer), tensor.is_bias ? 1 : 2,
                                  shape, &data, error));
        download(trainer, part_for(laid_out, &tensor), data);
    }
    return ASSAY_OK;
}

/* The stored tensor, or an error that names what is missing or has another size. */
static assay_status take(const assay_state *state, const char *path, const char *name, assay_dtype dtype, size_t count,
                         const assay_stored_tensor **tensor, assay_error *error)
{
    *tensor = assay_state_find(state, name);
    if (*tensor == NULL || (*tensor)->dtype != dtype || (*tensor)->count != count) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: is not a checkpoint of this run: it should hold %zu numbers of "
                          "type %s named '%s'",
                          path, count, assay_dtype_name(dtype), name);
    }
    return ASSAY_OK;
}

static assay_status take_laid_out(assay_trainer *trainer, const assay_state *state, const char *path,
                                  const char *prefix, assay_slice laid_out, assay_error *error)
{
    for (size_t i = 0; i < assay_network_tensor_count(trainer->network); i++) {
        assay_tensor tensor = assay_network_tensor(trainer->network, i);
        const assay_stored_tensor *stored;
        ASSAY_TRY(
            take(state, path, name_of(prefix, &tensor).text, real_dtype(trainer), tensor.values.count, &stored, error));
        upload(trainer, part_for(laid_out, &tensor), stored->data);
    }
    return ASSAY_OK;
}

/* What a checkpoint and the run that continues it must have in common, as text to compare. */
static char *fingerprint(const assay_trainer *trainer, assay_error *error)
{
    const assay_train_options *options = &trainer->options;
    char *settings = assay_optimizer_settings(&options->rule, error);
    char *text =
        settings == NULL
            ? NULL
            : assay_asprintf(
                  error,
                  "backend %s:%s; update rule %s with %s; initializer %s value %.17g fan %s gain %.17g first layer "
                  "%d; activation parameter %.17g; seed %llu; draws %s; batches of %zu; %zu training samples; "
                  "data %08" PRIx32,
                  assay_backend_name(trainer->backend), real_dtype(trainer) == ASSAY_DTYPE_F32 ? "f32" : "f64",
                  assay_update_rule_name(options->rule.kind), settings,
                  assay_initializer_name(options->initializer.kind), options->initializer.value,
                  options->initializer.fan == ASSAY_FAN_IN ? "in" : "out", options->initializer.gain,
                  (int)options->initializer.first_layer_without_gain, options->network.activation.parameter,
                  (unsigned long long)options->seed, options->draws->name, options->batch_rows, options->train_count,
                  trainer->data_checksum);
    assay_free(settings);
    return text;
}

static assay_status set_number(assay_state *state, const char *key, uint64_t number, assay_error *error)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return assay_state_set_text(state, key, text, error);
}

/* A whole number of the metadata, at most `limit`. */
static assay_status take_number(const assay_state *state, const char *path, const char *key, size_t limit,
                                size_t *number, assay_error *error)
{
    const char *text = assay_state_text(state, key);
    char *end = NULL;
    *number = 0;
    unsigned long long read = text != NULL && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (end == NULL || *end != '\0' || read > limit) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: is not a checkpoint of this run: its %s '%s' is not a number "
                          "from 0 to %zu",
                          path, key, text == NULL ? "" : text, limit);
    }
    *number = (size_t)read;
    return ASSAY_OK;
}

static assay_status put_metadata(assay_trainer *trainer, assay_state *state, assay_error *error)
{
    char *config;
    ASSAY_TRY(assay_model_config_print(&trainer->options.network, &config, error));
    assay_status status = assay_state_set_text(state, ASSAY_MODEL_CONFIG_KEY, config, error);
    assay_free(config);
    return status;
}

static assay_status put_progress(assay_trainer *trainer, assay_state *state, assay_error *error)
{
    char *run = fingerprint(trainer, error);
    assay_status status = run == NULL ? ASSAY_ERROR_MEMORY : assay_state_set_text(state, "run", run, error);
    assay_free(run);
    ASSAY_TRY(status);
    ASSAY_TRY(assay_state_set_text(state, FORMAT_KEY, FORMAT, error));
    ASSAY_TRY(set_number(state, "epochs_done", trainer->done, error));
    ASSAY_TRY(set_number(state, "best_epoch", trainer->best_epoch, error));
    ASSAY_TRY(set_number(state, "optimizer_steps", assay_optimizer_steps(trainer->optimizer), error));
    const size_t losses = trainer->done * trainer->steps;
    ASSAY_TRY(assay_state_put(state, "record.train_losses", ASSAY_DTYPE_F64, 1, &losses, trainer->losses, error));
    ASSAY_TRY(assay_state_put(state, "record.train_scores", ASSAY_DTYPE_F64, 1, &trainer->done, trainer->train_scores,
                              error));
    return assay_state_put(state, "record.val_scores", ASSAY_DTYPE_F64, 1, &trainer->done, trainer->validation_scores,
                           error);
}

static assay_status put_generator(const assay_trainer *trainer, assay_state *state, assay_error *error)
{
    const assay_mt19937 *generator = &trainer->generator.state.mt19937;
    int64_t numbers[GENERATOR_NUMBERS];
    for (size_t i = 0; i < ASSAY_MT19937_WORDS; i++) {
        numbers[i] = generator->word[i];
    }
    numbers[ASSAY_MT19937_WORDS] = generator->next;
    numbers[ASSAY_MT19937_WORDS + 1] = generator->has_normal;
    memcpy(&numbers[ASSAY_MT19937_WORDS + 2], &generator->normal, sizeof generator->normal);
    const size_t shape = GENERATOR_NUMBERS;
    return assay_state_put(state, "generator.mt19937", ASSAY_DTYPE_I64, 1, &shape, numbers, error);
}

static assay_status take_generator(assay_trainer *trainer, const assay_state *state, const char *path,
                                   assay_error *error)
{
    const assay_stored_tensor *stored;
    ASSAY_TRY(take(state, path, "generator.mt19937", ASSAY_DTYPE_I64, GENERATOR_NUMBERS, &stored, error));
    const int64_t *numbers = stored->data;
    assay_mt19937 *generator = &trainer->generator.state.mt19937;
    if (numbers[ASSAY_MT19937_WORDS] < 0 || numbers[ASSAY_MT19937_WORDS] > ASSAY_MT19937_WORDS) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the generator's place %lld is not from 0 to %d", path,
                          (long long)numbers[ASSAY_MT19937_WORDS], ASSAY_MT19937_WORDS);
    }
    for (size_t i = 0; i < ASSAY_MT19937_WORDS; i++) {
        generator->word[i] = (uint32_t)numbers[i];
    }
    generator->next = (uint32_t)numbers[ASSAY_MT19937_WORDS];
    generator->has_normal = numbers[ASSAY_MT19937_WORDS + 1] != 0;
    memcpy(&generator->normal, &numbers[ASSAY_MT19937_WORDS + 2], sizeof generator->normal);
    return ASSAY_OK;
}

static tensor_name slot_prefix(const assay_trainer *trainer, size_t slot)
{
    tensor_name name;
    snprintf(name.text, sizeof name.text, "optimizer.%s.",
             assay_optimizer_slot_name(assay_optimizer_rule(trainer->optimizer), slot));
    return name;
}

static assay_status put_everything(assay_trainer *trainer, assay_state *state, assay_error *error)
{
    ASSAY_TRY(put_metadata(trainer, state, error));
    ASSAY_TRY(put_progress(trainer, state, error));
    ASSAY_TRY(put_generator(trainer, state, error));
    ASSAY_TRY(put_laid_out(trainer, state, "", assay_network_parameters(trainer->network), error));
    ASSAY_TRY(put_laid_out(trainer, state, "best.", assay_whole(trainer->best), error));
    for (size_t slot = 0; slot < assay_optimizer_slots(trainer->optimizer); slot++) {
        ASSAY_TRY(put_laid_out(trainer, state, slot_prefix(trainer, slot).text,
                               assay_optimizer_state(trainer->optimizer, slot), error));
    }
    return assay_backend_check(trainer->backend, error);
}

assay_status assay_trainer_save(assay_trainer *trainer, const char *path, assay_error *error)
{
    assay_state *state;
    ASSAY_TRY(assay_state_create(&state, error));
    assay_status status = put_everything(trainer, state, error);
    if (status == ASSAY_OK) {
        status = assay_safetensors_write(path, state, error);
    }
    assay_state_destroy(state);
    return status;
}

assay_status assay_trainer_save_best(assay_trainer *trainer, const char *path, assay_error *error)
{
    assay_state *state;
    ASSAY_TRY(assay_state_create(&state, error));
    assay_status status = put_metadata(trainer, state, error);
    if (status == ASSAY_OK) {
        status = put_laid_out(trainer, state, "", assay_whole(trainer->best), error);
    }
    if (status == ASSAY_OK) {
        status = assay_backend_check(trainer->backend, error);
    }
    if (status == ASSAY_OK) {
        status = assay_safetensors_write(path, state, error);
    }
    assay_state_destroy(state);
    return status;
}

/* Refuses the checkpoint of another run. */
static assay_status check_run(assay_trainer *trainer, const assay_state *state, const char *path, assay_error *error)
{
    const char *text = assay_state_text(state, "run");
    const char *format = assay_state_text(state, FORMAT_KEY);
    char *run = fingerprint(trainer, error);
    if (run == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = ASSAY_OK;
    if (text == NULL) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: is not a training checkpoint", path);
    } else if (format == NULL || strcmp(format, FORMAT) != 0) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT,
                            "%s: is a checkpoint of another version of Assay, in format '%.20s' instead of '%s'; "
                            "finish the run with that version, or remove the file and start again",
                            path, format == NULL ? "1" : format, FORMAT);
    } else if (strcmp(text, run) != 0) {
        size_t same = 0;
        while (text[same] == run[same]) {
            same++;
        }
        while (same > 0 && run[same - 1] != ';') {
            same--;
        }
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: belongs to another run: there%s%.*s, here%s%.*s", path,
                            same > 0 ? "" : " ", (int)strcspn(text + same, ";"), text + same, same > 0 ? "" : " ",
                            (int)strcspn(run + same, ";"), run + same);
    }
    assay_free(run);
    return status;
}

static assay_status take_numbers(const assay_state *state, const char *path, const char *name, size_t count,
                                 double *numbers, assay_error *error)
{
    const assay_stored_tensor *stored;
    ASSAY_TRY(take(state, path, name, ASSAY_DTYPE_F64, count, &stored, error));
    if (count > 0) {
        memcpy(numbers, stored->data, count * sizeof *numbers);
    }
    return ASSAY_OK;
}

static assay_status take_everything(assay_trainer *trainer, const assay_state *state, const char *path,
                                    assay_error *error)
{
    size_t done;
    size_t best;
    size_t steps;
    ASSAY_TRY(take_number(state, path, "epochs_done", trainer->options.epochs, &done, error));
    ASSAY_TRY(take_number(state, path, "best_epoch", done > 0 ? done - 1 : 0, &best, error));
    ASSAY_TRY(take_number(state, path, "optimizer_steps", SIZE_MAX, &steps, error));
    ASSAY_TRY(take_numbers(state, path, "record.train_losses", done * trainer->steps, trainer->losses, error));
    ASSAY_TRY(take_numbers(state, path, "record.train_scores", done, trainer->train_scores, error));
    ASSAY_TRY(take_numbers(state, path, "record.val_scores", done, trainer->validation_scores, error));
    ASSAY_TRY(take_generator(trainer, state, path, error));
    ASSAY_TRY(take_laid_out(trainer, state, path, "", assay_network_parameters(trainer->network), error));
    ASSAY_TRY(take_laid_out(trainer, state, path, "best.", assay_whole(trainer->best), error));
    for (size_t slot = 0; slot < assay_optimizer_slots(trainer->optimizer); slot++) {
        ASSAY_TRY(take_laid_out(trainer, state, path, slot_prefix(trainer, slot).text,
                                assay_optimizer_state(trainer->optimizer, slot), error));
    }
    assay_optimizer_set_steps(trainer->optimizer, steps);
    trainer->done = done;
    trainer->best_epoch = best;
    return assay_backend_check(trainer->backend, error);
}

assay_status assay_trainer_load(assay_trainer *trainer, const char *path, assay_error *error)
{
    assay_state *state;
    ASSAY_TRY(assay_safetensors_read(path, &state, error));
    assay_status status = check_run(trainer, state, path, error);
    if (status == ASSAY_OK) {
        status = take_everything(trainer, state, path, error);
    }
    assay_state_destroy(state);
    return status;
}
