"""The example and those of the guide run; the example passes the type checker in its strictest mode."""

import doctest
import pathlib
import random
import re
import runpy
import subprocess
import sys

import pytest

import pinchbeck
from chat_server import serve
from client_objects import Stream, chunks, completion, digest


def test_the_example_runs(root, tmp_path):
    example = root / "python" / "examples" / "offline_audit.py"
    output = subprocess.run(
        [sys.executable, example], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert "honest relay: consistent" in output and "swapped relay: differs" in output
    assert "looks like small-1" in output


def test_the_example_of_traffic_notices_a_substitute(root, tmp_path):
    battery = pinchbeck.Battery.from_json(
        """{"schema": "pinchbeck.battery/1", "name": "mine", "version": "1", "probes": [
            {"id": "number", "group": "choice", "signals": ["choice"],
             "messages": [{"role": "user", "content": "Pick a number."}],
             "sampling": {"temperature": 1, "max_tokens": 4}}]}"""
    )
    outputs = {}
    draws = random.Random(3)
    with serve() as endpoint:
        endpoint.text = lambda number: str(draws.randrange(10))
        recording = tmp_path / "trusted.jsonl"
        pinchbeck.collect(endpoint.base_url, "gpt-x", recording, battery=battery, samples_per_probe=200)
        pinchbeck.enroll(recording, model="gpt-x").fingerprint.save(tmp_path / "gpt-x.json")

        def observe(question, count):
            done = subprocess.run(
                [sys.executable, root / "python" / "examples" / "observe_traffic.py", tmp_path / "gpt-x.json",
                 endpoint.base_url, "gpt-x", question, str(count)], capture_output=True, text=True,
            )
            assert "Traceback" not in done.stderr
            return done.returncode, done.stdout

        for name, digits in [("honest", "0123456789"), ("substitute", "37")]:
            endpoint.text = lambda number, digits=digits: draws.choice(digits)
            outputs[name] = observe("Pick a number.", 100)
        outputs["other"] = observe("Pick a letter.", 3)
        endpoint.status = 503
        outputs["down"] = observe("Pick a number.", 3)
    assert outputs["honest"] == (0, "no alarm in 100 answers\nprobe: 100\n")
    assert outputs["substitute"][0] == 1 and outputs["substitute"][1].startswith("differs, noticed at answer ")
    # Silence about nothing is no good news.
    assert outputs["other"] == (4, "nothing was compared\nunknown_prompt: 3\n")
    assert outputs["down"] == (4, "nothing was compared\nfailed: 3\n")


@pytest.mark.parametrize("name", ["offline_audit.py", "observe_traffic.py"])
def test_the_example_is_typed(root, tmp_path, name):
    mypy = pytest.importorskip("mypy.api")
    example = root / "python" / "examples" / name
    package = pathlib.Path(pinchbeck.__file__).parent.parent
    stdout, stderr, status = mypy.run(
        ["--strict", "--cache-dir", str(tmp_path), "--python-executable", sys.executable, str(example),
         str(package / "pinchbeck")]
    )
    assert status == 0, stdout + stderr


def test_the_examples_of_the_guide_run(root, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    text = (root / "docs" / "guides" / "python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    monkeypatch.chdir(root)
    runner, names, checked = doctest.DocTestRunner(), {}, 0
    for block in blocks:
        if not block.startswith(">>>"):
            compile(block, "python.md", "exec")  # Needs an endpoint.
            continue
        test = doctest.DocTestParser().get_doctest(block, names, "python.md", "python.md", 0)
        runner.run(test, clear_globs=False)
        names = test.globs
        checked += len(test.examples)
    pyplot.close("all")
    assert runner.failures == 0
    assert checked >= 15


def test_the_guide_to_embed_shows_what_works(root, tmp_path, monkeypatch):
    text = (root / "docs" / "guides" / "embed.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)

    class Client:
        """As the OpenAI client nests its calls."""

        def __init__(self):
            self.chat = self.completions = self

        def create(self, *, stream=False, **request):
            assert request["messages"][0]["content"] == "Pick a number."
            return Stream(chunks("42")) if stream else completion("42")

    monkeypatch.chdir(tmp_path)
    asked = {"temperature": 1, "max_tokens": 4, "prompt_sha256": digest(("user", "Pick a number."))}
    recording = pinchbeck.Recording.from_dicts(
        {"probe": "number", "request": asked, "response": {"text": str(i % 10)}} for i in range(50)
    )
    pinchbeck.enroll(recording, model="gpt-x").fingerprint.save("gpt-x.json")
    names = {"client": Client()}
    exec(compile(block, "embed.md", "exec"), names)
    assert names["observer"].decision.observations == 2
    assert [o["response"]["text"] for o in pinchbeck.Recording("observed.jsonl").to_dicts()] == ["42", "42"]


def test_the_readme_shows_what_works(root, tmp_path, monkeypatch, capsys):
    text = (root / "README.md").read_text()
    (block,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)
    (tmp_path / "src").symlink_to(root / "src")
    monkeypatch.chdir(tmp_path)
    reference = "src/cli/demo_data/reference.jsonl.gz"
    pinchbeck.enroll(reference, model="flagship-1").fingerprint.save("flagship-1.json")
    exec(compile(block, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("differs 0.")


def test_the_notebook_runs(root, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(root / "python" / "examples" / "audit_notebook.py"))
    assert names["report"].verdict == "differs"
    assert names["identification"].verdict == "known" and names["identification"].ranking[0].model == "small-1"
    assert names["decisions"]["swapped"].alarm_at is not None and names["decisions"]["honest"].alarm_at is None
    drawn = [ax for number in pyplot.get_fignums() for ax in pyplot.figure(number).axes]
    assert len(drawn) == 7 and all(ax.has_data() and ax.get_xlabel() and ax.get_ylabel() for ax in drawn[:4] + drawn[5:])
    pyplot.close("all")
