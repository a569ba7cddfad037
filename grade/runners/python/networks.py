"""The network with its gradient, short training runs, and the loss surfaces."""
from . import arrays
from .calls import EMPTY, Unfit, direct, means, parameters_of, takes
from .initializers import layers_of
from .layers import autograd, is_module, tracked
from .optimizers import TorchRule


def _activation(workspace, name, as_class):
    """The submission's own act_fn_by_name, or PyTorch's."""
    known = workspace.names.get("act_fn_by_name")
    nn = arrays.torch().nn
    made = known[name] if isinstance(known, dict) and name in known else \
        {"identity": nn.Identity, "tanh": nn.Tanh, "relu": nn.ReLU}[name]
    return made if as_class or not isinstance(made, type) else made()


def build(workspace, thing, name, sizes, activation):
    """A network of these sizes, by the arguments that its constructor has."""
    arguments = {}
    for parameter in parameters_of(thing):
        if means(parameter.name, "activation"):
            arguments[parameter.name] = _activation(workspace, activation, False)
        elif means(parameter.name, "inputs"):
            arguments[parameter.name] = sizes[0]
        elif means(parameter.name, "outputs"):
            arguments[parameter.name] = sizes[-1]
        elif means(parameter.name, "hidden"):
            arguments[parameter.name] = list(sizes[1:-1])
        elif means(parameter.name, "sizes"):
            arguments[parameter.name] = list(sizes)
        elif parameter.default is EMPTY:
            raise Unfit(f"{name} wants {takes(thing)}; assay gives act_fn, input_size, num_classes and hidden_sizes")
    if not any(means(p, "activation") for p in arguments) and activation != "relu":
        raise Unfit(f"{name} takes {takes(thing)}: no argument for the activation, which is {activation} in this case")
    return thing(**arguments)


def loaded(workspace, found, inputs):
    model = build(workspace, found.thing, found.name, inputs["sizes"], inputs["activation"])
    layers = layers_of(model)
    wanted = list(zip(inputs["sizes"][1:], inputs["sizes"]))
    if [tuple(layer.weight.shape) for layer in layers] != wanted:
        shapes = ", ".join(str(list(layer.weight.shape)) for layer in layers)
        raise Unfit(f"{found.name} with the sizes {inputs['sizes']} has weights of {shapes or 'no layers'}")
    for l, layer in enumerate(layers):
        layer.weight.data = arrays.floats(inputs[f"weight{l}"], "torch")
        layer.bias.data = arrays.floats(inputs[f"bias{l}"], "torch")
    return model, layers


def network_gradient(workspace, found, inputs):
    outputs = direct(found.thing, inputs, (), found.kind)
    if outputs is not None:
        return outputs
    if not is_module(found.thing):
        raise Unfit(f"{found.name} is no torch.nn.Module")
    model, layers = loaded(workspace, found, inputs)
    loss = arrays.torch().nn.functional.cross_entropy(model(arrays.floats(inputs["x"], "torch")),
                                                      arrays.given(inputs["labels"], "torch"))
    loss.backward()
    outputs = {"loss": loss}
    for l, layer in enumerate(layers):
        outputs[f"dweight{l}"], outputs[f"dbias{l}"] = layer.weight.grad, layer.bias.grad
    return outputs


def training(workspace, found, inputs):
    """The submission's network, trained by its own optimizers."""
    optimizer = found.rules[inputs["optimizer"]]
    values = {"learning_rate": inputs["learning_rate"]}
    if inputs["optimizer"] == "momentum":
        values["momentum"] = inputs["beta1"]
    elif inputs["optimizer"] == "adam":
        values.update((name, inputs[name]) for name in ("beta1", "beta2", "epsilon"))
    model, layers = loaded(workspace, found, inputs)
    rule = TorchRule(workspace, optimizer.thing, optimizer.name, values, list(model.parameters()))
    x, labels = arrays.floats(inputs["x"], "torch"), arrays.given(inputs["labels"], "torch")
    losses = []
    for batch in inputs["order"]:
        model.zero_grad()
        loss = arrays.torch().nn.functional.cross_entropy(model(x[batch]), labels[batch])
        loss.backward()
        rule.apply()
        losses.append(loss.item())
    outputs = {"losses": losses}
    for l, layer in enumerate(layers):
        outputs[f"weight{l}"], outputs[f"bias{l}"] = layer.weight, layer.bias
    return outputs


def surface(workspace, found, inputs):
    if found.kind != "torch":
        result = found.thing(arrays.floats(inputs["w1"], found.kind), arrays.floats(inputs["w2"], found.kind))
        if isinstance(result, dict):
            return result
        if not isinstance(result, (tuple, list)) or len(result) != 3:
            raise Unfit(f"{found.name} gives no gradient; without PyTorch it returns (loss, dw1, dw2)")
        return dict(zip(("loss", "dw1", "dw2"), result))
    w1, w2 = tracked(inputs["w1"]), tracked(inputs["w2"])
    loss = found.thing(w1, w2)
    dw1, dw2 = autograd(loss.sum(), [w1, w2])
    return {"loss": loss, "dw1": dw1, "dw2": dw2}
