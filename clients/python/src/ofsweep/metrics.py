"""The metrics and sites that there are, and the columns that a table takes: as experiment/metric_table.h and
metric_column.h have them, which the tests compare. A database tells only what was measured in it."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Optional, Tuple

from ofsweep.errors import Violation, violation
from ofsweep.nearest import did_you_mean

_MODEL, _RESIDUAL, _ATTENTION = "model", "residual", "attention"


class Site(NamedTuple):
    place: str
    has_layers: bool


SITES = {
    "embedding": Site(_RESIDUAL, False),
    "block": Site(_RESIDUAL, True),
    "residual": Site(_RESIDUAL, True),
    "final_norm": Site(_RESIDUAL, False),
    "attention": Site(_ATTENTION, True),
}

METRICS = {
    **dict.fromkeys(("train_loss", "eval_loss", "eval_perplexity", "{bits}_loss", "{bits}_perplexity"), _MODEL),
    **dict.fromkeys(("gradient_norm", "learning_rate", "tokens_per_second", "tokens", "seconds"), _MODEL),
    **dict.fromkeys(("kurtosis", "kurtosis_centred", "mmr", "mmr_left_out", "rms", "max_abs"), _RESIDUAL),
    **dict.fromkeys(("feature_corr_rms", "token_corr_mean", "token_corr_rms"), _RESIDUAL),
    **dict.fromkeys(("massive_activations", "delta_m2", "delta_m4_second"), _RESIDUAL),
    **dict.fromkeys(("attention_entropy", "sink_rate"), _ATTENTION),
}
"""Where each is measured."""

ROUNDED = tuple(f"{bits}_perplexity" for bits in ("int8", "w8a5", "w8a4", "w4a4"))
DELTAS = {f"{metric}_delta": metric for metric in ROUNDED}
"""What rounding costs: the perplexity after it less eval_perplexity of the same step."""

RESULT_NUMBERS = {
    **{name: name for name in ("train_loss", "eval_loss", "eval_perplexity", *ROUNDED)},
    **DELTAS,
    **dict.fromkeys(("kurtosis_mean", "kurtosis_max", "kurtosis_peak"), "kurtosis"),
    "mmr_max": "mmr",
    **dict.fromkeys(("steps", "tokens", "wall_seconds", "attempts"), ""),
}
"""One number a trial: by name, the metric that it is made of; "" for none."""

_NUMBER_OF_BITS = r"(?:[2-9]|1[0-6]|32)"
_ROUNDING = re.compile(rf"(?:int8|w{_NUMBER_OF_BITS}a{_NUMBER_OF_BITS})_(loss|perplexity)")


@dataclasses.dataclass(frozen=True)
class Column:
    """METRIC[@SITE[.LAYER]][:last|:max]: what one metric came to at one place of the model."""

    metric: str
    site: str | None = None
    layer: int | None = None
    over_layers: str = ""
    """max, mean, or empty where it is of one series."""
    over_steps: str = "last"
    """Or max, which leaves NaN out."""


Point = Tuple[Optional[int], int, float]
"""Layer, step and value."""


def check_curves(metrics: Sequence[str], sites: Sequence[str]) -> Iterator[Violation]:
    """One for each metric and site of `curves` that there is not, and for each site where none of them is measured."""
    for name in metrics:
        if _place_of(name) is None:
            yield _no_curve(name)
    for name in sites:
        if name not in SITES:
            fix = did_you_mean(name, SITES, f"they are {', '.join(SITES)}")
            yield violation("sites", f'there is no site "{name}"', fix)
        elif all(_place_of(metric) not in (None, SITES[name].place) for metric in metrics):
            verb = "is" if len(metrics) == 1 else "are"
            fix = "`ofsweep spec --metrics` says where each metric is"
            yield violation("sites", f"{', '.join(metrics)} {verb} not measured at {name}", fix)


def parse(text: str) -> Column:
    """Raises ValueError, which says how to mend it."""
    rest, has_steps, over_steps = _split(text, ":")
    if has_steps and over_steps not in ("last", "max"):
        raise ValueError(f'cannot take "{over_steps}" over the steps; write :last or :max')
    metric, has_place, written = _split(rest, "@")
    place = _place_of(metric)
    if place is None and metric in RESULT_NUMBERS:
        taken = text[len(metric) :]
        raise ValueError(f"{metric} is a column of `results`, which takes no {taken}: write {metric}")
    if place is None:
        fix = did_you_mean(metric, [*RESULT_NUMBERS, *METRICS], "`ofsweep spec --metrics` lists them")
        raise ValueError(f'there is no metric "{metric}"; {fix}')
    if place == _MODEL and has_place:
        raise ValueError(f"{metric} is of the whole model; write it without @{written}")
    if place == _MODEL:
        return Column(metric, over_steps=over_steps or "last")
    return dataclasses.replace(_place(metric, place, written), over_steps=over_steps or "last")


def came_to(points: Sequence[Point], column: Column) -> float:
    """The number of a trial that has these points, at least one, of the column's metric at its place."""
    if column.over_steps == "last":
        newest = max(step for _, step, _ in points)
        values = [value for _, step, value in points if step == newest]
        return _mean(values) if column.over_layers == "mean" else _max_or_nan(values)
    groups: dict[int | None, list[float]] = {}
    for layer, step, value in points:
        groups.setdefault(step if column.over_layers == "mean" else layer, []).append(value)
    if column.over_layers == "mean":
        return _largest([_mean(of_step) for of_step in groups.values()])
    return _max_or_nan([_largest(of_layer) for of_layer in groups.values()])


