"""Builds the wheel: the extension by CMake, everything else by setuptools.

Environment:
  CMAKE_ARGS            further arguments of the configuration, as in a shell
  PINCHBECK_BUILD_DIR   a configured build folder to take the extension from, instead of configuring one
  CMAKE_BUILD_PARALLEL_LEVEL   number of jobs; all processors that this process may use by default
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info
from setuptools.command.sdist import sdist
from setuptools.errors import CompileError, ExecError

ROOT = pathlib.Path(__file__).resolve().parent
PREBUILT = os.environ.get("PINCHBECK_BUILD_DIR")
# What setuptools leaves behind stays out of the sources.
SCRATCH = pathlib.Path(PREBUILT or "build") / "python-wheel"
# The library and the module: no command, no tests, nothing to install elsewhere.
SWITCHES = {"BUILD_TESTS": "OFF", "BUILD_BENCH": "OFF", "BUILD_CLI": "OFF", "BUILD_SHARED": "OFF", "INSTALL": "OFF",
            "BUILD_PYTHON": "ON", "PYTHON_REQUIRED": "ON"}


def version():
    header = (ROOT / "include" / "pinchbeck" / "version.h").read_text()
    return re.search(r'kVersion = "([^"]+)"', header).group(1)


def processors():
    # Not os.cpu_count(): a container may have fewer than the machine.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_cmake(what, *arguments):
    try:
        done = subprocess.run(["cmake", *map(str, arguments)])
    except FileNotFoundError:
        raise ExecError("cmake was not found; install CMake 3.25 or newer (Debian: cmake)") from None
    if done.returncode != 0:
        raise CompileError(f"{what} failed; the reason is in the output of cmake above")


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        folder = pathlib.Path(PREBUILT or pathlib.Path(self.build_temp) / "cmake").resolve()
        if not PREBUILT:
            self.configure(folder)
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or processors()
        run_cmake("compiling the Python module", "--build", folder, "--target", "pinchbeck_python", "--parallel", jobs)
        target = pathlib.Path(self.get_ext_fullpath(extension.name))
        built = folder / "python" / "pinchbeck" / target.name
        if not built.exists():
            raise CompileError(f"{folder} was configured for another Python than {sys.executable}: it has no {target.name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, target)

    def configure(self, folder):
        arguments = [f"-DPINCHBECK_{name}={value}" for name, value in SWITCHES.items()]
        arguments += ["-DCMAKE_BUILD_TYPE=Release", f"-DPython_EXECUTABLE={sys.executable}"]
        arguments += shlex.split(os.environ.get("CMAKE_ARGS", ""))
        # --fresh: objects are kept, but no answer of an earlier run, which had another CMAKE_ARGS or Python.
        run_cmake("configuring the Python module", "--fresh", "-S", ROOT, "-B", folder, *arguments)


class FreshPackage(build_py):
    def run(self):
        if not self.editable_mode:
            self.remove_stale()
        super().run()

    def remove_stale(self):
        """A file that the package no longer has would get into the wheel. Only in the scratch folder, which nobody else
        writes into; the extension stays, it is made by another command."""
        scratch, folder = SCRATCH.resolve(), pathlib.Path(self.build_lib).resolve()
        if scratch not in folder.parents:
            return
        package = folder / "pinchbeck"
        if package.is_symlink():
            return
        for path in sorted(package.rglob("*"), reverse=True):
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif not path.name.startswith("_core") and not (ROOT / "python" / path.relative_to(folder)).is_file():
                path.unlink()


class FreshMetadata(egg_info):
    def run(self):
        # setuptools would put what an earlier list names into the source distribution.
        pathlib.Path(self.egg_info, "SOURCES.txt").unlink(missing_ok=True)
        super().run()


class SourcesAlone(sdist):
    def make_release_tree(self, base_dir, files):
        # setuptools appends its own list, from the scratch folder, to what MANIFEST.in says.
        super().make_release_tree(base_dir, [name for name in files if not name.endswith(".egg-info/SOURCES.txt")])


SCRATCH.mkdir(parents=True, exist_ok=True)
setup(
    version=version(),
    packages=["pinchbeck"],
    package_dir={"": "python"},
    package_data={"pinchbeck": ["*.pyi", "py.typed"]},
    ext_modules=[Extension("pinchbeck._core", sources=[])],
    cmdclass={"build_ext": CMakeBuild, "build_py": FreshPackage, "egg_info": FreshMetadata,
              "sdist": SourcesAlone},
    options={"build": {"build_base": str(SCRATCH)}, "egg_info": {"egg_base": str(SCRATCH)}},
    zip_safe=False,
)
