"""100,000 trials: submitted beside workers that call, ended, tabulated, watched; and a worker that invents as many attempts."""

import contextlib
import sqlite3
import statistics
import time

from processes import read_only, resident_mb, timed
from report import Section
from waits import Echoes

TRIALS = 100_000
TOLD_AT_FIRST = 1000  # of the finished trials, by WatchSweep
# As if all of `s` had been trained, each by one attempt.
END_ALL = """
CREATE TEMP TABLE ended AS SELECT trial FROM sweep_trials WHERE sweep = (SELECT id FROM sweeps WHERE name = 's');
UPDATE trials SET state = 'completed', generation = 1, attempts = 1, begun_generation = 1, worker = 'w', wall_seconds = 1,
  started_ms = 1000, finished_ms = 2000, started_at = '1970-01-01T00:00:01.000Z', finished_at = '1970-01-01T00:00:02.000Z'
WHERE id IN (SELECT trial FROM ended);
INSERT INTO trial_attempts (trial, generation, worker, started_at, ended_at, outcome, failure_class, message, from_step, to_step, resolved, host, device, revision, left_out)
SELECT trial, 1, 'w', 1000, 2000, 'completed', '', '', 0, 1, '{"train.precision":"fp32","train.threads":2}', 'bench', 'cpu', 'bench', '{}' FROM ended;
UPDATE trial_results SET curve_generation = 1, sealed_through = 1, step = 1, steps = 1, tokens = 2048, train_loss_step = 1, train_loss = 2.5 + 0.001 * (trial % 97),
  eval_loss_step = 1, eval_loss = 2.6, eval_perplexity_step = 1, eval_perplexity = 13.5, kurtosis_step = 1, kurtosis_blocks = 12, kurtosis_sum = 60,
  kurtosis_mean = 5, kurtosis_max = 5 + trial % 13, kurtosis_peak = 6, mmr_step = 1, mmr_max = 3
WHERE trial IN (SELECT trial FROM ended);
UPDATE sweeps SET state = 'finished' WHERE name = 's';
"""
PLAIN = """SELECT block, optimizer, learning_rate, count(*), avg(kurtosis_max), avg(eval_loss)
FROM sweep_trials JOIN trials ON id = sweep_trials.trial JOIN trial_results ON trial_results.trial = id
WHERE sweep = (SELECT id FROM sweeps WHERE name = 's') AND state IN ('completed', 'diverged') GROUP BY 1, 2, 3"""
VIEWS = {
    "`ablation` of a sweep": "SELECT * FROM ablation WHERE sweep = 's'",
    "every row of `results`": "SELECT * FROM results WHERE sweep = 's'",
}


class Scale(Section):
    name = "scale"

    def once(self, bench):
        with bench.coordinator("scale") as coordinator:
            coordinator.submit("first", rates=5, seeds=100)
            self.false_attempts(bench, coordinator)
        with bench.coordinator("scale") as coordinator, bench.echo() as echo:
            self.submit(bench, coordinator, echo)
        bench.report.value("database bytes a pending trial", coordinator.db.stat().st_size / (TRIALS + 2000))
        plain = self.in_sql(bench, coordinator.db)
        with bench.coordinator("scale") as coordinator:
            bench.report.value("start of a coordinator with 102,000 trials, CPU s", coordinator.start_cpu)
            bench.report.value("start of a coordinator with 102,000 trials, resident MB", resident_mb(coordinator.pid))
            self.watchers(bench, coordinator)
            self.table(bench, coordinator, plain)
        result = timed([bench.options.ofsweep, "table", "s", "--data-dir", coordinator.folder])
        bench.report.cost("`ofsweep table --data-dir` of 100,000 trials", result, 1)

    def false_attempts(self, bench, coordinator):
        told = coordinator.client("false-attempts", honest=1000, **{"false": TRIALS})
        bench.report.note(f"scale: 100,000 false attempts in one report: {'refused, ' + told['message'] if told['refused'] else 'taken'}")
        bench.report.value("CPU of 100,000 false attempts in one report / of as many honest ones, server", told["false_cpu_each"] / told["honest_cpu_each"], "<= 1")
        bench.report.value("100,000 false attempts in one report are refused (1)", int(told["refused"]))

    def submit(self, bench, coordinator, echo):
        before = resident_mb(coordinator.pid)
        echoes = Echoes(echo)
        lives = coordinator.beside("lifecycles", beside=1, workers=1, slots=1, prefix="beside")
        time.sleep(0.5)
        submitted = coordinator.submit("s", rates=10, seeds=2500, first_seed=1000)
        time.sleep(0.5)
        echoes.report(bench, "while 100,000 trials are submitted", lives.finish())
        bench.report.note(f"scale: the submission took {submitted['wall']:.1f} s and, with what ran beside it, {submitted['server_cpu']:.1f} CPU s of the coordinator")
        bench.report.value("coordinator's memory, bytes a pending trial", (resident_mb(coordinator.pid) - before) * 1e6 / TRIALS)

    def in_sql(self, bench, path):
        """CPU seconds of the plain GROUP BY."""
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executescript("BEGIN;" + END_ALL + "COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
        with read_only(path) as db:
            plain = self.cpu_of_select(db, PLAIN)
            bench.report.value("plain GROUP BY over 100,000 trials, CPU ms", plain * 1e3)
            for name, sql in VIEWS.items():
                bench.report.value(f"{name} / plain GROUP BY", self.cpu_of_select(db, sql) / plain)
        return plain

    @staticmethod
    def cpu_of_select(db, sql):
        costs = []
        for _ in range(3):
            cpu = time.process_time()
            assert db.execute(sql).fetchall()
            costs.append(time.process_time() - cpu)
        return statistics.median(costs)

    def watchers(self, bench, coordinator):
        for count in (1, 4):
            watched = coordinator.client("watch", sweep="s", watchers=count, seconds=300)
            assert watched["finished"] == count * TOLD_AT_FIRST, watched
            name = f"{count} watcher{'s' * (count > 1)} of 100,000 finished trials: CPU s of the coordinator, each"
            bench.report.value(name, watched["server_cpu"] / count, "<= 0.094" if count == 1 else "")
        bench.report.value("curves of 100,000 trials without any, CPU s of the coordinator", coordinator.command_cpu("curves", "s", "--metric", "train_loss"))

    def table(self, bench, coordinator, plain):
        coordinator.forget_peak()
        before = resident_mb(coordinator.pid)
        for _ in range(3):
            table = coordinator.client("table", sweep="s")
            assert table["trials"] == TRIALS, table
            cost = bench.report.cost("GetAblationTable of 100,000 trials", table, 1, table["latency"])
            bench.report.value("table of 100,000 trials / plain GROUP BY", cost.each / plain, "<= 4")
        bench.report.value("table of 100,000 trials: memory more, MB", coordinator.peak_mb() - before, "<= 100")
