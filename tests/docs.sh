#!/bin/sh
# The pages agree with the source: links lead to files, the files that they name exist, README.md and CHANGES.md name
# configure.ac's version (tests/man.sh checks the man page's), and no line of the source is longer than 120 columns.
# evidence: property: audit/docs
set -u
cd "${ASSAY_SOURCE:-.}" || exit 1
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
complain() { echo "FAIL: $*" >>"$folder/complaints"; }
: >"$folder/complaints"

for page in *.md doc/*.md; do
    # [text](target), where the target is not on the web; '#section' behind it is not checked.
    grep -oE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//; s/#.*//' | grep -vE '^$|^https?://' | sort -u |
        while read -r target; do
            [ -e "$(dirname "$page")/$target" ] || complain "$page: the link to $target leads nowhere"
        done
    # `lib/nn/network.c`, `tests/test_faults_*` or `tests/test_nn`, a program made from tests/test_nn.c
    grep -oE '`(audit|bench|doc|examples|golden|grade|lib|scripts|tests|tools)/[a-z0-9_./*-]+`' "$page" | tr -d '`' |
        sort -u | while read -r name; do
        # shellcheck disable=SC2086 # the name may be a pattern
        ls -d $name $name.c >"$folder/found" 2>/dev/null
        [ -s "$folder/found" ] || grep -qF "$name" tests/local.mk || complain "$page: there is no $name"
    done
done

version=$(sed -n 's/^AC_INIT(\[assay\], \[\([^]]*\)\].*/\1/p' configure.ac)
[ -n "$version" ] || complain "configure.ac: AC_INIT does not name a version"
grep -m 1 '^## ' CHANGES.md | grep -qxF "## $version" || complain "CHANGES.md does not begin with version $version"
grep -qF "ersion $version" README.md || complain "README.md does not name version $version"

lines=$(wc -l <README.md)
[ "$lines" -le 120 ] || complain "README.md has $lines lines; the limit is 120"
find audit bench examples golden grade lib scripts tests tools ./*.ac ./*.am -name '*.[ch]' -o -name '*.cu' \
    -o -name '*.py' -o -name '*.sh' -o -name '*.mk' -o -name '*.am' -o -name '*.ac' | LC_ALL=C sort |
    xargs awk 'length > 120 { print FILENAME ":" FNR ": longer than 120 columns" }' |
    while read -r line; do complain "$line"; done

cat "$folder/complaints"
[ ! -s "$folder/complaints" ]
