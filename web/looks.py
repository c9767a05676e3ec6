"""Remembering that somebody looked for a number. Only browsers and programs that show themselves count."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.orm import Session

from booking.attempts import record_look, visitor_of
from web import edge
from web.device import announced_device, device


def note_look(
    session: Session, *, service_ids: Sequence[int], hall_id: int, today: date, found: bool
) -> None:
    """Record a look of this request, if it carries the random text of a browser or a program.

    Who sends none (the first page of a visit, cookies refused, robots) would be somebody new each time and
    count as crowds; so they are left out, and the count is a lower bound.
    """
    name = device() or announced_device()
    if name is None:
        return
    record_look(
        session,
        visitor_of(name, today),
        service_ids=service_ids,
        hall_id=hall_id,
        on_date=today,
        found=found,
        now=edge.now(),
    )
