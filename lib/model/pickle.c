/* The machine of the pickle reader: its memory and its opcodes. */
#include "model/pickle_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "base/byte_order.h"

/* --- errors ---------------------------------------------------------------------------------------------------- */

static const char *opcode_name(const pickle_machine *m);

static void tell_place(const pickle_machine *m)
{
    assay_fail_detail(m->error, "byte %zu of the pickle, opcode %s", m->opcode_at, opcode_name(m));
}

assay_status pickle_refuse(pickle_machine *m, const char *what)
{
    assay_status status = assay_fail(m->error, ASSAY_ERROR_FORMAT,
                                     "%s: is damaged, or was not written by torch.save: %s", m->name, what);
    tell_place(m);
    return status;
}

assay_status pickle_refuse_code(pickle_machine *m, const char *what)
{
    m->verdict = PICKLE_RUNS_CODE;
    if (strcmp(what, "torch.storage._load_from_bytes") == 0) {
        assay_status refused = assay_fail(m->error, ASSAY_ERROR_FORMAT,
                                          "%s: could run code: pickle.dump wrote it, with a whole file inside for each "
                                          "tensor, and any of these may call functions; nothing was run here; if you "
                                          "trust who made it, load it and save net.state_dict() with torch.save",
                                          m->name);
        tell_place(m);
        return refused;
    }
    const char *quote = strchr(what, ' ') == NULL ? "'" : ""; /* a name of Python's, or words of ours */
    assay_status status = assay_fail(
        m->error, ASSAY_ERROR_FORMAT,
        "%s: could run code: PyTorch and Python would load or call %s%.100s%s, which no saved weights need; "
        "nothing was run here; do not load this file elsewhere unless you trust who made it",
        m->name, quote, what, quote);
    tell_place(m);
    return status;
}

/* --- memory ---------------------------------------------------------------------------------------------------- */

enum { CHUNK = 1 << 16 };

struct pickle_chunk {
    pickle_chunk *before;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

assay_status pickle_charge(pickle_machine *m, size_t size)
{
    if (size > m->budget) {
        assay_status status = assay_fail(m->error, ASSAY_ERROR_FORMAT,
                                         "%s: needs more than %zu MiB to be read: no checkpoint holds so many objects",
                                         m->name, ASSAY_PICKLE_MEMORY >> 20);
        tell_place(m);
        return status;
    }
    m->budget -= size;
    return ASSAY_OK;
}

void *pickle_memory(pickle_machine *m, size_t size)
{
    size_t wanted = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (m->chunks == NULL || m->chunks->size - m->chunks->used < wanted) {
        size_t chunk = wanted > CHUNK ? wanted : CHUNK;
        pickle_chunk *made = NULL;
        if (pickle_charge(m, chunk + sizeof *made) == ASSAY_OK) {
            made = assay_calloc(1, sizeof *made + chunk, m->error);
        }
        if (made == NULL) {
            return NULL;
        }
        made->before = m->chunks;
        made->size = chunk;
        m->chunks = made;
    }
    void *memory = (char *)m->chunks->bytes + m->chunks->used;
    m->chunks->used += wanted;
    return memory;
}

static void free_chunks(pickle_chunk *chunks)
{
    while (chunks != NULL) {
        pickle_chunk *freed = chunks;
        chunks = chunks->before;
        assay_free(freed);
    }
}

pickle_value *pickle_make(pickle_machine *m, pickle_kind kind)
{
    pickle_value *made = pickle_memory(m, sizeof *made);
    if (made != NULL) {
        made->kind = kind;
    }
    return made;
}

/* Makes room for `count` entries of `size` bytes, at least twice as many as before. */
static assay_status grow(pickle_machine *m, void **entries, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity) {
        return ASSAY_OK;
    }
    size_t wanted = 2 * *capacity > count ? 2 * *capacity : count + 64;
    ASSAY_TRY(pickle_charge(m, wanted * size));
    void *grown = assay_calloc(wanted, size, m->error);
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (*entries != NULL) {
        memcpy(grown, *entries, *capacity * size);
    }
    assay_free(*entries);
    m->budget += *capacity * size;
    *entries = grown;
    *capacity = wanted;
    return ASSAY_OK;
}

static assay_status reserve(pickle_machine *m, pickle_values *values, size_t count)
{
    void *entries = values->entries;
    assay_status status = grow(m, &entries, &values->capacity, count, sizeof *values->entries);
    values->entries = entries;
    return status;
}

