"""A hall may let booked people who are here be due some minutes before their slot."""

from datetime import UTC, datetime, timedelta

from queueing.keys import Punctuality, judge_check_in
from queueing.ordering import Track, Waiting, next_ticket
from queueing.policy import QueuePolicy
from queueing.reasons import ReasonCode

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
LEAD = QueuePolicy(booked_lead=timedelta(minutes=4))


def at(minutes):
    return TEN + timedelta(minutes=minutes)


def judged(minutes, policy=LEAD):
    return judge_check_in(TEN, at(minutes), half_day_ends_at=at(180), policy=policy)


def test_the_key_lies_the_lead_before_the_slot_for_who_is_in_time():
    assert [judged(minutes).due_at for minutes in (-40, -30, 15)] == [at(-4)] * 3
    assert judged(15).punctuality is Punctuality.ON_TIME


def test_without_a_lead_the_key_is_the_slot():
    assert judged(0, QueuePolicy()).due_at == TEN


def test_who_is_late_gains_nothing():
    assert judged(16).due_at == at(31)


def test_a_call_before_the_slot_still_names_the_slot_that_the_person_knows():
    booked = Waiting(1, "A001", Track.BOOKED, at(-4), at(-20), 1, TEN)
    walk_in = Waiting(2, "A002", Track.WALK_IN, at(20), at(-30), 2)
    choice = next_ticket([booked, walk_in], (), at(-3), LEAD)
    assert (choice.ticket_id, choice.reason.code, choice.reason.at) == (1, ReasonCode.DUE_BOOKED, TEN)
    assert next_ticket([booked, walk_in], (), at(-5), LEAD).ticket_id == 2
