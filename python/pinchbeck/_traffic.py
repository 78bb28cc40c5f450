"""Traffic as Python clients have it: bodies as JSON, and streams that are observed while they are passed on."""

from __future__ import annotations

import datetime
import inspect
import json
import math
import time as clock
import typing
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping

if typing.TYPE_CHECKING:
    import pinchbeck

# How objects of clients become what was sent or received: with the names of the API, and without the fields that
# the other side left out. Older versions do not know the options.
_WAYS: tuple[tuple[str, dict[str, object]], ...] = (
    ("model_dump", {"mode": "json", "by_alias": True, "exclude_unset": True, "warnings": False}),
    ("model_dump", {"mode": "json", "by_alias": True, "exclude_unset": True}),
    ("model_dump", {}),
    ("to_dict", {}),
)
# Instead of an answer that cannot be written as JSON: what no API sends, so that the answer counts as failed.
_NOT_JSON = b"(not JSON)"


class _Foreign(TypeError):
    """Something inside a body is no JSON, although the body itself is of a type that is taken."""


def plain(value: object) -> dict[str, object]:
    """A mapping, or an object of a client library, as a dict. ValueError: the object cannot say what it holds."""
    failure = None
    if not isinstance(value, type):
        for method, options in _WAYS:
            try:
                found = getattr(value, method)(**options)
            except (AttributeError, TypeError):
                continue
            except (ValueError, RecursionError) as error:
                failure = type(error).__name__
                continue
            if isinstance(found, Mapping):
                return dict(found)
    if isinstance(value, Mapping):
        return dict(value)
    if failure is not None:
        raise ValueError(f"{type(value).__name__} gives no dict ({failure})")
    raise TypeError(f"expected a dict, an object of a client library or text, got {type(value).__name__}")


def _written(value: object, what: str, allow_nan: bool) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    kind: type[TypeError] = TypeError
    try:
        members = plain(value)
        kind = _Foreign
        return json.dumps(members, default=plain, allow_nan=allow_nan).encode()
    except TypeError as error:
        raise kind(f"{what}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} cannot be written as JSON: {error}") from None


def body(value: object, what: str) -> bytes:
    """The bytes of a request's body; text counts as one already."""
    return _written(value, what, allow_nan=False)


def answer(value: object, what: str) -> bytes:
    """The same of what a server sent, which is never refused for what it holds: it would vanish from the figures."""
    try:
        # Clients read NaN and its like, and so does the library.
        return _written(value, what, allow_nan=True)
    except ValueError:
        return _NOT_JSON


