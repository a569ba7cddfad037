#include <config.h>

#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <assay/base/file.h>
#include "tools/output.h"

_Noreturn void bench_stop(const char *message)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, message);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int bench_number(const char *text, int least, int limit)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > limit) {
        fprintf(stderr, "%s: '%s' is not a number from %d to %d\n", program_invocation_short_name, text, least, limit);
        exit(2);
    }
    return (int)value;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *numbers, size_t count, double q)
{
    qsort(numbers, count, sizeof *numbers, compare);
    return numbers[(size_t)(q * (double)count)];
}

void bench_begin_json(const char *file, const char *data)
{
    assay_error error;
    if (file != NULL && data != NULL && assay_file_keep(file, data, &error) != ASSAY_OK) {
        fprintf(stderr, "%s: --json %s\n", program_invocation_short_name, error.message);
        exit(2);
    }
    output_divert_text(file);
}

void bench_end_json(const char *file, json_t *document)
{
    assay_error error;
    if (file == NULL) {
        json_decref(document);
    } else if (output_write_json(document, file, JSON_INDENT(2), &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
}
