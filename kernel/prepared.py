"""Statements prepared on a connection and carried out by one call of the driver's C library.

A cursor sends and receives in steps of Python, which take longer than a short statement: two fifths of the
processor time of an exchange. It is for statements that are a transaction each; a cursor also begins one.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ExecStatus

_MOST = 100  # kinds of a statement that a connection keeps, as the driver does by itself
_GOOD = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}

# By statement and types of its values, as the driver tells them: the name that the server knows.
_Names = dict[tuple[str, tuple[int, ...]], bytes]
# Never twice: a connection that let go of some statements may have prepared others since.
_numbers = count()
_names_of: WeakKeyDictionary["psycopg.Connection[Any]", _Names] = WeakKeyDictionary()


def ask(connection: "psycopg.Connection[Any]", text: str, values: Sequence[Any]) -> list[Any] | None:
    """The rows of the statement as tuples; None, with nothing done, where too many kinds are prepared.

    Args:
        connection: in `autocommit`, used by no other thread.
        text: one statement with `$1`, `$2`, ….
        values: in the order of their places.

    Raises:
        psycopg.Error: as a cursor does.
    """
    known = _names_of.setdefault(connection, {})
    try:
        return _ask(connection, known, text, values)
    except InvalidSqlStatementName:  # the driver lets go of everything that is prepared when it rolls back
        known.clear()
        return _ask(connection, known, text, values)


def _ask(
    connection: "psycopg.Connection[Any]", known: _Names, text: str, values: Sequence[Any]
) -> list[Any] | None:
    driver, transformer = connection.pgconn, Transformer(connection)
    written: Any = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    kind = (text, transformer.types or ())
    name = known.get(kind)
    if name is None:
        if len(known) >= _MOST:
            return None
        name = b"direct_%d" % next(_numbers)
        _checked(driver.prepare(name, text.encode(), transformer.types))
        known[kind] = name
    result = _checked(driver.exec_prepared(name, written, transformer.formats))
    if result.status == ExecStatus.COMMAND_OK:
        return []
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _checked(result: Any) -> Any:
    if result.status not in _GOOD:
        raise error_from_result(result)
    return result
