#!/usr/bin/env python3
"""CPU seconds of a trial on several threads beside as many busy loops, over those of the same trial alone.

Both take turns; the last line is the median of the rounds' ratios. Threads that spin while they wait for each other make it
large (GOMP_SPINCOUNT=300000 in the environment shows it: OpenMP's own default), threads that sleep do not. Limit: 1.5."""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from shapes import make_trial, write_tokens, write_trial

LIMIT = 1.5


@contextlib.contextmanager
def busy_loops(count):
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def train(trainer, config):
    """CPU seconds of the whole process."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([trainer, "--config", config], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"busy.py: ofsweep-trainer failed with exit code {process.returncode}:\n{errors.read()}")
        return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = pathlib.Path(__file__).resolve().parents[2]
    parser.add_argument("--trainer", default=root / "build/release/bin/ofsweep-trainer", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=2, help="of the trial, and busy loops beside it [%(default)s]")
    parser.add_argument("--rounds", type=int, default=5, help="[%(default)s]")
    options = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory(prefix="ofsweep-busy-") as name:
        folder = pathlib.Path(name)
        trial = make_trial("nano-8", "adam", 1024, options.threads)
        trial["train"]["steps"] = 20
        del trial["model"]["init_from"]
        config = write_trial(folder / "trial.json", trial)
        write_tokens(folder / "tokens.bin", trial["model"]["vocabulary"])
        for number in range(1, options.rounds + 1):
            alone = train(options.trainer, config)
            with busy_loops(options.threads):
                beside = train(options.trainer, config)
            ratios.append(beside / alone)
            print(f"round {number}: {alone:.2f} s of CPU alone, {beside:.2f} s beside {options.threads} busy loops", flush=True)
    ratio = statistics.median(ratios)
    print(f"ratio {ratio:.2f}x the CPU seconds of a trial alone (limit {LIMIT})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
