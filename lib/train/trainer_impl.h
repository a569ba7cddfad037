/* The inside of a trainer, for lib/train only. */
#ifndef ASSAY_TRAIN_TRAINER_IMPL_H
#define ASSAY_TRAIN_TRAINER_IMPL_H

#include <assay/optim/optimizer.h>
#include <assay/random/generator.h>
#include <assay/train/batches.h>
#include <assay/train/likeness.h>
#include <assay/train/trainer.h>

struct assay_trainer {
    assay_backend *backend;
    assay_train_options options; /* draws is not NULL */
    size_t steps;                /* of an epoch */
    uint32_t data_checksum;      /* CRC-32 of inputs and labels: a run is resumed on its own data */
    assay_split split;
    assay_generator generator; /* an mt19937 */
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    assay_likeness *likeness;  /* NULL where the backend gains nothing by it */
    assay_buffer *best;        /* real: parameters of the best validation epoch */
    assay_buffer *step_losses; /* real [steps] */
    assay_buffer *step_right;  /* INT32 [steps] */
    int32_t *right;            /* [steps] on the host */
    uint32_t *scratch;         /* [train_count] */
    uint32_t *order;           /* [train_count] */
    size_t done;               /* epochs so far */
    size_t best_epoch;
    double *train_scores;      /* [epochs] */
    double *validation_scores; /* [epochs] */
    double *losses;            /* [epochs * steps] */
};

#endif
