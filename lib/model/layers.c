#include <assay/model/layers.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What people and tools call the dictionary or module around a network. */
/* clang-format off */
static const char *const containers[] = {
    "state_dict", "model_state_dict", "model_state", "model_dict", "model", "net_state_dict", "net_state", "net",
    "network_state_dict", "network", "module", "modules", "_orig_mod", "_forward_module", "_fsdp_wrapped_module",
    "state", "weights", "params",
};
/* clang-format on */

/* Parts of names by which PyTorch and its friends change what a layer computes. */
/* clang-format off */
static const char *const changes[] = {
    "weight_mask", "bias_mask", "weight_orig", "bias_orig", "weight_g", "weight_v", "weight_u", "parametrizations",
    "weight_scale", "weight_zero_point", "_packed_params",
};
/* clang-format on */

static bool is_one_of(const char *word, size_t length, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_ONE_OF(word, length, words) is_one_of(word, length, words, sizeof(words) / sizeof *(words))

/* How much of the name is made of containers: the length of the longest such prefix, with its dot. */
static size_t container_prefix(const char *name)
{
    size_t length = 0;
    for (const char *dot; (dot = strchr(name + length, '.')) != NULL; length = (size_t)(dot - name) + 1) {
        if (!IS_ONE_OF(name + length, (size_t)(dot - name) - length, containers)) {
            break;
        }
    }
    return length <= ASSAY_MODEL_PREFIX_LENGTH ? length : 0;
}

static bool begins_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* --- what is done to layers ------------------------------------------------------------------------------------- */

/* Whether a part of the name says that something is done to a layer. */
static bool is_change(const char *name)
{
    for (const char *at = name;;) {
        size_t length = strcspn(at, ".");
        if (IS_ONE_OF(at, length, changes) || (length > 5 && strncmp(at, "lora_", 5) == 0)) {
            return true;
        }
        if (at[length] == '\0') {
            return false;
        }
        at += length + 1;
    }
}

static assay_status belongs(const assay_stored_tensor *tensor, const char *name, assay_error *error)
{
    return assay_fail(error, ASSAY_ERROR_FORMAT,
                      "%s: '%.100s' belongs to the network's computation, and Assay computes only linear layers and an "
                      "activation function: the accuracy would be wrong",
                      name, tensor->name);
}

/* Refuses a state with something that is done to a layer behind the prefix. */
static assay_status check_changes(const assay_state *state, const char *prefix, const char *name, assay_error *error)
{
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        if (begins_with(tensor->name, prefix) && is_change(tensor->name + strlen(prefix))) {
            return belongs(tensor, name, error);
        }
    }
    return ASSAY_OK;
}

/* `odd`: a tensor that shows what is meant; NULL for none. */
static assay_status no_network(const assay_state *state, const char *name, const char *why,
                               const assay_stored_tensor *odd, assay_error *error)
{
    ASSAY_TRY(check_changes(state, "", name, error));
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: holds no network of the tutorial: %s%s%.100s%s", name, why,
                      odd == NULL ? "" : " ('", odd == NULL ? "" : odd->name, odd == NULL ? "" : "')");
}

/* --- layers.N.weight ------------------------------------------------------------------------------------------- */

/* The N of "PREFIX layers.N.weight", and the length of the prefix; false for any other name, and for an N that is not
 * written as PyTorch writes it. */
static bool layer_number(const char *name, size_t *prefix, unsigned long *number)
{
    char again[64];
    const char *at = NULL;
    for (const char *next = name; (next = strstr(next, "layers.")) != NULL; next++) {
        at = next == name || next[-1] == '.' ? next : at;
    }
    if (at == NULL) {
        return false;
    }
    *number = strtoul(at + strlen("layers."), NULL, 10);
    *prefix = (size_t)(at - name);
    snprintf(again, sizeof again, "layers.%lu.weight", *number);
    return strcmp(at, again) == 0;
}

static int by_number(const void *a, const void *b)
{
    size_t prefix = 0;
    unsigned long x = 0;
    unsigned long y = 0;
    layer_number((*(const assay_stored_tensor *const *)a)->name, &prefix, &x);
    layer_number((*(const assay_stored_tensor *const *)b)->name, &prefix, &y);
    return (x > y) - (x < y);
}

/* "X.weight" -> the tensor "X.bias". */
static const assay_stored_tensor *bias_of(const assay_state *state, const assay_stored_tensor *weight)
{
    char name[1024]; /* longer names do not belong to layers */
    size_t stem = strlen(weight->name) - strlen("weight");
    if (stem + sizeof "bias" > sizeof name) {
        return NULL;
    }
    snprintf(name, sizeof name, "%.*sbias", (int)stem, weight->name);
    return assay_state_find(state, name);
}

