"""Give a number to somebody who came without booking."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.on_the_spot import list_spot_offers
from halls.queries import GroupUnknown
from kernel.actor import Actor
from kernel.errors import Forbidden
from kernel.outbox import emit
from queueing import press
from queueing.admission import Admission, admit, is_nearly_full
from queueing.errors import GreenReasonUnknown, LineClosed, PressReused, TrackUnknown, WalkInsStopped
from queueing.events import LineFilledUp
from queueing.keys import green_key, standby_key
from queueing.matter import matter_of
from queueing.models import Line, Ticket
from queueing.ordering import Track
from queueing.place import Holder, OpenLine, Place, give, open_line, walk_in_place
from queueing.refusals import Refused
from queueing.standby import promote
from queueing.steps import ensure_in_hall
from queueing.today import get_group, today_of

#: Why somebody may take the green channel.
GREEN_REASONS = ("elderly", "disabled", "pregnant", "infant", "urgent")
_TRACKS = (Track.WALK_IN, Track.GREEN, Track.STANDBY)


@dataclass(frozen=True, slots=True)
class IssueTicket:
    """`track` is walk_in, green or standby; a `green_reason` makes it green.

    `phone` is E.164; `press_key` is the id of the press (same press, same ticket). `override`: the duty
    officer (permission ticket.override) admits although the day is full. `silent`: not to be called out.
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
    silent: bool = False


def issue(session: Session, command: IssueTicket, *, actor: Actor, now: datetime) -> Ticket:
    """Issue the next number of the line; the same press gives the same ticket.

    Raises:
        HallUnknown, GroupUnknown, TrackUnknown, GreenReasonUnknown, WalkInsStopped, LineClosed, PressReused,
        Forbidden
    """
    return issue_in_line(session, command, actor=actor, now=now)[0]


def issue_in_line(
    session: Session, command: IssueTicket, *, actor: Actor, now: datetime
) -> tuple[Ticket, OpenLine]:
    """Issue, and return the line as it was read for that: who tells the ticket needs not read it again."""
    ensure_in_hall(actor, command.hall_id)
    if command.override and not actor.may("ticket.override", command.hall_id):
        raise Forbidden
    track = _track(command)
    today = today_of(session, command.hall_id, now=now)
    group = get_group(session, command.hall_id, command.group_id)
    if not group.active:
        raise GroupUnknown
    key = press.stored(command.press_key)
    line = open_line(session, today, group, now=now)
    ticket = _issued_by_press(session, line.row, key)
    if ticket is not None:
        return ticket, line
    if track is Track.WALK_IN:
        line = promote(session, line, now=now)
    place = _place(session, line, command, track, now=now)
    holder = Holder(
        command.service_ids,
        command.phone,
        command.language,
        green_reason=command.green_reason,
        silent=command.silent,
    )
    ticket = give(
        session,
        line.row,
        letter=group.letter,
        place=place,
        holder=holder,
        press_key=key,
        actor=actor,
        now=now,
        matter=matter_of(session, group, command.service_ids, policy=line.policy),
    )
    if ticket is None:
        raise PressReused
    if _fills_up(line, track, now=now):
        emit(session, LineFilledUp(command.hall_id, group.id), now=now)
    return ticket, line


def _fills_up(line: OpenLine, track: Track, *, now: datetime) -> bool:
    """Whether extra time is to be looked at: few more fit, or this one did not and the day lacks more now."""
    if track is Track.STANDBY:
        return not admit(line.capacity, line.load, now, policy=line.policy).admitted
    return is_nearly_full(line.capacity, line.load.with_more(1), now, policy=line.policy)


def ensure_admitted(
    session: Session,
    line: OpenLine,
    admission: Admission,
    *,
    service_ids: tuple[int, ...],
    now: datetime,
    press_key: str | None = None,
) -> None:
    """Refuse with what can be done instead: numbers within three working days that can be booked on the spot.

    Raises:
        LineClosed: the line does not serve (any more) today
        WalkInsStopped: one more would not be served before closing
    """
    if admission.admitted:
        return
    offers = list_spot_offers(session, line.group.id, service_ids=service_ids, now=now)
    instead = [each.as_json() for each in offers]
    if line.is_over(now):
        raise LineClosed(alternatives=instead)
    stopped = WalkInsStopped(alternatives=instead, short_minutes=round(admission.short_minutes))
    stopped.refused = Refused(
        line.group.hall_id, line.group.id, line.row.on_date, press_key, promoted=line.promoted > 0
    )
    raise stopped


def _track(command: IssueTicket) -> Track:
    if command.track not in _TRACKS:
        raise TrackUnknown
    track = Track(command.track)
    if command.green_reason is None and track is not Track.GREEN:
        return track
    if command.green_reason not in GREEN_REASONS:
        raise GreenReasonUnknown
    return Track.GREEN


def _issued_by_press(session: Session, line: Line, key: str | None) -> Ticket | None:
    if key is None:
        return None
    ticket = session.scalars(select(Ticket).where(Ticket.press_key == key)).one_or_none()
    if ticket is not None and (ticket.issued_group_id, ticket.on_date) != (line.group_id, line.on_date):
        raise PressReused
    return ticket


def _place(session: Session, line: OpenLine, command: IssueTicket, track: Track, *, now: datetime) -> Place:
    """Admission by the rule. A standby number promises nothing: only a closed line refuses it."""
    # Urgent cases are never refused for being one too many; a line that is closed serves nobody.
    beyond = track is not Track.WALK_IN and not line.is_over(now)
    admission = admit(
        line.capacity, line.load, now, green=beyond, duty_officer=command.override, policy=line.policy
    )
    key = press.stored(command.press_key)
    ensure_admitted(session, line, admission, service_ids=command.service_ids, now=now, press_key=key)
    if track is Track.GREEN:
        return Place(track, green_key(now), ground=admission.ground)
    if track is Track.STANDBY:
        return Place(track, standby_key(now))
    return walk_in_place(line, ground=admission.ground, now=now)
