"""The test programs: runs one under limits until its first failure, and records the lines that each reaches."""
import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree
from collections import defaultdict
from dataclasses import dataclass, field

# Tests that do not run on mutants, and why. Any other test is left out for mutants in functions that it never enters.
LEFT_OUT = {
    "tests/man.sh": "reads the man page",
    "tests/where.sh": "reads sources",
    "tests/test_cuda": "computes on a GPU, with code that is not mutated",
    "tests/report_browser.sh": "a browser on a written page; computes nothing",
    "tests/report_tool.sh": "writes and draws pages; test_tutorial checks their numbers",
    "tests/grade/hostile.sh": "waits for time limits; mistakes.sh grades the same components",
}
OWN = {
    "lib/nn": ("test_nn", "test_curvature"), "lib/init": ("test_init",), "lib/optim": ("test_optim",),
    "lib/random": ("test_random", "test_random_philox", "test_random_statistics"), "lib/surface": ("test_surface",),
    "lib/stats": ("test_stats", "test_goodness_of_fit", "test_inference", "test_curvature"),
    "lib/backend": ("test_backend", "test_base", "test_optim", "test_init", "test_curvature"),
    "lib/backend/reference": ("test_backend",),
    "lib/backend/openblas": ("test_backend", "test_panel", "test_openblas"),
    "lib/backend/cuda": ("test_backend_cuda", "test_cuda_host", "test_optim_cuda"),
    "lib/check": ("test_gradient", "test_tolerance"), "lib/data": ("test_data", "test_data_files", "test_data_fashion"),
    "lib/model": ("test_pickle", "test_model", "test_model_parts", "test_model_files",
                  "test_model_hostile"),
    "lib/train": ("test_train", "test_train_memory", "test_likeness"),
    "lib/tutorial": ("test_tutorial", "test_tutorial_file", "test_figures", "test_retrace", "test_claims",
                     "test_claims_descent", "test_claims_layers", "test_claims_record", "test_claims_study",
                     "test_surface", "test_train"),
    "lib/report": ("test_report",), "lib/base": ("test_base",), "lib/study": ("test_study", "test_faults_study"),
    "grade": ("test_grade_formulas", "test_grade_formulas_softmax", "test_grade_formulas_surface",
              "test_grade_formulas_optim", "test_grade_formulas_init", "test_grade_marks", "test_grade_reports",
              "test_grade_system", "test_grade_levels", "test_grade_planted", "test_grade", "test_grade_child"),
}
SKIPPED = 77


class Impossible(Exception):
    """Ends the whole run. Not SystemExit: the pool restarts a worker that exits."""


@dataclass
class Run:
    status: int = 0
    failures: list = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    late: bool = False
    spent: bool = False  # late by its own processor time

    @property
    def failure(self):
        return self.failures[0] if self.failures else ""


@dataclass
class Test:
    """A test program, or one of Check's test cases in it: a long program is split, so that few of its tests run."""
    name: str
    case: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    longest: float = 0.0
    reached: dict = field(default_factory=lambda: defaultdict(set))

    def owns(self, folder):
        return os.path.basename(self.name) in OWN.get(folder, ())

    @property
    def environment(self):
        return {"CK_RUN_CASE": self.case} if self.case else {}

    @property
    def is_script(self):
        return self.name.endswith(".sh")

    def makes_calls_fail(self):
        return os.path.basename(self.name).startswith("test_faults_")

    def reaches(self, mutant):
        """Whether the test runs the mutant's statement; for a declaration, anything of its folder."""
        if mutant.lines == (0, 0):
            return any(os.path.dirname(file) == mutant.folder and lines for file, lines in self.reached.items())
        return any(mutant.lines[0] <= line <= mutant.lines[1] for line in self.reached.get(mutant.file, ()))

    def enters(self, mutant):
        """
        Whether the test runs anything of the mutant's function. What scripts run is not recorded: they start hundreds
        of programs. These load the library, and have the grader in themselves.
        """
        if self.is_script:
            return mutant.folder.startswith("lib/") and mutant.folder != "lib/backend/cuda"
        return any(mutant.body[0] <= line <= mutant.body[1] for line in self.reached.get(mutant.file, ()))


