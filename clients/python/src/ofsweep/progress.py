"""How far a sweep is, and a bar that shows it."""

from __future__ import annotations

import dataclasses
import datetime
import sys
from collections.abc import Sequence
from typing import Any

from ofsweep.sweep import Sweep

_FINAL = ("completed", "diverged", "failed", "cancelled", "pruned")


@dataclasses.dataclass(frozen=True)
class RunningTrial:
    trial_id: str
    label: str
    worker: str
    step: int
    target_steps: int
    train_loss: float | None
    """Nats a token, the newest; None, as the others, before the first measurement."""
    kurtosis_max: float | None
    """The largest over the blocks at the last measured step."""
    steps_per_second: float | None
    doing: str = ""
    """What its trainer does before its first points, such as preparing data: the newest line of its log. Empty from
    then on."""


@dataclasses.dataclass(frozen=True)
class Progress:
    sweep: Sweep
    """Without its spec; with steps_done, steps_total and, once it can be told, eta_seconds."""
    running: Sequence[RunningTrial]
    """In the sweep's order."""

    def __str__(self) -> str:
        trials = self.sweep.trials
        told = [f"{sum(trials[state] for state in _FINAL)}/{sum(trials.values())} trials"]
        told += [f"{trials[state]} {state}" for state in ("running", "diverged", "failed") if trials[state]]
        kurtosis = [trial.kurtosis_max for trial in self.running if trial.kurtosis_max is not None]
        if kurtosis:
            told.append(f"kurtosis up to {max(kurtosis):.4g}")
        told += [trial.doing for trial in self.running if trial.doing][:1]
        if self.sweep.waiting_reason and not self.running:
            told.append(self.sweep.waiting_reason)
        return ", ".join(told)


class Bar:
    """Shows progress on standard error: tqdm's bar where it is installed, else a line whenever the text has changed."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._line = ""
        try:
            from tqdm.auto import tqdm

            self._tqdm: Any = tqdm
        except ImportError:
            self._tqdm = None

    def show(self, progress: Progress) -> None:
        if self._tqdm is None:
            self._show_line(progress)
            return
        if self._bar is None:
            self._bar = self._tqdm(desc=progress.sweep.name, unit="step", unit_scale=True)
        self._bar.total = progress.sweep.steps_total
        self._bar.n = progress.sweep.steps_done
        self._bar.set_postfix_str(str(progress))

    def _show_line(self, progress: Progress) -> None:
        if str(progress) == self._line:
            return
        self._line = str(progress)
        eta = progress.sweep.eta_seconds
        left = "" if eta is None else f", {datetime.timedelta(seconds=round(eta))} left"
        print(f"{progress.sweep.name}: {self._line}{left}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
