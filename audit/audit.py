#!/usr/bin/env python3
"""Collects all results about the tests in build/audit.json, from which page.c makes build/audit.html.

    audit.py --source SOURCE --build BUILD --output AUDIT.json

Reads the results that other targets left in the build folder, and lists the targets that did not run. "-" is
standard output. Exit status 1 means a finding: an empty cell of the traceability table without a reason, a reason
for a cell that is not empty, or evidence for an unknown component.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import components
import evidence
import output
import sections


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


# Who computed the values of a file of golden/, by the last word of its name.
ORIGINS = {"torch": "PyTorch 1.13", "mpmath": "mpmath", "numpy": "NumPy and SciPy", "retrace": "the author's runs",
           "model": "PyTorch 1.13"}


def independent_sources(trace, confirmed):
    """component -> set of independent sources: of the values that its tests read, and of those that confirm them."""
    found = {}
    for component, names in trace.sources().items():
        known = found.setdefault(component, set())
        for name in names:
            last = name.removesuffix(".json").split("_")[-1]
            known.add(ORIGINS.get(last, name))
            known.update(entry["source"] for entry in confirmed if entry["file"] == name)
    return found


def read_times(build):
    """Seconds of each test, which tests/driver.sh leaves beside its log."""
    times = {}
    for folder, _, names in os.walk(os.path.join(build, "tests")):
        for name in names:
            if name.endswith(".time"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    times[os.path.relpath(path, build)[: -len(".time")]] = float(file.read())
    return times


class Audit:
    """All results, and the findings."""

    def __init__(self, source, build):
        self.source, self.build, self.findings = source, build, []
        self.reasons = evidence.Reasons(os.path.join(source, "audit/reasons.json"))
        self.trace = evidence.Trace(os.path.join(build, "trace.jsonl"))
        self.proved = self.trace.proved()
        for key, programs in evidence.of_scripts(source, build).items():
            for program, tests in programs.items():
                self.proved.setdefault(key, {}).setdefault(program, set()).update(tests)
        self.proved.update(components.cuda_kernel_evidence(source, self.proved))
        self.sources = components.Sources(source)
        # make coverage runs in a build of its own.
        self.coverage = load(os.path.join(build, "coverage.json")) or load(
            os.path.join(build, "coverage/coverage.json")
        )
        self.mutation = load(os.path.join(build, "mutation.json"))
        self.loosened = load(os.path.join(build, "loosened.json"))
        self.sensitivity = load(os.path.join(build, "sensitivity.json"))
        self.reproducible = load(os.path.join(build, "reproducible.json"))
        self.accuracy = load(os.path.join(build, "accuracy.json"))
        confirmed = load(os.path.join(source, "golden/confirmed.json")) or []
        self.independent = independent_sources(self.trace, confirmed)
        self.times = read_times(build)
        self.everywhere = load(os.path.join(build, "everywhere.json"))
        self.rows = self.numeric_rows()
        self.plumbing = components.plumbing(source, build)
        self.check_names()

    def numeric_rows(self):
        listed = (
            components.library_tables(self.build)
            + components.operations(self.source)
            + components.functions(self.source)
            + list(components.cuda_kernels(self.source).values())
        )
        rows = []
        for component in dict.fromkeys(listed):
            if self.reasons.for_row(component):
                if any((component, kind) in self.proved for kind in evidence.COLUMNS):
                    self.findings.append(f"{component}: has evidence, but audit/reasons.json excludes it")
            else:
                rows.append(component)
        return rows

    def check_names(self):
        known = set(self.rows) | set(self.plumbing)
        known |= {c for c in components.functions(self.source) + components.operations(self.source)}
        for component in sorted({component for component, _ in self.proved} - known):
            self.findings.append(f"{component}: tests declare evidence for it, but the library has no such component")
        for program, entry in sorted(self.trace.programs.items()):
            if entry["failed"]:
                self.findings.append(
                    f"{program}: {entry['failed']} of {entry['run']} tests failed, so none of its evidence counts"
                )

    def cell(self, component, kind):
        """("proved", programs), ("reason", text) or ("empty", None); a finding where it is wrong."""
        programs = self.proved.get((component, kind))
        reason = self.reasons.for_cell(component, kind)
        if programs and reason:
            self.findings.append(f"{component}, {kind}: has evidence, but audit/reasons.json says why it has none")
        if programs:
            return "proved", programs
        if reason:
            return "reason", reason
        self.findings.append(f"{component}: no {kind} test, and no reason")
        return "empty", None

    def variants(self):
        folder = os.path.join(self.build, "variants")
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return {name[:-5]: load(os.path.join(folder, name)) for name in names if name.endswith(".json")}

    def mutation_of(self, component):
        """(killed, survived) of the mutants in the files in which a component is computed."""
        files = set(self.sources.of(component))
        verdicts = [m["verdict"] for m in self.mutation["mutants"] if m["file"] in files] if self.mutation else []
        return verdicts.count("killed") + verdicts.count("timeout"), verdicts.count("survived")


def commit(source):
    try:
        return subprocess.run(
            ["git", "-C", source, "log", "-1", "--format=%h of %cs"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "an unknown commit"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("source", "build", "output"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    source, build = os.path.abspath(options.source), os.path.abspath(options.build)
    audit = Audit(source, build)
    page = sections.page(
        audit,
        f"Made by make audit at {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())} from {commit(source)}.",
    )
    output.write_json(options.output, page)
    for finding in audit.findings:
        print(f"audit: {finding}", file=sys.stderr)
    return 1 if audit.findings else 0


if __name__ == "__main__":
    sys.exit(main())
