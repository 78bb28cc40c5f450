"""Pictures of samples, monitors and identifications; needs matplotlib (Debian: python3-matplotlib).

Every function draws on `ax`, or on a figure of its own, and returns the Axes. Reference and observed answers differ in
colour and in shape, so that the pictures survive a printer and colour-blind eyes. A picture shows what was measured;
whether it is more than chance is for verify() to say.
"""

from __future__ import annotations

import collections
import importlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import pinchbeck
from pinchbeck import _plot_data as _data

# An Axes of matplotlib, which has no types in all versions.
Axes = Any

__all__ = ["answer_histogram", "e_process", "ecdf", "latency_quantiles", "logprob_scatter", "posterior"]

# From the palette of Okabe and Ito, which the common kinds of colour blindness can tell apart.
_REFERENCE, _OBSERVED, _OTHER, _INK = "#0072B2", "#D55E00", "#999999", "#444444"
_LONGEST_LABEL = 28


def _axes(ax: Axes | None, height: float = 4.2) -> Axes:
    if ax is None:
        try:
            # By name: not every matplotlib has types.
            pyplot = importlib.import_module("matplotlib.pyplot")
        except ImportError as error:
            raise ImportError("plots need matplotlib (Debian: python3-matplotlib)") from error
        ax = pyplot.subplots(figsize=(7, height), layout="constrained")[1]
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.set_axisbelow(True)
    return ax


def _visible(text: str) -> str:
    """Printable, and another one for every text."""
    return "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text)


def _label(text: str) -> str:
    """Text of a server for matplotlib: short, printable, and no formula."""
    shown = _visible(text)
    if len(shown) > _LONGEST_LABEL:
        shown = shown[: _LONGEST_LABEL - 3] + "..."
    if shown != shown.strip() or not shown:
        shown = f'"{shown}"'
    return shown.replace("$", r"\$")


def _answer_labels(answers: Sequence[str]) -> list[str]:
    """A label for each answer, different for different answers, and unlike a note in parentheses.

    Only what begins with a letter, a digit or a sign of a number stands bare; a quoted label ends with its quotation
    mark, and a shortened one does not, with a number where others begin alike.
    """
    labels = []
    alike: dict[str, int] = collections.Counter()
    for answer in answers:
        shown = _visible(answer)
        if len(shown) > _LONGEST_LABEL:
            begin = f'"{shown[:_LONGEST_LABEL - 8]}"...'
            alike[begin] += 1
            shown = begin + (f" #{alike[begin]}" if alike[begin] > 1 else "")
        elif shown != shown.strip() or not (shown[:1].isalnum() or shown[:1] in tuple("+-.$\\")):
            shown = f'"{shown}"'
        labels.append(shown.replace("$", r"\$"))
    return labels


def _side(name: str, answers: int, note: str = "") -> str:
    return f"{name} ({answers:,} answer{'' if answers == 1 else 's'}{note})"


