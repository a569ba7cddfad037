"""The network with its gradient, short training runs, and the loss surfaces. NumPy's networks: numpy_networks.py."""
from . import arrays, numpy_networks
from .calls import EMPTY, NotThisCase, Unfit, direct, means, parameters_of, takes
from .layers import autograd, is_module, tracked
from .names import plain
from .optimizers import TorchRule

LAYERS = ("activation", "inputs", "outputs", "hidden", "sizes")


def roles_of(thing):
    """What each argument of a network's constructor means: {name: "inputs"}; others that it needs are None."""
    return {p.name: next((role for role in LAYERS if means(p.name, role)), None) for p in parameters_of(thing)
            if p.default is EMPTY or any(means(p.name, role) for role in LAYERS)}


def builds(thing):
    """Whether something gives a network of PyTorch: a torch.nn.Module, or a function that is called as one is."""
    return is_module(thing) or not isinstance(thing, type) and _has_all_sizes(thing) and \
        arrays.torch() is not None and arrays.kind_of(thing, ("torch",)) == "torch"


def _has_all_sizes(thing):
    roles = set(roles_of(thing).values())
    return None not in roles and ("sizes" in roles or {"inputs", "outputs", "hidden"} <= roles)


def has_usual_arguments(thing):
    """Whether a torch.nn.Module is built as networks are: by its inputs and outputs, or by all sizes."""
    return is_module(thing) and _has_all_sizes(thing)


# --- the activation ---------------------------------------------------------------------------------------------------

def _known_activations(workspace):
    """The submission's own act_fn_by_name, under any name."""
    return next((value for value in list(workspace.names.values())
                 if isinstance(value, dict) and {"tanh", "relu"} <= set(value)), {})


def _activations(workspace, activation):
    """What an argument called act_fn may be: an object, a class, a name, a function; the submission's own first."""
    torch = arrays.torch()
    usual = {"identity": torch.nn.Identity, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation]
    made = _known_activations(workspace).get(activation, usual)
    own = made() if isinstance(made, type) else made
    return [own, made if isinstance(made, type) else usual, activation,
            {"identity": lambda x: x, "tanh": torch.tanh, "relu": torch.relu}[activation]]


def _replace_activations(model, activation):
    """Puts this activation in the place of the network's own modules; False: it has none."""
    nn = arrays.torch().nn
    made = {"identity": nn.Identity, "tanh": nn.Tanh, "relu": nn.ReLU}[activation]
    replaced = False
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child).__module__ == "torch.nn.modules.activation" and "Softmax" not in type(child).__name__:
                parent._modules[name] = made()
                replaced = True
    return replaced


def _named_activation(thing):
    """The one activation that the code of a network names, or None."""
    words = {name.lower() for code, _ in arrays.codes(thing) for name in code.co_names}
    found = [name for name in ("relu", "tanh") if name in words] + ["other"] * bool(words & {"sigmoid", "elu", "gelu"})
    return found[0] if len(found) == 1 else None


# --- building ---------------------------------------------------------------------------------------------------------

def _hidden_choices(roles, sizes):
    """What an argument for the hidden layers may be: their sizes, or one number if they are alike."""
    if "hidden" not in roles.values():
        return [None]
    return [list(sizes[1:-1])] + ([sizes[1]] if len(set(sizes[1:-1])) == 1 else [])


def _arguments(roles, sizes, activation, hidden):
    values = {"inputs": sizes[0], "outputs": sizes[-1], "sizes": list(sizes), "hidden": hidden,
              "activation": activation}
    return {name: values[role] for name, role in roles.items()}


def _shapes(model):
    return [tuple(weight.shape) for weight, _ in parameters_by_layer(model)]


def parameters_by_layer(model):
    """Pairs of a weight and its bias, in the order of the parameters."""
    pairs, weight = [], None
    for parameter in model.parameters():
        if parameter.ndim == 2 and weight is None:
            weight = parameter
        elif weight is not None and parameter.numel() == max(parameter.shape, default=1):
            pairs.append((weight, parameter))
            weight = None
    return pairs


