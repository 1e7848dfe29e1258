"""What only a coordinator can do: take sweeps, tell how far they are, stop and continue them."""

import concurrent.futures
import contextlib
import io
import json
import sys
import unittest
import warnings
from unittest import mock

import grpc
import numpy as np
import ofsweep
import world
from ofsweep import messages
from ofsweep.logs import text_of
from ofsweep.v1 import sweep_pb2, sweep_pb2_grpc

FINAL = ("completed", "diverged", "failed", "cancelled", "pruned")


def structured(name: str, **sections) -> dict:
    trial = {
        "model": {"layers": 2, "width": 32, "heads": 2, "context": 16, "vocabulary": 300},
        "data": {"source": "tokens", "path": str(world.folder() / "tokens.bin")},
        "train": {"steps": 20, "batch_size": 4, "device": "cpu", "threads": 1},
    }
    return {"name": name, "trial": trial, **sections}


def cancelled(client: ofsweep.Client, sweep: str) -> bool:
    with contextlib.suppress(ofsweep.Unavailable):
        return client.cancel(sweep).state == "cancelled"
    return False


class Submitting(unittest.TestCase):
    def setUp(self):
        self.client = world.client()
        self.addCleanup(self.client.close)

    def test_a_dict_with_what_numpy_makes(self):
        sweep = structured("from-dict", grid={"optimizer.learning_rate": np.array([1e-3, 2e-3]), "seed": range(2)})
        counted = self.client.submit(sweep, validate_only=True)
        self.assertEqual((counted.sweep.trials["pending"], counted.sweep.steps_total), (4, None))
        with self.assertRaises(ofsweep.NotFound):
            self.client.sweep("from-dict")

    def test_idempotent_and_exclusive(self):
        sweep = structured("once", grid={"model.block": ["pre_norm", "op"]})
        self.assertTrue(self.client.submit(sweep).created)
        self.assertFalse(self.client.submit(sweep).created)
        with self.assertRaises(ofsweep.AlreadyExists):
            self.client.submit({**sweep, "grid": {"model.block": ["op"]}})
        self.client.cancel("once")

    def test_an_update_adds_what_the_sweep_does_not_have(self):
        sweep = structured("grows", grid={"seed": [0]})
        with self.assertRaises(ofsweep.NotFound):
            self.client.update(sweep)
        self.client.submit(sweep)
        grown = {**sweep, "grid": {"model.block": ["op", "pre_norm"], "seed": [0, 1]}}
        self.assertEqual(self.client.update(grown, validate_only=True).added_trials, 3)
        self.assertEqual(self.client.update(grown).added_trials, 3)
        self.assertEqual(self.client.update(grown).added_trials, 0)
        self.assertFalse(self.client.submit(sweep).created)
        with self.assertRaises(ofsweep.FailedPrecondition):
            self.client.update({**sweep, "grid": {"seed": [7]}})
        self.client.cancel("grows")

    def test_a_file_and_what_is_shared(self):
        file = world.folder() / "again.yaml"
        file.write_text(world.spec("again", world.BLOCKS_GRID))
        answer = self.client.submit(file, validate_only=True)
        self.assertEqual(answer.sweep.file, str(file))
        self.assertEqual(
            (dict(answer.shared_with), dict(answer.anew_beside)), ({}, {world.BLOCKS: 8}), "nobody said what they read"
        )

    def test_mistakes_are_named_by_field(self):
        wrong = structured("wrong", grid={"optimizer.learning_rat": [1e-3], "train.steps": [2.5]})
        with self.assertRaises(ofsweep.InvalidArgument) as caught:
            self.client.submit(wrong)
        error = caught.exception
        self.assertEqual(error.code, "INVALID_ARGUMENT")
        self.assertEqual({violation.field for violation in error.violations}, {"optimizer.learning_rat", "train.steps"})
        self.assertIn("did you mean optimizer.learning_rate", str(error))
        self.assertIn("train.steps", str(error))
        self.assertIsInstance(error, (ofsweep.Error, ValueError))
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "sections"):
            self.client.submit({"name": "wrong", "sections": {}})
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "nowhere.yaml"):
            self.client.submit("nowhere.yaml")

    def test_a_file_that_is_no_utf_8(self):
        file = world.folder() / "latin1.yaml"
        file.write_bytes("description: Größe\n".encode("latin-1"))
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "latin1.yaml: byte 15 is no UTF-8"):
            self.client.submit(file)

    def test_what_is_no_address(self):
        for address in ("", "localhost", "127.0.0.1:", ":7070", "a b:7070", "a:0", "a:65536", "http://a:1", "::1:7070"):
            with self.assertRaisesRegex(ofsweep.InvalidArgument, "expected HOST:PORT, like") as caught:
                ofsweep.connect(address)
            self.assertEqual(caught.exception.violations[0].field, "address")
        for address in (None, 5, b"127.0.0.1:7070"):
            with self.assertRaisesRegex(TypeError, "expected HOST:PORT, like"):
                ofsweep.connect(address)
        for address in ("localhost:7070", "[::1]:7070", "node-7.cluster_a:65535"):
            ofsweep.connect(address).close()

    def test_nobody_answers(self):
        with ofsweep.connect("127.0.0.1:1", timeout=5) as nobody:
            with self.assertRaises(ofsweep.Unavailable) as caught:
                nobody.sweeps()
            with self.assertRaises(ofsweep.Unavailable):
                nobody.watch("blocks")
        self.assertIn("cannot reach the coordinator at 127.0.0.1:1: is it running?", str(caught.exception))
        self.assertIsInstance(caught.exception, ConnectionError)


