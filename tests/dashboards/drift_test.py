#!/usr/bin/env python3
"""The committed JSON is what its TypeScript generates, and is of @grafana/schema's types."""

import pathlib
import subprocess
import tempfile
import unittest

from dashboards import FOLDER, ROOT


class DriftTest(unittest.TestCase):
    def test_the_json_is_what_its_source_generates_and_satisfies_grafanas_types(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(
                [ROOT / "dashboards" / "grafana" / "generate.sh", folder], capture_output=True, text=True
            )
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            generated = {path.name: path.read_text() for path in pathlib.Path(folder).glob("*.json")}
        committed = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
        self.assertEqual(generated.keys(), committed.keys())
        for name, text in generated.items():
            self.assertEqual(
                text, committed[name], f"{name} has drifted from its source; run dashboards/grafana/generate.sh"
            )


if __name__ == "__main__":
    unittest.main()
