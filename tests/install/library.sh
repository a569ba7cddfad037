#!/bin/sh
# What a user of the library finds after `make install`: headers, pkg-config, the exported symbols, and examples/mlp.c
# on a small data set.
set -eu
: "${ASSAY_SOURCE:?}" "${ASSAY_BUILD:?}"
fail() {
    echo "library.sh: $*" >&2
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
build() {
    (unset MAKEFLAGS MFLAGS MAKELEVEL TESTS; make -s -C "$ASSAY_BUILD" "$@" DESTDIR="$root") >"$folder/log" 2>&1
}
setting() { sed -n "s/^$1 = //p" "$ASSAY_BUILD/Makefile" | tail -1; }

build install || { tail -5 "$folder/log" >&2; fail "make install fails"; }
# Each header alone, as C17 and C++17; pkg-config; a program.
build installcheck-local || { tail -5 "$folder/log" >&2; fail "make installcheck fails"; }

header=$(find "$root" -path '*/include/assay/assay.h')
include=${header%/assay/assay.h}
shared=$(find "$root" -name libassay.so)
library=${shared%/libassay.so}
[ -n "$header" ] && [ -n "$shared" ] || fail "the library or <assay/assay.h> is not installed"
PKG_CONFIG_PATH=$library/pkgconfig
PKG_CONFIG_SYSROOT_DIR=$root
LD_LIBRARY_PATH=$library:${LD_LIBRARY_PATH-}
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
CC=$(setting CC)
flags="$(setting CFLAGS) $(setting SANITIZER_CFLAGS) $(setting COVERAGE_CFLAGS)"
pkg_config=$(setting PKG_CONFIG)

# --- the include path -----------------------------------------------------------------------------------------------
for flag in $("$pkg_config" --cflags assay); do
    case $flag in
    -I"$include") ;;
    -I*) fail "pkg-config puts another folder on the include path: $flag" ;;
    esac
done

# --- <assay/assay.h> has every public header, and <assay/nn/network.h> needs only -I --------------------------------
printf '#include <assay/assay.h>\n' >"$folder/umbrella.c"
$CC -std=c17 -I"$include" -E "$folder/umbrella.c" >"$folder/umbrella.i"
for header in $(cd "$include" && find assay -name '*.h' | sort); do
    [ "$header" = assay/student.h ] || grep -q "\"[^\"]*/include/$header\"" "$folder/umbrella.i" ||
        fail "<assay/assay.h> does not include <$header>"
done
cat >"$folder/network.c" <<'END'
#include <assay/nn/network.h>
int main(void) { assay_network_config config = {.inputs = 2}; return assay_network_parse_hidden("3,4", &config, NULL); }
END
$CC $flags -std=c17 -I"$include" "$folder/network.c" -o "$folder/network" -L"$library" -lassay &&
    "$folder/network" || fail "<assay/nn/network.h> alone"

# --- what the library exports is what the headers declare -----------------------------------------------------------
awk -f "$ASSAY_SOURCE/lib/declared.awk" "$folder/umbrella.i" | sort -u >"$folder/declared"
# mangle_path: gcov's, in the build of make coverage.
nm -D --defined-only "$library/libassay.so" | awk '{ print $3 }' | sed 's/@.*//' | grep -v -e '^__' -e '^mangle_path$' |
    sort -u >"$folder/exported"
[ "$(wc -l <"$folder/declared")" -ge 200 ] || fail "only $(wc -l <"$folder/declared") declarations were found"
comm -13 "$folder/declared" "$folder/exported" | sed 's/^/library.sh: exported, but in no header: /' >&2
comm -23 "$folder/declared" "$folder/exported" | sed 's/^/library.sh: in a header, but not exported: /' >&2
cmp -s "$folder/declared" "$folder/exported" || fail "the exported symbols are not those of the headers"

# --- examples/mlp.c: the command in its first comment, three spirals, and files with mistakes ------------------------
compile=$(sed -n 's/^ \*  *cc -O2 mlp.c -o mlp //p' "$ASSAY_SOURCE/examples/mlp.c")
[ "$compile" = "\$(pkg-config --cflags --libs assay)" ] || fail "examples/mlp.c: no command to compile in its comment"
$CC $flags -Wall -Wextra -Werror -O2 "$ASSAY_SOURCE/examples/mlp.c" -o "$folder/mlp" \
    $("$pkg_config" --cflags --libs assay) || fail "examples/mlp.c does not compile"
[ "$(wc -l <"$ASSAY_SOURCE/examples/mlp.c")" -le 60 ] || fail "examples/mlp.c has more than 60 lines"
awk 'BEGIN {
    print "x,y,noise,class"
    for (i = 0; i < 300; i++) {
        t = 0.3 + 3.5 * ((i * 89 % 300) / 300); angle = t + 2.0943951 * (i % 3)
        printf "%.6f,%.6f,%d,%d\n", 1000 + 50 * t * cos(angle), t * sin(angle) / 100, i * 37 % 11, i % 3
    }
}' >"$folder/spirals.csv"
"$folder/mlp" "$folder/spirals.csv" >"$folder/output" || fail "mlp fails"
awk '$1 == 300 && $3 == 3 && $5 == 3 && $9 >= 0.95 { good = 1 } END { exit !good }' "$folder/output" ||
    fail "mlp should classify three spirals: $(cat "$folder/output")"

refused() { # TEXT MESSAGE
    printf "$1" >"$folder/bad.csv"
    if "$folder/mlp" "$folder/bad.csv" >"$folder/output" 2>&1; then fail "mlp accepts: $1"; fi
    [ "$(cat "$folder/output")" = "mlp: $folder/bad.csv$2" ] || fail "for $1: $(cat "$folder/output")"
}
refused '1,2,0\n1,2\n' ':2: 2 fields, but the first sample has 3'
refused 'a,b,class\n1,2,0\n\n1,x,1\n' ":4: field 2, 'x', is not a finite number"
refused '1,2,0\n1,2,1.5\n' ':2: the class, 1.5, is not an integer from 0 to 65535'
if "$folder/mlp" "$folder/none.csv" 2>/dev/null; then fail "mlp accepts a file that is not there"; fi
echo "library.sh: passed: $(cat "$folder/declared" | wc -l) symbols"