def children_time():
    """Processor seconds of all programs so far that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def limits(cpu, memory):
    """Soft limits: tests set some of their own."""
    def set_limits():
        for kind, most in ((resource.RLIMIT_CPU, cpu), (resource.RLIMIT_AS, memory),
                           (resource.RLIMIT_FSIZE, 8 << 30), (resource.RLIMIT_CORE, 0)):
            resource.setrlimit(kind, (most, resource.getrlimit(kind)[1]))
    return set_limits


def failures(tap):
    """The failed tests in Check's TAP log so far, each as FILE:CASE:TEST: MESSAGE."""
    try:
        with open(tap, errors="replace") as file:
            return re.findall(r"^not ok \d+ - (.*)$", file.read(), re.M)
    except FileNotFoundError:
        return []


def test_of(failure):
    """The name of the test in what `failures` returns; "" if Check could not name it."""
    parts = failure.split(":")
    return parts[2] if len(parts) > 3 else ""


def stop(process):
    for group in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, group)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + 2
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)


class Suite:
    def __init__(self, build):
        self.build = build
        self.folder = os.path.join(build.folder, "tmp")
        self.tap = os.path.join(build.folder, "tap.log")
        self.programs = {}  # variants that take the place of test programs
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", GOLDEN_DIR=os.path.join(build.root, "golden"),
                                ASSAY_SOURCE=build.root, ASSAY_BUILD=build.folder, TMPDIR=self.folder,
                                CK_TAP_LOG_FILE_NAME=self.tap, CK_VERBOSITY="silent", CK_TIMEOUT_MULTIPLIER="10")

    def sanitized(self):
        """
        What a test's environment needs for a library that is partly compiled with sanitizers. The tests are not, and
        expect malloc to return NULL for what is too large.
        """
        return {"LD_PRELOAD": self.build.runtime(),
                "ASAN_OPTIONS": "abort_on_error=0:allocator_may_return_null=1:verify_asan_link_order=0"}

    def command(self, name):
        """libtool's wrappers only set the path of libraries; so do we, and run what is behind them."""
        if name in self.programs:
            return [self.programs[name]]
        behind = os.path.join(self.build.folder, os.path.dirname(name), ".libs", os.path.basename(name))
        if os.path.exists(behind):
            return [behind]
        if name.endswith(".sh"):
            return ["/bin/sh", os.path.join(self.build.root, name)]
        return [os.path.join(self.build.folder, name)]

    def run(self, test, limited=True, to_its_end=False, **environment):
        """Runs a test program until it ends, its first test fails (not if to_its_end), or it takes far too long."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        if os.path.exists(self.tap):
            os.remove(self.tap)
        # AddressSanitizer is some times slower, and reserves more addresses than there is memory.
        sanitized = "LD_PRELOAD" in environment
        memory = resource.RLIM_INFINITY if sanitized else 16 << 30
        cpu = int((2 + 3 * test.longest) * (4 if sanitized else 1)) if limited else 600
        deadline = time.monotonic() + (60 + 20 * test.seconds if limited else 3600)
        environment = dict(self.environment, LD_LIBRARY_PATH=self.build.path, **environment)
        before, start = children_time(), time.monotonic()
        process = subprocess.Popen(self.command(test.name), cwd=self.build.folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True, preexec_fn=limits(cpu, memory))
        run = Run()
        try:
            self.watch(process, run, deadline, to_its_end)
        finally:
            stop(process)
        run.seconds = time.monotonic() - start
        run.cpu = children_time() - before
        run.failures = failures(self.tap)
        run.status = process.returncode if not run.failure and not run.late else 1
        run.spent = "signal 24" in run.failure or process.returncode == -signal.SIGXCPU
        run.late = run.late or run.spent
        return run

    def watch(self, process, run, deadline, to_its_end):
        pause = 0.002
        while process.poll() is None and not run.late and (to_its_end or not failures(self.tap)):
            time.sleep(pause)
            pause = min(1.5 * pause, 0.05)
            run.late = time.monotonic() > deadline


def instrument(suite, units):
    """A library that counts which lines run; returns the folder with the notes that belong to its counts."""
    notes = os.path.join(suite.build.folder, "reach")
    shutil.rmtree(notes, ignore_errors=True)
    os.makedirs(notes)
    if not suite.build.instrumented(units, notes, ["--coverage"]):
        raise Impossible("the library does not compile with --coverage")
    return notes


def lines_reached(root, notes, counts):
    """From gcov: {file: lines that ran}."""
    reached = defaultdict(set)
    files = glob.glob(counts + "/**/*.gcda", recursive=True)
    for count in files:
        note = os.path.join(notes, os.path.basename(count)[:-5] + ".gcno")
        shutil.copy(note, os.path.dirname(count))
    if not files:
        return reached
    said = subprocess.run(["gcov", "--json-format", "--stdout", *files], capture_output=True, cwd=counts).stdout
    for document in said.splitlines():
        parsed = json.loads(document)
        for file in parsed["files"]:
            # ccache may have made the compiler's paths relative.
            name = os.path.relpath(os.path.join(parsed["current_working_directory"], file["file"]), root)
            reached[name] |= {line["line_number"] for line in file["lines"] if line["count"] > 0}
    return reached


def durations(log):
    """From Check's XML log: {test case: seconds of its tests}; {} for a program that writes none."""
    found = defaultdict(list)
    try:
        for test in xml.etree.ElementTree.parse(log).findall(".//{*}test"):
            found[test.findtext("{*}description")].append(float(test.findtext("{*}duration")))
    except (OSError, xml.etree.ElementTree.ParseError):
        return {}
    return found


