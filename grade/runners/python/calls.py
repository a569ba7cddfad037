"""What the ways of calling a submission share: the arguments that something takes, and its own random numbers."""
import contextlib
import inspect
import random

from . import arrays
from .names import means


class Unfit(Exception):
    """Something has the right name, but cannot be called in any known way; the text says why."""


EMPTY = inspect.Parameter.empty


def parameters_of(function):
    """The arguments by position or name that a function (or a class's constructor) takes, without self."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def takes(function):
    return "(" + ", ".join(p.name if p.default is EMPTY else f"{p.name}={p.default!r}"
                           for p in parameters_of(function)) + ")"


# The tutorial's values: an argument that the submission does not have may be left out where it has these.
USUAL = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


def named_arguments(function, name, values, positional, others=()):
    """
    The named arguments of a call that passes `positional` arguments by position and each of `values` by the name that
    the function has for it. `others` are arguments that the caller takes care of. Unfit if it wants something else, or
    has no argument for a value that matters.
    """
    chosen, used, unknown = {}, set(), []
    for parameter in parameters_of(function)[positional:]:
        if parameter.name in others:
            continue
        if means(parameter.name, "betas") and "beta1" in values:
            chosen[parameter.name] = (values["beta1"], values["beta2"])
            used |= {"beta1", "beta2"}
            continue
        what = next((v for v in values if v not in used and (parameter.name == v or means(parameter.name, v))), None)
        if what is not None:
            chosen[parameter.name] = values[what]
            used.add(what)
        elif parameter.default is EMPTY:
            unknown.append(parameter.name)
    if unknown:
        raise Unfit(f"{name} wants {takes(function)}; assay has no value for {', '.join(unknown)}, it gives "
                    f"{', '.join(['the parameters'] * (positional > 0) + list(values))}")
    unset = [v for v in values if v not in used and not (v in USUAL and values[v] == USUAL[v])]
    if unset:
        needed = ", ".join(f"{v} = {values[v]:g}" for v in unset)
        raise Unfit(f"{name} takes {takes(function)}: no argument for {needed}, which this case needs")
    return chosen


def constructed(thing, name, values, positional):
    """An object of the submission's class; `positional` are its first arguments."""
    return thing(*positional, **named_arguments(thing, name, values, len(positional)))


def own_method(workspace, thing, names):
    """The first of these methods that the submission's own classes define, not only a library's."""
    for base in thing.__mro__:
        if workspace.is_own(base):
            for name in names:
                if name in vars(base):
                    return name
    return None


@contextlib.contextmanager
def seeded(seed, own=False):
    """
    Random numbers from this seed. The submission's own seeds are ignored: it would always draw alike. `own`: it is
    given the seed, so what it does with it is its own.
    """
    torch, numpy = arrays.torch(), arrays.numpy()
    replaced = []

    def replace(owner, attribute, value):
        if not own:
            replaced.append((owner, attribute, getattr(owner, attribute)))
            setattr(owner, attribute, value)

    random.seed(seed)
    replace(random, "seed", lambda *ignored: None)
    if numpy is not None:
        numpy.random.seed(seed % (1 << 32))
        make, streams = numpy.random.default_rng, numpy.random.SeedSequence(seed)
        replace(numpy.random, "seed", lambda *ignored: None)
        replace(numpy.random, "default_rng", lambda *ignored: make(streams.spawn(1)[0]))
        replace(numpy.random, "RandomState", lambda *ignored: numpy.random.mtrand._rand)
    if torch is not None:
        torch.manual_seed(seed)
        replace(torch, "manual_seed", lambda *ignored: torch.default_generator)
    try:
        yield
    finally:
        for owner, attribute, value in reversed(replaced):
            setattr(owner, attribute, value)


def direct(thing, inputs, outputs, kind, needed=None):
    """
    A call of a function that has the protocol's own arguments (doc/grading.md), or None. It returns an object of
    outputs, or one or more of them in the protocol's order. Without the argument `needed`, it is another one.
    """
    wanted = parameters_of(thing)
    if isinstance(thing, type) or not wanted or not all(p.name in inputs or p.default is not EMPTY for p in wanted):
        return None
    if needed is not None and needed not in [p.name for p in wanted]:
        return None
    result = thing(**{p.name: arrays.given(inputs[p.name], kind) for p in wanted if p.name in inputs})
    if isinstance(result, dict):
        return result
    return dict(zip(outputs, result)) if len(outputs) > 1 else {outputs[0]: result}
