/* The file way: cases written as .npy, outputs read back. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "grade/battery.h"
#include "grade/components.h"
#include "grade/exchange.h"
#include "grade/folder.h"
#include "grade/npy.h"

#define HEADER "cases.json"
#define HEADER_PART HEADER ".part"

enum { HEADER_LIMIT = 16 << 20 };

enum { FILE_NAME = 64 };

/*
 * The file of an output: ID.NAME.npy, and ID.NAME.out.npy where an input has that name, so that an input is never taken
 * for an answer.
 */
static const char *output_file(char name[FILE_NAME], const grade_case *graded, int id, size_t f)
{
    const char *output = graded->outputs.field[f].name;
    bool taken = false;
    for (size_t i = 0; i < graded->inputs.count; i++) {
        taken = taken || strcmp(graded->inputs.field[i].name, output) == 0;
    }
    snprintf(name, FILE_NAME, "%d.%s%s.npy", id, output, taken ? ".out" : "");
    return name;
}

/* jansson lets one leave out what it has no memory for: `whole` becomes false then, here and below. */
static json_t *wanted_outputs(const grade_case *graded, int id, bool *whole)
{
    json_t *wanted = json_object();
    for (size_t f = 0; f < graded->outputs.count; f++) {
        const grade_field *field = &graded->outputs.field[f];
        char file[FILE_NAME];
        json_t *shape = json_array();
        for (size_t d = 0; d < field->rank; d++) {
            *whole = json_array_append_new(shape, json_integer((json_int_t)field->shape[d])) == 0 && *whole;
        }
        json_t *output = json_pack("{s:s, s:o}", "npy", output_file(file, graded, id, f), "shape", shape);
        *whole = json_object_set_new(wanted, field->name, output) == 0 && *whole;
    }
    return wanted;
}

/* One case, with its inputs written into the folder. */
static assay_status add_case(const grade_case *graded, int id, int folder, json_t *cases, assay_error *error)
{
    bool whole = true;
    json_t *inputs;
    const grade_folders folders = {folder, NULL, -1, NULL};
    ASSAY_TRY(assay_grade_inputs_json(graded, id, &folders, &inputs, error));
    json_t *one = json_pack("{s:i, s:s, s:o, s:o}", "id", id, "call", graded->component->name, "inputs", inputs,
                            "outputs", wanted_outputs(graded, id, &whole));
    whole = json_array_append_new(cases, one) == 0 && whole;
    if (!whole) {
        assay_grade_inputs_remove(graded, id, &folders);
        return assay_fail(error, ASSAY_ERROR_MEMORY, HEADER ": out of memory");
    }
    return ASSAY_OK;
}

/* Removes the files of the first `count` cases again. */
static void remove_cases(const grade_battery *battery, int count, int folder)
{
    int id = 0;
    const grade_folders folders = {folder, NULL, -1, NULL};
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count && id < count; i++) {
            assay_grade_inputs_remove(battery->parts[p].cases[i], ++id, &folders);
        }
    }
}

static assay_status cases_json(const grade_battery *battery, int folder, int *count, json_t **cases, assay_error *error)
{
    *count = 0;
    *cases = json_array();
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            ASSAY_TRY(add_case(battery->parts[p].cases[i], *count + 1, folder, *cases, error));
            ++*count;
        }
    }
    return ASSAY_OK;
}

static assay_status write_header(const grade_battery *battery, int folder, int *count, FILE *stream, assay_error *error)
{
    json_t *cases = NULL;
    assay_status status = cases_json(battery, folder, count, &cases, error);
    if (status == ASSAY_OK) {
        json_t *root = json_pack("{s:I, s:i, s:O}", "seed", (json_int_t)battery->seed, "precision", 64, "cases", cases);
        if (json_dumpf(root, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0 && !ferror(stream)) {
            status = assay_fail(error, ASSAY_ERROR_MEMORY, HEADER ": not written: out of memory");
        }
        fputc('\n', stream);
        json_decref(root);
    }
    json_decref(cases);
    return status;
}

/* Under a name that only one export can have: a second one into the same folder ends here. */
static assay_status export_into(const grade_battery *battery, int folder, assay_error *error)
{
    FILE *stream;
    int count = 0;
    if (faccessat(folder, HEADER, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, HEADER ": there already; export into a new folder");
    }
    assay_status status = assay_grade_folder_create(folder, HEADER_PART, &stream, error);
    if (status == ASSAY_ERROR_FORMAT) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          HEADER_PART ": there already: another export writes here, or was interrupted; export into a "
                                      "new folder");
    }
    ASSAY_TRY(status);
    status = write_header(battery, folder, &count, stream, error);
    if (status != ASSAY_OK) {
        fclose(stream);
    } else {
        status = assay_grade_folder_finish(folder, HEADER_PART, stream, error);
    }
    /* link, because a rename would replace what another export has put there meanwhile. */
    if (status == ASSAY_OK && linkat(folder, HEADER_PART, folder, HEADER, 0) != 0) {
        status = assay_fail(error, errno == EEXIST ? ASSAY_ERROR_ARGUMENT : ASSAY_ERROR_IO, HEADER ": %s",
                            strerror(errno));
    }
    unlinkat(folder, HEADER_PART, 0);
    if (status != ASSAY_OK) {
        remove_cases(battery, count, folder);
    }
    return status;
}

