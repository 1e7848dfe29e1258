"""What the prose of a document names: links, files of the repository, options of programs."""

import functools
import pathlib
import re
import subprocess
from typing import Iterator

from documents import ROOT

LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
SPAN = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"^(?:build/release/bin/)?(ofsweep-trainer|ofsweep)(?![\w-])((?: [a-z]+)*)(.*)$")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
FILE = re.compile(r"^(?:[a-z]+/)+[\w.-]+\.(?:cc|h|py|sh|yaml|yml|md|proto|ts|tsx|json|txt|db\.gz)$")


def anchors(markdown: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.*)$", re.sub(r"^```.*?^```$", "", markdown, flags=re.M | re.S), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@functools.cache
def help_of(program: pathlib.Path, *words: str) -> str:
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True)
    return done.stdout + done.stderr


def link_problems(path: str, markdown: str) -> Iterator[str]:
    folder = (ROOT / path).parent
    for target, anchor in LINK.findall(markdown):
        file = folder / target if target else ROOT / path
        if not file.exists():
            yield f"{path}: the link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{path}: {target}#{anchor}: no such heading"


def option_problems(path: str, markdown: str, programs: pathlib.Path) -> Iterator[str]:
    """Of calls in the prose: `ofsweep table SWEEP --format latex`."""
    for span in SPAN.findall(re.sub(r"^```.*?^```$", "", markdown, flags=re.M | re.S)):
        if FILE.match(span) and (ROOT / span.split("/")[0]).is_dir() and not (ROOT / span).exists():
            yield f"{path}: `{span}` is no file of this repository"
        call = CALL.match(span)
        if not call:
            continue
        words = call[2].split()
        text = help_of(programs / call[1], *words[: 2 if words[:1] in (["db"], ["data"], ["token"]) else 1])
        for option in OPTION.findall(call[3]):
            if not re.search(rf"{option}\b(?!-)", text):
                yield f"{path}: `{span}`: {call[1]} {' '.join(words)} knows no {option}"


def problems_in(path: str, markdown: str, programs: pathlib.Path) -> list[str]:
    return [*link_problems(path, markdown), *option_problems(path, markdown, programs)]
