"""A real coordinator, worker and Prometheus in a temporary folder, and tiny sweeps. All are stopped by process id."""

import json
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

from dashboards import ROOT

PATIENCE_SECONDS = 120

SPEC = """\
name: {name}
trial:
  model: {{layers: 2, width: 32, heads: 2, context: 16, vocabulary: 300}}
  data: {{source: tokens, path: {tokens}}}
  train: {{steps: {steps}, batch_size: 4, device: cpu, threads: 1, checkpoint_every: 20}}
  measure: {{every: 5, metrics: all}}
  evaluate: {{every: {every}, batches: 2, int8: true, int8_calibration_batches: 1{bits}}}
grid: {grid}
"""

def prometheus_config(http: str, relabel: str = "") -> str:
    """deploy/prometheus/prometheus.yml, of the coordinator at this address, scraped more often and without rules.
    `relabel` is a metric_relabel_config for all that is scraped."""
    text = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text()
    for pattern, replacement, times in (
        (r"127\.0\.0\.1:7071", http, 2),
        (r"^(  (?:scrape|evaluation)_interval): .*", r"\1: 500ms", 2),
        (r"refresh_interval: .*", "refresh_interval: 1s", 1),
        (r"^rule_files:\n(?:  .*\n)+", "", 1),
        (r"^(  - job_name: .*)", rf"\1\n    metric_relabel_configs: [{relabel}]", 2),
    ):
        text, found = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if found != times:
            raise RuntimeError(f"deploy/prometheus/prometheus.yml has {pattern} {found} times instead of {times}")
    return text


def until(condition, what: str):
    """What `condition` gives, once it gives something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise TimeoutError(f"waited {PATIENCE_SECONDS} s for {what}")


def get(url: str) -> str:
    """The body of an answer; empty while nobody answers."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return ""


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def write_tokens(path: pathlib.Path):
    """Tokens that a model can learn something from: each follows from its predecessor, with some noise."""
    draw = random.Random(7)
    token = 1
    with path.open("wb") as file:
        for _ in range(20_000):
            token = draw.randrange(300) if draw.randrange(4) == 0 else (token * 7 + 3) % 300
            file.write(struct.pack("<H", token))


class Stack:
    def __init__(self, folder: pathlib.Path, ofsweep: pathlib.Path, prometheus: str):
        self.folder = folder
        self.ofsweep = ofsweep
        self.prometheus_program = prometheus
        self.processes: list[subprocess.Popen] = []
        write_tokens(folder / "tokens.bin")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name: str, *arguments, **options) -> subprocess.Popen:
        """Runs a program; data_dir="x" becomes --data-dir x."""
        line = list(arguments)
        for option, value in options.items():
            line += ["--" + option.replace("_", "-"), value]
        with (self.folder / f"{name}.out").open("w") as out, (self.folder / f"{name}.err").open("w") as err:
            process = subprocess.Popen(list(map(str, line)), stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def first_line(self, name: str, process: subprocess.Popen) -> str:
        def line():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended: {(self.folder / f'{name}.err').read_text()}")
            text = (self.folder / f"{name}.out").read_text()
            return text.split("\n")[0] if "\n" in text else ""

        return until(line, f"the first line of {name}")

    def start_ofsweep(self):
        data, any_port = self.folder / "data", "127.0.0.1:0"
        coordinator = self.start(
            "coordinator", self.ofsweep, "coordinator", data_dir=data, grpc=any_port, http=any_port
        )
        words = self.first_line("coordinator", coordinator).split()
        self.grpc = words[words.index("grpc") + 1]
        self.http = words[words.index("http") + 1]
        self.data = data
        self.database = data / "ofsweep.db"
        folder = self.folder / "worker"
        options = {"data_dir": folder, "data_root": self.folder, "slots": 2, "http": any_port}
        self.worker = self.start("worker", self.ofsweep, "worker", coordinator=self.grpc, **options)
        self.first_line("worker", self.worker)

    def token(self) -> str:
        """An admin's, as it lies in the coordinator's data folder."""
        return (self.data / "access-token").read_text().strip()

    def start_prometheus(self, relabel: str = "") -> str:
        """Its address. `relabel` is a metric_relabel_config for all that it scrapes."""
        if not (self.folder / "scrape.token").exists():
            self.command("token", "make", "prometheus", "--role", "scrape", "--out", self.folder / "scrape.token")
        while True:  # another process may take the port before Prometheus does
            address = free_address()
            name = f"prometheus-{address.rpartition(':')[2]}"
            config = self.folder / f"{name}.yml"
            config.write_text(prometheus_config(self.http, relabel))
            process = self.start(
                name,
                self.prometheus_program,
                "--log.level=warn",
                f"--config.file={config}",
                f"--storage.tsdb.path={self.folder / name}",
                f"--web.listen-address={address}",
            )
            until(lambda: get(f"http://{address}/-/ready") or process.poll() is not None, name)
            if process.poll() is None:
                return address
            errors = (self.folder / f"{name}.err").read_text()
            if "bind" not in errors:
                raise RuntimeError(f"{name} ended: {errors}")

    def command(self, *arguments) -> str:
        done = subprocess.run(
            [str(self.ofsweep), *map(str, arguments), "--coordinator", self.grpc], capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"ofsweep {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout

    def submit(
        self, name: str, grid: str, steps: int = 20, every: int = 10, tokens: str = "tokens.bin", bits: str = ""
    ):
        spec = self.folder / f"{name}.yaml"
        spec.write_text(SPEC.format(name=name, grid=grid, steps=steps, every=every, tokens=tokens, bits=bits))
        self.command("submit", spec)

    def sweep(self, name: str) -> dict:
        return json.loads(self.command("show", name, "--json"))["sweep"]

    def wait_for_end(self, name: str):
        until(lambda: self.sweep(name)["state"] == "finished", f"the end of {name}")

    def trainers(self) -> list[int]:
        """Process ids of the worker's trainers."""
        children = pathlib.Path(f"/proc/{self.worker.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        return [pid for pid in pids if "ofsweep-trainer" in pathlib.Path(f"/proc/{pid}/cmdline").read_text()]
