#!/bin/sh
# What a submission sees in its sandbox, and what it can use up there without being seen. As root and as an ordinary
# user; with ASSAY_HOSTILE=all every case, else those that take no time.
# evidence: errors: grade/child, grade/child_arguments, grade/sandbox, grade/seccomp, grade/hidden, grade/tree
# evidence: errors: grade/compile, grade/submission, grade/processes, program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
secret=$folder/teachers-secret
mkdir "$secret"
TEACHER=teachers-secret
TMPDIR=$secret
export TEACHER TMPDIR

# Escapes: tanh is wrong where one succeeds.
escapes() {
    for what in calls spy; do
        plant "$secret/sandbox.$what.so"
        graded 0 --only tanh,relu "$secret/sandbox.$what.so"
        rm "$secret/sandbox.$what.so"
    done
}

# Nothing but the submission itself: a flat class, links, and what assay has installed.
neighbours() {
    class=$secret/class
    mkdir -p "$class/bob" "$class/carl"
    plant "$class/anna.so"
    plant "$class/sandbox.look.so"
    plant "$class/sandbox.spy.so"
    plant "$class/bob/anna.so"
    ln -s "$class/bob" "$class/dora"
    ln -s ../bob/anna.so "$class/carl/submission.so"
    ln -s anna.so "$class/emil.so"
    [ -z "$as" ] || chown -R 65534 "$secret"
    graded 0 --class "$class" -j 2 --only tanh --seed 3
    sort "$class/grades.csv" >"$folder/out"
    for name in anna.so bob sandbox.look.so sandbox.spy.so; do
        says out "\"$name\",$(cases tanh),$(cases tanh),3,"
    done
    for name in carl dora emil.so; do
        grep -q "^\"$name\",0,$(cases tanh),3,.*no usable submission" "$folder/out" || {
            cat "$folder/out"
            fail "$name: a link to somebody else's work is graded"
        }
    done
    graded 1 --only tanh "$class/emil.so"
    says out "emil.so: a link that leads out of the submission"
    rm -r "$class"
}

# A source: what it includes is not the teacher's.
sources() {
    echo "the answers" >"$secret/answers"
    cp "$source/tests/starters/c/submission.c" "$secret/anna.c"
    graded 0 --only tanh,relu "$secret/anna.c"
    printf '#include <assay/student.h>\nint one(void) { return 1 }\n' >"$secret/wrong.c"
    graded 1 --only tanh "$secret/wrong.c"
    says out "does not compile, submission.c:2:25: error: expected"
    for text in ".incbin \\\"$secret/answers\\\"" ".incbin \\\"../answers\\\"" ".incbin \\\"/etc/passwd\\\""; do
        printf '__asm__("%s");\n' "$text" >"$secret/reader.c"
        graded 1 --only tanh "$secret/reader.c"
        says out "does not compile"
        ! grep -q "the answers" "$folder/out" || fail "the compiler has read the teacher's file"
    done
    echo '#include "/dev/urandom"' >"$secret/endless.c"
    [ -z "$all" ] || graded 1 --only tanh --start-time 2 --memory 256 "$secret/endless.c"
}

# Memory and disk that is not the heap's.
uses() {
    while read -r name memory verdict; do
        [ -n "$all" ] || case $name in unlinked | tables | inodes | quick) ;; *) continue ;; esac
        plant "$secret/sandbox.$name.so"
        graded 1 --only tanh,relu --time 60 --total-time 300 --memory "$memory" "$secret/sandbox.$name.so"
        [ "$(grep -cF ": $verdict" "$folder/out")" -eq "$(cases tanh)" ] || {
            cat "$folder/out"
            fail "$name: all cases should be \"$verdict\""
        }
        grep -q "ReLU  *$(cases relu) of $(cases relu) cases" "$folder/out" ||
            fail "$name: the other component was not graded"
        rm "$secret/sandbox.$name.so"
    done <<'LIST'
unlinked 128 output limit, wrote more than 64 MiB of files
unlinked_shm 128 output limit, wrote more than 64 MiB of files
deep 128 output limit, wrote more than 64 MiB of files
inodes 128 output limit, made more than 10240 files
sockets 128 memory limit, used more than 128 MiB
tables 128 memory limit, used more than 128 MiB
quick 48 memory limit, used more than 48 MiB
LIST
}

all=${ASSAY_HOSTILE:-}
escapes
neighbours
sources
uses
if as_user; then
    chmod 777 "$folder" "$secret"
    escapes
    neighbours
    [ -z "$all" ] || sources
    [ -z "$all" ] || uses
    as=
elif [ "$(id -u)" -eq 0 ]; then
    echo "SKIP: the sandbox of an ordinary user: this machine gives user 65534 no namespaces, or no way to $build"
fi
if [ -n "$all" ]; then
    sh "$source/tests/grade/sandbox_install.sh" || [ $? -eq 77 ] || fail "what an installation hides"
fi
# Nothing is left: no process, no mount, no group.
! pgrep -f "$secret" >/dev/null || fail "a submission is still running"
! grep -q "assay\|$secret" /proc/self/mountinfo || fail "a mount is left"
[ -z "$(ls "$secret" | grep assay-grade)" ] || fail "a temporary folder is left"
no_groups_left
