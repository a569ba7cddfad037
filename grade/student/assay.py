"""The student's side of `assay grade`: your functions answer the grader, and you write no protocol.

    import assay

    @assay.implements("softmax")
    def softmax(logits):
        ...

    assay.check()        # in a notebook's cell: grades what is defined in this session, and shows a table

In a file, end with `assay.main()`. Then `python3 submission.py check` shows the table, `assay grade -- python3
submission.py` grades the file, and `python3 submission.py solve FOLDER` answers the cases of `assay grade --export`.
`python3 -m assay check FILE`, `serve FILE` and `solve FILE FOLDER` do the same for a file without that line.

This is one file of Python's standard library. Copy it beside your work. It needs Python 3.8.
Security: check() runs the program `assay` on your own machine. It sends cases to your session through a socket in a
folder that only you can enter. Nothing is sandboxed: your functions run in your session, as they do without assay.
"""
import contextlib
import html
import importlib.util
import inspect
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import traceback

# Of each component: the inputs and the outputs, in order. A plural is a list: weights is weight0, weight1, ...
CALLS = {
    "linear_forward": ("x weight bias", "y"),
    "linear_backward": ("x weight dy", "dx dweight dbias"),
    "identity": ("x", "y"),
    "identity_gradient": ("x dy", "dx"),
    "tanh": ("x", "y"),
    "tanh_gradient": ("x dy", "dx"),
    "relu": ("x", "y"),
    "relu_gradient": ("x dy", "dx"),
    "sigmoid": ("x", "y"),
    "sigmoid_gradient": ("x dy", "dx"),
    "leaky_relu": ("x slope", "y"),
    "leaky_relu_gradient": ("x dy slope", "dx"),
    "softmax": ("logits", "probabilities"),
    "cross_entropy": ("logits labels", "loss"),
    "cross_entropy_gradient": ("logits labels", "dlogits"),
    "init_constant": ("sizes fill", "weights biases"),
    "init_normal": ("sizes std seed", "weights biases"),
    "init_fan_in": ("sizes seed", "weights biases"),
    "init_xavier": ("sizes seed", "weights biases"),
    "init_kaiming": ("sizes seed", "weights biases"),
    "sgd": ("parameters gradients learning_rate", "updated"),
    "momentum": ("parameters gradients learning_rate momentum", "updated"),
    "adam": ("parameters gradients learning_rate beta1 beta2 epsilon", "updated"),
    "network_gradient": ("sizes activation weights biases x labels", "loss dweights dbiases"),
    "training": ("sizes activation weights biases x labels order optimizer learning_rate beta1 beta2 epsilon",
                 "losses weights biases"),
    "pathological_curve": ("w1 w2", "loss dw1 dw2"),
    "steep_optima": ("w1 w2", "loss dw1 dw2"),
}
_STEMS = {"weights": "weight", "biases": "bias", "dweights": "dweight", "dbiases": "dbias", "updated": "updated",
          "parameters": "parameters", "gradients": "gradients"}
# What the arguments of an optimizer's constructor are called.
_ALIASES = {"learning_rate": ("learning_rate", "lr", "alpha", "eta"), "momentum": ("momentum", "beta", "beta1"),
            "beta1": ("beta1", "beta_1", "b1"), "beta2": ("beta2", "beta_2", "b2"), "epsilon": ("epsilon", "eps")}

_SECONDS = 8  # for one case of check(); a little less than the grader waits

_functions = {}  # component: (function or class, kind of arrays or None)
_settings = {"arrays": None, "precision": 64}


class AssayError(Exception):
    """Something that is not a mistake of the implementation: no program, no such component."""

    def _render_traceback_(self):
        """What a notebook shows: one line, for the traceback would lead into this file."""
        return [f"assay: {self}"]


def implements(component, arrays=None):
    """Decorator: this function (or, for an optimizer, this class) is your implementation of the component."""
    if component not in CALLS:
        raise AssayError(f"no component {component!r}; there are {', '.join(CALLS)}")

    def register(function):
        _functions[component] = (function, _checked_kind(arrays))
        return function
    return register


def use(arrays=None, precision=None):
    """What your functions work with: arrays "numpy", "torch" or "lists", precision 64 or 32 bits.

    By default assay looks at your file or notebook: torch if it imports torch, else numpy if it imports numpy."""
    if precision not in (None, 32, 64):
        raise AssayError(f"precision {precision!r}: 32 or 64")
    _settings["arrays"] = _checked_kind(arrays) or _settings["arrays"]
    _settings["precision"] = precision or _settings["precision"]


