"""The linear layer, the activations, softmax and cross-entropy. Derivatives in PyTorch come from autograd."""
import math

from . import arrays
from .calls import EMPTY, NotThisCase, Unfit, constructed, direct, means, named_arguments, parameters_of, takes
from .initializers import PAIRS
from .names import plain


def is_module(thing):
    return isinstance(thing, type) and hasattr(thing, "named_parameters")


def autograd(loss, tensors, direction=None):
    """Gradients, with the precision of what they are derivatives of: a float32 within makes them no better."""
    if direction is not None:
        direction = direction.to(loss.dtype)
    found = arrays.torch().autograd.grad(loss, tensors, direction, allow_unused=True)
    return [g.to(loss.dtype) if g is not None else arrays.torch().zeros_like(t) for g, t in zip(found, tensors)]


def tracked(value):
    return arrays.floats(value, "torch").requires_grad_()


# --- the linear layer -------------------------------------------------------------------------------------------------

def keys_of(store):
    """What a layer (or its dictionary of parameters) calls its weight and its bias."""
    has = (lambda key: key in store) if isinstance(store, dict) else (lambda key: hasattr(store, key))
    return next((pair for pair in PAIRS if all(has(key) for key in pair)), None)


def store_of(layer):
    params = getattr(layer, "params", None)
    return params if isinstance(params, dict) else layer


def read(store, key):
    return store[key] if isinstance(store, dict) else getattr(store, key)


def write(store, key, value):
    old = read(store, key)
    if isinstance(store, dict):
        store[key] = value
    elif hasattr(old, "requires_grad"):
        old.data = value
    else:
        setattr(store, key, value)


def put(store, keys, weight, bias, in_out):
    """Replaces a layer's parameters; the weight is transposed where the layer has it as [in][out]."""
    write(store, keys[0], weight.T if in_out else weight)
    old = read(store, keys[1])
    write(store, keys[1], bias if old is None else bias.reshape(arrays.shape_of(old)))


def gradients_of(layer, keys):
    """The gradients that a layer keeps after backward: grads["weight"], grads["dW"], dweights, dW, grad_W, W_grad."""
    kept = getattr(layer, "grads", layer)
    has = (lambda key: key in kept) if isinstance(kept, dict) else (lambda key: hasattr(kept, key))
    found = []
    for key in keys:
        forms = [f"d{key}", f"grad_{key}", f"{key}_grad", f"{key}_gradient", f"grad{key}", f"d_{key}"]
        forms = [key, *forms] if kept is not layer else forms
        name = next((form for form in forms if has(form)), None)
        if name is None:
            raise Unfit(f"{type(layer).__name__} keeps no gradient of {key}; known are grads[{key!r}], d{key}, ...")
        found.append(read(kept, name))
    return found


def _takes_parameters(found):
    """A layer that is made of its parameters: Affine(W, b)."""
    required = [p.name for p in parameters_of(found.thing) if p.default is EMPTY]
    return len(required) == 2 and means(required[0], "weight") and means(required[1], "bias")


def _constructed(found, fan_in, fan_out):
    required = [p for p in parameters_of(found.thing) if p.default is EMPTY]
    if _takes_parameters(found):
        zeros = arrays.numpy().zeros if found.kind != "torch" else arrays.torch().zeros
        in_out = plain(required[0].name) != "weight"
        return found.thing(zeros((fan_in, fan_out) if in_out else (fan_out, fan_in)), zeros((fan_out,)))
    if len(required) != 2:
        raise Unfit(f"{found.name} wants {takes(found.thing)}; assay gives (in_features, out_features)")
    if means(required[0].name, "outputs"):
        fan_in, fan_out = fan_out, fan_in
    return found.thing(fan_in, fan_out)


def _weight_is_in_out(found):
    """Whether the layer has its weight as [in][out]: a layer of 2 inputs and 3 outputs shows it."""
    probe = _constructed(found, 2, 3)
    store = store_of(probe)
    keys = keys_of(store)
    if keys is None:
        raise Unfit(f"{found.name} has no parameters called weight and bias")
    return arrays.shape_of(read(store, keys[0])) == (2, 3)


def _layer(found, inputs):
    """The submission's layer with the weights of the request, its parameters' place and names, and their order."""
    out, fan_in = arrays.shape_of(inputs["weight"])
    in_out = _weight_is_in_out(found)
    layer = _constructed(found, fan_in, out)
    store, kind = store_of(layer), found.kind if found.kind == "torch" else "numpy"
    keys = keys_of(store)
    bias = arrays.floats(inputs.get("bias", [0.0] * out), kind)
    put(store, keys, arrays.floats(inputs["weight"], kind), bias, in_out)
    return layer, store, keys, in_out


