"""
Loosens the tolerances of the tests tenfold, one at a time, and reports which mutants a test program then no longer
notices: make loosened, after make mutation (doc/mutation.md).

A tolerance is a literal that bounds an error: in a comparison, as the argument of an assertion with a tolerance, or in
a field or macro whose name says so. Each gets one of three verdicts:

  needed   ten times looser, it lets a mutant pass, or the right code fails: it is a value rather than a tolerance, or a
           test plants an error that it must catch
  tight    ten times looser, it lets no mutant pass; the right code does not pass with a tenth of it
  loose    ten times looser, it lets no mutant pass; the right code passes with a tenth of it, too
"""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass

import main as common
import mutants as planting
import suite as testing
import verdicts

LARGEST = 0.02  # a larger literal is rather a value than a bound of an error
FOREVER = 1e30
NUMBER = r"(?:0x1p-\d+|\d+(?:\.\d*)?e-\d+|0\.0\d+)"
LITERAL = re.compile(r"(?<![\w.+-])%s(?![\w.])" % NUMBER)
# A statement's text before the literal: the nearest comparison decides in which direction looser is.
COMPARISON = re.compile(r"(?<![-<>=])(<=?|>=?)(?![<>=])")
# The tolerance is the last argument; of check_against, the last two.
ASSERTION = re.compile(r"\b(support_assert_relative|ck_assert_\w+_tol|check_against\w*)\s*\([^;]*$|"
                       r"\bck_assert_(?:double|float|ldouble)_([lg])[et]\s*\([^;]*$")
FIELD = re.compile(r"\b(\w*(?:tolerance|bound|alarm|most|least|level)\w*)\s*=\s*[^=;,]*$", re.IGNORECASE)
MACRO = re.compile(r"#define\s+(\w*(?:TOLERANCE|BOUND|ALARM|LEVEL)\w*)\s+$")
# The rows of an array of a structure whose last field is a tolerance: {"reference", ASSAY_F64, 1e-13}.
ROWS = re.compile(r"\bdouble (?:\w+, )*\w*(?:tolerance|bound|most|error)\w*;\s*\}[^;{}]*\[\]\s*=\s*"
                  r"\{((?:[^{}]|\{[^{}]*\})*)\}", re.IGNORECASE)
FALSE_ALARMS = re.compile(r"alarm|level|least", re.IGNORECASE)


@dataclass
class Tolerance:
    source: str
    line: int
    begin: int
    end: int
    text: str
    lower: bool  # a least value: looser is smaller

    def scaled(self, text, factor):
        """The source's text with this tolerance looser by `factor`."""
        factor = 1 / factor if self.lower else factor
        return text[:self.begin] + "(%.17g * %s)" % (factor, self.text) + text[self.end:]


def blanked(text):
    """The text with comments and strings replaced by blanks, so that all offsets remain."""
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def role_of(before, after):
    """Whether a literal between these texts bounds an error, and whether it is a least value."""
    name = MACRO.search(before) or FIELD.search(before)
    if name:
        return True, bool(FALSE_ALARMS.search(name.group(1)))
    statement = before[max(before.rfind(c) for c in ";{}") + 1:]
    assertion, compared = ASSERTION.search(statement), COMPARISON.findall(statement)
    if assertion:
        last = r"[^,()]*(?:,[^,()]*)?\)" if "check_against" in assertion.group() else r"[^,()]*\)"
        return re.match(last, after) is not None, assertion.group(2) == "g"
    if compared and not re.search(r"\bfor \(", before[before.rfind("\n"):]):
        return True, compared[-1].startswith(">")
    return False, False


def text_of(root, source):
    with open(os.path.join(root, source)) as file:
        return file.read()


