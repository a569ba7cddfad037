#!/bin/sh
# assay reproduce --report from the outside: the files, the page without gnuplot, and errors.
# evidence: property: program/reproduce, report/page
# evidence: errors: program/reproduce
set -u
assay=${ASSAY_BUILD:-.}/tests/assay
data=${ASSAY_DATA:-/usr/share/datasets/fashion-mnist}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0
fail() {
    echo "FAIL: $1"
    failed=1
}
skip() {
    echo "SKIP: $1"
    { echo "SKIP: $1" >&9; } 2>/dev/null
}

# expect STATUS WHAT ARGUMENTS...: runs assay, leaving its output in $folder/out and $folder/err.
expect() {
    wanted=$1
    what=$2
    shift 2
    "$assay" "$@" >"$folder/out" 2>"$folder/err"
    got=$?
    [ $got -eq "$wanted" ] || fail "$what: exit status $got, not $wanted: $(cat "$folder/err")"
}

# says WHAT TEXT: standard error is one line that holds the text.
says() {
    [ "$(wc -l <"$folder/err")" -eq 1 ] || fail "$1: not one line on standard error: $(cat "$folder/err")"
    grep -q -e "$2" "$folder/err" || fail "$1: '$2' is not in: $(cat "$folder/err")"
}

# Without gnuplot: numbers, page, data and scripts, and one line.
ASSAY_GNUPLOT=/nowhere/gnuplot
export ASSAY_GNUPLOT
expect 0 "without gnuplot" reproduce --section steep --report "$folder/bare"
says "without gnuplot" gnuplot-nox
grep -q "numbers agree" "$folder/out" || fail "without gnuplot: no numbers are printed"
grep -q "The report is $folder/bare/index.html" "$folder/out" || fail "without gnuplot: the path of the page is missing"
for file in index.html figures/steep-surface.dat figures/steep-surface.gp figures/steep-map.dat figures/steep-map.gp; do
    [ -s "$folder/bare/$file" ] || fail "without gnuplot: $file is missing"
done
files=$(find "$folder/bare" -type f)
[ "$(echo "$files" | wc -l)" -eq 5 ] || fail "without gnuplot: other files: $files"
grep -q 'class="notice">.*gnuplot-nox' "$folder/bare/index.html" || fail "without gnuplot: the page does not say so"
grep -q "✓ agrees" "$folder/bare/index.html" || fail "without gnuplot: the page has no numbers"

# A gnuplot that fails: the page comes, and the failure is not hidden.
printf '#!/bin/sh\necho "line 7: it is broken" >&2\nexit 1\n' >"$folder/broken"
chmod +x "$folder/broken"
ASSAY_GNUPLOT=$folder/broken
expect 1 "broken gnuplot" reproduce --section steep --report "$folder/failed"
says "broken gnuplot" "line 7: it is broken"
grep -q 'class="notice">.*it is broken' "$folder/failed/index.html" || fail "broken gnuplot: the page does not say so"
[ -s "$folder/failed/figures/steep-map.dat" ] || fail "broken gnuplot: a figure's data is missing"
unset ASSAY_GNUPLOT

expect 2 "PNG without report" reproduce --section steep --png
says "PNG without report" "--report"
expect 2 "pretrained without report" reproduce --section steep --pretrained "$folder"
says "pretrained without report" "--report"
expect 1 "no parent folder" reproduce --section steep --report "$folder/no/report"
says "no parent folder" "No such file"
[ ! -s "$folder/out" ] || fail "no parent folder: the sections ran nevertheless"
echo text >"$folder/file"
expect 1 "a file in the way" reproduce --section steep --report "$folder/file"
says "a file in the way" "a file has that name"
[ "$(cat "$folder/file")" = text ] || fail "a file in the way: it was changed"

if ! command -v gnuplot >/dev/null; then
    skip "assay reproduce --report with drawings: there is no gnuplot; apt-get install gnuplot-nox"
    exit $failed
fi
expect 0 "with gnuplot" reproduce --section steep --report "$folder/drawn" --png
[ ! -s "$folder/err" ] || fail "with gnuplot: $(cat "$folder/err")"
for figure in steep-surface steep-map; do
    for ending in .svg -dark.svg .png .dat .gp; do
        [ -s "$folder/drawn/figures/$figure$ending" ] || fail "with gnuplot: $figure$ending is missing"
    done
done
for cell in '"Expected">yes' '"Ours">yes' '"Expected">0.8' '"Ours">0.730921328'; do
    grep -q "<td data-label=$cell</td>" "$folder/drawn/index.html" || fail "with gnuplot: the page lacks $cell"
done
! grep -q '>-0<' "$folder/drawn/index.html" || fail "with gnuplot: a zero has a sign"
# A second report over the first one is the same report.
cp -r "$folder/drawn" "$folder/before"
expect 0 "again" reproduce --section steep --report "$folder/drawn" --png
for file in index.html figures/steep-map.dat figures/steep-map.gp figures/steep-map.svg; do
    cmp -s "$folder/before/$file" "$folder/drawn/$file" || fail "again: $file differs"
done

# The first half reads Fashion-MNIST.
if ! [ -e "$data" ]; then
    skip "the report of an initialization: Fashion-MNIST is missing; apt-get install dataset-fashion-mnist"
    exit $failed
fi
expect 0 "equal variance" reproduce --data "$data" --section equal-variance --report "$folder/first"
for picture in weights gradients activations; do
    grep -q "Layer 0 (784 → 512)" "$folder/first/figures/equal-variance-$picture.svg" ||
        fail "equal variance: the $picture' title does not name layer and shape"
done
grep -q "<td data-label=\"Printed\">1.0088235139846802</td>" "$folder/first/index.html" ||
    fail "equal variance: the printed number is not on the page"
if command -v python3 >/dev/null && { [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; }; then
    python3 "${ASSAY_SOURCE:-.}/tests/report_browser.py" "$folder/first/index.html" ||
        fail "equal variance: in a browser"
fi
exit $failed
