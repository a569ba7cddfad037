#!/bin/sh
# Mistakes that planted.c can make are planted, graded through the C way, and must be called by their own names and by
# no other, but for what golden/mistakes.json lists as inseparable. Every eighth one, and with ASSAY_TEST_EFFORT=large
# all: tests/test_grade_planted.c plants all of them without the sandbox, tests/test_grade_levels.c lets the models of
# all mistakes answer, and tests/grade/wild.py has students' forms of many others. The same object under another name
# makes no mistake and gets full marks.
# evidence: property: grade/judge, grade/judge_init, grade/catalogue, grade/components, grade/case, grade/battery
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
(cd "$source" && "$PYTHON" golden/scripts/mistakes_page.py --check) ||
    fail "doc/mistakes.md is not golden/mistakes.json's"
# Each component's share of named mistakes, from golden/named.json.
"$assay" grade --list >"$folder/list"
[ "$(grep -c "^    measured: [1-9][0-9]* of [1-9][0-9]* planted mistakes are named" "$folder/list")" -eq \
    "$(grep -c "^[a-z_]*: " "$folder/list")" ] || fail "grade --list does not have every component's share"
need_sandbox
components=$("$assay" grade --list | sed -n 's/^\([a-z_]*\): .*/\1/p')
mistakes=$("$assay" grade --list | sed -n 's/^\([a-z_]*\.[a-z0-9_]*\): .*/\1/p')
# The ids that planted.c makes, by name or by family.
planted_ids=$(grep -o '"[a-z_]*\.[a-z0-9_]*"' "$source/tests/grade/planted.c" | tr -d '"' | sort -u)
families=$(grep -o '"%s\.[a-z0-9_]*"' "$source/tests/grade/planted.c" | tr -d '"' | cut -d. -f2 | sort -u)
for family in $families; do
    planted_ids="$planted_ids sgd.$family momentum.$family adam.$family"
done
for pass in $(grep -o 'pass_is("[a-z_]*")' "$source/tests/grade/planted.c" | cut -d'"' -f2 | sort -u); do
    planted_ids="$planted_ids network_gradient.$pass training.$pass"
done
all=$mistakes
mistakes=
number=0
for id in $all; do
    case " $(echo $planted_ids) " in
    *" $id "*)
        number=$((number + 1))
        case $id,$((number % 8)),${ASSAY_TEST_EFFORT-} in
        any.* | submission.* | *,1,* | *,large) mistakes="$mistakes $id" ;;
        esac
        ;;
    esac
done
drawn=$(echo "$components" | grep '^init_' | paste -sd,)
computed=$(echo "$components" | grep -v '^init_' | paste -sd,)
mkdir "$folder/drawn" "$folder/computed"
for mistake in $mistakes; do
    case $mistake in
    submission.*) cp "$planted/cheat.so" "$folder/computed/$mistake.so" ;;
    init*) plant "$folder/drawn/$mistake.so" ;;
    *) plant "$folder/computed/$mistake.so" ;;
    esac
done
for kind in drawn computed; do
    plant "$folder/$kind/correct.so"
    eval only=\$$kind
    graded 0 --class "$folder/$kind" -j 2 --only "$only" --csv "$folder/$kind.csv" --reports "$folder/reports"
    "$PYTHON" - "$folder/$kind.csv" "$source/golden/mistakes.json" <<'END' || fail "a planted mistake got another name"
import csv
import json
import sys

# What planted.c makes with one name is two mistakes here.
TWO = {"cross_entropy.max_missing": "cross_entropy.log_underflow", "softmax.over_batch": "softmax.max_of_column",
       "init_normal.std_as_variance": "init_normal.bias_other_law",
       "init_normal.uniform_bound": "init_normal.bias_other_law",
       "init_normal.variance_as_std": "init_normal.bias_other_law"}
inseparable = {frozenset(entry[:2]) for entry in json.load(open(sys.argv[2], encoding="utf-8"))["inseparable"]}


def is_named(name, found):
    """One of the ties is the name alone, or with the other one of TWO; the rest are inseparable from it."""
    ties = found.split(" or ")
    own = [t for t in ties if set(t.split(" + ")) in ({name}, {name, TWO.get(name, name)})]
    return own != [] and all(frozenset((own[0], tie)) in inseparable or tie == own[0] for tie in ties)


bad = 0
rows = list(csv.reader(open(sys.argv[1], encoding="utf-8")))
for row in rows[1:]:
    name = row[0].removesuffix(".so")
    right = (row[5] == "" and row[1] == row[2]) if name == "correct" else is_named(name, row[5])
    if not right:
        print(f"{name}: called \"{row[5]}\", {row[1]} of {row[2]} points")
        bad += 1
print(f"{len(rows) - 1} submissions")
sys.exit(bad > 0 or len(rows) < 5)
END
done
# The first diverging value and a hint are in the report of each.
for mistake in $mistakes; do
    report=$folder/reports/$mistake.so.txt
    grep -qF "[$mistake]" "$report" || [ "$mistake" = submission.uses_reference ] ||
        fail "$report does not name the mistake"
    case $mistake in
    submission.*) grep -q "SUSPICION" "$report" || fail "$report does not name the suspicion" ;;
    any.input_modified) grep -q "input logits was changed" "$report" || fail "$report does not say what was changed" ;;
    initializer.*) ;;
    *) grep -q ": got .* expected " "$report" || fail "$report has no first diverging value" ;;
    esac
    [ "$mistake" = submission.uses_reference ] || grep -q "Hint: " "$report" || fail "$report has no hint"
done
