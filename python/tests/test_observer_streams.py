"""Streams that an observer reads while the application does, and threads that share both."""

import asyncio
import datetime
import gc
import json
import sys
import threading
import time

import pytest

import pinchbeck
from client_objects import MODEL, Stream, chat, chunks, completion, drawn_digits, taken


@pytest.fixture(scope="module")
def fingerprint():
    return drawn_digits()


@pytest.fixture
def observer(fingerprint):
    return pinchbeck.Observer(fingerprint, models=[MODEL])


def test_a_stream_keeps_words_and_times(observer):
    stream = observer.open(chat("A digit?", stream=True))
    assert observer.counts.open_streams == 1
    stream.on_event(chunks("4", end=None)[0], 0.25)
    event = json.dumps(chunks("2", end=None)[0].model_dump(exclude_unset=True))
    stream.on_bytes(f"data: {event[:20]}", 0.5)
    stream.on_bytes(f"{event[20:]}\n\n".encode(), 0.75)
    stream.on_event(json.dumps(chunks()[0].model_dump(exclude_unset=True)), 1)
    assert stream.finish(total_s=1.25) == "probe"
    assert observer.counts.open_streams == 0  # Although the object is still there.
    (observation,) = taken(observer)
    assert observation["response"]["text"] == "42"
    assert observation["timing"]["event_s"] == [0.25, 0.75] and observation["timing"]["total_s"] == 1.25
    for call in [stream.finish, lambda: stream.on_event({}, 2), lambda: stream.on_bytes(b"", 2)]:
        with pytest.raises(ValueError, match="finished or given up"):
            call()
    stream.close()
    assert observer.counts.abandoned == 0


def test_times_that_nobody_measured_are_absent(observer):
    with observer.open(chat("A digit?", stream=True)) as stream:
        for chunk in chunks("4", "2"):
            stream.on_event(chunk)
        stream.finish()
    with observer.open(chat("A digit?", stream=True)) as stream:
        stream.on_event(chunks("4", end=None)[0], 0.5)
        with pytest.raises(ValueError, match="arrival_s"):
            stream.on_event(chunks("2", end=None)[0], -1)
        stream.on_event(chunks()[0], 0.6)
        stream.finish(total_s=1)
    for observation in taken(observer):
        assert observation["response"]["text"] == "42" and "timing" not in observation


def test_an_answer_whose_end_nobody_saw_is_none(observer):
    with observer.open(chat("A digit?")) as stream:
        stream.on_event(chunks("4")[0], 0.5)
    with pytest.raises(LookupError):
        with observer.open(chat("A digit?")) as stream:
            stream.on_event(chunks("4")[0], 0.5)
            raise LookupError
    stream = observer.open(chat("A digit?"))
    del stream
    gc.collect()
    assert (observer.counts.abandoned, observer.counts.open_streams, observer.counts.exchanges) == (3, 0, 0)
    # Whoever says that it broke off has a failure.
    with observer.open(chat("A digit?")) as stream:
        stream.on_event(chunks("4")[0], 0.5)
        assert stream.finish(complete=False) == "failed"
    assert [o["error"]["kind"] for o in taken(observer)] == ["network"]


def test_streams_are_bounded(fingerprint):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_streams=1, max_stream_bytes=1000)
    stream = observer.open(chat("A digit?"))
    with pytest.raises(OSError, match="raise max_streams"):
        observer.open(chat("A digit?"))
    stream.on_event(chunks("4")[0], 0.5)
    with pytest.raises(OSError, match="max_stream_bytes"):
        stream.on_bytes("x" * 1000, 0.6)
    with pytest.raises(ValueError, match="given up"):
        stream.on_bytes("x", 0.7)
    assert (observer.counts.open_streams, observer.counts.refused, observer.counts.abandoned) == (0, 2, 0)
    assert observer.open(chat("A digit?")).finish(complete=False) == "failed"


class StatusError(Exception):
    def __init__(self, status):
        super().__init__("the client's words")
        self.status_code = status


