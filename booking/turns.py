"""Who may move bookings of a hall at this moment: people theirs, side by side, or the hall everybody's.

A change of the hall's time locks bookings, their people and numbers, and then looks for bookings that were
made meanwhile. Whoever moves or cancels a single booking locks the same things in another order; of two who
wait for each other PostgreSQL ends one. So the moves wait for the change, and the change for the moves that
have begun. Booking need not wait: it skips numbers that the hall is taking away.

The whole order of locks stands in docs/booking.md, "Who waits for whom".
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from booking.models import WaitlistEntry
from booking.waitlist_states import WaitState
from halls.models import Hall

_GATE = 0x67617465


def wait_for_hall(session: Session, hall_id: int) -> None:
    """Before anything is locked that belongs to one booking; held until the commit."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_GATE, hall_id % 2**31)))


def stop_moves(session: Session, *hall_ids: int) -> None:
    """Before bookings of these halls are looked for because their time changes; held until the commit.

    Who changes several halls names them all here, before anything of one is locked: the gates go by id, as
    with people who have bookings in several halls.

    Offers of a waitlist may lose their numbers by it (`booking.lost_offers`): who takes or leaves one locks
    the entry first and its numbers last, so the running ones are locked here too, before any number.
    """
    for hall_id in sorted(set(hall_ids)):
        session.execute(select(Hall.id).where(Hall.id == hall_id).with_for_update())
        session.execute(select(func.pg_advisory_xact_lock(_GATE, hall_id % 2**31)))
    offered = (WaitlistEntry.hall_id.in_(hall_ids), WaitlistEntry.state == WaitState.OFFERED)
    running = select(WaitlistEntry.id).where(*offered).order_by(WaitlistEntry.id)
    session.execute(running.with_for_update())
