#define _GNU_SOURCE
#include "config.h"

#include "grade_book.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/folder.h"
#include "grade/text.h"

static const char csv_header[] = "submission,points,possible,seed,seconds,mistakes,not_run,remark,options\n";

enum { CSV_LIMIT = 64 << 20 };
enum { NAME, POINTS, POSSIBLE, SEED, SECONDS, MISTAKES, NOT_RUN, REMARK, OPTIONS, COLUMNS };

static const char refused[] = "refused: ";
static const char not_compiled[] = "does not compile: ";
static const char suspicion[] = "suspicion: ";

struct grade_book {
    char *path;
    char *options; /* what marks depend on, in words: the last column */
    const grade_catalogue *catalogue;
    int descriptor;
};

/* --- options ------------------------------------------------------------------------------------------------------ */

static void write_words(FILE *stream, const char *before, const char *const *words)
{
    for (const char *const *word = words; word != NULL && *word != NULL; word++) {
        fprintf(stream, "%s%s", word == words ? before : " ", *word);
    }
}

/* Everything that marks depend on. */
static assay_status options_text(const grade_options *options, char **text, assay_error *error)
{
    char *written = NULL;
    size_t size = 0;
    uint64_t rubric;
    const grade_limits *limits = &options->limits;
    ASSAY_TRY(assay_grade_rubric_digest(options->rubric, &rubric, error));
    FILE *stream = open_memstream(&written, &size);
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the options");
    }
    fprintf(stream, "assay %s, time %g, start-time %g, total-time %g, memory %zu, processes %zu", PACKAGE_VERSION,
            limits->case_seconds, limits->start_seconds, limits->total_seconds, limits->memory_bytes >> 20,
            limits->processes);
    write_words(stream, ", only ", (const char *const *)options->only);
    if (options->rubric != NULL) {
        fprintf(stream, ", rubric %016llx", (unsigned long long)rubric);
    }
    write_words(stream, ", bind ", options->binds);
    write_words(stream, ", map ", (const char *const[]){options->map, NULL});
    fputs(options->npy ? ", npy" : "", stream);
    fputs(options->unsandboxed ? ", unsandboxed" : "", stream);
    write_words(stream, ", command ", options->command);
    bool failed = fclose(stream) != 0;
    *text = failed ? NULL : assay_calloc(size + 1, 1, error);
    if (*text != NULL) {
        assay_grade_text_clean(written, size, *text, size + 1);
    }
    free(written);
    return *text == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the options") : ASSAY_OK;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Splits a line in place. A field may be in quotes, in which a quote is doubled. False for another number of fields. */
static bool split_row(char *line, char *fields[COLUMNS])
{
    size_t count = 0;
    char *from = line;
    for (;;) {
        bool quoted = *from == '"';
        char *to = from;
        if (count == COLUMNS) {
            return false;
        }
        fields[count++] = to;
        from += quoted;
        while (*from != '\0' && (quoted ? *from != '"' || from[1] == '"' : *from != ',')) {
            from += quoted && *from == '"';
            *to++ = *from++;
        }
        if (quoted && *from++ != '"') {
            return false;
        }
        char end = *from;
        *to = '\0';
        if (end == '\0') {
            return count == COLUMNS;
        }
        if (end != ',') {
            return false;
        }
        from++;
    }
}

static bool read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0';
}

typedef struct {
    grade_options *options;
    const char *path;
    const char *options_text;
    void (*take)(void *context, grade_book_row *row);
    void *context;
    FILE *kept; /* the file without the rows that are dropped */
} reader;

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Rows of submissions that are graded again. */
static bool is_dropped(const reader *reading, char *const *fields, const char *name)
{
    return strcmp(fields[NOT_RUN], "0") != 0 || begins(fields[REMARK], refused) ||
           begins(fields[REMARK], not_compiled) ||
           (begins(fields[REMARK], suspicion) && assay_grade_rubric_clears(reading->options->rubric, name));
}

static assay_status not_ours(const reader *reading, size_t number, assay_error *error)
{
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s, line %zu: not written by --class; choose another --csv",
                      reading->path, number);
}

/* A seed and options of other rows than ours would make marks that cannot be compared. */
static assay_status check_mixture(const reader *reading, char *const *fields, uint64_t seed, assay_error *error)
{
    grade_options *options = reading->options;
    if (options->has_seed && seed != options->seed) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: graded with seed %llu; give --seed %llu to go on, or choose another --csv",
                          reading->path, (unsigned long long)seed, (unsigned long long)seed);
    }
    if (strcmp(fields[OPTIONS], reading->options_text) != 0) {
        return assay_fail(
            error, ASSAY_ERROR_ARGUMENT,
            "%s: graded with other options (%.150s); give the same to go on, or choose another --csv; now "
            "they are: %.150s",
            reading->path, fields[OPTIONS], reading->options_text);
    }
    options->seed = seed;
    options->has_seed = true;
    return ASSAY_OK;
}

