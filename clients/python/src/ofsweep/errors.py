"""What can go wrong, by the codes of the API (proto/ofsweep/v1/sweep.proto)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import grpc
from google.rpc import error_details_pb2, status_pb2


class Violation(NamedTuple):
    """One mistake of a request."""

    field: str
    """The dotted trial key, or the field of the request."""
    description: str
    """What is wrong and how to mend it."""


def violation(field: str, message: str, fix: str = "") -> Violation:
    """As a coordinator words it."""
    return Violation(field, f"{field}: {message}" + (f"; {fix}" if fix else ""))


class Error(Exception):
    """Base of all that this package raises of its own.

    code: the gRPC status in capitals, "NOT_FOUND". violations: the mistakes of an INVALID_ARGUMENT, one each; `str`
    names them all.
    """

    code = "UNKNOWN"

    def __init__(self, message: str, violations: Sequence[Violation] = (), code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.violations: tuple[Violation, ...] = tuple(violations)
        self.code = code or self.code

    def __str__(self) -> str:
        return "\n".join(
            [self.message] + [one.description for one in self.violations if one.description not in self.message]
        )


class InvalidArgument(Error, ValueError):
    """The request is wrong; `violations` tell how to mend it."""

    code = "INVALID_ARGUMENT"


class NotFound(Error, LookupError):
    """There is no sweep, trial or database of that name."""

    code = "NOT_FOUND"


class AlreadyExists(Error):
    """A sweep of that name exists with another specification."""

    code = "ALREADY_EXISTS"


class FailedPrecondition(Error):
    """The state of the sweep, or the format of the database, does not allow it."""

    code = "FAILED_PRECONDITION"


class ResourceExhausted(Error):
    """Too many trials, a message over the size limit, or more streams than are served at once."""

    code = "RESOURCE_EXHAUSTED"


class Unavailable(Error, ConnectionError):
    """No coordinator answers, or it is starting or stopping: try again."""

    code = "UNAVAILABLE"


class DeadlineExceeded(Error, TimeoutError):
    """There was no answer within the client's timeout; whether the call was carried out is not known."""

    code = "DEADLINE_EXCEEDED"


class Unauthenticated(Error, PermissionError):
    """The coordinator wants to know who calls, or does not know the token."""

    code = "UNAUTHENTICATED"


class PermissionDenied(Error, PermissionError):
    """The caller's role does not allow it, or the sweep is somebody else's."""

    code = "PERMISSION_DENIED"


class Internal(Error):
    """Storage failed, on a full disk say; nothing was changed."""

    code = "INTERNAL"


_BY_CODE: dict[str, type[Error]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        ResourceExhausted,
        Unavailable,
        DeadlineExceeded,
        Unauthenticated,
        PermissionDenied,
        Internal,
    )
}


def mistakes(found: Sequence[Violation]) -> InvalidArgument:
    """At least one."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return InvalidArgument(found[0].description + more, found)


def from_rpc(error: grpc.RpcError, address: str) -> Error:
    """The error of a call to a coordinator that failed, with what it said."""
    code = error.code().name
    message = error.details() or code
    if code == Unavailable.code:
        start = f"start it with `ofsweep coordinator --grpc {address}`"
        message = f"cannot reach the coordinator at {address}: is it running? If not, {start} ({message})"
    return _BY_CODE.get(code, Error)(message, _violations(error), code)


def _violations(error: grpc.RpcError) -> Sequence[Violation]:
    found = []
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            request = error_details_pb2.BadRequest()
            if detail.Unpack(request):
                found += [Violation(one.field, one.description) for one in request.field_violations]
    return found
