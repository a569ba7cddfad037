"""The sections of the audit's page, each with its tables; page.c documents the format."""
import glob
import os
import re

import components
import evidence


def table(columns, rows, title=""):
    """Columns whose name begins with '#' hold numbers."""
    return {
        "title": title,
        "columns": [c.lstrip("#") for c in columns],
        "numeric": [c.startswith("#") for c in columns],
        "rows": rows,
    }


def unfilled(name, title, text):
    """A section whose results are not there yet."""
    return {"id": name, "title": title, "tables": [], "summary": "not run", "text": text}


def not_run(target):
    return f"Not run: make {target}"


def percent(part, whole):
    return "–" if not whole else f"{100 * part / whole:.1f} %"


def counted(part, whole):
    mark = "good" if part == whole else "soft"
    return {"text": percent(part, whole), "class": mark, "note": f"{part} of {whole}"}


def number(value):
    return "–" if value is None else f"{value:.1e}"


# --- what there is ---------------------------------------------------------------------------------------------------


def inventory(audit):
    read = components.read
    tests = {(t["program"], t["test"]) for t in audit.trace.tests}
    sources = glob.glob(os.path.join(audit.source, "tests/**/*.[ch]"), recursive=True)
    checks = sum(len(re.findall(r"\bck_a(?:ssert|bort)\w*\(|\bsupport_assert_\w+\(", read(p))) for p in sources)
    scripts = [
        p
        for p in glob.glob(os.path.join(audit.source, "tests/**/*.sh"), recursive=True)
        if "/install/" not in p and not p.endswith("common.sh")
    ]
    lines = {
        folder: sum(
            read(p).count("\n") for p in glob.glob(os.path.join(audit.source, folder, "**/*.[ch]"), recursive=True)
        )
        for folder in ("lib", "tests")
    }
    rows = [
        ["Test programs in C", str(len(audit.trace.programs))],
        ["Test scripts", str(len(scripts))],
        ["Tests, each a function", str(len(tests))],
        ["Cases: runs of a test, over its table", str(len(audit.trace.tests))],
        ["Assertions in the source", str(checks)],
        ["Fuzz targets", str(len(glob.glob(os.path.join(audit.source, "tests/fuzz/fuzz_*.c"))))],
        ["Files of golden values", str(len(glob.glob(os.path.join(audit.source, "golden/*.json"))))],
        ["Mutants", str(len(audit.mutation["mutants"])) if audit.mutation else not_run("mutation")],
        ["Lines of lib/", f"{lines['lib']:,}"],
        ["Lines of tests/", f"{lines['tests']:,}"],
    ]
    skipped = [[program, reason] for program, reason in audit.trace.skipped]
    tables = [table(["What", "#Count"], rows)]
    if skipped:
        tables.append(table(["Program", "Not tested in this run"], skipped, "Skipped"))
    return {
        "id": "inventory",
        "title": "What there is",
        "summary": f"{len(audit.trace.tests)} cases",
        "tables": tables,
        "text": "Counted in this run and this source. Each case runs in its own process.",
    }


# --- the table -------------------------------------------------------------------------------------------------------


def suites(programs):
    return ", ".join(sorted(name.removeprefix("test_") for name in programs))


def evidence_cell(audit, component, kind):
    state, what = audit.cell(component, kind)
    if state == "proved":
        tests = sum(len(names) for names in what.values())
        return {"text": f"✓ {tests}", "class": "good", "note": suites(what)}
    if state == "reason":
        where = audit.reason_numbers.setdefault(what, len(audit.reason_numbers) + 1)
        return {"text": f"reason {where}", "class": "soft"}
    return {"text": "✗ none", "class": "bad"}


def plain_cell(audit, component, kind):
    programs = audit.proved.get((component, kind), {})
    tests = sum(len(names) for names in programs.values())
    return {"text": f"✓ {tests}", "class": "good", "note": suites(programs)} if tests else ""


def sources_cell(audit, component):
    names = sorted(audit.independent.get(component, ()))
    if not names:
        return ""
    return {"text": str(len(names)), "class": "good" if len(names) > 1 else "soft", "note": ", ".join(names)}


def mutation_cell(audit, component):
    if audit.mutation is None:
        return {"text": "not run", "class": "soft"}
    killed, survived = audit.mutation_of(component)
    if killed + survived == 0:
        return {"text": "–", "class": "soft"}
    return {
        "text": percent(killed, killed + survived),
        "class": "bad" if survived else "good",
        "note": f"{killed} of {killed + survived}",
    }


