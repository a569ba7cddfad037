#!/usr/bin/env python3
"""Builds the program with several compilers and levels of optimization, and compares all numbers of its runs.

    reproducible.py --source SOURCE --build FOLDER --output REPRODUCIBLE.json

FOLDER keeps the builds of lib/ and the program, and each run updates them. "-" is standard output. Exit status 1:
numbers differ that must agree. doc/testing.md lists the numbers that must be equal, and the bounds of the others.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

import output

COMPILERS = [("gcc", "-O0"), ("gcc", "-O3"), ("clang", "-O0"), ("clang", "-O3")]
THREADS = [1, 2]
SECTIONS = [
    "data",
    "batch",
    "constant",
    "variance-0.01",
    "variance-0.1",
    "equal-variance",
    "xavier-identity",
    "xavier-tanh",
    "kaiming-relu",
    "pathological",
    "steep",
]
# With two threads OpenBLAS adds up the edges of a matrix in another order, in float32. The tutorial's numbers must
# agree within 5e-6, as with the printed ones; losses differ more and more, since training amplifies the last bits.
THREADS_BOUND = 5e-6
# SGD with rate 0.1 amplifies them by up to 20 in each step, momentum and Adam hardly.
LOSSES_BOUND, ACCURACY_BOUND = 1e-5, 0.02
LOSSES_STEPS = {"sgd": 4, "momentum": 10, "adam": 10}


def commands(threads):
    """(name, kind, command line) of each run."""
    for section in SECTIONS:
        yield f"reproduce {section}", "f32", [
            "reproduce",
            "--section",
            section,
            "--threads",
            str(threads),
            "--json",
            "-",
        ]
    for section in ("constant", "xavier-tanh", "kaiming-relu", "pathological", "steep"):
        yield f"reproduce {section} f64", "f64", [
            "reproduce",
            "--section",
            section,
            "--threads",
            str(threads),
            "--backend",
            "openblas:f64",
            "--json",
            "-",
        ]
    yield "reproduce constant reference", "reference", [
        "reproduce",
        "--section",
        "constant",
        "--backend",
        "reference",
        "--json",
        "-",
    ]
    for surface in ("pathological", "steep"):
        for optimizer in ("sgd", "momentum", "adam"):
            for precision in ("f32", "f64"):
                yield (
                    f"descend {surface} {optimizer} {precision}",
                    "descent",
                    [
                        "descend",
                        "--surface",
                        surface,
                        "--optimizer",
                        optimizer,
                        "--precision",
                        precision,
                        "--json",
                        "-",
                    ],
                )
    for optimizer in ("sgd", "momentum", "adam"):
        yield f"train {optimizer}", "training", [
            "train",
            "--hidden",
            "64,32",
            "--epochs",
            "1",
            "--optimizer",
            optimizer,
            "--threads",
            str(threads),
            "--json",
            "-",
        ]


def numbers(value, path=""):
    """(path, number) for all numbers of a JSON value."""
    if isinstance(value, dict):
        return [n for key, entry in value.items() for n in numbers(entry, f"{path}/{key}")]
    if isinstance(value, list):
        return [n for i, entry in enumerate(value) for n in numbers(entry, f"{path}/{i}")]
    return [(path, value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []


def build(source, folder, compiler, level):
    if shutil.which(compiler) is None:
        sys.exit(f"reproducible: {compiler} is missing; on Debian: apt-get install {compiler}")
    os.makedirs(folder, exist_ok=True)
    log = os.path.join(folder, "build.log")
    with open(log, "w", encoding="utf-8") as file:
        if not os.path.exists(os.path.join(folder, "Makefile")):
            subprocess.run(
                [os.path.join(source, "configure"), "-q", "--disable-tests", f"CC={compiler}", f"CFLAGS={level}"],
                cwd=folder,
                stdout=file,
                stderr=file,
                check=True,
            )
        done = subprocess.run(["make", "-j2", "assay"], cwd=folder, stdout=file, stderr=file, check=False)
    if done.returncode:
        sys.exit(f"reproducible: the build with {compiler} {level} fails; see {log}")


def run(folder, threads):
    """name -> (kind, numbers, exit status)."""
    results = {}
    for name, kind, command in commands(threads):
        done = subprocess.run(
            [os.path.join(folder, "assay")] + command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ, LC_ALL="C.UTF-8"),
        )
        if done.returncode not in (0, 1) or not done.stdout:
            sys.exit(f"reproducible: assay {' '.join(command)}: {done.stderr.strip()}")
        results[name] = (kind, numbers(json.loads(done.stdout)), done.returncode)
    return results


def differing(a, b):
    """Of two results: how many numbers differ, how many there are, and the largest relative difference."""
    if [path for path, _ in a] != [path for path, _ in b]:
        return len(a), len(a), float("inf")
    pairs = [(x, y) for (_, x), (_, y) in zip(a, b) if x != y]
    return len(pairs), len(a), max((abs(x - y) / max(abs(x), abs(y)) for x, y in pairs), default=0.0)


def compare_exactly(what, scope, runs):
    """Compares all of `runs` with the first."""
    different, count, worst, where = 0, 0, 0.0, set()
    for other in runs[1:]:
        for name, (_, values, _) in runs[0].items():
            wrong, all_numbers, distance = differing(values, other[name][1])
            different, count, worst = different + wrong, count + all_numbers, max(worst, distance)
            where |= {name} if wrong else set()
    found = (
        f"{count:,} numbers, all the same"
        if not different
        else f"{different:,} of {count:,} differ, by {worst:.1e} at most: {', '.join(sorted(where)[:6])}"
    )
    return {"what": what, "scope": scope, "wanted": "every digit", "holds": different == 0, "found": found}


def ours(values):
    return [(path, value) for path, value in values if path.endswith("/ours")]


def compare_threads(runs):
    one, two = (runs[("gcc", "-O3", t, 0)] for t in THREADS)
    worst = max(differing(ours(one[n][1]), ours(two[n][1]))[2] for n in one if one[n][0] in ("f32", "f64"))
    yield {
        "what": "The tutorial's numbers",
        "scope": "1 and 2 threads",
        "wanted": f"relative {THREADS_BOUND:.0e}",
        "holds": worst <= THREADS_BOUND,
        "found": f"{worst:.1e}",
    }
    training = [n for n in one if one[n][0] == "training"]
    for optimizer, steps in LOSSES_STEPS.items():
        losses = [[(p, v) for p, v in r[f"train {optimizer}"][1] if "train_losses" in p][:steps] for r in (one, two)]
        worst = differing(*losses)[2]
        yield {
            "what": f"The first {steps} losses of a training run, {optimizer}",
            "scope": "1 and 2 threads",
            "wanted": f"relative {LOSSES_BOUND:.0e}",
            "holds": worst <= LOSSES_BOUND and len(losses[0]) == steps,
            "found": f"{worst:.1e}",
        }
    accuracy = max(abs(dict(one[n][1])["/test_acc"] - dict(two[n][1])["/test_acc"]) for n in training)
    yield {
        "what": "Accuracy after an epoch",
        "scope": "1 and 2 threads",
        "wanted": f"{100 * ACCURACY_BOUND:.0f} points",
        "holds": accuracy <= ACCURACY_BOUND,
        "found": f"{100 * accuracy:.2f} points",
    }
    same = [n for n in one if one[n][0] in ("descent", "reference")]
    yield compare_exactly(
        "Descents and the reference", "1 and 2 threads", [{n: one[n] for n in same}, {n: two[n] for n in same}]
    )


def select(run_of, kinds):
    return {name: entry for name, entry in run_of.items() if entry[0] in kinds}


def judge(runs):
    combos = [(c, l) for c, l in COMPILERS]
    golden = sum(
        entry[2] == 0 for r in runs.values() for n, entry in r.items() if entry[0] in ("f32", "f64", "reference")
    )
    wanted = sum(1 for r in runs.values() for n, entry in r.items() if entry[0] in ("f32", "f64", "reference"))
    results = [
        {
            "what": "Sections agree with the tutorial",
            "scope": "every build, thread count and run",
            "wanted": "all",
            "holds": golden == wanted,
            "found": f"{golden} of {wanted}",
        }
    ]
    for compiler, level in combos:
        pairs = [
            compare_exactly(
                "Everything",
                f"two runs, {compiler} {level}, {t} thread{'s'[:t - 1]}",
                [runs[(compiler, level, t, 0)], runs[(compiler, level, t, 1)]],
            )
            for t in THREADS
        ]
        results += pairs
    everything = ("f32", "f64", "reference", "descent", "training")
    for what, kinds in (
        ("Sections", ("f32", "f64", "reference")),
        ("Descents", ("descent",)),
        ("Training", ("training",)),
    ):
        for t in THREADS:
            results.append(
                compare_exactly(
                    what,
                    f"gcc and clang, -O0 and -O3, {t} thread{'s'[:t - 1]}",
                    [select(runs[(c, l, t, 0)], kinds) for c, l in combos],
                )
            )
    assert all(entry[0] in everything for entry in runs[("gcc", "-O3", 1, 0)].values())
    return results + list(compare_threads(runs))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("source", "build", "output"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    source = os.path.abspath(options.source)
    runs = {}
    for compiler, level in COMPILERS:
        folder = os.path.abspath(os.path.join(options.build, compiler + level))
        build(source, folder, compiler, level)
        for threads in THREADS:
            for repeat in range(2):
                print(f"{compiler} {level}, {threads} threads, run {repeat + 1}", file=sys.stderr, flush=True)
                runs[(compiler, level, threads, repeat)] = run(folder, threads)
    results = judge(runs)
    versions = ", ".join(
        subprocess.run([c, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        for c in ("gcc", "clang")
    )
    output.write_json(options.output, {"builds": f"Compilers: {versions}.", "results": results})
    text = output.text_stream(options.output)
    for result in results:
        mark = "ok  " if result["holds"] else "FAIL"
        print(f"{mark} {result['what']}, {result['scope']}: {result['found']}", file=text)
    return 0 if all(result["holds"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
