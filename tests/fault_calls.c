/*
 * The functions that faults.h makes fail; they replace the C library's. All other imports of libassay cannot fail, or
 * fail through one of these; test_faults_imports compares both lists with the imports.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <glob.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

/* clang-format off */
#define POINTS(X)                                                                                                     \
    X(malloc, FAULT_MEMORY) X(calloc, FAULT_MEMORY) X(realloc, FAULT_MEMORY) X(aligned_alloc, FAULT_MEMORY)           \
    X(posix_memalign, FAULT_MEMORY) X(free, 0) X(json_loadb, FAULT_MEMORY | FAULT_MAY_SHORT)                          \
    X(open, FAULT_MAY_EINTR) X(dup, 0) X(fopen, 0) X(fdopen, 0) X(close, 0) X(fclose, 0)                              \
    X(read, FAULT_MAY_SHORT | FAULT_MAY_EINTR) X(pread, FAULT_MAY_SHORT | FAULT_MAY_EINTR)                            \
    X(fread, FAULT_MAY_SHORT) X(fgets, 0) X(getline, 0)                                                               \
    X(__isoc99_fscanf, 0)                                                                                             \
    X(fwrite, FAULT_STREAM | FAULT_MAY_SHORT) X(fputs, FAULT_STREAM) X(fputc, FAULT_STREAM) X(putc, FAULT_STREAM)    \
    X(fprintf, FAULT_STREAM) X(vfprintf, FAULT_STREAM)                                                                \
    X(fflush, 0) X(fsync, 0) X(rename, 0) X(stat, 0) X(fstat, 0) X(fstatat, 0) X(access, 0) X(realpath, 0)            \
    X(readlink, 0)                                                                                                    \
    X(mkdir, 0) X(opendir, 0) X(readdir, 0) X(fts_open, 0) X(fts_read, 0)                                             \
    X(getrandom, FAULT_MAY_SHORT) X(sysconf, 0) X(dladdr, 0)                                                          \
    X(pipe2, 0) X(socketpair, 0) X(fcntl, 0) X(poll, FAULT_MAY_EINTR)                                                 \
    X(send, FAULT_MAY_SHORT | FAULT_MAY_EINTR)                                                                        \
    X(fork, 0) X(popen, 0) X(pclose, 0) X(posix_spawnp, 0) X(waitpid, FAULT_MAY_EINTR)                                \
    X(pthread_create, 0) X(pthread_mutex_init, 0) X(pthread_cond_init, 0)                                             \
    X(openat, FAULT_MAY_EINTR) X(fdopendir, 0) X(open_memstream, FAULT_MEMORY) X(memfd_create, 0) X(lseek, 0)         \
    X(write, FAULT_MAY_SHORT) X(fchmod, 0) X(linkat, 0) X(renameat, 0) X(readlinkat, 0) X(faccessat, 0) X(lstat, 0)   \
    X(fstatfs, 0) X(mkdtemp, 0) X(rmdir, 0) X(fts_set, 0) X(glob, 0) X(syscall, 0) X(scandirat, 0)                    \
    X(recvmsg, FAULT_MAY_EINTR) X(wait4, FAULT_MAY_EINTR) X(seccomp_init, FAULT_MEMORY) X(seccomp_attr_set, 0)        \
    X(seccomp_rule_add_array, 0) X(seccomp_export_bpf, 0)                                                             \
    X(posix_spawn_file_actions_init, FAULT_MEMORY) X(posix_spawn_file_actions_addopen, FAULT_MEMORY)                  \
    X(posix_spawn_file_actions_adddup2, FAULT_MEMORY) X(posix_spawn_file_actions_addchdir_np, FAULT_MEMORY)           \
    X(execl, FAULT_IN_CHILD) X(execve, FAULT_IN_CHILD)                                                                \
    X(dup2, FAULT_IN_CHILD) X(chdir, FAULT_IN_CHILD) X(execvp, FAULT_IN_CHILD) X(close_range, FAULT_IN_CHILD)
/* clang-format on */