def traceability(audit):
    rows, group, audit.reason_numbers = [], None, {}
    for component in sorted(audit.rows, key=lambda c: (list(components.GROUPS).index(c.split("/")[0]),)):
        if component.split("/")[0] != group:
            group = component.split("/")[0]
            rows.append([components.GROUPS[group]])
        rows.append(
            [component.split("/", 1)[1]]
            + [evidence_cell(audit, component, kind) for kind in evidence.COLUMNS]
            + [plain_cell(audit, component, kind) for kind in ("property", "errors")]
            + [sources_cell(audit, component), mutation_cell(audit, component)]
        )
        if not any((component, kind) in audit.proved for kind in evidence.KINDS):
            audit.findings.append(f"{component}: no test declares evidence for it")
    others = []
    for component in audit.plumbing:
        cells = [plain_cell(audit, component, kind) for kind in ("golden", "property", "errors")]
        if not any(cells):
            audit.findings.append(f"{component}: no test declares evidence for it")
            cells = [{"text": "✗ none", "class": "bad"}, "", ""]
        others.append([component] + cells)
    left_out = [
        [c, audit.reasons.for_row(c)]
        for c in dict.fromkeys(components.functions(audit.source) + components.operations(audit.source))
        if audit.reasons.for_row(c)
    ]
    reasons = [[f"Reason {where}", reason] for reason, where in audit.reason_numbers.items()]
    proved = sum((c, k) in audit.proved for c in audit.rows for k in evidence.COLUMNS)
    heading = [
        "Component",
        "Gradient check",
        "Statistical test",
        "Golden value",
        "Cross-backend",
        "Property",
        "Errors",
        "Independent sources",
        "Mutants",
    ]
    return {
        "id": "traceability",
        "title": "Which test is evidence for which component",
        "summary": f"{proved} cells",
        "text": "Each test declares what it compares and how. It counts if it ran to its end in a program without a "
        "failed test. The rows come from the library: its tables of names, the backends' table of operations, and "
        "the public functions of its numerical headers. So a new component without a test shows as an empty row. A "
        "check mark has the number of tests and their programs. In the four kinds of numerical evidence an empty "
        "cell needs a reason, else it is a finding; a reason for a filled cell is a finding, too. Independent sources: "
        "who computed the golden values, and who confirmed them (golden/confirmed.json). The last column has the "
        "share of killed mutants in the files that compute it.",
        "tables": [
            table(heading, rows),
            table(["", "Why a cell is empty"], reasons, "Reasons"),
            table(["Part", "Golden value", "Property", "Errors"], others, "Parts that move and show numbers"),
            table(["Function", "Why it has no row"], left_out, "Public functions without a row"),
        ],
    }


# --- coverage and mutation -------------------------------------------------------------------------------------------


def coverage(audit):
    section = unfilled(
        "coverage",
        "Coverage by folder",
        "Lines, branches and conditions of lib/ that the suite runs (make coverage). MC/DC: a condition "
        "decided alone, once by being true and once by being false; gcc 14 or later counts it. The suite makes each "
        "allocation and each file operation fail once.",
    )
    if audit.coverage is None:
        return dict(section, note=not_run("coverage"))
    rows = []
    for folder, entry in list(sorted(audit.coverage["folders"].items())) + [("all of lib/", audit.coverage["total"])]:
        rows.append(
            [folder]
            + [
                counted(*entry[what][:2]) if entry.get(what) and entry[what][1] else "–"
                for what in ("lines", "branches", "conditions", "mcdc")
            ]
        )
    excluded = [[f"{e['file']}:{e['line']}", e["reason"]] for e in audit.coverage["total"]["excluded"]]
    tables = [table(["Folder", "#Lines", "#Branches", "#Conditions, both ways", "#MC/DC"], rows)]
    if excluded:
        tables.append(table(["Line", "Reason"], excluded, f"Excluded lines ({len(excluded)})"))
    total = audit.coverage["total"]
    return dict(section, tables=tables, summary=f"{percent(*total['lines'][:2])} of lines")


def mutant_row(mutant):
    before, after = (mutant.get(a) or mutant.get(b) or "" for a, b in (("before", "original"), ("after", "mutated")))
    change = {"text": before.strip(), "note": "becomes " + (after.strip() or "nothing")}
    return [f"{mutant['file']}:{mutant['line']}", mutant["operator"], change]


