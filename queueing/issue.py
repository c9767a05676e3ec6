"""Give a number to somebody who came without booking."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kernel.actor import Actor
from queueing.models import Ticket

#: Why somebody may take the green channel.
GREEN_REASONS = ("elderly", "disabled", "pregnant", "infant", "urgent")


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """`track` is walk_in, green or standby; a `green_reason` makes it green.

    `phone` is E.164; `press_key` is the id of the press (same press, same ticket). `override`: the duty officer
    (permission ticket.override) admits although the day is full.
    """

    hall_id: int
    group_id: int
    service_ids: tuple[int, ...] = ()
    track: str = "walk_in"
    green_reason: str | None = None
    phone: str | None = None
    language: str = "zh"
    press_key: str | None = None
    override: bool = False


def issue(session: Session, command: IssueTicket, *, actor: Actor, now: datetime) -> Ticket:
    """Issue the next number of the line; the same press gives the same ticket.

    Raises:
        LineUnknown, TrackUnknown, GreenReasonUnknown, WalkInsStopped, LineClosed, PressReused, Forbidden
    """
    raise NotImplementedError
