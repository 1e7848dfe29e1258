"""The disk is full: /readyz and the log say so, the log once, and with space again both are well by themselves.

Once /readyz wrote nothing, which fits every disk.
"""

import contextlib
import errno
import os
import subprocess
import tempfile

import grpc

from world import Worker, coordinator_in, skip, wait_for

FULL = "no space is left"
WELL = "everything is stored again"


@contextlib.contextmanager
def small_disk(megabytes):
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder]
        try:
            mounted = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            skip("there is no program mount")
        if mounted.returncode != 0:
            skip(f"a tmpfs cannot be mounted (root is needed): {mounted.stderr.strip()}")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC, error


class Pusher:
    def __init__(self, worker, attempt):
        self.worker, self.attempt, self.step = worker, attempt, 0

    def stores(self, steps=2000):
        """Whether the next points were stored; else they are sent again by the next call, as an agent does."""
        try:
            self.worker.push(self.attempt, range(self.step, self.step + steps))
            self.step += steps
            return True
        except grpc.RpcError as error:
            assert FULL in error.details(), error
            return False


def check_full_disk(disk, coordinator):
    coordinator.submit("points", steps=10**6, seeds=2)
    worker = Worker(coordinator)
    pusher = Pusher(worker, worker.synchronize().start[0])
    assert pusher.stores()
    assert coordinator.ready()[0] == 200, coordinator.ready()

    fill(f"{disk}/filler")
    wait_for(lambda: not pusher.stores(), "a write that fails on the full disk")
    for _ in range(3):
        assert not pusher.stores()
        status, text = coordinator.ready()
        assert status == 503 and FULL in text and disk in text, (status, text)
    assert coordinator.log().count(FULL) == 1, coordinator.log()

    os.remove(f"{disk}/filler")
    wait_for(pusher.stores, "points are stored again")
    wait_for(lambda: coordinator.ready()[0] == 200, "ready again")
    assert coordinator.log().count(WELL) == 1, coordinator.log()


def check_small_disk(coordinator):
    """Far more is written than the disk has room for twice: the write-ahead log has to be folded back in time."""
    coordinator.submit("small", steps=10**6, seeds=1)
    worker = Worker(coordinator)
    attempt = worker.synchronize().start[0]
    for step in range(0, 20_000, 10):
        worker.push(attempt, range(step, step + 10))


def main():
    with small_disk(8) as disk, coordinator_in(disk) as coordinator:
        check_full_disk(disk, coordinator)
    with small_disk(6) as disk, coordinator_in(disk) as coordinator:
        check_small_disk(coordinator)


if __name__ == "__main__":
    main()
