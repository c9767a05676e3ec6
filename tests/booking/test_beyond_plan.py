"""After a smaller plan, what is free and what is booked are as many as planned, or as many as are booked."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from booking.cancel import cancel
from booking.models import Appointment, Number
from booking.planned_days import places_of, plan_days
from booking.publish import publish
from halls.models import PlanLine
from kernel.actor import ANONYMOUS, SYSTEM
from tests.booking.crowded import book_all
from tests.build import make_group, make_hall, make_plan
from tests.conftest import NOW

DAY = date(2026, 3, 3)


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def group(session, hall):
    group = make_group(session, hall)
    make_plan(session, group, counters=2, hours="09:00-10:00")
    publish_day(session, hall)
    return group


def publish_day(session, hall, now=NOW):
    return publish(session, hall.id, first_on=DAY, last_on=DAY, actor=SYSTEM, now=now)


def staff(session, counters):
    session.execute(update(PlanLine).values(counters=Decimal(counters)))


def rows(session):
    return session.execute(
        select(Number.id, Number.starts_at, Number.ordinal, Number.channel, Number.appointment_id)
        .where(Number.on_date == DAY)
        .order_by(Number.starts_at, Number.ordinal)
    ).all()


def keep_booked(session, hall, group, *ordinals):
    """Book the online numbers with these ordinals, in each slot."""
    booked = book_all(session, hall, DAY, now=NOW, group=group)
    session.execute(update(Number).where(Number.ordinal.not_in(ordinals)).values(appointment_id=None))
    kept = select(Number.appointment_id).where(Number.appointment_id.is_not(None))
    ids = [each.id for each in booked]
    session.execute(delete(Appointment).where(Appointment.id.in_(ids), Appointment.id.not_in(kept)))


def assert_as_many_as_planned(session, hall):
    session.expire_all()
    planned = places_of(plan_days(session, hall.id, first_on=DAY, last_on=DAY, now=NOW))
    there = Counter(row.starts_at for row in rows(session))
    booked = Counter(row.starts_at for row in rows(session) if row.appointment_id)
    assert there == {starts_at: max(places, booked[starts_at]) for (_, starts_at), places in planned.items()}


def test_a_kept_booking_beyond_the_plan_takes_the_place_of_a_planned_number(session, hall, group):
    last = max(row.ordinal for row in rows(session) if row.channel == "online")
    keep_booked(session, hall, group, last)
    kept = [row.id for row in rows(session) if row.appointment_id]
    staff(session, "0.5")
    assert publish_day(session, hall) == 0
    assert_as_many_as_planned(session, hall)
    assert [row.id for row in rows(session) if row.appointment_id] == kept


def test_online_numbers_go_before_the_walk_in_reserve(session, hall, group):
    assert Counter(row.channel for row in rows(session)) == {"online": 6, "walk_in": 4}
    keep_booked(session, hall, group)
    session.execute(update(Number).where(Number.ordinal == 5).values(appointment_id=1))
    staff(session, "1.5")
    publish_day(session, hall)
    assert_as_many_as_planned(session, hall)
    second = [(row.ordinal, row.channel) for row in rows(session) if row.starts_at.minute == 30]
    assert second == [(1, "online"), (2, "online"), (4, "walk_in"), (5, "walk_in")]


def test_publishing_again_changes_nothing_and_a_larger_plan_brings_all_back(session, hall, group):
    before = [(row.starts_at, row.ordinal) for row in rows(session)]
    keep_booked(session, hall, group, 2, 3)
    staff(session, "0.5")
    publish_day(session, hall)
    smaller = rows(session)
    assert publish_day(session, hall) == 0
    assert rows(session) == smaller
    staff(session, 2)
    publish_day(session, hall)
    assert [(row.starts_at, row.ordinal) for row in rows(session)] == before


def test_once_the_kept_booking_is_cancelled_the_next_publishing_leaves_as_many_as_planned(
    session, hall, group
):
    keep_booked(session, hall, group, 1, 2, 3)
    staff(session, "0.5")
    publish_day(session, hall)
    assert_as_many_as_planned(session, hall)
    for appointment in session.scalars(select(Appointment).where(Appointment.on_date == DAY)).all():
        cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=NOW)
        publish_day(session, hall)
        assert_as_many_as_planned(session, hall)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    booked=st.sets(st.integers(1, 3)),
    plans=st.lists(st.sampled_from(["0.5", "1", "1.5", "2", "3"]), min_size=1, max_size=3),
)
def test_whatever_is_booked_and_planned(session, booked, plans):
    hall = make_hall(session)
    group = make_group(session, hall)
    make_plan(session, group, counters=2, hours="09:00-10:00")
    publish_day(session, hall)
    keep_booked(session, hall, group, *booked)
    for counters in plans:
        staff(session, counters)
        publish_day(session, hall)
        assert_as_many_as_planned(session, hall)
    session.rollback()
