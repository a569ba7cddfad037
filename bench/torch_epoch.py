#!/usr/bin/python3
"""Times the tutorial's training epoch in plain PyTorch, with the data as tensors in memory, to compare bench/epoch.

The loop is train_model of the tutorial's cell [20] without its loader: index_select makes batches of 256 in a random
order; cross-entropy, backward, torch.optim, training accuracy; then the accuracy on the validation images. Prints one
line of JSON: for each optimizer, the minimum seconds over the rounds of an epoch's training and of its validation.

    Without --threads N (torch.set_num_threads), OMP_NUM_THREADS determines the number of threads.

If an epoch would take longer than --patience seconds, judged by its first steps, only these are timed and the epoch's
time is an extrapolation, marked as projected: with some numbers of threads PyTorch is fifty times slower.

With --compile the forward and the backward pass are compiled by torch.compile; a PyTorch that cannot (before 2.0, or
without a C++ compiler) prints an empty list of runs.
"""
import argparse
import gzip
import json
import os
import sys
import time

import numpy
import torch
from torch import nn
import torch.nn.functional as F

BATCH = 256
TRIAL = 20  # steps for the estimate of an epoch's time


def read_part(folder, part, kind, offset):
    path = os.path.join(folder, f"{part}-{kind}-ubyte")
    opened = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
    with opened as stream:
        return numpy.frombuffer(stream.read(), dtype=numpy.uint8, offset=offset).copy()


def load(folder):
    pixels = torch.from_numpy(read_part(folder, "train", "images-idx3", 16)).reshape(-1, 784)
    images = (pixels.to(torch.float32) / 255.0 - 0.2861) / 0.3530
    labels = torch.from_numpy(read_part(folder, "train", "labels-idx1", 8)).to(torch.int64)
    order = torch.randperm(60000, generator=torch.Generator().manual_seed(42))
    return [(images[part], labels[part]) for part in (order[:50000], order[50000:])]


def make_network():
    sizes = [784, 512, 256, 256, 128, 10]
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        nn.init.kaiming_normal_(layers[-1].weight, nonlinearity="relu" if i > 0 else "linear")
        nn.init.zeros_(layers[-1].bias)
        if i + 2 < len(sizes):
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


# The tutorial's hyperparameters. Its momentum is an average, as torch's with dampening 0.9.
OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-1),
    "momentum": lambda p: torch.optim.SGD(p, lr=1e-1, momentum=0.9, dampening=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3),
}


def train(network, optimizer, images, labels, patience):
    """The accuracy and the seconds; for an extrapolation there is no accuracy."""
    begin = time.perf_counter()
    network.train()
    order = torch.randperm(len(labels))
    right = 0
    losses = []
    for first in range(0, len(labels) - BATCH + 1, BATCH):
        index = order[first:first + BATCH]
        x = images.index_select(0, index)
        y = labels.index_select(0, index)
        optimizer.zero_grad()
        predictions = network(x)
        loss = F.cross_entropy(predictions, y)
        loss.backward()
        optimizer.step()
        right += (predictions.argmax(dim=-1) == y).sum()
        losses.append(loss.item())
        if len(losses) == TRIAL:
            projected = (time.perf_counter() - begin) / TRIAL * (len(labels) // BATCH)
            if projected > patience:
                return None, projected
    return right.item() / (len(losses) * BATCH), time.perf_counter() - begin


def validate(network, images, labels):
    network.eval()
    right = 0
    with torch.no_grad():
        for first in range(0, len(labels), BATCH):
            y = labels[first:first + BATCH]
            right += (network(images[first:first + BATCH]).argmax(dim=-1) == y).sum()
    return right.item() / len(labels)


def measure(network, optimizer, data, options):
    """The least seconds of training and validation over the rounds, and the accuracies of the last."""
    (images, labels), (val_images, val_labels) = data
    training, validation = [], []
    for _ in range(options.rounds + 1):  # the first is to warm up
        train_score, seconds = train(network, optimizer, images, labels, options.patience)
        if train_score is None:
            return {"training": seconds, "validation": 0.0, "projected": True}
        training.append(seconds)
        begin = time.perf_counter()
        val_score = validate(network, val_images, val_labels)
        validation.append(time.perf_counter() - begin)
    return {"training": min(training[1:]), "validation": min(validation[1:]), "train_score": train_score,
            "val_score": val_score}


def compiled(network):
    """The network compiled, or None: PyTorch compiles at the first call."""
    try:
        network = torch.compile(network)
        F.cross_entropy(network(torch.zeros(BATCH, 784)), torch.zeros(BATCH, dtype=torch.int64)).backward()
        return network
    except Exception as error:  # torch has no common class for what its compilers raise
        reason = " ".join(str(error).split("\n\n")[0].split()) or type(error).__name__
        print(f"torch.compile: {reason[:300]}", file=sys.stderr)
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, help="torch.set_num_threads (default: PyTorch's own choice)")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--optimizer", choices=OPTIMIZERS, nargs="*", default=list(OPTIMIZERS))
    parser.add_argument("--patience", type=float, default=15.0, help="seconds of an epoch beyond which it is projected "
                        "from its first steps (default 15)")
    parser.add_argument("--data", default=os.environ.get("ASSAY_DATA", "/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--compile", action="store_true", help="compile the network with torch.compile")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(42)
    data = load(options.data)
    runs = []
    for name in options.optimizer:
        network = make_network()
        optimizer = OPTIMIZERS[name](network.parameters())
        if options.compile:
            network = compiled(network)
            if network is None:
                break
        runs.append({"what": name, **measure(network, optimizer, data, options)})
    print(json.dumps({"torch": torch.__version__, "threads": torch.get_num_threads(), "runs": runs}))


if __name__ == "__main__":
    main()
