"""Connections for hot statements: kept while whole, replaced when broken, never lent half-way."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import bindparam, select, text

from kernel import direct as module
from kernel.db import Database, DatabaseDown, make_engine
from kernel.direct import Direct, Statement
from queueing.models import Ticket
from tests.conftest import NOW

PID = Statement("SELECT pg_backend_pid()")


@pytest.fixture
def own(servers):
    database = Database(make_engine(servers.database_url, pool_size=1, max_overflow=0))
    yield database
    database.dispose()


def pid_of(database):
    with database.direct() as direct:
        return direct.find(PID, {})[0]


def end(database, pid):
    with database.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})


def test_one_after_the_other_shares_a_connection(own):
    assert pid_of(own) == pid_of(own)


def test_two_at_once_have_one_each_and_the_pool_keeps_its_own(own):
    together = Barrier(2)

    def both():
        with own.direct() as direct:
            together.wait(timeout=10)
            return direct.find(PID, {})[0]

    pid_of(own)
    with ThreadPoolExecutor(2) as pool:
        found = {future.result() for future in [pool.submit(both) for _ in range(2)]}
    assert len(found) == 2
    with own.transaction() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) not in found


def test_a_connection_lost_while_it_rested_is_replaced_unnoticed(own, database, monkeypatch):
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 0.0)
    lost = pid_of(own)
    end(database, lost)
    assert pid_of(own) != lost


def test_a_connection_lost_within_a_second_costs_one_answer(own, database, monkeypatch):
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 60.0)
    end(database, pid_of(own))
    with pytest.raises(DatabaseDown):
        pid_of(own)
    assert pid_of(own)


def test_a_refused_statement_leaves_the_connection_whole(own):
    before = pid_of(own)
    with pytest.raises(psycopg.errors.DivisionByZero), own.direct() as direct:
        direct.find(Statement("SELECT 1 / 0"), {})
    assert pid_of(own) == before


def test_a_connection_left_in_a_transaction_is_not_lent_again(own, database):
    with own.direct() as direct:
        left = direct.find(PID, {})[0]
        direct._cursor.execute("BEGIN")
    assert pid_of(own) != left
    there = "SELECT count(*) FROM pg_stat_activity WHERE pid = :pid AND state LIKE 'idle in%'"
    with database.transaction() as session:
        assert session.scalar(text(there), {"pid": left}) == 0


def test_each_statement_is_committed_by_itself(own, database):
    with own.direct() as direct:
        direct._cursor.execute("CREATE TABLE direct_thing (n int)")
        with database.transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM direct_thing")) == 0
            session.execute(text("DROP TABLE direct_thing"))


def count_things(database):
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM direct_thing"))


def test_statements_together_are_all_committed_or_none(own, database):
    add = Statement("INSERT INTO direct_thing VALUES (1) RETURNING n")
    with own.direct() as direct:
        direct._cursor.execute("CREATE TABLE direct_thing (n int)")
        before = direct.find(PID, {})
    with own.direct(together=True) as direct:
        direct.find(add, {})
        assert count_things(database) == 0
    assert count_things(database) == 1
    with suppress(ZeroDivisionError), own.direct(together=True) as direct:
        direct.find(add, {})
        1 / 0  # noqa: B018 - something of ours goes wrong
    with suppress(psycopg.errors.DivisionByZero), own.direct(together=True) as direct:
        direct.find(add, {})
        direct.find(Statement("SELECT 1 / 0"), {})
    assert count_things(database) == 1
    with own.direct() as direct:
        assert direct.find(PID, {}) == before  # a refusal costs no connection
        direct.find(add, {})
        assert count_things(database) == 2  # each by itself again
        direct._cursor.execute("DROP TABLE direct_thing")


def test_within_a_session_it_sees_and_shares_what_the_session_does(own, database):
    with suppress(ZeroDivisionError), own.transaction() as session:
        session.execute(text("CREATE TABLE direct_thing (n int)"))
        Direct.within(session).find(Statement("INSERT INTO direct_thing VALUES (:n) RETURNING n"), {"n": 3})
        assert session.scalar(text("SELECT n FROM direct_thing")) == 3
        1 / 0  # noqa: B018 - and then all of it is undone
    with database.transaction() as session:
        assert session.scalar(text("SELECT to_regclass('direct_thing')")) is None


def test_a_server_that_goes_away_within_a_session_is_told_as_such_and_forgotten(own, database):
    def lose():
        with own.transaction() as session:
            end(database, session.scalar(text("SELECT pg_backend_pid()")))
            Direct.within(session).find(PID, {})

    with pytest.raises(DatabaseDown):
        lose()
    with own.transaction() as session:
        assert Direct.within(session).find(PID, {})


def test_a_statement_is_prepared_and_planned_when_it_is_first_used(own):
    counted = Statement(
        "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = :own"
    )
    with own.direct() as direct:
        direct.find(PID, {})
        assert direct.find(counted, {"own": PID.text}) == (PID.text, 1, 0)


def test_a_statement_says_what_it_brings_itself_and_asks_for_the_rest():
    waits = select(Ticket.id).where(Ticket.state == "waiting", Ticket.group_id == bindparam("group"))
    made = Statement.of(waits.limit(3))
    assert "ticket.state = 'waiting'" in made.text
    assert made.text.rstrip().endswith("LIMIT 3::INTEGER")
    assert made.ordered({"group": 7}) == [7]


def test_a_statement_writes_words_of_its_own_and_nothing_else():
    with pytest.raises(ValueError, match="it's"):
        Statement.of(select(Ticket.id).where(Ticket.label == "it's"))


def test_values_and_rows_are_the_same_by_the_short_way_and_by_a_cursor(own):
    kinds = {
        "n": "bigint",
        "small": "int",
        "word": "text",
        "sealed": "bytea",
        "at": "timestamptz",
        "on": "date",
    }
    kinds |= {"facts": "jsonb", "ratio": "float8", "yes": "boolean", "many": "bigint[]", "nothing": "text"}
    asked = Statement("SELECT " + ", ".join(f"CAST(:{name} AS {kind})" for name, kind in kinds.items()))
    values = {
        "n": 2**40, "small": 3, "word": "身份证", "sealed": bytes(range(256)), "at": NOW, "on": NOW.date(),
        "facts": Jsonb({"a": [1, None]}), "ratio": 0.1, "yes": True, "many": [1, 2], "nothing": None,
    }  # fmt: skip
    with own.direct() as direct:
        short = direct.all(asked, values)
    with own.direct(together=True) as direct:
        assert direct.all(asked, values) == short
    assert len(short[0]) == len(kinds)
    assert short[0][5] == NOW.date()


def test_whatever_kinds_of_values_come_a_connection_prepares_no_more_than_a_hundred(own):
    prepared = Statement("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'direct%'")
    with own.direct() as direct:
        for number in range(120):
            assert direct.find(Statement(f"SELECT CAST(:n AS bigint) + {number}"), {"n": 1}) == (number + 1,)
        assert direct.find(prepared, {}) == (100,)


def test_a_statement_without_rows_gives_none(own):
    with own.direct() as direct:
        direct.run(Statement("SET application_name = 'short'"), {})
        assert direct.all(Statement("SELECT 1 WHERE false"), {}) == []
        assert direct.find(Statement("SELECT 1 WHERE false"), {}) is None


def test_what_was_prepared_after_the_driver_let_go_of_the_rest_is_not_prepared_under_a_name_in_use(own):
    first, second, third, fourth = (Statement(f"SELECT {number}") for number in range(4))
    with own.direct() as direct:
        assert (direct.find(first, {}), direct.find(second, {})) == ((0,), (1,))
        direct._cursor.execute("DEALLOCATE ALL")  # as the driver does after it rolled back
        for statement, number in ((third, 2), (first, 0), (second, 1), (fourth, 3), (third, 2)):
            assert direct.find(statement, {}) == (number,)
