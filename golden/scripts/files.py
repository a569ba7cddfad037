#!/usr/bin/python3
"""The kinds of model files that people have: writes one of each, with what `assay evaluate` says to it.

Usage: /usr/bin/python3 golden/scripts/files.py FOLDER     (the files and FOLDER/rows.json; needs python3-torch)
       /usr/bin/python3 golden/scripts/files.py --table    (the rows as the table of doc/files.md, on standard output)

Each row: file, kind, whether it is read, and a part of what is said on standard error ("" for nothing). The networks
are 784-2-10 with a ReLU; tests/test_model_files.c runs the program on every row.
"""

import argparse
import collections
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import zipfile

ROWS = []
CODE = "could run code"
OWN = "a whole network was pickled"
HARMLESS = "known to be harmless"
DOWNLOAD = "is the download complete?"


def row(name, kind, read, says):
    """Registers a maker of the file's content: bytes, or an object that torch.save writes."""

    def register(make):
        assert name not in (one["file"] for one in ROWS), name
        ROWS.append({"file": name, "kind": kind, "read": read, "says": says, "make": make})
        return make

    return register


def network(torch, sizes=(784, 2, 10)):
    """BaseNetwork of the tutorial, without a seed's luck: every weight is a small number of its own."""
    layers = torch.nn.ModuleList()
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    net = torch.nn.Module()
    net.layers = layers[:-1]
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.01, 0.01)
    return net


def state(torch):
    torch.manual_seed(3)
    return network(torch).state_dict()


def saved(torch, content, **how):
    buffer = io.BytesIO()
    torch.save(content, buffer, **how)
    return buffer.getvalue()


def prefixed(prefix, tensors):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in tensors.items())


def renamed(tensors, names):
    return collections.OrderedDict(zip(names, tensors.values()))


def checkpoint(torch, key):
    torch.manual_seed(3)
    net = network(torch)
    optimizer = torch.optim.Adam(net.parameters())
    sum(parameter.sum() for parameter in net.parameters()).backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    return {
        "epoch": 3, key: net.state_dict(), "optimizer_state_dict": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(), "losses": [0.5, 0.25], "best": None, "args": argparse.Namespace(lr=0.1),
        "hyper": {"lr": 0.1, "name": "test", "betas": (0.9, 0.999)},
    }


class Call:
    """Unpickling this calls a function."""

    def __init__(self, function, *arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


def safetensors(entries, metadata=None, cut=0):
    """entries: name -> (dtype, shape, bytes)."""
    header, data = {} if metadata is None else {"__metadata__": metadata}, b""
    for name, (dtype, shape, content) in entries.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    whole = struct.pack("<Q", len(text)) + text + data
    return whole[: len(whole) - cut]


def as_safetensors(tensors, **how):
    types = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64"}
    return safetensors(
        {k: (types[str(v.dtype)[6:]], list(v.shape), v.numpy().tobytes()) for k, v in tensors.items()}, **how
    )


CONFIG = json.dumps({"act_fn": "ReLU", "input_size": 784, "num_classes": 10, "hidden_sizes": [2]})

# --- what torch.save writes -------------------------------------------------------------------------------------------

row("state_dict.pt", "torch.save(net.state_dict(), ...)", True, "")(state)
for protocol in (1, 2, 3, 4, 5):
    row(f"protocol{protocol}.pt", f"the same, pickle_protocol={protocol}", True, "")(
        lambda torch, protocol=protocol: saved(torch, state(torch), pickle_protocol=protocol)
    )
row("protocol0.pt", "the same, pickle_protocol=0, which torch.load itself cannot read", False, "pickle protocol 0")(
    lambda torch: saved(torch, state(torch), pickle_protocol=0)
)
for protocol in (1, 2, 4):
    row(f"legacy{protocol}.pt", f"PyTorch's format before 1.6, pickle_protocol={protocol}", True, "")(
        lambda torch, protocol=protocol: saved(
            torch, state(torch), pickle_protocol=protocol, _use_new_zipfile_serialization=False
        )
    )
row("legacy0.pt", "the same, pickle_protocol=0, which torch.load itself cannot read", False, "pickle protocol 0")(
    lambda torch: saved(torch, state(torch), pickle_protocol=0, _use_new_zipfile_serialization=False)
)
row("legacy_quantized.pt", "quantized and other tensors in the format before 1.6", False, "of a type that is not read")(
    lambda torch: saved(torch, {"q": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8),
                                "layers.0.weight": torch.zeros(2, 2)}, _use_new_zipfile_serialization=False)
)
row("legacy_checkpoint.pt", "a checkpoint in the format before 1.6", True, "the network is 'model.layers.*'")(
    lambda torch: saved(torch, checkpoint(torch, "model"), _use_new_zipfile_serialization=False)
)
row("parameters.pt", "dict(net.named_parameters())", True, "")(lambda torch: dict(network(torch).named_parameters()))
row("pairs.pt", "list(net.named_parameters())", True, "")(lambda torch: list(network(torch).named_parameters()))
row("half.pt", "float16 weights", True, "")(lambda torch: {k: v.half() for k, v in state(torch).items()})
row("bfloat16.pt", "bfloat16 weights", True, "")(lambda torch: {k: v.bfloat16() for k, v in state(torch).items()})
row("double.pt", "float64 weights", True, "")(lambda torch: {k: v.double() for k, v in state(torch).items()})


