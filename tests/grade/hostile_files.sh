#!/bin/sh
# Hostile files: what a submission plants where the grader reads and writes, and what it is called. Everything becomes a
# row of the grade book, and nothing of the teacher's is touched. With ASSAY_HOSTILE=all (make check-hostile) all cases
# run, and root runs them a second time as an ordinary user; else those that take little time.
# evidence: errors: grade/folder, grade/exchange, grade/evidence, grade/text, program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy
all=${ASSAY_HOSTILE:-}
if [ -n "$all" ] && [ "$(id -u)" -eq 0 ] && [ -z "${ASSAY_ORDINARY:-}" ] && command -v setpriv >/dev/null; then
    chmod 777 "$folder"
    # The build folder may be closed to others: then there is nothing to run.
    if setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$assay" &&
        setpriv --reuid 65534 --regid 65534 --clear-groups bwrap --unshare-user --unshare-pid --unshare-net \
            --ro-bind / / --dev /dev --proc /proc true 2>/dev/null; then
        TMPDIR=$folder ASSAY_ORDINARY=1 HOME=$folder \
            setpriv --reuid 65534 --regid 65534 --clear-groups sh "$0" || fail "as an ordinary user"
    else
        echo "SKIP: an ordinary user cannot run bubblewrap or the program here"
    fi
fi
chmod 755 "$folder"
starter python "$folder"

# --- hostile entries in the folder of files: planted in relu; tanh, which comes first, is graded as usual -----------
echo "the teacher's" >"$folder/precious"
cat >"$folder/plant.py" <<'END'
import fcntl, json, os, socket, struct, sys, time
import numpy as np
import submission
how, outside = sys.argv[1], sys.argv[2]
where = "/exchange"
def relu(x):
    return {"y": np.maximum(x, 0)}
def links(names, target):
    for name in names:
        for folder in ("/exchange", "/inputs"):
            try: os.symlink(target, f"{folder}/{name}")
            except OSError: pass
names = [f"{i}.x.npy" for i in range(1, 12)]
if how == "link": links(names, outside)
if how == "fifo": [os.mkfifo(f"{where}/{name}") for name in names if not os.path.exists(f"{where}/{name}")]
if how == "folder": [os.makedirs(f"{where}/{name}/x", exist_ok=True) for name in names]
if how == "socket":
    os.chdir(where)
    for name in names:
        try: socket.socket(socket.AF_UNIX).bind(name)
        except OSError: pass
if how == "closed":
    try: os.chmod(where, 0)
    except OSError: pass # root's grader owns it
reply = None
def answer(name):
    reply = {"npy": name}
    return {"outputs": {"y": reply}}
def serve():
    for line in sys.stdin:
        request = json.loads(line)
        number = request["id"]
        if request["call"] == "hello":
            print(json.dumps({"functions": ["tanh", "relu"]}), flush=True); continue
        x = np.load(request["inputs"]["x"]["npy"])
        body = {"outputs": {"y": np.tanh(x).tolist()}}
        if request["call"] == "relu":
            name, path = f"{number}.y.npy", f"{where}/{number}.y.npy"
            if how in ("link", "fifo", "folder", "socket", "closed"):
                body = {"outputs": {"y": np.maximum(x, 0).tolist()}}
            if how == "long": body = answer("y" * 300)
            if how == "escape": body = answer("\u001b[31m.npy")
            if how == "reads": os.symlink(outside, path); body = answer(name)
            if how == "pipe": os.mkfifo(path); body = answer(name)
            if how == "dir": os.mkdir(path); body = answer(name)
            if how == "sparse":
                with open(path, "wb") as file: file.truncate(60 << 20)
                body = answer(name)
            if how == "lease":
                np.save(path, np.maximum(x, 0)); held = open(path, "r+b")
                try: fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
                except OSError: os.remove(path)
                body = answer(name)
            if how == "bomb": sys.stdout.write("{" + '"a":{},' * 500000 + '"id":1}\n'); sys.stdout.flush(); continue
            if how == "huge": print('{"id": %d, "outputs": {"y": [1e999]}}' % number, flush=True); continue
            if how == "deaf": socket.socket(fileno=0).shutdown(socket.SHUT_RD); time.sleep(60)
            if how == "maps":
                import mmap
                kept = []
                for i in range(15000):
                    prot = mmap.PROT_READ if i % 2 else mmap.PROT_READ | mmap.PROT_WRITE
                    try: kept.append(mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=prot))
                    except OSError: break
                body = {"outputs": {"y": np.maximum(x, 0).tolist()}}
        print(json.dumps({"id": number, **body}), flush=True)
