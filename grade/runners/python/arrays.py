"""Numbers between JSON and what a submission computes with: PyTorch's tensors, NumPy's arrays, or Python's lists."""
import contextlib
import copy
import functools
import sys
import types


def torch():
    return sys.modules.get("torch")


def prepare_torch():
    """
    Asks for double precision as soon as PyTorch is imported, before any definition runs. What the submission computes
    with is its own: the replies say what its tensors have.
    """
    if torch() is not None:
        torch().set_default_dtype(torch().float64)
        torch().set_num_threads(1)


@contextlib.contextmanager
def single_precision():
    torch().set_default_dtype(torch().float32)
    try:
        yield
    finally:
        torch().set_default_dtype(torch().float64)


def numpy():
    return sys.modules.get("numpy")


def unwrapped(thing):
    """The function or class itself: of a partial one, of numpy.vectorize, and of MyFunction.apply."""
    while True:
        if isinstance(thing, functools.partial):
            thing = thing.func
        elif numpy() is not None and isinstance(thing, numpy().vectorize):
            thing = thing.pyfunc
        elif isinstance(getattr(thing, "__self__", None), type) and thing.__self__.__module__ != "builtins":
            thing = thing.__self__
        else:
            return thing


def codes(thing):
    """All code objects of a function or of a class and those of its bases, with their global names."""
    thing = unwrapped(thing)
    if isinstance(thing, type):
        for base in thing.__mro__:
            for value in list(vars(base).values()):
                value = getattr(value, "fget", None) or getattr(value, "__func__", value)
                if callable(value) and not isinstance(value, type):
                    yield from codes(value)
        return
    while hasattr(thing, "__wrapped__"):
        thing = thing.__wrapped__
    code = getattr(thing, "__code__", None)
    pending = [code] if code is not None else []
    while pending:
        code = pending.pop()
        yield code, getattr(thing, "__globals__", {})
        pending += [inner for inner in code.co_consts if isinstance(inner, types.CodeType)]


def _root(value):
    name = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return name.split(".")[0] if isinstance(name, str) else ""


# What only tensors and modules have.
TORCH_NAMES = {"named_parameters", "no_grad", "requires_grad"}


def kind_of(thing, imported, seen=None):
    """ "torch", "numpy" or "list": what a function or class computes with, by the names in it and in what it calls."""
    seen = set() if seen is None else seen
    if numpy() is not None and isinstance(thing, numpy().vectorize):
        return "numpy"
    thing = unwrapped(thing)
    if isinstance(thing, type) and any(base.__module__.split(".")[0] == "torch" for base in thing.__mro__):
        return "torch"
    found = set()
    for code, names in codes(thing):
        if code in seen:
            continue
        seen.add(code)
        for name in code.co_names:
            value = names.get(name)
            root = _root(value)
            if root in ("torch", "numpy", "math"):
                found.add(root)
            elif value is None and (name in TORCH_NAMES or name.endswith("_") and not name.startswith("_")):
                found.add("methods of torch")
            elif callable(value) and value is not thing and root not in ("builtins", ""):
                found.add(kind_of(value, (), seen))
    for kind in ("torch", "numpy"):
        if kind in found:
            return kind
    if "methods of torch" in found and "torch" in imported:
        return "torch"
    if "math" in found and not {"torch", "numpy"} & set(imported):
        return "list"
    return next((kind for kind in ("torch", "numpy") if kind in imported), "list")


def given(value, kind):
    """A request's value as the submission wants it, a fresh copy: floating-point, or integer if all are whole."""
    if not isinstance(value, list):
        return value
    if kind != "list" and value and isinstance(value[0], list) and len({len(row) for row in value}) > 1:
        return [given(row, kind) for row in value]  # batches of different sizes
    if kind == "torch":
        return torch().tensor(value)
    if kind == "numpy":
        return numpy().array(value)
    return copy.deepcopy(value)


def floats(value, kind):
    """The same, always floating-point."""
    made = given(value, kind)
    if kind == "torch" and hasattr(made, "is_floating_point") and not made.is_floating_point():
        return made.to(torch().get_default_dtype())
    if kind == "numpy" and hasattr(made, "dtype"):
        return made.astype(numpy().float64)
    return made


def copied(value):
    if torch() is not None and isinstance(value, torch().Tensor):
        return value.detach().clone()
    if numpy() is not None and isinstance(value, numpy().ndarray):
        return value.copy()
    return copy.deepcopy(value)


def like(value, data):
    """`data`, with the type of `value`."""
    if torch() is not None and isinstance(value, torch().Tensor):
        return torch().as_tensor(data, dtype=value.dtype)
    if numpy() is not None and isinstance(value, numpy().ndarray):
        return numpy().asarray(data, dtype=value.dtype)
    return data


def is_single(value):
    """Whether an output has no more than single precision."""
    if isinstance(value, dict):
        return any(is_single(inner) for inner in value.values())
    if isinstance(value, (list, tuple)):
        return any(is_single(inner) for inner in value)
    return str(getattr(value, "dtype", "")).replace("torch.", "") in ("float32", "float16", "bfloat16")


def plain_numbers(value):
    """An output as JSON has it."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    if str(getattr(value, "dtype", "")) == "float128":
        value = value.astype(numpy().float64)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain_numbers(inner) for inner in value]
    return value


def zeros_like(value):
    return value * 0 if hasattr(value, "shape") else [0.0 for _ in value] if isinstance(value, list) else 0.0


def transposed(value):
    if hasattr(value, "shape"):
        return value.T
    return [list(column) for column in zip(*value)]


def shape_of(value):
    if hasattr(value, "shape"):
        return tuple(value.shape)
    return (len(value), *shape_of(value[0])) if isinstance(value, list) and value else ()
