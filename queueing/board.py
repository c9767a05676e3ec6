"""What call screens show: numbers, never names."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Exists, Select, and_, exists, func, lateral, or_, select, true
from sqlalchemy.orm import Session, aliased

from halls.models import Counter, Hall, ServiceGroup
from halls.queries import list_groups
from queueing.left_behind import attended, closed_lines
from queueing.models import Call, Ticket
from queueing.states import AT_COUNTER
from queueing.today import Today, today_of

#: As many as the layout for near chairs has room for at a time; calls that nobody answered yet are all shown.
CALLS_SHOWN = 7
#: Nobody tells when a person has come to a room: its call stands as long as a walk through the hall takes.
ROOM_CALL_STANDS = timedelta(minutes=3)
#: A call that was taken back, or whose ticket left, is not shown.
_SHOWN = ("called", "serving", "completed", "parked", "absent")
#: Who was put aside may be served on at another counter than the one that called them.
_COUNTER_ID = func.coalesce(Ticket.counter_id, Call.counter_id)


@dataclass(frozen=True, slots=True)
class BoardCall:
    """One line of the screen. `last_called_at` grows with each repetition: screens announce it again.

    `serving` says that the person came, `done` that they have left the counter again,
    `room` where they were sent meanwhile, which is a call of its own. `silent`: shown and not spoken.
    `is_open`: the person is still to come, to the counter or to the room.
    """

    call_id: int
    label: str
    booked: bool
    counter_number: int
    called_at: datetime
    last_called_at: datetime
    group_name_zh: str
    group_name_en: str
    serving: bool
    done: bool = False
    room: str | None = None
    silent: bool = False
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class BoardLine:
    """How many wait in a line. `closed`: its windows have closed, and somebody still waits."""

    group_id: int
    letter: str
    name_zh: str
    name_en: str
    count: int
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Calls newest first, and the lines. `version` changes when what is shown changes.

    The calls are the last seven, or all that are open when those are more.
    """

    hall: Hall
    calls: list[BoardCall]
    waiting: list[BoardLine]
    version: str


@dataclass(frozen=True, slots=True)
class Only:
    """Part of a hall: these lines and these counters; None means all."""

    group_ids: frozenset[int] | None = None
    counter_ids: frozenset[int] | None = None


def board(session: Session, hall_id: int, *, now: datetime, only: Only | None = None) -> Board:
    """The screen of a hall, or of a part of it, now."""
    only = only or Only()
    today = today_of(session, hall_id, now=now)
    groups = [
        group
        for group in list_groups(session, hall_id)
        if only.group_ids is None or group.id in only.group_ids
    ]
    calls = _calls(session, today, groups, only.counter_ids, now=now)
    lines = _lines(session, today, groups, now=now)
    return Board(today.hall, calls, lines, _version(calls, lines))


def _calls(
    session: Session,
    today: Today,
    groups: list[ServiceGroup],
    counter_ids: frozenset[int] | None,
    *,
    now: datetime,
) -> list[BoardCall]:
    """The last calls of every line by its index, and of who is at a counter, however old; newest first."""
    sent_since = now - ROOM_CALL_STANDS
    rows = session.execute(
        select(
            Call,
            Ticket.label,
            Ticket.track,
            Ticket.state,
            Ticket.room,
            Ticket.since_at,
            Ticket.silent,
            Counter.number,
        )
        .join(Ticket, Ticket.id == Call.ticket_id)
        .join(Counter, Counter.id == _COUNTER_ID)
        .where(
            Call.id.in_(_recent(today, counter_ids).union(_standing(today, sent_since))),
            Ticket.state.in_(_SHOWN),
            ~_called_again(),
            true() if counter_ids is None else _COUNTER_ID.in_(counter_ids),
        )
        .order_by(Call.last_called_at.desc(), Call.id.desc())
    )
    by_id = {group.id: group for group in groups}
    shown: dict[int, BoardCall] = {}
    for call, label, track, state, room, since_at, silent, number in rows:
        if call.ticket_id in shown or call.group_id not in by_id:
            continue
        group = by_id[call.group_id]
        sent_at = since_at if state == "parked" and room else None
        shown[call.ticket_id] = BoardCall(
            call_id=call.id,
            label=label,
            booked=track == "booked",
            counter_number=number,
            called_at=call.called_at,
            last_called_at=max(call.last_called_at, sent_at or call.last_called_at),
            group_name_zh=group.name_zh,
            group_name_en=group.name_en,
            serving=state != "called",
            done=state not in ("called", "serving"),
            room=room if state == "parked" else None,
            silent=silent,
            is_open=state == "called" or (sent_at is not None and sent_at > sent_since),
        )
    newest_first = sorted(shown.values(), key=lambda call: (call.last_called_at, call.call_id), reverse=True)
    return most_wanted(
        newest_first, CALLS_SHOWN, one_counter=counter_ids is not None and len(counter_ids) == 1
    )


