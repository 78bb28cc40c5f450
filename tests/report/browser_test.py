#!/usr/bin/env python3
"""Looks at HTML reports with headless Chromium: at two widths, in both colour schemes, and on paper.

Usage: browser_test.py OUTPUT_FOLDER PAGE...

Speaks the DevTools protocol over pipes, so nothing but the browser is needed. Fails if a page logs an error,
asks for anything from outside, is wider than the screen, shows an image without a name, or has text with too
little contrast. Leaves screenshots and a PDF of every page in the folder. Exit status 77: no browser.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SIZES = (("phone", 390, True), ("desktop", 1280, False))
SCHEMES = ("light", "dark")
# Seconds for an answer or event of the browser.
PATIENCE = 60

# Every element with text of its own, or SVG text: its colour against what lies behind it.
CONTRAST = r"""
(() => {
  const parse = c => { const m = c.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
  const lum = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a > 0.99) return c.rgb; }
    return [255, 255, 255]; };
  const low = []; let seen = 0;
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!own || ['TITLE', 'DESC'].includes(e.tagName.toUpperCase())) continue;
    const style = getComputedStyle(e);
    const ink = parse(e.tagName === 'text' ? style.fill : style.color).rgb, ground = behind(e);
    const x = lum(ink), y = lum(ground), ratio = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
    seen += 1;
    if (ratio < 4.5) low.push(e.tagName + ' "' + e.textContent.trim().slice(0, 40) + '" ' + ratio.toFixed(2));
  }
  return JSON.stringify({seen, low, wide: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth,
    body: getComputedStyle(document.body).backgroundColor});
})()
"""


class Browser:
    def __init__(self, program, profile):
        to_browser, from_browser = os.pipe(), os.pipe()

        def connect():
            # Chromium reads commands from 3 and writes answers to 4.
            ours = (os.dup(to_browser[0]), os.dup(from_browser[1]))
            os.dup2(ours[0], 3)
            os.dup2(ours[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
             "--user-data-dir=" + profile, "--remote-debugging-pipe", "about:blank"],
            preexec_fn=connect, close_fds=False, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser[0])
        os.close(from_browser[1])
        self.out, self.inp = os.fdopen(to_browser[1], "wb"), os.fdopen(from_browser[0], "rb")
        self.next, self.buffer, self.events, self.session = 1, b"", [], None

    def attach(self):
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network", "Accessibility"):
            self.call(domain + ".enable")

    def message(self):
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.inp], [], [], left)[0]:
                raise RuntimeError("the browser said nothing for %d seconds" % PATIENCE)
            piece = os.read(self.inp.fileno(), 1 << 16)
            if not piece:
                raise RuntimeError("the browser ended")
            self.buffer += piece
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        request = {"id": self.next, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.next += 1
        self.out.write(json.dumps(request).encode() + b"\0")
        self.out.flush()
        while True:
            answer = self.message()
            if answer.get("id") == request["id"]:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        for event in self.events:
            if event.get("method") == method:
                return
        while True:
            event = self.message()
            self.events.append(event)
            if event.get("method") == method:
                return

    def close(self):
        # With its helpers, which hold files in the profile.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def complaints_of(events, url):
    """Console errors, and requests for anything but the page itself."""
    wrong = []
    for event in events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            wrong.append("console: " + parameters["entry"]["text"])
        if method == "Runtime.exceptionThrown" or method == "Runtime.consoleAPICalled":
            wrong.append("a script ran: " + json.dumps(parameters)[:200])
        if method == "Network.requestWillBeSent" and parameters["request"]["url"] != url:
            wrong.append("asked for " + parameters["request"]["url"])
    return wrong


def unnamed(browser):
    """Images without a name, as assistive software sees the page; and how many images there are."""
    wrong, images = [], 0
    for node in browser.call("Accessibility.getFullAXTree")["nodes"]:
        if node.get("ignored") or node.get("role", {}).get("value") not in ("image", "img"):
            continue
        images += 1
        if not node.get("name", {}).get("value"):
            wrong.append("an image has no name")
        if not node.get("description", {}).get("value"):
            wrong.append("an image has no description: %s" % node.get("name", {}).get("value"))
    return wrong, images


def look(browser, page, folder):
    url, wrong = page.resolve().as_uri(), []
    colours = set()
    for size, width, mobile in SIZES:
        for scheme in SCHEMES:
            browser.events.clear()
            browser.call("Emulation.setDeviceMetricsOverride", width=width, height=900,
                         deviceScaleFactor=2 if mobile else 1, mobile=mobile)
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.call("Page.navigate", url=url)
            browser.wait_for("Page.loadEventFired")
            found = json.loads(browser.call("Runtime.evaluate", expression=CONTRAST)["result"]["value"])
            name = "%s-%s-%s" % (page.stem, size, scheme)
            wrong += ["%s: little contrast: %s" % (name, low) for low in found["low"]]
            if found["wide"] > found["screen"]:
                wrong.append("%s: %d pixels wide on a screen of %d" % (name, found["wide"], found["screen"]))
            if found["seen"] < 30:
                wrong.append("%s: only %d pieces of text" % (name, found["seen"]))
            colours.add((scheme, found["body"]))
            without, images = unnamed(browser)
            wrong += ["%s: %s" % (name, what) for what in without]
            if images == 0 and 'role="img"' in page.read_text(encoding="utf-8"):
                wrong.append("%s: no image is to be seen" % name)
            shot = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
            (folder / (name + ".png")).write_bytes(base64.b64decode(shot["data"]))
            wrong += ["%s: %s" % (name, what) for what in complaints_of(browser.events, url)]
    if len(colours) != 2 or len({colour for _, colour in colours}) != 2:
        wrong.append("%s: the schemes do not have a colour each: %s" % (page.stem, colours))
    paper = browser.call("Page.printToPDF", printBackground=True)
    (folder / (page.stem + ".pdf")).write_bytes(base64.b64decode(paper["data"]))
    print("%s: %d images" % (page.name, images))
    return wrong


def main():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("skipped: no chromium on this machine (on Debian: apt-get install chromium)")
        return 77
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    wrong = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            browser.attach()
            for page in sys.argv[2:]:
                wrong += look(browser, pathlib.Path(page), folder)
        finally:
            browser.close()
    print("\n".join(wrong))
    return 1 if wrong or len(sys.argv) < 3 else 0


if __name__ == "__main__":
    sys.exit(main())
