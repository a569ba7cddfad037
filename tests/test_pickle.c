/*
 * lib/model's reader of pickles, part by part: every opcode of Python's pickletools, every kind of integer, the names
 * of PyTorch, NumPy and Python that it knows, and the names that tensors get.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/model/pickle.h>
#include <assay/model/torch_state.h>
#include "model/pickle_impl.h"
#include "support.h"

typedef struct {
    const char *bytes;
    size_t size;
} blob;

/* clang-format off */
#define BLOB(literal) {literal, sizeof(literal) - 1}
#define LENGTH(n) n "\0\0\0"
/* clang-format on */

#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define STORAGE(key, count) "(U\7storagectorch\nFloatStorage\nU\1" key "U\3cpuK" count "tQ"
#define TENSOR(key) REBUILD "(" STORAGE(key, "\2") "K\0K\2\x85K\1\x85\x89}tR"

/* Parses a copy of exactly this size, so that a read behind it is seen. */
static assay_status parse(blob pickle, assay_pickle **parsed, size_t *used, pickle_verdict *verdict, assay_error *error)
{
    char *copy = malloc(pickle.size > 0 ? pickle.size : 1); /* of assay_calloc's there are more bytes */
    memcpy(copy, pickle.bytes, pickle.size);
    assay_status status = assay_pickle_parse(copy, pickle.size, "file", parsed, used, verdict, error);
    free(copy);
    return status;
}

/* --- opcodes ------------------------------------------------------------------------------------------------------ */

/* Every opcode; what the whole pickle is shows that the opcode took its argument and left its value. */
/* clang-format off */
static const struct {
    const char *name;
    blob pickle;
    const char *root;
} opcodes[] = {
    {"MARK, TUPLE", BLOB("(K\1K\2t."), "a tuple"},
    {"EMPTY_TUPLE", BLOB(")."), "a tuple"},
    {"POP", BLOB(")K\1" "0."), "a tuple"},
    {"POP of a mark", BLOB(")(0."), "a tuple"},
    {"POP_MARK", BLOB(")(K\1K\2" "1."), "a tuple"},
    {"DUP", BLOB("K\1" "2\x86."), "a tuple"},
    {"BINBYTES", BLOB("B" LENGTH("\3") "abc."), "a number or None"},
    {"SHORT_BINBYTES", BLOB("C\3abc."), "a number or None"},
    {"FLOAT", BLOB("F1.5\n."), "a number or None"},
    {"BINFLOAT", BLOB("G12345678."), "a number or None"},
    {"INT", BLOB("I12\n."), "a number"},
    {"INT of False", BLOB("I00\n."), "a truth value"},
    {"INT of True", BLOB("I01\n."), "a truth value"},
    {"INT of 23 digits", BLOB("I12345678901234567890123\n."), "a number"},
    {"INT of 24 digits", BLOB("I123456789012345678901234\n."), "a number or None"},
    {"BININT", BLOB("J" LENGTH("\1") "."), "a number"},
    {"BININT1", BLOB("K\1."), "a number"},
    {"LONG", BLOB("L12L\n."), "a number"},
    {"BININT2", BLOB("M\1\1."), "a number"},
    {"NONE", BLOB("N."), "a number or None"},
    {"PERSID", BLOB("P0\n."), "a tensor saved with pickle protocol 0, which PyTorch itself cannot load"},
    {"BINPERSID", BLOB(STORAGE("0", "\2") "."), "a storage"},
    {"BINPERSID of a class", BLOB("(U\6modulecmodels\nNet\nNNtQ."), "a class or function"},
    {"REDUCE", BLOB("ccollections\nOrderedDict\n)R."), "a dictionary"},
    {"STRING", BLOB("S'ab'\n."), "a text"},
    {"STRING, double quotes", BLOB("S\"ab\"\n."), "a text"},
    {"STRING, empty", BLOB("S''\n."), "a text"},
    {"STRING with an escape", BLOB("S'a\\n'\n."), "a number or None"},
    {"BINSTRING", BLOB("T" LENGTH("\2") "ab."), "a text"},
    {"SHORT_BINSTRING", BLOB("U\2ab."), "a text"},
    {"UNICODE", BLOB("Vab\n."), "a text"},
    {"BINUNICODE", BLOB("X" LENGTH("\2") "ab."), "a text"},
    {"EMPTY_LIST", BLOB("]."), "a list"},
    {"APPEND", BLOB("]K\1a."), "a list"},
    {"BUILD", BLOB("}}b."), "a dictionary"},
    {"BUILD of a tensor", BLOB(TENSOR("0") "}b."), "a tensor"},
    {"GLOBAL", BLOB("cbuiltins\nset\n."), "a class or function"},
    {"DICT", BLOB("(U\1aK\1d."), "a dictionary"},
    {"DICT on others", BLOB("K\1(U\1aK\1d\x86."), "a tuple"},
    {"EMPTY_DICT", BLOB("}."), "a dictionary"},
    {"APPENDS", BLOB("](K\1K\2e."), "a list"},
    {"PUT, GET", BLOB("K\1p12\ng12\n\x86."), "a tuple"},
    {"BINPUT, BINGET", BLOB("K\1q\7h\7\x86."), "a tuple"},
    {"LONG_BINPUT, LONG_BINGET", BLOB("K\1r" LENGTH("\7") "j" LENGTH("\7") "\x86."), "a tuple"},
    {"INST", BLOB("(ibuiltins\nset\n."), "a set"},
    {"INST with arguments", BLOB("(K\1K\2ibuiltins\nset\n."), "a set"},
    {"LIST", BLOB("(K\1K\2l."), "a list"},
    {"OBJ", BLOB("(cbuiltins\nset\nK\1o."), "a set"},
    {"SETITEM", BLOB("}U\1aK\1s."), "a dictionary"},
    {"SETITEMS", BLOB("}(U\1aK\1U\1bK\2u."), "a dictionary"},
    {"PROTO 5", BLOB("\x80\5)."), "a tuple"},
    {"NEWOBJ", BLOB("cbuiltins\nset\n)\x81."), "a set"},
    {"TUPLE1", BLOB("K\1\x85."), "a tuple"},
    {"TUPLE2", BLOB("K\1K\2\x86."), "a tuple"},
    {"TUPLE3", BLOB("K\1K\2K\3\x87."), "a tuple"},
    {"NEWTRUE", BLOB("\x88."), "a truth value"},
    {"NEWFALSE", BLOB("\x89."), "a truth value"},
    {"LONG1", BLOB("\x8a\2\1\1."), "a number"},
    {"LONG1 of 9 bytes", BLOB("\x8a\11" "123456789."), "a number or None"},
    {"LONG4", BLOB("\x8b" LENGTH("\2") "\1\1."), "a number"},
    {"SHORT_BINUNICODE", BLOB("\x8c\2ab."), "a text"},
    {"BINUNICODE8", BLOB("\x8d\2\0\0\0\0\0\0\0ab."), "a text"},
    {"BINBYTES8", BLOB("\x8e\2\0\0\0\0\0\0\0ab."), "a number or None"},
    {"EMPTY_SET", BLOB("\x8f."), "a list"},
    {"ADDITEMS", BLOB("\x8f(K\1K\2\x90."), "a list"},
    {"FROZENSET", BLOB("(K\1K\2\x91."), "a list"},
    {"NEWOBJ_EX", BLOB("cbuiltins\nset\n)}\x92."), "a set"},
    {"STACK_GLOBAL", BLOB("\x8c\x08" "builtins\x8c\3set\x93."), "a class or function"},
    {"MEMOIZE", BLOB("K\1\x94h\0\x86."), "a tuple"},
    {"MEMOIZE twice", BLOB("K\1\x94K\2\x94h\1\x87."), "a tuple"},
    {"FRAME", BLOB("\x95\2\0\0\0\0\0\0\0)."), "a tuple"},
    {"BYTEARRAY8", BLOB("\x96\2\0\0\0\0\0\0\0ab."), "a number or None"},
    {"NEXT_BUFFER", BLOB("\x97."), "a number or None"},
    {"READONLY_BUFFER", BLOB(")\x98."), "a tuple"},
};
/* clang-format on */

