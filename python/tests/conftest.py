"""What several tests need: the project's folder and its recordings."""

import json
import os
import pathlib

import pytest

import pinchbeck

ROOT = pathlib.Path(os.environ.get("PINCHBECK_SOURCE_DIR", pathlib.Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory) -> pathlib.Path:
    """Recordings of the demo: a reference, an honest relay, one that serves another model. Of their prompts only
    a part is kept, enough for the same verdicts in less time."""
    folder = tmp_path_factory.mktemp("demo_data")
    for name in ["reference", "alternative", "honest-relay", "swap-relay"]:
        kept = [
            observation
            for observation in pinchbeck.Recording(ROOT / "src" / "cli" / "demo_data" / f"{name}.jsonl.gz")
            if observation["probe"].startswith(("choice/", "first/"))
        ]
        pinchbeck.Recording.from_dicts(kept).save(folder / f"{name}.jsonl.gz")
    return folder


@pytest.fixture(scope="session")
def golden():
    """Reads a file of numbers that SciPy, R or mpmath computed; the file says which command made it."""

    def read(name):
        return json.loads((ROOT / "tests" / "golden" / name).read_text())

    return read
