"""The package is typed, its users see the types, and its columns are those of the view."""

import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import world
from ofsweep import trials

USER = """\
import ofsweep
import pandas as pd

client: ofsweep.Client = ofsweep.connect()
frame: pd.DataFrame = client.curves("x", ["kurtosis"], layers=[0])
wrong: int = client.sweep("x").name
"""


def mypy(*arguments: str, cwd: pathlib.Path) -> str:
    line = [sys.executable, "-m", "mypy", "--cache-dir", "/dev/null", *arguments]
    return subprocess.run(line, cwd=cwd, stdout=subprocess.PIPE, text=True).stdout


class Types(unittest.TestCase):
    def test_strict(self):
        client = world.ROOT / "clients" / "python"
        self.assertIn("Success", mypy("--config-file", "pyproject.toml", cwd=client))

    def test_users_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "user.py").write_text(USER)
            told = mypy("--strict", "user.py", cwd=pathlib.Path(folder))
        self.assertIn("user.py:6: error: Incompatible types", told)
        self.assertEqual(told.count("error:"), 1, told)


class Columns(unittest.TestCase):
    def test_measured_columns_are_all_that_the_view_has(self):
        with sqlite3.connect(world.data_folder() / "ofsweep.db") as connection:
            row = connection.execute("SELECT * FROM results LIMIT 1")
        numbers = [name for (name, *_), value in zip(row.description, row.fetchone()) if not isinstance(value, str)]
        others = {"learning_rate", "seed", "failure_class", "failure_message", "outcome_reason"}
        self.assertEqual(
            [name for name in numbers if name not in others | set(trials.WHOLE_NUMBERS)], list(trials.MEASURED)
        )


if __name__ == "__main__":
    unittest.main()
