"""The faults that can be planted in a Source: yields (operator, begin, end, text) for each."""
import re

from clang.cindex import CursorKind as Kind
from clang.cindex import TypeKind

ARITHMETIC = {"+": "-*", "-": "+/", "*": "/+", "/": "*-", "%": "/*", "&": "|^", "|": "&^", "^": "|&"}
SHIFTS = {"<<": ">>", ">>": "<<"}
RELATIONAL = {"<": ("<=", ">"), "<=": ("<", ">"), ">": (">=", "<"), ">=": (">", "<"), "==": ("!=",), "!=": ("==",)}
LOGICAL = {"&&": "||", "||": "&&"}
COMPOUND = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=", "="), "/=": ("*=", "="), "|=": ("&=", "="),
            "&=": ("|=", "="), "^=": ("|=", "="), "<<=": (">>=",), ">>=": ("<<=",), "%=": ("/=", "=")}
FLOATING = (TypeKind.FLOAT, TypeKind.DOUBLE, TypeKind.LONGDOUBLE)
LITERAL = re.compile(rb"(?<![\w.])(?:0[xX][0-9a-fA-F.]+(?:[pP][-+]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
                     rb"[uUlLfF]*(?![\w.])")
LOOPS = (Kind.FOR_STMT, Kind.WHILE_STMT, Kind.DO_STMT)


def children(cursor):
    return list(cursor.get_children())


def kind_of(cursor):
    return cursor.type.get_canonical().kind


def is_pointer(cursor):
    return kind_of(cursor) in (TypeKind.POINTER, TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY)


def walk(cursor, parents=()):
    """All cursors below `cursor`, each with the chain of those above it, innermost last."""
    for child in children(cursor):
        yield child, parents + (cursor,)
        yield from walk(child, parents + (cursor,))


def between(source, left, right):
    """The operator between two operands, and its place; None if it comes from a macro."""
    begin, end = left.extent.end.offset, right.extent.start.offset
    if begin >= end or source.in_macro(begin, end):
        return None
    gap = re.sub(rb"/\*.*?\*/", lambda m: b" " * len(m.group()), source.text[begin:end], flags=re.S)
    token = gap.strip()
    at = begin + gap.find(token)
    return token.decode(), at, at + len(token)


def operators(source, cursor, parents):
    """Arithmetic, relational, logical and assigning operators."""
    operands = children(cursor)
    if cursor.kind not in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR) or len(operands) != 2:
        return
    found = between(source, *operands)
    if found is None:
        return
    token, begin, end = found
    pointers = any(is_pointer(o) for o in operands)
    for other in RELATIONAL.get(token, ()):
        yield "relational", begin, end, other
    for other in COMPOUND.get(token, ()):
        yield "compound assignment", begin, end, other
    if token in LOGICAL:
        yield "logical", begin, end, LOGICAL[token]
    if token in SHIFTS:
        yield "arithmetic", begin, end, SHIFTS[token]
    for other in ARITHMETIC.get(token, ""):
        if not pointers or (token in "+-" and other in "+-"):
            yield "arithmetic", begin, end, other
    if token == "=" and kind_of(cursor) in FLOATING:
        yield from negated_value(source, operands[1])


def negated_value(source, value):
    begin, end = value.extent.start.offset, value.extent.end.offset
    if not re.fullmatch(r"[-\d.]+[fF]?", source.slice(begin, end)):
        yield "sign", begin, end, "-(%s)" % source.slice(begin, end)


def unary(source, cursor, parents):
    if cursor.kind != Kind.UNARY_OPERATOR:
        return
    begin, end = cursor.extent.start.offset, cursor.extent.end.offset
    text = source.slice(begin, end)
    # A loop that counts the wrong way ends at once or never: every test detects that, so it is left out.
    if source.in_macro(begin, begin + 1) or len(text) < 2 or parents[-1].kind == Kind.FOR_STMT:
        return
    if text[:2] in ("++", "--"):
        yield "arithmetic", begin, begin + 2, {"++": "--", "--": "++"}[text[:2]]
    elif text[-2:] in ("++", "--"):
        yield "arithmetic", end - 2, end, {"++": "--", "--": "++"}[text[-2:]]
    elif text[0] == "-":
        yield "sign", begin, begin + 1, ""
    elif text[0] == "!":
        yield "logical", begin, begin + 1, ""