assay_status pickle_append(pickle_machine *m, pickle_value *container, const pickle_value *key, pickle_value *held)
{
    size_t index = container->as.container.count++;
    if (key == NULL && (held->kind == PICKLE_NOTHING || held->kind == PICKLE_INTEGER || held->kind == PICKLE_BOOLEAN)) {
        return ASSAY_OK; /* a list of losses may be long, and its numbers are not used */
    }
    pickle_cell *cell = pickle_memory(m, sizeof *cell);
    if (cell == NULL) {
        return m->error->status;
    }
    *cell = (pickle_cell){key, held, index, NULL};
    if (container->as.container.first == NULL) {
        container->as.container.first = cell;
    } else {
        container->as.container.last->next = cell;
    }
    container->as.container.last = cell;
    return ASSAY_OK;
}

/* --- the stack ------------------------------------------------------------------------------------------------- */

static assay_status take(pickle_machine *m, uint64_t count, const unsigned char **bytes)
{
    if (count > m->size - m->position) {
        return pickle_refuse(m, "it goes past the end of the file: is the download complete?");
    }
    *bytes = m->bytes + m->position;
    m->position += (size_t)count;
    return ASSAY_OK;
}

/* An unsigned little-endian number of `width` bytes, at most 8. */
static assay_status take_number(pickle_machine *m, size_t width, uint64_t *number)
{
    const unsigned char *bytes = NULL;
    ASSAY_TRY(take(m, width, &bytes));
    *number = assay_little_endian(bytes, width);
    return ASSAY_OK;
}

/* The rest of the line, without its end; at most 1 MiB. */
static assay_status take_line(pickle_machine *m, pickle_text *line)
{
    *line = (pickle_text){"", 0};
    const unsigned char *from = m->bytes + m->position;
    size_t left = m->size - m->position;
    const unsigned char *end = memchr(from, '\n', left < 1 << 20 ? left : 1 << 20);
    if (end == NULL) {
        return pickle_refuse(m, "it goes past the end of the file: is the download complete?");
    }
    *line = (pickle_text){(const char *)from, (size_t)(end - from)};
    m->position += line->length + 1;
    return ASSAY_OK;
}

static assay_status push(pickle_machine *m, pickle_value *pushed)
{
    if (pushed == NULL) {
        return m->error->status;
    }
    ASSAY_TRY(reserve(m, &m->stack, m->stack.count + 1));
    m->stack.entries[m->stack.count++] = pushed;
    return ASSAY_OK;
}

static size_t above_mark(const pickle_machine *m)
{
    return m->stack.count - (m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0);
}

static assay_status pop(pickle_machine *m, pickle_value **popped)
{
    if (above_mark(m) == 0) {
        return pickle_refuse(m, "it takes a value where there is none");
    }
    *popped = m->stack.entries[--m->stack.count];
    return ASSAY_OK;
}

/* Takes the topmost mark away; the values above it are stack[base .. count). */
static assay_status pop_mark(pickle_machine *m, size_t *base)
{
    if (m->mark_count == 0) {
        return pickle_refuse(m, "it looks for a mark where there is none");
    }
    *base = m->marks[--m->mark_count];
    return ASSAY_OK;
}

static assay_status push_integer(pickle_machine *m, int64_t number)
{
    if (number >= 0 && number < 256) {
        return push(m, &m->small[number]);
    }
    pickle_value *made = pickle_make(m, PICKLE_INTEGER);
    if (made != NULL) {
        made->as.integer = number;
    }
    return push(m, made);
}

/* A copy of the bytes, ended by a zero. */
static assay_status copy_text(pickle_machine *m, const void *bytes, size_t length, pickle_text *copy)
{
    char *chars = pickle_memory(m, length + 1);
    if (chars == NULL) {
        return m->error->status;
    }
    memcpy(chars, bytes, length);
    *copy = (pickle_text){chars, length};
    return ASSAY_OK;
}

static assay_status push_text(pickle_machine *m, const void *bytes, size_t length)
{
    pickle_value *made = pickle_make(m, PICKLE_TEXT);
    if (made != NULL) {
        ASSAY_TRY(copy_text(m, bytes, length, &made->as.text));
    }
    return push(m, made);
}

/* --- opcodes that push ----------------------------------------------------------------------------------------- */

/* `width`: of the number in the opcode's argument, where it has one. */
typedef assay_status opcode(pickle_machine *m, size_t width);

static assay_status op_proto(pickle_machine *m, size_t width)
{
    uint64_t version = 0;
    ASSAY_TRY(take_number(m, width, &version));
    return version <= 5 ? ASSAY_OK : pickle_refuse(m, "it is of a pickle protocol that does not exist");
}

static assay_status op_skip(pickle_machine *m, size_t width)
{
    uint64_t length = 0;
    return take_number(m, width, &length);
}

static assay_status op_mark(pickle_machine *m, size_t width)
{
    (void)width;
    void *marks = m->marks;
    assay_status status = grow(m, &marks, &m->mark_capacity, m->mark_count + 1, sizeof *m->marks);
    m->marks = marks;
    ASSAY_TRY(status);
    m->marks[m->mark_count++] = m->stack.count;
    return ASSAY_OK;
}