def _checked_kind(arrays):
    if arrays not in (None, "numpy", "torch", "lists"):
        raise AssayError(f"arrays {arrays!r}: \"numpy\", \"torch\" or \"lists\"")
    return arrays


# --- arrays ----------------------------------------------------------------------------------------------------------

def _globals(function):
    """The names that a function sees, or a method of a class or of an object."""
    own = getattr(inspect.unwrap(function), "__globals__", None)
    if own is not None:
        return own
    owner = function if inspect.isclass(function) else type(function)
    methods = [inspect.unwrap(value) for value in vars(owner).values() if inspect.isfunction(value)]
    return methods[0].__globals__ if methods else vars(sys.modules.get(owner.__module__, sys))


def _kind(component):
    function, kind = _functions[component]
    imported = {value.__name__.split(".")[0] for value in list(_globals(function).values()) if inspect.ismodule(value)}
    found = next((name for name in ("torch", "numpy") if name in imported), "lists")
    return kind or _settings["arrays"] or found


def _array(value, kind):
    """A value of a request as the function wants it. Texts and single numbers stay."""
    if isinstance(value, dict):
        import numpy
        value = numpy.load(value["npy"]).tolist()
    if not isinstance(value, list) or kind == "lists":
        return value
    single = _settings["precision"] == 32
    if kind == "torch":
        import torch
        made = torch.tensor(value)
        return made.to(torch.float32 if single else torch.float64) if made.is_floating_point() else made
    import numpy
    made = numpy.array(value)
    return made.astype(numpy.float32) if single and made.dtype.kind == "f" else made


def _order(value, kind):
    """The images of each step: an array, or a list of arrays if batches have different sizes (in files, -1 is none)."""
    rows = [[image for image in row if image >= 0] for row in _array(value, "lists")]
    return [_array(row, kind) for row in rows] if len({len(row) for row in rows}) > 1 else _array(rows, kind)


def _plain(value):
    """Numbers and nested lists, as JSON has them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(element) for element in value] if isinstance(value, (list, tuple)) else value


def _copy(value, kind):
    return [_copy(v, kind) for v in value] if isinstance(value, list) else (
        value if not hasattr(value, "shape") else value.detach().clone() if kind == "torch" else value.copy())


@contextlib.contextmanager
def _torch_precision():
    """Networks that a function makes have the precision of the inputs."""
    torch = sys.modules.get("torch")
    before = torch and torch.get_default_dtype()
    if torch:
        torch.set_default_dtype(torch.float32 if _settings["precision"] == 32 else torch.float64)
    try:
        yield
    finally:
        if torch:
            torch.set_default_dtype(before)


# --- calls -----------------------------------------------------------------------------------------------------------

def _inputs(component, request, kind):
    """The inputs by name, in the component's order."""
    given = {}
    for name in CALLS[component][0].split():
        stem = _STEMS.get(name)
        if stem is None:
            given[name] = (_order if name == "order" else _array)(request[name], kind)
        else:
            given[name] = [_array(request[f"{stem}{k}"], kind) for k in range(len(request)) if f"{stem}{k}" in request]
    if component in ("training", "network_gradient") or component.startswith("init_"):
        given["sizes"] = _plain(given["sizes"])
    return given


def _outputs(component, result):
    names = CALLS[component][1].split()
    if not isinstance(result, dict):
        values = (result,) if len(names) == 1 else result
        if not isinstance(values, (tuple, list)) or len(values) != len(names):
            raise TypeError(f"{component} must return {', '.join(names)}")
        result = dict(zip(names, values))
    outputs = {}
    for name, value in result.items():
        if name in _STEMS:
            outputs.update((f"{_STEMS[name]}{k}", _plain(element)) for k, element in enumerate(value))
        else:
            outputs[name] = _plain(value)
    return outputs


def _call(function, given):
    """By name where the names are the component's, else in its order."""
    try:
        names = inspect.signature(function).parameters
    except ValueError:  # a built-in function
        return function(*given.values())
    by_name = all(name in names for name in given) or any(p.kind is p.VAR_KEYWORD for p in names.values())
    return function(**given) if by_name else function(*given.values())


