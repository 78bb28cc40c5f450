"""The example runs, and passes the type checker in its strictest mode."""

import pathlib
import subprocess
import sys

import pytest

import pinchbeck


def test_the_example_runs(root, tmp_path):
    example = root / "python" / "examples" / "offline_audit.py"
    output = subprocess.run(
        [sys.executable, example], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert "honest relay: consistent" in output and "swapped relay: differs" in output
    assert "looks like small-1" in output


def test_the_example_is_typed(root, tmp_path):
    mypy = pytest.importorskip("mypy.api")
    example = root / "python" / "examples" / "offline_audit.py"
    package = pathlib.Path(pinchbeck.__file__).parent.parent
    stdout, stderr, status = mypy.run(
        ["--strict", "--cache-dir", str(tmp_path), "--python-executable", sys.executable, str(example),
         str(package / "pinchbeck")]
    )
    assert status == 0, stdout + stderr
