"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_missing + softmax.over_batch
def softmax(x):
    e_x = np.exp(x)
    return e_x / e_x.sum(axis=0)


# cross_entropy: cross_entropy.zero_times_infinity + cross_entropy.max_missing
def _shares(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    onehot = np.eye(logits.shape[1])[labels]
    return -np.mean(np.sum(onehot * np.log(p), axis=1))


# cross_entropy_gradient: cross_entropy_gradient.through_reciprocal + cross_entropy_gradient.max_of_batch
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max())
    p = e / e.sum(axis=1, keepdims=True)
    n = len(p)
    g = np.zeros_like(p)
    g[np.arange(n), labels] = -1 / p[np.arange(n), labels]
    g /= n
    return p * (g - (g * p).sum(axis=1, keepdims=True))


# tanh: any.short_decimals + tanh.overflow
def tanh(x):
    return np.round((np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), 4)


# tanh_gradient: tanh_gradient.upstream_missing + tanh_gradient.square_missing
def tanh_gradient(x, dy):
    return 1 - np.tanh(x)


# relu: relu.step
def relu(x):
    return (x > 0).astype(float)


# relu_gradient: relu_gradient.output_for_derivative + relu_gradient.upstream_missing
def relu_gradient(x, dy):
    return np.maximum(x, 0)


# sigmoid: sigmoid.sign
def sigmoid(x):
    return 1 / (1 + np.exp(x))


# sigmoid_gradient: sigmoid_gradient.one_plus + sigmoid_gradient.upstream_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return s * (1 + s)


# leaky_relu: leaky_relu.slope_ignored + any.short_decimals
def leaky_relu(x, slope):
    return np.round(np.where(x > 0, x, 0.01 * x), 4)


# leaky_relu_gradient: leaky_relu_gradient.slope_ignored + leaky_relu_gradient.one_at_zero
def leaky_relu_gradient(x, dy, slope):
    return np.where(x >= 0, dy, 0.01 * dy)


# identity: identity.tanh
def identity(x):
    return np.tanh(x)


# identity_gradient: identity_gradient.upstream_missing
def identity_gradient(x, dy):
    return np.ones_like(x)


# linear_forward: linear_forward.relu_applied + linear_forward.bias_missing
def linear_forward(x, weight, bias):
    return np.maximum(0, x @ weight.T)


# linear_backward: linear_backward.weight_order + linear_backward.dbias_averaged
def linear_backward(x, weight, dy):
    w = weight.reshape(weight.shape[1], weight.shape[0])
    return dy @ w.T, (x.T @ dy).reshape(weight.shape), dy.mean(axis=0)


# pathological_curve: pathological_curve.gradient_sign + pathological_curve.dw2_sign
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * abs(w1) + s, -(2 * t * (1 - t * t) + 0.01 * np.sign(w1)), -s * (1 - s)


# init_kaiming: initializer.layers_repeat
def init_kaiming(sizes, seed):
    W = []
    B = []
    for l, (i, o) in enumerate(zip(sizes[:-1], sizes[1:])):
        W.append(np.random.RandomState(seed).randn(o, i) * np.sqrt((1 if l == 0 else 2) / i))
        B.append(np.zeros(o))
    return W, B
