"""The name that a user may have meant, found as a coordinator finds it (experiment/edit_distance.h)."""

from __future__ import annotations

from collections.abc import Iterable

_TOO_FAR = 1 << 30


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """ "did you mean NEAREST?", or where none is near, what else helps."""
    distances = [(_distance(name, candidate), candidate) for candidate in known]
    distance, nearest = min(distances, key=lambda one: one[0], default=(_TOO_FAR, ""))
    return otherwise if distance == _TOO_FAR else f"did you mean {nearest}?"


def _distance(typed: str, meant: str) -> int:
    """Of equal parts behind the last dot, those of the same section are nearer."""
    typed_section, _, typed_part = typed.rpartition(".")
    section, _, part = meant.rpartition(".")
    of_part = _typo(typed_part, part)
    if typed_section == section:
        return of_part
    return min(_typo(typed, meant), of_part if of_part == _TOO_FAR else of_part + 1)


def _typo(typed: str, meant: str) -> int:
    """Their edit distance, _TOO_FAR where a third of `typed` and more would be another."""
    allowed = 1 if len(typed) < 4 else max(2, len(typed) // 3)
    distance = _edit_distance(typed, meant)
    return distance if distance <= allowed else _TOO_FAR


def _edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (letter != other))
    return row[-1]
