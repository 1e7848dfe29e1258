#!/usr/bin/env python3
"""Every command, query, program and sweep file of the documents, in their order, each document in a fresh checkout.

usage: commands_test.py OFSWEEP [TEST …]
"""

import contextlib
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "dashboards"), str(ROOT / "docs" / "generate")]

from environment import enter  # noqa: E402

enter(HERE / "requirements.txt")

import prose  # noqa: E402
import reader  # noqa: E402
import views  # noqa: E402
from blocks import Block, blocks_of, problems_of  # noqa: E402
from documents import DOCUMENTS, Document  # noqa: E402
from stack import Stack  # noqa: E402

PROGRAMS = pathlib.Path(sys.argv[1]).resolve().parent


class World:
    """What all readers share: the finished quickstart, and who validates sweep files."""

    folder: pathlib.Path
    quickstart: pathlib.Path

    @classmethod
    def start(cls, folder: pathlib.Path, stack: Stack) -> None:
        cls.folder = folder
        stack.start_ofsweep()
        reader.VALIDATOR |= {"grpc": stack.grpc, "http": stack.http, "token": stack.token()}
        with reader.Reader(folder / "quickstart", PROGRAMS) as first:
            # Two seeds, so that there are deviations.
            first.sh("sed -i 's/^\\( *\\)- 0$/&\\n\\1- 1/' sweeps/quickstart.yaml")
            first.sh("ofsweep run sweeps/quickstart.yaml")
            cls.quickstart = first.folder / "ofsweep-data"


def blocks(document: Document) -> list[Block]:
    return blocks_of(document.path, (ROOT / document.path).read_text())


class Documents(unittest.TestCase):
    maxDiff = None

    def read(self, document: Document) -> None:
        found = blocks(document)
        self.assertEqual([problem for block in found for problem in problems_of(block)], [])
        left_out = [block for block in found if block.not_run]
        for block in left_out:
            print(f"not run: {block.place}: {block.not_run}", file=sys.stderr)
        self.assertEqual(len(left_out), document.not_run, f"{document.path}: count in tests/docs/documents.py")
        self.assertEqual(prose.problems_in(document.path, (ROOT / document.path).read_text(), PROGRAMS), [])
        to_run = [block for block in found if not block.not_run and block.language != "text"]
        if not to_run:
            return
        with reader.Reader(World.folder / document.path.replace("/", "-"), PROGRAMS) as one:
            if document.after_quickstart:
                shutil.copytree(World.quickstart, one.folder / "ofsweep-data")
            for block in to_run:
                try:
                    one.run(block)
                except reader.Failure as failure:
                    self.fail(f"{block.place}: {failure}")
            if document.path == "docs/howto-sql.md":
                self.compare_with_table(one)

    def compare_with_table(self, one: reader.Reader) -> None:
        """The first two queries of docs/howto-sql.md say what `ofsweep table` says."""
        axes = ("model.block", "optimizer.name", "optimizer.learning_rate")
        table = json.loads(one.sh("ofsweep table ablation --format json"))
        cells = {tuple(cell["keys"][axis] for axis in axes): cell for cell in table["cells"]}
        every_arm, best_arms = one.answers[:2]
        told = [(keys_of(row["arm"]), row) for row in every_arm]
        self.assertEqual({keys for keys, _ in told}, set(cells))
        self.assertTrue(any(row["diverged"] for row in every_arm))
        best = [((row["block"], row["optimizer"], row["learning_rate"]), row) for row in best_arms]
        self.assertEqual(len(best), 4)
        for keys, row in best:
            losses = [
                cell["values"]["eval_loss"]["mean"]
                for other, cell in cells.items()
                if other[:2] == keys[:2] and cell["diverged"] == 0
            ]
            self.assertAlmostEqual(row["eval_loss_mean"], min(losses), places=9)
        for keys, row in told + best:
            self.assertEqual(row["n"], cells[keys]["trials"])
            for metric in ("eval_loss", "kurtosis_max"):
                for ours, theirs in (("mean", "mean"), ("std", "standard_deviation")):
                    value = cells[keys]["values"].get(metric, {}).get(theirs)
                    if row[f"{metric}_{ours}"] is None:
                        self.assertIn(value, (None, "NaN"), (keys, metric))
                    else:
                        self.assertAlmostEqual(row[f"{metric}_{ours}"], value, places=9, msg=(keys, metric))


