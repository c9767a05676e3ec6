"""Who a closure touches is found by indexes, whatever PostgreSQL believes of its tables."""

from datetime import timedelta

import pytest
from sqlalchemy import BigInteger, bindparam, text

from booking import affected
from booking.publish import publish
from kernel.actor import SYSTEM
from tests.booking.crowded import book_all
from tests.build import TODAY, at, make_group, make_hall, make_plan
from tests.conftest import NOW

# What `ANALYZE` writes down while rows are in a transaction that has not ended, or have just been removed.
_EMPTY_BY_STATISTICS = text("""
UPDATE pg_class SET reltuples = 0, relpages = 50 WHERE relname IN ('appointment', 'number', 'slot')
""")


@pytest.fixture
def booked(session):
    hall = make_hall(session, "h1")
    make_plan(session, make_group(session, hall), counters=4, hours="09:00-17:00")
    # Of so many days that reading all of them costs more than an index, as in any hall.
    publish(session, hall.id, first_on=TODAY, last_on=TODAY + timedelta(days=20), actor=SYSTEM, now=NOW)
    return hall, book_all(session, hall, TODAY, now=NOW)


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_read(session, statement, facts, table):
    """How many rows of a table were looked at."""
    explained = text("EXPLAIN (ANALYZE, FORMAT JSON) " + statement.text)
    explained = explained.bindparams(bindparam("group_id", type_=BigInteger))
    ((plan,),) = session.connection().execute(explained, facts).scalars()
    found = (each for each in nodes(plan["Plan"]) if each.get("Relation Name") == table)
    seen = (
        (each["Actual Rows"] + each.get("Rows Removed by Filter", 0)) * each["Actual Loops"] for each in found
    )
    return sum(seen)


@pytest.mark.parametrize("statement", ["_SEE", "_LOCK"])
def test_each_bookings_own_numbers_are_looked_at_and_no_others(session, booked, statement):
    hall, appointments = booked
    session.execute(_EMPTY_BY_STATISTICS)
    facts = {
        "hall_id": hall.id, "group_id": None, "starts_at": at("12:00"), "ends_at": at("17:00"), "now": NOW
    }  # fmt: skip
    # Once to see where they are, once to count them; one number each.
    assert rows_read(session, getattr(affected, statement), facts, "number") <= 2 * len(appointments)
    assert len(appointments) > 50
