"""Networks in NumPy: UvA's MLP of modules, CS231n's loss(X, y), and deeplearning.ai's L_model_forward and _backward."""
import functools
import re

from . import arrays
from .calls import EMPTY, NotThisCase, Unfit, means, parameters_of, takes
from .layers import gradients_of, keys_of, put, read, store_of
from .names import plain

HIDDEN_ROLES = ("inputs", "outputs", "hidden", "sizes")


def is_network(thing):
    """A class with loss(X, y), or with forward and backward."""
    return isinstance(thing, type) and (hasattr(thing, "loss") or hasattr(thing, "forward") and
                                        hasattr(thing, "backward"))


def backward_of(workspace, name):
    """The function that is a forward function's other half, by its name: L_model_backward."""
    other = re.sub("forward", "backward", name)
    function = workspace.names.get(other)
    return function if other != name and workspace.is_own(function) else None


# --- classes ----------------------------------------------------------------------------------------------------------

def _build(found, sizes):
    """The network of these sizes. NotThisCase: it takes one number of hidden units."""
    parameters = parameters_of(found.thing)
    roles = {p.name: next((role for role in HIDDEN_ROLES if means(p.name, role)), None) for p in parameters}
    required = [p.name for p in parameters if p.default is EMPTY]
    if any(roles[name] is None for name in required):
        raise Unfit(f"{found.name} wants {takes(found.thing)}; assay gives n_inputs, n_hidden and n_classes")
    fixed = {}
    for parameter in parameters:
        if plain(parameter.name) == "dtype":
            fixed[parameter.name] = arrays.numpy().float64
        elif plain(parameter.name) in ("reg", "regularization", "l2", "lambd"):
            fixed[parameter.name] = 0.0
    problem = None
    for hidden in [list(sizes[1:-1])] + ([sizes[1]] if len(sizes) == 3 else []):
        values = {"inputs": sizes[0], "outputs": sizes[-1], "hidden": hidden, "sizes": list(sizes)}
        try:
            return found.thing(**{name: values[role] for name, role in roles.items() if role}, **fixed)
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            problem = problem or error
    if len(sizes) != 3 and "hidden" in roles.values():
        raise NotThisCase(f"{found.name} takes one number of hidden units")
    raise problem


def _floats(inputs, name):
    return arrays.floats(inputs[name], "numpy")


def _number(result):
    """A loss as one number."""
    return result[0] if isinstance(result, tuple) else result


# CS231n: params["W1"] as [in][out], and loss(X, y) gives the loss and its gradients.

def _by_loss(workspace, found, inputs):
    sizes = inputs["sizes"]
    if inputs["activation"] != "relu" and len(sizes) > 2:
        raise NotThisCase(f"{found.name} has ReLU in its code")
    net = _build(found, sizes)
    keys = [(f"W{l + 1}", f"b{l + 1}") for l in range(len(sizes) - 1)]
    params = getattr(net, "params", None)
    if not isinstance(params, dict):
        raise Unfit(f"{found.name} has loss(X, y) and no dictionary params with W1, b1, ...")
    if set(params) != {key for pair in keys for key in pair}:
        raise NotThisCase(f"{found.name} has a number of layers of its own")
    in_out = [arrays.shape_of(params[w]) for w, _ in keys] == list(zip(sizes, sizes[1:]))
    for l, (w, b) in enumerate(keys):
        put(params, (w, b), _floats(inputs, f"weight{l}"), _floats(inputs, f"bias{l}"), in_out)
    loss, grads = net.loss(_floats(inputs, "x"), arrays.given(inputs["labels"], "numpy"))
    outputs = {"loss": loss}
    for l, (w, b) in enumerate(keys):
        w, b = (w, b) if w in grads else ("d" + w, "d" + b)
        outputs[f"dweight{l}"] = grads[w].T if in_out else grads[w]
        outputs[f"dbias{l}"] = grads[b].reshape(-1)
    return outputs


# The same dictionary (or W1, b1, ... as attributes), with forward(X) and backward(dout).

