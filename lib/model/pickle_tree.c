/* The walk over a pickle that was read: which tensors are in it, and under which names. */
#include "model/pickle_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A path through the dictionaries, as a name. */
enum { DEEPEST = 60, LONGEST_NAME = 500, TENSOR_COST = 512 /* what a tensor takes in the state, beside its numbers */ };

typedef struct found found;
struct found {
    assay_pickled_tensor tensor;
    found *next;
};

typedef struct {
    pickle_machine *m;
    assay_pickle *pickle;
    char path[LONGEST_NAME + 1];
    size_t length;
    size_t depth;
    found *first;
    found *last;
    size_t count;
} walk;

static assay_status visit(walk *w, pickle_value *value);

static const char *describe(const pickle_value *value)
{
    /* clang-format off */
    static const char *const names[PICKLE_KINDS] = {
        [PICKLE_NOTHING] = "a number or None", [PICKLE_BOOLEAN] = "a truth value", [PICKLE_INTEGER] = "a number",
        [PICKLE_TEXT] = "a text", [PICKLE_TUPLE] = "a tuple", [PICKLE_LIST] = "a list",
        [PICKLE_DICTIONARY] = "a dictionary", [PICKLE_GLOBAL] = "a class or function", [PICKLE_STORAGE] = "a storage",
        [PICKLE_TENSOR] = "a tensor", [PICKLE_OBJECT] = "an object",
    };
    /* clang-format on */
    const pickle_global *class = value->kind == PICKLE_OBJECT ? value->as.container.of : NULL;
    if (class != NULL && class->role == GLOBAL_STORAGE) {
        return "a quantized tensor";
    }
    return class == NULL || class->what == NULL ? names[value->kind] : class->what;
}

/* --- names ----------------------------------------------------------------------------------------------------- */

static assay_status enter(walk *w, const char *key, size_t length)
{
    if (memchr(key, 0, length) != NULL) {
        return pickle_refuse(w->m, "a name with a zero byte");
    }
    if (w->length + (w->length > 0) + length > LONGEST_NAME) {
        return pickle_refuse(w->m, "a name of more than 500 bytes");
    }
    if (w->length > 0) {
        w->path[w->length++] = '.';
    }
    memcpy(w->path + w->length, key, length);
    w->length += length;
    w->path[w->length] = '\0';
    return ASSAY_OK;
}

static void leave(walk *w, size_t length)
{
    w->length = length;
    w->path[length] = '\0';
}

static assay_status visit_under(walk *w, const char *key, size_t key_length, pickle_value *value)
{
    size_t length = w->length;
    bool worth = value->kind >= PICKLE_TUPLE && value->kind != PICKLE_GLOBAL && value->kind != PICKLE_STORAGE;
    if (!worth || w->depth >= DEEPEST) {
        return ASSAY_OK;
    }
    ASSAY_TRY(enter(w, key, key_length));
    w->depth++;
    assay_status status = visit(w, value);
    w->depth--;
    leave(w, length);
    return status;
}

/* --- values ---------------------------------------------------------------------------------------------------- */

static assay_status add_tensor(walk *w, const assay_pickled_tensor *tensor)
{
    const char *name = w->depth > 0 ? w->path : "tensor";
    ASSAY_TRY(pickle_charge(w->m, TENSOR_COST));
    found *made = pickle_memory(w->m, sizeof *made + strlen(name) + 1);
    if (made == NULL) {
        return w->m->error->status;
    }
    strcpy((char *)(made + 1), name);
    made->tensor = *tensor;
    made->tensor.name = (char *)(made + 1);
    if (w->last == NULL) {
        w->first = made;
    } else {
        w->last->next = made;
    }
    w->last = made;
    w->count++;
    return ASSAY_OK;
}

/* An item without a key: of a pair (text, tensor) the text is the name, as in a list of named_parameters(). */
static assay_status visit_item(walk *w, size_t index, pickle_value *value)
{
    if (value->kind == PICKLE_TUPLE && value->as.tuple.count == 2 && value->as.tuple.items[0]->kind == PICKLE_TEXT) {
        const pickle_text *key = &value->as.tuple.items[0]->as.text;
        return visit_under(w, key->chars, key->length, value->as.tuple.items[1]);
    }
    char number[24];
    int length = snprintf(number, sizeof number, "%zu", index);
    return visit_under(w, number, (size_t)length, value);
}

