"""Runs TypeScript of the tests with the packages of the dashboards."""

import json
import pathlib
import shutil
import subprocess

from dashboards import ROOT


def environment() -> pathlib.Path:
    """The folder with bin/node and node_modules."""
    script = ROOT / "deploy" / "setup" / "node_env.sh"
    made = subprocess.run([script, ROOT / "dashboards" / "grafana"], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(made.stdout.strip())


class FrameChecker:
    """frames.ts, bundled once; esbuild finds node_modules beside the copy."""

    def __init__(self, folder: pathlib.Path):
        node = environment()
        self.node = node / "bin" / "node"
        self.folder = folder / "frames"
        self.folder.mkdir()
        (self.folder / "node_modules").symlink_to(node / "node_modules")
        shutil.copy(pathlib.Path(__file__).with_name("frames.ts"), self.folder)
        self.program = self.folder / "frames.cjs"
        esbuild = node / "node_modules" / "esbuild" / "bin" / "esbuild"
        options = ["--bundle", "--platform=node", "--log-level=warning", f"--outfile={self.program}"]
        subprocess.run([self.node, esbuild, self.folder / "frames.ts", *options], check=True)

    def problems(self, shown: list[dict]) -> list[str]:
        file = self.folder / "frames.json"
        file.write_text(json.dumps(shown))
        checked = subprocess.run([self.node, self.program, file], stdout=subprocess.PIPE, text=True, check=True)
        return checked.stdout.splitlines() if checked.stdout.strip() else []
