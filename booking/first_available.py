"""The first times of a service over all halls, mixed: who only wants it soon need not compare halls."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from booking.availability import next_releases, slots_ahead
from booking.city_offers import list_offers
from booking.slot_places import Alternative, nearest_free
from catalog.queries import get_service


@dataclass(frozen=True, slots=True)
class FirstAvailable:
    """`slots` in order of time; `next_release_at` only where there is none, None where none is planned.

    `time_zone` is that of the hall where the next release is, empty where none is told.
    """

    slots: list[Alternative]
    next_release_at: datetime | None = None
    time_zone: str = ""


def first_available(
    session: Session, service_code: str, *, answers: Mapping[str, Any], now: datetime, limit: int = 20
) -> FirstAvailable:
    """Where a visit can be made first, in the situation that the guide's answers lead to.

    Halls may give it different numbers of minutes in their units, so each line is asked for as many
    numbers as the visit takes there.

    Raises:
        ServiceUnknown
    """
    get_service(session, service_code)
    by_needed: dict[int, list[int]] = defaultdict(list)
    zones: dict[int, str] = {}
    for each in list_offers(session, [service_code], answers=answers):
        if each.visit is not None:
            leg = each.visit.legs[0]
            by_needed[leg.needed].append(leg.group_id)
            zones[leg.group_id] = each.hall.time_zone
    found: list[Alternative] = []
    for needed, group_ids in by_needed.items():
        found += nearest_free(slots_ahead(session, group_ids, needed=needed, now=now), now)[:limit]
    slots = sorted(found, key=lambda each: (each.starts_at, each.hall_code))[:limit]
    releases = {} if slots else next_releases(session, list(zones), now=now)
    if not releases:
        return FirstAvailable(slots)
    group_id, at = min(releases.items(), key=lambda line: line[1])
    return FirstAvailable(slots, at, zones[group_id])
