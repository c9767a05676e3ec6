"""Publish: slots and numbers of coming days, written from the plan."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from booking.beyond_plan import make_room
from booking.events import NumbersPublished
from booking.ladder import OVERBOOKED_ABOVE, Channel
from booking.lost_offers import take_back_offers
from booking.planned_days import GroupDay, overbooked_of, places_of, plan_days, without_slots
from halls.models import Hall, ServiceGroup
from halls.queries import list_groups
from kernel.actor import Actor
from kernel.story import tell

# Whoever holds or has booked a number was told the place: such a slot is not moved to another under them.
_WRITE_SLOTS = text("""
WITH planned AS MATERIALIZED (
    SELECT *
    FROM unnest(CAST(:group_ids AS bigint[]), CAST(:dates AS date[]), CAST(:starts AS timestamptz[]),
                CAST(:ends AS timestamptz[]), CAST(:counters AS float8[]),
                CAST(:places_zh AS varchar[]), CAST(:places_en AS varchar[]))
             AS planned(group_id, on_date, starts_at, ends_at, counters, place_zh, place_en)
),
bound AS MATERIALIZED (
    SELECT slot.group_id, slot.starts_at
    FROM planned JOIN slot ON slot.group_id = planned.group_id AND slot.starts_at = planned.starts_at
    WHERE slot.place_zh <> planned.place_zh
      AND EXISTS (SELECT FROM number
                  WHERE number.slot_id = slot.id
                    AND (number.appointment_id IS NOT NULL OR number.held_until > :now))
),
written AS (
    INSERT INTO slot (hall_id, group_id, on_date, starts_at, ends_at, counters, place_zh, place_en)
    SELECT :hall_id, planned.*
    FROM planned
    WHERE (planned.group_id, planned.starts_at) NOT IN (SELECT * FROM bound)
    ON CONFLICT (group_id, starts_at) DO UPDATE
    SET ends_at = excluded.ends_at, counters = excluded.counters,
        place_zh = excluded.place_zh, place_en = excluded.place_en
)
SELECT group_id, starts_at FROM bound
""")

# Numbers that are there stay as they are: some were given back and wait for their moment, some were moved
# to another channel by a person.
_WRITE_NUMBERS = text("""
INSERT INTO number (slot_id, hall_id, group_id, on_date, starts_at, ordinal, channel, released_at)
SELECT slot.id, slot.hall_id, slot.group_id, slot.on_date, slot.starts_at, planned.ordinal,
       (CAST(:channels AS varchar[]))[planned.channel], (CAST(:moments AS timestamptz[]))[planned.moment]
FROM unnest(CAST(string_to_array(:slots_of, ',') AS integer[]),
            CAST(string_to_array(:ordinals, ',') AS integer[]),
            CAST(string_to_array(:channels_of, ',') AS integer[]),
            CAST(string_to_array(:moments_of, ',') AS integer[]))
         AS planned(slot, ordinal, channel, moment)
JOIN slot ON slot.group_id = (CAST(:group_ids AS bigint[]))[planned.slot]
         AND slot.starts_at = (CAST(:starts AS timestamptz[]))[planned.slot]
ON CONFLICT (slot_id, ordinal) DO NOTHING
""")

# PostgreSQL plans the check "does this slot exist" once per connection. Planned while there are few slots,
# it would read all of them for every number ever after. The same goes for finding a number's slot.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")
_AS_USUAL = text("SET LOCAL enable_seqscan TO DEFAULT")

_WITHDRAW = text("""
DELETE FROM number
WHERE number.hall_id = :hall_id AND number.group_id = ANY(CAST(:all_groups AS bigint[]))
  AND number.on_date BETWEEN :first_on AND :last_on AND number.starts_at > :now
  AND number.appointment_id IS NULL
  AND (:even_held OR number.held_until IS NULL OR number.held_until <= :now)
  AND NOT EXISTS (
      SELECT FROM unnest(CAST(:group_ids AS bigint[]), CAST(:starts AS timestamptz[]),
                         CAST(:counts AS integer[]), CAST(:overbooked AS integer[]))
                AS planned(group_id, starts_at, numbers, overbooked)
      WHERE planned.group_id = number.group_id AND planned.starts_at = number.starts_at
        AND (number.ordinal <= planned.numbers
             OR number.ordinal > :above AND number.ordinal <= :above + planned.overbooked))
