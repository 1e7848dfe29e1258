"""A client of both services, made from proto/ alone. Exits 0 when everything is as the protos say.

Generates its stubs, checks health and reflection, submits a structured sweep, plays the worker that runs it, watches it,
cancels and resumes it, and reads curves and the ablation table back.
"""

import argparse
import hashlib
import importlib
import importlib.resources
import math
import pathlib
import sys
import threading

import grpc
import grpc_status.rpc_status
from google.protobuf import descriptor_pool, json_format
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

SPEC = {
    "name": "from-python",
    "trial": {"train": {"steps": 20}, "train.device": "cpu"},
    "grid": {"model.block": ["pre_norm", "op"], "seed": [0, 1]},
}


def generate(proto_dir, out):
    out.mkdir(parents=True)
    files = ["ofsweep/v1/role.proto", "ofsweep/v1/results.proto", "ofsweep/v1/sweep.proto", "ofsweep/v1/worker.proto"]
    include = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{proto_dir}", f"-I{include}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    assert protoc.main(arguments) == 0
    sys.path.insert(0, str(out))
    names = ["sweep_pb2", "sweep_pb2_grpc", "worker_pb2", "worker_pb2_grpc"]
    return [importlib.import_module(f"ofsweep.v1.{name}") for name in names]


def check_health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    for service in ["", "ofsweep.v1.SweepService", "ofsweep.v1.WorkerService"]:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service


def check_reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    services = set(database.get_services())
    assert {"ofsweep.v1.SweepService", "ofsweep.v1.WorkerService", "grpc.health.v1.Health"} <= services, services
    pool = descriptor_pool.DescriptorPool(database)
    methods = {method.name for method in pool.FindServiceByName("ofsweep.v1.WorkerService").methods}
    assert methods == {"Synchronize", "PushMetrics", "PushLog"}, methods


def violations(error):
    status = grpc_status.rpc_status.from_call(error)
    found = {}
    for detail in status.details:
        request = error_details_pb2.BadRequest()
        assert detail.Unpack(request)
        for violation in request.field_violations:
            found[violation.field] = violation.description
    return found


# An id ends with digits of its key's hash.
WORKER_KEY = bytes(32)
WORKER_ID = f"python-{hashlib.sha256(WORKER_KEY).hexdigest()[:16]}"


class Client:
    def __init__(self, channel, modules):
        self.sweep_pb, sweep_grpc, self.worker_pb, worker_grpc = modules
        self.sweeps = sweep_grpc.SweepServiceStub(channel)
        self.workers = worker_grpc.WorkerServiceStub(channel)
        self.database = self.worker_pb.Database()

    def submit(self, spec):
        request = self.sweep_pb.SubmitSweepRequest(spec=json_format.ParseDict(spec, self.sweep_pb.SweepSpec()))
        return self.sweeps.SubmitSweep(request, timeout=30)

    def synchronize(self, attempts=(), slots=4):
        report = self.worker_pb.SynchronizeRequest(
            worker_id=WORKER_ID, worker_key=WORKER_KEY, host="localhost", slots=slots, attempts=attempts,
            devices=[self.worker_pb.Device(kind="cpu", memory_bytes=8 << 30)], database=self.database,
        )
        answer = self.workers.Synchronize(report, timeout=30)
        self.database = answer.database
        return answer

    def push(self, assignment, values):
        pb = self.worker_pb
        series = [pb.Series(metric="train_loss"), pb.Series(metric="kurtosis", layer=3, site="block")]
        rows = [
            pb.StepRow(step=step, tokens=step * 1024, seconds=step / 10, series=[0, 1], values=[7 - step / 10, value])
            for step, value in values
        ]
        points = pb.TrialPoints(
            trial_id=assignment.trial_id, generation=assignment.generation, secret=assignment.secret, from_step=0,
            series=series, rows=rows,
        )
        request = pb.PushMetricsRequest(trials=[points], database=self.database)
        answer = self.workers.PushMetrics(request, timeout=30)
        return answer.results[0]

    def ended(self, assignment, outcome):
        pb = self.worker_pb
        return pb.AttemptReport(
            trial_id=assignment.trial_id, generation=assignment.generation, secret=assignment.secret,
            ended=pb.Ended(outcome=outcome, step=20, wall_seconds=2.5),
        )

    def running(self, assignment, step):
        return self.worker_pb.AttemptReport(
            trial_id=assignment.trial_id, generation=assignment.generation, secret=assignment.secret,
            running=self.worker_pb.Running(step=step),
        )


def check_mistakes(client):
    wrong = {"name": "wrong", "trial": {"optimizer.learning_rat": 1e-3, "train.steps": 2.5, "model.init_from": "w.safetensors"}}
    try:
        client.submit(wrong)
        raise AssertionError("a wrong specification was accepted")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        found = violations(error)
    assert set(found) == {"optimizer.learning_rat", "train.steps", "model.init_from"}, found
    assert "optimizer.learning_rate" in found["optimizer.learning_rat"], found
    assert "absolute" in found["model.init_from"], found


