"""Tokens per second, MFU and memory of a device: ofsweep-trainer beside PyTorch eager and torch.compile."""

import importlib.util
import os

from gpu import memory_taken_by, peak_flops
from shapes import SHAPES, make_trial, write_tokens, write_trial
from sides import run_ours, run_peer

# Compiling comes last, so that a call that is cut short has the rest.
SIDES = {"adam": "ofsweep, Adam", "eager": "PyTorch eager, fused AdamW", "soap": "ofsweep, SOAP",
         "compile": "torch.compile, fused AdamW"}

# Sequences that pass the model at once, on both sides.
MICRO_BATCH_SIZES = {"codeparrot-130m": 128, "languini-1.2b": 16, "tiny": 2}


def parameters_of(model):
    """Of the Pre-Norm decoder without biases, its norms' gains left out."""
    matrices = 4 * model["width"] ** 2 + 2 * model["width"] * model["ffn_width"]
    return model["layers"] * matrices + (model["vocabulary"] + model["context"]) * model["width"]


def flops_per_token(model):
    """6·N + 12·L·d·T, N all parameters (tied embedding once), the whole attention matrix counted."""
    return 6 * parameters_of(model) + 12 * model["layers"] * model["width"] * model["context"]


def make_config(shape, side, device, folder):
    """What a step costs does not depend on the weights: each side draws its own, on the device where it can."""
    threads = len(os.sched_getaffinity(0))
    trial = make_trial(shape, "soap" if side == "soap" else "adam", 10000, threads, device, "bf16", MICRO_BATCH_SIZES[shape])
    del trial["model"]["init_from"]
    return write_trial(folder / f"{shape}-{side}.json", trial), trial["model"]


def run_side(trainer, side, config):
    if side in ("adam", "soap"):
        return run_ours(trainer, config)
    return run_peer(config, *(["--compile"] if side == "compile" else []))


def measure_shape(trainer, shape, device, device_name, folder, sides, rounds):
    """Prints each figure as it comes, then a table; whether every side ran. Turn by turn, the better round of each side."""
    _, batch_size, _ = SHAPES[shape]
    if importlib.util.find_spec("torch") is None:
        print("no torch in this Python: PyTorch is not measured; run this with a Python that has it")
        sides = [side for side in sides if side in ("adam", "soap")]
    # Of its own: what a compilation left that was cut short would fail the next one.
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")
    configs = {side: make_config(shape, side, device, folder) for side in sides}
    if not configs:
        return True
    model = next(iter(configs.values()))[1]
    tokens = batch_size * model["context"]
    write_tokens(folder / "tokens.bin", model["vocabulary"])
    costs = {side: [] for side in sides}
    good = True
    for number in range(1, rounds + 1):
        for side in sides:
            def work(side=side):
                return run_side(trainer, side, configs[side][0])
            try:
                cost, gib = (work(), None) if device == "cpu" else memory_taken_by(work)
                costs[side].append((cost.seconds, gib))
                print(f"{shape}, round {number}, {SIDES[side]}: {tokens / cost.seconds:.0f} tokens/s", flush=True)
            except Exception as error:  # what one side lacks must not cost the others' figures
                print(f"{shape}, round {number}, {SIDES[side]} FAILED: {type(error).__name__}: {error}", flush=True)
                good = False
    print_table(shape, model, tokens, device_name, costs)
    return good


def print_table(shape, model, tokens, device_name, costs):
    peak = peak_flops(device_name)
    ours = min((seconds for seconds, _ in costs.get("adam", [])), default=None)
    print(f"\n{shape}: {parameters_of(model) / 1e6:.1f} M parameters, {tokens} tokens a step, {device_name}")
    print("| | tokens/s | MFU | ofsweep, Adam is | GPU memory |\n|---|---|---|---|---|")
    for side, runs in costs.items():
        if not runs:
            print(f"| {SIDES[side]} | failed | – | – | – |")
            continue
        seconds = min(seconds for seconds, _ in runs)
        mfu = f"{flops_per_token(model) * tokens / seconds / peak:.1%}" if peak else "no peak known"
        faster = f"{seconds / ours:.2f}×" if ours else "–"
        taken = [gib for _, gib in runs if gib is not None]
        memory = f"{max(taken):.1f} GiB" if taken else "–"
        print(f"| {SIDES[side]} | {tokens / seconds:.0f} | {mfu} | {faster} | {memory} |", flush=True)
