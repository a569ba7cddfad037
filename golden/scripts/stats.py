#!/usr/bin/env python3
"""Writes golden/stats_numpy.json: moments, histograms and kernel densities of small samples.

Run with numpy and scipy (made with Debian's python3-numpy 1.24 and python3-scipy 1.10), from the root of the source:
    /usr/bin/python3 golden/scripts/stats.py > golden/stats_numpy.json
"""
import json
import sys
from fractions import Fraction

import numpy as np
import scipy
from scipy import stats

BINS = [1, 2, 7, 10, 50, 64]
POINTS = 9


def samples():
    rng = np.random.default_rng(2)
    yield "normal", rng.normal(0, 1, 200)
    yield "shifted", rng.normal(1e8, 1, 200)
    yield "small", rng.normal(0, 1e-9, 200)
    yield "uniform", rng.uniform(-0.25, 0.75, 200)
    yield "skewed", rng.exponential(3, 200)
    yield "decimal edges", np.arange(0, 101) / 100  # many values on an edge, and edges that are rounded
    yield "integers", rng.integers(-4, 5, 200).astype(float)
    yield "two", np.array([1.0, 3.0])
    yield "outlier", np.append(rng.normal(0, 1, 100), 1e6)
    yield "large", rng.normal(0, 1e150, 50)
    yield "tiny", rng.normal(0, 1e-150, 50)


def exact_moments(values):
    """Mean, variance, skewness and excess kurtosis in rational arithmetic, rounded at the end."""
    exact = [Fraction(float(v)) for v in values]
    n = len(exact)
    mean = sum(exact) / n
    m2, m3, m4 = (sum((v - mean) ** p for v in exact) / n for p in (2, 3, 4))
    skewness_squared = float(m3**2 / m2**3)
    return [float(mean), float(m2), float(np.copysign(np.sqrt(skewness_squared), float(m3 / m2))),
            float(m4 / m2**2 - 3)]


def case(name, values):
    histograms = []
    for bins in BINS:
        counts, edges = np.histogram(values, bins)
        histograms.append({"edges": edges.tolist(), "counts": counts.tolist()})
    kernel = stats.gaussian_kde(values)
    bandwidth = float(np.sqrt(kernel.covariance[0, 0]))
    points = np.linspace(values.min() - 3 * bandwidth, values.max() + 3 * bandwidth, POINTS)
    return {
        "name": name,
        "values": values.tolist(),
        "moments": exact_moments(values),
        "histograms": histograms,
        "bandwidth": bandwidth,
        "points": points.tolist(),
        "density": kernel(points).tolist(),
        # gaussian_kde divides points and values by the bandwidth before it subtracts them.
        "density_tolerance": float(1e-14 + 2.0**-51 * np.abs(points).max() / bandwidth),
    }


def constant(value):
    counts, edges = np.histogram(np.full(5, value), 4)
    return {"value": value, "edges": edges.tolist(), "counts": counts.tolist()}


def main():
    document = {
        "origin": f"golden/scripts/stats.py with numpy {np.__version__} and scipy {scipy.__version__}: moments in "
                  "rational arithmetic, numpy.histogram, scipy.stats.gaussian_kde (Scott's rule)",
        "tolerances": {
            "histogram": "exact: edges are numpy.linspace's to the last bit, counts are integers",
            "mean": 4e-16,
            "mean_reason": "of the largest |value|: four roundings; the second pass corrects the error of the sum",
            "moments": 2e-14,
            "moments_reason": "variance relative; skewness and kurtosis relative to 1 + the kurtosis: 200 terms in "
                              "sequence, 2^-53 each, all of one sign",
            "bandwidth": 1e-13,
            "bandwidth_reason": "relative; numpy.cov rounds the mean of the shifted sample, (1e-8)^2, and 200 terms",
            "density_reason": "density_tolerance of each case, of the sample's largest density: gaussian_kde divides "
                              "by the bandwidth before it subtracts: 2^-52 of |point| / bandwidth on either side",
        },
        "constant": [constant(v) for v in (0.0, 0.1, -3.0, 1e8)],
        "cases": [case(name, values) for name, values in samples()],
    }
    json.dump(document, sys.stdout)
    print()


if __name__ == "__main__":
    main()