def number_texts(text):
    """The replacements of a numeric literal."""
    suffix = re.search(r"[uUlLfF]*$", text).group() if not text.lower().startswith("0x") or "p" in text.lower() \
        else re.search(r"[uUlL]*$", text).group()
    body = text[:len(text) - len(suffix)]
    is_float = "f" in suffix.lower() or "." in body or (body[:2].lower() != "0x" and "e" in body.lower()) or "p" in body
    if not is_float:
        value = int(body, 8 if re.fullmatch(r"0[0-7]+", body) else 0)
        others = {0: (1,), 1: (0, 2), 2: (1, 3, 0)}.get(value, (value + 1, value - 1, 2 * value, 0))
        return ["%s%s" % (hex(o) if body[:2].lower() == "0x" else o, suffix) for o in others]
    value = float.fromhex(body) if body[:2].lower() == "0x" else float(body)
    others = (1.0, 1e-3) if value == 0 else (value * 1.001, 2 * value, 0.0, -value)
    return [("(%r%s)" if o < 0 else "%r%s") % (o, suffix) for o in others]


def constants(source, cursor, parents):
    """Numbers, truth values, and constants of enumerations, replaced by the next one."""
    begin, end = cursor.extent.start.offset, cursor.extent.end.offset
    text = source.slice(begin, end)
    if text in ("true", "false"):
        yield "constant", begin, end, {"true": "false", "false": "true"}[text]
        return
    if source.in_macro(begin, end) or begin >= end:
        return
    if cursor.kind in (Kind.INTEGER_LITERAL, Kind.FLOATING_LITERAL):
        if LITERAL.fullmatch(text.encode()) and not is_dimension(parents):
            for other in number_texts(text):
                yield "constant", begin, end, other
    elif cursor.kind == Kind.DECL_REF_EXPR and not is_label(begin, parents):
        yield from next_of_enumeration(cursor, begin, end)


def is_label(begin, parents):
    return any(p.kind == Kind.CASE_STMT and begin < children(p)[0].extent.end.offset for p in parents)


def is_dimension(parents):
    """The 2 of `double w[2]`: a larger array behaves the same, a smaller one is undefined."""
    return parents[-1].kind in (Kind.VAR_DECL, Kind.PARM_DECL, Kind.FIELD_DECL) and is_pointer(parents[-1])


def next_of_enumeration(cursor, begin, end):
    constant = cursor.referenced
    if constant is None or constant.kind != Kind.ENUM_CONSTANT_DECL:
        return
    # An enumeration without a tag contains sizes, not alternatives.
    siblings = [c.spelling for c in children(constant.semantic_parent)]
    if len(siblings) > 1 and not re.search(r"(COUNT|MAX)$", constant.spelling) and \
            all(not children(c) for c in children(constant.semantic_parent)):
        usable = [s for s in siblings if not re.search(r"COUNT$", s)]
        yield "constant", begin, end, usable[(usable.index(constant.spelling) + 1) % len(usable)]


def conditions(source, cursor, parents):
    """Negated conditions, and loops that end one step early."""
    parts = children(cursor)
    if cursor.kind in (Kind.IF_STMT, Kind.WHILE_STMT, Kind.CONDITIONAL_OPERATOR) and parts:
        begin, end = parts[0].extent.start.offset, parts[0].extent.end.offset
        if end > begin:
            yield "condition", begin, end, "!(%s)" % source.slice(begin, end)
    if cursor.kind == Kind.FOR_STMT:
        for part in parts[:-1]:
            operands = children(part)
            if part.kind == Kind.BINARY_OPERATOR and len(operands) == 2:
                found = between(source, *operands)
                if found and found[0] in ("<", "<="):
                    begin, end = operands[1].extent.start.offset, operands[1].extent.end.offset
                    yield "bound", begin, end, "%s - 1" % source.slice(begin, end)


def plain_type(cursor):
    return cursor.type.get_canonical().spelling.replace("const ", "").replace(" const", "").replace("const", "")


SYMMETRIC = ("strcmp", "strncmp", "strcasecmp", "memcmp")
COMMUTING = ("calloc", "assay_calloc", "fmax", "fmin", "fmaxf", "fminf", "assay_grade_uniform")  # as a law, the last
FILLING = ("memcpy", "memset", "snprintf")
RELEASING = re.compile(r"free|json_decref|\w+_(clear|close|destroy|free)")


def asks_for_equality(source, cursor):
    """strcmp(a, b) == 0 and its like: equal arguments are equal in either order."""
    return cursor.spelling in SYMMETRIC and re.match(rb"\s*[=!]=\s*0\b", source.text[cursor.extent.end.offset:])


