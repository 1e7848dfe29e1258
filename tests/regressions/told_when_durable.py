"""Each sync of the disk takes long: nobody is told of an end that a kill takes back, and a watcher gets the row of the end.

Once GetSweep and WatchSweep told what the scheduler had decided, before it was stored.
"""

import subprocess
import tempfile
import threading

import grpc

from world import CALL_SECONDS, Worker, completed, coordinator_in, skip, sweep_pb

TRIALS = 4
SLOW_DISK = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=400000"]


def check_strace():
    try:
        traced = subprocess.run([*SLOW_DISK, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        skip("there is no strace")
    if traced.returncode != 0:
        skip(f"strace may not trace here: {traced.stderr.strip()}")


def watch(coordinator, finished):
    request = sweep_pb.WatchSweepRequest(name="slow", min_interval_seconds=0.1)
    try:
        for message in coordinator.sweeps.WatchSweep(request):
            finished += message.finished
    except grpc.RpcError:
        pass  # the coordinator was killed


def end_all_trials(coordinator):
    """Plays the worker; returns what GetSweep said last, before the kill that comes when it tells of the last end."""
    worker = Worker(coordinator)
    ends = []
    for _ in range(TRIALS):
        attempt = worker.synchronize(ends).start[0]
        worker.push(attempt, [20])
        ends = [completed(attempt, 20)]
    last = worker.stub.Synchronize.future(worker.request(ends), timeout=CALL_SECONDS)
    while True:
        told = coordinator.sweep("slow").trials.completed
        if told == TRIALS or last.done():
            coordinator.kill()
            return told


def main():
    check_strace()
    finished = []
    with tempfile.TemporaryDirectory() as folder:
        with coordinator_in(folder, SLOW_DISK) as coordinator:
            coordinator.submit("slow", steps=20, seeds=TRIALS)
            watcher = threading.Thread(target=watch, args=(coordinator, finished))
            watcher.start()
            told = end_all_trials(coordinator)
            watcher.join()
        with coordinator_in(folder) as coordinator:
            stored = coordinator.sweep("slow").trials.completed
            assert stored >= told, f"told of {told} completed trials, {stored} are stored"
    assert finished, "the watcher heard of no end"
    for trial in finished:
        assert trial.state == "completed" and "train_loss" in trial.results, trial


if __name__ == "__main__":
    main()
