import pytest

from kernel.actor import ANONYMOUS
from kernel.audit import AuditEntry
from queueing.board import board
from queueing.errors import TicketMoved
from queueing.serve import abandon
from queueing.silence import set_silent
from tests.build import at
from tests.queueing.hall_day import KIOSK, open_hall


def shown(day, time="09:10"):
    (call,) = board(day.session, day.hall.id, now=at(time)).calls
    return call.label, call.silent


def test_who_wants_no_sound_is_shown_on_the_screen_and_marked_silent(session):
    day = open_hall(session)
    ticket = day.take(at("09:05"))
    set_silent(session, ticket, silent=True, actor=ANONYMOUS, now=at("09:06"))
    day.call(at("09:10"))
    assert shown(day) == (ticket.label, True)
    set_silent(session, ticket, silent=False, actor=ANONYMOUS, now=at("09:11"))
    assert shown(day) == (ticket.label, False)


def test_silence_can_be_asked_for_with_the_number(session):
    day = open_hall(session)
    assert day.take(at("09:05"), silent=True).silent
    assert not day.take(at("09:05")).silent


def test_asking_twice_is_once(session):
    day = open_hall(session)
    ticket = day.take(at("09:05"))
    for _ in range(2):
        set_silent(session, ticket, silent=True, actor=ANONYMOUS, now=at("09:06"))
    told = session.query(AuditEntry).filter_by(action="ticket.set_silent").all()
    assert [(entry.subject_id, entry.details) for entry in told] == [(ticket.id, {"silent": True})]


def test_a_visit_that_is_over_is_not_called_in_any_way(session):
    day = open_hall(session)
    ticket = day.take(at("09:05"))
    abandon(session, ticket, actor=KIOSK, now=at("09:06"))
    with pytest.raises(TicketMoved):
        set_silent(session, ticket, silent=True, actor=ANONYMOUS, now=at("09:07"))
