#!/usr/bin/env python3
"""The committed page is what its sources build; its unit tests pass; it is small, and loads nothing that its policy forbids."""

import gzip
import pathlib
import re
import subprocess
import tempfile
import unittest

from dashboards import ROOT

PAGE = ROOT / "dashboards" / "web"
DIST = PAGE / "dist"
MAX_BYTES = 150_000  # of all files, each compressed as a browser fetches it


def run(script, *arguments):
    return subprocess.run([PAGE / script, *arguments], capture_output=True, text=True)


class PageTest(unittest.TestCase):
    def test_dist_belongs_to_these_sources(self):
        sources = run("sources.sh").stdout
        self.assertEqual(
            sources, (DIST / "sources.sha256").read_text(), "the page has drifted from its source; run dashboards/web/build.sh"
        )

    def test_dist_is_what_its_sources_build(self):
        with tempfile.TemporaryDirectory() as folder:
            made = run("build.sh", folder)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            built = {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}
        committed = {path.name: path.read_bytes() for path in DIST.iterdir()}
        self.assertEqual(built.keys(), committed.keys())
        for name, content in built.items():
            self.assertTrue(content == committed[name], f"{name} has drifted; run dashboards/web/build.sh")

    def test_unit_tests(self):
        made = run("test.sh")
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)

    def test_it_is_small(self):
        size = sum(len(gzip.compress(path.read_bytes())) for path in DIST.iterdir())
        self.assertLess(size, MAX_BYTES)

    def test_everything_comes_from_its_own_origin_and_nothing_is_inline(self):
        html = (DIST / "index.html").read_text()
        for address in re.findall(r'(?:src|href)="([^"]*)"', html):
            self.assertTrue(address.startswith("./") and (DIST / address).is_file(), address)
        self.assertNotRegex(html, r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=")
        self.assertNotRegex((DIST / "page.css").read_text(), r"url\(|@import")


if __name__ == "__main__":
    unittest.main()
