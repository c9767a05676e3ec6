"""Waiting for a number: who joins is offered the next one that fits, by SMS, held for twenty minutes.

`booking.waitlist_offers` makes the offers; here are the citizen's own steps: join, take the offer, leave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from secrets import SystemRandom
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    Select,
    Table,
    delete,
    func,
    literal,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from booking.hall_rules import HallRules, rules_of
from booking.lost_offers import is_taken_by_hall
from booking.models import Appointment, Draft, Number, WaitlistEntry
from booking.policy import last_bookable_on
from booking.visit_availability import first_visit
from booking.visit_offer import get_visit_offer
from booking.waitlist_offers import GRACE, end, held_by, let_go, offer_returned
from booking.waitlist_states import OPEN_WAITS, WaitState
from booking.waitlist_visits import legs_of, lines_of, waiting_in
from halls.models import Hall
from halls.queries import get_hall_by_id
from kernel import audit
from kernel.actor import Actor
from kernel.crypto import cipher
from kernel.db import lock_hashed
from kernel.errors import Conflict, Invalid, NotFound
from kernel.ids import new_reference
from people.citizens import phone_index

MOST_WAITS = 5
_ENTRIES = cast("Table", WaitlistEntry.__table__)


class WaitUnknown(NotFound):
    """No entry of a waitlist has this reference."""

    code = "wait_unknown"
    zh = "没有找到这条候补，请核对链接，或在“我的预约”中查看。"
    en = "We could not find this place on the waitlist. Please check the link, or look under “My bookings”."


class AlreadyWaiting(Conflict):
    """One open entry per phone and line."""

    code = "already_waiting"
    zh = "这个手机号已在这条队伍候补，有号时会发短信，不用重复登记。"
    en = "This phone is already on this waitlist. A message comes when a number is free."


class TooManyWaits(Conflict):
    """The phone waits in as many lines as allowed."""

    code = "too_many_waits"
    zh = "您已有 {limit} 条候补，达到上限。请先退出其中一条。"
    en = "You are on {limit} waitlists, the most allowed. Please leave one of them first."


class WaitDaysImpossible(Invalid):
    """The days are past, in the wrong order, or cannot be booked yet."""

    code = "wait_days_impossible"
    zh = "候补日期须从今天起、到 {last_on} 为止，请重新选择。"
    en = "Please choose days from today up to {last_on}."


class NumbersAreFree(Conflict):
    """Nobody needs to wait: the days have free numbers."""

    code = "numbers_are_free"
    zh = "这几天还有号，不用候补，请直接选时间预约。"
    en = "There are free numbers on these days. There is no need to wait: please choose a time."


class OfferOver(Conflict):
    """The number was not taken in time, or nothing is offered."""

    code = "offer_over"
    zh = "这个号已经过了保留时间，已留给下一位。仍在候补的，有号时会再发短信。"
    en = "This number was not taken in time. If you are still waiting, a message comes with the next one."


class OfferTakenBack(Conflict):
    """The hall has closed the time of the number that was offered; who was offered it waits on."""

    code = "offer_taken_back"
    zh = "抱歉，大厅停办了这个时段，为您保留的号不能用了。您仍在候补，这次不算次数，有号时会再发短信。"
    en = (
        "Sorry, the hall has closed this time, and the number kept for you is gone. You are still waiting, "
        "this offer does not count, and a message comes with the next number."
    )


@dataclass(frozen=True, slots=True)
class JoinWaitlist:
    """What somebody waits for. `phone` is verified and in E.164; both days are included."""

    hall_code: str
    service_codes: tuple[str, ...]
    first_on: date
    last_on: date
    phone: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    language: str = "zh"


def join(session: Session, command: JoinWaitlist, *, actor: Actor, now: datetime) -> WaitlistEntry:
    """Wait for the next numbers that fit: of a line, or of all lines that the services need.

    Raises:
        HallUnknown, ServiceNotOffered, WaitDaysImpossible, NumbersAreFree, AlreadyWaiting, TooManyWaits
    """
    offer = get_visit_offer(session, command.hall_code, command.service_codes, answers=command.answers)
    rules, today = offer.rules, offer.rules.date_of(now)
    last = last_bookable_on(now, policy=rules.policy, calendar=offer.calendar, tz=rules.tz)
    if not today <= command.first_on <= command.last_on <= last:
        raise WaitDaysImpossible(last_on=last.isoformat())
    days = {"first_on": command.first_on, "last_on": command.last_on}
    if first_visit(session, offer, **days, now=now) is not None:
        raise NumbersAreFree
    _ensure_room(session, phone_index(command.phone))
    entry_id = session.scalar(
        insert(_ENTRIES)
        .values(
            reference=new_reference(),
            hall_id=offer.hall_id,
            group_id=offer.group_ids[0],
            service_ids=list(offer.service_ids),
            answers=dict(command.answers),
            needed=offer.needed,
            legs=legs_of(offer),
            **days,
            phone_sealed=cipher().encrypt(command.phone, "waitlist.phone"),
            phone_index=phone_index(command.phone),
            language="en" if command.language.startswith("en") else "zh",
            state=WaitState.WAITING,
            created_at=now,
            offers=0,
        )
        .on_conflict_do_nothing()
        .returning(_ENTRIES.c.id)
    )
    if entry_id is None:
        raise AlreadyWaiting
    entry = session.get_one(WaitlistEntry, entry_id)
    _record(session, entry, "waitlist.join", (None, WaitState.WAITING), actor=actor, now=now)
    return entry


def leave(session: Session, entry: WaitlistEntry, *, actor: Actor, now: datetime) -> None:
    """Wait no longer; what was offered goes to the next at once (at night: in the morning). Twice is once."""
    give_up(session, entry, "waitlist.leave", actor=actor, now=now)


def give_up(
    session: Session, entry: WaitlistEntry, action: str, *, actor: Actor, now: datetime, **details: str
) -> bool:
    """End a wait as `action`, and hand on what was offered; False where it had ended, or they have booked."""
    _lock(session, entry)
    if entry.state not in OPEN_WAITS:
        return False
    held = held_by(session, entry) if entry.state == WaitState.OFFERED else []
    if entry.state == WaitState.OFFERED and not let_go(session, entry, now=now):
        end(session, entry, WaitState.TAKEN, now=now)
        return False
    before, entry.state, entry.ended_at = entry.state, WaitState.LEFT, now
    _record(session, entry, action, (before, WaitState.LEFT), actor=actor, now=now, **details)
    session.flush()
    if before == WaitState.OFFERED:
        chance = SystemRandom().random()
        for group_id in lines_of(entry):
            ids = [number_id for number_id, line in held if line == group_id]
            rules = _rules(session, entry)
            offer_returned(session, group_id, ids, rules=rules, now=now, fraction=chance)
    return True


def accept(session: Session, entry: WaitlistEntry, *, now: datetime) -> str:
    """The token of the held numbers, to go on with the form; there is at least the usual time for it.

    Pressing again gives no more time than that, so a number cannot be kept for ever.

    Raises:
        OfferOver, OfferTakenBack, WaitUnknown
    """
    _lock(session, entry)
    if was_taken_back(entry):
        raise OfferTakenBack
    if entry.state != WaitState.OFFERED or entry.offer_until is None or entry.offer_until <= now:
        raise OfferOver
    rules, offered_at = _rules(session, entry), entry.offered_at or now
    most = offered_at + rules.policy.waitlist_hold + rules.policy.hold
    until = max(entry.offer_until, min(now + rules.policy.hold, most))
    token: str = cipher().decrypt(cast("bytes", entry.token_sealed), "waitlist.token")
    draft = session.get_one(Draft, entry.draft_id, with_for_update=True)
    if draft.appointment_id is None and not _still_whole(session, draft):
        raise OfferTakenBack if is_taken_by_hall(session, entry, draft) else OfferOver
    if draft.appointment_id is None and until > entry.offer_until:
        entry.offer_until = draft.held_until = until
        session.execute(
            update(Number)
            .where(Number.hold_token == draft.token_hash, Number.appointment_id.is_(None))
            .values(held_until=until + GRACE)
        )
    return token


def _still_whole(session: Session, draft: Draft) -> bool:
    """Whether all numbers of an offer are still held by it."""
    mine = select(func.count()).where(Number.hold_token == draft.token_hash, Number.appointment_id.is_(None))
    return session.scalar(mine) == draft.needed


def was_taken_back(entry: WaitlistEntry) -> bool:
    """Whether the hall took back what was offered last, and nothing was offered since."""
    return entry.state == WaitState.WAITING and entry.offered_at is not None and entry.offer_starts_at is None


def get_wait(session: Session, reference: str) -> WaitlistEntry:
    """The entry of this public reference; raises WaitUnknown."""
    known = reference if reference.isprintable() else ""
    entry = session.scalar(select(WaitlistEntry).where(WaitlistEntry.reference == known))
    if entry is None:
        raise WaitUnknown
    return entry


def find_open_wait(session: Session, phone: str, group_id: int) -> WaitlistEntry | None:
    """The phone's entry in a line that has not ended."""
    return session.scalar(
        select(WaitlistEntry).where(
            WaitlistEntry.phone_index == phone_index(phone),
            WaitlistEntry.group_id == group_id,
            WaitlistEntry.state.in_(OPEN_WAITS),
        )
    )


