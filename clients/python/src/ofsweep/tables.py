"""Ablation tables: cells of trials, and what their metrics came to (as coordinator/ablation_table.h defines them)."""

from __future__ import annotations

import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ofsweep import arms

INERT = "inert"
"""In the place of a value, where a key means nothing: SOAP's refresh under Adam."""

SWEEP = "sweep"
"""In a table of several sweeps a key like those of trials: the name of a trial's sweep."""


MadeWith = Mapping[str, set[str | None]]
"""data_fingerprint, device, train.precision and trainer_revision of all attempts that a trial's curve has points of."""


@dataclasses.dataclass
class Statistic:
    """Of one metric in one cell; None where it is not defined."""

    count: int
    mean: float | None = None
    standard_deviation: float | None = None
    median: float | None = None
    geometric_mean: float | None = None


@dataclasses.dataclass
class Cell:
    keys: arms.Keys
    statistics: Sequence[Statistic] = ()
    """One for each metric of the table."""
    trials: int = 0
    diverged: int = 0
    failed: int = 0
    missing: int = 0
    mixed: Sequence[str] = ()
    """In what, of how they were made, the trials that count differ."""


@dataclasses.dataclass
class Trial:
    """What a table needs of one."""

    trial_id: str
    keys: arms.Keys
    """Every key in which trials may differ, the seed too, INERT where one means nothing."""
    state: str
    values: Mapping[str, float]
    """By metric; NaN is a value."""
    made_with: MadeWith


class TableWarning(UserWarning):
    """The cells of a table differ in more than their keys say."""


def summarise(values: Sequence[float]) -> Statistic:
    statistic = Statistic(count=len(values))
    if not values:
        return statistic
    mean = math.fsum(values) / len(values) if all(map(math.isfinite, values)) else sum(values) / len(values)
    statistic.mean = mean
    has_nan = any(map(math.isnan, values))
    ascending = sorted(values)
    middle = len(values) // 2
    median = ascending[middle] if len(values) % 2 else (ascending[middle - 1] + ascending[middle]) / 2
    statistic.median = math.nan if has_nan else median
    if has_nan or all(value > 0 for value in values):
        statistic.geometric_mean = math.exp(sum(map(math.log, values)) / len(values))
    if len(values) > 1 and math.isfinite(mean):
        distances = [value - mean for value in values]
        scale = max(map(abs, distances)) or 1.0  # squares of values beyond 1e154 are infinite
        squares = math.fsum((distance / scale) ** 2 for distance in distances)
        statistic.standard_deviation = scale * math.sqrt(squares / (len(values) - 1))
    return statistic


def once_a_cell(trials: Sequence[Trial], keys: Sequence[str]) -> list[Trial]:
    """Of a trial that several sweeps hold, the first in each cell."""
    found: dict[Any, Trial] = {}
    for trial in trials:
        found.setdefault((trial.trial_id, *(trial.keys[key] for key in keys)), trial)
    return list(found.values())


def cells_of(trials: Sequence[Trial], keys: Sequence[str], metrics: Sequence[str], drop_diverged: bool) -> list[Cell]:
    """The combinations of the keys' values that a trial has, by the order in which trials first show each value."""
    ranks: list[dict[Any, int]] = [{} for _ in keys]
    members: dict[Any, list[Trial]] = {}
    for trial in trials:
        place = tuple(rank.setdefault(trial.keys[key], len(rank)) for key, rank in zip(keys, ranks))
        members.setdefault(place, []).append(trial)
    return [_cell(members[place], keys, metrics, drop_diverged) for place in sorted(members)]


def _cell(trials: Sequence[Trial], keys: Sequence[str], metrics: Sequence[str], drop_diverged: bool) -> Cell:
    counted = ["completed"] if drop_diverged else ["completed", "diverged"]
    that_count = [trial for trial in trials if trial.state in counted]
    states = [trial.state for trial in trials]
    made_with: dict[str, set[str | None]] = {}
    for trial in that_count:
        for name, found in trial.made_with.items():
            made_with.setdefault(name, set()).update(found)
    values = [[trial.values[metric] for trial in that_count if metric in trial.values] for metric in metrics]
    return Cell(
        keys={key: trials[0].keys[key] for key in keys},
        statistics=[summarise(of_metric) for of_metric in values],
        trials=len(that_count),
        diverged=states.count("diverged"),
        failed=states.count("failed"),
        missing=sum(state not in ("completed", "diverged", "failed") for state in states),
        mixed=sorted(name for name, values in made_with.items() if len(values) > 1),
    )


def compare(trials: Sequence[Trial], keys: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """What the cells of these keys hide of what the sweep varies, the seed aside: keys in which the trials of a cell
    differ; of those the ones of which cells hold different values; and keys, neither of the table nor pooled, that
    differ from cell to cell."""
    pooled: list[str] = []
    uneven: list[str] = []
    confounded: list[str] = []
    for key in [key for key in trials[0].keys if key != "seed"]:
        cells: dict[Any, set[Any]] = {}
        for trial in trials:
            cells.setdefault(tuple(trial.keys[axis] for axis in keys), set()).add(trial.keys[key])
        values = list(cells.values())
        is_pooled = any(len(of_cell) > 1 for of_cell in values)
        is_equal = all(of_cell == values[0] for of_cell in values)
        if is_pooled:
            pooled.append(key)
        if not is_equal and key not in keys:
            (uneven if is_pooled else confounded).append(key)
    return pooled, uneven, confounded


def warn(uneven: Sequence[str], confounded: Sequence[str]) -> None:
    """To whoever called the door's method, which calls this."""
    if uneven:
        warnings.warn(f"cells average over different values of {', '.join(uneven)}", TableWarning, stacklevel=3)
    if confounded:
        warnings.warn(
            f"cells differ in {', '.join(confounded)} too, which the table does not show", TableWarning, stacklevel=3
        )


def frame(cells: Sequence[Cell], keys: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """One row a cell and metric. Columns: see Results.table."""
    rows = [(cell, metric, statistic) for cell in cells for metric, statistic in zip(metrics, cell.statistics)]
    columns: dict[str, Any] = {key: arms.column([cell.keys[key] for cell, _, _ in rows]) for key in keys}
    columns["metric"] = pd.Series([metric for _, metric, _ in rows], dtype="string")
    columns["count"] = pd.Series([statistic.count for _, _, statistic in rows], dtype="int64")
    for name in ("mean", "standard_deviation", "median", "geometric_mean"):
        columns[name] = pd.Series([getattr(statistic, name) for _, _, statistic in rows], dtype="float64")
    for name in ("trials", "diverged", "failed", "missing"):
        columns[name] = pd.Series([getattr(cell, name) for cell, _, _ in rows], dtype="int64")
    columns["mixed"] = pd.Series([", ".join(cell.mixed) or None for cell, _, _ in rows], dtype="string")
    return pd.DataFrame(columns)
