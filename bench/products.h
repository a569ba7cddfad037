/* The bare matrix products of training the tutorial's network, by OpenBLAS with its own threads. */
#ifndef ASSAY_BENCH_PRODUCTS_H
#define ASSAY_BENCH_PRODUCTS_H

#include <stddef.h>

/* Operands for batches of up to `rows` images, its own for each layer, small random numbers; NULL without memory. */
typedef struct products products;
products *products_create(size_t rows);
void products_destroy(products *p);

/* Each layer's output: 5 products. */
void products_forward(products *p, size_t rows);
/* A training step: the outputs, the gradients of the weights, and of the inputs except the images: 14 products. */
void products_step(products *p, size_t rows);

#endif