def test_a_stream_is_passed_on_and_timed(observer):
    items = chunks("4", "2")
    stream = Stream(items, pause=0.05)

    def send():
        time.sleep(0.1)
        return stream

    before = datetime.datetime.now(datetime.timezone.utc)
    passed = observer.observe_stream(chat("A digit?", stream=True), send, session="today")
    assert all(a is b for a, b in zip(items, passed)) and next(passed, None) is None
    assert stream.closed
    (observation,) = taken(observer)
    assert observation["response"]["text"] == "42" and observation["session"] == "today"
    timing = observation["timing"]
    first, second = timing["event_s"]
    # Longer on a busy machine, never shorter.
    assert first == timing["first_token_s"] >= 0.15 and second >= first + 0.05
    assert timing["total_s"] >= second + 0.05
    when = datetime.datetime.fromisoformat(observation["time"])
    assert before <= when <= datetime.datetime.now(datetime.timezone.utc)


def test_a_stream_that_exists_is_timed_from_when_it_was_sent(observer):
    stream = Stream(chunks("4", "2"))
    list(observer.observe_stream(chat("A digit?"), stream, sent=time.monotonic() - 5))
    list(observer.observe_stream(chat("A digit?"), iter(chunks("4", "2"))))
    raw = [f"data: {json.dumps(c.model_dump(exclude_unset=True))}\n\n".encode() for c in chunks("4", "2")]
    list(observer.observe_stream(chat("A digit?"), raw + [b"data: [DONE]\n\n"], sent=time.monotonic()))
    known, unknown, raw = taken(observer)
    assert not stream.closed  # It is the caller's.
    assert 5 <= known["timing"]["first_token_s"] < 60
    # When it was sent nobody knows, and an arrival since then would be made up.
    assert "timing" not in unknown
    assert raw["response"]["text"] == "42" and len(raw["timing"]["event_s"]) == 2


def test_a_stream_that_the_caller_leaves_is_no_answer(observer):
    stream = Stream(chunks("4", "2"))
    for chunk in observer.observe_stream(chat("A digit?"), lambda: stream):
        break
    gc.collect()
    assert observer.counts.abandoned == 1 and stream.closed
    with pytest.raises(LookupError):
        for chunk in observer.observe_stream(chat("A digit?"), Stream(chunks("4", "2"))):
            raise LookupError
    gc.collect()
    observer.observe_stream(chat("A digit?"), Stream(chunks("4", "2")))  # Never read.
    gc.collect()
    assert observer.counts.abandoned == 3 and taken(observer) == []

    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        observer.observe_stream(chat("A digit?"), stopped)
    assert (observer.counts.abandoned, observer.counts.exchanges, observer.counts.open_streams) == (4, 0, 0)


def test_a_stream_that_breaks_is_a_failure(observer):
    def refused():
        raise StatusError(429)

    with pytest.raises(StatusError):
        observer.observe_stream(chat("A digit?"), refused)
    # As other clients carry it; a word is no status.
    for carried in [{"response": StatusError(503)}, {"code": 500}, {"code": "invalid_key", "status_code": None}]:
        failure = LookupError()
        vars(failure).update(carried)
        with pytest.raises(LookupError):
            list(observer.observe_stream(chat("A digit?"), Stream([failure])))
    assert [o["error"].get("status") for o in taken(observer)] == [429, 503, 500, 200]
    for failure in [ConnectionError("reset"), StatusError(200)]:
        seen = []
        with pytest.raises(type(failure)):
            for chunk in observer.observe_stream(chat("A digit?"), Stream([chunks("4")[0], failure])):
                seen.append(chunk)
        assert len(seen) == 1
    # What came may look whole.
    document = b'{"choices": [{"message": {"content": "4"}}]}'
    with pytest.raises(ConnectionError):
        list(observer.observe_stream(chat("A digit?"), Stream([document, ConnectionError("reset")])))
    # A server that goes without a word about the end: the answer is cut, whatever the client thinks.
    list(observer.observe_stream(chat("A digit?"), Stream(chunks("4", end=None))))
    observations = taken(observer)
    assert [o["error"]["kind"] for o in observations] == ["network"] * 4
    assert observer.counts.uses["failed"] == 8 and observer.counts.abandoned == 0
    assert "the client's words" not in json.dumps(observations)


