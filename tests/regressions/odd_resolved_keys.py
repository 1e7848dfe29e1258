"""A worker says nonsense about the configuration of its trial: the coordinator started again holds every trial as it was submitted.

Once a value of the wrong type was stored, and the coordinator never came up again.
"""

import json
import tempfile

import grpc

from world import Worker, coordinator_in, running, worker_pb

ODD = [{"train.steps": "many"}, {"train.steps": []}, {"train.steps": None}, {"seed": {"a": 1}}, {"model.layers": 1.5}, {"no.key": 1}, ["seed"]]


def say(worker, attempt, resolved):
    try:
        worker.synchronize([running(attempt, begun=worker_pb.Begun(from_step=0, config_json=json.dumps(resolved)))])
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error


def main():
    with tempfile.TemporaryDirectory() as folder:
        with coordinator_in(folder) as coordinator:
            coordinator.submit("odd", steps=20, seeds=2)
            worker = Worker(coordinator)
            attempt = worker.synchronize().start[0]
            for said in ODD:
                say(worker, attempt, said)
            coordinator.stop()
        with coordinator_in(folder) as coordinator:
            counts = coordinator.sweep("odd").trials
            assert (counts.running, counts.pending) == (1, 1), counts  # whatever trained that was another trial
            starts = Worker(coordinator, "v", slots=2).synchronize().start
            assert [start.trial_id for start in starts] == [attempt.trial_id], starts
            assert json.loads(starts[0].config_json)["train.steps"] == 20, starts


if __name__ == "__main__":
    main()
