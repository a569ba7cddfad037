"""Which expressions may be evaluated: those that are cheap and have no effect."""
import ast
import types

# Modules whose functions and classes a constant may call, except for those that read, write, draw or start something.
PURE_MODULES = {"math", "cmath", "operator", "functools", "itertools", "collections", "fractions", "decimal", "typing",
                "enum", "dataclasses", "re", "types", "string", "numbers", "logging", "numpy", "torch", "scipy"}
EFFECTS = {"load", "loads", "loadtxt", "genfromtxt", "fromfile", "memmap", "save", "savez", "savetxt", "tofile", "hub",
           "compile", "script", "seed", "manual_seed", "basicConfig", "download", "exec", "eval", "open", "DataLoader",
           "set_default_dtype", "set_default_tensor_type", "set_printoptions", "set_num_threads", "seterr"}
# What a constant may call besides, whatever it belongs to.
PURE_CALLS = {
    "float", "int", "str", "bool", "len", "range", "tuple", "list", "dict", "set", "frozenset", "min", "max", "abs",
    "sum", "round", "zip", "enumerate", "sorted", "reversed", "complex", "pow", "join", "exists", "dirname", "abspath",
    "Path", "format", "split", "items", "keys", "values", "copy", "namedtuple", "partial", "is_available", "device",
    "get", "lower", "upper", "strip", "environ", "getenv", "property", "staticmethod", "classmethod",
}
IMPURE_NODES = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


def _root(node):
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _may_call(function, names):
    """Whether a call has no effect, as far as the name of what is called says."""
    if not isinstance(function, (ast.Name, ast.Attribute)):
        return False
    last = function.id if isinstance(function, ast.Name) else function.attr
    if last in EFFECTS:
        return False
    root = _root(function)
    value = names.get(root.id) if isinstance(root, ast.Name) else None
    home = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    if value is not None and isinstance(home, str) and home.split(".")[0] in PURE_MODULES:
        return True
    return last in PURE_CALLS


def is_constant(node, names):
    """Literals, names, arithmetic, lambdas, comprehensions, and calls without effects."""
    if isinstance(node, ast.Lambda):
        return True
    if isinstance(node, IMPURE_NODES) or (isinstance(node, ast.Call) and not _may_call(node.func, names)):
        return False
    return all(is_constant(child, names) for child in ast.iter_child_nodes(node))
