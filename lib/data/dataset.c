#include <assay/data/dataset.h>

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/data/idx.h>

#define ADVICE "apt-get install dataset-fashion-mnist, or name the folder that has the files (--data DIR)"

static const char *const PREFIX[] = {[ASSAY_TRAIN] = "train", [ASSAY_TEST] = "t10k"};

static assay_status check_folder(const char *folder, assay_error *error)
{
    struct stat about;
    if (stat(folder, &about) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: %s; " ADVICE, folder, strerror(errno));
    }
    if (!S_ISDIR(about.st_mode)) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: is not a folder; " ADVICE, folder);
    }
    return ASSAY_OK;
}

/* The path of a part's file, plain if it is there, else with .gz; the caller frees it. */
static assay_status find_file(const char *folder, assay_part part, const char *kind, char **path, assay_error *error)
{
    static const char *const SUFFIX[] = {"", ".gz"};
    for (size_t i = 0; i < sizeof SUFFIX / sizeof SUFFIX[0]; i++) {
        *path = assay_asprintf(error, "%s/%s-%s-ubyte%s", folder, PREFIX[part], kind, SUFFIX[i]);
        if (*path == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        if (access(*path, F_OK) == 0) {
            return ASSAY_OK;
        }
        assay_free(*path);
    }
    *path = NULL;
    return assay_fail(error, ASSAY_ERROR_IO, "%s/%s-%s-ubyte: missing, plain and with .gz; " ADVICE, folder,
                      PREFIX[part], kind);
}

/* The bytes of the file as the data set's labels. */
static assay_status take_labels(const char *path, const uint8_t *bytes, assay_dataset *dataset, assay_error *error)
{
    dataset->labels = assay_calloc(dataset->count, sizeof *dataset->labels, error);
    if (dataset->labels == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < dataset->count; i++) {
        if (bytes[i] >= ASSAY_CLASSES) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: label %u of image %zu (counted from 0) is over %d; name a folder with labels of %d "
                              "classes", path, bytes[i], i, ASSAY_CLASSES - 1, ASSAY_CLASSES);
        }
        dataset->labels[i] = bytes[i];
    }
    return ASSAY_OK;
}

static assay_status load_images(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error)
{
    static const uint32_t SHAPE[] = {ASSAY_IMAGE_SIDE, ASSAY_IMAGE_SIDE};
    char *path;
    ASSAY_TRY(find_file(folder, part, "images-idx3", &path, error));
    assay_status status = assay_idx_read(path, 3, SHAPE, &dataset->count, &dataset->pixels, error);
    assay_free(path);
    return status;
}

static assay_status load_labels(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error)
{
    char *path;
    size_t count;
    uint8_t *bytes = NULL;
    ASSAY_TRY(find_file(folder, part, "labels-idx1", &path, error));
    assay_status status = assay_idx_read(path, 1, NULL, &count, &bytes, error);
    if (status == ASSAY_OK && count != dataset->count) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu labels for %zu images; " ADVICE, path, count,
                            dataset->count);
    }
    if (status == ASSAY_OK) {
        status = take_labels(path, bytes, dataset, error);
    }
    assay_free(bytes);
    assay_free(path);
    return status;
}

assay_status assay_dataset_load(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error)
{
    *dataset = (assay_dataset){0};
    ASSAY_TRY(check_folder(folder, error));
    *dataset = (assay_dataset){.width = ASSAY_IMAGE_PIXELS,
                               .classes = ASSAY_CLASSES,
                               .mean = ASSAY_NORMALIZE_MEAN,
                               .std = ASSAY_NORMALIZE_STD};
    assay_status status = load_images(folder, part, dataset, error);
    if (status == ASSAY_OK) {
        status = load_labels(folder, part, dataset, error);
    }
    if (status != ASSAY_OK) {
        assay_dataset_destroy(dataset);
    }
    return status;
}

assay_status assay_dataset_create(assay_inputs inputs, size_t count, size_t width, size_t classes,
                                  assay_dataset *dataset, assay_error *error)
{
    *dataset = (assay_dataset){0};
    if (count == 0 || width == 0 || classes == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a data set of %zu samples, %zu inputs and %zu classes: each must be at least 1", count,
                          width, classes);
    }
    *dataset = (assay_dataset){.count = count, .width = width, .classes = classes, .mean = 0.0f, .std = 1.0f};
    size_t values = width <= SIZE_MAX / count ? count * width : SIZE_MAX;
    void *made = assay_calloc(values, inputs == ASSAY_INPUTS_BYTES ? sizeof(uint8_t) : sizeof(float), error);
    dataset->pixels = inputs == ASSAY_INPUTS_BYTES ? made : NULL;
    dataset->values = inputs == ASSAY_INPUTS_FLOATS ? made : NULL;
    dataset->labels = made == NULL ? NULL : assay_calloc(count, sizeof *dataset->labels, error);
    if (dataset->labels == NULL) {
        assay_dataset_destroy(dataset);
        return ASSAY_ERROR_MEMORY;
    }
    return ASSAY_OK;
}

void assay_dataset_destroy(assay_dataset *dataset)
{
    assay_free(dataset->pixels);
    assay_free(dataset->values);
    assay_free(dataset->labels);
    *dataset = (assay_dataset){0};
}

void assay_normalization_table(float mean, float std, float table[256])
{
    for (int pixel = 0; pixel < 256; pixel++) {
        table[pixel] = ((float)pixel / 255.0f - mean) / std;
    }
}

void assay_dataset_moments(const assay_dataset *dataset, double *mean, double *std)
{
    size_t count = dataset->count * dataset->width;
    size_t frequency[256] = {0};
    for (size_t i = 0; i < count; i++) {
        frequency[dataset->pixels[i]]++;
    }
    double sum = 0.0; /* an integer below 2^53, and so exact, up to 3.5e13 pixels */
    for (int pixel = 0; pixel < 256; pixel++) {
        sum += (double)frequency[pixel] * pixel;
    }
    double centre = sum / (double)count;
    double squares = 0.0;
    for (int pixel = 0; pixel < 256; pixel++) {
        squares += (double)frequency[pixel] * (pixel - centre) * (pixel - centre);
    }
    *mean = centre / 255.0;
    *std = sqrt(squares / (double)(count - 1)) / 255.0;
}
