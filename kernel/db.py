"""The database: engine, sessions, the one commit at the edge, and how models are declared."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import BigInteger, DateTime, Engine, MetaData, cast, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from kernel.direct import TRUSTED_SECONDS, Direct, Note, Straight
from kernel.errors import Unavailable

# Named constraints become domain errors where they are raised (see `constraint_of`).
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class DatabaseDown(Unavailable):
    """PostgreSQL cannot be reached or is restarting."""

    code = "database_down"


class Base(DeclarativeBase):
    """All tables. Instants are timestamptz; relationships are not used: joins are written out."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012  # SQLAlchemy's own form


def make_engine(url: str, *, pool_size: int = 5, max_overflow: int = 5) -> Engine:
    """An engine whose errors never carry values of parameters or rows (they may be personal)."""
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={"connect_timeout": 3, "options": "-c timezone=utc -c statement_timeout=15000"},
    )
    event.listen(engine, "handle_error", _forget_values)
    _ask_after_rest(engine)
    return engine


def _ask_after_rest(engine: Engine) -> None:
    """Make sure that a connection still lives when it is taken again, unless it was used just now.

    While many people wait every question counts, and connections hardly rest. A server that restarts within
    that second may cost the requests of that moment a `DatabaseDown`, as every one gets while it is away.
    """

    def note(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error  # the pool connects anew

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", ask)


# "DETAIL:  Failing row contains (…)", "Key (…)=(…) already exists": PostgreSQL quotes what was to be stored.
_DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)


def _forget_values(context: ExceptionContext) -> None:
    """Before anybody can log it."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            _forget(error)


def _forget(error: BaseException) -> None:
    error.args = tuple(_DETAIL.sub("", arg) if isinstance(arg, str) else arg for arg in error.args)


class Database:
    """An engine with its session factory; one per process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.note_direct: Note | None = None  # told of each statement past SQLAlchemy
        self._straight = Straight(self._connect)
        self._sessions = sessionmaker(engine, expire_on_commit=False, autoflush=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: commits at the end, rolls back on any error. Edges only.

        Raises:
            DatabaseDown: when PostgreSQL went away; nothing was acknowledged.
        """
        session = self._sessions()
        try:
            with session.begin():
                yield session
        except DBAPIError as error:
            if is_disconnect(error):
                raise DatabaseDown from error
            raise
        except psycopg.Error as error:  # of a statement past SQLAlchemy (`Direct.within`)
            _forget(error)
            if error.sqlstate is None or error.sqlstate in _DOWN_STATES:
                raise DatabaseDown from error
            raise
        finally:
            session.close()

    @contextmanager
    def direct(self, *, together: bool = False) -> Iterator[Direct]:
        """A connection for statements past SQLAlchemy (`kernel.direct`). Edges only.

        Each statement is committed by itself; with `together` all are, at the end, or none.

        Raises:
            DatabaseDown: when PostgreSQL went away; whether the last statement was carried out is not known.
        """
        try:
            connection = self._straight.take()
        except psycopg.OperationalError as error:
            raise DatabaseDown from error
        try:
            if together:
                connection.autocommit = False
            yield Direct(connection, self.note_direct)
            if together:
                connection.commit()
        except psycopg.Error as error:
            _forget(error)
            if connection.broken or error.sqlstate in _DOWN_STATES:
                connection.close()
                raise DatabaseDown from error
            raise
        finally:
            self._straight.give_back(connection)

    def _connect(self) -> "psycopg.Connection[Any]":
        """As the pool connects, which forgets it.

        Each statement is prepared when it is first used, and planned once for all values: planning the
        largest anew takes longer than carrying it out.
        """
        pooled = self.engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        connection.prepare_threshold = 0
        connection.execute("SET plan_cache_mode = force_generic_plan")
        return connection  # type: ignore[no-any-return]  # the driver's

    def dispose(self) -> None:
        """Close all pooled connections (after a fork, at the end)."""
        self._straight.close()
        self.engine.dispose()


_DOWN_STATES = {"57P01", "57P02", "57P03", "08000", "08003", "08006", "08001", "53300"}


def is_disconnect(error: DBAPIError) -> bool:
    """Whether the server is gone or going, rather than the statement wrong."""
    state = getattr(error.orig, "sqlstate", None)
    return (
        bool(error.connection_invalidated)
        or state in _DOWN_STATES
        or (state is None and type(error.orig).__name__ in {"OperationalError", "InterfaceError"})
    )


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that was violated, to turn it into a domain error."""
    diagnostics: Any = getattr(error.orig, "diag", None)
    return getattr(diagnostics, "constraint_name", None)


def lock_key(hashed: bytes) -> int:
    """The number of the advisory lock of what is known by a hash."""
    return int.from_bytes(hashed[:8], signed=True)


def lock_hashed(session: Session, hashed: bytes) -> None:
    """Wait until no other transaction has locked what is known by this hash; held until the commit."""
    session.execute(select(func.pg_advisory_xact_lock(cast(lock_key(hashed), BigInteger))))
