"""collect() against a server in this process: it would never answer if the interpreter lock were held."""

import os
import signal
import threading
import traceback

import pytest

import pinchbeck
from chat_server import serve

BATTERY = pinchbeck.Battery.from_json(
    """{"schema": "pinchbeck.battery/1", "name": "small", "version": "1", "probes": [
        {"id": "a", "group": "choice", "signals": ["choice"],
         "messages": [{"role": "user", "content": "A number?"}], "sampling": {"temperature": 1, "max_tokens": 4}},
        {"id": "b", "group": "choice", "signals": ["choice"],
         "messages": [{"role": "user", "content": "A word?"}], "sampling": {"temperature": 1, "max_tokens": 4}}]}"""
)
KEY = "canary-key-0123456789"


def collect(endpoint, out, **options):
    return pinchbeck.collect(endpoint.base_url, "model-1", out, **{"battery": BATTERY, "samples_per_probe": 4, **options})


def test_answers_are_recorded_with_progress(tmp_path):
    seen = []
    out = tmp_path / "answers.jsonl"
    with serve() as endpoint:
        summary = collect(endpoint, out, api_key=KEY, progress=seen.append, session="today")
    assert (summary.planned, summary.ok, summary.failed, summary.stop_reason) == (8, 8, 0, "completed")
    assert summary.input_tokens == 80 and summary.cost_usd is None
    assert seen[-1].summary.ok == 8 and seen[-1].in_flight == 0
    assert all(a.summary.done <= b.summary.done for a, b in zip(seen, seen[1:]))
    observations = pinchbeck.Recording(out).to_dicts()
    assert sorted(o["probe"] for o in observations) == ["a"] * 4 + ["b"] * 4
    assert {o["session"] for o in observations} == {"today"} and {o["request"]["model"] for o in observations} == {"model-1"}
    assert set(endpoint.keys) == {f"Bearer {KEY}"} and KEY not in out.read_text()
    assert KEY not in repr(summary)


def test_a_collection_goes_on_with_resume(tmp_path):
    out = tmp_path / "answers.jsonl"
    with serve() as endpoint:
        collect(endpoint, out, samples_per_probe=2)
        with pytest.raises(FileExistsError, match="resume=True"):
            collect(endpoint, out)
        summary = collect(endpoint, out, resume=True)
        assert summary.skipped_by_resume == 4 and summary.ok == 4
        assert len(endpoint.requests) == len(pinchbeck.Recording(out).to_dicts()) == 8


def test_only_the_same_collection_goes_on(tmp_path):
    out = tmp_path / "answers.jsonl"
    with serve() as endpoint, serve() as elsewhere:
        collect(endpoint, out, samples_per_probe=2)
        before = out.read_bytes()
        with pytest.raises(ValueError, match="4 answers belong to another battery, API, model or settings, and 0 came"):
            pinchbeck.collect(endpoint.base_url, "model-2", out, battery=BATTERY, resume=True)
        # Else their answers would count, and nobody would be asked.
        with pytest.raises(ValueError, match="0 answers belong .*, and 4 came from another address than http"):
            collect(elsewhere, out, samples_per_probe=2, resume=True)
        assert len(endpoint.requests) == 4 and not elsewhere.requests
        assert out.read_bytes() == before


def test_the_budget_ends_a_collection(tmp_path):
    out = tmp_path / "answers.jsonl"
    with serve() as endpoint:
        with pytest.raises(pinchbeck.BudgetExceeded, match="resume=True") as error:
            collect(endpoint, out, max_requests=3)
        assert error.value.summary.stop_reason == "budget" and error.value.summary.ok == 3
        assert len(pinchbeck.Recording(out).to_dicts()) == 3
        priced = collect(endpoint, tmp_path / "b.jsonl", usd_per_mtok_in=1.0, usd_per_mtok_out=2.0, max_cost_usd=1.0)
        assert priced.cost_usd == pytest.approx(8 * (10 + 2) / 1e6)


def test_a_failing_endpoint_is_an_error_with_its_failures(tmp_path):
    with serve(status=401) as endpoint:
        with pytest.raises(pinchbeck.EndpointError, match="127.0.0.1") as error:
            collect(endpoint, tmp_path / "answers.jsonl", api_key=KEY)
    summary = error.value.summary
    assert summary.ok == 0 and summary.failures[0].kind == "http" and summary.failures[0].status == 401
    assert KEY not in str(error.value)
    # The module takes the key as an argument.
    assert "check the API key" in str(error.value) and "environment" not in str(error.value)
    # The failures are observations too.
    assert all(o["error"]["status"] == 401 for o in pinchbeck.Recording(tmp_path / "answers.jsonl"))


