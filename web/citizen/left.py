"""What is left of a visit after the counter, as its citizen is told: papers to bring, results to collect."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from catalog.models import Service
from catalog.queries import services_of
from queueing.after_models import BackTask, OwedPaper
from queueing.back_tasks import tasks_of
from queueing.owed import owed_of


@dataclass(frozen=True, slots=True)
class Left:
    """Papers still owed, and tasks with what they are about."""

    papers: Sequence[OwedPaper] = ()
    tasks: Sequence[tuple[BackTask, Service]] = ()


def left_of(session: Session, ticket_id: int | None) -> Left:
    """What is left of a ticket's visit; nothing without a ticket."""
    if ticket_id is None:
        return Left()
    tasks = tasks_of(session, [ticket_id])
    services = {each.id: each for each in services_of(session, {task.service_id for task in tasks})}
    owed = [paper for paper in owed_of(session, [ticket_id]) if paper.state == "owed"]
    return Left(owed, [(task, services[task.service_id]) for task in tasks])
