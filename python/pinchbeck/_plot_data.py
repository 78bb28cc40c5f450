"""The numbers behind the pictures: what both sides have, and in which weights."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

import pinchbeck

Numbers = NDArray[np.float64]

_UNITS = {"usage": "tokens", "events": "stream events", "characters": "characters"}
_LATENCIES = {
    "first_token_s": ("Time to first token", "s"),
    "median_gap_s": ("Median gap between events", "s"),
    "tokens_per_s": ("Output speed", "tokens/s"),
    "total_per_token_s": ("Whole time per output token", "s"),
}


def _shared(
    reference: pinchbeck.Fingerprint,
    observed: pinchbeck.RecordingLike,
    probe: str | None,
    what: str,
    has: Callable[[pinchbeck.ProbeSample], bool],
) -> list[tuple[str, pinchbeck.ProbeSample, pinchbeck.ProbeSample]]:
    """The probes for which both sides have something; never empty."""
    stored = reference.samples()
    if probe is not None and probe not in stored:
        raise KeyError(f"the fingerprint of {reference.model!r} has no probe {probe!r}")
    found = reference.read_samples(observed)
    names = [name for name in stored if probe is None or name == probe]
    both = [n for n in names if n in found and has(stored[n]) and has(found[n])]
    if not both:
        missing = [side for side, samples in (("the fingerprint", stored), ("the recording", found))
                   if not any(n in samples and has(samples[n]) for n in names)]
        where = "one probe" if probe is None else f"probe {probe!r}"
        raise ValueError(f"nothing to draw: no {what} for {where} in {' and '.join(missing) or 'both'}")
    return [(n, stored[n], found[n]) for n in both]


@dataclasses.dataclass(frozen=True)
class Row:
    """One answer, or all the others together."""

    answer: str
    counts: tuple[int, int]
    others: int | None = None


def choices(
    reference: pinchbeck.Fingerprint, observed: pinchbeck.RecordingLike, probe: str | None
) -> tuple[str, tuple[dict[str, int], dict[str, int]]]:
    """Counts of both sides; without a name, of the probe with the most observed answers."""
    shared = _shared(reference, observed, probe, "choices", lambda sample: bool(sample.choices))

    def answers(row: tuple[str, pinchbeck.ProbeSample, pinchbeck.ProbeSample]) -> int:
        return sum(row[2].choices.values())

    name, stored, found = max(shared, key=answers)
    return name, (stored.choices, found.choices)


def percent(share: float) -> str:
    """A share in words that never call certain or impossible what rounding alone has made 0 or 1."""
    if share < 0.001:
        return "under 0.1 %"
    return "over 99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def _order(row: Row) -> tuple[bool, float, int, str]:
    try:
        number = float(row.answer)
    except ValueError:
        number = math.nan
    # Words that Python alone takes for numbers, such as "nan" and "1_000", are words here.
    if math.isfinite(number) and "_" not in row.answer:
        return False, number, 0, row.answer
    return True, 0.0, -row.counts[0], row.answer


def commonest(counts: tuple[Mapping[str, int], Mapping[str, int]], most: int) -> list[Row]:
    """The answers with the largest shares, numbers first and by size, others by how often the reference gave them."""
    if most < 1:
        raise ValueError(f"most is {most}; it must be 1 or more")
    totals = [max(1, sum(side.values())) for side in counts]
    rows = [Row(answer, (counts[0].get(answer, 0), counts[1].get(answer, 0))) for answer in {**counts[0], **counts[1]}]
    rows.sort(key=lambda row: (-max(row.counts[0] / totals[0], row.counts[1] / totals[1]), row.answer))
    kept = sorted(rows[:most], key=_order)
    rest = rows[most:]
    if rest:
        kept.append(Row("", (sum(r.counts[0] for r in rest), sum(r.counts[1] for r in rest)), len(rest)))
    return kept


@dataclasses.dataclass(frozen=True)
class Side:
    """Values in rising order with weights that add up to 1."""

    values: Numbers
    weights: Numbers
    capped: int

    @property
    def answers(self) -> int:
        return len(self.values)

    def distribution(self) -> tuple[Numbers, Numbers]:
        """The distinct values, and the share of the weight up to each."""
        values, first = np.unique(self.values, return_index=True)
        return values, np.minimum(1, np.cumsum(np.add.reduceat(self.weights, first)))

    def quantiles(self, levels: Numbers) -> Numbers:
        """For each level the smallest value with at least this share of the weight up to it."""
        values, heights = self.distribution()
        places = np.searchsorted(heights, levels - 1e-12)
        return np.asarray(values[np.minimum(places, len(values) - 1)])


@dataclasses.dataclass(frozen=True)
class Quantities:
    """One quantity on both sides."""

    sides: tuple[Side, Side]
    title: str
    axis: str
    probes: str


def _values(sample: pinchbeck.ProbeSample, quantity: str) -> list[float]:
    if quantity == "length":
        return [length.length for length in sample.lengths]
    fields = (getattr(latency, quantity) for latency in sample.latencies)
    return [float(value) for value in fields if value is not None]


def _pool(
    values: Sequence[Sequence[float]],
    weights: Sequence[float],
    samples: Sequence[pinchbeck.ProbeSample],
    quantity: str,
) -> Side:
    """Puts probes together, each with its weight, whatever the number of its answers."""
    pairs = [(value, weight / len(some)) for some, weight in zip(values, weights) for value in some]
    numbers = np.array(sorted(pairs), dtype=np.float64)
    capped = sum(length.capped for sample in samples for length in sample.lengths) if quantity == "length" else 0
    return Side(numbers[:, 0], numbers[:, 1] / numbers[:, 1].sum(), capped)


def quantities(
    reference: pinchbeck.Fingerprint, observed: pinchbeck.RecordingLike, probe: str | None, quantity: str
) -> Quantities:
    """One quantity of the shared probes. A probe weighs the same on both sides: as many answers as both have."""
    if quantity != "length" and quantity not in _LATENCIES:
        raise ValueError(f"quantity is {quantity!r}; it must be one of 'length', {', '.join(map(repr, _LATENCIES))}")
    shared = _shared(reference, observed, probe, quantity, lambda sample: bool(_values(sample, quantity)))
    if quantity == "length":
        sources = sorted({stored.length_source for _, stored, _ in shared})
        if len(sources) > 1:
            raise ValueError(f"lengths are counted in several ways ({', '.join(sources)}); name one probe")
        title, axis = "Length", f"Output length [{_UNITS[sources[0]]}]"
    else:
        title, unit = _LATENCIES[quantity]
        axis = f"{title} [{unit}]"
    values = [(_values(stored, quantity), _values(found, quantity)) for _, stored, found in shared]
    weights = [float(len(a) + len(b)) for a, b in values]
    reference_side = _pool([a for a, _ in values], weights, [stored for _, stored, _ in shared], quantity)
    observed_side = _pool([b for _, b in values], weights, [found for _, _, found in shared], quantity)
    names = shared[0][0] if len(shared) == 1 else f"{len(shared)} probes"
    return Quantities((reference_side, observed_side), title, axis, names)


def largest_gap(a: tuple[Numbers, Numbers], b: tuple[Numbers, Numbers]) -> tuple[float, float, float]:
    """Where two distribution functions lie furthest apart, and their lower and higher value there."""
    grid = np.union1d(a[0], b[0])
    heights = [np.concatenate([[0.0], h])[np.searchsorted(v, grid, side="right")] for v, h in (a, b)]
    place = int(np.argmax(np.abs(heights[0] - heights[1])))
    low, high = sorted((float(heights[0][place]), float(heights[1][place])))
    return float(grid[place]), low, high


def _mean_logprobs(sample: pinchbeck.ProbeSample) -> dict[str, float]:
    listed = collections.defaultdict(list)
    for answer in sample.first_logprobs:
        for token, logprob in answer.items():
            listed[token].append(logprob)
    return {token: sum(values) / len(values) for token, values in listed.items()}


def logprobs(
    reference: pinchbeck.Fingerprint, observed: pinchbeck.RecordingLike, probe: str | None
) -> tuple[list[tuple[float | None, float | None]], str]:
    """Log-probabilities of every token of every shared probe; None where a side does not list it."""
    shared = _shared(reference, observed, probe, "log-probabilities", lambda sample: any(sample.first_logprobs))
    pairs: list[tuple[float | None, float | None]] = []
    for _, stored, found in shared:
        a, b = _mean_logprobs(stored), _mean_logprobs(found)
        pairs += [(a.get(token), b.get(token)) for token in {**a, **b}]
    return pairs, shared[0][0] if len(shared) == 1 else f"{len(shared)} probes"
