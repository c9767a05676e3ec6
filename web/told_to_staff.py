"""What staff hear of a document is in the audit where a rule refuses, too: that tells as much as a booking.

They have the document in hand, so they are told the reason itself. Who types documents to look somebody up
leaves an entry for each; so does who tries in vain to check somebody in, or to lift a suspension, by it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select
from sqlalchemy.orm import Session

from booking.lift import NotSuspended, SuspendedElsewhere
from booking.policy import AlreadyBookedThatDay, SuspendedForNoShows, TooManyOpen
from halls.models import Hall
from halls.queries import get_hall
from kernel import audit
from kernel.errors import DomainError, Invalid
from people.citizens import identity_index, identity_indexes
from people.identity import check
from people.models import Citizen
from queueing.errors import (
    BookedInHall,
    BookedInVillage,
    LineClosed,
    NothingToCheckIn,
    TooLate,
    WalkInsStopped,
)
from web import edge


@contextmanager
def refusals_audited(hall_code: str, kind: str, number: str) -> Iterator[None]:
    """Around a transaction: where it was refused for what stands for this document, a second one says so."""
    try:
        yield
    except (AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows) as refusal:
        _record("appointment.refuse_to_staff", refusal, hall_code, number, kind)
        raise


@contextmanager
def lifts_audited(hall_code: str, kind: str, number: str) -> Iterator[None]:
    """Around a transaction that lifts a suspension: where staff read instead that there is none here."""
    try:
        yield
    except (NotSuspended, SuspendedElsewhere) as refusal:
        _record("suspension.look_up", refusal, hall_code, number, kind)
        raise


@contextmanager
def look_ups_audited(hall_code: str, number: str | None) -> Iterator[None]:
    """Around a transaction that checks somebody in: where staff typed a document's number in vain.

    Who is checked in leaves an entry by that. The entry holds whose document it was, if anybody's, not it.
    """
    try:
        yield
    except (NothingToCheckIn, TooLate, BookedInHall, BookedInVillage, WalkInsStopped, LineClosed) as refusal:
        if number and edge.actor().kind == "staff":
            _record("appointment.look_up", refusal, hall_code, number)
        raise


def _record(action: str, refusal: DomainError, hall_code: str, number: str, kind: str = "") -> None:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        audit.record(
            session,
            action,
            actor=edge.actor(),
            now=edge.now(),
            subject=("citizen", _whose(session, hall, number, kind)),
            hall_id=hall.id,
            code=refusal.code,
        )


def _whose(session: Session, hall: Hall, number: str, kind: str) -> int | None:
    """The owner of the document, of whatever kind it is where none was chosen."""
    today = edge.today(hall.time_zone)
    try:
        identity = check(kind, number, today=today)
        indexes = [identity_index(identity.kind, identity.number)]
    except Invalid:
        indexes = identity_indexes(number, today=today)
    return session.scalars(select(Citizen.id).where(Citizen.identity_index.in_(indexes)).limit(1)).first()
