"""Arguments and files that are not what they should be, and what becomes of them."""

import os
import pathlib
import re

import pytest

import pinchbeck
from pinchbeck import stats

ANSWERS = [{"probe": "p", "response": {"text": str(i % 7)}} for i in range(70)]


@pytest.fixture(scope="module")
def recording():
    return pinchbeck.Recording.from_dicts(ANSWERS)


@pytest.fixture(scope="module")
def fingerprint(recording):
    return pinchbeck.enroll(recording, model="m").fingerprint


@pytest.mark.parametrize(
    "call",
    [
        lambda f, r: pinchbeck.Monitor(None),
        lambda f, r: pinchbeck.Monitor(f, [None]),
        lambda f, r: pinchbeck.Monitor(f).run(None),
        lambda f, r: pinchbeck.Monitor.step(None, ANSWERS[0]),
        lambda f, r: pinchbeck.Monitor.run(None, r),
        lambda f, r: pinchbeck.verify(None, r),
        lambda f, r: pinchbeck.verify(f, None),
        lambda f, r: pinchbeck.verify(f, [r, None]),
        lambda f, r: pinchbeck.verify(f, r, alternatives=[None]),
        lambda f, r: pinchbeck.compare(None, r),
        lambda f, r: pinchbeck.compare(r, None),
        lambda f, r: pinchbeck.identify(None, r),
        lambda f, r: pinchbeck.identify([None], r),
        lambda f, r: pinchbeck.identify([f], None),
        lambda f, r: pinchbeck.identify(pinchbeck.IdentifyLibrary([f]), None),
        lambda f, r: pinchbeck.IdentifyLibrary(None),
        lambda f, r: pinchbeck.IdentifyLibrary([None]),
        lambda f, r: pinchbeck.enroll(None, model="m"),
        lambda f, r: pinchbeck.merge_fingerprints(None),
        lambda f, r: pinchbeck.merge_fingerprints([f, None]),
        lambda f, r: pinchbeck.diff_fingerprints(None, f),
        lambda f, r: pinchbeck.diff_fingerprints(f, None),
        lambda f, r: pinchbeck.plan(None, f),
        lambda f, r: pinchbeck.plan(f, None),
        lambda f, r: pinchbeck.plan_for_change(None, "other_model"),
        lambda f, r: pinchbeck.design_power(f, None, ["p"], 10),
        lambda f, r: pinchbeck.Recording.to_dicts(None),
        lambda f, r: pinchbeck.Recording.from_dicts(None),
        lambda f, r: pinchbeck.Fingerprint.to_json(None),
        lambda f, r: pinchbeck.Battery.to_json(None),
        lambda f, r: stats.ConformalEProcess([None]),
        lambda f, r: stats.LikelihoodRatioEProcess([None]),
        lambda f, r: stats.largest_tolerated_share([None], 0, 0.1),
        lambda f, r: stats.ConformalEProcess.update(None, 0, 0),
        lambda f, r: stats.required_sample_size(lambda n, seed: None),
    ],
)
def test_none_is_refused(call, fingerprint, recording):
    with pytest.raises(TypeError):
        call(fingerprint, recording)


def test_names_that_are_not_utf_8(tmp_path, fingerprint):
    path = tmp_path / os.fsdecode(b"caf\xe9.jsonl")
    pinchbeck.Recording.from_dicts(ANSWERS).save(path)
    with open(path, "a") as file:
        file.write('{"prob')
    recording = pinchbeck.Recording(path)
    assert recording.path == str(path) and pathlib.Path(recording.path).exists()
    assert repr(recording) == f"Recording({str(path)!r})"
    with pytest.warns(UserWarning, match="the last line is incomplete"):
        assert len(recording.to_dicts()) == 70
    report = pinchbeck.compare(recording, pinchbeck.Recording.from_dicts(ANSWERS))
    assert report.model == str(tmp_path / "caf\ufffd.jsonl")
    assert "caf\ufffd" in report.warnings[0] and report.to_dict()["warnings"] == list(report.warnings)
    assert "caf\ufffd" in str(report) + report.to_json()
    memory = pinchbeck.Recording.from_dicts(ANSWERS)
    enrolled = pinchbeck.enroll([recording, memory], model="m", variant_per_recording=True)
    assert enrolled.fingerprint.variants == (report.model, "recording")
    assert "caf\ufffd" in enrolled.warnings[0] and "caf\ufffd" in enrolled.to_dict()["warnings"][0]
    with pytest.raises(KeyError, match="caf\ufffd.json"):
        pinchbeck.load_fingerprint(tmp_path / os.fsdecode(b"caf\xe9.json"))


