"""Observer: traffic of an application, in the shapes that Python clients have, and what becomes of it."""

import datetime
import json
import random
import re
import warnings

import pytest

import pinchbeck
from pinchbeck import _traffic
from client_objects import (KEY, MODEL, Model, OldModel, OtherModel, Stream, chat, chunks, completion, digest,
                            drawn_digits, enrolled, taken)

USES = ["probe", "failed", "unknown_prompt", "other_settings", "prompt_not_text", "seed", "other_parameter",
        "other_model", "other_endpoint"]


@pytest.fixture(scope="module")
def fingerprint():
    return drawn_digits()


@pytest.fixture
def observer(fingerprint):
    return pinchbeck.Observer(fingerprint, models=[MODEL])


def test_an_answer_becomes_the_observation_of_its_probe(observer):
    when = datetime.datetime(2026, 11, 20, 8, 0, 0, 500_000, tzinfo=datetime.timezone.utc)
    use = observer.observe(
        chat("A digit?"), completion("7"), time=when, session="today", endpoint=f"https://user:{KEY}@relay.example/v1",
        total_s=0.7, first_token_s=0.4,
    )
    assert use == "probe"
    (observation,) = taken(observer)
    assert observation["probe"] == "digit" and observation["session"] == "today"
    assert observation["time"] == "2026-11-20T08:00:00.500000+00:00"
    assert observation["endpoint"] == "https://relay.example/v1"
    assert observation["response"] == {"id": "chatcmpl-7", "model": MODEL, "text": "7", "finish_reason": "stop"}
    assert observation["usage"] == {"input_tokens": 9, "output_tokens": 1}
    assert observation["timing"] == {"first_token_s": 0.4, "total_s": 0.7}
    assert observation["request"]["prompt_sha256"] == digest(("user", "A digit?"))
    assert taken(observer) == []


def test_bodies_come_in_many_shapes(observer):
    response = completion("7").model_dump(exclude_unset=True)
    text = json.dumps(response)
    events = "".join(f"data: {json.dumps(c.model_dump(exclude_unset=True))}\n\n" for c in chunks("7")) + "data: [DONE]\n\n"
    shapes = [completion("7"), OldModel(completion("7")), OtherModel(completion("7")), response, text, text.encode(),
              bytearray(text.encode()), memoryview(text.encode()), events]
    request = chat("A digit?")
    # A client's own object may be a message of the request.
    requests = [request, Model(**request), json.dumps(request), json.dumps(request).encode(),
                {**request, "messages": [Model(role="user", content="A digit?")]}]
    for shape in shapes:
        assert observer.observe(request, shape) == "probe"
    for shape in requests:
        assert observer.observe(shape, response) == "probe"
    seen = taken(observer)
    assert len(seen) == len(shapes) + len(requests)
    assert {o["response"]["text"] for o in seen} == {"7"}
    # Fields that the server left out are not null ones that it sent.
    assert json.loads(_traffic.body(completion("7"), "response")) == response and "refusal" not in text


def test_the_names_and_types_of_the_api_are_used(observer):
    request = Model(model=MODEL, messages_=[{"role": "user", "content": "A digit?"}], temperature=1, max_tokens=4)
    response = completion("7", created=datetime.datetime(2026, 1, 1))
    assert observer.observe(request, response) == "probe"


