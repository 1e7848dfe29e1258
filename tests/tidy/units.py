"""What clang-tidy is given: the units of the build in build/clang, each all sources of a target in one, so that gRPC's and LibTorch's
headers are read once for all of them. Prints every unit, or those that hold one of the sources named; tests come last, as they do in
the build. With --sources it prints the sources themselves, those that the build knows.

usage: units.py [--sources] [SOURCE…]"""

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
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
    with open(os.path.join(root, "build/clang/compile_commands.json")) as text:
        units = [entry["file"] for entry in json.load(text)]
    of_sources = sys.argv[1:2] == ["--sources"]
    wanted = {os.path.abspath(source) for source in sys.argv[2 if of_sources else 1:]}
    found = {}
    for unit in units:
        ours = [os.path.abspath(source) for source in sources_of(unit)]
        ours = [source for source in ours if not source.startswith(root + "/build/") and (not wanted or source in wanted)]
        for each in ours if of_sources else [unit] if ours else []:
            found[each] = None  # some sources are in several targets
    for each in found:
        print(each)


main()
