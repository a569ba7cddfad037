#include <assay/model/torch_zip.h>

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <zip.h>

#include <assay/base/alloc.h>
#include <assay/model/torch_state.h>

enum { EXPANSION = 16, SMALL_FILE = 1 << 16 };

static const char PICKLE[] = "/data.pkl";

typedef struct {
    void *bytes;
    size_t size;
} entry;

typedef struct {
    zip_t *zip;
    const char *name;    /* of the file */
    entry *entries;      /* those that were read, by their index in the archive */
    size_t bytes_left;   /* for entries that are not read yet */
    const char *folder;  /* of the archive: what stands before the first '/', not ended by a zero */
    size_t folder_length;
} archive;

bool assay_torch_zip_recognised(const void *bytes, size_t size)
{
    return size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

/* --- entries --------------------------------------------------------------------------------------------------- */

/* What is wrong with an entry. libzip does not always tell that memory was out; malloc does. */
static assay_status broken(const archive *a, zip_int64_t index, const char *why, assay_error *error)
{
    if (errno == ENOMEM) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for the zip archive", a->name);
    }
    const char *entry_name = zip_get_name(a->zip, (zip_uint64_t)index, ZIP_FL_ENC_RAW);
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: '%.100s' in this zip archive: %s", a->name,
                      entry_name == NULL ? "?" : entry_name, why);
}

static assay_status check_entry(const archive *a, zip_int64_t index, size_t *size, assay_error *error)
{
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    zip_stat_t about;
    int failed = zip_stat_index(a->zip, (zip_uint64_t)index, 0, &about);
    if (failed != 0 || (about.valid & wanted) != wanted) { /* LCOV_EXCL_BR_LINE: libzip knows them of all that it lists */
        return broken(a, index, "its size is not to be found", error); /* LCOV_EXCL_LINE: as above */
    }
    if (about.encryption_method != ZIP_EM_NONE ||
        (about.comp_method != ZIP_CM_STORE && about.comp_method != ZIP_CM_DEFLATE)) {
        return broken(a, index, "is encrypted or compressed in a way that PyTorch does not use", error);
    }
    if (about.size > a->bytes_left) {
        return broken(a, index, "is far larger than the file itself once it is unpacked", error);
    }
    *size = (size_t)about.size;
    return ASSAY_OK;
}

/* Reads all of an open entry; the read behind its end is what makes libzip compare the checksum. */
static assay_status unpack(const archive *a, zip_int64_t index, zip_file_t *file, const entry *into, assay_error *error)
{
    char more;
    zip_int64_t got = zip_fread(file, into->bytes, into->size);
    if (got < 0 || (size_t)got != into->size) {
        return broken(a, index, got < 0 ? zip_file_strerror(file) : "is cut off", error);
    }
    zip_int64_t rest = zip_fread(file, &more, 1);
    return rest == 0 ? ASSAY_OK
                     : broken(a, index, rest < 0 ? zip_file_strerror(file) : "is longer than it says", error);
}

static assay_status read_entry(archive *a, zip_int64_t index, const entry **found, assay_error *error)
{
    entry *one = &a->entries[index];
    if (one->bytes == NULL) {
        size_t size = 0;
        ASSAY_TRY(check_entry(a, index, &size, error));
        zip_file_t *file = zip_fopen_index(a->zip, (zip_uint64_t)index, 0);
        if (file == NULL) {
            return broken(a, index, zip_strerror(a->zip), error);
        }
        *one = (entry){assay_calloc(size, 1, error), size};
        a->bytes_left -= size;
        assay_status status = one->bytes == NULL ? ASSAY_ERROR_MEMORY : unpack(a, index, file, one, error);
        zip_fclose(file);
        ASSAY_TRY(status);
    }
    *found = one;
    return ASSAY_OK;
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
    const entry *found = NULL;
    char *name = assay_asprintf(error, "data/%s", key);
    if (name == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = locate(a, name, &index, error);
    assay_free(name);
    ASSAY_TRY(status);
    if (index < 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the storage 'data/%.100s' is missing in this zip archive", a->name,
                          key);
    }
    ASSAY_TRY(read_entry(a, index, &found, error));
    *bytes = found->bytes;
    *size = found->size;
    return ASSAY_OK;
}

