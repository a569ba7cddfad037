#!/bin/sh
# Wrong solutions of layers, losses, initializers and optimizers as students write them, in Python, JavaScript and C,
# with one and with two mistakes: each gets its names and no other. Right solutions in unusual forms get full marks.
# evidence: property: grade/judge, grade/explain, grade/diagnose, grade/rounding, grade/components
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
need_python numpy python3-numpy

# graded_as STATUS FILE COMPONENTS; without nodejs a .js file is left out
graded_as() {
    case $2 in *.js) command -v node >/dev/null || return 0 ;; esac
    graded "$1" --format json --seed 5 --only "$(echo "$3" | tr -s ' \n' ',' | sed 's/,$//')" "$2"
    [ "$1" -eq 0 ] || "$PYTHON" "$source/tests/grade/wild_layers.py" "$folder/out" "$2" ||
        fail "$2: a mistake is not called by its name"
}

for file in "$source"/tests/grade/wild_layers/wrong*; do
    graded_as 1 "$file" "$(sed -n 's,^[#/]* \([a-z_]*\): [a-z_]*\..*,\1,p' "$file")"
done
for file in "$source"/tests/grade/wild_layers/right*; do
    graded_as 0 "$file" "$(sed -n 's,^[#/]* right: ,,p' "$file")"
done
