"""import_log(): logs of ordinary traffic as recordings."""

import gzip
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

import pinchbeck

QUESTION = "Pick a number."
DIGEST = hashlib.sha256(QUESTION.encode()).hexdigest()
# File of each format, what its user knows, and the answers in it (None: failed), counted by hand.
SAMPLES = {
    "openai_jsonl": ("openai.jsonl", {}, ["73", "42", None]),
    "litellm": ("litellm.json", {}, ["73", None]),
    "langfuse": ("langfuse.jsonl", {"parameters_complete": True}, ["73", None]),
    "helicone": ("helicone.jsonl", {"model": "gpt-x"}, ["73", None, "5"]),
    "otel": ("otel.json", {"parameters_complete": True}, ["73", None]),
}


@pytest.fixture
def logs(root):
    return root / "tests" / "client" / "logs"


def pair(text, model="gpt-x", question=QUESTION, endpoint=None, **request):
    asked = {"model": model, "messages": [{"role": "user", "content": question}], "temperature": 1, "max_tokens": 16}
    record = {"request": {**asked, **request},
              "response": {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}}
    return record if endpoint is None else {**record, "endpoint": endpoint}


def write(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.parametrize("format", SAMPLES)
def test_the_samples(logs, format):
    name, options, texts = SAMPLES[format]
    result = pinchbeck.import_log(format, logs / name, **options)
    observations = result.recording.to_dicts()
    assert [o.get("response", {}).get("text") for o in observations] == texts
    assert (result.observations, result.failed) == (len(texts), texts.count(None))
    assert (result.kinds, result.matched, result.faults, result.obstacles) == (1, 0, 0, {})
    first = observations[0]
    assert first["request"]["prompt_sha256"] == DIGEST and first["request"]["temperature"] == 1
    assert first["timing"]["total_s"] == pytest.approx(0.7)
    # One prompt asked in one way is one probe in every log.
    everywhere = pinchbeck.import_log("openai_jsonl", logs / "openai.jsonl").recording.to_dicts()[0]["probe"]
    assert {o["probe"] for o in observations} == {everywhere} and everywhere.startswith("log/")
    assert "canary" not in json.dumps(result.to_dict())


@pytest.mark.parametrize("format", SAMPLES)
@pytest.mark.parametrize("matched", [False, True])
def test_the_command_writes_the_same(logs, format, matched, tmp_path):
    command = pathlib.Path(os.environ.get("PINCHBECK_BUILD_DIR", "build/dev")) / "pinchbeck"
    if not command.exists():
        pytest.skip("the command is not built")
    name, options, texts = SAMPLES[format]
    arguments = [command, "import", "--from", format, logs / name, "--out", tmp_path / "out.jsonl", "--session", "s"]
    for option, value in options.items():
        arguments += ["--" + option.replace("_", "-")] + ([] if value is True else [value])
    fingerprint = None
    if matched:
        asked = {"temperature": 1, "max_tokens": 16, "prompt_sha256": DIGEST}
        fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(
            {"probe": "number", "request": asked, "response": {"text": str(i)}} for i in range(50)
        ), model="gpt-x").fingerprint
        fingerprint.save(tmp_path / "f.json")
        arguments += ["--fingerprint", tmp_path / "f.json"]
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = pinchbeck.import_log(format, logs / name, session="s", fingerprint=fingerprint, **options)
    assert result.recording.to_dicts() == pinchbeck.Recording(tmp_path / "out.jsonl").to_dicts()
    assert result.matched == (len(texts) if matched else 0)
    assert f"Imported {result.observations} requests ({result.failed} failed) of {result.kinds} kinds" in done.stdout
    for reason, count in result.skipped.items():
        assert f"{count} records left out: {reason}" in done.stdout
    assert done.stdout.count("left out") == len(result.skipped)


def test_what_is_no_draw_or_not_wholly_known_is_left_out(logs, tmp_path):
    log = write(tmp_path / "log.jsonl", [pair("1"), pair("2", seed=7), pair("2", seed=7), pair("3", temperature=0)])
    result = pinchbeck.import_log("openai_jsonl", log)
    assert [o["response"]["text"] for o in result.recording] == ["1", "3"]
    assert result.skipped == {"a seed, with which answers are no new draws": 2} and result.kinds == 2
    # Answers without an id are numbered among their equals, so that these are not taken for copies.
    assert [o["sample"] for o in result.recording] == [1, 1]
    for format in ["langfuse", "otel"]:
        with pytest.raises(ValueError, match=r"say so \(parameters_complete=True\)"):
            pinchbeck.import_log(format, logs / SAMPLES[format][0])


def test_usage_counts_only_if_the_server_reported_it(logs):
    unsure = pinchbeck.import_log("litellm", logs / "litellm.json").recording.to_dicts()[0]
    sure = pinchbeck.import_log("litellm", logs / "litellm.json", usage_reported=True).recording.to_dicts()[0]
    assert "usage" not in unsure and sure["usage"] == {"input_tokens": 11, "output_tokens": 2}


def test_one_model_and_one_endpoint_at_a_time(tmp_path):
    log = write(tmp_path / "log.jsonl", [
        pair("1", endpoint="https://a.example/v1"), pair("2", model="gpt-y", endpoint="https://a.example/v1"),
        pair("3", endpoint="https://b.example/v1"), pair("4"),
    ])
    with pytest.raises(ValueError, match=r"several models \(gpt-x, gpt-y\); import one at a time \(model=\.\.\.\)"):
        pinchbeck.import_log("openai_jsonl", log)
    with pytest.raises(ValueError, match=r"several endpoints .* \(endpoint=\.\.\.\)"):
        pinchbeck.import_log("openai_jsonl", log, model="gpt-x")
    result = pinchbeck.import_log("openai_jsonl", log, model="gpt-x", endpoint="https://a.example/v1/")
    assert [o["response"]["text"] for o in result.recording] == ["1"]
    assert result.skipped == {"another model was asked for": 1,
                              "sent to another endpoint, or to one that the log does not name": 2}


