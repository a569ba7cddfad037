#!/bin/sh
# assay.check() in a real Jupyter kernel: the table, functions that use the session's globals, closures and classes,
# redefined functions, the public seed, and one line where something is wrong.
# evidence: property: program/grade
# evidence: errors: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_python numpy python3-numpy
need_python nbconvert jupyter-nbconvert
need_python ipykernel python3-ipykernel
ASSAY=$(cd "$build" && pwd)/tests/assay
export ASSAY
cp "$source/grade/student/assay.py" "$folder"
cd "$folder" || exit 1
export HOME="$folder" JUPYTER_PLATFORM_DIRS=1 PYDEVD_DISABLE_FILE_VALIDATION=1
printf '{"assay": "x", "seed": 21, "components": ["adam", "tanh", "sigmoid"]}\n' >assignment.json
cat >notebook.py <<'END2'
import json, sys
cells = ['''import assay
import numpy as np
SCALE = 1.0''',
'''def make():
    calls = []
    @assay.implements("tanh")
    def tanh(x):
        calls.append(len(x))
        return np.tanh(SCALE * x)
    return calls
calls = make()
class Optimizer:
    def __init__(self, params, lr):
        self.params, self.lr = params, lr
@assay.implements("adam")
class Adam(Optimizer):
    def __init__(self, params, lr, beta1, beta2, eps):
        super().__init__(params, lr)
        self.betas, self.eps, self.t = (beta1, beta2), eps, 0
        self.m, self.v = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    def step(self, gradients):
        self.t += 1
        for p, g, m, v in zip(self.params, gradients, self.m, self.v):
            m[:] = self.betas[0] * m + (1 - self.betas[0]) * g
            v[:] = self.betas[1] * v + (1 - self.betas[1]) * g * g
            p -= self.lr * m / (np.sqrt(v / (1 - self.betas[1] ** self.t)) + self.eps)''',
"assay.check()",
"assay.check()\nassert len(calls) == 8, calls",
"SCALE = 2.0\nassay.check(only='tanh', seed=5)",
'''@assay.implements("tanh")
def tanh(x):
    return not_defined(x)
assay.check(only="tanh")''',
"assay.check(only='nothing')"]
json.dump({"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": {"name": "python3", "display_name": "x"}},
           "cells": [{"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": cell}
                     for cell in cells]}, open("notebook.ipynb", "w"))
END2
"$PYTHON" notebook.py || fail "no notebook"
"$PYTHON" -m nbconvert --execute --allow-errors --to notebook --output done.ipynb notebook.ipynb >out 2>&1 ||
    { cat out; fail "nbconvert"; }
cat >outputs.py <<'END2'
import json, re
cells = json.load(open("done.ipynb"))["cells"]
def only_output(index):
    outputs = cells[index]["outputs"]
    assert len(outputs) == 1, (index, outputs)
    return outputs[0]
def table(index):
    data = only_output(index)["data"]
    rows = re.findall("<tr><td.*?>(.*?)</td><td>(.*?)</td><td.*?>(.*?)</td></tr>", "".join(data["text/html"]))
    return rows, "".join(data["text/plain"])
hints = "the first moment&#x27;s bias correction is missing<br>Hint: Which of the two averages starts at 0?"
rows, text = table(2)
assert rows == [("✓ tanh", "4 of 4", ""), ("– sigmoid", "", "not implemented"), ("✗ Adam", "0 of 5", hints)], rows
assert text.endswith("4 of 9 points with the public seed 21"), text
assert cells[3]["outputs"] == [], cells[3]
rows, text = table(4)
assert rows[0][:2] == ("✗ tanh", "0 of 4") and "the argument is doubled" in rows[0][2], rows
assert text.endswith("with the public seed 5"), text
rows, text = table(5)
assert rows[0][2].endswith("NameError: name &#x27;not_defined&#x27; is not defined, line 3 in tanh (all cases)"), rows
output = only_output(6)
assert output["ename"] == "AssayError" and len(output["traceback"]) == 1, output
assert output["traceback"][0].startswith("assay: nothing: no such component; there are "), output
END2
"$PYTHON" outputs.py || { cat done.ipynb; fail "what the notebook shows"; }
