"""Extra time for a full day: proposed to the duty officer before walk-ins are refused, who says yes or no.

`queueing.relief` says what would let everybody in who is forecast. A counter that is agreed to counts from
the moment it is ready, an extension after closing; both for promises, admission and estimates alike. Who sits
at the counters stays with the hall.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from sqlalchemy import Time, cast, exists, func, select, update
from sqlalchemy.orm import Session

from halls.models import Counter, CounterSkill, ServiceGroup
from halls.queries import list_groups
from kernel import audit
from kernel.actor import SYSTEM, Actor
from kernel.outbox import emit
from queueing.admission import FEW, is_nearly_full
from queueing.capacity import Capacity
from queueing.errors import ExtraTimeLarger, ExtraTimeOver, ExtraTimeUnknown
from queueing.events import ExtraTimeDecided, ExtraTimeProposed
from queueing.expectation import still_expected
from queueing.forecast_models import EXTENSION, FLEX, ExtraTime, WalkInRefusal
from queueing.loads import load_of
from queueing.models import Ticket
from queueing.relief import Relief, Spare, propose
from queueing.spare import SpareCounters
from queueing.staffing import Staffed, capacities_of
from queueing.steps import ensure_in_hall, staff_id_of
from queueing.today import Today, today_of

_MINUTE = timedelta(minutes=1)
#: So many days back people who came without booking are counted for the forecast.
_LOOK_BACK = timedelta(days=28)
#: Who said no is not asked again about the same for so long.
_QUIET = timedelta(minutes=60)
#: Fewer people than this in the rest of the day is nobody.
_NOBODY = 0.5
_LOCK = 0x45585452  # one look at the lines of a hall at a time


def propose_today(
    session: Session, hall_id: int, *, now: datetime, only: int | None = None
) -> list[ExtraTime]:
    """Look at every line that is open, or at `only` this one; returns new proposals.

    What is not needed any more lapses. One look at a time: each sees what the one before has offered.
    """
    session.execute(select(func.pg_advisory_xact_lock(_LOCK, hall_id % 2**31)))
    today = today_of(session, hall_id, now=now)
    groups = list_groups(session, hall_id)
    capacities = capacities_of(session, today, [group.id for group in groups], now=now)
    made = []
    spare = _spare(session, hall_id, capacities, on_date=today.on_date)
    for group in groups:
        if only is not None and group.id != only:
            continue
        capacity = capacities[group.id]
        if capacity.closes_at is not None and capacity.closes_at > now:
            made += _propose(session, today, group, capacity, spare, now=now)
        else:
            _lapse(session, group.id, (FLEX, EXTENSION))
    return made


def list_extra(session: Session, hall_id: int, *, on_date: date) -> list[ExtraTime]:
    """Today's proposals of a hall, open ones first, then the latest."""
    query = select(ExtraTime).where(ExtraTime.hall_id == hall_id, ExtraTime.on_date == on_date)
    return list(session.scalars(query.order_by(ExtraTime.state != "open", ExtraTime.id.desc())))


