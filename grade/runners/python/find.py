"""Finds the components among a submission's definitions."""
import difflib
import json
import re

from . import arrays, initializers, layers, networks, numpy_networks, optimizers
from .calls import EMPTY, parameters_of
from .names import ACTIVATIONS, COMPONENTS, MAPPING, component_of, plain, reads_as


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
    asked = False  # whether it has answered a case
    single = False  # whether it has to be asked in single precision
    component = None

    def __init__(self, workspace, name, thing):
        self.name, self.thing = name, thing
        self.kind = arrays.kind_of(thing, workspace.imported)
        self.what = "class" if isinstance(thing, type) else "function"
        root = name.split(".")[0]
        self.where = workspace.where.get(root, "") or getattr(thing, "__module__", "")
        self.blank = not isinstance(thing, type) and workspace.is_unwritten(thing)

    def text(self):
        return f"{self.what} {self.name}, {self.where}{self.remark}"


def _lookup(workspace, path):
    thing = workspace.module
    for name in path.split("."):
        thing = getattr(thing, name, None)
    return thing


def _mapping(workspace, path):
    """Components that the teacher's file, a comment, or @assay.implements names."""
    pairs = {}
    for cell in workspace.cells:
        pairs.update(MAPPING.findall(cell.text))
    if path is not None:
        with open(path, "rb") as file:
            pairs.update(json.load(file))
    mapped = {component: Found(workspace, getattr(thing, "__qualname__", str(component)), thing)
              for component, thing in workspace.declared.items() if component in COMPONENTS and callable(thing)}
    for key, name in pairs.items():
        component = component_of(key)
        thing = _lookup(workspace, name)
        if component is None:
            workspace.notes.append(f"assay: {key} = {name}: {key} is no component of assay")
        elif not callable(thing):
            workspace.notes.append(f"assay: {key} = {name}: nothing of that name is defined")
        else:
            mapped[component] = Found(workspace, name, thing)
    for component, found in mapped.items():
        found.is_gradient = component.endswith("_gradient") and found.what == "function" and \
            component_of(found.name) != component[:-len("_gradient")]
    return mapped


