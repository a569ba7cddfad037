"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_missing + softmax.over_all
def softmax(x):
    return np.exp(x) / np.exp(x).sum()


# cross_entropy: cross_entropy.zero_times_infinity + cross_entropy.max_of_batch
def _shares(z):
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    onehot = np.eye(logits.shape[1])[labels]
    return -np.mean(np.sum(onehot * np.log(p), axis=1))


# cross_entropy_gradient: cross_entropy_gradient.not_averaged + cross_entropy_gradient.max_missing
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits)
    p = e / e.sum(axis=1, keepdims=True)
    return p - np.eye(p.shape[1])[labels]


# tanh: tanh.tan
def tanh(x):
    return np.tan(x)


# tanh_gradient: tanh_gradient.overflow + tanh_gradient.upstream_missing
def tanh_gradient(x, dy):
    y = (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    return (1 - y ** 2)


# relu: relu.leak
def relu(x):
    return np.where(x > 0, x, 0.01 * x)


# relu_gradient: relu_gradient.leak + relu_gradient.upstream_missing
def relu_gradient(x, dy):
    return np.where(x > 0, 1, 0.01)


# sigmoid: sigmoid.tanh
def sigmoid(x):
    return np.tanh(x)


# sigmoid_gradient: any.short_decimals + sigmoid_gradient.upstream_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return np.round(s * (1 - s), 4)


# leaky_relu: leaky_relu.maximum
def leaky_relu(x, slope):
    return np.maximum(x, slope * x)


# leaky_relu_gradient: leaky_relu_gradient.slope_ignored + leaky_relu_gradient.upstream_missing
def leaky_relu_gradient(x, dy, slope):
    return np.where(x > 0, 1, 0.01)


# identity: identity.sigmoid
def identity(x):
    return 1 / (1 + np.exp(-x))


# identity_gradient: identity_gradient.input_for_derivative
def identity_gradient(x, dy):
    return x * dy


# linear_forward: any.short_decimals + linear_forward.bias_missing
def linear_forward(x, weight, bias):
    return np.round(x @ weight.T, 3)


# linear_backward: linear_backward.dweight_averaged_over_elements + linear_backward.dbias_averaged
def linear_backward(x, weight, dy):
    return dy @ weight, dy.T @ x / x.size, dy.mean(axis=0)


# pathological_curve: pathological_curve.tanh_missing + pathological_curve.sigmoid_missing
def pathological_curve(w1, w2):
    return w1 ** 2 + 0.01 * abs(w1) + w2, 2 * w1 + 0.01 * np.sign(w1), np.ones_like(w2)


# init_kaiming: init_kaiming.other_gain
def init_kaiming(sizes, seed):
    rng = np.random.RandomState(seed)
    return [rng.randn(o, i) * np.sqrt(1.923 / i) for i, o in zip(sizes, sizes[1:])], [np.zeros(o) for o in sizes[1:]]
