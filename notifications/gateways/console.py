"""The console gateway: a simulated provider for demonstrations, tests and the SMS simulator.

It keeps what it accepted in `simulated_sms`, in a transaction of its own, as a far system would, and does
not deduplicate: if the program ever sends twice, two rows show it. Each accepted message gets a delivery
receipt, which often comes before our own commit; that is the order that real providers surprise with.
"""

import time

from sqlalchemy import select

from kernel import clock, ids
from kernel.crypto import cipher
from kernel.db import Database
from kernel.direct import Statement
from notifications.gateways.base import (
    Absent,
    Accepted,
    Capabilities,
    Found,
    Incoming,
    Outcome,
    Outgoing,
    Receipt,
    Reply,
    Sighting,
    Sought,
)
from notifications.models import SimulatedSms

NAME = "console"


class ConsoleGateway:
    """Takes `delay` seconds for a message: half before it accepts, half before it answers."""

    def __init__(self, database: Database, *, delay: float = 0.0) -> None:
        self._database = database
        self._delay = delay
        self.capabilities = Capabilities(NAME, timeout=2.0 + delay, settles_within=0.5, can_look_up=True)

    def send(self, message: Outgoing) -> Outcome:
        """Accept, always."""
        time.sleep(self._delay / 2)
        provider_id = f"SIM{ids.new_reference()}"
        with self._database.direct() as direct:
            direct.run(_KEEP, _values(message, provider_id))
        time.sleep(self._delay / 2)
        return Accepted(provider_id)

    def lookup(self, sought: Sought) -> Sighting:
        """By our reference, which it keeps: as sure as a provider can be."""
        with self._database.transaction() as session:
            kept = session.scalars(
                select(SimulatedSms.provider_id)
                .where(SimulatedSms.message_reference == sought.reference)
                .order_by(SimulatedSms.id)
            ).all()
        return Found(tuple(kept)) if kept else Absent()

    def is_genuine(self, _incoming: Incoming) -> bool:
        """Nobody calls back: the simulator page answers through `notifications.simulator`."""
        return False

    def parse_receipts(self, _incoming: Incoming) -> list[Receipt]:
        """None by HTTP."""
        return []

    def parse_replies(self, _incoming: Incoming) -> list[Reply]:
        """None by HTTP."""
        return []


# The message and its receipt, in one exchange.
_KEEP = Statement("""
WITH kept AS (
    INSERT INTO simulated_sms (provider_id, message_reference, phone_index, phone_sealed, text_sealed,
                               accepted_at)
    VALUES (:provider_id, :reference, :phone_index, :phone_sealed, :text_sealed, :accepted_at)
)
INSERT INTO message_receipt (provider, provider_id, message_reference, status, received_at)
VALUES (:provider, :provider_id, :reference, 'delivered', :received_at)
ON CONFLICT DO NOTHING
""")


def _values(message: Outgoing, provider_id: str) -> dict[str, object]:
    return {
        "provider": NAME,
        "provider_id": provider_id,
        "reference": message.reference,
        "phone_index": cipher().blind_index(message.phone, "phone"),
        "phone_sealed": cipher().encrypt(message.phone, "simulator.phone"),
        "text_sealed": cipher().encrypt(message.text, "simulator.text"),
        "accepted_at": clock.now(),  # what the phone's own clock shows
        "received_at": clock.real_now(),
    }
