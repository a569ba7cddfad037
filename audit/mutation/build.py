"""A build folder for each job: compiles one object with the fault in it, and links the library again."""
import os
import shlex
import subprocess
import sys

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
CONFIGURE = ("--quiet", "--disable-multiversion", "--without-cuda", "CFLAGS=-O2")
# What differs between the two libraries into which faults are planted: make's variables, how libtool names objects, the
# source folders, and the paths at which programs find the library (link: what it leads to without a fault).
INTERNAL = {
    "flags": "$(AM_CPPFLAGS) $(grade_libgrade_la_CPPFLAGS)",
    "objects": "$(lib_libassay_all_la_OBJECTS) $(grade_libgrade_la_OBJECTS)",
    "libraries": "$(LDFLAGS) $(assay_objects) $(grade_libgrade_la_LIBADD) $(assay_libs) $(LIBS)",
    "prefixes": {"lib": "libassay_all_la-", "grade": "libgrade_la-"},
    "soname": "libassay.so.1", "exports": "{ global: assay_*; local: *; };",
    "links": {"mutant/loaded/libassay_internal.so": "tests/.libs/libassay_internal.so",
              "lib/.libs/libassay.so.1": "lib/.libs/libassay.so.1.0.0"},
}
# The cuda backend, over the tests' emulation of CUDA.
CUDA = {
    "flags": "$(tests_libcuda_host_la_CPPFLAGS)", "objects": "$(tests_libcuda_host_la_OBJECTS)",
    "libraries": "$(LDFLAGS) $(OPENBLAS_LIBS) $(LIBS)",
    "prefixes": {"lib": "tests_libcuda_host_la-", "tests": "libcuda_host_la-"},
    "soname": "libcuda_host.so", "exports": "{ global: *; };",
    "links": {"mutant/loaded/libcuda_host.so": "tests/.libs/libcuda_host.so"},
}
CUDA_FOLDERS = ("lib/backend/cuda", "tests/cuda_host")
# $(info), not echo: the shell would take the quotes from a definition such as -DX='"text"'.
PRINT = "printed:;@:" + "".join("$(info %s)" % line for line in ["$(CC)"] + [
    part for kind in (INTERNAL, CUDA) for part in (
        "$(DEFS) $(DEFAULT_INCLUDES) %s $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)" % kind["flags"], kind["objects"],
        kind["libraries"])])


def is_cuda(unit):
    return os.path.dirname(unit) in CUDA_FOLDERS


def objects_of(said):
    """make prints lib/nn/NAME.lo; the object for a shared library is lib/nn/.libs/NAME.o."""
    return [os.path.join(os.path.dirname(o), ".libs", os.path.basename(o)[:-3] + ".o") for o in said.split()]


class Library:
    """A shared library that the test programs load, made of the build's objects and of those with a fault."""

    def __init__(self, kind, flags, objects, libraries):
        self.kind = kind
        self.flags = shlex.split(flags) + ["-w", "-g0", "-fPIC", "-DPIC"]
        self.objects = objects_of(objects)
        self.libraries = shlex.split(libraries)

    def object_of(self, unit):
        folder, name = os.path.split(unit)
        return os.path.join(folder, ".libs", self.kind["prefixes"][unit.split("/")[0]] + name[:-2] + ".o")

    def options(self, exports, objects, instead_of):
        """The linker's options with `objects` in place of the units' own."""
        replaced = {self.object_of(unit) for unit in instead_of}
        rest = [o for o in self.objects if o not in replaced]
        assert len(rest) + len(replaced) == len(self.objects)
        with open(exports, "w") as file:
            file.write(self.kind["exports"] + "\n")
        return [*objects, *rest, "-Wl,-soname," + self.kind["soname"], "-Wl,--version-script," + exports,
                *self.libraries]


def quietly(command, folder, log):
    """Runs a command with its output in the log; shows the end of the log if it fails."""
    with open(log, "ab") as file:
        status = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file).returncode
    if status != 0:
        with open(log, "rb") as file:
            sys.stderr.write(file.read()[-3000:].decode(errors="replace"))
        sys.exit("mutation: '%s' failed in %s; its complete output is in %s" % (shlex.join(command), folder, log))


