#define _GNU_SOURCE
#include "grade/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/marker.h"
#include "grade/processes.h"
#include "grade/text.h"

/* clang-format off */
enum {
    MAX_FILES = 5000,
    MAX_DEPTH = 16,
    MAX_OBJECTS = 4096,      /* files that were looked at, and are known */
    MAX_SEEN = 4096,         /* processes */
    ENOUGH_SYMBOLS = 3,      /* functions called assay_...: fewer may have that name by chance */
    CHUNK = 1 << 16
};
/* clang-format on */
static const long long folder_limit = 256LL << 20; /* bytes of files that are read in a folder */
static const long long memory_limit = 64LL << 20;  /* bytes of memory that are read in one look */
static const long long object_limit = 1LL << 30;   /* a longer shared object is not looked at */

typedef struct {
    unsigned long long device;
    unsigned long long inode;
} object_key;

typedef struct {
    pid_t pid;
    unsigned long long started;
    unsigned long long size; /* of its memory, when it was last looked at */
} process_key;

struct grade_evidence {
    char text[256];
    object_key objects[MAX_OBJECTS];
    size_t object_count;
    process_key seen[MAX_SEEN];
    size_t seen_count;
    unsigned char chunk[CHUNK + ASSAY_MARKER_SIZE];
};

assay_status assay_grade_evidence_create(grade_evidence **evidence, assay_error *error)
{
    *evidence = assay_calloc(1, sizeof **evidence, error);
    return *evidence == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

void assay_grade_evidence_destroy(grade_evidence *evidence)
{
    assay_free(evidence);
}

const char *assay_grade_evidence_text(const grade_evidence *evidence)
{
    return evidence->text;
}

/* The first sign is kept: the rest is of the same kind, or follows from it. */
static void note(grade_evidence *evidence, const char *file, const char *what)
{
    char shown[100];
    if (evidence->text[0] == '\0') {
        const char *slash = strrchr(file, '/');
        const char *name = slash == NULL ? file : slash + 1;
        assay_grade_text_clean(name, strlen(name), shown, sizeof shown);
        snprintf(evidence->text, sizeof evidence->text, "%s %s", shown, what);
    }
}

/* --- shared objects ----------------------------------------------------------------------------------------------- */

static void look_at_needed(grade_evidence *evidence, Elf *elf, const GElf_Shdr *header, Elf_Data *data,
                           const char *file)
{
    for (int i = 0; data != NULL && header->sh_entsize > 0 && i < (int)(header->sh_size / header->sh_entsize); i++) {
        GElf_Dyn entry;
        if (gelf_getdyn(data, i, &entry) == NULL || entry.d_tag == DT_NULL) {
            return;
        }
        const char *needed = entry.d_tag == DT_NEEDED ? elf_strptr(elf, header->sh_link, (size_t)entry.d_un.d_val)
                                                      : NULL;
        if (needed != NULL && strncmp(needed, "libassay.so", strlen("libassay.so")) == 0) {
            note(evidence, file, "is linked to libassay (DT_NEEDED)");
        }
    }
}

static void look_at_symbols(grade_evidence *evidence, Elf *elf, const GElf_Shdr *header, Elf_Data *data,
                            const char *file)
{
    size_t defined = 0;
    for (int i = 0; data != NULL && header->sh_entsize > 0 && i < (int)(header->sh_size / header->sh_entsize); i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, i, &symbol) == NULL) {
            return;
        }
        const char *name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (name == NULL || strncmp(name, "assay_", strlen("assay_")) != 0) {
            continue;
        }
        if (symbol.st_shndx == SHN_UNDEF) {
            note(evidence, file, "calls functions of libassay");
            return;
        }
        if (++defined == ENOUGH_SYMBOLS) {
            note(evidence, file, "defines functions of libassay");
            return;
        }
    }
}

static void look_at_sections(grade_evidence *evidence, Elf *elf, const char *file)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == NULL) {
            continue;
        }
        if (header.sh_type == SHT_DYNAMIC) {
            look_at_needed(evidence, elf, &header, elf_getdata(section, NULL), file);
        } else if (header.sh_type == SHT_DYNSYM) {
            look_at_symbols(evidence, elf, &header, elf_getdata(section, NULL), file);
        }
    }
}

/* libelf checks what it reads. It reads and does not map: the file may become shorter meanwhile. */
static void look_at_object(grade_evidence *evidence, int descriptor, const char *file)
{
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return;
    }
    Elf *elf = elf_begin(descriptor, ELF_C_READ, NULL);
    if (elf != NULL && elf_kind(elf) == ELF_K_ELF) {
        look_at_sections(evidence, elf, file);
    }
    elf_end(elf);
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