/* Read as a whole, and with another byte behind; every beginning of it is refused. */
START_TEST(each_opcode_is_read)
{
    blob whole = opcodes[_i].pickle;
    char longer[256] = "";
    memcpy(longer, whole.bytes, whole.size);
    for (size_t size = 0; size <= whole.size + 1; size++) {
        assay_pickle *pickle = NULL;
        size_t used = 0;
        pickle_verdict verdict = PICKLE_RUNS_CODE;
        assay_error error = {.message = ""};
        assay_status status = parse((blob){longer, size}, &pickle, &used, &verdict, &error);
        if (size < whole.size) {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "goes past the end of the file");
            ck_assert_int_eq(verdict, PICKLE_BROKEN);
            ck_assert_ptr_null(pickle);
            continue;
        }
        ck_assert_msg(status == ASSAY_OK, "%s: %s", opcodes[_i].name, error.message);
        ck_assert_uint_eq(used, whole.size);
        ck_assert_int_eq(verdict, PICKLE_GOOD);
        ck_assert_str_eq(assay_pickle_root(pickle), opcodes[_i].root);
        ck_assert_ptr_null(assay_pickle_own_class(pickle));
        assay_pickle_destroy(pickle);
    }
}
END_TEST

/* clang-format off */
static const struct {
    blob pickle;
    pickle_verdict verdict;
    const char *says;
    const char *detail;
} refused[] = {
    {BLOB(")\x80\6."), PICKLE_BROKEN, "a pickle protocol that does not exist", "byte 1 of the pickle, opcode PROTO"},
    {BLOB("Sab\n."), PICKLE_BROKEN, "a text without quotes", "byte 0 of the pickle, opcode STRING"},
    {BLOB("S'\n."), PICKLE_BROKEN, "a text without quotes", "opcode STRING"},
    {BLOB("S'ab\"\n."), PICKLE_BROKEN, "a text without quotes", "opcode STRING"},
    {BLOB("Sa'b'\n."), PICKLE_BROKEN, "a text without quotes", "opcode STRING"},
    {BLOB("\x82\1"), PICKLE_RUNS_CODE, "a name from Python's registry of extensions", "opcode EXT1"},
    {BLOB("\x83\1\1"), PICKLE_RUNS_CODE, "a name from Python's registry of extensions", "opcode EXT2"},
    {BLOB("\x84\1\1\1\1"), PICKLE_RUNS_CODE, "a name from Python's registry of extensions", "opcode EXT4"},
    {BLOB("\x83\1"), PICKLE_BROKEN, "past the end", "byte 0 of the pickle, opcode EXT2"},
    {BLOB("\x84\1\1\1"), PICKLE_BROKEN, "past the end", "byte 0 of the pickle, opcode EXT4"},
    {BLOB(")\xff"), PICKLE_BROKEN, "is not a pickle", "byte 1 of the pickle, opcode unknown"},
    {BLOB(")"), PICKLE_BROKEN, "past the end", "byte 1 of the pickle, opcode none"},
    {BLOB("K\1U\1a\x93."), PICKLE_RUNS_CODE, "a name that is computed", "opcode STACK_GLOBAL"},
    {BLOB("U\1aK\1\x93."), PICKLE_RUNS_CODE, "a name that is computed", "opcode STACK_GLOBAL"},
    {BLOB("\x93."), PICKLE_BROKEN, "takes a value", "opcode STACK_GLOBAL"},
    {BLOB("K\1t."), PICKLE_BROKEN, "a mark", "opcode TUPLE"},
    {BLOB("U\1a\x93."), PICKLE_BROKEN, "takes a value", "opcode STACK_GLOBAL"},
    {BLOB("K\1)\x81."), PICKLE_RUNS_CODE, "a class that is computed", "opcode NEWOBJ"},
    {BLOB(")\x81."), PICKLE_BROKEN, "takes a value", "opcode NEWOBJ"},
    {BLOB("(o."), PICKLE_BROKEN, "an object of no class", "opcode OBJ"},
    {BLOB("(K\1o."), PICKLE_RUNS_CODE, "a function that is computed", "opcode OBJ"},
    {BLOB("cbuiltins\nset\nK\1R."), PICKLE_BROKEN, "another kind than arguments", "opcode REDUCE"},
    {BLOB(")R."), PICKLE_BROKEN, "takes a value", "opcode REDUCE"},
    {BLOB("R."), PICKLE_BROKEN, "takes a value", "opcode REDUCE"},
    {BLOB("b."), PICKLE_BROKEN, "takes a value", "opcode BUILD"},
    {BLOB("}b."), PICKLE_BROKEN, "takes a value", "opcode BUILD"},
    {BLOB("]}b."), PICKLE_BROKEN, "gives attributes to a value of another kind", "opcode BUILD"},
    {BLOB("cmodels\nNet\n}b."), PICKLE_RUNS_CODE, "'models.Net'", "opcode BUILD"},
    {BLOB("]K\1K\2s."), PICKLE_BROKEN, "adds items to a value of another kind", "opcode SETITEM"},
    {BLOB("}K\1a."), PICKLE_BROKEN, "adds items to a value of another kind", "opcode APPEND"},
    {BLOB("K\1K\2a."), PICKLE_BROKEN, "adds items to a value of another kind", "opcode APPEND"},
    {BLOB("(K\1a."), PICKLE_BROKEN, "takes a value", "opcode APPEND"},
    {BLOB("](a."), PICKLE_BROKEN, "takes a value", "opcode APPEND"},
    {BLOB("}K\1(s."), PICKLE_BROKEN, "takes a value", "opcode SETITEM"},
    {BLOB("(U\1ad."), PICKLE_BROKEN, "a key that has no value", "opcode DICT"},
    {BLOB("d."), PICKLE_BROKEN, "a mark", "opcode DICT"},
    {BLOB("u."), PICKLE_BROKEN, "a mark", "opcode SETITEMS"},
    {BLOB("o."), PICKLE_BROKEN, "a mark", "opcode OBJ"},
    {BLOB("ibuiltins\nset\n."), PICKLE_BROKEN, "a mark", "opcode INST"},
    {BLOB("1."), PICKLE_BROKEN, "a mark", "opcode POP_MARK"},
    {BLOB("0."), PICKLE_BROKEN, "takes a value", "opcode POP"},
    {BLOB("2."), PICKLE_BROKEN, "takes a value", "opcode DUP"},
    {BLOB("K\1(2."), PICKLE_BROKEN, "takes a value", "opcode DUP"},
    {BLOB("K\1(q\0."), PICKLE_BROKEN, "takes a value", "opcode BINPUT"},
    {BLOB("K\1(\x94."), PICKLE_BROKEN, "takes a value", "opcode MEMOIZE"},
    {BLOB("K\1M\1\1p257\n."), PICKLE_BROKEN, "a memo index that no pickle", "opcode PUT"},
    {BLOB("K\1px\n."), PICKLE_BROKEN, "a memo index that is not a number", "opcode PUT"},
    {BLOB("K\1p-1\n."), PICKLE_BROKEN, "a memo index that is not a number", "opcode PUT"},
    {BLOB("K\1p:\n."), PICKLE_BROKEN, "a memo index that is not a number", "opcode PUT"},
    {BLOB("K\1p/\n."), PICKLE_BROKEN, "a memo index that is not a number", "opcode PUT"},
    {BLOB("K\1p42949672959\n."), PICKLE_BROKEN, "a memo index that no pickle", "opcode PUT"},
    {BLOB("K\1p42949672960\n."), PICKLE_BROKEN, "a memo index that is not a number", "opcode PUT"},
    {BLOB("K\1p1\ng2\n."), PICKLE_BROKEN, "never put into the memo", "opcode GET"},
    {BLOB("K\1q\0h\1."), PICKLE_BROKEN, "never put into the memo", "opcode BINGET"},
    {BLOB("h\0."), PICKLE_BROKEN, "never put into the memo", "opcode BINGET"},
    {BLOB("K\1\x86."), PICKLE_BROKEN, "takes a value", "opcode TUPLE2"},
    {BLOB("N(U\1aQ."), PICKLE_BROKEN, "names as a storage", "opcode BINPERSID"},
    {BLOB("Q."), PICKLE_BROKEN, "takes a value", "opcode BINPERSID"},
    {BLOB("(U\6modulecmodels\nNet\nNtQ."), PICKLE_BROKEN, "names as a storage", "opcode BINPERSID"},
    {BLOB("(U\6Modulecmodels\nNet\nNNtQ."), PICKLE_BROKEN, "names as a storage", "opcode BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\2NNtQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nfloat32\nU\1" "0U\3cpuK\2tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nK\1U\3cpuK\2tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuNtQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\3" "0\0" "1U\3cpuK\2tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(K\1ctorch\nFloatStorage\nU\1" "0U\3cpuK\2tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\2K\1tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\2K\1K\1\x86tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\2NNN\x87tQ."), PICKLE_BROKEN, "names as a storage",
     "BINPERSID"},
    {BLOB("(U\7storagectorch\nFloatStorage\nU\1" "0U\3cpuK\2NJ\xff\xff\xff\xffN\x87tQ."), PICKLE_BROKEN,
     "names as a storage",
     "BINPERSID"},
    {BLOB("ccopyreg\n_reconstructor\n)R."), PICKLE_BROKEN, "makes an object of no class", "opcode REDUCE"},
    {BLOB("ccopyreg\n_reconstructor\nK\1\x85R."), PICKLE_RUNS_CODE, "a class that is computed", "opcode REDUCE"},
    {BLOB("cmodels\nbuild\n)R."), PICKLE_RUNS_CODE, "'models.build'", "opcode REDUCE"},
    {BLOB("cmodels\n_Net\n)R."), PICKLE_RUNS_CODE, "'models._Net'", "opcode REDUCE"},
    {BLOB("cmodels\n{Net\n)R."), PICKLE_RUNS_CODE, "'models.{Net'", "opcode REDUCE"},
    {BLOB("ctorch.storage\n_load_from_bytes\n)R."), PICKLE_RUNS_CODE, "pickle.dump wrote it", "opcode REDUCE"},
    {BLOB("c\nset\n."), PICKLE_RUNS_CODE, "a name that no class has", "opcode GLOBAL"},
    {BLOB("cbuiltins\n\n."), PICKLE_RUNS_CODE, "a name that no class has", "opcode GLOBAL"},
    {BLOB("ca\0b\nset\n."), PICKLE_RUNS_CODE, "a name that no class has", "opcode GLOBAL"},
    {BLOB("cbuiltins\ns\0t\n."), PICKLE_RUNS_CODE, "a name that no class has", "opcode GLOBAL"},
    {BLOB("K\1K\2."), PICKLE_BROKEN, "does not end with one value", "opcode STOP"},
    {BLOB("K\1(."), PICKLE_BROKEN, "does not end with one value", "opcode STOP"},
    {BLOB("."), PICKLE_BROKEN, "does not end with one value", "opcode STOP"},
};
/* clang-format on */

