/* The matrix products of training the tutorial's network, alone, by OpenBLAS with its own threads. */
#ifndef ASSAY_BENCH_PRODUCTS_H
#define ASSAY_BENCH_PRODUCTS_H

#include <stddef.h>

/* Operands for batches of up to `rows` images: separate ones for each layer, small random numbers. NULL: no memory. */
typedef struct products products;
products *products_create(size_t rows);
void products_destroy(products *p);

/* Each layer's output: 5 products. */
void products_forward(products *p, size_t rows);
/* A training step, 14 products: outputs, gradients of the weights, gradients of the inputs except the images. */
void products_step(products *p, size_t rows);

#endif