def count_open(session: Session, hall_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Hall id → proposals that wait for a word; none where there are none."""
    query = (
        select(ExtraTime.hall_id, func.count())
        .where(ExtraTime.hall_id.in_(hall_ids), ExtraTime.state == "open", ExtraTime.ends_at > now)
        .group_by(ExtraTime.hall_id)
    )
    counts: dict[int, int] = dict(session.execute(query).all())
    return counts


def kinds_agreed(session: Session, group_id: int, *, now: datetime) -> frozenset[str]:
    """What the duty officer has agreed to for a line and is still to come, or under way: flex, extension."""
    agreed = ExtraTime.state == "accepted", ExtraTime.ends_at > now
    return frozenset(session.scalars(select(ExtraTime.kind).where(ExtraTime.group_id == group_id, *agreed)))


def decide(
    session: Session,
    extra_id: int,
    *,
    hall_id: int,
    accept: bool,
    actor: Actor,
    now: datetime,
    counters: int | None = None,
) -> ExtraTime:
    """The duty officer's word; audited. A counter is ready from then on, not from the proposal.

    `counters`: so many were on the page that is answered.

    Raises:
        ExtraTimeUnknown, ExtraTimeOver, ExtraTimeLarger, Forbidden
    """
    extra = session.get(ExtraTime, extra_id, with_for_update=True, populate_existing=True)
    if extra is None or extra.hall_id != hall_id:
        raise ExtraTimeUnknown
    ensure_in_hall(actor, extra.hall_id)
    if extra.state != "open" or extra.ends_at <= now:
        raise ExtraTimeOver
    if accept and counters is not None and counters != extra.counters:
        raise ExtraTimeLarger(counters=extra.counters)
    extra.state = "accepted" if accept else "declined"
    extra.decided_at, extra.decided_by_id = now, staff_id_of(actor)
    if accept and extra.kind == FLEX:
        ready_after = today_of(session, hall_id, now=now).policy.flex_ready_after
        extra.starts_at = min(max(extra.starts_at, now + ready_after), extra.ends_at)
    audit.record(
        session,
        "extra_time.accept" if accept else "extra_time.decline",
        actor=actor,
        now=now,
        subject=("extra_time", extra.id),
        hall_id=hall_id,
        kind=extra.kind,
        counters=extra.counters,
        minutes=_minutes(extra),
    )
    emit(session, ExtraTimeDecided(extra.id, hall_id, extra.group_id), now=now)
    return extra


def look_again(session: Session, event: Mapping[str, Any], *, now: datetime) -> None:
    """Look at a line at once; a handler of LineFilledUp. What is asked already is enlarged where it must."""
    propose_today(session, event["hall_id"], now=now, only=event["group_id"])


def forecast_walk_ins(session: Session, today: Today, group_id: int, *, now: datetime) -> float | None:
    """People without a booking who will still come: as after this time of day in the last four weeks.

    A day on which more or fewer came until now is believed to go on like that (`queueing.expectation`).
    None where there is no such day to look at.
    """
    clock = cast(func.timezone(today.hall.time_zone, Ticket.issued_at), Time)
    is_later = clock > now.astimezone(today.zone).time()
    earlier, unbooked = Ticket.on_date < today.on_date, Ticket.appointment_id.is_(None)
    refused = (
        select(func.count())
        .where(WalkInRefusal.group_id == group_id, WalkInRefusal.on_date == today.on_date)
        .scalar_subquery()
    )
    query = select(
        func.count().filter(is_later, unbooked, earlier),
        func.count().filter(~is_later, unbooked, earlier),
        func.count().filter(unbooked, ~earlier) + refused,
        func.count(Ticket.on_date.distinct()).filter(earlier),
    ).where(
        Ticket.issued_group_id == group_id,
        Ticket.on_date.between(today.on_date - _LOOK_BACK, today.on_date),
    )
    after, before, came, days = session.execute(query).one()
    return still_expected(after / days, before / days, came) if days else None


def _propose(
    session: Session,
    today: Today,
    group: ServiceGroup,
    capacity: Staffed,
    spare: SpareCounters,
    *,
    now: datetime,
) -> list[ExtraTime]:
    of_day = list_extra(session, today.hall.id, on_date=today.on_date)
    before = [each for each in of_day if each.group_id == group.id]
    settled = {each.kind: each for each in reversed(before) if _settled(each, now)}
    load = load_of(session, today, group, now=now, capacity=capacity)
    forecast = _forecast(session, today, group.id, now=now)
    ready_at = max(now + today.policy.flex_ready_after, capacity.opens_at or now)
    spare.offer(group.id, 0)
    refused = FLEX in settled and settled[FLEX].state == "declined"
    counters = 0 if refused else spare.of(group.id, now=now, ready_at=ready_at)
    extended = any(each.kind == EXTENSION and each.state == "accepted" for each in before)
    longer = timedelta(0) if extended else today.policy.extension
    could = Spare(counters, ready_at, longer)
    relief = propose(capacity, load, now, forecast=forecast, spare=could, policy=today.policy)
    if relief and is_nearly_full(capacity, load, now, policy=today.policy):
        relief = replace(relief, extension=longer)  # the word about counters may come too late
    wanted = _wanted(relief, capacity, ready_at)
    _lapse(session, group.id, [kind for kind in (FLEX, EXTENSION) if kind not in wanted])
    if FLEX in wanted:
        asked = settled.get(FLEX)  # open, or agreed to and so in the capacity already
        offered = 0 if asked is None or asked.state != "open" else asked.counters
        spare.offer(group.id, max(offered, wanted[FLEX][0]) if asked is None or offered else 0)
        if asked is not None:
            _enlarge(session, asked, wanted[FLEX][0], relief=relief, expected=ceil(forecast), now=now)
    return [
        _ask(session, today, group, kind, terms=terms, relief=relief, expected=ceil(forecast), now=now)
        for kind, terms in wanted.items()
        if kind not in settled
    ]


def _forecast(session: Session, today: Today, group_id: int, *, now: datetime) -> float:
    """Whom to make room for: those who came on other days, and a few, unless nobody is to be expected."""
    came = forecast_walk_ins(session, today, group_id, now=now)
    if came is None or came >= _NOBODY:
        return max(came or 0.0, float(FEW))
    refused = exists().where(WalkInRefusal.group_id == group_id, WalkInRefusal.on_date == today.on_date)
    return float(FEW) if session.scalar(select(refused)) else 0.0


def _enlarge(
    session: Session, asked: ExtraTime, counters: int, *, relief: Relief, expected: int, now: datetime
) -> None:
    """Ask for more counters where the open proposal is not enough any more; once decided it stays."""
    before = asked.counters
    more = (
        update(ExtraTime)
        .where(ExtraTime.id == asked.id, ExtraTime.state == "open", ExtraTime.counters < counters)
        .values(counters=counters, short_minutes=ceil(relief.short_minutes), expected=expected)
        .returning(ExtraTime.id)
    )
    if session.scalar(more) is None:
        return
    session.refresh(asked)
    audit.record(
        session,
        "extra_time.enlarge",
        actor=SYSTEM,
        now=now,
        subject=("extra_time", asked.id),
        hall_id=asked.hall_id,
        kind=asked.kind,
        before=before,
        counters=counters,
    )
    emit(session, ExtraTimeProposed(asked.id, asked.hall_id, asked.group_id), now=now)


def _ask(
    session: Session,
    today: Today,
    group: ServiceGroup,
    kind: str,
    *,
    terms: tuple[int, datetime, datetime],
    relief: Relief,
    expected: int,
    now: datetime,
) -> ExtraTime:
    counters, starts_at, ends_at = terms
    extra = ExtraTime(
        hall_id=today.hall.id,
        group_id=group.id,
        on_date=today.on_date,
        kind=kind,
        counters=counters,
        starts_at=starts_at,
        ends_at=ends_at,
        short_minutes=ceil(relief.short_minutes),
        expected=expected,
        proposed_at=now,
    )
    session.add(extra)
    session.flush()
    emit(session, ExtraTimeProposed(extra.id, today.hall.id, group.id), now=now)
    return extra


def _wanted(
    relief: Relief, capacity: Capacity, ready_at: datetime
) -> dict[str, tuple[int, datetime, datetime]]:
    closes_at = capacity.closes_at
    wanted: dict[str, tuple[int, datetime, datetime]] = {}
    if closes_at is None:
        return wanted
    if relief.counters and ready_at < closes_at:
        wanted[FLEX] = (relief.counters, ready_at, closes_at)
    if relief.extension:
        last = max(1, round(capacity.counters_at(closes_at - _MINUTE)))
        wanted[EXTENSION] = (last, closes_at, closes_at + relief.extension)
    return wanted


def _settled(each: ExtraTime, now: datetime) -> bool:
    """Whether the same need not be asked (again) now."""
    if each.state == "declined":
        return each.decided_at is not None and now < each.decided_at + _QUIET
    return each.state == "open" or (each.state == "accepted" and each.starts_at > now)


def _spare(
    session: Session, hall_id: int, capacities: Mapping[int, Capacity], *, on_date: date
) -> SpareCounters:
    """The hall's counters, with what is asked for and not decided yet."""
    query = (
        select(Counter.id, CounterSkill.group_id)
        .join(CounterSkill, CounterSkill.counter_id == Counter.id)
        .where(Counter.hall_id == hall_id, Counter.active)
    )
    skills: defaultdict[int, set[int]] = defaultdict(set)
    for counter_id, group_id in session.execute(query):
        skills[counter_id].add(group_id)
    spare = SpareCounters(map(frozenset, skills.values()), capacities)
    for each in list_extra(session, hall_id, on_date=on_date):
        if each.kind == FLEX and each.state == "open":
            spare.offer(each.group_id, each.counters)
    return spare


def _lapse(session: Session, group_id: int, kinds: tuple[str, ...] | list[str]) -> None:
    session.execute(
        update(ExtraTime)
        .where(ExtraTime.group_id == group_id, ExtraTime.state == "open", ExtraTime.kind.in_(kinds))
        .values(state="lapsed")
    )


def _minutes(extra: ExtraTime) -> int:
    return round((extra.ends_at - extra.starts_at) / _MINUTE)