class _Tap:
    """The observed copy of a stream. What goes wrong with it is said and does not disturb the stream."""

    def __init__(self, opened: pinchbeck.ObserverStream | None, sent: float | None, redact: str | None) -> None:
        self._stream = opened
        self._redact = redact
        self.sent = sent

    def _elapsed(self) -> float | None:
        return None if self.sent is None else clock.monotonic() - self.sent

    def feed(self, chunk: object) -> None:
        if self._stream is None:
            return
        arrival = self._elapsed()
        try:
            if isinstance(chunk, (str, bytes, bytearray, memoryview)):
                self._stream.on_bytes(bytes(chunk) if not isinstance(chunk, str) else chunk, arrival)
            else:
                self._stream.on_event(typing.cast(Mapping[str, typing.Any], chunk), arrival)
        except OSError as error:  # A limit of the observer, who has counted it.
            self.close()
            _warn(error)
        except Exception as error:
            self._fail(error, arrival)

    def end(self, failure: Exception | None = None) -> None:
        if self._stream is None:
            return
        stream, self._stream = self._stream, None
        total = self._elapsed()
        status = None if failure is None else _status_of(failure)
        try:
            if status is not None:
                stream.finish(status=status, complete=False, total_s=total, redact=self._redact)
            else:
                stream.finish(complete=failure is None, total_s=total, redact=self._redact)
        except Exception as error:
            _warn(error)

    def close(self) -> None:
        """Gives the answer up, unless it ended."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _fail(self, error: Exception, arrival: float | None) -> None:
        """A chunk that nobody can read makes the answer a failed one, whatever follows. An endpoint could choose which
        answers are left out otherwise."""
        _warn(error)
        try:
            if self._stream is not None:
                self._stream.on_event(_NOT_JSON, arrival)
        except Exception:
            self.close()


def _status_of(failure: Exception) -> int | None:
    """The HTTP error that an exception of a client stands for; None where the connection broke."""
    response = getattr(failure, "response", None)
    for owner, name in [(failure, "status_code"), (response, "status_code"), (failure, "code")]:
        status = getattr(owner, name, None)
        if isinstance(status, int) and 300 <= status <= 599:
            return status
    return None


def _warn(error: Exception) -> None:
    warnings.warn(f"a streamed answer is not observed: {error}", RuntimeWarning, stacklevel=1)


def _open(
    observer: pinchbeck.Observer,
    request: typing.Any,
    api: typing.Any,
    sent: float | None,
    time: str | datetime.datetime | None,
    endpoint: str | None,
    session: str | None,
    redact: str | None,
) -> _Tap:
    if time is None:
        time = datetime.datetime.now(datetime.timezone.utc)
    if sent is not None and not isinstance(sent, (int, float)):
        raise TypeError(f"sent: expected time.monotonic(), got {type(sent).__name__}")
    if redact is not None and not isinstance(redact, str):
        raise TypeError(f"redact: expected a str, got {type(redact).__name__}")
    try:
        opened = observer.open(request, api=api, time=time, endpoint=endpoint, session=session)
    except (OSError, _Foreign) as error:  # A limit of the observer, or what the request holds: the application goes on.
        _warn(error)
        return _Tap(None, sent, redact)
    except ValueError as error:
        if not str(error).startswith("request"):  # The name of an option.
            raise
        _warn(error)
        return _Tap(None, sent, redact)
    if sent is not None and not (math.isfinite(sent) and sent <= clock.monotonic()):
        warnings.warn("sent is no past time.monotonic(), so no times are recorded", RuntimeWarning, stacklevel=1)
        sent = None
    return _Tap(opened, sent, redact)


def observe_stream(
    observer: pinchbeck.Observer,
    request: object,
    stream: typing.Any,
    *,
    api: str,
    sent: float | None,
    time: str | datetime.datetime | None,
    endpoint: str | None,
    session: str | None,
    redact: str | None,
) -> Generator[typing.Any, None, None]:
    made_here = not hasattr(stream, "__iter__")
    if made_here and not callable(stream):
        raise TypeError(f"stream: expected an iterable or a function that gives one, got {type(stream).__name__}")
    tap = _open(observer, request, api, sent, time, endpoint, session, redact)
    if made_here:
        stream = _called(stream, tap)
    passed = _pass_on(stream, getattr(stream, "close", None) if made_here else None, tap)
    # A generator that was never begun ends without its `finally`, and the connection would stay open.
    next(passed)
    return passed


def _called(make: Callable[[], typing.Any], tap: _Tap) -> typing.Any:
    if tap.sent is None:
        tap.sent = clock.monotonic()
    try:
        return make()
    except Exception as error:
        tap.end(error)
        raise
    except BaseException:
        tap.close()
        raise


def _pass_on(
    stream: typing.Any, close: Callable[[], object] | None, tap: _Tap
) -> Generator[typing.Any, None, None]:
    try:
        chunks: Iterator[typing.Any] = iter(stream)
        yield
        while True:
            try:
                chunk = next(chunks)
            except StopIteration:
                tap.end()
                return
            except Exception as error:
                tap.end(error)
                raise
            tap.feed(chunk)
            yield chunk
    finally:
        tap.close()
        if close is not None:
            close()


def observe_async_stream(
    observer: pinchbeck.Observer,
    request: object,
    stream: typing.Any,
    *,
    api: str,
    sent: float | None,
    time: str | datetime.datetime | None,
    endpoint: str | None,
    session: str | None,
    redact: str | None,
) -> AsyncGenerator[typing.Any, None]:
    made_here = not hasattr(stream, "__aiter__")
    if made_here and not callable(stream):
        raise TypeError(
            f"stream: expected an asynchronous iterable or a function that gives one, got {type(stream).__name__}"
        )
    tap = _open(observer, request, api, sent, time, endpoint, session, redact)
    return _pass_on_async(stream, made_here, tap)


async def _pass_on_async(stream: typing.Any, made_here: bool, tap: _Tap) -> AsyncGenerator[typing.Any, None]:
    close = None
    try:
        if made_here:
            stream = await _called_async(stream, tap)
            close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
        chunks: AsyncIterator[typing.Any] = stream.__aiter__()
        while True:
            try:
                chunk = await chunks.__anext__()
            except StopAsyncIteration:
                tap.end()
                return
            except Exception as error:
                tap.end(error)
                raise
            tap.feed(chunk)
            yield chunk
    finally:
        tap.close()
        if close is not None:
            closed = close()
            if inspect.isawaitable(closed):
                await closed


async def _called_async(make: Callable[[], typing.Any], tap: _Tap) -> typing.Any:
    if tap.sent is None:
        tap.sent = clock.monotonic()
    try:
        made = make()
        return await made if inspect.isawaitable(made) else made
    except Exception as error:
        tap.end(error)
        raise
