#!/bin/sh
# variant.sh NAME COMMAND...: runs the command (a make check of some kind), shows its output, and leaves what
# became of it in variants/NAME.json for the audit: when, how long, and automake's counts, added up.
set -u
name=$1
shift
mkdir -p variants || exit 1
log=variants/$name.log
started=$(date +%s)
{ "$@" 2>&1; echo $? >"variants/$name.status"; } | tee "$log"
status=$(cat "variants/$name.status")
rm -f "variants/$name.status"
seconds=$(($(date +%s) - started))

# automake's summary has lines such as "# PASS:  24".
count() { awk -v name="$1:" '$1 == "#" && $2 == name { sum += $3 } END { print sum + 0 }' "$log"; }

# A skipped test's own message may begin like automake's line about it.
suites=$(sed -n -E 's/^(PASS|SKIP|FAIL|XPASS|ERROR): (tests\/.*)$/"\1 \2"/p' "$log" | paste -s -d , -)
cat >"variants/$name.json.$$" <<END
{"name": "$name", "date": "$(date -u +%Y-%m-%dT%H:%MZ)", "seconds": $seconds, "status": $status,
 "commit": "$(git -C "$ASSAY_VARIANT_SOURCE" rev-parse --short HEAD 2>/dev/null || echo unknown)",
 "passed": $(count PASS), "skipped": $(count SKIP), "failed": $(($(count FAIL) + $(count XPASS) + $(count ERROR))),
 "suites": [$suites]}
END
mv "variants/$name.json.$$" "variants/$name.json"
exit "$status"