def answer_histogram(
    reference: pinchbeck.Fingerprint,
    observed: pinchbeck.RecordingLike,
    probe: str | None = None,
    *,
    most: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """How often each answer to one probe was given, as shares with 95 % intervals (Clopper and Pearson).

    Without `probe` it is the one with the most observed answers, not the one that differs most. The `most` commonest
    answers have bars of their own; the rest share one behind a dotted line, named in parentheses. An answer that does not
    begin like a word or a number stands in quotation marks.

    >>> import pinchbeck
    >>> def answers(numbers):
    ...     return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": str(n)}} for n in numbers])
    >>> fingerprint = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="m").fingerprint
    >>> ax = pinchbeck.plot.answer_histogram(fingerprint, answers([i % 3 for i in range(60)]))
    >>> round(ax.patches[0].get_height(), 6)    # percent of the reference's answers that are "0"
    10.0
    """
    probe, counts = _data.choices(reference, observed, probe)
    rows = _data.commonest(counts, most)
    others = rows[-1].others
    totals = [sum(side.values()) for side in counts]
    ax = _axes(ax)
    places = np.arange(len(rows))
    for side, (name, colour, hatch) in enumerate([("reference", _REFERENCE, ""), ("observed", _OBSERVED, "///")]):
        intervals = [pinchbeck.stats.clopper_pearson(row.counts[side], totals[side], 0.95) for row in rows]
        shares = np.array([100 * row.counts[side] / totals[side] for row in rows])
        low = shares - [100 * interval.low for interval in intervals]
        high = [100 * interval.high for interval in intervals] - shares
        ax.bar(places + 0.4 * side - 0.2, shares, 0.38, color=colour, hatch=hatch, edgecolor="white", linewidth=0,
               yerr=np.maximum(0, [low, high]), error_kw={"ecolor": _INK, "elinewidth": 0.8, "capsize": 2},
               label=_side(name, totals[side]))
    labels = _answer_labels([row.answer for row in rows if row.others is None])
    if others is not None:
        labels.append(f"({others} other{'' if others == 1 else 's'})")
    crowded = max(map(len, labels)) * len(labels) > 70
    ax.set_xticks(places, labels, rotation=45 if crowded else 0, ha="right" if crowded else "center",
                  rotation_mode="anchor" if crowded else None)
    if others is not None:
        # No answer: set apart by more than words, which an answer could imitate.
        ax.axvline(len(rows) - 1.5, color=_INK, linewidth=0.8, linestyle=":")
        ax.get_xticklabels()[-1].set_style("italic")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Answer")
    ax.set_ylabel("Share of answers [%]")
    ax.set_title(f"Answers to {_label(probe)}")
    ax.grid(axis="y", alpha=0.3)
    ax.legend(frameon=False)
    return ax


def _mark_gap(ax: Axes, where: float, low: float, high: float) -> None:
    ax.plot([where, where], [low, high], color=_INK, linewidth=1.2, marker="_", markersize=8)
    if high - low < 0.12:  # The words would cover the curves: they stand below.
        anchor, offset, align = low, (0, -16), ("center", "top")
    elif where > np.mean(ax.get_xlim()):
        anchor, offset, align = (low + high) / 2, (-8, 0), ("right", "center")
    else:
        anchor, offset, align = (low + high) / 2, (8, 0), ("left", "center")
    ax.annotate(f"largest gap {high - low:.2f}", (where, anchor), xytext=offset, textcoords="offset points",
                ha=align[0], va=align[1], color=_INK)


def ecdf(
    reference: pinchbeck.Fingerprint,
    observed: pinchbeck.RecordingLike,
    probe: str | None = None,
    *,
    quantity: str = "length",
    ax: Axes | None = None,
) -> Axes:
    """Empirical distribution functions of one quantity, with the largest gap between them marked.

    `quantity` is 'length', or a field of Latency. Without `probe` all shared probes are put together, each with the same
    weight on both sides, so that unequal numbers of answers to long and short prompts make no difference.

    >>> import pinchbeck
    >>> def answers(tokens):
    ...     return pinchbeck.Recording.from_dicts(
    ...         [{"probe": "p", "signals": ["token_length"], "response": {"text": "x"}, "usage": {"output_tokens": n}}
    ...          for n in tokens])
    >>> fingerprint = pinchbeck.enroll(answers(range(10, 20)), model="m").fingerprint
    >>> ax = pinchbeck.plot.ecdf(fingerprint, answers(range(15, 25)))
    >>> ax.get_xlabel(), ax.texts[0].get_text()
    ('Output length [tokens]', 'largest gap 0.50')
    """
    sides = _data.quantities(reference, observed, probe, quantity)
    ax = _axes(ax)
    curves = []
    for side, name, colour, style in zip(sides.sides, ["reference", "observed"], [_REFERENCE, _OBSERVED], ["-", "--"]):
        note = f", {side.capped / side.answers:.0%} cut at max_tokens" if side.capped else ""
        values, heights = side.distribution()
        curves.append((values, heights))
        ax.step(np.concatenate([values[:1], values]), np.concatenate([[0.0], heights]), where="post", color=colour,
                linestyle=style, linewidth=1.8, label=_side(name, side.answers, note))
    where, low, high = _data.largest_gap(*curves)
    _mark_gap(ax, where, low, high)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(sides.axis)
    ax.set_ylabel("Share of answers up to this")
    ax.set_title(f"{sides.title} of answers to {_label(sides.probes)}")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="best")
    return ax


