#!/usr/bin/env python3
"""Rewrites docs/reproduction.md's tables and draws its figures from a database that the three sweeps were trained into.

usage: report.py --ofsweep PROGRAM --data-dir DIR

A table of the document stands between `<!-- ofsweep table … -->` and `<!-- end -->`: the comment is the command that prints it.
"""

import argparse
import pathlib
import re
import shlex
import sqlite3
import statistics
import subprocess

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.ticker import LogLocator, NullLocator  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
DOCUMENT = FOLDER.parent / "reproduction.md"
TABLE = re.compile(r"(<!-- ofsweep (table [^\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)
BLOCKS = {"pre_norm": "Pre-Norm", "post_norm": "Post-Norm", "op": "Outlier Protected"}
MARKERS = {"pre_norm": "o", "post_norm": "s", "op": "^"}
COLOURS = {"adam": "tab:red", "soap": "tab:blue"}

FIGURES = [  # sweep, the key that tells the curves of a panel apart, its title, file
    ("block-optimizer-small", "optimizer.name", "optimiser", "block-optimizer.svg"),
    ("learning-rate-small", "optimizer.learning_rate", "learning rate", "learning-rate.svg"),
    ("adam-epsilon-small", "optimizer.epsilon", "Adam's epsilon", "adam-epsilon.svg"),
]

# The largest block at every measured step of every trial, under the value of the key that the figure compares.
GROWTH = """
SELECT r.block, p.value AS arm, r.seed, c.step, max(c.value) AS kurtosis
FROM results r
  JOIN params p ON p.trial_id = r.trial_id AND p.key = :key
  JOIN curves c ON c.trial_id = r.trial_id AND c.metric = 'kurtosis' AND c.site = 'block'
WHERE r.sweep = :sweep
GROUP BY r.trial_id, c.step
ORDER BY r.block, arm, c.step
"""

# A trial that several sweeps hold is one mark.
COST = """
SELECT DISTINCT trial_id, block, optimizer, kurtosis_max, w8a4_perplexity / eval_perplexity AS cost
FROM results
WHERE kurtosis_max IS NOT NULL AND w8a4_perplexity IS NOT NULL
ORDER BY trial_id
"""


def growth(database, sweep, key):
    """{block: {arm: {step: [kurtosis of each seed]}}}"""
    curves = {}
    for block, arm, _, step, kurtosis in database.execute(GROWTH, {"sweep": sweep, "key": key}):
        if kurtosis is not None:
            curves.setdefault(block, {}).setdefault(arm, {}).setdefault(step, []).append(kurtosis)
    return curves


def mark_log_axis(axis):
    """1, 2, 5, 10, … as they are written."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())


def draw(curves, title, name):
    """One panel a block: for each arm the geometric mean over the seeds, and the range of the seeds behind it."""
    blocks = [block for block in BLOCKS if block in curves]
    figure, panels = plt.subplots(1, len(blocks), sharey=True, squeeze=False, figsize=(3.4 * len(blocks) + 1.2, 3.4))
    for panel, block in zip(panels[0], blocks):
        for arm, points in curves[block].items():
            steps = sorted(points)
            (line,) = panel.plot(steps, [statistics.geometric_mean(points[step]) for step in steps], label=str(arm), linewidth=1.3)
            lowest, highest = ([pick(points[step]) for step in steps] for pick in (min, max))
            panel.fill_between(steps, lowest, highest, color=line.get_color(), alpha=0.18, linewidth=0)
        panel.set(title=BLOCKS[block], xlabel="step", yscale="log")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("kurtosis, largest block")
    mark_log_axis(panels[0][0].yaxis)
    panels[0][-1].legend(title=title, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.savefig(FOLDER / name, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def draw_cost(trials):
    """What 4-bit activations cost each trial of every sweep, against its kurtosis: one mark a trial, a colour an optimiser, a shape a block."""
    figure, panel = plt.subplots(figsize=(5.6, 3.8))
    arms = {}
    for block, optimizer, kurtosis, cost in trials:
        arms.setdefault((block, optimizer), []).append((kurtosis, cost))
    for (block, optimizer), points in sorted(arms.items()):
        panel.scatter(
            *zip(*points), label=f"{BLOCKS[block]}, {optimizer}", s=26, linewidths=0.8,
            marker=MARKERS[block], facecolors="none", edgecolors=COLOURS[optimizer],
        )
    panel.set(xlabel="kurtosis, largest block at the end", ylabel="W8A4 perplexity / perplexity", xscale="log", yscale="log")
    mark_log_axis(panel.xaxis)
    mark_log_axis(panel.yaxis)
    panel.grid(alpha=0.3)
    panel.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    figure.savefig(FOLDER / "cost.svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


def rewrite_tables(ofsweep, data_dir):
    def print_again(match):
        command = [ofsweep, *shlex.split(match.group(2)), "--format", "markdown", "--data-dir", data_dir]
        table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return f"{match.group(1)}{table}{match.group(3)}"

    DOCUMENT.write_text(TABLE.sub(print_again, DOCUMENT.read_text()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ofsweep", required=True, help="the program, such as build/release/bin/ofsweep")
    parser.add_argument("--data-dir", required=True, help="the folder with ofsweep.db")
    options = parser.parse_args()

    plt.rcParams.update({"svg.hashsalt": "ofsweep", "svg.fonttype": "none", "font.size": 9})  # the same file from the same numbers
    database = sqlite3.connect(f"file:{options.data_dir}/ofsweep.db?mode=ro", uri=True)
    for sweep, key, title, name in FIGURES:
        curves = growth(database, sweep, key)
        if curves:
            draw(curves, title, name)
        else:
            print(f"{name} left as it is: {sweep} has no points in {options.data_dir}/ofsweep.db")
    trials = [trial[1:] for trial in database.execute(COST)]
    if trials:
        draw_cost(trials)
    else:
        print(f"cost.svg left as it is: no trial in {options.data_dir}/ofsweep.db was evaluated with w8a4")
    rewrite_tables(options.ofsweep, options.data_dir)


if __name__ == "__main__":
    main()
