#!/usr/bin/env python3
"""Writes golden/surface_torch.json: the tutorial's six descents (cells [32] and [35]) and gradients of its surfaces.

Run with PyTorch (made with Debian's python3-torch 1.13), from the root of the source:
    /usr/bin/python3 golden/scripts/surface.py > golden/surface_torch.json
The classes and functions are the tutorial's cells [21]-[24], [29], [31] and [34] as printed.
SGD on the pathological curvature is chaotic: the points depend on how tanh's derivative is rounded, and so on the
kernels that PyTorch chooses. AVX2 is asked for, what PyTorch 1.13 takes on every processor that has it.
"""
import json
import os
import sys

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402


def pathological_curve_loss(w1, w2):
    x1_loss = torch.tanh(w1) ** 2 + 0.01 * torch.abs(w1)
    x2_loss = torch.sigmoid(w2)
    return x1_loss + x2_loss


def bivar_gaussian(w1, w2, x_mean=0.0, y_mean=0.0, x_sig=1.0, y_sig=1.0):
    norm = 1 / (2 * np.pi * x_sig * y_sig)
    x_exp = (-1 * (w1 - x_mean) ** 2) / (2 * x_sig**2)
    y_exp = (-1 * (w2 - y_mean) ** 2) / (2 * y_sig**2)
    return norm * torch.exp(x_exp + y_exp)


def comb_func(w1, w2):
    z = -bivar_gaussian(w1, w2, x_mean=1.0, y_mean=-0.5, x_sig=0.2, y_sig=0.2)
    z -= bivar_gaussian(w1, w2, x_mean=-1.0, y_mean=0.5, x_sig=0.2, y_sig=0.2)
    z -= bivar_gaussian(w1, w2, x_mean=-0.5, y_mean=-0.8, x_sig=0.2, y_sig=0.2)
    return z


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
            if p.grad is None:
                continue
            self.update_param(p)


class SGD(OptimizerTemplate):
    def update_param(self, p):
        p_update = -self.lr * p.grad
        p.add_(p_update)


class SGDMomentum(OptimizerTemplate):
    def __init__(self, params, lr, momentum=0.0):
        super().__init__(params, lr)
        self.momentum = momentum
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_momentum[p] = (1 - self.momentum) * p.grad + self.momentum * self.param_momentum[p]
        p_update = -self.lr * self.param_momentum[p]
        p.add_(p_update)


class Adam(OptimizerTemplate):
    def __init__(self, params, lr, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.param_step = {p: 0 for p in self.params}
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        self.param_2nd_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_step[p] += 1
        self.param_momentum[p] = (1 - self.beta1) * p.grad + self.beta1 * self.param_momentum[p]
        self.param_2nd_momentum[p] = (1 - self.beta2) * (p.grad) ** 2 + self.beta2 * self.param_2nd_momentum[p]
        bias_correction_1 = 1 - self.beta1 ** self.param_step[p]
        bias_correction_2 = 1 - self.beta2 ** self.param_step[p]
        p_2nd_mom = self.param_2nd_momentum[p] / bias_correction_2
        p_mom = self.param_momentum[p] / bias_correction_1
        p_lr = self.lr / (torch.sqrt(p_2nd_mom) + self.eps)
        p_update = -p_lr * p_mom
        p.add_(p_update)


def train_curve(optimizer_func, curve_func, num_updates, init, dtype):
    weights = nn.Parameter(torch.tensor(init, dtype=dtype), requires_grad=True)
    optim = optimizer_func([weights])
    list_points = []
    for _ in range(num_updates):
        loss = curve_func(weights[0], weights[1])
        list_points.append(torch.cat([weights.data.detach(), loss.unsqueeze(dim=0).detach()], dim=0))
        optim.zero_grad()
        loss.backward()
        optim.step()
    return torch.stack(list_points, dim=0)


DTYPES = {"f32": torch.float32, "f64": torch.float64}
SURFACES = {"pathological": pathological_curve_loss, "gaussian": bivar_gaussian, "steep": comb_func}
# Cells [32] and [35], with the names and settings of this project.
DESCENTS = [
    ("pathological", [5, 5], "sgd", "lr=10", lambda p: SGD(p, lr=10)),
    ("pathological", [5, 5], "momentum", "lr=10,momentum=0.9", lambda p: SGDMomentum(p, lr=10, momentum=0.9)),
    ("pathological", [5, 5], "adam", "lr=1", lambda p: Adam(p, lr=1)),
    ("steep", [0, 0], "sgd", "lr=0.5", lambda p: SGD(p, lr=0.5)),
    ("steep", [0, 0], "momentum", "lr=1,momentum=0.9", lambda p: SGDMomentum(p, lr=1, momentum=0.9)),
    ("steep", [0, 0], "adam", "lr=0.2", lambda p: Adam(p, lr=0.2)),
]
PLACES = [-6.5, -1.0, -0.8, -0.21, 0.0, 0.37, 0.5, 1.25, 5.0]


def numbers(tensor):
    """Float32 with the 9 digits, double with the 17 digits that give it back."""
    digits = 9 if tensor.dtype == torch.float32 else 17
    return [float(f"%.{digits}g" % x) for x in tensor.flatten().tolist()]


def gradients(surface, dtype):
    rows = []
    for a in PLACES:
        for b in PLACES:
            w = torch.tensor([a, b], dtype=dtype, requires_grad=True)
            loss = SURFACES[surface](w[0], w[1])
            loss.backward()
            rows.append(numbers(torch.cat([w.detach(), loss.detach().reshape(1), w.grad])))
    return rows


def main():
    descents = []
    for surface, start, optimizer, settings, make in DESCENTS:
        entry = {"surface": surface, "optimizer": optimizer, "settings": settings, "start": start}
        for name, dtype in DTYPES.items():
            points = train_curve(make, SURFACES[surface], 100, start, dtype)
            entry[name] = [numbers(row) for row in points]
        descents.append(entry)
    rows = lambda table: "[\n" + ",\n".join("      " + json.dumps(row) for row in table) + "]"  # noqa: E731
    out = sys.stdout
    out.write('{\n  "origin": %s,\n' % json.dumps(
        "golden/scripts/surface.py with PyTorch %s, ATEN_CPU_CAPABILITY=avx2: the tutorial's cells [31], [32], [34], "
        "[35]; rows of a descent are w1, w2, loss before update t; rows of gradients are w1, w2, loss, dL/dw1, dL/dw2"
        % torch.__version__))
    out.write('  "tolerance": %s,\n' % json.dumps(
        {"f32": 1e-5, "f64": 1e-9, "reason": "f32: what is asked for, over all 100 updates; f64: an error of 1e-15 in "
         "a point grows to at most 1e-11 in 100 updates, measured by perturbing the start; not so for SGD on the "
         "pathological curvature, which is chaotic: 1e-15 grows to 0.8, and agreement in f64 ends on the way"}))
    out.write('  "descents": [\n')
    for i, entry in enumerate(descents):
        head = {key: entry[key] for key in ("surface", "optimizer", "settings", "start")}
        out.write("    " + json.dumps(head)[:-1] + ',\n     "f32": %s,\n     "f64": %s}%s\n' % (
            rows(entry["f32"]), rows(entry["f64"]), "," if i + 1 < len(descents) else ""))
    out.write('  ],\n  "gradients": {\n')
    out.write(",\n".join('    "%s": {"f32": %s,\n     "f64": %s}' % (
        surface, rows(gradients(surface, torch.float32)), rows(gradients(surface, torch.float64)))
        for surface in SURFACES))
    out.write("\n  }\n}\n")


main()
