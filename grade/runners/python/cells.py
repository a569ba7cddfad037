"""Reads a notebook or a Python file into cells of source text. Nothing is run here."""
import ast
import json
import mmap
import re


class Unusable(Exception):
    """The submission cannot be graded at all; the text says why, in one line."""


class Cell:
    """
    Some source text: `label` is what people call it ("cell 24"), and `file` the name in tracebacks. `module`: the cell
    only writes this module, for a later import.
    """

    def __init__(self, label, file, text, module=None):
        self.label, self.file, self.text, self.module = label, file, text, module


# --- magics -----------------------------------------------------------------------------------------------------------

# Cell magics whose body is Python. The body of any other (%%bash, %%html) is not.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug", "memit"}
MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w.]+\s*=\s*[%!]|[\w.]+\?{1,2}\s*$)")


def _without_lines(lines):
    """The lines with magics and shell lines made harmless, together with the lines that continue them."""
    kept, inside = [], False
    for line in lines:
        magic = MAGIC.match(line)
        kept.append("#" + line if inside else MAGIC.sub(r"\1pass #", line) if magic else line)
        inside = bool(inside or magic) and line.rstrip().endswith("\\")
    return kept


def without_magics(text):
    """The text with its magics and shell lines taken out, or "" if its language is not Python."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        words = lines[first][2:].split()
        writes_python = len(words) > 1 and words[0] in ("writefile", "file") and words[-1].endswith(".py")
        if not words or words[0] not in PYTHON_MAGICS and not writes_python:
            return ""
        lines[first] = ""
    try:
        ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):  # not before: a line of a long text may begin with "%"
        lines = _without_lines(lines)
    return "\n".join(lines)


def written_module(text):
    """The module that a cell writes (%%writefile helper.py), or None."""
    match = re.match(r"\s*%%(?:writefile|file)\b.*?([A-Za-z_]\w*)\.py\s*\n", text)
    return match.group(1) if match else None


# --- notebooks --------------------------------------------------------------------------------------------------------

LARGE = 4 << 20  # bytes; a notebook above is read without its outputs
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
OUTPUTS = re.compile(rb'"outputs"\s*:\s*\[')


def _without_outputs(data):
    """
    The text of a large notebook, without what its cells printed: outputs of 200 MB would need several times that as
    Python's objects.
    """
    kept, position = [], 0
    for start in iter(lambda: OUTPUTS.search(data, position), None):
        kept.append(data[position:start.end()])
        depth, end = 1, start.end()
        while depth > 0:
            token = TOKEN.search(data, end)
            if token is None:
                raise Unusable("not a notebook: its JSON ends within the outputs of a cell")
            end = token.end()
            depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token.group() if token.end() - token.start() == 1
                                                               else b"", 0)
        kept.append(b"]")
        position = end
    kept.append(data[position:])
    return b"".join(kept)


def _text_of_file(path):
    with open(path, "rb") as file:
        if file.seek(0, 2) <= LARGE:
            file.seek(0)
            return file.read()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _without_outputs(data)


def _text_of(source):
    return source if isinstance(source, str) else "".join(line for line in source if isinstance(line, str))


def _raw_cells(notebook):
    """The cells of nbformat 4, of nbformat 2 and 3 (with work sheets and "input"), and of nbformat 1 ("code")."""
    cells = notebook.get("cells")
    if isinstance(notebook.get("worksheets"), list):
        cells = [cell for sheet in notebook["worksheets"] if isinstance(sheet, dict) for cell in sheet.get("cells", [])]
    if not isinstance(cells, list):
        raise Unusable('not a notebook: it has neither "cells" (nbformat 4) nor "worksheets" (nbformat 2 and 3)')
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            sources = [cell[key] for key in ("source", "input", "code") if isinstance(cell.get(key), (str, list))]
            yield sources[0] if sources else "", cell.get("language")


def _language(notebook):
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        if isinstance(metadata.get(part), dict) and isinstance(metadata[part].get(key), str):
            return metadata[part][key]
    return "python"


def _is_python(language):
    return not isinstance(language, str) or language.lower().startswith(("python", "ipython"))


def _load(path):
    try:
        notebook = json.loads(_text_of_file(path).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unusable(f"not a notebook: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise Unusable(f"not a notebook: not JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except RecursionError:
        raise Unusable("not a notebook: its JSON is nested too deep") from None
    if not isinstance(notebook, dict):
        raise Unusable("not a notebook: its JSON is no object")
    return notebook


def _read_notebook(path):
    notebook = _load(path)
    if not _is_python(_language(notebook)):
        raise Unusable(f"a notebook in {_language(notebook)}: only Python notebooks can be graded")
    cells = []
    for source, language in _raw_cells(notebook):
        label = f"cell {len(cells) + 1}"
        text = _text_of(source) if _is_python(language) else ""
        cells.append(Cell(label, f"<{label}>", without_magics(text), written_module(text)))
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


# --- statements -------------------------------------------------------------------------------------------------------

def _describe(error, text):
    """One line on why text cannot be parsed; names Python 2."""
    old = re.search(r"^\s*(print\s+[^\s(=]|exec\s+[\"'])|except\s+\w+\s*,\s*\w+\s*:|raise\s+\w+\s*,|\bxrange\(|<>",
                    text, re.MULTILINE)
    message = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
    return f"Python 2 code? {message}" if old else message


# A line that may begin a statement at the top level: it is not indented, and continues none.
BEGINNING = re.compile(r"^(?!else\b|elif\b|except\b|finally\b)[^\s#)\]}'\"]")
FURTHEST = 80  # pieces that are tried as one statement
MOST_TRIES = 3000  # for a cell


def _parsed(lines, first, last, cell):
    """The statements of these lines, with the line numbers of the cell; None: they cannot be parsed."""
    try:
        tree = ast.parse("\n".join(lines[first:last]), cell.file)
    except (SyntaxError, ValueError, RecursionError):
        return None
    return ast.increment_lineno(tree, first).body


def _salvaged(cell, lines):
    """The statements that can be parsed, and the lines, as pairs (first, last), that cannot."""
    starts = [i for i, line in enumerate(lines) if BEGINNING.match(line)] + [len(lines)]
    starts = [s for i, s in enumerate(starts) if i == 0 or not lines[starts[i - 1]].startswith("@")]
    statements, bad, i, tries = [], [], 0, 0
    while i < len(starts) - 1 and tries < MOST_TRIES:
        for j in range(i + 1, min(i + FURTHEST, len(starts))):
            tries += 1
            found = _parsed(lines, starts[i], starts[j], cell)
            if found is not None:
                statements += found
                break
        else:
            j = i + 1
            bad.append((starts[i] + 1, starts[j]))
        i = j
    return statements, bad


def pieces(cell):
    """The statements of a cell, and a line for each part of it that cannot be parsed and is left out."""
    name = cell.label or cell.file
    try:
        return ast.parse(cell.text, cell.file).body, []
    except (SyntaxError, ValueError, RecursionError) as error:
        reason = _describe(error, cell.text)
    lines = cell.text.splitlines()
    statements, bad = _salvaged(cell, lines)
    if not statements or not bad:
        return statements, [f"{name} cannot be parsed and is left out: {reason}"]
    places = ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in bad[:4])
    more = f" and {len(bad) - 4} more places" if len(bad) > 4 else ""
    return statements, [f"{name}: lines {places}{more} cannot be parsed and are left out: {reason}"]
