"""SGD, SGD with momentum, Adam: classes and functions, in the forms of the tutorial and of other courses."""
import types

from . import arrays
from .calls import EMPTY, USUAL, NotThisCase, Unfit, direct, means, named_arguments, own_method, parameters_of, takes
from .names import plain
from .returns import returned_names

STEPS = ("step", "update_params", "update_param", "update", "update_parameters", "update_weights", "apply_gradients",
         "apply", "optimize", "minimize", "__call__")
VALUES = {"sgd": ("learning_rate",), "momentum": ("learning_rate", "momentum"),
          "adam": ("learning_rate", "beta1", "beta2", "epsilon")}
KEYS = ("W1", "b1")
HOLDS = {"params", "parameters", "weights", "tensors", "vars", "variables", "thetas", "layers", "modelparams",
         "modelparameters"}
NAMES_A_TENSOR = {"key", "name", "paramname", "pname", "varname", "id", "idx", "index"}

# What a form that does not fit raises, mostly.
MISFITS = (TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError)


def values_of(component, inputs):
    return {name: inputs[name] for name in VALUES[component]}


def by_key(tensors, prefix=""):
    return {prefix + key: tensor for key, tensor in zip(KEYS, tensors)}


# --- parameters that carry their gradients (PyTorch) ------------------------------------------------------------------

def _model_of(tensors):
    """Something with parameters(), for an optimizer that takes a model."""
    nn = arrays.torch().nn
    model = nn.Module()
    for key, tensor in zip(KEYS, tensors):
        model.register_parameter(key, tensor)
    return model


class TorchRule:
    """A class whose parameters have `.grad`: the tutorial's OptimizerTemplate, torch's Optimizer, and their like."""

    def __init__(self, workspace, found, values, tensors):
        thing, name = found.thing, found.name
        self.tensors = [t if t.requires_grad else arrays.torch().nn.Parameter(t) for t in tensors]
        first = parameters_of(thing)[:1]
        given = list(self.tensors)
        if first and means(first[0].name, "model"):
            given = _model_of(self.tensors)
        elif first and means(first[0].name, "named_parameters"):
            given = list(zip(KEYS, self.tensors))
        self.method = own_method(workspace, thing, STEPS)
        if self.method is None:
            raise Unfit(f"{name} has none of the methods {', '.join(STEPS[:-1])} of its own")
        named = named_arguments(thing, name, values, 1)
        if workspace.is_unwritten(thing, self.method):
            raise NotImplementedError
        self.optimizer = thing(given, **named)
        if self.method != "step" and callable(getattr(self.optimizer, "step", None)):
            self.method = "step"  # the template's step calls the submission's update_param

    def apply(self):
        """One step; the gradients are set."""
        method = getattr(self.optimizer, self.method)
        wanted = [p for p in parameters_of(method) if p.default is EMPTY]
        with arrays.torch().no_grad():
            if wanted and plain(wanted[0].name) in ("grads", "gradients"):
                method([tensor.grad for tensor in self.tensors])
            elif wanted and plain(wanted[0].name) != "closure":
                for tensor in self.tensors:
                    method(tensor)
            else:
                method(*[None for _ in wanted])

    def step(self, gradients):
        for tensor, gradient in zip(self.tensors, gradients):
            tensor.grad = gradient.to(tensor.dtype, copy=True)
        self.apply()
        return [tensor.detach() for tensor in self.tensors]


