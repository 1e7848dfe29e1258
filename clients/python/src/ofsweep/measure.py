"""Statistics of outlier features of any torch model, by the definitions of the trainer (docs/trial-metrics.md).

They are those of He et al. (arXiv 2405.19279). A module's output is read as X, n tokens × d neurons: neurons in the
last dimension, tokens in all others.

    kurtosis          mean_j s_j⁴ / (mean_j s_j²)², s_j² = mean of X_αj² over the tokens; from 1 (all neurons alike)
                      to d (one outlier neuron)
    kurtosis_centred  the same after subtracting from each token its mean over the width
    mmr               of the centred X, mean over tokens of max|x| / lower median|x|; tokens of median 0 are left out
    mmr_left_out      how many those are
    rms, max_abs      √ of the mean of X², and the largest |X|
"""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ofsweep.errors import InvalidArgument, Violation

try:
    import torch
except ImportError as error:
    raise ImportError("ofsweep.measure needs PyTorch: pip install torch") from error

METRICS = ("kurtosis", "kurtosis_centred", "mmr", "mmr_left_out", "rms", "max_abs")


class Sums:
    """Over the tokens of one module, so that batches give the same values however they are cut. Taken in float32, of
    float64 in float64, and kept in float64, on the device of the output; nothing waits for a GPU."""

    def __init__(self) -> None:
        self.tokens = 0
        self._squares: Any = 0.0  # [d], Σ x² of each neuron
        self._centred_squares: Any = 0.0  # [d]
        self._ratio_sum: Any = 0.0
        self._ratio_count: Any = 0
        self._largest: Any = None

    def add(self, output: torch.Tensor) -> None:
        """output: floating point, [..., d]; its gradient is not touched."""
        x = output.detach().reshape(-1, output.shape[-1])
        x = x if x.dtype == torch.float64 else x.float()
        # Apple's GPUs have no float64.
        kept = torch.float32 if x.device.type == "mps" else torch.float64
        self.tokens += x.shape[0]
        self._squares = self._squares + x.square().sum(0, dtype=kept)
        largest = x.abs().amax().to(kept)
        self._largest = largest if self._largest is None else torch.maximum(self._largest, largest)
        centred = x - x.mean(-1, keepdim=True)
        self._centred_squares = self._centred_squares + centred.square().sum(0, dtype=kept)
        magnitudes = centred.abs()
        median = magnitudes.median(-1).values  # torch's is the lower one
        ratios = magnitudes.amax(-1) / median
        self._ratio_sum = self._ratio_sum + ratios.masked_fill(median == 0, 0).sum(dtype=kept)
        self._ratio_count = self._ratio_count + (median != 0).sum()

    def values(self) -> dict[str, float]:
        """By the names of METRICS. NaN and ±Inf follow IEEE arithmetic on the definitions; 0/0 is NaN. NaN before the
        first token."""
        if self.tokens == 0:
            return dict.fromkeys(METRICS, float("nan"))
        mean_squares = self._squares / self.tokens
        found = (
            _kurtosis(mean_squares),
            _kurtosis(self._centred_squares),
            self._ratio_sum / self._ratio_count,
            self.tokens - self._ratio_count,
            mean_squares.mean().sqrt(),
            self._largest,
        )
        return dict(zip(METRICS, torch.stack([value.to(mean_squares.dtype) for value in found]).tolist()))


def _kurtosis(squares: torch.Tensor) -> torch.Tensor:
    return squares.square().mean() / squares.mean().square()


class Statistics:
    """Measures modules of a model while it runs, inside of `with`:

        with ofsweep.measure.Statistics(model, modules=["transformer.h.*"]) as statistics:
            model(tokens)
        print(statistics.frame())

    Every forward pass counts, that of activation checkpointing too, which repeats one. The model itself computes what
    it computes without.

    model: any torch.nn.Module. modules: names as in model.named_modules(), in which * stands for one part between dots,
    or modules of the model themselves.
    Raises InvalidArgument for a name that no module has, and, in the forward pass, for an output without a
    floating-point tensor: of a tuple or list the first element counts, of a mapping the first value.
    """

    def __init__(self, model: torch.nn.Module, modules: Sequence[str | torch.nn.Module]) -> None:
        self._modules = _find(model, modules)
        self._sums: dict[str, Sums] = {}
        self._hooks: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """Forgets what was measured, so that the next forward pass begins anew."""
        self._sums = {name: Sums() for name in self._modules}

    def __enter__(self) -> Statistics:
        for name, module in self._modules.items():
            self._hooks.append(module.register_forward_hook(self._hook(name)))
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def frame(self, step: int | None = None) -> pd.DataFrame:
        """One row a module, in the model's order: module, tokens, and the columns of METRICS; with a step given, that
        too, to join several frames."""
        rows = [{"module": name, "tokens": sums.tokens, **sums.values()} for name, sums in self._sums.items()]
        frame = pd.DataFrame(rows, columns=["module", "tokens", *METRICS]).astype({"module": "string"})
        if step is not None:
            frame.insert(0, "step", step)
        return frame

    def _hook(self, name: str) -> Any:
        def add(module: torch.nn.Module, inputs: Any, output: Any) -> None:
            self._sums[name].add(_tensor(name, output))

        return add


def _find(model: torch.nn.Module, wanted: Sequence[str | torch.nn.Module]) -> dict[str, torch.nn.Module]:
    known = dict(model.named_modules())
    found = set()
    for one in wanted:
        names = [
            name for name, module in known.items() if (_matches(name, one) if isinstance(one, str) else module is one)
        ]
        if not names:
            near = difflib.get_close_matches(str(one), known, 1)
            raise _mistake(f"the model has no module {one}" + (f"; did you mean {near[0]}?" if near else ""))
        found.update(names)
    return {name: module for name, module in known.items() if name in found}


def _matches(name: str, pattern: str) -> bool:
    parts: tuple[list[str], list[str]] = (name.split("."), pattern.split("."))
    return len(parts[0]) == len(parts[1]) and all(map(fnmatch.fnmatchcase, *parts))


def _tensor(name: str, output: Any) -> torch.Tensor:
    first = output
    if isinstance(output, (tuple, list)) and output:
        first = output[0]
    elif hasattr(output, "values") and not isinstance(output, torch.Tensor):
        first = next(iter(output.values()), None)
    if isinstance(first, torch.Tensor) and first.is_floating_point() and first.dim() > 0:
        return first
    raise _mistake(f"module {name!r} gives {type(first).__name__}, no floating-point tensor")


def _mistake(description: str) -> InvalidArgument:
    return InvalidArgument("the modules cannot be measured", [Violation("modules", description)])