serve()
END
while IFS='|' read -r how wanted verdict; do
    [ -n "$all" ] || case $how in link | reads | pipe | bomb) ;; *) continue ;; esac
    timeout 60 "$assay" grade --npy --time 5 --only tanh,relu --folder "$folder" -- "$PYTHON" plant.py "$how" \
        "$folder/precious" >"$folder/out" 2>"$folder/err"
    got=$?
    [ $got -eq "$wanted" ] || { cat "$folder/out" "$folder/err"; fail "$how: exit status $got, expected $wanted"; }
    grep -q "tanh  *$(cases tanh) of $(cases tanh) cases" "$folder/out" ||
        { cat "$folder/out"; fail "$how: the other component was not graded"; }
    [ -z "$verdict" ] || says out "$verdict"
    [ "$(cat "$folder/precious")" = "the teacher's" ] || fail "$how: a file of the teacher's was changed"
    ! grep -q "$(printf '\033')" "$folder/out" || fail "$how: a control character reached the terminal"
done <<'END'
link|0|
fifo|0|
folder|0|
socket|0|
closed|0|
long|1|a name of 300 bytes
escape|1|?[31m.npy: cannot be read
reads|1|it is a link
pipe|1|it is a pipe
dir|1|it is a folder
sparse|1|62914560 bytes, at most
lease|1|cannot be read
bomb|1|more than 100000 values or 1000 objects
huge|1|a number is beyond the range of double
maps|1|
END
# A submission that does not read the request: the grader waits without using processor time, which is measured.
used() { awk '{print $14 + $15}' "/proc/$1/stat"; }
deaf() {
"$assay" grade --npy --time 0.4 --only relu --folder "$folder" -- "$PYTHON" plant.py deaf x >"$folder/out" 2>&1 &
pid=$!
sleep 3
ticks=$(used $pid)
wait $pid
[ "$ticks" -lt 100 ] || fail "the grader spends $ticks ticks on a submission that does not read"
}
[ -z "$all" ] || deaf

# --- a class: what no submission is, is a row -------------------------------------------------------------------------
class=$folder/class
mkdir -p "$class/inner" "$class/leaves" "$class/anna"
cp "$planted/starter.so" "$class/anna/submission.so"
cp "$planted/starter.so" "$class/zoe.so"
cp "$planted/starter.so" "$class/Jörg.so"
cp "$planted/starter.so" "$class/Jürg.so"
cp "$planted/starter.so" "$class/=1+1.so"
cp "$planted/starter.so" "$class/$(printf 'x%.0s' $(seq 249)).so"
mkdir "$class/folder.so"; mkdir "$class/folder.so/a.so"
mkfifo "$class/pipe.so" "$class/inner/pipe.so"
ln -s nowhere "$class/dangling.so"
ln -s loop.so "$class/loop.so"
ln -s anna "$class/bob"
ln -s ../anna/submission.so "$class/leaves/submission.so"
truncate -s 1T "$class/sparse.so"
cp "$planted/starter.so" "$class/$(printf 'new\nline').so"
"$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$class/socket.so" # short enough
mkdir "$class/lost"; ln -s submission.so "$class/lost/submission.so"
mkdir "$class/shut"; cp "$planted/starter.so" "$class/shut/submission.so"; chmod 0 "$class/shut"
ln -s /dev/zero "$class/lost/device.so"
others=0
[ "$(id -u)" -ne 0 ] || { mknod "$class/device.so" c 1 5 && others=1; }
cp "$planted/starter.so" "$class/closed.so"; chmod 0 "$class/closed.so"
# A folder and strings with libassay in them, a copy of the reference under another name.
mkdir -p "$class/libassay-hater/libassay"; cp "$planted/starter.so" "$class/libassay-hater/mine.so"
echo "libassay.so.1 /usr/lib/libassay.so" >"$class/libassay-hater/libassay/notes.txt"
mkdir "$class/copier"; cp "$planted/starter.so" "$class/copier/submission.so"
cp "$(ls "$build"/lib/.libs/libassay.so.*.* | head -n 1)" "$class/copier/helper.bin"
graded 0 --class "$class" -j 2 --only tanh --seed 9 --reports "$folder/reports"
says out "submissions graded with seed 9 (0 of them earlier)"
book=$class/grades.csv
row() { # NAME POINTS REMARK
    grep -F "\"$1\",$2,$(cases tanh),9," "$book" | grep -qF -- "$3" ||
        { cat "$book"; fail "no row $1 with $2 points and \"$3\""; }
}
row anna $(cases tanh) '""'
row zoe.so $(cases tanh) '""'
row Jörg.so $(cases tanh) '""'
row Jürg.so $(cases tanh) '""'
row "'=1+1.so" $(cases tanh) '""'
row folder.so 0 "refused: it is a folder"
row pipe.so 0 "refused: it is a pipe"
row inner 0 "refused: it is a pipe"
row dangling.so 0 "refused: it is a link"
row loop.so 0 "refused: it is a link"
row bob 0 "refused: it is a link"
row leaves 0 "refused: it is a link that leaves the submission's folder"
row sparse.so 0 "refused: it has more than 256 MiB"
row closed.so 0 "refused: "
row 'new?line.so' $(cases tanh) '""'
row socket.so 0 "refused: it is a socket or a device"
row lost 0 "refused: it is a link"
[ "$(id -u)" -eq 0 ] || row shut 0 "refused: "
[ $others -eq 0 ] || row device.so 0 "refused: it is a socket or a device"
row libassay-hater $(cases tanh) '""'
row copier 0 "suspicion: helper.bin"
[ "$(wc -l <"$book")" -eq $((22 + others)) ] || { cat "$book"; fail "not one row for each submission"; }
ls "$folder/reports" | grep -q '^x*~.*\.txt$' || fail "no report of the longest name"
grep -q "SUSPICION" "$folder/reports/copier.txt" || fail "the report does not name the suspicion"
# A teacher has looked at it: the same seed, no marks lost, and the others are not graded again.
before=$(grep -v copier "$book" | grep -v refused | sort)
cp "$book" "$folder/book.csv"
graded 2 --class "$class" --only tanh --csv "$folder/book.csv" --time 3
says err "graded with other options"
cmp -s "$book" "$folder/book.csv" || fail "a mixture changed the grade book"
mkdir -p "$folder/looked/anna"
cp -r "$class/copier" "$folder/looked/"
cp "$planted/starter.so" "$folder/looked/anna/submission.so"
echo '{"weights": {"tanh": 3}}' >"$folder/rubric.json"
graded 0 --class "$folder/looked" --seed 9 --rubric "$folder/rubric.json"
says err "1 under suspicion of using the reference"
before_clearing=$(grep anna "$folder/looked/grades.csv")
echo '{"weights": {"tanh": 3}, "cleared": ["copier"]}' >"$folder/rubric.json"
graded 0 --class "$folder/looked" --rubric "$folder/rubric.json"
says out "2 submissions graded with seed 9 (1 of them earlier), 2 with full marks"
grep -q '^"copier",3,3,9,.*"cleared suspicion: helper.bin' "$folder/looked/grades.csv" ||
    fail "what a teacher cleared has no marks"
[ "$(grep anna "$folder/looked/grades.csv")" = "$before_clearing" ] || fail "clearing one graded another again"

# --- the grade book ---------------------------------------------------------------------------------------------------
for content in "a list of mine" "name,grade" ""; do
    printf '%s' "$content" >"$folder/mine.csv"
    [ -n "$content" ] || printf 'submission,points\nx,1' >"$folder/mine.csv"
    cp "$folder/mine.csv" "$folder/mine.copy"
    graded 2 --class "$class" --only tanh --csv "$folder/mine.csv"
    says err "not written by --class"
    cmp -s "$folder/mine.csv" "$folder/mine.copy" || fail "a foreign file was changed"
done
ln -s "$folder/precious" "$folder/link.csv"
graded 2 --class "$class" --only tanh --csv "$folder/link.csv"
says err "it is a link"
# Resumed: refused submissions that were mended are graded, all others stay, and the totals count everybody.
rm "$class/closed.so"; cp "$planted/starter.so" "$class/closed.so"
graded 0 --class "$class" --only tanh
says out "of them earlier), $(($(grep -c "^\"[^\"]*\",$(cases tanh),$(cases tanh),9" "$book"))) with full marks"
[ "$(grep -v copier "$book" | grep -v refused | grep -v closed | sort)" = "$before" ] || fail "what was graded changed"
row closed.so $(cases tanh) '""'
# Two names that would be one row.
mkdir "$folder/same"
cp "$planted/starter.so" "$folder/same/$(printf 'a\001.so')"
cp "$planted/starter.so" "$folder/same/$(printf 'a\002.so')"
graded 2 --class "$folder/same"
says err "two submissions are called a?.so"
[ ! -e "$folder/same/grades.csv" ] || fail "something ran before equal names were refused"
# A second grader names the process that has locked the book; a signal leaves nothing behind, and the class can go on.
mkdir "$folder/slow"
cp "$folder/submission.py" "$folder/slow.py"
for name in one two three; do
    mkdir "$folder/slow/$name"
    printf 'import sys, time\nfor line in sys.stdin:\n    time.sleep(30)\n' >"$folder/slow/$name/s.py"