def keys_of(arm: str) -> tuple:
    """`model.block=op optimizer.name=adam optimizer.learning_rate=1000`"""
    block, optimizer, rate = (entry.split("=")[1] for entry in arm.split())
    return block, optimizer, float(rate)


def add_test(document: Document) -> None:
    name = "test_" + document.path.removesuffix(".md").replace("/", "_").replace("-", "_").replace(".", "_")
    setattr(Documents, name, lambda self: self.read(document))


for each in DOCUMENTS:
    add_test(each)


class Mistakes(unittest.TestCase):
    """A test of documents that finds nothing proves nothing."""

    def found(self, language: str, text: str) -> str:
        with tempfile.TemporaryDirectory(dir=World.folder) as folder:
            with reader.Reader(pathlib.Path(folder) / "reader", PROGRAMS) as one:
                shutil.copytree(World.quickstart, one.folder / "ofsweep-data")
                (block,) = blocks_of("x.md", f"Text\n```{language}\n{text}\n```\n")
                with self.assertRaises(reader.Failure) as caught:
                    one.run(block)
                return str(caught.exception)

    def test_in_commands(self):
        call = "curl -H \"Authorization: Bearer $(cat ofsweep-data/access-token)\" --json '{\"name\": \"none\"}' http://127.0.0.1:7071/ofsweep.v1.SweepService/GetSweep"
        for text, told in (
            ("true\nfalse\ntrue", "exit 1"),
            ("ofsweep table quickstart --colums seed", "--colums"),
            ("ofsweep plan sweeps/none.yaml --no-measure", "none.yaml"),
            ("ofsweep coordinator --no-such-option", "--no-such-option"),
            (f"ofsweep coordinator\n{call}", "none"),
            ("sqlite3 ofsweep-data/ofsweep.db \"SELECT * FROM results WHERE sweep = 'none'\"", "no rows"),
        ):
            with self.subTest(text):
                self.assertIn(told, self.found("sh", text))

    def test_in_queries(self):
        self.assertIn("no rows", self.found("sql", "SELECT 1;\nSELECT * FROM results WHERE sweep = 'none';"))
        self.assertIn("no such column", self.found("sql", "SELECT kurtosis_larges FROM results;"))

    def test_in_other_blocks(self):
        sweep = "name: x\ntrial: {model.block: op}\ngrid: {%s: [0, 1]}"
        self.assertIn("unknown key", self.found("yaml", sweep % "sead"))
        self.assertIn("ScrapeConfig", self.found("yaml", "scrape_configs: [{job: x}]"))
        self.assertIn("ZeroDivisionError", self.found("python", "1 / 0"))
        self.assertIn("Expecting", self.found("json", "{"))
        self.assertIn("nobody serves", self.found("promql", "sum(ofsweep_none)"))

    def test_of_what_is_not_run(self):
        for text in ("```\nx\n```", "```text\nofsweep ls\n```", "<!-- not run: slow -->\n```sh\nls\n```"):
            (block,) = blocks_of("x.md", f"Text\n{text}\n")
            self.assertEqual(len(problems_of(block)), 1, text)

    def test_in_prose(self):
        markdown = "[a](none.md) [b](docs/sql.md#none) `ofsweep ls --jsn` `tests/docs/none.py`"
        told = prose.problems_in("README.md", markdown, PROGRAMS)
        self.assertEqual(len(told), 4, told)


class EveryDocument(unittest.TestCase):
    def test_is_read(self):
        there = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")} | {"README.md"}
        self.assertLessEqual(there, {document.path for document in DOCUMENTS})


class Views(unittest.TestCase):
    def test_are_those_of_the_database(self):
        with contextlib.closing(sqlite3.connect(World.quickstart / "ofsweep.db")) as database:
            names = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]
            self.assertEqual({view.name for view in views.views()}, set(names))
            for view in views.views():
                found = [(row[1], row[2]) for row in database.execute(f"PRAGMA table_info({view.name})")]
                self.assertEqual([column.name for column in view.columns], [name for name, _ in found], view.name)
                for column, (_, kind) in zip(view.columns, found):
                    if kind:  # of an expression SQLite knows none
                        self.assertEqual(column.type, kind, f"{view.name}.{column.name}")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ofsweep-docs-") as name:
        folder = pathlib.Path(name)
        (folder / "validator").mkdir()
        with Stack(folder / "validator", sys.argv[1], prometheus="") as stack:
            World.start(folder, stack)
            program = unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2, exit=False)
    return 0 if program.result.wasSuccessful() and program.result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