class Form:
    """How a linear function takes its arguments: examples as columns (deeplearning.ai), and the weight as [in][out]."""

    def __init__(self, columns, in_out):
        self.columns, self.in_out = columns, in_out

    def arguments(self, inputs, kind):
        x, weight = arrays.floats(inputs["x"], kind), arrays.floats(inputs["weight"], kind)
        bias = arrays.floats(inputs.get("bias", [0.0] * len(inputs["weight"])), kind)
        if self.columns:
            column = bias.reshape(-1, 1) if hasattr(bias, "reshape") else [[b] for b in bias]
            return arrays.transposed(x), weight, column
        return x, arrays.transposed(weight) if self.in_out else weight, bias

    def turned(self, value):
        return arrays.transposed(value) if self.columns else value


PROBE = {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]], "bias": [0.5, -0.5, 0.25, 2.0],
         "weight": [[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [3.0, 1.0, 0.0], [1.0, 1.0, 1.0]]}


def _form(found, function):
    """
    By the names: (A_prev, W, b) has columns, and `weight` is [out][in], as in PyTorch; (x, w, b) of CS231n is
    [in][out]. Where that form cannot be computed, the first one that can.
    """
    names = [p.name for p in parameters_of(function)]
    if len(names) < 3:
        raise Unfit(f"{found.name} takes {takes(function)}; known is (x, weight, bias)")
    columns = Form(True, False)
    usual = columns if plain(names[0]).startswith("a") else Form(False, plain(names[1]) != "weight")
    for form in (usual, Form(False, True), Form(False, False), columns):
        try:
            y = form.turned(_first(function(*form.arguments(PROBE, found.kind))))
            if arrays.shape_of(y) == (2, 4):
                return form
        except (ValueError, TypeError, IndexError, RuntimeError, AssertionError):
            pass
    return usual


def linear_forward(workspace, found, inputs):
    if isinstance(found.thing, type):
        layer = _layer(found, inputs)[0]
        x = arrays.floats(inputs["x"], found.kind)
        result = layer(x) if callable(layer) else layer.forward(x)
        return {"y": layer.output if result is None and hasattr(layer, "output") else result}
    outputs = direct(found.thing, inputs, ("y",), found.kind)
    if outputs is None:
        form = _form(found, found.thing)
        y = _first(found.thing(*form.arguments(inputs, found.kind)))
        outputs = {"y": y if y is None else form.turned(y)}
    return {"y": _first(outputs["y"])}


def _layer_backward(found, inputs):
    layer, store, keys, in_out = _layer(found, inputs)
    x, dy = arrays.floats(inputs["x"], found.kind), arrays.floats(inputs["dy"], found.kind)
    if is_module(found.thing):
        x.requires_grad_()
        dx, dweight, dbias = autograd(layer(x), [x, *(read(store, key) for key in keys)], dy)
    else:
        (layer if callable(layer) and not hasattr(layer, "forward") else layer.forward)(x)
        dx = layer.backward(dy)
        if isinstance(dx, tuple) and len(dx) == 3:
            dx, dweight, dbias = dx
        else:
            dx = layer.dinputs if dx is None and hasattr(layer, "dinputs") else dx
            dweight, dbias = gradients_of(layer, keys)
    if dweight is None or dbias is None:
        return {"dx": dx, "dweight": dweight, "dbias": dbias}
    return {"dx": dx, "dweight": dweight.T if in_out else dweight, "dbias": dbias.reshape(-1)}


def _averages(found, forward, form):
    """Whether a backward function divides by the number of rows: two equal rows then give what one gives."""
    gradients = []
    for rows in (1, 2):
        inputs = {**PROBE, "x": PROBE["x"][:1] * rows}
        _, cache = forward(*form.arguments(inputs, found.kind))
        dy = form.turned(arrays.floats([[1.0, -2.0, 0.5, 3.0]] * rows, found.kind))
        gradients.append([form.turned(g) for g in found.thing(dy, cache)[1:3]])
    return all(abs(float(a.sum()) - float(b.sum())) < 1e-9 * (1 + abs(float(a.sum()))) for a, b in zip(*gradients))


