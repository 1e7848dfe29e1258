"""Every PromQL query of the dashboards on a real Prometheus: rows, and the labels that legends show."""

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request

from dashboards import Dashboard, initial_values, options_of, query_of, substitute

# Grafana's own variables, for a Prometheus that scrapes twice a second.
BUILTIN = {"__rate_interval": "5s", "__interval": "1s", "__range": "60s"}

METRIC = re.compile(r"\b(?:ofsweep|process)_\w+")

# The only queries that may have no rows: where no machine of the test has a GPU, nothing serves a GPU's memory.
NEEDS_A_GPU = ("ofsweep_worker_cuda_memory_bytes",)


class Prometheus:
    def __init__(self, address: str, start: float):
        self.address = address
        self.start = start  # when it began to scrape

    def ask(self, path: str, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error).get("error", str(error))) from error

    def now(self) -> float:
        return float(self.ask("query", query="time()")["result"][1])

    def range(self, expression: str) -> list[dict]:
        now = self.now()
        step = max(1, (now - self.start) / 1000)
        return self.ask("query_range", query=expression, start=self.start, end=now, step=step)["result"]

    def instant(self, expression: str) -> list[dict]:
        return self.ask("query", query=expression)["result"]

    def label_values(self, query: str) -> list[str]:
        """label_values(SELECTOR, LABEL), as Grafana asks for it."""
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
        return sorted(
            self.ask(f"label/{label}/values", **{"match[]": selector, "start": self.start, "end": self.now()})
        )

    def metrics(self) -> set[str]:
        return set(self.ask("label/__name__/values", start=self.start))


def resolve(dashboard: Dashboard, prometheus: Prometheus, sweep: str) -> tuple[dict, list[str]]:
    """The values of the variables as the dashboard opens, but for the one sweep that is shown; and problems."""
    values: dict[str, list[str]] = {}
    problems = []
    for variable in dashboard.variables:
        if variable["type"] != "query":
            continue
        query = substitute(query_of(variable), values, BUILTIN)
        options = options_of(variable, prometheus.label_values(query))
        if not options:
            problems.append(f"{dashboard.where(variable)}: {query} has no values")
        one_of_many = variable["name"] == "sweep" and not variable.get("includeAll")
        chosen = [sweep] if one_of_many and sweep in options else initial_values(variable, options or [""])
        values[variable["name"]] = chosen
    return values, problems


def finite(series: dict) -> bool:
    samples = series.get("values") or [series["value"]]
    return any(math.isfinite(float(value)) for _, value in samples)


def query_problems(where: str, expression: str, legend: str, instant: bool, prometheus: Prometheus):
    try:
        result = prometheus.instant(expression) if instant else prometheus.range(expression)
    except ValueError as error:
        return [f"{where}: {error} in {expression}"]
    if not any(map(finite, result)):
        known = prometheus.metrics()
        # A histogram is asked for by the names of its series.
        missing = sorted(metric for metric in METRIC.findall(expression) if metric not in known)
        because = f"; Prometheus has no metric {', '.join(missing)} (docs/metrics.md lists them)" if missing else ""
        return [f"{where}: no rows for {expression}{because}"]
    wanted = set(re.findall(r"\{\{(\w+)\}\}", legend))
    # An absent label, like `layer` of the embedding, is an empty place in the legend.
    lacking = sorted(label for label in wanted if not any(label in series["metric"] for series in result))
    return [f"{where}: its legend shows {label}, which no series has" for label in lacking]


def queries_of(dashboard: Dashboard):
    for panel in dashboard.panels:
        for target in panel.get("targets", []):
            yield f'{dashboard.where(panel)} query {target["refId"]}', target, target.get("legendFormat", "")
    for annotation in dashboard.annotations:
        yield dashboard.where(annotation), annotation["target"], annotation["textFormat"]


def check(dashboards: list[Dashboard], prometheus: Prometheus, sweep: str) -> list[str]:
    """Problems of every query, with the choices that a dashboard opens with and `sweep` where one is chosen."""
    problems = []
    for dashboard in dashboards:
        if not dashboard.reads("prometheus"):
            continue
        values, troubles = resolve(dashboard, prometheus, sweep)
        problems += troubles
        for where, target, legend in queries_of(dashboard):
            if any(metric in target["expr"] for metric in NEEDS_A_GPU):
                continue
            expression = substitute(target["expr"], values, BUILTIN)
            problems += query_problems(where, expression, legend, bool(target.get("instant")), prometheus)
    return problems


def table_frames(dashboards: list[Dashboard], prometheus: Prometheus, sweep: str) -> list[dict]:
    """What the datasource gives to panels that ask for tables: a column for each label, and Value."""
    shown = []
    for dashboard in dashboards:
        values = resolve(dashboard, prometheus, sweep)[0] if dashboard.reads("prometheus") else {}
        for panel in dashboard.panels:
            targets = [target for target in panel.get("targets", []) if target.get("format") == "table"]
            frames = []
            for target in targets:
                result = prometheus.instant(substitute(target["expr"], values, BUILTIN))
                labels = sorted({label for series in result for label in series["metric"]})
                fields = [{"name": "Time", "type": "time", "values": [series["value"][0] * 1000 for series in result]}]
                for label in labels:
                    fields.append({"name": label, "type": "string", "values": [s["metric"].get(label) for s in result]})
                fields.append({"name": "Value", "type": "number", "values": [float(s["value"][1]) for s in result]})
                frames.append({"refId": target["refId"], "fields": fields})
            if frames:
                shown.append({"where": dashboard.where(panel), "panel": panel, "frames": frames})
    return shown