static assay_status read_row(const reader *reading, char *line, size_t number, assay_error *error)
{
    char *fields[COLUMNS];
    grade_book_row row = {.kept = true};
    double seed;
    char *copy = assay_strdup(line, error);
    if (copy == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    bool ours = split_row(copy, fields) && read_number(fields[POINTS], &row.earned) &&
                read_number(fields[POSSIBLE], &row.possible) && read_number(fields[SEED], &seed) && seed >= 0.0 &&
                seed <= 0x1p53;
    assay_status status = ours ? ASSAY_OK : not_ours(reading, number, error);
    row.name = ours ? fields[NAME] + (fields[NAME][0] == '\'') : NULL;
    if (ours && !is_dropped(reading, fields, row.name)) {
        status = check_mixture(reading, fields, (uint64_t)seed, error);
        if (status == ASSAY_OK) {
            reading->take(reading->context, &row);
        }
        if (status == ASSAY_OK && row.kept) {
            fprintf(reading->kept, "%s\n", line);
        }
    }
    assay_free(copy);
    return status;
}

/* A last line without its end was being written when an earlier start ended, and so was a part of the first line. */
static assay_status read_rows(const reader *reading, char *text, size_t size, assay_error *error)
{
    size_t number = 0;
    if (strlen(text) != size) {
        return not_ours(reading, 1, error);
    }
    if (strchr(text, '\n') == NULL) {
        return begins(csv_header, text) ? ASSAY_OK : not_ours(reading, 1, error);
    }
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (number++ == 0) {
            if (strlen(csv_header) != strlen(line) + 1 || !begins(csv_header, line)) {
                return not_ours(reading, 1, error);
            }
            continue;
        }
        ASSAY_TRY(read_row(reading, line, number, error));
    }
    return ASSAY_OK;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static assay_status cannot_write(const char *path, assay_error *error)
{
    return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", path,
                      errno == ELOOP ? "it is a link; give --csv the file itself" : strerror(errno));
}

/* A lock of this process: others can see its number, and the kernel removes the lock when the process ends. */
static assay_status lock(int descriptor, const char *path, assay_error *error)
{
    struct flock wanted = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_SETLK, &wanted) == 0) {
        return ASSAY_OK;
    }
    if (errno != EACCES && errno != EAGAIN) {
        return cannot_write(path, error);
    }
    if (fcntl(descriptor, F_GETLK, &wanted) != 0 || wanted.l_type == F_UNLCK) {
        wanted.l_pid = 0;
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: process %ld is grading into it; wait until it has ended", path,
                      (long)wanted.l_pid);
}

/* Opens and locks. Another grader may replace the file between the two: then the new one is opened. */
static assay_status open_locked(const char *path, int *descriptor, assay_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        struct stat here;
        struct stat there;
        *descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
        if (*descriptor < 0) {
            return cannot_write(path, error);
        }
        assay_status status = fstat(*descriptor, &here) != 0 ? cannot_write(path, error)
                              : !S_ISREG(here.st_mode)
                                  ? assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: not a regular file", path)
                                  : lock(*descriptor, path, error);
        if (status == ASSAY_OK && lstat(path, &there) == 0 && there.st_ino == here.st_ino &&
            there.st_dev == here.st_dev) {
            return ASSAY_OK;
        }
        close(*descriptor);
        *descriptor = -1;
        ASSAY_TRY(status);
    }
    return assay_fail(error, ASSAY_ERROR_IO, "%s: replaced again and again while it was opened", path);
}

static bool write_whole(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return fdatasync(descriptor) == 0;
}

/* Puts a new file in the book's place, locked before it is there. */
static assay_status replace(grade_book *book, const char *bytes, size_t size, assay_error *error)
{
    char *temporary = assay_asprintf(error, "%s.%ld.tmp", book->path, (long)getpid());
    if (temporary == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    int made = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    assay_status status = made < 0 ? cannot_write(temporary, error) : lock(made, temporary, error);
    if (status == ASSAY_OK && (!write_whole(made, bytes, size) || rename(temporary, book->path) != 0)) {
        status = cannot_write(book->path, error);
    }
    if (status == ASSAY_OK) {
        close(book->descriptor);
        book->descriptor = made;
    } else if (made >= 0) {
        unlink(temporary);
        close(made);
    }
    assay_free(temporary);
    return status;
}

static assay_status take_over(grade_book *book, const reader *like, assay_error *error)
{
    char *text = NULL;
    char *kept = NULL;
    size_t size;
    size_t kept_size = 0;
    reader reading = *like;
    ASSAY_TRY(assay_grade_descriptor_read(book->descriptor, book->path, CSV_LIMIT, &text, &size, error));
    reading.kept = open_memstream(&kept, &kept_size);
    char *changed = assay_calloc(size + 1, 1, error);
    assay_status status = reading.kept == NULL || changed == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK) {
        memcpy(changed, text, size);
        fputs(csv_header, reading.kept);
        status = read_rows(&reading, changed, size, error);
    }
    if (reading.kept != NULL && fclose(reading.kept) != 0 && status == ASSAY_OK) {
        status = assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory", book->path);
    }
    if (status == ASSAY_OK && (kept_size != size || memcmp(kept, text, size) != 0)) {
        status = replace(book, kept, kept_size, error);
    }
    free(kept);
    assay_free(changed);
    assay_free(text);
    return status;
}

