#!/bin/sh
# assay study under mpirun: the same results as one process, and a process that dies loses its run only.
# evidence: property: study/store
# evidence: errors: study/store
set -u
build=${ASSAY_BUILD:-.}
command -v mpirun >/dev/null 2>&1 && [ -x "$build/assay-study-mpi" ] || {
    echo "SKIP: assay study under mpirun is not tested: apt-get install libopenmpi-dev openmpi-bin; configure again" |
        tee /dev/fd/9
    exit 77
}
data=${ASSAY_DATA:-/usr/share/datasets/fashion-mnist}
[ -d "$data" ] || {
    echo "SKIP: assay study under mpirun is not tested: apt-get install dataset-fashion-mnist" | tee /dev/fd/9
    exit 77
}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
# More ranks than processors: Open MPI 4 (Debian 12) and 5 have different names for it.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_plm_ssh_agent=/bin/false
export OMPI_MCA_btl=self,vader
export OMPI_MCA_plm_rsh_agent=/bin/false OMPI_MCA_btl_vader_single_copy_mechanism=none
# Open MPI does not free everything. tests/lsan.supp has its libraries, for which whole call stacks are needed.
export ASAN_OPTIONS="${ASAN_OPTIONS-}:fast_unwind_on_malloc=0"

plan() { # EPOCHS
    cat <<END_OF_PLAN
{"study": "s", "settings": {"hidden": "8", "train_count": 2000, "validation_count": 200, "epochs": $1},
 "factors": [{"name": "lr", "levels": [0.1, 0.2]}], "seeds": {"first": 1, "count": 4}, "record": ["test_accuracy"]}
END_OF_PLAN
}
study() { # RANKS ARGUMENT...
    ranks=$1
    shift
    mpirun -n "$ranks" "$build/assay" study "$@" --data "$data"
}
results() { # FOLDER
    cat "$1"/runs/*.json | sed 's/,"made".*//'
}
fail() {
    echo "$1"
    shift
    [ $# -eq 0 ] || cat "$@"
    exit 1
}

plan 2 >plan.json
"$build/assay" study plan.json --data "$data" --output one >one.txt || fail "one process fails"
study 3 plan.json --output mpi >mpi.txt 2>errors || fail "mpirun fails" errors
cmp one.txt mpi.txt || fail "another summary" one.txt mpi.txt
results one >1
results mpi >2
cmp 1 2 || fail "other results" 1 2
[ "$(ls mpi/runs | wc -l)" = 8 ] || fail "not 8 results"

study 1 plan.json --output none >out 2>errors && fail "one rank is enough"
grep -q "mpirun needs at least 2 ranks" errors || fail "no message about one rank" errors
study 2 nothing.json >out 2>errors && fail "a missing plan is accepted"
[ "$(grep -c "nothing.json: cannot be opened" errors)" = 1 ] || fail "not one message about a missing plan" errors

# The process that does runs, the only child of its rank, is killed after the first result. In Open MPI 5 the ranks are
# the children of prterun.
plan 60 >plan.json
study 3 plan.json --output killed >out 2>errors &
leader=$!
until ls killed/runs/*.json >/dev/null 2>&1; do
    sleep 0.02
    kill -0 $leader 2>/dev/null || fail "the study ended early" errors
done
launcher=$(pgrep -P $leader -x 'mpirun|prterun' || echo $leader)
for rank in $(pgrep -P "$launcher"); do
    worker=$(pgrep -P "$rank") && break
done
kill -9 "$worker" || fail "no process to kill"
wait $leader || fail "a study with a killed process fails" errors
grep -q "its run is open again" errors || fail "no note about the killed process" errors
"$build/assay" study plan.json --data "$data" --output alone >alone.txt || fail "one process fails"
cmp alone.txt out || fail "another summary after a killed process" alone.txt out
