"""An application that checks its endpoint by the way: it asks what it always asks, and an observer listens.

The fingerprint must hold the question, enrolled from a recording of a trusted endpoint or from its logs. With a client
library, `ask` is the call that returns its stream, such as `client.chat.completions.create(**request)`.

    python3 python/examples/observe_traffic.py gpt-x.json https://relay.example/v1 gpt-x "Pick a number." 100 [api_key]
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.request
from collections.abc import Iterator

import pinchbeck


def ask(base_url: str, request: dict[str, object], api_key: str) -> Iterator[bytes]:
    """The answer as it arrives."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {api_key}"}
    sent = urllib.request.Request(f"{base_url}/chat/completions", json.dumps(request).encode(), headers)
    with urllib.request.urlopen(sent, timeout=60) as answer:
        while piece := answer.read1(65536):
            yield piece


def conclusion(observer: pinchbeck.Observer) -> tuple[str, int]:
    """What to say at the end, and the exit status as of `pinchbeck monitor`. Silence about nothing is no good news."""
    decision = observer.decision
    used = 0 if decision is None else decision.used
    if decision is not None and decision.alarm_at is not None:
        return f"differs, noticed at answer {decision.alarm_at}; the change is put near {decision.change_near}", 1
    if used == 0:
        return "nothing was compared", 4
    return f"no alarm in {used} answers", 0


def main(path: str, base_url: str, model: str, question: str, count: str, api_key: str = "none") -> int:
    observer = pinchbeck.Observer(pinchbeck.load_fingerprint(path), models=[model])
    observer.watch()
    for warning in observer.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    request: dict[str, object] = {
        "model": model,
        "messages": [{"role": "user", "content": question}],
        "temperature": 1,
        "max_tokens": 4,
    }
    for _ in range(int(count)):
        try:
            for _piece in observer.observe_stream(request, lambda: ask(base_url, request, api_key), redact=api_key):
                pass  # What the application does with it.
        except (OSError, http.client.HTTPException) as error:
            print(f"the request failed: {error}", file=sys.stderr)
        decision = observer.decision
        if decision is not None and decision.alarm_at is not None:
            break
    text, status = conclusion(observer)
    print(text)
    counts = observer.counts
    what = {**counts.uses, "refused": counts.refused, "abandoned": counts.abandoned}
    print(", ".join(f"{use}: {number}" for use, number in what.items() if number > 0))
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
