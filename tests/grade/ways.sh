#!/bin/sh
# The other ways to submit: a command with arrays inline or in .npy files, and files alone; and their errors.
# evidence: property: grade/exchange, grade/npy, grade/child
# evidence: errors: grade/exchange, grade/npy, program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy
all=$(cases)
starter=$folder/starter
starter python "$starter"
graded 0 --folder "$starter" -- "$PYTHON" submission.py
says out "$all /   $all points, full marks"
graded 0 --npy --folder "$starter" -- "$PYTHON" submission.py
says out "$all /   $all points, full marks"

# Files: exported, solved, imported; another seed's outputs do not pass.
graded 0 --export "$folder/one" --seed 1
graded 0 --export "$folder/two" --seed 2
graded 2 --export "$folder/two" --seed 2
says err "export into a new folder"
graded 1 --import "$folder/one"
"$PYTHON" "$starter/submission.py" solve "$folder/one" || fail "the starter does not solve the exported cases"
graded 0 --import "$folder/one"
says out "$all /   $all points, full marks"
for file in "$folder"/one/*.npy; do
    [ -e "$folder/two/${file##*/}" ] || cp "$file" "$folder/two"
done
graded 1 --import "$folder/two"
points=$(sed -n 's/^  total  *\([0-9.]*\) .*/\1/p' "$folder/out")
[ "${points%.*}" -lt 20 ] || fail "replayed outputs earn $points points"
rm "$folder/one/1.y.npy"
graded 1 --import "$folder/one"
says out "no valid reply, 1.y.npy is not there"

# An answer that is no array of numbers is a wrong case, with the reason; other dtypes and orders of real numbers are
# read. Arrays of float32 are judged in single precision, and the program says so.
cat >"$folder/answers.py" <<'END'
import json, os, sys
import numpy as np
folder, how = sys.argv[1:]
with open(os.path.join(folder, "cases.json")) as file:
    cases = json.load(file)["cases"]
for case in cases:
    x = np.load(os.path.join(folder, case["inputs"]["x"]["npy"]))
    y, path = np.maximum(x, 0), os.path.join(folder, case["outputs"]["y"]["npy"])
    if case is not cases[0] and how != "float32":
        np.save(path, y)
    elif how == "empty": open(path, "w").close()
    elif how == "cut":
        np.save(path, y)
        os.truncate(path, os.path.getsize(path) - 5)
    elif how == "folder": os.mkdir(path)
    elif how == "text": np.savetxt(path, y)
    elif how == "objects": np.save(path, y.astype(object))
    elif how == "complex": np.save(path, y.astype(complex))
    elif how == "none": np.save(path, y[:0])
    elif how == "integers": np.save(path, y.astype(int))
    elif how == "big": np.save(path, y.astype(">f8"))
    elif how == "fortran": np.save(path, np.asfortranarray(y))
    elif how == "float32": np.save(path, y.astype(np.float32))
END
while IFS='|' read -r how status text; do
    rm -rf "$folder/relu"
    graded 0 --export "$folder/relu" --only relu --seed 3
    "$PYTHON" "$folder/answers.py" "$folder/relu" "$how" || fail "no answers: $how"
    graded "$status" --import "$folder/relu"
    says out "$text"
    [ "$how" = float32 ] || says err "judged in double precision: none of "
