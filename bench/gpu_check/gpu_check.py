#!/usr/bin/env python3
"""What a GPU has to show: its numbers agree with the CPU's and the published ones, bf16 stays near fp32, and how fast it is.

Ends with exit code 0 where every check holds and every side ran; what fails does not keep the rest from running.
bench/gpu_check/README.md says how to carry it to a machine."""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/trainer"))

from agreement import check_bf16, check_references  # noqa: E402
from exercise import Exercise  # noqa: E402
from gpu import query_gpu  # noqa: E402
from throughput import SIDES, measure_shape  # noqa: E402

CARRIED = ROOT / "build/gpu_check/ofsweep-trainer"
BUILT = ROOT / "build/release/bin/ofsweep-trainer"
REFERENCES = ROOT / "tests/reference/training"
SHAPES = {"codeparrot-130m": list(SIDES), "languini-1.2b": ["adam", "eager", "compile"]}
PARTS = ["kernels", "references", "trainer", "bf16", *SHAPES]


def check_kernels(program, device):
    """tests/trainer/gpu_test.cc, which skips itself where it finds no GPU."""
    done = subprocess.run([program], capture_output=True, text=True)
    skipped = "SKIPPED" in done.stdout
    good = done.returncode == 0 and (not skipped or device == "cpu")
    print(f"\ntrainer_gpu_test: {'skipped without a GPU' if skipped else 'holds' if good else 'FAILED'}")
    if not good:
        print(done.stdout + done.stderr)
    return good


def run_part(part, options, device_name, folder):
    shape = "tiny" if options.tiny else part
    if part == "kernels":
        return check_kernels(pathlib.Path(options.trainer).with_name("trainer_gpu_test"), options.device)
    if part == "references":
        return check_references(options.trainer, REFERENCES, options.cases, options.device, folder)
    if part == "trainer":
        return Exercise(options.trainer, "tiny" if options.tiny else "nano-8", options.device, folder).all()
    if part == "bf16":
        steps = 60 if options.tiny else 400
        return check_bf16(options.trainer, "tiny" if options.tiny else "nano-16", options.device, folder, steps)
    sides = [side for side in SHAPES[part] if side in options.sides]
    return measure_shape(options.trainer, shape, options.device, device_name, folder, sides, options.rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", default=CARRIED if CARRIED.exists() else BUILT, help="[%(default)s]")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="[all]")
    parser.add_argument("--cases", nargs="+", choices=sorted(path.name for path in REFERENCES.iterdir() if path.is_dir()),
                        help="of the references [all]")
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="that are timed [all]")
    parser.add_argument("--rounds", type=int, default=2, help="in which the sides take turns [%(default)s]")
    parser.add_argument("--tiny", action="store_true", help="the same code on tiny shapes, a rehearsal")
    options = parser.parse_args()
    name = query_gpu("name")
    if options.device == "cuda" and name is None:
        sys.exit("gpu_check.py: there is no GPU here (nvidia-smi shows none); run this on a machine with one, or try its code "
                 "with --device cpu --tiny")
    device_name = name if options.device == "cuda" else "cpu"
    print(f"device: {device_name}" + ("; no figure of this run says anything about a GPU" if device_name == "cpu" else ""))
    good = True
    for part in options.parts:
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="ofsweep-gpu-check-") as folder:
            try:
                good &= run_part(part, options, device_name, pathlib.Path(folder))
            except Exception:  # what one part lacks must not cost the others' figures
                traceback.print_exc(file=sys.stdout)
                good = False
        print(f"({part}: {time.monotonic() - start:.0f} s)", flush=True)
    print("\ngpu_check:", "every check holds" if good else "NOT every check holds")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
