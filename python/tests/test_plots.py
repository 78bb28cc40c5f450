"""The pictures show the numbers of the samples, and take nothing a server says for a formula."""

import doctest
import io
import math
import subprocess
import sys

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

import pinchbeck  # noqa: E402
from pinchbeck import plot, stats  # noqa: E402


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    pyplot.close("all")


def choices(texts, probe="p"):
    """Answers of one token, which are kept as they were sent."""
    return pinchbeck.Recording.from_dicts(
        [{"probe": probe, "signals": ["choice"], "request": {"max_tokens": 1}, "response": {"text": text}}
         for text in texts])


def enroll(recording, model="m"):
    return pinchbeck.enroll(recording, model=model).fingerprint


def timed(rows):
    """Rows of (probe, output tokens, seconds)."""
    return pinchbeck.Recording.from_dicts(
        [{"probe": probe, "signals": ["token_length", "latency"], "request": {"max_tokens": 50},
          "response": {"text": "x " * tokens, "finish_reason": "length" if tokens >= 50 else "stop"},
          "usage": {"output_tokens": tokens}, "timing": {"total_s": seconds}} for probe, tokens, seconds in rows])


def logprobs(lists, probe="p"):
    def position(entries):
        token = max(entries, key=entries.get)
        top = [{"token": t, "logprob": v} for t, v in sorted(entries.items(), key=lambda e: -e[1])]
        return {"token": token, "logprob": entries[token], "top": top}

    return pinchbeck.Recording.from_dicts(
        [{"probe": probe, "signals": ["logprob"], "request": {"temperature": 0.0, "max_tokens": 1},
          "response": {"text": "x"}, "logprobs": [position(entries)]} for entries in lists])


def heights(ax):
    """Heights of the two groups of bars, in the order of the ticks."""
    groups = [c for c in ax.containers if hasattr(c, "patches")]
    return [[patch.get_height() for patch in group.patches] for group in groups]


def test_a_histogram_shows_shares_with_their_intervals():
    fingerprint = enroll(choices(["1"] * 60 + ["10"] * 30 + ["2"] * 10))
    ax = plot.answer_histogram(fingerprint, choices(["2"] * 15 + ["x"] * 5))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "2", "10", "x"]
    reference, observed = heights(ax)
    assert reference == pytest.approx([60, 10, 30, 0]) and observed == pytest.approx([0, 75, 0, 25])
    ends = ax.containers[-1].errorbar if hasattr(ax.containers[-1], "errorbar") else None
    interval = stats.clopper_pearson(15, 20, 0.95)
    segment = ends.lines[2][0].get_segments()[1]
    assert segment[:, 1] == pytest.approx([100 * interval.low, 100 * interval.high])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "reference (100 answers)", "observed (20 answers)"]


def test_rare_answers_share_a_bar_and_none_is_lost():
    fingerprint = enroll(choices([str(i % 20) for i in range(400)]))
    ax = plot.answer_histogram(fingerprint, choices(["0"] * 30 + ["1"] * 10), most=3)
    assert ax.get_xticklabels()[-1].get_text() == "(17 others)"
    for side in heights(ax):
        assert len(side) == 4 and sum(side) == pytest.approx(100)
    with pytest.raises(ValueError, match="most is 0"):
        plot.answer_histogram(fingerprint, choices(["0"]), most=0)


def test_the_probe_with_the_most_observed_answers_is_taken():
    answers = choices(["1", "2"] * 20, "rare").to_dicts() + choices(["1", "2"] * 20, "common").to_dicts()
    fingerprint = enroll(pinchbeck.Recording.from_dicts(answers))
    observed = choices(["2"] * 3, "rare").to_dicts() + choices(["1"] * 9, "common").to_dicts()
    ax = plot.answer_histogram(fingerprint, pinchbeck.Recording.from_dicts(observed))
    assert ax.get_title() == "Answers to common"
    ax = plot.answer_histogram(fingerprint, pinchbeck.Recording.from_dicts(observed), "rare")
    assert ax.get_title() == "Answers to rare"


def test_text_of_a_server_is_no_formula_and_moves_nothing():
    hostile = [r"$\frac{$", "$x$", "a\nb\x07", "\u202eabc", "y" * 500, " ", "plain"]
    ax = plot.answer_histogram(enroll(choices(hostile * 20)), choices(hostile * 3))
    ax.figure.savefig(io.BytesIO())  # A broken formula would raise here.
    labels = {label.get_text() for label in ax.get_xticklabels()}
    assert {r"a\nb\x07", r"\u202eabc", r"\$x\$", r"\$\\frac{\$", "plain", '" "'} <= labels
    assert max(map(len, labels)) <= 28
    assert all("\n" not in label and "\u202e" not in label for label in labels)


def labels_of(answers, **options):
    ax = plot.answer_histogram(enroll(choices(answers * 20)), choices(answers * 2), **options)
    return [label.get_text() for label in ax.get_xticklabels()], ax


