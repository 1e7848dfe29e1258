#!/usr/bin/env python3
"""What a reader does with the curves of the built-in page: axes, smoothing, zoom, hovering, the legend, files, links; and how many connections
the page holds meanwhile.

usage: page_use_test.py OFSWEEP CHROMIUM
"""

import csv
import io
import json
import pathlib
import xml.etree.ElementTree

from live_page import ARMS, RUNNING, SWEEP, LivePageTest, main
from stack import until

CURVES = f"sweeps/{SWEEP}/curves?m=kurtosis,train_loss&layers=1"
LAST_STEP = 19
TOKENS_A_STEP = 4 * 16  # of the sweep: its batches by its context

# What uPlot draws into, of the first chart.
PLOT = """(() => {
  const {left, top, width, height} = document.querySelector('.u-over').getBoundingClientRect();
  return [left, top, width, height];
})()"""
# document.hidden is the browser's to say: a headless one shows each of its pages.
HIDE = """
Object.defineProperty(document, 'hidden', {{configurable: true, get: () => {hidden}}});
document.dispatchEvent(new Event('visibilitychange'));
"""


class PageUseTest(LivePageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_running()
        cls.saved = cls.folder / "saved"
        cls.saved.mkdir()
        cls.browser.save_into(str(cls.saved))

    def show(self, path: str, charts: int = 2):
        self.visit(path)
        self.wait_for(".u-over", charts)

    def saved_file(self, kind: str, panel: str = "kurtosis, block 1") -> pathlib.Path:
        """What the panel's menu saves as CSV, SVG or PNG."""
        for old in self.saved.iterdir():
            old.unlink()
        buttons = f"""[...document.querySelectorAll('[aria-label="{panel}"] .menu button')]"""
        self.browser.value(f"{buttons}.find((button) => button.textContent.startsWith('{kind}')).click()")
        return until(lambda: next((path for path in self.saved.glob(f"*.{kind.lower()}") if path.stat().st_size > 0), None), f"a file of {kind}")

    def rows(self, panel: str = "kurtosis, block 1") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.saved_file("CSV", panel).read_text())))

    def choose(self, label: str, value: str):
        """Of a select, as a user does."""
        self.browser.value(f"""
          (() => {{
            const control = [...document.querySelectorAll('label.control')].find((one) => one.innerText.startsWith({json.dumps(label)}));
            const select = control.querySelector('select, input');
            select.value = {json.dumps(value)};
            select.dispatchEvent(new Event(select.localName === 'select' ? 'change' : 'input', {{bubbles: true}}));
          }})()""")

    def wait_for_address(self, part: str):
        self.browser.wait(f"location.hash.includes({json.dumps(part)})")

    def drag_over_plot(self, start: float, end: float):
        """Between two shares of its width."""
        left, top, width, height = self.browser.value(PLOT)
        middle = top + height / 2
        self.browser.drag((left + width * start, middle), (left + width * end, middle))

    def test_x_is_the_step_tokens_or_seconds(self):
        self.show(CURVES)
        steps = {float(row["step"]) for row in self.rows()}
        self.assertEqual(max(steps), LAST_STEP)
        self.choose("x axis", "tokens")
        self.wait_for_address("x=tokens")
        self.browser.wait("document.querySelector('.panels').ariaBusy === 'false'")
        self.assertEqual({float(row["tokens"]) for row in self.rows()}, {step * TOKENS_A_STEP for step in steps})
        self.choose("x axis", "seconds")
        self.wait_for_address("x=seconds")
        self.browser.wait("document.querySelector('.panels').ariaBusy === 'false'")
        seconds = [float(row["seconds"]) for row in self.rows()]
        self.assertGreater(max(seconds), min(seconds))

    def test_smoothing_keeps_the_line_below_it(self):
        self.show(CURVES)
        plain = [row for row in self.rows("train_loss") if row["kind"] == "mean"]
        self.choose("Smoothing", "0.9")
        self.wait_for_address("smooth=0.9")
        until(lambda: any(row["kind"] == "raw" for row in self.rows("train_loss")), "the line below")
        rows = self.rows("train_loss")
        raw = [row["train_loss"] for row in rows if row["kind"] == "raw"]
        smooth = [row["train_loss"] for row in rows if row["kind"] == "mean"]
        self.assertEqual(raw, [row["train_loss"] for row in plain])
        self.assertEqual(len(smooth), len(raw))
        self.assertNotEqual(smooth, raw)

    def test_cursors_move_together(self):
        self.show(CURVES)
        left, top, width, height = self.browser.value(PLOT)
        self.browser.move(left + width / 3, top + height / 2)
        places = "[...document.querySelectorAll('.u-cursor-x')].map((cursor) => cursor.style.transform)"
        self.browser.wait(f"new Set({places}).size === 1 && !{places}[0].includes('-')")
        self.wait_for(".tooltip:not([hidden])", 1)
        self.wait_for(".legend .focused", 1)

    def test_the_legend_filters(self):
        self.show(CURVES)
        self.wait_for(".legend li", ARMS)
        self.browser.value("""
          (() => {
            const field = document.querySelector('.legend input');
            field.value = 'pre_norm';
            field.dispatchEvent(new Event('input', {bubbles: true}));
          })()""")
        self.wait_for_address("q=pre_norm")
        self.wait_for(".legend li", ARMS // 2)
        means = {row["curve"] for row in self.rows() if row["kind"] == "mean"}
        self.assertTrue(means and all("pre_norm" in mean for mean in means), means)

    def test_a_drag_zooms_and_asks_for_these_steps(self):
        self.show(CURVES)
        self.drag_over_plot(0.4, 0.9)
        self.wait_for_address("zoom=")
        first, last = map(float, self.browser.value("new URLSearchParams(location.hash.split('?')[1]).get('zoom')").split(","))
        self.assertTrue(0 < first < last < LAST_STEP, (first, last))
        # What lies beyond was not sent again.
        until(lambda: all(first <= float(row["step"]) <= last for row in self.rows()), "the steps in view alone")
        self.browser.value("document.querySelector('.zoom button').click()")
        self.browser.wait("!location.hash.includes('zoom=')")
        until(lambda: max(float(row["step"]) for row in self.rows()) == LAST_STEP, "all steps again")

    def test_a_chart_becomes_a_file(self):
        self.show(CURVES)
        self.assertEqual(set(self.rows()[0]), {"curve", "kind", "step", "kurtosis@block.1", "low", "high", "trials"})
        picture = xml.etree.ElementTree.fromstring(self.saved_file("SVG").read_text())
        self.assertIn("kurtosis, block 1", "".join(picture.itertext()))
        self.assertEqual(self.saved_file("PNG").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_a_link_shows_another_reader_the_same(self):
        self.show(CURVES)
        self.choose("y axis", "log")
        self.choose("Mean", "geometric")
        self.choose("Smoothing", "0.5")
        self.browser.value("document.querySelector('.legend button').click()")
        self.wait_for_address("hide=")
        self.drag_over_plot(0.2, 0.95)
        self.wait_for_address("zoom=")
        shown = """JSON.stringify([
          [...document.querySelectorAll('.controls select, .controls input, .legend input')].map((field) => field.type === 'checkbox' ? field.checked : field.value),
          [...document.querySelectorAll('.controls .popover > summary')].map((summary) => summary.ariaLabel),
          [...document.querySelectorAll('.legend li button')].map((button) => button.ariaPressed),
          [...document.querySelectorAll('.panel-card h2')].map((title) => title.innerText),
        ])"""
        before, address = self.browser.value(shown), self.browser.value("location.hash")
        self.show(address.removeprefix("#/"))
        self.browser.wait(f"{shown} === {json.dumps(before)}")
        self.assertEqual(self.browser.value("location.hash"), address)

    def open_streams(self) -> int:
        self.browser.value("0")  # hears what has happened meanwhile
        return sum("WatchSweep" in url for url in self.browser.requests.values())

    def test_one_stream_a_page_and_none_while_it_is_hidden(self):
        [running, *_] = self.call("ListTrials", {"sweep": RUNNING, "states": ["running"]})["trials"]
        for path in (f"sweeps/{RUNNING}/curves", f"sweeps/{RUNNING}/trials/{running['trialId']}"):
            with self.subTest(path):
                self.visit(path)
                self.browser.wait("document.querySelectorAll('.u-over').length > 1")
                until(lambda: self.open_streams() == 1, "one stream")
                self.browser.value(HIDE.format(hidden="true"))
                until(lambda: self.open_streams() == 0, "no stream of a hidden page")
                self.browser.value(HIDE.format(hidden="false"))
                until(lambda: self.open_streams() == 1, "the stream of a page that is shown again")

    def test_another_view_keeps_the_stream_and_another_page_ends_it(self):
        self.show(f"sweeps/{RUNNING}/curves", self.charts_of_running())
        for view in ("layers", "trials", "table", "curves"):
            self.browser.value(f"location.hash = '#/sweeps/{RUNNING}/{view}'")
            self.browser.wait(f"document.querySelector('.views [aria-current]').hash.includes('{view}')")
            until(lambda: self.open_streams() == 1, "one stream")
            self.assertLessEqual(len(self.browser.requests), 6)
        self.browser.value("location.hash = '#/fleet'")
        until(lambda: self.open_streams() == 0, "no stream of the fleet")

    def charts_of_running(self) -> int:
        self.visit(f"sweeps/{RUNNING}/curves")
        self.browser.wait("document.querySelectorAll('.u-over').length > 1")
        return self.browser.value("document.querySelectorAll('.u-over').length")

    def test_a_table_of_several_sweeps(self):
        self.visit(f"sweeps/{SWEEP}/table?m=train_loss")
        self.wait_for("table", 1)
        self.browser.wait("!!document.querySelector('[aria-label^=\"With:\"]')")
        checkbox = f"""[...document.querySelectorAll('[aria-label^="With:"] ~ .panel label')].find((one) => one.textContent.trim() === '{RUNNING}')"""
        self.browser.value(f"{checkbox}.querySelector('input').click()")
        self.wait_for_address(f"with={RUNNING}")
        rows = """new Set([...document.querySelectorAll('tbody tr')].map((row) => row.querySelector('th').innerText))"""
        both = f"(({rows}).has('{SWEEP}') && ({rows}).has('{RUNNING}'))"
        self.browser.wait(both)
        self.visit("sweeps")
        self.wait_for("ul.sweeps > li", 2)
        self.visit(f"sweeps/{SWEEP}/table?m=train_loss&with={RUNNING}")
        self.browser.wait(both)

    def test_the_list_says_what_sweeps_vary_and_how_far_they_are(self):
        self.visit("sweeps")
        self.wait_for_text("varies model.block, optimizer.learning_rate, seed")
        self.wait_for_text("0 % of the steps")
        self.wait_for_text(" left")

    def test_a_tag_leads_to_the_sweeps_that_have_it(self):
        self.visit(f"sweeps/{RUNNING}/curves")
        self.wait_for_text("Two at a time.")
        self.browser.value("[...document.querySelectorAll('.tags a')].find((one) => one.innerText === 'page').click()")
        self.wait_for_text("tagged page")
        self.wait_for("ul.sweeps > li", 1)
        self.wait_for_text("Runs for as long as somebody looks.")
        self.visit("sweeps?tags=page,none")
        self.wait_for_text("No sweep is tagged page and none")
        self.visit("sweeps")
        self.wait_for("ul.sweeps > li", 2)


if __name__ == "__main__":
    main()
