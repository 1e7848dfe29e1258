"""Means, tables and arms by their definitions, on numbers that no training gives at will."""

import json
import math
import re
import subprocess
import unittest

import numpy as np
import world
from ofsweep import arms, database, metrics, tables
from ofsweep.curves import Curve, mean_of


def curve(steps, values) -> Curve:
    return Curve({}, "kurtosis", "block", 0, np.array(steps), np.array(values, float))


def trial(block: str, seed: int, value: float, state: str = "completed", device: str = "cpu", **keys) -> tables.Trial:
    keys = {"model.block": block, **keys, "seed": seed}
    return tables.Trial(f"{keys}", keys, state, {"eval_loss": value}, {"device": {device}})


class MeansOfCurves(unittest.TestCase):
    def test_over_those_that_have_the_step(self):
        mean = mean_of([curve([0, 5, 10], [1, 2, 3]), curve([5, 10], [4, 5])], "arithmetic")
        self.assertEqual((mean.steps.tolist(), mean.values.tolist(), mean.trials), ([0, 5, 10], [1, 3, 4], 2))
        self.assertEqual(list(mean.counts), [1, 2, 2])
        np.testing.assert_allclose(mean.deviations, [math.nan, math.sqrt(2), math.sqrt(2)])

    def test_what_is_not_finite(self):
        values = [[1, 1, 1, 1], [math.nan, math.inf, -math.inf, 3], [2, 2, math.inf, 5]]
        mean = mean_of([curve([0, 1, 2, 3], one) for one in values], "arithmetic")
        np.testing.assert_equal(mean.values, [math.nan, math.inf, math.nan, 3])
        np.testing.assert_equal(mean.deviations, [math.nan] * 3 + [2])

    def test_geometric(self):
        mean = mean_of([curve([0, 1], [1, 0]), curve([0, 1], [100, 2])], "geometric")
        np.testing.assert_allclose(mean.values, [10, math.nan])
        np.testing.assert_allclose(mean.deviations, [math.exp(math.log(100) / math.sqrt(2)), math.nan])


class Tables(unittest.TestCase):
    def test_statistics(self):
        found = tables.summarise([1, 2, 4, 8])
        self.assertEqual((found.count, found.mean, found.median), (4, 3.75, 3))
        self.assertAlmostEqual(found.standard_deviation, math.sqrt(115 / 12))
        self.assertAlmostEqual(found.geometric_mean, math.sqrt(8))
        self.assertEqual(tables.summarise([]), tables.Statistic(0))
        self.assertIsNone(tables.summarise([1, -1]).geometric_mean)
        self.assertEqual(tables.summarise([1, math.inf]).mean, math.inf)
        self.assertIsNone(tables.summarise([1, math.inf]).standard_deviation)
        self.assertTrue(math.isnan(tables.summarise([1, math.nan, 2]).mean))

    def test_cells_count_who_counts(self):
        states = ["completed", "diverged", "failed", "pending", "cancelled"]
        trials = [trial("op", seed, seed, state) for seed, state in enumerate(states)]
        (cell,) = tables.cells_of(trials, ["model.block"], ["eval_loss"], drop_diverged=False)
        self.assertEqual((cell.trials, cell.diverged, cell.failed, cell.missing), (2, 1, 1, 2))
        self.assertEqual(cell.statistics[0].mean, 0.5)
        (dropped,) = tables.cells_of(trials, ["model.block"], ["eval_loss"], drop_diverged=True)
        self.assertEqual((dropped.trials, dropped.diverged, dropped.statistics[0].mean), (1, 1, 0))

    def test_order_is_that_of_the_trials(self):
        trials = [trial("post_norm", 0, 1), trial("op", 0, 2), trial("post_norm", 1, 3)]
        cells = tables.cells_of(trials, ["seed", "model.block"], ["eval_loss"], drop_diverged=False)
        self.assertEqual([tuple(cell.keys.values()) for cell in cells], [(0, "post_norm"), (0, "op"), (1, "post_norm")])

    def test_trials_that_were_made_differently(self):
        cells = tables.cells_of(
            [trial("op", 0, 1), trial("op", 1, 2, device="cuda")], ["model.block"], ["eval_loss"], False
        )
        self.assertEqual(cells[0].mixed, ["device"])

    def test_attempts_that_a_curve_has_points_of(self):
        def devices(*attempts):
            rows = [("t", "f", from_step, device, "bf16", "abc") for from_step, device in attempts]
            return database._made_with(lambda *_: rows, "s")["t"]["device"]

        self.assertEqual(devices((0, "A100"), (10, "EPYC"), (None, "no points")), {"A100", "EPYC"})
        self.assertEqual(devices((0, "A100"), (10, "EPYC"), (5, "H100")), {"A100", "H100"})
        self.assertEqual(devices((0, "A100"), (0, "EPYC")), {"EPYC"})
        self.assertEqual(devices((None, "A100"), (None, "before version 3")), {"before version 3"})

    def test_what_the_cells_hide(self):
        trials = [trial("op", 0, 1, x=1, y=1), trial("op", 0, 1, x=2, y=1), trial("pre_norm", 0, 1, x=1, y=2)]
        self.assertEqual(tables.compare(trials, ["model.block"]), (["x"], ["x"], ["y"]))


