"""Reads what the rule needs, never the whole line: the first tickets of each lane, and the last calls."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by
from sqlalchemy.orm import Session

from queueing.models import Call, CounterSession, Line, Ticket
from queueing.ordering import Lane, RecentCall, Track, Waiting
from queueing.policy import QueuePolicy

_GROUPS: BindParameter[Any] = bindparam("group_ids", type_=ARRAY(BigInteger))
_MADE: BindParameter[Any] = bindparam("made", type_=JSONB)
#: The calls of the ticket's group today. (Joining the line costs a look-up for everybody who waits.)
_CALLS = cast(func.jsonb_extract_path_text(_MADE, cast(Ticket.group_id, Text)), Integer)
_HELD = Ticket.reinsert_after_call.is_not(None) & (Ticket.reinsert_after_call > _CALLS)
_RANK = case((Ticket.late, 2), (Ticket.track == "booked", 0), (Ticket.track == "walk_in", 1), else_=3)
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
    Ticket.minutes,
    Ticket.quick,
    case((_HELD, Ticket.reinsert_after_call - _CALLS), else_=0).label("calls_to_wait"),
)

_WAITING = select(*_COLUMNS).where(
    Ticket.group_id == any_(_GROUPS), Ticket.on_date == bindparam("on_date"), Ticket.state == "waiting"
)

_WORKED_AT = exists().where(
    CounterSession.counter_id == Ticket.to_counter_id,
    CounterSession.closed_at.is_(None),
    CounterSession.state == "open",
)
#: What the counter `counter_id` (a parameter) may call: who was passed on to another one is left to it, while
#: somebody works there.
MINE = Ticket.to_counter_id.is_(None) | or_(
    Ticket.to_counter_id == bindparam("counter_id", type_=BigInteger), ~_WORKED_AT
)
#: Everybody who may be called to a counter, read once; then each lane takes its first.
_THEIRS: Any = _WAITING.where(MINE).add_columns(_RANK.label("rank")).cte("mine").c
_FREE = _THEIRS.calls_to_wait == 0
_BOTH = or_(_THEIRS.track == "booked", _THEIRS.track == "walk_in")
_NOT_GREEN = or_(_BOTH, _THEIRS.track == "standby")
_PUNCTUAL = (_THEIRS.track == "booked") & _THEIRS.late.is_(False)
_LATER = (_THEIRS.track == "walk_in") | ((_THEIRS.track == "booked") & _THEIRS.late.is_(True))

#: The conditions of `queueing.ordering.Lane` in SQL.
_IN_LANE: dict[Lane, ColumnElement[bool]] = {
    Lane.RETURNED: _FREE & _NOT_GREEN & _THEIRS.returned_at.is_not(None),
    Lane.GREEN: _FREE & (_THEIRS.track == "green"),
    Lane.BY_KEY: _FREE & _BOTH,
    Lane.BY_ISSUE: _FREE & _LATER,
    Lane.QUICK: _FREE & _LATER & _THEIRS.quick,
    Lane.STANDBY: _FREE & (_THEIRS.track == "standby"),
    Lane.BOOKED: _FREE & _PUNCTUAL,
    Lane.FIRST_COME: _FREE & _BOTH,
    Lane.HELD: _THEIRS.calls_to_wait > 0,
}
_BY_ISSUE: tuple[Any, ...] = (_THEIRS.issued_at, _THEIRS.ordinal, _THEIRS.id)
_BY_KEY: tuple[Any, ...] = (_THEIRS.due_at, _THEIRS.rank, *_BY_ISSUE)
_ORDER: dict[Lane, tuple[Any, ...]] = {
    Lane.RETURNED: _BY_KEY,
    Lane.GREEN: _BY_ISSUE,
    Lane.BY_KEY: _BY_KEY,
    Lane.BY_ISSUE: _BY_ISSUE,
    Lane.QUICK: _BY_ISSUE,
    Lane.STANDBY: _BY_ISSUE,
    Lane.BOOKED: _BY_KEY,
    Lane.FIRST_COME: _BY_ISSUE,
    Lane.HELD: (_THEIRS.calls_to_wait, *_BY_KEY),
}
#: Lanes that the default discipline never asks for.
_OTHER_DISCIPLINES = frozenset({Lane.BOOKED, Lane.FIRST_COME})
#: The lane that only the default discipline asks for.
_ONLY_PROMISE = frozenset({Lane.QUICK})

_ONLY_AT = case((Ticket.to_counter_id.is_(None), None), (_WORKED_AT, Ticket.to_counter_id), else_=None)
_EVERYBODY = _WAITING.add_columns(_ONLY_AT.label("to_counter"))

#: Group → calls it has made today (line.calls): who is put back waits for so many more.
Calls = Mapping[int, int]


def first_waiting(
    session: Session,
    calls: Calls,
    *,
    on_date: date,
    policy: QueuePolicy,
    each: int = 1,
    counter_id: int | None = None,
) -> list[Waiting]:
    """The first `each` tickets of every lane over the groups of `calls`, in one statement.

    The next `each` calls by the rule are among them. Who waits for another counter than `counter_id` is not.
    """
    values = {**of_groups(calls), "on_date": on_date, "each": each, "counter_id": counter_id}
    rows = session.execute(_heads(policy.discipline), values)
    return list({row[0]: _waiting(row) for row in rows}.values())


def all_waiting(session: Session, calls: Calls, *, on_date: date) -> list[Waiting]:
    """Everybody who waits in the groups of `calls`, and for which counter alone: for estimates only."""
    rows = session.execute(_EVERYBODY, {**of_groups(calls), "on_date": on_date})
    return [_waiting(row, row[-1]) for row in rows]


def tickets_by_line(session: Session, calls: Calls, *, on_date: date) -> dict[int, list[Waiting]]:
    """The same apart for each line; lines without anybody are left out."""
    found: dict[int, list[Waiting]] = {}
    query = _WAITING.add_columns(Ticket.group_id)
    for row in session.execute(query, {**of_groups(calls), "on_date": on_date}):
        found.setdefault(row.group_id, []).append(_waiting(row))
    return found


def calls_of(session: Session, group_ids: Collection[int], *, on_date: date) -> Calls:
    """The calls that each group has made today; none where nobody has taken a ticket yet."""
    query = select(Line.group_id, Line.calls).where(Line.group_id.in_(group_ids), Line.on_date == on_date)
    made: dict[int, int] = dict(session.execute(query).all())
    return {group_id: made.get(group_id, 0) for group_id in group_ids}


def recent_calls(
    session: Session, group_ids: Collection[int], *, on_date: date, policy: QueuePolicy
) -> list[RecentCall]:
    """The last calls of these groups, the latest first, as many as the rule looks at.

    Those that were taken back used up no turn.
    """
    query = (
        select(Call.track, Call.was_return)
        .where(Call.group_id.in_(group_ids), Call.on_date == on_date, Call.undone.is_(False))
        .order_by(Call.id.desc())
        .limit(looked_at(policy))
    )
    return [RecentCall(Track(row.track), row.was_return) for row in session.execute(query)]


def recent_by_line(
    session: Session, group_ids: Collection[int], *, on_date: date, policy: QueuePolicy
) -> dict[int, list[RecentCall]]:
    """`recent_calls` of each line by itself, in one statement."""
    last = func.row_number().over(partition_by=Call.group_id, order_by=Call.id.desc()).label("last")
    made = (
        select(Call.group_id, Call.track, Call.was_return, last)
        .where(Call.group_id.in_(group_ids), Call.on_date == on_date, Call.undone.is_(False))
        .subquery()
    )
    looked_at = max(policy.green_run, policy.return_every - 1)
    found: dict[int, list[RecentCall]] = {}
    for row in session.execute(select(made).where(made.c.last <= looked_at).order_by(made.c.last)):
        found.setdefault(row.group_id, []).append(RecentCall(Track(row.track), row.was_return))
    return found


def first_and_recent(
    session: Session, calls: Calls, *, on_date: date, policy: QueuePolicy, counter_id: int
) -> tuple[list[Waiting], list[RecentCall]]:
    """`first_waiting` and `recent_calls` in one statement: other counters wait for the line meanwhile."""
    values = {**of_groups(calls), "on_date": on_date, "each": 1, "looked_at": looked_at(policy)}
    statement = heads_and_recent(policy.discipline)
    return found_of(session.execute(statement, {**values, "counter_id": counter_id}).all())


def looked_at(policy: QueuePolicy) -> int:
    """How many of the last calls the rule asks about."""
    return max(policy.green_run, policy.return_every - 1)


def found_of(rows: Sequence[Sequence[Any]]) -> tuple[list[Waiting], list[RecentCall]]:
    """What the rows of `heads_and_recent` say."""
    recent = (rows[0][-1] if rows else None) or []
    return list({row[0]: _waiting(row) for row in rows}.values()), [
        RecentCall(Track(track), was_return) for track, was_return in recent
    ]


@cache
def heads_and_recent(discipline: str) -> Select[Any]:
    """The statement of `first_and_recent`; it is made once."""
    last = (
        select(Call.id, Call.track, Call.was_return)
        .where(Call.group_id == any_(_GROUPS), Call.on_date == bindparam("on_date"), Call.undone.is_(False))
        .order_by(Call.id.desc())
        .limit(bindparam("looked_at"))
        .subquery()
    )
    each = func.jsonb_build_array(last.c.track, last.c.was_return)
    recent = select(func.jsonb_agg(aggregate_order_by(each, last.c.id.desc()))).scalar_subquery()
    heads = _heads(discipline).subquery()
    return select(heads, recent.label("recent"))


@cache
def _heads(discipline: str) -> CompoundSelect[Any]:
    """The statement is made once: building it takes longer than running it."""
    unused = _OTHER_DISCIPLINES if discipline == "promise" else _ONLY_PROMISE
    lanes = [lane for lane in Lane if lane not in unused]
    columns = [_THEIRS[column.name] for column in _COLUMNS]
    heads = [
        select(*columns).where(_IN_LANE[lane]).order_by(*_ORDER[lane]).limit(bindparam("each")).subquery()
        for lane in lanes
    ]
    return union_all(*(select(head) for head in heads))


def of_groups(calls: Calls) -> dict[str, Any]:
    """The parameters that say which lines, and how many calls each has made."""
    return {"group_ids": list(calls), "made": {str(group_id): made for group_id, made in calls.items()}}


def _waiting(row: Sequence[Any], to_counter: int | None = None) -> Waiting:
    """From a row of `_COLUMNS`, in their order: finding them by name takes longer."""
    ticket_id, label, track, due_at, issued_at, ordinal, slot_at, late, returned_at, minutes, quick, calls = (
        row[: len(_COLUMNS)]
    )
    return Waiting(
        ticket_id,
        label,
        Track(track),
        due_at,
        issued_at,
        ordinal,
        slot_at,
        late=late,
        returned_at=returned_at,
        calls_to_wait=calls,
        minutes=minutes,
        quick=quick,
        to_counter=to_counter,
    )
