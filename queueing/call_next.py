"""Call the next ticket to a counter."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Select, String, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session, aliased

from kernel import clock, story
from kernel.actor import Actor
from queueing import press
from queueing.counters import Seated, ensure_own, groups_if_free, lock_lines_if_free, lock_session
from queueing.errors import CounterPaused, PressReused
from queueing.events import TicketCalled
from queueing.models import Call, CounterSession, Line, Ticket
from queueing.ordering import Choice, heads_of, next_from_heads
from queueing.reasons import Reason
from queueing.states import TicketState
from queueing.steps import staff_id_of
from queueing.today import Today, lock_lines, today_of
from queueing.waiting import first_and_recent


@dataclass(frozen=True, slots=True)
class Called:
    """A ticket that was called just now, or before by the same press; and why."""

    ticket: Ticket
    reason: Reason


def call_next(
    session: Session, counter_id: int, *, actor: Actor, now: datetime, press_key: str | None = None
) -> Ticket | None:
    """Call who is next by the hall's rule; None when nobody waits. The same press returns the same ticket.

    1. Lock the counter's session: two presses at one counter come one after the other.
    2. Lock the lines that the counter serves: two counters never choose from the same heads.
    3. Ask the rule about the first of each lane, and take its choice if it still waits (an owner who gives
       the number up locks the ticket only). Otherwise ask again.

    Raises:
        CounterNotOpen, CounterPaused, CounterBusy, NotYourCounter, PressReused
    """
    running = lock_session(session, counter_id)
    called = call_to(session, running, actor=actor, now=now, press_key=press_key)
    return called.ticket if called is not None else None


def call_to(
    session: Session, running: CounterSession, *, actor: Actor, now: datetime, press_key: str | None = None
) -> Called | None:
    """`call_next` from its second step on, with the reason.

    While the lines are locked every other counter waits: two statements, and the commit.
    """
    ensure_own(running, actor)
    key = press.stored(press_key)
    before = called_by_press(session, running.counter_id, key)
    if before is not None:
        return before
    if running.state == "paused":
        raise CounterPaused
    today = today_of(session, running.hall_id, now=now)
    lines = _lock(session, running.counter_id, today)
    while (choice := _choose(session, today, lines, running.counter_id, now=now)) is not None:
        ticket = take(session, choice, running, key=key, actor=actor, now=now)
        if ticket is not None:
            return Called(ticket, choice.reason)
    return None


def _lock(session: Session, counter_id: int, today: Today) -> dict[int, Line]:
    lines = lock_lines_if_free(session, counter_id, today.on_date)
    return lock_lines(session, today, groups_if_free(session, counter_id)) if lines is None else lines


def called_by_press(session: Session, counter_id: int, key: str | None) -> Called | None:
    """What this press has called before; raises PressReused where it was another counter's."""
    if key is None:
        return None
    call = session.scalars(select(Call).where(Call.press_key == key)).one_or_none()
    if call is None:
        return None
    if call.counter_id != counter_id:
        raise PressReused
    return Called(session.get_one(Ticket, call.ticket_id), Reason.from_data(call.reason))


def _choose(
    session: Session, today: Today, lines: dict[int, Line], counter_id: int, *, now: datetime
) -> Choice | None:
    if not lines:
        return None
    made = {group_id: line.calls for group_id, line in lines.items()}
    waiting, recent = first_and_recent(
        session, made, on_date=today.on_date, policy=today.policy, counter_id=counter_id
    )
    return next_from_heads(heads_of(waiting), recent, now, today.policy)