def mutation(audit):
    section = unfilled(
        "mutation",
        "Mutation",
        "Faults planted in the library and the grader, one at a time, and whether the suite detects them (make "
        "mutation). A survivor is a fault that no test detects; an equivalent mutant computes the same.",
    )
    if audit.mutation is None:
        return dict(section, note=not_run("mutation"))
    rows, killed, all_mutants = [], 0, 0
    for folder, s in sorted(audit.mutation["summary"].items()):
        mortal = s["killed"] + s["survived"]
        killed, all_mutants = killed + s["killed"], all_mutants + mortal
        rows.append([folder, counted(s["killed"], mortal), str(s["survived"]), str(s["equivalent"]), str(s["total"])])
    survivors = [mutant_row(m) for m in audit.mutation["mutants"] if m["verdict"] == "survived"]
    equivalent = [
        mutant_row(m)[:2] + [mutant_row(m)[2], m.get("reason") or m.get("argument") or "listed as equivalent"]
        for m in audit.mutation["mutants"]
        if m["verdict"].startswith("equivalent")
    ]
    tables = [table(["Folder", "#Killed", "#Survived", "#Equivalent", "#All"], rows)]
    if survivors:
        tables.append(table(["Where", "Operator", "Source"], survivors, "Survivors"))
    if equivalent:
        tables.append(table(["Where", "Operator", "Source", "Why it is equivalent"], equivalent, "Equivalent"))
    return dict(section, tables=tables, summary=f"{percent(killed, all_mutants)} killed")


LOOSENED = {
    "needed": "ten times looser, it lets a mutant pass, or the right code fails: it is a value rather than a "
    "tolerance, or a test plants an error that it must catch",
    "tight": "ten times looser, it lets no mutant pass; the right code does not pass with a tenth of it",
    "loose": "ten times looser, it lets no mutant pass; the right code passes with a tenth of it, too",
}
HELD = "the right code fails"


def loosened(audit):
    section = unfilled(
        "loosened",
        "Tolerances, loosened tenfold",
        "Each tolerance of a test made ten times looser, and the mutants that its program then no longer notices "
        "(make loosened).",
    )
    if audit.loosened is None:
        return dict(section, note=not_run("loosened"))
    order = list(LOOSENED)
    entries = sorted(audit.loosened["tolerances"], key=lambda e: (order.index(e["verdict"]), e["file"], e["line"]))
    counts = [[v, str(sum(e["verdict"] == v for e in entries)), meaning] for v, meaning in LOOSENED.items()]
    rows = [
        [
            f"{e['file']}:{e['line']}",
            e["tolerance"],
            e["verdict"],
            HELD if e["held"] else "; ".join(f"{m['file']}:{m['line']}" for m in e["mutants"][:4]),
        ]
        for e in entries
    ]
    tables = [
        table(["Verdict", "#Tolerances", "Meaning"], counts),
        table(["Where", "Tolerance", "Verdict", "Mutants that it decides about"], rows, "All"),
    ]
    return dict(section, tables=tables, summary=f"{counts[0][1]} of {len(entries)} needed as tight as they are")


# --- sensitivity and false alarms ------------------------------------------------------------------------------------


def sensitivity(audit):
    section = unfilled(
        "sensitivity",
        "The smallest error that the tests detect",
        "For each golden value and statistical test: a library that is loaded before ours multiplies the "
        "component's results by 1 + e for every caller, and the unchanged test runs. |e| is bisected between 1e-17 "
        "and 10 for both signs; the table has the larger threshold. For a statistical test it holds for the test's "
        "own seed; the section on false alarms has the error that it detects with a probability of 0.999 for any "
        "seed. Integers are rounded, so a small e may change nothing.",
    )
    if audit.sensitivity is None:
        return dict(section, note=not_run("sensitivity"))
    rows, seen = [], 0
    for result in audit.sensitivity["results"]:
        where = {"text": result["test"], "note": result["program"]}
        name = result["point"] or result["component"]
        reason = audit.reasons.for_injection(result["component"], result["test"])
        if result.get("smallest") is not None:
            seen += 1
            rows.append([name, result["kind"], where, number(result["smallest"])])
        elif reason:
            rows.append([name, result["kind"], where, {"text": "–", "class": "soft", "note": reason}])
        else:
            undetected = "no injection point" if result["point"] is None else "not detected up to 10"
            trouble = result.get("trouble") or undetected
            audit.findings.append(f"{name} by {result['program']}, {result['test']}: {trouble}")
            rows.append([name, result["kind"], where, {"text": trouble, "class": "bad"}])
    return dict(
        section,
        tables=[table(["Component", "Kind", "Test", "#Smallest relative error"], rows)],
        summary=f"{seen} thresholds",
    )


