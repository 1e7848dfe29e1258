"""What trainers have logged: pieces of a log, wherever they come from, and the store beside a database."""

from __future__ import annotations

import codecs
import itertools
import pathlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from ofsweep.database_file import Query, check_origin, snapshot
from ofsweep.errors import NotFound

FILE_NAME = "logs.db"
_APPLICATION_ID = 0x4F46534C  # "OFSL", as storage/log_store.h has it, and the layout below as log_store.cc
_VERSION = 1
_KEPT_BYTES = 1 << 20


class Piece(Protocol):
    """`text` from the log's byte `begin` on."""

    @property
    def begin(self) -> float: ...
    @property
    def text(self) -> bytes: ...


class StoredPiece(NamedTuple):
    begin: int
    text: bytes


def text_of(pieces: Iterable[Piece], is_whole: bool) -> Iterator[str]:
    """Their text, and a line in place of the bytes that are missing between them; with `is_whole`, before them too."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    end = 0 if is_whole else None
    ends_line = True
    for piece in pieces:
        begin = int(piece.begin)
        if end is not None and begin > end:
            rest = decoder.decode(b"", final=True)
            ends_line = ends_line and not rest
            yield f"{rest}{'' if ends_line else chr(10)}… {begin - end} bytes left out …\n"
        yield decoder.decode(piece.text)
        end = begin + len(piece.text)
        ends_line = piece.text.endswith(b"\n")
    yield decoder.decode(b"", final=True)


def read(path: pathlib.Path, trial_id: str, generation: int) -> Sequence[StoredPiece]:
    """The newest MiB of what an attempt has logged, by a copy of the store too; empty where nothing is kept. Raises
    NotFound where there is no store."""
    if not path.is_file():
        copies = "`ofsweep db backup` copies none; the coordinator's data folder has them, once a trainer has logged"
        raise NotFound(f"there is no {path}, which holds logs: {copies}")
    check_origin(path, _APPLICATION_ID, _VERSION, "store of logs")
    with snapshot(path) as query:
        return list(_kept(query, trial_id, generation))


def _kept(query: Query, trial_id: str, generation: int) -> Iterator[StoredPiece]:
    found = query("SELECT id, through FROM logs WHERE trial_id = ? AND generation = ?", trial_id, generation)
    for log, through in found:
        kept_from = through - _KEPT_BYTES
        for begin, text in query("SELECT begin, text FROM blocks WHERE log = ? ORDER BY begin", log):
            left_out = min(max(kept_from - begin, 0), len(text))
            if left_out < len(text):
                yield StoredPiece(begin + left_out, text[left_out:])


def last_lines(pieces: Sequence[StoredPiece], lines: int) -> Sequence[StoredPiece]:
    """A line is what ends with a newline, or with the log."""
    begins = [piece.begin + i + 1 for piece in pieces for i, byte in enumerate(piece.text) if byte == ord("\n")]
    ends_line = bool(pieces) and pieces[-1].text.endswith(b"\n")
    of_lines = begins[:-1] if ends_line else begins
    if len(of_lines) < lines:
        return pieces
    first = of_lines[-lines]
    rest = itertools.dropwhile(lambda piece: piece.begin + len(piece.text) <= first, pieces)
    return [StoredPiece(max(begin, first), text[max(first - begin, 0) :]) for begin, text in rest]