def test_requests_of_a_probe_get_its_name(tmp_path):
    asked = {"temperature": 1, "max_tokens": 16, "prompt_sha256": DIGEST}
    answers = [{"probe": "number", "request": asked, "response": {"text": str(i % 10)}} for i in range(400)]
    fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="gpt-x").fingerprint
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    records = [pair(str(i % 10)) for i in range(80)]
    odd = [pair("1", top_p=0.5), pair("1", tools=tools), pair("1", question="Another.")]
    result = pinchbeck.import_log("openai_jsonl", write(tmp_path / "a.jsonl", records + odd), fingerprint=fingerprint)
    assert (result.matched, result.observations, result.kinds) == (80, 83, 4)
    assert result.obstacles == {"other_parameter tools": 1} and result.warnings == ()
    probes = [o["probe"] for o in result.recording]
    assert probes[:80] == ["number"] * 80 and all(name.startswith("log/") for name in probes[80:])
    assert pinchbeck.verify(fingerprint, result.recording).verdict != "differs"
    other = pinchbeck.import_log("openai_jsonl", write(tmp_path / "b.jsonl", [pair("3")] * 80), fingerprint=fingerprint)
    assert pinchbeck.verify(fingerprint, other.recording).verdict == "differs"
    # A log is a reference as well.
    again = pinchbeck.enroll(result.recording, model="gpt-x").fingerprint
    assert set(again.probes) == set(probes)
    blind = pinchbeck.enroll(
        pinchbeck.Recording.from_dicts({"probe": "p", "response": {"text": str(i)}} for i in range(40)), model="m"
    ).fingerprint
    warned = pinchbeck.import_log("openai_jsonl", tmp_path / "a.jsonl", fingerprint=blind)
    assert warned.matched == 0 and "no request can match" in warned.warnings[0]


def test_several_files_are_one_log(tmp_path):
    first = write(tmp_path / "a.jsonl", [pair("1")])
    second = tmp_path / "b.jsonl.gz"
    second.write_bytes(gzip.compress(json.dumps(pair("2")).encode()))
    result = pinchbeck.import_log("openai_jsonl", [first, str(second)])
    assert [o["response"]["text"] for o in result.recording] == ["1", "2"]
    assert repr(result.recording) == f"<Recording {str(first) + ' and 1 more'!r} in memory, 2 observations>"


def test_the_result_is_frozen(logs):
    result, again = (pinchbeck.import_log("openai_jsonl", logs / "openai.jsonl") for _ in range(2))
    with pytest.raises(AttributeError):
        result.observations = 0
    assert result == result and hash(result) == hash(result) and result.recording is result.recording
    assert result != again  # Two recordings, of which enroll() would have to be told that they are one.
    assert json.loads(json.dumps(result.to_dict()))["recording"] == result.recording.to_dicts()
    assert repr(result).startswith("ImportResult(recording=<Recording ")


@pytest.mark.parametrize(
    "format, content, error, message",
    [
        ("csv", "{}", ValueError, "format is 'csv'; give one of 'openai_jsonl', 'litellm'"),
        ("openai_jsonl", "", ValueError, "log.jsonl: the file is empty"),
        ("openai_jsonl", "nonsense", ValueError, "log.jsonl:1: not JSON"),
        ("openai_jsonl", '{"request": {"temperature": "hot"}}\n', ValueError, "request.temperature: expected a number"),
        ("openai_jsonl", None, KeyError, "log.jsonl"),
    ],
)
def test_bad_logs(tmp_path, format, content, error, message):
    path = tmp_path / "log.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=message):
        pinchbeck.import_log(format, path)


def test_bad_arguments(logs):
    for paths, error in [(None, TypeError), ([None], TypeError), ([], ValueError), (7, TypeError), ("a\0b", ValueError)]:
        with pytest.raises(error):
            pinchbeck.import_log("openai_jsonl", paths)
    with pytest.raises(ValueError, match="endpoint"):
        pinchbeck.import_log("openai_jsonl", logs / "openai.jsonl", endpoint="nowhere")
    with pytest.raises(TypeError):
        pinchbeck.import_log("openai_jsonl", logs / "openai.jsonl", fingerprint="f.json")


def test_faults_are_named_and_the_rest_is_imported(tmp_path):
    log = write(tmp_path / "log.jsonl", [pair("1"), pair("2"), {"request": {"temperature": "hot"}}, [3]])
    result = pinchbeck.import_log("openai_jsonl", log)
    assert (result.observations, result.faults) == (2, 2)
    assert result.fault_examples[0].endswith("log.jsonl:3: request.temperature: expected a number")
    assert result.fault_examples[1].endswith("log.jsonl:4: expected a JSON object")


def test_ctrl_c_ends_a_long_log(tmp_path):
    # Nothing in it is ever handed on, so that only the reading itself can notice.
    log = tmp_path / "log.jsonl"
    log.write_text('{"type": "SPAN"}\n' * 3_000_000)
    returned = []

    def interrupt():
        time.sleep(0.2)  # The import lets this thread run.
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    with pytest.raises(KeyboardInterrupt):
        thread.start()
        try:
            pinchbeck.import_log("langfuse", log)
        except ValueError:
            returned.append("read to its end")
        time.sleep(60)
    thread.join()
    assert not returned
