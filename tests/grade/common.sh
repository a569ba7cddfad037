# What the scripts of this folder share; sourced, not run.
set -u
# Otherwise numpy starts OpenBLAS's threads, and they spin for longer than these small products take.
export OPENBLAS_NUM_THREADS=1
build=${ASSAY_BUILD:-.}
source=${ASSAY_SOURCE:-.}
assay=$build/tests/assay
# cases COMPONENT: how many cases, and so points, it has without a rubric; of all components without a name.
cases() {
    [ -s "$folder/list" ] || "$assay" grade --list >"$folder/list"
    grep -c "^    case ${1:+$1/}" "$folder/list"
}
planted=$build/tests/grade/.libs
PYTHON=${PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=python3

# announce_skip TEXT: a part is not tested here, and the rest is.
announce_skip() {
    echo "SKIP: assay grade: $1"
    { echo "SKIP: assay grade: $1" >&9; } 2>/dev/null
}

skip() {
    announce_skip "$1"
    exit 77
}

fail() {
    echo "FAIL: $*"
    exit 1
}

need_sandbox() {
    bwrap --unshare-pid --unshare-net --ro-bind / / --dev /dev --proc /proc true 2>/dev/null ||
        skip "bwrap is not there or makes no sandbox here; apt-get install bubblewrap, and allow user namespaces"
}

# need_python MODULE PACKAGE
need_python() {
    "$PYTHON" -c "import $1" 2>/dev/null || skip "$PYTHON has no $1; apt-get install $2"
}

folder=$(mktemp -d) || exit 1
chmod 755 "$folder" # as root, submissions run as another user
trap 'rm -rf "$folder"' EXIT

# starter LANGUAGE FOLDER: the complete starter, with what it needs beside it.
starter() {
    mkdir -p "$2" && cp "$source/tests/starters/$1"/* "$2" || fail "no starter $1"
    [ "$1" = c ] || cp "$source/grade/student/assay.py" "$2"
}

# plant FILE.so: planted.c's shared object with the mistake that the file is named after.
at_signs=@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
plant() {
    planted_name=${1##*/}
    planted_name=$(printf '%.60s' "${planted_name%.so}$at_signs")
    LC_ALL=C sed "s/planted:$at_signs/planted:$planted_name/" "$planted/planted.so" >"$1"
}

# What starts the program: as_user lets it run as an ordinary user. False where that is not possible.
as=
as_user() {
    as="setpriv --reuid=65534 --regid=65534 --clear-groups"
    [ "$(id -u)" -eq 0 ] && $as "$assay" grade --list >/dev/null 2>&1 &&
        $as bwrap --unshare-user --ro-bind / / true 2>/dev/null
}

# graded STATUS OPTION...: runs assay grade, output in $folder/out and $folder/err; fails on another exit status.
graded() {
    wanted=$1
    shift
    $as "$assay" grade "$@" >"$folder/out" 2>"$folder/err"
    got=$?
    [ $got -eq "$wanted" ] || {
        cat "$folder/out" "$folder/err"
        fail "assay grade $*: exit status $got, expected $wanted"
    }
}

# says FILE TEXT: fails unless the file has the text.
says() {
    grep -qF -- "$2" "$folder/$1" || {
        cat "$folder/$1"
        fail "\"$2\" is not in the $1put"
    }
}

# no_groups_left: fails if a grader that has ended since the script began left a control group,
# assay-grade-PROCESS-...; others may run now.
groups() { find /sys/fs/cgroup -maxdepth 6 -name "assay-grade-*" 2>/dev/null; }
groups_before=$(groups)
no_groups_left() {
    groups >"$folder/groups"
    while read -r group; do
        process=${group##*/assay-grade-}
        process=${process%%-*}
        case $groups_before in *"$group"*) continue ;; esac
        [ -e "/proc/$process" ] || [ ! -e "$group" ] || fail "the control group $group is left"
    done <"$folder/groups"
}

# Submissions in the styles of courses and forks.
notebooks=$source/tests/grade/notebooks

# python_has MODULE: whether the sandbox's Python has it; $left_out lists what it lacks.
left_out=
python_has() {
    /usr/bin/python3 -c "import $1" 2>/dev/null && return
    left_out="$left_out $1"
    false
}

# right FILE OPTION...: full marks.
right() {
    graded_file=$1
    shift
    graded 0 --seed 1 "$@" "$notebooks/$graded_file"
    says out "full marks"
}
