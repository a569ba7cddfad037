#!/bin/sh
# A class that meets the machine's limits: C sources among the submissions, a disk that is full at the grade book, a
# signal while a source compiles, and six PyTorch submissions at a time on few processors.
# evidence: errors: program/grade, grade/compile, grade/submission
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
all=${ASSAY_HOSTILE:-}
mkdir "$folder/tmp"
TMPDIR=$folder/tmp
export TMPDIR

# row CLASS NAME POINTS REMARK
row() {
    grep -F "\"$2\",$3,$(cases tanh),9," "$folder/$1/grades.csv" | grep -qF -- "$4" || {
        cat "$folder/$1/grades.csv"
        fail "no row $2 with $3 points and \"$4\""
    }
}

# --- sources: NAME.c, NAME/submission.c, NAME/*.c ---------------------------------------------------------------------
class=$folder/sources
mkdir -p "$class/bob" "$class/carl" "$class/dora" "$class/emil" "$class/fay"
starter=$source/tests/starters/c/submission.c
cp "$starter" "$class/anna.c"
cp "$starter" "$class/bob/submission.c"; echo '#error not this one' >"$class/bob/other.c"
cp "$starter" "$class/carl/one.c"; cp "$starter" "$class/carl/two.c"
echo 'int one(void) { return 1 }' >"$class/dora/homework.c"
ln -s ../anna.c "$class/emil/submission.c"
echo '#include "../anna.c"' >"$class/fay/submission.c"
cp "$starter" "$class/gus.c"; cp "$planted/starter.so" "$class/gus.so"
mkfifo "$class/pipe.c"
ln -s anna.c "$class/link.c"
: >"$class/empty.c"
graded 0 --class "$class" -j 2 --only tanh --seed 9
says err "gus.c: left out, its .so is graded"
row sources anna.c $(cases tanh) '""'
row sources bob $(cases tanh) '""'
row sources carl 0 "2 files could be the submission; call one of them submission.c:"
row sources dora 0 "does not compile: submission.c:1:25: error: expected"
row sources emil 0 "refused: it is a link that leaves the submission's folder"
row sources fay 0 "does not compile: submission.c:1:10: fatal error: ../anna.c: No such file"
row sources gus.so $(cases tanh) '""'
row sources pipe.c 0 "refused: it is a pipe"
row sources link.c 0 "refused: it is a link"
row sources empty.c 0 "refused: empty.c: empty"
[ "$(wc -l <"$class/grades.csv")" -eq 11 ] || fail "not one row for each source"
# A source that was mended is compiled again; what has marks is not graded again.
cp "$starter" "$class/dora/homework.c"
graded 0 --class "$class" --only tanh
says out "10 submissions graded with seed 9 (3 of them earlier), 4 with full marks"
row sources dora $(cases tanh) '""'
graded 0 --class "$class" --csv "$folder/bare.csv" --unsandboxed --only tanh --seed 9
grep -q "\"anna.c\",0,$(cases tanh),9,.*compiled in the sandbox" "$folder/bare.csv" ||
    fail "a source without the sandbox has no row"

# --- a signal while a source compiles ---------------------------------------------------------------------------------
# Tens of millions of tokens.
{
    echo '#define A0 x,'
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
        echo "#define A$i A$((i - 1)) A$((i - 1))"; done
    echo 'int x, y[] = {A25 0};'
} >"$folder/slow.c"
for signal in INT TERM; do
    # In the background a shell ignores SIGINT.
    env --default-signal=INT "$assay" grade --start-time 60 "$folder/slow.c" >"$folder/out" 2>&1 &
    pid=$!
    tries=0
    until pgrep -f "^/usr/[^ ]*cc1 .*submission.c" >/dev/null; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { cat "$folder/out"; fail "the compiler did not start within 20 s"; }
        sleep 0.1
    done
    kill -$signal $pid
    began=$(date +%s)
    wait $pid
    got=$?
    [ $(($(date +%s) - began)) -le 5 ] || fail "SIG$signal: the compilation was not ended at once"
    case $signal,$got in INT,130 | TERM,143) ;; *) fail "SIG$signal while a source compiles: exit status $got" ;; esac
    says out "interrupted; nothing is graded"
    [ -z "$(ls "$folder/tmp")" ] || fail "SIG$signal: left a file behind"
done
sleep 0.2
! pgrep -f "^/usr/[^ ]*cc1 .*submission.c" >/dev/null || fail "a compiler is still running"

# --- a disk that is full at the grade book: a file system of two pages ------------------------------------------------
full() {
    class=$folder/full
    mkdir "$class" "$folder/disk"
    for i in 1 2 3; do cp "$planted/starter.so" "$class/a$i.so"; done
    for i in 1 2 3 4 5 6 7 8 9; do for j in 1 2 3 4 5; do ln -s nowhere "$class/b$i$j.so"; done; done
    mount -t tmpfs -o size=8k none "$folder/disk" || fail "no small file system"
    trap 'umount "$folder/disk"; rm -rf "$folder"' EXIT
    graded 2 --class "$class" --csv "$folder/disk/grades.csv" --only tanh --seed 9
    says err "grades.csv: cannot be written: No space left on device"
    says err "the same command goes on with them"
    rows=$(($(wc -l <"$folder/disk/grades.csv") - 1))
    says err "stopped: $((48 - rows)) of 48 submissions are not graded yet"
    [ -z "$(tail -c 1 "$folder/disk/grades.csv" | tr -d '\n')" ] || fail "the grade book ends within a row"
    [ "$(grep -c "^\"a[123].so\",$(cases tanh),$(cases tanh),9," "$folder/disk/grades.csv")" -eq 3 ] ||
        fail "rows are lost"
    kept=$(grep '^"a' "$folder/disk/grades.csv")
    # Still full: the same again, and nothing is lost.
    graded 2 --class "$class" --csv "$folder/disk/grades.csv" --only tanh --seed 9
    [ "$(grep '^"a' "$folder/disk/grades.csv")" = "$kept" ] || fail "a second start on a full disk loses rows"
    [ "$(ls "$folder/disk")" = grades.csv ] || fail "a full disk: a temporary file is left"
    mount -o remount,size=1m "$folder/disk"
    graded 0 --class "$class" --csv "$folder/disk/grades.csv" --only tanh --seed 9
    says out "48 submissions graded with seed 9 (3 of them earlier), 3 with full marks"
    [ "$(grep '^"a' "$folder/disk/grades.csv")" = "$kept" ] || fail "what was graded was graded again"
    umount "$folder/disk"
    trap 'rm -rf "$folder"' EXIT
}
if [ "$(id -u)" -eq 0 ]; then
    full
else
    echo "SKIP: a full disk: only root mounts a small file system"
fi

# --- six PyTorch submissions at a time --------------------------------------------------------------------------------
[ -n "$all" ] || exit 0
need_python torch python3-torch
mkdir "$folder/torch"
for name in a b c d e f; do
    starter pytorch "$folder/torch/$name"
done
began=$(date +%s)
graded 0 --class "$folder/torch" -j 6 --seed 9 -- "$PYTHON" submission.py
echo "six PyTorch submissions: $(($(date +%s) - began)) s"
says out "6 submissions graded with seed 9 (0 of them earlier), 6 with full marks"
