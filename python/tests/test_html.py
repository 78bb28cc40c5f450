"""What notebooks show: the verdict as a table, with nothing in it that a server could have written as markup."""

import html.parser

import pytest

import pinchbeck

HOSTILE = '<script>alert("x")</script>\u202e&'
# All that a table of ours is made of.
TAGS = {"p", "strong", "bdi", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "details", "summary", "pre"}
ATTRIBUTES = {"style", "scope"}


class Page(html.parser.HTMLParser):
    """Collects the rows of cells and refuses what the tables do not use."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open, self.text = [], [], ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS and {name for name, _ in attrs} <= ATTRIBUTES, (tag, attrs)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


def choices(texts):
    return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": text}} for text in texts])


def enroll(texts, model):
    return pinchbeck.enroll(choices(texts), model=model).fingerprint


@pytest.fixture(scope="module")
def report():
    return pinchbeck.verify(enroll([str(i % 10) for i in range(400)], HOSTILE), choices(["3"] * 100))


def test_a_verdict_is_a_table_of_its_signals(report):
    page = Page(report._repr_html_())
    assert page.text.startswith("differs: 100 observed answers against 400 of the reference of ")
    assert page.rows[0] == ["Signal", "Status", "p, adjusted", "Effect [95 % interval]", "Answers"]
    assert [row[0] for row in page.rows[1:]] == [s.signal.replace("_", " ") for s in report.signals]
    choice = next(signal for signal in report.signals if signal.signal == "choice")
    row = next(row for row in page.rows if row[0] == "choice")
    assert row == [
        "choice", "differs", f"{choice.adjusted_p_value:.3g}",
        f"{choice.effect:.3g} [{choice.effect_low:.3g}, {choice.effect_high:.3g}] {choice.effect_unit}",
        "100 against 400",
    ]


def test_what_was_not_measured_says_so(report):
    rows = Page(report._repr_html_()).rows
    missing = [signal for signal in report.signals if not signal.measurable]
    assert missing
    for signal in missing:
        row = next(row for row in rows if row[0] == signal.signal.replace("_", " "))
        assert signal.reason in row[1] and row[1].startswith("not measurable") and row[2] == "\u2013"


def test_the_limits_go_with_the_verdict(report):
    text = Page(report._repr_html_()).text
    assert "Innocent causes" in text and "What this sample could not have shown" in text


def test_names_are_text(report):
    shown = report._repr_html_()
    assert "<script" not in shown
    table = shown[: shown.index("<details>")]
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;\\u202e&amp;" in table
    # Nor does the text that can be opened below turn its lines.
    assert "\u202e" not in shown


def test_an_identification_is_a_table_of_models():
    library = [enroll([str(i % n) for i in range(400)], f"{HOSTILE}{n}") for n in (5, 9)]
    found = pinchbeck.identify(library, choices([str(i % 9) for i in range(90)]))
    page = Page(found._repr_html_())
    assert page.rows[0] == ["Model", "Share among these", "p of its fit"]
    assert [row[0][-1] for row in page.rows[1:]] == ["9", "5"]
    best = found.ranking[0]
    assert best.posterior > 0.999 and page.rows[1][1:] == ["over 99.9 %", f"{best.p_value:.3g}"]
    assert page.rows[2][1] == "under 0.1 %"
    assert page.text.startswith("known: 90 answers")
