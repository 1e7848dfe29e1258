"""/metrics and watchers of running trials, and the cap of /metrics: 100,000 series."""

import statistics
import threading
import time
import urllib.request

from processes import cpu_of
from report import Section
from waits import Echoes


def scrape(coordinator):
    token = (coordinator.folder / "access-token").read_text().strip()
    asked = urllib.request.Request(f"http://{coordinator.http}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=120) as answer:
        return answer.read().decode()


class Scraper(threading.Thread):
    """Reads /metrics each half second until it is stopped; the longest took `slowest` seconds."""

    def __init__(self, coordinator):
        super().__init__()
        self.coordinator, self.stopped, self.slowest = coordinator, threading.Event(), 0

    def run(self):
        while not self.stopped.wait(0.5):
            began = time.perf_counter()
            scrape(self.coordinator)
            self.slowest = max(self.slowest, time.perf_counter() - began)

    def stop(self):
        self.stopped.set()
        self.join()


class Metrics(Section):
    name = "metrics"

    def once(self, bench):
        with bench.coordinator("metrics") as coordinator:
            coordinator.submit("s", rates=5, seeds=50, steps=1000)
            hold = coordinator.beside("hold", trials=200)
            assert hold.line() == "ready"
            self.scrapes(bench, coordinator)
            self.watchers(bench, coordinator)
            hold.finish()
        with bench.coordinator("cap") as coordinator, bench.echo() as echo:
            self.cap(bench, coordinator, echo)

    def scrapes(self, bench, coordinator):
        walls = []
        for _ in range(10):
            began = time.perf_counter()
            text = scrape(coordinator)
            walls.append(time.perf_counter() - began)
            time.sleep(0.1)
        series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
        bench.report.value(f"/metrics of 200 running trials, {series:,} series, ms", statistics.median(walls) * 1e3)

    def watchers(self, bench, coordinator):
        began, cpu = time.perf_counter(), cpu_of(coordinator.pid)
        time.sleep(3)
        idle = (cpu_of(coordinator.pid) - cpu) / (time.perf_counter() - began)
        bench.report.value("200 trials push 72 series each 0.5 s: coordinator's share of a core", idle)
        watched = coordinator.client("watch", sweep="s", watchers=100, seconds=4)
        bench.report.value("100 watchers of them beside it: coordinator's share of a core", watched["server_cpu"] / watched["wall"] - idle)

    def cap(self, bench, coordinator, echo):
        """2,000 trials of 72 series end one after another."""
        coordinator.submit("s", rates=5, seeds=100)
        echoes, scraper = Echoes(echo), Scraper(coordinator)
        scraper.start()
        lives = coordinator.client("lifecycles", workers=2, slots=16, series=72)
        scraper.stop()
        echoes.report(bench, "at the cap of 100,000 series", lives)
        bench.report.value("at the cap of 100,000 series: longest scrape, ms", scraper.slowest * 1e3)
        bench.report.value("at the cap of 100,000 series: server CPU of a lifecycle of 72 series, ms", lives["server_cpu"] / lives["ended"] * 1e3)
