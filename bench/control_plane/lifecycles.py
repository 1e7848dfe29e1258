"""Trials from their start to their end."""

from report import Section

# Storage; how many, so that each takes about as long. No goal names any but the first, which alone takes part in every round.
PEERS = (("sqlite", 1), ("journal", 2), ("grpc", 0.5))


class Lifecycles(Section):
    name = "lifecycles"

    def round(self, bench, number):
        report = bench.report
        ours = {}
        with bench.coordinator(f"lifecycles-{number}") as coordinator:
            report.cost("submit 2,000 trials", coordinator.submit("s", rates=5, seeds=100), 2000)
            ours["8x1"] = self.live(bench, coordinator, "8 workers x 1 slot", workers=8, slots=1, trials=800, prefix="eight")
            ours["1x1"] = self.live(bench, coordinator, "1 worker x 1 slot", workers=1, slots=1, trials=300, prefix="one")
            self.live(bench, coordinator, "8 x 1, with what was resolved", workers=8, slots=1, trials=200, begun=1, prefix="begun")
            ours["8x16"] = self.live(bench, coordinator, "8 workers x 16 slots", workers=8, slots=16, prefix="many")
        for storage, factor in PEERS[: None if number == 0 else 1]:
            n = int(factor * bench.options.peer_size)
            path = bench.folder / f"optuna-lifecycles-{storage}-{number}"
            peer = report.cost(f"Optuna {storage}: ask, report, tell", bench.peer("optuna-life", path, storage=storage, n=n), n)
            goals = {"8x1": ">= 50", "8x16": ">= 120"} if storage == "sqlite" else {}
            for shape, cost in ours.items():
                report.value(f"lifecycles {shape} / Optuna {storage}", peer.each / cost.each, goals.get(shape, ""))

    def live(self, bench, coordinator, what, **options):
        """Their processor time includes the sealing that is put off until after them."""
        result = coordinator.client("lifecycles", **options)
        assert result["rejected"] == 0, result
        _, sealing = coordinator.wait_sealed()
        return bench.report.cost(f"lifecycles, {what}", result, result["ended"], result["synchronize"], sealing)
