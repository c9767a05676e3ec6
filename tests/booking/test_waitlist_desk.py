"""The duty officer sees of a waitlist what the rows say, and whoever is taken off is offered nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.waitlist import WaitUnknown, accept, leave
from booking.waitlist_desk import (
    REASONS,
    LineOfWaits,
    WaitHasEnded,
    WaitReasonUnknown,
    count_waiting,
    lines_of_hall,
    list_waiting,
    take_off,
)
from booking.waitlist_offers import tend
from halls.models import Hall
from kernel.actor import ANONYMOUS, Actor
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from tests.booking.test_waitlist import (
    FIRST,
    HELD,
    MINUTE,
    SECOND,
    THIRD,
    book_with,
    booked,
    give_up,
    group,
    service,
    states,
    wait,
)
from tests.build import make_group, make_hall, make_service

__all__ = ("booked", "group", "service")  # fixtures


@pytest.fixture
def hall(session, group):
    return session.get_one(Hall, group.hall_id)


def officer(hall, *permissions):
    return Actor("staff", 7, frozenset(permissions or {"waitlist.tend"}), hall_ids=frozenset({hall.id}))


@pytest.fixture
def off(session, now, hall):
    """Take somebody off as the hall's duty officer, or as somebody else."""

    def take(entry, reason="asked", *, at_hall=hall, actor=None):
        by = actor or officer(hall)
        return take_off(session, at_hall, entry.id, reason=reason, actor=by, now=now)

    return take


def test_counts_who_waits_and_since_when_and_what_was_offered(session, now, hall, service, booked):
    assert lines_of_hall(session, hall, now=now) == []
    first = wait(session, now, service)
    wait(session, now + MINUTE, service, SECOND)
    wait(session, now + 2 * MINUTE, service, THIRD)
    give_up(session, now + 3 * MINUTE, booked)
    (line,) = lines_of_hall(session, hall, now=now + 3 * MINUTE)
    assert line == LineOfWaits(first.group_id, 2, now + MINUTE, 1, offered_today=1)
    assert count_waiting(session, [hall.id]) == {hall.id: 3}
    accept(session, first, now=now + 4 * MINUTE)


def test_counts_of_today_are_each_offer_and_what_became_of_it(session, now, hall, service, booked):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    third = wait(session, now, service, THIRD)
    give_up(session, now, booked)  # to the first, who lets it lapse, then the second, who leaves
    tend(session, now=now + HELD)
    leave(session, second, actor=ANONYMOUS, now=now + HELD)
    book_with(session, now + HELD, accept(session, third, now=now + HELD), seed=3, phone=THIRD)
    tend(session, now=now + HELD + MINUTE)
    (line,) = lines_of_hall(session, hall, now=now + HELD + MINUTE)
    wanted = {"offered_today": 3, "taken_today": 1, "lapsed_today": 1, "left_today": 1}
    assert line == LineOfWaits(first.group_id, 1, first.created_at, 0, **wanted)
    (tomorrow,) = lines_of_hall(session, hall, now=now + timedelta(days=1))
    assert tomorrow == LineOfWaits(first.group_id, 1, first.created_at)


def test_lists_running_offers_and_then_who_is_asked_next_with_masked_phones(
    session, now, hall, service, booked
):
    first, second = wait(session, now, service), wait(session, now + MINUTE, service, SECOND)
    third = wait(session, now + MINUTE, service, THIRD)
    give_up(session, now + 2 * MINUTE, booked)
    tend(session, now=now + 2 * MINUTE + HELD)  # the first one's has lapsed: they come last now
    listed = list_waiting(session, hall)
    assert [(each.entry, each.place) for each in listed] == [(second, None), (third, 1), (first, 2)]
    assert [each.phone for each in listed] == ["138****8002", "138****8003", "138****8001"]
    assert list_waiting(session, hall, group_id=first.group_id) == listed
    assert list_waiting(session, hall, group_id=0) == []


def test_whoever_is_taken_off_is_offered_nothing_and_their_number_goes_on(session, now, service, booked, off):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    third = wait(session, now, service, THIRD)
    off(second, "served")
    give_up(session, now, booked)
    assert states(session, first, second, third) == ["offered", "left", "waiting"]
    off(first, "wrong_phone")
    assert states(session, first, second, third) == ["left", "left", "offered"]
    (line,) = lines_of_hall(session, session.get_one(Hall, first.hall_id), now=now)
    assert (line.offered, line.left_today) == (1, 2)
    rows = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "waitlist.take_off").order_by(AuditEntry.id)
    )
    assert [(row.subject_id, row.actor_id, row.from_state, row.to_state, row.details) for row in rows] == [
        (second.id, 7, "waiting", "left", {"reason": "served"}),
        (first.id, 7, "offered", "left", {"reason": "wrong_phone"}),
    ]


def test_takes_nobody_off_without_permission_reason_or_in_another_hall(session, now, service, booked, off):
    entry, hall = wait(session, now, service), session.scalars(select(Hall)).one()
    other = make_hall(session, "h2")
    make_service(session, make_group(session, other))
    with pytest.raises(Forbidden):
        off(entry, actor=officer(hall, "booking.make"))
    with pytest.raises(Forbidden):
        off(entry, at_hall=other)
    with pytest.raises(WaitUnknown):
        off(entry, at_hall=other, actor=officer(other))
    for reason in ("", "because", "waiting"):
        with pytest.raises(WaitReasonUnknown):
            off(entry, reason)
    assert states(session, entry) == ["waiting"]
    assert "asked" in REASONS


def test_what_has_ended_meanwhile_is_said_and_a_booking_made_of_the_offer_stays(
    session, now, service, booked, off
):
    first, second = wait(session, now, service), wait(session, now, service, SECOND)
    give_up(session, now, booked)
    mine = book_with(session, now, accept(session, first, now=now), seed=2, phone=FIRST)
    leave(session, second, actor=ANONYMOUS, now=now)
    for entry in (first, second):
        with pytest.raises(WaitHasEnded):
            off(entry)
    assert mine.state == "booked"
