"""What PostgreSQL says, read by SQL beside the program, against what people were told."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

from tests.faults.load import Citizen, Crowd, Phone, wait_for

#: Seconds after which it is taken as never coming: jobs of a quick clock pile up on a slow machine.
SETTLED_WITHIN = 1200.0

WAITING = """
    SELECT (SELECT count(*) FROM outbox_event WHERE dispatched_at IS NULL)
         + (SELECT count(*) FROM event_delivery WHERE done_at IS NULL)
         + (SELECT count(*) FROM message WHERE state IN ('queued', 'sending', 'retry', 'unknown', 'accepted'))
"""
PENDING = """
    SELECT name, handler, attempts, error, recorded_at, now() FROM outbox_event
    LEFT JOIN event_delivery ON event_id = outbox_event.id
    WHERE dispatched_at IS NULL OR (event_delivery.id IS NOT NULL AND done_at IS NULL)
    ORDER BY outbox_event.id LIMIT 10
"""
DOUBLED = """
    SELECT message_reference, count(*) FROM simulated_sms GROUP BY message_reference HAVING count(*) > 1
"""
NOT_SENT_ONCE = """
    SELECT template, state, count(*) FROM message
    WHERE state NOT IN ('planned', 'cancelled', 'expired')
      AND (SELECT count(*) FROM simulated_sms WHERE message_reference = message.reference) <> 1
    GROUP BY template, state
"""
STATES = "SELECT template, state, count(*) FROM message GROUP BY template, state"
BOOKED = """
    SELECT appointment.reference, number.id, appointment.id,
           (SELECT count(*) FROM message WHERE template = 'booked' AND state = 'delivered'
            AND subject_kind = 'appointment' AND subject_id = appointment.id)
    FROM appointment LEFT JOIN number ON number.appointment_id = appointment.id
    WHERE appointment.state = 'booked'
"""


class Ledger:
    """The data of an installation."""

    def __init__(self, database_url: str) -> None:
        self._engine = create_engine(database_url, pool_pre_ping=True)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        self._engine.dispose()

    def rows(self, statement: str, **values: object) -> list[tuple[object, ...]]:
        with self.look() as connection:
            return [tuple(row) for row in connection.execute(text(statement), values)]

    def write(self, statement: str, **values: object) -> None:
        """Set something up that staff would."""
        with self._engine.begin() as connection:
            connection.execute(text(statement), values)

    def wait_until_settled(self) -> None:
        """Every event carried out, every message at its end."""
        settled = wait_for(lambda: self.rows(WAITING) == [(0,)], SETTLED_WITHIN)
        assert settled, f"after {SETTLED_WITHIN} s: {self.rows(STATES)}, {self.rows(PENDING)}"

    def check_bookings(self, citizens: Iterable[Citizen], *, exactly: bool = True) -> None:
        """Who was told a reference has that appointment, one number, one message; nobody has more."""
        rows = self.rows(BOOKED)
        told = [citizen.reference for citizen in citizens if citizen.reference]
        stored = [reference for reference, *_ in rows]
        numbers = [number for _, number, *_ in rows]
        assert len(set(told)) == len(told)
        assert set(told) <= set(stored), f"{len(set(told) - set(stored))} acknowledged bookings are lost"
        assert len(set(stored)) == len(stored), "an appointment holds two numbers"
        assert None not in numbers
        assert len(set(numbers)) == len(numbers)
        if exactly:
            assert set(stored) == set(told), "somebody has a booking that nobody was told of"
        assert {messages for *_, messages in rows} <= {1}, "a confirmation is missing or doubled"

    def check_messages(self) -> None:
        """Sent once each, by the provider's own list."""
        assert self.rows(DOUBLED) == []
        assert self.rows(NOT_SENT_ONCE) == []


def check(ledger: Ledger, phone: Phone, admin: str, crowd: Crowd, *, exactly: bool = True) -> None:
    """Everything that must hold after a fault, by SQL and by the program's own deep check."""
    ledger.wait_until_settled()
    ledger.check_bookings(crowd.citizens, exactly=exactly)
    ledger.check_messages()
    answer = phone.insist("POST", "/doctor", {}, token=admin)
    assert answer.status == 200, answer
    assert answer.body["violations"] == []
    assert phone.server_errors() == []
