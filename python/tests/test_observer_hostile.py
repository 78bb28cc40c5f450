"""Answers that are hard to read, and requests that the observer refuses: neither vanishes nor disturbs the application."""

import asyncio
import json
import random
import warnings

import pytest

import pinchbeck
from client_objects import KEY, MODEL, Model, Stream, chat, chunks, completion, drawn_digits, taken


@pytest.fixture(scope="module")
def fingerprint():
    return drawn_digits()


@pytest.fixture
def observer(fingerprint):
    return pinchbeck.Observer(fingerprint, models=[MODEL])


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def circle():
    value = []
    value.append(value)
    return value


class Mute(Model):
    """An object that cannot say what it holds, as pydantic's cannot where a server nests too deeply."""

    def model_dump(self, **options):
        raise ValueError("a word of the server")


def spoiled(items, value):
    """The chunks as dicts, the first with a member that no client minds."""
    dicts = [item.model_dump(exclude_unset=True) for item in items]
    dicts[0]["x"] = value
    return dicts


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), {"a": [float("nan")]}])
def test_numbers_that_json_lacks_are_read(observer, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert observer.observe(chat("A digit?"), completion("42", x=value)) == "probe"
        items = spoiled(chunks("4", "2"), value)
        assert list(observer.observe_stream(chat("A digit?"), Stream(items))) == items
        stream = observer.open(chat("A digit?"))
        for i, item in enumerate(items):
            stream.on_event(item, i)
        assert stream.finish(total_s=9) == "probe"
    assert [o["response"]["text"] for o in taken(observer)] == ["42"] * 3
    assert observer.counts.uses["probe"] == 3 and observer.counts.refused == 0


@pytest.mark.parametrize("value", [nested(300), nested(20_000), circle(), Mute()], ids=["300", "20000", "circle", "mute"])
def test_what_cannot_be_written_is_a_failed_answer(observer, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert observer.observe(chat("A digit?"), completion("42", x=value).fields) == "failed"
        items = chunks("4", "2")
        items[1] = {**items[1].fields, "x": value}
        passed = list(observer.observe_stream(chat("A digit?"), Stream(items)))
    assert [a is b for a, b in zip(items, passed)] == [True] * 3 == [len(passed) == 3] * 3
    whole, streamed = taken(observer)
    assert whole["error"]["kind"] == streamed["error"]["kind"] == "protocol"
    assert streamed["response"]["text"] == "4"
    counts = observer.counts
    assert (counts.exchanges, counts.uses["failed"], counts.failed_after_text) == (2, 2, 1)
    assert (counts.abandoned, counts.refused, counts.open_streams) == (0, 0, 0)


def test_an_object_that_says_nothing_is_a_failed_answer(observer):
    assert observer.observe(chat("A digit?"), Mute()) == "failed"
    with pytest.raises(ValueError, match=r"request .*: Mute gives no dict \(ValueError\)"):
        observer.observe(Mute(), completion("7"))
    assert observer.counts.refused == 1


@pytest.mark.parametrize("odd", [object(), 7, {"x": object()}])
def test_chunks_of_other_types_make_the_answer_a_failed_one(observer, odd):
    first, second, end = chunks("4", "2")
    with pytest.warns(RuntimeWarning, match="not observed: event: expected a dict"):
        assert list(observer.observe_stream(chat("A digit?"), Stream([first, odd, second, end])))[1] is odd
    # Even behind the end, where nothing is missing of the text.
    with pytest.warns(RuntimeWarning):
        list(observer.observe_stream(chat("A digit?"), Stream([first, second, end, odd])))
    counts = observer.counts
    assert (counts.uses["failed"], counts.failed_after_text, counts.abandoned, counts.open_streams) == (2, 2, 0, 0)
    # By hand it is a mistake of the caller, who may go on.
    with observer.open(chat("A digit?")) as stream:
        with pytest.raises(TypeError, match="event: expected a dict"):
            stream.on_event(odd)
        for chunk in [first, second, end]:
            stream.on_event(chunk)
        assert stream.finish() == "probe"


@pytest.mark.parametrize("value", [float("nan"), nested(20_000)], ids=["nan", "nested"])
def test_a_substitute_does_not_hide_behind_odd_members(fingerprint, value):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL])
    draws = random.Random(5)
    for _ in range(200):
        observer.observe(chat("A digit?"), completion(str(draws.randrange(10))))
    for _ in range(200):
        items = chunks("word")
        items[1] = {**items[1].fields, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x": value}
        list(observer.observe_stream(chat("A digit?"), Stream(items)))
    report = pinchbeck.verify(fingerprint, observer.take())
    assert report.verdict == ("differs" if value != value else "inconclusive")


def test_what_is_refused_is_counted(observer):
    calls = [
        (ValueError, lambda: observer.observe(chat("A digit?", temperature=float("nan")))),
        (ValueError, lambda: observer.open(chat("A digit?", more=nested(20_000)))),
        (TypeError, lambda: observer.observe(chat("A digit?", user=object()))),
        (TypeError, lambda: observer.observe([], {})),
        (TypeError, lambda: observer.observe(chat("A digit?"), 7)),
        (ValueError, lambda: observer.observe("{")),
        (ValueError, lambda: observer.observe(chat("A digit?"), {}, status=99)),
    ]
    for number, (error, call) in enumerate(calls, 1):
        with pytest.raises(error):
            call()
        assert observer.counts.refused == number
    assert observer.counts.exchanges == 0


class NotGiven:
    """What some clients take for a member that is left out."""


REFUSED = [
    (chat("A secret?" * 200), "at most 1000"),
    (chat("A secret?", messages=[]), "missing or empty"),
    (chat("A secret?", temperature="hot"), "temperature"),
    (chat("A secret?", temperature=float("nan")), "cannot be written as JSON"),
    (chat("A secret?", top_p=NotGiven()), "got NotGiven"),
    ("{", "not JSON"),
]


@pytest.mark.parametrize("request_body, message", REFUSED)
def test_a_request_that_is_refused_is_sent_all_the_same(fingerprint, request_body, message):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_request_bytes=1000)
    items, sent = chunks("4", "2"), []

    def send():
        sent.append(Stream(items))
        return sent[-1]

    async def send_async():
        async def stream():
            for item in items:
                yield item

        return stream()

    async def read():
        return [c async for c in observer.observe_async_stream(request_body, send_async, redact=KEY)]

    with pytest.warns(RuntimeWarning, match=message) as said:
        assert list(observer.observe_stream(request_body, send, redact=KEY)) == items
        assert asyncio.run(read()) == items
    assert len(sent) == 1 and sent[0].closed
    assert not any("secret" in str(w.message) or KEY in str(w.message) for w in said)
    assert (observer.counts.refused, observer.counts.exchanges, observer.counts.abandoned) == (2, 0, 0)


