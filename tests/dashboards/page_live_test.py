#!/usr/bin/env python3
"""The built-in page in a real browser, from a real coordinator that has real trials: each view shows them, none shows an error, and nothing
is against the page's Content-Security-Policy.

usage: page_live_test.py OFSWEEP CHROMIUM
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from stack import Stack

# 2 blocks × 2 learning rates × 2 seeds, one rate far beyond what trains.
GRID = "{model.block: [pre_norm, op], optimizer.learning_rate: [1e-3, 1000], seed: [0, 1]}"
ARMS = 4
TRIALS = 8
SWEEP = "arms"

# Milliseconds of the page's own clock, which stands while it waits for an answer.
PATIENCE = 20_000


class PageLiveTest(unittest.TestCase):
    ofsweep = pathlib.Path()
    chromium = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = cls.enterClassContext(Stack(cls.folder, cls.ofsweep, ""))
        cls.stack.start_ofsweep()
        cls.stack.submit(SWEEP, GRID, steps=20, every=10)
        cls.stack.wait_for_end(SWEEP)

    def call(self, method: str, request: dict) -> dict:
        address = f"http://{self.stack.http}/ofsweep.v1.SweepService/{method}"
        asked = urllib.request.Request(address, json.dumps(request).encode(), {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as answer:
            return json.load(answer)

    def visit(self, path: str) -> str:
        """The page as the browser has built it at #/PATH."""
        profile = tempfile.mkdtemp(dir=self.folder)
        shown = subprocess.run(
            [
                self.chromium,
                "--headless",
                "--no-sandbox",  # in a container its user is root
                "--lang=en-US",
                "--enable-logging=stderr",
                f"--user-data-dir={profile}",
                f"--virtual-time-budget={PATIENCE}",
                "--dump-dom",
                f"http://{self.stack.http}/#/{path}",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "LANG": "C.UTF-8"},
        )
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertNotRegex(shown.stderr, r"Refused to|violates the following|Uncaught", path)
        self.assertNotIn('class="note problem"', shown.stdout, path)
        return shown.stdout

    def assert_count(self, html: str, pattern: str, count: int):
        self.assertEqual(len(re.findall(pattern, html)), count, pattern)

    def test_sweeps(self):
        html = self.visit("sweeps")
        self.assertIn(f">{SWEEP}</a>", html)
        self.assertIn(f"{TRIALS} of {TRIALS} ended", html)

    def test_curves(self):
        html = self.visit(f"sweeps/{SWEEP}/curves?m=kurtosis,train_loss&layers=0-1")
        self.assert_count(html, r'class="uplot', 3)
        self.assert_count(html, r'title="2 trials"', ARMS)
        self.assertNotIn("no points", html)

    def test_curves_by_tokens_of_a_part(self):
        html = self.visit(f"sweeps/{SWEEP}/curves?m=kurtosis&layers=1&x=tokens&zoom=100,1000&mean=geometric&smooth=0.5")
        self.assert_count(html, r'class="uplot', 1)

    def test_layers(self):
        self.assert_count(self.visit(f"sweeps/{SWEEP}/layers"), r"<canvas", ARMS + 1)

    def test_pictures_of_trials(self):
        for view in ("scatter", "parallel"):
            self.assert_count(self.visit(f"sweeps/{SWEEP}/{view}"), r"<canvas", 1)

    def test_table(self):
        html = self.visit(f"sweeps/{SWEEP}/table?m=eval_loss,kurtosis@block.1:max")
        self.assert_count(html, r"<table", 2)
        self.assertIn("sample standard deviation", html)

    def test_trials_and_a_trial(self):
        html = self.visit(f"sweeps/{SWEEP}/trials")
        self.assert_count(html, r'<th scope="row"', TRIALS)
        trials = self.call("ListTrials", {"sweep": SWEEP})["trials"]
        states = [trial["state"] for trial in trials]
        self.assert_count(html, 'class="badge state-diverged"', states.count("diverged"))
        html = self.visit(f"sweeps/{SWEEP}/trials/{trials[0]['trialId']}")
        self.assertIn("Provenance", html)
        self.assertIn("from the beginning", html)
        self.assertIn('class="uplot', html)

    def test_fleet(self):
        html = self.visit("fleet")
        self.assertIn("1 worker connected", html)
        self.assertIn("0 of 2 slots busy", html)

    def test_what_there_is_not_is_said(self):
        self.assertIn("There is no sweep", self.visit("sweeps/gone/curves"))
        self.assertIn("There is no such trial", self.visit(f"sweeps/{SWEEP}/trials/0123456789abcdef"))
        self.assertIn("There is no such page", self.visit("elsewhere"))


if __name__ == "__main__":
    PageLiveTest.chromium = sys.argv.pop()
    PageLiveTest.ofsweep = pathlib.Path(sys.argv.pop())
    unittest.main()
