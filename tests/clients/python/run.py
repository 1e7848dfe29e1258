#!/usr/bin/env python3
"""Builds the wheel of clients/python, installs it into a folder of its own beside the packages of
test-requirements.txt, and runs suite.py there.

usage: run.py OFSWEEP [TEST …]     a test is named as unittest does it: doors_test.Doors
PYTHON names the interpreter of the environment (deploy/setup/python_env.sh).
"""

import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CLIENT = ROOT / "clients" / "python"


def environment() -> pathlib.Path:
    """The interpreter in which the client's dependencies are."""
    line = [ROOT / "deploy" / "setup" / "python_env.sh", CLIENT / "test-requirements.txt"]
    folder = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return pathlib.Path(folder) / "bin" / "python"


def install(python: pathlib.Path, folder: pathlib.Path) -> None:
    # Without isolation, which would fetch the build's requirements anew: the environment has them.
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "install", *options, "--target", folder, CLIENT], check=True)


def offer_debian_torch(folder: pathlib.Path) -> None:
    """Debian's PyTorch alone: its other packages are older than those of the environment."""
    for package in pathlib.Path("/usr/lib/python3/dist-packages").glob("torch*"):
        if package.is_dir():
            (folder / package.name).symlink_to(package)


def main() -> int:
    python = environment()
    with tempfile.TemporaryDirectory(prefix="ofsweep-python-") as folder:
        installed = pathlib.Path(folder) / "installed"
        install(python, installed)
        offer_debian_torch(installed)
        path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
        settings = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg", "MPLCONFIGDIR": folder}
        return subprocess.run([python, HERE / "suite.py", *sys.argv[1:]], env={**os.environ, **settings}).returncode


if __name__ == "__main__":
    sys.exit(main())