def accuracy_cell(row):
    state = "good" if row["worst"] <= row["bound"] else "bad"
    return {"text": f"{row['worst']:.3g}", "class": state, "note": f"mean {row['mean']:.2g}"}


def accuracy(audit):
    section = unfilled(
        "accuracy",
        "How accurate each operation is",
        "The largest and the mean error of each operation against exact arithmetic (MPFR, 200 bits), on each "
        "backend. Unit ulp: units in the last place of the exact result. Unit terms: half an ulp of 1 times the sum "
        "of the sizes of the terms, where terms cancel (tests/accuracy.h). An activation's derivative is compared "
        "with the exact derivative at what the operation reads, the input or the rounded output. GELU's large error "
        "is the condition of erfc far from 0. tests/test_accuracy holds each to its bound.",
    )
    if audit.accuracy is None:
        return dict(section, note=not_run("accuracy"))
    machines = [m for m in dict.fromkeys(row["machine"] for row in audit.accuracy) if not m.startswith("all")]
    rows, normals = {}, []
    for row in audit.accuracy:
        about = (row["operation"], row["range"], row["unit"], f"{row['bound']:g}")
        if row["worst"] > row["bound"]:
            audit.findings.append(f"accuracy of {row['operation']} on {row['machine']}: {row['worst']:g}")
        if row["machine"] in machines:
            rows.setdefault(about, {})[row["machine"]] = accuracy_cell(row)
        else:
            normals.append([*about, accuracy_cell(row)])
    body = [[*about] + [cells.get(machine, "–") for machine in machines] for about, cells in rows.items()]
    head = ["Operation", "Range", "Unit", "#Bound"]
    return dict(
        section,
        tables=[
            table(head + [f"#{machine}" for machine in machines], body),
            table(head + ["#Error"], normals, "Normal random numbers, float32 on every backend"),
        ],
        summary=f"{len(audit.accuracy)} errors",
    )


def alarms(audit):
    rows, total, checks = [], 0.0, 0
    for (program, test), entry in sorted(audit.trace.alarms().items()):
        total, checks = total + entry["alarm"], checks + entry["checks"]
        strongest = sorted((p["error"], p["what"]) for p in entry["power"])
        power = f"{strongest[-1][0]:.2g} ({strongest[-1][1]})" if strongest else "–"
        stated = number(entry["alarm"]) if entry["checks"] else {"text": "not declared", "class": "bad"}
        if not entry["checks"]:
            audit.findings.append(f"{program}, {test}: a statistical test without a declared false-alarm probability")
        rows.append([{"text": test, "note": program}, str(entry["checks"]), stated, power])
    rows.append(
        [
            {"text": "The whole suite"},
            str(checks),
            {"text": number(total), "class": "good" if total < 1e-6 else "bad"},
            "",
        ]
    )
    if total >= 1e-6:
        audit.findings.append(f"false alarms: {total:.1e} for the suite, the limit is 1e-6")
    audit.alarm = total
    return {
        "id": "alarms",
        "title": "False alarms",
        "summary": number(total),
        "text": "Seeds are fixed, so a result does not change from run to run. With new random seeds, correct code "
        "would fail a test with at most the declared probability, and the suite with at most their sum. Power: the "
        "smallest relative error that the test detects with a probability of 0.999 for any seed, by theory; the "
        "largest of a test's cases.",
        "tables": [table(["Test", "#Checks", "#Probability", "#Power at 0.999"], rows)],
    }


# --- variants --------------------------------------------------------------------------------------------------------

VARIANTS = [
    ("asan", "check-asan", "gcc, AddressSanitizer and UndefinedBehaviorSanitizer, the whole suite"),
    ("tsan", "check-tsan", "gcc, ThreadSanitizer, every suite that runs under it"),
    ("msan", "check-msan", "clang, MemorySanitizer, the suites without files"),
    ("valgrind", "check-valgrind", "valgrind, the suites of files, formats and other libraries"),
    ("clang", "check-clang", "clang, every warning an error, the whole suite"),
    *(
        (f"{library}-{kind}", "check-blas", f"OpenBLAS ({kind}), {bits}-bit integers, the suites of the backend")
        for library, bits in (("openblas", 32), ("openblas64", 64))
        for kind in ("pthread", "openmp", "serial")
    ),
]


