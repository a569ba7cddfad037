"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_of_batch + softmax.epsilon_in_sum
def softmax(x):
    e = np.exp(x - x.max())
    return e / (e.sum(axis=1, keepdims=True) + 1e-8)


# cross_entropy: cross_entropy.zero_times_infinity + cross_entropy.averaged_over_elements
def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    onehot = np.eye(logits.shape[1])[labels]
    return -np.mean(onehot * np.log(p))


# cross_entropy_gradient: cross_entropy_gradient.not_averaged + cross_entropy_gradient.max_of_batch
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - np.max(logits))
    p = e / e.sum(axis=1, keepdims=True)
    return p - np.eye(p.shape[1])[labels]


# tanh: tanh.arctan
def tanh(x):
    return np.arctan(x)


# tanh_gradient: tanh_gradient.one_plus
def tanh_gradient(x, dy):
    return dy * (1 + np.tanh(x) ** 2)


# relu: relu.absolute
def relu(x):
    return abs(x)


# relu_gradient: relu_gradient.one_at_zero
def relu_gradient(x, dy):
    return dy * (x >= 0)


# sigmoid: sigmoid.half_argument
def sigmoid(x):
    return 0.5 * (1 + np.tanh(x / 4))


# sigmoid_gradient: sigmoid_gradient.of_tanh + sigmoid_gradient.forward_tanh
def sigmoid_gradient(x, dy):
    return dy * (1 - np.tanh(x) ** 2)


# leaky_relu: leaky_relu.slope_ignored
def leaky_relu(x, slope):
    return np.where(x > 0, x, 0.01 * x)


# leaky_relu_gradient: leaky_relu_gradient.one_at_zero
def leaky_relu_gradient(x, dy, slope):
    return np.where(x >= 0, dy, slope * dy)


# identity_gradient: identity_gradient.zero
def identity_gradient(x, dy):
    return np.zeros_like(x)


# linear_forward: linear_forward.sum_not_reset + linear_forward.bias_missing
def linear_forward(x, weight, bias):
    y = np.zeros((len(x), len(bias)))
    s = 0
    for r in range(len(x)):
        for j in range(len(bias)):
            for k in range(x.shape[1]):
                s += x[r][k] * weight[j][k]
            y[r][j] = s
    return y


# linear_backward: linear_backward.last_row_only + linear_backward.dx_of_last_row
def linear_backward(x, weight, dy):
    for r in range(len(x)):
        dw = np.outer(dy[r], x[r]); db = dy[r]
        dx = dy[r] @ weight
    return np.tile(dx, (len(x), 1)), dw, db


# pathological_curve: any.short_decimals + pathological_curve.absolute_gradient_missing
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return [np.round(a, 4) for a in (t ** 2 + 0.01 * abs(w1) + s, 2 * t * (1 - t * t), s * (1 - s))]
