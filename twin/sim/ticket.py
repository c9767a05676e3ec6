"""PURE: a ticket of the simulated hall."""

from dataclasses import dataclass
from datetime import datetime

from queueing.ordering import Track, Waiting
from twin.sim.people import Person


@dataclass(slots=True)
class Ticket:
    """`waiting` is what the rule sees. `wait_from`: when its wait begins. `called`: at least once."""

    waiting: Waiting
    person: Person
    wait_from: datetime
    promised_at: datetime | None = None
    called: bool = False
    reinstated: int = 0

    @property
    def booked(self) -> bool:
        return self.waiting.track is Track.BOOKED
