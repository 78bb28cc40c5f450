"""Verdicts as tables for notebooks. Nothing that a server or a file says is taken for markup."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pinchbeck
from pinchbeck._plot_data import percent

_CELL = "padding:0.2em 0.8em;text-align:left"
_NUMBER = "padding:0.2em 0.8em;text-align:right;font-variant-numeric:tabular-nums"


def _shown(text: str) -> str:
    """Escaped; what is not printable, marks of writing direction among it, is spelled out."""
    return html.escape("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


def _text(text: str) -> str:
    """Escaped, and in a direction of its own, so that no text turns what stands around it."""
    return f"<bdi>{_shown(text)}</bdi>"


def _number(value: float | None) -> str:
    if value is None:
        return "&ndash;"
    # Smaller ones are what rounding left of sums that cancel.
    return f"{value if value == 0 or abs(value) >= 1e-12 else 0.0:.3g}"


def _words(name: str) -> str:
    return html.escape(name.replace("_", " "))


def _table(head: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]) -> str:
    """`head` has the title and the style of each column; titles and cells are markup already."""
    titles = "".join(f'<th scope="col" style="{style}">{title}</th>' for title, style in head)
    lines = ["".join(f'<td style="{style}">{cell}</td>' for cell, (_, style) in zip(row, head)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<table style="border-collapse:collapse"><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>'


def _details(summary: str, whole: str) -> str:
    shown = "\n".join(_shown(line) for line in whole.split("\n"))
    return f"<details><summary>{summary}</summary><pre>{shown}</pre></details>"


def _list(warnings: Sequence[str]) -> str:
    items = "".join(f"<li>{_text(warning)}</li>" for warning in warnings)
    return f"<ul>{items}</ul>" if items else ""


def _effect(signal: pinchbeck.SignalReport) -> str:
    if signal.effect is None:
        return "&ndash;"
    interval = ""
    if signal.effect_low is not None and signal.effect_high is not None:
        interval = f" [{_number(signal.effect_low)}, {_number(signal.effect_high)}]"
    return f"{_number(signal.effect)}{interval} {_text(signal.effect_unit)}"


def _report_row(signal: pinchbeck.SignalReport) -> list[str]:
    status = _words(signal.status) + ("" if signal.counted else " (does not decide)")
    if not signal.measurable:
        return [_words(signal.signal), f"{status}: {_text(signal.reason)}", "&ndash;", "&ndash;", "&ndash;"]
    p_value = signal.p_value if signal.adjusted_p_value is None else signal.adjusted_p_value
    raw = "" if signal.p_value is None or signal.adjusted_p_value is not None else " (not adjusted)"
    return [_words(signal.signal), status, _number(p_value) + raw, _effect(signal),
            f"{signal.n_observed:,} against {signal.n_reference:,}"]


def report(self: pinchbeck.Report) -> str:
    """The verdict with a row for each signal; the whole text of the report can be opened below."""
    reason = "" if self.reason is None else f" ({_words(self.reason)})"
    p_value = "no p-value" if self.p_value is None else f"p = {_number(self.p_value)} at level {self.alpha:g}"
    lead = (f"<p><strong>{_words(self.verdict)}</strong>{reason}: {self.n_observed:,} observed answers against "
            f"{self.n_reference:,} of the reference of {_text(self.model)}; {p_value}, claim {_words(self.claim)}</p>")
    head = [("Signal", _CELL), ("Status", _CELL), ("p, adjusted", _NUMBER), ("Effect [95 % interval]", _CELL),
            ("Answers", _NUMBER)]
    whole = _details("The whole report, with its limits and innocent causes", str(self))
    return lead + _table(head, [_report_row(signal) for signal in self.signals]) + _list(self.warnings) + whole


def identification(self: pinchbeck.Identification) -> str:
    """The verdict with a row for each stored model."""
    reason = "" if self.reason is None else f" ({_words(self.reason)})"
    lead = f"<p><strong>{_words(self.verdict)}</strong>{reason}: {self.n_observed:,} answers, level {self.alpha:g}</p>"
    head = [("Model", _CELL), ("Share among these", _NUMBER), ("p of its fit", _NUMBER)]
    rows = [[_text(m.model), percent(m.posterior), _number(m.p_value)] for m in self.ranking]
    rows += [[_text(m.model), "&ndash;", f"not comparable: {_text(m.reason)}"] for m in self.not_comparable]
    return lead + _table(head, rows) + _list(self.warnings) + _details("The whole text", str(self))
