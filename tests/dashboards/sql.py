"""Every SQL query of the dashboards on a database: columns, rows, plans, and the frames that the plugin makes of it."""

import contextlib
import pathlib
import re
import sqlite3

from dashboards import Dashboard, initial_values, options_of, query_of, substitute

PLUGIN = "frser-sqlite-datasource"


@contextlib.contextmanager
def opened(database: pathlib.Path):
    # As provisioning/datasources has it: in the folder of a running coordinator, and never writing.
    connection = sqlite3.connect(database, timeout=5)
    connection.execute("PRAGMA query_only(1)")
    try:
        yield connection
    finally:
        connection.close()


def explained(error: sqlite3.Error, where: str) -> str:
    missing = re.search(r"no such (column|table): (?:\w+\.)?(\w+)", str(error))
    if missing is None:
        return f"{where}: {error}"
    what = "view" if missing[1] == "table" else "column"
    return (
        f"{where}: the database has no {what} {missing[2]}, so it is of another version than this dashboard. Take the "
        "dashboards from the version of ofsweep that wrote the database, or run the sweep again with this one "
        "(docs/sql.md lists the views)"
    )


def queries_of(dashboard: Dashboard) -> list[str]:
    """The SQL of its variables and panels, as it is written."""
    if not dashboard.reads(PLUGIN):
        return []
    variables = [query_of(variable) for variable in dashboard.variables if variable["type"] == "query"]
    return variables + [target["rawQueryText"] for panel in dashboard.panels for target in panel.get("targets", [])]


def resolve(dashboard: Dashboard, connection: sqlite3.Connection, sweep: str | None) -> tuple[dict, list[str]]:
    """The value of each variable when the dashboard opens, or after someone has chosen `sweep`; and what went wrong."""
    values: dict[str, list[str]] = {}
    problems = []
    for variable in dashboard.variables:
        name = variable["name"]
        if variable["type"] == "custom":
            values[name] = initial_values(variable, query_of(variable).split(","))
        elif variable["type"] == "query":
            try:
                rows = connection.execute(substitute(query_of(variable), values, {})).fetchall()
            except sqlite3.Error as error:
                return {}, [explained(error, dashboard.where(variable))]
            if rows and len(rows[0]) != 1:
                problems.append(f"{dashboard.where(variable)}: the plugin wants one column, not {len(rows[0])}")
            options = options_of(variable, [str(row[0]) for row in rows])
            if not options:
                problems.append(f"{dashboard.where(variable)}: no values")
            values[name] = [sweep] if name == "sweep" and sweep else initial_values(variable, options)
    return values, problems


def repetitions(panel: dict, values: dict) -> list[dict]:
    """The values for each copy of a panel that repeats."""
    repeat = panel.get("repeat")
    return [{**values, repeat: [value]} for value in values[repeat]] if repeat else [values]


def frame(cursor: sqlite3.Cursor, rows: list[tuple]) -> list[dict]:
    """Fields as the plugin types them: by the first value that is not NULL, and as numbers where there is none."""
    fields = []
    for index, column in enumerate(cursor.description):
        values = [row[index] for row in rows]
        first = next((value for value in values if value is not None), 0.0)
        fields.append({"name": column[0], "type": "string" if isinstance(first, str) else "number", "values": values})
    return fields


def scans_points(connection: sqlite3.Connection, sql: str) -> list[str]:
    plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql)]
    steps = [step for step in plan if re.match(r"SCAN (sealed_points|recent_points)\b", step)]
    if " curves " in sql and not any(re.match(r"SEARCH trials USING .*INDEX .*\(trial_id=\?\)", step) for step in plan):
        steps.append("the points of all trials are read")
    return steps


def run_panel(dashboard: Dashboard, panel: dict, values: dict, connection: sqlite3.Connection):
    """(frames, problems) of one panel with its variables replaced; a query without rows gives no frame."""
    frames, problems = [], []
    for target in panel["targets"]:
        where = f'{dashboard.where(panel)} query {target["refId"]}'
        sql = substitute(target["rawQueryText"], values, {})
        try:
            cursor = connection.execute(sql)
            rows = cursor.fetchall()
            problems += [f"{where}: {step}" for step in scans_points(connection, sql)]
        except sqlite3.Error as error:
            problems.append(explained(error, where))
            continue
        if rows:
            frames.append({"refId": target["refId"], "fields": frame(cursor, rows)})
    return frames, problems


def check(dashboards: list[Dashboard], database: pathlib.Path, rows_wanted: bool = True):
    """(problems, panels with their frames). With `rows_wanted` every query must give rows for one sweep at least."""
    problems: list[str] = []
    shown: list[dict] = []
    with opened(database) as connection:
        sweeps = [row[0] for row in connection.execute("SELECT name FROM sweeps ORDER BY id")]
        for dashboard in dashboards:
            if not dashboard.reads(PLUGIN):
                continue
            filled: set[tuple[int, str]] = set()
            for sweep in sweeps:
                values, troubles = resolve(dashboard, connection, sweep)
                problems += troubles
                if not values:
                    break
                for panel in (panel for panel in dashboard.panels if panel["type"] != "row"):
                    for copy in repetitions(panel, values):
                        frames, troubles = run_panel(dashboard, panel, copy, connection)
                        problems += troubles
                        filled |= {(panel["id"], frame["refId"]) for frame in frames}
                        if frames:
                            shown.append(
                                {"where": f"{dashboard.where(panel)} of {sweep}", "panel": panel, "frames": frames}
                            )
            for panel in dashboard.panels if rows_wanted else []:
                for target in panel.get("targets", []):
                    if (panel["id"], target["refId"]) not in filled:
                        problems.append(f'{dashboard.where(panel)} query {target["refId"]}: no rows')
    return sorted(set(problems)), shown
