#!/usr/bin/env python3
"""The built-in page in Chromium: its chart beside uPlot and Plotly, and large sweeps beside small ones. README.md says how it is counted.

usage: bench/page/page_bench.py OFSWEEP [--chromium FILE] [--rounds N] [--only SECTION,…]
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "bench" / "control_plane"), str(ROOT / "tests" / "dashboards")]
import opening  # noqa: E402
import painting  # noqa: E402
from bench import describe_machine  # noqa: E402
from chromium import open_chromium  # noqa: E402
from processes import cpu_of  # noqa: E402
from report import Report  # noqa: E402

SECTIONS = ("painting", "opening")


def family(pid):
    """A process and what it has started."""
    children = [child for file in pathlib.Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]
    return [pid, *(one for child in children for one in family(int(child)))]


def chromium_of_this_process():
    """Its first process: Playwright's own is not counted."""
    return next(pid for pid in family(os.getpid()) if pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("chromium"))


class FamilyClock:
    """CPU seconds of a process and of all that it has started; of what has ended, those that were seen last."""

    def __init__(self, pid):
        self.pid, self.seen = pid, {}

    def __call__(self):
        for one in family(self.pid):
            with contextlib.suppress(OSError):  # it has ended
                self.seen[one] = cpu_of(one)
        return sum(self.seen.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ofsweep", type=pathlib.Path, help="the program whose page is opened")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default=",".join(SECTIONS))
    options = parser.parse_args()
    wanted = options.only.split(",")
    if set(wanted) - set(SECTIONS):
        parser.error(f"--only: there are {', '.join(SECTIONS)}")
    report = Report()
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        with open_chromium(options.chromium) as window:
            page, cpu = window.new_page(), FamilyClock(chromium_of_this_process())
            if "painting" in wanted:
                painting.measure(report, page, cpu, options.rounds)
            if "opening" in wanted:
                opening.measure(report, page, cpu, options.rounds, options.ofsweep, pathlib.Path(folder) / "data")
    report.print()
    print(f"\n{describe_machine()}")


if __name__ == "__main__":
    main()
