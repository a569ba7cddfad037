#!/bin/sh
# assay assign: blank starters are "not implemented" everywhere, the solutions get full marks, and they are kept apart.
# evidence: property: program/assign
# evidence: errors: program/assign
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
case $assay in /*) ;; *) assay=$PWD/$assay ;; esac
case $build in /*) ;; *) build=$PWD/$build ;; esac
case $source in /*) ;; *) source=$PWD/$source ;; esac
cd "$folder" || exit 1
ASSAY=$assay
export ASSAY

# assigned STATUS WORD...
assigned() {
    wanted=$1
    shift
    "$assay" assign "$@" >out 2>err
    got=$?
    [ $got -eq "$wanted" ] || { cat out err; fail "assay assign $*: exit status $got, expected $wanted"; }
}

# The words by which `assay grade` is given a folder's submission.
target() {
    case $1 in
        c) echo "$2/submission.c" ;;
        javascript) echo "$2/submission.js" ;;
        *) echo "--folder $2 -- $PYTHON submission.py" ;;
    esac
}

count=$("$assay" grade --list | sed '/^$/q' | grep -c '^[a-z]')
complete=$source/tests/starters
for language in c javascript python pytorch; do
    assigned 0 --from-starter $language --seed 5 --complete "$complete" $language
    # The starter that is installed is the same.
    cmp -s $language/submission.* "$build"/starters/$language/submission.* || fail "the starters of $language differ"
    grep -q '\[\(solution\|component\|section\|hidden\|end\)' $language/submission.* $language-solutions/submission.* &&
        fail "$language: a marker is left"
    [ ! -e $language/rubric.json ] || fail "the rubric is among the students' files"
    case $language in
        python) "$PYTHON" -c "import numpy" 2>/dev/null || continue ;;
        pytorch) "$PYTHON" -c "import torch" 2>/dev/null || continue ;;
        javascript) command -v node >/dev/null || continue ;;
    esac
    # shellcheck disable=SC2046
    graded 1 $(target $language $language)
    [ "$(grep -c 'not implemented, not counted$' out)" -eq "$count" ] || { cat out; fail "$language: not blank"; }
    says out "0 /     0 points"
    # shellcheck disable=SC2046
    graded 0 --rubric $language-solutions/rubric.json $(target $language $language-solutions)
    says out "full marks"
    # With the rubric, a blank submission has 0 points of all.
    # shellcheck disable=SC2046
    graded 1 --rubric $language-solutions/rubric.json $(target $language $language)
    says out " 0 /   $(cases) points"
done
if command -v gcc >/dev/null; then
    gcc -std=c17 -Wall -Wextra -Wno-unused-parameter -Werror -I"$source/grade/include" -shared -fPIC -o c/s.so \
        c/submission.c || fail "the blank starter in C has warnings"
fi

# No line of a solution is in the program, or in what is installed; with and without libtool's wrapper.
[ -e "$build/.libs/assay" ] && program=$build/.libs/assay || program=$build/assay
awk '/^ *(#|\/\/) \[(solution .*|hidden)\]$/ { inside = 1; next } /^ *(#|\/\/) \[end\]$/ { inside = 0; next }
    inside { sub(/^ */, ""); if (length > 30) print }' "$complete"/*/submission.* >solution
[ "$(wc -l <solution)" -gt 200 ] || fail "the solutions have no lines"
for file in "$program" "$build"/starters/*/submission.*; do
    LC_ALL=C grep -a -F -f solution "$file" >found && { head -3 found; fail "$file has a solution"; }
done
# Without the complete starters there is a rubric, and no solution.
assigned 0 --from-starter javascript --components adam,sgd --seed 8 alone
says out "for a solution give --complete"
[ "$(ls alone-solutions)" = rubric.json ] || fail "what is this: $(ls alone-solutions)"
[ "$(ls alone | tr '\n' ' ')" = "README.md assignment.json submission.js " ] || fail "what is this: $(ls alone)"
grep -q '^    assay grade --seed 8 submission.js$' alone/README.md || fail "the README lacks the command"

# Some components: nothing of the others, in the assignment; a sentence about them in none.
assigned 0 --from-starter c --components adam,momentum --seed 6 --title 'Homework "3"' some
says out "public seed 6"
grep -q 'student_adam_step\|student_momentum_step' some/submission.c || fail "a component is missing"
! grep -q 'student_sgd\|student_relu\|bias correction\|sqrt' some/submission.c ||
    fail "more than the components is there"
grep -q '^# Homework "3"$' some/README.md || fail "the title is missing"
grep -q -- '- `adam`: Adam$' some/README.md || fail "the README lacks a component"
grep -q '"name": "Homework \\"3\\""' some-solutions/rubric.json || fail "the rubric lacks the title"
version=$("$assay" --version | sed -n '1s/assay //p')
[ "$(tr -d ' \n' <some/assignment.json)" = \
    "{\"assay\":\"$version\",\"language\":\"c\",\"seed\":6,\"components\":[\"adam\",\"momentum\"]}" ] ||
    { cat some/assignment.json; fail "assignment.json"; }

# Refused, with what was there as it was, and nothing left.
mkdir full; echo mine >full/mine; echo file >file; mkdir empty
before=$(ls)
while IFS='|' read -r options text; do
    # shellcheck disable=SC2086
    assigned "${options%% *}" ${options#* }
    says err "$text"
    [ "$(wc -l <err)" -eq 1 ] || fail "$options: more than one line"
done <<'END2'
2 x|--from-starter is missing
2 --from-starter cobol x|no such starter; there are c, javascript, python, pytorch
2 --from-starter c|DIR is missing
2 --from-starter c x y|unexpected argument 'y'
2 --from-starter c --components adam,nothing x|nothing: no such component
2 --from-starter c --seed -1 x|--seed -1
2 --from-starter c --nonsense x|--nonsense
1 --from-starter c --solutions x/s x|the folder above it is not there
1 --from-starter c --solutions empty/s empty|keep the solutions outside
1 --from-starter c --solutions empty empty|keep the solutions outside
1 --from-starter c --solutions . empty|keep the solutions outside
1 --from-starter c --complete /nonexistent x|/nonexistent/c/submission.c
1 --from-starter c full|full: not written: it is there and not empty
1 --from-starter c --solutions full x|full: not written: it is there and not empty
1 --from-starter c file|a file has that name
1 --from-starter c /nonexistent/x|the folder above it is not there
END2
[ "$(ls)" = "$before" ] || { echo "$before"; ls; fail "something was left, or is gone"; }
[ "$(cat full/mine)" = mine ] && [ "$(ls -A full)" = mine ] || fail "a full folder was changed"
