"""What goes on paper: the slip of a booking, for who comes without a phone, and posters that lead here."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.models import Service
from catalog.queries import get_service, halls_offering
from halls.models import Hall
from halls.queries import get_hall
from kernel.errors import NotFound
from web import edge
from web.citizen.bookings import read_shown
from web.citizen.face import blueprint
from web.citizen.in_short import all_in_short
from web.citizen.slots import day_of
from web.guards import public
from web.qr import qr


class NotHandledThere(NotFound):
    """A poster or link names a hall that does not handle the service any more."""

    code = "not_handled_there"
    zh = "这个大厅现在不办这个事项，请从事项页选择其他大厅。"
    en = "This hall does not handle that service now. Please choose another hall on the service's page."


@blueprint.get("/b/<reference>/slip")
@public
def slip(reference: str) -> ResponseReturnValue:
    """One sheet of A6: when, where, the code and its QR, what to bring. Nobody's full name."""
    it = read_shown(reference)
    items = it.trip.papers if it.trip else [item for visit in it.visits for item in visit.items]
    bring = all_in_short((item.material for item in items), it.on_record)
    return render_template("citizen/slip.html", it=it, qr=qr(reference), bring=bring)


@blueprint.get("/s/<code>")
@public
def to_service(code: str) -> ResponseReturnValue:
    """The short address of a service, for posters, messages and other programs."""
    with edge.transaction() as session:
        get_service(session, code)
    return redirect(url_for(".service", code=code))


@blueprint.get("/h/<hall_code>/<code>")
@public
def to_slots(hall_code: str, code: str) -> ResponseReturnValue:
    """Straight to the times of a service in a hall, on a day where one is named (`?day=2026-03-03`)."""
    _ensure_handled(hall_code, code)
    day = day_of(request.args.get("day"))
    answers = request.args.get("a") or None
    address = url_for(
        ".slots", code=code, hall_code=hall_code, a=answers, day=day.isoformat() if day else None
    )
    return redirect(address)


@blueprint.get("/h/<hall_code>/<code>/poster")
@public
def poster(hall_code: str, code: str) -> ResponseReturnValue:
    """A sheet for the wall with the QR of the short address."""
    service, hall = _ensure_handled(hall_code, code)
    short = f"{edge.parts().settings.base_url}{url_for('.to_slots', hall_code=hall_code, code=code)}"
    return render_template("citizen/poster.html", service=service, hall=hall, short=short, qr=qr(short))


@blueprint.get("/arrive/<hall_code>/poster")
@public
def arrival_poster(hall_code: str) -> ResponseReturnValue:
    """A sheet for the inside of a hall: who booked checks in by phone."""
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
    short = f"{edge.parts().settings.base_url}{url_for('.arrive', hall_code=hall_code)}"
    return render_template("citizen/arrival_poster.html", hall=hall, short=short, qr=qr(short))


def _ensure_handled(hall_code: str, code: str) -> tuple[Service, Hall]:
    with edge.transaction() as session:
        hall, service = get_hall(session, hall_code), get_service(session, code)
        if hall.id not in {hall_id for hall_id, _group in halls_offering(session, service.id)}:
            raise NotHandledThere
        return service, hall