START_TEST(each_refusal_has_its_reason_and_place)
{
    assay_pickle *pickle = NULL;
    pickle_verdict verdict = PICKLE_GOOD;
    assay_error error = {.message = ""};
    assay_status status = parse(refused[_i].pickle, &pickle, NULL, &verdict, &error);
    support_assert_error(status, ASSAY_ERROR_FORMAT, &error, refused[_i].says);
    ck_assert_msg(strstr(error.detail, refused[_i].detail) != NULL, "'%s' lacks '%s'", error.detail,
                  refused[_i].detail);
    ck_assert_int_eq(verdict, refused[_i].verdict);
    ck_assert_ptr_null(pickle);
    /* Nobody needs to listen. */
    ck_assert_int_eq(parse(refused[_i].pickle, &pickle, NULL, NULL, NULL), ASSAY_ERROR_FORMAT);
}
END_TEST

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    blob bytes;
    int64_t value;
} integers[] = {
    {BLOB("K\0"), 0}, {BLOB("K\xff"), 255}, {BLOB("M\1\2"), 513}, {BLOB("M\0\1"), 256}, {BLOB("J\1\2\3\4"), 67305985},
    {BLOB("J\xff\xff\xff\x7f"), INT32_MAX}, {BLOB("I258\n"), 258}, {BLOB("L259L\n"), 259}, {BLOB("L260\n"), 260},
    {BLOB("\x8a\0"), 0}, {BLOB("\x8a\1\x7f"), 127}, {BLOB("\x8a\2\x80\0"), 128}, {BLOB("\x8a\3\1\2\3"), 197121},
    {BLOB("\x8b" LENGTH("\2") "\5\6"), 1541},
#if SIZE_MAX > UINT32_MAX
    {BLOB("\x8a\5\1\0\0\0\1"), (int64_t)0x100000001},
    {BLOB("\x8a\10\1\0\0\0\0\0\0\x40"), (int64_t)0x4000000000000001},
#endif
};
/* clang-format on */

/* As the size of a tensor, and as the offset of a view of its storage. */
START_TEST(each_integer_has_its_value)
{
    char pickle[256];
    assay_pickle *parsed = NULL;
    assay_error error;
    size_t size = 0;
#define ADD(literal) (memcpy(pickle + size, literal, sizeof(literal) - 1), size += sizeof(literal) - 1)
    ADD(REBUILD "((U\7storagectorch\nDoubleStorage\nU\3keyU\3cpuK\7U\1v");
    memcpy(pickle + size, integers[_i].bytes.bytes, integers[_i].bytes.size);
    size += integers[_i].bytes.size;
    ADD("K\1\x87tQK\1");
    ADD("K\3");
    memcpy(pickle + size, integers[_i].bytes.bytes, integers[_i].bytes.size);
    size += integers[_i].bytes.size;
    ADD("\x86K\4K\5\x86\x89}tR.");
#undef ADD
    support_assert_ok(parse((blob){pickle, size}, &parsed, NULL, NULL, &error), &error);
    ck_assert_uint_eq(assay_pickle_count(parsed), 1);
    const assay_pickled_tensor *tensor = assay_pickle_at(parsed, 0);
    ck_assert_str_eq(tensor->name, "tensor");
    ck_assert_str_eq(tensor->storage, "key");
    ck_assert_int_eq(tensor->dtype, ASSAY_DTYPE_F64);
    ck_assert_uint_eq(tensor->storage_count, 7);
    ck_assert_uint_eq(tensor->offset, (size_t)integers[_i].value + 1);
    ck_assert_uint_eq(tensor->rank, 2);
    ck_assert_uint_eq(tensor->shape[0], 3);
    ck_assert_uint_eq(tensor->shape[1], (size_t)integers[_i].value);
    ck_assert_uint_eq(tensor->stride[0], 4);
    ck_assert_uint_eq(tensor->stride[1], 5);
    assay_pickle_destroy(parsed);
}
END_TEST

/* --- names of Python ---------------------------------------------------------------------------------------------- */

