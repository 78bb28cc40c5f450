#!/usr/bin/env python3
"""Checks HTML reports: well-formed, self-contained, without scripts, accessible in structure.

Usage: check_html.py FILE...   Prints what is wrong and exits with 1.
"""
import base64
import hashlib
import sys
from html.parser import HTMLParser

VOID = {"meta", "br", "link", "img", "input", "hr"}
FORBIDDEN = {"script", "iframe", "object", "embed", "link", "img", "form", "input", "a", "base", "foreignobject", "use", "image"}
LOADS = {"src", "href", "srcset", "action", "data", "background", "poster", "xlink:href", "style"}


class Page(HTMLParser):
    """Tags must be closed in order; SVG's self-closing shapes count as closed."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.wrong, self.open, self.ids, self.referenced = [], [], set(), []
        self.headings, self.style, self.csp, self.title = [], "", "", ""
        self.images, self.cells, self.lang = [], 0, None

    def complain(self, what):
        self.wrong.append("line %d: %s" % (self.getpos()[0], what))

    def start(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.complain("repeated attribute in <%s>" % tag)
        values = dict(attributes)
        if tag in FORBIDDEN:
            self.complain("<%s> does not belong here" % tag)
        for name, value in attributes:
            if name.startswith("on") or name in LOADS:
                self.complain("attribute %s in <%s>" % (name, tag))
            if value is None:
                self.complain("attribute %s without a value in <%s>" % (name, tag))
        if "id" in values:
            if values["id"] in self.ids:
                self.complain("id %s twice" % values["id"])
            self.ids.add(values["id"])
        for name in ("aria-labelledby", "aria-describedby"):
            self.referenced += values.get(name, "").split()
        if tag == "html":
            self.lang = values.get("lang")
        if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy":
            self.csp = values.get("content", "")
        if tag == "svg" and values.get("role") != "img" and values.get("aria-hidden") != "true":
            self.complain("<svg> is neither an image with a name nor decoration")
        if tag == "svg" and values.get("role") == "img" and not values.get("aria-labelledby"):
            self.complain("<svg> image without a name")
        if tag == "th" and values.get("scope") not in ("row", "col"):
            self.complain("<th> without scope")
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.headings.append(int(tag[1]))

    def handle_starttag(self, tag, attributes):
        self.start(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.start(tag, attributes)
        if "svg" not in self.open:
            self.complain("<%s/> outside of SVG" % tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.complain("</%s> closes %s" % (tag, self.open[-1] if self.open else "nothing"))
            if tag in self.open:
                while self.open.pop() != tag:
                    pass
            return
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "style":
            self.style += data
        if self.open == ["html", "head", "title"]:
            self.title += data
        for character in data:
            code = ord(character)
            if (code < 32 and character != "\n") or 0x7F <= code <= 0x9F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
                self.complain("invisible U+%04X in the text" % code)

    def handle_comment(self, data):
        self.complain("a comment")

    def unknown_decl(self, data):
        self.complain("a declaration: " + data[:40])

    def finish(self):
        self.close()
        if self.open:
            self.complain("not closed: " + " ".join(self.open))
        for name in self.referenced:
            if name not in self.ids:
                self.complain("no element has the id " + name)
        if self.lang != "en":
            self.complain("no language")
        if not self.title.strip():
            self.complain("no title")
        if self.headings[:1] != [1] or self.headings.count(1) != 1:
            self.complain("the first heading, and no other, must be <h1>")
        for before, after in zip(self.headings, self.headings[1:]):
            if after > before + 1:
                self.complain("heading %d after %d" % (after, before))
        digest = base64.b64encode(hashlib.sha256(self.style.encode()).digest()).decode()
        wanted = "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'" % digest
        if self.csp != wanted:
            self.complain("the Content-Security-Policy is %r, not %r" % (self.csp, wanted))
        for word in ("url(", "@import", "expression("):
            if word in self.style:
                self.complain("the style sheet has " + word)
        return self.wrong


def main():
    wrong = []
    for path in sys.argv[1:]:
        page = Page()
        with open(path, encoding="utf-8", errors="strict", newline="") as file:
            page.feed(file.read())
        wrong += ["%s: %s" % (path, what) for what in page.finish()]
    print("\n".join(wrong))
    return 1 if wrong or not sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
