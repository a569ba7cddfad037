/*
 * What a submission may not ask the kernel for: a filter of system calls, made with libseccomp, loaded by bubblewrap.
 */
#ifndef ASSAY_GRADE_SECCOMP_H
#define ASSAY_GRADE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

/*
 * The filter as a BPF program, for bubblewrap's --seccomp; the caller frees it with assay_free. It allows everything
 * but
 * - memory that no process is charged for: memfd_create, System V IPC, message queues, vmsplice, larger pipe and socket
 *   buffers, and, unless the kernel counts the submission's memory (`memory_counted`), shared anonymous maps;
 * - new namespaces, mounts, keys, BPF programs, performance counters, io_uring, userfaultfd;
 * - other processes' memory (ptrace, process_vm_*), the terminal's input (TIOCSTI), the machine's clock and name;
 * - sockets of any kind but AF_UNIX.
 * clone3 is said not to exist, because a filter cannot see its flags; the C library falls back to clone.
 */
assay_status assay_grade_seccomp(bool memory_counted, char **program, size_t *size, assay_error *error);

#endif
