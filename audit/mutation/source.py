"""A source file for the mutation tester: its text, libclang's cursors, and the macros in it."""
import functools
import os
import sys

try:
    from clang.cindex import CursorKind, Index, TranslationUnit, TranslationUnitLoadError
except ImportError:
    sys.exit("mutation: this Python has no clang module: apt-get install python3-clang, and set PYTHON if "
             "/usr/bin/python3 is not the Python that Debian's packages are for")


@functools.lru_cache(maxsize=None)
def name_of(root, path):
    """A file's name below the root. BUILD/include/assay is a link to lib: <assay/nn/network.h> is lib/nn/network.h."""
    return os.path.relpath(os.path.realpath(path), os.path.realpath(root))


class Source:
    """A file's text in bytes, since libclang counts bytes, and the ranges of macro calls."""

    def __init__(self, root, name):
        with open(os.path.join(root, name), "rb") as file:
            self.text = file.read()
        self.root, self.name = root, name
        self.macro_calls = []
        self.macro_definitions = []
        self.functions = []
        self.declarations = []
        self.statements = {}  # of each function, by its offset

    def slice(self, begin, end):
        return self.text[begin:end].decode()

    def of(self, cursor):
        return self.slice(cursor.extent.start.offset, cursor.extent.end.offset)

    def in_macro(self, begin, end):
        return any(begin < e and b < end for b, e in self.macro_calls)

    def hides(self, cursor):
        """Whether a cursor comes from a macro's definition and so has no text of its own."""
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        return any(b <= begin and end <= e for b, e in self.macro_calls)

    def holds(self, cursor):
        file = cursor.location.file
        return file is not None and name_of(self.root, file.name) == self.name

    def line_of(self, offset):
        return self.text.count(b"\n", 0, offset) + 1

    def lines_around(self, begin, end):
        """The whole lines that [begin, end) touches: their first and last offset."""
        first = self.text.rfind(b"\n", 0, begin) + 1
        last = self.text.find(b"\n", max(begin, end - 1))
        return first, len(self.text) if last < 0 else last


def parse(root, path, options):
    """libclang's translation unit of root/path; exits if it does not compile."""
    try:
        unit = Index.create().parse(os.path.join(root, path), args=options,
                                    options=TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD)
    except TranslationUnitLoadError as error:
        sys.exit("mutation: libclang cannot read %s: %s" % (path, error))
    errors = [d for d in unit.diagnostics if d.severity >= d.Error]
    if errors:
        sys.exit("mutation: libclang cannot parse %s: %s" % (path, errors[0]))
    return unit


def sources_of(root, folder, unit):
    """The files of `folder` that the unit consists of, each as a Source with its cursors."""
    found = {}
    for cursor in unit.cursor.get_children():
        file = cursor.location.file
        if file is None:
            continue
        name = name_of(root, file.name)
        if os.path.dirname(name) != folder:
            continue
        if name not in found:
            found[name] = Source(root, name)
        add_cursor(found[name], cursor)
    return found


def add_cursor(source, cursor):
    if cursor.kind == CursorKind.MACRO_INSTANTIATION:
        source.macro_calls.append((cursor.extent.start.offset, cursor.extent.end.offset))
    elif cursor.kind == CursorKind.MACRO_DEFINITION:
        source.macro_definitions.append(cursor)
    elif cursor.kind == CursorKind.FUNCTION_DECL and cursor.is_definition():
        source.functions.append(cursor)
    elif cursor.kind in (CursorKind.VAR_DECL, CursorKind.ENUM_DECL):
        source.declarations.append(cursor)
