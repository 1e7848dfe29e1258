"""How long workers' calls wait, beside an echo that is called at the same time: what else the machine does falls on both."""


class Echoes:
    """Calls of an echo: alone at first, then beside what is measured."""

    def __init__(self, echo):
        self.alone = echo.client("echo", calls=2000, pause_ms=1)["latency"]
        self.load = echo.beside("echo", beside=1, pause_ms=5)

    def report(self, bench, what, lives):
        """`lives`: the lifecycles that were measured."""
        report, beside = bench.report, self.load.finish()["latency"]
        longest = max(lives["synchronize"]["max"], lives["push"]["max"])
        report.value(f"{what}: longest call / p99 of an echo beside it, wall", longest / beside["p99"], "<= 10")
        report.value(f"{what}: longest call / p99 of an echo alone, wall", longest / self.alone["p99"])
        report.value(f"{what}: longest report, ms", lives["synchronize"]["max"])
        report.value(f"{what}: longest push, ms", lives["push"]["max"])
        report.note(f"{what}: {lives['ended']} lifecycles, reports p50 {lives['synchronize']['p50']:.2f} p99 {lives['synchronize']['p99']:.2f} ms, pushes p50 "
                    f"{lives['push']['p50']:.2f} p99 {lives['push']['p99']:.2f} ms, {lives['rejected']} not taken; the echo beside p50 {beside['p50']:.2f} p99 "
                    f"{beside['p99']:.2f} max {beside['max']:.2f} ms, alone p99 {self.alone['p99']:.2f} ms")