@row("overflow.pt", "a float64 weight that float32 does not hold", True, "overflows f32 and becomes infinite")
def overflow(torch):
    tensors = {k: v.double() for k, v in state(torch).items()}
    tensors["layers.0.weight"][0, 0] = 1e300
    return tensors


row("views.pt", "weights that are transposed views of one storage", True, "")(
    lambda torch: {k: v.t().contiguous().t() if v.dim() == 2 else v for k, v in state(torch).items()}
)

# --- checkpoints ------------------------------------------------------------------------------------------------------

for key in ("state_dict", "model_state_dict", "model", "net", "module"):
    row(f"checkpoint_{key}.pt", f"a checkpoint with the state_dict under '{key}', an optimizer, a scheduler, numbers, "
        "lists", True, f"the network is '{key}.layers.*'")(lambda torch, key=key: checkpoint(torch, key))
for key in ("network", "weights", "params", "state", "model_state", "net_state_dict"):
    row(f"under_{key}.pt", f"the state_dict under '{key}', beside numbers", True, f"the network is '{key}.layers.*'")(
        lambda torch, key=key: {"epoch": 3, key: state(torch)}
    )
row("twice_nested.pt", "the state_dict under 'model', 'state_dict'", True,
    "the network is 'model.state_dict.layers.*'")(
    lambda torch: {"model": {"state_dict": state(torch), "name": "mlp"}, "epoch": 1}
)
row("fsdp.pt", "names that begin with _fsdp_wrapped_module._forward_module.", True,
    "the network is '_fsdp_wrapped_module._forward_module.layers.*'")(
    lambda torch: prefixed("_fsdp_wrapped_module._forward_module.", state(torch))
)


@row("averaged.pt", "torch.optim.swa_utils.AveragedModel", True, "tensors that are not used: n_averaged")
def averaged(torch):
    return torch.optim.swa_utils.AveragedModel(network(torch)).state_dict()


row("compiled_inside.pt", "names that begin with net._orig_mod., under 'model'", True,
    "the network is 'model.net._orig_mod.layers.*'")(
    lambda torch: {"model": prefixed("net._orig_mod.", state(torch))}
)
row("slow_fast.pt", "a network and its average under 'ema'", True, "ema.* (4)")(
    lambda torch: {"model": state(torch), "ema": network(torch).state_dict()}
)
for keys, what in ((("student",), "a student"), (("average",), "a moving average alone"),
                   (("teacher", "student"), "a teacher and a student"), (("encoder", "decoder"), "encoder and decoder"),
                   (("generator", "discriminator"), "generator and discriminator")):
    row(f"{'_'.join(keys)}.pt", f"{what}: the state_dict{'s' * (len(keys) > 1)} under {' and '.join(keys)}", False,
        f"has '{keys[0]}.layers.0.weight' where 'layers.0.weight' is expected; if this is the network, choose it with "
        f"--prefix {keys[0]}")(
        lambda torch, keys=keys: {key: network(torch).state_dict() for key in keys}
    )
row("lightning.ckpt", "PyTorch Lightning's .ckpt", True, "the network is 'state_dict.model.layers.*'")(
    lambda torch: {
        "epoch": 1, "global_step": 2, "pytorch-lightning_version": "1.9.0", "loops": {}, "callbacks": {},
        "state_dict": prefixed("model.", state(torch)), "optimizer_states": [], "lr_schedulers": [],
        "hparams_name": "kwargs", "hyper_parameters": {"lr": 0.1},
    }
)
for name, prefix, what in (
    ("parallel.pt", "module.", "DataParallel"), ("compiled.pt", "_orig_mod.", "torch.compile"),
    ("wrapped.pt", "model.", "a wrapper"), ("all_prefixes.pt", "module._orig_mod.model.", "all three"),
):
    row(name, f"names that begin with {prefix} ({what})", True, f"the network is '{prefix}layers.*'")(
        lambda torch, prefix=prefix: prefixed(prefix, state(torch))
    )
row("other_prefix.pt", "names behind a prefix that is no container's", False,
    "has 'encoder.layers.0.weight' where 'layers.0.weight' is expected")(
    lambda torch: prefixed("encoder.", state(torch))
)
row("two_networks.pt", "two networks in one checkpoint", False, "holds more than one network")(
    lambda torch: {"model": state(torch), "state_dict": network(torch).state_dict()}
)
row("ema.pt", "a network and its moving average", True, "ema_state_dict.* (4)")(
    lambda torch: {"state_dict": state(torch), "ema_state_dict": network(torch).state_dict()}
)
row("same_twice.pt", "one state_dict under two keys", True, "the network is 'model.layers.*'")(
    lambda torch: (lambda tensors: {"model": tensors, "state_dict": tensors})(state(torch))
)
row("numpy_beside.pt", "NumPy numbers, complex numbers and dates beside the weights", True, "")(
    lambda torch: {**state(torch), "epoch": __import__("numpy").float64(3), "z": 1j,
                   "day": __import__("datetime").date(2026, 1, 1)}
)

# --- other names ------------------------------------------------------------------------------------------------------

LINEAR = ["weight", "bias"]
for name, kind, stems in (
    ("sequential.pt", "a Sequential: 0.weight, 2.weight", ("0", "2")),
    ("attribute.pt", "net.0.weight, net.2.weight", ("net.0", "net.2")),
    ("named.pt", "fc1.weight, out.weight", ("fc1", "out")),
):
    row(name, kind, True, "by shapes and order the layers are " + stems[0])(
        lambda torch, stems=stems: renamed(state(torch), [f"{stem}.{part}" for stem in stems for part in LINEAR])
    )


