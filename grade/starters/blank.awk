# A complete starter with markers (tools/starter.h) becomes a blank one with all components.
# awk -v stub='raise NotImplementedError' -v stub_end='' -f blank.awk submission.py
/^ *(#|\/\/) \[(section|component .*|solution .*|hidden|end)\]$/ {
    if ($2 == "[end]") {
        dropped = outer[depth--]
        next
    }
    outer[++depth] = dropped
    if ($2 == "[solution" && !dropped) {
        indent = $0
        sub(/[^ ].*/, "", indent)
        formula = $0
        sub(/^.*\[solution /, "", formula)
        sub(/\]$/, "", formula)
        print indent stub "(\"" formula "\")" stub_end
    }
    dropped = dropped || $2 == "[solution" || $2 == "[hidden]"
    next
}
!dropped
