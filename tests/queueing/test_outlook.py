from datetime import timedelta

import pytest

from kernel.actor import Actor
from kernel.errors import Forbidden
from kernel.phone import PhoneMalformed
from queueing.contact import phone_of, set_phone
from queueing.desk import find_in_hall
from queueing.errors import TicketMoved
from queueing.outlook import outlook
from queueing.serve import abandon
from tests import build
from tests.queueing.hall_day import open_hall


def test_tells_what_the_ticket_then_says(session):
    day = open_hall(session)
    for minutes in range(5):
        now = build.at("09:30") + timedelta(minutes=minutes)
        before = outlook(session, day.hall.id, day.a.id, now=now)
        assert before.waiting == minutes
        assert day.take(now).promised_at == before.latest_at


def test_says_beforehand_that_no_number_is_left(session):
    day = open_hall(session)
    late = outlook(session, day.hall.id, day.a.id, now=build.at("16:59"))
    assert (late.latest_at, late.is_over) == (None, False)
    closed = outlook(session, day.hall.id, day.a.id, now=build.at("17:00"))
    assert (closed.latest_at, closed.is_over) == (None, True)


def test_a_phone_is_kept_encrypted_and_found_by_its_index(session, cipher):
    day = open_hall(session)
    ticket = day.take(build.at("09:00"))
    set_phone(session, ticket, phone="139 0013 9000", actor=day.officers[0], now=build.at("09:01"))
    assert phone_of(ticket) == "+8613900139000"
    assert ticket.phone_index == cipher.blind_index("+8613900139000", "phone")
    assert b"139" not in ticket.phone_sealed


def test_a_phone_is_refused_when_wrong_too_late_or_from_another_hall(session):
    day = open_hall(session)
    ticket, now = day.take(build.at("09:00")), build.at("09:01")
    with pytest.raises(PhoneMalformed):
        set_phone(session, ticket, phone="12", actor=day.officers[0], now=now)
    stranger = Actor("staff", 999, frozenset({"counter.work"}), frozenset({0}))
    with pytest.raises(Forbidden):
        set_phone(session, ticket, phone="13900139000", actor=stranger, now=now)
    abandon(session, ticket, actor=day.officers[0], now=now)
    with pytest.raises(TicketMoved):
        set_phone(session, ticket, phone="13900139000", actor=day.officers[0], now=now)


@pytest.mark.parametrize(("text", "found"), [("a001", True), (" A001 ", True), ("A002", False), ("x", False)])
def test_finds_a_ticket_by_what_people_say(session, text, found):
    day = open_hall(session)
    day.take(build.at("09:00"))
    assert (find_in_hall(session, day.hall.id, text, now=build.at("09:01")) is not None) == found
