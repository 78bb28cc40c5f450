"""Recordings, fingerprints and verdicts, on the recordings of the demo."""

import json
import threading

import pytest

import pinchbeck


@pytest.fixture(scope="module")
def reference(demo_data):
    return pinchbeck.enroll(demo_data / "reference.jsonl.gz", model="flagship-1").fingerprint


@pytest.fixture(scope="module")
def alternative(demo_data):
    return pinchbeck.enroll(str(demo_data / "alternative.jsonl.gz"), model="small-1").fingerprint


def answers(texts, **fields):
    return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": str(t)}, **fields} for t in texts])


def test_iterating_gives_dicts(demo_data):
    recording = pinchbeck.Recording(demo_data / "swap-relay.jsonl.gz")
    first = next(iter(recording))
    assert first["schema"] == "pinchbeck.observation/1" and first["probe"] and first["response"]["text"]
    dicts = recording.to_dicts()
    assert dicts[0] == first and len(dicts) == sum(1 for _ in recording)
    assert recording.path == str(demo_data / "swap-relay.jsonl.gz")
    assert repr(recording) == f"Recording({recording.path!r})"


def test_dicts_make_a_round_trip(demo_data, tmp_path):
    dicts = pinchbeck.Recording(demo_data / "swap-relay.jsonl.gz").to_dicts()
    memory = pinchbeck.Recording.from_dicts(dicts, name="copy")
    assert memory.to_dicts() == dicts and memory.path is None
    for name in ["copy.jsonl", "copy.jsonl.gz"]:
        memory.save(tmp_path / name)
        assert pinchbeck.Recording(tmp_path / name).to_dicts() == dicts
    with pytest.raises(FileExistsError, match="copy.jsonl: the file already holds something"):
        memory.save(tmp_path / "copy.jsonl")


def test_bad_observations_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"recording\[1\]: .*probe"):
        pinchbeck.Recording.from_dicts([{"probe": "p"}, {}])
    with pytest.raises(ValueError, match=r"mine\[0\]: usage.input_tokens"):
        pinchbeck.Recording.from_dicts([{"probe": "p", "usage": {"input_tokens": "many"}}], name="mine")
    with pytest.raises(ValueError, match=r"recording\[0\] cannot be written as JSON"):
        pinchbeck.Recording.from_dicts([{"probe": "p", "timing": {"total_s": float("nan")}}])
    with pytest.raises(ValueError, match=r"recording\[0\] cannot be written as JSON"):
        pinchbeck.Recording.from_dicts([{"probe": object()}])
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"probe": "p"}\n[]\n')
    iterator = iter(pinchbeck.Recording(bad))
    assert next(iterator)["probe"] == "p"
    with pytest.raises(ValueError, match=r"bad.jsonl:2"):
        next(iterator)


def test_missing_and_cut_files(tmp_path):
    with pytest.raises(KeyError, match="missing.jsonl"):
        pinchbeck.Recording(tmp_path / "missing.jsonl")
    with pytest.raises(KeyError, match="missing.json"):
        pinchbeck.load_fingerprint(tmp_path / "missing.json")
    with pytest.raises(TypeError):
        pinchbeck.Recording(7)
    with pytest.raises(ValueError, match="null byte"):
        pinchbeck.Recording(str(tmp_path) + "\0")
    cut = tmp_path / "cut.jsonl"
    cut.write_text('{"probe": "p"}\n{"prob')
    with pytest.warns(UserWarning, match="cut.jsonl: the last line is incomplete"):
        assert len(pinchbeck.Recording(cut).to_dicts()) == 1


def test_fingerprints_are_saved_and_loaded(reference, tmp_path):
    reference.save(tmp_path / "a.json")
    loaded = pinchbeck.load_fingerprint(tmp_path / "a.json")
    assert loaded.to_json() == reference.to_json()
    assert pinchbeck.Fingerprint.from_json(reference.to_json()).model == "flagship-1"
    assert [f.model for f in pinchbeck.load_fingerprints(tmp_path)] == ["flagship-1"]
    assert loaded.answers > 100 and "choice" in loaded.signals and loaded.probes == tuple(sorted(loaded.probes))
    with pytest.raises(AttributeError):
        loaded.model = "other"
    with pytest.raises(ValueError, match="not JSON|JSON"):
        pinchbeck.Fingerprint.from_json("{")


def test_recordings_are_merged_or_kept_as_variants():
    day1 = answers([i % 7 for i in range(70)], session="day 1")
    day2 = answers([i % 7 for i in range(70)], session="day 2")
    merged = pinchbeck.enroll([day1, day2], model="m")
    assert merged.observations == 140 and merged.fingerprint.sessions == ("day 1", "day 2")
    assert merged.fingerprint.variants == ("default",)
    memory = [pinchbeck.Recording.from_dicts(r.to_dicts(), name=n) for r, n in [(day1, "a"), (day2, "b")]]
    assert pinchbeck.enroll(memory, model="m", variant_per_recording=True).fingerprint.variants == ("a", "b")
    assert merged.to_dict()["fingerprint"]["schema"].startswith("pinchbeck.fingerprint/")


