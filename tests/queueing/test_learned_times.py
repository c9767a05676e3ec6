"""Service times are learned per service and counter, and believed only as far as cases were seen."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from queueing.capacity import Capacity, Opening
from queueing.estimate import estimate
from queueing.forecast_models import LearnedTime
from queueing.learn_times import learn_times
from queueing.loads import load_of
from queueing.matter import line_minutes, matter_of
from queueing.models import Ticket
from queueing.ordering import Track, Waiting
from queueing.pace import pace_of
from queueing.policy import QueuePolicy
from queueing.promise import promised_call
from queueing.service_times import Case, learn
from queueing.today import today_of
from tests import build
from tests.build import at
from tests.queueing.hall_day import open_hall

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def learned(cases, **planned):
    found = learn(cases, line_minutes=10, planned={1: 6.0, 2: 20.0} | planned)
    return {(each.service_id, each.counter_id): each for each in found}


def test_one_case_changes_little_and_many_cases_nearly_everything():
    few, many = learned([Case(1, 7, 12.0)]), learned([Case(1, 7, 12.0)] * 2000)
    assert few[1, None].minutes == pytest.approx((12 + 20 * 6) / 21)
    assert many[1, None].minutes == pytest.approx(12, abs=0.1)
    assert many[None, None].cases == 2000


def test_a_slow_counter_is_slow_for_services_it_has_hardly_done():
    usual = [Case(service, 7, minutes) for service, minutes in ((1, 6.0), (2, 20.0)) for _ in range(300)]
    slow = [Case(1, 8, 9.0) for _ in range(300)] + [Case(2, 8, 30.0)]
    found = learned(usual + slow)
    assert found[2, 8].minutes > 1.1 * found[2, 7].minutes
    assert found[None, 8].minutes > found[None, None].minutes > found[None, 7].minutes


def test_a_case_that_somebody_forgot_to_end_counts_with_five_times_the_mean():
    assert learned([Case(1, 7, 600.0)])[1, None].minutes == pytest.approx((50 + 120) / 21)


def test_nothing_is_learned_from_nothing():
    assert learned([]) == {}


def test_the_pace_of_the_day_is_believed_as_far_as_cases_were_seen():
    assert pace_of([], 10) == 1
    assert pace_of([(10, 20)] * 2, 10) == pytest.approx(1.2)
    assert pace_of([(10, 20)] * 40, 10) == pytest.approx(88 / 48)
    assert pace_of([(1, 100)] * 40, 10) == 4
    assert pace_of([(10, 0)] * 1000, 10) == 0.25
    assert pace_of([(10, 900)], 10) == pytest.approx(130 / 90)


def test_a_slow_day_is_in_the_estimates_and_not_in_the_promises(session):
    day = open_hall(session)
    service = build.make_service(session, code="slow", minutes=10)
    today, now = today_of(session, day.hall.id, now=at("11:00")), at("11:00")
    before = load_of(session, today, day.a, now=now)
    for _ in range(30):
        finished(session, day, service, on=0, minutes=25.0)
    after = load_of(session, today, day.a, now=now)
    assert (before.pace, after.service_minutes) == (1.0, before.service_minutes)
    assert after.pace == pytest.approx((30 * 25 + 80) / (30 * 10 + 80))
    assert (before.pace_cases, after.pace_cases) == (0, 30)
    capacity = Capacity([Opening(now, now + 300 * MINUTE, 1)])
    line = [Waiting(1, "", Track.WALK_IN, at("15:00"), now, 1)]
    waits = [
        estimate(line, [], now, capacity=capacity, load=replace(load, busy=1, idle=0))[1].expected_minutes
        for load in (before, after)
    ]
    assert waits[1] > waits[0]
    assert promised_call(capacity, before, now, previous=None) == promised_call(
        capacity, after, now, previous=None
    )


def finished(session, day, service, *, on, minutes):
    called_at = at("09:30") - on * DAY
    ticket = build.make_ticket(session, day.a, service_ids=[service.id], state="completed")
    ticket.on_date = called_at.date()
    ticket.called_at, ticket.counter_id = called_at, day.counters[0].id
    ticket.ended_at = called_at + minutes * MINUTE
    ticket.walk_time, ticket.service_time = MINUTE / 2, (minutes - 0.5) * MINUTE
    session.flush()


def test_the_running_hall_learns_at_night_and_uses_it_in_the_morning(session):
    day = open_hall(session)
    service = build.make_service(session, code="pass", minutes=6)
    for on in range(1, 41):
        finished(session, day, service, on=on, minutes=16.0)
    finished(session, day, service, on=100, minutes=300.0)  # too long ago
    before = line_minutes(session, day.a)
    learn_times(session, day.hall.id, on_date=at("09:00").date(), now=at("03:40"))
    learn_times(session, day.hall.id, on_date=at("09:00").date(), now=at("03:40"))
    rows = session.scalars(select(LearnedTime).where(LearnedTime.service_id == service.id)).all()
    assert sorted((row.counter_id or 0, row.cases) for row in rows) == [(0, 40), (day.counters[0].id, 40)]
    matter = matter_of(session, day.a, [service.id], policy=QueuePolicy())
    assert 12 < matter.minutes < 16
    load = load_of(session, today_of(session, day.hall.id, now=at("09:30")), day.a, now=at("09:30"))
    assert load.service_minutes == line_minutes(session, day.a) != before
    assert session.query(Ticket).count() == 41
