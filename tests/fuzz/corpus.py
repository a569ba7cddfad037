#!/usr/bin/env python3
"""Writes the seed corpus of the fuzz targets beside itself; reproducers of findings are kept there by hand.

Usage: python3 tests/fuzz/corpus.py  (from the root of the source; reads golden/model/*.pt)
"""

import collections
import gzip
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
GOLDEN = os.path.join(HERE, "..", "..", "..", "golden", "model")


def save(target, name, content):
    os.makedirs(os.path.join(HERE, target), exist_ok=True)
    with open(os.path.join(HERE, target, name), "wb") as file:
        file.write(content)


def idx(dimensions, content):
    return struct.pack(f">BBBB{len(dimensions)}I", 0, 0, 8, len(dimensions), *dimensions) + content


def safetensors(header, data, metadata=None):
    if metadata:
        header = {"__metadata__": metadata, **header}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def pickled_view(name, storage, offset, shape):
    """What torch.save writes for an entry: a contiguous view of `storage` float32 numbers under the key "0"."""
    stride = [1] * len(shape)
    for i in range(len(shape) - 1, 0, -1):
        stride[i - 1] = stride[i] * shape[i]
    sizes = [b"(" + b"".join(b"K" + bytes([n]) for n in numbers) + b"t" for numbers in (shape, stride)]
    key = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + b"K" + bytes([storage]) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n("
    return text(name) + rebuild + key + b"K" + bytes([offset]) + sizes[0] + sizes[1] + b"\x89" + hooks + b"tR"


def zipped(pickled, count):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (("data.pkl", pickled), ("data/0", struct.pack(f"<{count}f", *range(count)))):
            archive.writestr(zipfile.ZipInfo("archive/" + name), content)
    return buffer.getvalue()


def fake_torch():
    """Modules with the names that PyTorch's pickles use: Python's own pickler writes them, with any protocol."""

    def module(name, **members):
        made = types.ModuleType(name)
        for key, value in members.items():
            value.__module__, value.__qualname__ = name, key
            setattr(made, key, value)
        sys.modules[name] = made

    module("torch", FloatStorage=type("FloatStorage", (), {}))
    module("torch._utils", _rebuild_tensor_v2=lambda *arguments: None, _rebuild_parameter=lambda *arguments: None)


class View:
    """Pickled as torch.save does it: a contiguous view of the storage "0", perhaps as an nn.Parameter."""

    def __init__(self, offset, shape, parameter=False):
        self.offset, self.shape, self.parameter = offset, shape, parameter

    def __reduce__(self):
        utils = sys.modules["torch._utils"]
        if self.parameter:
            return utils._rebuild_parameter, (View(self.offset, self.shape), True, collections.OrderedDict())
        stride = (self.shape[1], 1) if len(self.shape) == 2 else (1,)
        return utils._rebuild_tensor_v2, (STORAGE, self.offset, self.shape, stride, False, collections.OrderedDict())


STORAGE = object()


def torch_pickle(content, protocol, count):
    """The pickle of `content`, whose Views share one storage of `count` numbers."""

    class Pickler(pickle._Pickler):
        def persistent_id(self, value):
            kind = sys.modules["torch"].FloatStorage
            return ("storage", kind, "0", "cpu", count) if value is STORAGE else None

    buffer = io.BytesIO()
    Pickler(buffer, protocol).dump(content)
    return buffer.getvalue()


def legacy(content, protocol, count):
    """PyTorch's format before 1.6: magic number, version, facts, content, keys, storages."""
    heads = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
    start = b"".join(pickle.dumps(head, protocol) for head in heads)
    end = pickle.dumps(["0"], protocol) + struct.pack(f"<Q{count}f", count, *range(count))
    return start + torch_pickle(content, protocol, count) + end


def checkpoints():
    """name -> content: how people wrap a network of 2-2-1, in a storage of 9 numbers."""
    views = {"0.weight": View(0, (2, 2)), "0.bias": View(4, (2,)), "2.weight": View(6, (1, 2)), "2.bias": View(8, (1,))}
    plain = collections.OrderedDict(("layers." + name, view) for name, view in views.items())
    under = {prefix: {prefix + name: view for name, view in plain.items()}
             for prefix in ("model.", "module._orig_mod.")}
    return {
        "plain": plain,
        "parameters": {"layers." + name: View(view.offset, view.shape, True) for name, view in views.items()},
        "lightning": {
            "epoch": 1, "global_step": 2, "pytorch-lightning_version": "1.9.0", "state_dict": under["model."],
            "loops": {"fit_loop": {"state_dict": {}}}, "callbacks": {},
             "optimizer_states": [{"state": {0: {"step": 1}}}],
            "lr_schedulers": [], "hparams_name": "kwargs", "hyper_parameters": {"lr": 0.1, "sizes": (2, 1)},
        },
        "wrapped": {"epoch": 3, "net": under["module._orig_mod."], "loss": [0.5, 0.25], "best": None},
        "named": [(name.replace("0", "fc1").replace("2", "fc2"), view) for name, view in views.items()],
    }


TWO_LAYERS = {"layers.0.weight": [2, 2], "layers.0.bias": [2], "layers.2.weight": [1, 2], "layers.2.bias": [1]}


def main():
    labels = idx([4], bytes([0, 9, 3, 1]))
    images = idx([2, 28, 28], bytes(range(196)) * 8)
    for name, first, content in (("labels", b"\0", labels), ("images", b"\1", images)):
        save("idx", name, first + content)
        save("idx", name + "-gz", first + gzip.compress(content, mtime=0))
        members = [gzip.compress(part, mtime=0) for part in (content[:9], content[9:])]
        save("idx", name + "-members", first + b"".join(members))
        save("idx", name + "-padded", first + gzip.compress(content, mtime=0) + bytes(40))
        save("idx", name + "-twice", first + gzip.compress(gzip.compress(content, mtime=0), mtime=0))
    # The target compresses these: bytes in a member, bytes that follow as they are.
    for name, first, content in (("labels", 2, labels), ("images", 3, images)):
        for step, behind in ((0, 0), (4, 0), (255, 0), (99, 8)):
            save("idx", f"{name}-packed-{step}-{behind}", bytes([first, step, behind]) + content)
    save("idx", "labels-packed-zeros", bytes([2, 3, 20]) + labels + bytes(20))
    save("idx", "page", b"\1\n<!DOCTYPE html><html><head><title>not found</title></head></html>")

    for name, version, descr, shape, width in (
        ("f8", 1, "'<f8'", "(2, 3)", 8), ("f4-big", 2, "'>f4'", "(2, 3, )", 4), ("f2", 3, "'<f2'", "(2, 3)", 2),
        ("f8-native", 1, "'=f8'", "(2,3)", 8), ("c8", 1, "'<c8'", "(2, 3)", 8),
        ("structure", 1, "[('x', '<f8')]", "(2, 3)", 8),
        ("bool", 1, '"|b1"', "(2L, 3L)", 1), ("i2-big", 1, "'>i2'", "(2, 3)", 2), ("u8", 1, "'<u8'", "(2, 3)", 8),
    ):
        header = f"{{'descr': {descr}, 'fortran_order': {width == 4}, 'shape': {shape}, }}\n".encode()
        length = struct.pack("<H" if version == 1 else "<I", len(header))
        save("npy", name, b"\2\x93NUMPY" + bytes([version, 0]) + length + header + bytes(range(6 * width)))

    for name in ("mixed", "network", "malicious", "nested"):
        with open(os.path.join(GOLDEN, name + ".pt"), "rb") as file:
            save("torch", name, file.read())
        with zipfile.ZipFile(os.path.join(GOLDEN, name + ".pt")) as archive:
            save("pickle", name, b"\0\0" + archive.read(name + "/data.pkl"))
    with zipfile.ZipFile(os.path.join(GOLDEN, "mixed.pt")) as archive:
        pickled = archive.read("mixed/data.pkl")
        for storage in (8, 24, 48):
            save("pickle", f"mixed-{storage}", struct.pack("<H", storage) + bytes(range(storage)) + pickled)
    # One tensor, so that a mutation often still finds its storage of 2 floats.
    small = (
        b"\x80\x02}(X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000"
        b"X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89ccollections\nOrderedDict\n)RtRu."
    )
    save("pickle", "small", struct.pack("<H", 8) + struct.pack("<2f", 1, -2) + small)
    view = small.replace(b"K\0K\2\x85K\1\x85", b"K\0K\2K\2\x86K\0K\1\x86")
    save("pickle", "view", struct.pack("<H", 8) + struct.pack("<2f", 1, -2) + view)

    pickled, header, end = b"\x80\x02}(", {}, 0
    for name, shape in TWO_LAYERS.items():
        count = shape[0] * shape[-1] if len(shape) == 2 else shape[0]
        pickled += pickled_view(name, 9, end, shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [4 * end, 4 * (end + count)]}
        end += count
    save("pickle", "layers", struct.pack("<H", 4 * end) + struct.pack("<9f", *range(end)) + pickled + b"u.")
    save("safetensors", "layers", safetensors(header, struct.pack("<9f", *range(end))))
    numbers = b"\x80\x02}(" + pickled_view("w", 2, 0, [2])
    wider = ((b"K\2t", b"\x8a\1\2t"), (b"K\0(", b"J\0\0\0\0("), (b"\x89", b"\x88"), (b"}(", b"}r\1\0\0\0("))
    for short, other in wider:
        numbers = numbers.replace(short, other, 1)
    save("pickle", "wide", struct.pack("<H", 8) + struct.pack("<2f", 1, -2) + numbers + b"u.")

    with open(os.path.join(GOLDEN, "legacy.pt"), "rb") as file:
        save("model", "legacy", file.read())
    views = (("fc1.weight", 9, 0, [2, 2]), ("fc1.bias", 9, 4, [2]))
    tensors = b"}(" + b"".join(pickled_view(*view) for view in views) + b"u"
    save("model", "zip", zipped(b"\x80\x02}(" + text("model") + tensors + text("epoch") + b"G" + bytes(8) + b"u.", 9))
    attacks = {
        "global": b"\x80\x02cos\nsystem\nX\1\0\0\0x\x85R.", "stack": b"\x80\x04\x8c\2os\x94\x8c\6system\x93)R.",
        "inst": b"(S'x'\nios\nsystem\n.", "object": b"\x80\x02cm\nN\n)\x81}X\1\0\0\0aK\1sb.",
        "old": b"(dp0\nS'a'\np1\n(lp2\nI1\naL2L\naF0.5\naVb\nag1\nasS'n'\nI01\ns.",
        "numpy": b"\x80\x03cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\2\0\0\0f8K\0K\1\x87RC\1x\x86R.",
        "newer": b"\x80\x05\x95\x20\0\0\0\0\0\0\0\x8f(K\1K\2\x90\x96\1\0\0\0\0\0\0\0x\x86N\x88\x89\x87\x94h\0\x85.",
        "page": b"<!DOCTYPE html>", "json": b'{"act_fn": "ReLU"}', "lfs": b"version https://git-lfs",
    }
    for name, content in attacks.items():
        save("model", name, content)
        save("pickle", "python-" + name, b"\0\0" + content)
    checkpoint = b"\x80\x02}(" + text("state_dict") + b"}(" + pickled_view("layers.0.weight", 9, 0, [2, 2])
    checkpoint += pickled_view("layers.0.bias", 9, 4, [2]) + b"u" + text("epoch") + b"K\3u."
    save("pickle", "checkpoint", struct.pack("<H", 36) + struct.pack("<9f", *range(9)) + checkpoint)

    fake_torch()
    numbers = struct.pack("<9f", *range(9))
    for name, content in checkpoints().items():
        for protocol in range(6):
            pickled = torch_pickle(content, protocol, 9)
            save("pickle", f"{name}-protocol{protocol}", struct.pack("<H", 36) + numbers + pickled)
            if name == "plain" or protocol in (2, 4):
                save("model", f"{name}-legacy{protocol}", legacy(content, protocol, 9))
        save("model", f"{name}-zip", zipped(torch_pickle(content, 2, 9), 9))
    odd = {"a\x1b[31m\n\u202e\u0007": View(0, (2, 2)), "\ufeffb": View(0, (0, 3)), "c\ud7ff": View(1, (1,))}
    save("model", "odd-names", legacy(odd, 2, 9))

    config = json.dumps({"act_fn": "ReLU", "input_size": 3, "num_classes": 2, "hidden_sizes": []})
    network = {
        "layers.0.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
        "layers.0.bias": {"dtype": "F32", "shape": [2], "data_offsets": [24, 32]},
    }
    save("safetensors", "network", safetensors(network, struct.pack("<8f", *range(8)), {"config": config}))
    kinds = {"F64": 8, "I64": 8, "I32": 4, "F16": 2, "BF16": 2, "U8": 1, "BOOL": 1}
    header, end = {}, 0
    for dtype, width in kinds.items():
        header[dtype] = {"dtype": dtype, "shape": [2, 1], "data_offsets": [end, end + 2 * width]}
        end += 2 * width
    header["empty"] = {"dtype": "F32", "shape": [0, 5], "data_offsets": [end, end]}
    header["scalar"] = {"dtype": "I8", "shape": [], "data_offsets": [end, end + 1]}
    save("safetensors", "kinds", safetensors(header, bytes(end + 1)))
    save("safetensors", "none", safetensors({}, b""))

    for source in ("model", "safetensors"):
        for name in sorted(os.listdir(os.path.join(HERE, source))):
            with open(os.path.join(HERE, source, name), "rb") as file:
                content = file.read()
            if source == "safetensors" or content[:2] == b"PK" or "legacy" in name or name == "odd-names":
                save("convert", name, content)
                save("list", name, content)

    save("json", "config", config.encode())
    deep = {"act_fn": "LeakyReLU", "act_fn_parameter": 0.2, "input_size": 784, "num_classes": 10,
            "hidden_sizes": [5, 4]}
    save("json", "config-deep", json.dumps(deep).encode())
    record = {"test_acc": 0.5, "val_scores": [0.25, 1], "train_losses": [2.5, 1e-3, 0], "train_scores": [0.1, 0.9]}
    save("json", "record", json.dumps(record).encode())
    save("json", "nested", b"[" * 200 + b"]" * 200)

    rows = [[0.5, -1, 2e3, 0]] * 4
    whole = {"id": 1, "outputs": {"dx": rows[:3], "dweight": rows, "dbias": rows[0]}}
    save("grade", "hello", b"h" + json.dumps({"functions": ["relu", "adam"], "precision": 32}).encode())
    save("grade", "reply", b"r" + json.dumps(whole).encode())
    save("grade", "modified", b"r" + json.dumps({**whole, "input_modified": "weight"}).encode())
    whole["outputs"]["dx"] = [[float("nan"), float("inf"), float("-inf"), "NaN"]] * 3
    save("grade", "infinite", b"r" + json.dumps(whole).encode())
    save("grade", "npy", b"r" + json.dumps({"id": 1, "outputs": {"dx": {"npy": "/exchange/1.dx.npy"}}}).encode())
    save("grade", "error", "r{\"id\": 1, \"error\": \"Größe \\u202e\\u0007\"}".encode())
    save("grade", "missing", b'r{"id": 1, "missing": true}')
    save("grade", "overflow", b'r{"id": 1, "outputs": {"dx": [1e999, 99999999999999999999]}}')
    header = b"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4), }"
    save("grade", "file", b"n\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(48))


if __name__ == "__main__":
    main()
