"""Public names of C++ headers: free functions, types, and their public members.

Reads declarations as this project writes them (Google style, one declaration a statement); it is no parser of C++.
"""

from __future__ import annotations

import dataclasses
import re

ATTRIBUTE = re.compile(r"\[\[.*?\]\]")
RECORD = re.compile(r"(?:friend\s+)?(struct|class|union)\s+([A-Za-z_]\w*)")
ENUM = re.compile(r"enum\s+(?:class\s+|struct\s+)?([A-Za-z_]\w*)")
ACCESS = re.compile(r"\s*(public|private|protected)\s*:(?!:)")
WORD = re.compile(r"[A-Za-z_]\w*")
HIDDEN = {"internal"}
# What may precede a parenthesis without being the name of a function.
NO_NAMES = {"alignas", "decltype", "noexcept", "requires", "sizeof", "static_assert", "__attribute__"}


@dataclasses.dataclass
class Names:
    """Names with their namespaces below the project's: "Report", "stats::Mmd"."""

    functions: set[str] = dataclasses.field(default_factory=set)
    types: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    constants: set[str] = dataclasses.field(default_factory=set)

    def update(self, other):
        self.functions |= other.functions
        self.constants |= other.constants
        for name, members in other.types.items():
            self.types.setdefault(name, set()).update(members)


def bare(text):
    """The code without comments, preprocessor lines, and the contents of literals."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"\((?:.|\n)*?\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''

    def blank(match):
        return '""' if match.group()[0] in "\"R" else " 0 " if match.group()[0] == "'" else " "

    # A digit separator looks like the start of a character.
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
    text = re.sub(pattern, blank, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", "", text, flags=re.M)


def without_template(text):
    """The declaration without the `template <...>` before it."""
    text = text.strip()
    while text.startswith("template"):
        angles, parens = 0, 0
        for at, char in enumerate(text):
            parens += {"(": 1, ")": -1}.get(char, 0)
            angles += {"<": 1, ">": -1}.get(char, 0) if parens == 0 else 0
            if char == ">" and angles == 0:
                break
        text = text[at + 1 :].strip()
    return text


def split_declarators(text):
    """The parts between commas that are outside of all brackets."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += {"<": 1, "(": 1, "{": 1, "[": 1, ">": -1, ")": -1, "}": -1, "]": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def function_name(text):
    """The word before the first parenthesis that is outside of template arguments; None: no function."""
    depth = 0
    for at, char in enumerate(text):
        if char == "<":
            depth += 1
        elif char == ">":
            depth -= 1
        elif char == "=" and depth == 0:
            return None
        elif char == "(" and depth == 0:
            before = WORD.findall(text[:at])
            if not before or before[-1] in NO_NAMES or not re.search(r"\w\s*$", text[:at]):
                return None
            return before[-1]
    return None


def variable_names(text):
    names = []
    for part in split_declarators(text):
        words = WORD.findall(re.split(r"[={\[]", part)[0])
        if words:
            names.append(words[-1])
    return names


class Reader:
    """Walks over one header's text, statement by statement."""

    def __init__(self, text, project):
        self.text, self.at, self.project = bare(text), 0, project
        self.names = Names()

    def statement(self):
        """The text up to ';', '{' or '}' outside of parentheses, and that character."""
        start, depth = self.at, 0
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0 and char in ";{}":
                return self.text[start : self.at - 1], char
        return self.text[start:], ""

    def skip_block(self):
        """Goes behind the brace that closes the one before; returns what was between."""
        start, depth = self.at, 1
        while depth > 0 and self.at < len(self.text):
            depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
            self.at += 1
        return self.text[start : self.at - 1]

    def skip_initialiser(self):
        self.skip_block()
        while self.statement()[1] == "{":
            self.skip_block()

    def read(self, scope, owner=None, public=True):
        """Reads up to the end of a block. `scope` is None inside of a hidden namespace, `owner` the type around."""
        while True:
            text, end = self.statement()
            while match := ACCESS.match(text):
                public, text = match.group(1) == "public", text[match.end() :]
            text = without_template(ATTRIBUTE.sub(" ", text))
            if end == "{":
                self.block(text, scope, owner, public)
            elif end == ";":
                self.declaration(text, scope, owner, public)
            else:
                return

    def block(self, text, scope, owner, public):
        if text.startswith(("namespace", "inline namespace")):
            parts = text.split("namespace", 1)[1].strip().split("::")
            hidden = scope is None or not parts[0] or HIDDEN & set(parts)
            self.read(None if hidden else [*scope, *parts])
        elif text.startswith("extern"):
            self.read(scope)
        elif match := ENUM.match(text):
            members = {part.split("=")[0].strip() for part in self.skip_block().split(",")} - {""}
            self.statement()
            self.add_type(match.group(1), scope, owner, public, members)
        elif (match := RECORD.match(text)) and "(" not in text[: match.end() + 1]:
            name = self.add_type(match.group(2), scope, owner, public, set())
            self.read(scope, name or "", public=match.group(1) != "class")
            self.statement()
        elif name := function_name(text):
            self.skip_block()
            self.add(name, scope, owner, public, self.names.functions)
        else:
            self.skip_initialiser()
            self.variables(text, scope, owner, public)

    def declaration(self, text, scope, owner, public):
        if not text or text.startswith(("friend", "static_assert", "using namespace")):
            return
        if match := re.match(r"using\s+(\w+)\s*=", text):
            self.add_type(match.group(1), scope, owner, public, set())
        elif text.startswith("using"):
            return
        elif (RECORD.match(text) or ENUM.match(text)) and "(" not in text:
            return  # Declared here, defined elsewhere.
        elif name := function_name(text):
            self.add(name, scope, owner, public, self.names.functions)
        else:
            self.variables(text, scope, owner, public)

    def variables(self, text, scope, owner, public):
        for name in variable_names(text):
            self.add(name, scope, owner, public, self.names.constants)

    def qualified(self, name, scope):
        return "::".join([*scope[1:], name])

    def add_type(self, name, scope, owner, public, members):
        """Returns the key of the new type; None where it is not public."""
        if scope is None or not public or scope[:1] != [self.project] or owner == "":
            return None
        if owner is not None:
            self.names.types[owner].add(name)
            key = f"{owner}::{name}"
        else:
            key = self.qualified(name, scope)
        self.names.types.setdefault(key, set()).update(members)
        return key

    def add(self, name, scope, owner, public, found):
        if scope is None or not public or scope[:1] != [self.project]:
            return
        if owner is None:
            if name != "operator":
                found.add(self.qualified(name, scope))
        elif owner and name != owner.split("::")[-1]:
            self.names.types[owner].add(name)


def read_names(text, project="pinchbeck"):
    reader = Reader(text, project)
    while reader.at < len(reader.text):
        reader.read([])
    return reader.names