def test_anthropic(fingerprint):
    prompt = digest(("system", "Be brief."), ("user", "A digit?"))
    observer = pinchbeck.Observer(enrolled("0123456789" * 9, prompt_sha256=prompt), models=["claude-x"])
    request = {"model": "claude-x", "max_tokens": 4, "temperature": 1, "system": "Be brief.",
               "messages": [{"role": "user", "content": "A digit?"}]}
    message = Model(id="msg_1", type="message", role="assistant", model="claude-x",
                    content=[Model(type="text", text="4")], stop_reason="end_turn",
                    usage=Model(input_tokens=12, output_tokens=1))
    assert observer.observe(request, message, api="anthropic") == "probe"
    events = [
        Model(type="message_start", message=Model(id="msg_2", type="message", role="assistant", model="claude-x",
                                                  content=[], usage=Model(input_tokens=12, output_tokens=1))),
        Model(type="content_block_start", index=0, content_block=Model(type="text", text="")),
        Model(type="content_block_delta", index=0, delta=Model(type="text_delta", text="4")),
        # What the client's own stream helper adds; the server never sent it.
        Model(type="text", text="4", snapshot="4"),
        Model(type="content_block_delta", index=0, delta=Model(type="text_delta", text="2")),
        Model(type="content_block_stop", index=0),
        Model(type="message_delta", delta=Model(stop_reason="end_turn"), usage=Model(output_tokens=2)),
        Model(type="message_stop"),
    ]
    with observer.open(request, api="anthropic") as stream:
        for i, event in enumerate(events):
            stream.on_event(event, 0.5 + i)
        assert stream.finish(total_s=9) == "probe"
    whole, streamed = taken(observer)
    assert whole["response"]["text"] == "4" and whole["request"]["prompt_sha256"] == prompt
    assert streamed["response"]["text"] == "42" and streamed["response"]["id"] == "msg_2"
    assert streamed["timing"]["event_s"] == [2.5, 4.5] and streamed["timing"]["total_s"] == 9
    assert streamed["usage"] == {"input_tokens": 12, "output_tokens": 2}


@pytest.mark.parametrize(
    "change, use",
    [
        ({"model": "gpt-y"}, "other_model"),
        ({"model": None}, "other_model"),
        ({"temperature": 0.5}, "other_settings"),
        ({"temperature": None}, "other_settings"),
        ({"top_p": 0.9}, "other_settings"),
        ({"seed": 7}, "seed"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, "other_parameter"),
        ({"messages": [{"role": "user", "content": "A letter?"}]}, "unknown_prompt"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]},
         "prompt_not_text"),
    ],
)
def test_only_what_was_made_like_a_probe_is_used(observer, change, use):
    assert observer.observe(chat("A digit?", **change), completion("7")) == use
    counts = observer.counts
    assert counts.exchanges == 1 and counts.uses == {name: int(name == use) for name in USES}
    assert taken(observer) == []


def test_only_the_endpoint_is_watched(fingerprint):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], endpoint="https://relay.example/v1/")
    assert observer.observe(chat("A digit?"), completion("7")) == "other_endpoint"
    for endpoint in ["https://relay.example/v1", "https://relay.example/v1/"]:
        assert observer.observe(chat("A digit?"), completion("7"), endpoint=endpoint) == "probe"


def test_failures_are_counted_and_are_no_data(observer):
    observer.watch()
    body = {"error": {"message": f"Incorrect API key {KEY}", "code": "rate_limit"}}
    assert observer.observe(chat("A digit?"), body, status=429) == "failed"
    assert observer.observe(chat("A digit?"), None, status=503) == "failed"
    assert observer.observe(chat("A digit?"), complete=False) == "failed"
    observations = taken(observer)
    assert [o["error"].get("status") for o in observations[:2]] == [429, 503]
    assert observations[2]["error"]["kind"] == "network"
    assert KEY not in json.dumps(observations)
    assert (observer.decision.observations, observer.decision.used) == (3, 0)


def test_a_key_that_the_server_repeats_is_taken_out(observer):
    assert observer.observe(chat("A digit?"), completion(f"no, {KEY}"), redact=KEY) == "probe"
    assert [o["response"]["text"] for o in taken(observer)] == ["no, [key]"]


def test_a_substitute_raises_an_alarm_and_honest_answers_none(fingerprint, tmp_path):
    def decision(answers, **options):
        observer = pinchbeck.Observer(fingerprint, models=[MODEL])
        assert observer.decision is None
        observer.watch(**options)
        for i, text in enumerate(answers):
            observer.observe(chat("A digit?"), completion(text, id=f"chatcmpl-{i}"))
            observer.observe(chat("Something else?"), completion("no digit at all"))
        recording = observer.take()
        decision = observer.decision
        assert (decision.observations, decision.used) == (150, 150)
        # The same test as over the recording afterwards.
        assert pinchbeck.Monitor(fingerprint, **options).run(recording).log10_e_value == decision.log10_e_value
        return decision, pinchbeck.verify(fingerprint, recording).verdict

    draws = random.Random(2)
    honest, verdict = decision([str(draws.randrange(10)) for _ in range(150)])
    assert honest.verdict == "inconclusive" and honest.alarm_at is None and verdict != "differs"
    swapped, verdict = decision([str(draws.choice([3, 7])) for _ in range(150)])
    assert swapped.verdict == "differs" and swapped.alarm_at < 100 and verdict == "differs"
    strict, _ = decision([str(draws.choice([3, 7])) for _ in range(150)], alpha=1e-6)
    assert swapped.alarm_at < strict.alarm_at


