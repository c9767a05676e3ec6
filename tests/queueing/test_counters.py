from datetime import timedelta

import pytest
from sqlalchemy import select

from halls.queries import CounterNotFound
from kernel.actor import SYSTEM, Actor
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from queueing.counters import (
    close_counter,
    counter_of_staff,
    open_counter,
    pause_counter,
    resume_counter,
    session_of_counter,
)
from queueing.errors import (
    AlreadyAtCounter,
    CounterBusy,
    CounterNotOpen,
    CounterTaken,
    NotYourCounter,
    PauseReasonUnknown,
)
from tests import build
from tests.build import at
from tests.queueing.hall_day import officer_of, open_hall


@pytest.fixture
def day(session):
    return open_hall(session)


def free_counter(day):
    return build.make_counter(day.session, day.hall, [day.a])


def test_opening_is_recorded_and_told(session, day):
    running = session_of_counter(session, day.counters[0].id)
    assert (running.state, running.staff_id, running.opened_at) == ("open", day.officers[0].id, at("09:00"))
    assert counter_of_staff(session, day.officers[0].id) is running
    told = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "CounterOpened")).one()
    assert told.payload["topics"] == [f"hall:{day.hall.id}"]


def test_opening_again_returns_the_same_session_and_ends_the_pause(session, day):
    counter, officer = day.counters[0].id, day.officers[0]
    running = pause_counter(session, counter, reason="meal", actor=officer, now=at("12:00"))
    assert (running.state, running.pause_reason) == ("paused", "meal")
    assert open_counter(session, counter, actor=officer, now=at("13:00")) is running
    assert (running.state, running.pause_reason) == ("open", None)


def test_one_officer_a_counter_and_one_counter_an_officer(session, day):
    other = officer_of(build.make_staff(session))
    with pytest.raises(CounterTaken):
        open_counter(session, day.counters[0].id, actor=other, now=at("09:01"))
    with pytest.raises(AlreadyAtCounter) as sitting:
        open_counter(session, free_counter(day).id, actor=day.officers[0], now=at("09:01"))
    assert sitting.value.params == {"number": day.counters[0].number}


def test_who_plays_a_day_may_work_several_counters(session, day):
    admin = officer_of(build.make_staff(session), "admin")
    for _ in range(3):
        open_counter(session, free_counter(day).id, actor=admin, now=at("09:01"))
    assert counter_of_staff(session, admin.id).several


def test_a_pause_and_its_end_are_told_once(session, day):
    counter, officer = day.counters[0].id, day.officers[0]
    for verb in (pause_counter, pause_counter):
        verb(session, counter, reason="break", actor=officer, now=at("10:00"))
    for _ in range(2):
        resume_counter(session, counter, actor=officer, now=at("10:10"))
    names = session.scalars(select(OutboxEvent.name)).all()
    assert (names.count("CounterPaused"), names.count("CounterOpened")) == (1, 2)
    with pytest.raises(PauseReasonUnknown):
        pause_counter(session, counter, reason="tired", actor=officer, now=at("10:20"))


def test_closing_waits_for_the_ticket_at_the_counter(session, day):
    counter, officer = day.counters[0].id, day.officers[0]
    day.take(at("09:00"))
    day.call(at("09:01"))
    with pytest.raises(CounterBusy):
        close_counter(session, counter, actor=officer, now=at("09:02"))


def test_a_closed_counter_is_free_for_somebody_else(session, day):
    counter, officer = day.counters[0].id, day.officers[0]
    closed = close_counter(session, counter, actor=officer, now=at("12:00"))
    assert (closed.state, closed.closed_at) == ("closed", at("12:00"))
    assert session_of_counter(session, counter) is None
    with pytest.raises(CounterNotOpen):
        close_counter(session, counter, actor=officer, now=at("12:01"))
    other = officer_of(build.make_staff(session))
    assert open_counter(session, counter, actor=other, now=at("13:00")).id != closed.id


def test_only_who_sits_there_or_the_duty_officer_changes_it(session, day):
    counter = day.counters[0].id
    stranger = officer_of(build.make_staff(session))
    with pytest.raises(NotYourCounter):
        pause_counter(session, counter, reason="meal", actor=stranger, now=at("12:00"))
    duty = officer_of(build.make_staff(session), "duty_officer")
    assert close_counter(session, counter, actor=duty, now=at("12:00")).state == "closed"


def test_refuses_what_cannot_be(session, day):
    unused = free_counter(day)
    unused.active = False
    session.flush()
    officer = officer_of(build.make_staff(session))
    for counter_id in (unused.id, 10**9):
        with pytest.raises(CounterNotFound):
            open_counter(session, counter_id, actor=officer, now=at("09:00"))
    with pytest.raises(NotYourCounter):
        open_counter(session, free_counter(day).id, actor=SYSTEM, now=at("09:00"))
    elsewhere = Actor("staff", officer.id, officer.permissions, frozenset({day.hall.id + 1}))
    with pytest.raises(Forbidden):
        open_counter(session, free_counter(day).id, actor=elsewhere, now=at("09:00"))
    with pytest.raises(CounterNotOpen):
        resume_counter(session, free_counter(day).id, actor=officer, now=at("09:00") + timedelta(hours=1))
