"""Runs the definitions of a submission: imports, functions, classes and constants. No other statement runs."""
import ast
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
import __future__

from . import arrays
from .cells import describe_syntax, read

# Imported at once; every other module only when something in it is used, because plots and data sets take seconds.
EAGER = {"numpy", "torch", "scipy"} | set(sys.stdlib_module_names)

# What a constant may call: cheap, and without effects. Any attribute of these modules ...
PURE_MODULES = {"math", "operator", "functools", "collections", "os", "cmath", "fractions", "typing", "enum"}
# ... and these functions, whatever they belong to.
PURE_CALLS = {
    "float", "int", "str", "bool", "len", "range", "tuple", "list", "dict", "set", "frozenset", "min", "max", "abs",
    "sum", "round", "zip", "enumerate", "sorted", "reversed", "complex", "pow", "partial", "namedtuple", "TypeVar",
    "device", "is_available", "tensor", "as_tensor", "zeros", "ones", "array", "asarray", "full", "eye", "arange",
    "linspace", "finfo", "sqrt", "exp", "log", "vectorize", "default_rng", "RandomState", "Generator",
    "get_default_dtype", "float32", "float64", "int64", "ReLU", "Tanh", "Sigmoid", "Identity", "LeakyReLU", "ELU",
    "GELU", "Softmax", "CrossEntropyLoss", "dtype",
}
IMPURE_NODES = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _may_call(function):
    if isinstance(function, ast.Name):
        return function.id in PURE_CALLS
    if not isinstance(function, ast.Attribute):
        return False
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    return function.attr in PURE_CALLS or (isinstance(root, ast.Name) and root.id in PURE_MODULES
                                           and function.attr not in ("system", "popen", "fork", "_exit", "kill"))


def is_constant(node):
    """Whether an expression may be evaluated: literals, names, arithmetic, lambdas, and calls of pure functions."""
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, IMPURE_NODES) or (isinstance(node, ast.Call) and not _may_call(node.func)):
        return False
    return all(is_constant(child) for child in ast.iter_child_nodes(node))


class Later:
    """A module, or a name of a module, that is imported when something asks for more than its name."""

    def __init__(self, module, name=None):
        self.__dict__.update(_module=module, _name=name)

    def _load(self):
        module = importlib.import_module(self._module)
        return module if self._name is None else getattr(module, self._name)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        loaded = self._load()
        if self._name is None and not hasattr(loaded, name):
            return importlib.import_module(f"{self._module}.{name}")
        return getattr(loaded, name)

    def __call__(self, *arguments, **named):
        return self._load()(*arguments, **named)

    def __mro_entries__(self, bases):
        return (self._load(),)