def _backward_by_names(found, inputs):
    """A backward function of dy, x and W, with W as [out][in]; None: it has other arguments."""
    given = {"dy": inputs["dy"], "x": inputs["x"], "weight": inputs["weight"], "bias": [0.0] * len(inputs["weight"])}
    named = {}
    for parameter in parameters_of(found.thing):
        name = plain(parameter.name)
        role = "dy" if name in ("dy", "dout", "grad", "delta", "upstream", "gradoutput", "gradout") else \
            "weight" if name in ("w", "weight", "weights") else \
            "x" if name in ("x", "input", "inputs") else "bias" if name in ("b", "bias") else None
        if role is None or role in named.values():
            return None
        named[parameter.name] = role
    if not {"dy", "x", "weight"} <= set(named.values()):
        return None
    in_out = found.forward is not None and not isinstance(found.forward.thing, type) and \
        _form(found.forward, found.forward.thing).in_out
    if in_out:
        given["weight"] = [list(column) for column in zip(*given["weight"])]
    dx, dweight, dbias = found.thing(**{name: arrays.floats(given[role], found.kind) for name, role in named.items()})
    return {"dx": dx, "dweight": arrays.transposed(dweight) if in_out and dweight is not None else dweight,
            "dbias": dbias.reshape(-1) if hasattr(dbias, "reshape") else dbias}


def linear_backward(workspace, found, inputs):
    if isinstance(found.thing, type):
        return _layer_backward(found, inputs)
    outputs = direct(found.thing, inputs, ("dx", "dweight", "dbias"), found.kind)
    if outputs is not None:
        return outputs
    outputs = _backward_by_names(found, inputs)
    if outputs is not None:
        return outputs
    if found.forward is None or isinstance(found.forward.thing, type):
        raise Unfit(f"{found.name} needs the cache of a forward function, and there is none")
    forward = found.forward.thing
    form = _form(found.forward, forward)
    result = forward(*form.arguments(inputs, found.kind))
    if not isinstance(result, tuple) or len(result) < 2:
        raise Unfit(f"{found.name} needs the cache of {found.forward.name}, which returns no pair (y, cache)")
    dy, rows = arrays.floats(inputs["dy"], found.kind), 1
    if form.columns and _averages(found, forward, form):
        rows = len(inputs["dy"])  # dZ is not divided by the rows there: dW and db are
    dx, dweight, dbias = found.thing(form.turned(dy * rows if rows > 1 else dy), result[1])
    if dx is None or dweight is None or dbias is None:
        return {"dx": dx, "dweight": dweight, "dbias": dbias}
    dx = form.turned(dx)
    return {"dx": dx / rows if rows > 1 else dx, "dweight": arrays.transposed(dweight) if form.in_out else dweight,
            "dbias": dbias.reshape(-1) if hasattr(dbias, "reshape") else dbias}


# --- activations ------------------------------------------------------------------------------------------------------

def _slope(inputs):
    return {"slope": inputs["slope"]} if "slope" in inputs else {}


def _each(function, value):
    """A function of one number, applied to all."""
    return [_each(function, v) for v in value] if isinstance(value, list) else function(value)


def _is_autograd_function(thing):
    return isinstance(thing, type) and arrays.torch() is not None and \
        issubclass(thing, arrays.torch().autograd.Function)


def _forward_function(found, inputs):
    """A function x -> y from a module, a class with forward, or a function."""
    thing = found.thing
    if _is_autograd_function(thing):
        return None, lambda x: thing.apply(x, *_slope(inputs).values())
    if isinstance(thing, type):
        made = constructed(thing, found.name, _slope(inputs), [])
        function = made if callable(made) else getattr(made, "forward", None)
        if function is None:
            raise Unfit(f"class {found.name} has no forward")

        def forward(x):
            result = function(x)
            return made.output if result is None and hasattr(made, "output") else result
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


OUTPUT_NAMES = {"a", "y", "out", "output", "activation", "fx", "s", "sig", "activated"}


def flag_of(thing):
    """The argument of f(x, derivative=False) that asks for the derivative, or None."""
    names = [p.name for p in parameters_of(thing)[1:] if not means(p.name, "gradient")]
    return next((name for name in names if plain(name).startswith(("deriv", "grad", "prime", "diff"))), None)


def _value_for(found, inputs, name, x):
    """What an argument of a derivative means: the input, the output, or what the forward function keeps."""
    if found.forward is None or plain(name) not in OUTPUT_NAMES | {"cache", "activationcache"}:
        return x
    result = _forward_function(found.forward, inputs)[1]
    if plain(name) in OUTPUT_NAMES:
        return _apply(found, result, x)
    result = result(x)
    return result[1] if isinstance(result, tuple) else x


