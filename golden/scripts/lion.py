#!/usr/bin/env python3
"""Writes golden/lion_mpmath.json: 100 steps of Lion in 50 digits.

Needs mpmath (Debian: apt-get install python3-mpmath). Run from the root of the source:
    python3 golden/scripts/lion.py > golden/lion_mpmath.json
Algorithm 2 of Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms" (arXiv 2302.06675), written down from
the article; PyTorch has no Lion. The gradients are those of optim.py.
"""
import json
import sys

from mpmath import mp, mpf, sign

mp.dps = 50

COUNT = 6
STEPS = 100
KEPT = [1, 2, 3, 5, 10, 20, 50, 100]
START = [1.0, -0.75, 0.5, 2.0, -3.0, 0.125]
SCALES = [0, -6, 8, 0, -20, 0]
# Settings in this project: learning rate, betas, weight decay, and whether it is decoupled (as in the article) or L2.
CASES = [
    ("", dict(lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0, decoupled=True)),
    ("lr=0.01,weight_decay=0.1", dict(lr=0.01, beta1=0.9, beta2=0.99, weight_decay=0.1, decoupled=True)),
    ("lr=0.01,beta1=0.5,beta2=0.75", dict(lr=0.01, beta1=0.5, beta2=0.75, weight_decay=0.0, decoupled=True)),
    ("lr=0.001,weight_decay=0.05,decoupled=0",
     dict(lr=0.001, beta1=0.9, beta2=0.99, weight_decay=0.05, decoupled=False)),
]
# A sign must not depend on rounding: |c| is at least this share of its parts, float's roundoff is 6e-8.
LEAST_SHARE = 1e-6


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


def run(lr, beta1, beta2, weight_decay, decoupled):
    lr, beta1, beta2, weight_decay = mpf(lr), mpf(beta1), mpf(beta2), mpf(weight_decay)
    w = [mpf(x) for x in START]
    m = [mpf(0)] * COUNT
    kept = []
    for step, row in enumerate(gradients(), start=1):
        for i in range(COUNT):
            g = mpf(row[i]) + (0 if decoupled else weight_decay * w[i])
            old, new = beta1 * m[i], (1 - beta1) * g
            c = old + new
            assert c == 0 == abs(old) + abs(new) or abs(c) > LEAST_SHARE * (abs(old) + abs(new)), (step, i)
            w[i] -= lr * (sign(c) + (weight_decay * w[i] if decoupled else 0))
            m[i] = beta2 * m[i] + (1 - beta2) * g
        if step in KEPT:
            kept.append([float(mp.nstr(x, 25)) for x in w])
    return kept


def main():
    golden = {
        "origin": "golden/scripts/lion.py, mpmath with 50 digits: Chen et al. 2023, algorithm 2; rows are the "
        '%d parameters after the steps in "steps"' % COUNT,
        "tolerance": {
            "f32": 1.2e-5,
            "f64": 3e-14,
            "reason": "of the parameter's largest absolute value so far, at least 1: every step rounds the parameter "
            "once, and its change a few times: 100 steps of 2 u, u = 2^-24 or 2^-53; no sign depends on rounding (the "
            "script checks it)",
        },
        "steps": KEPT,
        "start": START,
        "scales": SCALES,
        "cases": [
            {"optimizer": "lion", "settings": settings, "source": "Chen et al. 2023", "exact": run(**numbers)}
            for settings, numbers in CASES
        ],
    }
    json.dump(golden, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
