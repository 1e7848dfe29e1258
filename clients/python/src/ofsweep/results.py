"""What can be read of sweeps, alike from a coordinator and from a database file."""

from __future__ import annotations

import abc
import importlib
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union

import pandas as pd

from ofsweep.sweep import TRIAL_STATES, Sweep

Names = Union[str, Sequence[str]]

SERIES_TRIALS = 32
"""All trials of a sweep measure alike, or nearly so: `series` looks at the first ones that have points."""


class Results(abc.ABC):
    """Reads sweeps. The frames are the same whichever door they come through: columns, types, order of rows, values.

    Text columns are pandas' nullable strings, whole numbers that may be missing Int64, measured values float64. A value
    that is NaN and one that there is not are both NaN in `trials`; in `curves` every row is a value that was measured.
    Columns of trial keys, such as `model.block`, hold numbers, booleans or texts, and nothing where the key means
    nothing in that arm. Every method raises NotFound where there is no such sweep.
    """

    def sweeps(self) -> pd.DataFrame:
        """One row a sweep, by name: sweep, trials, and how many of them are pending, running, completed, …"""
        rows = sorted(self._all_sweeps(), key=lambda sweep: sweep.name)
        columns: dict[str, Any] = {"sweep": pd.Series([sweep.name for sweep in rows], dtype="string")}
        columns["trials"] = pd.Series([sum(sweep.trials.values()) for sweep in rows], dtype="int64")
        for state in TRIAL_STATES:
            columns[state] = pd.Series([sweep.trials[state] for sweep in rows], dtype="int64")
        return pd.DataFrame(columns)

    @abc.abstractmethod
    def _all_sweeps(self) -> Sequence[Sweep]: ...

    @abc.abstractmethod
    def sweep(self, name: str) -> Sweep:
        """Its state and counts, and where it came from."""

    @abc.abstractmethod
    def trials(self, sweep: str) -> pd.DataFrame:
        """One row a trial, in the sweep's order, seed by seed.

        trial_id; arm, a label of what the sweep varies but the seed, and each of these keys as a column; seed; state;
        attempts, steps, diverged_step; what it came to (kurtosis_max, eval_loss, …: docs/trial-metrics.md; losses in
        nats a token, wall_seconds of all attempts), of an unfinished trial so far; worker, failure_class,
        failure_message, outcome_reason, config_hash.
        """

    @abc.abstractmethod
    def series(self, sweep: str) -> pd.DataFrame:
        """What the first 32 trials with points measured: metric, site and layer, a row each; the last two are missing
        for metrics of the whole model."""

    @abc.abstractmethod
    def curves(
        self,
        sweep: str,
        metrics: Names,
        *,
        sites: Names = (),
        layers: Sequence[int] = (),
        trial_ids: Names = (),
        group_by: Names = (),
        mean: str = "arithmetic",
        first_step: int = 0,
        last_step: int | None = None,
    ) -> pd.DataFrame:
        """One row a point; ordered by trial or group, metric, layer, site and step.

        Without group_by: trial_id, a column for each key of the arm, seed, metric, site, layer, step, value.

        With trial keys in group_by the trials that agree in them are a group, and rows are means at each step over
        those that have a value there: the keys, metric, site, layer, step, value, deviation (sample standard
        deviation, of a geometric mean a factor; NaN for fewer than 2), low and high (one deviation away), count (trials
        with a value at the step), trials (with such a curve). A NaN makes the mean of its step NaN; a geometric mean
        is NaN where a value is not positive.

        metrics: one or more. sites, layers, trial_ids: empty for all. Steps from first_step to last_step, both
        included.
        Warns (CurveWarning) of each metric that no trial has a curve of, and where trials of a group differ in a key
        beside their seed, of which it names each. Raises InvalidArgument for an unknown metric, site, key in group_by
        and mean, NotFound for a trial that the sweep does not hold.
        """

    @abc.abstractmethod
    def table(
        self,
        sweep: Names,
        rows: Names,
        cols: Names = (),
        *,
        metrics: Names = (),
        pool: Names = (),
        drop_diverged: bool = False,
        baseline: Mapping[str, Any] | None = None,
        best: str = "",
    ) -> pd.DataFrame:
        """The ablation table in long form: one row a cell and metric, in the order of the sweep's grid.

        The keys of rows and cols ("inert" where a key means nothing), metric, count (trials that have the value), mean,
        standard_deviation (of the sample; NaN for fewer than 2), median, geometric_mean (NaN where a value is not
        positive), and of the cell: trials (completed and, unless they are dropped, diverged ones, with their last
        values), diverged, failed, missing (without an outcome), mixed (in what of device, train.precision,
        trainer_revision and data_fingerprint what trained the trials that count differs). A NaN result makes the mean
        NaN. Warns with TableWarning where cells average over different values of a key, or differ in one that the table
        does not show.
        `frame.pivot(index=rows, columns=cols, values="mean")` of one metric is the table as a page shows it.

        sweep: one or several, whose trials form one table; `sweep`, the name of a trial's, is a key then, and so is
        what sets the sweeps apart. A trial that several hold counts once a cell, as one of the first.
        metrics: measured columns of `trials`, int8_perplexity_delta and the like (what rounding costs), or
        METRIC[@SITE[.LAYER]][:last|:max], any metric at any place of the model: gradient_norm:max, kurtosis@block.3,
        rms@block.max (docs/trial-metrics.md). Empty: eval_loss, kurtosis_max, eval_perplexity and each perplexity after
        rounding that a trial has.
        best: a trial key; of each cell the value of it with the lowest mean eval_loss is picked, the cell is of this
        value alone, and a column of the key's name behind those of rows and cols holds it (missing where no trial of a
        cell has an eval_loss). baseline: keys of rows or cols with one of their values; each cell is compared with the
        one that has these values and its own others, seed by seed, in further columns: pairs (seeds that both have),
        difference (mean of the cell's values less the baseline's), low and high (95 % by the percentile bootstrap over
        seeds, which few make too narrow; NaN for fewer than 2 pairs), p (paired permutation test; NaN for fewer than 6)
        and adjusted_p (for all of the table, by Holm's method); all missing in the baseline itself. Only a coordinator,
        or the program, has these two.
        Raises InvalidArgument for an unknown key or metric, where the trials of a cell differ in a key that the sweep
        varies and `pool` does not name, the seed aside, and from a database for best and baseline.
        """

    @abc.abstractmethod
    def logs(self, trial_id: str, *, attempt: int = 0, lines: int = 0) -> Iterator[str]:
        """What a trial's trainer has logged, in pieces: "".join(results.logs(trial_id)) is all that is kept, at most 1
        MiB. What is no UTF-8 is replaced, and where bytes are left out a line says so.

        attempt: from 1; the newest by default. lines: only the last ones. Raises NotFound where there is no such trial,
        attempt or log; of a coordinator, when it is iterated over.
        """

    def to_parquet(
        self,
        sweep: str,
        folder: str | os.PathLike[str],
        *,
        rows: Names = (),
        cols: Names = (),
        metrics: Names = (),
        pool: Names = (),
    ) -> None:
        """Writes `trials` and all `curves` of a sweep as trials.parquet and curves.parquet into a folder, which is
        made; the second only where something was measured. Where rows or cols are named, `table` of them as
        table.parquet, too. Raises ImportError without pyarrow."""
        _require_pyarrow()
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.trials(sweep).to_parquet(folder / "trials.parquet", engine="pyarrow", index=False)
        measured = list(self.series(sweep)["metric"].unique())
        if measured:
            self.curves(sweep, measured).to_parquet(folder / "curves.parquet", engine="pyarrow", index=False)
        if as_list(rows) or as_list(cols):
            table = self.table(sweep, rows, cols, metrics=metrics, pool=pool)
            table.to_parquet(folder / "table.parquet", engine="pyarrow", index=False)


def _require_pyarrow() -> None:
    try:
        importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError("to_parquet needs pyarrow: pip install 'ofsweep[parquet]'") from error


def as_list(names: Names) -> Sequence[str]:
    return [names] if isinstance(names, str) else list(names)
