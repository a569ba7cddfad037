#!/usr/bin/env python3
"""Prints the tests that cover a component, a function, or a line of the source: make where NAME=...

    where.py --source SOURCE --build BUILD NAME

NAME is a component (optimizer/momentum, nn/network_forward), a function (assay_network_forward), or FILE:LINE, which
means the enclosing function. The answer comes from a static scan of the sources, kept in BUILD/where.json; only files
that have changed are scanned again. Where a test declares evidence for a whole table of names ("optimizer/%s"), the
trace of the last make audit, BUILD/trace.jsonl, tells for which names it did; without a trace all of them count.
Exit status 2: an unknown name.
"""
import argparse
import difflib
import json
import os
import re
import sys
from collections import defaultdict

import evidence
import output

FOLDERS = ("lib", "grade", "tools", "tests")
KIND = "|".join(evidence.KINDS)
STRING = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(rf"/\*.*?\*/|//[^\n]*|{STRING}|'(?:[^'\\\n]|\\.)+'", re.S)
NOT_A_NAME = {"if", "for", "while", "switch", "return", "sizeof", "int", "void", "char", "double", "const", "static"}


def without_comments(text, keep_strings):
    """The text with blanks in place of comments, and of strings unless they are kept; lines stay where they are."""
    def blank(match):
        token = match[0]
        return token if keep_strings and token[0] == '"' else re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)


def joined(literals):
    """The text of neighbouring C string literals."""
    return "".join(part[1:-1] for part in re.findall(STRING, literals))


def declared(text):
    """(kind, component) of each entry of "property: a/b, c/d; errors: a/b"."""
    for group in text.split(";"):
        kind, _, names = group.strip().partition(":")
        for name in names.split(","):
            if re.fullmatch(KIND, kind) and "/" in name:
                yield kind, name.strip()


def blocks(code):
    """
    (name, first line, last line, is a test) of the definitions at the outermost level: functions, tests, initialized
    tables, macros with parameters, and uses of macros that define something, such as MISTAKE(name, ...).
    """
    lines = code.split("\n")
    start = None  # (name, line, is a test, how the block ends)
    for number, line in enumerate(lines, 1):
        if start is not None:
            name, first, test, end = start
            if re.match(end, line):
                yield name, first, number, test
                start = None
            continue
        macro = re.match(r"#define (\w+)\(", line)
        test = re.match(r"START_TEST\((\w+)\)", line)
        use = re.match(r"[A-Z][A-Z0-9_]+\((\w+),", line)
        table = re.match(r"(?:static |const |enum |struct )*.*?\b(\w+)(?:\[.*\])* = \{$", line)
        if macro:
            start = (macro[1], number, False, r".*(?<!\\)$")
        elif test:
            start = (test[1], number, True, r"\}$")
        elif use:
            start = (use[1], number, False, r".*\)[;,]?\s*$")
        elif table and not line.startswith(" "):
            start = (table[1], number, False, r"\}.*;$")
        elif line == "{":
            header = []
            for above in reversed(lines[:number - 1]):
                if not above.strip() or above[0] in "}#" or above.endswith(";"):
                    break
                header.insert(0, above)
            named = re.search(r"(\w+)\(", " ".join(header))
            if named:
                start = (named[1], number - len(header), False, r"\}$")
        if start is not None and (macro or use) and re.match(start[3], line):
            yield start[0], number, number, False
            start = None


def evidence_of_block(text):
    """(kind, component or pattern) that a function's body declares."""
    for kind, component in re.findall(r'\bevidence\(\s*EVIDENCE_(\w+),\s*"([^"]+)"', text):
        yield kind.lower().replace("_", "-"), component
    for case in re.findall(rf"\bfault_main\([^;]*?((?:{STRING}\s*)+),\s*\w+,", text):
        yield from declared(joined(case))


def cases(text):
    """test -> (kind, component) pairs of its evidence_case."""
    found = defaultdict(list)
    named = {v: list(declared(joined(d))) for v, d in
             re.findall(rf"\b(\w+) =\s*evidence_case\(\s*{STRING},\s*((?:{STRING}\s*)+)\)", text)}
    for variable, test in re.findall(r"\btcase_add_(?:loop_)?test\(\s*(\w+),\s*(\w+)", text):
        found[test] += named.get(variable, [])
    return found


def scan_c(text):
    plain, with_strings = without_comments(text, False), without_comments(text, True)
    lines, spelt = plain.split("\n"), with_strings.split("\n")
    entry = {"blocks": [], "cases": cases(with_strings), "fields": re.findall(r"\.(\w+) = &?(\w+)\b", plain),
             "words": sorted({w[1:-1] for w in re.findall(r'"[a-z][a-z0-9_-]*"', with_strings)})}
    for name, first, last, test in blocks(plain):
        body = "\n".join(lines[first - 1:last])
        mentions = set(re.findall(r"(?<![\w.>])[A-Za-z_]\w+", body)) - NOT_A_NAME - {name}
        if "fault_main(" in body and name == "main":
            name, test = "scenarios", True  # the test is in fault_run.c and runs a table of this program
        fields = set(re.findall(r"(?:->|\.)(\w+)\(", body))
        said = sorted(set(evidence_of_block("\n".join(spelt[first - 1:last]))))
        local = re.match(r"static |#define |[A-Z]", body) is not None
        entry["blocks"].append([name, first, last, test, sorted(mentions), sorted(fields), said, local])
    return entry


