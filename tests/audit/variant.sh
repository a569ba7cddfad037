#!/bin/sh
# variant.sh NAME FOLDER COMMAND...: runs the command (a make check of some kind), shows its output, and leaves what became
# of it in variants/NAME.json for the audit: when, how long, and automake's counts, added up. FOLDER holds the .trs files.
set -u
name=$1
folder=$2
shift 2
mkdir -p variants || exit 1
log=variants/$name.log
started=$(date +%s)
{ "$@" 2>&1; echo $? >"variants/$name.status"; } | tee "$log"
status=$(cat "variants/$name.status")
rm -f "variants/$name.status"
seconds=$(($(date +%s) - started))

# automake's summary has lines such as "# PASS:  24".
count() { awk -v name="$1:" '$1 == "#" && $2 == name { sum += $3 } END { print sum + 0 }' "$log"; }

suites=$(awk '/^(PASS|SKIP|FAIL|XPASS|ERROR): / { printf "%s\"%s %s\"", comma, $1, $2; comma = ", " }' "$log" | sed 's/: / /g')
cat >"variants/$name.json.$$" <<END
{"name": "$name", "date": "$(date -u +%Y-%m-%dT%H:%MZ)", "seconds": $seconds, "status": $status,
 "commit": "$(git -C "$ASSAY_VARIANT_SOURCE" rev-parse --short HEAD 2>/dev/null || echo unknown)",
 "passed": $(count PASS), "skipped": $(count SKIP), "failed": $(($(count FAIL) + $(count XPASS) + $(count ERROR))),
 "suites": [$suites]}
END
mv "variants/$name.json.$$" "variants/$name.json"
exit "$status"