static assay_status op_integer(pickle_machine *m, size_t width)
{
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, width, &number));
    return push_integer(m, width == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* Two's complement of as many bytes as the argument says. More than 64 bits are not a size, and not needed. */
static assay_status op_long(pickle_machine *m, size_t width)
{
    uint64_t length = 0;
    const unsigned char *bytes = NULL;
    uint64_t number = 0;
    ASSAY_TRY(take_number(m, width, &length));
    ASSAY_TRY(take(m, length, &bytes));
    if (length > 8) {
        return push(m, &m->nothing);
    }
    for (size_t i = 8; i-- > 0;) {
        bool negative = length > 0 && bytes[length - 1] >= 128;
        number = number << 8 | (i < length ? bytes[i] : negative ? 255U : 0U);
    }
    return push_integer(m, (int64_t)number);
}

/* INT and LONG of protocol 0: a line of digits; "00" and "01" are False and True. */
static assay_status op_decimal(pickle_machine *m, size_t width)
{
    char digits[24] = "";
    pickle_text line;
    (void)width;
    ASSAY_TRY(take_line(m, &line));
    if (line.length >= sizeof digits) {
        return push(m, &m->nothing);
    }
    memcpy(digits, line.chars, line.length);
    if (strcmp(digits, "00") == 0 || strcmp(digits, "01") == 0) {
        return push(m, &m->booleans[digits[1] - '0']);
    }
    return push_integer(m, strtoll(digits, NULL, 10));
}

static assay_status op_float_line(pickle_machine *m, size_t width)
{
    pickle_text line;
    (void)width;
    ASSAY_TRY(take_line(m, &line));
    return push(m, &m->nothing);
}

static assay_status op_float(pickle_machine *m, size_t width)
{
    const unsigned char *bytes = NULL;
    ASSAY_TRY(take(m, width, &bytes));
    return push(m, &m->nothing);
}

static assay_status op_none(pickle_machine *m, size_t width)
{
    (void)width;
    return push(m, &m->nothing);
}

static assay_status op_true(pickle_machine *m, size_t width)
{
    (void)width;
    return push(m, &m->booleans[1]);
}

static assay_status op_false(pickle_machine *m, size_t width)
{
    (void)width;
    return push(m, &m->booleans[0]);
}

static assay_status op_text(pickle_machine *m, size_t width)
{
    uint64_t length = 0;
    const unsigned char *bytes = NULL;
    ASSAY_TRY(take_number(m, width, &length));
    ASSAY_TRY(take(m, length, &bytes));
    return push_text(m, bytes, (size_t)length);
}

static assay_status op_bytes(pickle_machine *m, size_t width)
{
    uint64_t length = 0;
    const unsigned char *bytes = NULL;
    ASSAY_TRY(take_number(m, width, &length));
    ASSAY_TRY(take(m, length, &bytes));
    return push(m, &m->nothing);
}

/* STRING, quoted, and UNICODE. A text with an escape is nothing that a state_dict needs, and no name of a class. */
static assay_status op_text_line(pickle_machine *m, size_t width)
{
    pickle_text line;
    ASSAY_TRY(take_line(m, &line));
    bool quoted = width > 0 && line.length >= 2 && (*line.chars == '\'' || *line.chars == '"') &&
                  line.chars[line.length - 1] == *line.chars;
    if (width > 0 && !quoted) {
        return pickle_refuse(m, "a text without quotes");
    }
    if (memchr(line.chars, '\\', line.length) != NULL) {
        return push(m, &m->nothing);
    }
    return push_text(m, line.chars + quoted, line.length - 2U * quoted);
}

static assay_status op_empty_dict(pickle_machine *m, size_t width)
{
    (void)width;
    return push(m, pickle_make(m, PICKLE_DICTIONARY));
}

static assay_status op_empty_list(pickle_machine *m, size_t width)
{
    (void)width;
    return push(m, pickle_make(m, PICKLE_LIST));
}

static assay_status push_global(pickle_machine *m, pickle_text module, pickle_text name)
{
    const pickle_global *global = NULL;
    ASSAY_TRY(pickle_find_global(m, module, name, &global));
    pickle_value *made = pickle_make(m, PICKLE_GLOBAL);
    if (made != NULL) {
        made->as.global = global;
    }
    return push(m, made);
}

static assay_status take_global(pickle_machine *m, pickle_text *module, pickle_text *name)
{
    pickle_text lines[2];
    ASSAY_TRY(take_line(m, &lines[0]));
    ASSAY_TRY(take_line(m, &lines[1]));
    ASSAY_TRY(copy_text(m, lines[0].chars, lines[0].length, module));
    return copy_text(m, lines[1].chars, lines[1].length, name);
}

static assay_status op_global(pickle_machine *m, size_t width)
{
    pickle_text module;
    pickle_text name;
    (void)width;
    ASSAY_TRY(take_global(m, &module, &name));
    return push_global(m, module, name);
}

static assay_status op_stack_global(pickle_machine *m, size_t width)
{
    pickle_value *name = NULL;
    pickle_value *module = NULL;
    (void)width;
    ASSAY_TRY(pop(m, &name));
    ASSAY_TRY(pop(m, &module));
    if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT) {
        return pickle_refuse_code(m, "a name that is computed");
    }
    return push_global(m, module->as.text, name->as.text);
}

