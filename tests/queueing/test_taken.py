"""What a case took is walking and service, however often its owner was away in between."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from queueing import serve
from queueing.forecast_models import LearnedTime
from queueing.learn_times import learn_times
from queueing.loads import load_of
from queueing.models import Ticket
from queueing.taken import minutes_taken
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

NOON, NIGHT, DAY = at("12:00"), at("03:40"), timedelta(days=1)


@pytest.fixture
def day(session):
    day = open_hall(session)
    day.service = build.make_service(session, day.a, code="pass", minutes=10)
    day.seat(day.b, now=at("08:30"))
    return day


def start_and_end(day, ticket, started, ended, *, counter=0):
    officer = day.officers[counter]
    serve.start_serving(day.session, ticket, actor=officer, now=at(started))
    serve.complete(day.session, ticket, actor=officer, now=at(ended))


def missed_and_back(day):
    """A minute to walk and nine of service, after an absence of half an hour."""
    officer = day.officers[0]
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = day.call(at("09:00"))
    serve.mark_absent(day.session, ticket, actor=officer, now=at("09:03"))
    for _ in range(3):  # who is missed comes back after the next three calls
        day.take(at("09:04"))
        serve.mark_absent(day.session, day.call(at("09:05")), actor=officer, now=at("09:06"))
    serve.reinstate(day.session, ticket, actor=officer, now=at("09:30"))
    assert day.call(at("09:40")).id == ticket.id
    start_and_end(day, ticket, "09:41", "09:50")


def put_aside_and_back(day):
    """Four minutes until the paper is fetched, half an hour away, six minutes with it."""
    officer = day.officers[0]
    day.take(at("08:55"), service_ids=[day.service.id])
    ticket = day.call(at("09:00"))
    serve.start_serving(day.session, ticket, actor=officer, now=at("09:01"))
    serve.park(day.session, ticket, actor=officer, now=at("09:04"))
    serve.return_to_line(day.session, ticket, actor=officer, now=at("09:34"))
    assert day.call(at("09:40")).id == ticket.id
    start_and_end(day, ticket, "09:41", "09:46")


STORIES = pytest.mark.parametrize("story", [missed_and_back, put_aside_and_back])


@STORIES
def test_the_pace_of_the_day_leaves_out_how_long_somebody_was_away(day, story):
    before = load_of(day.session, today_of(day.session, day.hall.id, now=NOON), day.a, now=NOON)
    story(day)
    day.session.flush()
    after = load_of(day.session, today_of(day.session, day.hall.id, now=NOON), day.a, now=NOON)
    assert (before.pace, after.pace_cases) == (1.0, 1)
    assert after.pace == pytest.approx(1.0)  # ten minutes, as expected


@STORIES
def test_learned_times_leave_out_how_long_somebody_was_away(day, story):
    story(day)
    day.session.flush()
    learn_times(day.session, day.hall.id, on_date=(NOON + DAY).date(), now=NIGHT + DAY)
    of_service = select(LearnedTime).where(LearnedTime.service_id == day.service.id)
    row = day.session.scalars(of_service.where(LearnedTime.counter_id.is_(None))).one()
    assert (row.cases, row.minutes) == (1, pytest.approx(10))


def test_who_came_from_another_line_counts_with_what_this_line_took(day):
    ticket = day.take(at("08:55"), service_ids=[day.service.id])
    day.call(at("09:00"))
    serve.start_serving(day.session, ticket, actor=day.officers[0], now=at("09:01"))
    serve.transfer(day.session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("09:30"))
    assert day.call(at("09:40"), counter=1).id == ticket.id
    start_and_end(day, ticket, "09:41", "09:45", counter=1)
    day.session.flush()
    load = load_of(day.session, today_of(day.session, day.hall.id, now=NOON), day.b, now=NOON)
    m, expected = load.service_minutes, ticket.minutes or load.service_minutes
    assert load.pace == pytest.approx((5 + 8 * m) / (expected + 8 * m))


def test_who_was_in_another_line_and_came_back_counts_with_what_the_last_time_took(day):
    """A for 29 minutes, B for five, A again for five: B's minutes are no minutes of A."""
    ticket = day.take(at("08:55"), service_ids=[day.service.id])
    day.call(at("09:00"))
    serve.start_serving(day.session, ticket, actor=day.officers[0], now=at("09:01"))
    serve.transfer(day.session, ticket, group_id=day.b.id, actor=day.officers[0], now=at("09:30"))
    day.call(at("09:40"), counter=1)
    serve.start_serving(day.session, ticket, actor=day.officers[1], now=at("09:41"))
    serve.transfer(day.session, ticket, group_id=day.a.id, actor=day.officers[1], now=at("09:45"))
    assert day.call(at("09:50")).id == ticket.id
    start_and_end(day, ticket, "09:51", "09:55")
    day.session.flush()
    assert day.session.scalar(select(minutes_taken()).where(Ticket.id == ticket.id)) == pytest.approx(5)
    load = load_of(day.session, today_of(day.session, day.hall.id, now=NOON), day.a, now=NOON)
    m, expected = load.service_minutes, ticket.minutes or load.service_minutes
    assert load.pace == pytest.approx((5 + 8 * m) / (expected + 8 * m))
