#!/usr/bin/env python3
"""Makes ecdf.json: values of the tests on empirical distribution functions from independent implementations.

usage: make_ecdf_golden.py > ecdf.json    (Debian 12: python3-scipy, python3-mpmath, r-base-core; takes a minute)

Kolmogorov-Smirnov: statistics from scipy.stats.ks_2samp; exact p-values by counting paths in unbounded integers
(given the ties, every sample size), from SciPy without ties, and from R's psmirnov (make_ecdf_golden.R) with and
without ties. Cramer-von Mises: statistic and p from scipy.stats.cramervonmises_2samp; exact p-values given the
ties by counting the rank form of the statistic in unbounded integers. Anderson-Darling: scipy.stats.anderson_ksamp,
and all relabelings enumerated. Limiting distributions: series and integrals of mpmath in 40 digits.
"""

import collections
import datetime
import itertools
import json
import math
import os
import subprocess
import sys
import warnings
from fractions import Fraction

import mpmath
import numpy as np
import scipy
from scipy import stats

warnings.simplefilter("ignore")
mpmath.mp.dps = 40
rng = np.random.default_rng(20261124)
SIZES = [(1, 1), (1, 2), (2, 1), (1, 7), (2, 2), (3, 5), (5, 5), (8, 6), (7, 20), (20, 20), (40, 61), (100, 100),
         (200, 61), (1, 500), (500, 499), (500, 500)]


def samples():
    """(name, reference, observed): integers, because all tests here see ranks only; negative ones included."""
    for m, n in SIZES:
        order = rng.permutation(m + n) - (m + n) // 3
        yield f"distinct {m} {n}", order[:m], order[m:]
        values = np.argsort(np.argsort(np.concatenate([rng.normal(size=m), rng.normal(0.8, 1.3, n)])))
        yield f"distinct, shifted {m} {n}", values[:m], values[m:]
        yield f"ties {m} {n}", rng.integers(0, 6, m), rng.integers(1, 8, n)
        yield f"some ties {m} {n}", rng.integers(0, 3 * (m + n), m), rng.integers(0, 3 * (m + n), n)
    yield "constant", np.array([3, 3, 3]), np.array([3, 3])
    yield "equal samples", np.array([1, 2, 3]), np.array([1, 2, 3])
    yield "apart 40 30", np.arange(40), np.arange(100, 130)
    yield "apart 400 450", np.arange(400), np.arange(1000, 1450)
    values = np.argsort(np.argsort(np.concatenate([rng.normal(size=500), rng.normal(-3.2, 1, 500)])))
    yield "far 500 500", values[:500], values[500:]


def group_ends(x, y):
    pooled = np.sort(np.concatenate([x, y]))
    return [k + 1 for k in range(len(pooled)) if k + 1 == len(pooled) or pooled[k + 1] != pooled[k]]


def gaps(x, y):
    """Largest m n (F_x - F_y) and m n (F_y - F_x) as integers."""
    m, n = len(x), len(y)
    difference = [int((x <= z).sum()) * n - int((y <= z).sum()) * m for z in np.unique(np.concatenate([x, y]))]
    return max(0, max(difference)), max(0, -min(difference))


def ks_exact(x, y, positive, negative):
    """P(gap reached), counting the labelings that stay inside; a bound of None is not counted."""
    m, n, ends = len(x), len(y), set(group_ends(x, y))
    if (positive is None or positive > 0) and (negative is None or negative > 0):
        counts = {0: 1}
        for s in range(1, m + n + 1):
            new = collections.defaultdict(int)
            for i, count in counts.items():
                if i < m:
                    new[i + 1] += count
                if s - 1 - i < n:
                    new[i] += count
            if s in ends:
                new = {i: c for i, c in new.items() if not (
                    (positive is not None and i * n - (s - i) * m >= positive) or
                    (negative is not None and (s - i) * m - i * n >= negative))}
            counts = new
        return float(1 - Fraction(counts.get(m, 0), math.comb(m + n, m)))
    return 1.0


def r_tails(cases):
    lines = "".join(f"exact {kind} {q!r} {m} {n} {','.join(map(str, z))}\n" for kind, q, m, n, z in cases)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "make_ecdf_golden.R")
    output = subprocess.run(["Rscript", script], input=lines, capture_output=True, text=True, check=True).stdout.split("\n")
    return output[0], list(map(float, output[1:1 + len(cases)]))


