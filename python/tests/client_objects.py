"""What applications have in hand: requests, and the objects and streams that Python clients give for them."""

import datetime
import hashlib
import json
import random
import time

import pinchbeck

MODEL = "gpt-x"
KEY = "sk-canary-0123456789abcdef"


class Model:
    """A response object with the dump of pydantic: fields that the server left out are null, unless excluded."""

    UNSET = {"refusal": None, "tool_calls": None, "function_call": None, "service_tier": None, "logprobs": None}

    def __init__(self, **fields):
        self.fields = fields

    def model_dump(self, *, mode="python", by_alias=False, exclude_unset=False, warnings=True):
        def value_of(value):
            if isinstance(value, Model):
                return value.model_dump(mode=mode, by_alias=by_alias, exclude_unset=exclude_unset, warnings=warnings)
            if isinstance(value, list):
                return [value_of(item) for item in value]
            if isinstance(value, datetime.datetime) and mode == "json":
                return value.isoformat()
            return value

        fields = {name.rstrip("_") if by_alias else name: value_of(v) for name, v in self.fields.items()}
        return fields if exclude_unset else {**self.UNSET, **fields}


class OldModel:
    """The same of a client that knows no options of the dump."""

    def __init__(self, model):
        self.model = model

    def model_dump(self):
        return self.model.model_dump(exclude_unset=True)


class OtherModel:
    """And of one that calls it to_dict()."""

    def __init__(self, model):
        self.model = model

    def to_dict(self):
        return self.model.model_dump(mode="json", exclude_unset=True)


def chat(question, **changes):
    request = {"model": MODEL, "messages": [{"role": "user", "content": question}], "temperature": 1, "max_tokens": 4}
    return {name: value for name, value in {**request, **changes}.items() if value is not None}


def completion(text, **changes):
    """A ChatCompletion of the OpenAI client."""
    message = Model(role="assistant", content=text)
    usage = Model(prompt_tokens=9, completion_tokens=1, total_tokens=10)
    return Model(**{"id": "chatcmpl-7", "object": "chat.completion", "created": 1796000001, "model": MODEL,
                    "choices": [Model(index=0, message=message, finish_reason="stop")], "usage": usage, **changes})


def chunks(*pieces, end="stop"):
    """ChatCompletionChunks of the OpenAI client."""
    made = [Model(id="chatcmpl-7", object="chat.completion.chunk", model=MODEL,
                  choices=[Model(index=0, delta=Model(content=piece))]) for piece in pieces]
    if end is not None:
        made.append(Model(id="chatcmpl-7", model=MODEL, choices=[Model(index=0, delta=Model(), finish_reason=end)]))
    return made


def digest(*messages):
    """prompt_sha256 as docs/design/0001-formats.md defines it."""
    one_question = len(messages) == 1 and messages[0][0] == "user"
    text = messages[0][1] if one_question else json.dumps(messages, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def enrolled(answers, **request):
    asked = {"temperature": 1, "max_tokens": 4, "prompt_sha256": digest(("user", "A digit?")), **request}
    recording = pinchbeck.Recording.from_dicts(
        {"probe": "digit", "request": asked, "response": {"text": text, "model": MODEL}} for text in answers
    )
    return pinchbeck.enroll(recording, model=MODEL).fingerprint


def drawn_digits():
    """A fingerprint of one probe, "A digit?", whose answers are digits, equally likely."""
    digits = random.Random(1)
    return enrolled(str(digits.randrange(10)) for _ in range(400))


def taken(observer):
    return observer.take().to_dicts()


class Stream:
    """A stream of a client: sent by the function that made it, read with pauses, closed by who has it."""

    def __init__(self, items, pause=0.0):
        self.items, self.pause, self.closed = items, pause, False

    def __iter__(self):
        for item in self.items:
            time.sleep(self.pause)
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self):
        self.closed = True
