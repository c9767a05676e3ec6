"""The promise of three working days is one: what the cockpit says of a line is what its samples record."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from analytics.promise import promise_rows
from booking.city_offers import rooms
from booking.models import PromiseSample
from booking.on_the_spot import last_on_the_spot
from booking.promise import promise_on
from booking.promise_samples import take_samples
from booking.visit_offer import get_visit_offer
from halls.queries import calendar
from tests import build
from tests.build import TODAY, at

THURSDAY = TODAY + timedelta(days=3)
NOW = at("10:00", THURSDAY)


@pytest.fixture
def hall(session):
    return build.make_hall(session)


@pytest.fixture
def group(session, hall):
    return build.make_group(session, hall)


@pytest.mark.parametrize("after", range(9))  # a Thursday: Saturday and Sunday lie between, Wednesday beyond
def test_cockpit_samples_and_citizens_pages_agree_on_every_day(session, hall, group, after):
    service = build.make_service(session, group)
    on_date = THURSDAY + timedelta(days=after)
    build.make_slot(session, group, at("15:00", on_date), released_at=at("08:00"))
    (row,) = promise_rows(session, [hall], now=NOW)
    take_samples(session, due_at=NOW, now=NOW)
    (sample,) = session.scalars(select(PromiseSample))
    offer = get_visit_offer(session, hall.code, [service.code], answers={})
    soon = rooms(session, [offer], now=NOW)[hall.id].count_soon(THURSDAY)
    promised = promise_on(THURSDAY, calendar(session))
    assert row.kept == sample.available == bool(soon) == promised.holds(on_date) == (1 <= after <= 5)
    assert last_on_the_spot(session, group.id, now=NOW) == promised.last_on


def test_the_cockpit_shows_working_days_and_of_the_others_those_with_numbers(session, hall, group):
    other = build.make_group(session, build.make_hall(session), "B")
    saturday = THURSDAY + timedelta(days=2)
    working = [THURSDAY + timedelta(days=days) for days in (1, 4, 5)]
    (row,) = promise_rows(session, [hall], now=NOW)
    assert [cell.on_date for cell in row.cells] == working
    build.make_slot(session, group, at("10:00", saturday), released_at=at("08:00"), numbers=2)
    shown = [hall, session.get_one(type(hall), other.hall_id)]
    mine, theirs = promise_rows(session, shown, now=NOW)
    assert [(cell.on_date, cell.free) for cell in mine.cells] == [
        (working[0], 0),
        (saturday, 2),
        (working[1], 0),
        (working[2], 0),
    ]
    assert [cell.free for cell in theirs.cells] == [0, 0, 0, 0]
    assert (mine.kept, theirs.kept) == (True, False)