def passes(ran):
    return ran["status"] == 0 and ran["failed"] == 0 and ran["passed"] > 0


def variants(audit):
    found, rows = audit.variants(), []
    for name, target, what in VARIANTS:
        ran = found.get(name)
        if ran is None:
            rows.append(
                [{"text": f"make {target}", "note": what}, {"text": "not run", "class": "soft"}, "", "", "", ""]
            )
            continue
        good = passes(ran)
        failed = [s.split(" ", 1)[1] for s in ran["suites"] if s.split()[0] not in ("PASS", "SKIP")]
        if not good:
            audit.findings.append(f"make {target}: status {ran['status']}, {', '.join(failed) or 'nothing passed'}")
        rows.append(
            [
                {"text": f"make {target}", "note": what},
                {
                    "text": "✓ passes" if good else "✗ fails",
                    "class": "good" if good else "bad",
                    "note": ", ".join(failed),
                },
                str(ran["passed"]),
                str(ran["skipped"]),
                f"{ran['seconds'] / 60:.1f} min",
                {"text": ran["date"], "note": f"commit {ran['commit']}"},
            ]
        )
    # Which suite ran under which tool.
    names = sorted({s.split()[1] for ran in found.values() for s in ran["suites"]})
    by_suite = [
        [suite.removeprefix("tests/")] + [suite_cell(found.get(name), suite) for name, _, _ in VARIANTS]
        for suite in names
    ]
    tables = [table(["Variant", "Last run", "#Passed", "#Skipped", "#Time", "When"], rows)]
    if by_suite:
        tables.append(
            table(["Suite"] + [target for _, target, _ in VARIANTS], by_suite, "Which suite ran under which tool")
        )
    passing = sum(passes(found[name]) for name, _, _ in VARIANTS if name in found)
    return {
        "id": "variants",
        "title": "Sanitizers and compilers",
        "summary": f"{passing} of {len(VARIANTS)} pass",
        "tables": tables,
        "text": "The suite under other compilers and tools. doc/testing.md lists what each leaves out.",
    }


def suite_cell(ran, suite):
    verdict = next((s.split()[0] for s in ran["suites"] if s.split()[1] == suite), None) if ran else None
    if verdict is None:
        return ""
    marks = {"PASS": ("✓", "good"), "SKIP": ("skipped", "soft")}
    text, mark = marks.get(verdict, ("✗ " + verdict.lower(), "bad"))
    return {"text": text, "class": mark}


def reproducibility(audit):
    section = unfilled(
        "reproducible",
        "Reproducible results",
        "The program, built by gcc and clang with -O0 and -O3, runs twice with one and with two threads. "
        "Numbers that must be equal are compared exactly, the others with bounds (doc/testing.md).",
    )
    if audit.reproducible is None:
        return dict(section, note=not_run("check-reproducible"))
    rows = [
        [
            r["what"],
            r["scope"],
            r["wanted"],
            {"text": ("✓ " if r["holds"] else "✗ ") + r["found"], "class": "good" if r["holds"] else "bad"},
        ]
        for r in audit.reproducible["results"]
    ]
    for result in audit.reproducible["results"]:
        if not result["holds"]:
            audit.findings.append(f"reproducible: {result['what']}, {result['scope']}: {result['found']}")
    holds = sum(r["holds"] for r in audit.reproducible["results"])
    return dict(
        section,
        tables=[table(["Output", "Between", "Required", "Found"], rows)],
        summary=f"{holds} of {len(rows)} hold",
        text=section["text"] + "\n\n" + audit.reproducible["builds"],
    )


def times(audit):
    section = unfilled(
        "times",
        "How long each test takes",
        "Seconds of each test program in the last make check, the slowest first. Two run side by side with "
        "make -j2, so the suite takes about half of the sum.",
    )
    if not audit.times:
        return dict(section, note=not_run("check"))
    rows = [[name, f"{seconds:.2f}"] for name, seconds in sorted(audit.times.items(), key=lambda item: -item[1])]
    total = sum(audit.times.values())
    rows.append(["All", f"{total:.0f}"])
    return dict(section, tables=[table(["Test", "#Seconds"], rows)], summary=f"{total:.0f} s")


