"""SGD, SGD with momentum, Adam: classes and functions, in the forms of the tutorial and of other courses."""
import types

from . import arrays
from .calls import (EMPTY, Unfit, constructed, direct, means, named_arguments, own_method, parameters_of,
                    takes)
from .names import plain

STEPS = ("step", "update_params", "update_param", "update", "update_parameters", "apply_gradients", "__call__")
VALUES = {"sgd": ("learning_rate",), "momentum": ("learning_rate", "momentum"),
          "adam": ("learning_rate", "beta1", "beta2", "epsilon")}


def values_of(component, inputs):
    return {name: inputs[name] for name in VALUES[component]}


def as_list(tensors):
    return list(tensors.values()) if isinstance(tensors, dict) else list(tensors)


KEYS = ("W1", "b1")


def by_key(tensors, prefix=""):
    return {prefix + key: tensor for key, tensor in zip(KEYS, tensors)}


class Rule:
    """An optimizer at work on a list of tensors: step(gradients) gives their new values."""

    def __init__(self, tensors, kind):
        self.tensors, self.kind = tensors, kind


class TorchRule(Rule):
    """A class whose parameters have `.grad`: the tutorial's OptimizerTemplate, torch's Optimizer, and their like."""

    def __init__(self, workspace, thing, name, values, tensors):
        super().__init__(tensors, "torch")
        self.optimizer = constructed(thing, name, values, [list(tensors)])
        self.method = own_method(workspace, thing, STEPS)
        if self.method is None:
            raise Unfit(f"{name} has none of the methods {', '.join(STEPS[:-1])} of its own")
        if self.method != "step" and callable(getattr(self.optimizer, "step", None)):
            self.method = "step"  # the template's step calls the submission's update_param

    def apply(self):
        """One step; the gradients are set."""
        method = getattr(self.optimizer, self.method)
        wanted = [p for p in parameters_of(method) if p.default is EMPTY]
        if self.method == "step" or not wanted:
            method()
            return
        with arrays.torch().no_grad():
            for tensor in self.tensors:
                method(tensor)

    def step(self, gradients):
        for tensor, gradient in zip(self.tensors, gradients):
            tensor.grad = gradient.to(tensor.dtype, copy=True)
        self.apply()
        return [tensor.detach() for tensor in self.tensors]


class ClassRule(Rule):
    """A class on arrays or lists: the parameters go to the constructor, or to each step with their gradients."""

    def __init__(self, workspace, thing, name, values, tensors, kind):
        super().__init__(tensors, kind)
        self.name = name
        self.make = lambda first: constructed(thing, name, values, first)
        self.method = own_method(workspace, thing, STEPS)
        if self.method is None:
            raise Unfit(f"{name} has none of the methods {', '.join(STEPS[:-1])}")
        self.wanted = [p.name for p in parameters_of(getattr(thing, self.method))][1:]
        first = parameters_of(thing)[:1]
        self.holds = bool(first) and (plain(first[0].name) in ("params", "parameters", "weights", "tensors"))
        one_tensor = len(self.wanted) >= 2 and plain(self.wanted[0]) in ("w", "theta", "param", "p", "x", "weight")
        self.count = len(tensors) if one_tensor else 1
        self.optimizers = [self.make([self.tensors] if self.holds else []) for _ in range(self.count)]
        self.keyed = False
        self.first = True

    def step(self, gradients):
        if hasattr(self.optimizers[0], "pre_update_params"):
            self.optimizers[0].pre_update_params()
        self.tensors = self._step(gradients)
        if hasattr(self.optimizers[0], "post_update_params"):
            self.optimizers[0].post_update_params()
        self.first = False
        return self.tensors

    def _step(self, gradients):
        method = getattr(self.optimizers[0], self.method)
        if self.count > 1:
            new = [getattr(o, self.method)(w, g) for o, w, g in zip(self.optimizers, self.tensors, gradients)]
            return [old if value is None else value for old, value in zip(self.tensors, new)]
        if len(self.wanted) >= 2:
            return self._step_both(gradients)
        if self.wanted and plain(self.wanted[0]) == "layer":
            layer = types.SimpleNamespace(**dict(zip(("weights", "biases"), self.tensors)),
                                          **dict(zip(("dweights", "dbiases"), gradients)))
            method(layer)
            return [layer.weights, layer.biases]
        if not self.wanted or not self.holds:
            raise Unfit(f"{self.name}: {self.method}{takes(method)} gets neither parameters nor gradients")
        returned = method(gradients)
        return self.tensors if returned is None else as_list(returned)

    def _step_both(self, gradients):
        """(parameters, gradients): lists, or dictionaries with the keys W1 and b1."""
        method = getattr(self.optimizers[0], self.method)
        if not self.keyed:
            try:
                returned = method(self.tensors, gradients)
                return self.tensors if returned is None else as_list(returned)
            except (AttributeError, KeyError, TypeError):
                if not self.first:
                    raise
                self.keyed = True
                self.optimizers = [self.make([by_key(self.tensors)] if self.holds else [])]
                method = getattr(self.optimizers[0], self.method)
        parameters = by_key(self.tensors)
        returned = method(parameters, by_key(gradients))
        return as_list(parameters if returned is None else returned)


