"""Your submission, in Python with NumPy.

Type `python3 submission.py check` to grade it with the public seed. Grade it as the teacher does with

    assay grade --folder . -- python3 submission.py

You may print: standard output is yours. Delete what you do not want graded.
"""
import numpy as np

import assay

# assay.use(precision=32)  # if you compute in float32: then you are judged with float32's tolerance


# [section]
# --- linear layer: weight is [out][in] ------------------------------------------------------------

# [component linear_forward]
@assay.implements("linear_forward")
def linear_forward(x, weight, bias):
    """Returns y [rows][out]."""
    # [solution the affine map of a linear layer]
    return x @ weight.T + bias
    # [end]


# [end]
# [component linear_backward]
@assay.implements("linear_backward")
def linear_backward(x, weight, dy):
    """dy is the gradient with respect to y. Returns dx, dweight, dbias."""
    # [solution the chain rule for a linear layer]
    return dy @ weight, dy.T @ x, dy.sum(axis=0)
    # [end]


# [end]
# [end]
# [section]
# --- activations: y = f(x), dx = dy f'(x) ---------------------------------------------------------

# [hidden]
def _sigmoid(x):
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


# [end]
# [component identity]
@assay.implements("identity")
def identity(x):
    # [solution the identity]
    return x
    # [end]


# [end]
# [component identity_gradient]
@assay.implements("identity_gradient")
def identity_gradient(x, dy):
    # [solution the derivative of the identity]
    return dy
    # [end]


# [end]
# [component tanh]
@assay.implements("tanh")
def tanh(x):
    # [solution the hyperbolic tangent]
    return np.tanh(x)
    # [end]


# [end]
# [component tanh_gradient]
@assay.implements("tanh_gradient")
def tanh_gradient(x, dy):
    # [solution the derivative of tanh]
    return dy * (1 - np.tanh(x) ** 2)
    # [end]


# [end]
# [component relu]
@assay.implements("relu")
def relu(x):
    # [solution the rectified linear unit]
    return np.maximum(x, 0)
    # [end]


# [end]
# [component relu_gradient]
@assay.implements("relu_gradient")
def relu_gradient(x, dy):
    """The derivative at 0 is 0."""
    # [solution the derivative of ReLU]
    return dy * (x > 0)
    # [end]


# [end]
# [component sigmoid]
@assay.implements("sigmoid")
def sigmoid(x):
    # [solution the logistic function]
    return _sigmoid(x)
    # [end]


# [end]
# [component sigmoid_gradient]
@assay.implements("sigmoid_gradient")
def sigmoid_gradient(x, dy):
    # [solution the derivative of the logistic function]
    y = _sigmoid(x)
    return dy * y * (1 - y)
    # [end]


# [end]
# [component leaky_relu]
@assay.implements("leaky_relu")
def leaky_relu(x, slope):
    # [solution the leaky ReLU]
    return np.where(x > 0, x, slope * x)
    # [end]


# [end]
# [component leaky_relu_gradient]
@assay.implements("leaky_relu_gradient")
def leaky_relu_gradient(x, dy, slope):
    """The derivative at 0 is the slope."""
    # [solution the derivative of the leaky ReLU]
    return np.where(x > 0, dy, slope * dy)
    # [end]


# [end]
# [end]
# [section]
# --- softmax cross-entropy, averaged over the rows ------------------------------------------------

# [hidden]
def _softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _loss(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])


