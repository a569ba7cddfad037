#!/bin/sh
# The report of a class: counts, clusters, pages; nobody is named on the summary; a second start completes it.
# evidence: property: program/grade
# evidence: errors: program/grade
. "${ASSAY_SOURCE:-.}/tests/grade/common.sh"
need_sandbox
class=$folder/class
out=$folder/pages
mkdir "$class"
# Names that would be seen, and that HTML must not run.
cp "$planted/starter.so" "$class/Anna Full.so"
for name in Bea Cem Dana; do
    plant "$folder/adam.first_correction_missing.so"
    mv "$folder/adam.first_correction_missing.so" "$class/$name Short.so"
done
plant "$folder/sgd.sign.so"
mv "$folder/sgd.sign.so" "$class/<b>Eva.so"
ln -s /etc/passwd "$class/Fritz.so"
echo 'int jo_full_name' >"$class/Jo.c"
# Two that are wrong in one and the same way that the catalogue does not know, and one that is wrong in another way.
for change in "Gil 0.25" "Hans 0.25" "Ina 0.125"; do
    sed "s/\[i\] - self->learning_rate \* (real)g/[i] + ${change#* } * (i % 3) - self->learning_rate * (real)g/" \
        "$source/tests/starters/c/submission.c" >"$folder/s.c"
    ${CC:-cc} -std=gnu17 -O1 -w -shared -fPIC -I"$source/grade/include" -o "$class/${change% *}.so" "$folder/s.c" -lm ||
        skip "no C compiler here"
done
graded 0 --class "$class" -j 2 --only sgd,momentum,adam --seed 9 --report "$out"
says out "10 submissions graded with seed 9"
says out "$out/index.html"
page=$out/index.html

# has TEXT / lacks TEXT: of the page in $page, without its line ends.
has() { tr '\n' ' ' <"$page" | grep -qF -- "$1" || { cat "$page"; fail "\"$1\" is not in $page"; }; }
lacks() { ! tr '\n' ' ' <"$page" | grep -qiF -- "$1" || fail "\"$1\" is in $page"; }
has '<b>8</b>submissions graded'
has '<b class="bad">2</b>could not be graded'
has '1 of 10 submissions could not be graded: does not compile.'
has '<li>3 of 8 submissions, Adam: the first moment&#39;s bias correction is missing</li>'
has '<b>1</b>with full marks'
has 'Adam <span class="source">5 of 8 right</span>'
has '<tr><td>3 of 8</td><td class="what">the first moment&#39;s bias correction is missing</td>'
has '<tr><td>1 of 8</td><td class="what">the sign of the update</td>'
has '<td>3 of 8</td><td class="what">wrong in a way that no known mistake explains</td>'
has 'SGD</b>: 2 of 8 submissions: '
[ "$(grep -c '</b>: [0-9]* of 8 submissions' "$page")" -eq 1 ] || fail "not one cluster"
has 'no proof'
for name in Anna Bea Cem Dana Eva Fritz Gil Hans Jo_ Short; do lacks "$name"; done
lacks 'http:'; lacks 'https:'; lacks '<script'; lacks 'src='
# Each page that is linked is there, and has its submission's name; the private folder knows whose it is.
[ "$(grep -o 'students/[0-9a-f]*.html' "$page" | sort -u | wc -l)" -eq 10 ] || fail "not a page for each"
registrar=$out/private/registrar.csv
[ "$(wc -l <"$registrar")" -eq 11 ] || fail "the registrar's CSV"
grep -q '^"Anna Full.so",15,15,100.0,"",students/' "$registrar" || { cat "$registrar"; fail "Anna's row"; }
grep -q '^"Fritz.so",0,.*,"it is a link; a submission must be a file or folder",' "$registrar" || fail "Fritz's row"
[ "$(stat -c %a "$out/private")" = 700 ] || fail "others may enter private/"
cp "$registrar" "$folder/registrar"
page=$out/$(sed -n 's/^"Bea Short.so".*,//p' "$registrar")
has '<h1>Bea Short.so</h1>'
has 'Hint: Which of the two averages starts at 0?'
has '<b>10 of 15</b>points'
lacks 'Cem'
page=$out/$(sed -n 's/^"<b>Eva.so".*,//p' "$registrar")
has '&lt;b&gt;Eva.so'
lacks '<b>Eva'

# A second start: kept results are used, ids stay; lost results are made again; a link is replaced, not followed.
rm "$out/private/Cem Short.so.json"
echo precious >"$folder/precious"
ln -sf "$folder/precious" "$out/index.html"
graded 0 --class "$class" -j 2 --only sgd,momentum,adam --report "$out"
says out "10 submissions graded with seed 9 (7 of them earlier)"
[ "$(cat "$folder/precious")" = precious ] || fail "a link was followed"
page=$out/index.html
has 'Adam <span class="source">5 of 8 right</span>'
grep -v '^"Cem' "$registrar" >"$folder/now"
grep -v '^"Cem' "$folder/registrar" | cmp -s - "$folder/now" || fail "ids have changed"

# Refused, in one line.
echo >"$folder/file"
while IFS='|' read -r options text; do
    # shellcheck disable=SC2086
    graded 2 $options
    says err "$text"
done <<END2
--report $folder/x $planted/starter.so|give --class DIR
--class $class --only sgd,momentum,adam --report $folder/file|$folder/file: cannot be opened: Not a directory
--class $class --only sgd,momentum,adam --report /nonexistent/x|/nonexistent/x: cannot be made
END2