def _is_built(model, sizes):
    """Whether the weights have these sizes: False: no; else whether they are [out][in] or [in][out]."""
    shapes = _shapes(model)
    if shapes == list(zip(sizes[1:], sizes)):
        return "out_in"
    return "in_out" if shapes == list(zip(sizes, sizes[1:])) else False


def build(workspace, found, sizes, activation):
    """
    The network of these sizes with this activation, and the order of its weights. NotThisCase: it has another form.
    """
    thing, name = found.thing, found.name
    roles = roles_of(thing)
    if None in roles.values():
        raise Unfit(f"{name} wants {takes(thing)}; assay gives act_fn, input_size, num_classes and hidden_sizes")
    takes_activation = "activation" in roles.values()
    problem = shapes = None
    for act in _activations(workspace, activation) if takes_activation else [None]:
        for hidden in _hidden_choices(roles, sizes):
            try:
                model = thing(**_arguments(roles, sizes, act, hidden))
                model(arrays.torch().zeros(2, sizes[0]))
            except (NotImplementedError, NotThisCase):
                raise
            except Exception as error:
                problem = problem or error
                continue
            order = _is_built(model, sizes)
            if order:
                return _with_activation(model, thing, takes_activation, activation, sizes), order
            shapes = shapes or _shapes(model)
    hidden = next((plain(p) for p, role in roles.items() if role == "hidden"), "")
    if "sizes" not in roles.values() and not hidden.endswith(("s", "layers")) and (shapes or len(sizes) != 3):
        raise NotThisCase(f"{name} has a number of layers of its own")
    if shapes is None:
        raise problem
    listed = ", ".join(str(list(shape)) for shape in shapes)
    raise Unfit(f"{name} with the sizes {sizes} has weights of {listed or 'no layers'}")


def _with_activation(model, thing, takes_activation, activation, sizes):
    if takes_activation or len(sizes) == 2 or _replace_activations(model, activation):
        return model
    if (_named_activation(thing) or activation) != activation:
        raise NotThisCase(f"the activation is written into {thing.__name__}")
    return model


def _loaded(workspace, found, inputs):
    sizes = inputs["sizes"]
    model, order = build(workspace, found, sizes, inputs["activation"])
    layers = parameters_by_layer(model)
    for l, (weight, bias) in enumerate(layers):
        value = arrays.floats(inputs[f"weight{l}"], "torch")
        weight.data = (value.T.contiguous() if order == "in_out" else value).to(weight.dtype)
        bias.data = arrays.floats(inputs[f"bias{l}"], "torch").reshape(bias.shape).to(bias.dtype)
    return model, layers, order


def _oriented(weight, order):
    return weight.T if order == "in_out" else weight


def _logits(model, x):
    result = model(x)
    return result[0] if isinstance(result, tuple) else result


def _inputs_like(model, value):
    return arrays.floats(value, "torch").to(next(model.parameters()).dtype)


def network_gradient(workspace, found, inputs):
    outputs = direct(found.thing, inputs, _names(inputs), found.kind)
    if outputs is not None:
        return outputs
    if not builds(found.thing):
        return numpy_networks.network_gradient(workspace, found, inputs)
    model, layers, order = _loaded(workspace, found, inputs)
    loss = arrays.torch().nn.functional.cross_entropy(_logits(model, _inputs_like(model, inputs["x"])),
                                                      arrays.given(inputs["labels"], "torch"))
    loss.backward()
    outputs = {"loss": loss}
    for l, (weight, bias) in enumerate(layers):
        zero = arrays.torch().zeros_like
        outputs[f"dweight{l}"] = _oriented(zero(weight) if weight.grad is None else weight.grad, order)
        outputs[f"dbias{l}"] = (zero(bias) if bias.grad is None else bias.grad).reshape(-1)
    return outputs


def _names(inputs):
    return ("losses", "weights", "biases") if "order" in inputs else ("loss", "dweights", "dbiases")


