#!/bin/sh
# The benchmarks and the scripts with a result file: "-" is standard output, and no program writes over its data.
# evidence: errors: base/file
set -u
build=${ASSAY_BUILD:-.}
source=$(cd "${ASSAY_SOURCE:-.}" && pwd)
python=/usr/bin/python3
"$python" --version >/dev/null 2>&1 || python=python3
"$python" --version >/dev/null 2>&1 || {
    echo "SKIP: the benchmarks are not tested: python3 is missing; apt-get install python3"
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
is_json() {
    "$python" -c 'import json, sys; json.load(open(sys.argv[1]))' "$1"
}

# Images of the shape and number that the programs need; only the headers are real.
mkdir data
printf '\0\0\10\3\0\0\352\140\0\0\0\34\0\0\0\34' >data/train-images-idx3-ubyte
head -c 47040000 /dev/zero >>data/train-images-idx3-ubyte
printf '\0\0\10\1\0\0\352\140' >data/train-labels-idx1-ubyte
head -c 60000 /dev/zero >>data/train-labels-idx1-ubyte
labels=data/train-labels-idx1-ubyte
sum=$(md5sum <$labels)
ln -s $labels link

for file in $labels link; do
    for program in epoch panel busy cuda_step; do
        "$build/bench/$program" --data data --json $file >out 2>errors
        [ $? = 2 ] || fail "$program --json $file: not status 2" errors
        [ "$(wc -l <errors)" = 1 ] && grep -q "^$program: --json .*$file" errors || fail "$program: no message" errors
    done
    "$python" "$source/bench/compare_torch.py" --data data --json $file >out 2>errors
    [ $? = 2 ] || fail "compare_torch.py --json $file: not status 2" errors
    grep -q "error: --json $file: this file is read" errors || fail "compare_torch.py: no message" errors
done
[ "$sum" = "$(md5sum <$labels)" ] || fail "the labels have changed"

# One step, and no competitor: only the output counts. Status 1: the ratio of so short a run is above the limit.
"$build/bench/busy" --data data --rounds 1 --steps 1 --competitors 0 --threads 2 --json - >out 2>text
[ $? -le 1 ] || fail "bench/busy fails" text
is_json out || fail "bench/busy --json -: no JSON" out
grep -q "^competitors" text || fail "bench/busy --json -: no table on standard error" text

# Images that are all background keep nothing. A processor without these kernels says so, with status 1.
"$build/bench/panel" --data data --rounds 1 --json - >out 2>text
status=$?
if grep -q "^panel: this processor has no kernels" text; then
    [ $status = 1 ] || fail "bench/panel without kernels: status $status"
else
    [ $status = 0 ] || fail "bench/panel fails" text
    is_json out || fail "bench/panel --json -: no JSON" out
    grep -q "^images: output *[a-z0-9]* *0.00 " text || fail "bench/panel: black images are not left out" text
    grep -q "^hidden: output *[a-z0-9]* *0.7[0-9] " text || fail "bench/panel: of half zeros, 0.75 is not kept" text
fi

# compare_torch.py, with two programs that print made-up times: PyTorch is fast only with its settings.
cat >epoch <<'END'
#!/bin/sh
echo '[{"what": "sgd", "training": 1, "validation": 1}]'
END
cat >python <<'END'
#!/bin/sh
cat >/dev/null
case "$*" in
*--compile*) echo '{"torch": "0", "runs": []}' ;;
*)
    training=9
    if [ "$OMP_WAIT_POLICY" = passive ] && [ "$MALLOC_TRIM_THRESHOLD_" -gt 1000000 ]; then
        training=4
    fi
    echo '{"torch": "0", "runs": [{"what": "sgd", "training": '$training', "validation": 2}]}'
    ;;
esac
END
chmod +x epoch python
compare() {
    "$python" "$source/bench/compare_torch.py" --epoch ./epoch --python ./python --data data --rounds 1 \
        --optimizer sgd "$@"
}
compare --json - >out 2>text || fail "compare_torch.py fails" text
is_json out || fail "compare_torch.py --json -: no JSON" out
grep -q "^The smallest ratio to PyTorch 0 is 3.00" text || fail "compare_torch.py --json -: no table" text
compare --json file >out 2>text || fail "compare_torch.py fails" text
is_json file || fail "compare_torch.py --json file: no JSON" file
grep -q "no torch.compile" text || fail "compare_torch.py: no word about torch.compile" text

# The scripts of audit/ write by one function.
PYTHONPATH=$source/audit "$python" -B -c 'import output; output.write_json("-", {"a": 1})' >out && is_json out ||
    fail "audit/output.py: no JSON" out
[ ! -e ./- ] || fail "a file is called -"
for script in "$source"/audit/*.py "$source"/bench/*.py; do
    case $script in
    */output.py | */torch_epoch.py) ;;
    *) ! grep -q 'json\.dump(' "$script" || fail "$script writes JSON itself, and not by audit/output.py" ;;
    esac
done
