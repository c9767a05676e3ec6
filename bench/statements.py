"""How many SQL statements a request takes, counted beside the application itself in this process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from bench.stage import Stage
from kernel.db import Database


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed inside the block."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    database.note_direct = found.append
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
        database.note_direct = None


def statements_of(
    stage: Stage, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, Any]:
    """POST once; the statements and the answer's JSON."""
    with counted(stage.parts.database) as found:
        answer = stage.client.post(path, json=body, headers=dict(headers or {}))
    return len(found), answer.get_json()
