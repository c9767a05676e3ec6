"""The first page: three things people come for; and how full the halls are now."""

from datetime import datetime

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.slot_places import IN_HALL, place_in
from booking.states import OPEN
from catalog.queries import list_services
from halls.models import Hall
from halls.queries import list_city_groups, list_halls
from queueing.busy import waiting_by_line
from web import edge
from web.citizen.basket import basket_codes
from web.citizen.face import blueprint
from web.citizen.returning import list_again
from web.citizen.running import unfinished_booking
from web.citizen.since import list_since
from web.guards import citizen_phone, public

POPULAR = 6


@blueprint.get("/")
@public
def home() -> ResponseReturnValue:
    """Search, the big entries, what people ask for most, and the next booking of a verified phone."""
    phone = citizen_phone()
    with edge.transaction() as session:
        services = list_services(session)[:POPULAR]
        halls = list_halls(session)
        coming = _next_booking(session, phone, halls, now=edge.now()) if phone else None
        facts = {
            "coming": coming,
            "place": place_in(coming[0]) if coming else IN_HALL,
            "unfinished": unfinished_booking(session),
            "again": list_again(session, phone) if phone else [],
            "basket": len(basket_codes()),
        }
    return render_template("citizen/home.html", services=services, halls=halls, **facts)


def _next_booking(
    session: Session, phone: str, halls: list[Hall], *, now: datetime
) -> tuple[Appointment, Hall] | None:
    by_id = {hall.id: hall for hall in halls}
    for appointment in list_since(session, phone, by_id, now):
        if appointment.state in OPEN:
            return appointment, by_id[appointment.hall_id]
    return None


@blueprint.get("/queues")
@public
def queues() -> ResponseReturnValue:
    """How many wait in every hall now, and how to queue without a booking."""
    with edge.transaction() as session:
        halls = list_halls(session)
        groups = list_city_groups(session)
        days = {hall.id: edge.today(hall.time_zone) for hall in halls}
        waiting = waiting_by_line(session, {group.id: days[group.hall_id] for group in groups})
    lines = [(hall, [group for group in groups if group.hall_id == hall.id]) for hall in halls]
    return render_template("citizen/queues.html", halls=lines, waiting=waiting, moment=edge.now())
