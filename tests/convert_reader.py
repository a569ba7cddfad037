"""Whether PyTorch and safetensors read what `assay convert` wrote: the same names, types, shapes and numbers.

Usage: convert_reader.py ORIGINAL CONVERTED...   ORIGINAL was written by torch.save and is trusted; of the others, what
ends in .safetensors is read by python3-safetensors where it is installed, the rest by torch.load(weights_only=True).
"""

import sys

import torch

try:
    from safetensors.torch import load_file
except ImportError:
    load_file = None


def tensors(value, prefix=""):
    """All tensors below a value, by their names joined by dots."""
    if isinstance(value, torch.Tensor):
        return {prefix[:-1]: value}
    pairs = value.items() if isinstance(value, dict) else ()
    return {name: found for key, inner in pairs for name, found in tensors(inner, f"{prefix}{key}.").items()}


def trusted(path):
    try:
        return torch.load(path, weights_only=False)
    except TypeError:  # before PyTorch 1.13
        return torch.load(path)


wanted = tensors(trusted(sys.argv[1]))
for path in sys.argv[2:]:
    if path.endswith(".safetensors") and load_file is None:
        print("python3-safetensors is not installed")
        continue
    read = load_file(path) if path.endswith(".safetensors") else torch.load(path, weights_only=True)
    assert set(read) == set(wanted), (path, set(read) ^ set(wanted))
    for name, tensor in read.items():
        original = wanted[name]
        assert tensor.dtype == original.dtype and tensor.shape == original.shape, (path, name)
        assert tensor.contiguous().numpy().tobytes() == original.detach().contiguous().numpy().tobytes() \
            if tensor.dtype != torch.bfloat16 else torch.equal(tensor, original), (path, name)
