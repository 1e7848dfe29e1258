"""The numbers of a device against those that published implementations made, and bfloat16 against float32."""

import json
import os
import pathlib

from shapes import make_trial, write_trial
from sides import run_events

# tests/reference/README.md: float32 agrees to 2e-4. SOAP brings float32's rounding to full size where a gradient is nearly
# rank-deficient: its losses agree all the same, single statistics only to a few per cent.
LOSS_TOLERANCE = 2e-4
STATISTIC_TOLERANCE = {"adam": 2e-4, "soap": 3e-2}

# A bfloat16 curve beside the float32 curve of the same seed, at every tenth step.
BF16_LOSS_BOUND = 0.02  # relative
BF16_KURTOSIS_BOUND = 0.25  # relative, of the largest kurtosis of a block


def curve(trainer, config):
    """{step: {(metric, layer, site): value}}"""
    steps = {}

    def on_event(_, event):
        if event["event"] == "points":
            values = {(metric, layer, site or None): value for metric, layer, site, value in event["points"]}
            steps.setdefault(event["step"], {}).update(values)

    run_events(trainer, config, on_event)
    return steps


def check_case(trainer, case, device, folder):
    """(largest relative deviation of a loss, of another number) of a case of tests/reference/training."""
    trial = json.loads((case / "trial.json").read_text())
    trial["train"].update(precision="fp32", device=device, threads=1)
    trial["model"]["init_from"] = str(case / trial["model"]["init_from"])
    trial["data"]["path"] = str(case / trial["data"]["path"])
    measured = curve(trainer, write_trial(folder / "reference.json", trial))
    loss = statistic = 0.0
    for expected in json.loads((case / "expected.json").read_text())["steps"]:
        seen = measured[expected["step"]]
        loss = max(loss, abs(seen["train_loss", None, None] / expected["train_loss"] - 1))
        statistic = max(statistic, abs(seen["gradient_norm", None, None] / expected["gradient_norm"] - 1))
        for site in expected["sites"]:
            for metric in trial["measure"]["metrics"]:
                statistic = max(statistic, abs(seen[metric, site["layer"], site["site"]] / site[metric] - 1))
    return loss, statistic, trial["optimizer"]["name"]


def check_references(trainer, root, device, folder):
    """Whether every case agrees, on the CPU and on the device."""
    agree = True
    print("\n| tests/reference/training, fp32 | device | loss | statistics | |\n|---|---|---|---|---|")
    for case in sorted(path for path in root.iterdir() if path.is_dir()):
        for where in dict.fromkeys(["cpu", device]):
            loss, statistic, optimizer = check_case(trainer, case, where, folder)
            good = loss <= LOSS_TOLERANCE and statistic <= STATISTIC_TOLERANCE[optimizer]
            agree = agree and good
            print(f"| {case.name} | {where} | {loss:.1e} | {statistic:.1e} | {'agrees' if good else 'DIFFERS'} |")
    return agree


def write_bytes(path, count):
    """Real text that every Python brings along, one token a byte."""
    library = sorted(pathlib.Path(os.__file__).parent.glob("*.py"))
    text = b"".join(file.read_bytes() for file in library)[:count]
    path.write_bytes(b"".join(bytes((byte, 0)) for byte in text))


def check_bf16(trainer, shape, device, folder, steps):
    """Whether a bfloat16 curve stays within the bounds beside the float32 one."""
    write_bytes(folder / "tokens.bin", 1_000_000)
    curves = {}
    for precision in ("fp32", "bf16"):
        trial = make_trial(shape, "adam", 10000, 1, device, precision)
        trial["train"]["steps"] = steps
        trial["measure"].update(every=10, metrics=["kurtosis"])
        trial["data"]["order"] = "shuffled"
        del trial["model"]["init_from"]
        curves[precision] = curve(trainer, write_trial(folder / f"{precision}.json", trial))
    loss = kurtosis = 0.0
    for step, exact in curves["fp32"].items():
        rounded = curves["bf16"][step]
        largest = [max(v for (name, _, site), v in values.items() if name == "kurtosis" and site == "block")
                   for values in (exact, rounded)]
        loss = max(loss, abs(rounded["train_loss", None, None] / exact["train_loss", None, None] - 1))
        kurtosis = max(kurtosis, abs(largest[1] / largest[0] - 1))
    good = loss <= BF16_LOSS_BOUND and kurtosis <= BF16_KURTOSIS_BOUND
    last = curves["fp32"][steps - 1]["train_loss", None, None]
    print(f"\nbf16 beside fp32, {shape}, {steps} steps to loss {last:.3f} on {device}: loss within {loss:.2%} (bound {BF16_LOSS_BOUND:.0%}), largest "
          f"kurtosis within {kurtosis:.1%} (bound {BF16_KURTOSIS_BOUND:.0%}): {'holds' if good else 'DOES NOT HOLD'}")
    return good
