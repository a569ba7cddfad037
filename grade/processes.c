#include "grade/processes.h"

#include <dirent.h>
#include <fts.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A fork bomb is watched while it grows: what goes beyond this is not looked at, the limit is far below. */
enum { MAX_PROCESSES = 4096 };

static FILE *open_proc(pid_t pid, const char *file)
{
    char path[400];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
    return fopen(path, "re");
}

/* A process and its descendants; without memory for them, none. */
typedef struct {
    pid_t *found; /* freed by the caller */
    size_t count;
    size_t threads; /* of all of them */
} family;

/* Children are listed by the thread that forked them. */
static void append_children_of_thread(family *t, pid_t pid, const char *thread)
{
    char file[300];
    snprintf(file, sizeof file, "task/%s/children", thread);
    FILE *children = open_proc(pid, file);
    long child;
    while (children != NULL && t->count < MAX_PROCESSES && fscanf(children, "%ld", &child) == 1) {
        t->found[t->count++] = (pid_t)child;
    }
    if (children != NULL) {
        fclose(children);
    }
}

static void append_children(family *t, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] != '.') {
            t->threads++;
            append_children_of_thread(t, pid, task->d_name);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
}

static family family_of(pid_t root)
{
    family t = {.found = malloc(MAX_PROCESSES * sizeof *t.found)};
    if (t.found != NULL) {
        t.found[t.count++] = root;
    }
    for (size_t i = 0; i < t.count; i++) {
        append_children(&t, t.found[i]);
    }
    return t;
}

size_t assay_grade_descendants(pid_t root, pid_t *found, size_t limit)
{
    const family all = family_of(root);
    size_t count = all.count < limit ? all.count : limit;
    for (size_t i = 0; i < count; i++) {
        found[i] = all.found[i];
    }
    free(all.found);
    return count;
}

/* Reads lines "NAME: N kB" of a file; `bytes` are those of the names in this order, 0 for one that is not there. */
static void read_lines(pid_t pid, const char *file, const char *const *names, size_t count, size_t *bytes)
{
    FILE *stream = open_proc(pid, file);
    char line[256];
    memset(bytes, 0, count * sizeof *bytes);
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL) {
        for (size_t i = 0; i < count; i++) {
            size_t length = strlen(names[i]);
            if (strncmp(line, names[i], length) == 0) {
                bytes[i] = (size_t)strtoull(line + length, NULL, 10) << 10;
            }
        }
    }
    if (stream != NULL) {
        fclose(stream);
    }
}

/* Page tables too: reading one byte in each 2 MiB of an empty map takes 4 KiB for them, and nothing else. */
static void add_memory(pid_t pid, grade_usage *usage)
{
    static const char *const names[] = {"VmRSS:", "RssShmem:", "VmPTE:"};
    size_t bytes[3];
    read_lines(pid, "status", names, 3, bytes);
    usage->resident_bytes += bytes[0] - bytes[1] + bytes[2];
    usage->shared_bytes += bytes[1];
}

/* Fields 14 to 17 of stat, after the name in parentheses, which may hold anything. */
static double cpu_seconds(pid_t pid)
{
    FILE *stat = open_proc(pid, "stat");
    char line[1024];
    unsigned long user = 0;
    unsigned long system = 0;
    long children_user = 0;
    long children_system = 0;
    if (stat == NULL) {
        return 0.0;
    }
    const char *after = fgets(line, sizeof line, stat) == NULL ? NULL : strrchr(line, ')');
    if (after == NULL || sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &user,
                                &system, &children_user, &children_system) != 4) {
        user = system = 0;
        children_user = children_system = 0;
    }
    fclose(stat);
    return ((double)user + (double)system + (double)children_user + (double)children_system) /
           (double)sysconf(_SC_CLK_TCK);
}

/* "sockets: used N", the first line. */
static size_t sockets(pid_t pid)
{
    FILE *stream = open_proc(pid, "net/sockstat");
    unsigned long used = 0;
    if (stream != NULL) {
        if (fscanf(stream, "sockets: used %lu", &used) != 1) {
            used = 0;
        }
        fclose(stream);
    }
    return used;
}

grade_usage assay_grade_usage(pid_t root)
{
    grade_usage usage = {0};
    const family all = family_of(root);
    usage.processes = all.threads;
    for (size_t i = 0; i < all.count; i++) {
        add_memory(all.found[i], &usage);
        usage.cpu_seconds += cpu_seconds(all.found[i]);
    }
    usage.sockets = all.count == 0 ? 0 : sockets(all.found[all.count - 1]);
    free(all.found);
    return usage;
}

size_t assay_grade_proportional_bytes(pid_t root)
{
    static const char *const parts[] = {"Pss:", "Pss_Shmem:"};
    static const char *const tables[] = {"VmPTE:"};
    size_t bytes = 0;
    const family all = family_of(root);
    for (size_t i = 0; i < all.count; i++) {
        size_t part[2];
        size_t table;
        read_lines(all.found[i], "smaps_rollup", parts, 2, part);
        read_lines(all.found[i], "status", tables, 1, &table);
        bytes += part[0] - part[1] + table;
    }
    free(all.found);
    return bytes;
}

size_t assay_grade_folder_bytes(const char *folder)
{
    char *const roots[] = {(char *)(uintptr_t)folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    size_t bytes = 0;
    size_t files = 0;
    for (FTSENT *entry; tree != NULL && files <= GRADE_FOLDER_FILES && (entry = fts_read(tree)) != NULL;) {
        files++;
        bytes += entry->fts_info == FTS_F ? (size_t)entry->fts_statp->st_size : 0;
    }
    if (tree != NULL) {
        fts_close(tree);
    }
    return files > GRADE_FOLDER_FILES ? SIZE_MAX : bytes;
}

void assay_grade_kill_tree(pid_t root)
{
    const family all = family_of(root);
    for (size_t i = 1; i < all.count; i++) {
        kill(all.found[i], SIGKILL);
    }
    kill(root, SIGKILL);
    free(all.found);
}
