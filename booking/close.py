"""Close a hall or one line, planned or at once in an emergency, and reopen it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, bindparam, text
from sqlalchemy.orm import Session

from booking.affected import Affected, ClosedTime, list_in_closed_time, see_in_closed_time
from booking.hall_rules import rules_of
from booking.lost_offers import take_back_offers
from booking.publish import publish
from booking.rehouse import Rehoused, rehouse
from booking.standing import lock_people
from booking.turns import stop_moves
from halls.closures import add_closure, lift_closure
from halls.models import Closure, Hall
from halls.queries import calendar
from halls.workdays import add_working_days
from kernel.actor import Actor


class Then(StrEnum):
    """What is to become of the bookings that lose their time."""

    MOVE = "move"  # to the nearest free numbers of the line; who finds none is cancelled and told
    CANCEL = "cancel"
    KEEP = "keep"  # they stay booked: somebody serves them all the same


@dataclass(frozen=True, slots=True)
class Close:
    """`group_id` None closes the whole hall. `emergency`: declared for at once."""

    group_id: int | None
    starts_at: datetime
    ends_at: datetime
    reason_zh: str
    reason_en: str = ""
    emergency: bool = False
    then: Then = Then.MOVE


@dataclass(frozen=True, slots=True)
class Closing:
    """The closure, and what became of the bookings in it."""

    closure: Closure
    affected: int
    rehoused: Rehoused


# Those held at this moment as well: who fills in a form is told that the time is gone, not booked into it.
# What the same form held in lines that stay open is free again; who is just being booked is not waited for.
_WITHDRAW = text("""
WITH gone AS (
  DELETE FROM number USING slot
  WHERE slot.id = number.slot_id AND number.hall_id = :hall_id AND number.appointment_id IS NULL
    AND (CAST(:group_id AS bigint) IS NULL OR number.group_id = :group_id)
    AND number.on_date BETWEEN CAST(:starts_at AS date) - 1 AND CAST(:ends_at AS date) + 1
    AND slot.starts_at < :ends_at AND slot.ends_at > :starts_at
  RETURNING number.id, number.hold_token
), rest AS (
  SELECT number.id FROM number
  WHERE number.hold_token IN (SELECT token_hash FROM draft JOIN gone ON gone.hold_token = draft.token_hash)
    AND number.appointment_id IS NULL AND number.id NOT IN (SELECT id FROM gone)
  FOR UPDATE SKIP LOCKED
), let_go AS (
  UPDATE number SET hold_token = NULL, held_until = NULL FROM rest WHERE number.id = rest.id
)
SELECT DISTINCT hold_token FROM gone WHERE hold_token IS NOT NULL
""").bindparams(bindparam("group_id", type_=BigInteger))


def close(session: Session, hall: Hall, command: Close, *, actor: Actor, now: datetime) -> Closing:
    """Close, withdraw all free numbers in that time, and move, cancel or keep the bookings.

    The number of statements does not depend on the number of bookings.

    1. Lock the hall and its moves, and write the closure.
    2. Lock the bookings that fall into it and their people (before any number, as everybody does), withdraw
       what is free or held there, and look again: somebody may have confirmed meanwhile. Nobody books into it
       any more.
    3. Move or cancel the bookings.
    4. Publish the days: slots are cut anew around the closure.

    Raises:
        ClosureBackwards
    """
    stop_moves(session, hall.id)
    closure = add_closure(
        session,
        hall,
        group_id=command.group_id,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        reason_zh=command.reason_zh,
        reason_en=command.reason_en,
        emergency=command.emergency,
        actor=actor,
        now=now,
    )
    closed = closed_time(hall, command)
    known = {each.citizen_id for each in list_in_closed_time(session, closed, now=now)}
    lock_people(session, known)
    _withdraw(session, closed, now=now)
    affected = list_in_closed_time(session, closed, now=now)
    rehoused = Rehoused(0, 0)
    if command.then is not Then.KEEP:
        move = command.then is Then.MOVE
        rehoused = rehouse(
            session, hall, affected, move=move, closure_id=closure.id, locked=known, actor=actor, now=now
        )
    _publish(session, hall, closed, actor=actor, now=now)
    return Closing(closure, len(affected), rehoused)


def _withdraw(session: Session, closed: ClosedTime, *, now: datetime) -> None:
    facts = {
        "hall_id": closed.hall_id,
        "group_id": closed.group_id,
        "starts_at": closed.starts_at,
        "ends_at": closed.ends_at,
    }
    tokens = session.connection().execute(_WITHDRAW, facts).scalars().all()
    take_back_offers(session, [bytes(token) for token in tokens], now=now)


def preview(session: Session, hall: Hall, command: Close, *, now: datetime) -> list[Affected]:
    """The bookings that a closure would touch, before anything is done; none of them is locked."""
    return see_in_closed_time(session, closed_time(hall, command), now=now)


def reopen(session: Session, hall: Hall, closure_id: int, *, actor: Actor, now: datetime) -> int:
    """Take a closure back and publish its days again; how many numbers are new.

    Raises:
        ClosureUnknown
    """
    closure = lift_closure(session, hall, closure_id, actor=actor, now=now)
    closed = ClosedTime(hall.id, closure.group_id, closure.starts_at, closure.ends_at)
    return _publish(session, hall, closed, actor=actor, now=now)


def closed_time(hall: Hall, command: Close) -> ClosedTime:
    """The time that a command closes."""
    return ClosedTime(hall.id, command.group_id, command.starts_at, command.ends_at)


def _publish(session: Session, hall: Hall, closed: ClosedTime, *, actor: Actor, now: datetime) -> int:
    """The days of it that can be booked: later ones see the closure when their turn comes."""
    rules = rules_of(hall)
    today = rules.date_of(now)
    bookable = add_working_days(today, rules.policy.horizon_working_days + 1, calendar(session))
    first_on = max(rules.date_of(closed.starts_at), today)
    last_on = min(rules.date_of(closed.ends_at - timedelta(microseconds=1)), bookable)
    if last_on < first_on:
        return 0
    return publish(session, hall.id, first_on=first_on, last_on=last_on, actor=actor, now=now)
