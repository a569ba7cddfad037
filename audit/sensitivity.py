#!/usr/bin/env python3
"""Finds the smallest relative error of each component that each golden value and statistical test detects.

    sensitivity.py --trace TRACE.jsonl --build BUILD --source SOURCE --output SENSITIVITY.json [--only TEXT] [--jobs N]

For each test that declares golden or statistical evidence for a component, the unchanged test program runs with
inject.c, a library that LD_PRELOAD loads before the others and that multiplies the component's results by 1 + e. |e| is
bisected on a logarithmic scale from 1e-17 to 10, for both signs; the larger of the two thresholds is reported. If some
run with a larger error passed, the smallest error above all passed ones is reported. The results hold for the
tests' own seeds. "-" is standard output.
"""
import argparse
import concurrent.futures
import json
import math
import os
import re
import subprocess
import sys
import tempfile

import output

LOWEST, HIGHEST, STEP = -17.0, 1.0, 0.25  # powers of ten
PATIENCE = 3.0  # seconds of processor time


def cases_of(iterations, most=2):
    """At most two cases of a test's table, the second and the third: all cases together detect no less."""
    chosen = sorted(iterations)
    return chosen[1 : 1 + most] if len(chosen) > most else chosen


# The same tests over the emulation of CUDA: their comparisons and bounds are measured without it.
EMULATED = ("test_backend_cuda", "test_optim_cuda", "test_cuda_host", "test_cuda")


