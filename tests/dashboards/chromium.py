"""Debian's Chromium, driven by Playwright. The program that imports this runs where Playwright is (requirements.txt)."""

import contextlib
import pathlib
import sys
from collections.abc import Iterator

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from environment import enter  # noqa: E402

enter(HERE / "requirements.txt")

from playwright.sync_api import BrowserContext, expect, sync_playwright  # noqa: E402

PATIENCE_MS = 60_000


@contextlib.contextmanager
def open_chromium(program: str) -> Iterator[BrowserContext]:
    """A window of a desk's size; its pages and `expect` wait for PATIENCE_MS."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        with playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser:
            window = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US")
            window.set_default_timeout(PATIENCE_MS)
            yield window