/* A number for a name that the program which loads the file has registered. */
static assay_status op_extension(pickle_machine *m, size_t width)
{
    uint64_t code = 0;
    ASSAY_TRY(take_number(m, width, &code));
    return pickle_refuse_code(m, "a name from Python's registry of extensions");
}

/* --- opcodes that combine -------------------------------------------------------------------------------------- */

/* A tuple of the values from stack[base] on, which it takes off. */
static assay_status make_tuple(pickle_machine *m, size_t base, pickle_value **made)
{
    size_t count = m->stack.count - base;
    *made = count == 0 ? &m->no_items : pickle_make(m, PICKLE_TUPLE);
    if (count > 0 && *made != NULL) {
        (*made)->as.tuple.items = pickle_memory(m, count * sizeof *(*made)->as.tuple.items);
        if ((*made)->as.tuple.items == NULL) {
            return m->error->status;
        }
        memcpy((*made)->as.tuple.items, m->stack.entries + base, count * sizeof *(*made)->as.tuple.items);
        (*made)->as.tuple.count = count;
    }
    m->stack.count = base;
    return *made == NULL ? m->error->status : ASSAY_OK;
}

static assay_status op_tuple(pickle_machine *m, size_t width)
{
    size_t base = 0;
    pickle_value *made = NULL;
    (void)width;
    ASSAY_TRY(pop_mark(m, &base));
    ASSAY_TRY(make_tuple(m, base, &made));
    return push(m, made);
}

/* A tuple of the `width` topmost values. */
static assay_status op_short_tuple(pickle_machine *m, size_t width)
{
    pickle_value *made = NULL;
    if (above_mark(m) < width) {
        return pickle_refuse(m, "it takes a value where there is none");
    }
    ASSAY_TRY(make_tuple(m, m->stack.count - width, &made));
    return push(m, made);
}

/* Containers are what takes items; whatever else an object is, its own class decides. */
static bool takes_items(const pickle_value *value)
{
    return value->kind == PICKLE_LIST || value->kind == PICKLE_DICTIONARY || value->kind == PICKLE_OBJECT;
}

/* Adds stack[base .. depth) to the container below: one by one, or in pairs. */
static assay_status add_items(pickle_machine *m, size_t base, bool pairs)
{
    size_t depth = m->stack.count;
    pickle_value *container = NULL;
    if (pairs && (depth - base) % 2 != 0) {
        return pickle_refuse(m, "it sets items with a key that has no value");
    }
    m->stack.count = base;
    ASSAY_TRY(pop(m, &container));
    if (!takes_items(container) || (container->kind == PICKLE_DICTIONARY) > pairs ||
        (container->kind == PICKLE_LIST) > !pairs) {
        return pickle_refuse(m, "it adds items to a value of another kind");
    }
    for (size_t i = base; i < depth; i += pairs ? 2 : 1) {
        const pickle_value *key = pairs ? m->stack.entries[i] : NULL;
        ASSAY_TRY(pickle_append(m, container, key, m->stack.entries[i + (pairs ? 1 : 0)]));
    }
    return push(m, container);
}

/* SETITEM and APPEND, whose items are the `width` topmost values. */
static assay_status op_item(pickle_machine *m, size_t width)
{
    return above_mark(m) < width ? pickle_refuse(m, "it takes a value where there is none")
                                 : add_items(m, m->stack.count - width, width == 2);
}

/* SETITEMS, APPENDS and ADDITEMS, whose items are above the mark. */
static assay_status op_items(pickle_machine *m, size_t width)
{
    size_t base = 0;
    ASSAY_TRY(pop_mark(m, &base));
    return add_items(m, base, width == 2);
}

/* LIST, DICT and FROZENSET: a new container of what is above the mark. */
static assay_status op_container(pickle_machine *m, size_t width)
{
    size_t base = 0;
    ASSAY_TRY(pop_mark(m, &base));
    pickle_value *made = pickle_make(m, width == 2 ? PICKLE_DICTIONARY : PICKLE_LIST);
    ASSAY_TRY(push(m, made));
    memmove(m->stack.entries + base + 1, m->stack.entries + base,
            (m->stack.count - 1 - base) * sizeof *m->stack.entries);
    m->stack.entries[base] = made;
    return add_items(m, base + 1, width == 2);
}

