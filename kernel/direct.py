"""Hot statements straight to the driver: each is one exchange, mostly a transaction of its own.

Where hundreds of people wait at once, what SQLAlchemy does around a statement and `BEGIN` and `COMMIT` cost
more than the statement itself. A statement that is a whole piece of work is committed by itself; a few that
belong together may share a transaction (`Database.direct`).
"""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.orm import Session

from kernel import prepared

_NAME = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_DIALECT: Any = PGDialect_psycopg(paramstyle="named")  # type: ignore[no-untyped-call]

#: A connection that was used so recently is taken as it is.
TRUSTED_SECONDS = 1.0
_MOST_RESTING = 16

Note = Callable[[str], None]


class Statement:
    """A statement with `:names`, translated once into the server's `$1`, `$2`, ….

    The driver prepares it on each connection when it is used again and again.
    """

    __slots__ = ("_constants", "_names", "text")

    def __init__(self, text: str, constants: Mapping[str, Any] | None = None) -> None:
        """`constants` are values that the statement itself brings."""
        self._names = tuple(dict.fromkeys(_NAME.findall(text)))
        self._constants = dict(constants or {})
        places = {name: f"${place}" for place, name in enumerate(self._names, 1)}
        self.text = _NAME.sub(lambda found: places[found[1]], text)

    @classmethod
    def of(cls, statement: Executable) -> "Statement":
        """One that SQLAlchemy has built, without `in_`. It knows the types of values; JSON is a `Jsonb`.

        Values that the statement itself brings are written into it: only so does a plan that is made once
        for all values know of the rows that an index of some is about.
        """
        compiled: Any = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # all of ours can
        constants, written = {}, {}
        for name, parameter in compiled.binds.items():
            if parameter.required:
                continue
            write = parameter.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)
            value = write(parameter.effective_value) if write else parameter.effective_value
            if isinstance(value, str | int):
                written[name] = _literal(value)
            else:
                constants[name] = value
        return cls(_NAME.sub(lambda found: written.get(found[1], found[0]), str(compiled)), constants)

    def ordered(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of their places.

        Raises:
            KeyError: one is missing.
        """
        known = self._constants
        return [values[name] if name in values else known[name] for name in self._names]


def _literal(value: str | int) -> str:
    """As SQL; of our own words only, so none of them may look like a name."""
    if isinstance(value, str) and not value.replace("_", "").isalnum():
        raise ValueError(value)
    return f"'{value}'" if isinstance(value, str) else str(value)


class Straight:
    """Connections for such statements, kept by a process: one for each thread that asks at the same time.

    The pool of SQLAlchemy does for each loan what takes a quarter of the time of a statement.
    """

    def __init__(self, connect: Callable[[], "psycopg.Connection[Any]"]) -> None:
        self._connect = connect
        self._resting: deque[tuple[psycopg.Connection[Any], float]] = deque()

    def take(self) -> "psycopg.Connection[Any]":
        """The one that was used last, or a new one; asked whether it lives when it has rested.

        Raises:
            psycopg.OperationalError: the server cannot be reached.
        """
        while True:
            try:
                connection, since = self._resting.pop()
            except IndexError:
                return self._connect()
            if time.monotonic() - since < TRUSTED_SECONDS:
                return connection
            try:
                connection.execute("")
            except psycopg.Error:
                connection.close()
            else:
                return connection

    def give_back(self, connection: "psycopg.Connection[Any]") -> None:
        """Keep it, unless it was broken or left half-way; what was not committed is undone."""
        if not connection.autocommit:
            _undo(connection)
        idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
        if idle and len(self._resting) < _MOST_RESTING:
            self._resting.append((connection, time.monotonic()))
        else:
            connection.close()

    def close(self) -> None:
        """Close those that rest."""
        while self._resting:
            self._resting.pop()[0].close()


def _undo(connection: "psycopg.Connection[Any]") -> None:
    try:
        connection.rollback()
        connection.autocommit = True
    except psycopg.Error:
        connection.close()


class Direct:
    """A connection for such statements; `note` is told of each (to count them)."""

    __slots__ = ("_cursor", "_note")

    def __init__(self, connection: "psycopg.Connection[Any]", note: Note | None = None) -> None:
        self._cursor = psycopg.RawCursor(connection)
        self._note = note

    def run(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """Execute one that gives no rows."""
        self._rows(statement, values)

    @classmethod
    def within(cls, session: Session) -> "Direct":
        """In a session's own transaction, seeing what it has written."""
        session.flush()
        connection: Any = session.connection().connection.driver_connection
        return cls(connection)

    def all(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        """Execute it; all its rows as tuples."""
        return self._rows(statement, values)

    def find(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """Execute it; its only row as a tuple, None when there is none."""
        rows = self._rows(statement, values)
        return rows[0] if rows else None

    def _rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Any]:
        if self._note is not None:
            self._note(statement.text)
        ordered, connection = statement.ordered(values), self._cursor.connection
        rows = prepared.ask(connection, statement.text, ordered) if connection.autocommit else None
        if rows is None:
            cursor = self._cursor.execute(statement.text, ordered)
            rows = cursor.fetchall() if cursor.description else []
        return rows
