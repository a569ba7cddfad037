#!/bin/sh
# Runs automake's test driver ("$@") and leaves the test's seconds in NAME.time beside NAME.trs, for the audit's page.
start=$(date +%s.%N)
"$@"
status=$?
trs=
previous=
for argument; do
  [ "$previous" != --trs-file ] || trs=$argument
  previous=$argument
done
[ -z "$trs" ] || echo "$start $(date +%s.%N)" | awk '{ printf "%.3f\n", $2 - $1 }' >"${trs%.trs}.time"
exit "$status"