def test_the_monitor_goes_on_where_it_was(fingerprint, tmp_path):
    def watched():
        observer = pinchbeck.Observer(fingerprint, models=[MODEL])
        observer.watch()
        return observer

    def feed(observer, count):
        for i in range(count):
            observer.observe(chat("A digit?"), completion(str(i % 3), id=f"chatcmpl-{i}"))
        return observer.decision

    whole = feed(watched(), 20), feed(watched(), 40)
    first = watched()
    assert feed(first, 20) == whole[0]
    first.save_state(tmp_path / "state.json")
    for restore in [lambda o: o.restore_state(first.serialize_state()), lambda o: o.load_state(tmp_path / "state.json")]:
        again = watched()
        restore(again)
        assert again.decision == whole[0]
        for i in range(20, 40):
            again.observe(chat("A digit?"), completion(str(i % 3)))
        assert again.decision.log10_e_value == whole[1].log10_e_value
    # Another monitor would forget the evidence.
    with pytest.raises(ValueError, match="a monitor is attached already"):
        first.watch()
    assert first.decision.observations == 20
    with pytest.raises(KeyError):
        first.load_state(tmp_path / "none.json")
    with pytest.raises(ValueError):
        first.restore_state("{}")
    bare = pinchbeck.Observer(fingerprint, models=[MODEL])
    for call in [bare.serialize_state, lambda: bare.restore_state("{}"), lambda: bare.save_state(tmp_path / "b"),
                 lambda: bare.load_state(tmp_path / "state.json")]:
        with pytest.raises(ValueError, match=r"no monitor is attached; call watch\(\) first"):
            call()


def test_what_waits_is_bounded(fingerprint):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_observations=3)
    for i in range(5):
        observer.observe(chat("A digit?"), completion(str(i)))
    counts = observer.counts
    assert (counts.buffered, counts.dropped) == (3, 2) and counts.buffered_bytes > 100
    assert counts == observer.counts and hash(counts) == hash(observer.counts)
    json.dumps(counts.to_dict())
    with pytest.raises(AttributeError):
        counts.dropped = 0
    assert [o["response"]["text"] for o in taken(observer)] == ["2", "3", "4"]


def test_declarations_are_told(observer):
    assert not observer.declaration.measurable and observer.declaration.notes == ()
    observer.observe(chat("A letter?"), completion("a", model="gpt-x-mini"))
    declaration = observer.declaration
    assert declaration.measurable and (declaration.n_reference, declaration.n_observed) == (400, 1)
    assert "model: differs (gpt-x-mini)" in declaration.notes


