#include <assay/model/torch_zip.h>

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

#include <assay/base/alloc.h>
#include "base/byte_order.h"
#include "model/source.h"

static const char PICKLE[] = "/data.pkl";

typedef struct {
    zip_t *zip;
    const char *name;   /* of the file */
    size_t most_bytes;  /* of one entry, unpacked */
    void *held;         /* the storage that was asked for last */
    const char *folder; /* of the archive: what is before the first '/', not ended by a zero */
    size_t folder_length;
} archive;

bool assay_torch_zip_recognised(const void *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* --- entries --------------------------------------------------------------------------------------------------- */

/* What is wrong with an entry. libzip does not always report that there was no memory; malloc does. */
static assay_status broken(const archive *a, zip_int64_t index, const char *why, assay_error *error)
{
    if (errno == ENOMEM) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for the zip archive", a->name);
    }
    const char *entry_name = zip_get_name(a->zip, (zip_uint64_t)index, ZIP_FL_ENC_RAW);
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: '%.100s' in this zip archive: %s", a->name, entry_name, why);
}

static assay_status check_entry(const archive *a, zip_int64_t index, size_t *size, assay_error *error)
{
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t about;
    int failed = zip_stat_index(a->zip, (zip_uint64_t)index, 0, &about);
    if (failed != 0 || (about.valid & wanted) != wanted) {     /* LCOV_EXCL_BR_LINE: libzip knows them of all entries */
        return broken(a, index, "its size is unknown", error); /* LCOV_EXCL_LINE: as above */
    }
    if (about.encryption_method != ZIP_EM_NONE ||
        (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE)) {
        return broken(a, index, "is encrypted, or compressed in a way that PyTorch does not use", error);
    }
    if (about.size > a->most_bytes) {
        return broken(a, index, "is far larger than the file itself once it is unpacked", error);
    }
    *size = (size_t)about.size;
    return ASSAY_OK;
}

/* Reads all of an open entry; the read behind its end is what makes libzip compare the checksum. */
static assay_status unpack(const archive *a, zip_int64_t index, zip_file_t *file, void *into, size_t size,
                           assay_error *error)
{
    char more;
    zip_int64_t got = zip_fread(file, into, size);
    if ((size_t)got != size) { /* -1 is no size */
        return broken(a, index, got < 0 ? zip_file_strerror(file) : "is cut off", error);
    }
    zip_int64_t rest = zip_fread(file, &more, 1);
    return rest == 0 ? ASSAY_OK
                     : broken(a, index, rest < 0 ? zip_file_strerror(file) : "is longer than it says", error);
}

/* The caller frees the bytes with assay_free. */
static assay_status read_entry(const archive *a, zip_int64_t index, void **bytes, size_t *size, assay_error *error)
{
    *bytes = NULL;
    ASSAY_TRY(check_entry(a, index, size, error));
    zip_file_t *file = zip_fopen_index(a->zip, (zip_uint64_t)index, 0);
    if (file == NULL) {
        return broken(a, index, zip_strerror(a->zip), error);
    }
    *bytes = assay_calloc(*size, 1, error);
    assay_status status = *bytes == NULL ? ASSAY_ERROR_MEMORY : unpack(a, index, file, *bytes, *size, error);
    zip_fclose(file);
    if (status != ASSAY_OK) {
        assay_free(*bytes);
        *bytes = NULL;
    }
    return status;
}

