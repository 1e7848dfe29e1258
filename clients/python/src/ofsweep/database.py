"""The door to a database file, through the views of docs/sql.md; no server is needed."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import math
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ofsweep import arms, curves, logs, metrics, tables, trials
from ofsweep.database_file import Query, check_origin, snapshot
from ofsweep.errors import NotFound, Violation, mistakes, violation
from ofsweep.nearest import did_you_mean
from ofsweep.results import SERIES_TRIALS, Names, Results, as_list
from ofsweep.sweep import TRIAL_STATES, Sweep

_APPLICATION_ID = 0x4F465357  # "OFSW", as storage/schema.h has it
_SCHEMA_VERSION = 10
_FILE_NAME = "ofsweep.db"
_LAST_STEP = 2**32 - 1


class Database(Results):
    """Of one database file, made by `ofsweep.open`; opens it for each call, read-only, so that it may be replaced by a
    newer copy in between.

    Each call sees one state of the database, while a coordinator writes too. What the views do not hold is None in a
    Sweep: state, submitted_at, spec, waiting_reason, and of a sweep without an attempt file, spec_sha256 and revision.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path).absolute()
        if self.path.is_dir():
            self.path /= _FILE_NAME
        if not self.path.is_file():
            raise NotFound(f"there is no {self.path}; name a data folder of ofsweep, or its {_FILE_NAME}")
        check_origin(self.path, _APPLICATION_ID, _SCHEMA_VERSION, "database")
        with self._snapshot() as query:
            query("SELECT outcome_reason FROM results LIMIT 0")

    def sweep(self, name: str) -> Sweep:
        with self._snapshot() as query:
            return self._sweep(query, name)

    def _all_sweeps(self) -> Sequence[Sweep]:
        with self._snapshot() as query:
            return [self._sweep(query, name) for (name,) in query("SELECT DISTINCT sweep FROM results")]

    def _sweep(self, query: Query, name: str) -> Sweep:
        counts = dict(query("SELECT state, count(*) FROM results WHERE sweep = ? GROUP BY state", name))
        if not counts:
            raise _no_sweep(name)
        origin = query("SELECT file, spec_sha256, coordinator_revision FROM provenance WHERE sweep = ? LIMIT 1", name)
        file, spec_sha256, revision = origin[0] if origin else (None, None, None)
        attributes = "SELECT description, tags, priority, keep_checkpoints FROM sweep_attributes WHERE sweep = ?"
        description, tags, priority, keep_checkpoints = query(attributes, name)[0]
        return Sweep(
            name,
            {state: counts.get(state, 0) for state in TRIAL_STATES},
            file,
            spec_sha256,
            revision,
            description=description,
            tags=tuple(json.loads(tags)),
            priority=priority,
            keep_checkpoints=keep_checkpoints,
        )

    def trials(self, sweep: str) -> pd.DataFrame:
        with self._snapshot() as query:
            rows = _results(query, sweep)
            keys = _keys_by_arm(query, sweep)
        return trials.frame(rows, [keys[row["arm"]] for row in rows])

    def series(self, sweep: str) -> pd.DataFrame:
        with self._snapshot() as query:
            found: set[tuple[str, str | None, int | None]] = set()
            looked_at = 0
            for row in _results(query, sweep):
                of_trial = query("SELECT DISTINCT metric, site, layer FROM curves WHERE trial_id = ?", row["trial_id"])
                found.update((metric, site, layer) for metric, site, layer in of_trial)
                looked_at += bool(of_trial)
                if looked_at == SERIES_TRIALS:
                    break
        return curves.series_frame(list(found))

    def curves(
        self,
        sweep: str,
        metrics: Names,
        *,
        sites: Names = (),
        layers: Sequence[int] = (),
        trial_ids: Names = (),
        group_by: Names = (),
        mean: str = "arithmetic",
        first_step: int = 0,
        last_step: int | None = None,
    ) -> pd.DataFrame:
        group_by, trial_ids = as_list(group_by), as_list(trial_ids)
        wrong = _wrong_curves(as_list(metrics), as_list(sites), mean)
        wanted = _Wanted(
            {"metric": as_list(metrics), "site": as_list(sites), "layer": list(layers)}, first_step, last_step
        )
        found: list[curves.Curve] = []
        with self._snapshot() as query:
            rows = _results(query, sweep)
            wrong += _unknown_keys(_known_keys(query, rows), group_by, "group_by")
            if wrong:
                raise mistakes(wrong)
            keys = _keys_by_arm(query, sweep)
            for missing in set(trial_ids) - {row["trial_id"] for row in rows}:
                raise NotFound(f"sweep {sweep} has no trial {missing!r}")
            rows = [row for row in rows if not trial_ids or row["trial_id"] in trial_ids]
            for row in rows:
                found += wanted.read(query, row, keys[row["arm"]])
        of_trials = ({**keys[row["arm"]], "seed": row["seed"]} for row in rows)
        curves.warn(as_list(metrics), found, sweep, curves.pooled(of_trials, group_by) if group_by else [])
        if not group_by:
            return curves.frame(found, arms.names(curve.keys for curve in found), False, mean)
        return curves.frame(_means(found, group_by, mean), group_by, True, mean)

    def table(
        self,
        sweep: Names,
        rows: Names,
        cols: Names = (),
        *,
        metrics: Names = (),
        pool: Names = (),
        drop_diverged: bool = False,
        baseline: Mapping[str, Any] | None = None,
        best: str = "",
    ) -> pd.DataFrame:
        """As `Results.table`, without baseline and best; rows, cols and pool name keys in which the trials differ. Of
        several sweeps a key that a trial's own sweep does not vary has the trial's value, even where it means
        nothing."""
        self._refuse_comparison(baseline, best)
        rows, cols, pool = as_list(rows), as_list(cols), as_list(pool)
        keys = [*rows, *cols]
        with self._snapshot() as query:
            sweeps = [_SweepRows.read(query, name) for name in dict.fromkeys(as_list(sweep))]
            if not sweeps:
                raise mistakes([violation("sweep", "no sweep is named", "name at least one")])
            is_one = len(sweeps) == 1
            known = [*_known_keys(query, sweeps[0].results), *([] if is_one else [tables.SWEEP])]
            axes = (("rows", rows), ("cols", cols), ("pool", pool))
            wrong = [one for field, named in axes for one in _unknown_keys(known, named, field)]
            wrong += [*_twice(rows, "rows"), *([] if wrong or _twice(rows, "rows") else _twice(keys, "cols"))]
            wrong += [*_twice(as_list(metrics), "metrics"), *_wrong_metrics(as_list(metrics))]
            if wrong:
                raise mistakes(wrong)
            differing = [*arms.names(sweeps[0].keys.values()), "seed"] if is_one else _differing_keys(query, sweeps)
            for key in keys:
                if key not in differing:
                    names = ", ".join(of_one.name for of_one in sweeps)
                    verb = "does not vary" if is_one else "do not differ in"
                    field, fix = "rows" if key in rows else "cols", f"there are {', '.join(differing)}"
                    raise mistakes([violation(field, f"{names} {verb} {key}", fix)])
            shown = list(as_list(metrics)) or _default_metrics([row for of_one in sweeps for row in of_one.results])
            members = [trial for of_one in sweeps for trial in of_one.trials(query, differing, shown)]
        members = tables.once_a_cell(members, keys)
        pooled, uneven, confounded = tables.compare(members, keys)
        fix = "tell them apart with it in rows or cols, or average over it with it in pool"
        wrong = [violation("pool", f"the trials of a cell differ in {key}", fix) for key in pooled if key not in pool]
        if wrong:
            raise mistakes(wrong)
        tables.warn(uneven, confounded)
        return tables.frame(tables.cells_of(members, keys, shown, drop_diverged), keys, shown)

    def _refuse_comparison(self, baseline: object, best: str) -> None:
        how = f"ask a coordinator (ofsweep.connect), or `ofsweep table … --data-dir {self.path} --format json`"
        wrong = [
            violation(field, "the program finds it in a database, this package does not", how)
            for field, asked in (("baseline", baseline), ("best", best))
            if asked
        ]
        if wrong:
            raise mistakes(wrong)

    def logs(self, trial_id: str, *, attempt: int = 0, lines: int = 0) -> Iterator[str]:
        with self._snapshot() as query:
            if not query("SELECT 1 FROM results WHERE trial_id = ? LIMIT 1", trial_id):
                raise NotFound(f"there is no trial {trial_id!r}")
            generations = query("SELECT generation FROM attempts WHERE trial_id = ? ORDER BY generation", trial_id)
        if not generations:
            raise NotFound(f"trial {trial_id} has not begun: there is no log before its first attempt")
        number = attempt or len(generations)
        if not 0 < number <= len(generations):
            there_are = f"{len(generations)} attempt{'s' if len(generations) > 1 else ''}"
            raise NotFound(f"trial {trial_id} has {there_are}, and none of number {attempt}")
        pieces = logs.read(self.path.with_name(logs.FILE_NAME), trial_id, *generations[number - 1])
        if not pieces:
            rest = f"its worker keeps it in trials/{trial_id}/logs/attempt-{number}.log of its --data-dir"
            raise NotFound(f"there is no log of attempt {number} of trial {trial_id}: {rest}")
        return logs.text_of(logs.last_lines(pieces, lines) if lines else pieces, is_whole=lines == 0)

    def _snapshot(self) -> contextlib.AbstractContextManager[Query]:
        return snapshot(self.path)


