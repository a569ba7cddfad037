"""The linear layer, the activations, softmax and cross-entropy. Derivatives in PyTorch come from autograd."""
from . import arrays
from .calls import EMPTY, Unfit, constructed, direct, means, named_arguments, own_method, parameters_of, takes
from .names import plain


def is_module(thing):
    return isinstance(thing, type) and hasattr(thing, "named_parameters")


def autograd(loss, tensors, direction=None):
    found = arrays.torch().autograd.grad(loss, tensors, direction, allow_unused=True)
    return [g if g is not None else arrays.torch().zeros_like(t) for g, t in zip(found, tensors)]


def tracked(value):
    return arrays.floats(value, "torch").requires_grad_()


# --- the linear layer -------------------------------------------------------------------------------------------------

def _put(store, key, value):
    """Replaces a parameter by a value of the same orientation."""
    old = store[key] if isinstance(store, dict) else getattr(store, key)
    shape = arrays.shape_of(old)
    if len(shape) == 2 and shape != value.shape and shape == tuple(value.shape[::-1]):
        value = value.T
    value = value.reshape(shape)
    if isinstance(store, dict):
        store[key] = value
    elif hasattr(old, "data") and hasattr(old, "requires_grad"):
        old.data = value
    else:
        setattr(store, key, value)


def _keys(store):
    has = (lambda key: key in store) if isinstance(store, dict) else (lambda key: hasattr(store, key))
    for pair in (("weight", "bias"), ("weights", "biases"), ("W", "b"), ("w", "b")):
        if all(has(key) for key in pair):
            return pair
    return None


def _layer(found, inputs):
    """The submission's layer with the weights of the request, and the place of its parameters and their names."""
    out, fan_in = arrays.shape_of(inputs["weight"])
    layer = constructed_positionally(found, fan_in, out)
    store = getattr(layer, "params", None)
    store = store if isinstance(store, dict) else layer
    keys = _keys(store)
    if keys is None:
        raise Unfit(f"{found.name} has no parameters called weight and bias")
    kind = found.kind if found.kind == "torch" else "numpy"
    _put(store, keys[0], arrays.floats(inputs["weight"], kind))
    _put(store, keys[1], arrays.floats(inputs.get("bias", [0.0] * out), kind))
    return layer, store, keys


def constructed_positionally(found, fan_in, fan_out):
    required = [p for p in parameters_of(found.thing) if p.default is EMPTY]
    if len(required) != 2:
        raise Unfit(f"{found.name} wants {takes(found.thing)}; assay gives (in_features, out_features)")
    if means(required[0].name, "outputs"):
        fan_in, fan_out = fan_out, fan_in
    return found.thing(fan_in, fan_out)


def _affine(found, inputs, function):
    """(x, w, b) with w as [in][out] (CS231n), or as [out][in] if its name is `weight`, as in PyTorch."""
    x, w = arrays.floats(inputs["x"], found.kind), arrays.floats(inputs["weight"], found.kind)
    b = arrays.floats(inputs.get("bias", [0.0] * len(inputs["weight"])), found.kind)
    if plain(parameters_of(function)[0].name).startswith("a"):
        raise Unfit(f"{found.name} takes {takes(function)}: the examples are columns there, which assay cannot grade")
    rows = plain(parameters_of(function)[1].name) == "weight"
    return function(x, w if rows else arrays.transposed(w), b), rows


def linear_forward(workspace, found, inputs):
    if isinstance(found.thing, type):
        layer, _, _ = _layer(found, inputs)
        x = arrays.floats(inputs["x"], found.kind)
        result = layer(x) if callable(layer) else layer.forward(x)
        return {"y": layer.output if result is None else result}
    outputs = direct(found.thing, inputs, ("y",), found.kind)
    if outputs is None:
        outputs = {"y": _affine(found, inputs, found.thing)[0]}
    y = outputs["y"]
    return {"y": y[0] if isinstance(y, tuple) else y}


def _layer_backward(found, inputs):
    layer, store, keys = _layer(found, inputs)
    x, dy = arrays.floats(inputs["x"], found.kind), arrays.floats(inputs["dy"], found.kind)
    if is_module(found.thing):
        x.requires_grad_()
        parameters = [getattr(store, key) for key in keys]
        gradients = autograd(layer(x), [x, *parameters], dy)
    else:
        layer.forward(x)
        dx = layer.backward(dy)
        kept = getattr(layer, "grads", layer)
        names = keys if isinstance(kept, dict) else ["d" + key for key in keys]
        read = kept.__getitem__ if isinstance(kept, dict) else lambda key: getattr(kept, key)
        gradients = [layer.dinputs if dx is None else dx, *(read(name) for name in names)]
    dx, dweight, dbias = gradients
    if arrays.shape_of(dweight) != arrays.shape_of(inputs["weight"]):
        dweight = dweight.T
    return {"dx": dx, "dweight": dweight, "dbias": dbias.reshape(-1)}