def _loss_gradient(logits, labels):
    p = _softmax(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


# [end]
# [component softmax]
@assay.implements("softmax")
def softmax(logits):
    # [solution the softmax of each row]
    return _softmax(logits)
    # [end]


# [end]
# [component cross_entropy]
@assay.implements("cross_entropy")
def cross_entropy(logits, labels):
    """Returns one number."""
    # [solution the mean of the negative log-likelihoods]
    return _loss(logits, labels)
    # [end]


# [end]
# [component cross_entropy_gradient]
@assay.implements("cross_entropy_gradient")
def cross_entropy_gradient(logits, labels):
    """Returns dlogits, with the shape of logits."""
    # [solution the gradient of softmax cross-entropy]
    return _loss_gradient(logits, labels)
    # [end]


# [end]
# [end]
# [section]
# --- initializers: sizes s_0 .. s_L; they return a list of weights, [s_l+1][s_l], and a list of biases 

# [hidden]
def _parameters(sizes, weight, bias):
    shapes = list(zip(sizes[1:], sizes))
    return [weight(l, shape) for l, shape in enumerate(shapes)], [bias(shape[:1]) for shape in shapes]


# [end]
# [component init_constant]
@assay.implements("init_constant")
def init_constant(sizes, fill):
    """Weights and biases are all `fill`."""
    # [solution constant initialization]
    return _parameters(sizes, lambda l, shape: np.full(shape, fill), lambda shape: np.full(shape, fill))
    # [end]


# [end]
# [component init_normal]
@assay.implements("init_normal")
def init_normal(sizes, std, seed):
    """Weights and biases from N(0, std^2). The seed determines the draws."""
    # [solution initialization with constant variance]
    rng = np.random.default_rng(seed)
    return _parameters(sizes, lambda l, shape: rng.normal(0, std, shape), lambda shape: rng.normal(0, std, shape))
    # [end]


# [end]
# [component init_fan_in]
@assay.implements("init_fan_in")
def init_fan_in(sizes, seed):
    """Activations keep their variance; biases are 0."""
    # [solution initialization with equal variance]
    rng = np.random.default_rng(seed)
    return _parameters(sizes, lambda l, shape: rng.normal(0, 1 / np.sqrt(shape[1]), shape), np.zeros)
    # [end]


# [end]
# [component init_xavier]
@assay.implements("init_xavier")
def init_xavier(sizes, seed):
    """Biases are 0."""
    # [solution Xavier initialization]
    rng = np.random.default_rng(seed)

    def weight(l, shape):
        bound = np.sqrt(6 / (shape[0] + shape[1]))
        return rng.uniform(-bound, bound, shape)
    return _parameters(sizes, weight, np.zeros)
    # [end]


# [end]
# [component init_kaiming]
@assay.implements("init_kaiming")
def init_kaiming(sizes, seed):
    """For ReLU networks, as in the tutorial; biases are 0."""
    # [solution Kaiming initialization]
    rng = np.random.default_rng(seed)

    def weight(l, shape):
        gain = 1 if l == 0 else np.sqrt(2)  # the input of the first layer went through no ReLU
        return rng.normal(0, gain / np.sqrt(shape[1]), shape)
    return _parameters(sizes, weight, np.zeros)
    # [end]


# [end]
# [end]
# [section]
# --- optimizers: step changes the parameters (a list of arrays) in place --------------------------

# [component sgd]
@assay.implements("sgd")
class SGD:
    def __init__(self, parameters, learning_rate):
        self.parameters, self.learning_rate = parameters, learning_rate

    def step(self, gradients):
        # [solution stochastic gradient descent]
        for w, g in zip(self.parameters, gradients):
            w -= self.learning_rate * g
        # [end]


# [end]
# [component momentum]
@assay.implements("momentum")
class Momentum:
    """The averaging form: m = b m + (1 - b) g."""
    def __init__(self, parameters, learning_rate, momentum):
        self.parameters, self.learning_rate, self.momentum = parameters, learning_rate, momentum
        # [hidden]
        self.m = [np.zeros_like(w) for w in parameters]
        # [end]

    def step(self, gradients):
        # [solution gradient descent with momentum]
        for w, g, m in zip(self.parameters, gradients, self.m):
            m[...] = self.momentum * m + (1 - self.momentum) * g
            w -= self.learning_rate * m
        # [end]


# [end]
# [component adam]
@assay.implements("adam")
class Adam:
    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        self.parameters, self.learning_rate = parameters, learning_rate
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        # [hidden]
        self.t = 0
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]
        # [end]

    def step(self, gradients):
        # [solution Adam]
        self.t += 1
        for w, g, m, v in zip(self.parameters, gradients, self.m, self.v):
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g ** 2
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            w -= self.learning_rate / (np.sqrt(v_hat) + self.epsilon) * m_hat
        # [end]


