#include "data/files.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/base/alloc.h>

/* Below the folder that is named: torchvision's ROOT/FashionMNIST/raw, and EMNIST's own archive. */
static const char *const PLACE[] = {"",     "/raw", "/FashionMNIST/raw", "/MNIST/raw", "/KMNIST/raw", "/EMNIST/raw",
                                    "/gzip"};
enum { PLACES = sizeof PLACE / sizeof *PLACE };

/* How the names of the files begin: MNIST and those that follow it; EMNIST's digits. */
static const char *const FAMILY[][2] = {{[ASSAY_TRAIN] = "train", [ASSAY_TEST] = "t10k"},
                                        {[ASSAY_TRAIN] = "emnist-digits-train", [ASSAY_TEST] = "emnist-digits-test"}};
enum { FAMILIES = sizeof FAMILY / sizeof *FAMILY };

/* How they end. */
static const char *const ENDING[] = {"-%s-ubyte", ".%s-ubyte", "-%s-ubyte.gz", ".%s-ubyte.gz"};
enum { ENDINGS = sizeof ENDING / sizeof *ENDING };

typedef enum { IMAGES, LABELS } role;

static const char *remedy(const char *folder)
{
    return strcmp(folder, ASSAY_DEFAULT_DATA) == 0
               ? "apt-get install dataset-fashion-mnist, or name the folder that has the files (--data DIR)"
               : "name the folder that has the files (--data DIR)";
}

static assay_status check_folder(const char *folder, assay_error *error)
{
    struct stat about;
    if (stat(folder, &about) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: %s; %s", folder, strerror(errno), remedy(folder));
    }
    if (!S_ISDIR(about.st_mode)) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: is not a folder; %s", folder, remedy(folder));
    }
    return ASSAY_OK;
}

static char *path_of(const char *folder, const char *place, const char *stem, role kind, const char *ending,
                     assay_error *error)
{
    const char *word = kind == IMAGES ? "images" : "labels";
    const char *axes = kind == IMAGES ? "idx3" : "idx1";
    int before = (int)(strchr(ending, '%') - ending);
    return assay_asprintf(error, "%s%s/%s-%s%.*s%s%s", folder, place, stem, word, before, ending, axes,
                          ending + before + 2);
}

/*
 * The first of the four spellings that is a regular file; else the first that is there at all, so that the reader says
 * what it is. Some archives unpack each file into a folder of its name. `*path` is NULL if there is none.
 */
static assay_status find_file(const char *folder, const char *place, const char *stem, role kind, char **path,
                              assay_error *error)
{
    *path = NULL;
    for (size_t e = 0; e < ENDINGS; e++) {
        struct stat about;
        char *tried = path_of(folder, place, stem, kind, ENDING[e], error);
        if (tried == NULL) {
            assay_free(*path);
            *path = NULL;
            return ASSAY_ERROR_MEMORY;
        }
        bool there = stat(tried, &about) == 0;
        bool regular = there && S_ISREG(about.st_mode);
        if (regular || (there && *path == NULL)) {
            assay_free(*path);
            *path = tried;
        } else {
            assay_free(tried);
        }
        if (regular) {
            return ASSAY_OK;
        }
    }
    return ASSAY_OK;
}

/* The place and the family of the images. The folder itself goes first; below it there must be one data set alone. */
static assay_status find_images(const char *folder, assay_part part, char **images, size_t *place, size_t *family,
                                assay_error *error)
{
    *images = NULL;
    for (size_t i = 0; i < PLACES * FAMILIES && (*images == NULL || *place != 0); i++) {
        char *found;
        assay_status status = find_file(folder, PLACE[i / FAMILIES], FAMILY[i % FAMILIES][part], IMAGES, &found, error);
        if (status == ASSAY_OK && found != NULL && *images != NULL) {
            status = assay_fail(
                error, ASSAY_ERROR_ARGUMENT,
                "%s: holds more than one data set, in .%s and .%s; name one of these folders (--data DIR)", folder,
                PLACE[*place], PLACE[i / FAMILIES]);
            assay_free(found);
        } else if (status == ASSAY_OK && found != NULL) {
            *images = found;
            *place = i / FAMILIES;
            *family = i % FAMILIES;
        }
        if (status != ASSAY_OK) {
            assay_free(*images);
            *images = NULL;
            return status;
        }
    }
    return ASSAY_OK;
}

assay_status assay_data_files(const char *folder, assay_part part, char **images, char **labels, assay_error *error)
{
    size_t place = 0;
    size_t family = 0;
    *labels = NULL;
    *images = NULL;
    ASSAY_TRY(check_folder(folder, error));
    ASSAY_TRY(find_images(folder, part, images, &place, &family, error));
    assay_status status = ASSAY_OK;
    if (*images != NULL) {
        status = find_file(folder, PLACE[place], FAMILY[family][part], LABELS, labels, error);
    }
    if (status == ASSAY_OK && *labels == NULL) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s%s/%s-%s-ubyte: missing, plain and with .gz; %s", folder,
                            PLACE[place], FAMILY[family][part], *images == NULL ? "images-idx3" : "labels-idx1",
                            remedy(folder));
    }
    if (status != ASSAY_OK) {
        assay_free(*images);
        *images = NULL;
    }
    return status;
}
