"""How a client shows a coordinator who calls, and knows that it is the right one (docs/access.md)."""

from __future__ import annotations

import collections
import dataclasses
import os
import pathlib
import stat
from collections.abc import Sequence
from typing import Any, Callable

import grpc

from ofsweep import errors

_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_USUAL_TOKEN = pathlib.Path("ofsweep-data") / "access-token"


@dataclasses.dataclass(frozen=True)
class Caller:
    """Files that are named, "" for those that are not."""

    token_file: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure: bool = False


def channel(address: str, caller: Caller, options: Sequence[tuple[str, Any]]) -> grpc.Channel:
    """With TLS where a file of it is named, and to other machines; the token is read here.

    Raises InvalidArgument for a file that cannot be used.
    """
    host, _, port = address.rpartition(":")
    is_here = host in _LOOPBACK
    authorities = caller.tls_ca or os.environ.get("OFSWEEP_TLS_CA", "")
    with_tls = bool(authorities or caller.tls_cert) or not (is_here or caller.insecure)
    token = _token(
        caller.token_file or os.environ.get("OFSWEEP_TOKEN_FILE", ""), int(port) if is_here else None, with_tls
    )
    if with_tls:
        plain = grpc.secure_channel(address, _credentials(caller, authorities), options)
    else:
        plain = grpc.insecure_channel(address, options)
    if not token or not (with_tls or is_here):
        return plain
    return grpc.intercept_channel(plain, _WithToken(token))


def _credentials(caller: Caller, authorities: str) -> grpc.ChannelCredentials:
    if bool(caller.tls_cert) != bool(caller.tls_key):
        raise errors.mistakes([errors.violation("tls_cert", "tls_cert and tls_key belong together", "give both")])
    return grpc.ssl_channel_credentials(
        root_certificates=_read(authorities, "tls_ca") if authorities else None,
        private_key=_read(caller.tls_key, "tls_key") if caller.tls_key else None,
        certificate_chain=_read(caller.tls_cert, "tls_cert") if caller.tls_cert else None,
    )


def _read(path: str, field: str) -> bytes:
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise errors.mistakes([errors.violation(field, f"{path} cannot be read: {error.strerror}")]) from None


def _token(named: str, local_port: int | None, with_tls: bool) -> str:
    if named:
        secret = _secret(named)
        if local_port is not None and not with_tls and not _listens_for(pathlib.Path(named), local_port):
            fix = "name the port of your own coordinator"
            raise errors.mistakes([errors.violation("token_file", f"another user listens on port {local_port}", fix)])
        return secret
    if local_port is None:
        return ""
    file = _noted(local_port)
    if file is None and _USUAL_TOKEN.exists():
        file = _USUAL_TOKEN
    # What this user may not read is somebody else's: the call says what is missing.
    if file is None or not os.access(file, os.R_OK) or not _listens_for(file, local_port):
        return ""
    return _secret(str(file))


def _secret(path: str) -> str:
    text = _read(path, "token_file").decode("ascii", "replace").strip()
    if pathlib.Path(path).stat().st_mode & stat.S_IRWXO:
        raise errors.mistakes(
            [errors.violation("token_file", f"{path} holds a secret, and everybody may use it", f"chmod 600 {path}")]
        )
    if not text:
        raise errors.mistakes([errors.violation("token_file", f"{path} is empty")])
    return text


def _noted(port: int) -> pathlib.Path | None:
    """Where a coordinator on that port of this machine has noted that its token lies."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = os.environ.get("HOME", "")
    if not state.startswith("/"):
        if not home.startswith("/"):
            return None
        state = f"{home}/.local/state"
    try:
        return pathlib.Path((pathlib.Path(state) / "ofsweep" / "coordinators" / str(port)).read_text().strip())
    except OSError:
        return None


def _listens_for(file: pathlib.Path, port: int) -> bool:
    """Whether nobody but the file's owner, or root, listens on that port: the token is for nobody else."""
    owner = file.stat().st_uid
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            listens = fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
            if listens and int(fields[7]) not in (0, owner):
                return False
    return True


class _Details(
    collections.namedtuple("_Details", ("method", "timeout", "metadata", "credentials", "wait_for_ready", "compression")),
    grpc.ClientCallDetails,  # type: ignore[misc]
):
    pass


class _WithToken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    """Adds the token to every call; an interceptor, because gRPC's call credentials want TLS."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def _add(self, details: Any) -> _Details:
        return _Details(
            details.method,
            details.timeout,
            [*(details.metadata or ()), self._header],
            details.credentials,
            details.wait_for_ready,
            details.compression,
        )

    def intercept_unary_unary(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:
        return continuation(self._add(client_call_details), request)

    def intercept_unary_stream(self, continuation: Callable[..., Any], client_call_details: Any, request: Any) -> Any:
        return continuation(self._add(client_call_details), request)
