"""A build folder for each job: compiles one object with the fault in it, and links the library again."""
import os
import shlex
import subprocess
import sys

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
CONFIGURE = ("--quiet", "--disable-multiversion", "--without-cuda", "CFLAGS=-O2")
# $(info), not echo: the shell would take the quotes from a definition such as -DX='"text"'.
PRINT = "printed:;@:" + "".join("$(info %s)" % line for line in (
    "$(CC)",
    "$(DEFS) $(DEFAULT_INCLUDES) $(AM_CPPFLAGS) $(grade_libgrade_la_CPPFLAGS) $(CPPFLAGS) $(AM_CFLAGS) $(CFLAGS)",
    "$(tests_libassay_internal_la_OBJECTS)", "$(grade_libgrade_la_OBJECTS)",
    "$(LDFLAGS) $(assay_objects) $(grade_libgrade_la_LIBADD) $(assay_libs) $(LIBS)"))
# How libtool names the objects of tests/libassay_internal.la and of grade/libgrade.la, which is linked into it.
PREFIXES = {"lib": "tests_libassay_internal_la-", "grade": "libgrade_la-"}


def object_of(unit):
    """Where libtool puts the tests' library's object of a source file."""
    folder, name = os.path.split(unit)
    return os.path.join(folder, ".libs", PREFIXES[unit.split("/")[0]] + name[:-2] + ".o")


def objects_of(said):
    """make prints lib/nn/NAME.lo; the object for a shared library is lib/nn/.libs/NAME.o."""
    return [os.path.join(os.path.dirname(o), ".libs", os.path.basename(o)[:-3] + ".o") for o in said.split()]


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
    A mutant is one shared library with all assay_* symbols. It takes the place of two: the test programs load
    libassay_internal.so, from the first folder of `path`; the program assay loads lib/.libs/libassay.so.1, a link.
    """

    def __init__(self, root, folder):
        self.root = root
        self.folder = folder
        self.scratch = os.path.join(folder, "mutant")
        self.path = os.pathsep.join((os.path.join(self.scratch, "loaded"), os.path.join(folder, "lib/.libs")))
        self.names = {os.path.join(self.scratch, "loaded/libassay_internal.so"):
                      os.path.join(folder, "tests/.libs/libassay_internal.so"),
                      os.path.join(folder, "lib/.libs/libassay.so.1"): "libassay.so.1.0.0"}
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
        few = ["tests/libassay_internal.la", "assay-grade-runner", *programs]  # the runner: for test_grade_child
        for goals in [few] if programs else [["all"], ["check", "TESTS="]]:
            quietly(["make", *goals], self.folder, log)
        said = subprocess.run(["make", "-s", "--no-print-directory", "--eval", PRINT, "printed"], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout.splitlines()
        self.compiler, self.flags = shlex.split(said[0]), shlex.split(said[1]) + ["-w", "-g0", "-fPIC", "-DPIC"]
        self.objects = objects_of(said[2]) + objects_of(said[3])
        self.libraries = shlex.split(said[4])
        with open(os.path.join(self.scratch, "exports"), "w") as file:
            file.write("{ global: assay_*; local: *; };\n")
        # Linking takes half of the time of a mutant that the first test kills; gold takes half as long as bfd.
        self.linker = ["-fuse-ld=gold"]
        if not self.link([], []):
            self.linker = []

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
        made = self.run(*first, *self.flags, *options, source)
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
        return "" if self.link(objects, changed) else "stillborn"

    def sanitize(self, units, mutant=None):
        """Builds the library with `units` under gcc's sanitizers, and with the fault if there is one."""
        objects = []
        for unit in units:
            objects.append(os.path.join(self.scratch, "object%d.o" % len(objects)))
            if not self.compile(unit, mutant, [*SANITIZED, "-O1", "-c", "-o", objects[-1]]):
                return False
        return self.link(objects, units, *SANITIZED)

    def runtime(self):
        """AddressSanitizer's library, which LD_PRELOAD must load into a program that was compiled without it."""
        said = subprocess.run([*self.compiler, "-print-file-name=libasan.so"], capture_output=True, text=True)
        return said.stdout.strip()

    def link(self, objects, instead_of, *options):
        """Links the mutant from `objects` in place of the units' own, and lets both libraries' names lead to it."""
        replaced = {object_of(unit) for unit in instead_of}
        rest = [o for o in self.objects if o not in replaced]
        assert len(rest) + len(replaced) == len(self.objects)
        output = os.path.join(self.scratch, "libassay.so")
        if not self.run("-shared", *self.linker, "-o", output, *objects, *rest, "-Wl,-soname,libassay.so.1",
                        "-Wl,--version-script," + os.path.join(self.scratch, "exports"), *options, *self.libraries):
            return False
        for name in self.names:
            self.use(name, output)
        return True

    def restore(self):
        """Both names lead to the libraries without a fault."""
        for name, target in self.names.items():
            self.use(name, target)

    def use(self, name, target):
        """Replaces a link that the loader follows; libtool's own files are never written to."""
        if not os.path.isdir(os.path.dirname(name)):
            return  # --quick builds no lib/libassay.la
        if os.path.lexists(name + ".new"):
            os.remove(name + ".new")
        os.symlink(target, name + ".new")
        os.replace(name + ".new", name)
