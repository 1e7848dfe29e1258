"""What nvidia-smi says of the first GPU."""

import contextlib
import subprocess
import tempfile

# Dense bfloat16 FLOP/s by the makers' data sheets; the first name that the device's contains counts.
PEAKS = {"H200": 989e12, "H100 PCIe": 756e12, "H100": 989e12, "A100": 312e12, "A10G": 70e12, "L40S": 362e12, "L4": 121e12,
         "RTX 4090": 165e12, "RTX 3090": 71e12, "V100": 125e12}


def peak_flops(name):
    """Of the device of this name, None where it is not known."""
    return next((flops for part, flops in PEAKS.items() if part in name), None)


def smi(field):
    return ["nvidia-smi", "--id=0", f"--query-gpu={field}", "--format=csv,noheader,nounits"]


def query_gpu(field):
    """A field of the GPU, None where there is none."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        return subprocess.run(smi(field), check=True, capture_output=True, text=True).stdout.strip()
    return None


def memory_taken_by(work):
    """(what work() returns, peak GiB beyond what was taken before, None where it was not seen).

    One process samples all the while: to start nvidia-smi for every sample keeps a core and the driver busy.
    """
    before = float(query_gpu("memory.used"))
    with tempfile.TemporaryFile("w+") as output:
        sampler = subprocess.Popen([*smi("memory.used"), "-lms", "500"], stdout=output)
        try:
            result = work()
        finally:
            sampler.terminate()
            sampler.wait()
        output.seek(0)
        samples = [float(line) for line in output.read().splitlines(keepends=True) if line.endswith("\n")]
    return result, (max(samples) - before) / 1024 if samples else None
