"""What an officer takes back is not told; what was told already is put right, once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from notifications import simulator
from notifications.models import Message
from queueing import serve
from queueing.call_next import call_next
from queueing.check_in import CheckIn, check_in
from queueing.counters import open_counter
from queueing.models import Ticket
from queueing.undo import undo
from runtime.drain import drain
from tests import build
from tests.build import at
from tests.queueing.hall_day import KIOSK, officer_of, open_hall
from tests.runtime.test_effects import PHONE, ticket_with_phone

SOON = timedelta(seconds=1)


class Counter:
    """One counter of line A, where somebody with a phone is called; a line B further on."""

    def __init__(self, parts):
        self.parts, self.now = parts, at("09:10")
        with parts.database.transaction() as session:
            day = open_hall(session, seats=0)
            self.hall_id, self.a, self.b = day.hall.id, day.a, day.b
            self.counter = build.make_counter(session, day.hall, [day.a])
            self.officer = officer_of(build.make_staff(session))
            open_counter(session, self.counter.id, actor=self.officer, now=at("09:00"))

    def wait(self, **values):
        self.ticket = ticket_with_phone(self.parts.database, self.a, **values)
        return self

    def book(self):
        with self.parts.database.transaction() as session:
            appointment = build.make_appointment(session, build.make_slot(session, self.a, at("09:00")))
            command = CheckIn(self.hall_id, reference=appointment.reference)
            self.ticket = check_in(session, command, actor=KIOSK, now=at("09:00"))
        return self

    def call(self):
        with self.parts.database.transaction() as session:
            called = call_next(session, self.counter.id, actor=self.officer, now=self.now)
            assert called is not None
            assert called.id == self.ticket.id
        return self

    def do(self, verb, **values):
        with self.parts.database.transaction() as session:
            ticket = session.get_one(Ticket, self.ticket.id)
            verb(session, ticket, actor=self.officer, now=self.now, **values)
        return self

    def undo(self):
        with self.parts.database.transaction() as session:
            ticket = session.get_one(Ticket, self.ticket.id)
            pressed = ticket.stepped_at + SOON
            undo(session, ticket, actor=self.officer, now=self.now, real_now=pressed)
        return self

    def told(self, after=timedelta(0)):
        """Every text that the phone has got, the oldest first, without signature."""
        drain(self.parts, now=self.now + after)
        with self.parts.database.transaction() as session:
            bubbles = reversed(simulator.list_simulated(session, PHONE))
            return [bubble.text.removeprefix("【有号】") for bubble in bubbles]

    def states(self, template):
        with self.parts.database.transaction() as session:
            query = select(Message.state).where(Message.template == template).order_by(Message.id)
            return list(session.scalars(query))


@pytest.fixture
def counter(parts):
    return Counter(parts)


def at_the_last_but_one_leg(counter):
    counter.wait(legs=[{"group_id": counter.b.id, "service_ids": []}]).call().do(serve.start_serving)
    return counter


def test_a_leg_that_was_not_done_is_not_told(counter):
    at_the_last_but_one_leg(counter).do(serve.complete).undo()
    assert counter.told() == []
    assert counter.states("next_leg_undone") == []


def test_a_leg_that_was_told_already_is_put_right_and_told_again_once_it_is_done(counter):
    label = at_the_last_but_one_leg(counter).ticket.label
    assert counter.do(serve.complete).told()[-1].startswith(f"{label}号这一步")
    assert counter.undo().told()[-1].startswith(f"更正：{label}号这")
    assert counter.do(serve.complete).told()[-1].startswith(f"{label}号这一步")
    assert len(counter.told()) == 3
    assert counter.states("next_leg_undone") == ["delivered"]


def test_a_call_that_was_a_mistake_is_put_right(counter):
    counter.wait().call().told()
    assert counter.undo().told()[-1].startswith("更正：刚才误叫")
    assert counter.call().told()[-1].startswith(f"{counter.ticket.label}号，请到")


def test_a_correction_is_not_sent_when_it_is_not_true_any_more(counter):
    counter.wait().call().told()
    counter.undo().call()
    assert [text for text in counter.told() if text.startswith("更正")] == []
    assert counter.states("called_undone") == ["cancelled"]


def test_who_was_not_missed_after_all_is_told(counter):
    counter.wait().call().do(serve.mark_absent).told()
    assert counter.undo().told()[-1].startswith(f"更正：{counter.ticket.label}号没")


def test_a_booking_that_was_voided_by_mistake_still_stands(counter):
    counter.book().call().do(serve.abandon, counter_id=counter.counter.id)
    assert not any("已取消" in text for text in counter.told())
    assert any(state == "planned" for state in counter.states("cancelled"))
    counter.told(after=timedelta(minutes=2))
    assert counter.states("cancelled") == ["delivered"]
    counter.undo()
    assert counter.told(after=timedelta(minutes=2))[-1].startswith("更正：刚才的短信")
    assert counter.states("reopened") == ["delivered"]


def test_a_void_taken_back_at_once_is_never_told(counter):
    counter.book().call().do(serve.abandon, counter_id=counter.counter.id).told()
    counter.undo().told(after=timedelta(minutes=2))
    assert (counter.states("cancelled"), counter.states("reopened")) == (["cancelled"], [])
