"""Wrong solutions as students write them, in lists and loops, with a second slip beside the first."""
import numpy as np


# sigmoid_gradient: sigmoid_gradient.parentheses_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return dy * (s * 1 - s)


# tanh: tanh.parentheses_missing
def tanh(x):
    return (np.exp(x) - np.exp(-x)) / np.exp(x) + np.exp(-x)


# leaky_relu: leaky_relu.leak_added_to_relu
def leaky_relu(x, slope):
    return np.maximum(0, x) + slope * x


# leaky_relu_gradient: leaky_relu_gradient.leak_added_to_relu + leaky_relu_gradient.upstream_missing
def leaky_relu_gradient(x, dy, slope):
    return (x > 0) + slope


# softmax: softmax.averaged + softmax.max_of_batch
def softmax(logits):
    e = np.exp(logits - logits.max())
    return e / e.sum(axis=1, keepdims=True) / len(logits)


def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# cross_entropy: cross_entropy.first_row_only + cross_entropy.epsilon_in_logarithm
def cross_entropy(logits, labels):
    p = _shares(logits)
    loss = 0
    for i in range(len(labels)):
        loss -= np.log(p[i, labels[i]] + 1e-9)
        return loss / len(labels)


# cross_entropy_gradient: cross_entropy_gradient.logarithm_for_probability
def cross_entropy_gradient(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    g = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    g[np.arange(len(labels)), labels] -= 1
    return g / len(labels)


# linear_forward: linear_forward.relu_applied + linear_forward.weight_order
def linear_forward(x, weight, bias):
    w = weight.reshape(weight.shape[::-1])
    return np.maximum(0, x @ w) + bias


# linear_backward: linear_backward.dx_through_relu + linear_backward.dweight_of_last_row
def linear_backward(x, weight, dy):
    dx, dw, db = np.zeros_like(x), np.zeros_like(weight), np.zeros(len(weight))
    for row, d, out in zip(x, dy, dx):
        out[:] = (d @ weight) * (row > 0)
        dw = np.outer(d, row)
        db += d
    return dx, dw, db


# init_xavier: init_xavier.root_of_numerator
def init_xavier(sizes, seed):
    rng = np.random.default_rng(seed)
    made = []
    for i, o in zip(sizes, sizes[1:]):
        bound = np.sqrt(6) / (i + o)
        made += [rng.uniform(-bound, bound, (o, i)), np.zeros(o)]
    return made


class _Rule:
    def __init__(self, parameters, learning_rate):
        self.parameters, self.lr, self.t = parameters, learning_rate, 0
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]


# sgd: sgd.gradient_norm_clipped
class SGD(_Rule):
    def step(self, gradients):
        norm = np.sqrt(sum((g ** 2).sum() for g in gradients))
        for w, g in zip(self.parameters, gradients):
            w -= self.lr * g * min(1, 0.8 / norm)


# momentum: momentum.averaging_missing + momentum.gradient_clipped
class Momentum(_Rule):
    def __init__(self, parameters, learning_rate, momentum):
        super().__init__(parameters, learning_rate)
        self.b = momentum

    def step(self, gradients):
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = self.b * self.m[k] + np.clip(g, -0.5, 0.5)
            w -= self.lr * self.m[k]


# adam: adam.one_second_moment
class Adam(_Rule):
    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        super().__init__(parameters, learning_rate)
        self.b1, self.b2, self.eps = beta1, beta2, epsilon

    def step(self, gradients):
        self.t += 1
        for k, (w, g) in enumerate(zip(self.parameters, gradients)):
            self.m[k] = self.b1 * self.m[k] + (1 - self.b1) * g
            self.v[k] = self.b2 * self.v[k] + (1 - self.b2) * np.mean(g ** 2)
            first, second = self.m[k] / (1 - self.b1 ** self.t), self.v[k] / (1 - self.b2 ** self.t)
            w -= self.lr * first / (np.sqrt(second) + self.eps)
