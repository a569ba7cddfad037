#!/usr/bin/env python3
"""Computes golden values again, from sources that have nothing to do with the first, and writes the comparison.

usage: confirm.py golden/confirmed.json [--torch NAME COMMAND]

Run from the root of the source, with Debian's python3-mpmath, python3-numpy and python3-torch. Exit status 1 if a value
is not confirmed. NAME and COMMAND name another PyTorch, for example
    --torch "PyTorch 2.6.0" "chroot /srv/trixie sh -c 'cd /source && python3 \"$0\" \"$1\"'"
which runs a script of this folder, given as its path and '-', and writes to standard output. Without --torch, what
golden/confirmed.json has from another PyTorch is kept.

Each entry: file, source, how many numbers, the largest deviation as a share of the file's own tolerance (at most 1).
"""
import json
import math
import os
import shlex
import subprocess
import sys
import zlib

import mpmath
import numpy as np
from mpmath import mp, mpf

mp.dps = 50
GOLDEN = "golden"


class Comparison:
    """Counts numbers, and keeps the largest deviation as a share of what is allowed."""

    def __init__(self):
        self.numbers, self.largest = 0, 0.0

    def add(self, got, want, allowed):
        self.numbers += 1
        distance = abs(got - want)
        share = float(distance / allowed) if allowed else (0.0 if distance == 0 else math.inf)
        if not share <= self.largest:
            self.largest = share

    def exact(self, got, want):
        self.add(0 if got == want else 1, 0, 0)


# --- optimizers: the equations of lib/backend/update_rule.h in 50 digits ---------------------------------------------


def optimizer_gradients(scales):
    """Numerical Recipes' generator, as golden/scripts/optim.py says."""
    state = 42
    for step in range(1, 101):
        row = []
        for i, scale in enumerate(scales):
            state = (1664525 * state + 1013904223) % 2**32
            g = mpf((state >> 8)) / 2**23 - 1
            row.append(mpf(0) if i == 5 or (i == 3 and step % 3 == 0) else g * mpf(2) ** scale)
        yield step, row


DEFAULTS = {
    "sgd": {"lr": 0.1},
    "momentum": {"lr": 0.1, "momentum": 0.9},
    "classical-momentum": {"lr": 0.1, "momentum": 0.9},
    "nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": 1},
    "dampening": {"lr": 0.1, "momentum": 0.9, "dampening": 0.9},
    "rmsprop": {"lr": 0.01, "alpha": 0.99, "eps": 1e-8},
}
ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def settings_of(case):
    known = dict(DEFAULTS.get(case["optimizer"], ADAM))
    if case["optimizer"] == "adamw":
        known["weight_decay"] = 0.01
    for part in filter(None, case["settings"].split(",")):
        key, value = part.split("=")
        known[key] = float(value)
    return {key: mpf(value) for key, value in known.items()}


def averaged_or_classical(name, s, state, g, first):
    if name == "momentum":
        state["m"] = s["momentum"] * state["m"] + (1 - s["momentum"]) * g
        return state["m"]
    state["m"] = g if first else s["momentum"] * state["m"] + (1 - s.get("dampening", 0)) * g
    return g + s["momentum"] * state["m"] if "nesterov" in s else state["m"]


def adam_direction(name, s, state, g, step):
    state["m"] = s["beta1"] * state["m"] + (1 - s["beta1"]) * g
    state["v"] = s["beta2"] * state["v"] + (1 - s["beta2"]) * g * g
    v = state["v"]
    if name == "amsgrad" or s.get("amsgrad"):
        v = state["most"] = max(state.get("most", mpf(0)), v)
    first = 1 if name.startswith("adam-uncorrected") else 1 - s["beta1"] ** step
    second = 1 if name == "adam-uncorrected" else 1 - s["beta2"] ** step
    return (state["m"] / first) / (mpmath.sqrt(v / second) + s["eps"])


def one_step(name, s, state, w, g, step):
    decay = s.get("weight_decay", mpf(0))
    if name == "adamw":
        w *= 1 - s["lr"] * decay
    else:
        g += decay * w
    if name == "sgd":
        return w - s["lr"] * g
    if name in ("momentum", "classical-momentum", "nesterov", "dampening"):
        return w - s["lr"] * averaged_or_classical(name, s, state, g, step == 1)
    if name == "rmsprop":
        state["v"] = s["alpha"] * state["v"] + (1 - s["alpha"]) * g * g
        return w - s["lr"] * g / (mpmath.sqrt(state["v"]) + s["eps"])
    return w - s["lr"] * adam_direction(name, s, state, g, step)


