/*
 * The memory that files take: below twice the file and 64 MiB, for a file of 64 MiB of every kind that is read, and for
 * files that promise more than they have. What the program takes is measured as the system counts it (ru_maxrss).
 */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/data/idx.h>
#include "grade/npy.h"
#include "support.h"

enum { SPARE_MIB = 64, NUMBERS = 1 << 24 /* float32, 64 MiB */ };

static char *folder;

static void shell(const char *command)
{
    char *line = assay_asprintf(NULL, "cd '%s' && { %s\n}", folder, command);
    support_result result = support_shell(line);
    ck_assert_msg(result.status == 0, "%s: %s", command, result.errors);
    support_result_free(&result);
    assay_free(line);
}

static double size_mib(const char *name)
{
    struct stat about;
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    ck_assert_msg(stat(path, &about) == 0, "%s is missing", path);
    assay_free(path);
    return (double)about.st_size / (1 << 20);
}

/* The program with these arguments: its status, what it says, and its memory. */
static void measure(const char *arguments, int status, const char *says, double most_mib)
{
    struct rusage usage;
    char *command = assay_asprintf(NULL, "cd '%s' && '%s' %s", folder, support_program(), arguments);
    support_result result = support_shell(command);
    ck_assert_msg(result.status == status && strstr(result.errors, says) != NULL, "assay %s: %d: '%s' lacks '%s'",
                  arguments, result.status, result.errors, says);
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
#ifndef ASSAY_SANITIZED
    double mib = (double)usage.ru_maxrss / 1024;
    ck_assert_msg(mib < most_mib, "assay %s: %.1f MiB, at most %.1f are allowed", arguments, mib, most_mib);
#else
    (void)most_mib;
#endif
    support_result_free(&result);
    assay_free(command);
}

/* --- model files ------------------------------------------------------------------------------------------------- */

/* The numbers are zeros, and the files sparse: on disk they take next to nothing. */
#define SAFETENSORS                                                                                      \
    "printf '\\104\\0\\0\\0\\0\\0\\0\\0"                                                                 \
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[16777216],\"data_offsets\":[0,67108864]}}' >s.safetensors && " \
    "truncate -s +64M s.safetensors; "
/* What PyTorch before 1.6 wrote: four pickles, the keys, a count, the numbers. */
#define LEGACY                                                                                                 \
    "printf '\\200\\002\\212\\012l\\374\\234F\\371 j\\250P\\031.\\200\\002M\\351\\003.\\200\\002}.\\200\\002}" \
    "X\\1\\0\\0\\0actorch._utils\\n_rebuild_tensor_v2\\n((X\\7\\0\\0\\0storagectorch\\nFloatStorage\\n"        \
    "X\\1\\0\\0\\0000X\\3\\0\\0\\0cpuJ\\0\\0\\0\\1tQK\\0J\\0\\0\\0\\1\\205K\\1\\205\\211ccollections\\n"       \
    "OrderedDict\\n)RtRs.\\200\\002]X\\1\\0\\0\\0000a.\\0\\0\\0\\1\\0\\0\\0\\0' >l.pt && truncate -s +64M l.pt; "

