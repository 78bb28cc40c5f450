"""The table of docs/design/0023-public-names.md against the headers, the stubs, the C symbols and the command.

    public_names.py ROOT

Prints what the table lacks, names that do not exist, and names that do not follow the rules and are not marked; the exit
status is 1 then. Needs no built file.
"""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import re
import sys

import cpp_names

PAGE = "docs/design/0023-public-names.md"
COLUMNS = ["C++", "Python", "C", "command, JSON"]
CPP, PYTHON, C, TEXT = range(4)


@dataclasses.dataclass
class Span:
    """A name in a cell; `marked`: in italics, because it does not follow the rules."""

    text: str
    marked: bool


@dataclasses.dataclass
class Row:
    line: int
    concept: str
    cells: list[list[Span]]
    # The letters that say why cells are empty, by column.
    reasons: list[str]

    def names(self, column):
        return [span.text for span in self.cells[column]]


@dataclasses.dataclass
class Surface:
    """What is public."""

    cpp: cpp_names.Names
    # Functions and classes by dotted name; classes with their members.
    python: dict[str, set[str] | None]
    parameters: set[str]
    c: set[str]
    c_options: set[str]
    commands: set[str]
    flags: set[str]
    # Names of formats, "pinchbeck.report/1".
    schemas: set[str]
    # Whether a literal of the sources is this word.
    has_word: object


def snake(name):
    """KolmogorovSmirnov -> kolmogorov_smirnov, PValueFromEValue -> p_value_from_e_value."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name).lower()


def read_table(text):
    """(rows, letters of the legend, faults of form)."""
    rows, faults, inside = [], [], False
    for number, line in enumerate(text.split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[1:] == COLUMNS:
            inside = True
        elif not line.startswith("|"):
            inside = False
        if not inside or cells[1:] == COLUMNS or set(line) <= set("|- "):
            continue
        if len(cells) != len(COLUMNS) + 1:
            faults.append(f"line {number}: {len(cells)} cells instead of {len(COLUMNS) + 1}")
            continue
        if cells[0].startswith("**"):
            continue
        spans = [[Span(m.group(2), bool(m.group(1))) for m in re.finditer(r"(\*?)`([^`]+)`", cell)] for cell in cells[1:]]
        reasons = [match.group(1) if (match := re.fullmatch(r"\(([a-z])\)", cell)) else "" for cell in cells[1:]]
        rows.append(Row(number, cells[0], spans, reasons))
    legend = set(re.findall(r"^- \(([a-z])\) ", text, re.M))
    return rows, legend, faults


def public(names):
    return {name for name in names if not name.startswith("_")}


def stub_members(node):
    names = set()
    for child in node.body:
        if isinstance(child, ast.FunctionDef):
            names.add(child.name)
        elif isinstance(child, ast.AnnAssign):
            names.add(child.target.id)
    return public(names)


def read_stub(text, prefix, python, parameters):
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            python[prefix + node.name] = stub_members(node)
        elif isinstance(node, ast.FunctionDef):
            python[prefix + node.name] = None
        elif isinstance(node, ast.AnnAssign):
            python[prefix + node.target.id] = None
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            parameters |= {argument.arg for argument in node.args.kwonlyargs}


def read_cpp(root):
    names = cpp_names.Names()
    for header in sorted((root / "include/pinchbeck").rglob("*.h")):
        if header.parent.name not in ("internal", "c"):
            names.update(cpp_names.read_names(header.read_text(encoding="utf-8")))
    return names


def read_surface(root):
    def text_of(path):
        return (root / path).read_text(encoding="utf-8")

    python, parameters = {}, set()
    read_stub(text_of("python/pinchbeck/__init__.pyi"), "", python, parameters)
    read_stub(text_of("python/pinchbeck/stats.pyi"), "stats.", python, parameters)
    for node in ast.parse(text_of("python/pinchbeck/plot.py")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            python["plot." + node.name] = None
    header = text_of("include/pinchbeck/c/pinchbeck.h")
    c = {line.split("@")[0] for line in text_of("src/c/abi_symbols.txt").split()}
    c |= set(re.findall(r"^typedef .*?(\w+);", header, re.M)) | set(re.findall(r"^#define (PINCHBECK_\w+) ", header, re.M))
    c_options = set(re.findall(r'\.(?:Number|Count|Flag|Texts?)\("(\w+)"', text_of("src/c/options.cc")))
    command = ""
    for source in sorted((root / "src/cli").glob("*.cc")):
        if not source.name.startswith(("mock_relay", "generate")):
            command += source.read_text(encoding="utf-8")
    sources = [path for folder in ("src", "include") for path in sorted((root / folder).rglob("*")) if path.suffix in (".cc", ".h")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    return Surface(
        cpp=read_cpp(root),
        python=python,
        parameters=parameters,
        c=c - {"PINCHBECK_C_API"},
        c_options=c_options,
        commands=set(re.findall(r'(?:add_subcommand\(\s*|Add\(\s*\*parent, flags, context, )"([a-z-]+)"', command)),
        flags=set(re.findall(r'"(--[a-z][a-z-]*)"', command)),
        schemas=set(re.findall(r'"\\?"?(pinchbeck\.[a-z_-]+/[0-9]+)', code.replace('\\"', '"'))),
        has_word=lambda word: f'"{word}"' in code,
    )


def cpp_exists(name, names):
    if name in names.functions or name in names.types or name in names.constants:
        return True
    owner, _, member = name.rpartition("::")
    return member in names.types.get(owner, set())


def python_names(row):
    """The dotted names of a row's cell; '.x' belongs to the class before it, and to every class where none is."""
    found, owner = [], ""
    for span in row.cells[PYTHON]:
        if span.text.startswith("."):
            found.append((span, owner + span.text))
        elif span.text.endswith("="):
            found.append((span, span.text))
        else:
            owner = span.text
            found.append((span, span.text))
    return found


