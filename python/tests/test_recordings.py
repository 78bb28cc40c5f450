"""Recordings: what is read once, what is refused, what threads share."""

import pathlib
import threading

import pytest

import pinchbeck


def observations(count, **fields):
    return [{"probe": "p", "response": {"text": str(i % 7), "id": f"answer-{i}"}, **fields} for i in range(count)]


def memory(dicts, name="recording"):
    return pinchbeck.Recording.from_dicts(dicts, name=name)


@pytest.fixture
def reference():
    answers = [{"probe": "p", "response": {"text": str(i % 7)}} for i in range(70)]
    return pinchbeck.enroll(memory(answers), model="m").fingerprint


def test_an_iterator_gives_each_line_to_one_thread(tmp_path):
    memory(observations(6000)).save(tmp_path / "a.jsonl")
    for recording in [pinchbeck.Recording(tmp_path / "a.jsonl"), memory(observations(6000))]:
        iterator, seen = iter(recording), []
        threads = [
            threading.Thread(target=lambda: seen.extend(o["response"]["id"] for o in iterator)) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(f"answer-{i}" for i in range(6000))


def test_what_was_read_before_is_left_out_wherever_it_was(reference, tmp_path):
    dicts = observations(70)
    path = tmp_path / "a.jsonl"
    memory(dicts).save(path)
    # Another writer puts spaces and fields elsewhere.
    spaced = tmp_path / "b.jsonl"
    spaced.write_text("".join(
        '{ "response": {"id": "answer-%d", "text": "%d"}, "probe": "p" }\n' % (i, i % 7) for i in range(70)
    ))
    for recordings in [[path, memory(dicts)], [memory(dicts), path], [memory(dicts), memory(dicts, "again")],
                       [path, spaced]]:
        report = pinchbeck.verify(reference, recordings)
        assert report.n_observed == 70
        assert any("70 observations had been read before" in warning for warning in report.warnings)
        enrolled = pinchbeck.enroll(recordings, model="m")
        assert (enrolled.observations, enrolled.duplicates, enrolled.fingerprint.answers) == (70, 70, 70)
    twice = pinchbeck.enroll(memory(dicts + dicts[:10]), model="m")
    assert (twice.fingerprint.answers, twice.duplicates) == (70, 10)


def test_a_recording_is_given_once(reference, tmp_path):
    # Without an id nobody can tell the copies from other answers.
    anonymous = memory([{"probe": "p", "response": {"text": str(i % 7)}} for i in range(70)], "mine")
    anonymous.save(tmp_path / "a.jsonl")
    for recording in [anonymous, tmp_path / "a.jsonl"]:
        for call in [
            lambda some: pinchbeck.verify(reference, some),
            lambda some: pinchbeck.enroll(some, model="m"),
            lambda some: pinchbeck.identify([reference], some),
            lambda some: pinchbeck.Monitor(reference).run(some),
        ]:
            with pytest.raises(ValueError, match=r"recording 2 \(.*\) is the same as recording 1; give each once"):
                call([recording, recording])
    other = memory(anonymous.to_dicts(), "other")
    assert pinchbeck.verify(reference, [anonymous, other]).n_observed == 140


def test_variants_have_names_of_their_own(tmp_path, monkeypatch):
    def enroll(*recordings):
        return pinchbeck.enroll(list(recordings), model="m", variant_per_recording=True)

    first, second = observations(70), observations(64)
    with pytest.raises(ValueError, match='two recordings are called "recording"'):
        enroll(memory(first), memory(second))
    named = enroll(memory(first, "a"), memory(second, "b"))
    assert named.fingerprint.variants == ("a", "b")
    path = tmp_path / "a.jsonl"
    memory(first).save(path)
    monkeypatch.chdir(tmp_path)
    for again in [path, "a.jsonl", pathlib.Path("..") / tmp_path.name / "a.jsonl"]:
        with pytest.raises(ValueError, match="a.jsonl is given twice"):
            enroll(path, again)
    with pytest.raises(ValueError, match='two recordings are called "a.jsonl"'):
        enroll("a.jsonl", memory(second, "a.jsonl"))


def test_saving_keeps_everything(tmp_path):
    dicts = memory(observations(5) * 2).to_dicts()
    memory(dicts).save(tmp_path / "a.jsonl")
    assert pinchbeck.Recording(tmp_path / "a.jsonl").to_dicts() == dicts
    cut = tmp_path / "cut.jsonl"
    cut.write_text('{"probe": "p"}\n{"prob')
    with pytest.warns(UserWarning, match="cut.jsonl: the last line is incomplete"):
        pinchbeck.Recording(cut).save(tmp_path / "whole.jsonl.gz")
    assert len(pinchbeck.Recording(tmp_path / "whole.jsonl.gz").to_dicts()) == 1


def test_what_cannot_be_saved_whole_is_not_saved(tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"probe": "p"}\n[]\n')
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    for name in ["new.jsonl", "new.jsonl.gz", "empty.jsonl"]:
        with pytest.raises(ValueError, match="bad.jsonl:2"):
            pinchbeck.Recording(bad).save(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.jsonl", "empty.jsonl"]
    assert empty.read_bytes() == b""
