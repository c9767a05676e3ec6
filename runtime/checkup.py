"""What `youhao doctor` looks at before the data: are the parts there, and do they fit together?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from booking.notice_years import years_without_notice
from kernel import clock
from kernel.actor import SYSTEM
from kernel.doctor import Violation
from kernel.parts import Parts
from kernel.settings import Settings
from notifications.gateways.choose import make_gateway
from runtime import local_postgres, local_valkey, schema
from runtime.build import build
from runtime.deliveries import retry_dead
from runtime.doctor import check_all
from runtime.redis_client import is_reachable
from runtime.server_home import socket_directory

_OLDEST_POSTGRESQL = 150000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `told` is a fact, or what to do about it. `soon`: not wrong yet."""

    what: str
    good: bool
    told: str
    soon: bool = False

    @property
    def mark(self) -> str:
        """How it stands, in a word."""
        return "NOTE" if self.soon else "ok" if self.good else "WRONG"


def with_own_servers(settings: Settings) -> Settings:
    """Addresses that are not set become those of the servers that `youhao up` starts for `settings.var`."""
    sockets = socket_directory(settings.var)
    return replace(
        settings,
        database_url=settings.database_url or local_postgres.url_of(sockets),
        redis_url=settings.redis_url or local_valkey.url_of(sockets),
    )


def look(settings: Settings, *, deep: bool, retry: bool = False) -> Iterator[Finding]:
    """Look at everything in turn; the data only when asked for, and only when there is a database.

    With `retry` dead deliveries first get a fresh start.
    """
    parts = build(settings)
    try:
        # The address only where it is set: which port an installation serves, its own process knows.
        address = f", {settings.public_url}" if settings.public_url else ""
        yield Finding("settings", True, f"env {settings.env}, data in {settings.var}{address}")
        database = _try("database", lambda: _database(parts))
        yield database
        if database.good:
            yield from _notices(parts)
        yield _redis(parts)
        yield _try("SMS gateway", lambda: make_gateway(settings, parts.database).capabilities.name)
        if retry and database.good:
            yield Finding("deliveries", True, _retry(parts))
        if deep and database.good:
            yield from _data(parts)
    finally:
        parts.database.dispose()
        parts.redis.close()


def _try(what: str, find: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, find())
    except _Wrong as wrong:
        return Finding(what, False, str(wrong))
    except DBAPIError as error:
        return Finding(what, False, f"does not answer ({type(error.orig).__name__}); is it running?")


class _Wrong(Exception):
    """Something does not fit; the text says what to do."""


def _database(parts: Parts) -> str:
    with parts.database.engine.connect() as connection:
        version = int(str(connection.scalar(text("SHOW server_version_num"))))
    if version < _OLDEST_POSTGRESQL:
        raise _Wrong(f"is PostgreSQL {version // 10000}; 15 or newer is needed")
    revision = schema.current(parts.database.engine)
    if revision is None:
        raise _Wrong("has no tables; run `youhao migrate`")
    if revision != schema.head():
        what = "run `youhao migrate`" if schema.knows(revision) else "its data is of another version"
        raise _Wrong(f"is at {revision}, the program at {schema.head()}; {what}")
    return f"PostgreSQL {version // 10000}, at {revision}"


def _notices(parts: Parts) -> Iterator[Finding]:
    """Only what is missing: a year whose working days are guessed."""
    with parts.database.transaction() as session:
        years = years_without_notice(session, now=clock.now())
    for year in years:
        told = f"{year} can be booked without the State Council's notice; upgrade, or enter it at /admin/days"
        yield Finding("working days", True, told, soon=True)


def _redis(parts: Parts) -> Finding:
    if is_reachable(parts.redis):
        return Finding("Redis", True, "answers")
    return Finding("Redis", False, "does not answer; work goes on without it, more slowly")


def _retry(parts: Parts) -> str:
    with parts.database.transaction() as session:
        count = retry_dead(session, actor=SYSTEM, now=clock.now(), real_now=clock.real_now())
    return f"{count} dead given a fresh start"


def _data(parts: Parts) -> Iterator[Finding]:
    with parts.database.transaction() as session:
        violations: list[Violation] = check_all(session)
    if not violations:
        yield Finding("data", True, "every promise holds")
    for violation in violations:
        yield Finding("data", False, str(violation))
