#!/bin/sh
# Opens a report in headless Chromium (report_browser.py) and checks what a reader sees. Skips with a message without
# chromium, python3 or gnuplot.
# evidence: property: report/page
set -u
skip() {
    echo "SKIP: the report's page in a browser: $1"
    { echo "SKIP: the report's page in a browser: $1" >&9; } 2>/dev/null
    exit 77
}
build=${ASSAY_BUILD:-.}
source=${ASSAY_SOURCE:-.}
command -v python3 >/dev/null || skip "there is no python3; apt-get install python3"
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    skip "there is no chromium; apt-get install chromium, or set CHROMIUM"
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
"$build/tests/report_page" "$folder/report"
status=$?
[ $status -ne 77 ] || skip "there is no gnuplot; apt-get install gnuplot-nox"
[ $status -eq 0 ] || exit 1
python3 "$source/tests/report_browser.py" "$folder/report/index.html"