def tolerances_of(root, source):
    text = blanked(text_of(root, source))
    rows = [(m.start(1), m.end(1)) for m in ROWS.finditer(text)]
    found = []
    for match in LITERAL.finditer(text):
        value = float.fromhex(match.group()) if match.group().startswith("0x") else float(match.group())
        bounds, lower = role_of(text[:match.start()], text[match.end():])
        last = any(b <= match.start() < e for b, e in rows) and re.match(r"\s*\}", text[match.end():])
        if 0 < value <= LARGEST and (bounds or last):
            found.append(Tolerance(source, text.count("\n", 0, match.start()) + 1, match.start(), match.end(),
                                   match.group(), lower and not last))
    return found


class Program:
    """A test program that is linked anew from its objects, with changed sources."""

    def __init__(self, build, name):
        self.build, self.name = build, name
        variables = name.replace("/", "_")
        said = subprocess.run(
            ["make", "-s", "--no-print-directory", "--eval", "printed:;@:" + "".join("$(info %s)" % v for v in (
                "$(DEFS) $(DEFAULT_INCLUDES) $(or $(%s_CPPFLAGS),$(AM_CPPFLAGS)) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)"
                % variables, "$(%s_OBJECTS)" % variables, "$(or $(%s_LDADD),$(LDADD))" % variables,
                "$(LDFLAGS) $(LIBS)")), "printed"],
            cwd=build.folder, check=True, capture_output=True, text=True).stdout.splitlines()
        self.flags = shlex.split(said[0]) + ["-w", "-O0"]
        self.objects = said[1].split()
        self.libraries = [self.archive(word) for word in shlex.split(said[2] + " " + said[3])]
        self.output = os.path.join(build.scratch, "loosened")
        self.sources = {}  # source: its object, and the tests' headers that it includes
        for made in self.objects:
            source = self.source_of(made)
            if source is not None:
                self.sources[source] = made, self.headers_of(source)

    def archive(self, word):
        """What libtool would make of tests/libsupport.la: the archive or shared library beside it."""
        if not word.endswith(".la"):
            return word
        base = os.path.join(os.path.dirname(word), ".libs", os.path.basename(word)[:-3])
        full = os.path.join(self.build.folder, base)
        return base + (".so" if os.path.exists(full + ".so") else ".a")

    def source_of(self, made):
        """tests/test_nn.o comes from test_nn.c, tests/test_backend_cuda-test_backend.o from test_backend.c."""
        stem = os.path.basename(made).rsplit(".", 1)[0]
        for name in (stem, stem.split("-", 1)[-1]):
            source = os.path.join(os.path.dirname(made), name + ".c")
            if os.path.exists(os.path.join(self.build.root, source)):
                return source
        return None

    def headers_of(self, source):
        """The headers beside the source that it includes itself."""
        named = re.findall(r'^#include "(\w+\.h)"', text_of(self.build.root, source), re.M)
        beside = [os.path.join(os.path.dirname(source), name) for name in named]
        return [header for header in beside if os.path.exists(os.path.join(self.build.root, header))]

    def tolerances(self):
        files = {file: None for source, (_, headers) in self.sources.items() for file in (source, *headers)}
        return [t for file in files for t in tolerances_of(self.build.root, file)]

    def with_changes(self, changes):
        """Links the program with some tolerances changed: [(Tolerance, factor)]. False if it does not compile."""
        texts = {}
        for tolerance, factor in sorted(changes, key=lambda c: -c[0].begin):
            text = texts.get(tolerance.source) or text_of(self.build.root, tolerance.source)
            texts[tolerance.source] = tolerance.scaled(text, factor)
        folder = os.path.join(self.build.scratch, "changed")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for source, text in texts.items():
            with open(os.path.join(folder, os.path.basename(source)), "w") as file:
                file.write(text)
        replaced = {}
        for source, (made, headers) in self.sources.items():
            if source not in texts and not any(header in texts for header in headers):
                continue
            changed = os.path.join(folder, os.path.basename(source))
            if source not in texts:
                shutil.copy(os.path.join(self.build.root, source), changed)  # so that it finds the changed header
            replaced[made] = changed[:-2] + ".o"
            beside = "-I" + os.path.join(self.build.root, os.path.dirname(source))
            if not self.build.run(*self.flags, beside, "-c", "-o", replaced[made], changed):
                return False
        return self.build.run("-o", self.output, *[replaced.get(o, o) for o in self.objects], *self.libraries)


