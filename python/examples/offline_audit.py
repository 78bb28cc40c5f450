"""From recordings to a verdict, and to the model that answered instead. Needs no network and no key.

The recordings are those of the demo, answers of two small models; run it from anywhere:

    python3 python/examples/offline_audit.py
"""

from __future__ import annotations

import pathlib

import numpy as np

import pinchbeck
from pinchbeck import stats

DATA = pathlib.Path(__file__).parents[2] / "src" / "cli" / "demo_data"


def describe(name: str, report: pinchbeck.Report) -> None:
    """Prints the verdict and the signals that could be measured."""
    p_value = "none" if report.p_value is None else f"{report.p_value:.2g}"
    print(f"{name}: {report.verdict}, p = {p_value}, {report.n_observed} answers")
    for signal in report.signals:
        if signal.measurable and signal.counted and signal.effect is not None:
            print(f"    {signal.signal}: {signal.status}, effect {signal.effect:.3f} {signal.effect_unit}")


def output_tokens(recording: pinchbeck.Recording) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Lengths of the good answers, as the server counted them."""
    counts = (observation.get("usage", {}).get("output_tokens") for observation in recording)
    return np.array([count for count in counts if count is not None], dtype=np.float64)


def main() -> None:
    # 1. Fingerprints of the endpoint that we trust, and of a model that might be served instead.
    reference = pinchbeck.enroll(DATA / "reference.jsonl.gz", model="flagship-1").fingerprint
    other = pinchbeck.enroll(DATA / "alternative.jsonl.gz", model="small-1").fingerprint
    print(reference)

    # 2. Does the recording of a relay agree with the reference?
    honest = pinchbeck.Recording(DATA / "honest-relay.jsonl.gz")
    swapped = pinchbeck.Recording(DATA / "swap-relay.jsonl.gz")
    describe("honest relay", pinchbeck.verify(reference, honest, alternatives=[other]))
    report = pinchbeck.verify(reference, swapped, alternatives=[other])
    describe("swapped relay", report)

    # 3. If not: which stored model is it?
    identification = pinchbeck.identify([reference, other], swapped)
    best = identification.ranking[0]
    if identification.verdict == "known":
        print(f"the swapped relay looks like {best.model}, {best.posterior:.0%} of the likelihood")
    else:
        print(f"the swapped relay: {identification.verdict}")

    # 4. After how many answers would a watch that knows the other model have noticed?
    monitor = pinchbeck.Monitor(reference, [other])
    decision = monitor.run(swapped)
    print(f"a monitor raises its alarm at answer {decision.alarm_at} of {decision.observations}")

    # 5. Any statistic by hand.
    lengths = stats.mann_whitney(output_tokens(pinchbeck.Recording(DATA / "reference.jsonl.gz")),
                                 output_tokens(swapped))
    print(f"lengths, pooled over prompts: Cliff's delta {lengths.effect:+.2f}, p = {lengths.p_value:.2g}")


if __name__ == "__main__":
    main()
