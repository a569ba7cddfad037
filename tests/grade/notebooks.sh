#!/bin/sh
# What students hand in: notebooks in the styles of several courses, right and wrong, and what cannot be graded.
# evidence: golden: grade/form, grade/findings, grade/submission
# evidence: hostile: grade/form, grade/submission
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
[ -x /usr/bin/python3 ] || skip "the sandbox shows no python3; apt-get install python3"

# wrong NAME ID...: each of these mistakes is named.
wrong() {
    notebook=$1
    shift
    graded 1 --seed 1 "$notebooks/$notebook"
    for id; do
        says out "[$id]"
    done
}

# refused FILE TEXT: the one thing that is wrong with it, in one line.
refused() {
    graded 1 "$folder/$1"
    says out "every case: no usable submission, $2"
}

right plain_python.ipynb
says out "Adam: class Fast, cell 3"
says out "ReLU, derivative: function relu_derivative, cell 2"
wrong plain_python_wrong.ipynb tanh_gradient.square_missing sigmoid.sign sgd.sign momentum.weights_swapped

if python_has numpy; then
    right numpy_uva.ipynb
    says out "softmax: class SoftMaxModule, cell 4"
    wrong numpy_uva_wrong.ipynb linear_backward.averaged_twice cross_entropy.summed cross_entropy_gradient.not_averaged
    right numpy_cs231n.ipynb
    says out "Adam: function adam, cell 5"
    wrong numpy_cs231n_wrong.ipynb linear_forward.bias_missing linear_backward.dbias_averaged \
        relu_gradient.one_at_zero cross_entropy.summed cross_entropy_gradient.not_averaged adam.epsilon_in_root
    right numpy_deeplearning.ipynb
    says out "function initialize_parameters_he, cell 2"
    says out "init_utils (cell 1)"
    wrong numpy_deeplearning_wrong.ipynb sigmoid_gradient.on_preactivation init_kaiming.fan_out \
        adam.both_corrections_missing
fi

if python_has torch; then
    right torch_tutorial.ipynb
    says out "Adam: class Adam, cell 14"
    says out "a short training run: class BaseNetwork, cell 3 with SGD, SGDMomentum, Adam"
    points=0
    for component in identity identity_gradient init_constant init_normal init_fan_in init_xavier init_kaiming sgd \
        momentum adam network_gradient training pathological_curve steep_optima; do
        points=$((points + $(cases $component)))
    done
    says out "$points /    $points points"
    right torch_modules.ipynb
    right torch_float32.ipynb
    says out "judged in single precision: its tensors have no more"
    wrong torch_wrong_adam.ipynb momentum.averaging_missing adam.first_correction_missing
    wrong torch_wrong_init.ipynb init_constant.bias_skipped init_normal.std_as_variance init_fan_in.fan_out \
        init_xavier.root_missing init_kaiming.gain_on_first_layer pathological_curve.factor_missing \
        steep_optima.optimum_missing
    wrong torch_wrong_network.ipynb relu.absolute leaky_relu.slope_ignored softmax.max_of_batch \
        cross_entropy.summed cross_entropy_gradient.not_averaged network_gradient.activation_on_output
fi

# --- the other kinds, and folders
if [ -x /usr/bin/node ] || [ -x /usr/local/bin/node ]; then
    right right.js
    says out "Adam: function adam, line 33"
    wrong wrong.js relu_gradient.one_at_zero adam.first_correction_missing
else
    left_out="$left_out node"
fi

cat >"$folder/mine.py" <<'END'
import helper

# assay: relu = Rectifier
def Rectifier(x):
    return helper.top(x)

def hyperbolic_tanget(x):
    return 0.0

def sigmoyd(x):
    return x

while True:  # must not run
    pass
END
mkdir "$folder/ann" "$folder/bob" "$folder/cas" "$folder/dee"
mv "$folder/mine.py" "$folder/ann/submission.py"
cp "$folder/ann/submission.py" "$folder/alone.py"
echo 'def top(x):
    return max(0.0, x)
raise SystemExit("must not run")' >"$folder/ann/helper.py"
graded 0 "$folder/ann"
says out "ReLU: function Rectifier, line 4"
says out "sigmoid: NOT FOUND; the nearest name is sigmoyd, line 10"
graded 1 "$folder/alone.py"
says out "not installed where submissions run: helper (line 1)"
says out "error, ModuleNotFoundError: No module named 'helper' (line 5)"

# What is imported: a module that fails is told once, and the stand-in for the module assay looks like a module.
mkdir -p "$folder/fay/kit"
printf 'top\0' >"$folder/fay/helper.py"
printf 'top\0' >"$folder/fay/kit/bad.py"
echo 'LEAST = 0.0' >"$folder/fay/kit/good.py"
cat >"$folder/fay/submission.py" <<'END'
import inspect
from assay import *
import helper
from helper import top
import kit.bad
from kit.good import *
from math import nothing

