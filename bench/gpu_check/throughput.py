"""Tokens per second, MFU and memory of a device: ofsweep-trainer beside PyTorch eager and torch.compile."""

import contextlib
import importlib.util
import subprocess
import threading

from shapes import SHAPES, make_trial, write_tokens, write_trial
from sides import run_ours, run_peer, write_weights

# Dense bfloat16 FLOP/s by the makers' data sheets; the first name that the device's contains counts.
PEAKS = {"H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "A10G": 70e12, "L40S": 362e12, "L4": 121e12,
         "RTX 4090": 165e12, "RTX 3090": 71e12, "V100": 125e12}

# Sequences that pass the model at once, on both sides.
MICRO_BATCH_SIZES = {"codeparrot-130m": 128, "languini-1.2b": 16}


def query_gpu(field):
    """A field of the first GPU by nvidia-smi, None where there is no GPU."""
    command = ["nvidia-smi", "--id=0", f"--query-gpu={field}", "--format=csv,noheader,nounits"]
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    return None


def device_memory_of(device, work):
    """(what work() returns, peak GiB of the GPU beyond what was taken before, None on a CPU), sampled by nvidia-smi."""
    if device == "cpu":
        return work(), None
    before = float(query_gpu("memory.used"))
    samples, done = [before], threading.Event()

    def sample():
        while not done.wait(0.2):
            samples.append(float(query_gpu("memory.used")))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        result = work()
    finally:
        done.set()
        sampler.join()
    return result, (max(samples) - before) / 1024


def parameters_of(model):
    """Of the Pre-Norm decoder without biases, its norms' gains left out."""
    matrices = 4 * model["width"] ** 2 + 2 * model["width"] * model["ffn_width"]
    return model["layers"] * matrices + (model["vocabulary"] + model["context"]) * model["width"]


def flops_per_token(model):
    """6·N + 12·L·d·T, N all parameters (tied embedding once), the whole attention matrix counted."""
    return 6 * parameters_of(model) + 12 * model["layers"] * model["width"] * model["context"]


def measure_shape(trainer, shape, device, device_name, folder, with_soap):
    """Prints a table of one shape. Two rounds, turn by turn, the better of each side: a GPU's times hold."""
    _, batch_size, _ = SHAPES[shape]
    precision = "fp32" if device == "cpu" else "bf16"
    torch = importlib.util.find_spec("torch") is not None
    configs = {}
    for optimizer in ["adam", "soap"] if with_soap else ["adam"]:
        trial = make_trial(shape, optimizer, 10000, 1, device, precision, MICRO_BATCH_SIZES.get(shape))
        if not torch:
            del trial["model"]["init_from"]  # ofsweep's own initial weights do as well
        configs[optimizer] = write_trial(folder / f"{optimizer}.json", trial)
    model = trial["model"]
    write_tokens(folder / "tokens.bin", model["vocabulary"])
    if torch:
        write_weights(configs["adam"])
    sides = {"ofsweep, Adam": lambda: run_ours(trainer, configs["adam"])}
    if with_soap:
        sides["ofsweep, SOAP"] = lambda: run_ours(trainer, configs["soap"])
    if torch:
        sides["PyTorch eager, fused AdamW"] = lambda: run_peer(configs["adam"])
        sides["torch.compile, fused AdamW"] = lambda: run_peer(configs["adam"], "--compile")
    costs = {side: [] for side in sides}
    for _ in range(2):
        for side, work in sides.items():
            costs[side].append(device_memory_of(device, work))
    print_table(shape, model, batch_size * model["context"], device_name, costs)
    if not torch:
        print("no torch in this Python: PyTorch was not measured; run this with a Python that has it")


def print_table(shape, model, tokens, device_name, costs):
    peak = next((flops for name, flops in PEAKS.items() if name in device_name), None)
    ours = min(cost.seconds for cost, _ in costs["ofsweep, Adam"])
    print(f"\n{shape}: {parameters_of(model) / 1e6:.1f} M parameters, {tokens} tokens a step, {device_name}")
    print("| | tokens/s | MFU | ofsweep, Adam is | GPU memory |\n|---|---|---|---|---|")
    for side, runs in costs.items():
        seconds = min(cost.seconds for cost, _ in runs)
        mfu = f"{flops_per_token(model) * tokens / seconds / peak:.1%}" if peak else "no peak known"
        memory = f"{max(gib for _, gib in runs):.1f} GiB" if runs[0][1] is not None else "–"
        print(f"| {side} | {tokens / seconds:.0f} | {mfu} | {seconds / ours:.2f}× | {memory} |", flush=True)