def test_nobody_there(tmp_path):
    with serve() as endpoint:
        pass
    with pytest.raises(pinchbeck.EndpointError):
        collect(endpoint, tmp_path / "answers.jsonl", max_retries=0)
    assert issubclass(pinchbeck.EndpointError, RuntimeError) and pinchbeck.EndpointError("x").summary is None


def test_ctrl_c_ends_a_silent_collection_and_keeps_the_recording(tmp_path):
    out = tmp_path / "answers.jsonl"
    progressed = threading.Event()

    def progress(now):
        if now.summary.done >= 2:
            endpoint.answers.clear()  # From here on the endpoint is silent.
            progressed.set()

    def interrupt():
        progressed.wait()
        os.kill(os.getpid(), signal.SIGINT)

    with serve() as endpoint:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            collect(endpoint, out, concurrency=1, progress=progress)
        thread.join()
        kept = pinchbeck.Recording(out).to_dicts()
        assert len([o for o in kept if "error" not in o]) == 2
        endpoint.answers.set()
        resumed = collect(endpoint, out, resume=True)
    assert resumed.skipped_by_resume == 2 and resumed.ok == 6


def test_an_exception_of_the_progress_function_ends_the_collection(tmp_path):
    out = tmp_path / "answers.jsonl"

    def progress(now):
        if now.summary.done >= 3:
            raise LookupError("enough")

    with serve() as endpoint:
        with pytest.raises(LookupError, match="enough"):
            collect(endpoint, out, concurrency=1, progress=progress)
    assert len([o for o in pinchbeck.Recording(out) if "error" not in o]) == 3


def test_collections_run_in_several_threads(tmp_path):
    summaries = []

    def run(name):
        with serve() as endpoint:
            summaries.append(collect(endpoint, tmp_path / name))

    threads = [threading.Thread(target=run, args=(f"{i}.jsonl",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s.ok for s in summaries] == [8, 8, 8]


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (("ftp://example", "m"), ValueError, "http"),
        (("http://127.0.0.1:1/v1", ""), ValueError, "model"),
        (("http://relay.example/v1", "m"), PermissionError, "http"),
    ],
)
def test_unusable_endpoints(tmp_path, arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        pinchbeck.collect(*arguments, tmp_path / "out.jsonl", api_key=KEY)
    assert KEY not in str(caught.value)
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_options(tmp_path):
    with serve() as endpoint:
        with pytest.raises(ValueError, match="api is 'telnet'; give one of 'openai_chat'"):
            collect(endpoint, tmp_path / "a.jsonl", api="telnet")
        with pytest.raises(ValueError, match="API key holds a space") as error:
            collect(endpoint, tmp_path / "a.jsonl", api_key="two words")
        assert "environment" not in str(error.value) and "two words" not in str(error.value)
        with pytest.raises(ValueError, match="concurrency"):
            collect(endpoint, tmp_path / "a.jsonl", concurrency=0)
        with pytest.raises(KeyError):
            collect(endpoint, tmp_path / "no folder" / "a.jsonl")
        assert not endpoint.requests


def test_no_error_repeats_the_key(tmp_path):
    with pytest.raises(TypeError, match="samples_per_probe: str") as error:
        pinchbeck.collect("http://127.0.0.1:1/v1", "m", tmp_path / "a", api_key=KEY, samples_per_probe="ten")
    shown = "".join(traceback.format_exception(error.value))
    assert "incompatible function arguments" in shown and KEY not in shown
    with pytest.raises(TypeError, match="api_kye: str") as error:
        pinchbeck.collect("http://127.0.0.1:1/v1", "m", tmp_path / "a", api_kye=KEY)
    assert KEY not in "".join(traceback.format_exception(error.value))
    with pytest.raises(TypeError) as error:
        pinchbeck.keyed_battery(KEY, 1)
    assert KEY not in "".join(traceback.format_exception(error.value))

    def progress(now):
        raise TypeError("mine")

    with serve() as endpoint:
        with pytest.raises(TypeError, match="^mine$"):
            collect(endpoint, tmp_path / "b", progress=progress)
