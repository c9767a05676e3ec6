"""Call the next ticket where many officers press at once: the plain case of `call_next`, past SQLAlchemy.

The same locks, the same rule and the same statements, in one transaction of three:

1. the counter's session, then the lines that it serves, locked;
2. the heads of the lanes with the last calls, read under these locks;
3. the ticket taken, the call counted and written, the event told.

Whatever is not plain is left to `call_next`, which says why: a counter that is closed, paused or busy, a line
that nobody has joined today, nobody who waits, a press that has called before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import select

from halls.models import ServiceGroup
from kernel.actor import Actor
from kernel.direct import Direct, Statement
from kernel.errors import Forbidden
from queueing import press
from queueing.call_next import CALLED, TAKEN, facts_of, with_writes
from queueing.counters import ensure_own
from queueing.ordering import Choice, heads_of, next_from_heads
from queueing.policy import QueuePolicy
from queueing.reasons import Reason
from queueing.waiting import found_of, heads_and_recent, looked_at, of_groups

_SEAT = """
WITH seat AS MATERIALIZED (
    SELECT hall.id AS hall_id, hall.time_zone, hall.policy ->> 'queue' AS policy,
           running.counter_id, running.staff_id, (:now AT TIME ZONE hall.time_zone)::date AS on_date
    FROM hall
    JOIN counter ON counter.hall_id = hall.id
    JOIN counter_session AS running ON running.counter_id = counter.id
    WHERE {which} AND hall.active AND counter.active
      AND running.closed_at IS NULL AND running.state = 'open'
      AND NOT EXISTS (
          SELECT FROM ticket WHERE ticket.counter_id = counter.id AND ticket.state IN ('called', 'serving')
      )
    FOR UPDATE OF running
),
lines AS MATERIALIZED (
    SELECT line.group_id, line.calls
    FROM seat
    JOIN counter_skill ON counter_skill.counter_id = seat.counter_id
    JOIN line ON line.group_id = counter_skill.group_id AND line.on_date = seat.on_date
    ORDER BY line.id
    FOR UPDATE OF line
)
SELECT hall_id, time_zone, policy, counter_id, staff_id, on_date,
       (SELECT count(*) FROM counter_skill WHERE counter_skill.counter_id = seat.counter_id),
       (SELECT jsonb_object_agg(lines.group_id, lines.calls) FROM lines)
FROM seat
"""
_SEAT_BY_NUMBER = Statement(_SEAT.format(which="hall.code = :hall AND counter.number = :number"))
_SEAT_BY_ID = Statement(_SEAT.format(which="counter.id = :counter"))

_AT_COUNTER = "uq_ticket_at_counter"


class CalledElsewhere(Exception):
    """The counter got a ticket while this call waited for it, or this press has called one before."""


class Seat(NamedTuple):
    """A locked counter session, and the locked lines that the counter serves: group → calls made."""

    hall_id: int
    time_zone: str
    policy: str | None
    counter_id: int
    staff_id: int
    on_date: date
    skills: int
    lines: Mapping[str, int] | None


class Taken(NamedTuple):
    """The ticket that was called, as much of it as is told."""

    label: str
    track: str
    late: bool
    issued_at: datetime
    slot_starts_at: datetime | None
    promised_at: datetime | None
    called_at: datetime
    legs: Sequence[Mapping[str, Any]]
    group: str
    group_zh: str
    group_en: str
    call_id: int | None


@dataclass(frozen=True, slots=True)
class CalledAtOnce:
    """Who was called just now, and why; `time_zone` is the hall's."""

    ticket: Taken
    reason: Reason
    time_zone: str


def call_at_once(
    direct: Direct, hall_code: str, number: int, *, actor: Actor, now: datetime, press_key: str | None = None
) -> CalledAtOnce | None:
    """Call to this counter who is next by the hall's rule; None, with nothing changed, for `call_next`.

    Raises:
        Forbidden, NotYourCounter
        CalledElsewhere: the other of two presses at this counter has called; the transaction is to be undone
    """
    row = direct.find(_SEAT_BY_NUMBER, {"hall": hall_code, "number": number, "now": now})
    return _call(direct, row, "ticket.call", actor=actor, now=now, press_key=press_key)


def call_to_counter_at_once(
    direct: Direct, counter_id: int, *, actor: Actor, now: datetime, press_key: str | None
) -> CalledAtOnce | None:
    """The same at a counter's own page, which asks for the permission to work there."""
    row = direct.find(_SEAT_BY_ID, {"counter": counter_id, "now": now})
    return _call(direct, row, "counter.work", actor=actor, now=now, press_key=press_key)


def _call(
    direct: Direct, row: Any, permission: str, *, actor: Actor, now: datetime, press_key: str | None
) -> CalledAtOnce | None:
    seat = None if row is None else Seat(*row)
    if seat is None or seat.lines is None or len(seat.lines) < seat.skills:
        return None
    if not actor.may(permission, seat.hall_id):
        raise Forbidden
    ensure_own(seat, actor)
    policy, key = _policy_of(seat.policy), press.stored(press_key)
    while (choice := _choose(direct, seat, policy, now=now)) is not None:
        try:
            taken = _take(direct, seat, choice, key=key, actor=actor, now=now)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name != _AT_COUNTER:
                raise
            raise CalledElsewhere from error
        if taken is not None:
            return CalledAtOnce(taken, choice.reason, seat.time_zone)
    return None


@lru_cache(maxsize=256)
def _policy_of(stored: str | None) -> QueuePolicy:
    """Halls hardly ever change their rule, and reading it takes as long as a statement."""
    return QueuePolicy.from_mapping(json.loads(stored) if stored else {})


def _choose(direct: Direct, seat: Seat, policy: QueuePolicy, *, now: datetime) -> Choice | None:
    made = {int(group_id): calls for group_id, calls in (seat.lines or {}).items()}
    groups = of_groups(made)
    facts = {
        **groups,
        "made": Jsonb(groups["made"]),
        "on_date": seat.on_date,
        "each": 1,
        "looked_at": looked_at(policy),
        "counter_id": seat.counter_id,
    }
    waiting, recent = found_of(direct.all(_heads(policy.discipline), facts))
    return next_from_heads(heads_of(waiting), recent, now, policy)


@lru_cache
def _heads(discipline: str) -> Statement:
    return Statement.of(heads_and_recent(discipline))


def _take(
    direct: Direct, seat: Seat, choice: Choice, *, key: str | None, actor: Actor, now: datetime
) -> Taken | None:
    facts = facts_of(choice, seat, key=key, actor=actor, now=now)
    for name in ("details", "event_payload", "reason"):
        facts[name] = Jsonb(facts[name])
    row = direct.find(_TAKE, facts)
    if row is None:
        return None
    taken = Taken(*row)
    if taken.call_id is None:
        raise CalledElsewhere
    return taken


_TAKE = Statement.of(
    with_writes(
        select(
            TAKEN.c.label,
            TAKEN.c.track,
            TAKEN.c.late,
            TAKEN.c.issued_at,
            TAKEN.c.slot_starts_at,
            TAKEN.c.promised_at,
            TAKEN.c.called_at,
            TAKEN.c.legs,
            ServiceGroup.code,
            ServiceGroup.name_zh,
            ServiceGroup.name_en,
            select(CALLED.c.id).scalar_subquery(),
        ).join(ServiceGroup, ServiceGroup.id == TAKEN.c.group_id)
    )
)