/* The pickle's types, as Python's documentation and PyTorch's source have them. */
/* clang-format off */
static const struct {
    const char *module;
    const char *name;
    global_role role;
    int which;
} globals[] = {
    {"collections", "OrderedDict", GLOBAL_DICTIONARY, 0}, {"collections", "defaultdict", GLOBAL_DICTIONARY, 0},
    {"collections", "Counter", GLOBAL_DICTIONARY, 0}, {"__builtin__", "dict", GLOBAL_DICTIONARY, 0},
    {"torch._utils", "_rebuild_tensor", GLOBAL_TENSOR, TENSOR_V1},
    {"torch._utils", "_rebuild_tensor_v2", GLOBAL_TENSOR, TENSOR_V2},
    {"torch._utils", "_rebuild_tensor_v3", GLOBAL_TENSOR, TENSOR_V3},
    {"torch._utils", "_rebuild_parameter", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch._utils", "_rebuild_parameter_with_state", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch.nn.parameter", "Parameter", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch.nn.parameter", "Buffer", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch.nn", "Parameter", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch.autograd.variable", "Variable", GLOBAL_TENSOR, TENSOR_PARAMETER},
    {"torch._tensor", "_rebuild_from_type_v2", GLOBAL_TENSOR, TENSOR_SUBCLASS},
    {"torch._tensor", "_rebuild_from_type", GLOBAL_TENSOR, TENSOR_SUBCLASS},
    {"torch.tensor", "_rebuild_from_type", GLOBAL_TENSOR, TENSOR_SUBCLASS},
    {"torch", "DoubleStorage", GLOBAL_STORAGE, ASSAY_DTYPE_F64},
    {"torch.storage", "DoubleStorage", GLOBAL_STORAGE, ASSAY_DTYPE_F64},
    {"torch", "FloatStorage", GLOBAL_STORAGE, ASSAY_DTYPE_F32},
    {"torch", "HalfStorage", GLOBAL_STORAGE, ASSAY_DTYPE_F16},
    {"torch", "BFloat16Storage", GLOBAL_STORAGE, ASSAY_DTYPE_BF16},
    {"torch", "ComplexDoubleStorage", GLOBAL_STORAGE, ASSAY_DTYPE_C128},
    {"torch", "ComplexFloatStorage", GLOBAL_STORAGE, ASSAY_DTYPE_C64},
    {"torch", "LongStorage", GLOBAL_STORAGE, ASSAY_DTYPE_I64},
    {"torch", "IntStorage", GLOBAL_STORAGE, ASSAY_DTYPE_I32},
    {"torch", "ShortStorage", GLOBAL_STORAGE, ASSAY_DTYPE_I16},
    {"torch", "CharStorage", GLOBAL_STORAGE, ASSAY_DTYPE_I8},
    {"torch", "ByteStorage", GLOBAL_STORAGE, ASSAY_DTYPE_U8},
    {"torch", "BoolStorage", GLOBAL_STORAGE, ASSAY_DTYPE_BOOL},
    {"torch", "UntypedStorage", GLOBAL_STORAGE, ASSAY_DTYPE_U8},
    {"torch.storage", "_UntypedStorage", GLOBAL_STORAGE, ASSAY_DTYPE_U8},
    {"torch", "QInt8Storage", GLOBAL_STORAGE, ASSAY_DTYPE_COUNT},
    {"torch", "QInt32Storage", GLOBAL_STORAGE, ASSAY_DTYPE_COUNT},
    {"torch", "QUInt8Storage", GLOBAL_STORAGE, ASSAY_DTYPE_COUNT},
    {"torch", "QUInt4x2Storage", GLOBAL_STORAGE, ASSAY_DTYPE_COUNT},
    {"torch.storage", "QUInt2x4Storage", GLOBAL_STORAGE, ASSAY_DTYPE_COUNT},
    {"torch", "float64", GLOBAL_DTYPE, ASSAY_DTYPE_F64}, {"torch", "float32", GLOBAL_DTYPE, ASSAY_DTYPE_F32},
    {"torch", "float16", GLOBAL_DTYPE, ASSAY_DTYPE_F16}, {"torch", "bfloat16", GLOBAL_DTYPE, ASSAY_DTYPE_BF16},
    {"torch", "float8_e4m3fn", GLOBAL_DTYPE, ASSAY_DTYPE_F8_E4M3},
    {"torch", "float8_e5m2", GLOBAL_DTYPE, ASSAY_DTYPE_F8_E5M2},
    {"torch", "complex64", GLOBAL_DTYPE, ASSAY_DTYPE_C64}, {"torch", "complex128", GLOBAL_DTYPE, ASSAY_DTYPE_C128},
    {"torch", "int64", GLOBAL_DTYPE, ASSAY_DTYPE_I64}, {"torch", "int32", GLOBAL_DTYPE, ASSAY_DTYPE_I32},
    {"torch", "int16", GLOBAL_DTYPE, ASSAY_DTYPE_I16}, {"torch", "int8", GLOBAL_DTYPE, ASSAY_DTYPE_I8},
    {"torch", "uint64", GLOBAL_DTYPE, ASSAY_DTYPE_U64}, {"torch", "uint32", GLOBAL_DTYPE, ASSAY_DTYPE_U32},
    {"torch", "uint16", GLOBAL_DTYPE, ASSAY_DTYPE_U16}, {"torch", "uint8", GLOBAL_DTYPE, ASSAY_DTYPE_U8},
    {"torch", "bool", GLOBAL_DTYPE, ASSAY_DTYPE_BOOL},
    {"copy_reg", "_reconstructor", GLOBAL_RECONSTRUCT, 0}, {"copyreg", "__newobj__", GLOBAL_RECONSTRUCT, 0},
    {"copyreg", "__newobj_ex__", GLOBAL_RECONSTRUCT, 0},
    {"torch", "float8_e4m3fnuz", GLOBAL_HARMLESS, 0}, {"torch", "channels_last_format", GLOBAL_HARMLESS, 0},
    {"torch._utils", "_rebuild_sparse_tensor", GLOBAL_HARMLESS, 0}, {"torch", "Size", GLOBAL_HARMLESS, 0},
    {"numpy._core.multiarray", "_reconstruct", GLOBAL_HARMLESS, 0},
    {"numpy._core.numeric", "_frombuffer", GLOBAL_HARMLESS, 0}, {"numpy.dtypes", "Float32DType", GLOBAL_HARMLESS, 0},
    {"UserDict", "UserDict", GLOBAL_HARMLESS, 0}, {"pathlib", "PosixPath", GLOBAL_HARMLESS, 0},
    {"pathlib", "Path", GLOBAL_HARMLESS, 0}, {"builtins", "KeyError", GLOBAL_HARMLESS, 0},
    {"pathlib", "PosixPathX", GLOBAL_DANGEROUS, 0}, {"pathlib", "a.Path", GLOBAL_DANGEROUS, 0},
    {"pathlib", "Pat", GLOBAL_DANGEROUS, 0}, {"torch", "a.b_format", GLOBAL_UNKNOWN, 0},
    {"models", "Net", GLOBAL_UNKNOWN, 0}, {"models", "__init__", GLOBAL_UNKNOWN, 0},
    {"models.os", "Net", GLOBAL_UNKNOWN, 0}, {"models", "os", GLOBAL_UNKNOWN, 0},
    {"models", "a.__class__", GLOBAL_UNKNOWN, 0}, {"models", "evaluate", GLOBAL_UNKNOWN, 0},
    {"os", "system", GLOBAL_DANGEROUS, 0}, {"os.path", "join", GLOBAL_DANGEROUS, 0},
    {"models", "os.system", GLOBAL_DANGEROUS, 0}, {"models", "a.os.b", GLOBAL_DANGEROUS, 0},
    {"models", "__builtins__.get", GLOBAL_DANGEROUS, 0}, {"models", "a.__class__.b", GLOBAL_DANGEROUS, 0},
    {"models", "eval", GLOBAL_DANGEROUS, 0}, {"models", "a.getattr", GLOBAL_DANGEROUS, 0},
    {"models", "getattr.a", GLOBAL_DANGEROUS, 0}, {"BaseHTTPServer", "a", GLOBAL_DANGEROUS, 0},
    {"zoneinfo", "a", GLOBAL_DANGEROUS, 0},
};
/* clang-format on */

/* A pickle with the name where "%s" is; `text` keeps it. */
static assay_status parse_with(const char *text, const char *module, const char *name, assay_pickle **pickle,
                               assay_error *error)
{
    char global[512];
    char bytes[1024];
    snprintf(global, sizeof global, "c%s\n%s\n", module, name);
    /* A text before it, so that what is before the name in memory is no zero. */
    int size = snprintf(bytes, sizeof bytes, "S'-----------------------------------------------'\n0");
    size += snprintf(bytes + size, sizeof bytes - (size_t)size, text, global);
    return parse((blob){bytes, (size_t)size}, pickle, NULL, NULL, error);
}

/* Text alone, for printf. */
#define TEXT_STORAGE "(S'storage'\nctorch\nUntypedStorage\nS'0'\nNI32\ntQ"
#define TEXT_VIEW "I0\n(I2\nt(I1\nt"

/* What each role does with a name; *root and *class are what the pickle is then. */
static const char *const uses[] = {
    [GLOBAL_DICTIONARY] = "%s)R.",
    [GLOBAL_STORAGE] = "ctorch._utils\n_rebuild_tensor\n((S'storage'\n%sS'0'\nNI32\ntQ" TEXT_VIEW "tR.",
    [GLOBAL_DTYPE] = "ctorch._utils\n_rebuild_tensor_v3\n(" TEXT_STORAGE TEXT_VIEW "NN%stR.",
    [GLOBAL_RECONSTRUCT] = "%s(cmodels\nNet\ntR.",
    [GLOBAL_HARMLESS] = "%s)R.",
    [GLOBAL_UNKNOWN] = "%s.",
    [GLOBAL_DANGEROUS] = "%s.",
};

static const char *const calls[] = {
    [TENSOR_V1] = "%s(" TEXT_STORAGE TEXT_VIEW "tR.",
    [TENSOR_V2] = "%s(" TEXT_STORAGE TEXT_VIEW "N)tR.",
    [TENSOR_V3] = "%s(" TEXT_STORAGE TEXT_VIEW "N)ctorch\nfloat64\ntR.",
    [TENSOR_PARAMETER] = "%s(ctorch._utils\n_rebuild_tensor\n(" TEXT_STORAGE TEXT_VIEW "tRNNtR.",
    [TENSOR_SUBCLASS] = "%s(ctorch._utils\n_rebuild_tensor\ncmodels\nT\n(" TEXT_STORAGE TEXT_VIEW "tNtR.",
};

START_TEST(names_have_their_meaning)
{
    global_role role = globals[_i].role;
    int which = globals[_i].which;
    bool tensor = role == GLOBAL_TENSOR || role == GLOBAL_DTYPE ||
                  (role == GLOBAL_STORAGE && which < ASSAY_DTYPE_COUNT);
    assay_error error = {.message = ""};
    assay_pickle *pickle = NULL;
    assay_status status = parse_with(role == GLOBAL_TENSOR ? calls[which] : uses[role], globals[_i].module,
                                     globals[_i].name, &pickle, &error);
    if (role == GLOBAL_DANGEROUS) {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "could run code");
        return;
    }
    ck_assert_msg(status == ASSAY_OK, "%s.%s: %s", globals[_i].module, globals[_i].name, error.message);
    ck_assert_uint_eq(assay_pickle_count(pickle), tensor ? 1 : 0);
    if (tensor) {
        bool typed = role != GLOBAL_TENSOR;
        assay_dtype wanted = typed ? (assay_dtype)which : which == TENSOR_V3 ? ASSAY_DTYPE_F64 : ASSAY_DTYPE_U8;
        ck_assert_int_eq(assay_pickle_at(pickle, 0)->dtype, wanted);
    } else if (role == GLOBAL_DICTIONARY || role == GLOBAL_STORAGE) {
        ck_assert_str_eq(assay_pickle_root(pickle), role == GLOBAL_DICTIONARY ? "a dictionary" : "a quantized tensor");
    } else if (role == GLOBAL_RECONSTRUCT) {
        ck_assert_str_eq(assay_pickle_own_class(pickle), "models.Net");
    } else if (role == GLOBAL_HARMLESS) { /* a name that is unknown would be "an object" of that class */
        ck_assert_ptr_null(assay_pickle_own_class(pickle));
        ck_assert_str_ne(assay_pickle_root(pickle), "an object");
    }
    assay_pickle_destroy(pickle);
}
END_TEST

