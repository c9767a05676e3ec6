"""Fixtures that every test may ask for: real servers, a rolled-back session, a committing database."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel import crypto
from kernel.db import Database, make_engine
from kernel.parts import Parts
from kernel.settings import Settings
from runtime import schema
from runtime.doctor import check_all
from runtime.redis_client import make_client
from tests.servers import start_test_servers
from tools.build_assets import compile_translations
from tools.need_chromium import HOW_TO_GET_IT, find_chromium

# How long an example takes, or is made, says more about the machine than about the rule.
hypothesis.settings.register_profile(
    "youhao", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("youhao")

# A Monday, 08:30 in Shanghai: before the halls of the tests open.
NOW = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


# Files of a minute or so: begun first, or the last of them would run alone at the end.
LONG_FILES = (
    "faults/test_interleavings.py",
    "queueing/test_any_order.py",
    "faults/test_hour_with_kills.py",
    "faults/test_hour_in_a_browser.py",
    "faults/test_up.py",
    "faults/test_messages.py",
    "faults/test_redis_away.py",
    "faults/test_drive.py",
    "faults/test_screen_in_a_browser.py",
    "journey/test_journey.py",
    "web/test_hall_in_a_browser.py",
    "twin/drive/test_drive.py",
    "runtime/test_up.py",
    "web/api/test_fuzzing.py",
    "web/citizen/test_in_a_browser.py",
    "web/citizen/test_every_page_in_a_browser.py",
    "front_end/",
    "runtime/test_supervisor.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file, and among the others, the order stays."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((at for at, name in enumerate(LONG_FILES) if name in path), len(LONG_FILES))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long everything took to come back (`tests.faults.stage.report`)."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    facts = [fact for report in reports for fact in getattr(report, "user_properties", ())]
    lines = dict.fromkeys(value for name, value in facts if name == "measured")
    if lines:
        terminalreporter.section("measured")
    for line in lines:
        terminalreporter.line(line)


@dataclass(frozen=True)
class Servers:
    database_url: str
    redis_url: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL and Valkey of this test process, with an empty migrated database."""
    folder: Path = tmp_path_factory.mktemp("servers")
    database_url, redis_url, stop = start_test_servers(folder)
    try:
        engine = make_engine(database_url)
        schema.upgrade(engine, database_url)
        engine.dispose()
        yield Servers(database_url, redis_url)
    finally:
        stop()


@pytest.fixture(scope="session")
def test_database(servers: Servers) -> Iterator[Database]:
    """The database itself; ask for `session` or `database` instead."""
    database = Database(make_engine(servers.database_url, pool_size=10, max_overflow=60))
    yield database
    database.dispose()


@pytest.fixture(autouse=True, scope="session")
def cipher() -> crypto.Cipher:
    """Keys of the tests."""
    keys = crypto.Cipher.from_texts("test data key", "test index key")
    crypto.configure(keys)
    return keys


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser for the tests of one file: Playwright cannot be started twice at once."""
    from tests.chromium import start_chromium  # noqa: PLC0415 - few need it

    if find_chromium() is None:
        pytest.skip(f"no Chromium: {HOW_TO_GET_IT}")
    with start_chromium() as browser:
        yield browser


@pytest.fixture(autouse=True, scope="session")
def catalogues() -> None:
    """The compiled translations, fresh: git ignores them, and whoever edits a .po expects to see it."""
    compile_translations()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def session(test_database: Database) -> Iterator[Session]:
    """A session whose work is rolled back; the code under test may flush and use savepoints."""
    with test_database.engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def database(test_database: Database) -> Iterator[Database]:
    """A database for code that commits (threads, processes, pages); emptied afterwards."""
    yield test_database
    empty(test_database)


def empty(database: Database) -> None:
    """Remove all rows of all tables, children first. Deleting a few rows is much quicker than TRUNCATE."""
    tables = reversed(schema.metadata().sorted_tables)
    script = ";".join(f'DELETE FROM "{table.name}"' for table in tables)  # noqa: S608  # our own names
    with database.transaction() as session:
        session.execute(text(script))


@pytest.fixture
def redis_client(servers: Servers) -> Iterator["redis.Redis"]:
    """A client of an empty Valkey."""
    client = make_client(servers.redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def redis_url(servers: Servers) -> str:
    return servers.redis_url


@pytest.fixture
def parts(servers: Servers, database: Database, redis_client: "redis.Redis", tmp_path: Path) -> Parts:
    """What a process works with, for tests of pages and jobs."""
    settings = Settings(
        env="test", database_url=servers.database_url, redis_url=servers.redis_url, var=tmp_path
    )
    return Parts(settings, database, redis_client, check_all)
