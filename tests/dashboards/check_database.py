#!/usr/bin/env python3
"""Says whether the dashboards can read a database: check_database.py OFSWEEP_DB"""

import pathlib
import sys

import sql
from dashboards import load


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    database = pathlib.Path(sys.argv[1])
    if not database.is_file():
        print(f"{database}: no such file; ofsweep keeps it as ofsweep.db in its --data-dir", file=sys.stderr)
        return 1
    problems, shown = sql.check(load(), database, rows_wanted=False)
    print("\n".join(problems) or f"every query can be read from {database}; {len(shown)} panels have rows")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