@implements("relu")
def mine(x):
    inspect.stack()  # looks at each loaded module's file, as `import torch` of PyTorch 2.6 does
    return max(x, LEAST)
END
graded 0 --only relu "$folder/fay"
says out "note: line 3: import of helper fails"
says out "note: line 5: import of kit.bad fails"
says out "not installed where submissions run: nothing of math (line 7)"
[ "$(grep -c "fails" "$folder/out")" -eq 2 ] || { cat "$folder/out"; fail "an import that fails is told twice"; }
echo '{"tanh": "sigmoyd", "sigmoyd": "relu"}' >"$folder/map.json"
graded 1 --format json --map "$folder/map.json" "$folder/alone.py"
says out '"text": "function sigmoyd, line 10"'
says out "sigmoyd is no component of assay"
echo '["tanh"]' >"$folder/map.json"
graded 2 --map "$folder/map.json" "$folder/alone.py"
says err 'not a JSON object like {"adam": "MyAdam"}'
cp "$notebooks/plain_python.ipynb" "$folder/bob/Week 3.ipynb"
graded 0 --only sgd "$folder/bob"
cp "$folder/alone.py" "$folder/bob" # a module beside a notebook
graded 0 --only sgd "$folder/bob"
cp "$notebooks/plain_python.ipynb" "$notebooks/numpy_uva.ipynb" "$folder/cas"
refused cas "2 files could be the submission; call one of them submission"
refused dee "no file in it is a submission; its name must end with .ipynb, .py, .js, .mjs, .c or .so"

# --- what cannot be graded
echo 'Not { JSON' >"$folder/text.ipynb"
refused text.ipynb "not a notebook: not JSON (line 1, column 1"
echo '{"cells": [{"cell_type": "markdown", "source": "Hello"}], "nbformat": 4}' >"$folder/words.ipynb"
refused words.ipynb "a notebook without a code cell"
echo '{"cells": [], "metadata": {"kernelspec": {"language": "R"}}, "nbformat": 4}' >"$folder/r.ipynb"
refused r.ipynb "a notebook in R: only Python notebooks can be graded"
echo '{"cells": [{"cell_type": "code", "source": "x = 1"}], "nbformat": 4}' >"$folder/none.ipynb"
refused none.ipynb "no component found: it defines no function and no class"

# nbformat 3 is read; Python 2 code is a note, and the other cells count.
cat >"$folder/old.ipynb" <<'END'
{"nbformat": 3, "worksheets": [{"cells": [
 {"cell_type": "code", "language": "python", "input": "def relu(x):\n    print x\n    return max(0.0, x)"},
 {"cell_type": "code", "language": "python",
  "input": ["%matplotlib inline\n", "def relu(x):\n", "    return max(0.0, x)"]},
 {"cell_type": "code", "input": ["class Adam:\n    def __init__(self, size, decay):\n        pass\n",
  "    def step(self, params, grads):\n        params[0] = 0.0"]}
]}]}
END
graded 1 "$folder/old.ipynb"
says out "note: cell 1 cannot be parsed and is left out: Python 2 code? line 2"
says out "ReLU: function relu, cell 2"
says out "$(cases relu) of $(cases relu) cases"
says out "error, Adam wants (size, decay); assay has no value for size, decay"

# Outputs are read and dropped.
/usr/bin/python3 - "$notebooks/plain_python.ipynb" "$folder/big.ipynb" <<'END'
import json, sys
notebook = json.load(open(sys.argv[1]))
for cell in notebook["cells"]:
    if cell["cell_type"] == "code":
        cell["outputs"] = [{"output_type": "display_data", "data": {"image/png": "A" * (8 << 20)}, "metadata": {}}]
json.dump(notebook, open(sys.argv[2], "w"))
END
graded 0 --only relu "$folder/big.ipynb"

# --- a class of all of them: each is a row
mkdir "$folder/class"
cp -r "$folder/ann" "$folder/cas" "$folder"/*.ipynb "$folder/alone.py" "$folder/class"
cp "$source/tests/starters/c/submission.c" "$folder/class/eve.c" 2>/dev/null
graded 0 --class "$folder/class" --seed 1 --only relu
rows=$(grep -c . "$folder/class/grades.csv")
entries=$(ls "$folder/class" | grep -vc grades.csv)
[ "$rows" -eq $((entries + 1)) ] || { cat "$folder/class/grades.csv"; fail "$rows lines for $entries submissions"; }
grep -q '^"text.ipynb",0,.*not a notebook' "$folder/class/grades.csv" || fail "no row for text.ipynb"
grep -q '^"cas",0,.*2 files could be the submission' "$folder/class/grades.csv" || fail "no row for cas"

[ -z "$left_out" ] ||
    skip "a part was left out, the sandbox has no$left_out; apt-get install python3-numpy python3-torch nodejs"
