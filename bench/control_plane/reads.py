"""Curves and tables. Cold means: another process, and the file out of the page cache."""

import time

from processes import drop_cache, read_only, timed
from report import Section

CURVES, POINTS = 100, 1000
SQL_CURVES = "SELECT c.trial_id, c.step, c.value FROM results r JOIN curves c ON c.trial_id = r.trial_id WHERE r.sweep = 'curves' AND c.metric = 'train_loss'"


class Reads(Section):
    name = "reads"

    def prepare(self, bench):
        with bench.coordinator("reads") as coordinator:
            coordinator.submit("curves", rates=5, seeds=5, steps=POINTS)
            for i in range(5):
                coordinator.client("push", clients=20, batch=50, steps=POINTS, series=12, end=1, prefix=f"curves{i}-")
            coordinator.submit("table", rates=5, seeds=50, first_seed=10**5)
            coordinator.client("lifecycles", workers=8, slots=16, series=72, prefix="table")
            coordinator.wait_sealed()
        for peer in ("optuna", "mlflow"):
            filled = bench.peer(f"{peer}-fill", bench.folder / f"{peer}-read.db", trials=CURVES, points=POINTS)
            bench.report.note(f"reads: {peer}'s database of {CURVES} x {POINTS:,} values has {filled['mb']:.1f} MB")

    def round(self, bench, number):
        report, db = bench.report, bench.folder / "reads" / "ofsweep.db"
        drop_cache(db)
        with bench.coordinator("reads") as coordinator:
            drop_cache(db)
            cold = self.query(bench, coordinator, "cold", 1)
            warm = self.query(bench, coordinator, "warm", 20)
            self.tables(bench, coordinator)
        for temperature, ours, repeat in (("cold", cold, 1), ("warm", warm, 20)):
            if temperature == "cold":
                drop_cache(db)
            read = bench.raw("raw-read", db=db, sweep="curves", repeat=repeat)
            assert read["points"] == CURVES * POINTS, read
            raw = report.cost(f"raw SQLite: curves, {temperature}", read, CURVES * repeat, read["latency"])
            report.value(f"QueryCurves / raw SQLite, {temperature}", ours.each / raw.each, "<= 1.2" if temperature == "cold" else "")
            report.value(f"QueryCurves / raw SQLite, {temperature}, of ours the server alone", ours.server / ours.count / raw.each)
            report.value(f"QueryCurves / raw SQLite, {temperature}, wall", ours.wall / ours.count / (raw.wall / raw.count))
        if number == 0:  # no goal names them
            self.beside_peers(bench, db, cold)

    def query(self, bench, coordinator, temperature, repeat):
        read = coordinator.client("curves", sweep="curves", repeat=repeat)
        assert read["points"] == CURVES * POINTS, read
        return bench.report.cost(f"QueryCurves: curves, {temperature}", read, CURVES * repeat, read["latency"])

    def tables(self, bench, coordinator):
        for what, repeat in (("first", 1), ("later", 10)):
            table = coordinator.client("table", sweep="table", repeat=repeat)
            assert table["trials"] == 1000, table
            bench.report.cost(f"GetAblationTable of 1,000 trials, {what}", table, repeat, table["latency"])
        result = timed([bench.options.ofsweep, "table", "table", "--data-dir", coordinator.folder])
        bench.report.cost("`ofsweep table --data-dir` of 1,000 trials", result, 1)

    def beside_peers(self, bench, db, ours):
        report = bench.report
        drop_cache(db)
        began, cpu = time.perf_counter(), time.process_time()
        with read_only(db) as connection:
            assert len(connection.execute(SQL_CURVES).fetchall()) == CURVES * POINTS
        report.cost("the view `curves` from Python: curves, cold", {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu}, CURVES)
        for peer, call in (("optuna", "Optuna: study.trials"), ("mlflow", "MLflow: get_metric_history")):
            path = bench.folder / f"{peer}-read.db"
            drop_cache(path)
            read = bench.peer(f"{peer}-load", path)
            assert read["points"] >= CURVES * POINTS, read
            theirs = report.cost(f"{call}, cold (curves)", read, CURVES)
            report.value(f"QueryCurves, cold / {call}", theirs.each / ours.each)