static assay_status check_layer(const assay_stored_tensor *weight, const assay_stored_tensor *bias, const char *name,
                                assay_error *error)
{
    if (weight->rank != 2 || weight->count == 0) {
        return assay_fail(
            error, ASSAY_ERROR_FORMAT,
            "%s: '%.100s' is not a matrix [out][in]; Assay computes only linear layers and an activation function",
            name, weight->name);
    }
    if (bias == NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: '%.100s' has no bias beside it; Assay's layers have one: add a bias of zeros", name,
                          weight->name);
    }
    if (bias->rank != 1 || bias->shape[0] != weight->shape[0]) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: '%.100s' does not have the %zu entries of its weight's rows",
                          name, bias->name, weight->shape[0]);
    }
    const assay_stored_tensor *odd = assay_dtype_is_floating(weight->dtype) ? bias : weight;
    if (!assay_dtype_is_floating(odd->dtype)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: '%.100s' is of type %s; weights are floating-point numbers: "
                          "save net.float().state_dict()",
                          name, odd->name, assay_dtype_name(odd->dtype));
    }
    return ASSAY_OK;
}

static assay_status check_chain(const assay_layers *layers, const char *name, assay_error *error)
{
    for (size_t i = 0; i < layers->count; i++) {
        const assay_stored_tensor *weight = layers->weights[i];
        ASSAY_TRY(check_layer(weight, layers->biases[i], name, error));
        if (i > 0 && weight->shape[1] != layers->weights[i - 1]->shape[0]) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: '%.100s' takes %zu inputs, but '%.100s' gives %zu", name,
                              weight->name, weight->shape[1], layers->weights[i - 1]->name,
                              layers->weights[i - 1]->shape[0]);
        }
    }
    return ASSAY_OK;
}

/* Refuses what belongs to the computation and would be left out of it. */
static assay_status check_leftovers(const assay_state *state, const assay_layers *layers, const char *name,
                                    assay_error *error)
{
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        if (begins_with(tensor->name, layers->prefix) && !assay_layers_have(layers, tensor) &&
            begins_with(tensor->name + strlen(layers->prefix), "layers.")) {
            return belongs(tensor, name, error);
        }
    }
    return ASSAY_OK;
}

static assay_status too_many(size_t count, const char *name, assay_error *error)
{
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu layers are more than the %d that a network may have", name,
                      count, ASSAY_MAX_HIDDEN + 1);
}

/* The layers "PREFIX layers.N", sorted by N. */
static assay_status take_numbered(const assay_state *state, const char *name, assay_layers *layers, assay_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        size_t prefix = 0;
        unsigned long number = 0;
        if (begins_with(tensor->name, layers->prefix) && layer_number(tensor->name, &prefix, &number) &&
            prefix == strlen(layers->prefix)) {
            if (count <= ASSAY_MAX_HIDDEN) {
                layers->weights[count] = tensor;
            }
            count++;
        }
    }
    if (count > ASSAY_MAX_HIDDEN + 1) {
        return too_many(count, name, error);
    }
    layers->count = count;
    qsort(layers->weights, count, sizeof(const assay_stored_tensor *), by_number);
    for (size_t i = 0; i < count; i++) {
        layers->biases[i] = bias_of(state, layers->weights[i]);
    }
    ASSAY_TRY(check_changes(state, layers->prefix, name, error));
    ASSAY_TRY(check_chain(layers, name, error));
    return check_leftovers(state, layers, name, error);
}

/* --- other names ----------------------------------------------------------------------------------------------- */

enum { MOST_STEPS = 100000 };

/* The search for an order in which the matrices chain. */
typedef struct {
    const assay_layers *layers;
    bool used[ASSAY_MAX_HIDDEN + 1];
    size_t order[ASSAY_MAX_HIDDEN + 1];
    size_t found[ASSAY_MAX_HIDDEN + 1]; /* the first order that was found */
    size_t chains;                      /* found: at most 2 */
    size_t steps;
} chain_search;

