/* What the names in a pickle mean, and which of them could run code. Nothing is imported, nothing is called. */
#include "model/pickle_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name; /* "module.name"; a '*' matches any characters but a dot */
    global_role role;
    int which;
    const char *what;
} known_global;

#define STORAGE_OF(name, dtype)                                                  \
    {"torch." name "Storage", GLOBAL_STORAGE, dtype, "a storage type"},          \
    {                                                                            \
        "torch.storage." name "Storage", GLOBAL_STORAGE, dtype, "a storage type" \
    }
/* clang-format off */
#define TENSOR_TYPE(name, dtype) {"torch." name, GLOBAL_DTYPE, dtype, "a PyTorch dtype"}
#define NAMED(name, role, what) {name, role, 0, what} /* there is one of the kind */
#define HARMLESS(name, what) NAMED(name, GLOBAL_HARMLESS, what)
/* clang-format on */

/* Names are as Python 3 has them (see modern_module). The first row that fits counts. */
static const known_global known[] = {
    NAMED("collections.OrderedDict", GLOBAL_DICTIONARY, "a dictionary"),
    NAMED("collections.defaultdict", GLOBAL_DICTIONARY, "a dictionary"),
    NAMED("collections.Counter", GLOBAL_DICTIONARY, "a dictionary"),
    NAMED("builtins.dict", GLOBAL_DICTIONARY, "a dictionary"),
    {"torch._utils._rebuild_tensor", GLOBAL_TENSOR, TENSOR_V1, NULL},
    {"torch._utils._rebuild_tensor_v2", GLOBAL_TENSOR, TENSOR_V2, NULL},
    {"torch._utils._rebuild_tensor_v3", GLOBAL_TENSOR, TENSOR_V3, NULL},
    {"torch._utils._rebuild_parameter", GLOBAL_TENSOR, TENSOR_PARAMETER, NULL},
    {"torch._utils._rebuild_parameter_with_state", GLOBAL_TENSOR, TENSOR_PARAMETER, NULL},
    {"torch.nn.parameter.Parameter", GLOBAL_TENSOR, TENSOR_PARAMETER, "a parameter"},
    {"torch.nn.parameter.Buffer", GLOBAL_TENSOR, TENSOR_PARAMETER, "a buffer"},
    {"torch.nn.Parameter", GLOBAL_TENSOR, TENSOR_PARAMETER, "a parameter"},
    {"torch.autograd.variable.Variable", GLOBAL_TENSOR, TENSOR_PARAMETER, "a variable"},
    {"torch._tensor._rebuild_from_type_v2", GLOBAL_TENSOR, TENSOR_SUBCLASS, NULL},
    {"torch._tensor._rebuild_from_type", GLOBAL_TENSOR, TENSOR_SUBCLASS, NULL},
    {"torch.tensor._rebuild_from_type", GLOBAL_TENSOR, TENSOR_SUBCLASS, NULL},
    STORAGE_OF("Double", ASSAY_DTYPE_F64),
    STORAGE_OF("Float", ASSAY_DTYPE_F32),
    STORAGE_OF("Half", ASSAY_DTYPE_F16),
    STORAGE_OF("BFloat16", ASSAY_DTYPE_BF16),
    STORAGE_OF("ComplexDouble", ASSAY_DTYPE_C128),
    STORAGE_OF("ComplexFloat", ASSAY_DTYPE_C64),
    STORAGE_OF("Long", ASSAY_DTYPE_I64),
    STORAGE_OF("Int", ASSAY_DTYPE_I32),
    STORAGE_OF("Short", ASSAY_DTYPE_I16),
    STORAGE_OF("Char", ASSAY_DTYPE_I8),
    STORAGE_OF("Byte", ASSAY_DTYPE_U8),
    STORAGE_OF("Bool", ASSAY_DTYPE_BOOL),
    STORAGE_OF("Untyped", ASSAY_DTYPE_U8),
    STORAGE_OF("_Untyped", ASSAY_DTYPE_U8),
    STORAGE_OF("QInt8", ASSAY_DTYPE_COUNT),
    STORAGE_OF("QInt32", ASSAY_DTYPE_COUNT),
    STORAGE_OF("QUInt8", ASSAY_DTYPE_COUNT),
    STORAGE_OF("QUInt4x2", ASSAY_DTYPE_COUNT),
    STORAGE_OF("QUInt2x4", ASSAY_DTYPE_COUNT),
    TENSOR_TYPE("float64", ASSAY_DTYPE_F64),
    TENSOR_TYPE("float32", ASSAY_DTYPE_F32),
    TENSOR_TYPE("float16", ASSAY_DTYPE_F16),
    TENSOR_TYPE("bfloat16", ASSAY_DTYPE_BF16),
    TENSOR_TYPE("float8_e4m3fn", ASSAY_DTYPE_F8_E4M3),
    TENSOR_TYPE("float8_e5m2", ASSAY_DTYPE_F8_E5M2),
    TENSOR_TYPE("complex64", ASSAY_DTYPE_C64),
    TENSOR_TYPE("complex128", ASSAY_DTYPE_C128),
    TENSOR_TYPE("int64", ASSAY_DTYPE_I64),
    TENSOR_TYPE("int32", ASSAY_DTYPE_I32),
    TENSOR_TYPE("int16", ASSAY_DTYPE_I16),
    TENSOR_TYPE("int8", ASSAY_DTYPE_I8),
    TENSOR_TYPE("uint64", ASSAY_DTYPE_U64),
    TENSOR_TYPE("uint32", ASSAY_DTYPE_U32),
    TENSOR_TYPE("uint16", ASSAY_DTYPE_U16),
    TENSOR_TYPE("uint8", ASSAY_DTYPE_U8),
    TENSOR_TYPE("bool", ASSAY_DTYPE_BOOL),
    HARMLESS("torch._utils._rebuild_qtensor", "a quantized tensor"),
    HARMLESS("torch._utils._rebuild_sparse*", "a sparse tensor"),
    HARMLESS("torch._utils._rebuild_nested_tensor", "a nested tensor"),
    HARMLESS("torch._utils._rebuild_meta_tensor*", "a tensor without values (device meta)"),
    HARMLESS("torch._utils._rebuild_device_tensor*", "a tensor of another device"),
    HARMLESS("torch._utils._rebuild_wrapper_subclass", "a tensor of another class"),
    HARMLESS("torch._utils._rebuild_xla_tensor", "a tensor of an XLA device"),
    HARMLESS("torch.serialization._get_layout", "a memory layout"),
    HARMLESS("torch.Size", "a shape"),
    HARMLESS("torch.Tensor", "PyTorch's tensor class"),
    HARMLESS("torch.device", "a device"),
    HARMLESS("torch.strided", "a memory layout"),
    HARMLESS("torch.per_tensor_affine", "a quantization scheme"),
    HARMLESS("torch.per_channel_affine", "a quantization scheme"),
    HARMLESS("torch.q*", "a PyTorch dtype"),
    HARMLESS("torch.complex32", "a PyTorch dtype"),
    HARMLESS("torch.float*", "a PyTorch dtype"),
    HARMLESS("torch.*_format", "a memory format"),
    HARMLESS("torch.torch_version.TorchVersion", "a version"),
    HARMLESS("numpy.core.multiarray.scalar", "a NumPy number"),
    HARMLESS("numpy.core.multiarray._reconstruct", "a NumPy array"),
    HARMLESS("numpy.core.numeric._frombuffer", "a NumPy array"),
    HARMLESS("numpy.ma.core._mareconstruct", "a NumPy array"),
    HARMLESS("numpy.matrixlib.defmatrix.matrix", "a NumPy array"),
    HARMLESS("numpy.ndarray", "a NumPy array"),
    HARMLESS("numpy.dtype", "a NumPy dtype"),
    HARMLESS("numpy.dtypes.*", "a NumPy dtype"),
    HARMLESS("numpy.random._pickle.__generator_ctor", "a NumPy random generator"),
    HARMLESS("numpy.random._pickle.__bit_generator_ctor", "a NumPy random generator"),
    HARMLESS("numpy.random._pickle.__randomstate_ctor", "a NumPy random generator"),
    HARMLESS("numpy.float*", "a NumPy number"),
    HARMLESS("numpy.int*", "a NumPy number"),
    HARMLESS("numpy.uint*", "a NumPy number"),
    HARMLESS("numpy.complex*", "a NumPy number"),
    HARMLESS("numpy.bool*", "a NumPy number"),
    HARMLESS("_codecs.encode", "bytes"),
    NAMED("copyreg._reconstructor", GLOBAL_RECONSTRUCT, NULL),
    NAMED("copyreg.__newobj__", GLOBAL_RECONSTRUCT, NULL),
    NAMED("copyreg.__newobj_ex__", GLOBAL_RECONSTRUCT, NULL),
    HARMLESS("builtins.complex", "a complex number"),
    HARMLESS("builtins.set", "a set"),
    HARMLESS("builtins.frozenset", "a set"),
    HARMLESS("builtins.bytearray", "bytes"),
    HARMLESS("builtins.bytes", "bytes"),
    HARMLESS("builtins.int", "a number"),
    HARMLESS("builtins.long", "a number"),
    HARMLESS("builtins.float", "a number"),
    HARMLESS("builtins.bool", "a truth value"),
    HARMLESS("builtins.str", "a text"),
    HARMLESS("builtins.unicode", "a text"),
    HARMLESS("builtins.list", "a list"),
    HARMLESS("builtins.tuple", "a tuple"),
    HARMLESS("builtins.range", "a range"),
    HARMLESS("builtins.xrange", "a range"),
    HARMLESS("builtins.slice", "a slice"),
    HARMLESS("builtins.object", "an object"),
    HARMLESS("builtins.type", "a class"),
    HARMLESS("builtins.NoneType", "None"),
    HARMLESS("builtins.Ellipsis", "an ellipsis"),
    HARMLESS("builtins.NotImplemented", "a constant"),
    HARMLESS("builtins.Exception", "an exception"),
    HARMLESS("builtins.*Error", "an exception"),
    HARMLESS("builtins.*Warning", "a warning"),
    HARMLESS("argparse.Namespace", "a namespace"),
    HARMLESS("types.SimpleNamespace", "a namespace"),
    HARMLESS("collections.deque", "a list"),
    HARMLESS("collections.UserDict", "a dictionary"),
    HARMLESS("datetime.date", "a date or time"),
    HARMLESS("datetime.time", "a date or time"),
    HARMLESS("datetime.datetime", "a date or time"),
    HARMLESS("datetime.timedelta", "a date or time"),
    HARMLESS("datetime.timezone", "a date or time"),
    HARMLESS("zoneinfo.ZoneInfo._unpickle", "a time zone"),
    HARMLESS("decimal.Decimal", "a decimal number"),
    HARMLESS("fractions.Fraction", "a fraction"),
    HARMLESS("uuid.UUID", "an identifier"),
    HARMLESS("uuid.SafeUUID", "an identifier"),
    HARMLESS("pathlib.*Path", "a path"),
    HARMLESS("pathlib._local.*Path", "a path"),
    HARMLESS("functools.partial", "a partial function"),
    HARMLESS("logging.getLogger", "a logger"),
    HARMLESS("re._compile", "a regular expression"),
    HARMLESS("random.Random", "a random generator"),
    HARMLESS("enum.*Enum", "an enumeration"),
    HARMLESS("enum.*Flag", "an enumeration"),
};