done
mkdir "$folder/tmp"; chmod 777 "$folder/tmp"
TMPDIR=$folder/tmp "$assay" grade --class "$folder/slow" --npy -- "$PYTHON" s.py >"$folder/first" 2>&1 &
pid=$!
tries=0
until [ -s "$folder/slow/grades.csv" ] && pgrep -P "$pid" >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$folder/first"; fail "a class of slow submissions did not start within 10 s"; break; }
    sleep 0.1
done
graded 2 --class "$folder/slow" --npy -- "$PYTHON" s.py
says err "process $pid is grading into it"
kill -TERM $pid
wait $pid
[ $? -eq 143 ] || { cat "$folder/first"; fail "SIGTERM: not ended by the signal"; }
grep -q "interrupted: 3 of 3 submissions are not graded yet" "$folder/first" ||
    { cat "$folder/first"; fail "SIGTERM: the message does not name what is left"; }
[ -z "$(ls "$folder/tmp")" ] || fail "SIGTERM: left a folder behind"
! pgrep -f "$folder/slow" >/dev/null || fail "SIGTERM: left a process behind"
# Two exports into one folder: one of them is whole.
"$assay" grade --export "$folder/twice" --seed 1 >/dev/null 2>&1 &
"$assay" grade --export "$folder/twice" --seed 2 >/dev/null 2>&1
first=$?
wait $!
second=$?
[ $((first + second)) -eq 2 ] || [ $((first + second)) -eq 4 ] || fail "two exports: exit statuses $first and $second"
[ ! -e "$folder/twice/cases.json.part" ] || fail "an export left its temporary file"
