#!/bin/sh
# assay installed where the sandbox shows things, below /usr/local, and a submission that searches the whole system
# for a starter, a library, anything of assay's. Started by sandbox.sh for make check-hostile, as root alone: it
# installs.
# evidence: errors: grade/hidden
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
[ "$(id -u)" -eq 0 ] && [ -w /usr/local ] || skip "an installation below /usr/local is not searched: run as root"
prefix=/usr/local/lib/assay-hostile-$$
trap 'rm -rf "$folder" "$prefix"' EXIT
make -C "$build" -s install prefix="$prefix" >"$folder/install" 2>&1 || {
    tail -n 20 "$folder/install"
    fail "make install"
}
[ -e "$prefix/share/assay/starters/c/submission.c" ] || fail "the starters are not installed"
# The program was linked for another prefix.
LD_LIBRARY_PATH=$prefix/lib
export LD_LIBRARY_PATH
assay=$prefix/bin/assay
# What is installed writes an assignment by itself.
"$assay" assign --from-starter javascript --components sgd "$folder/assignment" >"$folder/out" 2>&1 ||
    { cat "$folder/out"; fail "the installed assay writes no assignment"; }
grep -q 'throw new Error("not implemented: ' "$folder/assignment/submission.js" || fail "the assignment is not blank"
plant "$folder/sandbox.search.so"
graded 0 --only tanh,relu --time 60 "$folder/sandbox.search.so"
# Another installation in sight of this one, and the same as an ordinary user.
assay=$build/tests/assay
graded 0 --only tanh,relu --time 60 "$folder/sandbox.search.so"
assay=$prefix/bin/assay
as_user && graded 0 --only tanh,relu --time 60 "$folder/sandbox.search.so"
as=
# An interpreter with its configuration in /etc, as Debian's Java: the report names the folder to bind.
language=/usr/lib/assay-hostile-$$
trap 'rm -rf "$folder" "$prefix" "$language" "/etc/assay-hostile-$$"' EXIT
mkdir -p "$language/bin" "/etc/assay-hostile-$$"
echo yes >"/etc/assay-hostile-$$/settings"
ln -s "/etc/assay-hostile-$$/settings" "$language/settings"
printf '#!/bin/sh\ncat "%s/settings" >/dev/null || exit 1\n' "$language" >"$language/bin/language"
chmod 755 "$language/bin/language"
graded 1 --only tanh --folder "$folder" -- "$language/bin/language"
says out "try --bind /etc/assay-hostile-$$"
graded 1 --only tanh --folder "$folder" --bind "/etc/assay-hostile-$$" -- "$language/bin/language"
says out "ended with exit status 0 before it replied"
# The search finds what is there: without the sandbox.
graded 1 --unsandboxed --only tanh,relu --time 60 "$folder/sandbox.search.so"
