"""A report of 100,000 attempts that nobody started is refused in words, one of as many as the slots take is not.

Once each attempt held was compared with each one reported, under the lock that every heartbeat needs.
"""

import tempfile

import grpc

from world import Worker, coordinator_in, running, worker_pb

HELD = 2000
MADE_UP = 100_000


def main():
    with tempfile.TemporaryDirectory() as folder, coordinator_in(folder) as coordinator:
        coordinator.submit("many", steps=20, seeds=HELD)
        worker = Worker(coordinator, slots=HELD)
        held = worker.synchronize().start
        assert len(held) == HELD, len(held)
        reports = [running(attempt) for attempt in held]
        assert len(worker.synchronize(reports).keep) == HELD
        made_up = [running(worker_pb.Start(trial_id=f"{number:016x}", generation=1)) for number in range(MADE_UP)]
        try:
            worker.synchronize(reports + made_up)
            raise AssertionError("the report was taken")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
            assert "attempts" in error.details() and str(HELD) in error.details(), error.details()
        assert len(worker.synchronize(reports).keep) == HELD


if __name__ == "__main__":
    main()