def _by_function(found, inputs):
    """f'(x), f'(y) by the name of the argument, or dx from (dy, cache), (dy, x) or (x, dy)."""
    names = [p.name for p in parameters_of(found.thing) if p.default is EMPTY and not
             ("slope" in inputs and means(p.name, "slope") and p is not parameters_of(found.thing)[0])]
    x, dy = arrays.floats(inputs["x"], found.kind), arrays.floats(inputs["dy"], found.kind)
    named = named_arguments(found.thing, found.name, _slope(inputs), len(names), names)
    if len(names) == 1:
        value = _value_for(found, inputs, names[0], x)
        return _times(dy, _apply(found, lambda v: found.thing(v, **named), value))
    upstream = [plain(name).startswith(("d", "grad", "up", "err", "delta")) for name in names]
    if len(names) == 2 and sum(upstream) == 1:
        value = _value_for(found, inputs, names[upstream.index(False)], x)
        return found.thing(*((dy, value) if upstream[0] else (value, dy)), **named)
    raise Unfit(f"{found.name} takes {takes(found.thing)}; known are (x), (dout, cache) and (x, dy)")


def _defines_a_derivative(workspace):
    return any(_is_autograd_function(thing) and workspace.is_own(thing) for thing in list(workspace.names.values()))


def _at_the_kink(forward, inputs, x, dy, dx):
    """
    At 0 autograd takes the derivative from one side, or between both, depending on the function that was called (clamp,
    maximum, where). The submission does not choose it, so any of them counts as the convention's, that of the left.
    """
    slope, torch = inputs.get("slope", 0.0), arrays.torch()
    sides = []
    for side in (-1e-3, 1e-3):
        at = torch.full_like(x, side).requires_grad_()
        sides.append(autograd(_first(forward(at * 1)), [at], torch.ones_like(x))[0])
    left, right = sides
    between = (dx - torch.minimum(left * dy, right * dy) >= -1e-9) & (dx - torch.maximum(left * dy, right * dy) <= 1e-9)
    usual = ((left - slope).abs() < 1e-6) & ((right - 1).abs() < 1e-6)
    other = ((left - 1).abs() < 1e-6) & ((right - slope).abs() < 1e-6)
    return torch.where((x == 0) & (usual | other) & between, left * dy, dx)


def activation_gradient(workspace, found, inputs):
    dy = arrays.floats(inputs["dy"], found.kind)
    if found.is_gradient:
        outputs = direct(found.thing, inputs, ("dx",), found.kind, needed="dy")
        return {"dx": _by_function(found, inputs)} if outputs is None else outputs
    made, forward = _forward_function(found, inputs)
    if made is None and flag_of(found.thing) is not None:
        x = arrays.floats(inputs["x"], found.kind)
        return {"dx": _times(dy, _apply(found, lambda v: found.thing(v, **{flag_of(found.thing): True}), x))}
    if found.kind == "torch":
        x = tracked(inputs["x"])
        dx = autograd(_first(forward(x * 1)), [x], dy)[0]
        has_kink = found.component in ("relu_gradient", "leaky_relu_gradient")
        if has_kink and not _defines_a_derivative(workspace):
            dx = _at_the_kink(forward, inputs, x.detach(), dy, dx)
        return {"dx": dx}
    forward(arrays.floats(inputs["x"], found.kind))
    dx = made.backward(dy)
    return {"dx": made.dinputs if dx is None and hasattr(made, "dinputs") else dx}


# --- softmax and cross-entropy ----------------------------------------------------------------------------------------

def _softmax_function(found):
    if isinstance(found.thing, type):
        made = _constructed_with_axis(found)
        return made, made if callable(made) else made.forward
    axis = next((p for p in parameters_of(found.thing)[1:] if plain(p.name) in ("dim", "axis")), None)
    named = {} if axis is None else {axis.name: 1}
    return None, lambda x: found.thing(x, **named)


def _constructed_with_axis(found):
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


def _call_softmax(found, made, function, logits):
    if found.kind == "list":
        return _rows(function, logits)
    result = _first(function(logits))
    return made.output if result is None and hasattr(made, "output") else result


def softmax(workspace, found, inputs):
    made, function = _softmax_function(found)
    return {"probabilities": _call_softmax(found, made, function, arrays.floats(inputs["logits"], found.kind))}