def _construct(optimizer, tensors, values):
    names = list(inspect.signature(optimizer).parameters)[1:]
    found = {name: [n for n in names if n in _ALIASES[name]] for name in values}
    given = {found[name][0]: value for name, value in values.items() if found[name]}
    if "betas" in names and "beta1" in values:
        given["betas"] = (values["beta1"], values["beta2"])
        found["beta1"] = found["beta2"] = ["betas"]
    return optimizer(tensors, **given) if all(found.values()) else optimizer(tensors, *values.values())


def _optimize(optimizer, given, kind):
    """The steps of an optimizer's class: step(gradients) changes the tensors; with torch, step() reads their .grad."""
    tensors, gradients = _copy(given.pop("parameters"), kind), given.pop("gradients")
    if kind == "torch":
        import torch
        tensors = [torch.nn.Parameter(tensor) for tensor in tensors]
    made = _construct(optimizer, tensors, given)
    updated = [[] for _ in tensors]
    for now in zip(*gradients):
        if kind == "torch":
            for tensor, gradient in zip(tensors, now):
                tensor.grad = gradient.clone()
            made.step()
        else:
            made.step(list(now))
        for rows, tensor in zip(updated, tensors):
            rows.append(_plain(tensor))
    return updated


def _initialize(initialize, given):
    """An initializer of the tutorial's form, init(model): the layers are layers.0, layers.2, ... as in the tutorial."""
    import torch
    sizes = given.pop("sizes")
    torch.manual_seed(given.pop("seed", 0))
    linear = [torch.nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]
    model = torch.nn.Module()
    model.layers = torch.nn.Sequential(*[module for layer in linear for module in (layer, torch.nn.Identity())][:-1])
    initialize(model, *given.values())
    return [layer.weight.detach() for layer in linear], [layer.bias.detach() for layer in linear]


# Components that autograd derives from another one, where torch is used and the student wrote only that.
_DERIVED = {name: name[:-len("_gradient")] for name in CALLS if name.endswith("_gradient")}
_DERIVED.update(network_gradient=None, linear_backward="linear_forward")


def _derive(component, function, given):
    import torch
    dy = given.pop("dy", None)
    if component == "linear_backward":
        given["bias"] = torch.zeros(len(given["weight"]), dtype=dy.dtype)
    wanted = [value.requires_grad_() for value in given.values()
              if isinstance(value, torch.Tensor) and value.is_floating_point()]
    y = _call(function, given)
    gradients = torch.autograd.grad(y if y.requires_grad else y + 0 * sum(w.sum() for w in wanted), wanted, dy)
    return gradients if len(gradients) > 1 else gradients[0]


def _surface(function, given):
    """A surface that gives the loss alone, with torch: autograd gives the rest."""
    import torch
    loss = _call(function, {name: value.requires_grad_() for name, value in given.items()})
    return (loss, *torch.autograd.grad(loss.sum(), list(given.values()))) if isinstance(loss, torch.Tensor) else loss


def _source(component):
    """The component whose function answers, or None."""
    derived = _DERIVED.get(component)
    if component in _functions:
        return component
    return derived if derived in _functions and _kind(derived) == "torch" else None


def _compute(component, request):
    source = _source(component)
    function, kind = _functions[source][0], _kind(source)
    given = _inputs(component, request, kind)
    if source != component:
        result = _derive(component, function, given)
    elif inspect.isclass(function) and "gradients" in given:
        result = _optimize(function, given, kind)
    elif component.startswith("init_") and kind == "torch" and "sizes" not in inspect.signature(function).parameters:
        result = _initialize(function, given)
    elif "w1" in given and kind == "torch":
        result = _surface(function, given)
    else:
        result = _call(function, given)
    return _outputs(component, result)


