#include <assay/model/pickle.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <assay/base/alloc.h>

/* --- values ---------------------------------------------------------------------------------------------------- */

typedef enum { INTEGER, BOOLEAN, TEXT, TUPLE, DICTIONARY, FUNCTION, STORAGE_TYPE, STORAGE, TENSOR } value_kind;

static const char *const kind_names[] = {
    [INTEGER] = "an integer",     [BOOLEAN] = "a truth value", [TEXT] = "a text",
    [TUPLE] = "a tuple",          [DICTIONARY] = "a dictionary", [FUNCTION] = "a function",
    [STORAGE_TYPE] = "a storage type", [STORAGE] = "a storage", [TENSOR] = "a tensor",
};

typedef enum { ORDERED_DICT, REBUILD_TENSOR } function_name;

typedef struct value value;
typedef struct pair pair;

/* A value never changes once it is made, but for a dictionary's pairs. All are freed together. */
struct value {
    value *made_before;
    value_kind kind;
    union {
        int64_t integer;
        const char *text;
        struct {
            size_t count;
            value **items;
        } tuple;
        struct {
            bool ordered; /* collections.OrderedDict: the only one that has attributes (BUILD) */
            size_t count;
            pair *first;
            pair *last;
        } dictionary;
        function_name function;
        assay_dtype dtype; /* of a storage type */
        assay_pickled_tensor *tensor; /* of a storage too: its key, dtype and count */
    } as;
};

struct pair {
    const char *key;
    const value *held;
    pair *next;
};

struct assay_pickle {
    value *values;
    size_t count;
    assay_pickled_tensor *tensors;
};

/* --- the machine ----------------------------------------------------------------------------------------------- */

typedef struct {
    const unsigned char *bytes;
    size_t size;
    size_t position;
    size_t opcode_at;
    const char *name;
    value **stack; /* each of the three holds `size` entries: an opcode adds one at most, and takes a byte or more */
    size_t depth;
    size_t *marks; /* depths of the stack */
    size_t mark_count;
    value **memo;
    bool stopped;
    value *values;
    assay_error *error;
} machine;

static assay_status refuse(const machine *m, const char *what)
{
    return assay_fail(m->error, ASSAY_ERROR_FORMAT, "%s: byte %zu of the pickle: %s; only a plain state_dict is read",
                      m->name, m->opcode_at, what);
}

static assay_status take(machine *m, size_t count, const unsigned char **bytes)
{
    if (count > m->size - m->position) {
        return refuse(m, "goes past the end of the file");
    }
    *bytes = m->bytes + m->position;
    m->position += count;
    return ASSAY_OK;
}

/* An unsigned little-endian number of `width` bytes, at most 8. */
static assay_status take_number(machine *m, size_t width, uint64_t *number)
{
    const unsigned char *bytes = NULL;
    ASSAY_TRY(take(m, width, &bytes));
    *number = 0;
    for (size_t i = width; i-- > 0;) {
        *number = *number << 8 | bytes[i];
    }
    return ASSAY_OK;
}

/* A value of this kind with `extra` zeroed bytes behind it. */
static assay_status make(machine *m, value_kind kind, size_t extra, value **made)
{
    *made = assay_calloc(1, sizeof **made + extra, m->error);
    if (*made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    (*made)->kind = kind;
    (*made)->made_before = m->values;
    m->values = *made;
    return ASSAY_OK;
}

static void *behind(value *made)
{
    return made + 1;
}

static assay_status push(machine *m, value *pushed)
{
    m->stack[m->depth++] = pushed;
    return ASSAY_OK;
}

static assay_status pop(machine *m, value **popped)
{
    size_t floor = m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0;
    if (m->depth == floor) {
        return refuse(m, "takes a value where there is none");
    }
    *popped = m->stack[--m->depth];
    return ASSAY_OK;
}

static assay_status pop_kind(machine *m, value_kind kind, value **popped)
{
    ASSAY_TRY(pop(m, popped));
    return (*popped)->kind == kind ? ASSAY_OK : refuse(m, "takes a value of another kind");
}

/* Takes the topmost mark away; the values above it are stack[base .. depth). */
static assay_status pop_mark(machine *m, size_t *base)
{
    if (m->mark_count == 0) {
        return refuse(m, "looks for a mark where there is none");
    }
    *base = m->marks[--m->mark_count];
    return ASSAY_OK;
}

/* --- opcodes that push ----------------------------------------------------------------------------------------- */

static assay_status op_proto(machine *m)
{
    uint64_t version = 0;
    ASSAY_TRY(take_number(m, 1, &version));
    return version == 2 && m->opcode_at == 0 ? ASSAY_OK : refuse(m, "a protocol that is not 2, or not at the beginning");
}

static assay_status op_mark(machine *m)
{
    m->marks[m->mark_count++] = m->depth;
    return ASSAY_OK;
}

static assay_status push_integer(machine *m, value_kind kind, int64_t number)
{
    value *made = NULL;
    ASSAY_TRY(make(m, kind, 0, &made));
    made->as.integer = number;
    return push(m, made);
}

static assay_status op_binint1(machine *m)
{
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, 1, &number));
    return push_integer(m, INTEGER, (int64_t)number);
}

