"""The components, which are the rows of the audit's table, and the files that compute each.

Most names come from the library (components.c prints its tables), operations from the backends' table of functions,
other functions from the public headers. No list here is written by hand.
"""
import glob
import json
import os
import re
import subprocess

NUMERIC = ["random", "data", "nn", "init", "optim", "train", "surface", "stats", "check", "tutorial"]
# Folders whose components are whole headers: they move and show numbers, but compute none.
PLUMBING = ["lib/backend", "lib/base", "lib/model", "lib/report", "lib/study", "grade"]

GROUPS = {
    "operation": "Backend operations",
    "activation": "Activation functions",
    "gain": "Gains",
    "initializer": "Initializers",
    "optimizer": "Optimizers",
    "draw": "Random numbers as tensors",
    "surface": "Loss surfaces",
    "section": "The tutorial's sections",
    "kernel": "Kernels: CUDA, and matrix products that skip zeros",
    "random": "Generators",
    "nn": "Network and backpropagation",
    "init": "Distributions of weights",
    "optim": "Optimizers with state",
    "train": "Training and retracing",
    "data": "Data",
    "stats": "Statistics",
    "check": "Gradient check, tolerances",
    "tutorial": "Theory and experiments",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def strip_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def operations(source):
    text = strip_comments(read(os.path.join(source, "lib/backend/implementation.h")))
    table = re.search(r"typedef struct \{(?P<body>(?:(?!typedef struct).)*)\} assay_backend_operations;", text, re.S)
    return [f"operation/{name}" for name in re.findall(r"\(\*(\w+)\)\(", table["body"])]


def public_headers(source, folder):
    return [
        path
        for path in sorted(glob.glob(os.path.join(source, "lib", folder, "*.h")))
        if "ASSAY_BEGIN_DECLS" in read(path)
    ]


def functions(source):
    names = []
    for folder in NUMERIC:
        for path in public_headers(source, folder):
            text = strip_comments(read(path))
            text = re.sub(r"typedef[^;{]*\([^;]*;", "", text)
            for name in re.findall(r"^[\w][\w *]*?\bassay_(\w+)\(", text, re.M):
                names.append(f"{folder}/{name}")
    return names


def plumbing(source, build):
    names = []
    for folder in PLUMBING:
        names += [
            f"{os.path.basename(folder)}/{os.path.basename(path)[:-2]}"
            for path in sorted(glob.glob(os.path.join(source, folder, "*.h")))
            if not path.endswith(("_impl.h", "_style.h", "_parts.h", "implementation.h", "declarations.h"))
        ]
    program = subprocess.run(
        [os.path.join(build, "assay"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = re.search(r"^Commands:\n((?:  \S.*\n)+)", program, re.M)[1]
    # The tests' own tools are tested, too.
    names += ["tests/statistics", "tests/faults", "tests/cuda_host", "audit/where", "audit/docs"]
    return names + [f"program/{line.split()[0]}" for line in commands.splitlines()]


def library_tables(build):
    printed = subprocess.run(
        [os.path.join(build, "audit/components")], capture_output=True, text=True, check=True
    )
    return [f"{group}/{name}" for group, names in json.loads(printed.stdout).items() for name in names]


def cuda_kernels(source):
    """Name in the library's list -> name of the component."""
    text = read(os.path.join(source, "lib/backend/cuda/arguments.h"))
    return {number: f"kernel/cuda-{name}" for number, name in re.findall(r"\bX\((ASSAY_CUDA_\w+), (\w+)\)", text)}


CUDA_PROGRAMS = ("test_backend_cuda", "test_optim_cuda", "test_cuda_host", "test_cuda")


def cuda_kernel_evidence(source, proved):
    """A kernel gets the evidence of the operations that launch it, in the test programs of the backend cuda."""
    launched, names = Launches(source), cuda_kernels(source)
    found = {}
    for (component, kind), programs in proved.items():
        programs = {program: tests for program, tests in programs.items() if program in CUDA_PROGRAMS}
        if programs and component.startswith("operation/"):
            for number in launched.by(component.split("/")[1]) & set(names):
                cell = found.setdefault((names[number], kind), {})
                for program, tests in programs.items():
                    cell.setdefault(program, set()).update(tests)
    return found


class Launches:
    """The kernels that an operation of the backend cuda launches, in its own function or in one that it calls."""

    def __init__(self, source):
        self.bodies, table = {}, ""
        for path in glob.glob(os.path.join(source, "lib/backend/cuda/*.c")):
            text = strip_comments(read(path))
            table += text
            for name, body in re.findall(r"^[\w][\w *]*?\b(\w+)\([^;{}]*?\)\n\{\n(.*?)^\}", text, re.M | re.S):
                self.bodies[name] = set(re.findall(r"\b\w+(?=\()|\bASSAY_CUDA_\w+", body))
        self.functions = dict(re.findall(r"\.(\w+) = (assay_cuda_\w+),", table))

    def by(self, operation):
        words, waiting = set(), {self.functions.get(operation)} & set(self.bodies)
        while waiting:
            new = self.bodies[waiting.pop()] - words
            words |= new
            waiting |= new & set(self.bodies)
        return words


class Sources:
    """The files of lib/ that compute a component."""

    def __init__(self, source):
        self.source = source
        self.text = {
            os.path.relpath(path, source): read(path)
            for path in glob.glob(os.path.join(source, "lib/**/*.[ch]"), recursive=True)
        }

    def defining(self, function):
        pattern = re.compile(rf"^[\w][\w *]*\b{function}\((?:[^;{{]|\n)*?\)\n\{{", re.M)
        return [path for path, text in self.text.items() if pattern.search(text)]

    def of_operation(self, name):
        found = []
        for path, text in self.text.items():
            folder = os.path.dirname(path)
            for function in re.findall(rf"\.{name} = (\w+),", text) if folder.startswith("lib/backend/") else []:
                found += [where for where in self.defining(function) if os.path.dirname(where) == folder]
        return found

    def matching(self, pattern):
        return [path for path in self.text if re.search(pattern, path)]

    def of(self, component):
        group, name = component.split("/", 1)
        if group == "operation":
            return self.of_operation(name)
        patterns = {
            "kernel": rf"^lib/backend/openblas/panel_(template|{name.split('-')[-1]})",
            "activation": r"^lib/backend/\w+/\w*activation",
            "optimizer": r"^lib/(optim/\w+\.c|backend/\w+/\w*update)",
            "gain": r"^lib/init/gain\.c",
            "initializer": r"^lib/init/initializer\.c",
            "draw": rf"^lib/random/{name.split('-')[0]}",
            "surface": r"^lib/surface/(f32|f64|surface)\.c",
            "section": r"^lib/tutorial/(descents|experiment|numbers|session|optimizers)\.c",
        }
        defining = [path for path in self.defining(f"assay_{name}") if path.startswith(f"lib/{group}/")]
        return defining or (self.matching(patterns[group]) if group in patterns else [])
