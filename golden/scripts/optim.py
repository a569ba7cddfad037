#!/usr/bin/env python3
"""Writes golden/optim_torch.json: 100 steps of every named optimizer, in float32 and float64.

Run with PyTorch (made with Debian's python3-torch 1.13), from the root of the source:
    /usr/bin/python3 golden/scripts/optim.py > golden/optim_torch.json
The gradients come from a linear congruential generator and are exact in float32, so that a test can make them again.
"""
import json
import sys

import torch

COUNT = 6
STEPS = 100
KEPT = [1, 2, 3, 5, 10, 20, 50, 100]
START = [1.0, -0.75, 0.5, 2.0, -3.0, 0.125]
# Parameter i's gradients have the size of 2^SCALES[i]; parameter 3's are zero in every third step, parameter 5's
# always.
SCALES = [0, -6, 8, 0, -20, 0]


def gradients():
    """state = 1664525 state + 1013904223 mod 2^32 (Numerical Recipes); g = (state >> 8) 2^-23 - 1, scaled."""
    state = 42
    for step in range(1, STEPS + 1):
        row = []
        for i in range(COUNT):
            state = (1664525 * state + 1013904223) % 2**32
            g = ((state >> 8) * 2.0**-23 - 1.0) * 2.0 ** SCALES[i]
            row.append(0.0 if i == 5 or (i == 3 and step % 3 == 0) else g)
        yield row


class OptimizerTemplate:
    """The tutorial's cells [21] to [24], as printed."""

    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr

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
    """As printed; correct_first and correct_second, both true there, make the uncorrected variants."""

    def __init__(self, params, lr, beta1=0.9, beta2=0.999, eps=1e-8, correct_first=True, correct_second=True):
        super().__init__(params, lr)
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.correct_first = correct_first
        self.correct_second = correct_second
        self.param_step = {p: 0 for p in self.params}
        self.param_momentum = {p: torch.zeros_like(p.data) for p in self.params}
        self.param_2nd_momentum = {p: torch.zeros_like(p.data) for p in self.params}

    def update_param(self, p):
        self.param_step[p] += 1
        self.param_momentum[p] = (1 - self.beta1) * p.grad + self.beta1 * self.param_momentum[p]
        self.param_2nd_momentum[p] = (1 - self.beta2) * (p.grad) ** 2 + self.beta2 * self.param_2nd_momentum[p]
        bias_correction_1 = 1 - self.beta1 ** self.param_step[p] if self.correct_first else 1
        bias_correction_2 = 1 - self.beta2 ** self.param_step[p] if self.correct_second else 1
        p_2nd_mom = self.param_2nd_momentum[p] / bias_correction_2
        p_mom = self.param_momentum[p] / bias_correction_1
        p_lr = self.lr / (torch.sqrt(p_2nd_mom) + self.eps)
        p_update = -p_lr * p_mom
        p.add_(p_update)