def _describe(error):
    """One line: the exception, and where in the student's file or cell it was raised."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    place = f", line {frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _reply(request):
    reply = {"id": request["id"]}
    call = request["call"]
    if call == "hello":
        reply.update(functions=[name for name in CALLS if _source(name)], precision=_settings["precision"])
        return reply
    if call not in CALLS or _source(call) is None:
        reply["missing"] = True
        return reply
    try:
        with _torch_precision():
            reply["outputs"] = _compute(call, request["inputs"])
    except NotImplementedError:
        reply["missing"] = True
    except _TooLong:
        reply["error"] = f"no answer within {_SECONDS} s"
    except Exception as error:  # the failure of one function is not that of the others
        reply["error"] = _describe(error)
    return reply


def _encode(reply):
    try:
        return json.dumps(reply)
    except TypeError as error:
        return json.dumps({"id": reply["id"], "error": f"an output is no number or array: {error}"})


# --- answering the grader --------------------------------------------------------------------------------------------

def serve(requests=None, replies=None):
    """Answers requests, one a line. By default on standard input and output; your own prints go to standard error."""
    if replies is None:
        replies = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    for line in requests or sys.stdin:
        print(_encode(_reply(json.loads(line))), file=replies, flush=True)


def solve(folder):
    """Answers the cases of a folder that `assay grade --export` wrote, as .npy files. Needs NumPy."""
    import numpy
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    for case in cases:
        given = {name: {"npy": os.path.join(folder, value["npy"])} if isinstance(value, dict) else value
                 for name, value in case["inputs"].items()}
        reply = _reply({"id": 0, "call": case["call"], "inputs": given})
        if "error" in reply:
            print(f"{case['call']}: {reply['error']}", file=sys.stderr)
        for name, value in reply.get("outputs", {}).items():
            if name in case["outputs"]:
                numpy.save(os.path.join(folder, case["outputs"][name]["npy"]), numpy.asarray(value))


# --- checking a session ----------------------------------------------------------------------------------------------

class _TooLong(BaseException):
    """Raised in a function that takes too long; not an Exception, so that `except Exception` does not swallow it."""


@contextlib.contextmanager
def _at_most(seconds):
    """Only the main thread can be interrupted; elsewhere the grader stops waiting by itself."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number, _frame):
        raise _TooLong
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _bridge(path):
    """What `assay grade` starts: forwards each line of standard input to the session, and the reply back."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        stream = connection.makefile("rwb")
        for line in sys.stdin.buffer:
            stream.write(line)
            stream.flush()
            answer = stream.readline()
            if not answer:
                return
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()


def _answer(connection):
    connection.settimeout(None)
    stream = connection.makefile("rw", encoding="utf-8")
    with contextlib.suppress(OSError):  # the bridge is gone: the grader will start another
        for line in stream:
            request = json.loads(line)
            try:
                with _at_most(_SECONDS):
                    reply = _reply(request)
            except _TooLong:
                reply = {"id": request["id"], "error": f"no answer within {_SECONDS} s"}
            stream.write(_encode(reply) + "\n")
            stream.flush()


def _answer_all(listener, process):
    listener.settimeout(0.1)
    while process.poll() is None:
        try:
            connection, _ = listener.accept()
        except socket.timeout:
            continue
        with connection:
            _answer(connection)


def _program(program):
    found = shutil.which(program or os.environ.get("ASSAY") or "assay")
    if found is None:
        raise AssayError("the program assay is not found; install it, or set the variable ASSAY to its path")
    return found


def _assignment():
    """assignment.json, which `assay assign` wrote beside the work: the public seed and the components."""
    folders = [os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0] or "."))]
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            with open(os.path.join(folder, "assignment.json"), encoding="utf-8") as file:
                return json.load(file)
    return {}


def check(seed=None, only=None, program=None):
    """Grades what is defined in this session with the public seed, and returns a table that a notebook shows.

    seed: by default that of assignment.json, else 0. The teacher grades with another one: passing here is not all.
    only: names of components; by default those of assignment.json, else what you have registered.
    program: the path of `assay`, where it is not in PATH."""
    assignment = _assignment()
    seed = assignment.get("seed", 0) if seed is None else seed
    only = only or assignment.get("components") or [name for name in CALLS if _source(name)]
    only = [only] if isinstance(only, str) else list(only)
    if not only:
        raise AssayError("nothing to check: write @assay.implements(\"adam\") above a function or class")
    place = tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else "/tmp"  # the path of a socket is short
    with tempfile.TemporaryDirectory(prefix="assay-", dir=place) as folder:
        report = os.path.join(folder, "report.json")
        path = os.path.join(folder, "socket")
        with socket.socket(socket.AF_UNIX) as listener, open(os.path.join(folder, "errors"), "w+") as errors:
            listener.bind(path)
            listener.listen(4)
            process = subprocess.Popen(
                [_program(program), "grade", "--unsandboxed", "--folder", folder, "--format", "json", "--output",
                 report, "--seed", str(seed), "--only", ",".join(only), "--",
                 sys.executable, "-S", os.path.abspath(__file__), "bridge", path],
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            try:
                _answer_all(listener, process)
            finally:  # also after Ctrl-C in one of the student's functions
                if process.poll() is None:
                    process.terminate()
                process.wait()
            errors.seek(0)
            if process.returncode not in (0, 1):
                said = errors.read().strip()
                said = said[len("assay grade: "):] if said.startswith("assay grade: ") else said
                raise AssayError(said or f"assay grade ended with {process.returncode}")
        with open(report, encoding="utf-8") as file:
            return Result(json.load(file))


def _points(earned, possible):
    return f"{earned:.4g} of {possible:.4g}"


def _lines(cases):
    """What went wrong, each thing once: mistakes with hints, and verdicts with the cases that have them."""
    found = {}
    for case in cases:
        for mistake in [case["mistake"], *case["also"]] if case["mistake"] else []:
            found.update({mistake["name"]: [], f"Hint: {mistake['hint']}": []})
        if not case["mistake"] and case["verdict"] != "pass":
            line = case["verdict"] + (f", {case['detail']}" if case["detail"] else "")
            found.setdefault(line, []).append(case["case"])
    return [f"{line} ({'all cases' if len(names) == len(cases) else ', '.join(names)})" if names else line
            for line, names in found.items()]


class Result:
    """The table of a check. `points`, `possible` and `report` (a dict) are there to be read."""

    def __init__(self, report):
        self.report = report
        self.points, self.possible = report["points"], report["possible"]

    def rows(self):
        """Of each component: title, "2 of 4" points, and lines that say what went wrong."""
        for component in self.report["components"]:
            cases = component["cases"]
            if all(case["verdict"] == "not implemented" for case in cases):
                yield component["title"], "", ["not implemented"]
                continue
            points = _points(sum(case["points"] for case in cases), sum(case["possible"] for case in cases))
            yield component["title"], points, _lines(cases)

    def _total(self):
        return f"{_points(self.points, self.possible)} points with the public seed {self.report['seed']}"

    def __str__(self):
        rows = list(self.rows())
        width = max(len(title) for title, _, _ in rows)
        text = []
        for title, passed, lines in rows:
            indent = " " * (width + 10)
            wrapped = [textwrap.fill(line, 110, initial_indent=indent, subsequent_indent=indent) for line in lines]
            head = f"{title:{width}}  {passed:8}"
            text.append((head + "\n".join(wrapped)[len(indent):]).rstrip())
        return "\n".join(text + ["", self._total()])

    __repr__ = __str__

    def _repr_html_(self):
        left = "style='text-align:left'"
        body = "".join(
            f"<tr><td {left}>{'✓' if not lines else '✗' if passed else '–'} {html.escape(title)}</td>"
            f"<td>{html.escape(passed)}</td>"
            f"<td {left}>{'<br>'.join(html.escape(line) for line in lines)}</td></tr>"
            for title, passed, lines in self.rows())
        return (f"<table><thead><tr><th {left}>component</th><th>points</th><th></th></tr></thead>"
                f"<tbody>{body}</tbody></table><p>{html.escape(self._total())}</p>")


# --- the command line ------------------------------------------------------------------------------------------------

_USAGE = "usage: python3 -m assay check FILE [SEED] | serve FILE | solve FILE FOLDER"


def _load(path):
    spec = importlib.util.spec_from_file_location("submission", path)
    if spec is None or not os.path.exists(path):
        raise AssayError(f"{path}: not there, or no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules["submission"] = module
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec.loader.exec_module(module)


def _act(action, rest):
    if action == "serve" and not rest:
        serve()
    elif action == "solve" and len(rest) == 1:
        solve(rest[0])
    elif action == "check" and len(rest) <= 1:
        result = check(seed=int(rest[0]) if rest else None)
        print(result)
        return 0 if result.report["full_marks"] else 1
    else:
        print(_USAGE, file=sys.stderr)
        return 2
    return 0


def main(arguments=None):
    """The last line of a submission: answers the grader, or does what the command line says."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(_act(arguments[0] if arguments else "serve", arguments[1:]))
    except (AssayError, ValueError) as error:
        sys.exit(f"assay: {error}")


def _main_of_module():
    sys.modules["assay"] = sys.modules[__name__]  # what the submission imports is this
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "bridge":
        _bridge(arguments[1])
    elif len(arguments) < 2 or arguments[0] not in ("check", "serve", "solve"):
        sys.exit(_USAGE)
    else:
        try:
            _load(arguments[1])
        except AssayError as error:
            sys.exit(f"assay: {error}")
        main([arguments[0], *arguments[2:]])


if __name__ == "__main__":
    _main_of_module()
