#!/usr/bin/env python3
"""What a GPU has to show: its numbers agree with the CPU's and the published ones, bf16 stays near fp32, and how fast it is.

Ends with exit code 0 where every check holds. bench/gpu_check/README.md says how to carry it to a machine."""

import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/trainer"))

from agreement import check_bf16, check_references  # noqa: E402
from throughput import measure_shape, query_gpu  # noqa: E402

CARRIED = ROOT / "build/gpu_check/ofsweep-trainer"
BUILT = ROOT / "build/release/bin/ofsweep-trainer"
SHAPES = {"codeparrot-130m": True, "languini-1.2b": False}  # with SOAP too?
PARTS = ["references", "bf16", *SHAPES]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trainer", default=CARRIED if CARRIED.exists() else BUILT, help="[%(default)s]")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu: the same code on tiny shapes")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="%(default)s")
    options = parser.parse_args()
    name = query_gpu("name")
    if options.device == "cuda" and name is None:
        sys.exit("gpu_check.py: there is no GPU here (nvidia-smi shows none); run this on a machine with one, or try its code "
                 "with --device cpu")
    on_gpu = options.device == "cuda"
    print(f"device: {name if on_gpu else 'cpu; no figure of this run says anything about a GPU'}")
    good = True
    with tempfile.TemporaryDirectory(prefix="ofsweep-gpu-check-") as folder:
        folder = pathlib.Path(folder)
        if "references" in options.parts:
            good &= check_references(options.trainer, ROOT / "tests/reference/training", options.device, folder)
        if "bf16" in options.parts:
            good &= check_bf16(options.trainer, "nano-16" if on_gpu else "tiny", options.device, folder, 400 if on_gpu else 60)
        for shape, with_soap in SHAPES.items():
            if shape in options.parts:
                measure_shape(options.trainer, shape if on_gpu else "tiny", options.device, name if on_gpu else "cpu",
                              folder, with_soap)
    print("\ngpu_check:", "every check holds" if good else "NOT every check holds")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(f"gpu_check.py: {error}")