def linear_backward(workspace, found, inputs):
    if isinstance(found.thing, type):
        return _layer_backward(found, inputs)
    outputs = direct(found.thing, inputs, ("dx", "dweight", "dbias"), found.kind)
    if outputs is not None:
        return outputs
    if found.forward is None:
        raise Unfit(f"{found.name} needs the cache of a forward function, and there is none")
    (_, cache), rows = _affine(found, inputs, found.forward.thing)
    dx, dw, db = found.thing(arrays.floats(inputs["dy"], found.kind), cache)
    return {"dx": dx, "dweight": dw if rows else arrays.transposed(dw), "dbias": db}


# --- activations ------------------------------------------------------------------------------------------------------

def _slope(inputs):
    return {"slope": inputs["slope"]} if "slope" in inputs else {}


def _each(function, value):
    """A function of one number, applied to all."""
    return [_each(function, v) for v in value] if isinstance(value, list) else function(value)


def _forward_function(found, inputs):
    """A function x -> y from a module, a class with forward, or a function."""
    thing = found.thing
    if isinstance(thing, type):
        made = constructed(thing, found.name, _slope(inputs), []) if _slope(inputs) else thing()
        function = made if callable(made) else made.forward

        def forward(x):
            result = function(x)
            return made.output if result is None else result
        return made, forward
    named = named_arguments(thing, found.name, _slope(inputs), 1) if _slope(inputs) else {}
    return None, lambda x: thing(x, **named)


def activation(workspace, found, inputs):
    _, forward = _forward_function(found, inputs)
    x = arrays.floats(inputs["x"], found.kind)
    return {"y": _apply(found, forward, x)}


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def _apply(found, forward, x):
    if found.kind != "list":
        return _first(forward(x))
    try:
        number = forward(0.5)
    except (TypeError, AttributeError):
        return _first(forward(x))
    return _each(forward, x) if isinstance(number, (int, float)) else _first(forward(x))


def _times(dy, slopes):
    if isinstance(dy, list):
        return [_times(d, s) for d, s in zip(dy, slopes)]
    return dy * slopes


def _by_function(found, inputs):
    """f'(x), f'(y) by the name of the argument, or dx from (dy, cache)."""
    names = [p.name for p in parameters_of(found.thing) if p.default is EMPTY]
    x, dy = arrays.floats(inputs["x"], found.kind), arrays.floats(inputs["dy"], found.kind)
    if len(names) == 1:
        if plain(names[0]) in ("a", "y", "out", "output", "activation", "fx") and found.forward is not None:
            x = _apply(found, _forward_function(found.forward, inputs)[1], x)
        named = named_arguments(found.thing, found.name, _slope(inputs), 1)
        return _times(dy, _apply(found, lambda value: found.thing(value, **named), x))
    if len(names) == 2 and plain(names[0]).startswith(("d", "grad", "up")):
        cache = x
        if found.forward is not None:
            result = _forward_function(found.forward, inputs)[1](x)
            cache = result[1] if isinstance(result, tuple) else x
        return found.thing(dy, cache)
    raise Unfit(f"{found.name} takes {takes(found.thing)}; known are (x), (dout, cache) and (x, dy)")


def activation_gradient(workspace, found, inputs):
    if found.is_gradient:
        outputs = direct(found.thing, inputs, ("dx",), found.kind, needed="dy")
        if outputs is not None:
            return outputs
        return {"dx": _by_function(found, inputs)}
    made, forward = _forward_function(found, inputs)
    dy = arrays.floats(inputs["dy"], found.kind)
    if found.kind == "torch":
        x = tracked(inputs["x"])
        return {"dx": autograd(_first(forward(x * 1)), [x], dy)[0]}
    forward(arrays.floats(inputs["x"], found.kind))
    dx = made.backward(dy)
    return {"dx": made.dinputs if dx is None else dx}


# --- softmax and cross-entropy ----------------------------------------------------------------------------------------

def _softmax_function(found):
    if isinstance(found.thing, type):
        made = constructed_dim(found)
        return made, made if callable(made) else made.forward
    axis = next((p for p in parameters_of(found.thing)[1:] if plain(p.name) in ("dim", "axis")), None)
    named = {} if axis is None else {axis.name: 1}
    return None, lambda x: found.thing(x, **named)