def platform_cell(row, what, text):
    good = row["holds"][what]
    return {"text": ("✓ " if good else "✗ ") + text, "class": "good" if good else "bad"}


def platform_row(row):
    name = {"text": row["platform"], "note": row["kernels"]}
    if "not_run" in row:
        return [name, str(row["threads"]), {"text": "not run", "class": "soft", "note": row["not_run"]}, "", "", ""]
    variances, golden = row["variances"], row["golden"]
    steps = "; ".join(f"{run} {one['agree']} of {one['steps']}" for run, one in row["retraced"].items())
    values = "–" if golden is None else f"{golden['passed']} of {golden['passed'] + golden['failed']}"
    if golden is not None and golden["worst"] is not None:
        values += f", to {golden['worst']:.0e}"
    return [
        name,
        str(row["threads"]),
        platform_cell(row, "variances", f"{variances['agree']} of {variances['count']}, to {variances['worst']:.0e}"),
        platform_cell(row, "retraced", steps),
        platform_cell(row, "golden", values),
        {"text": row["date"], "note": f"commit {row['commit']}"},
    ]


def platforms(audit):
    section = unfilled(
        "platforms",
        "Which numbers, to which error, on which platform",
        "The tutorial's variances and their largest relative error (5e-6 is allowed); how many first losses of "
        "each of the author's saved runs agree within 5e-6; and the tests with golden values, with the largest "
        "relative error. The numbers of steps that we claim hold for OpenBLAS's AVX2 kernels; elsewhere the first loss "
        "must agree. Emulated processors run fewer steps.",
    )
    if audit.everywhere is None:
        return dict(section, note="Not run: ./check --everywhere")
    rows = audit.everywhere["rows"]
    ran = [row for row in rows if "holds" in row]
    for row in ran:
        wrong = [what for what, good in row["holds"].items() if not good]
        if wrong:
            audit.findings.append(f"{row['name']}: {', '.join(wrong)}")
    columns = ["Platform", "#Threads", "Variances", "Retraced steps", "Golden values", "When"]
    return dict(
        section,
        tables=[table(columns, [platform_row(row) for row in rows])],
        summary=f"{sum(all(row['holds'].values()) for row in ran)} of {len(rows)} hold",
    )


def findings(audit):
    unused = audit.reasons.unused(audit.sensitivity is not None)
    audit.findings += [f"audit/reasons.json: the reason for {r} is not used" for r in unused]
    audit.findings += [f"{p}, {t}: declares no evidence" for p, t in audit.trace.undeclared()]
    rows = [finding.split(": ", 1) for finding in audit.findings]
    return {
        "id": "findings",
        "title": "Findings",
        "summary": str(len(rows)),
        "tables": [table(["Where", "What"], rows)] if rows else [],
        "text": "Missing evidence without a reason, reasons without an empty cell, thresholds that were not found, "
        "variants that fail."
        if rows
        else "None: every cell of the table is filled or has a reason, and every reason is used.",
    }


def page(audit, footer):
    parts = [
        inventory(audit),
        traceability(audit),
        coverage(audit),
        mutation(audit),
        loosened(audit),
        sensitivity(audit),
        accuracy(audit),
        alarms(audit),
        variants(audit),
        reproducibility(audit),
        times(audit),
        platforms(audit),
    ]
    last = findings(audit)
    parts.append(last)
    summaries = {part["id"]: part["summary"] for part in parts}
    tiles = [
        ("inventory", None),
        ("traceability", None),
        ("coverage", None),
        ("mutation", None),
        ("alarms", audit.alarm < 1e-6),
        ("variants", None),
        ("findings", not audit.findings),
    ]
    labels = {
        "inventory": "run",
        "traceability": "with evidence",
        "coverage": "coverage",
        "mutation": "mutation",
        "alarms": "probability of a false alarm",
        "variants": "sanitizers and compilers",
        "findings": "findings",
    }
    return {
        "title": "The audit: which errors the tests of Assay detect",
        "footer": footer,
        "text": "For each numerical component: which tests detect an error in it, and how large the error must be.",
        "summary": [{"value": summaries[i], "label": labels[i], "good": good, "link": i} for i, good in tiles],
        "sections": parts,
    }
