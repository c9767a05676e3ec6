"""Book: held numbers become an appointment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from booking.models import Appointment
from kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Book:
    """Who books what `token` holds. `phone` is verified and in E.164."""

    token: str
    name: str
    identity_kind: str
    identity_number: str
    phone: str
    language: str = "zh"


def book(session: Session, command: Book, *, actor: Actor, now: datetime) -> Appointment:
    """Turn held numbers into an appointment. The same token again gives the same appointment.

    Raises:
        IdentityKindUnknown, IdentityMalformed, IdentityChecksumWrong, IdentityBirthImpossible,
        HoldExpired, InPast, AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows
    """
    raise NotImplementedError