/* The index of FOLDER/`name`, or -1. */
static assay_status locate(const archive *a, const char *name, zip_int64_t *index, assay_error *error)
{
    char *full = assay_asprintf(error, "%.*s/%s", (int)a->folder_length, a->folder, name);
    if (full == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *index = zip_name_locate(a->zip, full, ZIP_FL_ENC_RAW);
    assay_free(full);
    return ASSAY_OK;
}

static assay_status find_storage(void *context, const char *key, const void **bytes, size_t *size, assay_error *error)
{
    archive *a = context;
    zip_int64_t index = -1;
    char *name = assay_asprintf(error, "data/%s", key);
    if (name == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = locate(a, name, &index, error);
    assay_free(name);
    ASSAY_TRY(status);
    if (index < 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: the storage 'data/%.100s' is missing in this zip archive: was it packed anew?", a->name,
                          key);
    }
    assay_free(a->held);
    a->held = NULL;
    ASSAY_TRY(read_entry(a, index, &a->held, size, error));
    *bytes = a->held;
    return ASSAY_OK;
}

/* --- the archive ----------------------------------------------------------------------------------------------- */

/* Entries that tell what a zip archive is, the surest first: the path, what follows its last '/', or its suffix. */
/* clang-format off */
static const struct {
    const char *entry;
    const char *what;
} contents[] = {
    {"serialized_exported_program.json",
     "a program of torch.export, not weights: save net.state_dict() with torch.save"},
    {"archive_format", "a program of torch.export, not weights: save net.state_dict() with torch.save"},
    {"model.weights.h5", "a model of Keras; Assay reads what torch.save and safetensors write"},
    {"[Content_Types].xml", "a document of an office program: name the file that torch.save or safetensors wrote"},
    {"data.pkl", "a zip archive whose data.pkl is not in one folder, as torch.save puts it: was it packed anew?"},
    {".safetensors", "a zip archive with a model file in it; unpack it first"},
    {".pt", "a zip archive with a model file in it; unpack it first"},
    {".pth", "a zip archive with a model file in it; unpack it first"},
    {".tar", "a zip archive with a model file in it; unpack it first"},
    {".ckpt", "a zip archive with a model file in it; unpack it first"},
    {".npy", "NumPy's .npz; load it with NumPy and save the arrays as tensors"},
    {".pkl", "a zip archive whose data.pkl is not in one folder, as torch.save puts it: was it packed anew?"},
};
/* clang-format on */

static bool is_entry(const char *name, const char *entry)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(name, '.');
    return strcmp(name, entry) == 0 || (slash != NULL && strcmp(slash + 1, entry) == 0) ||
           (dot != NULL && strcmp(dot, entry) == 0);
}

/* What a zip archive is that is no checkpoint. */
static assay_status no_checkpoint(const archive *a, zip_int64_t count, assay_error *error)
{
    const char *what = "a zip archive without data.pkl, so torch.save did not write it: name the file that torch.save "
                       "or safetensors wrote";
    size_t best = sizeof contents / sizeof *contents;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        for (size_t k = 0; k < best; k++) {
            if (is_entry(name, contents[k].entry)) {
                what = contents[k].what;
                best = k;
            }
        }
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: is %s", a->name, what);
}

/* Finds the one FOLDER/data.pkl; two entries of one name are refused, since readers differ in which one they take. */
static assay_status find_pickle(archive *a, zip_int64_t count, zip_int64_t *pickle, assay_error *error)
{
    *pickle = -1;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (zip_name_locate(a->zip, name, ZIP_FL_ENC_RAW) != i) {
            return broken(a, i, "is there twice", error);
        }
        const char *slash = strchr(name, '/');
        if (slash != NULL && strcmp(slash, "/constants.pkl") == 0) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: is a TorchScript program (torch.jit.save): save net.state_dict() with torch.save",
                              a->name);
        }
        if (slash != NULL && strcmp(slash, PICKLE) == 0) {
            if (*pickle >= 0) {
                return broken(a, i, "is a second pickle; a checkpoint has one", error);
            }
            *pickle = i;
            a->folder = name;
            a->folder_length = (size_t)(slash - name);
        }
    }
    return *pickle < 0 || a->folder_length > INT16_MAX ? no_checkpoint(a, count, error) : ASSAY_OK;
}

/*
 * PyTorch 2.1 and later write in which order the bytes of their numbers are. Before, it was that of the machine, and
 * hardly any was big-endian.
 */
