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
from chromium import expect, open_chromium  # noqa: E402

# What is opened, and how many of what are there once it is drawn.
VIEWS = {
    "curves": ("sweeps/quickstart/curves?m=kurtosis,train_loss&layers=3", ".uplot", 2),
    "layers": ("sweeps/quickstart/layers?m=kurtosis", ".panels canvas", 6),
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
                grpc = words[words.index("grpc") + 1]
                link = subprocess.run([ofsweep, "login", "--coordinator", grpc], stdout=subprocess.PIPE, text=True, check=True).stdout
                with open_chromium(shutil.which("chromium")) as window:
                    page = window.new_page()
                    page.goto(link.strip())
                    expect(page.locator(".who")).to_be_visible()
                    for name, (path, drawn, count) in VIEWS.items():
                        page = window.new_page()
                        page.goto(f"http://{http}/#/{path}")
                        expect(page.locator(drawn)).to_have_count(count)
                        page.screenshot(path=out / f"{name}.png")
            finally:
                coordinator.terminate()


main()