done <<'END'
left out|1|no valid reply, 1.y.npy is not there
empty|1|no valid reply, 1.y.npy: not a .npy file; write it with numpy.save
cut|1|no valid reply, 1.y.npy: 147 bytes of data, expected 152
folder|1|no valid reply, 1.y.npy: not a regular file: it is a folder
text|1|no valid reply, 1.y.npy: not a .npy file
objects|1|save real numbers, a.astype(numpy.float64)
complex|1|no valid reply, 1.y.npy: dtype is '<c16'; save real numbers
none|1|wrong shape, 1.y.npy: the shape is [0], expected [19]
integers|1|wrong, y[
big|0|full marks
fortran|0|full marks
float32|0|full marks
END
says err "judged in single precision: 4 of 4 arrays are float32 or float16"
sed -i 's/"precision": 64/"precision": 16/' "$folder/relu/cases.json"
graded 2 --import "$folder/relu"
says err '"precision" is 64, or 32 for float32 arrays'

# A program between the grader and the starter that spoils what goes through it.
starter python "$folder"
cat >"$folder/spoil.py" <<'END'
import os, sys
import numpy as np
import assay, submission
how, real = sys.argv[1], submission.relu
@assay.implements("relu")
def relu(x):
    y = real(x)
    if how in ("sleep", "fill") and x.size > 1: return y # slow: only in one case
    if how == "shape": return np.stack([y, y])
    if how == "column": return y.reshape(-1, 1)
    if how == "nan": return y * np.nan
    if how == "raise": raise ValueError("no idea")
    if how == "print": print("x is", x)
    if how == "half": sys.stdout.write('{"id": 1, "outp'); sys.stdout.flush(); os._exit(3)
    if how == "kill": os.kill(os.getpid(), 9)
    if how == "sleep":
        import time
        print("going to sleep", file=sys.stderr, flush=True)
        os.write(1, b"half a line")
        time.sleep(60)
    if how == "modify": x[...] = np.maximum(x, 0); return x
    if how == "fill":
        for i in range(40):
            with open(f"/exchange/{i}", "wb") as file: file.write(bytes(60 << 20))
    return y
assay.serve(sys.stdin, sys.stdout) # what it prints is among the replies
END
while read -r count how verdict; do
    graded 1 --folder "$folder" --only relu,tanh --time 0.3 -- "$PYTHON" spoil.py "$how"
    # On a busy machine there is more time.
    sed -i 's/no reply within [0-9.]* s/no reply within 1.5 s/' "$folder/out"
    [ "$(grep -cF ": $verdict" "$folder/out")" -eq "$count" ] || {
        cat "$folder/out"
        fail "$how: $count cases should be \"$verdict\""
    }
    grep -q "tanh  *4 of 4 cases" "$folder/out" || fail "$how: the other component was not graded"
done <<'END'
4 shape wrong shape, y: expected [
4 nan wrong, y[0]: got nan
4 raise error, ValueError: no idea
4 print no valid reply, not a JSON object: x is
4 half exited, ended with exit status 3 before it replied
4 kill crashed, killed by signal 9
1 sleep timed out, no reply within 1.5 s: going to sleep; printed last, without a newline: half a line
END
graded 0 --folder "$folder" --only relu,tanh -- "$PYTHON" spoil.py modify
# An axis of length 1 too many is named and costs nothing.
for option in "" --npy; do
    graded 0 $option --folder "$folder" --only relu,tanh -- "$PYTHON" spoil.py column
    says out "the values are right, but not the shape of y: expected ["
    says out "[any.singleton_axis]"
    says out "full marks"
done
# Not the time is at stake here: on a busy machine writing that much takes seconds.
graded 1 --npy --time 15 --folder "$folder" --only relu,tanh -- "$PYTHON" spoil.py fill
[ "$(grep -cF ": output limit, wrote more than 256 MiB of files" "$folder/out")" -eq 1 ] || {
    cat "$folder/out"
    fail "the exchange folder can be filled"
}

# What each message says, where its cause is easily taken for another one.
cat >"$folder/outside.sh" <<'END'
read -r line; echo '{"functions": ["relu"]}'
while read -r line; do id=${line#*:}; echo "{\"id\": ${id%%,*}, \"outputs\": {\"y\": {\"npy\": \"/tmp/y.npy\"}}}"; done
END
graded 1 --npy --folder "$folder" --only relu -- sh outside.sh
says out "/tmp/y.npy is outside /exchange; write outputs there, without folders"
graded 1 --folder "$folder" --only relu -- sh outside.sh
says out "names a .npy file, but arrays are inline; start the grader with --npy"
graded 1 --folder "$folder" --only relu -- sh -c 'echo "cannot open /etc/java-17-openjdk/security" >&2; exit 1'
says out "if it needs a folder outside /usr, show it with --bind"
# A process that leaves its group and its session ends with the sandbox.
graded 1 --folder "$folder" --only relu -- sh -c 'setsid sleep 54321 >/dev/null 2>&1 & exec sh outside.sh'
! pgrep -f "sleep 54321" >/dev/null || fail "a daemon of a submission is still running"

# The reference library is no answer: loaded by a program, opened by a shared object.
library=$(ls "$build"/lib/.libs/libassay.so.*.* | head -n 1)
cat >"$folder/cheat.py" <<END
import assay, ctypes, submission
ctypes.CDLL("$library")
assay.serve()
END
graded 1 --folder "$folder" --only relu --bind "$(cd "$build/lib/.libs" && pwd)" -- "$PYTHON" cheat.py
grep -q "ASan runtime" "$folder/out" || says out "SUSPICION" # built with it, the library cannot be loaded at all
graded 1 --only relu "$planted/cheat.so"
says out "SUSPICION: it may use the reference: cheat.so"

# What cannot be graded says why, in one line, with exit status 2.
graded 1 --folder "$folder" -- /nonexistent/program
says out "every case: exited"
graded 1 --folder "$folder" -- sleep 0
says out "every case: exited, ended with exit status 0 before it replied"
while IFS='|' read -r options text; do
    # shellcheck disable=SC2086
    graded 2 $options
    says err "$text"
    [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "$options: more than one line"
done <<'END'
|nothing to grade
/nonexistent.so|/nonexistent.so: not there
--only nothing x.so|nothing: no such component
--format pdf x.so|no format 'pdf'
--seed -1 x.so|--seed -1
--seed|seed
--import /nonexistent|/nonexistent: cannot be opened
--class /nonexistent|/nonexistent: cannot be opened
--rubric /nonexistent x.so|/nonexistent
--export a --import b|more than one thing to grade
--nonsense x.so|nonsense
END
ln -s "$(command -v rm)" "$(command -v sh)" "$folder/" 2>/dev/null
PATH=$folder "$assay" grade "$planted/starter.so" >"$folder/out" 2>"$folder/err"
[ $? -eq 2 ] || fail "without bubblewrap it does not refuse"
says err "apt-get install bubblewrap"
graded 0 --unsandboxed "$planted/starter.so"
