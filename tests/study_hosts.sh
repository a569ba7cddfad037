#!/bin/sh
# assay study under mpirun on two hosts, which are two network namespaces with a cable between them: each has its own
# name and addresses, and messages go through TCP. A script takes the place of ssh. Needs no root where the kernel
# gives user namespaces to everyone.
# evidence: property: study/store
set -u
build=${ASSAY_BUILD:-.}
data=${ASSAY_DATA:-/usr/share/datasets/fashion-mnist}
skip() {
    echo "SKIP: assay study on two hosts is not tested: $1" | tee /dev/fd/9
    exit 77
}
fail() {
    echo "$1"
    shift
    [ $# -eq 0 ] || cat "$@"
    exit 1
}

# The second call of this script, in namespaces of its own: they end with it, and so does all that is made here.
if [ "${1:-}" = inside ]; then
    {
        mount -t tmpfs none /run &&
            ip netns add far &&
            ip link add cable type veth peer name cable netns far &&
            ip link set lo up && ip address add 10.77.0.1/24 dev cable && ip link set cable up &&
            ip -n far link set lo up && ip -n far address add 10.77.0.2/24 dev cable && ip -n far link set cable up &&
            hostname near
    } 2>errors || exit 77
    cat >agent <<'END_OF_AGENT'
#!/bin/sh
# HOST COMMAND...: as ssh does, the shell of the other host reads the command.
[ "$1" = 10.77.0.2 ] || exit 1
shift
exec ip netns exec far unshare --uts sh -c "hostname far; $*"
END_OF_AGENT
    chmod +x agent
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm_rsh_agent="$PWD/agent"
    # Open MPI does not free everything. tests/lsan.supp has its libraries, for which whole call stacks are needed.
    export ASAN_OPTIONS="${ASAN_OPTIONS-}:fast_unwind_on_malloc=0"
    # Open MPI 5 (Debian 13) has other names, and does not count the slots of --host on this host.
    export PRTE_MCA_plm_ssh_agent="$PWD/agent" PRTE_MCA_prte_if_include=10.77.0.0/24
    export PRTE_MCA_rmaps_default_mapping_policy=node:oversubscribe
    export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=10.77.0.0/24 OMPI_MCA_oob_tcp_if_include=10.77.0.0/24
    exec mpirun --host 10.77.0.1:2,10.77.0.2:2 -n 4 "$build/assay" study plan.json --data "$data" --output mpi
fi

command -v mpirun >/dev/null 2>&1 && [ -x "$build/assay-study-mpi" ] ||
    skip "apt-get install libopenmpi-dev openmpi-bin; configure again"
[ -d "$data" ] || skip "apt-get install dataset-fashion-mnist"
command -v ip >/dev/null 2>&1 || skip "apt-get install iproute2"
unshare --user --map-root-user --net --mount --uts true 2>/dev/null || skip "this user may not make namespaces"
case $0 in
/*) script=$0 ;;
*) script=$PWD/$0 ;;
esac
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
cat >plan.json <<'END_OF_PLAN'
{"study": "s", "settings": {"hidden": "8", "train_count": 2000, "validation_count": 200, "epochs": 10},
 "factors": [{"name": "lr", "levels": [0.1, 0.2]}], "seeds": {"first": 1, "count": 8}, "record": ["test_accuracy"]}
END_OF_PLAN
results() { # FOLDER
    cat "$1"/runs/*.json | sed 's/,"made".*//'
}

ASSAY_BUILD=$build unshare --user --map-root-user --net --mount --uts sh "$script" inside >mpi.txt 2>messages
status=$?
[ $status -ne 77 ] || skip "two network namespaces cannot be joined: $(head -n 1 errors)"
[ $status -eq 0 ] || fail "mpirun fails on two hosts" messages
"$build/assay" study plan.json --data "$data" --output one --jobs 1 >one.txt || fail "one process fails"
cmp one.txt mpi.txt || fail "another summary" one.txt mpi.txt
results one >1
results mpi >2
cmp 1 2 || fail "other results" 1 2
near=$(cat mpi/runs/*.json | grep -c '"host":"near"')
far=$(cat mpi/runs/*.json | grep -c '"host":"far"')
echo "16 runs: $near on the near host (one process), $far on the far one (two)"
[ "$near" -gt 0 ] && [ "$far" -gt 0 ] && [ $((near + far)) -eq 16 ] || fail "a host has done nothing" messages
