"""What waits for a decision in one's halls."""

from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from booking import appeals, special_requests
from halls.models import Hall
from halls.queries import list_halls
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


@blueprint.get("/")
@staff_only("request.decide")
def home() -> ResponseReturnValue:
    """One's halls with what waits in each."""
    with edge.transaction() as session:
        waiting = [
            _waiting(session, hall)
            for hall in list_halls(session)
            if edge.actor().may("request.decide", hall.id)
        ]
    return render_template("duty/home.html", waiting=waiting)


def _waiting(session: Session, hall: Hall) -> Waiting:
    asked = special_requests.list_requests(session, hall.id, open_only=True)
    late = sum(special_requests.is_late(each, now=edge.now()) for each in asked)
    return Waiting(hall, len(asked), late, len(appeals.list_appeals(session, hall.id, open_only=True)))
