"""Invariants of the lines, checked on the data of a running system."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Row, and_, column, exists, func, or_, select, text
from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.audit import AuditEntry
from kernel.doctor import Violation
from kernel.outbox import OutboxEvent
from queueing.after_models import DayReport
from queueing.models import Call, CounterSession, Line, Ticket
from queueing.states import AT_COUNTER, FINAL, TicketState, can_become

#: Enough to see what is wrong; a broken rule may break everywhere.
_MOST = 20


def check(session: Session) -> list[Violation]:
    """Every broken invariant of tickets, lines and counters; empty when all hold."""
    return [
        *_two_counters(session),
        *_called_twice(session),
        *_ordinals(session),
        *_skipped_states(session),
        *_last_states(session),
        *_times(session),
        *_durations(session),
        *_stays(session),
        *_legs(session),
        *_visits(session),
        *_overnight(session),
    ]


def _two_counters(session: Session) -> Iterator[Violation]:
    """A counter has one ticket at a time, and one session. In a village people are served at none."""
    in_village = and_(Appointment.id == Ticket.appointment_id, Appointment.place_zh != "")
    away = and_(Ticket.state == TicketState.SERVING, exists().where(in_village))
    at_counter = (
        select(Ticket.counter_id)
        .where(Ticket.state.in_(AT_COUNTER), or_(Ticket.counter_id.is_not(None), ~away))
        .group_by(Ticket.counter_id)
        .having(or_(func.count() > 1, Ticket.counter_id.is_(None)))
    )
    for counter_id in session.scalars(at_counter.limit(_MOST)):
        yield Violation("counter_with_two_tickets", f"counter {counter_id}")
    sessions = (
        select(CounterSession.counter_id)
        .where(CounterSession.closed_at.is_(None))
        .group_by(CounterSession.counter_id)
        .having(func.count() > 1)
    )
    for counter_id in session.scalars(sessions.limit(_MOST)):
        yield Violation("counter_with_two_sessions", f"counter {counter_id}")


def _called_twice(session: Session) -> Iterator[Violation]:
    """Every step of calling has its own call; a ticket called once was called by one counter."""
    steps = (
        select(AuditEntry.subject_id, func.count().label("steps"))
        .where(AuditEntry.subject_kind == "ticket", AuditEntry.action == "ticket.call")
        .group_by(AuditEntry.subject_id)
        .subquery()
    )
    calls = select(Call.ticket_id, func.count().label("calls")).group_by(Call.ticket_id).subquery()
    query = (
        select(calls.c.ticket_id, calls.c.calls, func.coalesce(steps.c.steps, 0))
        .outerjoin(steps, steps.c.subject_id == calls.c.ticket_id)
        .where(calls.c.calls != func.coalesce(steps.c.steps, 0))
    )
    for ticket_id, made, wanted in session.execute(query.limit(_MOST)):
        yield Violation(
            "ticket_called_by_two_counters", f"ticket {ticket_id}", f"{made} calls, {wanted} steps"
        )


def _ordinals(session: Session) -> Iterator[Violation]:
    """Per group and day the ordinals are 1, 2, … n, the labels differ, and the line knows n."""
    given = (
        select(
            Ticket.issued_group_id.label("group_id"),
            Ticket.on_date,
            func.count().label("tickets"),
            func.count(Ticket.label.distinct()).label("labels"),
            func.min(Ticket.ordinal).label("first"),
            func.max(Ticket.ordinal).label("last"),
        )
        .group_by(Ticket.issued_group_id, Ticket.on_date)
        .subquery()
    )
    same_day = and_(Line.group_id == given.c.group_id, Line.on_date == given.c.on_date)
    query = select(given, Line.last_ordinal).outerjoin(Line, same_day)
    wrong = or_(
        given.c.first != 1,
        given.c.tickets != given.c.last,
        given.c.labels != given.c.tickets,
        Line.last_ordinal.is_distinct_from(given.c.last),
    )
    for row in session.execute(query.where(wrong).limit(_MOST)):
        yield Violation("ticket_numbers_with_gaps", f"group {row.group_id} on {row.on_date}", _numbers(row))


def _numbers(row: Row[tuple[object, ...]]) -> str:
    found = row._mapping  # noqa: SLF001  # SQLAlchemy's documented way to columns by name
    return f"{found['tickets']} tickets, {found['labels']} labels, up to {found['last']}"


def _skipped_states(session: Session) -> Iterator[Violation]:
    """The audit of each ticket is one chain from its issue, and each link is in the drawing."""
    before = func.lag(AuditEntry.to_state).over(partition_by=AuditEntry.subject_id, order_by=AuditEntry.id)
    links = (
        select(AuditEntry.subject_id, AuditEntry.from_state, AuditEntry.to_state, before.label("before"))
        .where(AuditEntry.subject_kind == "ticket", AuditEntry.to_state.is_not(None))
        .subquery()
    )
    broken = select(links).where(links.c.before.is_distinct_from(links.c.from_state))
    for row in session.execute(broken.limit(_MOST)):
        yield Violation(
            "ticket_state_skipped", f"ticket {row.subject_id}", f"{row.before} then {row.from_state}"
        )
    kinds = select(links.c.from_state, links.c.to_state, func.min(links.c.subject_id).label("ticket_id"))
    for row in session.execute(kinds.group_by(links.c.from_state, links.c.to_state)):
        if not _is_allowed(row.from_state, row.to_state):
            step = f"{row.from_state} to {row.to_state}"
            yield Violation("ticket_step_not_allowed", f"ticket {row.ticket_id}", step)


def _is_allowed(before: str | None, after: str) -> bool:
    if before is None:
        return after == TicketState.WAITING
    return can_become(TicketState(before), TicketState(after))


def _last_states(session: Session) -> Iterator[Violation]:
    """The row is where its audit left it."""
    last = (
        select(AuditEntry.to_state)
        .where(AuditEntry.subject_kind == "ticket", AuditEntry.subject_id == Ticket.id)
        .where(AuditEntry.to_state.is_not(None))
        .order_by(AuditEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(Ticket.id, Ticket.state, last.label("told")).where(Ticket.state.is_distinct_from(last))
    for row in session.execute(query.limit(_MOST)):
        yield Violation("ticket_state_untold", f"ticket {row.id}", f"{row.state}, audit says {row.told}")


def _times(session: Session) -> Iterator[Violation]:
    """Who was served was issued, called, started and ended, in this order."""
    wrong = or_(
        Ticket.called_at.is_(None),
        Ticket.started_at.is_(None),
        Ticket.ended_at.is_(None),
        Ticket.called_at < Ticket.issued_at,
        Ticket.started_at < Ticket.called_at,
        Ticket.ended_at < Ticket.started_at,
    )
    query = select(Ticket.id).where(Ticket.state == TicketState.COMPLETED, wrong)
    for ticket_id in session.scalars(query.limit(_MOST)):
        yield Violation("ticket_times_out_of_order", f"ticket {ticket_id}")


def _durations(session: Session) -> Iterator[Violation]:
    """What a ticket waited, walked, was served and was away adds up to its life until its last step."""
    spent = Ticket.wait_time + Ticket.walk_time + Ticket.service_time + Ticket.aside_time
    query = select(Ticket.id).where(spent != Ticket.since_at - Ticket.issued_at)
    for ticket_id in session.scalars(query.limit(_MOST)):
        yield Violation("ticket_durations_do_not_add_up", f"ticket {ticket_id}")


def _stays(session: Session) -> Iterator[Violation]:
    """What a completed visit took in its lines is what it took, and the last is the line it ended in."""
    stays = func.jsonb_to_recordset(Ticket.stays).table_valued(column("took", BigInteger), name="stay")
    took = select(func.sum(stays.render_derived(with_types=True).c.took)).scalar_subquery()
    at_counters = func.extract("epoch", Ticket.walk_time + Ticket.service_time) * 1_000_000
    ended_in = Ticket.stays[-1]["group_id"].as_integer()
    wrong = or_(took != at_counters, ended_in != Ticket.group_id)
    kept = func.jsonb_array_length(Ticket.stays) > 0
    query = select(Ticket.id).where(Ticket.state == TicketState.COMPLETED, kept, wrong)
    for ticket_id in session.scalars(query.limit(_MOST)):
        yield Violation("ticket_stays_do_not_add_up", f"ticket {ticket_id}")


def _legs(session: Session) -> Iterator[Violation]:
    """A visit that ended as completed has no leg left."""
    left = func.jsonb_array_length(Ticket.legs) > 0
    query = select(Ticket.id).where(Ticket.state == TicketState.COMPLETED, left)
    for ticket_id in session.scalars(query.limit(_MOST)):
        yield Violation("ticket_completed_before_its_last_leg", f"ticket {ticket_id}")


def _visits(session: Session) -> Iterator[Violation]:
    """Every completed ticket told it once, or once more for each time that it was undone.

    Old events may be gone from the outbox: more than that is wrong.
    """
    told = OutboxEvent.payload["ticket_id"].as_integer()
    completed = func.count().filter(OutboxEvent.name == "VisitCompleted")
    undone = func.count().filter(OutboxEvent.name == "CompletionUndone")
    query = (
        select(told.label("ticket_id"), completed.label("times"))
        .where(OutboxEvent.name.in_(("VisitCompleted", "CompletionUndone")))
        .group_by(text("1"))
        .having(completed > undone + 1)
    )
    for row in session.execute(query.limit(_MOST)):
        yield Violation("visit_completed_twice", f"ticket {row.ticket_id}", f"{row.times} times")


def _overnight(session: Session) -> Iterator[Violation]:
    """Nobody stays in a line once a later day of the hall was closed.

    A number given after the close of its own day is open until the next day's.
    """
    later = DayReport.hall_id == Ticket.hall_id, DayReport.on_date > Ticket.on_date
    query = select(Ticket.id, Ticket.on_date).where(
        Ticket.state.in_(sorted(set(TicketState) - FINAL)), select(DayReport).where(*later).exists()
    )
    for row in session.execute(query.order_by(Ticket.id).limit(_MOST)):
        yield Violation("ticket_never_ended", f"ticket {row.id}", f"of {row.on_date}")
