/* The initializers under test, with their variances written a second time, from the papers. */
#ifndef ASSAY_TESTS_TEST_INIT_H
#define ASSAY_TESTS_TEST_INIT_H

#include <assay/init/initializer.h>
#include "checks.h"

typedef struct {
    const char *what;
    assay_initializer initializer;
    assay_distribution_kind kind;
    double (*variance)(size_t layer, double in, double out); /* of a weight */
    double (*bias_variance)(double in);                      /* NULL: biases are 0 */
} init_case;

enum { INIT_CASES = 12 };
extern const init_case init_cases[INIT_CASES];

/* The false-alarm probability of one check; test_init.c has the sum. */
#define INIT_ALARM 5e-10

assay_backend *init_backend(const char *name, assay_precision precision);
/* A network of layers in -> sizes[0] -> ... -> sizes[count - 1]. */
assay_network *init_network(assay_backend *backend, assay_activation_kind activation, size_t in, size_t count,
                            const size_t *sizes);
void init_close(assay_backend *backend, assay_network *network);

/* Variances through depth, in test_init_depth.c. */
TCase *init_depth_case(void);

#endif
