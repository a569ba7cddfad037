#!/usr/bin/python3
"""Writes small checkpoints with PyTorch (Debian's python3-torch) into golden/model/, and what they hold as JSON.

Usage: /usr/bin/python3 golden/scripts/model.py GOLDEN_FOLDER
"""

import collections
import json
import os
import sys

import torch


class Malicious:
    """Unpickling this runs a command; an example of the pickles that must be refused."""

    def __reduce__(self):
        return os.system, ("touch assay-was-fooled",)


def mixed():
    """Every dtype, rank 0, an empty tensor, and views: slices, transposed and expanded tensors, a shared storage."""
    torch.manual_seed(1)
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8 - 0.5
    state = collections.OrderedDict()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        values = [[-1.5, 0.0, 0.15625], [3.0, 2.0**-14, -(2.0**-20)]]
        state[str(dtype)] = torch.tensor(values, dtype=dtype)
    for dtype in (torch.int64, torch.int32, torch.int16, torch.int8):
        state[str(dtype)] = torch.tensor([-128, -1, 0, 127], dtype=dtype)
    state["torch.int64.large"] = torch.tensor([2**53, -(2**53)])
    state["torch.uint8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)
    state["torch.bool"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(0.1)
    state["empty"] = torch.zeros(2, 0, 3)
    state["base"] = base
    state["row"] = base[1]
    state["block"] = base[1:, 1:3]
    state["transposed"] = base.t()
    state["expanded"] = base[2:, 3:].expand(2, 3)
    state["cube"] = torch.randn(2, 3, 4).permute(2, 0, 1)
    state["name of \u03c3\u00b2"] = torch.randn(5)
    return state


def network():
    """BaseNetwork of the tutorial with act_fn=Tanh, input_size=5, num_classes=2, hidden_sizes=[4, 3]."""
    torch.manual_seed(2)
    sizes = [5, 4, 3, 2]
    layers = torch.nn.ModuleList()
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.Tanh()]
    net = torch.nn.Module()
    net.layers = layers[:-1]
    return net.state_dict()


def describe(state):
    return {
        name: {"shape": list(tensor.shape), "values": tensor.to(torch.float64).flatten().tolist()}
        for name, tensor in state.items()
    }


def main(folder):
    out = os.path.join(folder, "model")
    os.makedirs(out, exist_ok=True)
    read = {"mixed.pt": mixed(), "network.pt": network()}
    others = {
        "malicious.pt": {"weight": torch.zeros(1), "more": Malicious()},
        "nested.pt": {"epoch": 3, "state_dict": network()},
        "parameter.pt": {"weight": torch.nn.Parameter(torch.zeros(1))},
        "list.pt": [torch.zeros(1)],
    }
    for name, content in {**read, **others}.items():
        torch.save(content, os.path.join(out, name))
    torch.save(network(), os.path.join(out, "protocol4.pt"), pickle_protocol=4)
    torch.save(network(), os.path.join(out, "legacy.pt"), _use_new_zipfile_serialization=False)
    with open(os.path.join(out, "network.config"), "w", encoding="utf-8") as file:
        json.dump({"act_fn": "Tanh", "input_size": 5, "num_classes": 2, "hidden_sizes": [4, 3]}, file)
    golden = {
        "origin": f"golden/scripts/model.py with PyTorch {torch.__version__}",
        "tolerance": 0,
        "reason": "a file is read, nothing is computed: float64 holds every value of every dtype exactly",
        "files": {name: describe(state) for name, state in read.items()},
    }
    with open(os.path.join(folder, "model.json"), "w", encoding="utf-8") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