def test_results_with_dicts_have_a_hash(fingerprint):
    first, second = (pinchbeck.Monitor(fingerprint).decision for _ in range(2))
    assert isinstance(first.skipped, dict)
    assert first == second and hash(first) == hash(second) and len({first, second}) == 1
    other = pinchbeck.Monitor(fingerprint).step({"probe": "unknown", "response": {"text": "1"}})
    assert hash(other) != hash(first)


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs /proc")
def test_a_file_that_cannot_be_read_is_no_endpoint():
    with pytest.raises(OSError, match="/proc/self/mem: cannot read") as error:
        pinchbeck.load_battery("/proc/self/mem")  # Nothing is mapped at its beginning.
    assert not isinstance(error.value, pinchbeck.EndpointError)


def test_a_file_without_an_end_is_a_bad_value():
    with pytest.raises(ValueError, match="longer than"):
        pinchbeck.load_battery("/dev/zero")


def test_messages_leave_names_and_quotations_alone(tmp_path, monkeypatch):
    with pytest.raises(ValueError) as error:
        pinchbeck.Fingerprint.from_json('{"schema": "use kExact (--ranking-only)"}')
    assert '"use kExact (--ranking-only)" is not a fingerprint' in str(error.value)
    monkeypatch.chdir(tmp_path)
    for name in ["kExact", "options.method.jsonl", "a/kExact.jsonl"]:
        with pytest.raises(KeyError) as error:
            pinchbeck.load_fingerprint(name)
        assert error.value.args[0].startswith(name + ": ")
    # Those of the library itself speak Python.
    with pytest.raises(ValueError, match=r"^method: 'exact' needs .* use 'permutation'"):
        stats.mann_whitney([1, 2], [2, 3], method="exact")


def test_defaults_of_the_collection_are_not_written_down_once_more():
    assert "idle_timeout_s: Optional[float] = None" in pinchbeck.collect.__doc__


# Where the library's layers name an option of the command that no Python user comes to read, and why.
OPTIONS_OF_THE_COMMAND = {
    "src/audit/check_answers.cc": "checks of a relay are the command's alone",
    "src/audit/checks.cc": "the same",
    "src/report/checks.cc": "the same",
    "src/audit/self_check.cc": "the same",
    "src/client/log_helicone.cc": "an option of Helicone's exporter",
}
LITERALS = re.compile(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')


def test_options_of_the_command_have_words_in_python(root):
    table = (root / "python" / "bindings" / "status.cc").read_text()
    words = re.findall(r'^    \{"([^"]+)", "([^"]*)"\},$', table, flags=re.M)
    assert len(words) > 15
    # A wording must not come after one that it contains.
    for i, (cpp, _) in enumerate(words):
        assert not any(earlier in cpp for earlier, _ in words[:i]), cpp
    unspoken, found = {}, 0
    for path in sorted([*(root / "src").rglob("*"), *(root / "include").rglob("*")]):
        name = str(path.relative_to(root))
        if path.suffix not in (".cc", ".h") or name.startswith("src/cli/"):
            continue
        for literal in LITERALS.findall(path.read_text()):
            if literal.startswith("//") or not re.search(r"--[a-z]", literal):
                continue
            found += 1
            text = re.sub(r'"\s*"', "", literal)
            for cpp, python in words:
                text = text.replace(cpp, python)
            if re.search(r"--[a-z]", text):
                unspoken.setdefault(name, []).append(text)
    assert found > 10
    assert set(unspoken) == set(OPTIONS_OF_THE_COMMAND), unspoken


def test_warnings_speak_python(fingerprint, root):
    # Too little to reach the power, and tokens that nobody counted.
    plan = pinchbeck.plan(fingerprint, fingerprint, max_answers=20, runs=100)
    text = "\n".join(plan.warnings)
    assert "state them with input_tokens and output_tokens" in text and "up to max_answers and" in text
    assert list(plan.warnings) == plan.to_dict()["warnings"] and "--" not in text
    # A published fingerprint, of prompts that somebody else wrote and the recording does not hold.
    path = next(p for p in sorted((root / "fingerprints").rglob("*.json")) if '"prompts"' in p.read_text()
                and "pinchbeck.fingerprint/" in p.read_text()[:200])
    other = pinchbeck.load_fingerprint(path)
    unknown = pinchbeck.Recording.from_dicts({**answer, "probe": "unheard"} for answer in ANSWERS)
    report = pinchbeck.verify(other, unknown)
    assert report.reason == "other_prompts" and any("record with collect(battery=...)" in w for w in report.warnings)
    assert "--battery" not in str(report) + report.to_json() and "battery=..." in str(report)
