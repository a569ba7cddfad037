"""Coverage of lib/ by the tests: lines, branches and conditions of each folder, from gcov (doc/coverage.md).

Where gcc can count it (version 14 or later), also MC/DC: each condition of a decision must have decided it alone, once
by being true and once by being false. Each of these two is one outcome.

Usage: coverage.py SOURCE BUILD [--out FILE]. Prints a table and every line and branch that did not run, and writes
FILE (default BUILD/coverage.json, "-" for standard output). Exit status 1: too few lines or branches ran, or an
exclusion has no valid reason.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
from collections import defaultdict

import output

LINES_WANTED = 100.0
BRANCHES_WANTED = 95.0

# ASSAY_EXCL_MCDC: why, for a condition that cannot decide alone.
MCDC_MARKER = re.compile(r"ASSAY_EXCL_MCDC(?::\s*(.*?)\s*(?:\*/|$))?")

# LCOV_EXCL_LINE: why, LCOV_EXCL_BR_LINE: why; lcov knows the markers, the reason is ours.
MARKER = re.compile(r"LCOV_EXCL_(BR_)?LINE(?::\s*(.*?)\s*(?:\*/|$))?")
LINE = re.compile(r"\s*(-|#+|=+|\d+)\*?:\s*(\d+):(.*)", re.DOTALL)
BLOCK = re.compile(r"\s*(?:[$%]+|\d+)\*?:\s*\d+-block")
CONDITION = re.compile(r"condition outcomes covered (\d+)/(\d+)")
CONDITION_MISSING = re.compile(r"condition\s+(\d+) not covered \(([a-z ]+)\)")
BRANCH = re.compile(r"branch\s+\d+ (?:taken (\d+)|never executed)")


class File:
    """One source file: how often each line ran, and how often each outcome of each decision."""

    def __init__(self):
        self.text = {}
        self.lines = defaultdict(int)
        self.outcomes = defaultdict(list)  # line -> decisions -> counts of their outcomes
        self.deciding = {}  # line -> decisions -> the outcomes (condition, "true" or "false") that decided alone


def is_switch(text, counts):
    return len(counts) > 2 and re.search(r"\bswitch\b", text) is not None


def conditions_of(text):
    """How many conditions the only decision of a complete line has; 0 if the line has more decisions, or none."""
    code = re.sub(r"/\*.*?\*/|//.*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])+'", "", text).strip()
    if code.count("(") != code.count(")") or not code.endswith((";", "{")):
        return 0
    decisions = code.count("?") + len(re.findall(r"\b(?:if|for|while)\b", code))
    operators = len(re.findall(r"&&|\|\|", code))
    return operators + 1 if decisions == 1 or (decisions == 0 and operators) else 0


def merge_copies(text, decisions):
    """
    The copies of an inlined function are one function in the source: a condition decided alone if it did in a copy.
    gcov reports the copies one after the other, as decisions of their own or as one long one.
    """
    size = conditions_of(text)
    if size == 0 or any(len(d) % (2 * size) for d in decisions):
        return decisions
    merged = {(i, side): False for i in range(size) for side in ("true", "false")}
    for decision in decisions:
        for (condition, side), alone in decision.items():
            merged[condition % size, side] |= alone
    return [merged]


def decisions_of(text, counts):
    """The branches of one block: two for a condition, more for a switch. Blocks without a mark between them: pairs."""
    if is_switch(text, counts):
        return [counts]
    return [counts[i:i + 2] for i in range(0, len(counts), 2)]


def read_gcov(text, root, files):
    """Adds the report of one object. Counts of a header in several objects, or of a file compiled twice, are summed."""
    file = None
    line = None
    seen = {}
    seen_deciding = {}
    group = []

    def end_group():
        if group and file is not None:
            seen.setdefault((id(file), line), (file, line, []))[2].extend(decisions_of(file.text[line], list(group)))
        group.clear()

    for row in text.splitlines():
        match = LINE.match(row)
        if match:
            end_group()
            count, number, content = match.group(1), int(match.group(2)), match.group(3)
            if number == 0:
                if content.startswith("Source:"):
                    path = os.path.relpath(os.path.realpath(os.path.join(read_gcov.build, content[7:])), root)
                    file = files[path] if path.startswith("lib/") else None
            elif file is not None:
                line = number
                file.text[line] = content
                if count != "-":
                    file.lines[line] += 0 if count[0] in "#=" else int(count)
        elif BLOCK.match(row):
            end_group()
        elif CONDITION.match(row):
            if file is not None:
                count = int(CONDITION.match(row).group(2)) // 2
                outcomes = {(i, side): True for i in range(count) for side in ("true", "false")}
                seen_deciding.setdefault((id(file), line), (file, line, []))[2].append(outcomes)
        elif CONDITION_MISSING.match(row):
            match = CONDITION_MISSING.match(row)
            if file is not None:
                for side in match.group(2).split():
                    seen_deciding[(id(file), line)][2][-1][(int(match.group(1)), side)] = False
        else:
            match = BRANCH.match(row)
            if match and file is not None:
                group.append(int(match.group(1) or 0))
    end_group()
    for file, line, decisions in seen_deciding.values():
        decisions = merge_copies(file.text[line], decisions)
        known = file.deciding.get(line, [])
        if [len(d) for d in known] == [len(d) for d in decisions]:
            decisions = [{key: a[key] or b[key] for key in a} for a, b in zip(known, decisions)]
            file.deciding[line] = decisions
        else:
            file.deciding[line] = known + decisions
    for file, line, decisions in seen.values():
        known = file.outcomes[line]
        if [len(d) for d in known] == [len(d) for d in decisions]:
            file.outcomes[line] = [[a + b for a, b in zip(x, y)] for x, y in zip(known, decisions)]
        else:
            file.outcomes[line] = known + decisions


def can_count_conditions():
    said = subprocess.run(["gcov", "--help"], capture_output=True, text=True, check=False).stdout
    return "--conditions" in said


def is_emulated_only(name):
    """
    AVX-512's kernels on a processor without it: they run only in the program that emulates them, which is measured.
    """
    if not name.endswith("-panel_avx512.gcno") or name.startswith("tests_test_panel_avx512-"):
        return False
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return " avx512vl " not in file.read()
    return False


def run_gcov(build, root):
    conditions = ["--conditions"] if can_count_conditions() else []
    files = defaultdict(File)
    read_gcov.build = build
    for folder, _, names in sorted(os.walk(os.path.join(build, "lib"))):
        for name in sorted(names):
            if name.endswith(".gcno") and not is_emulated_only(name):
                result = subprocess.run(
                    ["gcov", "--stdout", "--all-blocks", "--branch-probabilities", "--branch-counts", *conditions,
                     "--object-directory", folder, os.path.join(folder, name)],
                    cwd=build, capture_output=True, text=True, errors="replace", check=False)
                if result.returncode:
                    sys.exit(f"coverage: gcov failed on {os.path.join(folder, name)}: {result.stderr.strip()[-300:]}; "
                             "remove the .gcda files and run make coverage again")
                read_gcov(result.stdout, root, files)
    if not files:
        sys.exit(f"coverage: {build}/lib has no .gcno files; configure with --enable-coverage and make check first")
    return files


def exclude(path, file, faults):
    """
    Removes the lines, branches and conditions with markers and returns them; wrong markers are added to `faults`.
    """
    found = []
    for line, text in sorted(file.text.items()):
        match = MARKER.search(text)
        if not match:
            continue
        branches_only = match.group(1) is not None
        if not match.group(2):
            name = "LCOV_EXCL_BR_LINE" if branches_only else "LCOV_EXCL_LINE"
            faults.append(f"{path}:{line}: the marker has no reason: write {name}: why")
        missing = any(0 in decision for decision in file.outcomes.get(line, []))
        if not missing and (branches_only or file.lines.get(line) != 0):
            faults.append(f"{path}:{line}: the marker excludes covered code: remove it")
        found.append({"file": path, "line": line, "reason": match.group(2) or ""})
        file.outcomes.pop(line, None)
        file.deciding.pop(line, None)
        if not branches_only:
            file.lines.pop(line, None)
    return found


def exclude_conditions(path, file, faults):
    """The same for conditions that cannot decide alone."""
    found = []
    for line, text in sorted(file.text.items()):
        match = MCDC_MARKER.search(text)
        if not match or line not in file.deciding:
            continue
        if not match.group(1):
            faults.append(f"{path}:{line}: the marker has no reason: write ASSAY_EXCL_MCDC: why")
        if all(all(d.values()) for d in file.deciding[line]):
            faults.append(f"{path}:{line}: the marker excludes conditions that decided alone: remove it")
        found.append({"file": path, "line": line, "reason": match.group(1) or ""})
        file.deciding.pop(line)
    return found


def figures(files):
    lines = [count for file in files for count in file.lines.values()]
    decisions = [d for file in files for on_line in file.outcomes.values() for d in on_line]
    branches = [count for decision in decisions for count in decision]
    deciding = [alone for file in files for on_line in file.deciding.values() for d in on_line for alone in d.values()]
    return {
        "lines": [sum(c > 0 for c in lines), len(lines)],
        "branches": [sum(c > 0 for c in branches), len(branches)],
        "conditions": [sum(0 not in d for d in decisions), len(decisions)],
        "mcdc": [sum(deciding), len(deciding)],
    }


def share(pair):
    return 100.0 * pair[0] / pair[1] if pair[1] else 100.0


def print_table(report):
    print(f"{'':24}{'lines':>22}{'branches':>24}{'conditions both ways':>24}{'excluded':>10}")
    for name, entry in sorted(report["folders"].items()) + [("lib", report["total"])]:
        cells = "".join(f"{entry[k][0]:>8} of {entry[k][1]:>5} {share(entry[k]):5.1f} %" for k in
                        ("lines", "branches", "conditions"))
        print(f"{name:24}{cells}{len(entry['excluded']):>8}")


def print_conditions(report):
    print(f"\n{'':24}{'outcomes that decided alone (MC/DC)':>40}")
    for name, entry in sorted(report["folders"].items()) + [("lib", report["total"])]:
        print(f"{name:24}{entry['mcdc'][0]:>24} of {entry['mcdc'][1]:>5} {share(entry['mcdc']):5.1f} %")


def print_missing(files):
    for path, file in sorted(files.items()):
        for line in sorted(set(file.lines) | set(file.outcomes) | set(file.deciding)):
            text = file.text[line].strip()
            taken = [c for d in file.outcomes.get(line, []) for c in d]
            if file.lines.get(line) == 0:
                print(f"{path}:{line}: never run: {text}")
            for decision in file.deciding.get(line, []):
                for condition, side in [key for key, alone in decision.items() if not alone]:
                    print(f"{path}:{line}: condition {condition + 1} of {len(decision) // 2} never decided alone by "
                          f"being {side}: {text}")
            if file.lines.get(line) != 0 and 0 in taken:
                which = ", ".join(str(i + 1) for i, c in enumerate(taken) if c == 0)
                print(f"{path}:{line}: branch {which} of {len(taken)} never taken: {text}")


def print_exclusions(excluded):
    if excluded:
        print("\nExcluded, each with its reason:")
    for one in excluded:
        print(f"  {one['file']}:{one['line']}: {one['reason']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("build")
    parser.add_argument("--out", help="the figures as JSON (default: BUILD/coverage.json)")
    options = parser.parse_args()
    build = os.path.realpath(options.build)
    files = run_gcov(build, os.path.realpath(options.source))
    faults = []
    excluded = [one for path, file in sorted(files.items()) for one in exclude(path, file, faults)]
    excluded += [one for path, file in sorted(files.items()) for one in exclude_conditions(path, file, faults)]
    folders = defaultdict(list)
    for path, file in files.items():
        folders[os.path.dirname(path)].append(file)
    report = {"folders": {}, "total": dict(figures(files.values()), excluded=excluded)}
    for folder, members in folders.items():
        own = [one for one in excluded if os.path.dirname(one["file"]) == folder]
        report["folders"][folder] = dict(figures(members), excluded=own)
    out = options.out or os.path.join(build, "coverage.json")
    with contextlib.redirect_stdout(output.text_stream(out)):
        print_missing(files)
        print_exclusions(excluded)
        print()
        print_table(report)
        if report["total"]["mcdc"][1]:
            print_conditions(report)
        else:
            print("MC/DC is not counted: it needs gcc 14 or later (Debian 13)")
    output.write_json(out, report)
    for what, wanted in (("lines", LINES_WANTED), ("branches", BRANCHES_WANTED)):
        if share(report["total"][what]) < wanted:
            faults.append(f"{share(report['total'][what]):.2f} % of {what} ran, {wanted:g} % are required")
    for fault in faults:
        print(f"coverage: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
