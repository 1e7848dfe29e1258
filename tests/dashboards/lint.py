#!/usr/bin/env python3
"""What a dashboard must keep to before any server sees it. usage: lint.py [FOLDER_OF_JSON]"""

import pathlib
import re
import sys

from dashboards import FOLDER, ROOT, Dashboard, in_sql, load, query_of, texts_of, used_variables

SCHEMA_VERSION = 42


def ids(dashboard: Dashboard):
    seen = set()
    for panel in dashboard.panels:
        if panel.get("id") is None or panel["id"] in seen:
            yield f"{dashboard.where(panel)}: its id is missing or taken"
        seen.add(panel.get("id"))


def faces(dashboard: Dashboard):
    for panel in dashboard.panels:
        if panel["type"] == "row":
            continue
        if not panel.get("title"):
            yield f"{dashboard.where(panel)}: no title"
        if not panel.get("description"):
            yield f"{dashboard.where(panel)}: no description"
        if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
            yield f"{dashboard.where(panel)}: no unit"
        if not panel.get("targets"):
            yield f"{dashboard.where(panel)}: no query"
    for variable in dashboard.variables:
        if not variable.get("description") or not variable.get("label"):
            yield f"{dashboard.where(variable)}: no label or no description"


def overlaps(dashboard: Dashboard):
    taken: dict[tuple[int, int], dict] = {}
    for panel in dashboard.panels:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{dashboard.where(panel)}: wider than the page"
        # A repeated panel is laid out anew by Grafana, which pushes down what is below but not what is beside.
        width = 24 - place["x"] if panel.get("repeat") else place["w"]
        cells = [
            (x, y) for x in range(place["x"], place["x"] + width) for y in range(place["y"], place["y"] + place["h"])
        ]
        below = next((taken[cell] for cell in cells if cell in taken), None)
        if below is not None:
            yield f'{dashboard.where(panel)}: lies over "{below.get("title")}"'
        taken.update(dict.fromkeys(cells, panel))


def variables(dashboard: Dashboard):
    defined: set[str] = set()
    for variable in dashboard.variables:
        for name in sorted(used_variables(" ".join(texts_of(variable))) - defined):
            yield f"{dashboard.where(variable)}: uses ${name}, which is not defined before it"
        defined.add(variable["name"])
    used: set[str] = set()
    for part in dashboard.panels + dashboard.annotations + dashboard.variables:
        names = used_variables(" ".join(texts_of(part)))
        used |= names
        if "repeat" in part:
            used.add(part["repeat"])
            names.add(part["repeat"])
        for name in sorted(names - defined):
            yield f"{dashboard.where(part)}: uses ${name}, which is not defined"
    for name in sorted(defined - used):
        yield f"{dashboard.name}: variable {name} is used nowhere"


def datasources(dashboard: Dashboard):
    names = {
        variable["name"]: variable["query"] for variable in dashboard.variables if variable["type"] == "datasource"
    }
    parts = [panel for panel in dashboard.panels if panel["type"] != "row"] + dashboard.annotations
    parts += [variable for variable in dashboard.variables if variable["type"] == "query"]
    for part in parts:
        sources = [part.get("datasource")] + [target.get("datasource") for target in part.get("targets", [])]
        for source in sources:
            name = re.fullmatch(r"\$\{(\w+)\}", (source or {}).get("uid", ""))
            if not name or names.get(name[1]) != source["type"]:
                yield f"{dashboard.where(part)}: its datasource must be a variable of the type it reads, not {source}"


def sqlite_targets(dashboard: Dashboard):
    for panel in dashboard.panels:
        for target in panel.get("targets", []):
            if target["datasource"]["type"] != "frser-sqlite-datasource":
                continue
            if target.get("queryType") != "table" or target.get("timeColumns") != []:
                yield f"{dashboard.where(panel)}: a query needs queryType table and no timeColumns"
            if not target.get("rawQueryText") or target["rawQueryText"] != target.get("queryText"):
                yield f"{dashboard.where(panel)}: queryText and rawQueryText must be the query"


def head(dashboard: Dashboard):
    content = dashboard.content
    if content.get("schemaVersion") != SCHEMA_VERSION:
        yield f"{dashboard.name}: schemaVersion {content.get('schemaVersion')}, not {SCHEMA_VERSION}"
    if not content.get("uid") or not content.get("title") or not content.get("description"):
        yield f"{dashboard.name}: uid, title or description is missing"
    if content.get("id") is not None:
        yield f"{dashboard.name}: an id belongs to one Grafana"


def accepted(key: str) -> set[str]:
    """The values that docs/trial-keys.md allows for a key."""
    row = re.search(rf"^\| `{re.escape(key)}` \|[^|]*\|([^|]*)\|", (ROOT / "docs" / "trial-keys.md").read_text(), re.M)
    return set(row[1].strip().replace("one of ", "").replace("a list of all, ", "").split(", "))


def written_out_values(dashboard: Dashboard):
    """Values of trial keys that stand in a dashboard are those that the keys take."""
    if dashboard.name == "kurtosis-by-step":
        metric = next(variable for variable in dashboard.variables if variable["name"] == "metric")
        if set(query_of(metric).split(",")) != accepted("measure.metrics"):
            yield f"{dashboard.where(metric)}: its values are not those of measure.metrics"
    if dashboard.name == "ablation":
        for panel in dashboard.panels:
            if panel["type"] != "xychart":
                continue
            queries = [target["queryText"] for target in panel["targets"]]
            for block in accepted("model.block"):
                for optimizer in accepted("optimizer.name"):
                    arm = f"block = {in_sql(block)} AND optimizer = {in_sql(optimizer)}"
                    if sum(arm in query for query in queries) != 1:
                        yield f"{dashboard.where(panel)}: no query, or several, for {block} with {optimizer}"


RULES = [head, ids, faces, overlaps, variables, datasources, sqlite_targets, written_out_values]


def problems_of(dashboard: Dashboard) -> list[str]:
    return [problem for rule in RULES for problem in rule(dashboard)]


def problems_of_all(dashboards: list[Dashboard]) -> list[str]:
    """Those of each, and of them together."""
    problems = [problem for dashboard in dashboards for problem in problems_of(dashboard)]
    uids = [dashboard.content.get("uid") for dashboard in dashboards]
    problems += [f"two dashboards have the uid {uid}" for uid in sorted(set(uids), key=str) if uids.count(uid) > 1]
    if len(dashboards) != 4:
        problems.append(f"{len(dashboards)} dashboards instead of 4")
    return problems


def main() -> int:
    all_dashboards = load(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    problems = problems_of_all(all_dashboards)
    print("\n".join(problems) or f"{len(all_dashboards)} dashboards keep the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
