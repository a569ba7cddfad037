#!/usr/bin/env python3
"""Which numbers hold to which error on which platform: one row for each platform, its kernels and number of threads.

    everywhere.py --source SOURCE --build BUILD --cross FOLDER --output EVERYWHERE.json [--only TEXT]

Runs audit/platform (the tutorial's variances, the author's saved runs) and the programs with golden values, of BUILD
with each OpenBLAS and kernels, and those that scripts/cross built in FOLDER for other processors. --only takes the
rows whose name contains TEXT; the others keep what an earlier run found. A row that cannot run says why. Exit status
1: numbers are wrong somewhere.
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import time

import evidence
import output

# The core of OpenBLAS for each kernel, and the processor's flag that it needs.
CORES = [("SSE", "NEHALEM", "sse4_2"), ("AVX2", "HASWELL", "avx2"), ("AVX-512", "SKYLAKEX", "avx512vl")]
PROCESSORS = ["arm64", "armhf", "i386", "riscv64", "s390x"]
# The programs with golden values, without those that take minutes; their tests are found in the source.
GOLDEN = ["backend", "data", "goodness_of_fit", "inference", "init", "model", "optim", "random", "stats", "surface"]
STEPS = 45  # as many as golden/retrace.json has
EMULATED_STEPS = 2  # an emulated step takes most of a minute


class Place:
    """Where programs run: a build, and what stands before a program's name."""

    def __init__(self, name, build, *, prefix=(), environment=None, trouble=None, steps=STEPS, trace=None):
        self.name, self.build, self.prefix, self.trouble, self.steps = name, build, list(prefix), trouble, steps
        self.environment, self.trace = environment or {}, trace

    def run(self, source, program, *arguments, **more):
        environment = dict(
            os.environ, LC_ALL="C.UTF-8", GOLDEN_DIR=os.path.join(source, "golden"), **self.environment, **more
        )
        return subprocess.run(
            [*self.prefix, program, *arguments], cwd=self.build, env=environment, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False)

    def golden(self, source):
        """The tests with golden values: how many passed, how many failed, and the largest relative error."""
        trace = self.trace
        if trace is None:
            trace = os.path.abspath(os.path.join(self.build, "everywhere.trace"))
            if os.path.exists(trace):
                os.remove(trace)
            for name, test in golden_tests(source):
                if not os.path.exists(os.path.join(self.build, f"tests/test_{name}")):
                    continue
                self.run(source, f"tests/test_{name}", ASSAY_TRACE=trace, ASSAY_TEST_EFFORT="small",
                         ASSAY_TEST_ONLY=test, CK_TIMEOUT_MULTIPLIER="20")
        return golden_of(trace) if os.path.exists(trace) else None


def golden_tests(source):
    """(program without test_, test) of each test that compares with golden values."""
    for name in GOLDEN:
        for path in sorted(glob.glob(os.path.join(source, f"tests/test_{name}*.c"))):
            with open(path, encoding="utf-8") as file:
                bodies = re.findall(r"^START_TEST\((\w+)\)(.*?)^END_TEST", file.read(), re.DOTALL | re.MULTILINE)
            yield from ((name, test) for test, body in bodies if "EVIDENCE_GOLDEN" in body)


def golden_of(path):
    trace = evidence.Trace(path)
    tests = [test for test in trace.tests if any(kind == "golden" for kind, _ in test["evidence"])]
    with open(path, encoding="utf-8") as file:
        failed = sum(json.loads(line).get("failed", 0) for line in file)
    return {
        "passed": len(tests),
        "failed": failed,
        "worst": max((test["relative"] for test in tests if "relative" in test), default=None),
    }


def flags():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split() for line in file if line.startswith("flags")), [])


def here(build, libraries):
    """(place, kernels, backend, threads) on this processor."""
    known = flags()
    for kernels, core, flag in CORES:
        trouble = None if flag in known else "this processor has no " + kernels
        place = Place("x86-64, OpenBLAS pthread", build, trouble=trouble,
                      environment={"OPENBLAS_CORETYPE": core})
        for threads in (1, 2):
            yield place, kernels, "openblas-dense", threads
        if kernels != "SSE":
            for threads in (1, 2):
                yield place, kernels + ", products that leave out zeros", "openblas", threads
    for kind in ("openmp", "serial"):
        folder = os.path.join(libraries, "openblas-" + kind)
        trouble = None if os.path.isdir(folder) else f"missing: apt-get install libopenblas0-{kind}"
        place = Place(f"x86-64, OpenBLAS {kind}", build, trouble=trouble,
                      environment={"OPENBLAS_CORETYPE": "HASWELL", "LD_LIBRARY_PATH": folder})
        for threads in (1, 2):
            yield place, "AVX2", "openblas-dense", threads
    # Plain loops in double precision: slow, and the author's second losses belong to single precision.
    yield Place("x86-64, no BLAS", build, steps=1), "scalar (reference)", "reference", 1


