"""Who has come to three ahead is told by phone, once, whatever brought them there."""

from datetime import timedelta

import pytest

from kernel.crypto import cipher
from notifications import simulator
from queueing.call_next import call_next
from queueing.counters import open_counter
from queueing.models import Ticket
from queueing.serve import abandon
from runtime.drain import drain
from tests.build import make_counter, make_group, make_hall, make_staff, make_ticket
from tests.conftest import NOW
from tests.queueing.hall_day import KIOSK, officer_of

AN_HOUR, A_MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Hall:
    """One line with a counter; everybody who waits has given a phone."""

    def __init__(self, parts):
        self.parts = parts
        with parts.database.transaction() as session:
            hall = make_hall(session)
            self.group = make_group(session, hall)
            self.counter = make_counter(session, hall, [self.group])
            self.officer = officer_of(make_staff(session))
            open_counter(session, self.counter.id, actor=self.officer, now=NOW)

    def wait(self, ordinal, *, since=AN_HOUR, **values):
        phone, keys = f"+86138001380{ordinal:02d}", cipher()
        sealed = {
            "phone_sealed": keys.encrypt(phone, "ticket.phone"),
            "phone_index": keys.blind_index(phone, "phone"),
        }
        facts = {"issued_at": NOW - since, "due_at": NOW + ordinal * A_MINUTE} | sealed
        with self.parts.database.transaction() as session:
            return make_ticket(session, self.group, ordinal, **facts | values)

    def call(self, now=NOW):
        """Call the next and let them go at once."""
        with self.parts.database.transaction() as session:
            ticket = call_next(session, self.counter.id, actor=self.officer, now=now)
            abandon(session, ticket, actor=self.officer, now=now)
        drain(self.parts, now=now)
        return ticket.ordinal

    def leave(self, ticket, now=NOW):
        with self.parts.database.transaction() as session:
            abandon(session, session.get_one(Ticket, ticket.id), actor=KIOSK, now=now)
        drain(self.parts, now=now)

    def told(self):
        """Ordinals in the order in which they were told that it is nearly their turn."""
        with self.parts.database.transaction() as session:
            bubbles = reversed(simulator.list_simulated(session))
            return [int(bubble.phone[-2:]) for bubble in bubbles if "前面不超过3人" in bubble.text]


@pytest.fixture
def hall(parts):
    return Hall(parts)


def test_three_ahead_is_told_and_four_ahead_is_not(hall):
    for ordinal in range(1, 8):
        hall.wait(ordinal)
    assert hall.call() == 1
    assert sorted(hall.told()) == [2, 3, 4, 5]
    assert hall.call() == 2
    assert sorted(hall.told()) == [2, 3, 4, 5, 6]


def test_somebody_who_leaves_brings_others_forward(hall):
    for ordinal in range(1, 7):
        hall.wait(ordinal)
    gone = hall.wait(0)
    hall.leave(gone)
    assert sorted(hall.told()) == [1, 2, 3, 4]
    with hall.parts.database.transaction() as session:
        third = session.query(Ticket).filter_by(ordinal=3).one()
    hall.leave(third)
    assert sorted(hall.told()) == [1, 2, 3, 4, 5]


def test_nobody_is_told_twice_when_others_come_before_them(hall):
    for ordinal in range(1, 6):
        hall.wait(ordinal)
    hall.call()
    assert sorted(hall.told()) == [2, 3, 4, 5]
    for ordinal in (21, 22):
        hall.wait(ordinal, track="green", green_reason="elderly")
    for _ in range(4):
        hall.call()
    told = hall.told()
    assert len(told) == len(set(told))
    assert {2, 3, 4, 5} <= set(told)


def test_who_has_just_taken_a_number_is_told_only_what_the_kiosk_did_not_say(hall):
    for ordinal in range(1, 6):
        hall.wait(ordinal)
    hall.wait(6, since=A_MINUTE)  # five are ahead
    hall.call()
    assert 6 not in hall.told()
    hall.call()
    assert 6 in hall.told()  # one minute later they are three


def test_who_took_a_number_with_three_ahead_is_reminded_once_that_is_long_ago(hall):
    for ordinal in range(1, 4):
        hall.wait(ordinal)
    hall.wait(4, since=A_MINUTE)  # three are ahead, as the kiosk has just said
    hall.call()
    assert 4 not in hall.told()
    hall.call(NOW + 15 * A_MINUTE)
    assert 4 in hall.told()
