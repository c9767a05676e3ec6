"""Extra time is asked for before anybody is refused, and no counter is offered to two lines."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel.outbox import OutboxEvent
from queueing.errors import WalkInsStopped
from queueing.extra_time import decide, look_again, propose_today
from queueing.forecast_models import ExtraTime
from queueing.refusals import Refused, note_refusal
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall
from tests.queueing.test_races import at_once


def crowd(session, group, people=60):
    for _ in range(people):
        build.make_ticket(session, group)


def history(session, group, *clocks):
    for clock in clocks:
        values = {"on_date": build.TODAY - timedelta(days=1), "state": "completed"}
        build.make_ticket(
            session, group, issued_at=at(clock) - timedelta(days=1), **values
        ).issued_group_id = group.id
    session.flush()


def shared(session, *, counters):
    """A and B with 2 counters planned each; every counter can serve both, and both lines are full."""
    day = open_hall(session, seats=0)
    made = [build.make_counter(session, day.hall, [day.a, day.b]) for _ in range(counters)]
    crowd(session, day.a)
    crowd(session, day.b)
    return day, made


def flex(made):
    return [(each.group_id, each.counters) for each in made if each.kind == "flex"]


def filled(session):
    names = session.scalars(select(OutboxEvent.name)).all()
    return names.count("LineFilledUp")


def test_counters_planned_for_another_line_are_not_proposed(session):
    day, _ = shared(session, counters=4)
    made = propose_today(session, day.hall.id, now=at("13:00"))
    assert flex(made) == []
    assert [each.kind for each in made] == ["extension", "extension"]


def test_a_spare_counter_is_proposed_to_one_line_until_it_is_declined(session):
    day, _ = shared(session, counters=5)
    made = propose_today(session, day.hall.id, now=at("13:00"))
    assert flex(made) == [(day.a.id, 1)]
    assert flex(propose_today(session, day.hall.id, now=at("13:05"))) == []
    officer = officer_of(build.make_staff(session, roles=("duty_officer",)), "duty_officer")
    asked = next(each for each in made if each.kind == "flex")
    decide(session, asked.id, hall_id=day.hall.id, accept=False, actor=officer, now=at("13:06"))
    assert flex(propose_today(session, day.hall.id, now=at("13:10"))) == [(day.b.id, 1)]


def test_a_counter_that_was_agreed_to_is_used(session):
    day, _ = shared(session, counters=5)
    (asked,) = [each for each in propose_today(session, day.hall.id, now=at("13:00")) if each.kind == "flex"]
    officer = officer_of(build.make_staff(session, roles=("duty_officer",)), "duty_officer")
    decide(session, asked.id, hall_id=day.hall.id, accept=True, actor=officer, now=at("13:01"))
    assert flex(propose_today(session, day.hall.id, now=at("13:20"))) == []


def test_a_counter_out_of_use_is_not_proposed(session):
    day, counters = shared(session, counters=5)
    counters[0].active = False
    session.flush()
    assert flex(propose_today(session, day.hall.id, now=at("13:00"))) == []


def test_a_longer_day_is_proposed_early_where_counters_do_not_cover_the_forecast(session):
    day = open_hall(session, planned=1)
    history(session, day.a, *["15:00"] * 60)
    made = propose_today(session, day.hall.id, now=at("12:00"))
    assert [(each.kind, each.expected) for each in made if each.group_id == day.a.id] == [("extension", 60)]
    day.take(at("12:00"))
    assert filled(session) == 0


def test_the_line_is_looked_at_before_a_walk_in_is_refused(session):
    day = open_hall(session, planned=1)
    while not filled(session):
        day.take(at("15:00"))
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "LineFilledUp")).one()
    look_again(session, event.payload, now=at("15:00"))
    asked = session.scalars(select(ExtraTime)).all()
    assert [(each.group_id, each.kind) for each in asked] == [(day.a.id, "extension")]
    day.take(at("15:00"))  # nobody has been refused yet
    day.take(at("15:00"))
    with pytest.raises(WalkInsStopped):
        day.take(at("15:00"))


def test_the_end_of_a_day_on_which_nobody_comes_asks_nobody_until_somebody_is_refused(session):
    day = open_hall(session, planned=1)
    for group in (day.a, day.b):
        history(session, group, "10:00")
    assert propose_today(session, day.hall.id, now=at("16:45")) == []
    note_refusal(session, Refused(day.hall.id, day.a.id, build.TODAY), now=at("16:45"))
    assert [each.group_id for each in propose_today(session, day.hall.id, now=at("16:46"))] == [day.a.id]


def test_refusals_of_one_minute_have_the_line_looked_at_once(session):
    day = open_hall(session)
    refused = Refused(day.hall.id, day.a.id, build.TODAY)
    for clock in ("15:00", "15:00", "15:00", "15:02"):
        note_refusal(session, refused, now=at(clock))
    assert filled(session) == 2


def test_standbys_and_refused_people_have_an_open_proposal_enlarged_at_once(session):
    day = open_hall(session, planned=1)
    for _ in range(3):
        build.make_counter(session, day.hall, [day.a])
    crowd(session, day.a, 30)
    (asked, *_) = propose_today(session, day.hall.id, now=at("13:00"))
    before, seen = asked.counters, filled(session)
    crowd(session, day.a, 25)  # booked people who came meanwhile
    day.take(at("13:01"), track="standby")
    assert filled(session) == seen + 1
    look_again(session, {"hall_id": day.hall.id, "group_id": day.a.id}, now=at("13:01"))
    assert (asked.kind, asked.state) == ("flex", "open")
    assert asked.counters > before


def test_a_standby_number_where_there_is_room_asks_for_nothing(session):
    day = open_hall(session, planned=1)
    day.take(at("10:00"), track="standby")
    assert filled(session) == 0


def test_two_looks_at_once_propose_once(database):
    with database.transaction() as session:
        day, _ = shared(session, counters=5)
        hall_id = day.hall.id
    made = at_once(database, 4, lambda session, _: len(propose_today(session, hall_id, now=at("13:00"))))
    assert sorted(made) == [0, 0, 0, 3]