def scan(path):
    if path.endswith(".sh"):
        return {"script": [[kind, component, line] for kind, component, line in evidence.declared_by_script(path)]}
    with open(path, encoding="utf-8") as file:
        return scan_c(file.read())


def listed(source):
    for folder in FOLDERS:
        for path, folders, names in os.walk(os.path.join(source, folder)):
            folders[:] = [f for f in folders if f not in ("corpus", "starters")]
            for name in names:
                if name.endswith((".c", ".h", ".sh", ".cuh", ".cu")):
                    yield os.path.relpath(os.path.join(path, name), source)


def mark_of(path):
    about = os.stat(path)
    return [about.st_mtime_ns, about.st_size]


def index(source, build):
    """file -> its scan, from BUILD/where.json where the file has the same time and size as then."""
    cache, known = os.path.join(build, "where.json"), {}
    scanner = mark_of(__file__)  # an index of another version of this script is of no use
    try:
        with open(cache, encoding="utf-8") as file:
            kept = json.load(file)
            known = kept["files"] if kept["scanner"] == scanner and kept["source"] == source else {}
    except (OSError, ValueError, KeyError):
        pass
    found, changed = {}, False
    for name in listed(source):
        mark = mark_of(os.path.join(source, name))
        entry = known.get(name)
        if entry is None or entry["mark"] != mark:
            entry, changed = dict(scan(os.path.join(source, name)), mark=mark), True
        found[name] = entry
    if changed or len(found) != len(known):
        output.write_json(cache, {"scanner": scanner, "source": source, "files": found}, indent=None)
    return found


class Code:
    """The definitions of the project as a graph: who mentions whom."""

    def __init__(self, files):
        self.files = files
        self.nodes = {}  # (file, name, first line) -> block
        self.by_name = defaultdict(list)
        for file, entry in files.items():
            for block in entry.get("blocks", []):
                node = (file, block[0], block[1])
                self.nodes[node] = block
                self.by_name[block[0]].append(node)
        self.behind = defaultdict(set)  # field of a table of functions -> functions
        for entry in files.values():
            for field, name in entry.get("fields", []):
                self.behind[field].add(name)

    def mentioned(self, node):
        """The definitions that a block mentions: those of its own file, else those that other files export."""
        block = self.nodes[node]
        names = set(block[4])
        for field in block[5]:
            names |= self.behind.get(field, set())
        for name in names:
            nodes = [n for n in self.by_name.get(name, []) if not self.nodes[n][3]]
            own = [n for n in nodes if n[0] == node[0]]
            yield from own or [n for n in nodes if n[0].endswith(".h") or not self.nodes[n][7]]

    def users(self):
        """node -> the blocks that mention it."""
        found = defaultdict(set)
        for node in self.nodes:
            for other in self.mentioned(node):
                found[other].add(node)
        return found

    def tests_of(self, targets):
        """
        (tests, how): the tests that use one of `targets`, through helpers of the tests alone (how is None), or else
        through the nearest functions of the library that use it (how has their names).
        """
        users, layer, seen = self.users(), set(targets), set(targets)
        direct = True
        while layer:
            tests = self.within_tests(layer, users)
            if tests:
                return tests, None if direct else sorted({n[1] for n in layer if self.within_tests({n}, users)})
            layer = {u for node in layer for u in users[node] if not u[0].startswith("tests/")} - seen
            seen |= layer
            direct = False
        return set(), None

    def within_tests(self, nodes, users):
        found, waiting, seen = set(), list(nodes), set(nodes)
        while waiting:
            for user in users[waiting.pop()]:
                if user[0].startswith("tests/") and user not in seen:
                    seen.add(user)
                    if self.nodes[user][3]:
                        found.add(user)
                    else:
                        waiting.append(user)
        return found

    def declarations(self):
        """(kind, component or pattern, place, test): what tests say they are evidence of."""
        users = None
        for file, entry in self.files.items():
            for kind, component, line in entry.get("script", []):
                yield kind, component, (file, line), os.path.basename(file)
            said = entry.get("cases", {})
            for node in [(file, b[0], b[1]) for b in entry.get("blocks", []) if b[3] or b[6]]:
                block = self.nodes[node]
                if block[3]:
                    for kind, component in said.get(node[1], []):
                        yield kind, component, (file, block[1]), node[1]
                if block[6]:
                    users = users or self.users()
                    tests = [node] if block[3] else sorted(self.within_tests({node}, users)) or [node]
                    for kind, component in block[6]:
                        for test in tests:
                            yield kind, component, (test[0], test[2]), test[1]