def _by_params(net, found, inputs, params):
    numpy, sizes = arrays.numpy(), inputs["sizes"]
    if inputs["activation"] != "relu" and len(sizes) > 2:
        raise NotThisCase(f"{found.name} has its activation in its code")
    keys = [(f"W{l + 1}", f"b{l + 1}") for l in range(len(sizes) - 1)]
    if not all(w in params and b in params for w, b in keys):
        raise Unfit(f"{found.name} with the sizes {sizes} has the parameters {', '.join(map(str, params))}")
    in_out = [arrays.shape_of(params[w]) for w, _ in keys] == list(zip(sizes, sizes[1:]))
    for l, pair in enumerate(keys):
        put(params, pair, _floats(inputs, f"weight{l}"), _floats(inputs, f"bias{l}"), in_out)
    labels = numpy.array(inputs["labels"])
    loss, upstream = _loss(_number(net.forward(_floats(inputs, "x"))), labels)
    grads = net.backward(upstream)
    grads = grads if isinstance(grads, dict) else getattr(net, "grads", None) or vars(net)
    outputs = {"loss": loss}
    for l, (w, b) in enumerate(keys):
        w, b = (w, b) if w in grads and grads is not params else ("d" + w, "d" + b)
        if w not in grads or b not in grads:
            raise Unfit(f"{found.name}.backward returns no dictionary of gradients, and keeps none in grads or {w}")
        outputs[f"dweight{l}"] = grads[w].T if in_out else grads[w]
        outputs[f"dbias{l}"] = grads[b].reshape(-1)
    return outputs


def _loss(result, labels):
    """The loss of a network's output, which is logits or probabilities, and its gradient with respect to it."""
    numpy = arrays.numpy()
    is_softmax = abs(result.sum(axis=1) - 1).max() < 1e-9 and result.min() >= 0
    probabilities, rows = result if is_softmax else _softmax(result), numpy.arange(len(labels))
    upstream = numpy.zeros_like(probabilities) if is_softmax else probabilities.copy()
    upstream[rows, labels] -= 1 / probabilities[rows, labels] if is_softmax else 1
    return -numpy.log(probabilities[rows, labels]).mean(), upstream / len(labels)


# UvA: a list of modules with forward and backward, and params and grads where they have weights.

class Activation:
    """Takes the place of a network's own activation, for the cases with another one."""

    def __init__(self, name):
        self.name = name

    def forward(self, x):
        numpy = arrays.numpy()
        self.x = x
        return {"relu": lambda: numpy.maximum(x, 0), "tanh": lambda: numpy.tanh(x), "identity": lambda: x}[self.name]()

    __call__ = forward

    def backward(self, dout):
        numpy = arrays.numpy()
        return dout * {"relu": lambda: self.x > 0, "tanh": lambda: 1 - numpy.tanh(self.x) ** 2,
                       "identity": lambda: numpy.ones_like(self.x)}[self.name]()

    def clear_cache(self):
        self.x = None


def _module_kind(module):
    """ "linear", "softmax", "loss", "activation", or None for what is no module."""
    if not hasattr(module, "backward") or not (hasattr(module, "forward") or callable(module)):
        return None
    name = plain(type(module).__name__)
    if keys_of(store_of(module)) is not None:
        return "linear"
    return "softmax" if "softmax" in name else "loss" if "loss" in name or "entropy" in name else "activation"


def _modules(net):
    """The modules of a network, in order, each with a function that replaces it: attributes, and lists of them."""
    found = []
    for key, value in list(vars(net).items()):
        if isinstance(value, list):
            found += [(module, functools.partial(value.__setitem__, i)) for i, module in enumerate(value)]
        elif isinstance(value, dict):
            found += [(module, functools.partial(value.__setitem__, name)) for name, module in value.items()]
        else:
            found.append((value, functools.partial(setattr, net, key)))
    seen, unique = set(), []
    for module, replace in found:
        if _module_kind(module) is not None and (id(module) not in seen or _module_kind(module) == "activation"):
            seen.add(id(module))
            unique.append((module, replace))
    return unique