class _Wanted:
    """The points that are asked for."""

    def __init__(self, names: dict[str, Sequence[Any]], first_step: int, last_step: int | None) -> None:
        conditions = [f"{column} IN ({', '.join('?' * len(wanted))})" for column, wanted in names.items() if wanted]
        self._sql = " AND ".join(["trial_id = ?", *conditions, "step BETWEEN ? AND ?"])
        self._values = [value for wanted in names.values() for value in wanted]
        self._values += [first_step, _LAST_STEP if last_step is None else last_step]

    def read(self, query: Query, trial: dict[str, Any], keys: arms.Keys) -> Iterator[curves.Curve]:
        points = query(
            f"SELECT metric, layer, site, step, value FROM curves WHERE {self._sql} ORDER BY metric, layer, site, step",
            trial["trial_id"],
            *self._values,
        )
        for (metric, layer, site), of_series in itertools.groupby(points, key=lambda point: point[:3]):
            steps, values = zip(*(point[3:] for point in of_series))
            yield curves.Curve(
                keys,
                metric,
                site,
                layer,
                np.array(steps),
                np.array(values, "float64"),
                trial["trial_id"],
                trial["seed"],
            )


@dataclasses.dataclass
class _SweepRows:
    """One of the sweeps of a table."""

    name: str
    results: list[dict[str, Any]]
    keys: dict[str, arms.Keys]
    """What the sweep varies, by arm."""
    configs: dict[str, arms.Keys] = dataclasses.field(default_factory=dict)
    """Every key, by arm; only in a table of several sweeps."""

    @classmethod
    def read(cls, query: Query, name: str) -> _SweepRows:
        return cls(name, _results(query, name), _keys_by_arm(query, name))

    def read_configs(self, query: Query) -> None:
        for row in self.results:
            if row["arm"] not in self.configs:
                self.configs[row["arm"]] = _config(query, row["trial_id"])

    def trials(self, query: Query, keys: Sequence[str], metrics: Sequence[str]) -> Iterator[tables.Trial]:
        made_with = _made_with(query, self.name)
        own = arms.names(self.keys.values())
        for row in self.results:
            arm, config = self.keys[row["arm"]], self.configs.get(row["arm"], {})
            values = {key: (arm if key in own else config).get(key, tables.INERT) for key in keys}
            values.update({key: own for key, own in (("seed", row["seed"]), (tables.SWEEP, self.name)) if key in keys})
            yield tables.Trial(
                row["trial_id"], values, row["state"], _values(query, row, metrics), made_with.get(row["trial_id"], {})
            )