/*
 * Modules of Python's standard library: sys.stdlib_module_names of 3.11, and names of Python 2 and of modules that were
 * removed. What is in them and not above could run code. Sorted by strcmp.
 */
/* clang-format off */
static const char *const standard_modules[] = {
    "BaseHTTPServer", "Bastion", "CGIHTTPServer", "ConfigParser", "HTMLParser", "Queue", "SimpleHTTPServer",
    "SocketServer", "StringIO", "UserDict", "__builtin__", "__future__", "_abc", "_aix_support", "_ast", "_asyncio",
    "_bisect", "_blake2", "_bootsubprocess", "_bz2", "_codecs", "_codecs_cn", "_codecs_hk", "_codecs_iso2022",
    "_codecs_jp", "_codecs_kr", "_codecs_tw", "_collections", "_collections_abc", "_compat_pickle", "_compression",
    "_contextvars", "_crypt", "_csv", "_ctypes", "_curses", "_curses_panel", "_datetime", "_dbm", "_decimal",
    "_elementtree", "_frozen_importlib", "_frozen_importlib_external", "_functools", "_gdbm", "_hashlib", "_heapq",
    "_imp", "_io", "_json", "_locale", "_lsprof", "_lzma", "_markupbase", "_md5", "_msi", "_multibytecodec",
    "_multiprocessing", "_opcode", "_operator", "_osx_support", "_overlapped", "_pickle", "_posixshmem",
    "_posixsubprocess", "_py_abc", "_pydecimal", "_pyio", "_queue", "_random", "_scproxy", "_sha1", "_sha256",
    "_sha3", "_sha512", "_signal", "_sitebuiltins", "_socket", "_sqlite3", "_sre", "_ssl", "_stat", "_statistics",
    "_string", "_strptime", "_struct", "_symtable", "_thread", "_threading_local", "_tkinter", "_tokenize",
    "_tracemalloc", "_typing", "_uuid", "_warnings", "_weakref", "_weakrefset", "_winapi", "_zoneinfo", "abc", "aifc",
    "argparse", "array", "ast", "asynchat", "asyncio", "asyncore", "atexit", "audioop", "base64", "bdb", "binascii",
    "bisect", "builtins", "bz2", "cPickle", "cProfile", "cStringIO", "calendar", "cgi", "cgitb", "chunk", "cmath",
    "cmd", "code", "codecs", "codeop", "collections", "colorsys", "commands", "compileall", "compiler", "concurrent",
    "configparser", "contextlib", "contextvars", "copy", "copy_reg", "copyreg", "crypt", "csv", "ctypes", "curses",
    "dataclasses", "datetime", "dbm", "decimal", "difflib", "dis", "distutils", "dl", "doctest", "dummy_threading",
    "email", "encodings", "ensurepip", "enum", "errno", "exceptions", "execfile", "faulthandler", "fcntl", "filecmp",
    "fileinput", "fnmatch", "fractions", "ftplib", "functools", "gc", "genericpath", "getopt", "getpass", "gettext",
    "glob", "graphlib", "grp", "gzip", "hashlib", "heapq", "hmac", "hotshot", "html", "http", "httplib", "idlelib",
    "ihooks", "imaplib", "imghdr", "imp", "importlib", "imputil", "inspect", "io", "ipaddress", "itertools", "json",
    "keyword", "lib2to3", "linecache", "locale", "logging", "lzma", "mailbox", "mailcap", "marshal", "math",
    "mimetypes", "mmap", "modulefinder", "msilib", "msvcrt", "multiprocessing", "netrc", "new", "nis", "nntplib",
    "nt", "ntpath", "nturl2path", "numbers", "opcode", "operator", "optparse", "os", "os2", "ossaudiodev", "pathlib",
    "pdb", "pickle", "pickletools", "pipes", "pkgutil", "platform", "plistlib", "popen2", "poplib", "posix",
    "posixfile", "posixpath", "pprint", "profile", "pstats", "pty", "pwd", "py_compile", "pyclbr", "pydoc",
    "pydoc_data", "pyexpat", "queue", "quopri", "random", "re", "readline", "reprlib", "resource", "rexec",
    "rlcompleter", "runpy", "sched", "secrets", "select", "selectors", "sets", "shelve", "shlex", "shutil", "signal",
    "site", "smtpd", "smtplib", "sndhdr", "socket", "socketserver", "spwd", "sqlite3", "sre_compile", "sre_constants",
    "sre_parse", "ssl", "stat", "statistics", "string", "stringprep", "struct", "subprocess", "sunau", "symtable",
    "sys", "sysconfig", "syslog", "tabnanny", "tarfile", "telnetlib", "tempfile", "termios", "test", "textwrap",
    "thread", "threading", "time", "timeit", "tkinter", "token", "tokenize", "tomllib", "trace", "traceback",
    "tracemalloc", "tty", "turtle", "turtledemo", "types", "typing", "unicodedata", "unittest", "urllib", "urllib2",
    "user", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser", "winreg", "winsound", "wsgiref",
    "xdrlib", "xml", "xmlrpc", "xmlrpclib", "zipapp", "zipfile", "zipimport", "zlib", "zoneinfo",
};
/* clang-format on */