def python_exists(name, surface):
    if name.endswith("="):
        return name[:-1] in surface.parameters
    owner, _, member = name.rpartition(".")
    if name.startswith("."):
        return any(member in (members or ()) for members in surface.python.values())
    return name in surface.python or member in (surface.python.get(owner) or ())


def text_exists(name, surface):
    if name.startswith("--"):
        return name in surface.flags
    return all(word in surface.commands for word in name.split()) or name in surface.schemas or surface.has_word(name)


def c_exists(name, surface):
    return name.strip('"') in surface.c_options if name.startswith('"') else name in surface.c


def missing(rows, surface):
    """What is public and stands in no row."""
    cpp = {name for row in rows for name in row.names(CPP)}
    cpp |= {name.rpartition("::")[0] for name in cpp}
    python = {name for row in rows for _, name in python_names(row)}
    c = {name for row in rows for name in row.names(C)}
    text = {name for row in rows for name in row.names(TEXT)}
    nested = {name for name in surface.cpp.types if name.rpartition("::")[0] in surface.cpp.types}
    schemas = {name for name in surface.cpp.constants if name.endswith("Schema")}
    found = [
        f"C++: {name}" for name in surface.cpp.functions | (set(surface.cpp.types) - nested) | schemas if name not in cpp
    ]
    for name, members in surface.python.items():
        if name not in python:
            found.append(f"Python: {name}")
        found += [f"Python: {name}.{m}" for m in members or () if f"{name}.{m}" not in python and f".{m}" not in python]
    found += [f"Python: {name}=" for name in surface.parameters if name + "=" not in python]
    found += [f"C: {name}" for name in surface.c - c]
    found += [f'C: "{name}"' for name in surface.c_options if f'"{name}"' not in c]
    found += [f"command: {name}" for name in (surface.commands | surface.flags) - {w for t in text for w in t.split()}]
    found += [f"JSON: {name}" for name in surface.schemas - text]
    return sorted(f"the table lacks {name}" for name in found)


