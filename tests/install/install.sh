#!/bin/sh
# make installcheck: the program, the man page, each header alone, and C programs built with pkg-config.
# Usage: install.sh EXAMPLE.c, with make's folders, CC, CFLAGS, PKG_CONFIG and DESTDIR in the environment.
set -eu
example=$1
here() { printf '%s' "$DESTDIR$1"; }
fail() {
    echo "installcheck: $*" >&2
    exit 1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
PKG_CONFIG_PATH=$(here "$libdir")/pkgconfig:${PKG_CONFIG_PATH-}
LD_LIBRARY_PATH=$(here "$libdir"):${LD_LIBRARY_PATH-}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
[ -z "$DESTDIR" ] || { PKG_CONFIG_SYSROOT_DIR=$DESTDIR; export PKG_CONFIG_SYSROOT_DIR; }

"$(here "$bindir")/assay" --version >/dev/null || fail "assay --version"
[ -x "$(here "$pkglibexecdir")/assay-grade-runner" ] || fail "assay-grade-runner is not installed"
[ -s "$(here "$mandir")/man1/assay.1" ] || fail "the man page is not installed"

cflags=$("$PKG_CONFIG" --cflags assay) || fail "pkg-config does not know assay"
case " $cflags " in
    *"/assay "*) fail "pkg-config puts headers outside the prefix assay/ on the include path: $cflags" ;;
esac
headers=$(cd "$(here "$includedir")" && find assay -name '*.h' | sort)
[ -n "$headers" ] || fail "no header is installed"
CXX=${CXX:-$(command -v g++ || command -v clang++ || true)}
[ -n "$CXX" ] || echo "SKIP: headers as C++17: no C++ compiler was found" >&2
for header in $headers; do
    # C forbids an empty file, and base/declarations.h has only macros.
    printf '#include <%s>\nextern int not_empty;\n' "$header" >"$folder/header.c"
    $CC -I"$(here "$includedir")" -std=c17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$folder/header.c" ||
        fail "$header alone, as C17"
    [ -z "$CXX" ] || $CXX -x c++ -I"$(here "$includedir")" -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
        "$folder/header.c" || fail "$header alone, as C++17"
done

libs=$("$PKG_CONFIG" --libs assay)
$CC $CFLAGS -std=gnu17 -Wall -Wextra -Werror $cflags "$example" -o "$folder/example" $libs ||
    fail "the example does not compile"
"$folder/example" || fail "the example fails"

# The example in the README.
sed -n '/^```c$/,/^```$/p' "$(dirname "$example")/../../README.md" | sed '/^```/d' >"$folder/readme.c"
$CC $CFLAGS -std=gnu17 -Wall -Wextra -Werror $cflags "$folder/readme.c" -o "$folder/readme" $libs ||
    fail "the README's example does not compile"
[ "$("$folder/readme")" = "the gradient is correct" ] || fail "the README's example prints something else"
echo "installcheck: passed"
