"""What the cases share: a coordinator in a folder of its own, its RPCs, and a worker that is nothing but its calls."""

import contextlib
import hashlib
import importlib
import importlib.resources
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import grpc
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
OFSWEEP = sys.argv[1]
SERVERS = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", "--insecure"]
CALL_SECONDS = 60

_scratch = tempfile.TemporaryDirectory(prefix="ofsweep-regressions-")


def _generate():
    include = importlib.resources.files("grpc_tools") / "_proto"
    outputs = [f"--python_out={_scratch.name}", f"--grpc_python_out={_scratch.name}"]
    files = ["ofsweep/v1/role.proto", "ofsweep/v1/results.proto", "ofsweep/v1/sweep.proto", "ofsweep/v1/worker.proto"]
    assert protoc.main(["protoc", f"-I{ROOT}/proto", f"-I{include}", *outputs, *files]) == 0
    sys.path.insert(0, _scratch.name)
    names = ["sweep_pb2", "sweep_pb2_grpc", "worker_pb2", "worker_pb2_grpc"]
    return [importlib.import_module(f"ofsweep.v1.{name}") for name in names]


sweep_pb, sweep_grpc, worker_pb, worker_grpc = _generate()


def skip(reason):
    print("cannot run here:", reason)
    sys.exit(77)


def wait_for(condition, what, seconds=60):
    """What condition() gives once it is true."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return answer


class Coordinator:
    """The program on `folder`, started by `wrap` (strace …)."""

    def __init__(self, folder, wrap=()):
        self.folder = folder
        descriptor, path = tempfile.mkstemp(suffix=".log", dir=_scratch.name)
        self.log_path = pathlib.Path(path)
        with open(descriptor, "wb") as log:
            self.process = subprocess.Popen(
                [*wrap, OFSWEEP, "coordinator", "--data-dir", folder, *SERVERS], stdout=subprocess.PIPE, stderr=log, text=True
            )
        # "ofsweep coordinator: grpc HOST:PORT http HOST:PORT …"
        words = self.process.stdout.readline().split()
        assert "grpc" in words, f"the coordinator does not start: {self.log()[-2000:]}"
        self.grpc_address = words[words.index("grpc") + 1]
        self.http_address = words[words.index("http") + 1]
        self.sweeps = sweep_grpc.SweepServiceStub(self.channel())

    def channel(self, *options):
        return grpc.insecure_channel(self.grpc_address, options=[("grpc.use_local_subchannel_pool", 1), *options])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def submit(self, name, steps, seeds):
        text = f"name: {name}\ntrial: {{train.steps: {steps}, train.device: cpu}}\ngrid: {{seed: {list(range(seeds))}}}\n"
        request = sweep_pb.SubmitSweepRequest(yaml=sweep_pb.YamlSpec(text=text))
        return self.sweeps.SubmitSweep(request, timeout=CALL_SECONDS).sweep

    def sweep(self, name):
        return self.sweeps.GetSweep(sweep_pb.GetSweepRequest(name=name), timeout=CALL_SECONDS).sweep

    def ready(self):
        """The status of /readyz and what it says."""
        try:
            with urllib.request.urlopen(f"http://{self.http_address}/readyz", timeout=CALL_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stop(self):
        """As a service manager does."""
        self._signal(signal.SIGTERM)

    def kill(self):
        self._signal(signal.SIGKILL)

    def _signal(self, number):
        if self.process.poll() is None:
            traced = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for pid in traced or [self.process.pid]:
                os.kill(int(pid), number)
        self.process.wait(CALL_SECONDS)
        self.process.stdout.close()


class Worker:
    """Says what a worker says, without one: it keeps the database of the last answer, as worker.proto asks."""

    def __init__(self, coordinator, worker_id="w", slots=1):
        # As experiment/worker_id.h: the id ends with digits of its key's hash.
        self.key = hashlib.sha256(worker_id.encode()).digest()
        self.worker_id = f"{worker_id}-{hashlib.sha256(self.key).hexdigest()[:16]}"
        self.slots = slots
        self.stub = worker_grpc.WorkerServiceStub(coordinator.channel())
        self.database = worker_pb.Database()

    def request(self, attempts=()):
        return worker_pb.SynchronizeRequest(
            worker_id=self.worker_id, worker_key=self.key, slots=self.slots, devices=[worker_pb.Device(kind="cpu")], attempts=attempts,
            database=self.database,
        )

    def synchronize(self, attempts=()):
        answer = self.stub.Synchronize(self.request(attempts), timeout=CALL_SECONDS)
        self.database = answer.database
        return answer

    def push(self, attempt, steps):
        """One loss at each of the steps."""
        rows = [worker_pb.StepRow(step=step, tokens=step, seconds=step / 10, series=[0], values=[step / 3]) for step in steps]
        points = worker_pb.TrialPoints(
            trial_id=attempt.trial_id, generation=attempt.generation, secret=attempt.secret, from_step=0,
            series=[worker_pb.Series(metric="train_loss")], rows=rows,
        )
        request = worker_pb.PushMetricsRequest(trials=[points], database=self.database)
        return self.stub.PushMetrics(request, timeout=CALL_SECONDS).results[0]


def running(attempt, step=1, **fields):
    return worker_pb.AttemptReport(
        trial_id=attempt.trial_id, generation=attempt.generation, secret=attempt.secret,
        running=worker_pb.Running(step=step), **fields
    )


def completed(attempt, step):
    ended = worker_pb.Ended(outcome="completed", step=step, wall_seconds=1)
    return worker_pb.AttemptReport(
        trial_id=attempt.trial_id, generation=attempt.generation, secret=attempt.secret, ended=ended
    )


@contextlib.contextmanager
def coordinator_in(folder, wrap=()):
    coordinator = Coordinator(f"{folder}/data", wrap)
    try:
        yield coordinator
    finally:
        coordinator.kill()
        print(coordinator.log())
