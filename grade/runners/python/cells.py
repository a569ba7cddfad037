"""Reads a notebook or a Python file into cells of source text. Nothing is run here."""
import ast
import json
import re


class Unusable(Exception):
    """The submission cannot be graded at all; the text says why, in one line."""


class Cell:
    """Some source text: `label` is what people call it ("cell 24"), and `file` the name in tracebacks."""

    def __init__(self, label, file, text):
        self.label, self.file, self.text = label, file, text


# Cell magics whose body is Python. The body of any other (%%bash, %%html, %%writefile) is not.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug", "memit"}
MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w.]+\s*=\s*[%!]|[\w.]+\?{1,2}\s*$)")


def without_magics(text):
    """The text with its magics and shell lines taken out, or "" if its language is not Python."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        words = lines[first][2:].split()
        if not words or words[0] not in PYTHON_MAGICS:
            return ""
        lines[first] = ""
    try:
        ast.parse("\n".join(lines))
    except SyntaxError:  # not before: a line of a long text may begin with "%"
        return "\n".join(MAGIC.sub(r"\1pass #", line) if MAGIC.match(line) else line for line in lines)
    return "\n".join(lines)


def _text_of(source):
    return source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))


def _raw_cells(notebook):
    """The cells of nbformat 4, or of nbformat 2 and 3, which have work sheets and call the source "input"."""
    if isinstance(notebook.get("cells"), list):
        return [(cell, "source") for cell in notebook["cells"] if isinstance(cell, dict)]
    if isinstance(notebook.get("worksheets"), list):
        return [(cell, "input") for sheet in notebook["worksheets"] if isinstance(sheet, dict)
                for cell in sheet.get("cells", []) if isinstance(cell, dict)]
    raise Unusable('not a notebook: it has neither "cells" (nbformat 4) nor "worksheets" (nbformat 2 and 3)')


def _language(notebook):
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        if isinstance(metadata.get(part), dict) and isinstance(metadata[part].get(key), str):
            return metadata[part][key]
    return "python"


def _read_notebook(path):
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
        del data  # a notebook may have 200 MB of outputs
        notebook = json.loads(text)
        del text
    except UnicodeDecodeError as error:
        raise Unusable(f"not a notebook: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise Unusable(f"not a notebook: not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise Unusable("not a notebook: its JSON is nested too deep") from None
    if not isinstance(notebook, dict):
        raise Unusable("not a notebook: its JSON is no object")
    language = _language(notebook)
    if not language.lower().startswith(("python", "ipython")):
        raise Unusable(f"a notebook in {language}: only Python notebooks can be graded")
    cells = []
    for cell, key in _raw_cells(notebook):
        if cell.get("cell_type") == "code":
            label = f"cell {len(cells) + 1}"
            cells.append(Cell(label, f"<{label}>", without_magics(_text_of(cell.get(key) or ""))))
    if not cells:
        raise Unusable("a notebook without a code cell")
    return cells


def read(path):
    """The cells of a notebook; a Python file is one cell, with label None: its definitions are called by their line."""
    if path.endswith(".ipynb"):
        return _read_notebook(path)
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise Unusable("not a Python file: it has zero bytes")
    return [Cell(None, path.rsplit("/", 1)[-1], without_magics(text))]


def describe_syntax(error, text):
    """One line on why a cell cannot be parsed; names Python 2."""
    old = re.search(r"^\s*(print\s+[^\s(=]|exec\s+[\"'])|except\s+\w+\s*,\s*\w+\s*:|\bxrange\(|<>", text, re.MULTILINE)
    message = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
    return f"Python 2 code? {message}" if old else message