def _place_of(metric: str) -> str | None:
    """None for an unknown one."""
    rounded = _ROUNDING.fullmatch(metric)
    return METRICS.get(f"{{bits}}_{rounded[1]}" if rounded else "" if metric.startswith("{") else metric)


def _no_curve(name: str) -> Violation:
    if name in RESULT_NUMBERS:
        metric = RESULT_NUMBERS[name]
        fix = f"its curves are those of {metric}" if metric else "`ofsweep table --metrics` shows it"
        return violation("metrics", f"{name} is one number a trial, without a curve", fix)
    metric = re.split("[@:]", name)[0]
    if metric != name and _place_of(metric) is not None:
        try:
            column = parse(name)
            places = [("metric", column.metric), ("site", column.site), ("layer", column.layer)]
            fix = "ask for " + ", ".join(f"{what} {value}" for what, value in places if value is not None)
        except ValueError:
            fix = f"ask for metric {metric}, with site and layer where it has them"
        return violation("metrics", f'"{name}" is a column of a table', fix)
    fix = did_you_mean(metric, METRICS, "`ofsweep spec --metrics` lists them")
    return violation("metrics", f'there is no metric "{metric}"', fix)


def _place(metric: str, place: str, written: str) -> Column:
    """What stands behind the @ of a metric that has sites."""
    name, has_layer, layer = _split(written, ".")
    site = SITES.get(name)
    if site is None or site.place != place or site.has_layers != bool(has_layer):
        ways = [
            f"{metric}@{way}" + (".0 (.1, …, .max, .mean)" if known.has_layers else "")
            for way, known in SITES.items()
            if known.place == place
        ]
        raise ValueError(f"{metric} is measured at several places: write {', '.join(ways)}")
    if not has_layer:
        return Column(metric, name)
    if layer in ("max", "mean"):
        return Column(metric, name, over_layers=layer)
    if not (layer.isascii() and layer.isdigit()):
        raise ValueError(f'there is no layer "{layer}"; write a number from 0, max or mean')
    return Column(metric, name, int(layer))


def _split(text: str, mark: str) -> tuple[str, str, str]:
    """At the last mark; all of a text without one is before it."""
    before, found, behind = text.rpartition(mark)
    return (before, found, behind) if found else (text, "", "")


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _max_or_nan(values: Sequence[float]) -> float:
    return math.nan if any(map(math.isnan, values)) else max(values)


def _largest(values: Sequence[float]) -> float:
    """NaN only where there is nothing else."""
    return max((value for value in values if not math.isnan(value)), default=math.nan)
