#!/bin/sh
# Every file operation of the grader is listed in doc/grading-files.md, with how often it is in its source file.
# evidence: property: grade/folder, program/grade
source=${ASSAY_SOURCE:-.}
page=$source/doc/grading-files.md
names='open|openat|fopen|freopen|fdopendir|opendir|scandir|scandirat|fts_open|popen|mkdir|mkdirat|mkdtemp'
names="$names|mkstemp|rename|renameat|unlink|unlinkat|link|linkat|symlink|symlinkat|truncate|remove|rmdir"
names="$names|nftw|ftw|realpath|stat|lstat|fstatat|access|faccessat|chmod|chown|execvp|execlp|execv|system"
names="$names|assay_file_read|assay_file_create|glob|readlink|readlinkat"
names="$names|assay_grade_folder_open|assay_grade_folder_read|assay_grade_folder_create|assay_grade_folder_put"
names="$names|assay_npy_read|assay_npy_write"
status=0
list=$(mktemp) || exit 1
trap 'rm -f "$list"' EXIT
for file in "$source"/grade/*.c "$source"/grade/portable.h "$source"/tools/grade*.c "$source"/tools/assign.c \
    "$source"/tools/class_*.c "$source"/tools/new_folder.c; do
    # Comments away, declarations of these functions themselves, too: those begin in the first column.
    sed -e 's,/\*.*\*/,,' -e '/^ \*/d' -e '/^[a-z].*(/d' "$file" |
        grep -oE "(^|[^a-zA-Z_0-9])(($names)\(|SYS_openat2,)" |
        grep -oE "[a-zA-Z_0-9]+" | sort | uniq -c | while read -r count name; do
        echo "${file#"$source"/} $name $count"
    done
done >"$list"
[ "$(wc -l <"$list")" -gt 20 ] || { echo "FAIL: no operations found"; exit 1; }
while read -r file name count; do
    grep -qF "| \`$file\` | \`$name\` $count |" "$page" || {
        echo "FAIL: doc/grading-files.md has no row \"| \`$file\` | \`$name\` $count |\":" \
            "say who can influence the path, and how it is opened"
        status=1
    }
done <"$list"
# And nothing is listed that is not there.
sed -n 's/^| `\([^`]*\)` | `\([^`]*\)` \([0-9]*\) |.*/\1 \2 \3/p' "$page" | while read -r row; do
    grep -qxF "$row" "$list" || {
        echo "FAIL: doc/grading-files.md lists \"$row\", which is not in the source"
        exit 1
    }
done || status=1
exit $status