class Controlling(unittest.TestCase):
    def setUp(self):
        self.client = world.client()
        self.addCleanup(self.client.close)

    def test_pause_resume_cancel(self):
        self.client.submit(world.spec("long", "{seed: [0, 1, 2, 3]}", steps=100000))
        self.assertEqual(self.client.pause("long").state, "paused")
        self.assertEqual(self.client.sweep("long").steps_total, 400000)
        progress = next(self.client.progress("long", min_interval_seconds=0.1))
        self.assertEqual((progress.sweep.state, progress.sweep.steps_total), ("paused", 400000))
        self.assertEqual(self.client.resume("long").state, "active")
        self.assertEqual(self.client.cancel("long").state, "cancelled")
        with self.assertRaises(ofsweep.FailedPrecondition):
            self.client.retry("long")
        with self.assertRaises(ofsweep.NotFound):
            self.client.cancel("no-such-sweep")

    def test_delete(self):
        self.client.submit(world.spec("mistake", "{seed: [0, 1]}", steps=100001))
        self.client.cancel("mistake")

        def deleted() -> bool:
            try:
                return self.client.delete("mistake") == 2
            except ofsweep.FailedPrecondition:  # a trainer still writes its checkpoint
                return False

        world.until(deleted, "both trials to stop")
        with self.assertRaises(ofsweep.NotFound):
            self.client.sweep("mistake")

    def test_pause_of_what_has_ended(self):
        with self.assertRaises(ofsweep.FailedPrecondition):
            self.client.pause(world.BLOCKS)

    def test_workers(self):
        frame = self.client.workers()
        self.assertEqual((len(frame), frame.loc[0, "slots"], bool(frame.loc[0, "connected"])), (1, 2, True))
        self.assertIn("cpu", frame.loc[0, "devices"])
        self.assertEqual(str(frame["last_seen"].dt.tz), "UTC")

    def test_retry(self):
        short = world.folder() / "short.bin"
        short.write_bytes(b"\0\0")  # one token, which no window fits
        self.client.submit(world.spec("fails", "{seed: [0]}", tokens=short))
        self.assertEqual(self.client.watch("fails").trials["failed"], 1)
        failed = self.client.trials("fails").loc[0]
        self.assertEqual(failed["failure_class"], "bad_data")
        self.assertIn("short.bin", failed["failure_message"])
        self.assertEqual(self.client.retry("fails", failed["trial_id"]), 1)
        self.client.cancel("fails")


class Comparing(unittest.TestCase):
    def test_with_a_baseline(self):
        with world.client() as client:
            frame = client.table(
                world.BLOCKS,
                ["model.block", "optimizer.name", "optimizer.refresh_every"],
                metrics="kurtosis_max",
                baseline={"model.block": "op"},
            )
            trials = client.trials(world.BLOCKS)
        self.assertEqual(list(frame["pairs"].isna()), [False, False, True, True])
        adam = trials[trials["optimizer.name"] == "adam"].pivot(
            index="seed", columns="model.block", values="kurtosis_max"
        )
        self.assertAlmostEqual(frame["difference"][0], (adam["pre_norm"] - adam["op"]).mean())
        self.assertTrue(frame["low"][0] <= frame["difference"][0] <= frame["high"][0])

    def test_with_the_best_value_of_a_key(self):
        keys = ["optimizer.name", "optimizer.refresh_every"]
        with world.client() as client:
            frame = client.table(world.BLOCKS, keys, metrics="eval_loss", best="model.block")
            losses = client.trials(world.BLOCKS).groupby(["optimizer.name", "model.block"])["eval_loss"].mean()
        self.assertEqual(list(frame.columns)[:4], [*keys, "model.block", "metric"])
        self.assertEqual(list(frame["optimizer.name"]), ["adam", "soap"])
        for optimizer, block, mean in zip(frame["optimizer.name"], frame["model.block"], frame["mean"]):
            self.assertEqual(block, losses[optimizer].idxmin())
            self.assertAlmostEqual(mean, losses[optimizer].min())

    def test_of_two_sweeps(self):
        keys = ["sweep", "model.block", "optimizer.name", "optimizer.refresh_every", "optimizer.learning_rate"]
        with world.client() as client, warnings.catch_warnings():
            warnings.simplefilter("ignore", ofsweep.TableWarning)
            frame = client.table([world.BLOCKS, world.DIVERGES], keys, metrics="train_loss")
            sizes = [len(client.trials(sweep)) for sweep in (world.BLOCKS, world.DIVERGES)]
        together = frame.groupby("sweep", sort=False)["trials"].sum()
        self.assertEqual(dict(together), dict(zip([world.BLOCKS, world.DIVERGES], sizes)))