for name, stems in (
    ("linear.pt", ("linear1", "linear2")), ("features.pt", ("features.0", "classifier")),
    ("input_output.pt", ("input_layer", "output_layer")), ("list.pt", ("fcs.0", "fcs.1")),
    ("blocks.pt", ("blocks.0.linear", "blocks.1.linear")), ("hidden.pt", ("hidden.0", "out")),
    ("wrapped_names.pt", ("model.net.0", "model.net.2")),
):
    row(name, f"{stems[0]}.weight, {stems[1]}.weight", True,
        f"by shapes and order the layers are {stems[0]}.weight, {stems[1]}.weight")(
        lambda torch, stems=stems: renamed(state(torch), [f"{stem}.{part}" for stem in stems for part in LINEAR])
    )
row("backwards.pt", "out.weight before fc1.weight in the file", True,
    "by shapes and order the layers are fc1.weight, out.weight")(
    lambda torch: dict(reversed(renamed(state(torch), ["fc1.weight", "fc1.bias", "out.weight", "out.bias"]).items()))
)
row("gaps.pt", "layers.0, layers.3, layers.6: Dropout between them", True, "")(
    lambda torch: renamed(network(torch, (784, 3, 2, 10)).state_dict(),
                          [f"layers.{n}.{part}" for n in (0, 3, 6) for part in LINEAR])
)
row("one_layer.pt", "a network of one layer", True, "")(lambda torch: network(torch, (784, 10)).state_dict())
row("inner.pt", "layers.0.linear.weight", False, "has 'layers.0.linear.weight' where 'layers.0.weight' is expected")(
    lambda torch: renamed(state(torch), [f"layers.{n}.linear.{part}" for n in (0, 2) for part in LINEAR])
)
row("two_chains.pt", "fc1, fc2 and aux1, aux2: two networks without layers.*", False, "do not follow each other")(
    lambda torch: {f"{stem}.{part}": torch.zeros(sizes if part == "weight" else sizes[:1])
                   for stem, sizes in (("fc1", (2, 784)), ("fc2", (10, 2)), ("aux1", (3, 784)), ("aux2", (10, 3)))
                   for part in LINEAR}
)
row("transposed.pt", "weights [in][out], as Keras has them", False, "are its weights transposed")(
    lambda torch: {"a.weight": torch.zeros(784, 2), "a.bias": torch.zeros(784), "b.weight": torch.zeros(2, 10),
                   "b.bias": torch.zeros(2)}
)
row("transposed_layers.pt", "layers.N.weight as [in][out]", False,
    "does not have the 784 entries of its weight's rows")(
    lambda torch: {k: v.t().contiguous() if v.dim() == 2 else v for k, v in state(torch).items()}
)


@row("squares.pt", "layers of one size, whose order the numbers in their names tell", True,
     "fc1.weight, fc2.weight, fc10.weight")
def squares(torch):
    tensors = {}
    for name, (fan_in, fan_out) in {"fc1": (784, 10), "fc2": (10, 10), "fc10": (10, 10)}.items():
        tensors |= {f"{name}.weight": torch.zeros(fan_out, fan_in), f"{name}.bias": torch.zeros(fan_out)}
    return tensors


@row("disorder.pt", "layers of one size, whose places and numbers contradict each other", False, "is not clear")
def disorder(torch):
    tensors = {}
    for name, fan_in in (("fc1", 784), ("fc3", 10), ("fc2", 10)):
        tensors |= {f"{name}.weight": torch.zeros(10, fan_in), f"{name}.bias": torch.zeros(10)}
    return tensors


row("convolution.pt", "a network with a convolution", False, "are not weights and biases of linear layers")(
    lambda torch: torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3), torch.nn.Linear(784, 10)).state_dict()
)

# --- what computes something else -------------------------------------------------------------------------------------

for name, kind, extra in (
    ("batchnorm.pt", "batch normalization among the layers", "layers.1.running_mean"),
    ("mask.pt", "pruned weights", "layers.0.weight_mask"), ("lora.pt", "LoRA", "layers.0.lora_A.weight"),
    ("deep.pt", "a layer inside of a layer", "layers.1.0.weight"),
    ("parametrized.pt", "parametrizations", "layers.0.parametrizations.weight.original0"),
    ("lora_beside.pt", "LoRA beside the layers", "lora_B.default.weight"),
    ("norm_inside.pt", "batch normalization inside of a layer", "layers.1.bn.weight"),
    ("counter.pt", "a counter of batch normalization", "layers.1.num_batches_tracked"),
    ("quant_scale.pt", "a scale of quantization", "layers.0.weight_scale"),
    ("fake_quant.pt", "quantization-aware training", "layers.0.weight_fake_quant.scale"),
    ("bits.pt", "bitsandbytes", "layers.0.weight.absmax"),
    ("magnitude.pt", "DoRA", "layers.0.lora_magnitude_vector"),
    ("gamma.pt", "a scale that the user added", "layers.gamma"),
):
    row(name, kind, False, f"'{extra}' belongs to the network's computation")(
        lambda torch, extra=extra: {**state(torch), extra: torch.ones(2)}
    )


@row("weight_norm.pt", "weight normalization", False, "'layers.0.weight_g' belongs to the network's computation")
def weight_norm(torch):
    net = network(torch)
    net.layers[0] = torch.nn.utils.weight_norm(net.layers[0])
    return net.state_dict()


@row("pruned.pt", "torch.nn.utils.prune on one layer", False,
     "'layers.0.weight_orig' belongs to the network's computation")
