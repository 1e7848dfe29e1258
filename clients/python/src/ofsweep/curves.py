"""Curves of trials and of groups of trials, as both doors read them, and the frames that they make."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Sequence
from typing import Any, Union

import numpy as np
import numpy.typing as npt
import pandas as pd

from ofsweep import arms

_Array = npt.NDArray[Any]
_Numbers = Union[_Array, Sequence[float]]


@dataclasses.dataclass
class Curve:
    """Of a trial, or the mean of a group: then with `trials`, `counts` and `deviations`, and keys that are those of the
    group."""

    keys: arms.Keys
    metric: str
    site: str | None
    layer: int | None
    steps: _Array
    """Ascending, as long as `values`."""
    values: _Array
    trial_id: str = ""
    seed: int = 0
    trials: int = 0
    """Of the group, that have such a curve."""
    counts: _Numbers = ()
    """How many of them have a value at each step."""
    deviations: _Numbers = ()
    """Their sample standard deviation there, of a geometric mean the factor; NaN for fewer than 2."""


def mean_of(curves: Sequence[Curve], kind: str) -> Curve:
    """Of curves of one metric, site and layer, over those that have a value at a step; `kind` arithmetic or geometric.
    A step counts where all have one that begin before it and end behind it: the last step of a curve that diverged,
    between two measurements of the others, is no mean of the group.

    A NaN makes the mean of its step NaN and an infinite value infinite, neither with a deviation. A geometric mean is
    NaN at a step where a value is not positive.
    """
    steps, place = np.unique(np.concatenate([curve.steps for curve in curves]), return_inverse=True)
    values = np.concatenate([curve.values for curve in curves])
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "geometric":
            values = np.log(np.where(values > 0, values, np.nan))
        counts = np.bincount(place)
        begun = np.searchsorted(np.sort([curve.steps[0] for curve in curves]), steps, side="right")
        ended = np.searchsorted(np.sort([curve.steps[-1] for curve in curves]), steps, side="left")
        is_whole = counts >= begun - ended
        means = np.bincount(place, weights=values) / counts
        squares = np.bincount(place, weights=(values - means[place]) ** 2)
        has_deviation = (counts > 1) & ~np.isinf(squares)  # squares of values beyond 1e154 are infinite
        deviations = np.where(has_deviation, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan)
        if kind == "geometric":
            means, deviations = np.exp(means), np.exp(deviations)
    return dataclasses.replace(
        curves[0],
        steps=steps[is_whole],
        values=means[is_whole],
        trial_id="",
        seed=0,
        trials=len(curves),
        counts=counts[is_whole],
        deviations=deviations[is_whole],
    )


class CurveWarning(UserWarning):
    """A metric of which no trial has a curve: none has measured it, or none has begun."""


def warn(asked: Sequence[str], found: Sequence[Curve], sweep: str) -> None:
    """To whoever called the door's method, which calls this."""
    for metric in sorted(set(asked) - {curve.metric for curve in found}):
        text = f"no trial of sweep {sweep} that was asked for has a curve of {metric!r}; series() lists what there is"
        warnings.warn(text, CurveWarning, stacklevel=3)


def frame(curves: Sequence[Curve], key_columns: Sequence[str], is_grouped: bool, kind: str) -> pd.DataFrame:
    """One row a point. Columns: see Results.curves."""
    lengths = [len(curve.steps) for curve in curves]

    def repeated(of_each: list[Any], dtype: str) -> pd.Series[Any]:
        return pd.Series(of_each, dtype=dtype).repeat(lengths).reset_index(drop=True)

    def joined(of_each: list[Any], dtype: str) -> pd.Series[Any]:
        return pd.Series(np.concatenate([np.asarray(part, dtype) for part in of_each] or [np.empty(0, dtype)]))

    columns: dict[str, Any] = {}
    if not is_grouped:
        columns["trial_id"] = repeated([curve.trial_id for curve in curves], "string")
    for key in key_columns:
        columns[key] = arms.column([curve.keys.get(key) for curve in curves]).repeat(lengths).reset_index(drop=True)
    if not is_grouped:
        columns["seed"] = repeated([curve.seed for curve in curves], "Int64")
    columns["metric"] = repeated([curve.metric for curve in curves], "string")
    columns["site"] = repeated([curve.site for curve in curves], "string")
    columns["layer"] = repeated([curve.layer for curve in curves], "Int64")
    columns["step"] = joined([curve.steps for curve in curves], "int64")
    columns["value"] = joined([curve.values for curve in curves], "float64")
    if is_grouped:
        columns["deviation"] = joined([curve.deviations for curve in curves], "float64")
        columns["low"], columns["high"] = band(columns["value"], columns["deviation"], kind)
        columns["count"] = joined([curve.counts for curve in curves], "int64")
        columns["trials"] = repeated([curve.trials for curve in curves], "int64")
    return pd.DataFrame(columns)


def band(values: Any, deviations: Any, kind: str) -> tuple[Any, Any]:
    """One deviation below and above a mean."""
    if kind == "geometric":
        return values / deviations, values * deviations
    return values - deviations, values + deviations


def series_frame(series: Sequence[tuple[str, str | None, int | None]]) -> pd.DataFrame:
    """Of (metric, site, layer), by name and from the first layer on. Columns: see Results.series."""
    ordered = sorted(series, key=lambda one: (one[0], one[1] or "", -1 if one[2] is None else one[2]))
    columns = list(zip(*ordered)) or [(), (), ()]
    dtypes = {"metric": "string", "site": "string", "layer": "Int64"}
    return pd.DataFrame(
        {name: pd.Series(column, dtype=dtype) for (name, dtype), column in zip(dtypes.items(), columns)}
    )