def ks_cases():
    cases, questions = [], []
    for name, x, y in samples():
        m, n = len(x), len(y)
        positive, negative = gaps(x, y)
        two = max(positive, negative)
        case = {"name": name, "reference": x.tolist(), "observed": y.tolist(),
                "p": [ks_exact(x, y, two, two), ks_exact(x, y, positive, None), ks_exact(x, y, None, negative)]}
        case["statistic"] = [float(stats.ks_2samp(x, y, alternative=a, method="asymp").statistic)
                             for a in ("two-sided", "greater", "less")]
        if len(np.unique(np.concatenate([x, y]))) == m + n:
            case["scipy"] = [float(stats.ks_2samp(x, y, alternative=a, method="exact").pvalue)
                             for a in ("two-sided", "greater", "less")]
        if m * n <= 10000 and two > 0:
            pooled = np.concatenate([x, y]).tolist()
            case["r"] = len(questions)
            questions += [("two", two / (m * n), m, n, pooled), ("one", positive / (m * n), m, n, pooled),
                          ("one", negative / (m * n), n, m, pooled)]
        cases.append(case)
    version, answers = r_tails(questions)
    for case in cases:
        if "r" in case:
            case["r"] = answers[case["r"]:case["r"] + 3]
    return version, cases


def cvm_exact(x, y):
    """P(U >= u) for 4 U = m sum (2 r_i - 2 i)^2 + n sum (2 r_j - 2 j)^2, r midranks, given the ties."""
    m, n = len(x), len(y)
    sizes = np.diff([0] + group_ends(x, y))
    ranks = 2 * stats.rankdata(np.concatenate([x, y]))
    value = lambda r, size: int(round(sum((a - 2 * (i + 1)) ** 2 for i, a in enumerate(sorted(r))))) * size
    observed = value(ranks[:m], m) + value(ranks[m:], n)
    states, start = {0: {0: 1}}, 0
    for t in sizes:
        t, new = int(t), {}
        rank = 2 * start + t + 1
        for i, values in states.items():
            j = start - i
            for a in range(max(0, t - (n - j)), min(t, m - i) + 1):
                step = (m * sum((rank - 2 * (i + k)) ** 2 for k in range(1, a + 1)) +
                        n * sum((rank - 2 * (j + k)) ** 2 for k in range(1, t - a + 1)))
                target = new.setdefault(i + a, collections.defaultdict(int))
                for v, count in values.items():
                    target[v + step] += count * math.comb(t, a)
        states, start = new, start + t
    reached = sum(c for v, c in states[m].items() if v >= observed)
    return float(Fraction(reached, math.comb(m + n, m)))


def cvm_cases():
    cases = []
    for name, x, y in samples():
        m, n = len(x), len(y)
        case = {"name": name, "reference": x.tolist(), "observed": y.tolist()}
        if m > 1 and n > 1:
            result = stats.cramervonmises_2samp(x, y, method="asymptotic")
            case.update(statistic=float(result.statistic), limit=float(result.pvalue))
            if m * n <= 400 and len(np.unique(np.concatenate([x, y]))) == m + n:
                case["scipy"] = float(stats.cramervonmises_2samp(x, y, method="exact").pvalue)
        if m * n <= 200 or (m == n <= 20) or (min(m, n) == 1):
            case["p"] = cvm_exact(x, y)
        if len(case) > 3:
            cases.append(case)
    return cases


def ad_enumerated(groups):
    """Share of all labelings whose statistic reaches the observed one."""
    sizes = [len(g) for g in groups]
    pooled = np.concatenate(groups).astype(float)
    observed = stats.anderson_ksamp(groups).statistic
    reached = total = 0
    for labels in set(itertools.permutations(np.repeat(np.arange(len(groups)), sizes).tolist())):
        labels = np.array(labels)
        value = stats.anderson_ksamp([pooled[labels == i] for i in range(len(groups))]).statistic
        total, reached = total + 1, reached + (value >= observed - 1e-9)
    return reached / total


