#!/usr/bin/env python3
"""Everyone can use the built-in page: axe-core finds nothing serious in any view, in light and in dark, on a phone's width and a desk's; the
keyboard reaches every control, in the order in which they are seen, and shows where it is.

usage: page_access_test.py OFSWEEP CHROMIUM
"""

import pathlib
import subprocess

from dashboards import ROOT
from live_page import RUNNING, SWEEP, LivePageTest, main

WIDTHS = {"phone": (360, 740), "desk": (1400, 1000)}
SCHEMES = ("light", "dark")

KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, "")}

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
        [ended, *_] = self.call("ListTrials", {"sweep": SWEEP})["trials"]
        [running, *_] = self.call("ListTrials", {"sweep": RUNNING, "states": ["running"]})["trials"]
        count = "document.querySelectorAll({}).length".format
        # What is opened, and what is there once it shows what it has.
        self.views = {
            "sweeps": count("'.sweeps > li'") + " === 2",
            f"sweeps/{SWEEP}/curves": count("'.uplot'") + " > 1",
            f"sweeps/{SWEEP}/layers": count("'.panels canvas'") + " > 3",
            f"sweeps/{SWEEP}/scatter": count("'.scene canvas'") + " === 1",
            f"sweeps/{SWEEP}/parallel": count("'.scene canvas'") + " === 1",
            f"sweeps/{SWEEP}/table": count("'.grid-card td'") + " > 3",
            f"sweeps/{SWEEP}/trials": count("'tbody tr'") + " === 8",
            f"sweeps/{SWEEP}/trials/{ended['trialId']}": count("'.uplot'") + " > 1",
            f"sweeps/{RUNNING}/curves": count("'.uplot'") + " > 1",
            f"sweeps/{RUNNING}/trials": count("'tbody tr'") + " === 3",
            f"sweeps/{RUNNING}/trials/{running['trialId']}": count("'.uplot'") + " > 1",
            "fleet": count("'.workers > li'") + " === 1",
        }

    def show(self, view: str, width: str, scheme: str = "light"):
        self.browser.resize(*WIDTHS[width])
        self.browser.prefer(scheme)
        self.visit(view)
        self.browser.wait(self.views[view])

    def violations(self) -> list[str]:
        """What axe-core calls serious or critical: the rule, and where."""
        self.browser.value(f"if (!window.axe) {{ {self.axe} }}; 0")
        found = self.browser.value("axe.run(document, {resultTypes: ['violations']}).then((result) => result.violations)")
        return [
            f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"][:3]
        ]

    def test_axe_finds_nothing_serious(self):
        for width in WIDTHS:
            for scheme in SCHEMES:
                for view in self.views:
                    with self.subTest(view=view, width=width, scheme=scheme):
                        self.show(view, width, scheme)
                        self.assertEqual(self.violations(), [])

    def test_axe_finds_nothing_serious_in_what_opens(self):
        for scheme in SCHEMES:
            for view in (f"sweeps/{SWEEP}/curves", f"sweeps/{SWEEP}/table", f"sweeps/{RUNNING}/curves"):
                with self.subTest(view=view, scheme=scheme):
                    self.show(view, "phone", scheme)
                    self.browser.value("document.querySelectorAll('details').forEach((details) => (details.open = true))")
                    self.assertEqual(self.violations(), [])
                    self.browser.value("document.querySelector('.actions button').click()")
                    self.wait_for("dialog[open]", 1)
                    self.assertEqual(self.violations(), [])

    def press(self, key: str):
        code, text = KEYS[key]
        self.browser.press(key, code, text)

    def walk(self) -> list[dict]:
        """Every stop of the Tab key, from the top of the document."""
        names = self.browser.value(CONTROLS)
        self.browser.value("document.activeElement.blur(); scrollTo(0, 0)")
        stops: list[dict] = []
        for _ in range(len(names) + 10):
            self.press("Tab")
            self.browser.value(DRAWN)
            stop = self.browser.value(FOCUSED)
            if stop is None or any(stop["name"] == seen["name"] and stop["at"] == seen["at"] for seen in stops):
                break
            stops.append(stop)
        reached = {stop["at"] for stop in stops}
        self.assertEqual([name for at, name in enumerate(names) if at not in reached], [], "cannot be reached by Tab")
        return stops

    def test_the_keyboard_reaches_every_control_and_shows_where_it_is(self):
        for width in WIDTHS:
            for view in self.views:
                with self.subTest(view=view, width=width):
                    self.show(view, width)
                    if width == "phone":
                        self.browser.value("document.querySelectorAll('.controls').forEach((details) => (details.open = true))")
                    stops = self.walk()
                    self.assertEqual([f"{', '.join(stop['wrong'])}: {stop['name']}" for stop in stops if stop["wrong"]], [])
                    if width == "phone":  # one column
                        back = [(a["name"], b["name"]) for a, b in zip(stops, stops[1:]) if b["bottom"] < a["top"]]
                        self.assertEqual(back, [], "the focus goes up")

    def test_a_phone_shows_all_of_the_page_and_of_what_opens(self):
        for view in self.views:
            with self.subTest(view=view):
                self.show(view, "phone")
                self.browser.value("document.querySelectorAll('.controls').forEach((details) => (details.open = true))")
                self.assertEqual(self.browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth"), 0)
                self.browser.value("document.querySelectorAll('.popover').forEach((popover) => (popover.open = true))")
                self.browser.value(DRAWN)
                cut = self.browser.value(BEYOND_WINDOW)
                self.assertEqual(cut, [], "opens beyond the window")

    def test_escape_closes_what_enter_opened(self):
        self.show(f"sweeps/{SWEEP}/curves", "desk")
        self.browser.value("document.querySelector('.control .popover summary').focus()")
        self.press("Enter")
        self.wait_for(".popover[open]", 1)
        self.press("Tab")
        self.assertTrue(self.browser.value("!!document.activeElement.closest('.panel')"))
        self.press("Escape")
        self.wait_for(".popover[open]", 0)
        self.assertTrue(self.browser.value("document.activeElement.matches('.control .popover summary')"))


if __name__ == "__main__":
    main()
