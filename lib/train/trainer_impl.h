/* The trainer's inside, for lib/train alone. */
#ifndef ASSAY_TRAIN_TRAINER_IMPL_H
#define ASSAY_TRAIN_TRAINER_IMPL_H

#include <assay/optim/optimizer.h>
#include <assay/random/generator.h>
#include <assay/train/likeness.h>
#include <assay/train/trainer.h>

struct assay_trainer {
    assay_backend *backend;
    assay_train_options options;
    size_t steps;              /* an epoch */
    unsigned long data_checksum; /* CRC-32 of pixels and labels: a run is resumed on its own data */
    assay_split split;
    assay_generator generator; /* the chain's mt19937 */
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    assay_likeness *likeness;  /* NULL where the backend does not gain by it */
    assay_buffer *best;        /* real: parameters of the best validation epoch */
    assay_buffer *step_losses; /* real [steps] */
    assay_buffer *step_right;  /* INT32 [steps] */
    int32_t *right;            /* [steps] on the host */
    uint32_t *scratch;         /* [train_count] */
    uint32_t *order;           /* [train_count] */
    size_t done;               /* epochs */
    size_t best_epoch;
    double *train_scores;      /* [epochs] */
    double *validation_scores; /* [epochs] */
    double *losses;            /* [epochs * steps] */
};

#endif