static assay_status op_binint2(machine *m)
{
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, 2, &number));
    return push_integer(m, INTEGER, (int64_t)number);
}

static assay_status op_binint(machine *m)
{
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, 4, &number));
    return push_integer(m, INTEGER, (int32_t)(uint32_t)number);
}

/* Two's complement of as many bytes as the first byte says; sizes beyond 2^31 are written so. */
static assay_status op_long1(machine *m)
{
    uint64_t width = 0;
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, 1, &width));
    if (width > 8) {
        return refuse(m, "an integer of more than 64 bits");
    }
    ASSAY_TRY(take_number(m, (size_t)width, &number));
    if (width > 0 && width < 8 && number >> (8 * width - 1) != 0) {
        return refuse(m, "a negative LONG1");
    }
    return push_integer(m, INTEGER, (int64_t)number);
}

static assay_status op_newtrue(machine *m)
{
    return push_integer(m, BOOLEAN, 1);
}

static assay_status op_newfalse(machine *m)
{
    return push_integer(m, BOOLEAN, 0);
}

static assay_status op_binunicode(machine *m)
{
    uint64_t length = 0;
    const unsigned char *bytes = NULL;
    value *made = NULL;
    ASSAY_TRY(take_number(m, 4, &length));
    ASSAY_TRY(take(m, (size_t)length, &bytes));
    if (memchr(bytes, 0, (size_t)length) != NULL) {
        return refuse(m, "a text with a zero byte");
    }
    ASSAY_TRY(make(m, TEXT, (size_t)length + 1, &made));
    memcpy(behind(made), bytes, (size_t)length);
    made->as.text = behind(made);
    return push(m, made);
}

static assay_status push_dictionary(machine *m, bool ordered)
{
    value *made = NULL;
    ASSAY_TRY(make(m, DICTIONARY, 0, &made));
    made->as.dictionary.ordered = ordered;
    return push(m, made);
}

static assay_status op_empty_dict(machine *m)
{
    return push_dictionary(m, false);
}

static const struct {
    const char *text; /* as the opcode has it: module, newline, name, newline */
    value_kind kind;
    int which; /* a function_name or an assay_dtype */
} globals[] = {
    {"collections\nOrderedDict\n", FUNCTION, ORDERED_DICT},
    {"torch._utils\n_rebuild_tensor_v2\n", FUNCTION, REBUILD_TENSOR},
    {"torch\nDoubleStorage\n", STORAGE_TYPE, ASSAY_DTYPE_F64},
    {"torch\nFloatStorage\n", STORAGE_TYPE, ASSAY_DTYPE_F32},
    {"torch\nHalfStorage\n", STORAGE_TYPE, ASSAY_DTYPE_F16},
    {"torch\nBFloat16Storage\n", STORAGE_TYPE, ASSAY_DTYPE_BF16},
    {"torch\nLongStorage\n", STORAGE_TYPE, ASSAY_DTYPE_I64},
    {"torch\nIntStorage\n", STORAGE_TYPE, ASSAY_DTYPE_I32},
    {"torch\nShortStorage\n", STORAGE_TYPE, ASSAY_DTYPE_I16},
    {"torch\nCharStorage\n", STORAGE_TYPE, ASSAY_DTYPE_I8},
    {"torch\nByteStorage\n", STORAGE_TYPE, ASSAY_DTYPE_U8},
    {"torch\nBoolStorage\n", STORAGE_TYPE, ASSAY_DTYPE_BOOL},
};

