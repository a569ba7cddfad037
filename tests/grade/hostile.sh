#!/bin/sh
# Hostile submissions: what they do in one component becomes its verdict, and the other component is graded as usual.
# evidence: errors: grade/child, grade/child_arguments, grade/processes, program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
while read -r name verdict; do
    plant "$folder/hostile.$name.so"
    # Only what never replies waits for the time limit; a busy machine must not make it the verdict of the others.
    seconds=30
    [ "$name" != loop ] || seconds=1
    graded 1 --only tanh,relu --time $seconds --memory 256 --processes 32 "$folder/hostile.$name.so"
    [ "$(grep -cF ": $verdict" "$folder/out")" -eq "$(cases tanh)" ] || {
        cat "$folder/out"
        fail "$name: all cases should be \"$verdict\""
    }
    grep -q "ReLU  *$(cases relu) of $(cases relu) cases" "$folder/out" ||
        fail "$name: the other component was not graded"
    rm "$folder/hostile.$name.so"
done <<'END'
crash crashed, killed by signal 11
loop timed out,
forks process limit, started more than 32
memory memory limit, used more than 256 MiB
descriptors no valid reply, not a JSON object: nobody reads this
output output limit, wrote more than
errors output limit, wrote more than 64 MiB to standard error
killed crashed, killed by signal 9
exit exited, ended with exit status 0 before it replied
outside error, wrote outside the tensor
nan wrong, y[0]: got nan
END
# A descriptor that the grader inherited, from a test suite or a queue, is not the submission's either.
plant "$folder/hostile.descriptors.so"
graded 1 --only tanh,relu "$folder/hostile.descriptors.so" 9>"$folder/leak"
[ ! -s "$folder/leak" ] || fail "a submission wrote to a descriptor that the grader inherited"
rm "$folder/hostile.descriptors.so"
# No network, and no files but its own: these would be wrong if they found one.
for name in network files; do
    plant "$folder/hostile.$name.so"
    graded 0 --only tanh,relu "$folder/hostile.$name.so"
    [ ! -e "$folder/planted" ] || fail "$name: wrote into its folder"
    rm "$folder/hostile.$name.so"
done
# The sandbox is what keeps them: without it, the same submission gets out.
plant "$folder/hostile.files.so"
(cd "$folder" && graded 1 --unsandboxed --only tanh,relu "$folder/hostile.files.so") ||
    fail "the planted escape is no escape"
[ -e "$folder/planted" ] || fail "the planted escape did not write"
# Nothing is left running.
sleep 0.2
! pgrep -f "$folder" >/dev/null || fail "a submission is still running"