/* A class of a package is not known; what it is called with does not matter. A function could do anything. */
START_TEST(unknown_names_are_classes)
{
    static const struct {
        const char *module;
        const char *name;
        bool class;
    } names[] = {{"models", "Net", true},
                 {"models", "a.Net", true},
                 {"models", "A", true},
                 {"models", "Z", true},
                 {"models", "net", false},
                 {"models", "Net.build", false},
                 {"models", "_Net", false},
                 {"models", "[Net", false},
                 {"models", "@Net", false},
                 {"torch._utils", "_rebuild_of_tomorrow", true},
                 {"torch._utils", "_rebuil", false}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assay_error error = {.message = ""};
        assay_pickle *pickle = NULL;
        char *full = assay_asprintf(NULL, "%s.%s", names[i].module, names[i].name);
        assay_status status = parse_with("%s)R.", names[i].module, names[i].name, &pickle, &error);
        ck_assert_msg((status == ASSAY_OK) == names[i].class, "%s: %s", full, error.message);
        ck_assert_msg(status != ASSAY_OK || strcmp(assay_pickle_own_class(pickle), full) == 0, "%s", full);
        ck_assert(status == ASSAY_OK || strstr(error.message, full) != NULL);
        assay_pickle_destroy(pickle);
        assay_free(full);
    }
}
END_TEST

/* No name of a class is longer than 200 bytes. */
START_TEST(long_names_are_refused)
{
    for (size_t length = 200; length <= 201; length++) {
        char name[202] = "";
        assay_pickle *pickle = NULL;
        assay_error error = {.message = ""};
        memset(name, 'N', length);
        for (int place = 0; place < 2; place++) {
            assay_status status = parse_with("%s.", place == 0 ? name : "models", place == 0 ? "Net" : name, &pickle,
                                             &error);
            ck_assert_int_eq(status, length == 200 ? ASSAY_OK : ASSAY_ERROR_FORMAT);
            ck_assert(length == 200 || strstr(error.message, "a name that no class has") != NULL);
            assay_pickle_destroy(pickle);
            pickle = NULL;
        }
    }
}
END_TEST

/* --- what is made ------------------------------------------------------------------------------------------------- */