static assay_status read_byte_order(const archive *a, assay_byte_order *order, assay_error *error)
{
    zip_int64_t index = -1;
    void *bytes = NULL;
    size_t size = 0;
    *order = ASSAY_LITTLE_ENDIAN;
    ASSAY_TRY(locate(a, "byteorder", &index, error));
    if (index < 0) {
        return ASSAY_OK;
    }
    ASSAY_TRY(read_entry(a, index, &bytes, &size, error));
    bool little = size == 6 && memcmp(bytes, "little", 6) == 0;
    bool big = size == 3 && memcmp(bytes, "big", 3) == 0;
    assay_free(bytes);
    *order = big ? ASSAY_BIG_ENDIAN : ASSAY_LITTLE_ENDIAN;
    return little || big ? ASSAY_OK : broken(a, index, "is neither 'little' nor 'big'", error);
}

static assay_status read_pickle(const archive *a, zip_int64_t index, assay_pickle **pickle, assay_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    size_t used = 0;
    ASSAY_TRY(read_entry(a, index, &bytes, &size, error));
    assay_status status;
    if (size > ASSAY_PICKLE_LIMIT) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: a pickle of %zu bytes is more than the %zu that are read",
                            a->name, size, ASSAY_PICKLE_LIMIT);
    } else {
        status = assay_pickle_parse(bytes, size, a->name, pickle, &used, NULL, error);
    }
    assay_free(bytes);
    return status;
}

static assay_status read_archive(archive *a, assay_state **state, assay_torch_about *about, assay_error *error)
{
    zip_int64_t count = zip_get_num_entries(a->zip, 0);
    zip_int64_t index = -1;
    assay_pickle *pickle = NULL;
    assay_byte_order order;
    ASSAY_TRY(find_pickle(a, count, &index, error));
    ASSAY_TRY(read_byte_order(a, &order, error));
    ASSAY_TRY(read_pickle(a, index, &pickle, error));
    assay_status status = assay_torch_assemble(pickle, a->name, find_storage, a, a->most_bytes, state, about, error);
    assay_state_reorder(*state, order);
    assay_pickle_destroy(pickle);
    assay_free(a->held);
    return status;
}

/* --- the end of the file --------------------------------------------------------------------------------------- */

/* clang-format off */
enum {
    END_BYTES = 22,            /* "PK\5\6", ..., without the comment behind it */
    END_SEARCHED = 65557,      /* the longest comment, and the end */
    LOCATOR_BYTES = 20,        /* "PK\6\7": where the end for large archives is */
    LARGE_END_BYTES = 56,      /* "PK\6\6" */
    MOST_DIRECTORY = 4 << 20, /* bytes of the directory */
};
/* clang-format on */

/* The size of the directory, from the end of a large archive; libzip reports what is broken there. */
static assay_status read_large_end(const assay_source *source, size_t locator_at, uint64_t *directory,
                                   assay_error *error)
{
    unsigned char locator[LOCATOR_BYTES];
    unsigned char end[LARGE_END_BYTES];
    ASSAY_TRY(assay_source_read(source, locator_at, sizeof locator, locator, error));
    uint64_t at = assay_little_endian(locator + 8, 8);
    if (memcmp(locator, "PK\6\7", 4) == 0 && source->size >= sizeof end && at <= source->size - sizeof end) {
        ASSAY_TRY(assay_source_read(source, (size_t)at, sizeof end, end, error));
        if (memcmp(end, "PK\6\6", 4) == 0 && assay_little_endian(end + 40, 8) > *directory) {
            *directory = assay_little_endian(end + 40, 8);
        }
    }
    return ASSAY_OK;
}

