"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.over_batch
def softmax(x):
    e_x = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e_x / e_x.sum(axis=0)


# cross_entropy: cross_entropy.probability_clipped
def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = np.clip(_shares(logits), 1e-25, None)
    return -np.mean(np.log(p[np.arange(len(labels)), labels]))


# cross_entropy_gradient: cross_entropy_gradient.reciprocal_clipped
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    y = np.eye(p.shape[1])[labels]
    g = -y / np.clip(p, 1e-7, 1) / len(p)
    return p * (g - (g * p).sum(axis=1, keepdims=True))


# tanh: tanh.half_argument
def tanh(x):
    return 2 / (1 + np.exp(-x)) - 1


# tanh_gradient: tanh_gradient.root
def tanh_gradient(x, dy):
    return dy / np.cosh(x)


# relu: relu.softplus
def relu(x):
    return np.log1p(np.exp(-abs(x))) + np.maximum(x, 0)


# relu_gradient: relu_gradient.output_for_derivative
def relu_gradient(x, dy):
    return dy * np.maximum(x, 0)


# sigmoid: any.short_decimals
def sigmoid(x):
    return np.round(1 / (1 + np.exp(-x)), 3)


# sigmoid_gradient: sigmoid_gradient.upstream_missing
def sigmoid_gradient(x, dy):
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


# leaky_relu: leaky_relu.sides_swapped
def leaky_relu(x, slope):
    return np.where(x < 0, x, slope * x)


# leaky_relu_gradient: leaky_relu_gradient.of_upstream
def leaky_relu_gradient(x, dy, slope):
    return np.where(dy > 0, dy, slope * dy)


# linear_forward: linear_forward.bias_summed
def linear_forward(x, weight, bias):
    return x @ weight.T + bias.sum()


# linear_backward: linear_backward.dbias_averaged_over_all
def linear_backward(x, weight, dy):
    return dy @ weight, dy.T @ x, np.full(dy.shape[1], dy.mean())


# pathological_curve: pathological_curve.nan_at_zero
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * abs(w1) + s, 2 * t * (1 - t * t) + 0.01 * w1 / abs(w1), s * (1 - s)


# init_constant: init_constant.random
def const_init(layer_dims, fill):
    parameters = {}
    for l in range(1, len(layer_dims)):
        parameters[f"W{l}"] = fill * np.random.randn(layer_dims[l], layer_dims[l - 1])
        parameters[f"b{l}"] = np.full((layer_dims[l], 1), fill)
    return parameters
