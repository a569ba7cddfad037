#!/usr/bin/python3
"""Compares our training epoch with PyTorch's: runs bench/epoch and bench/torch_epoch.py in turn, as processes.

    bench/compare_torch.py --epoch build/bench/epoch [--rounds 3] [--torch /usr/bin/python3]

PyTorch runs with its default number of threads, with 1 and with 2. Both run with the kernels that OpenBLAS chooses and
with --kernels. Every number is the minimum over the rounds. The ratio is PyTorch's best time, with any threads and
kernels, divided by ours with 2 threads. Exit status 1: the ratio is below 1.6 for some optimizer.
"""
import argparse
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OPTIMIZERS = ("sgd", "momentum", "adam")
WANTED = 1.6


def environment(kernels):
    made = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_CORETYPE", "OMP_NUM_THREADS")}
    if kernels:
        made["OPENBLAS_CORETYPE"] = kernels
    return made


def run(options, command, kernels):
    print(f"{kernels or 'own choice'}: {' '.join(command)}", file=sys.stderr, flush=True)
    done = subprocess.run([*options.prefix.split(), *command], env=environment(kernels), stdout=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        sys.exit(f"compare_torch.py: {' '.join(command)} ended with status {done.returncode}")
    return done.stdout


def run_ours(options, threads, kernels):
    command = [options.epoch, "--rounds", str(options.epochs), "--threads", str(threads), "--json", "-"]
    return {row["what"]: row for row in json.loads(run(options, command, kernels))}


def run_torch(options, threads, kernels):
    command = [options.torch, os.path.join(HERE, "torch_epoch.py"), "--rounds", str(options.epochs), "--optimizer",
               *options.optimizer]
    return {row["what"]: row for row in json.loads(run(options, command + threads, kernels))["runs"]}


def whole(row, with_validation):
    return row["training"] + (row["validation"] if with_validation else 0)


def measure(options):
    """{name: [rows of each round]} in the order of the table."""
    table = {}
    for _ in range(options.rounds):
        for kernels in dict.fromkeys((None, options.kernels)):
            label = kernels or "OpenBLAS's choice"
            for threads in (1, 2):
                table.setdefault(("assay", f"{threads}", label), []).append(run_ours(options, threads, kernels))
            for threads in ([], ["--threads", "1"], ["--threads", "2"]):
                name = ("torch", threads[1] if threads else "default", label)
                table.setdefault(name, []).append(run_torch(options, threads, kernels))
    return table


def print_table(table, names, with_validation):
    print(f"\nSeconds of an epoch, {'validation included' if with_validation else 'training alone'}")
    print(f"{'':7} {'threads':8} {'kernels':18}" + "".join(f"{name:>10}" for name in names))
    least = {key: {name: min(whole(rows[name], with_validation) for rows in rounds) for name in names}
             for key, rounds in table.items()}
    for key, times in least.items():
        print(f"{key[0]:7} {key[1]:8} {key[2]:18}" + "".join(f"{times[name]:10.3f}" for name in names))
    ratios = []
    for name in names:
        ours = min(times[name] for key, times in least.items() if key[:2] == ("assay", "2"))
        torch = min(times[name] for key, times in least.items() if key[0] == "torch")
        ratios.append(torch / ours)
    print(f"{'torch at its best / assay with 2':35}" + "".join(f"{ratio:10.2f}" for ratio in ratios))
    return min(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epoch", default="bench/epoch", help="our program (default bench/epoch)")
    parser.add_argument("--torch", default="/usr/bin/python3", help="a Python that has torch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2, help="timed epochs of each process in a round (default 2)")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, nargs="*", default=OPTIMIZERS)
    parser.add_argument("--kernels", default="SKYLAKEX", help="an OPENBLAS_CORETYPE to try, too; "
                        "empty for none (default SKYLAKEX)")
    parser.add_argument("--prefix", default="", help="a command to run every measured process under")
    options = parser.parse_args()
    options.kernels = options.kernels or None
    table = measure(options)
    worst = min([print_table(table, options.optimizer, with_validation) for with_validation in (False, True)])
    print(f"\nThe smallest ratio is {worst:.2f}; at least {WANTED} is required.")
    return 0 if worst >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
