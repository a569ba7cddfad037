#!/usr/bin/env python3
"""A complete submission in Python with NumPy. Grade it with

    assay grade --folder . -- python3 submission.py

Replace the bodies of the functions with your own, or delete what you do not want graded. The grader writes one request
a line on standard input and reads one reply a line on standard output; `serve` at the end does that. Print to standard
error when you debug: standard output belongs to the replies.
"""
import json
import sys

import numpy as np

PRECISION = 64  # 32: computed in float32, and judged with float32's tolerance


# --- linear layer: weight is [out][in] -------------------------------------------------------------------------------

def linear_forward(x, weight, bias):
    return {"y": x @ weight.T + bias}


def linear_backward(x, weight, dy):
    return {"dx": dy @ weight, "dweight": dy.T @ x, "dbias": dy.sum(axis=0)}


# --- activations -----------------------------------------------------------------------------------------------------

def _sigmoid(x):
    e = np.exp(-np.abs(x))  # never overflows
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def identity(x):
    return {"y": x}


def identity_gradient(x, dy):
    return {"dx": dy}


def tanh(x):
    return {"y": np.tanh(x)}


def tanh_gradient(x, dy):
    return {"dx": dy * (1 - np.tanh(x) ** 2)}


def relu(x):
    return {"y": np.maximum(x, 0)}


def relu_gradient(x, dy):
    return {"dx": dy * (x > 0)}


def sigmoid(x):
    return {"y": _sigmoid(x)}


def sigmoid_gradient(x, dy):
    y = _sigmoid(x)
    return {"dx": dy * y * (1 - y)}


def leaky_relu(x, slope):
    return {"y": np.where(x > 0, x, slope * x)}


def leaky_relu_gradient(x, dy, slope):
    return {"dx": np.where(x > 0, dy, slope * dy)}


# --- softmax cross-entropy, averaged over the rows --------------------------------------------------------------------

def _softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _loss(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])


