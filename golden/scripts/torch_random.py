#!/usr/bin/python3
"""Draws from PyTorch's CPU generator what lib/random must draw, and writes golden/random_torch.json.

(Not named random.py: that would hide Python's own module.) Run with Debian's python3-torch:
  /usr/bin/python3 golden/scripts/torch_random.py golden/random_torch.json
"""
import json
import os
import sys
import zlib

# The AVX2 path of normal_ rounds the angle in float32; that is the one that lib/random follows.
os.environ["ATEN_CPU_CAPABILITY"] = "avx2"

import torch  # noqa: E402  (reads the variable when it loads)

from output import opened

SEEDS = [0, 1, 42, 2**31, 2**32 - 1, 2**40 + 7, 2**63 - 1]
COUNTS = [1, 2, 15, 16, 17, 31, 32, 100, 1000, 4097]
PERMUTATIONS = [0, 1, 2, 10, 1000]
HEAD, TAIL, STRIDE = 16, 32, 61

TOLERANCES = {
    "uniform": "exact: one integer, and one fused product and sum in float32; crc32 is that of all the bytes, "
               "little-endian",
    "randperm": "exact: integers; crc32 is that of all the indices as little-endian 32-bit words",
    "random": "exact: integers",
    "normal": "|got - want| <= 5e-7 |want - mean| + 1.2e-7 |want|: PyTorch's AVX2 logarithm, sine and cosine are "
              "polynomials, on 2^20 draws of seed 7 within 3.4e-7 of libm's relative to the standard normal; 1.2e-7 is "
              "one ulp of the sum with the mean",
}


def kept(count):
    """Which values of a normal draw are kept: both ends (the last 16 may be drawn afresh) and some between."""
    return [i for i in range(count) if i < HEAD or i >= count - TAIL or i % STRIDE == 0]


def normal(count, mean, std):
    values = torch.empty(count).normal_(mean, std).tolist()
    return {"draw": "normal", "count": count, "mean": mean, "std": std, "values": [values[i] for i in kept(count)]}


def uniform(count, lower, upper):
    values = torch.empty(count).uniform_(lower, upper)
    return {"draw": "uniform", "count": count, "lower": lower, "upper": upper, "values": values[:4].tolist(),
            "crc32": zlib.crc32(values.numpy().astype("<f4").tobytes())}


def randperm(count):
    values = torch.randperm(count)
    return {"draw": "randperm", "count": count, "values": values[:10].tolist(),
            "crc32": zlib.crc32(values.numpy().astype("<u4").tobytes())}


def random():
    return {"draw": "random", "value": torch.empty((), dtype=torch.int64).random_().item()}


def seed(value):
    torch.manual_seed(value)
    return {"draw": "seed", "value": value}


def steps(start):
    """One long sequence from one seed: every draw also proves the state that the draws before it left behind."""
    yield seed(start)
    for count in COUNTS:
        yield normal(count, 0.0, 1.0)
        yield uniform(count, -0.3, 1.7)
        yield random()
    for count in COUNTS:
        yield normal(count, -0.75, 0.05)
        yield normal(1, 2.5, 3.0)  # keeps a sine through the long draws around it
        yield uniform(count, 0.1, 0.7)  # 0.7 - 0.1 in float32 is not the float32 of 0.6
    for count in PERMUTATIONS:
        yield randperm(count)
    yield uniform(100, 0.0, 1.0)
    yield random()
    yield normal(1, 0.0, 1.0)
    yield seed(start)  # forgets the kept sine
    yield normal(3, 0.0, 1.0)
    yield random()


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} OUTPUT.json (- for standard output)")
    if "CPU capability usage: AVX2" not in torch.__config__.show():
        sys.exit("this processor has no AVX2, and PyTorch's normal_ takes another path without it")
    golden = {
        "origin": f"golden/scripts/torch_random.py, PyTorch {torch.__version__} (Debian python3-torch), CPU generator "
                  "with AVX2",
        "tolerances": TOLERANCES,
        "kept": {"head": HEAD, "tail": TAIL, "stride": STRIDE},
        "cases": [list(steps(start)) for start in SEEDS],
        "randperm_60000_seed_42": (seed(42), randperm(60000))[1],
    }
    with opened(sys.argv[1]) as output:
        output.write("{\n")
        for key in ("origin", "tolerances", "kept", "randperm_60000_seed_42"):
            output.write(f'"{key}": {json.dumps(golden[key])},\n')
        output.write('"cases": [\n')
        lines = [",\n".join(json.dumps(step) for step in case) for case in golden["cases"]]
        output.write(",\n".join(f"[\n{line}\n]" for line in lines))
        output.write("\n]\n}\n")


if __name__ == "__main__":
    main()