/* An object's state. A dictionary of PyTorch's has _metadata, which no reader needs. */
static assay_status op_build(pickle_machine *m, size_t width)
{
    pickle_value *state = NULL;
    pickle_value *object = NULL;
    (void)width;
    ASSAY_TRY(pop(m, &state));
    ASSAY_TRY(pop(m, &object));
    if (object->kind == PICKLE_GLOBAL) {
        return pickle_refuse_code(m, object->as.global->name); /* changes the class, or its module */
    }
    if (object->kind == PICKLE_OBJECT) {
        object->as.container.state = state;
    } else if (object->kind != PICKLE_DICTIONARY && object->kind != PICKLE_TENSOR) {
        return pickle_refuse(m, "it gives attributes to a value of another kind");
    }
    return push(m, object);
}

static assay_status op_reduce(pickle_machine *m, size_t width)
{
    pickle_value *arguments = NULL;
    pickle_value *function = NULL;
    pickle_value *result = NULL;
    (void)width;
    ASSAY_TRY(pop(m, &arguments));
    ASSAY_TRY(pop(m, &function));
    ASSAY_TRY(pickle_call(m, function, arguments, &result));
    return push(m, result);
}

/* class.__new__(class, *arguments): the `width` topmost values are arguments, the class is below. */
static assay_status op_newobj(pickle_machine *m, size_t width)
{
    pickle_value *value = NULL;
    pickle_value *result = NULL;
    for (size_t i = 0; i <= width; i++) {
        ASSAY_TRY(pop(m, &value));
    }
    ASSAY_TRY(pickle_new(m, value, &result));
    return push(m, result);
}

/* OBJ of protocol 1: mark, class, arguments. */
static assay_status op_obj(pickle_machine *m, size_t width)
{
    size_t base = 0;
    pickle_value *arguments = NULL;
    pickle_value *result = NULL;
    (void)width;
    ASSAY_TRY(pop_mark(m, &base));
    if (m->stack.count == base) {
        return pickle_refuse(m, "it makes an object of no class");
    }
    ASSAY_TRY(make_tuple(m, base + 1, &arguments));
    ASSAY_TRY(pickle_call(m, m->stack.entries[--m->stack.count], arguments, &result));
    return push(m, result);
}

/* INST of protocol 0: class in the opcode, arguments above the mark. */
static assay_status op_inst(pickle_machine *m, size_t width)
{
    size_t base = 0;
    pickle_text module;
    pickle_text name;
    pickle_value *arguments = NULL;
    pickle_value *result = NULL;
    (void)width;
    ASSAY_TRY(take_global(m, &module, &name));
    ASSAY_TRY(pop_mark(m, &base));
    ASSAY_TRY(make_tuple(m, base, &arguments));
    ASSAY_TRY(push_global(m, module, name));
    ASSAY_TRY(pickle_call(m, m->stack.entries[--m->stack.count], arguments, &result));
    return push(m, result);
}

/* --- storages -------------------------------------------------------------------------------------------------- */

/* (key, offset, size) of a view, behind which the format before 1.6 hides some storages; None otherwise. */
static assay_status apply_view(pickle_machine *m, const pickle_value *view, assay_pickled_tensor *storage)
{
    if (view->kind == PICKLE_NOTHING) {
        return ASSAY_OK;
    }
    const pickle_value *offset = view->kind == PICKLE_TUPLE && view->as.tuple.count == 3 ? view->as.tuple.items[1]
                                                                                         : NULL;
    if (offset == NULL || offset->kind != PICKLE_INTEGER ||
        __builtin_add_overflow(offset->as.integer, 0, &storage->offset)) {
        return pickle_refuse(m, "what it names as a storage is not one");
    }
    return ASSAY_OK;
}

static assay_status make_storage(pickle_machine *m, pickle_value **items, size_t count, pickle_value **made)
{
    const pickle_global *type = items[1]->kind == PICKLE_GLOBAL ? items[1]->as.global : NULL;
    size_t elements = 0;
    if (type == NULL || type->role != GLOBAL_STORAGE || items[2]->kind != PICKLE_TEXT ||
        items[4]->kind != PICKLE_INTEGER || __builtin_add_overflow(items[4]->as.integer, 0, &elements) ||
        strlen(items[2]->as.text.chars) != items[2]->as.text.length) {
        return pickle_refuse(m, "what it names as a storage is not one");
    }
    bool known = type->which != ASSAY_DTYPE_COUNT;
    *made = pickle_make(m, known ? PICKLE_STORAGE : PICKLE_OBJECT);
    if (*made != NULL && !known) {
        (*made)->as.container.of = type;
        return ASSAY_OK;
    }
    assay_pickled_tensor *storage = *made == NULL ? NULL : pickle_memory(m, sizeof *storage);
    if (storage == NULL) {
        return m->error->status;
    }
    storage->dtype = (assay_dtype)type->which;
    storage->storage = items[2]->as.text.chars;
    storage->storage_count = elements;
    (*made)->as.tensor = storage;
    return count == 6 ? apply_view(m, items[5], storage) : ASSAY_OK;
}

