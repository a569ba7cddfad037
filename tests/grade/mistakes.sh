#!/bin/sh
# Every mistake that planted.c can make is planted, graded through the C way, and must be called by its own name and by
# no other (tests/test_grade*.c let the models of all others answer); the same object under another name makes no
# mistake and gets full marks.
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
all=$mistakes
mistakes=
for id in $all; do
    case " $(echo $planted_ids) " in *" $id "*) mistakes="$mistakes $id" ;; esac
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
    awk -F'"' -v kind=$kind '
        NR > 1 {
            name = $2; sub(/\.so$/, "", name)
            found = $4; sub(/^correct$/, "", name)
            split($3, numbers, ",")
            # planted.c may make a mistake in more than one place, or one that cannot be told from another.
            count = split(found, ids, / \+ | or |; /); named = found == name
            for (i = 1; i <= count; i++) named = named || ids[i] == name
            if (!named || (name == "" && numbers[2] != numbers[3])) {
                printf "%s: called \"%s\", %s of %s points\n", $2, found, numbers[2], numbers[3]; bad = 1
            }
            rows++
        }
        END { printf "%s: %d submissions\n", kind, rows; exit bad || rows < 20 }' "$folder/$kind.csv" ||
        fail "a planted mistake was not called by its name"
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
