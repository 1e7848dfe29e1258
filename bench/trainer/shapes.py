"""The trials that are compared, every value written out so that both sides read the same file."""

import json
import random
from array import array

NANO = {"layers": 4, "width": 192, "heads": 6, "context": 64, "vocabulary": 2048}

# Model keys, sequences in a batch, and timed steps of a round.
SHAPES = {
    "tiny": ({"layers": 2, "width": 32, "heads": 2, "context": 32, "vocabulary": 256}, 4, 10),
    "nano-8": (NANO, 8, 100),
    "nano-16": (NANO, 16, 60),
    "10m": ({"layers": 6, "width": 384, "heads": 6, "context": 128, "vocabulary": 2048}, 8, 20),
    "codeparrot-130m": (
        {"layers": 12, "width": 768, "heads": 12, "context": 128, "vocabulary": 50304, "norm": "rms_norm"}, 512, 20),
    "languini-1.2b": (
        {"layers": 24, "width": 2048, "heads": 16, "context": 512, "vocabulary": 16384, "activation": "gelu", "bias": "all"}, 128, 10),
}

OPTIMIZERS = {
    "adam": {"name": "adam", "learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999},
    "soap": {"name": "soap", "learning_rate": 1e-3, "beta1": 0.95, "beta2": 0.95, "refresh_every": 10},
}


def make_trial(shape, optimizer, max_preconditioner_dim, threads, device="cpu", precision="fp32", micro_batch_size=None):
    """A trial.json whose data is `tokens.bin` and whose initial weights are `init.safetensors` in its folder.

    It has 2·E + 1 steps, of which 0, E and 2·E are measured: the E steps behind the first half are timed.
    """
    model, batch_size, timed = SHAPES[shape]
    trial = {
        "model": {"block": "pre_norm", "norm": "layer_norm", "norm_epsilon": 1e-5, "activation": "relu", "bias": "none",
                  "tie_embeddings": True, "ffn_width": 4 * model["width"], "init_from": "init.safetensors", **model},
        "optimizer": {"epsilon": 1e-8, "weight_decay": 0.1, **OPTIMIZERS[optimizer]},
        "schedule": {"kind": "constant", "warmup_fraction": 0},
        "train": {"steps": 2 * timed + 1, "batch_size": batch_size, "clip_norm": 1.0, "precision": precision,
                  "micro_batch_size": micro_batch_size or batch_size, "device": device, "threads": threads},
        "data": {"source": "tokens", "path": "tokens.bin", "order": "sequential", "validation_fraction": 0},
        "measure": {"every": timed},
        "evaluate": {"int8": False},
        "seed": 0,
    }
    if optimizer == "soap":
        trial["optimizer"]["max_preconditioner_dim"] = max_preconditioner_dim
    return trial


def write_trial(path, trial):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(trial, indent=1))
    return path


def write_tokens(path, vocabulary, count=400_000):
    """Tokens by Zipf's law: what a step costs does not depend on their order."""
    weights = [1 / (rank + 2) for rank in range(vocabulary)]
    tokens = random.Random(0).choices(range(vocabulary), weights, k=count)
    path.write_bytes(array("H", tokens).tobytes())
