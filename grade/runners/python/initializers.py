"""Initializers: of a model with named_parameters, of a list of sizes, or of one layer."""
import math

from . import arrays
from .calls import EMPTY, Unfit, direct, means, named_arguments, parameters_of, seeded, takes
from .names import plain


def values_of(component, inputs):
    if component == "init_constant":
        return {"fill": inputs["fill"]}
    return {"std": inputs["std"]} if component == "init_normal" else {}


def output_names(sizes):
    return [f"{kind}{l}" for l in range(len(sizes) - 1) for kind in ("weight", "bias")]


def reference_model(sizes):
    """A network whose parameters have the names of the tutorial's: layers.0.weight, layers.2.weight, ..."""
    nn = arrays.torch().nn
    layers = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Module()
    model.layers = nn.ModuleList(layers[:-1])
    return model


def layers_of(model):
    """The modules of a model that have a weight matrix and a bias, in order."""
    return [m for m in model.modules()
            if getattr(getattr(m, "weight", None), "ndim", 0) == 2 and getattr(m, "bias", None) is not None]


def _model(found, sizes):
    """The submission's own network if it can be built: its initializers may ask for its layers' names. Biases are 0."""
    model = _own_model(found, sizes) or reference_model(sizes)
    for layer in layers_of(model):
        layer.bias.data.zero_()
    return model


def _own_model(found, sizes):
    if found.network is not None:
        try:
            model = found.network(sizes, "relu")
            if [tuple(m.weight.shape) for m in layers_of(model)] == list(zip(sizes[1:], sizes)):
                return model
        except Exception:
            pass
    return None


def _takes_seed(thing):
    return any(means(p.name, "seed") and p.default is EMPTY for p in parameters_of(thing))


def _arguments(found, values, positional, inputs):
    if "std" in values:
        if any(means(p.name, "variance") for p in parameters_of(found.thing)):
            values = {"variance": values["std"] ** 2}
    if _takes_seed(found.thing):
        values = {**values, "seed": inputs.get("seed", 0)}
    return named_arguments(found.thing, found.name, values, positional)


def _by_torch(found, values, inputs):
    sizes = inputs["sizes"]
    model = _model(found, sizes)
    layers = layers_of(model)
    named = _arguments(found, values, 1, inputs)
    first = plain(parameters_of(found.thing)[0].name)
    if first in ("m", "module", "layer"):
        model.apply(lambda module: found.thing(module, **named))
    elif first in ("w", "weight", "tensor", "weights"):
        for layer in layers:
            returned = found.thing(layer.weight.data, **named)
            layer.weight.data = layer.weight.data if returned is None else returned.data
            layer.bias.data.zero_()
    else:
        returned = found.thing(model, **named)
        layers = layers_of(returned) if hasattr(returned, "named_parameters") else layers
    return {name: getattr(layer, kind) for l, layer in enumerate(layers)
            for kind in ("weight", "bias") for name in [f"{kind}{l}"]}


def _oriented(weight, fan_in, fan_out):
    """A weight as [out][in]; other courses have [in][out]."""
    shape = arrays.shape_of(weight)
    return arrays.transposed(weight) if shape == (fan_in, fan_out) and fan_in != fan_out else weight


def _flat(bias):
    if hasattr(bias, "reshape"):
        return bias.reshape(-1)
    return [b for row in bias for b in (row if isinstance(row, list) else [row])]


def _collected(result, sizes):
    """W1, b1, ... of a dictionary, or pairs, or two lists."""
    layers = len(sizes) - 1
    if isinstance(result, dict):
        first = 1 if "W1" in result and "W0" not in result else 0
        keys = ("W", "b") if f"W{first}" in result else ("weight", "bias")
        first = first if keys[0] == "W" else 0
        pairs = [(result[f"{keys[0]}{l + first}"], result[f"{keys[1]}{l + first}"]) for l in range(layers)]
    elif len(result) == 2 and layers != 2 or len(result) == 2 and len(arrays.shape_of(result[0][0])) == 2 and \
            len(arrays.shape_of(result[0][1])) == 2:
        pairs = list(zip(*result))
    else:
        pairs = list(result)
    return pairs


def _by_sizes(found, values, inputs):
    sizes = inputs["sizes"]
    pairs = _collected(found.thing(list(sizes), **_arguments(found, values, 1, inputs)), sizes)
    return [(_oriented(w, *fans), _flat(b)) for (w, b), fans in zip(pairs, zip(sizes, sizes[1:]))]


def _by_layer(found, values, inputs):
    """A function of (fan-in, fan-out): a weight, or a weight and a bias."""
    names = [p.name for p in parameters_of(found.thing)]
    swapped = means(names[0], "outputs") and means(names[1], "inputs")
    pairs = []
    for fan_in, fan_out in zip(inputs["sizes"], inputs["sizes"][1:]):
        named = _arguments(found, values, 2, inputs)
        made = found.thing(*((fan_out, fan_in) if swapped else (fan_in, fan_out)), **named)
        weight, bias = made if isinstance(made, tuple) else (made, [0.0] * fan_out)
        pairs.append((_oriented(weight, fan_in, fan_out), _flat(bias)))
    return pairs


def _divided(weight):
    return weight / math.sqrt(2) if hasattr(weight, "shape") else [[w / math.sqrt(2) for w in row] for row in weight]


def has_gain_everywhere(component, thing):
    """Other courses give every layer He's factor 2; the tutorial's first layer, which no ReLU precedes, has 1."""
    names = [p.name for p in parameters_of(thing)]
    return component == "init_kaiming" and (plain(getattr(thing, "__name__", "")) == "initializeparametershe" or
                                            len(names) > 1 and means(names[0], "inputs"))


def call(workspace, component, found, inputs):
    with seeded(inputs.get("seed", 0), own=_takes_seed(found.thing)):
        outputs = direct(found.thing, inputs, output_names(inputs["sizes"]), found.kind)
        if outputs is not None and set(outputs) >= set(output_names(inputs["sizes"])):
            return outputs
        names = [p.name for p in parameters_of(found.thing)]
        values = values_of(component, inputs)
        if not names:
            raise Unfit(f"{found.name} takes no arguments; it gets a model, or a list of sizes")
        if means(names[0], "sizes"):
            pairs = _by_sizes(found, values, inputs)
        elif len(names) > 1 and (means(names[0], "inputs") or means(names[0], "outputs")):
            pairs = _by_layer(found, values, inputs)
        elif found.kind == "torch":
            return _by_torch(found, values, inputs)
        else:
            raise Unfit(f"{found.name} takes {takes(found.thing)}; known are (model), (layer_dims), (fan_in, fan_out)")
    if has_gain_everywhere(component, found.thing):
        pairs[0] = (_divided(pairs[0][0]), pairs[0][1])
    return dict(zip(output_names(inputs["sizes"]), (value for pair in pairs for value in pair)))
