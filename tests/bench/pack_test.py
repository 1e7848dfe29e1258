#!/usr/bin/env python3
"""bench/gpu_check/pack.sh: what it packs runs where PyTorch is, and nothing else of ours. usage: pack_test.py ROOT TRAINER CACHE"""

import json
import pathlib
import subprocess
import sys
import tempfile

CARRIED_BYTES = 64 << 20  # what a machine that is lent takes


def main():
    root, trainer, cache = map(pathlib.Path, sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        packed = pathlib.Path(folder) / "gpu_check"
        subprocess.run([root / "bench/gpu_check/pack.sh", trainer, packed], check=True)
        size = sum(file.stat().st_size for file in packed.rglob("*"))
        assert size < CARRIED_BYTES, f"{size} bytes are packed"

        # On another machine the folder that the program was linked with does not exist.
        program = (packed / "bin/ofsweep-trainer").read_bytes()
        name = str(cache).encode()
        assert name in program
        (packed / "bin/ofsweep-trainer").write_bytes(program.replace(name, b"/nowhere".ljust(len(name), b"/")))

        # PyTorch's own CUDA libraries come by the caller's path, as a driver's does: the wrapper must not replace it.
        environment = {"TORCH": str(next(cache.glob("torch-*/torch"))),
                       "LD_LIBRARY_PATH": ":".join(map(str, cache.glob("nvidia_cuda_*/nvidia/cu13/lib")))}
        trial = root / "tests/reference/training/op-adam/trial.json"
        done = subprocess.run([packed / "ofsweep-trainer", "--config", trial], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["outcome"] == "completed", done.stdout


if __name__ == "__main__":
    main()
