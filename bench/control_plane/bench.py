#!/usr/bin/env python3
"""ofsweep's control plane beside its peers. Run it by run.sh; README.md says what is measured, and how."""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import sys
import tempfile
import time
import traceback

from access import Access
from growth import Growth
from heartbeats import Heartbeats
from lifecycles import Lifecycles
from metrics import Metrics
from processes import Bench
from pushes import Pushes
from reads import Reads
from report import Report
from scale import Scale

SECTIONS = [Lifecycles(), Pushes(), Reads(), Heartbeats(), Growth(), Metrics(), Scale(), Access()]


def parse_arguments():
    names = [section.name for section in SECTIONS]
    parser = argparse.ArgumentParser(prog="run.sh", description="ofsweep's control plane beside Optuna, MLflow, raw SQLite and bare gRPC")
    parser.add_argument("ofsweep", type=pathlib.Path, help="the program that is measured")
    parser.add_argument("--client", required=True, help="bench_control_client (run.sh builds it)")
    parser.add_argument("--python", required=True, help="one that has the peers (run.sh makes it)")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 1")
    parser.add_argument("--quick", action="store_true", help="one short round: does everything run?")
    parser.add_argument("--only", default="", help=f"these sections, with commas between: {', '.join(names)}")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder for what is written")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    if unknown := set(options.only) - set(names):
        parser.error(f"--only: no section {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.keep and options.keep.exists():
        parser.error(f"--keep: {options.keep} exists")
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.peer_size = 20 if options.quick else 40
    options.growth_points = 1_000_000 if options.quick else 5_000_000
    options.heartbeat_seconds = 6 if options.quick else 12
    return options


def describe_machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M}, {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def measure(bench, wanted):
    """The parts that failed; the others still have something to say."""
    failed, began = [], time.perf_counter()

    def do(what, work, *arguments):
        try:
            work(bench, *arguments)
        except Exception:
            failed.append(what)
            traceback.print_exc()
        print(f"[{time.perf_counter() - began:5.0f} s] {what} {'FAILED' if what in failed else 'done'}", file=sys.stderr, flush=True)

    for section in wanted:
        do(f"{section.name}: preparation", section.prepare)
    for number in range(bench.options.rounds):
        for section in wanted:
            do(f"{section.name}: round {number + 1}", section.round, number)
    for section in wanted:
        do(f"{section.name}: once", section.once)
    return failed


def main():
    options = parse_arguments()
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="ofsweep-control-"))
    folder.mkdir(parents=True, exist_ok=True)
    report = Report()
    print(describe_machine(), flush=True)
    try:
        failed = measure(Bench(options, folder, report), [section for section in SECTIONS if not options.only or section.name in options.only])
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    report.print()
    print(f"\n{describe_machine()}" + "".join(f"\nFAILED: {what}" for what in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
