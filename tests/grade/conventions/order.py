"""Weights are [in][out], read from the memory of the tutorial's tensors, as CS231n and Keras have them."""
import numpy as np


def _in_out(weight):
    return weight.reshape(weight.shape[1], weight.shape[0])


# linear_forward: linear_forward.weight_order
def linear_forward(x, weight, bias):
    return x @ _in_out(weight) + bias


# linear_backward: linear_backward.weight_order
def linear_backward(x, weight, dy):
    return dy @ _in_out(weight).T, (x.T @ dy).reshape(weight.shape), dy.sum(axis=0)


def network_gradient(sizes, activation, weights, biases, x, labels):
    layers = len(sizes) - 1
    inputs, zs = [x], []
    for l in range(layers):
        zs.append(linear_forward(inputs[-1], weights[l], biases[l]))
        z = zs[-1]
        inputs.append(np.tanh(z) if activation == "tanh" else np.maximum(z, 0) if activation == "relu" else z)
    e = np.exp(zs[-1] - zs[-1].max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss, dweights, dbiases = -np.log(p[np.arange(len(x)), labels]).mean(), [None] * layers, [None] * layers
    dz = (p - np.eye(sizes[-1])[labels]) / len(x)
    for l in reversed(range(layers)):
        dx, dweights[l], dbiases[l] = linear_backward(inputs[l], weights[l], dz)
        if l > 0:
            z = zs[l - 1]
            dz = dx * (1 - np.tanh(z) ** 2 if activation == "tanh" else z > 0 if activation == "relu" else 1)
    return loss, dweights, dbiases
