"""A file of SQLite that is read beside the coordinator that writes it, and what is told of one that cannot be read."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sqlite3
from collections.abc import Iterator
from typing import Any

from ofsweep.errors import Error, FailedPrecondition, Unavailable


class Query:
    """Asks SQL of one state of a database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        cursor = self._connection.execute(sql, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]


@contextlib.contextmanager
def snapshot(path: pathlib.Path) -> Iterator[Query]:
    """Of the file as it is now; nothing is ever written to it. What SQLite, or JSON in it, says then is told as an
    error that says what the file is and what helps."""
    connection = None
    try:
        connection = sqlite3.connect(path.as_uri() + "?mode=ro", uri=True, isolation_level=None)
        connection.execute("BEGIN")
        yield Query(connection)
    except (sqlite3.Error, json.JSONDecodeError) as error:
        raise _told(path, error) from error
    finally:
        if connection is not None:
            connection.close()


def check_origin(path: pathlib.Path, application_id: int, version: int, what: str) -> None:
    """Raises FailedPrecondition where another program, or another version of ofsweep, has written the file; what: is
    in it."""
    with snapshot(path) as query:
        ((found_id,),) = query("PRAGMA application_id")
        ((found,),) = query("PRAGMA user_version")
    if found_id != application_id:
        raise _foreign(path, what)
    if found != version:
        newer = "install the package of that version"
        older = "`ofsweep coordinator`, started on its folder, brings it up to date"
        raise FailedPrecondition(
            f"{path} is of schema version {found}, and this package reads {version}: "
            + (newer if found > version else older)
        )


def _told(path: pathlib.Path, error: Exception) -> Error:
    said = str(error)  # codes of SQLite came with Python 3.11
    if "not a database" in said:
        return _foreign(path, "database")
    if "locked" in said:
        fix = "end its transaction (an open sqlite3 shell?) and try again"
        return Unavailable(f"{path}: another program holds the database locked; {fix}")
    if "unable to open" in said or "readonly" in said:
        files = f"{path.name}-wal and {path.name}-shm"
        fix = f"the file and its folder must be writable for this user, because SQLite keeps {files} beside it"
        return FailedPrecondition(f"{path} cannot be opened ({said}); {fix}")
    fix = f"`ofsweep db check --data-dir {path}` looks at all of it; restore a copy"
    return FailedPrecondition(f"{path} is damaged ({said}): {fix}")


def _foreign(path: pathlib.Path, what: str) -> FailedPrecondition:
    return FailedPrecondition(f"{path} is no {what} of ofsweep; name a data folder of it, or its ofsweep.db")
