from datetime import timedelta

from sqlalchemy import select, update

from kernel import clock
from notifications import personal_data
from notifications.models import Message
from notifications.plan import plan
from notifications.states import MessageState
from notifications.sweep import NO_RECEIPT, look, sweep
from tests.conftest import NOW

S = MessageState


def plan_at(session, at, **values):
    plan(
        session,
        "reply_thanks",
        event_key="k",
        phone="+8613800138000",
        language="zh",
        subject=("reply", 1),
        hall_id=None,
        now=NOW,
        plan_at=at,
        **values,
    )


def state(session):
    return session.scalar(select(Message.state))


def test_finds_nothing_on_a_quiet_day(session):
    assert not any(vars_of(look(session, now=NOW, real_now=clock.real_now())))


def vars_of(due):
    return [getattr(due, name) for name in due.__dataclass_fields__]


def test_a_planned_message_is_queued_when_business_time_has_come(session):
    plan_at(session, NOW + timedelta(hours=2))
    assert not sweep(session, now=NOW + timedelta(hours=1), real_now=clock.real_now()).to_send
    assert state(session) == S.PLANNED
    assert sweep(session, now=NOW + timedelta(hours=2), real_now=clock.real_now()).to_send
    assert state(session) == S.QUEUED


def test_what_is_too_late_expires_wherever_it_waits(session):
    plan_at(session, NOW + timedelta(hours=2))
    long_after = clock.real_now() + timedelta(days=3)
    sweep(session, now=NOW + timedelta(days=3), real_now=long_after)
    assert state(session) == S.EXPIRED


def test_yesterdays_backup_sends_nothing_old(session):
    plan_at(session, None)
    due = sweep(session, now=NOW, real_now=clock.real_now() + timedelta(days=1))
    assert state(session) == S.EXPIRED
    assert not due.to_send


def test_without_a_receipt_for_three_days_the_fate_stays_undetermined(session):
    plan_at(session, None)
    session.execute(update(Message).values(state=S.ACCEPTED, accepted_at=clock.real_now() - NO_RECEIPT))
    sweep(session, now=NOW, real_now=clock.real_now())
    assert state(session) == S.UNDETERMINED


def test_ones_data_dates_messages_by_the_clock_that_people_see(session):
    plan_at(session, None)
    told = personal_data.collect(session, "+8613800138000")["messages"]
    assert [each["at"] for each in told] == [NOW]