static bool is_text(const pickle_value *value, const char *text)
{
    return value->kind == PICKLE_TEXT && strcmp(value->as.text.chars, text) == 0;
}

/*
 * ("storage", torch.FloatStorage, key, device, elements): a storage, by its key. The format before 1.6 adds a view, and
 * has ("module", class, file, source) for a class of the user's.
 */
static assay_status op_binpersid(pickle_machine *m, size_t width)
{
    pickle_value *id = NULL;
    pickle_value *made = NULL;
    (void)width;
    ASSAY_TRY(pop(m, &id));
    size_t count = id->kind == PICKLE_TUPLE ? id->as.tuple.count : 0;
    if (count == 4 && is_text(id->as.tuple.items[0], "module")) {
        return push(m, id->as.tuple.items[1]);
    }
    if ((count != 5 && count != 6) || !is_text(id->as.tuple.items[0], "storage")) {
        return pickle_refuse(m, "what it names as a storage is not one");
    }
    ASSAY_TRY(make_storage(m, id->as.tuple.items, count, &made));
    return push(m, made);
}

static assay_status op_persid(pickle_machine *m, size_t width)
{
    static const pickle_global storage = {
        GLOBAL_HARMLESS, 0, "a tensor saved with pickle protocol 0, which PyTorch itself cannot load", "torch.storage"};
    pickle_text line;
    (void)width;
    ASSAY_TRY(take_line(m, &line));
    pickle_value *made = pickle_make(m, PICKLE_OBJECT);
    if (made != NULL) {
        made->as.container.of = &storage;
    }
    return push(m, made);
}

/* --- the memo and the stack's order ---------------------------------------------------------------------------- */

static assay_status put(pickle_machine *m, uint64_t index)
{
    enum { SPARE = 256 };
    if (above_mark(m) == 0) {
        return pickle_refuse(m, "it takes a value where there is none");
    }
    if (index > m->puts + SPARE) {
        return pickle_refuse(m, "a memo index that no pickle of this length needs");
    }
    ASSAY_TRY(reserve(m, &m->memo, (size_t)index + 1)); /* few, as is checked above */
    m->memo.entries[index] = m->stack.entries[m->stack.count - 1];
    m->puts++;
    return ASSAY_OK;
}

static assay_status get(pickle_machine *m, uint64_t index)
{
    if (index >= m->memo.capacity || m->memo.entries[index] == NULL) {
        return pickle_refuse(m, "it gets what was never put into the memo");
    }
    return push(m, m->memo.entries[index]);
}

/* The argument of PUT and GET: a number, or a line of digits. `*index` is 0 before. */
static assay_status take_index(pickle_machine *m, size_t width, uint64_t *index)
{
    if (width > 0) {
        return take_number(m, width, index);
    }
    pickle_text line;
    ASSAY_TRY(take_line(m, &line));
    for (size_t i = 0; i < line.length; i++) {
        if (line.chars[i] < '0' || line.chars[i] > '9' || *index > UINT32_MAX) {
            return pickle_refuse(m, "a memo index that is not a number");
        }
        *index = *index * 10 + (uint64_t)(line.chars[i] - '0');
    }
    return ASSAY_OK;
}

static assay_status op_put(pickle_machine *m, size_t width)
{
    uint64_t index = 0;
    ASSAY_TRY(take_index(m, width, &index));
    return put(m, index);
}

static assay_status op_get(pickle_machine *m, size_t width)
{
    uint64_t index = 0;
    ASSAY_TRY(take_index(m, width, &index));
    return get(m, index);
}

static assay_status op_memoize(pickle_machine *m, size_t width)
{
    (void)width;
    return put(m, m->puts);
}

static assay_status op_pop(pickle_machine *m, size_t width)
{
    pickle_value *dropped = NULL;
    size_t base = 0;
    (void)width;
    return above_mark(m) == 0 && m->mark_count > 0 ? pop_mark(m, &base) : pop(m, &dropped);
}

static assay_status op_pop_mark(pickle_machine *m, size_t width)
{
    (void)width;
    return pop_mark(m, &m->stack.count);
}

static assay_status op_dup(pickle_machine *m, size_t width)
{
    (void)width;
    return above_mark(m) == 0 ? pickle_refuse(m, "it takes a value where there is none")
                              : push(m, m->stack.entries[m->stack.count - 1]);
}

static assay_status op_stop(pickle_machine *m, size_t width)
{
    (void)width;
    m->stopped = true;
    return ASSAY_OK;
}

/* --- dispatch -------------------------------------------------------------------------------------------------- */

