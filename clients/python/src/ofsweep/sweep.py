"""What is known of a sweep beside its trials."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

TRIAL_STATES = ("pending", "running", "completed", "diverged", "failed", "cancelled", "pruned")


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A sweep; what the views of a database do not hold is None there."""

    name: str
    trials: Mapping[str, int]
    """How many trials are in each of TRIAL_STATES."""
    file: str | None = None
    """The submitted file; None for a dict."""
    spec_sha256: str | None = None
    revision: str | None = None
    """Of the coordinator that took it."""
    state: str | None = None
    """active, paused, cancelled or finished."""
    submitted_at: datetime.datetime | None = None
    """UTC."""
    spec: str | None = None
    """As it was submitted: YAML, or JSON of a dict."""
    waiting_reason: str | None = None
    """Why no more trials are running, in words; None where nothing waits."""
    description: str = ""
    tags: tuple[str, ...] = ()
    priority: int = 0
    """Trials of a sweep with a higher one begin first."""
    keep_checkpoints: str = "last"
    """Which checkpoints workers keep of its trials: none, last or all."""
    steps_done: float | None = None
    """Updates done over all trials, and wanted; None from a database, and of a sweep that is only validated."""
    steps_total: float | None = None
    eta_seconds: float | None = None
    """Of the whole sweep at the present speed; None where steps_done is, and while none can be told."""