def optimizers(golden, compare):
    for case in golden["cases"]:
        s = settings_of(case)
        w = [mpf(x) for x in golden["start"]]
        most = [max(mpf(1), abs(x)) for x in w]
        states = [{"m": mpf(0), "v": mpf(0)} for _ in w]
        row = 0
        for step, g in optimizer_gradients(golden["scales"]):
            for i in range(len(w)):
                w[i] = one_step(case["optimizer"], s, states[i], w[i], g[i], step)
                most[i] = max(most[i], abs(w[i]))
            if step in golden["steps"]:
                for precision in ("f32", "f64"):
                    for i, want in enumerate(case[precision][row]):
                        compare.add(w[i], mpf(want), golden["tolerance"][precision] * most[i])
                row += 1


def lion(golden, compare):
    """The article's algorithm in float64, on vectors."""
    rows = [(step, np.array([float(x) for x in g])) for step, g in optimizer_gradients(golden["scales"])]
    for case in golden["cases"]:
        s = {"lr": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0, "decoupled": 1}
        s.update((part.split("=")[0], float(part.split("=")[1])) for part in filter(None, case["settings"].split(",")))
        w, m, most, kept = np.array(golden["start"]), 0.0, np.maximum(1, np.abs(golden["start"])), iter(case["exact"])
        for step, g in rows:
            g = g + (0 if s["decoupled"] else s["weight_decay"] * w)
            update = np.sign(s["beta1"] * m + (1 - s["beta1"]) * g)
            w = w - s["lr"] * (update + (s["weight_decay"] * w if s["decoupled"] else 0))
            m = s["beta2"] * m + (1 - s["beta2"]) * g
            most = np.maximum(most, np.abs(w))
            if step in golden["steps"]:
                for got, want, size in zip(w, next(kept), most):
                    compare.add(got, want, golden["tolerance"]["f64"] * size)


# --- activations and the loss: PyTorch in double, derivatives from its autograd --------------------------------------