def pruned(torch):
    net = network(torch)
    torch.nn.utils.prune.l1_unstructured(net.layers[0], "weight", 0.5)
    return net.state_dict()


@row("pruned_all.pt", "torch.nn.utils.prune on all layers", False,
     "'layers.0.weight_orig' belongs to the network's computation")
def pruned_all(torch):
    net = network(torch)
    for layer in (net.layers[0], net.layers[2]):
        torch.nn.utils.prune.l1_unstructured(layer, "weight", 0.5)
    return net.state_dict()


@row("pruned_bias.pt", "torch.nn.utils.prune on a bias", False,
     "'layers.2.bias_orig' belongs to the network's computation")
def pruned_bias(torch):
    net = network(torch)
    torch.nn.utils.prune.random_unstructured(net.layers[2], "bias", 2)
    return net.state_dict()


@row("spectral.pt", "spectral normalization", False, "'layers.0.weight_orig' belongs to the network's computation")
def spectral(torch):
    net = network(torch)
    net.layers[0] = torch.nn.utils.spectral_norm(net.layers[0])
    return net.state_dict()


@row("spectral_all.pt", "spectral normalization of all layers, as parametrizations", False,
     "'layers.0.parametrizations.weight.original' belongs to the network's computation")
def spectral_all(torch):
    net = network(torch)
    for layer in (net.layers[0], net.layers[2]):
        torch.nn.utils.parametrizations.spectral_norm(layer)
    return net.state_dict()


@row("weight_norm_names.pt", "weight normalization of fc1", False,
     "'fc1.weight_g' belongs to the network's computation")
def weight_norm_names(torch):
    return torch.nn.Sequential(collections.OrderedDict(
        fc1=torch.nn.utils.weight_norm(torch.nn.Linear(784, 10)))).state_dict()


@row("adapter.pt", "PEFT's LoRA: base_model.model.layers.0.base_layer.weight", False,
     "'base_model.model.layers.0.lora_A.default.weight' belongs to the network's computation")
def adapter(torch):
    return {"base_model.model.layers.0.base_layer.weight": torch.zeros(10, 784),
            "base_model.model.layers.0.base_layer.bias": torch.zeros(10),
            "base_model.model.layers.0.lora_A.default.weight": torch.zeros(2, 784),
            "base_model.model.layers.0.lora_B.default.weight": torch.zeros(10, 2)}


@row("quantized_net.pt", "a dynamically quantized network", False,
     "'layers.0._packed_params._packed_params.1' belongs to the network's computation")
def quantized_net(torch):
    return torch.ao.quantization.quantize_dynamic(network(torch)).state_dict()


row("slope.pt", "a PReLU among the layers", False, "'layers.1.weight' is not a matrix [out][in]")(
    lambda torch: {**state(torch), "layers.1.weight": torch.ones(1)}
)
row("prelu.pt", "a PReLU in a Sequential", False, "are not weights and biases of linear layers ('1.weight')")(
    lambda torch: torch.nn.Sequential(torch.nn.Linear(784, 10), torch.nn.PReLU(), torch.nn.Linear(10, 10)).state_dict()
)
row("layer_norm.pt", "layer normalization in a Sequential", False, "are not weights and biases of linear layers")(
    lambda torch: torch.nn.Sequential(torch.nn.Linear(784, 10), torch.nn.LayerNorm(10), torch.nn.Linear(10, 10)
                                      ).state_dict()
)
row("embedding.pt", "an embedding", False, "are not weights and biases of linear layers")(
    lambda torch: torch.nn.Sequential(torch.nn.Embedding(10, 784), torch.nn.Linear(784, 10)).state_dict()
)
row("recurrent.pt", "an LSTM", False, "are not weights and biases of linear layers")(
    lambda torch: torch.nn.Sequential(torch.nn.LSTM(784, 10), torch.nn.Linear(10, 10)).state_dict()
)
row("attention.pt", "a language model's names", False,
    "has 'model.layers.0.self_attn.q_proj.weight' where 'layers.0.weight' is expected")(
    lambda torch: {"model.embed_tokens.weight": torch.zeros(5, 4),
                   "model.layers.0.self_attn.q_proj.weight": torch.zeros(4, 4)}
)
row("running_mean.pt", "a running mean beside the layers", True, "tensors that are not used: running_mean")(
    lambda torch: {**state(torch), "running_mean": torch.zeros(2)}
)
row("norms.pt", "batch normalization beside the layers, in norms.*", True, "tensors that are not used: norms.0.weight")(
    lambda torch: {**state(torch), "norms.0.weight": torch.ones(2)}
)
row("integers.pt", "integer weights", False, "is of type I64")(
    lambda torch: {k: v.long() for k, v in state(torch).items()}
)
row("bool.pt", "truth values as weights", False, "is of type BOOL")(
    lambda torch: {k: v > 0 for k, v in state(torch).items()}
)
row("bytes.pt", "bytes as weights", False, "is of type U8")(
    lambda torch: {k: v.to(torch.uint8) for k, v in state(torch).items()}
)
row("integer_bias.pt", "an integer bias", False, "'layers.2.bias' is of type I32")(
    lambda torch: {k: v.int() if k == "layers.2.bias" else v for k, v in state(torch).items()}
)


@row("infinite.pt", "a weight that is infinite", False, "has an infinity at index 3")
def infinite(torch):
    tensors = state(torch)
    tensors["layers.2.weight"][1, 1] = float("-inf")
    return tensors


