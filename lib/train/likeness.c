#include <assay/train/likeness.h>

#include <assay/base/alloc.h>

/* In no batch. */
#define NO_BATCH UINT32_MAX

struct assay_likeness {
    size_t images;
    uint32_t *sorted;   /* [images] */
    uint32_t *batch_of; /* [images] */
    uint32_t *filled;   /* [images]: how many images of each batch have their place */
};

static size_t key_of(const assay_dataset *data, size_t image)
{
    const uint8_t *pixels = data->pixels + image * data->width;
    size_t lit = 0;
    for (size_t j = 0; j < data->width; j++) {
        lit += pixels[j] != 0;
    }
    return (size_t)data->labels[image] * (data->width + 1) + lit;
}

/* Counting sort: `begins` ends as the place after the last image of each key. */
static void sort(assay_likeness *likeness, const assay_dataset *data, uint32_t *begins, size_t keys)
{
    uint32_t *key = likeness->batch_of; /* not needed yet */
    for (size_t i = 0; i < data->count; i++) {
        key[i] = (uint32_t)key_of(data, i);
        begins[key[i] + 1]++;
    }
    for (size_t k = 1; k <= keys; k++) {
        begins[k] += begins[k - 1];
    }
    for (size_t i = 0; i < data->count; i++) {
        likeness->sorted[begins[key[i]]++] = (uint32_t)i;
    }
}

assay_likeness *assay_likeness_create(const assay_dataset *data, assay_error *error)
{
    const size_t keys = data->classes * (data->width + 1);
    uint32_t *begins = assay_calloc(keys + 1, sizeof *begins, error);
    assay_likeness *made = begins == NULL ? NULL : assay_calloc(1, sizeof *made, error);
    if (made != NULL) {
        made->images = data->count;
        made->sorted = assay_calloc(data->count, sizeof *made->sorted, error);
        made->batch_of = assay_calloc(data->count, sizeof *made->batch_of, error);
        made->filled = assay_calloc(data->count, sizeof *made->filled, error);
        if (made->sorted == NULL || made->batch_of == NULL || made->filled == NULL) {
            assay_likeness_destroy(made);
            made = NULL;
        } else {
            sort(made, data, begins, keys);
        }
    }
    assay_free(begins);
    return made;
}

void assay_likeness_destroy(assay_likeness *likeness)
{
    if (likeness != NULL) {
        assay_free(likeness->sorted);
        assay_free(likeness->batch_of);
        assay_free(likeness->filled);
        assay_free(likeness);
    }
}

void assay_likeness_group(assay_likeness *likeness, uint32_t *order, size_t count, size_t rows)
{
    for (size_t i = 0; i < likeness->images; i++) {
        likeness->batch_of[i] = NO_BATCH;
    }
    for (size_t i = 0; i < count; i++) {
        likeness->batch_of[order[i]] = (uint32_t)(i / rows);
        likeness->filled[i / rows] = 0;
    }
    for (size_t i = 0; i < likeness->images; i++) {
        uint32_t image = likeness->sorted[i];
        uint32_t batch = likeness->batch_of[image];
        if (batch != NO_BATCH) {
            order[batch * rows + likeness->filled[batch]++] = image;
        }
    }
}