class Where:
    def __init__(self, files, trace):
        self.files, self.code = files, Code(files)
        self.traced = trace
        self.said = sorted(set(self.code.declarations()))

    def evidence_for(self, component):
        traced = self.traced.get(component)
        for kind, pattern, place, test in self.said:
            if pattern == component:
                yield kind, place, test
            elif "%" in pattern and re.fullmatch(re.sub(r"%[a-z]+", r"[\\w-]+", pattern), component):
                if traced is None or test in traced:
                    yield kind, place, test

    def words(self, group):
        """Names that a pattern such as "optimizer/%s" may mean: strings of the files that are called like the group."""
        found = {w for file, entry in self.files.items() if group[:4] in file for w in entry.get("words", [])}
        return found or {w for entry in self.files.values() for w in entry.get("words", [])}

    def components(self):
        groups = {c.split("/")[0] for _, c, _, _ in self.said if "%" in c}
        return ({c for _, c, _, _ in self.said if "%" not in c} | set(self.traced)
                | {f"{group}/{word}" for group in groups for word in self.words(group)})

    def components_like(self, name):
        """The component of that name, else those that it abbreviates: init/kaiming is initializer/kaiming-normal."""
        group, _, tail = name.partition("/")
        known = self.components()
        return [name] if name in known else sorted(
            c for c in known if tail and re.match(rf"{re.escape(group)}\w*/{re.escape(tail)}(-|$)", c))

    def function(self, name):
        return [n for n in self.code.by_name.get(name, []) if not n[0].startswith("tests/")]

    def at(self, file, line):
        """The definitions around a line."""
        return [(file, b[0], b[1]) for b in self.files[file].get("blocks", []) if b[1] <= line <= b[2]]

    def names(self):
        """All names, for suggestions."""
        return self.components() | {name for name in self.code.by_name if self.function(name)}


def load_trace(path):
    """component -> names of its tests, in the last run with a trace."""
    found = defaultdict(set)
    if os.path.exists(path):
        for test in evidence.Trace(path).tests:
            for _, component in test["evidence"]:
                found[component].add(test["test"])
    return found


def components_of(nodes):
    """
    What a function may be part of: assay_network_forward in lib/nn/network.c of nn/network_forward and nn/network, a
    function in tools/grade_class.c of program/grade.
    """
    found = []
    for file, name, _ in nodes:
        folders, stem = file.split("/")[:-1], os.path.splitext(os.path.basename(file))[0]
        if folders[0] == "tools":
            found.append(f"program/{stem.split('_')[0]}")
        else:
            found += [f"{folders[-1]}/{name.removeprefix('assay_')}", f"{folders[-1]}/{stem}"]
    return list(dict.fromkeys(found))


def resolve(where, name):
    """(components, nodes of functions) that a name means; None if it is unknown."""
    place = re.fullmatch(r"(?:\./)?(.+\.\w+):(\d+)", name)
    if place:
        if place[1] not in where.files:
            return None
        nodes = where.at(place[1], int(place[2]))
        return components_of(nodes), nodes
    nodes = where.function(name) or where.function("assay_" + name)
    if nodes:
        return components_of(nodes), nodes
    folder, _, function = name.partition("/")
    components = where.components_like(name)
    nodes = [n for n in where.function("assay_" + function) if n[0].startswith(f"lib/{folder}/")]
    return (components, nodes) if components else None


def print_tests(title, tests):
    print(f"{title}:" if tests else f"{title}: none")
    for file, line, test in sorted(tests):
        print(f"  {file}:{line}: {test}")


def print_unknown(where, name):
    file, _, line = name.rpartition(":")
    what, known = (f"file '{file}'", where.files) if line.isdigit() else (f"name '{name}'", where.names())
    near = difflib.get_close_matches(file if line.isdigit() else name, known, 4, 0.6)
    print(f"where: unknown {what}; nearest: {', '.join(near) or 'none'}", file=sys.stderr)


def answer(where, name):
    found = resolve(where, name)
    if found is None:
        print_unknown(where, name)
        return 2
    components, nodes = found
    if not components:
        print(f"where: {name} is outside of every function; name a line of a function's body", file=sys.stderr)
        return 2
    for node in nodes:
        print(f"{node[1]} is defined in {node[0]}:{node[2]}.")
    for component in components:
        kinds = defaultdict(set)
        for kind, place, test in where.evidence_for(component):
            kinds[kind].add((*place, test))
        for kind in evidence.KINDS:
            if kinds[kind]:
                print_tests(f"{component}, {kind}", kinds[kind])
    if nodes:
        tests, how = where.code.tests_of(nodes)
        title = "No test calls it. Tests that call it through " + ", ".join(how) if how else "Tests that call it"
        print_tests(title, {(t[0], t[2], t[1]) for t in tests})
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("name", help="a component, a function, or FILE:LINE")
    options = parser.parse_args()
    source, build = os.path.abspath(options.source), os.path.abspath(options.build)
    if not options.name:
        parser.error("give a name: make where NAME=optimizer/momentum")
    return answer(Where(index(source, build), load_trace(os.path.join(build, "trace.jsonl"))), options.name)


if __name__ == "__main__":
    sys.exit(main())