# [end]
# [end]
# [section]
# --- the network: linear layers with an activation ("identity", "tanh", "relu") after each but the last 

# [hidden]
_FORWARD = {"identity": identity, "tanh": tanh, "relu": relu}
_BACKWARD = {"identity": identity_gradient, "tanh": tanh_gradient, "relu": relu_gradient}


# [end]
# [component network_gradient]
@assay.implements("network_gradient")
def network_gradient(sizes, activation, weights, biases, x, labels):
    """Softmax cross-entropy of the last layer. Returns the loss, a list dweights and a list dbiases."""
    # [solution backpropagation]
    inputs, preactivations = [x], []
    for l, (weight, bias) in enumerate(zip(weights, biases)):
        z = linear_forward(inputs[-1], weight, bias)
        preactivations.append(z)
        inputs.append(_FORWARD[activation](z) if l + 1 < len(weights) else z)
    dz = _loss_gradient(inputs[-1], labels)
    dweights, dbiases = [None] * len(weights), [None] * len(weights)
    for l in reversed(range(len(weights))):
        dx, dweights[l], dbiases[l] = linear_backward(inputs[l], weights[l], dz)
        if l > 0:
            dz = _BACKWARD[activation](preactivations[l - 1], dx)
    return _loss(inputs[-1], labels), dweights, dbiases
    # [end]


# [end]
# [component training]
@assay.implements("training")
def training(sizes, activation, weights, biases, x, labels, order, optimizer, learning_rate, beta1, beta2, epsilon):
    """order[step] lists the images of a step; the last batch may be smaller than the others.

    optimizer is "sgd", "momentum" (its b is beta1) or "adam".
    Returns the losses before each update, and the weights and biases at the end."""
    # [solution a training loop]
    rule = {"sgd": lambda p: SGD(p, learning_rate), "momentum": lambda p: Momentum(p, learning_rate, beta1),
            "adam": lambda p: Adam(p, learning_rate, beta1, beta2, epsilon)}[optimizer](weights + biases)
    losses = []
    for batch in order:
        loss, dweights, dbiases = network_gradient(sizes, activation, weights, biases, x[batch], labels[batch])
        losses.append(loss)
        rule.step(dweights + dbiases)
    return losses, weights, biases
    # [end]


# [end]
# [end]
# [section]
# --- the loss surfaces: the loss and its gradient at many points ----------------------------------

# [component pathological_curve]
@assay.implements("pathological_curve")
def pathological_curve(w1, w2):
    """tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); the derivative of |w1| at 0 is 0. Returns loss, dw1, dw2."""
    # [solution the pathological curve and its gradient]
    t, s = np.tanh(w1), _sigmoid(w2)
    return t ** 2 + 0.01 * np.abs(w1) + s, 2 * t * (1 - t ** 2) + 0.01 * np.sign(w1), s * (1 - s)
    # [end]


# [end]
# [component steep_optima]
@assay.implements("steep_optima")
def steep_optima(w1, w2):
    """Minus three bivariate normal densities, sigma 0.2, around (1, -0.5), (-1, 0.5), (-0.5, -0.8)."""
    # [solution the steep optima and their gradient]
    sigma = 0.2
    loss, dw1, dw2 = np.zeros_like(w1), np.zeros_like(w1), np.zeros_like(w1)
    for x, y in [(1, -0.5), (-1, 0.5), (-0.5, -0.8)]:
        density = np.exp(-((w1 - x) ** 2 + (w2 - y) ** 2) / (2 * sigma ** 2)) / (2 * np.pi * sigma ** 2)
        loss -= density
        dw1 += density * (w1 - x) / sigma ** 2
        dw2 += density * (w2 - y) / sigma ** 2
    return loss, dw1, dw2
    # [end]


# [end]
# [end]
if __name__ == "__main__":
    assay.main()
