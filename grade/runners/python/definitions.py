"""Runs the definitions of a submission: imports, functions, classes and constants. No other statement runs."""
import ast
import contextlib
import copy
import importlib
import importlib.machinery
import importlib.util
import linecache
import os
import signal
import sys
import types
import __future__

from . import arrays
from .cells import pieces, read
from .constants import is_constant
from .later import Later, is_missing

# Imported at once; every other module only when something in it is used, because plots and data sets take seconds.
EAGER = {"numpy", "torch", "scipy", "assay"} | set(sys.stdlib_module_names)

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
CONSTANT_SECONDS = 0.25  # of processor time
PYTHON_2_NAMES = {"xrange", "unicode", "raw_input", "basestring", "long", "unichr", "reduce", "cmp", "file"}


def is_blank(node):
    """Whether a function has no body yet: a docstring, pass, ..., or raise NotImplementedError."""
    def says_nothing(statement):
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
        return isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr)
                                                   and isinstance(statement.value, ast.Constant))
    return all(says_nothing(statement) for statement in node.body)


class Workspace:
    """The definitions of a submission. `where` has the place of each, `notes` what could not be read, a line each."""

    def __init__(self, path):
        self.folder = os.path.dirname(os.path.abspath(path))
        self.module = types.ModuleType("submission")
        self.names = self.module.__dict__
        self.where = {}
        self.places = {}  # each name's places, where it has several definitions
        self.declared = {}  # component: what is below @assay.implements(component)
        self.blank = set()  # functions, and methods as "Class.method", that have no body yet
        self.nodes = {}  # functions' syntax trees, by file and line
        self.not_run = {}  # names that other statements set, with their place
        self.notes = []
        self.modules = {"submission"}  # the submission's own
        self.missing = {}  # modules that are not installed, with their place
        self.stars = []  # missing modules that all names are imported from
        self.broken = set()  # what failed to import: own modules, installed packages; again would only hide why
        self.imported = set()
        self.flags = 0
        self.written = {}  # modules that a cell writes
        sys.modules["submission"] = self.module
        sys.modules["assay"] = self._student_side()
        sys.meta_path.insert(0, _OwnModules(self))
        self.cells = read(path)
        self.written = {cell.module: cell for cell in self.cells if cell.module is not None}
        for cell in self.cells:
            linecache.cache[cell.file] = (len(cell.text), None, cell.text.splitlines(True), cell.file)
            if cell.module is None:
                self._run_cell(cell, self.names)
        for module, cell in self.written.items():
            if module not in sys.modules:  # nothing imports it: it is what a script would be
                self._run_cell(cell, self.names)
        if self.missing:
            self.notes.append("not installed where submissions run: " +
                              ", ".join(f"{name} ({place})" for name, place in sorted(self.missing.items())))

    def _student_side(self):
        """What `import assay` gives: @assay.implements names a component; check() and all else do nothing."""
        module = types.ModuleType("assay")

        def implements(component, arrays=None):
            def register(thing):
                self.declared[component] = thing
                return thing
            return register
        module.implements = implements
        module.AssayError = type("AssayError", (Exception,), {})
        module.__getattr__ = self._do_nothing
        return module

    @staticmethod
    def _do_nothing(name):
        if name.startswith("__"):  # Python's own, __file__ and __all__ say; inspect looks at every module's
            raise AttributeError(f"module 'assay' has no attribute '{name}'")
        return lambda *arguments, **named: None

    # --- cells and statements

    def _run_cell(self, cell, names):
        statements, problems = pieces(cell)
        for node in statements:
            self._run(node, cell, names)
        self.notes += problems

    def _place(self, node, cell):
        return cell.label or (f"line {node.lineno}" if cell.file == self.cells[0].file else
                              f"{cell.file}, line {node.lineno}")

    def _run_all(self, nodes, cell, names):
        for node in nodes:
            self._run(node, cell, names)

    def _run(self, node, cell, names):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, cell, names)
        elif isinstance(node, DEFINITIONS):
            self._define(node, cell, names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            self._assign(node, cell, names)
        elif isinstance(node, ast.If):
            self._if(node, cell, names)
        elif isinstance(node, ast.Try):
            self._try(node, cell, names)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self._run_all(node.body, cell, names)
        else:
            self._leave_out(node, cell)

    def _leave_out(self, node, cell):
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.not_run.setdefault(inner.id, self._place(node, cell))

    def _execute(self, node, cell, names):
        code = compile(ast.Module([node], []), cell.file, "exec", self.flags, True)
        exec(code, names)

    def _evaluate(self, node, cell, names):
        return eval(compile(ast.Expression(node), cell.file, "eval", self.flags, True), names)

    def _note_definition(self, name, node, cell, names):
        place = self._place(node, cell)
        if names is self.names:
            self.places.setdefault(name, []).append(place)
            self.where[name] = place
        else:
            self.where.setdefault(name, place)

    # --- functions and classes

    def _define(self, node, cell, names):
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        node = self._without_statements(node, cell, names)
        try:
            self._execute(node, cell, names)
        except Exception as error:
            try:
                self._execute(self._repaired(node, cell, names), cell, names)
            except Exception:
                self.notes.append(f"{self._place(node, cell)}: {kind} {node.name} is left out: {self.explain(error)}")
                return
        self._note_definition(node.name, node, cell, names)
        self._note_blank(node)
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        self.nodes[cell.file, first] = node

    def _note_blank(self, node):
        methods = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = node.name + "." if isinstance(node, ast.ClassDef) else ""
        for method in methods:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.blank.discard(prefix + method.name)
                if is_blank(method):
                    self.blank.add(prefix + method.name)

    def _without_statements(self, node, cell, names):
        """The definition, and of a class the definitions and constants in it alone."""
        if not isinstance(node, ast.ClassDef):
            return node
        body = []
        for inner in node.body:
            value = getattr(inner, "value", None)
            if isinstance(inner, ast.ClassDef):
                body.append(self._without_statements(inner, cell, names))
            elif isinstance(inner, (ast.Assign, ast.AnnAssign)) and value is not None:
                if is_constant(value, names):
                    body.append(inner)
                else:
                    self._leave_out(inner, cell)
            elif isinstance(inner, (*DEFINITIONS, ast.AnnAssign, ast.Pass, ast.Import, ast.ImportFrom, ast.If)) or \
                    isinstance(value, ast.Constant):
                body.append(inner)
            else:
                self._leave_out(inner, cell)
        made = copy.copy(node)
        made.body = body or [ast.copy_location(ast.Pass(), node)]
        return made

    def _repaired(self, node, cell, names):
        """The definition without decorators, annotations and default values that cannot be evaluated."""
        def works(expression):
            try:
                return not is_missing(self._evaluate(expression, cell, names))
            except Exception:
                return False
        class Repair(ast.NodeTransformer):
            def repair(self, inner):
                inner.decorator_list = [d for d in inner.decorator_list
                                        if works(d.func if isinstance(d, ast.Call) else d)]
                if hasattr(inner, "args"):
                    inner.returns = None
                    arguments = inner.args
                    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
                        argument.annotation = None
                    arguments.defaults = [d if works(d) else ast.copy_location(ast.Constant(None), d)
                                          for d in arguments.defaults]
                    arguments.kw_defaults = [d if d is None or works(d) else ast.copy_location(ast.Constant(None), d)
                                             for d in arguments.kw_defaults]
                self.generic_visit(inner)
                return inner
            visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = repair
        return Repair().visit(node)

    # --- constants, and statements that contain others

    def _assign(self, node, cell, names):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not is_constant(node.value, names) or not all(self._may_set(target, names) for target in targets):
            self._leave_out(node, cell)
            return
        try:
            with _at_most(CONSTANT_SECONDS):
                self._execute(node, cell, names)
        except (Exception, _TooLong):
            self._leave_out(node, cell)
            return
        for target in targets:
            for inner in ast.walk(target):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    self._note_definition(inner.id, node, cell, names)

    def _may_set(self, target, names):
        """A name, or a part of something that the submission defines; never a part of a module."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return all(self._may_set(inner, names) for inner in target.elts)
        root = target
        while isinstance(root, (ast.Attribute, ast.Subscript, ast.Starred)):
            root = root.value
        if not isinstance(root, ast.Name):
            return False
        value = names.get(root.id)
        return isinstance(target, (ast.Name, ast.Starred)) or self.is_own(value) or isinstance(value, (dict, list))

    def _if(self, node, cell, names):
        """The branch that the condition chooses; both, if it cannot be evaluated."""
        try:
            if is_constant(node.test, names):
                self._run_all(node.body if self._evaluate(node.test, cell, names) else node.orelse, cell, names)
                return
        except Exception:
            pass
        self._run_all(node.orelse, cell, names)
        self._run_all(node.body, cell, names)

    def _try(self, node, cell, names):
        """An import that may fail, with what to do then."""
        known = dict(self.missing)
        self._run_all(node.body, cell, names)
        if len(self.missing) > len(known) and node.handlers:
            tried = self.missing
            self.missing = dict(known)
            self._run_all(node.handlers[0].body, cell, names)
            if len(self.missing) > len(known):
                self.missing = {**tried, **self.missing}
        else:
            self._run_all(node.orelse, cell, names)
        self._run_all(node.finalbody, cell, names)

    # --- imports

    def _import(self, node, cell, names):
        place = self._place(node, cell)
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                self.flags |= getattr(__future__, alias.name).compiler_flag if hasattr(__future__, alias.name) else 0
            return
        for alias in node.names:
            if isinstance(node, ast.Import):
                bound = alias.asname or alias.name.split(".")[0]
                module = alias.name
            else:
                bound = alias.asname or alias.name
                module = node.module or alias.name
            if module == "past.builtins" and alias.name == "xrange":
                names[bound] = range
            else:
                self._import_one(node, alias, module, bound, place, names)

    def _import_one(self, node, alias, module, bound, place, names):
        root = module.split(".")[0]
        single = ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), "names": [alias]}), node)
        if isinstance(single, ast.ImportFrom):
            single.level = 0  # a relative import is one of a file beside the submission
            if node.module is None:  # from . import helper
                single = ast.copy_location(ast.Import([alias]), node)
        self.imported.add(root)
        found = True
        own = self._own_file(module)
        whole = module if own else root
        if whole in self.broken:
            pass
        elif root in EAGER or own:
            try:
                known = arrays.torch() is not None
                self._execute(single, _Anonymous, names)
                if not known:
                    arrays.prepare_torch()
                return
            except ImportError as error:
                no_module = isinstance(error, ModuleNotFoundError) or isinstance(single, ast.Import)
                self.missing[error.name or module if no_module else f"{alias.name} of {module}"] = place
                found = False
            except Exception as error:
                self.broken.add(whole)
                self.notes.append(f"{place}: import of {module} fails: {self.explain(error)}")
        else:
            try:
                found = importlib.util.find_spec(root) is not None
            except (ImportError, ValueError):
                found = False
            if not found:
                self.missing[root] = place
        if bound == "*":
            self.stars.append(f"{module} ({place})")
        else:
            inner = (alias.name,) if isinstance(node, ast.ImportFrom) and node.module is not None else ()
            names[bound] = Later(module if alias.asname or inner else root, inner, found)

    def _own_file(self, module):
        base = os.path.join(self.folder, *module.split("."))
        return module in self.written or os.path.exists(base + ".py") or os.path.isdir(base)

    # --- for the others

    def is_own(self, thing):
        """Whether the submission defines it, and does not only import it."""
        thing = arrays.unwrapped(thing)
        return not isinstance(thing, Later) and callable(thing) and getattr(thing, "__module__", None) in self.modules

    def is_unwritten(self, thing, method=None):
        """Whether a function, or this method of a class, has no body yet."""
        if method is None:
            return self.is_own(thing) and getattr(thing, "__qualname__", None) in self.blank
        owner = next((base for base in thing.__mro__ if method in vars(base)), None)
        return owner is not None and f"{owner.__name__}.{method}" in self.blank

    def explain(self, error):
        """An exception in one line, with the last place in the submission that it went through."""
        place, trace = "", error.__traceback__
        files = {cell.file: cell.label for cell in self.cells}
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file in files:
                place = f" ({files[file] + ', ' if files[file] else ''}line {trace.tb_lineno})"
            trace = trace.tb_next
        text = f"{type(error).__name__}: {error}".split("\n")[0] + place
        name = getattr(error, "name", None)
        if isinstance(error, (NameError, AttributeError)) and name in self.not_run:
            text += f"; {self.not_run[name]} sets {name}, but only definitions and constants are run"
        elif isinstance(error, NameError) and name in PYTHON_2_NAMES:
            text += "; Python 2 code?"
        elif isinstance(error, NameError) and self.stars:
            text += f"; it may be one of {', '.join(self.stars[:3])}, not installed where submissions run"
        if isinstance(error, ModuleNotFoundError):
            text += "; it is not installed where submissions run"
        return text


class _TooLong(BaseException):
    """Not an Exception, so that the submission's `except Exception` does not take it."""


@contextlib.contextmanager
def _at_most(seconds):
    """Stops what uses more processor time: a list of 10^12 numbers is no constant."""
    def stop(number, frame):
        raise _TooLong
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class _Anonymous:
    file = "<import>"


class _OwnModules:
    """Finds modules in the submission's folder, and runs their definitions alone, too."""

    def __init__(self, workspace):
        self.workspace = workspace

    def find_spec(self, name, path=None, target=None):
        base = os.path.join(self.workspace.folder, *name.split("."))
        if name in self.workspace.written:
            return importlib.machinery.ModuleSpec(name, self, origin=self.workspace.written[name].file)
        if os.path.isfile(base + ".py"):
            return importlib.machinery.ModuleSpec(name, self, origin=base + ".py")
        if os.path.isfile(os.path.join(base, "__init__.py")):
            return importlib.machinery.ModuleSpec(name, self, origin=os.path.join(base, "__init__.py"),
                                                  is_package=True)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        workspace = self.workspace
        workspace.modules.add(module.__name__)
        module.__file__ = module.__spec__.origin
        written = workspace.written.get(module.__name__)
        for cell in read(module.__file__) if written is None else [written]:
            workspace._run_cell(cell, module.__dict__)
