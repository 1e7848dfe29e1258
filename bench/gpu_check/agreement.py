"""The numbers of a device against those that published implementations made, and bfloat16 against float32."""

import concurrent.futures
import json
import math
import os
import pathlib

from shapes import make_trial, write_trial
from sides import run_events

# (of losses, of other numbers), relative. tests/reference/README.md: float64 agrees to 1e-6, float32 to 2e-4. SOAP brings
# float32's rounding to full size where a gradient is nearly rank-deficient: single statistics then agree to a few per cent only,
# and on a GPU, whose sums have another order, perhaps losses to 2e-3. Where float64 agrees, a difference is rounding and no bug.
TOLERANCES = {
    ("adam", "fp32", "cpu"): (2e-4, 2e-4),
    ("soap", "fp32", "cpu"): (2e-4, 3e-2),
    ("adam", "fp32", "cuda"): (2e-4, 2e-4),
    ("soap", "fp32", "cuda"): (2e-3, 3e-2),
    ("adam", "fp64", "cpu"): (1e-6, 1e-6),
    ("soap", "fp64", "cpu"): (1e-6, 1e-6),
    ("adam", "fp64", "cuda"): (1e-6, 1e-6),
    ("soap", "fp64", "cuda"): (1e-6, 1e-6),
}

# A bfloat16 curve beside the float32 curve of the same seed, at every tenth step. The losses are means of five in a row: after some
# hundred steps two roundings of one training are two trainings, and a single batch's losses are up to 3 % apart.
BF16_LOSS_BOUND = 0.02  # relative
BF16_SMOOTHED = 5
BF16_KURTOSIS_BOUND = 0.25  # relative, of the largest kurtosis of a block


def curve(trainer, config):
    """{step: {(metric, layer, site): value}}"""
    steps = {}

    def on_event(_, event):
        if event["event"] == "points":
            values = {(metric, layer, site or None): float(value) for metric, layer, site, value in event["points"]}
            steps.setdefault(event["step"], {}).update(values)

    run_events(trainer, config, on_event)
    return steps


def deviation(seen, expected):
    """Relative; of what is not finite, infinite."""
    relative = abs(seen / expected - 1)
    return relative if math.isfinite(relative) else math.inf


def check_case(trainer, case, device, precision, folder):
    """(largest relative deviation of a loss, of another number, both tolerances) of a case of tests/reference/training."""
    trial = json.loads((case / "trial.json").read_text())
    trial["train"].update(precision=precision, device=device, threads=1)
    trial["model"]["init_from"] = str(case / trial["model"]["init_from"])
    trial["data"]["path"] = str(case / trial["data"]["path"])
    measured = curve(trainer, write_trial(folder / f"{case.name}-{device}-{precision}.json", trial))
    loss = statistic = 0.0
    for expected in json.loads((case / "expected.json").read_text())["steps"]:
        seen = measured[expected["step"]]
        loss = max(loss, deviation(seen["train_loss", None, None], expected["train_loss"]))
        statistic = max(statistic, deviation(seen["gradient_norm", None, None], expected["gradient_norm"]))
        for site in expected["sites"]:
            for metric in trial["measure"]["metrics"]:
                statistic = max(statistic, deviation(seen[metric, site["layer"], site["site"]], site[metric]))
    return loss, statistic, *TOLERANCES[trial["optimizer"]["name"], precision, device]


def check_references(trainer, root, names, device, folder):
    """Whether every case (of these names, where there are any) agrees: on the CPU, and on the device in both precisions."""
    cases = sorted(path for path in root.iterdir() if path.is_dir() and (not names or path.name in names))
    runs = [(case, where, precision) for case in cases
            for where, precision in dict.fromkeys([("cpu", "fp32"), (device, "fp32"), (device, "fp64")])]
    agree = True
    errors = []
    print("\n| tests/reference/training | device | | loss | statistics | |\n|---|---|---|---|---|---|")
    # Nearly all of a run is the start of its process.
    with concurrent.futures.ThreadPoolExecutor(min(4, len(os.sched_getaffinity(0)))) as pool:
        checks = [pool.submit(check_case, trainer, *run, folder) for run in runs]
        for (case, where, precision), check in zip(runs, checks, strict=True):
            row = f"| {case.name} | {where} | {precision} |"
            try:
                loss, statistic, loss_tolerance, statistic_tolerance = check.result()
            except Exception as error:
                print(f"{row} – | – | FAILED |", flush=True)
                errors.append(f"{case.name} on {where} in {precision}: {type(error).__name__}: {error}")
                continue
            good = loss <= loss_tolerance and statistic <= statistic_tolerance
            agree = agree and good
            print(f"{row} {loss:.1e} | {statistic:.1e} | {'agrees' if good else 'DIFFERS'} |", flush=True)
    print("\n".join(errors))
    return agree and not errors


def write_bytes(path, count):
    """Real text that every Python brings along, one token a byte."""
    library = sorted(pathlib.Path(os.__file__).parent.glob("*.py"))
    text = b"".join(file.read_bytes() for file in library)[:count]
    path.write_bytes(b"".join(bytes((byte, 0)) for byte in text))


def largest_deviation(seen, expected):
    return max(deviation(*pair) for pair in zip(seen, expected, strict=True))


def running_means(values, count):
    return [sum(values[i:i + count]) / count for i in range(len(values) - count + 1)]


def check_bf16(trainer, shape, device, folder, steps):
    """Whether a bfloat16 curve stays within the bounds beside the float32 one."""
    write_bytes(folder / "tokens.bin", 1_000_000)
    curves = {}
    for precision in ("fp32", "bf16"):
        trial = make_trial(shape, "adam", 10000, len(os.sched_getaffinity(0)), device, precision)
        trial["train"]["steps"] = steps
        trial["measure"].update(every=10, metrics=["kurtosis"])
        trial["data"]["order"] = "shuffled"
        del trial["model"]["init_from"]
        curves[precision] = curve(trainer, write_trial(folder / f"{precision}.json", trial))
    kurtosis = largest_deviation(*(
        [max(v for (name, _, site), v in values.items() if name == "kurtosis" and site == "block") for values in steps_of.values()]
        for steps_of in (curves["bf16"], curves["fp32"])))
    losses = [[values["train_loss", None, None] for values in curves[precision].values()] for precision in ("bf16", "fp32")]
    loss = largest_deviation(*(running_means(values, BF16_SMOOTHED) for values in losses))
    single = largest_deviation(*losses)
    good = loss <= BF16_LOSS_BOUND and kurtosis <= BF16_KURTOSIS_BOUND
    last = curves["fp32"][steps - 1]["train_loss", None, None]
    print(f"\nbf16 beside fp32, {shape}, {steps} steps to loss {last:.3f} on {device}: loss within {loss:.2%} (bound {BF16_LOSS_BOUND:.0%}; of a single step {single:.2%}), largest "
          f"kurtosis within {kurtosis:.1%} (bound {BF16_KURTOSIS_BOUND:.0%}): {'holds' if good else 'DOES NOT HOLD'}")
    return good