/* Attributes on the way to which anything can be reached, and functions that run something wherever they are found. */
static const char *const dangerous_attributes[] = {
    "eval",          "exec",         "execfile",    "compile",   "system",          "popen",    "Popen",
    "spawn",         "check_output", "check_call",  "getoutput", "getstatusoutput", "run_path", "run_module",
    "import_module", "runstring",    "load_module", "getattr",   "setattr",
};

static int compare_names(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

static bool is_standard(const char *module)
{
    return bsearch(module, standard_modules, sizeof standard_modules / sizeof *standard_modules,
                   sizeof *standard_modules, compare_names) != NULL;
}

/* Whether `name` fits a pattern with at most one '*'. */
static bool fits(const char *name, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    size_t before = star == NULL ? 0 : (size_t)(star - pattern);
    if (star == NULL) {
        return strcmp(name, pattern) == 0;
    }
    size_t after = strlen(star + 1);
    size_t length = strlen(name);
    return length >= before + after && strncmp(name, pattern, before) == 0 &&
           strcmp(name + length - after, star + 1) == 0 && strchr(name + before, '.') == NULL;
}

/* Puts Python 3's name of a module in the place of Python 2's, and NumPy 1's in that of NumPy 2's. */
static const char *modern_module(const char *module, size_t *skipped)
{
    static const struct {
        const char *old;
        const char *now;
    } renamed[] = {{"__builtin__", "builtins"},
                   {"copy_reg", "copyreg"},
                   {"numpy._core.multiarray", "numpy.core.multiarray"},
                   {"numpy._core.numeric", "numpy.core.numeric"},
                   {"UserDict", "collections"}};
    *skipped = 0;
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++) {
        if (strcmp(module, renamed[i].old) == 0) {
            *skipped = strlen(module);
            return renamed[i].now;
        }
    }
    return "";
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the dotted name, or the module's first word, leads to Python's own machinery. */
static bool is_dangerous(const char *module, const char *name)
{
    char word[64];
    size_t length = strcspn(module, ".");
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), module);
    if (is_standard(word)) {
        return true;
    }
    for (const char *at = name;; at += length + 1) {
        length = strcspn(at, ".");
        snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), at);
        bool last = at[length] == '\0';
        if (is_one_of(word, dangerous_attributes, sizeof dangerous_attributes / sizeof *dangerous_attributes) ||
            (!last && (is_standard(word) || strncmp(word, "__", 2) == 0))) {
            return true;
        }
        if (last) {
            return false;
        }
    }
}

