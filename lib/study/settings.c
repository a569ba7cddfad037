#include "study/settings.h"

#include <math.h>
#include <string.h>

#include <assay/base/names.h>
#include <assay/optim/optimizer.h>

/* What the descriptors read from, and what must wait until all are read. */
typedef struct {
    study_settings *settings;
    const char *optimizer;
    const char *optimizer_settings; /* "beta1=0.8,eps=1e-4" */
    double rate;                    /* NaN: the optimizer's default */
} reading;

typedef assay_status setting_reader(const json_t *value, reading *to, assay_error *error);

static assay_status text_of(const json_t *value, const char **text, assay_error *error)
{
    *text = json_string_value(value);
    return *text != NULL ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_ARGUMENT, "must be a text");
}

static assay_status size_of(const json_t *value, json_int_t least, json_int_t most, size_t *size, assay_error *error)
{
    json_int_t number = json_integer_value(value);
    if (json_typeof(value) != JSON_INTEGER || number < least || number > most) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "must be a whole number from %lld to %lld", (long long)least,
                          (long long)most);
    }
    *size = (size_t)number;
    return ASSAY_OK;
}

static assay_status real_of(const json_t *value, double least, double *real, assay_error *error)
{
    double number = json_number_value(value);
    bool right = json_typeof(value) == JSON_INTEGER || json_typeof(value) == JSON_REAL;
    if (!right || !(number >= least)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "must be a number not below %g", least);
    }
    *real = number;
    return ASSAY_OK;
}

static assay_status read_optimizer(const json_t *value, reading *to, assay_error *error)
{
    return text_of(value, &to->optimizer, error);
}

static assay_status read_rate(const json_t *value, reading *to, assay_error *error)
{
    return real_of(value, 0.0, &to->rate, error);
}

static assay_status read_optimizer_settings(const json_t *value, reading *to, assay_error *error)
{
    return text_of(value, &to->optimizer_settings, error);
}

static assay_status read_epochs(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, 1000000, &to->settings->train.epochs, error);
}

static assay_status read_batch(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, 1000000, &to->settings->train.batch_rows, error);
}

static assay_status read_train_count(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, 1000000000, &to->settings->train.train_count, error);
}

static assay_status read_validation_count(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, 1000000000, &to->settings->validation_count, error);
}

static assay_status read_hidden(const json_t *value, reading *to, assay_error *error)
{
    const char *text;
    ASSAY_TRY(text_of(value, &text, error));
    return assay_network_parse_hidden(text, &to->settings->train.network, error);
}

static assay_status read_depth(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, ASSAY_MAX_HIDDEN, &to->settings->depth, error);
}

static assay_status read_width(const json_t *value, reading *to, assay_error *error)
{
    return size_of(value, 1, 1000000, &to->settings->width, error);
}

static assay_status read_activation(const json_t *value, reading *to, assay_error *error)
{
    const char *name;
    ASSAY_TRY(text_of(value, &name, error));
    return assay_activation_by_name(name, &to->settings->train.network.activation, error);
}

static assay_status read_initializer(const json_t *value, reading *to, assay_error *error)
{
    const char *name;
    ASSAY_TRY(text_of(value, &name, error));
    return assay_initializer_by_name(name, &to->settings->train.initializer, error);
}

static assay_status read_initial_value(const json_t *value, reading *to, assay_error *error)
{
    return real_of(value, -HUGE_VAL, &to->settings->train.initializer.value, error);
}

static assay_status read_gain(const json_t *value, reading *to, assay_error *error)
{
    return real_of(value, 0.0, &to->settings->train.initializer.gain, error);
}

/* In the order in which they are read: a name of an initializer before the values that change it. */
static const struct {
    const char *name;
    setting_reader *read;
} readers[] = {
    {"optimizer", read_optimizer},
    {"lr", read_rate},
    {"set", read_optimizer_settings},
    {"epochs", read_epochs},
    {"batch", read_batch},
    {"train_count", read_train_count},
    {"validation_count", read_validation_count},
    {"hidden", read_hidden},
    {"depth", read_depth},
    {"width", read_width},
    {"activation", read_activation},
    {"init", read_initializer},
    {"init_value", read_initial_value},
    {"init_gain", read_gain},
};
enum { READERS = sizeof readers / sizeof *readers };

static assay_status check_names(const json_t *object, assay_error *error)
{
    json_t *settings = (json_t *)(uintptr_t)object; /* jansson's iterators are not for constants */
    for (void *at = json_object_iter(settings); at != NULL; at = json_object_iter_next(settings, at)) {
        const char *key = json_object_iter_key(at);
        size_t index;
        ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(readers, name), "setting", key, &index, error));
        if (strcmp(key, readers[index].name) != 0) { /* settings are looked up by their own spelling below */
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the setting '%s' is spelt '%s'", key, readers[index].name);
        }
    }
    return ASSAY_OK;
}

/* What one setting alone cannot know: settings that belong together. */
static assay_status finish(const reading *read, assay_error *error)
{
    study_settings *settings = read->settings;
    assay_update_rule *rule = &settings->train.rule;
    ASSAY_TRY(assay_fail_in(error, assay_optimizer_by_name(read->optimizer, rule, error), "optimizer"));
    if (read->optimizer_settings != NULL) {
        ASSAY_TRY(assay_optimizer_set(rule, read->optimizer_settings, error));
    }
    if (!isnan(read->rate)) {
        rule->learning_rate = read->rate; /* real_of has checked it */
    }
    if ((settings->depth == 0) != (settings->width == 0)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the settings 'depth' and 'width' belong together: give both");
    }
    if (settings->depth > 0) {
        settings->train.network.hidden_count = settings->depth;
        for (size_t i = 0; i < settings->depth; i++) {
            settings->train.network.hidden[i] = settings->width;
        }
    }
    return ASSAY_OK;
}

assay_status study_settings_read(const json_t *object, study_settings *settings, assay_error *error)
{
    *settings = (study_settings){
        .train = {.network = {.activation = assay_activation_default(ASSAY_RELU)},
                  .initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL),
                  .epochs = 1,
                  .batch_rows = 128},
    };
    reading read = {.settings = settings, .optimizer = "sgd", .rate = NAN};
    ASSAY_TRY(check_names(object, error));
    for (size_t i = 0; i < READERS; i++) {
        const json_t *value = json_object_get(object, readers[i].name);
        if (value != NULL) {
            ASSAY_TRY(assay_fail_in(error, readers[i].read(value, &read, error), readers[i].name));
        }
    }
    return finish(&read, error);
}