def arguments(source, cursor, parents):
    """Two neighbouring arguments of the same type, swapped."""
    if cursor.kind != Kind.CALL_EXPR or cursor.spelling in COMMUTING or asks_for_equality(source, cursor):
        return
    given = list(cursor.get_arguments())
    for one, two in zip(given, given[1:]):
        begin, end = one.extent.start.offset, two.extent.end.offset
        first, second = source.of(one), source.of(two)
        if plain_type(one) == plain_type(two) and first != second and not source.in_macro(one.extent.end.offset,
                                                                                         two.extent.start.offset):
            middle = source.slice(one.extent.end.offset, two.extent.start.offset)
            if middle.strip() == "," and first and second:
                yield "arguments", begin, end, second + middle + first


def returns(source, cursor, parents):
    parts = children(cursor)
    if cursor.kind != Kind.RETURN_STMT or not parts:
        return
    begin, end = parts[0].extent.start.offset, parts[0].extent.end.offset
    text = source.slice(begin, end)
    kind = kind_of(parts[0])
    if end <= begin or text == "NULL":
        return
    function = next((p for p in parents if p.kind == Kind.FUNCTION_DECL), None)
    result = function.result_type.get_canonical() if function else parts[0].type
    if result.kind in FLOATING:
        yield "return value", begin, end, "-(%s)" % text
        yield "return value", begin, end, "1.001%s * (%s)" % ("f" if result.kind == TypeKind.FLOAT else "", text)
    elif result.kind == TypeKind.BOOL:
        yield "return value", begin, end, "!(%s)" % text
    elif result.kind == TypeKind.POINTER:
        yield "return value", begin, end, "NULL"
    elif function and function.result_type.spelling == "assay_status":
        yield "return value", begin, end, "ASSAY_ERROR_MEMORY" if text == "ASSAY_OK" else "ASSAY_OK"
    elif kind in (TypeKind.INT, TypeKind.UINT, TypeKind.LONG, TypeKind.ULONG, TypeKind.LONGLONG, TypeKind.ULONGLONG):
        yield "return value", begin, end, "(%s) + 1" % text


def other_variables(source, cursor, parents):
    """
    An argument replaced by another variable of the same type that the function has: the wrong tensor of the right
    shape. Only parameters, and locals that are declared before, since the text must compile.
    """
    if cursor.kind != Kind.CALL_EXPR:
        return
    function = next((p for p in parents if p.kind == Kind.FUNCTION_DECL), None)
    if function is None:
        return
    visible = [c for c, _ in walk(function) if c.kind in (Kind.PARM_DECL, Kind.VAR_DECL)
               and c.extent.end.offset <= cursor.extent.start.offset]
    for given in cursor.get_arguments():
        begin, end = given.extent.start.offset, given.extent.end.offset
        text = source.slice(begin, end)
        if not re.fullmatch(r"[A-Za-z_]\w*", text) or source.in_macro(begin, end):
            continue
        own = plain_type(given)
        others = [c.spelling for c in visible if plain_type(c) == own and c.spelling != text]
        if others and own not in ("int", "assay_error *"):
            yield "other variable", begin, end, others[-1]


def strides(source, cursor, parents):
    """a[i * n + j] with n + 1, and with n - 1."""
    parts = children(cursor)
    if cursor.kind != Kind.ARRAY_SUBSCRIPT_EXPR or len(parts) != 2:
        return
    for inner, _ in [(parts[1], ())] + list(walk(parts[1])):
        operands = children(inner)
        if inner.kind != Kind.BINARY_OPERATOR or len(operands) != 2:
            continue
        found = between(source, *operands)
        if found and found[0] == "*":
            begin, end = operands[1].extent.start.offset, operands[1].extent.end.offset
            for change in ("+ 1", "- 1"):
                yield "stride", begin, end, "(%s %s)" % (source.slice(begin, end), change)


SIMPLE = (Kind.CALL_EXPR, Kind.COMPOUND_ASSIGNMENT_OPERATOR, Kind.BREAK_STMT, Kind.CONTINUE_STMT)


def with_semicolon(source, cursor):
    """Begin and end of a statement with its semicolon, or None."""
    end = cursor.extent.end.offset
    rest = re.match(rb"\s*;", source.text[end:end + 80])
    if source.text[end - 1:end] == b";":
        return cursor.extent.start.offset, end
    return (cursor.extent.start.offset, end + rest.end()) if rest else None


