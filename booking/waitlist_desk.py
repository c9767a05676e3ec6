"""The waitlist as the hall's duty officer sees it: who waits in each line, what was offered; taking them off.

What happened today is counted from the audit of the entries: a second offer to somebody counts as one more.
An entry of several lines is counted once, in the first of them.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from booking.hall_rules import rules_of
from booking.models import Draft, Slot, WaitlistEntry
from booking.slot_places import IN_HALL, Place, place_in
from booking.waitlist import WaitUnknown, give_up, phone_of
from booking.waitlist_states import OPEN_WAITS, WaitState
from halls.models import Hall
from kernel.actor import Actor
from kernel.audit import AuditEntry
from kernel.errors import Conflict, Forbidden, Invalid
from kernel.phone import mask

REASONS = ("asked", "served", "wrong_phone")
"""Why somebody is taken off: of each they know already, or cannot be told. Nobody is sent a message."""

PER_LINE = 50
_LOOK_ONE = 500

#: What happened to an entry, (action, state before, state after) → the count that it belongs to.
_COUNTED: Mapping[tuple[str, str | None, str | None], str] = {
    ("waitlist.offer", WaitState.WAITING, WaitState.OFFERED): "offered_today",
    ("waitlist.end", WaitState.OFFERED, WaitState.TAKEN): "taken_today",
    ("waitlist.end", WaitState.OFFERED, WaitState.LAPSED): "lapsed_today",
    ("waitlist.lapse", WaitState.OFFERED, WaitState.WAITING): "lapsed_today",
    **{
        (action, before, WaitState.LEFT): "left_today"
        for action in ("waitlist.leave", "waitlist.take_off")
        for before in OPEN_WAITS
    },
}


class WaitReasonUnknown(Invalid):
    """A reason is needed, one of the list."""

    code = "wait_reason_unknown"
    zh = "请选择移出的理由。"
    en = "Please choose why they are taken off."


class WaitHasEnded(Conflict):
    """The entry has ended meanwhile: its owner left, or has a number."""

    code = "wait_has_ended"
    zh = "这条候补已经结束：本人已退出，或已约到号。不用再移出。"
    en = "This wait has ended: its owner left, or has a number. There is nothing to take off."


@dataclass(frozen=True, slots=True)
class LineOfWaits:
    """A line that somebody waits in or waited in today. `since`: when who waits longest joined."""

    group_id: int
    waiting: int = 0
    since: datetime | None = None
    offered: int = 0
    offered_today: int = 0
    taken_today: int = 0
    lapsed_today: int = 0
    left_today: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open entry with its phone masked; `place` is its turn, None while a number is offered.

    `offered_at` is where the offered number is to be used: a village, or the hall.
    """

    entry: WaitlistEntry
    phone: str
    place: int | None
    offered_at: Place = IN_HALL


def lines_of_hall(session: Session, hall: Hall, *, now: datetime) -> Sequence[LineOfWaits]:
    """Every line of a hall where somebody waits or something happened since midnight, by id."""
    open_now = _open_now(session, hall)
    today = _counts_of_today(session, hall, now=now)
    return [
        LineOfWaits(group_id, **open_now.get(group_id, {}), **today.get(group_id, {}))
        for group_id in sorted({*open_now, *today})
    ]


def _open_now(session: Session, hall: Hall) -> Mapping[int, Mapping[str, Any]]:
    waiting = WaitlistEntry.state == WaitState.WAITING
    rows = session.execute(
        select(
            WaitlistEntry.group_id,
            func.count().filter(waiting).label("waiting"),
            func.count().filter(~waiting).label("offered"),
            func.min(WaitlistEntry.created_at).filter(waiting).label("since"),
        )
        .where(WaitlistEntry.hall_id == hall.id, WaitlistEntry.state.in_(OPEN_WAITS))
        .group_by(WaitlistEntry.group_id)
    )
    return {
        row.group_id: {name: row[name] for name in ("waiting", "offered", "since")} for row in rows.mappings()
    }


