#!/usr/bin/env python3
"""Everyone can use the built-in page: axe-core finds nothing serious in any view, in light and in dark, on a phone's width and a desk's; the
keyboard reaches every control, in the order in which they are seen, and shows where it is.

usage: page_access_test.py OFSWEEP CHROMIUM
"""

import itertools
import pathlib
import subprocess

from chromium import expect
from dashboards import ROOT
from live_page import ARMS, RUNNING, SWEEP, TRIALS, LivePageTest, main

WINDOWS = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1400, "height": 1000}}
SCHEMES = ("light", "dark")

# What can be used, in the order of the document; `checkVisibility` leaves out what a closed <details> holds.
CONTROLS = """
window.controls = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((element) => !element.disabled && element.checkVisibility({visibilityProperty: true}));
window.nameOf = (element) => element.outerHTML.slice(0, 160);
window.controls.map(nameOf)
"""
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
BEYOND_WINDOW = """
[...document.querySelectorAll('.popover')].filter((popover) => {
  const {left, right} = popover.querySelector('.panel').getBoundingClientRect();
  return left < 0 || right > document.documentElement.clientWidth;
}).map((popover) => popover.querySelector('summary').ariaLabel)
"""
# Where the focus is, and what is wrong there: no ring, a part of it is cut off, or something lies above.
FOCUSED = """
(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const wrong = [];
  const look = getComputedStyle(element);
  if (look.outlineStyle === 'none' || parseFloat(look.outlineWidth) < 2) wrong.push('no ring');
  const box = element.getBoundingClientRect();
  const room = parseFloat(look.outlineOffset) + parseFloat(look.outlineWidth);
  const ring = {left: box.left - room, right: box.right + room, top: box.top - room, bottom: box.bottom + room};
  const isCut = (clip) =>
    ring.left < clip.left - 1 || ring.top < clip.top - 1 || ring.right > clip.right + 1 || ring.bottom > clip.bottom + 1;
  for (let parent = element.parentElement; parent; parent = parent.parentElement)
    if (parent !== document.documentElement && getComputedStyle(parent).overflow !== 'visible' && isCut(parent.getBoundingClientRect()))
      wrong.push(`its ring is cut off by <${parent.localName} class="${parent.className}">`);
  const [part] = element.getClientRects();
  const above = document.elementFromPoint(part.left + part.width / 2, Math.min(part.top + part.height / 2, innerHeight - 1));
  if (!element.contains(above)) wrong.push(above ? `below ${nameOf(above)}` : 'beyond the window');
  return {at: controls.indexOf(element), name: nameOf(element), wrong, top: box.top + scrollY, bottom: box.bottom + scrollY};
})()
"""


