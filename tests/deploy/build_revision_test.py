#!/usr/bin/env python3
"""cmake/BuildRevision.cmake: a checkout has its commit, an unpacked tarball none. usage: build_revision_test.py ROOT"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(sys.argv.pop()) / "cmake/BuildRevision.cmake"


def git(folder, *arguments):
    command = ["git", "-C", folder, "-c", "user.name=test", "-c", "user.email=test@example.org", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def revision_of(source):
    with tempfile.NamedTemporaryFile(suffix=".cc") as output:
        subprocess.run(["cmake", f"-DSOURCE={source}", f"-DOUTPUT={output.name}", "-P", SCRIPT], check=True)
        return pathlib.Path(output.name).read_text().split('return "')[1].split('"')[0]


class BuildRevision(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.checkout = pathlib.Path(scratch.name) / "checkout"
        self.checkout.mkdir()
        git(self.checkout, "init", "--quiet")
        (self.checkout / "file").write_text("one\n")
        git(self.checkout, "add", "file")
        git(self.checkout, "commit", "--quiet", "--message", "one")

    def test_a_checkout_has_its_commit_and_says_when_it_was_changed(self):
        self.assertEqual(revision_of(self.checkout), git(self.checkout, "rev-parse", "--short=12", "HEAD"))
        (self.checkout / "file").write_text("two\n")
        self.assertTrue(revision_of(self.checkout).endswith("-dirty"))

    def test_a_tarball_has_none_even_inside_another_checkout(self):
        tarball = self.checkout / "ofsweep-0.1.0"
        tarball.mkdir()
        self.assertEqual(revision_of(tarball), "unknown")


if __name__ == "__main__":
    unittest.main()