def record_part(suite, name, case, notes):
    """Runs a program, or one case of it, on the instrumented library without a fault: (run, Test, durations)."""
    counts = os.path.join(suite.build.folder, "counts")
    log = os.path.join(suite.build.folder, "check.xml")
    shutil.rmtree(counts, ignore_errors=True)
    os.makedirs(counts)
    test = Test(name, case)
    run = suite.run(test, False, GCOV_PREFIX=counts, CK_XML_LOG_FILE_NAME=log, **test.environment)
    if run.status not in (0, SKIPPED):
        raise Impossible("%s fails without any fault (%s): first make check" % (name, run.failure or run.status))
    times = durations(log)
    if os.path.exists(log):
        os.remove(log)
    test.seconds, test.cpu = run.seconds, run.cpu
    test.longest = max((t for ts in times.values() for t in ts), default=run.seconds)
    test.reached = {} if test.is_script else lines_reached(suite.build.root, notes, counts)
    return run, test, times


# Processor seconds from which on a program is split into its cases.
SPLIT = 2.0


def record(suite, name, notes):
    """
    The program, or its cases if it takes long; [] if it is skipped. Of a script only its time, without `notes`.
    """
    run, whole, times = record_part(suite, name, "", notes)
    if run.status == SKIPPED:
        return []
    if run.cpu < SPLIT or len(times) < 2:
        return [whole]
    return [record_part(suite, name, case, notes)[1] for case in times]


def is_run(name):
    return name not in LEFT_OUT and not name.startswith("tests/fuzz/")


def order(tests, mutant):
    """Those that enter the mutant's function: its folder's first, of these first those that run its statement, and then
    the cheapest first. (A process that a test kills, or that ends by _exit, leaves no counts: the statement may run all
    the same.)

    gcov counts the lines of an intrinsic in the compiler's header, and none of a function that is nothing else: then
    those that run anything of the file.
    """
    scripts = [t for t in tests if t.is_script and t.enters(mutant)]
    programs = [t for t in tests if not t.is_script]
    entering = [t for t in programs if t.reaches(mutant) or t.enters(mutant)] or \
        [t for t in programs if t.reached.get(mutant.file)]
    entering += scripts
    return sorted(entering, key=lambda t: (not t.owns(mutant.folder), not t.reaches(mutant), t.cpu, t.name))


class Memory:
    """Which of Check's cases killed mutants of a function before: a few that are tried first, as likely and cheap."""

    MOST = 3

    def __init__(self):
        self.known = defaultdict(list)

    def cases(self, mutant):
        return self.known[mutant.file, mutant.function] or self.known[mutant.file, None]

    def learn(self, mutant, test, failure):
        case = failure.split(":")[1:2] if failure.count(":") > 2 else []
        for place in ((mutant.file, mutant.function), (mutant.file, None)):
            if case and (test, case[0]) not in self.known[place]:
                self.known[place] = [(test, case[0])] + self.known[place][:self.MOST - 1]