def take(
    session: Session,
    choice: Choice,
    running: CounterSession,
    *,
    key: str | None,
    actor: Actor,
    now: datetime,
    **details: Any,
) -> Ticket | None:
    """Take the ticket if it still waits, count and write the call, and tell it: one statement."""
    facts = facts_of(choice, running, key=key, actor=actor, now=now, **details)
    row = session.execute(_CALL, facts, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        return None
    if row.call_id is None:
        raise PressReused
    ticket: Ticket = row[0]
    return ticket


def facts_of(
    choice: Choice, running: Seated, *, key: str | None, actor: Actor, now: datetime, **details: Any
) -> dict[str, Any]:
    """The parameters of the statement that calls (`with_writes`)."""
    told = story.values_of(
        TicketCalled(choice.ticket_id, running.hall_id, 0, call_id=0, counter_id=running.counter_id),
        "ticket.call",
        actor=actor,
        now=now,
        subject_kind="ticket",
        states=(TicketState.WAITING, TicketState.CALLED),
        counter_id=running.counter_id,
        reason=choice.reason.code.value,
        **details,
    )
    return {
        **told,
        "ticket": choice.ticket_id,
        "counter": running.counter_id,
        "staff": staff_id_of(actor) or running.staff_id,
        "now": now,
        "pressed_at": clock.real_now(),
        "reason": choice.reason.as_data(),
        "key": key,
    }


# Tables rather than classes: these are parts of a statement.
_TICKETS: Any = Ticket.__table__
_LINES: Any = Line.__table__
_CALLS: Any = Call.__table__
_ticket, _line, _call = _TICKETS.c, _LINES.c, _CALLS.c
_NOW = bindparam("now", type_=DateTime(timezone=True))
_HAPPENED = (_ticket.issued_at, _ticket.started_at, _ticket.absent_at, _ticket.returned_at, _ticket.since_at)
# This call may have waited for the line while the ticket was issued or came back, a moment after its `now`.
_AT = func.greatest(*_HAPPENED, _NOW)
TAKEN = (
    update(_TICKETS)
    .where(_ticket.id == bindparam("ticket"), _ticket.state == TicketState.WAITING)
    .values(
        state=TicketState.CALLED.value,
        counter_id=bindparam("counter"),
        staff_id=bindparam("staff"),
        called_at=_AT,
        absent_at=None,
        recalls=0,
        wait_time=_ticket.wait_time + (_AT - func.coalesce(_ticket.since_at, _ticket.issued_at)),
        since_at=_AT,
        step={"action": "ticket.call"},
        step_counter_id=bindparam("counter"),
        stepped_at=bindparam("pressed_at"),
    )
    .returning(*_ticket)
    .cte("taken")
)
_COUNTED = (
    update(_LINES)
    .where(_line.group_id == TAKEN.c.group_id, _line.on_date == TAKEN.c.on_date)
    .values(calls=_line.calls + 1)
    .cte("counted")
)
_WRITTEN = {
    _call.hall_id: TAKEN.c.hall_id,
    _call.group_id: TAKEN.c.group_id,
    _call.on_date: TAKEN.c.on_date,
    _call.ticket_id: TAKEN.c.id,
    _call.counter_id: TAKEN.c.counter_id,
    _call.staff_id: TAKEN.c.staff_id,
    _call.track: TAKEN.c.track,
    _call.was_return: TAKEN.c.returned_at.is_not(None),
    _call.reason: bindparam("reason", type_=JSONB),
    _call.called_at: TAKEN.c.called_at,
    _call.last_called_at: TAKEN.c.called_at,
    _call.press_key: bindparam("key", type_=String),
}
# The same key pressed at two counters at once meets here; the second inserts nothing and is undone.
CALLED = (
    insert(_CALLS)
    .from_select([each.name for each in _WRITTEN], select(*_WRITTEN.values()), include_defaults=False)
    .on_conflict_do_nothing(index_elements=[_call.press_key])
    .returning(_call.id)
    .cte("called")
)
_RECORDED, _TOLD = story.parts_of(
    TAKEN,
    at=TAKEN.c.called_at,
    more={"group_id": TAKEN.c.group_id, "call_id": select(CALLED.c.id).scalar_subquery()},
)


def with_writes(statement: Select[Any]) -> Select[Any]:
    """A statement that reads TAKEN and CALLED, and writes the whole call."""
    return statement.add_cte(_COUNTED, _RECORDED, _TOLD)


_TICKET = aliased(Ticket, TAKEN)
_CALL = with_writes(select(_TICKET, select(CALLED.c.id).scalar_subquery().label("call_id")))