/* clang-format off */
static const struct {
    const char *make;
    const char *file; /* whose size bounds the memory */
    const char *arguments;
    int status;
    const char *says;
} rows[] = {
    {SAFETENSORS, "s.safetensors", "evaluate --list s.safetensors", 0, ""},
    {SAFETENSORS, "s.safetensors", "evaluate s.safetensors", 1, "holds no network"},
    {SAFETENSORS, "s.safetensors", "convert s.safetensors s.pt", 0, ""},
    {SAFETENSORS, "s.safetensors", "convert s.safetensors s2.safetensors", 0, ""},
    {SAFETENSORS "\"$ASSAY_BUILD/tests/assay\" convert s.safetensors z.pt", "z.pt", "evaluate --list z.pt", 0, ""},
    {SAFETENSORS "\"$ASSAY_BUILD/tests/assay\" convert s.safetensors z.pt", "z.pt", "convert z.pt z.safetensors", 0,
     ""},
    {LEGACY, "l.pt", "evaluate --list l.pt", 0, ""},
    {LEGACY, "l.pt", "convert l.pt l.safetensors", 0, ""},
    {LEGACY, "l.pt", "convert l.pt l2.pt", 0, ""},
    /* A zip bomb: the entry is a thousand times as large as the file. */
    {"mkdir -p a/data && printf '\\200\\002}X\\1\\0\\0\\0actorch._utils\\n_rebuild_tensor_v2\\n((X\\7\\0\\0\\0storage"
     "ctorch\\nFloatStorage\\nX\\1\\0\\0\\0000X\\3\\0\\0\\0cpuJ\\0\\0\\0\\4tQK\\0J\\0\\0\\0\\4\\205K\\1\\205\\211"
     "ccollections\\nOrderedDict\\n)RtRs.' >a/data.pkl && truncate -s 256M a/data/0 && rm -f bomb.pt && "
     "python3 -c \"import zipfile\n"
     "with zipfile.ZipFile('bomb.pt', 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as z:\n"
     "    z.write('a/data.pkl'); z.write('a/data/0')\"", "bomb.pt",
     "evaluate --list bomb.pt", 1, "far larger than the file"},
    {"", "bomb.pt", "convert bomb.pt bomb.safetensors", 1, "far larger than the file"},
    /* A pickle of 64 MiB of small objects, and of one list in lists. */
    {"head -c 67108864 /dev/zero | tr '\\0' ']' >p.pickle && "
     "printf '\\200\\002' | dd of=p.pickle conv=notrunc status=none",
     "p.pickle", "evaluate p.pickle", 1, "p.pickle: "},
    {"head -c 67108864 /dev/zero | tr '\\0' '(' >m.pickle && "
     "printf '\\200\\002' | dd of=m.pickle conv=notrunc status=none",
     "m.pickle", "evaluate m.pickle", 1, "m.pickle: "},
    {"printf '\\200\\002(' >i.pickle && head -c 67108864 /dev/zero | tr '\\0' 'N' >>i.pickle && printf 't.' >>i.pickle",
     "i.pickle", "evaluate i.pickle", 1, "i.pickle: "},
    /* A configuration of 1 GiB, and text. */
    {SAFETENSORS "mv s.safetensors c.safetensors; printf '{' >c.config; truncate -s 1G c.config", "c.safetensors",
     "convert c.safetensors c.pt", 0, ""},
    {"yes 'text of any kind' | head -c 67108864 >t.pt", "t.pt", "evaluate t.pt", 1, "neither a checkpoint"},
    {"gzip -1 -c t.pt >t.pt.gz", "t.pt.gz", "evaluate t.pt.gz", 1, "is compressed by gzip"},
    /* Heads that promise more: a header of 100 MB, a storage of 2^40 numbers, an end that lists 65,535 entries. */
    {"printf '\\0\\341\\365\\5\\0\\0\\0\\0{\"a\":1}' >h.safetensors && truncate -s 1G h.safetensors", "bomb.pt",
     "evaluate --list h.safetensors", 1, "more than the 2097152"},
    {LEGACY "printf '\\0\\0\\0\\0\\0\\1\\0\\0' | "
     "dd of=l.pt bs=1 seek=$(($(stat -c %s l.pt) - 67108872)) conv=notrunc status=none",
     "l.pt", "evaluate --list l.pt", 1, "is the download complete?"},
    {"printf 'PK\\003\\004' >e.pt && truncate -s 1G e.pt && "
     "printf 'PK\\005\\006\\0\\0\\0\\0\\377\\377\\377\\377\\377\\377\\377\\77\\0\\0\\0\\0\\0\\0' >>e.pt", "bomb.pt",
     "evaluate --list e.pt", 1, "e.pt: "},
};
/* clang-format on */

START_TEST(model_files_take_twice_their_size)
{
    shell(*rows[_i].make != '\0' ? rows[_i].make : ":");
    double most = 2 * size_mib(rows[_i].file) + (double)SPARE_MIB;
    measure(rows[_i].arguments, rows[_i].status, rows[_i].says, most);
}
END_TEST

/* --- data files -------------------------------------------------------------------------------------------------- */

static double peak_mib(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_maxrss / 1024;
}

static void check_peak(const char *what, double before, double most)
{
#ifndef ASSAY_SANITIZED
    ck_assert_msg(peak_mib() - before < most, "%s: %.1f MiB more than the %.1f before; at most %.1f are allowed", what,
                  peak_mib() - before, before, most);
#else
    (void)what;
    (void)before;
    (void)most;
#endif
}

