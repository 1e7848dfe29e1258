"""Python environments of the tests, made where they are missing."""

import os
import pathlib
import subprocess
import sys

PYTHON_ENV = pathlib.Path(__file__).resolve().parents[1] / "deploy" / "setup" / "python_env.sh"


def enter(requirements: pathlib.Path) -> None:
    """Runs this program from its start where these packages are."""
    found = subprocess.run([PYTHON_ENV, requirements], check=True, stdout=subprocess.PIPE, text=True)
    folder = pathlib.Path(found.stdout.strip())
    if pathlib.Path(sys.prefix) != folder:
        python = folder / "bin" / "python"
        os.execv(python, [python, *sys.argv])
