"""Counters at work: open, pause, resume, close. One session per counter, and per officer."""

from datetime import date, datetime
from typing import Protocol

from sqlalchemy import BigInteger, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from halls.models import Counter, CounterSkill, Hall
from halls.queries import get_counter
from kernel.actor import Actor
from kernel.outbox import Event
from kernel.story import tell
from queueing import events
from queueing.errors import (
    AlreadyAtCounter,
    CounterBusy,
    CounterNotOpen,
    CounterTaken,
    NotYourCounter,
    PauseReasonUnknown,
)
from queueing.models import CounterSession, Line, Ticket
from queueing.states import AT_COUNTER
from queueing.steps import ensure_in_hall

PAUSE_REASONS = ("break", "meal", "meeting", "equipment", "other")


def open_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Sit down at a counter; again by the same officer returns the same session, and ends its pause.

    Who may set the clock plays whole days and may work several counters at once.

    Raises:
        CounterNotFound, CounterTaken, AlreadyAtCounter, NotYourCounter
    """
    counter = get_counter(session, counter_id)
    ensure_in_hall(actor, counter.hall_id)
    if actor.kind != "staff" or actor.id is None:
        raise NotYourCounter
    running = session_of_counter(session, counter_id)
    if running is None:
        return sit_down(session, counter, actor.id, actor=actor, now=now)
    if running.staff_id != actor.id:
        raise CounterTaken
    return resume_counter(session, counter_id, actor=actor, now=now)


def pause_counter(
    session: Session, counter_id: int, *, reason: str, actor: Actor, now: datetime
) -> CounterSession:
    """Stop calling for a while; a ticket at the counter may still be finished.

    Raises:
        CounterNotOpen, PauseReasonUnknown, NotYourCounter
    """
    if reason not in PAUSE_REASONS:
        raise PauseReasonUnknown
    running = lock_session(session, counter_id)
    ensure_own(running, actor)
    if running.state != "paused":
        running.state, running.pause_reason, running.paused_at = "paused", reason, now
        told = events.CounterPaused(counter_id=counter_id, hall_id=running.hall_id)
        _tell(session, running, told, "counter.pause", actor=actor, now=now, states=("open", "paused"))
    return running


def resume_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Call again.

    Raises:
        CounterNotOpen, NotYourCounter
    """
    running = lock_session(session, counter_id)
    ensure_own(running, actor)
    if running.state == "paused":
        running.state, running.pause_reason, running.paused_at = "open", None, None
        told = events.CounterOpened(counter_id=counter_id, hall_id=running.hall_id)
        _tell(session, running, told, "counter.resume", actor=actor, now=now, states=("paused", "open"))
    return running


def close_counter(session: Session, counter_id: int, *, actor: Actor, now: datetime) -> CounterSession:
    """Leave the counter.

    Raises:
        CounterNotOpen, CounterBusy, NotYourCounter
    """
    running = lock_session(session, counter_id)
    ensure_own(running, actor)
    ensure_free(session, counter_id)
    end_session(session, running, actor=actor, now=now)
    return running


def end_session(session: Session, running: CounterSession, *, actor: Actor, now: datetime) -> None:
    """Close a locked session, whoever sits there."""
    before, running.state, running.closed_at = running.state, "closed", now
    told = events.CounterClosed(counter_id=running.counter_id, hall_id=running.hall_id)
    _tell(session, running, told, "counter.close", actor=actor, now=now, states=(before, "closed"))


def counter_of_staff(session: Session, staff_id: int) -> CounterSession | None:
    """The running session of an officer, open or paused; the last one of who works several."""
    query = select(CounterSession).where(
        CounterSession.staff_id == staff_id, CounterSession.closed_at.is_(None)
    )
    return session.scalars(query.order_by(CounterSession.id.desc()).limit(1)).first()


def session_of_counter(session: Session, counter_id: int) -> CounterSession | None:
    """The running session at a counter, open or paused."""
    query = select(CounterSession).where(
        CounterSession.counter_id == counter_id, CounterSession.closed_at.is_(None)
    )
    return session.scalars(query).one_or_none()


