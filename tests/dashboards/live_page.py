"""The built-in page in a real browser, from a real coordinator that has real trials: what its tests share."""

import json
import pathlib
import sys
import tempfile
import unittest
import urllib.request

from chromium import expect, open_chromium
from playwright.sync_api import Locator, Page
from stack import Stack, until

# 2 blocks × 2 learning rates × 2 seeds, one rate far beyond what trains.
GRID = "{model.block: [pre_norm, op], optimizer.learning_rate: [1e-3, 1000], seed: [0, 1]}"
ARMS = 4
TRIALS = 8
SWEEP = "arms"


# Long enough to run as long as the test does; two run at a time, the third waits.
RUNNING = "running"
RUNNING_SPEC = """\
name: running
description: |
  Runs for as long as somebody looks.
  Two at a time.
tags: [long, page]
trial:
  model: {layers: 2, width: 128, heads: 4, context: 64, vocabulary: 300}
  data: {source: tokens, path: tokens.bin}
  train: {steps: 1000000, batch_size: 16, device: cpu, threads: 1, checkpoint_every: 1000}
  measure: {every: 10}
grid: {seed: [0, 1, 2]}
"""


def log_in(window, stack: Stack):
    """By a link, as who starts a coordinator on a terminal does; for all pages of the window."""
    page = window.new_page()
    page.goto(stack.command("login").strip())
    expect(page.locator(".who")).to_contain_text("local")
    page.close()


class LivePageTest(unittest.TestCase):
    """Each test has a page of its own. No view may show an error, and nothing may be against the page's Content-Security-Policy."""

    ofsweep = pathlib.Path()
    chromium = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = cls.enterClassContext(Stack(cls.folder, cls.ofsweep, ""))
        cls.stack.start_ofsweep()
        cls.stack.submit(SWEEP, GRID, steps=20, every=10)
        cls.stack.wait_for_end(SWEEP)
        cls.window = cls.enterClassContext(open_chromium(cls.chromium))
        log_in(cls.window, cls.stack)

    @classmethod
    def start_running(cls):
        spec = cls.folder / "running.yaml"
        spec.write_text(RUNNING_SPEC)
        cls.stack.command("submit", spec)
        until(lambda: cls.stack.sweep(RUNNING)["trials"].get("running") == 2, "two running trials")

    def setUp(self):
        self.page = self.window.new_page()
        self.addCleanup(self.page.close)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(f"{said.text} {said.location['url']}"))

    def tearDown(self):
        expect(self.page.locator(".note.problem")).to_have_count(0)
        # The browser reports an answer of 404 by itself.
        self.assertEqual([said for said in self.complaints if "status of 404" not in said], [])

    def call(self, method: str, request: dict) -> dict:
        address = f"http://{self.stack.http}/ofsweep.v1.SweepService/{method}"
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.stack.token()}"}
        asked = urllib.request.Request(address, json.dumps(request).encode(), headers)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as answer:
            return json.load(answer)

    def visit(self, path: str):
        """In a new document, also where only the part behind # differs."""
        self.page.goto("about:blank")
        self.page.goto(f"http://{self.stack.http}/#/{path}")

    def wait_for(self, selector: str, count: int) -> Locator:
        """Elements of the page."""
        found = self.page.locator(selector)
        expect(found).to_have_count(count)
        return found

    def wait_for_text(self, text: str):
        expect(self.page.locator("body")).to_contain_text(text, use_inner_text=True)


def main():
    """Of a test file. usage: … OFSWEEP CHROMIUM"""
    LivePageTest.chromium = sys.argv.pop()
    LivePageTest.ofsweep = pathlib.Path(sys.argv.pop())
    unittest.main()