class Metrics(unittest.TestCase):
    def test_they_are_those_of_the_program(self):
        line = [world.program(), "spec", "--metrics", "--format", "json"]
        told = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout)
        sites = {
            name: [site for site, known in metrics.SITES.items() if known.place == place]
            for name, place in metrics.METRICS.items()
        }
        self.assertEqual(sites, {metric["name"]: metric["sites"] for metric in told})
        self.assertEqual(list(sites), [metric["name"] for metric in told], "of equally near names the first is told")

    def test_sites_and_numbers_are_those_of_the_documentation(self):
        text = (world.ROOT / "docs" / "trial-metrics.md").read_text()
        sites, numbers = re.split("^## .*", text, flags=re.MULTILINE)[1:]
        rows = re.findall(r"^\| `(\w+)` \| (\S.*?) \|", sites, re.MULTILINE)
        has_layers = {name: known.has_layers for name, known in metrics.SITES.items()}
        self.assertEqual(has_layers, {name: layers != "–" for name, layers in rows})
        rows = re.findall(r"^\| `(\w+)` \| `?(\w+|–)`? \|", numbers, re.MULTILINE)
        self.assertEqual(metrics.RESULT_NUMBERS, {name: metric.replace("–", "") for name, metric in rows})
        self.assertEqual(list(metrics.RESULT_NUMBERS), [name for name, _ in rows])

    def test_what_a_trial_with_nan_came_to(self):
        nan, inf = math.nan, math.inf
        points = [(0, 5, nan), (0, 10, 2.0), (1, 5, 9.0), (1, 10, 4.0), (1, 15, 6.0), (0, 20, 1.0), (1, 20, nan)]
        for text, expected in (
            ("kurtosis@block.max", nan),
            ("kurtosis@block.mean", nan),
            ("kurtosis@block.max:max", 9.0),
            ("kurtosis@block.mean:max", 6.0),
        ):
            np.testing.assert_equal(metrics.came_to(points, metrics.parse(text)), expected, text)
        self.assertEqual(metrics.came_to([(None, 0, inf), (None, 5, 1.0)], metrics.parse("gradient_norm:max")), inf)
        only_nan = [(0, 0, nan), (1, 0, 3.0)]
        np.testing.assert_equal(metrics.came_to(only_nan, metrics.parse("rms@block.max:max")), nan)


class Arms(unittest.TestCase):
    def test_values_of_an_arm(self):
        text = (
            '{"model.block": "op", "optimizer.learning_rate": 1e-3, "data.path": "/a b=c.bin", "model.parallel": true,'
            ' "evaluate.bits": ["w8a4", "w4a4"], "x": 2.0}'
        )
        self.assertEqual(
            arms.from_json(text),
            {
                "model.block": "op",
                "optimizer.learning_rate": 0.001,
                "data.path": "/a b=c.bin",
                "model.parallel": True,
                "evaluate.bits": "[w8a4, w4a4]",
                "x": 2,
            },
        )

    def test_columns(self):
        self.assertEqual(str(arms.column([1, None]).dtype), "Int64")
        self.assertEqual(str(arms.column([1, 0.5]).dtype), "float64")
        self.assertEqual(str(arms.column([True, None]).dtype), "boolean")
        self.assertEqual(arms.column([1, "inert"]).tolist(), ["1", "inert"])


if __name__ == "__main__":
    unittest.main()
