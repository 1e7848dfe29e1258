"""The coordinator and the database that it has written give equal frames."""

import contextlib
import gzip
import json
import math
import sqlite3
import subprocess
import sys
import unittest
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
        self.enterContext(warnings.catch_warnings(action="ignore", category=ofsweep.CurveWarning))  # of what they pool
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

    def test_means_over_more_than_the_seed_are_warned_of(self):
        every_key = ["model.block", "optimizer.name", "optimizer.refresh_every"]
        trials = self.database.trials(world.BLOCKS)
        adam = list(trials[trials["optimizer.name"] == "adam"]["trial_id"])
        for door in (self.client, self.database):
            with self.subTest(door=type(door).__name__):
                with self.assertWarnsRegex(ofsweep.CurveWarning, "over optimizer.name, optimizer.refresh_every beside"):
                    door.curves(world.BLOCKS, "kurtosis", group_by="model.block")
                with self.assertWarnsRegex(ofsweep.CurveWarning, "average over model.block beside"):
                    door.curves(world.BLOCKS, "kurtosis", group_by=["optimizer.name", "seed"])
                with warnings.catch_warnings(action="error"):
                    door.curves(world.BLOCKS, "kurtosis", group_by=every_key)
                    door.curves(world.BLOCKS, "kurtosis", group_by=every_key[:2])
                    door.curves(world.BLOCKS, "kurtosis", group_by="model.block", trial_ids=adam)
                    door.curves(world.BLOCKS, "kurtosis")

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

    def test_table_of_columns_that_results_have_not(self):
        measured = [
            "kurtosis@block.1",
            "kurtosis@block.1:max",
            "kurtosis@block.0:last",
            "rms@block.max",
            "rms@block.mean",
            "rms@block.max:max",
            "rms@block.mean:max",
            "mmr@embedding:max",
            "sink_rate@attention.mean:max",
            "gradient_norm:max",
            "train_loss:last",
            "int8_loss",
            "int8_perplexity_delta",
        ]
        nobody_has = ["kurtosis@block.7", "w6a6_perplexity", "w4a4_perplexity_delta", "rms@residual.max"]
        metrics = [*measured, *nobody_has]
        with warnings.catch_warnings(action="ignore", category=ofsweep.TableWarning):
            frame = self.both("table", world.BLOCKS, ["model.block", "optimizer.name"], metrics=metrics)
            diverged = self.both("table", world.DIVERGES, "optimizer.learning_rate", metrics=metrics)
        counts = frame.groupby("metric", sort=False)["count"].agg(set)
        self.assertEqual(list(counts), [{2}] * len(measured) + [{0}] * len(nobody_has))
        self.assertEqual(list(np.isfinite(diverged[diverged["metric"] == "train_loss:last"]["mean"])), [True, False])

    def test_a_baseline_is_for_a_coordinator_or_the_program(self):
        with self.assertRaises(ofsweep.InvalidArgument) as caught:
            self.database.table(
                world.BLOCKS, "model.block", baseline={"model.block": "op"}, best="optimizer.learning_rate"
            )
        self.assertEqual([violation.field for violation in caught.exception.violations], ["baseline", "best"])
        self.assertRegex(str(caught.exception), r"ofsweep\.connect.*ofsweep table … --data-dir .* --format json")
        keys = ["model.block", "optimizer.name", "optimizer.refresh_every"]
        frame = self.client.table(world.BLOCKS, keys, metrics="eval_loss", baseline={"model.block": "op"})
        line = [world.program(), "table", world.BLOCKS, "--data-dir", world.data_folder(), "--format", "json"]
        line += ["--rows", ",".join(keys), "--metrics", "eval_loss", "--baseline", "model.block=op"]
        cells = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)["cells"]
        told = [cell["values"]["eval_loss"]["difference"]["mean"] for cell in cells[:2]]
        self.assertEqual(list(frame["difference"])[:2], told)

    def test_logs(self):
        for trial_id in self.database.trials(world.BLOCKS)["trial_id"]:
            for options in ({}, {"attempt": 1}, {"lines": 1}, {"lines": 2}, {"lines": 10**6}):
                theirs = ["".join(door.logs(trial_id, **options)) for door in (self.client, self.database)]
                self.assertRegex(theirs[1], r".\n")
                self.assertEqual(*theirs)
        for door in (self.client, self.database):
            with self.assertRaisesRegex(ofsweep.NotFound, "number 7"):
                list(door.logs(trial_id, attempt=7))
            with self.assertRaisesRegex(ofsweep.NotFound, "nobody"):
                list(door.logs("nobody"))

    def test_logs_of_a_copy(self):
        copy = world.folder() / "copy-without-logs" / "ofsweep.db"
        copy.parent.mkdir()
        world.back_up(copy)
        trial_id = self.database.trials(world.BLOCKS)["trial_id"][0]
        with self.assertRaisesRegex(ofsweep.NotFound, r"copy-without-logs/logs\.db.*`ofsweep db backup` copies none"):
            ofsweep.open(copy).logs(trial_id)
        (copy.parent / "logs.db").write_bytes(copy.read_bytes())
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "no store of logs"):
            ofsweep.open(copy).logs(trial_id)

    def test_a_log_of_which_parts_are_not_kept(self):
        folder = world.folder() / "long-log"
        folder.mkdir()
        world.back_up(folder / "ofsweep.db")
        text = ("".join(map(chr, range(0x20, 0x7F))) + "\n").encode() * 200
        trial_id = self.database.trials(world.BLOCKS)["trial_id"][0]
        with contextlib.closing(sqlite3.connect(folder / "logs.db")) as logs, contextlib.closing(
            sqlite3.connect(world.data_folder() / "logs.db")
        ) as original:
            original.backup(logs)
            ((log,),) = logs.execute("SELECT id FROM logs WHERE trial_id = ?", [trial_id]).fetchall()
            logs.execute("DELETE FROM blocks WHERE log = ?", [log])
            blocks = [(log, begin, text) for begin in range(0, 100 * len(text), len(text)) if begin != 90 * len(text)]
            logs.executemany("INSERT INTO blocks VALUES (?, ?, ?)", blocks)
            logs.execute("UPDATE logs SET through = ? WHERE id = ?", [100 * len(text), log])
            logs.commit()
        for lines in (0, 1, 777, 10**6):
            line = [world.program(), "logs", trial_id, "--data-dir", folder]
            line += ["--lines", str(lines)] if lines else []
            told = subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout.decode()
            self.assertEqual("".join(ofsweep.open(folder).logs(trial_id, lines=lines)), told)
            self.assertLessEqual(len(told), (1 << 20) + 200)
            self.assertEqual(told.count("bytes left out"), {0: 2, 1: 0, 777: 0}.get(lines, 1))

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

    def test_names_that_there_are_not_are_told_in_the_same_words(self):
        wrong_curves = [
            {"metrics": ["kurtosi", "eval_los", "{bits}_loss", "w1a4_loss", "nothing_like_it"]},
            {"metrics": ["kurtosis_max", "steps", "kurtosis@block.3:max", "rms@blok.3"]},
            {"metrics": "kurtosis", "sites": ["blok", "attention", "everywhere"]},
            {"metrics": ["train_loss", "kurtosis"], "sites": "attention"},
            {"metrics": [], "group_by": ["model.blok", "blocks", "zzz"], "mean": "harmonic"},
        ]
        wrong_tables = [
            {"metrics": ["kurtosi@block.1", "kurtosis_ma", "w4a44_perplexity", "kurtosis_max:max", "steps@block"]},
            {"metrics": ["kurtosis", "rms@block", "rms@embedding.0", "sink_rate@block.1", "train_loss@block.1"]},
            {"metrics": ["rms@block.x", "rms@block.1:min", "rms@block.-1", "train_loss@"]},
            {"rows": ["model.blok"], "cols": ["refresh_every_"], "pool": ["zzz"], "metrics": "kurtosi"},
            {"rows": ["model.block", "model.block"], "metrics": ["eval_loss", "eval_loss"]},
            {"rows": "model.block", "cols": ["optimizer.name", "model.block"]},
        ]
        for method, asked in [("curves", one) for one in wrong_curves] + [("table", one) for one in wrong_tables]:
            with self.subTest(asked=asked):
                asked = {"rows": "model.block", **asked} if method == "table" else asked
                told = []
                for door in (self.client, self.database):
                    with self.assertRaises(ofsweep.InvalidArgument) as caught:
                        getattr(door, method)(world.BLOCKS, **asked)
                    told.append((caught.exception.message, set(caught.exception.violations)))
                self.assertEqual(*told)

    def test_a_metric_without_a_curve_is_warned_of(self):
        for door in (self.client, self.database):
            with self.assertWarnsRegex(ofsweep.CurveWarning, "'w4a4_loss'"):
                found = door.curves(world.BLOCKS, ["train_loss", "w4a4_loss"])
            self.assertEqual(set(found["metric"]), {"train_loss"})
            with self.assertWarnsRegex(ofsweep.CurveWarning, "'kurtosis'"):
                door.curves(world.BLOCKS, "kurtosis", sites="residual")

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


    def test_parquet_without_pyarrow(self):
        folder = world.folder() / "no-parquet"
        with mock.patch.dict(sys.modules, {"pyarrow": None}):
            with self.assertRaisesRegex(ImportError, r"pip install 'ofsweep\[parquet\]'"):
                self.database.to_parquet(world.BLOCKS, folder)
        self.assertFalse(folder.exists())