class OwnSoftmax:
    """The submission's softmax."""

    def __init__(self, found):
        self.found = found
        self.made, self.function = _softmax_function(found)

    def forward(self, logits):
        return _call_softmax(self.found, self.made, self.function, logits)

    def backward(self, probabilities, upstream):
        if hasattr(self.made, "backward"):
            dlogits = self.made.backward(upstream)
            return self.made.dinputs if dlogits is None and hasattr(self.made, "dinputs") else dlogits
        return UsualSoftmax.backward(self, probabilities, upstream)


class UsualSoftmax:
    """For a cross-entropy of probabilities where the submission has no softmax."""

    def __init__(self, found):
        self.kind = found.kind

    def forward(self, logits):
        if self.kind == "torch":
            return arrays.torch().softmax(logits, 1)
        if self.kind == "numpy":
            numpy = arrays.numpy()
            e = numpy.exp(logits - logits.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)
        exponentials = [[math.exp(z - max(row)) for z in row] for row in logits]
        return [[e / sum(row) for e in row] for row in exponentials]

    def backward(self, probabilities, upstream):
        if not hasattr(upstream, "shape"):
            raise Unfit("a gradient with respect to probabilities, as lists: assay needs one of the logits")
        return probabilities * (upstream - (upstream * probabilities).sum(1).reshape(-1, 1))


