"""Offering numbers to those who wait for one: first come, first asked, and each number to one person only.

A number that is given back is offered in the transaction that gives it back, so nobody else can see it
before. An offer is a hold like any other (`booking.taking`) with its draft; the numbers are kept a little
longer than was promised, so that a lapsed offer goes on to the next person without a gap for others.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from booking import taking
from booking.events import WaitlistOffered
from booking.hall_rules import HallRules, rules_of
from booking.ladder import off_the_minute
from booking.leg_holding import LegsTaken
from booking.lost_offers import take_back_the_rest
from booking.models import Appointment, Draft, Number, WaitlistEntry
from booking.states import OPEN
from booking.taking import RETURNING, Taken, Wanted, take
from booking.visit_numbers import visits_from_each
from booking.waitlist_states import WaitState
from booking.waitlist_visits import (
    PASSES_ALL,
    FreeRow,
    lines_beside,
    lines_of,
    passes,
    slot_in,
    take_visit,
    waiting_in,
)
from halls.models import Hall
from kernel import audit, outbox
from kernel.actor import SYSTEM
from kernel.crypto import cipher
from kernel.ids import new_token, token_hash

#: Numbers are kept so much longer than an offer, until the job that passes them on has run.
GRACE = timedelta(minutes=3)
#: In the morning the job has so much time before numbers that came back at night are for everybody.
HEAD_START = timedelta(minutes=5)
_LOCK = 0x77616974
_AT_ONCE = 50
_TRIES = 5
_PURPOSE = "waitlist.token"

_FREE = text(f"""
SELECT slot.group_id, slot.id AS slot_id, slot.on_date, slot.starts_at, slot.ends_at,
       slot.place_zh, slot.place_en, count(number.id) AS free
FROM slot LEFT JOIN number
       ON number.slot_id = slot.id AND number.group_id = slot.group_id AND number.on_date = slot.on_date
      AND number.starts_at = slot.starts_at
      AND appointment_id IS NULL AND channel = 'online' AND {RETURNING}
      AND (held_until IS NULL OR held_until <= :now)
WHERE slot.group_id = ANY(CAST(:group_ids AS bigint[])) AND slot.on_date BETWEEN :first_on AND :last_on
  AND slot.starts_at >= :earliest_at
GROUP BY slot.id
ORDER BY slot.starts_at
""")  # noqa: S608  # RETURNING is a constant


@dataclass(frozen=True, slots=True)
class _Free:
    """What is free at this moment in the lines that people wait for, in order of time; the hall's rules."""

    rules: HallRules
    slots: Sequence[FreeRow]


def may_offer(rules: HallRules, *, now: datetime) -> bool:
    """Whether people may be written to at this time of the hall's day."""
    wall = now.astimezone(rules.tz).time()
    return rules.policy.waitlist_from <= wall < rules.policy.waitlist_until


def offer_returned(
    session: Session,
    group_id: int,
    number_ids: Sequence[int],
    *,
    rules: HallRules,
    now: datetime,
    fraction: float,
) -> None:
    """Numbers came back just now: offer them, or at night keep them for the morning where people wait.

    Numbers of the coming morning are not kept: there would be no time left to come.
    """
    if may_offer(rules, now=now):
        offer_waiting(session, group_id, rules=rules, now=now)
        return
    opens_at = _next_opening(rules, now=now)
    returns_at = off_the_minute(opens_at + HEAD_START + rules.policy.return_window * fraction)
    soonest = returns_at + rules.policy.lead_time + rules.policy.waitlist_hold
    wanted = exists().where(waiting_in(group_id), _covers(Number.on_date))
    session.execute(
        update(Number)
        .where(Number.id.in_(number_ids), Number.group_id == group_id, Number.starts_at > soonest, wanted)
        .values(released_at=returns_at)
    )


def offer_waiting(session: Session, group_id: int, *, rules: HallRules, now: datetime) -> int:
    """Offer what is free in a line to those who wait, in their order; how many were offered one.

    Who waits for a visit of several lines is among those of each of them, and gets all its numbers or none.

    Only one transaction offers in a hall at a time. Otherwise a number that comes back while another one
    looks at the same entries would find nobody waiting, and be for everybody. It is the hall and not the line
    because visits pass several: locks of two lines could be taken in opposite orders.
    """
    session.flush()
    hall_id = session.scalar(select(WaitlistEntry.hall_id).where(waiting_in(group_id)).limit(1))
    if hall_id is None or not may_offer(rules, now=now):
        return 0
    lock_offers(session, hall_id)
    entries = _lock_waiting(session, lines_beside(session, group_id), today=rules.date_of(now))
    if not entries:
        return 0
    free = _read(session, entries, rules, now=now)
    offered = 0
    for entry in entries:
        if _offer(session, entry, free, now=now):
            offered += 1
            free = _read(session, entries, rules, now=now)
    return offered


