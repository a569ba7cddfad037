#!/usr/bin/python3
"""Initializes networks with torch.nn.init and the tutorial's own functions, and writes golden/init_torch.json.

Run with Debian's python3-torch:
  /usr/bin/python3 golden/scripts/torch_init.py golden/init_torch.json
"""
import json
import math
import os
import sys

# The AVX2 path of normal_ rounds the angle in float32; that is the one that lib/random follows.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import torch  # noqa: E402  (reads the variable when it loads)
from torch.nn import init  # noqa: E402

from output import opened

# Tensors below and above 16 elements, and not divisible by 16; then larger ones.
RUNS = [(0, [13, 7, 3]), (42, [64, 50, 21, 10]), (2**32 - 1, [5, 1, 2])]
HEAD, TAIL, STRIDE = 16, 32, 97

TOLERANCES = {
    "constant": "exact",
    "uniform": "3 ulp of the bound: torch.nn.init computes bounds in another order of double operations than the "
               "tutorial, so that their float32 may differ by an ulp; the draws are the same",
    "normal": "6.2e-7 of the value: PyTorch's AVX2 logarithm, sine and cosine are polynomials, within 5e-7 of libm's "
              "relative to the value; 1.2e-7 is one ulp for the standard deviation, as above",
}


def weights_and_biases(network):
    for layer in network:
        yield "weight", layer.weight.data
        yield "bias", layer.bias.data


def over_weights(fill):
    """What the tutorial's functions do: biases 0, weights by `fill`; nothing drawn for the biases."""
    def run(network):
        for index, (kind, tensor) in enumerate(weights_and_biases(network)):
            if kind == "bias":
                tensor.fill_(0)
            else:
                fill(tensor, index == 0)
    return run


def over_all(fill):
    def run(network):
        for _, tensor in weights_and_biases(network):
            fill(tensor)
    return run


def linear_default(network):
    for layer in network:
        layer.reset_parameters()


def tutorial_xavier(tensor, _):
    bound = math.sqrt(6) / math.sqrt(tensor.shape[0] + tensor.shape[1])
    tensor.uniform_(-bound, bound)


def tutorial_kaiming(tensor, first):
    tensor.normal_(0, (1.0 if first else math.sqrt(2)) / math.sqrt(tensor.shape[1]))


def kaiming(function, mode, nonlinearity, parameter=0.0):
    return over_weights(lambda tensor, _: function(tensor, a=parameter, mode=mode, nonlinearity=nonlinearity))


def xavier(function, nonlinearity, parameter=None):
    return over_weights(lambda tensor, _: function(tensor, gain=init.calculate_gain(nonlinearity, parameter)))


def case(initializer, function, distribution, **fields):
    return {"initializer": initializer, "distribution": distribution, **fields}, function


CASES = [
    case("constant", over_all(lambda t: t.fill_(0.005)), "constant", value=0.005),
    case("normal", over_all(lambda t: t.normal_(std=0.01)), "normal", value=0.01),
    case("normal", over_all(lambda t: t.normal_(std=0.1)), "normal", value=0.1),
    case("equal-variance", over_weights(lambda t, _: t.normal_(std=1.0 / math.sqrt(t.shape[1]))), "normal"),
    case("xavier-uniform", over_weights(tutorial_xavier), "uniform", exact=True),
    case("xavier-uniform", xavier(init.xavier_uniform_, "linear"), "uniform", gain="identity"),
    case("xavier-uniform", xavier(init.xavier_uniform_, "tanh"), "uniform", gain="tanh"),
    case("xavier-normal", xavier(init.xavier_normal_, "linear"), "normal", gain="identity"),
    case("xavier-normal", xavier(init.xavier_normal_, "selu"), "normal", gain="selu"),
    case("kaiming-normal", over_weights(tutorial_kaiming), "normal", gain="relu", fan="in", tutorial=True),
    case("kaiming-normal", kaiming(init.kaiming_normal_, "fan_in", "relu"), "normal", gain="relu", fan="in"),
    case("kaiming-normal", kaiming(init.kaiming_normal_, "fan_out", "relu"), "normal", gain="relu", fan="out"),
    case("kaiming-normal", kaiming(init.kaiming_normal_, "fan_in", "sigmoid"), "normal", gain="sigmoid", fan="in"),
    case("kaiming-uniform", kaiming(init.kaiming_uniform_, "fan_in", "relu"), "uniform", gain="relu", fan="in"),
    case("kaiming-uniform", kaiming(init.kaiming_uniform_, "fan_out", "leaky_relu", 0.2), "uniform",
         gain="leaky_relu", parameter=0.2, fan="out"),
    case("torch-default", linear_default, "uniform"),
]

GAINS = [("identity", "linear", None), ("sigmoid", "sigmoid", None), ("tanh", "tanh", None), ("relu", "relu", None),
         ("selu", "selu", None), ("leaky_relu", "leaky_relu", 0.01), ("leaky_relu", "leaky_relu", 0.2),
         ("leaky_relu", "leaky_relu", math.sqrt(5))]


def run(function, seed, sizes):
    network = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
    torch.manual_seed(seed)
    function(network)
    tensors = []
    for kind, tensor in weights_and_biases(network):
        values = tensor.flatten().tolist()
        count = len(values)
        tensors.append({"kind": kind, "count": count,
                        "values": [values[i] for i in range(count)
                                   if i < HEAD or i >= count - TAIL or i % STRIDE == 0]})
    return {"seed": seed, "sizes": sizes, "tensors": tensors,
            "next": torch.empty((), dtype=torch.int64).random_().item()}


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUTPUT.json (- for standard output)")
    if "CPU capability usage: AVX2" not in torch.__config__.show():
        sys.exit("this processor has no AVX2, and PyTorch's normal_ takes another path without it")
    gains = [{"activation": name, "parameter": parameter, "gain": init.calculate_gain(nonlinearity, parameter)}
             for name, nonlinearity, parameter in GAINS]
    cases = [{**fields, "runs": [run(function, seed, sizes) for seed, sizes in RUNS]} for fields, function in CASES]
    with opened(sys.argv[1]) as output:
        output.write("{\n")
        output.write(f'"origin": "golden/scripts/torch_init.py, PyTorch {torch.__version__} (Debian python3-torch), '
                     'CPU generator with AVX2; next: a 64-bit draw after the initialization",\n')
        output.write(f'"tolerances": {json.dumps(TOLERANCES)},\n')
        output.write(f'"kept": {json.dumps({"head": HEAD, "tail": TAIL, "stride": STRIDE})},\n')
        output.write('"gains": [\n' + ",\n".join(json.dumps(gain) for gain in gains) + "\n],\n")
        output.write('"cases": [\n' + ",\n".join(json.dumps(entry) for entry in cases) + "\n]\n}\n")


if __name__ == "__main__":
    main()
