#!/bin/sh
# A class: found, graded in parallel, written to a CSV, and gone on with after an interruption.
# evidence: property: program/grade
# evidence: errors: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
class=$folder/class
mkdir -p "$class/anna" "$class/notes"
cp "$planted/starter.so" "$class/anna/submission.so"
plant "$class/sgd.sign.so"
plant "$class/a, \"b\".so"
graded 0 --class "$class" -j 2 --only sgd,momentum --seed 9 --format json --reports "$folder/reports"
says out "3 submissions graded with seed 9 (0 of them earlier), 2 with full marks"
sort "$class/grades.csv" >"$folder/out"
says out 'submission,points,possible,seed,seconds,mistakes,not_run,remark,options'
says out '"a, ""b"".so",10,10,9,'
says out '"anna",10,10,9,'
says out '"sgd.sign.so",5,10,9,'
says out ',"sgd.sign",0,"","assay '
[ "$(wc -l <"$class/grades.csv")" -eq 4 ] || fail "not one line for each submission"
grep -q '"id": "sgd.sign"' "$folder/reports/sgd.sign.so.json" || fail "no report of its own"

# One more submission; the last line was cut when the machine went down.
plant "$class/momentum.sign.so"
before=$(head -n 3 "$class/grades.csv")
printf '%s\n"sgd.si' "$before" >"$class/grades.csv"
graded 0 --class "$class" -j 2 --only sgd,momentum
says out "4 submissions graded with seed 9 (2 of them earlier), 2 with full marks"
[ "$(head -n 3 "$class/grades.csv")" = "$before" ] || fail "what was graded is graded again"
[ "$(cut -d'"' -f2 "$class/grades.csv" | sort | uniq -d)" = "" ] || fail "a submission is there twice"
[ "$(wc -l <"$class/grades.csv")" -eq 5 ] || fail "a submission is missing"
[ "$(grep -c '^"\(sgd\|momentum\).sign.so",5,10,9,' "$class/grades.csv")" -eq 2 ] ||
    fail "the line that was cut is not complete again"
graded 2 --class "$class" --seed 10
says err "graded with seed 9"
echo "name,grade" >"$folder/other.csv"
graded 2 --class "$class" --csv "$folder/other.csv"
says err "line 1: not written by --class"
[ "$(cat "$folder/other.csv")" = "name,grade" ] || fail "a foreign CSV was changed"

# Interrupted for real: what is written is whole, and the rest follows.
rm "$class/grades.csv"
for i in 1 2 3 4 5 6 7 8; do cp "$planted/starter.so" "$class/s$i.so"; done
"$assay" grade --class "$class" -j 2 --seed 9 >/dev/null 2>&1 &
pid=$!
while [ "$(cat "$class/grades.csv" 2>/dev/null | wc -l)" -lt 4 ]; do sleep 0.02; done
kill -9 $pid
wait $pid 2>/dev/null
graded 0 --class "$class" -j 2
says out "12 submissions graded with seed 9"
[ "$(cut -d'"' -f2 "$class/grades.csv" | sort -u | wc -l)" -eq 13 ] ||
    fail "after an interruption a submission is missing"

# The machine has no process or namespace left for a sandbox: not the submission's fault, so it is graded again.
mkdir "$folder/bin" "$folder/few"
cp "$planted/starter.so" "$folder/few/one.so"
cat >"$folder/bin/bwrap" <<'END2'
#!/bin/sh
cd FOLDER/bin || exit 1
echo >>calls
if [ -e busy ] && [ "$(wc -l <calls)" -ge "$(cat busy)" ]; then
    echo "bwrap: Creating new namespace failed: Resource temporarily unavailable" >&2
    exit 1
fi
cd "$OLDPWD" || exit 1
END2
sed -i "s|FOLDER|$folder|" "$folder/bin/bwrap"
echo "exec $(command -v bwrap) \"\$@\"" >>"$folder/bin/bwrap"
chmod 755 "$folder/bin/bwrap"
path=$PATH
PATH=$folder/bin:$PATH
graded 0 --only sgd "$folder/few/one.so"
# The last call started the submission; those before looked whether there can be a sandbox.
wc -l <"$folder/bin/calls" >"$folder/bin/busy"
rm "$folder/bin/calls"
graded 1 --class "$folder/few" --only sgd --seed 9
says err "1 NOT RUN to the end"
rm "$folder/bin/busy"
graded 0 --class "$folder/few" --only sgd --seed 9
PATH=$path
grep -q '^"one.so",5,5,' "$folder/few/grades.csv" || { cat "$folder/few/grades.csv"; fail "it was not graded again"; }

# A command in each folder.
"$PYTHON" -c "import numpy" 2>/dev/null || exit 0
starter python "$folder/people/one"
starter python "$folder/people/two"
sed -i 's/w -= self.learning_rate \* m$/w += self.learning_rate * m/' "$folder/people/two/submission.py"
graded 0 --class "$folder/people" --only momentum -- "$PYTHON" submission.py
grep -q '"two",0,5,.*"momentum.sign"' "$folder/people/grades.csv" || fail "the command's mistake is not named"
grep -q '"one",5,5,.*,""' "$folder/people/grades.csv" || fail "the right command has no full marks"