def list_open_waits(session: Session, phone: str) -> Sequence[WaitlistEntry]:
    """What a phone (E.164) waits for, the oldest first."""
    return session.scalars(
        select(WaitlistEntry)
        .where(WaitlistEntry.phone_index == phone_index(phone), WaitlistEntry.state.in_(OPEN_WAITS))
        .order_by(WaitlistEntry.created_at)
    ).all()


def count_ahead(session: Session, entry: WaitlistEntry) -> int:
    """How many will be asked before, of those who wait for any of the same days."""
    return counts_ahead(session, [entry])[entry.id]


def counts_ahead(session: Session, entries: Sequence[WaitlistEntry]) -> dict[int, int]:
    """The same for several entries by id, in one statement."""
    if not entries:
        return {}
    ahead: dict[int, int] = dict(session.execute(union_all(*map(_ahead_of, entries))).all())
    return ahead


def _ahead_of(entry: WaitlistEntry) -> Select[int, int]:
    place = (entry.offers, entry.created_at, entry.id)
    return select(literal(entry.id, BigInteger), func.count()).where(
        waiting_in(*lines_of(entry)),
        WaitlistEntry.first_on <= entry.last_on,
        WaitlistEntry.last_on >= entry.first_on,
        tuple_(WaitlistEntry.offers, WaitlistEntry.created_at, WaitlistEntry.id) < place,
    )


