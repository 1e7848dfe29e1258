#!/usr/bin/env python3
"""Every query of every dashboard, on a real Prometheus that scrapes a real coordinator and worker, and on the database
that real trials wrote; and the same with a metric or a column renamed, which must be noticed.

usage: live_test.py OFSWEEP PROMETHEUS
"""

import contextlib
import copy
import os
import pathlib
import re
import signal
import sqlite3
import sys
import tempfile
import time
import unittest

import promql
import sql
from dashboards import Dashboard, load
from node import FrameChecker
from stack import Stack, until

ARMS = "{model.block: [pre_norm, post_norm, op], optimizer.name: [adam, soap]}"


def renamed(dashboards: list[Dashboard], metric: str) -> list[Dashboard]:
    """The dashboards as they would be if they asked for a metric by a name that it no longer has."""
    changed = copy.deepcopy(dashboards)
    pattern = re.compile(rf"\b{metric}\b")
    for dashboard in changed:
        for _, target, _ in promql.queries_of(dashboard):
            if "expr" in target:
                target["expr"] = pattern.sub(metric + "_renamed", target["expr"])
    return changed


def copy_database(source: pathlib.Path, target: pathlib.Path):
    original, copied = sqlite3.connect(source), sqlite3.connect(target)
    original.backup(copied)
    original.close()
    copied.close()


def rename_column(path: pathlib.Path, view: str, column: str):
    """Makes the view call a column otherwise."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({view})")]
        text = database.execute("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", (view,)).fetchone()[0]
        shown = ", ".join(f"{name} AS {name}_renamed" if name == column else name for name in columns)
        database.execute(f"DROP VIEW {view}")
        database.execute(text.replace(f"CREATE VIEW {view} ", f"CREATE VIEW {view}_before ", 1))
        database.execute(f"CREATE VIEW {view} AS SELECT {shown} FROM {view}_before")
        database.commit()


class DashboardsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.dashboards = load()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="ofsweep-dashboards-")))
        cls.stack = cls.enterClassContext(Stack(cls.folder, *sys.argv[1:3]))
        cls.stack.start_ofsweep()
        start = time.time()
        cls.prometheus = promql.Prometheus(cls.stack.start_prometheus(), start)
        cls.train()

    @classmethod
    def train(cls):
        """Two sweeps that end, one of them in a failure, and one that goes on, of which a trainer crashes."""
        stack = cls.stack
        (cls.folder / "foreign.bin").write_bytes(b"\xff\xff" * 20_000)  # of another vocabulary
        stack.submit("broken", "{seed: [0]}", tokens="foreign.bin")
        stack.submit("arms", ARMS, bits=", bits: [w8a5, w8a4, w4a4]")
        stack.wait_for_end("broken")
        stack.wait_for_end("arms")
        cls.ended = cls.folder / "ended.db"
        copy_database(stack.database, cls.ended)
        stack.submit("live", "{optimizer.name: [adam, soap], seed: [0, 1]}", steps=1_000_000, every=50)
        steps = "min(ofsweep_trial_step and on (trial_id) ofsweep_trial_sweep_info{sweep='live'}) > 100"
        until(lambda: cls.prometheus.instant(steps), "trials that report")
        os.kill(until(stack.trainers, "a trainer")[0], signal.SIGKILL)
        until(lambda: cls.prometheus.instant("sum(ofsweep_trial_restarts_total) > 0"), "a restart")

    def settled(self, dashboards: list[Dashboard]) -> list[str]:
        """Problems that remain when there has been time for a few scrapes."""
        problems = ["not asked yet"]
        deadline = time.monotonic() + 60
        while problems and time.monotonic() < deadline:
            problems = promql.check(dashboards, self.prometheus, "live")
        return problems

    def used_metrics(self) -> set[str]:
        texts = [target.get("expr", "") for board in self.dashboards for _, target, _ in promql.queries_of(board)]
        return {metric for text in texts for metric in promql.METRIC.findall(text)}

    def test_every_prometheus_query_gives_rows_with_the_labels_of_its_legend(self):
        self.assertEqual(self.settled(self.dashboards), [])

    def test_a_metric_that_prometheus_knows_by_another_name_is_noticed_in_every_panel_that_asks_for_it(self):
        self.assertEqual(self.settled(self.dashboards), [])
        for metric in sorted(self.used_metrics()):
            if metric in promql.NEEDS_A_GPU:
                continue
            changed = renamed(self.dashboards, metric)
            asking = {
                where
                for board in changed
                for where, target, _ in promql.queries_of(board)
                if f"{metric}_renamed" in target.get("expr", "")
            }
            with self.subTest(metric):
                problems = promql.check(changed, self.prometheus, "live")
                self.assertEqual({problem.split(": no rows")[0] for problem in problems}, asking)
                self.assertTrue(all(f"no metric {metric}_renamed" in problem for problem in problems), problems)

    def test_a_metric_that_the_service_renames_is_noticed(self):
        metric = "ofsweep_trial_kurtosis"
        other_name = "ofsweep_trial_peakedness"
        relabel = f"{{source_labels: [__name__], regex: {metric}, target_label: __name__, replacement: {other_name}}}"
        start = time.time()
        other = promql.Prometheus(self.stack.start_prometheus(relabel), start)
        until(lambda: other.instant(other_name), "a scrape")
        problems = promql.check(self.dashboards, other, "live")
        about = [problem for problem in problems if f"no metric {metric} " in problem]
        for panel in ("Kurtosis by block", "Kurtosis by optimizer", "Kurtosis by arm", "Kurtosis by layer"):
            self.assertTrue(any("live-trials: panel" in problem and panel in problem for problem in about), problems)

    def test_every_sql_query_gives_rows_by_way_of_an_index_and_frames_that_its_panel_can_show(self):
        problems, shown = sql.check(self.dashboards, self.stack.database)
        self.assertEqual(problems, [])
        shown += promql.table_frames(self.dashboards, self.prometheus, "live")
        checker = FrameChecker(self.folder)
        self.assertEqual(checker.problems(shown), [])

        # Without its transformation a panel finds nothing that it could show.
        for entry in shown:
            entry["panel"] = {**entry["panel"], "transformations": []}
        without = checker.problems(shown)
        for panel in ("of each trial", "by layer", "Training loss", "Validation loss"):
            self.assertTrue(any(panel in problem and "no x field" in problem for problem in without), without)

    def readers(self, view: str, column: str) -> set[str]:
        """Names of the dashboards with a query that speaks of both."""
        found = set()
        for board in self.dashboards:
            for text in sql.queries_of(board):
                words = set(re.findall(r"\w+", re.sub("'[^']*'", "", text)))
                if {view, column} <= words:
                    found.add(board.name)
        return found

    def test_a_database_of_another_version_is_noticed_in_every_dashboard_that_reads_the_column(self):
        noticed = 0
        for view in ("results", "curves", "params", "ablation"):
            with sql.opened(self.ended) as database:
                columns = [row[1] for row in database.execute(f"PRAGMA table_info({view})")]
            for column in columns:
                other = self.folder / f"{view}-{column}.db"
                copy_database(self.ended, other)
                rename_column(other, view, column)
                problems = sql.check(self.dashboards, other, rows_wanted=False)[0]
                about = [problem for problem in problems if f"the database has no column {column}, so it is" in problem]
                with self.subTest(view=view, column=column):
                    self.assertEqual({problem.split(":")[0] for problem in about}, self.readers(view, column), problems)
                noticed += bool(about)
                other.unlink()
        self.assertGreater(noticed, 25)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