def injection_points(folder):
    """The injection points in inject*.c: fixed names, and patterns such as "surface/%s.gradient"."""
    fixed, patterns = set(), set()
    for name in ("inject.c", "inject_backend.c"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        for point in re.findall(r'inject_error\("([^"]+)"', text):
            if "/%s" in point:
                patterns.add(point)
            elif "%s" not in point:
                fixed.add(point)
        for component in re.findall(r'inject_moments\(&moments, "([^"]+)"', text):
            fixed.update(f"{component}.{field}" for field in ("mean", "variance", "skewness", "kurtosis"))
    return fixed, patterns


def points_of(component, known):
    """The injection points of a component: itself, or its parts."""
    fixed, patterns = known
    group, name = component.split("/", 1)
    found = {p for p in fixed if p == component or p.startswith(component + ".")}
    if not found:
        found = {p.replace("%s", name) for p in patterns if p.split("%s")[0] == group + "/"}
    return sorted(found)


def units_of(trace):
    """(component, program, test) -> kind and iterations, for golden and statistical evidence."""
    units = {}
    for line in open(trace, encoding="utf-8"):
        entry = json.loads(line)
        if entry["program"] in EMULATED:
            continue
        for kind, component in entry.get("evidence", []):
            if kind in ("golden", "statistical"):
                key = (component, entry["program"], entry["test"])
                unit = units.setdefault(key, {"kind": kind, "iterations": set()})
                unit["iterations"].add(entry["iteration"])
    return units


class Probe:
    """One test of one program under one injection point."""

    def __init__(self, options, point, program, test, iterations):
        self.options, self.point, self.program = options, point, program
        self.test, self.iterations = test, iterations
        self.cases = cases_of(iterations)
        self.cache = {}
        self.seconds = 0.0  # of processor time, of the last run

    def be_brief(self):
        """For a slow test one case is enough."""
        if self.seconds > PATIENCE and len(self.cases) > 1:
            self.cases = cases_of(self.iterations, 1)
            self.cache = {}

    def fails(self, error):
        if error not in self.cache:
            build = self.options.build
            environment = dict(
                os.environ,
                ASSAY_TEST_ONLY=f"{self.test}:{','.join(map(str, self.cases))}",
                ASSAY_INJECT=self.point,
                ASSAY_INJECT_ERROR=repr(error),
                LC_ALL="C.UTF-8",
                CK_VERBOSITY="silent",
                LD_PRELOAD=os.path.join(build, "audit/.libs/inject.so"),
                LD_LIBRARY_PATH=os.path.join(build, "tests/.libs"),
                GOLDEN_DIR=os.path.join(self.options.source, "golden"),
                ASSAY_SOURCE=self.options.source,
                ASSAY_BUILD=build,
            )
            environment.pop("ASSAY_TRACE", None)
            program = os.path.join(build, "tests/.libs", self.program)
            with tempfile.TemporaryFile() as output:
                process = subprocess.Popen(
                    [program], env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
                )
                _, status, used = os.wait4(process.pid, 0)
                code = process.returncode = os.waitstatus_to_exitcode(status)
            self.seconds = used.ru_utime + used.ru_stime
            if code == 77:
                raise RuntimeError(f"{self.program} is skipped")
            self.cache[error] = code != 0
        return self.cache[error]

    def threshold(self, sign, near=None):
        """The smallest power of ten of a detected error of this sign; None if an error of 10 is not detected."""
        low, high = LOWEST, HIGHEST
        if near is not None:
            low, high = max(near - 0.3, LOWEST), min(near + 0.3, HIGHEST)
            if not self.fails(sign * 10**high) or self.fails(sign * 10**low):
                low, high = LOWEST, HIGHEST
        if not self.fails(sign * 10**high):
            return None
        while high - low > STEP:
            middle = (low + high) / 2
            if self.fails(sign * 10**middle):
                high = middle
            else:
                low = middle
        passed = [math.log10(abs(e)) for e, failed in self.cache.items() if not failed and e * sign > 0]
        return max([high] + [p + STEP for p in passed if p > high])


def measure(options, point, key, unit, near):
    """`near`: the threshold of the same test for another component, or None."""
    component, program, test = key
    probe = Probe(options, point, program, test, unit["iterations"])
    result = {
        "component": component,
        "point": point,
        "kind": unit["kind"],
        "program": program,
        "test": test,
    }
    if probe.fails(0.0):
        return dict(result, trouble="fails without an injected error")
    probe.be_brief()
    up = probe.threshold(1.0, near)
    # An error of -1 makes the result 0.
    down = probe.threshold(-1.0, up) if up is not None else None
    worst = None if up is None or down is None else max(up, down)
    return dict(
        result,
        iterations=probe.cases,
        smallest=None if worst is None else 10**worst,
        up=None if up is None else 10**up,
        down=None if down is None else 10**down,
        runs=len(probe.cache),
    )


def write(path, results):
    output.write_json(path, {"lowest": 10**LOWEST, "highest": 10**HIGHEST, "results": results})


def plan(options):
    """The measurements to make, and the results that are known: from an earlier run, or without an injection point."""
    known = injection_points(os.path.join(options.source, "audit"))
    before = {}
    if (options.only or options.keep) and os.path.exists(options.output):
        with open(options.output, encoding="utf-8") as file:
            before = {(r["point"], r["program"], r["test"]): r for r in json.load(file)["results"]}
    jobs, results = [], []
    for (component, program, test), unit in sorted(units_of(options.trace).items()):
        points = points_of(component, known)
        if not points:
            results.append(
                {"component": component, "point": None, "kind": unit["kind"], "program": program, "test": test}
            )
        for point in points:
            old = before.get((point, program, test))
            if old is not None and (options.keep or options.only not in point):
                results.append(old)
            elif options.only in point:
                jobs.append((point, (component, program, test), unit))
    return jobs, results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("trace", "build", "source", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", default="", help="only points that contain this text; other results are kept")
    parser.add_argument("--keep", action="store_true", help="measure only what is missing in OUTPUT")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    options.build, options.source = os.path.abspath(options.build), os.path.abspath(options.source)
    jobs, results = plan(options)
    noticed = {}  # (program, test) -> the last threshold found

    def measured(point, key, unit):
        result = measure(options, point, key, unit, noticed.get(key[1:]))
        if result.get("up"):
            noticed[key[1:]] = math.log10(result["up"])
        return result

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = [pool.submit(measured, *job) for job in jobs]
        for done, future in enumerate(concurrent.futures.as_completed(running), 1):
            result = future.result()
            results.append(result)
            if sys.stderr.isatty() or os.environ.get("ASSAY_AUDIT_VERBOSE"):
                seen = result.get("smallest", result.get("trouble"))
                what = f"{result['point']} by {result['program']} {result['test']}: {seen}"
                print(f"{done}/{len(jobs)} {what}", file=sys.stderr, flush=True)
            results.sort(key=lambda r: (r["component"], str(r["point"]), r["program"], r["test"]))
            if options.output != "-":
                write(options.output, results)  # an interrupted run can continue
    if not jobs or options.output == "-":
        write(options.output, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
