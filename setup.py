"""Builds the wheel: the extension by CMake, everything else by setuptools.

Environment:
  CMAKE_ARGS            further arguments of the configuration, as in a shell
  PINCHBECK_BUILD_DIR   a configured build folder to take the extension from, instead of configuring one
  CMAKE_BUILD_PARALLEL_LEVEL   number of jobs; all processors by default
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

ROOT = pathlib.Path(__file__).resolve().parent
PREBUILT = os.environ.get("PINCHBECK_BUILD_DIR")
# What setuptools leaves behind stays out of the sources.
SCRATCH = pathlib.Path(PREBUILT or ROOT / "build") / "python-wheel"


def version():
    header = (ROOT / "include" / "pinchbeck" / "version.h").read_text()
    return re.search(r'kVersion = "([^"]+)"', header).group(1)


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        folder = pathlib.Path(PREBUILT or pathlib.Path(self.build_temp) / "cmake").resolve()
        if not PREBUILT:
            self.configure(folder)
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(os.cpu_count() or 1))
        subprocess.run(
            ["cmake", "--build", str(folder), "--target", "pinchbeck_python", "--parallel", jobs], check=True
        )
        target = pathlib.Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "python" / "pinchbeck" / target.name, target)

    def configure(self, folder):
        switches = {"BUILD_TESTS": "OFF", "BUILD_BENCH": "OFF", "BUILD_CLI": "OFF", "BUILD_PYTHON": "ON",
                    "PYTHON_REQUIRED": "ON"}
        arguments = [f"-DPINCHBECK_{name}={value}" for name, value in switches.items()]
        arguments += ["-DCMAKE_BUILD_TYPE=Release", f"-DPython_EXECUTABLE={sys.executable}"]
        arguments += shlex.split(os.environ.get("CMAKE_ARGS", ""))
        subprocess.run(["cmake", "-S", str(ROOT), "-B", str(folder), *arguments], check=True)


SCRATCH.mkdir(parents=True, exist_ok=True)
setup(
    version=version(),
    packages=["pinchbeck"],
    package_dir={"": "python"},
    package_data={"pinchbeck": ["*.pyi", "py.typed"]},
    ext_modules=[Extension("pinchbeck._core", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
    options={"build": {"build_base": str(SCRATCH)}, "egg_info": {"egg_base": str(SCRATCH)}},
    zip_safe=False,
)
