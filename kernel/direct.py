"""Hot statements straight to the driver: each is one exchange and a transaction of its own.

Where hundreds of people wait at once, what SQLAlchemy does around a statement and `BEGIN` and `COMMIT` cost
more than the statement itself. Only statements that are whole pieces of work come here: there is no second
one that could fail after the first.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import psycopg

_NAME = re.compile(r"(?<![:\w]):([a-z_]+)")

Note = Callable[[str], None]


class Statement:
    """A statement with `:names`, translated once into the server's `$1`, `$2`, ….

    The driver prepares it on each connection when it is used again and again.
    """

    __slots__ = ("_names", "text")

    def __init__(self, text: str) -> None:
        self._names = tuple(dict.fromkeys(_NAME.findall(text)))
        places = {name: f"${place}" for place, name in enumerate(self._names, 1)}
        self.text = _NAME.sub(lambda found: places[found[1]], text)

    def ordered(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of their places.

        Raises:
            KeyError: one is missing.
        """
        return [values[name] for name in self._names]


class Direct:
    """A connection for such statements; `note` is told of each (to count them)."""

    __slots__ = ("_cursor", "_note")

    def __init__(self, connection: "psycopg.Connection[Any]", note: Note | None = None) -> None:
        self._cursor = psycopg.RawCursor(connection)
        self._note = note

    def all(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        """Execute it; all its rows as tuples."""
        return self._execute(statement, values).fetchall()

    def find(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """Execute it; its only row as a tuple, None when there is none."""
        return self._execute(statement, values).fetchone()

    def _execute(self, statement: Statement, values: Mapping[str, Any]) -> "psycopg.RawCursor[Any]":
        if self._note is not None:
            self._note(statement.text)
        return self._cursor.execute(statement.text, statement.ordered(values))
