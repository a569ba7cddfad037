/*
 * Runs a fuzz target without libFuzzer: over its corpus, then over mutations of it, the same ones each time.
 * Usage: TARGET [FIRST COUNT]: mutations FIRST .. FIRST + COUNT - 1 (default 0 10000). After a crash, the last line on
 * standard error says which mutation it was; TARGET THAT 1 runs it alone, and writes it to the file crash-THAT.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "fuzz.h"
#include <assay/random/mt19937.h>

enum { CORPUS_MAX = 256, INPUT_LIMIT = 1 << 20, MUTATIONS = 10000, LONGEST_INSERT = 16 };

typedef struct {
    char *bytes;
    size_t size;
} input;

typedef struct {
    input inputs[CORPUS_MAX];
    size_t count;
} corpus;

static char current[64] = "the corpus\n";

static void say_where(int signal_number)
{
    ssize_t ignored = write(STDERR_FILENO, current, strlen(current));
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void fail(const char *what)
{
    fprintf(stderr, "fuzz driver: %s\n", what);
    exit(EXIT_FAILURE);
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Sorted by name, so that a mutation's number means the same everywhere. */
static void read_corpus(const char *folder, corpus *read)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, visible, alphasort);
    if (count < 1 || count > CORPUS_MAX) {
        fail("the corpus is missing, empty or too large; set ASSAY_SOURCE to the root of the source");
    }
    for (int i = 0; i < count; i++) {
        assay_error error;
        char *path = assay_asprintf(NULL, "%s/%s", folder, names[i]->d_name);
        input *one = &read->inputs[read->count++];
        if (assay_file_read(path, INPUT_LIMIT, &one->bytes, &one->size, &error) != ASSAY_OK) {
            fail(error.message);
        }
        assay_free(path);
        free(names[i]);
    }
    free(names);
}

/* A copy of exactly the input's size, so that a sanitizer or valgrind sees a read past its end. */
static void run_one(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        fail("out of memory");
    }
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static uint32_t below(assay_mt19937 *random, size_t limit)
{
    return limit == 0 ? 0 : (uint32_t)(assay_mt19937_random32(random) % limit);
}

/* Puts `count` bytes at `place`, over `replaced` bytes that were there. The buffer has room. */
static size_t splice(uint8_t *bytes, size_t size, size_t place, size_t replaced, const uint8_t *put, size_t count)
{
    memmove(bytes + place + count, bytes + place + replaced, size - place - replaced);
    memcpy(bytes + place, put, count);
    return size - replaced + count;
}

/* One small change: a bit, a byte, a number of 4 or 8 bytes at the edge of its range, or a piece left out or doubled. */
static size_t mutate(assay_mt19937 *random, uint8_t *bytes, size_t size)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x7fff,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x7fffffffffffffff,
                                     0xffffffffffffffff};
    size_t place = below(random, size);
    size_t left = size - place;
    size_t length = 1 + below(random, LONGEST_INSERT);
    uint64_t edge = edges[below(random, sizeof edges / sizeof *edges)];
    uint8_t piece[LONGEST_INSERT];
    length = length < left ? length : left;
    memcpy(piece, bytes + place, length);
    switch (below(random, 8)) {
    case 0: bytes[place] ^= (uint8_t)(1U << below(random, 8)); return size;
    case 1: bytes[place] = (uint8_t)below(random, 256); return size;
    case 2: memcpy(bytes + place, &edge, left < 4 ? left : 4); return size;
    case 3: memcpy(bytes + place, &edge, left < 8 ? left : 8); return size;
    case 4: return splice(bytes, size, place, length, piece, 0);
    case 5: return splice(bytes, size, place, 0, piece, length);
    case 6: return splice(bytes, size, below(random, size), 0, piece, length);
    default: return below(random, 4) == 0 ? place : size;
    }
}

static void write_file(unsigned number, const uint8_t *bytes, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "crash-%u", number);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL || fwrite(bytes, 1, size, stream) != size || fclose(stream) != 0) {
        fail("the mutation could not be written");
    }
}

static void run_mutation(const corpus *read, unsigned number, int keep)
{
    assay_mt19937 random;
    assay_mt19937_seed(&random, number);
    const input *base = &read->inputs[below(&random, read->count)];
    unsigned changes = 1 + below(&random, 4);
    uint8_t *bytes = malloc(base->size + (size_t)changes * LONGEST_INSERT + 8);
    size_t size = base->size;
    if (bytes == NULL) {
        fail("out of memory");
    }
    memcpy(bytes, base->bytes, size);
    for (unsigned i = 0; i < changes && size > 0; i++) {
        size = mutate(&random, bytes, size);
    }
    snprintf(current, sizeof current, "it was mutation %u\n", number);
    if (keep) {
        write_file(number, bytes, size);
    }
    run_one(bytes, size);
    free(bytes);
}

int main(int argc, char **argv)
{
    const char *source = getenv("ASSAY_SOURCE");
    char *folder = assay_asprintf(NULL, "%s/tests/fuzz/corpus/%s", source == NULL ? "." : source, FUZZ_NAME);
    unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : MUTATIONS;
    static corpus read;
    signal(SIGSEGV, say_where);
    signal(SIGABRT, say_where);
    signal(SIGFPE, say_where);
    read_corpus(folder, &read);
    for (size_t i = 0; i < read.count; i++) {
        run_one((const uint8_t *)read.inputs[i].bytes, read.inputs[i].size);
    }
    for (unsigned i = 0; i < count; i++) {
        run_mutation(&read, first + i, count == 1);
    }
    printf("%s: %zu inputs and %u mutations\n", FUZZ_NAME, read.count, count);
    for (size_t i = 0; i < read.count; i++) {
        assay_free(read.inputs[i].bytes);
    }
    assay_free(folder);
    return EXIT_SUCCESS;
}
