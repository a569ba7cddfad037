"""
Plants faults in the numerical code of lib/ and reports those that no test detects: make mutation, doc/mutation.md.

Exit status 0: every mutant is killed or listed as equivalent, and every entry of that list is correct.
"""
import argparse
import concurrent.futures
import hashlib
import json
import multiprocessing
import os
import signal
import sys
import time

import build as building
import mutants as planting
import suite as testing
import verdicts

worker = {}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default=".", help="the repository's root")
    parser.add_argument("--build", default="build", help="the folder for all results")
    parser.add_argument("--tests", default="", help="the test programs, as automake's TESTS")
    parser.add_argument("--mutants", type=int, default=560, help="the number of mutants, chosen by the seed; 0: all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--folders", default="", help="only these folders of lib/, separated by blanks or commas")
    parser.add_argument("--files", default="", help="only these files, such as lib/nn/network.c")
    parser.add_argument("--equivalent", default="audit/mutation/equivalent.json", help="below --source")
    parser.add_argument("--list", action="store_true", help="print the chosen mutants and exit")
    parser.add_argument("--thorough", action="store_true",
                        help="run the whole suite, not only the folder's own tests, on listed equivalents, too")
    parser.add_argument("--quick", action="store_true",
                        help="while you add tests: run only the folder's own test programs and those with faults")
    parser.add_argument("--keep-killed", action="store_true",
                        help="while you add tests: mutants that were killed before a change of the sources stay killed")
    return parser.parse_args()


class Progress:
    """A line that changes on a terminal; in a pipe only lasting messages."""

    def __call__(self, text, lasting=False):
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K" + text + ("\n" if lasting else ""))
        elif lasting:
            sys.stderr.write("mutation: %s\n" % text)
        sys.stderr.flush()


def fingerprint(root, *others):
    """A digest of all files that the verdicts depend on; the list of equivalents is applied later."""
    total = hashlib.sha256()
    for folder in ("lib", "tests", "golden", "tools", "grade"):
        for path, folders, files in os.walk(os.path.join(root, folder)):
            folders.sort()
            for name in sorted(f for f in files if f.endswith((".c", ".h", ".sh", ".json", ".py", ".mk"))):
                with open(os.path.join(path, name), "rb") as file:
                    total.update(name.encode() + file.read())
    total.update(repr(others).encode())
    return total.hexdigest()[:16]


def prepared(root, folder, jobs, programs):
    """Makes a build for each job, in parallel."""
    def make(number):
        path = os.path.join(folder, "mutation", "job%d" % number)
        os.makedirs(path, exist_ok=True)
        made = building.Build(root, path)
        made.prepare(programs)
        return made

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(make, range(1, jobs + 1)))


def start_worker(numbers):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the workers, with SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    number = numbers.get()
    # One processor for each worker: the backends then start one thread, and no thread spins while another job runs.
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})
    build = worker["builds"][number]
    build.restore()
    worker["suite"] = testing.Suite(build)


def workers(**common):
    """A process for each build; `common` is passed to all of them."""
    worker.update(common)
    numbers = multiprocessing.Queue()
    for number in range(len(worker["builds"])):
        numbers.put(number)
    return multiprocessing.Pool(len(worker["builds"]), start_worker, (numbers,))


def record(name):
    suite = worker["suite"]
    if testing.Test(name).is_script:
        suite.build.restore()
        worker.pop("notes", None)
    elif "notes" not in worker:
        worker["notes"] = testing.instrument(suite, worker["units"])
    tests = testing.record(suite, name, worker.get("notes"))
    return name, [{**vars(t), "reached": {f: sorted(lines) for f, lines in t.reached.items()}} for t in tests]


