"""What staff hear of a document is in the audit where a rule refuses, too: that tells as much as a booking.

They have the document in hand, so they are told the reason itself. Who types documents to look somebody up
leaves an entry for each; so does who tries to check somebody in by a document in vain.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from booking.policy import AlreadyBookedThatDay, SuspendedForNoShows, TooManyOpen
from halls.queries import get_hall
from kernel import audit
from kernel.errors import DomainError
from people.citizens import find_by_identity, identity_indexes
from people.identity import normalise
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
        _record(refusal, hall_code, kind, number)
        raise


@contextmanager
def look_ups_audited(hall_code: str, number: str | None) -> Iterator[None]:
    """Around a transaction that checks somebody in: where staff typed a document's number in vain, as above.

    Who is checked in leaves an entry by that. The entry holds whose document it was, if anybody's, not it.
    """
    try:
        yield
    except (NothingToCheckIn, TooLate, BookedInHall, BookedInVillage, WalkInsStopped, LineClosed) as refusal:
        if number and edge.actor().kind == "staff":
            _record_look_up(refusal, hall_code, number)
        raise


def _record(refusal: DomainError, hall_code: str, kind: str, number: str) -> None:
    with edge.transaction() as session:
        citizen = find_by_identity(session, kind, normalise(kind, number)) if number else None
        audit.record(
            session,
            "appointment.refuse_to_staff",
            actor=edge.actor(),
            now=edge.now(),
            subject=("citizen", citizen.id if citizen else None),
            hall_id=get_hall(session, hall_code).id,
            code=refusal.code,
        )


def _record_look_up(refusal: DomainError, hall_code: str, number: str) -> None:
    with edge.transaction() as session:
        hall = get_hall(session, hall_code)
        today = edge.local(edge.now(), hall.time_zone).date()
        owner = select(Citizen.id).where(Citizen.identity_index.in_(identity_indexes(number, today=today)))
        audit.record(
            session,
            "appointment.look_up",
            actor=edge.actor(),
            now=edge.now(),
            subject=("citizen", session.scalars(owner.limit(1)).first()),
            hall_id=hall.id,
            code=refusal.code,
        )
