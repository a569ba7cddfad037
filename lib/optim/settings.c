/* Hyperparameters from text and back. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/names.h>
#include <assay/base/text.h>
#include <assay/optim/optimizer.h>
#include "backend/update_descriptor.h"

/* How much of a wrong text a message repeats. */
enum { SHOWN = 64 };

static int shown(size_t length)
{
    return length < SHOWN ? (int)length : SHOWN;
}

static const assay_hyperparameter *const *hyperparameters_of(const assay_update_rule *rule)
{
    return assay_update_describe(rule->kind)->reads;
}

static assay_status find(const assay_update_rule *rule, const char *text, size_t length, int *index, assay_error *error)
{
    const assay_hyperparameter *const *table = hyperparameters_of(rule);
    char names[ASSAY_LIST_LENGTH];
    assay_list known = assay_list_begin(names, sizeof names);
    for (int i = 0; table[i] != NULL; i++) {
        if (assay_names_match(text, length, table[i]->name)) {
            *index = i;
            return ASSAY_OK;
        }
        assay_list_add(&known, table[i]->name);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "this optimizer has no hyperparameter '%.*s'; known: %s",
                      shown(length), text, known.text);
}

/* Reads "value" up to `end`, which is a comma or the end of the text. */
static assay_status parse_value(const assay_hyperparameter *entry, const char *text, const char *end,
                                assay_update_rule *rule, assay_error *error)
{
    int length = shown((size_t)(end - text));
    char *stop = NULL;
    double value = strtod(text, &stop);
    if (stop != end || stop == text || !isfinite(value)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s must be a finite number, not '%.*s'", entry->name, length,
                          text);
    }
    void *place = (char *)rule + entry->offset;
    if (!entry->is_switch) {
        *(double *)place = value;
        return ASSAY_OK;
    }
    if (value != 0.0 && value != 1.0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s must be 0 or 1, not '%.*s'", entry->name, length, text);
    }
    *(bool *)place = value != 0.0;
    return ASSAY_OK;
}

assay_status assay_optimizer_set(assay_update_rule *rule, const char *settings, assay_error *error)
{
    assay_update_rule changed = *rule;
    bool given[ASSAY_MOST_HYPERPARAMETERS] = {false};
    const char *text = settings;
    while (*text != '\0') {
        const char *end = text + strcspn(text, ",");
        size_t length = strcspn(text, ",=");
        if (text[length] != '=') {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "write hyperparameters as name=value,name=value: not '%s'",
                              text);
        }
        int index = 0;
        ASSAY_TRY(find(rule, text, length, &index, error));
        const assay_hyperparameter *entry = hyperparameters_of(rule)[index];
        if (given[index]) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is given twice in '%s'", entry->name, settings);
        }
        given[index] = true;
        ASSAY_TRY(parse_value(entry, text + length + 1, end, &changed, error));
        if (*end == ',' && end[1] == '\0') {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "nothing follows the last comma of '%s'", settings);
        }
        text = *end == ',' ? end + 1 : end;
    }
    ASSAY_TRY(assay_update_rule_check(&changed, error));
    *rule = changed;
    return ASSAY_OK;
}

char *assay_optimizer_settings(const assay_update_rule *rule, assay_error *error)
{
    char *text = assay_strdup("", error);
    for (const assay_hyperparameter *const *h = hyperparameters_of(rule); *h != NULL && text != NULL; h++) {
        const void *place = (const char *)rule + (*h)->offset;
        char number[32];
        assay_text_number((*h)->is_switch ? (double)*(const bool *)place : *(const double *)place, number,
                          sizeof number);
        char *longer = assay_asprintf(error, "%s%s%s=%s", text, text[0] == '\0' ? "" : ",", (*h)->name, number);
        assay_free(text);
        text = longer;
    }
    return text;
}