static assay_status visit_cell(walk *w, const pickle_cell *cell)
{
    if (cell->key == NULL) {
        return visit_item(w, cell->index, cell->held);
    }
    if (cell->key->kind == PICKLE_TEXT) {
        return visit_under(w, cell->key->as.text.chars, cell->key->as.text.length, cell->held);
    }
    char number[24] = "?";
    if (cell->key->kind == PICKLE_INTEGER) {
        snprintf(number, sizeof number, "%" PRId64, cell->key->as.integer);
    }
    return visit_under(w, number, strlen(number), cell->held);
}

/* An object holds tensors in its state, and as items where it is a dictionary of its own class. */
static assay_status visit_container(walk *w, pickle_value *value)
{
    size_t before = w->count;
    for (const pickle_cell *cell = value->as.container.first; cell != NULL; cell = cell->next) {
        ASSAY_TRY(visit_cell(w, cell));
    }
    pickle_value *state = value->as.container.state;
    if (state != NULL && state->kind >= PICKLE_TUPLE) {
        size_t inside = w->count;
        if (w->depth < DEEPEST) {
            w->depth++;
            assay_status status = visit(w, state);
            w->depth--;
            ASSAY_TRY(status);
        }
        before = value->as.container.first == NULL ? before : inside;
    }
    bool own = value->kind == PICKLE_OBJECT && value->as.container.of->role == GLOBAL_UNKNOWN;
    bool holds = w->count > before && value->as.container.first == NULL;
    if (own && (holds || (w->depth == 0 && value->as.container.first == NULL))) {
        w->pickle->own_class = value->as.container.of->name;
    }
    return ASSAY_OK;
}

static assay_status visit(walk *w, pickle_value *value)
{
    if (value->kind == PICKLE_TENSOR) {
        return add_tensor(w, value->as.tensor);
    }
    if (value->visited) {
        return ASSAY_OK;
    }
    value->visited = true;
    if (value->kind == PICKLE_TUPLE) {
        for (size_t i = 0; i < value->as.tuple.count; i++) {
            ASSAY_TRY(visit_item(w, i, value->as.tuple.items[i]));
        }
        return ASSAY_OK;
    }
    bool container = value->kind == PICKLE_LIST || value->kind == PICKLE_DICTIONARY || value->kind == PICKLE_OBJECT;
    return container ? visit_container(w, value) : ASSAY_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------- */

/* Names what is in the outermost dictionary beside tensors, as far as the text has room. */
static void list_others(const pickle_value *root, assay_pickle *pickle)
{
    size_t used = 0;
    bool listed = root->kind == PICKLE_DICTIONARY || root->kind == PICKLE_OBJECT;
    const pickle_cell *cell = listed ? root->as.container.first : NULL;
    for (; cell != NULL && used + 130 < sizeof pickle->others; cell = cell->next) {
        bool visited = cell->held->kind == PICKLE_TENSOR || cell->held->kind == PICKLE_DICTIONARY;
        if (cell->key != NULL && cell->key->kind == PICKLE_TEXT && !visited) {
            int more = snprintf(pickle->others + used, sizeof pickle->others - used, "%s'%.40s' (%.75s)",
                                used == 0 ? "" : ", ", cell->key->as.text.chars, describe(cell->held));
            used += more > 0 ? (size_t)more : 0;
        }
    }
}

assay_status pickle_collect(pickle_machine *m, pickle_value *root, assay_pickle *pickle)
{
    walk w = {.m = m, .pickle = pickle};
    ASSAY_TRY(visit(&w, root));
    pickle->root = describe(root);
    list_others(root, pickle);
    pickle->tensors = pickle_memory(m, w.count * sizeof *pickle->tensors + 1);
    if (pickle->tensors == NULL) {
        return m->error->status;
    }
    for (const found *next = w.first; next != NULL; next = next->next) {
        pickle->tensors[pickle->count++] = next->tensor;
    }
    return ASSAY_OK;
}
