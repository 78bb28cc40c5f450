#!/usr/bin/env python3
"""Cuts the recordings and the battery of `pinchbeck demo` out of the project's test-bed recordings.

usage: cut_demo_data.py TESTBED_FOLDER [OUTPUT_FOLDER]

TESTBED_FOLDER holds prompts.json and one NAME.jsonl.gz per configuration (A-f16, A-f16-run2, B); the output
folder is the script's own unless given. The lines are the same on every run (packed bytes depend on zlib).

Every use of the demo gets lines of its own: no recorded line is in two files, so that a check never meets
the answers that its reference was made from. The samples of each file are the half-open ranges and lists
below. Dropped: token ids, seeds and the per-token log-probabilities of the text probes. Added, because the
test bed's notes state them: the signals of each probe and, for the first-token probes, that the 20 most
likely tokens were asked for. Times are rounded to a tenth of a millisecond.
"""

import gzip
import json
import pathlib
import sys

# What each file holds: configuration, and the samples per kind of probe. The 20 repeats of a first-token
# probe are four blocks of server settings (0-2, 3-5, 6-12, 13-19); each list takes a spread of them.
FILES = {
    "reference.jsonl.gz": ("A-f16", {"choice": range(0, 200), "text": range(0, 12), "first": [0, 3, 6, 13]}),
    "alternative.jsonl.gz": ("B", {"choice": range(0, 100), "text": range(0, 10), "first": [0, 3, 6, 13]}),
    "honest-relay.jsonl.gz": ("A-f16-run2", {"choice": range(0, 80), "text": range(0, 8), "first": [1, 7, 14]}),
    "swap-relay.jsonl.gz": ("B", {"choice": range(100, 140), "text": range(10, 18), "first": [1, 7, 14]}),
    "mix-relay-claimed.jsonl.gz": (
        "A-f16-run2", {"choice": range(80, 140), "text": range(8, 16), "first": [4, 10, 17]}),
    "mix-relay-substitute.jsonl.gz": (
        "B", {"choice": range(140, 200), "text": range(18, 26), "first": [4, 10, 17]}),
}
BATTERY = "battery.json"
# Section of prompts.json, group of the battery, signals and sampling of each kind of probe.
KINDS = {
    "choice": ("one_token", "choice", ["choice"], {"temperature": 1, "max_tokens": 1}),
    "first": ("first_logprobs", "logprob", ["logprob"], {"temperature": 0, "max_tokens": 1, "top_logprobs": 20}),
    "text": ("samples50", "text", ["text", "token_length", "latency"],
             {"temperature": 1, "max_tokens": 50, "stream": True}),
}
TIME_DIGITS = 4
SIZE_LIMIT = 700 * 1024


def rounded(value):
    """The times of a `timing` object to TIME_DIGITS decimals; other values unchanged."""
    if isinstance(value, float):
        return round(value, TIME_DIGITS)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value


def without_ids(position):
    """One position of `logprobs` without token ids."""
    kept = {"token": position["token"], "logprob": position["logprob"]}
    if "top" in position:
        kept["top"] = [{"token": entry["token"], "logprob": entry["logprob"]} for entry in position["top"]]
    return kept


def trimmed(record, kind):
    """The record with the fields that the demo uses, in the order of the format's description."""
    _, _, signals, sampling = KINDS[kind]
    request = {key: value for key, value in record["request"].items() if key != "seed"}
    if "top_logprobs" in sampling:
        request["top_logprobs"] = sampling["top_logprobs"]
    line = {"schema": record["schema"], "probe": record["probe"], "signals": signals,
            "sample": record["sample"], "session": record["session"], "request": request}
    line["response"] = {key: value for key, value in record["response"].items() if key != "token_ids"}
    if "usage" in record:
        line["usage"] = record["usage"]
    if "timing" in record:
        line["timing"] = {key: rounded(value) for key, value in record["timing"].items()}
    if kind == "first":
        line["logprobs"] = [without_ids(position) for position in record["logprobs"]]
    return line


def cut(testbed, configuration, samples):
    """Lines of one configuration, ordered by probe and sample (neighbours are alike, which packs best)."""
    wanted = {kind: set(numbers) for kind, numbers in samples.items()}
    lines = []
    with gzip.open(testbed / f"{configuration}.jsonl.gz", "rt", encoding="utf-8") as source:
        for text in source:
            record = json.loads(text)
            kind = record["probe"].split("/")[0]
            if record["sample"] in wanted[kind]:
                lines.append(trimmed(record, kind))
    lines.sort(key=lambda line: (line["probe"], line["sample"]))
    for kind, numbers in wanted.items():
        probes = {line["probe"] for line in lines if line["probe"].startswith(kind + "/")}
        count = sum(line["probe"] in probes for line in lines)
        if count != len(probes) * len(numbers):
            raise SystemExit(f"{configuration}: {kind}: {count} lines for {len(probes)} probes x {len(numbers)}")
    return lines


def pack(lines):
    """gzip bytes that do not depend on the clock or a file name."""
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    return gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0)


def battery(testbed):
    """The battery file whose prompts the recordings answer, one probe a line."""
    prompts = json.loads((testbed / "prompts.json").read_text(encoding="utf-8"))
    probes = []
    for kind, (section, group, signals, sampling) in KINDS.items():
        for prompt in prompts[section]:
            probe = {"id": f"{kind}/{prompt['id']}", "group": group, "signals": signals,
                     "messages": [{"role": "user", "content": prompt["prompt"]}], "sampling": sampling}
            probes.append("    " + json.dumps(probe, ensure_ascii=False))
    head = '{\n  "schema": "pinchbeck.battery/1",\n  "name": "demo",\n  "version": "1",\n  "probes": [\n'
    return (head + ",\n".join(probes) + "\n  ]\n}\n").encode("utf-8")


def main(arguments):
    if len(arguments) not in (1, 2):
        raise SystemExit(__doc__)
    testbed = pathlib.Path(arguments[0])
    output = pathlib.Path(arguments[1]) if len(arguments) == 2 else pathlib.Path(__file__).resolve().parent
    used = set()
    total = 0
    for name, (configuration, samples) in FILES.items():
        lines = cut(testbed, configuration, samples)
        keys = {(configuration, line["probe"], line["sample"]) for line in lines}
        if len(keys) != len(lines) or keys & used:
            raise SystemExit(f"{name}: a recorded line is used twice")
        used |= keys
        packed = pack(lines)
        total += len(packed)
        (output / name).write_bytes(packed)
        print(f"{name}: {len(lines)} lines, {len(packed)} bytes")
    data = battery(testbed)
    total += len(data)
    (output / BATTERY).write_bytes(data)
    print(f"{BATTERY}: {len(data)} bytes\ntotal: {total} bytes")
    if total > SIZE_LIMIT:
        raise SystemExit(f"the files exceed {SIZE_LIMIT} bytes; lower the numbers of samples")


if __name__ == "__main__":
    main(sys.argv[1:])
