"""What else a user does with ofsweep-trainer, once each on the device: time, save and resume, evaluate, run out of memory."""

import json
import os
import resource
import signal
import subprocess

from agreement import BF16_LOSS_BOUND, deviation, write_bytes
from shapes import make_trial, write_trial

STEPS = 60
STOPPED_AFTER = 20
FIRST_BYTES = 1 << 30  # a first chunk of logits (trainer/loss.cc)


class Exercise:
    def __init__(self, trainer, shape, device, folder):
        self.trainer, self.shape, self.device, self.folder = trainer, shape, device, folder
        write_bytes(folder / "tokens.bin", 400_000)

    def config(self, name, optimizer="adam", **keys):
        """A trial.json in bf16 with `keys` of its sections on top."""
        trial = make_trial(self.shape, optimizer, 10000, len(os.sched_getaffinity(0)), self.device, "bf16")
        del trial["model"]["init_from"]
        for section, values in keys.items():
            trial[section].update(values)
        return write_trial(self.folder / f"{name}.json", trial)

    def run(self, *arguments, **how):
        """Its exit code, the objects it printed, and its standard error."""
        done = subprocess.run([self.trainer, *arguments], capture_output=True, text=True, **how)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def succeed(self, *arguments):
        code, printed, errors = self.run(*arguments)
        if code != 0:
            raise RuntimeError(f"exit code {code}: {errors}")
        return printed

    def time(self, optimizer):
        timing = self.succeed("time", "--config", self.config(f"time-{optimizer}", optimizer))[0]
        memory = [f"{int(timing[key]) / 2**20:.0f} MiB" for key in ("peak_bytes", "estimated_peak_bytes")]
        return (f"{optimizer} on {timing['device']}: {1e3 * timing['step_seconds']:.1f} ms a step, of the optimiser "
                f"{1e3 * timing['optimizer_seconds']:.1f}; peak {memory[0]}, estimated {memory[1]}")

    def resume(self):
        """A trial that is stopped and continued has the losses of one that is not; bit for bit on a CPU."""
        config = self.config("resume", model={"dropout": 0.1}, train={"steps": STEPS, "checkpoint_every": 10},
                             measure={"every": 1}, data={"validation_fraction": 0.01})
        whole = self.losses(self.succeed("--config", config, "--output", self.folder / "whole"))
        process = subprocess.Popen([self.trainer, "--config", config, "--output", self.folder / "parts"],
                                   stdout=subprocess.PIPE, text=True)
        parts = {}
        for line in process.stdout:
            event = json.loads(line)
            parts |= self.losses([event])
            if event["event"] == "checkpoint" and event["step"] >= STOPPED_AFTER:
                process.send_signal(signal.SIGTERM)
        if process.wait() != 0:
            raise RuntimeError(f"SIGTERM: exit code {process.returncode}")
        rest = self.succeed("--config", config, "--output", self.folder / "parts", "--resume")
        resumed_from = rest[0]["resumed_from"]
        if not resumed_from or resumed_from < STOPPED_AFTER:
            raise RuntimeError(f"resumed from step {resumed_from}, although step {STOPPED_AFTER} was saved")
        parts |= self.losses(rest)
        apart = max(deviation(parts[step], loss) for step, loss in whole.items())
        if apart > (0 if self.device == "cpu" else BF16_LOSS_BOUND):
            raise RuntimeError(f"losses after step {resumed_from} are {apart:.1e} away from those of a trial that was not stopped")
        return f"stopped and continued from step {resumed_from}; losses within {apart:.1e}"

    @staticmethod
    def losses(events):
        return {event["step"]: float(value) for event in events if event["event"] == "points"
                for metric, _, _, value in event["points"] if metric == "train_loss"}

    def evaluate(self):
        """resume()'s last checkpoint, on the device in bf16 and on the CPU in fp32."""
        checkpoint = self.folder / f"whole/checkpoint-{STEPS:09}.safetensors"
        losses = []
        for device, precision in ((self.device, "bf16"), ("cpu", "fp32")):
            config = self.config(f"evaluate-{device}-{precision}", train={"device": device, "precision": precision},
                                 data={"validation_fraction": 0.01})
            printed = self.succeed("evaluate", "--config", config, "--checkpoint", checkpoint, "--int8")
            losses.append({metric: float(value) for event in printed if event["event"] == "points"
                           for metric, _, _, value in event["points"] if metric in ("eval_loss", "int8_loss")})
        apart = max(deviation(losses[0][metric], losses[1][metric]) for metric in ("eval_loss", "int8_loss"))
        if apart > BF16_LOSS_BOUND:
            raise RuntimeError(f"{losses[0]} on {self.device}, {losses[1]} on the CPU in fp32")
        return f"evaluate --int8: losses within {apart:.1e} of the CPU's in fp32"

    def out_of_memory(self):
        """A trial whose first large tensor is more than the process may have fails as `oom`, with words."""
        config = self.config("memory", model={"vocabulary": 50304}, train={"batch_size": 512, "micro_batch_size": 512})
        how = {}
        if self.device == "cpu":
            how["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_DATA, (FIRST_BYTES, FIRST_BYTES))
        else:
            how["env"] = {**os.environ, "PYTORCH_CUDA_ALLOC_CONF": "per_process_memory_fraction:0.005"}
        code, printed, errors = self.run("--config", config, **how)
        if code != 1 or printed[-1].get("class") != "oom":
            raise RuntimeError(f"exit code {code}, last event {printed[-1:]}: {errors}")
        return f"out of memory: {printed[-1]['message'][:150]}"

    def all(self):
        """Runs each and says what came of it; whether every one went well."""
        good = True
        print(f"\nofsweep-trainer on {self.device}, {self.shape}, bf16:")
        for name, work in {"time, Adam": lambda: self.time("adam"), "time, SOAP": lambda: self.time("soap"),
                           "resume": self.resume, "evaluate": self.evaluate, "out of memory": self.out_of_memory}.items():
            try:
                print(f"- {work()}", flush=True)
            except Exception as error:  # the others are still worth knowing
                print(f"- {name} FAILED: {type(error).__name__}: {error}", flush=True)
                good = False
        return good
