"""What a hall that is full today offers instead: numbers of three working days, for the same matter."""

from datetime import timedelta

import pytest

from booking.hold import HoldSlot, hold
from booking.on_the_spot import last_on_the_spot, list_spot_offers
from catalog.models import HallService
from kernel.actor import ANONYMOUS
from tests import build
from tests.build import at

DAY = timedelta(days=1)
THURSDAY = at("16:00") + 3 * DAY
TUESDAY, WEDNESDAY = 8 * DAY, 9 * DAY


@pytest.fixture
def line(session):
    return build.make_group(session, build.make_hall(session))


def starts(offers):
    return [each.starts_at for each in offers]


def test_reaches_the_third_working_day_and_no_further(session, line):
    build.make_slot(session, line, at("10:00") + TUESDAY)
    build.make_slot(session, line, at("10:00") + WEDNESDAY)
    assert last_on_the_spot(session, line.id, now=THURSDAY) == build.TODAY + TUESDAY
    offers = list_spot_offers(session, line.id, service_ids=(), now=THURSDAY)
    assert starts(offers) == [at("10:00") + TUESDAY]


def test_the_soonest_come_first_and_no_more_than_fit_on_a_screen(session, line):
    for hour in ("14:00", "10:00", "09:00", "11:00", "15:00", "16:00", "13:00"):
        build.make_slot(session, line, at(hour) + DAY)
    offers = list_spot_offers(session, line.id, service_ids=(), now=at("16:30"))
    hours = [each.astimezone(build.SHANGHAI).hour for each in starts(offers)]
    assert hours == [9, 10, 11, 13, 14, 15]


def test_a_long_matter_is_offered_only_where_all_of_it_fits(session, line):
    service = build.make_service(session, line, minutes=35)  # four numbers of ten minutes
    build.make_slot(session, line, at("09:00") + DAY, numbers=3)
    build.make_slot(session, line, at("14:00") + DAY, numbers=2)
    build.make_slot(session, line, at("14:30") + DAY, numbers=2)
    offers = list_spot_offers(session, line.id, service_ids=[service.id], now=at("16:00"))
    assert starts(offers) == [at("14:00") + DAY]
    assert offers[0].service_ids == (service.id,)
    assert offers[0].as_json()["service_ids"] == [service.id]


def test_what_is_offered_can_be_held_at_once(session, line):
    service = build.make_service(session, line)
    build.make_slot(session, line, at("10:00") + DAY, numbers=1)
    now = at("16:00")
    (offer,) = list_spot_offers(session, line.id, service_ids=[service.id], now=now)
    command = HoldSlot(offer.hall_code, (service.code,), offer.starts_at, {})
    held = hold(session, command, actor=ANONYMOUS, now=now)
    assert held.starts_at == offer.starts_at
    assert list_spot_offers(session, line.id, service_ids=[service.id], now=now) == []


def test_another_hall_is_named_only_where_this_line_has_nothing(session, line):
    service = build.make_service(session, line)
    other = build.make_group(session, build.make_hall(session), unit_minutes=5)
    session.add(HallService(hall_id=other.hall_id, service_id=service.id, group_id=other.id))
    build.make_slot(session, other, at("10:00") + DAY, numbers=1)  # ten minutes take two of its numbers
    build.make_slot(session, other, at("11:00") + DAY, numbers=2)
    elsewhere = list_spot_offers(session, line.id, service_ids=[service.id], now=at("16:00"))
    assert [(each.group_id, each.starts_at) for each in elsewhere] == [(other.id, at("11:00") + DAY)]
    assert list_spot_offers(session, line.id, service_ids=(), now=at("16:00")) == []
    build.make_slot(session, line, at("15:00") + DAY)
    here = list_spot_offers(session, line.id, service_ids=[service.id], now=at("16:00"))
    assert {each.group_id for each in here} == {line.id}
