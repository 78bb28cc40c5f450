"""Tells whether an LLM endpoint serves the model it claims."""

import sys

from pinchbeck import _core
from pinchbeck._core import *  # noqa: F401,F403
from pinchbeck._core import __version__, stats

# The statistics are a module of their own, although they are compiled into the same file.
sys.modules["pinchbeck.stats"] = stats

__all__ = sorted(name for name in vars(_core) if not name.startswith("_"))
