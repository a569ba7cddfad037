#include <config.h>

#include "common.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <assay/base/file.h>
#include "tools/output.h"
#include "base/order.h"

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

void bench_parse(int argc, char **argv, const struct option *table, const char *usage, int most_rounds,
                 bench_settings *settings)
{
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (option) {
        case 'r': settings->rounds = bench_number(optarg, 1, most_rounds); break;
        case 't': settings->threads = bench_number(optarg, 1, 64); break;
        case 'd': settings->data = optarg; break;
        case 'j': settings->json = optarg; break;
        default: fputs(usage, option == 'h' ? stdout : stderr); exit(option == 'h' ? 0 : 2);
        }
    }
}

float bench_random(void)
{
    static uint32_t state = 1;
    state = state * 1664525 + 1013904223;
    return (float)(state >> 8) / 8388608.0f - 1.0f;
}

double bench_quantile(double *numbers, size_t count, double q)
{
    qsort(numbers, count, sizeof *numbers, assay_compare_doubles);
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

const char *bench_data_folder(void)
{
    const char *folder = getenv("ASSAY_DATA");
    return folder != NULL ? folder : ASSAY_DEFAULT_DATA;
}

void bench_begin(const char *file, const char *data, assay_dataset *images)
{
    assay_error error;
    bench_begin_json(file, data);
    if (assay_dataset_load(data, ASSAY_TRAIN, images, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
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
