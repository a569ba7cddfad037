#!/bin/sh
# The PyTorch starter passes: the expected answers agree with autograd, and its optimizers are the tutorial's own.
# evidence: golden: grade/battery, grade/components
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python torch python3-torch
starter pytorch "$folder/submission"
for seed in 1 2 3; do
    graded 0 --seed $seed --folder "$folder/submission" -- "$PYTHON" submission.py
    says out "$(cases) /   $(cases) points, full marks"
done
