#!/bin/sh
# The recipes of doc/grading-platforms.md for otter-grader and nbgrader, as far as they run without these programs: the
# test file with a stand-in for otter's decorator, the cell in a notebook that nbconvert executes, the collected folder.
# evidence: property: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_python numpy python3-numpy
ASSAY=$(cd "$build" && pwd)/tests/assay
export ASSAY
cp "$source/doc/grading-platforms.md" "$source/grade/student/assay.py" "$folder"
sed '/^if __name__/,$d; /^@assay/d; /^import assay/d; /^# assay/d' "$source/tests/starters/python/submission.py" \
    >"$folder/right.py"
sed 's/ m_hat = m \/ .*/ m_hat = m/' "$folder/right.py" >"$folder/wrong.py"
case $assay in /*) ;; *) assay=$PWD/$assay ;; esac
cd "$folder" || exit 1
# recipe FIRST_LINE: the indented block of the page that begins with this line.
recipe() { sed -n "/^    $1/,/^[^ ]/s/^    //p" grading-platforms.md; }

mkdir otter
cat >otter/test_files.py <<'END2'
def test_case(points):
    def decorate(test):
        test.points = points
        return test
    return decorate
END2
: >otter/__init__.py
recipe '# tests\/adam.py' >adam.py
cat >otter.py.run <<'END2'
import runpy, sys
environment = runpy.run_path(sys.argv[1])
test = runpy.run_path("adam.py")
assert test["OK_FORMAT"] is False and test["test_adam"].points == 4
test["test_adam"](environment)
END2
PYTHONPATH=$folder "$PYTHON" otter.py.run right.py >out 2>&1 || { cat out; fail "otter: a right submission fails"; }
PYTHONPATH=$folder "$PYTHON" otter.py.run wrong.py >out 2>&1 && fail "otter: a wrong submission passes"
says out "AssertionError: Adam  0 of 5  the first moment's bias correction is missing"

recipe '### BEGIN HIDDEN TESTS' >cell.py
[ "$(grep -c . cell.py)" -eq 6 ] || fail "nbgrader: the recipe"
for name in right wrong; do
    mkdir -p "submitted/$name/hw3"
    "$PYTHON" - $name.py "submitted/$name/hw3/hw3.ipynb" <<'END2'
import json, sys
cells = [open(sys.argv[1]).read(), open("cell.py").read()]
json.dump({"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": {"name": "python3", "display_name": "x"}},
           "cells": [{"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
                     for cell in cells]}, open(sys.argv[2], "w"))
END2
done
if "$PYTHON" -c "import nbconvert, ipykernel" 2>/dev/null; then
    HOME=$folder JUPYTER_PLATFORM_DIRS=1 PYTHONPATH=$folder
    export HOME JUPYTER_PLATFORM_DIRS PYTHONPATH
    for name in right wrong; do
        "$PYTHON" -m nbconvert --execute --allow-errors --to notebook --output done.ipynb \
            "submitted/$name/hw3/hw3.ipynb" >out 2>&1 || { cat out; fail "nbconvert"; }
        grep -c 'AssertionError' "submitted/$name/hw3/done.ipynb" >out
        case $name$(cat out) in right0 | wrong[1-9]*) ;; *) fail "nbgrader: $name" ;; esac
        rm "submitted/$name/hw3/done.ipynb"
    done
fi

need_sandbox
recipe 'mkdir collected' | sed "s|^assay|\"$assay\"|; s/--rubric.*/--only adam --seed 7/" >collect.sh
sh -eu collect.sh >out 2>&1 || { cat out; fail "the collected folder"; }
sed -n 's/^"\([^"]*\)",\([0-9]*\),.*/\1 \2/p' collected/grades.csv | sort >out
[ "$(cat out)" = "right 5
wrong 0" ] || { cat collected/grades.csv; fail "the grades"; }