def test_different_answers_have_different_labels():
    answers = ["a\nb", r"a\nb", r"a\\nb", "a", "a ", '"a "', '""a """', "", '""', "x" * 28, "x" * 29, "x" * 30, "x" * 28 + "y",
               "x" * 25 + "...", f'"{"x" * 20}"...', "!", '"!"', "-1", "+1", ".5", "\u4e2d\u6587", "\uff08a\uff09", "(b)"]
    labels = plot._answer_labels(answers)
    assert len(set(labels)) == len(set(answers)) == len(labels)
    assert max(map(len, labels)) <= 28
    assert {"a", "-1", "+1", ".5", "\u4e2d\u6587", '"!"', '""', '"(b)"', "x" * 28} <= set(labels)
    # The same answers, drawn.
    drawn = labels_of(["y" * 40 + "1", "y" * 40 + "2", "z"])[0]
    assert drawn == [f'"{"y" * 20}"...', f'"{"y" * 20}"... #2', "z"]


def test_no_answer_passes_for_the_others():
    imitations = ["(3 others)", "3 others", "\uff083 others\uff09", "(3 \u043ethers)", " (3 others)", "[3 others]"]
    labels, ax = labels_of(imitations * 3 + ["p", "q", "r"], most=len(imitations))
    assert labels[-1] == "(3 others)" and "(3 others)" not in labels[:-1]
    assert sorted(labels[:-1]) == sorted(f'"{text}"' if text != "3 others" else text for text in imitations)
    # Set apart by a line and by its style as well.
    (line,) = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert len(imitations) - 1 < line.get_xdata()[0] < len(imitations)
    assert [label.get_style() for label in ax.get_xticklabels()] == ["normal"] * len(imitations) + ["italic"]


def test_one_other_is_one_and_without_others_nothing_is_set_apart():
    assert labels_of(["a", "a", "b"], most=1)[0] == ["a", "(1 other)"]
    labels, ax = labels_of(["a", "a", "b"])
    assert labels == ["a", "b"] and not [line for line in ax.lines if line.get_linestyle() == ":"]


def test_an_ecdf_is_that_of_the_values_and_marks_the_statistic_of_kolmogorov_and_smirnov():
    rng = np.random.default_rng(3)
    a, b = rng.integers(5, 30, 80), rng.integers(10, 40, 50)
    ax = plot.ecdf(enroll(timed(("p", int(n), 1.0) for n in a)), timed(("p", int(n), 1.0) for n in b))
    for values, line in zip([a, b], ax.lines):
        x, y = line.get_data()
        assert y[0] == 0 and y[-1] == pytest.approx(1)
        assert list(x[1:]) == sorted(set(values))
        assert y[1:] == pytest.approx([np.mean(values <= value) for value in x[1:]])
    low, high = ax.lines[2].get_ydata()
    expected = stats.kolmogorov_smirnov(a.astype(float), b.astype(float)).statistic
    assert high - low == pytest.approx(expected)
    assert ax.texts[0].get_text() == f"largest gap {expected:.2f}"
    assert ax.get_xlabel() == "Output length [tokens]"


def test_probes_weigh_alike_on_both_sides():
    # The same distributions in both probes; only the numbers of answers differ, which must make no gap.
    reference = enroll(timed([("short", 3, 1.0)] * 90 + [("long", 40, 1.0)] * 10))
    ax = plot.ecdf(reference, timed([("short", 3, 1.0)] * 10 + [("long", 40, 1.0)] * 90))
    low, high = ax.lines[2].get_ydata()
    assert high - low == pytest.approx(0)
    assert ax.lines[0].get_ydata()[1] == pytest.approx(0.5)
    assert ax.get_title() == "Length of answers to 2 probes"


def test_cut_answers_are_named():
    ax = plot.ecdf(enroll(timed([("p", 50, 1.0)] * 5 + [("p", 20, 1.0)] * 15)), timed([("p", 10, 1.0)] * 4))
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["reference (20 answers, 25% cut at max_tokens)", "observed (4 answers)"]


def test_quantiles_are_those_of_the_values():
    rng = np.random.default_rng(5)
    a, b = rng.gamma(3, 0.1, 200).round(4), rng.gamma(3, 0.02, 40).round(4)
    ax = plot.latency_quantiles(enroll(timed(("p", 20, float(s)) for s in a)), timed(("p", 20, float(s)) for s in b))
    labels = [float(label.get_text()) / 100 for label in ax.get_xticklabels()]
    assert labels == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]  # Less than one of 40 lies beyond the 99 % quantile.
    for values, line in zip([a, b], ax.lines):
        assert line.get_ydata() == pytest.approx(np.quantile(values, labels, method="inverted_cdf"))
    assert ax.get_yscale() == "log" and ax.get_ylabel() == "Time to first token [s]"


