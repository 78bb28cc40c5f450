"""pip makes a wheel of the checkout without a network, and the wheel works in a clean virtual environment."""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

pytest.importorskip("setuptools")
pytest.importorskip("wheel")
pytest.importorskip("venv")

CHECK = """
import sys, pinchbeck, pinchbeck.stats
assert pinchbeck.__file__.startswith(sys.prefix), pinchbeck.__file__
assert pinchbeck.stats.cliff_delta([1, 2], [3, 4]).value == 1
assert len(pinchbeck.builtin_battery()) > 10
print(pinchbeck.__version__)
"""


def run(*command, **environment):
    # The package of the build tree must not stand in for that of the wheel.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], env={**kept, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
        pytest.skip("no pip (Debian: python3-pip)")
    folder = tmp_path_factory.mktemp("wheel")
    # What an earlier build copied here and the package has no more.
    scratch = pathlib.Path(os.environ["PINCHBECK_BUILD_DIR"]) / "python-wheel"
    stale = scratch / f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}" / "pinchbeck" / "stale.py"
    stale.parent.mkdir(parents=True, exist_ok=True)
    stale.touch()
    # The extension comes from the build tree, PINCHBECK_BUILD_DIR; the rest is what users run.
    run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-index", "--no-deps",
        "--wheel-dir", folder, root, PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert not stale.exists(), "planted where the build does not look"
    (made,) = folder.glob("pinchbeck-*.whl")
    return made


def test_a_build_without_pybind11_says_so(root, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PINCHBECK_BUILD_DIR")}
    environment["CMAKE_ARGS"] = "-DCMAKE_DISABLE_FIND_PACKAGE_pybind11=ON"
    done = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--build-temp", tmp_path / "temp", "--build-lib", tmp_path / "lib"],
        cwd=root, env=environment, capture_output=True, text=True,
    )
    assert done.returncode != 0 and not (tmp_path / "lib").exists()
    # CMake breaks its lines.
    assert ("Python module: not built; it needs pybind11 2.10 or newer, which was not found (Debian: pybind11-dev)"
            in " ".join(done.stderr.split()))
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: configuring the Python module failed")


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode()
    modules = {name for name in names if name.startswith("pinchbeck/_core.")}
    assert len(modules) == 1
    assert names - modules == {f"pinchbeck/{n}" for n in ["__init__.py", "__init__.pyi", "_html.py", "_plot_data.py", "_traffic.py", "plot.py", "py.typed", "stats.pyi"]}
    assert "Requires-Dist: numpy" in text and "License: Apache-2.0" in text


def test_the_wheel_works_in_a_virtual_environment(wheel, root, tmp_path):
    # NumPy is the system's: there is no network to fetch another one from.
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--system-site-packages", tmp_path / "env"], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip("no virtual environment can be made (Debian: python3-venv): " + made.stdout[:200])
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel, PIP_DISABLE_PIP_VERSION_CHECK="1")
    assert run(python, "-c", CHECK).strip() == wheel.name.split("-")[1]
    # Not from the checkout, whose folders must not stand in for what is installed.
    example = tmp_path / "python" / "examples" / "offline_audit.py"
    example.parent.mkdir(parents=True)
    shutil.copy(root / "python" / "examples" / example.name, example)
    (tmp_path / "src").symlink_to(root / "src")
    assert "swapped relay: differs" in run(python, example)
