"""A client asks for curves more often than the coordinator has threads, and reads no answer: workers are heard as before.

Once each unread answer held one of the threads that answer heartbeats.
"""

import tempfile

import grpc

from world import Worker, coordinator_in, running, sweep_pb, sweep_grpc, wait_for

CALLS = 1100  # more than coordinator/server.cc has threads
STEPS = 60_000  # of which a curve is larger than what gRPC takes from a sender ahead of the reader


def refused(calls):
    return [call for call in calls if call.done() and call.code() == grpc.StatusCode.RESOURCE_EXHAUSTED]


def main():
    with tempfile.TemporaryDirectory() as folder, coordinator_in(folder) as coordinator:
        coordinator.submit("curves", steps=STEPS, seeds=1)
        worker = Worker(coordinator)
        attempt = worker.synchronize().start[0]
        for step in range(0, STEPS, 20_000):
            worker.push(attempt, range(step, step + 20_000))

        options = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024)]
        reader = sweep_grpc.SweepServiceStub(coordinator.channel(*options))
        request = sweep_pb.QueryCurvesRequest(sweep="curves", metrics=["train_loss"])
        calls = [reader.QueryCurves(request) for _ in range(CALLS)]
        wait_for(lambda: len(refused(calls)) > CALLS // 2, "most of the unread calls are refused")
        assert "curves" in refused(calls)[0].details(), refused(calls)[0].details()
        for _ in range(5):
            assert len(Worker(coordinator).synchronize([running(attempt)]).keep) == 1
        assert coordinator.sweep("curves").trials.running == 1
        for call in calls:
            call.cancel()

        def curves_are_read():
            try:
                pieces = [c for message in coordinator.sweeps.QueryCurves(request) for c in message.curves]
                return sum(len(piece.steps) for piece in pieces) == STEPS
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
                return False

        wait_for(curves_are_read, "a client that reads is served again")


if __name__ == "__main__":
    main()
