"""PURE: what the driver remembers of each person of the day."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from twin.day_file import BOOKED, WALK_IN, Person

WAITING, CALLED, SERVED, ABSENT = "waiting", "called", "served", "absent"


@dataclass(slots=True)
class Visit:
    """One person: what the day file says, and what became of it at the server. Times are aware."""

    person: Person
    number: int
    arrives_at: datetime
    wanted_slot_at: datetime | None = None
    phone: str | None = None
    # booking
    appointment: str | None = None
    code: str | None = None
    slot_at: datetime | None = None
    # arrival
    came: bool = False
    refusal: str | None = None
    ticket: str | None = None
    label: str = ""
    ticket_track: str | None = None
    late: bool = False
    issued_at: datetime | None = None
    latest_at: datetime | None = None
    # counter
    state: str = ""
    counter: int | None = None
    called_at: datetime | None = None
    ended_at: datetime | None = None
    # afterwards
    messages: int = 0
    surveys: int = 0
    grade: int | None = None

    @property
    def track(self) -> str:
        """The track that counts: the ticket's, else the one in which the person comes."""
        if self.ticket_track is not None:
            return self.ticket_track
        if self.person.track == BOOKED and self.appointment is None:
            return WALK_IN  # found no number to book, and comes without
        return self.person.track

    @property
    def wait(self) -> timedelta | None:
        """From the ticket to the call; for who booked and came in time, not before the slot begins."""
        if self.called_at is None or self.issued_at is None:
            return None
        begins = self.issued_at
        if self.track == BOOKED and self.slot_at is not None and not self.late:
            begins = max(begins, self.slot_at)
        return max(timedelta(0), self.called_at - begins)
