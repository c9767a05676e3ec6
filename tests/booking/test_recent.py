from datetime import timedelta

import pytest
from sqlalchemy import event

from booking.errors import SlotFull, SlotUnknown
from booking.hold import HoldSlot, hold
from booking.policy import InsideLeadTime
from booking.recent import Recent
from kernel.actor import ANONYMOUS
from tests.build import at, make_group, make_hall, make_service, make_slot

TEN, ELEVEN = at("10:00"), at("11:00")


@pytest.fixture
def hall(session):
    return make_hall(session, "h1")


@pytest.fixture
def service(session, hall):
    group = make_group(session, hall)
    make_slot(session, group, TEN, numbers=2)
    make_slot(session, group, ELEVEN, numbers=3)
    return make_service(session, group)


@pytest.fixture
def said(session):
    found = []

    def note(*facts):
        found.append(facts[2])

    event.listen(session.connection(), "before_cursor_execute", note)
    yield found
    event.remove(session.connection(), "before_cursor_execute", note)


def ask(session, now, service, starts_at, recent):
    wanted = HoldSlot("h1", (service.code,), starts_at)
    return hold(session, wanted, actor=ANONYMOUS, now=now, recent=recent)


def test_a_hold_whose_offer_is_recent_is_one_statement(session, now, service, said):
    recent = Recent(60.0)
    ask(session, now, service, TEN, recent)
    said.clear()
    assert ask(session, now, service, TEN, recent).starts_at == TEN
    assert len(said) == 1


def test_a_refusal_tells_recent_alternatives_and_asks_for_the_numbers_alone(session, now, service, said):
    recent = Recent(60.0)
    for _ in range(2):
        ask(session, now, service, TEN, recent)
    refusals = []
    for _ in range(2):
        said.clear()
        with pytest.raises(SlotFull) as refused:
            ask(session, now, service, TEN, recent)
        refusals.append(refused.value.params["alternatives"])
    assert len(said) == 1
    assert refusals[0] == refusals[1]
    assert [each["free"] for each in refusals[0]] == [3]


def test_a_number_that_came_back_is_taken_however_recent_the_refusal(session, now, service):
    recent = Recent(60.0)
    for _ in range(2):
        ask(session, now, service, TEN, recent)
    with pytest.raises(SlotFull):
        ask(session, now, service, TEN, recent)
    later = now + timedelta(minutes=11)  # both holds have run out
    assert ask(session, later, service, TEN, recent)


def test_a_changed_rule_is_known_once_the_memory_is_too_old(session, now, hall, service):
    recent, nothing = Recent(60.0), Recent(0.0)  # two processes, one a moment later
    ask(session, now, service, TEN, recent)
    hall.policy = {"booking": {"lead_time_minutes": 120}}
    session.flush()
    assert ask(session, now, service, TEN, recent)
    with pytest.raises(InsideLeadTime):
        ask(session, now, service, TEN, nothing)


def test_a_time_without_a_slot_is_unknown_however_recent(session, now, service):
    recent = Recent(60.0)
    for _ in range(2):
        with pytest.raises(SlotUnknown):
            ask(session, now, service, at("10:07"), recent)


def test_services_and_answers_have_offers_of_their_own(session, now, hall, service):
    recent = Recent(60.0)
    other = make_service(session, make_group(session, hall, "B"))
    first = recent.offer(session, "h1", [service.code], answers={})
    assert recent.offer(session, "h1", [other.code], answers={}).group_code == "B"
    assert recent.offer(session, "h1", [service.code], answers={}) is first
    assert recent.offer(session, "h1", [service.code], answers={"reason": "lost"}) is not first


def test_the_same_question_meets_the_same_refusal_for_a_moment_only(now):
    recent, forgetful = Recent(60.0), Recent(0.0)
    for memory in (recent, forgetful):
        memory.note_refusal("the last number at ten", SlotFull(alternatives=[{"free": 3}]), now=now)
    with pytest.raises(SlotFull) as again:
        recent.raise_again("the last number at ten", now=now)
    assert again.value.params == {"alternatives": [{"free": 3}]}
    recent.raise_again("another", now=now)
    recent.raise_again("the last number at ten", now=now + timedelta(hours=1))  # the clock has jumped
    forgetful.raise_again("the last number at ten", now=now)
