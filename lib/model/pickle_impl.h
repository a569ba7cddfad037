/* Inside the pickle reader: its values, its machine, and what it knows of Python's names. */
#ifndef ASSAY_MODEL_PICKLE_IMPL_H
#define ASSAY_MODEL_PICKLE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/model/pickle.h>

typedef enum {
    PICKLE_NOTHING, /* None, a number that is not an integer, bytes: not used */
    PICKLE_BOOLEAN,
    PICKLE_INTEGER,
    PICKLE_TEXT,
    PICKLE_TUPLE,
    PICKLE_LIST, /* and a set */
    PICKLE_DICTIONARY,
    PICKLE_GLOBAL, /* a class or function, by its name: never looked up */
    PICKLE_STORAGE,
    PICKLE_TENSOR,
    PICKLE_OBJECT, /* of a class that is not known here, or known and of no use */
    PICKLE_KINDS
} pickle_kind;

/* What a name of Python's is to the reader. */
typedef enum {
    GLOBAL_DICTIONARY,  /* makes a dictionary */
    GLOBAL_STORAGE,     /* a storage type; `which` is its dtype, ASSAY_DTYPE_COUNT for one that is not known */
    GLOBAL_DTYPE,       /* torch.float32; `which` is the dtype */
    GLOBAL_TENSOR,      /* makes a tensor; `which` is a tensor_call */
    GLOBAL_RECONSTRUCT, /* copyreg: makes an object of the class that is its first argument */
    GLOBAL_HARMLESS,    /* makes something that runs no code and holds no weights */
    GLOBAL_UNKNOWN,     /* a class or function of the user's or of some package */
    GLOBAL_DANGEROUS    /* Python's own and not known to be harmless: could run anything */
} global_role;

typedef enum { TENSOR_V1, TENSOR_V2, TENSOR_V3, TENSOR_PARAMETER, TENSOR_SUBCLASS } tensor_call;

/* `length` bytes, followed by a zero that they do not count. */
typedef struct {
    const char *chars;
    size_t length;
} pickle_text;

typedef struct {
    global_role role;
    int which;
    const char *what; /* "a NumPy number"; NULL where the name says it */
    const char *name; /* "module.name" */
} pickle_global;

typedef struct pickle_value pickle_value;
typedef struct pickle_cell pickle_cell;

/* An item of a list (no key) or of a dictionary. */
struct pickle_cell {
    const pickle_value *key;
    pickle_value *held;
    size_t index;
    pickle_cell *next;
};

/* A value never changes once it is made, but for the items and the state of a container. */
struct pickle_value {
    pickle_kind kind;
    bool visited; /* by the walk over the finished tree */
    union {
        int64_t integer; /* of a boolean, too */
        pickle_text text;
        const pickle_global *global;
        assay_pickled_tensor *tensor; /* of a storage, too: its key, dtype, count and offset */
        struct {
            size_t count;
            pickle_value **items;
        } tuple;
        struct {
            pickle_cell *first;
            pickle_cell *last;
            size_t count;
            const pickle_global *of; /* an object's class */
            pickle_value *state;     /* what BUILD gave it */
        } container;                 /* list, dictionary, object */
    } as;
};

typedef struct pickle_chunk pickle_chunk;

typedef struct {
    pickle_value **entries;
    size_t count;
    size_t capacity;
} pickle_values;

typedef struct {
    const unsigned char *bytes;
    size_t size;
    size_t position;
    size_t opcode_at;
    const char *name;
    pickle_values stack;
    pickle_values memo; /* by index */
    size_t puts;
    size_t *marks; /* depths of the stack */
    size_t mark_count;
    size_t mark_capacity;
    bool stopped;
    pickle_chunk *chunks;
    size_t budget; /* bytes that may still be used */
    pickle_verdict verdict;
    pickle_value nothing;
    pickle_value booleans[2];
    pickle_value small[256];
    pickle_value no_items; /* the empty tuple */
    assay_error *error;    /* never NULL: messages that are not read go to `unread` */
    assay_error unread;
} pickle_machine;

/* "...: is damaged, or was not written by torch.save: WHAT", with the place for --verbose. ASSAY_ERROR_FORMAT. */
assay_status pickle_refuse(pickle_machine *m, const char *what);
/* The text for what could run code when Python loads it. ASSAY_ERROR_FORMAT. */
assay_status pickle_refuse_code(pickle_machine *m, const char *what);

/* Zeroed memory that lasts as long as the pickle; NULL, with the error, where the budget or memory is out. */
void *pickle_memory(pickle_machine *m, size_t size);
/* Takes `size` bytes off the budget. */
assay_status pickle_charge(pickle_machine *m, size_t size);
/* A new value; NULL as above. */
pickle_value *pickle_make(pickle_machine *m, pickle_kind kind);
/* Adds an item; key NULL for a list. */
assay_status pickle_append(pickle_machine *m, pickle_value *container, const pickle_value *key, pickle_value *held);

/* What the two texts name. Fills in a new entry of the pickle's memory; dangerous names are ASSAY_ERROR_FORMAT. */
assay_status pickle_find_global(pickle_machine *m, pickle_text module, pickle_text name, const pickle_global **found);
/* What `function(*arguments)` is. Nothing is called. */
assay_status pickle_call(pickle_machine *m, const pickle_value *function, pickle_value *arguments,
                         pickle_value **result);
/* An object of this class. */
assay_status pickle_new(pickle_machine *m, const pickle_value *class, pickle_value **result);

/* What `bytes` hold, and how many of them the pickle is. As assay_pickle_parse otherwise. */
assay_status pickle_run(pickle_machine *m, pickle_value **root);
/* Names all tensors below the root, in the order of the file. */
assay_status pickle_collect(pickle_machine *m, pickle_value *root, assay_pickle *pickle);

struct assay_pickle {
    pickle_chunk *chunks;
    size_t count;
    size_t capacity;
    assay_pickled_tensor *tensors; /* in the chunks */
    const char *own_class;
    const char *root;
    char others[400];
};

#endif
