"""A move ahead is no way around what a late cancellation costs; who comes pays nothing for it."""

from datetime import timedelta

import pytest

from booking.appeals import can_appeal
from booking.book import Book, book
from booking.cancel import cancel
from booking.counts import booking_counts
from booking.hall_rules import rules_of
from booking.hold import HoldSlot, hold
from booking.reschedule import reschedule
from booking.standing import no_shows_of
from halls.models import Hall
from kernel.actor import ANONYMOUS
from people.citizens import identity_index
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests.build import at, make_group, make_hall, make_service, make_slot, make_staff

TEN = at("10:00")
NEXT_WEEK = TEN + timedelta(days=7)
CLOSE, EARLY = at("09:30"), at("08:45")


@pytest.fixture
def service(session):
    group = make_group(session, make_hall(session, "h1"))
    for starts_at in (TEN, NEXT_WEEK):
        make_slot(session, group, starts_at)
    return make_service(session, group)


@pytest.fixture
def booked(session, now, service):
    command = Book(
        token_for(session, service, TEN, now), "张三", "resident_id", sample_resident_id(1), "+8613800138000"
    )
    return book(session, command, actor=ANONYMOUS, now=now)


def token_for(session, service, starts_at, now):
    return hold(session, HoldSlot("h1", (service.code,), starts_at), actor=ANONYMOUS, now=now).token


def move(session, service, booked, now, actor=ANONYMOUS):
    token = token_for(session, service, NEXT_WEEK, now)
    reschedule(session, booked, token=token, actor=actor, now=now)


def counted(session, booked, now):
    rules = rules_of(session.get_one(Hall, booked.hall_id))
    person = identity_index("resident_id", sample_resident_id(1))
    return no_shows_of(session, person, told=None, rules=rules, now=now).counted


def give_up(session, booked, now):
    cancel(session, booked, reason="citizen", actor=ANONYMOUS, now=now)
    session.flush()


def test_cancelling_after_a_late_move_counts_at_once(session, service, booked):
    move(session, service, booked, CLOSE)
    assert (booked.starts_at, counted(session, booked, CLOSE)) == (NEXT_WEEK, 0)
    give_up(session, booked, CLOSE + timedelta(minutes=1))
    assert counted(session, booked, CLOSE + timedelta(minutes=2)) == 1
    rules = rules_of(session.get_one(Hall, booked.hall_id))
    assert can_appeal(booked, rules=rules, now=CLOSE + timedelta(minutes=2))


def test_the_counts_of_the_day_take_it_for_late_as_the_standing_does(session, service, booked):
    move(session, service, booked, CLOSE)
    give_up(session, booked, CLOSE + timedelta(minutes=1))
    (found,) = booking_counts(session, session.get_one(Hall, booked.hall_id), on_date=NEXT_WEEK.date())
    assert (found.booked, found.to_come, found.late_cancelled, found.by_hall) == (1, 0, 1, 0)


@pytest.mark.parametrize("moved_at", [CLOSE, EARLY])
def test_the_hall_or_a_move_in_time_makes_nothing_late(session, service, booked, moved_at):
    move(session, service, booked, moved_at)
    by_hall = moved_at == CLOSE
    reason = "hall_closed" if by_hall else "citizen"
    cancel(session, booked, reason=reason, actor=ANONYMOUS, now=moved_at)
    session.flush()
    (found,) = booking_counts(session, session.get_one(Hall, booked.hall_id), on_date=NEXT_WEEK.date())
    assert (found.booked, found.late_cancelled, found.by_hall) == (0, 0, int(by_hall))


def test_who_moves_in_time_cancels_in_time(session, service, booked):
    move(session, service, booked, EARLY)
    give_up(session, booked, EARLY)
    assert counted(session, booked, NEXT_WEEK + timedelta(days=1)) == 0


def test_who_moves_late_and_comes_pays_nothing(session, service, booked):
    move(session, service, booked, CLOSE)
    booked.state = "fulfilled"
    session.flush()
    assert counted(session, booked, NEXT_WEEK + timedelta(days=1)) == 0


def test_a_move_by_staff_is_the_halls_own(session, service, booked):
    move(session, service, booked, CLOSE, actor_of(make_staff(session)))
    assert booked.moved_late_at is None
