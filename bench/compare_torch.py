#!/usr/bin/python3
"""Compares our training epoch with PyTorch's: runs bench/epoch and bench/torch_epoch.py in turn, as processes.

    bench/compare_torch.py --epoch build/bench/epoch [--rounds 3] [--python PATH] [--chroot DIR] [--json FILE]

--python is a Python that has PyTorch. --chroot is the root of another system, for example of another Debian; the Python
is then one of that system, the data are read there, and the script needs root. For torch.compile, mount /proc there,
and install g++, libtorch-dev, python3-dev and python3-setuptools (Debian's names). PyTorch runs eager and, where it has
it, with torch.compile; with its default number of threads, with 1 and with 2; each time as it is installed, and tuned
(TUNED below). Each optimizer has a process of its own, since what a process did before changes its times. Both programs
run with the kernels that OpenBLAS chooses and with --kernels. Every number is the minimum over the rounds. The ratio is
PyTorch's best time, with any threads, kernels and settings, divided by ours with 2 threads. Exit status 1: the ratio is
below 3 for some optimizer.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../audit"))
import output

OPTIMIZERS = ("sgd", "momentum", "adam")
WANTED = 3.0
PEERS = ("torch", "compiled")
# What PyTorch gains from: the C library keeps freed memory, and does not return it to the kernel and fetch it again in
# each step; threads that wait for a parallel part sleep, and leave their processor to OpenBLAS's threads.
TUNED = {"MALLOC_TRIM_THRESHOLD_": "2000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000", "OMP_WAIT_POLICY": "passive"}


def environment(kernels, settings):
    chosen = ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS", *TUNED)
    made = {name: value for name, value in os.environ.items() if name not in chosen}
    if kernels:
        made["OPENBLAS_CORETYPE"] = kernels
    return {**made, **settings}


def run(options, command, kernels, settings, script=None):
    """The JSON that a command prints; the text of a script is its standard input."""
    print(f"{kernels or 'own choice'}{', tuned' if settings else ''}: {' '.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run([*options.prefix.split(), *command], env=environment(kernels, settings),
                          stdout=subprocess.PIPE, input=script, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_torch.py: {' '.join(command)} ended with status {done.returncode}")
    return json.loads(done.stdout)


def run_ours(options, threads, kernels):
    command = [options.epoch, "--rounds", str(options.epochs), "--threads", str(threads), "--data", options.data,
               "--json", "-"]
    return {row["what"]: row for row in run(options, command, kernels, {})}


def run_torch(options, threads, kernels, peer, settings):
    """None if this PyTorch has no torch.compile. The script goes through a pipe, as a chroot does not see its file."""
    command = ["chroot", options.chroot] if options.chroot else []
    command += [options.python, "-", "--rounds", str(options.epochs), "--data", options.data,
                *threads, *(["--compile"] if peer == "compiled" else []), "--optimizer"]
    with open(os.path.join(HERE, "torch_epoch.py"), encoding="utf-8") as script:
        text = script.read()
    rows = {}
    for name in options.optimizer:
        document = run(options, [*command, name], kernels, settings, text)
        options.version = document["torch"]
        if not document["runs"]:
            return None
        rows[name] = document["runs"][0]
    return rows


def add_rows(table, program, threads, kernels, rows):
    table.setdefault((program, threads, kernels or "OpenBLAS's choice"), []).append(rows)


def run_peer(options, table, kernels, peer):
    """Adds PyTorch's rows of one round to the table. False if this PyTorch has no torch.compile."""
    for threads in ([], ["--threads", "1"], ["--threads", "2"]):
        for settings in ({}, TUNED):
            rows = run_torch(options, threads, kernels, peer, settings)
            if rows is None:
                return False
            add_rows(table, peer + (", tuned" if settings else ""), threads[1] if threads else "default", kernels, rows)
    return True


def measure(options):
    """{(program, threads, kernels): [rows of each round]} in the order of the table."""
    table = {}
    peers = list(options.peer)
    for _ in range(options.rounds):
        for kernels in dict.fromkeys((None, options.kernels)):
            for threads in (1, 2):
                add_rows(table, "assay", f"{threads}", kernels, run_ours(options, threads, kernels))
            for peer in list(peers):
                if not run_peer(options, table, kernels, peer):
                    peers.remove(peer)
                    print(f"PyTorch {options.version} has no torch.compile here", file=sys.stderr)
    return table


def whole(row, with_validation):
    return row["training"] + (row["validation"] if with_validation else 0)


def compare(table, names, with_validation, text):
    """Prints a table and returns it as a dictionary."""
    print(f"\nSeconds of an epoch, {'validation included' if with_validation else 'training alone'}", file=text)
    print(f"{'':15} {'threads':8} {'kernels':18}" + "".join(f"{name:>10}" for name in names), file=text)
    least = {key: {name: min(whole(rows[name], with_validation) for rows in rounds) for name in names}
             for key, rounds in table.items()}
    for key, times in least.items():
        print(f"{key[0]:15} {key[1]:8} {key[2]:18}" + "".join(f"{times[name]:10.3f}" for name in names), file=text)
    ratios = {}
    for name in names:
        ours = min(times[name] for key, times in least.items() if key[:2] == ("assay", "2"))
        torch = min(times[name] for key, times in least.items() if key[0] != "assay")
        ratios[name] = torch / ours
    print(f"{'PyTorch at its best / assay with 2':43}" + "".join(f"{ratios[name]:10.2f}" for name in names), file=text)
    rows = [{"program": key[0], "threads": key[1], "kernels": key[2], "seconds": times} for key, times in least.items()]
    return {"validation": with_validation, "rows": rows, "ratios": ratios}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epoch", default="bench/epoch", help="our program (default bench/epoch)")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    parser.add_argument("--chroot", help="the root of the system whose Python it is, with the same --data in it")
    parser.add_argument("--data", default=os.environ.get("ASSAY_DATA", "/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2, help="timed epochs of each process in a round (default 2)")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, nargs="*", default=OPTIMIZERS)
    parser.add_argument("--peer", choices=PEERS, nargs="*", default=PEERS, help="PyTorch as it is, or compiled")
    parser.add_argument("--kernels", default="", help="an OPENBLAS_CORETYPE to try, too, such as SKYLAKEX")
    parser.add_argument("--prefix", default="", help="a command to run every measured process under")
    parser.add_argument("--json", help="write the numbers to this file, too (-: standard output)")
    options = parser.parse_args()
    options.kernels = options.kernels or None
    if options.json:
        output.refuse_input(parser, "--json", options.json, options.data)
    return options


def main():
    options = parse()
    text = output.text_stream(options.json)
    table = measure(options)
    results = [compare(table, options.optimizer, with_validation, text) for with_validation in (False, True)]
    worst = min(min(result["ratios"].values()) for result in results)
    print(f"\nThe smallest ratio to PyTorch {options.version} is {worst:.2f}; at least {WANTED} is required.",
          file=text)
    if options.json:
        output.write_json(options.json, {"torch": options.version, "results": results})
    return 0 if worst >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
