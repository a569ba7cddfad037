/* What the library knows of each update rule: its hyperparameters and its state. Private to libassay. */
#ifndef ASSAY_BACKEND_UPDATE_DESCRIPTOR_H
#define ASSAY_BACKEND_UPDATE_DESCRIPTOR_H

#include <assay/backend/update_rule.h>

/*
 * A member of assay_update_rule that users may set: a switch (bool), or a number in [0, limit) or, if closed, [0,
 * limit].
 */
typedef struct {
    const char *name;  /* as users write it: "lr" */
    const char *title; /* in messages: "the learning rate" */
    size_t offset;     /* in assay_update_rule */
    bool is_switch;
    double limit;
    bool closed;
} assay_hyperparameter;

enum { ASSAY_MOST_HYPERPARAMETERS = 9 };

typedef struct {
    /* What the rule reads, in the order in which users see it; NULL after the last. */
    const assay_hyperparameter *reads[ASSAY_MOST_HYPERPARAMETERS + 1];
    size_t slots;
    const char *slot_names[ASSAY_UPDATE_MAX_SLOTS];
    bool amsgrad_adds_slot;
} assay_update_descriptor;

/* Of both functions, `kind` is below ASSAY_UPDATE_COUNT. The name is the identifier of ASSAY_UPDATE_RULES: "adam". */
const char *assay_update_rule_name(assay_update_kind kind);
const assay_update_descriptor *assay_update_describe(assay_update_kind kind);

#endif
