"""Wrong solutions as students write them: parentheses that are missing, and other slips of one line."""
import numpy as np


# sigmoid: sigmoid.parentheses_missing
def sigmoid(x):
    return 1 / 1 + np.exp(-x)


# sigmoid_gradient: sigmoid_gradient.parentheses_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return dy * s * 1 - s


# tanh: tanh.parentheses_missing
def tanh(x):
    return np.exp(x) - np.exp(-x) / np.exp(x) + np.exp(-x)


# tanh_gradient: tanh_gradient.parentheses_missing
def tanh_gradient(x, dy):
    return dy * 1 - np.tanh(x) ** 2


# relu_gradient: relu_gradient.masked_twice
def relu_gradient(x, dy):
    return np.maximum(dy, 0) * (x > 0)


# leaky_relu: leaky_relu.slope_zero_replaced
def leaky_relu(x, slope=None):
    slope = slope or 0.01
    return np.where(x > 0, x, slope * x)


# leaky_relu_gradient: leaky_relu_gradient.of_maximum + leaky_relu_gradient.one_at_zero
def leaky_relu_gradient(x, dy, slope):
    return np.where(x >= slope * x, dy, slope * dy)


# softmax: softmax.max_outside
def softmax(logits):
    e = np.exp(logits) - logits.max(axis=1, keepdims=True)
    return e / e.sum(axis=1, keepdims=True)


def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# cross_entropy: cross_entropy.first_row_only + cross_entropy.zero_times_infinity
def cross_entropy(logits, labels):
    for p, y in zip(_shares(logits), np.eye(logits.shape[1])[labels]):
        return -np.sum(y * np.log(p)) / len(labels)


# cross_entropy_gradient: cross_entropy_gradient.labels_as_rows + cross_entropy_gradient.not_averaged
def cross_entropy_gradient(logits, labels):
    p = _shares(logits)
    p[labels] -= 1
    return p


# linear_backward: linear_backward.dx_through_tanh + linear_backward.dbias_averaged
def linear_backward(x, weight, dy):
    return dy @ weight * (1 - x ** 2), dy.T @ x, dy.mean(axis=0)


# init_xavier: init_xavier.parentheses_missing
def init_xavier(sizes, seed):
    rng = np.random.default_rng(seed)
    return sum([[rng.standard_normal((o, i)) * np.sqrt(2 / i + o), np.zeros(o)] for i, o in zip(sizes, sizes[1:])], [])


# init_kaiming: init_kaiming.gain_on_first_layer + init_kaiming.root_of_numerator
def init_kaiming(sizes, seed):
    rng = np.random.default_rng(seed)
    return sum([[rng.standard_normal((o, i)) * np.sqrt(2) / i, np.zeros(o)] for i, o in zip(sizes, sizes[1:])], [])


class _Rule:
    def __init__(self, parameters, learning_rate, **hyper):
        self.parameters, self.lr, self.t = parameters, learning_rate, 0
        self.__dict__.update(hyper)
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]


# sgd: sgd.learning_rate_decays + sgd.gradient_clipped
class SGD(_Rule):
    def step(self, gradients):
        for w, g in zip(self.parameters, gradients):
            w -= self.lr * 0.95 ** self.t * np.clip(g, -1, 1)
        self.t += 1


# momentum: momentum.parentheses_missing
class Momentum(_Rule):
    def __init__(self, parameters, learning_rate, momentum):
        super().__init__(parameters, learning_rate, b=momentum)

    def step(self, gradients):
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = self.b * self.m[k] + 1 - self.b * g
            w -= self.lr * self.m[k]


# adam: adam.parentheses_missing + adam.epsilon_outside_quotient
class Adam(_Rule):
    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        super().__init__(parameters, learning_rate, b1=beta1, b2=beta2, eps=epsilon)

    def step(self, gradients):
        self.t += 1
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = self.b1 * self.m[k] + (1 - self.b1) * g
            self.v[k] = self.b2 * self.v[k] + (1 - self.b2) * g * g
            first = self.m[k] / 1 - self.b1 ** self.t
            second = self.v[k] / (1 - self.b2 ** self.t)
            w -= self.lr * (first / np.sqrt(second) + self.eps)
