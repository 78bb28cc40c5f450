#!/usr/bin/env python3
"""Makes rank.json: rank, count, energy and log-probability tests from independent implementations.

usage: /usr/bin/python3 make_rank_golden.py > rank.json
(Debian 12: python3-scipy, python3-mpmath, r-base-core; make_rank_golden.R stands beside this file)

Mann-Whitney: scipy.stats.mannwhitneyu and R's wilcox.test and pwilcox. Contingency: scipy.stats.chi2_contingency and
scipy.stats.contingency.association. Energy distance: scipy.stats.energy_distance squared. Uniformity:
scipy.stats.cramervonmises; its limit from the Bessel series of Anderson & Darling 1952 in 60 digits. Van Elteren, the
multivariate energy distance and the log-probability difference come from their definitions in NumPy. Exact p-values go
through all relabelings with itertools.
"""

import datetime
import itertools
import json
import math
import os
import subprocess
import sys
import warnings

import mpmath
import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import cdist
from scipy.stats.contingency import association

warnings.simplefilter("ignore")
rng = np.random.default_rng(20261125)
SLACK = 1e-9
SIDES = {"two_sided": "two-sided", "observed_greater": "less", "observed_less": "greater"}


def r_answers(lines):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "make_rank_golden.R")
    out = subprocess.run(["Rscript", script], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return out.stdout.strip().split("\n")


def relabelings(strata_sizes):
    """All choices of observed items, one tuple of index arrays per relabeling."""
    per_stratum = [[np.array(c) for c in itertools.combinations(range(m + n), n)] for m, n in strata_sizes]
    return itertools.product(*per_stratum)


def exact_p(sizes, statistic):
    """P(T* >= T) over all relabelings; statistic takes one index array of observed items per stratum."""
    observed = statistic([np.arange(m, m + n) for m, n in sizes])
    values = np.array([statistic(list(chosen)) for chosen in relabelings(sizes)])
    return float(np.mean(values >= observed - SLACK * np.abs(values).max()))


def split(pooled, chosen):
    mask = np.zeros(len(pooled), bool)
    mask[chosen] = True
    return pooled[~mask], pooled[mask]


def sample(kind, size, shift=0.0):
    if kind == "ties":
        return rng.integers(0, 6, size) + int(round(2 * shift))
    if kind == "heavy":
        return (rng.standard_cauchy(size) + shift).round(9)
    return (rng.normal(size=size) + shift).round(9)


SIZES = [(1, 1), (1, 2), (2, 2), (1, 7), (3, 4), (5, 5), (8, 3), (12, 12), (20, 31), (60, 40), (120, 500), (500, 500)]


def mann_whitney_cases():
    cases, lines = [], []
    for (m, n), kind in itertools.product(SIZES, ["continuous", "ties", "heavy"]):
        if kind == "heavy" and m * n > 3000:
            continue
        x, y = sample(kind, m), sample(kind, n, 0.4)
        case = {"name": f"{kind} {m} {n}", "reference": x.tolist(), "observed": y.tolist()}
        case["u"] = float(stats.mannwhitneyu(x, y, method="asymptotic").statistic)
        case["cliff_delta"] = float(np.sign(np.subtract.outer(y, x)).mean())
        pooled = np.concatenate([x, y])
        if len(np.unique(pooled)) > 1:
            case["normal"] = {
                side: float(stats.mannwhitneyu(x, y, alternative=alternative, method="asymptotic").pvalue)
                for side, alternative in SIDES.items()}
            lines.append("wilcox normal " + " ".join(map(repr, x.tolist())) + " | " + " ".join(map(repr, y.tolist())))
            case["r_normal"] = len(lines) - 1
        if len(np.unique(pooled)) == m + n and m * n <= 2500:
            case["exact"] = {side: float(stats.mannwhitneyu(x, y, alternative=alternative, method="exact").pvalue)
                             for side, alternative in SIDES.items()}
        if math.comb(m + n, n) <= 1000:
            sizes = [(m, n)]
            ranks = stats.rankdata(pooled)
            def centred(chosen):
                return ranks[chosen[0]].sum() - n * (m + n + 1) / 2
            case["enumerated"] = {"two_sided": exact_p(sizes, lambda c: abs(centred(c))),
                                  "observed_greater": exact_p(sizes, centred),
                                  "observed_less": exact_p(sizes, lambda c: -centred(c))}
        cases.append(case)
    answers = r_answers(lines)
    for case in cases:
        if "r_normal" in case:
            case["r_normal"] = dict(zip(SIDES, map(float, answers[case["r_normal"]].split())))
    return cases


def tail_cases():
    wanted = [(1, 10000, 4), (2, 5000, 3), (10, 1000, 4000), (10, 10, 0), (10, 10, 20), (30, 50, 300), (30, 50, 749),
              (100, 100, 0), (100, 100, 200), (100, 100, 2500), (100, 100, 4000), (100, 100, 5000), (50, 120, 1500)]
    answers = r_answers([f"pwilcox {m} {n} {q}" for m, n, q in wanted])
    return [{"m": m, "n": n, "u": q, "p": float(p)} for (m, n, q), p in zip(wanted, answers)]


def van_elteren_cases():
    cases = []
    designs = [[(1, 1)], [(2, 2), (3, 2)], [(1, 1)] * 8, [(2, 2), (1, 3), (2, 1)], [(10, 5), (3, 8), (25, 40)],
               [(4, 4)] * 30, [(500, 200), (1, 300), (40, 40)]]
    for design, kind in itertools.product(designs, ["continuous", "ties"]):
        strata = [(sample(kind, m), sample(kind, n, 0.3)) for m, n in design]
        statistic = variance = upper = 0.0
        ranks = []
        for x, y in strata:
            m, n = len(x), len(y)
            r = stats.rankdata(np.concatenate([x, y]))
            ranks.append(r)
            w = 1 / (m + n + 1)
            statistic += w * (r[m:].sum() - n * (m + n + 1) / 2)
            # Variance of a sum of n of N midranks drawn without replacement.
            variance += w * w * n * m / (m + n) * r.var(ddof=1)
            upper += w * m * n / 2
        case = {"name": f"{kind} {len(design)} strata",
                "strata": [[x.tolist(), y.tolist()] for x, y in strata],
                "statistic": statistic, "effect": statistic / upper}
        if variance > 0:
            z = statistic / math.sqrt(variance)
            case["normal"] = {"two_sided": 2 * stats.norm.sf(abs(z)), "observed_greater": stats.norm.sf(z),
                              "observed_less": stats.norm.sf(-z)}
        if math.prod(math.comb(m + n, n) for m, n in design) <= 1000:
            def value(chosen):
                return sum((r[c].sum() - len(c) * (len(r) + 1) / 2) / (len(r) + 1) for r, c in zip(ranks, chosen))
            case["enumerated"] = {"two_sided": exact_p(design, lambda c: abs(value(c))),
                                  "observed_greater": exact_p(design, value),
                                  "observed_less": exact_p(design, lambda c: -value(c))}
        cases.append(case)
    return cases


def table_of(x, y):
    table = np.array([x, y])
    return table[:, table.sum(axis=0) > 0]


def table_statistic(x, y, name):
    table = table_of(x, y)
    if table.shape[1] < 2:
        return 0.0, 0
    result = stats.chi2_contingency(table, correction=False, lambda_=name)
    return float(result.statistic), int(result.dof)


def contingency_cases():
    cases = []
    raw = [([[1, 0]], [[0, 1]]), ([[3, 2]], [[0, 4]]), ([[5, 0, 1]], [[1, 0, 4]]), ([[7, 0]], [[9, 0]]),
           ([[10, 20, 30]], [[14, 16, 30]]), ([[100, 0, 3, 250]], [[80, 1, 0, 400]]), ([[2, 1], [3, 0]], [[0, 2], [1, 2]])]
    for categories, m, n in [(2, 500, 500), (12, 300, 80), (40, 500, 500)]:
        p = rng.dirichlet(np.ones(categories))
        raw.append(([rng.multinomial(m, p).tolist()], [rng.multinomial(n, p).tolist()]))
    p = rng.dirichlet(np.ones(5), size=6)
    raw.append(([rng.multinomial(40, q).tolist() for q in p], [rng.multinomial(55, q).tolist() for q in p]))
    for reference, observed in raw:
        case = {"reference": reference, "observed": observed}
        for key, name in [("chi_square", "pearson"), ("likelihood_ratio", "log-likelihood")]:
            parts = [table_statistic(x, y, name) for x, y in zip(reference, observed)]
            total, dof = sum(p[0] for p in parts), sum(p[1] for p in parts)
            case[key] = {"statistic": total, "p": float(stats.chi2.sf(total, dof)) if dof else 1.0}
            sizes = [(sum(x), sum(y)) for x, y in zip(reference, observed)]
            if math.prod(math.comb(m + n, n) for m, n in sizes) <= 1000:
                items = [np.concatenate([np.repeat(np.arange(len(x)), x), np.repeat(np.arange(len(y)), y)])
                         for x, y in zip(reference, observed)]
                def value(chosen, name=name):
                    sum_of_parts = 0.0
                    for pooled, c in zip(items, chosen):
                        a, b = split(pooled, c)
                        k = pooled.max() + 1
                        sum_of_parts += table_statistic(np.bincount(a, minlength=k), np.bincount(b, minlength=k), name)[0]
                    return sum_of_parts
                case[key]["enumerated"] = exact_p(sizes, value)
        if len(reference) == 1 and table_of(reference[0], observed[0]).shape[1] > 1:
            case["cramer_v"] = float(association(table_of(reference[0], observed[0]), method="cramer"))
        cases.append(case)
    return cases


def energy_by_definition(x, y):
    return 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()


def energy_cases():
    cases = []
    for (m, n), kind in itertools.product(SIZES, ["continuous", "ties", "heavy"]):
        if kind == "heavy" and m * n > 3000:
            continue
        x, y = sample(kind, m).astype(float), sample(kind, n, 0.4).astype(float)
        energy, between = float(stats.energy_distance(x, y)) ** 2, float(np.abs(np.subtract.outer(x, y)).mean())
        case = {"name": f"{kind} {m} {n}", "reference": x.tolist(), "observed": y.tolist(), "energy": energy,
                "coefficient": energy / (2 * between) if between > 0 else 0.0}
        if math.comb(m + n, n) <= 1000:
            pooled = np.concatenate([x, y])
            case["enumerated"] = exact_p([(m, n)], lambda c: stats.energy_distance(*split(pooled, c[0])) ** 2)
        cases.append(case)
    return cases


def multivariate_energy_cases():
    cases = []
    for m, n, d in [(1, 1, 1), (2, 3, 2), (4, 4, 3), (30, 17, 5), (60, 60, 2), (1, 40, 8)]:
        x = (rng.normal(size=(m, d)) + 1000).round(6)
        y = (rng.normal(0.5, size=(n, d)) + 1000).round(6)
        energy = float(energy_by_definition(x, y))
        case = {"reference": x.tolist(), "observed": y.tolist(), "energy": energy,
                "coefficient": energy / (2 * float(cdist(x, y).mean()))}
        if math.comb(m + n, n) <= 1000:
            pooled = np.concatenate([x, y])
            case["enumerated"] = exact_p([(m, n)], lambda c: energy_by_definition(*split(pooled, c[0])))
        cases.append(case)
    return cases


def uniformity_cases():
    cases = []
    for n in [2, 5, 30, 200, 500]:
        u = rng.uniform(size=n).round(12)
        cases.append({"u": u.tolist(), "statistic": float(stats.cramervonmises(u, "uniform").statistic)})
    return cases


def uniformity_limit(x):
    mpmath.mp.dps = 60
    x = mpmath.mpf(x)
    total = mpmath.mpf(0)
    for k in range(60):
        y = 4 * k + 1
        q = mpmath.mpf(y) ** 2 / (16 * x)
        total += (mpmath.gamma(k + mpmath.mpf(1) / 2) / mpmath.factorial(k) * mpmath.sqrt(y) * mpmath.exp(-q)
                  * mpmath.besselk(mpmath.mpf(1) / 4, q))
    return float(1 - total / (mpmath.pi ** mpmath.mpf("1.5") * mpmath.sqrt(x)))


def uniformity_limit_cases():
    return [{"x": x, "p": uniformity_limit(x)} for x in [0.015, 0.03, 0.05, 0.1, 0.2, 0.347, 0.461, 0.743, 1.168, 2, 5, 12]]


def censor(pooled):
    """Keeps as many values of every item as the item with the fewest has; others get the smallest kept value."""
    depth = int((~np.isnan(pooled)).sum(axis=1).min())
    result = np.empty_like(pooled)
    own = np.zeros(pooled.shape, bool)
    for i, row in enumerate(pooled):
        cut = np.sort(row[~np.isnan(row)])[::-1][depth - 1]
        own[i] = np.nan_to_num(row, nan=-np.inf) >= cut
        result[i] = np.where(own[i], row, cut)
    return result[:, own.any(axis=0)]


def logprob_effect(pooled, m):
    x, y = pooled[:m], pooled[m:]
    n = len(y)
    vx = x.var(axis=0, ddof=1) if m > 1 else y.var(axis=0, ddof=1)
    vy = y.var(axis=0, ddof=1) if n > 1 else x.var(axis=0, ddof=1)
    d2 = (x.mean(axis=0) - y.mean(axis=0)) ** 2 - vx / m - vy / n
    return float((np.sign(d2) * np.sqrt(np.abs(d2))).mean())


def logprob_cases():
    cases = []
    for design, tokens, missing in [([(1, 1)], 3, 0.0), ([(3, 4)], 1, 0.0), ([(2, 2), (1, 3)], 4, 0.3),
                                    ([(9, 5), (4, 7), (2, 2)], 11, 0.4), ([(60, 35)], 40, 0.1), ([(500, 1)], 5, 0.0)]:
        strata, tables = [], []
        for m, n in design:
            pooled = -rng.exponential(3, size=(m + n, tokens)).round(6)
            pooled[m:] -= 0.2
            hidden = rng.uniform(size=pooled.shape) < missing
            hidden[np.arange(m + n), rng.integers(0, tokens, m + n)] = False
            pooled[hidden] = np.nan
            tables.append(censor(pooled))
            rows = [[None if math.isnan(v) else v for v in row] for row in pooled.tolist()]
            strata.append({"reference": rows[:m], "observed": rows[m:]})
        def value(chosen):
            parts = []
            for table, c in zip(tables, chosen):
                a, b = split(table, c)
                parts.append(np.abs(a.mean(axis=0) - b.mean(axis=0)).mean())
            return float(np.mean(parts))
        large = [(t, m) for t, (m, n) in zip(tables, design) if m + n >= 3]
        case = {"strata": strata, "statistic": value([np.arange(m, m + n) for m, n in design])}
        case["effect"] = float(np.mean([logprob_effect(t, m) for t, m in large])) if large else case["statistic"]
        if math.prod(math.comb(m + n, n) for m, n in design) <= 1000:
            case["enumerated"] = exact_p(design, value)
        cases.append(case)
    return cases


versions = f"python {sys.version.split()[0]}, numpy {np.__version__}, scipy {scipy.__version__}, mpmath {mpmath.__version__}"
json.dump({"made_with": f"{versions}, {r_answers(['version'])[0].strip()}; {datetime.date.today()}",
           "mann_whitney": mann_whitney_cases(), "rank_sum_tails": tail_cases(), "van_elteren": van_elteren_cases(),
           "contingency": contingency_cases(), "energy": energy_cases(),
           "multivariate_energy": multivariate_energy_cases(), "uniformity": uniformity_cases(),
           "uniformity_limit": uniformity_limit_cases(), "logprob": logprob_cases()}, sys.stdout)
print()
