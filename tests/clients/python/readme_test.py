"""Every block of the README, as it stands there, one after the other."""

import contextlib
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import world

README = world.ROOT / "clients" / "python" / "README.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


class Readme(unittest.TestCase):
    def test_every_block_is_run_here(self):
        self.assertEqual({language for language, _ in BLOCKS}, {"sh", "python"})

    def test_installation(self):
        with tempfile.TemporaryDirectory() as folder:
            # As the test of the whole package: nothing is fetched, and the environment stays as it is.
            pip = {
                "PIP_TARGET": folder,
                "PIP_NO_INDEX": "1",
                "PIP_NO_DEPS": "1",
                "PIP_NO_BUILD_ISOLATION": "0",
                "PIP_QUIET": "1",
            }
            path = str(pathlib.Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
            for language, text in BLOCKS:
                if language == "sh":
                    subprocess.run(
                        ["sh", "-ec", text], cwd=world.ROOT, env={**os.environ, **pip, "PATH": path}, check=True
                    )
            self.assertTrue((pathlib.Path(folder) / "ofsweep" / "v1" / "sweep_pb2.py").is_file())

    def test_python(self):
        names, told = {}, io.StringIO()
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "ofsweep-data").symlink_to(world.data_folder())
            with contextlib.chdir(folder), contextlib.redirect_stdout(told):
                for number, text in enumerate(text for language, text in BLOCKS if language == "python"):
                    with self.subTest(block=number):
                        if "import torch" in text and importlib.util.find_spec("torch") is None:
                            self.skipTest("no PyTorch for this Python")
                        code = compile(
                            text.replace("127.0.0.1:7070", world.address()), f"{README.name}, block {number}", "exec"
                        )
                        exec(code, names)
        self.assertIn("model.block", told.getvalue())
        self.assertEqual(names["client"].sweep("from-a-notebook").trials["completed"], 4)


if __name__ == "__main__":
    unittest.main()