T = torch.optim
# Name and settings in this project, and what they are compared with.
CASES = [
    ("sgd", "", "tutorial", lambda p: SGD(p, lr=0.1)),
    ("momentum", "", "tutorial", lambda p: SGDMomentum(p, lr=0.1, momentum=0.9)),
    ("adam", "", "tutorial", lambda p: Adam(p, lr=1e-3)),
    ("adam", "lr=0.1,beta1=0.5,beta2=0.75,eps=0.001", "tutorial", lambda p: Adam(p, 0.1, 0.5, 0.75, 1e-3)),
    ("adam-uncorrected-momentum", "", "tutorial, changed", lambda p: Adam(p, lr=1e-3, correct_first=False)),
    ("adam-uncorrected", "", "tutorial, changed",
     lambda p: Adam(p, lr=1e-3, correct_first=False, correct_second=False)),
    ("sgd", "", "torch.optim", lambda p: T.SGD(p, lr=0.1)),
    ("sgd", "weight_decay=0.05", "torch.optim", lambda p: T.SGD(p, lr=0.1, weight_decay=0.05)),
    ("classical-momentum", "", "torch.optim", lambda p: T.SGD(p, lr=0.1, momentum=0.9)),
    ("classical-momentum", "weight_decay=0.05", "torch.optim",
     lambda p: T.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05)),
    ("nesterov", "", "torch.optim", lambda p: T.SGD(p, lr=0.1, momentum=0.9, nesterov=True)),
    ("nesterov", "momentum=0.5,weight_decay=0.05", "torch.optim",
     lambda p: T.SGD(p, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.05)),
    ("dampening", "", "torch.optim", lambda p: T.SGD(p, lr=0.1, momentum=0.9, dampening=0.9)),
    ("dampening", "dampening=0.25,weight_decay=0.05", "torch.optim",
     lambda p: T.SGD(p, lr=0.1, momentum=0.9, dampening=0.25, weight_decay=0.05)),
    ("adam", "", "torch.optim", lambda p: T.Adam(p)),
    ("adam", "lr=0.01,weight_decay=0.05", "torch.optim", lambda p: T.Adam(p, lr=0.01, weight_decay=0.05)),
    ("adamw", "", "torch.optim", lambda p: T.AdamW(p)),
    ("adamw", "lr=0.01,weight_decay=0.5,amsgrad=1", "torch.optim",
     lambda p: T.AdamW(p, lr=0.01, weight_decay=0.5, amsgrad=True)),
    ("amsgrad", "", "torch.optim", lambda p: T.Adam(p, amsgrad=True)),
    ("amsgrad", "lr=0.01,beta2=0.9,weight_decay=0.05", "torch.optim",
     lambda p: T.Adam(p, lr=0.01, betas=(0.9, 0.9), amsgrad=True, weight_decay=0.05)),
    ("rmsprop", "", "torch.optim", lambda p: T.RMSprop(p)),
    ("rmsprop", "lr=0.001,alpha=0.5,eps=0.01,weight_decay=0.05", "torch.optim",
     lambda p: T.RMSprop(p, lr=0.001, alpha=0.5, eps=0.01, weight_decay=0.05)),
]


def run(make, dtype):
    p = torch.tensor(START, dtype=dtype, requires_grad=True)
    optimizer = make([p])
    kept = []
    for step, row in enumerate(gradients(), start=1):
        p.grad = torch.tensor(row, dtype=dtype)
        optimizer.step()
        if step in KEPT:
            digits = 9 if dtype == torch.float32 else 17
            kept.append([float(f"%.{digits}g" % x) for x in p.tolist()])
    return kept


def main():
    out = sys.stdout
    out.write('{\n  "origin": %s,\n' % json.dumps(
        "golden/scripts/optim.py with PyTorch %s: the tutorial's cells [22]-[24] and torch.optim; rows are the %d "
        "parameters after the steps in \"steps\"" % (torch.__version__, COUNT)))
    out.write('  "tolerance": %s,\n' % json.dumps({
        "f32": 1.2e-5, "f64": 3e-14,
        "reason": "of the parameter's largest absolute value so far, at least 1: every step rounds the parameter once, "
                  "and its change a few times: 100 steps of 2 u, u = 2^-24 or 2^-53"}))
    out.write('  "steps": %s,\n  "start": %s,\n  "scales": %s,\n  "cases": [\n' % (
        json.dumps(KEPT), json.dumps(START), json.dumps(SCALES)))
    for i, (name, settings, source, make) in enumerate(CASES):
        head = json.dumps({"optimizer": name, "settings": settings, "source": source})
        out.write("    " + head[:-1])
        for key, dtype in (("f32", torch.float32), ("f64", torch.float64)):
            rows = ",\n      ".join(json.dumps(row) for row in run(make, dtype))
            out.write(',\n     "%s": [\n      %s]' % (key, rows))
        out.write("}%s\n" % ("," if i + 1 < len(CASES) else ""))
    out.write("  ]\n}\n")


main()
