#!/usr/bin/env python3
"""A complete submission with PyTorch: autograd and the tutorial's own classes. Grade it with

    assay grade --folder . -- python3 submission.py

Replace the bodies of the functions with your own, or delete what you do not want graded. Standard output belongs to the
replies: print to standard error when you debug.
"""
import json
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

PRECISION = 64  # the grader compares in double; with 32, remove the next line
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def _gradients(loss, tensors):
    return torch.autograd.grad(loss, tensors)


# --- linear layer and activations: the gradients come from autograd ---------------------------------------------------

def linear_forward(x, weight, bias):
    return {"y": F.linear(x, weight, bias)}


def linear_backward(x, weight, dy):
    bias = torch.zeros(len(weight), requires_grad=True)
    x.requires_grad_(), weight.requires_grad_()
    dx, dweight, dbias = torch.autograd.grad(F.linear(x, weight, bias), (x, weight, bias), dy)
    return {"dx": dx, "dweight": dweight, "dbias": dbias}


def _activation_pair(name, function):
    def forward(x, **arguments):
        return {"y": function(x, **arguments)}

    def gradient(x, dy, **arguments):
        x.requires_grad_()
        return {"dx": torch.autograd.grad(function(x, **arguments), x, dy)[0]}
    forward.__name__, gradient.__name__ = name, name + "_gradient"
    return [forward, gradient]


ACTIVATIONS = {"identity": lambda x: x * 1, "tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid,
               "leaky_relu": lambda x, slope: F.leaky_relu(x, slope)}


# --- softmax cross-entropy --------------------------------------------------------------------------------------------

def softmax(logits):
    return {"probabilities": torch.softmax(logits, dim=1)}


def cross_entropy(logits, labels):
    return {"loss": F.cross_entropy(logits, labels)}


def cross_entropy_gradient(logits, labels):
    logits.requires_grad_()
    return {"dlogits": _gradients(F.cross_entropy(logits, labels), logits)[0]}


# --- the network and its initializers, as the tutorial has them -------------------------------------------------------

class BaseNetwork(nn.Module):
    def __init__(self, sizes, activation="identity"):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def load(self, parameters):
        with torch.no_grad():
            for l, layer in enumerate(self.layers):
                layer.weight.copy_(parameters[f"weight{l}"])
                layer.bias.copy_(parameters[f"bias{l}"])

    def outputs(self):
        return {f"{kind}{l}": getattr(layer, kind).data for l, layer in enumerate(self.layers)
                for kind in ("weight", "bias")}


def _initialized(sizes, seed, init):
    torch.manual_seed(seed)
    network = BaseNetwork(sizes.tolist())
    for name, parameter in network.named_parameters():
        init(name, parameter.data)
    return network.outputs()


def init_constant(sizes, fill):
    return _initialized(sizes, 0, lambda name, p: p.fill_(fill))


def init_normal(sizes, std, seed):
    return _initialized(sizes, seed, lambda name, p: p.normal_(0, std))


def init_fan_in(sizes, seed):
    return _initialized(sizes, seed, lambda name, p: p.fill_(0) if name.endswith(".bias")
                        else p.normal_(0, 1 / math.sqrt(p.shape[1])))


def init_xavier(sizes, seed):
    def init(name, p):
        if name.endswith(".bias"):
            p.fill_(0)
        else:
            bound = math.sqrt(6) / math.sqrt(p.shape[0] + p.shape[1])
            p.uniform_(-bound, bound)
    return _initialized(sizes, seed, init)


def init_kaiming(sizes, seed):
    def init(name, p):
        if name.endswith(".bias"):
            p.fill_(0)
        elif name.startswith("layers.0"):  # no ReLU is applied to its input
            p.normal_(0, 1 / math.sqrt(p.shape[1]))
        else:
            p.normal_(0, math.sqrt(2) / math.sqrt(p.shape[1]))
    return _initialized(sizes, seed, init)


def network_gradient(sizes, activation, x, labels, **parameters):
    network = BaseNetwork(sizes.tolist(), activation)
    network.load(parameters)
    loss = F.cross_entropy(network(x), labels)
    loss.backward()
    outputs = {"loss": loss}
    for l, layer in enumerate(network.layers):
        outputs[f"dweight{l}"], outputs[f"dbias{l}"] = layer.weight.grad, layer.bias.grad
    return outputs


# --- optimizers: cells [21] to [24] of the tutorial -------------------------------------------------------------------

class OptimizerTemplate:
    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr

    def zero_grad(self):
        for p in self.params:
            if p.grad is not None:
                p.grad.detach_()
                p.grad.zero_()

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                self.update_param(p)


class SGD(OptimizerTemplate):
    def update_param(self, p):
        p.add_(-self.lr * p.grad)