static assay_status judge_end(const assay_source *source, const unsigned char *tail, size_t length, assay_error *error)
{
    for (size_t at = length - END_BYTES + 1; at-- > 0;) {
        size_t in_file = source->size - length + at;
        if (memcmp(tail + at, "PK\5\6", 4) != 0) {
            continue;
        }
        uint64_t directory = assay_little_endian(tail + at + 12, 4);
        directory = directory == UINT32_MAX ? 0 : directory;
        if (in_file >= LOCATOR_BYTES) {
            ASSAY_TRY(read_large_end(source, in_file - LOCATOR_BYTES, &directory, error));
        }
        return directory <= MOST_DIRECTORY ? ASSAY_OK
                                           : assay_fail(error, ASSAY_ERROR_FORMAT,
                                                        "%s: a zip archive with a directory of %" PRIu64 " bytes; no "
                                                        "checkpoint has so many entries",
                                                        source->name, directory);
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT,
                      "%s: begins like a zip archive but its end is missing: is the download complete? (%zu bytes)",
                      source->name, source->size);
}

/* Before libzip looks at the file: whether it has an end, and how large the directory is that libzip would read. */
static assay_status check_end(const assay_source *source, assay_error *error)
{
    size_t length = source->size < END_SEARCHED ? source->size : END_SEARCHED;
    unsigned char *tail = NULL;
    if (length < END_BYTES) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: begins like a zip archive but its end is missing: is the download complete? (%zu bytes)",
                          source->name, source->size);
    }
    ASSAY_TRY(assay_source_take(source, source->size - length, length, &tail, error));
    assay_status status = judge_end(source, tail, length, error);
    assay_free(tail);
    return status;
}

/* --- the whole ------------------------------------------------------------------------------------------------- */

/* A stream of its own over the descriptor: libzip closes it. */
static zip_source_t *zip_source_of(const assay_source *source, zip_error_t *why)
{
    if (source->memory != NULL) {
        return zip_source_buffer_create(source->memory, source->size, 0, why);
    }
    int copy = dup(source->descriptor);
    FILE *stream = copy < 0 ? NULL : fdopen(copy, "rb");
    zip_source_t *made = stream == NULL ? NULL : zip_source_filep_create(stream, 0, -1, why);
    if (stream == NULL) {
        zip_error_set(why, ZIP_ER_OPEN, errno);
    }
    if (stream == NULL && copy >= 0) {
        close(copy);
    } else if (stream != NULL && made == NULL) {
        fclose(stream);
    }
    return made;
}

static zip_t *open_zip(const assay_source *source, zip_error_t *why)
{
    zip_source_t *opened = zip_source_of(source, why);
    zip_t *zip = opened == NULL ? NULL : zip_open_from_source(opened, ZIP_RDONLY, why);
    if (zip == NULL) {
        zip_source_free(opened);
    }
    return zip;
}

/* Distinguishes failures of the system from faults of the archive. */
static assay_status not_opened(const assay_source *source, zip_error_t *why, assay_error *error)
{
    int code = zip_error_code_zip(why);
    if (errno == ENOMEM || code == ZIP_ER_MEMORY) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for the zip archive", source->name);
    }
    bool read = code != ZIP_ER_OPEN && code != ZIP_ER_READ && code != ZIP_ER_SEEK;
    return read ? assay_fail(error, ASSAY_ERROR_FORMAT, "%s: a broken zip archive: %s; is the download complete?",
                             source->name, zip_error_strerror(why))
                : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", source->name, zip_error_strerror(why));
}

assay_status assay_torch_zip_load(const assay_source *source, assay_state **state, assay_torch_about *about,
                                  assay_error *error)
{
    *state = NULL;
    ASSAY_TRY(check_end(source, error));
    zip_error_t why;
    zip_error_init(&why);
    errno = 0;
    archive a = {.name = source->name, .most_bytes = assay_source_budget(source), .zip = open_zip(source, &why)};
    assay_status status;
    if (a.zip == NULL) {
        status = not_opened(source, &why, error);
    } else {
        status = read_archive(&a, state, about, error);
        zip_discard(a.zip);
    }
    zip_error_fini(&why);
    return status;
}

assay_status assay_torch_zip_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                   assay_torch_about *about, assay_error *error)
{
    const assay_source source = {.name = name, .memory = bytes, .size = size};
    return assay_torch_zip_load(&source, state, about, error);
}
