#!/usr/bin/env python3
"""Makes logprob.json: statistics of the log-probability signal from their definitions in NumPy and SciPy.

usage: /usr/bin/python3 make_logprob_golden.py > logprob.json      (Debian 12: python3-scipy, python3-mpmath)

Distances come from scipy.spatial.distance.cdist, limits of new sessions from Student's quantile solved
with mpmath to 40 digits (scipy 1.10's scipy.stats.t.ppf is off by up to 2e-9, R's qt agrees), the p-values of sampled
tokens from a full enumeration of the outcomes with scipy.stats.multinomial.
"""

import datetime
import itertools
import json
import sys

import mpmath
import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import cdist

rng = np.random.default_rng(20261126)
HONEST, ROUNDING, MOST_TOKENS = 0.3, 1e-4, 64


def answer(vocabulary, depth, shift):
    """A falling list of `depth` different tokens."""
    likely = -0.5 * np.arange(vocabulary) + rng.normal(0, 0.4, vocabulary) + shift
    order = np.argsort(-likely, kind="stable")[:depth]
    values = np.minimum(likely[order] - np.log(np.exp(likely).sum()), 0)
    return [[f"t{k:02d}", float(v)] for k, v in zip(order, values)]


def shortest_half(values):
    values = np.sort(values)
    half = max(2, (len(values) + 1) // 2)
    widths = values[half - 1:] - values[:len(values) - half + 1]
    return widths.min() / (2 * stats.norm.ppf(0.75))


def matrix(answers, tokens, depth):
    rows = []
    for items in answers:
        floor = items[depth - 1][1]
        reported = dict(map(tuple, items[:depth]))
        rows.append([reported.get(token, floor) for token in tokens])
    return np.array(rows)


def probe(reference, observed, alternative):
    pooled = reference + observed
    depth = min(len(items) for items in pooled)
    excess = {}
    for items in pooled:
        for token, value in items[:depth]:
            excess[token] = excess.get(token, 0.0) + value - items[depth - 1][1]
    tokens = [t for _, t in sorted((-v, t) for t, v in excess.items())[:MOST_TOKENS]]
    values = matrix(pooled, tokens, depth)
    x, y = values[:len(reference)], values[len(reference):]
    scales = np.array([shortest_half(column) for column in values.T])
    noise = np.sqrt(scales**2 + (np.sort(scales)[len(scales) // 2] / 10)**2 + ROUNDING**2)
    difference = np.abs(y.mean(0) - x.mean(0))

    distances = cdist(values, values)
    m, n, total = len(x), len(y), len(values)
    within = [block.sum() / (k * (k - 1)) if k > 1 else 0.0
              for block, k in ((distances[:m, :m], m), (distances[m:, m:], n))]
    energy = 2 * distances[:m, m:].mean() - sum(within)
    # A single pair's is the same in both relabelings.
    energy *= (total > 2) / (distances.sum() / (total * (total - 1)))

    # A stored model's lists are censored where the cell's are, or where they end.
    mean = np.array([matrix([items], tokens, min(depth, len(items)))[0] for items in alternative]).mean(0)
    centre = values.mean(0)
    scores = ((mean - centre) / (noise**2 + HONEST**2) * (values - centre)).mean(1)
    ratio = m * n / (m + n) * (scores[m:].mean() - scores[:m].mean())
    return difference.mean(), (difference / noise).mean(), energy, ratio


def signal_cases():
    cases = []
    for sizes, vocabulary, depths, shift in [([(5, 4)], 8, (4, 6), 0.0), ([(1, 1)], 6, (5, 5), 0.2),
                                             ([(1, 6), (7, 2)], 12, (6, 9), 0.3),
                                             ([(9, 8), (4, 4), (3, 5)], 30, (10, 20), 0.5),
                                             ([(12, 10)], 100, (30, 32), 0.1)]:
        probes, parts = [], []
        for m, n in sizes:
            lean = rng.normal(0, 1, vocabulary)
            sides = [[answer(vocabulary, int(rng.integers(depths[0], depths[1] + 1)), amount * lean)
                      for _ in range(count)] for count, amount in ((m, 0), (n, shift), (3, shift))]
            probes.append(dict(zip(("reference", "observed", "alternative"), sides)))
            parts.append(probe(*sides))
        parts = np.array(parts)
        cases.append({"probes": probes, "difference": parts[:, 0].mean(), "weighted": parts[:, 1].mean(),
                      "energy": parts[:, 2].sum(), "ratio": parts[:, 3].sum()})
    return cases


def student_quantile(tail, freedom):
    """t with P(T > t) = tail."""
    mpmath.mp.dps = 40

    def excess(t):
        x = freedom / (freedom + t * t)
        beta = mpmath.betainc(mpmath.mpf(freedom) / 2, mpmath.mpf(1) / 2, 0, x, regularized=True)
        return beta - 2 * mpmath.mpf(tail)

    start = stats.t.isf(tail, freedom)
    return float(mpmath.findroot(excess, (start, start * 1.0001)))


def session_cases():
    cases = []
    for sessions, level in [(2, 0.05), (3, 0.01), (5, 0.0025), (12, 0.01), (40, 0.2)]:
        means = rng.normal(0, 0.2, sessions)
        apart = [float(means[i] - np.delete(means, i).mean()) for i in range(sessions)]
        limit = student_quantile(level / 2, sessions - 1) * means.std(ddof=1) * np.sqrt(1 + 1 / sessions)
        cases.append({"differences": apart, "level": level, "limit": float(limit)})
    return cases


def frequency_cases():
    """Exact p-values of both statistics for answers that report one list."""
    cases = []
    for listed, counts in [([0.5, 0.3], [1, 0, 2]), ([0.6, 0.2, 0.1], [2, 3, 1, 0]), ([0.9, 0.05], [9, 3, 0]),
                           ([0.4, 0.3, 0.2], [5, 0, 0, 0])]:
        p = np.array(listed + [1 - sum(listed)])
        n, entropy = sum(counts), -(p * np.log(p)).sum()

        def statistics(c):
            c = np.array(c)
            return abs((c * np.log(p)).sum() + n * entropy), (((c - n * p)**2) / (n * p)).sum()

        outcomes = [c for c in itertools.product(range(n + 1), repeat=len(p)) if sum(c) == n]
        weights = stats.multinomial.pmf(outcomes, n, p)
        seen = statistics(counts)
        tails = [float(sum(w for c, w in zip(outcomes, weights) if statistics(c)[i] >= seen[i] * (1 - 1e-9)))
                 for i in range(2)]
        cases.append({"listed": listed, "counts": counts, "p_value": min(1.0, 2 * min(tails))})
    return cases


json.dump({"made_with": f"python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}; "
                        f"{datetime.date.today()}",
           "signal": signal_cases(), "sessions": session_cases(), "frequencies": frequency_cases()}, sys.stdout)
print()
