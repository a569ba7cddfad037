#include <assay/tutorial/depth.h>

#include <math.h>

#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>

static assay_network_config deep_network(assay_activation_kind activation)
{
    assay_network_config config = assay_tutorial_network(activation);
    config.hidden_count = ASSAY_DEPTH_LAYERS - 1;
    for (size_t i = 0; i < config.hidden_count; i++) {
        config.hidden[i] = ASSAY_DEPTH_WIDTH;
    }
    return config;
}

/* softmax - onehot adds up to 0 over the classes, and W^T with equal entries does nothing but add it up. */
static void clear_rounding(assay_depth_curve *curve)
{
    double last = curve->gradient[ASSAY_DEPTH_LAYERS - 1];
    for (size_t layer = 0; layer + 1 < ASSAY_DEPTH_LAYERS; layer++) {
        curve->gradient[layer] = curve->gradient[layer] <= 1e-9 * last ? 0.0 : curve->gradient[layer];
    }
}

static void measure(assay_network *network, assay_batches *batches, assay_depth_curve *curve)
{
    enum { ROWS = ASSAY_DEPTH_ROWS };
    assay_backend *backend = assay_network_backend(network);
    assay_slice images = assay_batches_inputs(batches, ROWS);
    assay_network_forward(network, ROWS, images);
    for (size_t layer = 0; layer < ASSAY_DEPTH_LAYERS; layer++) {
        assay_slice outputs = assay_network_preactivations(network, layer, ROWS);
        curve->activation[layer] = sqrt(assay_reduce_moments(backend, outputs).variance);
    }
    assay_network_backward(network, ROWS, images, assay_batches_labels(batches, ROWS), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        if (!tensor.is_bias) {
            curve->gradient[tensor.layer] = sqrt(assay_reduce_moments(backend, tensor.gradient).variance);
        }
    }
}

static assay_status run(assay_network *network, const assay_dataset *data, const assay_split *split,
                        assay_depth_curve *curve, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    assay_batches *batches;
    ASSAY_TRY(assay_batches_create(backend, data, ASSAY_DEPTH_ROWS, &batches, error));
    assay_batches_order(batches, split->train, ASSAY_DEPTH_ROWS);
    assay_batches_load(batches, 0, ASSAY_DEPTH_ROWS);
    measure(network, batches, curve);
    assay_batches_destroy(batches);
    return assay_backend_check(backend, error);
}

assay_status assay_depth_measure(assay_backend *backend, const assay_dataset *data, const assay_split *split,
                                 const assay_generator *generator, const assay_experiment *experiment,
                                 assay_depth_curve *curve, assay_error *error)
{
    if (assay_backend_precision(backend) != ASSAY_F64 || split->train_count < ASSAY_DEPTH_ROWS) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "the spread against depth needs a backend of precision f64 and %d training images",
                          ASSAY_DEPTH_ROWS);
    }
    assay_network_config config = deep_network(experiment->activation);
    assay_network *network;
    ASSAY_TRY(assay_network_create(backend, &config, ASSAY_DEPTH_ROWS, true, &network, error));
    assay_generator own = *generator;
    assay_initialize(&experiment->initializer, network, &own);
    assay_status status = run(network, data, split, curve, error);
    assay_network_destroy(network);
    if (experiment->initializer.kind == ASSAY_INIT_CONSTANT) {
        clear_rounding(curve);
    }
    return status;
}