def is_emulated(script, arch, cross):
    done = subprocess.run([script, "--emulator", arch], env=dict(os.environ, CROSS_DIR=cross), capture_output=True,
                          text=True, check=True)
    return done.stdout.strip() != ""


def elsewhere(cross, source):
    script = os.path.join(source, "scripts/cross")
    for arch in PROCESSORS:
        build = os.path.join(cross, arch + ".build")
        trouble = None
        if not os.path.exists(os.path.join(build, "audit/platform")):
            trouble = f"not built: scripts/cross {arch}"
        emulated = is_emulated(script, arch, cross)
        place = Place(arch + " (emulated)" if emulated else arch, build, trouble=trouble,
                      prefix=[script, "--run", arch], environment={"CROSS_DIR": cross},
                      steps=EMULATED_STEPS if emulated else STEPS, trace=os.path.join(build, "trace.jsonl"))
        for threads in (1, 2):
            yield place, "OpenBLAS's own", "openblas-dense", threads
        if arch == "arm64":
            yield place, "NEON, products that leave out zeros", "openblas", 1


def measure(place, backend, threads, source, golden):
    """One row's result, or why there is none."""
    if place.trouble:
        return {"not_run": place.trouble}
    done = place.run(source, "audit/platform", backend, str(threads), str(place.steps))
    if done.returncode:
        return {"not_run": (done.stderr.strip().splitlines() or ["audit/platform failed"])[-1]}
    row = json.loads(done.stdout)
    row["date"] = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    row["golden"] = golden
    # What is claimed of the author's runs is claimed of OpenBLAS's AVX2 kernels; elsewhere the first loss must agree.
    exact = backend == "openblas-dense" and row["core"] == "Haswell"
    row["holds"] = {
        "variances": row["variances"]["agree"] == row["variances"]["count"] > 0,
        "retraced": all(
            run["agree"] >= (min(run["claimed"], run["steps"]) if exact else 1) for run in row["retraced"].values()
        ),
        "golden": golden is not None and golden["failed"] == 0 and golden["passed"] > 0,
    }
    return row


def commit(source):
    done = subprocess.run(["git", "-C", source, "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def earlier(path):
    try:
        with open(path, encoding="utf-8") as file:
            return {row["name"]: row for row in json.load(file)["rows"]}
    except (FileNotFoundError, ValueError, KeyError):
        return {}


def said(row):
    if "not_run" in row:
        return "not run: " + row["not_run"]
    found = [name for name, good in row["holds"].items() if not good]
    return "ok" if not found else "FAIL " + ", ".join(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("source", "build", "cross", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    source, build, cross = (os.path.abspath(path) for path in (options.source, options.build, options.cross))
    libraries = subprocess.run(["pkg-config", "--variable=libdir", "zlib"], capture_output=True, text=True,
                               check=True).stdout.strip()
    known, golden, rows, now = earlier(options.output), {}, [], commit(source)
    for place, kernels, backend, threads in [*here(build, libraries), *elsewhere(cross, source)]:
        name = f"{place.name}; {kernels}; {threads} thread{'s'[:threads - 1]}"
        row = known.get(name, {"not_run": place.trouble or "left out of the last runs"})
        if options.only in name:
            key = (place.name, tuple(place.environment.items()))
            if key not in golden and not place.trouble:
                golden[key] = place.golden(source)
            found = measure(place, backend, threads, source, golden.get(key))
            # An earlier result is better than none; its date and commit say how old it is.
            row = row if "not_run" in found and "not_run" not in row else dict(found, commit=now)
        rows.append(dict(row, name=name, platform=place.name, kernels=kernels, threads=threads))
        print(f"{name}: {said(rows[-1])}", file=sys.stderr, flush=True)
        output.write_json(options.output, {"rows": rows + [
            row for row in known.values() if row["name"] not in {done["name"] for done in rows}]})
    return 1 if any("holds" in row and not all(row["holds"].values()) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
