"""What goes on after the counter until its result is handed out: 后台办理、统一窗口出件."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import ids
from kernel.actor import Actor
from kernel.errors import NotFound
from queueing import events
from queueing.after_counter import find_in_hall, left_of, left_of_visits, lock_served, tell_of
from queueing.after_models import BackTask
from queueing.errors import ServiceNotHere
from queueing.hall_rooms import room_in
from queueing.models import Ticket
from queueing.steps import ensure_in_hall, forget_step
from queueing.task_states import TASK_OPEN, TaskState, ensure_step


class TaskUnknown(NotFound):
    """No task has this reference."""

    code = "task_unknown"
    zh = "没有找到这一件，请核对编号后重试。"
    en = "We could not find this task. Please check its number."


def open_task(
    session: Session,
    ticket: Ticket,
    *,
    service_id: int,
    due_on: date | None = None,
    place: str = "",
    actor: Actor,
    now: datetime,
) -> BackTask:
    """Accept a matter of the person being served for work after the counter. Once per service of a visit.

    Raises:
        ServiceNotHere, DueDateUnfit, RoomUnreadable, TicketMoved, NotYourCounter
    """
    ticket, now = lock_served(session, ticket, actor=actor, now=now)
    if service_id not in ticket.service_ids:
        raise ServiceNotHere
    values = {
        **left_of(session, ticket, service_id, due_on, actor=actor, now=now),
        "reference": ids.new_reference(),
        "label": ticket.label,
        "on_date": ticket.on_date,
        "place": room_in(session, ticket.hall_id, place) or "",
    }
    made = insert(BackTask).values(values).on_conflict_do_nothing().returning(BackTask)
    task = session.scalars(made).one_or_none()
    if task is None:
        same = select(BackTask).where(BackTask.ticket_id == ticket.id, BackTask.service_id == service_id)
        return session.scalars(same).one()
    forget_step(ticket)
    _tell(session, task, "task.open", actor=actor, now=now, states=(None, task.state))
    return task


def move_task(
    session: Session, task: BackTask, target: TaskState, *, actor: Actor, now: datetime
) -> BackTask:
    """Take a task one step on; of two who do so at once the second is told.

    Raises:
        TaskMoved, Forbidden
    """
    locked = select(BackTask).where(BackTask.id == task.id).with_for_update()
    task = session.scalars(locked.execution_options(populate_existing=True)).one()
    ensure_in_hall(actor, task.hall_id)
    before = TaskState(task.state)
    ensure_step(before, target)
    # A press may wait for one that was made after it.
    now = max(now, *(each for each in (task.created_at, task.worked_at, task.ready_at) if each is not None))
    task.state = target.value
    if target == TaskState.WORKING:
        task.worked_at, task.worked_by, task.ready_at = task.worked_at or now, actor.id, None
    elif target == TaskState.READY:
        task.ready_at = now
    else:
        task.ended_at, task.ended_by = now, actor.id
    _tell(session, task, "task.move", actor=actor, now=now, states=(before.value, target.value))
    return task


def get_task(session: Session, reference: str, *, hall_id: int) -> BackTask:
    """A task of this hall; raises TaskUnknown."""
    task = find_in_hall(session, BackTask, reference, hall_id=hall_id)
    if task is None:
        raise TaskUnknown
    return task


def list_tasks(session: Session, hall_id: int, *, open_only: bool = True, limit: int = 200) -> list[BackTask]:
    """The hall's tasks: the open ones by their due date, or the ended ones, the latest first."""
    query = select(BackTask).where(BackTask.hall_id == hall_id)
    if open_only:
        query = query.where(BackTask.state.in_(TASK_OPEN)).order_by(BackTask.due_on, BackTask.id)
    else:
        query = query.where(BackTask.state.not_in(TASK_OPEN)).order_by(BackTask.ended_at.desc())
    return list(session.scalars(query.limit(limit)))


def tasks_of(session: Session, ticket_ids: Sequence[int]) -> list[BackTask]:
    """The tasks of these visits."""
    return left_of_visits(session, BackTask, ticket_ids)


def is_late(task: BackTask, *, today: date) -> bool:
    """Whether its result was promised for a day that is over."""
    return task.state in (TaskState.TAKEN, TaskState.WORKING) and task.due_on < today


def _tell(
    session: Session,
    task: BackTask,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    states: tuple[str | None, str],
) -> None:
    told = events.ResultReady if task.state == TaskState.READY else events.BackTaskMoved
    event = told(task.id, task.hall_id, task.ticket_id)
    tell_of(session, task, event, action, actor=actor, now=now, states=states)
