"""What call screens show: numbers, never names."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Exists, Select, exists, func, lateral, select, true
from sqlalchemy.orm import Session, aliased

from halls.models import Counter, Hall, ServiceGroup
from halls.queries import list_groups
from queueing.models import Call, Ticket
from queueing.states import AT_COUNTER
from queueing.today import Today, today_of

CALLS_SHOWN = 7
#: A call that was taken back, or whose ticket left, is not shown.
_SHOWN = ("called", "serving", "completed", "parked", "absent")
#: Who was put aside may be served on at another counter than the one that called them.
_COUNTER_ID = func.coalesce(Ticket.counter_id, Call.counter_id)


@dataclass(frozen=True, slots=True)
class BoardCall:
    """One line of the screen. `last_called_at` grows with each repetition: screens announce it again.

    `serving` says that the person came, `done` that they have left the counter again,
    `room` where they were sent meanwhile, which is a call of its own. `silent`: shown and not spoken.
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


@dataclass(frozen=True, slots=True)
class BoardLine:
    """How many wait in a line."""

    group_id: int
    letter: str
    name_zh: str
    name_en: str
    count: int


@dataclass(frozen=True, slots=True)
class Board:
    """Calls newest first (at most 7), and the lines. `version` changes when what is shown changes."""

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
    calls = _calls(session, today, groups, only.counter_ids)
    lines = _lines(session, today, groups)
    return Board(today.hall, calls, lines, _version(calls, lines))


def _calls(
    session: Session, today: Today, groups: list[ServiceGroup], counter_ids: frozenset[int] | None
) -> list[BoardCall]:
    """The last calls of every line by its index, and of who is at a counter, however old; newest first."""
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
            Call.id.in_(_recent(today, counter_ids).union(_standing(today))),
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
        )
    newest_first = sorted(shown.values(), key=lambda call: (call.last_called_at, call.call_id), reverse=True)
    return _most_wanted(newest_first, one_counter=counter_ids is not None and len(counter_ids) == 1)


def _called_again() -> Exists:
    """A later call counts: who was sent on is no longer called where the first call was."""
    later = aliased(Call)
    return exists().where(later.ticket_id == Call.ticket_id, later.id > Call.id, ~later.undone)


def _most_wanted(calls: list[BoardCall], *, one_counter: bool) -> list[BoardCall]:
    """As many as fit: who has not come yet before who has, newest first.

    At one counter also who is served there before who was: after a resume that call is the older one.
    """
    chosen = sorted(calls, key=lambda call: (call.serving, call.done and one_counter))[:CALLS_SHOWN]
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


def _standing(today: Today) -> Select[int]:
    """The last call of everybody who is at a counter: called there, or served."""
    return (
        select(func.max(Call.id))
        .join(Ticket, Ticket.id == Call.ticket_id)
        .where(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date, Ticket.state.in_(AT_COUNTER))
        .group_by(Call.ticket_id)
    )


def _lines(session: Session, today: Today, groups: list[ServiceGroup]) -> list[BoardLine]:
    query = (
        select(Ticket.group_id, func.count())
        .where(Ticket.hall_id == today.hall.id, Ticket.on_date == today.on_date, Ticket.state == "waiting")
        .group_by(Ticket.group_id)
    )
    counts: dict[int, int] = dict(session.execute(query).all())
    return [
        BoardLine(group.id, group.letter, group.name_zh, group.name_en, counts.get(group.id, 0))
        for group in groups
        if group.active or group.id in counts
    ]


def _version(calls: list[BoardCall], lines: list[BoardLine]) -> str:
    seen = (
        [(c.call_id, c.last_called_at, c.serving, c.done, c.room, c.counter_number) for c in calls],
        [(w.group_id, w.count) for w in lines],
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
