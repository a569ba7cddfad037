"""Initializers: of a model with named_parameters, of a list of sizes, or of one layer."""
import math

from . import arrays
from .calls import EMPTY, Unfit, means, named_arguments, parameters_of, seeded, takes
from .names import plain

# What a weight and its bias are called.
PAIRS = (("weight", "bias"), ("weights", "biases"), ("W", "b"), ("w", "b"), ("weights", "bias"), ("W", "bias"))


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
            model = found.network(sizes)
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


PER_TENSOR = ("w", "weight", "tensor", "weights")


def _is_per_module(thing):
    """A function for model.apply(init)."""
    return [plain(p.name) for p in parameters_of(thing)[:1]] in (["m"], ["module"], ["layer"], ["mod"])


def _by_torch(found, values, inputs):
    sizes = inputs["sizes"]
    model = _model(found, sizes)
    layers = layers_of(model)
    named = _arguments(found, values, 1, inputs)
    first = plain(parameters_of(found.thing)[0].name)
    if means(first, "named_parameters"):
        found.thing(list(model.named_parameters()), **named)
    elif first in ("params", "parameters"):
        found.thing(list(model.parameters()), **named)
    elif _is_per_module(found.thing):
        model.apply(lambda module: found.thing(module, **named))
    elif first in PER_TENSOR:
        for layer in layers:
            returned = found.thing(layer.weight.data, **named)
            layer.weight.data = layer.weight.data if returned is None else returned.data
            layer.bias.data.zero_()
    else:
        returned = found.thing(model, **named)
        layers = layers_of(returned) if hasattr(returned, "named_parameters") else layers
    return [(layer.weight.detach(), layer.bias.detach()) for layer in layers]


def _oriented(weight, fan_in, fan_out):
    """A weight as [out][in]; other courses have [in][out]."""
    shape = arrays.shape_of(weight)
    return arrays.transposed(weight) if shape == (fan_in, fan_out) and fan_in != fan_out else weight


def _flat(bias):
    if hasattr(bias, "reshape"):
        return bias.reshape(-1)
    return [b for row in bias for b in (row if isinstance(row, list) else [row])]


def _pair_of(entry):
    """A layer's weight and bias, from a pair or from an object with names."""
    if isinstance(entry, dict):
        keys = next(pair for pair in PAIRS if pair[0] in entry and pair[1] in entry)
        return entry[keys[0]], entry[keys[1]]
    return tuple(entry)


def _collected(result, sizes):
    """W1, b1, ... of a dictionary, pairs, two lists, or weight, bias, weight, ... in one list."""
    layers = len(sizes) - 1
    if result is None:
        raise NotImplementedError
    if isinstance(result, dict) and "weights" in result:
        return list(zip(result["weights"], result["biases"]))
    if isinstance(result, dict):
        first = 1 if "W1" in result and "W0" not in result else 0
        keys = ("W", "b") if f"W{first}" in result else ("weight", "bias")
        first = first if keys[0] == "W" else 0
        return [(result[f"{keys[0]}{l + first}"], result[f"{keys[1]}{l + first}"]) for l in range(layers)]
    if len(result) == 2 and all(isinstance(part, (list, tuple)) for part in result) and \
            len(arrays.shape_of(result[0][0])) == 2 and \
            (len(result[0]) == 1 or len(arrays.shape_of(result[0][1])) == 2):
        return list(zip(*result))
    if len(result) == 2 * layers and len(arrays.shape_of(result[1])) == 1:
        return list(zip(result[::2], result[1::2]))
    return [_pair_of(entry) for entry in result]


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


def _by_shape(found, values, inputs):
    """
    A function of a layer's shape: a weight. Courses differ in whether the shape is (out, in) or (in, out). So the one
    counts whose number of inputs fits the spread better.
    """
    named, numpy = _arguments(found, values, 1, inputs), arrays.numpy()
    measured = float(numpy.std(numpy.asarray(found.thing((100, 400), **named))))
    gain = 2 if found.component == "init_kaiming" else 1
    first, last = (abs(math.log((measured or 1) / math.sqrt(gain / fan_in))) for fan_in in (100, 400))
    pairs = []
    for fan_in, fan_out in zip(inputs["sizes"], inputs["sizes"][1:]):
        weight = found.thing((fan_in, fan_out) if first < last else (fan_out, fan_in), **named)
        pairs.append((_oriented(weight, fan_in, fan_out) if first < last else weight, [0.0] * fan_out))
    return pairs


