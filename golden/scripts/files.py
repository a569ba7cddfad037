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
for protocol in (2, 4):
    row(f"legacy{protocol}.pt", f"PyTorch's format before 1.6, pickle_protocol={protocol}", True, "")(
        lambda torch, protocol=protocol: saved(
            torch, state(torch), pickle_protocol=protocol, _use_new_zipfile_serialization=False
        )
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
):
    row(name, kind, False, f"'{extra}' belongs to the network's computation")(
        lambda torch, extra=extra: {**state(torch), extra: torch.ones(2)}
    )


@row("weight_norm.pt", "weight normalization", False, "'layers.0.weight_g' belongs to the network's computation")
def weight_norm(torch):
    net = network(torch)
    net.layers[0] = torch.nn.utils.weight_norm(net.layers[0])
    return net.state_dict()


row("norms.pt", "batch normalization beside the layers, in norms.*", True, "tensors that are not used: norms.0.weight")(
    lambda torch: {**state(torch), "norms.0.weight": torch.ones(2)}
)
row("integers.pt", "integer weights", False, "is of type I64")(
    lambda torch: {k: v.long() for k, v in state(torch).items()}
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
row("plain.pickle", "pickle.dump of numbers", False, HARMLESS)(lambda torch: pickle.dumps({"a": [1, 2]}))

# --- classes of one's own ---------------------------------------------------------------------------------------------

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

# --- no model files ---------------------------------------------------------------------------------------------------

row("empty.pt", "nothing", False, "is empty")(lambda torch: b"")
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
row("text.pt", "any text", False, "neither a checkpoint of PyTorch nor a safetensors file")(lambda torch: b"hello\n")


def zipped(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


row("archive.zip", "a zip archive with a model in it", False, "unpack it first")(lambda torch: zipped({"a.pt": b"x"}))
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
