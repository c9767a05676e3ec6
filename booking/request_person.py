"""Who asks for a number outside the line, as the officer who decides sees them."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from booking.asked import Asker, asker_of
from booking.models import SpecialRequest
from booking.special_requests import RequestState
from kernel import phone
from kernel.actor import Actor
from kernel.looks import note_look
from people.identity import mask, mask_name


def show_person(session: Session, asked: SpecialRequest, *, actor: Actor, now: datetime) -> Asker:
    """The name in full while a decision is wanted, which the audit remembers; masked ever after.

    Number and phone are masked always: nobody needs them to decide.
    """
    asker = asker_of(asked)
    name = asker.name
    if asked.state == RequestState.ASKED:
        about = ("special_request", asked.id)
        note_look(session, ["name"], subject=about, hall_id=asked.hall_id, actor=actor, now=now)
    else:
        name = mask_name(name)
    number = mask(asker.identity_number)
    return replace(asker, name=name, identity_number=number, phone=phone.mask(asker.phone))
