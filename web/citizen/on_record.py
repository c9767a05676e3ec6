"""What citizens need not bring because the register of licences has it, told to nobody but themselves.

`on_record` in templates: kind of licence → until when it is valid, None where it does not expire.
"""

from datetime import date

from sqlalchemy.orm import Session

from booking.models import Appointment
from booking.seen_in_person import list_seen, was_seen
from people.citizens import phone_index
from people.licences import Held, find_licences
from people.models import Citizen
from web import edge
from web.citizen.face import blueprint
from web.guards import citizen_phone

NOTHING: Held = {}


@blueprint.app_context_processor
def _usual() -> dict[str, Held]:
    """Pages that know of nobody mark nothing."""
    return {"on_record": NOTHING}


def of_document(session: Session, person: bytes, *, on: date) -> Held:
    """For a document (its keyed hash) that was typed in: only if its owner came with this phone before."""
    phone = citizen_phone()
    if phone is None or not was_seen(session, person, phone):
        return NOTHING
    return find_licences(session, person, on=on)


def of_appointment(session: Session, appointment: Appointment) -> Held:
    """For a booking of the phone that this browser stands for. Who has only the link learns nothing."""
    phone = citizen_phone()
    citizen = session.get_one(Citizen, appointment.citizen_id)
    if phone is None or appointment.phone_index != phone_index(phone) or citizen.identity_index is None:
        return NOTHING
    return of_document(session, citizen.identity_index, on=appointment.on_date)


def of_browser(session: Session) -> Held:
    """Before anybody was named: if one person alone has come with this phone, it is about them."""
    phone = citizen_phone()
    seen = list_seen(session, phone) if phone else []
    if len(seen) != 1:
        return NOTHING
    return find_licences(session, seen[0], on=edge.today())