/* Looks for the marker in `length` bytes from `offset` on, of a file or of a process's memory; returns how many. */
static long long look_at_bytes(grade_evidence *evidence, int descriptor, off_t offset, long long length,
                               const char *file, const char *what)
{
    long long done = 0;
    size_t kept = 0; /* the end of the last chunk: the marker may lie across two */
    while (done < length && evidence->text[0] == '\0') {
        size_t want = length - done < CHUNK ? (size_t)(length - done) : CHUNK;
        ssize_t got = pread(descriptor, evidence->chunk + kept, want, offset + (off_t)done);
        if (got <= 0) {
            break;
        }
        size_t filled = kept + (size_t)got;
        if (memmem(evidence->chunk, filled, ASSAY_MARKER, ASSAY_MARKER_SIZE) != NULL) {
            note(evidence, file, what);
        }
        kept = filled < ASSAY_MARKER_SIZE - 1 ? filled : ASSAY_MARKER_SIZE - 1;
        memmove(evidence->chunk, evidence->chunk + filled - kept, kept);
        done += got;
    }
    return done;
}

/* --- files of the submission -------------------------------------------------------------------------------------- */

typedef struct {
    size_t files;
    long long bytes;
} allowance;

static void look_at_open_file(grade_evidence *evidence, int descriptor, const char *name, allowance *left)
{
    struct stat about;
    if (fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= left->bytes) {
        left->bytes -= (long long)about.st_size;
        look_at_object(evidence, descriptor, name);
        look_at_bytes(evidence, descriptor, 0, (long long)about.st_size, name, "contains a copy of libassay");
    }
}

static void look_below(grade_evidence *evidence, int folder, unsigned depth, allowance *left)
{
    DIR *listing = fdopendir(folder);
    if (listing == NULL) {
        close(folder);
        return;
    }
    for (struct dirent *entry; left->files > 0 && evidence->text[0] == '\0' && (entry = readdir(listing)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        left->files--;
        int found = openat(dirfd(listing), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        struct stat about;
        if (found >= 0 && fstat(found, &about) == 0 && S_ISDIR(about.st_mode) && depth > 0) {
            look_below(evidence, found, depth - 1, left);
        } else if (found >= 0) {
            look_at_open_file(evidence, found, entry->d_name, left);
            close(found);
        }
    }
    closedir(listing);
}

void assay_grade_evidence_open(grade_evidence *evidence, int descriptor, const char *name)
{
    allowance left = {MAX_FILES, folder_limit};
    struct stat about;
    if (fstat(descriptor, &about) != 0 || !S_ISDIR(about.st_mode)) {
        look_at_open_file(evidence, descriptor, name, &left);
        return;
    }
    int folder = openat(descriptor, ".",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the listing has a position of its own */
    if (folder >= 0) {
        look_below(evidence, folder, MAX_DEPTH, &left);
    }
}

void assay_grade_evidence_folder(grade_evidence *evidence, const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        assay_grade_evidence_open(evidence, folder, path);
        close(folder);
    }
}

void assay_grade_evidence_file(grade_evidence *evidence, const char *path)
{
    allowance left = {1, folder_limit};
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor >= 0) {
        look_at_open_file(evidence, descriptor, path, &left);
        close(descriptor);
    }
}

/* --- what processes have mapped ----------------------------------------------------------------------------------- */

typedef struct {
    unsigned long long begin, end;
    object_key key;
    bool readable, executable;
    const char *path;
} mapping;

/* "7f00-7f10 r-xp 00000000 08:01 123   /path" */
static bool parse_mapping(char *line, mapping *parsed)
{
    char rights[8];
    unsigned major;
    unsigned minor;
    int path = 0;
    if (sscanf(line, "%llx-%llx %7s %*x %x:%x %llu %n", &parsed->begin, &parsed->end, rights, &major, &minor,
               &parsed->key.inode, &path) != 6 ||
        path == 0) {
        return false;
    }
    line[path + (int)strcspn(line + path, "\n")] = '\0';
    parsed->key.device = (unsigned long long)major << 32 | minor;
    parsed->readable = rights[0] == 'r';
    parsed->executable = rights[2] == 'x';
    parsed->path = line + path;
    return true;
}

/* Where a submission can write, or what no path leads to: the file may be another one at the next look. */
static bool is_volatile(const char *path)
{
    static const char *const places[] = {"/tmp/", "/dev/", "/exchange/", "/memfd:", "/SYSV", "/var/tmp/"};
    static const char deleted[] = " (deleted)";
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strncmp(path, places[i], strlen(places[i])) == 0) {
            return true;
        }
    }
    return length >= strlen(deleted) && strcmp(path + length - strlen(deleted), deleted) == 0;
}

