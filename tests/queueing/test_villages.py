"""A mobile session is held in its village: neither its counters nor its people count in the hall."""

import pytest

from booking.models import Number
from queueing.loads import expected_by_line, load_of
from queueing.outlook import outlook
from queueing.save_rules import line_rules
from queueing.staffing import capacity_of
from queueing.today import today_of
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import HallDay

MORNING = at("09:30")
VILLAGE = "东岭村村委会"


@pytest.fixture
def day(session):
    """Line A is planned in the hall until 12:00 with two counters."""
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    build.make_plan(session, group, counters=2, hours="09:00-12:00")
    return hall, group


def away(session, group, *, counters=6, hours="13:00-16:00"):
    build.make_session(session, group, counters=counters, hours=hours, on=TODAY, place=VILLAGE)


def capacity(session, day, now=MORNING):
    hall, group = day
    return capacity_of(session, today_of(session, hall.id, now=now), group.id, now=now)


def test_the_counters_of_a_village_are_no_capacity_of_the_hall(session, day):
    before = capacity(session, day)
    away(session, day[1])
    after = capacity(session, day)
    assert (
        (after.closes_at, after.most_counters) == (before.closes_at, before.most_counters) == (at("12:00"), 2)
    )


def test_nobody_is_admitted_in_the_hall_while_its_line_is_in_a_village(session, day):
    hall, group = day
    away(session, group)
    told = outlook(session, hall.id, group.id, now=at("13:10"))
    assert (told.is_over, told.latest_at) == (True, None)


def test_the_rule_of_a_line_goes_by_its_counters_in_the_hall(session, day):
    hall, group = day
    away(session, group, counters=30)
    (line,) = line_rules(session, hall, now=MORNING)
    assert line.counters == 2


def test_who_sits_in_the_hall_is_not_shared_with_a_line_that_works_in_a_village(session):
    """A counter for A and B counts wholly for A while B is planned in a village alone."""
    hall = build.make_hall(session)
    a, b = build.make_group(session, hall), build.make_group(session, hall, "B")
    build.make_plan(session, a, counters=1)
    away(session, b, counters=3, hours="09:00-12:00")
    day = HallDay(session, hall, a, b)
    day.seat(a, b, now=at("09:00"))
    found = capacity(session, (hall, a))
    assert list(found.parts.values()) == [1.0]


def test_booked_people_and_duty_numbers_of_a_village_are_not_expected_in_the_hall(session, day):
    hall, group = day
    here, there = (
        build.make_slot(session, group, at(clock), place=place)
        for clock, place in (("11:00", ""), ("14:00", VILLAGE))
    )
    for slot in (here, there):
        build.make_appointment(session, slot)
        duty = session.query(Number).filter_by(slot_id=slot.id).order_by(Number.ordinal).first()
        duty.channel = "duty"
    session.flush()
    today = today_of(session, hall.id, now=MORNING)
    expected = expected_by_line(session, today, [group.id], now=MORNING)
    assert {each.slot_starts_at for each in expected[group.id]} == {at("11:00")}
    assert load_of(session, today, group, now=MORNING).expected == expected[group.id]
