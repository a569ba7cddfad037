/* The settings that the tutorial uses throughout. */
#ifndef ASSAY_TUTORIAL_DEFAULTS_H
#define ASSAY_TUTORIAL_DEFAULTS_H

#include <assay/backend/activation.h>
#include <assay/base/declarations.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

enum {
    ASSAY_TUTORIAL_SEED = 42,
    ASSAY_TUTORIAL_BLOCKS = 448, /* of its GPU, a Tesla P100: 56 multiprocessors with 2,048 threads, 256 a block */
    ASSAY_TUTORIAL_TRAIN_COUNT = 50000,      /* images of the training set that train */
    ASSAY_TUTORIAL_VALIDATION_COUNT = 10000, /* its other images */
    ASSAY_TUTORIAL_BATCH = 1024,    /* the first training images, which the experiments of the first half use */
    ASSAY_TUTORIAL_EPOCHS = 40,     /* of a training run */
    ASSAY_TUTORIAL_BATCH_ROWS = 256 /* images in one of its batches */
};

/* The sizes of the hidden layers (assay_network_parse_hidden). */
#define ASSAY_TUTORIAL_HIDDEN "512,256,256,128"

/* 784 inputs, the hidden layers above, 10 classes (BaseNetwork of cell [9]). */
assay_network_config assay_tutorial_network(assay_activation_kind activation);

ASSAY_END_DECLS
#endif