def _required(thing):
    return [p for p in parameters_of(thing) if p.default is EMPTY]


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
        self._add_inner()
        for component in COMPONENTS:
            if component not in self.found:
                self._find(component)
        self._connect()
        self._note_repetitions()

    def _add_inner(self):
        """Classes and static methods in a class that only holds them: Init.xavier_init."""
        for holder in [name for name in self.own.values() if isinstance(self.workspace.names[name], type)]:
            for name, value in list(vars(self.workspace.names[holder]).items()):
                if isinstance(value, (staticmethod, type)) and name != "__class__":
                    self.own.setdefault(plain(name), f"{holder}.{name}")

    def _thing(self, name):
        return _lookup(self.workspace, name)

    def _candidates(self, component):
        """The submission's names for a component, with the variant that each is: known names, then rows of words."""
        for variant in COMPONENTS[component]:
            if variant in self.own:
                yield self.own[variant], variant
        known = {variant for variants in COMPONENTS.values() for variant in variants}
        similar = [name for short, name in self.own.items() if short not in known and reads_as(name, component)]
        for name in sorted(similar, key=len):
            yield name, plain(name)
        if component == "network_gradient":
            for name in self.own.values():
                if networks.has_usual_arguments(self._thing(name)):
                    yield name, plain(name)

    def _find(self, component):
        for name, variant in self._candidates(component):
            found = Found(self.workspace, name, self._thing(name))
            if self._fits(component, found, variant):
                self.found[component] = found
                return

    def _fits(self, component, found, variant):
        """Whether something with a name of a component can be one; a class that stores no backward has no gradient."""
        thing, is_class = found.thing, isinstance(found.thing, type)
        if component in optimizers.VALUES:
            return self._is_optimizer(found)
        if component in ACTIVATIONS:
            return is_class or len(_required(thing)) <= (2 if component == "leaky_relu" else 1) and \
                not re.search("backward|grad|prime|deriv", variant)
        if component.endswith("_gradient") and component != "network_gradient":
            return self._is_gradient(component, found, variant)
        if component == "linear_backward":
            return "backward" in variant and not is_class or is_class and (layers.is_module(thing) or
                                                                           hasattr(thing, "backward"))
        if component == "linear_forward":
            return "back" not in variant and "grad" not in variant
        if component == "network_gradient":
            return networks.builds(thing) or variant == "networkgradient" or numpy_networks.is_network(thing) or \
                numpy_networks.backward_of(self.workspace, found.name) is not None
        if component.startswith("init_"):
            return not is_class
        if component in ("cross_entropy", "softmax"):
            return not re.search("backward|grad|prime|deriv", variant)
        return True

    def _is_optimizer(self, found):
        if not isinstance(found.thing, type):
            return len(parameters_of(found.thing)) > 1
        if optimizers.own_method(self.workspace, found.thing, optimizers.STEPS) is not None:
            return True
        bases = [base for base in found.thing.__mro__[1:] if base is not object]
        if bases:
            self.workspace.notes.append(f"{found.where}: class {found.name} has no update of its own (it takes "
                                        f"{bases[0].__name__}'s): not graded")
        return False

    def _is_gradient(self, component, found, variant):
        forward, thing = component[:-len("_gradient")], found.thing
        is_class = isinstance(thing, type)
        derivative = variant in COMPONENTS[component] and variant not in COMPONENTS[forward]
        by_name = re.search("backward|grad|prime|deriv|^d", variant) is not None
        found.is_gradient = not is_class and (derivative or by_name)
        if found.is_gradient:
            return 1 <= len(_required(thing)) <= (4 if forward == "cross_entropy" else 3)
        if forward in ACTIVATIONS and not is_class and len(_required(thing)) > (2 if forward == "leaky_relu" else 1):
            return False
        return found.kind == "torch" or is_class and hasattr(thing, "backward") or variant == "softmaxloss" or \
            forward in ACTIVATIONS and not is_class and layers.flag_of(thing) is not None

    def _note_repetitions(self):
        for name in sorted({found.name for found in self.found.values()}):
            places = self.workspace.places.get(name, [])
            if len(places) > 1:
                several = ", ".join(dict.fromkeys(places[:-1]))
                self.workspace.notes.append(f"{name} is defined {len(places)} times ({several} and {places[-1]}): the "
                                            f"last one counts")

    def _connect(self):
        """Gives components the others that they need."""
        get = self.found.get
        for name, backward in [(name, get(name + "_gradient")) for name in ACTIVATIONS] + \
                [("linear_forward", get("linear_backward"))]:
            if backward is not None:
                backward.forward = self._other_half(backward) or get(name)
        for name in ("cross_entropy", "cross_entropy_gradient"):
            if get(name) is not None:
                self.found[name].softmax = get("softmax")
        self._one_class_with_momentum()
        self._network()
        for name, found in self.found.items():
            found.component = name
            found.remark = " (no body yet)" if found.blank else found.remark or initializers.remark(name, found) or \
                layers.remark(name, found) or optimizers.remark(name, found)

    def _other_half(self, backward):
        """The forward function of a backward one, by its name."""
        for other in ("forward", ""):
            name = self.own.get(plain(backward.name).replace("backward", other))
            if "backward" in plain(backward.name) and name is not None and backward.what == "function" and \
                    not isinstance(self._thing(name), type):
                return Found(self.workspace, name, self._thing(name))
        return None

    def _one_class_with_momentum(self):
        sgd = self.found.get("sgd")
        if sgd is not None and "momentum" not in self.found and isinstance(sgd.thing, type):
            if any(plain(p.name) == "momentum" for p in parameters_of(sgd.thing)):
                self.found["momentum"] = Found(self.workspace, sgd.name, sgd.thing)

    def _network(self):
        network = self.found.get("network_gradient")
        if network is None:
            return
        network.remark = networks.remark(self.workspace, network)
        if not networks.builds(network.thing):
            return
        for name, found in self.found.items():
            if name.startswith("init_"):
                found.network = lambda sizes: networks.build(self.workspace, network, sizes, "relu")[0]
        rules = {name: self.found[name] for name in optimizers.VALUES if name in self.found and
                 self.found[name].kind == "torch" and isinstance(self.found[name].thing, type)}
        if rules and "training" not in self.found:
            training = Found(self.workspace, network.name, network.thing)
            training.rules = rules
            training.remark = " with " + ", ".join(dict.fromkeys(found.name for found in rules.values()))
            self.found["training"] = training

    def not_found(self):
        """Each component that is not there, with the name of the submission that is nearest to one of its names."""
        used = {plain(found.name) for found in self.found.values()}
        free = {re.sub("(?<=.)(forward|backward|module|layer|function|fn)$", "", name): name
                for name in self.own if name not in used}
        result = {}
        for component, names in COMPONENTS.items():
            if component not in self.found:
                near = [free[match] for variant in names[:4]
                        for match in difflib.get_close_matches(variant, list(free), 1, 0.77)][:1]
                name = self.own[near[0]] if near and component_of(near[0]) != component else None
                where = self.workspace.where.get(name.split(".")[0]) if name else None
                result[component] = {"nearest": name, "where": where} if name else {}
        return result