class _Read(dict):
    """A dictionary that remembers which of its keys were used."""

    def __init__(self, values):
        super().__init__(values)
        self.used = set()

    def __getitem__(self, key):
        self.used.add(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.used.add(key)
        return super().get(key, default)


class StatesRule:
    """Dive into Deep Learning: rule(params, states, hyperparams), where parameters have `.grad`."""

    def __init__(self, component, function, values, tensors):
        self.function = function
        self.tensors = [arrays.torch().nn.Parameter(tensor) for tensor in tensors]
        zeros = [arrays.torch().zeros_like(tensor) for tensor in tensors]
        self.states = [(z, z.clone()) for z in zeros] if component == "adam" else zeros
        rate = values["learning_rate"] * (1 - values.get("momentum", 0.0))  # its momentum has no factor 1 - beta
        self.hyper = _Read({**values, "lr": rate, "learning_rate": rate, "eps": values.get("epsilon"), "t": 1})

    def step(self, gradients):
        for tensor, gradient in zip(self.tensors, gradients):
            tensor.grad = gradient.clone()
        self.function(self.tensors, self.states, self.hyper)
        fixed = [v for v in USUAL if v in self.hyper and dict.get(self.hyper, v) != USUAL[v] and not
                 {v, "eps" if v == "epsilon" else v} & self.hyper.used]
        if fixed:
            raise NotThisCase(f"its {', '.join(fixed)} are fixed: cases with other values are left out")
        return [tensor.detach() for tensor in self.tensors]


class GradRule:
    """A function of parameters that have `.grad`: rule(params, lr, ...)."""

    def __init__(self, function, name, values, tensors):
        self.function, self.tensors = function, [arrays.torch().nn.Parameter(tensor) for tensor in tensors]
        moments = [p.name for p in parameters_of(function)[1:] if p.default is EMPTY and
                   (means(p.name, "first_moment") or means(p.name, "second_moment"))]
        steps = [p.name for p in parameters_of(function)[1:] if means(p.name, "step")]
        self.named = named_arguments(function, name, values, 1, moments + steps)
        self.named.update({m: [arrays.torch().zeros_like(tensor) for tensor in tensors] for m in moments})
        self.steps, self.count = steps, 0

    def step(self, gradients):
        self.count += 1
        for tensor, gradient in zip(self.tensors, gradients):
            tensor.grad = gradient.clone()
        with arrays.torch().no_grad():
            self.function(self.tensors, **self.named, **{name: self.count for name in self.steps})
        return [tensor.detach() for tensor in self.tensors]


# --- arrays and lists -------------------------------------------------------------------------------------------------

class Grouping:
    """How tensors are passed: all in one list ("list"), by key ("keys", "dkeys"), or one in each call ("each")."""

    def __init__(self, kind):
        self.kind = kind

    def parameters(self, tensors):
        return list(tensors) if self.kind == "each" else [by_key(tensors) if "keys" in self.kind else list(tensors)]

    def gradients(self, gradients):
        if "keys" in self.kind:
            return [by_key(gradients, "d" if self.kind == "dkeys" else "")]
        return list(gradients) if self.kind == "each" else [list(gradients)]

    def zeros(self, tensors):
        return self.gradients([arrays.zeros_like(tensor) for tensor in tensors])

    def tensors(self, groups):
        if self.kind == "each":
            return groups
        return [groups[0][key] for key in KEYS] if "keys" in self.kind else list(groups[0])


class ClassRule:
    """A class on arrays: the parameters go to the constructor, or to each step with their gradients."""

    def __init__(self, workspace, found, values, tensors, grouping):
        thing, self.name = found.thing, found.name
        self.grouping, self.tensors, self.count = Grouping(grouping), tensors, 0
        method = own_method(workspace, thing, STEPS)
        if method is None:
            raise Unfit(f"{self.name} has none of the methods {', '.join(STEPS[:-1])}")
        self.wanted = parameters_of(getattr(thing, method))[1:]
        names = [plain(p.name) for p in self.wanted]
        self.named = {p.name: values[v] for p in self.wanted for v in values if means(p.name, v)
                      and not any(means(p.name, role) for role in ("weight", "gradient"))}
        first = parameters_of(thing)[:1]
        self.holds = bool(first) and plain(first[0].name) in HOLDS
        groups = self.grouping.parameters(tensors)
        self.by_name = bool(set(names) & NAMES_A_TENSOR)
        passed = [v for v in values if any(means(name, v) for name in self.named)]
        shaped = bool(first) and plain(first[0].name) == "shape"
        arguments = named_arguments(thing, self.name, values, int(self.holds or shaped), (), passed)
        if workspace.is_unwritten(thing, method):
            raise NotImplementedError
        self.optimizers = [thing(*([group] if self.holds else [arrays.shape_of(group)] if shaped else []), **arguments)
                           for group in groups[:1 if self.by_name else None]]
        self.method = method

    def _arguments(self, k, group, gradient):
        """Of one call. What has no known name is taken in the usual order: parameters, gradients."""
        roles = {}
        for parameter in self.wanted:
            role = next((role for role in ("gradient", "weight", "step") if means(parameter.name, role)), None)
            if plain(parameter.name) in NAMES_A_TENSOR:
                roles[parameter.name] = KEYS[k] if "i" != plain(parameter.name)[0] else k
            elif role is not None and parameter.name not in self.named:
                roles[parameter.name] = {"gradient": gradient, "weight": group, "step": self.count}[role]
        free = [p.name for p in self.wanted if p.default is EMPTY and p.name not in roles and p.name not in self.named]
        have = [any(means(name, role) for name in roles) for role in ("weight", "gradient")]
        left = [value for value, known in zip((group, gradient), have) if not known]
        if self.holds and len(free) < len(left):
            left = left[1:]
        if len(free) != len(left) and (free or not self.holds):
            raise Unfit(f"{self.name}: {self.method}{takes(self.wanted)} gets neither parameters nor gradients"
                        if not self.wanted else f"{self.name}: {self.method}{takes(self.wanted)} is no known form")
        return {**roles, **dict(zip(free, left)), **self.named}

    def step(self, gradients):
        self.count += 1
        for optimizer in self.optimizers:
            getattr(optimizer, "pre_update_params", lambda: None)()
        groups = self.grouping.parameters(self.tensors)
        for k, gradient in enumerate(self.grouping.gradients(gradients)):
            optimizer = self.optimizers[0 if self.by_name else k]
            returned = getattr(optimizer, self.method)(**self._arguments(k, groups[k], gradient))
            groups[k] = groups[k] if returned is None else _first(returned)
        for optimizer in self.optimizers:
            getattr(optimizer, "post_update_params", lambda: None)()
        self.tensors = self.grouping.tensors(groups)
        return self.tensors


def _first(returned):
    return returned[0] if isinstance(returned, tuple) and not isinstance(returned[0], (int, float)) else returned


class ObjectsRule:
    """A class in NumPy whose constructor gets objects that keep their gradients, as PyTorch's do; step() reads them."""

    SHAPES = ("parameters", "layers", "model")

    def __init__(self, workspace, found, values, tensors, shape):
        thing, self.shape = found.thing, shape
        zeros = [arrays.zeros_like(tensor) for tensor in tensors]
        keys = ("weight", "bias")
        if shape == "parameters":
            own = next((value for name, value in workspace.names.items() if isinstance(value, type) and
                        plain(name) in ("parameter", "param", "tensor", "variable") and workspace.is_own(value)), None)
            self.objects = [own(tensor) if own else types.SimpleNamespace(data=tensor) for tensor in tensors]
            for number, (made, zero) in enumerate(zip(self.objects, zeros)):
                made.grad = zero
                made.name = getattr(made, "name", KEYS[number])
            given = self.objects
        else:
            self.layer = types.SimpleNamespace(params=dict(zip(keys, tensors)), grads=dict(zip(keys, zeros)))
            layers = [self.layer]
            given = layers if shape == "layers" else types.SimpleNamespace(
                layers=layers, modules=layers, params=self.layer.params, grads=self.layer.grads)
        method = own_method(workspace, thing, STEPS)
        named = named_arguments(thing, found.name, values, 1)
        if workspace.is_unwritten(thing, method):
            raise NotImplementedError
        self.method = getattr(thing(given, **named), method)

    def step(self, gradients):
        if self.shape == "parameters":
            for made, gradient in zip(self.objects, gradients):
                made.grad = gradient
            self.method()
            return [made.data for made in self.objects]
        self.layer.grads.update(zip(("weight", "bias"), gradients))
        self.method()
        return list(self.layer.params.values())


class LayerRule:
    """update_params(layer), where a layer has weights, biases, dweights and dbiases, and keeps what is stored in it."""

    def __init__(self, workspace, found, values, tensors):
        thing = found.thing
        self.optimizer = thing(**named_arguments(thing, found.name, values, 0))
        self.method = getattr(self.optimizer, own_method(workspace, thing, STEPS))
        self.layer = types.SimpleNamespace(weights=tensors[0], biases=tensors[1])

    def step(self, gradients):
        getattr(self.optimizer, "pre_update_params", lambda: None)()
        self.layer.dweights, self.layer.dbiases = gradients
        self.method(self.layer)
        getattr(self.optimizer, "post_update_params", lambda: None)()
        return [self.layer.weights, self.layer.biases]


class PairRule:
    """update(t, w, b, dw, db), which returns the new w and b."""

    ROLES = ("gradient", "bias_gradient", "bias", "weight", "step")

    def __init__(self, workspace, found, values, tensors):
        thing = found.thing
        self.method = thing
        if isinstance(thing, type):
            self.method = getattr(thing(**named_arguments(thing, found.name, values, 0)),
                                  own_method(workspace, thing, STEPS))
        self.tensors, self.count = tensors, 0
        self.names = {p.name: next((role for role in self.ROLES if means(p.name, role)), None)
                      for p in parameters_of(self.method)}
        self.named = {} if isinstance(thing, type) else named_arguments(
            thing, found.name, values, 0, [name for name, role in self.names.items() if role])

    def step(self, gradients):
        self.count += 1
        given = {"weight": self.tensors[0], "bias": self.tensors[1], "gradient": gradients[0],
                 "bias_gradient": gradients[1], "step": self.count}
        returned = self.method(**{name: given[role] for name, role in self.names.items() if role}, **self.named)
        self.tensors = self.tensors if returned is None else list(returned)[:2]
        return self.tensors


# --- functions --------------------------------------------------------------------------------------------------------

class ConfigRule:
    """CS231n: w, config = rule(w, dw, config)."""

    def __init__(self, component, function, values, tensors):
        self.function, self.tensors = function, tensors
        values = dict(values)
        if component == "momentum":  # v = mu v - lr g there; the tutorial's average has (1 - mu) before g
            values["learning_rate"] *= 1 - values["momentum"]
        self.configs = [dict(values) for _ in tensors]

    def step(self, gradients):
        for k, gradient in enumerate(gradients):
            self.tensors[k], self.configs[k] = self.function(self.tensors[k], gradient, self.configs[k])
            if self.tensors[k] is None:
                raise NotImplementedError
        return self.tensors


class FunctionRule:
    """
    A function of the parameters, the gradients and its own state. It returns the new parameters alone or with its
    state, in the order of its arguments or by their names, or changes them in place.
    """

    def __init__(self, workspace, found, values, tensors, grouping):
        function, name = found.thing, found.name
        self.function, self.grouping, self.count = function, Grouping(grouping), 0
        parameters = parameters_of(function)
        self.roles = self._roles(parameters, values)
        if "weight" not in self.roles.values() or "gradient" not in self.roles.values():
            raise Unfit(f"{name} takes {takes(function)}; known are (parameters, gradients, ...) and (w, dw, config)")
        self.named = named_arguments(function, name, values, 0, self.roles)
        self.groups = self.grouping.parameters(tensors)
        zeros = [self.grouping.zeros(tensors) for _ in self.roles]
        self.states = [{argument: self._start(role, zeros[i][k]) for i, (argument, role) in
                        enumerate(self.roles.items()) if role in ("moment", "state")} for k in range(len(self.groups))]
        self.returned = returned_names(workspace, function)

    @staticmethod
    def _roles(parameters, values):
        roles = {}
        for parameter in parameters:
            name, needed = parameter.name, parameter.default is EMPTY or parameter.default is None
            taken = roles.values()
            if means(name, "weight") and "weight" not in taken:
                roles[name] = "weight"
            elif means(name, "gradient") and "gradient" not in taken:
                roles[name] = "gradient"
            elif means(name, "step"):
                roles[name] = "step"
            elif means(name, "state") and needed:
                roles[name] = "state"
            elif needed and (means(name, "first_moment") or means(name, "second_moment")) and name not in values:
                roles[name] = "moment"
        return roles

    @staticmethod
    def _start(role, zeros):
        if role == "moment":
            return zeros
        return {"m": arrays.copied(zeros), "v": arrays.copied(zeros), "velocity": arrays.copied(zeros), "t": 0,
                "step": 0}

    def _new(self, k, returned):
        """The new parameters; what else is returned becomes the state."""
        moments = [name for name, role in self.roles.items() if role in ("moment", "state")]
        if not isinstance(returned, tuple) or len(returned) == 1:
            return returned[0] if isinstance(returned, tuple) else returned
        names = self.returned if self.returned and len(self.returned) == len(returned) else None
        if names and set(moments) <= set(names):
            self.states[k].update((name, value) for name, value in zip(names, returned) if name in moments)
            return next(value for name, value in zip(names, returned) if name not in moments)
        self.states[k].update(zip(moments, returned[1:]))
        return returned[0]

    def step(self, gradients):
        self.count += 1
        for k, gradient in enumerate(self.grouping.gradients(gradients)):
            given = {"weight": self.groups[k], "gradient": gradient, "step": self.count}
            arguments = {name: given[role] for name, role in self.roles.items() if role in given}
            returned = self.function(**arguments, **self.states[k], **self.named)
            self.groups[k] = self.groups[k] if returned is None else self._new(k, returned)
        return self.grouping.tensors(self.groups)


# --- which form -------------------------------------------------------------------------------------------------------

def _class_forms(workspace, found):
    method = own_method(workspace, found.thing, STEPS)
    wanted = [plain(p.name) for p in parameters_of(getattr(found.thing, method, None))[1:]] if method else []
    if "layer" in wanted:
        return [lambda values, tensors: LayerRule(workspace, found, values, tensors)]
    if any(means(name, "bias") for name in wanted) and any(means(name, "bias_gradient") for name in wanted):
        return [lambda values, tensors: PairRule(workspace, found, values, tensors)]
    holds = parameters_of(found.thing)[:1]
    if found.kind != "torch" and not wanted and holds and (plain(holds[0].name) in HOLDS or
                                                           means(holds[0].name, "model")):
        return [lambda values, tensors, s=shape: ObjectsRule(workspace, found, values, tensors, s)
                for shape in ObjectsRule.SHAPES]
    forms = [lambda values, tensors, g=grouping: ClassRule(workspace, found, values, tensors, g)
             for grouping in _groupings(wanted)]
    if found.kind == "torch":
        carries = [lambda values, tensors: TorchRule(workspace, found, values, tensors)]
        return forms + carries if any(means(name, "gradient") for name in wanted) else carries + forms
    return forms


def _groupings(names):
    """The order in which ways to pass parameters are tried, by the arguments' names."""
    one = len(names) >= 2 and any(name in ("w", "theta", "param", "p", "x", "weight") for name in names)
    keyed = any(name in ("parameters", "params") for name in names)
    return ["each", "list", "keys", "dkeys"] if one else \
        ["dkeys", "list", "keys", "each"] if keyed and "parameters" in names else ["list", "dkeys", "keys", "each"]


def _function_forms(workspace, component, found):
    thing = found.thing
    names = [plain(p.name) for p in parameters_of(thing)]
    if len(names) >= 3 and names[2] in ("config", "cfg"):
        return [lambda values, tensors: ConfigRule(component, thing, values, tensors)]
    if len(names) >= 3 and names[2].startswith("hyper") and found.kind == "torch":
        return [lambda values, tensors: StatesRule(component, thing, values, tensors)]
    if found.kind == "torch" and not any(means(name, "gradient") for name in names):
        return [lambda values, tensors: GradRule(thing, found.name, values, tensors)]
    if any(means(name, "bias") for name in names) and any(means(name, "bias_gradient") for name in names):
        return [lambda values, tensors: PairRule(workspace, found, values, tensors)]
    return [lambda values, tensors, g=grouping: FunctionRule(workspace, found, values, tensors, g)
            for grouping in _groupings(names)]


def remark(component, found):
    if component == "momentum" and found.what == "function":
        names = [plain(p.name) for p in parameters_of(found.thing)][2:]
        if names[:1] in (["config"], ["cfg"]) or names and names[0].startswith("hyper"):
            return " (compared with the learning rate times 1 - momentum)"
    return ""


def _run(form, values, inputs, kind):
    tensors = [arrays.floats(inputs[name], kind) for name in ("parameters0", "parameters1")]
    shapes = [arrays.shape_of(tensor) for tensor in tensors]
    rule, updated = form(values, tensors), ([], [])
    for gradient in zip(inputs["gradients0"], inputs["gradients1"]):
        new = rule.step([arrays.floats(g, kind) for g in gradient])
        for rows, tensor in zip(updated, new):
            rows.append(arrays.copied(tensor))
    fits = all(arrays.shape_of(tensor) == shape for tensor, shape in zip(new, shapes)) and len(new) == 2
    return fits, {"updated0": updated[0], "updated1": updated[1]}


def call(workspace, component, found, inputs):
    outputs = direct(found.thing, inputs, ("updated0", "updated1"), found.kind, needed="gradients0")
    if outputs is not None:
        return outputs
    forms = _class_forms(workspace, found) if isinstance(found.thing, type) else \
        _function_forms(workspace, component, found)
    problem = misfit = odd = None
    for form in forms:
        try:
            fits, outputs = _run(form, values_of(component, inputs), inputs, found.kind)
            if fits:
                return outputs
            odd = odd or outputs
        except Unfit as unfit:
            misfit = misfit or unfit
        except MISFITS as error:
            if isinstance(error, NotImplementedError):
                raise
            problem = problem or error
    if odd is None:
        raise problem or misfit
    return odd
