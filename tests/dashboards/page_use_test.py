#!/usr/bin/env python3
"""What a reader does with the curves of the built-in page: axes, smoothing, zoom, hovering, the legend, files, links; and how many connections
the page holds meanwhile.

usage: page_use_test.py OFSWEEP CHROMIUM
"""

import csv
import io
import pathlib
import re
import xml.etree.ElementTree

from chromium import expect
from live_page import ARMS, RUNNING, SWEEP, LivePageTest, main
from stack import until

CURVES = f"sweeps/{SWEEP}/curves?m=kurtosis,train_loss&layers=1"
LAST_STEP = 19
TOKENS_A_STEP = 4 * 16  # of the sweep: its batches by its context

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

    def setUp(self):
        super().setUp()
        self.requests: set = set()  # that have no end yet
        self.page.on("request", lambda request: self.requests.add(request))
        for end in ("requestfinished", "requestfailed"):
            self.page.on(end, lambda request: self.requests.discard(request))

    def show(self, path: str, charts: int = 2):
        self.visit(path)
        self.wait_for(".u-over", charts)

    def wait_until_shown(self):
        expect(self.page.locator(".panels")).to_have_attribute("aria-busy", "false")

    def saved_file(self, kind: str, panel: str = "kurtosis, block 1") -> pathlib.Path:
        """What the panel's menu saves as CSV, SVG or PNG."""
        card = self.page.get_by_label(panel, exact=True)
        card.locator("summary[aria-label^=Save]").click()
        with self.page.expect_download() as download:
            card.locator(".menu button").filter(has_text=re.compile(f"^{kind}")).click()
        self.page.keyboard.press("Escape")
        self.assertTrue(download.value.suggested_filename.endswith(f".{kind.lower()}"))
        return download.value.path()

    def rows(self, panel: str = "kurtosis, block 1") -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.saved_file("CSV", panel).read_text())))

    def choose(self, label: str, value: str):
        self.page.locator("label.control").filter(has_text=re.compile(f"^{label}")).locator("select").select_option(value)

    def smooth(self, share: str):
        self.page.locator("label.control").filter(has_text=re.compile("^Smoothing")).locator("input").fill(share)

    def wait_for_address(self, part: str):
        self.page.wait_for_url(lambda url: part in url)

    def place_in_plot(self, share: float) -> tuple[float, float]:
        """Of the first chart, at a share of its width."""
        box = self.page.locator(".u-over").first.bounding_box()
        return box["x"] + box["width"] * share, box["y"] + box["height"] / 2

    def drag_over_plot(self, start: float, end: float):
        self.page.mouse.move(*self.place_in_plot(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place_in_plot(end))
        self.page.mouse.up()

    def test_x_is_the_step_tokens_or_seconds(self):
        self.show(CURVES)
        steps = {float(row["step"]) for row in self.rows()}
        self.assertEqual(max(steps), LAST_STEP)
        self.choose("x axis", "tokens")
        self.wait_for_address("x=tokens")
        self.wait_until_shown()
        self.assertEqual({float(row["tokens"]) for row in self.rows()}, {step * TOKENS_A_STEP for step in steps})
        self.choose("x axis", "seconds")
        self.wait_for_address("x=seconds")
        self.wait_until_shown()
        seconds = [float(row["seconds"]) for row in self.rows()]
        self.assertGreater(max(seconds), min(seconds))

    def test_smoothing_keeps_the_line_below_it(self):
        self.show(CURVES)
        plain = [row for row in self.rows("train_loss") if row["kind"] == "mean"]
        self.smooth("0.9")
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
        self.page.mouse.move(*self.place_in_plot(1 / 3))
        places = "[...document.querySelectorAll('.u-cursor-x')].map((cursor) => cursor.style.transform)"
        until(lambda: len(found := set(self.page.evaluate(places))) == 1 and "-" not in found.pop(), "cursors at one place")
        self.wait_for(".tooltip:not([hidden])", 1)
        self.wait_for(".legend .focused", 1)

    def test_the_legend_filters(self):
        self.show(CURVES)
        self.wait_for(".legend li", ARMS)
        self.page.locator(".legend input").fill("pre_norm")
        self.wait_for_address("q=pre_norm")
        self.wait_for(".legend li", ARMS // 2)
        means = {row["curve"] for row in self.rows() if row["kind"] == "mean"}
        self.assertTrue(means and all("pre_norm" in mean for mean in means), means)

    def test_a_drag_zooms_and_asks_for_these_steps(self):
        self.show(CURVES)
        self.drag_over_plot(0.4, 0.9)
        self.wait_for_address("zoom=")
        first, last = map(float, self.page.evaluate("new URLSearchParams(location.hash.split('?')[1]).get('zoom')").split(","))
        self.assertTrue(0 < first < last < LAST_STEP, (first, last))
        # What lies beyond was not sent again.
        until(lambda: all(first <= float(row["step"]) <= last for row in self.rows()), "the steps in view alone")
        self.page.locator(".zoom button").first.click()
        self.page.wait_for_url(lambda url: "zoom=" not in url)
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
        self.smooth("0.5")
        self.page.locator(".legend li button").first.click()
        self.wait_for_address("hide=")
        self.drag_over_plot(0.2, 0.95)
        self.wait_for_address("zoom=")
        shown = """[
          [...document.querySelectorAll('.controls select, .controls input, .legend input')].map((field) => field.type === 'checkbox' ? field.checked : field.value),
          [...document.querySelectorAll('.controls .popover > summary')].map((summary) => summary.ariaLabel),
          [...document.querySelectorAll('.legend li button')].map((button) => button.ariaPressed),
          [...document.querySelectorAll('.panel-card h2')].map((title) => title.innerText),
        ]"""
        before, address = self.page.evaluate(shown), self.page.evaluate("location.hash")
        self.show(address.removeprefix("#/"))
        until(lambda: self.page.evaluate(shown) == before, "the same choices")
        self.assertEqual(self.page.evaluate("location.hash"), address)

    def open_streams(self) -> int:
        self.page.evaluate("0")  # hears what has happened meanwhile
        return sum("WatchSweep" in request.url for request in self.requests)

    def test_one_stream_a_page_and_none_while_it_is_hidden(self):
        [running, *_] = self.call("ListTrials", {"sweep": RUNNING, "states": ["running"]})["trials"]
        for path in (f"sweeps/{RUNNING}/curves", f"sweeps/{RUNNING}/trials/{running['trialId']}"):
            with self.subTest(path):
                self.visit(path)
                expect(self.page.locator(".u-over").nth(1)).to_be_attached()
                until(lambda: self.open_streams() == 1, "one stream")
                self.page.evaluate(HIDE.format(hidden="true"))
                until(lambda: self.open_streams() == 0, "no stream of a hidden page")
                self.page.evaluate(HIDE.format(hidden="false"))
                until(lambda: self.open_streams() == 1, "the stream of a page that is shown again")

    def test_another_view_keeps_the_stream_and_another_page_ends_it(self):
        self.show(f"sweeps/{RUNNING}/curves", self.charts_of_running())
        for view in ("layers", "trials", "table", "curves"):
            self.page.locator(f".views a[href*='/{view}']").click()
            expect(self.page.locator(".views [aria-current]")).to_have_attribute("href", re.compile(f"/{view}"))
            until(lambda: self.open_streams() == 1, "one stream")
            self.assertLessEqual(len(self.requests), 6)
        self.page.evaluate("location.hash = '#/fleet'")
        until(lambda: self.open_streams() == 0, "no stream of the fleet")

    def charts_of_running(self) -> int:
        self.visit(f"sweeps/{RUNNING}/curves")
        expect(self.page.locator(".u-over").nth(1)).to_be_attached()
        return self.page.locator(".u-over").count()

    def wait_for_rows_of(self, *values: str):
        for value in values:
            expect(self.page.locator("tbody tr th").get_by_text(value, exact=True).first).to_be_visible()

    def test_a_table_of_several_sweeps(self):
        self.visit(f"sweeps/{SWEEP}/table?m=train_loss")
        self.wait_for("table", 1)
        choice = self.page.locator("[aria-label^='With:']")
        choice.click()
        choice.locator("~ .panel label").filter(has_text=re.compile(f"^\\s*{RUNNING}\\s*$")).locator("input").click()
        self.wait_for_address(f"with={RUNNING}")
        # What they set differently is an axis: one is evaluated on 2 batches.
        self.wait_for_rows_of("2", "auto")
        self.visit("sweeps")
        self.wait_for("ul.sweeps > li", 2)
        self.visit(f"sweeps/{SWEEP}/table?m=train_loss&with={RUNNING}&rows=sweep,model.block")
        self.wait_for_rows_of(SWEEP, RUNNING)

    def test_the_list_says_what_sweeps_vary_and_how_far_they_are(self):
        self.visit("sweeps")
        self.wait_for_text("varies model.block, optimizer.learning_rate, seed")
        self.wait_for_text("0 % of the steps")
        self.wait_for_text(" left")

    def test_a_tag_leads_to_the_sweeps_that_have_it(self):
        self.visit(f"sweeps/{RUNNING}/curves")
        self.wait_for_text("Two at a time.")
        self.page.locator(".tags a").get_by_text("page", exact=True).click()
        self.wait_for_text("tagged page")
        self.wait_for("ul.sweeps > li", 1)
        self.wait_for_text("Runs for as long as somebody looks.")
        self.visit("sweeps?tags=page,none")
        self.wait_for_text("No sweep is tagged page and none")
        self.visit("sweeps")
        self.wait_for("ul.sweeps > li", 2)


if __name__ == "__main__":
    main()
