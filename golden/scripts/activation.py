#!/usr/bin/env python3
"""Writes golden/activation_mpmath.json: activation functions, their derivatives and softmax cross-entropy in 50
digits.

Needs mpmath (Debian: apt-get install python3-mpmath). The functions are written from PyTorch's documentation,
with the default parameters; derivatives are taken by mpmath from the function itself, so no formula of ours is
in them. At a kink the file has PyTorch's choice.
"""
import json
import sys

from mpmath import mp, mpf, diff, erf, exp, log, log1p, pi, sqrt, tanh

mp.dps = 50

FUNCTIONS = {
    "identity": lambda x: x,
    "tanh": tanh,
    "relu": lambda x: x if x > 0 else mpf(0),
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "leaky-relu": lambda x: x if x > 0 else mpf(0.01) * x,
    "selu": lambda x: mpf("1.0507009873554804934193349852946")
    * (x if x > 0 else mpf("1.6732632423543772848170429916717") * (exp(x) - 1)),
    "elu": lambda x: x if x > 0 else exp(x) - 1,
    "gelu": lambda x: x * (1 + erf(x / sqrt(mpf(2)))) / 2,
    "gelu-tanh": lambda x: x * (1 + tanh(sqrt(2 / pi) * (x + mpf("0.044715") * x**3))) / 2,
    "silu": lambda x: x / (1 + exp(-x)),
    "mish": lambda x: x * tanh(log1p(exp(x))),
}
KINKS = {"relu": "0", "leaky-relu": "0.01"}
POINTS = [
    -8,
    -6.5,
    -5,
    -4.25,
    -3.5,
    -3,
    -2.5,
    -2,
    -1.5,
    -1.25,
    -1,
    -0.75,
    -0.5,
    -0.3125,
    -0.125,
    -0.03125,
    -(2.0**-12),
    0,
    2.0**-12,
    0.03125,
    0.125,
    0.3125,
    0.5,
    0.75,
    1,
    1.25,
    1.5,
    2,
    2.5,
    3,
    3.5,
    4.25,
    5,
    6.5,
    8,
]


def text(value):
    return float(mp.nstr(value, 25))


def derivative(name, x):
    if x == 0 and name in KINKS:
        return float(KINKS[name])
    if x == 0 and name in ("selu", "elu"):
        # From below, as y <= 0 chooses; ELU has one slope there, SELU's jump is s (a - 1).
        return text(
            mpf("1.0507009873554804934193349852946") * mpf("1.6732632423543772848170429916717")
            if name == "selu"
            else mpf(1)
        )
    return text(diff(FUNCTIONS[name], mpf(x), h=mpf(10) ** -15))


def softmax_case(rows, classes, scale, seed):
    logits, labels, state = [], [], seed
    for _ in range(rows * classes):
        state = (1664525 * state + 1013904223) % 2**32
        logits.append(((state >> 8) / 2**23 - 1) * scale)
    for r in range(rows):
        labels.append(r * 7 % classes)
    loss, gradient, probabilities = mpf(0), [], []
    for r in range(rows):
        row = [exp(mpf(x)) for x in logits[r * classes : (r + 1) * classes]]
        total = sum(row)
        loss += -log(row[labels[r]] / total) / rows
        for j in range(classes):
            probabilities.append(text(row[j] / total))
            gradient.append(text((row[j] / total - (j == labels[r])) / rows))
    return {
        "rows": rows,
        "classes": classes,
        "logits": logits,
        "labels": labels,
        "loss": text(loss),
        "gradient": gradient,
        "probabilities": probabilities,
    }


def main():
    activations = {
        name: {"value": [text(f(mpf(x))) for x in POINTS], "derivative": [derivative(name, x) for x in POINTS]}
        for name, f in FUNCTIONS.items()
    }
    golden = {
        "origin": "golden/scripts/activation.py, mpmath with 50 digits",
        "tolerance": "in units of the precision's roundoff: 32 of the value, for GELU 2 x^2 more (the rounding of "
        "x / sqrt 2 in the tail) and for its tanh form 20 |x|^3 / 8 more; derivatives 32 of the larger of 1 "
        "and the value; the loss 64 of it, its gradient 64 / rows, probabilities 256 of the value",
        "points": POINTS,
        "activations": activations,
        "softmax": [softmax_case(1, 2, 1, 1), softmax_case(5, 10, 4, 2), softmax_case(3, 17, 30, 3)],
    }
    json.dump(golden, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
