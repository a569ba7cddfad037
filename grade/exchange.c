#include "grade/exchange.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "grade/findings.h"
#include "grade/npy.h"
#include "grade/shape.h"
#include "grade/text.h"

/* --- requests ----------------------------------------------------------------------------------------------------- */

static json_t *nested_array(const grade_field *field, size_t dimension, const double **next)
{
    if (dimension >= field->rank || dimension >= GRADE_MAX_RANK) {
        double value = *(*next)++;
        return field->kind == GRADE_INTEGER ? json_integer((json_int_t)value) : json_real(value);
    }
    json_t *array = json_array();
    bool row = field->ragged && dimension + 1 == field->rank;
    for (size_t i = 0; i < field->shape[dimension]; i++) {
        if (row && **next < 0.0) {
            ++*next; /* fills the row up */
        } else if (json_array_append_new(array, nested_array(field, dimension + 1, next)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

enum { FILE_NAME = GRADE_NAME_LENGTH + 24 };

static const char *file_name(char name[FILE_NAME], const grade_field *field, int id)
{
    snprintf(name, FILE_NAME, "%d.%s.npy", id, field->name);
    return name;
}

static assay_status npy_reference(const grade_field *field, int id, const grade_folders *folders, json_t **value,
                                  assay_error *error)
{
    char name[FILE_NAME];
    ASSAY_TRY(assay_npy_write(folders->inputs, file_name(name, field, id), field, error));
    bool bare = folders->inputs_there == NULL;
    char *there = assay_asprintf(error, "%s%s%s", bare ? "" : folders->inputs_there, bare ? "" : "/", name);
    *value = there == NULL ? NULL : json_pack("{s:s}", "npy", there);
    assay_free(there);
    if (*value == NULL) {
        (void)unlinkat(folders->inputs, name, 0);
    }
    return ASSAY_OK; /* the caller checks for a missing value */
}

static bool is_file(const grade_field *field, const grade_folders *folders)
{
    return folders->inputs >= 0 && field->kind != GRADE_TEXT && field->rank > 0;
}

static void remove_first(const grade_case *graded, size_t count, int id, const grade_folders *folders)
{
    char name[FILE_NAME];
    for (size_t i = 0; i < count; i++) {
        if (is_file(&graded->inputs.field[i], folders)) {
            (void)unlinkat(folders->inputs, file_name(name, &graded->inputs.field[i], id), 0);
        }
    }
}

void assay_grade_inputs_remove(const grade_case *graded, int id, const grade_folders *folders)
{
    remove_first(graded, graded->inputs.count, id, folders);
}

static assay_status field_json(const grade_field *field, int id, const grade_folders *folders, json_t **value,
                               assay_error *error)
{
    *value = NULL;
    if (field->kind == GRADE_TEXT) {
        *value = json_string(field->text);
    } else if (is_file(field, folders)) {
        ASSAY_TRY(npy_reference(field, id, folders, value, error));
    } else {
        const double *next = field->values;
        *value = nested_array(field, 0, &next);
    }
    return *value == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request") : ASSAY_OK;
}

assay_status assay_grade_inputs_json(const grade_case *graded, int id, const grade_folders *folders, json_t **inputs,
                                     assay_error *error)
{
    *inputs = json_object();
    for (size_t i = 0; i < graded->inputs.count; i++) {
        json_t *value;
        assay_status status = field_json(&graded->inputs.field[i], id, folders, &value, error);
        if (status == ASSAY_OK && json_object_set_new(*inputs, graded->inputs.field[i].name, value) != 0) {
            status = assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request");
            i++; /* its file is there */
        }
        if (status != ASSAY_OK) {
            remove_first(graded, i, id, folders);
            json_decref(*inputs);
            return status;
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_request(const grade_case *graded, int id, const grade_folders *folders, char **line,
                                 assay_error *error)
{
    *line = NULL;
    json_t *inputs;
    ASSAY_TRY(assay_grade_inputs_json(graded, id, folders, &inputs, error));
    json_t *request = json_pack("{s:i, s:s, s:o}", "id", id, "call", graded->component->name, "inputs", inputs);
    char *text = assay_json_print(request, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(request);
    *line = text == NULL ? NULL : assay_asprintf(error, "%s\n", text);
    free(text);
    if (*line == NULL) {
        assay_grade_inputs_remove(graded, id, folders);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a request");
    }
    return ASSAY_OK;
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
    if (json_is_null(value)) { /* what JSON.stringify makes of NaN and of infinities */
        *number = NAN;
        return true;
    }
    /* clang-format off */
    static const struct {
        const char *text;
        double value;
    } names[] = {
        {"", NAN},          {"NaN", NAN},           {"nan", NAN},          {"inf", INFINITY}, {"Infinity", INFINITY},
        {"-inf", -INFINITY}, {"-Infinity", -INFINITY},
    };
    /* clang-format on */
    const char *text = json_string_value(value);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && text != NULL; i++) {
        if (strcmp(text, names[i].text) == 0) {
            *number = names[i].value;
            return true;
        }
    }
    return false;
}

/* A reply's array: as many axes as its first elements show. */
typedef struct {
    size_t rank;
    size_t shape[GRADE_MAX_RANK + 1];
} found_array;

static found_array find_shape(const json_t *value)
{
    found_array found = {0};
    while (json_is_array(value) && found.rank <= GRADE_MAX_RANK) {
        found.shape[found.rank++] = json_array_size(value);
        value = json_array_get(value, 0);
    }
    return found;
}

/* Whether all rows are of the lengths that the first ones show, and all elements are numbers. */
static bool is_regular(const json_t *value, const found_array *found, size_t axis)
{
    double ignored;
    if (axis >= found->rank || axis > GRADE_MAX_RANK) {
        return number_of(value, &ignored);
    }
    bool regular = json_is_array(value) && json_array_size(value) == found->shape[axis];
    for (size_t i = 0; regular && i < found->shape[axis]; i++) {
        regular = is_regular(json_array_get(value, i), found, axis + 1);
    }
    return regular;
}

/* Writes the numbers of a regular array from `next` on, in their order. */
static void read_nested(const json_t *value, double **next)
{
    if (!json_is_array(value)) {
        (void)number_of(value, (*next)++);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        read_nested(json_array_get(value, i), next);
    }
}

static void set_verdict(grade_answer *answer, grade_verdict verdict, const char *detail)
{
    answer->verdict = verdict;
    snprintf(answer->detail, sizeof answer->detail, "%.*s", GRADE_TEXT_LENGTH - 1, detail);
}

/* The verdict after a file was read: a failure is the submission's fault unless it was ours. */
static assay_status file_verdict(assay_status status, const assay_error *wrong, grade_answer *answer,
                                 assay_error *error)
{
    if (status == ASSAY_ERROR_MEMORY || status == ASSAY_ERROR_IO) {
        return assay_fail(error, status, "%s", wrong->message);
    }
    if (status != ASSAY_OK) {
        answer->verdict = status == ASSAY_ERROR_ARGUMENT ? GRADE_SHAPE : GRADE_REPLY;
        assay_grade_text_clean(wrong->message, strlen(wrong->message), answer->detail, sizeof answer->detail);
    }
    return ASSAY_OK;
}

/* A reply may name a file of the folder for outputs by its path there, or by its bare name; nothing else. */
static assay_status read_npy(const char *name, const grade_folders *folders, grade_field *field, grade_answer *answer,
                             assay_error *error)
{
    if (folders->outputs < 0) {
        set_verdict(answer, GRADE_REPLY, "names a .npy file, but arrays are inline; start the grader with --npy");
        return ASSAY_OK;
    }
    size_t prefix = strlen(folders->outputs_there);
    if (strncmp(name, folders->outputs_there, prefix) == 0 && name[prefix] == '/') {
        name += prefix + 1;
    }
    assay_error wrong = {0};
    if (strchr(name, '/') != NULL || strcmp(name, "..") == 0) {
        char shown[80];
        assay_grade_text_clean(name, strlen(name), shown, sizeof shown);
        snprintf(answer->detail, sizeof answer->detail, "%s is outside %s; write outputs there, without folders", shown,
                 folders->outputs_there);
        answer->verdict = GRADE_REPLY;
        return ASSAY_OK;
    }
    return file_verdict(assay_npy_read(folders->outputs, name, field, &wrong), &wrong, answer, error);
}

/* A vector that is too short. */
static void fill_up(const json_t *value, grade_field *field)
{
    double *next = field->values;
    for (size_t i = 0; i < field->count; i++) {
        field->values[i] = GRADE_SENTINEL;
    }
    read_nested(value, &next);
}

/* Reads an array that is inline. Sets another verdict where it has no numbers, or not as many as it should have. */
static void read_array(const json_t *value, grade_field *field, grade_answer *answer)
{
    char want[64];
    const found_array found = find_shape(value);
    bool regular = found.rank > GRADE_MAX_RANK || is_regular(value, &found, 0);
    bool null = json_is_null(value) && field->rank > 0; /* alone it is NaN only where one number is expected */
    field->deviation = NULL;
    if (regular && field->ragged && found.rank == 1 && found.shape[0] > 0 && found.shape[0] < field->count) {
        fill_up(value, field);
        return;
    }
    if (regular && !null && assay_grade_shape_compare(field, found.rank, found.shape)) {
        double *next = field->values;
        read_nested(value, &next);
        return;
    }
    assay_grade_shape_text(field->rank, field->shape, want, sizeof want);
    answer->verdict = GRADE_SHAPE;
    snprintf(answer->detail, sizeof answer->detail, "%s: expected %s, got %s", field->name, want,
             null || (!regular && found.rank == 0) ? "no number"
             : regular                             ? field->found_shape
                                                   : "rows of different lengths, or elements that are not numbers");
}

/* Sets another verdict where the output is not as it should be. */
static assay_status read_output(const json_t *outputs, grade_field *field, const grade_folders *folders,
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
        return read_npy(npy, folders, field, answer, error);
    }
    read_array(value, field, answer);
    return ASSAY_OK;
}

static assay_status read_reply(json_t *reply, int id, const grade_folders *folders, grade_answer *answer,
                               assay_error *error)
{
    const char *refused = json_string_value(json_object_get(reply, "error"));
    const char *modified = json_string_value(json_object_get(reply, "input_modified"));
    if (json_integer_value(json_object_get(reply, "id")) != id || !json_is_integer(json_object_get(reply, "id"))) {
        answer->verdict = GRADE_REPLY;
        snprintf(answer->detail, sizeof answer->detail, "a reply without \"id\": %d", id);
    } else if (refused != NULL) {
        answer->verdict = GRADE_REFUSED;
        assay_grade_text_clean(refused, strlen(refused), answer->detail, 200);
    } else if (json_is_true(json_object_get(reply, "missing"))) {
        const char *why = json_string_value(json_object_get(reply, "because"));
        answer->verdict = GRADE_MISSING;
        assay_grade_text_clean(why == NULL ? "" : why, why == NULL ? 0 : strlen(why), answer->detail, 200);
    } else {
        answer->verdict = GRADE_PASS;
        for (size_t f = 0; f < answer->outputs.count && answer->verdict == GRADE_PASS; f++) {
            grade_field *field = &answer->outputs.field[f];
            ASSAY_TRY(read_output(json_object_get(reply, "outputs"), field, folders, answer, error));
            field->single = field->single || json_integer_value(json_object_get(reply, "precision")) == 32;
        }
        if (modified != NULL && answer->verdict == GRADE_PASS) {
            assay_grade_text_clean(modified, strlen(modified), answer->modified, sizeof answer->modified);
        }
    }
    return ASSAY_OK;
}

/*
 * Objects and values in a line, without parsing it: jansson takes some 250 bytes for each, so a line of 4 MiB could
 * take hundreds of MiB. The largest case has 34,000 numbers; an object for each output, and one for the reply.
 */
enum { MAX_VALUES = 100000, MAX_OBJECTS = 1000 };

static bool too_many_values(const char *line, size_t length)
{
    size_t values = 0;
    size_t objects = 0;
    bool inside = false;
    for (size_t i = 0; i < length; i++) {
        char c = line[i];
        if (c == '"') {
            inside = !inside;
        } else if (c == '\\' && inside) {
            i++;
        } else if (!inside) {
            objects += c == '{';
            values += c == '{' || c == '[' || c == ',';
        }
    }
    return values > MAX_VALUES || objects > MAX_OBJECTS;
}

/* Why a line is not a reply: it is not JSON, or it is JSON that we do not accept. */
static void describe_refusal(const json_t *value, const json_error_t *where, const char *shown, char *text, size_t size)
{
    const char *what = *shown == '\0' ? "an empty line" : "not a JSON object";
    if (value == NULL) {
        switch (json_error_code(where)) {
        case json_error_numeric_overflow:
            what = strstr(where->text, "integer") != NULL
                       ? "an integer has more than 64 bits; write it with a decimal point"
                       : "a number is beyond the range of double; write Infinity where it is infinite";
            break;
        case json_error_duplicate_key: what = "an object has a key twice"; break;
        case json_error_stack_overflow: what = "arrays or objects are nested too deep"; break;
        case json_error_invalid_utf8: what = "not UTF-8"; break;
        case json_error_null_character: what = "a text has a zero byte"; break;
        default: break;
        }
    }
    snprintf(text, size, "%s%s%s", what, *shown == '\0' ? "" : ": ", shown);
}

/* Parses a line of the submission's: NULL with a description where it is not an object that we take. */
static json_t *load_object(const char *line, size_t length, const char *shown, char *text, size_t size,
                           assay_status *status)
{
    json_error_t where = {0};
    if (too_many_values(line, length)) {
        *status = ASSAY_ERROR_FORMAT;
        snprintf(text, size, "more than %d values or %d objects: %s", MAX_VALUES, MAX_OBJECTS, shown);
        return NULL;
    }
    json_t *value = assay_json_load(line, length, &where, status);
    if (*status != ASSAY_ERROR_MEMORY && !json_is_object(value)) {
        describe_refusal(value, &where, shown, text, size);
        json_decref(value);
        *status = ASSAY_ERROR_FORMAT;
        return NULL;
    }
    return value;
}

assay_status assay_grade_reply(char *line, size_t length, int id, const grade_folders *folders, grade_answer *answer,
                               assay_error *error)
{
    char shown[80];
    assay_grade_text_clean(line, length, shown, sizeof shown);
    quote_non_finite(line, length);
    assay_status status;
    json_t *reply = load_object(line, length, shown, answer->detail, sizeof answer->detail, &status);
    if (status == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, status, "out of memory for a reply");
    }
    if (reply == NULL) {
        answer->verdict = GRADE_REPLY;
        return ASSAY_OK;
    }
    status = read_reply(reply, id, folders, answer, error);
    json_decref(reply);
    return status;
}

assay_status assay_grade_hello(char *line, size_t length, grade_precision *precision, json_t **functions,
                               json_t **findings, assay_error *error)
{
    *findings = NULL;
    char shown[80];
    char wrong[GRADE_TEXT_LENGTH];
    assay_grade_text_clean(line, length, shown, sizeof shown);
    assay_status status;
    json_t *reply = load_object(line, length, shown, wrong, sizeof wrong, &status);
    if (status == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, status, "out of memory for the reply to hello");
    }
    const json_t *bits = json_object_get(reply, "precision");
    const char *refused = json_string_value(json_object_get(reply, "error"));
    if (refused != NULL) {
        assay_grade_text_clean(refused, strlen(refused), wrong, sizeof wrong);
        json_decref(reply);
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED, "%s", wrong);
    }
    if (reply == NULL || (bits != NULL && json_integer_value(bits) != 32 && json_integer_value(bits) != 64)) {
        json_decref(reply);
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "the reply to hello is not {\"functions\": [...], \"precision\": 64}: %s",
                          bits == NULL ? wrong : shown);
    }
    *precision = json_integer_value(bits) == 32 ? GRADE_F32 : GRADE_F64;
    *functions = json_incref(json_object_get(reply, "functions"));
    *findings = assay_grade_findings(reply);
    json_decref(reply);
    return ASSAY_OK;
}
