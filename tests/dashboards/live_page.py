"""The built-in page in a real browser, from a real coordinator that has real trials: what its tests share."""

import json
import pathlib
import sys
import tempfile
import unittest
import urllib.request

from browser import Browser
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


class LivePageTest(unittest.TestCase):
    """No view may show an error, and nothing may be against the page's Content-Security-Policy."""

    ofsweep = pathlib.Path()
    chromium = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = cls.enterClassContext(Stack(cls.folder, cls.ofsweep, ""))
        cls.stack.start_ofsweep()
        cls.stack.submit(SWEEP, GRID, steps=20, every=10)
        cls.stack.wait_for_end(SWEEP)
        cls.browser = cls.enterClassContext(Browser(cls.chromium, str(cls.folder / "profile")))

    @classmethod
    def start_running(cls):
        spec = cls.folder / "running.yaml"
        spec.write_text(RUNNING_SPEC)
        cls.stack.command("submit", spec)
        until(lambda: cls.stack.sweep(RUNNING)["trials"].get("running") == 2, "two running trials")

    def call(self, method: str, request: dict) -> dict:
        address = f"http://{self.stack.http}/ofsweep.v1.SweepService/{method}"
        asked = urllib.request.Request(address, json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as answer:
            return json.load(answer)

    def visit(self, path: str):
        self.browser.open(f"http://{self.stack.http}/#/{path}")

    def wait_for(self, selector: str, count: int):
        """Elements of the page."""
        self.browser.wait(f"document.querySelectorAll({json.dumps(selector)}).length === {count}")

    def wait_for_text(self, text: str):
        self.browser.wait(f"document.body.innerText.includes({json.dumps(text)})")

    def tearDown(self):
        self.assertFalse(self.browser.value("!!document.querySelector('.note.problem')"))
        # The browser reports an answer of 404 by itself.
        self.assertEqual([said for said in self.browser.complaints if "status of 404" not in said], [])


def main():
    """Of a test file. usage: … OFSWEEP CHROMIUM"""
    LivePageTest.chromium = sys.argv.pop()
    LivePageTest.ofsweep = pathlib.Path(sys.argv.pop())
    unittest.main()
