"""Takes the place of a module, or of a name in it, until something needs it."""
import importlib
import sys


class Later:
    """A module, or a name in it, that is imported when something asks for more. What is not installed fails when it is
    called or computed with, and not before: a default value or an annotation may name it."""

    def __init__(self, module, names=(), installed=True):
        self.__dict__.update(_module=module, _names=names, _installed=installed)

    def _load(self):
        thing = importlib.import_module(self._module)
        for name in self._names:
            thing = getattr(thing, name)
        return thing

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if not self._installed:
            return Later(self._module, (*self._names, name), False)
        loaded = self._load()
        if not self._names and not hasattr(loaded, name):
            return importlib.import_module(f"{self._module}.{name}")
        return getattr(loaded, name)

    def __call__(self, *arguments, **named):
        return self._load()(*arguments, **named)

    def __getitem__(self, key):  # an annotation: TensorType["batch"]
        return self._load()[key] if self._installed else self

    def __or__(self, other):
        return self._load() | other if self._installed else self

    __ror__ = __or__

    def __mro_entries__(self, bases):
        """A network of Lightning is a torch.nn.Module; without Lightning it can be built as such."""
        if not self._installed and self._names[-1:] == ("LightningModule",) and "torch" in sys.modules:
            return (sys.modules["torch"].nn.Module,)
        return (self._load(),)


def _delegate(operation):
    def operate(self, *others):
        return getattr(self._load(), operation)(*others)
    return operate


for _operation in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "neg", "float", "iter",
                   "len", "enter", "contains"):
    setattr(Later, f"__{_operation}__", _delegate(f"__{_operation}__"))


def is_missing(thing):
    return isinstance(thing, Later) and not thing._installed
