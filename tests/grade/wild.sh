#!/bin/sh
# Optimizers, networks and training loops as students write them: each gets the names of its mistakes, and no others.
# evidence: property: grade/judge, grade/catalogue, grade/components, grade/battery, grade/explain
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_python numpy python3-numpy
"$assay" grade --export "$folder/cases" --seed 7 --only sgd,momentum,adam,network_gradient,training >"$folder/out" ||
    fail "the cases cannot be exported"
"$PYTHON" "$source/tests/grade/wild.py" "$folder/cases" "$folder/answers" || fail "wild.py writes no answers"
for answers in "$folder"/answers/*; do
    "$assay" grade --import "$answers" --format json >"$answers/report.json" 2>"$folder/err"
    [ $? -le 1 ] || fail "${answers##*/} cannot be graded: $(cat "$folder/err")"
done
"$PYTHON" "$source/tests/grade/wild.py" --check "$folder/answers" || fail "a submission got other names"
# Another convention is right where it is accepted by the name of its users; a mistake beside it is not.
graded 1 --import "$folder/answers/momentum-classical" --only momentum
graded 0 --import "$folder/answers/momentum-classical" --only momentum --convention keras
graded 0 --import "$folder/answers/adam-hat" --only adam --convention kingma-ba-2
says out "right in another convention: epsilon is added before the correction"
says out "used by kingma-ba-2, keras, tensorflow; --convention kingma-ba-2 counts it as right"
graded 1 --import "$folder/answers/momentum-classical_ascent" --only momentum --convention keras
says out "[momentum.sign]"
