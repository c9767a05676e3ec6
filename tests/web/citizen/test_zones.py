"""Halls in several time zones: a day is the day of the hall, wherever the server and the others are.

The clock stands at half past eight on Monday in Shanghai: in New York it is still Sunday evening.
"""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from booking.models import Attempt
from catalog.edit import offer
from halls.models import Hall
from kernel.actor import SYSTEM
from people.sample_ids import sample_resident_id
from tests import build
from tests.conftest import NOW
from tests.web.citizen.town import LOST, RENEWAL, TUESDAY, hold_first, identify
from web.citizen.forms import PersonForm, errors_of

SUNDAY = date(2026, 3, 1)


@pytest.fixture
def abroad(town):
    """The station is in New York."""
    with town.parts.database.transaction() as session:
        session.get_one(Hall, town.station.id).time_zone = "America/New_York"
    town.station.time_zone = "America/New_York"
    return town


def booked(town, group, on_date):
    with town.parts.database.transaction() as session:
        slot = build.make_slot(session, group, build.at("08:00", on_date + timedelta(days=1)))
        return build.make_appointment(session, slot, on_date=on_date)


def known(town, phone):
    """A browser whose phone is shown to be its owner's."""
    hold_first(phone)
    return identify(town, phone)


def test_the_first_page_tells_of_a_booking_on_the_halls_own_today(abroad, phone):
    known(abroad, phone)
    appointment = booked(abroad, abroad.other_group, SUNDAY)
    assert f"/b/{appointment.reference}" in phone.go("/").html


def test_the_first_page_leaves_out_yesterday(abroad, phone):
    known(abroad, phone)
    appointment = booked(abroad, abroad.group, SUNDAY)
    assert f"/b/{appointment.reference}" not in phone.go("/").html


def test_my_bookings_go_back_sixty_days_of_each_hall(abroad, phone):
    known(abroad, phone)
    last = SUNDAY - timedelta(days=60)
    shown = booked(abroad, abroad.other_group, last)
    too_old = booked(abroad, abroad.group, last)
    page = phone.go("/my").html
    assert f"/b/{shown.reference}" in page
    assert f"/b/{too_old.reference}" not in page


def test_the_choice_of_halls_says_tomorrow_by_the_clock_of_the_hall(abroad, phone):
    abroad.slot("22:00", build.TODAY, group=abroad.other_group)
    words = phone.go(f"/services/{RENEWAL}/halls?a={LOST}").words
    assert "明天 3月2日" in words
    assert "今天 3月2日" not in words


def test_the_earliest_times_tell_the_next_release_by_the_clock_of_its_hall(abroad, phone):
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        abroad.take_all(clock)
    with abroad.parts.database.transaction() as session:
        build.make_slot(
            session, abroad.other_group, build.at("22:00", TUESDAY), released_at=build.at("18:00")
        )
    words = phone.go(f"/services/{RENEWAL}/first?a={LOST}").words
    assert "下次放号：明天 3月2日 周一 05:00" in words


def test_full_halls_tell_the_next_release_by_the_clock_of_its_hall(abroad, phone):
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        abroad.take_all(clock)
    with abroad.parts.database.transaction() as session:
        build.make_slot(
            session, abroad.other_group, build.at("22:00", TUESDAY), released_at=build.at("18:00")
        )
        both = dict.fromkeys((RENEWAL, "passport"), abroad.other_group.id)
        offer(session, abroad.station.id, both, actor=SYSTEM, now=NOW)
    for path in (f"/services/{RENEWAL}/halls?a={LOST}", f"/visit/halls?s={RENEWAL},passport"):
        assert "下次放号：明天 3月2日 周一 05:00" in phone.go(path).words


def test_a_look_at_halls_abroad_is_one_of_their_day(abroad):
    """Only the station has numbers: it stands first."""
    for clock in ("09:00", "09:30", "10:00", "10:30"):
        abroad.take_all(clock)
    abroad.slot("22:00", build.TODAY, group=abroad.other_group)
    known = abroad.phone().go("/")
    for path in (f"/services/{RENEWAL}/halls?a={LOST}", f"/services/{RENEWAL}/first?a={LOST}"):
        known.go(path)
    known.go("/")
    with abroad.parts.database.transaction() as session:
        assert set(session.scalars(select(Attempt.on_date))) == {SUNDAY}


def test_the_earliest_times_say_tomorrow_by_the_clock_of_the_hall(abroad, phone):
    abroad.slot("22:00", build.TODAY, group=abroad.other_group)
    words = phone.go(f"/services/{RENEWAL}/first?a={LOST}").words
    assert "明天 3月2日" in words
    assert "今天 3月2日" not in words


def test_a_document_is_judged_by_the_day_of_the_hall(abroad):
    newborn = sample_resident_id(3, birth_on=build.TODAY)
    with abroad.app.test_request_context():
        for hall, wrong in ((abroad.hall, False), (abroad.station, True)):
            facts = {"name": "欧阳娜娜", "kind": "resident_id", "number": newborn, "agree": "1"}
            assert ("number" in errors_of(PersonForm(hall), facts)) is wrong