class CrossEntropy:
    """A cross-entropy of logits, or of probabilities after a softmax; labels as numbers or one-hot."""

    def __init__(self, found):
        self.found, self.softmax, self.made = found, None, None
        if isinstance(found.thing, type):
            self.made = found.thing()
            usual = getattr(self.made, "calculate", None) or getattr(self.made, "forward", None)
            self.function = self.made if callable(self.made) else usual
            if self.function is None:
                raise Unfit(f"class {found.name} has no forward")
        else:
            self.function = found.thing
        asked = getattr(self.made, "forward", self.function)
        self.names = [p.name for p in parameters_of(asked)]
        self.swapped = len(self.names) > 1 and means(self.names[0], "labels") and not means(self.names[1], "labels")
        of = self.names[1 if self.swapped else 0] if self.names else ""
        if means(of, "labels"):  # (y, t): either may be meant
            of = "probabilities" if self._fits_probabilities() else "logits"
        module_after_softmax = found.kind == "numpy" and found.softmax is not None and self.made is not None and \
            hasattr(found.thing, "backward") and plain(found.thing.__name__) == "crossentropymodule"
        if means(of, "probabilities") or module_after_softmax:
            self.softmax = OwnSoftmax(found.softmax) if found.softmax is not None else UsualSoftmax(found)
        self.one_hot = self._wants_one_hot()

    def call(self, function, values, labels):
        return function(labels, values) if self.swapped else function(values, labels)

    def _fits_probabilities(self):
        """Whether what it gives is nearer to the loss of probabilities than to that of logits."""
        rows, labels = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], [0, 1]
        of_probabilities = -(math.log(0.7) + math.log(0.3)) / 2
        of_logits = sum(math.log(sum(math.exp(v) for v in row)) - row[k] for row, k in zip(rows, labels)) / 2
        try:
            given = arrays.floats(rows, self.found.kind), arrays.given(labels, self.found.kind)
            loss = float(_first(self.function(*given)))
        except Exception:
            return False
        return abs(loss - of_probabilities) < abs(loss - of_logits)

    def _wants_one_hot(self):
        """Tries it with three rows of two classes: labels as numbers do not fit where one-hot rows are wanted."""
        if any("onehot" in plain(name) for name in self.names):
            return True
        rows = arrays.floats([[0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], self.found.kind)
        try:
            result = _first(self.call(self.function, rows, arrays.given([0, 1, 1], self.found.kind)))
            return arrays.shape_of(result) not in ((), (1,), (3,), (3, 1), (3, 2))  # one loss, or one for each row
        except NotImplementedError:
            raise
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
        return self.softmax.forward(logits)


def _loss_of(result):
    value = _first(result)
    return value.reshape(()) if hasattr(value, "reshape") and arrays.shape_of(value) in ((1,), (1, 1)) else value


def _is_binary(found):
    """deeplearning.ai: cost(AL, Y), where AL is the probability of class 1 for each example, [1][examples]."""
    names = [plain(p.name) for p in parameters_of(found.thing)[:2]] if found.what == "function" else []
    return plain(found.name) == "computecost" or names[:1] in (["al"], ["a2"], ["a3"])


def _binary_cost(found, inputs):
    """
    A case with any number of classes as one with two: the label's class against all others. An example whose label is
    likely may as well be one of the others, where Y is 0: so both terms of the cost are used.
    """
    numpy = arrays.numpy()
    labels = numpy.array(inputs["labels"])
    logits = numpy.array(inputs["logits"], dtype=numpy.longdouble)
    p = UsualSoftmax(found).forward(logits)[numpy.arange(len(labels)), labels]
    if p.max() >= 1 - numpy.finfo(numpy.longdouble).eps:
        raise NotThisCase(f"{found.name} takes log(1 - AL), and AL is 1 here")
    y = numpy.where((p > 0.5) | (p < 0.1), 1.0, numpy.arange(len(labels)) % 2)
    return found.thing(numpy.where(y == 1, p, 1 - p).reshape(1, -1), y.reshape(1, -1))


def cross_entropy(workspace, found, inputs):
    if _is_binary(found) and found.kind == "numpy":
        return {"loss": _loss_of(_binary_cost(found, inputs))}
    outputs = direct(found.thing, inputs, ("loss",), found.kind)
    if outputs is not None and found.softmax is None:
        return {"loss": _loss_of(outputs["loss"])}
    loss = CrossEntropy(found)
    labels = loss.labels(inputs["labels"], len(inputs["logits"][0]))
    return {"loss": _loss_of(loss.call(loss.function, loss.values(arrays.floats(inputs["logits"], found.kind)),
                                       labels))}


def _is_gradient_of_logits(result):
    """Each row of a gradient with respect to logits adds up to 0; with respect to probabilities it does not."""
    return abs(float(result[0].sum())) < 1e-6 * (1 + float(abs(result[0]).sum()))


def _function_gradient(found, inputs):
    """A function of (logits, labels), or of (probabilities, labels)."""
    outputs = direct(found.thing, inputs, ("dlogits",), found.kind)
    if outputs is not None:
        return outputs
    loss = CrossEntropy(found)
    if len([p for p in parameters_of(found.thing) if p.default is EMPTY]) != 2:
        raise Unfit(f"{found.name} takes {takes(found.thing)}; known is (logits, labels)")
    labels = loss.labels(inputs["labels"], len(inputs["logits"][0]))
    values = loss.values(arrays.floats(inputs["logits"], found.kind))
    result = _first(loss.call(found.thing, values, labels))
    if loss.softmax is not None and hasattr(result, "sum") and not _is_gradient_of_logits(result):
        result = loss.softmax.backward(values, result)
    return {"dlogits": result}


def cross_entropy_gradient(workspace, found, inputs):
    if found.is_gradient:
        return _function_gradient(found, inputs)
    loss = CrossEntropy(found)
    labels = loss.labels(inputs["labels"], len(inputs["logits"][0]))
    if found.kind == "torch":
        logits = tracked(inputs["logits"])
        value = _loss_of(loss.call(loss.function, loss.values(logits), labels))
        return {"dlogits": autograd(value.sum() if value.ndim else value, [logits])[0]}
    values = loss.values(arrays.floats(inputs["logits"], found.kind))
    result = loss.call(loss.function, values, labels)
    if loss.made is None:
        if not isinstance(result, tuple) or len(result) < 2:
            raise NotImplementedError  # it gives the loss alone
        return {"dlogits": result[1]}  # CS231n: the loss and its gradient
    wanted = [p for p in parameters_of(loss.made.backward) if p.default is EMPTY]
    if not wanted:
        dvalues = loss.made.backward()
    else:
        kept = getattr(loss.made, "output", values) if loss.softmax is None else values
        dvalues = loss.call(loss.made.backward, kept, labels)
    dvalues = loss.made.dinputs if dvalues is None and hasattr(loss.made, "dinputs") else dvalues
    if loss.softmax is None or dvalues is None:
        return {"dlogits": dvalues}
    return {"dlogits": loss.softmax.backward(values, dvalues)}


def remark(component, found):
    """What the report says of a form that is not the protocol's."""
    forward = found.forward if component == "linear_backward" else found
    if component in ("linear_forward", "linear_backward") and forward is not None and forward.what == "function":
        first = [plain(p.name) for p in parameters_of(forward.thing)[:1]]
        if first and first[0].startswith("a"):
            return " (examples are columns" + ("; dZ times the number of rows)" if forward is not found else ")")
    if component == "cross_entropy" and _is_binary(found):
        return " (two classes: the label's against the others)"
    return ""
