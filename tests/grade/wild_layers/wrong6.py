"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_missing
def softmax(logits):
    return (np.exp(logits.T) / np.sum(np.exp(logits), axis=1)).T


# cross_entropy: cross_entropy.zero_times_infinity
def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    onehot = np.eye(logits.shape[1])[labels]
    return -(onehot * np.log(p)).sum() / len(labels)


# cross_entropy_gradient: cross_entropy_gradient.through_reciprocal
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = len(p)
    g = np.zeros_like(p)
    g[np.arange(n), labels] = -1 / p[np.arange(n), labels]
    g /= n
    return p * (g - (g * p).sum(axis=1, keepdims=True))


# tanh: tanh.overflow
def tanh(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


# tanh_gradient: tanh_gradient.upstream_missing
def tanh_gradient(x, dy):
    return 1 - np.tanh(x) ** 2


# relu: relu.elu
def relu(x):
    return np.where(x > 0, x, np.exp(x) - 1)


# relu_gradient: relu_gradient.masked_by_upstream
def relu_gradient(x, dy):
    dx = dy.copy()
    dx[dy <= 0] = 0
    return dx


# sigmoid: sigmoid.base
def sigmoid(x):
    return 1 / (1 + 2.718 ** (-x))


# sigmoid_gradient: sigmoid_gradient.on_preactivation
def sigmoid_gradient(x, dy):
    return dy * x * (1 - x)


# leaky_relu: leaky_relu.slope_sign
def leaky_relu(x, slope):
    return np.where(x > 0, x, -slope * x)


# leaky_relu_gradient: leaky_relu_gradient.leak_missing
def leaky_relu_gradient(x, dy, slope):
    return np.where(x > 0, dy, 0)


# linear_forward: linear_forward.bias_missing
def linear_forward(x, weight, bias):
    return x @ weight.T


# linear_backward: linear_backward.averaged_twice
def linear_backward(x, weight, dy):
    m = len(x)
    return dy @ weight, dy.T @ x / m, dy.sum(axis=0) / m


# pathological_curve: pathological_curve.factor_missing
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.1 * abs(w1) + s, 2 * t * (1 - t * t) + 0.1 * np.sign(w1), s * (1 - s)
