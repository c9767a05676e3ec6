"""What somebody who was here before finds at once: what they left in the middle, what they came for."""

from dataclasses import dataclass
from datetime import timedelta

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from booking.hold import release
from booking.models import Appointment
from catalog.models import Service
from catalog.queries import halls_offering
from halls.models import Hall
from halls.queries import list_halls
from web import edge
from web.citizen.face import blueprint
from web.citizen.running import forget_hold, hold_token
from web.citizen.since import list_since
from web.citizen.visit import Visit, visits_of
from web.guards import citizen_phone, public

REMEMBERED = timedelta(days=400)
MOST = 3


@dataclass(frozen=True, slots=True)
class Again:
    """Something that this phone has booked before, with the answers of that time, and where."""

    visit: Visit
    hall: Hall


def list_again(session: Session, phone: str) -> list[Again]:
    """What this phone has booked, the newest first, each service and hall once."""
    halls = {hall.id: hall for hall in list_halls(session)}
    seen: dict[tuple[int, int], Appointment] = {}
    for row in reversed(list_since(session, phone, halls, edge.now() - REMEMBERED)):
        if len(row.service_ids) == 1:
            seen.setdefault((row.service_ids[0], row.hall_id), row)
    found = (_again(session, row, halls[row.hall_id]) for row in list(seen.values())[: 2 * MOST])
    return [each for each in found if each is not None][:MOST]


def _again(session: Session, row: Appointment, hall: Hall) -> Again | None:
    for visit in visits_of(session, row.service_ids, row.answers):
        offering = {hall_id for hall_id, _group in halls_offering(session, visit.service.id)}
        if visit.service.active and hall.id in offering:
            return Again(visit, hall)
    return None


def usual_hall(session: Session, service: Service) -> Hall | None:
    """The hall where the owner of this browser was last, if it handles this service."""
    phone = citizen_phone()
    halls = {hall.id: hall for hall in list_halls(session)} if phone else {}
    past = list_since(session, phone, halls, edge.now() - REMEMBERED) if phone else []
    offering = {hall_id for hall_id, _group in halls_offering(session, service.id)} if past else set()
    return next((halls[row.hall_id] for row in reversed(past) if row.hall_id in offering), None)


@blueprint.post("/booking/drop")
@public
def drop_booking() -> ResponseReturnValue:
    """Not wanted any more: the number goes back at once, and this browser forgets it."""
    token = hold_token()
    if token:
        with edge.transaction() as session:
            release(session, token, now=edge.now())
    forget_hold()
    flash(_("已放弃，号已经放回去。"), "ok")
    return redirect(url_for(".home"), 303)
