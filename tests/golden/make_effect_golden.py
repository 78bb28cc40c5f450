#!/usr/bin/env python3
"""Makes effect.json: effect sizes and intervals from independent implementations.

usage: make_effect_golden.py > effect.json      (Debian 12: python3-scipy, r-base-core; prints versions into the file)

The share of pairs comes from scipy.stats.mannwhitneyu, its score limits from a root finder on Newcombe's equation;
Hodges-Lehmann shift and exact interval from R's wilcox.test(conf.int = TRUE), for large samples from all differences
and the normal rank; bootstrap replicates and both intervals from scipy.stats.bootstrap; Jensen-Shannon from
scipy.spatial.distance with the mean over all enumerated relabelings; MMD^2 and its standard error from loops.
"""

import datetime
import itertools
import json
import subprocess
import sys

import numpy as np
import scipy
from scipy import optimize, stats
from scipy.spatial.distance import jensenshannon

rng = np.random.default_rng(20261124)


def superiority_cases():
    cases = []
    samples = [([1.0], [2.0]), ([3.0, 3.0, 3.0], [3.0, 3.0]), ([1.0, 2.0, 3.0], [7.0, 8.0])]
    for m, n in [(4, 6), (25, 25), (7, 300)]:
        samples.append((rng.normal(size=m), rng.normal(0.5, size=n)))
        samples.append((rng.integers(0, 6, m), rng.integers(1, 8, n)))
    for x, y in samples:
        for level in [0.9, 0.95, 0.999]:
            m, n = len(x), len(y)
            share = stats.mannwhitneyu(y, x, method="asymptotic").statistic / (m * n)
            z = stats.norm.isf((1 - level) / 2)

            def gap(t):
                v = t * (1 - t) / (m * n) * (1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t)))
                return (share - t) ** 2 - z * z * v

            low = 0.0 if share == 0 else optimize.brentq(gap, 0, share if share < 1 else 1 - 1e-9, xtol=1e-15, rtol=1e-14)
            high = 1.0 if share == 1 else optimize.brentq(gap, share if share > 0 else 1e-9, 1, xtol=1e-15, rtol=1e-14)
            cases.append({"reference": list(map(float, x)), "observed": list(map(float, y)), "level": level,
                          "value": float(share), "low": low, "high": high})
    return cases


def r_vector(values):
    return "c(" + ",".join(repr(float(v)) for v in values) + ")"


def shift_cases():
    cases = []
    for m, n, level in [(4, 4, 0.95), (3, 7, 0.9), (5, 9, 0.95), (1, 60, 0.95), (20, 13, 0.99), (49, 49, 0.95)]:
        x, y = rng.lognormal(size=m), rng.lognormal(0.4, size=n)
        for log in [False, True]:
            a, b = (np.log(x), np.log(y)) if log else (x, y)
            program = (f"w <- wilcox.test({r_vector(b)}, {r_vector(a)}, conf.int=TRUE, exact=TRUE, "
                       f"conf.level={level}); cat(sprintf('%.17g ', c(w$estimate, w$conf.int)))")
            out = subprocess.run(["Rscript", "--vanilla", "-e", program], capture_output=True, text=True, check=True)
            value, low, high = map(float, out.stdout.split())
            if log:
                value, low, high = np.exp([value, low, high])
            if m == 1 and low == np.min(b - a):
                continue
            cases.append({"reference": x.tolist(), "observed": y.tolist(), "level": level, "ratio": log,
                          "value": value, "low": low, "high": high})
    x, y = rng.normal(size=300), rng.normal(0.2, size=170)
    differences = np.sort((y[:, None] - x[None]).ravel())
    rank = int(np.floor(len(differences) / 2 - stats.norm.isf(0.025) * np.sqrt(300 * 170 * 471 / 12)))
    cases.append({"reference": x.tolist(), "observed": y.tolist(), "level": 0.95, "ratio": False,
                  "value": float(np.median(differences)), "low": differences[rank - 1], "high": differences[-rank]})
    return cases


def bootstrap_cases():
    def difference(x, y, axis=-1):
        return y.mean(axis=axis) - x.mean(axis=axis)

    def ratio(x, y, axis=-1):
        return y.mean(axis=axis) / x.mean(axis=axis)

    cases = []
    for name, statistic in [("difference", difference), ("ratio", ratio)]:
        for m, n in [(8, 8), (20, 11)]:
            x, y = rng.exponential(size=m), rng.exponential(1.5, size=n)
            case = {"statistic": name, "reference": x.tolist(), "observed": y.tolist(), "level": 0.9,
                    "value": float(statistic(x, y))}
            for method in ["percentile", "BCa"]:
                result = stats.bootstrap((x, y), statistic, n_resamples=399, method=method, confidence_level=0.9,
                                         random_state=7, vectorized=True)
                case["replicates"] = result.bootstrap_distribution.tolist()
                case[method] = [float(result.confidence_interval.low), float(result.confidence_interval.high)]
            cases.append(case)
    return cases


def divergence_cases():
    cases = []
    for x, y in [([2, 1], [1, 3]), ([3, 0, 1], [0, 2, 2]), ([5], [3]), ([1, 0], [0, 1]), ([2, 2, 1, 0], [1, 0, 1, 2])]:
        items = np.repeat(np.arange(len(x)), np.add(x, y))
        m, n = sum(x), sum(y)

        def both(a, b):
            p, q = np.array(a) / m, np.array(b) / n
            return float(jensenshannon(p, q, base=2) ** 2) if len(a) > 1 else 0.0, float(abs(p - q).sum() / 2)

        relabeled = []
        for chosen in itertools.combinations(range(m + n), m):
            a = np.bincount(items[list(chosen)], minlength=len(x))
            relabeled.append(both(a, np.add(x, y) - a))
        jsd, tv = both(x, y)
        mean_jsd, mean_tv = np.mean(relabeled, axis=0)
        square = tv ** 2 - mean_tv ** 2
        cases.append({"reference": x, "observed": y, "jensen_shannon": jsd - mean_jsd,
                      "total_variation": float(np.sign(square) * np.sqrt(abs(square)))})
    return cases


def mmd_cases():
    cases = []
    for m, n in [(2, 2), (6, 4), (9, 14)]:
        points = rng.normal(size=(m + n, 3))
        points[m:] += 0.7
        gram = np.exp(-((points[:, None] - points[None]) ** 2).sum(-1))
        value, variance = 0.0, 0.0
        for own, other in [(range(m), range(m, m + n)), (range(m, m + n), range(m))]:
            h = []
            for i in own:
                within = np.mean([gram[i, j] for j in own if j != i])
                h.append(2 * (within - np.mean([gram[i, j] for j in other])))
            value += np.mean(h) / 2
            variance += np.var(h, ddof=1) / len(h)
        cases.append({"gram": gram.tolist(), "n_reference": m, "value": float(value),
                      "standard_error": float(np.sqrt(variance))})
    return cases


def main():
    version = subprocess.run(["Rscript", "--version"], capture_output=True, text=True)
    json.dump({"made_with": f"python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}, "
                            f"{(version.stdout + version.stderr).strip()}; {datetime.date.today()}",
               "superiority": superiority_cases(), "shift": shift_cases(), "bootstrap": bootstrap_cases(),
               "divergence": divergence_cases(), "mmd": mmd_cases()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