def test_the_observer_never_disturbs_the_stream(fingerprint):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_streams=1, max_stream_bytes=400)
    held = observer.open(chat("A digit?"))
    items = chunks("4", "2")
    with pytest.warns(RuntimeWarning, match="not observed: 1 streams are open"):
        assert list(observer.observe_stream(chat("A digit?"), Stream(items))) == items
    held.close()
    long = chunks("4" * 500, "2")
    with pytest.warns(RuntimeWarning, match="max_stream_bytes"):
        assert list(observer.observe_stream(chat("A digit?"), Stream(long))) == long
    assert observer.counts.exchanges == 0 and observer.counts.open_streams == 0
    # What is wrong with the call is said before anything is sent.
    sent = []
    with pytest.raises(TypeError, match="request"):
        observer.observe_stream([], lambda: sent.append(1))
    with pytest.raises(TypeError, match="stream: expected an iterable or a function"):
        observer.observe_stream(chat("A digit?"), 7)
    assert sent == []


class AsyncStream(Stream):
    async def __aiter__(self):
        for item in self.items:
            await asyncio.sleep(self.pause)
            if isinstance(item, Exception):
                raise item
            yield item

    async def close(self):
        self.closed = True


def test_asynchronous_streams(observer):
    items = chunks("4", "2")
    request = chat("A digit?", stream=True)

    async def send(stream):
        await asyncio.sleep(0.1)
        return stream

    async def refused():
        raise StatusError(503)

    async def run():
        stream = AsyncStream(items, pause=0.02)
        assert [c async for c in observer.observe_async_stream(request, lambda: send(stream))] == items
        assert stream.closed
        assert [c async for c in observer.observe_async_stream(request, AsyncStream(items))] == items
        with pytest.raises(StatusError):
            async for _ in observer.observe_async_stream(request, refused):
                pass
        with pytest.raises(ConnectionError):
            async for _ in observer.observe_async_stream(request, AsyncStream([items[0], ConnectionError()])):
                pass
        left = AsyncStream(items)
        reading = observer.observe_async_stream(request, lambda: left)
        async for _ in reading:
            break
        await reading.aclose()
        assert left.closed
        # One that waits for ever and is cancelled.
        task = asyncio.create_task(
            observer.observe_async_stream(request, AsyncStream(items, pause=3600)).__anext__()
        )
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(TypeError, match="an asynchronous iterable"):
            observer.observe_async_stream(request, items)

    asyncio.run(run())
    gc.collect()
    timed, untimed, status, broken = taken(observer)
    assert timed["response"]["text"] == untimed["response"]["text"] == "42"
    assert timed["timing"]["first_token_s"] >= 0.12 and "timing" not in untimed
    assert status["error"]["status"] == 503 and broken["error"]["kind"] == "network"
    assert (observer.counts.abandoned, observer.counts.open_streams) == (2, 0)


def test_threads_feed_one_observer(observer):
    observer.watch()
    rounds = 60

    def work(name):
        for i in range(rounds):
            observer.observe(chat("A digit?"), completion(str(i % 10), id=f"{name}-{i}"))
            list(observer.observe_stream(chat("A digit?"), Stream(chunks(str(i % 10)))))
            observer.counts, observer.decision, observer.declaration, observer.serialize_state()
            kept.extend(taken(observer))

    kept = []
    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    finally:
        sys.setswitchinterval(interval)
    assert not any(thread.is_alive() for thread in threads)
    kept.extend(taken(observer))
    assert len(kept) == observer.counts.uses["probe"] == observer.decision.observations == 2 * 4 * rounds
    whole = sorted(o["response"]["id"] for o in kept if o["response"]["id"] != "chatcmpl-7")
    assert whole == sorted(f"{name}-{i}" for name in "abcd" for i in range(rounds))


def test_threads_share_a_stream(observer):
    # Which piece comes first is theirs to settle; all of them count.
    stream = observer.open(chat("A digit?", stream=True))
    pieces = chunks(*"0123456789")
    threads = [threading.Thread(target=stream.on_event, args=(piece,)) for piece in pieces[:-1]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream.on_event(pieces[-1])
    stream.finish()
    assert sorted(taken(observer)[0]["response"]["text"]) == list("0123456789")


def test_other_threads_go_on_while_a_body_is_read(fingerprint):
    # With so long an interval nobody gets the lock from a thread that does not give it up.
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_response_bytes=1 << 24)
    body = json.dumps({**completion("7").model_dump(exclude_unset=True), "more": [1.5] * 1_500_000})
    observed, started = [], threading.Event()

    def read():
        started.set()
        observed.append(observer.observe(chat("A digit?"), body))

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=read)
    sys.setswitchinterval(600)
    try:
        thread.start()
        started.wait()
        ran_meanwhile = not observed
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert ran_meanwhile and observed == ["probe"]
