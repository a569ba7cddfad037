#!/bin/sh
# golden/scripts/best_rates.py chooses each optimizer's best rate as doc/claims.md says, and the plans of the recorded
# studies are what it makes of the recorded grids.
# evidence: property: tutorial/claim_examine
set -u
source=${ASSAY_SOURCE:-.}
case $source in
/*) ;;
*) source=$PWD/$source ;;
esac
python=/usr/bin/python3
"$python" --version >/dev/null 2>&1 || python=python3
"$python" --version >/dev/null 2>&1 || {
    echo "SKIP: the choice of learning rates is not tested: python3 is missing; apt-get install python3" | tee /dev/fd/9
    exit 77
}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
fail() {
    echo "$1"
    shift
    [ $# -eq 0 ] || cat "$@"
    exit 1
}
best_rates() {
    "$python" -B "$source/golden/scripts/best_rates.py" "$@"
}

# A made grid: SGD is best at 0.3 in the mean, not in each seed; momentum finishes no epoch at 1 and is else equal
# everywhere, so that the smallest rate wins; Adam is best at its largest rate.
plan=$source/golden/claims/plans/training-rates.json
"$python" - "$plan" >grid.jsonl <<'END_OF_GRID' || fail "no grid"
import json, sys
plan = json.load(open(sys.argv[1]))
best = {"sgd": lambda rate, seed: 0.9 if rate == 0.3 else 0.95 if rate == 1 and seed == 1001 else 0.8,
        "momentum": lambda rate, seed: None if rate == 1 else 0.5,
        "adam": lambda rate, seed: rate}
print(json.dumps({"record": "training-rates", "host": "", "kernels": "", "commit": ""}))
for level in plan["factors"][0]["levels"]:
    for seed in range(1001, 1004):
        print(json.dumps({"key": f"method={level['name']},seed={seed}",
                          "results": {"best_validation": best[level["optimizer"]](level["lr"], seed)}}))
END_OF_GRID
best_rates "$plan" grid.jsonl training-best 20 20 >best.json || fail "a record is not read"
"$python" - best.json <<'END_OF_CHECK' || fail "other rates or another plan" best.json
import json, sys
plan = json.load(open(sys.argv[1]))
rates = {level["name"]: level["lr"] for level in plan["factors"][0]["levels"]}
assert rates == {"sgd": 0.3, "momentum": 0.01, "adam": 0.01}, rates
assert plan["study"] == "training-best" and plan["settings"]["epochs"] == 20
assert plan["seeds"] == {"first": 1, "count": 20}
END_OF_CHECK
mkdir -p grid/runs
tail -n +2 grid.jsonl | while IFS= read -r line; do
    name=${line#*\"key\": \"}
    printf '%s\n' "$line" >"grid/runs/${name%%\"*}.json"
done
best_rates "$plan" grid training-best 20 20 | cmp - best.json || fail "a folder and its record differ"
sed '/adam-0.001,seed=1002/d' grid.jsonl >missing.jsonl
best_rates "$plan" missing.jsonl training-best 20 20 >out 2>errors && fail "a missing run is accepted"
grep -q "method=adam-0.001,seed=1002 is missing" errors || fail "the missing run is not named" errors

checked=0
for record in "$source"/golden/claims/*-rates.jsonl; do
    name=$(basename "$record" -rates.jsonl)
    made=$source/golden/claims/plans/$name-best.json
    [ -e "$record" ] && [ -e "$made" ] || continue
    numbers=$("$python" -c 'import json, sys; p = json.load(open(sys.argv[1]))
print(p["settings"]["epochs"], p["seeds"]["count"])' "$made") || fail "$made is no plan"
    # shellcheck disable=SC2086
    best_rates "$source/golden/claims/plans/$name-rates.json" "$record" "$name-best" $numbers >again.json ||
        fail "$record: no rates"
    cmp again.json "$made" || fail "$made is not what best_rates.py makes of $record"
    checked=$((checked + 1))
done
echo "$checked recorded grids agree with their plans"