def test_fingerprints_are_merged():
    days = [answers([i % (6 + d) for i in range(70)], session=f"day {d}") for d in (1, 2)]
    apart = [pinchbeck.enroll(day, model="m").fingerprint for day in days]
    together = pinchbeck.enroll(days, model="m").fingerprint
    assert pinchbeck.merge_fingerprints(apart).to_json() == together.to_json()
    variants = pinchbeck.merge_fingerprints(apart, model="n", variant_per_fingerprint=True)
    assert variants.model == "n" and variants.variants == ("default (1)", "default (2)")
    with pytest.raises(ValueError, match="fingerprint 2 is equal"):
        pinchbeck.merge_fingerprints([apart[0], apart[0]])
    renamed = pinchbeck.enroll(answers([i % 7 for i in range(70)], session="day 3"), model="m").fingerprint
    with pytest.raises(ValueError, match="fingerprint 2 holds the same answers"):
        pinchbeck.merge_fingerprints([apart[0], renamed])


def test_verdicts_are_those_of_the_demo(reference, alternative, demo_data):
    honest = pinchbeck.verify(reference, demo_data / "honest-relay.jsonl.gz", [alternative])
    swap = pinchbeck.verify(reference, pinchbeck.Recording(demo_data / "swap-relay.jsonl.gz"), [alternative])
    assert honest.verdict == "consistent" and honest.p_value > 0.01
    assert swap.verdict == "differs" and swap.p_value <= 0.01
    assert swap.attribution.model == "small-1"
    choice = next(s for s in swap.signals if s.signal == "choice")
    assert choice.status == "differs" and choice.effect > 0 and choice.n_observed > 0
    assert "DIFFERS" in str(swap)
    assert swap.to_dict()["schema"] == "pinchbeck.report/1"
    assert json.loads(swap.to_json()) == swap.to_dict()
    with pytest.raises(AttributeError):
        swap.verdict = "consistent"


def test_memory_and_file_give_the_same_report(reference, demo_data):
    path = demo_data / "swap-relay.jsonl.gz"
    memory = pinchbeck.Recording.from_dicts(pinchbeck.Recording(path).to_dicts())
    from_file, from_memory = (pinchbeck.verify(reference, r, permutations=999) for r in (path, memory))
    assert from_file.to_dict() == from_memory.to_dict()


def test_alternatives_come_from_a_folder_too(tmp_path):
    reference = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="ten").fingerprint
    alternative = pinchbeck.enroll(answers([7] * 400), model="seven").fingerprint
    alternative.save(tmp_path / "seven.json")
    observed = answers([i % 10 if i % 2 else 7 for i in range(100)])
    listed = pinchbeck.verify(reference, observed, alternatives=[alternative])
    assert listed.mixture.model == "seven" and listed.mixture.low < 0.5 < listed.mixture.high
    assert pinchbeck.verify(reference, observed, alternatives=tmp_path) == listed
    found = pinchbeck.identify(tmp_path, answers([7] * 50))
    assert found == pinchbeck.identify([alternative], answers([7] * 50))
    with pytest.raises(TypeError):
        pinchbeck.verify(reference, observed, alternatives=[1])


def test_other_conditions_are_refused(reference, demo_data):
    other = [
        {**o, "request": {**o["request"], "temperature": 0.2}}
        for o in pinchbeck.Recording(demo_data / "honest-relay.jsonl.gz")
    ]
    with pytest.raises(ValueError, match="temperature"):
        pinchbeck.verify(reference, pinchbeck.Recording.from_dicts(other))
    with pytest.raises(ValueError, match="alpha"):
        pinchbeck.verify(reference, demo_data / "honest-relay.jsonl.gz", alpha=0.9)
    with pytest.raises(ValueError, match="claim is 'model'"):
        pinchbeck.verify(reference, demo_data / "honest-relay.jsonl.gz", claim="model")


def test_recordings_are_compared(demo_data):
    report = pinchbeck.compare(demo_data / "reference.jsonl.gz", demo_data / "swap-relay.jsonl.gz")
    assert report.verdict == "differs" and report.claim == "weights"
    with pytest.raises(ValueError, match="recording_b is a list of 2 recordings"):
        pinchbeck.compare(demo_data / "reference.jsonl.gz", [demo_data / "swap-relay.jsonl.gz"] * 2)


