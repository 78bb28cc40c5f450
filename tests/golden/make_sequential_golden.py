"""Makes sequential.json: an independent, plain implementation of the sequential tests and of the planning figures.

    /usr/bin/python3 tests/golden/make_sequential_golden.py > tests/golden/sequential.json

Everything is computed from the definitions in the headers' comments: whole bags and products instead of running
sums, Philox in integers, SciPy for binomial quantiles, enumeration for the power of a small design.
"""

import bisect
import datetime
import itertools
import json
import math
import platform

import numpy as np
import scipy
from scipy import optimize, special, stats

MASK = 0xFFFFFFFF


def philox(seed, stream):
    """The words of CounterRng(seed, stream)."""
    block = 0
    while True:
        x = [block & MASK, block >> 32, stream & MASK, stream >> 32]
        k = [seed & MASK, seed >> 32]
        for _ in range(10):
            p0, p1 = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
            x = [(p1 >> 32) ^ x[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ x[3] ^ k[1], p0 & MASK]
            k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
        yield from x
        block += 1


def uniforms(seed, stream):
    words = philox(seed, stream)
    while True:
        high, low = next(words) >> 5, next(words) >> 6
        yield ((high << 26) | low) * 2.0**-53


EXPONENTS = [0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98]


def power_bets(p, two_ended):
    bets = [k * p**(k - 1) for k in EXPONENTS]
    if two_ended:
        h = (p**-0.5 + (1 - p)**-0.5) / 4
        bets += [k * (1 - p)**(k - 1) for k in EXPONENTS] + [0.75 + 0.25 * h, h]
    return bets


def bet_weights(two_ended):
    g = len(EXPONENTS)
    return [1 / (3 * g)] * (2 * g) + [1 / 6] * 2 if two_ended else [1 / g] * g


def conformal_case(name, cells, stream, seed):
    """cells: dicts as in ConformalCell; stream: (cell, category or score)."""
    categorical = any("reference_counts" in c for c in cells)
    continuous = any("reference_scores" in c for c in cells)
    alternatives = max(len(c.get("alternative_counts", [])) for c in cells)
    scores = (["rare"] if categorical else []) + (["order", "outer"] if continuous else [])
    shares = len(scores) + (1 if alternatives else 0)
    weights = {s: [w / shares for w in bet_weights(True)] for s in scores}
    for j in range(alternatives):
        weights[j] = [w / (shares * alternatives) for w in bet_weights(False)]
    wealth = {s: np.ones(len(w)) for s, w in weights.items()}
    bags, urns = {}, {}
    for i, cell in enumerate(cells):
        if "reference_counts" in cell:
            bags[i] = [k for k, n in enumerate(cell["reference_counts"]) for _ in range(n)]
        else:
            ties = uniforms(seed, (1 << 63) + i)
            pairs = sorted((v, next(ties)) for v in sorted(cell["reference_scores"]))
            urns[i] = {"pairs": pairs, "gaps": [1] * (len(pairs) + 1)}
    out = {"name": name, "cells": cells, "seed": seed, "stream": stream, "log_wealth": [], "step_e_values": []}
    for t, (i, y) in enumerate(stream):
        rng = uniforms(seed, t)
        u, v = next(rng), next(rng)
        p = {}
        if i in bags:
            bag = bags[i]
            bag.append(y)

            def p_value(score):
                own = score(y)
                return (sum(score(z) > own for z in bag) + u * sum(score(z) == own for z in bag)) / len(bag)

            p["rare"] = p_value(lambda z: -bag.count(z))
            for j, counts in enumerate(cells[i].get("alternative_counts", [])):
                if counts:
                    mass = lambda z: (counts[z] if z < len(counts) else 0) + 0.5
                    p[j] = p_value(lambda z: mass(z) / bag.count(z))
        else:
            pairs, gaps = urns[i]["pairs"], urns[i]["gaps"]
            gap = bisect.bisect_left(pairs, (y, v))
            bins = min(16, len(gaps))
            starts = [b * len(gaps) // bins for b in range(bins)]
            bin_of = [bisect.bisect_right(starts, g) - 1 for g in range(len(gaps))]

            def p_value(score):
                own = score(bin_of[gap])
                total = sum(gaps)
                return (sum(n for g, n in enumerate(gaps) if score(bin_of[g]) > own) +
                        u * sum(n for g, n in enumerate(gaps) if score(bin_of[g]) == own)) / total

            p["order"] = p_value(lambda b: b)
            p["outer"] = p_value(lambda b: abs(2 * b + 1 - bins))
            gaps[gap] += 1
        step = []
        for s in weights:
            e = np.array(power_bets(p[s], s in scores)) if s in p else np.ones(len(weights[s]))
            wealth[s] = wealth[s] * e
            step += list(e)
        out["log_wealth"].append(math.log(sum(np.dot(weights[s], wealth[s]) for s in weights)))
        if t == len(stream) - 1:
            out["step_e_values"] = step
    out["max_log_wealth"] = max(0.0, max(out["log_wealth"]))
    return out


def conformal_cases():
    rng = np.random.default_rng(1)
    categorical = {"reference_counts": [6, 3, 1, 0], "alternative_counts": [[1, 2, 0, 7], [0, 4, 4, 1]]}
    one_alternative = {"reference_counts": [2, 2], "alternative_counts": [[], [9, 1]]}
    opened = {"reference_counts": [1, 2], "open": True}
    continuous = {"reference_scores": rng.normal(size=25).round(3).tolist()}
    tied = {"reference_scores": [1.0, 2.0, 2.0, 2.0, 5.0, 5.0, 7.0]}
    stream = [[int(c), int(rng.integers(0, 4 if c == 0 else 2))] for c in rng.integers(0, 2, 60)]
    cases = [conformal_case("categories and alternatives", [categorical, one_alternative], stream, 7)]
    cases.append(conformal_case("mode collapse", [{"reference_counts": [6, 3, 1, 2]}], [[0, 0]] * 50, 8))
    cases.append(conformal_case("open cell", [opened], [[0, k] for k in [0, 2, 3, 2, 2, 1, 4, 5, 6, 0]], 9))
    stream = [[0, round(x, 3)] for x in rng.normal(0.8, 1, 40).tolist()]
    cases.append(conformal_case("continuous", [continuous], stream, 10))
    stream = [[0, float(x)] for x in rng.choice([0.5, 1, 2, 2, 5, 7, 9], 40)]
    cases.append(conformal_case("ties", [tied], stream, 2**40 + 11))
    stream = [[0, int(rng.integers(0, 4))] if t % 2 else [1, float(rng.choice([1, 2, 5, 9]))] for t in range(50)]
    cases.append(conformal_case("both kinds", [categorical, tied], stream, 12))
    return cases


def betting_bound(values, counts, lower, upper, level, variance):
    if upper == lower:
        return upper
    x = np.repeat((np.array(values) - lower) / (upper - lower), counts)
    best = math.sqrt(2 * math.log(1 / level) / (len(x) * max(variance / (upper - lower)**2, 1e-300)))
    bets = [(min(1, best / 2), 0.25), (min(1, best), 0.5), (min(1, 2 * best), 0.25)]
    capital = lambda m: special.logsumexp([np.log1p(b * (m - x)).sum() for b, _ in bets], b=[w for _, w in bets]) + math.log(level)
    if capital(1.0) < 0:
        return upper
    low = x.mean()
    return lower + (upper - lower) * (optimize.brentq(capital, low, 1, xtol=1e-15, rtol=1e-14))


def bernstein_bound(values, counts, lower, upper, level):
    x = np.repeat((np.array(values) - lower) / (upper - lower), counts)
    n = len(x)
    if n < 2:
        return upper
    bound = x.mean() + math.sqrt(2 * x.var(ddof=1) * math.log(2 / level) / n) + 7 * math.log(2 / level) / (3 * (n - 1))
    return min(upper, lower + (upper - lower) * bound)


def bound_cases():
    cases = []
    for values, counts, lower, upper, level, variance in [
        ([0, 1], [20, 5], 0, 1, 0.01, 0.16), ([0, 1], [40, 0], 0, 1, 0.001, 0.0), ([0.5, 1, 3], [7, 20, 3], 0.2, 4, 0.05, 0.5),
        ([2], [1], 1, 3, 0.05, 1.0), ([0.1, 0.9], [500, 400], 0, 1, 1e-6, 0.2)]:
        cases.append({"values": values, "counts": counts, "lower": lower, "upper": upper, "level": level,
                      "variance": variance, "betting": betting_bound(values, counts, lower, upper, level, variance),
                      "bernstein": bernstein_bound(values, counts, lower, upper, level)})
    return cases


def smooth(counts):
    x = np.array(counts) + 0.5
    return x / x.sum()


def choose_ratio(p, a, fraction, tolerance, n, log_inverse_level, cap=50):
    ratio = np.minimum(cap, a / p)
    levels = sorted(set(ratio))
    if len(levels) > 8:
        levels = [levels[i * (len(levels) - 1) // 7] for i in range(8)]
    q = (1 - fraction) * p + fraction * a
    best = (0.0, None, 0.0)
    for low, high in itertools.combinations(levels, 2):
        for share in (1.0, 0.5, 0.25):
            f = 1 + share * fraction * (np.clip(ratio, low, high) - 1)
            f = f / (p * f).sum()
            variance = (p * f * f).sum() - 1
            width = f.max() - f.min()
            error = math.sqrt(2 * variance * log_inverse_level / n) + width * log_inverse_level / (3 * n)
            growth = (q * np.log(f)).sum() - math.log(min(f.max(), 1 + error) + tolerance * width)
            if growth > best[0]:
                best = (growth, f, variance)
    return best


def ratio_case(name, cells, stream, tolerance, pooled, method, alpha_reference=0.01, fractions=(0.05, 0.1, 0.25, 0.5, 1)):
    J = max(len(c["alternative_counts"]) for c in cells)
    total = sum(sum(c["bound_counts"]) for c in cells)
    components = [(j, q) for j in range(J) for q in fractions]
    bounds = len(components) * (1 if pooled else len(cells))
    chosen = {}
    for i, c in enumerate(cells):
        for j, q in components:
            chosen[i, j, q] = (0.0, None, 0.0)
            if c["alternative_counts"][j]:
                n = total if pooled else sum(c["bound_counts"])
                chosen[i, j, q] = choose_ratio(smooth(c["build_counts"]), smooth(c["alternative_counts"][j]), q, tolerance, n,
                                               math.log(bounds / alpha_reference))
    if pooled:
        used = sum(any(chosen[i, j, q][1] is not None for i in range(len(cells))) for j, q in components)
    else:
        used = sum(r[1] is not None for r in chosen.values())
    level = alpha_reference / max(used, 1)
    mean_bound = betting_bound if method == "betting" else lambda v, n, lo, hi, lv, _: bernstein_bound(v, n, lo, hi, lv)
    e = {}
    for j, q in components:
        fs = [chosen[i, j, q][1] if chosen[i, j, q][1] is not None else np.ones(len(c["build_counts"])) for i, c in enumerate(cells)]
        variances = [chosen[i, j, q][2] for i in range(len(cells))]

        def growth(i, bound):
            if chosen[i, j, q][1] is None:
                return -math.log(bound)
            p, a = smooth(cells[i]["build_counts"]), smooth(cells[i]["alternative_counts"][j])
            return (((1 - q) * p + q * a) * np.log(fs[i] / bound)).sum()

        if pooled:
            scales = [total / (len(cells) * sum(c["bound_counts"])) for c in cells]
            sizes = [sum(c["bound_counts"]) / total for c in cells]
            values = np.concatenate([s * f for s, f in zip(scales, fs)])
            counts = sum((c["bound_counts"] for c in cells), [])
            mean = sum(n * s for n, s in zip(sizes, scales))
            square = sum(n * s * s * (1 + v) for n, s, v in zip(sizes, scales, variances))
            bound = mean_bound(values, counts, values.min(), values.max(), level, max(0, square - mean**2))
            bound += tolerance * np.mean([f.max() - f.min() for f in fs])
            make = np.mean([growth(i, bound) for i in range(len(cells))]) > 0
            for i, f in enumerate(fs):
                e[i, j, q] = f / bound if make else np.ones(len(f))
        else:
            for i, f in enumerate(fs):
                e[i, j, q] = np.ones(len(f))
                if chosen[i, j, q][1] is None:
                    continue
                bound = mean_bound(f, cells[i]["bound_counts"], f.min(), f.max(), level, variances[i])
                bound += tolerance * (f.max() - f.min())
                if growth(i, bound) > 0:
                    e[i, j, q] = f / bound
    log_wealth = []
    for t in range(1, len(stream) + 1):
        log_wealth.append(math.log(np.mean([np.prod([e[i, j, q][k] for i, k in stream[:t]]) for j, q in components])))
    return {"name": name, "cells": cells, "stream": stream, "tolerance": tolerance, "pooled": pooled, "method": method,
            "alpha_reference": alpha_reference, "bets": int(sum((x != 1).any() for x in e.values())),
            "log_wealth": log_wealth, "max_log_wealth": max(0.0, max(log_wealth))}


def ratio_cases():
    rng = np.random.default_rng(2)
    big = {"build_counts": [300, 120, 60, 20], "bound_counts": [1000, 420, 190, 70],
           "alternative_counts": [[20, 30, 30, 20], [5, 1, 1, 1]]}
    partial = {"build_counts": [200, 100], "bound_counts": [800, 400], "alternative_counts": [[], [10, 40]]}
    stream = [[int(i), int(rng.integers(0, 4 if i == 0 else 2))] for i in rng.integers(0, 2, 40)]
    small = [{"build_counts": rng.multinomial(30, [.5, .3, .1, .05, .05]).tolist(),
              "bound_counts": rng.multinomial(40 + 10 * i, [.5, .3, .1, .05, .05]).tolist(),
              "alternative_counts": [rng.multinomial(30, [.1, .2, .3, .3, .1]).tolist()]} for i in range(6)]
    small_stream = [[int(rng.integers(0, 6)), int(rng.integers(0, 5))] for _ in range(40)]
    many = {"build_counts": rng.multinomial(400, np.ones(12) / 12).tolist(),
            "bound_counts": rng.multinomial(4000, np.ones(12) / 12).tolist(),
            "alternative_counts": [rng.multinomial(400, np.arange(1, 13) / 78).tolist()]}
    many_stream = [[0, int(k)] for k in rng.integers(0, 12, 40)]
    return [ratio_case("per cell, no tolerance", [big, partial], stream, 0, False, "betting"),
            ratio_case("per cell, tolerance .05", [big, partial], stream, 0.05, False, "betting"),
            ratio_case("per cell, Bernstein", [big, partial], stream, 0.02, False, "bernstein"),
            ratio_case("pooled, small cells", small, small_stream, 0.02, True, "betting"),
            ratio_case("pooled, Bernstein", small, small_stream, 0, True, "bernstein"),
            ratio_case("twelve categories", [many], many_stream, 0.01, False, "betting")]


def detector_cases():
    rng = np.random.default_rng(3)
    cases = []
    for name, n, weights, make in [("noise then change", 60, [0.5, 0.25, 0.25], lambda t: rng.uniform(0.3, 1.6, 3) * (1 if t < 40 else 1.6)),
                                   ("with zeros and ones", 12, [1.0], lambda t: np.array([[1, 1, 0, 3, 1, 0.5, 1, 2, 2, 1, 1, 0.25][t]], float)),
                                   ("very large", 30, [0.9, 0.1], lambda t: np.array([1e12 if t > 2 else 0.1, 0.5]))]:
        e = [make(t).tolist() for t in range(n)]
        log_statistic, changes = [], []
        for t in range(1, n + 1):
            total, best = 0, None
            for c, w in enumerate(weights):
                # The products pass the largest double but not the largest long double.
                products = [np.prod(np.array([row[c] for row in e[s:t]], np.longdouble)) for s in range(t)]
                total = total + np.longdouble(w) * sum(products)
                top = max(products)
                start = max(s for s in range(t) if products[s] == top) + 1
                if best is None or top > best[0]:
                    best = (top, start)
            log_statistic.append(float(np.log(total)) if total > 0 else None)
            changes.append(best[1])
        cases.append({"name": name, "weights": weights, "e_values": e, "log_statistic": log_statistic, "estimated_change": changes})
    return cases


def clopper_pearson_cases():
    cases = []
    for k, n, c in [(0, 10, 0.95), (10, 10, 0.95), (3, 10, 0.9), (900, 1000, 0.95), (1, 100000, 0.99), (50000, 100000, 0.999)]:
        tail = (1 - c) / 2
        cases.append({"successes": k, "trials": n, "confidence": c,
                      "lower": float(stats.beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0,
                      "upper": float(stats.beta.ppf(1 - tail, k + 1, n - k)) if k < n else 1.0})
    return cases


def enumerated_power(claimed, substitute, share, m, n, alpha):
    """One cell with two categories: the exact power of the test with the exact critical value."""
    p = claimed[1] / sum(claimed)
    q = (1 - share) * p + share * substitute[1] / sum(substitute)
    xlx = lambda x: x * math.log(x) if x > 0 else 0.0
    table = []
    for x in range(m + 1):
        for y in range(n + 1):
            g = xlx(x) + xlx(y) - xlx(x + y) + xlx(m - x) + xlx(n - y) - xlx(m + n - x - y)
            table.append((g, stats.binom.pmf(x, m, p) * stats.binom.pmf(y, n, p), stats.binom.pmf(x, m, p) * stats.binom.pmf(y, n, q)))
    table.sort(key=lambda row: -row[0])
    null = power = reached = 0.0
    i = 0
    while i < len(table):
        j = i
        while j < len(table) and abs(table[j][0] - table[i][0]) < 1e-9:
            j += 1
        null += sum(row[1] for row in table[i:j])
        if null > alpha:
            break
        power += sum(row[2] for row in table[i:j])
        reached = null
        i = j
    return {"claimed": claimed, "substitute": substitute, "share": share, "n_reference": m, "n_observed": n, "alpha": alpha,
            "power": power, "attained_level": reached}


def main():
    result = {"made_with": f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
                           f"{datetime.date.today()}",
              "conformal": conformal_cases(), "bound": bound_cases(), "ratio": ratio_cases(), "detector": detector_cases(),
              "clopper_pearson": clopper_pearson_cases(),
              "power": [enumerated_power([60, 40], [20, 80], 1.0, 30, 20, 0.05), enumerated_power([50, 50], [5, 95], 0.5, 40, 40, 0.05)]}
    print(json.dumps(result))


main()
