"""Runs one trial with ofsweep's trainer or with its PyTorch peer, in a fresh process, and says what a step cost."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PEER = pathlib.Path(__file__).with_name("peer.py")


@dataclasses.dataclass
class Cost:
    """Of one step, the mean over those that were timed."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int  # of the whole process, its libraries and start-up included
    losses: list


def cpu_seconds(pid):
    """Of all threads, to a hundredth."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def finish(process, what, errors):
    """Waits for a process that has to end well; its peak resident memory."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        errors.seek(0)
        raise RuntimeError(f"{what} failed with exit code {process.returncode}:\n{errors.read()}")
    return usage.ru_maxrss * 1024


def run_events(trainer, config, on_event):
    """ofsweep-trainer --config: calls on_event(process, event) as each event comes; peak resident memory."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([trainer, "--config", config], stdout=subprocess.PIPE, stderr=errors, text=True)
        for line in process.stdout:
            event = json.loads(line)
            if event.get("outcome") == "diverged":
                raise RuntimeError(f"ofsweep-trainer --config {config}: diverged at step {event['step']}")
            on_event(process, event)
        return finish(process, f"ofsweep-trainer --config {config}", errors)


def run_ours(trainer, config):
    """The steps between the last two points are timed, by the trainer's own clock of its steps."""
    losses, marks = [], []

    def on_event(process, event):
        if event["event"] == "points":
            marks.append((event["step"], event["seconds"], cpu_seconds(process.pid)))
            losses.extend(value for metric, _, _, value in event["points"] if metric == "train_loss")

    peak = run_events(trainer, config, on_event)
    (first, first_seconds, first_cpu), (last, last_seconds, last_cpu) = marks[-2:]
    steps = last - first
    return Cost((last_seconds - first_seconds) / steps, (last_cpu - first_cpu) / steps, peak, losses)


def run_peer(config, *options):
    """The same steps of the same trial in PyTorch. Needs a Python with torch, which the driver itself does not."""
    steps = json.loads(config.read_text())["train"]["steps"]
    command = [sys.executable, PEER, "--config", config, "--from-step", str(steps // 2 + 1), *options]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        peak = finish(process, "the PyTorch peer", errors)
    return Cost(peak_bytes=peak, **json.loads(output))


def write_weights(config):
    """Initial weights for both sides, where trial.json names them."""
    path = config.with_name("init.safetensors")
    subprocess.run([sys.executable, PEER, "--config", config, "--write-weights", path], check=True)
