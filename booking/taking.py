"""Taking numbers: the one statement in which citizens compete, and the only way a hold begins.

A visit of several numbers takes them from the slot asked for and, where that has too few, from the slots
right after it in the same place: all or none. Numbers that somebody else is taking at this moment are
skipped, so nobody waits on anybody's row and no number is ever given twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    DateTime,
    LargeBinary,
    String,
    TextualSelect,
    bindparam,
    column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from booking.models import Number
from kernel.direct import Direct, Statement

# What makes the race safe. Without it two citizens read the same free number and both are told it is theirs.
LOCK = "FOR UPDATE SKIP LOCKED"

# Less than the second after which PostgreSQL looks for a deadlock, and ends whom it likes.
_WAIT_A_MOMENT, _WAIT_AS_EVER = (
    text("SET LOCAL lock_timeout = '500ms'"),
    text("SET LOCAL lock_timeout TO DEFAULT"),
)

_DAY = timedelta(days=1)

# Who books takes what is released; the waitlist also what was given back and has not returned yet. Planned
# releases are on whole minutes, so every other coming release is a number on its way back.
RELEASED = "released_at <= :now"
RETURNING = "(released_at <= :now OR date_trunc('minute', released_at) <> released_at)"

# Each number of a slot from the first of the channels that has one, as for a visit of several lines
# (`booking.leg_holding`). Citizens have one channel, and the plain question for it.
ONE_CHANNEL = {"channel": "channel = :channel", "order": ""}
SEVERAL_CHANNELS = {
    "channel": "channel = ANY(CAST(:channels AS text[]))",
    "order": "array_position(CAST(:channels AS text[]), CAST(channel AS text)), ",
}

_TAKE = """
WITH picked AS MATERIALIZED (
    SELECT id, slot_id
    FROM number
    WHERE group_id = :group_id
      AND on_date = :on_date
      AND starts_at BETWEEN :starts_at AND :last_start
      AND appointment_id IS NULL
      AND {channel}
      AND (channel <> 'online' OR {released})
      AND (held_until IS NULL OR held_until <= :now OR hold_token = :previous)
    ORDER BY starts_at, {order}ordinal
    LIMIT :needed
    {lock}
),
stretch AS (
    SELECT min(starts_at) AS starts_at,
           max(ends_at) - min(starts_at) = sum(ends_at - starts_at)
               AND min(place_zh) = max(place_zh) AS unbroken
    FROM slot
    WHERE id IN (SELECT slot_id FROM picked)
),
visit AS (
    SELECT slot.id AS slot_id, slot.starts_at, slot.ends_at, slot.place_zh, slot.place_en
    FROM slot JOIN stretch USING (starts_at)
    WHERE slot.group_id = :group_id
      AND slot.starts_at = :starts_at
      AND stretch.unbroken
      AND (SELECT count(*) FROM picked) = :needed
),
taken AS (
    UPDATE number SET held_until = :held_until, hold_token = :token
    FROM visit
    WHERE number.id IN (SELECT id FROM picked)
),
own AS (
    SELECT id FROM number
    WHERE hold_token = :previous AND appointment_id IS NULL
    FOR UPDATE SKIP LOCKED
),
given_up AS (
    UPDATE number SET held_until = NULL, hold_token = NULL
    FROM visit
    WHERE number.id IN (SELECT id FROM own) AND number.id NOT IN (SELECT id FROM picked)
),
drafted AS (
    INSERT INTO draft (token_hash, hall_id, group_id, slot_id, service_ids, needed, answers, form_sealed,
                       held_until, created_at)
    SELECT :token, :hall_id, :group_id, visit.slot_id, :service_ids, :needed, :answers,
           (SELECT form_sealed FROM draft WHERE token_hash = :previous), :held_until, :now
    FROM visit
    RETURNING id
)
SELECT drafted.id AS draft_id, visit.slot_id, visit.starts_at, visit.ends_at, visit.place_zh, visit.place_en
FROM visit, drafted
"""

# One number for somebody who holds nothing yet, which is what nearly everybody wants.
_TAKE_ONE = """
WITH picked AS MATERIALIZED (
    SELECT id, slot_id
    FROM number
    WHERE group_id = :group_id
      AND on_date = :on_date
      AND starts_at = :starts_at
      AND appointment_id IS NULL
      AND channel = :channel
      AND (channel <> 'online' OR {released})
      AND (held_until IS NULL OR held_until <= :now)
    ORDER BY ordinal
    LIMIT 1
    {lock}
),
taken AS (
    UPDATE number SET held_until = :held_until, hold_token = :token
    FROM picked
    WHERE number.id = picked.id
),
drafted AS (
    INSERT INTO draft (token_hash, hall_id, group_id, slot_id, service_ids, needed, answers, held_until,
                       created_at)
    SELECT :token, :hall_id, :group_id, slot_id, :service_ids, 1, :answers, :held_until, :now
    FROM picked
    RETURNING id, slot_id
)
SELECT drafted.id AS draft_id, drafted.slot_id, slot.starts_at, slot.ends_at, slot.place_zh, slot.place_en
FROM drafted JOIN slot ON slot.id = drafted.slot_id
"""


# Said in order, so that they need not be found by name each time.
_TAKEN = (
    column("draft_id", BigInteger),
    column("slot_id", BigInteger),
    column("starts_at", DateTime(timezone=True)),
    column("ends_at", DateTime(timezone=True)),
    column("place_zh", String),
    column("place_en", String),
)


def take_statement(
    lock: str = LOCK, released: str = RELEASED, channels: Mapping[str, str] = ONE_CHANNEL
) -> TextualSelect:
    """The statement; tests take the lock away to show that the race is real."""
    statement = text(_TAKE.format(lock=lock, released=released, **channels)).bindparams(
        bindparam("service_ids", type_=JSONB),
        bindparam("answers", type_=JSONB),
        bindparam("token", type_=LargeBinary),
        bindparam("previous", type_=LargeBinary),
        bindparam("group_id", type_=BigInteger),
    )
    return statement.columns(*_TAKEN)


def take_at_once_statement(lock: str = LOCK) -> Statement:
    """The one for one number, for the driver."""
    return Statement(_TAKE_ONE.format(lock=lock, released=RELEASED))


TAKE = take_statement()
TAKE_AT_ONCE = take_at_once_statement()
TAKE_RETURNING = take_statement(released=RETURNING)
TAKE_OF_CHANNELS = take_statement(channels=SEVERAL_CHANNELS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Numbers for one visit. Tokens are hashes; `previous` is the hold that this one replaces.

    Citizens take online numbers, which are there from their release on; staff also those of other channels,
    each number from the first that has one.
    """

    hall_id: int
    group_id: int
    on_date: date
    starts_at: datetime
    needed: int
    service_ids: Sequence[int]
    answers: Mapping[str, Any]
    token: bytes
    previous: bytes | None
    held_until: datetime
    channels: Sequence[str] = ("online",)