def activations(golden, compare):
    import torch
    from torch.nn import functional as F

    functions = {"identity": lambda x: x * 1, "tanh": torch.tanh, "relu": F.relu, "sigmoid": torch.sigmoid,
                 "leaky-relu": F.leaky_relu, "selu": F.selu, "elu": F.elu, "gelu": F.gelu,
                 "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "mish": F.mish}
    u = 2.0**-53
    for name, want in golden["activations"].items():
        x = torch.tensor(golden["points"], dtype=torch.float64, requires_grad=True)
        y = functions[name](x)
        y.sum().backward()
        for i, point in enumerate(golden["points"]):
            value, slope = want["value"][i], want["derivative"][i]
            # PyTorch computes 1 + erf and 1 + tanh, which cancel for negative arguments.
            terms = abs(point) if name.startswith("gelu") else abs(value)
            compare.add(y[i].item(), value, 32 * u * max(terms, abs(value)))
            compare.add(x.grad[i].item(), slope, 32 * u * max(1, abs(slope)))
    for case in golden["softmax"]:
        logits = torch.tensor(case["logits"], dtype=torch.float64).reshape(case["rows"], case["classes"])
        logits.requires_grad_()
        loss = F.cross_entropy(logits, torch.tensor(case["labels"]))
        loss.backward()
        compare.add(loss.item(), case["loss"], 64 * u * abs(case["loss"]))
        for got, want in zip(logits.grad.flatten().tolist(), case["gradient"]):
            compare.add(got, want, 64 * u / case["rows"])
        for got, want in zip(torch.softmax(logits, 1).flatten().tolist(), case["probabilities"]):
            compare.add(got, want, 256 * u * want)


# --- surfaces: 50 digits, derivatives by differences of mpmath -------------------------------------------------------


def gaussian(a, b, mean_a=0, mean_b=0, sigma=1):
    sigma, mean_a, mean_b = mpf(sigma), mpf(mean_a), mpf(mean_b)
    return mpmath.exp(-((a - mean_a) ** 2 + (b - mean_b) ** 2) / (2 * sigma**2)) / (2 * mpmath.pi * sigma**2)


SURFACES = {
    "pathological": lambda a, b: mpmath.tanh(a) ** 2 + mpf("0.01") * abs(a) + 1 / (1 + mpmath.exp(-b)),
    "gaussian": gaussian,
    "steep": lambda a, b: -sum(gaussian(a, b, *place, mpf("0.2"))
                               for place in ((1, mpf("-0.5")), (-1, mpf("0.5")), (mpf("-0.5"), mpf("-0.8")))),
}


def gradient_of(surface, a, b):
    f = SURFACES[surface]
    h = mpf(10) ** -15
    at_kink = surface == "pathological" and a == 0  # |w| has the slope 0 there, as in PyTorch
    da = mpf(0) if at_kink else (f(a + h, b) - f(a - h, b)) / (2 * h)
    return da, (f(a, b + h) - f(a, b - h)) / (2 * h)


def surfaces(golden, compare):
    for surface, rows in golden["gradients"].items():
        for a, b, loss, da, db in rows["f64"]:
            slope = gradient_of(surface, mpf(a), mpf(b))
            for got, want in ((SURFACES[surface](mpf(a), mpf(b)), loss), (slope[0], da), (slope[1], db)):
                compare.add(got, mpf(want), golden["tolerance"]["f64"] * 1e-3 * max(1, abs(want)))
    for case in golden["descents"]:
        s = {part.split("=")[0]: mpf(part.split("=")[1]) for part in case["settings"].split(",")}
        if case["optimizer"] == "adam":
            s = {**{key: mpf(value) for key, value in ADAM.items()}, **s}
        chaotic = case["surface"] == "pathological" and case["optimizer"] == "sgd"
        w, states = [mpf(x) for x in case["start"]], [{"m": mpf(0), "v": mpf(0)} for _ in range(2)]
        for step, row in enumerate(case["f64"][: 10 if chaotic else 100], 1):
            for got, want in zip((*w, SURFACES[case["surface"]](*w)), row):
                compare.add(got, mpf(want), golden["tolerance"]["f64"] * max(1, abs(want)))
            slope = gradient_of(case["surface"], *w)
            w = [one_step(case["optimizer"], s, states[i], w[i], slope[i], step) for i in range(2)]


# --- statistics: sums in 50 digits, counts by comparing exact numbers ------------------------------------------------


def statistics(golden, compare):
    tolerance = golden["tolerances"]
    for case in golden["cases"]:
        values = [mpf(v) for v in case["values"]]
        n = len(values)
        mean = mpmath.fsum(values) / n
        m2, m3, m4 = (mpmath.fsum((v - mean) ** p for v in values) / n for p in (2, 3, 4))
        kurtosis = m4 / m2**2
        got = [mean, m2, m3 / m2 ** mpf(1.5), kurtosis - 3]
        allowed = [tolerance["mean"] * max(map(abs, values)), tolerance["moments"] * m2,
                   tolerance["moments"] * kurtosis, tolerance["moments"] * kurtosis]
        for value, want, most in zip(got, case["moments"], allowed):
            compare.add(value, mpf(want), most)
        for histogram in case["histograms"]:
            edges = [mpf(edge) for edge in histogram["edges"]]
            counts = [sum(low <= v < high for v in values) for low, high in zip(edges, edges[1:])]
            counts[-1] += sum(v == edges[-1] for v in values)
            for count, want in zip(counts, histogram["counts"]):
                compare.exact(count, want)
        width = mpmath.sqrt(m2 * n / (n - 1)) * mpf(n) ** (-mpf(1) / 5)
        compare.add(width, mpf(case["bandwidth"]), tolerance["bandwidth"] * width)
        density = [mpmath.fsum(mpmath.npdf((mpf(x) - v) / width) for v in values) / (n * width)
                   for x in case["points"]]
        for value, want in zip(density, case["density"]):
            compare.add(value, mpf(want), case["density_tolerance"] * max(density))


# --- random numbers: NumPy's Mersenne Twister, and the transforms in float64 -----------------------------------------


class Stream:
    """PyTorch's CPU generator from NumPy's bits."""

    def __init__(self, seed):
        self.seed(seed)

    def seed(self, seed):
        self.bits = np.random.MT19937()
        self.bits._legacy_seeding(seed % 2**32)
        self.kept = None

    def words(self, count):
        return self.bits.random_raw(count).astype(np.uint64)

    def random64(self):
        high, low = self.words(2)
        return int(high) << 32 | int(low)

    def uniform24(self, count):
        return (self.words(count) & np.uint64(2**24 - 1)) * 2.0**-24

    def uniform53(self):
        return (self.random64() & (2**53 - 1)) * 2.0**-53

    def uniform(self, count, lower, upper):
        lower32, upper32 = np.float32(lower), np.float32(upper)
        return (self.uniform24(count) * np.float64(upper32 - lower32) + np.float64(lower32)).astype(np.float32)

    def normal_one(self):
        if self.kept is not None:
            value, self.kept = self.kept, None
            return value
        angle, radius = self.uniform53(), self.uniform53()
        radius = math.sqrt(-2 * math.log1p(-radius))
        self.kept = radius * math.sin(2 * math.pi * angle)
        return radius * math.cos(2 * math.pi * angle)

    def normal(self, count, mean, std):
        if count < 16:
            return np.array([self.normal_one() * std + mean for _ in range(count)])
        draws = self.uniform24(count)
        for start in range(0, count - 15, 16):
            draws[start : start + 16] = self.block(draws[start : start + 16])
        if count % 16:
            draws[-16:] = self.block(self.uniform24(16))
        return draws * np.float64(np.float32(std)) + np.float64(np.float32(mean))

    @staticmethod
    def block(u):
        """PyTorch rounds the angle to float32."""
        radius = np.sqrt(-2 * np.log(1 - u[:8]))
        angle = (np.float32(2 * np.pi) * u[8:].astype(np.float32)).astype(np.float64)
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])

    def permutation(self, count):
        """Fisher and Yates from the front, one 32-bit word an element; none is drawn for the last."""
        order = list(range(count))
        for i in range(count - 1):
            j = i + int(self.words(1)[0]) % (count - i)
            order[i], order[j] = order[j], order[i]
        return order


