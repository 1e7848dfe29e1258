"""Whether the millionth point costs what the first did."""

import shutil
import statistics

from processes import read_only
from report import Section


class Growth(Section):
    name = "growth"

    def once(self, bench):
        report, points = bench.report, bench.options.growth_points
        with bench.coordinator("growth") as coordinator:
            coordinator.submit("s", rates=5, seeds=50, steps=3500)
            result = coordinator.client("grow", clients=4, batch=10, steps=3500, points=points, db=coordinator.db)
            coordinator.wait_sealed()
        self.trend(report, result["percents"])
        report.cost(f"points of {points:,}, 4 clients, 10 steps, with sealing", result, result["points"])
        with read_only(coordinator.db) as db:
            stored = db.execute("SELECT (SELECT count(*) FROM sealed_points) + (SELECT count(*) FROM recent_points)").fetchone()[0]
            (pages,), (page_bytes,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))  # the write-ahead log's too
        assert stored == result["points"] // 72 * 74, (stored, result["points"])  # with tokens and seconds
        report.value("database bytes a point", pages * page_bytes / result["points"])
        shutil.rmtree(coordinator.folder)

    def trend(self, report, percents):
        """The first tenth has no sealing, later ones have their share of it; it falls on few percents, so that a tenth's median is without."""
        tenths = [percents[i : i + 10] for i in range(0, 100, 10)]
        cpu = [sum(p["server_cpu"] for p in tenth) for tenth in tenths]
        without = [statistics.median(p["server_cpu"] for p in tenth) for tenth in tenths]
        report.value("a point at the end / at the beginning (median percents of the last and first tenth), server", without[-1] / without[0], "<= 1.1")
        report.value("a point with sealing at the end (last tenth / second tenth), server", cpu[-1] / cpu[1], "<= 1.1")
        report.value("p50 of a push at the end / at the beginning (last and second tenth), wall",
                     statistics.median(p["push_p50"] for p in tenths[-1]) / statistics.median(p["push_p50"] for p in tenths[1]))
        report.value("largest write-ahead log, MB", max(p["log_mb"] for p in percents))
        report.note("growth: coordinator's resident MB by tenths: " + " ".join(f"{tenth[-1]['resident_mb']:.0f}" for tenth in tenths))
        report.note("growth: slowest p99 of a push by tenths, ms: " + " ".join(f"{max(p['push_p99'] for p in tenth):.0f}" for tenth in tenths))