class ConfigRule(Rule):
    """CS231n: w, config = rule(w, dw, config)."""

    def __init__(self, component, function, values, tensors, kind):
        super().__init__(tensors, kind)
        self.function = function
        values = dict(values)
        if component == "momentum":  # v = mu v - lr g there; the tutorial's average has (1 - mu) before g
            values["learning_rate"] *= 1 - values["momentum"]
        self.configs = [dict(values) for _ in tensors]

    def step(self, gradients):
        for k, gradient in enumerate(gradients):
            returned = self.function(self.tensors[k], gradient, self.configs[k])
            self.tensors[k], self.configs[k] = returned
        return self.tensors


class FunctionRule(Rule):
    """
    A function of the parameters, the gradients and its own state: once for each tensor, or (deeplearning.ai) once for a
    dictionary. It returns what it was given, in the same order, or changes it in place.
    """

    def __init__(self, workspace, function, name, values, tensors, kind):
        super().__init__(tensors, kind)
        self.function, self.workspace = function, workspace
        names = [p.name for p in parameters_of(function)]
        if len(names) < 2 or not means(names[0], "weight") or not (means(names[1], "gradient") or
                                                                   means(names[1], "learning_rate")):
            raise Unfit(f"{name} takes {takes(function)}; known are (parameters, gradients, ...) and (w, dw, config)")
        self.keyed = plain(names[0]) == "parameters" or plain(names[1]) == "grads" and "params" in plain(names[0])
        state = []
        for parameter in parameters_of(function)[2:]:
            moment = means(parameter.name, "second_moment") or means(parameter.name, "first_moment")
            if moment and parameter.default is EMPTY or means(parameter.name, "step"):
                state.append(parameter.name)
        self.state_names = state
        self.named = named_arguments(function, name, values, 2, state)
        self.states = [self._zeros(w) for w in ([by_key(tensors)] if self.keyed else tensors)]
        self.count = 0

    def _zeros(self, weight):
        return [1 if means(name, "step") else
                {"d" + key: arrays.zeros_like(w) for key, w in weight.items()} if isinstance(weight, dict) else
                arrays.zeros_like(weight) for name in self.state_names]

    def _call(self, weight, gradient, state):
        now = [self.count if means(name, "step") else value for name, value in zip(self.state_names, state)]
        returned = self.function(weight, gradient, **dict(zip(self.state_names, now)), **self.named)
        if returned is None:
            return weight
        if not isinstance(returned, tuple):
            return returned
        moments = [i for i, name in enumerate(self.state_names) if not means(name, "step")]
        for i, value in zip(moments, returned[1:]):
            state[i] = value
        return returned[0]

    def step(self, gradients):
        self.count += 1
        if self.keyed:
            new = self._call(by_key(self.tensors), by_key(gradients, "d"), self.states[0])
            self.tensors = [new[key] for key in KEYS]
        else:
            self.tensors = [self._call(w, g, s) for w, g, s in zip(self.tensors, gradients, self.states)]
        return self.tensors


def make_rule(workspace, component, found, values, tensors):
    """An optimizer on these tensors, in the form that the submission has."""
    thing, name, kind = found.thing, found.name, found.kind
    if isinstance(thing, type):
        if kind == "torch":
            tensors = [t if t.requires_grad else arrays.torch().nn.Parameter(t) for t in tensors]
            return TorchRule(workspace, thing, name, values, tensors)
        return ClassRule(workspace, thing, name, values, tensors, kind)
    names = [plain(p.name) for p in parameters_of(thing)]
    if len(names) >= 3 and names[2] == "config":
        return ConfigRule(component, thing, values, tensors, kind)
    return FunctionRule(workspace, thing, name, values, tensors, kind)


def call(workspace, component, found, inputs):
    outputs = direct(found.thing, inputs, ("updated0", "updated1"), found.kind)
    if outputs is not None:
        return outputs
    tensors = [arrays.floats(inputs["parameters0"], found.kind), arrays.floats(inputs["parameters1"], found.kind)]
    rule = make_rule(workspace, component, found, values_of(component, inputs), tensors)
    updated = ([], [])
    for gradient in zip(inputs["gradients0"], inputs["gradients1"]):
        new = rule.step([arrays.floats(g, found.kind) for g in gradient])
        for rows, tensor in zip(updated, new):
            rows.append(arrays.copied(tensor))
    return {"updated0": updated[0], "updated1": updated[1]}
