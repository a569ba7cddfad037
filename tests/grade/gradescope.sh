#!/bin/sh
# assay gradescope: the archive unpacked as Gradescope does it, its run_autograder, what results.json tells a student.
# evidence: property: program/gradescope
# evidence: errors: program/gradescope
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy
case $assay in /*) ;; *) assay=$PWD/$assay ;; esac
ASSAY=$assay
ASSAY_AUTOGRADER=$folder/autograder
export ASSAY ASSAY_AUTOGRADER PYTHON
cd "$folder" || exit 1
printf '{"name": "Homework", "weights": {"adam": 10, "tanh": 2}}\n' >rubric.json
echo "a package" >assay.deb
# written STATUS WORD...
written() {
    wanted=$1
    shift
    "$assay" gradescope "$@" >out 2>err
    got=$?
    [ $got -eq "$wanted" ] || { cat out err; fail "assay gradescope $*: exit status $got, expected $wanted"; }
}
echo "another package" >libassay.deb
written 0 a.zip --rubric rubric.json --install assay.deb --install libassay.deb --packages "python3-torch"
# unpack ARCHIVE: a fresh /autograder.
unpack() {
    rm -rf autograder
    mkdir -p autograder/source autograder/submission
    "$PYTHON" -m zipfile -e "$1" autograder/source || fail "the archive cannot be unpacked"
}
unpack a.zip
cmp -s assay.deb autograder/source/install/assay.deb && cmp -s libassay.deb autograder/source/install/libassay.deb ||
    fail "the packages are not in the archive"
cmp -s "$source/grade/include/assay/student.h" autograder/source/include/assay/student.h || fail "the header"
[ "$(cat autograder/source/packages)" = python3-torch ] || fail "the packages"
"$PYTHON" - a.zip <<'END2' || fail "setup.sh and run_autograder are no programs"
import sys, zipfile
for name in ("setup.sh", "run_autograder"):
    assert zipfile.ZipFile(sys.argv[1]).getinfo(name).external_attr >> 16 == 0o100755
END2
sh -n autograder/source/setup.sh || fail "setup.sh"

# run: run_autograder, and whether results.json has only what Gradescope documents. Prints what a student sees.
run() {
    rm -rf autograder/results
    sh autograder/source/run_autograder >log 2>&1 || { cat log; fail "run_autograder: exit status $?"; }
    hidden=$(cat autograder/results/results.json)
    "$PYTHON" - autograder/results/results.json >out <<'END2' || { cat log; fail "results.json: $hidden"; }
import json, sys
results = json.load(open(sys.argv[1]))
top = {"score", "output", "output_format", "test_output_format", "test_name_format", "execution_time", "visibility",
       "stdout_visibility", "tests"}
assert set(results) <= top, set(results) - top
total = 0
print("score", results["score"])
print(results["output"])
for test in results["tests"]:
    known = {"name", "score", "max_score", "status", "output", "visibility"}
    assert set(test) <= known, set(test) - known
    assert test["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
    assert test.get("status", "failed") in ("passed", "failed")
    total += test.get("score", 0)
    if test["visibility"] == "visible":
        print(f"{test['name']}: {test['score']} of {test['max_score']}\n{test['output']}")
assert abs(total - results["score"]) < 1e-9, (total, results["score"])
END2
}
lacks() { ! grep -q "$1" out || { cat out; fail "a student sees \"$1\""; }; }

starter python whole
sed 's/ m_hat = m \/ .*/ m_hat = m/; s/(np.sqrt(v_hat) + self.epsilon)/np.sqrt(v_hat + self.epsilon)/' \
    whole/submission.py >autograder/submission/my_work.py
run
says out "epsilon is inside the root. Hint: What is epsilon added to?"
says out "score 2"
says out "Adam: 0.0 of 10.0"
says out "the first moment's bias correction is missing. Hint: Which of the two averages starts at 0?"
says out "tanh: 2.0 of 2.0"
lacks 'got '; lacks 'seed'; lacks '[0-9]\.[0-9][0-9][0-9]'
case $hidden in *'"name": "for the teacher"'*seed*got*) ;; *) fail "the teacher does not see the values" ;; esac

# A student's exception may carry the inputs: it is for the teacher.
sed 's/^    return np.tanh(x)$/    raise ValueError(f"the input is {x}")/' whole/submission.py \
    >autograder/submission/my_work.py
run
says out "score 10"
lacks 'the input is'
says out "error. Hint: The message is for your teacher."
case $hidden in *'the input is'*) ;; *) fail "the teacher does not see the exception" ;; esac
# Unless the rubric says so.
printf '{"weights": {"adam": 10, "tanh": 2}, "show_values": true}\n' >shown.json
written 0 b.zip --rubric shown.json --install assay.deb
cp autograder/submission/my_work.py kept.py
unpack b.zip
cp kept.py autograder/submission/
run
says out 'the input is'