def _config(query: Query, trial_id: str) -> arms.Keys:
    """What machines resolved is `auto`: two that did so differently trained the same."""
    config = {
        key: arms.from_json(json.dumps({key: json.loads(value) if str(value).startswith("[") else value}))[key]
        for key, value in query("SELECT key, value FROM params WHERE trial_id = ?", trial_id)
    }
    resolved = query("SELECT resolved FROM attempts WHERE trial_id = ? ORDER BY generation DESC LIMIT 1", trial_id)
    for (text,) in resolved:
        config.update(dict.fromkeys(json.loads(text or "{}"), "auto"))
    return config


def _differing_keys(query: Query, sweeps: Sequence[_SweepRows]) -> list[str]:
    """Of several sweeps: what one of them varies, what sets them apart, and their names."""
    for of_one in sweeps:
        of_one.read_configs(query)
    varied = arms.names(arm for of_one in sweeps for arm in of_one.keys.values())
    configs = [config for of_one in sweeps for config in of_one.configs.values()]
    apart = [key for key in configs[0] if len({config.get(key) for config in configs}) > 1]
    return list(dict.fromkeys([*varied, "seed", *apart, tables.SWEEP]))


def _results(query: Query, sweep: str) -> list[dict[str, Any]]:
    """In the sweep's order: SQLite reads a sweep's trials by their position, which the view does not show."""
    rows = query.rows("SELECT * FROM results WHERE sweep = ?", sweep)
    if not rows:
        raise _no_sweep(sweep)
    return rows


