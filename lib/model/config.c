#include <assay/model/config.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "base/json.h"

enum { CONFIG_LIMIT = 1 << 17 };

/* --- JSON ------------------------------------------------------------------------------------------------------ */

static assay_status read_activation(json_t *json, const char *name, assay_activation *activation, assay_error *error)
{
    const char *text = json_string_value(json_object_get(json, "act_fn"));
    const json_t *parameter = json_object_get(json, "act_fn_parameter");
    if (text == NULL || assay_activation_by_name(text, activation, NULL) != ASSAY_OK) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: \"act_fn\" is %s%.40s, not an activation function that Assay knows", name,
                          text == NULL ? "missing" : "", text == NULL ? "" : text);
    }
    if (parameter != NULL) {
        activation->parameter = json_number_value(parameter);
        if (!(activation->parameter > 0.0)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"act_fn_parameter\" is not a number above 0", name);
        }
    }
    return ASSAY_OK;
}

static assay_status read_size(const json_t *json, const char *name, const char *what, size_t *size, assay_error *error)
{
    if (!json_is_integer(json) || json_integer_value(json) < 1) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %s is not a whole number above 0", name, what);
    }
    if (__builtin_add_overflow(json_integer_value(json), 0, size)) { /* ASSAY_EXCL_MCDC: where size_t has 32 bits */
        return assay_fail(error, ASSAY_ERROR_FORMAT,                 /* LCOV_EXCL_LINE: as above */
                          "%s: %s is too large for this machine's memory", name, what);
    }
    return ASSAY_OK;
}

static assay_status read_config(json_t *json, const char *name, assay_network_config *config, assay_error *error)
{
    const json_t *hidden = json_object_get(json, "hidden_sizes");
    ASSAY_TRY(read_activation(json, name, &config->activation, error));
    ASSAY_TRY(read_size(json_object_get(json, "input_size"), name, "\"input_size\"", &config->inputs, error));
    ASSAY_TRY(read_size(json_object_get(json, "num_classes"), name, "\"num_classes\"", &config->classes, error));
    if (!json_is_array(hidden)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"hidden_sizes\" is missing, or not a list", name);
    }
    if (json_array_size(hidden) > ASSAY_MAX_HIDDEN) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: %zu hidden layers are more than the %d that a network may have", name,
                          json_array_size(hidden), ASSAY_MAX_HIDDEN);
    }
    for (; config->hidden_count < json_array_size(hidden); config->hidden_count++) {
        ASSAY_TRY(read_size(json_array_get(hidden, config->hidden_count), name, "an entry of \"hidden_sizes\"",
                            &config->hidden[config->hidden_count], error));
    }
    return ASSAY_OK;
}

assay_status assay_model_config_parse(const char *text, size_t length, const char *name, assay_network_config *config,
                                      assay_error *error)
{
    *config = (assay_network_config){0};
    if (length > CONFIG_LIMIT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu bytes are more than the %d of a configuration", name,
                          length, CONFIG_LIMIT);
    }
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) { /* the byte order mark that editors of Windows write */
        text += 3;
        length -= 3;
    }
    json_error_t where;
    assay_status status;
    json_t *json = assay_json_load(text, length, &where, &status);
    if (json == NULL) {
        return assay_fail(error, status, "%s: the configuration is not good JSON: %s (line %d)", name, where.text,
                          where.line);
    }
    status = json_typeof(json) == JSON_OBJECT
                 ? read_config(json, name, config, error)
                 : assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the configuration is not a JSON object", name);
    json_decref(json);
    return status;
}

assay_status assay_model_config_print(const assay_network_config *config, char **text, assay_error *error)
{
    const assay_activation *activation = &config->activation;
    const assay_activation_descriptor *described = assay_activation_describe(activation->kind);
    json_t *hidden = json_array();
    bool whole = true; /* false if memory was out for a part, which jansson leaves out */
    for (size_t i = 0; i < config->hidden_count; i++) {
        whole = json_array_append_new(hidden, json_integer((json_int_t)config->hidden[i])) == 0 && whole;
    }
    json_t *json = json_pack(
        "{s:s, s:I, s:I, s:o}", "act_fn", described->torch_class != NULL ? described->torch_class : described->name,
        "input_size", (json_int_t)config->inputs, "num_classes", (json_int_t)config->classes, "hidden_sizes", hidden);
    if (activation->parameter != described->parameter) {
        whole = json_object_set_new(json, "act_fn_parameter", json_real(activation->parameter)) == 0 && whole;
    }
    char *dumped = whole ? assay_json_print(json, 0) : NULL;
    json_decref(json);
    *text = dumped == NULL ? NULL : assay_strdup(dumped, error);
    free(dumped);
    return *text == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a configuration") : ASSAY_OK;
}

/* --- shapes ---------------------------------------------------------------------------------------------------- */

assay_status assay_model_config_compare(const assay_network_config *shapes, const assay_network_config *written,
                                        const char *name, assay_error *error)
{
    if (shapes->inputs != written->inputs || shapes->classes != written->classes ||
        shapes->hidden_count != written->hidden_count) {
        return assay_fail(
            error, ASSAY_ERROR_FORMAT,
            "%s: the configuration says %zu inputs, %zu hidden layers, %zu classes; the weights have %zu, %zu, "
            "%zu",
            name, written->inputs, written->hidden_count, written->classes, shapes->inputs, shapes->hidden_count,
            shapes->classes);
    }
    for (size_t i = 0; i < shapes->hidden_count; i++) {
        if (shapes->hidden[i] != written->hidden[i]) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: the configuration says %zu for hidden layer %zu; the weights have %zu", name,
                              written->hidden[i], i, shapes->hidden[i]);
        }
    }
    return ASSAY_OK;
}