#define NET ")\x81"
/* clang-format off */
static const struct {
    blob pickle;
    const char *names; /* of the tensors, each followed by a blank */
    const char *root;
    const char *own_class;
    const char *others;
} trees[] = {
    {BLOB(TENSOR("0") "."), "tensor ", "a tensor", NULL, ""},
    {BLOB("}U\1a" TENSOR("0") "s."), "a ", "a dictionary", NULL, ""},
    {BLOB("}U\1a}U\1b" TENSOR("0") "ss."), "a.b ", "a dictionary", NULL, ""},
    {BLOB("}(U\1a}U\1b" TENSOR("0") "sU\1c" TENSOR("1") "u."), "a.b c ", "a dictionary", NULL, ""},
    {BLOB("](" TENSOR("0") "K\1" TENSOR("1") "e."), "0 2 ", "a list", NULL, ""},
    {BLOB("(" TENSOR("0") "K\1" TENSOR("1") "t."), "0 2 ", "a tuple", NULL, ""},
    {BLOB("]U\1n" TENSOR("0") "\x86" "a."), "n ", "a list", NULL, ""},
    {BLOB("]U\1n" TENSOR("0") "K\1\x87" "a."), "0.1 ", "a list", NULL, ""},
    {BLOB("]K\1" TENSOR("0") "\x86" "a."), "0.1 ", "a list", NULL, ""},
    {BLOB("}(K\5" TENSOR("0") "J\xfe\xff\xff\xff" TENSOR("1") "NU\1xN" TENSOR("2") "u."), "5 -2 ? ",
     "a dictionary", NULL, ""},
    {BLOB("}(U\1aK\1U\1bNU\1c]U\1d)U\1e" TENSOR("0") "u."), "e ", "a dictionary", NULL,
     "'a' (a number), 'b' (a number or None), 'c' (a list), 'd' (a tuple)"},
    {BLOB("}(U\1acbuiltins\nset\n)RU\1bctorch\nQInt8Storage\n)RU\1ccmodels\nNet\n" NET "U\1d\x88U\1eU\1xu."), "",
     "a dictionary", NULL,
     "'a' (a set), 'b' (a quantized tensor), 'c' (an object), 'd' (a truth value), 'e' (a text)"},
    {BLOB("}(U\1acbuiltins\nset\nU\1b" STORAGE("0", "\2") "u."), "", "a dictionary", NULL,
     "'a' (a class or function), 'b' (a storage)"},
    {BLOB("cmodels\nNet\n" NET "}U\1a" TENSOR("0") "sb."), "a ", "an object", "models.Net", ""},
    {BLOB("cmodels\nNet\n" NET "."), "", "an object", "models.Net", ""},
    {BLOB("cmodels\nNet\n" NET "U\1a" TENSOR("0") "s."), "a ", "an object", NULL, ""},
    {BLOB("}U\1ncmodels\nNet\n" NET "}U\1a" TENSOR("0") "sbs."), "n.a ", "a dictionary", "models.Net",
     "'n' (an object)"},
    {BLOB("}U\1ncmodels\nNet\n" NET "s."), "", "a dictionary", NULL, "'n' (an object)"},
    {BLOB("cbuiltins\nset\n" NET "}U\1a" TENSOR("0") "sb."), "a ", "a set", NULL, ""},
    {BLOB("](" TENSOR("0") "\x88" TENSOR("1") "e."), "0 2 ", "a list", NULL, ""},
    {BLOB("cmodels\nNet\n" NET "K\1b."), "", "an object", "models.Net", ""},
    {BLOB("cmodels\nNet\n" NET "(U\1a" TENSOR("0") "u}U\1b" TENSOR("1") "sb."), "a b ", "an object", NULL, ""},
    {BLOB("cmodels\nNet\n" NET "U\1xa."), "", "an object", NULL, ""},
    {BLOB("}q\0(U\1a" TENSOR("0") "U\1bh\0u."), "a ", "a dictionary", NULL, ""},
    {BLOB("}(U\1a}q\0U\1x" TENSOR("0") "sU\1bh\0u."), "a.x ", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]U\1a" TENSOR("0") "\x86" "a\x85R."), "a ", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]]U\1aa" TENSOR("0") "aa\x85R."), "a ", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]]U\1aa" TENSOR("0") "aK\1aa\x85R."), "", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]](K\1K\2ea\x85R."), "", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]](U\1aK\2ea\x85R."), "", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n]U\1aU\1bU\1c\x87" "a\x85R."), "", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\n}U\1a" TENSOR("0") "s\x85R."), "a ", "a dictionary", NULL, ""},
    {BLOB("ccollections\nOrderedDict\nK\1K\2\x86R."), "", "a dictionary", NULL, ""},
    {BLOB("ctorch._utils\n_rebuild_parameter\n(" TENSOR("0") "\x88}tR."), "tensor ", "a tensor", NULL, ""},
    {BLOB("ctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_qtensor\n)R\x88}tR."), "", "a quantized tensor",
     NULL, ""},
    {BLOB("ctorch._tensor\n_rebuild_from_type_v2\n(" REBUILD "cmodels\nT\n(" STORAGE("0", "\2")
          "K\0K\2\x85K\1\x85\x89}t}tR."), "tensor ", "a tensor", NULL, ""},
    {BLOB("ccopy_reg\n_reconstructor\n(cmodels\nNet\ncbuiltins\nobject\nNtR."), "", "an object", "models.Net", ""},
    {BLOB("ctorch._utils\n_rebuild_tensor\n(" STORAGE("0", "\2") "K\0K\2\x85K\1\x85tR."), "tensor ", "a tensor", NULL,
     ""},
};
/* clang-format on */

START_TEST(tensors_are_named_by_their_place)
{
    assay_pickle *pickle = NULL;
    assay_error error = {.message = ""};
    char names[256] = "";
    support_assert_ok(parse(trees[_i].pickle, &pickle, NULL, NULL, &error), &error);
    for (size_t i = 0; i < assay_pickle_count(pickle); i++) {
        const assay_pickled_tensor *tensor = assay_pickle_at(pickle, i);
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s ", tensor->name);
        char key[] = {(char)('0' + i), '\0'};
        ck_assert_str_eq(tensor->storage, key);
    }
    ck_assert_str_eq(names, trees[_i].names);
    ck_assert_str_eq(assay_pickle_root(pickle), trees[_i].root);
    ck_assert_str_eq(assay_pickle_others(pickle), trees[_i].others);
    const char *class = assay_pickle_own_class(pickle);
    ck_assert_str_eq(class == NULL ? "" : class, trees[_i].own_class == NULL ? "" : trees[_i].own_class);
    assay_pickle_destroy(pickle);
}
END_TEST

/* clang-format off */
static const struct {
    blob pickle;
    const char *says;
} not_made[] = {
    {BLOB("ctorch._utils\n_rebuild_parameter\n(K\1\x88}tR."), "makes a parameter of something that is not a tensor"},
    {BLOB("cmodels\nNet\n" NET "}U\2a\0" TENSOR("0") "sb."), "a name with a zero byte"},
    {BLOB("(U\2a\0" TENSOR("0") "\x86t."), "a name with a zero byte"},
    {BLOB("ctorch._utils\n_rebuild_parameter\n)R."), "makes a parameter of something that is not a tensor"},
    {BLOB("ctorch._tensor\n_rebuild_from_type_v2\n(K\1cmodels\nT\n)}tR."), "in a way that Assay does not know"},
    {BLOB("ctorch._tensor\n_rebuild_from_type_v2\n(" REBUILD "cmodels\nT\nK\1}tR."), "a way that Assay does not know"},
    {BLOB("ctorch._tensor\n_rebuild_from_type_v2\n(cbuiltins\nset\ncmodels\nT\n)}tR."), "a way that Assay does not"},
    {BLOB("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._tensor\n_rebuild_from_type_v2\ncmodels\nT\n)}tR."),
     "a way that Assay does not know"},
    {BLOB(REBUILD "(" STORAGE("0", "\2") "NK\2\x85K\1\x85\x89}tR."), "rebuilds a tensor from other things"},
    {BLOB(REBUILD "(" STORAGE("0", "\2") "J\xff\xff\xff\xffK\2\x85K\1\x85\x89}tR."), "rebuilds a tensor from other"},
    {BLOB(REBUILD "(" STORAGE("0", "\2") "K\0NK\1\x85\x89}tR."), "rebuilds a tensor from other things"},
    {BLOB(REBUILD "(" STORAGE("0", "\2") "K\0K\2\x85N\x89}tR."), "rebuilds a tensor from other things"},
    {BLOB(REBUILD "(NK\0K\2\x85K\1\x85\x89}tR."), "rebuilds a tensor from other things"},
    {BLOB(REBUILD "(" STORAGE("0", "\2") "K\0K\2\x85)\x89}tR."), "rebuilds a tensor from other things"},
    {BLOB("ctorch._utils\n_rebuild_tensor_v3\n(" STORAGE("0", "\2") "K\0K\2\x85K\1\x85\x89}NtR."), "does not know"},
    {BLOB("ctorch._utils\n_rebuild_tensor_v3\n(" STORAGE("0", "\2") "K\0K\2\x85K\1\x85\x89}cbuiltins\nset\ntR."),
     "a tensor of a type that Assay does not know"},
};
/* clang-format on */

