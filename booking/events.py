"""What happens to numbers and appointments. Payloads hold ids only."""

from dataclasses import dataclass
from datetime import date, datetime

from kernel.outbox import Event


@dataclass(frozen=True, slots=True)
class NumbersPublished(Event):
    """Numbers of these days were written or withdrawn."""

    hall_id: int
    first_on: date
    last_on: date
    count: int


@dataclass(frozen=True, slots=True)
class NumbersChanged(Event):
    """Free numbers of a day were released, withdrawn or given to another channel, by a person or the hour."""

    hall_id: int
    on_date: date
    count: int


@dataclass(frozen=True, slots=True)
class AppointmentBooked(Event):
    """A citizen has a number."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentCancelled(Event):
    """An appointment was given up, by the citizen or by the hall; `closure_id` when a closure made it."""

    appointment_id: int
    hall_id: int
    group_id: int
    reason: str
    closure_id: int | None = None
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class CancellationBegun(Event):
    """Its owner has cancelled and may take it back; AppointmentCancelled follows unless they do."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class CancellationUndone(Event):
    """Its owner took the cancellation back in time: booked as before."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentRescheduled(Event):
    """An appointment moved to another time; `by_hall` when its owner did not ask for it."""

    appointment_id: int
    hall_id: int
    group_id: int
    by_hall: bool = False
    closure_id: int | None = None
    reason_zh: str = ""
    reason_en: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentCorrected(Event):
    """A person of the hall has corrected an appointment; `fields` says what kind of thing, never what."""

    appointment_id: int
    hall_id: int
    group_id: int
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppointmentCheckedIn(Event):
    """Who booked is here."""

    appointment_id: int
    hall_id: int
    group_id: int
    late: bool


@dataclass(frozen=True, slots=True)
class CheckInUndone(Event):
    """Nobody had come to the village after all: booked as before."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentFulfilled(Event):
    """What was booked was handled."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentPartlyDone(Event):
    """A visit of several lines ended before its last leg; what was left can be booked again."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentReopened(Event):
    """That it had ended was taken back within seconds: whoever was told so must not be, or be told again."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class AppointmentNoShow(Event):
    """Who booked did not come and did not cancel."""

    appointment_id: int
    hall_id: int
    group_id: int


@dataclass(frozen=True, slots=True)
class WaitlistOffered(Event):
    """A number is held for somebody on the waitlist, who is to be told at once."""

    entry_id: int
    hall_id: int
    group_id: int

    def topics(self) -> list[str]:
        """None: no screen shows it."""
        return []


@dataclass(frozen=True, slots=True)
class WaitlistOfferLost(Event):
    """The hall took back the number of an offer (its draft), of this time; its owner waits on."""

    entry_id: int
    hall_id: int
    group_id: int
    draft_id: int
    starts_at: datetime

    def topics(self) -> list[str]:
        """None: no screen shows it."""
        return []


@dataclass(frozen=True, slots=True)
class AppealDecided(Event):
    """A person has decided whether a missed appointment still counts."""

    appeal_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class DocumentAppealDecided(Event):
    """A person has decided about a document that somebody says others used."""

    appeal_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class SpecialRequestDecided(Event):
    """A person has approved or refused a request for a number outside the line."""

    request_id: int
    hall_id: int


@dataclass(frozen=True, slots=True)
class SpecialRequestExpired(Event):
    """Its day went by and nobody had answered the request."""

    request_id: int
    hall_id: int
