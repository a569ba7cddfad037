#!/usr/bin/python3
"""Normalises the 256 values of a pixel as torchvision's ToTensor and Normalize do, and writes golden/data_torch.json.

torchvision's ToTensor is div(255) on a float32 tensor, its Normalize sub_(mean).div_(std) with float32 tensors.
Run with Debian's python3-torch:
  /usr/bin/python3 golden/scripts/torch_data.py golden/data_torch.json
"""
import json
import sys

import torch

from output import opened


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUTPUT.json (- for standard output)")
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16).to(torch.float32).div(255)
    mean = torch.as_tensor((0.2861,), dtype=torch.float32)
    std = torch.as_tensor((0.3530,), dtype=torch.float32)
    table = pixels.sub_(mean[:, None, None]).div_(std[:, None, None]).flatten().tolist()
    golden = {
        "origin": f"golden/scripts/torch_data.py, PyTorch {torch.__version__} (Debian python3-torch), CPU",
        "tolerance": "exact: a quotient, a difference and a quotient in float32, each rounded once",
        "mean": 0.2861,
        "std": 0.3530,
        "normalization": table,
    }
    with opened(sys.argv[1]) as output:
        output.write("{\n" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in golden.items()) + "\n}\n")


if __name__ == "__main__":
    main()