def _keys_by_arm(query: Query, sweep: str) -> dict[str, arms.Keys]:
    return {
        arm: arms.from_json(keys) for arm, keys in query("SELECT arm, arm_keys FROM ablation WHERE sweep = ?", sweep)
    }


def _made_with(query: Query, sweep: str) -> dict[str, tables.MadeWith]:
    """By trial, of all attempts that its curve has points of: each takes away what those before it have behind its beginning."""
    columns = {"device": "device", "train.precision": "precision", "trainer_revision": "trainer_revision"}
    rows = query(
        f"SELECT trial_id, data_fingerprint, from_step, {', '.join(columns.values())} "
        "FROM (SELECT * FROM provenance WHERE sweep = ?) JOIN (SELECT trial_id, generation, from_step FROM attempts) "
        "USING (trial_id, generation) ORDER BY generation",
        sweep,
    )
    fingerprints: dict[str, str | None] = {}
    attempts: dict[str, list[tuple[int | None, list[str | None]]]] = {}
    for trial_id, fingerprint, from_step, *values in rows:
        fingerprints[trial_id] = fingerprint
        of_trial = attempts.setdefault(trial_id, [])
        has_no_points = from_step is None and any(begun is not None for begun, _ in of_trial)
        if not has_no_points:
            of_trial[:] = [one for one in of_trial if (one[0] or 0) < (from_step or 0)] + [(from_step, values)]
    return {
        trial_id: {
            "data_fingerprint": {fingerprints[trial_id]},
            **{name: {values[i] for _, values in of_trial} for i, name in enumerate(columns)},
        }
        for trial_id, of_trial in attempts.items()
    }


def _means(found: Sequence[curves.Curve], group_by: Sequence[str], kind: str) -> list[curves.Curve]:
    """By group in the order of their first trials, then by series."""
    groups: dict[Any, dict[Any, list[curves.Curve]]] = {}
    for curve in found:
        keys = {**curve.keys, "seed": curve.seed}
        curve.keys = {key: keys[key] for key in group_by if key in keys}
        of_group = groups.setdefault(tuple(curve.keys.items()), {})
        series = (curve.metric, -1 if curve.layer is None else curve.layer, curve.site or "")
        of_group.setdefault(series, []).append(curve)
    return [curves.mean_of(of_group[series], kind) for of_group in groups.values() for series in sorted(of_group)]