assay_status assay_grade_battery_export(const grade_battery *battery, const char *directory, assay_error *error)
{
    int folder;
    assay_error wrong = {0};
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", directory, strerror(errno));
    }
    ASSAY_TRY(assay_grade_folder_open(directory, &folder, error));
    assay_status status = export_into(battery, folder, &wrong);
    close(folder);
    return status == ASSAY_OK ? ASSAY_OK : assay_fail(error, status, "%s/%s", directory, wrong.message);
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

static assay_status read_header(const json_t *root, const char *path, grade_import *imported, assay_error *error)
{
    const json_t *seed = json_object_get(root, "seed");
    collect_components(json_object_get(root, "cases"), imported);
    if (!json_is_integer(seed) || json_integer_value(seed) < 0 || imported->components[0] == NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s/" HEADER ": no \"seed\" or no \"cases\"; it is not as --export wrote it", path);
    }
    const json_t *bits = json_object_get(root, "precision");
    if (bits != NULL && json_integer_value(bits) != 32 && json_integer_value(bits) != 64) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s/" HEADER ": \"precision\" is 64, or 32 for float32 arrays",
                          path);
    }
    imported->seed = (uint64_t)json_integer_value(seed);
    imported->precision = json_integer_value(bits) == 32 ? GRADE_F32 : GRADE_F64;
    return ASSAY_OK;
}

assay_status assay_grade_import_header(const char *directory, grade_import *imported, assay_error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    int folder;
    assay_error wrong = {0};
    json_error_t where;
    memset(imported, 0, sizeof *imported);
    ASSAY_TRY(assay_grade_folder_open(directory, &folder, error));
    assay_status status = assay_grade_folder_read(folder, HEADER, HEADER_LIMIT, &bytes, &size, &wrong);
    close(folder);
    if (status != ASSAY_OK) {
        return assay_fail(error, status, "%s/%s", directory, wrong.message);
    }
    json_t *root = assay_json_load(bytes, size, &where, &status);
    assay_free(bytes);
    if (root == NULL) {
        return assay_fail(error, status, "%s/" HEADER ", line %d: %s", directory, where.line, where.text);
    }
    status = read_header(root, directory, imported, error);
    json_decref(root);
    return status;
}

/* The outputs of one case; a missing file is GRADE_MISSING until another output of the component is found. */
static assay_status import_case(const grade_case *graded, int id, int folder, grade_answer *answer, bool *found,
                                assay_error *error)
{
    answer->verdict = GRADE_PASS;
    for (size_t f = 0; f < graded->outputs.count; f++) {
        char name[FILE_NAME];
        assay_error wrong = {0};
        output_file(name, graded, id, f);
        bool there = faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (!there && errno != ENOENT) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be looked at: %s", name, strerror(errno));
        }
        *found = *found || there;
        if (!there) {
            if (answer->verdict == GRADE_PASS) {
                answer->verdict = GRADE_MISSING;
                snprintf(answer->detail, sizeof answer->detail, "%s is not there", name);
            }
            continue;
        }
        assay_status status = assay_npy_read(folder, name, &answer->outputs.field[f], &wrong);
        if (status == ASSAY_ERROR_IO || status == ASSAY_ERROR_MEMORY) {
            return assay_fail(error, status, "%s", wrong.message);
        }
        if (status != ASSAY_OK) {
            answer->verdict = status == ASSAY_ERROR_ARGUMENT ? GRADE_SHAPE : GRADE_REPLY;
            snprintf(answer->detail, sizeof answer->detail, "%.300s", wrong.message);
        }
    }
    return ASSAY_OK;
}

static assay_status import_from(grade_battery *battery, int folder, assay_error *error)
{
    int id = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        bool found = false;
        for (size_t i = 0; i < part->count; i++) {
            ASSAY_TRY(import_case(part->cases[i], ++id, folder, &part->answers[i], &found, error));
        }
        for (size_t i = 0; i < part->count && found; i++) {
            if (part->answers[i].verdict == GRADE_MISSING) { /* a wrong answer is not taken back by leaving it out */
                part->answers[i].verdict = GRADE_REPLY;
            }
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_battery_import(grade_battery *battery, const char *directory, assay_error *error)
{
    int folder;
    ASSAY_TRY(assay_grade_folder_open(directory, &folder, error));
    assay_status status = import_from(battery, folder, error);
    close(folder);
    return status;
}
