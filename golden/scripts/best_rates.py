#!/usr/bin/env python3
"""Writes the plan in which each optimizer has its own best learning rate.

usage: best_rates.py GRID_PLAN GRID_RESULTS NAME EPOCHS SEEDS > PLAN

GRID_RESULTS is the grid's folder or its record (assay study --pack). GRID_PLAN has a factor "method" whose levels are
optimizers with rates ("adam-0.001"). For each optimizer, and each level of the other factor if there is one, the best
rate has the highest mean of best_validation over the grid's seeds. A run that finished no epoch counts as 0; of equal
means the smaller rate wins. Test data play no part. The new plan has one factor, "method", with levels such as
"adam", or "4-adam" for level 4 of the other factor, over seeds 1 to SEEDS.
"""
import json
import os
import sys


def read_results(path):
    """The results of each run, by its key."""
    if os.path.isdir(path):
        runs = os.path.join(path, "runs")
        paths = [os.path.join(runs, name) for name in os.listdir(runs) if name.endswith(".json")]
    else:
        paths = [path]
    results = {}
    for one in paths:
        with open(one, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        results.update((line["key"], line["results"]) for line in lines if "key" in line)
    return results


def mean_validation(results, cell, seeds):
    total = 0.0
    for seed in seeds:
        key = f"{cell},seed={seed}"
        if key not in results:
            sys.exit(f"best_rates.py: the run {key} is missing: finish the grid first (assay study)")
        total += results[key]["best_validation"] or 0.0
    return total / len(seeds)


def best(results, prefix, methods, seeds):
    """The best level of each optimizer after a prefix such as 'depth=4,'."""
    chosen = {}
    for level in sorted(methods, key=lambda level: level["lr"]):
        score = mean_validation(results, f"{prefix}method={level['name']}", seeds)
        if level["optimizer"] not in chosen or score > chosen[level["optimizer"]][0]:
            chosen[level["optimizer"]] = (score, level)
    return {optimizer: level["lr"] for optimizer, (_, level) in chosen.items()}


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    grid_path, results_path, name, epochs, count = sys.argv[1:]
    results = read_results(results_path)
    with open(grid_path, encoding="utf-8") as file:
        grid = json.load(file)
    seeds = range(grid["seeds"]["first"], grid["seeds"]["first"] + grid["seeds"]["count"])
    methods = grid["factors"][-1]["levels"]
    others = grid["factors"][0]["levels"] if len(grid["factors"]) > 1 else [None]
    levels = []
    for other in others:
        prefix = f"{grid['factors'][0]['name']}={other['name']}," if other else ""
        for optimizer, rate in best(results, prefix, methods, seeds).items():
            level = dict(other or {})
            level["name"] = f"{other['name']}-{optimizer}" if other else optimizer
            level.update(optimizer=optimizer, lr=rate)
            levels.append(level)
    grid["study"] = name
    grid["about"] = f"{grid['about'].split(':')[0]}: each optimizer at its own best rate"
    grid["settings"]["epochs"] = int(epochs)
    grid["factors"] = [{"name": "method", "levels": levels}]
    grid["seeds"] = {"first": 1, "count": int(count)}
    json.dump(grid, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