/* --- the archive ----------------------------------------------------------------------------------------------- */

/* Finds the one FOLDER/data.pkl; two entries of one name are refused, since readers differ in which one they take. */
static assay_status find_pickle(archive *a, zip_int64_t count, zip_int64_t *pickle, assay_error *error)
{
    *pickle = -1;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (name == NULL || zip_name_locate(a->zip, name, ZIP_FL_ENC_RAW) != i) {
            return broken(a, i, "stands there twice, or has no name", error);
        }
        const char *slash = strchr(name, '/');
        if (slash != NULL && strcmp(slash, PICKLE) == 0) {
            if (*pickle >= 0) {
                return broken(a, i, "is a second pickle; a checkpoint has one", error);
            }
            *pickle = i;
            a->folder = name;
            a->folder_length = (size_t)(slash - name);
        }
    }
    if (*pickle < 0 || a->folder_length > INT16_MAX) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: a zip archive without data.pkl: not a checkpoint of PyTorch",
                          a->name);
    }
    return ASSAY_OK;
}

/* PyTorch 2.1 and later say in which order the bytes of their numbers stand; before, it was that of the machine. */
static assay_status check_byte_order(archive *a, assay_error *error)
{
    zip_int64_t index = -1;
    const entry *found = NULL;
    ASSAY_TRY(locate(a, "byteorder", &index, error));
    if (index < 0) {
        return ASSAY_OK;
    }
    ASSAY_TRY(read_entry(a, index, &found, error));
    return found->size == 6 && memcmp(found->bytes, "little", 6) == 0
               ? ASSAY_OK
               : broken(a, index, "is not 'little': big-endian checkpoints are not read", error);
}

static assay_status read_archive(archive *a, size_t most_bytes, assay_state **state, assay_error *error)
{
    zip_int64_t count = zip_get_num_entries(a->zip, 0);
    zip_int64_t pickle = -1;
    const entry *found = NULL;
    a->entries = assay_calloc((size_t)count, sizeof *a->entries, error);
    if (a->entries == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = find_pickle(a, count, &pickle, error);
    if (status == ASSAY_OK) {
        status = check_byte_order(a, error);
    }
    if (status == ASSAY_OK) {
        status = read_entry(a, pickle, &found, error);
    }
    if (status == ASSAY_OK) {
        status = assay_torch_state(found->bytes, found->size, a->name, find_storage, a, most_bytes, state, error);
    }
    for (zip_int64_t i = 0; i < count; i++) {
        assay_free(a->entries[i].bytes);
    }
    assay_free(a->entries);
    return status;
}

static zip_t *open_zip(const void *bytes, size_t size, zip_error_t *why)
{
    zip_source_t *source = zip_source_buffer_create(bytes, size, 0, why);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, why);
    if (zip == NULL) {
        zip_source_free(source);
    }
    return zip;
}

assay_status assay_torch_zip_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                   assay_error *error)
{
    *state = NULL;
    size_t most_bytes = size > SIZE_MAX / (2 * EXPANSION) ? SIZE_MAX / 2 : EXPANSION * size + SMALL_FILE;
    zip_error_t why;
    zip_error_init(&why);
    errno = 0;
    archive a = {.name = name, .bytes_left = most_bytes, .zip = open_zip(bytes, size, &why)};
    assay_status status;
    if (a.zip == NULL) {
        bool memory = errno == ENOMEM;
        status = assay_fail(error, memory ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_FORMAT, "%s: a broken zip archive: %s", name,
                            memory ? "out of memory" : zip_error_strerror(&why));
    } else {
        status = read_archive(&a, most_bytes, state, error);
        zip_discard(a.zip);
    }
    zip_error_fini(&why);
    return status;
}
