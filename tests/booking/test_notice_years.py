"""Dates of a year without the State Council's notice are pointed out; 2040 stands for a year to come."""

from datetime import date

import pytest

from booking.notice_years import years_without_notice
from halls.models import CalendarDay
from tests import build


@pytest.mark.parametrize(
    ("on", "found"), [(date(2026, 3, 2), []), (date(2039, 12, 28), [2039, 2040]), (date(2040, 1, 10), [2040])]
)
def test_tells_when_a_date_of_the_year_can_be_booked(session, on, found):
    build.make_hall(session)
    assert years_without_notice(session, now=build.at("10:00", on)) == found


def test_is_content_when_the_city_has_entered_the_notice_itself(session):
    build.make_hall(session)
    now = build.at("10:00", date(2040, 1, 10))
    session.add(CalendarDay(on_date=date(2040, 1, 2), working=False))
    session.flush()
    assert years_without_notice(session, now=now) == [2040]
    session.add(CalendarDay(on_date=date(2040, 1, 7), working=True))
    session.flush()
    assert years_without_notice(session, now=now) == []


def test_without_halls_nothing_can_be_booked(session):
    assert years_without_notice(session, now=build.at("10:00", date(2039, 12, 28))) == []
