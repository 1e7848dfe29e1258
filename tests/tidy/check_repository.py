#!/usr/bin/env python3
"""Rules of the repository: sizes of files and functions, direction of dependencies, one home for each heavy library,
one definition for each type, nothing that belongs to one machine. usage: check_repository.py ROOT"""

import pathlib
import re
import subprocess
import sys

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70

# What each folder may include besides itself; tests and bench may include anything.
MAY_INCLUDE = {
    "host": set(),
    "experiment": set(),
    "corpus": {"host", "experiment"},
    "access": {"experiment"},
    "storage": {"host", "experiment", "access"},
    "monitoring": set(),
    "coordinator": {"experiment", "access", "storage", "monitoring"},
    "worker": {"host", "experiment", "access", "monitoring"},
    "trainer": {"host", "experiment", "corpus"},
    "figures": set(),
    "cli": {"host", "experiment", "corpus", "access", "storage", "monitoring", "coordinator", "worker", "figures"},
}

# Header pattern → the files it may be included in.
HOMES = {
    r"sqlite3\.h|SQLiteCpp/": r"storage/",
    r"torch/|ATen/|c10/": r"trainer/",
    r"boost/beast": r"monitoring/http_(server\.cc|messages\.)",
    r"prometheus/": r"(monitoring/|coordinator/(telemetry|live_trials_metrics)\.|worker/worker_metrics\.)",
    r"cairo": r"figures/(cairo_handles|render|text_width)\.",
    r"grpcpp/|ofsweep/v1/.*\.pb\.h": r"(coordinator|worker|cli)/",
}

SOURCE = re.compile(r"\.(cc|h)$")
CODE = re.compile(r"\.(cc|h|py|sh|cmake|proto|ts|tsx)$|CMakeLists\.txt$")
MACHINE = re.compile(r"(?<![\w.~$}])/(?:work|root|home)/\w|\b(?:pypi\.org|pythonhosted|registry\.npmjs|proxy\.golang|deb\.debian)")


def indent_of(line):
    return len(line) - len(line.lstrip())


def declaration_indent(lines, number):
    """Indentation of the declaration whose last line is lines[number]: parameters and initialisers stand deeper than it."""
    line = lines[number]
    continues = line.lstrip().startswith(":") or line.count(")") > line.count("(") or lines[number - 1].endswith(",")
    if not continues:
        return indent_of(line)
    for before in reversed(lines[:number]):
        if before.strip() and indent_of(before) < indent_of(line):
            return indent_of(before)
    return 0


def long_functions(lines):
    """(line number, length) of each C++ function over the limit.

    In clang-format's layout a body opens with a line that ends in '{' and closes with '}' at that line's indentation;
    namespaces, types and enums are no functions.
    """
    found = []
    for start, line in enumerate(lines):
        if not line.endswith("{") or re.match(r"\s*(namespace|class|struct|enum|union|extern)\b", line):
            continue
        if ")" not in line or re.match(r"\s*(if|for|while|switch|else|do|case|\}|return)\b", line.lstrip("} ")):
            continue
        indent = declaration_indent(lines, start)
        for end in range(start + 1, len(lines)):
            if lines[end].startswith(" " * indent + "}"):
                if end - start + 1 > MAX_FUNCTION_LINES:
                    found.append((start + 1, end - start + 1))
                break
    return found


def include_problems(path, lines):
    folder = path.split("/")[0]
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include ["<]([^">]+)[">]', line)
        if not match:
            continue
        header = match.group(1)
        target = header.split("/")[0]
        if folder in MAY_INCLUDE and target in MAY_INCLUDE and target != folder and target not in MAY_INCLUDE[folder]:
            yield f"{path}:{number}: {folder} may not depend on {target}"
        for pattern, home in HOMES.items():
            if folder in MAY_INCLUDE and re.match(pattern, header) and not re.match(home, path):
                yield f"{path}:{number}: {header} may only be included in {home}"


def types_defined(text):
    """The names of types that a file defines outside of unnamed namespaces."""
    is_unnamed = False
    for line in text.splitlines():
        if line.startswith("namespace {"):
            is_unnamed = True
        elif line == "}  // namespace":
            is_unnamed = False
        match = re.match(r"(?:class|struct|enum class) ((?:\w+::)*\w+)\b.*[^;]$", line)
        if match and not is_unnamed:
            yield match.group(1)


def types_defined_twice(sources):
    """All folders share one namespace: two types of one name are one to the linker, whichever it takes. `sources`: text by path."""
    homes = {}
    for path, text in sources.items():
        for name in types_defined(text):
            home = homes.setdefault(name, path)
            if home != path:
                yield f"{path}: {name} is a type of {home} too; call this one by what sets it apart"


def problems_of(path, text):
    lines = text.splitlines()
    if CODE.search(path):
        if len(lines) > MAX_FILE_LINES:
            yield f"{path}: {len(lines)} lines; at most {MAX_FILE_LINES}: is there a second idea in it?"
    if SOURCE.search(path):
        for number, length in long_functions(lines):
            yield f"{path}:{number}: a function of {length} lines; at most {MAX_FUNCTION_LINES}"
        yield from include_problems(path, lines)
        if path.endswith(".h") and "#pragma once" not in text:
            yield f"{path}: a header needs #pragma once"
    for number, line in enumerate(lines, 1):
        if MACHINE.search(line) and not path.startswith("tests/tidy/"):
            yield f"{path}:{number}: names a path or a host of one machine"
        if re.search(r"\b(TODO|FIXME|XXX)\b", line) and not path.startswith("tests/tidy/"):
            yield f"{path}:{number}: unfinished by its own words"


def main():
    root = pathlib.Path(sys.argv[1])
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout
    problems = []
    sources = {}
    for path in filter(None, tracked.split("\0")):
        if path.startswith("tests/reference/") or not (root / path).is_file():
            continue
        try:
            text = (root / path).read_text()
            problems += problems_of(path, text)
            if SOURCE.search(path):
                sources[path] = text
        except UnicodeDecodeError:
            continue
    problems += types_defined_twice(sources)
    print("\n".join(problems) or "the repository keeps its rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