def latency_quantiles(
    reference: pinchbeck.Fingerprint,
    observed: pinchbeck.RecordingLike,
    probe: str | None = None,
    *,
    quantity: str = "first_token_s",
    ax: Axes | None = None,
) -> Axes:
    """Quantiles of a field of Latency on both sides. Distance and load of the network move them as well.

    Probes are put together as by ecdf(). A quantile is left out where less than one answer lies beyond it.

    >>> import pinchbeck
    >>> def answers(seconds):
    ...     return pinchbeck.Recording.from_dicts(
    ...         [{"probe": "p", "signals": ["latency"], "response": {"text": "x"}, "timing": {"total_s": s}}
    ...          for s in seconds])
    >>> fingerprint = pinchbeck.enroll(answers([0.2 + i / 100 for i in range(50)]), model="m").fingerprint
    >>> ax = pinchbeck.plot.latency_quantiles(fingerprint, answers([0.1 + i / 200 for i in range(50)]))
    >>> ax.get_ylabel()
    'Time to first token [s]'
    """
    sides = _data.quantities(reference, observed, probe, quantity)
    fewest = min(sides.sides[0].answers, sides.sides[1].answers)
    levels = np.array([q for q in (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
                       if min(q, 1 - q) * fewest >= 1 - 1e-9 or q == 0.5])
    ax = _axes(ax)
    drawn = []
    for side, name, colour, style, marker in zip(
        sides.sides, ["reference", "observed"], [_REFERENCE, _OBSERVED], ["-", "--"], ["o", "s"]
    ):
        values = side.quantiles(levels)
        drawn.append(values)
        ax.plot(np.arange(len(levels)), values, color=colour, linestyle=style, marker=marker, linewidth=1.8,
                label=_side(name, side.answers))
    smallest, largest = float(np.min(drawn)), float(np.max(drawn))
    if smallest > 0 and largest / smallest > 10:
        ax.set_yscale("log")
        # Plain numbers: powers of ten are hard to read as seconds.
        ax.yaxis.get_major_locator().set_params(subs=(1.0, 2.0, 5.0))
        ax.yaxis.set_major_formatter(lambda value, place: f"{value:g}")
        ax.yaxis.set_minor_formatter(lambda value, place: "")
    else:
        ax.set_ylim(bottom=min(0, smallest))
    ax.set_xticks(np.arange(len(levels)), [f"{100 * level:g}" for level in levels])
    ax.set_xlabel("Quantile [%]")
    ax.set_ylabel(sides.axis)
    ax.set_title(f"{sides.title}, answers to {_label(sides.probes)}")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return ax


def logprob_scatter(
    reference: pinchbeck.Fingerprint,
    observed: pinchbeck.RecordingLike,
    probe: str | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Log-probabilities of first tokens on both sides, a point for each token of each probe; equal ones lie on the line.

    Means over the answers that list the token. A token that only one side lists has no value on the other one: it stands
    as a triangle at that axis.

    >>> import pinchbeck
    >>> def answers(a, b):
    ...     top = [{"token": "a", "logprob": a}, {"token": "b", "logprob": b}]
    ...     return pinchbeck.Recording.from_dicts([
    ...         {"probe": "p", "signals": ["logprob"], "request": {"temperature": 0.0, "max_tokens": 1},
    ...          "response": {"text": "a"}, "logprobs": [{"token": "a", "logprob": a, "top": top}]} for _ in range(4)])
    >>> fingerprint = pinchbeck.enroll(answers(-0.5, -1.5), model="m").fingerprint
    >>> ax = pinchbeck.plot.logprob_scatter(fingerprint, answers(-0.25, -2.0))
    >>> ax.collections[0].get_offsets().tolist()
    [[-0.5, -0.25], [-1.5, -2.0]]
    """
    pairs, probes = _data.logprobs(reference, observed, probe)
    both = np.array([pair for pair in pairs if None not in pair], dtype=float).reshape(-1, 2)
    known = [value for pair in pairs for value in pair if value is not None]
    top, bottom = max(known), min(known)
    room = 0.06 * max(top - bottom, 0.1)
    limits = (bottom - 2 * room, top + room)
    ax = _axes(ax)
    ax.plot(limits, limits, color=_INK, linewidth=1, label="equal")
    ax.scatter(both[:, 0], both[:, 1], s=22, color=_REFERENCE, alpha=0.6, linewidths=0,
               label=f"{len(both):,} tokens on both sides")
    edge = bottom - room
    for side, name, marker in [(0, "reference", "v"), (1, "observed", "<")]:
        alone = [pair[side] for pair in pairs if pair[1 - side] is None]
        if alone:
            x, y = (alone, [edge] * len(alone)) if side == 0 else ([edge] * len(alone), alone)
            ax.scatter(x, y, s=26, marker=marker, facecolors="none", edgecolors=_OBSERVED, linewidths=1,
                       label=f"{len(alone):,} listed by the {name} only")
    ax.set_xlim(limits)
    ax.set_ylim(limits)
    ax.set_aspect("equal", adjustable="box")
    ax.set_xlabel("Reference log-probability [nats]")
    ax.set_ylabel("Observed log-probability [nats]")
    ax.set_title(f"First tokens of answers to {_label(probes)}")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)
    return ax


def e_process(decisions: Sequence[pinchbeck.MonitorDecision], monitor: pinchbeck.Monitor, *, ax: Axes | None = None) -> Axes:
    """The path of a monitor's evidence, with the threshold of its alarm.

    `decisions` are what monitor.step() gave, in order. The evidence may be read at any time: under an unchanged endpoint it
    ever reaches the threshold 1 / alpha with chance alpha at most. With `mean_run` the e-detector is drawn as well.

    >>> import pinchbeck
    >>> answers = [{"probe": "p", "response": {"text": str(i % 10)}} for i in range(400)]
    >>> fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="m").fingerprint
    >>> monitor = pinchbeck.Monitor(fingerprint)
    >>> decisions = [monitor.step({"probe": "p", "response": {"text": str(i % 2)}}) for i in range(60)]
    >>> ax = pinchbeck.plot.e_process(decisions, monitor)
    >>> len(ax.lines[0].get_xdata()), ax.lines[1].get_ydata()[0]
    (60, 2.0)
    """
    if not decisions:
        raise ValueError("decisions is empty; give what monitor.step() returned, one for each observation")
    design = monitor.to_dict()
    numbers = [decision.observations for decision in decisions]
    ax = _axes(ax)
    ax.plot(numbers, [d.log10_e_value for d in decisions], color=_REFERENCE, linewidth=1.8, label="e-process")
    ax.axhline(-math.log10(design["alpha"]), color=_OBSERVED, linestyle="--", linewidth=1.4,
               label=f"threshold 1 / {design['alpha']:g}")
    if design["mean_run"] is not None:
        path = [math.nan if d.log10_e_detector is None else d.log10_e_detector for d in decisions]
        ax.plot(numbers, path, color="#009E73", linestyle="-.", linewidth=1.4, label="e-detector")
        ax.axhline(math.log10(design["mean_run"]), color="#009E73", linestyle=":", linewidth=1.4,
                   label=f"its threshold {design['mean_run']:,g}")
    last = decisions[-1]
    if last.alarm_at is not None:
        ax.axvline(last.alarm_at, color=_INK, linewidth=1, label=f"alarm at observation {last.alarm_at:,}")
    if last.change_at is not None:
        ax.axvline(last.change_at, color=_INK, linestyle=":", linewidth=1,
                   label=f"change put at observation {last.change_at:,}")
    ax.set_xlim(0, max(numbers[-1], 1))
    ax.set_xlabel("Observation")
    ax.set_ylabel("Evidence [log10 of the e-value]")
    ax.set_title(f"Monitor of {_label(monitor.model)}: {last.verdict}")
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, loc="best", fontsize="small")
    return ax


def posterior(identification: pinchbeck.Identification, *, most: int = 10, ax: Axes | None = None) -> Axes:
    """Posterior shares of the stored models, with the p-value of each one's fit.

    The shares compare the stored models with each other only: a large share means nothing where the fit is rejected.

    >>> import pinchbeck
    >>> def answers(numbers):
    ...     return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": str(n)}} for n in numbers])
    >>> library = [pinchbeck.enroll(answers([i % n for i in range(400)]), model=f"of {n}").fingerprint for n in (5, 9)]
    >>> found = pinchbeck.identify(library, answers([i % 9 for i in range(90)]))
    >>> [label.get_text() for label in pinchbeck.plot.posterior(found).get_yticklabels()]
    ['of 9', 'of 5']
    """
    ranking = identification.ranking[:most]
    if not ranking:
        raise ValueError(f"no stored model could be compared: {identification.reason or 'the ranking is empty'}")
    ax = _axes(ax, height=1.4 + 0.42 * len(ranking))
    for place, model in enumerate(ranking):
        rejected = model.p_value is not None and model.p_value <= identification.alpha
        accepted = model.p_value is not None and not rejected
        ax.barh(place, 100 * model.posterior, 0.62, color=_REFERENCE if accepted else _OTHER,
                hatch="" if accepted else "///", edgecolor="white", linewidth=0)
        fit = "fit not tested" if model.p_value is None else f"p = {model.p_value:.2g}"
        note = f"{_data.percent(model.posterior)}, {fit}" + (", rejected" if rejected else "")
        inside = model.posterior > 0.6
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"} if inside else None
        ax.annotate(note, (100 * model.posterior, place), xytext=(-6 if inside else 5, 0), bbox=box,
                    textcoords="offset points", va="center", ha="right" if inside else "left", color=_INK)
    ax.set_yticks(range(len(ranking)), [_label(model.model) for model in ranking])
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("Posterior share among the stored models [%]")
    left_out = len(identification.ranking) - len(ranking)
    title = f"Identification: {identification.verdict.replace('_', ' ')} ({identification.n_observed:,} answers)"
    ax.set_title(title + (f"; {left_out} less likely models not shown" if left_out else ""))
    ax.grid(axis="x", alpha=0.3)
    return ax