static void judge(pickle_global *global, const char *module, const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (fits(global->name, known[i].name)) {
            global->role = known[i].role;
            global->which = known[i].which;
            global->what = known[i].what;
            return;
        }
    }
    global->role = is_dangerous(module, name) ? GLOBAL_DANGEROUS : GLOBAL_UNKNOWN;
}

assay_status pickle_find_global(pickle_machine *m, pickle_text module, pickle_text name, const pickle_global **found)
{
    enum { LONGEST = 200 };
    if (module.length > LONGEST || name.length > LONGEST || module.length == 0 || name.length == 0 ||
        strlen(module.chars) != module.length || strlen(name.chars) != name.length) {
        return pickle_refuse_code(m, "a name that no class has");
    }
    size_t skipped = 0;
    const char *modern = modern_module(module.chars, &skipped);
    size_t size = strlen(modern) + module.length - skipped + 1 + name.length + 1;
    pickle_global *made = pickle_memory(m, sizeof *made + size);
    if (made == NULL) {
        return m->error->status;
    }
    char *full = (char *)(made + 1);
    snprintf(full, size, "%s%s.%s", modern, module.chars + skipped, name.chars);
    made->name = full;
    judge(made, module.chars, name.chars);
    *found = made;
    return made->role == GLOBAL_DANGEROUS ? pickle_refuse_code(m, full) : ASSAY_OK;
}

