#!/usr/bin/env python3
"""Prints docs/views.md: the views of the database and their columns, as storage/views.h says them beside their SQL.

usage: docs/generate/views.py > docs/views.md
"""

import pathlib
import re
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "storage" / "views.h"
LINE = re.compile(r"^--: (?:(?P<view>\w+)|  (?P<column>\w+) (?P<type>\w+|–)): (?P<meaning>.*)$", re.MULTILINE)


class Column(NamedTuple):
    name: str
    type: str
    meaning: str


class View(NamedTuple):
    name: str
    row: str
    columns: list[Column]


def views() -> list[View]:
    found = []
    for line in LINE.finditer(SOURCE.read_text()):
        if line["view"]:
            found.append(View(line["view"], line["meaning"], []))
        else:
            found[-1].columns.append(Column(line["column"], line["type"], line["meaning"]))
    return found


def markdown() -> str:
    text = """# The views of the database

Written by `docs/generate/views.py` from storage/views.h. [sql.md](sql.md) says how they hang together, what a diverged
or unfinished trial has in them and how readers on other machines come by them; [howto-sql.md](howto-sql.md) has queries.
A type is that of SQLite; – where it differs from row to row.
"""
    for view in views():
        text += f"\n## {view.name}\n\nA row is {view.row}.\n\n| column | type | meaning |\n|---|---|---|\n"
        for name, kind, meaning in view.columns:
            text += f"| `{name}` | {kind} | {meaning} |\n"
    return text


if __name__ == "__main__":
    print(markdown(), end="")
