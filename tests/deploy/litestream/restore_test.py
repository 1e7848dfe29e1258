"""A coordinator's host is lost, and the replica that Litestream kept lags behind: the workers send again what the copy has
not, and no curve has a hole. usage: restore_test.py OFSWEEP"""

import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "dashboards"))

from environment import enter  # noqa: E402

enter(pathlib.Path(__file__).parent / "requirements.txt")

from stack import SPEC, Stack, free_address, until  # noqa: E402

OFSWEEP = pathlib.Path(sys.argv.pop(1)).resolve()
LITESTREAM = pathlib.Path(sys.executable).parent / "litestream"
STEPS, EVERY = 2000, 5


def stored_through(database: pathlib.Path) -> int:
    """The newest step of the trial that a reader finds."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        return db.execute("SELECT coalesce(max(step), 0) FROM curves WHERE metric = 'train_loss'").fetchone()[0]


class Restored(unittest.TestCase):
    def test_workers_send_again_what_the_replica_has_not(self):
        with tempfile.TemporaryDirectory(prefix="ofsweep-litestream-") as folder:
            with Stack(pathlib.Path(folder), OFSWEEP, prometheus="") as stack:
                self.lose_the_host_of(stack)

    def lose_the_host_of(self, stack):
        address, first, second = free_address(), stack.folder / "first", stack.folder / "second"

        def start_coordinator(name, data):
            process = stack.start(name, OFSWEEP, "coordinator", data_dir=data, grpc=address, http="127.0.0.1:0")
            stack.first_line(name, process)
            return process

        coordinator = start_coordinator("first", first)
        replica = self.replicate(stack, first)
        worker = stack.folder / "worker"
        stack.start("worker", OFSWEEP, "worker", coordinator=address, data_dir=worker, data_root=stack.folder, slots=1)
        spec = stack.folder / "sweep.yaml"
        tokens = stack.folder / "tokens.bin"
        spec.write_text(SPEC.format(name="s", grid="{}", steps=STEPS, every=STEPS, tokens=tokens, bits=""))
        subprocess.run([OFSWEEP, "submit", spec, "--coordinator", address], check=True, stdout=subprocess.DEVNULL)

        # The copy is of some step, and stays there while the coordinator goes on.
        database = first / "ofsweep.db"
        until(lambda: stored_through(database) >= 20 * EVERY, "the first points")
        self.assertTrue(until(lambda: self.restored(stack).exists(), "a replica"))
        replica.kill()
        replica.wait()
        copied = stored_through(self.restored(stack))
        told = until(lambda: (step := stored_through(database)) > copied + 20 * EVERY and step, "points beyond the copy")
        self.assertLess(told, STEPS, "the trial was to be running still")
        coordinator.kill()
        coordinator.wait()

        # The host is gone with its disk; the keys were kept elsewhere.
        second.mkdir()
        for name in ("attempt-key", "access-token"):
            shutil.copy(first / name, second / name)
        shutil.rmtree(first)
        shutil.copy(self.restored(stack), second / "ofsweep.db")
        start_coordinator("second", second)
        watched = subprocess.run([OFSWEEP, "watch", "s", "--coordinator", address], check=True, capture_output=True, text=True)
        self.assertIn("finished", watched.stdout)

        with sqlite3.connect(second / "ofsweep.db") as db:
            steps = [step for (step,) in db.execute("SELECT step FROM curves WHERE metric = 'train_loss' ORDER BY step")]
            attempts = db.execute("SELECT attempts FROM results").fetchall()
        self.assertEqual(steps, [*range(0, STEPS, EVERY), STEPS - 1])
        self.assertEqual(attempts, [(1,)], "nothing was trained twice")
        checked = subprocess.run([OFSWEEP, "db", "check", "--data-dir", second], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def replicate(self, stack, data):
        self.environment = {"OFSWEEP_DATA_DIR": str(data), "OFSWEEP_REPLICA_URL": f"file://{stack.folder}/replica", "PATH": "/usr/bin:/bin"}
        config = ROOT / "deploy" / "litestream" / "litestream.yml"
        self.config = config
        with (stack.folder / "litestream.log").open("w") as log:
            return subprocess.Popen(
                [LITESTREAM, "replicate", "-config", config], env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def restored(self, stack):
        """What the replica gives back at this moment."""
        copy = stack.folder / "restored.db"
        copy.unlink(missing_ok=True)
        made = subprocess.run(
            [LITESTREAM, "restore", "-config", self.config, "-o", copy, self.environment["OFSWEEP_DATA_DIR"] + "/ofsweep.db"],
            env=self.environment,
            capture_output=True,
            check=False,
        )
        return copy if made.returncode == 0 else stack.folder / "none"


if __name__ == "__main__":
    unittest.main()
