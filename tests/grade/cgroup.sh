#!/bin/sh
# The limits that the kernel enforces through a control group (cgroup v2): memory.max, pids.max, cpu.stat. Where this
# machine gives none, the same runs on a kernel that does, User Mode Linux (apt-get install user-mode-linux).
# evidence: errors: grade/cgroup, grade/child

# In User Mode Linux this script is the first process: it sees the host's files, and writes to a file system in memory.
if [ "$$" -eq 1 ]; then
    PATH=/usr/sbin:/usr/bin:/sbin:/bin
    export PATH
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs -o size=500m tmpfs /tmp
    mkdir -p /dev/shm /dev/pts
    mount -t tmpfs tmpfs /dev/shm
    mount -t devpts devpts /dev/pts
    mount -t cgroup2 none /sys/fs/cgroup
    TMPDIR=/tmp sh "$0" >/tmp/cgroup.log 2>&1
    echo "exit status $?" >>/tmp/cgroup.log
    sed 's/^/uml: /' /tmp/cgroup.log
    echo o >/proc/sysrq-trigger
    sleep 10
fi

. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
enforced="limits: memory, processes and processor time enforced by the kernel (cgroup v2)"

need_sandbox
"$assay" grade --only tanh "$planted/starter.so" >"$folder/out" 2>&1
if ! grep -qF "$enforced" "$folder/out"; then
    [ -z "${ASSAY_HOSTILE:-}" ] &&
        skip "no cgroup v2 with memory and pids here; make check-hostile tries another kernel"
    kernel=$(command -v linux.uml) ||
        skip "no cgroup v2 with memory and pids here, and no other kernel; apt-get install user-mode-linux"
    [ "$(uname -r)" != "${ASSAY_UML:-}" ] || fail "no cgroup v2 in User Mode Linux"
    # Its working folder is the user's: the console's socket is made there.
    HOME=$folder timeout 200 "$kernel" mem=1500M rootfstype=hostfs rootflags=/ ro init="$(readlink -f "$0")" \
        con=null con0=fd:0,fd:1 "ASSAY_BUILD=$(readlink -f "$build")" "ASSAY_SOURCE=$(readlink -f "$source")" \
        LC_ALL=C.UTF-8 </dev/null >"$folder/console" 2>&1
    sed -n 's/^uml: //p' "$folder/console"
    grep -q "^uml: exit status 0" "$folder/console" || { tail -n 20 "$folder/console"; fail "in User Mode Linux"; }
    exit 0
fi

# limited NAME OPTIONS VERDICT: all its cases end with this verdict, and the other component is graded.
limited() {
    plant "$folder/$1.so"
    # shellcheck disable=SC2086
    graded 1 --only tanh,relu --time 60 --total-time 300 $2 "$folder/$1.so"
    says out "$enforced"
    [ "$(grep -cF ": $3" "$folder/out")" -eq "$(cases tanh)" ] ||
        { cat "$folder/out"; fail "$1: all cases should be \"$3\""; }
    grep -q "ReLU  *$(cases relu) of $(cases relu) cases" "$folder/out" ||
        { cat "$folder/out"; fail "$1: the other component was not graded"; }
    rm "$folder/$1.so"
    echo "$1: $3"
}
limited hostile.memory "--memory 64" "memory limit, used more than 64 MiB"
limited sandbox.sockets "--memory 64" "memory limit, used more than 64 MiB"
limited hostile.forks "--processes 32" "process limit, started more than 32"
limited hostile.loop "--time 1" "timed out, used more than 1 s of processor time"
# An honest submission is not in the way of these limits.
graded 0 --only tanh,relu,adam --memory 64 --processes 8 "$planted/starter.so"
no_groups_left