row("scalar.pt", "a weight that is one number", False, "is not a matrix [out][in]")(
    lambda torch: {**state(torch), "layers.0.weight": torch.tensor(1.0)}
)
row("no_rows.pt", "a weight without rows", False, "is not a matrix [out][in]")(
    lambda torch: {**state(torch), "layers.0.weight": torch.zeros(0, 784), "layers.0.bias": torch.zeros(0)}
)
row("one_bias_less.pt", "a bias that is missing", False, "'layers.2.weight' has no bias beside it")(
    lambda torch: {k: v for k, v in state(torch).items() if k != "layers.2.bias"}
)
row("bias_alone.pt", "a bias without its weight", False, "'layers.4.bias' belongs to the network's computation")(
    lambda torch: {**state(torch), "layers.4.bias": torch.zeros(10)}
)
row("short_bias.pt", "a bias that is too short", False,
    "'layers.2.bias' does not have the 10 entries of its weight's rows")(
    lambda torch: {**state(torch), "layers.2.bias": torch.zeros(9)}
)
row("broken_chain.pt", "layers whose sizes do not follow each other", False,
    "takes 3 inputs, but 'layers.0.weight' gives 2")(
    lambda torch: {**state(torch), "layers.2.weight": torch.zeros(10, 3)}
)
row("shared.pt", "layers that share one tensor", True, "")(
    lambda torch: (lambda w, b: {"layers.0.weight": torch.zeros(10, 784), "layers.0.bias": b, "layers.1.weight": w,
                                 "layers.1.bias": b, "layers.2.weight": w, "layers.2.bias": b})(
        torch.zeros(10, 10), torch.zeros(10))
)
row("expanded.pt", "a weight that is one number, expanded", True, "")(
    lambda torch: {**state(torch), "layers.2.weight": torch.ones(1, 1).expand(10, 2)}
)
row("kinds.pt", "tensors of all types, and no network", False, "there is no tensor 'layers.N.weight'")(
    lambda torch: {str(t)[6:]: torch.ones(2, 3).to(t) for t in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
        torch.uint8, torch.bool, torch.complex64)}
)
row("complex.pt", "complex weights", False, "is of type C64")(
    lambda torch: {k: v.to(torch.complex64) for k, v in state(torch).items()}
)


@row("nan.pt", "a weight that is NaN", False, "has a NaN at index 0")
def nan(torch):
    tensors = state(torch)
    tensors["layers.0.bias"][0] = float("nan")
    return tensors


row("no_bias.pt", "layers without bias", False, "has no bias beside it")(
    lambda torch: {k: v for k, v in state(torch).items() if "weight" in k}
)
row("other_size.pt", "a network for other images", False, "does not fit Fashion-MNIST")(
    lambda torch: network(torch, (5, 3, 2)).state_dict()
)

# --- harmless, and no network -----------------------------------------------------------------------------------------

row("tensor.pt", "one tensor", False, "is a tensor, with tensors that have no names")(lambda torch: torch.zeros(3))
row("tensors.pt", "list(net.parameters())", False, "is a list, with tensors that have no names")(
    lambda torch: list(network(torch).parameters())
)
for name, kind, make in (
    ("number.pt", "a number", lambda torch: 3.5), ("none.pt", "None", lambda torch: None),
    ("numpy_scalar.pt", "a NumPy number", lambda torch: __import__("numpy").float32(1)),
    ("size.pt", "torch.Size", lambda torch: torch.Size([2])),
    ("arrays.pt", "a dictionary of NumPy arrays", lambda torch: {"layers.0.weight": __import__("numpy").zeros((2, 2))}),
    ("sparse.pt", "a sparse tensor", lambda torch: {"layers.0.weight": torch.eye(2).to_sparse()}),
    ("quantized.pt", "a quantized tensor",
     lambda torch: {"w": torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8)}),
    ("settings.pt", "argparse.Namespace", lambda torch: argparse.Namespace(lr=1)),
    ("no_tensors.pt", "a checkpoint without tensors", lambda torch: {"epoch": 1}),
):
    row(name, kind, False, HARMLESS)(make)
row("numpy.pickle", "pickle.dump of NumPy arrays", False, HARMLESS)(
    lambda torch: pickle.dumps({"layers.0.weight": __import__("numpy").zeros((2, 784), "f4")})
)
row("tensor.pickle", "pickle.dump of a state_dict", False, "pickle.dump wrote it")(
    lambda torch: pickle.dumps(state(torch))
)
row("joblib.pkl", "joblib.dump of NumPy arrays", False, "was written by joblib")(
    lambda torch: b"\x80\x04\x95\x4b\0\0\0\0\0\0\0"
                  b"\x8c\x12joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81}(\x8c\x05"
                  b"shape(K\x02K\x03tub." + bytes(48)
)
row("optimizer.pt", "the state of an optimizer alone", False, "holds more than a state_dict")(
    lambda torch: checkpoint(torch, "net")["optimizer_state_dict"]
)
row("data_set.pt", "a data set of MNIST that torchvision wrote: images and labels", False,
    "is a tuple, with tensors that have no names")(
    lambda torch: (torch.zeros(3, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.long))
)
row("dictionary_of_numbers.pt", "a record of losses", False, HARMLESS)(lambda torch: {"loss": [0.5, 0.25], "epoch": 2})
row("empty_dict.pt", "an empty dictionary", False, "holds no tensors")(lambda torch: {})
row("text_only.pt", "a text", False, HARMLESS)(lambda torch: "layers")
row("plain.pickle", "pickle.dump of numbers", False, HARMLESS)(lambda torch: pickle.dumps({"a": [1, 2]}))