class SGDMomentum(OptimizerTemplate):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr)
        self.momentum = momentum
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_momentum[p] = (1 - self.momentum) * p.grad + self.momentum * self.param_momentum[p]
        p.add_(-self.lr * self.param_momentum[p])


class Adam(OptimizerTemplate):
    def __init__(self, params, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.param_step = {p: 0 for p in self.params}
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        self.param_2nd_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_step[p] += 1
        self.param_momentum[p] = (1 - self.beta1) * p.grad + self.beta1 * self.param_momentum[p]
        self.param_2nd_momentum[p] = (1 - self.beta2) * p.grad ** 2 + self.beta2 * self.param_2nd_momentum[p]
        m_hat = self.param_momentum[p] / (1 - self.beta1 ** self.param_step[p])
        v_hat = self.param_2nd_momentum[p] / (1 - self.beta2 ** self.param_step[p])
        p.add_(-self.lr / (torch.sqrt(v_hat) + self.eps) * m_hat)


def _steps(make, parameters0, gradients0, parameters1, gradients1):
    tensors = [nn.Parameter(parameters0), nn.Parameter(parameters1)]
    optimizer = make(tensors)
    updated = [[], []]
    for gradient in zip(gradients0, gradients1):
        for p, g in zip(tensors, gradient):
            p.grad = g.clone()
        optimizer.step()
        for rows, p in zip(updated, tensors):
            rows.append(p.data.clone())
    return {"updated0": torch.stack(updated[0]), "updated1": torch.stack(updated[1])}


def sgd(learning_rate, **tensors):
    return _steps(lambda params: SGD(params, learning_rate), **tensors)


def momentum(learning_rate, momentum, **tensors):
    return _steps(lambda params: SGDMomentum(params, learning_rate, momentum), **tensors)


def adam(learning_rate, beta1, beta2, epsilon, **tensors):
    return _steps(lambda params: Adam(params, learning_rate, beta1, beta2, epsilon), **tensors)


def training(sizes, activation, x, labels, order, optimizer, learning_rate, beta1, beta2, epsilon, **parameters):
    network = BaseNetwork(sizes.tolist(), activation)
    network.load(parameters)
    rule = {"sgd": lambda p: SGD(p, learning_rate), "momentum": lambda p: SGDMomentum(p, learning_rate, beta1),
            "adam": lambda p: Adam(p, learning_rate, beta1, beta2, epsilon)}[optimizer](network.parameters())
    losses = []
    for batch in order:
        rule.zero_grad()
        loss = F.cross_entropy(network(x[batch]), labels[batch])
        loss.backward()
        rule.step()
        losses.append(loss.item())
    return {"losses": torch.tensor(losses), **network.outputs()}


# --- the loss surfaces: cells [29] and [34] ---------------------------------------------------------------------------

def _surface(function, w1, w2):
    w1.requires_grad_(), w2.requires_grad_()
    loss = function(w1, w2)
    dw1, dw2 = _gradients(loss.sum(), (w1, w2))
    return {"loss": loss, "dw1": dw1, "dw2": dw2}


def pathological_curve(w1, w2):
    return _surface(lambda a, b: torch.tanh(a) ** 2 + 0.01 * torch.abs(a) + torch.sigmoid(b), w1, w2)


def bivar_gaussian(w1, w2, x_mean, y_mean, x_sig=0.2, y_sig=0.2):
    norm = 1 / (2 * math.pi * x_sig * y_sig)
    return norm * torch.exp(-1 * (w1 - x_mean) ** 2 / (2 * x_sig ** 2) - (w2 - y_mean) ** 2 / (2 * y_sig ** 2))


def steep_optima(w1, w2):
    return _surface(lambda a, b: -bivar_gaussian(a, b, 1, -0.5) - bivar_gaussian(a, b, -1, 0.5)
                    - bivar_gaussian(a, b, -0.5, -0.8), w1, w2)


# --- requests and replies ---------------------------------------------------------------------------------------------

FUNCTIONS = [linear_forward, linear_backward, softmax, cross_entropy, cross_entropy_gradient, init_constant,
             init_normal, init_fan_in, init_xavier, init_kaiming, sgd, momentum, adam, network_gradient, training,
             pathological_curve, steep_optima]
for _name, _function in ACTIVATIONS.items():
    FUNCTIONS += _activation_pair(_name, _function)


def from_json(value):
    """Arrays become tensors: float64, or int64 where all numbers are whole (labels, sizes, order)."""
    return torch.tensor(value) if isinstance(value, list) else value


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
                reply["outputs"] = {name: torch.as_tensor(value).tolist() for name, value in outputs.items()}
            except Exception as error:  # one function's failure is not the others'
                reply["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    serve()
