"""The processes that are measured, and what they take. All of them are ended by whoever started them."""

import contextlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

PEERS = pathlib.Path(__file__).with_name("peers.py")


def cpu_of(pid):
    """Processor seconds of a process, its ended threads included."""
    return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid makes it


def resident_mb(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(command, timeout=600):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def flags(options):
    return [str(word) for key, value in options.items() for word in (f"--{key}", value)]


def run_json(command):
    return json.loads(run(command).splitlines()[-1])


def timed(command):
    """What a command takes, its own start included."""
    began, before = time.perf_counter(), os.times()
    run(command)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall": time.perf_counter() - began, "cpu": cpu}


def drop_cache(path):
    """What of the database lies in the page cache goes."""
    for name in (str(path), f"{path}-wal"):
        if os.path.exists(name):
            descriptor = os.open(name, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def read_only(path):
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))


class Beside:
    """A load that runs beside something else until it is told to end."""

    def __init__(self, command):
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def line(self):
        return self.process.stdout.readline().strip()

    def finish(self):
        """Its result."""
        output, _ = self.process.communicate(timeout=300)
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.process.args} failed")
        return json.loads(output.splitlines()[-1])


class Server:
    """What is called: `address` and `pid`."""

    def __init__(self, client):
        self.client_program = client

    def command(self, mode, **options):
        return [self.client_program, mode, "--addr", self.address, "--pid", self.pid, *flags(options)]

    def client(self, mode, **options):
        return run_json(self.command(mode, **options))

    def beside(self, mode, **options):
        return Beside(self.command(mode, **options))


class Echo(Server):
    """A gRPC server that does nothing."""

    def __enter__(self):
        self.load = Beside([self.client_program, "serve-echo"])
        self.address, self.pid = self.load.line(), self.load.process.pid
        return self

    def __exit__(self, *_):
        self.load.finish()


class Coordinator(Server):
    """The program on free loopback ports. What was committed is on the disk: it has no other mode."""

    def __init__(self, client, ofsweep, folder, options=(), caller=None):
        """options: of the coordinator, beside the usual ones; caller: of who calls it, as {"ca": …}."""
        super().__init__(client)
        self.options, self.caller = options, caller or {}
        self.ofsweep = ofsweep
        self.folder = folder
        self.db = folder / "ofsweep.db"
        self.log = folder / "log"

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [self.ofsweep, "--log-level", "warning", "coordinator", "--data-dir", self.folder, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *self.options]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        # "ofsweep coordinator: grpc HOST:PORT http HOST:PORT …"
        words = self.process.stdout.readline().split()
        if "grpc" not in words:
            raise RuntimeError("the coordinator does not start: " + self.log.read_text())
        self.pid = self.process.pid
        self.start_cpu = cpu_of(self.pid)
        self.address = words[words.index("grpc") + 1]
        self.http = words[words.index("http") + 1]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def command(self, mode, **options):
        return super().command(mode, **self.caller, **options)

    def submit(self, name, **options):
        return self.client("submit", name=name, **options)

    def command_cpu(self, *command):
        """Processor seconds of the coordinator while a command of ofsweep asks it."""
        before = cpu_of(self.pid)
        run([self.ofsweep, *command, "--coordinator", self.address])
        return cpu_of(self.pid) - before

    def wait_sealed(self):
        """Wall and processor seconds until the points of ended trials have been moved."""
        began, cpu = time.perf_counter(), cpu_of(self.pid)
        left = "SELECT EXISTS (SELECT 1 FROM trials JOIN recent_points ON trial = id WHERE state = 'completed')"
        with read_only(self.db) as db:
            while db.execute(left).fetchone()[0]:
                if time.perf_counter() > began + 180:
                    raise RuntimeError("points stay unsealed")
                time.sleep(0.01)
        return time.perf_counter() - began, cpu_of(self.pid) - cpu

    def peak_mb(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) * 1024 / 1e6

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")


class Bench:
    """Where a section finds what it measures."""

    def __init__(self, options, folder, report):
        self.options, self.folder, self.report = options, folder, report

    def coordinator(self, name, options=(), caller=None):
        return Coordinator(self.options.client, self.options.ofsweep, self.folder / name, options, caller)

    def echo(self):
        return Echo(self.options.client)

    def raw(self, mode, **options):
        return run_json([self.options.client, mode, *flags(options)])

    def peer(self, what, path, **options):
        return run_json([self.options.python, PEERS, what, *flags({"path": path, **options})])
