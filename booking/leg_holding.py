"""Hold the numbers of a visit of several lines: all of them in one statement, or none.

The legs are fitted to what is free at this moment (`booking.visit_legs`), then exactly those numbers are
taken. Numbers that somebody else is taking are skipped, so nobody waits for anybody: visits that cross the
same lines in opposite orders cannot block each other. Who was beaten to a number fits the legs anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer

from booking.availability import SlotCount
from booking.errors import SlotFull, SlotUnknown
from booking.models import Slot
from booking.slot_places import Place
from booking.taking import RELEASED, RETURNING, let_go
from booking.visit_availability import fit_on, nearest_visits
from booking.visit_offer import Leg, VisitOffer, legs_as_data

TRIES = 3

# Without it two visits read the same free number and both are told it is theirs, or wait for each other.
LOCK = "FOR UPDATE SKIP LOCKED"

_TAKE = """
WITH wanted AS (
    SELECT * FROM unnest(CAST(:slot_ids AS bigint[]), CAST(:counts AS integer[])) AS wanted(slot_id, numbers)
),
picked AS MATERIALIZED (
    SELECT free.id
    FROM wanted CROSS JOIN LATERAL (
        SELECT number.id
        FROM number
        WHERE number.slot_id = wanted.slot_id
          AND number.appointment_id IS NULL
          AND number.channel = ANY(CAST(:channels AS text[]))
          AND (number.channel <> 'online' OR {released})
          AND (number.held_until IS NULL OR number.held_until <= :now)
        ORDER BY array_position(CAST(:channels AS text[]), CAST(number.channel AS text)), number.ordinal
        LIMIT wanted.numbers
        {lock}
    ) AS free
),
complete AS (
    SELECT 1 WHERE (SELECT count(*) FROM picked) = :needed
),
taken AS (
    UPDATE number SET held_until = :held_until, hold_token = :token
    FROM complete
    WHERE number.id IN (SELECT id FROM picked)
)
INSERT INTO draft (token_hash, hall_id, group_id, slot_id, service_ids, legs, needed, answers, form_sealed,
                   held_until, created_at)
SELECT :token, :hall_id, :group_id, :slot_id, :service_ids, :legs, :needed, :answers,
       (SELECT form_sealed FROM draft WHERE token_hash = :previous), :held_until, :now
FROM complete
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class LegsWanted:
    """A visit and its start. Tokens are hashes; `previous` is the hold that this one replaces.

    Citizens take online numbers, which are there from their release on; staff also those of other channels,
    each number from the first that has one.
    """

    offer: VisitOffer
    starts_at: datetime
    answers: Mapping[str, Any]
    token: bytes
    previous: bytes | None
    held_until: datetime
    channels: Sequence[str] = ("online",)


@dataclass(frozen=True, slots=True)
class LegsTaken:
    """The draft that was made; the group and the slot are those of the first leg."""

    draft_id: int
    group_id: int
    starts_at: datetime
    ends_at: datetime
    place: Place


Fitted = Sequence[tuple[Leg, Sequence[tuple[SlotCount, int]]]]


def take_legs(session: Session, wanted: LegsWanted, *, now: datetime) -> LegsTaken:
    """Hold all numbers of the visit and start its draft.

    A hold that this one replaces is given up first, and stands again where nothing fits: what it kept may be
    just what is asked for.

    Raises:
        SlotUnknown, SlotFull (with `alternatives`)
    """
    taken = take_fitting(
        session, wanted, lambda: fit_on(session, wanted.offer, wanted.starts_at, now=now), now=now
    )
    if taken is None:
        raise _refusal(session, wanted, now=now)
    return taken


def take_fitting(
    session: Session,
    wanted: LegsWanted,
    fit: Callable[[], Fitted | None],
    *,
    now: datetime,
    returning: bool = False,
) -> LegsTaken | None:
    """Hold what `fit` says, asked anew when somebody was quicker; None, with nothing changed, when full.

    `returning`: numbers that were given back count before their moment of return, for the waitlist alone.
    """
    for _ in range(TRIES):
        with session.begin_nested() as savepoint:
            if wanted.previous is not None:
                let_go(session, wanted.previous)
            fitted = fit()
            taken = _take(session, wanted, fitted, now=now, returning=returning) if fitted else None
            if taken is not None:
                return taken
            savepoint.rollback()
        if fitted is None:
            break
    return None


def _take(
    session: Session, wanted: LegsWanted, fitted: Fitted, *, now: datetime, returning: bool
) -> LegsTaken | None:
    """Exactly these numbers; None, with nothing changed, when one of them has just gone."""
    parts = [(slot, numbers) for _, slots in fitted for slot, numbers in slots]
    first, (begins, _) = fitted[0][0], fitted[0][1][0]
    draft_id = session.scalar(
        _statement(RETURNING if returning else RELEASED),
        {
            "channels": [str(channel) for channel in wanted.channels],
            "slot_ids": [slot.slot_id for slot, _ in parts],
            "counts": [numbers for _, numbers in parts],
            "hall_id": wanted.offer.hall_id,
            "group_id": first.group_id,
            "slot_id": begins.slot_id,
            "service_ids": list(wanted.offer.service_ids),
            "legs": legs_as_data([(leg, slots[0][0].starts_at) for leg, slots in fitted]),
            "needed": sum(numbers for _, numbers in parts),
            "answers": dict(wanted.answers),
            "token": wanted.token,
            "previous": wanted.previous,
            "held_until": wanted.held_until,
            "now": now,
        },
    )
    if draft_id is None:
        return None
    return LegsTaken(draft_id, first.group_id, begins.starts_at, begins.ends_at, begins.place)


def _statement(released: str) -> Any:
    return text(_TAKE.format(lock=LOCK, released=released)).bindparams(
        bindparam("slot_ids", type_=ARRAY(BigInteger)),
        bindparam("counts", type_=ARRAY(Integer)),
        bindparam("service_ids", type_=JSONB),
        bindparam("legs", type_=JSONB),
        bindparam("answers", type_=JSONB),
        bindparam("token", type_=LargeBinary),
        bindparam("previous", type_=LargeBinary),
    )


def _refusal(session: Session, wanted: LegsWanted, *, now: datetime) -> SlotFull | SlotUnknown:
    offer = wanted.offer
    known = select(Slot.id).where(Slot.group_id.in_(offer.group_ids), Slot.starts_at == wanted.starts_at)
    if session.scalar(known.limit(1)) is None:
        return SlotUnknown()
    nearest = nearest_visits(session, offer, starts_at=wanted.starts_at, now=now)
    return SlotFull(alternatives=[each.as_json() for each in nearest])
