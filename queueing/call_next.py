"""Call the next ticket to a counter."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import clock
from kernel.actor import Actor
from kernel.story import tell
from queueing import press
from queueing.counters import ensure_own, groups_if_free, lock_session
from queueing.errors import CounterPaused, PressReused
from queueing.events import TicketCalled
from queueing.models import Call, CounterSession, Line, Ticket
from queueing.ordering import Choice, heads_of, next_from_heads
from queueing.states import TicketState
from queueing.steps import staff_id_of
from queueing.today import Today, lock_lines, today_of
from queueing.waiting import first_waiting, recent_calls

_HAPPENED = (Ticket.issued_at, Ticket.started_at, Ticket.absent_at, Ticket.returned_at, Ticket.since_at)
_SINCE = func.coalesce(Ticket.since_at, Ticket.issued_at)


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
    ensure_own(running, actor)
    key = press.stored(press_key)
    before = _called_by_press(session, counter_id, key)
    if before is not None:
        return before
    if running.state == "paused":
        raise CounterPaused
    group_ids = groups_if_free(session, counter_id)
    today = today_of(session, running.hall_id, now=now)
    lines = lock_lines(session, today, group_ids)
    while (choice := _choose(session, today, lines, counter_id, now=now)) is not None:
        ticket = _take(session, choice, running, staff_id_of(actor), now=now)
        if ticket is not None:
            lines[ticket.group_id].calls += 1
            _write(session, ticket, choice, counter_id=counter_id, key=key, actor=actor, now=now)
            return ticket
    return None


def _called_by_press(session: Session, counter_id: int, key: str | None) -> Ticket | None:
    if key is None:
        return None
    call = session.scalars(select(Call).where(Call.press_key == key)).one_or_none()
    if call is None:
        return None
    if call.counter_id != counter_id:
        raise PressReused
    return session.get_one(Ticket, call.ticket_id)


def _choose(
    session: Session, today: Today, lines: dict[int, Line], counter_id: int, *, now: datetime
) -> Choice | None:
    if not lines:
        return None
    made = {group_id: line.calls for group_id, line in lines.items()}
    waiting = first_waiting(session, made, on_date=today.on_date, policy=today.policy, counter_id=counter_id)
    recent = recent_calls(session, lines, on_date=today.on_date, policy=today.policy)
    return next_from_heads(heads_of(waiting), recent, now, today.policy)


def _take(
    session: Session, choice: Choice, running: CounterSession, staff_id: int | None, *, now: datetime
) -> Ticket | None:
    taken = (
        update(Ticket)
        .where(Ticket.id == choice.ticket_id, Ticket.state == TicketState.WAITING)
        .values(
            state=TicketState.CALLED.value,
            counter_id=running.counter_id,
            staff_id=staff_id or running.staff_id,
            # This call may have waited for the line while the ticket was issued or came back, a moment after
            # its `now`.
            called_at=func.greatest(*_HAPPENED, now),
            absent_at=None,
            recalls=0,
            wait_time=Ticket.wait_time + (func.greatest(*_HAPPENED, now) - _SINCE),
            since_at=func.greatest(*_HAPPENED, now),
            step={"action": "ticket.call"},
            step_counter_id=running.counter_id,
            stepped_at=clock.real_now(),
        )
        .returning(Ticket)
        .execution_options(populate_existing=True)
    )
    return session.scalars(taken).one_or_none()


def _write(
    session: Session,
    ticket: Ticket,
    choice: Choice,
    *,
    counter_id: int,
    key: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    values = {
        "hall_id": ticket.hall_id,
        "group_id": ticket.group_id,
        "on_date": ticket.on_date,
        "ticket_id": ticket.id,
        "counter_id": counter_id,
        "staff_id": ticket.staff_id,
        "track": ticket.track,
        "was_return": ticket.returned_at is not None,
        "reason": choice.reason.as_data(),
        "called_at": ticket.called_at,
        "last_called_at": ticket.called_at,
        "press_key": key,
    }
    # The same key pressed at two counters at once meets here; the second inserts nothing and is undone.
    made = insert(Call).values(values).on_conflict_do_nothing(index_elements=[Call.press_key])
    call_id = session.scalar(made.returning(Call.id))
    if call_id is None:
        raise PressReused
    called = TicketCalled(
        ticket_id=ticket.id,
        hall_id=ticket.hall_id,
        group_id=ticket.group_id,
        call_id=call_id,
        counter_id=counter_id,
    )
    tell(
        session,
        called,
        "ticket.call",
        actor=actor,
        now=ticket.called_at or now,
        subject=("ticket", ticket.id),
        hall_id=ticket.hall_id,
        states=(TicketState.WAITING, TicketState.CALLED),
        counter_id=counter_id,
        reason=choice.reason.code.value,
    )
