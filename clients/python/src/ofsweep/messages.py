"""What the messages of the API say, in this package's own values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ofsweep import arms, curves, tables
from ofsweep.progress import Progress, RunningTrial
from ofsweep.submission import Submission
from ofsweep.sweep import TRIAL_STATES, Sweep
from ofsweep.v1 import results_pb2, sweep_pb2


def sweep(message: sweep_pb2.Sweep) -> Sweep:
    return Sweep(
        name=message.name,
        trials={state: getattr(message.trials, state) for state in TRIAL_STATES},
        file=message.file or None,
        spec_sha256=message.spec_sha256 or None,
        revision=message.revision or None,
        state=message.state,
        submitted_at=message.submitted_at.ToDatetime(tzinfo=datetime.timezone.utc),
        spec=message.spec or None,
        waiting_reason=message.waiting_reason or None,
        description=message.description,
        tags=tuple(message.tags),
        priority=message.priority,
        keep_checkpoints=message.keep_checkpoints,
        steps_done=_optional(message, "steps_done"),
        steps_total=_optional(message, "steps_total"),
        eta_seconds=_optional(message, "eta_seconds"),
    )


def submission(message: sweep_pb2.SubmitSweepResponse) -> Submission:
    return Submission(
        sweep(message.sweep),
        message.created,
        {one.sweep: one.trials for one in message.shared_with},
        {one.sweep: one.trials for one in message.anew_beside},
        message.added_trials,
    )


def progress(message: sweep_pb2.WatchSweepResponse) -> Progress:
    running = [
        RunningTrial(
            trial.trial_id,
            trial.label,
            trial.worker,
            trial.step,
            trial.target_steps,
            _optional(trial, "train_loss"),
            _optional(trial, "kurtosis_max"),
            _optional(trial, "steps_per_second"),
            trial.doing,
        )
        for trial in message.running
    ]
    return Progress(sweep(message.sweep), running)


def trial_row(trial: sweep_pb2.Trial) -> dict[str, Any]:
    """As the view `results` names it."""
    names = (
        "trial_id",
        "arm",
        "state",
        "attempts",
        "worker",
        "failure_class",
        "failure_message",
        "outcome_reason",
        "config_hash",
    )
    row = {name: getattr(trial, name) for name in names}
    row.update(trial.results)
    row["diverged_step"] = trial.diverged_step if trial.HasField("diverged_step") else None
    return row


def curve(message: results_pb2.Curve) -> curves.Curve:
    return curves.Curve(
        keys=arms.from_json(message.arm_keys),
        metric=message.metric,
        site=message.site or None,
        layer=message.layer if message.HasField("layer") else None,
        steps=np.asarray(message.steps),
        values=np.asarray(message.values),
        trial_id=message.trial_id,
        seed=int(message.seed),
        trials=message.trials,
        counts=message.counts,
        deviations=message.deviations,
    )


def differences(answer: results_pb2.GetAblationTableResponse) -> pd.DataFrame:
    """One row a cell and metric, as in tables.frame."""
    found = [
        statistic.difference if statistic.HasField("difference") else None
        for cell in answer.cells
        for statistic in cell.statistics
    ]
    columns: dict[str, Any] = {"pairs": pd.Series([one.pairs if one else None for one in found], dtype="Int64")}
    fields = {"difference": "mean", "low": "low", "high": "high", "p": "p", "adjusted_p": "adjusted_p"}
    for name, field in fields.items():
        values = [getattr(one, field) if one and one.HasField(field) else None for one in found]
        columns[name] = pd.Series(values, dtype="float64")
    return pd.DataFrame(columns)


def best_values(answer: results_pb2.GetAblationTableResponse) -> pd.Series[Any]:
    """One a cell and metric, as in tables.frame."""
    return arms.column(
        [
            arms.from_text(cell.best_value) if cell.HasField("best_value") else None
            for cell in answer.cells
            for _ in cell.statistics
        ]
    )


def cell(message: results_pb2.AblationCell, keys: Sequence[str]) -> tables.Cell:
    names = ("mean", "standard_deviation", "median", "geometric_mean")
    return tables.Cell(
        keys=dict(zip(keys, map(arms.from_text, [*message.row_values, *message.col_values]))),
        statistics=[
            tables.Statistic(statistic.count, **{name: _optional(statistic, name) for name in names})
            for statistic in message.statistics
        ],
        trials=message.trials,
        diverged=message.diverged,
        failed=message.failed,
        missing=message.missing,
        mixed=message.mixed,
    )


def _optional(message: Any, field: str) -> float | None:
    return getattr(message, field) if message.HasField(field) else None