/* clang-format off */
/* An opcode that has no use for a width. */
#define ALONE(name, run) {name, run, 0}

/* Every opcode of Python's pickletools. */
static const struct {
    const char *name;
    opcode *run;
    size_t width; /* of a number in the argument, or of what the opcode takes off the stack */
} opcodes[256] = {
    ['('] = ALONE("MARK", op_mark), [')'] = {"EMPTY_TUPLE", op_short_tuple, 0}, ['.'] = ALONE("STOP", op_stop),
    ['0'] = ALONE("POP", op_pop), ['1'] = ALONE("POP_MARK", op_pop_mark), ['2'] = ALONE("DUP", op_dup),
    ['B'] = {"BINBYTES", op_bytes, 4}, ['C'] = {"SHORT_BINBYTES", op_bytes, 1}, ['F'] = ALONE("FLOAT", op_float_line),
    ['G'] = {"BINFLOAT", op_float, 8}, ['I'] = ALONE("INT", op_decimal), ['J'] = {"BININT", op_integer, 4},
    ['K'] = {"BININT1", op_integer, 1}, ['L'] = ALONE("LONG", op_decimal), ['M'] = {"BININT2", op_integer, 2},
    ['N'] = ALONE("NONE", op_none), ['P'] = ALONE("PERSID", op_persid), ['Q'] = ALONE("BINPERSID", op_binpersid),
    ['R'] = ALONE("REDUCE", op_reduce), ['S'] = {"STRING", op_text_line, 1}, ['T'] = {"BINSTRING", op_text, 4},
    ['U'] = {"SHORT_BINSTRING", op_text, 1}, ['V'] = {"UNICODE", op_text_line, 0}, ['X'] = {"BINUNICODE", op_text, 4},
    [']'] = ALONE("EMPTY_LIST", op_empty_list), ['a'] = {"APPEND", op_item, 1}, ['b'] = ALONE("BUILD", op_build),
    ['c'] = ALONE("GLOBAL", op_global), ['d'] = {"DICT", op_container, 2}, ['e'] = {"APPENDS", op_items, 1},
    ['g'] = {"GET", op_get, 0}, ['h'] = {"BINGET", op_get, 1}, ['i'] = ALONE("INST", op_inst),
    ['j'] = {"LONG_BINGET", op_get, 4}, ['l'] = {"LIST", op_container, 1}, ['o'] = ALONE("OBJ", op_obj),
    ['p'] = {"PUT", op_put, 0}, ['q'] = {"BINPUT", op_put, 1}, ['r'] = {"LONG_BINPUT", op_put, 4},
    ['s'] = {"SETITEM", op_item, 2}, ['t'] = ALONE("TUPLE", op_tuple), ['u'] = {"SETITEMS", op_items, 2},
    ['}'] = ALONE("EMPTY_DICT", op_empty_dict), [0x80] = {"PROTO", op_proto, 1}, [0x81] = {"NEWOBJ", op_newobj, 1},
    [0x82] = {"EXT1", op_extension, 1}, [0x83] = {"EXT2", op_extension, 2}, [0x84] = {"EXT4", op_extension, 4},
    [0x85] = {"TUPLE1", op_short_tuple, 1}, [0x86] = {"TUPLE2", op_short_tuple, 2},
    [0x87] = {"TUPLE3", op_short_tuple, 3}, [0x88] = ALONE("NEWTRUE", op_true), [0x89] = ALONE("NEWFALSE", op_false),
    [0x8a] = {"LONG1", op_long, 1}, [0x8b] = {"LONG4", op_long, 4}, [0x8c] = {"SHORT_BINUNICODE", op_text, 1},
    [0x8d] = {"BINUNICODE8", op_text, 8}, [0x8e] = {"BINBYTES8", op_bytes, 8},
    [0x8f] = ALONE("EMPTY_SET", op_empty_list), [0x90] = {"ADDITEMS", op_items, 1},
    [0x91] = {"FROZENSET", op_container, 1}, [0x92] = {"NEWOBJ_EX", op_newobj, 2},
    [0x93] = ALONE("STACK_GLOBAL", op_stack_global), [0x94] = ALONE("MEMOIZE", op_memoize),
    [0x95] = {"FRAME", op_skip, 8}, [0x96] = {"BYTEARRAY8", op_bytes, 8}, [0x97] = ALONE("NEXT_BUFFER", op_none),
    [0x98] = {"READONLY_BUFFER", op_skip, 0},
};
/* clang-format on */

static const char *opcode_name(const pickle_machine *m)
{
    const char *name = m->opcode_at < m->size ? opcodes[m->bytes[m->opcode_at]].name : "none";
    return name != NULL ? name : "unknown";
}

