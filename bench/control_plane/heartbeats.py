"""1,000 workers with a trial each that call, and push 20 points a second."""

from report import Section

LOAD = {"workers": 1000, "warm": 10}


class Heartbeats(Section):
    name = "heartbeats"

    def round(self, bench, number):
        report, seconds = bench.report, bench.options.heartbeat_seconds
        with bench.coordinator(f"heartbeats-{number}") as coordinator:
            coordinator.submit("s", rates=5, seeds=55, steps=100_000)
            ours = coordinator.client("heartbeats", points=20, seconds=seconds, **LOAD)
        assert ours["running"] == LOAD["workers"], ours
        with bench.echo() as echo:
            alone = echo.client("echo", calls=2000, pause_ms=1)["latency"]
            call_ms = round(ours["call_seconds"] * 1000)
            theirs = echo.client("heartbeats", points=20, seconds=seconds, echo=1, call_ms=call_ms, **LOAD)
        report.cost("calls of 1,000 workers", ours, ours["calls"], ours["synchronize"])
        report.cost("the same calls of an echo", theirs, theirs["calls"], theirs["synchronize"])
        for call in ("synchronize", "push"):
            report.value(f"1,000 workers: p99 of {call} / of an echo with the same load, wall", ours[call]["p99"] / theirs[call]["p99"], "<= 10")
            report.value(f"1,000 workers: p99 of {call} / of an echo with one client, wall", ours[call]["p99"] / alone["p99"])
            report.value(f"1,000 workers: p99 of {call}, ms", ours[call]["p99"])
        report.value("1,000 workers: coordinator's share of a core", ours["server_cpu"] / ours["wall"])
        report.value("1,000 workers: coordinator's resident MB", ours["resident_mb"])
        report.note(f"heartbeats: {ours['synchronize']['n']} reports and {ours['push']['n']} pushes in {ours['wall']:.1f} s, {ours['errors']} errors, "
                    f"{theirs['errors']} of the echo; a report each {ours['call_seconds']:.1f} s")
