"""Wrong solutions as students write them. The names that they get stand above each."""
import math

import numpy as np


# softmax: softmax.max_of_batch + softmax.over_batch
def softmax(logits):
    e = np.exp(logits - np.max(logits))
    return e / e.sum(axis=0)


# cross_entropy: cross_entropy.zero_times_infinity + cross_entropy.summed
def _shares(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
def cross_entropy(logits, labels):
    p = _shares(logits)
    onehot = np.eye(logits.shape[1])[labels]
    return -(onehot * np.log(p)).sum()


# cross_entropy_gradient: cross_entropy_gradient.epsilon_in_reciprocal + cross_entropy_gradient.not_averaged
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    y = np.eye(p.shape[1])[labels]
    g = -y / (p + 1e-10)
    return p * (g - (g * p).sum(axis=1, keepdims=True))


# tanh: tanh.half_argument + tanh.overflow_positive
def tanh(x):
    return (np.exp(x) - 1) / (np.exp(x) + 1)


# tanh_gradient: tanh_gradient.upstream_missing + tanh_gradient.on_preactivation
def tanh_gradient(x, dy):
    return 1 - x * x


# relu: relu.leak + relu.negated
def relu(x):
    return -np.where(x > 0, x, 0.01 * x)


# relu_gradient: relu_gradient.one_at_zero + relu_gradient.upstream_missing
def relu_gradient(x, dy):
    return np.where(x >= 0, 1, 0)


# sigmoid: sigmoid.overflow
def sigmoid(x):
    return np.exp(x) / (1 + np.exp(x))


# sigmoid_gradient: sigmoid_gradient.on_preactivation + sigmoid_gradient.upstream_missing
def sigmoid_gradient(x, dy):
    return x * (1 - x)


# leaky_relu: leaky_relu.leak_missing + leaky_relu.negated
def leaky_relu(x, slope):
    return -np.maximum(0, x)


# leaky_relu_gradient: leaky_relu_gradient.upstream_missing + leaky_relu_gradient.one_at_zero
def leaky_relu_gradient(x, dy, slope):
    return np.where(x < 0, slope, 1)


# identity: identity.one
def identity(x):
    return np.ones_like(x)


# identity_gradient: identity_gradient.upstream_missing + identity_gradient.input_for_derivative
def identity_gradient(x, dy):
    return x


# linear_forward: linear_forward.weight_order + linear_forward.bias_missing
def linear_forward(x, weight, bias):
    return x @ weight.reshape(weight.shape[1], weight.shape[0])


# linear_backward: linear_backward.averaged_twice + linear_backward.dbias_wrong_axis
def linear_backward(x, weight, dy):
    m = len(x)
    return dy @ weight, dy.T @ x / m, dy.sum(axis=1) / m


# pathological_curve: pathological_curve.absolute_gradient_missing + pathological_curve.chain_rule
def pathological_curve(w1, w2):
    s = 1 / (1 + np.exp(-w2))
    t = np.tanh(w1)
    return t ** 2 + 0.01 * abs(w1) + s, 2 * t, s * (1 - s)


# init_kaiming: init_kaiming.gain_on_first_layer + init_kaiming.gain_squared
def init_kaiming(sizes, seed):
    rng = np.random.RandomState(seed)
    return [rng.randn(o, i) * 2 / np.sqrt(i) for i, o in zip(sizes, sizes[1:])], [np.zeros(o) for o in sizes[1:]]


# init_normal: init_normal.variance_as_std + init_normal.bias_skipped
def init_normal(sizes, std, seed):
    rng = np.random.RandomState(seed)
    return [rng.randn(o, i) * std ** 2 for i, o in zip(sizes, sizes[1:])], [np.zeros(o) for o in sizes[1:]]
