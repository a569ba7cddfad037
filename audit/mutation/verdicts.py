"""The verdict of each mutant: saved line by line during the run, compared with the list of equivalents at its end."""
import json
import os
from collections import Counter, defaultdict

COUNTED = ("killed", "timeout", "survived", "equivalent-listed")
SHOWN = ("id", "file", "function", "line", "column", "operator", "original", "mutated", "before", "after", "occurrence")
LISTED = ("file", "function", "before", "after")


def write(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


class Results:
    """Verdicts so far, by id. With keep_killed, kills of an earlier state of the sources are kept."""

    def __init__(self, path, fingerprint, keep_killed=False):
        self.path = path
        self.found = {}
        if os.path.exists(path):
            with open(path) as file:
                for line in file:
                    if not line.endswith("\n"):
                        break  # incomplete: the run was killed
                    result = json.loads(line)
                    if result.pop("fingerprint") == fingerprint or (keep_killed and result["verdict"] in
                                                                    ("killed", "timeout", "stillborn", "same-code")):
                        self.found[result["id"]] = result
        write(path, "".join(json.dumps(dict(r, fingerprint=fingerprint)) + "\n" for r in self.found.values()))
        self.fingerprint = fingerprint

    def left(self, mutant, steps):
        """The steps that it still must survive; none if it did not survive the earlier ones."""
        known = self.found.get(mutant)
        if known is None:
            return steps
        return steps - set(known["steps"]) if known["verdict"] == "survived" else set()

    def add(self, result):
        before = self.found.get(result["id"])
        if before is not None:
            result = dict(result, steps=sorted(before["steps"] + result["steps"]),
                          **{k: round(before[k] + result[k], 3) for k in ("seconds", "cpu", "building")})
        self.found[result["id"]] = result
        with open(self.path, "a") as file:
            file.write(json.dumps(dict(result, fingerprint=self.fingerprint)) + "\n")


def read_listed(path):
    with open(path) as file:
        return json.load(file)["equivalent"]


def key_of(entry):
    return tuple(entry[k] for k in LISTED) + (entry.get("occurrence", 1),)


def judge(candidates, chosen, results, listed):
    """The mutants for the report, and the errors in the list of equivalents."""
    arguments = {key_of(e): e.get("argument", "").strip() for e in listed}
    complaints = ["%s, %s: '%s' has no argument" % (k[0], k[1], k[3]) for k, why in arguments.items() if not why]
    keys = {key_of(vars(m)) for m in candidates}
    complaints += ["%s, %s: no fault changes '%s' into '%s' any more" % k[:4] for k in arguments if k not in keys]
    reported = []
    for mutant in chosen:
        if mutant.id not in results:
            continue
        result = {k: getattr(mutant, k) for k in SHOWN} | results[mutant.id]
        if key_of(result) in arguments:
            if result["verdict"] == "survived":
                result |= {"verdict": "equivalent-listed", "argument": arguments[key_of(result)]}
            else:
                complaints.append("%s:%d: '%s' is listed as equivalent, but is %s%s" % (
                    mutant.file, mutant.line, mutant.after, result["verdict"],
                    " by " + result["test"] if result.get("test") else ""))
        reported.append(result)
    return reported, complaints


def tally(mutants):
    counts = Counter(m["verdict"] for m in mutants)
    killed = counts["killed"] + counts["timeout"]
    total = sum(counts[v] for v in COUNTED)
    equivalent = counts["equivalent-listed"]
    return {"killed": killed, "survived": counts["survived"], "equivalent": equivalent, "total": total,
            "timeout": counts["timeout"], "same_code": counts["same-code"], "stillborn": counts["stillborn"],
            "score": round(killed / (total - equivalent), 4) if total > equivalent else None}


def grouped(mutants, key):
    groups = defaultdict(list)
    for mutant in mutants:
        groups[key(mutant)].append(mutant)
    return {name: tally(groups[name]) for name in sorted(groups)}


def folder_of(mutant):
    return os.path.dirname(mutant["file"])


def write_json(path, about, mutants):
    document = {
        "about": about,
        "summary": grouped(mutants, folder_of),
        "operators": grouped(mutants, lambda m: m["operator"]),
        "all": tally(mutants),
        "mutants": mutants,
    }
    write(path, json.dumps(document, indent=1) + "\n")


def shown(row, column):
    if row[column] is None:
        return "-"
    return "%.1f %%" % (100 * row[column]) if column == "score" else str(row[column])


def table(title, groups):
    columns = ("total", "killed", "survived", "equivalent", "score", "timeout", "same_code", "stillborn")
    lines = ["%-24s" % title + "".join("%11s" % c.replace("_", " ") for c in columns)]
    for name, row in groups.items():
        lines.append("%-24s" % name + "".join("%11s" % shown(row, c) for c in columns))
    return lines


def text_report(about, mutants, complaints):
    lines = ["Mutation: %d of %d candidates, seed %s; CPU time %.0f s (%.0f s of it to compile and link), wall "
             "time %.0f s, %d jobs" % (len(mutants), about["candidates"], about["seed"], about["cpu_seconds"],
                                       about["building_seconds"], about["wall_seconds"], about["jobs"])]
    lines += ["'killed' includes 'timeout'; mutants with unchanged code, or that do not compile, do not count.", ""]
    lines += table("folder", grouped(mutants, folder_of) | {"all": tally(mutants)}) + [""]
    lines += table("operator", grouped(mutants, lambda m: m["operator"])) + [""]
    lines += ["not run: %s (%s)" % left for left in sorted(about["tests_left_out"].items())] + [""]
    survivors = [m for m in mutants if m["verdict"] == "survived"]
    lines += ["%d survive and are not listed as equivalent:" % len(survivors)]
    for m in survivors:
        lines += ["%s:%d:%d: %s: %s -> %s" % (m["file"], m["line"], m["column"], m["operator"], m["original"] or "''",
                                             m["mutated"] or "''"), "    " + m["after"]]
    lines += ["", "%d complaints about the list of equivalents:" % len(complaints)] + complaints
    return "\n".join(lines) + "\n"
