"""What is known of a sweep beside its trials."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Mapping, Optional

TRIAL_STATES = ("pending", "running", "completed", "diverged", "failed", "cancelled", "pruned")


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A sweep; what the views of a database do not hold is None there."""

    name: str
    trials: Mapping[str, int]
    """How many trials are in each of TRIAL_STATES."""
    file: Optional[str] = None
    """The submitted file; None for a dict."""
    spec_sha256: Optional[str] = None
    revision: Optional[str] = None
    """Of the coordinator that took it."""
    state: Optional[str] = None
    """active, paused, cancelled or finished."""
    submitted_at: Optional[datetime.datetime] = None
    """UTC."""
    spec: Optional[str] = None
    """As it was submitted: YAML, or JSON of a dict."""
    waiting_reason: Optional[str] = None
    """Why no more trials are running, in words; None where nothing waits."""
