#!/usr/bin/env python3
"""docs/reproduction.md is what the program says of the published database. usage: reproduction_test.py OFSWEEP"""

import gzip
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main() -> int:
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ofsweep-reproduction-") as folder:
        docs = pathlib.Path(folder) / "docs"
        shutil.copytree(ROOT / "docs/reproduction", docs / "reproduction", ignore=shutil.ignore_patterns("*.svg"))
        shutil.copy(ROOT / "docs/reproduction.md", docs)
        database = docs / "ofsweep.db"
        database.write_bytes(gzip.decompress((docs / "reproduction/ofsweep.db.gz").read_bytes()))
        data = docs / "data"
        subprocess.run([program, "db", "merge", database, "--into", data], check=True)
        report = [sys.executable, docs / "reproduction/report.py", "--ofsweep", program, "--data-dir", data]
        subprocess.run(report, check=True)
        drawn = {path.name for path in (docs / "reproduction").glob("*.svg")}
        shown = {path.name for path in (ROOT / "docs/reproduction").glob("*.svg")}
        assert drawn == shown, (drawn, shown)
        line = ["diff", ROOT / "docs/reproduction.md", docs / "reproduction.md"]
        if subprocess.run(line).returncode != 0:
            print("mend with: docs/reproduction/reproduce.sh", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