static assay_status push_global(machine *m, size_t index)
{
    value *made = NULL;
    ASSAY_TRY(make(m, globals[index].kind, 0, &made));
    if (globals[index].kind == FUNCTION) {
        made->as.function = (function_name)globals[index].which;
    } else {
        made->as.dtype = (assay_dtype)globals[index].which;
    }
    return push(m, made);
}

/* How many of the bytes are the two lines of a GLOBAL, without the last newline; at most 60. */
static int global_length(const unsigned char *text, size_t left)
{
    int lines = 0;
    size_t length = 0;
    for (; length < left && length < 60; length++) {
        lines += text[length] == '\n';
        if (lines == 2) {
            break;
        }
    }
    return (int)length;
}

static assay_status op_global(machine *m)
{
    const unsigned char *text = m->bytes + m->position;
    size_t left = m->size - m->position;
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++) {
        size_t length = strlen(globals[i].text);
        if (length <= left && memcmp(text, globals[i].text, length) == 0) {
            m->position += length;
            return push_global(m, i);
        }
    }
    return assay_fail(m->error, ASSAY_ERROR_FORMAT,
                      "%s: byte %zu of the pickle: refuses the global '%.*s': no state_dict needs it; Python would import "
                      "and might run it, so do not load this file elsewhere", m->name, m->opcode_at,
                      global_length(text, left), (const char *)text);
}

/* --- opcodes that combine -------------------------------------------------------------------------------------- */

static assay_status push_tuple(machine *m, size_t base)
{
    value *made = NULL;
    size_t count = m->depth - base;
    ASSAY_TRY(make(m, TUPLE, count * sizeof(value *), &made));
    made->as.tuple.count = count;
    made->as.tuple.items = behind(made);
    for (size_t i = 0; i < count; i++) {
        made->as.tuple.items[i] = m->stack[base + i];
    }
    m->depth = base;
    return push(m, made);
}

static assay_status op_tuple(machine *m)
{
    size_t base = 0;
    ASSAY_TRY(pop_mark(m, &base));
    return push_tuple(m, base);
}

static assay_status top_tuple(machine *m, size_t count)
{
    size_t floor = m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0;
    return m->depth - floor < count ? refuse(m, "takes a value where there is none") : push_tuple(m, m->depth - count);
}

static assay_status op_empty_tuple(machine *m)
{
    return top_tuple(m, 0);
}

static assay_status op_tuple1(machine *m)
{
    return top_tuple(m, 1);
}

static assay_status op_tuple2(machine *m)
{
    return top_tuple(m, 2);
}

static assay_status op_tuple3(machine *m)
{
    return top_tuple(m, 3);
}

static assay_status set_item(machine *m, value *dictionary, const value *key, const value *held)
{
    value *made = NULL;
    if (dictionary->kind != DICTIONARY || key->kind != TEXT) {
        return refuse(m, "sets an item that is not a dictionary's entry under a text");
    }
    /* The pair lives behind a value of its own, so that it is freed with the others. */
    ASSAY_TRY(make(m, TUPLE, sizeof(pair), &made));
    pair *added = behind(made);
    *added = (pair){key->as.text, held, NULL};
    if (dictionary->as.dictionary.first == NULL) {
        dictionary->as.dictionary.first = added;
    } else {
        dictionary->as.dictionary.last->next = added;
    }
    dictionary->as.dictionary.last = added;
    dictionary->as.dictionary.count++;
    return ASSAY_OK;
}

static assay_status op_setitem(machine *m)
{
    value *held = NULL;
    value *key = NULL;
    value *dictionary = NULL;
    ASSAY_TRY(pop(m, &held));
    ASSAY_TRY(pop_kind(m, TEXT, &key));
    ASSAY_TRY(pop_kind(m, DICTIONARY, &dictionary));
    ASSAY_TRY(set_item(m, dictionary, key, held));
    return push(m, dictionary);
}

static assay_status op_setitems(machine *m)
{
    size_t base = 0;
    size_t depth = m->depth;
    value *dictionary = NULL;
    ASSAY_TRY(pop_mark(m, &base));
    if ((depth - base) % 2 != 0) {
        return refuse(m, "sets items with a key that has no value");
    }
    m->depth = base;
    ASSAY_TRY(pop_kind(m, DICTIONARY, &dictionary));
    for (size_t i = base; i < depth; i += 2) {
        ASSAY_TRY(set_item(m, dictionary, m->stack[i], m->stack[i + 1]));
    }
    return push(m, dictionary);
}

