#include "grade/exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "grade/npy.h"

/* --- requests ----------------------------------------------------------------------------------------------------- */

static json_t *nested_array(const grade_field *field, size_t dimension, const double **next)
{
    if (dimension >= field->rank || dimension >= GRADE_MAX_RANK) {
        double value = *(*next)++;
        return field->kind == GRADE_INTEGER ? json_integer((json_int_t)value) : json_real(value);
    }
    json_t *array = json_array();
    for (size_t i = 0; i < field->shape[dimension]; i++) {
        if (json_array_append_new(array, nested_array(field, dimension + 1, next)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static assay_status npy_reference(const grade_field *field, int id, const grade_folder *folder, json_t **value,
                                  assay_error *error)
{
    char *here = assay_asprintf(error, "%s/%d.%s.npy", folder->here, id, field->name);
    if (here == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_npy_write(here, field, error);
    assay_free(here);
    ASSAY_TRY(status);
    char *there = assay_asprintf(error, "%s/%d.%s.npy", folder->there, id, field->name);
    if (there != NULL) {
        *value = json_pack("{s:s}", "npy", there);
    }
    assay_free(there);
    return ASSAY_OK;
}

static assay_status field_json(const grade_field *field, int id, const grade_folder *folder, json_t **value,
                               assay_error *error)
{
    *value = NULL;
    if (field->kind == GRADE_TEXT) {
        *value = json_string(field->text);
    } else if (folder->here != NULL && field->rank > 0) {
        ASSAY_TRY(npy_reference(field, id, folder, value, error));
    } else {
        const double *next = field->values;
        *value = nested_array(field, 0, &next);
    }
    return *value == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request") : ASSAY_OK;
}

assay_status assay_grade_inputs_json(const grade_case *graded, int id, const grade_folder *folder, json_t **inputs,
                                     assay_error *error)
{
    *inputs = json_object();
    for (size_t i = 0; i < graded->inputs.count; i++) {
        json_t *value;
        assay_status status = field_json(&graded->inputs.field[i], id, folder, &value, error);
        if (status != ASSAY_OK) {
            json_decref(*inputs);
            return status;
        }
        if (json_object_set_new(*inputs, graded->inputs.field[i].name, value) != 0) {
            json_decref(*inputs);
            return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request");
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_request(const grade_case *graded, int id, const grade_folder *folder, char **line,
                                 assay_error *error)
{
    *line = NULL;
    json_t *inputs;
    ASSAY_TRY(assay_grade_inputs_json(graded, id, folder, &inputs, error));
    json_t *request = json_pack("{s:i, s:s, s:o}", "id", id, "call", graded->component->name, "inputs", inputs);
    char *text = assay_json_print(request, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(request);
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request");
    }
    *line = assay_asprintf(error, "%s\n", text);
    free(text);
    return *line == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

/* --- replies ------------------------------------------------------------------------------------------------------ */

/*
 * Python's json module writes NaN and Infinity bare, which is not JSON. Outside strings they become null, "x" and "-x",
 * padded: texts of the same length, so the line can be changed in place.
 */
static void quote_non_finite(char *line, size_t length)
{
    static const struct {
        const char *bare;
        const char *quoted;
    } tokens[] = {{"-Infinity", "\"-inf\"   "}, {"Infinity", "\"inf\"   "}, {"NaN", "\"\" "}};
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '"') {
            inside = !inside;
        } else if (line[i] == '\\' && inside) {
            i++;
        }
        for (size_t t = 0; t < sizeof tokens / sizeof tokens[0] && !inside; t++) {
            size_t size = strlen(tokens[t].bare);
            if (length - i >= size && memcmp(line + i, tokens[t].bare, size) == 0) {
                memcpy(line + i, tokens[t].quoted, size);
                i += size - 1;
                break;
            }
        }
    }
}

static bool number_of(const json_t *value, double *number)
{
    if (json_is_number(value)) {
        *number = json_number_value(value);
        return true;
    }
    static const struct {
        const char *text;
        double value;
    } names[] = {
        {"", NAN},          {"NaN", NAN},           {"nan", NAN},          {"inf", INFINITY}, {"Infinity", INFINITY},
        {"-inf", -INFINITY}, {"-Infinity", -INFINITY},
    };
    const char *text = json_string_value(value);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && text != NULL; i++) {
        if (strcmp(text, names[i].text) == 0) {
            *number = names[i].value;
            return true;
        }
    }
    return false;
}

/* Fills the field's values from `next` on; false where a length or an element is not as it should be. */
static bool read_nested(const json_t *value, const grade_field *field, size_t dimension, double **next)
{
    if (dimension >= field->rank || dimension >= GRADE_MAX_RANK) {
        return number_of(value, (*next)++);
    }
    if (!json_is_array(value) || json_array_size(value) != field->shape[dimension]) {
        return false;
    }
    for (size_t i = 0; i < field->shape[dimension]; i++) {
        if (!read_nested(json_array_get(value, i), field, dimension + 1, next)) {
            return false;
        }
    }
    return true;
}

/* The shape of a reply's array, as its first elements show it. */
static void found_shape(const json_t *value, char *text, size_t size)
{
    size_t shape[GRADE_MAX_RANK + 1];
    size_t rank = 0;
    while (json_is_array(value) && rank <= GRADE_MAX_RANK) {
        shape[rank++] = json_array_size(value);
        value = json_array_get(value, 0);
    }
    double ignored;
    if (rank == 0 && !number_of(value, &ignored)) {
        snprintf(text, size, "no number");
        return;
    }
    assay_grade_shape_text(rank, shape, text, size);
}

static void set_verdict(grade_answer *answer, grade_verdict verdict, const char *detail)
{
    answer->verdict = verdict;
    snprintf(answer->detail, sizeof answer->detail, "%.*s", GRADE_TEXT_LENGTH - 1, detail);
}

/* A reply may name a file of the exchange folder by its path there, or by its bare name; nothing else. */
static assay_status read_npy(const char *name, const grade_folder *folder, grade_field *field,
                             grade_answer *answer, assay_error *error)
{
    size_t prefix = folder->here == NULL ? 0 : strlen(folder->there);
    if (prefix > 0 && strncmp(name, folder->there, prefix) == 0 && name[prefix] == '/') {
        name += prefix + 1;
    }
    if (prefix == 0 || strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
        set_verdict(answer, GRADE_REPLY, "a .npy file outside the exchange folder; start the grader with --npy");
        return ASSAY_OK;
    }
    assay_error wrong = {0};
    char *path = assay_asprintf(&wrong, "%s/%s", folder->here, name);
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : assay_npy_read(path, field, &wrong);
    assay_free(path);
    if (status == ASSAY_ERROR_MEMORY || status == ASSAY_ERROR_IO) {
        return assay_fail(error, status, "%s", wrong.message);
    }
    if (status != ASSAY_OK) {
        const char *slash = strrchr(wrong.message, '/'); /* the folder's name is ours, the file's is the submission's */
        set_verdict(answer, status == ASSAY_ERROR_ARGUMENT ? GRADE_SHAPE : GRADE_REPLY,
                    slash == NULL ? wrong.message : slash + 1);
    }
    return ASSAY_OK;
}

/* Sets another verdict where the output is not as it should be. */
static assay_status read_output(const json_t *outputs, grade_field *field, const grade_folder *folder,
                                grade_answer *answer, assay_error *error)
{
    const json_t *value = json_object_get(outputs, field->name);
    if (value == NULL) {
        answer->verdict = GRADE_SHAPE;
        snprintf(answer->detail, sizeof answer->detail, "%s: not among the outputs", field->name);
        return ASSAY_OK;
    }
    const char *npy = json_string_value(json_object_get(value, "npy"));
    if (npy != NULL) {
        return read_npy(npy, folder, field, answer, error);
    }
    double *next = field->values;
    if (read_nested(value, field, 0, &next)) {
        return ASSAY_OK;
    }
    char want[64];
    char got[64];
    assay_grade_shape_text(field->rank, field->shape, want, sizeof want);
    found_shape(value, got, sizeof got);
    answer->verdict = GRADE_SHAPE;
    snprintf(answer->detail, sizeof answer->detail, "%s: expected %s, got %s", field->name, want,
             strcmp(want, got) == 0 ? "rows of different lengths, or elements that are no numbers" : got);
    return ASSAY_OK;
}

/* Printable ASCII, cut: what a submission writes goes to a terminal and into reports. */
static void quote_text(const char *text, size_t length, char *quoted, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 4 < size; i++) {
        quoted[used++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    snprintf(quoted + used, size - used, "%s", used < length ? "..." : "");
}

static assay_status read_reply(json_t *reply, int id, const grade_folder *folder, grade_answer *answer,
                               assay_error *error)
{
    const char *refused = json_string_value(json_object_get(reply, "error"));
    const char *modified = json_string_value(json_object_get(reply, "input_modified"));
    if (json_integer_value(json_object_get(reply, "id")) != id || !json_is_integer(json_object_get(reply, "id"))) {
        answer->verdict = GRADE_REPLY;
        snprintf(answer->detail, sizeof answer->detail, "a reply without \"id\": %d", id);
    } else if (refused != NULL) {
        answer->verdict = GRADE_REFUSED;
        quote_text(refused, strlen(refused), answer->detail, 200);
    } else if (json_is_true(json_object_get(reply, "missing"))) {
        answer->verdict = GRADE_MISSING;
    } else {
        answer->verdict = GRADE_PASS;
        for (size_t f = 0; f < answer->outputs.count && answer->verdict == GRADE_PASS; f++) {
            ASSAY_TRY(read_output(json_object_get(reply, "outputs"), &answer->outputs.field[f], folder, answer, error));
        }
        if (modified != NULL && answer->verdict == GRADE_PASS) {
            quote_text(modified, strlen(modified), answer->modified, sizeof answer->modified);
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_reply(char *line, size_t length, int id, const grade_folder *folder, grade_answer *answer,
                               assay_error *error)
{
    char shown[80];
    quote_text(line, length, shown, sizeof shown);
    quote_non_finite(line, length);
    json_error_t where;
    assay_status status;
    json_t *reply = assay_json_load(line, length, &where, &status);
    if (status == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, status, "out of memory for a reply");
    }
    status = ASSAY_OK;
    if (!json_is_object(reply)) {
        answer->verdict = GRADE_REPLY;
        snprintf(answer->detail, sizeof answer->detail, "not a JSON object: %s", shown);
    } else {
        status = read_reply(reply, id, folder, answer, error);
    }
    json_decref(reply);
    return status;
}

assay_status assay_grade_hello(char *line, size_t length, grade_precision *precision, json_t **functions,
                               assay_error *error)
{
    char shown[80];
    quote_text(line, length, shown, sizeof shown);
    json_error_t where;
    assay_status status;
    json_t *reply = assay_json_load(line, length, &where, &status);
    if (status == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, status, "out of memory for the reply to hello");
    }
    const json_t *bits = json_object_get(reply, "precision");
    if (!json_is_object(reply) || (bits != NULL && json_integer_value(bits) != 32 && json_integer_value(bits) != 64)) {
        json_decref(reply);
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "the reply to hello is not {\"functions\": [...], \"precision\": 64}: %s", shown);
    }
    *precision = json_integer_value(bits) == 32 ? GRADE_F32 : GRADE_F64;
    *functions = json_incref(json_object_get(reply, "functions"));
    json_decref(reply);
    return ASSAY_OK;
}
