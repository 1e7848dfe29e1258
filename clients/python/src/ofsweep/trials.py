"""The frame of a sweep's trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ofsweep import arms

# Numeric columns of the view `results` that tell what a trial came to (docs/trial-metrics.md).
MEASURED = (
    "tokens",
    "train_loss",
    "eval_loss",
    "eval_perplexity",
    "int8_perplexity",
    "w8a5_perplexity",
    "w8a4_perplexity",
    "w4a4_perplexity",
    "kurtosis_mean",
    "kurtosis_max",
    "kurtosis_peak",
    "mmr_max",
    "wall_seconds",
)
WHOLE_NUMBERS = ("attempts", "steps", "diverged_step")
TEXTS = ("worker", "failure_class", "failure_message", "outcome_reason", "config_hash")


def frame(rows: Sequence[Mapping[str, Any]], keys: Sequence[arms.Keys]) -> pd.DataFrame:
    """One row a trial, from a row of `results` and the keys of its arm. Columns: see Results.trials."""

    def column(name: str, dtype: str) -> pd.Series[Any]:
        values = [row.get(name) for row in rows]
        return pd.Series([None if value == "" else value for value in values], dtype=dtype)

    columns: dict[str, Any] = {name: column(name, "string") for name in ("trial_id", "arm")}
    for key in arms.names(keys):
        columns[key] = arms.column([arm.get(key) for arm in keys])
    columns["seed"] = column("seed", "Int64")
    columns["state"] = column("state", "string")
    columns.update({name: column(name, "Int64") for name in WHOLE_NUMBERS})
    columns.update({name: column(name, "float64") for name in MEASURED})
    columns.update({name: column(name, "string") for name in TEXTS})
    return pd.DataFrame(columns)
