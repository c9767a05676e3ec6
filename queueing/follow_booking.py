"""A ticket keeps what its booking said at check-in: when that is corrected, it follows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.queries import get_appointment_by_id, phone_of
from kernel.crypto import cipher
from queueing.models import Ticket
from queueing.queries import find_ticket_of_appointment
from queueing.states import FINAL
from queueing.steps import lock


def follow_correction(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Bring person, phone and service of a ticket in line with its corrected appointment.

    A handler of AppointmentCorrected. Only what was corrected: an officer may have asked for another phone
    meanwhile, or sent the ticket to another line with its services. Tickets that have ended stay as they are.
    """
    del now
    ticket = find_ticket_of_appointment(session, event["appointment_id"])
    if ticket is None or lock(session, ticket).state in FINAL:
        return
    appointment, fields = get_appointment_by_id(session, event["appointment_id"]), event["fields"]
    ticket.citizen_id = appointment.citizen_id
    if "service" in fields:
        _follow_services(ticket, appointment)
    phone = phone_of(appointment)
    if "phone" in fields and phone is not None:
        ticket.phone_sealed = cipher().encrypt(phone, "ticket.phone")
        ticket.phone_index = appointment.phone_index


def _follow_services(ticket: Ticket, appointment: Appointment) -> None:
    """In each line that is left what the booking says; a line that it does not name keeps what was asked."""
    services = {leg["group_id"]: leg["service_ids"] for leg in appointment.legs} or {
        appointment.group_id: list(appointment.service_ids)
    }
    others = {each for group_id, ids in services.items() if group_id != ticket.group_id for each in ids}
    if ticket.group_id in services and not others.intersection(ticket.service_ids):
        ticket.service_ids = services[ticket.group_id]
    ticket.legs = [
        leg | {"service_ids": services.get(leg["group_id"], leg["service_ids"])} for leg in ticket.legs
    ]