static assay_status step(pickle_machine *m)
{
    const unsigned char *code = NULL;
    m->opcode_at = m->position;
    ASSAY_TRY(take(m, 1, &code));
    return opcodes[*code].run != NULL ? opcodes[*code].run(m, opcodes[*code].width)
                                      : pickle_refuse(m, "it contains something that is not a pickle");
}

assay_status pickle_run(pickle_machine *m, pickle_value **root)
{
    m->verdict = PICKLE_BROKEN;
    m->budget = ASSAY_PICKLE_MEMORY;
    m->nothing.kind = PICKLE_NOTHING;
    m->no_items.kind = PICKLE_TUPLE;
    for (int i = 0; i < 2; i++) {
        m->booleans[i] = (pickle_value){.kind = PICKLE_BOOLEAN, .as.integer = i};
    }
    for (int i = 0; i < 256; i++) {
        m->small[i] = (pickle_value){.kind = PICKLE_INTEGER, .as.integer = i};
    }
    while (!m->stopped) {
        ASSAY_TRY(step(m));
    }
    if (m->stack.count != 1 || m->mark_count != 0) {
        return pickle_refuse(m, "it does not end with one value");
    }
    *root = m->stack.entries[0];
    m->verdict = PICKLE_GOOD;
    return ASSAY_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------- */

static pickle_machine *create_machine(const void *bytes, size_t size, const char *name, assay_error *error)
{
    pickle_machine *m = assay_calloc(1, sizeof *m, error);
    if (m != NULL) {
        m->bytes = bytes;
        m->size = size < ASSAY_PICKLE_LIMIT ? size : ASSAY_PICKLE_LIMIT;
        m->name = name;
        m->error = error != NULL ? error : &m->unread;
    }
    return m;
}

/* Everything but the chunks, which the pickle may keep. */
static void destroy_machine(pickle_machine *m)
{
    assay_free(m->stack.entries);
    assay_free(m->memo.entries);
    assay_free(m->marks);
    assay_free(m);
}

assay_status assay_pickle_parse(const void *bytes, size_t size, const char *name, assay_pickle **pickle, size_t *used,
                                pickle_verdict *verdict, assay_error *error)
{
    pickle_value *root = NULL;
    assay_pickle *made = assay_calloc(1, sizeof *made, error);
    *pickle = NULL;
    pickle_machine *m = made == NULL ? NULL : create_machine(bytes, size, name, error);
    if (m == NULL) {
        assay_free(made);
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = pickle_run(m, &root);
    if (status == ASSAY_OK) {
        status = pickle_collect(m, root, made);
    }
    made->chunks = m->chunks;
    if (used != NULL) {
        *used = m->position;
    }
    if (verdict != NULL) {
        *verdict = m->verdict;
    }
    destroy_machine(m);
    if (status != ASSAY_OK) {
        assay_pickle_destroy(made);
        return status;
    }
    *pickle = made;
    return ASSAY_OK;
}

void assay_pickle_destroy(assay_pickle *pickle)
{
    if (pickle != NULL) {
        free_chunks(pickle->chunks);
        assay_free(pickle);
    }
}

static assay_status each_text(const pickle_value *list, pickle_machine *m,
                              assay_status (*each)(void *context, const char *text), void *context)
{
    size_t seen = 0;
    if (list->kind != PICKLE_LIST) {
        return pickle_refuse(m, "the list of its storages is something else");
    }
    for (const pickle_cell *cell = list->as.container.first; cell != NULL; cell = cell->next, seen++) {
        if (cell->held->kind != PICKLE_TEXT || strlen(cell->held->as.text.chars) != cell->held->as.text.length) {
            return pickle_refuse(m, "the list of its storages is something else");
        }
        if (each != NULL) {
            ASSAY_TRY(each(context, cell->held->as.text.chars));
        }
    }
    return seen == list->as.container.count ? ASSAY_OK : pickle_refuse(m, "the list of its storages is something else");
}

assay_status assay_pickle_texts(const void *bytes, size_t size, const char *name,
                                assay_status (*each)(void *context, const char *text), void *context, size_t *used,
                                assay_error *error)
{
    pickle_value *root = NULL;
    pickle_machine *m = create_machine(bytes, size, name, error);
    if (m == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = pickle_run(m, &root);
    *used = m->position;
    if (status == ASSAY_OK) {
        status = each_text(root, m, each, context);
    }
    free_chunks(m->chunks);
    destroy_machine(m);
    return status;
}

size_t assay_pickle_count(const assay_pickle *pickle)
{
    return pickle->count;
}

const assay_pickled_tensor *assay_pickle_at(const assay_pickle *pickle, size_t index)
{
    return &pickle->tensors[index];
}

const char *assay_pickle_root(const assay_pickle *pickle)
{
    return pickle->root;
}

const char *assay_pickle_own_class(const assay_pickle *pickle)
{
    return pickle->own_class;
}

const char *assay_pickle_others(const assay_pickle *pickle)
{
    return pickle->others;
}
