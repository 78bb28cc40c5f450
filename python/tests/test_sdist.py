"""The source distribution holds what a build of the module needs, and nothing else. Nothing is compiled here."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile

import pytest

pytest.importorskip("setuptools")

CMAKE = os.environ.get("CMAKE_COMMAND") or shutil.which("cmake")
# What editors, builds and earlier runs leave in a checkout.
RUBBISH = ["include/pinchbeck/.version.h.swp", "src/core/recording.cc.orig", "python/bindings/module.cc~", "core.1234",
           "cmake/EmbedFile.cmake.rej", "src/core/__pycache__/x.cpython-311.pyc"]


def run(folder, *command, **environment):
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PINCHBECK_BUILD_DIR", "CMAKE_ARGS")}
    return subprocess.run([str(part) for part in command], cwd=folder, env={**kept, **environment}, capture_output=True,
                          text=True)


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def checkout(root, tmp_path_factory):
    tree = tmp_path_factory.mktemp("checkout") / "tree"
    shutil.copytree(root, tree, ignore=shutil.ignore_patterns("build", ".git", "__pycache__"))
    for name in RUBBISH:
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text("rubbish")
    # The list of an earlier run, when the sources held more.
    stale = tree / "build" / "python-wheel" / "pinchbeck.egg-info" / "SOURCES.txt"
    stale.parent.mkdir(parents=True)
    stale.write_text("README.zh-CN.md\ntests/CMakeLists.txt\n")
    return tree


@pytest.fixture(scope="module")
def unpacked(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    done = run(checkout, sys.executable, "setup.py", "-q", "sdist", "--formats=gztar", "--dist-dir", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    return folder / archive.name.removesuffix(".tar.gz")


def test_it_holds_the_sources_of_the_module_and_nothing_else(unpacked, checkout):
    names = files_of(unpacked)
    folders = {name.rsplit("/", 1)[0] for name in names if "/" in name}
    top = {folder.split("/")[0] for folder in folders}
    assert top == {"cmake", "include", "python", "src"}
    assert {folder.split("/")[1] for folder in folders if folder.startswith("python/")} == {"bindings", "pinchbeck"}
    assert {folder.split("/")[1] for folder in folders if folder.startswith("src/")} == {
        "audit", "c", "client", "core", "fingerprint", "internal", "report", "signal"}
    assert {name for name in names if "/" not in name} == {
        "CMakeLists.txt", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg", "setup.py"}
    assert {pathlib.Path(name).suffix for name in names if "/" in name} <= {
        ".cc", ".cmake", ".h", ".in", ".json", ".map", ".py", ".pyi", ".txt", ".typed"}
    for name in names - {"PKG-INFO", "setup.cfg"}:
        assert (unpacked / name).read_bytes() == (checkout / name).read_bytes(), name


def test_every_header_that_a_source_includes_is_there(unpacked, checkout):
    includes = 0
    for path in [*unpacked.rglob("*.cc"), *unpacked.rglob("*.h")]:
        for header in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            if (checkout / header).exists() or (checkout / "include" / header).exists():
                includes += 1
                assert (unpacked / header).exists() or (unpacked / "include" / header).exists(), f"{path}: {header}"
    assert includes > 1000


def shim(folder, build):
    """A cmake that configures, and does `build` where it should compile."""
    script = folder / "bin" / "cmake"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nif [ "$1" = --build ]; then {build}; fi\nexec {CMAKE} "$@"\n')
    script.chmod(0o755)
    return f"{script.parent}:{os.environ['PATH']}"


def test_what_it_compiles_is_the_library_and_the_module(unpacked, tmp_path):
    if CMAKE is None or shutil.which("ninja") is None:
        pytest.skip("needs cmake and ninja")
    temp = tmp_path / "temp"
    command = [sys.executable, "setup.py", "build_ext", "--build-temp", temp, "--build-lib", tmp_path / "lib"]
    # What an earlier build chose must not last.
    (temp / "cmake").mkdir(parents=True)
    (temp / "cmake" / "CMakeCache.txt").write_text(
        "CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\nPINCHBECK_SANITIZE:STRING=address\n")
    done = run(unpacked, *command, PATH=shim(tmp_path, "exit 9"), CMAKE_GENERATOR="Ninja")
    # The last line, which pip shows as well, says what failed.
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == (
        "error: compiling the Python module failed; the reason is in the output of cmake above"), done.stderr
    # What would be built, and that nothing is missing for it.
    dry = run(temp, CMAKE, "--build", temp / "cmake", "--target", "pinchbeck_python", "--", "-n")
    assert dry.returncode == 0, (dry.stdout + dry.stderr)[-500:]
    objects = set(re.findall(r"Building CXX object (\S+\.o)", dry.stdout))
    assert {name.split("/CMakeFiles")[0] for name in objects} == {
        "python", "src/audit", "src/client", "src/core", "src/fingerprint", "src/report", "src/signal"}
    assert len(objects) > 100
    cache = (temp / "cmake" / "CMakeCache.txt").read_text()
    assert "CMAKE_BUILD_TYPE:STRING=Release" in cache and "PINCHBECK_SANITIZE:STRING=\n" in cache


def test_a_missing_cmake_is_named(unpacked, tmp_path):
    done = run(unpacked, sys.executable, "setup.py", "build_ext", "--build-temp", tmp_path / "temp", PATH=str(tmp_path))
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: cmake was not found; install CMake")


def test_a_build_folder_of_another_python_is_refused(unpacked, tmp_path):
    other = tmp_path / "other"
    done = run(unpacked, sys.executable, "setup.py", "build_ext", PATH=shim(tmp_path, "exit 0"),
               PINCHBECK_BUILD_DIR=str(other))
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert f"error: {other} was configured for another Python than {sys.executable}" in done.stderr


@pytest.fixture
def buildable(unpacked, tmp_path):
    """Sources to build in, a cmake that compiles nothing, and a folder with an extension of this Python."""
    tree = tmp_path / "tree"
    shutil.copytree(unpacked, tree)
    prebuilt = tmp_path / "prebuilt"
    extension = f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    (prebuilt / "python" / "pinchbeck").mkdir(parents=True)
    (prebuilt / "python" / "pinchbeck" / extension).write_text("compiled")
    path = shim(tmp_path, "exit 0")

    def build(*arguments):
        done = run(tree, sys.executable, "setup.py", "-q", *arguments, PATH=path, PINCHBECK_BUILD_DIR=str(prebuilt))
        assert done.returncode == 0, done.stdout + done.stderr

    return tree, prebuilt / "python-wheel", extension, build


def test_a_build_deletes_nothing_of_others(buildable, tmp_path):
    tree, _, extension, build = buildable
    before = files_of(tree)
    build("build", "--build-lib", ".")
    assert before <= files_of(tree) and (tree / "pinchbeck" / extension).read_text() == "compiled"
    mine = tmp_path / "mine" / "pinchbeck" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    build("build", "--build-lib", tmp_path / "mine")
    assert mine.read_text() == "mine" and (mine.parent / "_traffic.py").exists()


def test_a_build_keeps_the_extension_and_drops_what_the_package_has_no_more(buildable):
    tree, scratch, extension, build = buildable
    build("build_ext")
    (package,) = scratch.glob("lib.*/pinchbeck")
    (package / "old").mkdir()
    for name in ["stale.py", "old/stale.py"]:
        (package / name).write_text("")
    # Both commands of one build, in the order in which the extension comes first.
    build("build_ext", "build")
    package_files = {name.removeprefix("python/pinchbeck/") for name in files_of(tree) if name.startswith("python/pinchbeck/")}
    assert files_of(package) == package_files | {extension} and not (package / "old").exists()