def kept_of(golden, count):
    kept = golden["kept"]
    return [i for i in range(count) if i < kept["head"] or i >= count - kept["tail"] or i % kept["stride"] == 0]


def compare_draw(golden, stream, step, compare):
    if step["draw"] == "seed":
        stream.seed(step["value"])
    elif step["draw"] == "random":
        compare.exact(stream.random64() & (2**63 - 1), step["value"])
    elif step["draw"] == "uniform":
        values = stream.uniform(step["count"], step["lower"], step["upper"])
        compare.exact(zlib.crc32(values.astype("<f4").tobytes()), step["crc32"])
    elif step["draw"] == "randperm":
        order = stream.permutation(step["count"])
        compare.exact(zlib.crc32(np.array(order, "<u4").tobytes()), step["crc32"])
    else:
        values = stream.normal(step["count"], step["mean"], step["std"])
        for i, want in zip(kept_of(golden, step["count"]), step["values"]):
            compare.add(values[i], want, 5e-7 * abs(want - step["mean"]) + 1.2e-7 * abs(want))


def random_numbers(golden, compare):
    for steps in golden["cases"]:
        stream = Stream(0)
        for step in steps:
            compare_draw(golden, stream, step, compare)
    stream = Stream(42)
    compare_draw(golden, stream, golden["randperm_60000_seed_42"], compare)


GAINS = {"identity": lambda a: 1.0, "sigmoid": lambda a: 1.0, "tanh": lambda a: 5 / 3, "relu": lambda a: math.sqrt(2),
         "selu": lambda a: 0.75, "leaky_relu": lambda a: math.sqrt(2 / (1 + a * a))}


def scale_of(case, outputs, inputs, first):
    """The standard deviation or bound of a layer's weights, from the articles' formulas."""
    gain = GAINS[case.get("gain", "identity")](case.get("parameter", 0.0))
    kind = case["initializer"]
    if kind in ("normal", "constant"):
        return case["value"]
    if kind == "torch-default":
        return 1 / math.sqrt(inputs)
    if kind == "equal-variance":
        return 1 / math.sqrt(inputs)
    if kind.startswith("xavier"):
        std = gain * math.sqrt(2 / (inputs + outputs))
    else:
        std = (1.0 if case.get("tutorial") and first else gain) / math.sqrt(outputs if case["fan"] == "out" else inputs)
    return std * math.sqrt(3) if case["distribution"] == "uniform" else std


