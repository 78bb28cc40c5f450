"""The module works from an installed prefix."""

import os
import pathlib
import subprocess
import sys

CHECK = """
import pinchbeck
from pinchbeck.stats import mann_whitney
print(pinchbeck.__file__)
print(mann_whitney([1, 2, 3], [4, 5, 6]).effect)
"""


def run_alone(path):
    """Runs the check with nothing on the path but `path` and the system's packages."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run(
        [sys.executable, "-c", CHECK], env=environment, check=True, capture_output=True, text=True, cwd="/"
    ).stdout.split()


def test_an_installed_module_is_complete(tmp_path):
    subprocess.run(
        [os.environ["CMAKE_COMMAND"], "--install", os.environ["PINCHBECK_BUILD_DIR"], "--component", "python",
         "--prefix", str(tmp_path)],
        check=True, stdout=subprocess.DEVNULL,
    )
    packages = list(tmp_path.glob("lib/python3*/*-packages"))
    assert len(packages) == 1
    where, effect = run_alone(packages[0])
    assert pathlib.Path(where).is_relative_to(tmp_path) and effect == "1.0"
    files = {path.name.split(".cpython")[0] for path in (packages[0] / "pinchbeck").iterdir()}
    assert files - {"__pycache__"} == {"__init__.py", "__init__.pyi", "_core", "_html.py", "_plot_data.py", "_traffic.py", "plot.py", "py.typed", "stats.pyi"}