def ad_cases():
    cases = []
    for name, x, y in samples():
        if len(x) + len(y) > 3 and len(np.unique(np.concatenate([x, y]))) > 1:
            groups = [x, y]
            cases.append({"name": name, "groups": groups})
    for sizes in [(2, 3, 2), (5, 5, 5), (1, 2, 30), (20, 35, 10, 8), (100, 80, 120), (30, 30, 30, 30, 30, 30)]:
        order = rng.permutation(sum(sizes))
        cuts = np.cumsum(sizes)[:-1]
        cases.append({"name": f"distinct {sizes}", "groups": np.split(order, cuts)})
        cases.append({"name": f"ties {sizes}", "groups": np.split(rng.integers(-3, 9, sum(sizes)), cuts)})
        shifted = np.argsort(np.argsort(rng.normal(size=sum(sizes)) + 0.25 * np.repeat(np.arange(len(sizes)), sizes)))
        cases.append({"name": f"shifted {sizes}", "groups": np.split(shifted, cuts)})
    for case in cases:
        groups = case["groups"]
        result = stats.anderson_ksamp(groups)
        case["statistic"] = float(result.statistic)
        distinct = len(np.unique(np.concatenate(groups))) == sum(map(len, groups))
        if distinct and 0.0011 < result.significance_level < 0.249 and sum(map(len, groups)) >= 100:
            case["table"] = float(result.significance_level)
        if sum(map(len, groups)) <= 8:
            case["p"] = ad_enumerated(groups)
        case["groups"] = [g.tolist() for g in groups]
    return cases


def kolmogorov_tail(z):
    return 2 * mpmath.nsum(lambda k: (-1) ** (int(k) - 1) * mpmath.exp(-2 * k * k * mpmath.mpf(z) ** 2), [1, 400], method="direct")


def alternating_tail(x, edges, moment):
    """(1/pi) sum over pairs of edges (-1)^j integral |M(s)| exp(-x s) / s, inverse square roots at the edges."""
    total = mpmath.mpf(0)
    for j in range(40):
        low, high = edges(2 * j + 1), edges(2 * j + 2)
        middle, half = (low + high) / 2, (high - low) / 2

        def integrand(theta):
            s = middle - half * mpmath.cos(theta)
            return moment(s) * mpmath.exp(-x * s) / s * half * mpmath.sin(theta)

        # exp(-x s) falls like a normal density in theta, from the lower edge on.
        width = 1 / mpmath.sqrt(x * half)
        points = [0] + [width * i for i in range(1, 16) if width * i < 3] + [mpmath.pi]
        term = mpmath.quad(integrand, points) / mpmath.pi
        total += (-1) ** j * term
        if term < abs(total) * mpmath.mpf(10) ** -20:
            break
    return total


def cvm_moment(s):
    w = mpmath.sqrt(2 * s)
    return mpmath.sqrt(abs(w / mpmath.sin(w)))


def ad_moment(s):
    return mpmath.sqrt(abs(2 * mpmath.pi * s / mpmath.cos(mpmath.pi / 2 * mpmath.sqrt(1 + 8 * s))))


def limit_cases():
    triangle = lambda j: mpmath.mpf(j * (j + 1)) / 2
    square = lambda j: (j * mpmath.pi) ** 2 / 2
    return {
        "kolmogorov": [[z, float(kolmogorov_tail(z))]
                       for z in (0.1, 0.3, 0.5, 0.8, 0.99, 1.0, 1.01, 1.36, 2.0, 5.0, 10.0, 18.5)],
        "cramer_von_mises": [[x, float(alternating_tail(mpmath.mpf(x), square, cvm_moment))]
                             for x in (0.02, 0.05, 0.1, 1 / 6, 0.2, 0.46136, 1.0, 2.5, 10.0, 50.0, 130.0)],
        "anderson_darling_2": [[x, float(alternating_tail(mpmath.mpf(x), triangle, ad_moment))]
                               for x in (0.1, 0.3, 0.8, 1.0, 1.3, 2.492, 5.0, 20.0, 100.0, 640.0)],
        "anderson_darling_3": [[x, float(mpmath.fsum((-1) ** (j + 1) * (2 * j + 1) * mpmath.exp(-mpmath.mpf(x) * triangle(j))
                                                    for j in range(1, 80)))]
                               for x in (0.3, 0.9, 1.9, 2.0, 2.1, 4.0, 10.0, 100.0, 640.0)],
    }


def main():
    r_version, ks = ks_cases()
    json.dump({"made_with": f"make_ecdf_golden.py, {datetime.date.today()}, python {sys.version.split()[0]}, "
                            f"numpy {np.__version__}, scipy {scipy.__version__}, mpmath {mpmath.__version__}, {r_version}",
               "kolmogorov_smirnov": ks, "cramer_von_mises": cvm_cases(), "anderson_darling": ad_cases(),
               "limits": limit_cases()}, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
