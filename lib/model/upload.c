#include <assay/base/alloc.h>
#include <assay/model/model.h>

static assay_status upload(assay_network *network, const assay_stored_tensor *from, assay_slice to, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    if (from->dtype == ASSAY_DTYPE_F32) {
        assay_upload_f32(backend, to, from->data);
        return ASSAY_OK;
    }
    double *values = assay_calloc(from->count, sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_stored_tensor_to_f64(from, values);
    assay_upload_f64(backend, to, values);
    assay_free(values);
    return ASSAY_OK;
}

assay_status assay_model_upload(const assay_model *model, assay_network *network, assay_error *error)
{
    const assay_stored_tensor *weights[ASSAY_MAX_HIDDEN + 1];
    const assay_stored_tensor *biases[ASSAY_MAX_HIDDEN + 1];
    assay_error difference;
    if (assay_model_config_compare(&model->config, assay_network_configuration(network), "", &difference) != ASSAY_OK) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the network does not have the sizes of the saved model");
    }
    assay_model_layers(model->state, &model->config, weights, biases);
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        const assay_tensor tensor = assay_network_tensor(network, i);
        ASSAY_TRY(upload(network, tensor.is_bias ? biases[tensor.layer] : weights[tensor.layer], tensor.values, error));
    }
    return assay_backend_check(assay_network_backend(network), error);
}
