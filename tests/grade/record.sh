#!/bin/sh
# The author's own saved runs: Adam's was made without the first moment's bias correction.
# evidence: golden: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
[ -n "${ASSAY_PRETRAINED:-}" ] ||
    skip "set ASSAY_PRETRAINED to the folder of the author's saved runs (FashionMNIST_Adam_results.json)"
# The program itself starts with the kernels that follow the author longest, unless the environment says otherwise.
unset OPENBLAS_CORETYPE
graded_record() {
    status=$1
    shift
    if [ -n "${ASSAY_DATA:-}" ]; then
        graded "$status" --data "$ASSAY_DATA" --record "$@"
    else
        graded "$status" --record "$@"
    fi
}
"$assay" grade --record "$ASSAY_PRETRAINED/FashionMNIST_SGD_results.json" >/dev/null 2>"$folder/err"
if grep -q "idx\|Fashion" "$folder/err"; then
    skip "no Fashion-MNIST; apt-get install dataset-fashion-mnist, or set ASSAY_DATA"
fi
graded_record 1 "$ASSAY_PRETRAINED/FashionMNIST_Adam_results.json"
says out "[adam.first_correction_missing]"
graded_record 0 "$ASSAY_PRETRAINED/FashionMNIST_SGD_results.json"
says out "made by SGD as printed"
graded_record 0 "$ASSAY_PRETRAINED/FashionMNIST_SGDMom_results.json"
says out "made by SGD with momentum as printed"
