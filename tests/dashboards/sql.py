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
        f"{where}: the database has no {what} {missing[2]}, so it is of another version than this dashboard. "
        "`ofsweep coordinator` of the dashboards' version brings an older database up to date; for a newer one take the "
        "dashboards of its version (docs/sql.md lists the views)"
    )


def queries_of(dashboard: Dashboard) -> list[str]:
    """The SQL of its variables and panels, as it is written."""
    if not dashboard.reads(PLUGIN):
        return []
    variables = [query_of(variable) for variable in dashboard.variables if variable["type"] == "query"]
    return variables + [target["rawQueryText"] for panel in dashboard.panels for target in panel.get("targets", [])]


def options_in(database: sqlite3.Connection, dashboard: Dashboard, variable: dict, values: dict):
    """(values to choose from, problems) of a query variable."""
    where = dashboard.where(variable)
    try:
        rows = database.execute(substitute(query_of(variable), values, {})).fetchall()
    except sqlite3.Error as error:
        return [], [explained(error, where)]
    if rows and len(rows[0]) != 1:
        return [], [f"{where}: the plugin wants one column, not {len(rows[0])}"]
    options = options_of(variable, [str(row[0]) for row in rows])
    return options, [] if options else [f"{where}: no values"]


def choices(database: sqlite3.Connection, dashboard: Dashboard):
    """What the dashboard can be asked to show: for each sweep the values of all variables as it opens; and problems."""
    values: dict[str, list[str]] = {}
    all_values = [values]
    problems: list[str] = []
    for variable in dashboard.variables:
        name = variable["name"]
        if variable["type"] == "custom":
            for values in all_values:
                values[name] = initial_values(variable, query_of(variable).split(","))
        elif variable["type"] == "query":
            for values in list(all_values):
                options, troubles = options_in(database, dashboard, variable, values)
                problems += troubles
                if troubles:
                    return [], problems
                if name == "sweep":
                    all_values = [{**values, name: [sweep]} for sweep in options]
                else:
                    values[name] = initial_values(variable, options)
    return all_values, problems


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


def check_dashboard(dashboard: Dashboard, database: sqlite3.Connection, rows_wanted: bool):
    problems: list[str] = []
    shown: list[dict] = []
    filled: set[tuple[int, str]] = set()
    all_values, troubles = choices(database, dashboard)
    problems += troubles
    panels = [panel for panel in dashboard.panels if panel["type"] != "row"]
    for panel in panels:
        for values in (copy for values in all_values for copy in repetitions(panel, values)):
            frames, troubles = run_panel(dashboard, panel, values, database)
            problems += troubles
            filled |= {(panel["id"], frame["refId"]) for frame in frames}
            if frames:
                where = f"{dashboard.where(panel)} of {values['sweep'][0]}"
                shown.append({"where": where, "panel": panel, "frames": frames})
    if rows_wanted:
        for panel in panels:
            for target in panel["targets"]:
                if (panel["id"], target["refId"]) not in filled:
                    problems.append(f'{dashboard.where(panel)} query {target["refId"]}: no rows')
    return problems, shown


def check(dashboards: list[Dashboard], path: pathlib.Path, rows_wanted: bool = True) -> tuple[list[str], list[dict]]:
    """(problems, panels with their frames). With `rows_wanted` every query must give rows for one sweep at least."""
    problems: list[str] = []
    shown: list[dict] = []
    with opened(path) as database:
        for dashboard in dashboards:
            if dashboard.reads(PLUGIN):
                more_problems, more_shown = check_dashboard(dashboard, database, rows_wanted)
                problems += more_problems
                shown += more_shown
    return sorted(set(problems)), shown
