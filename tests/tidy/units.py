"""What clang-tidy is given: the units of the build in build/clang, each all sources of a target in one, so that gRPC's and LibTorch's
headers are read once for all of them. Prints every unit, or those that hold one of the sources named; tests come last, as they do in the build.

usage: units.py [SOURCE…]"""

import json
import os
import re
import sys


def sources_of(unit):
    """The sources that CMake put into this unit; a source that stands alone is its own."""
    if "/Unity/" not in unit:
        return [unit]
    with open(unit) as text:
        return re.findall(r'^#include "(.*)"', text.read(), re.MULTILINE)


def main():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    with open(os.path.join(root, "build/clang/compile_commands.json")) as text:
        units = [entry["file"] for entry in json.load(text)]
    wanted = {os.path.abspath(source) for source in sys.argv[1:]}
    for unit in units:
        ours = [source for source in sources_of(unit) if not source.startswith(os.path.abspath(root) + "/build/")]
        if ours and (not wanted or wanted.intersection(map(os.path.abspath, ours))):
            print(unit)


main()
