"""The Python that a reader would have set up."""

import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def enter() -> None:
    """Runs this program in it."""
    line = [HERE.parents[1] / "deploy" / "setup" / "python_env.sh", HERE / "requirements.txt"]
    folder = pathlib.Path(subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    python = folder / "bin" / "python"
    if pathlib.Path(sys.prefix) != folder:
        os.execv(python, [python, *sys.argv])
