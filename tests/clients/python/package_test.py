"""What is packed: a source distribution builds the same wheel as the checkout, and neither leaves anything in the
source tree."""

import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

import world

CLIENT = world.ROOT / "clients" / "python"


def run(*line, cwd: pathlib.Path) -> None:
    subprocess.run(
        [sys.executable, *map(str, line)], cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def wheel_of(source: pathlib.Path, out: pathlib.Path) -> dict:
    """Its files."""
    run("-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", out, source, cwd=out)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/RECORD")}


class Package(unittest.TestCase):
    def test_source_distribution(self):
        before = sorted(CLIENT.rglob("*"))
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            run("-m", "hatchling", "build", "--target", "sdist", "--directory", folder, cwd=CLIENT)
            (archive,) = folder.glob("*.tar.gz")
            with tarfile.open(archive) as files:
                files.extractall(folder, filter="data")
            (source,) = (path for path in folder.iterdir() if path.is_dir())
            outs = [folder / "from-checkout", folder / "from-source"]
            for out in outs:
                out.mkdir()
            wheel = wheel_of(CLIENT, outs[0])
            self.assertEqual(wheel, wheel_of(source, outs[1]))
        self.assertLessEqual({"ofsweep/py.typed", "ofsweep/v1/sweep_pb2.py", "ofsweep/v1/results_pb2.pyi"}, set(wheel))
        self.assertEqual(sorted(CLIENT.rglob("*")), before)


if __name__ == "__main__":
    unittest.main()
