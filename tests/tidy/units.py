"""What clang-tidy is given: the units of the build in build/clang, each all sources of a target in one, so that gRPC's and LibTorch's
headers are read once for all of them. Prints every unit, or those that hold one of the sources named; tests come last, as they do in
the build. With --sources it prints the sources themselves, and writes their commands to build/clang/sources: each is that of its
target, with the target's definitions and include folders.

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


def command_of(source, entry):
    """As the entry's command, of one of its sources."""
    return {**entry, "file": source, "command": entry["command"].replace("-c " + entry["file"], "-c " + source)}


def main():
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
    with open(os.path.join(root, "build/clang/compile_commands.json")) as text:
        entries = json.load(text)
    of_sources = sys.argv[1:2] == ["--sources"]
    wanted = {os.path.abspath(source) for source in sys.argv[2 if of_sources else 1:]}
    found = {}
    for entry in entries:
        ours = [os.path.abspath(source) for source in sources_of(entry["file"])]
        ours = [source for source in ours if not source.startswith(root + "/build/") and (not wanted or source in wanted)]
        for each in ours if of_sources else [entry["file"]] if ours else []:
            found.setdefault(each, entry)  # some sources are in several targets
    if of_sources:
        folder = os.path.join(root, "build/clang/sources")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "compile_commands.json"), "w") as text:
            json.dump([command_of(source, entry) for source, entry in found.items()], text, indent=1)
    for each in found:
        print(each)


main()