assay_status grade_book_open(const char *path, grade_options *options, void (*take)(void *context, grade_book_row *row),
                             void *context, grade_book **book, assay_error *error)
{
    *book = NULL;
    grade_book *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->descriptor = -1;
    made->catalogue = options->catalogue;
    made->path = assay_strdup(path, error);
    assay_status status = made->path == NULL ? ASSAY_ERROR_MEMORY : options_text(options, &made->options, error);
    if (status == ASSAY_OK) {
        status = open_locked(path, &made->descriptor, error);
    }
    if (status == ASSAY_OK) {
        const reader reading = {
            .options = options, .path = path, .options_text = made->options, .take = take, .context = context};
        status = take_over(made, &reading, error);
    }
    if (status != ASSAY_OK) {
        grade_book_close(made);
        return status;
    }
    *book = made;
    return ASSAY_OK;
}

void grade_book_close(grade_book *book)
{
    if (book != NULL) {
        if (book->descriptor >= 0) {
            close(book->descriptor);
        }
        assay_free(book->path);
        assay_free(book->options);
        assay_free(book);
    }
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_remark(FILE *stream, const grade_target *submission, const grade_battery *battery)
{
    char remark[GRADE_TEXT_LENGTH + 100] = "";
    const grade_answer *first = &battery->parts[0].answers[0];
    size_t not_run = assay_grade_battery_not_run(battery);
    if (first->verdict == GRADE_UNUSABLE) {
        snprintf(remark, sizeof remark, "%s%s", refused, first->detail);
    } else if (first->verdict == GRADE_NOT_COMPILED) {
        snprintf(remark, sizeof remark, "%s%s", not_compiled, first->detail);
    } else if (not_run > 0) {
        snprintf(remark, sizeof remark, "NOT RUN: %zu case%s; to be graded again", not_run, not_run == 1 ? "" : "s");
    } else if (battery->suspicion[0] != '\0') {
        snprintf(remark, sizeof remark, "%s%s", battery->cleared ? "cleared suspicion: " : suspicion,
                 battery->suspicion);
    } else if (submission->note != NULL) {
        snprintf(remark, sizeof remark, "%s", submission->note);
    }
    assay_grade_text_cell(stream, remark);
}

static assay_status row_text(const grade_book *book, const grade_target *submission, const grade_battery *battery,
                             grade_score score, char **text, size_t *size, assay_error *error)
{
    char *mistakes;
    const grade_report report = {battery, book->catalogue, submission->name, "", score, false};
    ASSAY_TRY(assay_grade_report_summary(&report, "; ", &mistakes, error));
    FILE *stream = open_memstream(text, size);
    if (stream != NULL) {
        assay_grade_text_cell(stream, submission->name);
        fprintf(stream, ",%.10g,%.10g,%llu,%.2f,", score.earned, score.possible, (unsigned long long)battery->seed,
                battery->seconds);
        assay_grade_text_cell(stream, mistakes);
        fprintf(stream, ",%zu,", assay_grade_battery_not_run(battery));
        write_remark(stream, submission, battery);
        fputc(',', stream);
        assay_grade_text_cell(stream, book->options);
        fputc('\n', stream);
    }
    assay_free(mistakes);
    return stream == NULL || fclose(stream) != 0 ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a row")
                                                 : ASSAY_OK;
}

assay_status grade_book_append(grade_book *book, const grade_target *submission, const grade_battery *battery,
                               grade_score score, assay_error *error)
{
    char *text = NULL;
    size_t size = 0;
    struct stat before;
    assay_status status = row_text(book, submission, battery, score, &text, &size, error);
    if (status == ASSAY_OK && (fstat(book->descriptor, &before) != 0 || !write_whole(book->descriptor, text, size))) {
        status = cannot_write(book->path, error);
        (void)!ftruncate(book->descriptor, before.st_size); /* no half of a row; a second start would drop it, too */
    }
    free(text);
    return status;
}
