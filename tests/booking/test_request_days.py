"""Days for special requests: what a form offers can be given, and nothing else is offered."""

from datetime import timedelta

import pytest

from booking.policy import BeyondHorizon
from booking.publish import publish
from booking.request_days import CHANNELS, NoTimesThatDay, request_days, to_offer
from booking.special_requests import AskSpecially, approve, ask
from booking.staff_slots import staff_slots
from kernel.actor import ANONYMOUS, SYSTEM
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.build import TODAY, at

WEDNESDAY, THURSDAY = TODAY + timedelta(days=2), TODAY + timedelta(days=3)


@pytest.fixture
def hall(session):
    return build.make_hall(session)


@pytest.fixture
def group(session, hall):
    return build.make_group(session, hall)


def slot(session, group, on_date, *, channel="online", counters=1.0, clock="10:00", numbers=1):
    made = build.make_slot(session, group, at(clock, on_date), numbers=numbers)
    made.counters = counters
    for number in session.query(build.Number).filter_by(slot_id=made.id):
        number.channel = channel
    session.flush()


def test_knows_days_that_come_are_open_and_which_have_a_reserve(session, group, now):
    slot(session, group, TODAY, clock="08:30", channel="duty")  # over
    slot(session, group, TODAY + timedelta(days=1), counters=0.0, channel="duty")  # closed
    slot(session, group, WEDNESDAY)
    slot(session, group, THURSDAY, channel="walk_in", numbers=2)
    for needed, reserve in ((1, True), (2, True), (3, False)):
        found = request_days(session, {group.id: needed}, now=now)
        assert [(each.on_date, each.reserve) for each in found] == [(WEDNESDAY, False), (THURSDAY, reserve)]
        assert to_offer(found) == ([THURSDAY] if reserve else [WEDNESDAY, THURSDAY])


def test_a_visit_of_two_lines_needs_both(session, hall, group, now):
    other = build.make_group(session, hall, "B")
    slot(session, group, WEDNESDAY, channel="duty")
    slot(session, group, THURSDAY, channel="duty")
    slot(session, other, THURSDAY)
    (only,) = request_days(session, {group.id: 1, other.id: 1}, now=now)
    assert (only.on_date, only.reserve) == (THURSDAY, False)


def wish(hall, service, n, on_date):
    who = ("张三", "resident_id", sample_resident_id(n), "+8613800138000")
    return AskSpecially(hall.code, (service.code,), "urgent", on_date, "明天出国。", *who)


def test_every_day_that_the_form_offers_is_given_and_no_other_is_taken(session, hall, group, now):
    """As the night's job publishes a hall."""
    build.make_plan(session, group, counters=4)
    service = build.make_service(session, group)
    publish(session, hall.id, first_on=TODAY, last_on=TODAY + timedelta(days=11), actor=SYSTEM, now=now)
    duty = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[hall.id]))
    offered = to_offer(request_days(session, {group.id: 1}, now=now))
    assert offered == [TODAY + timedelta(days=n) for n in (*range(5), *range(7, 12))]
    for nth, on_date in enumerate(offered):
        asked = ask(session, wish(hall, service, nth, on_date), actor=ANONYMOUS, now=now)
        times = staff_slots(session, group.id, on_date, now=now)
        starts_at = next(each.starts_at for each in times if each.free(CHANNELS))
        made = approve(session, asked, starts_at=starts_at, answer="", actor=duty, now=now)
        assert made.on_date == on_date
    for on_date, refusal in (
        (TODAY + timedelta(days=5), NoTimesThatDay),  # a Saturday
        (TODAY + timedelta(days=12), BeyondHorizon),
    ):
        with pytest.raises(refusal):
            ask(session, wish(hall, service, 99, on_date), actor=ANONYMOUS, now=now)
