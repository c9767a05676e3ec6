"""Appeals: asked once by who booked, decided by who may, heard by the standing at once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from booking.appeal_steps import AppealIsDecided, AppealState, WordsMissing
from booking.appeals import (
    AlreadyAppealed,
    NothingToAppeal,
    appeal,
    appeals_about,
    decide,
    get_own,
    list_appeals,
)
from booking.asked import answer_of, reason_of
from booking.errors import AppointmentUnknown
from booking.hall_rules import rules_of
from booking.standing import no_shows_of
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from notifications.models import Message
from notifications.render import Wording, render
from notifications.tell_decisions import appeal_decided
from people.models import Citizen
from people.staff import actor_of
from tests import build

PHONE, OTHER = "+8613800138000", "+8613900139000"
REASON = "当天在医院急诊，有挂号记录。"


@pytest.fixture
def hall(session):
    return build.make_hall(session)


@pytest.fixture
def missed(session, hall, now):
    """Three missed appointments: suspended."""
    group, citizen = build.make_group(session, hall), build.make_citizen(session)
    found = []
    for day in (3, 2, 1):
        slot = build.make_slot(session, group, now - timedelta(days=day))
        found.append(build.make_appointment(session, slot, citizen, state="no_show"))
    return found


@pytest.fixture
def duty(session, hall):
    return actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[hall.id]))


def standing(session, hall, missed, now):
    citizen = session.get(Citizen, missed.citizen_id)
    return no_shows_of(session, citizen.identity_index, told=None, rules=rules_of(hall), now=now)


def test_accepted_it_does_not_count_any_more_at_once(session, hall, missed, duty, now):
    assert standing(session, hall, missed[0], now).suspended_until
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    assert standing(session, hall, missed[0], now).suspended_until
    decide(session, asked, accepted=True, answer="已核实，予以谅解。", actor=duty, now=now)
    session.flush()
    after = standing(session, hall, missed[0], now)
    assert (after.suspended_until, after.counted) == (None, 2)
    assert missed[0].state == "no_show"  # history is not rewritten


def test_refused_it_goes_on_counting(session, hall, missed, duty, now):
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    decide(session, asked, accepted=False, answer="没有记录。", actor=duty, now=now)
    assert (asked.state, answer_of(asked)) == (AppealState.REFUSED, "没有记录。")
    assert standing(session, hall, missed[0], now).suspended_until


def test_one_appeal_an_appointment(session, missed, now):
    appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    with pytest.raises(AlreadyAppealed):
        appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)


@pytest.mark.parametrize("state", ["booked", "fulfilled", "checked_in"])
def test_only_what_was_missed_can_be_appealed(session, hall, state, now):
    slot = build.make_slot(session, build.make_group(session, hall, "B"), now + timedelta(days=1))
    with pytest.raises(NothingToAppeal):
        appeal(
            session,
            build.make_appointment(session, slot, state=state),
            reason=REASON,
            actor=ANONYMOUS,
            now=now,
        )


@pytest.mark.parametrize(
    ("minutes", "reason", "may"), [(30, "citizen", True), (90, "citizen", False), (30, "hall_closed", False)]
)
def test_a_late_cancellation_can_be_appealed_like_a_no_show(session, now, minutes, reason, may):
    slot = build.make_slot(session, build.make_group(session, build.make_hall(session)), now)
    cancelled = {
        "state": "cancelled",
        "cancel_reason": reason,
        "cancelled_at": now - timedelta(minutes=minutes),
    }
    row = build.make_appointment(session, slot, **cancelled)
    if may:
        assert appeal(session, row, reason=REASON, actor=ANONYMOUS, now=now).state == "asked"
    else:
        with pytest.raises(NothingToAppeal):
            appeal(session, row, reason=REASON, actor=ANONYMOUS, now=now)


@pytest.mark.parametrize("words", ["", " ", "哦", "字" * 501])
def test_a_reason_and_an_answer_are_words(session, missed, duty, words, now):
    with pytest.raises(WordsMissing):
        appeal(session, missed[0], reason=words, actor=ANONYMOUS, now=now)
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    with pytest.raises(WordsMissing):
        decide(session, asked, accepted=True, answer=words, actor=duty, now=now)


def test_what_was_decided_stays_decided(session, missed, duty, now):
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    decide(session, asked, accepted=False, answer="没有记录。", actor=duty, now=now)
    with pytest.raises(AppealIsDecided):
        decide(session, asked, accepted=True, answer="还是同意吧。", actor=duty, now=now)


@pytest.mark.parametrize("role", ["officer", "admin", "desk", "kiosk"])
def test_who_lacks_the_permission_decides_nothing(session, missed, role, now):
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    with pytest.raises(Forbidden):
        decide(
            session,
            asked,
            accepted=True,
            answer="同意。",
            actor=actor_of(build.make_staff(session, roles=(role,))),
            now=now,
        )
    assert (asked.state, missed[0].excused_at) == ("asked", None)


def test_the_duty_officer_of_another_hall_decides_nothing(session, missed, now):
    other = build.make_hall(session)
    stranger = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[other.id]))
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    with pytest.raises(Forbidden):
        decide(session, asked, accepted=True, answer="同意。", actor=stranger, now=now)


def test_the_phone_that_booked_finds_it_and_no_other(session, missed):
    assert get_own(session, missed[0].reference, phone=PHONE).id == missed[0].id
    with pytest.raises(AppointmentUnknown):
        get_own(session, missed[0].reference, phone=OTHER)


def test_words_are_kept_encrypted_and_out_of_audit_and_outbox(session, hall, missed, duty, now):
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    decide(session, asked, accepted=True, answer="已核实。", actor=duty, now=now)
    session.flush()
    assert reason_of(asked) == REASON
    assert REASON.encode() not in asked.reason_sealed
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.subject_kind == "appeal").order_by(AuditEntry.id)
    ).all()
    assert [(e.action, e.actor_kind, e.from_state, e.to_state, e.hall_id) for e in entries] == [
        ("appeal.ask", "citizen", None, "asked", hall.id),
        ("appeal.decide", "staff", "asked", "accepted", hall.id),
    ]
    assert entries[1].actor_id == duty.id
    told = f"{[e.details for e in entries]}{[e.payload for e in session.scalars(select(OutboxEvent))]}"
    assert "医院" not in told
    assert "核实" not in told


def test_the_answer_is_announced_by_sms_without_its_words(session, missed, duty, now):
    asked = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    decide(session, asked, accepted=True, answer="已核实。", actor=duty, now=now)
    appeal_decided(session, {"appeal_id": asked.id}, now=now)
    appeal_decided(session, {"appeal_id": asked.id}, now=now)
    (message,) = session.scalars(select(Message).where(Message.template == "appeal_decided"))
    said = render(session, message, wording=Wording("有号", "https://yh.example"), now=now)
    assert "已通过，这次不再计为爽约" in said
    assert said.endswith("https://yh.example/my")


def test_lists_of_a_hall_hold_its_own_only(session, hall, missed, duty, now):
    first = appeal(session, missed[0], reason=REASON, actor=ANONYMOUS, now=now)
    second = appeal(session, missed[1], reason=REASON, actor=ANONYMOUS, now=now + timedelta(minutes=1))
    assert [row.id for row, _ in list_appeals(session, hall.id, open_only=True)] == [first.id, second.id]
    decide(session, first, accepted=True, answer="同意。", actor=duty, now=now)
    session.flush()
    assert [row.id for row, _ in list_appeals(session, hall.id, open_only=False)] == [first.id]
    assert not list_appeals(session, build.make_hall(session).id, open_only=True)
    assert set(appeals_about(session, [row.id for row in missed])) == {missed[0].id, missed[1].id}