static bool is_known(grade_evidence *evidence, object_key key)
{
    for (size_t i = evidence->object_count; i-- > 0;) {
        if (evidence->objects[i].inode == key.inode && evidence->objects[i].device == key.device) {
            return true;
        }
    }
    if (evidence->object_count < MAX_OBJECTS) {
        evidence->objects[evidence->object_count++] = key;
    }
    return false;
}

/* The file behind a path in the process's own view: links in it cannot lead out of its root. */
static int open_in_root(int process, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW,
                           .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
    int root = openat(process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int found = root < 0 ? -1 : (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    if (root >= 0) {
        close(root);
    }
    return found;
}

static void look_at_mapped_object(grade_evidence *evidence, int process, const mapping *mapped)
{
    struct stat about;
    int found = open_in_root(process, mapped->path);
    if (found < 0) {
        return;
    }
    if (fstat(found, &about) == 0 && S_ISREG(about.st_mode) && about.st_ino == mapped->key.inode &&
        about.st_size <= object_limit) {
        look_at_object(evidence, found, mapped->path);
    }
    close(found);
}

static void look_at_mapping(grade_evidence *evidence, int process, int memory, const mapping *mapped, long long *left)
{
    if (mapped->key.inode == 0 && strncmp(mapped->path, "/memfd:", 7) != 0) {
        return;
    }
    if (is_volatile(mapped->path)) {
        long long length = (long long)(mapped->end - mapped->begin);
        if (mapped->readable && memory >= 0) {
            length = length < *left ? length : *left;
            *left -= look_at_bytes(evidence, memory, (off_t)mapped->begin, length, mapped->path,
                                   "is mapped by a process and contains a copy of libassay");
        }
    } else if (mapped->executable && !is_known(evidence, mapped->key)) {
        look_at_mapped_object(evidence, process, mapped);
    }
}

/* False where there are too many mappings. */
static bool look_at_process(grade_evidence *evidence, int process, long long *left)
{
    int descriptor = openat(process, "maps", O_RDONLY | O_CLOEXEC);
    FILE *maps = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    if (maps == NULL) {
        if (descriptor >= 0) {
            close(descriptor);
        }
        return true; /* it has ended, or memory is short: it is looked at again after the reply */
    }
    int memory = openat(process, "mem", O_RDONLY | O_CLOEXEC);
    char *line = NULL;
    size_t size = 0;
    size_t count = 0;
    mapping mapped;
    while (count <= GRADE_MAX_MAPPINGS && evidence->text[0] == '\0' && getline(&line, &size, maps) > 0) {
        count++;
        if (parse_mapping(line, &mapped)) {
            look_at_mapping(evidence, process, memory, &mapped, left);
        }
    }
    free(line);
    fclose(maps);
    if (memory >= 0) {
        close(memory);
    }
    return count <= GRADE_MAX_MAPPINGS;
}

/* True if a process has changed since the last look: fields 22 and 23 of stat, after the name in parentheses. */
static bool has_changed(grade_evidence *evidence, int process, pid_t pid)
{
    char line[1024] = "";
    process_key now = {.pid = pid};
    int descriptor = openat(process, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, line, sizeof line - 1);
    if (descriptor >= 0) {
        close(descriptor);
    }
    line[length < 0 ? 0 : length] = '\0';
    const char *after = strrchr(line, ')');
    if (after == NULL || sscanf(after + 1,
                                " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
                                "%*d %*d %llu %llu",
                                &now.started, &now.size) != 2) {
        return true;
    }
    for (size_t i = 0; i < evidence->seen_count; i++) {
        process_key *before = &evidence->seen[i];
        if (before->pid == pid && before->started == now.started) {
            bool changed = before->size != now.size;
            before->size = now.size;
            return changed;
        }
    }
    if (evidence->seen_count < MAX_SEEN) {
        evidence->seen[evidence->seen_count++] = now;
    }
    return true;
}

bool assay_grade_evidence_processes(grade_evidence *evidence, pid_t root, bool quick)
{
    pid_t found[256];
    long long left = memory_limit;
    bool bounded = true;
    size_t count = assay_grade_descendants(root, found, sizeof found / sizeof *found);
    for (size_t i = 0; i < count && bounded && evidence->text[0] == '\0'; i++) {
        char path[40];
        snprintf(path, sizeof path, "/proc/%ld", (long)found[i]);
        int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (process < 0) {
            continue;
        }
        if (has_changed(evidence, process, found[i]) || !quick) {
            bounded = look_at_process(evidence, process, &left);
        }
        close(process);
    }
    return bounded;
}