#define NUMBER_OF(name, flags) POINT_##name,
#define POINT_OF(name, flags) {#name, flags, NULL},

enum { POINTS(NUMBER_OF) POINT_COUNT };

static fault_point points[] = {POINTS(POINT_OF)};

fault_point *faults_points(size_t *count)
{
    *count = POINT_COUNT;
    return points;
}

#define DECIDE(name) faults_decide(&points[POINT_##name], __builtin_return_address(0))

/* ISO C has no conversion from dlsym's pointer to a function's. */
#define REAL(name)                                           \
    (__extension__({                                         \
        void *address_ = faults_real(&points[POINT_##name]); \
        __typeof__(&name) function_;                         \
        memcpy(&function_, &address_, sizeof function_);     \
        function_;                                           \
    }))

/* A function whose failure is a value and an errno. */
#define FAILS(type, name, parameters, arguments, value, reason) \
    type name parameters                                        \
    {                                                           \
        if (DECIDE(name) != FAULT_PASS) {                       \
            errno = reason;                                     \
            return value;                                       \
        }                                                       \
        return REAL(name) arguments;                            \
    }

/* One that can also be interrupted. */
#define FAILS_OR_INTERRUPTED(type, name, parameters, arguments, value, reason) \
    type name parameters                                                       \
    {                                                                          \
        fault what = DECIDE(name);                                             \
        if (what != FAULT_PASS) {                                              \
            errno = what == FAULT_INTERRUPT ? EINTR : reason;                  \
            return value;                                                      \
        }                                                                      \
        return REAL(name) arguments;                                           \
    }

/* One that releases something, even if it fails. */
#define FAILS_AFTERWARDS(type, name, parameters, arguments, value, reason) \
    type name parameters                                                   \
    {                                                                      \
        fault what = DECIDE(name);                                         \
        type result = REAL(name) arguments;                                \
        if (what != FAULT_PASS) {                                          \
            errno = reason;                                                \
            return value;                                                  \
        }                                                                  \
        return result;                                                     \
    }

/* --- memory ------------------------------------------------------------------------------------------------------ */

static void *remember(void *block, size_t size, const void *caller)
{
    faults_allocated(block, size, caller);
    return block;
}

#define ALLOCATES(name, parameters, arguments, size)                              \
    void *name parameters                                                         \
    {                                                                             \
        if (DECIDE(name) != FAULT_PASS) {                                         \
            errno = ENOMEM;                                                       \
            return NULL;                                                          \
        }                                                                         \
        return remember(REAL(name) arguments, size, __builtin_return_address(0)); \
    }

ALLOCATES(malloc, (size_t size), (size), size)
ALLOCATES(calloc, (size_t count, size_t size), (count, size), count *size)
ALLOCATES(aligned_alloc, (size_t alignment, size_t size), (alignment, size), size)

void *realloc(void *block, size_t size)
{
    if (DECIDE(realloc) != FAULT_PASS) {
        errno = ENOMEM;
        return NULL;
    }
    faults_freed(block);
    return remember(REAL(realloc)(block, size), size, __builtin_return_address(0));
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (DECIDE(posix_memalign) != FAULT_PASS) {
        return ENOMEM;
    }
    int failure = REAL(posix_memalign)(block, alignment, size);
    if (failure == 0) {
        remember(*block, size, __builtin_return_address(0));
    }
    return failure;
}

void free(void *block)
{
    faults_freed(block);
    REAL(free)(block);
}

/*
 * jansson 2.14 ignores failed allocations while it parses: if the lexer's buffer cannot grow, a byte of the text is
 * lost, and the string that contains it may be read beyond its end. So no allocation fails in there. Instead the parser
 * itself fails, or returns the result for a text without a byte; only errno shows that malloc failed.
 */
json_t *json_loadb(const char *text, size_t length, size_t flags, json_error_t *where)
{
    fault what = DECIDE(json_loadb);
    size_t kept = what == FAULT_SHORT ? length / 2 : length;
    faults_spare();
    char *lacking = REAL(malloc)(length + 1);
    memcpy(lacking, text, kept);
    memcpy(lacking + kept, text + kept + (kept < length), length - kept);
    json_t *value = REAL(json_loadb)(lacking, length - (kept < length), flags, where);
    REAL(free)(lacking);
    faults_spare_no_more();
    if (what == FAULT_FAIL) {
        json_decref(value);
        value = NULL;
    }
    if (what != FAULT_PASS) {
        errno = ENOMEM;
    }
    return value;
}

/* --- files ------------------------------------------------------------------------------------------------------- */

/* Sets the stream's error flag, as a failed read or write does. The C library has no function for it. */
static void spoil(FILE *stream, int reason)
{
    stream->_flags |= 0x20; /* _IO_ERR_SEEN */
    errno = reason;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    fault what = DECIDE(open);
    if (what != FAULT_PASS) {
        errno = what == FAULT_INTERRUPT ? EINTR : EMFILE;
        return -1;
    }
    return REAL(open)(path, flags, mode);
}

FAILS(int, dup, (int descriptor), (descriptor), -1, EMFILE)
FAILS(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
FAILS(FILE *, fdopen, (int descriptor, const char *mode), (descriptor, mode), NULL, ENOMEM)
FAILS_AFTERWARDS(int, close, (int descriptor), (descriptor), -1, EIO)
FAILS_AFTERWARDS(int, fclose, (FILE * stream), (stream), EOF, ENOSPC)

ssize_t read(int descriptor, void *bytes, size_t size)
{
    fault what = DECIDE(read);
    if (what == FAULT_FAIL || what == FAULT_INTERRUPT) {
        errno = what == FAULT_INTERRUPT ? EINTR : EIO;
        return -1;
    }
    return REAL(read)(descriptor, bytes, what == FAULT_SHORT && size > 1 ? size / 2 : size);
}

ssize_t pread(int descriptor, void *bytes, size_t size, off_t offset)
{
    fault what = DECIDE(pread);
    if (what == FAULT_FAIL || what == FAULT_INTERRUPT) {
        errno = what == FAULT_INTERRUPT ? EINTR : EIO;
        return -1;
    }
    return REAL(pread)(descriptor, bytes, what == FAULT_SHORT && size > 1 ? size / 2 : size, offset);
}

size_t fread(void *bytes, size_t size, size_t count, FILE *stream)
{
    fault what = DECIDE(fread);
    if (what == FAULT_FAIL) {
        spoil(stream, EIO);
        return 0;
    }
    return REAL(fread)(bytes, size, what == FAULT_SHORT ? count / 2 : count, stream);
}

char *fgets(char *line, int size, FILE *stream)
{
    if (DECIDE(fgets) != FAULT_PASS) {
        spoil(stream, EIO);
        return NULL;
    }
    return REAL(fgets)(line, size, stream);
}

ssize_t getline(char **line, size_t *size, FILE *stream)
{
    if (DECIDE(getline) != FAULT_PASS) {
        spoil(stream, EIO);
        return -1;
    }
    return REAL(getline)(line, size, stream);
}

int __isoc99_fscanf(FILE *stream, const char *format, ...); /* the headers' name for fscanf */
int __isoc99_fscanf(FILE *stream, const char *format, ...)
{
    if (DECIDE(__isoc99_fscanf) != FAULT_PASS) {
        spoil(stream, EIO);
        return EOF;
    }
    va_list arguments;
    va_start(arguments, format);
    int converted = vfscanf(stream, format, arguments);
    va_end(arguments);
    return converted;
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream)
{
    fault what = DECIDE(fwrite);
    if (what == FAULT_PASS) {
        return REAL(fwrite)(bytes, size, count, stream);
    }
    size_t written = what == FAULT_SHORT ? REAL(fwrite)(bytes, size, count / 2, stream) : 0;
    spoil(stream, ENOSPC);
    return written;
}

#define WRITES(name, parameters, arguments) \
    int name parameters                     \
    {                                       \
        if (DECIDE(name) != FAULT_PASS) {   \
            spoil(stream, ENOSPC);          \
            return EOF;                     \
        }                                   \
        return REAL(name) arguments;        \
    }

WRITES(fputs, (const char *text, FILE *stream), (text, stream))
WRITES(fputc, (int character, FILE *stream), (character, stream))
#undef putc
WRITES(putc, (int character, FILE *stream), (character, stream))
WRITES(vfprintf, (FILE * stream, const char *format, va_list arguments), (stream, format, arguments))

int fflush(FILE *stream)
{
    if (DECIDE(fflush) != FAULT_PASS) {
        spoil(stream, ENOSPC);
        return EOF;
    }
    return REAL(fflush)(stream);
}

int fprintf(FILE *stream, const char *format, ...)
{
    if (DECIDE(fprintf) != FAULT_PASS) {
        spoil(stream, ENOSPC);
        return -1;
    }
    va_list arguments;
    va_start(arguments, format);
    int written = REAL(vfprintf)(stream, format, arguments);
    va_end(arguments);
    return written;
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    fault what = DECIDE(openat);
    if (what != FAULT_PASS) {
        errno = what == FAULT_INTERRUPT ? EINTR : EMFILE;
        return -1;
    }
    return REAL(openat)(folder, path, flags, mode);
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    fault what = DECIDE(write);
    if (what == FAULT_FAIL) {
        errno = ENOSPC;
        return -1;
    }
    return REAL(write)(descriptor, bytes, what == FAULT_SHORT && size > 1 ? size / 2 : size);
}

FAILS(DIR *, fdopendir, (int descriptor), (descriptor), NULL, ENOMEM)
FAILS(FILE *, open_memstream, (char **text, size_t *size), (text, size), NULL, ENOMEM)
FAILS(int, memfd_create, (const char *name, unsigned flags), (name, flags), -1, EMFILE)
FAILS(off_t, lseek, (int descriptor, off_t offset, int from), (descriptor, offset, from), -1, EIO)
FAILS(int, fchmod, (int descriptor, mode_t mode), (descriptor, mode), -1, EIO)
FAILS(int, linkat, (int from_folder, const char *from, int to_folder, const char *to, int flags),
      (from_folder, from, to_folder, to, flags), -1, EIO)
FAILS(int, renameat, (int from_folder, const char *from, int to_folder, const char *to),
      (from_folder, from, to_folder, to), -1, EIO)
FAILS(ssize_t, readlinkat, (int folder, const char *path, char *target, size_t size), (folder, path, target, size), -1,
      EIO)
FAILS(int, faccessat, (int folder, const char *path, int how, int flags), (folder, path, how, flags), -1, EIO)
FAILS(int, lstat, (const char *path, struct stat *about), (path, about), -1, EIO)
FAILS(int, fstatfs, (int descriptor, struct statfs *about), (descriptor, about), -1, EIO)
FAILS(char *, mkdtemp, (char *path), (path), NULL, ENOSPC)
FAILS_AFTERWARDS(int, rmdir, (const char *path), (path), -1, EBUSY)
FAILS(int, fts_set, (FTS * tree, FTSENT *entry, int option), (tree, entry, option), -1, EINVAL)
FAILS(int, scandirat,
      (int folder, const char *path, struct dirent ***entries, int (*choose)(const struct dirent *),
       int (*compare)(const struct dirent **, const struct dirent **)),
      (folder, path, entries, choose, compare), -1, ENOMEM)
FAILS(int, glob, (const char *pattern, int flags, int (*failed)(const char *, int), glob_t *found),
      (pattern, flags, failed, found), GLOB_NOSPACE, ENOMEM)

/* No file here must survive a crash of the machine, and a disk is slow. */
int fsync(int descriptor)
{
    (void)descriptor;
    if (DECIDE(fsync) != FAULT_PASS) {
        errno = EIO;
        return -1;
    }
    return 0;
}

FAILS(int, rename, (const char *from, const char *to), (from, to), -1, EIO)
FAILS(int, stat, (const char *path, struct stat *about), (path, about), -1, EIO)
FAILS(int, fstatat, (int folder, const char *path, struct stat *about, int flags), (folder, path, about, flags), -1,
      ENOMEM)
FAILS(int, fstat, (int descriptor, struct stat *about), (descriptor, about), -1, EIO)
FAILS(int, access, (const char *path, int how), (path, how), -1, EIO)
FAILS(char *, realpath, (const char *path, char *resolved), (path, resolved), NULL, EIO)
FAILS(ssize_t, readlink, (const char *path, char *target, size_t size), (path, target, size), -1, EIO)
FAILS(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
FAILS(DIR *, opendir, (const char *path), (path), NULL, EMFILE)
FAILS(struct dirent *, readdir, (DIR * listing), (listing), NULL, EIO)
FAILS(FTS *, fts_open, (char *const *paths, int options, int (*order)(const FTSENT **, const FTSENT **)),
      (paths, options, order), NULL, EMFILE)
FAILS(FTSENT *, fts_read, (FTS * tree), (tree), NULL, EIO)

/* --- the system -------------------------------------------------------------------------------------------------- */

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    fault what = DECIDE(getrandom);
    if (what == FAULT_FAIL) {
        errno = ENOSYS;
        return -1;
    }
    return REAL(getrandom)(bytes, what == FAULT_SHORT ? size / 2 : size, flags);
}

/*
 * The kernel passes the page size and the clock ticks to each process (getauxval(3)); the number of processors is read
 * from files.
 */
long sysconf(int name)
{
    if (name != _SC_PAGESIZE && name != _SC_CLK_TCK && DECIDE(sysconf) != FAULT_PASS) {
        errno = EINVAL;
        return -1;
    }
    return REAL(sysconf)(name);
}

FAILS(int, dladdr, (const void *address, Dl_info *about), (address, about), 0, EINVAL)
FAILS(int, pthread_create,
      (pthread_t * thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument),
      (thread, attributes, function, argument), EAGAIN, EAGAIN)
FAILS(int, pthread_mutex_init, (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes), (mutex, attributes),
      ENOMEM, ENOMEM)
FAILS(int, pthread_cond_init, (pthread_cond_t * condition, const pthread_condattr_t *attributes),
      (condition, attributes), ENOMEM, ENOMEM)

/* --- processes --------------------------------------------------------------------------------------------------- */

int fcntl(int descriptor, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    long argument = va_arg(rest, long);
    va_end(rest);
    if (DECIDE(fcntl) != FAULT_PASS) {
        errno = EIO;
        return -1;
    }
    return REAL(fcntl)(descriptor, command, argument);
}

FAILS(int, pipe2, (int ends[2], int flags), (ends, flags), -1, EMFILE)
FAILS(int, socketpair, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends), -1, EMFILE)
FAILS_OR_INTERRUPTED(int, poll, (struct pollfd * watched, nfds_t count, int milliseconds),
                     (watched, count, milliseconds), -1, ENOMEM)

ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    fault what = DECIDE(send);
    if (what == FAULT_FAIL || what == FAULT_INTERRUPT) {
        errno = what == FAULT_INTERRUPT ? EINTR : EPIPE;
        return -1;
    }
    return REAL(send)(descriptor, bytes, what == FAULT_SHORT && size > 1 ? size / 2 : size, flags);
}

FAILS(pid_t, fork, (void), (), -1, EAGAIN)
FAILS(FILE *, popen, (const char *command, const char *mode), (command, mode), NULL, EMFILE)
FAILS_AFTERWARDS(int, pclose, (FILE * stream), (stream), -1, ECHILD)
FAILS(int, posix_spawnp,
      (pid_t * child, const char *program, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const arguments[], char *const variables[]),
      (child, program, actions, attributes, arguments, variables), EAGAIN, EAGAIN)

/* When it fails, another thread has waited. */
pid_t waitpid(pid_t child, int *status, int options)
{
    fault what = DECIDE(waitpid);
    if (what == FAULT_INTERRUPT) {
        errno = EINTR;
        return -1;
    }
    int ended;
    pid_t found = REAL(waitpid)(child, &ended, what == FAULT_FAIL ? options & ~WNOHANG : options);
    if (what == FAULT_FAIL) {
        errno = ECHILD;
        return -1;
    }
    if (status != NULL && found > 0) {
        *status = ended;
    }
    return found;
}

/* The grader's one system call without a function is openat2, with four arguments. */
long syscall(long number, ...)
{
    va_list rest;
    va_start(rest, number);
    long first = va_arg(rest, long);
    long second = va_arg(rest, long);
    long third = va_arg(rest, long);
    long fourth = va_arg(rest, long);
    va_end(rest);
    if (DECIDE(syscall) != FAULT_PASS) {
        errno = EMFILE;
        return -1;
    }
    return REAL(syscall)(number, first, second, third, fourth);
}

FAILS_OR_INTERRUPTED(ssize_t, recvmsg, (int descriptor, struct msghdr *message, int flags),
                     (descriptor, message, flags), -1, EIO)

/* As waitpid. */
pid_t wait4(pid_t child, int *status, int options, struct rusage *used)
{
    fault what = DECIDE(wait4);
    if (what == FAULT_INTERRUPT) {
        errno = EINTR;
        return -1;
    }
    pid_t found = REAL(wait4)(child, status, what == FAULT_FAIL ? options & ~WNOHANG : options, used);
    if (what == FAULT_FAIL) {
        errno = ECHILD;
        return -1;
    }
    return found;
}

FAILS(scmp_filter_ctx, seccomp_init, (uint32_t action), (action), NULL, ENOMEM)
FAILS(int, seccomp_attr_set, (scmp_filter_ctx filter, enum scmp_filter_attr attribute, uint32_t value),
      (filter, attribute, value), -EINVAL, EINVAL)
FAILS(int, seccomp_rule_add_array,
      (scmp_filter_ctx filter, uint32_t action, int call, unsigned count, const struct scmp_arg_cmp *arguments),
      (filter, action, call, count, arguments), -ENOMEM, ENOMEM)
FAILS(int, seccomp_export_bpf, (const scmp_filter_ctx filter, int descriptor), (filter, descriptor), -ECANCELED,
      ECANCELED)
FAILS(int, posix_spawn_file_actions_init, (posix_spawn_file_actions_t * actions), (actions), ENOMEM, ENOMEM)
FAILS(int, posix_spawn_file_actions_addopen,
      (posix_spawn_file_actions_t * actions, int descriptor, const char *path, int flags, mode_t mode),
      (actions, descriptor, path, flags, mode), ENOMEM, ENOMEM)
FAILS(int, posix_spawn_file_actions_adddup2, (posix_spawn_file_actions_t * actions, int from, int to),
      (actions, from, to), ENOMEM, ENOMEM)
FAILS(int, posix_spawn_file_actions_addchdir_np, (posix_spawn_file_actions_t * actions, const char *path),
      (actions, path), ENOMEM, ENOMEM)

int execl(const char *program, const char *first, ...)
{
    char *words[32] = {(char *)(uintptr_t)first};
    va_list rest;
    va_start(rest, first);
    for (size_t i = 0; words[i] != NULL && i + 2 < sizeof words / sizeof words[0]; i++) {
        words[i + 1] = va_arg(rest, char *);
    }
    va_end(rest);
    if (DECIDE(execl) != FAULT_PASS) {
        errno = ENOENT;
        return -1;
    }
    return execv(program, words);
}

FAILS(int, execve, (const char *program, char *const words[], char *const variables[]), (program, words, variables), -1,
      ENOENT)
FAILS(int, dup2, (int from, int to), (from, to), -1, EMFILE)
FAILS(int, chdir, (const char *path), (path), -1, ENOENT)
FAILS(int, execvp, (const char *program, char *const arguments[]), (program, arguments), -1, ENOENT)
FAILS(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags), -1, ENOSYS)
