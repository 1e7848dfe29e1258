#!/usr/bin/env python3
"""Rewrites docs/reproduction.md's tables and draws its figures from a database that the three sweeps were trained into.

usage: report.py --ofsweep PROGRAM --data-dir DIR

A table of the document stands between `<!-- ofsweep table … -->` and `<!-- end -->`, and `<!-- ofsweep plot … -->` stands before each of its figures: the
comment is the command that makes it, in the folder of this script.
"""

import argparse
import pathlib
import re
import shlex
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent
DOCUMENT = FOLDER.parent / "reproduction.md"
TABLE = re.compile(r"(<!-- ofsweep (table [^\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)
FIGURE = re.compile(r"<!-- ofsweep (plot [^\n]*) -->")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ofsweep", required=True, help="the program, such as build/release/bin/ofsweep")
    parser.add_argument("--data-dir", required=True, help="the folder with ofsweep.db")
    options = parser.parse_args()
    program, data_dir = (str(pathlib.Path(path).resolve()) for path in (options.ofsweep, options.data_dir))

    def run(command):
        command = [program, *shlex.split(command), "--data-dir", data_dir]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=FOLDER).stdout

    text = DOCUMENT.read_text()
    for figure in FIGURE.findall(text):
        print(run(figure), end="")
    DOCUMENT.write_text(TABLE.sub(lambda table: f"{table[1]}{run(table[2] + ' --format markdown')}{table[3]}", text))


if __name__ == "__main__":
    main()