def _counts_of_today(session: Session, hall: Hall, *, now: datetime) -> Mapping[int, Mapping[str, Any]]:
    rules = rules_of(hall)
    midnight = datetime.combine(rules.date_of(now), time(), rules.tz)
    rows = session.execute(
        select(
            WaitlistEntry.group_id,
            AuditEntry.action,
            AuditEntry.from_state,
            AuditEntry.to_state,
            func.count(),
        )
        .join(AuditEntry, AuditEntry.subject_id == WaitlistEntry.id)
        .where(
            WaitlistEntry.hall_id == hall.id,
            or_(WaitlistEntry.ended_at.is_(None), WaitlistEntry.ended_at >= midnight),
            AuditEntry.subject_kind == "waitlist_entry",
            AuditEntry.at >= midnight,
        )
        .group_by(WaitlistEntry.group_id, AuditEntry.action, AuditEntry.from_state, AuditEntry.to_state)
    )
    counts: dict[int, Counter[str]] = {}
    for group_id, action, before, after, count in rows:
        if name := _COUNTED.get((action, before, after)):
            counts.setdefault(group_id, Counter())[name] += count
    return counts


def count_waiting(session: Session, hall_ids: Collection[int]) -> dict[int, int]:
    """Hall → how many wait in it, those with a running offer among them."""
    rows = session.execute(
        select(WaitlistEntry.hall_id, func.count())
        .where(WaitlistEntry.hall_id.in_(hall_ids), WaitlistEntry.state.in_(OPEN_WAITS))
        .group_by(WaitlistEntry.hall_id)
    )
    return {row[0]: row[1] for row in rows}


def list_waiting(session: Session, hall: Hall, *, group_id: int | None = None) -> Sequence[Waiting]:
    """The open entries of a hall, of each line the first fifty: running offers, then whoever is asked next.

    Of one line alone (`group_id`) up to 500.
    """
    turn = (WaitlistEntry.offers, WaitlistEntry.created_at, WaitlistEntry.id)
    line = (WaitlistEntry.group_id, WaitlistEntry.state)
    rank = func.row_number().over(partition_by=line, order_by=turn).label("rank")
    numbered = select(WaitlistEntry.id, rank).where(
        WaitlistEntry.hall_id == hall.id,
        WaitlistEntry.state.in_(OPEN_WAITS),
        *([] if group_id is None else [WaitlistEntry.group_id == group_id]),
    )
    places = numbered.subquery()
    rows = session.execute(
        select(WaitlistEntry, places.c.rank, Slot)
        .join(places, places.c.id == WaitlistEntry.id)
        .outerjoin(Draft, and_(Draft.id == WaitlistEntry.draft_id, WaitlistEntry.state == WaitState.OFFERED))
        .outerjoin(Slot, Slot.id == Draft.slot_id)
        .where(places.c.rank <= (PER_LINE if group_id is None else _LOOK_ONE))
        .order_by(WaitlistEntry.group_id, WaitlistEntry.state != WaitState.OFFERED, places.c.rank)
    )
    return [
        Waiting(
            entry,
            mask(phone_of(entry)),
            place if entry.state == WaitState.WAITING else None,
            place_in(slot) if slot is not None else IN_HALL,
        )
        for entry, place, slot in rows
    ]


def take_off(
    session: Session, hall: Hall, entry_id: int, *, reason: str, actor: Actor, now: datetime
) -> WaitlistEntry:
    """End somebody's wait, for a reason of the list; a number that was offered goes to the next at once.

    By its id, not by its reference: whoever has the reference could take the number.

    Raises:
        Forbidden, WaitReasonUnknown, WaitUnknown, WaitHasEnded
    """
    if not actor.may("waitlist.tend", hall.id):
        raise Forbidden
    if reason not in REASONS:
        raise WaitReasonUnknown
    mine = select(WaitlistEntry).where(WaitlistEntry.id == entry_id, WaitlistEntry.hall_id == hall.id)
    entry = session.scalar(mine)
    if entry is None:
        raise WaitUnknown
    if not give_up(session, entry, "waitlist.take_off", actor=actor, now=now, reason=reason):
        raise WaitHasEnded
    return entry