START_TEST(what_is_no_tensor_is_refused)
{
    assay_pickle *pickle = NULL;
    assay_error error = {.message = ""};
    support_assert_error(parse(not_made[_i].pickle, &pickle, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         not_made[_i].says);
}
END_TEST

/* The storage of _rebuild_tensor_v3 counts bytes, and the dtype is its last argument. */
START_TEST(an_untyped_storage_counts_bytes)
{
    static const blob pickle = BLOB("ctorch._utils\n_rebuild_tensor_v3\n((U\7storagectorch.storage\nUntypedStorage\n"
                                    "U\1"
                                    "0U\3cpuK\30tQK\0K\3\x85K\1\x85\x89}ctorch\nuint64\ntR.");
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    support_assert_ok(parse(pickle, &parsed, NULL, NULL, &error), &error);
    ck_assert_int_eq(assay_pickle_at(parsed, 0)->dtype, ASSAY_DTYPE_U64);
    ck_assert_uint_eq(assay_pickle_at(parsed, 0)->storage_count, 3);
    assay_pickle_destroy(parsed);
}
END_TEST

/* Dictionaries in dictionaries: tensors at a depth of 60 are read, deeper ones are not looked for. */
START_TEST(the_walk_has_a_depth)
{
    for (int depth = 58; depth <= 62; depth++) {
        char pickle[1024] = "";
        size_t size = 0;
        assay_pickle *parsed = NULL;
        assay_error error = {.message = ""};
        for (int i = 0; i < depth; i++) {
            memcpy(pickle + size, "}U\1d", 4);
            size += 4;
        }
        memcpy(pickle + size, TENSOR("0"), sizeof TENSOR("0") - 1);
        size += sizeof TENSOR("0") - 1;
        memset(pickle + size, 's', (size_t)depth);
        size += (size_t)depth;
        pickle[size++] = '.';
        support_assert_ok(parse((blob){pickle, size}, &parsed, NULL, NULL, &error), &error);
        ck_assert_uint_eq(assay_pickle_count(parsed), depth <= 60 ? 1 : 0);
        ck_assert(depth > 60 || strlen(assay_pickle_at(parsed, 0)->name) == 2 * (size_t)depth - 1);
        assay_pickle_destroy(parsed);
    }
}
END_TEST

/* A name has at most 500 bytes, with the dots. */
START_TEST(the_longest_name)
{
    static const char *const before[] = {"}", "}U\1a}"};
    static const char *const behind[] = {"s.", "ss."};
    for (size_t deep = 0; deep < 2; deep++) {
        for (size_t whole = 499; whole <= 501; whole++) {
            char pickle[1024] = "";
            size_t length = whole - 2 * deep; /* of the key; "a." is before it */
            size_t size = (size_t)sprintf(pickle, "%sX", before[deep]);
            assay_pickle *parsed = NULL;
            assay_error error = {.message = ""};
            pickle[size++] = (char)(length & 255);
            pickle[size++] = (char)(length >> 8);
            size += 2;
            memset(pickle + size, 'n', length);
            size += length;
            memcpy(pickle + size, TENSOR("0"), sizeof TENSOR("0") - 1);
            size += sizeof TENSOR("0") - 1;
            memcpy(pickle + size, behind[deep], strlen(behind[deep]));
            size += strlen(behind[deep]);
            assay_status status = parse((blob){pickle, size}, &parsed, NULL, NULL, &error);
            if (whole > 500) {
                support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "a name of more than 500 bytes");
                continue;
            }
            support_assert_ok(status, &error);
            ck_assert_uint_eq(strlen(assay_pickle_at(parsed, 0)->name), whole);
            assay_pickle_destroy(parsed);
        }
    }
}
END_TEST

/* As many entries as the text has room for; each is cut. */
START_TEST(others_are_listed_as_far_as_there_is_room)
{
    enum { ENTRIES = 12 };
    char pickle[1024] = "}";
    size_t size = 1;
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    for (int i = 0; i < ENTRIES; i++) {
        memcpy(pickle + size, "U\x32", 2);
        memset(pickle + size + 2, 'a' + i, 50);
        memcpy(pickle + size + 52, "K\1s", 3);
        size += 55;
    }
    pickle[size++] = '.';
    support_assert_ok(parse((blob){pickle, size}, &parsed, NULL, NULL, &error), &error);
    const char *others = assay_pickle_others(parsed);
    char wanted[512] = "";
    for (int i = 0; i < ENTRIES && strlen(wanted) + 130 < 400; i++) {
        char name[41] = "";
        memset(name, 'a' + i, 40);
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s'%s' (a number)", i == 0 ? "" : ", ",
                 name);
    }
    ck_assert_str_eq(others, wanted);
    assay_pickle_destroy(parsed);
}
END_TEST

/* --- limits ------------------------------------------------------------------------------------------------------- */