def test_the_substitute_is_identified(reference, alternative, demo_data):
    library = pinchbeck.IdentifyLibrary([reference, alternative])
    assert len(library) == 2
    result = pinchbeck.identify(library, demo_data / "swap-relay.jsonl.gz")
    assert result.verdict == "known" and result.ranking[0].model == "small-1"
    assert result.to_dict()["schema"] == "pinchbeck.identification/1"
    assert "small-1" in str(result)
    with pytest.raises(ValueError, match="fingerprint"):
        pinchbeck.IdentifyLibrary([])


def test_fingerprints_are_compared(reference, alternative):
    diff = pinchbeck.diff_fingerprints(reference, alternative, permutations=99)
    assert diff.shared_probes and diff.totals and diff.totals[0].p_value <= 0.05


def test_an_audit_is_planned():
    claimed = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="ten").fingerprint
    substitute = pinchbeck.enroll(answers([7] * 400), model="seven").fingerprint
    plan = pinchbeck.plan(claimed, substitute, runs=40)
    assert plan.claimed == "ten" and plan.substitute == "seven"
    design = plan.designs[plan.cheapest]
    assert design.requests > 0 and design.power.power > 0.8
    assert pinchbeck.design_power(claimed, substitute, ["p"], 100, runs=40).power > 0.8
    with pytest.raises(ValueError, match="probe"):
        pinchbeck.design_power(claimed, substitute, ["unknown"], 100, runs=40)
    with pytest.raises(ValueError, match="change|other_model"):
        pinchbeck.plan_for_change(claimed, "nothing")


def test_a_monitor_raises_an_alarm_and_goes_on_where_it_stopped(reference, alternative, demo_data, tmp_path):
    monitor = pinchbeck.Monitor(reference, [alternative])
    assert monitor.model == "flagship-1" and monitor.decision.observations == 0
    calm = monitor.run(demo_data / "honest-relay.jsonl.gz")
    assert calm.verdict == "inconclusive" and calm.used > 0 and set(calm.skipped) >= {"request_failed", "unknown_probe"}
    monitor.save_state(tmp_path / "state.json")
    again = pinchbeck.Monitor(reference, [alternative])
    again.load_state(tmp_path / "state.json")
    swap = pinchbeck.Recording(demo_data / "swap-relay.jsonl.gz")
    for observation in swap:
        last = monitor.step(observation)
    assert again.run(swap) == last == monitor.decision
    assert last.verdict == "differs" and last.alarm_by == "e_value" and last.alarm_at > calm.observations
    assert monitor.to_dict()["schema"] == "pinchbeck.monitor/1"
    with pytest.raises(KeyError):
        again.load_state(tmp_path / "none.json")
    with pytest.raises(ValueError, match="seed"):
        pinchbeck.Monitor(reference, [alternative], seed=2).restore_state(monitor.serialize_state())
    with pytest.raises(ValueError, match="observation"):
        monitor.step({})


def test_threads_may_share_a_monitor():
    reference = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="ten").fingerprint
    monitor = pinchbeck.Monitor(reference)
    some = answers([i % 10 for i in range(500)])
    threads = [threading.Thread(target=monitor.run, args=(some,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(100):
        monitor.step({"probe": "p", "response": {"text": str(i % 10)}})
    for thread in threads:
        thread.join()
    assert monitor.decision.observations == 2100


def test_each_step_gives_the_decision_after_its_observation():
    reference = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="ten").fingerprint
    monitor = pinchbeck.Monitor(reference)
    seen = []

    def steps():
        for i in range(400):
            seen.append(monitor.step({"probe": "p", "response": {"text": str(i % 10)}}).observations)

    threads = [threading.Thread(target=steps) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 1601))


def test_a_monitor_tells_what_it_tolerates(reference, alternative):
    assert set(pinchbeck.Monitor(reference, [alternative], tolerance=0.05).tolerated_shares()) == {"small-1"}


def test_batteries():
    battery = pinchbeck.builtin_battery()
    assert len(battery) == len(battery.probes) > 10
    assert pinchbeck.Battery.from_json(battery.to_json()) == battery
    probe = battery.probes[0]
    assert probe.messages[0].role in {"user", "system"} and len(probe.prompt_sha256) == 64
    assert battery.select_groups([probe.group]).probes[0] == probe
    with pytest.raises(ValueError, match="group"):
        battery.select_groups(["unknown"])
    with pytest.raises(ValueError, match="probes"):
        pinchbeck.Battery.from_json('{"schema": "pinchbeck.battery/1", "name": "n", "version": "1", "probes": 3}')


def test_keyed_batteries():
    key = "a key of more than 16 bytes"
    assert pinchbeck.keyed_battery(key).sha256 == pinchbeck.keyed_battery(key).sha256
    assert pinchbeck.keyed_battery(key).sha256 != pinchbeck.builtin_battery().sha256
    with pytest.raises(ValueError) as error:
        pinchbeck.keyed_battery("secret-7")
    assert "secret-7" not in str(error.value)