def training(workspace, found, inputs):
    """The submission's network, trained by its own optimizers."""
    outputs = direct(found.thing, inputs, _names(inputs), found.kind)
    if outputs is not None:
        return outputs
    optimizer = found.rules.get(inputs["optimizer"])
    if optimizer is None:
        raise NotThisCase(f"there is no class for {inputs['optimizer']}")
    values = {"learning_rate": inputs["learning_rate"]}
    if inputs["optimizer"] == "momentum":
        values["momentum"] = inputs["beta1"]
    elif inputs["optimizer"] == "adam":
        values.update((name, inputs[name]) for name in ("beta1", "beta2", "epsilon"))
    model, layers, order = _loaded(workspace, found, inputs)
    rule = TorchRule(workspace, optimizer, values, list(model.parameters()))
    x, labels = _inputs_like(model, inputs["x"]), arrays.given(inputs["labels"], "torch")
    losses = []
    for batch in inputs["order"]:
        model.zero_grad()
        loss = arrays.torch().nn.functional.cross_entropy(_logits(model, x[batch]), labels[batch])
        loss.backward()
        rule.apply()
        losses.append(loss.item())
    outputs = {"losses": losses}
    for l, (weight, bias) in enumerate(layers):
        outputs[f"weight{l}"], outputs[f"bias{l}"] = _oriented(weight, order), bias.reshape(-1)
    return outputs


def remark(workspace, found):
    """Which cases a network of its own form answers."""
    if not builds(found.thing):
        return numpy_networks.remark(workspace, found)
    roles = set(roles_of(found.thing).values())
    parts = [] if "sizes" in roles or "hidden" in roles or None in roles else ["its number of layers is fixed"]
    fixed = _named_activation(found.thing)
    if "activation" not in roles and None not in roles and fixed in ("relu", "tanh"):
        parts.append(f"no argument for the activation: {'ReLU' if fixed == 'relu' else fixed} where it is in the code")
    return f" ({'; '.join(parts)})" if parts else ""


# --- the surfaces -----------------------------------------------------------------------------------------------------

def surface(workspace, found, inputs):
    if found.kind != "torch":
        w1, w2 = arrays.floats(inputs["w1"], found.kind), arrays.floats(inputs["w2"], found.kind)
        result = _values(found, w1, w2)
        gradient = _gradient_function(workspace, found.name)
        if result is not None and gradient is not None and not isinstance(result, (dict, tuple)):
            result = (result, *gradient(w1, w2))
        if isinstance(result, dict):
            return result
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise Unfit(f"{found.name} gives no gradient; without PyTorch it returns (loss, dw1, dw2)")
        return dict(zip(("loss", "dw1", "dw2"), result))
    w1, w2 = tracked(inputs["w1"]), tracked(inputs["w2"])
    loss = _surface_value(found, w1, w2)
    dw1, dw2 = autograd(loss.sum(), [w1, w2])
    return {"loss": loss, "dw1": dw1, "dw2": dw2}


def _values(found, w1, w2):
    """What the function gives for all points; one for numbers is called for each of them."""
    if found.kind != "list":
        return found.thing(w1, w2)
    try:
        return found.thing(w1, w2)
    except TypeError:
        results = [found.thing(a, b) for a, b in zip(w1, w2)]
    return tuple(map(list, zip(*results))) if isinstance(results[0], (tuple, list)) else results


def _gradient_function(workspace, name):
    """The submission's function with the surface's name and "grad": pathological_curve_grad."""
    short = plain(name).replace("loss", "").replace("func", "")
    return next((value for other, value in workspace.names.items() if other != name and short in plain(other) and
                 ("grad" in plain(other) or plain(other).startswith("d")) and workspace.is_own(value)), None)


def _surface_value(found, w1, w2):
    """f(w1, w2), or f(w) of one tensor with both."""
    if len([p for p in parameters_of(found.thing) if p.default is EMPTY]) == 1:
        return found.thing(arrays.torch().stack([w1, w2]))
    return found.thing(w1, w2)
