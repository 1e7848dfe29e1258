#!/usr/bin/env python3
"""The committed references are what their sources generate, and leave out nothing of them."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "docs" / "generate")]

from environment import enter  # noqa: E402

enter(HERE / "requirements.txt")

import rpc  # noqa: E402
import views  # noqa: E402


class References(unittest.TestCase):
    def committed(self, name: str, generated: str) -> None:
        self.assertTrue(
            (ROOT / "docs" / f"{name}.md").read_text() == generated,
            f"mend with: docs/generate/{name}.py > docs/{name}.md, in the environment of tests/docs/requirements.txt",
        )

    def test_views(self):
        self.committed("views", views.markdown())
        marked = [line for line in views.SOURCE.read_text().splitlines() if line.startswith("--:")]
        self.assertEqual(len(marked), sum(1 + len(view.columns) for view in views.views()), "a line is not understood")

    def test_rpc(self):
        text = rpc.markdown()
        self.committed("rpc", text)
        self.assertIn("| `SubmitSweep` |", text)
        for file in rpc.descriptors():
            for message in file.message_type:
                self.assertIn(f"### {message.name}\n", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