def constructed_dim(found):
    axis = next((p for p in parameters_of(found.thing) if plain(p.name) in ("dim", "axis")), None)
    return found.thing() if axis is None else found.thing(**{axis.name: 1})


def _rows(function, logits):
    """A list: the whole matrix, or else each row alone."""
    try:
        result = function([list(row) for row in logits])
        if arrays.shape_of(result) == arrays.shape_of(logits):
            return result
    except (TypeError, ValueError):
        pass
    return [function(list(row)) for row in logits]


def softmax(workspace, found, inputs):
    made, function = _softmax_function(found)
    logits = arrays.floats(inputs["logits"], found.kind)
    if found.kind == "list":
        return {"probabilities": _rows(function, logits)}
    result = _first(function(logits))
    return {"probabilities": made.output if result is None else result}


class CrossEntropy:
    """A cross-entropy of logits, or of probabilities after the submission's softmax; labels as numbers or one-hot."""

    def __init__(self, found):
        self.found, self.softmax, self.made = found, None, None
        if isinstance(found.thing, type):
            self.made = found.thing()
            self.function = self.made if callable(self.made) else self.made.forward
        else:
            self.function = found.thing
        names = [p.name for p in parameters_of(self.function)]
        self.swapped = len(names) > 1 and means(names[0], "labels")
        self.names = names
        of = plain(names[1 if self.swapped else 0]) if names else ""
        numpy_module = self.made is not None and hasattr(found.thing, "backward") and found.kind == "numpy"
        if means(of, "probabilities") or numpy_module and found.softmax is not None and \
                plain(found.thing.__name__) == "crossentropymodule":
            self.softmax = self._own_softmax()
        self.one_hot = self._wants_one_hot()

    def _own_softmax(self):
        if self.found.softmax is None:
            raise Unfit(f"{self.found.name} takes probabilities, and there is no softmax")
        return _softmax_function(self.found.softmax)

    def call(self, function, values, labels):
        return function(labels, values) if self.swapped else function(values, labels)

    def _wants_one_hot(self):
        """Tries it with three rows of two classes: labels as numbers do not fit where one-hot rows are wanted."""
        if any("onehot" in plain(name) for name in self.names):
            return True
        rows = arrays.floats([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], self.found.kind)
        try:
            result = self.call(self.function, rows, arrays.given([0, 1, 1], self.found.kind))
            return arrays.shape_of(_first(result)) not in ((), (1,), (3,), (3, 1))  # one loss, or one for each row
        except Exception:
            return True

    def labels(self, labels, classes):
        if self.one_hot:
            return arrays.floats([[float(c == label) for c in range(classes)] for label in labels], self.found.kind)
        return arrays.given(labels, self.found.kind)

    def values(self, logits):
        if self.softmax is None:
            return logits
        if self.found.kind == "numpy":  # a probability that underflows is the interface's fault, not the submission's
            logits = logits.astype(arrays.numpy().longdouble)
        result = _first(self.softmax[1](logits))
        return self.softmax[0].output if result is None else result


def _loss_of(result):
    value = _first(result)
    return value.reshape(()) if hasattr(value, "reshape") and arrays.shape_of(value) in ((1,), (1, 1)) else value


def cross_entropy(workspace, found, inputs):
    outputs = direct(found.thing, inputs, ("loss",), found.kind)
    if outputs is not None and found.softmax is None:
        return {"loss": _loss_of(outputs["loss"])}
    loss = CrossEntropy(found)
    labels = loss.labels(inputs["labels"], len(inputs["logits"][0]))
    return {"loss": _loss_of(loss.call(loss.function, loss.values(arrays.floats(inputs["logits"], found.kind)),
                                       labels))}


def cross_entropy_gradient(workspace, found, inputs):
    if found.is_gradient:
        outputs = direct(found.thing, inputs, ("dlogits",), found.kind)
        if outputs is None:
            raise Unfit(f"{found.name} takes {takes(found.thing)}; known is (logits, labels)")
        return outputs
    loss = CrossEntropy(found)
    labels = loss.labels(inputs["labels"], len(inputs["logits"][0]))
    if found.kind == "torch":
        logits = tracked(inputs["logits"])
        return {"dlogits": autograd(_loss_of(loss.call(loss.function, loss.values(logits), labels)), [logits])[0]}
    values = loss.values(arrays.floats(inputs["logits"], found.kind))
    result = loss.call(loss.function, values, labels)
    if loss.made is None:
        return {"dlogits": result[1]}  # CS231n: the loss and its gradient
    dvalues = loss.call(loss.made.backward, values, labels)
    if loss.softmax is None:
        return {"dlogits": dvalues}
    return {"dlogits": loss.softmax[0].backward(dvalues)}