class OpeningDatabases(unittest.TestCase):
    def test_what_is_no_database(self):
        with self.assertRaises(ofsweep.NotFound):
            ofsweep.open(world.folder() / "nowhere")
        other = world.folder() / "other.db"
        other.write_text("no database at all, and longer than the header of one " * 20)
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "no database of ofsweep"):
            ofsweep.open(other)

    def test_a_database_of_another_program(self):
        file = world.folder() / "foreign.db"
        with contextlib.closing(sqlite3.connect(file)) as foreign:
            foreign.execute("CREATE TABLE results (outcome_reason TEXT)")
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "no database of ofsweep"):
            ofsweep.open(file)

    def test_damaged_ones(self):
        cut_off = world.folder() / "cut-off.db"
        world.back_up(cut_off)
        cut_off.write_bytes(cut_off.read_bytes()[:40_000])
        broken_json = world.folder() / "broken-json.db"
        world.back_up(broken_json)
        with contextlib.closing(sqlite3.connect(broken_json)) as copy:
            copy.execute("UPDATE arms SET keys = '{' || id")
            copy.commit()
        for file in (cut_off, broken_json):
            told = f"damaged.*`ofsweep db check --data-dir {file}`"
            with self.subTest(file=file.name), self.assertRaisesRegex(ofsweep.FailedPrecondition, told):
                ofsweep.open(file).curves(world.BLOCKS, "kurtosis")
        check = subprocess.run([world.program(), "db", "check", "--data-dir", cut_off], stdout=subprocess.DEVNULL)
        self.assertEqual(check.returncode, 1)

    def test_one_that_is_locked(self):
        file = world.folder() / "locked.db"
        world.back_up(file)
        with contextlib.closing(sqlite3.connect(file)) as other:
            other.execute("PRAGMA journal_mode = DELETE")
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            with self.assertRaisesRegex(ofsweep.Unavailable, "locked"):
                ofsweep.open(file)

    def test_a_database_of_an_earlier_version(self):
        file = world.folder() / "earlier.db"
        file.write_bytes(gzip.decompress((world.ROOT / "tests" / "storage" / "version_1.db.gz").read_bytes()))
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "ofsweep coordinator"):
            ofsweep.open(file)

    def test_a_database_of_a_later_version(self):
        file = world.folder() / "later.db"
        world.back_up(file)
        with contextlib.closing(sqlite3.connect(file)) as copy:
            copy.execute("PRAGMA user_version = 99")
        with self.assertRaisesRegex(ofsweep.FailedPrecondition, "schema version 99.*install the package"):
            ofsweep.open(file)

    def test_nothing_is_written(self):
        file = world.data_folder() / "ofsweep.db"
        before = file.stat().st_mtime_ns
        ofsweep.open(file).trials(world.BLOCKS)
        self.assertEqual(file.stat().st_mtime_ns, before)