def watch(seen, stream):
    for message in stream:
        seen.append(message)


def check_cancel_and_resume(client):
    pb = client.sweep_pb
    assignments = client.synchronize().start
    assert len(assignments) == 4, assignments
    assert client.push(assignments[0], [(0, 1.5)]).stored == 2
    assert client.sweeps.CancelSweep(pb.CancelSweepRequest(name="from-python"), timeout=30).sweep.state == "cancelled"
    answer = client.synchronize([client.running(a, 1) for a in assignments])
    assert len(answer.stop) == 4 and not answer.start, "a cancelled sweep's attempts must be stopped"
    client.synchronize([client.ended(a, "cancelled") for a in assignments], slots=0)
    resumed = client.sweeps.ResumeSweep(pb.ResumeSweepRequest(name="from-python"), timeout=30).sweep
    assert resumed.state == "active" and resumed.trials.pending == 4, resumed
    fenced = client.push(assignments[0], [(1, 1.5)])
    assert fenced.fenced and fenced.stored == 0, fenced


def run_all(client):
    assignments = client.synchronize().start
    assert len(assignments) == 4, assignments
    for assignment in assignments:
        peak = 2.0 if '"op"' in assignment.config_json else 12.0
        assert client.push(assignment, [(0, 1.0), (10, math.nan), (19, peak)]).fenced is False
        again = client.push(assignment, [(19, peak)])
        assert again.stored == 0 and again.duplicates == 2, again
    ends = [client.ended(a, "completed") for a in assignments]
    forget = client.synchronize(ends, slots=0).forget
    assert {name.trial_id for name in forget} == {a.trial_id for a in assignments}, forget


def check_results(client):
    pb = client.sweep_pb
    sweeps = client.sweeps.ListSweeps(pb.ListSweepsRequest(), timeout=30).sweeps
    assert [sweep.name for sweep in sweeps] == ["from-python"], sweeps
    trials = client.sweeps.ListTrials(pb.ListTrialsRequest(sweep="from-python", states=["completed"]), timeout=30).trials
    assert len(trials) == 4, trials
    assert json_format.MessageToDict(sweeps[0])["trials"]["completed"] == 4, "a count is a number in JSON"
    assert json_format.MessageToDict(trials[0])["targetSteps"] == 20, "a step is a number in JSON"
    assert trials[0].label == "model.block=pre_norm seed=0", trials[0].label
    assert trials[0].config["train.steps"] == 20, trials[0].config
    assert trials[0].results["kurtosis_max"] == 12, trials[0].results

    curves = [
        curve
        for message in client.sweeps.QueryCurves(
            pb.QueryCurvesRequest(sweep="from-python", metrics=["kurtosis"], sites=["block"]), timeout=30
        )
        for curve in message.curves
    ]
    assert len(curves) == 4, curves
    assert list(curves[0].steps) == [0, 10, 19], curves[0]
    assert math.isnan(curves[0].values[1]) and curves[0].values[2] == 12, curves[0]

    table = client.sweeps.GetAblationTable(
        pb.GetAblationTableRequest(sweep="from-python", rows=["model.block"], metrics=["kurtosis_max"]), timeout=30
    )
    cells = {cell.row_values[0]: cell for cell in table.cells}
    assert list(cells) == ["pre_norm", "op"], cells
    assert cells["pre_norm"].trials == 2 and cells["pre_norm"].statistics[0].mean == 12, table
    assert cells["op"].statistics[0].mean == 2 and cells["op"].statistics[0].standard_deviation == 0, table


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proto", required=True)
    parser.add_argument("--generated", required=True, type=pathlib.Path)
    parser.add_argument("--coordinator", required=True)
    arguments = parser.parse_args()
    modules = generate(arguments.proto, arguments.generated)
    with grpc.insecure_channel(arguments.coordinator) as channel:
        check_health(channel)
        check_reflection(channel)
        client = Client(channel, modules)
        check_mistakes(client)
        submitted = client.submit(SPEC)
        assert submitted.created and submitted.sweep.trials.pending == 4, submitted
        assert not client.submit(SPEC).created
        check_cancel_and_resume(client)

        seen = []
        request = client.sweep_pb.WatchSweepRequest(name="from-python", min_interval_seconds=0.1)
        stream = client.sweeps.WatchSweep(request, timeout=120)
        watcher = threading.Thread(target=watch, args=(seen, stream))
        watcher.start()
        run_all(client)
        watcher.join()
        assert stream.code() == grpc.StatusCode.OK, stream.code()
        assert seen[-1].sweep.state == "finished" and seen[-1].sweep.trials.completed == 4, seen[-1]
        finished = [trial.trial_id for message in seen for trial in message.finished]
        assert len(set(finished)) == 4, finished
        check_results(client)


if __name__ == "__main__":
    main()