RETURNING number.hold_token
""")

# What the same form held in slots that stay is free again; who is just being booked is not waited for.
_LET_GO_REST = text("""
UPDATE number SET hold_token = NULL, held_until = NULL
WHERE number.id IN (
    SELECT id FROM number WHERE hold_token = ANY(CAST(:tokens AS bytea[])) AND appointment_id IS NULL
    FOR UPDATE SKIP LOCKED)
""")

_REMOVE_EMPTY_SLOTS = text("""
DELETE FROM slot
WHERE slot.hall_id = :hall_id AND slot.on_date BETWEEN :first_on AND :last_on AND slot.starts_at > :now
  AND (slot.group_id, slot.starts_at) NOT IN (
      SELECT * FROM unnest(CAST(:group_ids AS bigint[]), CAST(:starts AS timestamptz[])))
  AND NOT EXISTS (SELECT FROM number WHERE number.slot_id = slot.id)
  AND NOT EXISTS (SELECT FROM draft WHERE draft.slot_id = slot.id)
  AND NOT EXISTS (SELECT FROM appointment WHERE appointment.slot_id = slot.id)
""")

# Somebody still refers to it (a draft, a booking that was kept or has ended): it stays, and is not offered.
_SHUT_SLOTS = text("""
UPDATE slot SET counters = 0
WHERE slot.hall_id = :hall_id AND slot.on_date BETWEEN :first_on AND :last_on AND slot.starts_at > :now
  AND slot.counters <> 0
  AND (slot.group_id, slot.starts_at) NOT IN (
      SELECT * FROM unnest(CAST(:group_ids AS bigint[]), CAST(:starts AS timestamptz[])))
