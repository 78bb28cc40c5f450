"""The tasks of stats_peers_bench.cc as NumPy and SciPy users would write them.

Usage: stats_peers.py INPUTS TASK [REPETITIONS]

INPUTS is the folder that `stats_peers_bench --peer_inputs=INPUTS` has filled. Prints one JSON
object: the seconds of every repetition, processor time and wall clock, and the statistic and
p-value that were found. A repetition is everything from the raw samples to the p-value: building
kernels and drawing relabelings are part of it, reading the files and importing modules are not.
"""

import json
import math
import pathlib
import sys
import time
import warnings

import numpy as np
import scipy
from scipy import special, stats

SEED = 1
# A repetition calls a short task so often that it lasts at least this many seconds.
SHORTEST_REPETITION = 0.02


def permutation_p_value(observed, relabeled):
    """(1 + number of relabelings that reach the observed statistic) / (1 + their number)."""
    threshold = observed - 1e-9 * max(abs(observed), np.abs(relabeled).max())
    return (1 + np.count_nonzero(relabeled >= threshold)) / (1 + len(relabeled))


def group_labels(n_reference, n_observed):
    """0 for reference items, 1 for observed ones, as floating-point numbers for products."""
    return np.repeat([0.0, 1.0], [n_reference, n_observed])


def shuffled_rows(rng, row, leading):
    """Array of shape (*leading, len(row)): copies of `row`, each shuffled by itself.

    By tile() and not by broadcast_to(), which uses less memory: permuted() keeps the memory order
    of its input, and a broadcast one makes rows that are not contiguous.
    """
    return rng.permuted(np.tile(row, (*leading, 1)), axis=-1)


# --- Hamming kernel, MMD --------------------------------------------------------------------------

def hamming_kernel(texts):
    """Share of equal characters of every pair of rows.

    One row against all later rows: as fast as the other plain ways or faster. All pairs at once
    need N^2 x length bytes, products of one-hot matrices take several times as long.
    """
    n, length = texts.shape
    kernel = np.zeros((n, n))
    for i in range(n):
        kernel[i, i:] = (texts[i:] == texts[i]).sum(axis=1)
    kernel += np.triu(kernel, 1).T
    return kernel / length


def mmd_of_labels(kernel, labels, n_observed):
    """Unbiased squared MMD for every row of 0/1 labels.

    `kernel` is (..., N, N) with a zero diagonal, `labels` (..., relabelings, N). One product.
    """
    n_reference = labels.shape[-1] - n_observed
    rows = labels @ kernel
    within_observed = np.einsum("...bi,...bi->...b", rows, labels)
    observed_with_all = rows.sum(axis=-1)
    between = observed_with_all - within_observed
    within_reference = kernel.sum(axis=(-2, -1))[..., None] - observed_with_all - between
    return (within_observed / (n_observed * (n_observed - 1))
            + within_reference / (n_reference * (n_reference - 1))
            - 2 * between / (n_reference * n_observed))


