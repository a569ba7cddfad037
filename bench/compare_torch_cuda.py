#!/usr/bin/env python3
"""Compares our training step on a GPU with PyTorch's, eager and as a CUDA graph, on one machine.

    bench/compare_torch_cuda.py --program build/bench/cuda_step [--steps 2000] [--json FILE]

PyTorch's data are tensors on the device, index_select makes the batches, and no step reads anything back. TF32 is off,
as in ours. The time of a step is the mean over --steps in a row, the minimum of --rounds. Exit status 1: eager PyTorch
takes less than 5 times our time for some optimizer. With --json - the text goes to standard error.
"""
import argparse
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../audit"))
import output

BATCH, IMAGES, WANTED = 256, 60000, 5.0
OPTIMIZERS = ("sgd", "momentum", "adam")


def run_ours(options):
    command = [options.program, "--backend", options.backend, "--steps", str(options.steps), "--epochs", "1",
               "--json", "-"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_torch_cuda.py: {' '.join(command)} ended with status {done.returncode}: {done.stderr}")
    return {row["what"]: row["step"] for row in json.loads(done.stdout)["runs"]}


def make_network(torch, device):
    sizes = [784, 512, 256, 256, 128, 10]
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1]).to(device)


def make_optimizer(torch, name, parameters, capturable):
    if name == "adam":
        return torch.optim.Adam(parameters, lr=1e-3, **({"capturable": True} if capturable else {}))
    momentum = {"momentum": 0.9, "dampening": 0.9} if name == "momentum" else {}
    return torch.optim.SGD(parameters, lr=1e-1, **momentum)


class Learner:
    """The tutorial's step; a graph reads its batch from `index`."""

    def __init__(self, torch, name, device, capturable):
        generator = torch.Generator().manual_seed(1)
        self.torch = torch
        self.images = torch.randn(IMAGES, 784, generator=generator).to(device)
        self.labels = torch.randint(10, (IMAGES,), generator=generator).to(device)
        self.order = torch.randperm(IMAGES, generator=generator).to(device)
        self.index = self.order[:BATCH].clone()
        self.network = make_network(torch, device)
        self.optimizer = make_optimizer(torch, name, self.network.parameters(), capturable)
        self.loss = torch.zeros((), device=device)
        self.right = torch.zeros((), dtype=torch.int64, device=device)

    def step(self, index):
        x, y = self.images.index_select(0, index), self.labels.index_select(0, index)
        self.optimizer.zero_grad(set_to_none=True)
        predictions = self.network(x)
        loss = self.torch.nn.functional.cross_entropy(predictions, y)
        loss.backward()
        self.optimizer.step()
        self.loss.copy_(loss.detach())
        self.right += (predictions.argmax(dim=-1) == y).sum()

    def place(self, number):
        first = number % (IMAGES // BATCH) * BATCH
        return self.order[first:first + BATCH]


def time_loop(torch, device, count, step):
    def finish():
        if device != "cpu":
            torch.cuda.synchronize()
    finish()
    begin = time.perf_counter()
    for number in range(count):
        step(number)
    finish()
    return (time.perf_counter() - begin) / count


def time_eager(torch, options, name):
    learner = Learner(torch, name, options.device, False)
    time_loop(torch, options.device, 20, lambda number: learner.step(learner.place(number)))
    return min(time_loop(torch, options.device, options.steps, lambda number: learner.step(learner.place(number)))
               for _ in range(options.rounds))


def time_graph(torch, options, name):
    learner = Learner(torch, name, options.device, True)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            learner.step(learner.index)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        learner.step(learner.index)

    def replay(number):
        learner.index.copy_(learner.place(number))
        graph.replay()
    time_loop(torch, options.device, 20, replay)
    return min(time_loop(torch, options.device, options.steps, replay) for _ in range(options.rounds))


def load_torch(device):
    try:
        import torch
    except ImportError:
        sys.exit("compare_torch_cuda.py: this Python has no torch; run the script with one that has")
    if device != "cpu" and not torch.cuda.is_available():
        sys.exit("compare_torch_cuda.py: PyTorch finds no CUDA device")
    torch.backends.cuda.matmul.allow_tf32 = False
    return torch


def print_table(rows, text):
    print(f"{'microseconds a step':26}" + "".join(f"{name:>10}" for name in OPTIMIZERS), file=text)
    for label, times in rows.items():
        print(f"{label:26}" + "".join(f"{1e6 * times[name]:10.1f}" for name in OPTIMIZERS), file=text)
    ours = rows["assay"]
    for label, times in rows.items():
        if label != "assay":
            ratios = "".join(f"{times[name] / ours[name]:10.2f}" for name in OPTIMIZERS)
            print(f"{label + ' / assay':26}{ratios}", file=text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default="bench/cuda_step", help="ours (default bench/cuda_step)")
    parser.add_argument("--backend", default="cuda")
    parser.add_argument("--device", default="cuda", help="PyTorch's; cpu only to try this script")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="write the numbers to this file, too (-: standard output)")
    options = parser.parse_args()
    torch = load_torch(options.device)
    rows = {"assay": run_ours(options),
            "PyTorch, eager": {name: time_eager(torch, options, name) for name in OPTIMIZERS}}
    if options.device != "cpu":
        rows["PyTorch, CUDA graph"] = {name: time_graph(torch, options, name) for name in OPTIMIZERS}
    text = output.text_stream(options.json)
    print_table(rows, text)
    worst = min(rows["PyTorch, eager"][name] / rows["assay"][name] for name in OPTIMIZERS)
    print(f"The smallest ratio to eager PyTorch {torch.__version__} is {worst:.2f}; at least {WANTED} is required.",
          file=text)
    if options.json:
        results = {"torch": torch.__version__, "seconds": rows, "smallest_ratio": worst}
        output.write_json(options.json, results, indent=2)
    return 0 if worst >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
