#!/bin/sh
# make where: the tests of a component, of a function and of a line, from a small source folder and from this one.
# evidence: property: audit/where
# evidence: errors: audit/where
set -u
source=${ASSAY_SOURCE:-.}
python=/usr/bin/python3
"$python" --version >/dev/null 2>&1 || python=python3
"$python" --version >/dev/null 2>&1 || {
    echo "SKIP: make where is not tested: python3 is missing; apt-get install python3"
    exit 77
}
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
status=0

where() { # SOURCE NAME
    "$python" -B "$source/audit/where.py" --source "$1" --build "$folder" "$2" >"$folder/out" 2>"$folder/err"
}
fail() {
    echo "$1"
    cat "$folder/out" "$folder/err"
    status=1
}
says() { # FILE TEXT
    grep -qF -- "$2" "$folder/$1" || fail "no line with '$2':"
}

mkdir -p "$folder/s/lib/nn" "$folder/s/tests"
cat >"$folder/s/lib/nn/sum.c" <<'END'
static double add(double a, double b)
{
    return a + b;
}

double assay_sum(double a, double b)
{
    return add(a, b);
}

double assay_lonely(void)
{
    return 0;
}
END
cat >"$folder/s/tests/test_sum.c" <<'END'
static double helper(void)
{
    return assay_sum(1, 2);
}

START_TEST(sums)
{
    evidence(EVIDENCE_GOLDEN, "nn/%s", names[_i]);
    ck_assert(helper() == 3); /* no call of assay_lonely() */
}
END_TEST

int main(void)
{
    TCase *tests = evidence_case("sum", "property: nn/sum; errors: "
                                 "nn/other");
    tcase_add_test(tests, sums);
}
END
where "$folder/s" assay_sum || fail "assay_sum is unknown:"
says out "assay_sum is defined in lib/nn/sum.c:6."
says out "nn/sum, property:"
says out "nn/sum, golden:"
says out "Tests that call it:"
says out "  tests/test_sum.c:6: sums"
where "$folder/s" lib/nn/sum.c:3 || fail "lib/nn/sum.c:3 is unknown:"
says out "No test calls it. Tests that call it through assay_sum:"
where "$folder/s" assay_lonely || fail "assay_lonely is unknown:"
says out "Tests that call it: none"
where "$folder/s" nn/other || fail "nn/other is unknown:"
says out "nn/other, errors:"

# A test that is added later is in the next answer.
printf 'START_TEST(later)\n{\n    assay_lonely();\n}\nEND_TEST\n' >"$folder/s/tests/test_later.c"
where "$folder/s" lonely || fail "lonely is unknown:"
says out "  tests/test_later.c:1: later"
printf '\n\nSTART_TEST(later)\n{\n    assay_lonely();\n}\nEND_TEST\n' >"$folder/s/tests/test_later.c"
where "$folder/s" lonely
says out "  tests/test_later.c:3: later"

# A trace confirms the names of a pattern.
echo '{"test": "other", "iteration": 0, "program": "test_sum", "evidence": [["golden", "nn/sum"]]}' \
    >"$folder/trace.jsonl"
where "$folder/s" nn/sum
grep -q "nn/sum, golden" "$folder/out" && fail "the trace has no such test:"
rm "$folder/trace.jsonl"

for name in assay_smu lib/nn/smu.c:3 nn/othre; do
    where "$folder/s" $name
    [ $? -eq 2 ] || fail "$name is known:"
    [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "not one line:"
done
says err "unknown name 'nn/othre'; nearest: nn/other"
where "$folder/s" lib/nn/sum.c:5
says err "lib/nn/sum.c:5 is outside of every function"

# In this source: every place is the line of that test, and an answer takes less than a second of processor time.
where "$source" optimizer/momentum || fail "optimizer/momentum is unknown:"
says out "tests/test_optim.c:"
sed -n -E 's/^  (tests\/[a-z_]*\.c):([0-9]+): (.*)$/\1 \2 \3/p' "$folder/out" | while read -r file line test; do
    sed -n "${line}p" "$source/$file" | grep -qF "START_TEST($test)" || echo "$file:$line is not $test"
done >"$folder/wrong"
[ ! -s "$folder/wrong" ] || fail "$(cat "$folder/wrong")"
set -- "$python" -B "$source/audit/where.py" --source "$source" --build "$folder" assay_histogram
"$python" - "$@" <<'END' || fail "slow:"
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.exit(used.ru_utime + used.ru_stime > 1)
END
exit $status
