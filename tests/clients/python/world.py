"""A coordinator and a worker that have trained two tiny sweeps, which all tests read."""

import contextlib
import pathlib
import sys
from typing import Optional

import ofsweep

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "dashboards"))

from stack import SPEC, Stack  # noqa: E402

# Two blocks × (Adam, SOAP with its own key) × two seeds.
BLOCKS = "blocks"
BLOCKS_GRID = "{model.block: [pre_norm, op], seed: [0, 1]}\ntrials: [{optimizer.name: adam}, {optimizer.name: soap, optimizer.refresh_every: 5}]"
# The second of its two trials diverges: an update multiplies its weights by 10⁵, so that its last values are not finite.
DIVERGES = "diverges"
DIVERGES_GRID = """{}
zip: [{optimizer.learning_rate: [1.0e-3, 1000], optimizer.weight_decay: [0.1, 100], schedule.kind: [cosine, constant], schedule.warmup_fraction: [0.1, 0]}]
"""

_stack: Stack


@contextlib.contextmanager
def start(folder: pathlib.Path, program: pathlib.Path):
    global _stack
    with Stack(folder, program, prometheus="") as _stack:
        _stack.start_ofsweep()
        with client() as door:
            for name, grid in ((BLOCKS, BLOCKS_GRID), (DIVERGES, DIVERGES_GRID)):
                door.submit(spec(name, grid))
                door.watch(name)
        yield


def spec(name: str, grid: str, steps: int = 20, tokens: Optional[pathlib.Path] = None) -> str:
    """A sweep of two layers; by default on tokens that a model can learn something from."""
    return SPEC.format(name=name, grid=grid, steps=steps, every=10, tokens=tokens or _stack.folder / "tokens.bin", bits="")


def client() -> ofsweep.Client:
    return ofsweep.connect(_stack.grpc)


def address() -> str:
    return _stack.grpc


def folder() -> pathlib.Path:
    """An empty one's parent: what a test writes goes below it."""
    return _stack.folder


def data_folder() -> pathlib.Path:
    return _stack.database.parent
