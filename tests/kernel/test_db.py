"""Errors of the database may be logged: they tell what broke, never whose data it was."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from kernel import db
from kernel.db import Database, DatabaseDown, constraint_of, make_engine

NAME = "zhang-san"


@pytest.mark.parametrize(
    "second",
    [
        "INSERT INTO thing VALUES ('zhang-san', 2)",  # Key (name)=(zhang-san) already exists.
        "INSERT INTO thing VALUES ('zhang-san' || '2', NULL)",  # Failing row contains (zhang-san2, null).
    ],
)
def test_errors_carry_no_values_of_rows(session, second):
    session.execute(text("CREATE TEMPORARY TABLE thing (name text PRIMARY KEY, number int NOT NULL)"))
    session.execute(text("INSERT INTO thing VALUES (:name, 1)"), {"name": NAME})
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(text(second))
    told = "".join(traceback.format_exception(caught.value)).replace(second, "")
    assert "violates" in told
    assert NAME not in told


def test_the_broken_constraint_is_known_all_the_same(session):
    session.execute(text("CREATE TEMPORARY TABLE thing (name text CONSTRAINT one_of_each UNIQUE)"))
    twice = text("INSERT INTO thing VALUES (:name), (:name)")
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.execute(twice, {"name": NAME})
    assert constraint_of(caught.value) == "one_of_each"


@pytest.fixture
def one_connection(servers):
    database = Database(make_engine(servers.database_url, pool_size=1, max_overflow=0))
    yield database
    database.dispose()


def use_and_lose(one_connection, database):
    """The server ends the connection while it rests in the pool."""
    with one_connection.transaction() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    with database.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_a_connection_lost_while_it_rested_is_replaced_unnoticed(one_connection, database, monkeypatch):
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 0.0)
    use_and_lose(one_connection, database)
    with one_connection.transaction() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_a_connection_lost_within_a_second_costs_one_answer(one_connection, database, monkeypatch):
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 60.0)
    use_and_lose(one_connection, database)
    with pytest.raises(DatabaseDown), one_connection.transaction() as session:
        session.execute(text("SELECT 1"))
    with one_connection.transaction() as session:
        assert session.scalar(text("SELECT 1")) == 1
