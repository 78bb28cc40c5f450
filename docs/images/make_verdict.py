#!/usr/bin/env python3
"""Draws the README's picture of a verdict from what the command prints.

usage: make_verdict.py PINCHBECK [--check]

Runs the README's commands on the demo's recordings with the program PINCHBECK and writes verdict.svg beside this
file, or with --check only says whether it is what the program would print now. Nothing but the cut is edited: the
signals that did not decide are left out after the line that says so.
"""

import pathlib
import subprocess
import sys
import tempfile
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent / "src" / "cli" / "demo_data"
# The picture ends before this signal.
CUT_BEFORE = "  reasoning "
CHARACTER, LINE, MARGIN = 8.4, 19, 16
COLOURS = {"DIFFERS": "bad", "CONSISTENT": "good", "INCONCLUSIVE": "open", "differs": "bad", "consistent": "good",
           "inconclusive": "open"}

STYLE = """
    .back { fill: #f6f8fa; } .frame { stroke: #d0d7de; } text { fill: #1f2328; }
    .prompt { fill: #59636e; } .bad { fill: #b3261e; font-weight: bold; } .good { fill: #1a6e34; }
    .open { fill: #7a5200; }
    @media (prefers-color-scheme: dark) {
      .back { fill: #0d1117; } .frame { stroke: #3d444d; } text { fill: #e6edf3; } .prompt { fill: #9198a1; }
      .bad { fill: #ff8f85; } .good { fill: #6fd68a; } .open { fill: #e3b341; }
    }"""


def run(program, arguments, folder, expected):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != expected:
        sys.exit(f"{' '.join(arguments)}: exit status {done.returncode}, expected {expected}\n{done.stderr}")
    return done.stdout


def verdict_lines(program):
    with tempfile.TemporaryDirectory() as folder:
        run(program, ["enroll", "--recording", str(DATA / "reference.jsonl.gz"), "--model", "flagship-1",
                      "--out", "flagship-1.json"], folder, 0)
        text = run(program, ["verify", "--fingerprint", "flagship-1.json", "--recording",
                             str(DATA / "swap-relay.jsonl.gz")], folder, 1)
    lines = text.splitlines()
    cuts = [i for i, line in enumerate(lines) if line.startswith(CUT_BEFORE)]
    if not cuts:
        sys.exit(f"the report has no line that starts with {CUT_BEFORE!r}; it was:\n{text}")
    command = "$ pinchbeck verify --fingerprint flagship-1.json --recording swap-relay.jsonl.gz"
    return [command, *lines[:cuts[0]], "  ..."]


def drawn(line, y):
    """A line of text; the width is fixed, so that any monospaced font keeps the columns."""
    if not line.strip():
        return ""
    indent = len(line) - len(line.lstrip(" "))
    text = line.strip()
    if line.startswith("$") or text == "...":
        body = f'<tspan class="prompt">{escape(text)}</tspan>'
    else:
        body = "".join(
            f'<tspan class="{COLOURS[word]}">{word}</tspan>' if word in COLOURS else escape(word)
            for word in split_keeping_spaces(text))
    return (f'  <text x="{MARGIN + indent * CHARACTER:.1f}" y="{y}" textLength="{len(text) * CHARACTER:.1f}" '
            f'lengthAdjust="spacingAndGlyphs">{body}</text>\n')


def split_keeping_spaces(text):
    parts, part = [], ""
    for c in text:
        if part and (c == " ") != (part[-1] == " "):
            parts.append(part)
            part = ""
        part += c
    return [*parts, part]


def picture(lines):
    width = 2 * MARGIN + CHARACTER * max(len(line) for line in lines)
    height = 2 * MARGIN + LINE * len(lines)
    body = "".join(drawn(line, MARGIN + LINE * i + 14) for i, line in enumerate(lines))
    words = escape(" ".join(" ".join(lines[1:4]).split()))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
            f'height="{height}" role="img" aria-labelledby="title">\n'
            f'  <title id="title">{words}</title>\n  <style>{STYLE}\n  </style>\n'
            f'  <rect class="back frame" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="6"/>\n'
            f'  <g font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" '
            f'xml:space="preserve">\n{body}  </g>\n</svg>\n')


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    program = str(pathlib.Path(arguments[0]).resolve())
    text = picture(verdict_lines(program))
    target = HERE / "verdict.svg"
    if arguments[1:] == ["--check"]:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            sys.exit(f"{target.name} does not show what the command prints now; run {pathlib.Path(__file__).name}")
    else:
        target.write_text(text, encoding="utf-8")


main(sys.argv[1:])
