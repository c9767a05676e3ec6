"""Numbers that were given back in a slot that has more of them than planned: they go, nobody is to book them.

Bookings that stay beyond a smaller plan keep their numbers (`booking.beyond_plan`). Where more are booked
than planned, a cancelled one would be for sale until the days are published again; so it would where the
slot is planned in another place by now.
"""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, text
from sqlalchemy.orm import Session

from booking.beyond_plan import SlotKey
from booking.models import Number
from booking.planned_days import overbooked_of, places_of, plan_days, villages_of
from booking.waitlist_offers import lock_offers

#: Slot → where it is planned (a village, or empty: in the hall) and with how many numbers.
_Places = dict[SlotKey, tuple[str, int]]

# Slots that have begun are not offered any more. Of the numbers the last ordinals go first.
_FREED = text("""
SELECT slot.group_id, slot.starts_at, slot.on_date, slot.place_zh,
       (SELECT count(*) FROM number WHERE number.slot_id = slot.id) AS numbers,
       array_agg(freed.id ORDER BY freed.ordinal DESC) AS ids
FROM number AS freed JOIN slot ON slot.id = freed.slot_id
WHERE freed.id = ANY(:ids) AND slot.starts_at > :now
GROUP BY slot.id
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


def remove_surplus(session: Session, hall_id: int, freed: Collection[int], *, now: datetime) -> set[int]:
    """Of these numbers of a hall, given back in this transaction, remove what is beyond the plan; which."""
    days = [row.on_date for row in session.execute(_FREED, {"ids": list(freed), "now": now})]
    if not days:
        return set()
    most = _places(session, hall_id, days, now=now)
    if not _surplus(session, freed, most, now=now):
        return set()
    # Two who give back in one slot would both find one too many, and remove two. Looked at anew: by now
    # whoever was first has committed.
    lock_offers(session, hall_id)
    gone = _surplus(session, freed, most, now=now)
    session.execute(delete(Number).where(Number.id.in_(gone)).execution_options(synchronize_session=False))
    return gone


def _places(session: Session, hall_id: int, days: Collection[date], *, now: datetime) -> _Places:
    planned = plan_days(session, hall_id, first_on=min(days), last_on=max(days), now=now)
    overbooked, villages = overbooked_of(planned), villages_of(planned)
    return {
        key: (villages[key], places + overbooked.get(key, 0)) for key, places in places_of(planned).items()
    }


def _surplus(session: Session, freed: Collection[int], planned: _Places, *, now: datetime) -> set[int]:
    """A slot that the plan does not have is left to the next publishing; one that it has elsewhere goes."""
    gone: set[int] = set()
    for row in session.execute(_FREED, {"ids": list(freed), "now": now}):
        village, most = planned.get((row.group_id, row.starts_at), (row.place_zh, row.numbers))
        gone |= set(row.ids[: max(0, row.numbers - (most if village == row.place_zh else 0))])
    return gone