def test_tokens_that_one_side_does_not_list_are_shown_as_such():
    reference = enroll(logprobs([{"a": -0.5, "b": -1.0, "c": -3.0}, {"a": -0.7, "b": -1.2, "c": -3.0}] * 2))
    ax = plot.logprob_scatter(reference, logprobs([{"a": -0.4, "b": -2.0, "d": -4.0}]))
    both, only_reference, only_observed = (c.get_offsets() for c in ax.collections)
    assert both.tolist() == [pytest.approx([-0.6, -0.4]), pytest.approx([-1.1, -2.0])]
    assert only_reference[:, 0].tolist() == pytest.approx([-3.0])
    assert only_observed[:, 1].tolist() == pytest.approx([-4.0])
    # Below every value, and within the axes.
    edge = only_reference[0, 1]
    assert ax.get_ylim()[0] < edge < -4.0 and only_observed[0, 0] == edge
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[1:] == ["2 tokens on both sides", "1 listed by the reference only", "1 listed by the observed only"]


def test_a_path_has_every_step_and_its_threshold():
    monitor = pinchbeck.Monitor(enroll(choices([str(i % 10) for i in range(400)])), alpha=0.05, mean_run=1000)
    decisions = [monitor.step({"probe": "p", "response": {"text": str(i % 2)}}) for i in range(60)]
    ax = plot.e_process(decisions, monitor)
    lines = {line.get_label(): line for line in ax.lines}
    assert lines["e-process"].get_ydata() == pytest.approx([d.log10_e_value for d in decisions])
    assert lines["e-detector"].get_ydata() == pytest.approx([d.log10_e_detector for d in decisions])
    assert lines["threshold 1 / 0.05"].get_ydata()[0] == pytest.approx(-math.log10(0.05))
    assert lines["its threshold 1,000"].get_ydata()[0] == pytest.approx(3)
    alarm = decisions[-1].alarm_at
    assert lines[f"alarm at observation {alarm}"].get_xdata()[0] == alarm
    # What the line says is what the monitor did.
    path, where = lines["e-process"].get_ydata(), decisions[-1].alarm_by
    assert where in ("e_value", "e_detector")
    assert path[alarm - 1] >= -math.log10(0.05) or lines["e-detector"].get_ydata()[alarm - 1] >= 3
    with pytest.raises(ValueError, match="decisions is empty"):
        plot.e_process([], monitor)


def test_shares_stand_with_the_fit_that_they_need():
    library = [enroll(choices([str(i % n) for i in range(400)]), f"of {n}") for n in (5, 9)]
    known = pinchbeck.identify(library, choices([str(i % 9) for i in range(90)]))
    ax = plot.posterior(known)
    assert [patch.get_width() for patch in ax.patches] == pytest.approx([100 * m.posterior for m in known.ranking])
    assert "rejected" not in ax.texts[0].get_text()
    other = pinchbeck.identify(library, choices([str(i % 2) for i in range(90)]))
    ax = plot.posterior(other)
    assert other.verdict == "none_of_these"
    # One of them has the larger share all the same; it must not look like an answer.
    assert "rejected" in ax.texts[0].get_text() and ax.patches[0].get_hatch() == "///"
    assert ax.get_title() == "Identification: none of these (90 answers)"
    assert "1 less likely models not shown" in plot.posterior(other, most=1).get_title()


def test_they_draw_where_they_are_told():
    figure, axes = pyplot.subplots()
    assert plot.answer_histogram(enroll(choices(["a", "b"] * 20)), choices(["a"]), ax=axes) is axes
    assert pyplot.get_fignums() == [figure.number]


def test_what_cannot_be_drawn_is_said():
    fingerprint = enroll(choices(["a", "b"] * 20))
    with pytest.raises(KeyError, match="no probe 'q'"):
        plot.answer_histogram(fingerprint, choices(["a"]), "q")
    with pytest.raises(ValueError, match="no choices for one probe in the recording"):
        plot.answer_histogram(fingerprint, choices(["a"], "another"))
    with pytest.raises(ValueError, match="no length for probe 'p' in the fingerprint and the recording"):
        plot.ecdf(fingerprint, choices(["a"]), "p")
    with pytest.raises(ValueError, match="quantity is 'speed'; it must be one of 'length', 'first_token_s'"):
        plot.ecdf(fingerprint, choices(["a"]), quantity="speed")
    with pytest.raises(ValueError, match="no log-probabilities"):
        plot.logprob_scatter(fingerprint, choices(["a"]))


def test_the_package_does_not_need_matplotlib():
    check = "import sys; sys.modules['matplotlib'] = None; import pinchbeck\ntry: pinchbeck.plot._axes(None)\n" \
            "except ImportError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "plots need matplotlib (Debian: python3-matplotlib)\n"
    check = "import sys, pinchbeck; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_examples_of_the_pictures():
    result = doctest.testmod(plot)
    assert result.failed == 0
    assert result.attempted >= 20
    assert {name for name in plot.__all__} == {
        test.name.rsplit(".", 1)[1] for test in doctest.DocTestFinder().find(plot) if test.examples}
