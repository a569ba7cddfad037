"""What the ways of calling a submission share: the arguments that something takes, and its own random numbers."""
import contextlib
import inspect
import random

from . import arrays
from .names import means, plain


class Unfit(Exception):
    """Something has the right name, but cannot be called in any known way; the text says why."""


class NotThisCase(Exception):
    """A correct answer to this case needs what the submission's form does not have: two layers, a fixed activation."""


EMPTY = inspect.Parameter.empty


def parameters_of(function):
    """The arguments by position or name that a function (or a class's constructor) takes, without self."""
    try:
        found = inspect.signature(arrays.unwrapped(function)).parameters.values()
        if getattr(function, "args", None) and hasattr(function, "func"):  # a partial one: without what it has
            found = list(found)[len(function.args):]
    except (TypeError, ValueError):
        return []
    return [p for p in found if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def takes(function):
    """The arguments as text: of a function, or of a list of parameters."""
    parameters = function if isinstance(function, list) else parameters_of(function)
    return "(" + ", ".join(p.name if p.default is EMPTY else f"{p.name}={p.default!r}" for p in parameters) + ")"


# The tutorial's values: an argument that the submission does not have may be left out where it has these.
USUAL = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


# Arguments without a value in the protocol, where they have no default.
FIXED = {"mode": "fan_in", "nonlinearity": "relu", "distribution": "normal", "weightdecay": 0.0,
         "reg": 0.0, "lambd": 0.0, "nesterov": False, "dampening": 0.0, "amsgrad": False}


def named_arguments(function, name, values, positional, others=(), elsewhere=()):
    """
    The named arguments of a call that passes `positional` arguments by position and each of `values` by the name that
    the function has for it. `others` are arguments that the caller takes care of, `elsewhere` values that another call
    passes. Unfit if it wants something else, or has no argument for a value that matters.
    """
    chosen, used, unknown = {}, set(), []
    for parameter in parameters_of(function)[positional:]:
        if parameter.name in others:
            continue
        if parameter.default is EMPTY and plain(parameter.name) in FIXED:
            chosen[parameter.name] = FIXED[plain(parameter.name)]
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
    unset = [v for v in values if v not in used and v not in elsewhere and not (v in USUAL and values[v] == USUAL[v])]
    if unset and all(v in USUAL for v in unset):
        raise NotThisCase(f"{name} has no argument for {', '.join(unset)}: cases with other values are left out")
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


def _listed(inputs):
    """The inputs, and what the student's side calls weights, biases, parameters and gradients: lists of them."""
    listed = dict(inputs)
    for stem, name in (("weight", "weights"), ("bias", "biases"), ("parameters", "parameters"),
                       ("gradients", "gradients")):
        if f"{stem}0" in inputs:
            listed[name] = [inputs[f"{stem}{k}"] for k in range(len(inputs)) if f"{stem}{k}" in inputs]
    return listed


def _numbered(outputs):
    """Outputs by name; lists of weights, biases and their gradients become weight0, bias0, weight1, ..."""
    made = {}
    for name, value in outputs.items():
        stem = {"weights": "weight", "biases": "bias", "dweights": "dweight", "dbiases": "dbias"}.get(name)
        made.update({name: value} if stem is None else {f"{stem}{k}": element for k, element in enumerate(value)})
    return made


def direct(thing, inputs, outputs, kind, needed=None):
    """
    A call of a function that has the protocol's own arguments (doc/grading.md), or None. It returns an object of
    outputs, or one or more of them in the protocol's order. Without the argument `needed`, it is another one.
    """
    wanted, listed = parameters_of(thing), _listed(inputs)
    if isinstance(thing, type) or not wanted or not all(p.name in listed or p.default is not EMPTY for p in wanted):
        return None
    if needed is not None and needed not in [p.name for p in wanted]:
        return None
    result = thing(**{p.name: [arrays.given(v, kind) for v in listed[p.name]] if p.name not in inputs else
                      arrays.given(listed[p.name], kind) for p in wanted if p.name in listed})
    if isinstance(result, dict):
        return _numbered(result)
    return _numbered(dict(zip(outputs, result)) if len(outputs) > 1 else {outputs[0]: result})
