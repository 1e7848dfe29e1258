"""An arm: the keys that a sweep varies, the seed aside, each with its value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

Keys = dict[str, Any]
"""By dotted trial key, in the sweep's order. A key that means nothing in an arm, such as SOAP's refresh under Adam, is
missing there."""


def from_json(text: str) -> Keys:
    return {key: _scalar(value) for key, value in json.loads(text).items()} if text else {}


def from_text(text: str) -> Any:
    """A value as a user types it: a number, true or false where it reads as one, else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return _scalar(value) if isinstance(value, (bool, int, float)) else text


def names(arms: Iterable[Keys]) -> list[str]:
    """Every key that one of them has, in their order."""
    return list(dict.fromkeys(key for arm in arms for key in arm))


def column(values: Sequence[Any]) -> pd.Series[Any]:
    """Of one key in several arms, None where it is missing: whole numbers, numbers, booleans, or else texts."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return pd.Series(values, dtype="boolean")
    if present and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        is_whole = all(isinstance(value, int) for value in present)
        return pd.Series(values, dtype="Int64" if is_whole else "float64")
    return pd.Series([None if value is None else str(value) for value in values], dtype="string")


def _scalar(value: Any) -> Any:
    """Labels write 1.0 as 1, and a list as the items of a sweep file."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "[" + ", ".join(str(_scalar(item)) for item in value) + "]" if isinstance(value, list) else value