WHOLE = ""  # instead of the name of a test: the whole program


class Loosening:
    """One test program, the mutants that it kills, and the runs of its variants."""

    def __init__(self, suite, program, test, killed, say):
        self.suite, self.program, self.test, self.say = suite, program, test, say
        self.suite.programs[program.name] = program.output
        program.with_changes([])
        self.noticing = {}  # id of a mutant: tests that fail on it
        self.mutants = []
        for mutant, failure in killed:
            tests = [testing.test_of(failure)]
            if self.plant(mutant) and not self.passes([*tests, WHOLE]):
                self.mutants.append(mutant)
                self.noticing[mutant.id] = tests

    def plant(self, mutant):
        return self.suite.build.plant(mutant) == ""

    def passes(self, tests):
        """Whether these tests pass on the library as it is planted."""
        return all(self.suite.run(self.test, ASSAY_TEST_ONLY=t).status in (0, testing.SKIPPED) for t in tests)

    def failing(self):
        """The tests of the program that fail; the whole program if it fails without a name of a test."""
        run = self.suite.run(self.test, to_its_end=True)
        self.skipped = run.status == testing.SKIPPED
        named = list(dict.fromkeys(testing.test_of(f) for f in run.failures))
        return named if named or run.status in (0, testing.SKIPPED) else [WHOLE]

    def missed(self, changes, mutants, others=(WHOLE,)):
        """The mutants that the program with these changes does not notice; `others` run after those that noticed it."""
        self.program.with_changes(changes)
        return [m for m in mutants if self.plant(m) and self.passes([*self.noticing[m.id], *others])]

    def breaking(self, tolerances, factor):
        """The tolerances with which, scaled alone, the program fails on the right code."""
        self.suite.build.restore()
        self.program.with_changes([(t, factor) for t in tolerances])
        failing = self.failing()  # a test that passes with all of them changed passes with one of them
        return [t for t in tolerances
                if failing and self.program.with_changes([(t, factor)]) and not self.passes(failing)]

    def run(self, tolerances):
        if not self.program.with_changes([(t, 10.0) for t in tolerances]):
            # Some literal cannot be written as a product (an enumeration's constant, text of a macro): one by one.
            tolerances = [t for t in tolerances if self.program.with_changes([(t, 10.0)])]
        # A test that plants an error and must catch it fails if its bound is looser.
        held = self.breaking(tolerances, 10.0)
        if self.skipped:
            return
        rest = [t for t in tolerances if t not in held]
        bounds = [t for t in rest if t not in self.breaking(rest, FOREVER)]
        tight = self.breaking(rest, 0.1)
        tenfold = self.missed([(t, 10.0) for t in rest], self.mutants)
        forever = self.missed([(t, FOREVER) for t in bounds], self.mutants)
        self.say("%s: %d tolerances, %d mutants; %d pass if all are ten times looser, %d without any" % (
            self.program.name, len(tolerances), len(self.mutants), len(tenfold), len(forever)))
        self.program.with_changes([])
        for mutant in {m.id: m for m in tenfold + forever}.values():
            self.plant(mutant)
            self.noticing[mutant.id] = self.failing()
        for tolerance in tolerances:
            lost = [] if tolerance in held else self.missed([(tolerance, 10.0)], tenfold, ())
            deciding = self.missed([(tolerance, FOREVER)], forever, ()) if tolerance in bounds else []
            yield {"file": tolerance.source, "line": tolerance.line, "tolerance": tolerance.text,
                   "program": self.program.name, "held": tolerance in held,
                   "verdict": "needed" if lost or tolerance in held else "tight" if tolerance in tight else "loose",
                   "mutants": [{k: getattr(m, k) for k in ("file", "line", "after")} for m in lost or deciding]}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default=".", help="the repository's root")
    parser.add_argument("--build", default="build", help="the folder with mutation.json")
    parser.add_argument("--tests", default="", help="the test programs, as automake's TESTS")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most", type=int, default=25, help="use at most so many mutants for a program")
    return parser.parse_args()


