"""What waits for a decision in one's halls."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from booking import appeal_steps, special_requests
from booking.models import Appeal, DocumentAppeal, SpecialRequest
from booking.waitlist_desk import count_waiting
from halls.models import Hall
from halls.queries import list_halls
from queueing.extra_time import count_open
from queueing.left_behind import count_left
from queueing.parked import count_parked
from web import edge
from web.duty.face import blueprint
from web.guards import staff_only


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hall, and how much waits there; `late` requests wait too long."""

    hall: Hall
    requests: int
    late: int
    appeals: int
    extra: int
    waitlist: int
    parked: int
    left: int


@blueprint.get("/")
@staff_only("request.decide")
def home() -> ResponseReturnValue:
    """One's halls with what waits in each."""
    may = edge.actor().may
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if may("request.decide", hall.id)]
        ids = [hall.id for hall in halls]
        asked = special_requests.open_by_hall(session, ids)
        appealed = appeal_steps.count_open(session, Appeal, ids)
        disputed = appeal_steps.count_open(session, DocumentAppeal, ids)
        extra = count_open(session, ids, now=edge.now())
        listed = count_waiting(session, ids)
        parked = count_parked(session, ids, now=edge.now())
        left = count_left(session, ids, now=edge.now())
    waiting = [
        _waiting(
            hall,
            asked.get(hall.id, []),
            appeals=appealed.get(hall.id, 0) + disputed.get(hall.id, 0),
            extra=extra.get(hall.id, 0),
            waitlist=listed.get(hall.id, 0),
            parked=parked.get(hall.id, 0),
            left=left[hall.id],
        )
        for hall in halls
    ]
    return render_template("duty/home.html", waiting=waiting)


def _waiting(hall: Hall, asked: Sequence[SpecialRequest], **counts: int) -> Waiting:
    late = sum(special_requests.is_late(each, now=edge.now()) for each in asked)
    return Waiting(hall, len(asked), late, **counts)
