#!/bin/sh
# Documented conventions, as real code has them: the report calls them right in another convention, --convention gives
# full marks, and a mistake beside one is named.
# evidence: property: grade/rubric, grade/report, grade/explain, grade/components
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy

# accepted FILE COMPONENTS CONVENTION TEXT: right in the convention, and said to be
accepted() {
    graded 1 --only "$2" --seed 5 "$source/tests/grade/conventions/$1"
    says out "right in another convention: $4"
    says out " counts it as right"
    says out "tutorial"
    graded 0 --only "$2" --seed 5 --convention "$3" "$source/tests/grade/conventions/$1"
    says out "full marks"
}

# refused FILE COMPONENT CONVENTION ID: a mistake beside the convention
refused() {
    graded 1 --only "$2" --seed 5 --convention "$3" "$source/tests/grade/conventions/$1"
    says out "[$4]"
}

for names in average order; do
    for file in $names.py ${names}_wrong.py; do
        components=$(sed -n 's/^# \([a-z_]*\): [a-z_]*\..*/\1/p' "$source/tests/grade/conventions/$file" | paste -sd,)
        "$assay" grade --format json --only "$components" --seed 5 "$source/tests/grade/conventions/$file" \
            >"$folder/out" 2>"$folder/err"
        "$PYTHON" "$source/tests/grade/wild_layers.py" "$folder/out" "$source/tests/grade/conventions/$file" ||
            fail "$file: a component has other names"
    done
done
accepted average.py linear_backward deeplearning.ai "the parameter gradients are divided by the number of rows"
accepted average.py linear_backward linear_backward.averaged_twice "the parameter gradients are divided by the"
accepted average.py cross_entropy_gradient deeplearning.ai "not averaged over the batch"
accepted average.py init_kaiming deeplearning.ai "the gain is on every layer"
accepted average.py init_xavier deeplearning.ai "only the inputs count"
accepted order.py linear_forward cs231n "the weight is read as [in][out]"
accepted order.py linear_backward cs231n "the weight is stored as [in][out]"
# The network is right with the average in either place;
# with the other order of its weights it follows, or says so alone.
graded 0 --only network_gradient --seed 5 "$source/tests/grade/conventions/average.py"
graded 0 --only linear_forward,linear_backward,network_gradient --seed 5 --convention keras \
    "$source/tests/grade/conventions/order.py"
says out "full marks"
graded 0 --only network_gradient --seed 5 --convention keras "$source/tests/grade/conventions/order.py"
says out "full marks"

refused average_wrong.py linear_backward deeplearning.ai linear_backward.dweight_sign
refused average_wrong.py cross_entropy_gradient deeplearning.ai cross_entropy_gradient.sign
refused average_wrong.py init_kaiming deeplearning.ai initializer.bias_constant
refused average_wrong.py init_xavier deeplearning.ai init_xavier.root_missing
refused average_wrong.py network_gradient deeplearning.ai network_gradient.bias_gradient_averaged
refused order_wrong.py linear_forward keras linear_forward.bias_missing
refused order_wrong.py linear_backward keras linear_backward.dbias_averaged
