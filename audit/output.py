"""The one way in which the scripts of audit/ and bench/ write a result: a complete file, or standard output for "-"."""
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


def refuse_input(parser, option, path, folder):
    """Ends the script, as for a wrong option, if the file to write is one of the files in the folder that it reads."""
    if path != "-" and os.path.exists(path) and os.path.isdir(folder):
        for name in os.listdir(folder):
            if os.path.samefile(path, os.path.join(folder, name)):
                parser.error(f"{option} {path}: this file is read: it is {name} in {folder}; write another file")
