"""Someone who follows a document from top to bottom, in a checkout of their own."""

import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from typing import Optional

import small
import yaml
from blocks import Block
from documents import ROOT
from stack import free_address

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_SECONDS = 900  # a bound for what hangs; beside other programs everything takes long


class Failure(Exception):
    """What a block did instead of what the document promises."""


def tracked_files() -> list[str]:
    line = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    return list(filter(None, subprocess.run(line, check=True, capture_output=True, text=True).stdout.split("\0")))


def check_out(folder: pathlib.Path, programs: pathlib.Path):
    """The checkout, built: every file that git knows, and the programs that are tested."""
    for name in tracked_files():
        if (ROOT / name).is_file() and not name.startswith(("tests/reference/", "docs/images/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    quickstart = folder / "sweeps" / "quickstart.yaml"
    quickstart.write_text(small.cut(quickstart.read_text(), str(ROOT / "docs")))
    binaries = folder / "build" / "release" / "bin"
    binaries.mkdir(parents=True)
    shutil.copy(HERE / "ofsweep_of_reader.sh", binaries / "ofsweep")
    (binaries / "ofsweep-trainer").symlink_to(programs / "ofsweep-trainer")


class Reader:
    def __init__(self, folder: pathlib.Path, programs: pathlib.Path):
        self.folder = folder
        self.programs = programs
        self.state = folder.with_name(folder.name + "-state")
        self.state.mkdir()
        folder.mkdir()
        check_out(folder, programs)
        self.write_tools()
        binaries = folder / "build" / "release" / "bin"
        self.grpc, self.http = free_address(), free_address()
        self.environment = os.environ | {
            "READER_PROGRAM": str(programs / "ofsweep"),
            "READER_GRPC": self.grpc,
            "READER_HTTP": self.http,
            "READER_STATE": str(self.state),
            "PATH": os.pathsep.join(
                map(str, (self.state / "bin", binaries, pathlib.Path(sys.executable).parent, os.environ["PATH"]))
            ),
            # `pip install ./clients/python` fetches nothing, and leaves the environment of the test as it is.
            "PIP_TARGET": str(self.state / "python"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_QUIET": "1",
            "PYTHONPATH": str(self.state / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MPLBACKEND": "Agg",
            "CURL_HOME": str(self.state),
            "no_proxy": "127.0.0.1",
        }
        self.answers: list[list[sqlite3.Row]] = []  # of the SQL statements so far
        self.python: Optional[subprocess.Popen] = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sh("ofsweep --stop")
        if self.python:
            self.python.communicate()

    def write_tools(self):
        """An answer of 404 and a query without rows are failures too."""
        (self.state / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
        tool = self.state / "bin" / "sqlite3"
        tool.parent.mkdir()
        program = shutil.which("sqlite3")
        told = 'echo "sqlite3 fails or gives no rows" >&2; exit 1'
        tool.write_text(f'#!/bin/bash\nset -o pipefail\n{program} "$@" | grep . || {{ {told}; }}\n')
        tool.chmod(0o755)

    def run(self, block: Block) -> None:
        getattr(self, "run_" + block.language)(block)

    def own_addresses(self, text: str) -> str:
        for host in ("127.0.0.1", "0.0.0.0", "HOST"):
            text = text.replace(f"{host}:7070", self.grpc).replace(f"{host}:7071", self.http)
            text = text.replace(f"{host}:7072", "127.0.0.1:0")
        return text

    def sh(self, text: str) -> str:
        """What it printed. Folder and environment are those that the block before left."""
        kept, log = self.state / "shell", self.state / "output"
        script = f"[ ! -e {kept} ] || . {kept}\nset -aeuo pipefail\n{text}\n{{ declare -px; echo cd $PWD; }} > {kept}\n"
        with log.open("w") as out:
            shell = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                shell.wait(PATIENCE_SECONDS)
                end = f"exit {shell.returncode}"
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
                end = f"no end within {PATIENCE_SECONDS} s"
        output = log.read_text(errors="replace")
        if shell.returncode != 0:
            raise Failure(f"{end} of\n{text}{output[-4000:]}")
        return output

    def run_sh(self, block: Block) -> None:
        self.sh(self.own_addresses(block.text))

    def run_python(self, block: Block) -> None:
        if self.python is None:
            with (self.state / "python.err").open("w") as log:
                self.python = subprocess.Popen(
                    [sys.executable, HERE / "session.py"],
                    cwd=self.folder,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        self.python.stdin.write(json.dumps({"text": self.own_addresses(block.text), "place": block.place}) + "\n")
        self.python.stdin.flush()
        error = json.loads(self.python.stdout.readline() or '"Python ended"')
        if error:
            raise Failure(error)

    def run_sql(self, block: Block) -> None:
        """Each statement gives rows."""
        path = self.folder / "ofsweep-data" / "ofsweep.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            database.row_factory = sqlite3.Row
            trials = [row[0] for row in database.execute("SELECT DISTINCT trial_id FROM results ORDER BY trial_id")]
            for statement in statements_of(block.text):
                try:
                    rows = database.execute(statement, {"one": trials[0], "other": trials[-1]}).fetchall()
                except sqlite3.Error as error:
                    raise Failure(f"{error}:\n{statement}") from error
                if not rows:
                    raise Failure(f"no rows:\n{statement}")
                self.answers.append(rows)

    def run_yaml(self, block: Block) -> None:
        """A sweep file is one that `plan` and `submit` take; it is then there under its name, cut small."""
        content = yaml.safe_load(block.text)
        if "scrape_configs" in content:
            return self.check_prometheus(block.text, "config")
        if "name" not in content:
            raise Failure("neither a sweep file (which has a name) nor a configuration of Prometheus")
        name = f"{content['name']}.yaml"
        file = self.folder / name
        file.write_text(block.text)
        self.sh(f"ofsweep plan {name} --no-measure")
        self.sh(f"{self.programs / 'ofsweep'} submit {name} --validate-only --coordinator {VALIDATOR['grpc']}")
        file.write_text(small.cut(block.text, str(ROOT / "docs")))

    def run_json(self, block: Block) -> None:
        """A value, or one on each line."""
        try:
            json.loads(block.text)
        except json.JSONDecodeError:
            for line in block.text.splitlines():
                try:
                    json.loads(line)
                except json.JSONDecodeError as error:
                    raise Failure(f"{error}: {line}") from error

    def run_promql(self, block: Block) -> None:
        rule = {"groups": [{"name": "documented", "rules": [{"record": "documented:rule", "expr": block.text}]}]}
        self.check_prometheus(yaml.safe_dump(rule), "rules")
        scrape = urllib.request.Request(f"http://{VALIDATOR['http']}/metrics", headers={"Authorization": f"Bearer {VALIDATOR['token']}"})
        told = urllib.request.urlopen(scrape).read().decode()
        source = "".join((ROOT / file).read_text() for file in ("docs/metrics.md", "docs/trial-metrics.md"))
        for metric in set(re.findall(r"\bofsweep_\w+", block.text)):
            if not re.search(rf"^(# TYPE )?{metric}\b", told, re.M) and f"`{metric}`" not in source:
                raise Failure(f"nobody serves {metric}")

    def check_prometheus(self, text: str, what: str) -> None:
        file = self.state / "prometheus.yml"
        file.write_text(text)
        (self.state / "scrape.token").touch()
        self.sh(f"promtool check {what} {file}")


# The coordinator that says whether a sweep file would be taken: commands_test.py starts it.
VALIDATOR: dict[str, str] = {}


def statements_of(text: str) -> list[str]:
    statements, begun = [], ""
    for line in text.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            statements.append(begun)
            begun = ""
    if begun.strip():
        raise Failure(f"no ; behind\n{begun}")
    return statements