/* The attributes of an OrderedDict: a state_dict's _metadata, which no reader needs. */
static assay_status op_build(machine *m)
{
    value *attributes = NULL;
    value *object = NULL;
    ASSAY_TRY(pop_kind(m, DICTIONARY, &attributes));
    ASSAY_TRY(pop_kind(m, DICTIONARY, &object));
    return object->as.dictionary.ordered ? push(m, object) : refuse(m, "gives attributes to a plain dictionary");
}

static bool has_kinds(const value *tuple, size_t count, const value_kind *kinds)
{
    bool same = tuple->as.tuple.count == count;
    for (size_t i = 0; same && i < count; i++) {
        same = tuple->as.tuple.items[i]->kind == kinds[i];
    }
    return same;
}

/* A tuple of numbers, none negative; false where it is not that or is longer than a tensor's rank may be. */
static bool sizes_of(const value *tuple, size_t *sizes)
{
    if (tuple->as.tuple.count > ASSAY_TENSOR_MAX_RANK) {
        return false;
    }
    for (size_t i = 0; i < tuple->as.tuple.count; i++) {
        const value *item = tuple->as.tuple.items[i];
        if (item->kind != INTEGER || item->as.integer < 0) {
            return false;
        }
        sizes[i] = (size_t)item->as.integer;
    }
    return true;
}

/* ("storage", torch.FloatStorage, key, device, elements): a storage, by its key. */
static assay_status op_binpersid(machine *m)
{
    static const value_kind wanted[] = {TEXT, STORAGE_TYPE, TEXT, TEXT, INTEGER};
    value *id = NULL;
    value *made = NULL;
    ASSAY_TRY(pop_kind(m, TUPLE, &id));
    value **items = id->as.tuple.items;
    if (!has_kinds(id, 5, wanted) || strcmp(items[0]->as.text, "storage") != 0 || items[4]->as.integer < 0) {
        return refuse(m, "a persistent id that is not a storage's");
    }
    ASSAY_TRY(make(m, STORAGE, sizeof(assay_pickled_tensor), &made));
    made->as.tensor = behind(made);
    made->as.tensor->dtype = items[1]->as.dtype;
    made->as.tensor->storage = items[2]->as.text;
    made->as.tensor->storage_count = (size_t)items[4]->as.integer;
    return push(m, made);
}

/* torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks). */
static assay_status rebuild_tensor(machine *m, const value *arguments)
{
    static const value_kind wanted[] = {STORAGE, INTEGER, TUPLE, TUPLE, BOOLEAN, DICTIONARY};
    value *made = NULL;
    value **items = arguments->as.tuple.items;
    if (!has_kinds(arguments, 6, wanted) || items[1]->as.integer < 0 || items[5]->as.dictionary.count != 0 ||
        items[2]->as.tuple.count != items[3]->as.tuple.count) {
        return refuse(m, "rebuilds a tensor from other things than storage, offset, size, stride, flag and no hooks");
    }
    ASSAY_TRY(make(m, TENSOR, sizeof(assay_pickled_tensor), &made));
    assay_pickled_tensor *tensor = behind(made);
    made->as.tensor = tensor;
    *tensor = *items[0]->as.tensor;
    tensor->offset = (size_t)items[1]->as.integer;
    tensor->rank = items[2]->as.tuple.count;
    if (!sizes_of(items[2], tensor->shape) || !sizes_of(items[3], tensor->stride)) {
        return refuse(m, "a tensor's size or stride is not a tuple of at most 8 whole numbers");
    }
    return push(m, made);
}

static assay_status op_reduce(machine *m)
{
    value *arguments = NULL;
    value *function = NULL;
    ASSAY_TRY(pop_kind(m, TUPLE, &arguments));
    ASSAY_TRY(pop_kind(m, FUNCTION, &function));
    if (function->as.function == REBUILD_TENSOR) {
        return rebuild_tensor(m, arguments);
    }
    return arguments->as.tuple.count == 0 ? push_dictionary(m, true) : refuse(m, "an OrderedDict that is not made empty");
}

/* --- the memo -------------------------------------------------------------------------------------------------- */

