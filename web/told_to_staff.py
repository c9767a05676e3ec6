"""What staff hear of a document is in the audit where a rule refuses, too: that tells as much as a booking.

They have the document in hand, so they are told the reason itself. Who types documents to look somebody up
leaves an entry for each.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from booking.policy import AlreadyBookedThatDay, SuspendedForNoShows, TooManyOpen
from halls.queries import get_hall
from kernel import audit
from kernel.errors import DomainError
from people.citizens import find_by_identity
from people.identity import normalise
from web import edge


@contextmanager
def refusals_audited(hall_code: str, kind: str, number: str) -> Iterator[None]:
    """Around a transaction: where it was refused for what stands for this document, a second one says so."""
    try:
        yield
    except (AlreadyBookedThatDay, TooManyOpen, SuspendedForNoShows) as refusal:
        _record(refusal, hall_code, kind, number)
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