def test_warnings_are_of_probes_and_of_the_monitor():
    blind = pinchbeck.enroll(
        pinchbeck.Recording.from_dicts({"probe": "p", "response": {"text": str(i % 2)}} for i in range(40)), model="m"
    ).fingerprint
    observer = pinchbeck.Observer(blind, models=["m"])
    (matching,) = observer.warnings
    assert "no request can match" in matching
    other = pinchbeck.enroll(
        pinchbeck.Recording.from_dicts({"probe": "q", "response": {"text": str(i % 2)}} for i in range(40)), model="n"
    ).fingerprint
    observer.watch([other])
    assert observer.warnings == (matching, 'alternative "n" shares no probe and was left out')


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda o: o.observe(None), TypeError, "request: expected a dict"),
        (lambda o: o.observe(Model, {}), TypeError, "request: expected a dict, .* got type"),
        (lambda o: o.observe([], {}), TypeError, "request: .* got list"),
        (lambda o: o.observe(chat("A digit?"), 7), TypeError, "response: .* got int"),
        (lambda o: o.observe(chat("A digit?", user=object())), TypeError, "request: .* got object"),
        (lambda o: o.observe(chat("A digit?", temperature=float("nan"))), ValueError, "request cannot be written as JSON"),
        (lambda o: o.observe("{"), ValueError, "request: the body is not JSON"),
        (lambda o: o.observe(chat("A digit?", temperature="hot")), ValueError, "temperature"),
        (lambda o: o.observe(chat("A digit?"), {}, api="gemini"), ValueError,
         "api is 'gemini'; give 'openai_chat' or 'anthropic'"),
        (lambda o: o.observe(chat("A digit?"), {}, status=99), ValueError, "status"),
        (lambda o: o.observe(chat("A digit?"), {}, total_s=-1), ValueError, "total_s"),
        (lambda o: o.observe(chat("A digit?"), {}, time="noon"), ValueError, "time: expected RFC 3339"),
        (lambda o: o.observe(chat("A digit?"), {}, time=datetime.datetime(2026, 1, 1)), ValueError, "RFC 3339"),
        (lambda o: o.observe(chat("A digit?"), {}, time=7), TypeError, "time: give a str or a datetime"),
        (lambda o: o.observe(chat("A digit?"), {}, endpoint="nowhere"), ValueError, "endpoint"),
        (lambda o: o.open("{"), ValueError, "not JSON"),
        (lambda o: o.watch(alpha=2), ValueError, "alpha"),
        (lambda o: o.watch([None]), TypeError, "watch"),
        (lambda o: o.watch(signals=["smell"]), ValueError, "smell"),
    ],
)
def test_bad_arguments(observer, call, error, message):
    with pytest.raises(error, match=message):
        call(observer)
    assert observer.counts.exchanges == 0


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({}, TypeError, "models"),
        ({"models": []}, ValueError, "models: give the names"),
        ({"models": "gpt-x"}, TypeError, "models"),
        ({"models": ["m"], "endpoint": "nowhere"}, ValueError, "endpoint"),
        ({"models": ["m"], "max_bytes": 0}, ValueError, "limit"),
        ({"models": ["m"], "max_streams": -1}, TypeError, "max_streams"),
    ],
)
def test_bad_options(fingerprint, options, error, message):
    with pytest.raises(error, match=message):
        pinchbeck.Observer(fingerprint, **options)
    with pytest.raises(TypeError):
        pinchbeck.Observer(None, models=["m"])


def test_bodies_are_bounded(fingerprint):
    observer = pinchbeck.Observer(fingerprint, models=[MODEL], max_request_bytes=1000, max_response_bytes=1000)
    with pytest.raises(ValueError, match="at most 1000"):
        observer.observe(chat("x" * 1000))
    assert observer.counts.refused == 1
    assert observer.observe(chat("A digit?"), completion("x" * 1000)) == "failed"


def test_no_error_repeats_a_key_or_a_prompt(observer):
    stream = observer.open(chat("A digit?"))
    for call in [
        lambda: observer.observe(chat("A secret?"), {}, redact=KEY, total_s="soon"),
        lambda: observer.observe(chat("A secret?"), {}, redact=KEY, colour=1),
        lambda: observer.observe_stream(chat("A secret?"), lambda: [], redact=KEY, colour=1),
        lambda: observer.observe_async_stream(chat("A secret?"), lambda: [], redact=KEY, colour=1),
        lambda: observer.open(chat("A secret?"), api_key=KEY),
        lambda: stream.on_event(chat("A secret?"), KEY),
        lambda: stream.finish(redact=KEY, status="fine"),
    ]:
        with pytest.raises(TypeError) as error:
            call()
        assert KEY not in str(error.value) and "secret" not in str(error.value)
        assert error.value.__context__ is None or KEY not in str(error.value.__context__)


def test_defaults_are_those_of_the_library(root):
    header = (root / "include" / "pinchbeck" / "audit" / "observer.h").read_text()
    defaults = dict(re.findall(r"std::size_t (max_\w+) = ([^;]+);", header))
    assert set(defaults) == {"max_observations", "max_bytes", "max_streams", "max_stream_bytes"}
    signature = pinchbeck.Observer.__init__.__doc__
    for name, value in defaults.items():
        number = re.sub(r"std::size_t\{(\d+)\}", r"\1", value)
        base, _, shift = number.partition(" << ")
        assert f"{name}: int = {int(base) << int(shift or 0)}," in signature.replace(")", ","), name


def test_nothing_is_printed_or_warned_of(observer, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        observer.observe(chat("A digit?"), completion("7"))
        list(observer.observe_stream(chat("A digit?"), Stream(chunks("7"))))
    assert capfd.readouterr() == ("", "")
