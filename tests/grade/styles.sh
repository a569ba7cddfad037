#!/bin/sh
# Correct implementations in different styles get full marks, whatever the seed.
# evidence: property: grade/judge, grade/components
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
seeds="1 2 3"
[ "${ASSAY_TEST_EFFORT-}" != large ] || seeds="1 2 3 4 5 6"
for style in starter starter_f32 style_columns style_fused; do
    for seed in $seeds; do
        graded 0 --seed $seed "$planted/$style.so"
        says out "full marks"
    done
done
graded 0 --seed 1 "$planted/starter_f32.so"
says out "single precision"
# Float arithmetic that does not declare itself is one mistake, and no other is named beside it.
cp "$planted/starter_undeclared.so" "$folder/undeclared.so"
graded 1 "$folder/undeclared.so"
says out "[any.float32]"
[ "$(grep -o '\[[a-z_0-9]*\.[a-z_0-9]*\]' "$folder/out" | sort -u)" = "[any.float32]" ] || {
    cat "$folder/out"
    fail "float32 is called by another name"
}
