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
says out "1.y.npy is not there"

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
while read -r how verdict; do
    graded 1 --folder "$folder" --only relu,tanh --time 0.3 -- "$PYTHON" spoil.py "$how"
    # On a busy machine there is more time.
    sed -i 's/no reply within [0-9.]* s/no reply within 1.5 s/' "$folder/out"
    [ "$(grep -cF ": $verdict" "$folder/out")" -eq 4 ] || {
        cat "$folder/out"
        fail "$how: four cases should be \"$verdict\""
    }
    grep -q "tanh  *4 of 4 cases" "$folder/out" || fail "$how: the other component was not graded"
done <<'END'
shape wrong shape, y: expected [
nan wrong, y[0]: got nan
raise error, ValueError: no idea
print no valid reply, not a JSON object: x is
half exited, ended with exit status 3 before it replied
kill crashed, killed by signal 9
sleep timed out, no reply within 1.5 s: going to sleep; printed last, without a newline: half a line
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
[ "$(grep -cF ": output limit, wrote more than 256 MiB of files" "$folder/out")" -eq 4 ] || {
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
