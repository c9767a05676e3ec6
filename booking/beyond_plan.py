"""Bookings beyond a smaller plan take the place of planned numbers: a slot has no more numbers than planned.

Ordinals of a slot are planned from 1. Who booked the third of three keeps it when two are planned; beside it
only one of the two is left, so that free and booked numbers are as many as planned, or as many as are booked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from booking.ladder import OVERBOOKED_ABOVE, Channel, PlannedNumber
from booking.planned_days import GroupDay

#: (group, start) of a slot.
SlotKey = tuple[int, datetime]

# All ordinals of the slots in which something is booked, or held by somebody who fills in a form, beyond the
# plan. The free ones beyond it have been withdrawn before.
_BEYOND = text("""
WITH planned AS MATERIALIZED (
    SELECT * FROM unnest(CAST(:group_ids AS bigint[]), CAST(:starts AS timestamptz[]),
                         CAST(:counts AS integer[]), CAST(:overbooked AS integer[]))
                  AS planned(group_id, starts_at, numbers, overbooked)
), beyond AS MATERIALIZED (
    SELECT DISTINCT slot.id AS slot_id
    FROM planned
    JOIN slot ON slot.group_id = planned.group_id AND slot.starts_at = planned.starts_at
    JOIN number ON number.slot_id = slot.id AND number.ordinal > planned.numbers
    WHERE NOT (number.ordinal > :above AND number.ordinal <= :above + planned.overbooked)
)
SELECT number.slot_id, number.group_id, number.starts_at, array_agg(number.ordinal)
FROM number JOIN beyond ON beyond.slot_id = number.slot_id
GROUP BY number.slot_id, number.group_id, number.starts_at
""")

# A number that somebody is just taking is not waited for: another one goes. Online numbers go first, for that
# is what the booked one was, and of these what is released last; the walk-in reserve goes last.
_REMOVE = text("""
WITH chosen AS MATERIALIZED (
    SELECT free.id
    FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:counts AS integer[])) AS surplus(slot_id, numbers)
    CROSS JOIN LATERAL (
        SELECT number.id FROM number
        WHERE number.slot_id = surplus.slot_id AND number.appointment_id IS NULL
          AND (number.held_until IS NULL OR number.held_until <= :now)
        ORDER BY array_position(CAST(:channels AS text[]), CAST(number.channel AS text)),
                 number.released_at DESC NULLS LAST, number.ordinal DESC
        LIMIT surplus.numbers FOR UPDATE SKIP LOCKED) AS free
)
DELETE FROM number USING chosen WHERE number.id = chosen.id
RETURNING number.group_id, number.starts_at, number.ordinal
""")
_FIRST_TO_GO = [str(each) for each in (Channel.ONLINE, Channel.DUTY, Channel.WALK_IN)]


def make_room(
    session: Session,
    planned: Sequence[GroupDay],
    counts: Mapping[SlotKey, int],
    overbooked: Mapping[SlotKey, int],
    *,
    now: datetime,
) -> tuple[list[GroupDay], int]:
    """The plan without the numbers whose place bookings beyond it have, and how many free ones were removed.

    Called under the hall's lock, once what is free beyond the plan is withdrawn. Doing it twice changes
    nothing: what went is not planned anew while the booking stands.
    """
    rows = session.execute(
        _BEYOND,
        {
            "group_ids": [group_id for group_id, _ in counts],
            "starts": [starts_at for _, starts_at in counts],
            "counts": list(counts.values()),
            "overbooked": [overbooked.get(key, 0) for key in counts],
            "above": OVERBOOKED_ABOVE,
        },
    ).all()
    if not rows:
        return list(planned), 0
    there = {(group_id, starts_at): (slot_id, set(have)) for slot_id, group_id, starts_at, have in rows}
    missing = _missing(planned, there)
    dropped: set[tuple[SlotKey, int]] = set()
    surplus: dict[int, int] = {}
    for key, (slot_id, have) in there.items():
        most = counts[key] + overbooked.get(key, 0)
        absent = sorted(missing.get(key, ()), key=lambda each: _FIRST_TO_GO.index(each.channel))
        room = max(0, most - len(have))
        dropped |= {(key, each.ordinal) for each in absent[: len(absent) - room]}
        if len(have) > most:
            surplus[slot_id] = len(have) - most
    removed = _remove(session, surplus, now=now) if surplus else set()
    return [_without(day, dropped | removed) for day in planned], len(removed)


def _missing(
    planned: Sequence[GroupDay], there: Mapping[SlotKey, tuple[int, set[int]]]
) -> dict[SlotKey, list[PlannedNumber]]:
    """What of the plan is not there yet, in the slots with something beyond it."""
    missing: dict[SlotKey, list[PlannedNumber]] = {}
    for day in planned:
        for number in day.numbers:
            key = day.group_id, day.slots[number.slot_index].starts_at
            if key in there and number.ordinal not in there[key][1]:
                missing.setdefault(key, []).append(number)
    return missing


def _remove(session: Session, surplus: Mapping[int, int], *, now: datetime) -> set[tuple[SlotKey, int]]:
    facts = {"slot_ids": list(surplus), "counts": list(surplus.values()), "now": now}
    rows = session.execute(_REMOVE, {**facts, "channels": _FIRST_TO_GO})
    return {((group_id, starts_at), ordinal) for group_id, starts_at, ordinal in rows}


def _without(day: GroupDay, dropped: set[tuple[SlotKey, int]]) -> GroupDay:
    starts = [slot.starts_at for slot in day.slots]
    numbers = [
        each for each in day.numbers if ((day.group_id, starts[each.slot_index]), each.ordinal) not in dropped
    ]
    return day if len(numbers) == len(day.numbers) else replace(day, numbers=numbers)