def initializers(golden, compare):
    for gain in golden["gains"]:
        compare.add(GAINS[gain["activation"]](gain["parameter"]), gain["gain"], 1e-15)
    for case in golden["cases"]:
        for run in case["runs"]:
            stream, sizes = Stream(run["seed"]), run["sizes"]
            for index, tensor in enumerate(run["tensors"]):
                inputs, outputs = sizes[index // 2], sizes[index // 2 + 1]
                scale = scale_of(case, outputs, inputs, index < 2)
                zero = tensor["kind"] == "bias" and case["initializer"] not in ("constant", "normal", "torch-default")
                if zero or case["distribution"] == "constant":
                    values = np.full(tensor["count"], 0.0 if zero else np.float32(scale))
                elif case["distribution"] == "uniform":
                    values = stream.uniform(tensor["count"], -scale, scale)
                else:
                    values = stream.normal(tensor["count"], 0.0, scale)
                for i, want in zip(kept_of(golden, tensor["count"]), tensor["values"]):
                    allowed = 6.2e-7 * abs(want) if case["distribution"] == "normal" else 3 * 2.0**-23 * scale
                    compare.add(float(values[i]), want, 0 if zero else allowed)
            compare.exact(stream.random64() & (2**63 - 1), run["next"])


# --- another PyTorch -------------------------------------------------------------------------------------------------


def leaves(value, path=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{i}")
    else:
        yield path, value


SCRIPTS = {"optim_torch.json": "optim.py", "surface_torch.json": "surface.py", "random_torch.json": "torch_random.py",
           "init_torch.json": "torch_init.py", "data_torch.json": "torch_data.py"}
# Relative, of the larger of 1 and the value: two versions may order float32 operations in another way.
TORCH_TOLERANCE = 1e-6


def other_torch(command, file, compare):
    run = subprocess.run([*shlex.split(command), f"golden/scripts/{SCRIPTS[file]}", "-"], check=True,
                         capture_output=True, text=True)
    with open(os.path.join(GOLDEN, file), encoding="utf-8") as opened:
        want = dict(leaves(json.load(opened)))
    got = dict(leaves(json.loads(run.stdout)))
    chaotic = {f"/descents/{i}/" for i in (0,)} if file.startswith("surface") else set()
    for path, value in want.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or any(path.startswith(c) for c in chaotic):
            continue
        compare.add(got[path], value, TORCH_TOLERANCE * max(1, abs(value)))


# --- all -------------------------------------------------------------------------------------------------------------

CONFIRMATIONS = [
    ("optim_torch.json", "mpmath", optimizers),
    ("lion_mpmath.json", "NumPy", lion),
    ("activation_mpmath.json", "PyTorch 1.13", activations),
    ("surface_torch.json", "mpmath", surfaces),
    ("stats_numpy.json", "mpmath", statistics),
    ("random_torch.json", "NumPy", random_numbers),
    ("init_torch.json", "NumPy", initializers),
]


def entry(file, source, compare):
    print(f"{file} by {source}: {compare.numbers} numbers, largest deviation {compare.largest:.2g} of the tolerance")
    return {"file": file, "source": source, "numbers": compare.numbers, "largest": float(f"{compare.largest:.3g}")}


def main():
    output, *rest = sys.argv[1:]
    entries = []
    for file, source, function in CONFIRMATIONS:
        with open(os.path.join(GOLDEN, file), encoding="utf-8") as opened:
            golden = json.load(opened)
        compare = Comparison()
        function(golden, compare)
        entries.append(entry(file, source, compare))
    if rest:
        _, name, command = rest
        for file in SCRIPTS:
            compare = Comparison()
            other_torch(command, file, compare)
            entries.append(entry(file, name, compare))
    elif os.path.exists(output):
        with open(output, encoding="utf-8") as opened:
            ours = {(e["file"], e["source"]) for e in entries}
            entries += [e for e in json.load(opened) if (e["file"], e["source"]) not in ours]
    with open(output, "w", encoding="utf-8") as opened:
        json.dump(entries, opened, indent=1)
        opened.write("\n")
    return 0 if all(e["largest"] <= 1 for e in entries) else 1


if __name__ == "__main__":
    sys.exit(main())
