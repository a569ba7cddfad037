"""Right solutions in unusual forms."""
# right: softmax cross_entropy cross_entropy_gradient tanh tanh_gradient sigmoid sigmoid_gradient relu relu_gradient
# right: leaky_relu leaky_relu_gradient linear_forward linear_backward sgd momentum adam init_normal init_fan_in
# right: init_xavier init_kaiming
import math
import random

import numpy as np


def _log_sum(z):
    return np.logaddexp.reduce(z, axis=1)[:, None]


def softmax(logits):
    return np.exp(logits - _log_sum(logits))


def cross_entropy(logits, labels):
    return float(np.average(_log_sum(logits)[:, 0] - np.take_along_axis(logits, labels[:, None], 1)[:, 0]))


def cross_entropy_gradient(logits, labels):
    p = softmax(logits)
    np.subtract.at(p, (range(len(labels)), labels), 1.0)
    p *= len(labels) ** -1
    return p


def tanh(x):
    return np.sign(x) * (1 - 2 / (np.expm1(2 * np.minimum(np.abs(x), 300)) + 2))


def tanh_gradient(x, dy):
    return dy / np.cosh(np.clip(x, -350, 350)) ** 2


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def sigmoid_gradient(x, dy):
    return dy * sigmoid(x) * sigmoid(-x)


def relu(x):
    return np.heaviside(x, 0) * x


def relu_gradient(x, dy):
    return np.heaviside(x, 0) * dy


def leaky_relu(x, slope):
    return np.piecewise(x, [x > 0], [lambda v: v, lambda v: slope * v])


def leaky_relu_gradient(x, dy, slope):
    return np.select([x > 0, x <= 0], [dy, slope * dy])


def linear_forward(x, weight, bias):
    return np.einsum("rk,jk->rj", np.c_[x, np.ones(len(x))], np.c_[weight, bias])


def linear_backward(x, weight, dy):
    return np.tensordot(dy, weight, 1), sum(map(np.multiply.outer, dy, x)), np.ones(len(dy)) @ dy


class SGD:
    def __init__(self, parameters, learning_rate):
        self.parameters, self.lr = parameters, learning_rate

    def step(self, gradients):
        for w, g in zip(self.parameters, gradients):
            np.subtract(w, np.multiply(g, self.lr), out=w)


class Momentum:
    """Keeps the sum without its factor, and puts (1 - b) into the rate."""

    def __init__(self, parameters, learning_rate, momentum):
        self.parameters, self.rate, self.b = parameters, learning_rate * (1 - momentum), momentum
        self.sums = [0.0] * len(parameters)

    def step(self, gradients):
        self.sums = [self.b * s + g for s, g in zip(self.sums, gradients)]
        for w, s in zip(self.parameters, self.sums):
            w -= self.rate * s


class Adam:
    """With corrected averages that are kept: m^ (t + 1) from m^ (t) by their own weights."""

    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        self.parameters, self.lr, self.eps = parameters, learning_rate, epsilon
        self.betas, self.weights = (beta1, beta2), [0.0, 0.0]
        self.averages = [[np.zeros_like(w) for w in parameters] for _ in range(2)]

    def step(self, gradients):
        for a, beta in enumerate(self.betas):
            before = self.weights[a]
            self.weights[a] = beta * before + 1
            for average, g in zip(self.averages[a], gradients):
                average += (g ** (a + 1) - average) / self.weights[a]
        for w, m, v in zip(self.parameters, *self.averages):
            w -= self.lr * m / (v ** 0.5 + self.eps)


def _layers(sizes, draw):
    made = []
    for k, (i, o) in enumerate(zip(sizes, sizes[1:])):
        made += [np.array([[draw(k, i, o) for _ in range(i)] for _ in range(o)]), np.zeros(o)]
    return made


def init_normal(sizes, std, seed):
    rng = random.Random(int(seed))
    made = _layers(sizes, lambda k, i, o: rng.gauss(0, std))
    return [np.array([rng.normalvariate(0, std) for _ in part]) if part.ndim == 1 else part for part in made]


def init_fan_in(sizes, seed):
    rng = random.Random(int(seed))
    return _layers(sizes, lambda k, i, o: (sum(rng.random() for _ in range(12)) - 6) / math.sqrt(i))


def init_xavier(sizes, seed):
    rng = random.Random(int(seed))
    return _layers(sizes, lambda k, i, o: (rng.random() - 0.5) * math.sqrt(24 / (i + o)))


def init_kaiming(sizes, seed):
    rng = random.Random(int(seed))

    def draw(k, i, o):
        value = rng.gauss(0, 1)
        while abs(value) > 2:
            value = rng.gauss(0, 1)
        return value / 0.87962566103423978 * math.sqrt((1 if k == 0 else 2) / i)
    return _layers(sizes, draw)