def kills_of(document):
    """{test program: (id, failed test) of the mutants that it killed}, in the same order in each run."""
    kills = defaultdict(list)
    for mutant in sorted(document["mutants"], key=lambda m: m["id"]):
        if mutant["verdict"] == "killed" and mutant["failure"] and not mutant["sanitized"]:
            kills[mutant["test"]].append((mutant["id"], mutant["failure"]))
    return kills


def examine_program(task):
    """All tolerances of one program, in a worker's build."""
    name, killed, longest, seconds = task
    suite = common.worker["suite"]
    program = Program(suite.build, name)
    tolerances = program.tolerances()
    if not tolerances:
        return []
    test = testing.Test(name, longest=longest, seconds=seconds)
    work = Loosening(suite, program, test, killed, lambda text: print("loosen: " + text, file=sys.stderr))
    entries = list(work.run(tolerances))
    suite.build.restore()
    return entries


def examine(root, folder, given, names, kills):
    common.worker["builds"] = common.prepared(root, folder, given.jobs, ["tests/libsupport.la", *names])
    known = {m.id: m for m in planting.candidates(root, common.worker["builds"][0].parsing)}
    with open(os.path.join(folder, "mutation", "reach.json")) as file:
        recorded = json.load(file)["tests"]  # some programs case by case; none of what never met a survivor
    tasks = [(name, [(known[i], failure) for i, failure in kills[name] if i in known][:given.most],
              max((t["longest"] for t in recorded.get(name, ())), default=60),
              sum(t["seconds"] for t in recorded.get(name, ())) or 60) for name in names]
    tasks.sort(key=lambda task: task[-1])  # the quickest programs begin: an interrupted run has most of them
    entries = []
    with common.workers() as pool:
        for made in pool.imap_unordered(examine_program, tasks):
            entries += made
            write_reports(folder, entries)
        pool.close()
        pool.join()
    return entries


def text_report(entries):
    counts = defaultdict(int)
    for entry in entries:
        counts[entry["verdict"]] += 1
    lines = ["%d tolerances: %s" % (len(entries), ", ".join("%d %s" % (n, v) for v, n in sorted(counts.items()))), ""]
    for entry in sorted(entries, key=lambda e: (e["verdict"], e["file"], e["line"])):
        lines.append("%-7s %s:%d: %s" % (entry["verdict"], entry["file"], entry["line"], entry["tolerance"]))
        lines += ["        the right code fails"] * entry["held"]
        lines += ["        decides about %s:%d: %s" % (m["file"], m["line"], m["after"]) for m in entry["mutants"]]
    return "\n".join(lines) + "\n"


def write_reports(folder, entries):
    verdicts.write(os.path.join(folder, "loosened.json"), json.dumps({"tolerances": entries}, indent=1) + "\n")
    verdicts.write(os.path.join(folder, "loosened.txt"), text_report(entries))


def main():
    given = options()
    root, folder = os.path.abspath(given.source), os.path.abspath(given.build)
    try:
        with open(os.path.join(folder, "mutation.json")) as file:
            kills = kills_of(json.load(file))
    except FileNotFoundError:
        sys.exit("loosen: %s/mutation.json is missing: first make mutation" % folder)
    names = [n for n in given.tests.split() if not n.endswith(".sh") and testing.is_run(n)]
    entries = examine(root, folder, given, names, kills)
    write_reports(folder, entries)
    sys.stdout.write(text_report(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