/* --- calls ----------------------------------------------------------------------------------------------------- */

static assay_status make_object(pickle_machine *m, const pickle_global *class, pickle_value **result)
{
    bool dictionary = class->role == GLOBAL_DICTIONARY;
    *result = pickle_make(m, dictionary ? PICKLE_DICTIONARY : PICKLE_OBJECT);
    if (*result == NULL) {
        return m->error->status;
    }
    (*result)->as.container.of = class;
    return ASSAY_OK;
}

assay_status pickle_new(pickle_machine *m, const pickle_value *class, pickle_value **result)
{
    if (class->kind != PICKLE_GLOBAL) {
        return pickle_refuse_code(m, "a class that is computed");
    }
    return make_object(m, class->as.global, result);
}

static pickle_value *argument(const pickle_value *arguments, size_t index, pickle_kind kind)
{
    pickle_value *found = index < arguments->as.tuple.count ? arguments->as.tuple.items[index] : NULL;
    return found != NULL && found->kind == kind ? found : NULL;
}

/* A tuple of numbers that a size can be; false where it is not that or is longer than a tensor's rank may be. */
static bool sizes_of(const pickle_value *tuple, size_t *sizes)
{
    if (tuple->as.tuple.count > ASSAY_TENSOR_MAX_RANK) {
        return false;
    }
    for (size_t i = 0; i < tuple->as.tuple.count; i++) {
        const pickle_value *item = tuple->as.tuple.items[i];
        if (item->kind != PICKLE_INTEGER || __builtin_add_overflow(item->as.integer, 0, &sizes[i])) {
            return false;
        }
    }
    return true;
}