static void search(chain_search *s, size_t depth)
{
    const assay_layers *layers = s->layers;
    if (depth == layers->count) {
        if (s->chains++ == 0) {
            memcpy(s->found, s->order, sizeof s->found);
        }
        return;
    }
    for (size_t i = 0; i < layers->count && s->chains < 2 && s->steps < MOST_STEPS; i++) {
        s->steps++;
        if (!s->used[i] &&
            (depth == 0 || layers->weights[i]->shape[1] == layers->weights[s->order[depth - 1]]->shape[0])) {
            s->used[i] = true;
            s->order[depth] = i;
            search(s, depth + 1);
            s->used[i] = false;
        }
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether two names differ at most in their numbers; their order is that of the first number that differs. */
static bool compare_numbered(const char *a, const char *b, int *order)
{
    *order = 0;
    while (*a != '\0' && *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            char *a_end = NULL;
            char *b_end = NULL;
            unsigned long x = strtoul(a, &a_end, 10);
            unsigned long y = strtoul(b, &b_end, 10);
            *order = *order != 0 ? *order : (x > y) - (x < y);
            a = a_end;
            b = b_end;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static int by_numbered_name(const void *a, const void *b)
{
    int order = 0;
    compare_numbered((*(const assay_stored_tensor *const *)a)->name, (*(const assay_stored_tensor *const *)b)->name,
                     &order);
    return order;
}

static bool are_numbered(const assay_layers *layers)
{
    int order = 0;
    for (size_t i = 1; i < layers->count; i++) {
        if (!compare_numbered(layers->weights[0]->name, layers->weights[i]->name, &order)) {
            return false;
        }
    }
    return true;
}

static bool chains(const assay_layers *layers)
{
    for (size_t i = 1; i < layers->count; i++) {
        if (layers->weights[i]->shape[1] != layers->weights[i - 1]->shape[0]) {
            return false;
        }
    }
    return true;
}

/* Puts the layers, which are in the order of the state, into the one order that shapes and names allow. */
static const char *put_in_order(assay_layers *layers, bool in_order)
{
    chain_search s = {.layers = layers};
    assay_layers sorted = *layers;
    search(&s, 0);
    size_t found = s.steps < MOST_STEPS ? s.chains : 2; /* a search that was given up leaves it open */
    if (found == 1) {
        for (size_t i = 0; i < layers->count; i++) {
            sorted.weights[i] = layers->weights[s.found[i]];
        }
        *layers = sorted;
        return NULL;
    }
    if (found == 0) {
        return "the matrices in it do not follow each other by their shapes";
    }
    qsort(sorted.weights, sorted.count, sizeof(const assay_stored_tensor *), by_numbered_name);
    bool by_name = are_numbered(layers) && chains(&sorted);
    bool by_place = in_order && chains(layers);
    bool same = memcmp(sorted.weights, layers->weights, layers->count * sizeof *layers->weights) == 0;
    if (by_name == by_place && !(by_name && same)) {
        return "the order of the matrices in it is not clear from their shapes, names and places";
    }
    if (by_name) {
        *layers = sorted;
    }
    return NULL;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name);
    return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static const char not_linear[] =
    "there is no tensor 'layers.N.weight', and the others are not weights and biases of linear layers";

/* All tensors behind the prefix as one chain of layers; otherwise what is against it. */
static const char *take_all(const assay_state *state, bool in_order, assay_layers *layers,
                            const assay_stored_tensor **odd)
{
    size_t biases = 0;
    assay_error error;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        if (!begins_with(tensor->name, layers->prefix)) {
            continue;
        }
        *odd = tensor;
        const char *rest = tensor->name + strlen(layers->prefix);
        if (strstr(rest, "_parameters.") != NULL) {
            return "there is no tensor 'layers.N.weight', but a whole network";
        }
        bool weight = strcmp(rest, "weight") == 0 || ends_with(rest, ".weight");
        if (!weight && strcmp(rest, "bias") != 0 && !ends_with(rest, ".bias")) {
            return not_linear;
        }
        if (weight &&
            (layers->count > ASSAY_MAX_HIDDEN || check_layer(tensor, bias_of(state, tensor), "", &error) != ASSAY_OK)) {
            return not_linear;
        }
        if (weight) {
            layers->weights[layers->count++] = tensor;
        }
        biases += !weight;
    }
    *odd = NULL;
    if (layers->count == 0 || biases != layers->count) {
        return "there is no tensor 'layers.N.weight'";
    }
    return put_in_order(layers, in_order);
}

/* Tries every prefix of containers that the names have, the shortest first. */
static assay_status find_chain(const assay_state *state, const char *wanted, bool in_order, const char *name,
                               assay_layers *layers, assay_error *error)
{
    enum { MOST_TENSORS = 4096 };
    const char *why = NULL;
    const assay_stored_tensor *odd = NULL;
    char tried[ASSAY_MODEL_PREFIX_LENGTH + 1] = "";
    size_t count = assay_state_count(state);
    for (size_t i = 0; i < count && count <= MOST_TENSORS; i++) {
        const char *first = assay_state_at(state, i)->name;
        size_t longest = container_prefix(first);
        if (i > 0 && longest == strlen(tried) && strncmp(first, tried, longest) == 0) {
            continue; /* as the tensor before */
        }
        snprintf(tried, sizeof tried, "%.*s", (int)longest, first);
        for (size_t length = 0; length <= longest; length++) {
            if ((length > 0 && first[length - 1] != '.') || (wanted != NULL && length != strlen(wanted))) {
                continue;
            }
            assay_layers found = {.other_names = true};
            snprintf(found.prefix, sizeof found.prefix, "%.*s", (int)length, first);
            const assay_stored_tensor *against_odd = NULL;
            const char *against = wanted == NULL || strcmp(wanted, found.prefix) == 0
                                      ? take_all(state, in_order, &found, &against_odd)
                                      : "there is no such prefix";
            odd = why == NULL ? against_odd : odd;
            why = why == NULL ? against : why;
            if (against != NULL || (layers->count > 0 && assay_layers_have(layers, found.weights[0]))) {
                continue;
            }
            if (layers->count > 0) {
                return assay_fail(error, ASSAY_ERROR_FORMAT,
                                  "%s: holds more than one network, '%.80s*' and '%.80s*': "
                                  "choose one with --prefix",
                                  name, layers->prefix, found.prefix);
            }
            *layers = found;
        }
    }
    if (layers->count == 0) {
        return no_network(state, name, why != NULL ? why : "there is no tensor 'layers.N.weight'", odd, error);
    }
    for (size_t i = 0; i < layers->count; i++) {
        layers->biases[i] = bias_of(state, layers->weights[i]);
    }
    return check_chain(layers, name, error);
}

/* --- the network ----------------------------------------------------------------------------------------------- */

/* A name with "layers." in it that no prefix of containers explains. */
static assay_status unexpected(const assay_state *state, const assay_stored_tensor *tensor, const char *name,
                               assay_error *error)
{
    ASSAY_TRY(check_changes(state, "", name, error));
    size_t length = 0;
    unsigned long number = 0;
    bool prefixed = layer_number(tensor->name, &length, &number) && length <= ASSAY_MODEL_PREFIX_LENGTH;
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: has '%.100s' where 'layers.0.weight' is expected%s%.*s", name,
                      tensor->name, prefixed ? "; if this is the network, choose it with --prefix " : "",
                      prefixed ? (int)length - 1 : 0, tensor->name);
}

/* The prefixes of "layers.N.weight": which one, or how many. */
static assay_status find_prefix(const assay_state *state, const char *wanted, const char *name, assay_layers *layers,
                                bool *numbered, assay_error *error)
{
    const assay_stored_tensor *odd = NULL;
    *numbered = false;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        size_t length = 0;
        unsigned long number = 0;
        bool fits = layer_number(tensor->name, &length, &number);
        bool known = fits && length <= ASSAY_MODEL_PREFIX_LENGTH &&
                     (wanted != NULL ? strlen(wanted) == length && begins_with(tensor->name, wanted)
                                     : container_prefix(tensor->name) == length);
        odd = odd == NULL && (fits || begins_with(tensor->name + container_prefix(tensor->name), "layers.")) ? tensor
                                                                                                             : odd;
        if (!known || (*numbered && strlen(layers->prefix) == length && begins_with(tensor->name, layers->prefix))) {
            continue;
        }
        if (*numbered) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: holds more than one network, '%.80slayers.*' and '%.*slayers.*': "
                              "choose one with --prefix",
                              name, layers->prefix, (int)(length < 80 ? length : 80), tensor->name);
        }
        snprintf(layers->prefix, sizeof layers->prefix, "%.*s", (int)length, tensor->name);
        *numbered = true;
    }
    return *numbered || odd == NULL || wanted != NULL ? ASSAY_OK : unexpected(state, odd, name, error);
}

