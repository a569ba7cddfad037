#include <assay/data/csv.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

/* A file's text, and the line at which the reader is. */
typedef struct {
    const char *path;
    char *next;    /* the following line; NULL at the end */
    size_t number; /* of the current line, from 1 */
} reader;

/* Goes on to the next line that is not empty, without its line break; NULL at the end. */
static char *next_line(reader *at)
{
    while (at->next != NULL) {
        char *line = at->next;
        char *end = strchr(line, '\n');
        at->next = end == NULL ? NULL : end + 1;
        at->number++;
        if (end != NULL) {
            *end = '\0';
        }
        size_t length = strlen(line);
        if (length > 0 && line[length - 1] == '\r') {
            line[length - 1] = '\0';
        }
        if (line[strspn(line, " \t")] != '\0') {
            return line;
        }
    }
    return NULL;
}

/* Reads one number and goes on behind its comma. Blanks around it are skipped; false if there is no finite number. */
static bool take_number(char **at, double *number)
{
    char *start = *at + strspn(*at, " \t");
    char *end;
    *number = strtod(start, &end);
    if (end == start || !isfinite((float)*number)) {
        return false;
    }
    end += strspn(end, " \t");
    *at = *end == ',' ? end + 1 : end;
    return *end == ',' || *end == '\0';
}

static size_t count_fields(const char *line)
{
    size_t fields = 1;
    for (; *line != '\0'; line++) {
        fields += *line == ',';
    }
    return fields;
}

/* Names of columns begin with a letter or a quotation mark. */
static bool is_header(const char *line)
{
    line += strspn(line, " \t");
    return (*line >= 'a' && *line <= 'z') || (*line >= 'A' && *line <= 'Z') || *line == '"';
}

static assay_status refuse_field(const reader *at, size_t field, const char *start, assay_error *error)
{
    char shown[41] = "";
    for (size_t i = 0; i + 1 < sizeof shown && start[i] != ',' && start[i] != '\0'; i++) {
        shown[i] = start[i];
        if ((unsigned char)start[i] < ' ' || start[i] == 127) {
            shown[i] = '?'; /* no control characters in a message */
        }
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s:%zu: field %zu, '%s', is not a finite number", at->path,
                      at->number, field, shown);
}

static assay_status read_sample(const reader *at, char *line, size_t width, float *values, int32_t *label,
                                assay_error *error)
{
    size_t fields = count_fields(line);
    if (fields != width + 1) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s:%zu: %zu fields, but the first sample has %zu", at->path,
                          at->number, fields, width + 1);
    }
    for (size_t field = 0; field <= width; field++) {
        double number;
        const char *start = line;
        if (!take_number(&line, &number)) {
            return refuse_field(at, field + 1, start, error);
        }
        if (field < width) {
            values[field] = (float)number;
        } else if (number < 0.0 || number >= (double)ASSAY_CSV_CLASSES || number != floor(number)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s:%zu: the class, %g, is not an integer from 0 to %d",
                              at->path, at->number, number, ASSAY_CSV_CLASSES - 1);
        } else {
            *label = (int32_t)number;
        }
    }
    return ASSAY_OK;
}

/* How many lines are long enough for `fields` fields: so what is allocated is bounded by the size of the file. */
static size_t most_samples(const char *text, size_t fields)
{
    size_t lines = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        lines += length >= 2 * fields - 1;
        text += length + (text[length] == '\n');
    }
    return lines;
}

static assay_status read_samples(reader *at, char *line, assay_dataset *dataset, assay_error *error)
{
    size_t count = 0;
    int32_t largest = 0;
    for (; line != NULL; line = next_line(at), count++) {
        /* A line for which there is no room is too short to be a sample: reading it fails. */
        size_t row = count < dataset->count ? count : 0;
        ASSAY_TRY(read_sample(at, line, dataset->width, dataset->values + row * dataset->width, &dataset->labels[row],
                              error));
        largest = dataset->labels[row] > largest ? dataset->labels[row] : largest;
    }
    dataset->count = count;
    dataset->classes = (size_t)largest + 1;
    return ASSAY_OK;
}

static assay_status read_text(const char *path, char *text, assay_dataset *dataset, assay_error *error)
{
    static const char BYTE_ORDER_MARK[] = "\xEF\xBB\xBF";
    size_t mark = strncmp(text, BYTE_ORDER_MARK, 3) == 0 ? 3 : 0;
    reader at = {.path = path, .next = text + mark};
    char *line = next_line(&at);
    if (line != NULL && is_header(line)) {
        line = next_line(&at);
    }
    if (line == NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: no samples; write one on each line: inputs, then the class",
                          path);
    }
    size_t fields = count_fields(line);
    if (fields < 2) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s:%zu: one field; write the inputs and then the class, with commas "
                          "between them",
                          path, at.number);
    }
    size_t most = 1 + (at.next == NULL ? 0 : most_samples(at.next, fields));
    ASSAY_TRY(assay_dataset_create(ASSAY_INPUTS_FLOATS, most, fields - 1, 1, dataset, error));
    return read_samples(&at, line, dataset, error);
}

assay_status assay_csv_read(const char *path, assay_dataset *dataset, assay_error *error)
{
    char *text;
    size_t length;
    *dataset = (assay_dataset){0};
    ASSAY_TRY(assay_file_read(path, ASSAY_CSV_LIMIT, &text, &length, error));
    assay_status status = strlen(text) == length ? read_text(path, text, dataset, error)
                                                 : assay_fail(error, ASSAY_ERROR_FORMAT,
                                                              "%s: holds a NUL byte and is not a CSV file", path);
    assay_free(text);
    if (status != ASSAY_OK) {
        assay_dataset_destroy(dataset);
    }
    return status;
}
