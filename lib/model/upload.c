#include <assay/model/model.h>

/* Converted piece by piece: whole, an array of doubles could be four times as large as the tensor. */
static void upload(assay_network *network, const assay_stored_tensor *from, assay_slice to)
{
    enum { PIECE = 4096 };
    assay_backend *backend = assay_network_backend(network);
    double values[PIECE];
    if (from->dtype == ASSAY_DTYPE_F32) {
        assay_upload_f32(backend, to, from->data);
        return;
    }
    for (size_t first = 0; first < from->count; first += PIECE) {
        size_t count = from->count - first < PIECE ? from->count - first : PIECE;
        assay_stored_tensor_part_to_f64(from, first, count, values);
        assay_upload_f64(backend, assay_part_of(to, first, count), values);
    }
}

assay_status assay_model_upload(const assay_model *model, assay_network *network, assay_error *error)
{
    assay_error difference;
    if (assay_model_config_compare(&model->config, assay_network_configuration(network), "", &difference) != ASSAY_OK) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the network does not have the sizes of the saved model");
    }
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        const assay_tensor tensor = assay_network_tensor(network, i);
        upload(network, (tensor.is_bias ? model->layers.biases : model->layers.weights)[tensor.layer], tensor.values);
    }
    return assay_backend_check(assay_network_backend(network), error);
}