class Build:
    """
    A mutant is one shared library. One with all assay_* symbols takes the place of two: the test programs load
    libassay_internal.so, from the first folder of `path`; the program assay loads lib/.libs/libassay.so.1, a link.
    """

    def __init__(self, root, folder):
        self.root = root
        self.folder = folder
        self.scratch = os.path.join(folder, "mutant")
        self.path = os.pathsep.join((os.path.join(self.scratch, "loaded"), os.path.join(folder, "lib/.libs")))
        self.originals = {}

    def prepare(self, programs=()):
        """Configures and builds without a fault: everything, or the libraries and `programs`."""
        for folder in ("loaded", "lib", "include"):
            os.makedirs(os.path.join(self.scratch, folder), exist_ok=True)
        self.use(os.path.join(self.scratch, "include/assay"), "../lib")
        log = os.path.join(self.folder, "build.log")
        if not os.path.exists(os.path.join(self.folder, "Makefile")):
            quietly([os.path.join(self.root, "configure"), *CONFIGURE], self.folder, log)
        self.restore()
        # Tests run the program and the grader's runner, too.
        few = ["tests/libassay_internal.la", "tests/libcuda_host.la", "assay", "assay-grade-runner", *programs]
        for goals in [few] if programs else [["all"], ["check", "TESTS="]]:
            quietly(["make", *goals], self.folder, log)
        said = subprocess.run(["make", "-s", "--no-print-directory", "--eval", PRINT, "printed"], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout.splitlines()
        self.compiler = shlex.split(said[0])
        self.internal, self.cuda = Library(INTERNAL, *said[1:4]), Library(CUDA, *said[4:7])
        # Linking takes half of the time of a mutant that the first test kills; gold takes half as long as bfd.
        self.linker = ["-fuse-ld=gold"]
        if not self.link(self.internal, [], []):
            self.linker = []
        self.restore()

    def library_of(self, unit):
        return self.cuda if is_cuda(unit) else self.internal

    def parsing(self, unit):
        """The options with which libclang can parse a unit."""
        return [o for o in self.library_of(unit).flags if o[:2] in ("-I", "-D")] + [
            "-std=gnu17", "-I" + self.folder, "-I" + self.folder + "/include", "-I" + os.path.join(self.root, "lib")]

    def run(self, *arguments):
        return subprocess.run(self.compiler + list(arguments), cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True).returncode == 0

    def compile(self, unit, mutant, options):
        """Compiles a unit, with the mutant's text instead of the original if there is a mutant."""
        source, first, changed = os.path.join(self.root, unit), [], None
        if mutant is not None:
            changed = os.path.join(self.scratch, mutant.file)
            os.makedirs(os.path.dirname(changed), exist_ok=True)
            with open(os.path.join(self.root, mutant.file), "rb") as file:
                text = mutant.apply(file.read())
            with open(changed, "wb") as file:
                file.write(text)
            if mutant.file == unit:
                source = changed
            else:  # a header: private ones are included below lib/, public ones below include/
                first = ["-I" + self.scratch + "/lib", "-I" + self.scratch + "/include"]
        made = self.run(*first, *self.library_of(unit).flags, *options, source)
        if changed is not None:
            os.remove(changed)
        return made

    def assembly(self, unit, mutant=None):
        output = os.path.join(self.scratch, "unit.s")
        if not self.compile(unit, mutant, ["-S", "-o", output]):
            return None
        with open(output, "rb") as file:
            return file.read()

    def original(self, unit):
        if unit not in self.originals:
            self.originals[unit] = self.assembly(unit)
        return self.originals[unit]

    def plant(self, mutant):
        """Builds the library with the fault. Returns "", or why there is nothing to test: stillborn or same-code."""
        self.restore()
        changed = {}
        for unit in mutant.units:
            assembly = self.assembly(unit, mutant)
            if assembly is None:
                return "stillborn"
            if assembly != self.original(unit):
                changed[unit] = assembly
        if not changed:
            return "same-code"
        objects = []
        for unit, assembly in changed.items():
            base = os.path.join(self.scratch, "object%d" % len(objects))
            with open(base + ".s", "wb") as file:
                file.write(assembly)
            if not self.run("-c", "-o", base + ".o", base + ".s"):
                return "stillborn"
            objects.append(base + ".o")
        return "" if self.link(self.library_of(mutant.units[0]), objects, changed) else "stillborn"

    def instrumented(self, units, folder, options, mutant=None, more=()):
        """
        Compiles units (with the mutant's text if there is a mutant) with more options, and links their libraries, with
        more objects.
        """
        for library in (self.internal, self.cuda):
            own = [u for u in units if self.library_of(u) is library]
            objects = [os.path.join(folder, u.replace("/", "#")[:-2] + ".o") for u in own]
            for unit, made in zip(own, objects):
                if not self.compile(unit, mutant, [*options, "-O1", "-c", "-o", made]):
                    return False
            if own and not self.link(library, objects, own, *options, *more):
                return False
        return True

    def sanitize(self, units, mutant=None):
        """Builds `units` under gcc's sanitizers, and with the fault if there is one."""
        return self.instrumented(units, self.scratch, SANITIZED, mutant, [self.alone()])

    def alone(self):
        """An object that ends LD_PRELOAD: a program that a test starts need not pass AddressSanitizer."""
        base = os.path.join(self.scratch, "alone")
        if not os.path.exists(base + ".o"):
            with open(base + ".c", "w") as file:
                file.write("#include <stdlib.h>\n"
                           "__attribute__((constructor)) static void f(void) { unsetenv(\"LD_PRELOAD\"); }\n")
            self.run("-fPIC", "-c", "-o", base + ".o", base + ".c")
        return base + ".o"

    def runtime(self):
        """AddressSanitizer's library, which LD_PRELOAD must load into a program that was compiled without it."""
        said = subprocess.run([*self.compiler, "-print-file-name=libasan.so"], capture_output=True, text=True)
        return said.stdout.strip()

    def link(self, library, objects, instead_of, *options):
        """Links the library with `objects` in place of the units' own, and lets its names lead to the result."""
        output = os.path.join(self.scratch, library.kind["soname"])
        if not self.run("-shared", *self.linker, "-o", output, *options,
                        *library.options(os.path.join(self.scratch, "exports"), objects, instead_of)):
            return False
        for name in library.kind["links"]:
            self.use(os.path.join(self.folder, name), output)
        return True

    def restore(self):
        """All names lead to the libraries without a fault."""
        for kind in (INTERNAL, CUDA):
            for name, target in kind["links"].items():
                self.use(os.path.join(self.folder, name), os.path.join(self.folder, target))

    def use(self, name, target):
        """Replaces a link that the loader follows; libtool's own files are never written to."""
        if not os.path.isdir(os.path.dirname(name)):
            return  # --quick builds no lib/libassay.la
        if os.path.lexists(name + ".new"):
            os.remove(name + ".new")
        os.symlink(target, name + ".new")
        os.replace(name + ".new", name)