# --- whole networks --------------------------------------------------------------------------------------------------

row("whole.pt", "torch.save(net, ...)", False, OWN)(lambda torch: torch.nn.Sequential(torch.nn.Linear(784, 10)))
row("whole_legacy.pt", "the same in the format before 1.6", False, OWN)(
    lambda torch: saved(torch, torch.nn.Sequential(torch.nn.Linear(784, 10)), _use_new_zipfile_serialization=False)
)
row("whole_inside.pt", "a whole network in a checkpoint", False, OWN)(
    lambda torch: {"epoch": 1, "model": torch.nn.Sequential(torch.nn.Linear(784, 10))}
)
row("object.pickle", "pickle.dump of an object", False, OWN)(
    lambda torch: b"\x80\x02cmodels\nNet\n)\x81}X\x01\x00\x00\x00aK\x01sb."
)


@row("script.pt", "torch.jit.save", False, "is a TorchScript program")
def script(torch):
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    return buffer.getvalue()


# --- what could run code ----------------------------------------------------------------------------------------------

for protocol in range(6):
    row(f"attack{protocol}.pt", f"os.system in a checkpoint, pickle_protocol={protocol}", False, CODE)(
        lambda torch, protocol=protocol: saved(
            torch, {"layers.0.weight": torch.zeros(1), "x": Call(os.system, "true")}, pickle_protocol=protocol
        )
    )
    row(f"attack{protocol}.pickle", f"os.system in a bare pickle, protocol {protocol}", False, CODE)(
        lambda torch, protocol=protocol: pickle.dumps(Call(os.system, "true"), protocol=protocol)
    )
for name, kind, content in (
    ("eval.pt", "builtins.eval", lambda: Call(eval, "1")), ("getattr.pt", "getattr", lambda: Call(getattr, "", "join")),
    ("subprocess.pt", "subprocess.Popen", lambda: Call(__import__("subprocess").Popen, ["true"])),
    ("torch_load.pt", "runpy", lambda: Call(__import__("runpy").run_path, "x")),
):
    row(name, f"{kind} in a checkpoint", False, CODE)(lambda torch, content=content: {"a": content()})