def _wrong_curves(asked: Sequence[str], sites: Sequence[str], mean: str) -> list[Violation]:
    wrong = [] if asked else [violation("metrics", "no metric is named", "name at least one, like kurtosis")]
    wrong += metrics.check_curves(asked, sites)
    if mean not in ("arithmetic", "geometric"):
        wrong.append(violation("mean", f'there is no mean "{mean}"', "say arithmetic or geometric"))
    return wrong


def _wrong_metrics(asked: Sequence[str]) -> list[Violation]:
    wrong = []
    for name in asked:
        try:
            _ = name in metrics.RESULT_NUMBERS or metrics.parse(name)
        except ValueError as error:
            wrong.append(violation("metrics", str(error)))
    return wrong


def _default_metrics(results: Sequence[dict[str, Any]]) -> list[str]:
    measured = [name for name in metrics.ROUNDED if any(row[name] is not None for row in results)]
    return ["eval_loss", "kurtosis_max", "eval_perplexity", *measured]


def _values(query: Query, row: dict[str, Any], asked: Sequence[str]) -> dict[str, float]:
    """What the trial has."""
    values = {name: _value(query, row, name) for name in asked}
    return {name: value for name, value in values.items() if value is not None}


def _value(query: Query, row: dict[str, Any], name: str) -> float | None:
    """Where a column of the view says NULL, NaN if there are points behind it."""
    if name in metrics.DELTAS:
        return _delta(query, row["trial_id"], metrics.DELTAS[name])
    if name not in metrics.RESULT_NUMBERS:
        column = metrics.parse(name)
        points = _points(query, row["trial_id"], column)
        return metrics.came_to(points, column) if points else None
    if row[name] is not None:
        return float(row[name])
    any_point = "SELECT 1 FROM curves WHERE trial_id = ? AND metric = ? AND (site IS NULL OR site = 'block') LIMIT 1"
    return math.nan if query(any_point, row["trial_id"], metrics.RESULT_NUMBERS[name]) else None


def _points(query: Query, trial_id: str, column: metrics.Column) -> list[metrics.Point]:
    sql = "SELECT layer, step, value FROM curves WHERE trial_id = ? AND metric = ? AND site IS ?"
    found = query(sql, trial_id, column.metric, column.site)
    one_layer = column.layer is not None
    return [
        (layer, step, math.nan if value is None else value)
        for layer, step, value in found
        if not one_layer or layer == column.layer
    ]


def _delta(query: Query, trial_id: str, metric: str) -> float | None:
    """Of the newest values of both, where they are of one step."""
    last = "SELECT step, value FROM metrics WHERE trial_id = ? AND metric = ? AND site IS NULL AND aggregate = 'last'"
    of_both = [query(last, trial_id, one) for one in (metric, "eval_perplexity")]
    if not all(of_both) or of_both[0][0][0] != of_both[1][0][0]:
        return None
    rounded, unrounded = (math.nan if value is None else float(value) for ((_, value),) in of_both)
    return rounded - unrounded


def _known_keys(query: Query, results: Sequence[dict[str, Any]]) -> list[str]:
    return [key for (key,) in query("SELECT key FROM params WHERE trial_id = ?", results[0]["trial_id"])]


def _unknown_keys(known: Sequence[str], keys: Sequence[str], field: str) -> list[Violation]:
    fix = "`ofsweep spec` lists every key"
    unknown = [key for key in keys if key not in known]
    return [violation(field, f'unknown trial key "{key}"', did_you_mean(key, known, fix)) for key in unknown]


def _twice(names: Sequence[str], field: str) -> list[Violation]:
    again = [name for i, name in enumerate(names) if name in names[:i]]
    return [violation(field, f'"{name}" is named twice', "name it once") for name in again]


def _no_sweep(name: str) -> NotFound:
    return NotFound(f"there is no sweep {name!r}")