static assay_status put(machine *m, size_t width)
{
    uint64_t index = 0;
    value *top = NULL;
    ASSAY_TRY(take_number(m, width, &index));
    ASSAY_TRY(pop(m, &top));
    if (index >= m->size) {
        return refuse(m, "a memo index that no pickle of this length needs");
    }
    m->memo[index] = top;
    return push(m, top);
}

static assay_status get(machine *m, size_t width)
{
    uint64_t index = 0;
    ASSAY_TRY(take_number(m, width, &index));
    if (index >= m->size || m->memo[index] == NULL) {
        return refuse(m, "gets what was never put into the memo");
    }
    return push(m, m->memo[index]);
}

static assay_status op_binput(machine *m)
{
    return put(m, 1);
}

static assay_status op_long_binput(machine *m)
{
    return put(m, 4);
}

static assay_status op_binget(machine *m)
{
    return get(m, 1);
}

static assay_status op_long_binget(machine *m)
{
    return get(m, 4);
}

static assay_status op_stop(machine *m)
{
    m->stopped = true;
    return m->position == m->size ? ASSAY_OK : refuse(m, "stops before the end of the file");
}

/* --- dispatch -------------------------------------------------------------------------------------------------- */

/* Every opcode of Python's pickletools; those without a function are refused by name. */
static const struct {
    const char *name;
    assay_status (*run)(machine *m);
} opcodes[256] = {
    ['('] = {"MARK", op_mark},
    [')'] = {"EMPTY_TUPLE", op_empty_tuple},
    ['.'] = {"STOP", op_stop},
    ['J'] = {"BININT", op_binint},
    ['K'] = {"BININT1", op_binint1},
    ['M'] = {"BININT2", op_binint2},
    ['Q'] = {"BINPERSID", op_binpersid},
    ['R'] = {"REDUCE", op_reduce},
    ['X'] = {"BINUNICODE", op_binunicode},
    ['b'] = {"BUILD", op_build},
    ['c'] = {"GLOBAL", op_global},
    ['h'] = {"BINGET", op_binget},
    ['j'] = {"LONG_BINGET", op_long_binget},
    ['q'] = {"BINPUT", op_binput},
    ['r'] = {"LONG_BINPUT", op_long_binput},
    ['s'] = {"SETITEM", op_setitem},
    ['t'] = {"TUPLE", op_tuple},
    ['u'] = {"SETITEMS", op_setitems},
    ['}'] = {"EMPTY_DICT", op_empty_dict},
    [0x80] = {"PROTO", op_proto},
    [0x85] = {"TUPLE1", op_tuple1},
    [0x86] = {"TUPLE2", op_tuple2},
    [0x87] = {"TUPLE3", op_tuple3},
    [0x88] = {"NEWTRUE", op_newtrue},
    [0x89] = {"NEWFALSE", op_newfalse},
    [0x8a] = {"LONG1", op_long1},
    ['0'] = {"POP", NULL}, ['1'] = {"POP_MARK", NULL}, ['2'] = {"DUP", NULL}, ['B'] = {"BINBYTES", NULL},
    ['C'] = {"SHORT_BINBYTES", NULL}, ['F'] = {"FLOAT", NULL}, ['G'] = {"BINFLOAT", NULL}, ['I'] = {"INT", NULL},
    ['L'] = {"LONG", NULL}, ['N'] = {"NONE", NULL}, ['P'] = {"PERSID", NULL}, ['S'] = {"STRING", NULL},
    ['T'] = {"BINSTRING", NULL}, ['U'] = {"SHORT_BINSTRING", NULL}, ['V'] = {"UNICODE", NULL},
    [']'] = {"EMPTY_LIST", NULL}, ['a'] = {"APPEND", NULL}, ['d'] = {"DICT", NULL}, ['e'] = {"APPENDS", NULL},
    ['g'] = {"GET", NULL}, ['i'] = {"INST", NULL}, ['l'] = {"LIST", NULL}, ['o'] = {"OBJ", NULL}, ['p'] = {"PUT", NULL},
    [0x81] = {"NEWOBJ", NULL}, [0x82] = {"EXT1", NULL}, [0x83] = {"EXT2", NULL}, [0x84] = {"EXT4", NULL},
    [0x8b] = {"LONG4", NULL}, [0x8c] = {"SHORT_BINUNICODE", NULL}, [0x8d] = {"BINUNICODE8", NULL},
    [0x8e] = {"BINBYTES8", NULL}, [0x8f] = {"EMPTY_SET", NULL}, [0x90] = {"ADDITEMS", NULL}, [0x91] = {"FROZENSET", NULL},
    [0x92] = {"NEWOBJ_EX", NULL}, [0x93] = {"STACK_GLOBAL", NULL}, [0x94] = {"MEMOIZE", NULL}, [0x95] = {"FRAME", NULL},
    [0x96] = {"BYTEARRAY8", NULL}, [0x97] = {"NEXT_BUFFER", NULL}, [0x98] = {"READONLY_BUFFER", NULL},
};

