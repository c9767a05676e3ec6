"""What a person may do to free numbers: release them now, withdraw them, or give them to another channel."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from booking.events import NumbersChanged
from booking.ladder import Channel
from booking.models import Number
from halls.models import Hall
from kernel.actor import Actor
from kernel.errors import Conflict, Invalid
from kernel.story import tell

#: Why, as codes: the audit keeps no free text, in which somebody might name people.
REASONS = (
    "more_staff",
    "fewer_staff",
    "many_bookings",
    "many_walk_ins",
    "left_unused",
    "trouble",
    "setting_right",
)


class Change(StrEnum):
    """The value travels in forms and the API."""

    RELEASE = "release"
    WITHDRAW = "withdraw"
    DUTY_TO_ONLINE = "duty_to_online"
    DUTY_TO_WALK_IN = "duty_to_walk_in"
    ONLINE_TO_WALK_IN = "online_to_walk_in"
    WALK_IN_TO_ONLINE = "walk_in_to_online"


class ReasonMissing(Invalid):
    """Whoever changes numbers by hand says why: one of `REASONS`."""

    code = "reason_missing"
    zh = "请选择调整的原因。"
    en = "Please choose why the numbers are changed."


class NoSuchNumbers(Conflict):
    """There is no number left that this could be done to."""

    code = "no_such_numbers"
    zh = "没有可以这样调整的号，可能刚被约走或已经调整过。请刷新后再看。"
    en = "There is no number left to change so: it may just have been booked. Please reload the page."


@dataclass(frozen=True, slots=True)
class ChangeNumbers:
    """At most `most` numbers of a line on one day, spread over its slots that have not begun.

    `reason` is one of `REASONS`.
    """

    group_id: int
    on_date: date
    change: Change
    most: int
    reason: str


def is_unheld(now: datetime) -> ColumnElement[bool]:
    """No hold that still runs."""
    return or_(Number.held_until.is_(None), Number.held_until <= now)


def change_numbers(
    session: Session, hall: Hall, command: ChangeNumbers, *, actor: Actor, now: datetime
) -> int:
    """Do it to numbers that nobody has booked or holds; how many.

    A withdrawn number keeps its row, unreleased, so that the nightly publishing does not bring it back;
    releasing takes it out again. Those that are released go first, then those of steps still to come.

    Raises:
        ReasonMissing, NoSuchNumbers
    """
    if command.reason not in REASONS:
        raise ReasonMissing
    chosen = (
        select(Number.id)
        .where(
            Number.hall_id == hall.id,
            Number.group_id == command.group_id,
            Number.on_date == command.on_date,
            Number.starts_at > now,
            Number.appointment_id.is_(None),
            is_unheld(now),
            _which(command.change, now),
        )
        .order_by(*_first(command.change, now), Number.ordinal, Number.starts_at)
        .limit(command.most)
        .with_for_update(skip_locked=True)
    )
    # Read first: as a subquery PostgreSQL may ask for it again and again, each time for so many more.
    changed = session.scalars(
        update(Number)
        .where(Number.id.in_(session.scalars(chosen).all()))
        .values(**_what(command.change, now), held_until=None, hold_token=None)
        .returning(Number.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not changed:
        raise NoSuchNumbers
    tell(
        session,
        NumbersChanged(hall.id, command.on_date, len(changed)),
        "numbers.change",
        actor=actor,
        now=now,
        subject=("group", command.group_id),
        hall_id=hall.id,
        on=command.on_date.isoformat(),
        change=str(command.change),
        count=len(changed),
        reason=command.reason,
    )
    return len(changed)


def _which(change: Change, now: datetime) -> ColumnElement[bool]:
    """The numbers that a change is about."""
    waiting = or_(Number.released_at.is_(None), Number.released_at > now)
    return {
        Change.RELEASE: and_(Number.channel == Channel.ONLINE, waiting),
        Change.WITHDRAW: and_(Number.channel == Channel.ONLINE, Number.released_at.is_not(None)),
        Change.DUTY_TO_ONLINE: Number.channel == Channel.DUTY,
        Change.DUTY_TO_WALK_IN: Number.channel == Channel.DUTY,
        Change.ONLINE_TO_WALK_IN: Number.channel == Channel.ONLINE,
        Change.WALK_IN_TO_ONLINE: Number.channel == Channel.WALK_IN,
    }[change]


def _first(change: Change, now: datetime) -> list[ColumnElement[bool]]:
    """What citizens can see is withdrawn before what they would have seen later."""
    return [Number.released_at > now] if change is Change.WITHDRAW else []


def _what(change: Change, now: datetime) -> dict[str, Any]:
    """What they become."""
    if change is Change.WITHDRAW:
        return {"released_at": None}
    if change in (Change.DUTY_TO_WALK_IN, Change.ONLINE_TO_WALK_IN):
        return {"channel": Channel.WALK_IN, "released_at": None}
    return {"channel": Channel.ONLINE, "released_at": now}
