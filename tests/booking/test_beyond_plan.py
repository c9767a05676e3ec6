"""After a smaller plan, what is free and what is booked are as many as planned, or as many as are booked."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from booking.cancel import cancel
from booking.giving_back import give_back
from booking.hall_rules import rules_of
from booking.models import Appointment, Number
from booking.planned_days import places_of, plan_days
from booking.publish import publish
from booking.waitlist import JoinWaitlist, join
from halls.models import PlanLine
from kernel.actor import ANONYMOUS, SYSTEM
from tests.booking.crowded import book_all
from tests.build import make_group, make_hall, make_plan, make_service
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


def cancel_one(session, appointment):
    cancel(session, appointment, reason="citizen", actor=ANONYMOUS, now=NOW)
    session.flush()


def booked_now(session):
    of_day = select(Appointment).where(Appointment.on_date == DAY, Appointment.state == "booked")
    return list(session.scalars(of_day.order_by(Appointment.id)))


def test_a_cancelled_number_beyond_the_plan_does_not_return(session, hall, group):
    keep_booked(session, hall, group, 1, 2, 3)
    staff(session, "0.5")
    publish_day(session, hall)
    (planned,) = set(places_of(plan_days(session, hall.id, first_on=DAY, last_on=DAY, now=NOW)).values())
    before = {row.id for row in rows(session)}
    first, *others = booked_now(session)
    cancel_one(session, first)
    assert len(before - {row.id for row in rows(session)}) == 1  # it went, whichever of them was cancelled
    assert_as_many_as_planned(session, hall)
    for each in others:
        cancel_one(session, each)
        assert_as_many_as_planned(session, hall)
    assert len(rows(session)) == 2 * planned


def test_who_waits_is_not_offered_a_number_beyond_the_plan(session, hall, group):
    service = make_service(session, group)
    keep_booked(session, hall, group, 1, 2, 3)
    staff(session, "0.5")
    publish_day(session, hall)
    for number in session.scalars(select(Number).where(Number.appointment_id.is_(None))):
        session.delete(number)
    wish = JoinWaitlist(hall.code, (service.code,), DAY, DAY, "+8613800138009")
    waiting = join(session, wish, actor=ANONYMOUS, now=NOW)
    surplus, *others = booked_now(session)
    cancel_one(session, surplus)
    assert waiting.state == "waiting"
    for each in others:
        cancel_one(session, each)
    assert waiting.state == "offered"


def test_a_booking_that_moves_away_leaves_no_number_beyond_the_plan(session, hall, group):
    """What `reschedule` gives back is given back like any other."""
    keep_booked(session, hall, group, 1, 2, 3)
    staff(session, "0.5")
    publish_day(session, hall)
    away = booked_now(session)[0]
    give_back(session, away.id, rules=rules_of(hall), now=NOW, to_waitlist=False)
    session.delete(away)
    session.flush()
    assert_as_many_as_planned(session, hall)


def test_two_who_cancel_at_once_in_one_slot_leave_as_many_as_planned(database):
    """Three are booked where two are planned: one number goes, not two, and the other is free."""
    with database.transaction() as session:
        hall = make_hall(session, "h1")
        group = make_group(session, hall)
        make_plan(session, group, counters=2, hours="09:00-09:30")
        publish_day(session, hall)
        keep_booked(session, hall, group, 1, 2, 3)
        staff(session, "0.9")
        publish_day(session, hall)
        (planned,) = places_of(plan_days(session, hall.id, first_on=DAY, last_on=DAY, now=NOW)).values()
        assert (planned, len(rows(session))) == (2, 3)
        ids = [each.id for each in booked_now(session)]
    barrier = Barrier(2)

    def one(appointment_id):
        with database.transaction() as session:
            found = session.get_one(Appointment, appointment_id)
            barrier.wait()
            cancel(session, found, reason="citizen", actor=ANONYMOUS, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, ids[:2]))
    with database.transaction() as session:
        assert_as_many_as_planned(session, session.get_one(type(hall), hall.id))


STEPS = st.lists(st.sampled_from(["0.5", "1", "1.5", "2", "3"]) | st.integers(0, 5), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(booked=st.sets(st.integers(1, 3)), steps=STEPS)
def test_whatever_is_booked_planned_and_cancelled(session, booked, steps):
    """A plan is published, or one of the bookings that are left is cancelled: the counts hold at once."""
    hall = make_hall(session)
    group = make_group(session, hall)
    make_plan(session, group, counters=2, hours="09:00-10:00")
    publish_day(session, hall)
    keep_booked(session, hall, group, *booked)
    for step in steps:
        if isinstance(step, str):
            staff(session, step)
            publish_day(session, hall)
        elif left := booked_now(session):
            cancel_one(session, left[step % len(left)])
        assert_as_many_as_planned(session, hall)
    session.rollback()
