"""What else an officer can do at a counter: undo, pass on, note what was done, owed, and goes on later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_by_group
from halls.queries import calendar
from kernel.actor import Actor
from kernel.looks import note_look
from queueing.after_models import BackTask, OwedPaper
from queueing.back_tasks import tasks_of
from queueing.counters import list_group_ids
from queueing.desk import Desk, Seat, list_seats
from queueing.hall_rooms import list_rooms
from queueing.models import Ticket
from queueing.owed import owed_of
from queueing.prefilled import Prefilled, find_prefilled
from queueing.task_states import due_date
from queueing.undo import UNDO_WITHIN, find_undoable
from queueing.what_waits import LineWaits, what_waits


@dataclass(frozen=True, slots=True)
class More:
    """Beside the desk. `undo_ms` is how long the last step can still be taken back.

    `services` are those of the counter's lines, for adding what is really done; `others` the counters that
    somebody works at, for passing a ticket on. `waits` is what people wait for in the hall, `mine` the lines
    of this counter; `prefilled` what who is being served wrote when they booked. `rooms` are the names of
    rooms that people can be sent to.
    """

    undoable: Ticket | None
    undo_ms: int
    others: Sequence[Seat]
    waits: Sequence[LineWaits] = ()
    mine: frozenset[int] = frozenset()
    services: Sequence[Service] = ()
    papers: Sequence[OwedPaper] = ()
    tasks: Sequence[BackTask] = ()
    due_on: date | None = None
    task_services: Mapping[int, Service] = field(default_factory=dict)
    prefilled: Prefilled | None = None
    rooms: Sequence[str] = ()


def more(session: Session, desk: Desk, *, actor: Actor, now: datetime, real_now: datetime) -> More:
    """What goes with `desk`; the lists are read only while somebody is being served.

    What `actor` is shown of who is being served, and where to post to, goes into the audit once.
    """
    found = _more(session, desk, now=now, real_now=real_now)
    if desk.current is not None:
        written = found.prefilled
        shown = ["name", "number", *(["phone"] if written.phone else [])] if written is not None else []
        shown += ["address"] if desk.current.delivery is not None else []
        about = ("ticket", desk.current.ticket.id)
        note_look(session, shown, subject=about, hall_id=desk.hall.id, actor=actor, now=now)
    return found


def _more(session: Session, desk: Desk, *, now: datetime, real_now: datetime) -> More:
    counter = desk.counter
    last = find_undoable(session, counter.id, real_now=real_now)
    left = UNDO_WITHIN - (real_now - last.stepped_at) if last is not None and last.stepped_at else None
    undo_ms = max(0, int(left.total_seconds() * 1000)) if left is not None else 0
    ticket = desk.current.ticket if desk.current is not None else None
    skills = frozenset(list_group_ids(session, counter.id))
    today = now.astimezone(ZoneInfo(desk.hall.time_zone)).date()
    waits = what_waits(session, desk.hall.id, on_date=today)
    if ticket is None:
        return More(last, undo_ms, (), waits, skills)
    seats = list_seats(session, desk.hall.id)
    open_ = [each for each in seats if each.running is not None and each.running.state == "open"]
    others = [each for each in open_ if each.counter.id != counter.id]
    if ticket.state != "serving":
        return More(last, undo_ms, others, waits, skills)
    offered = services_by_group(session, desk.hall.id)
    mine = [service for group_id, found in offered.items() if group_id in skills for service in found]
    done = {matter.service.id: matter.service for matter in desk.current.matters} if desk.current else {}
    return More(
        undoable=last,
        undo_ms=undo_ms,
        others=others,
        waits=waits,
        mine=skills,
        services=list({service.id: service for service in (*done.values(), *mine)}.values()),
        papers=owed_of(session, [ticket.id]),
        tasks=tasks_of(session, [ticket.id]),
        due_on=due_date(today, None, calendar(session)),
        task_services=done,
        prefilled=find_prefilled(session, ticket),
        rooms=list_rooms(session, desk.hall.id),
    )