""")


def publish(
    session: Session,
    hall_id: int,
    *,
    first_on: date,
    last_on: date,
    even_held: bool = False,
    actor: Actor,
    now: datetime,
) -> int:
    """Write the numbers of these days, both included; how many are new. Doing it twice adds nothing.

    Slots that have begun are left alone. Free numbers that the plan no longer has are withdrawn; booked ones
    stay, and held ones unless `even_held`: where a hall changes its time, nobody is to confirm a time that
    has gone. What stays beyond the plan takes the place of planned numbers (`booking.beyond_plan`). A slot
    that is planned in another place keeps its own, and nothing free, while somebody has a number of it.
    """
    # Two who write the same days at once would lock their slots and numbers in different orders.
    session.execute(select(Hall.id).where(Hall.id == hall_id).with_for_update(key_share=True))
    planned = plan_days(session, hall_id, first_on=first_on, last_on=last_on, now=now)
    groups = list_groups(session, hall_id)
    bound = _write_slots(session, hall_id, planned, now=now)
    days = {"first_on": first_on, "last_on": last_on}
    possible = without_slots(planned, bound)
    withdrawn, held = _withdraw(session, hall_id, groups, possible, **days, even_held=even_held, now=now)
    if bound:
        bound = _write_slots(session, hall_id, planned, now=now)
        planned = without_slots(planned, bound)
    places = places_of(planned), overbooked_of(planned)
    planned, removed = make_room(session, planned, *places, now=now)
    withdrawn += removed
    added = _write_numbers(session, planned)
    if added or withdrawn:
        tell(
            session,
            NumbersPublished(hall_id, first_on, last_on, added),
            "numbers.publish",
            actor=actor,
            now=now,
            subject=("hall", hall_id),
            hall_id=hall_id,
            first_on=first_on.isoformat(),
            last_on=last_on.isoformat(),
            added=added,
            withdrawn=withdrawn,
            held=held,
        )
    return added


def _write_slots(
    session: Session, hall_id: int, planned: Sequence[GroupDay], *, now: datetime
) -> set[tuple[int, datetime]]:
    """Which were not written: (group, start) of those that still have numbers for another place."""
    rows = [(day.group_id, day.on_date, slot) for day in planned for slot in day.slots]
    bound = session.execute(
        _WRITE_SLOTS,
        {
            "hall_id": hall_id,
            "group_ids": [group_id for group_id, _, _ in rows],
            "dates": [on for _, on, _ in rows],
            "starts": [slot.starts_at for _, _, slot in rows],
            "ends": [slot.ends_at for _, _, slot in rows],
            "counters": [float(slot.counters) for _, _, slot in rows],
            "places_zh": [slot.place.name_zh for _, _, slot in rows],
            "places_en": [slot.place.name_en for _, _, slot in rows],
            "now": now,
        },
    )
    return {(group_id, starts_at) for group_id, starts_at in bound}


def _write_numbers(session: Session, planned: Sequence[GroupDay]) -> int:
    """Numbers as four lists of places in short lists: tens of thousands of dates cost more than the rows."""
    slots = [(day.group_id, slot.starts_at) for day in planned for slot in day.slots]
    moments = sorted({each.released_at for day in planned for each in day.numbers if each.released_at})
    nth_moment = {moment: str(nth) for nth, moment in enumerate(moments, 1)}
    channels = [str(each) for each in Channel]
    nth_channel = {each: str(nth) for nth, each in enumerate(Channel, 1)}
    columns: tuple[list[str], ...] = ([], [], [], [])
    before = 1
    for day in planned:
        columns[0].extend([str(before + each.slot_index) for each in day.numbers])
        columns[1].extend([str(each.ordinal) for each in day.numbers])
        columns[2].extend([nth_channel[each.channel] for each in day.numbers])
        columns[3].extend([nth_moment[each.released_at] if each.released_at else "0" for each in day.numbers])
        before += len(day.slots)
    names = ("slots_of", "ordinals", "channels_of", "moments_of")
    lists = {name: ",".join(column) for name, column in zip(names, columns, strict=True)}
    facts = {
        "group_ids": [group_id for group_id, _ in slots],
        "starts": [starts_at for _, starts_at in slots],
        "channels": channels,
        "moments": moments,
    }
    session.execute(_BY_INDEX)
    written = session.connection().execute(_WRITE_NUMBERS, {**facts, **lists})
    session.execute(_AS_USUAL)
    return written.rowcount


def _withdraw(
    session: Session,
    hall_id: int,
    groups: Sequence[ServiceGroup],
    planned: Sequence[GroupDay],
    *,
    first_on: date,
    last_on: date,
    even_held: bool,
    now: datetime,
) -> tuple[int, int]:
    """Remove free numbers beyond the plan (ordinals: from 1 without a gap); how many, of how many holds."""
    counts, overbooked = places_of(planned), overbooked_of(planned)
    withdrawn = session.connection().execute(
        _WITHDRAW,
        {
            "hall_id": hall_id,
            "all_groups": [group.id for group in groups],
            "first_on": first_on,
            "last_on": last_on,
            "even_held": even_held,
            "now": now,
            "group_ids": [group_id for group_id, _ in counts],
            "starts": [starts_at for _, starts_at in counts],
            "counts": list(counts.values()),
            "overbooked": [overbooked.get(key, 0) for key in counts],
            "above": OVERBOOKED_ABOVE,
        },
    )
    rows = withdrawn.scalars().all()
    tokens = {bytes(token) for token in rows if token is not None} if even_held else set()
    if tokens:
        session.execute(_LET_GO_REST, {"tokens": list(tokens)})
        take_back_offers(session, tokens, now=now)
    _remove_empty_slots(session, hall_id, planned, first_on=first_on, last_on=last_on, now=now)
    return len(rows), len(tokens)


def _remove_empty_slots(
    session: Session,
    hall_id: int,
    planned: Sequence[GroupDay],
    *,
    first_on: date,
    last_on: date,
    now: datetime,
) -> None:
    """A slot that the plan no longer has, and that nobody uses, is not shown any more."""
    slots = [(day.group_id, slot.starts_at) for day in planned for slot in day.slots]
    facts = {
        "hall_id": hall_id,
        "first_on": first_on,
        "last_on": last_on,
        "now": now,
        "group_ids": [group_id for group_id, _ in slots],
        "starts": [starts_at for _, starts_at in slots],
    }
    session.execute(_REMOVE_EMPTY_SLOTS, facts)
    session.execute(_SHUT_SLOTS, facts)