static assay_status step(machine *m)
{
    const unsigned char *code = NULL;
    m->opcode_at = m->position;
    ASSAY_TRY(take(m, 1, &code));
    if (opcodes[*code].run != NULL) {
        return opcodes[*code].run(m);
    }
    if (opcodes[*code].name != NULL) {
        return assay_fail(m->error, ASSAY_ERROR_FORMAT,
                          "%s: byte %zu of the pickle: refuses the opcode %s; only a plain state_dict is read (protocol 2)",
                          m->name, m->opcode_at, opcodes[*code].name);
    }
    return assay_fail(m->error, ASSAY_ERROR_FORMAT, "%s: byte %zu of the pickle: 0x%02x is not a pickle opcode", m->name,
                      m->opcode_at, *code);
}

/* The tensors of the finished dictionary. */
static assay_status collect(machine *m, assay_pickle *pickle)
{
    if (m->depth != 1 || m->mark_count != 0 || m->stack[0]->kind != DICTIONARY) {
        return refuse(m, "the pickle does not end with one dictionary");
    }
    size_t count = m->stack[0]->as.dictionary.count;
    pickle->tensors = assay_calloc(count, sizeof *pickle->tensors, m->error);
    if (pickle->tensors == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (const pair *entry = m->stack[0]->as.dictionary.first; entry != NULL; entry = entry->next) {
        if (entry->held->kind != TENSOR) {
            return assay_fail(m->error, ASSAY_ERROR_FORMAT,
                              "%s: entry '%.100s' is %s, not a tensor; save the state_dict alone: "
                              "torch.save(net.state_dict(), FILE)", m->name, entry->key, kind_names[entry->held->kind]);
        }
        pickle->tensors[pickle->count] = *entry->held->as.tensor;
        pickle->tensors[pickle->count++].name = entry->key;
    }
    return ASSAY_OK;
}

static assay_status run(machine *m, assay_pickle *pickle)
{
    m->stack = assay_calloc(m->size, sizeof *m->stack, m->error);
    m->marks = assay_calloc(m->size, sizeof *m->marks, m->error);
    m->memo = assay_calloc(m->size, sizeof *m->memo, m->error);
    if (m->stack == NULL || m->marks == NULL || m->memo == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    while (!m->stopped) {
        ASSAY_TRY(step(m));
    }
    return collect(m, pickle);
}

assay_status assay_pickle_parse(const void *bytes, size_t size, const char *name, assay_pickle **pickle,
                                assay_error *error)
{
    *pickle = NULL;
    if (size > ASSAY_PICKLE_LIMIT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: a pickle of %zu bytes is more than the %zu that are read", name,
                          size, ASSAY_PICKLE_LIMIT);
    }
    assay_pickle *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    machine m = {.bytes = bytes, .size = size, .name = name, .error = error};
    assay_status status = run(&m, made);
    assay_free(m.stack);
    assay_free(m.marks);
    assay_free(m.memo);
    made->values = m.values;
    if (status != ASSAY_OK) {
        assay_pickle_destroy(made);
        return status;
    }
    *pickle = made;
    return ASSAY_OK;
}

void assay_pickle_destroy(assay_pickle *pickle)
{
    if (pickle == NULL) {
        return;
    }
    for (value *next = pickle->values; next != NULL;) {
        value *freed = next;
        next = freed->made_before;
        assay_free(freed);
    }
    assay_free(pickle->tensors);
    assay_free(pickle);
}

size_t assay_pickle_count(const assay_pickle *pickle)
{
    return pickle->count;
}

const assay_pickled_tensor *assay_pickle_at(const assay_pickle *pickle, size_t index)
{
    return &pickle->tensors[index];
}