def lock_session(session: Session, counter_id: int) -> CounterSession:
    """The running session, locked and read afresh; first in the order of locks. Raises CounterNotOpen."""
    query = (
        select(CounterSession)
        .where(CounterSession.counter_id == counter_id, CounterSession.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    running = session.scalars(query).one_or_none()
    if running is None:
        raise CounterNotOpen
    return running


def lock_at_work(
    session: Session, hall_code: str, number: int
) -> tuple[Hall, Counter, CounterSession] | None:
    """Hall, counter and its running session, which is locked and read afresh; None where one is missing."""
    query = (
        select(Hall, Counter, CounterSession)
        .join(Counter, Counter.hall_id == Hall.id)
        .join(CounterSession, CounterSession.counter_id == Counter.id)
        .where(Hall.code == hall_code, Hall.active, Counter.number == number, Counter.active)
        .where(CounterSession.closed_at.is_(None))
        .with_for_update(of=CounterSession)
        .execution_options(populate_existing=True)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


class Seated(Protocol):
    """Who sits at a counter."""

    @property
    def hall_id(self) -> int: ...

    @property
    def counter_id(self) -> int: ...

    @property
    def staff_id(self) -> int: ...


def ensure_own(running: Seated, actor: Actor) -> None:
    """Only who sits at a counter works it, or the duty officer; raises NotYourCounter."""
    if actor.kind == "system" or (actor.kind == "staff" and running.staff_id == actor.id):
        return
    if not actor.may("ticket.override", running.hall_id):
        raise NotYourCounter


def ensure_free(session: Session, counter_id: int) -> None:
    """No ticket is called to or served at the counter; raises CounterBusy."""
    query = select(Ticket.label).where(Ticket.counter_id == counter_id, Ticket.state.in_(AT_COUNTER))
    label = session.scalars(query).first()
    if label is not None:
        raise CounterBusy(label=label)


def groups_if_free(session: Session, counter_id: int) -> list[int]:
    """What `list_group_ids` gives, after `ensure_free`, in one statement; raises CounterBusy."""
    there = select(Ticket.label).where(Ticket.counter_id == counter_id, Ticket.state.in_(AT_COUNTER))
    query = select(CounterSkill.group_id, there.limit(1).scalar_subquery().label("label"))
    # A counter without any skill may still be busy.
    one = select(literal(1).label("row")).subquery()
    skills = query.select_from(one).outerjoin(CounterSkill, CounterSkill.counter_id == counter_id)
    rows = session.execute(skills.order_by(CounterSkill.group_id)).all()
    if rows[0].label is not None:
        raise CounterBusy(label=rows[0].label)
    return [row.group_id for row in rows if row.group_id is not None]


def lock_lines_if_free(session: Session, counter_id: int, on_date: date) -> dict[int, Line] | None:
    """The lines of that day that a counter serves, locked, after `ensure_free`, in one statement.

    None, with some of them locked, where one of the lines has not been made yet. Raises CounterBusy.
    """
    rows = session.execute(
        _LINES_AND_LABEL,
        {"counter_id": counter_id, "on_date": on_date},
        execution_options={"populate_existing": True},
    ).all()
    if not rows:
        return None
    _line, label, skills = rows[0]
    if label is not None:
        raise CounterBusy(label=label)
    return {row[0].group_id: row[0] for row in rows} if len(rows) == skills else None


_COUNTER = bindparam("counter_id", type_=BigInteger)
_LABEL = select(Ticket.label).where(Ticket.counter_id == _COUNTER, Ticket.state.in_(AT_COUNTER)).limit(1)
_SKILLS = select(func.count()).select_from(CounterSkill).where(CounterSkill.counter_id == _COUNTER)
_LINES_AND_LABEL = (
    select(Line, _LABEL.scalar_subquery(), _SKILLS.scalar_subquery())
    .join(CounterSkill, CounterSkill.group_id == Line.group_id)
    .where(CounterSkill.counter_id == _COUNTER, Line.on_date == bindparam("on_date"))
    .order_by(Line.id)  # the order of locks everywhere
    .with_for_update(of=Line)
)


def list_group_ids(session: Session, counter_id: int) -> list[int]:
    """The groups that a counter can serve."""
    query = select(CounterSkill.group_id).where(CounterSkill.counter_id == counter_id)
    return list(session.scalars(query.order_by(CounterSkill.group_id)))


def sit_down(
    session: Session, counter: Counter, staff_id: int, *, actor: Actor, now: datetime
) -> CounterSession:
    """A new session at a counter where nobody sits; raises AlreadyAtCounter, CounterTaken."""
    several = actor.may("clock.set")
    if not several:
        _ensure_nowhere_else(session, staff_id)
    values = {
        "hall_id": counter.hall_id,
        "counter_id": counter.id,
        "staff_id": staff_id,
        "several": several,
        "opened_at": now,
    }
    # Two who sit down in the same moment meet at the unique indexes; the second inserts nothing.
    made = insert(CounterSession).values(values).on_conflict_do_nothing().returning(CounterSession)
    running = session.scalars(made).one_or_none()
    if running is None:
        _ensure_nowhere_else(session, staff_id)
        raise CounterTaken
    told = events.CounterOpened(counter_id=counter.id, hall_id=counter.hall_id)
    _tell(session, running, told, "counter.open", actor=actor, now=now, states=(None, "open"))
    return running


def _ensure_nowhere_else(session: Session, staff_id: int) -> None:
    own = counter_of_staff(session, staff_id)
    if own is not None:
        raise AlreadyAtCounter(number=get_counter(session, own.counter_id).number)


def _tell(
    session: Session,
    running: CounterSession,
    told: Event,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    states: tuple[str | None, str],
) -> None:
    tell(
        session,
        told,
        action,
        actor=actor,
        now=now,
        subject=("counter", running.counter_id),
        hall_id=running.hall_id,
        states=states,
        reason=running.pause_reason,
    )