/* The dtype of a tensor whose storage is untyped, and counts bytes. */
static assay_status retype(pickle_machine *m, assay_pickled_tensor *tensor, const pickle_value *arguments)
{
    const pickle_value *dtype = argument(arguments, 6, PICKLE_GLOBAL);
    if (dtype == NULL || dtype->as.global->role != GLOBAL_DTYPE) {
        return pickle_refuse(m, "a tensor of a type that Assay does not know");
    }
    tensor->dtype = (assay_dtype)dtype->as.global->which;
    tensor->storage_count /= assay_dtype_size(tensor->dtype);
    return ASSAY_OK;
}

/* torch._utils._rebuild_tensor(storage, offset, size, stride), and _v2 and _v3, which have more arguments. */
static assay_status rebuild_tensor(pickle_machine *m, tensor_call call, const pickle_value *arguments,
                                   pickle_value **result)
{
    const pickle_value *storage = argument(arguments, 0, PICKLE_STORAGE);
    const pickle_value *offset = argument(arguments, 1, PICKLE_INTEGER);
    const pickle_value *size = argument(arguments, 2, PICKLE_TUPLE);
    const pickle_value *stride = argument(arguments, 3, PICKLE_TUPLE);
    if (argument(arguments, 0, PICKLE_OBJECT) != NULL) {
        *result = argument(arguments, 0, PICKLE_OBJECT); /* of a storage that the library has no dtype for */
        return ASSAY_OK;
    }
    if (storage == NULL || offset == NULL || offset->as.integer < 0 || size == NULL || stride == NULL ||
        size->as.tuple.count != stride->as.tuple.count) {
        return pickle_refuse(m, "it rebuilds a tensor from other things than storage, offset, size and stride");
    }
    *result = pickle_make(m, PICKLE_TENSOR);
    assay_pickled_tensor *tensor = *result == NULL ? NULL : pickle_memory(m, sizeof *tensor);
    if (tensor == NULL) {
        return m->error->status;
    }
    (*result)->as.tensor = tensor;
    *tensor = *storage->as.tensor;
    tensor->rank = size->as.tuple.count;
    bool wraps = __builtin_add_overflow(tensor->offset, offset->as.integer, &tensor->offset);
    bool sized = sizes_of(size, tensor->shape) && sizes_of(stride, tensor->stride);
    if (!sized || wraps) { /* ASSAY_EXCL_MCDC: an offset wraps around where size_t has 32 bits */
        return pickle_refuse(m, "a tensor's size or stride is not a tuple of at most 8 whole numbers");
    }
    return call == TENSOR_V3 ? retype(m, tensor, arguments) : ASSAY_OK;
}