class Logs(unittest.TestCase):
    def test_what_a_trainer_has_logged(self):
        with world.client() as client:
            trial = client.trials(world.BLOCKS)["trial_id"][0]
            log = "".join(client.logs(trial))
            self.assertRegex(log, r".\n")
            self.assertEqual("".join(client.logs(trial, attempt=1, follow=True)), log)
            self.assertEqual("".join(client.logs(trial, lines=1)), log.splitlines(keepends=True)[-1])
            with self.assertRaisesRegex(ofsweep.NotFound, "number 7"):
                list(client.logs(trial, attempt=7))
            with self.assertRaises(ofsweep.NotFound):
                list(client.logs("nobody"))

    def test_a_followed_log_goes_on_when_the_coordinator_is_back(self):
        asked = []

        class Leaving(sweep_pb2_grpc.SweepServiceServicer):
            def TailLog(self, request, context):
                asked.append((request.attempt, request.begin))
                if len(asked) == 2:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")
                text = b"one\n" if request.begin == 0 else b"two\n"
                yield sweep_pb2.TailLogResponse(begin=request.begin, text=text, attempt=3)
                if request.begin == 0:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")

        server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
        sweep_pb2_grpc.add_SweepServiceServicer_to_server(Leaving(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(server.stop, None)
        with ofsweep.connect(f"127.0.0.1:{port}") as client, mock.patch("ofsweep.client.time.sleep"):
            self.assertEqual("".join(client.logs("trial", follow=True)), "one\ntwo\n")
            self.assertEqual(asked, [(0, 0), (3, 4), (3, 4)])
            asked.clear()
            with self.assertRaises(ofsweep.Unavailable):
                list(client.logs("trial"))

    def test_gaps_and_bytes_that_are_no_text(self):
        pieces = [(0, b"a\xc3"), (2, b"\xa4\xff"), (10, b"b\n"), (20, b"c")]
        answers = [sweep_pb2.TailLogResponse(begin=begin, text=text) for begin, text in pieces]
        self.assertEqual(
            "".join(text_of(answers, is_whole=True)), "aä\ufffd\n… 6 bytes left out …\nb\n… 8 bytes left out …\nc"
        )
        self.assertEqual("".join(text_of(answers[2:], is_whole=False)), "b\n… 8 bytes left out …\nc")


class Watching(unittest.TestCase):
    def test_with_and_without_tqdm(self):
        with world.client() as client:
            for missing in ({}, {"tqdm": None, "tqdm.auto": None}):
                told = io.StringIO()
                with mock.patch.dict(sys.modules, missing), contextlib.redirect_stderr(told):
                    sweep = client.watch(world.BLOCKS)
                self.assertEqual((sweep.state, sweep.trials["completed"]), ("finished", 8))
                self.assertIn("blocks", told.getvalue())
                self.assertIn("8/8 trials", told.getvalue())

    def test_a_coordinator_that_is_killed(self):
        with world.coordinator() as (start, address, _):
            first = start()
            told = io.StringIO()
            with ofsweep.connect(address) as client, contextlib.redirect_stderr(told):
                client.submit(world.spec("survives", "{seed: [0]}"))
                watching = concurrent.futures.ThreadPoolExecutor(1).submit(client.watch, "survives")
                world.until(lambda: "trials" in told.getvalue(), "the first answer to the watch")
                first.kill()
                first.wait()
                start()
                world.until(lambda: cancelled(client, "survives"), "the second coordinator")
                self.assertEqual(watching.result(timeout=60).state, "cancelled")

    def test_what_a_trainer_does_before_its_first_points(self):
        message = sweep_pb2.WatchSweepResponse(sweep=sweep_pb2.Sweep(trials=sweep_pb2.TrialCounts(running=2)))
        message.running.add(trial_id="a", step=5, target_steps=20, kurtosis_max=3)
        message.running.add(trial_id="b", target_steps=20, doing="preparing data: 40 % of 31.0 MiB tokenised")
        progress = messages.progress(message)
        self.assertEqual([trial.doing for trial in progress.running], ["", "preparing data: 40 % of 31.0 MiB tokenised"])
        self.assertIsNone(progress.running[1].kurtosis_max)
        self.assertEqual(
            str(progress),
            "0/2 trials, 2 running, kurtosis up to 3, preparing data: 40 % of 31.0 MiB tokenised",
        )

    def test_progress_ends_with_the_last_trial(self):
        with world.client() as client:
            client.submit(world.spec("short", "{seed: [7]}"))
            seen = list(client.progress("short", min_interval_seconds=0.1))
            self.assertEqual((seen[-1].sweep.steps_done, seen[-1].sweep.steps_total), (20, 20))
            self.assertEqual(sum(seen[-1].sweep.trials[state] for state in FINAL), 1)
            self.assertEqual(json.loads(client.trials("short").to_json(orient="records"))[0]["steps"], 20)


if __name__ == "__main__":
    unittest.main()
