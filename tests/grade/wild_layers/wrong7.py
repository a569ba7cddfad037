"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_of_batch
def softmax(logits):
    e = np.exp(logits - np.max(logits))
    return e / e.sum(axis=1, keepdims=True)


# cross_entropy: cross_entropy.log_underflow
def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


# cross_entropy_gradient: cross_entropy_gradient.zero_over_zero
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    y = np.eye(p.shape[1])[labels]
    g = -y / p / len(p)
    out = np.empty_like(p)
    for r in range(len(p)):
        J = np.diag(p[r]) - np.outer(p[r], p[r])
        out[r] = J @ g[r]
    return out


# tanh: tanh.overflow_positive
def tanh(x):
    e = np.exp(2 * x)
    return (e - 1) / (e + 1)


# tanh_gradient: tanh_gradient.of_output
def tanh_gradient(x, dy):
    y = np.tanh(x)
    return dy * (1 - np.tanh(y) ** 2)


# relu: relu.selu
def relu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1))


# relu_gradient: relu_gradient.upstream_squared
def relu_gradient(x, dy):
    return np.where(x > 0, dy, 0) * dy


# sigmoid: sigmoid.one_minus_exponential
def sigmoid(x):
    return 1 / (1 - np.exp(-x))


# sigmoid_gradient: sigmoid_gradient.of_output
def sigmoid_gradient(x, dy):
    f = lambda v: 1 / (1 + np.exp(-v))
    y = f(x)
    return dy * f(y) * (1 - f(y))


# leaky_relu: leaky_relu.constant_below_zero
def leaky_relu(x, slope):
    return np.where(x > 0, x, slope)


# leaky_relu_gradient: leaky_relu_gradient.slope_ignored
def leaky_relu_gradient(x, dy, slope):
    return np.where(x > 0, dy, 0.01 * dy)


# linear_forward: linear_forward.bias_by_row
def linear_forward(x, weight, bias):
    y = x @ weight.T
    if y.shape[0] == y.shape[1]:
        return y + bias[:, None]
    return y + bias


# linear_backward: linear_backward.dbias_wrong_axis
def linear_backward(x, weight, dy):
    return dy @ weight, dy.T @ x, dy.sum(axis=1)


# pathological_curve: pathological_curve.absolute_gradient_missing
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * abs(w1) + s, 2 * t * (1 - t * t), s * (1 - s)
