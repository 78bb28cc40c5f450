"""What several tests need: the project's folder and its recordings."""

import json
import os
import pathlib

import pytest

ROOT = pathlib.Path(os.environ.get("PINCHBECK_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def demo_data() -> pathlib.Path:
    """Recordings of the demo: a reference, an honest relay, one that serves another model."""
    return ROOT / "src" / "cli" / "demo_data"


@pytest.fixture(scope="session")
def golden():
    """Reads a file of numbers that SciPy, R or mpmath computed; the file says which command made it."""

    def read(name):
        return json.loads((ROOT / "tests" / "golden" / name).read_text())

    return read