def recorded(path, mark, names, keep, say):
    """The tests with the lines that they reach; from an earlier run if nothing has changed."""
    known = {"fingerprint": mark, "tests": {}}
    if os.path.exists(path):
        with open(path) as file:
            document = json.load(file)
        known = document if keep or document["fingerprint"] == mark else known
    missing = sorted((n for n in names if n not in known["tests"]), key=lambda n: testing.Test(n).is_script)
    with workers() as pool:
        for done, (name, tests) in enumerate(pool.imap_unordered(record, missing), 1):
            known["tests"][name] = tests
            verdicts.write(path, json.dumps(known))
            say("%d of %d tests recorded" % (done, len(missing)))
        pool.close()  # else SIGTERM could reach a new worker that still has this process's handler
        pool.join()
    for name in missing:
        if not known["tests"][name]:
            say("%s is skipped and kills no mutant" % name, True)
    return [testing.Test(**{**t, "reached": {f: set(lines) for f, lines in t["reached"].items()}})
            for n in names for t in known["tests"][n]]


def attempts(suite, tests, memory, mutant, steps):
    """The runs in their order: (test, environment). First the cases that killed other mutants of the function."""
    ordered = testing.order(tests, mutant)
    own = [t for t in ordered if t.owns(mutant.folder)]
    failing = [t for t in ordered if t.makes_calls_fail() and t not in own]
    if "own" in steps:
        known = {t.name: t for t in ordered} | {(t.name, t.case): t for t in ordered}
        for name, case in memory.cases(mutant):
            test = known.get((name, case), known.get(name))
            if test is not None:
                yield test, {"CK_RUN_CASE": case}
        for test in own:
            yield test, test.environment
    if "failing" in steps:
        for test in failing:
            yield test, test.environment
    # As in make check-asan: an access out of bounds or a leak may not change any result.
    if "sanitized" in steps and suite.build.sanitize(mutant.units, mutant):
        for test in own:
            yield test, suite.sanitized() | test.environment
    if "others" in steps:  # never together with "sanitized", which replaces the library
        for test in ordered:
            if test not in own + failing:
                yield test, test.environment


def fails_without_fault(suite, mutant, test, environment):
    """Whether a test fails under the sanitizers without the fault: programs that it starts may leak, for example."""
    known = worker.setdefault("faultless", {})
    key = mutant.units, test.name, environment.get("CK_RUN_CASE")
    if key not in known:
        suite.build.sanitize(mutant.units)
        known[key] = suite.run(test, **environment).status not in (0, testing.SKIPPED)
        suite.build.sanitize(mutant.units, mutant)
    return known[key]


def attempt(suite, tests, memory, mutant, steps):
    """
    Verdict, killing program, its first failing test, whether it failed only under the sanitizers, and the seconds of
    processor time for compiling and linking.
    """
    before = testing.children_time()
    reason = suite.build.plant(mutant)
    building = round(testing.children_time() - before, 3)
    if reason:
        return reason, "", "", False, building
    for test, environment in attempts(suite, tests, memory, mutant, steps):
        run = suite.run(test, **environment)
        if run.late and not run.spent:
            run = suite.run(test, **environment)  # once more: another program may have used the processor
        # A program without tests in the given case also fails, but reports no failed test. A recorded case has tests.
        counts = run.failure or run.late or environment.get("CK_RUN_CASE", "") == test.case
        if run.status not in (0, testing.SKIPPED) and counts:
            if "LD_PRELOAD" in environment and fails_without_fault(suite, mutant, test, environment):
                continue
            memory.learn(mutant, test.name, run.failure)
            return "timeout" if run.late else "killed", test.name, run.failure, "LD_PRELOAD" in environment, building
    return "survived", "", "", False, building


def examine(task):
    mutant, steps = task
    start, before = time.monotonic(), testing.children_time()
    verdict, test, failure, sanitized, building = attempt(worker["suite"], worker["tests"], worker["memory"], mutant,
                                                          steps)
    return {"id": mutant.id, "verdict": verdict, "test": test, "failure": failure, "sanitized": sanitized,
            "steps": sorted(steps), "seconds": round(time.monotonic() - start, 3),
            "cpu": round(testing.children_time() - before, 3), "building": building}


def run_all(tasks, tests, results, say):
    survivors = 0
    with workers(tests=tests, memory=testing.Memory()) as pool:
        for done, result in enumerate(pool.imap_unordered(examine, tasks), 1):
            results.add(result)
            survivors += result["verdict"] == "survived"
            say("%d of %d mutants, %d survive" % (done, len(tasks), survivors))
    say("", sys.stderr.isatty())


