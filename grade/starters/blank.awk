# A complete starter with markers (tools/starter.h) becomes a blank one with all components.
# awk -v before='raise NotImplementedError("' -v after='")' [-v keep=1] -f blank.awk submission.py
# keep=1 leaves the markers of sections and components, by which `assay assign` chooses.
/^ *(#|\/\/) \[(section|component .*|solution .*|hidden|end)\]$/ {
    if ($2 == "[end]") {
        dropped = outer[depth]
        kept = is_kept[depth--]
    } else {
        outer[++depth] = dropped
        kept = is_kept[depth] = keep && ($2 == "[section]" || $2 == "[component")
    }
    if (kept && !dropped) {
        print
    }
    if ($2 == "[solution" && !dropped) {
        indent = $0
        sub(/[^ ].*/, "", indent)
        formula = $0
        sub(/^.*\[solution /, "", formula)
        sub(/\]$/, "", formula)
        print indent before formula after
    }
    dropped = dropped || $2 == "[solution" || $2 == "[hidden]"
    next
}
!dropped