/* A list takes 56 bytes and its place on the stack: 100,000 are within 28 MiB, a million and a half are not. */
START_TEST(memory_has_a_limit)
{
    enum { MANY = 1500000, FEW = 100000 };
    char *lists = assay_calloc(MANY, 1, NULL);
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    memset(lists, ']', MANY);
    support_assert_error(parse((blob){lists, FEW}, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "past the end");
    support_assert_error(parse((blob){lists, MANY}, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "needs more than 28 MiB to be read");
    /* Marks are on a stack of their own. What a stack no longer needs may be used again. */
    memset(lists, '(', MANY);
    support_assert_error(parse((blob){lists, MANY}, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "past the end");
    assay_free(lists);
    /* A growing stack, and one tensor in 60,000 places, each of which has its cost. */
    enum { MARKS = 4000000, PLACES = 60000 };
    char *pickle = assay_calloc(MARKS, 1, NULL);
    memset(pickle, '(', MARKS);
    support_assert_error(parse((blob){pickle, MARKS}, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "needs more than 28 MiB to be read");
    static const char first[] = "](" TENSOR("0") "q\0";
    size_t size = sizeof first - 1;
    memcpy(pickle, first, size);
    for (size_t i = 0; i < PLACES; i++, size += 2) {
        memcpy(pickle + size, "h\0", 2);
    }
    memcpy(pickle + size, "e.", 2);
    support_assert_error(parse((blob){pickle, size + 2}, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "needs more than 28 MiB to be read");
    assay_free(pickle);
}
END_TEST

/* What an object holds is one place deeper. */
START_TEST(objects_have_a_depth)
{
    static const char object[] = "cmodels\nNet\n)\x81}U\1a" TENSOR("0") "sb";
    for (size_t depth = 58; depth <= 60; depth++) {
        char pickle[1024] = "";
        size_t size = 0;
        assay_pickle *parsed = NULL;
        assay_error error = {.message = ""};
        for (size_t i = 0; i < depth; i++, size += 4) {
            memcpy(pickle + size, "}U\1d", 4);
        }
        memcpy(pickle + size, object, sizeof object - 1);
        size += sizeof object - 1;
        memset(pickle + size, 's', depth);
        size += depth;
        pickle[size++] = '.';
        support_assert_ok(parse((blob){pickle, size}, &parsed, NULL, NULL, &error), &error);
        ck_assert_uint_eq(assay_pickle_count(parsed), depth == 58 ? 1 : 0);
        assay_pickle_destroy(parsed);
    }
}
END_TEST

/* Marks are kept in their order, however many there are: a tuple in a tuple, 200 deep, each with a number before it. */
START_TEST(marks_stay_as_they_are)
{
    enum { DEEP = 200 };
    char pickle[3 * DEEP + DEEP + 1];
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    for (size_t i = 0; i < DEEP; i++) {
        memcpy(pickle + 3 * i, "(K\1", 3);
    }
    memset(pickle + 3 * DEEP, 't', DEEP);
    pickle[4 * DEEP] = '.';
    support_assert_ok(parse((blob){pickle, sizeof pickle}, &parsed, NULL, NULL, &error), &error);
    ck_assert_str_eq(assay_pickle_root(parsed), "a tuple");
    assay_pickle_destroy(parsed);
}
END_TEST

/* Values live until the end, however many chunks of memory they take. */
START_TEST(many_values_stay_as_they_are)
{
    enum { ITEMS = 3000, EACH = 5 };
    size_t size = 2;
    char *pickle = assay_calloc(ITEMS * (EACH + sizeof TENSOR("0")) + 8, 1, NULL);
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    memcpy(pickle, "}(", 2);
    for (int i = 0; i < ITEMS; i++) {
        size += (size_t)sprintf(pickle + size, "U\4%04d", i);
        memcpy(pickle + size, TENSOR("0"), sizeof TENSOR("0") - 1);
        size += sizeof TENSOR("0") - 1;
    }
    memcpy(pickle + size, "u.", 2);
    support_assert_ok(parse((blob){pickle, size + 2}, &parsed, NULL, NULL, &error), &error);
    ck_assert_uint_eq(assay_pickle_count(parsed), ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "%04zu", i);
        ck_assert_str_eq(assay_pickle_at(parsed, i)->name, name);
    }
    assay_pickle_destroy(parsed);
    assay_free(pickle);
}
END_TEST

/* A memo of more entries than the first capacity, filled and read in order. */
START_TEST(the_memo_grows)
{
    enum { ENTRIES = 600 };
    char pickle[16 * ENTRIES] = "(";
    size_t size = 1;
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    for (int i = 0; i < ENTRIES; i++) {
        size += (size_t)sprintf(pickle + size, "I%d\np%d\n", i + 1000, i);
    }
    size += (size_t)sprintf(pickle + size, "1" REBUILD "(");
    memcpy(pickle + size, STORAGE("0", "\2"), sizeof STORAGE("0", "\2") - 1);
    size += sizeof STORAGE("0", "\2") - 1;
    size += (size_t)sprintf(pickle + size, "I0\n(g0\ng63\ng64\ng599\nt(g1\ng65\ng128\ng598\ntNNtR.");
    support_assert_ok(parse((blob){pickle, size}, &parsed, NULL, NULL, &error), &error);
    static const size_t shape[] = {1000, 1063, 1064, 1599};
    static const size_t stride[] = {1001, 1065, 1128, 1598};
    ck_assert_mem_eq(assay_pickle_at(parsed, 0)->shape, shape, sizeof shape);
    ck_assert_mem_eq(assay_pickle_at(parsed, 0)->stride, stride, sizeof stride);
    assay_pickle_destroy(parsed);
}
END_TEST

/* An index may be 256 ahead of the entries that were put. */
START_TEST(the_memo_may_have_gaps)
{
    static const blob near = BLOB("K\1p256\ng256\n\x86.");
    static const blob far = BLOB("K\1p257\ng257\n\x86.");
    static const blob next = BLOB("K\1p0\np257\ng257\n\x86.");
    assay_pickle *parsed = NULL;
    assay_error error = {.message = ""};
    support_assert_ok(parse(near, &parsed, NULL, NULL, &error), &error);
    assay_pickle_destroy(parsed);
    support_assert_error(parse(far, &parsed, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error, "a memo index that no");
    support_assert_ok(parse(next, &parsed, NULL, NULL, &error), &error);
    assay_pickle_destroy(parsed);
}
END_TEST

/* --- lists of texts ----------------------------------------------------------------------------------------------- */

static assay_status join_texts(void *context, const char *text)
{
    char *joined = context;
    snprintf(joined + strlen(joined), 32 - strlen(joined), "%s,", text);
    return strcmp(text, "stop") == 0 ? ASSAY_ERROR_NUMERIC : ASSAY_OK;
}

START_TEST(texts_of_a_list)
{
    static const struct {
        blob pickle;
        assay_status status;
        const char *joined;
    } cases[] = {
        {BLOB("](U\1aU\2bce.x"), ASSAY_OK, "a,bc,"},
        {BLOB("].x"), ASSAY_OK, ""},
        {BLOB("](U\1aU\4stopU\1be.x"), ASSAY_ERROR_NUMERIC, "a,stop,"},
        {BLOB("(U\1at.x"), ASSAY_ERROR_FORMAT, ""},
        {BLOB("](U\1aK\1e.x"), ASSAY_ERROR_FORMAT, "a,"},
        {BLOB("](U\1a]e.x"), ASSAY_ERROR_FORMAT, "a,"},
        {BLOB("](U\1aU\3b\0ce.x"), ASSAY_ERROR_FORMAT, "a,"},
        {BLOB("](U\1aee"), ASSAY_ERROR_FORMAT, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char joined[32] = "";
        size_t used = 0;
        assay_error error = {.message = ""};
        ck_assert_int_eq(
            assay_pickle_texts(cases[i].pickle.bytes, cases[i].pickle.size, "file", join_texts, joined, &used, &error),
            cases[i].status);
        ck_assert_str_eq(joined, cases[i].joined);
        ck_assert(cases[i].status != ASSAY_OK || used == cases[i].pickle.size - 1);
        ck_assert(cases[i].status != ASSAY_ERROR_FORMAT || strstr(error.message, "file: ") == error.message);
        ck_assert_int_eq(
            assay_pickle_texts(cases[i].pickle.bytes, cases[i].pickle.size, "file", NULL, NULL, &used, NULL),
            cases[i].status == ASSAY_ERROR_NUMERIC ? ASSAY_OK : cases[i].status);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pickle");
    TCase *tests = evidence_case("pickle", "property: model/pickle; errors: model/pickle");
    tcase_add_loop_test(tests, each_opcode_is_read, 0, sizeof opcodes / sizeof *opcodes);
    tcase_add_loop_test(tests, each_refusal_has_its_reason_and_place, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(tests, each_integer_has_its_value, 0, sizeof integers / sizeof *integers);
    tcase_add_loop_test(tests, names_have_their_meaning, 0, sizeof globals / sizeof *globals);
    tcase_add_test(tests, unknown_names_are_classes);
    tcase_add_test(tests, long_names_are_refused);
    tcase_add_loop_test(tests, tensors_are_named_by_their_place, 0, sizeof trees / sizeof *trees);
    tcase_add_loop_test(tests, what_is_no_tensor_is_refused, 0, sizeof not_made / sizeof *not_made);
    tcase_add_test(tests, an_untyped_storage_counts_bytes);
    tcase_add_test(tests, the_walk_has_a_depth);
    tcase_add_test(tests, the_longest_name);
    tcase_add_test(tests, others_are_listed_as_far_as_there_is_room);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, objects_have_a_depth);
    tcase_add_test(tests, memory_has_a_limit);
    tcase_add_test(tests, marks_stay_as_they_are);
    tcase_add_test(tests, many_values_stay_as_they_are);
    tcase_add_test(tests, the_memo_grows);
    tcase_add_test(tests, the_memo_may_have_gaps);
    tcase_add_test(tests, texts_of_a_list);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
