#!/usr/bin/env python3
"""Writes kernel.json: kernels, sums over relabelings, MMD and the paired kernel test, from their definitions.

    /usr/bin/python3 tests/golden/make_kernel_golden.py > tests/golden/kernel.json

Every p-value is a full enumeration. Texts are lists of bytes or code points.
"""
import collections
import datetime
import itertools
import json
import sys

import numpy as np

rng = np.random.default_rng(20251)


def hamming(texts, limit):
    """Positions where both texts have an element and the elements agree."""
    return [[sum(a == b for a, b in zip(x[:limit], y[:limit])) for y in texts] for x in texts]


def shared_prefix(texts):
    return [[len(list(itertools.takewhile(lambda p: p[0] == p[1], zip(x, y)))) for y in texts] for x in texts]


def spectrum(texts):
    """Square roots of relative 3-gram frequencies, two boundary marks on each side."""
    vectors = []
    for text in texts:
        marked = ["edge", "edge", *text, "edge", "edge"]
        grams = collections.Counter(tuple(marked[i:i + 3]) for i in range(len(marked) - 2))
        vectors.append({gram: np.sqrt(count / sum(grams.values())) for gram, count in grams.items()})
    return [[float(sum(w * y.get(gram, 0.0) for gram, w in x.items())) for y in vectors] for x in vectors]


def text_cases():
    cases = []
    for alphabet, lengths, limit in [
            (256, [0, 1, 63, 64, 65, 127, 130], 1000),
            (3, [10, 10, 10, 7, 0, 0, 25], 10),
            (2, [300, 200, 256, 255, 257], 250),
            (2, [2048, 2047, 2049, 4100, 1], 5000)]:
        texts = [rng.integers(0, alphabet, n).tolist() for n in lengths]
        texts.append(list(texts[2]))
        texts.append(texts[2][:-1] + [1])
        case = {"bytes": texts, "limit": limit, "hamming": hamming(texts, limit),
                "shared_prefix": shared_prefix(texts)}
        if max(lengths) < 500:
            case["spectrum"] = spectrum(texts)
        cases.append(case)
    return cases


def mmd2(gram, observed):
    """Unbiased; `observed` is a boolean vector. A side with one item has no pairs."""
    total = 0.0
    for side in [np.flatnonzero(observed), np.flatnonzero(~observed)]:
        if len(side) > 1:
            total += np.mean([gram[i, j] for i in side for j in side if i != j])
    return total - 2 * np.mean(gram[np.ix_(observed, ~observed)])


def labelings(m, n):
    for chosen in itertools.combinations(range(m + n), n):
        label = np.zeros(m + n, dtype=bool)
        label[list(chosen)] = True
        yield label


def mmd_cases():
    cases = []
    for sizes, shift, whole in [([(3, 4)], 1.0, False), ([(5, 5)], 0.0, True), ([(1, 4)], 1.0, False),
                                ([(4, 1)], 0.0, True), ([(2, 2), (3, 2)], 1.0, False),
                                ([(2, 1), (1, 3), (2, 2)], 0.5, True)]:
        grams, weights = [], rng.integers(1, 4, len(sizes)).astype(float)
        for m, n in sizes:
            points = rng.normal(size=(m + n, 2))
            points[m:] += shift
            gram = np.exp(-((points[:, None] - points[None]) ** 2).sum(-1) / 2)
            grams.append(np.round(10 * gram) if whole else gram)
        share = weights / weights.sum()
        parts = [[mmd2(gram, label) for label in labelings(*size)] for gram, size in zip(grams, sizes)]
        values = np.array([np.dot(share, combination) for combination in itertools.product(*parts)])
        observed = sum(w * mmd2(gram, np.arange(m + n) >= m) for w, gram, (m, n) in zip(share, grams, sizes))
        cases.append({"sizes": sizes, "weights": weights.tolist(), "grams": [g.tolist() for g in grams],
                      "statistic": float(observed),
                      "p_value": float(np.mean(values >= observed - 1e-9 * np.abs(values).max()))})
    return cases


def paired_cases():
    cases = []
    for k, shift, whole in [(1, 0.0, False), (2, 1.0, False), (5, 1.0, False), (8, 0.3, True), (9, 0.7, False)]:
        x = rng.normal(size=(k, 3))
        points = np.concatenate([x, x + rng.normal(size=(k, 3)) + shift])
        gram = np.exp(-((points[:, None] - points[None]) ** 2).sum(-1) / 4)
        gram = np.round(20 * gram) if whole else gram

        def statistic(signs):
            total = 0.0
            for i in range(k):
                for j in range(k):
                    if i != j:
                        d = gram[i, j] - gram[i, k + j] - gram[k + i, j] + gram[k + i, k + j]
                        total += signs[i] * signs[j] * d
            return total

        values = np.array([statistic(signs) for signs in itertools.product([1, -1], repeat=k)])
        observed = values[0]
        cases.append({"gram": gram.tolist(), "statistic": float(observed),
                      "p_value": float(np.mean(values >= observed - 1e-9 * np.abs(values).max()))})
    return cases


def main():
    points = ["", "a", "\u00e9t\u00e9", "\u4f60\u597d\u4f60\u597d", "\U0001f600\U0001f601", "\u4f60\u597d", "ete"]
    codes = [[ord(c) for c in text] for text in points]
    json.dump({"made_with": f"python {sys.version.split()[0]}, numpy {np.__version__}; {datetime.date.today()}",
               "texts": text_cases(), "code_points": {"codes": codes, "spectrum": spectrum(codes)},
               "mmd": mmd_cases(), "paired": paired_cases()}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
