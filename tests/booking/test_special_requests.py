"""Special requests: one at a time, decided by the duty officer, answered, booked from the reserve."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from booking import doctor
from booking.appeal_steps import WordsMissing
from booking.asked import answer_of, asker_of, reason_of
from booking.errors import SlotFull
from booking.models import Appointment, Number, SpecialRequest
from booking.policy import BeyondHorizon, InPast
from booking.special_requests import (
    AskSpecially,
    OneOpenRequest,
    RequestIsDecided,
    RequestKindUnknown,
    RequestUnknown,
    approve,
    ask,
    get_own_request,
    get_request,
    is_late,
    list_own_requests,
    list_requests,
    refuse,
    withdraw,
)
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.errors import DomainError, Forbidden
from kernel.outbox import OutboxEvent
from notifications.models import Message
from notifications.render import Wording, render
from notifications.tell import booked
from notifications.tell_decisions import special_request_decided
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build
from tests.build import at

PHONE, OTHER = "+8613800138000", "+8613900139000"
TEN = at("10:00")
WORDING = Wording("有号", "https://yh.example")


class Desk:
    def __init__(self, session, channels=("duty", "walk_in")):
        self.hall = build.make_hall(session)
        self.group = build.make_group(session, self.hall)
        self.service = build.make_service(session, self.group)
        slot = build.make_slot(session, self.group, TEN, numbers=len(channels))
        rows = session.scalars(select(Number).where(Number.slot_id == slot.id).order_by(Number.ordinal))
        for number, channel in zip(rows, channels, strict=True):
            number.channel, number.released_at = channel, None
        session.flush()

    def staff(self, session, role="duty_officer"):
        return actor_of(build.make_staff(session, roles=(role,), hall_ids=[self.hall.id]))

    def wish(self, n=1, **values):
        facts = {
            "hall_code": self.hall.code,
            "service_codes": (self.service.code,),
            "kind": "green",
            "wanted_on": build.TODAY,
            "reason": "母亲 82 岁，坐轮椅。",
            "name": "张三",
            "identity_kind": "resident_id",
            "identity_number": sample_resident_id(n),
            "phone": PHONE,
        }
        return AskSpecially(**facts | values)

    def ask(self, session, now, n=1, **values):
        return ask(session, self.wish(n, **values), actor=ANONYMOUS, now=now)


@pytest.fixture
def desk(session):
    return Desk(session)


def said(session, template, now):
    (message,) = session.scalars(select(Message).where(Message.template == template))
    return render(session, message, wording=WORDING, now=now)


def test_approved_it_is_an_appointment_with_a_duty_number(session, desk, now):
    asked, duty = desk.ask(session, now), desk.staff(session)
    made = approve(session, asked, starts_at=TEN, answer="", actor=duty, now=now)
    session.flush()
    assert (asked.state, asked.appointment_id, asked.decided_by) == ("approved", made.id, duty.id)
    assert (made.state, made.made_by, made.starts_at) == ("booked", "staff", TEN)
    number = session.scalars(select(Number).where(Number.appointment_id == made.id)).one()
    assert number.channel == "duty"


def test_the_walk_in_numbers_come_next(session, desk, now):
    duty = desk.staff(session)
    made = [
        approve(session, desk.ask(session, now, n), starts_at=TEN, answer="", actor=duty, now=now)
        for n in (1, 2)
    ]
    channels = session.scalars(
        select(Number.channel).where(Number.appointment_id.in_([row.id for row in made]))
    )
    assert sorted(channels) == ["duty", "walk_in"]
    third = desk.ask(session, now, 3)
    with pytest.raises(SlotFull), session.begin_nested():
        approve(session, third, starts_at=TEN, answer="", actor=duty, now=now)
    session.refresh(third)
    assert third.state == "asked"


def test_one_open_request_a_person_and_phone(session, desk, now):
    asked = desk.ask(session, now)
    with pytest.raises(OneOpenRequest):
        desk.ask(session, now)
    desk.ask(session, now, phone=OTHER)  # and is not told that there is one
    desk.ask(session, now, 2)
    withdraw(session, asked, actor=ANONYMOUS, now=now)
    withdraw(session, asked, actor=ANONYMOUS, now=now)
    desk.ask(session, now)


def test_of_two_requests_of_one_person_at_once_one_stands(database, now):
    with database.transaction() as session:
        desk = Desk(session)
    barrier = Barrier(8)

    def one(_n: int) -> str:
        barrier.wait()
        try:
            with database.transaction() as session:
                return desk.ask(session, now).state
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == ["asked"] + ["one_open_request"] * 7


def test_two_officers_at_once_approve_once(database, now):
    with database.transaction() as session:
        desk = Desk(session, ["duty"] * 4)
        asked, duty = desk.ask(session, now).id, desk.staff(session)
    barrier = Barrier(6)

    def one(_n: int) -> str:
        barrier.wait()
        try:
            with database.transaction() as session:
                row = session.get_one(SpecialRequest, asked)
                approve(session, row, starts_at=TEN, answer="", actor=duty, now=now)
                return "approved"
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == ["approved"] + ["request_is_decided"] * 5
    with database.transaction() as session:
        assert session.query(Appointment).count() == 1
        assert not list(doctor.check(session))


@pytest.mark.parametrize("role", ["officer", "admin", "desk", "kiosk"])
def test_who_lacks_the_permission_decides_nothing(session, desk, role, now):
    asked, who = desk.ask(session, now), desk.staff(session, role)
    with pytest.raises(Forbidden):
        approve(session, asked, starts_at=TEN, answer="", actor=who, now=now)
    with pytest.raises(Forbidden):
        refuse(session, asked, answer="不行。", actor=who, now=now)
    assert asked.state == "asked"


def test_the_duty_officer_of_another_hall_decides_nothing(session, desk, now):
    with pytest.raises(Forbidden):
        refuse(session, desk.ask(session, now), answer="不行。", actor=Desk(session).staff(session), now=now)


def test_a_refusal_needs_an_answer_and_is_final(session, desk, now):
    asked, duty = desk.ask(session, now), desk.staff(session)
    with pytest.raises(WordsMissing):
        refuse(session, asked, answer="", actor=duty, now=now)
    refuse(session, asked, answer="请走普通预约，明天有号。", actor=duty, now=now)
    assert (asked.state, answer_of(asked)) == ("refused", "请走普通预约，明天有号。")
    for again in (
        lambda: approve(session, asked, starts_at=TEN, answer="", actor=duty, now=now),
        lambda: withdraw(session, asked, actor=ANONYMOUS, now=now),
    ):
        with pytest.raises(RequestIsDecided):
            again()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"kind": "vip"}, RequestKindUnknown),
        ({"reason": ""}, WordsMissing),
        ({"wanted_on": build.TODAY - timedelta(days=1)}, InPast),
        ({"wanted_on": build.TODAY + timedelta(days=1)}, BeyondHorizon),  # not published
    ],
)
def test_refuses_what_makes_no_sense(session, desk, values, error, now):
    with pytest.raises(error):
        desk.ask(session, now, **values)


def test_the_phone_that_asked_finds_it_and_no_other(session, desk, now):
    asked = desk.ask(session, now)
    assert get_own_request(session, asked.reference, phone=PHONE).id == asked.id
    assert [row.id for row in list_own_requests(session, PHONE, since=now - timedelta(days=1))] == [asked.id]
    assert not list_own_requests(session, OTHER, since=now - timedelta(days=1))
    with pytest.raises(RequestUnknown):
        get_own_request(session, asked.reference, phone=OTHER)
    with pytest.raises(RequestUnknown):
        get_request(session, asked.reference, hall_id=desk.hall.id + 1)


def test_urgent_ones_stand_first_and_are_late_after_two_hours(session, desk, now):
    green = desk.ask(session, now)
    urgent = desk.ask(session, now + timedelta(minutes=5), 2, kind="urgent")
    assert [row.id for row in list_requests(session, desk.hall.id, open_only=True)] == [urgent.id, green.id]
    later = now + timedelta(hours=3)
    assert (is_late(urgent, now=now), is_late(urgent, now=later), is_late(green, now=later)) == (
        False,
        True,
        False,
    )


def test_personal_words_stay_out_of_audit_and_outbox(session, desk, now):
    asked, duty = desk.ask(session, now), desk.staff(session)
    refuse(session, asked, answer="轮椅通道在东门。", actor=duty, now=now)
    session.flush()
    assert asker_of(asked).name == "张三"
    assert reason_of(asked).startswith("母亲")
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "special_request")).all()
    assert [(e.action, e.to_state, e.hall_id) for e in entries] == [
        ("special_request.ask", "asked", desk.hall.id),
        ("special_request.refuse", "refused", desk.hall.id),
    ]
    told = f"{[e.details for e in entries]}{[e.payload for e in session.scalars(select(OutboxEvent))]}"
    assert not any(word in told for word in ("张三", "轮椅", "138", sample_resident_id(1)))


def test_approval_is_told_once_by_one_sms_with_the_code(session, desk, now):
    asked, duty = desk.ask(session, now), desk.staff(session)
    made = approve(session, asked, starts_at=TEN, answer="", actor=duty, now=now)
    session.flush()
    booked(session, {"appointment_id": made.id}, now=now)
    special_request_decided(session, {"request_id": asked.id}, now=now)
    templates = set(session.scalars(select(Message.template)))
    assert "booked" not in templates
    text = said(session, "special_request_approved", now)
    assert f"取号码{made.code}" in text
    assert "绿色通道" in text


def test_a_refusal_is_told_by_sms_without_its_words(session, desk, now):
    asked = desk.ask(session, now, language="en")
    refuse(session, asked, answer="Please book as usual.", actor=desk.staff(session), now=now)
    special_request_decided(session, {"request_id": asked.id}, now=now)
    text = said(session, "special_request_refused", now)
    assert "(green channel)" in text
    assert "as usual" not in text
    assert text.endswith("https://yh.example/my")


def test_a_suspended_person_may_be_let_in(session, desk, now):
    wish = replace(desk.wish(), kind="special")
    asked = ask(session, wish, actor=ANONYMOUS, now=now)
    assert approve(session, asked, starts_at=TEN, answer="带好材料。", actor=desk.staff(session), now=now)
    assert answer_of(asked) == "带好材料。"