def booked_by(session: Session, entry: WaitlistEntry) -> Appointment | None:
    """The appointment that came of its offer."""
    return bookings_of(session, [entry]).get(entry.id)


def bookings_of(session: Session, entries: Sequence[WaitlistEntry]) -> dict[int, Appointment]:
    """Entry id → the appointment that came of its offer, where one has."""
    offered = {entry.draft_id: entry.id for entry in entries if entry.draft_id is not None}
    rows = session.execute(
        select(Draft.id, Appointment)
        .join(Appointment, Appointment.id == Draft.appointment_id)
        .where(Draft.id.in_(offered))
    )
    return {offered[row[0]]: row[1] for row in rows}


def phone_of(entry: WaitlistEntry) -> str:
    """The phone in E.164 that offers go to."""
    return cipher().decrypt(entry.phone_sealed, "waitlist.phone")


def remove_old_waits(session: Session, *, before: datetime) -> int:
    """Remove what ended before a moment; how many. They hold phones that nobody needs any more."""
    removed = delete(WaitlistEntry).where(WaitlistEntry.ended_at < before).returning(WaitlistEntry.id)
    return len(session.scalars(removed).all())


def _ensure_room(session: Session, index: bytes) -> None:
    """The cap, exact: joins of one phone follow one another."""
    lock_hashed(session, index)
    waits = select(func.count()).where(
        WaitlistEntry.phone_index == index, WaitlistEntry.state.in_(OPEN_WAITS)
    )
    if (session.scalar(waits) or 0) >= MOST_WAITS:
        raise TooManyWaits(limit=MOST_WAITS)


def _lock(session: Session, entry: WaitlistEntry) -> None:
    """As it is now; its owner may have wished to be forgotten since it was looked up."""
    session.flush()
    mine = select(WaitlistEntry).where(WaitlistEntry.id == entry.id).with_for_update()
    if session.scalar(mine.execution_options(populate_existing=True)) is None:
        raise WaitUnknown


def _rules(session: Session, entry: WaitlistEntry) -> HallRules:
    hall: Hall = get_hall_by_id(session, entry.hall_id)
    return rules_of(hall)


def _record(
    session: Session,
    entry: WaitlistEntry,
    action: str,
    states: tuple[str | None, str],
    *,
    actor: Actor,
    now: datetime,
    **details: str,
) -> None:
    audit.record(
        session,
        action,
        actor=actor,
        now=now,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        states=states,
        **details,
    )
