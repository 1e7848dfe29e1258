"""ofsweep from Python: submit sweeps, watch them, and read what they measured as pandas frames.

`connect` speaks to a coordinator, `open` reads a data folder without one; both give Results. `ofsweep.measure` takes
the same statistics of any torch module, `ofsweep.plot` draws the frames. Both are imported by name, because they need
torch and matplotlib.
"""

from __future__ import annotations

import os

from ofsweep.caller import Caller as _Caller
from ofsweep.client import Client
from ofsweep.curves import CurveWarning
from ofsweep.database import Database
from ofsweep.errors import (
    AlreadyExists,
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    Violation,
)
from ofsweep.progress import Progress, RunningTrial
from ofsweep.results import Results
from ofsweep.submission import Fingerprint, Submission
from ofsweep.sweep import TRIAL_STATES, Sweep
from ofsweep.tables import TableWarning

__all__ = [
    "TRIAL_STATES",
    "AlreadyExists",
    "Client",
    "CurveWarning",
    "Database",
    "DeadlineExceeded",
    "Error",
    "FailedPrecondition",
    "Fingerprint",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "Progress",
    "ResourceExhausted",
    "Results",
    "RunningTrial",
    "Submission",
    "Sweep",
    "TableWarning",
    "Unauthenticated",
    "Unavailable",
    "Violation",
    "connect",
    "open",
]


def connect(
    address: str = "127.0.0.1:7070",
    *,
    token_file: str | os.PathLike[str] = "",
    tls_ca: str | os.PathLike[str] = "",
    tls_cert: str | os.PathLike[str] = "",
    tls_key: str | os.PathLike[str] = "",
    insecure: bool = False,
    timeout: float = 30.0,
) -> Client:
    """The coordinator at HOST:PORT. Nothing is sent before the first call, which raises Unavailable where nobody
    answers, and Unauthenticated or PermissionDenied where it does not let this caller do that. Raises TypeError and
    InvalidArgument at once for what is no HOST:PORT, and for a file that cannot be used.

    token_file: holds your token; without it the environment's OFSWEEP_TOKEN_FILE, else on this machine the token of
    your own coordinator. tls_ca: PEM of who signs the coordinator's certificate; without it the environment's
    OFSWEEP_TLS_CA, else whom grpcio trusts. tls_cert, tls_key: PEM of your own certificate, in place of a token.
    insecure: call another machine without TLS or a token, a coordinator that was started with --insecure.
    timeout: seconds that a call may take; `watch`, `progress` and `curves`, which stream, have none.
    """
    caller = _Caller(os.fspath(token_file), os.fspath(tls_ca), os.fspath(tls_cert), os.fspath(tls_key), insecure)
    return Client(address, caller, timeout)


def open(path: str | os.PathLike[str]) -> Database:
    """A data folder ("ofsweep-data") or a database file, also one that `ofsweep db backup` has made; nothing is ever
    written to it.

    Raises NotFound where there is none, FailedPrecondition where it is no database of ofsweep, one of another version,
    or damaged, and Unavailable where another program holds it locked.
    """
    return Database(path)