/* 85,598 images are 64 MiB. Of gzip, `most` bounds the memory beside the content. */
static const struct {
    const char *make;
    const char *file;
    double most;
    const char *says; /* NULL: read */
} data[] = {
    {"printf '\\0\\0\\010\\003\\0\\001\\116\\136\\0\\0\\0\\034\\0\\0\\0\\034' >images && truncate -s +67108832 images",
     "images", 64 + 1, NULL},
    {"{ printf '\\0\\0\\010\\003\\0\\001\\116\\136\\0\\0\\0\\034\\0\\0\\0\\034'; head -c 67108832 /dev/zero; } | "
     "gzip -1 >images.gz",
     "images.gz", 64 + 1, NULL},
    {"{ printf '\\0\\0\\010\\003\\0\\0\\0\\001\\0\\0\\0\\034\\0\\0\\0\\034'; head -c 268435456 /dev/zero; } | gzip -1 "
     ">bomb.gz",
     "bomb.gz", 1, "goes on after the 800 bytes"},
    {"printf '\\0\\0\\010\\003\\0\\020\\0\\0\\0\\0\\0\\034\\0\\0\\0\\034' >less && truncate -s +64M less", "less", 1,
     "truncated"},
    {"{ printf '\\0\\0\\010\\003\\0\\020\\0\\0\\0\\0\\0\\034\\0\\0\\0\\034'; head -c 1000 /dev/zero; } | gzip >less.gz",
     "less.gz", 1, "truncated"},
};

START_TEST(data_files_take_their_content)
{
    static const uint32_t item[] = {28, 28};
    const assay_idx_form form = {.dimensions = 3, .item_shape = item};
    char *path = assay_asprintf(NULL, "%s/%s", folder, data[_i].file);
    uint8_t *bytes = NULL;
    size_t count = 0;
    assay_error error = {0};
    shell(data[_i].make);
    double before = peak_mib();
    assay_status status = assay_idx_read(path, &form, &count, &bytes, &error);
    if (data[_i].says == NULL) {
        support_assert_ok(status, &error);
        ck_assert_uint_eq(count, 85598);
    } else {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, data[_i].says);
    }
    check_peak(data[_i].file, before, data[_i].most);
    assay_free(bytes);
    assay_free(path);
}
END_TEST

/* What a submission leaves: an array of 64 MiB, a sparse file of 1 GiB, a header that promises 4 GiB. */
static const char *const arrays[] = {
    "printf '\\223NUMPY\\001\\0\\166\\0{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (16777216,), "
    "}%64s\\n' ' ' >x.npy "
    "&& truncate -s +64M x.npy",
    "truncate -s 1G x.npy",
    "printf '\\223NUMPY\\002\\0\\377\\377\\377\\377{' >x.npy && truncate -s 8M x.npy",
};

START_TEST(arrays_of_any_size_are_refused)
{
    double values[3] = {0};
    grade_field field = {.name = "y", .rank = 1, .shape = {3}, .count = 3, .values = values};
    assay_error error = {0};
    shell(arrays[_i]);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    double before = peak_mib();
    assay_status status = assay_npy_read(descriptor, "x.npy", &field, &error);
    support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "x.npy: ");
    check_peak("x.npy", before, 16);
    close(descriptor);
}
END_TEST

int main(void)
{
    char made[] = "/tmp/assay-test-memory-XXXXXX";
    folder = mkdtemp(made);
    if (folder == NULL) {
        perror(made);
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("memory for files");
    TCase *files = evidence_case("files", "errors: program/evaluate, program/convert, model/model, data/idx_read, "
                                          "grade/npy");
    tcase_set_timeout(files, 60);
    tcase_add_loop_test(files, model_files_take_twice_their_size, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(files, data_files_take_their_content, 0, sizeof data / sizeof *data);
    tcase_add_loop_test(files, arrays_of_any_size_are_refused, 0, sizeof arrays / sizeof *arrays);
    suite_add_tcase(suite, files);
    int status = support_run(suite);
    char *command = assay_asprintf(NULL, "rm -rf '%s'", folder);
    int removed = system(command);
    assay_free(command);
    return removed == 0 ? status : EXIT_FAILURE;
}
