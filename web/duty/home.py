"""What waits for a decision in one's halls."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from booking import appeals, special_requests
from booking.models import SpecialRequest
from halls.models import Hall
from halls.queries import list_halls
from queueing.extra_time import count_open
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


@blueprint.get("/")
@staff_only("request.decide")
def home() -> ResponseReturnValue:
    """One's halls with what waits in each."""
    may = edge.actor().may
    with edge.transaction() as session:
        halls = [hall for hall in list_halls(session) if may("request.decide", hall.id)]
        ids = [hall.id for hall in halls]
        asked = special_requests.open_by_hall(session, ids)
        appealed = appeals.count_open(session, ids)
        extra = count_open(session, ids, now=edge.now())
    waiting = [
        _waiting(hall, asked.get(hall.id, []), appealed.get(hall.id, 0), extra.get(hall.id, 0))
        for hall in halls
    ]
    return render_template("duty/home.html", waiting=waiting)


def _waiting(hall: Hall, asked: Sequence[SpecialRequest], appealed: int, extra: int) -> Waiting:
    late = sum(special_requests.is_late(each, now=edge.now()) for each in asked)
    return Waiting(hall, len(asked), late, appealed, extra)
