#!/bin/sh
# Wrong solutions of softmax, cross-entropy, activations, the linear layer and surfaces as students write them, with one
# and with two mistakes: each gets its names and no other.
# evidence: property: grade/judge, grade/explain, grade/diagnose, grade/rounding, grade/components
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy
for file in "$source"/tests/grade/wild_layers/*.py; do
    components=$(sed -n 's/^# \([a-z_]*\): [a-z_]*\..*/\1/p' "$file" | paste -sd,)
    graded 1 --format json --seed 5 --only "$components" "$file"
    "$PYTHON" "$source/tests/grade/wild_layers.py" "$folder/out" "$file" ||
        fail "$file: a mistake is not called by its name"
done