def _called_again() -> Exists:
    """A later call counts: who was sent on is no longer called where the first call was."""
    later = aliased(Call)
    return exists().where(later.ticket_id == Call.ticket_id, later.id > Call.id, ~later.undone)


def most_wanted(calls: list[BoardCall], most: int, *, one_counter: bool = False) -> list[BoardCall]:
    """All that are open; when these are fewer than `most`, others fill it up. The order stays, newest first.

    At one counter who is served there comes before who was: after a resume that call is the older one.
    """
    by_want = sorted(calls, key=lambda call: (not call.is_open, call.done and one_counter))
    chosen = by_want[: max(most, sum(call.is_open for call in calls))]
    return [call for call in calls if call in chosen]


def _recent(today: Today, counter_ids: frozenset[int] | None) -> Select[int]:
    """More than are shown: a ticket may have been called twice, or have left."""
    last = lateral(
        select(Call.id)
        .where(
            Call.group_id == ServiceGroup.id,
            Call.on_date == today.on_date,
            true() if counter_ids is None else Call.counter_id.in_(counter_ids),
        )
        .order_by(Call.id.desc())
        .limit(CALLS_SHOWN * 2)
    )
    return (
        select(last.c.id)
        .select_from(ServiceGroup)
        .join(last, true())
        .where(ServiceGroup.hall_id == today.hall.id)
    )


def _standing(today: Today, sent_since: datetime) -> Select[int]:
    """The last call of everybody who is at a counter, called there or served, or was just sent to a room."""
    was_sent = and_(Ticket.state == "parked", Ticket.room.is_not(None), Ticket.since_at > sent_since)
    return (
        select(func.max(Call.id))
        .join(Ticket, Ticket.id == Call.ticket_id)
        .where(
            Ticket.hall_id == today.hall.id,
            Ticket.on_date == today.on_date,
            or_(Ticket.state.in_(AT_COUNTER), was_sent),
        )
        .group_by(Call.ticket_id)
    )


def _lines(session: Session, today: Today, groups: list[ServiceGroup], *, now: datetime) -> list[BoardLine]:
    query = (
        select(Ticket.group_id, func.count(), attended(Ticket.group_id))
        .where(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date, Ticket.state == "waiting")
        .group_by(Ticket.group_id)
    )
    rows = session.execute(query).all()
    counts: dict[int, int] = {group_id: count for group_id, count, _attended in rows}
    shown = {group.id for group in groups}
    empty = [group_id for group_id, _count, is_attended in rows if not is_attended and group_id in shown]
    closed = closed_lines(session, today, empty, now=now)
    return [
        BoardLine(
            group.id, group.letter, group.name_zh, group.name_en, counts.get(group.id, 0), group.id in closed
        )
        for group in groups
        if group.active or group.id in counts
    ]


def _version(calls: list[BoardCall], lines: list[BoardLine]) -> str:
    seen = (
        [
            (c.call_id, c.last_called_at, c.serving, c.done, c.room, c.counter_number, c.is_open)
            for c in calls
        ],
        [(w.group_id, w.count, w.closed) for w in lines],
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
