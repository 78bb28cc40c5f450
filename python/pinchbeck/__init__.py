"""Tells whether an LLM endpoint serves the model it claims.

Record an endpoint with collect(), make a fingerprint of a trusted one with enroll(), and ask verify() whether another
recording agrees with it; or hand the requests and answers that your application makes anyway to an Observer. The
statistics behind it are in pinchbeck.stats, pictures in pinchbeck.plot.
"""

import functools as _functools
import sys as _sys

from pinchbeck import _core
from pinchbeck._core import *  # noqa: F401,F403
from pinchbeck._core import __version__, stats  # noqa: F401

# The statistics are a module of their own, although they are compiled into the same file.
_sys.modules["pinchbeck.stats"] = stats

__all__ = sorted(name for name in vars(_core) if not name.startswith("_"))


def _keep_secret(function):
    """The function with an error for wrong types that does not repeat the arguments: one of them is a key."""

    @_functools.wraps(function)
    def call(*arguments, **options):
        try:
            return function(*arguments, **options)
        except TypeError as error:
            message, invoked, _ = str(error).partition("\n\nInvoked with:")
            if not invoked:
                raise
        given = [type(argument).__name__ for argument in arguments]
        given += [f"{name}: {type(value).__name__}" for name, value in options.items()]
        raise TypeError(f"{message}\n\nGiven: {', '.join(given)}")

    return call


collect = _keep_secret(_core.collect)
keyed_battery = _keep_secret(_core.keyed_battery)
# Prompts, answers, and a key to take out of them.
for _type, _names in [
    (_core.Observer, ["observe", "open", "observe_stream", "observe_async_stream"]),
    (_core.ObserverStream, ["on_event", "on_bytes", "finish"]),
]:
    for _name in _names:
        setattr(_type, _name, _keep_secret(getattr(_type, _name)))

# Of the package and not of _core, whose names they use; matplotlib is imported by the first picture only.
from pinchbeck import _html, plot  # noqa: E402,F401

# What notebooks show.
_core.Report._repr_html_ = _html.report
_core.Identification._repr_html_ = _html.identification
