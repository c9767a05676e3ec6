from datetime import timedelta

import pytest

from booking.show_rate import WEEKS, observed_show_rate
from booking.show_share import LEAST, SHOW_PROBABILITY, ShowRate
from tests import build
from tests.build import TODAY, at

NOW = at("08:30")


@pytest.fixture
def book(session):
    """Appointments of one hall, each in a state, so many days ago."""
    hall = build.make_hall(session)
    group = build.make_group(session, hall)
    hours = iter(range(10, 20))

    def add(state, days_ago=1, **values):
        clock = f"{next(hours)}:00"  # a slot of its own for each
        slot = build.make_slot(session, group, at(clock, TODAY - timedelta(days=days_ago)))
        if minutes := values.pop("cancelled_before", None):
            values["cancelled_at"] = slot.starts_at - timedelta(minutes=minutes)
        build.make_appointment(session, slot, state=state, **values)

    add.hall = hall
    return add


def rate(session, book):
    found = observed_show_rate(session, book.hall, now=NOW)
    return found.booked, found.came


def test_who_came_is_told_from_who_did_not(session, book):
    for state in ("fulfilled", "checked_in", "no_show"):
        book(state)
    assert rate(session, book) == (3, 2)


def test_who_came_and_was_not_served_has_come_all_the_same(session, book):
    book("no_show", checked_in_at=at("09:50", TODAY - timedelta(days=1)))
    book("cancelled", checked_in_at=at("09:50", TODAY - timedelta(days=1)), cancel_reason="left")
    book("no_show")
    assert rate(session, book) == (3, 2)


def test_a_late_cancellation_left_the_place_empty_and_an_early_one_did_not(session, book):
    book("cancelled", cancel_reason="citizen", cancelled_before=30)
    book("cancelled", cancel_reason="citizen", cancelled_before=300)
    book("cancelled", cancel_reason="citizen", cancelled_before=300, moved_late_at=at("08:00"))
    book("cancelled", cancel_reason="hall_closed", cancelled_before=10)
    book("fulfilled")
    assert rate(session, book) == (2, 1)


def test_days_on_which_the_hall_saw_nobody_come_say_nothing(session, book):
    book("fulfilled", days_ago=4)
    for days_ago in (4, 3, 3, 2):
        book("no_show", days_ago=days_ago)
    book("fulfilled", days_ago=2)
    assert rate(session, book) == (4, 2)


def test_a_line_counts_from_the_first_day_on_which_somebody_came_to_it(session, book):
    for days_ago in (3, 2, 1):
        book("fulfilled", days_ago=days_ago)
    late, never = (build.make_group(session, book.hall, letter) for letter in "BC")
    for group, state, days_ago in (
        (late, "no_show", 3),
        (late, "fulfilled", 2),
        (late, "no_show", 1),
        (never, "no_show", 1),
    ):
        slot = build.make_slot(session, group, at("10:00", TODAY - timedelta(days=days_ago)))
        build.make_appointment(session, slot, state=state)
    assert rate(session, book) == (5, 4)


def test_counts_the_last_weeks_before_today_only(session, book):
    book("fulfilled", days_ago=7 * WEEKS)
    book("fulfilled", days_ago=7 * WEEKS + 1)
    book("fulfilled", days_ago=0)
    book("booked", days_ago=-1)
    assert rate(session, book) == (1, 1)


def test_counts_its_own_hall_only(session, book):
    other = build.make_group(session, build.make_hall(session))
    slot = build.make_slot(session, other, at("10:00", TODAY - timedelta(days=1)))
    build.make_appointment(session, slot, state="fulfilled")
    assert rate(session, book) == (0, 0)


def test_says_how_sure_the_share_is():
    few, many = ShowRate(20, 17), ShowRate(2000, 1700)
    assert (few.share, many.share) == (0.85, 0.85)
    assert few.interval == pytest.approx((0.640, 0.948), abs=0.001)
    assert many.interval == pytest.approx((0.834, 0.865), abs=0.001)
    assert (ShowRate(LEAST - 1, 80).enough, ShowRate(LEAST, 80).enough) == (False, True)
    assert ShowRate(0, 0).interval == (0.0, 1.0)


def test_the_queue_goes_by_the_share_once_there_are_enough_people():
    assert ShowRate(LEAST - 1, LEAST - 1).probability == SHOW_PROBABILITY == 0.88
    assert ShowRate(LEAST, LEAST // 5 * 4).probability == 0.8


def test_the_queue_never_reckons_with_fewer_than_half_of_who_booked():
    assert [ShowRate(LEAST, came).probability for came in (0, 30, 50, LEAST)] == [0.5, 0.5, 0.5, 1.0]
