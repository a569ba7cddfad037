"""Whether PyTorch and safetensors read what `assay convert` wrote: the same names, types, shapes and numbers.

Usage: convert_reader.py FOLDER

For each FOLDER/NAME.back.pt and FOLDER/NAME.there.safetensors the original is FOLDER/NAME, which torch.save wrote and
which is trusted. The first is read by torch.load(weights_only=True), the second by python3-safetensors where that is
installed. Prints how many files of each kind were compared.
"""

import os
import sys
import warnings

import torch

try:
    from safetensors.torch import load_file
except ImportError:
    load_file = None
warnings.simplefilter("ignore")  # of torch.save's format before 1.6, which is meant


def trusted(path):
    try:
        return torch.load(path, weights_only=False)
    except TypeError:  # before PyTorch 1.13
        return torch.load(path)


def tensors(value, prefix="", seen=None):
    """All tensors below a value, by their names joined by dots; a list of pairs (name, tensor) is a dictionary.

    A dictionary or list that is there under two names is read under the first, as Assay does it.
    """
    seen = set() if seen is None else seen
    if isinstance(value, torch.Tensor):
        return {} if value.is_quantized or value.is_sparse else {prefix[:-1] or "tensor": value}
    if id(value) in seen:
        return {}
    seen.add(id(value))
    found = {}
    if isinstance(value, (list, tuple)):
        value = dict(v if isinstance(v, tuple) and len(v) == 2 and isinstance(v[0], str) else (str(i), v)
                     for i, v in enumerate(value))
    if isinstance(value, torch.nn.Module):
        value = vars(value)
    for key, inner in value.items() if isinstance(value, dict) else ():
        found |= tensors(inner, f"{prefix}{key}.", seen)
    return found


def same(a, b):
    a, b = a.detach().contiguous(), b.detach().contiguous()
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype == torch.bfloat16:
        a, b = a.view(torch.int16), b.view(torch.int16)
    return a.numpy().tobytes() == b.numpy().tobytes()


def compare(path, wanted, read):
    assert set(read) == set(wanted), (path, set(read) ^ set(wanted))
    for name, tensor in read.items():
        assert same(tensor, wanted[name]), (path, name)


def main(folder):
    count = {".back.pt": 0, ".there.safetensors": 0}
    for name in sorted(os.listdir(folder)):
        for end in count:
            path = os.path.join(folder, name)
            if not name.endswith(end) or (end == ".there.safetensors" and not load_file):
                continue
            wanted = tensors(trusted(path[: -len(end)]))
            if end == ".back.pt":
                compare(path, wanted, torch.load(path, weights_only=True))
            elif not any(tensor.is_complex() for tensor in wanted.values()):  # safetensors 0.5 does not read C64
                compare(path, wanted, load_file(path))
            count[end] += 1
    print(f"PyTorch {torch.__version__}: {count['.back.pt']} files of torch.load(weights_only=True), "
          f"{count['.there.safetensors']} of safetensors")


main(sys.argv[1])