def is_effect(source, cursor):
    text = source.of(cursor)
    if cursor.kind in SIMPLE:
        return True
    if cursor.kind == Kind.UNARY_OPERATOR:
        return "++" in text or "--" in text
    if cursor.kind == Kind.BINARY_OPERATOR:
        found = between(source, *children(cursor)) if len(children(cursor)) == 2 else None
        return found is not None and found[0] == "="
    # A macro that is called like a statement.
    return cursor.kind in (Kind.DO_STMT, Kind.NULL_STMT, Kind.COMPOUND_STMT) and source.hides(cursor)


def target(source, cursor):
    """The text of what a statement assigns to; None for a call."""
    if cursor.kind == Kind.UNARY_OPERATOR:
        return source.of(children(cursor)[0])
    if cursor.kind in (Kind.BINARY_OPERATOR, Kind.COMPOUND_ASSIGNMENT_OPERATOR):
        return source.of(children(cursor)[0])
    return None


def arguments_of(source, call):
    return [source.of(a) for a in call.get_arguments()]


def are_apart(source, one, two):
    """Two calls of one function that releases or fills something, of which the other call does not use a part."""
    if one.kind != Kind.CALL_EXPR or two.kind != Kind.CALL_EXPR or one.spelling != two.spelling:
        return False
    if not RELEASING.fullmatch(one.spelling) and one.spelling not in FILLING:
        return False
    first, second = arguments_of(source, one), arguments_of(source, two)
    uses = lambda given, others: any(re.search(r"(?<!\w)%s(?!\w)" % re.escape(given.lstrip("&")), o) for o in others)
    return bool(first and second) and not uses(first[0], second) and not uses(second[0], first)


def order_matters(source, one, two):
    first, second = target(source, one), target(source, two)
    if one.kind in SIMPLE[2:] or two.kind in SIMPLE[2:]:
        return False
    if first is None and second is None:
        return not are_apart(source, one, two)
    mentions = lambda text, where: re.search(r"(?<!\w)%s(?!\w)" % re.escape(text.lstrip("*")), source.of(where))
    return bool((first and mentions(first, two)) or (second and mentions(second, one)))


def statements(source, cursor, parents):
    """Dropped statements, and neighbours in the other order."""
    body = children(cursor) if cursor.kind == Kind.COMPOUND_STMT else \
        [c for c in children(cursor)[1:] if c.kind != Kind.COMPOUND_STMT] if cursor.kind == Kind.IF_STMT else []
    effects = [c if is_effect(source, c) else None for c in body]
    for one, two in zip(effects, effects[1:] + [None]):
        span = with_semicolon(source, one) if one is not None else None
        if span is None:
            continue
        yield "dropped statement", span[0], span[1], ";"
        other = with_semicolon(source, two) if two is not None else None
        if other and order_matters(source, one, two):
            middle = source.slice(span[1], other[0])
            yield "order", span[0], other[1], source.slice(*other) + middle + source.slice(*span)
    if cursor.kind == Kind.COMPOUND_STMT:
        for part in body:
            if part.kind == Kind.IF_STMT and len(children(part)) == 2:
                yield "dropped statement", part.extent.start.offset, part.extent.end.offset, ";"


PLANTERS = (operators, unary, constants, conditions, arguments, other_variables, strides, returns, statements)


def macro_constants(source):
    """Numbers in the definitions of macros without arguments."""
    for macro in source.macro_definitions:
        begin, end = macro.extent.start.offset, macro.extent.end.offset
        name = re.match(rb"\w+", source.text[begin:end]).end()
        if source.text[begin + name:begin + name + 1] == b"(":
            continue
        for literal in LITERAL.finditer(source.text[begin + name:end]):
            at = begin + name + literal.start()
            for other in number_texts(literal.group().decode()):
                yield "constant", at, at + len(literal.group()), other


def faults_of(source):
    """All faults: (cursor of the declaration, operator, begin, end, text), without repetitions."""
    seen = set()
    for owner in source.functions + source.declarations:
        for cursor, parents in walk(owner):
            if not source.holds(cursor):
                continue
            for planter in PLANTERS if not source.hides(cursor) else (constants,):
                for fault in planter(source, cursor, parents):
                    if fault[1:] not in seen:
                        seen.add(fault[1:])
                        yield (owner,) + fault
    for fault in macro_constants(source):
        if fault[1:] not in seen:
            seen.add(fault[1:])
            yield (None,) + fault
