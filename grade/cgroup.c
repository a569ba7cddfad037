#define _GNU_SOURCE
#include "grade/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>

#define PREFIX "assay-grade-"

enum {
    REMOVAL_TRIES = 500, /* of a group whose processes are ending, a millisecond apart */
    OWN_PROCESSES = 8    /* bubblewrap's and the runner's */
};

struct grade_cgroup {
    char *path;
    int folder;
    int entrance;
    grade_cgroup_powers powers;
};

/* --- files -------------------------------------------------------------------------------------------------------- */

static bool write_text(int folder, const char *name, const char *text)
{
    int file = openat(folder, name, O_WRONLY | O_CLOEXEC);
    bool written = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
    if (file >= 0) {
        close(file);
    }
    return written;
}

/* The number after `key` in a file of lines "KEY NUMBER"; -1 where there is none. */
static double read_value(int folder, const char *name, const char *key)
{
    char text[4096];
    int file = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    text[length < 0 ? 0 : length] = '\0';
    size_t size = strlen(key);
    for (const char *line = text; line != NULL && *line != '\0';) {
        if (strncmp(line, key, size) == 0 && line[size] == ' ') {
            return strtod(line + size, NULL);
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return -1.0;
}

/* --- where -------------------------------------------------------------------------------------------------------- */

/* The first line of a file for which `take` gives a text, which the caller frees with free. */
static char *find_line(const char *path, char *(*take)(char *line))
{
    FILE *stream = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    char *found = NULL;
    while (stream != NULL && found == NULL && getline(&line, &size, stream) > 0) {
        line[strcspn(line, "\n")] = '\0';
        found = take(line);
    }
    free(line);
    if (stream != NULL) {
        fclose(stream);
    }
    return found;
}

/* Field 5 of mountinfo is the mount point, the word after " - " the type. */
static char *take_mount_point(char *line)
{
    const char *type = strstr(line, " - ");
    if (type == NULL || strncmp(type + 3, "cgroup2 ", 8) != 0) {
        return NULL;
    }
    for (int i = 0; i < 4; i++) {
        line += strcspn(line, " ");
        line += *line == ' ';
    }
    return strndup(line, strcspn(line, " "));
}

static char *take_own_group(char *line)
{
    return strncmp(line, "0::/", 4) == 0 && strstr(line, "/..") == NULL ? strdup(line + 3) : NULL;
}

/* Groups of graders that were killed: PREFIX, the grader's process, "-", six letters. */
static void remove_leftovers(const char *parent)
{
    DIR *entries = opendir(parent);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        long grader;
        if (sscanf(entry->d_name, PREFIX "%ld-", &grader) == 1 && kill((pid_t)grader, 0) != 0 && errno == ESRCH) {
            unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static grade_cgroup_powers try_group(const char *parent)
{
    const grade_cgroup_powers all = {true, true, true};
    grade_cgroup *group;
    grade_cgroup_powers powers = {0};
    assay_error ignored = {0};
    if (assay_grade_cgroup_create(parent, &all, (size_t)1 << 30, 64, &group, &ignored) == ASSAY_OK) {
        powers = group->powers;
        assay_grade_cgroup_destroy(group);
    }
    return powers;
}

/* Where nobody has enabled the controllers yet, as without systemd, we do. A group with processes in it refuses. */
static grade_cgroup_powers try_parent(const char *parent)
{
    grade_cgroup_powers powers = try_group(parent);
    int folder = powers.group && (!powers.memory || !powers.processes)
                     ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                     : -1;
    if (folder >= 0) {
        bool memory = powers.memory || write_text(folder, "cgroup.subtree_control", "+memory");
        bool processes = powers.processes || write_text(folder, "cgroup.subtree_control", "+pids");
        close(folder);
        powers = memory || processes ? try_group(parent) : powers;
    }
    return powers;
}

assay_status assay_grade_cgroup_parent(const char *mounts, const char *own, char **parent, grade_cgroup_powers *powers,
                                       assay_error *error)
{
    char *mount = find_line(mounts, take_mount_point);
    char *group = find_line(own, take_own_group);
    char *candidate = mount == NULL || group == NULL ? NULL : assay_asprintf(error, "%s%s", mount, group);
    size_t root = mount == NULL ? 0 : strlen(mount);
    *parent = NULL;
    *powers = (grade_cgroup_powers){0};
    /* From the process's own group upwards: "/a/b", "/a", "". */
    for (size_t length = candidate == NULL ? 0 : strlen(candidate); length >= root && length > 0;) {
        while (length > root && candidate[length - 1] == '/') {
            length--;
        }
        candidate[length] = '\0';
        remove_leftovers(candidate);
        grade_cgroup_powers found = try_parent(candidate);
        if ((found.group && !powers->group) || (found.memory && !powers->memory)) {
            assay_free(*parent);
            *parent = assay_strdup(candidate, error);
            *powers = found;
        }
        if (length == root) {
            break;
        }
        while (length > root && candidate[length - 1] != '/') {
            length--;
        }
    }
    assay_free(candidate);
    free(group);
    free(mount);
    return powers->group && *parent == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

/* --- one group ---------------------------------------------------------------------------------------------------- */

/* Power that this group does not have is taken out of `powers`: its files are not there, or not ours to write. */
static void set_limits(grade_cgroup *group, size_t memory_bytes, size_t processes)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", memory_bytes);
    group->powers.memory = group->powers.memory && write_text(group->folder, "memory.max", text);
    if (group->powers.memory) {
        write_text(group->folder, "memory.swap.max", "0"); /* not there on a machine without swap */
        write_text(group->folder, "memory.oom.group", "1");
    }
    snprintf(text, sizeof text, "%zu", processes + OWN_PROCESSES);
    group->powers.processes = group->powers.processes && write_text(group->folder, "pids.max", text);
}

assay_status assay_grade_cgroup_create(const char *parent, const grade_cgroup_powers *powers, size_t memory_bytes,
                                       size_t processes, grade_cgroup **group, assay_error *error)
{
    *group = NULL;
    grade_cgroup *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->powers = *powers;
    made->folder = made->entrance = -1;
    made->path = assay_asprintf(error, "%s/" PREFIX "%ld-XXXXXX", parent, (long)getpid());
    assay_status status = made->path == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK && mkdtemp(made->path) != NULL) {
        made->folder = open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        made->entrance = openat(made->folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    }
    if (status == ASSAY_OK && made->entrance < 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: no control group can be made: %s", made->path, strerror(errno));
    }
    if (status != ASSAY_OK) {
        assay_grade_cgroup_destroy(made);
        return status;
    }
    set_limits(made, memory_bytes, processes);
    *group = made;
    return ASSAY_OK;
}

int assay_grade_cgroup_entrance(const grade_cgroup *group)
{
    return group->entrance;
}

double assay_grade_cgroup_seconds(const grade_cgroup *group)
{
    return 1e-6 * read_value(group->folder, "cpu.stat", "usage_usec");
}

bool assay_grade_cgroup_out_of_memory(const grade_cgroup *group)
{
    return group->powers.memory && read_value(group->folder, "memory.events", "oom_kill") > 0.0;
}

bool assay_grade_cgroup_out_of_processes(const grade_cgroup *group)
{
    return group->powers.processes && read_value(group->folder, "pids.events", "max") > 0.0;
}

void assay_grade_cgroup_kill(grade_cgroup *group)
{
    write_text(group->folder, "cgroup.kill", "1"); /* Linux 5.14; before, the process namespace's end has to do */
}

void assay_grade_cgroup_destroy(grade_cgroup *group)
{
    if (group == NULL) {
        return;
    }
    for (int i = 0; group->folder >= 0 && i < REMOVAL_TRIES && rmdir(group->path) != 0 && errno == EBUSY; i++) {
        usleep(1000);
    }
    if (group->entrance >= 0) {
        close(group->entrance);
    }
    if (group->folder >= 0) {
        close(group->folder);
    }
    assay_free(group->path);
    assay_free(group);
}
