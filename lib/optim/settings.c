/* Hyperparameters from text and back. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/optim/optimizer.h>

/* Bit k stands for the rule of kind k. */
#define BIT(kind) (1u << (kind))
#define MOMENTA (BIT(ASSAY_UPDATE_MOMENTUM) | CLASSICAL)
#define CLASSICAL BIT(ASSAY_UPDATE_CLASSICAL_MOMENTUM)
#define ADAM BIT(ASSAY_UPDATE_ADAM)
#define RMSPROP BIT(ASSAY_UPDATE_RMSPROP)
#define ALL (BIT(ASSAY_UPDATE_SGD) | MOMENTA | ADAM | RMSPROP)

/* A hyperparameter: its name, the rules that have it, and where it stands in assay_update_rule. */
typedef struct {
    const char *name;
    unsigned kinds;
    bool is_switch;
    size_t offset;
} hyperparameter;

static const hyperparameter table[] = {
    {"lr", ALL, false, offsetof(assay_update_rule, learning_rate)},
    {"weight_decay", ALL, false, offsetof(assay_update_rule, weight_decay)},
    {"momentum", MOMENTA, false, offsetof(assay_update_rule, momentum)},
    {"dampening", CLASSICAL, false, offsetof(assay_update_rule, dampening)},
    {"nesterov", CLASSICAL, true, offsetof(assay_update_rule, nesterov)},
    {"beta1", ADAM, false, offsetof(assay_update_rule, beta1)},
    {"beta2", ADAM, false, offsetof(assay_update_rule, beta2)},
    {"alpha", RMSPROP, false, offsetof(assay_update_rule, beta2)},
    {"eps", ADAM | RMSPROP, false, offsetof(assay_update_rule, epsilon)},
    {"correct_first", ADAM, true, offsetof(assay_update_rule, correct_first)},
    {"correct_second", ADAM, true, offsetof(assay_update_rule, correct_second)},
    {"amsgrad", ADAM, true, offsetof(assay_update_rule, amsgrad)},
    {"decoupled", ADAM, true, offsetof(assay_update_rule, decoupled)},
};

enum { COUNT = sizeof table / sizeof *table };

static bool has(const assay_update_rule *rule, const hyperparameter *entry)
{
    return (entry->kinds & BIT(rule->kind)) != 0;
}

/* "weight-decay" is weight_decay: optimizers' names have hyphens, so people type them here too. */
static bool same_name(const char *text, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++) {
        if ((text[i] == '-' ? '_' : text[i]) != name[i]) {
            return false;
        }
    }
    return name[length] == '\0';
}

static assay_status find(const assay_update_rule *rule, const char *text, size_t length, int *index,
                         assay_error *error)
{
    char known[256] = "";
    size_t used = 0;
    for (int i = 0; i < COUNT; i++) {
        if (!has(rule, &table[i])) {
            continue;
        }
        if (same_name(text, length, table[i].name)) {
            *index = i;
            return ASSAY_OK;
        }
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used == 0 ? "" : ", ", table[i].name);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "this optimizer has no hyperparameter '%.*s'; it has %s",
                      (int)(length < 64 ? length : 64), text, known);
}

/* Reads "value" up to `end`, which is a comma or the end of the text. */
static assay_status parse_value(const hyperparameter *entry, const char *text, const char *end,
                                assay_update_rule *rule, assay_error *error)
{
    int shown = (int)(end - text < 64 ? end - text : 64);
    char *stop = NULL;
    double value = strtod(text, &stop);
    if (stop != end || stop == text || !isfinite(value)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is to be a finite number, not '%.*s'", entry->name, shown,
                          text);
    }
    void *place = (char *)rule + entry->offset;
    if (!entry->is_switch) {
        *(double *)place = value;
        return ASSAY_OK;
    }
    if (value != 0.0 && value != 1.0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is to be 0 or 1, not '%.*s'", entry->name, shown, text);
    }
    *(bool *)place = value != 0.0;
    return ASSAY_OK;
}

assay_status assay_optimizer_set(assay_update_rule *rule, const char *settings, assay_error *error)
{
    assay_update_rule changed = *rule;
    unsigned given = 0;
    const char *text = settings;
    while (*text != '\0') {
        const char *end = text + strcspn(text, ",");
        size_t length = strcspn(text, ",=");
        if (text[length] != '=') {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                              "hyperparameters are written name=value,name=value: not '%s'", text);
        }
        int index = 0;
        ASSAY_TRY(find(rule, text, length, &index, error));
        if ((given & 1u << index) != 0) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is given twice in '%s'", table[index].name, settings);
        }
        given |= 1u << index;
        ASSAY_TRY(parse_value(&table[index], text + length + 1, end, &changed, error));
        if (*end == ',' && end[1] == '\0') {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "nothing follows the last comma of '%s'", settings);
        }
        text = *end == ',' ? end + 1 : end;
    }
    ASSAY_TRY(assay_update_rule_check(&changed, error));
    *rule = changed;
    return ASSAY_OK;
}

/* The shortest text that strtod reads back as `value`. */
static void print_number(double value, size_t size, char *text)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            return;
        }
    }
}

char *assay_optimizer_settings(const assay_update_rule *rule, assay_error *error)
{
    char text[COUNT * 48] = "";
    size_t used = 0;
    for (int i = 0; i < COUNT; i++) {
        if (!has(rule, &table[i])) {
            continue;
        }
        const void *place = (const char *)rule + table[i].offset;
        char number[32];
        print_number(table[i].is_switch ? (double)*(const bool *)place : *(const double *)place, sizeof number, number);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", used == 0 ? "" : ",", table[i].name,
                                 number);
    }
    return assay_strdup(text, error);
}
