#include <assay/train/batches.h>

#include <string.h>

#include <assay/base/alloc.h>

struct assay_batches {
    assay_backend *backend;
    assay_dataset data; /* its arrays are the caller's */
    size_t count;       /* in the order */
    size_t max_rows;
    int32_t *host_order; /* [data.count] */
    assay_buffer *x;     /* real [max_rows][width] */
    assay_buffer *y;     /* INT32 [max_rows] */
    assay_buffer *right; /* INT32 [1]: right answers in one batch */
    /* For bytes, which the backend gathers. */
    assay_buffer *pixels; /* UINT8 [data.count][width] */
    assay_buffer *labels; /* INT32 [data.count] */
    assay_buffer *order;  /* INT32 [data.count] */
    assay_buffer *table;  /* real [256] */
    /* For floats, which are gathered here. */
    float *host_x;   /* [max_rows][width] */
    int32_t *host_y; /* [max_rows] */
};

static void create_gathering_buffers(assay_batches *batches)
{
    assay_backend *backend = batches->backend;
    const assay_dataset *data = &batches->data;
    float table[256];
    batches->pixels = assay_buffer_borrow_u8(backend, data->pixels, data->count * data->width);
    batches->labels = assay_buffer_create(backend, ASSAY_INT32, data->count);
    batches->order = assay_buffer_create(backend, ASSAY_INT32, data->count);
    batches->table = assay_buffer_create(backend, ASSAY_REAL, 256);
    assay_normalization_table(data->mean, data->std, table);
    assay_upload_f32(backend, assay_whole(batches->table), table);
    assay_upload_i32(backend, assay_whole(batches->labels), data->labels);
    assay_upload_i32(backend, assay_whole(batches->order), batches->host_order);
}

static assay_status create_parts(assay_batches *batches, assay_error *error)
{
    assay_backend *backend = batches->backend;
    const assay_dataset *data = &batches->data;
    batches->host_order = assay_calloc(data->count, sizeof *batches->host_order, error);
    if (batches->host_order == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < data->count; i++) {
        batches->host_order[i] = (int32_t)i;
    }
    if (data->pixels != NULL) {
        create_gathering_buffers(batches);
    } else {
        batches->host_x = assay_calloc(batches->max_rows * data->width, sizeof *batches->host_x, error);
        batches->host_y = assay_calloc(batches->max_rows, sizeof *batches->host_y, error);
        if (batches->host_x == NULL || batches->host_y == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    }
    batches->x = assay_buffer_create(backend, ASSAY_REAL, batches->max_rows * data->width);
    batches->y = assay_buffer_create(backend, ASSAY_INT32, batches->max_rows);
    batches->right = assay_buffer_create(backend, ASSAY_INT32, 1);
    return assay_backend_check(backend, error);
}

assay_status assay_batches_create(assay_backend *backend, const assay_dataset *data, size_t max_rows,
                                  assay_batches **batches, assay_error *error)
{
    *batches = NULL;
    if (max_rows == 0 || data->count == 0 || data->count > INT32_MAX || max_rows > SIZE_MAX / data->width) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "batches of %zu out of %zu samples cannot be made", max_rows,
                          data->count);
    }
    if (data->pixels != NULL && !(data->std > 0.0f)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the data set's std, %g, is not above 0", (double)data->std);
    }
    assay_batches *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *made = (assay_batches){.backend = backend, .data = *data, .count = data->count, .max_rows = max_rows};
    assay_status status = create_parts(made, error);
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
    assay_free(batches->host_x);
    assay_free(batches->host_y);
    assay_free(batches->host_order);
    assay_free(batches);
}

void assay_batches_order(assay_batches *batches, const uint32_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        batches->host_order[i] = (int32_t)order[i];
    }
    batches->count = count;
    if (batches->order != NULL) {
        assay_upload_i32(batches->backend, assay_part_of(assay_whole(batches->order), 0, count), batches->host_order);
    }
}

size_t assay_batches_count(const assay_batches *batches)
{
    return batches->count;
}

/* Copies the samples together and uploads them. Too many rows fail in the upload, which finds its destination too
 * small. */
static void gather_floats(assay_batches *batches, size_t first, size_t rows)
{
    const assay_dataset *data = &batches->data;
    bool inside = first <= data->count && rows <= data->count - first && rows <= batches->max_rows;
    for (size_t r = 0; inside && r < rows; r++) {
        size_t sample = (size_t)batches->host_order[first + r];
        memcpy(batches->host_x + r * data->width, data->values + sample * data->width, data->width * sizeof(float));
        batches->host_y[r] = data->labels[sample];
    }
    size_t wanted = inside ? rows : batches->max_rows + 1;
    assay_upload_f32(batches->backend, assay_batches_inputs(batches, wanted), batches->host_x);
    assay_upload_i32(batches->backend, assay_batches_labels(batches, wanted), batches->host_y);
}

void assay_batches_load(assay_batches *batches, size_t first, size_t rows)
{
    if (batches->data.pixels == NULL) {
        gather_floats(batches, first, rows);
        return;
    }
    assay_gather(batches->backend, rows, batches->data.width, assay_whole(batches->pixels),
                 assay_whole(batches->labels), assay_part_of(assay_whole(batches->order), first, rows),
                 assay_whole(batches->table), assay_batches_inputs(batches, rows), assay_batches_labels(batches, rows));
}

assay_slice assay_batches_inputs(const assay_batches *batches, size_t rows)
{
    return assay_part_of(assay_whole(batches->x), 0, rows * batches->data.width);
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
        assay_network_forward(network, now, assay_batches_inputs(batches, now));
        assay_softmax_cross_entropy(batches->backend, now, classes, assay_network_logits(network, now),
                                    assay_batches_labels(batches, now), ASSAY_NO_SLICE, assay_whole(batches->right),
                                    ASSAY_NO_SLICE);
        int32_t right = 0;
        assay_download_i32(batches->backend, assay_whole(batches->right), &right);
        correct += (size_t)right;
    }
    return correct;
}
