"""The evidence in the trace of a test run, and the reasons for missing evidence."""
import json
import os
import re

KINDS = ["gradient", "statistical", "golden", "cross-backend", "property", "errors"]
COLUMNS = KINDS[:4]  # an empty cell in one of these needs a reason, or it is a finding


class Trace:
    def __init__(self, path):
        self.tests, self.programs, self.skipped = [], {}, []
        with open(path, encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                if "test" in entry:
                    self.tests.append(entry)
                elif "skipped" in entry:
                    self.skipped.append((entry["program"], entry["skipped"]))
                else:
                    self.programs[entry["program"]] = entry

    def sound(self, program):
        """Whether the program ended normally and none of its tests failed."""
        return self.programs.get(program, {}).get("failed", 1) == 0

    def proved(self):
        """(component, kind) -> {program: set of tests}, of programs without a failed test."""
        found = {}
        for test in self.tests:
            if self.sound(test["program"]):
                for kind, component in test["evidence"]:
                    tests = found.setdefault((component, kind), {}).setdefault(test["program"], set())
                    tests.add(test["test"])
        return found

    def sources(self):
        """component -> names of what its golden tests compare with: files of golden/, and others."""
        found = {}
        for test in self.tests:
            if self.sound(test["program"]):
                for kind, component in test["evidence"]:
                    if kind == "golden":
                        found.setdefault(component, set()).update(test.get("sources", []))
        return found

    def alarms(self):
        """(program, test) -> number of checks, sum of their false-alarm probabilities, power."""
        sums = {}
        for test in self.tests:
            if test["alarm"] or any(kind == "statistical" for kind, _ in test["evidence"]):
                entry = sums.setdefault((test["program"], test["test"]), {"checks": 0, "alarm": 0.0, "power": []})
                entry["checks"] += test["checks"]
                entry["alarm"] += test["alarm"]
                entry["power"] += test.get("power", [])
        return sums

    def undeclared(self):
        return sorted({(t["program"], t["test"]) for t in self.tests if not t["evidence"]})


def declared_by_script(path):
    """(kind, component, line) of each "# evidence: KIND: COMPONENT, ..." in a shell test."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            said = re.match(r"# evidence: (\S+): (.+)$", line)
            for component in said[2].split(", ") if said else []:
                yield said[1], component, number


def of_scripts(source, build):
    """Shell tests declare evidence in a comment; automake's .trs file has their result."""
    found = {}
    for folder, _, names in os.walk(os.path.join(source, "tests")):
        for name in names:
            path = os.path.join(folder, name)
            if not name.endswith(".sh"):
                continue
            results = os.path.join(build, os.path.relpath(path, source) + ".trs")
            passed = os.path.exists(results) and ":test-result: PASS" in open(results, encoding="utf-8").read()
            for kind, component, _ in declared_by_script(path) if passed else []:
                found.setdefault((component, kind), {}).setdefault(name, set()).add(name)
    return found


class Reasons:
    """audit/reasons.json: functions that are not components, and cells that may be empty."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            given = json.load(file)
        self.rows = [(re.compile(r["match"] + r"\Z"), r["reason"]) for r in given["not_components"]]
        self.cells = [(re.compile(r["match"] + r"\Z"), set(r["kinds"]), r["reason"]) for r in given["empty_cells"]]
        self.injection = [(re.compile(r["match"] + r"\Z"), r.get("test"), r["reason"]) for r in given["not_injected"]]
        self.used = set()

    def _first(self, which, matches):
        for number, entry in enumerate(getattr(self, which)):
            if matches(entry):
                self.used.add((which, number))
                return entry[-1]
        return None

    def for_row(self, component):
        return self._first("rows", lambda entry: entry[0].match(component))

    def for_cell(self, component, kind):
        return self._first("cells", lambda entry: entry[0].match(component) and kind in entry[1])

    def for_injection(self, component, test):
        return self._first("injection", lambda entry: entry[0].match(component) and entry[1] in (None, test))

    def unused(self, sensitivity_ran):
        for which in ("rows", "cells") + (("injection",) if sensitivity_ran else ()):
            for number, entry in enumerate(getattr(self, which)):
                if (which, number) not in self.used:
                    yield f"{which}: {entry[0].pattern[:-2]}"
