"""A coordinator and a worker that have trained two tiny sweeps, which all tests read."""

import contextlib
import pathlib
import subprocess
import sys
import tempfile
from typing import Optional

import ofsweep

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "dashboards"))

from stack import SPEC, Stack, free_address, until  # noqa: E402, F401

# Two blocks × (Adam, SOAP with its own key) × two seeds.
BLOCKS = "blocks"
BLOCKS_GRID = """{model.block: [pre_norm, op], seed: [0, 1]}
trials: [{optimizer.name: adam}, {optimizer.name: soap, optimizer.refresh_every: 5}]
"""
# The second of its two trials diverges: an update multiplies its weights by 10⁵, so that its last values
# are not finite.
DIVERGES = "diverges"
DIVERGES_GRID = """{}
zip:
- optimizer.learning_rate: [1.0e-3, 1000]
  optimizer.weight_decay: [0.1, 100]
  schedule.kind: [cosine, constant]
  schedule.warmup_fraction: [0.1, 0]
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
    return SPEC.format(
        name=name, grid=grid, steps=steps, every=10, tokens=tokens or _stack.folder / "tokens.bin", bits=""
    )


def submit_as_users_do(name: str, grid: str):
    """`ofsweep submit` looks at the data, so that trials of earlier sweeps are shared."""
    file = _stack.folder / f"{name}.yaml"
    file.write_text(spec(name, grid))
    subprocess.run([_stack.ofsweep, "submit", file, "--coordinator", _stack.grpc], check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def coordinator():
    """Another one, without a worker: a function that starts it, again after it was killed; its address and data folder."""
    own = pathlib.Path(tempfile.mkdtemp(dir=_stack.folder))
    address = free_address()

    with Stack(own, _stack.ofsweep, prometheus="") as stack:

        def start(**more):
            options = {"data_dir": own / "data", "grpc": address, "http": "127.0.0.1:0", **more}
            process = stack.start("coordinator", stack.ofsweep, "coordinator", **options)
            stack.first_line("coordinator", process)
            return process

        yield start, address, own / "data"


def back_up(file: pathlib.Path):
    """As users do. Such a copy has no logs."""
    line = [_stack.ofsweep, "db", "backup", "--data-dir", data_folder(), "--to", file]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)


def program() -> pathlib.Path:
    return _stack.ofsweep


def client() -> ofsweep.Client:
    return ofsweep.connect(_stack.grpc)


def address() -> str:
    return _stack.grpc


def folder() -> pathlib.Path:
    """Where tests may write: it goes with the coordinator. Holds tokens.bin."""
    return _stack.folder


def data_folder() -> pathlib.Path:
    return _stack.database.parent
