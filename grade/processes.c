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

/* Children are listed by the thread that forked them. */
static size_t append_children_of_thread(pid_t pid, const char *thread, pid_t *found, size_t count)
{
    char file[300];
    snprintf(file, sizeof file, "task/%s/children", thread);
    FILE *children = open_proc(pid, file);
    long child;
    while (children != NULL && count < MAX_PROCESSES && fscanf(children, "%ld", &child) == 1) {
        found[count++] = (pid_t)child;
    }
    if (children != NULL) {
        fclose(children);
    }
    return count;
}

static size_t append_children(pid_t pid, pid_t *found, size_t count, size_t *threads)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        if (task->d_name[0] != '.') {
            (*threads)++;
            count = append_children_of_thread(pid, task->d_name, found, count);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return count;
}

static size_t descendants(pid_t root, pid_t *found, size_t *threads)
{
    size_t count = 1;
    found[0] = root;
    for (size_t i = 0; i < count; i++) {
        count = append_children(found[i], found, count, threads);
    }
    return count;
}

size_t assay_grade_descendants(pid_t root, pid_t *found, size_t limit)
{
    pid_t *all = malloc(MAX_PROCESSES * sizeof *all);
    size_t threads = 0;
    size_t count = all == NULL ? 0 : descendants(root, all, &threads);
    count = count < limit ? count : limit;
    for (size_t i = 0; i < count; i++) {
        found[i] = all[i];
    }
    free(all);
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
    pid_t *found = malloc(MAX_PROCESSES * sizeof *found);
    if (found == NULL) {
        return usage;
    }
    size_t count = descendants(root, found, &usage.processes);
    for (size_t i = 0; i < count; i++) {
        add_memory(found[i], &usage);
        usage.cpu_seconds += cpu_seconds(found[i]);
    }
    usage.sockets = sockets(found[count - 1]);
    free(found);
    return usage;
}

size_t assay_grade_proportional_bytes(pid_t root)
{
    static const char *const parts[] = {"Pss:", "Pss_Shmem:"};
    static const char *const tables[] = {"VmPTE:"};
    pid_t *found = malloc(MAX_PROCESSES * sizeof *found);
    size_t threads = 0;
    size_t bytes = 0;
    size_t count = found == NULL ? 0 : descendants(root, found, &threads);
    for (size_t i = 0; i < count; i++) {
        size_t part[2];
        size_t table;
        read_lines(found[i], "smaps_rollup", parts, 2, part);
        read_lines(found[i], "status", tables, 1, &table);
        bytes += part[0] - part[1] + table;
    }
    free(found);
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
    pid_t *found = malloc(MAX_PROCESSES * sizeof *found);
    size_t threads = 0;
    size_t count = found == NULL ? 0 : descendants(root, found, &threads);
    for (size_t i = 1; i < count; i++) {
        kill(found[i], SIGKILL);
    }
    kill(root, SIGKILL);
    free(found);
}