def steps_of(given, listed):
    """The steps that a mutant must survive. Without --thorough a listed one runs only its folder's tests."""
    if listed and not given.thorough:
        return {"own"}
    near = {"own", "failing", "sanitized"}
    return near if given.quick else near | {"others"}


def examine_all(root, folder, given, chosen, names, listed, say):
    """
    All verdicts. The programs of other folders and the scripts run last, and only if there are survivors for them.
    """
    keys = {verdicts.key_of(e) for e in listed}
    wanted = {m.id: steps_of(given, verdicts.key_of(vars(m)) in keys) for m in chosen}
    mark = fingerprint(root, worker["units"])
    results = verdicts.Results(os.path.join(folder, "mutation", "results.jsonl"), mark, given.keep_killed)
    near = [n for n in names if testing.Test(n).makes_calls_fail() or
            any(testing.Test(n).owns(f) for f in planting.FOLDERS)]
    for programs, steps in ((near, {"own", "failing", "sanitized"}), (names, {"others"})):
        tasks = [(m, results.left(m.id, wanted[m.id] & steps)) for m in chosen]
        tasks = [t for t in tasks if t[1]]
        if tasks:
            tests = recorded(os.path.join(folder, "mutation", "reach.json"), mark, programs, given.keep_killed, say)
            run_all(tasks, tests, results, say)
    return results


def report(root, folder, given, about, mutants, results, listed):
    """Writes both reports and prints the text; the exit status."""
    reported, complaints = verdicts.judge(*mutants, results.found, listed)
    about |= {"seed": given.seed, "candidates": len(mutants[0]), "jobs": given.jobs,
              "tests_left_out": testing.LEFT_OUT | planting.without_processor(),
              "cpu_seconds": round(sum(r["cpu"] for r in reported), 1),
              "building_seconds": round(sum(r["building"] for r in reported), 1)}
    verdicts.write_json(os.path.join(folder, "mutation.json"), about, reported)
    text = verdicts.text_report(about, reported, complaints)
    verdicts.write(os.path.join(folder, "mutation.txt"), text)
    sys.stdout.write(text)
    return 1 if complaints or any(m["verdict"] == "survived" for m in reported) else 0


def main():
    given, say, start = options(), Progress(), time.monotonic()
    root, folder = os.path.abspath(given.source), os.path.abspath(given.build)
    os.makedirs(os.path.join(folder, "mutation"), exist_ok=True)
    asked = given.folders.replace(",", " ").split()
    folders = [f for f in planting.FOLDERS if not asked or f in asked or f.removeprefix("lib/") in asked]
    names = [n for n in given.tests.split()
             if not given.quick or testing.Test(n).makes_calls_fail() or any(testing.Test(n).owns(f) for f in folders)]
    say("building job1/ and so on")
    worker["builds"] = prepared(root, folder, 1 if given.list else given.jobs, names if given.quick else ())
    candidates = planting.candidates(root, worker["builds"][0].parsing, folders)
    files = given.files.replace(",", " ").split()
    candidates = [m for m in candidates if not files or m.file in files]
    if not candidates:
        sys.exit("mutation: there is nothing to plant in %s" % (given.files or given.folders))
    chosen = planting.choose(candidates, given.mutants or len(candidates), given.seed)
    if given.list:
        for m in chosen:
            print("%s %s:%d:%d %s: %s -> %s" % (m.id, m.file, m.line, m.column, m.operator, m.before, m.after))
        return 0
    worker["units"] = [u for f in planting.FOLDERS for u in planting.units_of(root, f)]
    listed = [e for e in verdicts.read_listed(os.path.join(root, given.equivalent))
              if os.path.dirname(e["file"]) in folders and (not files or e["file"] in files)
              and e["file"] not in planting.without_processor()]
    results = examine_all(root, folder, given, chosen, [n for n in names if testing.is_run(n)], listed, say)
    about = {"folders": list(folders), "wall_seconds": round(time.monotonic() - start, 1)}
    return report(root, folder, given, about, (candidates, chosen), results, listed)


def interrupt(*_):
    raise SystemExit("mutation: interrupted; the same command continues from here")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        sys.exit(main())
    except testing.Impossible as reason:
        sys.exit("mutation: %s" % reason)
