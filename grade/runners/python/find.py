"""Finds the components among a submission's definitions."""
import difflib
import json

from . import arrays, initializers, layers, networks, optimizers
from .names import COMPONENTS, MAPPING, component_of, plain

ACTIVATIONS = ("identity", "tanh", "relu", "sigmoid", "leaky_relu")


def _optimizer(component):
    return lambda workspace, found, inputs: optimizers.call(workspace, component, found, inputs)


def _initializer(component):
    return lambda workspace, found, inputs: initializers.call(workspace, component, found, inputs)


CALLS = {
    "linear_forward": layers.linear_forward, "linear_backward": layers.linear_backward, "softmax": layers.softmax,
    "cross_entropy": layers.cross_entropy, "cross_entropy_gradient": layers.cross_entropy_gradient,
    "network_gradient": networks.network_gradient, "training": networks.training,
    "pathological_curve": networks.surface, "steep_optima": networks.surface,
    **{name: layers.activation for name in ACTIVATIONS},
    **{name + "_gradient": layers.activation_gradient for name in ACTIVATIONS},
    **{name: _optimizer(name) for name in ("sgd", "momentum", "adam")},
    **{name: _initializer(name) for name in COMPONENTS if name.startswith("init_")},
}


class Found:
    """A component in the submission; `forward`, `softmax`, `network` and `rules` are others that its call may need."""

    forward = softmax = network = None
    rules = {}
    is_gradient = False
    remark = ""

    def __init__(self, workspace, name, thing):
        self.name, self.thing = name, thing
        self.kind = arrays.kind_of(thing, workspace.imported)
        self.what = "class" if isinstance(thing, type) else "function"
        root = name.split(".")[0]
        self.where = workspace.where.get(root, "") or getattr(thing, "__module__", "")

    def text(self):
        return f"{self.what} {self.name}, {self.where}{self.remark}"


def _lookup(workspace, path):
    thing = workspace.module
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing


def _mapping(workspace, path):
    """Components that the teacher's file, or a comment, names."""
    pairs = {}
    for cell in workspace.cells:
        pairs.update(MAPPING.findall(cell.text))
    if path is not None:
        with open(path, "rb") as file:
            pairs.update(json.load(file))
    mapped = {}
    for key, name in pairs.items():
        component = component_of(key)
        thing = _lookup(workspace, name)
        if component is None:
            workspace.notes.append(f"assay: {key} = {name}: {key} is no component of assay")
        elif not callable(thing):
            workspace.notes.append(f"assay: {key} = {name}: nothing of that name is defined")
        else:
            mapped[component] = Found(workspace, name, thing)
    return mapped


class Finder:
    def __init__(self, workspace, mapping):
        self.workspace = workspace
        self.found = _mapping(workspace, mapping)
        self.own = {}  # plain name: name, the submission's own definitions
        for name, thing in workspace.names.items():
            if workspace.is_own(thing):
                self.own[plain(name)] = name
            elif isinstance(thing, type) and component_of(name) in optimizers.VALUES:
                workspace.notes.append(f"{name} is {thing.__module__}'s, not the submission's own: not graded")
        for component in COMPONENTS:
            if component not in self.found:
                self._find(component)
        self._connect()

    def _find(self, component):
        for variant in COMPONENTS[component]:
            name = self.own.get(variant)
            if name is not None:
                found = Found(self.workspace, name, self.workspace.names[name])
                if self._fits(component, found, variant):
                    self.found[component] = found
                    return

    def _fits(self, component, found, variant):
        """Whether something with a name of a component can be one; a class that stores no backward has no gradient."""
        thing = found.thing
        is_class = isinstance(thing, type)
        if component in optimizers.VALUES and is_class:
            if optimizers.own_method(self.workspace, thing, optimizers.STEPS) is None:
                self.workspace.notes.append(f"{found.where}: class {found.name} has no update of its own (it takes "
                                            f"{thing.__mro__[1].__name__}'s): not graded")
                return False
            return True
        if component.endswith("_gradient") and component != "network_gradient":
            forward = component[:-len("_gradient")]
            found.is_gradient = variant not in COMPONENTS[forward] and not is_class
            if found.is_gradient or found.kind == "torch":
                return True
            return is_class and hasattr(thing, "backward") or variant == "softmaxloss"
        if component == "linear_backward":
            return "backward" in variant or is_class and (layers.is_module(thing) or hasattr(thing, "backward"))
        if component == "linear_forward":
            return "backward" not in variant
        if component == "network_gradient":
            return layers.is_module(thing) or variant == "networkgradient"
        if component.startswith("init_"):
            return not is_class
        return True

    def _connect(self):
        """Gives components the others that they need."""
        get = self.found.get
        for name in ACTIVATIONS:
            if get(name + "_gradient") is not None:
                self.found[name + "_gradient"].forward = get(name)
        if get("linear_backward") is not None:
            self.found["linear_backward"].forward = get("linear_forward")
        for name in ("cross_entropy", "cross_entropy_gradient"):
            if get(name) is not None:
                self.found[name].softmax = get("softmax")
        self._one_class_with_momentum()
        self._network()
        for name, found in self.found.items():
            if initializers.has_gain_everywhere(name, found.thing):
                found.remark = " (factor 2 in each layer; the first is compared after a division by sqrt(2))"
            if name == "momentum" and [p.name for p in optimizers.parameters_of(found.thing)][2:] == ["config"]:
                found.remark = " (compared with the learning rate times 1 - momentum)"

    def _one_class_with_momentum(self):
        sgd = self.found.get("sgd")
        if sgd is not None and "momentum" not in self.found and isinstance(sgd.thing, type):
            if any(plain(p.name) == "momentum" for p in optimizers.parameters_of(sgd.thing)):
                self.found["momentum"] = sgd

    def _network(self):
        network = self.found.get("network_gradient")
        if network is None or not layers.is_module(network.thing):
            return
        for name, found in self.found.items():
            if name.startswith("init_"):
                found.network = lambda sizes, activation: networks.build(self.workspace, network.thing, network.name,
                                                                         sizes, activation)
        rules = {name: self.found[name] for name in optimizers.VALUES if name in self.found and
                 self.found[name].kind == "torch" and isinstance(self.found[name].thing, type)}
        if len(rules) == len(optimizers.VALUES) and "training" not in self.found:
            training = Found(self.workspace, network.name, network.thing)
            training.rules = rules
            training.remark = " with " + ", ".join(found.name for found in rules.values())
            self.found["training"] = training

    def not_found(self):
        """Each component that is not there, with the name of the submission that is nearest to one of its names."""
        used = {plain(found.name) for found in self.found.values()}
        free = [name for name in self.own if name not in used]
        result = {}
        for component, names in COMPONENTS.items():
            if component not in self.found:
                near = [match for variant in names[:4]
                        for match in difflib.get_close_matches(variant, free, 1, 0.75)][:1]
                name = self.own[near[0]] if near else None
                result[component] = {"nearest": name, "where": self.workspace.where.get(name)} if near else {}
        return result