# Without a sandbox another user runs the submission, who must be able to read the runners.
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups -- "$@"; }
without_sandbox=
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && command -v cc >/dev/null; then
    without_sandbox=1
    as_nobody test -r "$("$assay" gradescope --runners)/python/__main__.py" || {
        announce_skip "gradescope without a sandbox: other users cannot read this build folder"
        without_sandbox=
    }
fi
# A notebook, JavaScript, C; a source that does not compile; none, or two files; a command with a quote in it.
# scores POINTS FILE: with a sandbox, and in a container that allows none.
scores() {
    for no_sandbox in "" $without_sandbox; do
        rm -rf autograder/submission
        mkdir autograder/submission
        cp "$2" autograder/submission/
        ASSAY_NO_SANDBOX=$no_sandbox run
        says out "score $1"
        [ -z "$no_sandbox" ] || grep -q 'no sandbox in this container' log || fail "the log does not tell"
    done
}
cat >notebook.py <<'END2'
import json
cells = ["import numpy as np", "%matplotlib inline\ndef tanh(x):\n    return np.tanh(x)", "tanh(1) / 0"]
json.dump({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [
    {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": c} for c in cells]},
          open("homework 3.ipynb", "w"))
END2
"$PYTHON" notebook.py
scores 2 "homework 3.ipynb"
if command -v node >/dev/null; then
    scores 12 "$source/tests/starters/javascript/submission.js"
fi
# The runner where another user can read it.
cp "$build/assay-grade-runner" runner 2>/dev/null || cp "${OLDPWD}/$build/assay-grade-runner" runner
chmod 755 runner
ASSAY_GRADE_RUNNER=$folder/runner
export ASSAY_GRADE_RUNNER
scores 12 "$source/tests/starters/c/submission.c"
if [ -n "$without_sandbox" ]; then
    rm autograder/submission/*
    cat >autograder/submission/spy.py <<'END2'
import os, sys
import assay, numpy as np
for path in (os.environ.get("HOME", "-"), PLACE + "/source/rubric.json", PLACE + "/results"):
    try: os.listdir(path) if os.path.isdir(path) else open(path); sys.exit("reads " + path)
    except OSError: pass
if os.getuid() == 0: sys.exit("is root")
@assay.implements("tanh")
def tanh(x):
    return np.tanh(x)
assay.main()
END2
    sed -i "s|PLACE|\"$ASSAY_AUTOGRADER\"|g" autograder/submission/spy.py
    ASSAY_NO_SANDBOX=1 run
    says out "score 2"
fi
rm -f autograder/submission/*
echo 'int one(void) { return 1 }' >autograder/submission/a.c
run
says out "score 0"
says out "does not compile."
says out "error: expected"
echo 'more' >autograder/submission/b.c
run
says out "Hand in one file"
rm autograder/submission/*
cp whole/* autograder/submission/
written 0 c.zip --rubric rubric.json --install assay.deb -- "$PYTHON" -c \
    "import assay; assay._load('submission.py'); assay.serve()"
mv autograder/submission kept
unpack c.zip
rmdir autograder/submission
mv kept autograder/submission
run
says out "score 12"

# Refused, with what was there as it was.
while IFS='|' read -r options text; do
    # shellcheck disable=SC2086
    written "${options%% *}" ${options#* }
    says err "$text"
    [ "$(wc -l <err)" -eq 1 ] || fail "$options: more than one line"
done <<'END2'
2 x.zip|--rubric is missing
2 --rubric rubric.json|OUT.zip is missing
2 x.zip --rubric rubric.json|--install is missing
2 x.zip y.zip --rubric rubric.json|unexpected argument 'y.zip'
2 assay.deb --rubric rubric.json --install assay.deb|assay.deb
2 rubric.json --rubric rubric.json --install assay.deb|rubric.json
2 x.zip --rubric rubric.json --install assay.deb --packages $(id)|not a list of packages
1 x.zip --rubric assay.deb --install assay.deb|assay.deb, line 1
1 x.zip --rubric rubric.json --install nothing.deb|nothing.deb
1 /nonexistent/x.zip --rubric rubric.json --install assay.deb|/nonexistent/x.zip
1 --results rubric.json --rubric rubric.json|no report of assay grade
2 x.zip --nonsense|--nonsense
END2
[ ! -e x.zip ] || fail "half an archive was left"
[ "$(cat assay.deb)" = "a package" ] || fail "an input was changed"
