"""What the figures show."""

import unittest

import matplotlib.pyplot as plt
import ofsweep
import world
from ofsweep import plot


class Plots(unittest.TestCase):
    def setUp(self):
        self.addCleanup(plt.close, "all")
        database = ofsweep.open(world.data_folder())
        self.trials = database.trials(world.BLOCKS)
        self.kurtosis = database.curves(world.BLOCKS, "kurtosis", sites="block")
        self.everywhere = database.curves(world.BLOCKS, "kurtosis")

    def test_kurtosis_by_step_by_arm_with_a_band(self):
        ax = plot.by_step(self.kurtosis, by=["model.block"])
        self.assertEqual([line.get_label() for line in ax.lines], ["model.block=pre_norm", "model.block=op"])
        self.assertEqual(len(ax.collections), 2)
        arm = self.kurtosis[(self.kurtosis["model.block"] == "op") & (self.kurtosis["step"] == 5)]
        largest = arm.groupby("trial_id")["value"].max()
        x, y = ax.lines[1].get_data()
        self.assertAlmostEqual(y[list(x).index(5)], largest.prod() ** (1 / len(largest)), places=9)
        self.assertEqual(len(plot.by_step(self.kurtosis).lines), 4, "a line for each arm")

    def test_layers_by_step(self):
        grid = plot.layers_by_step(self.kurtosis[self.kurtosis["model.block"] == "op"]).collections[0].get_array()
        self.assertEqual(grid.size, 2 * self.kurtosis["step"].nunique())

    def test_loss_against_kurtosis(self):
        ax = plot.loss_against_kurtosis(self.trials, by=["optimizer.name"])
        self.assertEqual([len(points.get_offsets()) for points in ax.collections], [4, 4])

    def test_a_frame_of_several_sites(self):
        with self.assertRaisesRegex(ValueError, "site"):
            plot.by_step(self.everywhere)


if __name__ == "__main__":
    unittest.main()