def _by_modules(workspace, found, inputs):
    sizes = inputs["sizes"]
    net = _build(found, sizes)
    if isinstance(getattr(net, "params", None), dict):
        return _by_params(net, found, inputs, net.params)
    if hasattr(net, "W1"):
        return _by_params(net, found, inputs, vars(net))
    linear = [module for module, _ in _modules(net) if _module_kind(module) == "linear"]
    if len(linear) != len(sizes) - 1:
        raise Unfit(f"{found.name} with the sizes {sizes} has {len(linear)} layers with weight and bias")
    probe = arrays.shape_of(read(store_of(linear[0]), keys_of(store_of(linear[0]))[0]))
    in_out = probe == (sizes[0], sizes[1]) if sizes[0] != sizes[1] else _is_in_out(linear, sizes)
    for l, module in enumerate(linear):
        store = store_of(module)
        put(store, keys_of(store), _floats(inputs, f"weight{l}"), _floats(inputs, f"bias{l}"), in_out)
    for module, replace in _modules(net):
        if _module_kind(module) == "activation" and type(module).__name__.lower()[:4] != inputs["activation"][:4]:
            replace(Activation(inputs["activation"]))
    loss, upstream = _loss(_number(net.forward(_floats(inputs, "x"))), arrays.numpy().array(inputs["labels"]))
    net.backward(upstream)
    outputs = {"loss": loss}
    for l, module in enumerate(linear):
        dweight, dbias = gradients_of(module, keys_of(store_of(module)))
        if dweight is None or dbias is None:
            raise NotImplementedError
        outputs[f"dweight{l}"], outputs[f"dbias{l}"] = dweight.T if in_out else dweight, dbias.reshape(-1)
    return outputs


def _is_in_out(linear, sizes):
    shapes = [arrays.shape_of(read(store_of(module), keys_of(store_of(module))[0])) for module in linear]
    return shapes == list(zip(sizes, sizes[1:])) and shapes != list(zip(sizes[1:], sizes))


def _softmax(logits):
    e = arrays.numpy().exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# --- deeplearning.ai --------------------------------------------------------------------------------------------------

def _by_functions(workspace, found, inputs):
    """
    AL, caches = forward(X, parameters) and grads = backward(AL, Y, caches): examples are columns, ReLU in the hidden
    layers, and one sigmoid. Of two classes the sigmoid's weight is the difference of theirs.
    """
    numpy, sizes = arrays.numpy(), inputs["sizes"]
    last = len(sizes) - 2
    if sizes[-1] != 2 or inputs["activation"] != "relu" and last > 0:
        raise NotThisCase(f"{found.name} has ReLU and one sigmoid")
    parameters = {}
    for l in range(last + 1):
        weight, bias = _floats(inputs, f"weight{l}"), _floats(inputs, f"bias{l}").reshape(-1, 1)
        parameters[f"W{l + 1}"] = weight[1:] - weight[:1] if l == last else weight
        parameters[f"b{l + 1}"] = bias[1:] - bias[:1] if l == last else bias
    x, labels = _floats(inputs, "x").T, numpy.array(inputs["labels"], dtype=float).reshape(1, -1)
    result = found.thing(x, parameters)
    if not isinstance(result, tuple) or len(result) < 2:
        raise Unfit(f"{found.name} returns no pair (AL, caches)")
    al = result[0]
    grads = backward_of(workspace, found.name)(al, labels, result[1])
    outputs = {"loss": -(labels * numpy.log(al) + (1 - labels) * numpy.log(1 - al)).mean()}
    for l in range(last + 1):
        dweight, dbias = grads[f"dW{l + 1}"], grads[f"db{l + 1}"].reshape(-1)
        if l == last:
            dweight, dbias = numpy.vstack([-dweight, dweight]), numpy.concatenate([-dbias, dbias])
        outputs[f"dweight{l}"], outputs[f"dbias{l}"] = dweight, dbias
    return outputs


def network_gradient(workspace, found, inputs):
    if backward_of(workspace, found.name) is not None and not isinstance(found.thing, type):
        names = parameters_of(backward_of(workspace, found.name))
        if len(names) != 3:
            raise Unfit(f"{backward_of(workspace, found.name).__name__} takes {takes(names)}; known is (AL, Y, caches)")
        return _by_functions(workspace, found, inputs)
    if not is_network(found.thing):
        raise Unfit(f"{found.name} is no torch.nn.Module, and has neither loss(X, y) nor forward and backward")
    return (_by_loss if hasattr(found.thing, "loss") else _by_modules)(workspace, found, inputs)


def remark(workspace, found):
    if not isinstance(found.thing, type):
        other = backward_of(workspace, found.name)
        return f" with {other.__name__} (ReLU and one sigmoid: cases with two classes)" if other is not None else ""
    return " (ReLU: cases with ReLU, or without hidden layers)" if hasattr(found.thing, "loss") else ""
