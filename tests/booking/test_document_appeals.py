"""Whose document others used may appeal: told the same whatever is on record; only a suspension ends."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from booking.appeal_steps import (
    AppealIsDecided,
    AppealUnknown,
    WordsMissing,
    count_open,
    get_of_hall,
)
from booking.asked import answer_of, asker_of, reason_of
from booking.document_appeals import (
    AppealForDocument,
    OneOpenAppeal,
    ask,
    decide,
    list_document_appeals,
    list_own,
    on_record,
)
from booking.hall_rules import rules_of
from booking.models import DocumentAppeal
from booking.personal_data import collect, forget, forget_old
from booking.standing import no_shows_of
from halls.models import ServiceGroup
from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from kernel.errors import Forbidden
from kernel.outbox import OutboxEvent
from people.citizens import identity_index, phone_index
from people.identity import IdentityChecksumWrong
from people.retention import Retention
from people.sample_ids import sample_resident_id
from people.staff import actor_of
from tests import build

DAY = timedelta(days=1)
CARD = ("resident_id", sample_resident_id(3))
MINE, STRANGER = "+8613800138000", "+8613900139000"


@pytest.fixture
def now():
    return build.at("09:00")


@pytest.fixture
def hall(session):
    return build.make_hall(session)


@pytest.fixture
def person(session):
    return build.make_citizen(session, identity_index=identity_index(*CARD))


@pytest.fixture
def duty(session, hall):
    return actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[hall.id]))


def miss(session, hall, person, now, *days, phone=STRANGER, **values):
    known = session.scalars(select(ServiceGroup).where(ServiceGroup.hall_id == hall.id)).first()
    group = known or build.make_group(session, hall)
    facts = {"state": "no_show", "phone_index": phone_index(phone)} | values
    rows = [
        build.make_appointment(session, build.make_slot(session, group, now - each * DAY), person, **facts)
        for each in days
    ]
    session.flush()
    return rows


def asks(session, hall, now, *, phone=MINE, number=CARD[1], reason="别人用了我的身份证。"):
    command = AppealForDocument(hall.code, "resident_id", number, phone, reason)
    asked = ask(session, command, actor=ANONYMOUS, now=now)
    session.flush()
    return asked


def suspended(session, hall, now):
    index = identity_index(*CARD)
    return no_shows_of(session, index, told=None, rules=rules_of(hall), now=now).suspended_until


def accept(session, asked, duty, now, answer="已核实。"):
    decide(session, asked, accepted=True, answer=answer, actor=duty, now=now)
    session.flush()


def test_accepted_what_others_missed_counts_no_more_and_nothing_else_changes(
    session, hall, person, duty, now
):
    rows = miss(session, hall, person, now, 3, 2, 1)
    (own,) = miss(session, hall, person, now, 4, phone=MINE)
    (open_one,) = miss(session, hall, person, now, -1, state="booked")
    before = (open_one.state, open_one.phone_index, open_one.citizen_id)
    asked = asks(session, hall, now)
    known = on_record(session, asked, now=now)
    assert (len(known.missed_here), known.missed_elsewhere, known.own, known.open_by_others) == (3, 0, 1, 1)
    assert known.suspended_until == suspended(session, hall, now) is not None
    accept(session, asked, duty, now)
    assert suspended(session, hall, now) is None
    assert {row.excused_at for row in rows} == {now}
    assert own.excused_at is None
    assert (open_one.state, open_one.phone_index, open_one.citizen_id) == before
    assert (asked.state, answer_of(asked), asked.decided_by) == ("accepted", "已核实。", duty.id)


def test_refused_it_counts_as_before(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2, 1)
    asked = asks(session, hall, now)
    decide(session, asked, accepted=False, answer="请带证件到窗口。", actor=duty, now=now)
    session.flush()
    assert suspended(session, hall, now)
    assert asked.state == "refused"


def test_what_one_missed_oneself_is_no_reason(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2, 1, phone=MINE)
    accept(session, asks(session, hall, now), duty, now)
    assert suspended(session, hall, now)


def test_it_goes_to_the_hall_where_others_missed_last_and_on_while_another_suspends(
    session, hall, person, duty, now
):
    other = build.make_hall(session, "other-hall")
    miss(session, other, person, now, 6, 5, 4)
    miss(session, hall, person, now, 3, 2, 1)
    asked = asks(session, other, now)
    assert asked.hall_id == hall.id
    accept(session, asked, duty, now)
    assert (asked.state, asked.hall_id, asked.answer_sealed) == ("asked", other.id, None)
    with pytest.raises(Forbidden):
        accept(session, asked, duty, now)
    there = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[other.id]))
    accept(session, asked, there, now)
    assert asked.state == "accepted"
    assert suspended(session, hall, now) is None
    actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    steps = [each.removeprefix("document_appeal.") for each in actions if each.startswith("document_")]
    assert steps == ["ask", "pass_on", "decide"]
    assert [each.name for each in _events(session)] == ["DocumentAppealDecided"]  # one answer


def _events(session):
    return session.scalars(select(OutboxEvent).where(OutboxEvent.name == "DocumentAppealDecided")).all()


@pytest.mark.parametrize("on_file", [True, False])
def test_who_asks_is_told_the_same_whatever_is_on_record(session, hall, person, now, on_file):
    if on_file:
        miss(session, hall, person, now, 3, 2, 1)
    number = CARD[1] if on_file else sample_resident_id(9)
    asked = asks(session, hall, now, number=number)
    assert (asked.state, asked.hall_id) == ("asked", hall.id)
    assert asker_of(asked).identity_number == number
    assert reason_of(asked) == "别人用了我的身份证。"
    assert [each.id for each in list_own(session, MINE, since=now)] == [asked.id]
    assert list_own(session, STRANGER, since=now) == []


def test_as_many_statements_whatever_is_on_record(session, hall, person, now):
    miss(session, hall, person, now, 3, 2, 1)
    asks(session, hall, now, phone=STRANGER)  # who comes first finds nothing read before
    said = []
    event.listen(session.connection(), "before_cursor_execute", lambda *args: said.append(args[2]))
    asks(session, hall, now)
    known = [each for each in said if "SAVEPOINT" not in each]
    said.clear()
    asks(session, hall, now, number=sample_resident_id(9))
    assert [each for each in said if "SAVEPOINT" not in each] == known


def test_one_open_appeal_of_a_phone_for_a_document_and_another_phone_may(session, hall, now):
    first = asks(session, hall, now)
    with pytest.raises(OneOpenAppeal):
        asks(session, hall, now)
    asks(session, hall, now, phone=STRANGER)
    asks(session, hall, now, number=sample_resident_id(9))
    assert count_open(session, DocumentAppeal, [hall.id]) == {hall.id: 3}
    assert list_document_appeals(session, hall.id, open_only=True)[0].id == first.id


def test_it_is_decided_once_by_who_may_with_words(session, hall, duty, now):
    asked = asks(session, hall, now)
    officer = actor_of(build.make_staff(session, roles=("officer",), hall_ids=[hall.id]))
    with pytest.raises(Forbidden):
        accept(session, asked, officer, now)
    with pytest.raises(WordsMissing):
        accept(session, asked, duty, now, answer=" ")
    accept(session, asked, duty, now)
    with pytest.raises(AppealIsDecided):
        accept(session, asked, duty, now)
    with pytest.raises(AppealUnknown):
        get_of_hall(session, DocumentAppeal, asked.reference, hall_id=hall.id + 1)
    assert [each.id for each in list_document_appeals(session, hall.id, open_only=False)] == [asked.id]


def test_a_mistyped_number_and_no_reason_are_told(session, hall, now):
    with pytest.raises(IdentityChecksumWrong):
        asks(session, hall, now, number=CARD[1][:-1] + ("0" if CARD[1][-1] != "0" else "1"))
    with pytest.raises(WordsMissing):
        asks(session, hall, now, reason=" ")


def test_nothing_that_was_said_stands_in_audit_or_outbox(session, hall, person, duty, now):
    miss(session, hall, person, now, 3, 2, 1)
    accept(session, asks(session, hall, now), duty, now)
    told = f"{[each.details for each in session.scalars(select(AuditEntry))]}"
    told += f"{[each.payload for each in _events(session)]}"
    for secret in (CARD[1], MINE[3:], "别人", "已核实"):
        assert secret not in told


def test_it_is_in_ones_data_without_the_hall_and_goes_when_one_is_forgotten(session, hall, person, now):
    miss(session, hall, person, now, 3, 2, 1)
    asks(session, hall, now)
    asks(session, hall, now, phone=STRANGER)
    (told,) = collect(session, MINE)["document_appeals"]
    assert (told["identity_number"], told["reason"]) == (CARD[1], "别人用了我的身份证。")
    assert "hall" not in told
    forget(session, MINE, actor=ANONYMOUS, now=now)
    left = session.scalars(select(DocumentAppeal)).all()
    assert [each.phone_index for each in left] == [phone_index(STRANGER)]


def test_decided_ones_go_with_the_phones_and_open_ones_stay(session, hall, duty, now):
    accept(session, asks(session, hall, now), duty, now)
    waiting = asks(session, hall, now, phone=STRANGER)
    spans = Retention()
    forget_old(session, spans, actor=ANONYMOUS, now=now + timedelta(days=spans.phone, minutes=1))
    assert session.scalars(select(DocumentAppeal.id)).all() == [waiting.id]


def test_two_who_decide_at_once_decide_once_and_two_presses_ask_once(database, now):
    with database.transaction() as session:
        hall = build.make_hall(session)
        duty = actor_of(build.make_staff(session, roles=("duty_officer",), hall_ids=[hall.id]))
        code, hall_id = hall.code, hall.id
    begin = threading.Barrier(2)

    def press(_nth):
        command = AppealForDocument(code, "resident_id", CARD[1], MINE, "别人用了我的身份证。")
        begin.wait()
        try:
            with database.transaction() as session:
                return ask(session, command, actor=ANONYMOUS, now=now).reference
        except OneOpenAppeal as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(press, range(2)))
    assert answers.count("one_open_appeal") == 1
    (reference,) = {*answers} - {"one_open_appeal"}

    def settle(accepted):
        with database.transaction() as session:
            asked = get_of_hall(session, DocumentAppeal, reference, hall_id=hall_id)
            begin.wait()
            try:
                decide(session, asked, accepted=accepted, answer="已核实。", actor=duty, now=now)
            except AppealIsDecided as refusal:
                return refusal.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(settle, (True, False))) == ["appeal_is_decided", "done"]
    with database.transaction() as session:
        assert len(_events(session)) == 1
