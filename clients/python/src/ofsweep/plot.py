"""Figures of the frames of Results, by matplotlib. Each function draws into `ax`, or a new figure's, and returns it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ofsweep.curves import Curve, band, mean_of

try:
    import matplotlib.pyplot as plt
    from matplotlib.colors import LogNorm
except ImportError as error:
    raise ImportError("ofsweep.plot needs matplotlib: pip install matplotlib") from error


def by_step(curves: pd.DataFrame, by: Sequence[str] | None = None, mean: str = "geometric", ax: Any = None) -> Any:
    """A metric by step: a line for each arm, the mean over its trials of the largest layer, in a band of one standard
    deviation.

    curves: of one metric and site, without group_by. by: the keys that tell the lines apart, all of the arm by default.
    mean: geometric, with a logarithmic axis, as befits kurtosis; arithmetic for losses.
    """
    ax = ax or plt.subplots()[1]
    metric = _only(curves, "metric")
    _only(curves, "site")
    points = curves.groupby(["trial_id", "step"], sort=False)["value"]
    largest = points.max().mask(points.count() < points.size())  # a layer that is NaN makes it NaN
    trials = curves.drop_duplicates("trial_id")
    for label, members in _arms(trials, by):
        of_trials = [largest[trial_id] for trial_id in members["trial_id"]]
        each = [Curve({}, metric, None, None, one.index.to_numpy(), one.to_numpy()) for one in of_trials]
        line = mean_of(each, mean)
        low, high = band(line.values, line.deviations, mean)
        (drawn,) = ax.plot(line.steps, line.values, label=label)
        ax.fill_between(line.steps, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)
    ax.set(xlabel="step", ylabel=metric, yscale="log" if mean == "geometric" else "linear")
    ax.legend()
    return ax


def layers_by_step(curves: pd.DataFrame, ax: Any = None) -> Any:
    """A map of layer by step, the geometric mean over the trials in the frame.

    curves: of one metric and site with layers, without group_by; filter it to one arm.
    """
    ax = ax or plt.subplots()[1]
    metric = _only(curves, "metric")
    _only(curves, "site")
    rows = []
    for layer, of_layer in curves.groupby("layer"):
        each = [
            Curve({}, metric, None, None, one["step"].to_numpy(), one["value"].to_numpy())
            for _, one in of_layer.groupby("trial_id")
        ]
        line = mean_of(each, "geometric")
        rows.append(pd.Series(line.values, index=line.steps, name=layer))
    grid = pd.concat(rows, axis=1).sort_index()
    drawn = ax.pcolormesh(
        grid.index.to_numpy(), grid.columns.to_numpy(int), grid.to_numpy().T, norm=LogNorm(), shading="nearest"
    )
    ax.figure.colorbar(drawn, ax=ax, label=metric)
    ax.set(xlabel="step", ylabel="layer")
    return ax


def loss_against_kurtosis(trials: pd.DataFrame, by: Sequence[str] | None = None, ax: Any = None) -> Any:
    """A point for each trial of the frame `trials` that is completed or has diverged: eval_loss against kurtosis_max,
    coloured by arm."""
    ax = ax or plt.subplots()[1]
    for label, members in _arms(trials[trials["state"].isin(["completed", "diverged"])], by):
        ax.scatter(members["kurtosis_max"], members["eval_loss"], label=label)
    ax.set(xlabel="kurtosis, largest block", ylabel="validation loss, nats a token", xscale="log")
    ax.legend()
    return ax


def _arms(trials: pd.DataFrame, by: Sequence[str] | None) -> list[Any]:
    """(label, its trials) in the order of their first trials."""
    keys = list(by) if by is not None else _key_columns(trials)
    if not keys:
        return [("all trials", trials)]
    groups = [members for _, members in trials.groupby(keys, sort=False, dropna=False)]
    return [(_label(members.iloc[0][keys].dropna()), members) for members in groups]


def _label(values: pd.Series[Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())


def _key_columns(frame: pd.DataFrame) -> list[str]:
    return [column for column in frame.columns if "." in column]


def _only(curves: pd.DataFrame, column: str) -> Any:
    values = curves[column].unique()
    if len(values) != 1:
        raise ValueError(f"the frame holds {len(values)} of {column} ({', '.join(map(str, values))}); filter it to one")
    return values[0]
