"""Where a new ticket stands in line, and the ticket itself with the next number of its line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from halls.models import ServiceGroup
from kernel import ids
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.story import tell
from queueing.capacity import Capacity
from queueing.events import TicketIssued
from queueing.keys import walk_in_key
from queueing.labels import label_of, next_ordinal
from queueing.loads import load_of
from queueing.matter import UNKNOWN, Matter
from queueing.models import Line, Ticket
from queueing.ordering import Track
from queueing.policy import QueuePolicy
from queueing.promise import Load, promise_at_close, promised_call
from queueing.staffing import capacity_of
from queueing.states import TicketState
from queueing.today import Today, lock_lines


@dataclass(frozen=True, slots=True)
class Place:
    """Track, key and promise; fixed with the ticket. `ground` says for the audit why it was given."""

    track: Track
    due_at: datetime
    promised_at: datetime | None = None
    slot_starts_at: datetime | None = None
    late: bool = False
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a ticket, as far as known. `phone` is E.164; `legs` are the lines after this one."""

    service_ids: tuple[int, ...] = ()
    phone: str | None = None
    language: str = "zh"
    appointment_id: int | None = None
    citizen_id: int | None = None
    green_reason: str | None = None
    silent: bool = False
    legs: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A locked line with all that admission and promise ask about. `promoted`: standbys let in just now."""

    group: ServiceGroup
    row: Line
    capacity: Capacity
    load: Load
    policy: QueuePolicy
    promoted: int = 0

    def is_over(self, now: datetime) -> bool:
        """Whether no counter is planned any more today."""
        return self.capacity.closes_at is None or self.capacity.closes_at <= now


def open_line(session: Session, today: Today, group: ServiceGroup, *, now: datetime) -> OpenLine:
    """Read what is planned, then lock the line, then count who is there."""
    capacity = capacity_of(session, today, group.id, now=now)
    row = lock_lines(session, today, [group.id])[group.id]
    load = load_of(session, today, group, now=now, capacity=capacity)
    return OpenLine(group, row, capacity, load, today.policy_for(capacity))


def walk_in_place(line: OpenLine, *, ground: str, now: datetime) -> Place:
    """The place of an admitted walk-in: the promised latest call, never before the line's last promise."""
    previous, policy = line.row.last_promise_at, line.policy
    promised_at = promised_call(line.capacity, line.load, now, previous=previous, policy=policy)
    if promised_at is None:
        closes_at = line.capacity.closes_at or now
        promised_at = promise_at_close(closes_at, now, previous=previous, policy=policy)
    return Place(Track.WALK_IN, walk_in_key(promised_at), promised_at, ground=ground)


def give(
    session: Session,
    line: Line,
    *,
    letter: str,
    place: Place,
    holder: Holder,
    press_key: str | None,
    actor: Actor,
    now: datetime,
    matter: Matter = UNKNOWN,
) -> Ticket | None:
    """Write the ticket with the next number of the locked line.

    None if the same press was used elsewhere in this moment: nothing was written.
    """
    ordinal = next_ordinal(line.last_ordinal)
    values = _values(line, place, holder) | {
        "ordinal": ordinal,
        "label": label_of(letter, ordinal),
        "minutes": matter.minutes,
        "quick": matter.quick,
        "issued_at": now,
        "press_key": press_key,
    }
    made = insert(Ticket).values(values).on_conflict_do_nothing(index_elements=[Ticket.press_key])
    ticket = session.scalars(made.returning(Ticket)).one_or_none()
    if ticket is None:
        return None
    line.last_ordinal = ordinal
    if place.promised_at is not None:
        line.last_promise_at = place.promised_at
    details = {"track": ticket.track, "ground": place.ground, "green_reason": holder.green_reason}
    tell(
        session,
        TicketIssued(ticket.id, line.hall_id, line.group_id),
        "ticket.issue",
        actor=actor,
        now=now,
        subject=("ticket", ticket.id),
        hall_id=ticket.hall_id,
        states=(None, TicketState.WAITING),
        **{name: value for name, value in details.items() if value is not None},
    )
    return ticket


def _values(line: Line, place: Place, holder: Holder) -> dict[str, Any]:
    return {
        "reference": ids.new_reference(),
        "hall_id": line.hall_id,
        "group_id": line.group_id,
        "issued_group_id": line.group_id,
        "on_date": line.on_date,
        "track": place.track.value,
        "due_at": place.due_at,
        "promised_at": place.promised_at,
        "slot_starts_at": place.slot_starts_at,
        "late": place.late,
        "appointment_id": holder.appointment_id,
        "citizen_id": holder.citizen_id,
        "phone_sealed": holder.phone and cipher().encrypt(holder.phone, "ticket.phone"),
        "phone_index": holder.phone and cipher().blind_index(holder.phone, "phone"),
        "language": holder.language,
        "service_ids": list(holder.service_ids),
        "legs": list(holder.legs),
        "green_reason": holder.green_reason,
        "silent": holder.silent,
    }
