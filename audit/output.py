"""The one way in which the audit's scripts write a result: a complete file, or standard output for "-"."""
import json
import os
import sys


def write_json(path, value, indent=1):
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    if path == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def text_stream(path):
    """Where a script prints its text: not to standard output if the JSON goes there."""
    return sys.stderr if path == "-" else sys.stdout
