#define _GNU_SOURCE
#include "grade/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <assay/base/alloc.h>

/* By name: libseccomp knows calls that the C library's headers do not, and skips those of other processors. */
/* clang-format off */
static const char *const refused[] = {
    /* memory that belongs to no process */
    "memfd_secret", "msgctl", "msgget", "msgrcv", "msgsnd", "mq_open", "mq_unlink", "semctl", "semget", "semop",
    "semtimedop", "shmat", "shmctl", "shmdt", "shmget", "tee", "vmsplice",
    /* namespaces and mounts */
    "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
    "open_by_handle_at", "pivot_root", "setns", "umount", "umount2", "unshare",
    /* the kernel's machinery */
    "acct", "add_key", "bpf", "delete_module", "fanotify_init", "finit_module", "init_module", "ioperm", "iopl",
    "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "modify_ldt", "nfsservctl", "perf_event_open",
    "quotactl", "quotactl_fd", "reboot", "request_key", "swapoff", "swapon", "syslog", "userfaultfd",
    "uselib", "vhangup",
    /* other processes */
    "kcmp", "migrate_pages", "move_pages", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev",
    "ptrace",
    /* what is the whole machine's */
    "adjtimex", "clock_adjtime", "clock_settime", "setdomainname", "sethostname", "settimeofday",
};
/* clang-format on */

/* Libraries try these and know another way. */
static const char *const unknown[] = {"clone3", "io_uring_enter", "io_uring_register", "io_uring_setup",
                                      "memfd_create"};

typedef struct {
    const char *call;
    int error; /* the call's errno */
    struct scmp_arg_cmp argument;
} condition;

/* An argument that has all these bits; one whose low 32 bits, all that the kernel looks at, are this value. */
/* clang-format off */
#define BITS(position, mask) {(position), SCMP_CMP_MASKED_EQ, (mask), (mask)}
#define LOW_WORD(position, value) {(position), SCMP_CMP_MASKED_EQ, 0xffffffffU, (value)}
/* clang-format on */

static const condition conditions[] = {
    {"clone", EPERM, BITS(0, CLONE_NEWUSER)},
    {"clone", EPERM, BITS(0, CLONE_NEWNS)},
    {"clone", EPERM, BITS(0, CLONE_NEWPID)},
    {"clone", EPERM, BITS(0, CLONE_NEWNET)},
    {"clone", EPERM, BITS(0, CLONE_NEWIPC)},
    {"clone", EPERM, BITS(0, CLONE_NEWUTS)},
    {"clone", EPERM, BITS(0, CLONE_NEWCGROUP)},
    {"ioctl", EPERM, LOW_WORD(1, TIOCSTI)},
    {"ioctl", EPERM, LOW_WORD(1, TIOCLINUX)},
    {"fcntl", EPERM, LOW_WORD(1, F_SETPIPE_SZ)},
    {"setsockopt", EPERM, LOW_WORD(2, SO_SNDBUF)},
    {"setsockopt", EPERM, LOW_WORD(2, SO_RCVBUF)},
    {"socket", EAFNOSUPPORT, {0, SCMP_CMP_NE, AF_UNIX, 0}},
};

/* 0, or a negative errno. A call that this processor does not have needs no rule. */
static int add_rule(scmp_filter_ctx filter, const char *name, int error, const struct scmp_arg_cmp *argument)
{
    int call = seccomp_syscall_resolve_name(name);
    if (call == __NR_SCMP_ERROR) {
        return 0;
    }
    uint32_t action = SCMP_ACT_ERRNO((uint32_t)error);
    return seccomp_rule_add_array(filter, action, call, argument == NULL ? 0 : 1, argument);
}

/* Such maps keep their pages when they are no longer resident, or mapped only in part. */
static const condition shared_maps = {"mmap", EPERM, BITS(3, MAP_SHARED | MAP_ANONYMOUS)};

static int add_rules(scmp_filter_ctx filter, bool memory_counted)
{
    int failed = memory_counted ? 0 : add_rule(filter, shared_maps.call, shared_maps.error, &shared_maps.argument);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0] && failed == 0; i++) {
        failed = add_rule(filter, refused[i], EPERM, NULL);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0] && failed == 0; i++) {
        failed = add_rule(filter, unknown[i], ENOSYS, NULL);
    }
    for (size_t i = 0; i < sizeof conditions / sizeof conditions[0] && failed == 0; i++) {
        failed = add_rule(filter, conditions[i].call, conditions[i].error, &conditions[i].argument);
    }
    return failed;
}

/* libseccomp writes the program to a descriptor only. */
static assay_status export_program(scmp_filter_ctx filter, char **program, size_t *size, assay_error *error)
{
    int file = memfd_create("seccomp", MFD_CLOEXEC);
    off_t length = file < 0 || seccomp_export_bpf(filter, file) != 0 ? -1 : lseek(file, 0, SEEK_END);
    *program = length <= 0 ? NULL : assay_calloc((size_t)length, 1, error);
    bool whole = *program != NULL && pread(file, *program, (size_t)length, 0) == length;
    *size = (size_t)length;
    if (file >= 0) {
        close(file);
    }
    if (whole) {
        return ASSAY_OK;
    }
    assay_free(*program);
    *program = NULL;
    return assay_fail(error, ASSAY_ERROR_IO, "the filter of system calls cannot be written: %s", strerror(errno));
}

assay_status assay_grade_seccomp(bool memory_counted, char **program, size_t *size, assay_error *error)
{
    *program = NULL;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the filter of system calls");
    }
    /* 32-bit calls, which these rules do not name, do not exist. */
    int failed = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    if (failed == 0) {
        failed = add_rules(filter, memory_counted);
    }
    assay_status status = failed == 0
                              ? export_program(filter, program, size, error)
                              : assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                                           "libseccomp cannot make the filter of system calls: %s", strerror(-failed));
    seccomp_release(filter);
    return status;
}
