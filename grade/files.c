/* The file way: cases written as .npy, outputs read back. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"
#include "grade/battery.h"
#include "grade/exchange.h"
#include "grade/npy.h"

enum { HEADER_LIMIT = 16 << 20 };

/* jansson lets one leave out what it has no memory for: `whole` becomes false then, here and below. */
static json_t *wanted_outputs(const grade_case *graded, int id, bool *whole)
{
    json_t *wanted = json_object();
    for (size_t f = 0; f < graded->outputs.count; f++) {
        const grade_field *field = &graded->outputs.field[f];
        char file[64];
        json_t *shape = json_array();
        for (size_t d = 0; d < field->rank; d++) {
            *whole = json_array_append_new(shape, json_integer((json_int_t)field->shape[d])) == 0 && *whole;
        }
        snprintf(file, sizeof file, "%d.%s.npy", id, field->name);
        json_t *output = json_pack("{s:s, s:o}", "npy", file, "shape", shape);
        *whole = json_object_set_new(wanted, field->name, output) == 0 && *whole;
    }
    return wanted;
}

/* Paths in cases.json are relative to the folder: it may be moved. */
static void relative_paths(json_t *inputs, bool *whole)
{
    const char *name;
    json_t *value;
    json_object_foreach(inputs, name, value) {
        const char *path = json_string_value(json_object_get(value, "npy"));
        if (path != NULL) {
            *whole = json_object_set_new(value, "npy", json_string(path + strspn(path, "./"))) == 0 && *whole;
        }
    }
}

static assay_status cases_json(const grade_battery *battery, const char *directory, json_t **cases, assay_error *error)
{
    int id = 0;
    bool whole = true;
    *cases = json_array();
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            const grade_case *graded = battery->parts[p].cases[i];
            json_t *inputs;
            ASSAY_TRY(assay_grade_inputs_json(graded, ++id, &(grade_folder){directory, "."}, &inputs, error));
            relative_paths(inputs, &whole);
            json_t *one = json_pack("{s:i, s:s, s:o, s:o}", "id", id, "call", graded->component->name, "inputs", inputs,
                                    "outputs", wanted_outputs(graded, id, &whole));
            whole = json_array_append_new(*cases, one) == 0 && whole;
        }
    }
    return whole ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for cases.json", directory);
}

static assay_status write_json(const json_t *root, const char *path, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    FILE *stream = assay_file_stream(writer);
    if (json_dumpf(root, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0 && !ferror(stream)) {
        assay_file_abort(writer);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: not written: out of memory", path);
    }
    fputc('\n', stream);
    return assay_file_commit(writer, error);
}

static char *header_path(const char *directory, assay_error *error)
{
    return assay_asprintf(error, "%s/cases.json", directory);
}

assay_status assay_grade_battery_export(const grade_battery *battery, const char *directory, assay_error *error)
{
    char *path = header_path(directory, error);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = ASSAY_OK;
    json_t *cases = NULL;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", directory, strerror(errno));
    } else if (access(path, F_OK) == 0) {
        status = assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: there already; export into a new folder", path);
    } else {
        status = cases_json(battery, directory, &cases, error);
    }
    if (status == ASSAY_OK) {
        json_t *root = json_pack("{s:I, s:i, s:O}", "seed", (json_int_t)battery->seed, "precision", 64, "cases", cases);
        status = write_json(root, path, error);
        json_decref(root);
    }
    json_decref(cases);
    assay_free(path);
    return status;
}

/* The components that the cases call, once each. */
static void collect_components(const json_t *cases, grade_import *imported)
{
    size_t count = 0;
    size_t limit = sizeof imported->components / sizeof imported->components[0] - 1;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const char *call = json_string_value(json_object_get(json_array_get(cases, i), "call"));
        const grade_component *component = call == NULL ? NULL : assay_grade_component_by_name(call);
        if (component != NULL && count < limit && (count == 0 || imported->components[count - 1] != component->name)) {
            imported->components[count++] = component->name;
        }
    }
}

assay_status assay_grade_import_header(const char *directory, grade_import *imported, assay_error *error)
{
    char *path = header_path(directory, error);
    char *bytes = NULL;
    size_t size = 0;
    memset(imported, 0, sizeof *imported);
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : assay_file_read(path, HEADER_LIMIT, &bytes, &size, error);
    if (status == ASSAY_OK) {
        json_error_t where;
        json_t *root = assay_json_load(bytes, size, &where, &status);
        json_t *seed = json_object_get(root, "seed");
        collect_components(json_object_get(root, "cases"), imported);
        if (root == NULL) {
            assay_fail(error, status, "%s, line %d: %s", path, where.line, where.text);
        } else if (!json_is_integer(seed) || json_integer_value(seed) < 0 || imported->components[0] == NULL) {
            status = assay_fail(error, ASSAY_ERROR_FORMAT,
                                "%s: no \"seed\" or no \"cases\"; it is not as --export wrote it",
                                path);
        }
        imported->seed = (uint64_t)json_integer_value(seed);
        imported->precision = json_integer_value(json_object_get(root, "precision")) == 32 ? GRADE_F32 : GRADE_F64;
        json_decref(root);
    }
    assay_free(bytes);
    assay_free(path);
    return status;
}

/* The outputs of one case; a missing file is GRADE_MISSING until another output of the component is found. */
static assay_status import_case(const grade_case *graded, int id, const char *directory, grade_answer *answer,
                                bool *found, assay_error *error)
{
    answer->verdict = GRADE_PASS;
    for (size_t f = 0; f < graded->outputs.count; f++) {
        const char *name = graded->outputs.field[f].name;
        assay_error wrong = {0};
        char *path = assay_asprintf(error, "%s/%d.%s.npy", directory, id, name);
        if (path == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        bool there = access(path, F_OK) == 0;
        bool unknown = !there && errno != ENOENT;
        assay_status status = there ? assay_npy_read(path, &answer->outputs.field[f], &wrong) : ASSAY_ERROR_FORMAT;
        if (unknown) {
            assay_fail(&wrong, ASSAY_ERROR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
        }
        assay_free(path);
        if (unknown || status == ASSAY_ERROR_IO || status == ASSAY_ERROR_MEMORY) {
            return assay_fail(error, wrong.status, "%s", wrong.message);
        }
        *found = *found || there;
        if (status != ASSAY_OK && (answer->verdict == GRADE_PASS || there)) {
            answer->verdict = !there                            ? GRADE_MISSING
                              : status == ASSAY_ERROR_ARGUMENT ? GRADE_SHAPE
                                                                : GRADE_REPLY;
            const char *slash = strrchr(wrong.message, '/');
            snprintf(answer->detail, sizeof answer->detail, there ? "%.300s" : "%.0s%d.%s.npy is not there",
                     slash == NULL ? wrong.message : slash + 1, id, name);
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_battery_import(grade_battery *battery, const char *directory, assay_error *error)
{
    int id = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        bool found = false;
        for (size_t i = 0; i < part->count; i++) {
            ASSAY_TRY(import_case(part->cases[i], ++id, directory, &part->answers[i], &found, error));
        }
        for (size_t i = 0; i < part->count && found; i++) {
            if (part->answers[i].verdict == GRADE_MISSING) {
                part->answers[i].verdict = GRADE_SHAPE;
            }
        }
    }
    return ASSAY_OK;
}
