#!/usr/bin/env python3
"""Makes stats.json: values of the statistics from independent implementations.

usage: make_stats_golden.py > stats.json      (Debian 12: python3-scipy; prints versions into the file)

Rank sums and Cliff's delta come from scipy.stats.mannwhitneyu, Anderson-Darling from scipy.stats.anderson_ksamp
(its normalised statistic, turned back into A2 with the variance of Scholz & Stephens 1987, equations 4 and 5),
Jensen-Shannon from scipy.spatial.distance.jensenshannon, the unbiased MMD from its definition in NumPy, exact
permutation p-values from scipy.stats.permutation_test over all relabelings, Holm from its definition.
"""

import itertools
import json
import sys
import warnings

import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261124)


def anderson_darling(x, y):
    """Two-sample A2 with midranks, recovered from SciPy's (A2 - 1) / sigma."""
    n = np.array([len(x), len(y)])
    total = n.sum()
    h_sum = (1.0 / n).sum()
    harmonic = (1.0 / np.arange(1, total)).sum()
    g = sum(1.0 / ((total - i) * j) for i in range(1, total - 1) for j in range(i + 1, total))
    a = (4 * g - 6) * 1 + (10 - 6 * g) * h_sum
    b = (2 * g - 4) * 4 + 8 * harmonic * 2 + (2 * g - 14 * harmonic - 4) * h_sum - 8 * harmonic + 4 * g - 6
    c = (6 * harmonic + 2 * g - 2) * 4 + (4 * harmonic - 4 * g + 6) * 2 + (2 * harmonic - 6) * h_sum + 4 * harmonic
    d = (2 * harmonic + 6) * 4 - 4 * harmonic * 2
    variance = (a * total**3 + b * total**2 + c * total + d) / ((total - 1) * (total - 2) * (total - 3))
    return float(stats.anderson_ksamp([x, y], midrank=True).statistic * np.sqrt(variance) + 1)


def rank_case(name, x, y):
    u = stats.mannwhitneyu(y, x, alternative="two-sided", method="asymptotic").statistic
    m, n = len(x), len(y)
    case = {"name": name, "reference": list(map(float, x)), "observed": list(map(float, y)),
            "rank_sum": float((u - m * n / 2) / (m + n + 1)), "cliff_delta": float(2 * u / (m * n) - 1)}
    if len(np.unique(np.concatenate([x, y]))) > 1 and m + n > 3:
        case["anderson_darling"] = anderson_darling(np.asarray(x, float), np.asarray(y, float))
    return case


def rank_cases():
    cases = [rank_case("one each", [1], [2]), rank_case("constant", [3, 3, 3], [3, 3])]
    for m, n in [(2, 3), (5, 5), (7, 20), (40, 40), (200, 61)]:
        cases.append(rank_case(f"continuous {m} {n}", rng.normal(size=m).round(6), rng.normal(0.3, size=n).round(6)))
        cases.append(rank_case(f"ties {m} {n}", rng.integers(0, 6, m), rng.integers(1, 8, n)))
    return cases


def count_cases():
    cases = []
    for m, n, k in [(5, 5, 3), (40, 10, 12), (200, 200, 60)]:
        x = np.bincount(rng.integers(0, k, m), minlength=k)
        y = np.bincount(rng.integers(0, max(2, k - 2), n), minlength=k)
        cases.append({"reference": x.tolist(), "observed": y.tolist(),
                      "jensen_shannon_bits": float(jensenshannon(x, y, base=2) ** 2)})
    cases.append({"reference": [4, 0], "observed": [0, 4], "jensen_shannon_bits": 1.0})
    cases.append({"reference": [3, 3], "observed": [3, 3], "jensen_shannon_bits": 0.0})
    return cases


def mmd_cases():
    cases = []
    for m, n in [(2, 2), (6, 4), (15, 20)]:
        points = rng.normal(size=(m + n, 3))
        gram = np.exp(-((points[:, None] - points[None]) ** 2).sum(-1))
        xx, yy, xy = gram[:m, :m], gram[m:, m:], gram[:m, m:]
        value = ((xx.sum() - np.trace(xx)) / (m * (m - 1)) + (yy.sum() - np.trace(yy)) / (n * (n - 1)) - 2 * xy.mean())
        cases.append({"gram": gram.tolist(), "n_reference": m, "mmd2": float(value)})
    return cases


def exact_cases():
    cases = []
    for m, n in [(3, 3), (4, 5), (6, 4)]:
        x, y = rng.integers(0, 5, m), rng.integers(1, 7, n)

        def statistic(a, b):
            pooled = stats.rankdata(np.concatenate([a, b]))
            return abs(pooled[len(a):].sum() - len(b) * (len(a) + len(b) + 1) / 2)

        result = stats.permutation_test((x, y), statistic, n_resamples=np.inf, alternative="greater")
        cases.append({"reference": list(map(float, x)), "observed": list(map(float, y)),
                      "absolute_rank_sum_p": float(result.pvalue)})
    return cases


def holm(p):
    order = np.argsort(p, kind="stable")
    adjusted, running = np.empty(len(p)), 0.0
    for j, i in enumerate(order):
        running = max(running, min(1.0, (len(p) - j) * p[i]))
        adjusted[i] = running
    return adjusted.tolist()


def main():
    p_lists = [[0.01, 0.04, 0.03], [0.5], [0.2, 0.2, 0.2], [1e-5, 0.9, 0.011, 0.02]]
    json.dump({"made_with": f"python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}",
               "rank": rank_cases(), "count": count_cases(), "mmd": mmd_cases(), "exact": exact_cases(),
               "holm": [{"p": p, "adjusted": holm(p)} for p in p_lists]}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
