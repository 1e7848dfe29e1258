"""What the figures show."""

import unittest

import matplotlib.pyplot as plt
import ofsweep
import pandas as pd
import world
from ofsweep import plot


class Plots(unittest.TestCase):
    def setUp(self):
        self.addCleanup(plt.close, "all")
        database = ofsweep.open(world.data_folder())
        self.trials = database.trials(world.BLOCKS)
        self.diverges = database.trials(world.DIVERGES)
        self.kurtosis = database.curves(world.BLOCKS, "kurtosis", sites="block")
        self.everywhere = database.curves(world.BLOCKS, "kurtosis")

    def test_kurtosis_by_step_by_arm_with_a_band(self):
        ax = plot.by_step(self.kurtosis, by=["model.block"])
        labels = ["model.block=pre_norm (4)", "model.block=op (4)"]
        self.assertEqual([line.get_label() for line in ax.lines], labels)
        self.assertEqual(len(ax.collections), 2)
        arm = self.kurtosis[(self.kurtosis["model.block"] == "op") & (self.kurtosis["step"] == 5)]
        largest = arm.groupby("trial_id")["value"].max()
        x, y = ax.lines[1].get_data()
        self.assertAlmostEqual(y[list(x).index(5)], largest.prod() ** (1 / len(largest)), places=9)
        self.assertEqual(len(plot.by_step(self.kurtosis).lines), 4, "a line for each arm")

    def test_a_mean_of_fewer_trials_is_thin(self):
        shown = [("a", [1, 2, 3, 4]), ("b", [2, 3])]  # the second has neither the first step nor the last
        rows = [(trial_id, step, float(step)) for trial_id, steps in shown for step in steps]
        frame = pd.DataFrame(rows, columns=["trial_id", "step", "value"]).assign(metric="kurtosis", site="block")
        ax = plot.by_step(frame)
        usual = plt.rcParams["lines.linewidth"]
        self.assertEqual(
            [(list(line.get_xdata()), line.get_linewidth() < usual) for line in ax.lines],
            [([1], True), ([1, 2, 3], False), ([3, 4], True)],
        )
        self.assertEqual(len({line.get_color() for line in ax.lines}), 1)
        (entry,) = ax.get_legend().get_texts()
        self.assertEqual(entry.get_text(), "all trials (2)")
        self.assertEqual(ax.get_legend().get_lines()[0].get_linewidth(), usual)
        alone = plot.by_step(frame[frame["trial_id"] == "a"])
        self.assertEqual(alone.get_legend().get_texts()[0].get_text(), "all trials")

    def test_layers_by_step(self):
        grid = plot.layers_by_step(self.kurtosis[self.kurtosis["model.block"] == "op"]).collections[0].get_array()
        self.assertEqual(grid.size, 2 * self.kurtosis["step"].nunique())

    def test_loss_against_kurtosis(self):
        ax = plot.loss_against_kurtosis(self.trials, by=["optimizer.name"])
        self.assertEqual([len(points.get_offsets()) for points in ax.collections], [4, 4])

    def test_diverged_trials_are_crosses(self):
        ax = plot.loss_against_kurtosis(self.diverges.assign(kurtosis_max=2.0, eval_loss=[5.0, 9.0]))
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        self.assertEqual((len(texts), texts[-1]), (3, "diverged"))
        (cross,) = [points for points in ax.collections if points.get_offsets()[:, 1].tolist() == [9.0]]
        self.assertNotEqual(len(cross.get_paths()[0].vertices), len(ax.collections[0].get_paths()[0].vertices))
        no_points = ax.collections[1]
        self.assertEqual((len(no_points.get_offsets()), no_points.get_label()), (0, texts[1]))
        self.assertEqual(cross.get_edgecolor().tolist(), no_points.get_facecolor().tolist())

    def test_a_frame_of_several_sites(self):
        with self.assertRaisesRegex(ValueError, "site"):
            plot.by_step(self.everywhere)


if __name__ == "__main__":
    unittest.main()