def hamming_strata(inputs, rng):
    """25 strata of 10 + 10 texts: all kernels, then one batched product for all relabelings."""
    texts = inputs["hamming_strata"]
    strata, n = texts.shape[:2]
    kernel = np.array([hamming_kernel(stratum) for stratum in texts])
    kernel[:, np.arange(n), np.arange(n)] = 0
    labels = group_labels(n // 2, n // 2)
    observed = mmd_of_labels(kernel, labels[None, :], n // 2).mean()
    shuffled = shuffled_rows(rng, labels, (strata, 1000))
    return observed, permutation_p_value(
        observed, mmd_of_labels(kernel, shuffled, n // 2).mean(axis=0))


def hamming_one(inputs, rng):
    """One stratum of 250 + 250 texts."""
    texts = inputs["hamming_one"]
    n = len(texts)
    kernel = hamming_kernel(texts)
    np.fill_diagonal(kernel, 0)
    labels = group_labels(n // 2, n // 2)
    observed = mmd_of_labels(kernel, labels[None, :], n // 2)[0]
    shuffled = shuffled_rows(rng, labels, (1000,))
    return observed, permutation_p_value(observed, mmd_of_labels(kernel, shuffled, n // 2))


# --- Numbers --------------------------------------------------------------------------------------

def scipy_permutation(inputs, rng, statistic):
    """SciPy's permutation test of two samples, large values against the null."""
    result = stats.permutation_test(
        (inputs["sample_reference"], inputs["sample_observed"]), statistic, vectorized=False,
        n_resamples=1000, alternative="greater", random_state=rng)
    return result.statistic, result.pvalue


def ks_permutation(inputs, rng):
    """Kolmogorov-Smirnov; the limiting p-value inside is the cheapest that ks_2samp offers."""
    return scipy_permutation(
        inputs, rng, lambda x, y: stats.ks_2samp(x, y, method="asymp").statistic)


def ks_permutation_numpy(inputs, rng):
    """The same without SciPy: one sort, then cumulative sums of all relabelings at once."""
    pooled = np.concatenate([inputs["sample_reference"], inputs["sample_observed"]])
    n_reference = len(inputs["sample_reference"])
    n_observed = len(pooled) - n_reference
    order = np.argsort(pooled, kind="stable")
    last_of_ties = np.append(np.diff(pooled[order]) > 0, True)
    steps = np.repeat([1 / n_reference, -1 / n_observed], [n_reference, n_observed])

    def largest_gap(ordered_steps):
        gaps = np.cumsum(ordered_steps, axis=-1)
        return np.abs(gaps, out=gaps).max(axis=-1, initial=0, where=last_of_ties)

    observed = largest_gap(steps[order])
    shuffled = shuffled_rows(rng, steps, (1000,))
    return observed, permutation_p_value(observed, largest_gap(shuffled))


def energy_permutation(inputs, rng):
    """Energy distance; SciPy's is the square root, which leaves the p-value as it is."""
    root, p_value = scipy_permutation(inputs, rng, stats.energy_distance)
    return root ** 2, p_value


def logprob_difference(inputs, rng):
    """Mean over tokens of the absolute difference of means, all relabelings in one product."""
    reference, observed = inputs["logprob_reference"], inputs["logprob_observed"]
    n_reference, n_observed = len(reference), len(observed)
    values = np.concatenate([reference, observed])
    total = values.sum(axis=0)
    labels = group_labels(n_reference, n_observed)

    def difference(rows):
        sums = rows @ values
        return np.abs(sums / n_observed - (total - sums) / n_reference).mean(axis=-1)

    statistic = difference(labels)
    shuffled = shuffled_rows(rng, labels, (1000,))
    return statistic, permutation_p_value(statistic, difference(shuffled))


def large(test):
    """A task that runs `test` on every pair of large samples."""
    def task(inputs, rng):
        del rng
        for reference, observed in zip(inputs["large_reference"], inputs["large_observed"]):
            result = test(reference, observed)
        return result.statistic, result.pvalue
    return task


# --- Counts ---------------------------------------------------------------------------------------

def choice_divergence(inputs, rng):
    """Jensen-Shannon divergence in bits, mean of the cells, 9,999 relabelings.

    Relabeled counts are multivariate hypergeometric (method "count" is the faster one here); what a
    count adds to the divergence is looked up in a table per category.
    """
    reference, observed = inputs["choice_reference"], inputs["choice_observed"]
    statistic = 0.0
    relabeled = np.zeros(9999)
    for x, y in zip(reference, observed):
        m, n, pooled = x.sum(), y.sum(), x + y
        count = np.minimum(np.arange(m + 1), pooled[:, None])
        p, q = count / m, (pooled[:, None] - count) / n
        table = special.entr((p + q) / 2) - (special.entr(p) + special.entr(q)) / 2
        statistic += table[np.arange(len(x)), x].sum()
        draws = rng.multivariate_hypergeometric(pooled, m, size=9999, method="count")
        for k, row in enumerate(table):
            relabeled += row.take(draws[:, k])
    scale = len(reference) * math.log(2)
    return statistic / scale, permutation_p_value(statistic, relabeled)


# --- Sequential -----------------------------------------------------------------------------------

class ConformalMixture:
    """Mixture of power martingales on smoothed conformal p-values of categorical cells.

    The update of pinchbeck's ConformalEProcess in plain Python: the bets are kept as sums of
    logarithms, and the wealth is added up only when it may be a new maximum.
    """

    EXPONENTS = (0.1, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
    SHARES = (0.25, 1.0)

    def __init__(self, reference_counts):
        self.counts = [list(row) for row in reference_counts]
        self.totals = [sum(row) for row in self.counts]
        self.powers = [(math.log(kappa), 1 - kappa) for kappa in self.EXPONENTS]
        self.bets = 0
        self.sum_low = 0.0
        self.sum_high = 0.0
        self.sums_both = [0.0] * len(self.SHARES)
        self.bound = 0.0
        self.max_log_wealth = 0.0

    def update(self, cell, category, u):
        """Takes the next response; u, between 0 and 1, breaks ties."""
        counts = self.counts[cell]
        counts[category] += 1
        self.totals[cell] += 1
        total = self.totals[cell]
        own = counts[category]
        stranger = tied = 0
        for count in counts:
            if count < own:
                stranger += count
            elif count == own:
                tied += count
        p = (stranger + u * tied) / total
        complement = (total - stranger - tied + (1 - u) * tied) / total
        low, high = -math.log(p), -math.log(complement)
        self.bets += 1
        self.sum_low += low
        self.sum_high += high
        both = 0.25 / math.sqrt(p) + 0.25 / math.sqrt(complement)
        largest = 0.0
        for i, share in enumerate(self.SHARES):
            gain = math.log(1 - share + share * both)
            self.sums_both[i] += gain
            largest = max(largest, gain)
        steepest = max(low, high)
        if steepest > 1:
            for log_exponent, rest in self.powers:
                largest = max(largest, log_exponent + rest * steepest)
        self.bound += largest
        if self.bound >= self.max_log_wealth - 1e-6:
            self.bound = self.log_wealth()
            self.max_log_wealth = max(self.max_log_wealth, self.bound)

    def log_wealth(self):
        """Logarithm of the mixture: a third each on small p, on large p and on both ends."""
        powers = [self.bets * log_exponent + rest * total
                  for total in (self.sum_low, self.sum_high) for log_exponent, rest in self.powers]
        top = max(max(powers), max(self.sums_both))
        mean_power = sum(math.exp(value - top) for value in powers) / len(self.powers)
        mean_both = sum(math.exp(value - top) for value in self.sums_both) / len(self.SHARES)
        return top + math.log((mean_power + mean_both) / 3)


def e_process(inputs, rng):
    """All streams of responses; the statistic is the last one's final log wealth."""
    del rng
    for categories in inputs["stream_categories"]:
        process = ConformalMixture(inputs["stream_reference"])
        for cell, category, u in zip(inputs["stream_cells"], categories, inputs["stream_uniforms"]):
            process.update(cell, category, u)
    return process.log_wealth(), math.exp(-process.max_log_wealth)


TASKS = {
    "hamming_strata": hamming_strata,
    "hamming_one": hamming_one,
    "ks_permutation": ks_permutation,
    "ks_permutation_numpy": ks_permutation_numpy,
    "energy_permutation": energy_permutation,
    "logprob_difference": logprob_difference,
    "choice_divergence": choice_divergence,
    "anderson_darling": large(lambda x, y: stats.anderson_ksamp([x, y])),
    "cramer_von_mises": large(
        lambda x, y: stats.cramervonmises_2samp(x, y, method="asymptotic")),
    "kolmogorov_smirnov": large(lambda x, y: stats.ks_2samp(x, y, method="asymp")),
    "e_process": e_process,
}

SHAPES = {
    "hamming_strata": (np.uint8, (25, 20, 1000)),
    "hamming_one": (np.uint8, (500, 1000)),
    "sample_reference": (np.float64, (-1,)),
    "sample_observed": (np.float64, (-1,)),
    "large_reference": (np.float64, (-1, 10_000)),
    "large_observed": (np.float64, (-1, 10_000)),
    "logprob_reference": (np.float64, (-1, 40)),
    "logprob_observed": (np.float64, (-1, 40)),
    "choice_reference": (np.int64, (36, -1)),
    "choice_observed": (np.int64, (36, -1)),
    "stream_reference": (np.int64, (36, -1)),
    "stream_cells": (np.int64, (-1,)),
    "stream_categories": (np.int64, (-1, 3_600)),
    "stream_uniforms": (np.float64, (-1,)),
}


def read_inputs(folder):
    """The arrays that stats_peers_bench has written, by name."""
    inputs = {name: np.fromfile(folder / f"{name}.bin", dtype=dtype).reshape(shape)
              for name, (dtype, shape) in SHAPES.items()}
    # Plain Python numbers: NumPy's scalars would slow the e-process down.
    return {name: values.tolist() if name.startswith("stream") else values
            for name, values in inputs.items()}


def loaded_blas():
    """The kind of BLAS that serves NumPy's products in this process, where the system tells."""
    try:
        mapped = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8").lower()
    except OSError:
        return "unknown"
    for name in ("openblas", "mkl", "blis", "atlas"):
        if name in mapped:
            return name
    return "reference" if "libblas" in mapped else "unknown"


def measure(task, inputs, repetitions):
    """Seconds per call of every repetition, and the result of the last call."""
    def run(calls):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            # A new generator each time, so that every repetition does the same work.
            result = task(inputs, np.random.default_rng(SEED))
        return (time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls, result

    run(1)
    calls = max(1, math.ceil(SHORTEST_REPETITION / run(1)[0]))
    runs = [run(calls) for _ in range(repetitions)]
    statistic, p_value = runs[-1][2]
    return {
        "cpu_seconds": [cpu for cpu, _, _ in runs],
        "wall_seconds": [wall for _, wall, _ in runs],
        "statistic": float(statistic),
        "p_value": float(p_value),
    }


def main():
    """Runs one task and prints its figures."""
    if len(sys.argv) not in (3, 4) or sys.argv[2] not in TASKS:
        sys.exit(f"usage: stats_peers.py INPUTS TASK [REPETITIONS]; tasks: {', '.join(TASKS)}")
    repetitions = int(sys.argv[3]) if len(sys.argv) == 4 else 9
    inputs = read_inputs(pathlib.Path(sys.argv[1]))
    # anderson_ksamp says on every call that its p-value is cut off at 0.25.
    warnings.simplefilter("ignore")
    result = measure(TASKS[sys.argv[2]], inputs, repetitions)
    result["versions"] = {"python": sys.version.split()[0], "numpy": np.__version__,
                          "scipy": scipy.__version__, "blas": loaded_blas()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
