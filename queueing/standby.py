"""Standby numbers get a promise as soon as there is room: the oldest of a line first, before any newcomer.

Looked at whenever somebody asks for a number of the line (also when they get none), when a counter opens,
when the duty officer has decided about extra time, and every five minutes. The page of the ticket then shows
the promised time.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from halls.models import ServiceGroup
from kernel.actor import SYSTEM
from kernel.outbox import emit
from queueing.admission import Ground, standbys_that_fit
from queueing.events import StandbyPromoted
from queueing.models import Ticket
from queueing.place import OpenLine, open_line, walk_in_place
from queueing.refusals import Refused, note_refusal
from queueing.states import TicketState
from queueing.steps import forget_step, record
from queueing.today import Today, get_group, today_of


def promote(session: Session, line: OpenLine, *, now: datetime) -> OpenLine:
    """Give walk-in places to the standbys of a locked line for whom there is room; the line as it is then."""
    if not line.load.standby:
        return line
    fit = standbys_that_fit(line.capacity, line.load, now, policy=line.policy)
    oldest = (
        select(Ticket)
        .where(*_waiting(line.row.on_date), Ticket.group_id == line.group.id)
        .order_by(Ticket.issued_at, Ticket.ordinal, Ticket.id)
        .limit(fit)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for ticket in session.scalars(oldest).all() if fit else ():
        line = _promote(session, line, ticket, now=now)
    return line


def promote_today(session: Session, hall_id: int, *, now: datetime) -> None:
    """Look at every line of a hall in which standbys wait."""
    today = today_of(session, hall_id, now=now)
    theirs = exists().where(*_waiting(today.on_date), Ticket.group_id == ServiceGroup.id)
    groups = select(ServiceGroup).where(ServiceGroup.hall_id == hall_id, theirs).order_by(ServiceGroup.id)
    for group in session.scalars(groups).all():
        _look(session, today, group, now=now)


def after_refusal(session: Session, refused: Refused, *, now: datetime) -> None:
    """What a refused walk-in leaves behind: counted, and standbys are let in as if it had never asked.

    The refusal undid its own transaction, and with it their promotion: here the line is looked at afresh, for
    between the two somebody else may have let them in, or taken what room there was.
    """
    if refused.promoted:
        today = today_of(session, refused.hall_id, now=now)
        _look(session, today, get_group(session, refused.hall_id, refused.group_id), now=now)
    note_refusal(session, refused, now=now)


def look_again(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """There may be room now; a handler of CounterOpened and ExtraTimeDecided."""
    promote_today(session, event["hall_id"], now=now)


def _look(session: Session, today: Today, group: ServiceGroup, *, now: datetime) -> None:
    line = open_line(session, today, group, now=now)
    if not line.is_over(now):
        promote(session, line, now=now)


def _waiting(on_date: Any) -> tuple[Any, ...]:
    return Ticket.on_date == on_date, Ticket.state == TicketState.WAITING, Ticket.track == "standby"


def _promote(session: Session, line: OpenLine, ticket: Ticket, *, now: datetime) -> OpenLine:
    place = walk_in_place(line, ground=Ground.CAPACITY, now=now)
    ticket.track, ticket.due_at, ticket.promised_at = place.track.value, place.due_at, place.promised_at
    ticket.promoted_at = now
    forget_step(ticket)
    line.row.last_promise_at = place.promised_at
    record(session, ticket, "ticket.promote", actor=SYSTEM, now=now)
    emit(session, StandbyPromoted(ticket.id, ticket.hall_id, ticket.group_id), now=now)
    load = line.load
    minutes = load.work_minutes + (ticket.minutes or load.service_minutes)
    known = replace(load, waiting=load.waiting + 1, waiting_minutes=minutes, standby=load.standby - 1)
    return replace(line, load=known, promoted=line.promoted + 1)