assay_status assay_layers_find(const assay_state *state, const char *prefix, bool in_order, const char *name,
                               assay_layers *layers, assay_error *error)
{
    bool numbered = false;
    char wanted[sizeof layers->prefix] = "";
    *layers = (assay_layers){0};
    if (prefix != NULL) {
        size_t length = strlen(prefix);
        if (length > ASSAY_MODEL_PREFIX_LENGTH - 1) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a prefix of more than %d bytes",
                              ASSAY_MODEL_PREFIX_LENGTH - 1);
        }
        snprintf(wanted, sizeof wanted, "%s%s", prefix, length == 0 || prefix[length - 1] == '.' ? "" : ".");
        prefix = wanted;
    }
    ASSAY_TRY(find_prefix(state, prefix, name, layers, &numbered, error));
    return numbered ? take_numbered(state, name, layers, error)
                    : find_chain(state, prefix, in_order, name, layers, error);
}

bool assay_layers_have(const assay_layers *layers, const assay_stored_tensor *tensor)
{
    for (size_t i = 0; i < layers->count; i++) {
        if (layers->weights[i] == tensor || layers->biases[i] == tensor) {
            return true;
        }
    }
    return false;
}

void assay_layers_sizes(const assay_layers *layers, assay_network_config *config)
{
    config->hidden_count = layers->count - 1;
    config->inputs = layers->weights[0]->shape[1];
    config->classes = layers->weights[layers->count - 1]->shape[0];
    for (size_t i = 0; i < config->hidden_count; i++) {
        config->hidden[i] = layers->weights[i]->shape[0];
    }
}
