#!/bin/sh
# The man page has the options of `assay COMMAND --help`, each under its command, and no others. groff reads the page
# without a warning. The page and the program have the same version (tests/docs.sh: so do CHANGES.md and README.md).
# evidence: property: program/claims, program/descend, program/evaluate, program/grade, program/reproduce, program/study
# evidence: property: program/train
set -u
page=${ASSAY_SOURCE:-.}/doc/assay.1
assay=${ASSAY_BUILD:-.}/tests/assay
failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

long_options() { grep -oE -e '--[a-z][a-z-]*' | grep -vxE -e '--(help|version)' | sort -u; }
# man_section NAME: the options in a section, with groff's minus signs and spaces as plain ones.
man_section() {
    awk -v name="$1" '/^\.SH/ { on = $0 == ".SH " name } on' "$page" |
        sed 's/\\-/-/g; s/\\~/ /g; s/\\f.//g' | long_options
}

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
man_section "COMMON OPTIONS" >"$folder/common"
: >"$folder/all"
commands=$("$assay" --help | sed -n 's/^  \([a-z]*\)  *.*/\1/p')
[ -n "$commands" ] || complain "assay --help lists no commands"
for command in $commands; do
    "$assay" "$command" --help | long_options >"$folder/help"
    [ -s "$folder/help" ] || complain "assay $command --help lists no options"
    cat "$folder/help" >>"$folder/all"
    man_section "$(echo "$command" | tr '[:lower:]' '[:upper:]')" >"$folder/man"
    for option in $(sort -u "$folder/man" "$folder/common" | comm -23 "$folder/help" -); do
        complain "assay $command $option is not in the man page"
    done
    for option in $(comm -13 "$folder/help" "$folder/man"); do
        complain "the man page has $option under $command, but assay $command --help does not"
    done
    grep -q "^\.B.* assay $command\$" "$page" || complain "the synopsis lacks assay $command"
done
for option in $(sort -u "$folder/all" | comm -13 - "$folder/common"); do
    complain "the man page has $option, but no command does"
done

version=$("$assay" --version | head -n 1)
grep -q "^\.TH ASSAY 1 .*\"$version\"" "$page" || complain "the man page's .TH line lacks \"$version\""

# The names of optimizers and activations in the help of `train` are in the man page, too.
names=$("$assay" train --help | sed -n -e 's/^      \([a-z][a-z-]*\)  *.*(.*)$/\1/p' \
    -e '/--activation/{n;s/^  *//;s/ /\n/g;p}')
[ "$(echo "$names" | wc -l)" -ge 23 ] || complain "assay train --help lists too few optimizers and activations: $names"
for name in $names; do
    sed 's/\\-/-/g' "$page" | grep -qE "^\.BR? $name( |\$)" || complain "$name is not in the man page"
done

if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z "$page" 2>"$folder/warnings"
    [ ! -s "$folder/warnings" ] || complain "groff: $(cat "$folder/warnings")"
else
    echo "SKIP: the man page's markup: groff is missing; apt-get install groff-base"
    { echo "SKIP: the man page's markup: groff is missing; apt-get install groff-base" >&9; } 2>/dev/null
fi
[ $failures -eq 0 ]
