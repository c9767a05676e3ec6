"""p̂ is what the hall has seen of its own booked people, once it has seen enough of them."""

from datetime import timedelta

import pytest

from booking.show_share import LEAST, LOWEST, SHOW_PROBABILITY
from queueing.admission import admit
from queueing.loads import load_of
from queueing.promise import promised_call
from queueing.shows import learn_shows, show_probability_of
from queueing.staffing import capacity_of
from queueing.today import today_of
from runtime.schedule import SCHEDULE
from tests import build
from tests.build import TODAY, at
from tests.queueing.hall_day import open_hall

NIGHT, MORNING = at("03:40"), at("09:30")


@pytest.fixture
def day(session):
    """Six are booked for 10:00 and not there yet; yesterday's people come as a test adds them."""
    day = open_hall(session)
    slot = build.make_slot(session, day.a, at("10:00"))
    for _ in range(6):
        build.make_appointment(session, slot)
    return day


def yesterday(session, day, *, came, stayed_away):
    slot = build.make_slot(session, day.a, at("10:00", TODAY - timedelta(days=1)))
    for state, people in (("fulfilled", came), ("no_show", stayed_away)):
        for _ in range(people):
            build.make_appointment(session, slot, state=state)


def load(session, day):
    return load_of(session, today_of(session, day.hall.id, now=MORNING), day.a, now=MORNING)


def test_a_hall_that_has_seen_few_people_goes_by_the_usual_share(session, day):
    yesterday(session, day, came=LEAST // 4, stayed_away=LEAST // 2)
    learn_shows(session, day.hall, now=NIGHT)
    assert load(session, day).show_probability == SHOW_PROBABILITY


def test_the_share_is_learned_at_night_for_promise_admission_and_estimate(session, day):
    before = load(session, day)
    yesterday(session, day, came=LEAST // 2, stayed_away=LEAST // 2)
    assert load(session, day) == before
    for _ in range(2):  # whether it runs once or again
        SCHEDULE["learn_times"].do(session, day.hall.id, NIGHT, NIGHT)
    after = load(session, day)
    assert (before.show_probability, after.show_probability) == (SHOW_PROBABILITY, 0.5)

    capacity = capacity_of(session, today_of(session, day.hall.id, now=MORNING), day.a.id, now=MORNING)
    busy, calm = (each.with_more(5) for each in (before, after))
    assert promised_call(capacity, calm, MORNING, previous=None) < promised_call(
        capacity, busy, MORNING, previous=None
    )
    needs = [admit(capacity, each, MORNING).needed_minutes for each in (calm, busy)]
    assert needs[0] < needs[1]


def test_weeks_before_checking_in_was_used_say_nothing(session, day):
    yesterday(session, day, came=0, stayed_away=LEAST)
    learn_shows(session, day.hall, now=NIGHT)
    assert load(session, day).show_probability == SHOW_PROBABILITY


def test_who_booked_is_reckoned_with_where_checking_in_is_hardly_used(session, day):
    yesterday(session, day, came=1, stayed_away=LEAST)
    learn_shows(session, day.hall, now=NIGHT)
    assert load(session, day).show_probability == LOWEST


def test_other_halls_have_their_own(session, day):
    yesterday(session, day, came=LEAST, stayed_away=0)
    learn_shows(session, day.hall, now=NIGHT)
    assert show_probability_of(session, day.hall.id) == 1.0
    assert show_probability_of(session, build.make_hall(session).id) == SHOW_PROBABILITY