static assay_status call_tensor(pickle_machine *m, tensor_call call, const pickle_value *arguments,
                                pickle_value **result)
{
    if (call == TENSOR_PARAMETER) {
        *result = argument(arguments, 0, PICKLE_TENSOR);
        *result = *result != NULL ? *result : argument(arguments, 0, PICKLE_OBJECT);
        return *result != NULL ? ASSAY_OK : pickle_refuse(m, "it makes a parameter of something that is not a tensor");
    }
    if (call == TENSOR_SUBCLASS) {
        const pickle_value *inner = argument(arguments, 0, PICKLE_GLOBAL);
        pickle_value *inner_arguments = argument(arguments, 2, PICKLE_TUPLE);
        if (inner == NULL || inner_arguments == NULL || inner->as.global->role != GLOBAL_TENSOR ||
            inner->as.global->which == TENSOR_SUBCLASS) {
            return pickle_refuse(m, "it rebuilds a tensor in a way that Assay does not know");
        }
        return call_tensor(m, (tensor_call)inner->as.global->which, inner_arguments, result);
    }
    return rebuild_tensor(m, call, arguments, result);
}

/* dict([[key, value], ...]), as Python 2 pickles an OrderedDict, or a copy of another dictionary. */
static assay_status call_dictionary(pickle_machine *m, const pickle_global *class, const pickle_value *arguments,
                                    pickle_value **result)
{
    ASSAY_TRY(make_object(m, class, result));
    for (size_t i = 0; i < arguments->as.tuple.count; i++) {
        const pickle_value *from = arguments->as.tuple.items[i];
        const pickle_cell *cell = from->kind == PICKLE_LIST || from->kind == PICKLE_DICTIONARY
                                      ? from->as.container.first
                                      : NULL;
        for (; cell != NULL; cell = cell->next) {
            const pickle_value *key = cell->key;
            pickle_value *held = cell->held;
            if (key == NULL && held->kind == PICKLE_TUPLE && held->as.tuple.count == 2) {
                key = held->as.tuple.items[0];
                held = held->as.tuple.items[1];
            } else if (key == NULL && held->kind == PICKLE_LIST && held->as.container.count == 2 &&
                       held->as.container.first != NULL && held->as.container.first->next != NULL) {
                key = held->as.container.first->held;
                held = held->as.container.first->next->held;
            }
            if (key != NULL) {
                ASSAY_TRY(pickle_append(m, *result, key, held));
            }
        }
    }
    return ASSAY_OK;
}

/* A function of some package has a small letter, a class a capital: calling the one could do anything. */
static bool is_function(const char *name)
{
    const char *last = strrchr(name, '.') + 1; /* "module.name" */
    return !(*last >= 'A' && *last <= 'Z') && strncmp(name, "torch._utils._rebuild", 21) != 0;
}

assay_status pickle_call(pickle_machine *m, const pickle_value *function, pickle_value *arguments,
                         pickle_value **result)
{
    if (function->kind != PICKLE_GLOBAL) {
        return pickle_refuse_code(m, "a function that is computed");
    }
    if (arguments->kind != PICKLE_TUPLE) {
        return pickle_refuse(m, "it calls a function with a value of another kind than arguments");
    }
    const pickle_global *global = function->as.global;
    switch (global->role) {
    case GLOBAL_DICTIONARY: return call_dictionary(m, global, arguments, result);
    case GLOBAL_TENSOR: return call_tensor(m, (tensor_call)global->which, arguments, result);
    case GLOBAL_RECONSTRUCT:
        return arguments->as.tuple.count > 0 ? pickle_new(m, arguments->as.tuple.items[0], result)
                                             : pickle_refuse(m, "it makes an object of no class");
    case GLOBAL_UNKNOWN:
        return is_function(global->name) ? pickle_refuse_code(m, global->name) : make_object(m, global, result);
    case GLOBAL_STORAGE:
    case GLOBAL_DTYPE:
    case GLOBAL_HARMLESS: return make_object(m, global, result);
    case GLOBAL_DANGEROUS: break; /* LCOV_EXCL_LINE: pickle_find_global refuses it earlier */
    }
    return pickle_refuse_code(m, global->name); /* LCOV_EXCL_LINE: as above */
}
