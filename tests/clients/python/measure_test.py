"""ofsweep.measure against the vectors that the trainer's statistics are tested with, and on models as people have
them."""

import json
import unittest

import ofsweep
import torch
import world
from ofsweep import measure

CASES = json.loads((world.ROOT / "tests" / "reference" / "vectors" / "metrics.json").read_text())["cases"]
# Of tests/reference/vectors/README.md.
TOLERANCES = {torch.float64: {"rtol": 1e-9, "atol": 0}, torch.float32: {"rtol": 2e-5, "atol": 1e-6}}


def matrix(case, dtype) -> torch.Tensor:
    return torch.tensor([float(value) for value in case["x"]], dtype=dtype).reshape(case["n"], case["d"])


class Vectors(unittest.TestCase):
    def check(self, case, sums: measure.Sums, dtype):
        expected = torch.tensor([float(case["expected"][name]) for name in measure.METRICS], dtype=torch.float64)
        measured = torch.tensor(list(sums.values().values()), dtype=torch.float64)
        torch.testing.assert_close(measured, expected, equal_nan=True, **TOLERANCES[dtype])

    def test_every_case_in_both_precisions(self):
        for case in CASES:
            for dtype in TOLERANCES:
                with self.subTest(case=case["name"], dtype=dtype):
                    sums = measure.Sums()
                    sums.add(matrix(case, dtype))
                    self.check(case, sums, dtype)

    def test_a_batch_that_is_cut_gives_the_same(self):
        for case in CASES:
            with self.subTest(case=case["name"]):
                sums = measure.Sums()
                for part in matrix(case, torch.float64).split(2):
                    sums.add(part)
                self.check(case, sums, torch.float64)


class Block(torch.nn.Module):
    """Gives its hidden state first, as blocks of language models do."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 8)

    def forward(self, x):
        return x + self.linear(x), None


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(16, 8)
        self.blocks = torch.nn.ModuleList([Block(), Block()])

    def forward(self, tokens):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x)[0]
        return {"logits": x}


class Models(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.model = Model()
        self.tokens = torch.randint(16, (2, 5))

    def test_hooks_measure_and_leave(self):
        with measure.Statistics(self.model, ["blocks.*", self.model.embedding, ""]) as statistics:
            measured = self.model(self.tokens)["logits"]
            measured.sum().backward()
        torch.testing.assert_close(self.model(self.tokens)["logits"], measured)
        frame = statistics.frame(step=3)
        self.assertEqual(list(frame["module"]), ["", "embedding", "blocks.0", "blocks.1"])
        self.assertEqual(set(frame["tokens"]), {10}, "only what ran inside of `with`")
        sums = measure.Sums()
        sums.add(measured)
        for row in (0, 3):  # the model gives its last block's output
            self.assertEqual(frame.loc[row, list(measure.METRICS)].tolist(), list(sums.values().values()))
        self.assertEqual(set(frame["step"]), {3})

    def test_reset(self):
        with measure.Statistics(self.model, ["embedding"]) as statistics:
            self.model(self.tokens)
            statistics.reset()
            self.assertTrue(statistics.frame()["kurtosis"].isna().all())
            self.model(self.tokens[:1])
        self.assertEqual(list(statistics.frame()["tokens"]), [5])

    def test_bfloat16_is_summed_in_float32(self):
        x = torch.randn(64, 8).bfloat16()
        ours, wide = measure.Sums(), measure.Sums()
        ours.add(x)
        wide.add(x.float())
        self.assertEqual(ours.values(), wide.values())

    def test_mistakes(self):
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "did you mean embedding"):
            measure.Statistics(self.model, ["embeding"])
        with self.assertRaisesRegex(ofsweep.InvalidArgument, "no module"):
            measure.Statistics(self.model, [torch.nn.Linear(1, 1)])
        counter = torch.nn.Identity()
        with measure.Statistics(counter, [""]):
            with self.assertRaisesRegex(ofsweep.InvalidArgument, "floating-point"):
                counter(self.tokens)


if __name__ == "__main__":
    unittest.main()
