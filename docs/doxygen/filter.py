#!/usr/bin/env python3
"""Shows the headers' plain `//` comments to Doxygen, nearly line by line, so that its warnings lead to them.

usage: filter.py HEADER

A comment directly above a declaration documents it, one behind a member documents that member, and the first of a
file documents the file. Comments inside functions, and those that an empty line follows, stay comments. Formulas and
tables, which stand indented, become preformatted text; all other signs that mean something to Doxygen are shown as
they are.
"""

import re
import sys

COMMENT = re.compile(r"^(\s*)//(?: (.*))?$")
BEHIND = re.compile(r"^(.*[;,{)\w>}])(\s+)// (.*)$")
TEMPLATE = re.compile(r"\btemplate\s*<(?:[^<>]|<[^<>]*>)*>")
SCOPE = re.compile(r"\s*(?:(?:public|protected|private):\s*)*(?:inline\s+|typedef\s+)?"
                   r"(?:namespace|class|struct|union|enum|extern)\b[^(]*$")


def escaped(text):
    """Text of a comment. Doxygen takes nothing for a command in backticks and, on one line, in quotation marks."""
    parts = re.split(r'(`[^`]*`|"[^"]*")', text)
    for i in range(0, len(parts), 2):
        part = parts[i].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        parts[i] = re.sub(r"([\\@#%*])", r"\\\1", part).replace("::", "\\::")
    return "".join(parts)


def documentation(lines, first=""):
    """A block of documentation. Its lines start with no sign, because Doxygen would show one in preformatted text."""
    out, formula, items = [], False, False
    for text in lines:
        indented = text.startswith("  ")
        # What goes on under "- " is text.
        items = text.startswith("- ") or (items and indented)
        if not formula and indented and not items and out:
            formula = True
            out[-1] += " @verbatim"
        elif formula and not indented and text != "":
            formula = False
            out[-1] += "\n@endverbatim" if out[-1] else "@endverbatim"
        out.append(text if formula else escaped(text))
    if formula:
        out[-1] += "\n@endverbatim"
    # Nothing in it may end the comment.
    out = [line.replace("*/", "* /") for line in out]
    out[0] = f"/** {first}{out[0]}"
    out[-1] += " */"
    return out


class Scopes:
    """Whether a line stands where declarations stand, and not in a function's body."""

    def __init__(self):
        self.stack = []
        self.statement = ""

    def documented(self):
        return all(self.stack)

    def read(self, line):
        code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', "", line.split("//")[0])
        if code.lstrip().startswith("#"):
            return
        for c in code:
            if c == "{":
                # `struct X f() {` opens a body, `struct X {` does not.
                self.stack.append(SCOPE.match(TEMPLATE.sub("", self.statement)) is not None)
                self.statement = ""
            elif c == "}":
                if self.stack:
                    self.stack.pop()
                self.statement = ""
            elif c == ";":
                self.statement = ""
            else:
                self.statement += c
        self.statement += " "


def converted(lines):
    scopes, out, i = Scopes(), [], 0
    while i < len(lines):
        match = COMMENT.match(lines[i])
        if match is None:
            behind = None if lines[i].startswith("#") else BEHIND.match(lines[i])
            if behind and scopes.documented() and "(" not in behind[1] and not behind[1].endswith("}"):
                out.append(f"{behind[1]}{behind[2]}///< {escaped(behind[3])}")
            else:
                out.append(lines[i])
            scopes.read(lines[i])
            i += 1
            continue
        block, start = [], i
        while i < len(lines) and (match := COMMENT.match(lines[i])):
            block.append(match[2] or "")
            i += 1
        following = lines[i].strip() if i < len(lines) else ""
        if start == 0:
            out.extend(documentation(block, "@file\n"))
        elif following and not following.startswith(("#", "}")) and scopes.documented():
            out.extend(documentation(block))
        else:
            out.extend(lines[start:i])
    return out


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        print("\n".join(converted(file.read().splitlines())))


main(sys.argv[1:])
