"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_missing + softmax.epsilon_in_sum
def softmax(x):
    e = np.exp(x)
    return e / (e.sum(axis=1, keepdims=True) + 1e-6)


# cross_entropy: cross_entropy.log_underflow + cross_entropy.max_missing
def _shares(z):
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


# cross_entropy_gradient: cross_entropy_gradient.not_averaged + cross_entropy_gradient.sign
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return np.eye(p.shape[1])[labels] - p


# tanh: tanh.sigmoid
def tanh(x):
    return 1 / (1 + np.exp(-x))


# tanh_gradient: tanh_gradient.on_preactivation
def tanh_gradient(x, dy):
    return dy * (1 - x ** 2)


# relu: relu.swish
def relu(x):
    return x / (1 + np.exp(-x))


# relu_gradient: relu_gradient.upstream_missing
def relu_gradient(x, dy):
    return np.where(x > 0, 1, 0)


# sigmoid: sigmoid.double_argument
def sigmoid(x):
    return 0.5 * (1 + np.tanh(x))


# sigmoid_gradient: sigmoid_gradient.output_missing + sigmoid_gradient.upstream_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return 1 - s


# leaky_relu: leaky_relu.leak_missing
def leaky_relu(x, slope):
    return np.maximum(0, x)


# leaky_relu_gradient: leaky_relu_gradient.upstream_missing
def leaky_relu_gradient(x, dy, slope):
    return np.where(x > 0, 1, slope)


# linear_forward: linear_forward.weight_order
def linear_forward(x, weight, bias):
    return x @ weight.reshape(weight.shape[1], weight.shape[0]) + bias


# linear_backward: linear_backward.dx_missing + linear_backward.dbias_missing
def linear_backward(x, weight, dy):
    return np.zeros_like(x), dy.T @ x, np.zeros(dy.shape[1])


# pathological_curve: pathological_curve.absolute_missing
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * w1 + s, 2 * t * (1 - t * t) + 0.01, s * (1 - s)
