"""Check in by phone on arrival, with the code that the hall's screens show today."""

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from booking.models import Appointment
from booking.queries import get_appointment, list_of_phone
from booking.states import AppointmentState
from catalog.queries import services_of
from halls.queries import get_hall, get_hall_by_id
from kernel.errors import DomainError
from queueing.arrival_code import ensure_arrived
from queueing.check_in import CheckIn, check_in
from web import edge
from web.citizen.bookings import booking_page
from web.citizen.face import blueprint
from web.guards import citizen_only, public
from web.limits import limit_tries
from web.problems import status_of

# Ten thousand codes a day, so guessing from home takes longer than the day.
TRIES = "10/minute"  # of each booking: in a hall everybody has the same address


@blueprint.get("/arrive/<hall_code>")
@citizen_only
def arrive(hall_code: str) -> ResponseReturnValue:
    """Today's bookings of this phone in this hall: what the poster's QR opens."""
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        today = edge.today(hall.time_zone)
        rows = [row for row in list_of_phone(session, g.phone, since_on=today) if _waits_here(row, hall.id)]
        mine = [(row, services_of(session, row.service_ids)) for row in rows if row.on_date == today]
    return render_template("citizen/arrive.html", hall=hall, mine=mine)


def _waits_here(row: Appointment, hall_id: int) -> bool:
    return row.hall_id == hall_id and row.state in (AppointmentState.BOOKED, AppointmentState.CHECKED_IN)


@blueprint.post("/b/<reference>/check-in")
@public
@limit_tries(TRIES, of=lambda: request.path)
def submit_check_in(reference: str) -> ResponseReturnValue:
    """Check in; the ticket's page follows. Who is checked in already gets the same ticket."""
    code = request.form.get("code", "")[:12]
    try:
        ticket = _check_in(reference, code)
    except DomainError as refusal:
        return booking_page(reference, {"code": refusal.sentence(edge.language())}), status_of(refusal)
    return redirect(url_for(".ticket", reference=ticket), 303)


def _check_in(reference: str, code: str) -> str:
    with edge.transaction() as session:
        appointment = get_appointment(session, reference)
        hall = get_hall_by_id(session, appointment.hall_id)
        ensure_arrived(code, hall.id, edge.today(hall.time_zone))
        command = CheckIn(hall_id=hall.id, reference=reference)
        return check_in(session, command, actor=edge.actor(), now=edge.now()).reference
