"""Where the scripts write: the file that is named, or standard output for "-"."""
import contextlib
import sys


def opened(path):
    return contextlib.nullcontext(sys.stdout) if path == "-" else open(path, "w", encoding="ascii")
