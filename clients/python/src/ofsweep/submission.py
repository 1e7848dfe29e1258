"""A sweep as it is submitted, and what came of it."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

from google.protobuf import json_format

from ofsweep.errors import InvalidArgument, Violation
from ofsweep.sweep import Sweep
from ofsweep.v1 import sweep_pb2

Spec = Union[Mapping[str, Any], str, "os.PathLike[str]"]


class Fingerprint(NamedTuple):
    """What the caller found at a path of the sweep."""

    source: str
    """data.source (python, text, tokens), or safetensors for model.init_from."""
    path: str
    """Absolute; empty for the Python files of the workers' machines."""
    fingerprint: str
    """32 hexadecimal digits, as `ofsweep submit` computes it."""


@dataclasses.dataclass(frozen=True)
class Submission:
    sweep: Sweep
    created: bool
    """False when a sweep of this name and specification existed already."""
    shared_with: Mapping[str, int]
    """How many trials are shared, not trained again, by the oldest sweep that holds them."""
    anew_beside: Mapping[str, int]
    """How many trials are equal to one of that sweep but for what they read, which nobody has said; so they are trained
    anew."""
    added_trials: int = 0
    """By `update`, to those that the sweep had."""


def request_of(
    spec: Spec, fingerprints: Iterable[Fingerprint], replica: str, validate_only: bool
) -> sweep_pb2.SubmitSweepRequest:
    request = sweep_pb2.SubmitSweepRequest(replica=replica, validate_only=validate_only)
    for one in fingerprints:
        request.fingerprints.add(source=one.source, path=one.path, fingerprint=one.fingerprint)
    if isinstance(spec, Mapping):
        try:
            json_format.ParseDict(_plain(spec), request.spec)
        except json_format.ParseError as error:
            raise InvalidArgument("the sweep cannot be sent", [Violation("spec", str(error))]) from None
    elif isinstance(spec, str) and "\n" in spec:
        request.yaml.text = spec
    else:
        path = pathlib.Path(spec).absolute()
        try:
            request.yaml.text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidArgument(f"{path}: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise InvalidArgument(f"{path}: byte {error.start} is no UTF-8; save the file as UTF-8") from None
        request.yaml.file_name = str(path)
    return request


def _plain(spec: Mapping[str, Any]) -> Any:
    """With lists in the place of tuples, ranges and numpy's arrays, and numbers in the place of numpy's."""
    return json.loads(
        json.dumps(dict(spec), default=lambda value: value.tolist() if hasattr(value, "tolist") else list(value))
    )