class PageAccessTest(LivePageTest):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_running()
        node = subprocess.run(
            [ROOT / "deploy" / "setup" / "node_env.sh", ROOT / "dashboards" / "web"], stdout=subprocess.PIPE, text=True, check=True
        )
        cls.axe = (pathlib.Path(node.stdout.strip()) / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def setUp(self):
        super().setUp()
        [ended, *_] = self.call("ListTrials", {"sweep": SWEEP})["trials"]
        [running, *_] = self.call("ListTrials", {"sweep": RUNNING, "states": ["running"]})["trials"]
        # What is opened, and what is there, at least so often, once it shows what it has.
        self.views = {
            "sweeps": (".sweeps > li", 2),
            f"sweeps/{SWEEP}/curves": (".uplot", 2),
            f"sweeps/{SWEEP}/layers": (".panels canvas", ARMS),
            f"sweeps/{SWEEP}/scatter": (".scene canvas", 1),
            f"sweeps/{SWEEP}/parallel": (".scene canvas", 1),
            f"sweeps/{SWEEP}/table": (".grid-card tbody tr", ARMS),
            f"sweeps/{SWEEP}/trials": ("tbody tr", TRIALS),
            f"sweeps/{SWEEP}/trials/{ended['trialId']}": (".uplot", 2),
            f"sweeps/{RUNNING}/curves": (".uplot", 2),
            f"sweeps/{RUNNING}/trials": ("tbody tr", 3),
            f"sweeps/{RUNNING}/trials/{running['trialId']}": (".uplot", 2),
            "fleet": (".workers > li", 1),
        }

    def show(self, view: str, window: str, scheme: str = "light"):
        self.page.set_viewport_size(WINDOWS[window])
        self.page.emulate_media(color_scheme=scheme)
        self.visit(view)
        selector, least = self.views[view]
        expect(self.page.locator(selector).nth(least - 1)).to_be_attached()

    def open_all(self, selector: str):
        self.page.evaluate("(selector) => document.querySelectorAll(selector).forEach((details) => (details.open = true))", selector)

    def violations(self) -> list[str]:
        """What axe-core calls serious or critical: the rule, and where."""
        self.page.evaluate(f"if (!window.axe) {{ {self.axe} }}; 0")
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        return [
            f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"][:3]
        ]

    def test_axe_finds_nothing_serious(self):
        for window in WINDOWS:
            for scheme in SCHEMES:
                for view in self.views:
                    with self.subTest(view=view, window=window, scheme=scheme):
                        self.show(view, window, scheme)
                        self.assertEqual(self.violations(), [])

    def test_axe_finds_nothing_serious_in_what_opens(self):
        for scheme in SCHEMES:
            for view in (f"sweeps/{SWEEP}/curves", f"sweeps/{SWEEP}/table", f"sweeps/{RUNNING}/curves"):
                with self.subTest(view=view, scheme=scheme):
                    self.show(view, "phone", scheme)
                    self.open_all("details")
                    self.assertEqual(self.violations(), [])
                    self.page.locator(".actions button").first.dispatch_event("click")  # what is open may lie above it
                    self.wait_for("dialog[open]", 1)
                    self.assertEqual(self.violations(), [])

    def test_the_form_to_log_in(self):
        window = self.page.context
        cookies = window.cookies()
        window.clear_cookies()
        try:
            for size, scheme in itertools.product(WINDOWS, SCHEMES):
                with self.subTest(size=size, scheme=scheme):
                    self.page.set_viewport_size(WINDOWS[size])
                    self.page.emulate_media(color_scheme=scheme)
                    self.visit("sweeps")
                    self.wait_for(".login", 1)
                    self.assertEqual(self.violations(), [])
                    self.assertEqual([stop["wrong"] for stop in self.walk() if stop["wrong"]], [])
        finally:
            window.add_cookies(cookies)
        self.complaints = [said for said in self.complaints if "status of 401" not in said]

    def walk(self) -> list[dict]:
        """Every stop of the Tab key, from the top of the document."""
        names = self.page.evaluate(CONTROLS)
        self.page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        stops: list[dict] = []
        for _ in range(len(names) + 10):
            self.page.keyboard.press("Tab")
            self.page.evaluate(DRAWN)
            stop = self.page.evaluate(FOCUSED)
            if stop is None or any(stop["name"] == seen["name"] and stop["at"] == seen["at"] for seen in stops):
                break
            stops.append(stop)
        reached = {stop["at"] for stop in stops}
        self.assertEqual([name for at, name in enumerate(names) if at not in reached], [], "cannot be reached by Tab")
        return stops

    def test_the_keyboard_reaches_every_control_and_shows_where_it_is(self):
        for window in WINDOWS:
            for view in self.views:
                with self.subTest(view=view, window=window):
                    self.show(view, window)
                    if window == "phone":
                        self.open_all(".controls")
                    stops = self.walk()
                    self.assertEqual([f"{', '.join(stop['wrong'])}: {stop['name']}" for stop in stops if stop["wrong"]], [])
                    if window == "phone":  # one column
                        back = [(a["name"], b["name"]) for a, b in zip(stops, stops[1:]) if b["bottom"] < a["top"]]
                        self.assertEqual(back, [], "the focus goes up")

    def test_a_phone_shows_all_of_the_page_and_of_what_opens(self):
        for view in self.views:
            with self.subTest(view=view):
                self.show(view, "phone")
                self.open_all(".controls")
                self.assertEqual(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0)
                self.open_all(".popover")
                self.page.evaluate(DRAWN)
                cut = self.page.evaluate(BEYOND_WINDOW)
                self.assertEqual(cut, [], "opens beyond the window")

    def test_escape_closes_what_enter_opened(self):
        self.show(f"sweeps/{SWEEP}/curves", "desk")
        summary = self.page.locator(".control .popover summary").first
        summary.focus()
        self.page.keyboard.press("Enter")
        self.wait_for(".popover[open]", 1)
        self.page.keyboard.press("Tab")
        self.wait_for(".panel :focus", 1)
        self.page.keyboard.press("Escape")
        self.wait_for(".popover[open]", 0)
        expect(summary).to_be_focused()


if __name__ == "__main__":
    main()
