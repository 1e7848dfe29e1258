#!/usr/bin/env python3
"""Makes docs/images: views of the built-in page, in Chromium, of a data folder that holds the quickstart sweep.

usage: dashboards/web/pictures.py OFSWEEP DATA_FOLDER [OUT]        (after ./quickstart.sh: build/release/bin/ofsweep ofsweep-data)
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "dashboards"))
from browser import Browser  # noqa: E402

VIEWS = {
    "curves": ("sweeps/quickstart/curves?m=kurtosis,train_loss&layers=3", "document.querySelectorAll('.uplot').length === 2"),
    "layers": ("sweeps/quickstart/layers?m=kurtosis", "document.querySelectorAll('canvas').length >= 6"),
}


def main():
    ofsweep, data, *rest = sys.argv[1:]
    out = pathlib.Path(rest[0] if rest else ROOT / "docs" / "images")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "data"  # a coordinator may have the folder itself
        copy.mkdir()
        shutil.copy(pathlib.Path(data) / "ofsweep.db", copy)
        command = [ofsweep, "coordinator", "--data-dir", str(copy), "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as coordinator:
            try:
                words = coordinator.stdout.readline().split()
                http = words[words.index("http") + 1]
                with Browser(shutil.which("chromium"), str(pathlib.Path(folder) / "profile")) as browser:
                    for name, (path, ready) in VIEWS.items():
                        browser.open(f"http://{http}/#/{path}")
                        browser.wait(ready)
                        (out / f"{name}.png").write_bytes(browser.picture())
            finally:
                coordinator.terminate()


main()
