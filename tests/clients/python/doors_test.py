"""The coordinator and the database that it has written give equal frames."""

import contextlib
import gzip
import math
import sqlite3
import unittest
import subprocess
import sys
import warnings

from unittest import mock
import numpy as np
import ofsweep
import pandas as pd
import world
from pandas.testing import assert_frame_equal


class Doors(unittest.TestCase):
    def setUp(self):
        self.client = world.client()
        self.addCleanup(self.client.close)
        self.database = ofsweep.open(world.data_folder())

    def both(self, method: str, *arguments, **options) -> pd.DataFrame:
        frames = [getattr(door, method)(*arguments, **options) for door in (self.client, self.database)]
        # Means are summed in another order.
        assert_frame_equal(*frames, rtol=1e-12, atol=0)
        return frames[1]

    def test_sweeps(self):
        frame = self.both("sweeps")
        self.assertEqual(list(frame["sweep"])[:1], [world.BLOCKS])
        self.assertEqual(frame.set_index("sweep").loc[world.DIVERGES, "diverged"], 1)

    def test_sweep(self):
        ours, theirs = self.client.sweep(world.BLOCKS), self.database.sweep(world.BLOCKS)
        self.assertEqual(ours.trials, theirs.trials)
        self.assertEqual(
            (ours.file, ours.spec_sha256, ours.revision), (theirs.file, theirs.spec_sha256, theirs.revision)
        )
        self.assertEqual((ours.state, theirs.state), ("finished", None))

    def test_trials_in_the_order_of_the_sweep(self):
        frame = self.both("trials", world.BLOCKS)
        self.assertEqual(list(frame["seed"]), [0] * 4 + [1] * 4)
        self.assertEqual(list(frame["model.block"])[:4], ["pre_norm", "pre_norm", "op", "op"])
        self.assertEqual(list(frame["optimizer.name"])[:2], ["adam", "soap"])
        self.assertEqual(list(frame["optimizer.refresh_every"].isna())[:2], [True, False], "means nothing under Adam")
        self.assertTrue((frame["kurtosis_max"] >= 1).all())
        self.assertTrue(frame["failure_message"].isna().all())

    def test_trials_of_which_one_diverged(self):
        frame = self.both("trials", world.DIVERGES)
        self.assertEqual(list(frame["state"]), ["completed", "diverged"])
        self.assertEqual(list(frame["optimizer.learning_rate"]), [0.001, 1000])

    def test_series(self):
        frame = self.both("series", world.BLOCKS)
        kurtosis = frame[(frame["metric"] == "kurtosis") & (frame["site"] == "block")]
        self.assertEqual(list(kurtosis["layer"]), [0, 1])
        self.assertTrue(frame[frame["metric"] == "train_loss"]["site"].isna().all())

    def test_curves(self):
        frame = self.both("curves", world.BLOCKS, ["kurtosis", "train_loss"])
        self.assertEqual(
            list(frame),
            [
                "trial_id",
                "model.block",
                "optimizer.name",
                "optimizer.refresh_every",
                "seed",
                "metric",
                "site",
                "layer",
                "step",
                "value",
            ],
        )
        one = self.both(
            "curves",
            world.BLOCKS,
            "kurtosis",
            sites="block",
            layers=[1],
            trial_ids=frame["trial_id"][0],
            first_step=5,
            last_step=15,
        )
        self.assertEqual(list(one["step"]), [5, 10, 15])
        self.assertEqual(len(self.both("curves", world.BLOCKS, "w4a4_loss")), 0)
        self.both("curves", world.DIVERGES, ["train_loss", "kurtosis"])

    def test_means_of_curves(self):
        for mean in ("arithmetic", "geometric"):
            for group_by in (["model.block"], ["optimizer.name", "optimizer.refresh_every"], "seed"):
                with self.subTest(mean=mean, group_by=group_by):
                    frame = self.both("curves", world.BLOCKS, ["kurtosis", "train_loss"], group_by=group_by, mean=mean)
                    self.assertTrue((frame["count"] == 4).all())
                    self.assertTrue((frame["low"] <= frame["value"]).all())
        each = self.both("curves", world.BLOCKS, "train_loss")
        means = self.both("curves", world.BLOCKS, "train_loss", group_by="model.block")
        first = each[(each["model.block"] == "pre_norm") & (each["step"] == 0)]["value"]
        self.assertTrue(math.isclose(means["value"][0], first.mean()))
        self.assertTrue(math.isclose(means["deviation"][0], first.std()))
        self.both("curves", world.DIVERGES, "train_loss", group_by="model.block")

    def test_table(self):
        with self.assertWarnsRegex(ofsweep.TableWarning, "optimizer.refresh_every too"):
            frame = self.both("table", world.BLOCKS, ["model.block"], ["optimizer.name"])
        loss = frame[frame["metric"] == "eval_loss"]
        self.assertEqual(
            list(zip(loss["model.block"], loss["optimizer.name"]))[:3],
            [("pre_norm", "adam"), ("pre_norm", "soap"), ("op", "adam")],
        )
        self.assertTrue((loss["trials"] == 2).all())
        self.assertIn("int8_perplexity", set(frame["metric"]))
        self.assertTrue(frame["mixed"].isna().all())
        with self.assertWarnsRegex(ofsweep.TableWarning, "optimizer.name too"):
            inert = self.both(
                "table", world.BLOCKS, "optimizer.refresh_every", pool="model.block", metrics="kurtosis_max"
            )
        self.assertEqual(list(inert["optimizer.refresh_every"]), ["inert", "5"])

    def test_table_with_a_diverged_trial(self):
        metrics = ["train_loss", "kurtosis_max", "kurtosis_peak", "eval_loss", "mmr_max", "steps"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ofsweep.TableWarning)  # each of its keys names one of the two trials
            frame = self.both("table", world.DIVERGES, "optimizer.learning_rate", metrics=metrics)
            dropped = self.both(
                "table", world.DIVERGES, "optimizer.learning_rate", metrics="train_loss", drop_diverged=True
            )
        self.assertEqual(list(frame["diverged"]), [0] * 6 + [1] * 6)
        self.assertFalse(np.isfinite(frame["mean"][6]))
        self.assertEqual(frame["count"][6], 1, "what is not finite is a result too")
        self.assertEqual(list(dropped["count"]), [1, 0])
        self.assertTrue(np.isnan(dropped["mean"][1]))

    def test_table_of_several_sweeps(self):
        sweeps = [world.BLOCKS, world.DIVERGES]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ofsweep.TableWarning)
            frame = self.both(
                "table", sweeps, ["sweep", "model.block"], ["optimizer.name", "optimizer.learning_rate"], metrics="steps"
            )
        self.assertEqual(list(frame["sweep"]), [world.BLOCKS] * 4 + [world.DIVERGES] * 2)
        self.assertEqual(list(frame["trials"]), [2] * 4 + [1] * 2)
        self.assertEqual(list(frame["diverged"]), [0] * 5 + [1])

    def test_a_table_of_several_sweeps_averages_over_none_of_what_sets_them_apart(self):
        sweeps = [world.BLOCKS, world.DIVERGES]
        for door in (self.client, self.database):
            with self.subTest(door=type(door).__name__), self.assertRaises(ofsweep.InvalidArgument) as caught:
                door.table(sweeps, ["model.block", "optimizer.name"])
            violations = caught.exception.violations
            self.assertEqual({violation.field for violation in violations}, {"pool"})

    def test_a_trial_that_two_sweeps_hold_counts_once_a_cell(self):
        world.submit_as_users_do("same-blocks", world.BLOCKS_GRID)
        self.addCleanup(self.client.delete, "same-blocks")
        self.client.watch("same-blocks")
        twice = [world.BLOCKS, "same-blocks"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ofsweep.TableWarning)
            one = self.both("table", twice, "model.block", "optimizer.name", metrics="eval_loss")
            apart = self.both("table", twice, ["sweep", "model.block"], "optimizer.name", metrics="eval_loss")
        self.assertEqual(list(one["trials"]), [2] * 4)
        self.assertEqual(list(apart["trials"]), [2] * 8)

    def test_a_sweep_of_which_nothing_has_begun(self):
        with world.coordinator() as (start, address, folder):
            start()
            with ofsweep.connect(address) as self.client:
                self.client.submit(world.spec("waits", world.BLOCKS_GRID))
                self.assertIn("no worker", self.client.sweep("waits").waiting_reason)
                self.database = ofsweep.open(folder)
                self.assertEqual(set(self.both("trials", "waits")["state"]), {"pending"})
                self.assertEqual(len(self.both("series", "waits")), 0)
                for group_by in ([], ["model.block"]):
                    self.assertEqual(len(self.both("curves", "waits", "kurtosis", group_by=group_by)), 0)
                table = self.both("table", "waits", ["model.block", "optimizer.name", "optimizer.refresh_every"])
                self.assertEqual((set(table["missing"]), set(table["count"])), ({2}, {0}))
                self.database.to_parquet("waits", world.folder() / "parquet-waits")

    def test_mistakes_are_told_alike(self):
        for door in (self.client, self.database):
            with self.subTest(door=type(door).__name__):
                for method, arguments in (
                    ("sweep", []),
                    ("trials", []),
                    ("series", []),
                    ("curves", ["kurtosis"]),
                    ("table", ["model.block"]),
                ):
                    with self.assertRaises(ofsweep.NotFound):
                        getattr(door, method)("no-such-sweep", *arguments)
                with self.assertRaises(ofsweep.NotFound):
                    door.curves(world.BLOCKS, "kurtosis", trial_ids=["no-such-trial"])
                for field, method, arguments, options in (
                    ("group_by", door.curves, ["kurtosis"], {"group_by": "model.blok"}),
                    ("mean", door.curves, ["kurtosis"], {"group_by": "model.block", "mean": "harmonic"}),
                    ("metrics", door.curves, [[]], {}),
                    ("rows", door.table, ["model.blok"], {}),
                    ("pool", door.table, ["model.block"], {}),
                ):
                    with self.assertRaises(ofsweep.InvalidArgument) as caught:
                        method(world.BLOCKS, *arguments, **options)
                    self.assertEqual(caught.exception.violations[0].field, field)

    def test_a_metric_without_a_curve_is_warned_of(self):
        for door in (self.client, self.database):
            with self.assertWarnsRegex(ofsweep.CurveWarning, "'w4a4_loss'"):
                found = door.curves(world.BLOCKS, ["train_loss", "w4a4_loss"])
            self.assertEqual(set(found["metric"]), {"train_loss"})
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "did you mean kurtosis"):
            self.client.curves(world.BLOCKS, "kurtosi")

    def test_parquet(self):
        for door in (self.client, self.database):
            folder = world.folder() / f"parquet-{type(door).__name__}"
            door.to_parquet(world.BLOCKS, folder)
            curves = pd.read_parquet(folder / "curves.parquet")
            self.assertEqual(
                len(curves), len(door.curves(world.BLOCKS, list(door.series(world.BLOCKS)["metric"].unique())))
            )
            assert_frame_equal(pd.read_parquet(folder / "trials.parquet"), door.trials(world.BLOCKS))
            self.assertFalse((folder / "table.parquet").exists(), "nobody asked for it")
            shown = {"rows": ["model.block", "optimizer.refresh_every"], "metrics": "kurtosis_max"}
            door.to_parquet(world.BLOCKS, folder, **shown)
            assert_frame_equal(pd.read_parquet(folder / "table.parquet"), door.table(world.BLOCKS, **shown))


