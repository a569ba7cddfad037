"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.over_all
def softmax(x):
    e_x = np.exp(x - np.max(x))
    return e_x / e_x.sum()


# cross_entropy: cross_entropy.max_missing
def cross_entropy(logits, labels):
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels])


# cross_entropy_gradient: cross_entropy_gradient.epsilon_in_reciprocal
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    y = np.eye(p.shape[1])[labels]
    g = -y / (p + 1e-8) / len(p)
    return p * (g - (g * p).sum(axis=1, keepdims=True))


# tanh: tanh.overflow_negative
def tanh(x):
    e = np.exp(-2 * x)
    return (1 - e) / (1 + e)


# tanh_gradient: tanh_gradient.overflow
def tanh_gradient(x, dy):
    y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return dy * (1 - y ** 2)


# relu: relu.gelu
def relu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


# relu_gradient: relu_gradient.half_at_zero
def relu_gradient(x, dy):
    return dy * (np.sign(x) + 1) / 2


# sigmoid: sigmoid.one_missing
def sigmoid(x):
    return 1 / np.exp(-x)


# sigmoid_gradient: sigmoid_gradient.of_upstream
def sigmoid_gradient(x, dy):
    f = lambda v: 1 / (1 + np.exp(-v))
    return dy * f(dy) * (1 - f(dy))


# leaky_relu: leaky_relu.maximum_with_slope
def leaky_relu(x, slope):
    return np.maximum(slope, x)


# leaky_relu_gradient: leaky_relu_gradient.zero_at_zero
def leaky_relu_gradient(x, dy, slope):
    return dy * ((x > 0) + slope * (x < 0))


# linear_forward: linear_forward.bias_averaged
def linear_forward(x, weight, bias):
    return x @ weight.T + bias.mean()


# linear_backward: linear_backward.dbias_summed_over_all
def linear_backward(x, weight, dy):
    return dy @ weight, dy.T @ x, np.full(dy.shape[1], dy.sum())


# pathological_curve: pathological_curve.sign_at_zero
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * abs(w1) + s, 2 * t * (1 - t * t) + np.where(w1 >= 0, 0.01, -0.01), s * (1 - s)