@pytest.mark.parametrize(
    "options, error",
    [
        ({"api": "gemini"}, ValueError),
        ({"endpoint": "nowhere"}, ValueError),
        ({"time": "noon"}, ValueError),
        ({"time": 7}, TypeError),
        ({"sent": "now"}, TypeError),
        ({"redact": 7}, TypeError),
    ],
)
def test_bad_options_raise_before_anything_is_sent(observer, options, error):
    sent = []
    for observe in [observer.observe_stream, observer.observe_async_stream]:
        with pytest.raises(error, match=next(iter(options))):
            observe(chat("A digit?"), lambda: sent.append(1), **options)
    assert sent == [] and observer.counts.open_streams == 0


def test_a_stream_that_was_never_read_is_closed(observer):
    made = []

    def send():
        made.append(Stream(chunks("4", "2")))
        return made[-1]

    passed = observer.observe_stream(chat("A digit?"), send)
    passed.close()
    passed = observer.observe_stream(chat("A digit?"), send)
    del passed
    assert [stream.closed for stream in made] == [True, True]
    assert observer.counts.abandoned == 2 and observer.counts.open_streams == 0

    class NoStream:
        closed = False

        def close(self):
            self.closed = True

    # A whole answer, because `stream=True` was forgotten.
    answer = NoStream()
    with pytest.raises(TypeError, match="not iterable"):
        observer.observe_stream(chat("A digit?"), lambda: answer)
    assert answer.closed and observer.counts.abandoned == 3


def test_a_clock_that_is_none_costs_the_times_only(observer):
    for sent in [1e12, float("nan"), float("-inf")]:
        with pytest.warns(RuntimeWarning, match="no times are recorded"):
            list(observer.observe_stream(chat("A digit?"), Stream(chunks("4", "2")), sent=sent))
    for observation in taken(observer):
        assert observation["response"]["text"] == "42" and "timing" not in observation
    assert observer.counts.uses["probe"] == 3


def test_times_are_kept_of_an_answer_with_odd_members(observer):
    items = spoiled(chunks("4", "2"), float("nan"))
    list(observer.observe_stream(chat("A digit?"), lambda: Stream(items)))
    (observation,) = taken(observer)
    assert len(observation["timing"]["event_s"]) == 2 and json.dumps(observation)
