#!/usr/bin/env python3
"""Each view of the built-in page shows real trials.

usage: page_live_test.py OFSWEEP CHROMIUM
"""

import re

from chromium import expect
from live_page import ARMS, SWEEP, TRIALS, LivePageTest, main


class PageLiveTest(LivePageTest):
    def test_sweeps(self):
        self.visit("sweeps")
        self.wait_for_text(SWEEP)
        self.wait_for_text(f"{TRIALS} of {TRIALS} ended")

    def test_curves(self):
        self.visit(f"sweeps/{SWEEP}/curves?m=kurtosis,train_loss&layers=0-1")
        self.wait_for(".uplot", 3)
        self.wait_for(".legend li", ARMS)
        expect(self.page.locator(".legend")).not_to_contain_text("no points")

    def test_curves_by_tokens_of_a_part(self):
        self.visit(f"sweeps/{SWEEP}/curves?m=kurtosis&layers=1&x=tokens&zoom=100,1000&mean=geometric&smooth=0.5")
        self.wait_for(".uplot", 1)

    def test_a_zoom_and_a_hidden_arm_are_in_the_address(self):
        self.visit(f"sweeps/{SWEEP}/curves?m=kurtosis&layers=1")
        self.wait_for(".uplot", 1)
        self.page.locator(".legend li button").first.click()
        self.page.wait_for_url("**hide=model.block%3Dpre_norm**")
        self.wait_for(".legend button[aria-pressed=false]", 1)

    def test_layers(self):
        self.visit(f"sweeps/{SWEEP}/layers")
        self.wait_for(".panels canvas", ARMS)

    def test_pictures_of_trials(self):
        for view in ("scatter", "parallel"):
            self.visit(f"sweeps/{SWEEP}/{view}")
            self.wait_for("canvas", 1)

    def test_table(self):
        self.visit(f"sweeps/{SWEEP}/table?m=eval_loss,kurtosis@block.1:max")
        self.wait_for("table", 2)
        self.wait_for_text("sample standard deviation")

    def test_trials_and_a_trial(self):
        trials = self.call("ListTrials", {"sweep": SWEEP})["trials"]
        self.visit(f"sweeps/{SWEEP}/trials")
        self.wait_for("tbody tr", TRIALS)
        self.wait_for("tbody .state-diverged", [trial["state"] for trial in trials].count("diverged"))
        self.visit(f"sweeps/{SWEEP}/trials/{trials[0]['trialId']}")
        for text in ("Provenance", "from the beginning"):
            self.wait_for_text(text)
        self.wait_for("[aria-label='kurtosis, block'] .uplot", 1)
        self.page.locator(".attempts button").first.click()
        expect(self.page.locator("pre.log")).to_contain_text(re.compile(r"\w"))

    def test_fleet(self):
        self.visit("fleet")
        self.wait_for_text("1 worker connected · 0 of 2 slots busy")

    def test_what_there_is_not_is_said(self):
        for path, text in (
            ("sweeps/gone/curves", "There is no sweep"),
            (f"sweeps/{SWEEP}/trials/0123456789abcdef", "There is no such trial"),
            ("elsewhere", "There is no such page"),
        ):
            self.visit(path)
            self.wait_for_text(text)


if __name__ == "__main__":
    main()