def _divided(weight):
    return weight / math.sqrt(2) if hasattr(weight, "shape") else [[w / math.sqrt(2) for w in row] for row in weight]


def has_gain_everywhere(component, thing):
    """
    Other courses give every layer He's factor 2; the tutorial's first layer, which no ReLU precedes, has 1. What sees
    one layer alone cannot know which one it is.
    """
    names = [plain(p.name) for p in parameters_of(thing)]
    return component == "init_kaiming" and (plain(getattr(thing, "__name__", "")) == "initializeparametershe" or
                                            len(names) > 1 and means(names[0], "inputs") or
                                            _is_per_module(thing) or names[:1] != [] and
                                            names[0] in (*PER_TENSOR, "shape", "size"))


ZEROS, SCALED = {"initializeparameterszeros", "zerosinit", "initzeros"}, {"initializeparametersrandom",
                                                                         "initializeparametersdeep"}
COURSE_SCALES = (0.01, 0.1, 1.0, 10.0)


def remark(component, found):
    """What the report says of a form that is not the tutorial's."""
    if has_gain_everywhere(component, found.thing):
        return " (factor 2 in each layer; the first is compared after a division by sqrt(2))"
    if component == "init_constant" and plain(found.name) in ZEROS:
        return " (compared after the case's number is added to its zeros)"
    if component == "init_normal" and plain(found.name) in SCALED:
        return " (weights compared after a division by its own scale; biases 0)"
    return ""


def _shifted(value, amount):
    return value + amount if hasattr(value, "shape") else [_shifted(v, amount) for v in value] \
        if isinstance(value, list) else value + amount


def _rescaled(pairs, std):
    """
    deeplearning.ai's random initialization has a scale of its own (0.01 or 10) and biases of 0: they are compared as if
    the scale were the case's. Biases of 0 get draws, because the tutorial's are random.
    """
    numpy, made = arrays.numpy(), []
    for weight, bias in pairs:
        measured = float(numpy.sqrt(numpy.mean(numpy.square(weight))))
        scale = min(COURSE_SCALES, key=lambda s: abs(math.log(s / measured)) if measured > 0 else s)
        zero = not numpy.any(bias)
        made.append((weight * (std / scale), numpy.random.normal(0, std, numpy.shape(bias)) if zero else bias))
    return made


def _in_course_form(component, found, inputs, pairs):
    """deeplearning.ai's initializers have no argument for the number or the deviation of a case."""
    if component == "init_constant" and plain(found.name) in ZEROS:
        return [(_shifted(weight, inputs["fill"]), _shifted(bias, inputs["fill"])) for weight, bias in pairs]
    if component == "init_normal" and plain(found.name) in SCALED and found.kind == "numpy":
        return _rescaled(pairs, inputs["std"])
    if has_gain_everywhere(component, found.thing):
        return [(_divided(pairs[0][0]), pairs[0][1]), *pairs[1:]]
    return pairs


def call(workspace, component, found, inputs):
    with seeded(inputs.get("seed", 0), own=_takes_seed(found.thing)):
        names = [p.name for p in parameters_of(found.thing)]
        values = {} if plain(found.name) in ZEROS | SCALED else values_of(component, inputs)
        if not names:
            raise Unfit(f"{found.name} takes no arguments; it gets a model, or a list of sizes")
        if means(names[0], "sizes"):
            pairs = _by_sizes(found, values, inputs)
        elif len(names) > 1 and (means(names[0], "inputs") or means(names[0], "outputs")):
            pairs = _by_layer(found, values, inputs)
        elif plain(names[0]) in ("shape", "size"):
            pairs = _by_shape(found, values, inputs)
        elif found.kind == "torch":
            pairs = _by_torch(found, values, inputs)
        else:
            raise Unfit(f"{found.name} takes {takes(found.thing)}; known are (model), (layer_dims), (fan_in, fan_out)")
        pairs = _in_course_form(component, found, inputs, pairs)
    return dict(zip(output_names(inputs["sizes"]), (value for pair in pairs for value in pair)))
