"""The dashboards as data: their panels, queries and variables, and Grafana's rules for putting values into a query."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards" / "grafana" / "json"

VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")


class Dashboard:
    def __init__(self, name: str, content: dict):
        self.name = name
        self.content = content

    @property
    def panels(self) -> list[dict]:
        return self.content["panels"]

    @property
    def variables(self) -> list[dict]:
        return self.content["templating"].get("list", [])

    @property
    def annotations(self) -> list[dict]:
        return self.content.get("annotations", {}).get("list", [])

    def where(self, part: dict) -> str:
        """What a message calls a panel, variable or annotation."""
        if "gridPos" in part:
            return f'{self.name}: panel {part.get("id")} "{part.get("title", "")}"'
        return f'{self.name}: {"variable" if "type" in part else "annotation"} {part["name"]}'

    def reads(self, kind: str) -> bool:
        return any(v["type"] == "datasource" and v["query"] == kind for v in self.variables)


def load(folder: pathlib.Path = FOLDER) -> list[Dashboard]:
    return [Dashboard(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def query_of(variable: dict) -> str:
    query = variable["query"]
    return query["query"] if isinstance(query, dict) else query


def used_variables(text: str) -> set[str]:
    """Names of the dashboard's own variables in a text; $__interval and the like are Grafana's."""
    names = {match[1] or match[3] for match in VARIABLE.finditer(text)}
    return {name for name in names if not name.startswith("__")}


def texts_of(part) -> list[str]:
    """All strings in a part of a dashboard."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, dict):
        return [text for value in part.values() for text in texts_of(value)]
    if isinstance(part, list):
        return [text for value in part for text in texts_of(value)]
    return []


def options_of(variable: dict, answers: list[str]) -> list[str]:
    """The values of a query variable, as Grafana takes them from the answers through its regular expression."""
    pattern = variable.get("regex")
    if not pattern:
        return answers
    expression = re.compile(pattern.strip("/").replace("(?<", "(?P<"))
    matches = [expression.search(answer) for answer in answers]
    return [match["value"] for match in matches if match]


def initial_values(variable: dict, options: list[str]) -> list[str]:
    """What is chosen when the dashboard opens: all, the default, else the first."""
    current = variable.get("current", {}).get("value")
    if current == "$__all":
        return [variable["allValue"]] if variable.get("allValue") else options
    return [current] if current in options else options[:1]


def in_sql(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def in_regex(value: str) -> str:
    return re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\\\1", value)


def substitute(text: str, values: dict[str, list[str]], builtin: dict[str, str]) -> str:
    """Puts values into a query: as `sqlstring` or `raw` where it says so, else as the Prometheus datasource does."""

    def replace(match: re.Match) -> str:
        name, form = match[1] or match[3], match[2]
        if name in builtin:
            return builtin[name]
        chosen = values[name]
        if form == "sqlstring":
            return ",".join(map(in_sql, chosen))
        if form == "raw" or len(chosen) == 1:
            return chosen[0]
        return "(" + "|".join(map(in_regex, chosen)) + ")"

    return VARIABLE.sub(replace, text)
