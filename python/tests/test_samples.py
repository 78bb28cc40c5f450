"""The samples that verify() compares, as Python sees them."""

import json

import pytest

import pinchbeck


def recording(rows):
    return pinchbeck.Recording.from_dicts(rows)


@pytest.fixture(scope="module")
def fingerprint():
    coin = [{"probe": "coin", "session": session, "response": {"text": text}}
            for session, texts in (("a", ["Heads.", "tails"]), ("b", ["heads", "heads"])) for text in texts]
    story = [{"probe": "story", "signals": ["token_length", "latency"], "request": {"max_tokens": 9},
              "response": {"text": "once", "finish_reason": "length" if n == 9 else "stop"},
              "usage": {"output_tokens": n}, "timing": {"total_s": n / 10}} for n in (3, 9)]
    return pinchbeck.enroll(recording(coin + story), model="m").fingerprint


def test_sessions_are_pooled(fingerprint):
    samples = fingerprint.samples()
    assert sorted(samples) == list(fingerprint.probes) == ["coin", "story"]
    assert samples["coin"].usable == 4 and samples["coin"].failed == 0
    assert samples["coin"].choices == {"heads": 3, "tails": 1}
    assert samples["coin"].lengths == () and samples["coin"].latencies == ()


def test_lengths_and_latencies_keep_what_was_measured(fingerprint):
    story = fingerprint.samples()["story"]
    assert [(n.length, n.capped) for n in story.lengths] == [(3.0, False), (9.0, True)]
    assert story.length_source == "usage"
    assert [latency.first_token_s for latency in story.latencies] == pytest.approx([0.3, 0.9])
    assert [latency.tokens_per_s for latency in story.latencies] == [None, None]
    assert story.choices == {}


def test_recordings_are_read_by_the_plan(fingerprint):
    observed = recording([
        {"probe": "coin", "response": {"text": "TAILS!"}},
        {"probe": "story", "response": {"text": "once upon"}, "usage": {"output_tokens": 4}},
        {"probe": "unknown", "response": {"text": "x"}},
        {"probe": "coin", "error": {"kind": "timeout"}},
    ])
    samples = fingerprint.read_samples(observed)
    assert sorted(samples) == ["coin", "story"]
    assert samples["coin"].choices == {"tails": 1} and samples["coin"].failed == 1
    # Enrolled by itself the story would be a choice; the plan says that it is not.
    assert samples["story"].choices == {} and [n.length for n in samples["story"].lengths] == [4.0]


def test_lists_of_likely_tokens_are_dicts():
    rows = [{"probe": "p", "signals": ["logprob"], "request": {"temperature": 0.0, "max_tokens": 1},
             "response": {"text": "a"},
             "logprobs": [{"token": "a", "logprob": a, "top": [{"token": "a", "logprob": a},
                                                               {"token": "b", "logprob": -2.0}]}]}
            for a in (-0.25, -0.5)]
    sample = pinchbeck.enroll(recording(rows), model="m").fingerprint.samples()["p"]
    assert sample.first_logprobs == ({"a": -0.25, "b": -2.0}, {"a": -0.5, "b": -2.0})


def test_samples_are_plain_and_cannot_be_changed(fingerprint):
    story = fingerprint.samples()["story"]
    with pytest.raises(AttributeError):
        story.usable = 7
    plain = json.loads(json.dumps(story.to_dict()))
    assert plain["lengths"] == [{"length": 3.0, "capped": False}, {"length": 9.0, "capped": True}]
    assert fingerprint.samples()["story"] == story


def test_samples_with_dicts_inside_tuples_can_be_hashed():
    rows = [{"probe": "p", "signals": ["logprob"], "request": {"temperature": 0.0, "max_tokens": 1},
             "response": {"text": "a"},
             "logprobs": [{"token": "a", "logprob": -0.5, "top": [{"token": "a", "logprob": -0.5}]}]}]
    first, second = (pinchbeck.enroll(recording(rows), model="m").fingerprint.samples()["p"] for _ in range(2))
    assert hash(first) == hash(second) and first == second