def _loss_gradient(logits, labels):
    p = _softmax(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


def softmax(logits):
    return {"probabilities": _softmax(logits)}


def cross_entropy(logits, labels):
    return {"loss": _loss(logits, labels)}


def cross_entropy_gradient(logits, labels):
    return {"dlogits": _loss_gradient(logits, labels)}


# --- initializers: sizes s_0 .. s_L, weight l is [s_l+1][s_l] ---------------------------------------------------------

def _parameters(sizes, weight, bias):
    outputs = {}
    for l in range(len(sizes) - 1):
        outputs[f"weight{l}"] = weight(l, (sizes[l + 1], sizes[l]))
        outputs[f"bias{l}"] = bias((sizes[l + 1],))
    return outputs


def init_constant(sizes, fill):
    return _parameters(sizes, lambda l, shape: np.full(shape, fill), lambda shape: np.full(shape, fill))


def init_normal(sizes, std, seed):
    rng = np.random.default_rng(seed)
    return _parameters(sizes, lambda l, shape: rng.normal(0, std, shape), lambda shape: rng.normal(0, std, shape))


def init_fan_in(sizes, seed):
    rng = np.random.default_rng(seed)
    return _parameters(sizes, lambda l, shape: rng.normal(0, 1 / np.sqrt(shape[1]), shape), np.zeros)


def init_xavier(sizes, seed):
    rng = np.random.default_rng(seed)

    def weight(l, shape):
        bound = np.sqrt(6 / (shape[0] + shape[1]))
        return rng.uniform(-bound, bound, shape)
    return _parameters(sizes, weight, np.zeros)


def init_kaiming(sizes, seed):
    rng = np.random.default_rng(seed)

    def weight(l, shape):
        gain = 1 if l == 0 else np.sqrt(2)  # no ReLU stands before the first layer
        return rng.normal(0, gain / np.sqrt(shape[1]), shape)
    return _parameters(sizes, weight, np.zeros)


# --- optimizers -------------------------------------------------------------------------------------------------------

class SGD:
    def __init__(self, parameters, learning_rate):
        self.parameters, self.learning_rate = parameters, learning_rate

    def step(self, gradients):
        for w, g in zip(self.parameters, gradients):
            w -= self.learning_rate * g


class Momentum:
    def __init__(self, parameters, learning_rate, momentum):
        self.parameters, self.learning_rate, self.momentum = parameters, learning_rate, momentum
        self.m = [np.zeros_like(w) for w in parameters]

    def step(self, gradients):
        for w, g, m in zip(self.parameters, gradients, self.m):
            m[...] = self.momentum * m + (1 - self.momentum) * g
            w -= self.learning_rate * m


class Adam:
    def __init__(self, parameters, learning_rate, beta1, beta2, epsilon):
        self.parameters, self.learning_rate = parameters, learning_rate
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.t = 0
        self.m = [np.zeros_like(w) for w in parameters]
        self.v = [np.zeros_like(w) for w in parameters]

    def step(self, gradients):
        self.t += 1
        for w, g, m, v in zip(self.parameters, gradients, self.m, self.v):
            m[...] = self.beta1 * m + (1 - self.beta1) * g
            v[...] = self.beta2 * v + (1 - self.beta2) * g ** 2
            m_hat = m / (1 - self.beta1 ** self.t)
            v_hat = v / (1 - self.beta2 ** self.t)
            w -= self.learning_rate / (np.sqrt(v_hat) + self.epsilon) * m_hat


def _steps(optimizer, tensors, gradients):
    """The tensors after each step; gradients[k] is [steps][length of tensor k]."""
    updated = [[] for _ in tensors]
    for s in range(len(gradients[0])):
        optimizer.step([g[s] for g in gradients])
        for k, w in enumerate(tensors):
            updated[k].append(w.copy())
    return {f"updated{k}": np.array(rows) for k, rows in enumerate(updated)}


def sgd(parameters0, gradients0, parameters1, gradients1, learning_rate):
    tensors = [parameters0, parameters1]
    return _steps(SGD(tensors, learning_rate), tensors, [gradients0, gradients1])


def momentum(parameters0, gradients0, parameters1, gradients1, learning_rate, momentum):
    tensors = [parameters0, parameters1]
    return _steps(Momentum(tensors, learning_rate, momentum), tensors, [gradients0, gradients1])


def adam(parameters0, gradients0, parameters1, gradients1, learning_rate, beta1, beta2, epsilon):
    tensors = [parameters0, parameters1]
    return _steps(Adam(tensors, learning_rate, beta1, beta2, epsilon), tensors, [gradients0, gradients1])


# --- the network ------------------------------------------------------------------------------------------------------

_FORWARD = {"identity": identity, "tanh": tanh, "relu": relu}
_BACKWARD = {"identity": identity_gradient, "tanh": tanh_gradient, "relu": relu_gradient}


def _network(weights, biases, activation, x, labels):
    """Loss, and the gradients of all weights and biases."""
    inputs, preactivations = [x], []
    for l, (weight, bias) in enumerate(zip(weights, biases)):
        z = linear_forward(inputs[-1], weight, bias)["y"]
        preactivations.append(z)
        inputs.append(_FORWARD[activation](z)["y"] if l + 1 < len(weights) else z)
    dz = _loss_gradient(inputs[-1], labels)
    dweights, dbiases = [None] * len(weights), [None] * len(weights)
    for l in reversed(range(len(weights))):
        back = linear_backward(inputs[l], weights[l], dz)
        dweights[l], dbiases[l] = back["dweight"], back["dbias"]
        if l > 0:
            dz = _BACKWARD[activation](preactivations[l - 1], back["dx"])["dx"]
    return _loss(inputs[-1], labels), dweights, dbiases


def network_gradient(sizes, activation, x, labels, **parameters):
    layers = range(len(sizes) - 1)
    weights = [parameters[f"weight{l}"] for l in layers]
    biases = [parameters[f"bias{l}"] for l in layers]
    loss, dweights, dbiases = _network(weights, biases, activation, x, labels)
    outputs = {"loss": loss}
    for l in layers:
        outputs[f"dweight{l}"], outputs[f"dbias{l}"] = dweights[l], dbiases[l]
    return outputs


def training(sizes, activation, x, labels, order, optimizer, learning_rate, beta1, beta2, epsilon, **parameters):
    layers = range(len(sizes) - 1)
    weights = [parameters[f"weight{l}"] for l in layers]
    biases = [parameters[f"bias{l}"] for l in layers]
    if optimizer == "sgd":
        rule = SGD(weights + biases, learning_rate)
    elif optimizer == "momentum":
        rule = Momentum(weights + biases, learning_rate, beta1)
    else:
        rule = Adam(weights + biases, learning_rate, beta1, beta2, epsilon)
    losses = []
    for batch in order:
        loss, dweights, dbiases = _network(weights, biases, activation, x[batch], labels[batch])
        losses.append(loss)
        rule.step(dweights + dbiases)
    outputs = {"losses": np.array(losses)}
    for l in layers:
        outputs[f"weight{l}"], outputs[f"bias{l}"] = weights[l], biases[l]
    return outputs


# --- the loss surfaces ------------------------------------------------------------------------------------------------

def pathological_curve(w1, w2):
    t, s = np.tanh(w1), _sigmoid(w2)
    return {"loss": t ** 2 + 0.01 * np.abs(w1) + s, "dw1": 2 * t * (1 - t ** 2) + 0.01 * np.sign(w1),
            "dw2": s * (1 - s)}


def steep_optima(w1, w2):
    sigma = 0.2
    loss, dw1, dw2 = np.zeros_like(w1), np.zeros_like(w1), np.zeros_like(w1)
    for x, y in [(1, -0.5), (-1, 0.5), (-0.5, -0.8)]:
        density = np.exp(-((w1 - x) ** 2 + (w2 - y) ** 2) / (2 * sigma ** 2)) / (2 * np.pi * sigma ** 2)
        loss -= density
        dw1 += density * (w1 - x) / sigma ** 2
        dw2 += density * (w2 - y) / sigma ** 2
    return {"loss": loss, "dw1": dw1, "dw2": dw2}


# --- requests and replies ---------------------------------------------------------------------------------------------

FUNCTIONS = [linear_forward, linear_backward, identity, identity_gradient, tanh, tanh_gradient, relu, relu_gradient,
             sigmoid, sigmoid_gradient, leaky_relu, leaky_relu_gradient, softmax, cross_entropy,
             cross_entropy_gradient, init_constant, init_normal, init_fan_in, init_xavier, init_kaiming, sgd, momentum,
             adam, network_gradient, training, pathological_curve, steep_optima]


def from_json(value):
    """Arrays become NumPy arrays: float64, or int64 where all numbers are whole (labels, sizes, order)."""
    if isinstance(value, dict):
        return np.load(value["npy"])
    return np.array(value) if isinstance(value, list) else value


def serve():
    functions = {function.__name__: function for function in FUNCTIONS}
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"id": request["id"]}
        if request["call"] == "hello":
            reply.update(functions=list(functions), precision=PRECISION)
        elif request["call"] not in functions:
            reply["missing"] = True
        else:
            try:
                inputs = {name: from_json(value) for name, value in request["inputs"].items()}
                outputs = functions[request["call"]](**inputs)
                reply["outputs"] = {name: np.asarray(value).tolist() for name, value in outputs.items()}
            except Exception as error:  # one function's failure is not the others'
                reply["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(reply), flush=True)


def solve_files(folder):
    """The file way: answers every case of a folder that `assay grade --export` wrote."""
    functions = {function.__name__: function for function in FUNCTIONS}
    with open(f"{folder}/cases.json") as file:
        exported = json.load(file)
    for case in exported["cases"]:
        inputs = {name: np.load(f"{folder}/{value['npy']}") if isinstance(value, dict) else value
                  for name, value in case["inputs"].items()}
        outputs = functions[case["call"]](**inputs)
        for name, value in outputs.items():
            np.save(f"{folder}/{case['outputs'][name]['npy']}", np.asarray(value))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        solve_files(sys.argv[1])
    else:
        serve()
