"""Fenced blocks of a Markdown file."""

import dataclasses
import re
from typing import Optional

FENCED = re.compile(r"(?:^<!-- not run: ([^\n]*) -->\n)?^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What a block may hold. All but `text` are run or read.
LANGUAGES = {"json", "promql", "python", "sh", "sql", "text", "yaml"}
COMMAND = re.compile(
    r"^(\$ |\./|(?:ofsweep|ofsweep-trainer|sqlite3|curl|grpcurl|docker|pip|python3?|git|cd|export|duckdb|prometheus) |"
    r"[a-z]+/[\w./-]+\.(?:sh|py)\b)",
    re.MULTILINE,
)


@dataclasses.dataclass(frozen=True)
class Block:
    document: str
    line: int
    language: str
    text: str
    not_run: Optional[str]

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"


def blocks_of(document: str, markdown: str) -> list[Block]:
    return [
        Block(document, markdown.count("\n", 0, match.start(3)), match[2], match[3], match[1])
        for match in FENCED.finditer(markdown)
    ]


def problems_of(block: Block) -> list[str]:
    """What hides a block from those that run it."""
    if block.language not in LANGUAGES:
        return [f"{block.place}: ```{block.language}: name one of {', '.join(sorted(LANGUAGES))}; text is not run"]
    if block.language == "text" and (command := COMMAND.search(block.text)):
        return [f"{block.place}: ```text with the command {command[0]!r}: call the block sh, so that it is run"]
    if block.not_run is not None and len(block.not_run.split()) < 2:
        return [f"{block.place}: `not run` wants a reason"]
    return []
