#!/usr/bin/env python3
"""Each rule of lint.py fails on a dashboard that breaks it."""

import copy
import unittest

from dashboards import load
from lint import problems_of, problems_of_all


def panel(board, kind):
    return next(panel for panel in board.panels if panel["type"] == kind)


class LintTest(unittest.TestCase):
    def setUp(self):
        self.boards = {board.name: board for board in copy.deepcopy(load())}

    def assert_problem(self, board, text):
        problems = problems_of(self.boards[board])
        self.assertTrue(any(text in problem for problem in problems), problems)

    def test_the_dashboards_keep_the_rules(self):
        self.assertEqual(problems_of_all(list(self.boards.values())), [])

    def test_two_dashboards_with_one_uid(self):
        self.boards["fleet"].content["uid"] = self.boards["ablation"].content["uid"]
        problems = problems_of_all(list(self.boards.values()))
        self.assertEqual(problems, [f"two dashboards have the uid {self.boards['ablation'].content['uid']}"])

    def test_a_dashboard_that_is_missing(self):
        del self.boards["fleet"]
        self.assertEqual(problems_of_all(list(self.boards.values())), ["3 dashboards instead of 4"])

    def test_a_dashboard_of_an_older_schema(self):
        self.boards["fleet"].content["schemaVersion"] = 41
        self.assert_problem("fleet", "schemaVersion 41")

    def test_an_id_that_is_taken(self):
        panel(self.boards["fleet"], "stat")["id"] = panel(self.boards["fleet"], "timeseries")["id"]
        self.assert_problem("fleet", "its id is missing or taken")

    def test_a_panel_without_unit_description_or_title(self):
        chart = panel(self.boards["fleet"], "timeseries")
        del chart["fieldConfig"]["defaults"]["unit"]
        chart["description"] = chart["title"] = ""
        for text in ("no unit", "no description", "no title"):
            self.assert_problem("fleet", text)

    def test_panels_that_overlap(self):
        chart = panel(self.boards["fleet"], "timeseries")
        chart["gridPos"] = dict(panel(self.boards["fleet"], "table")["gridPos"])
        self.assert_problem("fleet", "lies over")

    def test_a_panel_that_is_wider_than_the_page(self):
        panel(self.boards["fleet"], "timeseries")["gridPos"]["x"] = 20
        self.assert_problem("fleet", "wider than the page")

    def test_a_panel_beside_one_that_repeats(self):
        repeated = next(panel for panel in self.boards["kurtosis-by-step"].panels if "repeat" in panel)
        repeated["gridPos"]["w"] = 12
        beside = panel(self.boards["kurtosis-by-step"], "row")
        beside["gridPos"] = {"x": 12, "y": repeated["gridPos"]["y"], "w": 12, "h": 1}
        self.assert_problem("kurtosis-by-step", "lies over")

    def test_a_variable_that_nobody_defined(self):
        panel(self.boards["fleet"], "timeseries")["targets"][0]["expr"] = 'up{job="$job"}'
        self.assert_problem("fleet", "uses $job, which is not defined")

    def test_a_variable_that_depends_on_a_later_one(self):
        self.boards["kurtosis-by-step"].content["templating"]["list"].reverse()
        self.assert_problem("kurtosis-by-step", "which is not defined before it")

    def test_a_repeat_over_a_variable_that_is_gone(self):
        panel(self.boards["fleet"], "timeseries")["repeat"] = "gone"
        self.assert_problem("fleet", "uses $gone")

    def test_a_datasource_of_one_grafana(self):
        panel(self.boards["fleet"], "timeseries")["targets"][0]["datasource"]["uid"] = "P1809F7CD0C75ACF3"
        self.assert_problem("fleet", "its datasource must be a variable")

    def test_a_datasource_variable_of_the_other_type(self):
        panel(self.boards["ablation"], "table")["datasource"]["type"] = "prometheus"
        self.assert_problem("ablation", "its datasource must be a variable of the type it reads")

    def test_a_sqlite_query_that_the_plugin_would_not_run(self):
        target = panel(self.boards["ablation"], "table")["targets"][0]
        target["queryType"] = "time series"
        target["rawQueryText"] = ""
        self.assert_problem("ablation", "needs queryType table")
        self.assert_problem("ablation", "queryText and rawQueryText")

    def test_values_that_a_trial_key_no_longer_takes(self):
        metric = next(v for v in self.boards["kurtosis-by-step"].variables if v["name"] == "metric")
        metric["query"] += ",skewness"
        self.assert_problem("kurtosis-by-step", "not those of measure.metrics")
        panel(self.boards["ablation"], "xychart")["targets"].pop()
        self.assert_problem("ablation", "no query, or several, for op with soap")


if __name__ == "__main__":
    unittest.main()
