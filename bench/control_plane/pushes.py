"""Points from a worker to the disk."""

import os

from report import Section

SHAPES = [(1, 1, 500), (1, 10, 1000), (1, 100, 1900), (8, 1, 300), (8, 10, 500), (8, 100, 1000)]  # clients, steps of a push, steps
# Storage; how many, so that each takes about as long. No goal names any but the first, which alone takes part in every round.
OPTUNA = (("sqlite", 5), ("journal", 4), ("grpc", 1))
MLFLOW = ((1, 10), (10, 30), (100, 100))  # steps of a call, steps


def shape_name(clients, batch):
    return f"{clients} client{'s' * (clients > 1)}, {batch} step{'s' * (batch > 1)}"


class Pushes(Section):
    name = "pushes"

    def round(self, bench, number):
        ours = {}
        with bench.echo() as echo, bench.coordinator(f"pushes-{number}") as coordinator:
            coordinator.submit("s", rates=5, seeds=50, steps=2000)
            for clients, batch, steps in SHAPES:
                ours[clients, batch] = self.beside_raw(bench, echo, coordinator, clients, batch, steps)
            self.sealed(bench, coordinator)
        self.beside_peers(bench, ours, number)

    def beside_raw(self, bench, echo, coordinator, clients, batch, steps):
        report, name = bench.report, shape_name(clients, batch)
        path = bench.folder / "raw.db"
        pushed = coordinator.client("push", clients=clients, batch=batch, steps=steps, prefix=f"push{clients}-{batch}-")
        written = bench.raw("raw-write", clients=clients, batch=batch, steps=steps, db=path)
        path.unlink()
        assert pushed["points"] == written["points"], (pushed, written)
        push = report.cost(f"pushes, {name}", pushed, pushed["pushes"], pushed["latency"])
        raw = report.cost(f"raw SQLite of {name}", written, pushed["pushes"], written["latency"])
        if batch > 1:
            report.value(f"raw SQLite / push, {name}", raw.each / push.each, ">= 0.8")
            return push
        called = echo.client("echo", clients=clients, calls=4000 // clients)
        call = report.cost(f"empty gRPC calls, {clients} client{'s' * (clients > 1)}", called, called["calls"], called["latency"])
        report.value(f"(raw SQLite + an empty call) / push, {name}", (raw.each + call.each) / push.each, ">= 0.8")
        report.value(f"raw SQLite / push, {name}", raw.each / push.each)
        return push

    def sealed(self, bench, coordinator):
        """With the move into the table by series."""
        pushed = coordinator.client("push", clients=8, batch=10, steps=500, end=1, prefix="seal")
        _, sealing = coordinator.wait_sealed()
        path = bench.folder / "raw.db"
        written = bench.raw("raw-write", clients=8, batch=10, steps=500, seal=1, db=path)
        bench.report.value("database bytes a point, raw SQLite by series", os.path.getsize(path) / written["points"])
        path.unlink()
        push = bench.report.cost("pushes, 8 clients, 10 steps, with sealing", pushed, pushed["pushes"], more_cpu=sealing)
        raw = bench.report.cost("raw SQLite of 8 clients, 10 steps, with sealing", written, pushed["pushes"], more_cpu=written["sealing"]["client_cpu"])
        bench.report.value("raw SQLite / push, 8 clients, 10 steps, with sealing", raw.each / push.each)

    def beside_peers(self, bench, ours, number):
        """By points: a step has 72."""
        report, size = bench.report, bench.options.peer_size
        for storage, factor in OPTUNA[: None if number == 0 else 1]:
            n = factor * size
            peer = report.cost(f"Optuna {storage}: report()", bench.peer("optuna-report", bench.folder / f"optuna-report-{storage}-{number}", storage=storage, n=n), n)
            report.value(f"points, 1 client, 1 step / Optuna {storage}", peer.each / (ours[1, 1].each / 72), ">= 300" if storage == "sqlite" else "")
        for batch, steps in MLFLOW if number == 0 else ():
            result = bench.peer("mlflow-ingest", bench.folder / "mlflow.db", batch=batch, steps=steps)
            peer = report.cost(f"MLflow: log_batch, {batch} step{'s' * (batch > 1)} (points)", result, result["n"])
            report.value(f"points, {shape_name(1, batch)} / MLflow", peer.each / (ours[1, batch].each / (72 * batch)))