def unknown(rows, surface):
    """Names of the table that do not exist."""
    found = []
    for row in rows:
        bad = [f"C++: {name}" for name in row.names(CPP) if not cpp_exists(name, surface.cpp)]
        bad += [f"Python: {name}" for _, name in python_names(row) if not python_exists(name, surface)]
        bad += [f"C: {name}" for name in row.names(C) if not c_exists(name, surface)]
        bad += [f"command, JSON: {name}" for name in row.names(TEXT) if not text_exists(name, surface)]
        found += [f"line {row.line}: there is no {name}" for name in bad]
    return found


def followers(row, names):
    """What the rules make of a row's C++ names: (types, functions and members in Python's spelling)."""
    types = {name.rpartition("::")[2] for name in row.names(CPP) if name in names.types}
    words = set()
    for name in row.names(CPP):
        owner, _, last = name.rpartition("::")
        words |= {snake(member) for member in names.types.get(name, ())} | {snake(last)}
        for kind in names.types:  # A function that is named after the type it belongs to loses the type's name.
            kind = kind.rpartition("::")[2]
            if name in names.functions and last != kind and last.endswith(kind):
                words.add(snake(last.removesuffix(kind)))
        if last.startswith("Parse"):
            words.add("from_json")
        if last.startswith("Serialize") or last.endswith("ToJson"):
            words.add("to_json")
    return types, words


def c_follows(name, words, kinds):
    """pinchbeck_TYPE or pinchbeck_TYPE_VERB, where Create is new and everything that is made has a free."""
    rest = name.removeprefix("pinchbeck_")
    for kind in kinds:
        verb = rest.removeprefix(kind + "_")
        if rest == kind or (verb != rest and verb in words | {"new", "free"}):
            return True
    return False


def follows(name, types, words):
    if name.startswith("--"):
        return name[2:].replace("-", "_") in words
    if name.endswith("="):
        return name[:-1] in words or name[:-1].removesuffix("_s") in words
    last = name.strip('"').rpartition(".")[2]
    return last in types or last in words


def unruly(rows, surface):
    """Names that do not follow from the C++ names of their row and are not marked, and marked ones that do."""
    found = []
    kinds = {snake(name.rpartition("::")[2]) for name in surface.cpp.types}
    for row in rows:
        types, words = followers(row, surface.cpp)
        named = [(span, name) for span, name in python_names(row) if name != ".to_dict"]
        named += [(span, span.text) for span in row.cells[C] if span.text.startswith('"')]
        named += [(span, span.text) for span in row.cells[TEXT] if span.text.startswith("--")]
        functions = [(span, span.text) for span in row.cells[C] if span.text.startswith("pinchbeck_")]
        for span, name in named + functions:
            is_c = name.startswith("pinchbeck_")
            ruled = c_follows(name, words, kinds) if is_c else follows(name, types, words)
            if ruled == span.marked:
                verb = "follows the rules and is marked" if span.marked else "does not follow from a C++ name of its row"
                found.append(f"line {row.line}: {name} {verb}")
    return found


def unexplained(text, rows, legend):
    """Empty cells without a reason, and marked names that no line of the page's lists speaks of."""
    spoken = set(re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^- (?!\([a-z]\)).*(?:\n  .*)*", text, re.M))))
    found = [
        f"line {row.line}: no reason for the empty cell of {COLUMNS[column]}"
        for row in rows
        for column in range(len(COLUMNS))
        if not row.cells[column] and row.reasons[column] not in legend
    ]
    for row in rows:
        names = [name for span, name in python_names(row) if span.marked]
        names += [span.text for column in (C, TEXT) for span in row.cells[column] if span.marked]
        found += [f"line {row.line}: no list says why {name} has its name" for name in names if name not in spoken]
    return found


def check(text, surface):
    rows, legend, faults = read_table(text)
    if not rows:
        return ["no table is found"]
    return faults + missing(rows, surface) + unknown(rows, surface) + unruly(rows, surface) + unexplained(text, rows, legend)


def main(arguments):
    root = pathlib.Path(arguments[1])
    faults = check((root / PAGE).read_text(encoding="utf-8"), read_surface(root))
    for fault in faults:
        print(f"{PAGE}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
