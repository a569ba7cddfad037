#include <assay/train/batches.h>

#include <assay/base/alloc.h>

struct assay_batches {
    assay_backend *backend;
    size_t width;
    size_t images;   /* in the data set */
    size_t count;    /* in the order */
    size_t max_rows;
    int32_t *host_order;
    assay_buffer *pixels; /* UINT8 [images][width] */
    assay_buffer *labels; /* INT32 [images] */
    assay_buffer *order;  /* INT32 [images] */
    assay_buffer *table;  /* real [256] */
    assay_buffer *x;      /* real [max_rows][width] */
    assay_buffer *y;      /* INT32 [max_rows] */
    assay_buffer *right;  /* INT32 [1]: right answers in one batch */
};

static void create_buffers(assay_batches *batches, const uint8_t *pixels)
{
    assay_backend *backend = batches->backend;
    batches->pixels = assay_buffer_borrow_u8(backend, pixels, batches->images * batches->width);
    batches->labels = assay_buffer_create(backend, ASSAY_INT32, batches->images);
    batches->order = assay_buffer_create(backend, ASSAY_INT32, batches->images);
    batches->table = assay_buffer_create(backend, ASSAY_REAL, 256);
    batches->x = assay_buffer_create(backend, ASSAY_REAL, batches->max_rows * batches->width);
    batches->y = assay_buffer_create(backend, ASSAY_INT32, batches->max_rows);
    batches->right = assay_buffer_create(backend, ASSAY_INT32, 1);
}

static void fill_buffers(assay_batches *batches, const assay_dataset *data)
{
    assay_backend *backend = batches->backend;
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    assay_upload_f32(backend, assay_whole(batches->table), table);
    for (size_t i = 0; i < data->count; i++) {
        batches->host_order[i] = data->labels[i];
    }
    assay_upload_i32(backend, assay_whole(batches->labels), batches->host_order);
    for (size_t i = 0; i < data->count; i++) {
        batches->host_order[i] = (int32_t)i;
    }
    assay_upload_i32(backend, assay_whole(batches->order), batches->host_order);
}

assay_status assay_batches_create(assay_backend *backend, const assay_dataset *data, size_t max_rows,
                                  assay_batches **batches, assay_error *error)
{
    *batches = NULL;
    if (max_rows == 0 || data->count == 0 || data->count > INT32_MAX) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "batches of %zu out of %zu images cannot be made", max_rows,
                          data->count);
    }
    assay_batches *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *made = (assay_batches){
        .backend = backend,
        .width = data->width,
        .images = data->count,
        .count = data->count,
        .max_rows = max_rows,
        .host_order = assay_calloc(data->count, sizeof(int32_t), error),
    };
    assay_status status = ASSAY_ERROR_MEMORY;
    if (made->host_order != NULL) {
        create_buffers(made, data->pixels);
        fill_buffers(made, data);
        status = assay_backend_check(backend, error);
    }
    if (status != ASSAY_OK) {
        assay_batches_destroy(made);
        return status;
    }
    *batches = made;
    return ASSAY_OK;
}

void assay_batches_destroy(assay_batches *batches)
{
    if (batches == NULL) {
        return;
    }
    assay_buffer *const buffers[] = {batches->pixels, batches->labels, batches->order, batches->table,
                                     batches->x,      batches->y,      batches->right};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        assay_buffer_destroy(batches->backend, buffers[i]);
    }
    assay_free(batches->host_order);
    assay_free(batches);
}

void assay_batches_order(assay_batches *batches, const uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        batches->host_order[i] = (int32_t)order[i];
    }
    batches->count = count;
    assay_upload_i32(batches->backend, assay_part_of(assay_whole(batches->order), 0, count), batches->host_order);
}

size_t assay_batches_count(const assay_batches *batches)
{
    return batches->count;
}

void assay_batches_load(assay_batches *batches, size_t first, size_t rows)
{
    assay_gather(batches->backend, rows, batches->width, assay_whole(batches->pixels), assay_whole(batches->labels),
                 assay_part_of(assay_whole(batches->order), first, rows), assay_whole(batches->table),
                 assay_batches_images(batches, rows), assay_batches_labels(batches, rows));
}

assay_slice assay_batches_images(const assay_batches *batches, size_t rows)
{
    return assay_part_of(assay_whole(batches->x), 0, rows * batches->width);
}

assay_slice assay_batches_labels(const assay_batches *batches, size_t rows)
{
    return assay_part_of(assay_whole(batches->y), 0, rows);
}

size_t assay_count_correct(assay_network *network, assay_batches *batches)
{
    size_t network_rows = assay_network_max_rows(network);
    size_t rows = network_rows < batches->max_rows ? network_rows : batches->max_rows;
    size_t classes = assay_network_configuration(network)->classes;
    size_t correct = 0;
    for (size_t first = 0; first < batches->count; first += rows) {
        size_t left = batches->count - first;
        size_t now = left < rows ? left : rows;
        assay_batches_load(batches, first, now);
        assay_network_forward(network, now, assay_batches_images(batches, now));
        assay_softmax_cross_entropy(batches->backend, now, classes, assay_network_logits(network, now),
                                    assay_batches_labels(batches, now), ASSAY_NO_SLICE, assay_whole(batches->right),
                                    ASSAY_NO_SLICE);
        int32_t right = 0;
        assay_download_i32(batches->backend, assay_whole(batches->right), &right);
        correct += (size_t)right;
    }
    return correct;
}
