"""Special requests that nobody answers end with their day: told, audited, and nobody is blocked by them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from booking.models import SpecialRequest
from booking.personal_data import forget_old
from booking.special_requests import (
    AskSpecially,
    RequestIsDecided,
    ask,
    expire_unanswered,
    refuse,
    withdraw,
)
from kernel.actor import ANONYMOUS, SYSTEM
from kernel.audit import AuditEntry
from kernel.errors import DomainError
from kernel.outbox import OutboxEvent
from notifications.models import Message
from notifications.render import Wording, render
from notifications.tell_decisions import special_request_expired
from people.retention import Retention
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from runtime import schedule
from tests import build
from tests.build import at

NEXT_DAY = at("00:30") + timedelta(days=1)


class Asking:
    def __init__(self, session):
        self.hall = build.make_hall(session)
        group = build.make_group(session, self.hall)
        self.service = build.make_service(session, group)
        for days in (0, 1, 3):
            build.make_slot(session, group, at("15:00", build.TODAY + timedelta(days=days)))

    def ask(self, session, n=1, **values):
        facts = {
            "hall_code": self.hall.code,
            "service_codes": (self.service.code,),
            "kind": "urgent",
            "wanted_on": build.TODAY,
            "reason": "明天一早出国。",
            "name": "张三",
            "identity_kind": "resident_id",
            "identity_number": sample_resident_id(n),
            "phone": "+8613800138000",
        }
        return ask(session, AskSpecially(**facts | values), actor=ANONYMOUS, now=at("09:00"))

    def expire(self, session, now=NEXT_DAY):
        return expire_unanswered(session, self.hall.id, actor=SYSTEM, now=now)


@pytest.fixture
def asking(session):
    return Asking(session)


def test_a_request_ends_the_night_after_its_day_and_not_before(session, asking):
    asked = asking.ask(session)
    tomorrows = asking.ask(session, 2, wanted_on=build.TODAY + timedelta(days=1))
    assert asking.expire(session, at("23:59")) == 0
    assert asking.expire(session) == 1
    assert (asked.state, asked.decided_at, asked.decided_by) == ("expired", NEXT_DAY, None)
    assert tomorrows.state == "asked"
    assert asking.expire(session) == 0  # once


def test_the_person_may_ask_again(session, asking):
    asking.ask(session)
    asking.expire(session)
    again = asking.ask(session, wanted_on=build.TODAY + timedelta(days=3))
    assert again.state == "asked"


def test_what_has_ended_stays_as_it_ended(session, asking):
    asked = asking.ask(session)
    withdraw(session, asked, actor=ANONYMOUS, now=at("10:00"))
    assert asking.expire(session) == 0
    other = asking.ask(session, 2)
    asking.expire(session)
    with pytest.raises(RequestIsDecided):
        withdraw(session, other, actor=ANONYMOUS, now=NEXT_DAY)
    assert (asked.state, other.state) == ("withdrawn", "expired")


def test_the_job_of_the_night_ends_it_with_audit_and_event_without_personal_words(session, asking):
    asked = asking.ask(session)
    entry = schedule.SCHEDULE["expire_requests"]
    assert entry.per_hall
    entry.do(session, asking.hall.id, NEXT_DAY, NEXT_DAY)
    session.flush()
    (told,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "special_request.expire"))
    assert (told.from_state, told.to_state, told.details) == ("asked", "expired", {"kind": "urgent"})
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.name == "SpecialRequestExpired")).one()
    assert {key: event.payload[key] for key in event.payload if key != "topics"} == {
        "request_id": asked.id,
        "hall_id": asking.hall.id,
    }


def test_the_asker_is_told_once_with_an_apology(session, asking):
    asked = asking.ask(session)
    asking.expire(session)
    for _twice in range(2):
        special_request_expired(session, {"request_id": asked.id}, now=NEXT_DAY)
    message = session.scalars(select(Message)).one()
    text = render(session, message, wording=Wording("有号", "https://yh.example"), now=NEXT_DAY)
    assert text.startswith("【有号】抱歉，您3月2日（周一）到云州市政务服务大厅的急事申请没有及时得到答复")
    assert "出国" not in text


def test_nothing_of_it_is_kept_for_ever(session, asking):
    asking.ask(session)
    asking.expire(session)
    forget_old(session, Retention(), actor=SYSTEM, now=NEXT_DAY + timedelta(days=181))
    assert session.scalars(select(SpecialRequest)).all() == []


def test_in_a_hall_that_was_closed_for_good_all_end_and_are_told(session, asking):
    asking.ask(session, wanted_on=build.TODAY + timedelta(days=3))
    other = Asking(session)
    other.ask(session, 2, wanted_on=build.TODAY + timedelta(days=3))
    asking.hall.active = False
    session.flush()
    schedule.tick(session, now=NEXT_DAY, real_now=NEXT_DAY)
    due = {
        (event.payload["job"], event.payload["hall_id"]): event.payload
        for event in session.scalars(select(OutboxEvent).where(OutboxEvent.name == "TimeCame"))
    }
    assert {job for job, hall_id in due if hall_id == asking.hall.id} == {"expire_requests"}
    for hall in (asking.hall, other.hall):
        schedule.run(session, due["expire_requests", hall.id], now=NEXT_DAY)
    states = dict(session.execute(select(SpecialRequest.hall_id, SpecialRequest.state)).all())
    assert states == {asking.hall.id: "expired", other.hall.id: "asked"}
    ended = session.scalars(select(SpecialRequest).where(SpecialRequest.state == "expired")).one()
    special_request_expired(session, {"request_id": ended.id}, now=NEXT_DAY)
    assert session.scalars(select(Message)).one().template == "special_request_expired"


def test_an_officer_and_the_night_at_once_end_it_once(database):
    with database.transaction() as session:
        asking = Asking(session)
        asked = asking.ask(session).id
        duty = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[asking.hall.id]))
    barrier = Barrier(2)

    def refused() -> str:
        barrier.wait()
        try:
            with database.transaction() as session:
                row = session.get_one(SpecialRequest, asked)
                refuse(session, row, answer="请明天来。", actor=duty, now=NEXT_DAY)
                return "refused"
        except DomainError:
            return ""

    def expired() -> str:
        barrier.wait()
        with database.transaction() as session:
            return "expired" if asking.expire(session) else ""

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(each) for each in (refused, expired)]
        won = [end.result() for end in ends if end.result()]
    with database.transaction() as session:
        assert won == [session.get_one(SpecialRequest, asked).state]
