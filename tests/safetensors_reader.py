"""Reads a safetensors file as its specification says, with Python's standard library alone; prints it as JSON.

An independent reader of what Assay writes: https://huggingface.co/docs/safetensors ("Format").
"""

import json
import struct
import sys

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "?"}

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    text = file.read(length)
    data = file.read()
assert text[:1] == b"{" and len(text) == length and length % 8 == 0
header = json.loads(text)
metadata = header.pop("__metadata__", {})
assert all(isinstance(value, str) for value in metadata.values())
end = 0
tensors = {}
for name, entry in header.items():
    begin, stop = entry["data_offsets"]
    count = 1
    for size in entry["shape"]:
        count *= size
    width = struct.calcsize(CODES[entry["dtype"]])
    assert begin == end and stop - begin == count * width and begin % width == 0, name
    values = struct.unpack(f"<{count}{CODES[entry['dtype']]}", data[begin:stop])
    tensors[name] = {"dtype": entry["dtype"], "shape": entry["shape"], "values": [float(value) for value in values]}
    end = stop
assert end == len(data)
json.dump({"metadata": metadata, "tensors": tensors}, sys.stdout)