@dataclass(frozen=True, slots=True)
class Taken:
    """The draft that was made, and the slot the visit begins in, with its village if it has one."""

    draft_id: int
    slot_id: int
    starts_at: datetime
    ends_at: datetime
    place_zh: str
    place_en: str


def take(session: Session, wanted: Wanted, *, now: datetime, returning: bool = False) -> Taken | None:
    """Hold the numbers and start the draft; None, with nothing changed, when they are not all there.

    `returning`: numbers that were given back count before their moment of return, for the waitlist alone.
    """
    values, statement = _values(wanted, now=now), TAKE_RETURNING if returning else TAKE
    if len(wanted.channels) > 1:
        values, statement = values | {"channels": list(wanted.channels)}, TAKE_OF_CHANNELS
    row = session.execute(statement, values).one_or_none()
    return None if row is None else Taken(*row)


def take_at_once(direct: Direct, wanted: Wanted, *, now: datetime) -> Taken | None:
    """As `take` of one number for somebody who holds nothing yet, in a transaction of its own."""
    values = _values(wanted, now=now)
    values["service_ids"], values["answers"] = Jsonb(values["service_ids"]), Jsonb(values["answers"])
    row = direct.find(TAKE_AT_ONCE, values)
    return None if row is None else Taken(*row)


def _values(wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    return {
        "hall_id": wanted.hall_id,
        "group_id": wanted.group_id,
        "on_date": wanted.on_date,
        "starts_at": wanted.starts_at,
        # Who needs one number must not lock those of the next slot, even for the moment of a refusal:
        # whoever wants these would skip them and be refused as well.
        "last_start": wanted.starts_at + (timedelta(0) if wanted.needed == 1 else _DAY),
        "needed": wanted.needed,
        "service_ids": list(wanted.service_ids),
        "answers": dict(wanted.answers),
        "token": wanted.token,
        "previous": wanted.previous,
        "held_until": wanted.held_until,
        "channel": wanted.channels[0],
        "now": now,
    }


def lock_own(session: Session, token: bytes) -> list[int]:
    """The numbers that carry the hash of this token, locked; none where one of them cannot be had soon.

    Somebody who wanted them too may have them locked for a moment, and lets them be: that one is waited for.
    A hall that is closing, or staff who give them to the same person, are not: they may wait for this one.
    """
    own = select(Number.id).where(Number.hold_token == token, Number.appointment_id.is_(None))
    try:
        with session.begin_nested():
            session.execute(_WAIT_A_MOMENT)
            found = session.scalars(own.with_for_update()).all()
            session.execute(_WAIT_AS_EVER)
    except OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            return []
        raise
    return list(found)


def let_go(session: Session, token: bytes) -> None:
    """Give up what a hold (the hash of its token) keeps.

    Numbers of one that has run out may be somebody else's in this moment: those are not waited for.
    """
    own = select(Number.id).where(Number.hold_token == token, Number.appointment_id.is_(None))
    session.execute(
        update(Number)
        .where(Number.id.in_(own.with_for_update(skip_locked=True)))
        .values(held_until=None, hold_token=None)
    )
