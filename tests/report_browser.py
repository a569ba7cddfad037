#!/usr/bin/env python3
"""Opens a report in headless Chromium and checks what a reader sees.

usage: report_browser.py INDEX.html [FOLDER-FOR-SCREENSHOTS]

At 360 and 1280 pixels, in light and in dark: every image loads (the dark drawing in the dark), nothing scrolls
sideways, the console has no error, there is no network request, every link inside the page has its target,
every linked file exists, every image has an alternative text, and text has enough contrast.
Speaks the DevTools protocol over a pipe, so that no package and no port is needed.
"""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

PATIENCE_S = 60

MEASURE = """
(() => {
  const luminance = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((c) => c / 255);
    const [r, g, b] = parts.map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/rgba\\(.*, 0\\)/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (element) => {
    const a = luminance(getComputedStyle(element).color), b = luminance(ground(element));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const wide = [...document.querySelectorAll('body *')].filter(
    (e) => e.getBoundingClientRect().right > window.innerWidth + 0.5 && !e.closest('.plot *') && !e.closest('thead'));
  const texts = [...document.querySelectorAll('p,a,b,span,th,td,figcaption,h1,h2,footer')].filter(
    (e) => e.textContent.trim() !== '' && !e.closest('thead'));
  const low = texts.filter((e) => contrast(e) < 4.5);
  const hrefs = [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href'));
  return {
    width: window.innerWidth,
    scroll: document.documentElement.scrollWidth,
    wide: wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 100)),
    images: [...document.images].map(
      (i) => ({source: i.currentSrc, alt: i.alt, loaded: i.complete && i.naturalWidth > 0})),
    lost: hrefs.filter((h) => h.startsWith('#') && !document.getElementById(h.slice(1))),
    files: hrefs.filter((h) => !h.startsWith('#')),
    low: low.slice(0, 3).map((e) => contrast(e).toFixed(1) + ': ' + e.outerHTML.slice(0, 100)),
    alerts: document.querySelectorAll('script').length,
  };
})()
"""


class Browser:
    """One Chromium with a fresh profile; commands go to descriptor 3, answers come from descriptor 4."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="assay-browser-")
        to_read, self.to = os.pipe()
        self.back, back_write = os.pipe()
        # High numbers first: the browser's 3 and 4 must not be overwritten before they are copied.
        high = [os.dup(to_read), os.dup(back_write)]

        def place():
            saved = [os.dup2(high[0], 103), os.dup2(high[1], 104)]
            os.dup2(saved[0], 3)
            os.dup2(saved[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             "--remote-debugging-pipe", "--user-data-dir=" + self.profile, "about:blank"],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for descriptor in [to_read, back_write] + high:
            os.close(descriptor)
        self.buffer = b""
        self.count = 0
        self.events = []
        self.deadline = time.monotonic() + PATIENCE_S

    def message(self):
        while b"\0" not in self.buffer:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                raise SystemExit(f"report_browser: Chromium did not answer within {PATIENCE_S} s")
            chunk = os.read(self.back, 1 << 20)
            if not chunk:
                raise SystemExit("report_browser: Chromium ended")
            self.buffer += chunk
        first, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(first)

    def call(self, method, session=None, **parameters):
        self.count += 1
        command = {"id": self.count, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self.to, json.dumps(command).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise SystemExit(f"report_browser: {method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.message())

    def close(self):
        os.close(self.to)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def complaints(events):
    for event in events:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield "an exception: " + parameters["exceptionDetails"]["text"]
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            yield "console: " + json.dumps(parameters["args"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            yield "log: " + parameters["entry"]["text"] + " " + parameters["entry"].get("url", "")
        elif method == "Network.requestWillBeSent" and not parameters["request"]["url"].startswith(("file:", "data:")):
            yield "asks the network for " + parameters["request"]["url"]


def findings(measured, scheme, folder):
    if measured["scroll"] > measured["width"]:
        yield f"scrolls sideways: {measured['scroll']} pixels wide: {measured['wide']}"
    for image in measured["images"]:
        name = urllib.parse.unquote(image["source"].rsplit("/", 1)[-1])
        if not image["loaded"]:
            yield f"image {name} does not load"
        if not image["alt"]:
            yield f"image {name} has no alternative text"
        if name.endswith("-dark.svg") != (scheme == "dark"):
            yield f"image {name} is shown in the {scheme} page"
    for target in measured["lost"]:
        yield f"the link {target} leads nowhere"
    for file in measured["files"]:
        if not (folder / urllib.parse.unquote(file)).is_file():
            yield f"the linked file {file} is missing"
    for text in measured["low"]:
        yield f"hard to read, contrast {text}"
    if measured["alerts"]:
        yield "there is a script in the page"


def look(browser, page, width, scheme, shots):
    browser.events.clear()
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(domain + ".enable", session)
    browser.call("Emulation.setDeviceMetricsOverride", session, width=width, height=800, deviceScaleFactor=1,
                 mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", session,
                 features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.call("Page.navigate", session, url=page.as_uri())
    browser.wait_for("Page.loadEventFired")
    result = browser.call("Runtime.evaluate", session, expression=MEASURE, returnByValue=True)
    if "exceptionDetails" in result:
        raise SystemExit("report_browser: the measurement fails: " + json.dumps(result["exceptionDetails"]))
    measured = result["result"]["value"]
    if shots:
        shot = browser.call("Page.captureScreenshot", session, captureBeyondViewport=True)
        (shots / f"{scheme}-{width}.png").write_bytes(base64.b64decode(shot["data"]))
    wrong = list(complaints(browser.events)) + list(findings(measured, scheme, page.parent))
    if measured["width"] != width:
        wrong.append(f"the page is laid out for {measured['width']} pixels")
    browser.call("Target.closeTarget", targetId=target)
    return wrong, len(measured["images"])


def main(arguments):
    if len(arguments) not in (2, 3):
        raise SystemExit("usage: report_browser.py INDEX.html [FOLDER-FOR-SCREENSHOTS]")
    page = pathlib.Path(arguments[1]).resolve()
    shots = pathlib.Path(arguments[2]) if len(arguments) == 3 else None
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise SystemExit("report_browser: there is no chromium; apt-get install chromium, or set CHROMIUM")
    browser = Browser(program)
    failed = 0
    try:
        for scheme in ("light", "dark"):
            for width in (360, 1280):
                wrong, images = look(browser, page, width, scheme, shots)
                for line in wrong:
                    print(f"{scheme}, {width} pixels: {line}")
                failed += len(wrong)
                if not wrong:
                    print(f"{scheme}, {width} pixels: in order; {images} images")
    finally:
        browser.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
