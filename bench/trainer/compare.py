#!/usr/bin/env python3
"""Tokens per second of ofsweep-trainer beside PyTorch eager: the same model, weights, batches, threads and machine.

Both train in fresh processes, turn by turn; start-up and the first half of the steps are left out. Run it by
bench/trainer/compare.sh, which makes the Python that it needs; docs/performance.md says how to read it."""

import argparse
import copy
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from shapes import OPTIMIZERS, SHAPES, make_trial, write_tokens, write_trial
from sides import run_ours, run_peer, write_weights

CHECKED_STEPS = 12  # past SOAP's first new basis
# Of the losses of these steps, relative. A first Gram is rank-deficient and its null space is LAPACK's choice, so that
# SOAP's paths differ.
TOLERANCE = {"adam": 2e-4, "soap": 2e-2}


def check_losses(options, folder, optimizer, trial, soap):
    """Work is only compared where it is the same work."""
    trial = copy.deepcopy(trial)
    trial["train"]["steps"] = CHECKED_STEPS
    trial["measure"]["every"] = 1
    config = write_trial(folder / "check.json", trial)
    ours = run_ours(options.trainer, config).losses
    theirs = run_peer(config, "--losses", str(CHECKED_STEPS), *soap).losses
    difference = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    print(f"{optimizer}: losses of {CHECKED_STEPS} steps differ by at most {difference:.1e}: ours {ours[0]:.6f} … {ours[-1]:.6f}, "
          f"PyTorch {theirs[0]:.6f} … {theirs[-1]:.6f}")
    if difference > TOLERANCE[optimizer]:
        raise SystemExit(f"compare.py: {optimizer} is not the same training on both sides; nothing is compared")


def median_ratio(numerators, denominators):
    """Of what was measured one after the other, so that a slow spell of the machine falls on both."""
    return statistics.median(a / b for a, b in zip(numerators, denominators, strict=True))


def report(shape, optimizer, tokens, ours, theirs):
    print(f"\n{shape}, {optimizer}: tokens/s, and CPU seconds per 1000 tokens")
    print("  round     ours  PyTorch  ratio |   ours  PyTorch  ratio")
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        print(f"  {number:5} {tokens / a.seconds:8.0f} {tokens / b.seconds:8.0f} {b.seconds / a.seconds:6.2f} | "
              f"{1000 * a.cpu_seconds / tokens:6.3f} {1000 * b.cpu_seconds / tokens:8.3f} {b.cpu_seconds / a.cpu_seconds:6.2f}")
    peak = [max(cost.peak_bytes for cost in side) / 2**20 for side in (ours, theirs)]
    print(f"  peak memory of the process: ours {peak[0]:.0f} MiB, PyTorch {peak[1]:.0f} MiB")
    by_time = median_ratio([b.seconds for b in theirs], [a.seconds for a in ours])
    by_cpu = median_ratio([b.cpu_seconds for b in theirs], [a.cpu_seconds for a in ours])
    print(f"  ratio {shape} {optimizer}: {by_time:.2f}x PyTorch eager's tokens/s, {by_cpu:.2f}x by CPU seconds", flush=True)


def compare(options, shape, folder):
    soap = ["--soap-file", options.soap_file] if options.soap_file else []
    _, batch_size, _ = SHAPES[shape]
    configs = {}
    for optimizer in options.optimizers:
        trial = make_trial(shape, optimizer, options.max_preconditioner_dim, options.threads)
        configs[optimizer] = write_trial(folder / f"{optimizer}.json", trial)
        if not (folder / "tokens.bin").exists():
            write_tokens(folder / "tokens.bin", trial["model"]["vocabulary"])
            write_weights(configs[optimizer])
        check_losses(options, folder, optimizer, trial, soap)
    ours = {optimizer: [] for optimizer in configs}
    theirs = {optimizer: [] for optimizer in configs}
    for _ in range(options.rounds):
        for optimizer, config in configs.items():
            ours[optimizer].append(run_ours(options.trainer, config))
            theirs[optimizer].append(run_peer(config, *soap))
    for optimizer in configs:
        report(shape, optimizer, batch_size * trial["model"]["context"], ours[optimizer], theirs[optimizer])
    if len(configs) == 2:
        for name, side in (("ours", ours), ("PyTorch", theirs)):
            seconds = {optimizer: [cost.seconds for cost in side[optimizer]] for optimizer in configs}
            print(f"  ratio {shape} SOAP over Adam, {name}: {median_ratio(seconds['soap'], seconds['adam']):.2f}x a step's time")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--trainer", default=root / "build/release/bin/ofsweep-trainer", help="[%(default)s]")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["nano-8", "nano-16", "10m"], help="%(default)s")
    parser.add_argument("--optimizers", nargs="+", choices=OPTIMIZERS, default=list(OPTIMIZERS), help="%(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of both sides [all cores]")
    parser.add_argument("--soap-file", help="soap.py of the authors' repository, in place of pytorch_optimizer's SOAP")
    parser.add_argument("--max-preconditioner-dim", type=int, default=1024,
                        help="SOAP, both sides: a larger dimension (the vocabulary) keeps that side as the identity [%(default)s]")
    options = parser.parse_args()
    print(f"{options.threads} threads, {options.rounds} rounds, SOAP with max_preconditioner_dim "
          f"{options.max_preconditioner_dim} beside {options.soap_file or 'pytorch_optimizer'}")
    for shape in options.shapes:
        with tempfile.TemporaryDirectory(prefix="ofsweep-compare-") as folder:
            compare(options, shape, pathlib.Path(folder))
    statistics_bench = pathlib.Path(options.trainer).with_name("bench_statistics")
    if statistics_bench.exists():
        print("\nwhat the statistics cost a step:", flush=True)
        subprocess.run([statistics_bench], check=True)


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"compare.py: {error}")
