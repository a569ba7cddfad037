"""
Loosens the tolerances of the tests tenfold, one at a time, and reports which mutants a test program then no longer
notices: make loosened, after make mutation (doc/mutation.md).

A tolerance is a literal that bounds an error: in a comparison, as the argument of an assertion with a tolerance, or in
a field or macro whose name says so. Each gets one of three verdicts:

  needed   ten times looser, it lets a mutant pass: it should not be looser
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


def tolerances_of(root, source):
    with open(os.path.join(root, source)) as file:
        text = blanked(file.read())
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
        self.sources = {}
        for made in self.objects:
            source = self.source_of(made)
            if source is not None:
                self.sources[source] = made

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

    def with_changes(self, changes):
        """Links the program with some tolerances changed: [(Tolerance, factor)]. False if it does not compile."""
        texts = {}
        for tolerance, factor in sorted(changes, key=lambda c: -c[0].begin):
            if tolerance.source not in texts:
                with open(os.path.join(self.build.root, tolerance.source)) as file:
                    texts[tolerance.source] = file.read()
            texts[tolerance.source] = tolerance.scaled(texts[tolerance.source], factor)
        replaced = {}
        for number, (source, text) in enumerate(texts.items()):
            changed = os.path.join(self.build.scratch, "loosened%d.c" % number)
            replaced[self.sources[source]] = changed[:-2] + ".o"
            with open(changed, "w") as file:
                file.write(text)
            beside = "-I" + os.path.join(self.build.root, os.path.dirname(source))
            if not self.build.run(*self.flags, beside, "-c", "-o", changed[:-2] + ".o", changed):
                return False
        return self.build.run("-o", self.output, *[replaced.get(o, o) for o in self.objects], *self.libraries)


class Loosening:
    """One test program, the mutants that it kills, and the runs of its variants."""

    def __init__(self, suite, program, test, mutants, say):
        self.suite, self.program, self.test, self.say = suite, program, test, say
        self.suite.programs[program.name] = program.output
        self.mutants = [m for m in mutants if self.plant(m) and not self.passes()]

    def plant(self, mutant):
        return self.suite.build.plant(mutant) == ""

    def passes(self, own=False):
        """Whether the program passes, as built (own) or as linked last."""
        if own:
            self.suite.build.restore()
        return self.suite.run(self.test).status in (0, testing.SKIPPED)

    def missed(self, changes, mutants):
        """The mutants that the program with these changes does not notice; None if it does not compile."""
        if not self.program.with_changes(changes):
            return None
        return [m for m in mutants if self.plant(m) and self.passes()]

    def verdict(self, tolerance, tenfold, forever):
        """The verdict, and the mutants that this tolerance alone decides about."""
        lost = self.missed([(tolerance, 10.0)], tenfold)
        if lost:
            return "needed", lost
        deciding = self.missed([(tolerance, FOREVER)], forever)
        passes = self.program.with_changes([(tolerance, 0.1)]) and self.passes(own=True)
        return "loose" if passes else "tight", deciding

    def run(self, tolerances):
        tenfold = self.missed([(t, 10.0) for t in tolerances], self.mutants)
        forever = self.missed([(t, FOREVER) for t in tolerances], self.mutants)
        if tenfold is None or forever is None:
            # Some literal cannot be written as a product (an enumeration's constant, text of a macro): one by one.
            tolerances = [t for t in tolerances if self.program.with_changes([(t, 10.0)])]
            tenfold = self.missed([(t, 10.0) for t in tolerances], self.mutants)
            forever = self.missed([(t, FOREVER) for t in tolerances], self.mutants)
        self.say("%s: %d tolerances, %d mutants; %d pass if all are ten times looser, %d without any" % (
            self.program.name, len(tolerances), len(self.mutants), len(tenfold), len(forever)))
        for tolerance in tolerances:
            verdict, deciding = self.verdict(tolerance, tenfold, forever)
            yield {"file": tolerance.source, "line": tolerance.line, "tolerance": tolerance.text,
                   "program": self.program.name, "verdict": verdict,
                   "mutants": [{k: getattr(m, k) for k in ("file", "line", "after")} for m in deciding]}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default=".", help="the repository's root")
    parser.add_argument("--build", default="build", help="the folder with mutation.json")
    parser.add_argument("--programs", default="", help="only these test programs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--most", type=int, default=25, help="use at most so many mutants for a program")
    return parser.parse_args()


def kills_of(document):
    """{test program: ids of the mutants that one of its tests killed}, the same ones in each run."""
    kills = defaultdict(list)
    for mutant in sorted(document["mutants"], key=lambda m: m["id"]):
        if mutant["verdict"] == "killed" and mutant["failure"] and not mutant["sanitized"]:
            kills[mutant["test"]].append(mutant["id"])
    return kills


def examine_program(task):
    """All tolerances of one program, in a worker's build."""
    root, name, mutants, longest, seconds = task
    suite = common.worker["suite"]
    program = Program(suite.build, name)
    tolerances = [t for source in program.sources for t in tolerances_of(root, source)]
    if not tolerances:
        return []
    program.with_changes([])
    test = testing.Test(name, longest=longest, seconds=seconds)
    work = Loosening(suite, program, test, mutants, lambda text: print("loosen: " + text, file=sys.stderr))
    entries = list(work.run(tolerances))
    suite.build.restore()
    return entries


def examine(root, folder, given, kills):
    common.worker["builds"] = common.prepared(root, folder, given.jobs, ["tests/libsupport.la", *kills])
    known = {m.id: m for m in planting.candidates(root, common.worker["builds"][0].parsing)}
    with open(os.path.join(folder, "mutation", "reach.json")) as file:
        recorded = json.load(file)["tests"]  # some programs case by case
    tasks = [(root, name, [known[i] for i in ids[:given.most] if i in known],
              max(t["longest"] for t in recorded[name]), sum(t["seconds"] for t in recorded[name]))
             for name, ids in kills.items()]
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
    wanted = given.programs.split()
    kills = {n: ids for n, ids in kills.items() if not n.endswith(".sh") and (not wanted or n in wanted)}
    entries = examine(root, folder, given, kills)
    write_reports(folder, entries)
    sys.stdout.write(text_report(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main())
