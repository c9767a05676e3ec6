"""Reads what the rule needs, never the whole line: the first tickets of each lane, and the last calls."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select, union_all
from sqlalchemy.orm import Session

from queueing.models import Call, Line, Ticket
from queueing.ordering import Lane, RecentCall, Track, Waiting
from queueing.policy import QueuePolicy

# A group without a line today has made no calls: a ticket may have been transferred there.
_CALLS = func.coalesce(Line.calls, 0)
_HELD = func.coalesce(Ticket.reinsert_after_call, 0) > _CALLS
_NOT_GREEN = Ticket.track.in_(("booked", "walk_in", "standby"))
_PUNCTUAL = (Ticket.track == "booked") & Ticket.late.is_(False)
_LATER = (Ticket.track == "walk_in") | ((Ticket.track == "booked") & Ticket.late.is_(True))

#: The conditions of `queueing.ordering.Lane` in SQL.
_IN_LANE: dict[Lane, ColumnElement[bool]] = {
    Lane.RETURNED: ~_HELD & _NOT_GREEN & Ticket.returned_at.is_not(None),
    Lane.GREEN: ~_HELD & (Ticket.track == "green"),
    Lane.BY_KEY: ~_HELD & Ticket.track.in_(("booked", "walk_in")),
    Lane.BY_ISSUE: ~_HELD & _LATER,
    Lane.STANDBY: ~_HELD & (Ticket.track == "standby"),
    Lane.BOOKED: ~_HELD & _PUNCTUAL,
    Lane.FIRST_COME: ~_HELD & Ticket.track.in_(("booked", "walk_in")),
    Lane.HELD: _HELD,
}
_RANK = case((Ticket.late, 2), (Ticket.track == "booked", 0), (Ticket.track == "walk_in", 1), else_=3)
_BY_KEY: tuple[Any, ...] = (Ticket.due_at, _RANK, Ticket.issued_at, Ticket.ordinal, Ticket.id)
_BY_ISSUE: tuple[Any, ...] = (Ticket.issued_at, Ticket.ordinal, Ticket.id)
_ORDER: dict[Lane, tuple[Any, ...]] = {
    Lane.RETURNED: _BY_KEY,
    Lane.GREEN: _BY_ISSUE,
    Lane.BY_KEY: _BY_KEY,
    Lane.BY_ISSUE: _BY_ISSUE,
    Lane.STANDBY: _BY_ISSUE,
    Lane.BOOKED: _BY_KEY,
    Lane.FIRST_COME: _BY_ISSUE,
    Lane.HELD: (Ticket.reinsert_after_call - _CALLS, *_BY_KEY),
}
#: Lanes that the default discipline never asks for.
_OTHER_DISCIPLINES = frozenset({Lane.BOOKED, Lane.FIRST_COME})

_COLUMNS = (
    Ticket.id,
    Ticket.label,
    Ticket.track,
    Ticket.due_at,
    Ticket.issued_at,
    Ticket.ordinal,
    Ticket.slot_starts_at,
    Ticket.late,
    Ticket.returned_at,
    func.greatest(func.coalesce(Ticket.reinsert_after_call, 0) - _CALLS, 0).label("calls_to_wait"),
)


def first_waiting(
    session: Session, group_ids: Collection[int], *, on_date: date, policy: QueuePolicy, each: int = 1
) -> list[Waiting]:
    """The first `each` tickets of every lane over these groups, in one statement.

    The next `each` calls by the rule are among them.
    """
    lanes = [lane for lane in Lane if policy.discipline != "promise" or lane not in _OTHER_DISCIPLINES]
    heads = [_head(lane, group_ids, on_date, each).subquery() for lane in lanes]
    rows = session.execute(union_all(*(select(head) for head in heads)))
    return list({row.id: _waiting(row) for row in rows}.values())


def all_waiting(session: Session, group_ids: Collection[int], *, on_date: date) -> list[Waiting]:
    """Everybody who waits in these groups: for estimates only."""
    return [_waiting(row) for row in session.execute(_waiting_in(group_ids, on_date))]


def recent_calls(
    session: Session, group_ids: Collection[int], *, on_date: date, policy: QueuePolicy
) -> list[RecentCall]:
    """The last calls of these groups, the latest first, as many as the rule looks at."""
    query = (
        select(Call.track, Call.was_return)
        .where(Call.group_id.in_(group_ids), Call.on_date == on_date)
        .order_by(Call.id.desc())
        .limit(max(policy.green_run, policy.return_every - 1))
    )
    return [RecentCall(Track(row.track), row.was_return) for row in session.execute(query)]


def _waiting_in(group_ids: Collection[int], on_date: date) -> Select[Any]:
    return (
        select(*_COLUMNS)
        .outerjoin(Line, (Line.group_id == Ticket.group_id) & (Line.on_date == Ticket.on_date))
        .where(Ticket.group_id.in_(group_ids), Ticket.on_date == on_date, Ticket.state == "waiting")
    )


def _head(lane: Lane, group_ids: Collection[int], on_date: date, each: int) -> Select[Any]:
    return _waiting_in(group_ids, on_date).where(_IN_LANE[lane]).order_by(*_ORDER[lane]).limit(each)


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        ticket_id=row.id,
        label=row.label,
        track=Track(row.track),
        due_at=row.due_at,
        issued_at=row.issued_at,
        ordinal=row.ordinal,
        slot_starts_at=row.slot_starts_at,
        late=row.late,
        returned_at=row.returned_at,
        calls_to_wait=row.calls_to_wait,
    )
