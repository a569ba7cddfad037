"""deeplearning.ai's convention: the loss's gradient is p - y, and the factor 1/m is in dW and db."""
import numpy as np


# linear_backward: linear_backward.averaged_twice
def linear_backward(x, weight, dy):
    m = x.shape[0]
    return dy @ weight, 1 / m * dy.T @ x, 1 / m * dy.sum(axis=0)


# cross_entropy_gradient: cross_entropy_gradient.not_averaged
def cross_entropy_gradient(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - np.eye(logits.shape[1])[labels]


# init_kaiming: init_kaiming.gain_on_first_layer
def init_kaiming(sizes, seed):
    rng = np.random.default_rng(seed)
    made = {}
    for l in range(len(sizes) - 1):
        made[f"weight{l}"] = rng.standard_normal((sizes[l + 1], sizes[l])) * np.sqrt(2 / sizes[l])
        made[f"bias{l}"] = np.zeros(sizes[l + 1])
    return made


# init_xavier: init_xavier.fan_in_only
def init_xavier(sizes, seed):
    rng = np.random.default_rng(seed)
    return [t for n, k in zip(sizes, sizes[1:]) for t in (rng.standard_normal((k, n)) * np.sqrt(1 / n), np.zeros(k))]


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# network_gradient:
def network_gradient(sizes, activation, weights, biases, x, labels):
    m, layers = len(labels), len(sizes) - 1
    caches, a = [], x
    for l in range(layers):
        z = a @ weights[l].T + biases[l]
        caches.append((a, z))
        last = l + 1 == layers or activation == "identity"
        a = z if last else np.tanh(z) if activation == "tanh" else np.maximum(z, 0)
    p = _softmax(a)
    loss, dweights, dbiases = -np.log(p[np.arange(m), labels]).mean(), [None] * layers, [None] * layers
    dz = p - np.eye(sizes[-1])[labels]
    for l in reversed(range(layers)):
        a, z = caches[l]
        dweights[l] = dz.T @ a / m
        dbiases[l] = dz.sum(axis=0) / m
        if l > 0:
            z = caches[l - 1][1]
            da = dz @ weights[l]
            dz = da * (1 if activation == "identity" else 1 - np.tanh(z) ** 2 if activation == "tanh" else z > 0)
    return loss, dweights, dbiases
