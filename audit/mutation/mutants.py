"""Mutants: faults with a permanent name, and a choice of them that depends only on the seed."""
import hashlib
import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import source  # first: it says which package is missing
import faults
from clang.cindex import CursorKind

FOLDERS = ("lib/nn", "lib/init", "lib/optim", "lib/random", "lib/surface", "lib/stats", "lib/backend",
           "lib/backend/reference", "lib/backend/openblas", "lib/backend/cuda", "lib/check", "lib/data", "lib/model",
           "lib/train", "lib/tutorial", "lib/report", "lib/base", "lib/study", "grade")


@dataclass
class Mutant:
    id: str = ""
    file: str = ""
    function: str = ""
    line: int = 0
    column: int = 0
    operator: str = ""
    original: str = ""
    mutated: str = ""
    # The whole lines before and after, without indentation: together with file and function they identify a mutant.
    before: str = ""
    after: str = ""
    occurrence: int = 1
    begin: int = 0
    end: int = 0
    # The first and last line of its function; (0, 0) outside of functions.
    body: tuple = (0, 0)
    # The lines that run if the fault does: from the first of its statement to the last of the fault.
    lines: tuple = (0, 0)
    units: tuple = ()

    @property
    def folder(self):
        return os.path.dirname(self.file)

    def apply(self, text):
        return text[:self.begin] + self.mutated.encode() + text[self.end:]


def digest(*parts):
    return hashlib.sha256("\0".join(str(p) for p in parts).encode()).hexdigest()


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


def statements_of(file, function):
    """Offset and line of the start of each statement in a block, in their order."""
    begin = function.extent.start.offset
    if begin not in file.statements:
        file.statements[begin] = sorted((c.extent.start.offset, c.extent.start.line)
                                        for c, parents in faults.walk(function)
                                        if parents[-1].kind == CursorKind.COMPOUND_STMT)
    return file.statements[begin]


def mutant_of(file, fault):
    owner, operator, begin, end, text = fault
    function, body, lines = owner.spelling if owner else "", (0, 0), (0, 0)
    if owner and owner.kind == CursorKind.FUNCTION_DECL:
        body = owner.extent.start.line, owner.extent.end.line
        starts = [line for offset, line in statements_of(file, owner) if offset <= begin]
        lines = max(starts, default=body[0]), file.line_of(end)
    first, last = file.lines_around(begin, end)
    before = squeezed(file.slice(first, last))
    after = squeezed(file.slice(first, begin) + text + file.slice(end, last))
    return Mutant(file=file.name, function=function, line=file.line_of(begin),
                  column=begin - file.text.rfind(b"\n", 0, begin), operator=operator, original=file.slice(begin, end),
                  mutated=text, before=before, after=after, begin=begin, end=end, body=body,
                  lines=lines)


# The kernels' headers, compiled for the emulation of CUDA.
MORE_UNITS = {"lib/backend/cuda": ("tests/cuda_host/kernels_f32.c", "tests/cuda_host/kernels_f64.c")}


# Code that only some processors can run: a flag of /proc/cpuinfo.
NEEDS = {"lib/backend/openblas/panel_avx512.c": "avx512f"}


def without_processor():
    """The files whose code this processor cannot run, each with the reason."""
    with open("/proc/cpuinfo") as file:
        flags = set(file.read().split())
    return {name: "this processor has no %s" % flag for name, flag in NEEDS.items() if flag not in flags}


def units_of(root, folder):
    left_out = without_processor()
    names = [os.path.join(folder, name) for name in sorted(os.listdir(os.path.join(root, folder)))]
    return [n for n in names if n.endswith(".c") and n not in left_out] + list(MORE_UNITS.get(folder, ()))


def candidates(root, options_of, folders=FOLDERS):
    """All mutants of the folders, in the order of the text; `options_of` gives the compiler's options of a unit."""
    found = {}
    for folder in folders:
        for unit in units_of(root, folder):
            for name, file in source.sources_of(root, folder, source.parse(root, unit, options_of(unit))).items():
                for fault in faults.faults_of(file):
                    mutant = found.setdefault((name, fault[2], fault[3], fault[4]), mutant_of(file, fault))
                    mutant.units += (unit,)
    listed = sorted(found.values(), key=lambda m: (m.file, m.begin, m.end, m.mutated))
    return named(m for m in listed if m.before != m.after)


def named(mutants):
    """Assigns ids. Equal lines in one function differ by their occurrence."""
    times = Counter()
    result = []
    for mutant in mutants:
        key = (mutant.file, mutant.function, mutant.before, mutant.after)
        times[key] += 1
        mutant.occurrence = times[key]
        mutant.id = digest(*key, mutant.occurrence)[:12]
        result.append(mutant)
    return result


def ranked(mutants, seed):
    """
    Each pair of file and operator contributes its share, at least one: those with the smallest digests of seed and id,
    so that a change of one file does not change the choice in others.
    """
    strata = defaultdict(list)
    for mutant in mutants:
        strata[mutant.file, mutant.operator].append(mutant)
    places = []
    for members in strata.values():
        members.sort(key=lambda m: digest(seed, m.id))
        places += [((place + 0.5) / len(members) if place else 0, digest(seed, m.id), m)
                   for place, m in enumerate(members)]
    places.sort(key=lambda r: r[:2])
    return [m for _, _, m in places]


# A small folder gets more than its share.
LEAST = 24


def choose(mutants, count, seed):
    """About `count` mutants: from each folder in proportion to what can be planted there, but at least LEAST."""
    folders = defaultdict(list)
    for mutant in mutants:
        folders[mutant.folder].append(mutant)
    chosen = set()
    for members in folders.values():
        share = max(LEAST, round(count * len(members) / len(mutants)))
        chosen |= {m.id for m in ranked(members, seed)[:share]}
    return [m for m in mutants if m.id in chosen]