class OpeningDatabases(unittest.TestCase):
    def test_what_is_no_database(self):
        with self.assertRaises(ofsweep.NotFound):
            ofsweep.open(world.folder() / "nowhere")
        other = world.folder() / "other.db"
        other.write_text("no database at all, and longer than the header of one " * 20)
        with self.assertRaises(ofsweep.FailedPrecondition):
            ofsweep.open(other)

    def test_a_database_of_an_earlier_version(self):
        file = world.folder() / "earlier.db"
        file.write_bytes(gzip.decompress((world.ROOT / "tests" / "storage" / "version_1.db.gz").read_bytes()))
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "ofsweep coordinator"):
            ofsweep.open(file)

    def test_a_database_of_a_later_version(self):
        file = world.folder() / "later.db"
        with contextlib.closing(sqlite3.connect(file)) as copy, contextlib.closing(
            sqlite3.connect(world.data_folder() / "ofsweep.db")
        ) as original:
            original.backup(copy)
            copy.execute("PRAGMA user_version = 99")
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "schema version 99.*install the package"):
            ofsweep.open(file)

    def test_nothing_is_written(self):
        file = world.data_folder() / "ofsweep.db"
        before = file.stat().st_mtime_ns
        ofsweep.open(file).trials(world.BLOCKS)
        self.assertEqual(file.stat().st_mtime_ns, before)
    def test_parquet_without_pyarrow(self):
        folder = world.folder() / "no-parquet"
        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            with self.assertRaisesRegex(ImportError, r"pip install 'ofsweep\[parquet\]'"):
                self.database.to_parquet(world.BLOCKS, folder)
        self.assertFalse(folder.exists())