def lock_offers(session: Session, hall_id: int) -> None:
    """One transaction at a time gives the numbers of a hall away that came back; held until the commit."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, hall_id % 2**31)))


def tend(session: Session, *, now: datetime) -> None:
    """What time brings: offers lapse and go on, waits end with their days, free numbers are offered.

    A job; safe to run twice, and beside itself.
    """
    close_served(session, now=now)
    take_back_the_rest(session, now=now)
    lapsed = _lapse(session, now=now)
    # In one order everywhere: each line is locked until the commit.
    waited_for = exists().where(WaitlistEntry.hall_id == Hall.id, WaitlistEntry.state == WaitState.WAITING)
    for hall in session.scalars(select(Hall).where(Hall.active, waited_for).order_by(Hall.id)):
        rules = rules_of(hall)
        _expire(session, hall.id, today=rules.date_of(now), now=now)
        waiting = select(WaitlistEntry.group_id).where(
            WaitlistEntry.hall_id == hall.id, WaitlistEntry.state == WaitState.WAITING
        )
        freed = lapsed.get(hall.id, {})
        for group_id in sorted({*session.scalars(waiting), *freed}):
            chance = secrets.SystemRandom().random()
            offer_returned(session, group_id, freed.get(group_id, []), rules=rules, now=now, fraction=chance)


def close_served(session: Session, *, now: datetime) -> None:
    """Who has a number ends the wait: by the offer, or booked otherwise in the same line and days."""
    by_offer = and_(
        WaitlistEntry.state == WaitState.OFFERED,
        exists().where(Draft.id == WaitlistEntry.draft_id, Draft.appointment_id.is_not(None)),
    )
    otherwise = and_(WaitlistEntry.state == WaitState.WAITING, _booked_otherwise())
    rows = session.scalars(
        select(WaitlistEntry).where(or_(by_offer, otherwise)).with_for_update(skip_locked=True)
    )
    for entry in rows:
        end(session, entry, WaitState.TAKEN, now=now)


def end(session: Session, entry: WaitlistEntry, state: WaitState, *, now: datetime) -> None:
    """The wait is over."""
    before, entry.state, entry.ended_at = entry.state, state, now
    _record(session, entry, "waitlist.end", (before, state), now=now)


def let_go(session: Session, entry: WaitlistEntry, *, now: datetime) -> bool:
    """Give up what an offer holds; whether it was still held, which it is not once it was booked."""
    draft = session.get(Draft, entry.draft_id, with_for_update=True) if entry.draft_id else None
    if draft is not None and draft.appointment_id is not None:
        return False
    if draft is not None:
        taking.let_go(session, draft.token_hash)
        draft.held_until = min(draft.held_until, now)
    entry.token_sealed = entry.offer_until = None
    return True


def _lapse(session: Session, *, now: datetime) -> dict[int, dict[int, list[int]]]:
    """End the offers whose time is over: back to waiting, or over after the last.

    Hall → line → the numbers that are free again.
    """
    over = select(WaitlistEntry).where(
        WaitlistEntry.state == WaitState.OFFERED, WaitlistEntry.offer_until <= now
    )
    freed: dict[int, dict[int, list[int]]] = {}
    for entry in session.scalars(over.order_by(WaitlistEntry.id).with_for_update(skip_locked=True)):
        if not _nobody_books(session, entry):
            continue  # at this very moment: the next run sees what became of it
        held = held_by(session, entry)
        if not let_go(session, entry, now=now):
            end(session, entry, WaitState.TAKEN, now=now)
            continue
        most = rules_of(session.get_one(Hall, entry.hall_id)).policy.waitlist_offers
        if entry.offers >= most:
            end(session, entry, WaitState.LAPSED, now=now)
        else:
            entry.state = WaitState.WAITING
            _record(session, entry, "waitlist.lapse", (WaitState.OFFERED, WaitState.WAITING), now=now)
        for number_id, group_id in held:
            freed.setdefault(entry.hall_id, {}).setdefault(group_id, []).append(number_id)
    session.flush()
    return freed


def _nobody_books(session: Session, entry: WaitlistEntry) -> bool:
    """Whether its draft could be locked without waiting: who waits here keeps numbers locked meanwhile."""
    draft = select(Draft.id).where(Draft.id == entry.draft_id).with_for_update(skip_locked=True)
    return session.scalar(draft) is not None or session.get(Draft, entry.draft_id) is None


def held_by(session: Session, entry: WaitlistEntry) -> list[tuple[int, int]]:
    """The numbers that its offer still holds, each with its line."""
    token = select(Draft.token_hash).where(Draft.id == entry.draft_id).scalar_subquery()
    mine = select(Number.id, Number.group_id).where(
        Number.hold_token == token, Number.appointment_id.is_(None)
    )
    return [(row.id, row.group_id) for row in session.execute(mine)]


def _expire(session: Session, hall_id: int, *, today: date, now: datetime) -> None:
    past = select(WaitlistEntry).where(
        WaitlistEntry.hall_id == hall_id,
        WaitlistEntry.state == WaitState.WAITING,
        WaitlistEntry.last_on < today,
    )
    for entry in session.scalars(past.with_for_update(skip_locked=True)):
        end(session, entry, WaitState.EXPIRED, now=now)


def _lock_waiting(session: Session, group_ids: Iterable[int], *, today: date) -> list[WaitlistEntry]:
    """Those who wait in these lines: who was offered least comes first, then who came first."""
    query = (
        select(WaitlistEntry)
        .where(waiting_in(*group_ids), WaitlistEntry.last_on >= today, ~_booked_otherwise())
        .order_by(WaitlistEntry.offers, WaitlistEntry.created_at, WaitlistEntry.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _read(session: Session, entries: Sequence[WaitlistEntry], rules: HallRules, *, now: datetime) -> _Free:
    facts = {
        "group_ids": sorted({group_id for entry in entries for group_id in lines_of(entry)}),
        "first_on": max(min(entry.first_on for entry in entries), rules.date_of(now)),
        "last_on": max(entry.last_on for entry in entries),
        # An offer that is taken at its last moment must still leave the lead time.
        "earliest_at": now + rules.policy.lead_time + rules.policy.waitlist_hold,
        "now": now,
    }
    return _Free(rules, session.execute(_FREE, facts).all())


def _offer(session: Session, entry: WaitlistEntry, free: _Free, *, now: datetime) -> bool:
    token, held_until = new_token(), now + free.rules.policy.waitlist_hold
    if entry.legs:
        taken: Taken | LegsTaken | None = take_visit(
            session,
            entry,
            free.slots,
            rules=free.rules,
            token=token_hash(token),
            held_until=held_until,
            now=now,
        )
    else:
        taken = _take_first(session, entry, free, token, held_until, now=now)
    if taken is None:
        return False
    session.execute(
        update(Number).where(Number.hold_token == token_hash(token)).values(held_until=held_until + GRACE)
    )
    entry.state, entry.offers = WaitState.OFFERED, entry.offers + 1
    entry.offered_at, entry.offer_until, entry.offer_starts_at = now, held_until, taken.starts_at
    entry.token_sealed, entry.draft_id = cipher().encrypt(token, _PURPOSE), taken.draft_id
    session.flush()
    _record(session, entry, "waitlist.offer", (WaitState.WAITING, WaitState.OFFERED), now=now)
    outbox.emit(session, WaitlistOffered(entry.id, entry.hall_id, entry.group_id), now=now)
    return True


def _take_first(
    session: Session, entry: WaitlistEntry, free: _Free, token: str, held_until: datetime, *, now: datetime
) -> Taken | None:
    """Hold the earliest that fits; somebody may be quicker at the first ones."""
    own = (row for row in free.slots if row.group_id == entry.group_id)
    days = [row for row in own if entry.first_on <= row.on_date <= entry.last_on]
    visits = visits_from_each([slot_in(row).as_free() for row in days], entry.needed)
    fitting = [row for row, fits in zip(days, visits, strict=True) if fits]
    for row in fitting[:_TRIES]:
        wanted = Wanted(
            hall_id=entry.hall_id,
            group_id=entry.group_id,
            on_date=row.on_date,
            starts_at=row.starts_at,
            needed=entry.needed,
            service_ids=entry.service_ids,
            answers=entry.answers,
            token=token_hash(token),
            previous=None,
            held_until=held_until,
        )
        with session.begin_nested() as savepoint:  # what a refusal has locked is let go at once
            taken = take(session, wanted, now=now, returning=True)
            if taken is not None:
                return taken
            savepoint.rollback()
    return None


def _next_opening(rules: HallRules, *, now: datetime) -> datetime:
    """When the next offers may go out."""
    local = now.astimezone(rules.tz)
    before = local.time() < rules.policy.waitlist_from
    on = local.date() + timedelta(days=0 if before else 1)
    return datetime.combine(on, rules.policy.waitlist_from, rules.tz).astimezone(now.tzinfo)


def _covers(on_date: InstrumentedAttribute[date]) -> ColumnElement[bool]:
    return and_(WaitlistEntry.first_on <= on_date, WaitlistEntry.last_on >= on_date)


def _booked_otherwise() -> ColumnElement[bool]:
    """The same phone has booked a visit that passes the same lines since, within the days of the wait."""
    return exists().where(
        Appointment.phone_index == WaitlistEntry.phone_index,
        passes(Appointment, WaitlistEntry.group_id),
        PASSES_ALL,
        Appointment.booked_at >= WaitlistEntry.created_at,
        Appointment.state.in_(OPEN),
        _covers(Appointment.on_date),
    )


def _record(
    session: Session,
    entry: WaitlistEntry,
    action: str,
    states: tuple[str | None, str],
    *,
    now: datetime,
) -> None:
    audit.record(
        session,
        action,
        actor=SYSTEM,
        now=now,
        subject=("waitlist_entry", entry.id),
        hall_id=entry.hall_id,
        states=states,
    )
