"""The views of a sweep of 10,000 finished trials beside one of 100, opened in turns: how long until each shows what it has."""

import contextlib
import sqlite3

from processes import Coordinator, cpu_of, run

SWEEPS = {"small": 100, "large": 10_000}
ARMS = 20
STEPS = range(50, 1001, 50)
LAYERS = 4
SPEC = """\
name: {name}
trial: {{train.steps: 1000, train.device: cpu, model.layers: {layers}}}
grid:
  model.block: [pre_norm, op]
  optimizer.name: [adam, soap]
  optimizer.learning_rate: [1e-3, 2e-3, 3e-3, 4e-3, 5e-3]
  seed: [{seeds}]
"""
# As if all had been trained, each by one attempt, and measured at each of `steps`.
END_ALL = """
UPDATE trials SET state = 'completed', generation = 1, attempts = 1, begun_generation = 1, worker = 'w', wall_seconds = 1,
  started_ms = 1000, finished_ms = 2000, started_at = '1970-01-01T00:00:01.000Z', finished_at = '1970-01-01T00:00:02.000Z';
INSERT INTO trial_attempts (trial, generation, worker, started_at, ended_at, outcome, failure_class, message, from_step, to_step, resolved, host, device, revision, left_out)
SELECT id, 1, 'w', 1000, 2000, 'completed', '', '', 0, 1000, '{"train.precision":"fp32","train.threads":2}', 'bench', 'cpu', 'bench', '{}' FROM trials;
UPDATE trial_results SET curve_generation = 1, sealed_through = 1000, step = 1000, steps = 20, tokens = 2048000, train_loss_step = 1000, train_loss = 2.5 + 0.001 * (trial % 97),
  eval_loss_step = 1000, eval_loss = 2.6 + 0.001 * (trial % 89), eval_perplexity_step = 1000, eval_perplexity = 13.5, kurtosis_step = 1000, kurtosis_blocks = 4, kurtosis_sum = 20,
  kurtosis_mean = 5, kurtosis_max = 5 + trial % 13, kurtosis_peak = 6 + trial % 13, mmr_step = 1000, mmr_max = 3;
UPDATE sweeps SET state = 'finished';
"""
# What is opened, and what is there once it shows what it has.
VIEWS = {
    "curves": "document.querySelectorAll('.uplot canvas').length === 4",
    "layers": f"document.querySelectorAll('.panels canvas').length === {ARMS}",
    "scatter": "document.querySelectorAll('.scene canvas').length === 1",
    "parallel": "document.querySelectorAll('.scene canvas').length === 1",
    "table": "document.querySelectorAll('.grid-card td').length > 10",
    "trials": "document.querySelectorAll('tbody tr').length >= 100",
}
# Resolves in the frame in which it is so, instead of when somebody asks.
SINCE_OPENED = """
new Promise((done) => {{
  const look = () => ({ready} ? done(performance.now()) : requestAnimationFrame(look));
  look();
}})
"""


def fill(ofsweep, folder):
    with Coordinator(None, ofsweep, folder) as coordinator:
        for name, trials in SWEEPS.items():
            spec = folder / f"{name}.yaml"
            first = 0 if name == "small" else 10_000
            seeds = ", ".join(str(first + seed) for seed in range(trials // ARMS))
            spec.write_text(SPEC.format(name=name, layers=LAYERS, seeds=seeds))
            run([ofsweep, "submit", spec, "--coordinator", coordinator.address])
    with contextlib.closing(sqlite3.connect(folder / "ofsweep.db")) as db, db:
        db.executescript("BEGIN;" + END_ALL + "COMMIT;")
        series = [("train_loss", -1, ""), ("eval_loss", -1, ""), *(("kurtosis", layer, "block") for layer in range(LAYERS))]
        db.executemany("INSERT OR IGNORE INTO series (metric, layer, site) VALUES (?, ?, ?)", series)
        db.execute("CREATE TEMP TABLE steps (step INTEGER)")
        db.executemany("INSERT INTO steps VALUES (?)", [(step,) for step in STEPS])
        db.execute(
            "INSERT INTO sealed_points (trial, series, step, value) "
            "SELECT trials.id, series.id, step, 2.5 + series.id + 1000.0 / (step + 100) + 0.01 * ((trials.id * 31 + step) % 17) "
            "FROM trials, series, steps ORDER BY 1, 2, 3"
        )


def measure(report, page, cpu, rounds, ofsweep, folder):
    fill(ofsweep, folder)
    with Coordinator(None, ofsweep, folder) as coordinator:
        page.goto(run([ofsweep, "login", "--coordinator", coordinator.address]).strip())
        page.wait_for_selector(".who")
        for number in range(rounds + 1):
            for view, ready in VIEWS.items():
                wall, work = {}, {}
                for name, trials in SWEEPS.items():
                    page.goto("about:blank")
                    before = cpu() + cpu_of(coordinator.pid)
                    page.goto(f"http://{coordinator.http}/#/sweeps/{name}/{view}", wait_until="commit")
                    wall[name] = page.evaluate(SINCE_OPENED.format(ready=ready))
                    work[name] = cpu() + cpu_of(coordinator.pid) - before
                    if number > 0:  # the first is to warm up
                        report.value(f"{view} of {trials:,} trials: ms until it is shown", wall[name])
                        report.value(f"{view} of {trials:,} trials: CPU ms of browser and coordinator", work[name] * 1e3)
                if number > 0:
                    report.value(f"{view} of 10,000 trials / of 100, wall", wall["large"] / wall["small"], "<= 3")
                    report.value(f"{view} of 10,000 trials / of 100, CPU", work["large"] / work["small"], "<= 3")
