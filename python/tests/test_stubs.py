"""The stub files say what the module holds: names, members, parameters, which of them have defaults."""

import ast
import pathlib
import re
import types

import pytest

import pinchbeck
from pinchbeck import _core, stats

PACKAGE = pathlib.Path(pinchbeck.__file__).parent
# Names that only type checkers see.
ALIASES = {
    "pinchbeck": {"Api", "Claim", "Verdict", "LengthSource", "SignalStatus", "IdentificationVerdict", "Path",
                  "RecordingLike", "FingerprintsLike", "ObservationUse", "TrafficApi", "LogFormat", "Body", "Text",
                  "Time", "Chunk"},
    "pinchbeck.stats": {"Alternative", "Calibration", "Method", "LimitMethod", "BoundMethod", "Accumulate",
                        "ResampleView", "SampleTest"},
}
MODULES = [(pinchbeck, "__init__.pyi"), (stats, "stats.pyi")]


def parse(name):
    return ast.parse((PACKAGE / name).read_text())


def parameters(function):
    """(name, keyword only, has a default) of each parameter but self."""
    arguments = function.args
    required = len(arguments.args) - len(arguments.defaults)
    found = [(a.arg, False, i >= required) for i, a in enumerate(arguments.args) if a.arg != "self"]
    found += [(a.arg, True, d is not None) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return found


def runtime_signatures(function):
    """The signatures that pybind11 writes into the docstring, parsed; a C++ type in one is a syntax error."""
    lines = function.__doc__.split("\n")
    if len(lines) > 1 and lines[1] == "Overloaded function.":
        lines = [m.group(1) for m in map(re.compile(r"\d+\. (\w+\(.*)$").match, lines) if m]
    else:
        lines = lines[:1]
    return [parameters(ast.parse(f"def {line}: ...").body[0]) for line in lines]


def stub_functions(body):
    functions = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            functions.setdefault(node.name, []).append(node)
    return functions


def members(node):
    names = {child.target.id for child in node.body if isinstance(child, ast.AnnAssign)}
    return names | set(stub_functions(node.body))


def public(names):
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module, stub", MODULES)
def test_the_stub_names_what_the_module_holds(module, stub):
    tree = parse(stub)
    names = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    aliases = {target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets}
    assert aliases == ALIASES[module.__name__]
    held = public(vars(_core if module is pinchbeck else module)) - {"stats"}
    assert len(held) > 30
    assert names == held


@pytest.mark.parametrize("module, stub", MODULES)
def test_functions_have_the_parameters_of_the_stub(module, stub):
    checked = 0
    for name, overloads in stub_functions(parse(stub).body).items():
        assert [parameters(node) for node in overloads] == runtime_signatures(getattr(module, name)), name
        checked += 1
    assert checked >= 12


@pytest.mark.parametrize("module, stub", MODULES)
def test_classes_have_the_members_of_the_stub(module, stub):
    for node in parse(stub).body:
        if not isinstance(node, ast.ClassDef):
            continue
        held = getattr(module, node.name)
        if issubclass(held, Exception):
            assert members(node) == {"summary"} == public(vars(held))
            continue
        assert public(members(node)) == public(vars(held)), node.name
        for name, overloads in stub_functions(node.body).items():
            if any(isinstance(d, ast.Name) and d.id == "property" for d in overloads[0].decorator_list):
                assert isinstance(vars(held)[name], property), (node.name, name)
                continue
            assert [parameters(f) for f in overloads] == runtime_signatures(getattr(held, name)), (node.name, name)


@pytest.mark.parametrize("module, stub", MODULES)
def test_results_list_their_fields(module, stub):
    for node in parse(stub).body:
        held = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
        fields = getattr(held, "_fields", None)
        if fields is not None:
            declared = [child.target.id for child in node.body if isinstance(child, ast.AnnAssign)]
            assert declared == list(fields), node.name


@pytest.mark.parametrize("module", [pinchbeck, stats])
def test_everything_public_is_documented(module):
    for name, value in vars(module).items():
        if name.startswith("_") or isinstance(value, types.ModuleType):
            continue
        if isinstance(value, type):
            assert value.__doc__, name
        elif callable(value):
            # What follows the signature, or the overloads' signatures.
            assert len(re.sub(r"^(\d+\. )?\w+\(.*\)( -> .*)?$", "", value.__doc__, flags=re.M).strip()) > 20, name


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()