class Workspace:
    """The definitions of a submission. `where` has the place of each, `notes` what could not be read, a line each."""

    def __init__(self, path):
        self.folder = os.path.dirname(os.path.abspath(path))
        self.module = types.ModuleType("submission")
        self.names = self.module.__dict__
        self.where = {}
        self.not_run = {}  # names that other statements set, with their place
        self.notes = []
        self.modules = {"submission"}  # the submission's own
        self.missing = {}  # modules that are not installed, with their place
        self.imported = set()
        self.flags = 0
        sys.modules["submission"] = self.module
        sys.meta_path.insert(0, _OwnModules(self))
        self.cells = read(path)
        for cell in self.cells:
            self._run_cell(cell, self.names)
        if self.missing:
            self.notes.append("not installed where submissions run: " +
                              ", ".join(f"{name} ({place})" for name, place in sorted(self.missing.items())))

    # --- cells and statements

    def _run_cell(self, cell, names):
        try:
            tree = ast.parse(cell.text, cell.file)
        except (SyntaxError, ValueError, RecursionError) as error:
            self.notes.append(f"{cell.label or cell.file} cannot be parsed and is left out: "
                              f"{describe_syntax(error, cell.text)}")
            return
        for node in tree.body:
            self._run(node, cell, names)

    def _place(self, node, cell):
        return cell.label or (f"line {node.lineno}" if cell.file == self.cells_file() else
                              f"{cell.file}, line {node.lineno}")

    def cells_file(self):
        return self.cells[0].file

    def _run(self, node, cell, names):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, cell, names)
        elif isinstance(node, DEFINITIONS):
            self._define(node, cell, names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            self._assign(node, cell, names)
        elif isinstance(node, ast.If) and is_constant(node.test):
            try:
                chosen = node.body if self._evaluate(node.test, cell, names) else node.orelse
            except Exception:
                chosen = node.orelse
            for inner in chosen:
                self._run(inner, cell, names)
        elif isinstance(node, ast.Try):
            self._try(node, cell, names)
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

    def _define(self, node, cell, names):
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        try:
            self._execute(node, cell, names)
        except Exception as error:
            self.notes.append(f"{self._place(node, cell)}: {kind} {node.name} is left out: {self.explain(error)}")
            return
        if names is self.names or node.name not in self.where:
            self.where[node.name] = self._place(node, cell)

    def _assign(self, node, cell, names):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not is_constant(node.value) or not all(is_constant(target) for target in targets):
            self._leave_out(node, cell)
            return
        try:
            self._execute(node, cell, names)
        except Exception:
            self._leave_out(node, cell)
            return
        for target in targets:
            if isinstance(target, ast.Name):
                self.where[target.id] = self._place(node, cell)

    def _try(self, node, cell, names):
        """An import that may fail, with what to do then."""
        known = len(self.missing)
        for inner in node.body:
            self._run(inner, cell, names)
        if len(self.missing) > known and node.handlers:
            for inner in node.handlers[0].body:
                self._run(inner, cell, names)

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
            self._import_one(node, alias, module, bound, place, names)

    def _import_one(self, node, alias, module, bound, place, names):
        root = module.split(".")[0]
        single = ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), "names": [alias]}), node)
        if isinstance(single, ast.ImportFrom):
            single.level = 0  # a relative import is one of a file beside the submission
        self.imported.add(root)
        if root in EAGER or self._own_file(module):
            try:
                known = arrays.torch() is not None
                self._execute(single, _Anonymous, names)
                if not known:
                    arrays.prepare_torch()
                return
            except ImportError as error:
                self.missing[error.name or module] = place
            except Exception as error:
                self.notes.append(f"{place}: import of {module} fails: {self.explain(error)}")
        else:
            try:
                found = importlib.util.find_spec(root) is not None
            except (ImportError, ValueError):
                found = False
            if not found:
                self.missing[root] = place
        if bound != "*":
            names[bound] = Later(module if alias.asname or isinstance(node, ast.ImportFrom) else root,
                                 alias.name if isinstance(node, ast.ImportFrom) else None)

    def _own_file(self, module):
        base = os.path.join(self.folder, *module.split("."))
        return os.path.exists(base + ".py") or os.path.isdir(base)

    # --- for the others

    def is_own(self, thing):
        """Whether the submission defines it, and does not only import it."""
        thing = arrays.without_partial(thing)
        return not isinstance(thing, Later) and callable(thing) and getattr(thing, "__module__", None) in self.modules

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
        if isinstance(error, NameError) and getattr(error, "name", None) in self.not_run:
            text += f"; {self.not_run[error.name]} sets {error.name}, but only definitions and constants are run"
        if isinstance(error, ModuleNotFoundError):
            text += "; it is not installed where submissions run"
        return text


class _Anonymous:
    file = "<import>"


class _OwnModules:
    """Finds modules in the submission's folder, and runs their definitions alone, too."""

    def __init__(self, workspace):
        self.workspace = workspace

    def find_spec(self, name, path=None, target=None):
        base = os.path.join(self.workspace.folder, *name.split("."))
        if os.path.isfile(base + ".py"):
            return importlib.machinery.ModuleSpec(name, self, origin=base + ".py")
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        workspace = self.workspace
        workspace.modules.add(module.__name__)
        module.__file__ = module.__spec__.origin
        for cell in read(module.__file__):
            workspace._run_cell(cell, module.__dict__)