for name, kind, content in (
    ("stack.pickle", "a name from the stack, protocol 4", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."),
    ("inst.pickle", "INST of protocol 0", b"(S'true'\nios\nsystem\n."),
    ("obj.pickle", "OBJ of protocol 1", b"(cos\nsystem\nU\x04trueo."),
    ("dotted.pickle", "a dotted name that leads out of a harmless module",
     b"\x80\x04\x8c\x05torch\x8c\x17serialization.os.system\x93\x8c\x04true\x85R."),
    ("function.pickle", "a function of some package", b"\x80\x02chelpers\nmake\n)R."),
    ("extension.pickle", "a number of the extension registry", b"\x80\x02\x82\x01)R."),
    ("build.pickle", "attributes of a class", b"\x80\x02cmodels\nNet\n}X\x01\x00\x00\x00aK\x01sb."),
):
    row(name, kind, False, CODE)(lambda torch, content=content: content)

# --- safetensors ------------------------------------------------------------------------------------------------------

row("plain.safetensors", "safetensors", True, "")(lambda torch: as_safetensors(state(torch)))
row("config.safetensors", "safetensors with assay's configuration", True, "")(
    lambda torch: as_safetensors(state(torch), metadata={"config": CONFIG})
)
row("foreign.safetensors", "safetensors with another program's metadata 'config'", True, "it is not used")(
    lambda torch: as_safetensors(state(torch), metadata={"config": "{\"hidden_act\": \"gelu\"}", "format": "pt"})
)
row("tanh.safetensors", "safetensors whose configuration names tanh, with --activation relu", True, "names tanh")(
    lambda torch: as_safetensors(state(torch), metadata={"config": CONFIG.replace("ReLU", "Tanh")})
)
row("sequential.safetensors", "safetensors of a Sequential", True,
    "by shapes and order the layers are 0.weight, 2.weight")(
    lambda torch: as_safetensors(renamed(state(torch), ["0.weight", "0.bias", "2.weight", "2.bias"]))
)
row("float8.safetensors", "8-bit floating-point weights", True, "")(
    lambda torch: safetensors({
        k: ("F8_E4M3", list(v.shape), bytes(v.numel())) for k, v in state(torch).items()})
)
row("cut.safetensors", "safetensors, not all of it", False, DOWNLOAD)(lambda torch: as_safetensors(state(torch), cut=9))
row("cut_header.safetensors", "safetensors, a part of the header", False, DOWNLOAD)(
    lambda torch: as_safetensors(state(torch))[:60]
)



def framed(text, data=b""):
    """A safetensors file with this header, whatever it is."""
    return struct.pack("<Q", len(text)) + text + data


ENTRY = '{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}'
for name, kind, says, content in (
    ("duplicate.safetensors", "safetensors, a name twice", "duplicate object key",
     lambda: framed(('{"a":%s,"a":%s}' % (ENTRY % (0, 4), ENTRY % (4, 8))).encode(), bytes(8))),
    ("bom.safetensors", "safetensors, a byte order mark (BOM) in the header", "BOM (U+FEFF) before its header",
     lambda: framed(b"\xef\xbb\xbf{}")),
    ("hole.safetensors", "safetensors, a hole between two tensors", "begins at 8 where the one before ends at 4",
     lambda: framed(('{"a":%s,"b":%s}' % (ENTRY % (0, 4), ENTRY % (8, 12))).encode(), bytes(12))),
    ("overlap.safetensors", "safetensors, two tensors in one place", "begins at 0 where the one before ends at 4",
     lambda: framed(('{"a":%s,"b":%s}' % (ENTRY % (0, 4), ENTRY % (0, 4))).encode(), bytes(4))),
    ("longer.safetensors", "safetensors, bytes behind the tensors", "4 bytes at the end belong to no tensor",
     lambda: framed(('{"a":%s}' % (ENTRY % (0, 4))).encode(), bytes(8))),
    ("unknown_type.safetensors", "safetensors, a type that does not exist", "has the unknown dtype 'F31'",
     lambda: framed(b'{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}', bytes(4))),
    ("shape.safetensors", "safetensors, a shape of other size than its bytes", "needs 12 bytes for its shape and has 4",
     lambda: framed(b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}', bytes(4))),
    ("negative.safetensors", "safetensors, a negative size", "is not a whole number",
     lambda: framed(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', bytes(4))),
    ("no_json.safetensors", "safetensors, a header that is no JSON", "is not good JSON", lambda: framed(b"{'a': 1}")),
    ("metadata.safetensors", "safetensors, metadata that is no text", "metadata 'a' is not a text",
     lambda: framed(b'{"__metadata__":{"a":1}}')),
    ("header_100mb.safetensors", "safetensors, 100 MB promised for the header", DOWNLOAD,
     lambda: struct.pack("<Q", 100_000_000) + b'{"a":1}'),
    ("nothing.safetensors", "safetensors without tensors", "holds no tensors", lambda: framed(b"{}")),
):
    row(name, kind, False, says)(lambda torch, content=content: content())
row("unaligned.safetensors", "safetensors, numbers at an odd place", True, "")(
    lambda torch: (lambda whole: struct.pack("<Q", struct.unpack("<Q", whole[:8])[0] + 1)
                   + whole[8:8 + struct.unpack("<Q", whole[:8])[0]] + b" "
                   + whole[8 + struct.unpack("<Q", whole[:8])[0]:])(as_safetensors(state(torch)))
)
row("index.safetensors.index.json", "the index of a model in several files", False, "name one of those")(
    lambda torch: b'{"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}'
)

# --- no model files ---------------------------------------------------------------------------------------------------

row("empty.pt", "nothing", False, "is empty: is the download complete?")(lambda torch: b"")
row("cut.pt", "torch.save's file, not all of it", False,
    "begins like a zip archive but its end is missing: is the download complete?")(
    lambda torch: saved(torch, state(torch))[:3000]
)
row("cut_legacy.pt", "the format before 1.6, not all of it", False, DOWNLOAD)(
    lambda torch: saved(torch, state(torch), _use_new_zipfile_serialization=False)[:3000]
)
row("page.pt", "a web page", False, "is a web page")(lambda torch: b"<!DOCTYPE html><html></html>")
row("pointer.pt", "a pointer of Git LFS", False, "git lfs pull")(
    lambda torch: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
)
row("config.json", "a configuration in place of the model", False, "is JSON text")(lambda torch: CONFIG.encode())
row("packed.pt.gz", "a model compressed by gzip", False, "is compressed by gzip")(
    lambda torch: __import__("gzip").compress(saved(torch, state(torch)))
)
for name, kind, says, content in (
    ("upper.pt", "a web page in capital letters", "is a web page", b"<HTML><BODY>404 Not Found</BODY></HTML>"),
    ("denied.pt", "an error message in XML", "is a web page or XML",
     b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'),
    ("bom_page.pt", "a web page with a byte order mark", "is a web page", b"\xef\xbb\xbf\r\n<!doctype html>"),
    ("error.json", "an error message in JSON", "is JSON text", b'{"error": "Not Found"}'),
    ("bom.json", "JSON with a byte order mark", "is JSON text", b'\xef\xbb\xbf{"act_fn": "ReLU"}'),
    ("lfs_crlf.pt", "a pointer of Git LFS with Windows' ends of lines", "git lfs pull",
     b"version https://git-lfs.github.com/spec/v1\r\noid sha256:00\r\nsize 5\r\n"),
    ("packed.xz", "compressed by xz", "is compressed by xz", b"\xfd7zXZ\0\0\4"),
    ("packed.bz2", "compressed by bzip2", "is compressed by bzip2", b"BZh91AY&SY"),
    ("packed.zst", "compressed by zstd", "is compressed by zstd", b"\x28\xb5\x2f\xfd\x04\x00"),
    ("packed.7z", "a 7z archive", "is a 7z archive", b"7z\xbc\xaf\x27\x1c\0\4"),
    ("packed.rar", "a RAR archive", "is a RAR archive", b"Rar!\x1a\x07\x01\0"),
    ("keras.h5", "Keras' .h5", "is HDF5", b"\x89HDF\r\n\x1a\n" + bytes(40)),
    ("array.npy", "NumPy's .npy", "is a NumPy array", b"\x93NUMPY\1\0\x06\0{}   \n"),
    ("model3.onnx", "ONNX, IR version 3", "ONNX", b"\x08\x03\x12\x07pytorch\x1a\x031.0"),
    ("model8.onnx", "ONNX, IR version 8", "ONNX", b"\x08\x08\x12\x07pytorch\x1a\x061.13.1"),
    ("model10.onnx", "ONNX, IR version 10", "ONNX", b"\x08\x0a\x12\x07pytorch\x1a\x052.6.0"),
    ("model.gguf", "GGUF", "is GGUF", b"GGUF\3\0\0\0"),
    ("model.tflite", "TensorFlow Lite", "TensorFlow Lite", b"\x1c\0\0\0TFL3\x14\0 \0"),
    ("saved_model.pb", "TensorFlow's SavedModel", "TensorFlow", b"\x08\x01\x12\xb0\x05\x0a\x8f\x01\x0a\x04"),
    ("matlab.mat", "MATLAB's .mat", "MATLAB", b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + b" " * 86 + b"\0\1IM"),
    ("train-images-idx3-ubyte", "images of MNIST", "is an IDX file", struct.pack(">4I", 0x803, 1, 28, 28) + bytes(784)),
    ("picture.png", "a picture", "is an image", b"\x89PNG\r\n\x1a\n"),
    ("picture.jpg", "a picture", "is an image", b"\xff\xd8\xff\xe0\0\x10JFIF"),
    ("picture.gif", "a picture", "is an image", b"GIF89a\1\0\1\0"),
    ("paper.pdf", "a PDF document", "is a PDF document", b"%PDF-1.7\n"),
    ("program", "a program", "is a program or a library", b"\x7fELF\2\1\1"),
    ("train.py", "a Python program", "neither a checkpoint of PyTorch nor a safetensors file: name the file",
     b"import torch\nnet = torch.nn.Linear(2, 2)\n"),
    ("log.csv", "a table", "neither a checkpoint of PyTorch nor a safetensors file", b"epoch,loss\n1,0.5\n"),
    ("utf16.txt", "text in UTF-16", "neither a checkpoint of PyTorch nor a safetensors file",
     "\ufeffhello".encode("utf-16-le")),
    ("._model.pt", "what macOS keeps beside a file", "is what macOS keeps beside a file",
     b"\0\5\x16\7\0\2\0\0Mac OS X        "),
    ("zeros.pt", "zeros: a download that was never filled", "begins with zeros alone", bytes(5000)),
    ("one_byte.pt", "one byte", "neither a checkpoint of PyTorch nor a safetensors file", b"P"),
    ("blank.pt", "an end of line", "neither a checkpoint of PyTorch nor a safetensors file", b"\n"),
):
    row(name, kind, False, says)(lambda torch, content=content: content)
row("text.pt", "any text", False, "neither a checkpoint of PyTorch nor a safetensors file")(lambda torch: b"hello\n")


def zipped(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


row("archive.zip", "a zip archive with a model in it", False, "unpack it first")(lambda torch: zipped({"a.pt": b"x"}))
for name, kind, says, entries in (
    ("model.keras", "Keras' .keras", "is a model of Keras", {
        "metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b"x"}),
    ("exported.pt2", "torch.export.save of PyTorch 2.1 to 2.6", "is a program of torch.export", {
        "serialized_exported_program.json": b"{}", "serialized_state_dict.pt": b"x", "serialized_constants.pt": b"x",
        "version": b"8.1"}),
    ("exported_new.pt2", "torch.export.save of PyTorch 2.7 and later", "is a program of torch.export", {
        "a/archive_format": b"pt2", "a/models/model.json": b"{}", "a/data/weights/model.pt": b"x"}),
    ("report.docx", "a document of Word", "is a document of an office program", {
        "[Content_Types].xml": b"x", "word/document.xml": b"x"}),
    ("several.zip", "a zip archive with two models in it", "unpack it first", {"a.pt": b"x", "b.safetensors": b"y"}),
    ("folder.zip", "a zip archive of a folder with a model in it", "unpack it first", {"run/model.safetensors": b"x"}),
    ("extra.pt", "a checkpoint with a second data.pkl", "is a second pickle", {"a/data.pkl": b"x", "b/data.pkl": b"x"}),
):
    row(name, kind, False, says)(lambda torch, entries=entries: zipped(entries))
row("arrays.npz", "NumPy's .npz", False, "is NumPy's .npz")(lambda torch: zipped({"a.npy": b"x"}))
row("other.zip", "any zip archive", False, "without data.pkl")(lambda torch: zipped({"a.txt": b"x"}))
row("repacked.pt", "a checkpoint unpacked and zipped without its folder", False, "is not in one folder")(
    lambda torch: zipped({"data.pkl": b"x"})
)


@row("archive.tar", "a tar archive", False, "is a tar archive")
def tar_archive(torch):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO(b""))
    return buffer.getvalue()


def write(folder):
    import torch
    import torch.nn.utils.prune

    os.makedirs(folder, exist_ok=True)
    for one in ROWS:
        content = one["make"](torch)
        if not isinstance(content, bytes):
            content = saved(torch, content)
        with open(os.path.join(folder, one["file"]), "wb") as file:
            file.write(content)
    rows = [{key: one[key] for key in ("file", "kind", "read", "says")} for one in ROWS]
    with open(os.path.join(folder, "rows.json"), "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, "rows": rows}, file, indent=1)


def table():
    print("| file | content | read | message |\n|---|---|---|---|")
    for one in ROWS:
        said = f"... {one['says']} ..." if one["says"] else ""
        kind, said = (text.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;") for text in (one["kind"], said))
        print(f"| {one['file']} | {kind} | {'yes' if one['read'] else 'no'} | {said} |".replace("|  |", "| |"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        table()
    else:
        write(sys.argv[1])
